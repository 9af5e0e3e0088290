//! The text of a message as a reader would hear it, whatever it is dressed up as.
//!
//! Promises: one fold for messages and for keywords ([`fold`], [`fold_phrase`]), so that both always meet; folding
//! twice equals folding once; plain ASCII keeps its meaning (letters lose their case, runs of white space become one
//! space, nothing else changes); every place in the folded text points back into the original ([`Canonical::span`]);
//! the result is at most `limits::CANONICAL_BYTES_MAX` bytes and is built in buffers that are used again.
//!
//! Never: a judgement. What a text means is for `policy`.

mod canonical;
mod fold;
mod line;
mod lookalike;
mod skeleton;
mod tables;
mod views;
mod writer;

pub use canonical::{Canonical, Tally};
pub use fold::{Scratch, fold, fold_phrase};
pub use line::one_line;
pub use lookalike::shape;
pub use skeleton::{Place, Skeleton, class_of, plain_class, skeleton};
pub use tables::{has_no_spaces, is_word};
pub use views::links;
