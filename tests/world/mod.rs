//! A world for the appliance's flow to live in: a disk that forgets what was not synced, a Telegram that loses answers,
//! and the flow itself, driven step by step, with no thread and no clock.
//!
//! The flow is the real one: `Ingest`, `judge`, `Outbox`, `Store`. Only the loops around them are written here, since
//! the real ones wait for sockets.

#![allow(dead_code)] // Each test uses a part of it.

pub mod disk;
pub mod town;

use aegis::chats::ChatBook;
use aegis::clock::{Monotonic, Now, Wall};
use aegis::counters::Counters;
use aegis::decide::ChatRules;
use aegis::dispatch::outbox::{Next, Outbox, Pace, Ticket};
use aegis::ingest::Ingest;
use aegis::ingest::door::SharedDoor;
use aegis::message::{ChatId, Sender, UserId};
use aegis::policy::{PackSource, Scratch, compile};
use aegis::settle::SharedSettler;
use aegis::shard::{Rulebook, judge};
use aegis::store::desk::Mark;
use aegis::store::records::{Detail, OutboxKey, OutboxRow, OutboxState};
use aegis::store::{Keep, Snapshots, Store, StoreError, Tick};
use aegis::telegram::{CallError, Incoming, Reply, Request};
use aegis::tenant::{Retention, Tenant, Tenants};
use aegis::verdict::{ActionKind, Mode, Thresholds};
use std::sync::Arc;

/// The bot's own id.
pub const OWN: UserId = UserId(4242);

/// Keeps little, so that the rings turn over within a test.
pub const KEEP: Keep =
    Keep { decisions: 500, done: 20_000, dedupe_batches: 400, dead_letters: 100, albums: 16, audit: 16 };

/// How often: a number of its own from the environment, or the usual one times the scale of `tests/long`.
pub fn count(name: &str, usual: u64) -> u64 {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    number(name).unwrap_or_else(|| usual * number("AEGIS_TEST_SCALE").unwrap_or(1))
}

/// Two words that matter: one deletes and bans, one deletes and says so.
pub fn rulebook() -> Arc<Rulebook> {
    rulebook_for(Retention::default())
}

/// The same where things are kept for so long.
pub fn rulebook_for(retention: Retention) -> Arc<Rulebook> {
    let text = "[pack]\nid = \"p\"\nversion = 1\n\n[[rule]]\nid = \"spam\"\nreason = \"spam\"\nscore = 100\n\
                keywords = [\"spamword\"]\nactions = [\"delete\", \"ban\"]\n\n[[rule]]\nid = \"rude\"\nreason = \"rude\"\n\
                score = 90\nkeywords = [\"rudeword\"]\nactions = [\"delete\", \"notify\"]\n";
    let source = PackSource { file: "p.toml".into(), text: text.into(), lists: Vec::new() };
    let rules = ChatRules { mode: Mode::Enforce, thresholds: Thresholds::default(), ..ChatRules::default() };
    let tenants = Tenants::one(Tenant { rules, retention, ..Tenant::default() });
    Arc::new(Rulebook::new(compile(&[source]).expect("the pack is whole"), tenants))
}

/// A time.
pub fn at(ms: u64) -> Now {
    Now { mono: Monotonic(ms), wall: Wall(1_760_000_000_000 + ms) }
}

/// No pacing, eight calls at once.
pub const UNPACED: Pace = Pace { requests_per_second: 0, group_messages_per_minute: 0, calls_in_flight: 8 };

/// The appliance, between one start and the next.
pub struct Board {
    store: Store,
    ingest: Ingest,
    pub outbox: Outbox,
    book: ChatBook,
    rulebook: Arc<Rulebook>,
    scratch: Scratch,
    riders: Tick,
    pub counters: Arc<Counters>,
    /// Commits since the start.
    pub commits: u64,
}

impl Board {
    /// Starts on a disk, as `app::start` does.
    pub fn start(disk: disk::Disk, rulebook: &Arc<Rulebook>, pace: Pace, now: Now) -> Result<Self, StoreError> {
        let store = Store::on_backend(disk.wal(), 1 << 20, KEEP)?;
        let counters = Arc::new(Counters::default());
        let snapshots = store.snapshots();
        let book = ChatBook::new(snapshots.chats()?);
        let ingest = Ingest::new(snapshots.clone(), OWN, 40_000, Arc::clone(&counters))?;
        let mut outbox = Outbox::new(pace, OWN, Arc::clone(&counters));
        outbox.resume_pauses(&snapshots.pauses()?, &book, now);
        let riders = outbox.push(snapshots.outbox()?, &book, now);
        Ok(Self {
            store,
            ingest,
            outbox,
            book,
            rulebook: Arc::clone(rulebook),
            scratch: Scratch::default(),
            riders,
            counters,
            commits: 0,
        })
    }

    pub fn snapshots(&self) -> Snapshots {
        self.store.snapshots()
    }

