//! What was used: by tenant, chat and hour as it happens, and by tenant and day once the day is rolled up.
//!
//! Promises: counts of one commit become durable with it or not at all. What is counted of an hour carries the day it belongs
//! to, which is that of the tenant's zone when it was counted; it stands in its hour until the roll-up moves it into that day, in
//! one transaction, so that a sum is never lost and never counted twice, however often and however late that is done. After an
//! end that was not clean up to `limits::RIDE_MS` of counts may be missing (money never is): the hours that this may be about
//! say so. Every row that changes gets a new edition, rising, so that others can ask what changed.
//!
//! Never: a table more in a commit that counts. What has to be known besides the counts lies in the same table, beside the
//! hour that is counted in: the head of an hour (no tenant, chat 0) with the last edition of its rows, and the end of the table
//! (hour `END`).

mod changes;
mod rollup;

pub(super) use changes::confirm;
pub use changes::{Span, UsageChange, UsageChanges};
pub(super) use rollup::roll_up;
pub use rollup::{Place, RollUp, Rolled};

use super::records::{BadRecord, decode, encode};
use super::{Next, Snapshots, Store, StoreError, tables};
use crate::clock::Wall;
use crate::limits;
use crate::message::ChatId;
use crate::tenant::{Tenant, TenantName};
use redb::{ReadableDatabase, ReadableTable, Table, WriteTransaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

type RedbResult<T> = Result<T, StoreError>;
type HourKey = (u32, &'static str, i64);
pub(crate) type Hours<'txn> = Table<'txn, HourKey, &'static [u8]>;

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Messages judged. Those that are neither blocked nor unsure were allowed.
    pub messages: u64,
    /// Of them blocked.
    pub blocked: u64,
    /// Of them unsure.
    pub unsure: u64,
    /// Actions promised.
    pub actions: u64,
    /// Calls to a model.
    pub calls: u64,
    /// Money spent on them, millionths.
    pub money_micros: u64,
    /// Tokens sent with them, as the model's server counts.
    pub tokens_in: u64,
    /// Tokens that came back.
    pub tokens_out: u64,
    /// Unsure messages that a remembered opinion, or one about a message like it, was used for.
    pub cache_hits: u64,
    /// Whether a few more may have been counted and lost, because the power failed. Money is exact all the same.
    pub at_least: bool,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages.saturating_add(other.messages),
            blocked: self.blocked.saturating_add(other.blocked),
            unsure: self.unsure.saturating_add(other.unsure),
            actions: self.actions.saturating_add(other.actions),
            calls: self.calls.saturating_add(other.calls),
            money_micros: self.money_micros.saturating_add(other.money_micros),
            tokens_in: self.tokens_in.saturating_add(other.tokens_in),
            tokens_out: self.tokens_out.saturating_add(other.tokens_out),
            cache_hits: self.cache_hits.saturating_add(other.cache_hits),
            at_least: self.at_least || other.at_least,
        }
    }
}

/// What counts are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageKey {
    /// The hour, since 1970 UTC.
    pub hour: u32,
    /// Who pays.
    pub tenant: TenantName,
    /// The chat; 0 when it is not known any more.
    pub chat: ChatId,
    /// The day in the tenant's zone: 20261125.
    pub day: u32,
}

impl UsageKey {
    /// What is counted for a tenant's chat at a moment, seconds since 1970.
    #[must_use]
    pub fn at(tenant: &Tenant, chat: ChatId, unix_s: u64) -> Self {
        let day = tenant.zone.day(i64::try_from(unix_s).unwrap_or(i64::MAX));
        Self { hour: hour_of(unix_s), tenant: tenant.name.clone(), chat, day }
    }
}

/// The hour since 1970 of a moment, seconds since 1970.
#[must_use]
pub fn hour_of(unix_s: u64) -> u32 {
    u32::try_from(unix_s / 3_600).unwrap_or(END).min(END.saturating_sub(1))
}

