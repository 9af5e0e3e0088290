//! The task that speaks with a hub.
//!
//! Promises: one question at a time, on the appliance's own threads, with nothing held meanwhile; it begins when this board is
//! enrolled and ends its work when it is not any more, without a restart. What is to be durable rides with the commits of others.
//!
//! Never: a commit while there is nothing to tell.

use super::machine::{Machine, Standing, Turn};
use super::packs::{self, Packs};
use super::round::{Way, step};
use super::rows::{Board, own_budgets};
use super::seen::{Seen, SharedSeen};
use super::wished;
use crate::clock::{Clock, Now};
use crate::cloud::{Ask, Client, Enrolment, Failure, Home, Key, Signer, Told};
use crate::config::{Config, Truth};
use crate::counters::Counters;
use crate::events::cut;
use crate::journal::Journal;
use crate::limits;
use crate::reload::SharedReloader;
use crate::review::SharedLane;
use crate::shard::{InForce, Rulebook};
use crate::store::sync::{OwnBudget, SyncTick};
use crate::store::{Snapshots, StoreError, Tick};
use aegis_contract::{BoardId, Chain, Document, Health, Source, Wishes, limits as wire};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// The turn to ask, and the time that was signed last, microseconds: whoever asks as this board waits for it, so that one call is
/// under way at a time, and times rise.
pub type Signing = Arc<tokio::sync::Mutex<u64>>;

/// The way over the network.
#[derive(Debug)]
pub struct Line<'a> {
    /// The client.
    pub client: &'a Client,
    /// The board's id at the hub.
    pub board: &'a str,
    /// Its key.
    pub key: &'a Key,
    /// The turn to ask.
    pub signing: &'a Signing,
    /// The clock.
    pub clock: &'a Clock,
}

impl Way for Line<'_> {
    async fn ask(&mut self, ask: Ask) -> Result<Told, Failure> {
        let mut last_us = self.signing.lock().await;
        let now_us = self.clock.now().wall.0.saturating_mul(1_000);
        let mut signer = Signer { board: self.board, key: self.key, last_us: &mut last_us };
        self.client.ask(&mut signer, now_us, ask).await
    }
}

/// An enrolment that is being lived.
#[derive(Debug)]
struct Life {
    enrolment: Enrolment,
    key: Key,
    client: Client,
    machine: Machine,
    wishes: Wishes,
    budgets: Vec<OwnBudget>,
    tenants: BTreeSet<String>,
    packs: Packs,
}

/// The task.
#[derive(Debug)]
pub struct Syncer {
    /// The settings as of the start.
    pub config: Config,
    /// Reads the file.
    pub snapshots: Snapshots,
    /// Writes it.
    pub journal: Journal,
    /// The rules in force.
    pub in_force: InForce,
    /// What was spent, and how much may be.
    pub lane: SharedLane,
    /// The clock.
    pub clock: Clock,
    /// The counters.
    pub counters: Arc<Counters>,
    /// Puts packs in force.
    pub reloader: SharedReloader,
    /// What is seen of it from outside.
    pub seen: SharedSeen,
    /// The turn to ask.
    pub signing: Signing,
    /// What is bad on this board now, a sentence each.
    pub incidents: Incidents,
}

/// Who knows what is bad on this board.
pub struct Incidents(pub Box<dyn Fn() -> Vec<String> + Send + Sync>);

impl std::fmt::Debug for Incidents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Incidents")
    }
}

