//! The fold itself: one pass over each surface, cluster by cluster.
//!
//! A cluster is a letter with the marks on it, or Hangul parts that make a syllable. It is brought to its compatibility
//! form (NFKC), loses its case and the marks its script does not need, and look-alike letters of mixed words are brought
//! to one script when the word ends. Characters that nobody sees are taken away and counted.
//!
//! Promises: linear in the text; no allocation after warm-up; [`fold`] reads at most `limits::MESSAGE_TEXT_BYTES_MAX`
//! bytes of each surface and writes at most `limits::CANONICAL_BYTES_MAX` in all.
//!
//! Never: a change of plain ASCII besides case and runs of white space.

use super::canonical::{Canonical, Origin, small};
use super::skeleton::Skeleton;
use super::tables::{Stripped, hidden_by_tag, indicated, only_flags, simple, stripped};
use super::writer::{BREVE, Desk, Writer, is_short_i};
use crate::limits;
use crate::message::{Message, SurfaceKind, Truncation, floor_char_boundary};
use std::str::Chars;
use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};

/// Buffers of the fold, used again for every message.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) canonical: Canonical,
    pub(super) skeleton: Skeleton,
    pub(super) desk: Desk,
}

impl Scratch {
    /// The folded text of the message folded last.
    #[must_use]
    pub const fn canonical(&self) -> &Canonical {
        &self.canonical
    }

    /// The skeleton of that text.
    #[must_use]
    pub const fn skeleton(&self) -> &Skeleton {
        &self.skeleton
    }

    /// Heap bytes held by the buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.canonical.bytes() + self.skeleton.bytes() + self.desk.bytes()
    }
}

/// Folds all surfaces of a message, and takes the skeleton. The results are in the scratch until the next call.
pub fn fold(message: &Message, scratch: &mut Scratch) {
    if scratch.bytes() > limits::SCRATCH_KEEP_BYTES {
        *scratch = Scratch::default();
    }
    scratch.canonical.clear();
    if message.truncated == Truncation::Cut {
        scratch.canonical.cut();
    }
    for (index, surface) in message.surfaces.iter().enumerate() {
        fold_surface(&surface.text, small(index), surface.kind, &mut scratch.canonical, &mut scratch.desk);
    }
    scratch.skeleton.set(scratch.canonical.text());
}

/// Folds one phrase, as for a keyword: no white space at either end.
#[must_use]
pub fn fold_phrase(phrase: &str) -> String {
    let mut canonical = Canonical::default();
    fold_surface(phrase, 0, SurfaceKind::Text, &mut canonical, &mut Desk::default());
    canonical.text().trim_matches(' ').to_owned()
}

fn fold_surface(text: &str, surface: u16, kind: SurfaceKind, canonical: &mut Canonical, desk: &mut Desk) {
    let kept = text.get(..floor_char_boundary(text, limits::MESSAGE_TEXT_BYTES_MAX)).unwrap_or_default();
    if kept.len() < text.len() {
        canonical.cut();
    }
    canonical.begin_surface(kind, Origin { surface, ..Origin::default() });
    let mut writer = Writer::new(canonical, desk);
    if kept.is_ascii() {
        fold_ascii(kept, surface, &mut writer);
    } else {
        fold_any(kept, surface, &mut writer);
        writer.close_word();
    }
}

fn fold_ascii(text: &str, surface: u16, writer: &mut Writer<'_>) {
    for (from, byte) in text.bytes().enumerate() {
        let from = small(from);
        let origin = Origin { surface, from, wide: 1, unit_from: from, units: 1 };
        writer.write_ascii(char::from(byte.to_ascii_lowercase()), origin);
    }
}

/// A place in the original: what is left of it, and how many UTF-16 units were passed.
#[derive(Clone)]
struct Place<'t> {
    rest: Chars<'t>,
    length: usize,
    units: usize,
}

impl Place<'_> {
    fn next(&mut self) -> Option<char> {
        let ch = self.rest.next()?;
        self.units += ch.len_utf16();
        Some(ch)
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    /// Whether two tag characters follow.
    fn is_before_tags(&self) -> bool {
        let mut rest = self.rest.clone();
        (0..2).all(|_| rest.next().is_some_and(|ch| hidden_by_tag(ch).is_some()))
    }

    fn offset(&self) -> usize {
        self.length - self.rest.as_str().len()
    }
}

