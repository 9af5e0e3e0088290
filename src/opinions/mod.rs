//! Opinions that were given before: a bounded memory, so that what is posted a hundred times is asked for once.
//!
//! Promises: never more than the bytes it was made with, every byte of a record counted; when full, the opinion that was
//! not used for longest is forgotten. An opinion is given only within its time, by the dates of the messages, in both
//! directions, and one that was once too old never comes back. A friendly opinion answers only the message it was given
//! for ([`Hit::Exact`]): a scam must not hide behind a harmless twin. An unfriendly one also answers texts that are
//! nearly the same and lead to the same places ([`Hit::Near`]), unless a friendly one is as near.
//!
//! Never: a clock, and no text of a message: a key is hashes. It lives in memory; where messages are stored, `journal`
//! stores opinions beside them, and where they are not (`history_messages = 0`) they are gone with the process.

mod key;
mod sketch;
mod waiting;

pub use key::{Ground, Key};
pub use sketch::Sketch;
pub use waiting::{Begun, Ended, Waiting};

use crate::limits;
use crate::message::floor_char_boundary;
use crate::opinion::{Opinion, View};
use std::collections::VecDeque;

/// How a remembered opinion fits a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hit {
    /// It was given for this very message, as far as a reader can tell.
    Exact,
    /// It was given for one that is nearly the same.
    Near,
}

#[derive(Debug)]
struct Record {
    key: Key,
    opinion: Opinion,
    /// The date of the message it was given for, seconds since 1970.
    at_s: u64,
}

impl Record {
    fn bytes(&self) -> usize {
        let reason = match self.opinion.reason.capacity() {
            0 => 0,
            capacity => capacity + limits::ALLOCATION_EXTRA_BYTES,
        };
        LEAST_BYTES + reason
    }
}

/// A record without a reason, with its allocation.
const LEAST_BYTES: usize = size_of::<Record>() + limits::ALLOCATION_EXTRA_BYTES;

/// The memory.
#[derive(Debug)]
pub struct Opinions {
    /// The one used last is at the back. In boxes, so that it takes what it holds, and moving one moves a pointer.
    records: VecDeque<Box<Record>>,
    record_bytes: usize,
    bytes_max: usize,
    ttl_s: u64,
}

impl Opinions {
    /// An empty memory of at most `bytes_max` bytes, for opinions that are good for `ttl_s` seconds, at most
    /// `limits::OPINION_TTL_S_MAX`. One too small for a single record remembers nothing.
    #[must_use]
    pub fn new(bytes_max: usize, ttl_s: u64) -> Self {
        // Room for as many pointers as there can be records, so that the queue never grows.
        let records_max = bytes_max / (LEAST_BYTES + size_of::<Box<Record>>());
        let records = VecDeque::with_capacity(records_max);
        Self { records, record_bytes: 0, bytes_max, ttl_s: ttl_s.min(limits::OPINION_TTL_S_MAX) }
    }

