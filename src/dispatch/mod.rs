//! Promised actions to Telegram.
//!
//! [`outbox`] decides which call comes next and what an answer means; it is pure of clocks and networks, so that a
//! simulation can drive it. The task around it makes the calls and carries the results to the journal.

mod answer;
mod call;
mod cancelled;
mod gauges;
mod lane;
pub mod outbox;
mod questions;
mod spoken;
pub mod task;
