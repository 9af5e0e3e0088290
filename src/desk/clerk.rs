//! The clerk: carries out what people ask for in groups, one errand at a time: commands that are typed, buttons that are
//! pressed.
//!
//! Promises: an errand is carried out once: what it changes becomes durable together with its end, or is recognised when the
//! errand is carried out again after a crash. Who asks passes the same gate as on the page, and leaves the same line in
//! the audit log. What cannot be done is told in one sentence, and nothing of it is done. Whoever may not use a command is
//! not answered, and what they typed stays.
//!
//! Never: the message path; a call. What is to be done in a group is a row of the outbox.

mod commands;
mod lessons;
mod measures;
mod members;
mod presses;
mod reports;

use super::Office;
use crate::access::{Caller, Role};
use crate::cards::{self, Pace};
use crate::clock::{Now, Wall};
use crate::command::{self, CommandName, Typed, Whom};
use crate::dispatch::task::lock;
use crate::ingest::errands::OwnName;
use crate::limits;
use crate::manners::Manners;
use crate::message::{ChatId, MessageId, Sender, TraceId, UserId, floor_char_boundary};
use crate::press::Signer;
use crate::shard::Rulebook;
use crate::store::endings::{Ending, Endings};
use crate::store::group::{Asked, Errand, Replied};
use crate::store::records::{Decision, Detail, OutboxKey, OutboxRow};
use crate::store::{StoreError, Tick};
use crate::text::one_line;
use crate::verdict::{ActionKind, Mode, PlannedAction};
use crate::web::desk::{Refused, Told};
use crate::words::{Language, Phrase};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// The rule that stands for an administrator's word in a decision.
pub const ADMIN_RULE: &str = "aegis-admin";

/// The rule that stands for members' reports in a decision.
pub const REPORT_RULE: &str = "aegis-report";

/// Mixed into the trace of an errand for the key of its answer.
const ANSWER: u64 = 0x00a6_5e44;

/// Switches raid mode, wherever it is kept.
pub trait RaidSwitch: Send + Sync + std::fmt::Debug {
    /// What is to be made durable for a raid that somebody begins, for so many seconds.
    fn begin(&self, chat: ChatId, seconds: u32, by: &str) -> Tick;
    /// What is to be made durable for a raid that somebody ends.
    fn end(&self, chat: ChatId) -> Tick;
    /// Until when raid mode is on; `None` when it is off, the end of time when it ends only by hand.
    fn is_on(&self, chat: ChatId) -> Option<Wall>;
}

/// The clerk and what it works with.
#[derive(Debug)]
pub struct Clerk {
    office: Arc<Office>,
    signer: Signer,
    own: UserId,
    own_name: OwnName,
    raids: Option<Arc<dyn RaidSwitch>>,
    /// How many cards about reports were sent of late.
    pace: Mutex<Pace>,
}

/// Why nothing is done.
#[derive(Debug)]
enum No {
    /// It is not for who asks: no answer, and what they typed stays.
    LeftAlone,
    /// A sentence for who asks.
    Said(String),
    /// The desk refuses.
    Refused(Refused),
}

impl From<Refused> for No {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// How what is done becomes durable.
#[derive(Debug, Default)]
enum Then {
    /// By itself.
    #[default]
    Commit,
    /// With an answer that the learner is taught.
    Label(Caller, u64, &'static str),
    /// With a decision that is undone.
    Undo(Caller, u64),
}

/// What is done for an errand.
#[derive(Debug, Default)]
struct Done {
    tick: Tick,
    then: Then,
    /// What who asked is told; empty for nothing.
    said: String,
    /// For how many seconds at least it stays.
    shown_s: u32,
    /// What the answer's key is made of, where the same is not to be said too often.
    key: Option<u64>,
}

impl Done {
    fn said(said: String) -> Self {
        Self { said, ..Self::default() }
    }
}

/// A command in its group.
#[derive(Debug)]
struct Scene<'e> {
    errand: &'e Errand,
    name: CommandName,
    message: MessageId,
    topic: Option<i32>,
    replied: Option<&'e Replied>,
    /// The group, where it is now.
    chat: ChatId,
    rulebook: Arc<Rulebook>,
    caller: Caller,
    now: Now,
}

impl Scene<'_> {
    fn manners(&self) -> &Manners {
        self.rulebook.manners(self.chat)
    }

    fn language(&self) -> Language {
        self.manners().language
    }

    fn say(&self, phrase: Phrase, with: &[&str]) -> String {
        self.language().say(phrase, with)
    }