impl Syncer {
    /// Works until aborted, or until the journal is gone. Does nothing where the settings name no hub.
    pub async fn run(self) {
        let Some(cloud) = &self.config.cloud else { return };
        if cloud.packs != Truth::Hub
            && let Err(error) = Home::of(&self.config.data_dir).packs().clear()
        {
            tracing::warn!(%error, "packs of a hub are unwanted and cannot be removed");
        }
        let mut life: Option<Life> = None;
        let mut said: Option<String> = None;
        let begun_s = self.clock.now().wall.seconds();
        while !self.journal.is_closed() {
            let why = self.turn(&mut life).await.err();
            if why != said {
                match &why {
                    Some(why) => tracing::warn!(why, "nothing is told to a hub"),
                    None => tracing::info!("the hub is told again"),
                }
                said.clone_from(&why);
            }
            let now_s = self.clock.now().wall.seconds();
            self.see(|seen| {
                seen.enrolled = life.as_ref().map(|life| life.enrolment.clone());
                seen.standing = life.as_ref().map(|life| life.machine.standing().clone()).unwrap_or_default();
                seen.trouble.clone_from(&why);
                let book = self.in_force.now();
                let has = book.policy.hub_packs();
                seen.packs_judging = has.iter().filter(|one| one.judges()).count();
                let told = life.as_ref().map(|life| life.packs.told(has));
                (seen.packs, seen.packs_amiss) = told.unwrap_or_default();
                seen.away_s = now_s.saturating_sub(seen.standing.pushed_s.unwrap_or(begun_s));
                seen.count(&self.counters);
            });
            let rest = match life.as_ref().map(|life| life.machine.turn(self.clock.now())) {
                None => limits::CLOUD_PAUSE_MS,
                // Not longer than it takes to see that somebody left, or enrolled again.
                Some(Turn::Rest(ms)) => ms.min(limits::CLOUD_PAUSE_MS),
                Some(_) if why.is_some() => limits::CLOUD_PAUSE_MS,
                Some(_) => 0,
            };
            tokio::time::sleep(Duration::from_millis(rest)).await;
        }
    }

