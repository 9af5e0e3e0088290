//! Whom something was done about of late in which chat.
//!
//! Promises: at most so many are remembered, and for `limits::BANNED_OF_LATE_MS`; the oldest is forgotten.
//!
//! Never: a promise. Who is forgotten has the same done again, which changes nothing.

use crate::clock::Monotonic;
use crate::limits;
use crate::message::{ChatId, Sender, fnv1a};
use std::collections::{BTreeMap, VecDeque};

/// A sender in a chat, as a hash: users above zero, channels below. None for who is never acted on.
fn key(chat: ChatId, sender: Sender) -> Option<u64> {
    let who = match sender {
        Sender::Member(user) | Sender::Bot(user) => user.0,
        Sender::Channel(channel) => channel.0,
        Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody => return None,
    };
    Some(fnv1a(&[chat.0.to_le_bytes(), who.to_le_bytes()].concat()))
}

/// Senders, by chat.
#[derive(Debug)]
pub struct OfLate {
    known: BTreeMap<u64, Monotonic>,
    order: VecDeque<u64>,
    at_most: usize,
}

impl OfLate {
    /// Nobody yet, and never more than so many.
    #[must_use]
    pub const fn new(at_most: usize) -> Self {
        Self { known: BTreeMap::new(), order: VecDeque::new(), at_most }
    }

    /// Whether it was done about them of late.
    #[must_use]
    pub fn has(&self, chat: ChatId, sender: Sender, now: Monotonic) -> bool {
        let at = key(chat, sender).and_then(|key| self.known.get(&key));
        at.is_some_and(|at| now.since_ms(*at) < limits::BANNED_OF_LATE_MS)
    }

    /// It is done about them now.
    pub fn add(&mut self, chat: ChatId, sender: Sender, now: Monotonic) {
        let Some(key) = key(chat, sender) else { return };
        if self.known.insert(key, now).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.at_most {
            let Some(oldest) = self.order.pop_front() else { return };
            self.known.remove(&oldest);
        }
    }

    /// It was taken back.
    pub fn forget(&mut self, chat: ChatId, sender: Sender) {
        if let Some(key) = key(chat, sender)
            && self.known.remove(&key).is_some()
        {
            self.order.retain(|known| *known != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::UserId;

    #[test]
    fn they_are_remembered_for_a_while_and_the_oldest_are_forgotten_first() {
        let (chat, who) = (ChatId(-1), |user| Sender::Member(UserId(user)));
        let mut late = OfLate::new(3);
        (1..=4).for_each(|user| late.add(chat, who(user), Monotonic(0)));
        assert!(!late.has(chat, who(1), Monotonic(1)) && late.has(chat, who(2), Monotonic(1)));
        assert!(!late.has(ChatId(-2), who(2), Monotonic(1)));
        assert!(!late.has(chat, who(2), Monotonic(limits::BANNED_OF_LATE_MS)));
        late.forget(chat, who(2));
        late.add(chat, who(5), Monotonic(2));
        assert!(!late.has(chat, who(2), Monotonic(3)) && late.has(chat, who(3), Monotonic(3)));
    }
}