    /// How many opinions are remembered.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.records.len()
    }

    /// Bytes held, on the heap and with what the allocator adds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.queue_bytes().saturating_add(self.record_bytes)
    }

    fn queue_bytes(&self) -> usize {
        match self.records.capacity() {
            0 => 0,
            capacity => capacity * size_of::<Box<Record>>() + limits::ALLOCATION_EXTRA_BYTES,
        }
    }

    /// How long an opinion is good for from now on, seconds; at most `limits::OPINION_TTL_S_MAX`.
    pub fn set_ttl(&mut self, ttl_s: u64) {
        self.ttl_s = ttl_s.min(limits::OPINION_TTL_S_MAX);
    }

    /// The opinion that answers a message of the date `now_s` (seconds since 1970; of an edited one, the edit's), and
    /// how it fits.
    pub fn look(&mut self, key: &Key, now_s: u64) -> Option<(&Opinion, Hit)> {
        self.expire(now_s);
        let (index, hit) = self.find(key, now_s)?;
        // What answers is in use: it goes to the back.
        let record = self.records.remove(index)?;
        self.records.push_back(record);
        self.records.back().map(|record| (&record.opinion, hit))
    }

    /// Remembers an opinion for a message of the date `now_s`, in the place of an earlier one. Its reason is cut at
    /// `limits::OPINION_REASON_BYTES_MAX`.
    pub fn put(&mut self, key: Key, opinion: Opinion, now_s: u64) {
        self.expire(now_s);
        if let Some(index) = self.records.iter().position(|record| record.key.exact() == key.exact()) {
            self.forget(index);
        }
        let Opinion { view, confidence, reason } = opinion;
        let kept = reason.get(..floor_char_boundary(&reason, limits::OPINION_REASON_BYTES_MAX)).unwrap_or_default();
        let opinion = Opinion { view, confidence, reason: kept.to_owned() };
        let record = Box::new(Record { key, opinion, at_s: now_s });
        let wanted = record.bytes();
        let room = self.bytes_max.saturating_sub(self.queue_bytes());
        if wanted > room || self.records.capacity() == 0 {
            return;
        }
        while self.record_bytes.saturating_add(wanted) > room || self.records.len() >= self.records.capacity() {
            self.forget(0);
        }
        self.record_bytes = self.record_bytes.saturating_add(wanted);
        self.records.push_back(record);
    }

    fn forget(&mut self, index: usize) {
        if let Some(record) = self.records.remove(index) {
            self.record_bytes = self.record_bytes.saturating_sub(record.bytes());
        }
    }

    /// Forgets what is too old, so that it stays forgotten should time go back.
    fn expire(&mut self, now_s: u64) {
        let oldest_s = now_s.saturating_sub(self.ttl_s);
        let record_bytes = &mut self.record_bytes;
        self.records.retain(|record| {
            let stays = record.at_s >= oldest_s;
            if !stays {
                *record_bytes = record_bytes.saturating_sub(record.bytes());
            }
            stays
        });
    }

    fn find(&self, key: &Key, now_s: u64) -> Option<(usize, Hit)> {
        let newest_s = now_s.saturating_add(self.ttl_s);
        let mut nearest: Option<(usize, u32, View)> = None;
        for (index, record) in self.records.iter().enumerate().filter(|(_, record)| record.at_s <= newest_s) {
            if record.key.exact() == key.exact() {
                return Some((index, Hit::Exact));
            }
            let Some(shared) = record.key.likeness(key) else { continue };
            // Of two that are as near the friendly one counts.
            let is_nearer = nearest.is_none_or(|(_, most, view)| {
                shared > most || (shared == most && (view == View::Breach || record.opinion.view == View::Fine))
            });
            if is_nearer {
                nearest = Some((index, shared, record.opinion.view));
            }
        }
        let (index, _, view) = nearest?;
        (view == View::Breach).then_some((index, Hit::Near))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{self, LinkLists, Links};
    use crate::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
    use crate::tenant::TenantName;
    use crate::text;

    const SPAM: &str = "Earn a second income from home, no experience needed, write to our manager today";

    fn key(words: &str, policy: u64) -> Key {
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        message.push(SurfaceKind::Text, words);
        let (mut scratch, mut found) = (text::Scratch::default(), Links::default());
        text::fold(&message, &mut scratch);
        links::find(&message, LinkLists::shipped(), &mut found);
        let ground = Ground::new(policy, &TenantName::default(), "no advertising", "small");
        Key::of(&message, scratch.canonical(), &found, &ground)
    }

    fn opinion(view: View) -> Opinion {
        Opinion { view, confidence: 90, reason: "it says so".to_owned() }
    }

    #[test]
    fn an_opinion_answers_its_own_message_within_its_time_and_no_other_policy() {
        let mut opinions = Opinions::new(64 * 1024, 60);
        opinions.put(key(SPAM, 1), opinion(View::Fine), 1_000);
        assert_eq!(opinions.look(&key(SPAM, 1), 1_060).map(|(_, hit)| hit), Some(Hit::Exact));
        assert_eq!(opinions.look(&key(SPAM, 2), 1_000), None);
        assert_eq!(opinions.look(&key(SPAM, 1), 1_061), None);
        assert_eq!(opinions.look(&key(SPAM, 1), 1_000), None, "what was too old never comes back");
    }

    #[test]
    fn only_an_unfriendly_opinion_answers_what_is_nearly_the_same() {
        let varied = key(&format!("{SPAM} 4711"), 1);
        for (view, hit) in [(View::Breach, Some(Hit::Near)), (View::Fine, None)] {
            let mut opinions = Opinions::new(64 * 1024, 60);
            opinions.put(key(SPAM, 1), opinion(view), 1_000);
            assert_eq!(opinions.look(&varied, 1_000).map(|(_, hit)| hit), hit, "{view:?}");
        }
    }

    #[test]
    fn the_memory_never_passes_its_bytes() {
        let mut opinions = Opinions::new(8 * 1024, 60);
        for number in 0..500 {
            opinions.put(key(&format!("text {number}"), number), opinion(View::Breach), 1_000);
            assert!(opinions.bytes() <= 8 * 1024, "{} bytes", opinions.bytes());
        }
        assert!(opinions.entries() > 10 && opinions.entries() < 500);
    }

    #[test]
    fn alike_messages_wait_for_one_call_and_a_friendly_answer_is_not_stretched() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.begin(key(SPAM, 1), 1), Begun::Ask);
        assert_eq!(waiting.begin(key(SPAM, 1), 2), Begun::WaitFor(1));
        assert_eq!(waiting.begin(key(&format!("{SPAM} 4711"), 1), 3), Begun::WaitFor(1));
        let ended = waiting.end(1, Some(View::Fine));
        assert_eq!((ended.answered, ended.ask), (vec![2], vec![3]));
    }
}
