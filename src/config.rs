//! Settings: from the form as typed to the form as meant, once.
//!
//! Promises: one refusal lists every mistake of the file and of the environment, each with its line or its variable;
//! an unknown key is a mistake; the environment is stronger than the file, the file than the board's profile, the
//! profile than the defaults. No secret is ever shown.
//!
//! Never: a file or a variable read by itself. The caller brings both, so that tests can.

mod ai;
mod board;
mod cloud;
mod flags;
mod layers;
mod manners;
mod otel;
mod retention;
mod tenants;
#[cfg(test)]
mod tests;
mod web;
mod webhooks;

pub use ai::{Ai, Budget, Degrade};
pub use board::{Board, Storage};
pub use cloud::{Cloud, Truth, check_url};
pub use otel::Otel;
pub use tenants::TenantSettings;
pub use web::Web;
pub use webhooks::{Receiver, Webhooks};

use crate::decide::ChatRules;
use crate::document::Mistakes;
use crate::flags::Layers;
use crate::manners::MannersLayer;
use crate::message::ChatId;
use crate::secret::Secret;
use crate::tenant::{Retention, TenantName, Zone};
use crate::verdict::{Mode, ReviewFallback, Thresholds};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How Telegram is reached.
    pub telegram: Telegram,
    /// Where the durable file lives.
    pub data_dir: PathBuf,
    /// Where the packs live; `None` for those that come with the program.
    pub policy_dir: Option<PathBuf>,
    /// The local page.
    pub web: Web,
    /// Whether verdicts have effects.
    pub mode: Mode,
    /// How many shards judge.
    pub shards: usize,
    /// The scores that matter.
    pub thresholds: Thresholds,
    /// What is done when the rules are unsure.
    pub review_fallback: ReviewFallback,
    /// Chats with settings of their own.
    pub chats: BTreeMap<ChatId, ChatSettings>,
    /// Where days and months begin.
    pub zone: Zone,
    /// The model that is asked about unsure messages.
    pub ai: Ai,
    /// What may be spent on it.
    pub budget: Budget,
    /// What replaces it while there is none to ask.
    pub degrade: Degrade,
    /// Tenants besides the default one, which all other settings here describe.
    pub tenants: BTreeMap<TenantName, TenantSettings>,
    /// How groups are kept, where it is not as usual.
    pub manners: MannersLayer,
    /// What is switched on and off, for everybody.
    pub flags: Layers,
    /// Who is told of what happens.
    pub webhooks: Webhooks,
    /// How long things are kept.
    pub retention: Retention,
    /// The hub that this board is at; `None` for none.
    pub cloud: Option<Cloud>,
    /// What is told to an OpenTelemetry receiver, and where it is; `None` for nothing.
    pub otel: Option<Otel>,
    /// Whether `aegis run` puts a fence around itself.
    pub sandbox: bool,
    /// Where the system has put the unit's credentials, if it has.
    pub credentials: Option<PathBuf>,
    /// What is logged, and how.
    pub log: Log,
    /// The board.
    pub board: Board,
    /// The settings file these were read from, if there is one.
    pub file: Option<PathBuf>,
    /// Whether it waits until no other board moderates with this token.
    pub standby: Standby,
    /// The key that signs updates, as `minisign` writes public keys; `None` when settings say nothing of it.
    pub update_key: Option<String>,
}

/// Two boards and one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standby {
    /// Whether this board begins by standing by.
    pub begins: bool,
    /// How long updates must have waited at Telegram, untouched, until the other board counts as gone, seconds.
    pub silence_s: u64,
}

/// How Telegram is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telegram {
    /// The bot's token.
    pub token: Option<Secret>,
    /// The file that it was to be read from, if one is named.
    pub token_file: Option<PathBuf>,
    /// Where the Bot API is.
    pub api_url: String,
    /// Updates asked for at once.
    pub poll_limit: u8,
    /// How long Telegram may hold a poll, seconds.
    pub poll_timeout_s: u64,
    /// Calls a second overall; 0 = no limit.
    pub requests_per_second: u32,
    /// Messages a minute to one group; 0 = no limit.
    pub group_messages_per_minute: u32,
    /// Calls under way at once.
    pub calls_in_flight: usize,
    /// How long one call may take, milliseconds.
    pub call_timeout_ms: u64,
}

/// Settings of one chat; what is `None` is as for all chats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatSettings {
    /// Whether verdicts have effects there.
    pub mode: Option<Mode>,
    /// From which score on a message is shown.
    pub review: Option<u16>,
    /// From which score on a message is acted on.
    pub block: Option<u16>,
    /// How the group is kept.
    pub manners: MannersLayer,
}

impl ChatSettings {
    /// These rules, with what is set for the chat.
    #[must_use]
    pub fn over(&self, usual: ChatRules) -> ChatRules {
        usual.with(self.mode, self.review, self.block)
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Targets and levels, such as `info` or `aegis=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}

/// Where settings come from, besides the file.
pub struct Surroundings<'a> {
    /// Every environment variable, name and value.
    pub environment: &'a [(String, String)],
    /// Reads a file.
    pub read: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// Reads the compiled rules of a time zone, by its name.
    pub zone: &'a dyn Fn(&str) -> std::io::Result<Vec<u8>>,
}

impl Default for Config {
    fn default() -> Self {
        let board = Board::generic();
        Self {
            telegram: Telegram {
                token: None,
                token_file: None,
                api_url: "https://api.telegram.org".to_owned(),
                poll_limit: board.poll_limit,
                poll_timeout_s: 50,
                requests_per_second: 30,
                group_messages_per_minute: 20,
                calls_in_flight: 8,
                call_timeout_ms: 10_000,
            },
            data_dir: PathBuf::from("aegis-data"),
            policy_dir: None,
            web: Web::default(),
            mode: Mode::Record,
            shards: board.shards,
            thresholds: Thresholds::default(),
            review_fallback: ReviewFallback::Record,
            chats: BTreeMap::new(),
            zone: Zone::default(),
            ai: Ai::default(),
            budget: Budget::default(),
            degrade: Degrade::default(),
            tenants: BTreeMap::new(),
            manners: MannersLayer::default(),
            flags: Layers::default(),
            webhooks: Webhooks::default(),
            retention: Retention::default(),
            cloud: None,
            otel: None,
            sandbox: true,
            credentials: None,
            log: Log { filter: "info".to_owned(), format: LogFormat::Human },
            board,
            file: None,
            standby: Standby { begins: false, silence_s: crate::limits::STANDBY_SILENCE_S },
            update_key: None,
        }
    }
}

impl Config {
    /// Reads the file, if one is named, and the environment.
    ///
    /// # Errors
    /// Every mistake in both.
    pub fn load(file: Option<&Path>, surroundings: &Surroundings<'_>) -> Result<Self, Mistakes> {
        layers::load(file, surroundings)
    }

    /// The rules of all chats without their own and without a tenant.
    #[must_use]
    pub const fn rules(&self) -> ChatRules {
        ChatRules { mode: self.mode, thresholds: self.thresholds, fallback: self.review_fallback }
    }
}
