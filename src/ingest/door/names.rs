//! What administrators are called, so that who may pass for one is told.
//!
//! Promises: at most `limits::ADMIN_NAMES_MAX`; the one learned first is forgotten, and learned again when they write.
//!
//! Never: the name of somebody who is an administrator no longer: the book of chats is asked each time.

use crate::chats::ChatBook;
use crate::likeness::Likeness;
use crate::message::{ChatId, Sender, UserId};
use crate::telegram::update::Person;
use crate::{limits, text};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Default)]
struct Named {
    shown: String,
    name: Likeness,
    username: Likeness,
}

/// The names of administrators of all chats.
#[derive(Debug, Default)]
pub(super) struct AdminNames {
    known: BTreeMap<(ChatId, UserId), Named>,
    order: VecDeque<(ChatId, UserId)>,
}

impl AdminNames {
    fn learn(&mut self, chat: ChatId, who: &Person) {
        let key = (chat, who.user);
        if !self.known.contains_key(&key) {
            self.order.push_back(key);
        }
        let named = self.known.entry(key).or_default();
        if !who.name.is_empty() && who.name != named.shown {
            named.shown.clone_from(&who.name);
            named.name = Likeness::of_name(&who.name);
        }
        if !who.username.is_empty() {
            named.username = Likeness::of_username(&who.username);
        }
        while self.order.len() > limits::ADMIN_NAMES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// The administrator that somebody may pass for.
    pub fn resembled(&self, chat: ChatId, who: &Person, book: &ChatBook) -> Option<String> {
        let mut admins = self.known.range((chat, UserId(i64::MIN))..=(chat, UserId(i64::MAX))).peekable();
        admins.peek()?;
        let (name, username) = (Likeness::of_name(&who.name), Likeness::of_username(&who.username));
        let found = admins.find(|((_, user), admin)| {
            *user != who.user
                && (name.is_like(&admin.name) || username.is_like(&admin.username))
                && book.is_protected(chat, Sender::Member(*user))
        });
        found.map(|(_, admin)| text::one_line(&admin.shown, limits::NAME_BYTES_MAX))
    }

    pub fn moved(&mut self, from: ChatId, to: ChatId) {
        for key in self.order.iter_mut().filter(|(chat, _)| *chat == from) {
            if let Some(named) = self.known.remove(key) {
                key.0 = to;
                self.known.insert(*key, named);
            }
        }
    }
}

impl super::Door {
    /// An administrator is called so. An empty name or user name is not known.
    pub fn learn_admin(&mut self, chat: ChatId, who: &Person) {
        self.names.learn(chat, who);
    }
}
