//! What a program with the feature `otel` tells a receiver, seen by one that reads every byte:
//! `cargo test --features otel --test otel`.
//!
//! Promises: one message is one trace, from what Telegram handed over to the call that was confirmed, also across a restart; metrics
//! are those of the page; a receiver that hangs or refuses changes nothing else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // Helpers of tests.

mod board;
#[path = "otel/receiver.rs"]
mod receiver;

use aegis::demo::faults::{Fault, Faults};
use aegis::demo::script::{Expected, Script, Scripted};
use aegis::demo::scripted_model::{Behaviour, ScriptedModel};
use board::{Board, LONG, Life, PHRASES, Signal, TOKEN};
use receiver::{Manner, Receiver, Told, metrics, spans};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What stands in the file of headers.
const SECRET: &str = "Basic c2VjcmV0OmhlYWRlcg";

/// Begins a life that tells this receiver.
fn begin(board: &Board, endpoint: &str, more: &str) -> Life {
    board.write("headers", &format!("# the way in\nAuthorization: {SECRET}\n"));
    let settings = board.write(
        "aegis.toml",
        &format!("[otel]\nendpoint = \"{endpoint}\"\nheaders_file = \"headers\"\nservice_name = \"shelf\"\nmetrics_s = 1\n{more}"),
    );
    board.run(&["--config", settings.as_str()])
}

/// Every trace, by what shows it elsewhere.
fn traces(told: &[Told]) -> BTreeMap<String, Vec<&Told>> {
    let mut found: BTreeMap<String, Vec<&Told>> = BTreeMap::new();
    for one in told {
        found.entry(one.trace()).or_default().push(one);
    }
    found
}

fn named<'a>(trace: &[&'a Told], name: &str) -> Vec<&'a Told> {
    trace.iter().copied().filter(|told| told.span.name == name).collect()
}

fn confirmed(told: &[Told]) -> usize {
    told.iter().filter(|told| told.attribute("aegis.outcome") == "confirmed").count()
}

