//! The budget over many months (hazard 17): whatever is cut off, repeated, late or out of order, no cap is passed and nothing that
//! was spent is forgotten.
//!
//! Most months are lived on the ledger and a store on paper, which keeps the same rows as the real one; a share of them on
//! the real store over a disk that loses power. `AEGIS_TEST_MONTHS` and `AEGIS_TEST_STORED_MONTHS` make it longer.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A test that cannot go on stops.

mod world;

use aegis::budget::{Account, Caps, Hold, Ledger, Micros, Month, Paid, Spent, Who};
use aegis::clock::Wall;
use aegis::message::ChatId;
use aegis::store::{Store, Tick};
use aegis::tenant::TenantName;
use std::collections::BTreeMap;
use world::disk::Disk;
use world::{KEEP, count};

/// Where rows outlive the process.
trait Durable {
    fn commit(&mut self, tick: Tick);
    /// The power fails and comes back.
    fn cut_power(&mut self, rng: &mut fastrand::Rng);
    fn read(&self) -> Ledger;
}

/// The same rows as the store's, on paper.
#[derive(Default)]
struct Paper {
    spent: BTreeMap<(TenantName, Month, Account), Spent>,
    holds: BTreeMap<u64, Hold>,
    caps: BTreeMap<TenantName, Caps>,
}

impl Durable for Paper {
    fn commit(&mut self, tick: Tick) {
        for hold in tick.reserved {
            for account in hold.accounts() {
                let spent = self.spent.entry((hold.tenant.clone(), hold.month, account)).or_default();
                *spent = spent.plus(hold.charge());
            }
            self.holds.insert(hold.id, hold);
        }
        for (id, paid) in tick.settled {
            let Some(hold) = self.holds.remove(&id) else { continue };
            for account in hold.accounts() {
                let spent = self.spent.entry((hold.tenant.clone(), hold.month, account)).or_default();
                *spent = spent.less(hold.refund(paid));
            }
        }
        for (tenant, caps) in tick.caps {
            match caps {
                Some(caps) => self.caps.insert(tenant, caps),
                None => self.caps.remove(&tenant),
            };
        }
    }

    fn cut_power(&mut self, _: &mut fastrand::Rng) {}

    fn read(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for ((tenant, month, account), spent) in &self.spent {
            ledger.restore(tenant, *month, *account, *spent);
        }
        self.holds.values().for_each(|hold| ledger.restore_hold(hold.clone()));
        self.caps.iter().for_each(|(tenant, caps)| ledger.set_caps(tenant, Some(*caps)));
        ledger
    }
}

struct Stored {
    disk: Disk,
    store: Option<Store>,
}

impl Stored {
    fn open(disk: &Disk) -> Option<Store> {
        Some(Store::on_backend(disk.wal(), 1 << 20, KEEP).expect("the disk opens"))
    }

    fn new() -> Self {
        let disk = Disk::default();
        Self { store: Self::open(&disk), disk }
    }
}

impl Durable for Stored {
    fn commit(&mut self, tick: Tick) {
        self.store.as_mut().unwrap().commit(&[tick], Wall(1)).expect("the disk works");
    }

    fn cut_power(&mut self, rng: &mut fastrand::Rng) {
        let disk = self.disk.cut_power(rng);
        self.store = None;
        self.disk = disk;
        self.store = Self::open(&self.disk);
    }

    fn read(&self) -> Ledger {
        aegis::review::ledger(&self.store.as_ref().unwrap().snapshots()).unwrap()
    }
}

/// A call under way, and what the model will have charged for it. What it charged is known to nobody but this test
/// until the call ends.
struct Call {
    hold: Hold,
    charged: Option<u64>,
}

/// What a model really charged.
#[derive(Clone, Copy, Default)]
struct Truth {
    money: u64,
    calls: u64,
}

struct Life<D> {
    rng: fastrand::Rng,
    durable: D,
    ledger: Ledger,
    calls: Vec<Call>,
    truth: BTreeMap<(TenantName, Month, Account), Truth>,
    month: u32,
    caps: Caps,
    made: u64,
    refused: u64,
    crashes: u64,
}

