//! Databases as each step of the schema left them: taken up and down, nothing that must survive is lost; and the bytes
//! of every published record are still read as what was written.
//!
//! The fixtures in `migrations/fixtures/` were written by `cargo test --test migrations -- --ignored`, each by the program
//! that brought its step. They are never written anew.

#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on stops.

use aegis::access::Role;
use aegis::budget::{Account, Caps, Hold, Micros, Month, Paid, Spent};
use aegis::clock::Wall;
use aegis::decide::Disposition;
use aegis::links::Links;
use aegis::message::{
    AlbumId, ChatId, ChatKind, Message, MessageId, Revision, Sender, SurfaceKind, TraceId, UpdateId, UserId,
};
use aegis::opinions::{Ground, Key};
use aegis::overlay::{Effect, Layer, Overlay, OwnRules};
use aegis::store::desk::{
    AuditDetail, Banner, DeskTick, Label, Lesson, Mark, PersonChange, PolicyVersion, TokenRecord, UserRecord,
};
use aegis::store::group::{Asked, CardRecord, Errand, GroupTick, RaidRecord, Replied, ReportRecord, SharedBan, Verity};
use aegis::store::io::IoCount;
use aegis::store::records::{
    AlbumRecord, Audit, ChatRecord, DeadLetter, Decision, Detail, MemberRecord, OutboxKey, OutboxRow, OutboxState,
    Pause, Right, Undecided, Warned,
};
use aegis::store::retention::Redaction;
use aegis::store::slow_lane::StoredSpending;
use aegis::store::usage::{HourRow, Usage, UsageKey};
use aegis::store::{
    Found, JOURNAL_FILE, Keep, MemberChange, Promise, ReviewRow, Store, StoreError, Tick, open_file, schema, wal_of,
};
use aegis::tenant::TenantName;
use aegis::text;
use aegis::verdict::{ActionKind, Finding, Mode, Outcome, PlannedAction, Span, Verdict};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CACHE: usize = 1 << 20;
const KEEP: Keep = Keep { decisions: 100, done: 100, dedupe_batches: 100, dead_letters: 100, albums: 16, audit: 100 };
const CHAT: ChatId = ChatId(-1_001_234_567_890);

fn row(message: i32, action: ActionKind, decision: u64) -> OutboxRow {
    OutboxRow {
        key: OutboxKey { chat: CHAT, message: MessageId(message), action },
        decision,
        target: Sender::Member(UserId(7_000_000_001)),
        seconds: 3_600,
        state: OutboxState::Pending,
        attempts: 2,
        not_before: Wall(1_760_000_000_500),
        received: Wall(1_760_000_000_000),
        trace: TraceId(0x0123_4567_89ab_cdef),
        text: "A message was removed: advertising".to_owned(),
        detail: Detail::None,
    }
}

fn decision() -> Decision {
    Decision {
        at: Wall(1_760_000_000_001),
        chat: CHAT,
        message: MessageId(11),
        sender: Sender::Channel(ChatId(-1_009)),
        revision: Revision::Edited(1_760_000_000),
        outcome: Outcome::Block,
        score: 130,
        reason: "advertising".to_owned(),
        findings: vec![Finding {
            rule: "promo-phrases".to_owned(),
            score: 100,
            reason: "advertising".to_owned(),
            spans: vec![Span { surface: 1, from: 3, to: 9, utf16_from: 2, utf16_to: 5 }],
        }],
        actions: vec![PlannedAction { kind: ActionKind::Ban, seconds: 0 }],
        mode: Mode::Enforce,
        disposition: Disposition::Promised,
        policy: 0xfeed_beef,
        trace: TraceId(1),
        excerpt: "buy now".to_owned(),
    }
}

fn undecided() -> Undecided {
    Undecided {
        chat: CHAT,
        message: MessageId(12),
        at: Wall(1_760_000_000_002),
        why: "judging this message failed".to_owned(),
        trace: TraceId(2),
        excerpt: "odd".to_owned(),
    }
}

