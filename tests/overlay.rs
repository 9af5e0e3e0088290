//! What people change on the page, over the settings: what is stronger than what, and for whom it judges.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::app::{Reloaded, Reloader, Resettled, Source, rulebook};
use aegis::clock::Wall;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::overlay::{Effect, Layer, Overlay, OwnRules};
use aegis::policy::{PackSource, Scratch, compile};
use aegis::reload;
use aegis::shard::{InForce, Judged, Rulebook, Shards, judge};
use aegis::store::desk::{DeskTick, PolicyVersion};
use aegis::store::io::IoCount;
use aegis::store::{Keep, Store, Tick};
use aegis::tenant::{DegradeMode, TenantName};
use aegis::verdict::{Mode, Outcome, Thresholds, Verdict};
use board::{Board, Signal};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Of tenant `a`; the second has settings of its own in the file.
const A: i64 = -1;
const A_OWN: i64 = -2;
const B: i64 = -3;
/// Of the default tenant.
const NOBODYS: i64 = -4;

const PACK: &str = "[pack]\nid = \"rude\"\nversion = 1\n[[rule]]\nid = \"rude\"\nscore = 60\nkeywords = [\"rudeword\"]\nreason = \"rude\"\n";
const OTHER: &str =
    "[pack]\nid = \"links\"\nversion = 1\n[[rule]]\nid = \"link\"\nscore = 30\nreason = \"a link\"\nmin_links = 1\n";

const SETTINGS: &str = "mode = \"record\"\n[thresholds]\nreview = 50\nblock = 80\n[tenants.a]\nchats = [\"-1\", \"-2\"]\nblock = 70\n\
                        [tenants.b]\nchats = [\"-3\"]\npacks = [\"links\"]\n[chats.\"-2\"]\nblock = 65\n";

fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

/// A folder with two packs and settings, and a reloader for both.
struct Desk {
    folder: tempfile::TempDir,
    reloader: Reloader,
    in_force: InForce,
}

impl Desk {
    fn begin(overlay: Overlay) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let packs = folder.path().join("packs");
        std::fs::create_dir(&packs).unwrap();
        std::fs::write(packs.join("rude.toml"), PACK).unwrap();
        std::fs::write(packs.join("links.toml"), OTHER).unwrap();
        let source = settings(folder.path(), SETTINGS);
        let config = source.load().unwrap();
        let policy = compile(&aegis::packs::read(&packs).unwrap()).unwrap();
        let in_force = InForce::new(Arc::new(rulebook(&config, policy)));
        let reloader = Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0))
            .with_settings(source, config)
            .with_overlay(overlay, Wall(0));
        Self { folder, reloader, in_force }
    }

    fn pack(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join("packs").join(file), text).unwrap();
    }

    fn change(&self, overlay: Overlay) -> Result<(), String> {
        let candidate = self.reloader.candidate(overlay).map_err(|mistakes| mistakes.to_string())?;
        self.reloader.put_in_force(&candidate);
        Ok(())
    }

    fn said(&self, chat: i64, text: &str) -> Vec<String> {
        verdict(&self.in_force.now(), chat, text).findings.into_iter().map(|finding| finding.rule).collect()
    }
}

fn settings(dir: &Path, text: &str) -> Source {
    let file = dir.join("aegis.toml");
    let packs = dir.join("packs");
    std::fs::write(&file, format!("policy_dir = \"{}\"\n{text}", packs.display())).unwrap();
    Source::new(Some(&file), Vec::new())
}

fn message(chat: i64, text: &str) -> Message {
    let mut message = Message::empty(ChatId(chat), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, text);
    message
}

fn verdict(book: &Rulebook, chat: i64, text: &str) -> Verdict {
    let Judged::Verdict(verdict) = judge(book, &message(chat, text), &mut Scratch::default()) else {
        panic!("not judged")
    };
    verdict
}

fn own(words: &[(&str, Effect)], links: &[(&str, Effect)]) -> OwnRules {
    let map = |all: &[(&str, Effect)]| all.iter().map(|(one, effect)| ((*one).to_owned(), *effect)).collect();
    OwnRules { words: map(words), links: map(links) }
}

fn of_tenant(name: &str, own: OwnRules) -> Overlay {
    Overlay { own: BTreeMap::from([(tenant(name), own)]), ..Overlay::default() }
}

