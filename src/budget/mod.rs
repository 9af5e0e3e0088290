//! Money and calls: what a tenant may spend on models in a month.
//!
//! Never: a clock. The month is Telegram's, read from the messages, and is given.

mod ledger;

pub use ledger::{Account, BudgetStanding, Hold, Ledger, Month, Paid, Refused, Spent, Who, Wished};

use crate::limits;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Money, in millionths of the unit the prices are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Micros(pub u64);

/// An amount that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAmount;

impl fmt::Display for NoAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = limits::MONEY_UNITS_MAX;
        write!(f, "an amount such as \"0\" or \"5.00\", with at most six digits after the point and at most {most}")
    }
}

impl std::error::Error for NoAmount {}

impl FromStr for Micros {
    type Err = NoAmount;

    /// Reads an amount exactly: digits, and at most six more after a point; at most `limits::MONEY_UNITS_MAX` units.
    fn from_str(text: &str) -> Result<Self, NoAmount> {
        let (units, parts) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str, most: usize| {
            !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(units, 9) || !digits(parts, 6) {
            return Err(NoAmount);
        }
        let units: u64 = units.parse().map_err(|_| NoAmount)?;
        let parts: u64 = format!("{parts:0<6}").parse().map_err(|_| NoAmount)?;
        let sum = units.checked_mul(1_000_000).and_then(|whole| whole.checked_add(parts)).ok_or(NoAmount)?;
        if sum <= limits::MONEY_UNITS_MAX * 1_000_000 { Ok(Self(sum)) } else { Err(NoAmount) }
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = format!("{:06}", self.0 % 1_000_000);
        let shown = parts.trim_end_matches('0');
        write!(f, "{}.{shown:0<2}", self.0 / 1_000_000)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_it_is_written() {
        for micros in [0, 1, 999_999, 1_150_000, limits::MONEY_UNITS_MAX * 1_000_000] {
            assert_eq!(Micros(micros).to_string().parse(), Ok(Micros(micros)));
        }
        assert_eq!(Micros(1_150_000).to_string(), "1.15");
        for text in ["", ".", "5.", ".5", "+1", "1,5", "0.0000001", "1000000.000001", "99999999999999999999"] {
            assert_eq!(text.parse::<Micros>(), Err(NoAmount), "{text}");
        }
    }
}
