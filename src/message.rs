//! A message, as the appliance sees it: every text a reader of the chat would see, and who sent it.
//!
//! Promises: a [`Message`] is bounded (`limits::MESSAGE_TEXT_BYTES_MAX` over all surfaces, `limits::SURFACES_MAX`
//! surfaces); what did not fit is said in [`Message::truncated`]. Ids are 64-bit newtypes.
//!
//! Never: a Bot API type, a clock, a file. The `telegram` floor turns updates into these.

use crate::limits;

/// A chat's id. 64-bit; groups are negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ChatId(pub i64);

/// A user's id. 64-bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct UserId(pub i64);

/// A message's id inside its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct MessageId(pub i32);

impl MessageId {
    /// A number for what is about no message, below zero, where no message's is; the same for the same hash.
    #[must_use]
    pub fn of_none(hash: u64) -> Self {
        Self(-1 - i32::try_from(hash % (1 << 30)).unwrap_or(0))
    }

    /// Whether it names a message.
    #[must_use]
    pub const fn is_real(self) -> bool {
        self.0 > 0
    }
}

/// An update's id: unique at Telegram for a while, and not always rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct UpdateId(pub u32);

/// An album: the messages of one chat that Telegram shows as one post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct AlbumId(pub u64);

/// Follows one update from arrival to effect in logs and records: 16 hexadecimal digits when shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct TraceId(pub u64);

impl std::fmt::Display for TraceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// FNV-1a, 64 bits: the hash that assigns chats to shards and names traces. Not for secrets.
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Mixes a hash, so that each of its bits depends on all: the finisher of SplitMix64. FNV alone mixes its upper bits too
/// little for short texts.
#[must_use]
pub const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

impl ChatId {
    /// The shard of this chat among `shards` (at least 1).
    #[must_use]
    pub fn shard(self, shards: usize) -> usize {
        let shards = u64::try_from(shards.max(1)).unwrap_or(1);
        usize::try_from(fnv1a(&self.0.to_le_bytes()) % shards).unwrap_or(0)
    }
}

/// What sort of chat a message was posted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ChatKind {
    /// One person and the bot.
    Private,
    /// A basic group.
    Group,
    /// A supergroup: the usual place to moderate.
    #[default]
    Supergroup,
    /// A broadcast channel: only its administrators post.
    Channel,
}

/// Who sent a message, as far as the update itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Sender {
    /// A person.
    Member(UserId),
    /// A bot, not this one.
    Bot(UserId),
    /// A channel speaking under its own name; banned as a chat, not as a user.
    Channel(ChatId),
    /// An administrator who posts as the group itself. Never acted on.
    AnonymousAdmin,
    /// The group's linked channel: its automatic forward, or Telegram's own service account. Never acted on.
    LinkedChannel,
    /// Nobody that could be acted on: a service message, or a channel's own post.
    Nobody,
}

impl Sender {
    /// Whether any action against this sender or its messages is ruled out by the kind alone.
    #[must_use]
    pub const fn is_exempt(self) -> bool {
        matches!(self, Self::AnonymousAdmin | Self::LinkedChannel | Self::Nobody)
    }

    /// The number at Telegram; 0 for those without one of their own.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Member(user) | Self::Bot(user) => user.0,
            Self::Channel(chat) => chat.0,
            Self::AnonymousAdmin | Self::LinkedChannel | Self::Nobody => 0,
        }
    }
}

/// Where in a message a piece of text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum SurfaceKind {
    /// The message's own text.
    Text,
    /// The caption of a photo, video or file.
    Caption,
    /// A quoted part of another message.
    Quote,
    /// Text about a reply to a message of another chat.
    ExternalReply,
    /// A poll's question.
    PollQuestion,
    /// One option of a poll.
    PollOption,
    /// A button's label.
    ButtonLabel,
    /// A button's address.
    ButtonUrl,
    /// The address behind a linked text.
    TextLink,
    /// A shared contact's name.
    ContactName,
    /// The name a forward says it came from.
    ForwardOrigin,
    /// The inline bot a message was made with.
    ViaBot,
    /// A sticker set's name.
    StickerSet,
    /// A file's name, or a piece of music's title and artist.
    FileName,
    /// The name or address of a venue, game, invoice or the like.
    Title,
    /// The name under which somebody joins.
    SenderName,
    /// What somebody who asks to join says of themselves.
    Bio,
}

impl SurfaceKind {
    /// The kind in words, as shown to people and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Caption => "caption",
            Self::Quote => "quote",
            Self::ExternalReply => "external_reply",
            Self::PollQuestion => "poll_question",
            Self::PollOption => "poll_option",
            Self::ButtonLabel => "button_label",
            Self::ButtonUrl => "button_url",
            Self::TextLink => "text_link",
            Self::ContactName => "contact_name",
            Self::ForwardOrigin => "forward_origin",
            Self::ViaBot => "via_bot",
            Self::StickerSet => "sticker_set",
            Self::FileName => "file_name",
            Self::Title => "title",
            Self::SenderName => "sender_name",
            Self::Bio => "bio",
        }
    }
}

