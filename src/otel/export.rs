//! The task that tells a receiver: spans in batches, metrics at every turn of a clock.
//!
//! Promises: a full channel drops a span and counts it; a call has a deadline, and is tried again a bounded number of times, only
//! where it was not made or the receiver asks for that; what is not taken is dropped and counted. Trouble is logged when it
//! begins and when it ends.
//!
//! Never: a redirect followed, a proxy of the environment used, a header or what a receiver writes shown.

use super::encode::{self, Counted};
use super::{Settings, Span};
use crate::counters::Counters;
use crate::limits;
use crate::outward;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use prost::bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

/// Where spans are left.
#[derive(Clone, Debug)]
pub(super) struct Sink {
    spans: mpsc::Sender<Span>,
    counters: Arc<Counters>,
}

impl Sink {
    pub(super) fn take(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.counters.otel_spans_dropped.one();
        }
    }
}

/// What each call begins with.
fn headers(settings: &Settings) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("aegis/", env!("CARGO_PKG_VERSION"))));
    for (name, value) in &settings.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "a header has a name that none may have")?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| "a header has a value that none may have")?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn client() -> Result<outward::Client, String> {
    let wants = outward::Wants {
        connect: Duration::from_millis(limits::OTEL_CALL_MS),
        idle_max: 1,
        idle: Duration::from_secs(90),
        root: None,
        proxy: outward::Proxy::Never,
    };
    outward::Client::new(&wants).map_err(|why| format!("the client for OpenTelemetry cannot be set up: {why}"))
}

/// Begins to tell.
pub(super) fn start(settings: Settings, counters: &Arc<Counters>) -> Result<(Sink, JoinHandle<()>), String> {
    let address = |path: &str| {
        let url = format!("{}{path}", settings.endpoint);
        match outward::ask(Method::POST, &url) {
            Ok(_) => Ok(Target { url, trouble: None }),
            Err(fault) => Err(format!("`otel.endpoint` is no address of a receiver: {fault}")),
        }
    };
    let (sender, receiver) = mpsc::channel(limits::OTEL_SPANS_MAX);
    let exporter = Exporter {
        traces: address("/v1/traces")?,
        metrics: address("/v1/metrics")?,
        way: Way { client: client()?, headers: headers(&settings)? },
        since_ns: now_ns(),
        counters: Arc::clone(counters),
        settings,
    };
    let sink = Sink { spans: sender, counters: Arc::clone(counters) };
    Ok((sink, tokio::spawn(exporter.run(receiver))))
}

fn now_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

/// Why a body was not taken.
struct Refused {
    why: String,
    /// After which pause it may be sent again; `None` for never.
    again: Option<Duration>,
}

impl Refused {
    fn never(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: None }
    }
}

struct Exporter {
    settings: Settings,
    traces: Target,
    metrics: Target,
    way: Way,
    since_ns: u64,
    counters: Arc<Counters>,
}

/// How the receiver is called: by whom, and with which headers.
struct Way {
    client: outward::Client,
    headers: HeaderMap,
}

/// Where one of both kinds goes, and what hinders that now.
struct Target {
    url: String,
    trouble: Option<String>,
}

impl Target {
    fn taken(&mut self) {
        if self.trouble.take().is_some() {
            tracing::info!("the OpenTelemetry receiver takes what it is told again");
        }
    }

    fn refused(&mut self, why: String) {
        if self.trouble.as_ref() != Some(&why) {
            tracing::warn!(why, "the OpenTelemetry receiver does not take what it is told; what is dropped is counted");
            self.trouble = Some(why);
        }
    }
}

impl Exporter {
    /// Works until nobody is left who could tell a span; then tells what is left.
    async fn run(mut self, mut receiver: mpsc::Receiver<Span>) {
        let every = Duration::from_secs(self.settings.metrics_s.max(1).into());
        let mut turn = tokio::time::interval_at(Instant::now() + every, every);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(limits::OTEL_BATCH_SPANS);
        let mut due = Instant::now();
        loop {
            let room = limits::OTEL_BATCH_SPANS.saturating_sub(batch.len());
            tokio::select! {
                taken = receiver.recv_many(&mut batch, room) => {
                    if taken == 0 {
                        break;
                    }
                    if taken == batch.len() {
                        due = Instant::now() + Duration::from_millis(limits::OTEL_BATCH_MS);
                    }
                    if batch.len() >= limits::OTEL_BATCH_SPANS {
                        self.tell_spans(&mut batch).await;
                    }
                }
                () = tokio::time::sleep_until(due), if !batch.is_empty() => self.tell_spans(&mut batch).await,
                _ = turn.tick() => self.tell_metrics().await,
            }
        }
        if !batch.is_empty() {
            self.tell_spans(&mut batch).await;
        }
        self.tell_metrics().await;
    }

