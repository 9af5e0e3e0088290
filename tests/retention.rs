//! What is kept too long goes, and nothing else; what a member is told of, and what is forgotten about them.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod world;

use aegis::clock::Wall;
use aegis::decide::Disposition;
use aegis::desk::person::{Done, File, is_quoted};
use aegis::jobs::retention;
use aegis::journal::history;
use aegis::limits;
use aegis::manners::Manners;
use aegis::message::{ChatId, Message, MessageId, Revision, Sender, SurfaceKind, TraceId, UpdateId, UserId};
use aegis::opinion::MODEL_RULE;
use aegis::store::desk::{AuditDetail, DeskTick, Mark};
use aegis::store::group::{GroupTick, ReportRecord, SharedBan};
use aegis::store::history::{HistoryReader, Kept};
use aegis::store::io::IoCount;
use aegis::store::records::{
    Audit, DeadLetter, Decision, Detail, MemberRecord, OutboxKey, OutboxRow, OutboxState, Undecided, Warned,
};
use aegis::store::retention::{Expiry, Looking};
use aegis::store::{JOURNAL_FILE, Keep, MemberChange, Promise, Store, Tick};
use aegis::telegram::{Incoming, What};
use aegis::tenant::{Retention, Tenant, TenantName, Tenants};
use aegis::verdict::{ActionKind, Finding, Mode, Outcome, PlannedAction, Span, Verdict};
use aegis::web::views::PersonView;
use std::path::Path;
use std::sync::Arc;

const KEEP: Keep = Keep { decisions: 100_000, done: 9, dedupe_batches: 9, dead_letters: 99, albums: 9, audit: 10_000 };
/// The default tenant's.
const CHAT: ChatId = ChatId(-1_001);
/// Of a tenant with other times.
const STRICT: ChatId = ChatId(-1_002);
const DAY_MS: u64 = 86_400_000;
const NOW: Wall = Wall(1_795_651_200_000);

fn open(dir: &Path) -> Store {
    Store::open(dir, 1 << 20, KEEP, &Arc::new(IoCount::default()), NOW).unwrap().0
}

fn tenants() -> Arc<Tenants> {
    let mut tenants = Tenants::default();
    let retention = Retention { text_days: 7, decisions_days: 10, audit_days: 20 };
    tenants.add(Tenant { name: TenantName::new("strict").unwrap(), retention, ..Tenant::default() }, [STRICT]);
    Arc::new(tenants)
}

fn before(days: u64) -> Wall {
    Wall(NOW.0 - days * DAY_MS - 1)
}

fn decision(chat: ChatId, at: Wall, user: i64) -> Decision {
    let finding = |rule: &str| Finding {
        rule: rule.to_owned(),
        score: 100,
        reason: "it says: buy now".to_owned(),
        spans: vec![Span { surface: 0, from: 0, to: 3, utf16_from: 0, utf16_to: 3 }],
    };
    Decision {
        at,
        chat,
        message: MessageId(7),
        sender: Sender::Member(UserId(user)),
        revision: Revision::Original,
        outcome: Outcome::Block,
        score: 100,
        reason: "advertising".to_owned(),
        findings: vec![finding("promo"), finding(MODEL_RULE)],
        actions: Vec::new(),
        mode: Mode::Enforce,
        disposition: Disposition::Promised,
        policy: 1,
        trace: TraceId(1),
        excerpt: "buy now".to_owned(),
    }
}

fn promise(decision: Decision) -> Promise {
    Promise { decision, rows: Vec::new() }
}

fn letter(chat: ChatId, at: Wall, text: &str) -> DeadLetter {
    let key = OutboxKey { chat, message: MessageId(at.0 as i32), action: ActionKind::Ban };
    let row = OutboxRow {
        key,
        decision: 1,
        target: Sender::Member(UserId(5)),
        seconds: 0,
        state: OutboxState::Pending,
        attempts: 0,
        not_before: Wall(0),
        received: at,
        trace: TraceId(1),
        text: text.to_owned(),
        detail: Detail::None,
    };
    DeadLetter { row, why: "forbidden".to_owned(), at }
}

