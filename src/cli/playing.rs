//! `aegis demo`: the real appliance, handed to the demonstration.

use crate::app::{self, Failure, FailureKind};
use crate::clock::Clock;
use crate::config::Config;
use crate::demo::report::Kept;
use crate::demo::scripted_model::Behaviour;
use crate::demo::{self, DemoError, DemoFault, DemoOptions, Ending, Order};
use crate::secret::Secret;
use crate::verdict::Mode;
use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// Show unsure messages to a model that is played too: scripted, or scripted:KIND with what it does, such as
    /// scripted:hang.
    #[arg(long, value_name = "scripted[:KIND]", value_parser = model)]
    model: Option<Behaviour>,
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

fn model(word: &str) -> Result<Behaviour, String> {
    let kind = match word.split_once(':') {
        None if word == "scripted" => Some("honest"),
        Some(("scripted", kind)) => Some(kind),
        _ => None,
    };
    let known = || format!("known: scripted, or scripted: and one of {}", Behaviour::WORDS.join(", "));
    kind.and_then(Behaviour::from_word).ok_or_else(known)
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
    let options = DemoOptions {
        input: args.input,
        messages: args.messages,
        faults: args.fault,
        model: args.model,
        ending,
        listen: args.listen,
    };
    let figures = demo::run(options, |order| appliance(order, heap)).await?;
    match figures.verdict() {
        Kept::Kept => Ok(()),
        Kept::Broken => {
            let why = "the demonstration did not keep every promise; the table says which";
            Err(Failure { kind: FailureKind::Broken, why: why.to_owned() })
        }
    }
}

async fn appliance(order: Order, heap: fn() -> u64) -> Result<(), String> {
    let mut config = Config {
        mode: Mode::Enforce,
        data_dir: order.data_dir,
        policy_dir: Some(order.policy_dir),
        ..Config::default()
    };
    config.telegram.token = Some(Secret::new(order.token));
    config.telegram.api_url = order.api_url;
    config.telegram.requests_per_second = 0;
    config.telegram.group_messages_per_minute = 0;
    config.web.listen = Some(order.page);
    // A demonstration has nothing to hide, and reads its own page.
    config.web.tls = Some(false);
    if let Some(base_url) = order.model {
        config.ai = demo::ai(base_url);
        (config.budget.money, config.budget.calls) = (Some(demo::MODEL_MONEY), Some(demo::MODEL_CALLS));
    }
    let running =
        app::start(config, None, Clock::start(), order.counters, heap).map_err(|failure| failure.to_string())?;
    let _first = order.welcome.set(running.welcome().unwrap_or_default());
    let stop = order.stop;
    // A sender that is gone says the same as one that sends.
    running.until(async move { drop(stop.await) }).await.map_err(|failure| failure.to_string())
}
