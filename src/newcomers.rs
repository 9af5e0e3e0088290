//! Who joined of late, and how much they have written since.
//!
//! Promises: at most `limits::NEWCOMERS_KEPT`; who is not among them is not known, and no rule takes the unknown for new.
//!
//! Never: a clock. The time is given. Nothing here outlives the process.

use crate::clock::Monotonic;
use crate::limits;
use crate::message::{ChatId, UserId};
use std::collections::{BTreeMap, VecDeque};

/// The newcomers of all chats.
#[derive(Debug, Default)]
pub struct Newcomers {
    known: BTreeMap<(ChatId, UserId), Since>,
    order: VecDeque<(ChatId, UserId)>,
}

#[derive(Clone, Copy, Debug)]
struct Since {
    joined: Monotonic,
    messages: u64,
}

/// What is known of a newcomer when a message arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Seconds since they joined.
    pub age_s: u64,
    /// Messages they wrote before this one.
    pub messages: u64,
}

impl Newcomers {
    /// Somebody joined. Who left and came back is new again.
    pub fn joined(&mut self, chat: ChatId, user: UserId, now: Monotonic) {
        if self.known.insert((chat, user), Since { joined: now, messages: 0 }).is_none() {
            self.order.push_back((chat, user));
        }
        if self.order.len() > limits::NEWCOMERS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Somebody wrote. `None` when nothing is known of them.
    pub fn wrote(&mut self, chat: ChatId, user: UserId, now: Monotonic) -> Option<Newcomer> {
        let since = self.known.get_mut(&(chat, user))?;
        let newcomer = Newcomer { age_s: now.since_ms(since.joined) / 1_000, messages: since.messages };
        since.messages = since.messages.saturating_add(1);
        Some(newcomer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(-1);

    #[test]
    fn who_joined_is_known_with_age_and_messages_and_others_are_not() {
        let mut newcomers = Newcomers::default();
        newcomers.joined(CHAT, UserId(7), Monotonic(1_000));
        for messages in 0..3 {
            let known = newcomers.wrote(CHAT, UserId(7), Monotonic(61_000));
            assert_eq!(known, Some(Newcomer { age_s: 60, messages }));
        }
        assert_eq!(newcomers.wrote(CHAT, UserId(8), Monotonic(61_000)), None);
        assert_eq!(newcomers.wrote(ChatId(-2), UserId(7), Monotonic(61_000)), None);
        newcomers.joined(CHAT, UserId(7), Monotonic(90_000));
        assert_eq!(newcomers.wrote(CHAT, UserId(7), Monotonic(90_000)), Some(Newcomer { age_s: 0, messages: 0 }));
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut newcomers = Newcomers::default();
        for user in 0..=i64::try_from(limits::NEWCOMERS_KEPT).unwrap_or(0) {
            newcomers.joined(CHAT, UserId(user), Monotonic(0));
        }
        assert_eq!(newcomers.known.len(), limits::NEWCOMERS_KEPT);
        assert_eq!(newcomers.wrote(CHAT, UserId(0), Monotonic(0)), None);
        assert!(newcomers.wrote(CHAT, UserId(1), Monotonic(0)).is_some());
    }
}
