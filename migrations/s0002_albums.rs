//! Step 2: albums, so that a part that arrives after a restart is still judged with the others.

use super::Step;
use crate::store::tables;
use redb::WriteTransaction;

/// Albums and the ring that forgets them.
pub const STEP: Step =
    Step { number: 2, what: "albums", up, down, down_loses: "which messages belong to albums that are still arriving" };

fn up(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.open_table(tables::ALBUMS)?;
    txn.open_table(tables::ALBUM_RING)?;
    Ok(())
}

fn down(txn: &WriteTransaction) -> Result<(), redb::Error> {
    txn.delete_table(tables::ALBUMS)?;
    txn.delete_table(tables::ALBUM_RING)?;
    Ok(())
}
