//! The stand-in's mind: Telegram's side of the Bot API as one value that takes calls and gives answers.
//!
//! Promises: the semantics of `getUpdates` (everything below the offset is confirmed and forgotten, a newer poll ends
//! an older one with 409), of deletion and of bans, in the words Telegram uses; the same calls at the same times give
//! the same answers.
//!
//! Never: a socket or a clock. Time is a parameter, in microseconds since the start.

pub use super::api::{Call, Method, Said, refuse};
use super::api::{accept, too_many};
use super::faults::{Effect, Fault, WindowScope};
use super::ledger::{EarlyCall, JoinAnswer, Ledger, PersonRecord, Presence};
use super::real_limits::{Recent, Window};
use super::script::{Delivery, Pace, Script};
use crate::limits;
use std::collections::{HashMap, VecDeque};

/// How a poll is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// With this JSON.
    Updates(String),
    /// Not yet: nothing before this time, if nobody offers anything.
    WaitUntil(Option<u64>),
    /// 409: another poll came.
    Conflict,
}

/// Says which poll a waiting call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollTicket(u64);

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    update_id: u32,
    item: usize,
    deliveries_left: u8,
    copies_left: u8,
    served: bool,
}

/// The stand-in's state.
pub struct Town {
    pub(super) script: Script,
    pub(super) ledger: Ledger,
    extra: Vec<super::script::Scripted>,
    released: usize,
    copies: VecDeque<usize>,
    pub(super) pending: VecDeque<Entry>,
    next_update_id: u32,
    poll: u64,
    actions: u64,
    windows: HashMap<Window, (u64, u64)>,
    recent: Recent,
    pub(super) sent: i64,
}

