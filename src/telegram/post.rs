//! A message as the Bot API sends it, and what it means: every place where text hides, and who sent it.
//!
//! Promises: unknown fields and kinds are passed over; a missing one has its default.

mod change;
mod fill;
mod parts;
mod replied;
mod rich;

use super::update::{CommandLine, Told, What};
use super::wire::{self, OrEmpty, User};
use crate::limits;
use crate::message::{
    AlbumId, ChatId, ChatKind, Media, Message, MessageId, Provenance, Revision, Sender, UserId, fnv1a,
};
use crate::text::one_line;
use change::{Callback, JoinRequest, MemberChange};
use parts::{
    Contact, ExternalReply, Giveaway, Keyboard, Linked, NamedFile, OptionAdded, Origin, Parts, Poll, Sticker, Story,
    Texted, Titled, Words,
};
use replied::Original;
use rich::Rich;
use serde::Deserialize;

/// Telegram's own account, which carries a linked channel's posts into its group.
const SERVICE_ACCOUNT: i64 = 777_000;
/// The account in whose name anonymous administrators write.
const GROUP_ANONYMOUS_BOT: i64 = 1_087_968_824;

#[derive(Deserialize)]
pub(super) struct Update {
    pub update_id: u32,
    message: Option<Box<Post>>,
    edited_message: Option<Box<Post>>,
    channel_post: Option<Box<Post>>,
    edited_channel_post: Option<Box<Post>>,
    my_chat_member: Option<MemberChange>,
    chat_member: Option<MemberChange>,
    chat_join_request: Option<JoinRequest>,
    callback_query: Option<Callback>,
    message_reaction: Option<Reaction>,
    message_reaction_count: Option<Reaction>,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
    #[serde(rename = "type", default)]
    kind: Words,
    #[serde(default)]
    title: Words,
    #[serde(default)]
    username: Words,
}

#[derive(Deserialize)]
struct Reaction {
    chat: Chat,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(default, rename = "type")]
    kind: EntityKind,
    #[serde(default)]
    offset: i64,
    #[serde(default)]
    url: Words,
}

/// What a stretch of text is marked as; most marks mean nothing here.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum EntityKind {
    BotCommand,
    CustomEmoji,
    #[default]
    #[serde(other)]
    Plain,
}

#[derive(Deserialize)]
struct Post {
    message_id: i32,
    chat: Chat,
    #[serde(default)]
    date: u64,
    edit_date: Option<u64>,
    from: Option<User>,
    sender_chat: Option<Chat>,
    #[serde(default, rename = "is_automatic_forward")]
    carried: Carried,
    message_thread_id: Option<i32>,
    #[serde(default)]
    is_topic_message: bool,
    media_group_id: Option<String>,
    #[serde(default)]
    text: Words,
    #[serde(default)]
    caption: Words,
    #[serde(default)]
    entities: OrEmpty<Vec<Entity>>,
    #[serde(default)]
    caption_entities: OrEmpty<Vec<Entity>>,
    rich_message: Option<Rich>,
    quote: Option<Texted>,
    reply_to_message: Option<Original>,
    external_reply: Option<ExternalReply>,
    forward_origin: Option<Origin>,
    via_bot: Option<User>,
    poll: Option<Poll>,
    contact: Option<Contact>,
    sticker: Option<Sticker>,
    document: Option<NamedFile>,
    audio: Option<NamedFile>,
    voice: Option<Empty>,
    video: Option<NamedFile>,
    animation: Option<NamedFile>,
    video_note: Option<Empty>,
    photo: Option<Vec<Empty>>,
    story: Option<Story>,
    paid_media: Option<Empty>,
    dice: Option<Empty>,
    location: Option<Empty>,
    game: Option<Titled>,
    venue: Option<Titled>,
    invoice: Option<Titled>,
    checklist: Option<Titled>,
    giveaway: Option<Giveaway>,
    giveaway_winners: Option<Giveaway>,
    link_preview_options: Option<Linked>,
    poll_option_added: Option<OptionAdded>,
    checklist_tasks_added: Option<Titled>,
    reply_markup: Option<Keyboard>,
    new_chat_members: Option<Vec<Empty>>,
    left_chat_member: Option<Empty>,
    migrate_to_chat_id: Option<i64>,
    migrate_from_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct Empty {}

/// Whether Telegram itself carried a post of a linked channel into its group: `is_automatic_forward`.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(from = "bool")]
enum Carried {
    #[default]
    BySomebody,
    ByTelegram,
}

impl From<bool> for Carried {
    fn from(automatic: bool) -> Self {
        if automatic { Self::ByTelegram } else { Self::BySomebody }
    }
}

/// Which of an update's places a message came in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Feed {
    /// A new message of a chat.
    Group,
    /// A changed one.
    Edit,
    /// A message of a channel's own feed, new or changed.
    Channel,
}

