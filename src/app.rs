//! The one place that wires the parts together, owns their threads and tasks, and closes them in order.
//!
//! Promises: polling starts only when everything that a promise needs is open. Closing stops polling, finishes the
//! batch in hand, gives calls under way a bounded time, commits once more, and takes at most five seconds. Whatever
//! ends the appliance early has an exit code that says what it was.

mod health;
mod jobs;

pub use crate::reload::{Reloaded, Reloader, Resettled, Source, check_packs, load_policy, pack_sources, rulebook};
pub use health::Health;

use crate::chats::ChatBook;
use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::control::{self, Door};
use crate::counters::Counters;
use crate::dispatch::outbox::{Outbox, Pace};
use crate::dispatch::task::{self, Dispatcher, SharedBook, lock};
use crate::document::Mistakes;
use crate::ingest::Ingest;
use crate::ingest::poll::{self, Poller};
use crate::journal::history::{self, Keeper, Notes};
use crate::journal::{self, CommitPace, Journal, Writer};
use crate::lessons;
use crate::limits;
use crate::packs::watch::Listing;
use crate::policy::PolicySet;
use crate::reload::{self, SharedReloader, hold};
use crate::review::task::Reviewer;
use crate::review::{self, Lane, Row, SharedLane};
use crate::shard::{InForce, Shards};
use crate::store::history::KeptOpinion;
use crate::store::io::IoCount;
use crate::store::{self, Found, Keep, Snapshots, Store, StoreError, Tick};
use crate::telegram::{Reply, Request, Telegram};
use crate::web;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// How the appliance ended, when it did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who has to act.
    pub kind: FailureKind,
    /// What happened and how to mend it.
    pub why: String,
}

/// Who has to act, as an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The one who called it or wrote its settings: 64.
    Usage,
    /// The one who brings data: 65.
    Data,
    /// The one who looks after the storage: 74.
    Storage,
    /// The one who holds the token: 77.
    Token,
    /// Whoever promised something that was not kept: 1.
    Broken,
}

impl FailureKind {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Usage => 64,
            Self::Data => 65,
            Self::Storage => 74,
            Self::Token => 77,
            Self::Broken => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why.trim_end())
    }
}

impl Failure {
    /// A failure of the one who called it.
    #[must_use]
    pub fn usage(why: impl Into<String>) -> Self {
        Self { kind: FailureKind::Usage, why: why.into() }
    }

    fn storage(why: impl Into<String>) -> Self {
        Self { kind: FailureKind::Storage, why: why.into() }
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::usage(mistakes.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::storage(error.to_string())
    }
}

/// How many rows the durable file keeps on this board.
#[must_use]
pub fn keep(config: &Config) -> Keep {
    Keep {
        decisions: config.board.capacity.decisions_kept,
        done: limits::DONE_KEPT,
        // A batch may be as small as one update; a few thousand small batches are a quiet day.
        dedupe_batches: limits::DEDUPE_BATCHES_KEPT,
        dead_letters: u64::try_from(limits::DEAD_LETTERS_MAX).unwrap_or(u64::MAX),
        albums: u64::try_from(limits::ALBUMS_MAX).unwrap_or(u64::MAX),
        audit: limits::AUDIT_KEPT,
    }
}

/// Makes sure the data directory is there, and private.
///
/// # Errors
/// When it cannot be made.
pub fn prepare_data_dir(dir: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let shown = dir.display();
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| Failure::storage(format!("the data directory {shown} cannot be made: {error}")))?;
    let mode = std::fs::metadata(dir).map(|found| found.permissions().mode() & 0o777);
    match mode {
        Ok(mode) if mode & 0o077 != 0 => {
            tracing::warn!("{shown} may be read by others (mode {mode:03o}); mend with: chmod 700 {shown}");
        }
        _ => {}
    }
    Ok(())
}

