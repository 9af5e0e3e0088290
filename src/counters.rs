//! What is counted, each under one name, with one sentence.
//!
//! Promises: counting is one atomic addition; a counter never goes down; a gauge is a value as of now. The names are
//! the metrics' names (`aegis_` is put before them where they are shown).
//!
//! Never: a label that a stranger can choose.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn one(&self) {
        self.add(1);
    }

    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The number so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number as of now.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Raises it to `value` if that is more.
    pub fn at_least(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    /// The value now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The objective for the time from an update's arrival to the confirmed action, microseconds: 1.5 s. It is a duration of
/// its own and no bound of a bucket, so that whoever holds us to it counts exactly.
pub const OBJECTIVE_US: u64 = 1_500_000;

/// Buckets of a [`Spread`]: four to each doubling, from 1 microsecond to over an hour.
pub const SPREAD_BUCKETS: usize = 132;

/// Every so many buckets of a [`Spread`] are told as one.
const BUCKETS_TOLD_AS_ONE: usize = 4;

/// How durations are spread: counts in buckets whose bounds grow by a quarter of a doubling, so that a percentile is
/// right to about 19 %, in constant memory.
#[derive(Debug)]
pub struct Spread {
    buckets: [AtomicU64; SPREAD_BUCKETS],
    within_objective: AtomicU64,
    count: AtomicU64,
    sum_us: AtomicU64,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; SPREAD_BUCKETS],
            within_objective: AtomicU64::new(0),
            count: AtomicU64::new(0),
            sum_us: AtomicU64::new(0),
        }
    }
}

impl Spread {
    fn bucket(us: u64) -> usize {
        let us = us.max(1);
        let doubling = u64::from(us.ilog2());
        let quarter = if doubling >= 2 { (us >> (doubling - 2)) & 3 } else { (us << (2 - doubling)) & 3 };
        usize::try_from(doubling * 4 + quarter).unwrap_or(usize::MAX).min(SPREAD_BUCKETS - 1)
    }

    /// The upper bound of a bucket, microseconds.
    #[must_use]
    pub fn bound_us(bucket: usize) -> u64 {
        let doubling = u32::try_from(bucket / 4).unwrap_or(0);
        let quarter = u64::try_from(bucket % 4).unwrap_or(0) + 1;
        ((1_u64 << doubling) * (4 + quarter)).div_ceil(4)
    }

