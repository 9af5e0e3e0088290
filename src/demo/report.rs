//! The table at the end of a demonstration, and the progress before it.
//!
//! Promises: what Telegram's side saw comes from the stand-in's ledger, what only the appliance can know comes from
//! its own numbers; a figure that is not known says so.
//!
//! Never: colour, or anything but plain lines when nobody watches on a terminal.

use super::ledger::{Ledger, permille};
use super::readings::Readings;
use super::script::Expected;
use super::scripted_model::Seen;
use super::standin::Progress;
use crate::budget::Micros;
use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal;
use std::net::SocketAddr;

/// How a play ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Settled {
    /// Every update was confirmed and nothing was left to be done.
    #[default]
    Settled,
    /// Nothing moved for too long.
    Stuck,
    /// Somebody asked to stop.
    Interrupted,
}

/// Everything the table shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Different messages handed out.
    pub messages: usize,
    /// Microseconds from the first poll to the last action; `None` when the stream did not end.
    pub play_us: Option<u64>,
    /// Verdicts: allow, review, block.
    pub verdicts: [u64; 3],
    /// Actions promised, confirmed, given up.
    pub actions: [u64; 3],
    /// Calls that change something, as they arrived.
    pub calls: u64,
    /// Messages deleted.
    pub deleted: usize,
    /// Messages that had to go; `None` when nobody said which.
    pub had_to_go: Option<usize>,
    /// Of these, how many did not.
    pub missed: usize,
    /// Messages and people acted on that should not have been.
    pub wrong: usize,
    /// Calls inside a `retry_after` window.
    pub early: usize,
    /// Calls that were on their way when a window was announced.
    pub crossed: u64,
    /// Notices said more than once.
    pub repeated_notices: usize,
    /// Actions that took effect in two different ways.
    pub two_ways: usize,
    /// Median and 99th percentile from handed out to deleted, microseconds.
    pub to_action_us: Option<(u64, u64)>,
    /// The most resident memory, bytes.
    pub peak_bytes: Option<u64>,
    /// Whether that memory is shared with the stand-in.
    pub memory_of: MemoryOf,
    /// Bytes written by the journal.
    pub bytes_written: u64,
    /// Syncs asked of the storage.
    pub syncs: u64,
    /// Some of what was missed or wrong: which, chat and message.
    pub examples: Vec<(&'static str, i64, i64)>,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// How it ended.
    pub settled: Settled,
    /// Where the page is.
    pub page: Option<SocketAddr>,
    /// What the model was asked; `None` without one.
    pub model: Option<ModelFigures>,
}

/// What a model was asked, from both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelFigures {
    /// Calls that reached it.
    pub calls: u64,
    /// What an honest provider would charge for them.
    pub charged: Micros,
    /// What the appliance counts as spent.
    pub spent: Micros,
    /// Unsure messages answered by an opinion that was given before.
    pub remembered: u64,
    /// Unsure messages that the fallback decided.
    pub unanswered: u64,
}

impl ModelFigures {
    /// From what the model saw and what the appliance counted.
    #[must_use]
    pub fn gather(seen: &Seen, readings: &Readings) -> Self {
        let sum = |names: [&str; 2]| names.into_iter().map(|name| readings.get(name)).fold(0, u64::saturating_add);
        Self {
            calls: seen.calls,
            charged: seen.cost,
            spent: Micros(readings.get("model_spent_micros")),
            remembered: sum(["opinions_same", "opinions_nearly"]),
            unanswered: sum(["review_unanswered", "review_refused"]),
        }
    }
}

/// Whose memory was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryOf {
    /// One process holds the appliance and the stand-in.
    #[default]
    Both,
    /// A process of the appliance alone.
    ApplianceAlone,
}

