//! What people made by hand, and what is counted for them: who may log in, versions of the policy, what was undone or
//! taught, titles of groups, and the details of the audit log.
//!
//! Promises: as [`super::records`]; each list is a ring of a named length, and the oldest are forgotten.
//!
//! Never: a password, a code or a token in clear. What is kept of them is a hash.

use super::records::{Audit, decode, encode};
use super::retention::Redaction;
use super::tick::Tick;
use super::usage::{RollUp, Usage, UsageKey};
use super::write::forget_below;
use super::{Next, Snapshots, Store, StoreError, tables};
use crate::access::Role;
use crate::clock::Wall;
use crate::limits;
use crate::message::{ChatId, MessageId};
use crate::overlay::Overlay;
use crate::tenant::TenantName;
use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

type RedbResult<T> = Result<T, StoreError>;

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// The role.
    pub role: Role,
    /// The tenants.
    pub tenants: Vec<TenantName>,
    /// Since when.
    pub since: Wall,
    /// The password's hash, as a PHC string; `None` until one was chosen.
    pub password: Option<String>,
    /// The SHA-256 of a one-time code, and until when it may be used.
    pub code: Option<([u8; 32], Wall)>,
}

/// A token for programs, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// What it may at most.
    pub role: Role,
    /// Since when.
    pub since: Wall,
    /// Until when.
    pub until: Wall,
    /// Its SHA-256.
    pub hash: [u8; 32],
}

/// A change to those who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonChange {
    /// A user with this name is as this record says.
    User(String, UserRecord),
    /// The user is gone, with all tokens of theirs.
    UserGone(String),
    /// A token with this id.
    Token(String, TokenRecord),
    /// The token is gone.
    TokenGone(String),
}

/// What an audit entry is about, and what changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditDetail {
    /// The tenant; `None` for the appliance.
    pub tenant: Option<TenantName>,
    /// What it was before.
    pub before: String,
    /// What it is now.
    pub after: String,
}

/// A version of what was changed on the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// When it was made.
    pub at: Wall,
    /// By whom.
    pub who: String,
    /// Why.
    pub note: String,
    /// What it changed, a sentence each.
    pub changes: Vec<String>,
    /// The tenants it is about; empty for all.
    pub tenants: Vec<TenantName>,
    /// All that is changed since then.
    pub overlay: Overlay,
}

/// What somebody said of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Label {
    /// It was fine.
    Fine,
    /// It was spam.
    Spam,
}

/// What people did with a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When it was undone, and by whom.
    pub undone: Option<(Wall, String)>,
    /// What was said of it.
    pub label: Option<Label>,
}

/// What was taught: numbers made of a text, and never the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// The decision it came from; a later answer about the same one takes its place.
    pub decision: u64,
    /// The chat.
    pub chat: ChatId,
    /// What was said.
    pub label: Label,
    /// The script the text is written in, in its word.
    pub script: String,
    /// As [`crate::learn::Features::list`] has them.
    pub features: Vec<u32>,
}

/// What an owner wants everybody to see first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    /// The text; empty for nothing.
    pub text: String,
    /// Whose.
    pub who: String,
    /// Since when.
    pub at: Wall,
}

/// The changes of one tick to what this file keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskTick {
    /// Entries of the audit log with details.
    pub audit: Vec<(Audit, AuditDetail)>,
    /// People and tokens.
    pub people: Vec<PersonChange>,
    /// Versions of the policy; the last is in force.
    pub policies: Vec<PolicyVersion>,
    /// What was done with decisions, by their numbers. What is `None` in a mark stays as it is.
    pub marks: Vec<(u64, Mark)>,
    /// What was taught.
    pub lessons: Vec<Lesson>,
    /// The banner.
    pub banner: Option<Banner>,
    /// Messages that are decided now.
    pub decided: Vec<(ChatId, MessageId)>,
    /// Titles of groups.
    pub titles: Vec<(ChatId, String)>,
    /// What was used: added to what is there.
    pub usage: BTreeMap<UsageKey, Usage>,
    /// Up to which edition hubs, by name, have confirmed what was used.
    pub confirmed: Vec<(String, u64)>,
    /// What is not kept any more.
    pub redact: Redaction,
    /// A step of the roll-up of usage.
    pub roll_up: Option<RollUp>,
}

