//! The whole flow in a world that misbehaves, seed by seed: hazards 8 and 13.
//!
//! `AEGIS_TEST_SEEDS` and `AEGIS_TEST_MESSAGES` make it longer.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // A test that cannot go on stops.

mod world;

use aegis::dispatch::outbox::{Next, Ticket};
use aegis::telegram::{CallError, Reply, Request};
use aegis::tenant::TenantName;
use world::disk::Disk;
use world::town::{Manners, Town};
use world::{Board, UNPACED, at, call_of, count, rulebook};

/// A call that Telegram has dealt with, and whose answer is on its way.
struct Flying {
    ticket: Ticket,
    request: Request,
    answer: Result<Reply, CallError>,
    said_ms: u64,
}

/// One life of a world: everything happens in an order that the seed draws.
struct Life {
    rng: fastrand::Rng,
    town: Town,
    disk: Disk,
    board: Board,
    flying: Vec<Flying>,
    offset: Option<u32>,
    now_ms: u64,
    restarts: u32,
    polled: bool,
    /// One step in so many is somebody who undoes a decision; 0 for nobody.
    undo_every: u64,
    undone: u64,
}

impl Life {
    fn new(seed: u64, messages: u32, chats: i64, manners: Manners) -> Self {
        let disk = Disk::default();
        let board = Board::start(disk.clone(), &rulebook(), UNPACED, at(0)).expect("a new disk opens");
        let rng = fastrand::Rng::with_seed(seed);
        let town = Town::new(messages, chats, manners);
        Self {
            rng,
            town,
            disk,
            board,
            flying: Vec::new(),
            offset: None,
            now_ms: 1,
            restarts: 0,
            polled: false,
            undo_every: 0,
            undone: 0,
        }
    }

    /// The power fails: answers on their way are never heard, and what was not synced may or may not be there.
    fn crash(&mut self) {
        self.flying.clear();
        self.disk = self.disk.cut_power(&mut self.rng);
        self.restarts += 1;
        self.offset = None;
        self.polled = false;
        self.board = Board::start(self.disk.clone(), &rulebook(), UNPACED, at(self.now_ms)).expect("the disk opens");
    }

    fn step(&mut self) {
        self.now_ms += self.rng.u64(0..3);
        let now = at(self.now_ms);
        let choice = self.rng.u8(..10);
        if choice < 2 || (self.flying.is_empty() && choice < 5) {
            let batch = self.town.poll(self.offset, 100, &mut self.rng);
            self.polled = true;
            if let Some(last) = batch.iter().map(|incoming| incoming.id.0).max() {
                self.board.take(batch, now).expect("the disk works");
                self.offset = Some(last + 1);
            }
        } else if choice < 6 {
            match self.board.turn(now).expect("the disk works") {
                Next::Wait(Some(until)) if self.flying.is_empty() => self.now_ms = self.now_ms.max(until.0),
                next => {
                    if let Some((ticket, request)) = call_of(next) {
                        let answer = self.town.call(&request, self.now_ms, &mut self.rng);
                        self.flying.push(Flying { ticket, request, answer, said_ms: self.now_ms });
                    }
                }
            }
        } else if !self.flying.is_empty() {
            let index = self.rng.usize(..self.flying.len());
            let Flying { ticket, request, answer, said_ms } = self.flying.swap_remove(index);
            self.town.heard(&request, &answer, said_ms);
            let chance = self.rng.u64(..);
            self.board.answered(ticket, answer, now, chance).expect("the disk works");
        }
    }

    /// Somebody undoes one of the last decisions.
    fn undo(&mut self) {
        let decisions = self.board.snapshots().decisions(40).expect("the disk works");
        if decisions.is_empty() {
            return;
        }
        let (number, _) = decisions[self.rng.usize(..decisions.len())];
        if let Some(freed) = self.board.undo(number, at(self.now_ms)).expect("the disk works") {
            self.town.undone.insert(freed);
            self.undone += 1;
        }
    }

    /// What the days say was used: messages, and those blocked.
    fn counted(&mut self) -> (u64, u64) {
        self.board.flush(at(self.now_ms)).expect("the disk works");
        let days = self.board.snapshots().usage(&TenantName::default()).expect("the disk works");
        days.iter().fold((0, 0), |(all, blocked), (_, day)| (all + day.messages, blocked + day.blocked))
    }

    fn is_over(&self) -> bool {
        self.polled && self.town.is_drained() && self.board.outbox.rows() == 0 && self.flying.is_empty()
    }

