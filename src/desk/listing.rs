//! Lists, a piece at a time, newest first.
//!
//! Promises: a piece ends when it is full or when a bounded number of rows was looked at, and says where to go on.

use crate::limits;
use crate::web::desk::{Refused, Told};
use crate::web::views::Listed;
use std::ops::ControlFlow;

/// Where a list goes on: below this number.
pub(super) fn cursor(cursor: Option<&str>) -> Told<Option<u64>> {
    let read =
        |word: &str| word.parse().map_err(|_| Refused::field("cursor", "give what the piece before told as `next`"));
    cursor.filter(|word| !word.is_empty()).map(read).transpose()
}

/// A piece of a list that is being filled.
#[derive(Debug)]
pub(super) struct Listing<T> {
    most: usize,
    scanned: usize,
    listed: Listed<T>,
}

impl<T> Listing<T> {
    /// An empty one for so many rows.
    pub fn of(most: usize) -> Self {
        Self { most, scanned: 0, listed: Listed { items: Vec::new(), next: None } }
    }

    /// The row of this number was looked at; `None` when it is not shown. Breaks at the end of the piece.
    pub fn saw(&mut self, number: u64, row: Option<T>) -> ControlFlow<()> {
        self.scanned = self.scanned.saturating_add(1);
        self.listed.items.extend(row);
        if self.listed.items.len() < self.most && self.scanned < limits::DECISIONS_SCANNED_MAX {
            return ControlFlow::Continue(());
        }
        self.listed.next = Some(number.to_string());
        ControlFlow::Break(())
    }

    /// What it holds.
    pub fn done(self) -> Listed<T> {
        self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_when_it_is_full_or_has_looked_long_enough_and_says_where_to_go_on() {
        let mut full = Listing::of(2);
        assert!(full.saw(9, Some('a')).is_continue() && full.saw(8, None).is_continue());
        assert!(full.saw(7, Some('b')).is_break());
        let full = full.done();
        assert_eq!((full.items, full.next.as_deref()), (vec!['a', 'b'], Some("7")));
        let mut long = Listing::<char>::of(2);
        let mut numbers = (0..u64::MAX).rev();
        let looked = numbers.by_ref().take_while(|number| long.saw(*number, None).is_continue()).count();
        assert_eq!(looked + 1, limits::DECISIONS_SCANNED_MAX);
        assert!(long.done().next.is_some());
        let mut short = Listing::of(2);
        assert!(short.saw(1, Some('a')).is_continue());
        assert_eq!(short.done().next, None, "the end of the list");
    }
}
