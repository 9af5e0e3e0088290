//! Keywords as written: in the rule, or in a list beside the pack, one phrase a line.
//!
//! Promises: a keyword goes through the same fold as a message; one that folds to nothing is a mistake with its line.
//!
//! Never: a file.

use super::pack::{PackSource, check_list_name};
use crate::document::{Lined, Mistakes, Section, nearest};
use crate::limits;
use crate::text;

/// Where a keyword may begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Bounds {
    pub begins: Edge,
    pub ends: Edge,
}

/// One end of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Edge {
    /// Anywhere, also inside a word.
    Open,
    /// At a word's end only.
    Word,
    /// At the surface's end only.
    Surface,
}

/// The keywords of one rule, folded.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    list: Vec<(String, Bounds)>,
    /// Where one of these covers a keyword's place, the rule does not speak of it.
    exceptions: Vec<(String, Bounds)>,
    bytes: usize,
    is_asked: bool,
}

const MATCHES: [&str; 3] = ["word", "substring", "exact"];

impl Phrases {
    /// Whether the rule names keywords at all, good ones or not.
    pub(super) const fn is_asked(&self) -> bool {
        self.is_asked
    }

    pub(super) fn list(&self) -> &[(String, Bounds)] {
        &self.list
    }

    pub(super) fn exceptions(&self) -> &[(String, Bounds)] {
        &self.exceptions
    }

    /// Bytes of the keywords.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn read(section: &mut Section<'_>, source: &PackSource, mistakes: &mut Mistakes) -> Self {
        let mut phrases = Self::default();
        let edge = match section.text("match", mistakes) {
            None => Edge::Word,
            Some(word) => match word.value.as_str() {
                "word" => Edge::Word,
                "substring" => Edge::Open,
                "exact" => Edge::Surface,
                other => {
                    let what = match nearest(other, &MATCHES) {
                        Some(near) => format!("unknown match \"{}\"; did you mean \"{near}\"?", other.escape_debug()),
                        None => format!("unknown match \"{}\"; known: {}", other.escape_debug(), MATCHES.join(", ")),
                    };
                    mistakes.add(&source.file, word.line, what);
                    Edge::Word
                }
            },
        };
        if let Some(keywords) = section.texts("keywords", mistakes) {
            if keywords.is_empty() {
                mistakes.add(&source.file, section.line(), "`rule.keywords` is empty; name a phrase or leave it out");
            }
            phrases.is_asked = true;
            for keyword in keywords {
                phrases.add(&keyword, edge, &source.file, mistakes);
            }
        }
        if let Some(name) = section.text("keywords_file", mistakes) {
            phrases.is_asked = true;
            phrases.read_list(&name, edge, source, mistakes);
        }
        if phrases.list.is_empty() && !phrases.exceptions.is_empty() {
            let what = "the rule has exceptions (`~`) and no keyword they could except; add one or remove them";
            mistakes.add(&source.file, section.line(), what);
        }
        phrases
    }

    fn read_list(&mut self, name: &Lined<String>, edge: Edge, source: &PackSource, mistakes: &mut Mistakes) {
        if check_list_name(name, &source.file, mistakes).is_none() {
            return;
        }
        let Some((_, content)) = source.lists.iter().find(|(file, _)| *file == name.value) else {
            let what = format!("the list \"{}\" is not there; put it beside the pack", name.value.escape_debug());
            mistakes.add(&source.file, name.line, what);
            return;
        };
        if content.len() > limits::LIST_BYTES_MAX {
            let what =
                format!("the list has {} bytes; the most is {}: split it", content.len(), limits::LIST_BYTES_MAX);
            mistakes.add(&name.value, 0, what);
            return;
        }
        let before = self.list.len() + self.exceptions.len();
        let content = content.strip_prefix('\u{feff}').unwrap_or(content);
        for (index, line) in content.lines().enumerate() {
            let phrase = line.trim();
            if !phrase.is_empty() && !phrase.starts_with('#') {
                self.add(&Lined { value: phrase.to_owned(), line: index + 1 }, edge, &name.value, mistakes);
            }
            if self.list.len() + self.exceptions.len() > limits::KEYWORDS_MAX {
                break;
            }
        }
        if self.list.len() + self.exceptions.len() == before {
            mistakes.add(&name.value, 0, "the list has no phrase; write one a line");
        }
    }

    fn add(&mut self, keyword: &Lined<String>, edge: Edge, file: &str, mistakes: &mut Mistakes) {
        let written = keyword.value.trim();
        if written.len() > limits::KEYWORD_BYTES_MAX {
            let what = format!("the keyword has {} bytes; the most is {}", written.len(), limits::KEYWORD_BYTES_MAX);
            mistakes.add(file, keyword.line, what);
            return;
        }
        let (written, is_exception) = written.strip_prefix('~').map_or((written, false), |rest| (rest.trim(), true));
        let (written, begins) = written.strip_prefix('*').map_or((written, edge), |rest| (rest, Edge::Open));
        let (written, ends) = written.strip_suffix('*').map_or((written, edge), |rest| (rest, Edge::Open));
        let folded = text::fold_phrase(written);
        if folded.chars().all(|ch| ch == ' ' || ch == '*') {
            let shown = keyword.value.escape_debug();
            mistakes.add(file, keyword.line, format!("the keyword \"{shown}\" has nothing to look for; remove it"));
            return;
        }
        self.bytes += folded.len();
        let list = if is_exception { &mut self.exceptions } else { &mut self.list };
        list.push((folded, Bounds { begins, ends }));
    }
}