impl Town {
    /// A town that nothing has happened in.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self {
            next_update_id: script.first_update_id,
            script,
            ledger: Ledger::default(),
            extra: Vec::new(),
            released: 0,
            copies: VecDeque::new(),
            pending: VecDeque::new(),
            poll: 0,
            actions: 0,
            windows: HashMap::new(),
            recent: Recent::default(),
            sent: 0,
        }
    }

    /// What was seen so far.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The same, to note what the wire sees.
    pub(super) const fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// The token it accepts.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.script.token
    }

    /// Milliseconds to wait before an answer.
    #[must_use]
    pub const fn latency_ms(&self) -> u64 {
        self.script.latency_ms
    }

    /// Adds an update after all others.
    pub fn offer(&mut self, scripted: super::script::Scripted) {
        self.extra.push(scripted);
        self.ledger.drained_us = None;
    }

    /// Updates in all, copies not counted.
    #[must_use]
    pub fn total(&self) -> usize {
        self.script.source.len() + self.extra.len()
    }

    /// Updates that were numbered and put on offer.
    #[must_use]
    pub const fn released(&self) -> usize {
        self.released
    }

    /// Whether every update was handed out and confirmed, as often as the script asks.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.released >= self.total() && self.pending.is_empty() && self.copies.is_empty()
    }

    /// Updates that wait: on offer, or due and not yet asked for.
    #[must_use]
    pub fn waiting(&self, now_us: u64) -> usize {
        let due = match self.script.pace {
            Pace::AsPolled => self.total(),
            Pace::PerSecond(rate) => {
                let begun_us = self.ledger.first_poll_us.unwrap_or(now_us);
                let due = now_us.saturating_sub(begun_us).saturating_mul(u64::from(rate.max(1))) / 1_000_000 + 1;
                let own = self.script.source.len();
                usize::try_from(due).unwrap_or(own).min(own) + self.extra.len()
            }
        };
        self.pending.len() + self.copies.len() + due.saturating_sub(self.released)
    }

    fn item(&self, n: usize) -> Option<super::script::Scripted> {
        let own = self.script.source.len();
        if n < own { self.script.source.item(n) } else { self.extra.get(n - own).cloned() }
    }

    /// A poll comes: the older ones end, what it confirms is forgotten.
    pub fn begin_poll(&mut self, call: &Call, now_us: u64) -> PollTicket {
        self.poll += 1;
        self.ledger.first_poll_us.get_or_insert(now_us);
        self.confirm(call.offset);
        if self.is_drained() {
            self.ledger.drained_us.get_or_insert(now_us);
        }
        PollTicket(self.poll)
    }

    fn confirm(&mut self, offset: i64) {
        let lenient = self.script.id_jump.is_some();
        let mut kept = VecDeque::with_capacity(self.pending.len());
        for mut entry in self.pending.drain(..) {
            if i64::from(entry.update_id) >= offset || (lenient && !entry.served) {
                kept.push_back(entry);
            } else if entry.deliveries_left > 0 {
                entry.deliveries_left -= 1;
                kept.push_back(entry);
            } else if entry.copies_left > 0 {
                self.copies.push_back(entry.item);
            }
        }
        self.pending = kept;
    }

    /// What the poll that holds `ticket` gets now.
    pub fn poll(&mut self, ticket: PollTicket, call: &Call, now_us: u64) -> Polled {
        if ticket.0 != self.poll {
            self.ledger.conflicts += 1;
            return Polled::Conflict;
        }
        let limit = call.limit.unwrap_or(limits::BATCH_UPDATES_MAX).clamp(1, limits::BATCH_UPDATES_MAX);
        let next_due_us = self.release(limit, call.offset, now_us);
        if self.pending.is_empty() {
            return Polled::WaitUntil(next_due_us);
        }
        let mut answer = String::from("{\"ok\":true,\"result\":[");
        let batch: Vec<Entry> = self.pending.iter().take(limit).copied().collect();
        for (place, entry) in batch.iter().enumerate() {
            if place > 0 {
                answer.push(',');
            }
            if let Some(scripted) = self.item(entry.item) {
                answer.push_str(&scripted.update(entry.update_id));
                self.ledger.serve(&scripted, now_us);
                if let Some((chat, user, date)) = scripted.join_request() {
                    self.ledger.asks_to_join(chat, user, date);
                }
            }
        }
        self.pending.iter_mut().take(limit).for_each(|entry| entry.served = true);
        answer.push_str("]}");
        Polled::Updates(answer)
    }

    /// Numbers updates until `limit` are on offer; says when the next is due, if it is not yet.
    fn release(&mut self, limit: usize, offset: i64, now_us: u64) -> Option<u64> {
        let begun_us = self.ledger.first_poll_us.unwrap_or(now_us);
        let mut attempts_left = self.total() + 1;
        while self.pending.len() < limit && attempts_left > 0 {
            attempts_left -= 1;
            if let Some(item) = self.copies.pop_front() {
                self.number(Entry { update_id: 0, item, deliveries_left: 0, copies_left: 0, served: false }, offset);
                continue;
            }
            if self.released >= self.total() {
                return None;
            }
            if let Pace::PerSecond(rate) = self.script.pace
                && self.released < self.script.source.len()
            {
                let nth = u64::try_from(self.released).unwrap_or(u64::MAX);
                let due_us = begun_us.saturating_add(nth.saturating_mul(1_000_000) / u64::from(rate.max(1)));
                if due_us > now_us {
                    return Some(due_us);
                }
            }
            if let Some(jump) = self.script.id_jump
                && jump.after == self.released
            {
                self.next_update_id = jump.to;
            }
            let again = u8::from(self.script.delivery == Delivery::Thrice);
            let item = self.released;
            self.released += 1;
            self.number(
                Entry { update_id: 0, item, deliveries_left: again, copies_left: again, served: false },
                offset,
            );
        }
        None
    }

    /// Gives an update the next number. One that the offset confirms already is forgotten at once, as at Telegram.
    fn number(&mut self, mut entry: Entry, offset: i64) {
        entry.update_id = self.next_update_id;
        self.next_update_id = self.next_update_id.wrapping_add(1).max(1);
        if i64::from(entry.update_id) >= offset || self.script.id_jump.is_some() {
            self.pending.push_back(entry);
        }
    }

    /// A call other than a poll.
    pub fn act(&mut self, method: Method, call: &Call, now_us: u64) -> Said {
        if method.is_action() {
            self.ledger.last_action_us = Some(now_us);
        }
        if let Some(refusal) = self.inside_window(method, call, now_us) {
            return refusal;
        }
        if let Some(limits) = self.script.limits
            && let Err(over) = self.recent.pass(limits, method, call.chat_id, now_us)
        {
            self.ledger.over_limits += 1;
            return self.announce(over.window, over.seconds, now_us);
        }
        if !method.is_action() {
            return self.tell(method, call, now_us);
        }
        let drawn = self.script.faults.draw(self.actions);
        self.actions += 1;
        let Some((fault, effect)) = drawn else {
            return self.carry_out(method, call, now_us);
        };
        *self.ledger.faults.entry(fault.word()).or_default() += 1;
        let done = (effect == Effect::Done).then(|| self.carry_out(method, call, now_us));
        match fault {
            Fault::TooMany => {
                let window = match self.script.faults.scope {
                    WindowScope::Everything => Window::Actions,
                    WindowScope::Chat => Window::ActionsOf(call.chat_id),
                };
                self.announce(window, self.script.faults.retry_after_s, now_us)
            }
            Fault::ServerError => refuse(500, "Internal Server Error"),
            Fault::Hang => Said::Nothing,
            Fault::Drop => Said::Closed,
            Fault::Reset => Said::Reset,
            Fault::Truncate => match done {
                Some(Said::Whole(status, answer)) => Said::Half(status, answer),
                _ => Said::Closed,
            },
        }
    }

    fn announce(&mut self, window: Window, seconds: u64, now_us: u64) -> Said {
        self.windows.insert(window, (now_us, now_us.saturating_add(seconds.saturating_mul(1_000_000))));
        too_many(seconds)
    }

    fn inside_window(&mut self, method: Method, call: &Call, now_us: u64) -> Option<Said> {
        let (from_us, until_us) = Window::of(method, call.chat_id)
            .into_iter()
            .flatten()
            .filter_map(|window| self.windows.get(&window).copied())
            .filter(|(_, until_us)| *until_us > now_us)
            .max_by_key(|(_, until_us)| *until_us)?;
        if now_us.saturating_sub(from_us) <= self.script.faults.grace_ms.saturating_mul(1_000) {
            self.ledger.crossed += 1;
        } else if self.ledger.early.len() < limits::DEMO_LEDGER_ROWS_MAX {
            let (method, chat) = (method.name(), call.chat_id);
            self.ledger.early.push(EarlyCall { method, chat, at_us: now_us, from_us, until_us });
        }
        Some(too_many((until_us - now_us).div_ceil(1_000_000)))
    }

    fn carry_out(&mut self, method: Method, call: &Call, now_us: u64) -> Said {
        if self.script.without_rights.contains(&call.chat_id) {
            return refuse(
                400,
                match method {
                    Method::DeleteMessage | Method::DeleteMessages => "Bad Request: message can't be deleted",
                    Method::SendMessage | Method::CopyMessage => {
                        "Bad Request: not enough rights to send text messages to the chat"
                    }
                    Method::SetChatPermissions => "Bad Request: not enough rights to change chat permissions",
                    Method::ApproveChatJoinRequest | Method::DeclineChatJoinRequest => {
                        "Bad Request: not enough rights to manage join requests"
                    }
                    _ => "Bad Request: not enough rights to restrict/unrestrict chat member",
                },
            );
        }
        let on_admin = self.staff_member(call.chat_id, call.user_id).is_some();
        match method {
            Method::DeleteMessage => match self.ledger.delete(call.chat_id, call.message_id, now_us) {
                Presence::There => accept("true"),
                Presence::Gone => refuse(400, "Bad Request: message to delete not found"),
            },
            Method::DeleteMessages => {
                if call.message_ids.is_empty() || call.message_ids.len() > 100 {
                    return refuse(400, "Bad Request: message identifiers are not specified");
                }
                for message in &call.message_ids {
                    self.ledger.delete(call.chat_id, *message, now_us);
                }
                accept("true")
            }
            Method::BanChatMember | Method::RestrictChatMember if on_admin => {
                // Noted all the same: whoever reads the ledger must see that it was tried.
                self.note(method, call, now_us);
                refuse(400, "Bad Request: user is an administrator of the chat")
            }
            Method::SendMessage => self.send(call, now_us),
            Method::CopyMessage => self.copy(call, now_us),
            Method::EditMessageText | Method::EditMessageReplyMarkup => self.edit(method, call),
            Method::ApproveChatJoinRequest => self.answer_join(JoinAnswer::Approved, call, now_us),
            Method::DeclineChatJoinRequest => self.answer_join(JoinAnswer::Declined, call, now_us),
            Method::SetChatPermissions => self.set_permissions(call, now_us),
            _ => {
                self.note(method, call, now_us);
                accept("true")
            }
        }
    }

    fn note(&mut self, method: Method, call: &Call, now_us: u64) {
        let channel = matches!(method, Method::BanChatSenderChat | Method::UnbanChatSenderChat);
        let who = if channel { call.sender_chat_id } else { call.user_id };
        let bans = matches!(method, Method::BanChatMember | Method::BanChatSenderChat);
        let known = self.ledger.people.get(&(call.chat_id, who)).is_some_and(|person| person.bans > 0);
        self.ledger.banned += usize::from(bans && !known);
        let person: &mut PersonRecord = self.ledger.person(call.chat_id, who);
        let remember = |untils: &mut Vec<i64>| {
            if !untils.contains(&call.until_date) {
                untils.push(call.until_date);
            }
        };
        match method {
            Method::BanChatMember | Method::BanChatSenderChat => {
                person.banned_us.get_or_insert(now_us);
                person.bans += 1;
                person.channel_bans += u32::from(channel);
                person.is_banned = true;
                remember(&mut person.ban_untils);
            }
            Method::RestrictChatMember if call.permissions.can_send_messages => {
                person.unmutes += 1;
                person.is_muted = false;
            }
            Method::RestrictChatMember => {
                person.is_muted = true;
                person.muted_us.get_or_insert(now_us);
                person.mutes += 1;
                remember(&mut person.mute_untils);
            }
            _ => {
                person.unbans += 1;
                person.freed_us = Some(now_us);
                person.is_banned = false;
            }
        }
    }
}
