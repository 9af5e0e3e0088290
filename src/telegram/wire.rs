//! The Bot API's JSON, as far as Aegis reads it, and the few payloads the library does not offer in a usable form.
//!
//! Promises: an answer is read piece by piece, so that one update that cannot be read harms no other. Unknown fields
//! and kinds are passed over. Text hides in many places: [`fill`] reads all of them.

use super::update::{Incoming, Standing, What};
use super::{Admin, CallError, ChatFacts};
use crate::limits;
use crate::message::{
    AlbumId, ChatId, ChatKind, Media, Message, MessageId, Provenance, Revision, Sender, SurfaceKind, UpdateId, UserId,
    floor_char_boundary, fnv1a,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use teloxide::requests::Payload;

/// Telegram's own account, which carries a linked channel's posts into its group.
const SERVICE_ACCOUNT: i64 = 777_000;
/// The account in whose name anonymous administrators write.
const GROUP_ANONYMOUS_BOT: i64 = 1_087_968_824;

#[derive(Deserialize)]
struct Envelope<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

fn open(body: &[u8]) -> Result<&RawValue, CallError> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)
        .map_err(|error| CallError::Lost(format!("not an answer of the Bot API: {error}")))?;
    if envelope.ok {
        return envelope.result.ok_or_else(|| CallError::Lost("an answer without a result".to_owned()));
    }
    let cut = floor_char_boundary(&envelope.description, limits::DESCRIPTION_BYTES_MAX);
    Err(CallError::Refused {
        code: envelope.error_code,
        description: envelope.description.get(..cut).unwrap_or_default().to_owned(),
        retry_after_s: envelope.parameters.as_ref().and_then(|parameters| parameters.retry_after),
        moved_to: envelope.parameters.and_then(|parameters| parameters.migrate_to_chat_id).map(ChatId),
    })
}

/// Whether a body is an answer of the Bot API at all.
pub(super) fn is_envelope(body: &[u8]) -> bool {
    serde_json::from_slice::<Envelope<'_>>(body).is_ok()
}

/// The result in an answer, as JSON.
pub(super) fn result(body: &[u8]) -> Result<Vec<u8>, CallError> {
    open(body).map(|raw| raw.get().as_bytes().to_vec())
}

/// The updates in an answer.
pub(super) fn updates(body: &[u8]) -> Result<Vec<Incoming>, CallError> {
    let raw = open(body)?;
    let pieces: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|error| CallError::Lost(format!("not a list of updates: {error}")))?;
    Ok(pieces.into_iter().filter_map(|piece| update(piece.get())).collect())
}

/// One update; `None` if it has not even an id.
pub(super) fn update(json: &str) -> Option<Incoming> {
    #[derive(Deserialize)]
    struct Id {
        update_id: u32,
    }
    match serde_json::from_str::<Update>(json) {
        Ok(update) => Some(Incoming { id: UpdateId(update.update_id), what: update.what() }),
        Err(error) => {
            let id = serde_json::from_str::<Id>(json).ok()?;
            Some(Incoming { id: UpdateId(id.update_id), what: What::Unreadable(error.to_string()) })
        }
    }
}

/// The id of the first update in the start of an answer that was cut.
pub(super) fn first_update_id(start: &[u8]) -> Option<UpdateId> {
    let key = b"\"update_id\"";
    let at = start.windows(key.len()).position(|window| window == key)?;
    let digits: String = start
        .iter()
        .skip(at.saturating_add(key.len()))
        .map(|byte| char::from(*byte))
        .skip_while(|c| matches!(c, ':' | ' '))
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok().map(UpdateId)
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|error| CallError::Refused {
        code: limits::CODE_ANSWER_UNREADABLE,
        description: format!("an answer that says something else than was asked: {error}"),
        retry_after_s: None,
        moved_to: None,
    })
}

/// Who administers a chat.
pub(super) fn administrators(body: &[u8]) -> Result<Vec<Admin>, CallError> {
    let members: Vec<ChatMember> = read(body)?;
    Ok(members
        .into_iter()
        .take(limits::ADMINS_MAX)
        .map(|member| {
            let owner = member.status == "creator";
            Admin {
                user: UserId(member.user.id),
                may_delete: owner || member.can_delete_messages,
                may_restrict: owner || member.can_restrict_members,
            }
        })
        .collect())
}

/// What a chat says of itself.
pub(super) fn chat_facts(body: &[u8]) -> Result<ChatFacts, CallError> {
    #[derive(Deserialize)]
    struct Full {
        linked_chat_id: Option<i64>,
    }
    read::<Full>(body).map(|full| ChatFacts { linked: full.linked_chat_id.map(ChatId) })
}

