//! Teaching by answers, tested.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use crate::access::Role;
use crate::desk::fixture::{CHESS, COMMON, GARDEN, Life, caller, furnish, owner};
use crate::lessons;
use crate::policy::LEARNED_RULE;
use crate::store::desk::Label;
use crate::web::desk::Refused;

fn life() -> (tempfile::TempDir, Life) {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path(), "");
    let life = Life::begin(folder.path());
    (folder, life)
}

fn spam(number: u64) -> String {
    format!("earn {number}0 coins a day at home, rudeword, write to @boss{number}")
}

fn fine(number: u64) -> String {
    format!("the {number}th train leaves from the old bridge, rudeword, see you there")
}

/// Twenty decisions of each kind.
fn decide(life: &Life, chat: i64) -> Vec<(u64, &'static str)> {
    let each = |number| [(life.decided(chat, &spam(number)), "spam"), (life.decided(chat, &fine(number)), "fine")];
    (1..=20).flat_map(each).collect()
}

fn learned(life: &Life, chat: i64, text: &str) -> u16 {
    let said = life.said(chat, text);
    said.findings.iter().find(|finding| finding.rule == LEARNED_RULE).map_or(0, |finding| finding.score)
}

#[test]
fn twenty_answers_of_each_kind_teach_the_learner_and_fewer_are_counted() {
    let (_folder, life) = life();
    let decisions = decide(&life, COMMON);
    let (new_spam, new_fine) =
        ("earn 770 coins a day at home, write to @boss77", "the next train leaves from the old bridge");
    for (at, (number, label)) in (1_u64..).zip(&decisions) {
        let taught = life.office.label(&owner(), *number, label).unwrap();
        assert_eq!((taught.spam + taught.fine, taught.needed), (at, 20));
        life.office.teach_now();
        if at == 39 {
            assert_eq!(taught.words, "noted; the learner speaks when there are 20 of each: 1 more \"fine\" to go");
            assert_eq!(learned(&life, COMMON, new_spam), 0, "too few");
        }
    }
    assert!(learned(&life, COMMON, new_spam) >= 50, "{:?}", life.said(COMMON, new_spam));
    assert_eq!(learned(&life, COMMON, new_fine), 0);
    assert!(learned(&life, CHESS, new_spam) >= 50, "what the default tenant taught counts everywhere");
    let marks = life.office.snapshots.mark(decisions[0].0).unwrap().unwrap();
    assert_eq!(marks.label, Some(Label::Spam));
    let lesson = &life.office.snapshots.lessons().unwrap()[0];
    assert!((10..=crate::limits::LESSON_FEATURES_MAX).contains(&lesson.features.len()));
    let (number, line) = &life.office.snapshots.audit(1).unwrap()[0];
    assert_eq!(line.what, format!("said of decision {}: fine", decisions[39].0));
    assert_eq!(life.office.snapshots.audit_detail(*number).unwrap().unwrap().after, "fine");
    life.end();
}

#[test]
fn what_a_tenants_group_teaches_counts_there_alone_and_a_later_answer_takes_the_place_of_the_first() {
    let (folder, life) = life();
    let decisions = decide(&life, GARDEN);
    let sam = caller("sam", Role::Admin, &["garden"]);
    // Every one wrong at first, the second time right, and in another order.
    for (number, label) in &decisions {
        let other = if *label == "spam" { "fine" } else { "spam" };
        life.office.label(&sam, *number, other).unwrap();
    }
    for (number, label) in decisions.iter().rev() {
        life.office.label(&sam, *number, label).unwrap();
    }
    life.office.teach_now();
    let text = "earn 770 coins a day at home, write to @boss77";
    assert!(learned(&life, GARDEN, text) >= 50);
    assert_eq!(learned(&life, CHESS, text), 0);
    let data = folder.path().join("data");
    let file = lessons::folder(&data).join(format!("page.chat{GARDEN}.model"));
    let model = std::fs::read(&file).unwrap();
    life.end();
    // The same answers in the order of the decisions, in another life: the very same file.
    std::fs::remove_file(&file).unwrap();
    let life = Life::begin(folder.path());
    let taught = decisions.iter().map(|(number, label)| life.office.label(&sam, *number, label).unwrap()).next_back();
    assert_eq!(taught.map(|taught| (taught.spam, taught.fine)), Some((20, 20)), "answers outlive a restart");
    life.office.teach_now();
    assert_eq!(std::fs::read(&file).unwrap(), model);
    life.end();
}

#[test]
fn with_no_room_for_another_source_the_answers_are_kept_and_it_is_said() {
    let (folder, life) = life();
    let decisions = decide(&life, COMMON);
    for (number, label) in &decisions {
        life.office.label(&owner(), *number, label).unwrap();
    }
    life.office.teach_now();
    let dir = lessons::folder(&folder.path().join("data"));
    for name in ["one", "two"] {
        std::fs::copy(dir.join("page.model"), dir.join(format!("{name}.model"))).unwrap();
    }
    crate::reload::hold(&life.office.reloader).take_up_lessons();
    // The source of the page itself is taught again, whatever else there is.
    let again = life.office.label(&owner(), decisions[0].0, "spam").unwrap();
    assert!(again.words.contains("within a minute"), "{}", again.words);
    for (number, label) in decide(&life, GARDEN) {
        let taught = life.office.label(&owner(), number, label).unwrap();
        assert_eq!(
            taught.words.contains("the owner must forget one"),
            taught.spam == 20 && taught.fine == 20,
            "{taught:?}"
        );
    }
    life.office.teach_now();
    assert_eq!(lessons::read(&dir).1, Vec::<String>::new(), "no file too many");
    life.end();
}

#[test]
fn an_answer_is_one_of_two_and_about_a_decision_of_the_caller() {
    let (_folder, life) = life();
    let number = life.decided(GARDEN, "rudeword");
    let sam = caller("sam", Role::Admin, &["chess"]);
    assert_eq!(life.office.label(&sam, number, "spam"), Err(Refused::Denied));
    assert_eq!(life.office.label(&sam, 999, "spam"), Err(Refused::Denied));
    assert_eq!(life.office.label(&owner(), 999, "spam"), Err(Refused::Missing));
    assert!(matches!(life.office.label(&owner(), number, "ham"), Err(Refused::Wrong(_))));
    assert!(life.office.snapshots.lessons().unwrap().is_empty());
    let empty = life.decided(GARDEN, "");
    assert!(life.office.label(&owner(), empty, "fine").unwrap().words.contains("no text is kept"));
    life.end();
}
