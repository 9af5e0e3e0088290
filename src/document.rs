//! Reading a TOML document so that one refusal lists every mistake, each with its file and line.
//!
//! Promises: a key that nobody asked for is a mistake, with the nearest known key as its cure; a value of the wrong
//! type or out of range is a mistake; reading goes on after a mistake, so that all of them are told at once, up to
//! `limits::MISTAKES_MAX`. Total: any text yields a value.
//!
//! Never: a file. The caller brings the text and the name it goes by.

use crate::limits;
use std::fmt;
use std::ops::RangeInclusive;
use std::rc::Rc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One mistake in something a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, or the environment variable, as its author knows it.
    pub file: String,
    /// The line, from 1; 0 when the mistake is about the whole.
    pub line: usize,
    /// What is wrong and how to mend it.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.what)
        } else {
            write!(f, "{}:{}: {}", self.file, self.line, self.what)
        }
    }
}

/// All mistakes found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    list: Vec<Mistake>,
    more: usize,
}

impl Mistakes {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The mistakes, in the order found; those past the bound are only counted.
    #[must_use]
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }

    /// Adds a mistake. `line` 0 means the whole file.
    pub fn add(&mut self, file: &str, line: usize, what: impl Into<String>) {
        if self.list.len() < limits::MISTAKES_MAX {
            self.list.push(Mistake { file: file.to_owned(), line, what: what.into() });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.list {
            writeln!(f, "{mistake}")?;
        }
        if self.more > 0 {
            writeln!(f, "and {} more", self.more)?;
        }
        Ok(())
    }
}

/// A table being read. Ask for each key once, then call [`Section::finish`], which reports what nobody asked for.
#[derive(Debug)]
pub struct Section<'a> {
    file: &'a str,
    lines: Lines<'a>,
    name: String,
    line: usize,
    entries: Vec<Entry<'a>>,
    asked: Vec<&'static str>,
}

#[derive(Debug)]
struct Entry<'a> {
    key: String,
    line: usize,
    value: Option<DeValue<'a>>,
    value_line: usize,
}

/// A value and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lined<T> {
    /// The value.
    pub value: T,
    /// Its line, from 1.
    pub line: usize,
}

/// Where the lines of a document are: the line breaks before each block of it, so that the line of one value in a long
/// document is found without reading all of it.
#[derive(Clone, Debug)]
struct Lines<'a> {
    source: &'a [u8],
    before: Rc<[usize]>,
}

const BLOCK_BYTES: usize = 4 * 1024;

fn line_breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

impl<'a> Lines<'a> {
    fn new(source: &'a str) -> Self {
        let source = source.as_bytes();
        let mut sum = 0_usize;
        let before = source.chunks(BLOCK_BYTES).map(|block| {
            let before = sum;
            sum = sum.saturating_add(line_breaks(block));
            before
        });
        Self { source, before: before.collect() }
    }

    /// The line of the byte at `offset`, from 1.
    fn of(&self, offset: usize) -> usize {
        let offset = offset.min(self.source.len());
        let block = (offset / BLOCK_BYTES).min(self.before.len().saturating_sub(1));
        let rest = self.source.get(block.saturating_mul(BLOCK_BYTES)..offset).unwrap_or_default();
        let before = self.before.get(block).copied().unwrap_or(0);
        before.saturating_add(line_breaks(rest)).saturating_add(1)
    }
}

/// Reads a document. Syntax errors become mistakes; what could be read around them is still returned, so that
/// mistakes of meaning are told in the same refusal.
pub fn read<'a>(file: &'a str, source: &'a str, mistakes: &mut Mistakes) -> Section<'a> {
    let (table, errors) = DeTable::parse_recoverable(source);
    let lines = Lines::new(source);
    for error in errors {
        let line = error.span().map_or(0, |span| lines.of(span.start));
        mistakes.add(file, line, error.message().to_owned());
    }
    Section::new(file, lines, String::new(), 1, table.into_inner())
}

impl<'a> Section<'a> {
    fn new(file: &'a str, lines: Lines<'a>, name: String, line: usize, table: DeTable<'a>) -> Self {
        let entries = table
            .into_iter()
            .map(|(key, value)| {
                let value_line = lines.of(value.span().start);
                Entry {
                    line: lines.of(key.span().start),
                    key: key.into_inner().into_owned(),
                    value: Some(value.into_inner()),
                    value_line,
                }
            })
            .collect();
        Self { file, lines, name, line, entries, asked: Vec::new() }
    }

