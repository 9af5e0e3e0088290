//! The one place that wires the parts together, owns their threads and tasks, and closes them in order.
//!
//! Promises: polling starts only when everything that a promise needs is open. Closing stops polling, finishes the
//! batch in hand, gives calls under way a bounded time, commits once more, and takes at most five seconds. Whatever
//! ends the appliance early has an exit code that says what it was.

mod failure;
mod first;
mod flow;
mod jobs;
pub mod trial;
mod vigil;

pub use failure::{Failure, FailureKind};
use first::idle_ms;
pub use first::{check_first, prepare_data_dir};

pub use crate::reload::{
    Reloaded, Reloader, Resettled, Source, catch_hang_ups, check_packs, load_policy, pack_sources, rulebook,
};

use crate::chats::ChatBook;
use crate::clock::{Clock, Monotonic, Now};
use crate::config::Config;
use crate::control::{self, Door};
use crate::counters::Counters;
use crate::desk::system::Rounds;
use crate::desk::{Office, Teacher, setup};
use crate::dispatch::task;
use crate::fence::Fence;
use crate::herald::{Herald, Receivers};
use crate::ingest::poll;
use crate::journal::history::{self, Keeper, Notes};
use crate::journal::{self, CommitPace, Writer};
use crate::lessons;
use crate::limits;
use crate::packs::watch::Listing;
use crate::policy::PolicySet;
use crate::reload::{self, SharedReloader};
use crate::review::{self, Lane, Row, SharedLane};
use crate::secret::Secret;
use crate::settle::SharedSettler;
use crate::shard::InForce;
use crate::store::history::KeptOpinion;
use crate::store::io::IoCount;
use crate::store::{self, JOURNAL_FILE, Keep, Snapshots, Store, StoreError, Tick};
use crate::sync::{SharedSeen, Signing};
use crate::systemd::Notify;
use crate::telegram::Telegram;
use crate::web;
use crate::web::site::Site;
use flow::{Flow, Ready, reach_out};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

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

/// The appliance at work.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    gone: oneshot::Receiver<()>,
    stage: Stage,
    helpers: Vec<JoinHandle<()>>,
    writer: Writer,
    keeper: Option<Keeper>,
    page: Option<web::Web>,
    /// The data folder, when its token is the one in use.
    token_of_page: Option<PathBuf>,
    /// Whom to tell that it closes.
    manager: Notify,
}

/// How far it is.
#[derive(Debug)]
enum Stage {
    /// The first run: everything is ready, and somebody is to bring the token.
    Waits(Box<(Ready, Arc<Office>)>, oneshot::Receiver<Telegram>),
    /// There is a token, and the clock is not set yet: what would be decided now would be dated wrongly.
    HasNoTime(Box<(Ready, Arc<Office>, Telegram)>),
    /// It moderates.
    Moderates(Flow),
}

impl Stage {
    /// Moderates, if the clock is set.
    fn of(ready: Ready, telegram: Telegram, office: Arc<Office>) -> Result<Self, Failure> {
        if vigil::has_time(&office, Monotonic(0)) {
            return Ok(Self::Moderates(ready.begin(telegram, office)?));
        }
        tracing::warn!("the clock is not set: moderating begins when it is");
        Ok(Self::HasNoTime(Box::new((ready, office, telegram))))
    }
}

/// What is said when a key leaves this machine unprotected.
pub const KEY_IN_CLEAR: &str = "the model's address begins with http://, so its key can be read on the way; write https:// \
                                if the server can, or leave the key out";

/// What the appliance knows of the process that it is.
#[derive(Clone, Debug)]
pub struct Process {
    /// How many bytes of heap are in use.
    pub heap: fn() -> u64,
    /// The fence around it; `None` where another program's process is borrowed, as a test's is.
    pub fence: Option<Fence>,
    /// Whom to tell how it stands.
    pub manager: Notify,
}

impl Process {
    /// A process of which nothing else is known, and of which nobody wants to hear.
    #[must_use]
    pub fn borrowed(heap: fn() -> u64) -> Self {
        Self { heap, fence: None, manager: Notify::default() }
    }
}

/// Opens everything and starts to moderate, on the current runtime, in a process of others.
///
/// # Errors
/// As [`start_as`].
pub fn start(
    config: Config,
    source: Option<Source>,
    clock: Clock,
    counters: Arc<Counters>,
    heap: fn() -> u64,
) -> Result<Running, Failure> {
    start_as(Process::borrowed(heap), config, source, clock, counters)
}

