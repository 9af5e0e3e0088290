//! Raids: when one begins, goes on and is over; what members may do meanwhile.
//!
//! Promises: where a raid takes the right to write from everybody, the row that gives it back is durable in the same commit, so
//! that it comes back by itself whatever happens to the appliance. A raid is prolonged at most once in
//! `limits::RAID_PROLONG_MS`.
//!
//! Never: a right taken in `record` mode, or where nobody knows what members might do before.

use super::Door;
use crate::bursts::{Measures, Seen, Sign};
use crate::cards::{InRaid, announcement, key};
use crate::chats::ChatBook;
use crate::clock::{Now, Wall};
use crate::limits;
use crate::manners::RaidPolicy;
use crate::message::{ChatId, Message, Sender, TraceId, Trust, fnv1a};
use crate::settle::House;
use crate::shard::Rulebook;
use crate::store::group::RaidRecord;
use crate::store::records::{Detail, OutboxKey, OutboxRow};
use crate::store::{StoreError, Tick};
use crate::text::one_line;
use crate::verdict::{ActionKind, Mode};
use crate::words::Phrase;
use std::collections::BTreeMap;

/// A raid that is on.
#[derive(Clone, Debug)]
pub(super) struct Raid {
    record: RaidRecord,
    /// What members may do outside of it, when that was taken.
    usual: Option<u16>,
    /// When its end was put off last.
    prolonged: Wall,
}

impl Raid {
    /// The same under the group's new id.
    pub fn in_chat(mut self, chat: ChatId) -> Self {
        self.record.restore = self.record.restore.map(|key| OutboxKey { chat, ..key });
        self
    }
}

/// Whether anything was seen of a sender before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquaintance {
    /// Something was.
    SeenBefore,
    /// Nothing.
    Unseen,
}

/// The rights of the Bot API's list that are about sending something: the first ten. The others stay.
const SENDING: u16 = 0x3ff;

/// Remembers what a stored row gives back.
pub(super) fn take_up(rights: &mut BTreeMap<OutboxKey, u16>, row: &OutboxRow) {
    if let (ActionKind::Permit, Detail::Rights(usual)) = (row.key.action, &row.detail) {
        rights.insert(row.key, *usual);
    }
}

/// The raids that are stored, with what their rows give back.
pub(super) fn stored(raids: Vec<(ChatId, RaidRecord)>, rights: &BTreeMap<OutboxKey, u16>) -> BTreeMap<ChatId, Raid> {
    let raid = |(chat, record): (ChatId, RaidRecord)| {
        // A group may have moved since.
        let raid = Raid { prolonged: record.since, usual: None, record }.in_chat(chat);
        let usual = raid.record.restore.and_then(|key| rights.get(&key).copied());
        (chat, Raid { usual, ..raid })
    };
    raids.into_iter().map(raid).collect()
}

fn later(now: Wall, seconds: u32) -> Wall {
    Wall(now.0.saturating_add(u64::from(seconds.min(limits::RAID_S_MAX)).saturating_mul(1_000)))
}

/// A row that sets what members may do. Each has a number of its own.
fn permit(chat: ChatId, rights: u16, why: &str, now: Now) -> OutboxRow {
    let parts = [why.as_bytes(), &chat.0.to_le_bytes(), &now.wall.0.to_le_bytes()].concat();
    let trace = TraceId(fnv1a(&parts));
    let key = key(chat, ActionKind::Permit, trace);
    OutboxRow { detail: Detail::Rights(rights), ..OutboxRow::new(key, Sender::Nobody, now.wall, trace) }
}

impl Door {
    /// Whether a chat is raided.
    #[must_use]
    pub fn in_raid(&self, chat: ChatId) -> InRaid {
        if self.raids.contains_key(&chat) { InRaid::Yes } else { InRaid::No }
    }

    /// The raid that is on in a chat.
    #[must_use]
    pub fn raid(&self, chat: ChatId) -> Option<&RaidRecord> {
        self.raids.get(&chat).map(|raid| &raid.record)
    }