/// The appliance at work.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    gone: oneshot::Receiver<()>,
    poller: JoinHandle<poll::Ended>,
    dispatcher: JoinHandle<task::Ended>,
    reviewer: JoinHandle<review::task::Ended>,
    helpers: Vec<JoinHandle<()>>,
    writer: Writer,
    keeper: Option<Keeper>,
    page: Option<web::Web>,
}

/// Parts that several tasks share.
struct Parts {
    config: Config,
    clock: Clock,
    counters: Arc<Counters>,
    snapshots: Snapshots,
    journal: Journal,
    book: SharedBook,
    telegram: Telegram,
    lane: SharedLane,
    /// Calls to a model that an earlier life left open: to be made durable as paid in full.
    settled: Tick,
}

/// What is said when a key leaves this machine unprotected.
pub const KEY_IN_CLEAR: &str = "the model's address begins with http://, so its key can be read on the way; write https:// \
                                if the server can, or leave the key out";

/// Opens everything and starts to moderate, on the current runtime.
///
/// # Errors
/// When the settings do not fit, the token is missing, or storage cannot be opened. Nothing is left running.
///
/// With a `source` the settings are read from it again when they change.
pub fn start(
    config: Config,
    source: Option<Source>,
    clock: Clock,
    counters: Arc<Counters>,
    heap: fn() -> u64,
) -> Result<Running, Failure> {
    let Some(token) = config.telegram.token.clone() else {
        let why = "no bot token; put it into AEGIS_TELEGRAM_TOKEN, or its file into AEGIS_TELEGRAM_TOKEN_FILE; \
                   `aegis demo` works without one";
        return Err(Failure { kind: FailureKind::Token, why: why.to_owned() });
    };
    let promise = limits::memory_bytes_max(&config.board.capacity);
    if promise > config.board.memory_bytes {
        return Err(Failure::usage(format!(
            "the settings need {promise} bytes of memory and the board profile \"{}\" allows {}",
            config.board.name, config.board.memory_bytes
        )));
    }
    if config.ai.shows_its_key() {
        tracing::warn!("{KEY_IN_CLEAR}");
    }
    let listing = config.policy_dir.as_deref().map(Listing::of);
    let (policy, telegram) = read_packs_and_reach_out(&config, token.expose())?;
    check_packs(&config, &source.as_ref().map_or_else(|| "settings".to_owned(), Source::name), &policy)?;
    prepare_data_dir(&config.data_dir)?;
    let io = Arc::new(IoCount::default());
    let cache = usize::try_from(config.board.capacity.store_cache_bytes).unwrap_or(limits::STORE_CACHE_BYTES_MIN);
    let (store, found) = Store::open(&config.data_dir, cache, keep(&config), &io, clock.now().wall)?;
    if let Found::SetAside { to, why } = found {
        tracing::error!(why, "the database was damaged: it is kept as {}, and a new one was begun", to.display());
    }
    counters.memory_bytes_max.set(promise);
    let snapshots = store.snapshots();
    restore(&counters, &snapshots)?;
    let book: SharedBook = Arc::new(std::sync::Mutex::new(ChatBook::new(snapshots.chats()?)));
    let (lane, settled) = slow_lane(&config, &snapshots, &counters, clock.now())?;
    let ingest = Ingest::new(
        snapshots.clone(),
        telegram.own_id(),
        usize::try_from(config.board.capacity.updates_remembered).unwrap_or(usize::MAX),
        Arc::clone(&counters),
    )?
    .with_lane(lane.clone());
    let (gone_sender, gone) = oneshot::channel();
    let pace = CommitPace { burst: config.board.commit_burst, per_second: config.board.commits_per_second };
    let (journal, writer) = journal::start(store, pace, clock.clone(), io, Arc::clone(&counters), gone_sender)
        .map_err(|error| Failure::storage(format!("the journal's thread cannot be started: {error}")))?;
    let (learned, wrong) = lessons::read(&lessons::folder(&config.data_dir));
    wrong.iter().for_each(|what| tracing::warn!("{what}"));
    let rulebook = Arc::new(rulebook(&config, policy).with_learned(learned));
    let now = clock.now().wall;
    let changed = snapshots.policy()?.map(|(_, version)| version.overlay).unwrap_or_default();
    let mut reloader =
        Reloader::new(&config, listing, InForce::new(rulebook), Arc::clone(&counters), now).with_overlay(changed, now);
    if let Some(source) = source {
        reloader = reloader.with_settings(source, config.clone());
    }
    let parts = Parts { config, clock, counters, snapshots, journal, book, telegram, lane, settled };
    parts.start(ingest, Arc::new(std::sync::Mutex::new(reloader)), writer, gone, heap)
}

