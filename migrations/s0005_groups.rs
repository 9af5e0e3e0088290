//! Step 5: what happens in groups themselves, and rows that say more of what they take.

use super::Step;
use super::s0001_initial::{DEAD_LETTERS as DEAD_BEFORE, MEMBERS as MEMBERS_BEFORE, OUTBOX as OUTBOX_BEFORE};
use crate::clock::Wall;
use crate::message::{Sender, TraceId};
use crate::store::records::{
    DeadLetter, Detail, MemberRecord, OutboxKey, OutboxRow, OutboxState, Warned, decode, encode,
};
use crate::store::tables;
use crate::verdict::ActionKind;
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

/// Commands, raids, what members may do, shared bans, reports and cards; rows with details, and members with what is known
/// of them.
pub const STEP: Step = Step {
    number: 5,
    what: "groups: commands, cards, raids, what is known of members",
    up,
    down,
    down_loses: "commands not carried out yet, cards, raids that are on, shared bans, reports, who is known or vouched for, \
                 and promised actions that older programs do not know",
};

/// The last kind of action that older programs know, by its number.
const LAST_KIND_BEFORE: u8 = 8;

/// A promised action as it was.
#[derive(Serialize, Deserialize)]
struct RowBefore {
    key: OutboxKey,
    decision: u64,
    target: Sender,
    seconds: u32,
    state: OutboxState,
    attempts: u16,
    not_before: Wall,
    received: Wall,
    trace: TraceId,
    text: String,
}

/// An action that was given up, as it was.
#[derive(Serialize, Deserialize)]
struct DeadBefore {
    row: RowBefore,
    why: String,
    at: Wall,
}

/// A member as they were.
#[derive(Serialize, Deserialize)]
struct MemberBefore {
    warns: u16,
    notice_at: Wall,
}

impl RowBefore {
    fn up(self) -> OutboxRow {
        OutboxRow {
            key: self.key,
            decision: self.decision,
            target: self.target,
            seconds: self.seconds,
            state: self.state,
            attempts: self.attempts,
            not_before: self.not_before,
            received: self.received,
            trace: self.trace,
            text: self.text,
            detail: Detail::None,
        }
    }

    /// `None` for what older programs do not know: a row that they would not carry out, or not as it is meant.
    fn down(row: OutboxRow) -> Option<Self> {
        let is_known = row.key.action.number() <= LAST_KIND_BEFORE && !matches!(row.detail, Detail::Captcha);
        is_known.then_some(Self {
            key: row.key,
            decision: row.decision,
            target: row.target,
            seconds: row.seconds,
            state: row.state,
            attempts: row.attempts,
            not_before: row.not_before,
            received: row.received,
            trace: row.trace,
            text: row.text,
        })
    }
}

fn damaged(error: crate::store::records::BadRecord) -> redb::Error {
    redb::Error::Corrupted(error.why)
}

fn all<K: redb::Key + 'static, R>(
    txn: &WriteTransaction,
    from: TableDefinition<'_, K, &'static [u8]>,
    read: impl Fn(K::SelfType<'_>, &[u8]) -> Result<R, redb::Error>,
) -> Result<Vec<R>, redb::Error> {
    let table = txn.open_table(from)?;
    let mut all = Vec::new();
    for entry in table.iter()? {
        let (key, bytes) = entry?;
        all.push(read(key.value(), bytes.value())?);
    }
    Ok(all)
}

