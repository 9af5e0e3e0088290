//! `aegis demo`: the real appliance, handed to the demonstration.

use crate::app::{self, Failure, FailureKind};
use crate::clock::Clock;
use crate::config::Config;
use crate::demo::report::Kept;
use crate::demo::{self, DemoError, DemoFault, DemoOptions, Ending, Order};
use crate::policy;
use crate::secret::Secret;
use crate::verdict::Mode;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What the command line says of a demonstration.
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// JSON lines to play instead of the invented community: {"text": ..., "user_id"?, "chat_id"?} or raw updates.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// How many messages.
    #[arg(long, value_name = "N")]
    messages: Option<usize>,
    /// What goes wrong, several times if wanted: 429, 500, hang, drop, reset, truncate, kill.
    #[arg(long, value_name = "KIND", value_parser = fault)]
    fault: Vec<DemoFault>,
    /// End after the table instead of serving the page.
    #[arg(long)]
    once: bool,
    /// Where the page listens; a free port of loopback when left out.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

fn fault(word: &str) -> Result<DemoFault, String> {
    DemoFault::from_word(word).ok_or_else(|| format!("known: {}", DemoFault::WORDS.join(", ")))
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        let kind = match &error {
            DemoError::Usage(_) => FailureKind::Usage,
            DemoError::Machine(_) => FailureKind::Storage,
            DemoError::Appliance(_) => FailureKind::Broken,
        };
        Self { kind, why: error.to_string() }
    }
}

/// Plays.
pub(super) async fn play(args: DemoArgs, heap: fn() -> u64) -> Result<(), Failure> {
    let ending = if args.once { Ending::Once } else { Ending::KeepServing };
    let options =
        DemoOptions { input: args.input, messages: args.messages, faults: args.fault, ending, listen: args.listen };
    let figures = demo::run(options, |order| appliance(order, heap)).await?;
    match figures.verdict() {
        Kept::Kept => Ok(()),
        Kept::Broken => {
            let why = "the demonstration did not keep every promise; the table says which";
            Err(Failure { kind: FailureKind::Broken, why: why.to_owned() })
        }
    }
}

/// The packs of the demonstration: it plays an evening within a second and says a few hundred sentences again and again,
/// so that the pack that counts repetitions in time would be right to find a flood.
fn packs(data_dir: &Path) -> std::io::Result<PathBuf> {
    let dir = data_dir.join("packs");
    std::fs::create_dir_all(&dir)?;
    for source in policy::shipped().iter().filter(|source| source.file != "flood.toml") {
        std::fs::write(dir.join(&source.file), &source.text)?;
    }
    Ok(dir)
}

async fn appliance(order: Order, heap: fn() -> u64) -> Result<(), String> {
    let policy_dir = packs(&order.data_dir).map_err(|error| format!("the demonstration's packs: {error}"))?;
    let mut config =
        Config { mode: Mode::Enforce, data_dir: order.data_dir, policy_dir: Some(policy_dir), ..Config::default() };
    config.telegram.token = Some(Secret::new(order.token));
    config.telegram.api_url = order.api_url;
    config.telegram.requests_per_second = 0;
    config.telegram.group_messages_per_minute = 0;
    config.web.listen = Some(order.page);
    let running =
        app::start(config, None, Clock::start(), order.counters, heap).map_err(|failure| failure.to_string())?;
    let stop = order.stop;
    // A sender that is gone says the same as one that sends.
    running.until(async move { drop(stop.await) }).await.map_err(|failure| failure.to_string())
}
