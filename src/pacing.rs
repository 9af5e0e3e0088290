//! When a call may be made: buckets, growing pauses, and a breaker. Time and chance are parameters.
//!
//! Promises: within any window of a [`Bucket`]'s period no more calls pass than its limit; a pause grows with each
//! failure up to a bound; an open [`Breaker`] lets one probe through at a time.
//!
//! Never: a clock, a random source, a sleep.

use crate::clock::Monotonic;
use crate::limits;

/// A token bucket in whole microseconds (generic cell rate algorithm).
///
/// A limit of `n` a period is kept as a burst `b` and a refill of `n - b` a period, so that the burst and the refill
/// together never pass `n` in any window of that length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    interval_us: u64,
    burst: u64,
    /// When the bucket would be full again.
    full_at_us: u64,
}

impl Bucket {
    /// At most `limit` in any `period_ms`; 0 means no limit. A tenth of the limit may come at once.
    #[must_use]
    pub fn new(limit: u32, period_ms: u64) -> Self {
        let limit = u64::from(limit);
        let burst = (limit / 10).max(1);
        let refill = limit.saturating_sub(burst).max(1);
        let interval_us = if limit == 0 { 0 } else { period_ms.saturating_mul(1000).div_ceil(refill) };
        Self { interval_us, burst, full_at_us: 0 }
    }

    /// A bucket with a burst of its own and a steady refill: `burst` at once, then `per_second`; 0 means no limit.
    #[must_use]
    pub fn with_burst(burst: u32, per_second: u32) -> Self {
        let interval_us = if per_second == 0 { 0 } else { 1_000_000_u64.div_ceil(u64::from(per_second)) };
        Self { interval_us, burst: u64::from(burst).max(1), full_at_us: 0 }
    }

    /// As [`Bucket::with_burst`], by the minute: `burst` at once, then `per_minute`.
    #[must_use]
    pub fn with_minutes(burst: u16, per_minute: u16) -> Self {
        let interval_us = if per_minute == 0 { 0 } else { 60_000_000_u64.div_ceil(u64::from(per_minute)) };
        Self { interval_us, burst: u64::from(burst).max(1), full_at_us: 0 }
    }

    /// The earliest time at which one may be taken.
    #[must_use]
    pub const fn ready_at(&self) -> Monotonic {
        let slack = self.interval_us.saturating_mul(self.burst.saturating_sub(1));
        Monotonic(self.full_at_us.saturating_sub(slack).div_ceil(1000))
    }

    /// The earliest time at which the burst is whole: one may be taken then, and the rest of the burst is left for others.
    #[must_use]
    pub const fn whole_at(&self) -> Monotonic {
        Monotonic(self.full_at_us.div_ceil(1000))
    }

    /// Takes one. The caller has waited until [`Bucket::ready_at`].
    pub fn take(&mut self, now: Monotonic) {
        self.full_at_us = self.full_at_us.max(now.0.saturating_mul(1000)).saturating_add(self.interval_us);
    }
}

/// A pause before the next try, milliseconds: anything from nothing to a bound that doubles with each failure ("full
/// jitter"), so that many who failed together do not come back together. `chance` is any random number.
#[must_use]
pub fn backoff_ms(failures: u32, chance: u64) -> u64 {
    let doubled = limits::BACKOFF_BASE_MS.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(u64::MAX);
    let bound = doubled.min(limits::BACKOFF_MAX_MS);
    chance % bound.saturating_add(1)
}

/// Stops calls while Telegram cannot be reached, and finds out when it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    opened: u32,
    closed_again_at: Option<Monotonic>,
    probing: bool,
}

/// What a [`Breaker`] says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Go on.
    Open,
    /// Not before this time.
    NotBefore(Monotonic),
    /// Another call is finding out.
    Probing,
}

impl Breaker {
    /// Whether a call may be made.
    #[must_use]
    pub fn admission(&self, now: Monotonic) -> Admission {
        match self.closed_again_at {
            None => Admission::Open,
            Some(_) if self.probing => Admission::Probing,
            Some(at) if now < at => Admission::NotBefore(at),
            Some(_) => Admission::Open,
        }
    }

    /// A call is made.
    pub fn made(&mut self) {
        self.probing = self.closed_again_at.is_some();
    }

    /// A call was answered, whatever the answer.
    pub fn answered(&mut self) {
        *self = Self::default();
    }

    /// A call was not answered, or answered with a fault of the server.
    pub fn outage(&mut self, now: Monotonic, chance: u64) {
        self.failures = self.failures.saturating_add(1);
        let was_probing = std::mem::take(&mut self.probing);
        if was_probing || (self.closed_again_at.is_none() && self.failures >= limits::BREAKER_FAILURES) {
            self.opened = self.opened.saturating_add(1);
            let pause = backoff_ms(self.opened.saturating_add(1), chance).max(limits::BACKOFF_BASE_MS);
            self.closed_again_at = Some(now.plus_ms(pause));
        }
    }

    /// Whether calls are stopped.
    #[must_use]
    pub const fn is_tripped(&self) -> bool {
        self.closed_again_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_of_a_bucket_holds_more_than_its_limit() {
        for (limit, period_ms) in [(30, 1_000), (20, 60_000), (1, 1_000), (3, 1_000), (100, 1_000)] {
            let mut bucket = Bucket::new(limit, period_ms);
            let mut taken = Vec::new();
            let mut now = Monotonic(5);
            while taken.len() < 300 {
                now = now.max(bucket.ready_at());
                bucket.take(now);
                taken.push(now.0);
            }
            for (index, start) in taken.iter().enumerate() {
                let inside = taken[index..].iter().take_while(|at| **at < start + period_ms).count();
                assert!(inside <= limit as usize, "{inside} in one window of {limit} a {period_ms} ms");
            }
        }
    }

    #[test]
    fn a_bucket_without_a_limit_never_waits() {
        let mut bucket = Bucket::new(0, 1_000);
        for _ in 0..10_000 {
            assert!(bucket.ready_at() <= Monotonic(7));
            bucket.take(Monotonic(7));
        }
    }

    #[test]
    fn pauses_grow_and_stay_under_their_bound() {
        for failures in 0..100 {
            assert!(backoff_ms(failures, u64::MAX) <= limits::BACKOFF_MAX_MS);
        }
        assert!(
            (0..1000).map(|chance| backoff_ms(8, chance * 977)).max() > (0..1000).map(|c| backoff_ms(1, c * 977)).max()
        );
    }

    #[test]
    fn a_breaker_opens_after_a_few_outages_and_lets_one_probe_through() {
        let mut breaker = Breaker::default();
        let now = Monotonic(1_000);
        for _ in 0..limits::BREAKER_FAILURES {
            assert_eq!(breaker.admission(now), Admission::Open);
            breaker.made();
            breaker.outage(now, 12_345);
        }
        let Admission::NotBefore(at) = breaker.admission(now) else { panic!("still open") };
        assert_eq!(breaker.admission(at), Admission::Open);
        breaker.made();
        assert_eq!(breaker.admission(at), Admission::Probing);
        breaker.outage(at, 99);
        assert!(matches!(breaker.admission(at), Admission::NotBefore(_)));
        breaker.answered();
        assert_eq!(breaker.admission(at), Admission::Open);
    }
}
