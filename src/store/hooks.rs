//! What waits to be told to receivers of webhooks, the keys of programs that may call, and the nonces they have used.
//!
//! Promises: an event is a row in the same commit as what it tells, one for each receiver; at most `limits::HOOKS_WAITING_MAX` wait,
//! and the oldest goes, counted. A nonce is durable before what was asked with it is done.
//!
//! Never: a call. Whether an event is wanted is asked of the [`Teller`].

use super::records::{DeadLetter, Decision, decode, encode};
use super::retention::Redaction;
use super::{Next, Snapshots, Store, StoreError, tables};
use crate::access::Role;
use crate::clock::Wall;
use crate::events::{Event, What};
use crate::limits;
use crate::tenant::TenantName;
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, WriteTransaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

type RedbResult<T> = Result<T, StoreError>;

/// Under this number lie the keys; events begin above it.
const KEYS: u64 = 0;

/// An event that waits for one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRow {
    /// The number that the event has in its id: the same for all receivers.
    pub number: u64,
    /// When it was made durable.
    pub at: Wall,
    /// The receiver, by its number.
    pub to: u64,
    /// What is told.
    pub event: Event,
}

/// A program that may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookKey {
    /// Its name, by which the audit log knows it.
    pub name: String,
    /// What it may at most.
    pub role: Role,
    /// The tenants it may reach; none for an owner's, which reaches all.
    pub tenants: Vec<TenantName>,
    /// Since when.
    pub since: Wall,
    /// The secret. It has to be known to check what it signs.
    pub secret: String,
    /// The one before, and until when that is good as well.
    pub previous: Option<(String, Wall)>,
}

/// What one tick changes here.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HooksTick {
    /// What is to be told besides decisions and dead letters, which the commit finds itself.
    pub events: Vec<Event>,
    /// Rows that are told, or given up.
    pub done: Vec<u64>,
    /// All keys from now on.
    pub keys: Option<Vec<HookKey>>,
    /// Nonces that are used from now on, and until when they are remembered.
    pub nonces: Vec<([u8; 16], Wall)>,
}

impl fmt::Debug for HooksTick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys have secrets.
        f.debug_struct("HooksTick").field("events", &self.events).field("done", &self.done).finish_non_exhaustive()
    }
}

impl HooksTick {
    /// Whether losing this would break a promise. What is told already is told again if that is lost.
    pub(super) const fn matters(&self) -> bool {
        !(self.events.is_empty() && self.keys.is_none() && self.nonces.is_empty())
    }

    /// Whether there is nothing in it.
    pub(super) const fn is_empty(&self) -> bool {
        !self.matters() && self.done.is_empty()
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.events.extend(other.events);
        self.done.extend(other.done);
        self.keys = other.keys.or_else(|| self.keys.take());
        self.nonces.extend(other.nonces);
    }
}

/// Who knows what receivers want to hear. Asked in the middle of a commit, so it may wait for nothing.
pub trait Teller: Send + Sync + fmt::Debug {
    /// The receivers, by their numbers; none when nobody wants to hear anything.
    fn receivers(&self) -> Vec<u64>;
    /// What is told of a decision, if it is.
    fn decision(&self, number: u64, decision: &Decision) -> Option<Event>;
    /// What is told of a dead letter, if it is.
    fn dead_letter(&self, number: u64, letter: &DeadLetter) -> Option<Event>;
    /// Whether this is told.
    fn wants(&self, event: &Event) -> bool;
    /// So many events went untold, since too many waited.
    fn dropped(&self, count: u64);
    /// Something waits that is durable.
    fn waits(&self);
}

impl Store {
    /// Writes down what is to be told, and forgets what was.
    pub(super) fn apply_hooks(
        &self,
        txn: &WriteTransaction,
        next: &mut Next,
        tick: &HooksTick,
        found: Vec<Event>,
        now: Wall,
    ) -> RedbResult<()> {
        if !tick.nonces.is_empty() {
            remember(txn, &tick.nonces, now)?;
        }
        let Some(teller) = &self.teller else { return forget(txn, tick) };
        let mut events = found;
        events.extend(tick.events.iter().filter(|event| teller.wants(event)).cloned());
        let receivers = if events.is_empty() { Vec::new() } else { teller.receivers() };
        forget(txn, tick)?;
        if events.is_empty() || receivers.is_empty() {
            return Ok(());
        }
        let mut table = txn.open_table(tables::HOOKS)?;
        for event in events {
            let number = next.hook;
            for to in &receivers {
                let row = HookRow { number, at: now, to: *to, event: event.clone() };
                table.insert(next.hook, encode(&row).as_slice())?;
                next.hook = next.hook.saturating_add(1);
            }
        }
        let keys = u64::from(table.get(KEYS)?.is_some());
        let over = table.len()?.saturating_sub(keys).saturating_sub(limits::HOOKS_WAITING_MAX);
        let mut oldest = Vec::new();
        for entry in table.range(KEYS + 1..)?.take(usize::try_from(over).unwrap_or(usize::MAX)) {
            oldest.push(entry?.0.value());
        }
        for number in oldest {
            table.remove(number)?;
        }
        if over > 0 {
            teller.dropped(over);
        }
        Ok(())
    }
}