impl DeskTick {
    /// Adds to what was used.
    pub fn count(&mut self, key: UsageKey, more: Usage) {
        let known = self.usage.entry(key).or_default();
        *known = known.plus(more);
    }

    /// Whether losing this would break a promise.
    pub(super) const fn matters(&self) -> bool {
        !(self.audit.is_empty()
            && self.people.is_empty()
            && self.policies.is_empty()
            && self.marks.is_empty()
            && self.lessons.is_empty()
            && self.banner.is_none()
            && self.decided.is_empty()
            && self.redact.is_empty())
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        !self.matters()
            && self.titles.is_empty()
            && self.usage.is_empty()
            && self.confirmed.is_empty()
            && self.roll_up.is_none()
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.audit.extend(other.audit);
        self.people.extend(other.people);
        self.policies.extend(other.policies);
        self.marks.extend(other.marks);
        self.lessons.extend(other.lessons);
        self.banner = other.banner.or_else(|| self.banner.take());
        self.decided.extend(other.decided);
        self.titles.extend(other.titles);
        self.confirmed.extend(other.confirmed);
        self.redact.absorb(other.redact);
        self.roll_up = other.roll_up.or_else(|| self.roll_up.take());
        for (key, more) in other.usage {
            self.count(key, more);
        }
    }
}

impl Store {
    pub(super) fn apply_desk(&self, txn: &WriteTransaction, next: &mut Next, tick: &Tick) -> RedbResult<()> {
        let desk = &tick.desk;
        if desk.is_empty() {
            return Ok(());
        }
        self.audit_details(txn, next, desk)?;
        change_people(txn, &desk.people)?;
        keep_policies(txn, &desk.policies)?;
        mark(txn, &desk.marks)?;
        learn(txn, &desk.lessons)?;
        if let Some(banner) = &desk.banner {
            txn.open_table(tables::BANNER)?.insert(0, encode(banner).as_slice())?;
        }
        if !desk.decided.is_empty() {
            let mut table = txn.open_table(tables::UNDECIDED)?;
            for (chat, message) in &desk.decided {
                table.remove((chat.0, message.0))?;
            }
        }
        if !desk.titles.is_empty() {
            let mut table = txn.open_table(tables::TITLES)?;
            for (chat, title) in &desk.titles {
                table.insert(chat.0, title.as_str())?;
            }
            // As many as chats are known: one that is lost is asked for again.
            while table.len()? > u64::try_from(limits::CHATS_MAX).unwrap_or(u64::MAX) {
                table.pop_first()?;
            }
        }
        Ok(())
    }

    fn audit_details(&self, txn: &WriteTransaction, next: &mut Next, desk: &DeskTick) -> RedbResult<()> {
        if desk.audit.is_empty() {
            return Ok(());
        }
        let mut entries = txn.open_table(tables::AUDIT)?;
        let mut details = txn.open_table(tables::AUDIT_DETAILS)?;
        for (entry, detail) in &desk.audit {
            entries.insert(next.audit, encode(entry).as_slice())?;
            details.insert(next.audit, encode(detail).as_slice())?;
            next.audit = next.audit.saturating_add(1);
        }
        let oldest = next.audit.saturating_sub(self.keep.audit);
        forget_below(&mut entries, oldest)?;
        forget_below(&mut details, oldest)
    }
}

fn change_people(txn: &WriteTransaction, changes: &[PersonChange]) -> RedbResult<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut users = txn.open_table(tables::USERS)?;
    let mut tokens = txn.open_table(tables::TOKENS)?;
    for change in changes {
        match change {
            PersonChange::User(name, record) => drop(users.insert(name.as_str(), encode(record).as_slice())?),
            PersonChange::UserGone(name) => {
                users.remove(name.as_str())?;
                let mut theirs = Vec::new();
                for entry in tokens.iter()? {
                    let (id, bytes) = entry?;
                    if decode::<TokenRecord>(bytes.value())?.user == *name {
                        theirs.push(id.value().to_owned());
                    }
                }
                for id in theirs {
                    tokens.remove(id.as_str())?;
                }
            }
            PersonChange::Token(id, record) => drop(tokens.insert(id.as_str(), encode(record).as_slice())?),
            PersonChange::TokenGone(id) => drop(tokens.remove(id.as_str())?),
        }
    }
    Ok(())
}

