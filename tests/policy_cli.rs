//! `aegis policy`: what somebody who writes rules is told, and that nothing else happens.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use board::Board;
use serde_json::Value;

/// An address where nobody answers: these commands must not need one.
fn offline() -> Board {
    Board::at("http://127.0.0.1:9".to_owned(), "")
}

/// A second folder of packs: the rule with these keywords and this score.
fn packs(board: &Board, folder: &str, keywords: &str, score: u16) -> String {
    std::fs::create_dir_all(board.path(folder)).unwrap();
    let text = format!(
        "[pack]\nid = \"own\"\nversion = 1\n\n[[rule]]\nid = \"own-phrases\"\nreason = \"not here\"\nscore = {score}\n\
         actions = [\"delete\", \"mute\"]\nmute_seconds = \"2h\"\nkeywords = [{keywords}]\n"
    );
    board.write(&format!("{folder}/own.toml"), &text);
    board.path(folder).display().to_string()
}

#[test]
fn the_shipped_cases_hold() {
    offline().ask(&["policy", "test"]).says(&["cases hold"]);
}

#[test]
fn a_case_that_does_not_hold_is_named_with_its_line_and_ends_with_65() {
    let board = offline();
    let dir = packs(&board, "own", "\"blue moon\"", 90);
    let cases = "[[case]]\ntext = \"a blue moon rises\"\nverdict = \"block\"\nwhy = \"the phrase\"\n\n\
                 [[case]]\ntext = \"a red moon\"\nverdict = \"block\"\nwhy = \"a wish\"\n";
    let file = board.write("own/own.cases.toml", cases);
    let answer = board.ask(&["policy", "test", &dir]);
    assert_eq!(answer.code, Some(65), "{answer:?}");
    let line = answer.out.lines().next().unwrap();
    assert!(line.starts_with(&format!("{file}:6: expected block, got allow")), "{answer:?}");
    assert!(answer.out.contains("1 of 2 cases hold"), "{answer:?}");
    board.write("own/own.cases.toml", "[[case]]\ntext = \"x\"\nverdict = \"blok\"\n");
    board
        .ask(&["policy", "test", &dir])
        .refused(64, &["own.cases.toml:3: ", "own.cases.toml:1: `case.why` is missing"]);
    std::fs::remove_file(file).unwrap();
    board.ask(&["policy", "test", &dir]).refused(64, &["there are no cases"]);
}

#[test]
fn explain_marks_what_a_rule_saw_under_characters_of_any_width() {
    let board = offline();
    let dir = packs(&board, "own", "\"blue moon\"", 90);
    let text = "\u{5927}\u{5bb6} \u{1f44d} BLUE mo\u{200b}on\u{7}!";
    let answer = board.ask(&["policy", "explain", "--policy", &dir, "--text", text, "--forwarded", "--new"]);
    answer.says(&[
        "own-phrases (pack own) adds 90: not here",
        "1 characters that nobody sees",
        "It was forwarded, is the first message",
        "Score 90. From 50 on a message goes to review, from 80 on it is blocked.",
        "Verdict: block. In mode enforce: delete the message, mute the sender for 7200 s.",
        "  folded: \u{5927}\u{5bb6} \u{1f44d} blue moon\\u{7}!",
    ]);
    let rows: Vec<&str> = answer.out.lines().collect();
    assert_eq!(rows[1], "  \u{5927}\u{5bb6} \u{1f44d} BLUE mo\\u{200b}on\\u{7}!", "{answer:?}");
    // Four columns, a space, two columns, a space; then nine characters and the eight of the escape.
    assert_eq!(rows[2], format!("  {}{}", " ".repeat(8), "^".repeat(17)), "{answer:?}");
}

#[test]
fn explain_says_the_same_as_json_and_reads_standard_input() {
    let board = offline();
    let dir = packs(&board, "own", "\"blue moon\"", 60);
    let words = ["policy", "explain", "--policy", &dir, "--text", "-", "--json", "--media", "photo"];
    let answer = board.ask_with(&words, "see b-l-u-e moon, a blue moon\n");
    let told: Value = serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    assert_eq!(told["verdict"], "review");
    assert_eq!(told["findings"][0]["pack"], "own");
    assert_eq!(told["findings"][0]["spans"][0]["text"], "blue moon");
    assert_eq!(told["surfaces"][0]["kind"], "caption");
    assert_eq!(told["views"]["joined"], "blue");
    board.ask(&["policy", "explain", "--text", "x", "--media", "fotograph"]).refused(64, &["photo"]);
    board.ask(&["policy", "explain", "--text", ""]).says(&["(no text)", "No rule has anything to say", "allow"]);
}
