//! An office with everything real behind it but Telegram, for tests.
//!
//! Promises: its file and its packs are in a folder of its own, which goes with it.
//!
//! Never: in the program.

#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on stops.

use super::{Office, Teacher, setup};
use crate::access::{Caller, Reach, Role};
use crate::budget::Ledger;
use crate::chats::ChatBook;
use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::journal::history::{self, Keeper};
use crate::journal::{self, CommitPace, Writer};
use crate::message::{ChatId, Message, MessageId, Sender, SurfaceKind, TraceId, UserId};
use crate::overlay::Overlay;
use crate::policy::{Scratch, judge_on};
use crate::reload::{Reloader, Source, load_policy, rulebook};
use crate::review::{Lane, SharedLane};
use crate::settle::{Case, SharedSettler};
use crate::shard::InForce;
use crate::store::io::IoCount;
use crate::store::records::Decision;
use crate::store::{Keep, Promise, Store, Tick};
use crate::tenant::TenantName;
use crate::verdict::Verdict;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Groups of the fixture: two of tenant `garden`, one of `chess`, one of the default tenant.
pub const GARDEN: i64 = -11;
pub const GARDEN_OWN: i64 = -12;
pub const CHESS: i64 = -21;
pub const COMMON: i64 = -31;

const SETTINGS: &str = "mode = \"record\"\n[tenants.garden]\nchats = [\"-11\", \"-12\"]\n[tenants.chess]\nchats = [\"-21\"]\n\
                        [chats.\"-12\"]\nblock = 90\n[chats.\"-31\"]\nblock = 80\n";

const PACK: &str = "[pack]\nid = \"rude\"\nversion = 1\n[[rule]]\nid = \"rude\"\nscore = 60\nkeywords = [\"rudeword\"]\n\
                    reason = \"rude\"\n[[rule]]\nid = \"vile\"\nscore = 100\nactions = [\"delete\", \"ban\"]\n\
                    keywords = [\"vileword\"]\nreason = \"vile\"\n";

/// One life of an office.
pub struct Life {
    pub office: Office,
    writer: Option<Writer>,
    keeper: Option<Keeper>,
    _heard: tokio::sync::mpsc::Receiver<crate::dispatch::task::Word>,
    _gone: tokio::sync::oneshot::Receiver<()>,
    _runtime: tokio::runtime::Runtime,
}

/// Writes settings and packs into a folder.
pub fn furnish(dir: &Path, more: &str) {
    let packs = dir.join("packs");
    std::fs::create_dir_all(&packs).unwrap();
    std::fs::write(packs.join("rude.toml"), PACK).unwrap();
    let (data, packs) = (dir.join("data"), packs.display());
    std::fs::create_dir_all(&data).unwrap();
    let head = format!("data_dir = \"{}\"\npolicy_dir = \"{packs}\"\n", data.display());
    std::fs::write(dir.join("aegis.toml"), format!("{head}{SETTINGS}{more}")).unwrap();
}