    /// What members of a chat may do outside of raids, when that is known.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn rights(&self, chat: ChatId) -> Result<Option<u16>, StoreError> {
        self.snapshots.rights(chat)
    }

    /// Somebody joined, or wrote what was blocked. A raid may begin with it, or go on.
    pub(crate) fn sign(
        &mut self,
        (chat, sign, who): (ChatId, Sign, i64),
        house: &House<'_>,
        now: Now,
    ) -> Result<Tick, StoreError> {
        let measures = Measures { joins: house.manners.raid_joins, senders: house.manners.raid_senders };
        if self.bursts.note(chat, sign, who, measures, now.mono.0) == Seen::Calm {
            return Ok(Tick::default());
        }
        let mut tick = Tick::default();
        match self.raids.get(&chat).map(|raid| raid.record.until > now.wall) {
            Some(true) => return Ok(self.prolong(chat, house.manners.raid_s, now)),
            // What it took may be given back by now.
            Some(false) => tick = self.end_raid(chat, house, now),
            None => {}
        }
        let rights = self.rights(chat)?;
        tick.absorb(self.begin_raid(chat, house.manners.raid_s, "", house, rights, now));
        Ok(tick)
    }

    /// A raid begins, for so many seconds at most, `by` somebody or measured when that is empty. `usual` is what members may do,
    /// when that is known. One that is on lasts as long from now.
    pub fn begin_raid(
        &mut self,
        chat: ChatId,
        seconds: u32,
        by: &str,
        house: &House<'_>,
        usual: Option<u16>,
        now: Now,
    ) -> Tick {
        if let Some(raid) = self.raids.get_mut(&chat) {
            raid.prolonged = Wall(0);
            return self.prolong(chat, seconds, now);
        }
        let mut tick = Tick::default();
        if self.raids.len() >= limits::RAID_CHATS_MAX {
            return tick;
        }
        let until = later(now.wall, seconds);
        let locks = house.manners.raid_lock.is_on() && house.rules.mode == Mode::Enforce;
        let usual = usual.filter(|_| locks);
        let mut restore = None;
        if let Some(usual) = usual {
            let row = OutboxRow { not_before: until, ..permit(chat, usual, "later", now) };
            restore = Some(row.key);
            tick.orders.push(permit(chat, usual & !SENDING, "take", now));
            tick.orders.push(row);
        }
        let record = RaidRecord { since: now.wall, until, by: by.to_owned(), restore };
        tick.group.raids.push((chat, Some(record.clone())));
        self.raids.insert(chat, Raid { record, usual, prolonged: now.wall });
        let count = self.bursts.count(chat, now.mono.0);
        let numbers = [count.joins.to_string(), count.senders.to_string()];
        let [joins, senders] = &numbers;
        tick.orders.extend(told(chat, house, Phrase::CardRaidBegan, &[joins, senders], now));
        tick
    }

    /// A raid goes on: it lasts so many seconds from now, and what it took comes back so much later.
    fn prolong(&mut self, chat: ChatId, seconds: u32, now: Now) -> Tick {
        let mut tick = Tick::default();
        let Some(raid) = self.raids.get_mut(&chat) else { return tick };
        let until = later(now.wall, seconds);
        // A time in the future is of a clock that was set back.
        let since_ms = now.wall.0.checked_sub(raid.prolonged.0).unwrap_or(limits::RAID_PROLONG_MS);
        if since_ms < limits::RAID_PROLONG_MS || until <= raid.record.until {
            return tick;
        }
        raid.prolonged = now.wall;
        raid.record.until = until;
        if let (Some(old), Some(usual)) = (raid.record.restore, raid.usual) {
            let row = OutboxRow { not_before: until, ..permit(chat, usual, "later", now) };
            raid.record.restore = Some(row.key);
            tick.dropped.push(old);
            tick.orders.push(row);
        }
        tick.group.raids.push((chat, Some(raid.record.clone())));
        tick
    }

    /// A raid is over: what it took comes back at once.
    pub fn end_raid(&mut self, chat: ChatId, house: &House<'_>, now: Now) -> Tick {
        let mut tick = Tick::default();
        let Some(raid) = self.raids.remove(&chat) else { return tick };
        if let (Some(old), Some(usual)) = (raid.record.restore, raid.usual) {
            tick.dropped.push(old);
            tick.orders.push(permit(chat, usual, "back", now));
        }
        tick.group.raids.push((chat, None));
        tick.orders.extend(told(chat, house, Phrase::CardRaidOver, &[], now));
        tick
    }

    /// Ends what is over by now. To be called at each poll.
    pub fn tick(&mut self, rulebook: &Rulebook, book: &ChatBook, now: Now) -> Tick {
        let mut tick = Tick::default();
        let over = self.raids.iter().filter(|(_, raid)| raid.record.until <= now.wall).map(|(chat, _)| *chat);
        for chat in over.collect::<Vec<_>>() {
            let house = House::of(rulebook, chat, book.title(chat));
            tick.absorb(self.end_raid(chat, &house, now));
        }
        tick
    }

    /// Whether what the rules are unsure of in a message counts as sure: the chat is raided, wants that, and the sender joined
    /// with the raid, or is a stranger of whom nothing was seen before.
    #[must_use]
    pub fn is_strict_for(
        &self,
        chat: ChatId,
        message: &Message,
        policy: RaidPolicy,
        sender: Acquaintance,
        now: Now,
    ) -> bool {
        let Some(raid) = self.raids.get(&chat).filter(|_| policy == RaidPolicy::Strict) else { return false };
        if message.trust != Trust::Stranger || message.sender.is_exempt() {
            return false;
        }
        let from = raid.record.since.0.saturating_sub(limits::RAID_NEWCOMER_MS);
        let joined = |age_s: u64| now.wall.0.saturating_sub(age_s.saturating_mul(1_000));
        message.member_age_s.map_or(sender == Acquaintance::Unseen, |age_s| joined(age_s) >= from)
    }
}

/// What the administrators are told of a raid, where they are told of anything.
fn told(chat: ChatId, house: &House<'_>, phrase: Phrase, more: &[&str], now: Now) -> Option<OutboxRow> {
    let admin_chat = house.admin_chat.filter(|_| house.manners.cards.is_on())?;
    let title =
        if house.title.is_empty() { chat.0.to_string() } else { one_line(house.title, limits::TITLE_BYTES_MAX) };
    let with: Vec<&str> = std::iter::once(title.as_str()).chain(more.iter().copied()).collect();
    let parts = [&chat.0.to_le_bytes()[..], &now.wall.0.to_le_bytes(), format!("{phrase:?}").as_bytes()].concat();
    Some(announcement(admin_chat, &house.manners.language.say(phrase, &with), TraceId(fnv1a(&parts)), now))
}
