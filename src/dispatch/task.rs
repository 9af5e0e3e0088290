//! The task that makes the calls.
//!
//! Promises: it waits for nothing but the next event; answers become durable through the journal; it ends when told,
//! after the calls under way were given a bounded time.

use super::outbox::{Next, Outbox, Ticket};
use crate::chats::ChatBook;
use crate::clock::{Clock, Monotonic, Now, Wall};
use crate::counters::Counters;
use crate::journal::{Gone, Journal};
use crate::limits;
use crate::message::ChatId;
use crate::progress;
use crate::store::Tick;
use crate::store::records::{ChatRecord, OutboxKey, OutboxRow, Right};
use crate::telegram::{CallError, Reply, Request, Telegram};
use crate::telemetry::pseudonym;
use crate::tracer::{Called, Tracer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// The book of chats, shared between ingest and the dispatcher. Locked for lookups only.
pub type SharedBook = Arc<Mutex<ChatBook>>;

/// Locks the book.
pub fn lock(book: &SharedBook) -> MutexGuard<'_, ChatBook> {
    // Nothing panics while holding it; a poisoned book still holds whole values.
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the dispatcher is told.
#[derive(Debug)]
pub enum Word {
    /// New promised actions, already durable.
    Rows(Vec<OutboxRow>),
    /// These chats' administrators and rights should be asked for.
    WantFacts(Vec<ChatId>),
    /// A chat has a new id.
    Moved(ChatId, ChatId),
    /// A button was pressed.
    Pressed {
        /// What to answer to.
        id: String,
        /// What to tell who pressed it; empty for nothing.
        text: String,
    },
    /// Something to be asked for once, when there is time.
    Once(Box<Request>),
    /// These actions are taken back; durably taken back already.
    Cancel(Vec<OutboxKey>),
}

/// Why the dispatcher ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Told,
    /// The token was refused.
    Halted(String),
    /// The journal is gone.
    Gone,
}

type Answer = (Ticket, Result<Reply, CallError>, Called);

/// The dispatcher and what it works with.
#[derive(Debug)]
pub struct Dispatcher {
    /// Its mind.
    pub outbox: Outbox,
    /// The way to Telegram.
    pub telegram: Telegram,
    /// Where results go.
    pub journal: Journal,
    /// The book of chats.
    pub book: SharedBook,
    /// The clock.
    pub clock: Clock,
    /// The counters.
    pub counters: Arc<Counters>,
    /// Names chats in the log without telling which they are.
    pub salt: u64,
    /// Who is told of calls.
    pub tracer: Tracer,
}

impl Dispatcher {
    /// Works until told to stop.
    pub async fn run(mut self, mut words: mpsc::Receiver<Word>, mut stop: watch::Receiver<bool>) -> Ended {
        let mut calls = JoinSet::new();
        loop {
            self.moves(0);
            if *stop.borrow() {
                return self.drain(calls).await;
            }
            if let Some(why) = self.outbox.halted() {
                return Ended::Halted(why.to_owned());
            }
            let until = match self.start_calls(&mut calls).await {
                Ok(until) => until,
                Err(Gone) => return Ended::Gone,
            };
            self.publish();
            let sleep = sleep_until(&self.clock, until);
            let heard = tokio::select! {
                Some(answer) = calls.join_next(), if !calls.is_empty() => self.hear_answer(answer).await,
                word = words.recv() => match word {
                    Some(word) => self.hear(word).await,
                    None => return self.drain(calls).await,
                },
                () = sleep => Ok(()),
                _ = stop.changed() => Ok(()),
            };
            if heard.is_err() {
                return Ended::Gone;
            }
        }
    }

    /// Says that it moves, and that what it does next may take so long by itself.
    fn moves(&self, ms: u64) {
        self.counters.dispatch_due_ms.set(progress::due(self.clock.now().mono, ms));
    }

