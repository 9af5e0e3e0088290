//! The desk: who is told what, and what they may have done. Roles and tenants, pieces of lists, searches, budgets, copies.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod office;

use aegis::access::{Caller, Role};
use aegis::clock::Wall;
use aegis::decide::Disposition;
use aegis::message::{MessageId, TraceId, UserId};
use aegis::store::io::IoCount;
use aegis::store::records::{DeadLetter, OutboxKey, Undecided, Warned};
use aegis::store::{Store, Tick};
use aegis::verdict::ActionKind;
use aegis::web::desk::{Desk, Refused};
use aegis::web::views::{
    BudgetChange, DecisionQuery, Forget, MemberQuery, MembersChange, Pardon, PersonQuery, Piece, UndoRule, UsageQuery,
};
use office::{Bench, CHESS, COMMON, Case, GARDEN, caller, owner, quiet};
use std::sync::Arc;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn undecided(bench: &Bench, chat: aegis::message::ChatId, message: i32) {
    let row = Undecided {
        chat,
        message: MessageId(message),
        at: Wall(1_760_000_000_000),
        why: "judging this message failed".to_owned(),
        trace: TraceId(9),
        excerpt: "an odd text".to_owned(),
    };
    bench.commit(Tick { undecided: vec![row], ..Tick::default() });
}

fn dead(bench: &Bench, chat: aegis::message::ChatId, message: i32) {
    bench.decide(&[Case { actions: vec![ActionKind::Ban], ..Case::spam(chat, message, 70) }]);
    let key = OutboxKey { chat, message: MessageId(message), action: ActionKind::Ban };
    let row = bench.office.snapshots.outbox().unwrap().into_iter().find(|row| row.key == key).unwrap();
    let letter = DeadLetter { row, why: "not enough rights".to_owned(), at: Wall(1_760_000_000_000) };
    bench.commit(Tick { dead: vec![letter], ..Tick::default() });
}

#[test]
fn what_is_foreign_is_refused_as_what_is_not_there() {
    let dir = folder();
    let bench = quiet(&dir);
    let number = bench.decide(&[Case::spam(GARDEN, 5, 70)]);
    dead(&bench, GARDEN, 6);
    undecided(&bench, GARDEN, 7);
    let desk = &bench.office;
    for stranger in [caller(Role::Admin, &["chess"]), caller(Role::Viewer, &["chess"]), caller(Role::Admin, &[])] {
        let alike = |there: Option<Refused>, missing: Option<Refused>| {
            assert_eq!((&there, &missing), (&Some(Refused::Denied), &Some(Refused::Denied)));
        };
        alike(desk.decision(&stranger, number).err(), desk.decision(&stranger, 999).err());
        alike(desk.undo(&stranger, number).err(), desk.undo(&stranger, 999).err());
        alike(desk.retry_dead_letter(&stranger, 1).err(), desk.retry_dead_letter(&stranger, 99).err());
        alike(desk.drop_dead_letter(&stranger, 1).err(), desk.drop_dead_letter(&stranger, 99).err());
        let id = |message| format!("{}.{message}", GARDEN.0);
        alike(desk.decide(&stranger, &id(7), "leave").err(), desk.decide(&stranger, &id(8), "leave").err());
        alike(desk.decide(&stranger, "nonsense", "?").err(), desk.set_budget(&stranger, "garden", &budget()).err());
        alike(desk.set_budget(&stranger, "garden", &budget()).err(), desk.set_budget(&stranger, "x", &budget()).err());
        alike(desk.system(&stranger).err(), desk.make_backup(&stranger).err());
        alike(desk.drop_backup(&stranger, "x").err(), desk.set_banner(&stranger, "hi").err());
        assert!(desk.decisions(&stranger, &DecisionQuery::default()).unwrap().items.is_empty());
        assert!(desk.dead_letters(&stranger, None).unwrap().items.is_empty());
        assert!(desk.undecided(&stranger).unwrap().is_empty());
        assert!(desk.overview(&stranger).unwrap().groups.iter().all(|group| group.id != GARDEN.0));
        assert!(desk.usage(&stranger).unwrap().iter().all(|usage| usage.tenant == "chess"));
    }
    for missing in [desk.decision(&owner(), 999).err(), desk.undo(&owner(), 999).map(|_| panic!()).err()] {
        assert_eq!(missing, Some(Refused::Missing), "who sees all is told");
    }
    assert_eq!(desk.set_budget(&owner(), "nobody", &budget()).err(), Some(Refused::Missing));
    assert!(desk.decision(&caller(Role::Viewer, &["garden"]), number).is_ok());
}