fn chat() -> ChatRecord {
    ChatRecord {
        delete: Right::Held,
        restrict: Right::Missing,
        admins: vec![UserId(1), UserId(2)],
        linked: Some(ChatId(-1_002)),
        facts_at: Wall(1_760_000_000_003),
        refusals: 1,
        moved_to: None,
    }
}

/// A member with two warnings, as a file of step 4 can tell it too.
fn member() -> MemberRecord {
    let notice_at = Wall(1_760_000_000_004);
    let warns = vec![Warned { at: notice_at, ..Warned::default() }; 2];
    MemberRecord { warns, notice_at, ..MemberRecord::default() }
}

const PAUSE: Pause = Pause { until: Wall(1_760_000_009_000), asked_ms: 9_000 };

fn dead() -> DeadLetter {
    let why = "Bad Request: message can't be deleted".to_owned();
    DeadLetter { row: row(13, ActionKind::Delete, 1), why, at: Wall(1_760_000_000_005) }
}

fn album() -> AlbumRecord {
    let parts = vec![MessageId(14), MessageId(15)];
    AlbumRecord { parts, blocked_for: Some("advertising".to_owned()), score: 100 }
}

fn review() -> ReviewRow {
    let mut message = Message::empty(CHAT, MessageId(16), Sender::Member(UserId(7)));
    message.push(SurfaceKind::Text, "a text that is long enough for a sketch of its letters to be taken of it");
    let mut scratch = text::Scratch::default();
    text::fold(&message, &mut scratch);
    let ground = Ground::new(0xfeed_beef, &TenantName::default(), "be kind", "small");
    let finding = Finding { rule: "odd".to_owned(), score: 60, reason: "odd".to_owned(), spans: Vec::new() };
    ReviewRow {
        chat: CHAT,
        message: MessageId(16),
        at: Wall(1_760_000_000_008),
        dated_s: 1_760_000_000,
        sender: message.sender,
        revision: Revision::Edited(1_760_000_001),
        album: Some(AlbumId(78)),
        trace: TraceId(3),
        tenant: TenantName::default(),
        chat_kind: ChatKind::Supergroup,
        member_age_s: Some(60),
        message_count: None,
        surfaces: ReviewRow::texts(&message),
        links: vec!["example.com/".to_owned()],
        key: Key::of(&message, scratch.canonical(), &Links::default(), &ground),
        verdict: Verdict { outcome: Outcome::Review, score: 60, findings: vec![finding], ..Verdict::default() },
    }
}

fn hold(id: u64) -> Hold {
    let (chat, sender) = (Account::Chat(CHAT), Account::Sender(7));
    Hold { id, tenant: TenantName::default(), month: Month(202_510), chat, sender, amount: Micros(1_000) }
}

const CAPS: Caps = Caps { money: Micros(5_000_000), calls: 1_000, chat_percent: 100, user_percent: 20 };

/// What is in a file since step 3.
fn holds_the_slow_lane(store: &Store) {
    let read = store.snapshots();
    assert_eq!(read.review(CHAT, MessageId(16)).unwrap(), Some(review()));
    assert_eq!(read.reviews(|row| row.trace).unwrap(), vec![TraceId(3)]);
    assert_eq!(read.holds().unwrap(), vec![hold(2)]);
    assert_eq!(read.caps().unwrap(), vec![(TenantName::default(), CAPS)]);
    let spent = Spent { money: Micros(1_400), calls: 2 };
    let accounts = [Account::Total, Account::Chat(CHAT), Account::Sender(7)];
    let month = Month(202_510);
    let spending = accounts.map(|account| StoredSpending { tenant: TenantName::default(), month, account, spent });
    assert_eq!(read.spending().unwrap(), spending);
}

fn user() -> UserRecord {
    let code = Some(([7; 32], Wall(1_760_000_100_000)));
    let tenants = vec![TenantName::default()];
    UserRecord { role: Role::Admin, tenants, since: Wall(1_760_000_000_009), password: Some("$x$".to_owned()), code }
}

