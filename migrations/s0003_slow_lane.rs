//! Step 3: the slow lane: messages that wait for an opinion, and what was spent on opinions.

use super::Step;
use crate::store::tables;
use redb::WriteTransaction;

/// Waiting messages, spending, holds, and caps set by hand.
pub const STEP: Step = Step {
    number: 3,
    what: "slow lane and budget",
    up,
    down,
    down_loses: "messages that wait for an opinion, what was spent this month, and caps set with `aegis budget set`",
};

fn up(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.open_table(tables::REVIEWS)?;
    txn.open_table(tables::BUDGET)?;
    txn.open_table(tables::HOLDS)?;
    txn.open_table(tables::CAPS)?;
    Ok(())
}

fn down(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.delete_table(tables::REVIEWS)?;
    txn.delete_table(tables::BUDGET)?;
    txn.delete_table(tables::HOLDS)?;
    txn.delete_table(tables::CAPS)?;
    Ok(())
}
