//! The command line: from words as typed to one call each.
//!
//! Promises: exit codes say who has to act (64 usage or settings, 65 data, 74 storage, 77 token or key); a refusal says what,
//! where and how to mend it, and nothing was done.

mod ai;
mod allocator;
mod backup;
mod budget;
pub mod cases;
mod desk;
mod diff;
mod explain;
mod flags;
mod hooks;
mod import;
mod learn;
mod lists;
mod moving;
mod offline;
mod person;
mod playing;
mod policy;
pub mod screen;
mod sync;
mod update;

use crate::app::{self, Failure, FailureKind, Process, Source};
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::counters::Counters;
use crate::fence::{self, Fence, Ground};
use crate::limits;
use crate::machine;
use crate::systemd::Notify;
use crate::telemetry;
use clap::{CommandFactory, Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// A moderation appliance for Telegram communities.
#[derive(Debug, Parser)]
#[command(name = "aegis", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Moderate: needs a bot token in AEGIS_TELEGRAM_TOKEN.
    Run {
        /// A settings file; without it, the defaults and the environment.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Stand by until no other board moderates with this token.
        #[arg(long)]
        standby: bool,
    },
    /// Watch it moderate an invented community, without a token.
    Demo(playing::DemoArgs),
    /// Judge JSON lines from standard input; answers on standard output.
    Judge {
        /// A folder with packs; without it, those that come with the program.
        #[arg(long, value_name = "DIR")]
        policy: Option<PathBuf>,
        /// A learned model to ask as well, as `aegis learn` writes it.
        #[arg(long = "model", value_name = "FILE")]
        models: Vec<PathBuf>,
        /// Leave out what comes learned with the program.
        #[arg(long)]
        rules_only: bool,
    },
    /// Try a model that is asked about unsure messages.
    Ai {
        #[command(subcommand)]
        verb: ai::Ai,
    },
    /// Teach the learner, or take a lesson back.
    Learn(learn::LearnArgs),
    /// Work on policy: test packs, explain a verdict, compare two policies, bring rules over from elsewhere.
    Policy {
        #[command(subcommand)]
        verb: policy::Policy,
    },
    /// Check settings and packs; list every mistake, or what is in force.
    Check {
        /// A settings file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// What is switched on and off, and who says so.
    Flags(flags::FlagsArgs),
    /// Print the memory sum: who holds how much, and what happens when it is full.
    Capacity {
        /// A settings file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// The schema of the database.
    Migrate {
        /// A settings file.
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        verb: Migrate,
    },
    /// Actions that were given up.
    DeadLetters {
        /// A settings file.
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        verb: DeadLetters,
    },
    /// What was spent on a model, and how much may be.
    Budget {
        /// A settings file.
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        verb: budget::Budget,
    },
    /// Webhooks, and keys of programs that ask with signed calls.
    Hooks {
        /// A settings file.
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        verb: hooks::Hooks,
    },
    /// This board and its hub: join one, see how both stand, compare them.
    Sync {
        /// A settings file.
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        verb: sync::Sync,
    },
    /// How the running appliance stands.
    Status {
        /// A settings file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// What was decided of late, newest first.
    Decisions(desk::DecisionsArgs),
    /// Take back what a decision did: really unban and unmute.
    Undo(desk::UndoArgs),
    /// Ask the running appliance's API, as an owner.
    Api(desk::ApiArgs),
    /// Everything that is kept about a member, as JSON.
    Export(person::ExportArgs),
    /// Forget a member: say what was removed, and what is kept and why.
    Forget(person::ForgetArgs),
    /// Move from another bot: bring over what it knows.
    Import(moving::MovingArgs),
    /// Put a newer program in the place of this one, and take it back when it does not work.
    Update(update::UpdateArgs),
    /// Make an encrypted backup, or its key.
    Backup(backup::BackupArgs),
    /// Make a data folder of a backup.
    Restore(backup::RestoreArgs),
    /// Lists of domains, and of known spammers' ids.
    Lists {
        /// A settings file.
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        verb: lists::Verb,
    },
}

/// Steps of the schema.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Which steps the database has.
    Status,
    /// Take every step it lacks.
    Up {
        /// Say what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Take steps back until it has exactly N.
    Down {
        /// The schema to go back to.
        #[arg(value_name = "N")]
        to: u64,
        /// Say what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// What to do with dead letters.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// Show them, a line each.
    List,
    /// Try them again: those with these numbers, or all.
    Retry {
        /// Numbers as `list` shows them.
        numbers: Vec<u64>,
    },
    /// Remove them for good: those with these numbers, or all.
    Drop {
        /// Numbers as `list` shows them.
        numbers: Vec<u64>,
    },
}

/// The command line as a description, from which the man page and what shells complete are made (`board/pages.rs`).
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program. `heap` tells how many bytes of heap are in use, `bound_heap` sets how many may be.
#[must_use]
pub fn main(heap: fn() -> u64, bound_heap: fn(u64)) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            // Help and version go to standard output and are no failure; clap knows which is which.
            let _shown = refusal.print();
            return ExitCode::from(if refusal.use_stderr() { FailureKind::Usage.code() } else { 0 });
        }
    };
    match carry_out(cli.command, heap, bound_heap) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.kind.code())
        }
    }
}

