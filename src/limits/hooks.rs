//! Bounds of what is told to receivers of webhooks, and of signed calls that come in.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Receivers of webhooks. More are refused: each has its own copy of what waits.
pub const HOOK_RECEIVERS_MAX: usize = 4;

/// Events that wait for receivers, on storage. When full, the oldest goes and is counted (`hooks_dropped`): it is of the receiver
/// that has not answered for longest, and the rest of the appliance owes it nothing.
pub const HOOKS_WAITING_MAX: u64 = 2_000;

/// The bytes of one event as a receiver gets it. Its parts are cut so that it stays below.
pub const HOOK_BODY_BYTES_MAX: usize = 8 * 1024;

/// Names of rules in one event. Further ones are left out.
pub const HOOK_RULES_MAX: usize = 16;

/// How long a receiver may take for one call, milliseconds. Then it is called again later.
pub const HOOK_CALL_MS: u64 = 10_000;

/// The pause after a first failure, and the longest, milliseconds. It doubles with each failure, and chance takes up to half of it
/// away, so that several appliances do not come back together.
pub const HOOK_PAUSE_MS: u64 = 5_000;
/// See [`HOOK_PAUSE_MS`]. An hour: whoever mends a receiver does not wait for long.
pub const HOOK_PAUSE_MS_MAX: u64 = 60 * 60 * 1_000;

/// How often in all a receiver may answer an event with a fault of its own (HTTP 500) until those behind it are told; it is told again
/// once an hour then, as long as any event is.
pub const HOOK_TRIES_MAX: u32 = 6;

/// Events of one receiver that are stepped over at a time. With more, those behind wait.
pub const HOOK_STEPPED_MAX: usize = 16;

/// How old an event is when it is given up, milliseconds, if it was tried since the start. It is counted (`hooks_given_up`).
pub const HOOK_GIVE_UP_MS: u64 = 24 * 60 * 60 * 1_000;

/// Incidents that wait to be made durable, at most a minute. A further one is left out: it is on the page and in the log.
pub const INCIDENTS_WAITING_MAX: usize = 32;

/// How often it is looked whether something waits, if nobody says so, milliseconds.
pub const HOOK_LOOK_MS: u64 = 1_000;

/// A receiver's address, bytes. A longer one is refused.
pub const HOOK_URL_BYTES_MAX: usize = 512;

/// A secret that signs events, bytes: shorter ones can be guessed, longer ones are refused.
pub const HOOK_SECRET_BYTES_MIN: usize = 16;
/// See [`HOOK_SECRET_BYTES_MIN`].
pub const HOOK_SECRET_BYTES_MAX: usize = 256;

/// Secrets at one time: the new one and, during a rotation, the one before. More are refused.
pub const HOOK_SECRETS_MAX: usize = 2;

/// Keys of programs that may call. A further one is refused.
pub const HOOK_KEYS_MAX: usize = 16;

/// How long the secret before a rotation is good, milliseconds.
pub const HOOK_KEY_OVERLAP_MS: u64 = 24 * 60 * 60 * 1_000;

/// How far the time of a call may be from ours, seconds. One beyond is refused.
pub const HOOK_CLOCK_S: u64 = 5 * 60;

/// How long the nonce of a call is remembered, milliseconds: as long as a call with it could be in time.
pub const NONCE_MS: u64 = 2 * HOOK_CLOCK_S * 1_000;

/// Nonces that are remembered. When full, a call is refused and told to come back: none is forgotten early.
pub const NONCES_MAX: usize = 2_048;

/// Signed calls of one key: at once, and a minute in the long run. A further one is told to come back. Each is a commit.
pub const HOOK_CALLS_BURST: u16 = 20;
/// See [`HOOK_CALLS_BURST`].
pub const HOOK_CALLS_PER_MINUTE: u16 = 60;

/// What telling receivers takes at most, bytes: the client (26 KiB), and a call under way for each, with the largest event. As measured
/// (`tests/outward.rs`), four that answer without an end take 256 KiB together, and 1,214 KiB if they speak TLS, with as many certificates
/// and as large a ticket as they may.
pub const HOOKS_BYTES: u64 = 1408 * 1024;

const _: () = assert!(NONCE_MS == 10 * 60 * 1_000, "the runbook says ten minutes");