#[test]
fn a_member_is_told_and_forgotten_in_the_groups_of_whoever_asks_with_a_line_that_has_no_content() {
    let dir = folder();
    let bench = quiet(&dir);
    let number = bench.decide(&[Case::spam(GARDEN, 5, 70)]);
    let other = bench.decide(&[Case::spam(CHESS, 6, 70)]);
    let desk = &bench.office;
    let (query, forget) = (PersonQuery { user: Some(70), cursor: None }, Forget { user: 70 });
    let (admin, viewer) = (caller(Role::Admin, &["garden"]), caller(Role::Viewer, &["garden"]));
    assert_eq!(desk.export_member(&viewer, &query).err(), Some(Refused::Denied));
    assert_eq!(desk.forget_member(&viewer, &forget).err(), Some(Refused::Denied));
    assert_eq!(desk.snapshots.audit(9).unwrap(), Vec::new(), "nothing was asked for");
    let told = desk.export_member(&admin, &query).unwrap();
    assert_eq!(told.decisions.iter().map(|row| row.number).collect::<Vec<_>>(), [number]);
    let done = desk.forget_member(&admin, &forget).unwrap();
    assert!(done.changed == 1 && done.kept.iter().any(|line| line.contains("in force")), "{done:?}");
    let texts = desk.snapshots.decisions(9).unwrap().into_iter().map(|(number, of)| (number, of.excerpt.is_empty()));
    assert_eq!(texts.collect::<Vec<_>>(), [(other, false), (number, true)], "of another tenant's group all is there");
    assert_eq!(desk.forget_member(&admin, &forget).unwrap().changed, 0, "twice is as good as once");
    let lines: Vec<_> = desk.snapshots.audit(9).unwrap().into_iter().map(|(_, line)| line.what).collect();
    assert_eq!(lines, ["forgot member 70 on request: 1 rows", "told what is kept about member 70"]);
    assert!(matches!(desk.forget_member(&admin, &Forget { user: -1 }), Err(Refused::Wrong(_))));
    let hours = desk.usage_hours(&admin, &UsageQuery::default()).unwrap();
    assert!(hours.items.is_empty() && hours.next.is_none(), "nothing was counted here");
}

fn budget() -> BudgetChange {
    BudgetChange { money: Some("5.00".to_owned()), ..BudgetChange::default() }
}

#[test]
fn a_viewer_changes_nothing() {
    let dir = folder();
    let bench = quiet(&dir);
    let number = bench.decide(&[Case::spam(GARDEN, 5, 70)]);
    dead(&bench, GARDEN, 6);
    undecided(&bench, GARDEN, 7);
    let (viewer, desk) = (caller(Role::Viewer, &["garden"]), &bench.office);
    let rule = UndoRule { rule: "spam".to_owned(), since_s: 0, dry_run: true };
    let id = format!("{}.7", GARDEN.0);
    assert_eq!(desk.undo(&viewer, number).err(), Some(Refused::Denied));
    assert_eq!(desk.undo_rule(&viewer, &rule).err(), Some(Refused::Denied));
    assert_eq!(desk.retry_dead_letter(&viewer, 1).err(), Some(Refused::Denied));
    assert_eq!(desk.decide(&viewer, &id, "remove").err(), Some(Refused::Denied));
    assert_eq!(desk.audit(&viewer, None).err(), Some(Refused::Denied));
    assert_eq!(desk.snapshots.audit(9).unwrap(), Vec::new());
}