fn fold_any(text: &str, surface: u16, writer: &mut Writer<'_>) {
    let mut place = Place { rest: text.chars(), length: text.len(), units: 0 };
    let mut in_tags = false;
    let mut are_flags: Option<bool> = None;
    loop {
        let (from, unit_from) = (place.offset(), place.units);
        let Some(ch) = place.next() else { return };
        let mut single = simple(ch);
        if single.is_none() {
            if let Some(why) = stripped(ch) {
                writer.tally(why);
                continue;
            }
            if let Some(letter) = hidden_by_tag(ch) {
                writer.tallies().tags += 1;
                // Sown between letters tags only part them; in a row they hide a text.
                in_tags = in_tags || place.is_before_tags();
                if !in_tags {
                    continue;
                }
                single = simple(letter);
            }
        }
        in_tags = in_tags && hidden_by_tag(ch).is_some();
        if let Some(letter) = indicated(ch) {
            // Asked once for a text: where one word is written in them, all are letters.
            let flags = *are_flags.get_or_insert_with(|| only_flags(text.get(from..).unwrap_or_default()));
            single = Some(if flags { ch } else { letter });
        }
        if single.is_none() || place.peek().is_some_and(|next| simple(next).is_none()) {
            gather(single.unwrap_or(ch), in_tags, &mut place, writer);
            single = None;
        }
        let origin = Origin {
            surface,
            from: small(from),
            wide: small(place.offset() - from),
            unit_from: small(unit_from),
            units: small(place.units - unit_from),
        };
        match single {
            Some(folded) => writer.write(folded, origin),
            None => writer.write_cluster(origin),
        }
        if writer.is_full() {
            return;
        }
    }
}

/// Decomposes `base` and all that belongs to it into the desk, and moves past it.
fn gather(base: char, in_tags: bool, place: &mut Place<'_>, writer: &mut Writer<'_>) {
    writer.clear_desk();
    let mut tail = writer.lay(base);
    let mut marks = 0;
    let mut ahead = place.clone();
    let (mut invisible, mut bidi, mut other_marks, mut tags) = (0, 0, 0, 0);
    while let Some(ch) = ahead.next() {
        match stripped(ch) {
            Some(Stripped::Mark) if is_short_i(tail, ch) => {
                writer.lay_breve();
                tail = BREVE;
            }
            Some(Stripped::Invisible) => {
                invisible += 1;
                continue;
            }
            Some(Stripped::Bidi) => {
                bidi += 1;
                continue;
            }
            Some(Stripped::Mark) => {
                // A mark belongs to the letter before it, so that the letter's place covers it.
                other_marks += 1;
                if invisible + bidi + tags == 0 {
                    *place = ahead.clone();
                    writer.tallies().marks += other_marks;
                    other_marks = 0;
                }
                continue;
            }
            None if hidden_by_tag(ch).is_some() && !in_tags && !ahead.is_before_tags() => {
                tags += 1;
                continue;
            }
            None if simple(ch).is_some() || !extends(tail, ch) => return,
            None if is_combining_mark(ch) => {
                marks += 1;
                if marks <= limits::MARKS_PER_BASE_MAX {
                    writer.lay(ch);
                } else {
                    other_marks += 1;
                }
                tail = ch;
            }
            None => {
                let laid = writer.lay(ch);
                tail = compose(tail, laid).unwrap_or(laid);
            }
        }
        *place = ahead.clone();
        let tally = writer.tallies();
        tally.invisible += invisible;
        tally.bidi += bidi;
        tally.marks += other_marks;
        tally.tags += tags;
        (invisible, bidi, other_marks, tags) = (0, 0, 0, 0);
    }
}

/// Whether a character belongs to the cluster that `tail` ends.
fn extends(tail: char, ch: char) -> bool {
    if is_combining_mark(ch) {
        return true;
    }
    let mut first = None;
    decompose_compatible(ch, |part| {
        first.get_or_insert(part);
    });
    first.is_some_and(|first| is_combining_mark(first) || compose(tail, first).is_some())
}
