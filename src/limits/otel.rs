//! Bounds of what is told to an OpenTelemetry receiver, in a build with the feature `otel`.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

use super::{Holder, holder};

/// Spans that wait to be told. When full, a further one is dropped and counted in the metric `otel_spans_dropped`, and whoever
/// brought it goes on at once: telemetry is a courtesy.
pub const OTEL_SPANS_MAX: usize = 1_024;

/// Spans told in one call. What waits beyond them goes with the next.
pub const OTEL_BATCH_SPANS: usize = 256;

/// How long the first span of a batch waits for company, milliseconds.
pub const OTEL_BATCH_MS: u64 = 1_000;

/// How long the receiver may take for one call, milliseconds. Then the batch is dropped and counted: one that is slow is not
/// helped by more.
pub const OTEL_CALL_MS: u64 = 5_000;

/// How often a call is made in all that could not be made, or that the receiver asks to make again. Then the batch is dropped and
/// counted.
pub const OTEL_TRIES_MAX: u32 = 3;

/// The longest pause between two tries that a receiver may ask for, milliseconds. A longer one is cut to this.
pub const OTEL_PAUSE_MAX_MS: u64 = 30_000;

/// How long the last call may take when the appliance closes, milliseconds. What is not told by then is never told.
pub const OTEL_LAST_MS: u64 = 1_000;

/// An answer of the receiver, bytes. What is beyond is not read.
pub const OTEL_ANSWER_BYTES_MAX: usize = 4 * 1024;

/// Headers that a file may add to each call, and the bytes of one. More are refused.
pub const OTEL_HEADERS_MAX: usize = 8;
/// See [`OTEL_HEADERS_MAX`].
pub const OTEL_HEADER_BYTES_MAX: usize = 4 * 1024;

/// The name under which an appliance tells, bytes. A longer one is refused.
pub const OTEL_NAME_BYTES_MAX: usize = 64;

/// How often metrics are told unless the settings say otherwise, and at most, seconds.
pub const OTEL_METRICS_S: u32 = 60;
/// See [`OTEL_METRICS_S`].
pub const OTEL_METRICS_S_MAX: u32 = 3_600;

/// What telling takes at most, bytes: the spans that wait, those of one call as values and encoded, and the client.
pub const OTEL_BYTES: u64 = 1024 * 1024 + (1_024 + 3 * 256) * 512;

/// Connections to Telegram (buffers of calls, TLS sessions, certificates of the root store), what telling receivers of webhooks
/// takes and, where the settings name one, what telling a receiver of OpenTelemetry or a hub takes.
pub(super) const fn connections_line(otel_bytes: u64, cloud_bytes: u64) -> Holder {
    const USUAL_BYTES: u64 = 3 * 1024 * 1024 + super::HOOKS_BYTES;
    let (name, full) = match (otel_bytes, cloud_bytes) {
        (0, 0) => ("connections to Telegram, webhooks", "calls wait for their turn"),
        (_, 0) => (
            "connections to Telegram, webhooks, OpenTelemetry",
            "calls wait for their turn; spans are dropped and counted",
        ),
        (0, _) => {
            ("connections to Telegram, webhooks, a hub", "calls wait for their turn; what is told waits on storage")
        }
        _ => (
            "connections to Telegram, webhooks, OpenTelemetry, a hub",
            "calls wait for their turn; what is told waits on storage, or is dropped and counted",
        ),
    };
    holder(name, USUAL_BYTES + otel_bytes + cloud_bytes, full)
}
