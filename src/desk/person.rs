//! One member: what is kept about them, and forgetting it.
//!
//! Promises: whoever asks learns and changes only what belongs to groups they look after. Forgetting twice is as good as once;
//! what is kept, and why, is told each time. The line in the audit log says that it was done, and nothing of what was there.
//!
//! Never: an action against them that is dropped on the way, or a ban that could no longer be taken back because nobody
//! knows whose it is.

use super::Office;
use super::listing::cursor;
use super::members::view;
use crate::access::{Caller, Role};
use crate::budget::Account;
use crate::clock::Wall;
use crate::decide::Disposition;
use crate::limits;
use crate::manners::Manners;
use crate::message::{ChatId, UserId};
use crate::store::desk::DeskTick;
use crate::store::history::{HistoryReader, Kept};
use crate::store::records::{DeadLetter, Decision, MemberRecord, OutboxRow};
use crate::store::retention::{Person, Redaction, has_text};
use crate::store::{Snapshots, StoreError, Tick};
use crate::tenant::{TenantName, Tenants};
use crate::verdict::{ActionKind, Mode};
use crate::web::desk::{Refused, Told};
use crate::web::views::{
    Forget, Forgotten, PersonAction, PersonBan, PersonDecision, PersonGroup, PersonMessage, PersonQuery, PersonReport,
    PersonSpent, PersonView,
};
use std::time::Duration;

/// Who is asked about, by whom, and where it is looked up.
pub struct File<'f> {
    /// The durable file.
    pub snapshots: &'f Snapshots,
    /// Whose the chats are.
    pub tenants: &'f Tenants,
    /// The member.
    pub user: UserId,
    /// Whether the caller looks after this tenant.
    pub sees: &'f dyn Fn(&TenantName) -> bool,
    /// How a group is kept.
    pub manners: &'f dyn Fn(ChatId) -> Manners,
    /// What a group is called.
    pub title: &'f dyn Fn(ChatId) -> String,
    /// Now.
    pub now: Wall,
}

/// The stored messages: those that are written down, and those that wait to be.
pub type Messages = (Option<HistoryReader>, Vec<Kept>);

/// What is to be forgotten: one piece of it.
#[derive(Debug, Default)]
pub struct Piece {
    /// Rows that go, or lose something.
    pub redact: Redaction,
    /// How stored messages begin that go.
    pub quoted: Vec<(ChatId, String)>,
    /// Decisions whose ban or mute is in force: their texts go, and whose it is stays.
    pub bans: u64,
    /// Actions that wait.
    pub waiting: u64,
    /// The number below which the next piece begins; `None` when this is the last.
    pub next: Option<u64>,
}

/// Whether a decision's ban or mute holds at a time, as far as is known here.
fn is_in_force(decision: &Decision, undone: bool, now: Wall) -> bool {
    let holds =
        |seconds: u32| seconds == 0 || decision.at.0.saturating_add(u64::from(seconds).saturating_mul(1_000)) > now.0;
    decision.mode == Mode::Enforce
        && decision.disposition == Disposition::Promised
        && !undone
        && decision
            .actions
            .iter()
            .any(|action| matches!(action.kind, ActionKind::Ban | ActionKind::Mute) && holds(action.seconds))
}

/// Whether a stored message is one that a decision quotes.
#[must_use]
pub fn is_quoted(kept: &Kept, quoted: &[(ChatId, String)]) -> bool {
    let first = kept.surfaces.first().map(|(_, text)| text.as_str()).unwrap_or_default();
    quoted.iter().any(|(chat, start)| *chat == kept.chat && first.starts_with(start.as_str()))
}

fn quotes(decisions: &[(u64, Decision)]) -> Vec<(ChatId, String)> {
    let quoted = decisions.iter().filter(|(_, decision)| !decision.excerpt.is_empty());
    quoted.map(|(_, decision)| (decision.chat, decision.excerpt.clone())).collect()
}

