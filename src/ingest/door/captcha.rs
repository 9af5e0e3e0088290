//! Who was asked to press a button, and is removed when they do not.
//!
//! Promises: the removal stands in the outbox from the moment they are asked, so that it comes whatever happens to the
//! appliance. Who pressed, left, or was dealt with otherwise is removed no longer. At most `limits::CAPTCHAS_MAX` wait; a
//! further newcomer is not asked.
//!
//! Never: a removal of somebody who was banned meanwhile: it would let them come back.

use super::{Door, sender_of};
use crate::clock::{Now, Wall};
use crate::limits;
use crate::message::{ChatId, MessageId, Sender, TraceId, UserId};
use crate::press::{Button, Press};
use crate::settle::House;
use crate::store::Tick;
use crate::store::records::{Detail, OutboxKey, OutboxRow};
use crate::telegram::update::Person;
use crate::text::one_line;
use crate::verdict::ActionKind;
use crate::words::Phrase;
use std::collections::BTreeMap;

/// A removal that waits for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// What its row is about.
    kick: MessageId,
    due: Wall,
}

/// Remembers a stored row, when it is such a removal.
pub(super) fn take_up(waiting: &mut BTreeMap<(ChatId, UserId), Waiting>, row: &OutboxRow) {
    if let (ActionKind::Kick, Detail::Captcha, Sender::Member(user)) = (row.key.action, &row.detail, row.target) {
        waiting.insert((row.key.chat, user), Waiting { kick: row.key.message, due: row.not_before });
    }
}

impl Door {
    /// Asks somebody who joined to show that they are human: they may not write, are told how to, and are removed when their
    /// time is over. Not when they are asked already, or too many are.
    pub(super) fn ask(
        &mut self,
        chat: ChatId,
        who: &Person,
        house: &House<'_>,
        trace: TraceId,
        now: Now,
        tick: &mut Tick,
    ) {
        if self.waiting.contains_key(&(chat, who.user)) {
            return;
        }
        if self.waiting.len() >= limits::CAPTCHAS_MAX {
            // Whose time is over is on the way out, or gone without a word.
            self.waiting.retain(|_, waiting| waiting.due > now.wall);
        }
        if self.waiting.len() >= limits::CAPTCHAS_MAX {
            return;
        }
        let (manners, message) = (house.manners, MessageId::of_none(trace.0));
        let due = Wall(now.wall.0.saturating_add(u64::from(manners.captcha_s).saturating_mul(1_000)));
        self.waiting.insert((chat, who.user), Waiting { kick: message, due });
        let target = sender_of(who);
        let row = |action, target| OutboxRow::new(OutboxKey { chat, message, action }, target, now.wall, trace);
        let name = Some(one_line(&who.name, limits::NAME_BYTES_MAX)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| who.user.0.to_string());
        let text = manners.language.say(Phrase::CaptchaAsk, &[&name, &manners.language.length(manners.captcha_s)]);
        let press = Press::Human { user: who.user, kick: message };
        let buttons = vec![Button { label: manners.language.say(Phrase::ButtonHuman, &[]), press }];
        let said = Detail::Said { topic: None, expires_s: manners.captcha_s, buttons };
        let seconds = limits::CAPTCHA_MUTE_S;
        tick.orders.push(OutboxRow { seconds, ..row(ActionKind::Mute, target) });
        tick.orders.push(OutboxRow { text, detail: said, ..row(ActionKind::Notify, target) });
        tick.orders.push(OutboxRow { not_before: due, detail: Detail::Captcha, ..row(ActionKind::Kick, target) });
    }

    /// Somebody left, or was removed. What waits for them is taken back, unless its time is over: then it may be what removed
    /// them, and harms nobody.
    pub fn left(&mut self, chat: ChatId, user: UserId, now: Now, tick: &mut Tick) {
        if let Some(waiting) = self.waiting.remove(&(chat, user))
            && waiting.due > now.wall
        {
            tick.dropped.push(OutboxKey { chat, message: waiting.kick, action: ActionKind::Kick });
        }
    }

    /// A removal was taken back by hand: nobody waits for it any more.
    pub(crate) fn taken_back(&mut self, kick: OutboxKey) {
        self.waiting.retain(|(chat, _), waiting| *chat != kick.chat || waiting.kick != kick.message);
    }

    /// The removal that waits for somebody and is to be taken back, since they are dealt with otherwise.
    pub fn cancel_for(&mut self, chat: ChatId, user: UserId) -> Option<OutboxKey> {
        let waiting = self.waiting.remove(&(chat, user))?;
        Some(OutboxKey { chat, message: waiting.kick, action: ActionKind::Kick })
    }
}
