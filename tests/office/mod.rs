//! A desk with all that it needs behind it, in a folder of its own; with a dispatcher and a stand-in for Telegram when wanted.
//!
//! Promises: everything is the real thing but for the poll: decisions are written down as the flow writes them.

#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // Each test uses a part of it.

use aegis::access::{Caller, Reach, Role};
use aegis::chats::ChatBook;
use aegis::clock::{Clock, Wall};
use aegis::config::Config;
use aegis::counters::Counters;
use aegis::decide::{ChatRules, Disposition};
use aegis::demo::standin::StandIn;
use aegis::desk::{Office, Teacher, setup};
use aegis::dispatch::outbox::{Outbox, Pace};
use aegis::dispatch::task::{Dispatcher, Word, lock};
use aegis::ingest::poll::Trouble;
use aegis::journal::{self, CommitPace, Writer};
use aegis::limits;
use aegis::message::{ChatId, MessageId, Revision, Sender, TraceId, UserId};
use aegis::policy::{PackSource, compile};
use aegis::reload::Reloader;
use aegis::review::{self, Lane, SharedLane};
use aegis::settle::SharedSettler;
use aegis::shard::{InForce, Rulebook};
use aegis::store::io::IoCount;
use aegis::store::records::{Decision, Detail, OutboxKey, OutboxRow, OutboxState};
use aegis::store::{Promise, Store, Tick};
use aegis::telegram::Telegram;
use aegis::tenant::{Tenant, TenantName, Tenants};
use aegis::tracer::Tracer;
use aegis::verdict::{ActionKind, Finding, Mode, Outcome, PlannedAction, Span, Thresholds};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Long enough for the slowest machine; nothing waits so long unless it is broken.
pub const LONG: Duration = Duration::from_secs(60);

/// A group of the default tenant, of "garden", of "chess".
pub const COMMON: ChatId = ChatId(-1_001_000_000_000);
pub const GARDEN: ChatId = ChatId(-1_001_000_000_001);
pub const CHESS: ChatId = ChatId(-1_001_000_000_002);

const PACK: &str = "[pack]\nid = \"p\"\nversion = 1\n\n[[rule]]\nid = \"spam\"\nreason = \"advertising\"\nscore = 100\n\
                    keywords = [\"spamword\"]\nactions = [\"delete\", \"ban\"]\n";

/// A desk and what is behind it. Dropped, it ends without a word of warning, as in a power cut of the program.
pub struct Bench {
    pub office: Arc<Office>,
    dispatcher: JoinHandle<()>,
    stop: watch::Sender<bool>,
    writer: Writer,
    runtime: Runtime,
}

