//! One fault of Telegram or the network at a time, then all of them and a kill in the middle: nothing is missed, nothing is
//! wrong, no call comes inside a pause, nothing is said or done twice in different ways.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // Helpers of tests stand outside `#[test]`.

mod board;

use aegis::demo::faults::{Fault, Faults};
use aegis::demo::script::{Delivery, Expected, Script, Scripted};
use aegis::demo::standin::StandIn;
use board::{Board, LONG, Signal, TOKEN};
use std::time::Duration;

const MESSAGES: i64 = 400;

/// Members who are rude, one in each of as many chats, and told so once.
const RUDE: usize = 5;

/// What a member is warned for: a second pack, so that there are notices that could be repeated.
const WARNING: &str = "[pack]\nid = \"manners\"\nversion = 1\n\n[[rule]]\nid = \"shouting\"\nreason = \"please be kind\"\n\
                       keywords = [\"you all are fools\"]\nscore = 100\nactions = [\"delete\", \"warn\"]\n";

/// The stream: in every chat one member is rude again and again, and may be told so once.
fn stream() -> Vec<Scripted> {
    let mut stream: Vec<Scripted> = (0..MESSAGES).map(board::message).collect();
    for n in (0..MESSAGES).filter(|n| n % 40 < 5) {
        let rude = 8_000_000 + n % 5; // One of `RUDE`.
        let chat = stream[usize::try_from(n).unwrap()].chat;
        stream.push(Scripted::text(chat, 10_000 + n, rude, "you all are fools", Expected::Remove));
    }
    stream
}

enum Killed {
    Never,
    InTheMiddle,
}

/// Plays the stream under these faults, and returns the stand-in with all that it saw.
async fn nothing_is_lost_under(kinds: &[Fault], delivery: Delivery, killed: Killed) -> StandIn {
    let script =
        Script { token: TOKEN.to_owned(), faults: Faults::of(kinds, 7), delivery, ..Script::new(Box::new(stream())) };
    let standin = board::play(script);
    let board = Board::new(&standin);
    board.write("packs/manners.toml", WARNING);
    let settings = board.write("aegis.toml", "[telegram]\ncall_timeout_ms = 500\npoll_limit = 20\n");
    let words = ["--config", settings.as_str()];
    let mut life = board.run(&words);
    if matches!(killed, Killed::InTheMiddle) {
        let half = standin.progress().total / 2;
        assert!(standin.wait_until(LONG, |town| town.released() >= half && town.ledger().deleted > 20).await);
        life.kill();
        life = board.run(&words);
    }
    board::settled(&board, &standin).await;
    if kinds.is_empty() {
        // A notice is the last and least of what is sent, so a stop may come before it; and under faults one whose fate is
        // not known is not sent again.
        assert!(standin.wait_until(LONG, |town| town.ledger().notices.len() >= RUDE).await, "not all were told");
    }
    let end = life.ended(Duration::from_secs(10), Signal::Term).unwrap();
    let ledger = standin.ledger();
    let told = format!("{kinds:?}: {:?} {:?}\n{}", ledger.faults, ledger.calls, board.log());
    assert_eq!((ledger.missed(), ledger.wrong()), (0, 0), "missed, wrong; {told}");
    assert_eq!(ledger.early.len(), 0, "calls inside a pause: {:?}; {told}", ledger.early);
    assert_eq!((ledger.repeated_notices(), ledger.two_ways()), (0, 0), "repeated notices, acted in two ways; {told}");
    assert_eq!(end.code(), Some(0), "{told}");
    for fault in kinds {
        assert!(ledger.faults.contains_key(fault.word()), "{} never struck; {told}", fault.word());
    }
    standin
}

#[tokio::test]
async fn nothing_is_lost_when_a_tenth_of_the_calls_must_wait() {
    nothing_is_lost_under(&[Fault::TooMany], Delivery::Once, Killed::Never).await;
}

#[tokio::test]
async fn nothing_is_lost_when_a_tenth_of_the_calls_fails_at_the_server() {
    nothing_is_lost_under(&[Fault::ServerError], Delivery::Once, Killed::Never).await;
}

#[tokio::test]
async fn nothing_is_lost_when_a_tenth_of_the_connections_is_dropped() {
    nothing_is_lost_under(&[Fault::Drop], Delivery::Once, Killed::Never).await;
}

#[tokio::test]
async fn nothing_is_lost_when_a_tenth_of_the_connections_is_reset() {
    nothing_is_lost_under(&[Fault::Reset], Delivery::Once, Killed::Never).await;
}

#[tokio::test]
async fn nothing_is_lost_when_a_tenth_of_the_answers_is_cut() {
    nothing_is_lost_under(&[Fault::Truncate], Delivery::Once, Killed::Never).await;
}

#[tokio::test]
async fn nothing_is_lost_when_one_call_hangs_for_ever() {
    nothing_is_lost_under(&[Fault::Hang], Delivery::Once, Killed::Never).await;
}

#[tokio::test]
async fn every_message_three_times_is_acted_on_as_if_it_came_once() {
    let standin = nothing_is_lost_under(&[], Delivery::Thrice, Killed::Never).await;
    let ledger = standin.ledger();
    assert!(ledger.messages.iter().all(|record| record.deliveries == 3));
    assert!(ledger.messages.iter().all(|record| record.delete_calls <= 1), "a deletion was repeated");
    assert!(ledger.people.values().all(|person| person.bans <= 1), "a ban was repeated");
    assert_eq!(ledger.notices.len(), RUDE, "one member in each of five chats is told once");
}

#[tokio::test]
async fn nothing_is_lost_under_all_of_them_and_one_kill() {
    nothing_is_lost_under(&Fault::ALL, Delivery::Thrice, Killed::InTheMiddle).await;
}