/// The hour under which the end of the table lies; no message is as late.
const END: u32 = u32::MAX;

/// What was used in a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRecord {
    /// All that was rolled up of it.
    pub used: Usage,
    /// Which change of a row this is.
    pub edition: u64,
}

/// What was used in an hour, in one chat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourRecord {
    /// All of it.
    pub used: Usage,
    /// What of it is not in its day yet, by day. Two when a zone's midnight is in this hour; more when a zone was changed.
    pub pending: Vec<(u32, Usage)>,
    /// Which change of a row this is.
    pub edition: u64,
}

impl HourRecord {
    fn add(&mut self, day: u32, more: Usage) {
        self.used = self.used.plus(more);
        match self.pending.iter_mut().find(|(known, _)| *known == day) {
            Some((_, usage)) => *usage = usage.plus(more),
            None => self.pending.push((day, more)),
        }
    }

    fn is_at_least(&mut self) {
        self.used.at_least = true;
        for (_, usage) in &mut self.pending {
            usage.at_least = true;
        }
    }
}

/// What lies at the end of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct EndRecord {
    /// The last edition that was given.
    edition: u64,
    /// The last one that a day has.
    day_edition: u64,
    /// When something was counted last.
    at: Wall,
    /// Whether counts may be lost: from the first count of a life on until its clean end.
    running: bool,
    /// The first hour that may have something that is not in its day.
    pending_from: u32,
    /// Hours before this one are summarised: what is counted for them goes into the day.
    kept_from: u32,
    /// The hours in which counts were lost at the last end that was not clean.
    cut: (u32, u32),
}

const END_KEY: (u32, &str, i64) = (END, "", 0);

const fn head(hour: u32) -> (u32, &'static str, i64) {
    (hour, "", 0)
}

fn record<T: DeserializeOwned>(hours: &Hours<'_>, key: (u32, &str, i64)) -> RedbResult<Option<T>> {
    Ok(hours.get(key)?.map(|bytes| decode::<T>(bytes.value())).transpose()?)
}

fn end_of(hours: &Hours<'_>) -> RedbResult<EndRecord> {
    Ok(record(hours, END_KEY)?.unwrap_or_default())
}

fn put_end(hours: &mut Hours<'_>, end: &EndRecord) -> RedbResult<()> {
    hours.insert(END_KEY, encode(end).as_slice())?;
    Ok(())
}

/// Begins the table where the days have editions up to this one.
pub(crate) fn begin_editions(hours: &mut Hours<'_>, edition: u64) -> Result<(), redb::StorageError> {
    let end = EndRecord { edition, day_edition: edition, pending_from: END, ..EndRecord::default() };
    hours.insert(END_KEY, encode(&end).as_slice())?;
    Ok(())
}

/// The next edition, and that the hour has it.
fn edition(hours: &mut Hours<'_>, end: &mut EndRecord, hour: u32) -> RedbResult<u64> {
    end.edition = end.edition.saturating_add(1);
    hours.insert(head(hour), encode(&end.edition).as_slice())?;
    Ok(end.edition)
}

/// The rows of an hour, marked as those that may lack something.
fn mark_cut(hours: &mut Hours<'_>, end: &mut EndRecord, now: Wall) -> RedbResult<()> {
    let cut = hour_of(end.at.seconds());
    let mut rows = Vec::new();
    for entry in hours.range((cut, "", i64::MIN)..(cut.saturating_add(1), "", i64::MIN))? {
        let (key, bytes) = entry?;
        let (_, tenant, chat) = key.value();
        if !tenant.is_empty() {
            rows.push((tenant.to_owned(), chat, decode::<HourRecord>(bytes.value())?));
        }
    }
    for (tenant, chat, mut row) in rows {
        row.is_at_least();
        row.edition = edition(hours, end, cut)?;
        hours.insert((cut, tenant.as_str(), chat), encode(&row).as_slice())?;
    }
    // What is still to come for the hours from then to now lacks the same.
    end.cut = (cut, hour_of(now.seconds()).max(cut));
    end.running = false;
    Ok(())
}

