//! How this appliance stands with its hub: how far the hub has what is told, what it wishes, and days whose hours went before
//! the hub had them.
//!
//! Promises: hours that leave before the hub confirmed them are added up by day in UTC, in the very transaction in which they
//! leave, so that no sum is lost however long the hub is away; where the hub has all of a day, nothing is kept of it.
//!
//! Never: a commit of its own for what may be told again. How far the hub is rides with others.

use super::records::{decode, encode};
use super::usage::{Hours, Usage};
use super::{Snapshots, StoreError, desk::Mark, records::Decision, tables};
use crate::tenant::TenantName;
use redb::{ReadableDatabase, ReadableTable, Table, WriteTransaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

type RedbResult<T> = Result<T, StoreError>;
type Facts<'txn> = Table<'txn, &'static str, &'static [u8]>;

const PLACE: &str = "place";
const WISHES: &str = "wishes";
const BUDGETS: &str = "budgets";
const PACKS: &str = "packs";
const MARKS: &str = "marks";
const STREAK: &str = "streak";
const DAY: &str = "day/";
const DAY_END: &str = "day0";
const ASIDE: &str = "aside/";
const ASIDE_END: &str = "aside0";

/// How far the hub has what this appliance tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPlace {
    /// The id that this board has at its hub; another after another enrolment.
    pub board: String,
    /// The last push that the hub took.
    pub sequence: u64,
    /// The chain after it.
    pub chain: [u8; 32],
    /// Up to which edition the hub has rows of usage. It goes back where the hub lost some, or they went apart.
    pub edition: u64,
    /// The last decision that the hub took.
    pub decisions: u64,
    /// Rows that became coarser, or were left out, because they waited too long.
    pub summarised: u64,
}

/// What is remembered besides, where there is a hub. A version that does not know it tells some decisions once more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncMarks {
    /// When the last decision was undone of which the hub knows, milliseconds since 1970, and its number.
    pub undone: (u64, u64),
    /// The highest decision that a hub took. It does not go back.
    pub highest: u64,
    /// Rows that the hub refused, and that were set aside: they stay here, and are told no more.
    pub aside: u64,
}

/// Rows that were set aside one after another, none taken in between, and how far the hub was before the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStreak {
    /// How many; 0: the hub has taken a row since.
    pub rows: u64,
    /// Whether the hub is taken to be at fault: nothing more is set aside, and all of it waits.
    pub is_at_fault: bool,
    /// [`SyncPlace::edition`], then.
    pub edition: u64,
    /// [`SyncPlace::decisions`], then.
    pub decisions: u64,
    /// [`SyncMarks::undone`], then.
    pub undone: (u64, u64),
}

/// What the hub wishes, as it said it last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptWishes {
    /// What names this state of them.
    pub etag: String,
    /// The document, as it was received.
    pub body: String,
}

/// This board's own budget of a tenant, as the hub is told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBudget {
    /// Whose.
    pub tenant: String,
    /// Money a month, millionths.
    pub money_micros: u64,
    /// Calls a month.
    pub calls: u64,
    /// What replaces the model, in its word.
    pub degrade: String,
    /// Rises with each change.
    pub edition: u64,
    /// The edition that the hub took.
    pub told: u64,
}

/// What one tick changes here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncTick {
    /// How far the hub is. May be lost: it is asked again then.
    pub place: Option<SyncPlace>,
    /// What is remembered besides. Goes with a place.
    pub marks: Option<SyncMarks>,
    /// How many rows were set aside one after another. Goes with a place.
    pub streak: Option<SyncStreak>,
    /// Days that the hub has, by tenant and by days since 1970.
    pub days_done: Vec<(TenantName, u32)>,
    /// Days that the hub refused: they are told no more, until [`SyncTick::days_again`].
    pub days_aside: Vec<(TenantName, u32)>,
    /// All days that were set aside are to be told.
    pub days_again: bool,
    /// What the hub wishes.
    pub wishes: Option<KeptWishes>,
    /// The board's own budgets.
    pub budgets: Option<Vec<OwnBudget>>,
    /// What came of the hub's packs, in words of who counts it. May be lost.
    pub packs: Option<String>,
    /// There is no hub any more.
    pub leaves: bool,
}

impl SyncTick {
    /// Whether losing this would break a promise.
    pub(super) const fn matters(&self) -> bool {
        self.wishes.is_some() || self.budgets.is_some() || self.days_again || self.leaves
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.matters()
            && self.place.is_none()
            && self.marks.is_none()
            && self.packs.is_none()
            && self.streak.is_none()
            && self.days_done.is_empty()
            && self.days_aside.is_empty()
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.place = other.place.or_else(|| self.place.take());
        self.marks = other.marks.or(self.marks);
        self.streak = other.streak.or(self.streak);
        self.days_done.extend(other.days_done);
        self.days_aside.extend(other.days_aside);
        self.days_again |= other.days_again;
        self.wishes = other.wishes.or_else(|| self.wishes.take());
        self.budgets = other.budgets.or_else(|| self.budgets.take());
        self.packs = other.packs.or_else(|| self.packs.take());
        self.leaves |= other.leaves;
    }
}

