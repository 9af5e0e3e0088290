//! Bounds of what an owner may set: the model, the budget, the tenants.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// A settings file, bytes: room for every tenant and chat there may be, with long rules in files of their own. A larger
/// one is refused. While the worst file of this size is read it takes about 50 times as much, as measured: less than
/// the smallest board has for building packs, which is never done at the same time.
pub const SETTINGS_FILE_BYTES_MAX: usize = 192 * 1024;

/// Tenants besides the default one. More are refused: each has rows and gauges of its own.
pub const TENANTS_MAX: usize = 64;

/// The community's rules in the owner's words, bytes: they go with every question, and are paid for. Longer ones are
/// refused.
pub const COMMUNITY_RULES_BYTES_MAX: usize = 4 * 1024;

/// Messages that may wait for an opinion. When full, the fallback decides about the next one at once.
pub const AI_QUEUE_MAX: u16 = 512;

/// Calls to a model at one time. Each holds a request and an answer; further ones wait.
pub const AI_CALLS_IN_FLIGHT_MAX: u8 = 8;

/// Calls to a model a minute that may be asked for. Above it the pace of the board itself is the bound.
pub const AI_CALLS_PER_MINUTE_MAX: u16 = 6_000;

/// The least time a call to a model may be given, milliseconds: less is too little for any network.
pub const AI_TIMEOUT_MS_MIN: u32 = 100;

/// How long an unsure message may wait for an opinion, seconds: after an hour everybody has read it.
pub const AI_DEADLINE_S_MAX: u32 = 3_600;

/// The key of a model's server, bytes. A longer one is refused.
pub const AI_KEY_BYTES_MAX: usize = 512;

/// The address of a model's server, bytes. A longer one is refused.
pub const AI_URL_BYTES_MAX: usize = 256;

/// The label of a currency, letters. A longer one is refused.
pub const CURRENCY_LETTERS_MAX: usize = 8;

/// The largest amount of money that may be written, in whole units: a price or a cap above it is a slip of the pen.
pub const MONEY_UNITS_MAX: u64 = 1_000_000;

/// The most calls a month that may be written.
pub const CALLS_A_MONTH_MAX: u64 = 1_000_000_000;

/// The share of a budget from which on its owner is warned, percent, unless set otherwise.
pub const BUDGET_WARN_PERCENT: u8 = 80;

/// Seconds of membership up to which links of a sender are blocked while the model is away, unless set otherwise.
pub const LINK_BLOCKS_NEW_S: u64 = 24 * 60 * 60;

/// Messages up to which links of a sender are blocked while the model is away, unless set otherwise.
pub const LINK_BLOCKS_NEW_MESSAGES: u64 = 5;

/// Days for which a tenant's messages may be stored at most.
pub const RETENTION_DAYS_MAX: u8 = 30;

/// Days for which a tenant's messages are stored at least, if they are stored.
pub const RETENTION_DAYS_MIN: u8 = 7;

/// Days for which decisions are kept without their texts, unless set otherwise: long enough for somebody who comes back after
/// a summer to ask why.
pub const DECISIONS_DAYS: u16 = 180;

/// Days for which the audit log is kept, unless set otherwise.
pub const AUDIT_DAYS: u16 = 730;

/// The most days that may be written for decisions and the audit log: ten years.
pub const RETENTION_LONGEST_DAYS_MAX: u16 = 3_660;

/// The name of a time zone, bytes; the longest known has 32. A longer one is refused.
pub const ZONE_NAME_BYTES_MAX: usize = 64;

/// One file of the time zone database, bytes; the largest known has about 4 KiB. A larger one is refused.
pub const ZONE_FILE_BYTES_MAX: usize = 8 * 1024;

/// What is held of one tenant, bytes: its rules in words, its zone, and its numbers and names.
pub const TENANT_BYTES_MAX: usize = COMMUNITY_RULES_BYTES_MAX + ZONE_FILE_BYTES_MAX + 4 * 1024;