/// Adds what is counted, to its hours.
pub(super) fn count(
    txn: &WriteTransaction,
    next: &mut Next,
    usage: &BTreeMap<UsageKey, Usage>,
    now: Wall,
) -> RedbResult<()> {
    if usage.is_empty() {
        return Ok(());
    }
    let mut hours = txn.open_table(tables::USAGE_HOURS)?;
    let mut end = end_of(&hours)?;
    if !next.counts && end.running {
        mark_cut(&mut hours, &mut end, now)?;
    }
    next.counts = true;
    end.running = true;
    end.at = now;
    for (key, more) in usage {
        let is_cut = end.cut.1 > 0 && (end.cut.0..=end.cut.1).contains(&key.hour);
        let more = Usage { at_least: more.at_least || is_cut, ..*more };
        if key.hour < end.kept_from {
            add_to_day(txn, &mut end, key.tenant.as_str(), key.day, more)?;
            continue;
        }
        let place = (key.hour, key.tenant.as_str(), key.chat.0);
        let mut row = record::<HourRecord>(&hours, place)?.unwrap_or_default();
        row.add(key.day, more);
        row.edition = edition(&mut hours, &mut end, key.hour)?;
        hours.insert(place, encode(&row).as_slice())?;
        end.pending_from = end.pending_from.min(key.hour);
    }
    put_end(&mut hours, &end)
}

/// Adds to a day, and forgets the oldest days of a tenant that has too many.
fn add_to_day(txn: &WriteTransaction, end: &mut EndRecord, tenant: &str, day: u32, more: Usage) -> RedbResult<()> {
    let mut days = txn.open_table(tables::USAGE)?;
    let known = days.get((tenant, day))?.map(|bytes| decode::<DayRecord>(bytes.value())).transpose()?;
    end.edition = end.edition.saturating_add(1);
    end.day_edition = end.edition;
    let row = DayRecord { used: known.unwrap_or_default().used.plus(more), edition: end.edition };
    days.insert((tenant, day), encode(&row).as_slice())?;
    if known.is_some() {
        return Ok(());
    }
    let all = days.range((tenant, 0)..=(tenant, u32::MAX))?.count();
    let mut old = Vec::new();
    for entry in days.range((tenant, 0)..=(tenant, u32::MAX))?.take(all.saturating_sub(limits::USAGE_DAYS_KEPT)) {
        old.push(entry?.0.value().1);
    }
    for day in old {
        days.remove((tenant, day))?;
    }
    Ok(())
}

impl Store {
    /// Says of the hours in which an end that was not clean may have lost counts that they did. Called at the start; without
    /// it the first count of a life does the same.
    ///
    /// # Errors
    /// When storage fails. The store must then not be used again.
    pub fn begin_counting(&mut self, now: Wall) -> Result<(), StoreError> {
        if self.next.counts || !self.snapshots().is_counting()? {
            return Ok(());
        }
        let txn = self.db.begin_write()?;
        {
            let mut hours = txn.open_table(tables::USAGE_HOURS)?;
            let mut end = end_of(&hours)?;
            mark_cut(&mut hours, &mut end, now)?;
            put_end(&mut hours, &end)?;
        }
        txn.commit()?;
        Ok(())
    }

    /// Has the next commit say that this life ended cleanly, with nothing lost.
    pub const fn ends_cleanly(&mut self) {
        self.next.is_last = true;
    }

    /// Whether a last commit has something to say, even when nothing else waits.
    #[must_use]
    pub const fn has_last_words(&self) -> bool {
        self.next.is_last && self.next.counts
    }
}

/// Says that this life ended cleanly.
pub(super) fn end_cleanly(txn: &WriteTransaction, next: &mut Next) -> RedbResult<()> {
    if !(next.is_last && next.counts) {
        return Ok(());
    }
    let mut hours = txn.open_table(tables::USAGE_HOURS)?;
    let end = EndRecord { running: false, ..end_of(&hours)? };
    next.counts = false;
    put_end(&mut hours, &end)
}