/// The hours of a day in UTC that left before the hub had all of them, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct SummedDay {
    used: Usage,
    rows: u64,
    /// Whether the hub lacks something of it.
    is_lacking: bool,
}

/// A day that the hub is to have in the place of its hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayToTell {
    /// Whose.
    pub tenant: TenantName,
    /// Days since 1970, UTC.
    pub day: u32,
    /// All that was used in it, in all chats.
    pub used: Usage,
    /// How many rows became this one.
    pub rows: u64,
}

fn fact<T: DeserializeOwned>(facts: &Facts<'_>, key: &str) -> RedbResult<Option<T>> {
    Ok(facts.get(key)?.map(|bytes| decode::<T>(bytes.value())).transpose()?)
}

fn day_key(day: u32, tenant: &str) -> String {
    format!("{DAY}{day:010}/{tenant}")
}

fn of_day_key(key: &str) -> Option<(u32, TenantName)> {
    let (day, tenant) = key.strip_prefix(DAY)?.split_once('/')?;
    Some((day.parse().ok()?, TenantName::new(tenant)?))
}

/// Writes down what changed.
pub(super) fn apply(txn: &WriteTransaction, tick: &SyncTick) -> RedbResult<()> {
    if tick.is_empty() {
        return Ok(());
    }
    let mut facts = txn.open_table(tables::SYNC)?;
    if tick.leaves {
        facts.retain(|_, _| false)?;
    }
    if let Some(place) = &tick.place {
        facts.insert(PLACE, encode(place).as_slice())?;
    }
    if let Some(marks) = &tick.marks {
        facts.insert(MARKS, encode(marks).as_slice())?;
    }
    if let Some(wishes) = &tick.wishes {
        facts.insert(WISHES, encode(wishes).as_slice())?;
    }
    if let Some(budgets) = &tick.budgets {
        facts.insert(BUDGETS, encode(budgets).as_slice())?;
    }
    if let Some(packs) = &tick.packs {
        facts.insert(PACKS, packs.as_bytes())?;
    }
    if let Some(streak) = &tick.streak {
        facts.insert(STREAK, encode(streak).as_slice())?;
    }
    for (tenant, day) in &tick.days_aside {
        let key = day_key(*day, tenant.as_str());
        rename(&mut facts, &key, &key.replacen(DAY, ASIDE, 1))?;
    }
    // After those of the same group of ticks: one that is told once more than it had to be is harmless.
    if tick.days_again {
        let aside: Vec<String> =
            facts.range(ASIDE..ASIDE_END)?.map(|entry| Ok(entry?.0.value().to_owned())).collect::<RedbResult<_>>()?;
        for key in aside {
            rename(&mut facts, &key, &key.replacen(ASIDE, DAY, 1))?;
        }
    }
    for (tenant, day) in &tick.days_done {
        facts.remove(day_key(*day, tenant.as_str()).as_str())?;
    }
    Ok(())
}

fn rename(facts: &mut Facts<'_>, from: &str, to: &str) -> RedbResult<()> {
    let bytes = facts.remove(from)?.map(|bytes| bytes.value().to_vec());
    if let Some(bytes) = bytes {
        facts.insert(to, bytes.as_slice())?;
    }
    Ok(())
}

/// Adds up the hours that are about to leave, where there is a hub: `(hour, tenant, used, edition)` each.
pub(super) fn sum_up(
    txn: &WriteTransaction,
    gone: &[(u32, String, Usage, u64)],
    kept_from: u32,
    hours: &Hours<'_>,
) -> RedbResult<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let mut facts = txn.open_table(tables::SYNC)?;
    let Some(place) = fact::<SyncPlace>(&facts, PLACE)? else { return Ok(()) };
    let mut days: BTreeMap<(u32, &str), SummedDay> = BTreeMap::new();
    for (hour, tenant, used, edition) in gone {
        let key = (hour / 24, tenant.as_str());
        let day = match days.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(fact(&facts, &day_key(key.0, key.1))?.unwrap_or_default()),
        };
        day.used = day.used.plus(*used);
        day.rows = day.rows.saturating_add(1);
        day.is_lacking |= *edition > place.edition;
    }
    for ((day, tenant), sum) in days {
        // Where a day is whole and the hub has all of it, nothing is to be told.
        let is_whole = kept_from / 24 > day || first_after(hours, kept_from)? / 24 > day;
        let key = day_key(day, tenant);
        if is_whole && !sum.is_lacking {
            facts.remove(key.as_str())?;
        } else {
            facts.insert(key.as_str(), encode(&sum).as_slice())?;
        }
    }
    Ok(())
}