#[test]
fn a_viewer_is_told_no_text_and_nobodys_number() {
    let dir = folder();
    let bench = quiet(&dir);
    let number = bench.decide(&[Case { text: "my spamword is secret", ..Case::spam(GARDEN, 5, 70_007) }]);
    undecided(&bench, GARDEN, 7);
    let desk = &bench.office;
    let told = |who: &Caller| {
        let list = desk.decisions(who, &DecisionQuery::default()).unwrap();
        let (view, undecided) = (desk.decision(who, number).unwrap(), desk.undecided(who).unwrap());
        serde_json::to_string(&(list, view, undecided, desk.overview(who).unwrap())).unwrap()
    };
    let (admin, viewer) = (told(&caller(Role::Admin, &["garden"])), told(&caller(Role::Viewer, &["garden"])));
    for secret in ["secret", "70007", "odd text", "spamword"] {
        assert!(admin.contains(secret), "{secret} is not told to an admin: {admin}");
        assert!(!viewer.contains(secret), "{secret} is told to a viewer: {viewer}");
    }
    // Nor by asking for it.
    let who = caller(Role::Viewer, &["garden"]);
    let by_text = DecisionQuery { text: Some("secret".to_owned()), ..DecisionQuery::default() };
    assert!(desk.decisions(&who, &by_text).unwrap().items.is_empty());
    let by_sender = DecisionQuery { sender: Some(70_007), ..DecisionQuery::default() };
    assert_eq!(desk.decisions(&who, &by_sender).err(), Some(Refused::Denied));
}

#[test]
fn a_decision_shows_what_a_rule_saw_and_what_became_of_it() {
    let dir = folder();
    let bench = quiet(&dir);
    let number = bench.decide(&[Case::spam(GARDEN, 5, 70)]);
    let key = OutboxKey { chat: GARDEN, message: MessageId(5), action: ActionKind::Delete };
    bench.commit(Tick { confirmed: vec![key], updates: Vec::new(), ..Tick::default() });
    let view = bench.office.decision(&owner(), number).unwrap();
    let piece = |text: &str, rules: &[&str]| Piece {
        text: text.to_owned(),
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
    };
    let pieces = view.pieces.unwrap();
    assert_eq!(pieces, [piece("a ", &[]), piece("spamword", &["spam"]), piece(" for all", &[])]);
    assert_eq!(
        (view.findings[0].pack.as_deref(), view.findings[0].saw.as_deref().unwrap()),
        (Some("p"), &["spamword".to_owned()][..])
    );
    assert_eq!(view.row.fate, "deleted, ban waits");
    let states: Vec<(&str, &str)> =
        view.actions.iter().map(|action| (action.action.as_str(), action.state.as_str())).collect();
    assert_eq!(states, [("delete", "done"), ("ban", "waiting")]);
    assert_eq!(view.link.as_deref(), Some("https://t.me/c/1000000001/5"));
    let undo = view.undo.unwrap();
    assert!(undo.contains("could come back") && undo.contains("stays deleted"), "{undo}");
}

#[test]
fn decisions_come_in_pieces_without_gaps_and_searches_find_what_fits() {
    let dir = folder();
    let bench = quiet(&dir);
    let mut cases = Vec::new();
    for n in 1..=60 {
        let chat = [COMMON, GARDEN, CHESS][usize::try_from(n % 3).unwrap()];
        cases.push(Case {
            text: if n % 10 == 0 { "a SPAMword in Capitals" } else { "a spamword" },
            ..Case::spam(chat, n, i64::from(n))
        });
    }
    cases.push(Case { rule: "other", disposition: Disposition::Recorded, ..Case::spam(GARDEN, 61, 61) });
    bench.decide(&cases);
    let desk = &bench.office;
    let all = |who: &Caller, query: DecisionQuery| {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let query = DecisionQuery { cursor: cursor.clone(), limit: Some(7), ..query.clone() };
            let piece = desk.decisions(who, &query).unwrap();
            assert!(piece.items.len() <= 7);
            found.extend(piece.items.into_iter().map(|row| row.number));
            match piece.next {
                Some(next) => cursor = Some(next),
                None => return found,
            }
        }
    };
    let admin = caller(Role::Admin, &["garden"]);
    let own: Vec<u64> = (1..=61).rev().filter(|n| n % 3 == 1 || *n == 61).collect();
    assert_eq!(all(&admin, DecisionQuery::default()), own, "each once, newest first");
    let query = DecisionQuery { text: Some("capitals".to_owned()), ..DecisionQuery::default() };
    assert_eq!(all(&owner(), query), [60, 50, 40, 30, 20, 10]);
    let query = DecisionQuery { rule: Some("other".to_owned()), ..DecisionQuery::default() };
    assert_eq!(all(&owner(), query), [61]);
    let query = DecisionQuery { sender: Some(12), group: Some(COMMON.0), ..DecisionQuery::default() };
    assert_eq!(all(&owner(), query), [12]);
    let query = DecisionQuery { until_s: Some(1), ..DecisionQuery::default() };
    assert_eq!(all(&owner(), query), [0_u64; 0]);
    for wrong in [
        DecisionQuery { outcome: Some("maybe".to_owned()), ..DecisionQuery::default() },
        DecisionQuery { limit: Some(0), ..DecisionQuery::default() },
        DecisionQuery { cursor: Some("x".to_owned()), ..DecisionQuery::default() },
    ] {
        assert!(matches!(desk.decisions(&owner(), &wrong), Err(Refused::Wrong(_))), "{wrong:?}");
    }
}

