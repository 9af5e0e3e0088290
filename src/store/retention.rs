//! What is not kept any more: texts, who sent them, and rows, when their time is over or somebody asks to be forgotten.
//!
//! Promises: what is to go is named by keys; taking it out twice is as good as once. What was looked for is found in bounded
//! pieces, by a reader, so that the writer touches only what changes. The last row of a list that is numbered stays, emptied,
//! since it says which number comes next.
//!
//! Never: what is still promised. Actions that wait, messages that wait for an opinion and what people asked for stay until
//! they are done.

use super::desk::AuditDetail;
use super::group::ReportRecord;
use super::records::{Audit, DeadLetter, Decision, MemberRecord, OutboxRow, Undecided, decode, encode};
use super::{Snapshots, StoreError, tables};
use crate::clock::Wall;
use crate::limits;
use crate::message::{ChatId, MessageId, Sender, UserId};
use crate::opinion::MODEL_RULE;
use crate::tenant::{Retention, TenantName, Tenants};
use redb::{ReadableDatabase, ReadableTable, Table, WriteTransaction};
use std::sync::Arc;

type RedbResult<T> = Result<T, StoreError>;

/// What is not kept any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Decisions whose texts go.
    pub texts: Vec<u64>,
    /// Decisions whose sender's number goes, with the texts.
    pub senders: Vec<u64>,
    /// Decisions that go, with their marks and cards.
    pub decisions: Vec<u64>,
    /// Undecided messages whose texts go.
    pub undecided: Vec<(ChatId, MessageId)>,
    /// Actions that were given up and go.
    pub dead: Vec<u64>,
    /// Lines of the audit log that go.
    pub audit: Vec<u64>,
    /// Members of whom nothing is known from now on.
    pub members: Vec<(ChatId, UserId)>,
    /// Reports that no longer say that this member made them.
    pub reports: Vec<(ChatId, MessageId, UserId)>,
}

impl Redaction {
    /// Whether nothing goes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows it is about.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.texts.len()
            + self.senders.len()
            + self.decisions.len()
            + self.undecided.len()
            + self.dead.len()
            + self.audit.len()
            + self.members.len()
            + self.reports.len()
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.senders.extend(other.senders);
        self.decisions.extend(other.decisions);
        self.undecided.extend(other.undecided);
        self.dead.extend(other.dead);
        self.audit.extend(other.audit);
        self.members.extend(other.members);
        self.reports.extend(other.reports);
    }
}

/// Whether a decision has anything that a person wrote.
#[must_use]
pub fn has_text(decision: &Decision) -> bool {
    !decision.excerpt.is_empty()
        || decision.findings.iter().any(|finding| finding.rule == MODEL_RULE && !finding.reason.is_empty())
}

/// The sender without a number.
#[must_use]
pub const fn nameless(sender: Sender) -> Sender {
    match sender {
        Sender::Member(_) => Sender::Member(UserId(0)),
        Sender::Bot(_) => Sender::Bot(UserId(0)),
        other => other,
    }
}

fn without_text(decision: Decision) -> Decision {
    let mut decision = decision;
    decision.excerpt.clear();
    for finding in &mut decision.findings {
        // A model's reason may repeat what was written; where the rules saw something says nothing without the text.
        if finding.rule == MODEL_RULE {
            finding.reason.clear();
        }
        finding.spans.clear();
    }
    decision
}

fn change_decision(
    table: &mut Table<'_, u64, &'static [u8]>,
    number: u64,
    with: impl Fn(Decision) -> Decision,
) -> RedbResult<()> {
    let known = table.get(number)?.map(|bytes| decode::<Decision>(bytes.value())).transpose()?;
    if let Some(decision) = known {
        table.insert(number, encode(&with(decision)).as_slice())?;
    }
    Ok(())
}