impl File<'_> {
    fn person(&self, before: Option<u64>, at_most: usize) -> Result<Person, StoreError> {
        self.snapshots.person(self.user, (before, at_most), |chat| (self.sees)(&self.tenants.of(chat).name))
    }

    /// A piece of what is kept.
    ///
    /// # Errors
    /// When storage cannot be read.
    pub fn told(&self, messages: &Messages, before: Option<u64>) -> Result<PersonView, StoreError> {
        let groups_from = before.filter(|at| at & GROUPS > 0).map_or(0, |at| at & !GROUPS);
        let (is_first, before) = (before.is_none(), before.filter(|at| at & GROUPS == 0));
        let mut person = self.person(before, limits::EXPORT_DECISIONS_MAX)?;
        let all = wide(person.members.len());
        let told_groups = groups_from.saturating_add(wide(limits::EXPORT_GROUPS_MAX));
        if before.is_none() && all > told_groups {
            // First all groups, a piece at a time, then the decisions.
            person.decisions.clear();
            person.next = Some(GROUPS | told_groups);
        }
        let mut decisions = Vec::with_capacity(person.decisions.len());
        for (number, decision) in &person.decisions {
            decisions.push(PersonDecision {
                number: *number,
                at_s: decision.at.seconds(),
                group: decision.chat.0,
                message: decision.message.0,
                outcome: decision.outcome.word().to_owned(),
                score: decision.score,
                reason: decision.reason.clone(),
                actions: decision.actions.iter().map(|action| action.kind.word().to_owned()).collect(),
                undone: self.snapshots.mark(*number)?.is_some_and(|mark| mark.undone.is_some()),
                excerpt: decision.excerpt.clone(),
            });
        }
        let group = |(chat, record): (ChatId, MemberRecord)| PersonGroup {
            group: chat.0,
            title: (self.title)(chat),
            member: view(Some(self.user.0), &record, &(self.manners)(chat), self.now),
        };
        let mut told = PersonView {
            user: self.user.0,
            decisions,
            messages: stored(messages, &quotes(&person.decisions))?,
            next: person.next.map(|number| number.to_string()),
            ..PersonView::default()
        };
        if before.is_none() {
            let from = usize::try_from(groups_from).unwrap_or(usize::MAX);
            let groups = person.members.into_iter().skip(from).take(limits::EXPORT_GROUPS_MAX);
            told.groups = groups.map(group).collect();
        }
        if is_first {
            told.actions = actions(&person.waiting, &person.dead);
            told.reports = (person.reports.iter().take(limits::EXPORT_ACTIONS_MAX))
                .map(|(chat, message, report)| PersonReport {
                    group: chat.0,
                    message: message.0,
                    at_s: report.at.seconds(),
                })
                .collect();
            told.bans = self.bans()?;
            told.spent = self.spent()?;
        }
        Ok(told)
    }

    fn bans(&self) -> Result<Vec<PersonBan>, StoreError> {
        let mut bans = Vec::new();
        for tenant in self.tenants.iter().filter(|tenant| (self.sees)(&tenant.name)) {
            if let Some(ban) = self.snapshots.shared_ban(&tenant.name, self.user)? {
                let (tenant, group, at_s) = (tenant.name.to_string(), ban.chat.0, ban.at.seconds());
                bans.push(PersonBan { tenant, group, at_s, reason: ban.reason });
            }
        }
        Ok(bans)
    }

    fn spent(&self) -> Result<Vec<PersonSpent>, StoreError> {
        let theirs = Account::Sender(self.user.0);
        let all = self.snapshots.spending()?.into_iter();
        let own = all.filter(|row| row.account == theirs && (self.sees)(&row.tenant));
        Ok(own
            .map(|row| PersonSpent {
                tenant: row.tenant.to_string(),
                month: row.month.to_string(),
                money: row.spent.money.to_string(),
                calls: row.spent.calls,
            })
            .collect())
    }

    /// A piece of what is to be forgotten.
    ///
    /// # Errors
    /// When storage cannot be read.
    pub fn piece(&self, before: Option<u64>) -> Result<Piece, StoreError> {
        let person = self.person(before, limits::EXPIRE_ROWS_AT_ONCE)?;
        let mut piece = Piece { quoted: quotes(&person.decisions), next: person.next, ..Piece::default() };
        for (number, decision) in &person.decisions {
            let undone = self.snapshots.mark(*number)?.is_some_and(|mark| mark.undone.is_some());
            if !is_in_force(decision, undone, self.now) {
                piece.redact.senders.push(*number);
                continue;
            }
            piece.bans = piece.bans.saturating_add(1);
            if has_text(decision) {
                piece.redact.texts.push(*number);
            }
        }
        if before.is_none() {
            piece.redact.members = person.members.iter().map(|(chat, _)| (*chat, self.user)).collect();
            piece.redact.dead = person.dead.iter().map(|(number, _)| *number).collect();
            let reports = person.reports.iter();
            piece.redact.reports = reports.map(|(chat, message, _)| (*chat, *message, self.user)).collect();
            piece.waiting = u64::try_from(person.waiting.len()).unwrap_or(u64::MAX);
        }
        Ok(piece)
    }
}

