//! `aegis policy diff`: what another policy would have said of the same messages.
//!
//! Promises: no side effect; memory does not grow with the number of messages; texts of strangers are cut and escaped.
//!
//! Never: an action, a stored verdict. Messages are judged anew by both policies, under the thresholds in the settings.

use super::offline::{output, print};
use super::{load, screen};
use crate::app::{self, Failure, FailureKind};
use crate::clock::Wall;
use crate::config::Config;
use crate::control::{self, history::Asked};
use crate::judge;
use crate::limits;
use crate::message::Message;
use crate::policy::compile;
use crate::reload::compare::{Comparison, OUTCOMES, Parting, only_in};
use crate::shard::Rulebook;
use crate::store::history::{HistoryReader, Kept};
use crate::verdict::Verdict;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

/// What is compared, and on which messages.
#[derive(Debug, clap::Args)]
pub(super) struct DiffArgs {
    /// A folder with the packs to be tried.
    #[arg(long, value_name = "DIR")]
    candidate: PathBuf,
    /// A folder with the packs to compare with; without it, those in the settings.
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// JSON lines as for `aegis judge`, instead of the messages the appliance has seen.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// How many changed messages to list.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Columns of a message's text in the list.
const TEXT_COLUMNS: usize = 100;

/// Two policies and what came of the messages so far.
struct Replay {
    config: Config,
    base: Rulebook,
    candidate: Rulebook,
    comparison: Comparison,
    limit: usize,
    listed: Vec<String>,
}

/// Compares.
pub(super) fn diff(args: &DiffArgs) -> Result<(), Failure> {
    let config = load(args.config.as_deref())?;
    let base = compile(&app::pack_sources(args.policy.as_deref().or(config.policy_dir.as_deref()))?)?;
    let candidate = compile(&app::pack_sources(Some(&args.candidate))?)?;
    let mut replay = Replay {
        base: app::rulebook(&config, base),
        candidate: app::rulebook(&config, candidate),
        config,
        comparison: Comparison::default(),
        limit: args.limit.min(limits::DIFF_LISTED_MAX),
        listed: Vec::new(),
    };
    let unreadable = match &args.input {
        Some(file) => replay.replay_lines(file)?,
        None => replay.replay_history()?,
    };
    print(&replay.told())?;
    if unreadable > 0 {
        let why = format!("{unreadable} lines could not be read and were passed over");
        return Err(Failure { kind: FailureKind::Data, why });
    }
    Ok(())
}

impl Replay {
    /// Replays a file; returns how many of its lines could not be read.
    fn replay_lines(&mut self, file: &Path) -> Result<u64, Failure> {
        let opened = std::fs::File::open(file)
            .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", file.display())))?;
        let mut input = std::io::BufReader::with_capacity(limits::JUDGE_BUFFER_BYTES, opened);
        let bound = u64::try_from(limits::JUDGE_LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let (mut line, mut number, mut unreadable) = (Vec::new(), 0_u64, 0_u64);
        loop {
            line.clear();
            if (&mut input).take(bound).read_until(b'\n', &mut line).map_err(output)? == 0 {
                return Ok(unreadable);
            }
            number = number.saturating_add(1);
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match judge::message(&String::from_utf8_lossy(&line), number) {
                Ok(message) => self.take(&message, &format!("line {number}")),
                Err(why) => {
                    unreadable = unreadable.saturating_add(1);
                    eprintln!("{}: {why}", file.display());
                }
            }
        }
    }

    /// Replays the stored messages: those of the running appliance, or those in its file. Always returns 0.
    fn replay_history(&mut self) -> Result<u64, Failure> {
        let dir = self.config.data_dir.clone();
        let mut number = 0_u64;
        let mut take = |kept: &Kept| {
            number = number.saturating_add(1);
            let then = format!("{} {}", kept.outcome.word(), kept.score);
            let place = format!("message {number} of {}, then {then}", Wall(kept.sent_s.saturating_mul(1_000)).utc());
            self.take(&kept.message(), &place);
        };
        let asked = control::history::ask(&dir, |kept| take(&kept)).map_err(|error| Failure {
            kind: FailureKind::Storage,
            why: format!("the running appliance does not tell its messages: {error}"),
        })?;
        match asked {
            Asked::Told => return Ok(0),
            Asked::Refused(why) => return Err(Failure::usage(why)),
            Asked::NobodyThere => {}
        }
        let Some(reader) = HistoryReader::open(&dir)? else {
            let shown = dir.display();
            return Err(Failure::usage(format!(
                "no messages are stored in {shown}; let the appliance run first, or name messages with --input FILE"
            )));
        };
        let mut from = 0;
        loop {
            let piece = reader.from(from, limits::HISTORY_PIECE)?;
            let Some((last, _)) = piece.last() else { return Ok(0) };
            from = last.saturating_add(1);
            piece.iter().for_each(|(_, kept)| take(kept));
        }
    }

    /// Judges a message by both policies. `place` says where it came from.
    fn take(&mut self, message: &Message, place: &str) {
        let parting = self.comparison.take(&self.base, &self.candidate, message);
        if let Some(Parting { before, after }) = parting.filter(|_| self.listed.len() < self.limit) {
            self.listed.push(entry(message, place, &before, &after));
        }
    }

    fn told(&self) -> String {
        let mut out = String::new();
        for (name, set) in [("policy", &self.base.policy), ("candidate", &self.candidate.policy)] {
            let (version, packs, rules) = (set.version, set.packs().len(), set.rules().len());
            out.push_str(&format!("{name:<9} version {version:016x}, {packs} packs, {rules} rules\n"));
        }
        let Comparison { counts, messages, other_actions, .. } = &self.comparison;
        out.push_str(&format!("\n{messages} messages\n\n"));
        out.push_str("              candidate\n");
        out.push_str(&format!("  {:<10}{:>9}{:>9}{:>9}\n", "policy", "allow", "review", "block"));
        for (outcome, counts) in OUTCOMES.iter().zip(counts) {
            let cells: String = counts.iter().map(|count| format!("{count:>9}")).collect();
            out.push_str(&format!("  {:<10}{cells}\n", outcome.word()));
        }
        if *other_actions > 0 {
            out.push_str(&format!("\n{other_actions} are blocked by both, with other actions\n"));
        }
        let changed = self.comparison.changed();
        if changed == 0 {
            out.push_str("\nno message is judged differently\n");
            return out;
        }
        out.push_str(&format!("\n{changed} messages are judged differently"));
        let listed = u64::try_from(self.listed.len()).unwrap_or(u64::MAX);
        out.push_str(&if listed < changed { format!("; the first {listed}:\n") } else { ":\n".to_owned() });
        for entry in &self.listed {
            out.push_str(entry);
        }
        out
    }
}

fn entry(message: &Message, place: &str, before: &Verdict, after: &Verdict) -> String {
    let texts: Vec<&str> = message.surfaces.iter().map(|surface| surface.text.as_str()).collect();
    let mut out = format!(
        "\n{place}, chat {}: {} {} -> {} {}\n  {}\n",
        message.chat.0,
        before.outcome.word(),
        before.score,
        after.outcome.word(),
        after.score,
        screen::line(&texts.join(" | "), TEXT_COLUMNS)
    );
    for (sign, these, those) in [("-", before, after), ("+", after, before)] {
        for finding in only_in(these, those) {
            let reason = screen::line(&finding.reason, TEXT_COLUMNS);
            out.push_str(&format!("  {sign} {} {}: {reason}\n", finding.rule, finding.score));
        }
    }
    if before.outcome == after.outcome {
        for (sign, verdict) in [("-", before), ("+", after)] {
            let actions: Vec<String> = verdict.actions.iter().map(|action| action.words()).collect();
            out.push_str(&format!("  {sign} {}\n", actions.join(", ")));
        }
    }
    out
}