/// Whether this bot may read every message of a group.
pub(super) fn reads_all(body: &[u8]) -> Result<Option<bool>, CallError> {
    #[derive(Deserialize)]
    struct Me {
        can_read_all_group_messages: Option<bool>,
    }
    read::<Me>(body).map(|me| me.can_read_all_group_messages)
}

macro_rules! payload {
    ($kind:ident $(<$life:lifetime>)?, $name:literal) => {
        impl $(<$life>)? Payload for $kind $(<$life>)? {
            type Output = ();
            const NAME: &'static str = $name;
        }
    };
}

/// Says a plain sentence: no markup, so that nothing in it can be more than text.
#[derive(Serialize)]
pub(super) struct Say<'a> {
    pub chat_id: i64,
    pub text: &'a str,
    pub disable_notification: bool,
}
payload!(Say<'a>, "SendMessage");

/// Answers a pressed button with nothing.
#[derive(Serialize)]
pub(super) struct AnswerCallback<'a> {
    pub callback_query_id: &'a str,
}
payload!(AnswerCallback<'a>, "AnswerCallbackQuery");

/// Bans; the library's own payload wants a date type of a crate that Aegis does not otherwise need.
#[derive(Serialize)]
pub(super) struct Ban {
    pub chat_id: i64,
    pub user_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_date: Option<u64>,
}
payload!(Ban, "BanChatMember");

/// Mutes; see [`Ban`].
#[derive(Serialize)]
pub(super) struct Mute {
    pub chat_id: i64,
    pub user_id: i64,
    pub permissions: teloxide::types::ChatPermissions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_date: Option<u64>,
}
payload!(Mute, "RestrictChatMember");

#[derive(Deserialize)]
struct Update {
    update_id: u32,
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
    kind: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
struct ChatMember {
    #[serde(default)]
    status: String,
    user: User,
    #[serde(default)]
    can_delete_messages: bool,
    #[serde(default)]
    can_restrict_members: bool,
}

#[derive(Deserialize)]
struct MemberChange {
    chat: Chat,
    new_chat_member: ChatMember,
}

#[derive(Deserialize)]
struct JoinRequest {
    chat: Chat,
    from: User,
}

#[derive(Deserialize)]
struct Callback {
    id: String,
    message: Option<CallbackMessage>,
}

#[derive(Deserialize)]
struct CallbackMessage {
    chat: Chat,
    message_id: i32,
}

#[derive(Deserialize)]
struct Reaction {
    chat: Chat,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct Texted {
    #[serde(default)]
    text: String,
    #[serde(default)]
    caption: String,
}

#[derive(Deserialize)]
struct ExternalReply {
    origin: Option<Origin>,
    chat: Option<Chat>,
    poll: Option<Poll>,
    contact: Option<Contact>,
    document: Option<NamedFile>,
}

#[derive(Deserialize)]
struct Origin {
    #[serde(default)]
    sender_user_name: String,
    #[serde(default)]
    author_signature: String,
    sender_user: Option<User>,
    sender_chat: Option<Chat>,
    chat: Option<Chat>,
}

#[derive(Deserialize)]
struct Poll {
    #[serde(default)]
    question: String,
    #[serde(default)]
    options: Vec<Texted>,
    #[serde(default)]
    explanation: String,
}

#[derive(Deserialize)]
struct Contact {
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    phone_number: String,
    #[serde(default)]
    vcard: String,
}

#[derive(Deserialize)]
struct Sticker {
    #[serde(default)]
    set_name: String,
}

#[derive(Deserialize)]
struct NamedFile {
    #[serde(default)]
    file_name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    performer: String,
}

#[derive(Deserialize)]
struct Titled {
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    tasks: Vec<Texted>,
}

#[derive(Deserialize)]
struct Keyboard {
    #[serde(default)]
    inline_keyboard: Vec<Vec<Button>>,
}

#[derive(Deserialize)]
struct Button {
    #[serde(default)]
    text: String,
    #[serde(default)]
    url: String,
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
    #[serde(default)]
    is_automatic_forward: bool,
    media_group_id: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    caption: String,
    #[serde(default)]
    entities: Vec<Entity>,
    #[serde(default)]
    caption_entities: Vec<Entity>,
    quote: Option<Texted>,
    reply_to_message: Option<Texted>,
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
    story: Option<Empty>,
    paid_media: Option<Empty>,
    dice: Option<Empty>,
    location: Option<Empty>,
    game: Option<Titled>,
    venue: Option<Titled>,
    invoice: Option<Titled>,
    checklist: Option<Titled>,
    giveaway: Option<Giveaway>,
    reply_markup: Option<Keyboard>,
    migrate_to_chat_id: Option<i64>,
    migrate_from_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct Empty {}

#[derive(Deserialize)]
struct Giveaway {
    #[serde(default)]
    prize_description: String,
}

/// Whether an update brought a message of a channel's own feed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Feed {
    Group,
    Channel,
}

impl Update {
    fn what(self) -> What {
        if let Some(post) = self.message.or(self.edited_message) {
            return post.what(Feed::Group);
        }
        if let Some(post) = self.channel_post.or(self.edited_channel_post) {
            return post.what(Feed::Channel);
        }
        if let Some(change) = self.my_chat_member {
            return What::OwnStanding { chat: ChatId(change.chat.id) };
        }
        if let Some(change) = self.chat_member {
            let standing = match change.new_chat_member.status.as_str() {
                "creator" | "administrator" => Standing::Administrator,
                _ => Standing::Other,
            };
            let user = UserId(change.new_chat_member.user.id);
            return What::Administrator { chat: ChatId(change.chat.id), user, standing };
        }
        if let Some(request) = self.chat_join_request {
            return What::JoinRequest { chat: ChatId(request.chat.id), user: UserId(request.from.id) };
        }
        if let Some(press) = self.callback_query {
            let message = press.message.map(|message| (ChatId(message.chat.id), MessageId(message.message_id)));
            return What::Callback { id: press.id, message };
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
        let mut message = Message::empty(chat, MessageId(self.message_id), self.sender(feed));
        message.chat_kind = kind;
        message.album = self.media_group_id.as_deref().map(|id| AlbumId(fnv1a(id.as_bytes())));
        message.sent_s = self.date;
        message.revision = self.edit_date.map_or(Revision::Original, Revision::Edited);
        message.media = self.media();
        if self.forward_origin.is_some() {
            message.provenance = Provenance::Forwarded;
        }
        fill(&mut message, &self);
        if message.surfaces.is_empty() && message.media == Media::None {
            return What::Nothing;
        }
        What::Message(Box::new(message))
    }

    fn sender(&self, feed: Feed) -> Sender {
        let from = self.from.as_ref();
        if feed == Feed::Channel {
            return Sender::Nobody;
        }
        if self.is_automatic_forward || from.is_some_and(|user| user.id == SERVICE_ACCOUNT) {
            return Sender::LinkedChannel;
        }
        if let Some(chat) = &self.sender_chat {
            return if chat.id == self.chat.id { Sender::AnonymousAdmin } else { Sender::Channel(ChatId(chat.id)) };
        }
        match from {
            None => Sender::Nobody,
            Some(user) if user.id == GROUP_ANONYMOUS_BOT => Sender::AnonymousAdmin,
            Some(user) if user.is_bot => Sender::Bot(UserId(user.id)),
            Some(user) => Sender::Member(UserId(user.id)),
        }
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
            Media::None
        }
    }
}

/// Puts every text of a post into the message: its own words first, so that a cut takes the least telling.
fn fill(message: &mut Message, post: &Post) {
    message.push(SurfaceKind::Text, &post.text);
    message.push(SurfaceKind::Caption, &post.caption);
    for entity in post.entities.iter().chain(&post.caption_entities) {
        message.push(SurfaceKind::TextLink, &entity.url);
    }
    for button in post.reply_markup.iter().flat_map(|markup| markup.inline_keyboard.iter().flatten()) {
        message.push(SurfaceKind::ButtonLabel, &button.text);
        message.push(SurfaceKind::ButtonUrl, &button.url);
    }
    if let Some(poll) = &post.poll {
        fill_poll(message, poll);
    }
    fill_quotes(message, post);
    if let Some(contact) = &post.contact {
        fill_contact(message, contact);
    }
    for file in [&post.document, &post.audio, &post.video, &post.animation].into_iter().flatten() {
        message.push(SurfaceKind::FileName, &file.file_name);
        message.push(SurfaceKind::FileName, &file.title);
        message.push(SurfaceKind::FileName, &file.performer);
    }
    for titled in [&post.game, &post.venue, &post.invoice, &post.checklist].into_iter().flatten() {
        message.push(SurfaceKind::Title, &titled.title);
        message.push(SurfaceKind::Title, &titled.description);
        message.push(SurfaceKind::Title, &titled.address);
        for task in &titled.tasks {
            message.push(SurfaceKind::Title, &task.text);
        }
    }
    if let Some(giveaway) = &post.giveaway {
        message.push(SurfaceKind::Title, &giveaway.prize_description);
    }
    if let Some(sticker) = &post.sticker {
        message.push(SurfaceKind::StickerSet, &sticker.set_name);
    }
    if let Some(bot) = &post.via_bot {
        message.push(SurfaceKind::ViaBot, &bot.username);
    }
    if let Some(origin) = &post.forward_origin {
        fill_origin(message, SurfaceKind::ForwardOrigin, origin);
    }
}

fn fill_poll(message: &mut Message, poll: &Poll) {
    message.push(SurfaceKind::PollQuestion, &poll.question);
    for option in &poll.options {
        message.push(SurfaceKind::PollOption, &option.text);
    }
    message.push(SurfaceKind::PollQuestion, &poll.explanation);
}

fn fill_contact(message: &mut Message, contact: &Contact) {
    let name = format!("{} {}", contact.first_name, contact.last_name);
    message.push(SurfaceKind::ContactName, name.trim());
    message.push(SurfaceKind::ContactName, &contact.phone_number);
    message.push(SurfaceKind::ContactName, &contact.vcard);
}

/// A quote from the same chat repeats a message that was judged when it came; a member who quotes spam in order to
/// report it is not its author. Any other quote is the sender's own doing.
fn fill_quotes(message: &mut Message, post: &Post) {
    if let Some(quote) = &post.quote {
        let repeated = post.external_reply.is_none()
            && post
                .reply_to_message
                .as_ref()
                .is_some_and(|original| original.text.contains(&quote.text) || original.caption.contains(&quote.text));
        if !repeated {
            message.push(SurfaceKind::Quote, &quote.text);
        }
    }
    let Some(reply) = &post.external_reply else { return };
    if let Some(origin) = &reply.origin {
        fill_origin(message, SurfaceKind::ExternalReply, origin);
    }
    if let Some(chat) = &reply.chat {
        message.push(SurfaceKind::ExternalReply, &chat.title);
        message.push(SurfaceKind::ExternalReply, &chat.username);
    }
    if let Some(poll) = &reply.poll {
        fill_poll(message, poll);
    }
    if let Some(contact) = &reply.contact {
        fill_contact(message, contact);
    }
    if let Some(document) = &reply.document {
        message.push(SurfaceKind::FileName, &document.file_name);
    }
}

fn fill_origin(message: &mut Message, kind: SurfaceKind, origin: &Origin) {
    message.push(kind, &origin.sender_user_name);
    message.push(kind, &origin.author_signature);
    if let Some(user) = &origin.sender_user {
        message.push(kind, format!("{} {}", user.first_name, user.last_name).trim());
        message.push(kind, &user.username);
    }
    for chat in [&origin.sender_chat, &origin.chat].into_iter().flatten() {
        message.push(kind, &chat.title);
        message.push(kind, &chat.username);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> Message {
        match update(json).expect("an update with an id").what {
            What::Message(message) => *message,
            other => panic!("not a message: {other:?}"),
        }
    }

    fn texts(message: &Message) -> Vec<(SurfaceKind, &str)> {
        message.surfaces.iter().map(|surface| (surface.kind, surface.text.as_str())).collect()
    }

    #[test]
    fn text_is_found_wherever_it_hides() {
        let found = message(
            r#"{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":-100,"type":"supergroup"},"from":{"id":7,"is_bot":false,"first_name":"A"},
            "caption":"cap","photo":[{"file_id":"x"}],"caption_entities":[{"type":"text_link","offset":0,"length":3,"url":"https://a.example"}],
            "quote":{"text":"quo","position":0},"external_reply":{"origin":{"type":"channel","chat":{"id":-5,"type":"channel","title":"Ext"}}},
            "poll":{"question":"ask","options":[{"text":"one"}]},"contact":{"first_name":"Con","last_name":"Tact","phone_number":"+1"},
            "sticker":{"set_name":"set"},"via_bot":{"id":9,"is_bot":true,"first_name":"b","username":"viabot"},
            "forward_origin":{"type":"hidden_user","sender_user_name":"Hidden"},
            "reply_markup":{"inline_keyboard":[[{"text":"push","url":"https://b.example"}]]},"media_group_id":"77"}}"#,
        );
        let expected = [
            (SurfaceKind::Caption, "cap"),
            (SurfaceKind::TextLink, "https://a.example"),
            (SurfaceKind::ButtonLabel, "push"),
            (SurfaceKind::ButtonUrl, "https://b.example"),
            (SurfaceKind::PollQuestion, "ask"),
            (SurfaceKind::PollOption, "one"),
            (SurfaceKind::Quote, "quo"),
            (SurfaceKind::ExternalReply, "Ext"),
            (SurfaceKind::ContactName, "Con Tact"),
            (SurfaceKind::ContactName, "+1"),
            (SurfaceKind::StickerSet, "set"),
            (SurfaceKind::ViaBot, "viabot"),
            (SurfaceKind::ForwardOrigin, "Hidden"),
        ];
        assert_eq!(texts(&found), expected);
        assert_eq!((found.media, found.provenance), (Media::Photo, Provenance::Forwarded));
        assert!(found.album.is_some());
    }

    #[test]
    fn senders_that_are_never_acted_on_are_told_apart() {
        let post = |rest: &str| {
            message(&format!(
                r#"{{"update_id":1,"message":{{"message_id":2,"date":3,"chat":{{"id":-100,"type":"supergroup"}},"text":"x",{rest}}}}}"#
            ))
            .sender
        };
        let channel_bot = r#""from":{"id":136817688,"is_bot":true,"first_name":"Channel"}"#;
        assert_eq!(post(r#""from":{"id":777000,"is_bot":false,"first_name":"Telegram"}"#), Sender::LinkedChannel);
        assert_eq!(
            post(r#""is_automatic_forward":true,"sender_chat":{"id":-5,"type":"channel"}"#),
            Sender::LinkedChannel
        );
        assert_eq!(post(r#""sender_chat":{"id":-100,"type":"supergroup"}"#), Sender::AnonymousAdmin);
        assert_eq!(
            post(&format!(r#"{channel_bot},"sender_chat":{{"id":-5,"type":"channel"}}"#)),
            Sender::Channel(ChatId(-5))
        );
        assert_eq!(
            post(r#""from":{"id":9007199254740993,"is_bot":false,"first_name":"L"}"#),
            Sender::Member(UserId(9_007_199_254_740_993))
        );
    }

    #[test]
    fn a_member_who_quotes_a_message_of_the_same_chat_is_not_its_author() {
        let quoted = message(
            r#"{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":-100,"type":"supergroup"},"from":{"id":7,"is_bot":false,"first_name":"A"},
            "text":"look at this","quote":{"text":"free coins"},"reply_to_message":{"message_id":1,"text":"get free coins now"}}}"#,
        );
        assert_eq!(texts(&quoted), [(SurfaceKind::Text, "look at this")]);
    }

    #[test]
    fn one_update_that_cannot_be_read_harms_no_other_and_keeps_its_id() {
        let body = br#"{"ok":true,"result":[{"update_id":1,"message":{"message_id":"no"}},{"update_id":2,"message":{"message_id":5,"chat":{"id":-1,"type":"group"},"from":{"id":7},"text":"x"}},{"nothing":1},{"update_id":3,"a_kind_of_the_future":{}}]}"#;
        let found = updates(body).expect("the answer is whole");
        let ids: Vec<u32> = found.iter().map(|incoming| incoming.id.0).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert!(matches!(found[0].what, What::Unreadable(_)));
        assert!(matches!(found[1].what, What::Message(_)));
        assert_eq!(found[2].what, What::Nothing);
    }

    #[test]
    fn an_answer_that_was_cut_is_lost_and_not_believed() {
        let body = br#"{"ok":true,"result":true}"#;
        for cut in 0..body.len() {
            assert!(matches!(result(&body[..cut]), Err(CallError::Lost(_))), "{cut}");
        }
    }

    #[test]
    fn a_refusal_tells_its_pause_and_its_new_id() {
        let body = br#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}"#;
        let Err(CallError::Refused { code: 429, retry_after_s: Some(5), .. }) = result(body) else {
            panic!("no pause")
        };
        let body = br#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001}}"#;
        let Err(CallError::Refused { moved_to: Some(ChatId(-1001)), .. }) = result(body) else { panic!("no new id") };
    }

    #[test]
    fn the_id_of_an_update_too_large_to_read_is_found_in_its_start() {
        assert_eq!(first_update_id(br#"{"ok":true,"result":[{"update_id": 815,"message":{"te"#), Some(UpdateId(815)));
        assert_eq!(first_update_id(b"{}"), None);
    }

    #[test]
    fn a_supergroup_that_grew_out_of_a_group_is_told_from_both_sides() {
        let to = update(
            r#"{"update_id":1,"message":{"message_id":1,"chat":{"id":-5,"type":"group"},"migrate_to_chat_id":-1005}}"#,
        );
        let from = update(
            r#"{"update_id":2,"message":{"message_id":1,"chat":{"id":-1005,"type":"supergroup"},"migrate_from_chat_id":-5}}"#,
        );
        for found in [to, from] {
            assert_eq!(found.expect("readable").what, What::Moved { from: ChatId(-5), to: ChatId(-1005) });
        }
    }
}
