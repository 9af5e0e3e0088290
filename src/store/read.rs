//! Snapshots: reading what is durable, without disturbing the writer.
//!
//! Promises: a reader sees one commit, whole. Lists are bounded by the caller's `at_most`.

use super::records::{
    AlbumRecord, Audit, BadRecord, ChatRecord, DeadLetter, Decision, MemberRecord, OutboxRow, Pause, ReviewRow,
    Undecided, decode,
};
use super::slow_lane::{SetCaps, StoredSpending, account};
use super::{StoreError, tables};
use crate::budget::{Caps, Hold, Month, Spent};
use crate::message::{AlbumId, ChatId, MessageId, UpdateId, UserId};
use crate::tenant::TenantName;
use redb::{Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Reads the durable file.
#[derive(Clone, Debug)]
pub struct Snapshots {
    pub(super) db: Arc<Database>,
}

impl Snapshots {
    pub(super) const fn new(db: Arc<Database>) -> Self {
        Self { db }
    }

    pub(super) fn get<'k, K: Key + 'static, T: DeserializeOwned>(
        &self,
        table: TableDefinition<'_, K, &'static [u8]>,
        key: K::SelfType<'k>,
    ) -> Result<Option<T>, StoreError> {
        let txn = self.db.begin_read()?;
        let found = txn.open_table(table)?.get(key)?;
        Ok(found.map(|bytes| decode::<T>(bytes.value())).transpose()?)
    }

    /// Every record of a table, through `f`.
    pub(super) fn each<K, T, R>(
        &self,
        table: TableDefinition<'_, K, &'static [u8]>,
        f: impl Fn(K::SelfType<'_>, T) -> R,
    ) -> Result<Vec<R>, StoreError>
    where
        K: Key + 'static,
        T: DeserializeOwned,
    {
        let txn = self.db.begin_read()?;
        let mut all = Vec::new();
        for entry in txn.open_table(table)?.iter()? {
            let (key, bytes) = entry?;
            let record = decode::<T>(bytes.value()).map_err(|BadRecord { why }| StoreError::Damaged(why))?;
            all.push(f(key.value(), record));
        }
        Ok(all)
    }

    /// The last record of a table.
    pub(super) fn last<T: DeserializeOwned>(
        &self,
        table: TableDefinition<'_, u64, &'static [u8]>,
    ) -> Result<Option<(u64, T)>, StoreError> {
        let txn = self.db.begin_read()?;
        let table = txn.open_table(table)?;
        let found = table.last()?;
        Ok(found
            .map(|(number, bytes)| Ok::<_, BadRecord>((number.value(), decode::<T>(bytes.value())?)))
            .transpose()?)
    }

    pub(super) fn titles_table(&self) -> Result<Vec<(ChatId, String)>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut titles = Vec::new();
        for entry in txn.open_table(tables::TITLES)?.iter()? {
            let (chat, title) = entry?;
            titles.push((ChatId(chat.value()), title.value().to_owned()));
        }
        Ok(titles)
    }

    pub(super) fn rights_of(&self, chat: ChatId) -> Result<Option<u16>, StoreError> {
        let txn = self.db.begin_read()?;
        let found = txn.open_table(tables::RIGHTS)?.get(chat.0)?;
        Ok(found.and_then(|bits| u16::try_from(bits.value()).ok()))
    }

    pub(super) fn shared_bans_of_all(&self) -> Result<Vec<(TenantName, UserId)>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut all = Vec::new();
        for entry in txn.open_table(tables::SHARED_BANS)?.iter()? {
            let (key, _) = entry?;
            let (tenant, user) = key.value();
            all.extend(TenantName::new(tenant).map(|tenant| (tenant, UserId(user))));
        }
        Ok(all)
    }

    pub(super) fn members_of(&self, chat: ChatId) -> Result<Vec<(UserId, MemberRecord)>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut all = Vec::new();
        for entry in txn.open_table(tables::MEMBERS)?.range((chat.0, i64::MIN)..=(chat.0, i64::MAX))? {
            let (key, bytes) = entry?;
            all.push((UserId(key.value().1), decode::<MemberRecord>(bytes.value())?));
        }
        Ok(all)
    }

    fn count<K: Key + 'static>(&self, table: TableDefinition<'_, K, &'static [u8]>) -> Result<u64, StoreError> {
        Ok(self.db.begin_read()?.open_table(table)?.len()?)
    }

    /// Every promised action.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows = self.each(tables::OUTBOX, |_, row: OutboxRow| row)?;
        rows.sort_by_key(|row| (row.decision, row.key));
        Ok(rows)
    }

    /// The ids of the updates dealt with lately, oldest batch first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn updates(&self) -> Result<Vec<UpdateId>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut ids = Vec::new();
        for entry in txn.open_table(tables::DEDUPE)?.iter()? {
            let (_, packed) = entry?;
            let (words, _) = packed.value().as_chunks::<4>();
            ids.extend(words.iter().map(|word| UpdateId(u32::from_le_bytes(*word))));
        }
        Ok(ids)
    }

    /// Every chat known.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn chats(&self) -> Result<Vec<(ChatId, ChatRecord)>, StoreError> {
        self.each(tables::CHATS, |chat, record| (ChatId(chat), record))
    }

    /// Every pause asked for; chat 0 for all calls.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn pauses(&self) -> Result<Vec<(ChatId, Pause)>, StoreError> {
        self.each(tables::PAUSES, |chat, pause| (ChatId(chat), pause))
    }

    /// A member of a chat.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn member(&self, chat: ChatId, user: UserId) -> Result<Option<MemberRecord>, StoreError> {
        self.get(tables::MEMBERS, (chat.0, user.0))
    }

    /// An album.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn album(&self, chat: ChatId, album: AlbumId) -> Result<Option<AlbumRecord>, StoreError> {
        self.get(tables::ALBUMS, (chat.0, album.0))
    }

    /// The newest decisions with their numbers, newest first.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn decisions(&self, at_most: usize) -> Result<Vec<(u64, Decision)>, StoreError> {
        newest(&self.db.begin_read()?, tables::DECISIONS, at_most)
    }

    /// The dead letters with their numbers, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn dead_letters(&self, at_most: usize) -> Result<Vec<(u64, DeadLetter)>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut letters = Vec::new();
        for entry in txn.open_table(tables::DEAD_LETTERS)?.iter()?.take(at_most) {
            let (number, bytes) = entry?;
            letters.push((number.value(), decode::<DeadLetter>(bytes.value())?));
        }
        Ok(letters)
    }

    /// How many dead letters there are.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn dead_letter_count(&self) -> Result<u64, StoreError> {
        self.count(tables::DEAD_LETTERS)
    }

    /// The newest changes by hand, and what the appliance noted about itself, with their numbers, newest first.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn audit(&self, at_most: usize) -> Result<Vec<(u64, Audit)>, StoreError> {
        newest(&self.db.begin_read()?, tables::AUDIT, at_most)
    }

    /// Messages nobody has decided.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn undecided(&self) -> Result<Vec<Undecided>, StoreError> {
        self.each(tables::UNDECIDED, |_, row| row)
    }

    /// How many messages nobody has decided.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn undecided_count(&self) -> Result<u64, StoreError> {
        self.count(tables::UNDECIDED)
    }

    /// A message that waits for an opinion.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn review(&self, chat: ChatId, message: MessageId) -> Result<Option<ReviewRow>, StoreError> {
        self.get(tables::REVIEWS, (chat.0, message.0))
    }

    /// What `f` keeps of every message that waits for an opinion: their texts are held one at a time.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn reviews<R>(&self, f: impl Fn(&ReviewRow) -> R) -> Result<Vec<R>, StoreError> {
        self.each(tables::REVIEWS, |_, row: ReviewRow| f(&row))
    }

    /// What was spent, by every account that is kept.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn spending(&self) -> Result<Vec<StoredSpending>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut all = Vec::new();
        for entry in txn.open_table(tables::BUDGET)?.iter()? {
            let (key, bytes) = entry?;
            let (tenant, month, kind, number) = key.value();
            let spent = decode::<Spent>(bytes.value())?;
            let (Some(tenant), Some(account)) = (TenantName::new(tenant), account((kind, number))) else {
                return Err(StoreError::Damaged("an account of nobody".to_owned()));
            };
            all.push(StoredSpending { tenant, month: Month(month), account, spent });
        }
        Ok(all)
    }

    /// What is set aside for calls whose end is not known.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.each(tables::HOLDS, |_, hold| hold)
    }

    /// Caps set by hand.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn caps(&self) -> Result<Vec<SetCaps>, StoreError> {
        let named = self.each(tables::CAPS, |name, caps: Caps| Some((TenantName::new(name)?, caps)))?;
        Ok(named.into_iter().flatten().collect())
    }

    /// The counters as last stored.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn totals(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut totals = Vec::new();
        for entry in txn.open_table(tables::COUNTERS)?.iter()? {
            let (name, value) = entry?;
            totals.push((name.value().to_owned(), value.value()));
        }
        Ok(totals)
    }
}

/// The last records of a table, the last one first.
fn newest<T: DeserializeOwned>(
    txn: &ReadTransaction,
    table: TableDefinition<'_, u64, &'static [u8]>,
    at_most: usize,
) -> Result<Vec<(u64, T)>, StoreError> {
    let mut all = Vec::new();
    for entry in txn.open_table(table)?.iter()?.rev().take(at_most) {
        let (number, bytes) = entry?;
        all.push((number.value(), decode::<T>(bytes.value())?));
    }
    Ok(all)
}
