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

/// The part of a message's text that a decision keeps, UTF-8 bytes. What is longer is cut.
pub const EXCERPT_BYTES_MAX: usize = 512;

/// The text of a notice, UTF-8 bytes. What is longer is cut.
pub const NOTICE_BYTES_MAX: usize = 1_024;

/// Administrators kept of a chat; Telegram allows 50 and the bots among them. The rest are not kept: an action
/// against one is then refused by Telegram itself.
pub const ADMINS_MAX: usize = 100;

/// Messages of one album; Telegram sends at most 10. Parts past that are judged alone.
pub const ALBUM_PARTS_MAX: usize = 10;

/// Actions refused for lack of rights in a row after which a chat is only watched.
pub const REFUSALS_UNTIL_WATCH_ONLY: u16 = 3;

/// How long past its own waiting time a poll may take. A poll without an answer by then is lost.
pub const POLL_GRACE: std::time::Duration = std::time::Duration::from_secs(10);

/// What one update may take in an answer, bytes: the largest message with all its parts is about 43 KB of JSON.
/// When an answer is over, the poll is repeated with a lower limit; a single update that is over is acknowledged,
/// counted as unreadable, and shown.
pub const UPDATE_BODY_BYTES_MAX: usize = 64 * 1024;

/// An answer's size bound for a poll of `limit` updates. Batches of nothing but the largest updates are rare, so a
/// full batch is allotted half of what its updates could take.
#[must_use]
pub const fn poll_body_bytes_max(limit: usize) -> usize {
    UPDATE_BODY_BYTES_MAX + UPDATE_BODY_BYTES_MAX / 2 * limit
}

/// The answer to any call but a poll, bytes: 50 administrators take about 30 KB. What is over is an answer lost.
pub const CALL_BODY_BYTES_MAX: usize = 128 * 1024;

/// Telegram's words about a refusal that are kept, bytes; the rest is cut.
pub const DESCRIPTION_BYTES_MAX: usize = 256;

/// Our own code for an answer that passed its bound (HTTP: payload too large).
pub const CODE_ANSWER_TOO_LARGE: u16 = 413;

/// Our own code for an answer of an unexpected shape (HTTP: unprocessable).
pub const CODE_ANSWER_UNREADABLE: u16 = 422;

const _: () = assert!(SHARD_QUEUE_IDS > BATCH_UPDATES_MAX, "one chat may fill a batch");
