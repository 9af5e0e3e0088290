//! What was used, as stored: by hour and day, and what changed since somebody took it. Counts are neither lost nor counted
//! twice, whatever happens in between.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::clock::Wall;
use aegis::message::ChatId;
use aegis::store::desk::DeskTick;
use aegis::store::io::IoCount;
use aegis::store::usage::{Span, Usage, UsageChange, UsageKey};
use aegis::store::{Committed, Keep, Store, Tick};
use aegis::tenant::TenantName;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const KEEP: Keep = Keep { decisions: 9, done: 9, dedupe_batches: 9, dead_letters: 4, albums: 9, audit: 5 };
const HOUR: u32 = 498_000;
const DAY: u32 = 20_261_024;

/// A moment in an hour.
fn at(hour: u32) -> Wall {
    Wall(u64::from(hour) * 3_600_000 + 1)
}

fn garden() -> TenantName {
    TenantName::new("garden").unwrap()
}

fn open(dir: &Path, now: Wall) -> Store {
    Store::open(dir, 1 << 20, KEEP, &Arc::new(IoCount::default()), now).unwrap().0
}

fn one() -> Usage {
    Usage { messages: 1, actions: 2, tokens_in: 3, ..Usage::default() }
}

fn key(chat: i64, hour: u32) -> UsageKey {
    UsageKey { hour, tenant: garden(), chat: ChatId(chat), day: DAY + (hour - HOUR) / 24 }
}

fn commit(store: &mut Store, desk: DeskTick, now: Wall) -> Committed {
    store.commit(&[Tick { desk, ..Tick::default() }], now).unwrap().remove(0)
}

fn count(store: &mut Store, keys: &[UsageKey], now: Wall) {
    let mut desk = DeskTick::default();
    keys.iter().for_each(|key| desk.count(key.clone(), one()));
    commit(store, desk, now);
}

/// What somebody has who takes changes so many at a time, until there are no more.
fn taken(store: &Store, mut after: u64, at_most: usize, has: &mut BTreeMap<(TenantName, Span), Usage>) -> u64 {
    loop {
        let changes = store.snapshots().usage_changes(after, at_most).unwrap();
        assert!(changes.rows.len() <= at_most && changes.upto >= after);
        assert!(changes.rows.windows(2).all(|pair| pair[0].edition < pair[1].edition), "{changes:?}");
        for UsageChange { edition, tenant, span, used } in changes.rows {
            assert!(edition > after && edition <= changes.upto);
            has.insert((tenant, span), used);
        }
        after = changes.upto;
        if !changes.more {
            return after;
        }
    }
}

#[test]
fn who_takes_what_changed_has_everything_and_takes_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path(), at(HOUR));
    let mut has = BTreeMap::new();
    assert_eq!(taken(&store, 0, 5, &mut has), 0, "nothing was used");
    for hour in 0..30 {
        let keys: Vec<_> = (1..=7).map(|chat| key(-chat, HOUR + hour)).collect();
        count(&mut store, &keys, at(HOUR + hour));
    }
    let upto = taken(&store, 0, 4, &mut has);
    assert_eq!(has.len(), 210);
    assert!(has.values().all(|used| *used == one()));
    assert_eq!(store.snapshots().usage_changes(upto, 4).unwrap().rows, Vec::new(), "nothing changed since");
    // A late one, and one of now.
    count(&mut store, &[key(-3, HOUR + 2), key(-3, HOUR + 29)], at(HOUR + 29));
    let changed = store.snapshots().usage_changes(upto, 9).unwrap();
    let spans: Vec<_> = changed.rows.iter().map(|row| row.span).collect();
    assert_eq!(spans, [Span::Hour(ChatId(-3), HOUR + 2), Span::Hour(ChatId(-3), HOUR + 29)]);
    assert!(changed.rows.iter().all(|row| row.used == one().plus(one())));
    assert!(!changed.more);
}

#[test]
fn what_a_hub_confirmed_is_remembered_and_only_rises() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path(), at(HOUR));
    assert_eq!(store.snapshots().usage_confirmed("a").unwrap(), 0);
    for (confirmed, is) in [(7, 7), (3, 7), (9, 9)] {
        let desk = DeskTick { confirmed: vec![("a".to_owned(), confirmed)], ..DeskTick::default() };
        commit(&mut store, desk, at(HOUR));
        assert_eq!(store.snapshots().usage_confirmed("a").unwrap(), is);
    }
    drop(store);
    let store = open(dir.path(), at(HOUR));
    assert_eq!(
        (store.snapshots().usage_confirmed("a").unwrap(), store.snapshots().usage_confirmed("b").unwrap()),
        (9, 0)
    );
}

#[test]
fn after_a_power_cut_the_hours_that_may_lack_something_say_so_and_others_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let marked = |store: &Store| {
        let (rows, _) = store.snapshots().usage_hours((0, u32::MAX), None, None, 99).unwrap();
        rows.iter().map(|row| (row.hour - HOUR, row.chat.0, row.used.at_least)).collect::<Vec<_>>()
    };
    let mut store = open(dir.path(), at(HOUR));
    count(&mut store, &[key(-1, HOUR), key(-1, HOUR + 1), key(-2, HOUR + 1)], at(HOUR + 1));
    store.ends_cleanly();
    store.commit(&[], at(HOUR + 1)).unwrap();
    drop(store);
    // A clean end: nothing is missing.
    let mut store = open(dir.path(), at(HOUR + 2));
    store.begin_counting(at(HOUR + 2)).unwrap();
    count(&mut store, &[key(-1, HOUR + 2)], at(HOUR + 2));
    assert!(marked(&store).iter().all(|(_, _, is_marked)| !is_marked));
    let (mut has, edition) = (BTreeMap::new(), store.snapshots().usage_changes(0, 99).unwrap().upto);
    // The power fails, and it stays dark for two hours.
    drop(store);
    let mut store = open(dir.path(), at(HOUR + 4));
    store.begin_counting(at(HOUR + 4)).unwrap();
    let now = [(0, -1, false), (1, -2, false), (1, -1, false), (2, -1, true)];
    assert_eq!(marked(&store), now, "the hour that was counted in last");
    taken(&store, edition, 9, &mut has);
    assert_eq!(has.len(), 1, "that it is marked is a change");
    // Nobody knows when the power failed: what comes late for the hours since then may lack something too.
    count(&mut store, &[key(-2, HOUR + 3), key(-2, HOUR + 5)], at(HOUR + 5));
    assert_eq!(marked(&store)[4..], [(3, -2, true), (5, -2, false)]);
    assert_eq!(store.snapshots().usage(&garden()).unwrap(), [(DAY, Usage { at_least: true, ..sum(6) })]);
    // A second cut says nothing about hours of the first that were whole.
    drop(store);
    let mut store = open(dir.path(), at(HOUR + 6));
    count(&mut store, &[key(-2, HOUR + 6), key(-2, HOUR + 7)], at(HOUR + 7));
    assert_eq!(marked(&store)[5..], [(5, -2, true), (6, -2, true), (7, -2, true)], "without being told to begin");
}

fn sum(times: u64) -> Usage {
    (0..times).fold(Usage::default(), |sum, _| sum.plus(one()))
}
