//! What people ask for in groups: commands and presses, from the update to the durable errand.
//!
//! Promises: an errand is durable before its update is acknowledged; a command that its sender may not use is no errand, and
//! its message is judged like any other. At most `limits::ERRANDS_MAX` wait.
//!
//! Never: an effect. The desk's clerk carries errands out.

use super::Ingest;
use crate::chats::ChatBook;
use crate::clock::Now;
use crate::command;
use crate::message::{ChatId, Message, MessageId, Sender, TraceId, UpdateId};
use crate::shard::Rulebook;
use crate::store::group::{Asked, Errand, Replied};
use crate::telegram::update::{CommandLine, Person, PersonKind};
use std::sync::{Arc, OnceLock};

/// The bot's user name, once Telegram has said it.
pub type OwnName = Arc<OnceLock<String>>;

/// A press that nobody carries out: it only stops spinning.
pub(super) type Idle = String;

impl Ingest {
    /// Knows which commands are addressed to this bot, once its name is known.
    #[must_use]
    pub fn with_name(self, name: OwnName) -> Self {
        Self { own_name: name, ..self }
    }

    /// What a command asks for, if its sender may use it.
    pub(super) fn command(
        &self,
        message: &Message,
        line: CommandLine,
        id: UpdateId,
        (book, rulebook): (&ChatBook, &Rulebook),
        now: Now,
    ) -> Option<Errand> {
        let own_name = self.own_name.get().map_or("", String::as_str);
        let name = command::named(&line.text, own_name)?;
        let chat = book.current(message.chat);
        let is_admin = match message.sender {
            Sender::AnonymousAdmin => true,
            sender @ (Sender::Member(_) | Sender::Bot(_)) => book.is_protected(chat, sender),
            Sender::Channel(_) | Sender::LinkedChannel | Sender::Nobody => false,
        };
        let is_for_everybody = matches!(message.sender, Sender::Member(_)) && name.for_members();
        if !(is_admin || is_for_everybody) {
            return None;
        }
        let replied = line.replied.map(|replied| Replied {
            message: replied.message,
            sender: replied.sender,
            name: replied.name,
            album: replied.album,
            // What the bot itself said is no text of a person: cards are known by it.
            excerpt: if rulebook.may_store(chat) || replied.sender == Sender::Bot(self.own) {
                replied.excerpt
            } else {
                String::new()
            },
        });
        Some(Errand {
            at: now.wall,
            trace: self.trace_of(id),
            chat,
            by: message.sender,
            name: message.sender_name.clone(),
            what: Asked::Command { message: message.id, topic: message.topic, text: line.text, replied },
        })
    }

    /// What a press asks for; what carries no words of ours only stops spinning.
    pub(super) fn press(
        &self,
        press: (String, Person, Option<(ChatId, MessageId)>, String),
        id: UpdateId,
        book: &ChatBook,
        now: Now,
    ) -> Result<Errand, Idle> {
        let (press, who, message, words) = press;
        let Some((chat, message)) = message.filter(|_| !words.is_empty()) else { return Err(press) };
        let by = match who.kind {
            PersonKind::Human | PersonKind::Restricted => Sender::Member(who.user),
            PersonKind::Bot => Sender::Bot(who.user),
        };
        Ok(Errand {
            at: now.wall,
            trace: self.trace_of(id),
            chat: book.current(chat),
            by,
            name: who.name,
            what: Asked::Press { id: press, message, words },
        })
    }

    /// The same update has the same trace when it is delivered again.
    pub(super) fn trace_of(&self, id: UpdateId) -> TraceId {
        TraceId(crate::message::fnv1a(&[self.own.0.to_le_bytes().as_slice(), &id.0.to_le_bytes()].concat()))
    }
}
