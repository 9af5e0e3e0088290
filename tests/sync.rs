//! A board and its hub through months: cuts of power, lost answers, repeats, a hub that is away, backups that were restored on
//! either side. At the end both have the same sums, and nothing counted twice.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::clock::{Monotonic, Now, Wall};
use aegis::cloud::{Ask, Failure, Told};
use aegis::config::Config;
use aegis::jobs::rollup;
use aegis::limits;
use aegis::message::ChatId;
use aegis::policy::compile;
use aegis::reload::rulebook;
use aegis::shard::Rulebook;
use aegis::store::desk::DeskTick;
use aegis::store::io::IoCount;
use aegis::store::usage::{Usage, UsageKey, hour_of};
use aegis::store::{Keep, Store, Tick};
use aegis::sync::rows::Board;
use aegis::sync::{Machine, Turn, Way, step, verify};
use aegis::tenant::{Tenant, TenantName, Tenants};
use aegis_contract::{
    BoardId, Chain, Document, Health, Kind, Problem, Push, Receipt, Rows, Sources, State, UsageRow, Wishes, routes,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

const KEEP: Keep = Keep { decisions: 9, done: 9, dedupe_batches: 9, dead_letters: 4, albums: 9, audit: 5 };
const BEGIN_MS: u64 = 1_790_000_000_000;
const HOUR_MS: u64 = 3_600_000;
const BOARD: BoardId = BoardId([7; 16]);

/// A hub in memory, by the rules of the contract.
#[derive(Clone)]
struct Hub {
    sequence: u64,
    chain: Chain,
    rows: BTreeMap<(i64, aegis_contract::Span, i64), UsageRow>,
    /// What happens to the next questions, drawn from this.
    chance: fastrand::Rng,
    is_away: bool,
    /// Of a hundred, how many answers are lost, after the hub did its work, and how many questions.
    lost: u8,
    pushes: u64,
    asked: u64,
    /// How far the board said that it has told.
    told: (u64, u64),
    /// Decisions as they came, and whether they were undone.
    decisions: Vec<(u64, bool)>,
    /// The chats whose rows it refuses.
    refuses: BTreeSet<i64>,
    /// Whether it refuses any health.
    refuses_health: bool,
}

impl Hub {
    fn new(seed: u64) -> Self {
        let chance = fastrand::Rng::with_seed(seed);
        Self {
            sequence: 0,
            chain: Chain::first(BOARD),
            rows: BTreeMap::new(),
            chance,
            is_away: false,
            lost: 0,
            pushes: 0,
            asked: 0,
            told: (0, 0),
            decisions: Vec::new(),
            refuses: BTreeSet::new(),
            refuses_health: false,
        }
    }

    fn take(&mut self, body: &[u8]) -> Result<Receipt, Failure> {
        let push = Push::read(body).unwrap_or_else(|refusal| panic!("{refusal}"));
        self.asked += 1;
        let is_refused = push.usage.iter().any(|row| self.refuses.contains(&row.chat))
            || (self.refuses_health && push.health.uptime_s > 0);
        if is_refused {
            return Err(Failure::Refused(Box::new(Problem::new(Kind::Invalid, "one of them is wrong")), 0));
        }
        if let Some(sequence) = push.sequence {
            let chain = push.previous.after(body);
            if (sequence, chain) != (self.sequence, self.chain) {
                if sequence != self.sequence + 1 || push.previous != self.chain {
                    let mut problem = Problem::new(Kind::Fork, "it does not follow");
                    (problem.sequence, problem.chain) = (Some(self.sequence), Some(self.chain));
                    return Err(Failure::Refused(Box::new(problem), 0));
                }
                for row in push.usage {
                    if self.rows.values().any(|known| known.covers(&row)) {
                        continue;
                    }
                    self.rows.retain(|_, known| !row.covers(known));
                    self.rows.insert((row.from, row.span, row.chat), row);
                }
                self.decisions.extend(
                    push.decisions.iter().map(|row| (row.number, row.actions.iter().any(|action| action == "undone"))),
                );
                (self.sequence, self.chain) = (sequence, chain);
                self.pushes += 1;
            }
        }
        self.told = (push.health.edition, push.health.decision);
        Ok(Receipt {
            sequence: self.sequence,
            chain: self.chain,
            hub_time_us: 0,
            wishes_etag: "one".to_owned(),
            texts_left_out: 0,
        })
    }

    fn answer(&mut self, ask: &Ask) -> Result<Told, Failure> {
        let told = |body| Told { status: 200, etag: Some("one".to_owned()), body };
        match ask.target.as_str() {
            routes::STATE => {
                let (edition, decision) = self.told;
                let state = State { sequence: self.sequence, chain: self.chain, hub_time_us: 0, edition, decision };
                Ok(told(state.bytes()))
            }
            routes::WISHES => {
                let text = [("default".to_owned(), false)].into();
                Ok(told(Wishes { sources: Sources::default(), text, ..Wishes::default() }.bytes()))
            }
            routes::PUSH => self.take(ask.body.as_deref().unwrap()).map(|receipt| told(receipt.bytes())),
            other => {
                assert!(other.starts_with(routes::ROWS), "{other}");
                let value = |name: &str| other.split(['?', '&']).find_map(|part| part.strip_prefix(name));
                let month: aegis_contract::Month = value("month=").unwrap().parse().unwrap();
                let (at_most, after) = (value("rows=").unwrap().parse().unwrap(), value("after="));
                let place = |row: &UsageRow| format!("{}.{}", row.from, row.chat);
                let all = self.rows.values().filter(|row| (month.begin()..month.next().begin()).contains(&row.from));
                let mut rest = all.skip_while(|row| after.is_some_and(|after| place(row) != after)).peekable();
                if after.is_some() {
                    rest.next();
                }
                let rows: Vec<UsageRow> = rest.by_ref().take(at_most).cloned().collect();
                let after = rest.peek().and(rows.last()).map(place);
                Ok(told(Rows { tenant: "default".to_owned(), month, rows, after }.bytes()))
            }
        }
    }

    fn messages(&self) -> u64 {
        self.rows.values().map(|row| row.messages).sum()
    }
}

impl Way for &mut Hub {
    async fn ask(&mut self, ask: Ask) -> Result<Told, Failure> {
        let away = || Failure::Away("nobody answers".to_owned());
        if self.is_away || self.chance.u8(..100) < self.lost {
            return Err(away());
        }
        let told = self.answer(&ask);
        if self.chance.u8(..100) < self.lost { Err(away()) } else { told }
    }
}

struct Life {
    store: Store,
    io: Arc<IoCount>,
    machine: Machine,
    book: Rulebook,
    config: Config,
    tenants: BTreeSet<String>,
}

fn settings() -> Config {
    let environment = [];
    let read = |_: &Path| Ok("[cloud]\nurl = \"https://hub.example\"\n".to_owned());
    let zone = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let around = aegis::config::Surroundings { environment: &environment, read: &read, zone: &zone };
    Config::load(Some(Path::new("aegis.toml")), &around).unwrap()
}

impl Life {
    fn begin(dir: &Path, now: Wall) -> Self {
        let io = Arc::new(IoCount::default());
        let mut store = Store::open(dir, 1 << 20, KEEP, &io, now).unwrap().0;
        store.begin_counting(now).unwrap();
        let snapshots = store.snapshots();
        let place = snapshots.sync_place().unwrap();
        let kept = snapshots.sync_wishes().unwrap();
        let is_new = place.is_none();
        let newest = (snapshots.newest_edition().unwrap(), snapshots.newest_decision().unwrap());
        let machine = Machine::new(&BOARD.to_string(), Chain::first(BOARD), place, kept.as_ref())
            .knowing(snapshots.sync_marks().unwrap(), newest)
            .after(snapshots.sync_streak().unwrap());
        let config = settings();
        let book = rulebook(&config, compile(&[]).unwrap_or_else(|_| compile(&aegis::policy::shipped()).unwrap()));
        let mut life = Self { store, io, machine, book, config, tenants: ["default".to_owned()].into() };
        if is_new {
            let sync = aegis::store::sync::SyncTick { place: Some(life.machine.place().clone()), ..Default::default() };
            life.commit(Tick { sync, ..Tick::default() }, now);
        }
        life
    }

    fn commit(&mut self, tick: Tick, now: Wall) -> aegis::store::Committed {
        self.store.commit(&[tick], now).unwrap().remove(0)
    }

    fn count(&mut self, chat: i64, now: Wall, messages: u64) {
        let mut desk = DeskTick::default();
        let key = UsageKey::at(&Tenant::default(), ChatId(chat), now.seconds());
        desk.count(key, Usage { messages, tokens_in: messages * 3, ..Usage::default() });
        self.commit(Tick { desk, ..Tick::default() }, now);
    }

    fn roll_up(&mut self, now: Wall) {
        let mut asked = rollup::plan(&Tenants::default(), now);
        loop {
            let desk = DeskTick { roll_up: Some(asked.clone()), ..DeskTick::default() };
            let rolled = self.commit(Tick { desk, ..Tick::default() }, now).rolled.unwrap();
            asked.place = rolled.next;
            if asked.place.is_none() {
                return;
            }
        }
    }

    /// One turn with the hub; whether something was durable for it. `is_lost`: the power fails before that.
    fn speak(&mut self, hub: &mut Hub, now: Now, is_lost: bool) -> bool {
        let snapshots = self.store.snapshots();
        let board = Board {
            snapshots: &snapshots,
            book: &self.book,
            cloud: self.config.cloud.as_ref().unwrap(),
            tenants: &self.tenants,
            health: Health { uptime_s: 5, ..Health::default() },
            budgets: &[],
        };
        let mut way = hub;
        let done = futures_now(step(&mut self.machine, &mut way, &board, now, now.mono.0)).unwrap();
        let is_something = !done.tick.is_empty();
        if is_something && !is_lost {
            self.commit(Tick { sync: done.tick, ..Tick::default() }, now.wall);
        }
        is_something
    }

    /// Speaks until there is nothing more to tell.
    fn converge(&mut self, hub: &mut Hub, mono: &mut u64, wall: Wall) {
        for _ in 0..2_000 {
            let now = Now { mono: Monotonic(*mono), wall };
            if let Turn::Rest(ms) = self.machine.turn(now) {
                if self.machine.standing().failures == 0 && self.machine.standing().pushed_s.is_some() {
                    return;
                }
                *mono += ms;
                continue;
            }
            self.speak(hub, now, false);
        }
        panic!("it does not converge: {:?}", self.machine.standing());
    }

    /// Both sides, in this month and the one before.
    fn compare(&self, hub: &mut Hub, now: Wall) -> verify::Compared {
        let snapshots = self.store.snapshots();
        let kept_from = snapshots.first_hour_kept().unwrap();
        let month = aegis_contract::Month::of(now.seconds() as i64);
        let mut all = verify::Compared::default();
        for month in [month.before(), month] {
            let mut way = &mut *hub;
            let tenant = TenantName::default();
            let one = futures_now(verify::month(&mut way, &snapshots, &tenant, month, kept_from)).unwrap();
            (all.same, all.differ) = (all.same + one.same, all.differ + one.differ);
            all.differs.extend(one.differs);
        }
        all
    }

    fn messages(&self) -> u64 {
        self.store.snapshots().usage(&TenantName::default()).unwrap().iter().map(|(_, used)| used.messages).sum()
    }
}

fn futures_now<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn at(ms: u64) -> Wall {
    Wall(BEGIN_MS + ms)
}

/// A board that lives for so many hours beside a hub that is away between two of them.
fn live(seed: u64, hours: u64, away: std::ops::Range<u64>) -> (u64, u64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut hub = Hub::new(seed);
    hub.lost = 20;
    let (mut life, mut mono, mut total) = (Life::begin(dir.path(), at(0)), 0_u64, 0_u64);
    for hour in 0..hours {
        hub.is_away = away.contains(&hour);
        let now = at(hour * HOUR_MS);
        for _ in 0..chance.u64(0..3) {
            let messages = chance.u64(1..50);
            life.count(-1 - chance.i64(0..3), now, messages);
            total += messages;
        }
        if hour % 24 == 2 {
            life.roll_up(now);
        }
        for _ in 0..4 {
            mono += chance.u64(1_000..900_000);
            // A confirmation that rides may be lost with the power.
            let is_lost = chance.u8(..100) < 5;
            life.speak(&mut hub, Now { mono: Monotonic(mono), wall: now }, is_lost);
            if is_lost {
                assert_eq!(life.machine.standing().forks, 0, "seed {seed}: {:?}", life.machine.standing());
                drop(life);
                life = Life::begin(dir.path(), now);
            }
        }
    }
    (hub.is_away, hub.lost) = (false, 0);
    let now = at(hours * HOUR_MS);
    life.converge(&mut hub, &mut mono, now);
    assert_eq!(life.messages(), total, "seed {seed}: the board's own sums");
    assert_eq!(hub.messages(), total, "seed {seed}: the hub's sums");
    // What is kept by hour here is the same there, row by row; hours of a day that was told as a day are in its row.
    assert_eq!(life.machine.standing().forks, 0, "seed {seed}");
    let there: Vec<UsageRow> = hub.rows.values().cloned().collect();
    let told_as_days: BTreeSet<i64> =
        there.iter().filter(|row| row.span == aegis_contract::Span::Day).map(|row| row.from).collect();
    let compared = life.compare(&mut hub, now);
    let differs = compared.differs.iter().filter(|one| !told_as_days.contains(&(one.place.1 / 86_400 * 86_400)));
    assert_eq!(differs.count(), 0, "seed {seed}");
    assert!(compared.same > 20, "{compared:?}");
    (hub.pushes, there.len() as u64, told_as_days.len() as u64)
}

#[test]
fn months_with_lost_answers_and_cuts_of_power_end_with_the_same_sums() {
    for seed in 0..2 {
        live(seed, 24 * 70, 0..0);
    }
}

#[test]
fn a_hub_that_is_away_for_longer_than_hours_are_kept_has_the_same_sums_in_the_end() {
    let mut days = 0;
    for seed in 10..12 {
        // Away for fifty days: hours of the first fifteen leave before the hub has them.
        days += live(seed, 24 * 70, 24 * 10 + 7..24 * 60 + 5).2;
    }
    assert!(days > 20, "days were told in the place of their hours: {days}");
}

#[test]
fn an_hour_of_heartbeats_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut hub, mut mono) = (Hub::new(1), 0);
    let mut life = Life::begin(dir.path(), at(0));
    life.count(-1, at(0), 5);
    life.converge(&mut hub, &mut mono, at(0));
    let before = life.io.read();
    let mut durable = 0;
    let end = mono + HOUR_MS;
    while mono < end {
        mono += 1_000;
        durable += u64::from(life.speak(&mut hub, Now { mono: Monotonic(mono), wall: at(mono) }, false));
    }
    assert_eq!((durable, life.io.read()), (0, before), "no commit, not a byte");
    assert_eq!(hub.sequence, 1);
}

