//! Packs and settings that change while messages are judged: one version at a time, and never a broken one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::app::{Reloaded, Reloader, Resettled, Source};
use aegis::clock::Wall;
use aegis::config::Config;
use aegis::counters::Counters;
use aegis::flags::{Flag, Layer, Said};
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::compile;
use aegis::shard::{InForce, Judged, Shards};
use board::{Board, Signal};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const MESSAGES: usize = 1_000;
const SWAPS: u64 = 20;

/// A pack whose one rule is named after its number. What must be there stands last, so that every cut is a mistake.
fn pack(number: u64) -> String {
    format!(
        "[pack]\nid = \"own\"\nversion = 1\n\n[[rule]]\nid = \"own-{number}\"\nscore = 90\nkeywords = [\"blue moon\", \
         \"number {number}\"]\nreason = \"not here\""
    )
}

/// A folder with a pack, a reloader for it, and its counters.
fn begin(dir: &Path) -> (Reloader, InForce, Arc<Counters>) {
    std::fs::write(dir.join("own.toml"), pack(0)).unwrap();
    let config = Config { policy_dir: Some(dir.to_owned()), ..Config::default() };
    let policy = compile(&aegis::packs::read(dir).unwrap()).unwrap();
    let in_force = InForce::new(Arc::new(aegis::app::rulebook(&config, policy)));
    let counters = Arc::new(Counters::default());
    let reloader = Reloader::new(&config, None, in_force.clone(), Arc::clone(&counters), Wall(0));
    (reloader, in_force, counters)
}

fn message(chat: i64) -> Arc<Message> {
    let mut message = Message::empty(ChatId(chat), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, "a blue moon");
    Arc::new(message)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_verdict_under_load_is_of_one_known_version_and_agrees_with_its_rules() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reloader, in_force, counters) = begin(folder.path());
    let mut known = BTreeMap::from([(in_force.now().policy.version, "own-0".to_owned())]);
    let mut shards = Shards::start(3, in_force, Arc::clone(&counters));
    let dir = folder.path().to_owned();
    let (go_on, mut told) = tokio::sync::mpsc::channel::<()>(1);
    let swapping = tokio::task::spawn_blocking(move || {
        let mut versions = Vec::new();
        for number in 1..=SWAPS {
            // A batch begins with every swap, so that the two run side by side.
            go_on.blocking_send(()).unwrap();
            std::fs::write(dir.join("own.toml"), pack(number)).unwrap();
            let Reloaded::Swapped(version) = reloader.reload(Wall(1)) else { panic!("refused") };
            versions.push((version, format!("own-{number}")));
        }
        versions
    });
    let messages: Vec<_> = (1..=50).map(|n| message(-n)).collect();
    let mut judged = Vec::new();
    while told.recv().await.is_some() {
        judged.extend(shards.judge(&messages).await);
    }
    known.extend(swapping.await.unwrap());
    judged.extend(shards.judge(&messages).await);
    assert_eq!(known.len(), 21);
    assert_eq!(judged.len(), MESSAGES + messages.len());
    for one in judged {
        let Judged::Verdict(verdict) = one else { panic!("not judged") };
        let rules: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, [known[&verdict.policy].as_str()]);
    }
    assert_eq!((counters.policy_reloads.get(), counters.policy_reload_refusals.get()), (SWAPS, 0));
}

#[test]
fn every_flipped_byte_and_every_cut_keeps_the_old_version_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reloader, in_force, counters) = begin(folder.path());
    let version = in_force.now().policy.version;
    let good = pack(1);
    let mut refused = 0;
    for at in 0..good.len() {
        let mut flipped = good.as_bytes().to_vec();
        flipped[at] ^= 0x80;
        for damaged in [&flipped[..], &good.as_bytes()[..at]] {
            std::fs::write(folder.path().join("own.toml"), damaged).unwrap();
            let Reloaded::Refused(mistakes) = reloader.reload(Wall(1)) else { panic!("byte {at} was accepted") };
            assert!(mistakes.list()[0].file.contains("own.toml"), "{mistakes}");
            refused += 1;
        }
    }
    assert_eq!(in_force.now().policy.version, version);
    assert_eq!((counters.policy_reloads.get(), counters.policy_reload_refusals.get()), (0, refused));
    std::fs::write(folder.path().join("own.toml"), &good).unwrap();
    assert!(matches!(reloader.reload(Wall(1)), Reloaded::Swapped(_)));
}

