//! Bounds of what happens in groups themselves: commands, buttons, cards, members, raids.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Bot API: what a button may carry, bytes.
pub const PRESS_BYTES_MAX: usize = 64;

/// Buttons under one message.
pub const BUTTONS_MAX: usize = 8;

/// What somebody is called, bytes: Telegram allows 64 characters twice. The rest is cut.
pub const NAME_BYTES_MAX: usize = 128;

/// A command as typed, bytes; what stands further on is not read.
pub const COMMAND_BYTES_MAX: usize = 512;

/// Commands and presses that wait to be carried out. When full, a further press is answered with "busy", and a further
/// command is passed over and counted: people type it again.
pub const ERRANDS_MAX: usize = 64;

/// Members of all groups that something is kept of. When full, one of whom nothing was heard for long is forgotten, of those
/// nobody vouches for and who have no warning first.
pub const MEMBERS_KEPT: u64 = 50_000;

/// Members that are compared for that.
pub const MEMBERS_LOOKED_AT: usize = 64;

/// Members whose record is in memory. When full, the one that was not heard of longest is read again from storage.
pub const MEMBERS_IN_MEMORY: usize = 1_024;

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

/// Warnings that settings may ask for before something follows; more are refused.
pub const WARN_LIMIT_MAX: u16 = 10;

/// How long a warning counts at least, seconds; less is refused. At most it counts as long as a mute may last, see
/// [`super::ACTION_SECONDS_MAX`].
pub const WARN_WINDOW_S_MIN: u32 = 60 * 60;

/// Messages after which settings may call a member known; more are refused.
pub const TRUST_MESSAGES_MAX: u16 = 1_000;

/// Letters that settings may ask of such a message; more are refused, as hardly any message has them.
pub const TRUST_LETTERS_MAX: u16 = 500;

/// How long an answer of the bot may stand, seconds, as settings may say it: long enough to be read, and not to become part
/// of the talk. Anything else is refused.
pub const ANSWER_S_MIN: u32 = 5;
/// See [`ANSWER_S_MIN`].
pub const ANSWER_S_MAX: u32 = 10 * 60;

/// How long somebody may have to press the button, seconds, as settings may say it: long enough to see it, and not so long
/// that whoever never will fills the group. Anything else is refused.
pub const CAPTCHA_S_MIN: u32 = 20;
/// See [`CAPTCHA_S_MIN`].
pub const CAPTCHA_S_MAX: u32 = 30 * 60;

/// Why somebody was warned, bytes. The rest is cut.
pub const WARN_REASON_BYTES_MAX: usize = 96;

/// Bans that groups of one owner share. When full, the oldest tenth is forgotten; where it was carried out it stands.
pub const SHARED_BANS_KEPT: u64 = 10_000;

/// Messages with reports that are remembered. When full, the oldest is forgotten, and may be reported anew.
pub const REPORTS_KEPT: u64 = 500;

/// Members who may report one message; further ones add nothing.
pub const REPORTERS_MAX: usize = 16;

/// How often one member may report, milliseconds. Sooner, the report is not taken, and that is said.
pub const REPORT_EVERY_MS: u64 = 30_000;

/// Reports that turned out wrong, more than right ones, from which on a member's reports count for nothing: a false report
/// costs nothing, a campaign of them does.
pub const REPORTS_WRONG_MAX: u16 = 3;

/// The newest decisions among which one that a command made already is looked for. One that is not among them was made long
/// before the command was cut off.
pub const ERRAND_DECISIONS_LOOKED_AT: usize = 200;

/// The newest decisions among which the one about a message is looked for. An older one is not found, and that is said.
pub const WHY_DECISIONS_LOOKED_AT: usize = 5_000;

/// How long a group's rules stay where they were asked for, seconds: long enough to be read. They are told once in as long.
pub const RULES_SHOWN_S: u32 = 120;

/// How long a deletion waits for the copy of its message, milliseconds; then it goes ahead without.
pub const COPY_WAIT_MS: u64 = 1_300;

/// Cards about decisions that one chat of administrators gets at once, and how long until it may get another, milliseconds:
/// with its copy a card is two messages of the twenty a minute that Telegram lets a group have. The rest are counted, and
/// told in one card a minute.
pub const CARDS_AT_ONCE: u32 = 4;
/// See [`CARDS_AT_ONCE`].
pub const CARD_EVERY_MS: u64 = 10_000;

/// Cards at once that have a copy of their message: Telegram lets a chat have a message a second, and a deletion is not to wait
/// for more than two.
pub const COPIES_AT_ONCE: u32 = 2;

/// How often decisions without a card of their own are told, milliseconds.
pub const CARD_SUMMARY_MS: u64 = 60_000;

/// How often somebody looks what is due by itself, milliseconds.
pub const SWEEP_MS: u64 = 5_000;

/// What of a message a card shows, characters. The rest is cut.
pub const CARD_TEXT_CHARS_MAX: usize = 300;

/// How long it must be quiet until a raid is over, seconds, as settings and commands may say it. Less would end a raid
/// between two of its waves; more would forget that one is on.
pub const RAID_S_MIN: u32 = 60;
/// See [`RAID_S_MIN`].
pub const RAID_S_MAX: u32 = 24 * 60 * 60;

/// The rate, a minute, that settings may call a raid: more is never reached, and a slip of the pen.
pub const RAID_RATE_MAX: u16 = 10_000;

/// Chats whose rates are counted to see raids. When full, the one that was quiet longest is forgotten.
pub const RAID_CHATS_MAX: usize = 256;

/// Senders banned of late who are not banned again: more than come in the largest raid that is measured. When full, the oldest is forgotten; banning twice changes nothing.
pub const BANNED_OF_LATE_MAX: usize = 8_192;

/// How long they are remembered, milliseconds.
pub const BANNED_OF_LATE_MS: u64 = 10 * 60_000;

/// Members who wait to show that they are human. When full, a further one is not asked, and may write.
pub const CAPTCHAS_MAX: usize = 512;

/// Signs of a raid, joins and senders of unwanted messages of the last minute, that are counted over all chats. When full, the
/// oldest is forgotten; long before that a raid was seen.
pub const RAID_SIGNS_MAX: usize = 1_024;

/// How long a sign counts, milliseconds.
pub const RAID_WINDOW_MS: u64 = 60_000;

/// How many times a chat's own measure of a raid must be seen over all chats, and which part of it in the chat, for a raid
/// that is spread over groups.
pub const RAID_FLEET_TIMES: u32 = 4;

/// How often a raid that goes on is prolonged, milliseconds.
pub const RAID_PROLONG_MS: u64 = 60_000;

/// Who joined so long before a raid began is one of its newcomers, milliseconds.
pub const RAID_NEWCOMER_MS: u64 = 10 * 60_000;

/// Letters a name needs to be taken for another: shorter ones meet by chance.
pub const LIKENESS_LETTERS_MIN: usize = 4;

/// Names of administrators over all chats that are known. When full, the one learned first is forgotten, and learned again
/// when they write.
pub const ADMIN_NAMES_MAX: usize = 256;

/// How long somebody who was asked to show that they are human may not write, seconds, unless they do: longer than the
/// removal is tried for. Who left meanwhile is not muted for ever.
pub const CAPTCHA_MUTE_S: u32 = 2 * 86_400;

/// Strangers about whom something was recorded of late, and is not recorded again with their next message. When full, the
/// oldest is forgotten.
pub const NOTED_OF_LATE_MAX: usize = 1_024;
