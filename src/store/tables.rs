//! The tables of the durable file, by name. A schema step creates or removes them; nothing else does.

use redb::TableDefinition;

/// Facts about the file itself.
pub const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
/// Decisions by number, rising.
pub const DECISIONS: TableDefinition<u64, &[u8]> = TableDefinition::new("decisions_v1");
/// Promised actions, by chat, message and action.
pub const OUTBOX: TableDefinition<(i64, i32, u8), &[u8]> = TableDefinition::new("outbox_v2");
/// Actions that came to an end, so that a message delivered again does not repeat them.
pub const DONE: TableDefinition<(i64, i32, u8), u64> = TableDefinition::new("done_v1");
/// The same in the order of their end: the oldest are forgotten.
pub const DONE_RING: TableDefinition<u64, (i64, i32, u8)> = TableDefinition::new("done_ring_v1");
/// Actions given up, by number, rising.
pub const DEAD_LETTERS: TableDefinition<u64, &[u8]> = TableDefinition::new("dead_letters_v2");
/// Messages nobody has decided, by chat and message.
pub const UNDECIDED: TableDefinition<(i64, i32), &[u8]> = TableDefinition::new("undecided_v1");
/// Ids of the updates of the last batches, packed, by slot.
pub const DEDUPE: TableDefinition<u64, &[u8]> = TableDefinition::new("dedupe_v1");
/// Counters by name.
pub const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters_v1");
/// Chats by id.
pub const CHATS: TableDefinition<i64, &[u8]> = TableDefinition::new("chats_v1");
/// Members by chat and user.
pub const MEMBERS: TableDefinition<(i64, i64), &[u8]> = TableDefinition::new("members_v2");
/// Pauses by chat; chat 0 stands for all calls.
pub const PAUSES: TableDefinition<i64, &[u8]> = TableDefinition::new("pauses_v1");
/// Changes by hand, by number, rising.
pub const AUDIT: TableDefinition<u64, &[u8]> = TableDefinition::new("audit_v1");
/// Albums under judgement, by chat and album.
pub const ALBUMS: TableDefinition<(i64, u64), &[u8]> = TableDefinition::new("albums_v1");
/// The same in the order of their arrival: the oldest are forgotten.
pub const ALBUM_RING: TableDefinition<u64, (i64, u64)> = TableDefinition::new("album_ring_v1");
/// Messages that wait for an opinion, by chat and message.
pub const REVIEWS: TableDefinition<(i64, i32), &[u8]> = TableDefinition::new("reviews_v1");
/// What was spent, by tenant, month, kind of account and its number.
pub const BUDGET: TableDefinition<(&str, u32, u8, i64), &[u8]> = TableDefinition::new("budget_v1");
/// What is set aside for calls under way, by number.
pub const HOLDS: TableDefinition<u64, &[u8]> = TableDefinition::new("holds_v1");
/// Caps set by hand, by tenant.
pub const CAPS: TableDefinition<&str, &[u8]> = TableDefinition::new("caps_v1");
/// Users by name.
pub const USERS: TableDefinition<&str, &[u8]> = TableDefinition::new("users_v1");
/// Tokens by id.
pub const TOKENS: TableDefinition<&str, &[u8]> = TableDefinition::new("tokens_v1");
/// What an audit entry is about, by its number.
pub const AUDIT_DETAILS: TableDefinition<u64, &[u8]> = TableDefinition::new("audit_details_v1");
/// Versions of what was changed on the page, by number, rising.
pub const POLICIES: TableDefinition<u64, &[u8]> = TableDefinition::new("policies_v1");
/// What people did with decisions, by their numbers.
pub const MARKS: TableDefinition<u64, &[u8]> = TableDefinition::new("marks_v1");
/// What was taught, by the decision's number.
pub const LESSONS: TableDefinition<u64, &[u8]> = TableDefinition::new("lessons_v1");
/// The banner, at 0.
pub const BANNER: TableDefinition<u64, &[u8]> = TableDefinition::new("banner_v1");
/// Titles of groups, by chat.
pub const TITLES: TableDefinition<i64, &str> = TableDefinition::new("titles_v1");
/// What was used, by tenant and day.
pub const USAGE: TableDefinition<(&str, u32), &[u8]> = TableDefinition::new("usage_v2");
/// What was used, by hour since 1970, tenant and chat. The hour comes first, so that what is counted now lies together and
/// a commit writes one page of it. Two kinds of rows are about no chat, see [`super::usage`].
pub const USAGE_HOURS: TableDefinition<(u32, &str, i64), &[u8]> = TableDefinition::new("usage_hours_v1");
/// Facts about usage, by name: how far a hub has it.
pub const USAGE_STATE: TableDefinition<&str, &[u8]> = TableDefinition::new("usage_state_v1");
/// What is to be told elsewhere, by number, rising.
pub const HOOKS: TableDefinition<u64, &[u8]> = TableDefinition::new("hooks_v1");
/// Words that may be used once, and until when they are remembered.
pub const NONCES: TableDefinition<&[u8], u64> = TableDefinition::new("nonces_v1");
/// How this appliance stands with a hub, by name.
pub const SYNC: TableDefinition<&str, &[u8]> = TableDefinition::new("sync_v1");
/// What people asked for in groups and was not carried out yet, by number, rising.
pub const ERRANDS: TableDefinition<u64, &[u8]> = TableDefinition::new("errands_v1");
/// Raids that are on, by chat.
pub const RAIDS: TableDefinition<i64, &[u8]> = TableDefinition::new("raids_v1");
/// What members of a chat may do outside of raids, a bit a right.
pub const RIGHTS: TableDefinition<i64, u64> = TableDefinition::new("rights_v1");
/// Bans that groups share, by tenant and user.
pub const SHARED_BANS: TableDefinition<(&str, i64), &[u8]> = TableDefinition::new("shared_bans_v1");
/// Reports, by chat and message.
pub const REPORTS: TableDefinition<(i64, i32), &[u8]> = TableDefinition::new("reports_v1");
/// Where decisions are shown, by their numbers.
pub const CARDS: TableDefinition<u64, &[u8]> = TableDefinition::new("cards_v1");
