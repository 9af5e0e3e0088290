//! Discord's AutoMod rules, as its API gives them (Auto Moderation Rule Object).
//!
//! Promises: keywords keep their wildcards, and the allow list becomes exceptions; a rule that only alerts asks for
//! review, one that blocks or silences asks for it here.

use super::{Brought, Rule};
use crate::limits;
use crate::message::floor_char_boundary;
use serde_json::Value;

/// Trigger types.
const KEYWORD: u64 = 1;
const SPAM: u64 = 3;
const KEYWORD_PRESET: u64 = 4;
const MENTION_SPAM: u64 = 5;
const MEMBER_PROFILE: u64 = 6;

/// Action types.
const BLOCK: u64 = 1;
const ALERT: u64 = 2;
const TIMEOUT: u64 = 3;

/// Reads an array of rules, one rule, or an object that holds an array of rules.
pub(super) fn bring(text: &str, pack: &str) -> Result<Brought, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    let rules: Vec<&Value> = match &value {
        Value::Array(rules) => rules.iter().collect(),
        Value::Object(object) if object.contains_key("trigger_type") => vec![&value],
        Value::Object(object) => object
            .values()
            .filter_map(Value::as_array)
            .flatten()
            .filter(|one| one.get("trigger_type").is_some())
            .collect(),
        _ => Vec::new(),
    };
    if rules.is_empty() {
        return Err("has no rule; wanted an array of AutoMod rules, each with `trigger_type`".to_owned());
    }
    let mut brought = Brought::default();
    for (index, rule) in rules.into_iter().enumerate() {
        bring_rule(rule, index, pack, &mut brought);
    }
    Ok(brought)
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn bring_rule(rule: &Value, index: usize, pack: &str, brought: &mut Brought) {
    let number = format!("rule {}", index.saturating_add(1));
    let name = rule.get("name").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    let of = name.map_or_else(|| number.clone(), |name| format!("\"{name}\""));
    if rule.get("enabled").and_then(Value::as_bool) == Some(false) {
        brought.leave_out(&of, "it is switched off");
        return;
    }
    let metadata = rule.get("trigger_metadata");
    let part = |key: &str| metadata.and_then(|metadata| metadata.get(key));
    let why_not = match rule.get("trigger_type").and_then(Value::as_u64) {
        Some(KEYWORD) => None,
        Some(SPAM) => Some("spam as Discord's model sees it has no counterpart".to_owned()),
        Some(KEYWORD_PRESET) => Some(format!(
            "the word lists of Discord's presets {} are not in the export; the shipped packs are the nearest",
            part("presets").map_or_else(String::new, Value::to_string)
        )),
        Some(MENTION_SPAM) => Some(format!(
            "a limit of {} mentions in a message has no counterpart",
            part("mention_total_limit")
                .and_then(Value::as_u64)
                .map_or_else(|| "some".to_owned(), |limit| limit.to_string())
        )),
        Some(MEMBER_PROFILE) => Some("names and profiles of members are not judged".to_owned()),
        other => {
            Some(format!("its trigger type {} is not known", other.map_or_else(|| "?".to_owned(), |n| n.to_string())))
        }
    };
    if let Some(why) = why_not {
        brought.leave_out(&of, &why);
        return;
    }
    for pattern in texts(part("regex_patterns")) {
        brought.leave_out(&format!("{of}: /{pattern}/"), "regular expressions have no counterpart; write keywords");
    }
    for (key, what) in [("exempt_roles", "exempt roles"), ("exempt_channels", "exempt channels")] {
        let count = rule.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        if count > 0 {
            brought.leave_out(&of, &format!("{count} {what}: administrators are exempt here, nobody else"));
        }
    }
    let mut keywords = brought.keywords(&of, "", texts(part("keyword_filter")));
    if keywords.is_empty() {
        brought.leave_out(&of, "no keyword of it could be brought over");
        return;
    }
    keywords.extend(brought.keywords(&of, "~", texts(part("allow_list"))));
    let reason = name.map_or_else(|| "not wanted here".to_owned(), reason);
    let mut made = Rule { reason, keywords, ..Rule::default() };
    set_actions(rule, &of, &mut made, brought);
    brought.add(pack, name.unwrap_or(&number), made);
}

/// What a person is told: the rule's name, cut to what a reason may have.
fn reason(name: &str) -> String {
    let end = floor_char_boundary(name, limits::REASON_BYTES_MAX);
    name.get(..end).unwrap_or_default().to_owned()
}

fn set_actions(rule: &Value, of: &str, made: &mut Rule, brought: &mut Brought) {
    let actions = rule.get("actions").and_then(Value::as_array);
    for action in actions.into_iter().flatten() {
        match action.get("type").and_then(Value::as_u64) {
            Some(BLOCK) if !made.actions.contains(&"delete") => made.actions.insert(0, "delete"),
            Some(TIMEOUT) if !made.actions.contains(&"mute") => {
                let seconds = action.get("metadata").and_then(|metadata| metadata.get("duration_seconds"));
                let seconds = seconds.and_then(Value::as_u64).unwrap_or(60);
                let (least, most) = (u64::from(limits::ACTION_SECONDS_MIN), u64::from(limits::ACTION_SECONDS_MAX));
                made.actions.push("mute");
                made.mute_seconds = Some(seconds.clamp(least, most));
            }
            // Whoever looks at the page sees every message that is blocked or in review.
            Some(ALERT | BLOCK | TIMEOUT) => {}
            other => {
                let number = other.map_or_else(|| "?".to_owned(), |number| number.to_string());
                brought.leave_out(of, &format!("its action of type {number} has no counterpart"));
            }
        }
    }
    // An alert alone: somebody looks, and nothing is done by itself.
    made.score = if made.actions.is_empty() { 50 } else { 90 };
    if made.actions.is_empty() {
        made.actions.push("delete");
    }
}
