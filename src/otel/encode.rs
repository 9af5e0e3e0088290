//! Spans and counters as OTLP has them.
//!
//! Promises: names and sentences of metrics are those of the page's `/metrics`; a histogram has the same buckets, and as many in
//! all of them together as it counts.
//!
//! Never: a label.

use super::{CallOutcome, Settings, Span, Stage};
use crate::counters::{Counters, MetricKind, Spread};
use crate::limits;
use crate::message::{TraceId, mixed};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as OtlpSpan, Status};
use prost::Message;
use std::time::Duration;

/// Mixed into a trace's id for the id of the span that all others hang on. Never change it: spans of an earlier life are named so.
const UPDATE: u64 = 0x5570_6461_7465_2121;

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: u64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn resource(settings: &Settings) -> Option<Resource> {
    let attributes = vec![
        text("service.name", &settings.service_name),
        text("service.version", env!("CARGO_PKG_VERSION")),
        text("service.instance.id", &settings.instance),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Some(InstrumentationScope { name: "aegis".to_owned(), version, ..InstrumentationScope::default() })
}

/// Our 64 bits, behind as many zeros: so does every tracer with ids of that length, and receivers find a trace by either form.
fn trace_id(trace: TraceId) -> Vec<u8> {
    u128::from(trace.0).to_be_bytes().to_vec()
}

/// An id of all zeros is none.
fn span_id(number: u64) -> Vec<u8> {
    number.max(1).to_be_bytes().to_vec()
}

fn update_id(trace: TraceId) -> Vec<u8> {
    span_id(mixed(trace.0 ^ UPDATE))
}

const fn word(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Confirmed => "confirmed",
        CallOutcome::Retried => "retried",
        CallOutcome::Paused => "paused",
        CallOutcome::Moved => "moved",
        CallOutcome::Dropped => "dropped",
        CallOutcome::GivenUp => "given_up",
        CallOutcome::Halted => "halted",
    }
}

fn span(span: &Span) -> OtlpSpan {
    let mut attributes = vec![text("aegis.chat", &span.chat)];
    let mut status = None;
    let (name, kind) = match span.stage {
        Stage::Update { outcome, score } => {
            attributes.push(text("aegis.outcome", outcome));
            attributes.extend(score.map(|score| number("aegis.score", score.into())));
            ("update", SpanKind::Consumer)
        }
        Stage::Commit { actions } => {
            attributes.push(number("aegis.actions", u64::try_from(actions).unwrap_or(u64::MAX)));
            ("commit", SpanKind::Internal)
        }
        Stage::Wait { outcome } => {
            attributes.push(text("aegis.outcome", outcome));
            ("wait", SpanKind::Internal)
        }
        Stage::Call { method, action, attempt, outcome } => {
            attributes.push(text("telegram.method", method));
            attributes.push(text("aegis.action", action));
            attributes.push(number("aegis.attempt", attempt.into()));
            attributes.push(text("aegis.outcome", word(outcome)));
            if outcome != CallOutcome::Confirmed {
                let message = word(outcome).to_owned();
                status = Some(Status { message, code: StatusCode::Error.into() });
            }
            ("call", SpanKind::Client)
        }
    };
    let (span_id, parent_span_id) = match span.stage {
        Stage::Update { .. } => (update_id(span.trace), Vec::new()),
        _ => (span_id(fastrand::u64(..)), update_id(span.trace)),
    };
    OtlpSpan {
        trace_id: trace_id(span.trace),
        span_id,
        parent_span_id,
        name: name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: span.took.start_ns,
        end_time_unix_nano: span.took.end_ns,
        attributes,
        status,
        ..OtlpSpan::default()
    }
}

/// The body of a call to `/v1/traces`.
pub(super) fn traces(settings: &Settings, spans: &[Span]) -> Vec<u8> {
    let scope_spans =
        vec![ScopeSpans { scope: scope(), spans: spans.iter().map(span).collect(), ..ScopeSpans::default() }];
    let of_us = ResourceSpans { resource: resource(settings), scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of_us] }.encode_to_vec()
}

/// When it was counted: since when, and until when, nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub since_ns: u64,
    pub until_ns: u64,
}

/// The body of a call to `/v1/metrics`.
pub(super) fn metrics(settings: &Settings, counters: &Counters, when: Counted) -> Vec<u8> {
    let mut all = Vec::new();
    counters.each(|name, help, kind, value| {
        let data = match kind {
            MetricKind::Counter => metric::Data::Sum(Sum {
                data_points: vec![point(value, Counted { since_ns: since(name, when), ..when })],
                aggregation_temporality: AggregationTemporality::Cumulative.into(),
                is_monotonic: true,
            }),
            MetricKind::Gauge => {
                metric::Data::Gauge(Gauge { data_points: vec![point(value, Counted { since_ns: 0, ..when })] })
            }
        };
        all.push(told(format!("aegis_{name}"), help, "", data));
    });
    counters.each_spread(|name, help, spread| {
        let data = metric::Data::Histogram(Histogram {
            data_points: vec![histogram(spread, when)],
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
        });
        all.push(told(format!("aegis_{name}_seconds"), help, "s", data));
    });
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics: all, ..ScopeMetrics::default() }];
    let of_us = ResourceMetrics { resource: resource(settings), scope_metrics, ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![of_us] }.encode_to_vec()
}

