//! `aegis export` and `aegis forget`: what is kept about one member, told or forgotten.
//!
//! Promises: through the running appliance when there is one, with its own gate and its line in the audit log; else in the files
//! themselves, in the same way. Forgetting twice is as good as once.
//!
//! Never: a file that is overwritten. What is told about a person is written where nothing is, readable by its owner alone.

use super::desk;
use super::offline::{open_store, print};
use crate::app::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::control;
use crate::desk::person::{self, Done, File, Messages};
use crate::limits;
use crate::manners::Manners;
use crate::message::{ChatId, UserId};
use crate::store::desk::DeskTick;
use crate::store::history::{CACHE_FILE, History, HistoryReader};
use crate::store::records::Audit;
use crate::store::{Store, Tick};
use crate::web::views::Forgotten;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Whose it is, and where it goes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The member's number at Telegram.
    #[arg(long, value_name = "ID")]
    user: i64,
    /// Write it into this file, which must not be there yet; else it is printed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Who is forgotten.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ForgetArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The member's number at Telegram.
    #[arg(long, value_name = "ID")]
    user: i64,
    /// The answer as JSON.
    #[arg(long)]
    json: bool,
}

impl ExportArgs {
    /// The settings file.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

impl ForgetArgs {
    /// The settings file.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

/// Whether an appliance runs on these settings.
fn runs(config: &Config) -> bool {
    std::os::unix::net::UnixStream::connect(config.data_dir.join(control::SOCKET_FILE)).is_ok()
}

fn number(user: i64) -> Result<UserId, Failure> {
    person::number(user).map_err(|_| Failure::usage(format!("{user} is no member's number; those are above 0")))
}

fn parse(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::storage(format!("the answer is no JSON: {error}")))
}

/// Tells a piece of what is kept, by where it begins.
type Pieces<'c> = Box<dyn Fn(&str) -> Result<Value, Failure> + 'c>;

/// `aegis export`.
pub(super) fn export(config: &Config, args: &ExportArgs) -> Result<(), Failure> {
    let user = number(args.user)?;
    let piece: Pieces<'_> = if runs(config) {
        Box::new(|cursor: &str| {
            let path = format!("/members/export?user={}&cursor={cursor}", user.0);
            let path = if cursor.is_empty() { format!("/members/export?user={}", user.0) } else { path };
            parse(&desk::ask(config, "GET", &path, &Value::Null)?)
        })
    } else {
        let store = open_store(config, Clock::start().now().wall)?;
        let messages: Messages = (HistoryReader::open(&config.data_dir)?, Vec::new());
        Box::new(move |cursor: &str| {
            let told = with_file(config, &store, user, |file| file.told(&messages, cursor.parse().ok()))?;
            serde_json::to_value(told).map_err(|error| Failure::storage(error.to_string()))
        })
    };
    let mut told = piece("")?;
    while let Some(cursor) = told.get("next").and_then(Value::as_str).map(str::to_owned) {
        let mut more = piece(&cursor)?;
        for list in ["groups", "decisions", "messages"] {
            let rows = more.get_mut(list).and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
            if let Some(all) = told.get_mut(list).and_then(Value::as_array_mut) {
                all.extend(rows);
            }
        }
        let next = more.get("next").cloned().unwrap_or_default();
        if let Some(object) = told.as_object_mut() {
            object.insert("next".to_owned(), next);
        }
    }
    let text = serde_json::to_string_pretty(&told).unwrap_or_default() + "\n";
    let Some(out) = &args.out else { return print(&text) };
    let shown = out.display();
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
    made.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())).map_err(|error| {
        Failure::usage(format!("{shown} cannot be written: {error}; name a file that is not there"))
    })?;
    print(&format!("{shown} has what is kept about member {}\n", user.0))
}

/// `aegis forget`.
pub(super) fn forget(config: &Config, args: &ForgetArgs) -> Result<(), Failure> {
    let user = number(args.user)?;
    let told = if runs(config) {
        parse(&desk::ask(config, "POST", "/members/forget", &json!({"user": user.0}))?)?
    } else {
        let told = in_files(config, user)?;
        serde_json::to_value(told).map_err(|error| Failure::storage(error.to_string()))?
    };
    if args.json {
        return print(&(told.to_string() + "\n"));
    }
    let lines = |name: &str| {
        let all = told.get(name).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).map(|line| format!("  {line}\n")).collect::<String>()
    };
    let words = told.get("words").and_then(Value::as_str).unwrap_or_default();
    print(&format!("{words}\n{}Kept:\n{}", lines("done"), lines("kept")))
}

fn with_file<T>(
    config: &Config,
    store: &Store,
    user: UserId,
    f: impl FnOnce(&File<'_>) -> Result<T, crate::store::StoreError>,
) -> Result<T, Failure> {
    let snapshots = store.snapshots();
    let titles: BTreeMap<ChatId, String> = snapshots.titles()?.into_iter().collect();
    Ok(f(&File {
        snapshots: &snapshots,
        tenants: &config.tenants(),
        user,
        sees: &|_| true,
        manners: &|_| Manners::default(),
        title: &|chat| titles.get(&chat).cloned().unwrap_or_default(),
        now: Clock::start().now().wall,
    })?)
}

/// The same in the files, when no appliance runs on them.
fn in_files(config: &Config, user: UserId) -> Result<Forgotten, Failure> {
    let now = Clock::start().now().wall;
    let mut store = open_store(config, now)?;
    let (mut done, mut quoted, mut before) = (Done::default(), Vec::new(), None);
    loop {
        let piece = with_file(config, &store, user, |file| file.piece(before))?;
        done.add(&piece);
        before = piece.next;
        quoted.extend(piece.quoted);
        let mut tick = Tick { desk: DeskTick { redact: piece.redact, ..DeskTick::default() }, ..Tick::default() };
        if before.is_none() && done.changed() > 0 {
            tick.audit.push(Audit { at: now, who: "terminal".to_owned(), what: done.audit(user) });
        }
        if !tick.is_empty() {
            store.commit(&[tick], now)?;
        }
        if before.is_none() {
            break;
        }
    }
    done.messages = Some(0);
    if !quoted.is_empty() && config.data_dir.join(CACHE_FILE).exists() {
        let (mut history, _) =
            History::open(&config.data_dir, u64::MAX, limits::HISTORY_BYTES_MAX, &std::sync::Arc::default())?;
        done.messages = Some(history.forget(&|kept| person::is_quoted(kept, &quoted))?);
    }
    Ok(done.told(user))
}
