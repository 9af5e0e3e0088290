//! The book of chats: who administers them, what Aegis may do there, and where they moved.
//!
//! Promises: at most `limits::CHATS_MAX` chats; what is known survives a restart (the flow stores each change).
//!
//! Never: a call. The dispatcher asks Telegram; the book remembers the answers.

use crate::clock::{Now, Wall};
use crate::decide::Standing;
use crate::limits;
use crate::message::{ChatId, Sender, UserId};
use crate::store::records::{ChatRecord, Right};
use crate::telegram::{Admin, ChatTrouble};
use std::collections::BTreeMap;

/// What is known about every chat.
#[derive(Clone, Debug, Default)]
pub struct ChatBook {
    chats: BTreeMap<ChatId, Entry>,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    record: ChatRecord,
    seen_ms: u64,
}

impl ChatBook {
    /// The book as it was stored.
    #[must_use]
    pub fn new(stored: Vec<(ChatId, ChatRecord)>) -> Self {
        let entries = stored.into_iter().map(|(chat, record)| (chat, Entry { record, seen_ms: 0 }));
        Self { chats: entries.collect() }
    }

    /// Every chat that has not moved.
    pub fn iter(&self) -> impl Iterator<Item = (ChatId, &ChatRecord)> {
        self.chats.iter().map(|(chat, entry)| (*chat, &entry.record)).filter(|(_, record)| record.moved_to.is_none())
    }

    /// What is known about a chat.
    #[must_use]
    pub fn get(&self, chat: ChatId) -> Option<&ChatRecord> {
        self.chats.get(&chat).map(|entry| &entry.record)
    }

    /// Where a chat is now.
    #[must_use]
    pub fn current(&self, chat: ChatId) -> ChatId {
        self.get(chat).and_then(|record| record.moved_to).unwrap_or(chat)
    }

    fn entry(&mut self, chat: ChatId) -> &mut ChatRecord {
        if !self.chats.contains_key(&chat) && self.chats.len() >= limits::CHATS_MAX {
            let quietest = self.chats.iter().min_by_key(|(_, entry)| entry.seen_ms).map(|(chat, _)| *chat);
            if let Some(quietest) = quietest {
                self.chats.remove(&quietest);
            }
        }
        &mut self.chats.entry(chat).or_default().record
    }

    /// A message of the chat arrived. `true` when the chat was not known.
    pub fn saw(&mut self, chat: ChatId, now: Now) -> bool {
        let new = !self.chats.contains_key(&chat);
        self.entry(chat);
        if let Some(entry) = self.chats.get_mut(&chat) {
            entry.seen_ms = now.mono.0;
        }
        new
    }

    /// The sender's place in the chat, and the bot's own.
    #[must_use]
    pub fn standing(&self, chat: ChatId, sender: Sender) -> Standing {
        let Some(record) = self.get(chat) else { return Standing::Ordinary };
        if Self::protects(record, sender) {
            Standing::Protected
        } else if record.is_watch_only() {
            Standing::WatchOnly
        } else {
            Standing::Ordinary
        }
    }

    /// Whether a sender must not be acted on in a chat.
    #[must_use]
    pub fn is_protected(&self, chat: ChatId, sender: Sender) -> bool {
        self.get(chat).is_some_and(|record| Self::protects(record, sender))
    }

    fn protects(record: &ChatRecord, sender: Sender) -> bool {
        match sender {
            Sender::Member(user) | Sender::Bot(user) => record.admins.contains(&user),
            Sender::Channel(channel) => record.linked == Some(channel),
            Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody => true,
        }
    }

    /// Telegram said who administers a chat.
    pub fn administrators(&mut self, chat: ChatId, admins: &[Admin], own: UserId, now: Wall) -> &ChatRecord {
        let right = |held: Option<bool>| match held {
            Some(true) => Right::Held,
            _ => Right::Missing,
        };
        let own = admins.iter().find(|admin| admin.user == own);
        let record = self.entry(chat);
        record.delete = right(own.map(|admin| admin.may_delete));
        record.restrict = right(own.map(|admin| admin.may_restrict));
        record.admins = admins.iter().map(|admin| admin.user).take(limits::ADMINS_MAX).collect();
        record.facts_at = now;
        if record.delete == Right::Held || record.restrict == Right::Held {
            record.refusals = 0;
        }
        record
    }

    /// Telegram would not say who administers a chat: what was known stays.
    pub fn no_administrators(&mut self, chat: ChatId, now: Wall) -> &ChatRecord {
        let record = self.entry(chat);
        record.facts_at = now;
        record
    }

    /// Telegram said which channel a chat is linked with.
    pub fn linked(&mut self, chat: ChatId, linked: Option<ChatId>) -> &ChatRecord {
        let record = self.entry(chat);
        record.linked = linked;
        record
    }

    /// Somebody became an administrator, or is one no longer. `true` when that was news.
    pub fn administrator(&mut self, chat: ChatId, user: UserId, is_now: Standing) -> bool {
        let record = self.entry(chat);
        let was = record.admins.contains(&user);
        match (was, is_now == Standing::Protected) {
            (false, true) if record.admins.len() < limits::ADMINS_MAX => record.admins.push(user),
            (true, false) => record.admins.retain(|admin| *admin != user),
            _ => return false,
        }
        true
    }

    /// The bot's own standing changed: refusals are forgotten, and the facts are asked for again.
    pub fn own_standing_changed(&mut self, chat: ChatId) -> &ChatRecord {
        let record = self.entry(chat);
        record.facts_at = Wall(0);
        record.refusals = 0;
        record
    }

    /// An action was refused, or went through.
    ///
    /// Returns the record if it changed.
    pub fn trouble(&mut self, chat: ChatId, trouble: ChatTrouble) -> Option<&ChatRecord> {
        let known = self.chats.contains_key(&chat);
        if !known && trouble == ChatTrouble::None {
            return None;
        }
        let record = self.entry(chat);
        let refusals = match trouble {
            ChatTrouble::None => 0,
            ChatTrouble::Rights => record.refusals.saturating_add(1),
            ChatTrouble::Gone => limits::REFUSALS_UNTIL_WATCH_ONLY,
        };
        if refusals == record.refusals {
            return None;
        }
        record.refusals = refusals;
        Some(record)
    }

    /// A chat has a new id. `true` when that was news.
    pub fn moved(&mut self, from: ChatId, to: ChatId) -> bool {
        if from == to || self.get(from).is_some_and(|record| record.moved_to == Some(to)) {
            return false;
        }
        let admins = self.get(from).map(|record| record.admins.clone()).unwrap_or_default();
        self.entry(from).moved_to = Some(to);
        let new = self.entry(to);
        new.admins = admins;
        new.moved_to = None;
        true
    }

    /// How many chats are watched only.
    #[must_use]
    pub fn watch_only(&self) -> u64 {
        u64::try_from(self.iter().filter(|(_, record)| record.is_watch_only()).count()).unwrap_or(u64::MAX)
    }
}
