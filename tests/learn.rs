//! `aegis learn`: what is taught is known, what is forgotten is gone, and nothing is half learned.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::learn::{Features, Learned, Opinion};
use aegis::lessons;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, PackSource, PacksOff, Paused, PolicySet, Scratch, Terms};
use aegis::signals::Signals;
use aegis::text;
use aegis::verdict::{Outcome, Thresholds};
use board::Board;

fn offline() -> Board {
    Board::at("http://127.0.0.1:9".to_owned(), "")
}

fn lines(count: usize) -> String {
    let line = |at: usize| {
        if at.is_multiple_of(2) {
            format!("{{\"label\":\"spam\",\"text\":\"blue widgets for {at} coins, order at our shop\"}}\n")
        } else {
            format!("{{\"label\":\"ham\",\"text\":\"the {at}th meeting is in the old library as always\"}}\n")
        }
    };
    (0..count).map(line).collect()
}

fn message(chat: i64, text: &str) -> Message {
    let mut message = Message::empty(ChatId(chat), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, text);
    message
}

fn opinion<'l>(learned: &'l Learned, message: &Message) -> Opinion<'l> {
    let (mut scratch, mut features) = (text::Scratch::default(), Features::default());
    text::fold(message, &mut scratch);
    let folded = scratch.canonical();
    features.set(message, folded.text(), &Signals::of(message, folded.tally()));
    learned.opinion(message.chat, &features)
}

const AD: &str = "blue widgets for 77 coins, order at our shop";

#[test]
fn what_a_chat_taught_is_asked_in_that_chat_and_gone_when_it_is_forgotten() {
    let board = offline();
    let file = board.write("lines.jsonl", &lines(80));
    board
        .ask(&["learn", "from", "--input", &file, "--source", "shop", "--chat", "-5"])
        .says(&["learned shop from 40 spam and 40 ham"]);
    board.ask(&["learn", "show"]).says(&["prior: ", "shop: 40 spam, 40 ham, in chat -5 only"]);
    let folder = lessons::folder(&board.path("data"));
    let (learned, wrong) = lessons::read(&folder);
    assert!(wrong.is_empty(), "{wrong:?}");
    let here = opinion(&learned, &message(-5, AD));
    assert!(here.points >= 50 && here.layer.unwrap().name == "shop", "{here:?}");
    assert_ne!(opinion(&learned, &message(-6, AD)).layer.map(|layer| layer.name.as_str()), Some("shop"));
    board.ask(&["learn", "forget", "shop"]).refused(64, &["no source `shop`"]);
    board.ask(&["learn", "forget", "shop", "--chat", "-5"]).says(&["forgot shop"]);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_bad_line_or_too_few_lines_teach_nothing() {
    let board = offline();
    for (content, code, what) in [
        (format!("{}{{\"label\":\"maybe\",\"text\":\"x\"}}\n", lines(80)), 65, "line 81: the label is"),
        (format!("{}not json\n", lines(80)), 65, "line 81: "),
        (lines(10), 65, "5 spam and 5 ham; at least 20 of each"),
    ] {
        let file = board.write("lines.jsonl", &content);
        board.ask(&["learn", "from", "--input", &file, "--source", "shop"]).refused(code, &[what]);
    }
    let file = board.write("lines.jsonl", &lines(80));
    board.ask(&["learn", "from", "--input", &file, "--source", "../up"]).refused(64, &["is no name for a source"]);
    board.ask(&["learn", "from", "--input", &file, "--source", "prior"]).refused(64, &["is no name for a source"]);
    assert!(!lessons::folder(&board.path("data")).exists());
}

#[test]
fn a_damaged_lesson_is_named_and_the_others_are_read() {
    let board = offline();
    let file = board.write("lines.jsonl", &lines(80));
    for source in ["one", "two"] {
        board.ask(&["learn", "from", "--input", &file, "--source", source]);
    }
    let folder = lessons::folder(&board.path("data"));
    let path = folder.join("one.model");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (learned, wrong) = lessons::read(&folder);
    assert_eq!(learned.layers().iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>(), ["prior", "two"]);
    assert!(wrong.len() == 1 && wrong[0].contains("one.model") && wrong[0].contains("damaged"), "{wrong:?}");
}

#[test]
fn what_was_learned_adds_to_the_rules_and_says_so() {
    let board = offline();
    let file = board.write("lines.jsonl", &lines(80));
    board.ask(&["learn", "from", "--input", &file, "--source", "shop"]);
    let (learned, _) = lessons::read(&lessons::folder(&board.path("data")));
    let pack =
        "[pack]\nid = \"p\"\nversion = 1\n[[rule]]\nid = \"r\"\nreason = \"wares\"\nscore = 1\nlearned_min = 50\n";
    let set: PolicySet =
        policy::compile(&[PackSource { file: "p.toml".into(), text: pack.into(), lists: Vec::new() }]).unwrap();
    let terms = Terms {
        set: &set,
        paused: &Paused::default(),
        learned: &learned,
        off: PacksOff::default(),
        thresholds: Thresholds::default(),
    };
    let verdict = policy::judge_on(&terms, &message(-1, AD), &mut Scratch::default());
    assert_ne!(verdict.outcome, Outcome::Allow);
    let rules: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, [policy::LEARNED_RULE, "r"]);
    assert!(verdict.findings[0].reason.contains("(shop)"));
    let decent = policy::judge_on(
        &terms,
        &message(-1, "the 9th meeting is in the old library as always"),
        &mut Scratch::default(),
    );
    assert_eq!((decent.outcome, decent.findings.len()), (Outcome::Allow, 0));
}