fn actions(waiting: &[OutboxRow], dead: &[(u64, DeadLetter)]) -> Vec<PersonAction> {
    let waits = waiting.iter().map(|row| (row, row.received, ""));
    let given_up = dead.iter().map(|(_, letter)| (&letter.row, letter.at, letter.why.as_str()));
    let told = waits.chain(given_up).map(|(row, at, why)| PersonAction {
        group: row.key.chat.0,
        message: row.key.message.0,
        action: row.key.action.word().to_owned(),
        at_s: at.seconds(),
        why: why.to_owned(),
    });
    told.take(limits::EXPORT_ACTIONS_MAX).collect()
}

/// The stored messages that decisions quote.
fn stored((reader, waiting): &Messages, quoted: &[(ChatId, String)]) -> Result<Vec<PersonMessage>, StoreError> {
    let mut found = Vec::new();
    if quoted.is_empty() {
        return Ok(found);
    }
    let mut room = limits::EXPORT_MESSAGE_BYTES_MAX;
    let mut take = |kept: &Kept| {
        if kept.bytes() <= room && is_quoted(kept, quoted) {
            room = room.saturating_sub(kept.bytes());
            let texts = kept.surfaces.iter().map(|(_, text)| text.clone()).collect();
            found.push(PersonMessage { group: kept.chat.0, sent_s: kept.sent_s, texts });
        }
    };
    let mut from = 0;
    while let Some(reader) = reader {
        let piece = reader.from(from, limits::HISTORY_PIECE)?;
        let Some((last, _)) = piece.last() else { break };
        from = last.saturating_add(1);
        piece.iter().for_each(|(_, kept)| take(kept));
    }
    waiting.iter().for_each(take);
    Ok(found)
}

/// The mark of a cursor that says at which group to go on; no decision has such a number.
const GROUPS: u64 = 1 << 63;

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Counts what was done, and says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Decisions that lost text and sender.
    pub decisions: u64,
    /// Decisions that lost their text only.
    pub texts: u64,
    /// Groups in which something was known of them.
    pub members: u64,
    /// Reports.
    pub reports: u64,
    /// Actions that were given up.
    pub dead: u64,
    /// Stored messages; `None` when that is not known yet.
    pub messages: Option<u64>,
    /// Decisions whose ban is in force.
    pub bans: u64,
    /// Actions that wait.
    pub waiting: u64,
}

impl Done {
    /// Adds a piece.
    pub fn add(&mut self, piece: &Piece) {
        self.decisions = self.decisions.saturating_add(wide(piece.redact.senders.len()));
        self.texts = self.texts.saturating_add(wide(piece.redact.texts.len()));
        self.members = self.members.saturating_add(wide(piece.redact.members.len()));
        self.reports = self.reports.saturating_add(wide(piece.redact.reports.len()));
        self.dead = self.dead.saturating_add(wide(piece.redact.dead.len()));
        self.bans = self.bans.saturating_add(piece.bans);
        self.waiting = self.waiting.saturating_add(piece.waiting);
    }

    /// How many rows were changed in the durable file.
    #[must_use]
    pub const fn changed(&self) -> u64 {
        self.decisions
            .saturating_add(self.texts)
            .saturating_add(self.members)
            .saturating_add(self.reports)
            .saturating_add(self.dead)
    }

    /// What the audit log says: that it was done.
    #[must_use]
    pub fn audit(&self, user: UserId) -> String {
        format!("forgot member {} on request: {} rows", user.0, self.changed())
    }

