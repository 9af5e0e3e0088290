//! Time as a value.
//!
//! Two clocks that must not be mixed: [`Monotonic`] orders events inside one process and drives every timer;
//! [`Wall`] dates records for people and survives restarts. Both are whole milliseconds.
//!
//! The pure floors take these as parameters; only [`Clock::now`] reads the machine, and only the flow calls it.
//!
//! A wall clock may jump by years (boards have no battery-backed clock). Nothing here treats a later wall time as
//! elapsed time: see [`Now::remaining_ms`].

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the process started. Never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// This time plus `ms` milliseconds; saturates.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time; 0 when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Milliseconds since 1970-01-01 UTC as the machine believes it. May jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Wall(pub u64);

impl Wall {
    /// Whole seconds, as the Bot API counts them.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This time plus `ms` milliseconds; saturates.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The date and the time of day, UTC, such as `2026-03-01 08:05:00 UTC`, by the Gregorian calendar.
    #[must_use]
    pub fn utc(self) -> String {
        let seconds = self.seconds();
        let (days, of_day) = (seconds / 86_400, seconds % 86_400);
        // Years that begin in March, counted from 0000-03-01: then a leap day is the last of its year (H. Hinnant,
        // "chrono-Compatible Low-Level Date Algorithms").
        let days = days.saturating_add(719_468);
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(u64::from(month <= 2));
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For timers and order.
    pub mono: Monotonic,
    /// For records.
    pub wall: Wall,
}

impl Now {
    /// Milliseconds from now until `until`, never more than `at_most_ms`.
    ///
    /// The cap is what makes a persisted deadline safe: a clock that jumped back by a year shortens to the longest
    /// wait that was ever asked for, and one that jumped ahead ends the wait.
    #[must_use]
    pub fn remaining_ms(self, until: Wall, at_most_ms: u64) -> u64 {
        until.0.saturating_sub(self.wall.0).min(at_most_ms)
    }
}

/// Reads the machine's clocks.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    wall: fn() -> Wall,
}

impl Clock {
    /// A clock whose monotonic zero is now.
    #[must_use]
    pub fn start() -> Self {
        Self::with_wall(|| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Wall(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// The same, with a wall clock of one's own: for tests of clocks that are wrong.
    #[must_use]
    pub fn with_wall(wall: fn() -> Wall) -> Self {
        Self { start: Instant::now(), wall }
    }

    /// Both clocks, read once.
    #[must_use]
    pub fn now(&self) -> Now {
        Now {
            mono: Monotonic(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)),
            wall: (self.wall)(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_time_is_shown_as_its_date() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(Wall(seconds * 1_000).utc(), shown);
        }
    }
}
