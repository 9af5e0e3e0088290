//! `aegis import`: what other bots know finds its place or is named, wrong files are refused whole, and twice is once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::lessons;
use board::{Answer, Board};
use serde_json::{Value, json};

/// A group that the stream of `board::script` writes in.
const GROUP: &str = "-1001000000000";

fn offline() -> Board {
    Board::at("http://127.0.0.1:9".to_owned(), "")
}

/// So many texts, a line each, none twice.
fn texts(what: &str, count: usize) -> String {
    (0..count).map(|at| format!("{what} number {at} of the long list\n")).collect()
}

/// A folder as tg-spam has it.
fn folder(board: &Board) -> String {
    std::fs::create_dir_all(board.path("tg")).unwrap();
    board.write("tg/spam-samples.txt", &texts("blue widgets at our shop,", 30));
    board.write("tg/ham-samples.txt", &texts("the meeting in the library,", 30));
    board.write("tg/spam-dynamic.txt", "blue widgets at our shop, number 3 of the long list\n\n");
    board.write("tg/approved-users.txt", "71\n72 ann\n73,\"bob, the second\"\n-1001234567890,a channel\n\n72|ann\n");
    board.write(
        "tg/stop-words.txt",
        "\u{feff}Blue Moon\n\n\"red sun, today\"\n\"one star\", \"two stars\"\n=comet\nx\nblue  moon\n\u{200b}\n",
    );
    board.write("tg/exclude-tokens.txt", "the\n");
    board.write("tg/unrelated.txt", "nothing\n");
    board.path("tg").display().to_string()
}

fn pack(board: &Board) -> String {
    std::fs::create_dir_all(board.path("packs")).unwrap();
    board.path("packs/brought.toml").display().to_string()
}

/// Nothing of an import is there.
fn assert_untouched(board: &Board) {
    assert!(!board.path("packs/brought.toml").exists());
    assert!(!lessons::folder(&board.path("data")).exists());
}

/// A running appliance that knows [`GROUP`].
async fn at_work() -> (Board, aegis::demo::standin::StandIn, board::Life) {
    let standin = board::play(board::script(10));
    let board = Board::new(&standin);
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    (board, standin, life)
}