/// A pass, as the job makes it, without its pauses.
fn pass(store: &mut Store, tenants: &Arc<Tenants>, now: Wall) -> usize {
    let expiry = Expiry { tenants: Arc::clone(tenants), now };
    let (mut rows, mut at) = (0, Some(Looking::FIRST));
    while let Some(from) = at {
        let (redact, next) = store.snapshots().expired(&expiry, from).unwrap();
        assert!(redact.len() <= limits::EXPIRE_ROWS_AT_ONCE, "a commit is bounded");
        rows += redact.len();
        at = next;
        store.commit(&[Tick { desk: DeskTick { redact, ..DeskTick::default() }, ..Tick::default() }], now).unwrap();
    }
    rows
}

#[test]
fn texts_go_first_then_decisions_then_the_audit_log_each_by_the_times_of_its_tenant() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let line = |days: u64, tenant: &str| {
        let audit = Audit { at: before(days), who: "kim".to_owned(), what: format!("{tenant} {days}") };
        (audit, AuditDetail { tenant: TenantName::new(tenant), ..AuditDetail::default() })
    };
    let undecided = |chat, message, days| Undecided {
        chat,
        message: MessageId(message),
        at: before(days),
        why: "odd".to_owned(),
        trace: TraceId(1),
        excerpt: "what they wrote".to_owned(),
    };
    let tick = Tick {
        promises: [(STRICT, 11), (CHAT, 200), (STRICT, 9), (CHAT, 40), (CHAT, 20), (STRICT, 1), (STRICT, 0)]
            .map(|(chat, days)| promise(decision(chat, before(days), 5)))
            .into(),
        dead: vec![letter(CHAT, before(40), "Hello Robin"), letter(CHAT, before(39), ""), letter(CHAT, before(1), "x")],
        undecided: vec![undecided(CHAT, 1, 40), undecided(CHAT, 2, 3), undecided(STRICT, 3, 8)],
        desk: DeskTick {
            audit: vec![line(800, "default"), line(100, "default"), line(21, "strict"), line(2, "strict")],
            marks: vec![(1, Mark { undone: Some((NOW, "kim".to_owned())), label: None })],
            ..DeskTick::default()
        },
        ..Tick::default()
    };
    store.commit(&[tick], NOW).unwrap();
    let all = tenants();
    assert!(pass(&mut store, &all, NOW) > 0);
    let read = store.snapshots();
    let left: Vec<_> =
        read.decisions(99).unwrap().into_iter().rev().map(|(number, of)| (number, of.excerpt.len())).collect();
    assert_eq!(left, [(3, 0), (4, 0), (5, 7), (6, 7), (7, 7)], "number, and how much of the text");
    let emptied = read.decisions(99).unwrap().into_iter().find(|(number, _)| *number == 4).unwrap().1;
    assert_eq!((emptied.findings[0].reason.as_str(), emptied.findings[0].spans.len()), ("it says: buy now", 0));
    assert_eq!(emptied.findings[1].reason, "", "what the model says may repeat the text");
    assert_eq!(emptied.sender, Sender::Member(UserId(5)), "who it was is needed to take it back");
    assert_eq!(read.mark(1).unwrap(), None, "a mark goes with its decision");
    let dead: Vec<_> = read.dead_letters(9).unwrap().into_iter().map(|(number, _)| number).collect();
    assert_eq!(dead, [2, 3], "what was to be said goes with the texts");
    let texts: Vec<_> =
        read.undecided().unwrap().into_iter().map(|row| (row.message.0, row.excerpt.is_empty())).collect();
    assert_eq!(texts, [(3, true), (1, true), (2, false)]);
    let lines: Vec<_> = read.audit(9).unwrap().into_iter().map(|(_, line)| line.what).collect();
    assert_eq!(lines, ["strict 2", "default 100"]);
    assert_eq!(pass(&mut store, &all, NOW), 0, "a second pass finds nothing");
    // After years all of it is gone but for the last rows, which say what number comes next, and are empty.
    let later = Wall(NOW.0 + 4_000 * DAY_MS);
    assert!(pass(&mut store, &all, later) > 0);
    assert_eq!(pass(&mut store, &all, later), 0);
    let (decisions, lines) = (read.decisions(9).unwrap(), read.audit(9).unwrap());
    assert_eq!((decisions.len(), decisions[0].0, decisions[0].1.excerpt.as_str(), lines.len()), (1, 7, "", 1));
    drop((read, store));
    let mut store = open(dir.path());
    let numbers = store.commit(&[Tick { promises: vec![promise(decision(CHAT, later, 5))], ..Tick::default() }], later);
    assert_eq!(numbers.unwrap()[0].decisions, [8], "no number is given twice");
}

