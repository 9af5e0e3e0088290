//! How this board stands with its hub, for people: lines, a finding with its cure, and metrics.
//!
//! Promises: a hub that is away for less than a day is no finding; what needs somebody is one, with its cure.
//!
//! Never: a call.

use super::machine::Standing;
use crate::checks::{Finding, State};
use crate::clock::Wall;
use crate::cloud::Enrolment;
use crate::config::Cloud;
use crate::counters::Counters;
use crate::limits;
use aegis_contract::Kind;
use std::sync::{Arc, Mutex};

/// What is seen of it from outside.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Where the board is enrolled; `None`: nowhere.
    pub enrolled: Option<Enrolment>,
    /// How it stands.
    pub standing: Standing,
    /// Why there is nothing to be done, where that is so.
    pub trouble: Option<String>,
    /// How long the hub has taken nothing, seconds; since the start at most.
    pub away_s: u64,
    /// How the packs of the hub do.
    pub packs: Vec<String>,
    /// How many of them judge.
    pub packs_judging: usize,
    /// What of them is not in force as the hub wishes it.
    pub packs_amiss: Vec<String>,
    /// Somebody wants all rows told again; the task takes it back when it has begun.
    pub wants_again: bool,
}

impl Seen {
    /// Asks that all rows that are here are told again, and says so.
    ///
    /// # Errors
    /// When there is no hub.
    pub fn tell_again(&mut self) -> Result<String, String> {
        if self.enrolled.is_none() {
            return Err("this board is at no hub; run `aegis sync enrol --code CODE`".to_owned());
        }
        self.wants_again = true;
        Ok("all rows that are here are told again, from a few seconds on; `aegis sync verify` compares both sides"
            .to_owned())
    }

    /// It in lines.
    #[must_use]
    pub fn lines(&self, cloud: Option<&Cloud>) -> Vec<String> {
        let Some(cloud) = cloud else { return vec!["the settings name no hub".to_owned()] };
        let mut lines = Vec::new();
        match &self.enrolled {
            Some(enrolment) => {
                lines.push(format!("Hub: {}, as {} ({})", enrolment.url, enrolment.name, enrolment.board));
            }
            None => lines.push(format!("Hub: {}, not enrolled", cloud.url)),
        }
        let at = |seconds: Option<u64>| {
            seconds.map_or_else(|| "never since the start".to_owned(), |at| Wall(at.saturating_mul(1_000)).utc())
        };
        let standing = &self.standing;
        lines.push(format!("Told: {}, {} pushes in all", at(standing.pushed_s), standing.sequence));
        lines.push(format!("Wishes read: {}", at(standing.pulled_s)));
        if let Some(off) = standing.clock_off_ms {
            lines.push(format!("Clock: {off} ms ahead of the hub's"));
        }
        if standing.waits > 0 {
            lines.push(format!("Waits: {} decisions", standing.waits));
        }
        if standing.aside > 0 {
            lines.push(format!("Set aside: {} rows that the hub refused", standing.aside));
        }
        lines.extend(standing.refused.iter().map(|why| format!("Refused: {why}")));
        lines.extend(standing.at_fault.iter().map(|why| format!("Hub at fault: {why}")));
        lines.extend(self.clock_finding());
        lines.extend(standing.fork.iter().map(|why| format!("Went apart {} times: {why}", standing.forks)));
        let truths = cloud.truths().map(|(kind, truth)| format!("{kind} = {}", truth.word()));
        lines.push(format!("Whose word counts: {}", truths.join(", ")));
        lines.extend(self.packs.iter().chain(&self.packs_amiss).cloned());
        lines.extend(self.trouble.iter().map(|why| format!("Trouble: {why}")));
        lines
    }

    /// What is wrong with the clock, and how to mend it; `None` when nothing is.
    #[must_use]
    pub fn clock_finding(&self) -> Option<String> {
        let off = self.standing.clock_off_ms.filter(|off| off.unsigned_abs() > limits::CLOUD_CLOCK_OFF_MS)?;
        let side = if off > 0 { "ahead of" } else { "behind" };
        let minutes = off.unsigned_abs() / 60_000;
        Some(format!(
            "This board's clock is {minutes} minutes {side} the hub's, which takes nothing until that is mended: set it with \
             `timedatectl set-ntp true`, and see whether a time server can be reached."
        ))
    }

