//! Packs and settings: read and held to the board's bound, at the start and again whenever they change.
//!
//! Promises: new packs are read and compiled aside, and put in force in one step, or not at all, and so are new settings:
//! whatever is wrong with them, the old ones stay, every mistake is logged, and the page shows the first. Everything
//! else in the rulebook stays as it is.
//!
//! Never: a half-good policy in force. What was refused is not tried again until it changes, or until SIGHUP.

mod room;
mod settings;

pub use room::{load_policy, pack_sources};
pub use settings::{Source, check_packs, rulebook};

use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::counters::Counters;
use crate::document::Mistakes;
use crate::lessons;
use crate::limits;
use crate::packs::watch::{Change, Listing, Watch};
use crate::shard::{InForce, Rulebook};
use room::Room;
use settings::{Kept, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::signal::unix::Signal;

/// How a reload ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// There is no folder: the packs that come with the program are in force.
    Shipped,
    /// The folder holds what is in force already.
    Unchanged,
    /// A new version is in force.
    Swapped(u64),
    /// Something is wrong with the folder; the old version stays in force.
    Refused(Mistakes),
}

/// How reading the settings again ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resettled {
    /// Nothing that may change while the appliance runs is different.
    Unchanged,
    /// New settings are in force.
    Swapped,
    /// Something is wrong with them; the old ones stay in force.
    Refused(Mistakes),
}

/// When the packs in force were read, and why the last attempt to read others failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    loaded_at: Wall,
    refused: Option<(Wall, String)>,
    settings_refused: Option<(Wall, String)>,
}

/// The standing as several tasks share it.
pub type SharedStanding = Arc<Mutex<Standing>>;

fn lock(standing: &SharedStanding) -> MutexGuard<'_, Standing> {
    // Nothing panics while holding it; a poisoned one still holds whole values.
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The policy in one sentence, for the page.
#[must_use]
pub fn in_words(book: &Rulebook, standing: &SharedStanding) -> String {
    let Standing { loaded_at, refused, settings_refused } = lock(standing).clone();
    let (version, rules) = (book.policy.version, book.policy.rules().len());
    let mut text = format!("version {version:016x}, {rules} rules, loaded at {}", loaded_at.utc());
    if let Some((at, why)) = refused {
        text.push_str(&format!("; last reload refused at {}: {why}", at.utc()));
    }
    if let Some((at, why)) = settings_refused {
        text.push_str(&format!("; changed settings refused at {}: {why}", at.utc()));
    }
    text
}

/// Reads the packs anew when they change or when told to.
#[derive(Debug)]
pub struct Reloader {
    dir: Option<PathBuf>,
    room: Room,
    watch: Watch,
    /// The folder of what was taught, and what was seen of it.
    lessons: PathBuf,
    lessons_watch: Watch,
    /// The settings, when they may change while the appliance runs.
    settings: Option<Kept>,
    in_force: InForce,
    standing: SharedStanding,
    counters: Arc<Counters>,
}

impl Reloader {
    /// For the packs in force, which were read at `now`. `listing` was taken just before that.
    #[must_use]
    pub fn new(
        config: &Config,
        listing: Option<Listing>,
        in_force: InForce,
        counters: Arc<Counters>,
        now: Wall,
    ) -> Self {
        let dir = config.policy_dir.clone();
        let lessons = lessons::folder(&config.data_dir);
        let listing = listing.or_else(|| dir.as_deref().map(Listing::of));
        Self {
            room: Room::of(config),
            watch: Watch::new(listing.unwrap_or_else(|| Listing::of(Path::new("")))),
            dir,
            lessons_watch: Watch::new(Listing::of(&lessons)),
            lessons,
            settings: None,
            in_force,
            standing: Arc::new(Mutex::new(Standing { loaded_at: now, ..Standing::default() })),
            counters,
        }
    }

    /// The same, which also reads settings anew when they change. `config` is what is in force, as read from `source`.
    #[must_use]
    pub fn with_settings(mut self, source: Source, config: Config) -> Self {
        self.settings = Some(Kept::new(source, config));
        self
    }

    /// Where the rules in force lie.
    #[must_use]
    pub fn in_force(&self) -> InForce {
        self.in_force.clone()
    }

    /// The standing, for the page.
    #[must_use]
    pub fn standing(&self) -> SharedStanding {
        Arc::clone(&self.standing)
    }

    /// Looks at the folder, and at the settings, once; reads what has stood still for two looks after a change. Tells
    /// what came of the packs.
    pub fn look(&mut self, now: Wall) -> Option<Reloaded> {
        if self.lessons_watch.look(Listing::of(&self.lessons)) == Change::Settled {
            self.learn();
        }
        // The packs first: settings may name a pack that came with them.
        let packs = self.look_at_packs(now);
        self.look_at_settings(now);
        packs
    }

    fn look_at_packs(&mut self, now: Wall) -> Option<Reloaded> {
        let seen = Listing::of(self.dir.as_deref()?);
        (self.watch.look(seen) == Change::Settled).then(|| self.read(now))
    }

    /// Looks at the file of settings once; reads it when a change has stood still for two looks.
    pub fn look_at_settings(&mut self, now: Wall) -> Option<Resettled> {
        let kept = self.settings.as_mut()?;
        let seen = kept.listing()?;
        (kept.watch.as_mut()?.look(seen) == Change::Settled).then(|| self.read_settings(now))?
    }

