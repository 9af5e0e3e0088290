//! What waits for receivers, on a file of its own.

use super::super::desk::DeskTick;
use super::super::{Keep, Promise, Tick};
use super::*;
use crate::decide::Disposition;
use crate::events::Decided;
use crate::message::{ChatId, MessageId, Revision, Sender, TraceId, UserId};
use crate::store::io::IoCount;
use crate::store::records::{Detail, OutboxKey, OutboxRow, OutboxState};
use crate::verdict::{ActionKind, Mode, Outcome};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const NEAR: u64 = 11;
const FAR: u64 = 22;

/// Wants everything for two receivers.
#[derive(Debug, Default)]
struct Wanting {
    dropped: AtomicU64,
    waits: AtomicU64,
}

impl Teller for Wanting {
    fn receivers(&self) -> Vec<u64> {
        vec![NEAR, FAR]
    }
    fn decision(&self, number: u64, _: &Decision) -> Option<Event> {
        Some(Event::incident("decision", false, &number.to_string()))
    }
    fn dead_letter(&self, number: u64, _: &DeadLetter) -> Option<Event> {
        Some(Event::incident("letter", false, &number.to_string()))
    }
    fn wants(&self, event: &Event) -> bool {
        *event != unwanted()
    }
    fn dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }
    fn waits(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }
}

fn unwanted() -> Event {
    Event::incident("nobody", false, "cares")
}

fn open(dir: &Path, teller: &Arc<Wanting>) -> Store {
    let keep = Keep { decisions: 9, done: 9, dedupe_batches: 9, dead_letters: 9, albums: 9, audit: 9 };
    let (store, _) = Store::open(dir, 1 << 20, keep, &Arc::new(IoCount::default()), Wall(0)).expect("it opens");
    store.with_teller(teller.clone())
}

fn promise() -> Promise {
    let decision = Decision {
        at: Wall(1),
        chat: ChatId(-1),
        message: MessageId(1),
        sender: Sender::Member(UserId(7)),
        revision: Revision::Original,
        outcome: Outcome::Block,
        score: 100,
        reason: String::new(),
        findings: Vec::new(),
        actions: Vec::new(),
        mode: Mode::Enforce,
        disposition: Disposition::Promised,
        policy: 1,
        trace: TraceId(1),
        excerpt: String::new(),
    };
    Promise { decision, rows: Vec::new() }
}

fn letter() -> DeadLetter {
    let key = OutboxKey { chat: ChatId(-1), message: MessageId(1), action: ActionKind::Delete };
    let row = OutboxRow {
        state: OutboxState::Pending,
        detail: Detail::None,
        ..OutboxRow::new(key, Sender::Member(UserId(7)), Wall(1), TraceId(1))
    };
    DeadLetter { row, why: "no".to_owned(), at: Wall(1) }
}

fn events(events: Vec<Event>) -> Tick {
    Tick { hooks: HooksTick { events, ..HooksTick::default() }, ..Tick::default() }
}

fn done(done: Vec<u64>) -> Tick {
    Tick { hooks: HooksTick { done, ..HooksTick::default() }, ..Tick::default() }
}

/// What waits for a receiver, in order: the id's number, and what it is about.
fn waiting(store: &Store, to: u64) -> Vec<(u64, String)> {
    let (snapshots, mut after, mut all) = (store.snapshots(), 0, Vec::new());
    while let Some((number, row)) = snapshots.hook_after(after, to).expect("it is read") {
        let What::Incident(what) = row.event.what else { panic!("another") };
        all.push((row.number, format!("{} {}", what.about, what.words)));
        after = number;
    }
    all
}

