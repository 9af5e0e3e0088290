//! `aegis backup`, `aegis backup key` and `aegis restore`.
//!
//! Promises: a secret key is printed once and kept nowhere; a backup of a running appliance is made by it, of one that does
//! not run by the terminal; what is refused changed nothing, and is said in one sentence.
//!
//! Never: a backup in the clear.

use super::Failure;
use super::offline::{ask, print};
use crate::app::{self, FailureKind};
use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::control::{self, Answer, Command};
use crate::desk::backups::name_at;
use crate::jobs::backup::{self, FOLDER, RECIPIENT_FILE, Sources, known_recipients};
use crate::jobs::restore::{Order, Restored, restore as restore_file};
use crate::jobs::write_private;
use crate::limits;
use crate::store::{self, JOURNAL_FILE};
use crate::vault::{Identity, Recipient, identities};
use serde_json::Value;
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A backup.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Where to put it; without it, it stays in the data folder, in `backups`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<BackupVerb>,
}

#[derive(Debug, clap::Subcommand)]
enum BackupVerb {
    /// Say for whom backups are sealed: makes a key and prints it once, or takes a recipient you have.
    Key {
        /// A recipient, age1..., whose key you have elsewhere.
        #[arg(long, value_name = "RECIPIENT")]
        recipient: Option<String>,
        /// Take the place of the recipient that is there.
        #[arg(long)]
        force: bool,
    },
}

/// The way back.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file with the key that `aegis backup key` printed.
    #[arg(long, value_name = "KEYFILE")]
    identity: PathBuf,
    /// The folder to make; without it, the one of the settings in force here.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Set a folder aside that has something in it.
    #[arg(long)]
    force: bool,
}

