//! Step 1: the tables of the first version.

use super::Step;
use crate::store::tables;
use redb::WriteTransaction;

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
    txn.open_table(tables::OUTBOX)?;
    txn.open_table(tables::DONE)?;
    txn.open_table(tables::DONE_RING)?;
    txn.open_table(tables::DEAD_LETTERS)?;
    txn.open_table(tables::UNDECIDED)?;
    txn.open_table(tables::DEDUPE)?;
    txn.open_table(tables::COUNTERS)?;
    txn.open_table(tables::CHATS)?;
    txn.open_table(tables::MEMBERS)?;
    txn.open_table(tables::PAUSES)?;
    txn.open_table(tables::AUDIT)?;
    Ok(())
}

fn down(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.delete_table(tables::DECISIONS)?;
    txn.delete_table(tables::OUTBOX)?;
    txn.delete_table(tables::DONE)?;
    txn.delete_table(tables::DONE_RING)?;
    txn.delete_table(tables::DEAD_LETTERS)?;
    txn.delete_table(tables::UNDECIDED)?;
    txn.delete_table(tables::DEDUPE)?;
    txn.delete_table(tables::COUNTERS)?;
    txn.delete_table(tables::CHATS)?;
    txn.delete_table(tables::MEMBERS)?;
    txn.delete_table(tables::PAUSES)?;
    txn.delete_table(tables::AUDIT)?;
    Ok(())
}