/// Compiles the packs beside setting up the clients: both take a while, and neither writes anything.
fn read_packs_and_reach_out(config: &Config, token: &str) -> Result<(PolicySet, Telegram), Failure> {
    let timeout = Duration::from_millis(config.telegram.call_timeout_ms);
    std::thread::scope(|scope| {
        let policy = scope.spawn(|| load_policy(config).map_err(Failure::from));
        let telegram = Telegram::new(token, &config.telegram.api_url, timeout, config.telegram.calls_in_flight);
        let policy = policy.join().unwrap_or_else(|_| Err(Failure::usage("the packs could not be compiled")))?;
        Ok((policy, telegram.map_err(|error| Failure::usage(error.to_string()))?))
    })
}

/// The slow lane where an earlier life left it: who waits goes on waiting, and calls cut off count as paid in full.
fn slow_lane(
    config: &Config,
    snapshots: &Snapshots,
    counters: &Arc<Counters>,
    now: Now,
) -> Result<(SharedLane, Tick), StoreError> {
    let mut ledger = review::ledger(snapshots)?;
    let settled = Tick { settled: ledger.abandon_all(), ..Tick::default() };
    let mut lane = Lane::new(ledger, &config.board.capacity, Arc::clone(counters));
    lane.settings(&Arc::new(config.ai.clone()));
    lane.has_warned(&config.tenants());
    lane.resume(snapshots.reviews(Row::of)?, now.mono, now.wall);
    Ok((SharedLane::new(lane), settled))
}

/// The counters that outlive the process go on where they were.
fn restore(counters: &Counters, snapshots: &Snapshots) -> Result<(), StoreError> {
    for (name, value) in snapshots.totals()? {
        counters.restore(&name, value);
    }
    counters.dead_letters.set(snapshots.dead_letter_count()?);
    counters.undecided.set(snapshots.undecided_count()?);
    Ok(())
}