#[test]
fn the_layer_that_is_about_less_is_stronger_and_of_two_about_the_same_the_page() {
    let layer =
        |review: Option<u16>, block: Option<u16>, mode: Option<Mode>| Layer { review, block, mode, ..Layer::default() };
    let tenants = |layer: Layer| Overlay { tenants: BTreeMap::from([(tenant("a"), layer)]), ..Overlay::default() };
    let groups =
        |chat: i64, layer: Layer| Overlay { groups: BTreeMap::from([(ChatId(chat), layer)]), ..Overlay::default() };
    let both = |layer: Layer, chat: i64, own: Layer| Overlay { tenants: tenants(layer).tenants, ..groups(chat, own) };
    let record = (Mode::Record, 50);
    for (what, overlay, chat, (mode, review), block) in [
        ("nothing is changed: the root", Overlay::default(), NOBODYS, record, 80),
        ("the tenant in the file over the root", Overlay::default(), A, record, 70),
        ("the chat in the file over its tenant in the file", Overlay::default(), A_OWN, record, 65),
        ("the tenant here over the tenant in the file", tenants(layer(None, Some(90), None)), A, record, 90),
        ("the chat in the file over the tenant here", tenants(layer(None, Some(90), None)), A_OWN, record, 65),
        (
            "what the chat's settings do not say is as changed for its tenant",
            tenants(layer(Some(40), None, Some(Mode::Enforce))),
            A_OWN,
            (Mode::Enforce, 40),
            65,
        ),
        (
            "the group here over everything",
            both(layer(Some(40), Some(90), Some(Mode::Enforce)), A_OWN, layer(None, Some(77), Some(Mode::Record))),
            A_OWN,
            (Mode::Record, 40),
            77,
        ),
        ("a group of nobody's", groups(NOBODYS, layer(Some(10), None, None)), NOBODYS, (Mode::Record, 10), 80),
        ("another group is as before", groups(NOBODYS, layer(Some(10), None, None)), A, record, 70),
        (
            "a review score above the block score is that",
            tenants(layer(Some(95), None, None)),
            A,
            (Mode::Record, 70),
            70,
        ),
        (
            "a tenant that is gone",
            Overlay {
                tenants: BTreeMap::from([(tenant("gone"), layer(Some(1), Some(2), None))]),
                ..Overlay::default()
            },
            A,
            record,
            70,
        ),
    ] {
        let desk = Desk::begin(overlay);
        let now = desk.in_force.now();
        let rules = now.rules(ChatId(chat));
        assert_eq!((rules.mode, rules.thresholds), (mode, Thresholds { review, block }), "{what}");
        assert_eq!(now.terms(ChatId(chat)).thresholds, rules.thresholds, "{what}");
    }
    let strict = Layer { degrade: Some(DegradeMode::StrictRules), ..Layer::default() };
    let desk = Desk::begin(tenants(strict));
    let now = desk.in_force.now();
    assert_eq!(now.tenant(ChatId(A)).degrade, DegradeMode::StrictRules);
    assert_eq!(now.tenant(ChatId(B)).degrade, DegradeMode::DisableAi);
}

#[test]
fn own_words_and_links_judge_for_their_tenant_and_for_nobody_else() {
    let desk = Desk::begin(Overlay::default());
    let text = "buy MOON beans at shop.example.org now, https://shop.example.org/x";
    let before = desk.in_force.now().policy.version;
    assert_eq!(desk.said(A, text), ["link"]);
    desk.change(of_tenant("a", own(&[("moon beans", Effect::Ban)], &[("example.org", Effect::Review)]))).unwrap();
    assert_eq!(desk.said(A, text), ["own-a-words-ban", "own-a-links-review", "link"]);
    assert_eq!(desk.said(A_OWN, text), desk.said(A, text));
    assert_eq!((desk.said(B, text), desk.said(NOBODYS, text)), (vec!["link".to_owned()], vec!["link".to_owned()]));
    assert_ne!(desk.in_force.now().policy.version, before);
    // A tenant whose settings list its packs has its own words besides.
    desk.change(of_tenant("b", own(&[("moon beans", Effect::Review)], &[]))).unwrap();
    assert_eq!(desk.said(B, text), ["own-b-words-review", "link"]);
    assert_eq!(verdict(&desk.in_force.now(), B, "moon beans").outcome, Outcome::Review);
    assert_eq!(desk.said(A, text), ["link"]);
    // What is about a tenant that is gone is kept, and judges for nobody.
    desk.change(of_tenant("gone", own(&[("moon beans", Effect::Ban)], &[]))).unwrap();
    for chat in [A, B, NOBODYS] {
        assert_eq!(desk.said(chat, text), ["link"]);
    }
    desk.change(Overlay::default()).unwrap();
    assert_eq!(desk.in_force.now().policy.version, before, "the same rules are the same version");
}

