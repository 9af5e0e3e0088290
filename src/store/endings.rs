//! What became of actions.
//!
//! Promises: all answers of one [`Endings`] are of one commit. An action that is done is told apart from one that need not
//! be done any more.
//!
//! Never: a guess. Of an action that came to its end too long ago nothing is known.

use super::records::{DeadLetter, OutboxKey, OutboxRow, decode};
use super::{Snapshots, StoreError, tables};
use crate::clock::Wall;
use redb::{ReadOnlyTable, ReadableDatabase, ReadableTable};
use std::cell::OnceCell;
use std::collections::BTreeMap;

type RawKey = (i64, i32, u8);

/// A mark in the time of an end: the action was not carried out. No time is as late.
const DROPPED: u64 = 1 << 63;

/// The time of an end, as stored.
pub(super) const fn done_at(now: Wall) -> u64 {
    now.0 & !DROPPED
}

/// The same of an action that need not be done any more.
pub(super) const fn dropped_at(now: Wall) -> u64 {
    now.0 | DROPPED
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It waits, or is under way.
    Waits(OutboxRow),
    /// It is done.
    Done(Wall),
    /// It was taken back, or was not needed any more.
    Dropped(Wall),
    /// It was given up; under this number.
    Dead(u64, DeadLetter),
    /// It was never promised, or came to its end too long ago.
    Unknown,
}

/// Looks up what became of actions, in one snapshot.
pub struct Endings {
    outbox: ReadOnlyTable<RawKey, &'static [u8]>,
    done: ReadOnlyTable<RawKey, u64>,
    dead: ReadOnlyTable<u64, &'static [u8]>,
    /// Numbers of dead letters by the keys of their rows; made when first asked for.
    dead_numbers: OnceCell<BTreeMap<RawKey, u64>>,
}

impl std::fmt::Debug for Endings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endings").finish_non_exhaustive()
    }
}

impl Snapshots {
    /// What became of actions, as of now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn endings(&self) -> Result<Endings, StoreError> {
        let txn = self.db.begin_read()?;
        Ok(Endings {
            outbox: txn.open_table(tables::OUTBOX)?,
            done: txn.open_table(tables::DONE)?,
            dead: txn.open_table(tables::DEAD_LETTERS)?,
            dead_numbers: OnceCell::new(),
        })
    }
}

impl Endings {
    /// What became of an action.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn of(&self, key: OutboxKey) -> Result<Ending, StoreError> {
        if let Some(bytes) = self.outbox.get(key.raw())? {
            return Ok(Ending::Waits(decode(bytes.value())?));
        }
        if let Some(at) = self.done.get(key.raw())?.map(|at| at.value()) {
            let ended = Wall(at & !DROPPED);
            return Ok(if at & DROPPED == 0 { Ending::Done(ended) } else { Ending::Dropped(ended) });
        }
        let Some(number) = self.dead_numbers()?.get(&key.raw()).copied() else { return Ok(Ending::Unknown) };
        let letter = self.dead.get(number)?.map(|bytes| decode(bytes.value())).transpose()?;
        Ok(letter.map_or(Ending::Unknown, |letter| Ending::Dead(number, letter)))
    }

    fn dead_numbers(&self) -> Result<&BTreeMap<RawKey, u64>, StoreError> {
        if let Some(known) = self.dead_numbers.get() {
            return Ok(known);
        }
        let mut numbers = BTreeMap::new();
        for entry in self.dead.iter()? {
            let (number, bytes) = entry?;
            numbers.insert(decode::<DeadLetter>(bytes.value())?.row.key.raw(), number.value());
        }
        Ok(self.dead_numbers.get_or_init(|| numbers))
    }
}
