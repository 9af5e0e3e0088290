//! The roll-up: hours of finished days into their days, and hours that are too old, or too many, out of the table.
//!
//! Promises: a step is one transaction, in which what leaves an hour enters its day; so a step that is done twice, late, or
//! again after a crash changes nothing more. A step looks at no more rows than it may, and takes no more out. What comes late
//! for a day that is rolled up stays in its hour until the next roll-up, and is in every sum meanwhile.
//!
//! Never: a row that leaves with something that is in no day.

use super::super::records::{decode, encode};
use super::super::{Snapshots, StoreError, sync, tables};
use super::{END, END_KEY, EndRecord, HourRecord, Hours, Usage, end_of, put_end};
use crate::limits;
use crate::tenant::TenantName;
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, WriteTransaction};
use std::collections::BTreeMap;

/// What is over, and how far a pass has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollUp {
    /// Of each tenant the first day that is not over: 20261125.
    pub today: BTreeMap<TenantName, u32>,
    /// The same of tenants that there are no more.
    pub elsewhere: u32,
    /// The hour since 1970 UTC by the board's clock.
    pub hour: u32,
    /// Rows that a step looks at, and takes out.
    pub at_once: usize,
    /// Where the step before ended.
    pub place: Option<Place>,
}

impl RollUp {
    fn is_over(&self, tenant: &str, day: u32) -> bool {
        // Tenants are few: a look through them costs less than a name made to look with.
        let today = self.today.iter().find(|(name, _)| name.as_str() == tenant).map_or(self.elsewhere, |(_, day)| *day);
        day < today
    }

    /// Hours before this one are taken out, where the last hour that was counted in is `newest`: a clock that is years
    /// ahead must not take out all there is.
    fn oldest_kept(&self, newest: u32) -> u32 {
        self.hour.min(newest).saturating_sub(limits::USAGE_HOURS_KEPT.saturating_mul(24))
    }
}

/// How far a pass has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    hour: u32,
    tenant: String,
    chat: i64,
    /// The first hour, of those looked at, in which something had to stay.
    least: u32,
    /// What the step wrote as the first hour that may have something.
    written: u32,
    /// The last edition then.
    edition: u64,
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rolled {
    /// Rows that something left, into its day.
    pub moved: u64,
    /// Rows that were taken out.
    pub dropped: u64,
    /// Where the next step goes on; `None` when the pass is done.
    pub next: Option<Place>,
}

type Sums = BTreeMap<(String, u32), Usage>;

fn add(sums: &mut Sums, tenant: &str, day: u32, more: Usage) {
    let known = sums.entry((tenant.to_owned(), day)).or_default();
    *known = known.plus(more);
}

/// One step.
pub(in crate::store) fn roll_up(txn: &WriteTransaction, asked: &RollUp) -> Result<Rolled, StoreError> {
    let mut hours = txn.open_table(tables::USAGE_HOURS)?;
    let mut end = end_of(&hours)?;
    let mut sums = Sums::new();
    let mut rolled = move_finished(&mut hours, &mut end, asked, &mut sums)?;
    if rolled.next.is_none() {
        rolled.dropped = drop_oldest(txn, &mut hours, &mut end, asked, &mut sums)?;
        if usize::try_from(rolled.dropped).is_ok_and(|dropped| dropped >= asked.at_once) {
            // Nothing is left to be moved: the next step only takes out.
            rolled.next = Some(place(END.saturating_sub(1), String::new(), i64::MAX, &end, end.pending_from));
        }
    }
    for ((tenant, day), more) in sums {
        super::add_to_day(txn, &mut end, &tenant, day, more)?;
    }
    put_end(&mut hours, &end)?;
    if let Some(next) = &mut rolled.next {
        next.edition = end.edition;
    }
    Ok(rolled)
}

const fn place(hour: u32, tenant: String, chat: i64, end: &EndRecord, least: u32) -> Place {
    Place { hour, tenant, chat, least, written: end.pending_from, edition: end.edition }
}