#[test]
fn dead_letters_are_tried_again_or_dropped_once() {
    let dir = folder();
    let bench = quiet(&dir);
    dead(&bench, GARDEN, 5);
    dead(&bench, GARDEN, 6);
    let (admin, desk) = (caller(Role::Admin, &["garden"]), &bench.office);
    let list = desk.dead_letters(&admin, None).unwrap().items;
    assert_eq!(list.iter().map(|letter| letter.number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(list[0].words, "ban the sender for ever");
    desk.retry_dead_letter(&admin, 1).unwrap();
    desk.drop_dead_letter(&admin, 2).unwrap();
    assert_eq!(desk.snapshots.outbox().unwrap().len(), 1);
    assert_eq!(desk.retry_dead_letter(&owner(), 1).err(), Some(Refused::Missing));
    let what: Vec<String> = desk.audit(&admin, None).unwrap().items.into_iter().map(|line| line.what).collect();
    assert_eq!(what, ["dropped: dead letter 2", "retried: dead letter 1"]);
}

#[test]
fn a_message_in_quarantine_is_decided_once() {
    let dir = folder();
    let bench = quiet(&dir);
    undecided(&bench, GARDEN, 7);
    undecided(&bench, GARDEN, 8);
    let (admin, desk) = (caller(Role::Admin, &["garden"]), &bench.office);
    let ids: Vec<String> = desk.undecided(&admin).unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 2);
    assert!(matches!(desk.decide(&admin, &ids[0], "burn"), Err(Refused::Wrong(_))));
    desk.decide(&admin, &ids[0], "remove").unwrap();
    desk.decide(&admin, &ids[1], "leave").unwrap();
    assert!(desk.undecided(&admin).unwrap().is_empty());
    let rows = desk.snapshots.outbox().unwrap();
    assert_eq!(rows.iter().map(|row| row.key.action).collect::<Vec<_>>(), [ActionKind::Delete]);
    assert_eq!(desk.decide(&owner(), &ids[0], "leave").err(), Some(Refused::Missing));
}

#[test]
fn caps_are_set_durably_and_what_is_wrong_is_said_by_field() {
    let dir = folder();
    let bench = quiet(&dir);
    let desk = &bench.office;
    let change = BudgetChange { money: Some("7.50".to_owned()), calls: Some(9), ..BudgetChange::default() };
    let view = desk.set_budget(&owner(), "garden", &change).unwrap();
    assert_eq!((view.money_cap.as_str(), view.calls_cap, view.by_hand), ("7.50", 9, true));
    assert_eq!(desk.snapshots.caps().unwrap().len(), 1);
    for (change, field) in [
        (BudgetChange { money: Some("7,5".to_owned()), ..BudgetChange::default() }, "money"),
        (BudgetChange { calls: Some(u64::MAX), ..BudgetChange::default() }, "calls"),
        (BudgetChange { degrade: Some("be_strict".to_owned()), ..BudgetChange::default() }, "degrade"),
        (BudgetChange { calls: Some(1), as_settings: true, ..BudgetChange::default() }, "as_settings"),
        (BudgetChange::default(), ""),
    ] {
        let refused = desk.set_budget(&owner(), "garden", &change);
        assert!(matches!(&refused, Err(Refused::Wrong(fields)) if fields[0].0 == field), "{refused:?}");
    }
    let mode = BudgetChange { degrade: Some("strict_rules".to_owned()), ..BudgetChange::default() };
    let view = desk.set_budget(&owner(), "garden", &mode).unwrap();
    assert_eq!((view.degrade.as_str(), view.calls_cap), ("strict_rules", 9), "the caps stay");
    let back = BudgetChange { as_settings: true, ..BudgetChange::default() };
    assert!(!desk.set_budget(&owner(), "garden", &back).unwrap().by_hand);
    assert_eq!(desk.snapshots.caps().unwrap(), Vec::new());
    assert_eq!(desk.audit(&owner(), None).unwrap().items.len(), 4, "refused changes leave no line");
}

#[test]
fn copies_of_the_database_are_whole_private_and_few() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    let bench = quiet(&dir);
    bench.decide(&[Case::spam(GARDEN, 5, 70)]);
    let desk = &bench.office;
    let made = desk.make_backup(&owner()).unwrap();
    let path = desk.backup_path(&made.name).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // Older ones beside it: the oldest go when there are too many.
    let folder = path.parent().unwrap();
    for day in 10..18 {
        std::fs::write(folder.join(format!("journal-202001{day}-000000.redb")), "x").unwrap();
    }
    std::fs::write(folder.join("journal-20200101-000000.redb.new"), "half").unwrap();
    std::fs::write(folder.join("mine.txt"), "mine").unwrap();
    std::fs::remove_file(&path).unwrap();
    let made = desk.make_backup(&owner()).unwrap();
    let view = desk.system(&owner()).unwrap();
    assert_eq!((view.backups.len(), &view.backups[0].name), (aegis::limits::BACKUPS_KEPT, &made.name));
    assert!(folder.join("mine.txt").exists() && !folder.join("journal-20200101-000000.redb.new").exists());
    assert!(matches!(desk.make_backup(&owner()), Err(Refused::Busy(..)) | Ok(_)));
    // It opens as a database.
    let copied = tempfile::tempdir().unwrap();
    std::fs::copy(desk.backup_path(&made.name).unwrap(), copied.path().join("journal.redb")).unwrap();
    let keep = aegis::app::keep(&desk.config);
    let (store, found) = Store::open(copied.path(), 1 << 20, keep, &Arc::new(IoCount::default()), Wall(0)).unwrap();
    assert_eq!((found, store.snapshots().decisions(9).unwrap().len()), (aegis::store::Found::Sound, 1));
    desk.drop_backup(&owner(), &made.name).unwrap();
    assert_eq!(desk.drop_backup(&owner(), &made.name).err(), Some(Refused::Missing));
    assert_eq!(desk.drop_backup(&owner(), "../journal.redb").err(), Some(Refused::Missing));
}

