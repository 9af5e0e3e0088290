//! Bounds of the slow lane: messages that wait for an opinion, and what is remembered around them.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// How often a call that cost nothing is made for one message before the fallback decides.
pub const REVIEW_TRIES_MAX: u32 = 3;

/// The longest pause of a model's server that is waited out, milliseconds; in a longer one tenants are without a model.
pub const REVIEW_PAUSE_WAITED_MS: u64 = 10_000;

/// How long after its last failure a model counts as away, milliseconds, unless somebody finds out before: ten minutes.
pub const REVIEW_AWAY_MS: u64 = 600_000;

/// What the smallest request has at least, bytes: our instructions and the schema. A budget that does not suffice for such
/// a one is spent.
pub const REVIEW_REQUEST_BYTES_LEAST: usize = 2 * 1024;

/// What one message that waits takes in memory, bytes: names and numbers; its text stays on storage.
pub const REVIEW_ROW_BYTES: usize = 768;

/// What one call under way takes, bytes: the request in its two forms, the answer and its parts, the connection. As measured
/// (`tests/outward.rs`), with a server that answers without an end two take 370 KiB with their client, and 826 KiB if it speaks TLS, with as
/// many certificates and as large a ticket as it may.
pub const MODEL_CALL_BYTES: usize = 448 * 1024;

/// What the client for models takes, bytes: 26 KiB as measured, for the roots that TLS trusts, and connections that nobody uses.
pub const MODEL_CLIENT_BYTES: usize = 64 * 1024;

/// Accounts of chats and senders of one tenant in a month. When full, further ones share one account, and its share.
pub const BUDGET_ACCOUNTS_OF_TENANT_MAX: usize = 1_024;

/// What one account takes, bytes.
pub const BUDGET_ACCOUNT_BYTES: usize = 96;

/// The same over all tenants.
pub const BUDGET_ACCOUNTS_MAX: usize = 4_096;

/// Chats and senders that `aegis budget show` names, of each tenant: those that spent most.
pub const BUDGET_ACCOUNTS_SHOWN: usize = 5;

/// Old rows of the budget that one hold removes at most; more wait for the next, so that no commit grows with a month's end.
pub const BUDGET_PRUNED_AT_ONCE: usize = 64;

/// Months of which a tenant's total is kept.
pub const BUDGET_MONTHS_KEPT: u32 = 13;