fn month_after(month: u32) -> u32 {
    if month % 100 == 12 { month + 89 } else { month + 1 }
}

impl<D: Durable> Life<D> {
    fn new(seed: u64, durable: D) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        let caps = Caps { money: Micros(10_000), calls: 40, chat_percent: 100, user_percent: 40 };
        Self {
            rng,
            ledger: Ledger::default(),
            durable,
            calls: Vec::new(),
            truth: BTreeMap::new(),
            month: 202_601,
            caps,
            made: 0,
            refused: 0,
            crashes: 0,
        }
    }

    fn tenant(&mut self) -> TenantName {
        TenantName::new(["default", "garden"][self.rng.usize(..2)]).unwrap()
    }

    /// Messages come late, and dates jump: an hour back into the last month, or months ahead and back again.
    fn month_of_a_message(&mut self) -> Month {
        Month(match self.rng.u8(..40) {
            0..=3 => self.month - u32::from(self.month % 100 > 1),
            4 => month_after(self.month),
            5 => 202_501,
            _ => self.month,
        })
    }

    fn begin(&mut self) {
        if self.calls.len() >= 8 {
            return;
        }
        let tenant = self.tenant();
        let who = Who { chat: ChatId(-self.rng.i64(1..4)), sender: self.rng.i64(1..7) };
        let amount = Micros(if self.rng.u8(..8) == 0 { 0 } else { self.rng.u64(1..1_500) });
        let caps = self.ledger.caps(&tenant, self.caps);
        let month = self.month_of_a_message();
        let Ok(hold) = self.ledger.reserve(&tenant, who, amount, month, &caps) else {
            self.refused += 1;
            return;
        };
        // The power may fail before the hold is durable: then no call is made.
        if self.rng.u8(..60) == 0 {
            return self.crash();
        }
        self.durable.commit(Tick { reserved: vec![hold.clone()], ..Tick::default() });
        // Or after it, before the call.
        if self.rng.u8(..60) == 0 {
            return self.crash();
        }
        let charged = match self.rng.u8(..10) {
            // It never arrived.
            0 => None,
            1 => Some(amount.0),
            _ => Some(self.rng.u64(..=amount.0)),
        };
        if let Some(charged) = charged {
            self.charge(&hold, charged, &caps);
        }
        self.calls.push(Call { hold, charged });
    }

    /// The model charges, and no cap that was in force when the call was allowed may be passed by that.
    fn charge(&mut self, hold: &Hold, charged: u64, caps: &Caps) {
        self.made += 1;
        let share = |percent: u8| {
            let of = |whole: u64| whole * u64::from(percent) / 100;
            (of(caps.money.0), of(caps.calls).max(1))
        };
        let bounds = [(caps.money.0, caps.calls), share(caps.chat_percent), share(caps.user_percent)];
        for (account, (money, calls)) in hold.accounts().into_iter().zip(bounds) {
            let truth = self.truth.entry((hold.tenant.clone(), hold.month, account)).or_default();
            truth.money += charged;
            truth.calls += 1;
            assert!(truth.money <= money, "{account:?} passed its money by {}", truth.money - money);
            assert!(truth.calls <= calls, "{account:?} passed its calls by {}", truth.calls - calls);
        }
    }

    fn end(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let index = self.rng.usize(..self.calls.len());
        let Call { hold, charged } = self.calls.swap_remove(index);
        let paid = match charged {
            None => Paid::Nothing,
            // An answer that was lost is paid for in full.
            Some(_) if self.rng.u8(..10) == 0 => Paid::Money(hold.amount),
            // A server that lies about its price.
            Some(charged) if self.rng.u8(..20) == 0 => Paid::Money(Micros(charged.saturating_mul(1_000))),
            Some(charged) => Paid::Money(Micros(charged)),
        };
        // A word may be said twice.
        let words = if self.rng.u8(..6) == 0 { 2 } else { 1 };
        for _ in 0..words {
            self.ledger.settle(hold.id, paid);
            self.durable.commit(Tick { settled: vec![(hold.id, paid)], ..Tick::default() });
        }
    }

    fn crash(&mut self) {
        self.crashes += 1;
        self.calls.clear();
        self.durable.cut_power(&mut self.rng);
        self.ledger = self.durable.read();
        let settled = self.ledger.abandon_all();
        self.durable.commit(Tick { settled, ..Tick::default() });
    }

    fn change_caps(&mut self) {
        let tenant = self.tenant();
        let caps = Caps {
            money: Micros(self.rng.u64(..20_000)),
            calls: self.rng.u64(..60),
            chat_percent: self.rng.u8(30..=100),
            user_percent: self.rng.u8(20..=100),
        };
        let caps = (self.rng.u8(..3) > 0).then_some(caps);
        self.ledger.set_caps(&tenant, caps);
        self.durable.commit(Tick { caps: vec![(tenant, caps)], ..Tick::default() });
    }

    /// What the ledger says was spent is never less than what was, in memory and after reading it anew.
    fn nothing_is_forgotten(&self) {
        let read = self.durable.read();
        for ((tenant, month, account), truth) in &self.truth {
            for ledger in [&self.ledger, &read] {
                if ledger.standing(tenant, &self.caps).month == *month {
                    let spent = ledger.spent(tenant, *account);
                    assert!(spent.money.0 >= truth.money, "{account:?}: {} of {}", spent.money, truth.money);
                    assert!(spent.calls >= truth.calls, "{account:?}: {} calls of {}", spent.calls, truth.calls);
                }
            }
        }
    }

    fn live(&mut self, months: u64, steps: u32) {
        for _ in 0..months {
            for _ in 0..steps {
                match self.rng.u8(..100) {
                    0..=54 => self.begin(),
                    55..=94 => self.end(),
                    95..=96 => self.crash(),
                    _ => self.change_caps(),
                }
            }
            self.nothing_is_forgotten();
            self.month = month_after(self.month);
            // Only the month in force can be charged; the test keeps no more than it needs.
            let kept = Month(self.month.saturating_sub(100));
            self.truth.retain(|(_, month, _), _| *month >= kept);
        }
    }
}