#[test]
fn a_banner_is_everybodys_and_the_owners_to_set() {
    let dir = folder();
    let bench = quiet(&dir);
    let desk = &bench.office;
    desk.set_banner(&owner(), "  we are on holiday ").unwrap();
    let seen = desk.overview(&caller(Role::Viewer, &["garden"])).unwrap();
    assert_eq!((seen.banner.as_str(), seen.banner_by.as_str()), ("we are on holiday", "kim (page)"));
    assert!(matches!(desk.set_banner(&owner(), &"x".repeat(501)), Err(Refused::Wrong(_))));
    desk.set_banner(&owner(), "").unwrap();
    assert_eq!(desk.overview(&owner()).unwrap().banner, "");
}

#[test]
fn a_copy_made_under_load_holds_all_that_was_committed_before() {
    let dir = folder();
    let bench = quiet(&dir);
    let mut last = 0;
    std::thread::scope(|scope| {
        let (told, done) = std::sync::mpsc::channel::<()>();
        let busy = &bench;
        scope.spawn(move || {
            for n in 1.. {
                busy.decide(&[Case::spam(COMMON, n, i64::from(n))]);
                if done.try_recv().is_ok() {
                    break;
                }
            }
        });
        for round in 0..8 {
            let before = bench.office.snapshots.decisions(1).unwrap().first().map_or(0, |(number, _)| *number);
            let path = dir.path().join(format!("copy-{round}"));
            let bytes = bench.wait(bench.office.journal.backup(path.clone())).unwrap();
            let after = bench.office.snapshots.decisions(1).unwrap().first().map_or(0, |(number, _)| *number);
            let copied = tempfile::tempdir().unwrap();
            std::fs::copy(&path, copied.path().join("journal.redb")).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes);
            let keep = aegis::app::keep(&bench.office.config);
            let (store, found) =
                Store::open(copied.path(), 1 << 20, keep, &Arc::new(IoCount::default()), Wall(0)).unwrap();
            assert_eq!(found, aegis::store::Found::Sound);
            let numbers: Vec<u64> =
                store.snapshots().decisions(100_000).unwrap().iter().map(|(number, _)| *number).collect();
            last = numbers.first().copied().unwrap_or(0);
            assert!((before..=after).contains(&last), "{before} {last} {after}");
            assert!(numbers.iter().rev().copied().eq(1..=last), "a prefix of what was committed");
        }
        told.send(()).unwrap();
    });
    assert!(last > 0, "there was no load");
}

