//! Whether what must move moves: the poller, the journal, the dispatcher.
//!
//! Each of them says, before it begins something, by when it will be heard of again: that is its *due*. Waiting is legitimate as
//! long as it was announced: a poll that Telegram may hold for fifty seconds, a pause that Telegram asked for, a copy of a large
//! database. A part that is past its due is stuck, whatever else in the process still turns, a timer among it.
//!
//! Promises: the watchdog is fed only while every part that has begun is within its due.
//!
//! Never: a clock. The caller brings the time.

use crate::clock::Monotonic;
use crate::counters::Counters;
use crate::limits;

/// The part whose first move is the beginning of polling.
const POLLER: &str = "poller";

/// One part that must move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is called.
    pub name: &'static str,
    /// When it is heard of again at the latest; zero before it began.
    pub due: Monotonic,
}

/// A part that is past its due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// What it is called.
    pub name: &'static str,
    /// How long it is overdue, milliseconds.
    pub by_ms: u64,
}

impl std::fmt::Display for Stuck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the {} has not moved for {} s longer than it may take", self.name, self.by_ms.div_ceil(1_000))
    }
}

/// The parts, as the counters have them.
#[must_use]
pub fn parts(counters: &Counters) -> [Part; 3] {
    [
        Part { name: POLLER, due: Monotonic(counters.poll_due_ms.get()) },
        Part { name: "journal", due: Monotonic(counters.journal_due_ms.get()) },
        Part { name: "dispatcher", due: Monotonic(counters.dispatch_due_ms.get()) },
    ]
}

/// Whether a part has begun.
#[must_use]
pub fn has_begun(part: &Part) -> bool {
    part.due > Monotonic(0)
}

/// Whether the watchdog may be fed.
///
/// # Errors
/// The part that is overdue for longest.
pub fn moving(parts: &[Part], now: Monotonic) -> Result<(), Stuck> {
    let overdue = parts.iter().filter(|part| has_begun(part) && part.due < now);
    let stuck = overdue.map(|part| Stuck { name: part.name, by_ms: now.since_ms(part.due) });
    stuck.max_by_key(|stuck| stuck.by_ms).map_or(Ok(()), Err)
}

/// The due of a part that now begins something which may take `ms` milliseconds by itself.
#[must_use]
pub const fn due(now: Monotonic, ms: u64) -> u64 {
    now.plus_ms(ms).plus_ms(limits::STEP_MS).0
}

/// What the system's manager is told, turn by turn.
#[derive(Debug, Default)]
pub struct Vigil {
    is_ready: bool,
    status: String,
    stuck: Option<Stuck>,
    is_news: bool,
}

impl Vigil {
    /// Whether it was said that the program is ready.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// The part that was found stuck in the last turn and was not before.
    #[must_use]
    pub fn newly_stuck(&self) -> Option<Stuck> {
        self.stuck.filter(|_| self.is_news)
    }

