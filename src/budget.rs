//! Money and calls: what a tenant may spend on models in a month.
//!
//! Never: a clock. The month is Telegram's, read from the messages, and is given.

use serde::{Deserialize, Serialize};

/// Money, in millionths of the unit the prices are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Micros(pub u64);

/// What a model's tokens cost, for a million of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// Tokens that are sent.
    pub input: Micros,
    /// Tokens that come back.
    pub output: Micros,
}

/// The most that may be spent in a month. There is always a cap: spending without one cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// Money.
    pub money: Micros,
    /// Calls.
    pub calls: u64,
    /// Of both, the share one chat may spend, percent.
    pub chat_percent: u8,
    /// Of both, the share one sender may spend, percent.
    pub user_percent: u8,
}