    /// A refusal.
    fn no(&self, phrase: Phrase, with: &[&str]) -> No {
        No::Said(self.say(phrase, with))
    }

    /// The message that is answered.
    fn replied(&self) -> Result<&Replied, No> {
        let command = format!("/{}", self.name.word());
        self.replied.ok_or_else(|| self.no(Phrase::WrongNeedsMessage, &[&command]))
    }

    fn is_record(&self) -> bool {
        self.rulebook.rules(self.chat).mode == Mode::Record
    }
}

impl Clerk {
    /// A clerk of the bot with this number and this name without its sign.
    #[must_use]
    pub fn new(
        office: Arc<Office>,
        signer: Signer,
        own: UserId,
        own_name: OwnName,
        raids: Option<Arc<dyn RaidSwitch>>,
    ) -> Self {
        Self { office, signer, own, own_name, raids, pace: Mutex::default() }
    }

    /// Carries out what is stored, and then what comes in, until nobody is left who could bring more. For a thread of its own.
    pub fn run(self, mut inbox: mpsc::Receiver<(u64, Errand)>) {
        let idle = Duration::from_millis(limits::CARD_SUMMARY_MS);
        self.carry_out_stored();
        loop {
            let next = self.office.runtime.block_on(async { tokio::time::timeout(idle, inbox.recv()).await });
            match next {
                // What was stored when this began may come in once more.
                Ok(Some((number, errand))) if self.is_open(number) => self.carry_out_or_log(number, errand),
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(_) => self.carry_out_stored(),
            }
            self.tell_untold();
        }
    }

    fn carry_out_stored(&self) {
        match self.office.snapshots.errands() {
            Ok(stored) => stored.into_iter().for_each(|(number, errand)| self.carry_out_or_log(number, errand)),
            Err(error) => tracing::error!("what people asked for cannot be read: {error}"),
        }
    }

    fn is_open(&self, number: u64) -> bool {
        // On doubt it is carried out: that changes nothing twice.
        self.office.snapshots.errands().map_or(true, |open| open.iter().any(|(known, _)| *known == number))
    }

    /// A fault of the program in one errand must not take the rest along, nor come back at each start.
    fn carry_out_or_log(&self, number: u64, errand: Errand) {
        let trace = errand.trace;
        if catch_unwind(AssertUnwindSafe(|| self.carry_out(number, errand))).is_err() {
            tracing::error!(%trace, "an errand could not be carried out, and is given up");
            self.only_done(number);
        }
    }

    /// Carries one errand out. Returns what who asked is told; empty for nothing.
    pub fn carry_out(&self, number: u64, errand: Errand) -> String {
        match &errand.what {
            Asked::Command { message, topic, text, replied } => {
                let own_name = self.own_name.get().map_or("", String::as_str);
                let read = command::read(text, own_name);
                let (Some(read), Some(name)) = (read, command::named(text, own_name)) else {
                    self.only_done(number);
                    return String::new();
                };
                let chat = self.office.current(errand.chat);
                let (message, topic, replied) = (*message, *topic, replied.as_ref());
                let (rulebook, now) = (self.office.in_force.now(), self.office.clock.now());
                let caller = self.caller(&errand, chat);
                let scene = Scene { errand: &errand, name, message, topic, replied, chat, rulebook, caller, now };
                let carried = self.obey(&scene, read);
                self.conclude(number, &scene, carried)
            }
            Asked::Press { id, message, words } => self.press(number, &errand, id, *message, words),
        }
    }

    /// Does what a command asks for, as far as it can be done before the rest becomes durable.
    fn obey(&self, scene: &Scene<'_>, read: Result<Typed, command::Wrong>) -> Result<Done, No> {
        let may = self.may_order(scene.errand.by, scene.errand.chat, scene.chat);
        // Whether somebody may use these hangs on the decision that they are about.
        let is_about_a_decision = matches!(scene.name, CommandName::Ham | CommandName::Why);
        if !may && !scene.name.for_members() && !is_about_a_decision {
            return Err(No::LeftAlone);
        }
        if may {
            self.office.gate(&scene.caller, Role::Admin, scene.chat)?;
        }
        let typed = read.map_err(|wrong| No::Said(wrong.say(scene.language(), scene.name)))?;
        match typed.name {
            CommandName::Spam => self.spam(scene, &typed),
            CommandName::Ham => self.ham(scene),
            CommandName::Ban => self.measure(scene, &typed, ActionKind::Ban),
            CommandName::Mute => self.measure(scene, &typed, ActionKind::Mute),
            CommandName::Unban => self.measure(scene, &typed, ActionKind::Unban),
            CommandName::Unmute => self.measure(scene, &typed, ActionKind::Unmute),
            CommandName::Kick => self.measure(scene, &typed, ActionKind::Kick),
            CommandName::Warn => self.warn(scene, &typed),
            CommandName::Unwarn => self.unwarn(scene, &typed),
            CommandName::Warns => self.warns(scene, &typed),
            CommandName::Approve => self.approve(scene, &typed),
            CommandName::Unapprove => self.unapprove(scene, &typed),
            CommandName::Purge => self.purge(scene, &typed),
            CommandName::Raid => self.raid(scene, &typed),
            CommandName::Mode => self.mode(scene, &typed),
            CommandName::Status => self.status(scene),
            CommandName::Why => self.why(scene),
            CommandName::Rules => Ok(Self::rules(scene)),
            CommandName::Report => self.report(scene, &typed),
        }
    }

