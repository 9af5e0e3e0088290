//! Bounds of what is told to a hub and taken from it. Those of the documents themselves are the contract's.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// How long the hub may take for one call, the answer's body included, milliseconds. Then it is called again later.
pub const CLOUD_CALL_MS: u64 = 20_000;

/// How often the hub is told something, milliseconds: what changed, or that this board is well.
pub const CLOUD_TURN_MS: u64 = 60_000;

/// The pause after a first failure, and the longest, milliseconds. It doubles with each failure, and chance takes up to half of
/// it away, so that boards do not come back together.
pub const CLOUD_PAUSE_MS: u64 = 5_000;
/// See [`CLOUD_PAUSE_MS`].
pub const CLOUD_PAUSE_MS_MAX: u64 = 900_000;

/// Rows of usage in one push. About 100 KB; the rest goes in the next one, at once.
pub const CLOUD_ROWS_AT_ONCE: usize = 400;

/// Decisions in one push. With texts at most 250 KB; the rest goes in the next one, at once.
pub const CLOUD_DECISIONS_AT_ONCE: usize = 100;

/// Pushes that follow each other at once while much waits; then it is the turn of others.
pub const CLOUD_PUSHES_AT_ONCE: usize = 64;

/// Decisions that wait for the hub. When there are more, the oldest are passed over: their counts are in the rows of usage, and
/// they are counted as summarised.
pub const CLOUD_DECISIONS_WAITING_MAX: u64 = 5_000;

/// Packs of the hub that a board has, those among them that do not judge any more. A further one is refused.
pub const CLOUD_PACKS_MAX: usize = 8;

/// Bytes of a pack of the hub: half of what the contract allows, and more than any shipped pack has. A larger one is refused before
/// it is fetched. One is fetched at a time, while no other answer is in memory; compiled it has its room among all packs.
pub const CLOUD_PACK_BYTES_MAX: u64 = 256 * 1024;

// What the client reads at once may be as much again.
const _: () = assert!(2 * CLOUD_PACK_BYTES_MAX <= CLOUD_BYTES);

/// What a hub's documents take in memory at one time: an answer, what is made of it, and a push.
pub const CLOUD_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes of a file that is kept beside the key of a hub.
pub const CLOUD_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Clocks that differ by more than this are told as a finding, milliseconds; the hub refuses then.
pub const CLOUD_CLOCK_OFF_MS: u64 = 300_000;

/// Rows in which both sides differ that `aegis sync verify` prints; the rest is counted.
pub const CLOUD_DIFFERING_SHOWN: usize = 200;

/// Pages of rows that are asked for when one month of one tenant is compared: 200,000 rows.
pub const CLOUD_PAGES_MAX: usize = 100;