fn token() -> TokenRecord {
    let (since, until) = (Wall(1_760_000_000_010), Wall(1_790_000_000_000));
    let (name, user) = ("a board of lamps".to_owned(), "kim".to_owned());
    TokenRecord { name, user, role: Role::Viewer, since, until, hash: [9; 32] }
}

fn policy_version() -> PolicyVersion {
    let layer = Layer {
        mode: Some(Mode::Enforce),
        review: Some(40),
        block: None,
        packs: [("promo".to_owned(), false)].into(),
        degrade: None,
    };
    let own = OwnRules { words: [("free money".to_owned(), Effect::Ban)].into(), ..OwnRules::default() };
    let overlay = Overlay {
        tenants: [(TenantName::default(), layer.clone())].into(),
        groups: [(CHAT, layer)].into(),
        own: [(TenantName::default(), own)].into(),
        recording: ["promo-phrases".to_owned()].into(),
        lists_off: ["phish".to_owned()].into(),
    };
    PolicyVersion {
        at: Wall(1_760_000_000_011),
        who: "kim (page)".to_owned(),
        note: "as agreed".to_owned(),
        changes: vec!["mode: record -> enforce".to_owned()],
        tenants: vec![TenantName::default()],
        overlay,
    }
}

fn lesson() -> Lesson {
    Lesson { decision: 1, chat: CHAT, label: Label::Fine, script: "latin".to_owned(), features: vec![3, 70_000] }
}

const USAGE: Usage = Usage {
    messages: 42,
    blocked: 3,
    unsure: 2,
    actions: 6,
    calls: 1,
    money_micros: 400,
    tokens_in: 0,
    tokens_out: 0,
    cache_hits: 0,
    at_least: false,
};
const DAY: u32 = 20_251_009;
const HOUR: u32 = 488_896;

/// What only files since step 6 can tell.
const TOKENS: Usage = Usage { messages: 1, tokens_in: 500, tokens_out: 20, cache_hits: 1, at_least: true, ..USAGE };

fn chess() -> TenantName {
    TenantName::new("chess").unwrap()
}

fn counted(tenant: TenantName) -> UsageKey {
    UsageKey { hour: HOUR, tenant, chat: CHAT, day: DAY }
}

fn mark() -> Mark {
    Mark { undone: Some((Wall(1_760_000_000_012), "kim (page)".to_owned())), label: Some(Label::Fine) }
}

fn detail() -> AuditDetail {
    AuditDetail { tenant: Some(TenantName::default()), before: "record".to_owned(), after: "enforce".to_owned() }
}

fn banner() -> Banner {
    Banner { text: "we are on holiday".to_owned(), who: "kim (page)".to_owned(), at: Wall(1_760_000_000_013) }
}

/// All of step 4, once.
fn desk() -> DeskTick {
    let entry = Audit { at: Wall(1_760_000_000_014), who: "kim (page)".to_owned(), what: "mode".to_owned() };
    DeskTick {
        audit: vec![(entry, detail())],
        people: vec![PersonChange::User("kim".to_owned(), user()), PersonChange::Token("0123abcd".to_owned(), token())],
        policies: vec![policy_version()],
        marks: vec![(1, mark())],
        lessons: vec![lesson()],
        banner: Some(banner()),
        decided: Vec::new(),
        titles: vec![(CHAT, "Neighbours".to_owned())],
        confirmed: Vec::new(),
        redact: Redaction::default(),
        roll_up: None,
        usage: [(counted(TenantName::default()), USAGE), (counted(chess()), TOKENS)].into(),
    }
}