    /// Reads the settings now, changed or not; `None` when they are not to be read again.
    pub fn read_settings(&mut self, now: Wall) -> Option<Resettled> {
        let kept = self.settings.as_mut()?;
        if let (Some(seen), Some(watch)) = (kept.listing(), kept.watch.as_mut()) {
            watch.reading(seen);
        }
        let read = kept.read(&self.in_force.now().policy);
        if let Err(mistakes) = read {
            let first = mistakes.list().first().map(ToString::to_string).unwrap_or_default();
            lock(&self.standing).settings_refused = Some((now, first));
            self.counters.settings_reload_refusals.one();
            mistakes.list().iter().for_each(|mistake| tracing::error!("{mistake}"));
            tracing::error!("the changed settings are refused; the old ones stay in force");
            return Some(Resettled::Refused(mistakes));
        }
        lock(&self.standing).settings_refused = None;
        if let Ok(Read::Same) = read {
            tracing::info!("the settings say what is in force already");
            return Some(Resettled::Unchanged);
        }
        let config = kept.config();
        self.in_force.change(|book| settings::apply(config, book));
        self.counters.settings_reloads.one();
        tracing::info!(mode = config.mode.word(), tenants = config.tenants.len(), "new settings are in force");
        Some(Resettled::Swapped)
    }

    /// Reads the folder and the settings now, changed or not. Tells what came of the packs.
    pub fn reload(&mut self, now: Wall) -> Reloaded {
        self.lessons_watch.reading(Listing::of(&self.lessons));
        self.learn();
        if let Some(dir) = &self.dir {
            self.watch.reading(Listing::of(dir));
        }
        let packs = self.read(now);
        self.read_settings(now);
        packs
    }

    /// Reads what was taught. What is damaged is named and left out.
    fn learn(&self) {
        let (learned, wrong) = lessons::read(&self.lessons);
        wrong.iter().for_each(|what| tracing::warn!("{what}"));
        let old = self.in_force.now();
        if *old.learned != learned {
            tracing::info!(layers = learned.layers().len(), "what was learned is in force");
            self.in_force.change(|book| book.with_learned(learned));
        }
    }

    fn read(&mut self, now: Wall) -> Reloaded {
        let Some(dir) = &self.dir else {
            tracing::info!("there is no policy folder: the packs that come with the program are in force");
            return Reloaded::Shipped;
        };
        let compiled = self.room.read(dir).and_then(|found| self.room.compile(&found));
        let policy = match compiled {
            Ok(policy) => policy,
            Err(mistakes) => return self.refuse(mistakes, now),
        };
        let old = self.in_force.now();
        let (version, rules) = (policy.version, policy.rules().len());
        {
            let mut standing = lock(&self.standing);
            (standing.loaded_at, standing.refused) = (now, None);
        }
        if version == old.policy.version {
            tracing::info!(version = format!("{version:016x}"), "the policy folder holds what is in force already");
            return Reloaded::Unchanged;
        }
        if let Some(Err(missing)) = self.settings.as_ref().map(|kept| kept.packs_missing(&policy)) {
            missing.list().iter().for_each(|mistake| tracing::warn!("{mistake}"));
        }
        self.in_force.change(|book| book.with_policy(policy));
        self.counters.policy_reloads.one();
        tracing::info!(version = format!("{version:016x}"), rules, "new packs are in force");
        Reloaded::Swapped(version)
    }

    fn refuse(&self, mistakes: Mistakes, now: Wall) -> Reloaded {
        self.counters.policy_reload_refusals.one();
        // The page first: whoever reads the log finds it there.
        let first = mistakes.list().first().map(ToString::to_string).unwrap_or_default();
        lock(&self.standing).refused = Some((now, first));
        for mistake in mistakes.list() {
            tracing::error!("{mistake}");
        }
        let version = format!("{:016x}", self.in_force.now().policy.version);
        tracing::error!(version, "the changed packs are refused; the old ones stay in force");
        Reloaded::Refused(mistakes)
    }
}

/// The reloader as its own task and the desk share it: locked on threads that may wait, and nowhere else.
pub type SharedReloader = Arc<Mutex<Reloader>>;

/// Locks the reloader.
pub fn hold(reloader: &SharedReloader) -> MutexGuard<'_, Reloader> {
    // Each step changes it whole; after a panic it still holds what is in force.
    reloader.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks every now and then, and reads when `hang_up` comes, until aborted.
pub async fn run(reloader: SharedReloader, clock: Clock, mut hang_up: Option<Signal>) {
    let mut tick = tokio::time::interval(Duration::from_secs(limits::POLICY_LOOK_S));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            _ = tick.tick() => false,
            () = hung_up(&mut hang_up) => true,
        };
        let now = clock.now().wall;
        let reloader = Arc::clone(&reloader);
        let turn = move || {
            let mut reloader = hold(&reloader);
            if told {
                reloader.reload(now);
            } else {
                reloader.look(now);
            }
        };
        if tokio::task::spawn_blocking(turn).await.is_err() {
            tracing::error!("the packs are no longer watched; restart to read changed ones");
            return;
        }
    }
}

/// The signal SIGHUP, caught from now on: it must not end the program, whoever sends it.
#[must_use]
pub fn hang_ups() -> Option<Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::hangup()).inspect_err(|error| tracing::warn!(%error, "SIGHUP cannot be caught")).ok()
}

async fn hung_up(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
