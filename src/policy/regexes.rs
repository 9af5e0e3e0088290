//! Regular expressions of rules, over the folded text.
//!
//! Promises: linear in the text; at most `limits::REGEXES_MAX` of them, each bounded in bytes as written, compiled and
//! while it runs; only the first `limits::REGEX_TEXT_BYTES_MAX` bytes of a text are searched.
//!
//! Never: a match of nothing.

use super::matching::{Hit, Hits, Role};
use crate::document::{Lined, Mistakes, Section};
use crate::limits;
use crate::message::floor_char_boundary;
use regex_automata::Input;
use regex_automata::meta::{Cache, Config, Regex};
use regex_automata::util::syntax;

/// The regular expressions of one rule, compiled.
pub(super) fn read(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Vec<Regex> {
    let file = section.file();
    let written = section.texts("regex", mistakes).unwrap_or_default();
    written.iter().filter_map(|one| compile(one, file, mistakes)).collect()
}

fn compile(written: &Lined<String>, file: &str, mistakes: &mut Mistakes) -> Option<Regex> {
    let shown = written.value.escape_debug();
    if written.value.len() > limits::REGEX_BYTES_MAX {
        let what = format!("the regex has {} bytes; the most is {}", written.value.len(), limits::REGEX_BYTES_MAX);
        mistakes.add(file, written.line, what);
        return None;
    }
    let config = Config::new()
        .nfa_size_limit(Some(limits::REGEX_COMPILED_BYTES_MAX))
        .hybrid_cache_capacity(limits::REGEX_CACHE_BYTES_MAX);
    // Folded text has small letters only; a rule may be written with capitals.
    let syntax = syntax::Config::new().case_insensitive(true).multi_line(true);
    match Regex::builder().configure(config).syntax(syntax).build(&written.value) {
        Err(error) => {
            let why = match (error.syntax_error(), error.size_limit()) {
                (_, Some(most)) => format!("it takes more than {most} bytes compiled; write it simpler"),
                (Some(error), _) => error.to_string().lines().last().unwrap_or_default().to_owned(),
                _ => error.to_string(),
            };
            mistakes.add(file, written.line, format!("the regex \"{shown}\" is none: {why}"));
            None
        }
        Ok(regex) if regex.is_match("") => {
            let what = format!("the regex \"{shown}\" fits the empty text, and so any; ask for at least one character");
            mistakes.add(file, written.line, what);
            None
        }
        Ok(regex) => Some(regex),
    }
}

/// All of a set, each with its rule.
#[derive(Debug, Default)]
pub(super) struct Regexes {
    list: Vec<(u16, Regex)>,
}

/// What searching needs, one for each regular expression of the set of that version.
#[derive(Debug, Default)]
pub(super) struct Caches {
    version: u64,
    list: Vec<Cache>,
}

impl Caches {
    pub(super) fn bytes(&self) -> usize {
        self.list.iter().map(Cache::memory_usage).sum()
    }
}

impl Regexes {
    pub(super) fn add(&mut self, rule: u16, regex: Regex) {
        self.list.push((rule, regex));
    }

    pub(super) fn bytes(&self) -> usize {
        self.list.iter().map(|(_, regex)| regex.memory_usage()).sum()
    }

    /// Finds the first places of each.
    pub(super) fn scan(&self, version: u64, text: &str, caches: &mut Caches, hits: &mut Hits) {
        if self.list.is_empty() {
            return;
        }
        if caches.version != version || caches.list.len() != self.list.len() {
            caches.list = self.list.iter().map(|(_, regex)| regex.create_cache()).collect();
            caches.version = version;
        }
        let text = text.get(..floor_char_boundary(text, limits::REGEX_TEXT_BYTES_MAX)).unwrap_or_default();
        for ((rule, regex), cache) in self.list.iter().zip(&mut caches.list) {
            let mut from = 0;
            for _ in 0..limits::SPANS_MAX {
                let Some(found) = regex.search_with(cache, &Input::new(text).range(from..)) else { break };
                if hits.has_room(*rule) {
                    hits.push(Hit { rule: *rule, role: Role::Keyword, from: found.start(), to: found.end() });
                }
                from = found.end();
                if from >= text.len() || found.is_empty() {
                    break;
                }
            }
        }
    }
}
