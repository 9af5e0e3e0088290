//! Step 4: what people make by hand on the page, and what is counted for them.

use super::Step;
use crate::store::tables;
use redb::{TableDefinition, WriteTransaction};

/// Usage as it was before step 6.
pub(super) const USAGE: TableDefinition<(&str, u32), &[u8]> = TableDefinition::new("usage_v1");

/// Users, tokens, versions of the policy, marks, lessons, usage, titles, and details of the audit log.
pub const STEP: Step = Step {
    number: 4,
    what: "the page: people, versions of the policy, lessons, usage",
    up,
    down,
    down_loses: "who may log in, what was changed, undone and taught on the page, usage by day, and titles of groups",
};

fn up(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.open_table(tables::USERS)?;
    txn.open_table(tables::TOKENS)?;
    txn.open_table(tables::AUDIT_DETAILS)?;
    txn.open_table(tables::POLICIES)?;
    txn.open_table(tables::MARKS)?;
    txn.open_table(tables::LESSONS)?;
    txn.open_table(tables::BANNER)?;
    txn.open_table(tables::TITLES)?;
    txn.open_table(USAGE)?;
    Ok(())
}

fn down(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.delete_table(tables::USERS)?;
    txn.delete_table(tables::TOKENS)?;
    txn.delete_table(tables::AUDIT_DETAILS)?;
    txn.delete_table(tables::POLICIES)?;
    txn.delete_table(tables::MARKS)?;
    txn.delete_table(tables::LESSONS)?;
    txn.delete_table(tables::BANNER)?;
    txn.delete_table(tables::TITLES)?;
    txn.delete_table(USAGE)?;
    Ok(())
}