    /// What somebody is to mend, and how; `None` when nothing is.
    fn mend(&self) -> Option<String> {
        let standing = &self.standing;
        let trouble = self.trouble.as_ref();
        let by_kind = || {
            let why = trouble?;
            let cure = match standing.kind? {
                Kind::Unsigned => {
                    "the board was revoked, or its clock went back: enrol again with a new code, `aegis sync enrol --code CODE`"
                }
                Kind::Old => "update this program",
                // It says itself that it will pass, or it is looked after here.
                Kind::Busy | Kind::Unready | Kind::Failed | Kind::Fork => return None,
                _ => "look at the hub's own log; board/runbooks/cloud.md says more",
            };
            Some(format!("{why}; {cure}."))
        };
        let away = || {
            let hours = self.away_s / 3_600;
            let why = trouble.filter(|_| self.away_s >= limits::CLOUD_AWAY_S)?;
            Some(format!(
                "The hub has taken nothing for {hours} hours ({why}); see that its address can be reached from here and that it \
                 runs. Nothing is lost meanwhile: it is told later."
            ))
        };
        let aside = || {
            let why = standing.refused.as_ref()?;
            Some(format!(
                "{why}; `aegis sync verify` shows in what both sides differ, and when the hub is mended, `aegis sync again` tells it all."
            ))
        };
        let at_fault = || {
            let why = standing.at_fault.as_ref()?;
            Some(format!(
                "{why}; look at the hub's own log, and update the older of both; board/runbooks/cloud.md says more."
            ))
        };
        let is_nowhere = self.enrolled.is_none();
        self.clock_finding()
            .or_else(|| trouble.filter(|_| is_nowhere).cloned())
            .or_else(at_fault)
            .or_else(by_kind)
            .or_else(away)
            .or_else(|| standing.fork.clone())
            .or_else(aside)
            .or_else(|| self.packs_amiss.first().cloned())
    }

    /// All of it as one finding.
    #[must_use]
    pub fn finding(&self, cloud: &Cloud) -> Finding {
        match self.mend() {
            Some(words) => Finding::new("Hub", State::Warn, words),
            None => Finding::new("Hub", State::Good, self.lines(Some(cloud)).join("; ")),
        }
    }

    /// Keeps the metrics.
    pub(super) fn count(&self, counters: &Counters) {
        let standing = &self.standing;
        counters.hub_away_s.set(if self.enrolled.is_some() { self.away_s } else { 0 });
        counters.hub_failures.set(u64::from(standing.failures));
        counters.hub_waits.set(standing.waits);
        counters.hub_set_aside.set(standing.aside);
        counters.hub_at_fault.set(u64::from(standing.at_fault.is_some()));
        counters.hub_packs.set(u64::try_from(self.packs_judging).unwrap_or(u64::MAX));
        counters.hub_packs_amiss.set(u64::try_from(self.packs_amiss.len()).unwrap_or(u64::MAX));
        counters.hub_forks.set(standing.forks);
        counters.hub_clock_off_ms.set(standing.clock_off_ms.map_or(0, i64::unsigned_abs));
    }
}

/// The same, as several tasks share it.
pub type SharedSeen = Arc<Mutex<Seen>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kind: Option<Kind>, away_s: u64) -> Seen {
        let standing = Standing { kind, failures: 3, ..Standing::default() };
        let trouble = Some("the hub cannot be reached: no way".to_owned());
        Seen { enrolled: Some(Enrolment::default()), standing, trouble, away_s, ..Seen::default() }
    }

    #[test]
    fn a_hub_that_is_away_is_a_finding_after_a_day_and_a_refusal_at_once_each_with_its_cure() {
        assert_eq!(seen(None, limits::CLOUD_AWAY_S - 1).mend(), None);
        assert_eq!(seen(Some(Kind::Unready), 5).mend(), None);
        for (seen, cure) in [
            (seen(None, limits::CLOUD_AWAY_S), "nothing for 24 hours"),
            (seen(Some(Kind::Unsigned), 5), "enrol again"),
            (seen(Some(Kind::Old), 5), "update this program"),
            (seen(Some(Kind::Forbidden), 5), "cloud.md"),
            (Seen { enrolled: None, ..seen(None, 5) }, "no way"),
        ] {
            assert!(seen.mend().is_some_and(|words| words.contains(cure)), "{cure}: {:?}", seen.mend());
        }
        let standing = Standing { at_fault: Some("row after row".to_owned()), ..seen(Some(Kind::Invalid), 5).standing };
        let at_fault = Seen { standing, ..seen(None, 5) };
        assert!(at_fault.mend().is_some_and(|words| words.starts_with("row after row; look at the hub's own log")));
        let standing = Standing { clock_off_ms: Some(-600_000), ..Standing::default() };
        let clock = Seen { standing, ..seen(Some(Kind::Clock), 5) };
        assert!(clock.mend().is_some_and(|words| words.contains("10 minutes behind")), "{clock:?}");
    }

    #[test]
    fn the_metrics_say_how_both_stand() {
        let counters = Counters::default();
        let mut seen = seen(None, 77);
        (seen.standing.aside, seen.standing.clock_off_ms, seen.standing.waits) = (2, Some(-9), 4);
        (seen.packs_judging, seen.packs_amiss) = (3, vec!["Pack scam: its file is damaged".to_owned()]);
        seen.count(&counters);
        let read = [&counters.hub_away_s, &counters.hub_failures, &counters.hub_set_aside, &counters.hub_waits];
        assert_eq!(read.map(crate::counters::Gauge::get), [77, 3, 2, 4]);
        assert_eq!(counters.hub_clock_off_ms.get(), 9);
        assert_eq!((counters.hub_packs.get(), counters.hub_packs_amiss.get()), (3, 1));
    }
}