/// Opens everything and starts to moderate, on the current runtime.
///
/// # Errors
/// When the settings do not fit, the token is missing, or storage cannot be opened. Nothing is left running.
///
/// With a `source` the settings are read from it again when they change.
pub fn start_as(
    process: Process,
    config: Config,
    source: Option<Source>,
    clock: Clock,
    counters: Arc<Counters>,
) -> Result<Running, Failure> {
    check_first(&config)?;
    let promise = limits::memory_bytes_max(&config.board.capacity);
    let of_page = config.telegram.token.is_none().then(|| setup::kept_token(&config.data_dir)).flatten();
    let token_of_page = of_page.is_some().then(|| config.data_dir.clone());
    let token = config.telegram.token.clone().or(of_page);
    if config.ai.shows_its_key() {
        tracing::warn!("{KEY_IN_CLEAR}");
    }
    let listing = config.policy_dir.as_deref().map(Listing::of);
    let (policy, telegram) = read_packs_and_reach_out(&config, token.as_ref().map(Secret::expose))?;
    check_packs(&config, &source.as_ref().map_or_else(|| "settings".to_owned(), Source::name), &policy)?;
    prepare_data_dir(&config.data_dir)?;
    let io = Arc::new(IoCount::default());
    let cache = usize::try_from(config.board.capacity.store_cache_bytes).unwrap_or(limits::STORE_CACHE_BYTES_MIN);
    let idle_ms = idle_ms(&config.data_dir.join(JOURNAL_FILE), clock.now().wall);
    let (mut store, found) = Store::open(&config.data_dir, cache, keep(&config), &io, clock.now().wall)?;
    store.begin_counting(clock.now().wall)?;
    let set_aside = jobs::damage(found);
    if store.replayed() > 0 {
        tracing::info!(commits = store.replayed(), "what the log held when this ended last is in the database");
    }
    counters.memory_bytes_max.set(promise);
    counters.outbox_rows_max.set(config.board.capacity.outbox_rows);
    let snapshots = store.snapshots();
    restore(&counters, &snapshots)?;
    let (lane, settled) = slow_lane(&config, &snapshots, &counters, clock.now())?;
    let (learned, wrong) = lessons::read(&lessons::folder(&config.data_dir));
    wrong.iter().for_each(|what| tracing::warn!("{what}"));
    let rulebook = Arc::new(rulebook(&config, policy).with_learned(learned));
    let now = clock.now().wall;
    let mut changed = snapshots.policy()?.map(|(_, version)| version.overlay).unwrap_or_default();
    for (chat, record) in snapshots.chats()? {
        // A version keeps the ids of its time.
        changed = record.moved_to.and_then(|to| changed.moved(chat, to)).unwrap_or(changed);
    }
    let mut reloader =
        Reloader::new(&config, listing, InForce::new(rulebook), Arc::clone(&counters), now).with_overlay(changed, now);
    if let Some(source) = source {
        reloader = reloader.with_settings(source, config.clone());
    }
    let in_force = reloader.in_force();
    let herald = Arc::new(Herald::new(in_force.clone(), Arc::clone(&counters)));
    let (gone_sender, gone) = oneshot::channel();
    let store = store.with_teller(herald.clone());
    let pace = pace(&config);
    let (journal, writer) =
        journal::start(store, pace, clock.clone(), Arc::clone(&io), Arc::clone(&counters), gone_sender)
            .map_err(|error| Failure::storage(format!("the journal's thread cannot be started: {error}")))?;
    let telling = jobs::Telling::new(&herald, set_aside);
    let (notes, keeper) = history(&config, &lane, &counters, io);
    let (stop, stopped) = watch::channel(false);
    let (words, heard) = mpsc::channel(limits::DISPATCH_WORDS_MAX);
    let (begin, begun) = oneshot::channel();
    let bot = if telegram.is_some() { setup::Bot::at_work() } else { setup::Bot::awaited(begin) };
    let settler = SharedSettler::new(snapshots.clone(), Arc::clone(&counters));
    let ready = Ready {
        book: Arc::new(std::sync::Mutex::new(ChatBook::new(snapshots.chats()?).with_titles(snapshots.titles()?))),
        config,
        clock,
        counters,
        snapshots,
        journal,
        lane,
        settler,
        settled,
        in_force,
        notes,
        words,
        heard,
        trouble: poll::Trouble::default(),
        bot,
        idle_ms,
        stopped,
    };
    let manager = process.manager.clone();
    let doors = Doors { telegram, begun, reloader: Arc::new(std::sync::Mutex::new(reloader)), process, telling };
    open_doors(ready, doors, |stage, helpers, page| Running {
        stop,
        gone,
        stage,
        helpers,
        writer,
        keeper,
        page,
        token_of_page,
        manager,
    })
}

