//! What was used, as stored: by hour and day, and what changed since somebody took it. Counts are neither lost nor counted
//! twice, whatever happens in between.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::clock::Wall;
use aegis::jobs::rollup;
use aegis::limits;
use aegis::message::ChatId;
use aegis::store::desk::DeskTick;
use aegis::store::io::IoCount;
use aegis::store::usage::{RollUp, Span, Usage, UsageChange, UsageKey, hour_of};
use aegis::store::{Committed, Keep, Store, Tick};
use aegis::tenant::{Tenant, TenantName, Tenants, Zone};
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
        let (rows, _) = store.snapshots().usage_hours((0, u32::MAX), |_, _| true, 99).unwrap();
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

/// Zones whose midnight lies within an hour, whose clocks change by an hour or by half of one, and one without any of it.
fn zones() -> Vec<Zone> {
    let names = ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu"];
    let mut zones: Vec<Zone> = names
        .iter()
        .filter_map(|name| {
            let rules = std::fs::read(Path::new("/usr/share/zoneinfo").join(name)).ok()?;
            Some(Zone::from_tzif(name, &rules).expect("the system's own rules can be read"))
        })
        .collect();
    zones.push(Zone::default());
    zones
}

/// A world in which messages are counted, rolled up, and forgotten in bounds.
struct World {
    dir: tempfile::TempDir,
    store: Option<Store>,
    tenants: Tenants,
    /// What the days must say.
    days: BTreeMap<(TenantName, u32), u64>,
    now_s: u64,
    rng: fastrand::Rng,
}

impl World {
    fn new(seed: u64, from_s: u64) -> Self {
        let mut tenants = Tenants::default();
        for (number, zone) in zones().into_iter().enumerate() {
            let name = TenantName::new(&format!("t{number}")).unwrap();
            tenants.add(Tenant { name, zone, ..Tenant::default() }, [ChatId(-(number as i64) - 1)]);
        }
        let dir = tempfile::tempdir().unwrap();
        let store = Some(open(dir.path(), Wall(from_s * 1_000)));
        Self { dir, store, tenants, days: BTreeMap::new(), now_s: from_s, rng: fastrand::Rng::with_seed(seed) }
    }

    fn now(&self) -> Wall {
        Wall(self.now_s * 1_000)
    }

    fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    /// Some messages, most of now, some late by up to three days.
    fn messages(&mut self) {
        let mut desk = DeskTick::default();
        for _ in 0..self.rng.u64(1..8) {
            let late = if self.rng.u8(..8) == 0 { self.rng.u64(..3 * 86_400) } else { self.rng.u64(..60) };
            let chat = ChatId(-self.rng.i64(1..=7));
            let key = UsageKey::at(self.tenants.of(chat), chat, self.now_s - late);
            *self.days.entry((key.tenant.clone(), key.day)).or_default() += 1;
            desk.count(key, one());
        }
        let now = self.now();
        commit(self.store(), desk, now);
    }

    /// A pass that may be cut off, and whose steps may be made twice, with messages in between.
    fn roll_up(&mut self, may_break: bool) {
        let at_once = self.rng.usize(1..6);
        let mut asked = RollUp { at_once, ..rollup::plan(&self.tenants, self.now()) };
        loop {
            let now = self.now();
            let rolled = |store: &mut Store| {
                let desk = DeskTick { roll_up: Some(asked.clone()), ..DeskTick::default() };
                commit(store, desk, now).rolled.unwrap()
            };
            let mut done = rolled(self.store());
            assert!(done.moved <= at_once as u64 && done.dropped <= at_once as u64, "a step is bounded");
            match may_break.then(|| self.rng.u8(..12)) {
                Some(0) => return,
                Some(1) => return self.dies(),
                Some(2) => done = rolled(self.store()),
                Some(3) => self.messages(),
                _ => {}
            }
            asked.place = done.next;
            if asked.place.is_none() {
                return;
            }
        }
    }

    /// The process is killed, and started again.
    fn dies(&mut self) {
        self.store = None;
        self.store = Some(open(self.dir.path(), self.now()));
    }

