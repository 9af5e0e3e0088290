//! Step 1: the tables of the first version.

use super::Step;
use crate::store::tables;
use redb::{TableDefinition, WriteTransaction};

/// Promised actions, as they were until step 5.
pub(super) const OUTBOX: TableDefinition<(i64, i32, u8), &[u8]> = TableDefinition::new("outbox_v1");
/// Actions given up, as they were until step 5.
pub(super) const DEAD_LETTERS: TableDefinition<u64, &[u8]> = TableDefinition::new("dead_letters_v1");
/// Members, as they were until step 5.
pub(super) const MEMBERS: TableDefinition<(i64, i64), &[u8]> = TableDefinition::new("members_v1");

/// Decisions, outbox, dead letters, undecided, dedupe ring, counters, chats, members, pauses, audit.
pub const STEP: Step = Step {
    number: 1,
    what: "decisions, outbox, dead letters, undecided, dedupe, counters, chats, members, pauses, audit",
    up,
    down,
    down_loses: "everything the appliance remembers",
};

fn up(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.open_table(tables::DECISIONS)?;
    txn.open_table(OUTBOX)?;
    txn.open_table(tables::DONE)?;
    txn.open_table(tables::DONE_RING)?;
    txn.open_table(DEAD_LETTERS)?;
    txn.open_table(tables::UNDECIDED)?;
    txn.open_table(tables::DEDUPE)?;
    txn.open_table(tables::COUNTERS)?;
    txn.open_table(tables::CHATS)?;
    txn.open_table(MEMBERS)?;
    txn.open_table(tables::PAUSES)?;
    txn.open_table(tables::AUDIT)?;
    Ok(())
}

fn down(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.delete_table(tables::DECISIONS)?;
    txn.delete_table(OUTBOX)?;
    txn.delete_table(tables::DONE)?;
    txn.delete_table(tables::DONE_RING)?;
    txn.delete_table(DEAD_LETTERS)?;
    txn.delete_table(tables::UNDECIDED)?;
    txn.delete_table(tables::DEDUPE)?;
    txn.delete_table(tables::COUNTERS)?;
    txn.delete_table(tables::CHATS)?;
    txn.delete_table(MEMBERS)?;
    txn.delete_table(tables::PAUSES)?;
    txn.delete_table(tables::AUDIT)?;
    Ok(())
}
