//! The slow lane.

use crate::budget::Ledger;
use crate::store::{Snapshots, StoreError};

/// The ledger as it is stored. Its open holds are calls that a crash cut off.
///
/// # Errors
/// When the file cannot be read.
pub fn ledger(snapshots: &Snapshots) -> Result<Ledger, StoreError> {
    let mut ledger = Ledger::default();
    for row in snapshots.spending()? {
        ledger.restore(&row.tenant, row.month, row.account, row.spent);
    }
    for hold in snapshots.holds()? {
        ledger.restore_hold(hold);
    }
    for (tenant, caps) in snapshots.caps()? {
        ledger.set_caps(&tenant, Some(caps));
    }
    Ok(ledger)
}