/// Warns somebody so many times.
fn warned(bench: &Bench, chat: aegis::message::ChatId, user: i64, times: u64) {
    let now = bench.office.clock.now().wall;
    for turn in 1..=times {
        let why = Warned { at: Wall(now.0 - turn), trace: TraceId(turn), reason: format!("reason {turn}") };
        let change = {
            let mut settler = bench.office.settler.lock();
            settler.members.change(chat, UserId(user), now, |record| record.warns.push(why)).unwrap()
        };
        bench.commit(Tick { members: vec![change], ..Tick::default() });
    }
}

fn of(chat: aegis::message::ChatId) -> MemberQuery {
    MemberQuery { group: Some(chat.0), ..MemberQuery::default() }
}

#[test]
fn who_is_vouched_for_is_so_in_memory_and_on_storage_and_in_the_audit_log() {
    let dir = folder();
    let bench = quiet(&dir);
    let admin = caller(Role::Admin, &["garden"]);
    let change = MembersChange { group: GARDEN.0, users: vec![71, 72, 71] };
    let done = bench.office.approve_members(&admin, &change).unwrap();
    assert_eq!((done.changed, done.unchanged), (2, 0), "each once");
    let again = bench.office.approve_members(&admin, &change).unwrap();
    assert_eq!((again.changed, again.unchanged), (0, 2), "twice is once");
    assert!(again.words.contains("2 were before"), "{}", again.words);
    let stored = |user| bench.office.snapshots.member(GARDEN, UserId(user)).unwrap();
    for user in [71, 72] {
        let remembered = bench.office.settler.lock().members.get(GARDEN, UserId(user)).unwrap().cloned();
        assert!(remembered.as_ref().unwrap().approved_at.0 > 0);
        assert_eq!(remembered, stored(user));
    }
    let log = bench.office.audit(&owner(), None).unwrap().items;
    assert_eq!((log.len(), log[0].what.as_str()), (1, format!("vouched for 2 members of group {}", GARDEN.0).as_str()));
    assert_eq!(log[0].after, "71, 72");
    let approved = MemberQuery { only: Some("approved".to_owned()), ..of(GARDEN) };
    let listed: Vec<_> = bench.office.members(&admin, &approved).unwrap().items.iter().map(|one| one.user).collect();
    assert_eq!(listed, [Some(72), Some(71)]);
    let ended = bench.office.unapprove_members(&admin, &MembersChange { users: vec![71, 99], ..change }).unwrap();
    assert_eq!((ended.changed, ended.unchanged), (1, 1));
    assert!(stored(99).is_none(), "nothing is kept of somebody nothing was known of");
    bench.kill();
    let bench = quiet(&dir);
    assert_eq!(bench.office.members(&admin, &approved).unwrap().items.len(), 1, "it outlives the process");
}

#[test]
fn an_order_about_too_many_or_nobody_or_a_foreign_group_changes_nothing() {
    let dir = folder();
    let bench = quiet(&dir);
    let admin = caller(Role::Admin, &["garden"]);
    for users in [vec![], vec![0], vec![-5, 7], (1..=1_001).collect()] {
        let change = MembersChange { group: GARDEN.0, users };
        assert!(matches!(bench.office.approve_members(&admin, &change), Err(Refused::Wrong(_))));
    }
    for group in [CHESS.0, -4, 5, 0] {
        let change = MembersChange { group, users: vec![7] };
        assert_eq!(bench.office.approve_members(&admin, &change).err(), Some(Refused::Denied));
        assert_eq!(bench.office.unapprove_members(&admin, &change).err(), Some(Refused::Denied));
        assert_eq!(bench.office.forgive_member(&admin, &Pardon { group, user: 7 }).err(), Some(Refused::Denied));
        let query = MemberQuery { group: Some(group), ..MemberQuery::default() };
        assert_eq!(bench.office.members(&admin, &query).err(), Some(Refused::Denied));
    }
    let change = MembersChange { group: -4, users: vec![7] };
    assert_eq!(bench.office.approve_members(&owner(), &change).err(), Some(Refused::Missing), "who sees all is told");
    assert!(bench.office.approve_members(&caller(Role::Viewer, &["garden"]), &change).is_err());
    assert!(bench.office.members(&admin, &of(GARDEN)).unwrap().items.is_empty());
    assert!(bench.office.audit(&owner(), None).unwrap().items.is_empty());
}