/// What is in a file since step 4.
fn holds_the_desk(store: &Store) {
    let read = store.snapshots();
    assert_eq!(read.users().unwrap(), vec![("kim".to_owned(), user())]);
    assert_eq!(read.tokens().unwrap(), vec![("0123abcd".to_owned(), token())]);
    assert_eq!(read.audit_detail(2).unwrap(), Some(detail()));
    assert_eq!(read.policy_version(1).unwrap(), Some(policy_version()));
    assert_eq!(read.policies().unwrap(), vec![(1, PolicyVersion { overlay: Overlay::default(), ..policy_version() })]);
    assert_eq!(read.mark(1).unwrap(), Some(mark()));
    assert_eq!(read.lessons().unwrap(), vec![lesson()]);
    assert_eq!(read.banner().unwrap(), Some(banner()));
    assert_eq!(read.titles().unwrap(), vec![(CHAT, "Neighbours".to_owned())]);
    assert_eq!(read.usage(&TenantName::default()).unwrap(), vec![(DAY, USAGE)]);
}

/// All of step 5, once.
fn groups() -> GroupTick {
    let replied = Replied {
        message: MessageId(11),
        sender: Sender::Member(UserId(7_000_000_001)),
        name: "Robin".to_owned(),
        album: None,
        excerpt: "free money".to_owned(),
    };
    let what =
        Asked::Command { message: MessageId(17), topic: Some(3), text: "/spam".to_owned(), replied: Some(replied) };
    let errand = Errand {
        at: Wall(1_760_000_000_015),
        trace: TraceId(4),
        chat: CHAT,
        by: Sender::AnonymousAdmin,
        name: "Kim".to_owned(),
        what,
    };
    let restore = OutboxKey { chat: CHAT, message: MessageId(-5), action: ActionKind::Permit };
    GroupTick {
        errands: vec![errand],
        errands_done: Vec::new(),
        raids: vec![(CHAT, Some(raid(restore)))],
        rights: vec![(CHAT, 0b11)],
        bans: vec![(TenantName::default(), UserId(7), Some(ban()))],
        reports: vec![(CHAT, MessageId(11), report())],
        cards: vec![(1, CARD)],
        heard: Vec::new(),
    }
}

fn raid(restore: OutboxKey) -> RaidRecord {
    let (since, until) = (Wall(1_760_000_000_016), Wall(1_760_000_900_016));
    RaidRecord { since, until, by: "Kim".to_owned(), restore: Some(restore) }
}

fn ban() -> SharedBan {
    SharedBan { chat: CHAT, at: Wall(1_760_000_000_017), reason: "advertising".to_owned() }
}

fn report() -> ReportRecord {
    let by = vec![UserId(8), UserId(9)];
    ReportRecord { at: Wall(1_760_000_000_018), by, outcome: Some(Verity::Right), trace: TraceId(5) }
}

const CARD: CardRecord = CardRecord { chat: ChatId(-1_009), message: MessageId(99) };

/// What is in a file since step 5.
fn holds_the_groups(store: &Store) {
    let read = store.snapshots();
    let GroupTick { errands, raids, .. } = groups();
    assert_eq!(read.errands().unwrap(), (1..).zip(errands).collect::<Vec<_>>());
    let on: Vec<_> = raids.into_iter().filter_map(|(chat, raid)| Some((chat, raid?))).collect();
    assert_eq!(read.raids().unwrap(), on);
    assert_eq!(read.rights(CHAT).unwrap(), Some(0b11));
    assert_eq!(read.shared_ban(&TenantName::default(), UserId(7)).unwrap(), Some(ban()));
    assert_eq!(read.shared_bans().unwrap(), vec![(TenantName::default(), UserId(7))]);
    assert_eq!(read.report(CHAT, MessageId(11)).unwrap(), Some(report()));
    assert_eq!(read.card(1).unwrap(), Some(CARD));
}

/// What is in a file since step 6.
fn holds_the_hours(store: &Store) {
    let read = store.snapshots();
    let row = |tenant, used| HourRow { hour: HOUR, tenant, chat: CHAT, used };
    let rows = vec![row(chess(), TOKENS), row(TenantName::default(), USAGE)];
    assert_eq!(read.usage_hours((0, u32::MAX), |_, _| true, 9).unwrap(), (rows, false));
    assert_eq!(read.usage(&chess()).unwrap(), vec![(DAY, TOKENS)]);
}

