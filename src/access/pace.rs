//! The growing delay after wrong passwords and codes.
//!
//! Promises: a first few mistakes cost nothing; each further one doubles the time until the next try is looked at, up to a
//! minute; what waits is refused before any hash is computed. The number of those remembered is bounded.
//!
//! Never: a lock that stays. Whoever is locked out by others gets in again within a minute, and at once from where they are
//! logged in already.

use crate::limits;
use std::collections::BTreeMap;

/// Who tries: an address, or an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A client's address.
    Address(String),
    /// An account there is. Names that nobody has share one.
    Account(Option<String>),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_ms: u64,
}

impl Failures {
    /// When the next try is looked at.
    fn until_ms(self) -> u64 {
        let over = self.count.saturating_sub(limits::LOGIN_FREE_FAILURES);
        if over == 0 {
            return 0;
        }
        let wait = 500_u64.saturating_mul(1_u64.checked_shl(over).unwrap_or(u64::MAX)).min(limits::LOGIN_WAIT_MS_MAX);
        self.last_ms.saturating_add(wait)
    }

    const fn is_old(self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.last_ms) > limits::LOGIN_FORGOTTEN_MS
    }
}

/// Who failed of late.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    failures: BTreeMap<Who, Failures>,
}

impl Pace {
    /// How long somebody has to wait, milliseconds; 0 when a try is looked at now.
    #[must_use]
    pub fn wait_ms(&self, who: &Who, now_ms: u64) -> u64 {
        let known = self.failures.get(who).filter(|known| !known.is_old(now_ms));
        known.map_or(0, |known| known.until_ms().saturating_sub(now_ms))
    }

    /// A try failed.
    pub fn failed(&mut self, who: Who, now_ms: u64) {
        if self.failures.len() >= limits::LOGIN_FAILURES_KEPT && !self.failures.contains_key(&who) {
            self.failures.retain(|_, known| !known.is_old(now_ms));
            let oldest = self.failures.iter().min_by_key(|(_, known)| known.last_ms).map(|(who, _)| who.clone());
            if let Some(oldest) = oldest.filter(|_| self.failures.len() >= limits::LOGIN_FAILURES_KEPT) {
                self.failures.remove(&oldest);
            }
        }
        let known = self.failures.entry(who).or_insert(Failures { count: 0, last_ms: now_ms });
        if known.is_old(now_ms) {
            known.count = 0;
        }
        known.count = known.count.saturating_add(1);
        known.last_ms = now_ms;
    }

    /// A try succeeded.
    pub fn succeeded(&mut self, who: &Who) {
        self.failures.remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_a_minute_and_ends() {
        let (mut pace, who) = (Pace::default(), Who::Address("192.0.2.1".to_owned()));
        let mut waits = Vec::new();
        for _ in 0..12 {
            pace.failed(who.clone(), 1_000);
            waits.push(pace.wait_ms(&who, 1_000));
        }
        assert_eq!(waits[..6], [0, 0, 0, 1_000, 2_000, 4_000]);
        assert_eq!(waits[11], limits::LOGIN_WAIT_MS_MAX);
        assert_eq!(pace.wait_ms(&who, 1_000 + limits::LOGIN_WAIT_MS_MAX), 0);
        pace.succeeded(&who);
        pace.failed(who.clone(), 2_000);
        assert_eq!(pace.wait_ms(&who, 2_000), 0);
    }

    #[test]
    fn those_remembered_are_bounded_and_an_old_failure_is_forgotten() {
        let mut pace = Pace::default();
        for number in 0..limits::LOGIN_FAILURES_KEPT as u64 * 2 {
            pace.failed(Who::Address(number.to_string()), number);
        }
        assert_eq!(pace.failures.len(), limits::LOGIN_FAILURES_KEPT);
        let who = Who::Account(Some("kim".to_owned()));
        (0..9).for_each(|_| pace.failed(who.clone(), 0));
        pace.failed(who.clone(), limits::LOGIN_FORGOTTEN_MS + 1);
        assert_eq!(pace.wait_ms(&who, limits::LOGIN_FORGOTTEN_MS + 1), 0, "it counts as the first");
    }
}
