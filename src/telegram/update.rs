//! What arrives: an update's id, and what it means to Aegis.

use crate::message::{ChatId, Message, MessageId, UpdateId, UserId};

/// An update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its id.
    pub id: UpdateId,
    /// What it means.
    pub what: What,
}

/// What an update means to Aegis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A message to be judged, new or edited.
    Message(Box<Message>),
    /// A group became a supergroup.
    Moved {
        /// Its id so far.
        from: ChatId,
        /// Its id from now on.
        to: ChatId,
    },
    /// This bot's own standing in a chat changed: its rights must be asked for again.
    OwnStanding {
        /// The chat.
        chat: ChatId,
        /// What it is called, cut at `limits::TITLE_BYTES_MAX`.
        title: Option<String>,
    },
    /// Somebody became an administrator, or is one no longer.
    Administrator {
        /// The chat.
        chat: ChatId,
        /// Who.
        user: UserId,
        /// What they are now.
        standing: Standing,
    },
    /// Somebody joined.
    Joined {
        /// The chat.
        chat: ChatId,
        /// Who.
        user: UserId,
    },
    /// Somebody pressed a button. Answered so that the button does not spin.
    Callback {
        /// What to answer to.
        id: String,
        /// The message with the button.
        message: Option<(ChatId, MessageId)>,
    },
    /// Somebody asks to join.
    JoinRequest {
        /// The chat.
        chat: ChatId,
        /// Who.
        user: UserId,
    },
    /// A reaction.
    Reaction {
        /// The chat.
        chat: ChatId,
    },
    /// A service message, or anything else that needs no decision.
    Nothing,
    /// It could not be read, and why.
    Unreadable(String),
}

/// What somebody is in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its owner or an administrator.
    Administrator,
    /// A member, or somebody who has left.
    Other,
}

/// Reads one update from its JSON; `None` if it has not even an id.
#[must_use]
pub fn read(json: &str) -> Option<Incoming> {
    super::wire::update(json)
}