impl Update {
    pub fn what(self) -> What {
        let post = (self.message.map(|post| (post, Feed::Group)))
            .or(self.edited_message.map(|post| (post, Feed::Edit)))
            .or(self.channel_post.map(|post| (post, Feed::Channel)))
            .or(self.edited_channel_post.map(|post| (post, Feed::Channel)));
        if let Some((post, feed)) = post {
            return post.what(feed);
        }
        if let Some(change) = self.my_chat_member {
            return change.own_standing();
        }
        if let Some(change) = self.chat_member {
            return change.what();
        }
        if let Some(request) = self.chat_join_request {
            return request.what();
        }
        if let Some(press) = self.callback_query {
            return press.what();
        }
        match self.message_reaction.or(self.message_reaction_count) {
            Some(reaction) => What::Reaction { chat: ChatId(reaction.chat.id) },
            None => What::Nothing,
        }
    }
}

impl Post {
    fn what(self, feed: Feed) -> What {
        let chat = ChatId(self.chat.id);
        if let Some(to) = self.migrate_to_chat_id {
            return What::Moved { from: chat, to: ChatId(to) };
        }
        if let Some(from) = self.migrate_from_chat_id {
            return What::Moved { from: ChatId(from), to: chat };
        }
        let kind = match self.chat.kind.as_str() {
            "private" => return What::Nothing,
            "group" => ChatKind::Group,
            "channel" => ChatKind::Channel,
            _ => ChatKind::Supergroup,
        };
        let message = self.message(kind, feed);
        if message.surfaces.is_empty() && message.media == Media::None {
            return self.told().map_or(What::Nothing, |what| What::Service { chat, message: message.id, what });
        }
        match self.command(&message, feed) {
            Some(command) => What::Command(Box::new(message), Box::new(command)),
            None => What::Message(Box::new(message)),
        }
    }

    fn message(&self, kind: ChatKind, feed: Feed) -> Message {
        let mut message = Message::empty(ChatId(self.chat.id), MessageId(self.message_id), self.sender(feed));
        message.chat_kind = kind;
        message.album = album(self.media_group_id.as_deref());
        message.sent_s = self.date;
        message.revision = self.edit_date.map_or(Revision::Original, Revision::Edited);
        message.media = self.media();
        if self.forward_origin.is_some() {
            message.provenance = Provenance::Forwarded;
        }
        message.sender_name = name_of(self.sender_chat.as_ref(), self.from.as_ref());
        // Replies outside of forums have threads too, which are no topics.
        message.topic = self.message_thread_id.filter(|_| self.is_topic_message);
        fill::fill(&mut message, self);
        message
    }

    /// What a service message tells of members.
    const fn told(&self) -> Option<Told> {
        if self.new_chat_members.is_some() {
            Some(Told::Joined)
        } else if self.left_chat_member.is_some() {
            Some(Told::Left)
        } else {
            None
        }
    }

