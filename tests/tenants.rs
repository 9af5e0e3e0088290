//! Tenants: one compiled set of packs judges for all of them, each by its own settings.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::app::{Reloaded, Reloader, Resettled, Source, check_packs, rulebook};
use aegis::clock::Wall;
use aegis::decide::{Disposition, Standing, plan};
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{PackSource, Scratch, compile};
use aegis::shard::{InForce, Judged, Rulebook, judge};
use aegis::tenant::{DegradeMode, TenantName};
use aegis::verdict::{Mode, Outcome, Verdict};
use std::path::Path;
use std::sync::Arc;

const A: i64 = -1;
const A_OWN: i64 = -2;
const B: i64 = -3;
const NOBODYS: i64 = -4;

/// A pack of each kind of rule: of keywords, of conditions, and of conditions on another rule.
fn packs() -> Vec<PackSource> {
    let pack = |file: &str, text: &str| PackSource { file: file.into(), text: text.into(), lists: Vec::new() };
    vec![
        pack(
            "rude.toml",
            "[pack]\nid = \"rude\"\nversion = 1\n[[rule]]\nid = \"rude\"\nscore = 60\nkeywords = [\"rudeword\"]\nreason = \"rude\"\n",
        ),
        pack(
            "links.toml",
            "[pack]\nid = \"links\"\nversion = 1\n[[rule]]\nid = \"link\"\nscore = 30\nreason = \"a link\"\nmin_links = 1\n\
             [[rule]]\nid = \"both\"\nscore = 5\nreason = \"after another\"\nfinding = [\"rude\"]\n",
        ),
    ]
}

const SETTINGS: &str = "mode = \"record\"\n[tenants.a]\nchats = [\"-1\", \"-2\"]\nmode = \"enforce\"\npacks = [\"rude\"]\nblock = 60\n\
                        [tenants.b]\nchats = [\"-3\"]\npacks = [\"links\"]\nreview = 20\nstrict_review = 20\n[chats.\"-2\"]\nblock = 70\nmode = \"record\"\n";

fn settings(dir: &Path, text: &str) -> Source {
    let file = dir.join("aegis.toml");
    std::fs::write(&file, text).unwrap();
    Source::new(Some(&file), Vec::new())
}

fn message(chat: i64) -> Message {
    let mut message = Message::empty(ChatId(chat), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, "a rudeword, and https://example.org/it");
    message
}

fn verdict(book: &Rulebook, chat: i64, scratch: &mut Scratch) -> Verdict {
    let Judged::Verdict(verdict) = judge(book, &message(chat), scratch) else { panic!("not judged") };
    verdict
}

fn rules(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn each_tenant_is_judged_by_its_packs_and_scores_over_one_compiled_set() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings(folder.path(), SETTINGS).load().unwrap();
    let book = rulebook(&config, compile(&packs()).unwrap());
    assert_eq!(Arc::strong_count(&book.policy), 1, "one set serves all");
    // The buffers are used again from chat to chat, so that nothing of one may reach the next.
    let mut scratch = Scratch::default();
    for _ in 0..3 {
        let [a, own, b, nobodys] = [A, A_OWN, B, NOBODYS].map(|chat| verdict(&book, chat, &mut scratch));
        assert_eq!((rules(&a), a.score, a.outcome), (vec!["rude"], 60, Outcome::Block));
        assert_eq!((rules(&own), own.score, own.outcome), (vec!["rude"], 60, Outcome::Review));
        assert_eq!((rules(&b), b.score, b.outcome), (vec!["link"], 30, Outcome::Review));
        assert_eq!(
            (rules(&nobodys), nobodys.score, nobodys.outcome),
            (vec!["rude", "link", "both"], 95, Outcome::Block)
        );
        assert!([&own, &b, &nobodys].iter().all(|verdict| verdict.policy == a.policy));
        assert_eq!(book.rules(ChatId(A)).mode, Mode::Enforce);
        let done = |verdict: &Verdict, chat: i64| {
            plan(message(chat).sender, verdict, book.rules(ChatId(chat)), Standing::Ordinary).disposition
        };
        assert_eq!(done(&nobodys, NOBODYS), Disposition::Recorded, "the mode of the root is record");
    }
}