impl Parts {
    fn start(
        self,
        ingest: Ingest,
        reloader: SharedReloader,
        writer: Writer,
        gone: oneshot::Receiver<()>,
        heap: fn() -> u64,
    ) -> Result<Running, Failure> {
        // The page first: if its address is taken, nothing has been started that would have to be stopped, and none of
        // our own connections can have taken its port.
        let trouble = poll::Trouble::default();
        let in_force = hold(&reloader).in_force();
        let health = Health::new(&self, &hold(&reloader), Arc::clone(&trouble));
        let page = match self.config.web.listen {
            None => None,
            Some(listen) => {
                let settings = web::Settings {
                    listen,
                    hosts: self.config.web.hosts.clone(),
                    socket_dir: self.config.data_dir.clone(),
                };
                Some(web::start(settings, Arc::new(health)).map_err(|error| Failure::usage(error.to_string()))?)
            }
        };
        let telegram = &self.config.telegram;
        let (stop, stopped) = watch::channel(false);
        let (words, heard) = mpsc::channel(limits::DISPATCH_WORDS_MAX);
        let shards = Shards::start(self.config.shards, in_force.clone(), Arc::clone(&self.counters));
        let (notes, keeper) = self.history();
        let settler = ingest.settler();
        let poller = Poller {
            telegram: self.telegram.clone(),
            ingest,
            shards,
            journal: self.journal.clone(),
            dispatch: words.clone(),
            book: Arc::clone(&self.book),
            clock: self.clock.clone(),
            counters: Arc::clone(&self.counters),
            limit: telegram.poll_limit,
            timeout: Duration::from_secs(telegram.poll_timeout_s),
            outbox_rows_max: self.config.board.capacity.outbox_rows,
            trouble,
            notes: notes.clone(),
        };
        let dispatcher = self.dispatcher()?;
        let reviewer = Reviewer {
            lane: self.lane.clone(),
            settler,
            snapshots: self.snapshots.clone(),
            journal: self.journal.clone(),
            dispatch: words.clone(),
            book: Arc::clone(&self.book),
            in_force: in_force.clone(),
            clock: self.clock.clone(),
            notes: notes.clone(),
        };
        let reviewer = tokio::spawn(reviewer.run(self.settled.clone(), stopped.clone()));
        let poller = tokio::spawn(poller.run(stopped.clone()));
        let dispatcher = tokio::spawn(dispatcher.run(heard, stopped));
        let mut helpers = vec![tokio::spawn(self.clone_for_greeting().greet())];
        match control::open(&self.config.data_dir) {
            Ok(listener) => {
                let door = Door {
                    snapshots: self.snapshots.clone(),
                    journal: self.journal.clone(),
                    dispatch: words,
                    clock: self.clock.clone(),
                    notes,
                    lane: self.lane.clone(),
                    in_force,
                };
                helpers.push(tokio::spawn(door.serve(listener)));
            }
            Err(error) => tracing::warn!(%error, "the terminal cannot speak to this appliance while it runs"),
        }
        helpers.push(tokio::spawn(reload::run(reloader, self.clock.clone(), reload::hang_ups())));
        helpers.push(tokio::spawn(jobs::gauges(Arc::clone(&self.counters), self.snapshots.clone(), heap)));
        Ok(Running { stop, gone, poller, dispatcher, reviewer, helpers, writer, keeper, page })
    }

    fn dispatcher(&self) -> Result<Dispatcher, Failure> {
        let telegram = &self.config.telegram;
        let pace = Pace {
            requests_per_second: telegram.requests_per_second,
            group_messages_per_minute: telegram.group_messages_per_minute,
            calls_in_flight: telegram.calls_in_flight,
        };
        let mut outbox = Outbox::new(pace, self.telegram.own_id(), Arc::clone(&self.counters));
        let now = self.clock.now();
        {
            let book = lock(&self.book);
            outbox.resume_pauses(&self.snapshots.pauses()?, &book, now);
            let dropped = outbox.push(self.snapshots.outbox()?, &book, now);
            if !dropped.is_empty() {
                // Notices that may have been sent before the restart: forgotten with the next commit.
                let journal = self.journal.clone();
                tokio::spawn(async move { journal.ride(dropped).await });
            }
            let chats: Vec<_> = book.iter().map(|(chat, _)| chat).collect();
            for chat in chats {
                outbox.want_facts(chat, &book);
            }
        }
        Ok(Dispatcher {
            outbox,
            telegram: self.telegram.clone(),
            journal: self.journal.clone(),
            book: Arc::clone(&self.book),
            clock: self.clock.clone(),
            counters: Arc::clone(&self.counters),
            salt: self.salt(),
        })
    }

