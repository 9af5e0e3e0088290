//! Traces and metrics for an OpenTelemetry receiver: OTLP, version 1, protobuf over HTTP. Only a program that is built with the
//! feature `otel` tells anything; in any other all of this is nothing, and costs nothing.
//!
//! Promises: nobody who tells a span ever waits; what waits, what is told at once and how long a call takes are bounded, and what
//! is dropped is counted. A trace's id is the message's own [`TraceId`], and the span that all others of it hang on has an id that
//! follows from it, so that a restart goes on in the same trace.
//!
//! Never: a text, a name, a number of a person or of a chat, a token. A span has the fields of [`Span`] and no others.

// A program either tells or it does not: this is the one place where they part.
#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod encode;
#[cfg(feature = "otel")]
mod export;

#[cfg(not(feature = "otel"))]
use absent as sink;
#[cfg(feature = "otel")]
use export as sink;

use crate::clock::Wall;
use crate::counters::Counters;
use crate::limits;
use crate::message::TraceId;
use crate::secret::Secret;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinHandle;

/// Where it is told, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The receiver's address before `/v1/traces`, `http` or `https`, without a slash at its end.
    pub endpoint: String,
    /// Headers of each call: names and values.
    pub headers: Vec<(String, Secret)>,
    /// The name of this kind of appliance.
    pub service_name: String,
    /// Tells this appliance from others of that name; nothing that anybody else knows it by.
    pub instance: String,
    /// How often metrics are told, seconds.
    pub metrics_s: u32,
}

/// From when until when something went on, nanoseconds since 1970. The end is never before the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// The start.
    pub start_ns: u64,
    /// The end.
    pub end_ns: u64,
}

impl Interval {
    /// Between two readings of the wall clock, which may have been set meanwhile.
    #[must_use]
    pub fn between(start: Wall, end: Wall) -> Self {
        let start_ns = start.0.saturating_mul(1_000_000);
        Self { start_ns, end_ns: end.0.saturating_mul(1_000_000).max(start_ns) }
    }
}

/// Measures an interval: the wall clock says when it began, and a clock that nobody sets how long it took.
#[derive(Clone, Copy, Debug)]
pub struct Watch(Option<(u64, Instant)>);

impl Watch {
    /// From its start until now.
    #[must_use]
    pub fn lap(&self) -> Interval {
        self.0.map_or_else(Interval::default, |(start_ns, began)| {
            let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            Interval { start_ns, end_ns: start_ns.saturating_add(took) }
        })
    }
}

/// One stage of what became of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The trace.
    pub trace: TraceId,
    /// The chat, by a name that tells nothing without this installation's key.
    pub chat: String,
    /// When it went on.
    pub took: Interval,
    /// Which stage.
    pub stage: Stage,
}

/// The stages. All words are ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// From when Telegram handed the update over until it was decided what follows. All others hang on it.
    Update {
        /// What was decided, or what it is when nothing was.
        outcome: &'static str,
        /// The score, where there is one.
        score: Option<u16>,
    },
    /// Until what follows was durable.
    Commit {
        /// Actions that were promised.
        actions: usize,
    },
    /// A message waited for an opinion, or for its deadline.
    Wait {
        /// What was decided.
        outcome: &'static str,
    },
    /// One call to Telegram.
    Call {
        /// The Bot API's method.
        method: &'static str,
        /// What is done.
        action: &'static str,
        /// The how manieth try it is, from 1.
        attempt: u32,
        /// What came of it.
        outcome: CallOutcome,
    },
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It has its effect.
    Confirmed,
    /// It is tried again.
    Retried,
    /// It is tried again after the pause that Telegram asked for.
    Paused,
    /// The chat has another number, and it is tried again there.
    Moved,
    /// A courtesy that is not repeated.
    Dropped,
    /// It is given up, and kept as a dead letter.
    GivenUp,
    /// Nothing goes on: the token is not accepted.
    Halted,
}

/// The way for spans. By default it leads nowhere.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<sink::Sink>);

impl Traces {
    /// Whether anybody listens.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins to measure, if anybody listens.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(self.is_on().then(|| {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            (u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX), Instant::now())
        }))
    }

    /// Tells a span; when too many wait it is dropped and counted. One without a trace is nobody's.
    pub fn tell(&self, span: Span) {
        if let Some(sink) = self.0.as_ref().filter(|_| span.trace != TraceId::default()) {
            sink.take(span);
        }
    }
}

/// The task that tells.
#[derive(Debug, Default)]
pub struct Exporter(Option<JoinHandle<()>>);

impl Exporter {
    /// Lets it tell what is left, for a bounded time. Every [`Traces`] is gone by now.
    pub async fn close(self) {
        let Some(mut task) = self.0 else { return };
        let patience = Duration::from_millis(limits::OTEL_LAST_MS);
        if tokio::time::timeout(patience, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Begins to tell, on the current runtime, if settings ask for it.
///
/// # Errors
/// When the address is none, or the client cannot be set up.
pub fn start(settings: Option<Settings>, counters: &Arc<Counters>) -> Result<(Traces, Exporter), String> {
    let Some(settings) = settings else { return Ok((Traces::default(), Exporter::default())) };
    let (sink, task) = sink::start(settings, counters)?;
    Ok((Traces(Some(sink)), Exporter(Some(task))))
}