fn told(name: String, description: &str, unit: &str, data: metric::Data) -> Metric {
    Metric { name, description: description.to_owned(), unit: unit.to_owned(), data: Some(data), ..Metric::default() }
}

/// When a counter was zero: at the start, but for those that outlive the process, of which that is not known.
fn since(name: &str, when: Counted) -> u64 {
    if limits::TOTALS_KEPT.contains(&name) { 0 } else { when.since_ns }
}

fn point(value: u64, when: Counted) -> NumberDataPoint {
    NumberDataPoint {
        start_time_unix_nano: when.since_ns,
        time_unix_nano: when.until_ns,
        value: Some(number_data_point::Value::AsInt(i64::try_from(value).unwrap_or(i64::MAX))),
        ..NumberDataPoint::default()
    }
}

fn histogram(spread: &Spread, when: Counted) -> HistogramDataPoint {
    let seconds = |us: u64| Duration::from_micros(us).as_secs_f64();
    let (mut explicit_bounds, mut bucket_counts, mut below) = (Vec::new(), Vec::new(), 0_u64);
    let sum_us = spread.sum_us();
    let count = spread.told(|bound_us, up_to| {
        explicit_bounds.push(seconds(bound_us));
        bucket_counts.push(up_to.saturating_sub(below));
        below = up_to;
    });
    bucket_counts.push(count.saturating_sub(below));
    HistogramDataPoint {
        start_time_unix_nano: when.since_ns,
        time_unix_nano: when.until_ns,
        count,
        sum: Some(seconds(sum_us)),
        bucket_counts,
        explicit_bounds,
        ..HistogramDataPoint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otel::Interval;

    fn settings() -> Settings {
        Settings {
            endpoint: String::new(),
            headers: Vec::new(),
            service_name: "shelf".to_owned(),
            instance: "0011".to_owned(),
            metrics_s: 60,
        }
    }

    #[test]
    fn a_call_of_a_later_life_hangs_on_the_update_of_an_earlier_one() {
        let took = Interval { start_ns: 5, end_ns: 9 };
        let of = |trace, stage| Span { trace: TraceId(trace), chat: "c".to_owned(), took, stage };
        let outcome = CallOutcome::GivenUp;
        let call = Stage::Call { method: "banChatMember", action: "ban", attempt: 2, outcome };
        let update = span(&of(7, Stage::Update { outcome: "block", score: Some(100) }));
        let called = span(&of(7, call.clone()));
        assert_eq!(update.trace_id, [[0; 15].as_slice(), &[7]].concat());
        assert_eq!((called.trace_id, called.parent_span_id), (update.trace_id, update.span_id.clone()));
        assert!(update.parent_span_id.is_empty() && update.span_id.len() == 8);
        // Of all time: written down elsewhere by now.
        assert_eq!(update.span_id, mixed(7 ^ 0x5570_6461_7465_2121).to_be_bytes());
        assert_eq!(called.status.map(|status| (status.code, status.message)), Some((2, "given_up".to_owned())));
        assert_ne!(span(&of(8, call)).parent_span_id, update.span_id);
    }

    #[test]
    fn the_buckets_of_a_histogram_hold_as_many_as_it_counts() {
        let counters = Counters::default();
        for us in [1, 900, 1_500_000, 1_500_001, u64::MAX / 4] {
            counters.commit.record_us(us);
        }
        let point = histogram(&counters.commit, Counted { since_ns: 1, until_ns: 2 });
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
        assert_eq!((point.bucket_counts.iter().sum::<u64>(), point.count), (5, 5));
        assert!(point.explicit_bounds.windows(2).all(|pair| pair[0] < pair[1]) && point.explicit_bounds.contains(&1.5));
    }

    #[test]
    fn every_counter_gauge_and_spread_is_told_once() {
        let counters = Counters::default();
        let body = metrics(&settings(), &counters, Counted { since_ns: 1, until_ns: 2 });
        let told = ExportMetricsServiceRequest::decode(body.as_slice()).expect("it is whole");
        let told = &told.resource_metrics[0].scope_metrics[0].metrics;
        let mut wanted = Vec::new();
        counters.each(|name, help, _, _| wanted.push((format!("aegis_{name}"), help)));
        counters.each_spread(|name, help, _| wanted.push((format!("aegis_{name}_seconds"), help)));
        let told: Vec<(String, &str)> =
            told.iter().map(|metric| (metric.name.clone(), metric.description.as_str())).collect();
        assert_eq!(told, wanted);
    }
}
