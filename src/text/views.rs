//! What a folded text shows besides its words.
//!
//! Promises: total, linear, no allocation.
//!
//! Never: an address taken apart.

use super::canonical::Canonical;

/// How many links a folded text shows: words with `://`, or that begin with `t.me/` or `www.`.
#[must_use]
pub fn links(canonical: &Canonical) -> usize {
    canonical
        .text()
        .split([' ', '\n'])
        .filter(|word| word.contains("://") || word.starts_with("t.me/") || word.starts_with("www."))
        .count()
}