impl Figures {
    /// From what was seen from both sides. Memory, the page and the ending are for the caller to add.
    #[must_use]
    pub fn gather(ledger: &Ledger, readings: &Readings) -> Self {
        let times = ledger.times_to_delete_us();
        let known = ledger.messages.iter().any(|record| record.expected != Expected::Unknown);
        let had_to_go = |expected: Expected| matches!(expected, Expected::Remove | Expected::RemoveAndBan);
        Self {
            messages: ledger.messages.len(),
            play_us: ledger.play_us(),
            verdicts: ["verdicts_allow", "verdicts_review", "verdicts_block"].map(|name| readings.get(name)),
            actions: ["actions_planned", "actions_confirmed", "actions_dead"].map(|name| readings.get(name)),
            calls: ledger.actions(),
            deleted: ledger.deleted,
            had_to_go: known.then(|| ledger.messages.iter().filter(|record| had_to_go(record.expected)).count()),
            missed: ledger.missed(),
            wrong: ledger.wrong(),
            early: ledger.early.len(),
            crossed: ledger.crossed,
            repeated_notices: ledger.repeated_notices(),
            two_ways: ledger.two_ways(),
            to_action_us: permille(&times, 500).zip(permille(&times, 990)),
            peak_bytes: None,
            memory_of: MemoryOf::default(),
            bytes_written: readings.get("bytes_written"),
            syncs: readings.get("syncs"),
            examples: examples(ledger),
            faults: ledger.faults.clone(),
            settled: Settled::default(),
            page: None,
            model: None,
        }
    }

    /// Whether everything promised was kept.
    #[must_use]
    pub fn verdict(&self) -> Kept {
        let broken = self.missed + self.wrong + self.early + self.repeated_notices + self.two_ways;
        if broken == 0 && self.settled == Settled::Settled { Kept::Kept } else { Kept::Broken }
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let [allow, review, block] = self.verdicts;
        let [planned, confirmed, dead] = self.actions;
        let faults: Vec<String> = self.faults.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let messages = u64::try_from(self.messages).unwrap_or(u64::MAX);
        let counted = allow.saturating_add(review).saturating_add(block);
        let lost = if self.faults.contains_key("kill") && counted < messages {
            "; what the killed process had counted since it was last asked is not in this row"
        } else {
            ""
        };
        let mut rows = vec![
            ("messages", self.speed(messages)),
            ("verdicts", format!("allow {allow}, review {review}, block {block}{lost}")),
            ("actions", format!("{planned} promised, {confirmed} confirmed, in {} calls", self.calls)),
            ("dead letters", dead.to_string()),
        ];
        match self.had_to_go {
            Some(had_to_go) => {
                rows.push(("missed", format!("{} of {had_to_go} that had to go", self.missed)));
                rows.push(("wrong", self.wrong.to_string()));
            }
            None => rows.push(("deleted", format!("{}; the file does not say what had to go", self.deleted))),
        }
        if !faults.is_empty() {
            rows.push(("faults", faults.join(", ")));
            rows.push((
                "calls too early",
                format!("{} inside a retry_after window, {} on their way when it began", self.early, self.crossed),
            ));
        }
        if let Some(model) = &self.model {
            let messages = messages.max(1);
            let permille = messages.saturating_sub(model.calls).saturating_mul(1_000) / messages;
            rows.push((
                "model",
                format!(
                    "{} calls, {} % fewer than messages; {} answered from memory, {} left to the fallback",
                    model.calls,
                    tenths(permille),
                    model.remembered,
                    model.unanswered
                ),
            ));
            rows.push(("model's price", format!("{} charged, {} counted as spent", model.charged, model.spent)));
        }
        rows.push(("notices repeated", self.repeated_notices.to_string()));
        rows.push((
            "time to action",
            self.to_action_us.map_or_else(
                || "nothing was deleted".to_owned(),
                |(median, most)| format!("p50 {}, p99 {}", milliseconds(median), milliseconds(most)),
            ),
        ));
        let whose = match self.memory_of {
            MemoryOf::Both => "this process, with the stand-in",
            MemoryOf::ApplianceAlone => "the appliance's process",
        };
        rows.push((
            "peak memory",
            self.peak_bytes.map_or_else(
                || "not known on this system".to_owned(),
                |bytes| format!("{} MiB, {whose}", tenths(bytes.saturating_mul(10) / (1_024 * 1_024))),
            ),
        ));
        let milli_syncs = self.syncs.saturating_mul(1_000) / messages.max(1);
        rows.push((
            "written",
            format!(
                "{} bytes and {}.{:03} syncs a message",
                self.bytes_written / messages.max(1),
                milli_syncs / 1_000,
                milli_syncs % 1_000
            ),
        ));
        rows.push(("page", self.page.map_or_else(|| "none".to_owned(), |page| format!("http://{page}/"))));
        rows
    }

