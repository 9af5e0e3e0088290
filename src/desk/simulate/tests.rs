//! The simulator, tested.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use crate::access::Role;
use crate::desk::fixture::{CHESS, COMMON, GARDEN, GARDEN_OWN, Life, caller, furnish, owner};
use crate::web::desk::Refused;
use crate::web::views::Trial;

const MODEL: &str = "[ai]\nbase_url = \"http://127.0.0.1:1\"\nmodel = \"m\"\nprice_input = \"1\"\nprice_output = \"2\"\n\
                     [budget]\nmoney = \"5\"\ncalls = 100\n";

fn life(more: &str) -> (tempfile::TempDir, Life) {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path(), more);
    let life = Life::begin(folder.path());
    (folder, life)
}

fn trial(group: i64, text: &str) -> Trial {
    Trial { text: text.to_owned(), group, ..Trial::default() }
}

#[test]
fn a_tried_message_is_told_as_it_would_be_judged_and_nothing_is_left_of_it() {
    let (_folder, life) = life("");
    let text = "well, V\u{456}leword and rudeword";
    let tried = life.office.simulate(&owner(), &trial(GARDEN, text)).unwrap();
    let said = life.said(GARDEN, text);
    assert_eq!((tried.outcome.as_str(), tried.score), ("block", said.score));
    assert_eq!((tried.review, tried.block, tried.reason.as_str()), (50, 80, "vile"));
    let marked: Vec<(&str, &[String])> =
        tried.pieces.iter().map(|piece| (piece.text.as_str(), piece.rules.as_slice())).collect();
    let (vile, rude) = (["vile".to_owned()], ["rude".to_owned()]);
    assert_eq!(
        marked,
        [("well, ", &[][..]), ("V\u{456}leword", &vile[..]), (" and ", &[][..]), ("rudeword", &rude[..])]
    );
    assert_eq!(tried.pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), text);
    let finding = &tried.findings[0];
    assert_eq!((finding.rule.as_str(), finding.pack.as_deref(), finding.score), ("vile", Some("rude"), 100));
    assert_eq!(finding.saw, Some(vec!["V\u{456}leword".to_owned()]));
    assert_eq!(tried.views[0], ("folded".to_owned(), "well, vileword and rudeword".to_owned()));
    assert!(tried.counted.iter().any(|(name, _)| name == "script latin"), "{:?}", tried.counted);
    assert_eq!(tried.outcome_words, "recorded only, since the mode here is record");
    assert!(!tried.would_ask && tried.would_ask_words.contains("sure"));
    let office = &life.office;
    assert!(office.snapshots.decisions(9).unwrap().is_empty() && office.snapshots.audit(9).unwrap().is_empty());
    assert_eq!((office.counters.messages.get(), office.counters.verdicts_block.get()), (0, 0));
    life.end();
}

#[test]
fn scores_senders_and_circumstances_are_tried_as_asked() {
    let (_folder, life) = life("");
    let tried = |trial: &Trial| life.office.simulate(&owner(), trial).unwrap();
    assert_eq!(tried(&Trial { review: Some(70), ..trial(COMMON, "rudeword") }).outcome, "allow");
    assert_eq!(tried(&Trial { block: Some(60), ..trial(COMMON, "rudeword") }).outcome, "block");
    assert_eq!(tried(&trial(GARDEN_OWN, "rudeword")).block, 90);
    let exempt = tried(&Trial { sender: "anonymous_admin".to_owned(), ..trial(COMMON, "vileword") });
    assert_eq!(exempt.outcome_words, "nothing is done: this sender is never acted on");
    let change = serde_json::json!({"group": COMMON, "mode": "enforce"});
    life.office.change_policy(&owner(), &serde_json::from_value(change).unwrap()).unwrap();
    let banned = tried(&trial(COMMON, "vileword"));
    assert_eq!(banned.outcome_words, "acted on: delete the message, ban the sender for ever");
    assert_eq!(banned.actions, ["delete the message", "ban the sender for ever"]);
    let wrong = Trial {
        text: "x".repeat(crate::limits::MESSAGE_TEXT_BYTES_MAX + 1),
        sender: "robot".to_owned(),
        media: "smell".to_owned(),
        review: Some(90),
        ..trial(COMMON, "")
    };
    let Err(Refused::Wrong(wrong)) = life.office.simulate(&owner(), &wrong) else { panic!("accepted") };
    assert_eq!(
        wrong.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(),
        ["text", "sender", "media", "review"]
    );
    let sam = caller("sam", Role::Admin, &["garden"]);
    for group in [CHESS, -999, 0] {
        assert_eq!(life.office.simulate(&sam, &trial(group, "x")), Err(Refused::Denied));
    }
    assert_eq!(life.office.simulate(&owner(), &trial(-999, "x")), Err(Refused::Missing));
    assert!(
        life.office.simulate(&owner(), &trial(0, "x")).is_ok()
            && life.office.simulate(&sam, &trial(GARDEN, "x")).is_ok()
    );
    life.end();
}

#[test]
fn whether_a_model_would_be_asked_is_told_with_the_reason_and_the_most_it_could_cost() {
    let (_folder, life) = life("");
    let none = life.office.simulate(&owner(), &trial(GARDEN, "rudeword")).unwrap();
    assert!(!none.would_ask && none.would_ask_words.contains("no model is set up"), "{none:?}");
    assert_eq!(none.cost_most, None);
    life.end();
    let (_folder, life) = self::life(MODEL);
    let asked = life.office.simulate(&owner(), &trial(GARDEN, "rudeword")).unwrap();
    assert!(asked.would_ask && asked.would_ask_words.contains("the budget allows it"), "{asked:?}");
    let most: crate::budget::Micros = asked.cost_most.unwrap().parse().unwrap();
    assert!((1_000..20_000).contains(&most.0), "{most}");
    let exempt = Trial { sender: "linked_channel".to_owned(), ..trial(GARDEN, "rudeword") };
    assert!(!life.office.simulate(&owner(), &exempt).unwrap().would_ask);
    let caps =
        crate::budget::Caps { calls: 0, ..life.office.in_force.now().tenant(crate::message::ChatId(GARDEN)).caps };
    let garden = crate::tenant::TenantName::new("garden").unwrap();
    life.office.lane.lock().ledger.set_caps(&garden, Some(caps));
    let spent = life.office.simulate(&owner(), &trial(GARDEN, "rudeword")).unwrap();
    assert!(!spent.would_ask && spent.would_ask_words.contains("no model is asked now"), "{spent:?}");
    life.end();
}
