//! What the dispatcher wants, in values: how fast it may be, the next call, and the call a row asks for.

use crate::clock::{Monotonic, Now};
use crate::limits;
use crate::message::{ChatId, Sender};
use crate::press::{Button, Signer};
use crate::store::Tick;
use crate::store::records::{Detail, NUMBER_MARK, OutboxKey, OutboxRow};
use crate::telegram::Request;
use crate::telegram::request::{Key, Manner};
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
pub(super) fn request_for(chat: ChatId, row: &OutboxRow, signer: &Signer, now: Now) -> Option<Request> {
    // From when it was asked for, so that a call that is repeated asks for the same. Under 30 seconds or over 366 days from now
    // means for ever to Telegram, so what would end sooner ends as soon as it can.
    let until_s = (row.seconds > 0).then(|| {
        let seconds = u64::from(row.seconds.min(limits::UNTIL_MAX_S));
        let asked_s = row.received.max(row.not_before).seconds();
        let soonest_s = now.wall.seconds().saturating_add(u64::from(limits::UNTIL_MIN_S));
        let latest_s = now.wall.seconds().saturating_add(u64::from(limits::UNTIL_MAX_S));
        asked_s.saturating_add(seconds).clamp(soonest_s, latest_s)
    });
    let OutboxKey { message, action, .. } = row.key;
    Some(match (action, row.target) {
        (ActionKind::Delete | ActionKind::Clean, _) => Request::DeleteOne { chat, message },
        (ActionKind::Mute, Sender::Member(user) | Sender::Bot(user)) => Request::Mute { chat, user, until_s },
        (ActionKind::Ban, Sender::Member(user) | Sender::Bot(user)) => Request::Ban { chat, user, until_s },
        (ActionKind::Kick, Sender::Member(user) | Sender::Bot(user)) => Request::Kick { chat, user },
        (ActionKind::Unban, Sender::Member(user) | Sender::Bot(user)) => Request::Unban { chat, user },
        (ActionKind::Unmute, Sender::Member(user) | Sender::Bot(user)) => Request::Unmute { chat, user },
        (ActionKind::Ban, Sender::Channel(channel)) => Request::BanChannel { chat, channel },
        (ActionKind::Unban, Sender::Channel(channel)) => Request::UnbanChannel { chat, channel },
        (ActionKind::Admit, Sender::Member(user) | Sender::Bot(user)) => Request::Admit { chat, user },
        (ActionKind::Decline, Sender::Member(user) | Sender::Bot(user)) => Request::Decline { chat, user },
        _ => return said(chat, row, signer),
    })
}

/// The call for what is said, copied, changed or permitted.
fn said(chat: ChatId, row: &OutboxRow, signer: &Signer) -> Option<Request> {
    let keys = |buttons: &[Button], in_a_row: usize| -> Vec<Vec<Key>> {
        let key = |button: &Button| {
            // A button of a row that the decision's own commit made has no number yet.
            let press = match button.press.decision() {
                Some(0) => button.press.of_decision(row.decision),
                _ => button.press,
            };
            Key { label: button.label.clone(), words: signer.words(chat, press) }
        };
        buttons.chunks(in_a_row).map(|row| row.iter().map(key).collect()).collect()
    };
    let text = row.text.replace(NUMBER_MARK, &row.decision.to_string());
    Some(match (row.key.action, &row.detail) {
        (ActionKind::Warn | ActionKind::Notify, Detail::None) => Request::Say { chat, text, manner: Manner::default() },
        (ActionKind::Warn | ActionKind::Notify, Detail::Said { topic, buttons, .. }) => {
            let manner = Manner { topic: *topic, answers: None, buttons: keys(buttons, 1) };
            Request::Say { chat, text, manner }
        }
        (ActionKind::Card, Detail::Card { buttons, copy }) => {
            let answers = copy.is_real().then_some(*copy);
            Request::Say { chat, text, manner: Manner { topic: None, answers, buttons: keys(buttons, 2) } }
        }
        (ActionKind::Copy, Detail::Copied { from, message }) => Request::Copy { chat, from: *from, message: *message },
        (ActionKind::Edit, Detail::Edited { card, buttons }) => {
            Request::Edit { chat, message: *card, text, buttons: keys(buttons, 2) }
        }
        (ActionKind::Permit, Detail::Rights(rights)) => Request::Permit { chat, rights: *rights },
        _ => return None,
    })
}