pub fn name(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

/// Somebody who looks after these tenants.
pub fn caller(role: Role, own: &[&str]) -> Caller {
    let own = own.iter().map(|own| name(own)).collect();
    Caller { name: "kim".to_owned(), role, reach: Reach::Only(own), door: "page".to_owned() }
}

pub fn owner() -> Caller {
    caller(Role::Owner, &[])
}

fn tenants() -> Tenants {
    let rules = ChatRules { mode: Mode::Enforce, thresholds: Thresholds::default(), ..ChatRules::default() };
    let mut tenants = Tenants::with_rules(rules);
    tenants.add(Tenant { name: name("garden"), rules, ..Tenant::default() }, [GARDEN]);
    tenants.add(Tenant { name: name("chess"), rules, ..Tenant::default() }, [CHESS]);
    tenants
}

/// What is to be decided.
pub struct Case {
    pub chat: ChatId,
    pub message: i32,
    pub user: i64,
    pub text: &'static str,
    pub actions: Vec<ActionKind>,
    pub rule: &'static str,
    pub disposition: Disposition,
}

impl Case {
    /// A message that is deleted and whose sender is banned.
    pub fn spam(chat: ChatId, message: i32, user: i64) -> Self {
        Self {
            chat,
            message,
            user,
            text: "a spamword for all",
            actions: vec![ActionKind::Delete, ActionKind::Ban],
            rule: "spam",
            disposition: Disposition::Promised,
        }
    }

    fn promise(&self, at: Wall) -> Promise {
        let actions: Vec<PlannedAction> =
            self.actions.iter().map(|kind| PlannedAction { kind: *kind, seconds: 0 }).collect();
        let (message, sender) = (MessageId(self.message), Sender::Member(UserId(self.user)));
        let trace = TraceId(u64::try_from(self.message).unwrap() + 77);
        let row = |action: &PlannedAction| OutboxRow {
            key: OutboxKey { chat: self.chat, message, action: action.kind },
            decision: 0,
            target: sender,
            seconds: 0,
            state: OutboxState::Pending,
            attempts: 0,
            not_before: Wall(0),
            received: at,
            trace,
            text: "removed".to_owned(),
            detail: Detail::None,
        };
        let is_promised = self.disposition == Disposition::Promised;
        let rows = if is_promised { actions.iter().map(row).collect() } else { Vec::new() };
        let span = Span { surface: 0, from: 2, to: 10, utf16_from: 2, utf16_to: 10 };
        let finding =
            Finding { rule: self.rule.to_owned(), score: 100, reason: "advertising".to_owned(), spans: vec![span] };
        let decision = Decision {
            at,
            chat: self.chat,
            message,
            sender,
            revision: Revision::Original,
            outcome: Outcome::Block,
            score: 100,
            reason: "advertising".to_owned(),
            findings: vec![finding],
            actions,
            mode: if is_promised { Mode::Enforce } else { Mode::Record },
            disposition: self.disposition,
            policy: 7,
            trace,
            excerpt: self.text.to_owned(),
        };
        Promise { decision, rows }
    }
}

/// Opens a desk on a folder, which may be an earlier one's. With a stand-in the dispatcher works against it, and a call
/// may take `patience`; without one nobody carries anything out.
pub fn open(dir: &Path, standin: Option<&StandIn>, patience: Duration) -> Bench {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { data_dir: dir.to_owned(), ..Config::default() };
    let (clock, counters, io) = (Clock::start(), Arc::new(Counters::default()), Arc::new(IoCount::default()));
    let now = clock.now();
    let (store, _) = Store::open(dir, 1 << 20, aegis::app::keep(&config), &io, now.wall).unwrap();
    let snapshots = store.snapshots();
    let chats = ChatBook::new(snapshots.chats().unwrap()).with_titles(snapshots.titles().unwrap());
    let book = Arc::new(Mutex::new(chats));
    for chat in [COMMON, GARDEN, CHESS] {
        lock(&book).saw(chat, now);
    }
    let (gone, _) = oneshot::channel();
    let pace = CommitPace { burst: 1_000, per_second: 0, settled_ms: 250 };
    let (journal, writer) =
        journal::start(store, pace, clock.clone(), Arc::clone(&io), Arc::clone(&counters), gone).unwrap();
    let source = PackSource { file: "p.toml".into(), text: PACK.into(), lists: Vec::new() };
    let in_force = InForce::new(Arc::new(Rulebook::new(compile(&[source]).unwrap(), tenants())));
    let ledger = review::ledger(&snapshots).unwrap();
    let lane = SharedLane::new(Lane::new(ledger, &config.board.capacity, Arc::clone(&counters)));
    let (dispatch, mut heard) = mpsc::channel(limits::DISPATCH_WORDS_MAX);
    let (stop, stopped) = watch::channel(false);
    let reloader = Reloader::new(&config, None, in_force.clone(), Arc::clone(&counters), now.wall);
    let office = Office {
        config,
        counters: Arc::clone(&counters),
        clock: clock.clone(),
        settler: SharedSettler::new(snapshots.clone(), Arc::clone(&counters)),
        snapshots: snapshots.clone(),
        journal: journal.clone(),
        dispatch,
        book: Arc::clone(&book),
        lane,
        in_force,
        standing: reloader.standing(),
        reloader: Arc::new(Mutex::new(reloader)),
        previewing: Arc::default(),
        teacher: Teacher::default(),
        bot: setup::Bot::at_work(),
        notes: None,
        trouble: Trouble::default(),
        poll_stale_ms: u64::MAX,
        rounds: aegis::desk::system::Rounds::default(),
        orders: Mutex::new(()),
        backups: Default::default(),
        receivers: Default::default(),
        calls: Default::default(),
        sync: Default::default(),
        runtime: runtime.handle().clone(),
    };
    let dispatcher = match standin {
        None => runtime.spawn(async move { while heard.recv().await.is_some() {} }),
        Some(standin) => {
            let telegram = Telegram::new(aegis::demo::script::TOKEN, &standin.api_url(), patience, 4).unwrap();
            let pace = Pace { requests_per_second: 0, group_messages_per_minute: 0, calls_in_flight: 4 };
            let mut outbox = Outbox::new(pace, telegram.own_id(), Arc::clone(&counters));
            let tracer = Tracer::default();
            {
                let book = lock(&book);
                outbox.resume_pauses(&snapshots.pauses().unwrap(), &book, now);
                outbox.push(snapshots.outbox().unwrap(), &book, now);
            }
            let dispatcher = Dispatcher { outbox, telegram, journal, book, clock, counters, salt: 1, tracer };
            let _entered = runtime.enter();
            runtime.spawn(async move { drop(dispatcher.run(heard, stopped).await) })
        }
    };
    Bench { office: Arc::new(office), dispatcher, stop, writer, runtime }
}

/// A desk that nobody carries anything out for.
pub fn quiet(dir: &TempDir) -> Bench {
    open(dir.path(), None, LONG)
}

impl Bench {
    /// Writes decisions down and hands their rows on; returns the number of the last one.
    pub fn decide(&self, cases: &[Case]) -> u64 {
        let at = self.office.clock.now().wall;
        self.commit(Tick { promises: cases.iter().map(|case| case.promise(at)).collect(), ..Tick::default() });
        self.office.snapshots.decisions(1).unwrap().first().unwrap().0
    }

    pub fn commit(&self, tick: Tick) {
        let committed = self.runtime.block_on(self.office.journal.commit(tick)).unwrap();
        self.runtime.block_on(self.office.dispatch.send(Word::Rows(committed.accepted))).unwrap();
    }

    /// Waits for something on the bench's runtime.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Ends at once: calls under way are cut off, their answers are never heard.
    pub fn kill(self) {
        self.dispatcher.abort();
        let _aborted = self.runtime.block_on(self.dispatcher);
        drop(self.office);
        self.writer.join().unwrap();
    }
}
