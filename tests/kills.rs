//! The real binary is killed at many moments: nothing that was acknowledged is lost, nothing is done wrongly.
//!
//! 200 kills in every run; AEGIS_TEST_KILLS asks for more: `AEGIS_TEST_KILLS=10000 cargo test --release --test kills`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // Helpers of tests stand outside `#[test]`.

mod board;

use aegis::demo::faults::mix;
use aegis::demo::town::Town;
use board::{Board, LONG, Signal};
use std::time::{Duration, Instant};

/// Kills in one data folder, before the end is looked at.
const KILLS_A_ROUND: u64 = 25;

/// Messages offered to each life.
const MESSAGES_A_LIFE: u64 = 24;

/// Everything that was ever asked of the stand-in.
fn calls(town: &Town) -> u64 {
    town.ledger().calls.values().sum()
}

fn polls(town: &Town) -> u64 {
    town.ledger().calls.get("getUpdates").copied().unwrap_or(0)
}

/// When a life ends.
enum Moment {
    /// So many calls after its start.
    Calls(u64),
    /// So long after its start: mostly while it opens its file and has not called yet.
    After(Duration),
}

impl Moment {
    fn drawn(seed: u64, n: u64) -> Self {
        let drawn = mix(seed, n, 41);
        match drawn % 4 {
            0 => Self::After(Duration::from_micros((drawn >> 8) % 40_000)),
            // The first calls of a life ask who it is and who administers the chats.
            1 => Self::Calls(1 + (drawn >> 8) % 4),
            _ => Self::Calls(1 + (drawn >> 8) % 30),
        }
    }
}

/// One stream, one data folder, and lives that are killed one after the other; returns how many messages there were.
async fn round(seed: u64, kills: u64) -> usize {
    let standin = board::play(board::script(0));
    let board = Board::new(&standin);
    let settings = board.write("aegis.toml", "[telegram]\npoll_limit = 5\n");
    let words = ["--config", settings.as_str()];
    let mut offered = 0;
    for n in 0..kills {
        for _ in 0..MESSAGES_A_LIFE {
            standin.offer(board::message(offered));
            offered += 1;
        }
        let before = standin.with_town(calls);
        let life = board.run(&words);
        match Moment::drawn(seed, n) {
            // A life with little left to do makes fewer calls: then it is killed when it has nothing left.
            Moment::Calls(count) => {
                let reached =
                    |town: &Town| calls(town) >= before + count || (town.is_drained() && town.ledger().missed() == 0);
                assert!(standin.wait_until(LONG, reached).await, "seed {seed}, kill {n}:\n{}", board.log());
            }
            Moment::After(while_) => {
                standin.wait_until(while_, |_| false).await;
            }
        }
        life.kill();
    }
    let before = standin.with_town(polls);
    let life = board.run(&words);
    // All may be settled already; the last life is ended once it has taken up its work.
    assert!(standin.wait_until(LONG, |town| polls(town) > before).await, "seed {seed}:\n{}", board.log());
    board::settled(&board, &standin).await;
    let end = life.ended(Duration::from_secs(10), Signal::Term).unwrap();
    let ledger = standin.ledger();
    assert_eq!(ledger.messages.len(), usize::try_from(offered).unwrap(), "seed {seed}");
    assert_eq!((ledger.missed(), ledger.wrong(), ledger.two_ways()), (0, 0, 0), "seed {seed}:\n{}", board.log());
    assert_eq!(end.code(), Some(0), "seed {seed}:\n{}", board.log());
    assert!(!board.log().contains("panicked"), "{}", board.log());
    ledger.messages.len()
}

#[tokio::test]
async fn a_program_that_is_killed_at_any_moment_loses_nothing() {
    let wanted = std::env::var("AEGIS_TEST_KILLS").ok().map_or(200, |count| count.parse().unwrap());
    let began = Instant::now();
    let (mut kills, mut messages, mut rounds) = (0, 0, 0);
    while kills < wanted {
        let now = KILLS_A_ROUND.min(wanted - kills);
        messages += round(rounds, now).await;
        kills += now;
        rounds += 1;
    }
    println!("{kills} kills in {rounds} rounds, {messages} messages: 0 missed, 0 wrong; {:.1?}", began.elapsed());
}