#[test]
fn a_pass_over_many_is_made_of_bounded_pieces_and_the_next_start_gives_the_room_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let count: u64 = 12_000;
    for _ in 0..count / 1_000 {
        let many = || decision(CHAT, before(200), 5);
        let promises = (0..1_000).map(|_| promise(Decision { excerpt: "x".repeat(400), ..many() })).collect();
        store.commit(&[Tick { promises, ..Tick::default() }], NOW).unwrap();
    }
    let size = || std::fs::metadata(dir.path().join(JOURNAL_FILE)).unwrap().len();
    let full = size();
    assert_eq!(pass(&mut store, &tenants(), NOW) as u64, count, "all but the last, which is emptied");
    drop(store);
    let started = std::time::Instant::now();
    let store = open(dir.path());
    println!("{full} bytes before, {} after the next start, which took {} ms", size(), started.elapsed().as_millis());
    assert!(size() * 4 < full, "{} of {full}", size());
    assert_eq!(store.snapshots().decisions(9).unwrap().len(), 1);
}

fn kept(chat: ChatId, sent_s: u64, text: &str) -> Message {
    let mut message = Message::empty(chat, MessageId(1), Sender::Member(UserId(1)));
    message.sent_s = sent_s;
    message.push(SurfaceKind::Text, text);
    message
}

#[test]
fn stored_messages_go_when_their_time_is_over_also_those_that_wait_to_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let start = || history::start(dir.path().to_owned(), 99, Arc::default(), Arc::default(), Box::new(drop)).unwrap();
    let (notes, keeper) = start();
    let at = |days| before(days).seconds();
    for (chat, days) in [(CHAT, 40), (CHAT, 8), (STRICT, 8), (STRICT, 2)] {
        notes.note(&kept(chat, at(days), "hello"), &Verdict::default());
    }
    drop(notes);
    keeper.close();
    let (notes, keeper) = start();
    notes.note(&kept(STRICT, at(9), "waits"), &Verdict::default());
    let all = tenants();
    let told = notes.forget(Box::new(move |kept| retention::is_over(&all, kept, NOW)));
    assert_eq!(told.recv().unwrap(), 2, "those that were written down");
    drop(notes);
    keeper.close();
    let left = HistoryReader::open(dir.path()).unwrap().unwrap().from(0, 99).unwrap();
    let left: Vec<_> = left.into_iter().map(|(_, kept)| (kept.chat, kept.sent_s)).collect();
    assert_eq!(left, [(CHAT, at(8)), (STRICT, at(2))]);
}

/// A member with something in every list, in two tenants' groups.
fn filled(dir: &Path) -> Store {
    let mut store = open(dir);
    let ban = PlannedAction { kind: ActionKind::Ban, seconds: 0 };
    let mute = PlannedAction { kind: ActionKind::Mute, seconds: 60 };
    let of = |chat, text: &str, actions: Vec<PlannedAction>| {
        promise(Decision { excerpt: text.to_owned(), actions, ..decision(chat, before(1), 5) })
    };
    let record = MemberRecord { messages: 3, warns: vec![Warned::default()], ..MemberRecord::default() };
    let member = |chat, user| MemberChange { chat, user: UserId(user), record: record.clone() };
    let report = ReportRecord { at: NOW, by: vec![UserId(5), UserId(6)], ..ReportRecord::default() };
    let shared = SharedBan { chat: STRICT, at: NOW, reason: "advertising".to_owned() };
    let tick = Tick {
        promises: vec![
            of(CHAT, "hello all", Vec::new()),
            of(CHAT, "a muted one", vec![mute]),
            of(STRICT, "a banned one", vec![ban]),
            of(STRICT, "an undone ban", vec![ban]),
            promise(decision(CHAT, before(1), 6)),
        ],
        members: vec![member(CHAT, 5), member(STRICT, 5), member(CHAT, 6)],
        dead: vec![letter(CHAT, before(1), "")],
        desk: DeskTick {
            marks: vec![(4, Mark { undone: Some((NOW, "kim".to_owned())), label: None })],
            ..DeskTick::default()
        },
        group: GroupTick {
            reports: vec![(CHAT, MessageId(3), report)],
            bans: vec![(TenantName::new("strict").unwrap(), UserId(5), Some(shared))],
            ..GroupTick::default()
        },
        ..Tick::default()
    };
    store.commit(&[tick], NOW).unwrap();
    store
}