    /// The lines to tell now. The program is ready when polling has begun, or when it waits for its token, since then it waits
    /// for a person; before that the manager is asked for patience.
    pub fn turn(&mut self, parts: &[Part], waits_for_token: bool, now: Monotonic, standing: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.is_ready {
            let polls = parts.iter().any(|part| part.name == POLLER && has_begun(part));
            self.is_ready = polls || waits_for_token;
            lines.push(match self.is_ready {
                true => "READY=1".to_owned(),
                false => format!("EXTEND_TIMEOUT_USEC={}", limits::START_STILL_MS.saturating_mul(1_000)),
            });
        }
        let stuck = moving(parts, now).err();
        self.is_news = stuck.map(|stuck| stuck.name) != self.stuck.map(|stuck| stuck.name);
        self.stuck = stuck;
        let status = match stuck {
            None => {
                lines.push("WATCHDOG=1".to_owned());
                format!("STATUS={standing}")
            }
            Some(stuck) => format!("STATUS={stuck}"),
        };
        if status != self.status {
            lines.push(status.clone());
            self.status = status;
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Monotonic = Monotonic(1_000_000);

    fn all(poller: u64, journal: u64, dispatcher: u64) -> Counters {
        let counters = Counters::default();
        counters.poll_due_ms.set(poller);
        counters.journal_due_ms.set(journal);
        counters.dispatch_due_ms.set(dispatcher);
        counters
    }

    #[test]
    fn each_part_that_is_past_its_due_stops_the_feeding_and_is_named() {
        let fine = due(NOW, 0);
        let of = |counters: &Counters| moving(&parts(counters), NOW);
        assert_eq!(of(&all(fine, fine, fine)), Ok(()));
        let late = NOW.0 - 1;
        for (counters, name) in [
            (all(late, fine, fine), "poller"),
            (all(fine, late, fine), "journal"),
            (all(fine, fine, late), "dispatcher"),
        ] {
            assert_eq!(of(&counters), Err(Stuck { name, by_ms: 1 }));
        }
        let worst = of(&all(late, late - 5_000, fine)).expect_err("two are late");
        assert_eq!((worst.name, worst.by_ms), ("journal", 5_001));
        assert_eq!(worst.to_string(), "the journal has not moved for 6 s longer than it may take");
    }

    #[test]
    fn who_has_not_begun_or_waits_as_announced_is_not_stuck() {
        assert_eq!(moving(&parts(&all(0, due(NOW, 0), 0)), NOW), Ok(()), "the first run waits for its token");
        let day = limits::PAUSE_MAX_MS;
        let waits = due(Monotonic(0), day);
        assert_eq!(moving(&parts(&all(waits, waits, waits)), Monotonic(day)), Ok(()), "a pause that was asked for");
        assert!(moving(&parts(&all(waits, waits, waits)), Monotonic(waits + 1)).is_err());
        assert_eq!(due(Monotonic(u64::MAX), 1), u64::MAX);
    }

    #[test]
    fn the_manager_hears_ready_once_and_nothing_of_a_watchdog_while_a_part_is_stuck() {
        let mut vigil = Vigil::default();
        let mut turn =
            |counters: &Counters, waits: bool| vigil.turn(&parts(counters), waits, NOW, "record, 0 actions wait");
        let fine = due(NOW, 0);
        let first = turn(&all(0, fine, 0), false);
        assert_eq!(first, ["EXTEND_TIMEOUT_USEC=60000000", "WATCHDOG=1", "STATUS=record, 0 actions wait"]);
        assert_eq!(turn(&all(fine, fine, fine), false), ["READY=1", "WATCHDOG=1"]);
        assert_eq!(turn(&all(fine, fine, fine), false), ["WATCHDOG=1"]);
        // The timer still turns, the poller still polls: the journal alone stands still.
        let stuck = turn(&all(fine, 1, fine), false);
        assert_eq!(stuck, ["STATUS=the journal has not moved for 1000 s longer than it may take"]);
        assert_eq!(turn(&all(fine, 1, fine), false), Vec::<String>::new());
        assert_eq!(turn(&all(fine, fine, fine), false), ["WATCHDOG=1", "STATUS=record, 0 actions wait"]);
    }

    #[test]
    fn the_first_run_is_ready_while_it_waits_for_its_token() {
        let mut vigil = Vigil::default();
        assert!(vigil.turn(&parts(&all(0, due(NOW, 0), 0)), true, NOW, "setup").contains(&"READY=1".to_owned()));
        assert!(vigil.is_ready() && vigil.newly_stuck().is_none());
        vigil.turn(&parts(&all(1, 1, 1)), true, NOW, "setup");
        assert_eq!(vigil.newly_stuck().map(|stuck| stuck.name), Some("dispatcher"));
        vigil.turn(&parts(&all(1, 1, 1)), true, NOW, "setup");
        assert_eq!(vigil.newly_stuck(), None, "said once");
    }
}