impl Life {
    /// Opens the office of a furnished folder, as the appliance does at its start.
    pub fn begin(dir: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let source = Source::new(Some(&dir.join("aegis.toml")), Vec::new());
        let config: Config = source.load().unwrap();
        let (clock, counters, io) = (Clock::start(), Arc::default(), Arc::new(IoCount::default()));
        let keep = Keep { decisions: 500, done: 100, dedupe_batches: 10, dead_letters: 10, albums: 10, audit: 100 };
        let (store, _) = Store::open(&config.data_dir, 1 << 20, keep, &io, clock.now().wall).unwrap();
        let snapshots = store.snapshots();
        let (gone_sender, gone) = tokio::sync::oneshot::channel();
        let pace = CommitPace { burst: 1_000, per_second: 0, settled_ms: 250 };
        let (journal, writer) =
            journal::start(store, pace, clock.clone(), io, Arc::clone(&counters), gone_sender).unwrap();
        let in_force = InForce::new(Arc::new(rulebook(&config, load_policy(&config).unwrap())));
        let changed: Overlay = snapshots.policy().unwrap().map(|(_, version)| version.overlay).unwrap_or_default();
        let reloader = Reloader::new(&config, None, in_force.clone(), Arc::clone(&counters), Wall(0))
            .with_settings(source, config.clone())
            .with_overlay(changed, Wall(0));
        let (dispatch, heard) = tokio::sync::mpsc::channel(8);
        let (notes, keeper) =
            history::start(config.data_dir.clone(), 100, Arc::clone(&counters), Arc::default(), Box::new(drop))
                .unwrap();
        let mut lane = Lane::new(Ledger::default(), &config.board.capacity, Arc::clone(&counters));
        lane.settings(&in_force.now().ai);
        let settler = SharedSettler::new(snapshots.clone(), Arc::clone(&counters));
        let mut book = ChatBook::default();
        book.saw(ChatId(GARDEN), clock.now());
        book.is_called(ChatId(GARDEN), "Garden chat".to_owned());
        let office = Office {
            standing: reloader.standing(),
            reloader: Arc::new(Mutex::new(reloader)),
            previewing: Arc::default(),
            teacher: Teacher::default(),
            config,
            counters,
            clock,
            snapshots,
            journal,
            dispatch,
            book: Arc::new(Mutex::new(book)),
            lane: SharedLane::new(lane),
            in_force,
            notes: Some(notes),
            bot: setup::Bot::at_work(),
            trouble: Arc::default(),
            poll_stale_ms: 60_000,
            settler,
            rounds: super::system::Rounds::default(),
            orders: Mutex::new(()),
            backups: Default::default(),
            receivers: Default::default(),
            calls: Default::default(),
            sync: Default::default(),
            runtime: runtime.handle().clone(),
        };
        let (writer, keeper) = (Some(writer), Some(keeper));
        Self { office, writer, keeper, _heard: heard, _gone: gone, _runtime: runtime }
    }

    /// Closes everything, so that the same folder can be opened again.
    pub fn end(self) {
        let Self { office, writer, keeper, .. } = self;
        drop(office);
        keeper.unwrap().close();
        writer.unwrap().join().unwrap();
    }

    /// What is in force says of a text.
    pub fn said(&self, chat: i64, text: &str) -> Verdict {
        let now = self.office.in_force.now();
        judge_on(&now.terms(ChatId(chat)), &message(chat, text), &mut Scratch::default())
    }

    /// Stores a message and what is said of it now, as for trying other rules.
    pub fn stored(&self, chat: i64, text: &str) {
        let verdict = self.said(chat, text);
        self.office.notes.as_ref().unwrap().note(&message(chat, text), &verdict);
    }

    /// Makes a decision about a text durable; returns its number.
    pub fn decided(&self, chat: i64, text: &str) -> u64 {
        let verdict = self.said(chat, text);
        let case = Case::of(&message(chat, text), TraceId(1), Wall(1));
        let decision = Decision {
            at: Wall(1),
            chat: case.chat,
            message: case.message,
            sender: case.sender,
            revision: case.revision,
            outcome: verdict.outcome,
            score: verdict.score,
            reason: verdict.reason,
            findings: verdict.findings,
            actions: verdict.actions,
            mode: crate::verdict::Mode::Record,
            disposition: crate::decide::Disposition::Recorded,
            policy: verdict.policy,
            trace: case.trace,
            excerpt: case.excerpt,
        };
        let promises = vec![Promise { decision, rows: Vec::new() }];
        self.office.commit(Tick { promises, ..Tick::default() }).unwrap();
        self.office.snapshots.decisions(1).unwrap().first().unwrap().0
    }
}

/// A message of an ordinary member.
pub fn message(chat: i64, text: &str) -> Message {
    let mut message = Message::empty(ChatId(chat), MessageId(1), Sender::Member(UserId(7)));
    message.sent_s = 1_000;
    message.push(SurfaceKind::Text, text);
    message
}

/// Somebody who looks after these tenants.
pub fn caller(name: &str, role: Role, tenants: &[&str]) -> Caller {
    let own = tenants.iter().filter_map(|name| TenantName::new(name)).collect();
    Caller { name: name.to_owned(), role, reach: Reach::Only(own), door: "page".to_owned() }
}

/// An owner.
pub fn owner() -> Caller {
    caller("kim", Role::Owner, &[])
}
