//! The long-poll loop.
//!
//! Promises: the next call, which is the acknowledgement, is made only after what follows from a batch is durable.
//! Every refusal has its behaviour: of two instances one stands by, as [`super::standby`] says, a webhook is backed off from and
//! said, a refused token ends the program, everything else is tried again.

use super::standby::{Answer, Claim, Step, Times, Watch};
use super::{Admitted, Ingest};
use crate::clock::{Clock, Monotonic};
use crate::counters::Counters;
use crate::dispatch::task::{SharedBook, Word, lock};
use crate::journal::history::Notes;
use crate::journal::{Gone, Journal};
use crate::limits;
use crate::otel;
use crate::pacing::backoff_ms;
use crate::progress;
use crate::review::Row;
use crate::shard::{Judged, Shards};
use crate::store::group::{Asked, Errand};
use crate::store::records::OutboxKey;
use crate::store::{StoreError, Tick};
use crate::telegram::{CallError, Incoming, Telegram};
use crate::tracer::Tracer;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Why polling ended.
#[derive(Debug)]
pub enum Ended {
    /// It was told to.
    Told,
    /// The token is not accepted.
    Token(String),
    /// The journal is gone.
    Gone,
    /// The durable file could not be read.
    Storage(StoreError),
}

impl From<Gone> for Ended {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

/// What hinders polling now, in words for people; `None` when nothing does.
pub type Trouble = Arc<Mutex<Option<String>>>;

/// The loop and what it works with.
#[derive(Debug)]
pub struct Poller {
    /// The way to Telegram.
    pub telegram: Telegram,
    /// What recognises updates and settles verdicts.
    pub ingest: Ingest,
    /// What judges.
    pub shards: Shards,
    /// Where promises become durable.
    pub journal: Journal,
    /// The dispatcher.
    pub dispatch: mpsc::Sender<Word>,
    /// The book of chats.
    pub book: SharedBook,
    /// The clock.
    pub clock: Clock,
    /// The counters.
    pub counters: Arc<Counters>,
    /// Updates asked for at once.
    pub limit: u8,
    /// How long Telegram may hold a poll.
    pub timeout: Duration,
    /// Promised actions at which polling waits: Telegram keeps the updates.
    pub outbox_rows_max: u64,
    /// What hinders polling now.
    pub trouble: Trouble,
    /// Where messages are kept for trying other policies on; `None` when they are not.
    pub notes: Option<Notes>,
    /// Who carries out what people ask for.
    pub clerk: mpsc::Sender<(u64, Errand)>,
    /// Who is told of what updates lead to.
    pub tracer: Tracer,
    /// How it begins.
    pub begins: Begins,
    /// The times of two boards with one token.
    pub times: Times,
}

/// How polling begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// At once.
    Polling,
    /// At once, and what was promised for a time of its own rests until it is known that no other board has taken over.
    Carefully,
    /// When no other board polls any more.
    StandingBy,
}

/// What a board that stands by says of itself.
const STANDS_BY: &str = "this board stands by, since another program polls with this token; it takes over when updates wait at \
                         Telegram and nobody takes them";

