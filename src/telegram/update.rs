//! What arrives: an update's id, and what it means to Aegis.

use crate::message::{ChatId, Message, MessageId, Sender, UpdateId, UserId};

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
    /// A message that begins with a command, to this bot or to nobody in particular. It is also a message to be judged.
    Command(Box<Message>, Box<CommandLine>),
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
        who: Person,
    },
    /// Somebody left, or was removed.
    Left {
        /// The chat.
        chat: ChatId,
        /// Who.
        user: UserId,
    },
    /// A service message about members coming or going.
    Service {
        /// The chat.
        chat: ChatId,
        /// The message.
        message: MessageId,
        /// What it tells.
        what: Told,
    },
    /// Somebody pressed a button. Answered so that the button does not spin.
    Callback {
        /// What to answer to.
        id: String,
        /// Who pressed it.
        who: Person,
        /// The message with the button.
        message: Option<(ChatId, MessageId)>,
        /// What the button carries; empty when it carries nothing, or too much.
        words: String,
    },
    /// Somebody asks to join.
    JoinRequest {
        /// The chat.
        chat: ChatId,
        /// Who.
        who: Person,
        /// What they say of themselves, cut at `limits::NOTICE_BYTES_MAX`.
        bio: String,
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

/// Somebody, as an update shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub user: UserId,
    /// First and last name, cut at `limits::NAME_BYTES_MAX`.
    pub name: String,
    /// Their user name without the `@`; empty for none.
    pub username: String,
    /// What they are.
    pub kind: PersonKind,
}

/// A person or a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PersonKind {
    /// A person.
    #[default]
    Human,
    /// A person who came with restrictions that somebody had set before: no captcha may take those away.
    Restricted,
    /// A bot.
    Bot,
}

/// What a service message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Somebody joined.
    Joined,
    /// Somebody left.
    Left,
}

/// A command as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The text from the `/` on, cut at `limits::COMMAND_BYTES_MAX`.
    pub text: String,
    /// The message it answers to.
    pub replied: Option<Replied>,
}

/// A message that another answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replied {
    /// The message.
    pub message: MessageId,
    /// Who sent it.
    pub sender: Sender,
    /// What they are called, cut at `limits::NAME_BYTES_MAX`.
    pub name: String,
    /// Its album.
    pub album: Option<crate::message::AlbumId>,
    /// Its text or caption, cut at `limits::EXCERPT_BYTES_MAX`; of one of the bot's own messages the end of it, where the
    /// number of a decision stands.
    pub excerpt: String,
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
