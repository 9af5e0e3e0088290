//! Every text of a post, by where it hides.
//!
//! Promises: no place with words is left out; the sender's own words come first.
//!
//! Never: a judgement of them.

use super::{Contact, EntityKind, Origin, Poll, Post};
use crate::message::{Message, SurfaceKind};

/// Puts every text of a post into the message: its own words first, so that a cut takes the least telling.
pub(super) fn fill(message: &mut Message, post: &Post) {
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