impl BackupArgs {
    /// The settings file.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

fn storage(why: impl Into<String>) -> Failure {
    Failure { kind: FailureKind::Storage, why: why.into() }
}

fn data(why: impl Into<String>) -> Failure {
    Failure { kind: FailureKind::Data, why: why.into() }
}

/// Makes a backup, or its key.
pub(super) fn backup(config: &Config, args: &BackupArgs) -> Result<(), Failure> {
    match &args.verb {
        Some(BackupVerb::Key { recipient, force }) => key(config, recipient.as_deref(), *force),
        None => make(config, args.out.as_deref()),
    }
}

fn key(config: &Config, given: Option<&str>, force: bool) -> Result<(), Failure> {
    let path = config.data_dir.join(RECIPIENT_FILE);
    if path.exists() && !force {
        return Err(Failure::usage(format!(
            "{} says already for whom backups are sealed; add --force to seal the next ones for another",
            path.display()
        )));
    }
    let made = match given {
        Some(given) => (Recipient::read(given).map_err(|refused| Failure::usage(refused.to_string()))?, None),
        None => {
            let identity = Identity::make().map_err(|refused| storage(refused.to_string()))?;
            (identity.recipient(), Some(identity))
        }
    };
    app::prepare_data_dir(&config.data_dir)?;
    let text = format!("# Backups of this board are sealed for:\n{}\n", made.0);
    write_private(&path, &text).map_err(|error| storage(format!("{}: {error}", path.display())))?;
    match made.1 {
        Some(identity) => {
            print(&format!("# public key: {}\n{}\n", made.0, identity.written().expose()))?;
            // Beside the key, so that the key alone can be put into a file.
            eprintln!(
                "This key is shown once and kept nowhere: put it into a file somewhere else. Without it no backup can be opened."
            );
            Ok(())
        }
        None => print(&format!("backups are sealed for {} from now on\n", made.0)),
    }
}

fn make(config: &Config, out: Option<&Path>) -> Result<(), Failure> {
    let Some(recipients) = known_recipients(&config.data_dir).map_err(storage)? else {
        return Err(Failure::usage("nobody has said for whom backups are sealed; run `aegis backup key` first"));
    };
    let path = match by_appliance(config)? {
        Some(path) => path,
        None => by_terminal(config, &recipients)?,
    };
    let told = match out {
        Some(out) => {
            backup::copy_out(&path, out).map_err(|error| storage(format!("{}: {error}", out.display())))?;
            out
        }
        None => &path,
    };
    print(&format!("{}\n", told.display()))
}

/// Has the running appliance make one; `None` when none runs.
fn by_appliance(config: &Config) -> Result<Option<PathBuf>, Failure> {
    let command = Command::Api { method: "POST".to_owned(), path: "/backups".to_owned(), body: String::new() };
    let patience = Duration::from_millis(limits::HISTORY_WAIT_MS);
    let answer = control::ask_within(&config.data_dir, &command, patience)
        .map_err(|error| storage(format!("the running appliance does not answer: {error}")))?;
    let body = match answer {
        None => return Ok(None),
        Some(Answer::Api(status, text)) if status < 400 => text,
        Some(Answer::Api(_, why) | Answer::Refused(why)) => return Err(storage(why)),
        Some(other) => return Err(storage(format!("the running appliance's answer makes no sense: {other:?}"))),
    };
    let made: Value = serde_json::from_str(&body).map_err(|error| storage(error.to_string()))?;
    let name = made.get("name").and_then(Value::as_str).filter(|name| !name.contains('/'));
    let name = name.ok_or_else(|| storage("the running appliance names no backup"))?;
    Ok(Some(config.data_dir.join(FOLDER).join(name)))
}

fn by_terminal(config: &Config, recipients: &[Recipient]) -> Result<PathBuf, Failure> {
    let dir = config.data_dir.join(FOLDER);
    if !config.data_dir.join(JOURNAL_FILE).exists() {
        return Err(storage(format!(
            "there is no database in {}; name its settings with --config",
            config.data_dir.display()
        )));
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&dir)
        .map_err(|error| storage(format!("{}: {error}", dir.display())))?;
    let at = Clock::start().now().wall;
    let out = dir.join(name_at("aegis", "age", at));
    let copy = out.with_extension("age.copy");
    let schema = store::copy_idle(&config.data_dir, &copy).map_err(storage)?;
    let sources = Sources { config, database: &copy, schema, at };
    let made = backup::make(&sources, recipients, &out, &|| true);
    // It is in the backup now, or of no use.
    let _gone = std::fs::remove_file(&copy);
    made.map_err(storage)?;
    Ok(out)
}

/// Restores a backup.
pub(super) fn restore(config: &Config, args: &RestoreArgs) -> Result<(), Failure> {
    let shown = args.identity.display();
    let mut text = String::new();
    let bound = u64::try_from(limits::VAULT_KEYS_BYTES_MAX).unwrap_or(u64::MAX);
    let file = std::fs::File::open(&args.identity).map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
    file.take(bound).read_to_string(&mut text).map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
    let keys = identities(&text).map_err(|refused| Failure::usage(format!("{shown}: {refused}")))?;
    let given = args.data_dir.clone().unwrap_or_else(|| config.data_dir.clone());
    let data_dir =
        std::path::absolute(&given).map_err(|error| Failure::usage(format!("{}: {error}", given.display())))?;
    let of_there = Config { data_dir: data_dir.clone(), ..config.clone() };
    if ask(&of_there, &Command::List).is_ok_and(|answer| answer.is_some()) {
        return Err(Failure::usage(format!("an appliance runs on {}; stop it first", data_dir.display())));
    }
    let now: Wall = Clock::start().now().wall;
    let order = Order {
        file: &args.file,
        identities: &keys,
        data_dir: &data_dir,
        replace: args.force,
        keep: app::keep(config),
        now,
    };
    let restored = restore_file(&order).map_err(data)?;
    print(&told(&restored, &data_dir))
}

fn told(restored: &Restored, data_dir: &Path) -> String {
    let Restored { manifest, settings, policy, set_aside, given_up } = restored;
    let mut text = format!(
        "{}: restored the backup that Aegis {} made on {}\n",
        data_dir.display(),
        manifest.version,
        manifest.at
    );
    if let Some(aside) = set_aside {
        text.push_str(&format!("what was there is kept as {}\n", aside.display()));
    }
    if *given_up > 0 {
        text.push_str(&format!(
            "{given_up} measures were promised and not confirmed then: they may have been done, and are dead letters now \
             (`aegis dead-letters list`, `retry`)\n"
        ));
    }
    for left in &manifest.left_out {
        text.push_str(&format!("not in the backup: {left}\n"));
    }
    text.push_str("\nStart it with:\n  ");
    text.push_str(&format!("AEGIS_DATA_DIR={}", data_dir.display()));
    if let Some(policy) = policy {
        text.push_str(&format!(" AEGIS_POLICY_DIR={}", policy.display()));
    }
    text.push_str(" aegis run");
    if let Some(settings) = settings {
        text.push_str(&format!(" --config {}", settings.display()));
    }
    text.push_str("\nA token that the old board had in its environment must be set again.\n");
    text
}