/// How often the journal may commit on this board.
const fn pace(config: &Config) -> CommitPace {
    CommitPace {
        burst: config.board.commit_burst,
        per_second: config.board.commits_per_second,
        settled_ms: config.board.storage.settled_ms(),
    }
}

/// What the doors are opened with.
struct Doors {
    telegram: Option<Telegram>,
    begun: oneshot::Receiver<Telegram>,
    reloader: SharedReloader,
    process: Process,
    telling: jobs::Telling,
}

/// Opens the page and the terminal's door, and begins to moderate where there is a token.
fn open_doors(
    ready: Ready,
    doors: Doors,
    running: impl FnOnce(Stage, Vec<JoinHandle<()>>, Option<web::Web>) -> Running,
) -> Result<Running, Failure> {
    let Doors { telegram, begun, reloader, process, telling } = doors;
    let rounds = process.fence.clone().map_or_else(Rounds::default, Rounds::behind);
    let (teller, receivers) = telling.sender(&ready);
    let (seen, signing) = (SharedSeen::default(), Signing::default());
    let office = Arc::new(office(&ready, &reloader, rounds, receivers, &seen));
    let site = Arc::new(Site::new(office.clone()).map_err(|refused| Failure::storage(refused.to_string()))?);
    // The page first: if its address is taken, nothing has been started that would have to be stopped, and none of our
    // own connections can have taken its port.
    let page = match ready.config.web.listen {
        None => None,
        Some(listen) => {
            let dir = &ready.config.data_dir;
            let certificate = match &ready.config.web.certificate {
                Some((cert, key)) => web::front::tls::Certificate::Files { cert: cert.clone(), key: key.clone() },
                None => web::front::tls::Certificate::Own { dir: dir.clone() },
            };
            let settings = web::Settings {
                listen,
                hosts: ready.config.web.hosts.clone(),
                socket_dir: dir.clone(),
                tls: ready.config.web.is_encrypted().then_some(certificate),
            };
            let page = web::start(settings, Arc::clone(&site)).map_err(|error| Failure::usage(error.to_string()))?;
            if site.people().first_code().is_some() {
                tracing::warn!("the page waits for its owner, who opens {}", page.welcome());
            }
            Some(page)
        }
    };
    let mut helpers = Vec::new();
    match control::open(&ready.config.data_dir) {
        Ok(listener) => {
            let door = Door {
                snapshots: ready.snapshots.clone(),
                journal: ready.journal.clone(),
                dispatch: ready.words.clone(),
                clock: ready.clock.clone(),
                notes: ready.notes.clone(),
                lane: ready.lane.clone(),
                in_force: ready.in_force.clone(),
                config: ready.config.clone(),
                sync: Arc::clone(&seen),
                signing: Arc::clone(&signing),
                site,
                copy: ready.config.data_dir.join(crate::jobs::update::COPY),
            };
            helpers.push(tokio::spawn(door.serve(listener)));
        }
        Err(error) => tracing::warn!(%error, "the terminal cannot speak to this appliance while it runs"),
    }
    helpers.push(tokio::spawn(reload::run(reloader, ready.clock.clone(), reload::hang_ups())));
    helpers.push(tokio::spawn(jobs::gauges(Arc::clone(&ready.counters), ready.snapshots.clone(), process.heap)));
    helpers.push(tokio::spawn(teller));
    helpers.extend(jobs::hub(&ready, seen, signing, Arc::clone(&office)));
    helpers.push(tokio::spawn(jobs::rounds(Arc::clone(&office))));
    helpers.push(tokio::spawn(jobs::backups(Arc::clone(&office))));
    helpers.push(tokio::spawn(jobs::upkeep(jobs::Upkeep {
        journal: ready.journal.clone(),
        snapshots: ready.snapshots.clone(),
        in_force: ready.in_force.clone(),
        clock: ready.clock.clone(),
        notes: ready.notes.clone(),
        counters: Arc::clone(&ready.counters),
    })));
    if process.manager.listens() {
        helpers.push(tokio::spawn(vigil::keep(process.manager, Arc::clone(&office))));
    }
    let stage = match telegram {
        Some(telegram) => Stage::of(ready, telegram, office)?,
        None => {
            tracing::warn!("there is no bot token yet: the page asks for it, and Aegis begins when it is given");
            Stage::Waits(Box::new((ready, office)), begun)
        }
    };
    Ok(running(stage, helpers, page))
}