fn carry_out(command: Command, heap: fn() -> u64, bound_heap: fn(u64)) -> Result<(), Failure> {
    match command {
        Command::Run { config, standby } => {
            allocator::bound();
            app::catch_hang_ups();
            let source = Source::of_process(config.as_deref());
            let (mut config, files) = source.load_noting()?;
            config.standby.begins |= standby;
            start_log(&config)?;
            app::check_first(&config)?;
            bound_heap(limits::memory_bytes_max(&config.board.capacity));
            machine::bound_data(limits::data_bytes_max(&config.board.capacity)).map_err(Failure::usage)?;
            if !config.data_dir.exists() {
                // The first start of an installation whose packs are refused leaves nothing behind.
                app::load_policy(&config)?;
            }
            app::prepare_data_dir(&config.data_dir)?;
            // The watch over an update stands outside of the fence, since it may have to put the old program back.
            let trial = app::trial::begin(&config)?;
            // Before any other thread: what is put around one is around those it starts.
            let fence = if config.sandbox { fence::put_up(&ground(&config, files)) } else { Fence::Off };
            let process = Process { heap, fence: Some(fence), manager: Notify::of_process() };
            moderate(process, config, source, trial)
        }
        Command::Demo(args) => {
            // The demo plays in a folder of its own and takes nothing from the environment but the log filter.
            let filter = std::env::var("AEGIS_LOG").unwrap_or_else(|_| "error".to_owned());
            telemetry::start(&filter, telemetry::Format::Human).map_err(Failure::usage)?;
            runtime()?.block_on(playing::play(args, heap))
        }
        Command::Judge { policy, models, rules_only } => offline::judge_lines(policy.as_deref(), &models, rules_only),
        Command::Ai { verb } => ai::carry_out(verb),
        Command::Learn(args) => learn::learn(&load(args.config())?, args),
        Command::Policy { verb } => policy::carry_out(verb),
        Command::Check { config } => {
            let source = Source::of_process(config.as_deref());
            let (config, files) = source.load_noting()?;
            let fence = if config.sandbox { fence::try_out(&ground(&config, files)) } else { Fence::Off };
            offline::check(&config, &source.name(), &fence)
        }
        Command::Flags(args) => flags::show(&load(args.config())?, &args),
        Command::Capacity { config } => offline::capacity(&load(config.as_deref())?),
        Command::Migrate { config, verb } => offline::migrate(&load(config.as_deref())?, &verb),
        Command::DeadLetters { config, verb } => offline::dead_letters(&load(config.as_deref())?, verb),
        Command::Budget { config, verb } => budget::carry_out(&load(config.as_deref())?, verb),
        Command::Hooks { config, verb } => hooks::carry_out(&load(config.as_deref())?, verb),
        Command::Sync { config, verb } => sync::carry_out(&load(config.as_deref())?, verb),
        Command::Status { config, json } => desk::status(&load(config.as_deref())?, json),
        Command::Decisions(args) => desk::decisions(&load(args.config())?, &args),
        Command::Undo(args) => desk::undo(&load(args.config())?, &args),
        Command::Api(args) => desk::api(&load(args.config())?, &args),
        Command::Export(args) => person::export(&load(args.config())?, &args),
        Command::Forget(args) => person::forget(&load(args.config())?, &args),
        Command::Import(args) => moving::import(&load(args.config())?, &args),
        Command::Update(args) => update::update(&load(args.config())?, &args),
        Command::Backup(args) => backup::backup(&load(args.config())?, &args),
        Command::Restore(args) => backup::restore(&load(None)?, &args),
        Command::Lists { config, verb } => lists::carry_out(&load(config.as_deref())?, &verb),
    }
}

fn load(file: Option<&Path>) -> Result<Config, Failure> {
    Ok(Source::of_process(file).load()?)
}

fn start_log(config: &Config) -> Result<(), Failure> {
    let format = match config.log.format {
        LogFormat::Human => telemetry::Format::Human,
        LogFormat::Json => telemetry::Format::Json,
    };
    telemetry::start(&config.log.filter, format).map_err(Failure::usage)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(limits::WORKER_THREADS)
        .max_blocking_threads(limits::BLOCKING_THREADS_MAX)
        .thread_stack_size(limits::RUNTIME_STACK_BYTES)
        .thread_name("aegis")
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format!("the threads cannot be started: {error}")))
}

/// What the appliance needs of the machine: its data folder, and what the settings name.
fn ground(config: &Config, files: Vec<PathBuf>) -> Ground {
    let mut read = files;
    read.extend(config.policy_dir.clone());
    read.extend(config.web.certificate.iter().flat_map(|(cert, key)| [cert.clone(), key.clone()]));
    Ground { data_dir: config.data_dir.clone(), read, port: config.web.listen.map(|listen| listen.port()) }
}

fn moderate(process: Process, config: Config, source: Source, trial: Option<app::trial::Trial>) -> Result<(), Failure> {
    let clock = Clock::start();
    runtime()?.block_on(async {
        let told = told_to_stop();
        let (mode, board, shards) = (config.mode.word(), config.board.name.clone(), config.shards);
        let scheme = config.web.scheme();
        let counters = Arc::new(Counters::default());
        let running = app::start_as(process, config, Some(source), clock, Arc::clone(&counters))?;
        if let Some(trial) = trial {
            tokio::spawn(trial.pass(counters));
        }
        let page = running.page().map_or_else(|| "off".to_owned(), |page| format!("{scheme}://{page}/"));
        tracing::info!(version = env!("CARGO_PKG_VERSION"), mode, board, shards, page, "moderating");
        let ended = running.until(told).await;
        if ended.is_ok() {
            tracing::info!("closed in order");
        }
        ended
    })
}

/// Ready when the system or a person asks the program to end.
///
/// The signals are caught from the moment of the call, not of the first wait.
fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let term = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async move {
        match (term, interrupt) {
            (Ok(mut term), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            // Without signals the program ends by being killed, which loses nothing.
            _ => std::future::pending().await,
        }
    }
}