fn keep_policies(txn: &WriteTransaction, versions: &[PolicyVersion]) -> RedbResult<()> {
    if versions.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(tables::POLICIES)?;
    for version in versions {
        let number = table.last()?.map_or(1, |(number, _)| number.value().saturating_add(1));
        table.insert(number, encode(version).as_slice())?;
    }
    while table.len()? > limits::POLICY_VERSIONS_KEPT {
        table.pop_first()?;
    }
    Ok(())
}

fn mark(txn: &WriteTransaction, marks: &[(u64, Mark)]) -> RedbResult<()> {
    if marks.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(tables::MARKS)?;
    for (number, mark) in marks {
        let known = table.get(number)?.map(|bytes| decode::<Mark>(bytes.value())).transpose()?.unwrap_or_default();
        let both = Mark { undone: mark.undone.clone().or(known.undone), label: mark.label.or(known.label) };
        table.insert(number, encode(&both).as_slice())?;
    }
    // A mark outlives its decision by nothing.
    let oldest = txn.open_table(tables::DECISIONS)?.first()?.map_or(0, |(number, _)| number.value());
    forget_below(&mut table, oldest)
}

fn learn(txn: &WriteTransaction, lessons: &[Lesson]) -> RedbResult<()> {
    if lessons.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(tables::LESSONS)?;
    for lesson in lessons {
        table.insert(lesson.decision, encode(lesson).as_slice())?;
    }
    while table.len()? > limits::LESSONS_KEPT {
        table.pop_first()?;
    }
    Ok(())
}

impl Snapshots {
    /// Everybody who may log in, by name.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn users(&self) -> Result<Vec<(String, UserRecord)>, StoreError> {
        self.each(tables::USERS, |name, record| (name.to_owned(), record))
    }

    /// Every token, by its id.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn tokens(&self) -> Result<Vec<(String, TokenRecord)>, StoreError> {
        self.each(tables::TOKENS, |id, record| (id.to_owned(), record))
    }

    /// The version of the policy in force, with its number; `None` when nothing was ever changed here.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn policy(&self) -> Result<Option<(u64, PolicyVersion)>, StoreError> {
        self.last(tables::POLICIES)
    }

    /// A version of the policy, if it is kept.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn policy_version(&self, number: u64) -> Result<Option<PolicyVersion>, StoreError> {
        self.get(tables::POLICIES, number)
    }

    /// All versions kept, newest first, without what each changed: that is held one at a time.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn policies(&self) -> Result<Vec<(u64, PolicyVersion)>, StoreError> {
        let head = |version: PolicyVersion| PolicyVersion { overlay: Overlay::default(), ..version };
        let mut versions = self.each(tables::POLICIES, |number, version| (number, head(version)))?;
        versions.reverse();
        Ok(versions)
    }

    /// What people did with a decision.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn mark(&self, decision: u64) -> Result<Option<Mark>, StoreError> {
        self.get(tables::MARKS, decision)
    }

    /// The numbers of the decisions that were undone.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn undone(&self) -> Result<BTreeSet<u64>, StoreError> {
        let marks = self.each(tables::MARKS, |number, mark: Mark| mark.undone.map(|_| number))?;
        Ok(marks.into_iter().flatten().collect())
    }

    /// Everything that was taught.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn lessons(&self) -> Result<Vec<Lesson>, StoreError> {
        self.each(tables::LESSONS, |_, lesson| lesson)
    }

    /// The banner.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn banner(&self) -> Result<Option<Banner>, StoreError> {
        self.get(tables::BANNER, 0)
    }

    /// Titles of groups.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn titles(&self) -> Result<Vec<(ChatId, String)>, StoreError> {
        self.titles_table()
    }

    /// The details of an audit entry.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn audit_detail(&self, number: u64) -> Result<Option<AuditDetail>, StoreError> {
        self.get(tables::AUDIT_DETAILS, number)
    }
}