    fn adds_up(&mut self) {
        let names: Vec<_> = self.tenants.iter().map(|tenant| tenant.name.clone()).collect();
        let read = self.store().snapshots();
        for name in names {
            let told: Vec<_> = read.usage(&name).unwrap().into_iter().map(|(day, used)| (day, used.messages)).collect();
            let must: Vec<_> =
                self.days.iter().filter(|((of, _), _)| *of == name).map(|((_, day), count)| (*day, *count)).collect();
            assert_eq!(told, must, "{name}");
        }
    }

    /// The rows of days, as they are stored.
    fn rows_of_days(&mut self) -> Vec<UsageChange> {
        let mut rows = self.store().snapshots().usage_changes(0, 100_000).unwrap().rows;
        rows.retain(|row| matches!(row.span, Span::Day(_)));
        rows
    }
}

#[test]
fn days_say_the_same_whenever_and_however_often_they_are_rolled_up() {
    // The nights in which clocks change in Berlin and New York, and on Lord Howe by half an hour.
    for (seed, from_s) in (0..40).zip([1_774_400_000, 1_792_600_000, 1_775_200_000, 1_791_000_000].into_iter().cycle())
    {
        let mut world = World::new(seed, from_s);
        for _ in 0..60 {
            world.now_s += world.rng.u64(..7_200);
            match world.rng.u8(..10) {
                0..6 => world.messages(),
                6..9 => world.roll_up(true),
                _ => world.dies(),
            }
            world.adds_up();
        }
        // When all days are over and rolled up, the rows alone are the sums; another pass changes not even an edition.
        world.now_s += 3 * 86_400;
        world.roll_up(false);
        let rows = world.rows_of_days();
        let must: BTreeMap<_, _> =
            world.days.iter().map(|((tenant, day), count)| ((tenant.clone(), Span::Day(*day)), *count)).collect();
        let are: BTreeMap<_, _> = rows.iter().map(|row| ((row.tenant.clone(), row.span), row.used.messages)).collect();
        assert_eq!(are, must, "seed {seed}");
        world.roll_up(false);
        assert_eq!(world.rows_of_days(), rows, "seed {seed}");
        let asked = rollup::plan(&world.tenants, world.now());
        assert!(!world.store().snapshots().needs_roll_up(&asked).unwrap());
    }
}

#[test]
fn old_hours_go_with_nothing_lost_and_a_clock_that_is_years_ahead_takes_none() {
    let mut world = World::new(7, 1_795_000_000);
    let from = hour_of(world.now_s);
    for _ in 0..(limits::USAGE_HOURS_KEPT + 5) * 3 {
        world.messages();
        world.now_s += 8 * 3_600;
    }
    let kept = |world: &mut World| {
        let (rows, more) = world.store().snapshots().usage_hours((0, u32::MAX), |_, _| true, 100_000).unwrap();
        assert!(!more);
        (rows.len(), rows[0].hour)
    };
    let (all, first) = kept(&mut world);
    assert!(first <= from);
    world.roll_up(false);
    world.adds_up();
    let (some, first) = kept(&mut world);
    let oldest = hour_of(world.now_s) - limits::USAGE_HOURS_KEPT * 24;
    assert!(some < all && first >= oldest - 8, "{some} of {all}");
    // What comes for an hour that is gone goes into its day, and makes no row that would be taken for the whole hour.
    let chat = ChatId(-1);
    let key = UsageKey::at(world.tenants.of(chat), chat, u64::from(from) * 3_600);
    *world.days.entry((key.tenant.clone(), key.day)).or_default() += 1;
    let (now, mut desk) = (world.now(), DeskTick::default());
    desk.count(key, one());
    commit(world.store(), desk, now);
    world.adds_up();
    assert_eq!(kept(&mut world), (some, first));
    world.now_s += 20 * 365 * 86_400;
    world.roll_up(false);
    world.adds_up();
    assert!(kept(&mut world).0 + 24 >= some, "the clock was wrong, and most are still there");
}
