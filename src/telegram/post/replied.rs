//! The message that another answers to, as the Bot API repeats it.
//!
//! Promises: its sender is told as that of any message; what is kept of its text is bounded.
//!
//! Never: the root of a forum's topic for a message that somebody chose to answer to.

use super::parts::Words;
use super::rich::Rich;
use super::{Carried, Chat, Empty, album, name_of, sender_of};
use crate::limits;
use crate::message::{Message, MessageId, Sender};
use crate::telegram::update::Replied;
use crate::telegram::wire::{self, User};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Original {
    message_id: Option<i32>,
    chat: Option<Chat>,
    from: Option<User>,
    sender_chat: Option<Chat>,
    #[serde(default, rename = "is_automatic_forward")]
    carried: Carried,
    media_group_id: Option<String>,
    #[serde(default)]
    text: Words,
    #[serde(default)]
    caption: Words,
    rich_message: Option<Rich>,
    forum_topic_created: Option<Empty>,
}

impl Original {
    /// What it says; `None` when it has no words, or such as are not read here.
    pub fn words(&self) -> Option<&str> {
        let rich = self.rich_message.as_ref().map_or("", |rich| &rich.words);
        [self.text.as_str(), self.caption.as_str(), rich].into_iter().find(|words| !words.is_empty())
    }

    /// What `message` answers to; `None` when it only stands in a topic, whose root every message there answers to.
    pub fn replied(&self, message: &Message) -> Option<Replied> {
        let id = self.message_id.filter(|id| message.topic != Some(*id) && self.forum_topic_created.is_none())?;
        let chat = self.chat.as_ref().map_or(message.chat.0, |chat| chat.id);
        let sender = sender_of(chat, self.carried, self.sender_chat.as_ref(), self.from.as_ref());
        let text = self.words().unwrap_or_default();
        let excerpt = match sender {
            Sender::Bot(_) => end(text, limits::EXCERPT_BYTES_MAX),
            _ => wire::start(text, limits::EXCERPT_BYTES_MAX),
        };
        Some(Replied {
            message: MessageId(id),
            sender,
            name: name_of(self.sender_chat.as_ref(), self.from.as_ref()),
            album: album(self.media_group_id.as_deref()),
            excerpt,
        })
    }
}

/// The last characters of a text that fit into `bytes_max`.
fn end(text: &str, bytes_max: usize) -> String {
    let from = text.len().saturating_sub(bytes_max);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text.get(from..).unwrap_or_default().to_owned()
}