    /// What whoever asked is told.
    #[must_use]
    pub fn told(&self, user: UserId) -> Forgotten {
        let mut done = Vec::new();
        let mut say = |count: u64, one: &str, many: &str| {
            if count > 0 {
                done.push(if count == 1 { format!("1 {one}") } else { format!("{count} {many}") });
            }
        };
        say(self.decisions, "decision lost its text and its sender.", "decisions lost their texts and their sender.");
        say(self.texts, "decision lost its text.", "decisions lost their texts.");
        say(
            self.members,
            "group no longer knows anything of them: warnings, messages counted, who vouches.",
            "groups no longer know anything of them: warnings, messages counted, who vouches.",
        );
        say(self.reports, "report no longer says that it was theirs.", "reports no longer say that they were theirs.");
        say(self.dead, "action that was given up was removed.", "actions that were given up were removed.");
        match self.messages {
            Some(count) => say(count, "stored message was removed.", "stored messages were removed."),
            None => done.push("Stored messages that those decisions quote are removed within a minute.".to_owned()),
        }
        let mut kept = Vec::new();
        if self.bans > 0 {
            kept.push(format!(
                "Whose {} decisions with a ban or a mute in force are: else nobody could take it back. Undo them first, or \
                 ask again when they are over.",
                self.bans
            ));
        }
        if self.waiting > 0 {
            kept.push(format!("{} actions that wait: they are promised, and gone when they are done.", self.waiting));
        }
        kept.push("Bans that groups share, by number: they are in force.".to_owned());
        kept.push(
            "What questions to a model about their messages cost, by number, until the month is over.".to_owned(),
        );
        kept.push(
            "The audit log, which says who changed what, and has numbers of members: for as long as `retention.audit_days`."
                .to_owned(),
        );
        kept.push(
            "Backups that were made before, until newer ones take their place; and what was posted at Telegram."
                .to_owned(),
        );
        let words = if self.changed() == 0 && self.messages.unwrap_or(0) == 0 {
            format!("Nothing more was kept about member {} that could be forgotten.", user.0)
        } else {
            format!("Member {} is forgotten.", user.0)
        };
        Forgotten { changed: self.changed(), done, kept, words }
    }
}

/// A member's number.
///
/// # Errors
/// [`Refused::Wrong`] for what is none.
pub fn number(user: i64) -> Told<UserId> {
    if user > 0 { Ok(UserId(user)) } else { Err(Refused::field("user", "the number of a member, above 0")) }
}

impl Office {
    fn with_file<T>(&self, caller: &Caller, user: UserId, f: impl FnOnce(&File<'_>) -> Told<T>) -> Told<T> {
        let book = self.in_force.now();
        f(&File {
            snapshots: &self.snapshots,
            tenants: &book.tenants,
            user,
            sees: &|tenant| caller.may(Role::Admin, Some(tenant)).is_ok(),
            manners: &|chat| *book.manners(chat),
            title: &|chat| self.title_of(chat),
            now: self.clock.now().wall,
        })
    }

    /// Everything that is kept about a member in the groups that the caller looks after. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn export_member(&self, caller: &Caller, query: &PersonQuery) -> Told<PersonView> {
        caller.is_at_least(Role::Admin)?;
        let user = number(query.user.unwrap_or(0))?;
        let before = cursor(query.cursor.as_deref())?;
        let messages = self.notes.as_ref().map_or((None, Vec::new()), |notes| notes.all());
        let told = self.with_file(caller, user, |file| Ok(file.told(&messages, before)?))?;
        if before.is_none() {
            let what = format!("told what is kept about member {}", user.0);
            let line = self.audit_line(caller, None, what, "", "");
            self.commit_desk(DeskTick { audit: vec![line], ..DeskTick::default() })?;
        }
        Ok(told)
    }

    /// Forgets a member in the groups that the caller looks after. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn forget_member(&self, caller: &Caller, wanted: &Forget) -> Told<Forgotten> {
        caller.is_at_least(Role::Admin)?;
        let user = number(wanted.user)?;
        let _one = self.one_at_a_time();
        let (mut done, mut quoted, mut before) = (Done::default(), Vec::new(), None);
        loop {
            let piece = self.with_file(caller, user, |file| Ok(file.piece(before)?))?;
            done.add(&piece);
            before = piece.next;
            quoted.extend(piece.quoted);
            let members: Vec<ChatId> = piece.redact.members.iter().map(|(chat, _)| *chat).collect();
            let is_last = before.is_none();
            let mut desk = DeskTick { redact: piece.redact, ..DeskTick::default() };
            if is_last && done.changed() > 0 {
                desk.audit.push(self.audit_line(caller, None, done.audit(user), "", ""));
            }
            if !(desk.redact.is_empty() && desk.audit.is_empty()) {
                self.commit(Tick { desk, ..Tick::default() })?;
            }
            let mut settler = self.settler.lock();
            members.iter().for_each(|chat| settler.members.forget(*chat, user));
            drop(settler);
            if is_last {
                break;
            }
        }
        done.messages = match &self.notes {
            Some(notes) if !quoted.is_empty() => {
                let told = notes.forget(Box::new(move |kept| is_quoted(kept, &quoted)));
                told.recv_timeout(Duration::from_millis(limits::FORGET_WAIT_MS)).ok()
            }
            _ => Some(0),
        };
        Ok(done.told(user))
    }
}