/// One text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surface {
    /// Where it was found.
    pub kind: SurfaceKind,
    /// The original, as Telegram sent it, possibly cut at the end (then [`Message::truncated`]).
    pub text: String,
}

/// What a message carries besides text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Media {
    /// Nothing but text.
    #[default]
    None,
    /// A photo.
    Photo,
    /// A video, animation or video note.
    Video,
    /// Music or a voice note.
    Audio,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
    /// A poll.
    Poll,
    /// A contact.
    Contact,
    /// Anything else that is not text: a story, game, location, invoice.
    Other,
}

impl Media {
    /// The kind in words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
            Self::Poll => "poll",
            Self::Contact => "contact",
            Self::Other => "other",
        }
    }

    /// The media that [`Media::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::None,
            Self::Photo,
            Self::Video,
            Self::Audio,
            Self::Document,
            Self::Sticker,
            Self::Poll,
            Self::Contact,
            Self::Other,
        ]
        .into_iter()
        .find(|media| media.word() == word)
    }
}

/// Whether a message is as first sent, or was changed later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Revision {
    /// As first sent.
    #[default]
    Original,
    /// Edited; the wall time of the edit in whole seconds.
    Edited(u64),
}

/// Whether a message was forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Provenance {
    /// Written here.
    #[default]
    Own,
    /// Forwarded from elsewhere.
    Forwarded,
}

/// A message to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The chat it was posted in.
    pub chat: ChatId,
    /// The kind of that chat.
    pub chat_kind: ChatKind,
    /// Its id in the chat.
    pub id: MessageId,
    /// The album it is a part of, if any.
    pub album: Option<AlbumId>,
    /// Who sent it.
    pub sender: Sender,
    /// When it was sent, whole seconds since 1970.
    pub sent_s: u64,
    /// Original or edited.
    pub revision: Revision,
    /// Own words or a forward.
    pub provenance: Provenance,
    /// What it carries besides text.
    pub media: Media,
    /// Every text of it.
    pub surfaces: Vec<Surface>,
    /// Whether some text did not fit the bounds.
    pub truncated: Truncation,
    /// How long the sender has been a member, seconds, when known.
    pub member_age_s: Option<u64>,
    /// How many messages of the sender were seen before, when known.
    pub message_count: Option<u64>,
    /// Custom emoji in its texts, as Telegram marks them.
    pub custom_emoji: u16,
    /// What its sender and others did just before.
    pub behaviour: Behaviour,
    /// How well its sender is known here.
    pub trust: Trust,
    /// What its sender is called; at most `limits::NAME_BYTES_MAX`. Not among its texts.
    pub sender_name: String,
    /// The topic of a forum it stands in.
    pub topic: Option<i32>,
}

/// How well a sender is known in a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Trust {
    /// Not known.
    #[default]
    Stranger,
    /// By enough different messages.
    Known,
    /// Somebody vouches for them.
    Approved,
}

/// What was seen just before a message. All zero when nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Times nearly the same text was seen in this chat in the last ten minutes.
    pub repeats_chat: u32,
    /// Times nearly the same text was seen in all chats in the last ten minutes.
    pub repeats_fleet: u32,
    /// Messages of this sender in this chat in the last minute.
    pub sender_rate: u32,
    /// Messages of at most three characters of this sender in this chat in the last minute.
    pub short_rate: u32,
}

/// Whether all of a text fitted its bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Truncation {
    /// All of it is here.
    #[default]
    Whole,
    /// The end was cut.
    Cut,
}

impl Message {
    /// A message with no text, to be filled by [`Message::push`].
    #[must_use]
    pub fn empty(chat: ChatId, id: MessageId, sender: Sender) -> Self {
        Self {
            chat,
            chat_kind: ChatKind::Supergroup,
            id,
            album: None,
            sender,
            sent_s: 0,
            revision: Revision::Original,
            provenance: Provenance::Own,
            media: Media::None,
            surfaces: Vec::new(),
            truncated: Truncation::Whole,
            member_age_s: None,
            message_count: None,
            custom_emoji: 0,
            behaviour: Behaviour::default(),
            trust: Trust::Stranger,
            sender_name: String::new(),
            topic: None,
        }
    }

    /// Adds a text, cut at a character boundary when the message is full. Empty text adds nothing.
    pub fn push(&mut self, kind: SurfaceKind, text: &str) {
        if text.is_empty() {
            return;
        }
        let used: usize = self.surfaces.iter().map(|surface| surface.text.len()).sum();
        let room = limits::MESSAGE_TEXT_BYTES_MAX.saturating_sub(used);
        if self.surfaces.len() >= limits::SURFACES_MAX || room == 0 {
            self.truncated = Truncation::Cut;
            return;
        }
        let cut = floor_char_boundary(text, room);
        if cut < text.len() {
            self.truncated = Truncation::Cut;
        }
        if let Some(kept) = text.get(..cut)
            && !kept.is_empty()
        {
            self.surfaces.push(Surface { kind, text: kept.to_owned() });
        }
    }
}

/// The largest index of `text` that is at most `at` and starts a character.
#[must_use]
pub fn floor_char_boundary(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    (0..=at).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}
