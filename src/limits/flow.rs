//! Bounds of undoing, of what is told about groups, and of copies of the database.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// A group's title, bytes: Telegram allows 128 characters. What is longer is cut.
pub const TITLE_BYTES_MAX: usize = 256;

/// Actions taken back that the dispatcher remembers, so that one on its way to it is not carried out. When full, the one
/// taken back first is forgotten; by then it has arrived.
pub const CANCELLED_KEPT: usize = 1_024;

/// Decisions that one turn of undoing a rule undoes: one commit. More wait for the next turn.
pub const UNDO_AT_ONCE: usize = 100;

/// Decisions that one search looks at; then it says where to go on.
pub const DECISIONS_SCANNED_MAX: usize = 5_000;

/// How long a group's oldest action may wait before that is called a backlog, milliseconds.
pub const BACKLOG_HIGH_MS: u64 = 5_000;

/// Actions of one group that may wait before that is called a backlog.
pub const BACKLOG_HIGH_ROWS: u64 = 100;

/// Copies of the database kept on this machine. When there are as many, the oldest goes.
pub const BACKUPS_KEPT: usize = 7;

/// What an owner wants everybody to see first, bytes. A longer one is refused.
pub const BANNER_BYTES_MAX: usize = 500;

/// Days and months of usage that are told.
pub const USAGE_DAYS_SHOWN: usize = 31;
/// See [`USAGE_DAYS_SHOWN`].
pub const USAGE_MONTHS_SHOWN: usize = 13;

/// Undecided messages that are told: those that wait longest. The rest are counted.
pub const UNDECIDED_SHOWN: usize = 200;