#[test]
fn a_board_from_an_older_backup_and_a_hub_from_an_older_backup_come_together_again() {
    let (dir, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut hub, mut mono) = (Hub::new(2), 0);
    let mut life = Life::begin(dir.path(), at(0));
    for hour in 0..5 {
        life.count(-1, at(hour * HOUR_MS), 5);
        mono += 100_000;
        life.converge(&mut hub, &mut mono, at(hour * HOUR_MS));
    }
    drop(life);
    std::fs::copy(dir.path().join("journal.redb"), old.path().join("journal.redb")).unwrap();
    let old_hub = hub.clone();
    let mut life = Life::begin(dir.path(), at(5 * HOUR_MS));
    for hour in 5..9 {
        life.count(-1, at(hour * HOUR_MS), 5);
        mono += 100_000;
        life.converge(&mut hub, &mut mono, at(hour * HOUR_MS));
    }
    assert_eq!((life.messages(), hub.messages()), (45, 45));
    // The hub goes back: it gets all of it again.
    let mut hub = old_hub;
    for hour in 9..11 {
        mono += 100_000;
        life.count(-1, at(hour * HOUR_MS), 5);
        life.converge(&mut hub, &mut mono, at(hour * HOUR_MS));
    }
    assert_eq!((life.messages(), hub.messages()), (55, 55));
    assert_eq!(life.machine.standing().forks, 1, "and it is said");
    // The board goes back: what it counts from then on is added; what it forgot the hub still has, once.
    drop(life);
    let mut life = Life::begin(old.path(), at(11 * HOUR_MS));
    life.count(-1, at(11 * HOUR_MS), 7);
    life.converge(&mut hub, &mut mono, at(11 * HOUR_MS));
    assert_eq!((life.messages(), hub.messages()), (32, 62));
    assert_eq!(life.machine.standing().forks, 1);
    let hours: Vec<i64> = hub.rows.keys().map(|(from, ..)| from / 3_600).collect();
    assert_eq!(hours.len(), 12, "one row an hour: {hours:?}");
    assert_eq!(hours.last(), Some(&i64::from(hour_of(at(11 * HOUR_MS).seconds()))));
}

