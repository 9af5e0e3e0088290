//! A desk with a clerk, a group, its administrator and its members.
//!
//! Promises: what is asked for is durable before it is carried out, as in the appliance.

use aegis::chats::ChatBook;
use aegis::clock::Wall;
use aegis::config::Ai;
use aegis::decide::{ChatRules, Standing};
use aegis::desk::clerk::{Clerk, RaidSwitch};
use aegis::dispatch::task::lock;
use aegis::manners::Manners;
use aegis::message::{AlbumId, ChatId, MessageId, Sender, TraceId, UserId};
use aegis::press::{Press, Signer};
use aegis::store::Tick;
use aegis::store::group::{Asked, CardRecord, Errand, Replied};
use aegis::store::records::{Decision, MemberRecord, OutboxRow};
use aegis::tenant::{Tenant, Tenants};
use aegis::verdict::{ActionKind, Mode, Thresholds};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::office::{Bench, COMMON, LONG, open};

/// The group, and the chat of its administrators.
pub const GROUP: ChatId = COMMON;
pub const ADMINS: ChatId = ChatId(-1_002_000_000_000);

/// The bot, an administrator, a second one, two members.
pub const OWN: UserId = UserId(999);
pub const ROBIN: Sender = Sender::Member(UserId(7));
pub const ALEX: Sender = Sender::Member(UserId(8));
pub const KIM: Sender = Sender::Member(UserId(70_000));
pub const SASHA: Sender = Sender::Member(UserId(70_001));

/// A desk with a clerk.
pub struct Stage {
    pub bench: Bench,
    pub clerk: Clerk,
    next: Cell<i32>,
}

/// How the group is kept, but for what a test is about.
pub fn manners() -> Manners {
    Manners::default()
}

pub fn signer() -> Signer {
    Signer::of_token("1:token")
}

pub fn raised(dir: &Path, mode: Mode, manners: Manners, raids: Option<Arc<dyn RaidSwitch>>) -> Stage {
    let bench = open(dir, None, LONG);
    let rules = ChatRules { mode, thresholds: Thresholds::default(), ..ChatRules::default() };
    let community_rules = "Be kind.\nNo coins.".into();
    let tenant = Tenant { rules, manners, admin_chat: Some(ADMINS), community_rules, ..Tenant::default() };
    bench.office.in_force.change(|now| now.with_settings(Tenants::one(tenant.clone()), BTreeMap::new(), Ai::default()));
    {
        let mut book: std::sync::MutexGuard<'_, ChatBook> = lock(&bench.office.book);
        book.saw(ADMINS, bench.office.clock.now());
        book.is_called(GROUP, "Garden\nchat".to_owned());
        for admin in [UserId(7), UserId(8), OWN] {
            book.administrator(GROUP, admin, Standing::Protected);
        }
        book.linked(GROUP, Some(ChatId(-500)));
    }
    let clerk = Clerk::new(
        Arc::clone(&bench.office),
        signer(),
        OWN,
        Arc::new(std::sync::OnceLock::from("aegis_bot".to_owned())),
        raids,
    );
    Stage { bench, clerk, next: Cell::new(1_000) }
}

pub fn enforcing(dir: &tempfile::TempDir) -> Stage {
    raised(dir.path(), Mode::Enforce, manners(), None)
}

pub fn recording(dir: &tempfile::TempDir) -> Stage {
    raised(dir.path(), Mode::Record, manners(), None)
}

pub fn replied(message: i32, sender: Sender) -> Option<Replied> {
    let excerpt = "a spamword for all".to_owned();
    Some(Replied { message: MessageId(message), sender, name: "Kim".to_owned(), album: None, excerpt })
}

pub fn of_album(message: i32, sender: Sender, album: u64) -> Option<Replied> {
    replied(message, sender).map(|known| Replied { album: Some(AlbumId(album)), ..known })
}

