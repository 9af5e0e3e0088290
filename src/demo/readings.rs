//! The appliance's own numbers, read either from its counters or from its `/metrics`.
//!
//! Promises: one name for a number wherever it was read, the one in [`Counters`]; a number that is not there is 0.
//!
//! Never: a guess at a number.

use crate::counters::Counters;
use crate::outward::{self, Fault, Proxy, Wants};
use hyper::Method;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// How long the page may take to answer.
const METRICS_WAIT: Duration = Duration::from_secs(5);

/// Numbers by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings(BTreeMap<String, u64>);

impl Readings {
    /// From the counters of an appliance in this process.
    #[must_use]
    pub fn of(counters: &Counters) -> Self {
        let mut readings = BTreeMap::new();
        counters.each(|name, _, _, value| {
            readings.insert(name.to_owned(), value);
        });
        Self(readings)
    }

    /// From the text of `/metrics`: `aegis_` before a name and `_total` after it are dropped, lines with labels are
    /// passed over.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let mut readings = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.trim().split_once(' ') else { continue };
            let Some(name) = name.strip_prefix("aegis_") else { continue };
            let name = name.strip_suffix("_total").unwrap_or(name);
            let whole = value.split(['.', ' ']).next().unwrap_or_default();
            if let Ok(value) = whole.parse()
                && !name.contains('{')
            {
                readings.insert(name.to_owned(), value);
            }
        }
        Self(readings)
    }

    /// From the page of an appliance at `page`.
    ///
    /// # Errors
    ///
    /// When the page does not answer in time.
    pub async fn fetch(page: SocketAddr) -> Result<Self, String> {
        let wants = Wants { connect: METRICS_WAIT, idle_max: 0, idle: METRICS_WAIT, root: None, proxy: Proxy::Never };
        let client = outward::Client::new(&wants)?;
        let said = |fault: Fault| fault.to_string();
        let asked = async {
            let question = outward::ask(Method::GET, &format!("http://{page}/metrics")).map_err(said)?;
            let mut answer = client.send(question, "").await.map_err(said)?;
            let mut text = Vec::new();
            while let Some(piece) = answer.piece().await.map_err(said)? {
                text.extend_from_slice(&piece);
            }
            String::from_utf8(text).map_err(|_| "the numbers are no text".to_owned())
        };
        let text = tokio::time::timeout(METRICS_WAIT, asked).await.map_err(|_| "no numbers in time".to_owned())??;
        Ok(Self::from_text(&text))
    }

    /// The number of this name; 0 when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Adds the numbers of an earlier life of the same appliance, if this life began its count anew.
    #[must_use]
    pub fn after(mut self, earlier: &Self) -> Self {
        if self.get("updates") < earlier.get("updates") {
            for (name, value) in &earlier.0 {
                if !GAUGES.contains(&name.as_str()) {
                    let entry = self.0.entry(name.clone()).or_default();
                    *entry = entry.saturating_add(*value);
                }
            }
        }
        self
    }
}

/// Numbers that are as of now, so that an earlier life's must not be added.
const GAUGES: [&str; 39] = [
    "outbox_rows_max",
    "data_bytes",
    "data_bytes_max",
    "poll_due_ms",
    "journal_due_ms",
    "dispatch_due_ms",
    "live_pages",
    "outbox_rows",
    "outbox_waiting_ms",
    "dead_letters",
    "undecided",
    "shards",
    "in_flight_calls",
    "paused_ms",
    "watch_only_chats",
    "heap_bytes",
    "heap_bytes_peak",
    "memory_bytes_max",
    "poll_answered_ms",
    "dispatch_turn_ms",
    "resident_bytes",
    "resident_bytes_peak",
    "breaker_open",
    "standing_by",
    "review_rows",
    "model_in_flight",
    "model_breaker_open",
    "opinions_entries",
    "opinions_bytes",
    "degraded_tenants",
    "hub_away_s",
    "hub_failures",
    "hub_waits",
    "hub_at_fault",
    "hub_set_aside",
    "hub_forks",
    "hub_clock_off_ms",
    "hub_packs",
    "hub_packs_amiss",
];

/// Resident memory of a process, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resident {
    /// As of now.
    pub now: u64,
    /// The most it ever was.
    pub peak: u64,
}

/// Resident memory of the process with this number, or of this process; `None` where the system does not tell.
#[must_use]
pub fn resident(pid: Option<u32>) -> Option<Resident> {
    let of = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    let status = std::fs::read_to_string(format!("/proc/{of}/status")).ok()?;
    let bytes = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib.saturating_mul(1_024))
    };
    Some(Resident { now: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::MetricKind;

    #[test]
    fn a_number_has_the_same_name_wherever_it_is_read() {
        let text = "# HELP aegis_syncs Syncs.\n# TYPE aegis_syncs counter\naegis_syncs_total 12\naegis_outbox_rows 3.0\n\
                    aegis_judge_bucket{le=\"0.1\"} 4\nprocess_threads 9\n# EOF\n";
        let readings = Readings::from_text(text);
        assert_eq!((readings.get("syncs"), readings.get("outbox_rows"), readings.get("threads")), (12, 3, 0));
    }

    #[test]
    fn every_gauge_is_known_as_one() {
        Counters::default().each(|name, _, kind, _| {
            assert_eq!(GAUGES.contains(&name), kind == MetricKind::Gauge, "{name}");
        });
    }

    #[test]
    fn two_lives_are_added_only_when_the_count_began_anew() {
        let life = |n: u64| Readings::from_text(&format!("aegis_updates_total {n}\naegis_outbox_rows 1\n"));
        assert_eq!(life(5).after(&life(9)).get("updates"), 14);
        assert_eq!(life(5).after(&life(9)).get("outbox_rows"), 1);
        assert_eq!(life(12).after(&life(9)).get("updates"), 12);
    }
}