#[test]
fn a_backup_that_is_older_by_one_push_is_no_lost_answer() {
    let (dir, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut hub, mut mono) = (Hub::new(3), 0);
    let mut life = Life::begin(dir.path(), at(0));
    life.count(-1, at(0), 5);
    life.converge(&mut hub, &mut mono, at(0));
    drop(life);
    std::fs::copy(dir.path().join("journal.redb"), old.path().join("journal.redb")).unwrap();
    let mut life = Life::begin(dir.path(), at(1));
    life.count(-1, at(1), 4);
    mono += 100_000;
    life.converge(&mut hub, &mut mono, at(1));
    assert_eq!((hub.sequence, hub.messages(), life.machine.standing().forks), (2, 9, 0));
    drop(life);
    // The backup does not have the four. The hub has them, and the board that came back is one push behind.
    let mut life = Life::begin(old.path(), at(2));
    life.converge(&mut hub, &mut mono, at(2));
    assert_eq!(life.machine.standing().forks, 1, "it is said");
    assert_eq!((life.messages(), hub.messages()), (5, 5), "and both are the same");
}

#[test]
fn a_row_that_the_hub_refuses_is_found_and_set_aside_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut hub, mut mono) = (Hub::new(4), 0);
    hub.refuses = [-37, -74].into();
    let mut life = Life::begin(dir.path(), at(0));
    for chat in 1..=90 {
        life.count(-chat, at(0), 5);
    }
    life.converge(&mut hub, &mut mono, at(0));
    let standing = life.machine.standing();
    assert_eq!((standing.aside, hub.rows.len(), standing.forks), (2, 88, 0), "{standing:?}");
    assert!(hub.asked < 50, "{} pushes until both were found", hub.asked);
    let why = standing.refused.clone().unwrap();
    assert!(why.contains("chat -74") && why.contains("one of them is wrong"), "{why}");
    assert_eq!(standing.trouble, None, "the rest goes on");
    assert_eq!((life.messages(), hub.messages()), (450, 440), "no sum is lost here");
    assert_eq!(life.compare(&mut hub, at(0)).differ, 2, "and the comparison shows them");
    // It is remembered. A hub that takes them again gets them with their next change.
    drop(life);
    hub.refuses.clear();
    let mut life = Life::begin(dir.path(), at(1));
    (1..=90).for_each(|chat| life.count(-chat, at(1), 1));
    mono += 100_000;
    life.converge(&mut hub, &mut mono, at(1));
    assert_eq!((life.machine.standing().aside, hub.messages(), life.messages()), (2, 540, 540));
    assert_eq!(life.compare(&mut hub, at(1)).differ, 0);
}

