//! The board's side of a hub: what is told, what is taken, and how both stand.
//!
//! Promises: nothing here is in the path of a message. A hub that is gone, hangs, lies or sends what is no answer changes nothing
//! but what is shown of it. What is counted reaches the hub once, however often it is told ([`machine`]); what the hub wishes is in
//! force only where the settings and the hub both say that it is the hub's to say.
//!
//! Never: a commit while there is nothing to tell; an order of a hub about a message.

pub mod machine;
pub mod packs;
pub mod round;
pub mod rows;
mod seen;
mod task;
pub mod verify;
pub mod wished;

pub use machine::{Machine, Standing, Turn};
pub use round::{Step, Way, step};
pub use seen::{Seen, SharedSeen};
pub use task::{Incidents, Line, Signing, Syncer};
