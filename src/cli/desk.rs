//! `aegis status`, `decisions`, `undo` and `api`: what the page shows and does, on a terminal.
//!
//! Promises: each asks the running appliance's API through its door, as an owner; texts of strangers are one printable line;
//! exit code 0 when it was answered, 64 when it was refused, 74 when nobody answers.
//!
//! Never: a second way to change anything. What the API refuses is refused here.

use super::offline::print;
use super::{Failure, screen};
use crate::app::FailureKind;
use crate::clock::Wall;
use crate::config::Config;
use crate::control::{self, Answer, Command};
use crate::length;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Columns of a text in a list.
const TEXT_COLUMNS: usize = 60;

/// Which decisions.
#[derive(Debug, clap::Args)]
pub(super) struct DecisionsArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only of this group.
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    group: Option<i64>,
    /// Only with this outcome: allow, review or block.
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Only those to which this rule spoke.
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Only with these words in text or reason.
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// The answer as JSON.
    #[arg(long)]
    json: bool,
}

/// What to undo.
#[derive(Debug, clap::Args)]
pub(super) struct UndoArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The decision's number, as `aegis decisions` shows it.
    #[arg(required_unless_present = "rule", conflicts_with = "rule")]
    number: Option<u64>,
    /// Everything that this rule did since --since.
    #[arg(long, value_name = "RULE", requires = "since")]
    rule: Option<String>,
    /// Seconds since 1970, or a time back from now such as 30m, 2h, 3d.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Say what would be undone, and do nothing.
    #[arg(long, requires = "rule")]
    dry_run: bool,
}

/// A question to the API.
#[derive(Debug, clap::Args)]
pub(super) struct ApiArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// GET, POST, PUT or DELETE.
    method: String,
    /// The path below /api/v1, with its query, such as "/decisions?outcome=block".
    path: String,
    /// The body, JSON.
    #[arg(long, value_name = "JSON")]
    body: Option<String>,
}

macro_rules! config_of {
    ($($args:ident),*) => {
        $(impl $args {
            /// The settings file.
            pub(super) fn config(&self) -> Option<&Path> {
                self.config.as_deref()
            }
        })*
    };
}
config_of!(DecisionsArgs, UndoArgs, ApiArgs);

/// Asks; a refusal is a failure with the API's own words.
pub(super) fn ask(config: &Config, method: &str, path: &str, body: &Value) -> Result<String, Failure> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let command = Command::Api { method: method.to_ascii_uppercase(), path: path.to_owned(), body };
    let storage = |why: String| Failure { kind: FailureKind::Storage, why };
    let answer = control::ask(&config.data_dir, &command)
        .map_err(|error| storage(format!("the running appliance does not answer: {error}")))?;
    match answer {
        None => Err(storage(format!(
            "no appliance runs on {}; start it with `aegis run`, or name its settings with --config",
            config.data_dir.display()
        ))),
        Some(Answer::Api(status, text)) if status < 400 => Ok(text),
        Some(Answer::Api(_, text)) => Err(Failure::usage(in_words(&text))),
        Some(Answer::Lines(lines)) => Ok(lines.join("\n")),
        Some(Answer::Refused(why)) => Err(Failure::usage(why)),
        Some(Answer::Changed(count)) => Ok(count.to_string()),
    }
}

/// A problem document as sentences.
fn in_words(problem: &str) -> String {
    let told: Value = serde_json::from_str(problem).unwrap_or_default();
    let text = |value: Option<&Value>| screen::line(value.and_then(Value::as_str).unwrap_or_default(), 400);
    // The detail names every field that is wrong.
    let detail = text(told.get("detail"));
    if detail.is_empty() { text(told.get("title")) } else { detail }
}

