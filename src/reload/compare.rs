//! Two rulebooks on the same messages: what each says, and where they part.
//!
//! Promises: no side effect; memory does not grow with the number of messages.
//!
//! Never: a text kept. Whoever shows one has it already.

use crate::message::Message;
use crate::policy::{self, Scratch};
use crate::shard::Rulebook;
use crate::verdict::{Finding, Outcome, Verdict};

/// The outcomes, in the order of [`Comparison::counts`].
pub const OUTCOMES: [Outcome; 3] = [Outcome::Allow, Outcome::Review, Outcome::Block];

/// What came of the messages so far.
#[derive(Debug, Default)]
pub struct Comparison {
    scratch: Scratch,
    /// By outcome of one and of the other: `counts[one][other]`, in the order of [`OUTCOMES`].
    pub counts: [[u64; 3]; 3],
    /// Messages judged.
    pub messages: u64,
    /// Messages that both block, with other actions.
    pub other_actions: u64,
}

/// A message on which both part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// What one says.
    pub before: Verdict,
    /// What the other says.
    pub after: Verdict,
}

impl Comparison {
    /// Judges a message by both.
    pub fn take(&mut self, one: &Rulebook, other: &Rulebook, message: &Message) -> Option<Parting> {
        let before = policy::judge_on(&one.terms(message.chat), message, &mut self.scratch);
        let after = policy::judge_on(&other.terms(message.chat), message, &mut self.scratch);
        self.messages = self.messages.saturating_add(1);
        let at = |outcome: Outcome| OUTCOMES.iter().position(|one| *one == outcome).unwrap_or(0);
        if let Some(count) = self.counts.get_mut(at(before.outcome)).and_then(|row| row.get_mut(at(after.outcome))) {
            *count = count.saturating_add(1);
        }
        let acts_otherwise =
            before.outcome == after.outcome && after.outcome == Outcome::Block && before.actions != after.actions;
        self.other_actions = self.other_actions.saturating_add(u64::from(acts_otherwise));
        (before.outcome != after.outcome || acts_otherwise).then_some(Parting { before, after })
    }

    /// Messages on which both part.
    #[must_use]
    pub fn changed(&self) -> u64 {
        let others = self.counts.iter().enumerate().flat_map(|(row, counts)| {
            counts.iter().enumerate().filter(move |(column, _)| *column != row).map(|(_, count)| *count)
        });
        others.fold(self.other_actions, u64::saturating_add)
    }
}

/// What one verdict found and the other did not, or with another score.
pub fn only_in<'v>(one: &'v Verdict, other: &'v Verdict) -> impl Iterator<Item = &'v Finding> {
    let is_same = |one: &Finding, other: &Finding| one.rule == other.rule && one.score == other.score;
    one.findings.iter().filter(move |found| !other.findings.iter().any(|known| is_same(found, known)))
}
