//! Undoing against a stand-in for Telegram: whatever happens between, whoever was undone ends free.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod office;

use aegis::clock::Wall;
use aegis::demo::faults::{Fault, Faults};
use aegis::demo::ledger::PersonRecord;
use aegis::demo::script::Script;
use aegis::demo::standin::StandIn;
use aegis::demo::town::Town;
use aegis::message::{MessageId, TraceId, UserId};
use aegis::store::endings::Ending;
use aegis::store::records::{MemberRecord, OutboxKey, Warned};
use aegis::store::{MemberChange, Tick};
use aegis::verdict::ActionKind;
use aegis::web::desk::Refused;
use office::{Bench, COMMON, Case, GARDEN, LONG, open, owner};
use std::time::Duration;

fn play(faults: Faults, latency_ms: u64) -> StandIn {
    let script = Script { faults, latency_ms, ..Script::new(Box::new(Vec::new())) };
    StandIn::start(script, "127.0.0.1:0".parse().unwrap()).unwrap()
}

fn person(town: &Town, user: i64) -> PersonRecord {
    town.ledger().people.get(&(COMMON.0, user)).cloned().unwrap_or_default()
}

#[track_caller]
fn until(bench: &Bench, standin: &StandIn, reached: impl Fn(&Town) -> bool) {
    assert!(bench.wait(standin.wait_until(LONG, reached)), "{:?}", standin.ledger().people);
}

/// Waits until nothing is left in the outbox. The last confirmations ride for a moment.
#[track_caller]
fn empty(bench: &Bench, standin: &StandIn) {
    for _ in 0..1_000 {
        if bench.office.snapshots.outbox().unwrap().is_empty() {
            return;
        }
        bench.wait(standin.wait_until(Duration::from_millis(20), |_| false));
    }
    panic!("{:?}", bench.office.snapshots.outbox().unwrap());
}

#[test]
fn whoever_was_banned_is_free_after_the_undo() {
    let (dir, standin) = (tempfile::tempdir().unwrap(), play(Faults::default(), 0));
    let bench = open(dir.path(), Some(&standin), LONG);
    let number = bench.decide(&[Case::spam(COMMON, 5, 70)]);
    until(&bench, &standin, |town| person(town, 70).is_banned && town.ledger().deleted == 0);
    empty(&bench, &standin);
    let undone = bench.office.undo(&owner(), number).unwrap();
    assert_eq!((undone.decisions, undone.freed, undone.cancelled, undone.deleted), (1, 1, 0, 1), "{}", undone.words);
    assert!(undone.words.contains("stays deleted"), "{}", undone.words);
    until(&bench, &standin, |town| person(town, 70).unbans == 1 && !person(town, 70).is_banned);
    let again = bench.office.undo(&owner(), number);
    assert!(matches!(&again, Err(Refused::Conflict(why)) if why.contains("already undone by kim")), "{again:?}");
    let view = bench.office.decision(&owner(), number).unwrap();
    assert_eq!((view.row.fate.as_str(), view.row.is_undone, view.undo), ("undone", true, None));
}

#[test]
fn whoever_was_muted_may_write_again() {
    let (dir, standin) = (tempfile::tempdir().unwrap(), play(Faults::default(), 0));
    let bench = open(dir.path(), Some(&standin), LONG);
    let mute = Case { actions: vec![ActionKind::Delete, ActionKind::Mute], ..Case::spam(COMMON, 5, 70) };
    let number = bench.decide(&[mute]);
    until(&bench, &standin, |town| person(town, 70).is_muted);
    bench.office.undo(&owner(), number).unwrap();
    until(&bench, &standin, |town| person(town, 70).unmutes == 1 && !person(town, 70).is_muted);
}

#[test]
fn an_undo_that_comes_while_the_ban_is_under_way_waits_for_it() {
    // The ban has its effect at once, and its answer takes a while: an unban beside it could be overtaken.
    let (dir, standin) = (tempfile::tempdir().unwrap(), play(Faults::default(), 300));
    let bench = open(dir.path(), Some(&standin), LONG);
    let ban = Case { actions: vec![ActionKind::Ban], ..Case::spam(COMMON, 5, 70) };
    let number = bench.decide(&[ban]);
    while !standin.with_town(|town| person(town, 70).is_banned) {
        bench.wait(standin.wait_until(Duration::from_millis(5), |_| false));
    }
    let undone = bench.office.undo(&owner(), number).unwrap();
    assert_eq!((undone.freed, undone.cancelled), (1, 1));
    until(&bench, &standin, |town| person(town, 70).unbans == 1);
    empty(&bench, &standin);
    let person = standin.with_town(|town| person(town, 70));
    assert!(!person.is_banned && person.bans == 1, "{person:?}");
    let waited_us = person.freed_us.unwrap() - person.banned_us.unwrap();
    assert!(waited_us >= 300_000, "it went while the ban was under way: {person:?}");
}