    /// Makes a command's effects durable, with its answer and its end.
    fn conclude(&self, number: u64, scene: &Scene<'_>, carried: Result<Done, No>) -> String {
        let refused = match carried {
            Ok(done) => match self.make(number, scene, done) {
                Ok(said) => return said,
                Err(refused) => refusal(scene.language(), &refused),
            },
            Err(No::LeftAlone) => {
                self.only_done(number);
                return String::new();
            }
            Err(No::Said(said)) => said,
            Err(No::Refused(refused)) => refusal(scene.language(), &refused),
        };
        self.make(number, scene, Done::said(refused.clone())).unwrap_or_else(|gone| {
            tracing::error!("an answer could not be stored: {gone}");
            refused
        })
    }

    fn make(&self, number: u64, scene: &Scene<'_>, mut done: Done) -> Told<String> {
        let (trace, received) = (scene.errand.trace, scene.errand.at);
        if scene.errand.chat == scene.chat {
            // In a group that moved the number would be another message's.
            let key = OutboxKey { chat: scene.chat, message: scene.message, action: ActionKind::Clean };
            done.tick.orders.push(OutboxRow::new(key, Sender::Nobody, received, trace));
        }
        if !done.said.is_empty() {
            let hash = TraceId(done.key.unwrap_or(trace.0 ^ ANSWER));
            let key = cards::key(scene.chat, ActionKind::Notify, hash);
            let usual = scene.manners().answer_s;
            let expires_s = if usual == 0 { 0 } else { usual.max(done.shown_s) };
            let detail = Detail::Said { topic: scene.topic, expires_s, buttons: Vec::new() };
            let text = cut(&done.said, limits::NOTICE_BYTES_MAX);
            done.tick.orders.push(OutboxRow { detail, text, ..OutboxRow::new(key, Sender::Nobody, received, trace) });
        }
        done.tick.group.errands_done.push(number);
        self.perform(done.then, done.tick)?;
        Ok(done.said)
    }

    fn perform(&self, then: Then, tick: Tick) -> Told<()> {
        match then {
            Then::Commit => self.office.commit(tick).map(drop),
            Then::Label(caller, decision, label) => self.office.label_with(&caller, decision, label, tick).map(drop),
            Then::Undo(caller, decision) => self.office.undo_with(&caller, decision, tick).map(drop),
        }
    }

    /// The errand is done, and nothing else.
    fn only_done(&self, number: u64) {
        let mut tick = Tick::default();
        tick.group.errands_done.push(number);
        if let Err(gone) = self.office.commit(tick) {
            tracing::error!("the end of an errand could not be stored: {gone}");
        }
    }
}

/// Who may what, and about whom.
impl Clerk {
    /// Whether somebody in a chat looks after a group. Whoever posts as the group itself looks after that one.
    fn may_order(&self, by: Sender, place: ChatId, group: ChatId) -> bool {
        match by {
            Sender::Member(user) => {
                let book = lock(&self.office.book);
                book.get(group).is_some_and(|record| record.admins.contains(&user))
            }
            Sender::AnonymousAdmin => self.office.current(place) == group,
            Sender::Bot(_) | Sender::Channel(_) | Sender::LinkedChannel | Sender::Nobody => false,
        }
    }

    /// Who asks, as somebody who looks after what belongs to a group.
    fn caller(&self, errand: &Errand, group: ChatId) -> Caller {
        let user = match errand.by {
            Sender::Member(user) | Sender::Bot(user) => Some(user),
            Sender::Channel(_) | Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody => None,
        };
        let name = one_line(&errand.name, limits::NAME_BYTES_MAX);
        Caller::in_telegram(&name, user, self.office.tenant_of(group))
    }

