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

/// Rows of one push: usage, decisions and budgets together. The rest goes in the next one, at once.
pub const CLOUD_ROWS_AT_ONCE: usize = 100;

/// Decisions that are read for one push: each is some KB with all that was found in it.
pub const CLOUD_DECISIONS_AT_ONCE: usize = 24;

/// Bytes of the rows of one push as they are told. A push ends before the row that would pass them; the rest goes in the next one.
pub const CLOUD_PUSH_BYTES: usize = 48 * 1024;

/// Bytes of a row of usage as it is told, at most: its names, and the longest numbers.
pub const CLOUD_ROW_BYTES: usize = 440;

/// Bytes of an answer that is no document of wishes and no page of rows. More are not read.
pub const CLOUD_ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a hub's wishes: those of 64 tenants, 128 flags and 8 packs take half. More are refused, and what was wished before holds.
pub const CLOUD_WISHES_BYTES_MAX: usize = 64 * 1024;

/// Rows of one page when both sides are compared, and the bytes of such a page. More are not read.
pub const CLOUD_PAGE_ROWS: usize = 200;
/// See [`CLOUD_PAGE_ROWS`].
pub const CLOUD_PAGE_BYTES_MAX: usize = 128 * 1024;

/// Refusals of a push that follow each other at once while the row is looked for that the hub does not take; then pauses grow.
pub const CLOUD_REFUSALS_AT_ONCE: u32 = 24;

/// Rows that are set aside one after another, none taken in between: with this one the hub itself is taken to be at fault. Those before
/// it wait again, nothing more is set aside, and one row is tried after the longest pause, until it is taken. More than any one chat has
/// in a day; and few enough that a hub that takes nothing is known within two hours, most of them pauses. There is no bound on all that
/// were ever set aside: with one, a hub that refuses one chat for weeks would end up with none.
pub const CLOUD_ASIDE_IN_A_ROW_MAX: u64 = 32;

/// How long the hub may be away until it is told as something to look at, seconds: a day.
pub const CLOUD_AWAY_S: u64 = 24 * 3_600;

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

/// Values of a pack of the hub, and its lines, each counted by what parts them; see [`super::PACK_VALUE_BYTES`]. A pack with more is
/// refused before it is read.
pub const CLOUD_PACK_VALUES_MAX: usize = 16_384;

// And what is read of it at once.
const _: () = assert!(CLOUD_PACK_BYTES_MAX + 4 * super::wide(super::OUTWARD_BUFFER_BYTES) <= CLOUD_CALL_BYTES);

/// The client for a hub and what is on its way, one call at a time, as measured (`tests/cloud_memory.rs`): a pack that does not end 344 KiB, a
/// push 284 KiB, a page that is compared 217 KiB, wishes 166 KiB, the head of an answer that does not end 51 KiB.
pub const CLOUD_CALL_BYTES: u64 = 384 * 1024;

/// TLS of that connection: what a call takes more with it than without. As measured (`tests/outward.rs`) that is 59 KiB, and 277 KiB if the
/// other side has as many certificates and as large a ticket as it may.
pub const CLOUD_TLS_BYTES: u64 = 384 * 1024;

/// What is held between calls, 62 KiB as measured: wishes, budgets, what of them is in force; and lines that tell how both stand.
pub const CLOUD_KEPT_BYTES: u64 = 96 * 1024;

/// What telling a hub and taking from it holds at most. Where the memory of a board does not have it beside the rest, the room for packs is so
/// much less.
pub const CLOUD_BYTES: u64 = CLOUD_CALL_BYTES + CLOUD_TLS_BYTES + CLOUD_KEPT_BYTES;

const _: () = assert!(CLOUD_ROWS_AT_ONCE * CLOUD_ROW_BYTES <= CLOUD_PUSH_BYTES, "rows of usage alone fit");
const _: () = assert!(CLOUD_PAGE_ROWS * CLOUD_ROW_BYTES <= CLOUD_PAGE_BYTES_MAX, "a page of rows fits");

/// Bytes of a file that is kept beside the key of a hub.
pub const CLOUD_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Clocks that differ by more than this are told as a finding, milliseconds; the hub refuses then.
pub const CLOUD_CLOCK_OFF_MS: u64 = 300_000;

/// Rows in which both sides differ that `aegis sync verify` prints; the rest is counted.
pub const CLOUD_DIFFERING_SHOWN: usize = 200;

/// Pages of rows that are asked for when one month of one tenant is compared: 200,000 rows.
pub const CLOUD_PAGES_MAX: usize = 1_000;