    /// The command that a new message of a group begins with. What was forwarded, or sent by way of a bot, is not the sender's
    /// own word and orders nothing.
    fn command(&self, message: &Message, feed: Feed) -> Option<CommandLine> {
        let begins = self.text.strip_prefix('/')?.starts_with(|c: char| c.is_ascii_alphanumeric());
        let marked = |entity: &Entity| entity.kind == EntityKind::BotCommand && entity.offset == 0;
        let ordered = feed == Feed::Group
            && message.chat_kind != ChatKind::Channel
            && message.revision == Revision::Original
            && message.provenance == Provenance::Own
            && self.via_bot.is_none()
            && begins
            && (self.entities.is_empty() || self.entities.iter().any(marked));
        ordered.then(|| CommandLine {
            text: wire::start(&self.text, limits::COMMAND_BYTES_MAX),
            replied: self.reply_to_message.as_ref().and_then(|original| original.replied(message)),
        })
    }

    fn sender(&self, feed: Feed) -> Sender {
        if feed == Feed::Channel {
            return Sender::Nobody;
        }
        sender_of(self.chat.id, self.carried, self.sender_chat.as_ref(), self.from.as_ref())
    }

    fn media(&self) -> Media {
        if self.photo.is_some() {
            Media::Photo
        } else if self.video.is_some() || self.animation.is_some() || self.video_note.is_some() {
            Media::Video
        } else if self.audio.is_some() || self.voice.is_some() {
            Media::Audio
        } else if self.document.is_some() {
            Media::Document
        } else if self.sticker.is_some() {
            Media::Sticker
        } else if self.poll.is_some() {
            Media::Poll
        } else if self.contact.is_some() {
            Media::Contact
        } else if self.story.is_some()
            || self.paid_media.is_some()
            || self.dice.is_some()
            || self.location.is_some()
            || self.game.is_some()
            || self.venue.is_some()
            || self.invoice.is_some()
            || self.checklist.is_some()
            || self.giveaway.is_some()
        {
            Media::Other
        } else {
            self.rich_message.as_ref().map_or(Media::None, Rich::media)
        }
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            poll: self.poll.as_ref(),
            contact: self.contact.as_ref(),
            files: [&self.document, &self.audio, &self.video, &self.animation].map(Option::as_ref),
            titled: [&self.game, &self.venue, &self.invoice, &self.checklist].map(Option::as_ref),
            giveaways: [&self.giveaway, &self.giveaway_winners].map(Option::as_ref),
            sticker: self.sticker.as_ref(),
            story: self.story.as_ref(),
            preview: self.link_preview_options.as_ref(),
        }
    }
}

/// Who sent a message of a chat.
fn sender_of(chat: i64, carried: Carried, sender_chat: Option<&Chat>, from: Option<&User>) -> Sender {
    if carried == Carried::ByTelegram || from.is_some_and(|user| user.id == SERVICE_ACCOUNT) {
        return Sender::LinkedChannel;
    }
    if let Some(sender) = sender_chat {
        return if sender.id == chat { Sender::AnonymousAdmin } else { Sender::Channel(ChatId(sender.id)) };
    }
    match from {
        None => Sender::Nobody,
        Some(user) if user.id == GROUP_ANONYMOUS_BOT => Sender::AnonymousAdmin,
        Some(user) if user.is_bot => Sender::Bot(UserId(user.id)),
        Some(user) => Sender::Member(UserId(user.id)),
    }
}

/// What a sender is called where the message is shown: a chat by its title, anybody else by their name.
fn name_of(sender_chat: Option<&Chat>, from: Option<&User>) -> String {
    match (sender_chat, from) {
        (Some(chat), _) => one_line(&chat.title, limits::NAME_BYTES_MAX),
        (None, Some(user)) => user.name(),
        (None, None) => String::new(),
    }
}

fn album(media_group: Option<&str>) -> Option<AlbumId> {
    media_group.map(|id| AlbumId(fnv1a(id.as_bytes())))
}

#[cfg(test)]
mod tests;