fn file<T>(store: &Store, sees: &dyn Fn(&TenantName) -> bool, f: impl FnOnce(&File<'_>) -> T) -> T {
    f(&File {
        snapshots: &store.snapshots(),
        tenants: &tenants(),
        user: UserId(5),
        sees,
        manners: &|_| Manners::default(),
        title: &|chat| chat.0.to_string(),
        now: NOW,
    })
}

fn told(store: &Store, sees: &dyn Fn(&TenantName) -> bool) -> PersonView {
    let seen = [(CHAT, "hello all, and more"), (CHAT, "of somebody else"), (STRICT, "hello all")];
    let kept = seen.map(|(chat, text)| Kept::of(&kept(chat, 7, text), &Verdict::default()));
    file(store, sees, |file| file.told(&(None, kept.to_vec()), None).unwrap())
}

#[test]
fn a_member_is_told_all_that_is_kept_in_the_groups_of_whoever_asks_and_nothing_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let all = told(&store, &|_| true);
    let (texts, groups): (Vec<_>, Vec<_>) = (
        all.decisions.iter().map(|row| row.excerpt.as_str()).collect(),
        all.groups.iter().map(|row| row.group).collect(),
    );
    assert_eq!(texts, ["an undone ban", "a banned one", "a muted one", "hello all"]);
    assert_eq!((groups, all.actions.len(), all.reports.len(), all.bans.len()), (vec![STRICT.0, CHAT.0], 1, 1, 1));
    assert_eq!(all.messages.len(), 1, "the message that a decision quotes, in that group");
    assert_eq!(all.messages[0].texts, ["hello all, and more"]);
    let own = told(&store, &|tenant| tenant.as_str() == "strict");
    assert!(own.decisions.iter().all(|row| row.group == STRICT.0) && own.decisions.len() == 2);
    assert_eq!((own.groups.len(), own.actions.len(), own.reports.len(), own.bans.len()), (1, 0, 0, 1));
}

#[test]
fn a_member_is_forgotten_everywhere_but_where_a_ban_is_in_force_and_twice_is_as_good_as_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path());
    let forget = |store: &mut Store| {
        let (mut done, piece) = (Done::default(), file(store, &|_| true, |file| file.piece(None).unwrap()));
        done.add(&piece);
        let desk = DeskTick { redact: piece.redact, ..DeskTick::default() };
        store.commit(&[Tick { desk, ..Tick::default() }], NOW).unwrap();
        (done, piece.quoted)
    };
    let (done, quoted) = forget(&mut store);
    assert_eq!((done.decisions, done.texts, done.bans), (3, 1, 1), "{done:?}");
    assert_eq!((done.members, done.reports, done.dead), (2, 1, 1), "{done:?}");
    assert!(is_quoted(&Kept::of(&kept(CHAT, 7, "hello all, and more"), &Verdict::default()), &quoted));
    assert!(!is_quoted(&Kept::of(&kept(STRICT, 7, "hello all, and more"), &Verdict::default()), &quoted));
    let read = store.snapshots();
    let left: Vec<_> = read.decisions(9).unwrap().into_iter().map(|(_, of)| (of.sender, of.excerpt)).collect();
    let (nobody, banned, other) = (Sender::Member(UserId(0)), Sender::Member(UserId(5)), Sender::Member(UserId(6)));
    let empty = String::new;
    assert_eq!(
        left,
        [(other, "buy now".to_owned()), (nobody, empty()), (banned, empty()), (nobody, empty()), (nobody, empty())]
    );
    assert_eq!(read.member(CHAT, UserId(5)).unwrap(), None);
    assert!(read.member(CHAT, UserId(6)).unwrap().is_some(), "of others all is there");
    assert_eq!(read.report(CHAT, MessageId(3)).unwrap().unwrap().by, [UserId(6)]);
    assert!(read.shared_ban(&TenantName::new("strict").unwrap(), UserId(5)).unwrap().is_some(), "it is in force");
    let told = done.told(UserId(5));
    assert!(told.kept.iter().any(|line| line.contains("in force")) && !told.done.is_empty(), "{told:?}");
    assert!(!done.audit(UserId(5)).contains("hello"), "the audit log has no content");
    let (again, quoted) = forget(&mut store);
    assert_eq!((again.changed(), quoted), (0, Vec::new()), "{again:?}");
}

