//! The task that tells receivers.
//!
//! Promises: one call at a time to each receiver; after a failure a pause that grows, with chance in it, up to
//! `limits::HOOK_PAUSE_MS_MAX`; an event at which a receiver fails again and again does not hold up those behind it; one older
//! than `limits::HOOK_GIVE_UP_MS` that was tried is given up, counted and logged. That an event was told rides with the next commit: a crash before it has it told again.
//!
//! Never: a commit of its own, or a wait of anybody for it.

use super::Receivers;
use super::standing::Standing;
use crate::clock::{Clock, Monotonic, Now};
use crate::config::{Receiver, Webhooks};
use crate::counters::Counters;
use crate::events;
use crate::hooks::{Call, Client, Failure, Fate};
use crate::journal::Journal;
use crate::limits;
use crate::secret::Secret;
use crate::shard::InForce;
use crate::signed;
use crate::store::hooks::{HookRow, HooksTick};
use crate::store::{Snapshots, StoreError, Tick};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};

/// The pause after so many failures in a row, milliseconds. `chance` is any random number: it takes up to half of the pause away.
#[must_use]
pub fn pause_ms(failures: u32, chance: u64) -> u64 {
    let doubled = limits::HOOK_PAUSE_MS.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(u64::MAX);
    let whole = doubled.min(limits::HOOK_PAUSE_MS_MAX);
    whole.saturating_sub(chance % (whole / 2).max(1))
}

/// Where one receiver is.
#[derive(Debug, Default)]
struct Place {
    /// The number of the last row that it is done with.
    after: u64,
    /// Failures in a row.
    failures: u32,
    /// Not to be called before.
    not_before: Monotonic,
    /// The call under way, and the number of its row.
    call: Option<(Id, u64)>,
    /// The row at which the receiver had a fault of its own last, and how often in a row.
    faults: (u64, u32),
    /// Rows that were stepped over for it, and when each is told again.
    stepped: Vec<(u64, Monotonic)>,
}

impl Place {
    /// A row was not taken, and is to be told again.
    fn failed(&mut self, number: u64, is_its_own: bool, asked_ms: u64, now: Monotonic, chance: u64) {
        if let Some((_, due)) = self.stepped.iter_mut().find(|(known, _)| *known == number) {
            *due = now.plus_ms(limits::HOOK_PAUSE_MS_MAX);
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let mut pause = pause_ms(self.failures, chance);
        if is_its_own {
            let again = if self.faults.0 == number { self.faults.1 } else { 0 };
            self.faults = (number, again.saturating_add(1));
            if self.faults.1 >= limits::HOOK_TRIES_MAX && self.stepped.len() < limits::HOOK_STEPPED_MAX {
                self.stepped.push((number, now.plus_ms(limits::HOOK_PAUSE_MS_MAX)));
                self.after = self.after.max(number);
                // The next one is tried soon; if it is not taken either, the pause goes on growing.
                pause = limits::HOOK_PAUSE_MS;
            }
        }
        self.not_before = now.plus_ms(pause.max(asked_ms));
    }

    /// A row is done with.
    fn done(&mut self, number: u64) {
        // Whatever was stepped over lies before it.
        self.stepped.retain(|(known, _)| *known != number);
        self.after = self.after.max(number);
    }
}

type Back = Result<(), Failure>;

/// What follows from what is no receiver's doing.
const AGAIN: Fate = Fate::Again { after_ms: 0, is_its_own: false };

/// The task, and what it works with.
#[derive(Debug)]
pub struct Sender {
    in_force: InForce,
    snapshots: Snapshots,
    journal: Journal,
    clock: Clock,
    counters: Arc<Counters>,
    waits: Arc<Notify>,
    standing: Receivers,
    /// The way to receivers, from the first call on.
    client: Option<Client>,
    /// The settings that the places are for.
    hooks: Option<Arc<Webhooks>>,
    places: BTreeMap<u64, Place>,
    calls: JoinSet<Back>,
    is_broken: bool,
}

impl Sender {
    /// A task that tells what waits in the file.
    #[must_use]
    pub fn new(
        in_force: InForce,
        snapshots: Snapshots,
        journal: Journal,
        clock: Clock,
        counters: Arc<Counters>,
        waits: Arc<Notify>,
    ) -> Self {
        Self {
            in_force,
            snapshots,
            journal,
            clock,
            counters,
            waits,
            standing: Receivers::default(),
            client: None,
            hooks: None,
            places: BTreeMap::new(),
            calls: JoinSet::new(),
            is_broken: false,
        }
    }

    /// How receivers stand.
    #[must_use]
    pub fn standing(&self) -> Receivers {
        self.standing.clone()
    }