    /// Whom a command is about, and what they are called.
    fn whom(&self, scene: &Scene<'_>, typed: &Typed) -> Result<(Sender, String), No> {
        let (sender, name) = match typed.whom {
            Whom::User(user) => (Sender::Member(user), ""),
            Whom::Replied => {
                let command = format!("/{}", scene.name.word());
                let replied = scene.replied.ok_or_else(|| scene.no(Phrase::WrongNeedsReply, &[&command]))?;
                (replied.sender, replied.name.as_str())
            }
        };
        Ok((sender, called(sender, name)))
    }

    /// Refuses what is aimed at somebody who is never acted on.
    fn may_be_acted_on(&self, scene: &Scene<'_>, sender: Sender, name: &str) -> Result<(), No> {
        if self.is_own(sender) {
            return Err(scene.no(Phrase::WrongBot, &[]));
        }
        if sender == scene.errand.by && !sender.is_exempt() {
            return Err(scene.no(Phrase::WrongSelf, &[]));
        }
        if sender.is_exempt() || lock(&self.office.book).is_protected(scene.chat, sender) {
            return Err(scene.no(Phrase::WrongAdmin, &[name]));
        }
        Ok(())
    }

    fn is_own(&self, sender: Sender) -> bool {
        matches!(sender, Sender::Member(user) | Sender::Bot(user) if user == self.own)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest decision that is `wanted`, among the newest `at_most`.
    fn newest(
        &self,
        at_most: usize,
        wanted: impl Fn(&Decision) -> bool,
    ) -> Result<Option<(u64, Decision)>, StoreError> {
        let (mut found, mut seen) = (None, 0_usize);
        self.office.snapshots.decisions_before(None, |number, decision| {
            seen = seen.saturating_add(1);
            if wanted(&decision) {
                found = Some((number, decision));
            }
            if found.is_some() || seen >= at_most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// A line for the audit log, of something done in a group.
    fn note(&self, scene: &Scene<'_>, tick: &mut Tick, what: String, after: &str) {
        let tenant = Some(self.office.tenant_of(scene.chat));
        let what = format!("{what}, group {}", scene.chat.0);
        tick.desk.audit.push(self.office.audit_line(&scene.caller, tenant, what, "", after));
    }
}

/// The row for an action about a message or its sender. Where one of the same name has come to its end before, as when it was
/// undone, it goes by another: `spare`.
fn order(
    endings: &Endings,
    (chat, message, sender): (ChatId, MessageId, Sender),
    action: PlannedAction,
    spare: MessageId,
    (received, trace): (Wall, TraceId),
) -> Result<OutboxRow, StoreError> {
    let mut key = OutboxKey { chat, message, action: action.kind };
    let mut target = sender;
    match (endings.of(key)?, action.kind) {
        (Ending::Unknown | Ending::Waits(_), _) | (Ending::Done(_), ActionKind::Delete) => {}
        (Ending::Dropped(_) | Ending::Dead(..), ActionKind::Delete) => {
            (key.action, target) = (ActionKind::Clean, Sender::Nobody);
        }
        _ => key.message = spare,
    }
    Ok(OutboxRow { seconds: action.seconds, ..OutboxRow::new(key, target, received, trace) })
}

/// What somebody is called in a sentence, in one line: their name, or their number.
fn called(sender: Sender, name: &str) -> String {
    let name = one_line(name, limits::NAME_BYTES_MAX);
    match sender {
        Sender::Member(user) | Sender::Bot(user) if name.is_empty() => user.0.to_string(),
        Sender::Channel(chat) if name.is_empty() => chat.0.to_string(),
        _ => name,
    }
}

/// Somebody as the audit log names them.
fn logged(sender: Sender) -> String {
    match sender {
        Sender::Member(user) => format!("member {}", user.0),
        Sender::Bot(user) => format!("bot {}", user.0),
        Sender::Channel(chat) => format!("channel {}", chat.0),
        Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody => "nobody".to_owned(),
    }
}

fn cut(text: &str, bytes: usize) -> String {
    text.get(..floor_char_boundary(text, bytes)).unwrap_or_default().to_owned()
}

/// What the desk refuses, in one sentence.
fn refusal(language: Language, refused: &Refused) -> String {
    match refused {
        Refused::Denied | Refused::Missing => language.say(Phrase::WrongUnknown, &[]),
        Refused::Busy(..) => language.say(Phrase::WrongBusy, &[]),
        Refused::Unable(_) => language.say(Phrase::WrongStorage, &[]),
        Refused::Wrong(_) | Refused::Conflict(_) => one_line(&refused.to_string(), limits::REASON_BYTES_MAX),
    }
}
