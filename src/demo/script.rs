//! What a stand-in plays: the updates, what is expected of each, how fast, how often, and with which faults.
//!
//! Promises: a [`Source`] makes an update when it is asked for it, so a long stream costs no memory; the same source
//! makes the same updates again.
//!
//! Never: a clock. Dates inside updates are the source's.

use super::faults::Faults;
use super::real_limits::RealLimits;
use super::staff::{Rank, StaffMember};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The token a stand-in accepts unless told otherwise.
pub const TOKEN: &str = "4242:demo";

/// What must have become of a message in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Nothing may be done to it or to its sender.
    #[default]
    Stay,
    /// It must be deleted; what happens to its sender is the rules' choice.
    Remove,
    /// It must be deleted and its sender banned.
    RemoveAndBan,
    /// Nobody said; neither a miss nor a mistake.
    Unknown,
}

/// One update, and what is expected of the message in it.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// The fields of the update besides `update_id`, without the outer braces: `"message":{...}`.
    pub fields: String,
    /// The chat of its message; 0 when it has none.
    pub chat: i64,
    /// The message's id; 0 when it has none.
    pub message: i64,
    /// The user, or the channel, that sent it.
    pub sender: i64,
    /// What must become of it. Of several updates of one message the strictest holds.
    pub expected: Expected,
}

impl Scripted {
    /// Takes an update as JSON; its `update_id` is dropped, since the stand-in numbers updates itself. `None` when it
    /// is not an object.
    #[must_use]
    pub fn from_update(update: &Value, expected: Expected) -> Option<Self> {
        let object = update.as_object()?;
        let mut fields = String::new();
        let mut scripted = Self { fields: String::new(), chat: 0, message: 0, sender: 0, expected };
        for (key, value) in object {
            if key == "update_id" {
                continue;
            }
            if !fields.is_empty() {
                fields.push(',');
            }
            fields.push_str(&Value::from(key.as_str()).to_string());
            fields.push(':');
            fields.push_str(&value.to_string());
            let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_i64);
            if let (Some(chat), Some(message)) = (number("/chat/id"), number("/message_id")) {
                scripted.chat = chat;
                scripted.message = message;
                scripted.sender = number("/sender_chat/id").or_else(|| number("/from/id")).unwrap_or(0);
            }
        }
        scripted.fields = fields;
        Some(scripted)
    }

    /// A plain text message in a supergroup.
    #[must_use]
    pub fn text(chat: i64, message: i64, user: i64, text: &str, expected: Expected) -> Self {
        let body = json!({
            "message_id": message, "date": 1_760_000_000_u32,
            "chat": {"id": chat, "type": "supergroup", "title": "Neighbours"},
            "from": {"id": user, "is_bot": false, "first_name": "Kim"}, "text": text,
        });
        Self { fields: format!("\"message\":{body}"), chat, message, sender: user, expected }
    }

    /// The chat, the user and the date of the request to join in it, if it is one.
    pub(super) fn join_request(&self) -> Option<(i64, i64, i64)> {
        let body = self.fields.strip_prefix("\"chat_join_request\":")?;
        let request: Value = serde_json::from_str(body).ok()?;
        let number = |pointer: &str| request.pointer(pointer).and_then(Value::as_i64);
        Some((number("/chat/id")?, number("/from/id")?, number("/date").unwrap_or(0)))
    }

    /// The whole update under a number.
    #[must_use]
    pub fn update(&self, update_id: u32) -> String {
        let comma = if self.fields.is_empty() { "" } else { "," };
        format!("{{\"update_id\":{update_id}{comma}{}}}", self.fields)
    }
}

/// Where updates come from.
pub trait Source: Send {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `n`-th, from 0; `None` past the end. The same `n` always gives the same update.
    fn item(&self, n: usize) -> Option<Scripted>;
}

impl Source for Vec<Scripted> {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn item(&self, n: usize) -> Option<Scripted> {
        self.get(n).cloned()
    }
}

/// How fast updates are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As fast as they are asked for.
    #[default]
    AsPolled,
    /// This many a second, counted from the first poll.
    PerSecond(u32),
}

/// How often each update is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Once, unless it is asked for again.
    #[default]
    Once,
    /// Three times: again under the same number after it was acknowledged, as when the acknowledgement was lost, and
    /// once more under a fresh number.
    Thrice,
}

/// After so many updates the numbers go on from another place, as Telegram does after a quiet week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdJump {
    /// Updates before the jump.
    pub after: usize,
    /// The next number.
    pub to: u32,
}

/// All a stand-in needs to know.
pub struct Script {
    /// The only token it accepts, of the form `number:letters`; the number is the bot's own user id.
    pub token: String,
    /// The updates.
    pub source: Box<dyn Source>,
    /// How fast they are offered.
    pub pace: Pace,
    /// How often each is delivered.
    pub delivery: Delivery,
    /// What goes wrong.
    pub faults: Faults,
    /// The number of the first update.
    pub first_update_id: u32,
    /// Whether the numbers go on elsewhere at some point.
    pub id_jump: Option<IdJump>,
    /// Users who administer every chat that [`Script::staff`] says nothing of. The bot itself always does, but for
    /// [`Script::without_rights`].
    pub admins: Vec<i64>,
    /// The administrators of single chats, with their names.
    pub staff: HashMap<i64, Vec<StaffMember>>,
    /// What the first administrator of each chat is.
    pub first_admin: Rank,
    /// The channel that each of these chats is linked with.
    pub linked: HashMap<i64, i64>,
    /// Chats in which the bot may do nothing.
    pub without_rights: Vec<i64>,
    /// Telegram's own limits, if they are to be kept.
    pub limits: Option<RealLimits>,
    /// Milliseconds between the arrival of a call and its answer, polls not included.
    pub latency_ms: u64,
}

impl Script {
    /// Plays `source` once, as fast as it is polled, with no faults.
    #[must_use]
    pub fn new(source: Box<dyn Source>) -> Self {
        Self {
            token: TOKEN.to_owned(),
            source,
            pace: Pace::default(),
            delivery: Delivery::default(),
            faults: Faults::default(),
            first_update_id: 1_000,
            id_jump: None,
            admins: Vec::new(),
            staff: HashMap::new(),
            first_admin: Rank::default(),
            linked: HashMap::new(),
            without_rights: Vec::new(),
            limits: None,
            latency_ms: 0,
        }
    }
}
