//! Polling when something is odd on the other side: a second poller, a webhook, numbers that start lower, updates that
//! cannot be read.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // Helpers of tests stand outside `#[test]`.

mod board;

use aegis::demo::readings::Readings;
use aegis::demo::script::{Expected, IdJump, Script, Scripted};
use aegis::demo::standin::StandIn;
use board::{Board, LONG, Signal, TOKEN};
use std::io::{Read, Write};
use std::time::Duration;

const IN_TIME: Duration = Duration::from_secs(10);

fn offer(standin: &StandIn, numbers: std::ops::Range<i64>) {
    numbers.for_each(|n| standin.offer(board::message(n)));
}

fn assert_nothing_wrong(standin: &StandIn, messages: usize) {
    let ledger = standin.ledger();
    assert_eq!(ledger.messages.len(), messages);
    assert_eq!((ledger.missed(), ledger.wrong(), ledger.two_ways()), (0, 0, 0));
}

#[tokio::test]
async fn of_two_appliances_with_one_token_the_survivor_goes_on() {
    let standin = board::play(board::script(40));
    let (first, second) = (Board::new(&standin), Board::new(&standin));
    let settings = first.write("aegis.toml", "standby_silence_s = 1\n");
    let words = ["--config", settings.as_str()];
    let first_life = first.run(&words);
    board::settled(&first, &standin).await;
    let second_life = second.run(&words);
    assert!(standin.wait_until(LONG, |town| town.ledger().conflicts > 0).await);
    first.hear("another program polls with this token", 1);
    offer(&standin, 40..80);
    // Either of them; tests/standby.rs says which.
    board::settled(&second, &standin).await;
    assert_eq!(second_life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", second.log());
    offer(&standin, 80..120);
    board::settled(&first, &standin).await;
    assert_eq!(first_life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", first.log());
    assert_nothing_wrong(&standin, 120);
}

#[tokio::test]
async fn updates_whose_numbers_start_lower_are_decided() {
    let script = Script { id_jump: Some(IdJump { after: 40, to: 17 }), ..board::script(80) };
    let standin = board::play(script);
    let board = Board::new(&standin);
    let settings = board.write("aegis.toml", "[telegram]\npoll_limit = 20\n");
    let words = ["--config", settings.as_str()];
    let life = board.run(&words);
    board::settled(&board, &standin).await;
    assert_eq!(life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    // What is remembered of the higher numbers must not stand in the way after a restart either.
    offer(&standin, 80..120);
    let life = board.run(&words);
    board::settled(&board, &standin).await;
    assert_eq!(life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    assert_nothing_wrong(&standin, 120);
    let ledger = standin.ledger();
    // Later ones may have been handed to the poll of the first life, which nobody heard any more.
    let first = ledger.messages.iter().filter(|record| record.message <= 80);
    assert!(
        first.into_iter().all(|record| record.deliveries == 1),
        "an update was asked for again: {:?}",
        ledger.calls
    );
    assert!(ledger.calls["getUpdates"] < 30, "polling went in circles: {:?}", ledger.calls);
}

#[tokio::test]
async fn an_update_that_cannot_be_read_is_counted_and_passed_over() {
    let odd = [
        "\"message\":17",
        "\"message\":{\"message_id\":\"seven\",\"date\":1,\"chat\":{\"id\":-5,\"type\":\"group\"}}",
        "\"message\":{\"chat\":null}",
        "\"edited_message\":[]",
    ];
    let mut stream: Vec<Scripted> = (0..20).map(board::message).collect();
    for (n, fields) in odd.iter().enumerate() {
        let scripted =
            Scripted { fields: (*fields).to_owned(), chat: 0, message: 0, sender: 0, expected: Expected::Unknown };
        stream.insert(n * 5, scripted);
    }
    // What a later Bot API may bring is no message, and no mistake either.
    let later = "\"hologram\":{\"depth\":3}".to_owned();
    stream.push(Scripted { fields: later, chat: 0, message: 0, sender: 0, expected: Expected::Unknown });
    let standin = board::play(Script { token: TOKEN.to_owned(), ..Script::new(Box::new(stream)) });
    let mut board = Board::new(&standin);
    board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    board.hear("an update could not be read", odd.len());
    let log = board.log();
    let page = log.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let readings = Readings::fetch(page.parse().unwrap()).await.unwrap();
    assert_eq!((readings.get("updates"), readings.get("updates_unreadable")), (25, 4), "{log}");
    assert_eq!(life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    assert_nothing_wrong(&standin, 20);
}

/// Answers every call as Telegram does while a webhook is set; returns its address and what it was asked.
fn webhook_is_set() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (told, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4_096];
            let read = stream.read(&mut head).unwrap_or(0);
            let path = String::from_utf8_lossy(&head[..read]).split(' ').nth(1).unwrap_or_default().to_owned();
            let body = "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: can't use getUpdates method while \
                        webhook is active; use deleteWebhook to delete the webhook first\"}";
            let length = body.len();
            let answer =
                format!("HTTP/1.1 409 Conflict\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes());
            if told.send(path).is_err() {
                return;
            }
        }
    });
    (url, asked)
}

#[test]
fn a_webhook_is_said_and_never_removed() {
    let (url, asked) = webhook_is_set();
    let board = Board::at(url, TOKEN);
    let life = board.run(&[]);
    board.hear("a webhook is set for this bot", 1);
    assert_eq!(life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    let asked: Vec<String> = asked.try_iter().collect();
    let polls = asked.iter().filter(|path| path.to_ascii_lowercase().ends_with("/getupdates")).count();
    assert_eq!(polls, 1, "it waits before it asks again: {asked:?}");
    assert!(!asked.iter().any(|path| path.to_ascii_lowercase().contains("webhook")), "{asked:?}");
}
