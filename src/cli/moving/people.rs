//! Members whom another bot trusted, and how this appliance comes to vouch for them.
//!
//! Promises: a file is taken whole or refused with the numbers of its wrong lines; what was done when it is cut off in the
//! middle is said, and the same command goes on from there.
//!
//! Never: a second way to vouch. The running appliance's API is asked, as an owner.

use super::{Failure, Plan, wrong};
use crate::app::FailureKind;
use crate::cli::desk::ask;
use crate::cli::offline::print;
use crate::cli::screen;
use crate::config::Config;
use crate::limits;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Wrong lines of a file that are told.
const TOLD: usize = 10;

/// Members of a group.
#[derive(Debug)]
pub(super) struct People {
    group: i64,
    users: BTreeSet<i64>,
}

/// What a line says.
enum Line {
    Nothing,
    User(i64),
    /// A channel or a group, which is no member.
    Chat(i64),
    Wrong(String),
}

fn line(text: &str) -> Line {
    let text = text.trim();
    if text.is_empty() || text == "#" || text.starts_with("# ") {
        return Line::Nothing;
    }
    // After the number there may be a name, whatever stands between them.
    let number = text.split([' ', '\t', ',', ';', '|']).next().unwrap_or_default().trim_matches('"');
    match number.parse::<i64>() {
        Ok(user) if user > 0 => Line::User(user),
        Ok(chat) if chat < 0 => Line::Chat(chat),
        _ => Line::Wrong(screen::line(number, 40)),
    }
}

impl People {
    /// Reads a number a line, with a name after it or not. `None` when there is nobody in it.
    pub(super) fn read(file: &Path, text: &str, group: i64, plan: &mut Plan) -> Result<Option<Self>, Failure> {
        let mut users = BTreeSet::new();
        let mut bad = Vec::new();
        for (number, text) in (1_u32..).zip(text.lines()) {
            match line(text) {
                Line::Nothing => {}
                Line::User(user) => drop(users.insert(user)),
                Line::Chat(chat) => {
                    plan.leave_out(
                        &format!("line {number}: {chat}"),
                        "a channel or a group; members can be vouched for",
                    );
                }
                Line::Wrong(words) => bad.push(format!("line {number}: \"{words}\" is no number")),
            }
        }
        if !bad.is_empty() {
            let more = bad.len().saturating_sub(TOLD);
            bad.truncate(TOLD);
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            let what = "; each line must begin with a member's number, as Telegram knows them, not with a name";
            return Err(wrong(file, &format!("{}{more}{what}", bad.join("; "))));
        }
        if users.len() > limits::IMPORT_USERS_MAX {
            let words = format!("names {} members, more than {}; split it", users.len(), limits::IMPORT_USERS_MAX);
            return Err(wrong(file, &words));
        }
        if users.is_empty() {
            return Ok(None);
        }
        let words = format!("{} members of group {group} to vouch for", users.len());
        plan.take(&file.display().to_string(), &words);
        Ok(Some(Self { group, users }))
    }

    /// Whether the appliance runs and knows the group.
    pub(super) fn are_expected(&self, config: &Config) -> Result<(), Failure> {
        let path = format!("/members?group={}", self.group);
        ask(config, "GET", &path, &Value::Null).map(drop).map_err(|failure| match failure.kind {
            FailureKind::Usage => Failure::usage(format!(
                "group {}: {}; give its number as `aegis status` shows it, once the bot is in it",
                self.group, failure.why
            )),
            _ => failure,
        })
    }

    /// Has the appliance vouch for them, in pieces.
    pub(super) fn vouch(&self, config: &Config) -> Result<(), Failure> {
        let users: Vec<i64> = self.users.iter().copied().collect();
        let (mut changed, mut unchanged) = (0_u64, 0_u64);
        for piece in users.chunks(limits::MEMBERS_AT_ONCE) {
            let body = json!({"group": self.group, "users": piece});
            let told = ask(config, "POST", "/members/approve", &body).map_err(|failure| Failure {
                why: format!(
                    "{}; {} of {} members are vouched for: repeat the command to go on",
                    failure.why,
                    changed.saturating_add(unchanged),
                    users.len()
                ),
                ..failure
            })?;
            let told: Value = serde_json::from_str(&told).unwrap_or_default();
            let count = |name: &str| told.get(name).and_then(Value::as_u64).unwrap_or_default();
            changed = changed.saturating_add(count("changed"));
            unchanged = unchanged.saturating_add(count("unchanged"));
        }
        print(&format!("group {}: {changed} members are vouched for now, {unchanged} were before\n", self.group))
    }
}
