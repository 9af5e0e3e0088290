//! What changed of usage since somebody took it, for a hub.
//!
//! Promises: rows come in the order of their editions, each as it is now; who confirms the edition of the last row that was
//! taken is never asked to take it again, unless it changes. Bounded: hours in which nothing changed are passed over without
//! a look at their rows, and at most so many rows are held as are asked for.
//!
//! Never: a sum. An hour's counts are in its day as well once that is rolled up: add up hours, or days, not both.

use super::super::records::decode;
use super::super::{Snapshots, StoreError, tables};
use super::{DayRecord, END, END_KEY, EndRecord, HourRecord, Usage, head, whose};
use crate::message::ChatId;
use crate::tenant::TenantName;
use redb::{ReadOnlyTable, ReadableDatabase, ReadableTable, WriteTransaction};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// An hour of one chat (0 when it was not known any more), by the hours since 1970 UTC.
    Hour(ChatId, u32),
    /// A day of all the tenant's chats, in the tenant's zone: 20261125. Only what is rolled up, which is all of it an hour
    /// after it ended.
    Day(u32),
}

/// A row that changed, as it is now: it takes the place of what was told of the same span before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageChange {
    /// Which change it is.
    pub edition: u64,
    /// Whose.
    pub tenant: TenantName,
    /// Of which time, and of which chat.
    pub span: Span,
    /// What was used; `at_least` when counts may have been lost.
    pub used: Usage,
}

impl PartialOrd for UsageChange {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UsageChange {
    fn cmp(&self, other: &Self) -> Ordering {
        self.edition.cmp(&other.edition)
    }
}

/// Rows that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageChanges {
    /// The rows, by rising edition.
    pub rows: Vec<UsageChange>,
    /// What to confirm once all of them were taken: everything up to here was told.
    pub upto: u64,
    /// Whether there are more.
    pub more: bool,
}

struct Newest {
    after: u64,
    at_most: usize,
    found: BinaryHeap<UsageChange>,
    more: bool,
}

impl Newest {
    /// Keeps the rows with the lowest editions.
    fn take(&mut self, change: UsageChange) {
        if change.edition <= self.after {
            return;
        }
        self.found.push(change);
        if self.found.len() > self.at_most {
            self.found.pop();
            self.more = true;
        }
    }
}

const fn hours_from(hour: u32) -> (u32, &'static str, i64) {
    (hour, "", i64::MIN)
}

fn look_at_hours(hours: &ReadOnlyTable<super::HourKey, &'static [u8]>, newest: &mut Newest) -> Result<(), StoreError> {
    let mut at = 0;
    while let Some(hour) =
        hours.range(hours_from(at)..hours_from(END))?.next().transpose()?.map(|(key, _)| key.value().0)
    {
        at = hour.saturating_add(1);
        let last = hours.get(head(hour))?.map(|bytes| decode::<u64>(bytes.value())).transpose()?;
        // An hour without a head would be one that something else wrote: looked at, to be safe.
        if last.is_some_and(|edition| edition <= newest.after) {
            continue;
        }
        for entry in hours.range(hours_from(hour)..hours_from(at))? {
            let (key, bytes) = entry?;
            let (_, name, chat) = key.value();
            if name.is_empty() {
                continue;
            }
            let HourRecord { used, edition, .. } = decode(bytes.value())?;
            newest.take(UsageChange { edition, tenant: whose(name)?, span: Span::Hour(ChatId(chat), hour), used });
        }
    }
    Ok(())
}

impl Snapshots {
    /// Rows of usage that changed after an edition (0 for all there are), at most so many, those that changed first.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn usage_changes(&self, after: u64, at_most: usize) -> Result<UsageChanges, StoreError> {
        let txn = self.db.begin_read()?;
        let hours = txn.open_table(tables::USAGE_HOURS)?;
        let end = hours.get(END_KEY)?.map(|bytes| decode::<EndRecord>(bytes.value())).transpose()?.unwrap_or_default();
        let mut newest = Newest { after, at_most: at_most.max(1), found: BinaryHeap::new(), more: false };
        if end.edition > after {
            look_at_hours(&hours, &mut newest)?;
        }
        if end.day_edition > after {
            for entry in txn.open_table(tables::USAGE)?.iter()? {
                let (key, bytes) = entry?;
                let (name, day) = key.value();
                let DayRecord { used, edition } = decode(bytes.value())?;
                newest.take(UsageChange { edition, tenant: whose(name)?, span: Span::Day(day), used });
            }
        }
        let more = newest.more;
        let rows = newest.found.into_sorted_vec();
        // Without a row in between, everything up to the last edition was told: those that are gone need not be.
        let upto = rows.last().filter(|_| more).map_or(end.edition.max(after), |row| row.edition);
        Ok(UsageChanges { rows, upto, more })
    }

    /// Up to which edition a hub has confirmed what it took; 0 for nothing.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn usage_confirmed(&self, hub: &str) -> Result<u64, StoreError> {
        Ok(self.get(tables::USAGE_STATE, confirmed_key(hub).as_str())?.unwrap_or_default())
    }
}

fn confirmed_key(hub: &str) -> String {
    format!("confirmed/{hub}")
}

/// Notes what hubs have confirmed. It only rises, so that a late word changes nothing.
pub(in crate::store) fn confirm(txn: &WriteTransaction, confirmed: &[(String, u64)]) -> Result<(), StoreError> {
    if confirmed.is_empty() {
        return Ok(());
    }
    let mut state = txn.open_table(tables::USAGE_STATE)?;
    for (hub, edition) in confirmed {
        let key = confirmed_key(hub);
        let known = state.get(key.as_str())?.map(|bytes| decode::<u64>(bytes.value())).transpose()?.unwrap_or_default();
        if *edition > known {
            state.insert(key.as_str(), super::super::records::encode(edition).as_slice())?;
        }
    }
    Ok(())
}
