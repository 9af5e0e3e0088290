//! Writing folded text: clusters are composed, lose their case, and words are brought to one script when they end.
//!
//! Promises: linear; buffers are used again; what does not fit is cut and said.
//!
//! Never: a look at the original. Where a character comes from is told by the caller.

use super::canonical::{Canonical, Origin, Tally};
use super::lookalike::{Scripts, Seen, bring};
use super::tables::{Class, Stripped, class, dark, keeps_marks, plain, simple, stripped};
use crate::limits;
use unicode_normalization::char::{canonical_combining_class, compose, decompose_compatible};

/// The one mark that makes another letter in Cyrillic: short i.
pub(super) const BREVE: char = '\u{306}';

/// Whether a mark after a letter makes Cyrillic short i, which is a letter of its own and keeps it.
pub(super) const fn is_short_i(letter: char, mark: char) -> bool {
    mark == BREVE && matches!(letter, '\u{438}' | '\u{418}')
}

/// Small working buffers.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// The cluster at hand, decomposed, with combining classes.
    cluster: Vec<(u8, char)>,
    /// A mixed word, to be written anew.
    word: Vec<(char, Origin)>,
}

impl Desk {
    pub(super) fn bytes(&self) -> usize {
        self.cluster.capacity() * size_of::<(u8, char)>() + self.word.capacity() * size_of::<(char, Origin)>()
    }
}

/// Writes folded characters, and brings each word to one script when it ends.
pub(super) struct Writer<'s> {
    canonical: &'s mut Canonical,
    desk: &'s mut Desk,
    seen: Seen,
    word_at: usize,
    letters: usize,
    last: char,
    /// The last character that is not a mark, and the marks after it.
    base: char,
    marks: usize,
}

impl<'s> Writer<'s> {
    pub(super) fn new(canonical: &'s mut Canonical, desk: &'s mut Desk) -> Self {
        let word_at = canonical.text().len();
        Self { canonical, desk, seen: Seen::default(), word_at, letters: 0, last: '\n', base: '\n', marks: 0 }
    }

    pub(super) const fn tallies(&mut self) -> &mut Tally {
        &mut self.canonical.tally
    }

    pub(super) fn clear_desk(&mut self) {
        self.desk.cluster.clear();
    }

    pub(super) fn lay_breve(&mut self) {
        self.desk.cluster.push((230, BREVE));
    }

