//! The learner: what a community's own decisions teach, beside the rules.
//!
//! Promises: a linear classifier of fixed size over the pieces of a message's folded text; deterministic, also on another
//! machine; bounded time a message; it says which pieces weighed most. What one chat teaches is asked in that chat only.
//!
//! Never: a network, a text kept, a minimum length.

mod features;
mod learned;
mod model;
mod train;

pub use features::{Features, heaviest};
pub use learned::{Layer, Learned, Opinion, prior};
pub use model::{Examples, Model, POINTS_MAX};
pub use train::{Example, Reach, TooFew, train};