fn now_ns() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// The traces of the decisions, as the running appliance shows them.
fn decided(board: &Board) -> BTreeSet<String> {
    let ask = |path: &str| -> Value {
        let answer = board.ask(&["api", "GET", path]);
        serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{path}: {answer:?}"))
    };
    let list = ask("/decisions?limit=50");
    let numbers = list["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap());
    numbers.map(|number| ask(&format!("/decisions/{number}"))["trace"].as_str().unwrap().to_owned()).collect()
}

/// The values of `/metrics`, by their names.
fn page(board: &Board) -> BTreeMap<String, f64> {
    let log = board.log();
    let address = log.rsplit("page=\"http://").next().unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let lines = answer.lines().filter(|line| line.starts_with("aegis_") && !line.contains("le=\"+Inf\""));
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

/// Asks the page until it says so.
fn page_until(board: &Board, reached: impl Fn(&BTreeMap<String, f64>) -> bool) -> BTreeMap<String, f64> {
    let began = Instant::now();
    loop {
        let told = page(board);
        if reached(&told) {
            return told;
        }
        assert!(began.elapsed() < LONG, "{told:?}\n{}", board.log());
    }
}

fn ends_in_order(life: Life, board: &Board) {
    let end = life.ended(Duration::from_secs(10), Signal::Term);
    assert_eq!(end.and_then(|end| end.code()), Some(0), "{}", board.log());
    assert!(!board.log().contains("panicked") && !board.log().contains("c2VjcmV0"), "{}", board.log());
}

#[tokio::test]
async fn one_message_is_one_trace_from_the_update_to_the_confirmed_call() {
    let receiver = Receiver::start(Manner::Takes);
    let standin = board::play(board::script(12));
    let board = Board::new(&standin);
    let from = now_ns();
    let life = begin(&board, &receiver.endpoint, "");
    board::settled(&board, &standin).await;
    let told = receiver.spans_until("six confirmed calls", |told| confirmed(told) == 6);
    let until = now_ns();
    let traces = traces(&told);
    assert_eq!(traces.keys().cloned().collect::<BTreeSet<_>>(), decided(&board), "a trace a decision, and no other");
    assert_eq!(traces.len(), 3);
    for trace in traces.values() {
        let (update, commit, calls) = (named(trace, "update"), named(trace, "commit"), named(trace, "call"));
        assert_eq!((update.len(), commit.len(), calls.len()), (1, 1, 2), "{trace:?}");
        let (update, commit) = (update[0], commit[0]);
        assert!(update.span.parent_span_id.is_empty());
        assert_eq!(
            (update.attribute("aegis.outcome"), update.attribute("aegis.score")),
            ("block".into(), "100".into())
        );
        assert_eq!(commit.attribute("aegis.actions"), "2");
        assert!(update.span.end_time_unix_nano > update.span.start_time_unix_nano);
        assert!(commit.span.start_time_unix_nano >= update.span.end_time_unix_nano);
        for child in calls.iter().chain([&commit]) {
            assert_eq!(child.span.parent_span_id, update.span.span_id);
            assert_eq!(child.attribute("aegis.chat"), update.attribute("aegis.chat"));
        }
        let methods: BTreeSet<String> = calls.iter().map(|call| call.attribute("telegram.method")).collect();
        assert_eq!(methods, ["banChatMember", "deleteMessages"].map(str::to_owned).into());
        for call in calls {
            assert_eq!((call.attribute("aegis.attempt").as_str(), call.span.status.is_none()), ("1", true));
            assert!(call.span.start_time_unix_nano >= commit.span.end_time_unix_nano);
        }
        for one in trace {
            assert!(one.span.start_time_unix_nano >= from && one.span.end_time_unix_nano <= until);
            assert!(one.span.start_time_unix_nano <= one.span.end_time_unix_nano);
            assert_eq!(one.resource["service.name"], "shelf");
        }
    }
    let ids: BTreeSet<_> = told.iter().map(|told| &told.span.span_id).collect();
    assert_eq!(ids.len(), told.len(), "each span has an id of its own");
    ends_in_order(life, &board);
    let calls = receiver.calls();
    assert!(calls.iter().all(|call| call.head.contains("content-type: application/x-protobuf\r\n")));
    assert!(
        calls.iter().all(|call| call.head.contains(&format!("authorization: {}\r\n", SECRET.to_ascii_lowercase())))
    );
}

#[tokio::test]
async fn nothing_that_is_told_is_a_text_a_name_a_number_or_the_token() {
    let receiver = Receiver::start(Manner::Takes);
    let standin = board::play(board::script(12));
    let board = Board::new(&standin);
    let life = begin(&board, &receiver.endpoint, "");
    board::settled(&board, &standin).await;
    receiver.wait_until("spans and metrics", |calls| confirmed(&spans(calls)) == 6 && !metrics(calls).is_empty());
    ends_in_order(life, &board);
    let mut secret: Vec<Vec<u8>> = PHRASES.iter().map(|text| text.as_bytes().to_vec()).collect();
    secret.extend(
        ["Hello", "has anybody seen", "Kim", "Neighbours", "Zq7xWvKp", "unheard_of", "promo", "advertising"]
            .map(|text| text.into()),
    );
    let numbers = (0..5).map(|n| -1_001_000_000_000 - n).chain((0..12).map(|n| 7_000_000 + n));
    for number in numbers.chain([4242]) {
        let number: i64 = number;
        if number != 4242 {
            secret.push(number.unsigned_abs().to_string().into_bytes());
            secret.push(number.to_le_bytes().to_vec());
        }
        // As protobuf writes a whole number.
        let (mut rest, mut bytes) = (number as u64, Vec::new());
        while rest > 0x7f {
            bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
        if bytes.len() > 3 {
            secret.push(bytes);
        }
    }
    let keys = [
        "aegis.chat",
        "aegis.outcome",
        "aegis.score",
        "aegis.actions",
        "telegram.method",
        "aegis.action",
        "aegis.attempt",
    ];
    let calls = receiver.calls();
    for told in spans(&calls) {
        assert!(told.span.attributes.iter().all(|one| keys.contains(&one.key.as_str())), "{told:?}");
        let chat = told.attribute("aegis.chat");
        assert!(chat.len() == 8 && chat.bytes().all(|byte| byte.is_ascii_hexdigit()), "{chat}");
        assert!(told.span.events.is_empty() && told.span.links.is_empty() && told.span.trace_state.is_empty());
    }
    for call in &calls {
        for bytes in [call.head.as_bytes(), &call.body] {
            for secret in &secret {
                let shown = String::from_utf8_lossy(secret);
                assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{shown:?} was told");
            }
        }
    }
}

#[tokio::test]
async fn a_trace_goes_on_after_a_restart() {
    let receiver = Receiver::start(Manner::Takes);
    let faults = Faults { rate_permille: 1_000, ..Faults::of(&[Fault::ServerError], 7) };
    let down = board::play(Script { faults, ..board::script(4) });
    let mut board = Board::new(&down);
    let life = begin(&board, &receiver.endpoint, "");
    let told = receiver.spans_until("an update and a call that failed", |told| {
        let failed = told.iter().any(|told| told.attribute("aegis.outcome") == "retried");
        failed && told.iter().any(|told| told.span.name == "update")
    });
    life.kill();
    let update = told.iter().find(|told| told.span.name == "update").unwrap();
    let failed = told.iter().find(|told| told.attribute("aegis.outcome") == "retried").unwrap();
    assert_eq!((failed.span.parent_span_id.clone(), failed.trace()), (update.span.span_id.clone(), update.trace()));
    assert_eq!(failed.span.status.as_ref().map(|status| status.code), Some(2));

    // The second life hears of nothing new: all it has is on storage.
    let up = board::play(board::script(0));
    board.set("AEGIS_TELEGRAM_API_URL", up.api_url());
    let life = begin(&board, &receiver.endpoint, "");
    let told = receiver.spans_until("two confirmed calls", |told| confirmed(told) == 2);
    assert_eq!(told.iter().filter(|told| told.span.name == "update").count(), 1, "the update was served once");
    for call in told.iter().filter(|told| told.attribute("aegis.outcome") == "confirmed") {
        assert_eq!((call.trace(), &call.span.parent_span_id), (update.trace(), &update.span.span_id));
        assert!(call.span.start_time_unix_nano > update.span.end_time_unix_nano);
    }
    assert_eq!(decided(&board), [update.trace()].into());
    ends_in_order(life, &board);
}

#[tokio::test]
async fn who_waits_for_an_opinion_is_one_trace_as_well() {
    let receiver = Receiver::start(Manner::Takes);
    let model = ScriptedModel::start(Behaviour::Honest, &["gold coins"], aegis::budget::Prices::default()).unwrap();
    let text = "perhaps an offer: a bicycle for gold coins";
    let stream = vec![Scripted::text(-1_001_000_000_000, 1, 8_000_000, text, Expected::Remove)];
    let standin = board::play(Script { token: TOKEN.to_owned(), ..Script::new(Box::new(stream)) });
    let board = Board::new(&standin);
    let pack = "[pack]\nid = \"unsure\"\nversion = 1\n\n[[rule]]\nid = \"offer\"\nreason = \"may be advertising\"\n\
                score = 60\nkeywords = [\"perhaps an offer\"]\nactions = [\"delete\"]\n";
    board.write("packs/unsure.toml", pack);
    let ai = format!(
        "[ai]\nbase_url = \"{}\"\nmodel = \"scripted\"\nprice_input = \"0.15\"\nprice_output = \"0.6\"\n[budget]\nmoney = \"5.0\"\ncalls = 100\n",
        model.base_url()
    );
    let life = begin(&board, &receiver.endpoint, &ai);
    board::settled(&board, &standin).await;
    let told = receiver.spans_until("a confirmed call", |told| confirmed(told) == 1);
    let traces = traces(&told);
    assert_eq!(traces.keys().cloned().collect::<BTreeSet<_>>(), decided(&board));
    let trace = traces.values().next().unwrap();
    let (update, wait) = (named(trace, "update")[0], named(trace, "wait")[0]);
    assert_eq!((named(trace, "commit").len(), named(trace, "call").len(), trace.len()), (2, 1, 5));
    assert_eq!((update.attribute("aegis.outcome"), wait.attribute("aegis.outcome")), ("review".into(), "block".into()));
    assert!(trace.iter().all(|told| told.span.name == "update" || told.span.parent_span_id == update.span.span_id));
    ends_in_order(life, &board);
}

#[tokio::test]
async fn metrics_are_those_of_the_page() {
    let receiver = Receiver::start(Manner::Takes);
    let standin = board::play(board::script(40));
    let mut board = Board::new(&standin);
    board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
    let life = begin(&board, &receiver.endpoint, "");
    board::settled(&board, &standin).await;
    page_until(&board, |told| told["aegis_actions_confirmed"] == 20.0 && told["aegis_outbox_rows"] == 0.0);
    let before = page(&board);
    let asked = now_ns();
    let told = metrics(&receiver.wait_until("metrics", |calls| metrics(calls).iter().any(|told| told.at_ns > asked)));
    let told = &told.iter().find(|told| told.at_ns > asked).unwrap().values;
    let after = page(&board);
    assert_eq!(
        told.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>(),
        "the same names, of buckets as well"
    );
    let still: Vec<&String> = before.keys().filter(|name| before[*name] == after[*name]).collect();
    for name in &still {
        // A gauge may go and come back between.
        let is_gauge = ["_ms", "_bytes", "_bytes_peak", "in_flight_calls"].iter().any(|end| name.ends_with(end));
        assert!(
            is_gauge || (told[*name] - before[*name]).abs() < 1e-9,
            "{name}: {} is not {}",
            told[*name],
            before[*name]
        );
    }
    for name in
        ["aegis_messages", "aegis_actions_confirmed", "aegis_time_to_action_seconds_sum", "aegis_memory_bytes_max"]
    {
        assert!(still.iter().any(|still| *still == name) && told[name] > 0.0, "{name}");
    }
    ends_in_order(life, &board);
}

#[tokio::test]
async fn a_receiver_that_hangs_changes_nothing_but_a_count() {
    let receiver = Receiver::start(Manner::Hangs);
    let standin = board::play(board::script(40));
    let mut board = Board::new(&standin);
    board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
    let life = begin(&board, &receiver.endpoint, "");
    board::settled(&board, &standin).await;
    receiver.wait_until("anything", |calls| !calls.is_empty());
    board.hear("does not take what it is told", 1);
    let told = page_until(&board, |told| told["aegis_otel_spans_dropped"] > 0.0);
    assert_eq!((told["aegis_otel_spans"], told["aegis_actions_confirmed"]), (0.0, 20.0));
    assert!(told["aegis_otel_failures"] > 0.0 && board.log().contains("no answer within 5 s"), "{}", board.log());
    // And it closes in time while a call hangs.
    ends_in_order(life, &board);
}

#[tokio::test]
async fn what_a_receiver_refuses_is_dropped_and_counted() {
    let receiver = Receiver::start(Manner::Refuses);
    let standin = board::play(board::script(12));
    let mut board = Board::new(&standin);
    board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
    let life = begin(&board, &receiver.endpoint, "");
    board::settled(&board, &standin).await;
    // Of three messages an update, a commit and two calls each.
    let told = page_until(&board, |told| told["aegis_otel_spans_dropped"] == 12.0);
    assert_eq!((told["aegis_otel_spans"], told["aegis_actions_confirmed"]), (0.0, 6.0));
    assert!(board.log().contains("HTTP status 400"), "{}", board.log());
    ends_in_order(life, &board);
}

#[tokio::test]
async fn a_receiver_that_is_not_there_or_busy_is_asked_again() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let standin = board::play(board::script(4));
    let board = Board::new(&standin);
    let life = begin(&board, &format!("http://{nowhere}"), "");
    board::settled(&board, &standin).await;
    board.hear("does not take what it is told", 1);
    ends_in_order(life, &board);

    let receiver = Receiver::start(Manner::IsBusyOnce);
    let standin = board::play(board::script(4));
    let board = Board::new(&standin);
    let life = begin(&board, &receiver.endpoint, "");
    board::settled(&board, &standin).await;
    receiver.spans_until("four spans", |told| told.len() == 4);
    ends_in_order(life, &board);
}

#[tokio::test]
async fn what_is_left_is_told_when_the_appliance_closes() {
    let receiver = Receiver::start(Manner::Takes);
    let standin = board::play(board::script(4));
    let board = Board::new(&standin);
    let life = begin(&board, &receiver.endpoint, "");
    board::settled(&board, &standin).await;
    ends_in_order(life, &board);
    assert_eq!(confirmed(&spans(&receiver.calls())), 2);
    assert_eq!(metrics(&receiver.calls()).last().unwrap().values["aegis_actions_confirmed"], 2.0);
}
