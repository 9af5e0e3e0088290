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
use super::questions::no_facts;
use super::spoken::Copies;
use crate::chats::ChatBook;
use crate::clock::{Monotonic, Now};
use crate::counters::Counters;
use crate::limits;
use crate::message::{ChatId, MessageId, Sender, UserId};
use crate::pacing::{Admission, Breaker, Bucket, backoff_ms};
use crate::press::Signer;
use crate::store::Tick;
use crate::store::records::{DeadLetter, OutboxKey, OutboxRow, OutboxState, Pause};
use crate::telegram::{CallError, ChatTrouble, Fate, Reply, Request};
use crate::verdict::ActionKind;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Flight {
    pub(super) chat: ChatId,
    pub(super) items: Vec<Item>,
    pub(super) kind: FlightKind,
    since: Monotonic,
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
    own: UserId,
    pub(super) lanes: BTreeMap<ChatId, Lane>,
    turn: VecDeque<ChatId>,
    pub(super) flights: BTreeMap<Ticket, Flight>,
    next_ticket: u64,
    overall: Bucket,
    /// Telegram asked for a pause of everything until then.
    pub(super) paused_until: Monotonic,
    /// Until then one call at a time.
    serial_until: Monotonic,
    pub(super) breaker: Breaker,
    /// A smoothed call duration, milliseconds times 16.
    call_ms_x16: u64,
    counters: Arc<Counters>,
    pub(super) halted: Option<String>,
    /// Pressed buttons, and what to tell who pressed them.
    callbacks: VecDeque<(String, String)>,
    /// What is asked once, when nothing else is to be done.
    pub(super) chores: VecDeque<Request>,
    /// Messages that are being copied.
    copies: Copies,
    /// Signs the words of buttons.
    signer: Signer,
    cancelled: Cancelled,
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

    /// When the calls under way let another one go: now, or when one of them counts as stuck.
    fn room_at(&self, now: Monotonic) -> Monotonic {
        let at_once = self.calls_at_once(now);
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
        let room_at = self.room_at(now.mono);
        if room_at > now.mono {
            return Next::Wait(Some(room_at));
        }
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

    fn bury(&mut self, rows: Vec<OutboxRow>, why: &str, now: Now) -> Tick {
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

    /// Takes an answer; returns what must become durable. `chance` is any random number.
    pub fn answered(
        &mut self,
        ticket: Ticket,
        answer: Result<Reply, CallError>,
        now: Now,
        chance: u64,
        book: &mut ChatBook,
    ) -> Tick {
        let Some(flight) = self.flights.remove(&ticket) else { return Tick::default() };
        if let Some(lane) = self.lanes.get_mut(&flight.chat) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            if flight.kind == FlightKind::Removal {
                lane.removing = lane.removing.saturating_sub(1);
            }
            if flight.items.iter().any(|item| item.row.key.action == ActionKind::Copy) {
                lane.copying = None;
            }
        }
        // Only answers tell how long a call takes; a deadline that ran out tells how long we wait.
        if !matches!(&answer, Err(error) if error.is_outage()) {
            self.call_ms_x16 = self.call_ms_x16 - self.call_ms_x16 / 16 + now.mono.since_ms(flight.since);
        }
        match answer {
            Ok(reply) => {
                self.breaker.answered();
                self.done(flight, reply, now, book)
            }
            Err(error) => {
                self.counters.calls_failed.one();
                if error.is_outage() {
                    self.breaker.outage(now.mono, chance);
                } else {
                    self.breaker.answered();
                }
                self.failed(flight, &error, now, chance, book)
            }
        }
    }

    fn done(&mut self, mut flight: Flight, reply: Reply, now: Now, book: &mut ChatBook) -> Tick {
        let chat = flight.chat;
        let mut tick = Tick::default();
        if flight.kind == FlightKind::Callback {
            return tick;
        }
        match (flight.kind, reply) {
            (FlightKind::Administrators { .. }, Reply::Administrators(admins)) => {
                tick.chats.push((chat, book.administrators(chat, &admins, self.own, now.wall).clone()));
                self.settle_facts(chat, flight.kind);
            }
            (FlightKind::Linked { .. }, Reply::Chat(facts)) => {
                if let Some(record) = book.linked(chat, facts.linked) {
                    tick.chats.push((chat, record.clone()));
                }
                self.learn_rights(chat, facts.rights, &mut tick);
                tick.desk.titles.extend(book.learn_title(chat, facts.title).map(|title| (chat, title)));
                self.settle_facts(chat, flight.kind);
            }
            (FlightKind::Administrators { .. } | FlightKind::Linked { .. }, _) => self.settle_facts(chat, flight.kind),
            (FlightKind::Actions | FlightKind::Removal | FlightKind::Callback, reply) => {
                if let Reply::Sent(message) = reply {
                    self.sent(chat, &flight.items, message, now, &mut tick);
                }
                self.confirm(&mut flight.items, now, &mut tick);
                if let Some(record) = book.trouble(chat, ChatTrouble::None) {
                    tick.chats.push((chat, record.clone()));
                }
            }
        }
        tick
    }

    fn confirm(&mut self, items: &mut Vec<Item>, now: Now, tick: &mut Tick) {
        for item in items.drain(..) {
            self.copies.ended(&item.row);
            if item.row.key.action.is_for_rules() {
                self.counters.actions_confirmed.one();
            }
            // What was given a time of its own says nothing of how quick we are.
            if item.row.key.action.is_for_rules() && item.row.not_before.0 == 0 {
                let age_ms = now.wall.0.saturating_sub(item.row.received.0);
                self.counters.time_to_action.record_us(age_ms.saturating_mul(1000));
            }
            // What was taken back under way has its end on storage already.
            if !self.cancelled.has(&item.row.key) {
                tick.confirmed.push(item.row.key);
            }
        }
    }

    fn failed(&mut self, mut flight: Flight, error: &CallError, now: Now, chance: u64, book: &mut ChatBook) -> Tick {
        let chat = flight.chat;
        let mut tick = Tick::default();
        if flight.kind == FlightKind::Callback {
            return tick;
        }
        let fate = error.fate();
        if fate != Fate::Done {
            // What was taken back meanwhile is not tried again.
            flight.items.retain(|item| !self.cancelled.has(&item.row.key));
        }
        match fate {
            Fate::Done => self.confirm(&mut flight.items, now, &mut tick),
            Fate::Retry { pause_ms: Some(pause_ms) } => self.pause(flight, pause_ms, now, book, &mut tick),
            Fate::Retry { pause_ms: None } => tick = self.retry(flight, error, now, chance, book),
            Fate::Moved { to } => {
                if book.moved(chat, to) {
                    tick.moved.push((chat, to));
                }
                self.again(flight, now.mono, book);
                self.moved(chat, to, book);
            }
            Fate::GiveUp { why, chat: trouble } => tick = self.give_up(flight, &why, trouble, now, book),
            Fate::Halt { why } => {
                self.halted = Some(why);
                self.again(flight, now.mono, book);
            }
        }
        tick
    }

    /// Telegram asked for a pause. A message that may not be sent yet is the chat's own limit, and pauses the chat; any
    /// other call has no limit of a chat, so the pause is taken to be the bot's, and everything waits.
    fn pause(&mut self, flight: Flight, pause_ms: u64, now: Now, book: &ChatBook, tick: &mut Tick) {
        self.counters.rate_limited.one();
        // A moment longer than asked: the pause began before its answer arrived, and clocks are not equally fast.
        let pause_ms = pause_ms.min(limits::PAUSE_MAX_MS).saturating_add(limits::PAUSE_MARGIN_MS);
        let says = |kind: ActionKind| kind.is_courtesy() || kind == ActionKind::Edit;
        let of_the_chat = flight.items.iter().any(|item| says(item.row.key.action));
        let whose = if of_the_chat { flight.chat } else { ChatId(0) };
        let paused = if of_the_chat { self.lane(flight.chat, book).paused_until } else { self.paused_until };
        // The longest counts: of two calls under way the second may be told a shorter pause than the first.
        let until = paused.max(now.mono.plus_ms(pause_ms));
        if of_the_chat {
            self.lane(flight.chat, book).paused_until = until;
        } else {
            self.paused_until = until;
            self.serial_until = until.plus_ms(limits::SERIAL_AFTER_PAUSE_MS);
        }
        let left_ms = until.since_ms(now.mono);
        tick.pauses.push((whose, Pause { until: now.wall.plus_ms(left_ms), asked_ms: left_ms }));
        self.again(flight, until, book);
    }

    /// Puts a call's work back, to be tried at `at`.
    fn again(&mut self, mut flight: Flight, at: Monotonic, book: &ChatBook) {
        for item in &mut flight.items {
            item.ready = item.ready.max(at);
        }
        let lane = self.lane(flight.chat, book);
        match flight.kind {
            FlightKind::Administrators { tries } => lane.administrators = Facts::Wanted { at, tries },
            FlightKind::Linked { tries } => lane.linked = Facts::Wanted { at, tries },
            FlightKind::Actions | FlightKind::Removal | FlightKind::Callback => lane.put_back(flight.items),
        }
    }

    /// An outage: duties are tried again; a courtesy that may have arrived is not.
    fn retry(&mut self, mut flight: Flight, error: &CallError, now: Now, chance: u64, book: &mut ChatBook) -> Tick {
        let mut tick = Tick::default();
        if error.is_ambiguous() {
            let (courtesies, duties): (Vec<Item>, Vec<Item>) =
                flight.items.into_iter().partition(|item| item.row.key.action.is_courtesy());
            flight.items = duties;
            let rows = courtesies.into_iter().map(|item| item.row).collect();
            tick = self.bury(rows, "the answer was lost", now);
        }
        let mut failures = 0_u32;
        for item in &mut flight.items {
            item.row.attempts = item.row.attempts.saturating_add(1);
            failures = failures.max(u32::from(item.row.attempts));
        }
        match &mut flight.kind {
            FlightKind::Administrators { tries } | FlightKind::Linked { tries } => {
                *tries += 1;
                failures = *tries;
                if *tries >= limits::FACTS_TRIES_MAX {
                    let chat = flight.chat;
                    tick.chats.extend(no_facts(flight.kind, chat, now, book));
                    self.settle_facts(chat, flight.kind);
                    return tick;
                }
            }
            FlightKind::Actions | FlightKind::Removal if flight.items.is_empty() => return tick,
            FlightKind::Actions | FlightKind::Removal | FlightKind::Callback => {}
        }
        self.again(flight, now.mono.plus_ms(backoff_ms(failures, chance)), book);
        tick
    }

    fn give_up(&mut self, mut flight: Flight, why: &str, trouble: ChatTrouble, now: Now, book: &mut ChatBook) -> Tick {
        let chat = flight.chat;
        if matches!(flight.kind, FlightKind::Administrators { .. } | FlightKind::Linked { .. }) {
            self.settle_facts(chat, flight.kind);
            return Tick { chats: no_facts(flight.kind, chat, now, book), ..Tick::default() };
        }
        let shared = flight.kind == FlightKind::Removal
            && trouble != ChatTrouble::Gone
            && flight.items.iter().any(|item| item.company == Company::Any);
        if shared {
            // One message may spoil the call for all: each is tried by itself before any is given up.
            for item in &mut flight.items {
                item.company = Company::Alone;
            }
            self.again(flight, now.mono, book);
            return Tick::default();
        }
        // That something cannot be said or tidied away tells nothing of the right to act.
        let is_serious = flight.items.iter().any(|item| !item.row.key.action.is_forgettable());
        let rows = flight.items.into_iter().map(|item| item.row).collect();
        let mut tick = self.bury(rows, why, now);
        if trouble != ChatTrouble::None
            && (is_serious || trouble == ChatTrouble::Gone)
            && let Some(record) = book.trouble(chat, trouble)
        {
            tick.chats.push((chat, record.clone()));
        }
        tick
    }
}

/// Whether a measure about somebody in a chat is under way.
fn is_busy(flights: &BTreeMap<Ticket, Flight>, book: &ChatBook, chat: ChatId, target: Sender) -> bool {
    flights.values().any(|flight| {
        (flight.chat == chat || book.current(flight.chat) == chat)
            && flight.items.iter().any(|item| item.row.key.action.is_measure() && item.row.target == target)
    })
}
