//! What a stand-in saw: every message, everybody acted on, every notice, every call that came too early.
//!
//! Promises: nothing that a client did is forgotten while the stand-in runs; times are microseconds since its start.
//!
//! Never: a judgement beyond [`Expected`].

use super::api::{CommandScope, Permissions};
use super::script::Expected;
use super::spoken::Speech;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What happened to one message.
#[derive(Clone, Debug)]
pub struct MessageRecord {
    /// Its chat.
    pub chat: i64,
    /// Its id in the chat.
    pub message: i64,
    /// The user or channel that sent it.
    pub sender: i64,
    /// What must become of it.
    pub expected: Expected,
    /// When the update that decides its fate was first handed out.
    pub served_us: u64,
    /// How often an update of it was handed out.
    pub deliveries: u32,
    /// When it was first deleted.
    pub deleted_us: Option<u64>,
    /// How many calls asked to delete it.
    pub delete_calls: u32,
}

impl MessageRecord {
    /// Whether it had to stay and was deleted.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.expected == Expected::Stay && self.deleted_us.is_some()
    }
}

/// What happened to one person, or channel, in one chat.
#[derive(Clone, Debug, Default)]
pub struct PersonRecord {
    /// When first banned.
    pub banned_us: Option<u64>,
    /// Calls that ban.
    pub bans: u32,
    /// Those of them that ban a channel, by the method for channels.
    pub channel_bans: u32,
    /// When first muted.
    pub muted_us: Option<u64>,
    /// Calls that take the right to write.
    pub mutes: u32,
    /// Calls that give it back.
    pub unmutes: u32,
    /// Calls that lift a ban.
    pub unbans: u32,
    /// When the last one lifted it.
    pub freed_us: Option<u64>,
    /// Whether banned now.
    pub is_banned: bool,
    /// Whether muted now.
    pub is_muted: bool,
    /// The different `until_date` values of bans; more than one means a ban took effect in two ways.
    pub ban_untils: Vec<i64>,
    /// The same of mutes.
    pub mute_untils: Vec<i64>,
}

/// One message that the bot sent.
#[derive(Clone, Debug)]
pub struct NoticeRecord {
    /// Where.
    pub chat: i64,
    /// A hash of the text.
    pub text_hash: u64,
    /// When.
    pub at_us: u64,
}

/// An answer to a press of a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PressRecord {
    /// The id of the press.
    pub id: String,
    /// What was shown; empty for nothing.
    pub text: String,
    /// Whether it was shown in a box of its own.
    pub show_alert: bool,
    /// When.
    pub at_us: u64,
}

/// How a request to join was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinAnswer {
    /// Let in.
    Approved,
    /// Turned away.
    Declined,
}

/// A request to join a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinRecord {
    /// The chat.
    pub chat: i64,
    /// Who asks.
    pub user: i64,
    /// The request's date, whole seconds: whoever asks again does so at another date.
    pub date: i64,
    /// How it was answered, and when.
    pub answer: Option<(JoinAnswer, u64)>,
}

/// A change of what everybody may do in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermissionsRecord {
    /// The chat.
    pub chat: i64,
    /// What everybody may from now on.
    pub permissions: Permissions,
    /// When.
    pub at_us: u64,
}

/// A list of commands that was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandsRecord {
    /// For whom; `None` for everybody.
    pub scope: Option<CommandScope>,
    /// For readers of which language; empty for all others.
    pub language_code: String,
    /// How many commands.
    pub count: usize,
    /// When.
    pub at_us: u64,
}

/// A call that came inside a window in which none was allowed.
#[derive(Clone, Debug)]
pub struct EarlyCall {
    /// The method.
    pub method: &'static str,
    /// The chat it was about.
    pub chat: i64,
    /// When it came.
    pub at_us: u64,
    /// When the window began.
    pub from_us: u64,
    /// When the window ends.
    pub until_us: u64,
}

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Every message handed out, in the order of its first delivery.
    pub messages: Vec<MessageRecord>,
    /// Everybody acted on, by chat and user or channel.
    pub people: HashMap<(i64, i64), PersonRecord>,
    /// Every message sent by the bot.
    pub notices: Vec<NoticeRecord>,
    /// The bot's latest messages as they stand now.
    pub speech: Speech,
    /// Every answer to a press.
    pub presses: Vec<PressRecord>,
    /// Every request to join that was handed out.
    pub joins: Vec<JoinRecord>,
    /// Every change of what everybody may.
    pub permissions: Vec<PermissionsRecord>,
    /// Every list of commands.
    pub commands: Vec<CommandsRecord>,
    /// Calls over one of Telegram's limits, inside no announced window.
    pub over_limits: u64,
    /// Calls inside an announced window.
    pub early: Vec<EarlyCall>,
    /// Calls inside a window that were on their way when it was announced.
    pub crossed: u64,
    /// Calls by method.
    pub calls: BTreeMap<&'static str, u64>,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Most calls under way at one time, polls not included.
    pub in_flight_peak: u32,
    /// Calls under way, polls not included.
    pub in_flight: u32,
    /// Polls ended because another came.
    pub conflicts: u64,
    /// When the first poll came.
    pub first_poll_us: Option<u64>,
    /// When the last call that changes something came.
    pub last_action_us: Option<u64>,
    /// When every update was first handed out and confirmed.
    pub drained_us: Option<u64>,
    /// Different messages deleted.
    pub deleted: usize,
    /// Different people and channels banned, each chat counted.
    pub banned: usize,
    /// Calls with another token.
    pub unauthorized: u64,
    index: HashMap<(i64, i64), usize>,
}