#[test]
fn a_tenant_without_a_model_to_ask_is_judged_as_it_wants_and_others_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[tenants.a]\nchats = [\"-1\"]\npacks = [\"rude\"]\ndegrade = \"strict_rules\"\nstrict_block = 55\n\
                [tenants.b]\nchats = [\"-3\"]\npacks = [\"rude\"]\nretention_days = 0\n";
    let config = settings(folder.path(), text).load().unwrap();
    let book = rulebook(&config, compile(&packs()).unwrap());
    let degraded = book.with_degraded(["a", "b"].into_iter().filter_map(TenantName::new).collect());
    let mut scratch = Scratch::default();
    let mut outcome = |book: &Rulebook, chat| verdict(book, chat, &mut scratch).outcome;
    assert_eq!((outcome(&book, A), outcome(&book, B)), (Outcome::Review, Outcome::Review));
    assert_eq!((outcome(&degraded, A), outcome(&degraded, B)), (Outcome::Block, Outcome::Review));
    assert_eq!(degraded.degraded(ChatId(A)), Some(DegradeMode::StrictRules));
    assert_eq!(degraded.degraded(ChatId(NOBODYS)), None);
    assert!(book.may_store(ChatId(A)) && !book.may_store(ChatId(B)), "b wants no message stored");
}

#[test]
fn zones_are_those_of_the_machine_and_one_it_lacks_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // The first moment of November 2026 in each, and the first after the clocks changed.
    for (name, first) in [
        ("Pacific/Kiritimati", 1_793_491_200 - 14 * 3_600),
        ("America/St_Johns", 1_793_491_200 + 9_000),
        ("Europe/Berlin", 1_793_491_200 - 3_600),
    ] {
        let loaded = settings(folder.path(), &format!("time_zone = \"{name}\"\n")).load();
        if Path::new("/usr/share/zoneinfo").join(name).exists() {
            let zone = loaded.unwrap().zone;
            assert_eq!((zone.name(), zone.month(first - 1), zone.month(first)), (name, 202_610, 202_611));
        } else {
            let told = loaded.unwrap_err().to_string();
            assert!(told.contains("is not known on this machine"), "{told}");
        }
    }
}

#[test]
fn a_pack_that_nobody_has_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let source = settings(folder.path(), "[tenants.a]\npacks = [\"rude\",\n\"link\"]\n");
    let told = check_packs(&source.load().unwrap(), &source.name(), &compile(&packs()).unwrap()).unwrap_err();
    let told = told.to_string();
    assert!(told.contains("aegis.toml:3: unknown pack of tenant `a` \"link\"; did you mean \"links\"?"), "{told}");
}

#[test]
fn packs_that_change_stay_those_of_their_tenants() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("packs");
    std::fs::create_dir(&dir).unwrap();
    let text = format!("policy_dir = \"{}\"\n{SETTINGS}", dir.display());
    let source = settings(folder.path(), &text);
    packs().iter().for_each(|pack| std::fs::write(dir.join(&pack.file), &pack.text).unwrap());
    let config = source.load().unwrap();
    let in_force = InForce::new(Arc::new(rulebook(&config, compile(&packs()).unwrap())));
    let mut reloader =
        Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0)).with_settings(source, config.clone());
    // A pack that sorts before the others moves all their numbers.
    let first = "[pack]\nid = \"first\"\nversion = 1\n[[rule]]\nid = \"first\"\nscore = 7\nreason = \"first\"\n\
                 keywords = [\"rudeword\"]\n";
    std::fs::write(dir.join("a-first.toml"), first).unwrap();
    assert!(matches!(reloader.reload(Wall(1)), Reloaded::Swapped(_)));
    let (now, mut scratch) = (in_force.now(), Scratch::default());
    for (chat, found) in
        [(A, vec!["rude"]), (A_OWN, vec!["rude"]), (B, vec!["link"]), (NOBODYS, vec!["rude", "link", "first", "both"])]
    {
        assert_eq!(rules(&verdict(&now, chat, &mut scratch)), found, "chat {chat}");
    }
    // A pack that is gone judges for nobody; the others go on.
    std::fs::write(dir.join("links.toml"), first.replace("first", "last")).unwrap();
    assert!(matches!(reloader.reload(Wall(2)), Reloaded::Swapped(_)));
    let now = in_force.now();
    assert_eq!(rules(&verdict(&now, B, &mut scratch)), Vec::<&str>::new());
    assert_eq!(rules(&verdict(&now, A, &mut scratch)), ["rude"]);
}

