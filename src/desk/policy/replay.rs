//! Trying a change on the stored messages.
//!
//! Promises: the newest messages of the groups in question, each judged by what is in force and by what would be; a bounded
//! number in a bounded time, and it says how many.
//!
//! Never: an effect, or a message that somebody else looks after.

use super::Scope;
use crate::desk::Office;
use crate::limits;
use crate::message::floor_char_boundary;
use crate::reload::compare::{Comparison, Parting, only_in};
use crate::shard::Rulebook;
use crate::store::history::{HistoryReader, Kept};
use crate::verdict::Verdict;
use crate::web::desk::Told;
use crate::web::views::{Replayed, ReplayedMessage};

/// Bytes of a message's text that are shown.
const TEXT_BYTES: usize = 240;

/// One trial.
struct Trial<'t> {
    office: &'t Office,
    now: &'t Rulebook,
    then: &'t Rulebook,
    scope: Option<&'t Scope>,
    comparison: Comparison,
    examples: Vec<ReplayedMessage>,
    until_ms: u64,
}

impl Office {
    /// Judges the newest stored messages of a scope, `limit` of them at most, by both, until it is that late.
    pub(super) fn replay(
        &self,
        now: &Rulebook,
        then: &Rulebook,
        scope: Option<&Scope>,
        limit: usize,
        until_ms: u64,
    ) -> Told<Replayed> {
        let Some(notes) = &self.notes else {
            let words = "no messages are stored, so there are none to try this on".to_owned();
            return Ok(Replayed { words, ..Replayed::default() });
        };
        let mut trial =
            Trial { office: self, now, then, scope, comparison: Comparison::default(), examples: Vec::new(), until_ms };
        let limit = limit.min(limits::REPLAY_MESSAGES_MAX);
        let (reader, waiting) = notes.all();
        let waiting: Vec<&Kept> = waiting.iter().filter(|kept| trial.is_of(kept)).collect();
        // Those that wait to be written are the newest.
        let fresh = waiting.get(waiting.len().saturating_sub(limit)..).unwrap_or_default();
        let of_file = limit.saturating_sub(fresh.len());
        let mut in_time = true;
        if let Some(reader) = reader.filter(|_| of_file > 0) {
            in_time = trial.stored(&reader, of_file)?;
        }
        for kept in fresh {
            in_time = in_time && trial.take(kept);
        }
        Ok(trial.told(in_time))
    }
}

impl Trial<'_> {
    fn is_of(&self, kept: &Kept) -> bool {
        self.scope.is_none_or(|scope| match scope.group {
            Some(group) => kept.chat == group,
            None => self.now.tenants.of(kept.chat).name == scope.tenant,
        })
    }

    /// Judges the newest `count` of a file. `false` when the time was up.
    fn stored(&mut self, reader: &HistoryReader, count: usize) -> Told<bool> {
        // Where the newest begin is known only when all have been passed.
        let mut newest = std::collections::VecDeque::new();
        let mut from = 0;
        loop {
            let piece = reader.from(from, limits::HISTORY_PIECE)?;
            let Some((last, _)) = piece.last() else { break };
            from = last.saturating_add(1);
            for (number, _) in piece.iter().filter(|(_, kept)| self.is_of(kept)) {
                newest.push_back(*number);
                if newest.len() > count {
                    newest.pop_front();
                }
            }
            if self.is_late() {
                return Ok(false);
            }
        }
        let Some(mut from) = newest.pop_front() else { return Ok(true) };
        drop(newest);
        loop {
            let piece = reader.from(from, limits::HISTORY_PIECE)?;
            let Some((last, _)) = piece.last() else { return Ok(true) };
            from = last.saturating_add(1);
            for (_, kept) in &piece {
                if self.is_of(kept) && !self.take(kept) {
                    return Ok(false);
                }
            }
        }
    }

    fn is_late(&self) -> bool {
        self.office.clock.now().mono.0 > self.until_ms
    }

    /// Judges one. `false` when the time is up.
    fn take(&mut self, kept: &Kept) -> bool {
        let message = kept.message();
        let parting = self.comparison.take(self.now, self.then, &message);
        if let Some(parting) = parting.filter(|_| self.examples.len() < limits::REPLAY_SHOWN_MAX) {
            self.examples.push(self.example(kept, &parting));
        }
        !self.is_late()
    }

    fn example(&self, kept: &Kept, Parting { before, after }: &Parting) -> ReplayedMessage {
        let texts: Vec<&str> = kept.surfaces.iter().map(|(_, text)| text.as_str()).collect();
        let text = texts.join(" | ");
        let said = |verdict: &Verdict| (verdict.outcome.word().to_owned(), verdict.score);
        let rules = |one, other| only_in(one, other).map(|finding| finding.rule.clone()).collect();
        ReplayedMessage {
            sent_s: kept.sent_s,
            group: kept.chat.0,
            group_title: self.office.title_of(kept.chat),
            text: text.get(..floor_char_boundary(&text, TEXT_BYTES)).unwrap_or_default().to_owned(),
            now: said(before),
            then: said(after),
            new_rules: rules(after, before),
            gone_rules: rules(before, after),
        }
    }

    fn told(self, in_time: bool) -> Replayed {
        let (messages, changed) = (self.comparison.messages, self.comparison.changed());
        let how = match (messages, changed) {
            (0, _) => "no messages of this scope are stored yet, so there are none to try this on".to_owned(),
            (_, 0) => format!("of the newest {messages} stored messages none is judged otherwise"),
            (_, 1) => format!("of the newest {messages} stored messages one is judged otherwise"),
            (_, _) => format!("of the newest {messages} stored messages {changed} are judged otherwise"),
        };
        let words = match (in_time, messages) {
            (true, _) => how,
            (false, 0) => "there was no time to judge any of the stored messages; try again".to_owned(),
            (false, _) => format!("{how}; there was no time for the rest"),
        };
        Replayed { messages, counts: self.comparison.counts, changed, examples: self.examples, words }
    }
}