#[test]
fn a_change_is_read_once_it_stands_still_and_a_refused_one_only_when_it_changes_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reloader, in_force, counters) = begin(folder.path());
    assert_eq!(reloader.look(Wall(1)), None);
    std::fs::write(folder.path().join("own.toml"), pack(1)).unwrap();
    // What an editor leaves beside it, and cases, are no packs.
    std::fs::write(folder.path().join(".own.toml.swp"), "x").unwrap();
    assert_eq!(reloader.look(Wall(2)), None, "it may still be being written");
    assert_eq!(reloader.look(Wall(3)), Some(Reloaded::Swapped(in_force.now().policy.version)));
    assert_eq!(reloader.look(Wall(4)), None);
    std::fs::write(folder.path().join("own.toml~"), "x").unwrap();
    std::fs::write(folder.path().join("own.cases.toml"), "x").unwrap();
    assert_eq!([reloader.look(Wall(5)), reloader.look(Wall(6))], [None, None]);
    std::fs::write(folder.path().join("second.toml"), "[pack").unwrap();
    assert_eq!(reloader.look(Wall(7)), None);
    assert!(matches!(reloader.look(Wall(8)), Some(Reloaded::Refused(_))));
    assert_eq!(reloader.look(Wall(9)), None, "the same mistakes are not told every two seconds");
    std::fs::remove_file(folder.path().join("second.toml")).unwrap();
    assert_eq!(reloader.look(Wall(10)), None);
    assert_eq!(reloader.look(Wall(11)), Some(Reloaded::Unchanged));
    assert_eq!((counters.policy_reloads.get(), counters.policy_reload_refusals.get()), (1, 1));
    let gone = folder.path().with_extension("gone");
    std::fs::rename(folder.path(), &gone).unwrap();
    assert_eq!(reloader.look(Wall(12)), None);
    assert!(matches!(reloader.look(Wall(13)), Some(Reloaded::Refused(_))));
    std::fs::rename(&gone, folder.path()).unwrap();
}

#[test]
fn lists_that_cannot_fit_the_board_are_refused_before_they_take_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reloader, in_force, _) = begin(folder.path());
    let version = in_force.now().policy.version;
    std::fs::write(
        folder.path().join("own.toml"),
        pack(1).replace("keywords = ", "keywords_file = \"l.txt\"\nkeywords = "),
    )
    .unwrap();
    // Phrases that share few beginnings, as long as the automaton knows them.
    let letter = |bits: u64| char::from_u32(0x430 + u32::try_from(bits % 32).unwrap()).unwrap();
    let phrase = |n: u64| -> String {
        let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..12).map(|place| letter(mixed >> (59 - 5 * place))).collect()
    };
    let list: Vec<String> = (1..60_000).map(phrase).collect();
    std::fs::write(folder.path().join("l.txt"), list.join("\n")).unwrap();
    let Reloaded::Refused(mistakes) = reloader.reload(Wall(1)) else { panic!("accepted") };
    assert!(mistakes.to_string().contains("would take at least"), "{mistakes}");
    let mistakes = aegis::packs::read_within(folder.path(), 1_000_000).unwrap_err();
    assert!(mistakes.to_string().contains("packs and lists take more than 1000000 bytes"), "{mistakes}");
    assert_eq!(in_force.now().policy.version, version);
}

#[tokio::test]
async fn a_running_appliance_reads_changed_packs_and_says_why_it_refused_some() {
    let standin = board::play(board::script(0));
    let board = Board::new(&standin);
    let life = board.run(&[]);
    board.hear("moderating", 1);
    board.write("packs/second.toml", "[pack]\nid = 7\n");
    life.hang_up();
    board.hear("second.toml:2: `pack.id` must be a text", 1);
    board.hear("the changed packs are refused", 1);
    let shown = board.ask(&["api", "GET", "/status"]).out;
    assert!(shown.contains("1 rules, loaded at") && shown.contains("last reload refused at"), "{shown}");
    assert!(shown.contains("second.toml:2:"), "{shown}");
    std::fs::remove_file(board.path("packs/second.toml")).unwrap();
    board.write("packs/phrases.txt", "has anybody seen my cat");
    life.hang_up();
    board.hear("new packs are in force", 1);
    // Message 0 says hello to a cat's owner, and was harmless under the old packs.
    standin.offer(aegis::demo::script::Scripted {
        expected: aegis::demo::script::Expected::RemoveAndBan,
        ..board::message(0)
    });
    board::settled(&board, &standin).await;
    assert_eq!(life.ended(Duration::from_secs(5), Signal::Term).unwrap().code(), Some(0), "{}", board.log());
}