#[test]
fn a_health_that_the_hub_refuses_holds_up_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let (mut hub, mut mono) = (Hub::new(5), 0);
    hub.refuses_health = true;
    let mut life = Life::begin(dir.path(), at(0));
    (1..=9).for_each(|chat| life.count(-chat, at(0), 5));
    life.converge(&mut hub, &mut mono, at(0));
    let standing = life.machine.standing();
    assert_eq!((standing.aside, hub.messages()), (0, 45), "{standing:?}");
    assert!(standing.refused.as_deref().is_some_and(|why| why.contains("health")), "{standing:?}");
}

/// Turns every five seconds, until then.
fn pass(life: &mut Life, hub: &mut Hub, mono: &mut u64, until: u64) {
    while *mono < until {
        life.speak(hub, Now { mono: Monotonic(*mono), wall: at(*mono) }, false);
        *mono += 5_000;
    }
}

#[test]
fn a_hub_that_refuses_every_row_is_at_fault_and_has_every_row_once_it_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let mut hub = Hub::new(6);
    let mut life = Life::begin(dir.path(), at(0));
    // One that it has, and one that it refuses alone: that is a row's fault, and stays.
    let mut mono = 0;
    (91..=92).for_each(|chat| life.count(-chat, at(0), 5));
    hub.refuses = [-91].into();
    life.converge(&mut hub, &mut mono, at(0));
    assert_eq!((life.machine.standing().aside, hub.messages()), (1, 5));
    hub.refuses = (-200..0).collect();
    (1..=90).for_each(|chat| life.count(-chat, at(0), 5));
    let from = mono;
    pass(&mut life, &mut hub, &mut mono, from + 2 * HOUR_MS);
    let standing = life.machine.standing().clone();
    assert!(
        standing.at_fault.as_deref().is_some_and(|why| why.contains("32 of them one after another")),
        "{standing:?}"
    );
    assert_eq!((standing.aside, standing.refused), (1, None), "what was set aside for it waits again");
    // Whatever comes, and after a start too: nothing is set aside, and it is asked with the longest pause.
    for hours in 1..4 {
        let asked = hub.asked;
        life.count(-7, at(mono), 1);
        let from = mono;
        pass(&mut life, &mut hub, &mut mono, from + 6 * HOUR_MS);
        let most = 6 * HOUR_MS / (limits::CLOUD_PAUSE_MS_MAX / 2) + 1;
        assert!((20..=most).contains(&(hub.asked - asked)), "{} pushes in six hours, {hours}", hub.asked - asked);
        let standing = life.machine.standing();
        assert_eq!((standing.aside, standing.at_fault.is_some(), hub.messages()), (1, true, 5));
        drop(life);
        life = Life::begin(dir.path(), at(mono));
    }
    // Mended: nobody has to do anything.
    hub.refuses = [-91].into();
    let (from, wall) = (mono, at(mono));
    pass(&mut life, &mut hub, &mut mono, from + HOUR_MS);
    life.converge(&mut hub, &mut mono, wall);
    let standing = life.machine.standing();
    assert_eq!((standing.at_fault.clone(), standing.was_at_fault, standing.aside), (None, true, 1), "{standing:?}");
    assert_eq!((life.messages(), hub.messages()), (463, 458), "all but the one row");
    assert_eq!(life.compare(&mut hub, wall).differ, 1);
}