impl Stage {
    /// Somebody asks; it is durable, and not carried out.
    pub fn asked(&self, by: Sender, name: &str, chat: ChatId, what: Asked) -> (u64, Errand) {
        let message = self.next.get();
        self.next.set(message + 1);
        let at = self.bench.office.clock.now().wall;
        let trace = TraceId(u64::try_from(message).unwrap() << 20);
        self.store(Errand { at, trace, chat, by, name: name.to_owned(), what })
    }

    pub fn store(&self, errand: Errand) -> (u64, Errand) {
        let mut tick = Tick::default();
        tick.group.errands.push(errand);
        let committed = self.bench.wait(self.bench.office.journal.commit(tick)).unwrap();
        committed.errands.into_iter().next().unwrap()
    }

    pub fn typed(&self, by: Sender, text: &str, replied: Option<Replied>) -> (u64, Errand) {
        let message = MessageId(self.next.get());
        let what = Asked::Command { message, topic: Some(3), text: text.to_owned(), replied };
        self.asked(by, "Robin", GROUP, what)
    }

    /// Somebody types a command in the group, and it is carried out.
    pub fn says(&self, by: Sender, text: &str, replied: Option<Replied>) -> String {
        let (number, errand) = self.typed(by, text, replied);
        self.carried(number, errand)
    }

    /// Somebody presses a button of a card in the chat of administrators.
    pub fn presses(&self, by: Sender, press: Press) -> String {
        self.presses_words(by, ADMINS, signer().words(ADMINS, press))
    }

    pub fn presses_words(&self, by: Sender, chat: ChatId, words: String) -> String {
        let what = Asked::Press { id: "p1".to_owned(), message: MessageId(55), words };
        let (number, errand) = self.asked(by, "Robin", chat, what);
        self.carried(number, errand)
    }

    pub fn carried(&self, number: u64, errand: Errand) -> String {
        let said = self.clerk.carry_out(number, errand);
        assert!(self.bench.office.snapshots.errands().unwrap().is_empty(), "an errand is left");
        said
    }

    pub fn rows(&self) -> Vec<OutboxRow> {
        self.bench.office.snapshots.outbox().unwrap()
    }

    /// The rows of a kind.
    pub fn of(&self, kind: ActionKind) -> Vec<OutboxRow> {
        self.rows().into_iter().filter(|row| row.key.action == kind).collect()
    }

    /// The kinds of rows that do something to a member or their message.
    pub fn done(&self) -> Vec<ActionKind> {
        let aside = [ActionKind::Clean, ActionKind::Notify, ActionKind::Card, ActionKind::Copy, ActionKind::Edit];
        self.rows().iter().map(|row| row.key.action).filter(|kind| !aside.contains(kind)).collect()
    }

    pub fn decisions(&self) -> Vec<(u64, Decision)> {
        self.bench.office.snapshots.decisions(100).unwrap()
    }

    pub fn audit(&self) -> Vec<String> {
        let lines = self.bench.office.snapshots.audit(100).unwrap();
        lines.into_iter().map(|(_, line)| format!("{}: {}", line.who, line.what)).collect()
    }

    pub fn member(&self, sender: Sender) -> MemberRecord {
        let Sender::Member(user) = sender else { panic!("no member: {sender:?}") };
        self.bench.office.snapshots.member(GROUP, user).unwrap().unwrap_or_default()
    }

    /// A member as they are from now on.
    pub fn change(&self, sender: Sender, with: impl FnOnce(&mut MemberRecord)) {
        let Sender::Member(user) = sender else { panic!("no member: {sender:?}") };
        let change = self.bench.office.settler.lock().members.change(GROUP, user, Wall(1), with).unwrap();
        self.bench.commit(Tick { members: vec![change], ..Tick::default() });
    }

    /// A decision has a card, which is message 55 of the chat of administrators.
    pub fn has_card(&self, number: u64) {
        let mut tick = Tick::default();
        tick.group.cards.push((number, CardRecord { chat: ADMINS, message: MessageId(55) }));
        self.bench.commit(tick);
    }

    /// The power fails.
    pub fn kill(self) {
        drop(self.clerk);
        self.bench.kill();
    }
}