    /// Works until aborted, or until the journal is gone.
    pub async fn run(mut self) {
        while !self.journal.is_closed() {
            match self.turn().await {
                Ok(()) => self.is_broken = false,
                Err(_) if self.is_broken => {}
                Err(error) => {
                    self.is_broken = true;
                    tracing::error!(%error, "what waits for webhooks cannot be read");
                }
            }
            tokio::select! {
                Some(ended) = self.calls.join_next_with_id() => self.ended(ended).await,
                () = self.waits.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(limits::HOOK_LOOK_MS)) => {}
            }
        }
    }

    /// One turn: whoever is free and has something waiting is called.
    async fn turn(&mut self) -> Result<(), StoreError> {
        let hooks = Arc::clone(&self.in_force.now().hooks);
        if !self.hooks.as_ref().is_some_and(|known| Arc::ptr_eq(known, &hooks)) {
            self.settings(&hooks).await?;
        }
        let now = self.clock.now();
        for receiver in &hooks.receivers {
            loop {
                let place = self.places.entry(receiver.number).or_default();
                if place.call.is_some() || place.not_before > now.mono {
                    break;
                }
                let due = place.stepped.iter().find(|(_, due)| *due <= now.mono).map(|(number, _)| *number);
                let after = due.map_or(place.after, |number| number.saturating_sub(1));
                let found = self.snapshots.hook_after(after, receiver.number)?;
                if let Some(gone) = due.filter(|due| found.as_ref().is_none_or(|(number, _)| number != due)) {
                    place.done(gone);
                    continue;
                }
                let Some((number, row)) = found else { break };
                let is_failing = due.is_some() || place.failures > 0;
                if is_failing && now.wall.0.saturating_sub(row.at.0) > limits::HOOK_GIVE_UP_MS {
                    self.give_up(receiver, number, "it took nothing for too long").await;
                    continue;
                }
                self.call(receiver, &hooks.secrets, number, &row, now);
                break;
            }
        }
        Ok(())
    }

    /// Other settings: who is not told any more is forgotten, with what waits for them.
    async fn settings(&mut self, hooks: &Arc<Webhooks>) -> Result<(), StoreError> {
        let numbers: Vec<u64> = hooks.receivers.iter().map(|receiver| receiver.number).collect();
        let nobodys = self.snapshots.hooks_of_nobody(&numbers)?;
        self.counters.hooks_dropped.add(u64::try_from(nobodys.len()).unwrap_or(u64::MAX));
        self.done(nobodys).await;
        self.places.retain(|number, _| numbers.contains(number));
        for place in self.places.values_mut() {
            // Whoever changed something wants to see what comes of it.
            place.not_before = Monotonic(0);
        }
        let mut standing = self.standing.hold();
        standing.retain(|number, _| numbers.contains(number));
        for receiver in &hooks.receivers {
            let host = receiver.host.clone();
            standing.entry(receiver.number).or_insert(Standing { host, trouble: None });
            if receiver.is_in_clear() {
                let host = receiver.host.as_str();
                tracing::warn!(
                    host,
                    "a webhook's receiver is reached by http://: whoever is in this network can read what it is told"
                );
            }
        }
        self.hooks = Some(Arc::clone(hooks));
        Ok(())
    }

    fn call(&mut self, receiver: &Receiver, secrets: &[Secret], number: u64, row: &HookRow, now: Now) {
        let client = match &self.client {
            Some(client) => Ok(client.clone()),
            None => Client::new().inspect(|client| self.client = Some(client.clone())),
        };
        let secrets: Vec<&[u8]> = secrets.iter().map(|secret| secret.expose().as_bytes()).collect();
        let (id, time_s) = (events::id(row.at, row.number), now.wall.seconds());
        let body = row.event.body(&id, row.at);
        let call = Call {
            url: receiver.url.clone(),
            event: row.event.kind().word(),
            signature: signed::header(&secrets, time_s, &id, body.as_bytes()),
            id,
            time_s,
            body,
        };
        let task = self.calls.spawn(async move {
            match client {
                Ok(client) => client.tell(call).await,
                Err(why) => Err(Failure { fate: AGAIN, why }),
            }
        });
        if let Some(place) = self.places.get_mut(&receiver.number) {
            place.call = Some((task.id(), number));
        }
    }