#[test]
fn what_was_set_aside_is_told_when_somebody_asks_for_it_and_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut hub, mut mono) = (Hub::new(8), 0);
    let mut life = Life::begin(dir.path(), at(0));
    // Hours that leave before the hub had them are told as a day, which it refuses as well.
    (1..=9).for_each(|chat| life.count(-chat, at(0), 5));
    let later = at(60 * 24 * HOUR_MS);
    (10..=30).for_each(|chat| life.count(-chat, later, 5));
    life.roll_up(later);
    hub.refuses = [0, -15].into();
    life.converge(&mut hub, &mut mono, later);
    assert_eq!((life.machine.standing().aside, hub.messages(), life.messages()), (2, 100, 150));
    drop(life);
    hub.refuses.clear();
    let mut life = Life::begin(dir.path(), later);
    let sync = life.machine.again(&[]);
    life.commit(Tick { sync, ..Tick::default() }, later);
    life.converge(&mut hub, &mut mono, later);
    assert_eq!((life.machine.standing().aside, hub.messages(), life.messages()), (0, 150, 150));
    assert_eq!((life.compare(&mut hub, later).differ, life.machine.standing().forks), (0, 0));
    // Once more is no more.
    let sync = life.machine.again(&[]);
    life.commit(Tick { sync, ..Tick::default() }, later);
    mono += 100_000;
    life.converge(&mut hub, &mut mono, later);
    assert_eq!((hub.messages(), life.machine.standing().forks), (150, 0));
}