#[test]
fn what_is_told_is_durable_with_what_it_tells_once_for_each_receiver_and_gone_when_it_is_done() {
    let dir = tempfile::tempdir().expect("a folder");
    let teller = Arc::new(Wanting::default());
    let mut store = open(dir.path(), &teller);
    let tick = Tick { promises: vec![promise(), promise()], dead: vec![letter()], ..events(vec![unwanted()]) };
    assert!(tick.matters() && !done(vec![1]).matters() && !done(vec![1]).is_empty());
    store.commit(&[tick], Wall(5)).expect("committed");
    let told = ["decision 1", "decision 2", "letter 1"];
    for to in [NEAR, FAR] {
        let waits = waiting(&store, to);
        assert_eq!(waits.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>(), told);
        assert_eq!(waits.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 3, 5], "one id for all");
    }
    assert_eq!(store.snapshots().hooks_of_nobody(&[NEAR]).expect("read"), [2, 4, 6]);
    store.commit(&[done(vec![1, 3, 0])], Wall(6)).expect("committed");
    drop(store);
    let store = open(dir.path(), &teller);
    assert_eq!((waiting(&store, NEAR).len(), waiting(&store, FAR).len()), (1, 3));
    assert_eq!(store.snapshots().hooks_waiting().expect("read"), [(NEAR, 1), (FAR, 3)].into());
    assert_eq!(teller.waits.load(Ordering::Relaxed), 1, "nobody is woken for what is done");
}

#[test]
fn when_too_many_wait_the_oldest_make_room_and_are_counted_and_the_keys_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let teller = Arc::new(Wanting::default());
    let mut store = open(dir.path(), &teller);
    let key = HookKey {
        name: "ci".to_owned(),
        role: Role::Owner,
        tenants: Vec::new(),
        since: Wall(1),
        secret: "a secret".to_owned(),
        previous: None,
    };
    let hooks = HooksTick { keys: Some(vec![key.clone()]), ..HooksTick::default() };
    assert!(!format!("{hooks:?}").contains("a secret"));
    store.commit(&[Tick { hooks, ..Tick::default() }], Wall(1)).expect("committed");
    let half = usize::try_from(limits::HOOKS_WAITING_MAX / 2).expect("few");
    let many = |count: usize| events((0..count).map(|n| Event::incident("n", false, &n.to_string())).collect());
    store.commit(&[many(half)], Wall(2)).expect("committed");
    assert_eq!(teller.dropped.load(Ordering::Relaxed), 0);
    store.commit(&[many(3)], Wall(3)).expect("committed");
    assert_eq!(teller.dropped.load(Ordering::Relaxed), 6, "three for two receivers");
    let waits = waiting(&store, NEAR);
    assert_eq!((waits.len(), waits.first().map(|(_, words)| words.as_str())), (half, Some("n 3")));
    assert_eq!(store.snapshots().hook_keys().expect("read"), [key]);
}

#[test]
fn what_is_not_kept_of_a_decision_any_more_is_not_told_of_it_either() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = open(dir.path(), &Arc::default());
    let told = |number| {
        let about = Decided { number, sender: 7, excerpt: Some("hello".to_owned()), ..Decided::default() };
        Event { tenant: None, what: What::Decision(about) }
    };
    store.commit(&[events(vec![told(1), told(2), told(3)])], Wall(1)).expect("committed");
    let redact = Redaction { texts: vec![1], senders: vec![2], ..Redaction::default() };
    let desk = DeskTick { redact, ..DeskTick::default() };
    store.commit(&[Tick { desk, ..Tick::default() }], Wall(2)).expect("committed");
    let (snapshots, mut after, mut waits) = (store.snapshots(), 0, Vec::new());
    while let Some((number, row)) = snapshots.hook_after(after, NEAR).expect("read") {
        let What::Decision(about) = row.event.what else { panic!("another") };
        waits.push((about.number, about.sender, about.excerpt.is_some()));
        after = number;
    }
    assert_eq!(waits, [(1, 7, false), (2, 0, false), (3, 7, true)]);
}

#[test]
fn a_nonce_is_remembered_until_its_time_is_over() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = open(dir.path(), &Arc::default());
    let mut use_up = |nonce: u8, now: u64| {
        let nonces = vec![([nonce; 16], Wall(now + limits::NONCE_MS))];
        let tick = Tick { hooks: HooksTick { nonces, ..HooksTick::default() }, ..Tick::default() };
        store.commit(&[tick], Wall(now)).expect("committed");
        store.snapshots().nonces().expect("read").into_iter().map(|(nonce, _)| nonce[0]).collect::<Vec<_>>()
    };
    assert_eq!(use_up(1, 1_000), [1]);
    assert_eq!(use_up(2, 1_000 + limits::NONCE_MS - 1), [1, 2]);
    assert_eq!(use_up(3, 1_000 + limits::NONCE_MS), [2, 3]);
}
