//! The journal's writer: the one thread that commits.
//!
//! Promises: what [`Journal::commit`] answers is on the medium. Requests that arrive during a commit share the next
//! one. Commits come at once while a token bucket lasts, then by its tick, so that a flood costs time and not flash.
//! What does not matter rides along ([`Journal::ride`]), at the latest after `limits::RIDE_MS`.
//!
//! A copy of the file is made between two commits ([`Journal::backup`]), so that it is whole.
//!
//! Never: a second try after a failed commit. The thread ends, everybody who waits is told, and the process exits
//! with the storage code.

pub mod history;

use crate::clock::Clock;
use crate::counters::Counters;
use crate::limits;
use crate::pacing::Bucket;
use crate::progress;
use crate::store::io::IoCount;
use crate::store::{Committed, Store, StoreError, Tick};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The journal is gone: a commit failed, or the appliance is closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the journal is closed")
    }
}

enum Work {
    /// To be made durable; whoever waits is told.
    Tick(Box<Tick>, Option<oneshot::Sender<Committed>>),
    /// The file is to be copied to this path.
    Copy(PathBuf, oneshot::Sender<Result<u64, String>>),
}

struct Job {
    work: Work,
    _permit: OwnedSemaphorePermit,
}

/// The way to the journal's writer.
#[derive(Clone, Debug)]
pub struct Journal {
    closed: Arc<AtomicBool>,
    jobs: SyncSender<Job>,
    permits: Arc<Semaphore>,
}

/// How often the journal may commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitPace {
    /// Commits that may come at once.
    pub burst: u32,
    /// Commits a second after that; 0 = no limit.
    pub per_second: u32,
    /// How long confirmations wait for company, milliseconds.
    pub settled_ms: u64,
}

/// The writer's thread; joined when the appliance closes.
#[derive(Debug)]
pub struct Writer {
    thread: std::thread::JoinHandle<Result<(), StoreError>>,
}

impl Writer {
    /// Waits until the thread has made its last commit and closed the file. Drop every [`Journal`] first.
    ///
    /// # Errors
    /// When a commit failed.
    pub fn join(self) -> Result<(), StoreError> {
        self.thread.join().unwrap_or_else(|_| Err(StoreError::Medium("the journal's thread ended early".to_owned())))
    }

    /// Whether the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Starts the writer's thread on `store`. `gone` is told when it ends.
///
/// # Errors
/// When the thread cannot be started.
pub fn start(
    store: Store,
    pace: CommitPace,
    clock: Clock,
    io: Arc<IoCount>,
    counters: Arc<Counters>,
    gone: oneshot::Sender<()>,
) -> std::io::Result<(Journal, Writer)> {
    let (jobs, receiver) = sync_channel(limits::JOURNAL_JOBS_MAX);
    let closed = Arc::new(AtomicBool::new(false));
    let journal =
        Journal { closed: Arc::clone(&closed), jobs, permits: Arc::new(Semaphore::new(limits::JOURNAL_JOBS_MAX)) };
    let mut loop_ = CommitLoop {
        store,
        bucket: Bucket::with_burst(pace.burst, pace.per_second),
        settled_ms: pace.settled_ms,
        clock,
        io,
        counters,
        urgent: Vec::new(),
        riders: Tick::default(),
        ride_until: None,
    };
    let thread =
        std::thread::Builder::new().name("journal".to_owned()).stack_size(limits::STACK_BYTES).spawn(move || {
            let ended = loop_.run(&receiver);
            drop(gone);
            ended
        })?;
    Ok((journal, Writer { thread }))
}

impl Journal {
    async fn send(&self, work: Work) -> Result<(), Gone> {
        // The permit is the bound: while it is held the channel has room, so sending never blocks a task.
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Gone)?;
        self.jobs.try_send(Job { work, _permit: permit }).map_err(|_| Gone)
    }

    /// Whether the journal is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Makes a tick durable; returns what it added to the outbox.
    ///
    /// # Errors
    /// [`Gone`] when storage failed; then nothing of the tick may be relied on.
    pub async fn commit(&self, tick: Tick) -> Result<Committed, Gone> {
        let (reply, answer) = oneshot::channel();
        self.send(Work::Tick(Box::new(tick), Some(reply))).await?;
        answer.await.map_err(|_| Gone)
    }

    /// Lets a tick ride in the next commit.
    ///
    /// # Errors
    /// [`Gone`] when storage failed.
    pub async fn ride(&self, tick: Tick) -> Result<(), Gone> {
        if tick.is_empty() { Ok(()) } else { self.send(Work::Tick(Box::new(tick), None)).await }
    }

