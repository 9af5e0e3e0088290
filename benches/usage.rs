//! A million rows of usage, rolled up: how long that takes, and what it takes of memory.
//!
//! `cargo bench --bench usage` counts a thousand hours of a thousand chats, rolls them all up as the nightly job does, a step a
//! commit, and says how long it took, the slowest step, and the most that was resident before and after. `--rows N` takes others.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)] // A bench that cannot go on stops.

use aegis::clock::Wall;
use aegis::jobs::rollup;
use aegis::limits;
use aegis::message::ChatId;
use aegis::store::desk::DeskTick;
use aegis::store::usage::{RollUp, Usage, UsageKey};
use aegis::store::{Keep, Store, Tick};
use aegis::telemetry;
use aegis::tenant::{TenantName, Tenants};
use std::sync::Arc;
use std::time::{Duration, Instant};

const KEEP: Keep = Keep { decisions: 9, done: 9, dedupe_batches: 9, dead_letters: 4, albums: 9, audit: 5 };
const CHATS: u32 = 1_000;
const FROM: u32 = 497_000;

/// The most that was resident so far, bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    telemetry::resident(&status).unwrap().1
}

fn main() {
    let wanted = std::env::args().skip_while(|arg| arg != "--rows").nth(1);
    let rows: u32 = wanted.map_or(1_000_000, |rows| rows.parse().expect("--rows takes a number"));
    let hours = rows.div_ceil(CHATS);
    let dir = tempfile::tempdir().unwrap();
    let cache = limits::STORE_CACHE_BYTES_MIN;
    let (mut store, _) = Store::open(dir.path(), cache, KEEP, &Arc::default(), Wall(0)).unwrap();
    let one = Usage { messages: 7, blocked: 1, actions: 2, money_micros: 31, ..Usage::default() };
    for hour in FROM..FROM + hours {
        let mut desk = DeskTick::default();
        for chat in 0..CHATS {
            let (tenant, chat) = (TenantName::default(), ChatId(-i64::from(chat) - 1));
            desk.count(UsageKey { hour, tenant, chat, day: 20_260_900 + (hour - FROM) / 24 }, one);
        }
        let now = Wall(u64::from(hour) * 3_600_000);
        store.commit(&[Tick { desk, ..Tick::default() }], now).unwrap();
    }
    let now = Wall((u64::from(FROM + hours) + 48) * 3_600_000);
    let mut asked = RollUp { elsewhere: u32::MAX, ..rollup::plan(&Tenants::default(), now) };
    asked.today.clear();
    let before = peak();
    let (started, mut slowest, mut steps, mut moved, mut dropped) = (Instant::now(), Duration::ZERO, 0, 0, 0);
    loop {
        let step = Instant::now();
        let desk = DeskTick { roll_up: Some(asked.clone()), ..DeskTick::default() };
        let rolled = store.commit(&[Tick { desk, ..Tick::default() }], now).unwrap().remove(0).rolled.unwrap();
        (steps, moved, dropped) = (steps + 1, moved + rolled.moved, dropped + rolled.dropped);
        slowest = slowest.max(step.elapsed());
        asked.place = rolled.next;
        if asked.place.is_none() {
            break;
        }
    }
    let took = started.elapsed();
    let told: u64 =
        store.snapshots().usage(&TenantName::default()).unwrap().iter().map(|(_, used)| used.messages).sum();
    assert_eq!(told, u64::from(hours) * u64::from(CHATS) * one.messages, "no sum is lost");
    println!(
        "{moved} rows rolled up and {dropped} taken out in {steps} steps: {} ms, the slowest {} ms; resident at most {} KiB before and {} KiB after",
        took.as_millis(),
        slowest.as_millis(),
        before / 1_024,
        peak() / 1_024
    );
}
