//! The slow lane: messages the rules are unsure of wait here, durably, for a model's opinion.
//!
//! Promises: a message that waits is decided once: by an opinion, or by the fallback at its deadline at the latest. A
//! model is asked only after the money it can cost at most is durably set aside. One message in the lane is asked about
//! once, and others like it share the answer. Whatever the model does, or does not do, nothing outside the lane waits for
//! it: a message that finds the lane full, the model away or the budget spent is decided at once, and its decision says so.
//!
//! Never: a verdict the rules are sure of.

pub mod lane;
mod row;
pub mod task;

pub use lane::Lane;
pub use row::{Change, Decided, Depart, Ended, Event, NoOpinion, Row, Turn, Used};

use crate::budget::{Account, Hold, Ledger, Month, Spent};
use crate::clock::Wall;
use crate::config::Ai;
use crate::message::{ChatId, Message, Revision};
use crate::model::Endpoint;
use crate::store::usage::{Usage, UsageKey};
use crate::store::{Snapshots, StoreError, Tick};
use crate::tenant::{Tenant, TenantName, Tenants};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The lane, shared between ingest, the task that asks, and those who show it. Locked for moments only.
#[derive(Clone, Debug)]
pub struct SharedLane {
    lane: Arc<Mutex<Lane>>,
    wake: Arc<Notify>,
}

impl SharedLane {
    /// Shares a lane.
    #[must_use]
    pub fn new(lane: Lane) -> Self {
        Self { lane: Arc::new(Mutex::new(lane)), wake: Arc::default() }
    }

    /// The lane.
    pub fn lock(&self) -> MutexGuard<'_, Lane> {
        // Nothing panics while holding it; a poisoned lane still holds whole values.
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the task take a turn: something changed.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// Where settings say that a model is asked.
#[must_use]
pub fn endpoint(ai: &Ai) -> Endpoint {
    Endpoint {
        base_url: ai.base_url.clone(),
        model: ai.model.clone(),
        key: ai.key.clone(),
        timeout: Duration::from_millis(u64::from(ai.timeout_ms)),
        prices: ai.prices(),
        max_output_tokens: ai.max_output_tokens,
    }
}

/// Telegram's date of what is judged: of an edited message, the edit's. The board's own clock never says which month a
/// call is paid in, or how old an opinion is.
#[must_use]
pub const fn dated_s(message: &Message) -> u64 {
    match message.revision {
        Revision::Edited(at) if at > message.sent_s => at,
        Revision::Original | Revision::Edited(_) => message.sent_s,
    }
}

/// The month of that date in a tenant's time zone.
#[must_use]
pub fn dated_month(tenant: &Tenant, dated_s: u64) -> Month {
    Month(tenant.zone.month(i64::try_from(dated_s).unwrap_or(i64::MAX)))
}

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

/// What counts for a chat of a tenant at a date. A tenant that is gone had its days by UTC.
fn counted(tenants: &Tenants, tenant: &TenantName, chat: ChatId, dated_s: u64) -> UsageKey {
    match tenants.named(tenant) {
        Some(tenant) => UsageKey::at(tenant, chat, dated_s),
        None => UsageKey::at(&Tenant { name: tenant.clone(), ..Tenant::default() }, chat, dated_s),
    }
}

/// The chat a hold is about; 0 when many chats share an account.
const fn chat_of(hold: &Hold) -> ChatId {
    match hold.chat {
        Account::Chat(chat) => chat,
        _ => ChatId(0),
    }
}

fn used(spent: Spent, (tokens_in, tokens_out): (u64, u64)) -> Usage {
    Usage { calls: spent.calls, money_micros: spent.money.0, tokens_in, tokens_out, ..Usage::default() }
}

/// Nobody will ever say what became of the calls that an earlier life left open: each counts as paid in full. Of their dates
/// only the month is known: they count for today, or for the first day of that month when today is in another.
pub fn abandon(ledger: &mut Ledger, tenants: &Tenants, now: Wall) -> Tick {
    let mut tick = Tick::default();
    for hold in ledger.open_holds() {
        let today = counted(tenants, &hold.tenant, chat_of(hold), now.seconds());
        let first = hold.month.0.saturating_mul(100).saturating_add(1);
        let day = if today.day / 100 == hold.month.0 { today.day } else { first };
        tick.desk.count(UsageKey { day, ..today }, used(hold.charge(), (0, 0)));
    }
    tick.settled = ledger.abandon_all();
    tick
}