/// The desk over all of it.
fn office(ready: &Ready, reloader: &SharedReloader, rounds: Rounds, receivers: Receivers, sync: &SharedSeen) -> Office {
    let poll_ms = ready.config.telegram.poll_timeout_s.saturating_mul(1_000);
    Office {
        config: ready.config.clone(),
        counters: Arc::clone(&ready.counters),
        clock: ready.clock.clone(),
        snapshots: ready.snapshots.clone(),
        journal: ready.journal.clone(),
        dispatch: ready.words.clone(),
        book: Arc::clone(&ready.book),
        lane: ready.lane.clone(),
        in_force: ready.in_force.clone(),
        notes: ready.notes.clone(),
        runtime: tokio::runtime::Handle::current(),
        standing: reload::hold(reloader).standing(),
        reloader: Arc::clone(reloader),
        previewing: Arc::default(),
        teacher: Teacher::default(),
        bot: ready.bot.clone(),
        trouble: Arc::clone(&ready.trouble),
        poll_stale_ms: poll_ms.saturating_add(limits::POLL_STALE_MS),
        settler: ready.settler.clone(),
        rounds,
        orders: std::sync::Mutex::new(()),
        backups: Default::default(),
        receivers,
        calls: Default::default(),
        sync: Arc::clone(sync),
    }
}

