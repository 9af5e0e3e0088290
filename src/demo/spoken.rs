//! What the bot said: the latest messages as they stand now, with their buttons, so that a test can read and press them.
//!
//! Promises: a message keeps its id; one that was deleted stays known as deleted; of more than
//! `limits::DEMO_SPOKEN_MAX` messages the oldest are forgotten, and are then as if they had never been.
//!
//! Never: a message of anybody else.

use super::api::{Button, Keyboard};
use super::ledger::Presence;
use crate::limits;
use std::collections::VecDeque;

/// One message that the bot sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    /// Where.
    pub chat: i64,
    /// The id it was given.
    pub message: i64,
    /// The topic of a forum it was said in.
    pub thread: Option<i64>,
    /// The message it answers.
    pub reply_to: Option<i64>,
    /// The chat and id of the message it is a copy of.
    pub copy_of: Option<(i64, i64)>,
    /// What it says; of a copy, the caption it was given.
    pub text: String,
    /// Its buttons.
    pub keyboard: Keyboard,
    /// When it was said.
    pub at_us: u64,
    /// How often it was changed.
    pub edits: u32,
    /// When it was deleted.
    pub deleted_us: Option<u64>,
}

impl Spoken {
    /// Its buttons, row by row.
    pub fn buttons(&self) -> impl Iterator<Item = &Button> {
        self.keyboard.inline_keyboard.iter().flatten()
    }

    /// The button that says this.
    #[must_use]
    pub fn button(&self, text: &str) -> Option<&Button> {
        self.buttons().find(|button| button.text == text)
    }
}

/// The latest messages of the bot, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Speech {
    said: VecDeque<Spoken>,
    /// Different messages of the bot that were deleted.
    pub deleted: usize,
}

impl Speech {
    /// All that are remembered, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Spoken> {
        self.said.iter()
    }

    /// Those of one chat that are still there, oldest first.
    pub fn standing_in(&self, chat: i64) -> impl DoubleEndedIterator<Item = &Spoken> {
        self.said.iter().filter(move |spoken| spoken.chat == chat && spoken.deleted_us.is_none())
    }

    /// One message, deleted or not.
    #[must_use]
    pub fn get(&self, chat: i64, message: i64) -> Option<&Spoken> {
        self.said.iter().find(|spoken| (spoken.chat, spoken.message) == (chat, message))
    }

    pub(super) fn push(&mut self, spoken: Spoken) {
        while self.said.len() >= limits::DEMO_SPOKEN_MAX {
            self.said.pop_front();
        }
        self.said.push_back(spoken);
    }

    /// A message that is still there, to change it.
    pub(super) fn standing(&mut self, chat: i64, message: i64) -> Option<&mut Spoken> {
        self.said
            .iter_mut()
            .find(|spoken| (spoken.chat, spoken.message) == (chat, message) && spoken.deleted_us.is_none())
    }

    /// Notes a deletion. Says whether the message was there.
    pub(super) fn delete(&mut self, chat: i64, message: i64, now_us: u64) -> Presence {
        let Some(spoken) = self.standing(chat, message) else { return Presence::Gone };
        spoken.deleted_us = Some(now_us);
        self.deleted += 1;
        Presence::There
    }
}
