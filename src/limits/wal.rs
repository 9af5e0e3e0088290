//! Bounds of the write-ahead log in front of the durable file.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

use super::{Holder, holder, wide};

/// Pages that are newer than the file's, held in memory: 512 KiB. A group of everyday size touches some forty, again and again.
/// When full, the file is brought up to date, and the commit under way goes to it.
pub const WAL_PAGES_MAX: usize = 128;

/// Pages of one commit that the log takes: an everyday one has fifteen. A larger one goes to the file itself, in two
/// syncs. Never made smaller: a log that was left by a power cut has groups of this size.
pub const WAL_GROUP_PAGES_MAX: usize = 24;

/// The log, bytes, made once in this length. When full, the file is brought up to date and the log begins anew: after some 130
/// commits of two pages each.
pub const WAL_BYTES_MAX: u64 = 1024 * 1024;

/// How far back packing looks, bytes: as far as an LZ4 block can.
pub const WAL_REACH_BYTES: usize = 65_535;

/// A page with its place in memory, bytes.
const PAGE_HELD_BYTES: usize = 4096 + 128;

/// Rows of one batch, encoded; the pages that are held; and of a group its pages, the same packed, what goes to the log, the
/// group before, and the packing's table.
pub(super) const fn commit_line(poll_limit: u64) -> Holder {
    let group = 4 * WAL_GROUP_PAGES_MAX * PAGE_HELD_BYTES + 16 * 1024;
    let bytes = wide(WAL_PAGES_MAX * PAGE_HELD_BYTES + group) + 16 * 1024 * poll_limit;
    holder("one commit, and what waits in the log before the file", bytes, "the next commit waits")
}
