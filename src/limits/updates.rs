//! Bounds of updates as they arrive, and of rich messages in them.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

use super::{MESSAGE_TEXT_BYTES_MAX, SURFACES_MAX, larger, wide};

/// What one update may take in an answer, bytes. The longest rich message has [`RICH_CHARS_MAX`] characters of at most 12 bytes
/// of JSON each: 384 KiB, and the rest is room for marks, tables and media. An answer to one repeats it, which fits unless it
/// is made of emoji. Any other message is about 43 KB with all its parts. When an answer is over, the poll is repeated with a
/// lower limit; a single update that is over is acknowledged, counted as unreadable, and shown.
pub const UPDATE_BODY_BYTES_MAX: usize = 512 * 1024;

/// What is allotted to each update of a batch, bytes: half of what an ordinary one could take.
pub const UPDATE_BODY_BYTES_USUAL: usize = 32 * 1024;

/// An answer's size bound for a poll of `limit` updates: batches of nothing but the largest updates are rare. One update alone
/// may always be as large as it can be.
#[must_use]
pub const fn poll_body_bytes_max(limit: usize) -> usize {
    let usual = UPDATE_BODY_BYTES_USUAL * (limit + 2);
    if usual > UPDATE_BODY_BYTES_MAX { usual } else { UPDATE_BODY_BYTES_MAX }
}

/// Bot API: characters of a rich message, in at most 500 blocks with at most 20 columns in a table.
pub const RICH_CHARS_MAX: usize = 32_768;

/// Words of one rich message that are read, UTF-8 bytes: as many as any other message can have, which leaves room for the
/// addresses behind them. What is over is cut, and the cut is a finding.
pub const RICH_TEXT_BYTES_MAX: usize = 12 * 1024;

/// Addresses and names of files that are read of one rich message; further ones are passed over, and that is a finding.
pub const RICH_LINKS_MAX: usize = 64;

/// One of these, bytes; what is over is cut, and the cut is a finding.
pub const RICH_LINK_BYTES_MAX: usize = 2_048;

/// Levels of JSON that are read of a rich message: Telegram allows 16 levels of blocks and marks, and none takes more than
/// four. What lies deeper is passed over, and that is a finding.
pub const RICH_DEPTH_MAX: usize = 64;

/// Values that are read of a rich message: 500 rows of 20 cells, and the marks in them. What comes after is passed over, and that
/// is a finding.
pub const RICH_PIECES_MAX: usize = 32_768;

const _: () = assert!(RICH_TEXT_BYTES_MAX < MESSAGE_TEXT_BYTES_MAX && RICH_LINKS_MAX < SURFACES_MAX);
const _: () = assert!(12 * RICH_CHARS_MAX < UPDATE_BODY_BYTES_MAX, "the longest rich message is read");
const _: () = assert!(2 * 6 * RICH_CHARS_MAX < UPDATE_BODY_BYTES_MAX, "and an answer to one, in any script");

/// What a batch of `limit` updates takes, bytes: the body, the same again while it is parsed, and the messages made of it. Of one
/// update alone the message is small.
pub(super) const fn batch_bytes_max(limit: u64) -> u64 {
    let usual = 3 * wide(UPDATE_BODY_BYTES_USUAL) * limit / 2 + 2 * wide(UPDATE_BODY_BYTES_USUAL);
    larger(usual, 2 * wide(UPDATE_BODY_BYTES_MAX) + wide(MESSAGE_TEXT_BYTES_MAX))
}