#[test]
fn a_ban_that_hangs_while_it_is_undone_is_not_tried_again() {
    let faults = Faults::of(&[Fault::Hang], 3);
    let struck = (0..40).find(|n| faults.draw(*n).is_some()).unwrap();
    let (dir, standin) = (tempfile::tempdir().unwrap(), play(faults, 0));
    let bench = open(dir.path(), Some(&standin), Duration::from_millis(400));
    for n in 0..struck {
        let (message, user) = (i32::try_from(n).unwrap() + 10, i64::try_from(n).unwrap() + 100);
        bench.decide(&[Case { actions: vec![ActionKind::Ban], ..Case::spam(COMMON, message, user) }]);
        until(&bench, &standin, |town| person(town, user).is_banned);
    }
    let number = bench.decide(&[Case { actions: vec![ActionKind::Ban], ..Case::spam(COMMON, 5, 70) }]);
    while standin.with_town(|town| !town.ledger().faults.contains_key(Fault::Hang.word())) {
        bench.wait(standin.wait_until(Duration::from_millis(5), |_| false));
    }
    bench.office.undo(&owner(), number).unwrap();
    until(&bench, &standin, |town| person(town, 70).unbans == 1);
    empty(&bench, &standin);
    let person = standin.with_town(|town| person(town, 70));
    assert!(!person.is_banned && person.bans == 0, "the ban that hung was tried again: {person:?}");
}

#[test]
fn a_crash_between_the_undo_and_its_calls_changes_nothing() {
    // Undone while the ban is under way, done, or has not begun; then the program dies.
    for moment in 0..3 {
        let (dir, standin) = (tempfile::tempdir().unwrap(), play(Faults::default(), 200));
        let bench = open(dir.path(), (moment > 0).then_some(&standin), LONG);
        let number = bench.decide(&[Case { actions: vec![ActionKind::Ban], ..Case::spam(COMMON, 5, 70) }]);
        while moment > 0 && !standin.with_town(|town| person(town, 70).is_banned) {
            bench.wait(standin.wait_until(Duration::from_millis(5), |_| false));
        }
        if moment == 2 {
            empty(&bench, &standin);
        }
        bench.office.undo(&owner(), number).unwrap();
        bench.kill();
        let bench = open(dir.path(), Some(&standin), LONG);
        until(&bench, &standin, |town| person(town, 70).unbans >= 1);
        empty(&bench, &standin);
        let person = standin.with_town(|town| person(town, 70));
        assert!(!person.is_banned, "moment {moment}: {person:?}");
        assert_eq!(person.bans, u32::from(moment > 0), "moment {moment}");
    }
}

#[test]
fn what_waits_is_taken_back_and_never_done() {
    let dir = tempfile::tempdir().unwrap();
    let bench = open(dir.path(), None, LONG);
    let number = bench.decide(&[Case::spam(COMMON, 5, 70)]);
    let undone = bench.office.undo(&owner(), number).unwrap();
    assert_eq!((undone.freed, undone.cancelled, undone.deleted), (1, 2, 0), "{}", undone.words);
    let key = |action| OutboxKey { chat: COMMON, message: MessageId(5), action };
    let endings = bench.office.snapshots.endings().unwrap();
    for action in [ActionKind::Delete, ActionKind::Ban] {
        assert!(matches!(endings.of(key(action)).unwrap(), Ending::Dropped(_)), "{action:?}");
    }
    let left: Vec<_> = bench.office.snapshots.outbox().unwrap().into_iter().map(|row| row.key.action).collect();
    assert_eq!(left, [ActionKind::Unban]);
    bench.kill();
    let standin = play(Faults::default(), 0);
    let bench = open(dir.path(), Some(&standin), LONG);
    until(&bench, &standin, |town| person(town, 70).unbans == 1);
    empty(&bench, &standin);
    let ledger = standin.ledger();
    assert_eq!((ledger.people[&(COMMON.0, 70)].bans, ledger.deleted), (0, 0));
}

