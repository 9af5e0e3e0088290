//! What is done every now and then.

use super::flow::Ready;
use crate::clock::{Clock, Monotonic, Wall};
use crate::counters::Counters;
use crate::desk::Office;
use crate::events::Event;
use crate::herald::{Herald, Receivers, Sender};
use crate::jobs::retention;
use crate::jobs::rollup::{self, Halt};
use crate::journal::history::Notes;
use crate::journal::{Gone, Journal};
use crate::limits;
use crate::machine;
use crate::shard::InForce;
use crate::store::hooks::HooksTick;
use crate::store::retention::Expiry;
use crate::store::{Found, Snapshots, Tick};
use crate::sync::{Incidents, SharedSeen, Signing, Syncer};
use crate::telemetry;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// What tells receivers of webhooks.
#[derive(Debug)]
pub(super) struct Telling {
    herald: Arc<Herald>,
    /// What happened to the database when it was opened.
    set_aside: Option<String>,
}

impl Telling {
    pub fn new(herald: &Arc<Herald>, set_aside: Option<String>) -> Self {
        Self { herald: Arc::clone(herald), set_aside }
    }

    /// The task, and how receivers stand.
    pub fn sender(self, ready: &Ready) -> (impl Future<Output = ()> + use<>, Receivers) {
        let journal = ready.journal.clone();
        let sender = Sender::new(
            ready.in_force.clone(),
            ready.snapshots.clone(),
            journal.clone(),
            ready.clock.clone(),
            Arc::clone(&ready.counters),
            self.herald.woken(),
        );
        let standing = sender.standing();
        let begin = async move {
            if let Some(words) = self.set_aside {
                let events = vec![Event::incident("Database", false, &words)];
                let tick = Tick { hooks: HooksTick { events, ..HooksTick::default() }, ..Tick::default() };
                // A journal that is gone has already said why.
                let _gone = journal.ride(tick).await;
            }
            drop(journal);
            sender.run().await;
        };
        (begin, standing)
    }
}

/// What was wrong with the database, if something was: said in the log, and for who is told elsewhere.
pub(super) fn damage(found: Found) -> Option<String> {
    let said = match found {
        Found::Sound => return None,
        Found::SetAside { to, why } => {
            format!("the database was damaged ({why}): it is kept as {}, and a new one was begun", to.display())
        }
        Found::Exchanged { to } => format!(
            "the database was put there by hand; what another one had not yet taken in is kept as {}",
            to.display()
        ),
    };
    tracing::error!("{said}");
    Some(said)
}

/// Begins to speak with the hub, where the settings name one.
pub(super) fn hub(ready: &Ready, seen: SharedSeen, signing: Signing, office: Arc<Office>) -> Option<JoinHandle<()>> {
    ready.config.cloud.as_ref()?;
    let syncer = Syncer {
        config: ready.config.clone(),
        snapshots: ready.snapshots.clone(),
        journal: ready.journal.clone(),
        in_force: ready.in_force.clone(),
        lane: ready.lane.clone(),
        clock: ready.clock.clone(),
        counters: Arc::clone(&ready.counters),
        reloader: Arc::clone(&office.reloader),
        seen,
        signing,
        incidents: Incidents(Box::new(move || office.rounds.alarms())),
    };
    Some(tokio::spawn(syncer.run()))
}

/// Looks at the machine, every now and then.
pub(super) async fn rounds(office: Arc<Office>) {
    let mut tick = tokio::time::interval(Duration::from_secs(limits::ROUNDS_S));
    loop {
        tick.tick().await;
        let looking = Arc::clone(&office);
        // A card that fails may hold whoever asks about it: not a thread of the message path.
        let _seen = tokio::task::spawn_blocking(move || looking.look_around()).await;
        office.watch_telegram();
        let events = office.rounds.take_incidents();
        let tick = Tick { hooks: HooksTick { events, ..HooksTick::default() }, ..Tick::default() };
        // A journal that is gone has already said why.
        let _gone = office.journal.ride(tick).await;
    }
}

/// Keeps the gauges that nobody else keeps.
pub(super) async fn gauges(counters: Arc<Counters>, snapshots: Snapshots, heap: fn() -> u64) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tick.tick().await;
        counters.heap_bytes.set(heap());
        counters.heap_bytes_peak.at_least(heap());
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some((now, peak)) = telemetry::resident(&status) {
            counters.resident_bytes.set(now);
            counters.resident_bytes_peak.set(peak);
        }
        counters.data_bytes.set(telemetry::private(&status).unwrap_or(0));
        counters.data_bytes_max.set(machine::data_limit().unwrap_or(0));
        if let Ok(count) = snapshots.dead_letter_count() {
            counters.dead_letters.set(count);
        }
        if let Ok(count) = snapshots.undecided_count() {
            counters.undecided.set(count);
        }
    }
}

/// Has the day's backup made when it is due, by a thread that may wait and that closing does not wait for.
pub(super) async fn backups(office: Arc<Office>) {
    let mut tick = tokio::time::interval(Duration::from_millis(limits::BACKUP_LOOK_MS));
    loop {
        tick.tick().await;
        if office.is_backup_due() {
            let office = Arc::downgrade(&office);
            // Told by the office itself how it ended.
            drop(tokio::task::spawn_blocking(move || Office::nightly(&office)));
        }
    }
}

/// What the nightly work on what is stored takes.
pub(super) struct Upkeep {
    pub(super) journal: Journal,
    pub(super) snapshots: Snapshots,
    pub(super) notes: Option<Notes>,
    pub(super) counters: Arc<Counters>,
    pub(super) in_force: InForce,
    pub(super) clock: Clock,
}

/// Rolls usage up when days are over, and takes out what is kept for too long.
pub(super) async fn upkeep(of: Upkeep) {
    let mut tick = tokio::time::interval(Duration::from_millis(limits::ROLL_UP_LOOK_MS));
    let mut looked: Option<Monotonic> = None;
    loop {
        tick.tick().await;
        let now = of.clock.now();
        let is_due = looked.is_none_or(|at| now.mono.since_ms(at) >= limits::EXPIRE_LOOK_MS);
        if is_due && of.counters.polls.get() > 0 {
            looked = Some(now.mono);
            if expire(&of, now.wall).await.is_err() {
                return;
            }
        }
        let plan = rollup::plan(&of.in_force.now().tenants, of.clock.now().wall);
        match rollup::pass(&of.journal, &of.snapshots, plan).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "usage was rolled up"),
            Err(Halt::Gone) => return,
            Err(Halt::Storage(error)) => tracing::warn!(%error, "usage cannot be rolled up; it is tried again"),
        }
    }
}

/// Takes out what is kept for too long. An error when the journal is closed.
async fn expire(of: &Upkeep, now: Wall) -> Result<(), Gone> {
    let tenants = Arc::clone(&of.in_force.now().tenants);
    if let Some(notes) = &of.notes {
        retention::ask_history(notes, &tenants, now);
    }
    match retention::pass(&of.journal, &of.snapshots, Expiry { tenants, now }).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "what was kept long enough is gone, as the settings say"),
        Err(Halt::Gone) => return Err(Gone),
        Err(Halt::Storage(error)) => tracing::warn!(%error, "what is kept too long cannot be read; it is tried again"),
    }
    Ok(())
}
