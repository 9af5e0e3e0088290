//! What the dispatcher wants, in values: how fast it may be, the next call, and the call a row asks for.

use crate::clock::{Monotonic, Now};
use crate::limits;
use crate::message::{ChatId, Sender};
use crate::store::Tick;
use crate::store::records::{OutboxKey, OutboxRow};
use crate::telegram::Request;
use crate::telegram::request::Manner;
use crate::verdict::ActionKind;

/// How fast the dispatcher may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Calls a second overall; 0 = no limit.
    pub requests_per_second: u32,
    /// Messages a minute to one group; 0 = no limit.
    pub group_messages_per_minute: u32,
    /// Calls under way at once.
    pub calls_in_flight: usize,
}

/// Names a call under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) u64);

/// What the dispatcher wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Make this call, and bring the answer to [`super::outbox::Outbox::answered`].
    Call(Ticket, Request),
    /// Make this durable, then call [`super::outbox::Outbox::marked`].
    Commit(Box<Tick>),
    /// Come back at this time; `None`: when an answer or a new action has come.
    Wait(Option<Monotonic>),
}

/// The call for one row; `None` when the Bot API has none.
pub(super) fn request_for(chat: ChatId, row: &OutboxRow, now: Now) -> Option<Request> {
    // Under 30 seconds or over 366 days means for ever to Telegram, so a short time is lengthened to what it can do.
    let until_s = (row.seconds > 0).then(|| {
        now.wall.seconds().saturating_add(u64::from(row.seconds.clamp(limits::UNTIL_MIN_S, limits::UNTIL_MAX_S)))
    });
    let OutboxKey { message, action, .. } = row.key;
    Some(match (action, row.target) {
        (ActionKind::Delete, _) => Request::DeleteOne { chat, message },
        (ActionKind::Mute, Sender::Member(user) | Sender::Bot(user)) => Request::Mute { chat, user, until_s },
        (ActionKind::Ban, Sender::Member(user) | Sender::Bot(user)) => Request::Ban { chat, user, until_s },
        (ActionKind::Kick, Sender::Member(user) | Sender::Bot(user)) => Request::Kick { chat, user },
        (ActionKind::Unban, Sender::Member(user) | Sender::Bot(user)) => Request::Unban { chat, user },
        (ActionKind::Unmute, Sender::Member(user) | Sender::Bot(user)) => Request::Unmute { chat, user },
        (ActionKind::Ban, Sender::Channel(channel)) => Request::BanChannel { chat, channel },
        (ActionKind::Unban, Sender::Channel(channel)) => Request::UnbanChannel { chat, channel },
        (ActionKind::Warn | ActionKind::Notify, _) => {
            Request::Say { chat, text: row.text.clone(), manner: Manner::default() }
        }
        _ => return None,
    })
}
