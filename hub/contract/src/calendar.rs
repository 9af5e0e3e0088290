//! Spans of usage, in UTC: hours, days and months, and how they lie in each other.
//!
//! Promises: every hour lies in one day and every day in one month; proleptic Gregorian, no leap seconds.
//!
//! Never: a time zone. What a tenant calls its day is the board's business.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// How long the time is that a row of usage counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Span {
    /// An hour; begins at a multiple of 3,600 seconds.
    Hour,
    /// A day of UTC; begins at a multiple of 86,400 seconds.
    Day,
    /// A month of UTC; begins with its first day.
    Month,
}

impl Span {
    /// Its word, as on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The beginning of the span of this length in which a moment lies; Unix seconds both.
    #[must_use]
    pub fn begin(self, at: i64) -> i64 {
        match self {
            Self::Hour => at.div_euclid(HOUR).saturating_mul(HOUR),
            Self::Day => at.div_euclid(DAY).saturating_mul(DAY),
            Self::Month => Month::of(at).begin(),
        }
    }

    /// Where the span that begins at `from` ends: the first second after it.
    #[must_use]
    pub fn end(self, from: i64) -> i64 {
        match self {
            Self::Hour => from.saturating_add(HOUR),
            Self::Day => from.saturating_add(DAY),
            Self::Month => Month::of(from).next().begin(),
        }
    }
}

/// A month of UTC; on the wire `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since January of year 0.
    number: i64,
}

impl Month {
    /// The month in which a moment (Unix seconds) lies.
    #[must_use]
    pub fn of(at: i64) -> Self {
        // Howard Hinnant's `civil_from_days`: eras of 400 years that begin in March.
        let days = at.div_euclid(DAY).saturating_add(719_468);
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let years = era.saturating_mul(400).saturating_add(year_of_era);
        Self { number: years.saturating_mul(12).saturating_add(month_from_march + 2) }
    }

    /// Its first second, Unix time.
    #[must_use]
    pub fn begin(self) -> i64 {
        // The first of a month, `days_from_civil`: years begin in March.
        let from_march = self.number.saturating_sub(2);
        let (year, month) = (from_march.div_euclid(12), from_march.rem_euclid(12));
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * month + 2) / 5;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era.saturating_mul(146_097).saturating_add(of_era).saturating_sub(719_468).saturating_mul(DAY)
    }

    /// The month after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { number: self.number.saturating_add(1) }
    }

    /// The month before it.
    #[must_use]
    pub const fn before(self) -> Self {
        Self { number: self.number.saturating_sub(1) }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.number.div_euclid(12), self.number.rem_euclid(12) + 1)
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is no month; one looks like 2026-01".to_owned();
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let year: i64 = year.parse().map_err(|_| wrong())?;
        let month: i64 = month.parse().map_err(|_| wrong())?;
        if !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Self { number: year * 12 + month - 1 })
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