#[test]
fn warnings_are_shown_and_all_of_them_are_taken_back_at_once() {
    let dir = folder();
    let bench = quiet(&dir);
    warned(&bench, GARDEN, 71, 3);
    let admin = caller(Role::Admin, &["garden"]);
    let query = MemberQuery { user: Some(71), ..of(GARDEN) };
    let listed = bench.office.members(&admin, &query).unwrap().items;
    assert_eq!((listed.len(), listed[0].warnings.len()), (1, 3));
    assert!(listed[0].warnings.iter().all(|warning| warning.counts));
    let done = bench.office.forgive_member(&admin, &Pardon { group: GARDEN.0, user: 71 }).unwrap();
    assert_eq!(done.words, "3 warnings are taken back.");
    let known = bench.office.snapshots.member(GARDEN, UserId(71)).unwrap();
    assert!(known.as_ref().unwrap().warns.is_empty());
    assert_eq!(bench.office.settler.lock().members.get(GARDEN, UserId(71)).unwrap().cloned(), known);
    let log = bench.office.audit(&owner(), None).unwrap().items;
    assert!(log[0].what.contains("took 3 warnings of member 71"), "{}", log[0].what);
    assert_eq!(log[0].before, "reason 1; reason 2; reason 3");
    for user in [71, 99] {
        let none = bench.office.forgive_member(&admin, &Pardon { group: GARDEN.0, user });
        assert!(matches!(none, Err(Refused::Conflict(_))));
    }
}

#[test]
fn a_long_list_of_members_is_walked_in_pieces_and_shows_viewers_no_number() {
    let dir = folder();
    let bench = quiet(&dir);
    let change = MembersChange { group: GARDEN.0, users: (1..=45).map(|n| n * 1_000_000).collect() };
    bench.office.approve_members(&owner(), &change).unwrap();
    bench.office.approve_members(&owner(), &MembersChange { group: CHESS.0, ..change }).unwrap();
    for (role, shows) in [(Role::Admin, true), (Role::Viewer, false)] {
        let somebody = caller(role, &["garden"]);
        let (mut query, mut sizes, mut seen) = (of(GARDEN), Vec::new(), Vec::new());
        loop {
            let piece = bench.office.members(&somebody, &query).unwrap();
            sizes.push(piece.items.len());
            seen.extend(piece.items.into_iter().map(|one| one.user));
            let Some(next) = piece.next else { break };
            assert_eq!(next.len() > 2, shows, "where a list goes on is a number of somebody: {next}");
            query.cursor = Some(next);
        }
        assert_eq!(sizes, [20, 20, 5], "{role:?}");
        let numbers: std::collections::BTreeSet<_> = seen.iter().flatten().collect();
        assert_eq!(numbers.len(), if shows { 45 } else { 0 });
    }
    let viewer = caller(Role::Viewer, &["garden"]);
    let guess = MemberQuery { user: Some(1_000_000), ..of(GARDEN) };
    assert_eq!(bench.office.members(&viewer, &guess).err(), Some(Refused::Denied), "nobody is found by guessing");
    let admin = caller(Role::Admin, &["garden"]);
    for (only, cursor) in [(Some("evil"), None), (None, Some("x"))] {
        let query = MemberQuery { only: only.map(str::to_owned), cursor: cursor.map(str::to_owned), ..of(GARDEN) };
        assert!(matches!(bench.office.members(&admin, &query), Err(Refused::Wrong(_))));
    }
    assert!(matches!(bench.office.members(&admin, &MemberQuery::default()), Err(Refused::Wrong(_))));
}