fn approved(board: &Board) -> Vec<i64> {
    let answer = board.ask(&["api", "GET", &format!("/members?group={GROUP}&only=approved")]);
    answer.says(&["items"]);
    let told: Value = serde_json::from_str(&answer.out).unwrap();
    told["items"].as_array().unwrap().iter().map(|one| one["user"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn every_file_of_tg_spam_finds_its_place_and_twice_is_once() {
    let (board, _standin, _life) = at_work().await;
    let (folder, pack) = (folder(&board), pack(&board));
    let words = ["import", "tg-spam", &folder, "--group", GROUP, "--pack", &pack];
    let mut dry = words.to_vec();
    dry.push("--dry-run");
    let counted: [&str; 12] = [
        "taken, 4 in all:",
        "3 members of group -1001000000000 to vouch for",
        "stop words: 4 phrases; messages with one of them are deleted",
        "stop words that are the whole message: 1 phrases",
        "samples: 30 of spam and 30 that are none, for the learner, in all groups",
        "passed over, 6 in all:",
        "line 4: -1001234567890: a channel or a group",
        "line 6: \"x\": one letter alone",
        "line 8: \"\\u{200b}\": it has nothing to look for",
        "the ban that tg-spam adds: ",
        "exclude-tokens.txt: the learner here weighs pieces of words",
        "1 samples: they are there twice",
    ];
    let answer = board.ask(&dry);
    answer.says(&counted);
    answer.says(&["nothing was changed"]);
    assert_untouched(&board);
    assert!(approved(&board).is_empty());
    board.ask(&words).says(&counted);
    assert_eq!(approved(&board), [73, 72, 71]);
    let text = std::fs::read_to_string(&pack).unwrap();
    for part in
        ["match = \"substring\"", "\"Blue Moon\",\n    \"red sun, today\",\n    \"one star\",\n    \"two stars\",\n"]
    {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(text.contains("match = \"exact\"\nkeywords = [\n    \"comet\",\n]"), "{text}");
    board.ask(&["learn", "show"]).says(&["tg-spam: 30 spam, 30 ham\n"]);
    let again = board.ask(&words);
    again.says(&["as it was before", "learned tg-spam", "0 members are vouched for now, 3 were before"]);
    assert_eq!((approved(&board).len(), std::fs::read_to_string(&pack).unwrap()), (3, text));
    board.ask(&["learn", "show"]).says(&["tg-spam: 30 spam, 30 ham\n"]);
    let audit = board.ask(&["api", "GET", "/audit"]);
    audit.says(&["vouched for 3 members of group -1001000000000", "\"after\":\"71, 72, 73\""]);
    assert_eq!(audit.out.matches("vouched for").count(), 1, "what changes nothing is no change: {audit:?}");
}

#[tokio::test]
async fn members_go_over_in_pieces_and_only_to_a_group_that_is_known() {
    let (board, _standin, _life) = at_work().await;
    let many: String = (1..=2_345).map(|n| format!("{}\n", 5_000_000_000_i64 + n)).collect();
    let file = board.write("users", &many);
    let words = |group: &'static str| ["import", "plain", "users", "--as", "users", "--group", group];
    board.ask(&words("-1009999999999")).refused(64, &["group -1009999999999: there is no such thing", "aegis status"]);
    board.ask(&words("7")).refused(64, &["group 7: "]);
    assert!(approved(&board).is_empty());
    board.ask(&words(GROUP)).says(&["2345 members are vouched for now, 0 were before"]);
    let more = board.write("users", &format!("{many}1\n"));
    assert_eq!(more, file);
    board.ask(&words(GROUP)).says(&["1 members are vouched for now, 2345 were before"]);
}

#[test]
fn without_an_appliance_nobody_is_vouched_for_and_nothing_else_is_done() {
    let board = offline();
    let (folder, pack) = (folder(&board), pack(&board));
    let words = ["import", "tg-spam", &folder, "--group", GROUP, "--pack", &pack];
    board.ask(&words).refused(74, &["no appliance runs"]);
    assert_untouched(&board);
    let answer = board.ask(&["import", "tg-spam", &folder]);
    answer.says(&["name the group whose members they are", "name the pack to write the words to", "learned tg-spam"]);
    board.ask(&["learn", "forget", "tg-spam"]).says(&["forgot tg-spam"]);
    let ham = board.path("tg/ham-samples.txt").display().to_string();
    board.ask(&["import", "tg-spam", &ham]).refused(65, &["nothing in it has a place here"]);
    let spam = board.path("tg/spam-samples.txt").display().to_string();
    let named = ["import", "tg-spam", &ham, &spam, "--source", "old", "--group", GROUP, "--only-here"];
    board.ask(&named).says(&["in group -1001000000000 only", "learned old"]);
    board.ask(&["import", "tg-spam", &ham, &spam, "--source", "../up"]).refused(64, &["is no name for a source"]);
}

#[test]
fn a_database_is_not_read_and_the_way_out_of_it_is_told() {
    let board = offline();
    let folder = folder(&board);
    board.write("tg/tg-spam.db", "SQLite format 3");
    let answer = board.ask(&["import", "tg-spam", &folder, "--dry-run"]);
    answer.says(&["tg-spam.db: it is not read", "SELECT uid FROM approved_users", "samples: 30 of spam"]);
}

/// A file as Rose gives it, with these modules.
fn export(board: &Board, data: &Value) -> String {
    board.write("rose.json", &json!({"bot_id": 609, "data": data, "version": 1}).to_string())
}

fn rich() -> Value {
    json!({
        "admin": {"admin_error_disable": false, "anon_admin": false},
        "antiflood": {"action": "ban", "action_duration": 0, "flood_limit": 7},
        "approvals": {"approved": [{"id": 7}]},
        "blocklists": {
            "action": "mute", "action_duration": 0, "default_reason": "not here", "should_delete": true,
            "filters": [
                {"name": "blue moon", "reason": ""},
                {"name": "mond*", "reason": "no moons {tban 2w}"},
                {"name": "st?r", "reason": ""},
                {"name": "stickerpack:cats", "reason": ""},
                {"reason": "nameless"},
                {"name": "red \"sun\" \\ ", "reason": ""}
            ]
        },
        "clean_service": {"service_types": {"join": {"clean": true}, "leave": {"clean": false}, "pin": {"clean": true}}},
        "filters": {"filters": null},
        "locks": {
            "allowlisted_url": [{"url": "https://example.org/"}, {"url": "example.com/page"}],
            "lock_warns": true,
            "locks": {
                "photo": false, "sticker": true, "video": true, "audio": true, "voice": {"locked": true, "reason": ""},
                "url": {"locked": true, "reason": "no links please"}, "invitelink": true, "rtl": true,
                "poll": {"locked": false, "reason": ""}
            }
        },
        "newmodule": {"x": 1},
        "notes": {"notes": [{"name": "n", "text": "t"}], "private_notes": false},
        "warns": {"action": "ban", "action_duration": 0, "warn_for": 3600, "warn_limit": 5}
    })
}

#[test]
fn an_export_of_rose_is_taken_line_by_line_and_what_is_not_certain_is_named() {
    let board = offline();
    let (file, pack) = (export(&board, &rich()), pack(&board));
    let words = ["import", "rose", &file, "--pack", &pack];
    let answer = board.ask(&words);
    answer.says(&[
        "blocklists: 2 phrases; delete, mute\n",
        "locks: sticker: delete, warn\n",
        "locks: url: delete, warn\n",
        "locks: invitelink: delete, warn\n",
        "locks: audio: delete, warn\n",
        "warns: the limit: 5",
        "warns: the action: ban at once",
        "clean_service: join: ",
        "antiflood: the pack `flood`",
        "approvals: how they stand in this file is not certain",
        "blocklists: entry 2: \"mond*\": {tban 2w}: an action of one entry",
        "blocklists: entry 3: \"st?r\": `?`",
        "blocklists: entry 4: \"stickerpack:cats\": it is not looked for in the text",
        "blocklists: entry 5: it has no name",
        "blocklists: entry 6: ",
        "clean_service: pin: ",
        "locks: allowed: \"example.com/page\": only whole domains",
        "locks: rtl: this lock has no counterpart",
        "locks: video: it is one kind with others here",
        "newmodule: this module is not known here",
        "notes: no notes are kept here",
        "warns: how long one counts: the length is not certain",
        "  [manners]\n  clean_joins = true\n  warn_limit = 5\n  warn_mute_s = \"0\"\n",
        "brought.toml: 6 rules, 2 keywords",
    ]);
    assert!(!answer.out.contains("admin:") && !answer.out.contains("filters:"), "nothing is set in them: {answer:?}");
    let text = std::fs::read_to_string(&pack).unwrap();
    assert!(text.contains("links = { kind = [\"web\"] }\nexempt = { domain = [\"example.org\"] }"), "{text}");
    let folder = board.path("packs").display().to_string();
    let judged = |more: &[&str]| board.ask(&[&["policy", "explain", "--policy", &folder], more].concat());
    judged(&["--text", "a Blue Moon tonight"]).says(&["Verdict: block", "mute the sender"]);
    judged(&["--text", "eine Mondfahrt"]).says(&["Verdict: block", "no moons"]);
    judged(&["--text", "see https://example.net/x"]).says(&["Verdict: block", "no links please"]);
    judged(&["--text", "see https://example.org/x"]).says(&["Verdict: allow"]);
    judged(&["--text", "", "--media", "sticker"]).says(&["Verdict: block"]);
    board.ask(&words).says(&["as it was before"]);
    let other = export(&board, &json!({"blocklists": {"action": "nothing", "filters": [{"name": "sun"}]}}));
    board.ask(&["import", "rose", &other, "--pack", &pack]).refused(64, &["is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(&pack).unwrap(), text);
    board.ask(&["import", "rose", &other, "--pack", &pack, "--force"]).says(&["1 phrases; delete\n"]);
}

#[test]
fn what_has_no_pack_to_go_to_is_named_and_the_rest_is_taken() {
    let board = offline();
    let file = export(&board, &rich());
    let answer = board.ask(&["import", "rose", &file]);
    answer.says(&["blocklists and locks: name the pack", "warn_limit = 5"]);
    assert!(!answer.out.contains("locks: url"), "{answer:?}");
    let nothing = export(&board, &json!({"notes": {"notes": ["x"]}}));
    board.ask(&["import", "rose", &nothing]).refused(65, &["nothing in it has a place here"]);
    assert_untouched(&board);
}

#[test]
fn lengths_that_are_not_certain_are_not_guessed() {
    let board = offline();
    let pack = pack(&board);
    let file = export(
        &board,
        &json!({
            "blocklists": {"action": "tban", "action_duration": 86400, "filters": [{"name": "blue moon"}]},
            "warns": {"action": "tmute", "action_duration": 600, "warn_limit": 99}
        }),
    );
    board.ask(&["import", "rose", &file, "--pack", &pack]).says(&[
        "blocklists: 1 phrases; delete\n",
        "blocklists: the action tban: how long it lasts is not certain",
        "warns: the limit: 99 is none of",
        "warns: the action tmute: ",
        "warns: how long the action lasts: ",
    ]);
}

/// Every word of the command, and the file it is about.
fn wrong(board: &Board, words: &[&str], file: &str, content: &[u8]) -> Answer {
    std::fs::write(board.path(file), content).unwrap();
    board.ask(words)
}

#[test]
fn a_wrong_file_is_refused_with_its_lines_and_nothing_is_done() {
    let board = offline();
    let pack = pack(&board);
    let users = ["import", "plain", "list", "--as", "users", "--group", GROUP];
    let words = ["import", "plain", "list", "--as", "words", "--pack", &pack];
    let rose = ["import", "rose", "list", "--pack", &pack];
    for (command, content, says) in [
        (&users[..], "71\n@ann\n0\nid,name\n", &["line 2: \"@ann\"", "line 3: \"0\"", "line 4: \"id\""][..]),
        (&users, "99999999999999999999\n", &["line 1: "]),
        (&users, "\u{202e}71\n\u{1b}[31m\n", &["line 1: \"\\u{202e}71\"", "line 2: \"\\u{1b}[31m\""]),
        (&users, "\n# nobody\n", &["nothing in it has a place here"]),
        (&words, "\n\u{200b}\n", &["nothing in it has a place here"]),
        (&rose, "{\"bot_id\": 1, \"data\": ", &["is not JSON: ", "line 1"]),
        (&rose, "[]", &["is not what Rose's /export gives"]),
        (&rose, "{\"data\": {}, \"version\": 1}", &["is not what Rose's /export gives"]),
        (&rose, "{\"bot_id\": 1, \"data\": {}, \"version\": 2}", &["is version 2 of the export"]),
        (&rose, "{\"bot_id\": 1, \"data\": {}}", &["has no `version`"]),
        (&rose, "{\"bot_id\": 1, \"data\": {\"warns\": 7, \"locks\": []}, \"version\": 1}", &["nothing in it"]),
    ] {
        wrong(&board, command, "list", content.as_bytes()).refused(65, says);
    }
    for command in [&users[..], &words, &rose] {
        wrong(&board, command, "list", b"\xff\xfe\x00").refused(65, &["is not UTF-8"]);
        wrong(&board, command, "list", &vec![b'7'; aegis::limits::IMPORT_BYTES_MAX + 1])
            .refused(65, &["is larger than"]);
        wrong(&board, command, "list", "[".repeat(100_000).as_bytes()).code.filter(|code| *code != 0).unwrap_or_else(
            || {
                // A line of brackets is a phrase too long, or none.
                panic!("{command:?} took brackets")
            },
        );
    }
    let lines: String = (0..30).map(|at| format!("bad{at}\n")).collect();
    wrong(&board, &users, "list", lines.as_bytes()).refused(65, &["line 10: ", "; and 20 more; each line"]);
    let many: String = (1..=25_001).map(|n| format!("{n}\n")).collect();
    wrong(&board, &users, "list", many.as_bytes()).refused(65, &["names 25001 members, more than 25000; split it"]);
    board.ask(&["import", "plain", "list", "--as", "users"]).refused(64, &["--group ID"]);
    board.ask(&["import", "plain", "list", "--as", "words"]).refused(64, &["--pack PACK.toml"]);
    board.ask(&["import", "plain", "list", "--as", "names"]).refused(64, &["known: words, users"]);
    board.ask(&["import", "plain", "absent", "--as", "words", "--pack", &pack]).refused(64, &["cannot be read"]);
    std::fs::create_dir(board.path("empty")).unwrap();
    board.ask(&["import", "tg-spam", "empty"]).refused(64, &["no file of tg-spam", "spam-samples.txt"]);
    board.ask(&["import", "tg-spam", "absent.txt"]).refused(64, &["no file of tg-spam"]);
    let named = ["import", "plain", "list", "--as", "words", "--pack", "x.cases.toml"];
    wrong(&board, &named, "list", b"blue moon\n").refused(64, &["--pack must name a pack"]);
    assert_untouched(&board);
}

#[test]
fn a_plain_list_of_words_becomes_one_rule() {
    let board = offline();
    let pack = pack(&board);
    let file = board.write("words", "\u{feff}blue moon\r\n\n# ours\nBLUE moon\n~tilde\nred sun\n");
    let words = ["import", "plain", &file, "--as", "words", "--pack", &pack];
    let answer = board.ask(&words);
    answer.says(&["words: 2 phrases", "line 3: a comment", "line 5: \"~tilde\"", "1 rules, 2 keywords"]);
    board.ask(&words).says(&["as it was before"]);
}
