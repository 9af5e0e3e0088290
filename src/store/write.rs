//! Ticks into tables.

use super::endings::{done_at, dropped_at};
use super::group::{self, Errand};
use super::records::{
    AlbumRecord, ChatRecord, DeadLetter, MemberRecord, OutboxKey, OutboxRow, OutboxState, decode, encode,
};
use super::tick::Tick;
use super::{Next, Promise, Store, StoreError, hooks, retention, slow_lane, sync, tables, usage};
use crate::clock::Wall;
use crate::events::Event;
use crate::message::ChatId;
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, WriteTransaction};

/// What a commit took into the outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Rows that were not known before: to be carried out.
    pub accepted: Vec<OutboxRow>,
    /// Dead letters taken back into the outbox: to be carried out.
    pub revived: Vec<OutboxRow>,
    /// The numbers that the tick's decisions got, in their order; not those of reviewed ones.
    pub decisions: Vec<u64>,
    /// What people ask for, with the numbers it got: to be carried out.
    pub errands: Vec<(u64, Errand)>,
    /// What a step of the roll-up did.
    pub rolled: Option<usage::Rolled>,
}

type RedbResult<T> = Result<T, StoreError>;

pub(super) fn next_numbers(database: &Database) -> RedbResult<Next> {
    let txn = database.begin_read()?;
    let after = |last: Option<u64>| last.map_or(1, |last| last.saturating_add(1));
    Ok(Next {
        decision: after(txn.open_table(tables::DECISIONS)?.last()?.map(|(key, _)| key.value())),
        done: after(txn.open_table(tables::DONE_RING)?.last()?.map(|(key, _)| key.value())),
        batch: after(txn.open_table(tables::DEDUPE)?.last()?.map(|(key, _)| key.value())),
        dead: after(txn.open_table(tables::DEAD_LETTERS)?.last()?.map(|(key, _)| key.value())),
        album: after(txn.open_table(tables::ALBUM_RING)?.last()?.map(|(key, _)| key.value())),
        audit: after(txn.open_table(tables::AUDIT)?.last()?.map(|(key, _)| key.value())),
        errand: after(txn.open_table(tables::ERRANDS)?.last()?.map(|(key, _)| key.value())),
        hook: hooks::next_number(&txn.open_table(tables::HOOKS)?)?,
        ..Next::default()
    })
}

impl Store {
    /// The number the next decision will get. Decisions of one tick are numbered in order.
    #[must_use]
    pub const fn next_decision(&self) -> u64 {
        self.next.decision
    }

    /// Makes all of `ticks` durable in one commit; returns what each added to the outbox, in the same order.
    ///
    /// # Errors
    /// When storage fails. The store must then not be used again.
    pub fn commit(&mut self, ticks: &[Tick], now: Wall) -> Result<Vec<Committed>, StoreError> {
        let txn = self.db.begin_write()?;
        let mut next = self.next;
        let mut committed = Vec::with_capacity(ticks.len());
        for tick in ticks {
            committed.push(self.apply(&txn, &mut next, tick, now)?);
        }
        usage::end_cleanly(&txn, &mut next)?;
        txn.commit()?;
        let has_more = next.hook != self.next.hook;
        self.next = next;
        if let Some(teller) = self.teller.as_ref().filter(|_| has_more) {
            teller.waits();
        }
        Ok(committed)
    }