/// Everything a file can hold, once.
fn everything() -> Tick {
    Tick {
        updates: vec![UpdateId(500), UpdateId(501)],
        promises: vec![Promise { decision: decision(), rows: vec![row(11, ActionKind::Ban, 1)] }],
        confirmed: vec![row(10, ActionKind::Delete, 1).key],
        dead: vec![dead()],
        undecided: vec![undecided()],
        chats: vec![(CHAT, chat())],
        members: vec![MemberChange { chat: CHAT, user: UserId(7_000_000_001), record: member() }],
        pauses: vec![(ChatId(0), PAUSE)],
        albums: vec![(CHAT, AlbumId(77), album())],
        audit: vec![Audit { at: Wall(1_760_000_000_006), who: "terminal".to_owned(), what: "retried".to_owned() }],
        totals: vec![("messages", 42)],
        reviews: vec![review()],
        reserved: vec![hold(1), hold(2)],
        settled: vec![(1, Paid::Money(Micros(400)))],
        caps: vec![(TenantName::default(), Some(CAPS))],
        desk: desk(),
        group: groups(),
        ..Tick::default()
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/fixtures")
}

fn fixture(number: u64) -> PathBuf {
    fixtures().join(format!("{number:04}.redb"))
}

fn count() -> Arc<IoCount> {
    Arc::new(IoCount::default())
}

#[test]
#[ignore = "writes the fixtures of steps that have none yet"]
fn write_the_fixtures() {
    for step in schema::STEPS {
        let path = fixture(step.number);
        if path.exists() {
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(dir.path(), CACHE, KEEP, &count(), Wall(0)).unwrap();
        store.commit(&[everything()], Wall(1_760_000_000_007)).unwrap();
        drop(store);
        let file = dir.path().join(JOURNAL_FILE);
        let mut database = open_file(&file, CACHE, &count()).unwrap();
        schema::to(&database, step.number).unwrap();
        while database.compact().unwrap() {}
        drop(database);
        std::fs::create_dir_all(fixtures()).unwrap();
        std::fs::copy(file, path).unwrap();
    }
}

/// A copy of a fixture, in a folder as the program would find it.
fn copy_of(number: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(fixture(number), dir.path().join(JOURNAL_FILE)).expect("every step has a fixture");
    dir
}

fn holds_everything(store: &Store) {
    let read = store.snapshots();
    assert_eq!(read.decisions(9).unwrap(), vec![(1, decision())]);
    assert_eq!(read.outbox().unwrap(), vec![row(11, ActionKind::Ban, 1)]);
    assert_eq!(read.dead_letters(9).unwrap(), vec![(1, dead())]);
    assert_eq!(read.undecided().unwrap(), vec![undecided()]);
    assert_eq!(read.chats().unwrap(), vec![(CHAT, chat())]);
    assert_eq!(read.member(CHAT, UserId(7_000_000_001)).unwrap(), Some(member()));
    assert_eq!(read.pauses().unwrap(), vec![(ChatId(0), PAUSE)]);
    assert_eq!(read.updates().unwrap(), vec![UpdateId(500), UpdateId(501)]);
    assert_eq!(read.totals().unwrap(), vec![("messages".to_owned(), 42)]);
}

#[test]
fn every_step_has_a_fixture_that_is_small_and_says_its_schema() {
    for step in schema::STEPS {
        let dir = copy_of(step.number);
        let path = dir.path().join(JOURNAL_FILE);
        assert!(std::fs::metadata(&path).unwrap().len() <= 256 * 1024, "{} is large", step.number);
        assert_eq!(schema::found(&open_file(&path, CACHE, &count()).unwrap()).unwrap(), step.number);
    }
}

#[test]
fn a_database_of_every_step_is_opened_with_all_it_holds() {
    for step in schema::STEPS {
        let dir = copy_of(step.number);
        let (store, found) = Store::open(dir.path(), CACHE, KEEP, &count(), Wall(0)).unwrap();
        assert_eq!(found, Found::Sound);
        holds_everything(&store);
    }
}

#[test]
fn steps_go_down_and_up_again_and_lose_only_what_they_say() {
    for first in schema::STEPS {
        let dir = copy_of(schema::known());
        let path = dir.path().join(JOURNAL_FILE);
        let database = open_file(&path, CACHE, &count()).unwrap();
        schema::to(&database, first.number).unwrap();
        assert_eq!(schema::found(&database).unwrap(), first.number);
        drop(database);
        let (store, _) = Store::open(dir.path(), CACHE, KEEP, &count(), Wall(0)).unwrap();
        holds_everything(&store);
        let albums = store.snapshots().album(CHAT, AlbumId(77)).unwrap();
        assert_eq!(albums, (first.number >= 2).then(album));
        if first.number >= 3 {
            holds_the_slow_lane(&store);
        } else {
            assert_eq!(store.snapshots().reviews(|row| row.trace).unwrap(), Vec::new());
            assert_eq!(store.snapshots().spending().unwrap(), Vec::new());
        }
        if first.number >= 4 {
            holds_the_desk(&store);
        } else {
            assert_eq!(store.snapshots().users().unwrap(), Vec::new());
            assert_eq!(store.snapshots().usage(&TenantName::default()).unwrap(), Vec::new());
        }
        if first.number >= 5 {
            holds_the_groups(&store);
        } else {
            assert_eq!(store.snapshots().errands().unwrap(), Vec::new());
            assert_eq!(store.snapshots().raids().unwrap(), Vec::new());
        }
        if first.number >= 6 {
            holds_the_hours(&store);
        } else {
            assert_eq!(store.snapshots().usage_hours((0, u32::MAX), |_, _| true, 9).unwrap(), (Vec::new(), false));
            // The sums of what was not in its day yet are there, as far as older programs know them.
            let known = Usage { tokens_in: 0, tokens_out: 0, cache_hits: 0, at_least: false, ..TOKENS };
            let days = if first.number >= 4 { vec![(DAY, known)] } else { Vec::new() };
            assert_eq!(store.snapshots().usage(&chess()).unwrap(), days);
        }
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let dir = copy_of(schema::known());
    let path = dir.path().join(JOURNAL_FILE);
    let database = open_file(&path, CACHE, &count()).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(aegis::store::tables::META).unwrap().insert("schema", 99).unwrap();
    txn.commit().unwrap();
    drop(database);
    let refused = Store::open(dir.path(), CACHE, KEEP, &count(), Wall(0));
    assert!(matches!(refused, Err(StoreError::Newer { found: 99, .. })));
    let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names, [path.clone(), wal_of(&path)], "nothing was set aside");
    // Opening may grow a file; what it holds stays.
    let database = open_file(&path, CACHE, &count()).unwrap();
    assert_eq!(schema::found(&database).unwrap(), 99);
    let txn = database.begin_write().unwrap();
    txn.open_table(aegis::store::tables::META).unwrap().insert("schema", schema::known()).unwrap();
    txn.commit().unwrap();
    drop(database);
    let (store, _) = Store::open(dir.path(), CACHE, KEEP, &count(), Wall(0)).unwrap();
    holds_everything(&store);
    holds_the_slow_lane(&store);
    holds_the_desk(&store);
    holds_the_groups(&store);
    holds_the_hours(&store);
}

#[test]
fn a_damaged_file_is_set_aside_and_a_new_one_is_begun() {
    let dir = copy_of(schema::known());
    let path = dir.path().join(JOURNAL_FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(5_000);
    bytes.fill(0x5a);
    std::fs::write(&path, &bytes).unwrap();
    let (store, found) = Store::open(dir.path(), CACHE, KEEP, &count(), Wall(7)).unwrap();
    let Found::SetAside { to, .. } = found else { panic!("it was believed") };
    assert_eq!(std::fs::read(to).unwrap(), bytes, "what was damaged is kept for a person");
    assert_eq!(store.snapshots().decisions(9).unwrap(), Vec::new());
}