    /// Counts one duration in microseconds.
    pub fn record_us(&self, us: u64) {
        if let Some(bucket) = self.buckets.get(Self::bucket(us)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        if us <= OBJECTIVE_US {
            self.within_objective.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The sum of all, microseconds.
    #[must_use]
    pub fn sum_us(&self) -> u64 {
        self.sum_us.load(Ordering::Relaxed)
    }

    /// How many were at most the bound of `bucket`.
    #[must_use]
    pub fn count_up_to(&self, bucket: usize) -> u64 {
        self.buckets.iter().take(bucket.saturating_add(1)).map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// How many were at most [`OBJECTIVE_US`].
    #[must_use]
    pub fn count_within_objective(&self) -> u64 {
        self.within_objective.load(Ordering::Relaxed)
    }

    /// Calls `f` with each bound that is told, microseconds, and how many were at most that: a bound a doubling, which is
    /// enough for a graph and a quarter of all, and [`OBJECTIVE_US`]. Returns how many were counted. Others count meanwhile, so
    /// no number is smaller than the one before.
    pub fn told(&self, mut f: impl FnMut(u64, u64)) -> u64 {
        let (mut most, mut below) = (0, 0);
        let mut tell = |bound_us: u64, count: u64| {
            most = count.max(most);
            f(bound_us, most);
        };
        for bucket in (BUCKETS_TOLD_AS_ONE - 1..SPREAD_BUCKETS).step_by(BUCKETS_TOLD_AS_ONE) {
            let bound_us = Self::bound_us(bucket);
            if below < OBJECTIVE_US && OBJECTIVE_US < bound_us {
                tell(OBJECTIVE_US, self.count_within_objective());
            }
            tell(bound_us, self.count_up_to(bucket));
            below = bound_us;
        }
        self.count().max(most)
    }

    /// The duration, microseconds, that `permille` of all do not pass (500 is the median); `None` when none was counted.
    #[must_use]
    pub fn permille_us(&self, permille: u64) -> Option<u64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = (count.saturating_mul(permille)).div_ceil(1000).max(1);
        let mut seen = 0_u64;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen = seen.saturating_add(bucket.load(Ordering::Relaxed));
            if seen >= rank {
                return Some(Self::bound_us(index));
            }
        }
        Some(Self::bound_us(SPREAD_BUCKETS - 1))
    }
}

/// Whether a metric rises only, or is as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Rises only.
    Counter,
    /// As of now.
    Gauge,
}

macro_rules! counters {
    (counters { $($counter:ident: $counter_help:literal,)* } gauges { $($gauge:ident: $gauge_help:literal,)* } spreads { $($spread:ident: $spread_help:literal,)* }) => {
        /// Everything the appliance counts.
        #[derive(Debug, Default)]
        pub struct Counters {
            $(#[doc = $counter_help] pub $counter: Counter,)*
            $(#[doc = $gauge_help] pub $gauge: Gauge,)*
            $(#[doc = $spread_help] pub $spread: Spread,)*
        }

        impl Counters {
            /// Calls `f` with the name, the sentence, the kind and the value of each counter and gauge.
            pub fn each(&self, mut f: impl FnMut(&'static str, &'static str, MetricKind, u64)) {
                $(f(stringify!($counter), $counter_help, MetricKind::Counter, self.$counter.get());)*
                $(f(stringify!($gauge), $gauge_help, MetricKind::Gauge, self.$gauge.get());)*
            }

            /// Adds what a counter had reached in an earlier life; a name that is not a counter's is passed over.
            pub fn restore(&self, name: &str, value: u64) {
                match name {
                    $(stringify!($counter) => self.$counter.add(value),)*
                    _ => {}
                }
            }

            /// Calls `f` with the name, the sentence and the durations of each spread.
            pub fn each_spread(&self, mut f: impl FnMut(&'static str, &'static str, &Spread)) {
                $(f(stringify!($spread), $spread_help, &self.$spread);)*
            }
        }
    };
}

counters! {
    counters {
        polls: "getUpdates calls answered",
        poll_failures: "getUpdates calls that failed",
        updates: "Updates received, repeated ones included",
        updates_repeated: "Updates received again and recognised",
        updates_unreadable: "Updates that could not be read: acknowledged, counted, skipped",
        messages: "Messages judged",
        verdicts_allow: "Messages with the verdict allow",
        verdicts_review: "Messages with the verdict review",
        verdicts_block: "Messages with the verdict block",
        rules_tripped: "Rules that hit their ceiling and only record since",
        exempt: "Messages whose sender is never acted on",
        quarantined: "Messages whose judging failed: recorded, not acted on",
        actions_planned: "Actions promised to the outbox",
        actions_confirmed: "Actions Telegram has confirmed",
        actions_spared: "Actions not carried out, since their target turned out to be an administrator or the linked channel",
        actions_dead: "Actions given up, kept as dead letters",
        notices_dropped: "Notices dropped after a failure: a courtesy is not repeated",
        errands_turned_away: "Commands and presses turned away, since too many waited",
        calls: "Bot API calls made, polls not included",
        calls_failed: "Bot API calls that failed",
        rate_limited: "Answers that asked for a pause (429)",
        commits: "Commits of the journal",
        syncs: "Syncs asked of the storage by the journal and the history",
        bytes_written: "Bytes the journal and the history wrote to storage",
        blocks_written: "Blocks of 128 KiB they wrote into, each counted once between two syncs: what a card erases",
        http_requests: "Requests the local page answered",
        policy_reloads: "Times that changed packs were put in force without a restart",
        policy_reload_refusals: "Times that changed packs were refused, and the old ones stayed in force",
        settings_reloads: "Times that changed settings were put in force without a restart",
        settings_reload_refusals: "Times that changed settings were refused, and the old ones stayed in force",
        history_dropped: "Messages not stored for trying other policies on, since too many waited",
        opinions_same: "Unsure messages answered by an opinion about the same message",
        opinions_nearly: "Unsure messages answered by an opinion about nearly the same message",
        opinions_missed: "Unsure messages for which no opinion was remembered",
        review_answered: "Messages that waited and got an opinion",
        review_unanswered: "Messages that waited and got none: the fallback decided",
        review_late: "Messages that waited until their deadline",
        review_refused: "Unsure messages that could not wait for an opinion: the fallback decided at once",
        model_calls: "Calls to a model that may have cost something",
        model_failures: "Calls to a model that failed",
        model_unclear: "Answers of a model that were no opinion",
        model_tokens_in: "Tokens sent to a model, by its own count",
        model_tokens_out: "Tokens a model answered with, by its own count",
        model_spent_micros: "Money spent on a model, millionths of the unit of the prices",
        budget_refusals: "Calls to a model that a budget did not allow",
        degradations: "Times that a tenant was left without a model or got it back",
        links_blocked: "Messages blocked for a link of a new member while no model could be asked",
        http_refused: "Requests and connections the front refused",
        otel_spans: "Spans an OpenTelemetry receiver took",
        otel_spans_dropped: "Spans dropped, since too many waited or the receiver did not take them",
        otel_failures: "Calls to an OpenTelemetry receiver that failed",
        hooks_told: "Events that a receiver of webhooks took",
        hook_failures: "Calls to a receiver of webhooks that failed",
        hooks_given_up: "Events that a receiver of webhooks is never told, since it took nothing for a day or refused them",
        hooks_dropped: "Events that had to make room, or whose receiver is gone from the settings",
        hook_calls: "Signed calls of programs that were let in",
        hook_calls_refused: "Signed calls of programs that were refused",
        backups: "Sealed backups made",
        backup_failures: "Sealed backups that could not be made",
    }
    gauges {
        outbox_rows: "Actions promised and not yet confirmed",
        outbox_rows_max: "Actions that may be promised at one time; polling waits when so many are",
        outbox_waiting_ms: "Age of the oldest action that waits, milliseconds",
        dead_letters: "Dead letters kept",
        undecided: "Messages recorded and waiting for a decision",
        shards: "Shards at work",
        in_flight_calls: "Bot API calls under way",
        paused_ms: "How long Telegram asked all calls to wait, milliseconds from now",
        watch_only_chats: "Chats in which rights are missing",
        heap_bytes: "Bytes of heap in use",
        heap_bytes_peak: "Most bytes of heap in use at one time",
        memory_bytes_max: "The memory promise, bytes",
        data_bytes: "Private memory as the system counts it, with reserved stacks, bytes",
        data_bytes_max: "The most of it that the system gives (RLIMIT_DATA), bytes; 0 for no bound",
        poll_answered_ms: "When a poll was last answered, milliseconds since the start",
        dispatch_turn_ms: "When the dispatcher last took a turn, milliseconds since the start",
        poll_due_ms: "When the poller is to move again at the latest, milliseconds since the start; 0 before it began",
        journal_due_ms: "The same of the journal",
        dispatch_due_ms: "The same of the dispatcher",
        review_rows: "Messages that wait for an opinion",
        model_in_flight: "Calls to a model under way",
        model_breaker_open: "1 while the model is not asked because it does not answer",
        opinions_entries: "Opinions remembered",
        opinions_bytes: "Memory of remembered opinions, bytes",
        degraded_tenants: "Tenants whose unsure messages no model can be asked about now",
        live_pages: "Live pages open now",
        resident_bytes: "Resident memory, bytes",
        resident_bytes_peak: "Most resident memory at one time, bytes",
        hub_away_s: "How long the hub has taken nothing, seconds; 0 where this board is at none",
        hub_failures: "Calls to the hub that failed, in a row",
        hub_waits: "Decisions that wait to be told to the hub",
        hub_at_fault: "1 while the hub refuses row after row, and nothing is set aside for it; else 0",
        hub_set_aside: "Rows that the hub refused, and that are not told any more",
        hub_forks: "How often this board and its hub went apart since the start",
        hub_clock_off_ms: "How far this clock and the hub's are apart, milliseconds",
        hub_packs: "Packs of the hub that judge here, those that only record among them",
        hub_packs_amiss: "Packs of the hub that were refused, or do not judge as the hub wishes",
        standing_by: "1 while another board moderates with this token, or may",
        breaker_open: "1 while calls are stopped because Telegram cannot be reached",
    }
    spreads {
        judge: "Judging one message",
        commit: "One commit of the journal",
        time_to_action: "From an update's arrival to the confirmed action",
        call: "One Bot API call",
        model_call: "One call to a model that was answered",
        review_wait: "How long a message waited for an opinion, or for its deadline",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_right_to_a_fifth() {
        let spread = Spread::default();
        for us in 1..=10_000 {
            spread.record_us(us);
        }
        for (permille, exact) in [(500, 5_000), (990, 9_900)] {
            let told = spread.permille_us(permille).expect("values were counted");
            assert!(told >= exact && told <= exact * 6 / 5 + 1, "{permille}: {told}");
        }
        assert_eq!(spread.count_up_to(SPREAD_BUCKETS - 1), 10_000);
    }

    #[test]
    fn the_objective_is_counted_exactly() {
        let spread = Spread::default();
        for us in [OBJECTIVE_US - 1, OBJECTIVE_US, OBJECTIVE_US + 1] {
            spread.record_us(us);
        }
        assert_eq!(spread.count_within_objective(), 2);
    }

    #[test]
    fn an_empty_spread_has_no_percentile() {
        assert_eq!(Spread::default().permille_us(500), None);
    }
}