    /// Starts every call that may be made now; returns when the next one may be.
    async fn start_calls(&mut self, calls: &mut JoinSet<Answer>) -> Result<Option<Monotonic>, Gone> {
        loop {
            let now = self.clock.now();
            if self.counters.standing_by.get() > 0 {
                // Another board moderates, or may.
                self.outbox.rest(now.mono.plus_ms(limits::REST_LOOK_MS));
            }
            let next = self.outbox.next(now, &mut lock(&self.book));
            match next {
                Next::Call(ticket, request) => {
                    let telegram = self.telegram.clone();
                    let (counters, calling) = (Arc::clone(&self.counters), self.tracer.calls(&request));
                    calls.spawn(async move {
                        let started = Instant::now();
                        let answer = telegram.call(&request).await;
                        counters.call.record_us(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
                        (ticket, answer, calling.ended())
                    });
                }
                Next::Commit(tick) => self.commit(*tick).await?,
                Next::Wait(until) => return Ok(until),
            }
        }
    }

    async fn commit(&mut self, tick: Tick) -> Result<(), Gone> {
        let committed = self.journal.commit(tick.clone()).await?;
        self.outbox.marked(&tick);
        if committed.accepted.is_empty() {
            return Ok(());
        }
        // What answers led to: removals of what was said, mostly.
        let dropped = self.outbox.push(committed.accepted, &lock(&self.book), self.clock.now());
        self.journal.ride(dropped).await
    }

    async fn hear(&mut self, word: Word) -> Result<(), Gone> {
        let now = self.clock.now();
        let tick = {
            let book = lock(&self.book);
            match word {
                Word::Rows(rows) => self.outbox.push(rows, &book, now),
                Word::WantFacts(chats) => {
                    for chat in chats {
                        self.outbox.want_facts(chat, &book);
                    }
                    Tick::default()
                }
                Word::Moved(from, to) => {
                    self.outbox.moved(from, to, &book);
                    Tick::default()
                }
                Word::Pressed { id, text } => {
                    self.outbox.press(id, text);
                    Tick::default()
                }
                Word::Once(request) => {
                    self.outbox.ask_once(*request);
                    Tick::default()
                }
                Word::Cancel(keys) => {
                    self.outbox.cancel(&keys);
                    Tick::default()
                }
            }
        };
        self.journal.ride(tick).await
    }

    async fn hear_answer(&mut self, answer: Result<Answer, tokio::task::JoinError>) -> Result<(), Gone> {
        // A call's task neither panics nor is cancelled while the dispatcher runs.
        let Ok((ticket, answer, call)) = answer else { return Ok(()) };
        if let Err(error) = &answer {
            tracing::debug!(%error, "a call failed");
        }
        let now = self.clock.now();
        let told = self.tracer.is_on().then(|| (self.outbox.acts(&ticket), answer.as_ref().err().map(CallError::fate)));
        let tick = self.outbox.answered(ticket, answer, now, fastrand::u64(..), &mut lock(&self.book));
        if let Some((acts, fate)) = told {
            self.tracer.called(call, &acts, fate.as_ref(), &tick);
        }
        for letter in &tick.dead {
            let action = letter.row.key.action.word();
            tracing::warn!(trace = %letter.row.trace, action, why = letter.why, "an action was given up");
        }
        for (chat, record) in &tick.chats {
            self.say_what_is_missing(*chat, record);
        }
        for key in &tick.confirmed {
            tracing::debug!(chat = key.chat.0, message_id = key.message.0, action = key.action.word(), "confirmed");
        }
        if tick.matters() { self.commit(tick).await } else { self.journal.ride(tick).await }
    }

    /// Says which right Aegis needs in a chat and lacks.
    fn say_what_is_missing(&self, chat: ChatId, record: &ChatRecord) {
        let chat = pseudonym(self.salt, chat.0);
        if record.is_watch_only() {
            tracing::warn!(
                chat,
                "actions were refused here again and again; the chat is only watched until rights change"
            );
        }
        for (right, name) in [(record.delete, "delete messages"), (record.restrict, "ban users")] {
            if right == Right::Missing {
                tracing::warn!(
                    chat,
                    "the bot lacks the right to {name} here; give it in the group's list of administrators"
                );
            }
        }
    }

    /// Asks for administrators and rights again where the answer has become old.
    fn refresh_facts(&mut self, now: Now) {
        let book = lock(&self.book);
        let old = |asked: Wall| asked.0 > 0 && now.wall.0.abs_diff(asked.0) > limits::FACTS_AGE_MAX_MS;
        let chats: Vec<ChatId> = book.iter().filter(|(_, record)| old(record.facts_at)).map(|(chat, _)| chat).collect();
        for chat in chats {
            self.outbox.want_facts(chat, &book);
        }
    }

    fn publish(&mut self) {
        let now = self.clock.now();
        let second = now.mono.0 / 1_000;
        if second / limits::FACTS_LOOK_S != self.counters.dispatch_turn_ms.get() / 1_000 / limits::FACTS_LOOK_S {
            self.refresh_facts(now);
        }
        if second != self.counters.dispatch_turn_ms.get() / 1_000 {
            lock(&self.book).pulse(self.outbox.standings());
        }
        self.counters.paused_ms.set(self.outbox.paused_ms(now));
        self.counters.dispatch_turn_ms.set(now.mono.0);
        self.counters.outbox_rows.set(u64::try_from(self.outbox.rows()).unwrap_or(u64::MAX));
        self.counters.in_flight_calls.set(u64::try_from(self.outbox.in_flight()).unwrap_or(u64::MAX));
        self.counters.breaker_open.set(u64::from(self.outbox.is_tripped()));
        self.counters.watch_only_chats.set(lock(&self.book).watch_only());
        let oldest = self.outbox.oldest().map_or(0, |oldest| now.wall.0.saturating_sub(oldest.0));
        self.counters.outbox_waiting_ms.set(oldest);
    }

    /// Gives the calls under way a bounded time; what they did not finish stays promised.
    async fn drain(mut self, mut calls: JoinSet<Answer>) -> Ended {
        self.moves(limits::DRAIN_MS);
        let deadline = tokio::time::Instant::now() + Duration::from_millis(limits::DRAIN_MS);
        while let Ok(Some(answer)) = tokio::time::timeout_at(deadline, calls.join_next()).await {
            if self.hear_answer(answer).await.is_err() {
                return Ended::Gone;
            }
        }
        calls.abort_all();
        self.publish();
        Ended::Told
    }
}

/// Sleeps until a time, or for a second when there is none: the pulse that shows the dispatcher is alive.
async fn sleep_until(clock: &Clock, until: Option<Monotonic>) {
    let now = clock.now().mono;
    let ms = until.map_or(1_000, |until| until.since_ms(now).clamp(1, 1_000));
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