#[test]
fn how_groups_are_kept_changes_without_a_restart_and_not_at_all_with_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let source = settings(folder.path(), "[tenants.a]\nchats = [\"-1\"]\n");
    let file = folder.path().join("aegis.toml");
    let config = source.load().unwrap();
    let in_force = InForce::new(Arc::new(rulebook(&config, compile(&packs()).unwrap())));
    let mut reloader =
        Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0)).with_settings(source, config.clone());
    let limits = || [A, A_OWN, NOBODYS].map(|chat| in_force.now().manners(ChatId(chat)).warn_limit);
    assert_eq!(limits(), [3, 3, 3]);
    let text = "[manners]\nwarn_limit = 4\n[tenants.a]\nchats = [\"-1\"]\n[tenants.a.manners]\nwarn_limit = 5\n";
    let own = format!("{text}[chats.\"{A_OWN}\".manners]\nwarn_limit = 6\n");
    // Each of the three places alone is a change.
    for (changed, wanted) in [(text, [5, 4, 4]), (&own, [5, 6, 4]), (&own.replace("= 5", "= 7"), [7, 6, 4])] {
        std::fs::write(&file, changed).unwrap();
        assert_eq!(reloader.read_settings(Wall(1)), Some(Resettled::Swapped));
        assert_eq!(limits(), wanted);
        assert_eq!(reloader.read_settings(Wall(2)), Some(Resettled::Unchanged));
    }
    std::fs::write(&file, own.replace("= 4", "= 2").replace("= 6", "= 60")).unwrap();
    let Some(Resettled::Refused(mistakes)) = reloader.read_settings(Wall(3)) else { panic!("accepted") };
    assert!(mistakes.to_string().contains("manners.warn_limit` must be between 0 and 10, not 60"), "{mistakes}");
    assert_eq!(limits(), [7, 6, 4]);
}

#[test]
fn changed_settings_are_put_in_force_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let source = settings(folder.path(), SETTINGS);
    let file = folder.path().join("aegis.toml");
    let config = source.load().unwrap();
    let in_force = InForce::new(Arc::new(rulebook(&config, compile(&packs()).unwrap())));
    let mut reloader =
        Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0)).with_settings(source, config.clone());
    let mut scratch = Scratch::default();
    assert_eq!(
        (reloader.look_at_settings(Wall(1)), reloader.read_settings(Wall(1))),
        (None, Some(Resettled::Unchanged))
    );
    let before = in_force.now();
    // Everything that may change does, in one step, and the packs are not compiled again.
    let all = "time_zone = \"UTC\"\nmode = \"enforce\"\n[thresholds]\nreview = 40\nblock = 45\n[review]\nfallback = \"block\"\ndegrade = \"link_blocks\"\n\
               [ai]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\nprice_input = \"0\"\nprice_output = \"0\"\n[budget]\ncalls = 7\n\
               [tenants.c]\nchats = [\"-1\"]\npacks = [\"links\"]\n[chats.\"-3\"]\nreview = 20\n";
    std::fs::write(&file, all).unwrap();
    assert_eq!(reloader.look_at_settings(Wall(2)), None, "it may still be being written");
    assert_eq!(reloader.look_at_settings(Wall(3)), Some(Resettled::Swapped));
    assert_eq!(reloader.look_at_settings(Wall(4)), None);
    let now = in_force.now();
    assert!(Arc::ptr_eq(&before.policy, &now.policy) && Arc::ptr_eq(&before.learned, &now.learned));
    let a = verdict(&now, A, &mut scratch);
    assert_eq!((now.tenant(ChatId(A)).name.as_str(), rules(&a), a.outcome), ("c", vec!["link"], Outcome::Allow));
    assert_eq!(verdict(&now, B, &mut scratch).score, 95);
    assert_eq!(
        (now.rules(ChatId(NOBODYS)).mode, now.ai.is_on(), now.tenant(ChatId(B)).caps.calls),
        (Mode::Enforce, true, 7)
    );
    // Each mistake keeps all that is in force.
    for (wrong, told) in [
        (all.replace("calls = 7", ""), "`budget.calls` is missing"),
        (all.replace("\"links\"", "\"gone\""), "unknown pack of tenant `c` \"gone\""),
        (all.replace("mode = \"enforce\"", "mode = \"loud\""), "unknown mode"),
        ("[".to_owned(), "aegis.toml:1"),
    ] {
        std::fs::write(&file, wrong).unwrap();
        let Some(Resettled::Refused(mistakes)) = reloader.read_settings(Wall(5)) else { panic!("accepted: {told}") };
        assert!(mistakes.to_string().contains(told), "{mistakes}");
        assert!(Arc::ptr_eq(&now, &in_force.now()));
    }
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(reloader.read_settings(Wall(6)), Some(Resettled::Refused(_))));
    // What needs a restart keeps its value, beside what does not.
    std::fs::write(&file, format!("shards = 9\ndata_dir = \"elsewhere\"\n{}", all.replace("calls = 7", "calls = 8")))
        .unwrap();
    assert_eq!(reloader.read_settings(Wall(7)), Some(Resettled::Swapped));
    assert_eq!(in_force.now().tenant(ChatId(B)).caps.calls, 8);
    assert_eq!(reloader.read_settings(Wall(8)), Some(Resettled::Unchanged));
}
