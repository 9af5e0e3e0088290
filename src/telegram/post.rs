//! A message as the Bot API sends it, and what it means: every place where text hides, and who sent it.
//!
//! Promises: unknown fields and kinds are passed over; a missing one has its default.

use super::update::{Person, Standing, What};
use super::wire::{ChatMember, User};
use crate::message::{
    AlbumId, ChatId, ChatKind, Media, Message, MessageId, Provenance, Revision, Sender, SurfaceKind, UserId, fnv1a,
};
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
    kind: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
struct MemberChange {
    chat: Chat,
    old_chat_member: Option<ChatMember>,
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
    #[serde(default, rename = "type")]
    kind: EntityKind,
    #[serde(default)]
    url: String,
}

/// What a stretch of text is marked as; most marks mean nothing here.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum EntityKind {
    CustomEmoji,
    #[default]
    #[serde(other)]
    Plain,
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
    pub fn what(self) -> What {
        if let Some(post) = self.message.or(self.edited_message) {
            return post.what(Feed::Group);
        }
        if let Some(post) = self.channel_post.or(self.edited_channel_post) {
            return post.what(Feed::Channel);
        }
        if let Some(change) = self.my_chat_member {
            let title =
                Some(change.chat.title).filter(|title| !title.is_empty()).map(|title| super::wire::title(&title));
            return What::OwnStanding { chat: ChatId(change.chat.id), title };
        }
        if let Some(change) = self.chat_member {
            let standing = match change.new_chat_member.status.as_str() {
                "creator" | "administrator" => Standing::Administrator,
                _ => Standing::Other,
            };
            let user = UserId(change.new_chat_member.user.id);
            let was_out = change.old_chat_member.is_some_and(|old| matches!(old.status.as_str(), "left" | "kicked"));
            if was_out && matches!(change.new_chat_member.status.as_str(), "member" | "restricted") {
                return What::Joined { chat: ChatId(change.chat.id), who: Person { user, ..Person::default() } };
            }
            return What::Administrator { chat: ChatId(change.chat.id), user, standing };
        }
        if let Some(request) = self.chat_join_request {
            let who = Person { user: UserId(request.from.id), ..Person::default() };
            return What::JoinRequest { chat: ChatId(request.chat.id), who, bio: String::new() };
        }
        if let Some(press) = self.callback_query {
            let message = press.message.map(|message| (ChatId(message.chat.id), MessageId(message.message_id)));
            return What::Callback { id: press.id, who: Person::default(), message, words: String::new() };
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
        message.custom_emoji = message.custom_emoji.saturating_add(u16::from(entity.kind == EntityKind::CustomEmoji));
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
    use crate::telegram::wire::update;

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
    fn a_join_is_told_from_a_change_of_rank() {
        let update = |old: &str, new: &str| {
            let text = format!(
                r#"{{"update_id":1,"chat_member":{{"chat":{{"id":-5,"type":"supergroup"}},"from":{{"id":7,"is_bot":false,"first_name":"a"}},"date":1,"old_chat_member":{{"status":"{old}","user":{{"id":7,"is_bot":false,"first_name":"a"}}}},"new_chat_member":{{"status":"{new}","user":{{"id":7,"is_bot":false,"first_name":"a"}}}}}}}}"#
            );
            crate::telegram::update::read(&text).expect("an update").what
        };
        let joined = What::Joined { chat: ChatId(-5), who: Person { user: UserId(7), ..Person::default() } };
        assert_eq!(update("left", "member"), joined);
        assert_eq!(update("kicked", "restricted"), joined);
        assert_ne!(update("left", "administrator"), joined);
        assert_ne!(update("administrator", "member"), joined);
        assert_ne!(update("member", "left"), joined);
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
