//! `aegis ai try`: what somebody who sets up a model is shown, and what never is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::budget::{Micros, Prices};
use aegis::demo::scripted_model::{Behaviour, ScriptedModel};
use aegis::limits;
use board::{Answer, Board};
use serde_json::Value;

const KEY: &str = "sk-Mq3vTnUnheardOf";

const PRICES: Prices = Prices { input: Micros(150_000), output: Micros(600_000) };

/// An address where nobody answers.
const NOWHERE: &str = "http://127.0.0.1:9/v1";

fn board() -> Board {
    Board::at("http://127.0.0.1:9".to_owned(), "")
}

fn start(behaviour: Behaviour) -> ScriptedModel {
    ScriptedModel::start(behaviour, &["zebrafish"], PRICES).unwrap()
}

/// Asks a model of this server, with a key and prices.
fn try_at(board: &Board, base_url: &str, words: &[&str]) -> Answer {
    let key = board.write("key", &format!("{KEY}\n"));
    let at = ["ai", "try", "--base-url", base_url, "--model", "small", "--key-file", &key];
    let prices = ["--input-price", "0.15", "--output-price", "0.6"];
    let answer = board.ask(&[&at[..], &prices[..], words].concat());
    assert!(!answer.out.contains("Mq3vTn") && !answer.err.contains("Mq3vTn"), "the key is shown: {answer:?}");
    assert!(!answer.out.chars().any(|ch| ch.is_control() && ch != '\n'), "{answer:?}");
    answer
}

/// The bodies that a command says it sends.
fn requests(answer: &Answer) -> Vec<Value> {
    let lines: Vec<&str> = answer.out.lines().collect();
    let after = lines.windows(2).filter(|pair| pair[0].starts_with("Request: "));
    after.map(|pair| serde_json::from_str(pair[1]).unwrap()).collect()
}

#[test]
fn the_request_the_answer_the_opinion_and_its_cost_are_shown() {
    let model = start(Behaviour::Honest);
    let words = ["--text", "cheap zebrafish at https://shop.example/a", "--rules", "Sell nothing."];
    let answer = try_at(&board(), &model.base_url(), &words);
    let seen = model.seen();
    answer.says(&[
        "The rules alone say ",
        "with a key, which is not shown",
        "Answer: HTTP status 200",
        "Opinion: block (it breaks the rules), 97 percent sure: it advertises\n",
        "Tokens by the server's count: ",
        &format!("It cost 0.{:06} and took ", seen.cost.0),
    ]);
    assert_eq!(seen.authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    let sent: Value = serde_json::from_str(&seen.bodies[0]).unwrap();
    assert_eq!(requests(&answer), std::slice::from_ref(&sent), "what is shown is what was sent");
    let told: Value = serde_json::from_str(sent["messages"][1]["content"].as_str().unwrap()).unwrap();
    assert_eq!(told["community_rules"], "Sell nothing.");
    assert_eq!(told["message"]["links"][0], "shop.example/a");
}

#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let model = start(Behaviour::Honest);
    let mut board = board();
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        board.set(name, "http://127.0.0.1:9");
    }
    try_at(&board, &model.base_url(), &["--text", "hello"]).says(&["Opinion: allow"]);
}

#[test]
fn a_dry_run_sends_nothing() {
    let model = start(Behaviour::Honest);
    let answer = try_at(&board(), &model.base_url(), &["--text", "hello", "--dry-run"]);
    answer.says(&["Request: POST http://127.0.0.1:", "/v1/chat/completions", "Not sent. It can cost at most 0.00"]);
    assert_eq!((requests(&answer).len(), model.seen().calls), (1, 0));
}

#[test]
fn rules_come_from_a_file_and_a_mistyped_file_is_no_rule() {
    let board = board();
    let file = board.write("rules.txt", "Only fish.\nNo zebras.\n");
    let answer = try_at(&board, NOWHERE, &["--text", "hello", "--dry-run", "--rules", &file]);
    let body = &requests(&answer)[0];
    let told: Value = serde_json::from_str(body["messages"][1]["content"].as_str().unwrap()).unwrap();
    assert_eq!(told["community_rules"], "Only fish.\nNo zebras.\n");
    for wrong in ["ruels.txt", "/nowhere/rules"] {
        try_at(&board, NOWHERE, &["--text", "x", "--rules", wrong]).refused(64, &["--rules", wrong, "no such file"]);
    }
}