    /// Copies the file, between two commits; returns the copy's size. What waits for a commit waits for the copy.
    ///
    /// # Errors
    /// Why there is no copy: too little room, storage, or the journal is closed. Then nothing is left at `path`.
    pub async fn backup(&self, path: PathBuf) -> Result<u64, String> {
        let (reply, answer) = oneshot::channel();
        self.send(Work::Copy(path, reply)).await.map_err(|gone| gone.to_string())?;
        answer.await.unwrap_or_else(|_| Err(Gone.to_string()))
    }
}

struct CommitLoop {
    store: Store,
    bucket: Bucket,
    settled_ms: u64,
    clock: Clock,
    io: Arc<IoCount>,
    counters: Arc<Counters>,
    urgent: Vec<(Tick, oneshot::Sender<Committed>)>,
    riders: Tick,
    ride_until: Option<Instant>,
}

impl CommitLoop {
    fn run(&mut self, jobs: &Receiver<Job>) -> Result<(), StoreError> {
        // With nothing to do it wakes up all the same, now and then: that is how others see that it could.
        let pulse = Duration::from_millis(limits::JOURNAL_PULSE_MS);
        loop {
            let patience = self.patience().unwrap_or(pulse).min(pulse);
            self.moves(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX));
            match jobs.recv_timeout(patience) {
                Ok(job) => {
                    self.take(job);
                    // Whatever waits already shares this commit.
                    while let Some(job) = jobs.try_iter().next() {
                        self.take(job);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.store.ends_cleanly();
                    return self.commit();
                }
            }
            if self.is_due() {
                self.commit()?;
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job.work {
            Work::Copy(path, reply) => {
                self.moves(self.store.bytes().unwrap_or(0) / limits::COPY_BYTES_PER_MS);
                // A receiver that is gone has no use for the answer; the copy is there all the same.
                let _unheard = reply.send(self.store.copy_to(&path));
            }
            Work::Tick(tick, Some(reply)) => self.urgent.push((*tick, reply)),
            Work::Tick(tick, None) => {
                let wait = match (tick.matters(), tick.confirmed.is_empty()) {
                    (true, _) => limits::RIDE_SETTLED_MS,
                    (false, false) => self.settled_ms,
                    (false, true) => limits::RIDE_MS,
                };
                let until = Instant::now() + Duration::from_millis(wait);
                self.ride_until = Some(self.ride_until.map_or(until, |known| known.min(until)));
                self.riders.absorb(*tick);
            }
        }
    }

    /// Says that it moves, and that what it does next may take so long by itself.
    fn moves(&self, ms: u64) {
        self.counters.journal_due_ms.set(progress::due(self.clock.now().mono, ms));
    }

    /// How long the loop may sleep.
    fn patience(&self) -> Option<Duration> {
        let now = self.clock.now().mono;
        let bucket = Duration::from_millis(self.bucket.ready_at().since_ms(now));
        if !self.urgent.is_empty() {
            return Some(bucket);
        }
        self.ride_until.map(|until| until.saturating_duration_since(Instant::now()).max(bucket))
    }

    fn is_due(&self) -> bool {
        let allowed = self.bucket.ready_at() <= self.clock.now().mono;
        let rides = self.ride_until.is_some_and(|until| until <= Instant::now());
        let heavy = self.riders.confirmed.len() >= limits::RIDERS_MAX;
        allowed && (!self.urgent.is_empty() || rides || heavy)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.urgent.is_empty() && self.riders.is_empty() && !self.store.has_last_words() {
            return Ok(());
        }
        self.moves(0);
        let started = Instant::now();
        let now = self.clock.now();
        self.bucket.take(now.mono);
        let mut riders = std::mem::take(&mut self.riders);
        riders.totals = totals(&self.counters);
        self.ride_until = None;
        let (urgent, replies): (Vec<Tick>, Vec<_>) = self.urgent.drain(..).unzip();
        // What rode along is older: what is known of a member by now must not be written over by it.
        let mut ticks = vec![riders];
        ticks.extend(urgent);
        // On failure the replies are dropped, which tells everybody who waits.
        let committed = self.store.commit(&ticks, now.wall)?;
        for (committed, reply) in committed.into_iter().skip(1).zip(replies) {
            // A receiver that is gone has no use for the answer.
            let _unheard = reply.send(committed);
        }
        let (syncs, bytes, blocks) = self.io.read();
        self.counters.commits.one();
        self.counters.syncs.add(syncs.saturating_sub(self.counters.syncs.get()));
        self.counters.bytes_written.add(bytes.saturating_sub(self.counters.bytes_written.get()));
        self.counters.blocks_written.add(blocks.saturating_sub(self.counters.blocks_written.get()));
        self.counters.commit.record_us(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
        Ok(())
    }
}

/// The counters that outlive the process.
fn totals(counters: &Counters) -> Vec<(&'static str, u64)> {
    let mut totals = Vec::with_capacity(limits::TOTALS_KEPT.len());
    counters.each(|name, _, _, value| {
        if limits::TOTALS_KEPT.contains(&name) && value > 0 {
            totals.push((name, value));
        }
    });
    totals
}