    fn apply(&self, txn: &WriteTransaction, next: &mut Next, tick: &Tick, now: Wall) -> RedbResult<Committed> {
        let mut committed = Committed::default();
        self.remember_updates(txn, next, tick)?;
        for (from, to) in &tick.moved {
            move_chat(txn, *from, *to)?;
        }
        let mut promises: Vec<&Promise> = tick.promises.iter().collect();
        promises.extend(slow_lane::review(txn, tick)?);
        let own = u64::try_from(tick.promises.len()).unwrap_or(0);
        committed.decisions.extend((0..own).map(|place| next.decision.saturating_add(place)));
        let first = next.decision;
        if !promises.is_empty() || !tick.orders.is_empty() {
            committed.accepted = self.promise(txn, next, &promises, &tick.orders)?;
        }
        slow_lane::spend(txn, tick)?;
        self.settle(txn, next, tick, now)?;
        let mut told = self.decisions_told(first, &promises);
        told.extend(self.bury(txn, next, tick)?);
        committed.revived = revive(txn, tick, now)?;
        self.remember_facts(txn, next, tick)?;
        self.apply_desk(txn, next, tick)?;
        usage::count(txn, next, &tick.desk.usage, now)?;
        retention::redact(txn, &tick.desk.redact)?;
        hooks::redact(txn, &tick.desk.redact)?;
        usage::confirm(txn, &tick.desk.confirmed)?;
        sync::apply(txn, &tick.sync)?;
        committed.rolled = tick.desk.roll_up.as_ref().map(|asked| usage::roll_up(txn, asked)).transpose()?;
        committed.errands = self.apply_group(txn, next, tick)?;
        self.apply_hooks(txn, next, &tick.hooks, told, now)?;
        Ok(committed)
    }

    fn remember_updates(&self, txn: &WriteTransaction, next: &mut Next, tick: &Tick) -> RedbResult<()> {
        if tick.updates.is_empty() {
            return Ok(());
        }
        let mut table = txn.open_table(tables::DEDUPE)?;
        let packed: Vec<u8> = tick.updates.iter().flat_map(|id| id.0.to_le_bytes()).collect();
        table.insert(next.batch, packed.as_slice())?;
        forget_below(&mut table, next.batch.saturating_sub(self.keep.dedupe_batches))?;
        next.batch = next.batch.saturating_add(1);
        Ok(())
    }

    fn promise(
        &self,
        txn: &WriteTransaction,
        next: &mut Next,
        promises: &[&Promise],
        orders: &[OutboxRow],
    ) -> RedbResult<Vec<OutboxRow>> {
        let mut decisions = txn.open_table(tables::DECISIONS)?;
        let mut outbox = txn.open_table(tables::OUTBOX)?;
        let done = txn.open_table(tables::DONE)?;
        let mut accepted = Vec::new();
        let mut accept = |row: &OutboxRow, decision: u64| -> RedbResult<()> {
            if done.get(row.key.raw())?.is_none() && outbox.get(row.key.raw())?.is_none() {
                let row = OutboxRow { decision, ..row.clone() };
                outbox.insert(row.key.raw(), encode(&row).as_slice())?;
                accepted.push(row);
            }
            Ok(())
        };
        for promise in promises {
            decisions.insert(next.decision, encode(&promise.decision).as_slice())?;
            for row in &promise.rows {
                accept(row, next.decision)?;
            }
            next.decision = next.decision.saturating_add(1);
        }
        for row in orders {
            // What people order comes after all that was promised before; a notice comes when it can.
            accept(row, if row.key.action.is_courtesy() { 0 } else { next.decision })?;
        }
        forget_below(&mut decisions, next.decision.saturating_sub(self.keep.decisions))?;
        Ok(accepted)
    }