    async fn ended(&mut self, joined: Result<(Id, Back), JoinError>) {
        let (id, back) = match joined {
            Ok(ended) => ended,
            Err(error) => {
                let why = "the call broke off inside this program".to_owned();
                (error.id(), Err(Failure { fate: AGAIN, why }))
            }
        };
        let of_it = |place: &Place| place.call.is_some_and(|(known, _)| known == id);
        let Some((to, place)) = self.places.iter_mut().find(|(_, place)| of_it(place)) else { return };
        let Some((_, number)) = place.call.take() else { return };
        let to = *to;
        let Err(failure) = back else {
            place.done(number);
            (place.failures, place.faults) = (0, (0, 0));
            self.counters.hooks_told.one();
            self.heard(to, None);
            return self.done(vec![number]).await;
        };
        self.counters.hook_failures.one();
        let receiver =
            self.hooks.as_ref().and_then(|hooks| hooks.receivers.iter().find(|one| one.number == to).cloned());
        match failure.fate {
            Fate::Again { after_ms, is_its_own } => {
                place.failed(number, is_its_own, after_ms, self.clock.now().mono, fastrand::u64(..));
            }
            Fate::Never => {
                place.failures = 0;
                if let Some(receiver) = &receiver {
                    self.give_up(receiver, number, &failure.why).await;
                }
            }
        }
        self.heard(to, Some(failure.why));
    }

    /// Keeps how a receiver stands; what is new about it is logged.
    fn heard(&self, to: u64, trouble: Option<String>) {
        let mut standing = self.standing.hold();
        let Some(known) = standing.get_mut(&to) else { return };
        if known.trouble == trouble {
            return;
        }
        let host = known.host.as_str();
        match &trouble {
            Some(why) => {
                tracing::warn!(host, why, "a webhook's receiver does not take what it is told; it is told again")
            }
            None => tracing::info!(host, "a webhook's receiver takes what it is told again"),
        }
        known.trouble = trouble;
    }

    async fn give_up(&mut self, receiver: &Receiver, number: u64, why: &str) {
        self.counters.hooks_given_up.one();
        let host = receiver.host.as_str();
        tracing::error!(host, why, "an event was given up: the receiver of a webhook will not be told of it");
        if let Some(place) = self.places.get_mut(&receiver.number) {
            place.done(number);
        }
        self.done(vec![number]).await;
    }

    /// Lets it ride that rows are done with.
    async fn done(&self, done: Vec<u64>) {
        if done.is_empty() {
            return;
        }
        let tick = Tick { hooks: HooksTick { done, ..HooksTick::default() }, ..Tick::default() };
        if self.journal.ride(tick).await.is_err() {
            tracing::debug!("the journal is closed; what was told is told again after the start");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_and_has_a_bound_and_chance_takes_at_most_half() {
        for failures in 1..40 {
            let whole = pause_ms(failures, 0);
            assert!(whole <= limits::HOOK_PAUSE_MS_MAX);
            for chance in [1, 999, u64::MAX / 3, u64::MAX] {
                let pause = pause_ms(failures, chance);
                assert!(pause <= whole && pause >= whole / 2, "{failures}: {pause} of {whole}");
            }
        }
        assert_eq!((pause_ms(1, 0), pause_ms(2, 0)), (limits::HOOK_PAUSE_MS, 2 * limits::HOOK_PAUSE_MS));
        assert_eq!(pause_ms(40, 0), limits::HOOK_PAUSE_MS_MAX);
    }

    #[test]
    fn an_event_at_which_a_receiver_fails_again_and_again_does_not_hold_up_those_behind_it() {
        let (mut place, now) = (Place::default(), Monotonic(5));
        for tries in 1..limits::HOOK_TRIES_MAX {
            place.failed(7, true, 0, now, 0);
            assert_eq!((place.after, place.failures), (0, tries), "it is told again");
        }
        place.failed(7, true, 0, now, 0);
        assert_eq!((place.after, place.not_before), (7, now.plus_ms(limits::HOOK_PAUSE_MS)), "the next one, soon");
        assert_eq!(place.stepped, [(7, now.plus_ms(limits::HOOK_PAUSE_MS_MAX))], "and this one in an hour");
        // A receiver that takes nothing at all: pauses go on growing, and so few are stepped over.
        place.failed(8, true, 0, now, 0);
        assert_eq!(place.not_before, now.plus_ms(pause_ms(limits::HOOK_TRIES_MAX + 1, 0)));
        place.done(8);
        place.failed(7, true, 0, Monotonic(9), 0);
        assert_eq!(
            (place.after, place.stepped.as_slice()),
            (8, &[(7, Monotonic(9).plus_ms(limits::HOOK_PAUSE_MS_MAX))][..])
        );
        place.done(7);
        assert_eq!((place.after, place.stepped.len()), (8, 0));
    }

    #[test]
    fn a_receiver_that_cannot_be_reached_is_stepped_over_with_nothing() {
        let mut place = Place::default();
        (0..99).for_each(|_| place.failed(7, false, 0, Monotonic(5), 0));
        (0..99).for_each(|number| place.failed(number, true, 0, Monotonic(5), 0));
        assert_eq!((place.after, place.stepped.len()), (0, 0));
    }
}
