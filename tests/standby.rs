//! Two boards and one token: the one at work stays, the other stands by and takes over in time, and nothing is lost or done in two
//! ways. The times are the usual ones, scaled down by twenty.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::demo::script::{Pace, Script};
use aegis::demo::standin::StandIn;
use aegis::demo::town::Town;
use aegis::ingest::standby::Times;
use board::{Board, LONG, Life, Signal};
use std::time::{Duration, Instant, SystemTime};

const IN_TIME: Duration = Duration::from_secs(10);

/// Scaled: the usual silence is twenty seconds.
const SILENCE: Times = Times::of(1);

const STANDS_BY: &str = "this board stands by";

fn on(board: &Board, more: &[&str]) -> Life {
    let settings = board.write("aegis.toml", "standby_silence_s = 1\n");
    board.run(&[&["--config", settings.as_str()], more].concat())
}

fn offer(standin: &StandIn, numbers: std::ops::Range<i64>) {
    numbers.for_each(|n| standin.offer(board::message(n)));
}

fn assert_nothing_wrong(standin: &StandIn, messages: usize) {
    let ledger = standin.ledger();
    assert_eq!(ledger.messages.len(), messages);
    assert_eq!((ledger.missed(), ledger.wrong(), ledger.two_ways()), (0, 0, 0));
}

/// A board that has polled undisturbed for long enough to be settled.
async fn at_work(standin: &StandIn, board: &Board) -> Life {
    let life = on(board, &[]);
    board::settled(board, standin).await;
    let_settle(standin).await;
    life
}

/// Nothing tells from outside that a board is settled: its own time must pass, and nothing else.
async fn let_settle(standin: &StandIn) {
    standin.wait_until(Duration::from_millis(SILENCE.settled_ms() + 500), |_| false).await;
}

fn stream() -> StandIn {
    board::play(Script { pace: Pace::PerSecond(10), ..board::script(60) })
}

fn conflicts(standin: &StandIn) -> u64 {
    standin.with_town(|town| town.ledger().conflicts)
}

#[tokio::test]
async fn the_one_at_work_stays_and_one_that_comes_back_stands_by_and_takes_over_when_it_is_gone() {
    let standin = stream();
    let (first, second) = (Board::new(&standin), Board::new(&standin));
    let at_work = at_work(&standin, &first).await;
    let second_life = on(&second, &[]);
    second.hear(STANDS_BY, 1);
    board::settled(&first, &standin).await;
    assert!(!first.log().contains(STANDS_BY), "{}", first.log());
    let after = conflicts(&standin);
    offer(&standin, 60..80);
    board::settled(&first, &standin).await;
    let overview = second.ask(&["api", "GET", "/status"]);
    overview.says(&["\"rung\":\"standby\"", "stands by"]);
    assert_eq!(conflicts(&standin), after, "who stands by disturbs nobody");
    at_work.kill();
    offer(&standin, 80..100);
    let (died, deleted) = (Instant::now(), standin.progress().deleted);
    assert!(standin.wait_until(LONG, |town| town.ledger().deleted > deleted).await, "{}", second.log());
    let took_ms = u64::try_from(died.elapsed().as_millis()).unwrap();
    println!("from the end of one to the first action of the other: {took_ms} ms, scaled by twenty");
    // A twentieth of a minute.
    assert!(took_ms < 3_000, "{took_ms} ms");
    board::settled(&second, &standin).await;
    assert_eq!(second_life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", second.log());
    assert_nothing_wrong(&standin, 100);
}

#[tokio::test]
async fn a_board_told_to_stand_by_never_interrupts_the_other_and_takes_over_from_it() {
    let standin = stream();
    let (first, second) = (Board::new(&standin), Board::new(&standin));
    let second_life = on(&second, &["--standby"]);
    second.hear(STANDS_BY, 1);
    let first_life = at_work(&standin, &first).await;
    board::settled(&first, &standin).await;
    assert_eq!(conflicts(&standin), 0);
    assert!(standin.with_town(|town| town.ledger().calls.get("getWebhookInfo").copied().unwrap_or(0)) > 3);
    first_life.kill();
    offer(&standin, 60..80);
    board::settled(&second, &standin).await;
    second.hear("this board takes over", 1);
    assert_eq!(second_life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", second.log());
    assert_nothing_wrong(&standin, 80);
}

#[tokio::test]
async fn what_a_board_had_decided_it_carries_out_when_it_comes_back_and_stands_by() {
    let standin = board::play(board::script(40));
    let mut first = Board::new(&standin);
    // One call a second: most of what is promised waits.
    first.set("AEGIS_TELEGRAM_RPS", "1");
    let life = on(&first, &[]);
    let begun = |town: &Town| town.is_drained() && town.ledger().deleted > 0;
    assert!(standin.wait_until(LONG, begun).await, "{}", first.log());
    life.kill();
    assert!(standin.ledger().missed() > 0, "everything was done already");
    first.set("AEGIS_TELEGRAM_RPS", "0");
    // It was gone for an hour, and meanwhile another board is at work.
    let journal = std::fs::File::options().write(true).open(first.path("data/journal.redb")).unwrap();
    journal.set_modified(SystemTime::now() - Duration::from_secs(3_600)).unwrap();
    drop(journal);
    let second = Board::new(&standin);
    let second_life = on(&second, &[]);
    let_settle(&standin).await;
    let life = on(&first, &[]);
    first.hear(STANDS_BY, 1);
    board::settled(&first, &standin).await;
    assert!(!second.log().contains(STANDS_BY), "{}", second.log());
    second_life.kill();
    offer(&standin, 40..48);
    board::settled(&first, &standin).await;
    assert_eq!(life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", first.log());
    assert_nothing_wrong(&standin, 48);
}

fn calls(town: &Town) -> u64 {
    town.ledger().calls.values().sum()
}

#[tokio::test]
async fn boards_that_die_in_turn_lose_nothing_and_do_nothing_in_two_ways() {
    let standin = board::play(board::script(0));
    let boards = [Board::new(&standin), Board::new(&standin)];
    let mut lives = [Some(on(&boards[0], &[])), Some(on(&boards[1], &["--standby"]))];
    let mut offered = 0;
    for round in 0..6_u64 {
        offer(&standin, offered..offered + 12);
        offered += 12;
        let before = standin.with_town(calls);
        assert!(standin.wait_until(LONG, |town| calls(town) > before + 1 + 3 * round).await);
        // In the middle of it: one goes, the other takes over where it has to, and the first comes back.
        let dying = usize::try_from(round % 2).unwrap();
        if let Some(life) = lives[dying].take() {
            life.kill();
        }
        offer(&standin, offered..offered + 12);
        offered += 12;
        assert!(standin.wait_until(LONG, Town::is_drained).await, "round {round}:\n{}", boards[1 - dying].log());
        lives[dying] = Some(on(&boards[dying], &[]));
        board::settled(&boards[dying], &standin).await;
    }
    for (life, board) in lives.into_iter().zip(&boards) {
        assert_eq!(life.unwrap().ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    }
    let ledger = standin.ledger();
    assert_eq!((ledger.missed(), ledger.wrong(), ledger.two_ways()), (0, 0, 0));
    println!("{offered} messages over 6 deaths, {} conflicts", ledger.conflicts);
}
