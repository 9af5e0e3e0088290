//! The dispatcher's mind: which call to make next, and what an answer means. Time, chance and answers come from
//! outside, so that a simulation can be the world.
//!
//! Promises: no call before a pause that Telegram asked for is over; chats take turns, so that a loud one waits behind
//! itself; a duty is tried until it is done, given up with its reason, or too old; a courtesy is marked durably before
//! it is sent, and never repeated; nobody on a chat's list of administrators is acted on; what is taken back is not begun,
//! and not tried again when it was under way.
//!
//! Never: a clock, a network, a disk.

use super::call::request_for;
pub use super::call::{Next, Pace, Ticket};
use super::cancelled::Cancelled;
use super::lane::{Company, Facts, Item, Lane, MustKnow, Pick, sooner};
use super::spoken::Copies;
use crate::chats::ChatBook;
use crate::clock::{Monotonic, Now};
use crate::counters::Counters;
use crate::limits;
use crate::message::{ChatId, MessageId, Sender, UserId};
use crate::pacing::{Admission, Breaker, Bucket};
use crate::press::Signer;
use crate::store::Tick;
use crate::store::records::{DeadLetter, OutboxKey, OutboxRow, OutboxState, Pause};
use crate::telegram::Request;
use crate::verdict::ActionKind;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Flight {
    pub(super) chat: ChatId,
    pub(super) items: Vec<Item>,
    pub(super) kind: FlightKind,
    pub(super) since: Monotonic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlightKind {
    Actions,
    Removal,
    Administrators {
        tries: u32,
    },
    Linked {
        tries: u32,
    },
    /// A pressed button, or which commands there are: tried once.
    Callback,
}

/// The promised actions and the calls under way.
#[derive(Debug)]
pub struct Outbox {
    pace: Pace,
    pub(super) own: UserId,
    pub(super) lanes: BTreeMap<ChatId, Lane>,
    turn: VecDeque<ChatId>,
    pub(super) flights: BTreeMap<Ticket, Flight>,
    next_ticket: u64,
    overall: Bucket,
    /// Telegram asked for a pause of everything until then.
    pub(super) paused_until: Monotonic,
    /// Until then one call at a time.
    pub(super) serial_until: Monotonic,
    pub(super) breaker: Breaker,
    /// A smoothed call duration, milliseconds times 16.
    pub(super) call_ms_x16: u64,
    pub(super) counters: Arc<Counters>,
    pub(super) halted: Option<String>,
    /// Pressed buttons, and what to tell who pressed them.
    callbacks: VecDeque<(String, String)>,
    /// What is asked once, when nothing else is to be done.
    pub(super) chores: VecDeque<Request>,
    /// Messages that are being copied.
    pub(super) copies: Copies,
    /// Signs the words of buttons.
    signer: Signer,
    pub(super) cancelled: Cancelled,
}

impl Outbox {
    /// A dispatcher with the actions and pauses that were stored. `own` is the bot's own id.
    #[must_use]
    pub fn new(pace: Pace, own: UserId, counters: Arc<Counters>) -> Self {
        Self {
            pace,
            own,
            lanes: BTreeMap::new(),
            turn: VecDeque::new(),
            flights: BTreeMap::new(),
            next_ticket: 0,
            overall: Bucket::new(pace.requests_per_second, 1000),
            paused_until: Monotonic(0),
            serial_until: Monotonic(0),
            breaker: Breaker::default(),
            call_ms_x16: 0,
            counters,
            halted: None,
            callbacks: VecDeque::new(),
            chores: VecDeque::new(),
            copies: Copies::default(),
            signer: Signer::of_token(""),
            cancelled: Cancelled::default(),
        }
    }

    /// Signs buttons as the bot with this token does.
    #[must_use]
    pub fn with_signer(self, signer: Signer) -> Self {
        Self { signer, ..self }
    }

    /// Has something asked for once, when nothing else is to be done. When too much waits, the oldest is left out.
    pub fn ask_once(&mut self, request: Request) {
        if self.chores.len() >= limits::CALLBACKS_MAX {
            self.chores.pop_front();
        }
        self.chores.push_back(request);
    }

    /// Takes up the pauses that were stored.
    pub fn resume_pauses(&mut self, pauses: &[(ChatId, Pause)], book: &ChatBook, now: Now) {
        for (chat, pause) in pauses {
            let until = now.mono.plus_ms(now.remaining_ms(pause.until, pause.asked_ms.min(limits::PAUSE_MAX_MS)));
            if until <= now.mono {
                continue;
            }
            if chat.0 == 0 {
                self.paused_until = until;
                self.serial_until = until.plus_ms(limits::SERIAL_AFTER_PAUSE_MS);
            } else {
                self.lane(*chat, book).paused_until = until;
            }
        }
    }

    pub(super) fn lane(&mut self, chat: ChatId, book: &ChatBook) -> &mut Lane {
        if !self.lanes.contains_key(&chat) {
            self.turn.push_back(chat);
        }
        let per_minute = self.pace.group_messages_per_minute;
        self.lanes.entry(chat).or_insert_with(|| {
            let known = book.get(chat).is_some_and(|record| record.facts_at.0 > 0);
            let mut lane = Lane::new(per_minute, if known { MustKnow::No } else { MustKnow::Yes });
            if known {
                lane.administrators = Facts::Settled;
            }
            if book.has_told_of_itself(chat) {
                lane.linked = Facts::Settled;
            }
            lane
        })
    }

    /// Takes promised actions. A courtesy that was marked as sent before a restart may have been sent: it is dropped,
    /// and returned in the tick.
    pub fn push(&mut self, rows: Vec<OutboxRow>, book: &ChatBook, now: Now) -> Tick {
        let mut tick = Tick::default();
        for row in rows {
            if self.cancelled.has(&row.key) {
                // Taken back before it got here: it is durable that it need not be done.
                continue;
            }
            if row.state == OutboxState::Sent {
                self.counters.notices_dropped.one();
                tick.dropped.push(row.key);
                continue;
            }
            let ready = now.mono.plus_ms(now.remaining_ms(row.not_before, limits::PAUSE_MAX_MS));
            let chat = row.key.chat;
            self.copies.promised(&row, now.mono);
            self.lane(chat, book).push(Item { row, ready, company: Company::Any });
        }
        tick
    }

    /// Lets measures rest that were promised for a time of their own, such as the removal of somebody who presses no button: while
    /// another board may have heard what this one has not.
    pub fn rest(&mut self, until: Monotonic) {
        let measures = self.lanes.values_mut().flat_map(|lane| lane.measures.iter_mut());
        for item in measures.filter(|item| item.row.attempts == 0 && item.row.not_before.0 > 0) {
            let gives_back = matches!(item.row.key.action, ActionKind::Unban | ActionKind::Unmute | ActionKind::Permit);
            if !gives_back {
                item.ready = item.ready.max(until);
            }
        }
    }

    /// Takes actions back, durably taken back already. One that is under way may have its effect; it is not tried again.
    pub fn cancel(&mut self, keys: &[OutboxKey]) {
        for key in keys {
            self.cancelled.add(*key);
            if let Some(lane) = self.lanes.get_mut(&key.chat) {
                lane.take(*key);
            }
        }
    }

    /// A button was pressed. When too many wait, the oldest is not answered: it stops spinning by itself.
    pub fn press(&mut self, id: String, text: String) {
        if self.callbacks.len() >= limits::CALLBACKS_MAX {
            self.callbacks.pop_front();
        }
        self.callbacks.push_back((id, text));
    }

    /// Courtesies that are now marked durably.
    pub fn marked(&mut self, tick: &Tick) {
        for row in &tick.changed {
            if let Some(lane) = self.lanes.get_mut(&row.key.chat)
                && let Some(item) = lane.notices.iter_mut().find(|item| item.row.key == row.key)
            {
                item.row.state = OutboxState::Sent;
            }
        }
    }

    /// A chat has a new id: its actions go there.
    pub fn moved(&mut self, from: ChatId, to: ChatId, book: &ChatBook) {
        let Some(mut lane) = self.lanes.remove(&from) else { return };
        self.turn.retain(|chat| *chat != from);
        let mut items: Vec<Item> =
            lane.removals.drain(..).chain(lane.measures.drain(..)).chain(lane.notices.drain(..)).collect();
        for item in &mut items {
            item.row.key.chat = to;
        }
        items.retain(|item| !self.cancelled.has(&item.row.key));
        let new = self.lane(to, book);
        new.administrators = Facts::Wanted { at: Monotonic(0), tries: 0 };
        for item in items {
            new.push(item);
        }
    }

    /// How many calls may be under way: as many as the pace needs at the duration calls have (Little's law). With
    /// quick answers that is one, so that no call can run into a pause that another was just told of; after a pause it
    /// is one for a while, whatever the duration.
    fn calls_at_once(&self, now: Monotonic) -> usize {
        if self.serial_until > now {
            return 1;
        }
        let per_second = match self.pace.requests_per_second {
            0 => limits::UNPACED_CALLS_PER_S,
            paced => u64::from(paced),
        };
        let needed = (self.call_ms_x16.saturating_mul(per_second) / 16).div_ceil(1000).max(1);
        usize::try_from(needed).unwrap_or(self.pace.calls_in_flight).min(self.pace.calls_in_flight)
    }

    /// When the calls under way let another one go: now, or when one of them counts as stuck. One more may go for a chat that
    /// is not loud while all calls under way are of loud ones.
    fn room_at(&self, loud: Loud, at: Now) -> Monotonic {
        let now = at.mono;
        let is_loud = |flight: &Flight| self.lanes.get(&flight.chat).is_some_and(|lane| lane.is_loud(at));
        let spare = loud == Loud::No && self.serial_until <= now && self.flights.values().all(is_loud);
        let at_once = self.calls_at_once(now) + usize::from(spare);
        let mut until: Vec<Monotonic> = self
            .flights
            .values()
            .map(|flight| flight.since.plus_ms(limits::STUCK_MS))
            .filter(|stuck_at| *stuck_at > now)
            .collect();
        until.sort_unstable();
        let over = (until.len() + 1).saturating_sub(at_once);
        over.checked_sub(1).and_then(|index| until.get(index)).copied().unwrap_or(now)
    }

    /// What to do next.
    pub fn next(&mut self, now: Now, book: &mut ChatBook) -> Next {
        if self.halted.is_some() || self.flights.len() >= self.pace.calls_in_flight {
            return Next::Wait(None);
        }
        let room_at = self.room_at(Loud::No, now);
        if room_at > now.mono {
            return Next::Wait(Some(room_at));
        }
        let loud_at = self.room_at(Loud::Yes, now).max(self.overall.whole_at());
        let mut soonest = None;
        match self.breaker.admission(now.mono) {
            Admission::NotBefore(at) => return Next::Wait(Some(at)),
            Admission::Probing => return Next::Wait(None),
            Admission::Open => {}
        }
        let overall = self.overall.ready_at().max(self.paused_until);
        if overall > now.mono {
            return Next::Wait(Some(overall));
        }
        if let Some((id, text)) = self.callbacks.pop_front() {
            let ticket = self.fly(ChatId(0), Vec::new(), FlightKind::Callback, now);
            return Next::Call(ticket, Request::AnswerCallback { id, text });
        }
        // A chat whose calls hang leaves room for the others.
        let per_chat = (self.pace.calls_in_flight * 3 / 4).max(1);
        for _ in 0..self.turn.len() {
            let Some(chat) = self.turn.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&chat) else { continue };
            if loud_at > now.mono && lane.is_loud(now) {
                // The last of the pace is for those who ask for little.
                self.turn.push_back(chat);
                sooner(&mut soonest, loud_at);
                continue;
            }
            let flights = &self.flights;
            let copies = &self.copies;
            let busy = |target| is_busy(flights, book, chat, target);
            let pick = lane.pick(now, per_chat, busy, |message| copies.held(chat, message));
            if lane.is_idle(now.mono) && pick == Pick::Nothing(None) {
                self.lanes.remove(&chat);
                continue;
            }
            self.turn.push_back(chat);
            match pick {
                Pick::Nothing(at) => {
                    if let Some(at) = at {
                        sooner(&mut soonest, at);
                    }
                }
                pick => {
                    if let Some(next) = self.start(chat, pick, now, book) {
                        return next;
                    }
                }
            }
        }
        self.ask_of_itself(&mut soonest, now, book).unwrap_or(Next::Wait(soonest))
    }

    pub(super) fn start(&mut self, chat: ChatId, pick: Pick, now: Now, book: &ChatBook) -> Option<Next> {
        let (items, kind, request) = match pick {
            Pick::Remove(items) => {
                let (items, spared) = self.spare(chat, items, now, book);
                if !spared.is_empty() {
                    if let Some(lane) = self.lanes.get_mut(&chat) {
                        lane.put_back(items);
                    }
                    return Some(Next::Commit(Box::new(spared)));
                }
                let messages: Vec<MessageId> = items.iter().map(|item| item.row.key.message).collect();
                (items, FlightKind::Removal, Request::Delete { chat, messages })
            }
            Pick::RemoveAlone(item) | Pick::Measure(item) | Pick::Notice(item) => {
                let (mut items, spared) = self.spare(chat, vec![item], now, book);
                if !spared.is_empty() {
                    return Some(Next::Commit(Box::new(spared)));
                }
                let request = request_for(chat, &items.first()?.row, &self.signer, now);
                let Some(request) = request else {
                    // Nothing the Bot API offers: the row came from an older or newer program.
                    let row = items.pop()?.row;
                    let why = "there is no such action against this kind of sender".to_owned();
                    return Some(Next::Commit(Box::new(self.bury(vec![row], &why, now))));
                };
                let kind = if matches!(request, Request::DeleteOne { .. }) {
                    FlightKind::Removal
                } else {
                    FlightKind::Actions
                };
                (items, kind, request)
            }
            Pick::Mark(row) => {
                let row = OutboxRow { state: OutboxState::Sent, ..row };
                return Some(Next::Commit(Box::new(Tick { changed: vec![row], ..Tick::default() })));
            }
            Pick::AskAdministrators { tries } => {
                self.lanes.get_mut(&chat)?.administrators = Facts::Asking { tries };
                (Vec::new(), FlightKind::Administrators { tries }, Request::Administrators { chat })
            }
            Pick::AskLinked { tries } => {
                self.lanes.get_mut(&chat)?.linked = Facts::Asking { tries };
                (Vec::new(), FlightKind::Linked { tries }, Request::Linked { chat })
            }
            Pick::Nothing(_) => return None,
        };
        let lane = self.lanes.get_mut(&chat)?;
        lane.in_flight += 1;
        if kind == FlightKind::Removal {
            lane.removing += 1;
        }
        let ticket = self.fly(chat, items, kind, now);
        Some(Next::Call(ticket, request))
    }

    pub(super) fn fly(&mut self, chat: ChatId, items: Vec<Item>, kind: FlightKind, now: Now) -> Ticket {
        self.overall.take(now.mono);
        self.breaker.made();
        self.counters.calls.one();
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.flights.insert(ticket, Flight { chat, items, kind, since: now.mono });
        ticket
    }

    /// Sorts out actions against those who must not be acted on, and those that are too old.
    fn spare(&mut self, chat: ChatId, items: Vec<Item>, now: Now, book: &ChatBook) -> (Vec<Item>, Tick) {
        let (protected, rest): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| {
            // A notice may be about nobody: then it is against nobody.
            let is_about_somebody = item.row.target != Sender::Nobody && item.row.key.action == ActionKind::Notify;
            (item.row.key.action.is_against_somebody() || is_about_somebody) && book.is_protected(chat, item.row.target)
        });
        let is_old = |item: &Item| {
            let since = item.row.received.0.max(item.row.not_before.0);
            let age_ms = now.wall.0.saturating_sub(since);
            // An age beyond any that was ever waited is a clock that jumped, not an old action.
            age_ms > limits::ACTION_AGE_MAX_MS && age_ms < limits::ACTION_AGE_MAX_MS.saturating_mul(4)
        };
        let (old, rest): (Vec<Item>, Vec<Item>) = rest.into_iter().partition(is_old);
        let mut tick = Tick::default();
        if !old.is_empty() {
            let rows = old.into_iter().map(|item| item.row).collect();
            tick = self.bury(rows, "not done within 47 hours; Telegram deletes nothing older than 48", now);
        }
        for item in protected {
            self.counters.actions_spared.one();
            tick.dropped.push(item.row.key);
        }
        (rest, tick)
    }

    pub(super) fn bury(&mut self, rows: Vec<OutboxRow>, why: &str, now: Now) -> Tick {
        let mut tick = Tick::default();
        for row in rows {
            self.copies.ended(&row);
            if row.key.action.is_forgettable() {
                self.counters.notices_dropped.one();
                tick.dropped.push(row.key);
            } else {
                self.counters.actions_dead.one();
                tick.dead.push(DeadLetter { row, why: why.to_owned(), at: now.wall });
            }
        }
        tick
    }
}

/// Whether so much waits in a chat that others go before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loud {
    Yes,
    No,
}

/// Whether a measure about somebody in a chat is under way.
fn is_busy(flights: &BTreeMap<Ticket, Flight>, book: &ChatBook, chat: ChatId, target: Sender) -> bool {
    flights.values().any(|flight| {
        (flight.chat == chat || book.current(flight.chat) == chat)
            && flight.items.iter().any(|item| item.row.key.action.is_measure() && item.row.target == target)
    })
}
