//! Step 6: usage by the hour, and what the way to a hub takes.

use super::Step;
use super::s0004_desk::USAGE as USAGE_BEFORE;
use crate::store::records::{decode, encode};
use crate::store::tables;
use crate::store::usage::{DayRecord, HourRecord, Usage};
use redb::{ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

/// Usage by hour, tenant and chat; days that say more; and tables for what is told elsewhere.
pub const STEP: Step = Step {
    number: 6,
    what: "usage by chat and hour, and what the way to a hub takes",
    up,
    down,
    down_loses: "usage by chat and hour, tokens and remembered opinions in usage, which counts may lack something, \
                 everything about a hub and about what is told elsewhere, and keys of programs that call",
};

/// What was used in a day, as it was.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct UsageBefore {
    messages: u64,
    blocked: u64,
    unsure: u64,
    actions: u64,
    calls: u64,
    money_micros: u64,
}

impl UsageBefore {
    fn up(self) -> Usage {
        Usage {
            messages: self.messages,
            blocked: self.blocked,
            unsure: self.unsure,
            actions: self.actions,
            calls: self.calls,
            money_micros: self.money_micros,
            ..Usage::default()
        }
    }

    const fn down(used: Usage) -> Self {
        Self {
            messages: used.messages,
            blocked: used.blocked,
            unsure: used.unsure,
            actions: used.actions,
            calls: used.calls,
            money_micros: used.money_micros,
        }
    }
}

fn damaged(error: crate::store::records::BadRecord) -> redb::Error {
    redb::Error::Corrupted(error.why)
}

fn up(txn: &WriteTransaction) -> Result<(), redb::Error> {
    {
        let before = txn.open_table(USAGE_BEFORE)?;
        let mut days = txn.open_table(tables::USAGE)?;
        let mut hours = txn.open_table(tables::USAGE_HOURS)?;
        let mut edition = 0_u64;
        for entry in before.iter()? {
            let (key, bytes) = entry?;
            let used = decode::<UsageBefore>(bytes.value()).map_err(damaged)?.up();
            edition = edition.saturating_add(1);
            days.insert(key.value(), encode(&DayRecord { used, edition }).as_slice())?;
        }
        crate::store::usage::begin_editions(&mut hours, edition)?;
    }
    txn.open_table(tables::USAGE_STATE)?;
    txn.open_table(tables::HOOKS)?;
    txn.open_table(tables::NONCES)?;
    txn.open_table(tables::SYNC)?;
    txn.delete_table(USAGE_BEFORE)?;
    Ok(())
}

fn down(txn: &WriteTransaction) -> Result<(), redb::Error> {
    {
        let days = txn.open_table(tables::USAGE)?;
        let hours = txn.open_table(tables::USAGE_HOURS)?;
        let mut before = txn.open_table(USAGE_BEFORE)?;
        for entry in days.iter()? {
            let (key, bytes) = entry?;
            let DayRecord { used, .. } = decode(bytes.value()).map_err(damaged)?;
            before.insert(key.value(), encode(&UsageBefore::down(used)).as_slice())?;
        }
        // What is not in its day yet.
        for entry in hours.iter()? {
            let (key, bytes) = entry?;
            let (_, tenant, _) = key.value();
            if tenant.is_empty() {
                continue;
            }
            let HourRecord { pending, .. } = decode(bytes.value()).map_err(damaged)?;
            for (day, more) in pending {
                let known = before.get((tenant, day))?.map(|bytes| decode::<UsageBefore>(bytes.value()));
                let known = known.transpose().map_err(damaged)?.unwrap_or_default();
                let both = UsageBefore::down(known.up().plus(more));
                before.insert((tenant, day), encode(&both).as_slice())?;
            }
        }
    }
    txn.delete_table(tables::USAGE)?;
    txn.delete_table(tables::USAGE_HOURS)?;
    txn.delete_table(tables::USAGE_STATE)?;
    txn.delete_table(tables::HOOKS)?;
    txn.delete_table(tables::NONCES)?;
    txn.delete_table(tables::SYNC)?;
    Ok(())
}
