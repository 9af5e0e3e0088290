//! What a post may carry besides its text, as the Bot API sends it: polls, files, places, buttons, answers to posts elsewhere.
//!
//! Promises: a part that is missing or null is empty; what a part says in a form nobody knows is passed over.
//!
//! Never: a judgement of it.

use super::Chat;
use crate::telegram::wire::{OrEmpty, User};
use serde::Deserialize;

/// A text; empty when it is missing or null.
pub(super) type Words = OrEmpty<String>;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Texted {
    pub text: Words,
}

/// Something with an address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Linked {
    pub url: Words,
}

/// An answer to a post of another chat, or of another topic, with what that post carries.
#[derive(Deserialize)]
pub(super) struct ExternalReply {
    pub origin: Option<Origin>,
    pub chat: Option<Chat>,
    poll: Option<Poll>,
    contact: Option<Contact>,
    document: Option<NamedFile>,
    audio: Option<NamedFile>,
    video: Option<NamedFile>,
    animation: Option<NamedFile>,
    game: Option<Titled>,
    venue: Option<Titled>,
    invoice: Option<Titled>,
    checklist: Option<Titled>,
    giveaway: Option<Giveaway>,
    giveaway_winners: Option<Giveaway>,
    sticker: Option<Sticker>,
    story: Option<Story>,
    link_preview_options: Option<Linked>,
}

#[derive(Deserialize)]
pub(super) struct Origin {
    #[serde(default)]
    pub sender_user_name: Words,
    #[serde(default)]
    pub author_signature: Words,
    pub sender_user: Option<User>,
    pub sender_chat: Option<Chat>,
    pub chat: Option<Chat>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Poll {
    pub question: Words,
    pub description: Words,
    pub options: OrEmpty<Vec<PollOption>>,
    pub explanation: Words,
    pub media: Option<PollMedia>,
    pub explanation_media: Option<PollMedia>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PollOption {
    pub text: Words,
    pub media: Option<PollMedia>,
}

/// What is shown beside a poll, its explanation or one of its options.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PollMedia {
    pub link: Option<Linked>,
    document: Option<NamedFile>,
    audio: Option<NamedFile>,
    video: Option<NamedFile>,
    animation: Option<NamedFile>,
    venue: Option<Titled>,
    sticker: Option<Sticker>,
}

/// What somebody added to a poll that is there already.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OptionAdded {
    pub option_text: Words,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Contact {
    pub first_name: Words,
    pub last_name: Words,
    pub phone_number: Words,
    pub vcard: Words,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sticker {
    pub set_name: Words,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NamedFile {
    pub file_name: Words,
    pub title: Words,
    pub performer: Words,
}

/// A game, a venue, an invoice or a checklist.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Titled {
    pub title: Words,
    pub description: Words,
    pub text: Words,
    pub address: Words,
    pub tasks: OrEmpty<Vec<Texted>>,
}

/// A giveaway, or its winners.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Giveaway {
    pub prize_description: Words,
}

#[derive(Deserialize)]
pub(super) struct Story {
    pub chat: Option<Chat>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Keyboard {
    pub inline_keyboard: OrEmpty<Vec<Vec<Button>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Button {
    pub text: Words,
    url: Words,
    login_url: Option<Linked>,
    web_app: Option<Linked>,
    copy_text: Option<Texted>,
    switch_inline_query: Words,
    switch_inline_query_current_chat: Words,
    switch_inline_query_chosen_chat: Option<Query>,
}

/// What a button writes for whoever presses it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Query {
    query: Words,
}

impl Button {
    /// Where it leads.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        let behind = [&self.login_url, &self.web_app].into_iter().flatten().map(|link| link.url.as_str());
        std::iter::once(self.url.as_str()).chain(behind)
    }

    /// What it copies or writes; the label does not show it.
    pub fn says(&self) -> impl Iterator<Item = &str> {
        let copied = self.copy_text.iter().map(|copied| copied.text.as_str());
        let chosen = self.switch_inline_query_chosen_chat.iter().map(|chosen| chosen.query.as_str());
        let here = [&self.switch_inline_query, &self.switch_inline_query_current_chat];
        copied.chain(here.into_iter().map(|query| query.as_str())).chain(chosen)
    }
}

/// The parts of a post, or of what an answer to a post elsewhere shows of it.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub poll: Option<&'a Poll>,
    pub contact: Option<&'a Contact>,
    pub files: [Option<&'a NamedFile>; 4],
    pub titled: [Option<&'a Titled>; 4],
    pub giveaways: [Option<&'a Giveaway>; 2],
    pub sticker: Option<&'a Sticker>,
    pub story: Option<&'a Story>,
    pub preview: Option<&'a Linked>,
}

impl ExternalReply {
    pub fn parts(&self) -> Parts<'_> {
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

impl PollMedia {
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            files: [&self.document, &self.audio, &self.video, &self.animation].map(Option::as_ref),
            titled: [self.venue.as_ref(), None, None, None],
            sticker: self.sticker.as_ref(),
            preview: self.link.as_ref(),
            ..Parts::default()
        }
    }
}