#[test]
fn rows_between_which_others_are_taken_are_set_aside_without_a_bound() {
    let dir = tempfile::tempdir().unwrap();
    let (mut hub, mut mono) = (Hub::new(9), 0);
    hub.refuses = (-200..0).filter(|chat| chat % 2 == 0).collect();
    let mut life = Life::begin(dir.path(), at(0));
    (1..=90).for_each(|chat| life.count(-chat, at(0), 5));
    life.converge(&mut hub, &mut mono, at(0));
    let standing = life.machine.standing();
    assert_eq!((standing.aside, standing.at_fault.clone(), hub.messages()), (45, None, 225), "{standing:?}");
}

#[test]
fn an_undone_decision_is_told_once_more_and_not_after_each_start() {
    let dir = tempfile::tempdir().unwrap();
    let (mut hub, mut mono) = (Hub::new(7), 0);
    let mut life = Life::begin(dir.path(), at(0));
    let promises = (0..3).map(|_| aegis::store::Promise { decision: decision(), rows: Vec::new() }).collect();
    life.commit(Tick { promises, ..Tick::default() }, at(0));
    life.converge(&mut hub, &mut mono, at(0));
    assert_eq!(hub.decisions, [(1, false), (2, false), (3, false)]);
    let mark = aegis::store::desk::Mark { undone: Some((at(5), "kim".to_owned())), ..Default::default() };
    let desk = DeskTick { marks: vec![(2, mark)], ..DeskTick::default() };
    life.commit(Tick { desk, ..Tick::default() }, at(5));
    for _ in 0..3 {
        mono += 100_000;
        life.converge(&mut hub, &mut mono, at(9));
        drop(life);
        life = Life::begin(dir.path(), at(9));
    }
    assert_eq!(hub.decisions.split_off(3), [(2, true)]);
}

