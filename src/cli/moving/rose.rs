//! The file that Rose's `/export` gives: JSON with the settings of one group, a module each.
//!
//! Promises: each module of the file is either taken, with what was taken, or passed over, with the reason; a value whose meaning
//! is not certain is passed over.
//!
//! Never: a guess at a length of time, or at a module this program has not seen.

use super::{Brought, Failure, Plan, Rule, read, wrong};
use crate::cli::import::quoted;
use crate::limits;
use crate::message::floor_char_boundary;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The version of the file that is known.
const VERSION: u64 = 1;

/// Modules without a place here, and why.
const ELSEWHERE: [(&str, &str); 14] = [
    ("admin", "commands are for administrators here in any case"),
    ("antiflood", "the pack `flood` looks for floods, with its own measure"),
    (
        "approvals",
        "how they stand in this file is not certain; write the numbers that /approved tells into a file, a line each, and bring it with `aegis import plain FILE --as users --group ID`",
    ),
    ("clean_command", "commands are answered and tidied away here by other settings"),
    ("disabled", "the commands are others here"),
    ("federations", "bans are shared between the groups of one owner here (`share_bans`)"),
    ("filters", "nothing is answered to words in a group here"),
    ("greetings", "nobody is greeted here; `captcha` asks those who join"),
    ("notes", "no notes are kept here"),
    ("pins", "pins are left alone here"),
    ("raids", "raids are measured here; see `raid_joins` and `raid`"),
    ("reports", "reports are always taken here"),
    ("rules", "no rules are told in a group here"),
    ("translations", "set `language` by hand: en, ru, de, es or zh"),
];

/// Locks that one condition of a pack says, and the condition.
const LOCKS: [(&str, &str); 9] = [
    ("photo", "media = [\"photo\"]"),
    ("document", "media = [\"document\"]"),
    ("sticker", "media = [\"sticker\"]"),
    ("poll", "media = [\"poll\"]"),
    ("contact", "media = [\"contact\"]"),
    ("forward", "forwarded = true"),
    ("invitelink", "links = { kind = [\"invite\"] }"),
    ("botlink", "links = { kind = [\"bot\"] }"),
    ("email", "links = { kind = [\"mail\"] }"),
];

/// Locks that are one kind of media here, and only together.
const TOGETHER: [(&[&str], &str); 2] =
    [(&["video", "gif", "videonote"], "media = [\"video\"]"), (&["audio", "voice"], "media = [\"audio\"]")];

/// What is to be done with the file.
pub(super) fn plan(file: &Path, pack: Option<PathBuf>) -> Result<Plan, Failure> {
    let told: Value =
        serde_json::from_str(&read(file)?).map_err(|error| wrong(file, &format!("is not JSON: {error}")))?;
    let Some(data) = told.get("data").and_then(Value::as_object).filter(|_| told.get("bot_id").is_some()) else {
        return Err(wrong(file, "is not what Rose's /export gives: that has `bot_id` and `data`"));
    };
    match told.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(other) => return Err(wrong(file, &format!("is version {other} of the export; known is {VERSION}"))),
        None => return Err(wrong(file, &format!("has no `version`; known is {VERSION}"))),
    }
    let mut plan = Plan { pack, ..Plan::default() };
    let id = plan.pack_id()?;
    for (name, module) in data {
        match (name.as_str(), module.as_object()) {
            (_, _) if is_empty(module) => {}
            ("blocklists", Some(module)) => blocklists(module, &id, &mut plan),
            ("locks", Some(module)) => locks(module, &id, &mut plan),
            ("warns", Some(module)) => warns(module, &mut plan),
            ("clean_service", Some(module)) => clean_service(module, &mut plan),
            _ => {
                let why = ELSEWHERE.iter().find(|(known, _)| known == name).map(|(_, why)| *why);
                plan.leave_out(name, why.unwrap_or("this module is not known here"));
            }
        }
    }
    if plan.pack.is_none() && !plan.brought.rules.is_empty() {
        plan.brought.rules.clear();
        plan.taken.retain(|line| !line.starts_with("blocklists: ") && !line.starts_with("locks: "));
        plan.leave_out("blocklists and locks", "name the pack to write them to with --pack PACK.toml");
    }
    Ok(plan)
}

/// Whether nothing is set in it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(true) => false,
    }
}

fn text<'v>(module: &'v Map<String, Value>, name: &str) -> &'v str {
    module.get(name).and_then(Value::as_str).unwrap_or_default().trim()
}

/// Whether a switch is on. `None` when it is no switch, or not there.
fn switch(module: &Map<String, Value>, name: &str) -> Option<bool> {
    module.get(name).and_then(Value::as_bool)
}

/// What a rule asks for, by the word of an action. `None` for one that has no counterpart.
fn actions(action: &str) -> Option<Vec<&'static str>> {
    match action {
        "" | "nothing" => Some(Vec::new()),
        "warn" => Some(vec!["warn"]),
        "kick" => Some(vec!["kick"]),
        "mute" => Some(vec!["mute"]),
        "ban" => Some(vec!["ban"]),
        _ => None,
    }
}

