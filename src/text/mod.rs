//! Views of a message: text as a reader sees it, whatever it was dressed in, with a way back to the original.
//!
//! Promises: total and bounded (`limits::CANONICAL_BYTES_MAX`); folding what is folded changes nothing; plain ASCII
//! keeps its meaning and differs from the input by case alone, runs of white space aside; every place of a view maps
//! back to UTF-8 bytes and UTF-16 units of the original. Keywords are folded by the same code as messages.
//!
//! Never: an allocation for a message once the buffers of a [`Canonical`] have grown.

mod fold;
mod spans;

pub use fold::{Canonical, fold, fold_phrase, is_unspaced};
