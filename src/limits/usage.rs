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
