//! How many joined, and how many different senders wrote something unwanted, in the last minute: in each chat, and in all
//! chats together.
//!
//! Promises: at most `limits::RAID_SIGNS_MAX` signs of at most `limits::RAID_CHATS_MAX` chats; the oldest is forgotten. A sign
//! costs O(log n). Somebody counts once a minute in one chat, and once over all chats, however often they write.
//!
//! Never: a clock. The time is given. Nothing here outlives the process.

use crate::limits;
use crate::message::ChatId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What may be a part of a raid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Somebody joined.
    Join,
    /// Somebody wrote what was blocked.
    Unwanted,
}

/// From how many a minute on it is a raid; 0 for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    /// Joins.
    pub joins: u16,
    /// Senders of unwanted messages.
    pub senders: u16,
}

/// What was counted in a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Joins.
    pub joins: u32,
    /// Senders of unwanted messages.
    pub senders: u32,
}

/// Whether a sign makes a raid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It does not.
    Calm,
    /// There are too many in this chat, or in all chats and a part of them in this one.
    Burst,
}

#[derive(Clone, Copy, Debug)]
struct Noted {
    at_ms: u64,
    chat: ChatId,
    sign: Sign,
    who: i64,
}

/// The signs of the last minute.
#[derive(Debug, Default)]
pub struct Bursts {
    order: VecDeque<Noted>,
    known: BTreeSet<(ChatId, Sign, i64)>,
    chats: BTreeMap<ChatId, Count>,
    /// In how many chats somebody counts.
    fleet: BTreeMap<(Sign, i64), u32>,
    all: Count,
}

impl Count {
    const fn of(&mut self, sign: Sign) -> &mut u32 {
        match sign {
            Sign::Join => &mut self.joins,
            Sign::Unwanted => &mut self.senders,
        }
    }
}

impl Bursts {
    /// Counts a sign, `now_ms` on a clock that only goes forward, and says what it makes.
    pub fn note(&mut self, chat: ChatId, sign: Sign, who: i64, measures: Measures, now_ms: u64) -> Seen {
        self.forget_old(now_ms);
        if self.known.insert((chat, sign, who)) {
            self.order.push_back(Noted { at_ms: now_ms, chat, sign, who });
            let count = self.chats.entry(chat).or_default().of(sign);
            *count = count.saturating_add(1);
            let places = self.fleet.entry((sign, who)).or_default();
            *places = places.saturating_add(1);
            if *places == 1 {
                let all = self.all.of(sign);
                *all = all.saturating_add(1);
            }
        }
        while self.order.len() > limits::RAID_SIGNS_MAX || self.chats.len() > limits::RAID_CHATS_MAX {
            self.forget_oldest();
        }
        self.seen(chat, sign, measures)
    }

    fn seen(&self, chat: ChatId, sign: Sign, measures: Measures) -> Seen {
        let (mut here, mut all) = (self.chats.get(&chat).copied().unwrap_or_default(), self.all);
        let (here, all) = (*here.of(sign), *all.of(sign));
        let measure = u32::from(match sign {
            Sign::Join => measures.joins,
            Sign::Unwanted => measures.senders,
        });
        let is_spread = all >= measure.saturating_mul(limits::RAID_FLEET_TIMES)
            && here.saturating_mul(limits::RAID_FLEET_TIMES) >= measure;
        if measure > 0 && (here >= measure || is_spread) { Seen::Burst } else { Seen::Calm }
    }

    /// What was counted in a chat in the last minute.
    pub fn count(&mut self, chat: ChatId, now_ms: u64) -> Count {
        self.forget_old(now_ms);
        self.chats.get(&chat).copied().unwrap_or_default()
    }