    fn see(&self, change: impl FnOnce(&mut Seen)) {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn turn(&self, life: &mut Option<Life>) -> Result<(), String> {
        let Some((enrolment, key)) = Home::of(&self.config.data_dir).read()? else {
            if life.take().is_some() {
                self.forget().await;
            }
            return Err("this board is not enrolled; run `aegis sync enrol --code CODE`".to_owned());
        };
        if life.as_ref().is_none_or(|life| life.enrolment != enrolment) {
            *life = Some(self.begin(enrolment, key).await?);
        }
        let Some(life) = life else { return Ok(()) };
        let mut wants_again = false;
        self.see(|seen| wants_again = std::mem::take(&mut seen.wants_again));
        if wants_again {
            self.tell_again(life).await;
        }
        let now = self.clock.now();
        if matches!(life.machine.turn(now), Turn::Rest(_)) {
            self.take_packs(life, now).await;
            return Ok(());
        }
        self.speak(life, now).await.map_err(|error| error.to_string())?;
        let standing = life.machine.standing();
        standing.at_fault.clone().or_else(|| standing.trouble.clone()).map_or(Ok(()), Err)
    }

    /// Somebody says that the hub is mended.
    async fn tell_again(&self, life: &mut Life) {
        let sync = life.machine.again(&life.budgets);
        if let Some(budgets) = &sync.budgets {
            life.budgets.clone_from(budgets);
        }
        tracing::info!("all rows that are here are told to the hub again");
        // A journal that is gone has already said why.
        let _gone = self.journal.commit(Tick { sync, ..Tick::default() }).await;
    }

    /// Does one thing about packs, where the hub has said in this life what it wishes.
    async fn take_packs(&self, life: &mut Life, now: Now) {
        let standing = life.machine.standing();
        let is_hubs = self.config.cloud.as_ref().is_some_and(|cloud| cloud.packs == Truth::Hub);
        if !is_hubs || standing.pulled_s.is_none() || standing.failures > 0 {
            return;
        }
        let Life { enrolment, key, client, wishes, .. } = life;
        let offers = if wishes.sources.packs == Source::Hub { wishes.packs.as_slice() } else { &[] };
        let mut line = Line { client, board: &enrolment.board, key, signing: &self.signing, clock: &self.clock };
        let place = (&self.reloader, &self.in_force, enrolment.pack_key.as_str());
        life.packs.turn(&mut line, offers, place, now, fastrand::u64(..)).await;
    }

    async fn forget(&self) {
        let tick = Tick { sync: SyncTick { leaves: true, ..SyncTick::default() }, ..Tick::default() };
        // A journal that is gone has already said why.
        let _gone = self.journal.ride(tick).await;
        self.lane.lock().ledger.set_wished(Default::default());
        self.in_force.change(|book| book.with_hub(Default::default()));
        self.read_packs().await;
        tracing::info!("this board has left its hub");
    }

    /// Which packs of the hub are kept may be others than those in force: read anew.
    async fn read_packs(&self) {
        if !self.in_force.now().policy.hub_packs().is_empty()
            && let Err(not) = packs::put(&self.reloader, None).await
        {
            tracing::warn!(why = not.why, "packs of the hub are in force until the packs are read again");
        }
    }

    async fn begin(&self, enrolment: Enrolment, key: Key) -> Result<Life, String> {
        let Some(cloud) = &self.config.cloud else { return Err("the settings name no hub".to_owned()) };
        if enrolment.url != cloud.url {
            return Err(format!(
                "this board is enrolled at {}, and the settings name {}; make them the same",
                enrolment.url, cloud.url
            ));
        }
        let client = Client::new(&cloud.url, cloud.root.as_deref())?;
        let board: BoardId = enrolment.board.parse().map_err(|why| format!("the enrolment {why}"))?;
        let place = self.snapshots.sync_place().map_err(|error| error.to_string())?;
        let is_another = place.as_ref().is_none_or(|place| place.board != enrolment.board);
        let kept = self.snapshots.sync_wishes().map_err(|error| error.to_string())?.filter(|_| !is_another);
        let budgets = self.snapshots.sync_budgets().map_err(|error| error.to_string())?;
        let read = |error: StoreError| error.to_string();
        let marks = if is_another { Default::default() } else { self.snapshots.sync_marks().map_err(read)? };
        let streak = if is_another { Default::default() } else { self.snapshots.sync_streak().map_err(read)? };
        let newest = (self.snapshots.newest_edition().map_err(read)?, self.snapshots.newest_decision().map_err(read)?);
        let machine = Machine::new(&enrolment.board, Chain::first(board), place, kept.as_ref());
        let machine = machine.knowing(marks, newest).after(streak);
        if is_another {
            // From now on hours do not leave untold.
            let sync = SyncTick { leaves: true, place: Some(machine.place().clone()), ..SyncTick::default() };
            self.journal.commit(Tick { sync, ..Tick::default() }).await.map_err(|gone| gone.to_string())?;
            self.read_packs().await;
        }
        let counts = self.snapshots.sync_packs().map_err(|error| error.to_string())?;
        packs::go_on_from(&counts, self.in_force.now().policy.hub_packs());
        let wishes = kept.and_then(|kept| Wishes::read(kept.body.as_bytes()).ok()).unwrap_or_default();
        let tenants = tenants(&enrolment, &wishes);
        let budgets = if is_another { Vec::new() } else { budgets };
        let packs = Packs::default();
        let life = Life { enrolment, key, client, machine, wishes, budgets, tenants, packs };
        self.put_in_force(&life);
        Ok(life)
    }

    fn put_in_force(&self, life: &Life) {
        let Some(cloud) = &self.config.cloud else { return };
        let (caps, layer) = wished::in_force(cloud, &life.wishes, &life.budgets);
        let mut lane = self.lane.lock();
        lane.ledger.set_wished(caps);
        drop(lane);
        self.lane.wake();
        if *self.in_force.now().hub != layer {
            self.in_force.change(|book| book.with_hub(layer.clone()));
            tracing::info!("what the hub wishes is in force");
        }
    }

    /// The board's own budgets as they are now; durable before they are told.
    async fn look_at_budgets(&self, life: &mut Life, book: &Rulebook, now: Now) {
        let settings = book.tenants_of_settings();
        let caps: Vec<_> = {
            let lane = self.lane.lock();
            let own = |tenant: &crate::tenant::Tenant| {
                let changed = book.overlay.tenants.get(&tenant.name).and_then(|layer| layer.degrade);
                let caps = lane.ledger.own_caps(&tenant.name, tenant.caps);
                (tenant.name.as_str().to_owned(), caps, changed.unwrap_or(tenant.degrade))
            };
            settings.iter().map(own).collect()
        };
        let budgets = own_budgets(&life.budgets, caps.into_iter(), now.wall.seconds());
        if budgets != life.budgets {
            let sync = SyncTick { budgets: Some(budgets.clone()), ..SyncTick::default() };
            if self.journal.commit(Tick { sync, ..Tick::default() }).await.is_ok() {
                life.budgets = budgets;
                self.put_in_force(life);
            }
        }
    }

    async fn speak(&self, life: &mut Life, now: Now) -> Result<(), StoreError> {
        let Some(cloud) = &self.config.cloud else { return Ok(()) };
        let book = self.in_force.now();
        self.look_at_budgets(life, &book, now).await;
        life.packs.look_at(&self.snapshots, &book.policy)?;
        let board = Board {
            snapshots: &self.snapshots,
            book: &book,
            cloud,
            tenants: &life.tenants,
            health: self.health(&book, life),
            budgets: &life.budgets,
        };
        let mut line = Line {
            client: &life.client,
            board: &life.enrolment.board,
            key: &life.key,
            signing: &self.signing,
            clock: &self.clock,
        };
        let mut step = step(&mut life.machine, &mut line, &board, now, fastrand::u64(..)).await?;
        if let Some(budgets) = &step.tick.budgets {
            life.budgets.clone_from(budgets);
        }
        if let Some(wishes) = step.wishes.take() {
            life.wishes = *wishes;
            life.packs.wished_anew();
            life.tenants = tenants(&life.enrolment, &life.wishes);
            self.put_in_force(life);
        }
        let has = book.policy.hub_packs();
        // No commit for them: they go with one that is made anyway.
        step.tick.packs = step.tick.place.as_ref().filter(|_| !has.is_empty()).map(|_| packs::kept_counts(has));
        if !step.tick.is_empty() {
            // A journal that is gone has already said why.
            let _gone = self.journal.ride(Tick { sync: step.tick, ..Tick::default() }).await;
        }
        Ok(())
    }

    fn health(&self, book: &Rulebook, life: &Life) -> Health {
        let counters = &self.counters;
        let has = book.policy.hub_packs();
        let first = |words: Vec<String>| -> Vec<String> {
            words.iter().take(wire::REMARKS_MAX).map(|words| cut(words, wire::REMARK_BYTES_MAX)).collect()
        };
        let &Standing { aside, was_at_fault, .. } = life.machine.standing();
        let mut degraded: Vec<String> =
            book.degraded.iter().take(8).map(|name| format!("{name}: no model can be asked")).collect();
        if aside > 0 {
            degraded.push(format!("{aside} rows were refused by the hub and set aside"));
        }
        if was_at_fault {
            degraded.push(
                "the hub refused row after row since the last start; what waited for it is told again".to_owned(),
            );
        }
        degraded.extend(life.packs.troubles(has));
        Health {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            contract: aegis_contract::VERSION,
            profile: self.config.board.name.chars().take(32).collect(),
            uptime_s: self.clock.now().mono.0 / 1_000,
            clock_off_ms: life.machine.standing().clock_off_ms,
            outbox_rows: counters.outbox_rows.get(),
            dead_letters: counters.dead_letters.get(),
            memory_now: counters.heap_bytes.get(),
            memory_promise: counters.memory_bytes_max.get(),
            degraded: first(degraded),
            incidents: first((self.incidents.0)()),
            packs: Packs::health(has),
            ..Health::default()
        }
    }
}

/// The tenants whose rows the hub takes: as it says now, else as it said at the enrolment.
fn tenants(enrolment: &Enrolment, wishes: &Wishes) -> BTreeSet<String> {
    if wishes.text.is_empty() {
        enrolment.tenants.iter().cloned().collect()
    } else {
        wishes.text.keys().cloned().collect()
    }
}