    /// Lives until nothing is left to be done; one step in `crash_every` is a power cut.
    fn live(&mut self, crash_every: u64) -> Result<(), String> {
        let mut steps = 0_u64;
        while !self.is_over() {
            steps += 1;
            if steps > 2_000_000 {
                return Err(format!("no end: {} rows, {} calls", self.board.outbox.rows(), self.town.calls));
            }
            if crash_every > 0 && self.rng.u64(..crash_every) == 0 {
                self.crash();
            } else if self.undo_every > 0 && self.rng.u64(..self.undo_every) == 0 {
                self.undo();
            } else {
                self.step();
            }
        }
        self.town.check()
    }
}

#[test]
fn whoever_is_undone_ends_free_whatever_is_lost_repeated_or_cut_off() {
    let seeds = count("AEGIS_TEST_SEEDS", 1_000) / 10;
    let manners = Manners { lost_replies: 10, repeated_updates: 10, ..Manners::default() };
    let (mut undone, mut restarts) = (0, 0);
    for seed in 0..seeds {
        let mut life = Life::new(seed, 400, 5, manners);
        life.undo_every = 12;
        life.live(400).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        undone += life.undone;
        restarts += u64::from(life.restarts);
    }
    println!("{seeds} seeds, {undone} decisions undone, {restarts} power cuts: everybody undone is free");
    assert!(undone > seeds * 10, "{undone}");
}

#[test]
fn a_day_counts_each_message_once() {
    let manners = Manners { lost_replies: 10, repeated_updates: 20, ..Manners::default() };
    for seed in 0..20 {
        let mut life = Life::new(seed, 300, 3, manners);
        life.live(0).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert_eq!(life.counted(), life.town.counts(), "seed {seed}");
        // After power cuts what nobody decided about may be missing, as its id is; nothing is there twice.
        let mut life = Life::new(seed, 300, 3, manners);
        life.live(100).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        let ((counted, blocked), (messages, of_them)) = (life.counted(), life.town.counts());
        assert!(counted <= messages && counted >= of_them, "seed {seed}: {counted} of {messages}");
        assert_eq!(blocked, of_them, "seed {seed}: a decision and its count are durable together");
    }
}

#[test]
fn whatever_is_lost_repeated_or_cut_off_the_chats_end_as_they_must() {
    let seeds = count("AEGIS_TEST_SEEDS", 1_000);
    let messages = count("AEGIS_TEST_MESSAGES", 2_000) as u32;
    let manners = Manners { lost_replies: 10, repeated_updates: 10, ..Manners::default() };
    let mut restarts = 0;
    for seed in 0..seeds {
        let mut life = Life::new(seed, messages, 7, manners);
        if let Err(why) = life.live(1_000) {
            panic!("seed {seed}: {why}");
        }
        restarts += u64::from(life.restarts);
    }
    println!("{seeds} seeds x {messages} messages, {restarts} power cuts: every chat ended as it must");
    assert!(seeds < 100 || restarts > seeds / 10, "the world was too kind: {restarts} power cuts");
}

#[test]
fn no_call_is_made_before_a_pause_is_over_and_none_is_wasted() {
    let seeds = count("AEGIS_TEST_SEEDS", 1_000) / 10;
    let manners = Manners { pauses: 50, longest_pause_s: 900, ..Manners::default() };
    let (mut calls, mut needed) = (0, 0);
    for seed in 0..seeds {
        let mut life = Life::new(seed, 200, 3, manners);
        // A restart in orderly fashion now and then: pauses must outlive it. What was answered is durable before it.
        let mut steps = 0_u64;
        while !life.is_over() {
            steps += 1;
            assert!(steps < 2_000_000, "seed {seed}: no end");
            if life.flying.is_empty() && life.rng.u64(..300) == 0 {
                life.board.flush(at(life.now_ms)).expect("the disk works");
                life.crash();
            } else {
                life.step();
            }
        }
        life.town.check().unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert_eq!(life.town.early_calls, 0, "seed {seed}");
        calls += life.town.calls;
        // Each refused call has to be made again; beyond those, what a world without refusals needs.
        let mut kind = Life::new(seed, 200, 3, Manners::default());
        kind.live(0).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        needed += kind.town.calls + life.town.refused_calls;
    }
    println!("{seeds} seeds: {calls} calls, {needed} at least needed");
    assert!(calls * 100 <= needed * 105, "{calls} calls for {needed}");
}