fn blocklists(module: &Map<String, Value>, id: &str, plan: &mut Plan) {
    let action = text(module, "action");
    let mut asked = actions(action).unwrap_or_else(|| {
        let why = "how long it lasts is not certain from the file; messages are deleted, and the action is for you to add in the pack";
        plan.leave_out(&format!("blocklists: the action {action}"), why);
        Vec::new()
    });
    if switch(module, "should_delete") != Some(false) {
        asked.insert(0, "delete");
    }
    let usual = text(module, "default_reason");
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, filter) in (1_u32..).zip(module.get("filters").and_then(Value::as_array).into_iter().flatten()) {
        let of = format!("blocklists: entry {number}");
        let Some(name) = filter.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty()) else {
            plan.leave_out(&of, "it has no name");
            continue;
        };
        if let Some(why) = is_special(name.trim()) {
            plan.leave_out(&format!("{of}: \"{name}\""), why);
            continue;
        }
        let given = filter.get("reason").and_then(Value::as_str).unwrap_or_default();
        let (reason, own) = without_action(given);
        if let Some(own) = own {
            let why = "an action of one entry alone is passed over; it goes by the action of all";
            plan.leave_out(&format!("{of}: \"{name}\": {own}"), why);
        }
        let kept = plan.brought.keywords(&of, "", std::iter::once(name));
        let reason = if reason.is_empty() { usual.to_owned() } else { reason };
        by_reason.entry(reason).or_default().extend(kept);
    }
    by_reason.retain(|_, keywords| !keywords.is_empty());
    let count = by_reason.values().map(Vec::len).fold(0, usize::saturating_add);
    if count == 0 {
        plan.leave_out("blocklists", "no entry of it could be taken");
        return;
    }
    let done = if asked.is_empty() { "they are shown for review".to_owned() } else { asked.join(", ") };
    plan.take("blocklists", &format!("{count} phrases; {done}"));
    for (reason, keywords) in by_reason {
        add(&mut plan.brought, id, "blocklist", reason, &asked, Rule { keywords, ..Rule::default() });
    }
}

/// Why an entry is no phrase.
fn is_special(name: &str) -> Option<&'static str> {
    let inner = name.strip_prefix('*').unwrap_or(name);
    let inner = inner.strip_suffix('*').unwrap_or(inner);
    if name.contains('\\') {
        Some("a sign that is not to be read as one has no counterpart; write it by hand")
    } else if inner.contains(['*', '?']) {
        Some("`?`, and `*` within a phrase, have no counterpart; write the words by hand")
    } else if name.split_once(':').is_some_and(|(kind, rest)| {
        !rest.starts_with("//")
            && !rest.starts_with(' ')
            && kind.len() > 2
            && kind.bytes().all(|byte| byte.is_ascii_lowercase())
    }) {
        Some("it is not looked for in the text, which has no counterpart")
    } else {
        None
    }
}

/// A reason without the action in braces that may stand in it.
fn without_action(given: &str) -> (String, Option<String>) {
    let found = given.split_once('{').and_then(|(before, rest)| {
        let (action, after) = rest.split_once('}')?;
        Some((format!("{}{after}", before.trim_end()), format!("{{{action}}}")))
    });
    match found {
        Some((reason, action)) => (reason.trim().to_owned(), Some(action)),
        None => (given.trim().to_owned(), None),
    }
}

fn add(brought: &mut Brought, id: &str, name: &str, reason: String, asked: &[&'static str], rule: Rule) {
    let cut = floor_char_boundary(&reason, limits::REASON_BYTES_MAX);
    let reason = reason.get(..cut).unwrap_or_default().trim();
    let reason = if reason.is_empty() { "on this group's blocklist" } else { reason }.to_owned();
    // What asks for nothing is shown to people and stays.
    let (score, actions) = if asked.is_empty() { (50, vec!["delete"]) } else { (90, asked.to_vec()) };
    brought.add(id, name, Rule { reason, score, actions, ..rule });
}

/// Names of locks that are on, each with its reason.
fn locked(module: &Map<String, Value>) -> BTreeMap<&str, &str> {
    let all = module.get("locks").and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(name, lock)| match lock {
        Value::Bool(true) => Some((name.as_str(), "")),
        Value::Object(lock) if switch(lock, "locked") == Some(true) => Some((name.as_str(), text(lock, "reason"))),
        _ => None,
    })
    .collect()
}