/// The folder of packs is told to be read anew by who changes it, who does not know how far the program is.
#[tokio::test]
async fn a_program_that_is_told_to_read_anew_while_it_starts_goes_on() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let standin = board::play(board::script(0));
    let board = Board::new(&standin);
    let (slow, whole) = (board.path("packs/slow.toml"), board.write("slow.toml", &pack(7)));
    mknodat(CWD, &slow, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let life = board.run(&[]);
    // Opens when the program reads this pack, and not before; what else reads it later reads a file.
    let (opened, open) = std::sync::mpsc::channel();
    let path = slow.clone();
    std::thread::spawn(move || opened.send(std::fs::File::options().write(true).open(path)));
    let mut open = open.recv_timeout(board::LONG).expect("the pack is read").unwrap();
    std::fs::rename(whole, &slow).unwrap();
    life.hang_up();
    std::io::Write::write_all(&mut open, pack(7).as_bytes()).unwrap();
    drop(open);
    board.hear("moderating", 1);
    assert_eq!(life.ended(board::LONG, Signal::Term).and_then(|status| status.code()), Some(0));
}

#[tokio::test]
async fn a_running_appliance_takes_changed_settings_and_says_what_it_refuses_and_what_needs_a_restart() {
    let standin = board::play(board::script(0));
    let board = Board::new(&standin);
    let file = board.write("aegis.toml", "[budget]\ncalls = 1\n");
    let life = board.run(&["--config", &file]);
    board.hear("moderating", 1);
    board.write(
        "aegis.toml",
        "shards = 0\n[ai]\nbase_url = \"http://127.0.0.1:1\"\nmodel = \"m\"\nprice_input = \"1\"\n",
    );
    life.hang_up();
    board.hear("the changed settings are refused", 1);
    for told in [
        "aegis.toml:1: `shards`",
        "`ai.price_output` is missing",
        "`budget.money` is missing",
        "`budget.calls` is missing",
    ] {
        board.hear(told, 1);
    }
    let shown = board.ask(&["api", "GET", "/status"]).out;
    assert!(shown.contains("changed settings refused at") && shown.contains("aegis.toml:1:"), "{shown}");
    board.write("aegis.toml", "shards = 3\n[telegram]\npoll_limit = 7\n[tenants.a]\nchats = [\"-1\"]\n");
    life.hang_up();
    board.hear("in force after a restart only: telegram, shards", 1);
    board.hear("new settings are in force", 1);
    assert!(!board.ask(&["api", "GET", "/status"]).out.contains("settings refused"));
    assert_eq!(life.ended(Duration::from_secs(5), Signal::Term).unwrap().code(), Some(0), "{}", board.log());
}

#[test]
fn a_flag_holds_at_once_when_the_settings_change_and_a_tenant_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("aegis.toml");
    let tenants = "[tenants.garden]\nchats = [\"-1\"]\n";
    std::fs::write(&file, tenants).unwrap();
    let source = Source::new(Some(&file), vec![("AEGIS_FLAG_MANAGEMENT_CALLS".to_owned(), "on".to_owned())]);
    let config = source.load().unwrap();
    let policy = compile(&aegis::policy::shipped()).unwrap();
    let learned = aegis::learn::Learned::new(aegis::learn::prior().into_iter().collect());
    let rulebook = aegis::app::rulebook(&config, policy).with_learned(learned);
    let in_force = InForce::new(Arc::new(rulebook));
    let reloader = Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0));
    let mut reloader = reloader.with_settings(source, config);
    let speaks = |chat| !in_force.now().terms(ChatId(chat)).learned.is_empty();
    assert_eq!([speaks(-1), speaks(-2)], [true, true]);
    std::fs::write(&file, format!("[flags]\nlearner = false\n{tenants}[tenants.garden.flags]\nlearner = true\n"))
        .unwrap();
    assert!(reloader.read_settings(Wall(1)).is_some());
    assert_eq!([speaks(-1), speaks(-2)], [true, false]);
    std::fs::write(&file, format!("[flags]\nlerner = false\n{tenants}")).unwrap();
    let Some(Resettled::Refused(mistakes)) = reloader.read_settings(Wall(2)) else { panic!("accepted") };
    assert!(mistakes.to_string().contains("did you mean \"learner\""), "{mistakes}");
    assert_eq!([speaks(-1), speaks(-2)], [true, false]);
    let now = in_force.now();
    assert!(now.tenants.default_one().flags.is_on(Flag::ManagementCalls));
    assert_eq!(now.flags.find(Flag::ManagementCalls, &Said::default()), (true, Layer::Environment));
}

#[test]
fn without_a_folder_the_shipped_packs_stay_in_force() {
    let policy = compile(&aegis::policy::shipped()).unwrap();
    let version = policy.version;
    let config = Config::default();
    let in_force = InForce::new(Arc::new(aegis::app::rulebook(&config, policy)));
    let mut reloader = Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0));
    assert_eq!(reloader.look(Wall(1)), None);
    assert_eq!(reloader.reload(Wall(1)), Reloaded::Shipped);
    assert_eq!(in_force.now().policy.version, version);
}
