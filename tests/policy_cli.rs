//! `aegis policy`: what somebody who writes rules is told, and that nothing else happens.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use board::{Board, Signal};
use serde_json::Value;
use std::time::Duration;

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
        "Verdict: block. In mode enforce: delete the message, mute the sender for 2 hours.",
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
    assert_eq!(told["findings"][0]["spans"][0]["text"], "b-l-u-e moon");
    assert_eq!(told["surfaces"][0]["kind"], "caption");
    assert_eq!((&told["signals"]["words"], &told["script"]), (&Value::from(9), &Value::from("latin")));
    assert_eq!(told["views"]["folded"], "see b-l-u-e moon, a blue moon");
    board.ask(&["policy", "explain", "--text", "x", "--media", "fotograph"]).refused(64, &["photo"]);
    board.ask(&["policy", "explain", "--text", ""]).says(&["(no text)", "No rule has anything to say", "allow"]);
}

const STREAM: &str =
    "{\"text\": \"a blue moon\", \"chat_id\": -5}\n\n{\"text\": \"hello\"}\n{\"text\": \"a red\\u001b[2J moon\"}\n";

#[test]
fn diff_counts_and_lists_what_the_candidate_would_judge_differently() {
    let board = offline();
    let now = packs(&board, "now", "\"blue moon\"", 90);
    let then = packs(&board, "then", "\"red moon\", \"red\"", 60);
    let input = board.write("stream.jsonl", STREAM);
    let words = ["policy", "diff", "--candidate", &then, "--policy", &now, "--input", &input];
    let answer = board.ask(&words);
    answer.says(&[
        "3 messages\n",
        "  policy        allow   review    block\n  allow             1        1        0\n",
        "  block             1        0        0\n",
        "2 messages are judged differently:\n",
        "line 1, chat -5: block 90 -> allow 0\n  a blue moon\n  - own-phrases 90: not here\n",
        "line 4, chat 0: allow 0 -> review 60\n  a red\\u{1b}[2J moon\n  + own-phrases 60: not here\n",
    ]);
    assert!(!answer.out.contains('\u{1b}'), "{answer:?}");
    board.ask(&[&words[..], &["--limit", "1"]].concat()).says(&["2 messages are judged differently; the first 1:"]);
    let same = ["policy", "diff", "--candidate", &now, "--policy", &now, "--input", &input];
    board.ask(&same).says(&["no message is judged differently"]);
    assert!(!board.path("data").exists(), "nothing is written");
}

#[test]
fn diff_names_actions_that_differ_and_lines_it_cannot_read() {
    let board = offline();
    let now = packs(&board, "now", "\"blue moon\"", 90);
    let then = packs(&board, "then", "\"blue moon\"", 90);
    let file = board.path("then/own.toml");
    let harsher = std::fs::read_to_string(&file).unwrap().replace("\"2h\"", "\"forever\"");
    std::fs::write(file, harsher).unwrap();
    let input = board.write("stream.jsonl", &format!("{STREAM}not json\n"));
    let answer = board.ask(&["policy", "diff", "--candidate", &then, "--policy", &now, "--input", &input]);
    assert_eq!(answer.code, Some(65), "{answer:?}");
    assert!(answer.err.contains("line 5: ") && answer.err.contains("1 lines could not be read"), "{answer:?}");
    assert!(answer.out.contains("1 are blocked by both, with other actions"), "{answer:?}");
    assert!(answer.out.contains("  - delete the message, mute the sender for 2 hours\n"), "{answer:?}");
    assert!(answer.out.contains("  + delete the message, mute the sender for ever\n"), "{answer:?}");
    let broken = board.write("then/broken.toml", "[pack");
    board
        .ask(&["policy", "diff", "--candidate", &format!("{broken}.not"), "--input", &input])
        .refused(64, &["cannot be read"]);
}

const AUTOMOD: &str = r#"[
    {"name": "No moons!", "trigger_type": 1, "enabled": true, "exempt_roles": ["1"],
     "trigger_metadata": {"keyword_filter": ["blue moon", "*lune*", "mond*", "***", "blue moon", "say \"hi\" \\o/"],
                          "regex_patterns": ["m(o+)n"], "allow_list": ["moonlight"]},
     "actions": [{"type": 1, "metadata": {}}, {"type": 2, "metadata": {"channel_id": "1"}},
                 {"type": 3, "metadata": {"duration_seconds": 10}}]},
    {"name": "no moons", "trigger_type": 1, "trigger_metadata": {"keyword_filter": ["luna"]},
     "actions": [{"type": 2, "metadata": {"channel_id": "1"}}, {"type": 4}]},
    {"name": "Slurs", "trigger_type": 4, "trigger_metadata": {"presets": [1, 3]}, "actions": []},
    {"name": "Mentions", "trigger_type": 5, "trigger_metadata": {"mention_total_limit": 7}, "actions": []},
    {"name": "Off", "trigger_type": 1, "enabled": false, "trigger_metadata": {"keyword_filter": ["x"]}},
    {"name": "Only patterns", "trigger_type": 1, "trigger_metadata": {"regex_patterns": ["a"]}},
    {"trigger_type": 99}
]"#;