    /// Deals with a batch, as `Poller::take` does: when this returns, the next poll may acknowledge it.
    pub fn take(&mut self, batch: Vec<Incoming>, now: Now) -> Result<(), StoreError> {
        let mut admitted = self.ingest.admit(batch, &mut self.book, &self.rulebook, now)?;
        let judged = admitted
            .arrivals
            .iter()
            .map(|arrival| judge(&self.rulebook, &arrival.message, &mut self.scratch))
            .collect();
        let settled = self.ingest.settle(&admitted.arrivals, judged, &self.rulebook, &mut self.book, now)?;
        let mut tick = std::mem::take(&mut admitted.tick);
        tick.absorb(settled);
        for (from, to) in admitted.moved {
            self.outbox.moved(from, to, &self.book);
        }
        self.keep(tick, now)?;
        for chat in admitted.want_facts {
            self.outbox.want_facts(chat, &self.book);
        }
        Ok(())
    }

    /// What is over by now, as `Poller` asks at each poll.
    pub fn pulse(&mut self, now: Now) -> Result<(), StoreError> {
        let over = self.ingest.door().lock().tick(&self.rulebook, &self.book, now);
        self.keep(over, now)
    }

    /// Makes a tick durable, now or with the next, and has taken back what it takes back.
    pub fn keep(&mut self, tick: Tick, now: Now) -> Result<(), StoreError> {
        self.outbox.cancel(&tick.dropped);
        if tick.matters() {
            self.commit(tick, now)
        } else {
            self.riders.absorb(tick);
            Ok(())
        }
    }

    /// The door of all groups.
    pub fn door(&self) -> SharedDoor {
        self.ingest.door()
    }

    /// The settler.
    pub fn settler(&self) -> SharedSettler {
        self.ingest.settler()
    }

    /// The book of chats.
    pub fn book(&mut self) -> &mut ChatBook {
        &mut self.book
    }

    /// The next call, as `Dispatcher::start_calls` finds it.
    pub fn turn(&mut self, now: Now) -> Result<Next, StoreError> {
        loop {
            match self.outbox.next(now, &mut self.book) {
                Next::Commit(tick) => {
                    self.commit((*tick).clone(), now)?;
                    self.outbox.marked(&tick);
                }
                next => return Ok(next),
            }
        }
    }

    /// Takes an answer, as `Dispatcher::hear_answer` does.
    pub fn answered(
        &mut self,
        ticket: Ticket,
        answer: Result<Reply, CallError>,
        now: Now,
        chance: u64,
    ) -> Result<(), StoreError> {
        let tick = self.outbox.answered(ticket, answer, now, chance, &mut self.book);
        if tick.matters() {
            self.commit(tick, now)
        } else {
            self.riders.absorb(tick);
            if self.riders.confirmed.len() >= 64 { self.commit(Tick::default(), now) } else { Ok(()) }
        }
    }

    /// Somebody undoes a decision that bans, as `desk::Office::undo` does; returns whose. `None` when that one was undone
    /// before, or bans nobody.
    pub fn undo(&mut self, number: u64, now: Now) -> Result<Option<(ChatId, UserId)>, StoreError> {
        let read = self.store.snapshots();
        let Some(decision) = read.decision(number)? else { return Ok(None) };
        let (Sender::Member(user), false) = (decision.sender, read.mark(number)?.is_some()) else { return Ok(None) };
        if !decision.actions.iter().any(|action| action.kind == ActionKind::Ban) {
            return Ok(None);
        }
        let mut dropped = Vec::new();
        read.each_promised(|row| {
            if row.decision == number && row.trace == decision.trace {
                dropped.push(row.key);
            }
        })?;
        let order = OutboxRow {
            key: OutboxKey { chat: decision.chat, message: decision.message, action: ActionKind::Unban },
            decision: 0,
            target: decision.sender,
            seconds: 0,
            state: OutboxState::Pending,
            attempts: 0,
            not_before: Wall(0),
            received: now.wall,
            trace: decision.trace,
            text: String::new(),
            detail: Detail::None,
        };
        let mut tick = Tick { dropped: dropped.clone(), orders: vec![order], ..Tick::default() };
        tick.desk.marks.push((number, Mark { undone: Some((now.wall, "kim".to_owned())), label: None }));
        self.outbox.cancel(&dropped);
        self.commit(tick, now)?;
        Ok(Some((decision.chat, user)))
    }

    /// Makes what rides along durable.
    pub fn flush(&mut self, now: Now) -> Result<(), StoreError> {
        if self.riders.is_empty() { Ok(()) } else { self.commit(Tick::default(), now) }
    }

    fn commit(&mut self, tick: Tick, now: Now) -> Result<(), StoreError> {
        let riders = std::mem::take(&mut self.riders);
        let committed = self.store.commit(&[riders, tick], now.wall)?;
        self.commits += 1;
        for committed in committed {
            self.riders.absorb(self.outbox.push(committed.accepted, &self.book, now));
        }
        Ok(())
    }
}

/// The call behind a [`Next`], if it is one.
pub fn call_of(next: Next) -> Option<(Ticket, Request)> {
    match next {
        Next::Call(ticket, request) => Some((ticket, request)),
        _ => None,
    }
}