    /// Begins to keep the last messages, if that is wanted; else what was kept before is removed.
    fn history(&self) -> (Option<Notes>, Option<Keeper>) {
        let dir = &self.config.data_dir;
        let messages = self.config.board.capacity.history_messages;
        if messages == 0 {
            if let Err(error) = store::history::remove(dir) {
                tracing::error!(%error, "stored messages are unwanted and cannot be removed");
            }
            return (None, None);
        }
        let lane = self.lane.clone();
        let remember = move |opinions: Vec<KeptOpinion>| {
            let mut lane = lane.lock();
            for (key, opinion, dated_s) in opinions {
                lane.remember(key, opinion, dated_s);
            }
            lane.publish();
        };
        match history::start(dir.clone(), messages, Arc::clone(&self.counters), Box::new(remember)) {
            Ok((notes, keeper)) => (Some(notes), Some(keeper)),
            Err(error) => {
                tracing::warn!(%error, "no messages are stored: their thread cannot be started");
                (None, None)
            }
        }
    }

    /// For pseudonyms: the bot's own id, the same after every start.
    fn salt(&self) -> u64 {
        u64::from_le_bytes(self.telegram.own_id().0.to_le_bytes())
    }

    fn clone_for_greeting(&self) -> Greeting {
        Greeting { telegram: self.telegram.clone() }
    }
}

/// Asks who the bot is, and says what its set-up lacks.
struct Greeting {
    telegram: Telegram,
}

impl Greeting {
    async fn greet(self) {
        if let Ok(Reply::Me { reads_all: Some(false) }) = self.telegram.call(&Request::Me).await {
            tracing::warn!(
                "privacy mode is on: in groups where it is no administrator the bot sees only messages meant for it. \
                 Make it an administrator, or turn privacy mode off at @BotFather (/setprivacy) and add it again"
            );
        }
    }
}

impl Running {
    /// Where the page is.
    #[must_use]
    pub fn page(&self) -> Option<SocketAddr> {
        self.page.as_ref().map(web::Web::local_addr)
    }

    /// Works until `told` is ready or something ends it, then closes everything in order.
    ///
    /// # Errors
    /// What ended it, when it was not told to.
    pub async fn until(mut self, told: impl Future<Output = ()>) -> Result<(), Failure> {
        let mut poller_ended = None;
        let mut dispatcher_ended = None;
        let mut reviewer_ended = None;
        tokio::select! {
            () = told => {}
            _ = &mut self.gone => {}
            ended = &mut self.poller => poller_ended = ended.ok(),
            ended = &mut self.dispatcher => dispatcher_ended = ended.ok(),
            ended = &mut self.reviewer => reviewer_ended = ended.ok(),
        }
        self.stop.send_replace(true);
        if poller_ended.is_none() && !self.poller.is_finished() {
            poller_ended = (&mut self.poller).await.ok();
        }
        if dispatcher_ended.is_none() && !self.dispatcher.is_finished() {
            dispatcher_ended = (&mut self.dispatcher).await.ok();
        }
        if reviewer_ended.is_none() && !self.reviewer.is_finished() {
            reviewer_ended = (&mut self.reviewer).await.ok();
        }
        for helper in &self.helpers {
            helper.abort();
        }
        for helper in self.helpers {
            // Aborted: what it held of the journal is dropped when this returns.
            let _aborted = helper.await;
        }
        drop(self.page);
        let (writer, keeper) = (self.writer, self.keeper);
        let closed = tokio::task::spawn_blocking(move || {
            let ended = writer.join();
            if let Some(keeper) = keeper {
                keeper.close();
            }
            ended
        })
        .await;
        if let Some(review::task::Ended::Storage(error)) = reviewer_ended {
            return Err(Failure::from(error));
        }
        match (poller_ended, dispatcher_ended, closed) {
            (_, _, Ok(Err(error))) => Err(Failure::from(error)),
            (Some(poll::Ended::Storage(error)), _, _) => Err(Failure::from(error)),
            (Some(poll::Ended::Token(why)), _, _) | (_, Some(task::Ended::Halted(why)), _) => Err(Failure {
                kind: FailureKind::Token,
                why: format!("Telegram does not accept the token ({why}); get a valid one from @BotFather"),
            }),
            (_, _, Err(error)) => Err(Failure::storage(format!("the journal did not close: {error}"))),
            _ => Ok(()),
        }
    }
}
