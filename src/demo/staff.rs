//! Who administers a chat of the stand-in, and under which name.
//!
//! Promises: nobody is two things in one chat; the first of a list is the owner only when the script says so.
//!
//! Never: the bot itself; the town adds it.

use serde_json::{Value, json};

/// What an administrator is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rank {
    /// One of several.
    #[default]
    Administrator,
    /// The owner.
    Creator,
}

/// Whether an account is a person's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Account {
    /// A person's.
    #[default]
    Person,
    /// A bot's.
    Bot,
}

/// An administrator of a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaffMember {
    /// The user's id.
    pub id: i64,
    /// The first name.
    pub first_name: String,
    /// The last name; empty for none.
    pub last_name: String,
    /// The name after the `@`; empty for none.
    pub username: String,
    /// Whose account it is.
    pub account: Account,
}

impl StaffMember {
    /// A person of this number, with the names a stand-in gives to those it was told nothing about.
    #[must_use]
    pub fn new(id: i64) -> Self {
        Self { id, username: format!("robin_{id}"), ..Self::named(id, "Robin", "Moss") }
    }

    /// A person with this first and last name, and no username.
    #[must_use]
    pub fn named(id: i64, first_name: &str, last_name: &str) -> Self {
        Self { id, first_name: first_name.to_owned(), last_name: last_name.to_owned(), ..Self::default() }
    }

    /// The user as Telegram describes one.
    #[must_use]
    pub fn user(&self) -> Value {
        let mut user = json!({"id": self.id, "is_bot": self.account == Account::Bot, "first_name": self.first_name});
        for (key, name) in [("last_name", &self.last_name), ("username", &self.username)] {
            if let Some(object) = user.as_object_mut().filter(|_| !name.is_empty()) {
                object.insert(key.to_owned(), Value::from(name.as_str()));
            }
        }
        user
    }

    /// The member of a chat as Telegram describes one.
    #[must_use]
    pub fn member(&self, rank: Rank) -> Value {
        match rank {
            Rank::Creator => json!({"status": "creator", "user": self.user(), "is_anonymous": false}),
            Rank::Administrator => administrator(&self.user()),
        }
    }
}

/// Somebody with every right a moderator needs.
pub(super) fn administrator(user: &Value) -> Value {
    json!({
        "status": "administrator", "user": user, "can_be_edited": false, "is_anonymous": false,
        "can_manage_chat": true, "can_delete_messages": true, "can_manage_video_chats": true,
        "can_restrict_members": true, "can_promote_members": false, "can_change_info": true,
        "can_invite_users": true, "can_post_stories": false, "can_edit_stories": false,
        "can_delete_stories": false, "can_pin_messages": true, "can_manage_topics": false,
    })
}