    fn settle(&self, txn: &WriteTransaction, next: &mut Next, tick: &Tick, now: Wall) -> RedbResult<()> {
        if tick.changed.is_empty() && tick.confirmed.is_empty() && tick.dropped.is_empty() {
            return Ok(());
        }
        let mut outbox = txn.open_table(tables::OUTBOX)?;
        let mut done = txn.open_table(tables::DONE)?;
        let mut ring = txn.open_table(tables::DONE_RING)?;
        for row in &tick.changed {
            let known = outbox.get(row.key.raw())?.is_some();
            if known {
                outbox.insert(row.key.raw(), encode(row).as_slice())?;
            }
        }
        let confirmed = tick.confirmed.iter().map(|key| (key, done_at(now)));
        for (key, at) in confirmed.chain(tick.dropped.iter().map(|key| (key, dropped_at(now)))) {
            outbox.remove(key.raw())?;
            if done.insert(key.raw(), at)?.is_none() {
                ring.insert(next.done, key.raw())?;
                next.done = next.done.saturating_add(1);
            }
        }
        let oldest_kept = next.done.saturating_sub(self.keep.done);
        loop {
            let Some(key) =
                ring.first()?.filter(|(number, _)| number.value() < oldest_kept).map(|(_, key)| key.value())
            else {
                break;
            };
            ring.pop_first()?;
            done.remove(key)?;
        }
        Ok(())
    }

    /// What is told elsewhere of decisions, which are numbered from `first`.
    fn decisions_told(&self, first: u64, promises: &[&Promise]) -> Vec<Event> {
        let Some(teller) = &self.teller else { return Vec::new() };
        let numbered = (first..).zip(promises);
        numbered.filter_map(|(number, promise)| teller.decision(number, &promise.decision)).collect()
    }

    /// Buries what was given up; returns what is told elsewhere of it.
    fn bury(&self, txn: &WriteTransaction, next: &mut Next, tick: &Tick) -> RedbResult<Vec<Event>> {
        let mut told = Vec::new();
        if tick.dead.is_empty() && tick.discarded.is_empty() {
            return Ok(told);
        }
        let mut outbox = txn.open_table(tables::OUTBOX)?;
        let mut dead = txn.open_table(tables::DEAD_LETTERS)?;
        let done = txn.open_table(tables::DONE)?;
        for letter in &tick.dead {
            outbox.remove(letter.row.key.raw())?;
            if done.get(letter.row.key.raw())?.is_some() {
                // Somebody took it back meanwhile: nobody misses it.
                continue;
            }
            dead.insert(next.dead, encode(letter).as_slice())?;
            told.extend(self.teller.as_ref().and_then(|teller| teller.dead_letter(next.dead, letter)));
            next.dead = next.dead.saturating_add(1);
        }
        for number in &tick.discarded {
            dead.remove(number)?;
        }
        while dead.len()? > self.keep.dead_letters {
            dead.pop_first()?;
        }
        Ok(told)
    }

    fn remember_facts(&self, txn: &WriteTransaction, next: &mut Next, tick: &Tick) -> RedbResult<()> {
        if !tick.undecided.is_empty() {
            let mut table = txn.open_table(tables::UNDECIDED)?;
            for row in &tick.undecided {
                table.insert((row.chat.0, row.message.0), encode(row).as_slice())?;
            }
        }
        if !tick.chats.is_empty() {
            let mut table = txn.open_table(tables::CHATS)?;
            for (chat, record) in &tick.chats {
                table.insert(chat.0, encode(record).as_slice())?;
            }
        }
        group::keep_members(txn, &tick.members)?;
        if !tick.pauses.is_empty() {
            let mut table = txn.open_table(tables::PAUSES)?;
            for (chat, pause) in &tick.pauses {
                table.insert(chat.0, encode(pause).as_slice())?;
            }
        }
        if !tick.audit.is_empty() {
            let mut table = txn.open_table(tables::AUDIT)?;
            for entry in &tick.audit {
                table.insert(next.audit, encode(entry).as_slice())?;
                next.audit = next.audit.saturating_add(1);
            }
            forget_below(&mut table, next.audit.saturating_sub(self.keep.audit))?;
        }
        if !tick.totals.is_empty() {
            let mut table = txn.open_table(tables::COUNTERS)?;
            for (name, value) in &tick.totals {
                table.insert(name, value)?;
            }
        }
        self.remember_albums(txn, next, tick)
    }

