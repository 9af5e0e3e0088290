//! A pack as written: TOML with one `[pack]` and any number of `[[rule]]`, and keyword lists beside it.
//!
//! Promises: reading goes on after a mistake, so that all are told at once; what is returned for a rule with mistakes
//! is never compiled, because the caller refuses the whole set.
//!
//! Never: a file. A list is named by a plain file name, without a path, so no pack can reach out of its folder.

use super::ceiling::{Ceiling, Exempt, Stage, read_stage};
use super::condition::{self, Conditions};
use super::keywords::Phrases;
use super::regexes;
use crate::document::{self, Lined, Mistakes, Section};
use crate::length;
use crate::limits;
use crate::verdict::{ActionKind, PlannedAction};
use regex_automata::meta::Regex;

/// One pack and the lists beside it, as their texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackSource {
    /// The pack's file, as its author knows it.
    pub file: String,
    /// The pack's text.
    pub text: String,
    /// The keyword lists it names: the name as written in `keywords_file`, and the content.
    pub lists: Vec<(String, String)>,
}

impl PackSource {
    /// The pack's id as written. Its mistakes are told when it is compiled.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        id_of(&self.text)
    }
}

/// The id in a pack's text. A text of many keywords takes forty times its size while it is read.
#[must_use]
pub fn id_of(text: &str) -> Option<String> {
    let mut untold = Mistakes::default();
    let mut root = document::read("", text, &mut untold);
    Some(root.section("pack", &mut untold)?.text("id", &mut untold)?.value)
}

/// A pack, read.
#[derive(Debug)]
pub(super) struct Pack {
    pub id: String,
    pub id_line: usize,
    pub version: u32,
    /// The stage of rules that name none.
    pub stage: Stage,
    pub rules: Vec<Rule>,
}

/// A rule, read.
#[derive(Debug)]
pub(super) struct Rule {
    pub id: String,
    pub line: usize,
    pub reason: String,
    pub score: u16,
    pub actions: Vec<PlannedAction>,
    pub phrases: Phrases,
    pub regexes: Vec<Regex>,
    pub conditions: Conditions,
    pub exempt: Option<Box<Exempt>>,
    pub stage: Stage,
    pub ceiling: Option<Ceiling>,
}

/// How many values or lines a pack's text has, whichever are more, each counted by what parts them: what reading it takes follows from it.
#[must_use]
pub fn values_of(text: &str) -> usize {
    [',', '\n'].map(|parts| text.matches(parts).count()).into_iter().max().unwrap_or(0)
}

/// The keyword lists a pack names, so that whoever loads packs knows which files to read. Names with a path in them
/// are left out; [`super::compile`] tells of them.
#[must_use]
pub fn keyword_files(text: &str) -> Vec<String> {
    let mut ignored = Mistakes::default();
    let mut root = document::read("", text, &mut ignored);
    let mut files = Vec::new();
    for mut rule in root.sections("rule", &mut ignored) {
        if let Some(file) = rule.text("keywords_file", &mut ignored)
            && is_plain_file_name(&file.value)
            && !files.contains(&file.value)
        {
            files.push(file.value);
        }
    }
    files
}

fn is_plain_file_name(name: &str) -> bool {
    let plain = !name.is_empty() && name.len() <= 255 && name != "." && !name.contains("..");
    plain && !name.chars().any(|ch| matches!(ch, '/' | '\\' | ':') || ch.is_control())
}

/// Reads one pack.
pub(super) fn read(source: &PackSource, mistakes: &mut Mistakes) -> Pack {
    let mut pack = Pack { id: String::new(), id_line: 0, version: 0, stage: Stage::default(), rules: Vec::new() };
    if source.text.len() > limits::PACK_BYTES_MAX {
        let what = format!(
            "the pack has {} bytes; the most is {}: move its keywords to a list and name it in `keywords_file`",
            source.text.len(),
            limits::PACK_BYTES_MAX
        );
        mistakes.add(&source.file, 0, what);
        return pack;
    }
    let mut root = document::read(&source.file, &source.text, mistakes);
    match root.section("pack", mistakes) {
        Some(head) => read_head(head, &mut pack, mistakes),
        None => {
            mistakes.add(&source.file, 0, "`[pack]` is missing; begin with [pack], id = \"...\", version = 1");
        }
    }
    for section in root.sections("rule", mistakes) {
        if pack.rules.len() >= limits::RULES_MAX {
            mistakes.add(&source.file, section.line(), format!("more than {} rules", limits::RULES_MAX));
            break;
        }
        pack.rules.push(read_rule(section, source, pack.stage, mistakes));
    }
    if pack.rules.is_empty() {
        mistakes.add(&source.file, 0, "the pack has no rule; add a [[rule]]");
    }
    root.finish(mistakes);
    pack
}

