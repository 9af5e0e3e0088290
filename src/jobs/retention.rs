//! The nightly look for what is kept for too long: texts, decisions, actions that were given up, the audit log, the history.
//!
//! Promises: what a tenant's `[retention]` says is done within a day, also after a time without power; a pass that was cut off
//! is begun anew and does the rest. It is looked for by a reader, and a commit takes out at most
//! `limits::EXPIRE_ROWS_AT_ONCE` rows.
//!
//! Never: a pass before Telegram has answered, which by TLS says that the clock is not years ahead: such a clock would take
//! everything.

use super::rollup::Halt;
use crate::clock::Wall;
use crate::journal::Journal;
use crate::journal::history::Notes;
use crate::limits;
use crate::store::desk::DeskTick;
use crate::store::history::Kept;
use crate::store::retention::{Expiry, Looking};
use crate::store::{Snapshots, Tick};
use crate::tenant::Tenants;
use std::sync::Arc;
use std::time::Duration;

/// Whether the time of a stored message is over.
#[must_use]
pub fn is_over(tenants: &Tenants, kept: &Kept, now: Wall) -> bool {
    let days = u64::from(tenants.of(kept.chat).retention.text_days);
    now.seconds().saturating_sub(kept.sent_s) > days.saturating_mul(86_400)
}

/// One pass over everything. Returns how many rows went, or lost their text.
///
/// # Errors
/// [`Halt`].
pub async fn pass(journal: &Journal, snapshots: &Snapshots, expiry: Expiry) -> Result<u64, Halt> {
    let mut rows = 0_u64;
    let mut at = Some(Looking::FIRST);
    while let Some(from) = at {
        let (snapshots, asked) = (snapshots.clone(), expiry.clone());
        // It reads many rows: not on a thread of the message path.
        let looked = tokio::task::spawn_blocking(move || snapshots.expired(&asked, from)).await;
        let Ok(looked) = looked else { return Ok(rows) };
        let (redact, next) = looked.map_err(Halt::Storage)?;
        at = next;
        if !redact.is_empty() {
            rows = rows.saturating_add(u64::try_from(redact.len()).unwrap_or(u64::MAX));
            let desk = DeskTick { redact, ..DeskTick::default() };
            journal.commit(Tick { desk, ..Tick::default() }).await?;
            // The message path has the journal in between.
            tokio::time::sleep(Duration::from_millis(limits::ROLL_UP_STEP_MS)).await;
        }
    }
    Ok(rows)
}

/// The same for the stored messages; told by their own thread, if at all.
pub fn ask_history(notes: &Notes, tenants: &Arc<Tenants>, now: Wall) {
    let tenants = Arc::clone(tenants);
    // Nobody waits for it: it is asked again at the next look.
    drop(notes.forget(Box::new(move |kept| is_over(&tenants, kept, now))));
}