#[test]
fn packs_are_on_or_off_by_tenant_and_by_group() {
    let packs = |all: &[(&str, bool)]| Layer {
        packs: all.iter().map(|(id, is_on)| ((*id).to_owned(), *is_on)).collect(),
        ..Layer::default()
    };
    let overlay = Overlay {
        tenants: BTreeMap::from([(tenant("a"), packs(&[("links", false)])), (tenant("b"), packs(&[("rude", true)]))]),
        groups: BTreeMap::from([
            (ChatId(A_OWN), packs(&[("links", true), ("rude", false), ("own-a", false), ("own-b", true)])),
            (ChatId(NOBODYS), packs(&[("gone", false)])),
        ]),
        own: BTreeMap::from([
            (tenant("a"), own(&[("moon", Effect::Review)], &[])),
            (tenant("b"), own(&[("moon", Effect::Review)], &[])),
        ]),
        ..Overlay::default()
    };
    let desk = Desk::begin(overlay);
    let text = "rudeword moon https://example.org/x";
    assert_eq!(desk.said(A, text), ["own-a-words-review", "rude"]);
    assert_eq!(desk.said(A_OWN, text), ["link"], "and never another tenant's words");
    assert_eq!(desk.said(B, text), ["own-b-words-review", "rude", "link"], "a pack that its settings leave out");
    assert_eq!(desk.said(NOBODYS, text), ["rude", "link"]);
}

#[test]
fn a_rule_that_is_to_record_only_records_and_that_is_another_version() {
    let desk = Desk::begin(Overlay::default());
    let before = desk.in_force.now().policy.version;
    let recording =
        |ids: &[&str]| Overlay { recording: ids.iter().map(|id| (*id).to_owned()).collect(), ..Overlay::default() };
    desk.change(recording(&["rude", "gone"])).unwrap();
    let found = verdict(&desk.in_force.now(), A, "rudeword https://example.org");
    assert_eq!((found.score, found.outcome, found.findings.len()), (30, Outcome::Allow, 2));
    assert_ne!(found.policy, before);
    desk.change(recording(&["gone"])).unwrap();
    assert_eq!(desk.in_force.now().policy.version, before, "an id that no rule has changes nothing");
    assert!(desk.in_force.now().overlay.recording.contains("gone"), "and is kept");
}

#[test]
fn packs_and_settings_that_are_read_again_keep_what_was_changed() {
    let mut desk = Desk::begin(Overlay::default());
    let layer = Layer { mode: Some(Mode::Enforce), ..Layer::default() };
    let mut overlay = of_tenant("a", own(&[("moon", Effect::Ban)], &[]));
    overlay.tenants.insert(tenant("a"), layer);
    desk.change(overlay.clone()).unwrap();
    desk.pack("first.toml", &PACK.replace("rude", "aaa"));
    assert!(matches!(desk.reloader.reload(Wall(1)), Reloaded::Swapped(_)));
    assert_eq!(desk.said(A, "moon aaaword"), ["own-a-words-ban", "aaa"]);
    assert_eq!(desk.said(B, "moon aaaword"), [""; 0]);
    settings(desk.folder.path(), &SETTINGS.replace("block = 70", "block = 75"));
    assert_eq!(desk.reloader.read_settings(Wall(2)), Some(Resettled::Swapped));
    let now = desk.in_force.now();
    assert_eq!((now.rules(ChatId(A)).mode, now.rules(ChatId(A)).thresholds.block), (Mode::Enforce, 75));
    assert_eq!(desk.said(A, "moon"), ["own-a-words-ban"]);
    assert_eq!(*now.overlay, overlay);
    // A tenant that settings take away and bring back has its words again.
    settings(desk.folder.path(), "mode = \"record\"\n");
    assert_eq!(desk.reloader.read_settings(Wall(3)), Some(Resettled::Swapped));
    assert_eq!(desk.said(A, "moon"), [""; 0]);
    settings(desk.folder.path(), SETTINGS);
    assert_eq!(desk.reloader.read_settings(Wall(4)), Some(Resettled::Swapped));
    assert_eq!(desk.said(A, "moon"), ["own-a-words-ban"]);
}

