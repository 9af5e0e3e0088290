//! Bounds of what happens in groups themselves: commands, buttons, cards, members, raids.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Bot API: what a button may carry, bytes.
pub const PRESS_BYTES_MAX: usize = 64;

/// Buttons under one message.
pub const BUTTONS_MAX: usize = 8;

/// Bot API: what a press may be answered with, characters. The rest is cut.
pub const PRESS_ANSWER_CHARS_MAX: usize = 200;

/// What somebody is called, bytes: Telegram allows 64 characters twice. The rest is cut.
pub const NAME_BYTES_MAX: usize = 128;

/// A command as typed, bytes; what stands further on is not read.
pub const COMMAND_BYTES_MAX: usize = 512;

/// Commands and presses that wait to be carried out. When full, a further press is answered with "busy", and a further
/// command is passed over and counted: people type it again.
pub const ERRANDS_MAX: usize = 256;

/// Members of all groups that something is kept of. When full, one of whom nothing was heard for long is forgotten, of those
/// nobody vouches for and who have no warning first.
pub const MEMBERS_KEPT: u64 = 50_000;

/// Members that are compared for that.
pub const MEMBERS_LOOKED_AT: usize = 64;

/// Members whose record is in memory. When full, the one that was not heard of longest is read again from storage.
pub const MEMBERS_IN_MEMORY: usize = 2_048;

/// Members in one piece of a list: each may have `WARNS_KEPT` warnings with their reasons, and all of it must fit an answer of
/// the page. The list then says where to go on.
pub const MEMBER_ROWS_MAX: usize = 20;

/// Members that one order approves, or no longer approves: one commit. An order that names more is refused.
pub const MEMBERS_AT_ONCE: usize = 1_000;

/// Members that one file of `aegis import` may name: half of what is kept, so that what is known of others stays. A longer one
/// is refused.
pub const IMPORT_USERS_MAX: usize = 25_000;

/// Members of such an order that are changed before those who judge messages may look at members again.
pub const MEMBERS_IN_A_TURN: usize = 50;

/// Members of such an order that the audit log names; the rest are counted.
pub const MEMBERS_NAMED_MAX: usize = 20;

/// Warnings kept of one member; the oldest is forgotten.
pub const WARNS_KEPT: usize = 16;

/// Why somebody was warned, bytes. The rest is cut.
pub const WARN_REASON_BYTES_MAX: usize = 96;

/// Bans that groups of one owner share. When full, the oldest tenth is forgotten; where it was carried out it stands.
pub const SHARED_BANS_KEPT: u64 = 20_000;

/// Messages with reports that are remembered. When full, the oldest is forgotten, and may be reported anew.
pub const REPORTS_KEPT: u64 = 500;

/// Members who may report one message; further ones add nothing.
pub const REPORTERS_MAX: usize = 16;

/// How often one member may report, milliseconds. Sooner, the report is not taken, and that is said.
pub const REPORT_EVERY_MS: u64 = 30_000;

/// Reports that turned out wrong, more than right ones, from which on a member's reports count for nothing: a false report
/// costs nothing, a campaign of them does.
pub const REPORTS_WRONG_MAX: u16 = 3;

/// Messages one `/purge` deletes at most: one call, see [`super::DELETE_BATCH_MAX`].
pub const PURGE_MAX: u16 = 100;

/// How long a deletion waits for the copy of its message, milliseconds; then it goes ahead without.
pub const COPY_WAIT_MS: u64 = 2_000;

/// Cards about decisions that one chat of administrators gets at once, and how long until it may get another, milliseconds:
/// with its copy a card is two messages of the twenty a minute that Telegram lets a group have. The rest are counted, and
/// told in one card a minute.
pub const CARDS_AT_ONCE: u32 = 4;
/// See [`CARDS_AT_ONCE`].
pub const CARD_EVERY_MS: u64 = 10_000;

/// How often decisions without a card of their own are told, milliseconds.
pub const CARD_SUMMARY_MS: u64 = 60_000;

/// How often somebody looks what is due by itself, milliseconds.
pub const SWEEP_MS: u64 = 5_000;

/// What of a message a card shows, characters. The rest is cut.
pub const CARD_TEXT_CHARS_MAX: usize = 300;

/// A length of time that a command may name, seconds: Telegram takes a longer one as for ever.
pub const RAID_S_MAX: u32 = 24 * 60 * 60;

/// Chats whose rates are counted to see raids. When full, the one that was quiet longest is forgotten.
pub const RAID_CHATS_MAX: usize = 256;

/// Senders banned of late who are not banned again. When full, the oldest is forgotten; banning twice changes nothing.
pub const BANNED_OF_LATE_MAX: usize = 8_192;

/// How long they are remembered, milliseconds.
pub const BANNED_OF_LATE_MS: u64 = 10 * 60_000;

/// Members who wait to show that they are human. When full, a further one is not asked, and may write.
pub const CAPTCHAS_MAX: usize = 1_024;
