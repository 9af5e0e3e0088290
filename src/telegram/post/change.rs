//! Who came, went, rose, asked to join or pressed a button.
//!
//! Promises: a restricted member is in the chat or not, as Telegram says it; who rises is told as an administrator, also when
//! they come as one.
//!
//! Never: a guess at what somebody was before, when Telegram does not say it.

use super::Chat;
use super::parts::Words;
use crate::limits;
use crate::message::{ChatId, MessageId, UserId};
use crate::telegram::update::{PersonKind, Standing, What};
use crate::telegram::wire::{self, ChatMember, User};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct MemberChange {
    chat: Chat,
    old_chat_member: Option<ChatMember>,
    new_chat_member: ChatMember,
}

#[derive(Deserialize)]
pub(super) struct JoinRequest {
    chat: Chat,
    from: User,
    #[serde(default)]
    bio: Words,
}

#[derive(Deserialize)]
pub(super) struct Callback {
    id: String,
    from: User,
    message: Option<CallbackMessage>,
    #[serde(default)]
    data: String,
}

/// The message with the button. One that can no longer be looked at has these two all the same.
#[derive(Deserialize)]
struct CallbackMessage {
    chat: Chat,
    message_id: i32,
}

/// Where somebody is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    Outside,
    Unknown,
}

fn place_of(member: &ChatMember) -> Place {
    match member.status.as_str() {
        "creator" | "administrator" | "member" => Place::Inside,
        "restricted" if member.is_member => Place::Inside,
        "restricted" | "left" | "kicked" => Place::Outside,
        _ => Place::Unknown,
    }
}

impl MemberChange {
    pub fn own_standing(self) -> What {
        // Whoever talks to the bot alone may stop it; that is no standing in a group.
        if *self.chat.kind == "private" {
            return What::Nothing;
        }
        let title = Some(self.chat.title).filter(|title| !title.is_empty()).map(|title| wire::title(&title));
        What::OwnStanding { chat: ChatId(self.chat.id), title }
    }

    pub fn what(self) -> What {
        let chat = ChatId(self.chat.id);
        let now = self.new_chat_member;
        let user = UserId(now.user.id);
        if matches!(now.status.as_str(), "creator" | "administrator") {
            return What::Administrator { chat, user, standing: Standing::Administrator };
        }
        let was = self.old_chat_member.as_ref().map_or(Place::Unknown, place_of);
        match (was, place_of(&now)) {
            (Place::Outside, Place::Inside) => {
                let is_restricted = now.status == "restricted";
                let mut who = now.user.person();
                if is_restricted && who.kind == PersonKind::Human {
                    who.kind = PersonKind::Restricted;
                }
                What::Joined { chat, who }
            }
            (Place::Inside, Place::Outside) => What::Left { chat, user },
            _ => What::Administrator { chat, user, standing: Standing::Other },
        }
    }
}

impl JoinRequest {
    pub fn what(self) -> What {
        let bio = wire::start(&self.bio, limits::NOTICE_BYTES_MAX);
        What::JoinRequest { chat: ChatId(self.chat.id), who: self.from.person(), bio }
    }
}

impl Callback {
    pub fn what(self) -> What {
        let message = self.message.map(|message| (ChatId(message.chat.id), MessageId(message.message_id)));
        let words = Some(self.data).filter(|words| words.len() <= limits::PRESS_BYTES_MAX).unwrap_or_default();
        What::Callback { id: self.id, who: self.from.person(), message, words }
    }
}