/// Takes out what is not kept any more.
pub(super) fn redact(txn: &WriteTransaction, asked: &Redaction) -> RedbResult<()> {
    if asked.is_empty() {
        return Ok(());
    }
    note_room(txn, asked.len())?;
    if !asked.texts.is_empty() || !asked.senders.is_empty() || !asked.decisions.is_empty() {
        let mut table = txn.open_table(tables::DECISIONS)?;
        for number in &asked.texts {
            change_decision(&mut table, *number, without_text)?;
        }
        let nobodys = |decision: Decision| Decision { sender: nameless(decision.sender), ..without_text(decision) };
        for number in &asked.senders {
            change_decision(&mut table, *number, nobodys)?;
        }
        let last = table.last()?.map(|(number, _)| number.value());
        let (mut marks, mut cards) = (txn.open_table(tables::MARKS)?, txn.open_table(tables::CARDS)?);
        for number in &asked.decisions {
            if Some(*number) == last {
                change_decision(&mut table, *number, nobodys)?;
                continue;
            }
            table.remove(number)?;
            marks.remove(number)?;
            cards.remove(number)?;
        }
    }
    if !asked.undecided.is_empty() {
        let mut table = txn.open_table(tables::UNDECIDED)?;
        for (chat, message) in &asked.undecided {
            let key = (chat.0, message.0);
            let known = table.get(key)?.map(|bytes| decode::<Undecided>(bytes.value())).transpose()?;
            if let Some(row) = known {
                table.insert(key, encode(&Undecided { excerpt: String::new(), ..row }).as_slice())?;
            }
        }
    }
    if !asked.dead.is_empty() {
        let mut table = txn.open_table(tables::DEAD_LETTERS)?;
        for number in &asked.dead {
            table.remove(number)?;
        }
    }
    if !asked.audit.is_empty() {
        let (mut lines, mut details) = (txn.open_table(tables::AUDIT)?, txn.open_table(tables::AUDIT_DETAILS)?);
        let last = lines.last()?.map(|(number, _)| number.value());
        for number in asked.audit.iter().filter(|number| Some(**number) != last) {
            lines.remove(number)?;
            details.remove(number)?;
        }
    }
    if !asked.members.is_empty() {
        let mut table = txn.open_table(tables::MEMBERS)?;
        for (chat, user) in &asked.members {
            table.remove((chat.0, user.0))?;
        }
    }
    if !asked.reports.is_empty() {
        let mut table = txn.open_table(tables::REPORTS)?;
        for (chat, message, user) in &asked.reports {
            let key = (chat.0, message.0);
            let known = table.get(key)?.map(|bytes| decode::<ReportRecord>(bytes.value())).transpose()?;
            if let Some(mut report) = known {
                report.by.retain(|by| by != user);
                table.insert(key, encode(&report).as_slice())?;
            }
        }
    }
    Ok(())
}

/// The fact of the file how many rows were taken out since its room was last given back.
const TAKEN_OUT: &str = "taken_out";

/// Counts what was taken out, so that a later start knows that there is room to be given back.
fn note_room(txn: &WriteTransaction, rows: usize) -> RedbResult<()> {
    let mut meta = txn.open_table(tables::META)?;
    let known = meta.get(TAKEN_OUT)?.map_or(0, |value| value.value());
    meta.insert(TAKEN_OUT, known.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX)))?;
    Ok(())
}

fn taken_out(database: &redb::Database) -> RedbResult<u64> {
    let found = database.begin_read()?.open_table(tables::META)?.get(TAKEN_OUT)?;
    Ok(found.map_or(0, |value| value.value()))
}

/// Gives the room of what was taken out back to the medium, when it is enough to be worth it. While the file is in use its
/// room is used again instead: this needs it for itself alone, and so is done when it is opened, before anything else.
///
/// Returns whether it was.
pub(super) fn give_room_back(database: &mut redb::Database) -> RedbResult<bool> {
    if taken_out(database)? < limits::COMPACT_AFTER_ROWS {
        return Ok(false);
    }
    // First, so that a start that is cut off here does not try it again and again.
    let txn = database.begin_write()?;
    txn.open_table(tables::META)?.remove(TAKEN_OUT)?;
    txn.commit()?;
    for _ in 0..limits::COMPACT_ROUNDS_MAX {
        match database.compact() {
            Ok(true) => {}
            // Nothing more to gain, or not now.
            Ok(false) | Err(redb::CompactionError::TransactionInProgress) => break,
            Err(redb::CompactionError::Storage(error)) => return Err(error.into()),
            Err(_) => break,
        }
    }
    Ok(true)
}