    fn remember_albums(&self, txn: &WriteTransaction, next: &mut Next, tick: &Tick) -> RedbResult<()> {
        if tick.albums.is_empty() {
            return Ok(());
        }
        let mut albums = txn.open_table(tables::ALBUMS)?;
        let mut ring = txn.open_table(tables::ALBUM_RING)?;
        for (chat, album, record) in &tick.albums {
            let key = (chat.0, album.0);
            let record: &AlbumRecord = record;
            if albums.insert(key, encode(record).as_slice())?.is_none() {
                ring.insert(next.album, key)?;
                next.album = next.album.saturating_add(1);
            }
        }
        while ring.len()? > self.keep.albums {
            let Some(key) = ring.pop_first()?.map(|(_, key)| key.value()) else { break };
            albums.remove(key)?;
        }
        Ok(())
    }
}

/// Removes the rows of a ring whose number is below `oldest_kept`.
pub(super) fn forget_below(table: &mut redb::Table<'_, u64, &'static [u8]>, oldest_kept: u64) -> RedbResult<()> {
    loop {
        let oldest = table.first()?.map(|(number, _)| number.value());
        match oldest {
            Some(number) if number < oldest_kept => table.pop_first()?,
            _ => return Ok(()),
        };
    }
}

fn revive(txn: &WriteTransaction, tick: &Tick, now: Wall) -> RedbResult<Vec<OutboxRow>> {
    if tick.revived.is_empty() {
        return Ok(Vec::new());
    }
    let mut dead = txn.open_table(tables::DEAD_LETTERS)?;
    let mut outbox = txn.open_table(tables::OUTBOX)?;
    let mut rows = Vec::new();
    for number in &tick.revived {
        let Some(letter) = dead.remove(number)?.map(|bytes| decode::<DeadLetter>(bytes.value())).transpose()? else {
            continue;
        };
        // It begins anew: one that was given up for its age would else be given up again at once.
        let (state, not_before) = (OutboxState::Pending, Wall(0));
        let row = OutboxRow { attempts: 0, not_before, state, received: now, ..letter.row };
        outbox.insert(row.key.raw(), encode(&row).as_slice())?;
        rows.push(row);
    }
    Ok(rows)
}

/// Gives everything that is kept about a chat its new id.
fn move_chat(txn: &WriteTransaction, from: ChatId, to: ChatId) -> RedbResult<()> {
    let mut outbox = txn.open_table(tables::OUTBOX)?;
    let mut rows = Vec::new();
    for entry in outbox.range((from.0, i32::MIN, u8::MIN)..=(from.0, i32::MAX, u8::MAX))? {
        rows.push(decode::<OutboxRow>(entry?.1.value())?);
    }
    for mut row in rows {
        outbox.remove(row.key.raw())?;
        row.key = OutboxKey { chat: to, ..row.key };
        outbox.insert(row.key.raw(), encode(&row).as_slice())?;
    }
    let mut members = txn.open_table(tables::MEMBERS)?;
    let mut moved = Vec::new();
    for entry in members.range((from.0, i64::MIN)..=(from.0, i64::MAX))? {
        let (key, value) = entry?;
        moved.push((key.value().1, decode::<MemberRecord>(value.value())?));
    }
    for (user, record) in moved {
        members.remove((from.0, user))?;
        members.insert((to.0, user), encode(&record).as_slice())?;
    }
    let mut chats = txn.open_table(tables::CHATS)?;
    let old = chats.get(from.0)?.map(|bytes| decode::<ChatRecord>(bytes.value())).transpose()?.unwrap_or_default();
    // Rights and administrators are asked for again: the new chat has its own.
    let fresh = ChatRecord { admins: old.admins.clone(), ..ChatRecord::default() };
    chats.insert(to.0, encode(&fresh).as_slice())?;
    chats.insert(from.0, encode(&ChatRecord { moved_to: Some(to), ..old }).as_slice())?;
    group::move_chat(txn, from, to)?;
    slow_lane::move_chat(txn, from, to)
}
