//! Bounds of those who may log in: users, sessions, tokens, and how often a password may be tried.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Users. A further one is refused.
pub const USERS_MAX: usize = 64;

/// Tokens for programs, of all users. A further one is refused: revoke one first.
pub const TOKENS_MAX: usize = 64;

/// A user's or a token's name, letters; a longer one is refused.
pub const USER_NAME_LETTERS_MAX: usize = 32;

/// Sessions on the page. When full, the one unused for longest ends: that person logs in again.
pub const SESSIONS_MAX: usize = 64;

/// After this long without use a session ends, milliseconds: half a day.
pub const SESSION_IDLE_MS: u64 = 12 * 3_600_000;

/// How long a session may be in all, milliseconds: a week.
pub const SESSION_MS_MAX: u64 = 7 * 24 * 3_600_000;

/// The bytes that a password's hash works in, KiB, and how often it goes over them: what the smallest board has room for, and
/// about 25 ms of an ordinary core.
pub const PASSWORD_HASH_KIB: u32 = 8 * 1024;

/// See [`PASSWORD_HASH_KIB`].
pub const PASSWORD_HASH_ROUNDS: u32 = 3;

/// The stack of the thread that hashes a password, bytes: the room, and what any thread has.
pub const PASSWORD_STACK_BYTES: usize = super::PASSWORD_HASH_BYTES + super::STACK_BYTES;

/// The least a password must have, letters.
pub const PASSWORD_LETTERS_MIN: usize = 10;

/// The most a password may have, bytes: what is longer is refused.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Wrong passwords in a row that cost nothing.
pub const LOGIN_FREE_FAILURES: u32 = 3;

/// The longest delay after a wrong password, milliseconds.
pub const LOGIN_WAIT_MS_MAX: u64 = 60_000;

/// After this long a wrong password is forgotten, milliseconds: an hour.
pub const LOGIN_FORGOTTEN_MS: u64 = 3_600_000;

/// Addresses and accounts whose failures are remembered. When full, who failed longest ago is forgotten.
pub const LOGIN_FAILURES_KEPT: usize = 256;

/// How long a one-time code for a user may be used, seconds: a day.
pub const CODE_S: u64 = 24 * 3_600;

/// Days after which a token expires at the latest.
pub const TOKEN_DAYS_MAX: u64 = 365;

/// Answers that are remembered for who asks the same again, by idempotency key. When full, the oldest is forgotten.
pub const REPEATS_ANSWERED_KEPT: usize = 16;

/// An answer that is remembered, bytes; a longer one is not, and its key is refused.
pub const REPEATED_ANSWER_BYTES_MAX: usize = 4 * 1024;

/// An idempotency key, bytes; a longer one is refused.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 64;

/// The address of a page to return to after a form, bytes; a longer one is the first page.
pub const WAY_BACK_BYTES_MAX: usize = 1_024;

/// Threads that answer on the page: one may hash a password and one may try a change on stored messages, and there is one more.
pub const PAGE_THREADS: usize = 3;

/// How far the threads of the page stand back behind those that moderate: the higher, the further (nice, 0 to 19).
pub const PAGE_NICE: i32 = 10;

/// Stored messages that a change is tried on before it is made, unless somebody asks for more or less.
pub const REPLAY_MESSAGES: usize = 1_000;

/// What the page holds of people, bytes: users and tokens, sessions, failures, remembered answers.
pub const PEOPLE_BYTES: usize = (USERS_MAX + TOKENS_MAX) * 512
    + SESSIONS_MAX * 512
    + LOGIN_FAILURES_KEPT * 192
    + REPEATS_ANSWERED_KEPT * (REPEATED_ANSWER_BYTES_MAX + 256);

/// A command through the control socket, bytes, and how long its caller may take, milliseconds.
pub const CONTROL_BYTES_MAX: usize = 64 * 1024;
/// See [`CONTROL_BYTES_MAX`].
pub const CONTROL_WAIT_MS: u64 = 5_000;
