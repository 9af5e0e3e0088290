//! Bounds of what is counted by hour and day, and of how long things are kept.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Days of usage kept of one tenant: thirteen months. The oldest are forgotten.
pub const USAGE_DAYS_KEPT: usize = 400;

/// Days for which usage is kept by chat and hour. What is older is only known by tenant and day; no sum is lost by that.
pub const USAGE_HOURS_KEPT: u32 = 35;

/// Rows of usage by chat and hour, of all tenants together: a hundred chats that are written in at every hour of
/// [`USAGE_HOURS_KEPT`] days, 10 MB. When there are more, the oldest hours are summarised into their days.
pub const USAGE_HOUR_ROWS_MAX: u64 = 84_000;

/// How long after its midnight a day is rolled up, seconds: what is dated before may arrive after.
pub const ROLL_UP_AFTER_S: u64 = 3_600;

/// How often it is looked for something to roll up, milliseconds. A look reads the hours of days that are not over.
pub const ROLL_UP_LOOK_MS: u64 = 600_000;

/// Rows of usage that a step of the roll-up looks at, and takes out, in one commit: 300 KB of them are in memory meanwhile.
pub const ROLL_UP_ROWS_AT_ONCE: usize = 2_000;

/// The pause between two steps, milliseconds.
pub const ROLL_UP_STEP_MS: u64 = 1_000;

/// Rows whose time is over that one commit takes out.
pub const EXPIRE_ROWS_AT_ONCE: usize = 500;

/// Rows that one look for such rows looks at.
pub const EXPIRE_LOOKED_AT: usize = 5_000;

/// How often it is looked whether the time of something is over, milliseconds. A look reads every decision that is kept.
pub const EXPIRE_LOOK_MS: u64 = 6 * 3_600_000;

/// Decisions about one member that are told at once; the rest follows in further pieces.
pub const EXPORT_DECISIONS_MAX: usize = 40;

/// Groups of one member that are told at once, 250 bytes each and their warnings; the rest follows in further pieces.
pub const EXPORT_GROUPS_MAX: usize = 40;

/// Actions against one member, and reports of theirs, that are told; they are few. Further ones are among the dead letters.
pub const EXPORT_ACTIONS_MAX: usize = 100;

/// Orders to forget stored messages that wait for the history's thread. A further one is refused.
pub const FORGET_WAITING_MAX: usize = 16;

/// Rows that were taken out until the next start gives their room back to the card, which takes it a few seconds more.
pub const COMPACT_AFTER_ROWS: u64 = 5_000;

/// Rounds of that at most: each gains less than the one before.
pub const COMPACT_ROUNDS_MAX: usize = 3;

/// Texts of stored messages that are told beside the decisions of a piece, bytes; what is over is left out.
pub const EXPORT_MESSAGE_BYTES_MAX: usize = 32 * 1024;

/// How long whoever has a member forgotten waits for the stored messages, milliseconds; they go all the same.
pub const FORGET_WAIT_MS: u64 = 2_000;

/// Rows of usage by group and hour that one answer tells, 300 bytes each. The rest follows in further pieces.
pub const USAGE_HOURS_TOLD_MAX: usize = 250;
