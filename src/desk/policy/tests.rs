//! Changing the rules by the page, tested.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use crate::access::Role;
use crate::desk::fixture::{CHESS, COMMON, GARDEN, GARDEN_OWN, Life, caller, furnish, message, owner};
use crate::limits;
use crate::message::ChatId;
use crate::policy::{Scratch, judge_on};
use crate::tenant::{DegradeMode, TenantName};
use crate::verdict::{Mode, Outcome};
use crate::web::desk::Refused;
use crate::web::views::PolicyChange;
use proptest::prelude::*;

fn life() -> (tempfile::TempDir, Life) {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path(), "");
    let life = Life::begin(folder.path());
    (folder, life)
}

/// A change as the API takes it.
fn wish(json: serde_json::Value) -> PolicyChange {
    serde_json::from_value(json).unwrap()
}

fn fields(refused: Refused) -> Vec<String> {
    match refused {
        Refused::Wrong(fields) => fields.into_iter().map(|(field, _)| field).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_is_durable_with_its_audit_line_and_in_force_also_after_a_restart() {
    let (folder, life) = life();
    let sam = caller("sam", Role::Admin, &["garden"]);
    let change = wish(serde_json::json!({
        "tenant": "garden", "mode": "enforce", "words": {"free \"money\"": "ban"}, "links": {"Example.ORG": "review"},
        "note": " spring cleaning ", "version": 0
    }));
    let version = life.office.change_policy(&sam, &change).unwrap();
    assert_eq!((version.number, version.who.as_str(), version.is_in_force), (1, "sam (page)", true));
    assert_eq!(version.note, "spring cleaning");
    assert_eq!(
        version.changes,
        [
            "mode of tenant garden: record -> enforce",
            "word \"free \\\"money\\\"\" for tenant garden: none -> ban",
            "links to \"example.org\" for tenant garden: none -> review"
        ]
    );
    let audit = life.office.snapshots.audit(1).unwrap();
    let (number, line) = &audit[0];
    assert_eq!((line.who.as_str(), line.what.as_str()), ("sam (page)", "changed 3 things: rules version 1"));
    let detail = life.office.snapshots.audit_detail(*number).unwrap().unwrap();
    assert!(detail.before.contains("mode of tenant garden: record;"), "{detail:?}");
    assert!(detail.after.contains("mode of tenant garden: enforce;"), "{detail:?}");
    assert_eq!(detail.tenant, TenantName::new("garden"));
    let check = |life: &Life| {
        assert_eq!(life.said(GARDEN, "FREE \"money\"!").outcome, Outcome::Block);
        assert_eq!(life.said(GARDEN, "see https://a.example.org/x").outcome, Outcome::Review);
        assert_eq!(life.said(CHESS, "free \"money\"").outcome, Outcome::Allow);
        let now = life.office.in_force.now();
        assert_eq!((now.rules(ChatId(GARDEN)).mode, now.rules(ChatId(CHESS)).mode), (Mode::Enforce, Mode::Record));
        now.policy.version
    };
    let before = check(&life);
    life.end();
    let life = Life::begin(folder.path());
    assert_eq!(check(&life), before);
    life.end();
}

#[test]
fn a_preview_tells_what_a_change_would_do_and_changes_nothing_and_the_change_does_just_that() {
    let (_folder, life) = life();
    let texts = ["rudeword here", "vileword here", "moon beans", "good morning"];
    for chat in [GARDEN, GARDEN_OWN, CHESS] {
        texts.iter().for_each(|text| life.stored(chat, text));
    }
    let change = wish(serde_json::json!({
        "tenant": "garden", "review": 70, "words": {"moon beans": "delete"}, "packs": {"own-garden": true}
    }));
    let known = fields(life.office.preview(&owner(), &change, 100).unwrap_err());
    assert_eq!(known, ["packs.own-garden"], "there is no such pack before there are words");
    let change = PolicyChange { packs: Default::default(), ..change };
    let before = life.office.in_force.now();
    let preview = life.office.preview(&owner(), &change, 100).unwrap();
    assert!(std::sync::Arc::ptr_eq(&before, &life.office.in_force.now()), "nothing moved");
    assert!(life.office.snapshots.policy().unwrap().is_none() && life.office.snapshots.audit(9).unwrap().is_empty());
    assert_eq!(
        preview.changes,
        ["review score of tenant garden: 50 -> 70", "word \"moon beans\" for tenant garden: none -> delete"]
    );
    let replay = preview.replay;
    // Of garden's eight, two go from review to allow and two from allow to block.
    assert_eq!((replay.messages, replay.changed), (8, 4));
    assert_eq!(replay.counts, [[2, 0, 2], [2, 0, 0], [0, 0, 2]]);
    assert!(replay.words.contains("newest 8 stored messages 4 are judged otherwise"), "{}", replay.words);
    let moon = replay.examples.iter().find(|example| example.text == "moon beans").unwrap();
    assert_eq!((moon.group, moon.group_title.as_str()), (GARDEN, "Garden chat"));
    assert_eq!((&moon.now, &moon.then), (&("allow".to_owned(), 0), &("block".to_owned(), 100)));
    assert_eq!((moon.new_rules.as_slice(), moon.gone_rules.len()), (&["own-garden-words-delete".to_owned()][..], 0));
    life.office.change_policy(&owner(), &change).unwrap();
    let mut counts = [[0_u64; 3]; 3];
    let place = |outcome: Outcome| crate::reload::compare::OUTCOMES.iter().position(|one| *one == outcome).unwrap();
    for chat in [GARDEN, GARDEN_OWN] {
        for text in texts {
            let was = judge_on(&before.terms(ChatId(chat)), &message(chat, text), &mut Scratch::default());
            counts[place(was.outcome)][place(life.said(chat, text).outcome)] += 1;
        }
    }
    assert_eq!(counts, replay.counts, "what happens is what was told");
    assert_eq!(
        life.office
            .preview(&owner(), &wish(serde_json::json!({"group": GARDEN, "block": 95})), 2)
            .unwrap()
            .replay
            .messages,
        2
    );
    life.end();
}

#[test]
fn one_preview_is_made_at_a_time() {
    let (_folder, life) = life();
    let alone = life.office.previewing.lock().unwrap();
    let refused = life.office.preview(&owner(), &wish(serde_json::json!({"tenant": "garden", "block": 95})), 1);
    assert!(matches!(refused, Err(Refused::Busy(_, limits::PREVIEW_AGAIN_S))), "{refused:?}");
    drop(alone);
    life.end();
}

#[test]
fn everything_that_is_wrong_is_told_at_once_by_its_field_and_nothing_changes() {
    let (_folder, life) = life();
    let change = wish(serde_json::json!({
        "tenant": "garden", "mode": "enforec", "review": 0, "block": 2_000, "packs": {"rued": true, "gone": null},
        "words": {"fine words": "bann", "~except": "ban", "\u{200b}": "ban", "never there": null, "same": "ban", "SAME": "ban"},
        "links": {"https://example.org/x": "ban", "co.uk": "ban", "never.example": null}, "note": "x".repeat(201),
        "recording": {"rude": true}
    }));
    let Err(Refused::Wrong(wrong)) = life.office.change_policy(&owner(), &change) else { panic!("accepted") };
    let told = |field: &str| wrong.iter().find(|(known, _)| known == field).map(|(_, words)| words.as_str());
    assert_eq!(told("mode"), Some("no mode is called \"enforec\"; did you mean \"enforce\"?"));
    assert_eq!(told("packs.rued"), Some("no pack is called \"rued\"; did you mean \"rude\"?"));
    for field in [
        "review",
        "block",
        "packs.gone",
        "words.fine words",
        "words.~except",
        "words.\u{200b}",
        "words.never there",
        "words.same",
        "links.https://example.org/x",
        "links.co.uk",
        "links.never.example",
        "note",
        "recording",
    ] {
        assert!(told(field).is_some_and(|words| words.len() > 10), "{field}: {wrong:?}");
    }
    assert_eq!(wrong.len(), 15);
    for (change, wrong) in [
        (serde_json::json!({"tenant": "garden", "review": 81}), vec!["review"]),
        (serde_json::json!({"group": GARDEN_OWN, "block": 40}), vec!["block"]),
        (serde_json::json!({"tenant": "garden", "group": GARDEN, "block": 40}), vec!["group"]),
        (
            serde_json::json!({"group": GARDEN, "words": {"x": "ban"}, "links": {"a.org": "ban"}}),
            vec!["words", "links"],
        ),
        (serde_json::json!({"tenant": "garden"}), vec![""]),
        (serde_json::json!({"tenant": "garden", "mode": null}), vec![""]),
        (serde_json::json!({"mode": "enforce"}), vec![""]),
        (
            serde_json::json!({"mode": "enforce", "recording": {"rude": true, "rud": true}}),
            vec!["tenant", "recording.rud"],
        ),
    ] {
        let refused = life.office.change_policy(&owner(), &wish(change.clone())).unwrap_err();
        assert_eq!(fields(refused), wrong, "{change}");
    }
    assert!(life.office.snapshots.policy().unwrap().is_none());
    assert_eq!(*life.office.in_force.now().overlay, crate::overlay::Overlay::default());
    life.end();
}

#[test]
fn who_may_not_change_something_is_refused_whether_it_is_there_or_not() {
    let (_folder, life) = life();
    let sam = caller("sam", Role::Admin, &["garden"]);
    for change in [
        serde_json::json!({"tenant": "chess", "mode": "enforce"}),
        serde_json::json!({"tenant": "nobody", "mode": "enforce"}),
        serde_json::json!({"group": CHESS, "mode": "enforce"}),
        serde_json::json!({"group": -999, "mode": "enforce"}),
        serde_json::json!({"recording": {"rude": true}}),
    ] {
        let wanted = wish(change.clone());
        assert_eq!(life.office.change_policy(&sam, &wanted), Err(Refused::Denied), "{change}");
        assert_eq!(life.office.preview(&sam, &wanted, 9), Err(Refused::Denied), "{change}");
        let viewer = caller("vic", Role::Viewer, &["garden", "chess"]);
        assert_eq!(life.office.change_policy(&viewer, &wanted), Err(Refused::Denied), "{change}");
    }
    let missing = wish(serde_json::json!({"group": -999, "mode": "enforce"}));
    assert_eq!(life.office.change_policy(&owner(), &missing), Err(Refused::Missing));
    assert_eq!(life.office.restore_policy(&sam, 1), Err(Refused::Denied));
    life.office.change_policy(&sam, &wish(serde_json::json!({"group": GARDEN, "mode": "enforce"}))).unwrap();
    life.office
        .change_policy(&owner(), &wish(serde_json::json!({"tenant": "chess", "words": {"mate": "ban"}})))
        .unwrap();
    life.office.change_policy(&owner(), &wish(serde_json::json!({"recording": {"rude": true}}))).unwrap();
    let seen = |who| life.office.policy_versions(who).unwrap().iter().map(|one| one.number).collect::<Vec<_>>();
    assert_eq!((seen(&owner()), seen(&sam)), (vec![3, 2, 1], vec![1]));
    let view = life.office.policy(&sam).unwrap();
    assert!(view.packs.iter().all(|pack| pack.id != "own-chess"), "another's words are not shown");
    assert_eq!(view.tenants.len(), 1);
    assert_eq!(view.groups.iter().map(|group| group.group).collect::<Vec<_>>(), [Some(GARDEN_OWN), Some(GARDEN)]);
    let garden = view.groups.last().unwrap();
    assert_eq!((garden.mode.as_str(), garden.changed.as_slice()), ("enforce", &["mode".to_owned()][..]));
    assert_eq!(garden.of_settings, ("record".to_owned(), 50, 80));
    assert_eq!(view.packs[0].rules.iter().map(|rule| rule.records).collect::<Vec<_>>(), [true, false]);
    let view = life.office.policy(&owner()).unwrap();
    assert_eq!(view.tenants.iter().map(|one| one.words.len()).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!((view.version, view.refused), (3, None));
    life.end();
}

#[test]
fn a_change_to_what_somebody_else_changed_meanwhile_is_a_conflict_that_names_them() {
    let (_folder, life) = life();
    let sam = caller("sam", Role::Admin, &["garden"]);
    let first = wish(serde_json::json!({"group": GARDEN, "mode": "enforce", "version": 0}));
    life.office.change_policy(&sam, &first).unwrap();
    let late = wish(serde_json::json!({"group": GARDEN, "block": 95, "version": 0}));
    let Err(Refused::Conflict(words)) = life.office.change_policy(&owner(), &late) else { panic!("accepted") };
    assert!(
        words.contains("sam (page) changed") && words.contains("mode of Garden chat: record -> enforce"),
        "{words}"
    );
    assert!(matches!(life.office.preview(&owner(), &late, 1), Err(Refused::Conflict(_))));
    let seen = PolicyChange { version: Some(1), ..late };
    assert_eq!(life.office.change_policy(&owner(), &seen).unwrap().number, 2);
    life.end();
}

#[test]
fn an_older_version_comes_back_as_a_new_one_or_it_is_said_why_not() {
    let (folder, life) = life();
    let change = |json| life.office.change_policy(&owner(), &wish(json)).unwrap();
    change(serde_json::json!({"tenant": "garden", "words": {"moon": "ban"}}));
    change(serde_json::json!({"tenant": "garden", "words": {"moon": null}, "mode": "enforce"}));
    assert_eq!(life.said(GARDEN, "moon").outcome, Outcome::Allow);
    assert!(matches!(life.office.restore_policy(&owner(), 2), Err(Refused::Conflict(_))), "it is in force");
    assert_eq!(life.office.restore_policy(&owner(), 9), Err(Refused::Missing));
    let back = life.office.restore_policy(&owner(), 1).unwrap();
    assert_eq!((back.number, back.changes[0].as_str()), (3, "version 1 again"));
    assert!(back.changes[1].contains("mode of tenant garden: enforce -> record, as in the settings"), "{back:?}");
    assert_eq!(life.said(GARDEN, "moon").outcome, Outcome::Block);
    life.office.restore_policy(&owner(), 2).unwrap();
    // The folder has changed since, so that the words no longer fit.
    let mine = "[pack]\nid = \"mine\"\nversion = 1\n[[rule]]\nid = \"own-garden-words-ban\"\nscore = 1\n\
                keywords = [\"x\"]\nreason = \"x\"\n";
    std::fs::write(folder.path().join("packs/mine.toml"), mine).unwrap();
    let Err(Refused::Conflict(words)) = life.office.restore_policy(&owner(), 1) else { panic!("accepted") };
    assert!(words.contains("version 1 no longer fits") && words.contains("own-garden-words-ban"), "{words}");
    assert_eq!(life.office.policy(&owner()).unwrap().version, 4, "nothing half done");
    life.end();
}

#[test]
fn what_replaces_the_model_can_be_set_for_a_tenant() {
    let (folder, life) = life();
    let garden = TenantName::new("garden").unwrap();
    let degrade = |life: &Life| life.office.in_force.now().tenant(ChatId(GARDEN)).degrade;
    let sam = caller("sam", Role::Admin, &["garden"]);
    assert_eq!(life.office.set_degrade(&sam, &garden, Some(DegradeMode::LinkBlocks)), Err(Refused::Denied));
    life.office.set_degrade(&owner(), &garden, Some(DegradeMode::LinkBlocks)).unwrap();
    life.office.set_degrade(&owner(), &garden, Some(DegradeMode::LinkBlocks)).unwrap();
    assert_eq!(degrade(&life), DegradeMode::LinkBlocks);
    life.end();
    let life = Life::begin(folder.path());
    assert_eq!(degrade(&life), DegradeMode::LinkBlocks);
    let versions = life.office.policy_versions(&owner()).unwrap();
    assert_eq!(versions.len(), 1, "what is so already is no change");
    assert!(versions[0].changes[0].contains("disable_ai -> link_blocks"), "{versions:?}");
    life.office.set_degrade(&owner(), &garden, None).unwrap();
    assert_eq!(degrade(&life), DegradeMode::DisableAi);
    life.end();
}

#[test]
fn rules_that_record_are_set_for_everybody_and_released_again() {
    let (_folder, life) = life();
    life.office.change_policy(&owner(), &wish(serde_json::json!({"recording": {"vile": true}}))).unwrap();
    assert_eq!((life.said(COMMON, "vileword").score, life.said(CHESS, "vileword").score), (0, 0));
    let back = wish(serde_json::json!({"recording": {"vile": false}}));
    let version = life.office.change_policy(&owner(), &back).unwrap();
    assert_eq!(version.changes, ["rule vile: only records -> judges"]);
    assert_eq!(life.said(COMMON, "vileword").outcome, Outcome::Block);
    life.end();
}

#[test]
fn lists_of_domains_are_off_and_on_for_everybody_and_their_switch_is_a_version() {
    let (folder, life) = life();
    life.end();
    let pack = "[pack]\nid = \"listed\"\nversion = 1\n[[rule]]\nid = \"listed\"\nscore = 90\nreason = \"on a list\"\n\
                links = { list = \"bad\" }\n";
    std::fs::write(folder.path().join("packs/listed.toml"), pack).unwrap();
    let lists = crate::lists::folder(&folder.path().join("data"));
    std::fs::create_dir_all(&lists).unwrap();
    let file = crate::lists::file(&lists, "bad").unwrap();
    crate::lists::import("bad.example\n".as_bytes(), &file, crate::clock::Wall(0)).unwrap();
    let life = Life::begin(folder.path());
    let found = |life: &Life| life.said(CHESS, "see https://bad.example/x").score;
    let shown = |life: &Life| {
        let lists = life.office.policy(&owner()).unwrap().lists;
        lists.into_iter().map(|list| (list.name, list.domains, list.is_on)).collect::<Vec<_>>()
    };
    let before = life.office.in_force.now().policy.version;
    assert_eq!((found(&life), shown(&life)), (90, vec![("bad".to_owned(), 1, true)]));
    let off = wish(serde_json::json!({"lists": {"bad": false}}));
    let version = life.office.change_policy(&owner(), &off).unwrap();
    assert_eq!(version.changes, ["list of domains bad: on -> off"]);
    assert_eq!((found(&life), shown(&life)), (0, vec![("bad".to_owned(), 0, false)]));
    assert_ne!(life.office.in_force.now().policy.version, before, "a decision tells which rules it was made by");
    life.end();
    let life = Life::begin(folder.path());
    assert_eq!(found(&life), 0, "also after a restart");
    for (change, wrong) in [
        (serde_json::json!({"lists": {"bda": false}}), "lists.bda"),
        (serde_json::json!({"tenant": "chess", "lists": {"bad": true}}), "lists"),
        (serde_json::json!({"lists": {"bad": false}}), ""),
    ] {
        assert_eq!(fields(life.office.change_policy(&owner(), &wish(change)).unwrap_err()), [wrong]);
    }
    let sam = caller("sam", Role::Admin, &["garden", "chess"]);
    let on = wish(serde_json::json!({"lists": {"bad": true}}));
    assert_eq!(life.office.change_policy(&sam, &on), Err(Refused::Denied), "what is everybody's is the owner's");
    life.office.change_policy(&owner(), &on).unwrap();
    assert_eq!((found(&life), life.office.in_force.now().policy.version), (90, before));
    life.end();
}

#[test]
fn a_pack_is_tried_on_stored_messages_in_place_of_its_like_and_never_judges() {
    let (_folder, life) = life();
    ["rudeword here", "vileword here", "moon beans"].iter().for_each(|text| life.stored(COMMON, text));
    let pack = "[pack]\r\nid = \"rude\"\r\nversion = 7\r\n[[rule]]\r\nid = \"moon\"\r\nscore = 100\r\nactions = [\"delete\"]\r\n\
                keywords = [\"moon\"]\r\nreason = \"moons\"\r\n";
    let tried = wish(serde_json::json!({"candidate": pack}));
    let preview = life.office.preview(&owner(), &tried, 100).unwrap();
    assert_eq!(preview.changes, ["pack rude: version 1 -> as written here"]);
    assert!(!preview.can_be_made);
    assert_eq!((preview.replay.messages, preview.replay.changed), (3, 3), "{:?}", preview.replay);
    let beside = wish(serde_json::json!({"candidate": pack.replace("\"rude\"", "\"moons\"")}));
    let preview = life.office.preview(&owner(), &beside, 100).unwrap();
    assert_eq!((preview.changes[0].as_str(), preview.replay.changed), ("pack moons: none -> as written here", 1));
    for (text, part) in
        [("[pack", "the pack:1"), (&pack.replace("keywords", "keyword"), "the pack:4"), ("x", "the pack")]
    {
        let refused = life.office.preview(&owner(), &wish(serde_json::json!({"candidate": text})), 100).unwrap_err();
        let Refused::Wrong(wrong) = refused else { panic!("{refused:?}") };
        assert!(wrong.iter().all(|(field, _)| field == "candidate") && wrong[0].1.contains(part), "{wrong:?}");
    }
    let sam = caller("sam", Role::Admin, &["garden"]);
    assert_eq!(life.office.preview(&sam, &tried, 9), Err(Refused::Denied));
    let with = wish(serde_json::json!({"tenant": "garden", "mode": "enforce", "candidate": pack}));
    assert_eq!(life.office.preview(&sam, &with, 9), Err(Refused::Denied));
    assert_eq!(fields(life.office.change_policy(&owner(), &with).unwrap_err()), ["candidate"]);
    assert_eq!(life.said(COMMON, "moon").score, 0);
    assert!(life.office.snapshots.policy().unwrap().is_none());
    life.end();
}

#[test]
fn own_words_have_their_bounds() {
    let (_folder, life) = life();
    let many: std::collections::BTreeMap<String, &str> =
        (0..=limits::OWN_WORDS_MAX).map(|number| (format!("word{number}"), "ban")).collect();
    let refused = life.office.change_policy(&owner(), &wish(serde_json::json!({"tenant": "garden", "words": many})));
    assert_eq!(fields(refused.unwrap_err()), ["words"]);
    let long: std::collections::BTreeMap<String, &str> =
        (0..200).map(|number| (format!("{number} {}", "long ".repeat(80).trim()), "ban")).collect();
    let refused = life.office.change_policy(&owner(), &wish(serde_json::json!({"tenant": "garden", "words": long})));
    assert_eq!(fields(refused.unwrap_err()), ["words"]);
    life.end();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_phrase_is_refused_by_its_field_or_judges_from_then_on(phrase in "[\"\\\\~*\\[\\]#=\n\t a-z0-9\u{430}-\u{44f}]{1,12}|\\PC{1,16}") {
        let (_folder, life) = life();
        let change = PolicyChange {
            tenant: Some("garden".to_owned()),
            words: [(phrase.clone(), Some("ban".to_owned()))].into(),
            ..PolicyChange::default()
        };
        match life.office.change_policy(&owner(), &change) {
            Ok(_) => prop_assert_eq!(life.said(GARDEN, &phrase).outcome, Outcome::Block),
            Err(Refused::Wrong(wrong)) => prop_assert_eq!(&wrong[0].0, &format!("words.{phrase}")),
            Err(other) => panic!("{other:?}"),
        }
        life.end();
    }
}