#[test]
fn every_mistake_is_named_at_once() {
    let board = board();
    let key = board.write("key", "two words\n");
    let words = ["ai", "try", "--text", "x", "--key-file", &key, "--timeout-ms", "0", "--max-output-tokens", "999999"];
    board.ask(&words).refused(
        64,
        &[
            "--base-url: is missing",
            "--model: is missing",
            "--key-file: ",
            "this is no key",
            "--timeout-ms: must be 1 to",
            "--max-output-tokens: must be 1 to",
        ],
    );
    let with = |url: &str| board.ask(&["ai", "try", "--text", "x", "--model", "m", "--base-url", url]);
    with("localhost:8080").refused(64, &["--base-url: ", "http://"]);
    let answer = with("http://robin:hunter2@localhost/v1");
    answer.refused(64, &["--base-url: ", "name or password"]);
    assert!(!format!("{answer:?}").contains("hunter2"));
    let answer = board.ask(&["ai", "try", "--text", "x", "--input-price", "cheap"]);
    answer.refused(64, &["--input-price", "an amount such as \"0\" or \"5.00\""]);
}

#[test]
fn a_refusal_says_who_has_to_mend_what() {
    let board = board();
    let model = start(Behaviour::Status(401));
    let ask = || try_at(&board, &model.base_url(), &["--text", "hello"]);
    ask().refused(77, &["does not accept the key"]);
    model.set(Behaviour::Status(404));
    ask().refused(64, &["no such address or model"]);
    model.set(Behaviour::Status(500));
    ask().refused(1, &["has a fault"]);
    model.set(Behaviour::RetryAfter(7));
    ask().refused(1, &["asked too often"]);
    model.set(Behaviour::Down);
    ask().refused(1, &["cannot be reached"]);
    model.set(Behaviour::Huge);
    let answer = ask();
    answer.refused(1, &["larger than 65536 bytes"]);
    assert!(answer.out.contains("The call may have cost something."), "{answer:?}");
    model.set(Behaviour::Hangs);
    let words = ["--text", "hello", "--timeout-ms", "100"];
    try_at(&board, &model.base_url(), &words).refused(1, &["did not answer within 100 ms"]);
}

#[test]
fn what_is_no_opinion_is_shown_in_visible_letters_and_ends_with_65() {
    let board = board();
    let model = start(Behaviour::NotJson);
    let ask = || try_at(&board, &model.base_url(), &["--text", "hello"]);
    let answer = ask();
    answer.refused(65, &["no opinion", "one JSON object"]);
    assert!(answer.out.contains("It works!") && answer.out.contains("does not count tokens"), "{answer:?}");
    model.set(Behaviour::Says(format!("\u{202e}your key is {KEY}\u{9b}")));
    let answer = ask();
    answer.refused(65, &["no opinion"]);
    assert!(answer.out.contains("\\u{202e}your key is [secret]"), "{answer:?}");
    model.set(Behaviour::Says("long ".repeat(limits::MODEL_SHOWN_BYTES_MAX)));
    let answer = ask();
    answer.refused(65, &["no opinion"]);
    assert!(answer.out.contains("more bytes are not shown"), "{answer:?}");
    assert!(answer.out.len() < 2 * limits::MODEL_SHOWN_BYTES_MAX, "{} bytes", answer.out.len());
}

#[test]
fn a_server_that_refuses_the_schema_is_asked_again_and_both_requests_are_shown() {
    let model = start(Behaviour::Refuses(vec!["response_format"]));
    let answer = try_at(&board(), &model.base_url(), &["--text", "good morning"]);
    answer.says(&["HTTP status 400", "Unsupported parameter", "Opinion: allow (it may stay)"]);
    let shown = requests(&answer);
    assert_eq!(shown.len(), 2);
    assert!(shown[0].get("response_format").is_some() && shown[1].get("response_format").is_none());
}