impl Poller {
    /// Polls until told to stop.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Ended {
        match self.poll_until_stopped(&mut stop).await {
            Ok(()) => Ended::Told,
            Err(ended) => ended,
        }
    }

    async fn poll_until_stopped(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), Ended> {
        let mut offset = None;
        let mut limit = self.limit;
        let mut failures = 0_u32;
        let mut accepted = Accepted::NotYet;
        let mut heard = self.clock.now().mono;
        let mut claim = Claim::new(self.times);
        let mut rests_until = None;
        match self.begins {
            Begins::Polling => {}
            Begins::Carefully => {
                self.counters.standing_by.set(1);
                rests_until = Some(self.clock.now().mono.plus_ms(self.times.confirm_ms()));
            }
            Begins::StandingBy => self.stand_by(stop).await?,
        }
        while !*stop.borrow() {
            let timeout = self.patience(&mut rests_until);
            let asked = self.clock.now().mono;
            self.wait_for_room(stop).await;
            if self.clock.now().mono.since_ms(heard) > limits::QUIET_MS {
                offset = None;
            }
            self.moves(self.timeout.saturating_add(limits::POLL_GRACE));
            let answer = tokio::select! {
                answer = self.telegram.poll(offset, limit, timeout) => answer,
                _ = stop.changed() => return Ok(()),
            };
            match answer {
                Ok(batch) => {
                    (failures, accepted, limit) = (0, Accepted::Once, self.limit);
                    claim.answered(asked, self.clock.now().mono);
                    self.say(None);
                    self.counters.polls.one();
                    self.counters.poll_answered_ms.set(self.clock.now().mono.0);
                    self.moves(Duration::ZERO);
                    if let Some(last) = batch.iter().map(|incoming| incoming.id.0).max() {
                        heard = self.clock.now().mono;
                        self.take(batch).await?;
                        offset = i32::try_from(last).ok().and_then(|last| last.checked_add(1));
                    }
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    self.counters.poll_failures.one();
                    if is_too_large(&error) {
                        limit = (limit / 2).max(1);
                        continue;
                    }
                    let pause = if is_other_board(&error) {
                        self.say(Some("another program polls with this token; stop it, or this one".to_owned()));
                        match claim.interrupted(asked, self.clock.now().mono, fastrand::u64(..)) {
                            Answer::Again(ms) => Duration::from_millis(ms),
                            Answer::StandBy => {
                                self.stand_by(stop).await?;
                                (offset, rests_until) = (None, None);
                                continue;
                            }
                        }
                    } else {
                        self.pause(&error, failures, accepted)?
                    };
                    if let Some(until) = &mut rests_until {
                        *until = self.clock.now().mono.plus_ms(self.times.confirm_ms()).max(*until);
                    }
                    self.moves(pause);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        _ = stop.changed() => return Ok(()),
                    }
                }
            }
        }
        Ok(())
    }

    /// How long the next poll may be held. While what was left from before rests, only as long as it rests.
    fn patience(&self, rests_until: &mut Option<Monotonic>) -> Duration {
        let Some(until) = *rests_until else { return self.timeout };
        let left_ms = until.since_ms(self.clock.now().mono);
        if left_ms > 0 {
            return self.timeout.min(Duration::from_millis(left_ms.div_ceil(1_000).saturating_mul(1_000)));
        }
        *rests_until = None;
        self.counters.standing_by.set(0);
        self.timeout
    }

    /// Waits until nobody takes the updates any more, or it is told to stop. Nothing is acknowledged.
    async fn stand_by(&self, stop: &mut watch::Receiver<bool>) -> Result<(), Ended> {
        self.counters.standing_by.set(1);
        self.say(Some(STANDS_BY.to_owned()));
        let mut watched = Watch::new(self.times);
        let mut step = Step::Look(0);
        let mut refusals = 0_u32;
        while let Step::Look(ms) | Step::Peek(ms) = step {
            self.moves(Duration::from_millis(ms).saturating_add(limits::POLL_GRACE));
            let asked = async {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                match step {
                    Step::Look(_) => self.telegram.waiting().await.map(|waiting| (Some(waiting), None)),
                    _ => self.telegram.first_waiting().await.map(|first| (None, first)),
                }
            };
            let answer = tokio::select! {
                answer = asked => answer,
                _ = stop.changed() => return Ok(()),
            };
            let (now, chance) = (self.clock.now().mono, fastrand::u64(..));
            match &answer {
                Err(CallError::Refused { code: 401 | 404, description, .. }) => {
                    refusals = refusals.saturating_add(1);
                    if refusals >= limits::TOKEN_REFUSALS_MAX {
                        return Err(Ended::Token(description.clone()));
                    }
                }
                _ => refusals = 0,
            }
            step = match (step, answer) {
                (Step::Look(_), answer) => watched.looked(answer.ok().and_then(|(waiting, _)| waiting), now, chance),
                (_, answer) => watched.peeked(answer.ok().and_then(|(_, first)| first), now, chance),
            };
        }
        tracing::warn!("nobody takes the updates that wait at Telegram: this board takes over");
        self.counters.standing_by.set(0);
        self.say(None);
        Ok(())
    }

    /// Says that it moves, and that what it does next may take so long by itself.
    fn moves(&self, may_take: Duration) {
        let ms = u64::try_from(may_take.as_millis()).unwrap_or(u64::MAX);
        self.counters.poll_due_ms.set(progress::due(self.clock.now().mono, ms));
    }

    /// A full outbox is refused upstream: no poll, no acknowledgement, until some of it is done.
    async fn wait_for_room(&self, stop: &mut watch::Receiver<bool>) {
        let most = self.outbox_rows_max.saturating_sub(u64::from(self.limit).saturating_mul(4));
        while self.counters.outbox_rows.get() > most && !*stop.borrow() {
            self.say(Some("the outbox is full; updates wait at Telegram".to_owned()));
            self.moves(Duration::ZERO);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Deals with a batch: when this returns, everything that follows from it is durable.
    async fn take(&mut self, batch: Vec<Incoming>) -> Result<(), Ended> {
        let (now, served) = (self.clock.now(), self.tracer.watch());
        let rulebook = self.shards.rulebook();
        let Admitted { arrivals, mut tick, want_facts, moved, callbacks, errands } =
            self.ingest.admit(batch, &mut lock(&self.book), &rulebook, now)?;
        let turned_away = self.take_errands(errands, &mut tick);
        let messages: Vec<_> = arrivals.iter().map(|arrival| Arc::clone(&arrival.message)).collect();
        let judged = self.shards.judge(&messages).await;
        if let Some(notes) = &self.notes {
            for (message, judged) in messages.iter().zip(&judged) {
                if let Judged::Verdict(verdict) = judged
                    && !message.sender.is_exempt()
                    && message.id.is_real()
                    && rulebook.may_store(message.chat)
                {
                    notes.note(message, verdict);
                }
            }
        }
        let settled = self.ingest.settle(&arrivals, judged, &rulebook, &mut lock(&self.book), now)?;
        if let Some(paused) = self.ingest.take_paused() {
            self.shards.in_force().pause(&rulebook, paused);
        }
        tick.absorb(settled);
        for (from, to) in moved {
            self.shards.in_force().change(|book| book.with_moved(from, to));
            self.ingest.moved(from, to);
            self.tell(Word::Moved(from, to)).await?;
        }
        let waiting: Vec<Row> = tick.reviews.iter().map(Row::of).collect();
        self.make_durable(tick, &served).await?;
        self.ingest.wait(waiting, now);
        if !want_facts.is_empty() {
            self.tell(Word::WantFacts(want_facts)).await?;
        }
        for id in callbacks.into_iter().chain(turned_away) {
            self.tell(Word::Pressed { id, text: String::new() }).await?;
        }
        Ok(())
    }

    /// Takes as many errands as the clerk has room for; returns the presses among the rest, which people repeat.
    fn take_errands(&self, errands: Vec<Errand>, tick: &mut Tick) -> Vec<String> {
        let mut errands = errands.into_iter();
        tick.group.errands.extend(errands.by_ref().take(self.clerk.capacity()));
        let presses = errands.filter_map(|errand| {
            self.counters.errands_turned_away.one();
            match errand.what {
                Asked::Press { id, .. } => Some(id),
                Asked::Command { .. } => None,
            }
        });
        presses.collect()
    }

    async fn make_durable(&self, tick: Tick, served: &otel::Watch) -> Result<(), Ended> {
        if !tick.matters() {
            // Of these only the removal of somebody who left, which harms nobody if it comes back.
            self.cancel(tick.dropped.clone()).await?;
            return Ok(self.journal.ride(tick).await?);
        }
        let cancelled = tick.dropped.clone();
        let story = self.tracer.decided(&tick, served);
        let committed = self.journal.commit(tick).await?;
        self.tracer.durable(story);
        self.cancel(cancelled).await?;
        if !committed.accepted.is_empty() {
            self.counters.actions_planned.add(u64::try_from(committed.accepted.len()).unwrap_or(0));
            self.tell(Word::Rows(committed.accepted)).await?;
        }
        for errand in committed.errands {
            // Only we send, and no more than there was room for; what a clerk that is gone does not hear, it reads at its
            // next start.
            let _heard = self.clerk.try_send(errand);
        }
        Ok(())
    }

    async fn cancel(&self, cancelled: Vec<OutboxKey>) -> Result<(), Ended> {
        if cancelled.is_empty() { Ok(()) } else { self.tell(Word::Cancel(cancelled)).await }
    }

    async fn tell(&self, word: Word) -> Result<(), Ended> {
        // A dispatcher that is gone has already said why.
        self.dispatch.send(word).await.map_err(|_| Ended::Gone)
    }

    fn say(&self, trouble: Option<String>) {
        let mut said = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if *said != trouble {
            match &trouble {
                Some(trouble) => tracing::warn!(trouble, "polling is hindered"),
                None => tracing::info!("polling goes on"),
            }
            *said = trouble;
        }
    }

    /// How long to wait after a failed poll, or that there is nothing to wait for.
    fn pause(&self, error: &CallError, failures: u32, accepted: Accepted) -> Result<Duration, Ended> {
        let chance = fastrand::u64(..);
        let growing = backoff_ms(failures, chance).min(limits::POLL_PAUSE_MAX_MS);
        if let CallError::Refused { code, description, retry_after_s, .. } = error {
            if let Some(seconds) = retry_after_s {
                self.say(Some(format!("Telegram asks for a pause of {seconds} s")));
                let ms = seconds.saturating_mul(1000).min(limits::PAUSE_MAX_MS);
                return Ok(Duration::from_millis(ms.saturating_add(limits::PAUSE_MARGIN_MS)));
            }
            match code {
                401 | 404 if accepted == Accepted::NotYet || failures >= limits::TOKEN_REFUSALS_MAX => {
                    return Err(Ended::Token(description.clone()));
                }
                409 if description.to_ascii_lowercase().contains("webhook") => {
                    self.say(Some(
                        "a webhook is set for this bot, so Telegram delivers its updates elsewhere; remove it with the \
                         Bot API's deleteWebhook if this appliance is to moderate"
                            .to_owned(),
                    ));
                    return Ok(Duration::from_millis(limits::POLL_PAUSE_MAX_MS));
                }
                _ => {}
            }
        }
        if failures > 1 {
            self.say(Some(format!("Telegram cannot be reached: {error}")));
        }
        Ok(Duration::from_millis(growing.max(limits::POLL_PAUSE_MIN_MS)))
    }
}

/// Whether Telegram has accepted the token since the start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Accepted {
    NotYet,
    Once,
}

/// Whether a poll was interrupted by somebody else's.
fn is_other_board(error: &CallError) -> bool {
    matches!(error, CallError::Refused { code: 409, description, retry_after_s: None, .. }
        if !description.to_ascii_lowercase().contains("webhook"))
}

fn is_too_large(error: &CallError) -> bool {
    matches!(error, CallError::Refused { code: limits::CODE_ANSWER_TOO_LARGE, .. })
}