    pub(super) fn tally(&mut self, why: Stripped) {
        let tally = &mut self.canonical.tally;
        match why {
            Stripped::Invisible => tally.invisible += 1,
            Stripped::Bidi => tally.bidi += 1,
            Stripped::Mark => tally.marks += 1,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.canonical.text().len() + 4 > limits::CANONICAL_BYTES_MAX
    }

    pub(super) fn write_ascii(&mut self, ch: char, origin: Origin) {
        let ch = if matches!(ch, '\t'..='\r') { ' ' } else { ch };
        if ch != ' ' || self.last != ' ' {
            self.canonical.push(ch, origin);
            self.last = ch;
        }
    }

    /// Writes one folded character.
    pub(super) fn write(&mut self, ch: char, origin: Origin) {
        if ch.is_ascii() {
            if ch.is_ascii_alphanumeric() {
                self.letter(ch);
            } else {
                self.close_word();
            }
            self.base = ch;
            self.write_ascii(ch, origin);
            if !ch.is_ascii_alphanumeric() {
                self.word_at = self.canonical.text().len();
            }
            return;
        }
        let class = class(ch);
        if class == Class::Mark {
            self.marks += 1;
            if self.marks > limits::MARKS_PER_BASE_MAX || !keeps_marks(self.base) {
                self.canonical.tally.marks += 1;
                return;
            }
        } else if class == Class::Other && ch.is_whitespace() {
            self.write(' ', origin);
            return;
        } else {
            self.marks = 0;
            self.base = ch;
        }
        self.last = ch;
        if class != Class::Other && !super::has_no_spaces(ch) {
            self.letter(ch);
            self.canonical.push(ch, origin);
        } else {
            self.close_word();
            self.canonical.push(ch, origin);
            self.word_at = self.canonical.text().len();
        }
    }

    fn letter(&mut self, ch: char) {
        if self.letters >= limits::WORD_LETTERS_MAX {
            self.close_word();
        }
        self.letters += 1;
        self.seen.note(ch);
    }

    /// Ends a word: if its letters are of more than one script, it is written anew in one.
    pub(super) fn close_word(&mut self) {
        if self.seen.is_mixed() {
            let word = self.canonical.text().get(self.word_at..).unwrap_or_default();
            if let Some(target) = Scripts::of(word).target() {
                self.rewrite(|ch| bring(ch, target));
            }
        }
        self.seen = Seen::default();
        self.letters = 0;
        self.word_at = self.canonical.text().len();
    }

    fn rewrite(&mut self, bring: impl Fn(char) -> char) {
        let Some(word) = self.canonical.text().get(self.word_at..) else { return };
        self.desk.word.clear();
        for (offset, ch) in word.char_indices() {
            let origin = self.canonical.origin(self.word_at + offset).unwrap_or_default();
            self.desk.word.push((bring(ch), origin));
        }
        self.canonical.retreat(self.word_at);
        for (ch, origin) in &self.desk.word {
            self.canonical.push(*ch, *origin);
        }
        self.canonical.tally.mixed_words += 1;
    }

    /// Lays a character's compatibility decomposition on the desk, without the marks the fold removes. Returns what
    /// the next character would compose with.
    pub(super) fn lay(&mut self, ch: char) -> char {
        if matches!(ch, '\u{ac00}'..='\u{d7a3}') {
            self.desk.cluster.push((0, ch));
            return ch;
        }
        let cluster = &mut self.desk.cluster;
        let mut tail = ch;
        decompose_compatible(ch, |part| {
            if is_short_i(tail, part) || stripped(part).is_none() {
                cluster.push((canonical_combining_class(part), part));
                // Parts of a Hangul syllable make one here already, so that what follows is seen to belong to it.
                tail = compose(tail, part).unwrap_or(part);
            }
        });
        tail
    }

    /// Composes what is on the desk, and writes it without case.
    pub(super) fn write_cluster(&mut self, origin: Origin) {
        let mut cluster = std::mem::take(&mut self.desk.cluster);
        order(&mut cluster);
        recompose(&mut cluster);
        for (_, ch) in &cluster {
            self.write_plain(*ch, origin);
        }
        self.desk.cluster = cluster;
    }

    fn write_plain(&mut self, ch: char, origin: Origin) {
        if let Some(folded) = simple(ch) {
            self.write(folded, origin);
            return;
        }
        if let Some(letter) = dark(ch) {
            self.write(letter, origin);
            return;
        }
        for lower in ch.to_lowercase() {
            match plain(lower) {
                '\u{df}' => {
                    self.write('s', origin);
                    self.write('s', origin);
                }
                '\u{e6}' => {
                    self.write('a', origin);
                    self.write('e', origin);
                }
                '\u{153}' => {
                    self.write('o', origin);
                    self.write('e', origin);
                }
                letter if stripped(letter).is_some() => {}
                letter => self.write(letter, origin),
            }
        }
    }
}

/// Canonical order: runs of marks by their class, keeping the order of equals.
fn order(cluster: &mut [(u8, char)]) {
    for run in cluster.split_mut(|(class, _)| *class == 0) {
        run.sort_by_key(|(class, _)| *class);
    }
}

/// Canonical composition, in place.
fn recompose(cluster: &mut Vec<(u8, char)>) {
    let mut kept = 0;
    let mut starter: Option<usize> = None;
    let mut last_class = None;
    for index in 0..cluster.len() {
        let Some((class, ch)) = cluster.get(index).copied() else { break };
        let adjacent = last_class.is_none_or(|last: u8| class != 0 && last < class);
        let composed = starter
            .filter(|_| adjacent)
            .and_then(|at| cluster.get(at).and_then(|(_, first)| compose(*first, ch)).map(|composed| (at, composed)));
        if let Some((at, composed)) = composed {
            if let Some(slot) = cluster.get_mut(at) {
                *slot = (0, composed);
            }
            continue;
        }
        if class == 0 {
            starter = Some(kept);
            last_class = None;
        } else {
            last_class = Some(class);
        }
        if let Some(slot) = cluster.get_mut(kept) {
            *slot = (class, ch);
        }
        kept += 1;
    }
    cluster.truncate(kept);
}