/// What the time is over of.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// Who owns which chat, and how long things are kept for them.
    pub tenants: Arc<Tenants>,
    /// Now.
    pub now: Wall,
}

/// Which list is looked through, and from which of its rows on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looking {
    /// Decisions, from this number on.
    Decisions(u64),
    /// Actions that were given up, from this number on.
    Dead(u64),
    /// The audit log, from this number on.
    Audit(u64),
    /// Undecided messages: there are few.
    Undecided,
}

impl Looking {
    /// Where a pass begins.
    pub const FIRST: Self = Self::Decisions(0);
}

impl Expiry {
    fn of(&self, chat: ChatId) -> Retention {
        self.tenants.of(chat).retention
    }

    fn of_tenant(&self, tenant: Option<&TenantName>) -> Retention {
        let named = tenant.and_then(|name| self.tenants.named(name));
        named.unwrap_or_else(|| self.tenants.default_one()).retention
    }

    fn is_over(&self, at: Wall, days: u16) -> bool {
        self.now.0.saturating_sub(at.0) > u64::from(days).saturating_mul(86_400_000)
    }
}

impl Snapshots {
    /// The next rows whose time is over, at most `limits::EXPIRE_ROWS_AT_ONCE` of them after a look at no more than
    /// `limits::EXPIRE_LOOKED_AT`, and where to look on; `None` when everything was looked at.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn expired(&self, expiry: &Expiry, at: Looking) -> Result<(Redaction, Option<Looking>), StoreError> {
        let mut gone = Redaction::default();
        let next = match at {
            Looking::Decisions(from) => {
                let last = self.last_number(tables::DECISIONS)?;
                let next = self.look_through(tables::DECISIONS, from, |number, decision: Decision| {
                    let kept = expiry.of(decision.chat);
                    if expiry.is_over(decision.at, kept.decisions_days) && Some(number) != last {
                        gone.decisions.push(number);
                    } else if expiry.is_over(decision.at, u16::from(kept.text_days)) && has_text(&decision) {
                        gone.texts.push(number);
                    }
                    gone.len() < limits::EXPIRE_ROWS_AT_ONCE
                })?;
                Some(next.map_or(Looking::Dead(0), Looking::Decisions))
            }
            Looking::Dead(from) => {
                let last = self.last_number(tables::DEAD_LETTERS)?;
                let next = self.look_through(tables::DEAD_LETTERS, from, |number, letter: DeadLetter| {
                    let kept = expiry.of(letter.row.key.chat);
                    // What was to be said goes with the texts; nobody says it after weeks.
                    let is_said = !letter.row.text.is_empty();
                    let days = if is_said { u16::from(kept.text_days) } else { kept.decisions_days };
                    if expiry.is_over(letter.at, days) && Some(number) != last {
                        gone.dead.push(number);
                    }
                    gone.len() < limits::EXPIRE_ROWS_AT_ONCE
                })?;
                Some(next.map_or(Looking::Audit(0), Looking::Dead))
            }
            Looking::Audit(from) => {
                let last = self.last_number(tables::AUDIT)?;
                let mut old = Vec::new();
                let next = self.look_through(tables::AUDIT, from, |number, line: Audit| {
                    old.push((number, line.at));
                    old.len() < limits::EXPIRE_ROWS_AT_ONCE
                })?;
                for (number, at) in old {
                    let detail: Option<AuditDetail> = self.audit_detail(number)?;
                    let tenant = detail.and_then(|detail| detail.tenant);
                    if expiry.is_over(at, expiry.of_tenant(tenant.as_ref()).audit_days) && Some(number) != last {
                        gone.audit.push(number);
                    }
                }
                Some(next.map_or(Looking::Undecided, Looking::Audit))
            }
            Looking::Undecided => {
                let over = |row: &&Undecided| {
                    !row.excerpt.is_empty() && expiry.is_over(row.at, u16::from(expiry.of(row.chat).text_days))
                };
                let rows = self.undecided()?;
                let keys = rows.iter().filter(over).map(|row| (row.chat, row.message));
                gone.undecided = keys.take(limits::EXPIRE_ROWS_AT_ONCE).collect();
                (gone.undecided.len() >= limits::EXPIRE_ROWS_AT_ONCE).then_some(Looking::Undecided)
            }
        };
        Ok((gone, next))
    }

    fn last_number(&self, table: redb::TableDefinition<'_, u64, &'static [u8]>) -> Result<Option<u64>, StoreError> {
        let txn = self.db.begin_read()?;
        let table = txn.open_table(table)?;
        let last = table.last()?.map(|(number, _)| number.value());
        Ok(last)
    }

    /// Gives rows of a numbered list to `look`, until it has enough or enough were looked at; returns where to go on.
    fn look_through<T: serde::de::DeserializeOwned>(
        &self,
        table: redb::TableDefinition<'_, u64, &'static [u8]>,
        from: u64,
        mut look: impl FnMut(u64, T) -> bool,
    ) -> Result<Option<u64>, StoreError> {
        let txn = self.db.begin_read()?;
        for (looked, entry) in txn.open_table(table)?.range(from..)?.enumerate() {
            let (number, bytes) = entry?;
            let number = number.value();
            if looked >= limits::EXPIRE_LOOKED_AT {
                return Ok(Some(number));
            }
            if !look(number, decode::<T>(bytes.value())?) {
                return Ok(Some(number.saturating_add(1)));
            }
        }
        Ok(None)
    }
}