/// Removes what was told, and keeps the keys.
fn forget(txn: &WriteTransaction, tick: &HooksTick) -> RedbResult<()> {
    if tick.done.is_empty() && tick.keys.is_none() {
        return Ok(());
    }
    let mut table = txn.open_table(tables::HOOKS)?;
    for number in tick.done.iter().filter(|number| **number != KEYS) {
        table.remove(number)?;
    }
    if let Some(keys) = &tick.keys {
        table.insert(KEYS, encode(keys).as_slice())?;
    }
    Ok(())
}

/// Takes out of what waits what is not kept of its decision any more: then it is told without.
pub(super) fn redact(txn: &WriteTransaction, asked: &Redaction) -> RedbResult<()> {
    let is_nobodys = |number: &u64| asked.senders.contains(number) || asked.decisions.contains(number);
    if asked.texts.is_empty() && asked.senders.is_empty() && asked.decisions.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(tables::HOOKS)?;
    let mut changed = Vec::new();
    for entry in table.range(KEYS + 1..)? {
        let (number, bytes) = entry?;
        let mut row = decode::<HookRow>(bytes.value())?;
        let What::Decision(about) = &mut row.event.what else { continue };
        let nobodys = is_nobodys(&about.number);
        if nobodys || asked.texts.contains(&about.number) {
            (about.excerpt, about.reason) = (None, String::new());
            about.sender = if nobodys { 0 } else { about.sender };
            changed.push((number.value(), row));
        }
    }
    for (number, row) in changed {
        table.insert(number, encode(&row).as_slice())?;
    }
    Ok(())
}

/// Adds nonces, and forgets those whose time is over.
fn remember(txn: &WriteTransaction, nonces: &[([u8; 16], Wall)], now: Wall) -> RedbResult<()> {
    let mut table = txn.open_table(tables::NONCES)?;
    table.retain(|_, until| until > now.0)?;
    for (nonce, until) in nonces {
        table.insert(nonce.as_slice(), until.0)?;
    }
    Ok(())
}

/// The number of the next row.
pub(super) fn next_number(table: &impl ReadableTable<u64, &'static [u8]>) -> RedbResult<u64> {
    Ok(table.last()?.map_or(KEYS, |(number, _)| number.value()).saturating_add(1))
}

impl Snapshots {
    /// The first event after a number that waits for a receiver, with its own number.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn hook_after(&self, after: u64, to: u64) -> Result<Option<(u64, HookRow)>, StoreError> {
        let txn = self.db.begin_read()?;
        for entry in txn.open_table(tables::HOOKS)?.range(after.saturating_add(1)..)? {
            let (number, bytes) = entry?;
            let row = decode::<HookRow>(bytes.value())?;
            if row.to == to {
                return Ok(Some((number.value(), row)));
            }
        }
        Ok(None)
    }

    /// How many events wait, by receiver.
    ///
    /// # Errors
    /// As [`Snapshots::hook_after`].
    pub fn hooks_waiting(&self) -> Result<BTreeMap<u64, u64>, StoreError> {
        let mut waiting = BTreeMap::new();
        self.hooks(|_, row| *waiting.entry(row.to).or_insert(0) += 1)?;
        Ok(waiting)
    }

    /// The numbers of rows for receivers that are none of these.
    ///
    /// # Errors
    /// As [`Snapshots::hook_after`].
    pub fn hooks_of_nobody(&self, receivers: &[u64]) -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        self.hooks(|number, row| {
            if !receivers.contains(&row.to) {
                numbers.push(number);
            }
        })?;
        Ok(numbers)
    }

    fn hooks(&self, mut see: impl FnMut(u64, &HookRow)) -> Result<(), StoreError> {
        let txn = self.db.begin_read()?;
        for entry in txn.open_table(tables::HOOKS)?.range(KEYS + 1..)? {
            let (number, bytes) = entry?;
            see(number.value(), &decode::<HookRow>(bytes.value())?);
        }
        Ok(())
    }

    /// The keys of programs that may call.
    ///
    /// # Errors
    /// When the file cannot be read or the record is damaged.
    pub fn hook_keys(&self) -> Result<Vec<HookKey>, StoreError> {
        Ok(self.get(tables::HOOKS, KEYS)?.unwrap_or_default())
    }

    /// The nonces that were used, and until when they are remembered.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn nonces(&self) -> Result<Vec<([u8; 16], Wall)>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut nonces = Vec::new();
        for entry in txn.open_table(tables::NONCES)?.iter()? {
            let (nonce, until) = entry?;
            nonces.extend(nonce.value().try_into().ok().map(|nonce| (nonce, Wall(until.value()))));
        }
        Ok(nonces)
    }
}

#[cfg(test)]
mod tests;
