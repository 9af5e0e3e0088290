//! Every bound of the hub, by name, with its reason and what happens when it is full. Those of the wire are the
//! contract's.
//!
//! Promises: what one process holds, and how long anybody waits for it, follows from this file.
//!
//! Never: a value read from a file.

/// Connections to the database of one process. A push holds one for a few milliseconds: 83 a second need two. When all
/// are in use a request waits, at most [`ACQUIRE_MS`].
pub const POOL_MAX: u32 = 12;

/// How long a request waits for a connection to the database. Then: 503, and the board comes back.
pub const ACQUIRE_MS: u64 = 3_000;

/// How long a statement may run. Then it is ended, the transaction is undone, and the answer is 503.
pub const STATEMENT_MS: u64 = 5_000;

/// Requests at one time in one process. A further one gets 503 at once.
pub const REQUESTS_MAX: usize = 512;

/// Connections to one process: a fleet of 5,000 boards may keep theirs, and room. A further one waits to be accepted.
pub const CONNECTIONS_MAX: usize = 8_192;

/// Bytes of a request's head. Over: refused by the HTTP library (431).
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long a head may take, and how long a connection may be idle. Then it is closed.
pub const HEAD_MS: u64 = 90_000;

/// How long a body may take. Then: 408 in spirit, the connection is closed.
pub const BODY_MS: u64 = 10_000;

/// How long a request may take once its body is there. Then: 503, and its transaction is undone.
pub const REQUEST_MS: u64 = 15_000;

/// How long a close waits for what runs. Then it is cut off, and its transactions are undone.
pub const CLOSE_MS: u64 = 20_000;

/// Requests to be enrolled, a minute and process. A further one gets 429. Codes have 160 bits, so this bounds the
/// load, not a guess.
pub const ENROLS_A_MINUTE: u32 = 600;

/// Log-ins on the page, a minute and process. A further one gets 429.
pub const LOGINS_A_MINUTE: u32 = 60;

/// How long a code is good when nobody says, and at most, in hours.
pub const CODE_HOURS: u32 = 24;
/// See [`CODE_HOURS`].
pub const CODE_HOURS_MAX: u32 = 24 * 14;

/// Codes that are open at one time. A further one is refused until some are used or too old.
pub const CODES_MAX: i64 = 10_000;

/// Rows of one page of a list for people. The rest is behind `before` or `after`.
pub const LIST_MAX: i64 = 200;

/// Boards on one page of the fleet.
pub const BOARDS_MAX: i64 = 500;

/// Months for which usage has a part of its own ahead of time. What has none lies in the rest, slower to forget.
pub const MONTHS_AHEAD: u32 = 3;

/// Days for which decisions are kept. Older ones are forgotten, some at a time.
pub const DECISIONS_DAYS: i64 = 180;

/// Decisions that are forgotten in one transaction.
pub const FORGET_ROWS: i64 = 5_000;

/// How often the hub looks after its database and its stages, in milliseconds. One process does at a time.
pub const ROUND_MS: u64 = 20_000;

/// Tokens that are not revoked. A further one is refused.
pub const TOKENS_MAX: i64 = 1_000;

/// Tenants. A further one is refused.
pub const FLEET_TENANTS_MAX: i64 = 100_000;

/// Versions of a budget that a list shows.
pub const BUDGET_VERSIONS: i64 = 50;

/// A stage stops when so many of 1,000 matched decisions were undone by people, ...
pub const STAGE_UNDONE_PERMILLE: u64 = 50;
/// ... of at least so many: fewer say nothing.
pub const STAGE_MATCHED_MIN: u64 = 20;
/// It stops when so many of 1,000 boards that have the version report an incident, ...
pub const STAGE_INCIDENTS_PERMILLE: u64 = 100;
/// ... of at least so many boards with one: a single board may have any cause.
pub const STAGE_INCIDENTS_MIN: u64 = 2;

/// Bytes of a token's name, and of any name in a path.
pub const NAME_BYTES_MAX: usize = 64;

/// How long a log-in on the page lasts, in seconds.
pub const COOKIE_S: u64 = 12 * 3_600;

/// Flags that one list shows, the first by name. Who sees fewer tenants sees the rest.
pub const FLAGS_SHOWN: i64 = 1_000;

/// Versions of a pack that a list shows, the newest.
pub const VERSIONS_SHOWN: i64 = 20;