    fn speed(&self, messages: u64) -> String {
        match self.play_us {
            Some(play_us) => format!(
                "{messages} in {} s, {} a second",
                tenths(play_us / 100_000),
                messages.saturating_mul(1_000_000) / play_us.max(1)
            ),
            None => format!("{messages}, and the stream did not end"),
        }
    }
}

/// How many examples the table shows.
const EXAMPLES: usize = 8;

fn examples(ledger: &Ledger) -> Vec<(&'static str, i64, i64)> {
    let missed = ledger.messages.iter().filter(|record| ledger.is_missed(record)).map(|record| ("missed", record));
    let wrong = ledger.messages.iter().filter(|record| record.is_wrong()).map(|record| ("wrong", record));
    missed.chain(wrong).map(|(which, record)| (which, record.chat, record.message)).take(EXAMPLES).collect()
}

/// Whether everything promised was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was.
    Kept,
    /// Something was missed, wrong, early, repeated, or not finished.
    Broken,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figure) in self.rows() {
            writeln!(f, "  {name:<17} {figure}")?;
        }
        for (which, chat, message) in &self.examples {
            writeln!(f, "  {which}: message {message} of chat {chat}")?;
        }
        match self.settled {
            Settled::Settled => Ok(()),
            Settled::Stuck => writeln!(f, "  nothing moved for a minute: the table shows what was reached"),
            Settled::Interrupted => writeln!(f, "  stopped before the end: the table shows what was reached"),
        }
    }
}

/// A number of tenths with its point.
fn tenths(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn milliseconds(us: u64) -> String {
    format!("{} ms", tenths(us / 100))
}

/// Progress for whoever watches.
pub enum Watcher {
    /// One line that is written over, on a terminal.
    Line,
    /// A line at every quarter, anywhere else.
    Lines(usize),
}

impl Watcher {
    /// One line when standard error is a terminal, else lines.
    #[must_use]
    pub fn new() -> Self {
        if std::io::stderr().is_terminal() { Self::Line } else { Self::Lines(0) }
    }

    /// Shows how far it is.
    pub fn show(&mut self, progress: Progress) {
        let Progress { released, total, deleted, .. } = progress;
        match self {
            // ESC [2K takes away what stood there.
            Self::Line => eprint!("\r\u{1b}[2K  {released} of {total} messages, {deleted} deleted"),
            Self::Lines(quarters) => {
                let reached = released.saturating_mul(4) / total.max(1);
                if reached > *quarters {
                    *quarters = reached;
                    eprintln!("  {released} of {total} messages, {deleted} deleted");
                }
            }
        }
    }

    /// Takes the line away.
    pub fn end(&self) {
        if matches!(self, Self::Line) {
            eprint!("\r\u{1b}[2K");
        }
    }
}

impl Default for Watcher {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_figure_in_plain_words() {
        let figures = Figures {
            messages: 2_000,
            play_us: Some(400_000),
            verdicts: [1_500, 1, 499],
            actions: [998, 998, 0],
            calls: 700,
            had_to_go: Some(500),
            missed: 1,
            to_action_us: Some((2_140, 9_960)),
            peak_bytes: Some(14 * 1_024 * 1_024),
            bytes_written: 2_000_000,
            syncs: 90,
            page: Some(SocketAddr::from(([127, 0, 0, 1], 8080))),
            ..Figures::default()
        };
        let table = figures.to_string();
        for row in [
            "2000 in 0.4 s, 5000 a second",
            "allow 1500, review 1, block 499",
            "1 of 500 that had to go",
            "p50 2.1 ms, p99 9.9 ms",
            "14.0 MiB",
            "1000 bytes and 0.045 syncs a message",
            "http://127.0.0.1:8080/",
        ] {
            assert!(table.contains(row), "{row} is not in\n{table}");
        }
        assert_eq!(figures.verdict(), Kept::Broken);
    }

    #[test]
    fn a_file_that_says_nothing_about_its_messages_gives_no_misses() {
        let table = Figures { had_to_go: None, ..Figures::default() }.to_string();
        assert!(table.contains("the file does not say") && !table.contains("missed"), "{table}");
    }
}
