//! Long lists, read in pieces, and single rows of them.
//!
//! Promises: a list is read record by record, newest first, and only as far as the caller asks; a reader sees one commit,
//! whole.
//!
//! Never: a whole large table in memory.

use super::desk::AuditDetail;
use super::records::{Audit, DeadLetter, Decision, MemberRecord, OutboxRow, Undecided, decode};
use super::{Snapshots, StoreError, tables};
use crate::message::{ChatId, MessageId, UserId};
use redb::{ReadableDatabase, TableDefinition};
use serde::de::DeserializeOwned;
use std::ops::ControlFlow;

type RedbResult<T> = Result<T, StoreError>;

impl Snapshots {
    /// One decision.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn decision(&self, number: u64) -> RedbResult<Option<Decision>> {
        self.get(tables::DECISIONS, number)
    }

    /// Decisions below a number, or all, newest first, one at a time, until `f` has had enough.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn decisions_before(
        &self,
        below: Option<u64>,
        f: impl FnMut(u64, Decision) -> ControlFlow<()>,
    ) -> RedbResult<()> {
        self.newest_before(tables::DECISIONS, below, f)
    }

    /// Dead letters in the same way.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn dead_letters_before(
        &self,
        below: Option<u64>,
        f: impl FnMut(u64, DeadLetter) -> ControlFlow<()>,
    ) -> RedbResult<()> {
        self.newest_before(tables::DEAD_LETTERS, below, f)
    }

    /// One dead letter.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn dead_letter(&self, number: u64) -> RedbResult<Option<DeadLetter>> {
        self.get(tables::DEAD_LETTERS, number)
    }

    /// Entries of the audit log in the same way, each with its details where it has some.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn audit_before(
        &self,
        below: Option<u64>,
        mut f: impl FnMut(u64, Audit, Option<AuditDetail>) -> ControlFlow<()>,
    ) -> RedbResult<()> {
        let txn = self.db.begin_read()?;
        let details = txn.open_table(tables::AUDIT_DETAILS)?;
        for entry in txn.open_table(tables::AUDIT)?.range(..below.unwrap_or(u64::MAX))?.rev() {
            let (number, bytes) = entry?;
            let number = number.value();
            let detail = details.get(number)?.map(|bytes| decode::<AuditDetail>(bytes.value())).transpose()?;
            if f(number, decode::<Audit>(bytes.value())?, detail).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Members of a chat below a number, or all, the highest number first, one at a time, until `f` has had enough. The first
    /// `skip` are passed over.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn members_before(
        &self,
        chat: ChatId,
        below: Option<UserId>,
        skip: usize,
        mut f: impl FnMut(UserId, MemberRecord) -> ControlFlow<()>,
    ) -> RedbResult<()> {
        let txn = self.db.begin_read()?;
        let end = below.map_or(i64::MAX, |user| user.0);
        for entry in txn.open_table(tables::MEMBERS)?.range((chat.0, i64::MIN)..(chat.0, end))?.rev().skip(skip) {
            let (key, bytes) = entry?;
            if f(UserId(key.value().1), decode::<MemberRecord>(bytes.value())?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// One message that nobody has decided.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn undecided_one(&self, chat: ChatId, message: MessageId) -> RedbResult<Option<Undecided>> {
        self.get(tables::UNDECIDED, (chat.0, message.0))
    }

    /// Every promised action, one at a time, in no order that matters.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn each_promised(&self, mut f: impl FnMut(OutboxRow)) -> RedbResult<()> {
        let txn = self.db.begin_read()?;
        for entry in txn.open_table(tables::OUTBOX)?.range::<(i64, i32, u8)>(..)? {
            f(decode::<OutboxRow>(entry?.1.value())?);
        }
        Ok(())
    }

    fn newest_before<T: DeserializeOwned>(
        &self,
        table: TableDefinition<'_, u64, &'static [u8]>,
        below: Option<u64>,
        mut f: impl FnMut(u64, T) -> ControlFlow<()>,
    ) -> RedbResult<()> {
        let txn = self.db.begin_read()?;
        for entry in txn.open_table(table)?.range(..below.unwrap_or(u64::MAX))?.rev() {
            let (number, bytes) = entry?;
            if f(number.value(), decode::<T>(bytes.value())?).is_break() {
                break;
            }
        }
        Ok(())
    }
}
