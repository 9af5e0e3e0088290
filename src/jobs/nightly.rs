//! When the day's backup is due.
//!
//! Promises: once a day of the zone, from the quiet hour on; what was missed is made up for; a restart repeats nothing, since
//! the backups themselves say when the last one was made.
//!
//! Never: a backup by a clock that is years behind.

use crate::clock::Now;
use crate::limits;
use crate::tenant::Zone;

/// The first year in which this program can run, as `Zone::day` writes days: an earlier clock is wrong.
const DAY_LEAST: u32 = 20_260_000;

/// What is known when it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// When the newest backup was made, seconds since 1970.
    pub newest_s: Option<u64>,
    /// When one was last tried, milliseconds since the start.
    pub tried_ms: Option<u64>,
}

fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// Whether a backup is due now.
#[must_use]
pub fn is_due(zone: &Zone, now: Now, known: Known) -> bool {
    let today = zone.day(seconds(now.wall.seconds()));
    let is_made = known.newest_s.is_some_and(|at| zone.day(seconds(at)) == today);
    let is_tried = known.tried_ms.is_some_and(|at| now.mono.0.saturating_sub(at) < limits::BACKUP_RETRY_MS);
    today > DAY_LEAST
        && zone.hour(seconds(now.wall.seconds())) >= limits::BACKUP_HOUR
        && now.mono.0 >= limits::BACKUP_SETTLE_MS
        && !is_made
        && !is_tried
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Monotonic, Wall};

    /// 26 November 2026, midnight UTC.
    const MIDNIGHT_S: u64 = 1_795_651_200;

    fn at(hour: u64, up_ms: u64) -> Now {
        Now { mono: Monotonic(up_ms), wall: Wall((MIDNIGHT_S + hour * 3_600) * 1_000) }
    }

    #[test]
    fn a_backup_is_made_once_a_day_from_the_quiet_hour_on() {
        let zone = Zone::default();
        let none = Known::default();
        assert!(!is_due(&zone, at(2, u64::MAX), none), "before the hour");
        assert!(is_due(&zone, at(3, u64::MAX), none) && is_due(&zone, at(23, u64::MAX), none), "what was missed");
        assert!(!is_due(&zone, at(3, 1_000), none), "just started");
        let made = |hour: u64| Known { newest_s: Some(MIDNIGHT_S + hour * 3_600), ..none };
        assert!(!is_due(&zone, at(5, u64::MAX), made(3)), "after a restart on the same day");
        assert!(!is_due(&zone, at(5, u64::MAX), made(1)), "made by hand before");
        assert!(is_due(&zone, at(24 + 3, u64::MAX), made(3)), "the next day");
        assert!(is_due(&zone, at(3, u64::MAX), made(48)), "dated in the future by a clock that was wrong");
        assert!(!is_due(&zone, Now { mono: Monotonic(u64::MAX), wall: Wall(50_000_000) }, none), "no clock yet");
    }

    #[test]
    fn a_backup_that_failed_is_tried_again_later() {
        let zone = Zone::default();
        let tried = Known { newest_s: None, tried_ms: Some(limits::BACKUP_SETTLE_MS) };
        let after = |ms| at(4, limits::BACKUP_SETTLE_MS + ms);
        assert!(!is_due(&zone, after(limits::BACKUP_RETRY_MS - 1), tried));
        assert!(is_due(&zone, after(limits::BACKUP_RETRY_MS), tried));
    }
}
