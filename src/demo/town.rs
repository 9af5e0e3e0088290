//! The stand-in's mind: Telegram's side of the Bot API as one value that takes calls and gives answers.
//!
//! Promises: the semantics of `getUpdates` (everything below the offset is confirmed and forgotten, a newer poll ends
//! an older one with 409), of deletion and of bans, in the words Telegram uses; the same calls at the same times give
//! the same answers.
//!
//! Never: a socket or a clock. Time is a parameter, in microseconds since the start.

pub use super::api::{Call, Method, Said, refuse};
use super::api::{accept, administrator, too_many, user};
use super::faults::{Effect, Fault, WindowScope};
use super::ledger::{EarlyCall, Ledger, NoticeRecord, PersonRecord, Presence};
use super::script::{Delivery, Pace, Script};
use crate::limits;
use crate::message::fnv1a;
use serde_json::{Value, json};
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
struct Entry {
    update_id: u32,
    item: usize,
    deliveries_left: u8,
    copies_left: u8,
    served: bool,
}

/// The stand-in's state.
pub struct Town {
    script: Script,
    ledger: Ledger,
    extra: Vec<super::script::Scripted>,
    released: usize,
    copies: VecDeque<usize>,
    pending: VecDeque<Entry>,
    next_update_id: u32,
    poll: u64,
    actions: u64,
    windows: HashMap<i64, (u64, u64)>,
    sent: i64,
}

/// The chat under which a window for every call is kept; no chat has this id.
const EVERY_CHAT: i64 = 0;

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
        if !method.is_action() {
            return self.tell(method, call);
        }
        self.ledger.last_action_us = Some(now_us);
        if let Some(refusal) = self.inside_window(method, call, now_us) {
            return refusal;
        }
        let drawn = self.script.faults.draw(self.actions);
        self.actions += 1;
        let Some((fault, effect)) = drawn else {
            return self.carry_out(method, call, now_us);
        };
        *self.ledger.faults.entry(fault.word()).or_default() += 1;
        let done = (effect == Effect::Done).then(|| self.carry_out(method, call, now_us));
        match fault {
            Fault::TooMany => self.announce(call.chat_id, now_us),
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

    fn announce(&mut self, chat: i64, now_us: u64) -> Said {
        let seconds = self.script.faults.retry_after_s;
        let key = match self.script.faults.scope {
            WindowScope::Everything => EVERY_CHAT,
            WindowScope::Chat => chat,
        };
        self.windows.insert(key, (now_us, now_us.saturating_add(seconds.saturating_mul(1_000_000))));
        too_many(seconds)
    }

    fn inside_window(&mut self, method: Method, call: &Call, now_us: u64) -> Option<Said> {
        let (from_us, until_us) = [EVERY_CHAT, call.chat_id]
            .iter()
            .filter_map(|key| self.windows.get(key).copied())
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
                    Method::SendMessage => "Bad Request: not enough rights to send text messages to the chat",
                    _ => "Bad Request: not enough rights to restrict/unrestrict chat member",
                },
            );
        }
        let on_admin = self.script.admins.contains(&call.user_id) && call.user_id != 0;
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

    fn send(&mut self, call: &Call, now_us: u64) -> Said {
        if call.text.is_empty() {
            return refuse(400, "Bad Request: message text is empty");
        }
        self.sent += 1;
        if self.ledger.notices.len() < limits::DEMO_LEDGER_ROWS_MAX {
            let text_hash = fnv1a(call.text.as_bytes());
            self.ledger.notices.push(NoticeRecord { chat: call.chat_id, text_hash, at_us: now_us });
        }
        let message = json!({
            "message_id": 900_000_000_i64 + self.sent, "date": 1_760_000_000_u32, "from": self.bot(),
            "chat": {"id": call.chat_id, "type": "supergroup", "title": "Neighbours"}, "text": call.text,
        });
        accept(&message.to_string())
    }

    fn bot_id(&self) -> i64 {
        self.script.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(4_242)
    }

    fn bot(&self) -> Value {
        json!({"id": self.bot_id(), "is_bot": true, "first_name": "Aegis", "username": "aegis_demo_bot"})
    }

    fn bot_member(&self, chat: i64) -> Value {
        if self.script.without_rights.contains(&chat) {
            return json!({"status": "member", "user": self.bot()});
        }
        administrator(&self.bot())
    }

    /// Answers a call that only asks.
    fn tell(&self, method: Method, call: &Call) -> Said {
        let answer = match method {
            Method::GetMe => {
                let mut me = self.bot();
                for (key, value) in [
                    ("can_join_groups", true),
                    ("can_read_all_group_messages", true),
                    ("supports_inline_queries", false),
                    ("can_connect_to_business", false),
                    ("has_main_web_app", false),
                ] {
                    if let Some(object) = me.as_object_mut() {
                        object.insert(key.to_owned(), Value::from(value));
                    }
                }
                me
            }
            Method::GetChatAdministrators => {
                let own = self.bot_member(call.chat_id);
                let own = (own.get("status") == Some(&Value::from("administrator"))).then_some(own);
                own.into_iter().chain(self.script.admins.iter().map(|admin| administrator(&user(*admin)))).collect()
            }
            Method::GetChatMember if call.user_id == self.bot_id() => self.bot_member(call.chat_id),
            Method::GetChatMember if self.script.admins.contains(&call.user_id) => administrator(&user(call.user_id)),
            Method::GetChatMember => {
                let person = self.ledger.people.get(&(call.chat_id, call.user_id));
                if person.is_some_and(|person| person.is_banned) {
                    json!({"status": "kicked", "user": user(call.user_id), "until_date": 0})
                } else if person.is_some_and(|person| person.is_muted) {
                    json!({"status": "restricted", "user": user(call.user_id), "can_send_messages": false})
                } else {
                    json!({"status": "member", "user": user(call.user_id)})
                }
            }
            Method::GetChat => json!({
                "id": call.chat_id, "type": "supergroup", "title": super::community::title(call.chat_id), "accent_color_id": 0,
                "max_reaction_count": 11, "accepted_gift_types": {"unlimited_gifts": true, "limited_gifts": true,
                "unique_gifts": true, "premium_subscription": true},
                "permissions": {"can_send_messages": true},
            }),
            Method::GetWebhookInfo => {
                json!({"url": "", "has_custom_certificate": false, "pending_update_count": self.pending.len()})
            }
            _ => Value::Bool(true),
        };
        accept(&answer.to_string())
    }
}