#[test]
fn a_warning_that_is_undone_does_not_count_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let bench = open(dir.path(), None, LONG);
    let warned = |trace| Warned { at: Wall(1), trace: TraceId(trace), reason: String::new() };
    let warns = vec![warned(71), warned(72)];
    let change =
        MemberChange { chat: COMMON, user: UserId(70), record: MemberRecord { warns, ..MemberRecord::default() } };
    bench.commit(Tick { members: vec![change], ..Tick::default() });
    let warn = Case { actions: vec![ActionKind::Delete, ActionKind::Warn], ..Case::spam(COMMON, 5, 70) };
    let number = bench.decide(&[warn]);
    // The decision's own warning, beside two of others.
    let trace = aegis::members::warning_for(MessageId(5));
    let now = bench.office.clock.now().wall;
    let own = Warned { at: now, trace, reason: String::new() };
    let manners = aegis::manners::Manners { warn_limit: 0, ..Default::default() };
    let warn = bench.office.settler.lock().members.warn((COMMON, UserId(70)), own, &manners, now).unwrap().0;
    bench.commit(Tick { members: vec![warn], ..Tick::default() });
    bench.office.undo(&owner(), number).unwrap();
    let left = bench.office.snapshots.member(COMMON, UserId(70)).unwrap().unwrap();
    assert_eq!(left.warns, [warned(71), warned(72)]);
    // The next one counts from there, in memory as well.
    let again = bench.office.settler.lock().members.forgive(COMMON, UserId(70), &[TraceId(71)], now).unwrap().unwrap();
    assert_eq!(again.record.warns, [warned(72)]);
}

#[test]
fn a_rule_is_undone_a_bounded_number_a_turn_and_the_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let bench = open(dir.path(), None, LONG);
    let most = i32::try_from(aegis::limits::UNDO_AT_ONCE).unwrap();
    let mut cases: Vec<Case> = (1..=most + 7).map(|n| Case::spam(COMMON, n, i64::from(n) + 500)).collect();
    cases.push(Case { rule: "other", ..Case::spam(COMMON, 9_001, 9_001) });
    cases.push(Case::spam(GARDEN, 9_002, 9_002));
    cases.push(Case { disposition: aegis::decide::Disposition::Recorded, ..Case::spam(COMMON, 9_003, 9_003) });
    bench.decide(&cases);
    let kim = office::caller(aegis::access::Role::Admin, &["default"]);
    let rule = |dry_run| aegis::web::views::UndoRule { rule: "spam".to_owned(), since_s: 0, dry_run };
    let counted = bench.office.undo_rule(&kim, &rule(true)).unwrap();
    assert_eq!((counted.decisions, counted.more), (u64::try_from(most).unwrap() + 7, false), "{}", counted.words);
    assert_eq!(bench.office.snapshots.undone().unwrap().len(), 0, "it was only counted");
    let first = bench.office.undo_rule(&kim, &rule(false)).unwrap();
    assert_eq!((first.decisions, first.freed, first.more), (u64::try_from(most).unwrap(), 100, true));
    assert!(!bench.office.snapshots.undone().unwrap().contains(&1), "the newest come first");
    let second = bench.office.undo_rule(&kim, &rule(false)).unwrap();
    assert_eq!((second.decisions, second.more), (7, false), "{}", second.words);
    let third = bench.office.undo_rule(&kim, &rule(false)).unwrap();
    assert_eq!((third.decisions, third.more), (0, false), "{}", third.words);
    let banned: Vec<i32> = bench
        .office
        .snapshots
        .outbox()
        .unwrap()
        .into_iter()
        .filter(|row| row.key.action == ActionKind::Ban)
        .map(|row| row.key.message.0)
        .collect();
    assert_eq!(banned, [9_001, 9_002], "other rules and other tenants are left alone");
    let audit = bench.office.snapshots.audit(9).unwrap();
    assert!(audit.iter().any(|(_, entry)| entry.what == "undone: 100 decisions of rule spam"), "{audit:?}");
}

#[test]
fn what_was_only_recorded_cannot_be_undone() {
    let dir = tempfile::tempdir().unwrap();
    let bench = open(dir.path(), None, LONG);
    let recorded = Case { disposition: aegis::decide::Disposition::Recorded, ..Case::spam(COMMON, 5, 70) };
    let number = bench.decide(&[recorded]);
    let refused = bench.office.undo(&owner(), number);
    assert!(matches!(&refused, Err(Refused::Conflict(why)) if why.contains("nothing was done")), "{refused:?}");
    assert_eq!(bench.office.snapshots.mark(number).unwrap(), None);
}