    fn forget_old(&mut self, now_ms: u64) {
        while self.order.front().is_some_and(|oldest| now_ms.saturating_sub(oldest.at_ms) >= limits::RAID_WINDOW_MS) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(Noted { chat, sign, who, .. }) = self.order.pop_front() else { return };
        self.known.remove(&(chat, sign, who));
        if let Some(count) = self.chats.get_mut(&chat) {
            let of_sign = count.of(sign);
            *of_sign = of_sign.saturating_sub(1);
            if *count == Count::default() {
                self.chats.remove(&chat);
            }
        }
        if let Some(places) = self.fleet.get_mut(&(sign, who)) {
            *places = places.saturating_sub(1);
            if *places == 0 {
                self.fleet.remove(&(sign, who));
                let all = self.all.of(sign);
                *all = all.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURES: Measures = Measures { joins: 30, senders: 10 };
    const CHAT: ChatId = ChatId(-1);

    #[test]
    fn as_many_as_the_measure_in_one_minute_are_a_burst_and_over_two_minutes_are_none() {
        let mut bursts = Bursts::default();
        for who in 0..29 {
            assert_eq!(bursts.note(CHAT, Sign::Join, who, MEASURES, 1_000), Seen::Calm, "{who}");
        }
        assert_eq!(bursts.note(CHAT, Sign::Join, 29, MEASURES, 60_999), Seen::Burst);
        assert_eq!(bursts.note(CHAT, Sign::Join, 30, MEASURES, 61_000), Seen::Calm);
        assert_eq!(bursts.count(CHAT, 61_000).joins, 2);
        assert_eq!(bursts.count(CHAT, 200_000), Count::default());
        assert!(bursts.known.is_empty() && bursts.fleet.is_empty() && bursts.all == Count::default());
    }

    #[test]
    fn one_sender_who_writes_a_hundred_times_is_one() {
        let mut bursts = Bursts::default();
        for at in 0..100 {
            assert_eq!(bursts.note(CHAT, Sign::Unwanted, 7, MEASURES, at), Seen::Calm);
        }
        assert_eq!(bursts.count(CHAT, 100).senders, 1);
    }

    #[test]
    fn many_accounts_with_one_message_each_over_many_groups_are_seen() {
        let mut bursts = Bursts::default();
        let mut raided = 0;
        for who in 0..64 {
            let seen = bursts.note(ChatId(-1 - who % 16), Sign::Unwanted, who, MEASURES, 10);
            raided += usize::from(seen == Seen::Burst);
            assert!(seen == Seen::Calm || who >= 39, "40 are four times the measure");
        }
        assert_eq!(raided, 25, "each of them is at least the third of its chat, and the measure's quarter is 2.5");
        let calm = bursts.note(ChatId(-99), Sign::Unwanted, 99, MEASURES, 10);
        assert_eq!(calm, Seen::Calm, "a chat with less than a quarter is not raided");
    }

    #[test]
    fn one_account_in_many_groups_is_one_over_all_of_them() {
        let mut bursts = Bursts::default();
        for chat in 0..100 {
            bursts.note(ChatId(-1 - chat), Sign::Unwanted, 7, MEASURES, 0);
        }
        assert_eq!(bursts.all.senders, 1);
    }

    #[test]
    fn a_measure_of_nothing_is_never_reached() {
        let mut bursts = Bursts::default();
        let never = Measures { joins: 0, senders: 0 };
        assert!((0..500).all(|who| bursts.note(CHAT, Sign::Join, who, never, 0) == Seen::Calm));
    }

    #[test]
    fn no_more_signs_and_chats_are_counted_than_there_is_room_for() {
        let mut bursts = Bursts::default();
        for who in 0..10_000 {
            bursts.note(ChatId(-1 - who), Sign::Join, who, MEASURES, 0);
            bursts.note(CHAT, Sign::Unwanted, who, MEASURES, 0);
        }
        assert!(bursts.order.len() <= limits::RAID_SIGNS_MAX && bursts.chats.len() <= limits::RAID_CHATS_MAX);
        assert!(bursts.known.len() == bursts.order.len() && bursts.fleet.len() <= bursts.order.len());
    }
}