fn decision() -> aegis::store::records::Decision {
    use aegis::decide::Disposition;
    use aegis::store::records::Decision;
    Decision {
        at: at(0),
        chat: ChatId(-1),
        message: aegis::message::MessageId(7),
        sender: aegis::message::Sender::Member(aegis::message::UserId(5)),
        revision: aegis::message::Revision::Original,
        outcome: aegis::verdict::Outcome::Block,
        score: 100,
        reason: "advertising".to_owned(),
        findings: Vec::new(),
        actions: Vec::new(),
        mode: aegis::verdict::Mode::Enforce,
        disposition: Disposition::Promised,
        policy: 1,
        trace: aegis::message::TraceId(1),
        excerpt: "buy now".to_owned(),
    }
}

/// Answers one question with these bytes, and goes on writing the last of them while anybody reads.
fn scripted(head: &'static [u8], forever: bool) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut asked = [0; 4_096];
            let _read = stream.read(&mut asked);
            let mut is_heard = stream.write_all(head).is_ok();
            while forever && is_heard {
                is_heard = stream.write_all(&[b' '; 8_192]).is_ok();
            }
        }
    });
    url
}

#[test]
fn a_hub_that_lies_or_never_ends_is_told_in_words_and_changes_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let key = aegis::cloud::Key::of_seed(&[1; 32]).unwrap();
    for (head, forever, says) in [
        (&b"HTTP/1.1 200 OK\r\n\r\n{"[..], true, "more than 16384 bytes"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>", false, "cannot be read"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"sequence\":\"many\"", false, "cannot be read"),
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", false, "is this a hub?"),
        (b"HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\n{}", false, "is this a hub?"),
        (b"nonsense\r\n\r\n", false, "cannot be reached"),
    ] {
        let client = aegis::cloud::Client::new(&scripted(head, forever), None).unwrap();
        let mut last_us = 0;
        let mut signer = aegis::cloud::Signer { board: "b", key: &key, last_us: &mut last_us };
        let told = runtime.block_on(client.ask(&mut signer, 5, Ask::get(routes::STATE, 16_384)));
        let read = told.and_then(|told| aegis::cloud::document::<State>(&told));
        let why = read.expect_err(says).to_string();
        assert!(why.contains(says), "{says}: {why}");
        assert_eq!(last_us, 5);
    }
}

#[test]
fn a_hub_that_hangs_is_left_after_its_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let key = aegis::cloud::Key::of_seed(&[1; 32]).unwrap();
    let client = aegis::cloud::Client::new(&url, None).unwrap();
    let mut last_us = 0;
    let mut signer = aegis::cloud::Signer { board: "b", key: &key, last_us: &mut last_us };
    // Taken by the system, and answered by nobody.
    let told = runtime.block_on(client.ask(&mut signer, 5, Ask::get(routes::STATE, 16_384)));
    assert!(told.is_err_and(|why| why.to_string().contains("no whole answer within 20 s")));
    drop(listener);
}