fn read(config: &Config, path: &str) -> Result<Value, Failure> {
    let text = ask(config, "GET", path, &Value::Null)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure { kind: FailureKind::Broken, why: format!("the answer is no JSON: {error}") })
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn rows<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// How it stands.
pub(super) fn status(config: &Config, as_json: bool) -> Result<(), Failure> {
    let told = read(config, "/status")?;
    if as_json {
        return print(&format!("{told}\n"));
    }
    let mut out = format!("{}: {}\n", text(&told, "rung"), screen::line(text(&told, "cause"), 400));
    if !text(&told, "banner").is_empty() {
        out.push_str(&format!("banner: {}\n", screen::line(text(&told, "banner"), 400)));
    }
    for failing in rows(&told, "failing") {
        out.push_str(&format!("fails: {}\n", screen::line(failing.as_str().unwrap_or_default(), 400)));
    }
    let numbers = told.get("numbers").unwrap_or(&Value::Null);
    let mib = |name: &str| number(numbers, name).div_ceil(1024 * 1024);
    for (name, value) in [
        ("mode", text(&told, "mode").to_owned()),
        ("up for", format!("{} s", number(&told, "uptime_s"))),
        ("messages judged", number(numbers, "messages").to_string()),
        ("blocked", number(numbers, "blocked").to_string()),
        ("unsure", number(numbers, "unsure").to_string()),
        ("actions confirmed", number(numbers, "actions_confirmed").to_string()),
        ("actions waiting", number(numbers, "outbox").to_string()),
        ("dead letters", number(numbers, "dead_letters").to_string()),
        ("undecided", number(numbers, "undecided").to_string()),
        ("memory", format!("{} of {} MiB", mib("memory_bytes"), mib("memory_bytes_max"))),
    ] {
        out.push_str(&format!("  {name}: {value}\n"));
    }
    for group in rows(&told, "groups") {
        let (id, state) = (group.get("id").and_then(Value::as_i64).unwrap_or(0), text(group, "state"));
        let (title, why) = (screen::line(text(group, "title"), TEXT_COLUMNS), screen::line(text(group, "why"), 400));
        let mode = text(group, "mode");
        out.push_str(&format!(
            "group {id} \"{title}\": {state}, {mode}{}{why}\n",
            if why.is_empty() { "" } else { ": " }
        ));
    }
    print(&out)
}

/// What was decided.
pub(super) fn decisions(config: &Config, args: &DecisionsArgs) -> Result<(), Failure> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    if let Some(group) = args.group {
        query.append_pair("group", &group.to_string());
    }
    for (name, value) in [("outcome", &args.outcome), ("rule", &args.rule), ("text", &args.text)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let told = read(config, &format!("/decisions?{}", query.finish()))?;
    if args.json {
        return print(&format!("{told}\n"));
    }
    let mut out = String::new();
    for row in rows(&told, "items") {
        let rules: Vec<&str> = rows(row, "rules").filter_map(Value::as_str).collect();
        out.push_str(&format!(
            "{}\t{}\t{} {}\t{}\t{}\t{}\n",
            number(row, "number"),
            Wall(number(row, "at_s").saturating_mul(1_000)).utc(),
            text(row, "outcome"),
            number(row, "score"),
            screen::line(text(row, "fate"), TEXT_COLUMNS),
            screen::line(&rules.join(", "), TEXT_COLUMNS),
            screen::line(text(row, "excerpt"), TEXT_COLUMNS),
        ));
    }
    if out.is_empty() {
        out.push_str("no such decisions\n");
    }
    if told.get("next").is_some_and(|next| !next.is_null()) {
        out.push_str("there are more; raise --limit, or narrow the search\n");
    }
    print(&out)
}

/// A time as typed: seconds since 1970, or back from now.
fn since_s(typed: &str) -> Result<u64, Failure> {
    let wrong = || Failure::usage("--since is seconds since 1970, or a time back from now such as 30m, 2h, 3d or 2w");
    if let Ok(seconds) = typed.parse() {
        return Ok(seconds);
    }
    let back_s = length::seconds(typed).ok_or_else(wrong)?;
    Ok(crate::clock::Clock::start().now().wall.seconds().saturating_sub(u64::from(back_s)))
}

/// Takes back.
pub(super) fn undo(config: &Config, args: &UndoArgs) -> Result<(), Failure> {
    let (path, body) = match (&args.rule, args.number) {
        (Some(rule), _) => {
            let since_s = since_s(args.since.as_deref().unwrap_or_default())?;
            ("/decisions/undo".to_owned(), json!({"rule": rule, "since_s": since_s, "dry_run": args.dry_run}))
        }
        (None, number) => (format!("/decisions/{}/undo", number.unwrap_or_default()), Value::Null),
    };
    let told: Value = serde_json::from_str(&ask(config, "POST", &path, &body)?).unwrap_or_default();
    let more = told.get("more").and_then(Value::as_bool).unwrap_or_default();
    print(&format!("{}\n{}", text(&told, "words"), if more { "there are more: repeat the command\n" } else { "" }))
}

/// Asks the API.
pub(super) fn api(config: &Config, args: &ApiArgs) -> Result<(), Failure> {
    let body = match &args.body {
        None => Value::Null,
        Some(body) => {
            serde_json::from_str(body).map_err(|error| Failure::usage(format!("--body is no JSON: {error}")))?
        }
    };
    let path = args.path.strip_prefix("/api/v1").unwrap_or(&args.path);
    let told = ask(config, &args.method, &format!("/{}", path.trim_start_matches('/')), &body)?;
    if told.is_empty() { Ok(()) } else { print(&format!("{told}\n")) }
}
