//! The schema of the durable file: which steps it has, and taking steps up and down.
//!
//! Promises: each step is one transaction; a file with more steps than this program knows is refused before anything
//! is read from it.

pub use super::migrations::STEPS;
use super::{StoreError, tables};
use redb::{Database, ReadableDatabase};

/// The newest schema this program knows.
#[must_use]
pub fn known() -> u64 {
    STEPS.last().map_or(0, |step| step.number)
}

/// The schema of an open file; 0 for a new one.
///
/// # Errors
/// When the file cannot be read.
pub fn found(database: &Database) -> Result<u64, StoreError> {
    let txn = database.begin_read()?;
    match txn.open_table(tables::META) {
        Ok(meta) => Ok(meta.get("schema")?.map_or(0, |value| value.value())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Takes every step the file lacks.
///
/// # Errors
/// [`StoreError::Newer`], or when the file cannot be read or written.
pub fn upgrade(database: &Database) -> Result<(), StoreError> {
    to(database, known())
}

/// Takes steps up or down until the file has exactly `target`.
///
/// # Errors
/// [`StoreError::Newer`], or when the file cannot be read or written.
pub fn to(database: &Database, target: u64) -> Result<(), StoreError> {
    let found = found(database)?;
    if found > known() {
        return Err(StoreError::Newer { found, known: known() });
    }
    for step in STEPS.iter().filter(|step| step.number > found && step.number <= target) {
        take(database, step.up, step.number)?;
    }
    for step in STEPS.iter().rev().filter(|step| step.number <= found && step.number > target) {
        take(database, step.down, step.number.saturating_sub(1))?;
    }
    Ok(())
}

fn take(
    database: &Database,
    change: fn(&redb::WriteTransaction) -> Result<(), redb::Error>,
    schema: u64,
) -> Result<(), StoreError> {
    let txn = database.begin_write()?;
    change(&txn)?;
    txn.open_table(tables::META)?.insert("schema", schema)?;
    txn.commit()?;
    Ok(())
}
