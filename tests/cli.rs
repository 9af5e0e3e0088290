//! The command line as a stranger meets it: exit codes, messages, and what is never shown.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // Helpers of tests stand outside `#[test]`.

mod board;

use aegis::demo::script::{Expected, Pace, Script, Scripted};
use aegis::demo::standin::StandIn;
use aegis::demo::town::Town;
use board::{Answer, Board, LONG, Signal, TOKEN, assert_keeps_the_token};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The promise for closing in order.
const CLOSED: Duration = Duration::from_secs(5);

/// An address where nobody answers: these commands must not need one.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Everything that the libraries can be made to say.
const LOUD: &str = "trace,reqwest=trace,hyper=trace,hyper_util=trace,teloxide_core=trace,rustls=trace,redb=trace";

fn offline() -> Board {
    Board::at(NOWHERE.to_owned(), TOKEN)
}

/// An appliance that has moderated `count` messages and was closed in order.
async fn used(count: i64) -> (Board, StandIn) {
    let standin = board::play(board::script(count));
    let board = Board::new(&standin);
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    assert_eq!(life.ended(CLOSED, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    (board, standin)
}

#[test]
fn every_mistake_of_a_settings_file_is_listed_with_its_place_and_nothing_is_written() {
    let board = offline();
    let text = "mode = \"enforse\"\nbord = \"generic\"\nshards = 65\n\n[telegram]\npoll_limit = 0\nretries = 3\n\n\
                [web]\nlisten = \"everywhere\"\n";
    let file = board.write("aegis.toml", text);
    for words in [["run", "--config", &file], ["check", "--config", &file]] {
        let answer = board.ask(&words);
        answer.refused(64, &["enforse", "\"enforce\"", "bord", "shards", "poll_limit", "retries", "127.0.0.1:8787"]);
        for line in [1, 2, 3, 6, 7, 10] {
            assert!(answer.err.contains(&format!("{file}:{line}: ")), "line {line}: {answer:?}");
        }
        assert_eq!(answer.err.lines().count(), 6, "one line a mistake: {answer:?}");
    }
    assert!(!board.path("data").exists());
    let broken = board.write("broken.toml", "mode = \"enforce\"\n[telegram\n");
    board.ask(&["run", "--config", &broken]).refused(64, &[&format!("{broken}:2: ")]);
    board.ask(&["run", "--config", "absent.toml"]).refused(64, &["absent.toml: cannot be read"]);
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_name() {
    let mut board = offline();
    board.set("AEGIS_TELEGRAM_TOKN", TOKEN);
    board.set("AEGIS_SHARDS", "many");
    board.ask(&["run"]).refused(64, &["AEGIS_TELEGRAM_TOKN", "did you mean AEGIS_TELEGRAM_TOKEN?", "AEGIS_SHARDS: "]);
}

#[test]
fn unknown_words_are_refused_and_help_is_no_failure() {
    let board = offline();
    board.ask(&["dance"]).refused(64, &["dance"]);
    board.ask(&["run", "--fast"]).refused(64, &["--fast"]);
    board.ask(&[]).refused(64, &["Usage"]);
    board.ask(&["--help"]).says(&["run", "demo", "judge", "check", "capacity", "migrate", "dead-letters"]);
    board.ask(&["--version"]).says(&["aegis "]);
}

#[test]
fn without_a_token_it_says_where_to_put_one() {
    let board = Board::at(NOWHERE.to_owned(), "");
    board.ask(&["run"]).refused(77, &["no bot token", "AEGIS_TELEGRAM_TOKEN", "aegis demo"]);
    assert!(!board.path("data").exists(), "nothing is written");
}

#[test]
fn what_is_no_token_is_refused_and_not_shown() {
    let mut board = Board::at(NOWHERE.to_owned(), "");
    board.set("AEGIS_TELEGRAM_TOKEN", "Zq7xWvKp unheard_of");
    board.ask(&["run"]).refused(64, &["AEGIS_TELEGRAM_TOKEN", "is not a bot token"]);
    board.set("AEGIS_TELEGRAM_TOKEN", TOKEN);
    let file = board.write("aegis.toml", "[telegram]\ntoken = \"Zq7xWvKp unheard_of\"\n");
    board.ask(&["check", "--config", &file]).refused(64, &[&format!("{file}:2: "), "is not a bot token"]);
}

#[test]
fn a_token_that_telegram_refuses_ends_it_with_one_sentence() {
    let standin = board::play(Script { token: "4242:another".to_owned(), ..board::script(1) });
    let mut board = Board::new(&standin);
    for filter in ["info", "trace", "trace,json", LOUD] {
        board.set("AEGIS_LOG", filter);
        board.ask(&["run"]).refused(77, &["Telegram does not accept the token", "@BotFather"]);
    }
}

#[test]
fn a_data_folder_that_cannot_be_made_is_a_matter_of_storage() {
    let mut board = offline();
    let file = board.write("file", "");
    board.set("AEGIS_DATA_DIR", file.clone());
    board.ask(&["run"]).refused(74, &[&file, "data directory"]);
    board.set("AEGIS_DATA_DIR", format!("{file}/below"));
    board.ask(&["run"]).refused(74, &[&file, "cannot be made"]);
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused_in_one_sentence_and_kept() {
    let (board, _standin) = used(4).await;
    let path = board.path("data").join("journal.redb");
    {
        let database = redb::Database::open(&path).unwrap();
        let change = database.begin_write().unwrap();
        change.open_table(redb::TableDefinition::<&str, u64>::new("meta")).unwrap().insert("schema", 99).unwrap();
        change.commit().unwrap();
    }
    for words in [&["run"][..], &["migrate", "status"], &["migrate", "up"], &["dead-letters", "list"]] {
        let answer = board.ask(words);
        answer.refused(74, &["the database has schema 99", "newer program"]);
        assert_eq!(answer.err.lines().filter(|line| line.contains("99")).count(), 1, "{answer:?}");
    }
    let schema = {
        let database = redb::Database::open(&path).unwrap();
        let read = redb::ReadableDatabase::begin_read(&database).unwrap();
        let meta = read.open_table(redb::TableDefinition::<&str, u64>::new("meta")).unwrap();
        redb::ReadableTable::get(&meta, "schema").unwrap().map(|value| value.value())
    };
    assert_eq!(schema, Some(99));
    let folder: Vec<_> =
        std::fs::read_dir(board.path("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!folder.iter().any(|name| name.to_string_lossy().contains("damaged")), "{folder:?}");
}

#[test]
fn judge_answers_line_by_line_in_order_and_names_what_it_cannot_read() {
    let board = offline();
    // Two bytes a letter before the phrase: spans count bytes of the original.
    let text = "\u{043f}\u{0440}\u{0438}\u{0432}\u{0435}\u{0442} Double   Your COINS now";
    let lines = [
        serde_json::json!({"text": "a quiet afternoon"}).to_string(),
        serde_json::json!({"text": text, "user_id": 7, "chat_id": -5}).to_string(),
        "{\"text\":".to_owned(),
        serde_json::json!({"text": "still quiet", "media": "hologram"}).to_string(),
        serde_json::json!({"text": "see you", "media": "photo", "is_forward": true}).to_string(),
    ];
    let answer = board.ask_with(&["judge", "--policy", "packs"], &lines.join("\n"));
    answer.refused(65, &["1 of 5 lines could not be read"]);
    let out: Vec<Value> = answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(out.len(), 5, "{answer:?}");
    assert_eq!(
        (&out[0]["verdict"], &out[1]["verdict"], &out[4]["verdict"]),
        (&"allow".into(), &"block".into(), &"allow".into())
    );
    assert!(out[2]["error"].as_str().unwrap().starts_with("line 3: "), "{answer:?}");
    assert_eq!(out[3]["verdict"], "allow", "media of the future is media all the same: {answer:?}");
    let finding = &out[1]["findings"][0];
    assert_eq!((&finding["rule"], &finding["score"]), (&"promo-phrases".into(), &100.into()));
    let span: Vec<usize> = finding["spans"][0]
        .as_array()
        .unwrap()
        .iter()
        .map(|at| usize::try_from(at.as_u64().unwrap()).unwrap())
        .collect();
    assert_eq!(&text[span[0]..span[1]], "Double   Your COINS");
    let all_well = board.ask_with(&["judge", "--policy", "packs"], &format!("{}\n\n{}\n", lines[0], lines[1]));
    all_well.says(&["allow", "block"]);
    assert_eq!(all_well.out.lines().count(), 2, "an empty line asks nothing: {all_well:?}");
}

#[test]
fn every_mistake_of_every_pack_is_listed() {
    let board = offline();
    board.ask(&["check"]).says(&[
        "settings: valid",
        "token: present",
        "promo version 1: 1 rules, 3 keywords",
        "memory:",
    ]);
    let pack = "[pack]\nid = \"second\"\nversion = 1\n\n[[rule]]\nid = \"a\"\nreason = \"x\"\nkeywords = [\"y\"]\n\
                actions = [\"delet\"]\n\n[[rule]]\nid = \"promo-phrases\"\nreason = \"x\"\nkeywords_file = \"../list\"\n\
                score = 5000\n";
    board.write("packs/second.toml", pack);
    board.write("packs/third.toml", "[pack]\nid = \n");
    for words in [&["check"][..], &["run"], &["judge", "--policy", "packs"]] {
        let says = [
            "second.toml:9: ",
            "\"delete\"",
            "`rule.score` is missing",
            "plain name of a file beside",
            "5000",
            "third.toml:2: ",
        ];
        board.ask(words).refused(64, &says[..4]);
        board.ask(words).refused(64, &says[5..]);
    }
    assert!(!board.path("data").exists(), "nothing is written");
}

#[test]
fn the_memory_sum_is_printed() {
    offline().ask(&["capacity"]).says(&["board profile \"generic\"", "when full", "memory_bytes_max", "promise"]);
}

#[tokio::test]
async fn schema_steps_are_shown_tried_and_taken() {
    let known = aegis::store::schema::known();
    offline().ask(&["migrate", "status"]).says(&["there is no database"]);
    let (board, standin) = used(4).await;
    board.ask(&["migrate", "status"]).says(&[&format!("schema {known}"), "1 taken", "2 taken"]);
    board.ask(&["migrate", "up"]).says(&["nothing to do"]);
    board.ask(&["migrate", "down", "1", "--dry-run"]).says(&["down 2: loses", "dry run: nothing was changed"]);
    board.ask(&["migrate", "status"]).says(&[&format!("schema {known}"), "2 taken"]);
    board.ask(&["migrate", "down", "9"]).refused(64, &["would be a step up"]);
    board.ask(&["migrate", "down", "1"]).says(&["down 2: loses", "the database has schema 1"]);
    board.ask(&["migrate", "status"]).says(&["1 taken", "2 missing"]);
    board.ask(&["migrate", "up", "--dry-run"]).says(&["up 2: ", "dry run"]);
    board.ask(&["migrate", "up"]).says(&["up 2: ", &format!("the database has schema {known}")]);
    (4..8).for_each(|n| standin.offer(board::message(n)));
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    board.ask(&["migrate", "status"]).refused(74, &["is in use by another aegis"]);
    assert_eq!(life.ended(CLOSED, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
}

/// A message that must go, in a chat where the bot may do nothing: its deletion and its ban are given up.
fn hopeless() -> Script {
    let message = Scripted::text(-55, 1, 7, "double your coins", Expected::Unknown);
    Script { token: TOKEN.to_owned(), without_rights: vec![-55], ..Script::new(Box::new(vec![message])) }
}

/// The numbers of the dead letters, once there are `count`: they are durable a moment after they are given up.
fn letters(board: &Board, count: usize) -> Vec<String> {
    let until = Instant::now() + LONG;
    loop {
        let answer: Answer = board.ask(&["dead-letters", "list"]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        let numbers = answer.out.lines().filter(|line| line.contains("chat -55\tmessage 1\t"));
        let numbers: Vec<String> = numbers.filter_map(|line| line.split('\t').next()).map(str::to_owned).collect();
        if numbers.len() == count {
            return numbers;
        }
        assert!(Instant::now() < until, "{count} were expected: {answer:?}\n{}", board.log());
    }
}

#[tokio::test]
async fn dead_letters_are_listed_retried_and_dropped_through_the_running_appliance() {
    let standin = board::play(hopeless());
    let board = Board::new(&standin);
    let life = board.run(&[]);
    board.hear("an action was given up", 2);
    let numbers = letters(&board, 2);
    board.ask(&["dead-letters", "retry", "12345"]).refused(64, &["there is no dead letter 12345"]);
    board.ask(&["dead-letters", "retry", &numbers[0]]).says(&["1 changed"]);
    board.hear("an action was given up", 3);
    letters(&board, 2);
    board.ask(&["dead-letters", "retry"]).says(&["2 changed"]);
    board.hear("an action was given up", 5);
    let numbers = letters(&board, 2);
    board.ask(&["dead-letters", "drop", &numbers[1]]).says(&["1 changed"]);
    assert_eq!(letters(&board, 1), numbers[..1]);
    board.ask(&["dead-letters", "drop"]).says(&["1 changed"]);
    board.ask(&["dead-letters", "list"]).says(&["no dead letters"]);
    assert_eq!(life.ended(CLOSED, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    assert_keeps_the_token(&board.log());
}

#[tokio::test]
async fn dead_letters_are_listed_retried_and_dropped_while_none_runs() {
    let board = offline();
    board.ask(&["dead-letters", "list"]).refused(64, &["there is no database here", "AEGIS_DATA_DIR"]);
    let standin = board::play(hopeless());
    let board = Board::new(&standin);
    let life = board.run(&[]);
    board.hear("an action was given up", 2);
    assert_eq!(life.ended(CLOSED, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    let numbers = letters(&board, 2);
    board.ask(&["dead-letters", "drop", &numbers[0]]).says(&["1 changed"]);
    board.ask(&["dead-letters", "retry", &numbers[1]]).says(&["1 changed"]);
    board.ask(&["dead-letters", "list"]).says(&["no dead letters"]);
    let life = board.run(&[]);
    board.hear("an action was given up", 3);
    letters(&board, 1);
    assert_eq!(life.ended(CLOSED, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    letters(&board, 1);
}

#[tokio::test]
async fn told_to_end_in_the_middle_it_closes_in_time_and_nothing_is_lost() {
    let script = Script { pace: Pace::PerSecond(400), latency_ms: 5, ..board::script(400) };
    let standin = board::play(script);
    let mut board = Board::new(&standin);
    board.set("AEGIS_LOG", LOUD);
    let life = board.run(&[]);
    assert!(standin.wait_until(LONG, |town| town.ledger().deleted >= 10).await, "{}", board.log());
    let asked = Instant::now();
    let end = life.ended(CLOSED, Signal::Term).expect("it ends within 5 s");
    assert_eq!(end.code(), Some(0), "{:?}\n{}", asked.elapsed(), board.log());
    assert!(board.log().contains("closed in order"), "{}", board.log());
    assert!(!standin.with_town(Town::is_drained), "it was to be stopped in the middle");
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    assert_eq!(life.ended(CLOSED, Signal::Term).unwrap().code(), Some(0));
    let ledger = standin.ledger();
    assert_eq!((ledger.messages.len(), ledger.missed(), ledger.wrong(), ledger.two_ways()), (400, 0, 0, 0));
    assert!(ledger.messages.iter().all(|record| record.delete_calls <= 1), "what was confirmed is not repeated");
    assert_keeps_the_token(&board.log());
}

#[tokio::test]
async fn a_second_appliance_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let standin = board::play(board::script(8));
    let board = Board::new(&standin);
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    board.ask(&["run"]).refused(74, &["is in use by another aegis"]);
    (8..16).for_each(|n| standin.offer(board::message(n)));
    board::settled(&board, &standin).await;
    board.ask(&["dead-letters", "list"]).says(&["no dead letters"]);
    assert_eq!(life.ended(CLOSED, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    assert_eq!(standin.ledger().conflicts, 0, "the second one never polled");
}

#[test]
fn check_warns_of_packs_that_contradict_each_other() {
    let mut board = offline();
    std::fs::create_dir_all(board.path("own")).unwrap();
    let pack = |board: &Board, id: &str, keywords: &str| {
        let text = format!(
            "[pack]\nid = \"{id}\"\nversion = 1\n[[rule]]\nid = \"{id}-r\"\nreason = \"x\"\nscore = 90\nkeywords = [{keywords}]\n"
        );
        board.write(&format!("own/{id}.toml"), &text);
    };
    pack(&board, "a", "\"blue moon\"");
    pack(&board, "b", "\"moon\", \"~blue moon\"");
    board.set("AEGIS_POLICY_DIR", board.path("own").display().to_string());
    board.ask(&["check"]).says(&["warning: \"blue moon\" is an exception of `b-r` and a keyword of `a-r`"]);
}
