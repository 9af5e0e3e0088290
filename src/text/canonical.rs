//! Folded text with the way back to the original.
//!
//! Promises: at most `limits::CANONICAL_BYTES_MAX` bytes; [`Canonical::span`] answers for any range of the text and
//! its ends are character boundaries of the original.
//!
//! Never: an allocation once the buffers have grown to what messages need.

use crate::limits;
use crate::message::{SurfaceKind, Truncation};
use crate::verdict::Span;

/// What the fold took away or cut, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Characters nobody sees: zero-width, variation selectors, fillers.
    pub invisible: u32,
    /// Characters that turn the direction of writing.
    pub bidi: u32,
    /// Tag characters, read as the letters they hide.
    pub tags: u32,
    /// Combining marks dropped.
    pub marks: u32,
    /// Words in which letters of two scripts were brought to one.
    pub mixed_words: u32,
}

/// A stretch of folded text in which every `step` bytes come from `wide` bytes and `units` UTF-16 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    at: u16,
    step: u16,
    from: u16,
    wide: u16,
    unit_from: u16,
    units: u16,
    surface: u16,
}

/// Where something stands in the original: a surface, bytes and UTF-16 units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub surface: u16,
    pub from: u16,
    pub wide: u16,
    pub unit_from: u16,
    pub units: u16,
}

/// The folded text of a message: its surfaces in order, `\n` between them and nowhere else.
#[derive(Clone, Debug, Default)]
pub struct Canonical {
    text: String,
    pieces: Vec<Piece>,
    /// Where the next byte of the original must begin to go on with the last piece.
    expected: u16,
    surfaces: Vec<(u16, SurfaceKind)>,
    pub(super) tally: Tally,
    truncated: Truncation,
}

impl Canonical {
    /// The folded text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the fold took away.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Whether some of the original did not fit.
    #[must_use]
    pub const fn truncated(&self) -> Truncation {
        self.truncated
    }

    /// Heap bytes held by the buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.capacity() + self.pieces.capacity() * size_of::<Piece>() + self.surfaces.capacity() * 4
    }

    /// The kind of surface the byte at `at` came from.
    #[must_use]
    pub fn surface_kind(&self, at: usize) -> Option<SurfaceKind> {
        let index = self.surfaces.partition_point(|(start, _)| usize::from(*start) <= at);
        self.surfaces.get(index.checked_sub(1)?).map(|(_, kind)| *kind)
    }

    /// Where in the original the bytes `from..to` of the folded text come from. A range that leaves a surface is
    /// answered with what lies in the surface it begins in; an empty or outer range has no answer.
    #[must_use]
    pub fn span(&self, from: usize, to: usize) -> Option<Span> {
        if from >= to || to > self.text.len() {
            return None;
        }
        let first = self.origin(from)?;
        let last = self.origin(to.checked_sub(1)?)?;
        let last = if last.surface == first.surface { last } else { first };
        Some(Span {
            surface: first.surface,
            from: u32::from(first.from),
            to: u32::from(last.from).saturating_add(u32::from(last.wide)),
            utf16_from: u32::from(first.unit_from),
            utf16_to: u32::from(last.unit_from).saturating_add(u32::from(last.units)),
        })
    }

    /// Where the byte at `at` comes from.
    pub(super) fn origin(&self, at: usize) -> Option<Origin> {
        let index = self.pieces.partition_point(|piece| usize::from(piece.at) <= at);
        let piece = self.pieces.get(index.checked_sub(1)?)?;
        let steps = small(at.saturating_sub(usize::from(piece.at)) / usize::from(piece.step.max(1)));
        Some(Origin {
            surface: piece.surface,
            from: piece.from.saturating_add(steps.saturating_mul(piece.wide)),
            wide: piece.wide,
            unit_from: piece.unit_from.saturating_add(steps.saturating_mul(piece.units)),
            units: piece.units,
        })
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.pieces.clear();
        self.surfaces.clear();
        self.tally = Tally::default();
        self.truncated = Truncation::Whole;
    }

    pub(super) fn cut(&mut self) {
        self.truncated = Truncation::Cut;
    }

    pub(super) fn begin_surface(&mut self, kind: SurfaceKind, origin: Origin) {
        if !self.surfaces.is_empty() {
            self.push('\n', origin);
        }
        self.surfaces.push((small(self.text.len()), kind));
    }

    /// Adds one character. What does not fit is cut.
    pub(super) fn push(&mut self, ch: char, origin: Origin) {
        let step = ch.len_utf8();
        if self.text.len() + step > limits::CANONICAL_BYTES_MAX {
            self.truncated = Truncation::Cut;
            return;
        }
        self.go_on(small(step), origin);
        self.text.push(ch);
    }

    fn go_on(&mut self, step: u16, origin: Origin) {
        let goes_on = self.expected == origin.from
            && self.pieces.last().is_some_and(|last| {
                last.step == step
                    && last.wide == origin.wide
                    && last.units == origin.units
                    && last.surface == origin.surface
            });
        if !goes_on {
            self.pieces.push(Piece {
                at: small(self.text.len()),
                step,
                from: origin.from,
                wide: origin.wide,
                unit_from: origin.unit_from,
                units: origin.units,
                surface: origin.surface,
            });
        }
        self.expected = origin.from.saturating_add(origin.wide);
    }

    /// Takes the text from `at` on away, to be written anew.
    pub(super) fn retreat(&mut self, at: usize) {
        self.text.truncate(at);
        let keep = self.pieces.partition_point(|piece| usize::from(piece.at) < at);
        self.pieces.truncate(keep);
        // No original byte follows here: the next character opens a piece of its own.
        self.expected = u16::MAX;
    }
}

/// Offsets fit 16 bits: `limits` checks that the largest text does.
pub(super) fn small(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
