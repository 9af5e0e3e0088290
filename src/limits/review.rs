//! Bounds of the slow lane: messages that wait for an opinion, and what is remembered around them.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Members whose record changed of late and is remembered, since the change may not be durable yet. When full, the one
/// that changed first is forgotten; by then its change is durable.
pub const MEMBERS_CHANGED_MAX: usize = 1_024;

/// Accounts of chats and senders of one tenant in a month. When full, further ones share one account, and its share.
pub const BUDGET_ACCOUNTS_OF_TENANT_MAX: usize = 1_024;

/// The same over all tenants.
pub const BUDGET_ACCOUNTS_MAX: usize = 4_096;

/// Months of which a tenant's total is kept.
pub const BUDGET_MONTHS_KEPT: u32 = 13;
