//! The nightly roll-up of usage: what is over, and the steps that it takes.
//!
//! Promises: once a night in a tenant's own zone, an hour after its midnight, the hours of the finished day become the day's
//! row; what comes late for it is added at the next look. A pass that was cut off, or is late by days, does the same, since a
//! step moves what it finds and notes nothing else ([`crate::store::usage::RollUp`]). A step is one commit of bounded size, and
//! one a tick.
//!
//! Never: a sum that is lost when a clock is wrong. A day that is rolled up before it is over gets the rest later.

use crate::clock::Wall;
use crate::journal::{Gone, Journal};
use crate::limits;
use crate::store::desk::DeskTick;
use crate::store::usage::{RollUp, hour_of};
use crate::store::{Snapshots, StoreError, Tick};
use crate::tenant::{Tenants, Zone};
use std::time::Duration;

/// What is over at a moment.
#[must_use]
pub fn plan(tenants: &Tenants, now: Wall) -> RollUp {
    // What is dated before midnight may arrive after it.
    let settled = i64::try_from(now.seconds().saturating_sub(limits::ROLL_UP_AFTER_S)).unwrap_or(i64::MAX);
    RollUp {
        today: tenants.iter().map(|tenant| (tenant.name.clone(), tenant.zone.day(settled))).collect(),
        elsewhere: Zone::default().day(settled),
        hour: hour_of(now.seconds()),
        at_once: limits::ROLL_UP_ROWS_AT_ONCE,
        place: None,
    }
}

/// Why a pass ended early.
#[derive(Debug)]
pub enum Halt {
    /// The journal is closed.
    Gone,
    /// The durable file could not be read.
    Storage(StoreError),
}

impl From<Gone> for Halt {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// A pass, if there is something to do: a step a tick. Returns how many rows left something in their days, or left.
///
/// # Errors
/// [`Halt`].
pub async fn pass(journal: &Journal, snapshots: &Snapshots, asked: RollUp) -> Result<u64, Halt> {
    let (snapshots, looked) = (snapshots.clone(), asked.clone());
    // A look reads many rows: not on a thread of the message path.
    let needed = tokio::task::spawn_blocking(move || snapshots.needs_roll_up(&looked)).await;
    if !needed.unwrap_or(Ok(false)).map_err(Halt::Storage)? {
        return Ok(0);
    }
    let mut asked = asked;
    let mut rows = 0_u64;
    loop {
        let desk = DeskTick { roll_up: Some(asked.clone()), ..DeskTick::default() };
        let committed = journal.commit(Tick { desk, ..Tick::default() }).await?;
        let Some(rolled) = committed.rolled else { return Ok(rows) };
        rows = rows.saturating_add(rolled.moved).saturating_add(rolled.dropped);
        asked.place = rolled.next;
        if asked.place.is_none() {
            return Ok(rows);
        }
        // The message path has the journal in between.
        tokio::time::sleep(Duration::from_millis(limits::ROLL_UP_STEP_MS)).await;
    }
}
