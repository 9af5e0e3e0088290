//! Settings: where the process has them from, and reading them again while it runs.
//!
//! Promises: changed settings are checked as a whole and put in force whole, or not at all: whatever is wrong with them,
//! the old ones stay. What cannot change without a restart keeps its value, and is named.
//!
//! Never: a file read past the bound of settings, or a variable that is shown.

use crate::config::{Config, Surroundings};
use crate::document::Mistakes;
use crate::limits;
use crate::packs::watch::{Listing, Watch};
use crate::policy::PolicySet;
use crate::shard::Rulebook;
use std::cell::RefCell;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Where the system keeps the rules of time zones.
const ZONES: &str = "/usr/share/zoneinfo";

/// Where settings come from: a file, if one is named, and the environment as it was at the start.
#[derive(Clone)]
pub struct Source {
    file: Option<PathBuf>,
    /// The file as it was before it was first read.
    seen: Option<Listing>,
    environment: Vec<(String, String)>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The environment has secrets.
        f.debug_struct("Source").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Source {
    /// This file, and these variables.
    #[must_use]
    pub fn new(file: Option<&Path>, environment: Vec<(String, String)>) -> Self {
        Self { file: file.map(Path::to_owned), seen: file.map(Listing::of_file), environment }
    }

    /// This file, and the variables of this process.
    #[must_use]
    pub fn of_process(file: Option<&Path>) -> Self {
        // Variables of others stay theirs: no copy of them is kept, but for where systemd has put our credentials.
        let is_ours = |name: &str| name.starts_with("AEGIS_") || name == "CREDENTIALS_DIRECTORY";
        let ours = std::env::vars_os().filter(|(name, _)| is_ours(&name.to_string_lossy()));
        let in_text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        };
        Self::new(file, ours.map(in_text).collect())
    }

    /// Reads the settings as they are now.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn load(&self) -> Result<Config, Mistakes> {
        self.load_noting().map(|(config, _)| config)
    }

    /// The same, with the files that were read for it: the settings themselves, and those they name.
    ///
    /// # Errors
    /// As [`Source::load`].
    pub fn load_noting(&self) -> Result<(Config, Vec<PathBuf>), Mistakes> {
        let files = RefCell::new(Vec::new());
        let read = |path: &Path| {
            files.borrow_mut().push(path.to_owned());
            read_text(path)
        };
        let surroundings = Surroundings { environment: &self.environment, read: &read, zone: &read_zone };
        let config = Config::load(self.file.as_deref(), &surroundings)?;
        Ok((config, files.into_inner()))
    }

    /// What their author calls them.
    #[must_use]
    pub fn name(&self) -> String {
        self.file.as_ref().map_or_else(|| "settings".to_owned(), |file| file.display().to_string())
    }

    fn listing(&self) -> Option<Listing> {
        self.file.as_deref().map(Listing::of_file)
    }
}

/// One byte more than may be there, so that what is too long is seen as such.
fn read_text(path: &Path) -> std::io::Result<String> {
    let bound = u64::try_from(limits::SETTINGS_FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(bound).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn read_zone(name: &str) -> std::io::Result<Vec<u8>> {
    let mut rules = Vec::new();
    let bound = u64::try_from(limits::ZONE_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    std::fs::File::open(Path::new(ZONES).join(name))?.take(bound).read_to_end(&mut rules)?;
    Ok(rules)
}

/// Adds what tenants name as packs and the policy does not have.
///
/// # Errors
/// Each such name with its line, and the name that was meant where one is near.
pub fn check_packs(config: &Config, file: &str, policy: &PolicySet) -> Result<(), Mistakes> {
    // Own words come and go on the page, and packs at the hub: no setting may lean on them.
    let comes = |id: &str| policy.hub_packs().iter().any(|hub| hub.name == id && hub.judges() && !hub.stands_in);
    let lasting = policy.packs().iter().filter(|pack| pack.own.is_none() && !comes(&pack.id));
    let known: Vec<&str> = lasting.map(|pack| pack.id.as_str()).collect();
    let mistakes = config.unknown_packs(file, &known);
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

/// The rulebook that settings ask for, over these packs.
#[must_use]
pub fn rulebook(config: &Config, policy: PolicySet) -> Rulebook {
    let empty = Rulebook::new(policy, crate::tenant::Tenants::default());
    apply(config, &empty)
}

/// The same rulebook with what settings say.
pub(super) fn apply(config: &Config, book: &Rulebook) -> Rulebook {
    book.with_settings(config.tenants(), config.chats.clone(), config.ai.clone())
        .with_flags(config.flags)
        .with_hooks(&config.webhooks)
}

/// The settings in force, and where to look for others.
#[derive(Debug)]
pub(super) struct Kept {
    source: Source,
    config: Config,
    pub(super) watch: Option<Watch>,
}

/// What came of reading the settings again.
pub(super) enum Read {
    /// They say what is in force.
    Same,
    /// They say something else that may change now.
    Other,
}

impl Kept {
    pub(super) fn new(source: Source, config: Config) -> Self {
        let watch = source.seen.map(Watch::new);
        Self { source, config, watch }
    }

    pub(super) fn listing(&self) -> Option<Listing> {
        self.source.listing()
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// What tenants name as packs and these packs do not have.
    pub(super) fn packs_missing(&self, policy: &PolicySet) -> Result<(), Mistakes> {
        check_packs(&self.config, &self.source.name(), policy)
    }

    /// Reads the settings, checks them whole, and keeps them. Names what needs a restart.
    ///
    /// # Errors
    /// Every mistake. The settings before are kept.
    pub(super) fn read(&mut self, policy: &PolicySet) -> Result<Read, Mistakes> {
        let read = self.source.load()?;
        check_packs(&read, &self.source.name(), policy)?;
        let old = &self.config;
        // Of the room for telemetry `otel` says it; of that for a hub, `cloud`; and the room for packs follows from that and the board.
        let mut board = read.board.clone();
        board.capacity.otel_bytes = old.board.capacity.otel_bytes;
        board.capacity.cloud_bytes = old.board.capacity.cloud_bytes;
        board.capacity.keyword_bytes = old.board.capacity.keyword_bytes;
        let fixed = [
            ("telegram", read.telegram != old.telegram),
            ("data_dir", read.data_dir != old.data_dir),
            ("policy_dir", read.policy_dir != old.policy_dir),
            ("web", read.web != old.web),
            ("shards", read.shards != old.shards),
            ("sandbox", read.sandbox != old.sandbox),
            ("otel", read.otel != old.otel),
            ("cloud", read.cloud != old.cloud),
            ("log", read.log != old.log),
            ("board, journal or history", board != old.board),
            ("standby_silence_s", read.standby.silence_s != old.standby.silence_s),
        ];
        let changed: Vec<&str> = fixed.iter().filter(|(_, is_other)| *is_other).map(|(key, _)| *key).collect();
        if !changed.is_empty() {
            tracing::warn!("changed in the settings, and in force after a restart only: {}", changed.join(", "));
        }
        let next = Config {
            telegram: old.telegram.clone(),
            data_dir: old.data_dir.clone(),
            policy_dir: old.policy_dir.clone(),
            web: old.web.clone(),
            shards: old.shards,
            sandbox: old.sandbox,
            credentials: old.credentials.clone(),
            otel: old.otel.clone(),
            cloud: old.cloud.clone(),
            log: old.log.clone(),
            board: old.board.clone(),
            // How this life began is past.
            standby: old.standby,
            ..read
        };
        if next == *old {
            return Ok(Read::Same);
        }
        self.config = next;
        Ok(Read::Other)
    }
}