#[test]
fn an_id_that_is_kept_for_own_words_is_refused_to_a_pack_and_never_keeps_anybody_from_starting() {
    let mut desk = Desk::begin(Overlay::default());
    desk.pack("mine.toml", &PACK.replace("rude", "own-b"));
    let Reloaded::Refused(mistakes) = desk.reloader.reload(Wall(1)) else { panic!("accepted") };
    let told = mistakes.to_string();
    assert!(told.contains("mine.toml:2: the pack id `own-b` is kept for what a tenant adds on the page"), "{told}");
    // For a tenant that nobody has it is an id like others.
    desk.pack("mine.toml", &PACK.replace("rude", "own-z"));
    assert!(matches!(desk.reloader.reload(Wall(2)), Reloaded::Swapped(_)));
    let refused = desk.change(of_tenant("z", own(&[("moon", Effect::Ban)], &[]))).unwrap_err();
    assert!(refused.contains("the pack id `own-z` is already used"), "{refused}");
    assert!(desk.in_force.now().overlay.own.is_empty(), "nothing half done");
    // The same in an earlier life: everything but own words is in force, and it is said.
    let config = settings(desk.folder.path(), SETTINGS).load().unwrap();
    let policy = compile(&aegis::packs::read(&desk.folder.path().join("packs")).unwrap()).unwrap();
    let in_force = InForce::new(Arc::new(rulebook(&config, policy)));
    let mut overlay = of_tenant("z", own(&[("moon", Effect::Ban)], &[]));
    overlay.own.insert(tenant("a"), own(&[("moon", Effect::Ban)], &[]));
    overlay.recording.insert("rude".to_owned());
    overlay.tenants.insert(tenant("a"), Layer { mode: Some(Mode::Enforce), ..Layer::default() });
    let mut reloader = Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0))
        .with_overlay(overlay.clone(), Wall(9_000));
    let now = in_force.now();
    let found = verdict(&now, A, "rudeword moon");
    assert_eq!((found.score, found.findings.len(), now.rules(ChatId(A)).mode), (0, 1, Mode::Enforce));
    let told = reload::refused_in_words(&reloader.standing()).unwrap();
    assert!(told.contains("own refused at 1970-01-01 00:00:09 UTC: ") && told.contains("own-z"), "{told}");
    assert!(reload::in_words(&now, &reloader.standing()).contains("own refused"));
    assert_eq!(*now.overlay, overlay, "what was changed is kept");
    // Once the packs are mended it judges again.
    std::fs::remove_file(desk.folder.path().join("packs/mine.toml")).unwrap();
    assert!(matches!(reloader.reload(Wall(10)), Reloaded::Swapped(_)));
    assert_eq!(reload::refused_in_words(&reloader.standing()), None);
    assert_eq!(verdict(&in_force.now(), A, "moon").outcome, Outcome::Block);
}

