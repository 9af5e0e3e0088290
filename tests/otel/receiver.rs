//! A receiver of OpenTelemetry that does what it is told to, and keeps every byte.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// How it answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It takes everything.
    Takes,
    /// It never answers.
    Hangs,
    /// It refuses everything.
    Refuses,
    /// It is busy, and asks to come again in a second; from the second call on it takes everything.
    IsBusyOnce,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The request's line and headers, in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
    /// Whether it was taken.
    pub taken: bool,
}

type Calls = Arc<(Mutex<Vec<Call>>, Condvar)>;

/// The receiver; its threads end with the process.
pub struct Receiver {
    /// Where it is.
    pub endpoint: String,
    calls: Calls,
}

impl Receiver {
    /// Begins to listen.
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let calls = Calls::default();
        let seen = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(stream.unwrap(), manner, &seen));
            }
        });
        Self { endpoint, calls }
    }

    /// Waits until the calls so far are such.
    #[track_caller]
    pub fn wait_until(&self, what: &str, reached: impl Fn(&[Call]) -> bool) -> Vec<Call> {
        let (calls, waited) = self
            .calls
            .1
            .wait_timeout_while(self.calls.0.lock().unwrap(), super::board::LONG, |calls| !reached(calls))
            .unwrap();
        assert!(!waited.timed_out(), "{what} was not told; {} calls were made", calls.len());
        calls.clone()
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.0.lock().unwrap().clone()
    }

    /// Waits until spans are such, and returns them.
    #[track_caller]
    pub fn spans_until(&self, what: &str, reached: impl Fn(&[Told]) -> bool) -> Vec<Told> {
        spans(&self.wait_until(what, |calls| reached(&spans(calls))))
    }
}

fn serve(stream: TcpStream, manner: Manner, seen: &Calls) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).is_ok_and(|bytes| bytes > 0) {
                continue;
            }
            return;
        }
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer = {
            let mut calls = seen.0.lock().unwrap();
            let answer = match manner {
                Manner::Takes => "200 OK",
                Manner::IsBusyOnce if !calls.is_empty() => "200 OK",
                Manner::IsBusyOnce => "503 Service Unavailable\r\nRetry-After: 1",
                Manner::Refuses => "400 Bad Request",
                Manner::Hangs => "",
            };
            calls.push(Call { head, body, taken: answer == "200 OK" });
            seen.1.notify_all();
            answer
        };
        if manner != Manner::Hangs {
            writer.write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
        }
    }
}

/// A span, and the attributes of what told it.
#[derive(Clone, Debug)]
pub struct Told {
    pub span: Span,
    pub resource: BTreeMap<String, String>,
}

impl Told {
    /// An attribute, as text.
    pub fn attribute(&self, key: &str) -> String {
        attributes(&self.span.attributes).get(key).cloned().unwrap_or_default()
    }

    /// The trace as the log and decisions show it.
    pub fn trace(&self) -> String {
        let id: String = self.span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((id.len(), &id[..16]), (32, "0000000000000000"));
        id[16..].to_owned()
    }
}

fn attributes(list: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> BTreeMap<String, String> {
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("an attribute of another kind: {other:?}"),
    };
    list.iter().map(|one| (one.key.clone(), text(one.value.clone().and_then(|any| any.value)))).collect()
}

/// The spans that were taken.
pub fn spans(calls: &[Call]) -> Vec<Told> {
    let mut found = Vec::new();
    for call in calls.iter().filter(|call| call.taken && call.head.starts_with("post /v1/traces http/1.1\r\n")) {
        for of_one in ExportTraceServiceRequest::decode(call.body.as_slice()).unwrap().resource_spans {
            let resource = attributes(&of_one.resource.unwrap().attributes);
            let spans = of_one.scope_spans.into_iter().flat_map(|scope| scope.spans);
            found.extend(spans.map(|span| Told { span, resource: resource.clone() }));
        }
    }
    found
}

/// One telling of all metrics.
pub struct Metrics {
    /// When, nanoseconds since 1970.
    pub at_ns: u64,
    /// Names as `/metrics` has them, with values.
    pub values: BTreeMap<String, f64>,
}

/// Every telling that was taken, in order.
pub fn metrics(calls: &[Call]) -> Vec<Metrics> {
    let of_metrics = calls.iter().filter(|call| call.taken && call.head.starts_with("post /v1/metrics http/1.1\r\n"));
    of_metrics.map(|call| metrics_of(&call.body)).collect()
}

fn metrics_of(body: &[u8]) -> Metrics {
    use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let mut told = Metrics { at_ns: 0, values: BTreeMap::new() };
    for metric in &request.resource_metrics[0].scope_metrics[0].metrics {
        let point = match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => {
                assert!(sum.is_monotonic && sum.aggregation_temporality == 2, "{}", metric.name);
                &sum.data_points[0]
            }
            Data::Gauge(gauge) => &gauge.data_points[0],
            Data::Histogram(histogram) => {
                let point = &histogram.data_points[0];
                let (mut up_to, name) = (0, &metric.name);
                for (bound, count) in point.explicit_bounds.iter().zip(&point.bucket_counts) {
                    up_to += count;
                    told.values.insert(format!("{name}_bucket{{le=\"{bound}\"}}"), up_to as f64);
                }
                assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count, "{name}");
                assert!(metric.unit == "s" && point.attributes.is_empty(), "{name}");
                told.values.insert(format!("{name}_count"), point.count as f64);
                told.values.insert(format!("{name}_sum"), point.sum.unwrap());
                continue;
            }
            other => panic!("{}: {other:?}", metric.name),
        };
        let Some(Number::AsInt(value)) = point.value else { panic!("{}: {point:?}", metric.name) };
        assert!(point.attributes.is_empty(), "{}", metric.name);
        told.at_ns = point.time_unix_nano;
        told.values.insert(metric.name.clone(), value as f64);
    }
    told
}
