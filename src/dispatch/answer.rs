//! What the answers to calls mean: done, to be tried again, to be waited for, or given up.
//!
//! Promises: as [`super::outbox`].
//!
//! Never: a call.

use super::call::Ticket;
use super::lane::{Company, Facts, Item};
use super::outbox::{Flight, FlightKind, Outbox};
use super::questions::no_facts;
use crate::chats::ChatBook;
use crate::clock::{Monotonic, Now};
use crate::limits;
use crate::message::ChatId;
use crate::pacing::backoff_ms;
use crate::store::Tick;
use crate::store::records::Pause;
use crate::telegram::{CallError, ChatTrouble, Fate, Reply};
use crate::verdict::ActionKind;

impl Outbox {
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