fn aegis(dir: &Path, args: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aegis"));
    command.args(args).env_clear().env("AEGIS_DATA_DIR", dir);
    let out = command.output().unwrap();
    (out.status.success(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
}

#[test]
fn the_terminal_tells_and_forgets_in_the_files_when_no_appliance_runs() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let (notes, keeper) =
        history::start(dir.path().to_owned(), 99, Arc::default(), Arc::default(), Box::new(drop)).unwrap();
    for text in ["hello all, and more", "of somebody else"] {
        notes.note(&kept(CHAT, 7, text), &Verdict::default());
    }
    drop(notes);
    keeper.close();
    let out = dir.path().join("five.json");
    let (_, said) = aegis(dir.path(), &["export", "--user", "5", "--out", out.to_str().unwrap()]);
    let text = std::fs::read_to_string(&out).unwrap_or_else(|_| panic!("{said}"));
    for part in ["hello all, and more", "an undone ban", "\"next\": null"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (is_good, said) = aegis(dir.path(), &["export", "--user", "5", "--out", out.to_str().unwrap()]);
    assert!(!is_good && said.contains("is not there"), "nothing is overwritten: {said}");
    let (is_good, said) = aegis(dir.path(), &["forget", "--user", "5"]);
    assert!(is_good && said.contains("Member 5 is forgotten") && said.contains("Kept:"), "{said}");
    assert!(said.contains("1 stored message was removed"), "{said}");
    let (_, said) = aegis(dir.path(), &["export", "--user", "5"]);
    assert!(!said.contains("hello") && !said.contains("ban\",") && said.contains("\"groups\": []"), "{said}");
    let (is_good, said) = aegis(dir.path(), &["forget", "--user", "5"]);
    assert!(is_good && said.contains("Nothing more was kept"), "{said}");
    let (is_good, said) = aegis(dir.path(), &["forget", "--user", "0"]);
    assert!(!is_good && said.contains("no member's number"), "{said}");
    let left = HistoryReader::open(dir.path()).unwrap().unwrap().from(0, 9).unwrap();
    assert_eq!(left.len(), 1, "the message of somebody else");
    let lines = open(dir.path()).snapshots().audit(9).unwrap();
    assert_eq!((lines.len(), lines[0].1.what.contains("hello")), (1, false));
}

#[test]
fn where_no_text_may_be_stored_none_is_written() {
    let book = |text_days| world::rulebook_for(Retention { text_days, ..Retention::default() });
    for (text_days, is_there) in [(30, true), (0, false)] {
        let disk = world::disk::Disk::default();
        let mut board = world::Board::start(disk.clone(), &book(text_days), world::UNPACED, world::at(0)).unwrap();
        for (id, text) in
            (1_u32..).zip(["a spamword beside uniquemarker", "rudeword and uniquemarker", "only uniquemarker"])
        {
            let mut message = kept(CHAT, 1_760_000_000, text);
            message.id = MessageId(id as i32);
            let what = What::Message(Box::new(message));
            board.take(vec![Incoming { id: UpdateId(id), what }], world::at(u64::from(id))).unwrap();
        }
        let decided = board.snapshots().decisions(9).unwrap();
        assert_eq!(decided.len(), 2);
        assert!(decided.iter().all(|(_, decision)| decision.excerpt.is_empty() != is_there));
        let written = disk.image();
        let found = written.windows(12).any(|window| window == b"uniquemarker");
        assert_eq!(found, is_there, "text_days = {text_days}");
    }
}
