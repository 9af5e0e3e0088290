//! Every bound of the appliance, by name, with its reason.
//!
//! Promises: nothing in Aegis that holds data is larger than a constant of this file says, and the constants that
//! depend on each other are checked against each other when the program is compiled.
//!
//! Never: a value read from a file or the machine. What a board may choose is in [`Capacity`]; this file bounds it.

/// Bot API: `getUpdates` returns at most this many updates.
pub const BATCH_UPDATES_MAX: usize = 100;

/// The most shards an owner may ask for. More than cores is useful only for isolation; 64 keeps a shard number small.
pub const SHARDS_MAX: usize = 64;

/// Ids one shard's queue holds: a whole batch may be one chat's. When full, ingest waits; Telegram keeps the rest.
pub const SHARD_QUEUE_IDS: usize = 128;

/// Text of one message over all its surfaces, UTF-8 bytes. A text of 4,096 units is at most 12,288 bytes; the rest
/// is room for buttons, polls and links. What is over is cut, and the cut is a finding.
pub const MESSAGE_TEXT_BYTES_MAX: usize = 16 * 1024;

/// Texts one message may have: 4,096 characters, 100 entities, 12 poll options, 100 buttons twice. Cut when full.
pub const SURFACES_MAX: usize = 128;

/// Findings a verdict keeps; the heaviest stay.
pub const FINDINGS_MAX: usize = 16;

/// Places one finding points at; the first stay.
pub const SPANS_MAX: usize = 8;

/// The highest score a message can have.
pub const SCORE_MAX: u16 = 1_000;

/// Mistakes one refusal lists; the rest are counted.
pub const MISTAKES_MAX: usize = 50;

/// Early calls, and notices, that a stand-in's ledger keeps one by one. Past it they are only in the call counts.
pub const DEMO_LEDGER_ROWS_MAX: usize = 100_000;

/// Messages one demonstration plays when nobody says how many.
pub const DEMO_MESSAGES: usize = 1_000;

/// Messages one demonstration plays at most; a longer file, or a larger number, is refused.
pub const DEMO_MESSAGES_MAX: usize = 200_000;

/// A file to play, bytes: it is held in memory. A larger one is refused.
pub const DEMO_FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One line of a file to play, bytes. A longer one is a mistake.
pub const DEMO_LINE_BYTES_MAX: usize = 256 * 1024;

/// A text that is played, UTF-16 units: what Telegram lets one message have. The rest is cut, as no client could send it.
pub const DEMO_TEXT_UTF16_MAX: usize = 4_096;

/// Head of a call to the stand-in, bytes. A longer one closes its connection.
pub const DEMO_HEAD_BYTES_MAX: usize = 16 * 1024;

/// Body of a call to the stand-in, bytes. A longer one closes its connection.
pub const DEMO_BODY_BYTES_MAX: usize = 64 * 1024;

const _: () = assert!(SHARD_QUEUE_IDS > BATCH_UPDATES_MAX, "one chat may fill a batch");