    /// The file this section came from.
    #[must_use]
    pub const fn file(&self) -> &'a str {
        self.file
    }

    /// The line this section starts on.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The keys that are present, for tables whose keys are names that people choose.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.key.clone()).collect()
    }

    /// The line on which a key stands, if it is there.
    #[must_use]
    pub fn line_of(&self, key: &str) -> Option<usize> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.line)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn take(&mut self, key: &'static str) -> Option<Lined<DeValue<'a>>> {
        self.asked.push(key);
        self.take_named(key)
    }

    fn take_named(&mut self, key: &str) -> Option<Lined<DeValue<'a>>> {
        let entry = self.entries.iter_mut().find(|entry| entry.key == key)?;
        let line = entry.value_line;
        entry.value.take().map(|value| Lined { value, line })
    }

    fn wrong_type(&self, key: &str, found: &Lined<DeValue<'a>>, wanted: &str, mistakes: &mut Mistakes) {
        let what = format!("`{}` must be {wanted}, not {}", self.path(key), found.value.type_str());
        mistakes.add(self.file, found.line, what);
    }

    /// A text.
    pub fn text(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Lined<String>> {
        self.text_called(key, "a text in quotes", mistakes)
    }

    /// A text, for which something else is often written: `wanted` says what it must be, with an example.
    pub fn text_called(&mut self, key: &'static str, wanted: &str, mistakes: &mut Mistakes) -> Option<Lined<String>> {
        let found = self.take(key)?;
        if let Some(text) = found.value.as_str() {
            return Some(Lined { value: text.to_owned(), line: found.line });
        }
        self.wrong_type(key, &found, wanted, mistakes);
        None
    }

    /// A text that must be there and not be empty.
    pub fn text_required(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Lined<String>> {
        let present = self.entries.iter().any(|entry| entry.key == key);
        let text = self.text(key, mistakes);
        match &text {
            None if !present => {
                mistakes.add(self.file, self.line, format!("`{}` is missing", self.path(key)));
            }
            Some(found) if found.value.trim().is_empty() => {
                mistakes.add(self.file, found.line, format!("`{}` must not be empty", self.path(key)));
            }
            _ => {}
        }
        text
    }

    /// A text that may be left out, but must not be empty.
    pub fn text_required_if_present(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Lined<String>> {
        let present = self.entries.iter().any(|entry| entry.key == key);
        if present { self.text_required(key, mistakes) } else { self.text(key, mistakes) }
    }

    /// A whole number within a range.
    pub fn integer(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
        mistakes: &mut Mistakes,
    ) -> Option<Lined<i64>> {
        let found = self.take(key)?;
        let Some(number) = found.value.as_integer() else {
            self.wrong_type(key, &found, "a whole number", mistakes);
            return None;
        };
        let parsed = i64::from_str_radix(number.as_str(), number.radix()).ok().filter(|value| range.contains(value));
        if parsed.is_none() {
            let what = format!(
                "`{}` must be between {} and {}, not {}",
                self.path(key),
                range.start(),
                range.end(),
                number.as_str()
            );
            mistakes.add(self.file, found.line, what);
        }
        parsed.map(|value| Lined { value, line: found.line })
    }

    /// True or false.
    pub fn boolean(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Lined<bool>> {
        let found = self.take(key)?;
        let value = found.value.as_bool();
        if value.is_none() {
            self.wrong_type(key, &found, "true or false", mistakes);
        }
        value.map(|value| Lined { value, line: found.line })
    }

    /// A list of texts.
    pub fn texts(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Vec<Lined<String>>> {
        let found = self.take(key)?;
        let DeValue::Array(array) = found.value else {
            self.wrong_type(key, &found, "a list of texts", mistakes);
            return None;
        };
        let mut texts = Vec::with_capacity(array.len());
        for item in array {
            let line = self.lines.of(item.span().start);
            match item.into_inner() {
                DeValue::String(text) => texts.push(Lined { value: text.into_owned(), line }),
                other => self.wrong_type(key, &Lined { value: other, line }, "a list of texts only", mistakes),
            }
        }
        Some(texts)
    }

    /// A list of whole numbers.
    pub fn integers(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Vec<Lined<i64>>> {
        let found = self.take(key)?;
        let DeValue::Array(array) = found.value else {
            self.wrong_type(key, &found, "a list of whole numbers", mistakes);
            return None;
        };
        let mut numbers = Vec::with_capacity(array.len());
        for item in array {
            let line = self.lines.of(item.span().start);
            let value = item.into_inner();
            let number = value.as_integer().map(|number| i64::from_str_radix(number.as_str(), number.radix()));
            match number {
                Some(Ok(value)) => numbers.push(Lined { value, line }),
                Some(Err(_)) => mistakes.add(self.file, line, format!("a number in `{}` is too large", self.path(key))),
                None => self.wrong_type(key, &Lined { value, line }, "a list of whole numbers only", mistakes),
            }
        }
        Some(numbers)
    }

    /// A table.
    pub fn section(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Section<'a>> {
        self.asked.push(key);
        self.section_named(key, mistakes)
    }

    /// A table under a key that a person chose, as listed by [`Section::keys`].
    pub fn section_named(&mut self, key: &str, mistakes: &mut Mistakes) -> Option<Section<'a>> {
        let found = self.take_named(key)?;
        match found.value {
            DeValue::Table(table) => {
                Some(Section::new(self.file, self.lines.clone(), self.path(key), found.line, table))
            }
            value => {
                self.wrong_type(key, &Lined { value, line: found.line }, "a table", mistakes);
                None
            }
        }
    }

    /// A list of tables (`[[key]]`).
    pub fn sections(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Vec<Section<'a>> {
        let Some(found) = self.take(key) else { return Vec::new() };
        let DeValue::Array(array) = found.value else {
            self.wrong_type(key, &found, "a list of tables", mistakes);
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(array.len());
        for item in array {
            let line = self.lines.of(item.span().start);
            match Spanned::into_inner(item) {
                DeValue::Table(table) => {
                    sections.push(Section::new(self.file, self.lines.clone(), self.path(key), line, table));
                }
                other => self.wrong_type(key, &Lined { value: other, line }, "a list of tables only", mistakes),
            }
        }
        sections
    }

    /// Ends the reading: every key nobody asked for is a mistake.
    pub fn finish(self, mistakes: &mut Mistakes) {
        for entry in self.entries.iter().filter(|entry| entry.value.is_some()) {
            let path = self.path(&entry.key);
            let what = match nearest(&entry.key, &self.asked) {
                Some(known) => format!("unknown key `{path}`; did you mean `{known}`?"),
                None => format!("unknown key `{path}`; known here: {}", self.asked.join(", ")),
            };
            mistakes.add(self.file, entry.line, what);
        }
    }
}

/// The known word closest to what was written, if it is close enough to be meant.
#[must_use]
pub fn nearest<'w>(written: &str, known: &[&'w str]) -> Option<&'w str> {
    known
        .iter()
        .map(|word| (distance(written, word), *word))
        .filter(|(distance, word)| *distance <= 1 + word.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Edits (insert, remove, replace) between two short words.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut last = i + 1;
        for (right, cell) in b.chars().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(left != right);
            diagonal = *cell;
            last = replaced.min(last + 1).min(*cell + 1);
            *cell = last;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refusal_lists_every_mistake_with_its_line() {
        let mut mistakes = Mistakes::default();
        let source = "name = 3\nmoed = \"x\"\n\n[web]\nport = 99999\nextra = 1\n";
        let mut root = read("a.toml", source, &mut mistakes);
        assert_eq!(root.text("name", &mut mistakes), None);
        assert_eq!(root.text("mode", &mut mistakes), None);
        let mut web = root.section("web", &mut mistakes).expect("the section is there");
        assert_eq!(web.integer("port", 1..=65535, &mut mistakes), None);
        web.finish(&mut mistakes);
        root.finish(&mut mistakes);
        let told: Vec<String> = mistakes.list().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "a.toml:1: `name` must be a text in quotes, not integer",
                "a.toml:5: `web.port` must be between 1 and 65535, not 99999",
                "a.toml:6: unknown key `web.extra`; known here: port",
                "a.toml:2: unknown key `moed`; did you mean `mode`?",
            ]
        );
    }

    #[test]
    fn a_place_in_a_long_document_has_the_line_it_stands_on() {
        for text in ["", "\n", "a", &"one\n".repeat(5_000), &"\n".repeat(BLOCK_BYTES), &"x".repeat(3 * BLOCK_BYTES)] {
            let lines = Lines::new(text);
            for offset in (0..text.len() + 3).step_by(7).chain([BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1]) {
                let counted = text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
                assert_eq!(lines.of(offset), counted, "{offset} of {}", text.len());
            }
        }
    }

    #[test]
    fn a_broken_document_is_a_mistake_and_never_a_panic() {
        for source in ["a = ", "[[", "a = 1\na = 2", "\u{0}", "= 3", "[a\nb = 1"] {
            let mut mistakes = Mistakes::default();
            read("b.toml", source, &mut mistakes).finish(&mut mistakes);
            assert!(!mistakes.is_empty(), "{source:?} was accepted");
        }
    }

    #[test]
    fn the_nearest_known_word_is_offered() {
        assert_eq!(nearest("moed", &["mode", "shards"]), Some("mode"));
        assert_eq!(nearest("zzz", &["mode", "shards"]), None);
    }
}