fn locks(module: &Map<String, Value>, id: &str, plan: &mut Plan) {
    let mut on = locked(module);
    let mut asked = vec!["delete"];
    if switch(module, "lock_warns") == Some(true) {
        asked.push("warn");
    }
    let mut rules: Vec<(&str, String, Vec<String>)> = Vec::new();
    for (name, condition) in LOCKS {
        if let Some(reason) = on.remove(name) {
            rules.push((name, reason.to_owned(), vec![condition.to_owned()]));
        }
    }
    for (names, condition) in TOGETHER {
        let first = names.first().copied().unwrap_or_default();
        if names.iter().all(|name| on.contains_key(name)) {
            let reason = on.get(first).copied().unwrap_or_default().to_owned();
            on.retain(|name, _| !names.contains(name));
            rules.push((first, reason, vec![condition.to_owned()]));
        }
    }
    if let Some(reason) = on.remove("url") {
        let mut conditions = vec!["links = { kind = [\"web\"] }".to_owned()];
        conditions.extend(allowed(module, plan));
        rules.push(("url", reason.to_owned(), conditions));
    }
    for name in on.into_keys() {
        let is_part = TOGETHER.iter().any(|(names, _)| names.contains(&name));
        let why = if is_part {
            "it is one kind with others here (video, gif, videonote; audio, voice), and not all of them are locked"
        } else {
            "this lock has no counterpart"
        };
        plan.leave_out(&format!("locks: {name}"), why);
    }
    for (name, reason, conditions) in rules {
        plan.take(&format!("locks: {name}"), &asked.join(", "));
        let reason = if reason.is_empty() { format!("{name} is not wanted here") } else { reason };
        add(&mut plan.brought, id, &format!("lock-{name}"), reason, &asked, Rule { conditions, ..Rule::default() });
    }
}

/// What is exempt from the lock on links: whole domains that are allowed.
fn allowed(module: &Map<String, Value>, plan: &mut Plan) -> Option<String> {
    let mut domains = Vec::new();
    for entry in module.get("allowlisted_url").and_then(Value::as_array).into_iter().flatten() {
        let url = entry.get("url").and_then(Value::as_str).unwrap_or_default().trim();
        let bare = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
        let host = bare.strip_suffix('/').unwrap_or(bare);
        let is_domain = host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        if is_domain {
            domains.push(quoted(&host.to_ascii_lowercase()));
        } else {
            plan.leave_out(&format!("locks: allowed: \"{url}\""), "only whole domains can be exempt");
        }
    }
    (!domains.is_empty()).then(|| format!("exempt = {{ domain = [{}] }}", domains.join(", ")))
}

fn warns(module: &Map<String, Value>, plan: &mut Plan) {
    let most = u64::from(limits::WARN_LIMIT_MAX);
    match module.get("warn_limit").and_then(Value::as_u64) {
        Some(limit) if (1..=most).contains(&limit) => {
            plan.settings.push(format!("warn_limit = {limit}"));
            plan.take("warns: the limit", &format!("{limit}, as a line for the settings file"));
        }
        Some(limit) => plan.leave_out("warns: the limit", &format!("{limit} is none of 1 to {most}")),
        None => plan.leave_out("warns: the limit", "it is not there"),
    }
    match text(module, "action") {
        "mute" => plan.take("warns: the action", "mute; here the next time after that is a ban"),
        "ban" => {
            plan.settings.push("warn_mute_s = \"0\"".to_owned());
            plan.take("warns: the action", "ban at once, as a line for the settings file");
        }
        action => {
            plan.leave_out(&format!("warns: the action {action}"), "here warnings lead to a mute and then to a ban")
        }
    }
    if module.get("warn_for").is_some_and(|length| !is_empty(length)) {
        plan.leave_out("warns: how long one counts", "the length is not certain from the file; set `warn_window_s`");
    }
    if module.get("action_duration").is_some_and(|length| !is_empty(length)) {
        plan.leave_out(
            "warns: how long the action lasts",
            "the length is not certain from the file; set `warn_mute_s`",
        );
    }
}

fn clean_service(module: &Map<String, Value>, plan: &mut Plan) {
    let types = module.get("service_types").and_then(Value::as_object);
    for (name, kind) in types.into_iter().flatten() {
        if kind.as_object().and_then(|kind| switch(kind, "clean")) != Some(true) {
            continue;
        }
        let setting = match name.as_str() {
            "join" => "clean_joins",
            "leave" => "clean_leaves",
            _ => {
                plan.leave_out(&format!("clean_service: {name}"), "only \"joined\" and \"left\" are tidied away here");
                continue;
            }
        };
        plan.settings.push(format!("{setting} = true"));
        plan.take(&format!("clean_service: {name}"), "as a line for the settings file");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_in_braces_is_no_part_of_a_reason() {
        assert_eq!(without_action("No magicians! {tban 2w}"), ("No magicians!".into(), Some("{tban 2w}".into())));
        assert_eq!(without_action(" plain "), ("plain".into(), None));
        assert_eq!(without_action("open { brace"), ("open { brace".into(), None));
    }

    #[test]
    fn what_is_not_looked_for_in_the_text_is_no_phrase() {
        for special in ["stickerpack:cats", "file:*.exe", "f?ck", "a*b", "\\*"] {
            assert!(is_special(special).is_some(), "{special}");
        }
        for phrase in ["bit*", "*hi*", "https://t.me/x", "a:b", "note: you"] {
            assert!(is_special(phrase).is_none(), "{phrase}");
        }
    }
}