#[test]
fn automod_rules_become_a_pack_that_compiles_and_the_rest_is_listed_with_reasons() {
    let board = offline();
    let file = board.write("automod.json", AUTOMOD);
    std::fs::create_dir(board.path("brought")).unwrap();
    let out = board.path("brought/from server.toml").display().to_string();
    let words = ["policy", "import", "--from", "discord", &file, "--out", &out];
    board.ask(&words).says(&[
        "left out, 10 in all:",
        "\"No moons!\": /m(o+)n/: regular expressions have no counterpart",
        "\"No moons!\": \"***\": it has nothing to look for",
        "\"No moons!\": 1 exempt roles",
        "\"no moons\": its action of type 4",
        "\"Slurs\": the word lists of Discord's presets [1,3]",
        "\"Mentions\": a limit of 7 mentions",
        "\"Off\": it is switched off",
        "\"Only patterns\": no keyword",
        "rule 7: its trigger type 99 is not known",
        "from server.toml: 2 rules, ",
    ]);
    let pack = std::fs::read_to_string(&out).unwrap();
    for part in [
        "id = \"from-server\"",
        "id = \"from-server-no-moons\"\nreason = \"No moons!\"\nscore = 90\nactions = [\"delete\", \"mute\"]\nmute_seconds = \"30s\"",
        "    \"blue moon\",\n    \"*lune*\",\n    \"mond*\",\n    \"say \\\"hi\\\" \\\\o/\",\n    \"~moonlight\",\n",
        "id = \"from-server-no-moons-2\"\nreason = \"no moons\"\nscore = 50\nactions = [\"delete\"]\n",
    ] {
        assert!(pack.contains(part), "{part:?} is not in {pack}");
    }
    let judged =
        ["policy", "explain", "--policy", &board.path("brought").display().to_string(), "--text", "eine Mondfahrt"];
    board.ask(&judged).says(&["Verdict: block. In mode enforce: delete the message, mute the sender for 30 seconds."]);
    board.ask(&words).refused(64, &["is there already", "--force"]);
    board.ask(&[&words[..], &["--force"]].concat()).says(&["2 rules"]);
    let left: Vec<_> = std::fs::read_dir(board.path("brought")).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside it: {left:?}");
}

#[test]
fn what_is_no_export_is_refused_and_nothing_is_written() {
    let board = offline();
    let out = board.path("out.toml").display().to_string();
    for (text, says) in [
        ("{", "is not JSON"),
        ("[]", "has no rule"),
        ("{\"a\": [1, {\"b\": null}]}", "has no rule"),
        ("[{\"trigger_type\": 5}]", "nothing in it can become a rule"),
        (
            "{\"rules\": [{\"trigger_type\": 1, \"trigger_metadata\": 7, \"actions\": 3}]}",
            "nothing in it can become a rule",
        ),
    ] {
        let file = board.write("automod.json", text);
        board.ask(&["policy", "import", "--from", "discord", &file, "--out", &out]).refused(65, &[says]);
    }
    let file = board.write("x", "y");
    board.ask(&["policy", "import", "--from", "slack", &file, "--out", &out]).refused(64, &["discord, lines"]);
    board
        .ask(&["policy", "import", "--from", "lines", &file, "--out", "x.cases.toml"])
        .refused(64, &["--out must name"]);
    assert!(!board.path("out.toml").exists());
}

#[test]
fn lines_become_one_rule() {
    let board = offline();
    let file = board
        .write("phrases", "\u{feff}blue moon\n\n# of our own\n#bluemoon\nBlue  Moon\n~tilde\n\u{200b}\nblue moon\n");
    std::fs::create_dir(board.path("brought")).unwrap();
    let out = board.path("brought/own.toml").display().to_string();
    let answer = board.ask(&["policy", "import", "--from", "lines", &file, "--out", &out]);
    answer.says(&[
        "line 3: a comment",
        "line 6: \"~tilde\"",
        "line 7: \"\\u{200b}\": it has nothing",
        "1 rules, 2 keywords",
    ]);
}

#[tokio::test]
async fn diff_replays_what_the_appliance_has_seen_while_it_runs_and_after() {
    let standin = board::play(board::script_of_today(20));
    let board = Board::new(&standin);
    let then = packs(&board, "then", "\"has anybody seen my cat\"", 60);
    let words = ["policy", "diff", "--candidate", &then, "--limit", "1"];
    board.ask(&words).refused(64, &["no messages are stored in", "--input FILE"]);
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    let told = [
        "20 messages\n",
        "  policy        allow   review    block\n  allow             0       15        0\n",
        "  block             5        0        0\n",
        "20 messages are judged differently; the first 1:\n\nmessage 1 of 20",
        "then allow 0, chat -100100",
        "+ own-phrases 60: not here",
    ];
    board.ask(&words).says(&told);
    assert_eq!(life.ended(Duration::from_secs(5), Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    board.ask(&words).says(&told);
    let settings = board.write("aegis.toml", "[history]\nkeep = false\n");
    let life = board.run(&["--config", &settings]);
    board.hear("moderating", 2);
    board.ask(&words).refused(64, &["no messages are stored", "history.keep"]);
    assert!(!board.path("data/cache.redb").exists(), "what was stored is removed");
    assert_eq!(life.ended(Duration::from_secs(5), Signal::Term).unwrap().code(), Some(0), "{}", board.log());
}

#[tokio::test]
async fn a_damaged_history_is_begun_anew_and_hinders_nothing() {
    let standin = board::play(board::script_of_today(20));
    let board = Board::new(&standin);
    std::fs::create_dir(board.path("data")).unwrap();
    board.write("data/cache.redb", "rubbish");
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    assert_eq!(life.ended(Duration::from_secs(5), Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    let same = board.path("packs").display().to_string();
    board.ask(&["policy", "diff", "--candidate", &same]).says(&["20 messages\n", "no message is judged differently"]);
}