/// The first hour from this one on that has rows; the end of time when there is none.
fn first_after(hours: &Hours<'_>, hour: u32) -> RedbResult<u32> {
    Ok(hours.range((hour, "", i64::MIN)..)?.next().transpose()?.map_or(u32::MAX, |(key, _)| key.value().0))
}

impl Snapshots {
    fn sync_fact<T: DeserializeOwned>(&self, key: &str) -> RedbResult<Option<T>> {
        self.get(tables::SYNC, key)
    }

    /// How far the hub is; `None` where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn sync_place(&self) -> Result<Option<SyncPlace>, StoreError> {
        self.sync_fact(PLACE)
    }

    /// What is remembered besides.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn sync_marks(&self) -> Result<SyncMarks, StoreError> {
        Ok(self.sync_fact(MARKS)?.unwrap_or_default())
    }

    /// How many rows were set aside one after another.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn sync_streak(&self) -> Result<SyncStreak, StoreError> {
        Ok(self.sync_fact(STREAK)?.unwrap_or_default())
    }

    /// What the hub wished last.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn sync_wishes(&self) -> Result<Option<KeptWishes>, StoreError> {
        self.sync_fact(WISHES)
    }

    /// The board's own budgets, as the hub is told of them.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn sync_budgets(&self) -> Result<Vec<OwnBudget>, StoreError> {
        Ok(self.sync_fact(BUDGETS)?.unwrap_or_default())
    }

    /// What came of the hub's packs when it was kept last; empty when nothing was.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn sync_packs(&self) -> Result<String, StoreError> {
        let txn = self.db.begin_read()?;
        let kept = txn.open_table(tables::SYNC)?.get(PACKS)?;
        Ok(kept.map(|bytes| String::from_utf8_lossy(bytes.value()).into_owned()).unwrap_or_default())
    }

    /// Decisions after a number, the oldest first; at most so many.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn decisions_after(&self, after: u64, at_most: usize) -> Result<Vec<(u64, Decision)>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut found = Vec::new();
        for entry in txn.open_table(tables::DECISIONS)?.range(after.saturating_add(1)..)?.take(at_most) {
            let (number, bytes) = entry?;
            found.push((number.value(), decode(bytes.value())?));
        }
        Ok(found)
    }

    /// The number of the newest decision; 0 when there is none.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn newest_decision(&self) -> Result<u64, StoreError> {
        let txn = self.db.begin_read()?;
        let last = txn.open_table(tables::DECISIONS)?.last()?.map_or(0, |(number, _)| number.value());
        Ok(last)
    }

    /// When decisions were undone, milliseconds since 1970, and their numbers, after such a mark, the earliest first; at most so many.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn undone_after(&self, after: (u64, u64), at_most: usize) -> Result<Vec<(u64, u64)>, StoreError> {
        let mut found: Vec<(u64, u64)> = Vec::new();
        let txn = self.db.begin_read()?;
        for entry in txn.open_table(tables::MARKS)?.iter()? {
            let (number, bytes) = entry?;
            let mark: Mark = decode(bytes.value())?;
            let Some((at, _)) = mark.undone else { continue };
            let undone = (at.0, number.value());
            if undone > after {
                found.insert(found.partition_point(|known| *known < undone), undone);
                found.truncate(at_most);
            }
        }
        Ok(found)
    }

    /// Days of which the hub lacks something and whose hours are all gone, the oldest first, of those tenants that `is_meant`
    /// says; at most so many.
    ///
    /// # Errors
    /// As [`Snapshots::sync_place`].
    pub fn days_to_tell(&self, is_meant: impl Fn(&str) -> bool, at_most: usize) -> Result<Vec<DayToTell>, StoreError> {
        let first_kept = self.first_hour_kept()?;
        let txn = self.db.begin_read()?;
        let mut days = Vec::new();
        for entry in txn.open_table(tables::SYNC)?.range(DAY..DAY_END)? {
            let (key, bytes) = entry?;
            let Some((day, tenant)) = of_day_key(key.value()) else { continue };
            if days.len() >= at_most || day >= first_kept / 24 {
                break;
            }
            let SummedDay { used, rows, is_lacking } = decode(bytes.value())?;
            if is_lacking && is_meant(tenant.as_str()) {
                days.push(DayToTell { tenant, day, used, rows });
            }
        }
        Ok(days)
    }
}
