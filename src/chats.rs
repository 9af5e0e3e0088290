//! The book of chats: who administers them, what Aegis may do there, what they are called, where they moved, and how they
//! stand now.
//!
//! Promises: at most `limits::CHATS_MAX` chats; what is known survives a restart (the flow stores each change), but for how
//! a chat stands now.
//!
//! Never: a call. The dispatcher asks Telegram; the book remembers the answers.

use crate::clock::{Monotonic, Now, Wall};
use crate::decide::Standing;
use crate::limits;
use crate::message::{ChatId, Sender, UserId};
use crate::store::records::{ChatRecord, Right};
use crate::telegram::{Admin, ChatTrouble};
use crate::verdict::Outcome;
use std::collections::BTreeMap;

/// What is known about every chat.
#[derive(Clone, Debug, Default)]
pub struct ChatBook {
    chats: BTreeMap<ChatId, Entry>,
    /// What administrators are called, as Telegram said of late, until somebody takes it.
    names: Vec<(ChatId, UserId, String)>,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    record: ChatRecord,
    seen_ms: u64,
    title: Box<str>,
    /// Whether the chat was asked for its title since the start.
    has_told_of_itself: bool,
    live: Live,
}

/// How a chat stands now: nothing of it outlives the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Actions that wait or are under way, as of the dispatcher's last pulse.
    pub waiting: u64,
    /// When the oldest of them arrived.
    pub oldest: Option<Wall>,
    /// Telegram asked for a pause until then.
    pub paused_until: Monotonic,
    /// Messages judged since the start.
    pub messages: u64,
    /// Of them blocked.
    pub blocked: u64,
    /// Of them unsure.
    pub unsure: u64,
    /// When the last one came; zero for none.
    pub last_message: Wall,
}

impl ChatBook {
    /// The book as it was stored.
    #[must_use]
    pub fn new(stored: Vec<(ChatId, ChatRecord)>) -> Self {
        let entries = stored.into_iter().map(|(chat, record)| (chat, Entry { record, ..Entry::default() }));
        Self { chats: entries.collect(), names: Vec::new() }
    }

    /// The book with the titles that were stored of its chats.
    #[must_use]
    pub fn with_titles(mut self, stored: Vec<(ChatId, String)>) -> Self {
        for (chat, title) in stored {
            if let Some(entry) = self.chats.get_mut(&chat) {
                entry.title = title.into();
            }
        }
        self
    }

    /// What a chat is called; empty when that is not known.
    #[must_use]
    pub fn title(&self, chat: ChatId) -> &str {
        self.chats.get(&chat).map_or("", |entry| &entry.title)
    }

    /// A chat said what it is called, or that it has no name. Returns the title when it is news.
    pub fn learn_title(&mut self, chat: ChatId, title: Option<String>) -> Option<String> {
        self.entry(chat);
        self.tells_nothing_of_itself(chat);
        self.is_called(chat, title?)
    }

    /// A chat is called so. Returns the title when it is news.
    pub fn is_called(&mut self, chat: ChatId, title: String) -> Option<String> {
        self.entry(chat);
        let entry = self.chats.get_mut(&chat).filter(|entry| *title != *entry.title)?;
        entry.title = title.clone().into();
        Some(title)
    }

    /// A chat was asked for its title, or will not say it: it is not asked again until its facts are.
    pub fn tells_nothing_of_itself(&mut self, chat: ChatId) {
        if let Some(entry) = self.chats.get_mut(&chat) {
            entry.has_told_of_itself = true;
        }
    }

    /// Whether a chat was asked for its title and its linked channel since the start.
    #[must_use]
    pub fn has_told_of_itself(&self, chat: ChatId) -> bool {
        self.chats.get(&chat).is_some_and(|entry| entry.has_told_of_itself)
    }

    /// How a chat stands now.
    #[must_use]
    pub fn live(&self, chat: ChatId) -> Live {
        self.chats.get(&chat).map(|entry| entry.live).unwrap_or_default()
    }

    /// Takes over how chats stand at the dispatcher's pulse: chat, actions, the arrival of the oldest, the end of its pause.
    /// Of the others nothing waits.
    pub fn pulse(&mut self, waiting: impl Iterator<Item = (ChatId, u64, Option<Wall>, Monotonic)>) {
        for entry in self.chats.values_mut() {
            (entry.live.waiting, entry.live.oldest, entry.live.paused_until) = (0, None, Monotonic(0));
        }
        for (chat, rows, oldest, paused_until) in waiting {
            if let Some(entry) = self.chats.get_mut(&chat) {
                (entry.live.waiting, entry.live.oldest, entry.live.paused_until) = (rows, oldest, paused_until);
            }
        }
    }

    /// A message of the chat was judged.
    pub fn judged(&mut self, chat: ChatId, outcome: Outcome, now: Now) {
        let Some(entry) = self.chats.get_mut(&chat) else { return };
        let live = &mut entry.live;
        live.messages = live.messages.saturating_add(1);
        live.last_message = now.wall;
        match outcome {
            Outcome::Block => live.blocked = live.blocked.saturating_add(1),
            Outcome::Review => live.unsure = live.unsure.saturating_add(1),
            Outcome::Allow => {}
        }
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

    /// What administrators are called, as Telegram said since this was asked last; at most `limits::ADMIN_NAMES_MAX`.
    pub fn take_names(&mut self) -> Vec<(ChatId, UserId, String)> {
        std::mem::take(&mut self.names)
    }

    /// Telegram said who administers a chat.
    pub fn administrators(&mut self, chat: ChatId, admins: &[Admin], own: UserId, now: Wall) -> &ChatRecord {
        let right = |held: Option<bool>| match held {
            Some(true) => Right::Held,
            _ => Right::Missing,
        };
        let named = admins.iter().filter(|admin| !admin.name.is_empty());
        let room = limits::ADMIN_NAMES_MAX.saturating_sub(self.names.len());
        self.names.extend(named.take(room).map(|admin| (chat, admin.user, admin.name.clone())));
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

    /// Telegram said which channel a chat is linked with. Returns the record if it changed.
    pub fn linked(&mut self, chat: ChatId, linked: Option<ChatId>) -> Option<&ChatRecord> {
        let record = self.entry(chat);
        if record.linked == linked {
            return None;
        }
        record.linked = linked;
        Some(record)
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
        let title: Box<str> = self.title(from).into();
        self.entry(from).moved_to = Some(to);
        let new = self.entry(to);
        new.admins = admins;
        new.moved_to = None;
        if let Some(entry) = self.chats.get_mut(&to) {
            entry.title = title;
        }
        true
    }

    /// How many chats are watched only.
    #[must_use]
    pub fn watch_only(&self) -> u64 {
        u64::try_from(self.iter().filter(|(_, record)| record.is_watch_only()).count()).unwrap_or(u64::MAX)
    }
}
