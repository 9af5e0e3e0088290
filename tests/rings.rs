//! What people make by hand, as stored: each list is a ring of a named length, what is counted adds up, and the ends of
//! actions are told apart.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::access::Role;
use aegis::clock::Wall;
use aegis::limits;
use aegis::message::{ChatId, MessageId, Sender, TraceId, UserId};
use aegis::overlay::Overlay;
use aegis::store::desk::{
    AuditDetail, DeskTick, Label, Lesson, Mark, PersonChange, PolicyVersion, TokenRecord, UserRecord,
};
use aegis::store::endings::Ending;
use aegis::store::io::IoCount;
use aegis::store::records::{Audit, DeadLetter, Detail, OutboxKey, OutboxRow, OutboxState};
use aegis::store::usage::{Usage, UsageKey};
use aegis::store::{Committed, Keep, Store, Tick};
use aegis::tenant::TenantName;
use aegis::verdict::ActionKind;
use std::ops::ControlFlow;
use std::sync::Arc;

const KEEP: Keep = Keep { decisions: 9, done: 9, dedupe_batches: 9, dead_letters: 4, albums: 9, audit: 5 };
const CHAT: ChatId = ChatId(-1_001);

struct File {
    store: Store,
    _dir: tempfile::TempDir,
}

impl File {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path(), 1 << 20, KEEP, &Arc::new(IoCount::default()), Wall(0)).unwrap();
        Self { store, _dir: dir }
    }

    fn commit(&mut self, tick: Tick) -> Committed {
        self.store.commit(&[tick], Wall(1_000)).unwrap().remove(0)
    }

    fn desk(&mut self, desk: DeskTick) {
        self.commit(Tick { desk, ..Tick::default() });
    }
}

fn row(message: i32, action: ActionKind) -> OutboxRow {
    OutboxRow {
        key: OutboxKey { chat: CHAT, message: MessageId(message), action },
        decision: 0,
        target: Sender::Member(UserId(7)),
        seconds: 0,
        state: OutboxState::Pending,
        attempts: 0,
        not_before: Wall(0),
        received: Wall(1),
        trace: TraceId(1),
        text: String::new(),
        detail: Detail::None,
    }
}