fn simulate<D: Durable>(months: u64, a_life: u64, durable: impl Fn() -> D) -> (u64, u64, u64) {
    let mut told = (0, 0, 0);
    for seed in 0..months.div_ceil(a_life) {
        let mut life = Life::new(seed, durable());
        life.live(a_life, 60);
        told = (told.0 + life.made, told.1 + life.refused, told.2 + life.crashes);
    }
    told
}

#[test]
fn no_budget_is_passed_over_a_hundred_thousand_months() {
    let months = count("AEGIS_TEST_MONTHS", 100_000);
    let (made, refused, crashes) = simulate(months, 24, Paper::default);
    println!("{months} months: {made} calls, {refused} refused, {crashes} crashes, budget passed by 0");
    assert!(made > 10 * months && refused > months && crashes > months, "little happened");
}

#[test]
fn no_budget_is_passed_with_the_real_store_under_power_cuts() {
    let months = count("AEGIS_TEST_STORED_MONTHS", 1_000);
    let (made, refused, crashes) = simulate(months, 20, Stored::new);
    println!("{months} months: {made} calls, {refused} refused, {crashes} crashes, budget passed by 0");
    assert!(made > 10 * months && refused > months && crashes > months, "little happened");
}

#[test]
fn the_store_keeps_a_year_of_totals_and_one_month_of_everybody() {
    let mut stored = Stored::new();
    let mut ledger = Ledger::default();
    let tenant = TenantName::default();
    let caps = Caps { money: Micros(1_000_000), calls: 1_000_000, chat_percent: 100, user_percent: 100 };
    let mut month = 202_601;
    for _ in 0..40 {
        for sender in 0..20 {
            let who = Who { chat: ChatId(-1), sender };
            let hold = ledger.reserve(&tenant, who, Micros(5), Month(month), &caps).unwrap();
            stored.commit(Tick { reserved: vec![hold], ..Tick::default() });
        }
        month = month_after(month);
    }
    let kept = stored.store.as_ref().unwrap().snapshots().spending().unwrap();
    let totals = kept.iter().filter(|row| row.account == Account::Total).count();
    assert_eq!((totals, kept.len()), (14, 14 + 21), "the month in force and thirteen totals before it");
}