#[test]
fn own_words_count_among_the_packs_and_it_is_said_when_there_are_too_many() {
    let packs: Vec<PackSource> = (0..aegis::limits::PACKS_MAX)
        .map(|number| PackSource {
            file: format!("{number}.toml"),
            text: PACK.replace("\"rude\"", &format!("\"rude-{number}\"")),
            lists: Vec::new(),
        })
        .collect();
    assert!(compile(&packs).is_ok());
    let book = Rulebook::new(compile(&[]).unwrap(), aegis::tenant::Tenants::default());
    let packs_of = of_tenant("a", own(&[("moon", Effect::Ban)], &[])).own_packs(&book.tenants);
    let told = aegis::policy::compile_with(&packs, &packs_of).unwrap_err().to_string();
    assert!(told.contains("129 packs, of which 1 have own words of tenants; the most is 128"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn while_changes_are_made_each_message_is_judged_by_one_version_with_its_own_scores() {
    let desk = Desk::begin(Overlay::default());
    // Words that block by a low score, or words that are unsure by a high one: a mixture would do neither.
    let change = |number: u64| {
        let (effect, block) = if number.is_multiple_of(2) { (Effect::Review, 60) } else { (Effect::Delete, 200) };
        let mut overlay = of_tenant("a", own(&[("moon", effect)], &[]));
        overlay.tenants.insert(tenant("a"), Layer { block: Some(block), ..Layer::default() });
        overlay
    };
    let mut shards = Shards::start(3, desk.in_force.clone(), Arc::default());
    let (go_on, mut told) = tokio::sync::mpsc::channel::<()>(1);
    let changing = tokio::task::spawn_blocking(move || {
        for number in 0..20 {
            go_on.blocking_send(()).unwrap();
            desk.change(change(number)).unwrap();
        }
        desk
    });
    let messages: Vec<_> = (0..50).map(|_| Arc::new(message(A, "a moon"))).collect();
    let mut judged = Vec::new();
    while told.recv().await.is_some() {
        judged.extend(shards.judge(&messages).await);
    }
    changing.await.unwrap();
    judged.extend(shards.judge(&messages).await);
    assert_eq!(judged.len(), 21 * messages.len());
    for one in judged {
        let Judged::Verdict(verdict) = one else { panic!("not judged") };
        let rule = verdict.findings.first().map(|finding| finding.rule.as_str());
        let expected = match rule {
            None => Outcome::Allow,
            Some("own-a-words-review") => Outcome::Block,
            Some("own-a-words-delete") => Outcome::Review,
            other => panic!("{other:?}"),
        };
        assert_eq!(verdict.outcome, expected, "{verdict:?}");
    }
}

#[tokio::test]
async fn an_appliance_that_starts_judges_by_what_was_changed_before() {
    let standin = board::play(board::script(0));
    let board = Board::new(&standin);
    let data = board.path("data");
    aegis::app::prepare_data_dir(&data).unwrap();
    let keep = Keep { decisions: 9, done: 9, dedupe_batches: 9, dead_letters: 9, albums: 9, audit: 9 };
    let (mut store, _) = Store::open(&data, 1 << 20, keep, &Arc::new(IoCount::default()), Wall(0)).unwrap();
    let overlay = of_tenant("default", own(&[("seen my cat", Effect::Ban)], &[]));
    let version = PolicyVersion {
        at: Wall(1),
        who: "kim (page)".to_owned(),
        note: String::new(),
        changes: Vec::new(),
        tenants: vec![TenantName::default()],
        overlay,
    };
    let desk = DeskTick { policies: vec![version], ..DeskTick::default() };
    store.commit(&[Tick { desk, ..Tick::default() }], Wall(1)).unwrap();
    drop(store);
    let life = board.run(&[]);
    board.hear("moderating", 1);
    // Message 0 says hello to a cat's owner, and is harmless by the packs.
    standin.offer(aegis::demo::script::Scripted {
        expected: aegis::demo::script::Expected::RemoveAndBan,
        ..board::message(0)
    });
    board::settled(&board, &standin).await;
    assert_eq!(life.ended(Duration::from_secs(5), Signal::Term).unwrap().code(), Some(0), "{}", board.log());
}

#[test]
fn a_thread_of_the_page_has_the_stack_to_compile_whatever_packs_there_are() {
    let deep = format!("[pack]\nid = \"deep\"\nversion = 1\nx = {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let tables = format!("[pack]\nid = \"t\"\nversion = 1\nx = {}1{}\n", "{a = ".repeat(20_000), "}".repeat(20_000));
    let regex = format!(
        "[pack]\nid = \"r\"\nversion = 1\n[[rule]]\nid = \"r\"\nscore = 1\nreason = \"r\"\nregex = [\"{}x{}\"]\n",
        "(".repeat(500),
        ")".repeat(500)
    );
    let on_page = |text: String| {
        let thread = std::thread::Builder::new().stack_size(aegis::limits::STACK_BYTES);
        let compiling = move || {
            let mut packs = aegis::policy::shipped();
            packs.push(PackSource { file: "z.toml".to_owned(), text, lists: Vec::new() });
            compile(&packs).is_ok()
        };
        thread.spawn(compiling).unwrap().join().unwrap()
    };
    assert!(on_page(PACK.to_owned()));
    assert!(!on_page(deep) && !on_page(tables));
    let _either_way = on_page(regex);
}