/// Moves what belongs to days that are over into their sums.
fn move_finished(
    hours: &mut Hours<'_>,
    end: &mut EndRecord,
    asked: &RollUp,
    sums: &mut Sums,
) -> Result<Rolled, StoreError> {
    let mut least = END;
    let from = match &asked.place {
        Some(before) => {
            least = before.least;
            if end.pending_from < before.written {
                // Something came late, before what was looked at.
                least = least.min(end.pending_from);
            }
            if end.edition != before.edition {
                // Or in the very hour.
                least = least.min(before.hour);
            }
            (before.hour, before.tenant.as_str(), before.chat.saturating_add(1))
        }
        None => (end.pending_from, "", i64::MIN),
    };
    let (mut changed, mut looked, mut stopped) = (Vec::new(), 0_usize, None);
    for entry in hours.range(from..END_KEY)? {
        let (key, bytes) = entry?;
        let (hour, tenant, chat) = key.value();
        if tenant.is_empty() {
            continue;
        }
        looked = looked.saturating_add(1);
        let mut row: HourRecord = decode(bytes.value())?;
        let before = row.pending.len();
        row.pending.retain(|(day, more)| {
            let is_over = asked.is_over(tenant, *day);
            if is_over {
                add(sums, tenant, *day, *more);
            }
            !is_over
        });
        if !row.pending.is_empty() {
            least = least.min(hour);
        }
        if row.pending.len() < before {
            changed.push((hour, tenant.to_owned(), chat, row));
        }
        if looked >= asked.at_once {
            stopped = Some((hour, tenant.to_owned(), chat));
            break;
        }
    }
    let moved = u64::try_from(changed.len()).unwrap_or(u64::MAX);
    for (hour, tenant, chat, row) in changed {
        hours.insert((hour, tenant.as_str(), chat), encode(&row).as_slice())?;
    }
    end.pending_from = least.min(stopped.as_ref().map_or(END, |(hour, ..)| *hour));
    let next = stopped.map(|(hour, tenant, chat)| place(hour, tenant, chat, end, least));
    Ok(Rolled { moved, dropped: 0, next })
}

/// Takes out the oldest hours, when their time is over or there are too many; returns how many rows.
fn drop_oldest(
    txn: &WriteTransaction,
    hours: &mut Hours<'_>,
    end: &mut EndRecord,
    asked: &RollUp,
    sums: &mut Sums,
) -> Result<u64, StoreError> {
    let newest = hours.range(..(END, "", i64::MIN))?.next_back().transpose()?.map_or(0, |(key, _)| key.value().0);
    let oldest = asked.oldest_kept(newest);
    let too_many = hours.len()?.saturating_sub(limits::USAGE_HOUR_ROWS_MAX);
    let (mut dropped, mut last) = (0_u64, None);
    let mut gone = Vec::new();
    for entry in hours.iter()?.take(asked.at_once) {
        let (key, bytes) = entry?;
        let (hour, tenant, chat) = key.value();
        // The hour that is counted in stays, whatever else.
        if hour >= newest || (hour >= oldest && dropped >= too_many) {
            break;
        }
        if !tenant.is_empty() {
            let row = decode::<HourRecord>(bytes.value())?;
            gone.push((hour, tenant.to_owned(), row.used, row.edition));
            for (day, more) in row.pending {
                add(sums, tenant, day, more);
            }
        }
        // What is still counted for it goes into its day: a row that began anew would be taken for the whole hour.
        end.kept_from = end.kept_from.max(hour.saturating_add(1));
        dropped = dropped.saturating_add(1);
        last = Some((hour, tenant.to_owned(), chat));
    }
    if let Some((hour, tenant, chat)) = last {
        // Page by page, which costs a part of what row by row does.
        hours.retain_in(..=(hour, tenant.as_str(), chat), |_, _| false)?;
    }
    sync::sum_up(txn, &gone, end.kept_from, hours)?;
    Ok(dropped)
}

impl Snapshots {
    /// Whether a pass has something to do.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn needs_roll_up(&self, asked: &RollUp) -> Result<bool, StoreError> {
        let txn = self.db.begin_read()?;
        let hours = txn.open_table(tables::USAGE_HOURS)?;
        let end = hours.get(END_KEY)?.map(|bytes| decode::<EndRecord>(bytes.value())).transpose()?.unwrap_or_default();
        let before_end = hours.range(..(END, "", i64::MIN))?;
        let mut ends = before_end;
        let newest = ends.next_back().transpose()?.map_or(0, |(key, _)| key.value().0);
        let first = ends.next().transpose()?.map_or(newest, |(key, _)| key.value().0);
        if first < newest && (first < asked.oldest_kept(newest) || hours.len()? > limits::USAGE_HOUR_ROWS_MAX) {
            return Ok(true);
        }
        for entry in hours.range((end.pending_from, "", i64::MIN)..END_KEY)? {
            let (key, bytes) = entry?;
            let (_, tenant, _) = key.value();
            if tenant.is_empty() {
                continue;
            }
            let row: HourRecord = decode(bytes.value())?;
            if row.pending.iter().any(|(day, _)| asked.is_over(tenant, *day)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