/// Compiles the packs beside setting up the clients: both take a while, and neither writes anything.
fn read_packs_and_reach_out(config: &Config, token: Option<&str>) -> Result<(PolicySet, Option<Telegram>), Failure> {
    std::thread::scope(|scope| {
        let policy = scope.spawn(|| load_policy(config).map_err(Failure::from));
        let telegram = token.map(|token| reach_out(config, token)).transpose();
        let policy = policy.join().unwrap_or_else(|_| Err(Failure::usage("the packs could not be compiled")))?;
        Ok((policy, telegram?))
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
    let settled = review::abandon(&mut ledger, &config.tenants(), now.wall);
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

/// Begins to keep the last messages, if that is wanted; else what was kept before is removed.
fn history(
    config: &Config,
    lane: &SharedLane,
    counters: &Arc<Counters>,
    io: Arc<IoCount>,
) -> (Option<Notes>, Option<Keeper>) {
    let dir = &config.data_dir;
    let messages = config.board.capacity.history_messages;
    if messages == 0 {
        if let Err(error) = store::history::remove(dir) {
            tracing::error!(%error, "stored messages are unwanted and cannot be removed");
        }
        return (None, None);
    }
    let lane = lane.clone();
    let remember = move |opinions: Vec<KeptOpinion>| {
        let mut lane = lane.lock();
        for (key, opinion, dated_s) in opinions {
            lane.remember(key, opinion, dated_s);
        }
        lane.publish();
    };
    match history::start(dir.clone(), messages, Arc::clone(counters), io, Box::new(remember)) {
        Ok((notes, keeper)) => (Some(notes), Some(keeper)),
        Err(error) => {
            tracing::warn!(%error, "no messages are stored: their thread cannot be started");
            (None, None)
        }
    }
}

/// Why moderating ended.
#[derive(Debug, Default)]
struct Ends {
    poller: Option<poll::Ended>,
    dispatcher: Option<task::Ended>,
    reviewer: Option<review::task::Ended>,
}

impl Flow {
    /// Waits until one of its tasks ends.
    async fn ended(&mut self, ends: &mut Ends) {
        tokio::select! {
            ended = &mut self.poller => ends.poller = ended.ok(),
            ended = &mut self.dispatcher => ends.dispatcher = ended.ok(),
            ended = &mut self.reviewer => ends.reviewer = ended.ok(),
        }
    }

    /// Waits for those that are still at it; they were told to stop.
    async fn close(mut self, ends: &mut Ends) {
        if ends.poller.is_none() && !self.poller.is_finished() {
            ends.poller = (&mut self.poller).await.ok();
        }
        if ends.dispatcher.is_none() && !self.dispatcher.is_finished() {
            ends.dispatcher = (&mut self.dispatcher).await.ok();
        }
        if ends.reviewer.is_none() && !self.reviewer.is_finished() {
            ends.reviewer = (&mut self.reviewer).await.ok();
        }
        // Its inbox is closed with the poller; it holds the journal until it has ended.
        let clerk = self.clerk;
        let _ended = tokio::task::spawn_blocking(move || clerk.join()).await;
        self.exporter.close().await;
    }
}

impl Running {
    /// Where the page is.
    #[must_use]
    pub fn page(&self) -> Option<SocketAddr> {
        self.page.as_ref().map(web::Web::local_addr)
    }

    /// What an owner opens first, when there is a page: its address, with the first run's code while nobody may log in.
    #[must_use]
    pub fn welcome(&self) -> Option<String> {
        self.page.as_ref().map(web::Web::welcome)
    }

    /// Works until `told` is ready or something ends it, then closes everything in order.
    ///
    /// # Errors
    /// What ended it, when it was not told to.
    pub async fn until(mut self, told: impl Future<Output = ()>) -> Result<(), Failure> {
        let mut ends = Ends::default();
        let mut told = std::pin::pin!(told);
        let flow = loop {
            self.stage = match self.stage {
                Stage::Waits(waits, mut begun) => tokio::select! {
                    () = &mut told => break None,
                    _ = &mut self.gone => break None,
                    telegram = &mut begun => match telegram {
                        Ok(telegram) => {
                            let (ready, office) = *waits;
                            self.token_of_page = Some(ready.config.data_dir.clone());
                            Stage::of(ready, telegram, office)?
                        }
                        Err(_) => break None,
                    },
                },
                Stage::HasNoTime(waits) => {
                    tokio::select! {
                        () = &mut told => break None,
                        _ = &mut self.gone => break None,
                        () = vigil::time(&waits.1) => {}
                    }
                    tracing::info!("the clock is set: moderating begins");
                    let (ready, office, telegram) = *waits;
                    Stage::Moderates(ready.begin(telegram, office)?)
                }
                Stage::Moderates(mut flow) => {
                    tokio::select! {
                        () = &mut told => {}
                        _ = &mut self.gone => {}
                        () = flow.ended(&mut ends) => {}
                    }
                    break Some(flow);
                }
            };
        };
        self.stop.send_replace(true);
        // A manager that does not listen any more needs no word.
        let _unheard = self.manager.tell(&["STOPPING=1", "STATUS=closing in order"]);
        if let Some(flow) = flow {
            flow.close(&mut ends).await;
        }
        for helper in &self.helpers {
            helper.abort();
        }
        for helper in self.helpers {
            // Aborted: what it held of the journal is dropped when this returns.
            let _aborted = helper.await;
        }
        let (writer, keeper, page) = (self.writer, self.keeper, self.page);
        let closed = tokio::task::spawn_blocking(move || {
            // Whoever asks the page at this moment is answered first: its threads hold the journal.
            drop(page);
            let ended = writer.join();
            if let Some(keeper) = keeper {
                keeper.close();
            }
            ended
        })
        .await;
        ends.told(closed, self.token_of_page.as_deref())
    }
}

impl Ends {
    /// What to say of it.
    fn told(
        self,
        closed: Result<Result<(), StoreError>, tokio::task::JoinError>,
        token_of_page: Option<&Path>,
    ) -> Result<(), Failure> {
        if let Some(review::task::Ended::Storage(error)) = self.reviewer {
            return Err(Failure::from(error));
        }
        match (self.poller, self.dispatcher, closed) {
            (_, _, Ok(Err(error))) => Err(Failure::from(error)),
            (Some(poll::Ended::Storage(error)), _, _) => Err(Failure::from(error)),
            (Some(poll::Ended::Token(why)), _, _) | (_, Some(task::Ended::Halted(why)), _) => {
                if let Some(dir) = token_of_page {
                    setup::refuse_kept_token(dir);
                }
                Err(Failure {
                    kind: FailureKind::Token,
                    why: format!("Telegram does not accept the token ({why}); get a valid one from @BotFather"),
                })
            }
            (_, _, Err(error)) => Err(Failure::storage(format!("the journal did not close: {error}"))),
            _ => Ok(()),
        }
    }
}