fn read_head(mut head: Section<'_>, pack: &mut Pack, mistakes: &mut Mistakes) {
    let id = read_id(&mut head, mistakes);
    pack.id_line = id.line;
    pack.id = id.value;
    match head.integer("version", 1..=i64::from(u32::MAX), mistakes) {
        Some(version) => pack.version = u32::try_from(version.value).unwrap_or(0),
        None if head.keys().iter().all(|key| key != "version") => {
            mistakes.add(head.file(), head.line(), "`pack.version` is missing; begin with version = 1");
        }
        None => {}
    }
    pack.stage = read_stage(&mut head, mistakes).unwrap_or_default();
    let _ = head.text("description", mistakes);
    let _ = head.text("language", mistakes);
    head.finish(mistakes);
}

fn read_id(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Lined<String> {
    let Some(id) = section.text_required("id", mistakes) else {
        return Lined { value: String::new(), line: section.line() };
    };
    let allowed = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.');
    if id.value.len() > limits::POLICY_ID_BYTES_MAX {
        let what = format!("the id has {} bytes; the most is {}", id.value.len(), limits::POLICY_ID_BYTES_MAX);
        mistakes.add(section.file(), id.line, what);
    } else if !id.value.trim().is_empty() && !id.value.chars().all(allowed) {
        let what =
            format!("the id `{}` may have letters a to z, digits, `-`, `_` and `.` only", id.value.escape_debug());
        mistakes.add(section.file(), id.line, what);
    } else if id.value.starts_with("aegis-") {
        mistakes.add(section.file(), id.line, "ids that begin with `aegis-` are the appliance's own; choose another");
    }
    id
}

fn read_rule(mut section: Section<'_>, source: &PackSource, stage: Stage, mistakes: &mut Mistakes) -> Rule {
    let line = section.line();
    let id = read_id(&mut section, mistakes);
    let reason = section.text_required("reason", mistakes).map(|reason| {
        if reason.value.len() > limits::REASON_BYTES_MAX {
            let what = format!("the reason has more than {} bytes", limits::REASON_BYTES_MAX);
            mistakes.add(&source.file, reason.line, what);
        }
        reason.value
    });
    let score = section.integer("score", 1..=i64::from(limits::SCORE_MAX), mistakes);
    if score.is_none() && section.keys().iter().all(|key| key != "score") {
        let what = "`rule.score` is missing; 80 and above blocks by default, 50 asks for review";
        mistakes.add(&source.file, line, what);
    }
    let actions = read_actions(&mut section, mistakes);
    let phrases = Phrases::read(&mut section, source, mistakes);
    let regexes = regexes::read(&mut section, mistakes);
    let has_regex = section.keys().iter().any(|key| key == "regex");
    let conditions = condition::read(&mut section, mistakes);
    let exempt = Exempt::read(&mut section, mistakes);
    let stage = read_stage(&mut section, mistakes).unwrap_or(stage);
    let ceiling = read_ceiling(&mut section, mistakes);
    if !phrases.is_asked() && !has_regex && conditions == Conditions::default() {
        mistakes.add(
            &source.file,
            line,
            "the rule asks for nothing; give it `keywords`, `keywords_file`, `regex` or a condition",
        );
    }
    section.finish(mistakes);
    Rule {
        line: if id.line == 0 { line } else { id.line },
        id: id.value,
        reason: reason.unwrap_or_default(),
        score: score.and_then(|score| u16::try_from(score.value).ok()).unwrap_or(1),
        actions,
        phrases,
        regexes,
        conditions,
        exempt,
        stage,
        ceiling,
    }
}

/// The actions of a rule, each kind once. A rule that names none deletes the message.
fn read_actions(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Vec<PlannedAction> {
    let file = section.file();
    let mute = read_duration(section, "mute_seconds", mistakes);
    let ban = read_duration(section, "ban_seconds", mistakes);
    let is_written = section.keys().iter().any(|key| key == "actions");
    let words = section.texts("actions", mistakes).unwrap_or_default();
    let mut actions: Vec<PlannedAction> = Vec::new();
    if !is_written {
        actions.push(PlannedAction { kind: ActionKind::Delete, seconds: 0 });
    }
    for word in words {
        match ActionKind::from_word(&word.value) {
            Some(kind) if !kind.is_for_rules() => {
                mistakes.add(file, word.line, format!("a rule cannot ask for `{}`; people do that", word.value));
            }
            Some(kind) if actions.iter().any(|action| action.kind == kind) => {
                mistakes.add(file, word.line, format!("the action `{}` is named twice", word.value));
            }
            Some(kind) => {
                let duration = match kind {
                    ActionKind::Mute => mute.as_ref(),
                    ActionKind::Ban => ban.as_ref(),
                    _ => None,
                };
                actions.push(PlannedAction { kind, seconds: duration.map_or(0, |found| found.value) });
            }
            None => {
                let known: Vec<&str> =
                    ActionKind::ALL.iter().filter(|kind| kind.is_for_rules()).map(|kind| kind.word()).collect();
                mistakes.add(file, word.line, unknown("action", &word.value, &known));
            }
        }
    }
    for (kind, key, duration) in [(ActionKind::Mute, "mute_seconds", &mute), (ActionKind::Ban, "ban_seconds", &ban)] {
        if let Some(duration) = duration
            && actions.iter().all(|action| action.kind != kind)
        {
            let what = format!("`rule.{key}` is given, but \"{}\" is not in `rule.actions`", kind.word());
            mistakes.add(file, duration.line, what);
        }
    }
    actions
}

fn read_duration(section: &mut Section<'_>, key: &'static str, mistakes: &mut Mistakes) -> Option<Lined<u32>> {
    let written = section.text(key, mistakes)?;
    let seconds = length::of_action(written.value.trim());
    if seconds.is_none() {
        let what = format!(
            "`rule.{key}` must be a duration from 30s to 366d as \"30m\", \"2h\", \"3d\" or \"2w\", or \"forever\", not \"{}\"",
            written.value.escape_debug()
        );
        mistakes.add(section.file(), written.line, what);
    }
    seconds.map(|value| Lined { value, line: written.line })
}

fn read_ceiling(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Option<Ceiling> {
    let hits = section.integer("hit_ceiling", 1..=i64::from(limits::HIT_CEILING_MAX), mistakes);
    let window = read_duration(section, "hit_ceiling_window", mistakes);
    if let Some(window) = &window {
        if window.value == 0 {
            mistakes.add(section.file(), window.line, "`rule.hit_ceiling_window` must end; write it as \"1h\"");
        } else if section.keys().iter().all(|key| key != "hit_ceiling") {
            let what = "`rule.hit_ceiling_window` is given, but no `rule.hit_ceiling`; add it or remove the window";
            mistakes.add(section.file(), window.line, what);
        }
    }
    let hits = u32::try_from(hits?.value).ok()?;
    Some(Ceiling { hits, window_s: window.map_or(limits::HIT_CEILING_WINDOW_S, |window| window.value) })
}

pub(super) fn unknown(what: &str, written: &str, known: &[&str]) -> String {
    let written_safe = written.escape_debug();
    match document::nearest(written, known) {
        Some(near) => format!("unknown {what} \"{written_safe}\"; did you mean \"{near}\"?"),
        None => format!("unknown {what} \"{written_safe}\"; known: {}", known.join(", ")),
    }
}

pub(super) fn check_list_name(name: &Lined<String>, file: &str, mistakes: &mut Mistakes) -> Option<()> {
    if is_plain_file_name(&name.value) {
        return Some(());
    }
    let what = format!(
        "`rule.keywords_file` must be the plain name of a file beside the pack, not \"{}\"",
        name.value.escape_debug()
    );
    mistakes.add(file, name.line, what);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_named_without_a_path() {
        let text = "[[rule]]\nkeywords_file = \"a.txt\"\n[[rule]]\nkeywords_file = \"../b.txt\"\n[[rule]]\n\
                    keywords_file = \"a.txt\"\n[[rule]]\nkeywords_file = \"c/d.txt\"\n[[rule]]\nkeywords_file = 3";
        assert_eq!(keyword_files(text), ["a.txt"]);
        assert_eq!(keyword_files("[["), Vec::<String>::new());
    }
}