#[test]
fn rings_forget_the_oldest() {
    let mut file = File::new();
    let version = |number: u64| PolicyVersion {
        at: Wall(number),
        who: "kim".to_owned(),
        note: String::new(),
        changes: Vec::new(),
        tenants: Vec::new(),
        overlay: Overlay::default(),
    };
    let versions = limits::POLICY_VERSIONS_KEPT + 3;
    file.desk(DeskTick { policies: (1..=versions).map(version).collect(), ..DeskTick::default() });
    let kept = file.store.snapshots().policies().unwrap();
    assert_eq!((kept.len() as u64, kept[0].0), (limits::POLICY_VERSIONS_KEPT, versions));
    assert_eq!(file.store.snapshots().policy().unwrap(), Some((versions, version(versions))));
    let lesson =
        |decision| Lesson { decision, chat: CHAT, label: Label::Fine, script: String::new(), features: vec![1] };
    let lessons = (1..=limits::LESSONS_KEPT + 5).map(lesson).collect();
    file.desk(DeskTick { lessons, ..DeskTick::default() });
    let kept = file.store.snapshots().lessons().unwrap();
    assert_eq!((kept.len() as u64, kept[0].decision), (limits::LESSONS_KEPT, 6));
    let entry = |number: u64| {
        let entry = Audit { at: Wall(number), who: "kim".to_owned(), what: number.to_string() };
        (entry, AuditDetail { before: number.to_string(), ..AuditDetail::default() })
    };
    file.desk(DeskTick { audit: (1..=9).map(entry).collect(), ..DeskTick::default() });
    let mut seen = Vec::new();
    let read = file.store.snapshots();
    read.audit_before(None, |number, entry, detail| {
        assert_eq!(
            (entry.what.as_str(), detail.unwrap().before.as_str()),
            (&*number.to_string(), &*number.to_string())
        );
        seen.push(number);
        if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(seen, [9, 8, 7], "newest first, no further than asked");
    assert_eq!(read.audit_detail(4).unwrap(), None, "details go with their entries");
    let titles = (0..i64::try_from(limits::CHATS_MAX).unwrap() + 9).map(|n| (ChatId(-n), n.to_string())).collect();
    file.desk(DeskTick { titles, ..DeskTick::default() });
    assert_eq!(file.store.snapshots().titles().unwrap().len(), limits::CHATS_MAX);
}

#[test]
fn usage_adds_up_by_tenant_and_day() {
    let mut file = File::new();
    let (garden, chess) = (TenantName::new("garden").unwrap(), TenantName::new("chess").unwrap());
    let one = Usage { messages: 1, blocked: 1, unsure: 1, actions: 2, calls: 1, money_micros: 5, ..Usage::default() };
    let on = |tenant: &TenantName, day| UsageKey { hour: 498_000, tenant: tenant.clone(), chat: CHAT, day };
    let mut desk = DeskTick::default();
    desk.count(on(&garden, 20_261_125), one);
    desk.count(on(&garden, 20_261_125), one);
    desk.count(on(&chess, 20_261_125), one);
    assert_eq!(desk.usage.len(), 2, "a row a tenant and day");
    file.desk(desk.clone());
    file.desk(desk);
    let read = file.store.snapshots();
    assert_eq!(read.usage(&garden).unwrap(), [(20_261_125, one.plus(one).plus(one).plus(one))]);
    assert_eq!(read.usage(&chess).unwrap(), [(20_261_125, one.plus(one))]);
}

#[test]
fn marks_merge_and_tokens_go_with_their_user() {
    let mut file = File::new();
    let undone = Mark { undone: Some((Wall(5), "kim".to_owned())), label: None };
    file.desk(DeskTick { marks: vec![(3, undone.clone())], ..DeskTick::default() });
    let label = Mark { undone: None, label: Some(Label::Spam) };
    file.desk(DeskTick {
        marks: vec![(3, label), (4, Mark { label: Some(Label::Fine), undone: None })],
        ..DeskTick::default()
    });
    let read = file.store.snapshots();
    assert_eq!(read.mark(3).unwrap(), Some(Mark { label: Some(Label::Spam), ..undone }));
    assert_eq!(read.undone().unwrap().into_iter().collect::<Vec<_>>(), [3]);
    let user = UserRecord { role: Role::Admin, tenants: Vec::new(), since: Wall(1), password: None, code: None };
    let token = |user: &str| TokenRecord {
        name: "lamps".to_owned(),
        user: user.to_owned(),
        role: Role::Viewer,
        since: Wall(1),
        until: Wall(2),
        hash: [1; 32],
    };
    let people = vec![
        PersonChange::User("kim".to_owned(), user.clone()),
        PersonChange::User("lee".to_owned(), user),
        PersonChange::Token("a".to_owned(), token("kim")),
        PersonChange::Token("b".to_owned(), token("lee")),
        PersonChange::Token("c".to_owned(), token("kim")),
        PersonChange::UserGone("kim".to_owned()),
    ];
    file.desk(DeskTick { people, ..DeskTick::default() });
    let left: Vec<String> = file.store.snapshots().tokens().unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!((left, file.store.snapshots().users().unwrap().len()), (vec!["b".to_owned()], 1));
}

#[test]
fn the_ends_of_actions_are_told_apart() {
    let mut file = File::new();
    let rows: Vec<OutboxRow> = (1..=5).map(|message| row(message, ActionKind::Ban)).collect();
    let committed = file.commit(Tick { orders: rows.clone(), ..Tick::default() });
    assert_eq!(committed.accepted.len(), 5);
    let letter = |row: &OutboxRow| DeadLetter { row: row.clone(), why: "no rights".to_owned(), at: Wall(9) };
    file.commit(Tick {
        confirmed: vec![rows[0].key],
        dropped: vec![rows[1].key],
        dead: vec![letter(&rows[2])],
        ..Tick::default()
    });
    let endings = file.store.snapshots().endings().unwrap();
    let of = |index: usize| endings.of(rows[index].key).unwrap();
    assert_eq!((of(0), of(1)), (Ending::Done(Wall(1_000)), Ending::Dropped(Wall(1_000))));
    assert!(matches!(of(2), Ending::Dead(1, _)) && matches!(of(3), Ending::Waits(_)));
    assert_eq!(endings.of(row(99, ActionKind::Ban).key).unwrap(), Ending::Unknown);
    // Taken back and given up at one time: taken back holds, and nobody is asked to try it again.
    file.commit(Tick { dropped: vec![rows[4].key], ..Tick::default() });
    file.commit(Tick { dead: vec![letter(&rows[4])], ..Tick::default() });
    let read = file.store.snapshots();
    assert!(matches!(read.endings().unwrap().of(rows[4].key).unwrap(), Ending::Dropped(_)));
    assert_eq!(read.dead_letter_count().unwrap(), 1);
}

#[test]
fn what_people_order_comes_after_all_that_was_promised_before() {
    let mut file = File::new();
    file.commit(Tick { orders: vec![row(9, ActionKind::Notify)], ..Tick::default() });
    file.commit(Tick { orders: vec![row(5, ActionKind::Unban)], ..Tick::default() });
    let rows = file.store.snapshots().outbox().unwrap();
    let order: Vec<(ActionKind, u64)> = rows.iter().map(|row| (row.key.action, row.decision)).collect();
    assert_eq!(order, [(ActionKind::Notify, 0), (ActionKind::Unban, file.store.next_decision())]);
}
