//! The way back from a view to the original.
//!
//! A view is written piece by piece; each piece of consecutive original text that became a piece of the view is one
//! entry. Plain text, where one byte became one byte, is one entry however long it is.

use crate::verdict::Span;

/// One piece: where it starts in the view, and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    view: u32,
    surface: u16,
    from: u32,
    to: u32,
    utf16_from: u32,
    utf16_to: u32,
    kind: PieceKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PieceKind {
    /// Byte for byte, ASCII: a place inside the piece maps to a place inside the original.
    Plain,
    /// The whole piece came from the whole of its original.
    Whole,
}

/// A place in the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub surface: u16,
    pub from: u32,
    pub to: u32,
    pub utf16_from: u32,
    pub utf16_to: u32,
}

/// All pieces of a view, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    pieces: Vec<Piece>,
}

impl Spans {
    pub fn clear(&mut self) {
        self.pieces.clear();
    }

    /// One ASCII byte of the original became one byte of the view at `view`.
    pub fn plain(&mut self, view: u32, origin: Origin) {
        if let Some(last) = self.pieces.last_mut()
            && last.kind == PieceKind::Plain
            && last.surface == origin.surface
            && last.to == origin.from
            && view.saturating_sub(last.view) == origin.from.saturating_sub(last.from)
        {
            last.to = origin.to;
            last.utf16_to = origin.utf16_to;
            return;
        }
        self.push(view, origin, PieceKind::Plain);
    }

    /// A piece of the original became what the view holds from `view` on.
    pub fn whole(&mut self, view: u32, origin: Origin) {
        self.push(view, origin, PieceKind::Whole);
    }

    fn push(&mut self, view: u32, origin: Origin, kind: PieceKind) {
        let Origin { surface, from, to, utf16_from, utf16_to } = origin;
        self.pieces.push(Piece { view, surface, from, to, utf16_from, utf16_to, kind });
    }

    /// Where the bytes `from..to` of the view came from. A stretch over several surfaces is cut to the first.
    pub fn back(&self, from: usize, to: usize) -> Option<Span> {
        let from = u32::try_from(from).ok()?;
        let to = u32::try_from(to).ok()?;
        let first = self.piece_at(from)?;
        let last = self.piece_at(to.saturating_sub(1).max(from)).filter(|last| last.surface == first.surface)?;
        let (start, utf16_start) = match first.kind {
            PieceKind::Plain => {
                let inside = from.saturating_sub(first.view);
                (first.from.saturating_add(inside), first.utf16_from.saturating_add(inside))
            }
            PieceKind::Whole => (first.from, first.utf16_from),
        };
        let (end, utf16_end) = match last.kind {
            PieceKind::Plain => {
                let inside = to.saturating_sub(last.view);
                (
                    last.from.saturating_add(inside).min(last.to),
                    last.utf16_from.saturating_add(inside).min(last.utf16_to),
                )
            }
            PieceKind::Whole => (last.to, last.utf16_to),
        };
        Some(Span { surface: first.surface, from: start, to: end, utf16_from: utf16_start, utf16_to: utf16_end })
    }

    fn piece_at(&self, view: u32) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.view <= view);
        self.pieces.get(after.checked_sub(1)?)
    }
}

impl Spans {
    /// Characters of the view from `start` on got new places: `(old, new)` in order. Pieces are cut so that each
    /// character that moved has one of its own.
    pub fn shift(&mut self, start: usize, moves: &[(usize, usize)]) {
        let Ok(start) = u32::try_from(start) else { return };
        let first = self.pieces.partition_point(|piece| piece.view < start);
        // A plain piece may have begun before the word.
        let first = match first.checked_sub(1).and_then(|before| self.pieces.get(before)) {
            Some(piece) if piece.kind == PieceKind::Plain => first.saturating_sub(1),
            _ => first,
        };
        let old = self.pieces.split_off(first);
        let Some(head) = old.first().copied() else { return };
        if head.view < start {
            let length = start.saturating_sub(head.view);
            self.pieces.push(Piece {
                to: head.to.min(head.from.saturating_add(length)),
                utf16_to: head.utf16_to.min(head.utf16_from.saturating_add(length)),
                ..head
            });
        }
        for (was, is) in moves {
            let (Ok(was), Ok(is)) = (u32::try_from(*was), u32::try_from(*is)) else { continue };
            let at = old.partition_point(|piece| piece.view <= was);
            let Some(piece) = at.checked_sub(1).and_then(|at| old.get(at)) else { continue };
            let moved = match piece.kind {
                PieceKind::Plain => {
                    let inside = was.saturating_sub(piece.view);
                    Piece {
                        view: is,
                        from: piece.from.saturating_add(inside),
                        to: piece.from.saturating_add(inside).saturating_add(1),
                        utf16_from: piece.utf16_from.saturating_add(inside),
                        utf16_to: piece.utf16_from.saturating_add(inside).saturating_add(1),
                        kind: PieceKind::Whole,
                        ..*piece
                    }
                }
                PieceKind::Whole => Piece { view: is, ..*piece },
            };
            self.pieces.push(moved);
        }
    }
}