    async fn tell_spans(&mut self, batch: &mut Vec<Span>) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let body = encode::traces(&self.settings, batch);
        batch.clear();
        let taken = tell(&self.way, &self.counters, &mut self.traces, body).await;
        let rejected = match taken {
            Ok(answer) => ExportTraceServiceResponse::decode(answer.as_slice())
                .ok()
                .and_then(|answer| u64::try_from(answer.partial_success?.rejected_spans).ok())
                .unwrap_or(0)
                .min(count),
            Err(()) => count,
        };
        self.counters.otel_spans.add(count.saturating_sub(rejected));
        self.counters.otel_spans_dropped.add(rejected);
    }

    async fn tell_metrics(&mut self) {
        let when = Counted { since_ns: self.since_ns, until_ns: now_ns() };
        let body = encode::metrics(&self.settings, &self.counters, when);
        if let Ok(answer) = tell(&self.way, &self.counters, &mut self.metrics, body).await {
            let answer = ExportMetricsServiceResponse::decode(answer.as_slice()).unwrap_or_default();
            if answer.partial_success.is_some_and(|partial| partial.rejected_data_points > 0) {
                self.counters.otel_failures.one();
            }
        }
    }
}

/// Sends a body until it is taken, refused, or was tried often enough.
async fn tell(way: &Way, counters: &Counters, to: &mut Target, body: Vec<u8>) -> Result<Vec<u8>, ()> {
    let body = Bytes::from(body);
    for tried in 1..=limits::OTEL_TRIES_MAX {
        let deadline = Duration::from_millis(limits::OTEL_CALL_MS);
        let sent = match tokio::time::timeout(deadline, send(way, &to.url, body.clone())).await {
            Ok(sent) => sent,
            Err(_) => Err(Refused::never(format!("no answer within {} s", deadline.as_secs()))),
        };
        match sent {
            Ok(answer) => {
                to.taken();
                return Ok(answer);
            }
            Err(Refused { why, again }) => {
                counters.otel_failures.one();
                to.refused(why);
                let Some(pause) = again.filter(|_| tried < limits::OTEL_TRIES_MAX) else { break };
                tokio::time::sleep(pause.max(Duration::from_secs(tried.into()))).await;
            }
        }
    }
    Err(())
}

async fn send(way: &Way, url: &str, body: Bytes) -> Result<Vec<u8>, Refused> {
    // What may have arrived is sent again as well: spans and points say themselves which they are.
    let lost = |fault: outward::Fault| Refused { why: fault.to_string(), again: Some(Duration::ZERO) };
    let mut question = outward::ask(Method::POST, url).map_err(lost)?;
    if let Some(headers) = question.headers_mut() {
        headers.extend(way.headers.clone());
    }
    let mut response = way.client.send(question, body).await.map_err(lost)?;
    let status = response.status();
    if !matches!(status, 200..300) {
        let again = matches!(status, 429 | 502 | 503 | 504).then(|| pause(response.headers()));
        return Err(Refused { why: format!("HTTP status {status}"), again });
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.piece().await.map_err(lost)? {
        if answer.len().saturating_add(chunk.len()) > limits::OTEL_ANSWER_BYTES_MAX {
            break;
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// The pause that a receiver asks for, within its bound.
fn pause(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(Duration::from_millis(limits::OTEL_PAUSE_MAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::TraceId;
    use crate::otel::{Interval, Stage, Traces};

    #[test]
    fn a_full_channel_drops_a_span_and_counts_it() {
        let counters = Arc::new(Counters::default());
        let (spans, mut receiver) = mpsc::channel(limits::OTEL_SPANS_MAX);
        let traces = Traces(Some(Sink { spans, counters: Arc::clone(&counters) }));
        let span = |trace| Span {
            trace: TraceId(trace),
            chat: String::new(),
            took: Interval::default(),
            stage: Stage::Commit { actions: 1 },
        };
        for trace in 0..=limits::OTEL_SPANS_MAX {
            traces.tell(span(u64::try_from(trace).unwrap()));
        }
        assert_eq!(counters.otel_spans_dropped.get(), 0, "one without a trace is nobody's");
        traces.tell(span(1));
        assert_eq!(counters.otel_spans_dropped.get(), 1);
        assert_eq!(receiver.try_recv().map(|span| span.trace), Ok(TraceId(1)));
        traces.tell(span(1));
        assert_eq!(counters.otel_spans_dropped.get(), 1);
    }

    #[test]
    fn a_pause_that_a_receiver_asks_for_has_a_bound() {
        let mut headers = HeaderMap::new();
        assert_eq!(pause(&headers), Duration::ZERO);
        for (asked, kept) in [("2", 2), ("86400", 30), ("soon", 0), ("-1", 0)] {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(asked));
            assert_eq!(pause(&headers), Duration::from_secs(kept), "{asked}");
        }
    }
}