impl Ledger {
    /// The record of a message, if it was handed out.
    #[must_use]
    pub fn message(&self, chat: i64, message: i64) -> Option<&MessageRecord> {
        self.index.get(&(chat, message)).and_then(|at| self.messages.get(*at))
    }

    /// Notes that an update of a message is handed out now.
    pub(super) fn serve(&mut self, scripted: &super::script::Scripted, now_us: u64) {
        let key = (scripted.chat, scripted.message);
        if key == (0, 0) {
            return;
        }
        if let Some(record) = self.index.get(&key).and_then(|at| self.messages.get_mut(*at)) {
            record.deliveries = record.deliveries.saturating_add(1);
            if record.expected == Expected::Stay && scripted.expected != Expected::Stay {
                record.expected = scripted.expected;
                record.served_us = now_us;
            }
            return;
        }
        self.index.insert(key, self.messages.len());
        self.messages.push(MessageRecord {
            chat: scripted.chat,
            message: scripted.message,
            sender: scripted.sender,
            expected: scripted.expected,
            served_us: now_us,
            deliveries: 1,
            deleted_us: None,
            delete_calls: 0,
        });
    }

    /// Notes a deletion. Says whether the message was there.
    pub(super) fn delete(&mut self, chat: i64, message: i64, now_us: u64) -> Presence {
        let Some(record) = self.index.get(&(chat, message)).and_then(|at| self.messages.get_mut(*at)) else {
            return self.speech.delete(chat, message, now_us);
        };
        record.delete_calls = record.delete_calls.saturating_add(1);
        if record.deleted_us.is_some() {
            return Presence::Gone;
        }
        record.deleted_us = Some(now_us);
        self.deleted += 1;
        Presence::There
    }

    /// What everybody may do in a chat now.
    #[must_use]
    pub fn permissions_of(&self, chat: i64) -> Permissions {
        let last = self.permissions.iter().rev().find(|record| record.chat == chat);
        last.map_or(Permissions::OPEN, |record| record.permissions)
    }

    /// Notes that a request to join is handed out; the same one a second time is not another.
    pub(super) fn asks_to_join(&mut self, chat: i64, user: i64, date: i64) {
        let known = self.joins.iter().any(|join| (join.chat, join.user, join.date) == (chat, user, date));
        if !known {
            self.joins.push(JoinRecord { chat, user, date, answer: None });
        }
    }

    /// The record of a person, made when there is none.
    pub(super) fn person(&mut self, chat: i64, user: i64) -> &mut PersonRecord {
        self.people.entry((chat, user)).or_default()
    }

    /// Messages that had to go and are still there, or whose sender had to be banned and was not.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.messages.iter().filter(|record| self.is_missed(record)).count()
    }

    /// Whether something that had to happen to this message did not.
    #[must_use]
    pub fn is_missed(&self, record: &MessageRecord) -> bool {
        match record.expected {
            Expected::Stay | Expected::Unknown => false,
            Expected::Remove => record.deleted_us.is_none(),
            Expected::RemoveAndBan => {
                record.deleted_us.is_none()
                    || self.people.get(&(record.chat, record.sender)).is_none_or(|person| person.bans == 0)
            }
        }
    }

    /// Messages that had to stay and were deleted, and people acted on who did nothing wrong.
    #[must_use]
    pub fn wrong(&self) -> usize {
        let messages = self.messages.iter().filter(|record| record.is_wrong()).count();
        let guilty: HashSet<(i64, i64)> = self
            .messages
            .iter()
            .filter(|record| record.expected != Expected::Stay)
            .map(|record| (record.chat, record.sender))
            .collect();
        let people = self
            .people
            .iter()
            .filter(|(key, person)| (person.bans > 0 || person.mutes > 0) && !guilty.contains(*key))
            .count();
        messages + people
    }

    /// Actions that took effect in two different ways: one person banned or muted until different times.
    #[must_use]
    pub fn two_ways(&self) -> usize {
        self.people.values().filter(|person| person.ban_untils.len() > 1 || person.mute_untils.len() > 1).count()
    }

    /// Notices beyond the first with the same words in the same chat.
    #[must_use]
    pub fn repeated_notices(&self) -> usize {
        let different: HashSet<(i64, u64)> =
            self.notices.iter().map(|notice| (notice.chat, notice.text_hash)).collect();
        self.notices.len() - different.len()
    }

    /// Calls that change something in a chat.
    #[must_use]
    pub fn actions(&self) -> u64 {
        let action = |name: &&&str| super::town::Method::named(name).is_some_and(super::town::Method::is_action);
        self.calls.iter().filter(|(name, _)| action(name)).map(|(_, count)| *count).sum()
    }

    /// Microseconds from the first poll to the last thing that had to happen; `None` while there is more to come.
    #[must_use]
    pub fn play_us(&self) -> Option<u64> {
        let end_us = self.drained_us?.max(self.last_action_us.unwrap_or(0));
        Some(end_us.saturating_sub(self.first_poll_us?))
    }

    /// Microseconds from handed out to first deleted, of every message that was deleted, in rising order.
    #[must_use]
    pub fn times_to_delete_us(&self) -> Vec<u64> {
        let mut times: Vec<u64> = self
            .messages
            .iter()
            .filter_map(|record| record.deleted_us.map(|deleted| deleted.saturating_sub(record.served_us)))
            .collect();
        times.sort_unstable();
        times
    }
}

/// The value that `permille` of all sorted values do not pass; `None` of nothing.
#[must_use]
pub fn permille(sorted: &[u64], permille: usize) -> Option<u64> {
    let rank = sorted.len().saturating_mul(permille).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied()
}

/// Whether a message was there to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It was.
    There,
    /// It was not, or no more.
    Gone,
}