/// A row of usage by hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourRow {
    /// The hour, since 1970 UTC.
    pub hour: u32,
    /// Who pays.
    pub tenant: TenantName,
    /// The chat; 0 when it was not known any more.
    pub chat: ChatId,
    /// What was used.
    pub used: Usage,
}

impl Snapshots {
    fn end(&self) -> Result<EndRecord, StoreError> {
        let txn = self.db.begin_read()?;
        let found = txn.open_table(tables::USAGE_HOURS)?.get(END_KEY)?;
        Ok(found.map(|bytes| decode::<EndRecord>(bytes.value())).transpose()?.unwrap_or_default())
    }

    /// The first hour whose rows are kept; all before it are summarised, or there were none.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn first_hour_kept(&self) -> Result<u32, StoreError> {
        let txn = self.db.begin_read()?;
        let first = txn.open_table(tables::USAGE_HOURS)?.first()?.map_or(END, |(key, _)| key.value().0);
        Ok(first)
    }

    /// The last edition that a row was given.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn newest_edition(&self) -> Result<u64, StoreError> {
        Ok(self.end()?.edition)
    }

    fn is_counting(&self) -> Result<bool, StoreError> {
        Ok(self.end()?.running)
    }

    /// What a tenant used, by day, oldest first: what is rolled up, and what is not yet.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn usage(&self, tenant: &TenantName) -> Result<Vec<(u32, Usage)>, StoreError> {
        let txn = self.db.begin_read()?;
        let name = tenant.as_str();
        let mut all = BTreeMap::new();
        for entry in txn.open_table(tables::USAGE)?.range((name, 0)..=(name, u32::MAX))? {
            let (key, bytes) = entry?;
            all.insert(key.value().1, decode::<DayRecord>(bytes.value())?.used);
        }
        let hours = txn.open_table(tables::USAGE_HOURS)?;
        let end = hours.get(END_KEY)?.map(|bytes| decode::<EndRecord>(bytes.value())).transpose()?.unwrap_or_default();
        for entry in hours.range((end.pending_from, "", i64::MIN)..END_KEY)? {
            let (key, bytes) = entry?;
            if key.value().1 != name {
                continue;
            }
            for (day, more) in decode::<HourRecord>(bytes.value())?.pending {
                let known: &mut Usage = all.entry(day).or_default();
                *known = known.plus(more);
            }
        }
        Ok(all.into_iter().collect())
    }

    /// What was used in the hours from `from` to before `until`, oldest first, by those tenants and chats that `is_meant` says;
    /// at most so many rows, and whether there are more.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn usage_hours(
        &self,
        (from, until): (u32, u32),
        is_meant: impl Fn(&str, ChatId) -> bool,
        at_most: usize,
    ) -> Result<(Vec<HourRow>, bool), StoreError> {
        let txn = self.db.begin_read()?;
        let mut rows = Vec::new();
        let until = until.max(from);
        for entry in txn.open_table(tables::USAGE_HOURS)?.range((from, "", i64::MIN)..(until, "", i64::MIN))? {
            let (key, bytes) = entry?;
            let (hour, name, its_chat) = key.value();
            if name.is_empty() || !is_meant(name, ChatId(its_chat)) {
                continue;
            }
            if rows.len() >= at_most {
                return Ok((rows, true));
            }
            let used = decode::<HourRecord>(bytes.value())?.used;
            rows.push(HourRow { hour, tenant: whose(name)?, chat: ChatId(its_chat), used });
        }
        Ok((rows, false))
    }
}

/// The tenant of a row.
fn whose(name: &str) -> Result<TenantName, BadRecord> {
    TenantName::new(name).ok_or_else(|| BadRecord { why: "usage of nobody".to_owned() })
}