/// What is kept about one member.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// What is known of them, by chat.
    pub members: Vec<(ChatId, MemberRecord)>,
    /// Decisions about what they wrote, newest first.
    pub decisions: Vec<(u64, Decision)>,
    /// Actions against them that wait.
    pub waiting: Vec<OutboxRow>,
    /// Actions against them that were given up.
    pub dead: Vec<(u64, DeadLetter)>,
    /// Messages they reported.
    pub reports: Vec<(ChatId, MessageId, ReportRecord)>,
    /// The number below which there are more decisions; `None` when there are none.
    pub next: Option<u64>,
}

const fn is_from(sender: Sender, user: UserId) -> bool {
    matches!(sender, Sender::Member(UserId(found)) | Sender::Bot(UserId(found)) if found == user.0)
}

impl Snapshots {
    /// Everything the durable file keeps about a member in the chats that `sees` names, texts included; of decisions, a piece of
    /// at most so many with numbers below `before`; of the rest, all, when there is no `before`. Looks through all of it, a row at a time.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn person(
        &self,
        user: UserId,
        (before, at_most): (Option<u64>, usize),
        sees: impl Fn(ChatId) -> bool,
    ) -> Result<Person, StoreError> {
        let txn = self.db.begin_read()?;
        let mut found = Person::default();
        for entry in txn.open_table(tables::DECISIONS)?.range(..before.unwrap_or(u64::MAX))?.rev() {
            let (number, bytes) = entry?;
            let decision: Decision = decode(bytes.value())?;
            if is_from(decision.sender, user) && sees(decision.chat) {
                found.decisions.push((number.value(), decision));
                if found.decisions.len() >= at_most {
                    found.next = Some(number.value());
                    break;
                }
            }
        }
        if before.is_some() {
            return Ok(found);
        }
        for entry in txn.open_table(tables::MEMBERS)?.iter()? {
            let (key, bytes) = entry?;
            let (chat, member) = key.value();
            if member == user.0 && sees(ChatId(chat)) {
                found.members.push((ChatId(chat), decode(bytes.value())?));
            }
        }
        for entry in txn.open_table(tables::OUTBOX)?.iter()? {
            let row: OutboxRow = decode(entry?.1.value())?;
            if is_from(row.target, user) && sees(row.key.chat) {
                found.waiting.push(row);
            }
        }
        for entry in txn.open_table(tables::DEAD_LETTERS)?.iter()? {
            let (number, bytes) = entry?;
            let letter: DeadLetter = decode(bytes.value())?;
            if is_from(letter.row.target, user) && sees(letter.row.key.chat) {
                found.dead.push((number.value(), letter));
            }
        }
        for entry in txn.open_table(tables::REPORTS)?.iter()? {
            let (key, bytes) = entry?;
            let (chat, message) = key.value();
            let report: ReportRecord = decode(bytes.value())?;
            if report.by.contains(&user) && sees(ChatId(chat)) {
                found.reports.push((ChatId(chat), MessageId(message), report));
            }
        }
        Ok(found)
    }
}