fn up(txn: &WriteTransaction) -> Result<(), redb::Error> {
    let rows = all(txn, OUTBOX_BEFORE, |_, bytes| Ok(decode::<RowBefore>(bytes).map_err(damaged)?.up()))?;
    let mut outbox = txn.open_table(tables::OUTBOX)?;
    for row in rows {
        outbox.insert(row.key.raw(), encode(&row).as_slice())?;
    }
    let dead = all(txn, DEAD_BEFORE, |number, bytes| {
        let DeadBefore { row, why, at } = decode(bytes).map_err(damaged)?;
        Ok((number, DeadLetter { row: row.up(), why, at }))
    })?;
    let mut letters = txn.open_table(tables::DEAD_LETTERS)?;
    for (number, letter) in dead {
        letters.insert(number, encode(&letter).as_slice())?;
    }
    let known = all(txn, MEMBERS_BEFORE, |key, bytes| {
        let MemberBefore { warns, notice_at } = decode(bytes).map_err(damaged)?;
        Ok((key, warns, notice_at))
    })?;
    let mut members = txn.open_table(tables::MEMBERS)?;
    for (key, warns, notice_at) in known {
        let kept = usize::from(warns).min(crate::limits::WARNS_KEPT);
        let warns = vec![Warned { at: notice_at, ..Warned::default() }; kept];
        let record = MemberRecord { warns, notice_at, ..MemberRecord::default() };
        members.insert(key, encode(&record).as_slice())?;
    }
    txn.open_table(tables::ERRANDS)?;
    txn.open_table(tables::RAIDS)?;
    txn.open_table(tables::RIGHTS)?;
    txn.open_table(tables::SHARED_BANS)?;
    txn.open_table(tables::REPORTS)?;
    txn.open_table(tables::CARDS)?;
    txn.delete_table(OUTBOX_BEFORE)?;
    txn.delete_table(DEAD_BEFORE)?;
    txn.delete_table(MEMBERS_BEFORE)?;
    Ok(())
}

fn down(txn: &WriteTransaction) -> Result<(), redb::Error> {
    let rows = all(txn, tables::OUTBOX, |_, bytes| Ok(RowBefore::down(decode(bytes).map_err(damaged)?)))?;
    let mut outbox = txn.open_table(OUTBOX_BEFORE)?;
    for row in rows.into_iter().flatten() {
        outbox.insert(row.key.raw(), encode(&row).as_slice())?;
    }
    let dead = all(txn, tables::DEAD_LETTERS, |number, bytes| {
        let DeadLetter { row, why, at } = decode(bytes).map_err(damaged)?;
        Ok(RowBefore::down(row).map(|row| (number, DeadBefore { row, why, at })))
    })?;
    let mut letters = txn.open_table(DEAD_BEFORE)?;
    for (number, letter) in dead.into_iter().flatten() {
        letters.insert(number, encode(&letter).as_slice())?;
    }
    let known = all(txn, tables::MEMBERS, |key, bytes| Ok((key, decode::<MemberRecord>(bytes).map_err(damaged)?)))?;
    let mut members = txn.open_table(MEMBERS_BEFORE)?;
    for (key, record) in known {
        let warns = u16::try_from(record.warns.len()).unwrap_or(u16::MAX);
        // Older programs keep only those that something was done about.
        if warns > 0 || record.notice_at.0 > 0 {
            members.insert(key, encode(&MemberBefore { warns, notice_at: record.notice_at }).as_slice())?;
        }
    }
    // What came to an end and has a kind of its own: older programs do not know its name.
    let kinds: Vec<u8> =
        ActionKind::ALL.iter().map(|kind| kind.number()).filter(|number| *number > LAST_KIND_BEFORE).collect();
    txn.open_table(tables::DONE)?.retain(|(_, _, kind), _| !kinds.contains(&kind))?;
    txn.open_table(tables::DONE_RING)?.retain(|_, (_, _, kind)| !kinds.contains(&kind))?;
    txn.delete_table(tables::ERRANDS)?;
    txn.delete_table(tables::RAIDS)?;
    txn.delete_table(tables::RIGHTS)?;
    txn.delete_table(tables::SHARED_BANS)?;
    txn.delete_table(tables::REPORTS)?;
    txn.delete_table(tables::CARDS)?;
    txn.delete_table(tables::OUTBOX)?;
    txn.delete_table(tables::DEAD_LETTERS)?;
    txn.delete_table(tables::MEMBERS)?;
    Ok(())
}
