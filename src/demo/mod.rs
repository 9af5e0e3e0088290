//! A community to watch the appliance work on, without a token and without a network: an embedded Bot API stand-in
//! on loopback, invented messages, and a table at the end.
//!
//! Promises: every message says what is expected of it, so the table can tell what was missed and what was wrong;
//! a broken input file is refused before anything starts; what was put on disk is removed at the end.
//!
//! Never: a call to the real Telegram. The appliance is handed in by its starter; this module does not wire it.

pub mod api;
pub mod community;
pub mod faults;
mod group;
mod http;
pub mod input;
pub mod ledger;
mod play;
pub mod readings;
pub mod real_limits;
pub mod report;
pub mod script;
pub mod scripted_model;
pub mod spoken;
pub mod staff;
pub mod standin;
pub mod town;

use crate::budget::{Micros, Prices};
use crate::clock::Clock;
use crate::config::Ai;
use crate::counters::Counters;
use crate::document::Mistakes;
use crate::limits;
use community::Community;
use faults::{Fault, Faults};
use input::Input;
use report::Figures;
use script::{Script, Source};
use scripted_model::Behaviour;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::sync::oneshot;

/// A `--fault` of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoFault {
    /// Something the stand-in does to a tenth of the calls.
    Api(Fault),
    /// The appliance runs as a process of its own and is killed once in the middle.
    Kill,
}

impl DemoFault {
    /// The words of the command line.
    pub const WORDS: [&str; 7] = ["429", "500", "hang", "drop", "reset", "truncate", "kill"];

    /// The fault that a word of the command line names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        if word == "kill" { Some(Self::Kill) } else { Fault::from_word(word).map(Self::Api) }
    }
}

/// What happens after the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// The page is served until somebody stops it.
    #[default]
    KeepServing,
    /// It ends.
    Once,
}

/// How a demonstration is wanted.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// A file to play instead of the invented community.
    pub input: Option<PathBuf>,
    /// How many messages.
    pub messages: Option<usize>,
    /// What goes wrong.
    pub faults: Vec<DemoFault>,
    /// What the model does that unsure messages are shown to; `None` for no model.
    pub model: Option<Behaviour>,
    /// What happens after the table.
    pub ending: Ending,
    /// Where the page listens; a free port of loopback when nobody says.
    pub listen: Option<SocketAddr>,
}

/// What the appliance is asked to be for a demonstration: mode enforce, no pacing, the shipped packs, and this.
#[derive(Debug)]
pub struct Order {
    /// The token the stand-in accepts.
    pub token: String,
    /// Where the stand-in is.
    pub api_url: String,
    /// Where the model is that unsure messages are shown to, if there is one.
    pub model: Option<String>,
    /// An empty folder that is removed afterwards.
    pub data_dir: PathBuf,
    /// The packs to judge by.
    pub policy_dir: PathBuf,
    /// Where the page must listen.
    pub page: SocketAddr,
    /// Where to say how its page is entered.
    pub welcome: Arc<OnceLock<String>>,
    /// Where to count.
    pub counters: Arc<Counters>,
    /// Says when to drain and end; also when its sender is gone.
    pub stop: oneshot::Receiver<()>,
}

/// The most that a demonstration may spend on its model: money, and calls. None of it is real.
pub const MODEL_MONEY: Micros = Micros(1_000_000);
/// See [`MODEL_MONEY`].
pub const MODEL_CALLS: u64 = 1_000;

/// What the demonstration's model asks for a million tokens.
pub const MODEL_PRICES: Prices = Prices { input: Micros(150_000), output: Micros(600_000) };

/// Words by which the demonstration's model knows what must go.
const MODEL_WORDS: [&str; 5] = ["profit", "casino", "giveaway", "investment", "followers"];

/// How the demonstration's model is asked: with little patience, since an evening is played within a second.
#[must_use]
pub fn ai(base_url: String) -> Ai {
    Ai {
        base_url,
        model: "scripted".to_owned(),
        timeout_ms: 1_000,
        deadline_s: 5,
        calls_per_minute: 6_000,
        burst: 100,
        price_input: Some(MODEL_PRICES.input),
        price_output: Some(MODEL_PRICES.output),
        ..Ai::default()
    }
}

/// Why a demonstration did not take place.
#[derive(Debug)]
pub enum DemoError {
    /// The input, or an option, is wrong.
    Usage(Mistakes),
    /// A folder, an address or a process could not be had.
    Machine(String),
    /// The appliance ended by itself.
    Appliance(String),
}

impl DemoError {
    /// The exit code it asks for.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Machine(_) => 74,
            Self::Appliance(_) => 1,
        }
    }
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(mistakes) => write!(f, "{mistakes}"),
            Self::Machine(what) => write!(f, "{what}"),
            Self::Appliance(why) => write!(f, "the appliance ended by itself: {why}"),
        }
    }
}

impl std::error::Error for DemoError {}

/// Plays, prints the table, and ends as [`DemoOptions::ending`] says. `appliance` starts the real one in this
/// process; it is not called for [`DemoFault::Kill`], which starts this program's own `run` as a process.
///
/// # Errors
///
/// When the input is wrong (nothing was started then), when the machine refuses something, or when the appliance
/// ends before it is told to.
pub async fn run<F, Fut>(options: DemoOptions, appliance: F) -> Result<Figures, DemoError>
where
    F: FnOnce(Order) -> Fut,
    Fut: Future<Output = Result<(), String>>,
{
    let source = source(&options)?;
    let api_faults: Vec<Fault> = options
        .faults
        .iter()
        .filter_map(|fault| match fault {
            DemoFault::Api(fault) => Some(*fault),
            DemoFault::Kill => None,
        })
        .collect();
    let mut script = Script::new(source);
    script.faults = Faults::of(&api_faults, 1);
    script.admins = vec![community::ADMIN];
    let stage = play::Stage::set(script, &options)?;
    if options.faults.contains(&DemoFault::Kill) {
        play::as_process(stage, options.ending).await
    } else {
        play::in_process(stage, options.ending, appliance).await
    }
}

fn source(options: &DemoOptions) -> Result<Box<dyn Source>, DemoError> {
    // So many at once would be a raid. Dated back, they are what waited through an outage.
    let base_s = Clock::start().now().wall.seconds().saturating_sub(limits::DEMO_AGE_S);
    if let Some(asked) = options.messages
        && !(1..=limits::DEMO_MESSAGES_MAX).contains(&asked)
    {
        let mut mistakes = Mistakes::default();
        mistakes.add("--messages", 0, format!("must be 1 to {}, not {asked}", limits::DEMO_MESSAGES_MAX));
        return Err(DemoError::Usage(mistakes));
    }
    match &options.input {
        Some(path) => read_input(path, options.messages, base_s),
        None => Ok(Box::new(Community::new(options.messages.unwrap_or(limits::DEMO_MESSAGES), base_s))),
    }
}

fn read_input(path: &Path, messages: Option<usize>, base_s: u64) -> Result<Box<dyn Source>, DemoError> {
    Input::read(path, messages, base_s).map(|input| -> Box<dyn Source> { Box::new(input) }).map_err(DemoError::Usage)
}
