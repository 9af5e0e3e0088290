//! Further views of a folded message. One so far: words that stand in single letters ("f r e e", "c-r-y-p-t-o") put
//! together.
//!
//! Promises: a view is a [`Canonical`] of its own with the way back to the original; most messages have an empty one.
//!
//! Never: a view that grows faster than the text it is made from.

use super::canonical::Canonical;
use super::tables::is_word;
use super::writer::{Desk, Writer};
use crate::limits;
use crate::message::SurfaceKind;

/// Puts single letters together that stand apart by one sign each, the same sign all along.
pub(super) fn join(canonical: &Canonical, out: &mut Canonical, desk: &mut Desk) {
    out.clear();
    let text = canonical.text();
    let mut run = Run::default();
    let mut word: Option<(usize, usize)> = None;
    let mut before = Gap::default();
    for (at, ch) in text.char_indices().chain([(text.len(), '\n')]) {
        if is_word(ch) && !super::has_no_spaces(ch) {
            let (_, letters) = word.get_or_insert((at, 0));
            *letters += 1;
            continue;
        }
        if let Some((from, letters)) = word.take() {
            if letters != 1 || !run.goes_on(before) {
                run.write(canonical, out, desk);
                run = Run { from, ..Run::default() };
            }
            if letters == 1 {
                run.letters += 1;
                run.to = at;
            }
            before = Gap::default();
        }
        before = Gap { signs: before.signs + 1, sign: ch };
        if ch == '\n' {
            run.write(canonical, out, desk);
            run = Run::default();
        }
    }
}

/// What stands between two words.
#[derive(Clone, Copy, Default)]
struct Gap {
    signs: usize,
    sign: char,
}

/// Single letters found so far that stand apart by the same sign.
#[derive(Default)]
struct Run {
    from: usize,
    to: usize,
    letters: usize,
    sign: Option<char>,
}

impl Run {
    fn goes_on(&mut self, gap: Gap) -> bool {
        self.letters > 0 && gap.signs == 1 && *self.sign.get_or_insert(gap.sign) == gap.sign
    }

    fn write(&self, canonical: &Canonical, out: &mut Canonical, desk: &mut Desk) {
        if self.letters < limits::JOINED_LETTERS_MIN {
            return;
        }
        let kind = canonical.surface_kind(self.from).unwrap_or(SurfaceKind::Text);
        out.begin_surface(kind, canonical.origin(self.from).unwrap_or_default());
        let mut writer = Writer::new(out, desk);
        for (offset, ch) in canonical.text().get(self.from..self.to).unwrap_or_default().char_indices() {
            if is_word(ch) {
                writer.write(ch, canonical.origin(self.from + offset).unwrap_or_default());
            }
        }
        writer.close_word();
    }
}

/// How many links a folded text shows: words with `://`, or that begin with `t.me/` or `www.`.
#[must_use]
pub fn links(canonical: &Canonical) -> usize {
    canonical
        .text()
        .split([' ', '\n'])
        .filter(|word| word.contains("://") || word.starts_with("t.me/") || word.starts_with("www."))
        .count()
}
