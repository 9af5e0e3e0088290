//! Packs and settings: read and held to the board's bound, at the start and again whenever they change.
//!
//! Promises: new packs are read and compiled aside, and put in force in one step, or not at all, and so are new settings:
//! whatever is wrong with them, the old ones stay, every mistake is logged, and the page shows the first. Everything
//! else in the rulebook stays as it is. What was changed on the page stays over both, and what changes there goes the same
//! way: compiled aside ([`Reloader::candidate`]), then in force in one step.
//!
//! Never: a half-good policy in force. What was refused is not tried again until it changes, or until SIGHUP.

pub mod compare;
mod of_hub;
mod room;
mod settings;

pub use of_hub::{NotTaken, believed};
pub use room::{load_policy, pack_sources};
pub use settings::{Source, check_packs, rulebook};

use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::counters::Counters;
use crate::document::Mistakes;
use crate::lessons;
use crate::limits;
use crate::overlay::Overlay;
use crate::packs::watch::{Change, Listing, Watch};
use crate::policy::{self, PackSource, PolicySet};
use crate::shard::{InForce, Rulebook};
use room::Room;
use settings::{Kept, Read};
use std::collections::BTreeMap;
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
    /// Why own words do not judge, though they are kept.
    own_refused: Option<(Wall, String)>,
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
    let loaded_at = lock(standing).loaded_at;
    let (version, rules) = (book.policy.version, book.policy.rules().len());
    let mut text = format!("version {version:016x}, {rules} rules, loaded at {}", loaded_at.utc());
    if let Some(refused) = refused_in_words(standing) {
        text.push_str(&format!("; {refused}"));
    }
    text
}

/// What was refused last and is not in force therefore; `None` when all is.
#[must_use]
pub fn refused_in_words(standing: &SharedStanding) -> Option<String> {
    let Standing { refused, settings_refused, own_refused, .. } = lock(standing).clone();
    let told = |what: &str, refused: Option<(Wall, String)>| {
        refused.map(|(at, why)| format!("{what} refused at {}: {why}", at.utc()))
    };
    let all = [
        told("last reload", refused),
        told("changed settings", settings_refused),
        told("words and links of tenants' own", own_refused),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What is to be in force instead of what was changed on the page before: compiled aside, and whole.
#[derive(Clone, Debug)]
pub struct Candidate {
    overlay: Arc<Overlay>,
    /// The packs, where others are compiled for it.
    policy: Option<Arc<PolicySet>>,
}

impl Candidate {
    /// A rulebook with it.
    #[must_use]
    pub fn on(&self, book: &Rulebook) -> Rulebook {
        match &self.policy {
            Some(policy) => book.with_policy(Arc::clone(policy)).with_overlay(Arc::clone(&self.overlay)),
            None => book.with_overlay(Arc::clone(&self.overlay)),
        }
    }
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

    /// The same, with what was changed on the page in an earlier life, before anything is judged. Own words that do not
    /// compile with the packs as they are now are kept and do not judge: that is logged, and shown.
    #[must_use]
    pub fn with_overlay(self, overlay: Overlay, now: Wall) -> Self {
        let own = self.candidate(overlay.clone());
        let candidate = own.unwrap_or_else(|mistakes| {
            self.refuse_own(&mistakes, now);
            let without = Overlay { own: BTreeMap::new(), ..overlay.clone() };
            let packs = self.candidate(without).ok().and_then(|candidate| candidate.policy);
            Candidate { overlay: Arc::new(overlay), policy: packs }
        });
        self.in_force.change(|book| candidate.on(book));
        self
    }

    fn refuse_own(&self, mistakes: &Mistakes, now: Wall) {
        let first = mistakes.list().first().map(ToString::to_string).unwrap_or_default();
        lock(&self.standing).own_refused = Some((now, first));
        mistakes.list().iter().for_each(|mistake| tracing::error!("{mistake}"));
        tracing::error!("words and links that tenants added on the page do not judge until that is mended");
    }

    /// What would be in force with this changed on the page: compiled aside where own words, rules that only record or lists that are off are
    /// others than now.
    ///
    /// # Errors
    /// Every mistake in the packs with it, or that they do not fit.
    pub fn candidate(&self, overlay: Overlay) -> Result<Candidate, Mistakes> {
        self.candidate_with(overlay, None)
    }

    /// The same with one pack more, in place of the one of its id. That is for looking at: no file of it is anywhere.
    ///
    /// # Errors
    /// As [`Reloader::candidate`].
    pub fn candidate_with(&self, overlay: Overlay, pack: Option<PackSource>) -> Result<Candidate, Mistakes> {
        let now = self.in_force.now();
        let is_whole = lock(&self.standing).own_refused.is_none();
        let policy = if is_whole && pack.is_none() && overlay.compiles_as(&now.overlay) {
            None
        } else {
            let mut sources = self.sources()?;
            if let Some(pack) = pack {
                let id = pack.id();
                sources.retain(|known| id.is_none() || known.id() != id);
                sources.push(pack);
            }
            let before = now.policy.hub_packs();
            Some(Arc::new(self.room.compile(sources, None, before, &overlay, now.tenants_of_settings())?))
        };
        Ok(Candidate { overlay: Arc::new(overlay), policy })
    }

    /// Puts a candidate in force, in one step. It is of this reloader, which did nothing else since.
    pub fn put_in_force(&self, candidate: &Candidate) {
        if candidate.policy.is_some() {
            lock(&self.standing).own_refused = None;
        }
        self.in_force.change(|book| candidate.on(book));
        let version = format!("{:016x}", self.in_force.now().policy.version);
        tracing::info!(version, "what was changed on the page is in force");
    }

    /// The packs as they are in the folder now, or those that come with the program.
    fn sources(&self) -> Result<Vec<PackSource>, Mistakes> {
        self.dir.as_ref().map_or_else(|| Ok(policy::shipped()), |dir| self.room.read(dir))
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
        self.take_up_lessons();
        if let Some(dir) = &self.dir {
            self.watch.reading(Listing::of(dir));
        }
        let packs = self.read(now);
        self.read_settings(now);
        packs
    }

    /// Reads what was taught, now.
    pub fn take_up_lessons(&mut self) {
        self.lessons_watch.reading(Listing::of(&self.lessons));
        self.learn();
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
        let now_in_force = self.in_force.now();
        let (overlay, tenants) = (&now_in_force.overlay, now_in_force.tenants_of_settings());
        let before = now_in_force.policy.hub_packs();
        let compiled = self.room.read(dir).and_then(|found| self.room.compile(found, None, before, overlay, tenants));
        let policy = match compiled {
            Ok(policy) => policy,
            Err(mistakes) => return self.refuse(mistakes, now),
        };
        let old = self.in_force.now();
        let (version, rules) = (policy.version, policy.rules().len());
        {
            let mut standing = lock(&self.standing);
            (standing.loaded_at, standing.refused, standing.own_refused) = (now, None, None);
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

/// Catches SIGHUP from now on, before there is anything that hears it: it must not end a program that is still starting.
pub fn catch_hang_ups() {
    // Whoever needs the fence around all threads has none yet, and this one starts none.
    if let Ok(early) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
        let _entered = early.enter();
        drop(hang_ups());
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
