//! Every text of a post, by where it hides.
//!
//! Promises: no place with words is left out; the sender's own words come first, and what is only repeated from elsewhere last.
//!
//! Never: a judgement of them.

use super::parts::{Contact, ExternalReply, NamedFile, Origin, Parts, Poll, Titled};
use super::{Chat, EntityKind, Post};
use crate::message::{Message, SurfaceKind};

/// Puts every text of a post into the message: its own words first, so that a cut takes the least telling.
pub(super) fn fill(message: &mut Message, post: &Post) {
    message.push(SurfaceKind::Text, &post.text);
    message.push(SurfaceKind::Caption, &post.caption);
    for entity in post.entities.iter().chain(post.caption_entities.iter()) {
        message.push(SurfaceKind::TextLink, &entity.url);
        message.custom_emoji = message.custom_emoji.saturating_add(u16::from(entity.kind == EntityKind::CustomEmoji));
    }
    if let Some(rich) = &post.rich_message {
        rich.fill(message);
    }
    for button in post.reply_markup.iter().flat_map(|markup| markup.inline_keyboard.iter().flatten()) {
        // The address stands right behind the label, which is compared with it.
        message.push(SurfaceKind::ButtonLabel, &button.text);
        for url in button.urls() {
            message.push(SurfaceKind::ButtonUrl, url);
        }
        for text in button.says() {
            message.push(SurfaceKind::ButtonLabel, text);
        }
    }
    fill_parts(message, &post.parts());
    if let Some(added) = &post.poll_option_added {
        message.push(SurfaceKind::PollOption, &added.option_text);
    }
    if let Some(added) = &post.checklist_tasks_added {
        fill_titled(message, added);
    }
    fill_quotes(message, post);
    if let Some(bot) = &post.via_bot {
        message.push(SurfaceKind::ViaBot, &bot.username);
    }
    if let Some(origin) = &post.forward_origin {
        fill_origin(message, SurfaceKind::ForwardOrigin, origin);
    }
}

fn fill_parts(message: &mut Message, parts: &Parts<'_>) {
    // The address of a preview may be that of a link in the text, which is read there.
    let url = parts.preview.map_or("", |preview| &preview.url);
    if !message.surfaces.iter().any(|surface| surface.text.contains(url)) {
        message.push(SurfaceKind::TextLink, url);
    }
    if let Some(poll) = parts.poll {
        fill_poll(message, poll);
    }
    if let Some(contact) = parts.contact {
        fill_contact(message, contact);
    }
    for file in parts.files.into_iter().flatten() {
        fill_file(message, file);
    }
    for titled in parts.titled.into_iter().flatten() {
        fill_titled(message, titled);
    }
    for giveaway in parts.giveaways.into_iter().flatten() {
        message.push(SurfaceKind::Title, &giveaway.prize_description);
    }
    if let Some(chat) = parts.story.and_then(|story| story.chat.as_ref()) {
        fill_chat(message, SurfaceKind::Title, chat);
    }
    if let Some(sticker) = parts.sticker {
        message.push(SurfaceKind::StickerSet, &sticker.set_name);
    }
}

fn fill_poll(message: &mut Message, poll: &Poll) {
    message.push(SurfaceKind::PollQuestion, &poll.question);
    message.push(SurfaceKind::PollQuestion, &poll.description);
    for option in poll.options.iter() {
        message.push(SurfaceKind::PollOption, &option.text);
    }
    message.push(SurfaceKind::PollQuestion, &poll.explanation);
    let of_options = poll.options.iter().filter_map(|option| option.media.as_ref());
    for media in poll.media.iter().chain(&poll.explanation_media).chain(of_options) {
        fill_parts(message, &media.parts());
    }
}

fn fill_contact(message: &mut Message, contact: &Contact) {
    let name = format!("{} {}", *contact.first_name, *contact.last_name);
    message.push(SurfaceKind::ContactName, name.trim());
    message.push(SurfaceKind::ContactName, &contact.phone_number);
    message.push(SurfaceKind::ContactName, &contact.vcard);
}

fn fill_file(message: &mut Message, file: &NamedFile) {
    message.push(SurfaceKind::FileName, &file.file_name);
    message.push(SurfaceKind::FileName, &file.title);
    message.push(SurfaceKind::FileName, &file.performer);
}

fn fill_titled(message: &mut Message, titled: &Titled) {
    message.push(SurfaceKind::Title, &titled.title);
    message.push(SurfaceKind::Title, &titled.description);
    message.push(SurfaceKind::Title, &titled.text);
    message.push(SurfaceKind::Title, &titled.address);
    for task in titled.tasks.iter() {
        message.push(SurfaceKind::Title, &task.text);
    }
}

/// A quote from the same chat repeats a message that was judged when it came; a member who quotes spam in order to
/// report it is not its author. Any other quote is the sender's own doing.
fn fill_quotes(message: &mut Message, post: &Post) {
    let elsewhere = post.external_reply.as_ref().filter(|reply| !is_of(reply, post.chat.id));
    if let Some(quote) = &post.quote
        && !is_repeated(post, &quote.text)
    {
        message.push(SurfaceKind::Quote, &quote.text);
    }
    let Some(reply) = elsewhere else { return };
    if let Some(origin) = &reply.origin {
        fill_origin(message, SurfaceKind::ExternalReply, origin);
    }
    if let Some(chat) = &reply.chat {
        fill_chat(message, SurfaceKind::ExternalReply, chat);
    }
    fill_parts(message, &reply.parts());
}

/// Whether an answer is to a message of this chat: one of another topic. Only Telegram says which chat it is.
fn is_of(reply: &ExternalReply, chat: i64) -> bool {
    reply.chat.as_ref().is_some_and(|answered| answered.id == chat)
}

/// Whether a quote repeats a message of this chat. Telegram lets nobody quote what the message does not say, so a quote without
/// its message is of one that is gone by now. A quote that is not in a message that is there is not believed.
fn is_repeated(post: &Post, quote: &str) -> bool {
    match (&post.external_reply, &post.reply_to_message) {
        (Some(reply), _) => is_of(reply, post.chat.id),
        (None, Some(original)) => original.words().is_none_or(|words| words.contains(quote)),
        (None, None) => true,
    }
}

fn fill_origin(message: &mut Message, kind: SurfaceKind, origin: &Origin) {
    message.push(kind, &origin.sender_user_name);
    message.push(kind, &origin.author_signature);
    if let Some(user) = &origin.sender_user {
        message.push(kind, format!("{} {}", *user.first_name, *user.last_name).trim());
        message.push(kind, &user.username);
    }
    for chat in [&origin.sender_chat, &origin.chat].into_iter().flatten() {
        fill_chat(message, kind, chat);
    }
}

fn fill_chat(message: &mut Message, kind: SurfaceKind, chat: &Chat) {
    message.push(kind, &chat.title);
    message.push(kind, &chat.username);
}
