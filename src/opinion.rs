//! What a model thinks of a message that the rules left at review.
//!
//! Promises: an opinion is one of two answers, how sure the model says it is, and a reason of bounded length. It moves
//! only a verdict that is unsure; what the rules are sure of stays.
//!
//! Never: an effect, and no trust: the text it comes from may have been written to please the model.

use crate::limits;
use crate::verdict::{Finding, Outcome, Verdict};
use serde::{Deserialize, Serialize};

/// The two answers of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum View {
    /// It may stay.
    Fine,
    /// It breaks the community's rules.
    Breach,
}

impl View {
    /// The answer as the model writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fine => "allow",
            Self::Breach => "block",
        }
    }

    /// The answer that [`View::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Fine, Self::Breach].into_iter().find(|view| view.word() == word)
    }
}

/// What a model thinks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Opinion {
    /// Its answer.
    pub view: View,
    /// How sure it says it is, 0 to 100.
    pub confidence: u8,
    /// Its reason, for people; at most `limits::OPINION_REASON_BYTES_MAX`, one line, printable.
    pub reason: String,
}

/// The rule under whose name an opinion stands among the findings.
pub const MODEL_RULE: &str = "aegis-model";

/// The verdict after an opinion. One that is sure already, and an opinion below `least` percent, change nothing.
#[must_use]
pub fn apply(verdict: Verdict, opinion: &Opinion, least: u8) -> Verdict {
    if verdict.outcome != Outcome::Review || opinion.confidence < least {
        return verdict;
    }
    let mut verdict = verdict;
    verdict.outcome = match opinion.view {
        View::Fine => Outcome::Allow,
        View::Breach => Outcome::Block,
    };
    if opinion.view == View::Breach && !opinion.reason.is_empty() {
        verdict.reason.clone_from(&opinion.reason);
    }
    let finding = Finding { rule: MODEL_RULE.to_owned(), score: 0, reason: opinion.reason.clone(), spans: Vec::new() };
    verdict.findings.truncate(limits::FINDINGS_MAX.saturating_sub(1));
    verdict.findings.push(finding);
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(outcome: Outcome) -> Verdict {
        Verdict { outcome, score: 60, ..Verdict::default() }
    }

    fn opinion(view: View, confidence: u8) -> Opinion {
        Opinion { view, confidence, reason: "it says so".to_owned() }
    }

    #[test]
    fn an_opinion_moves_only_what_is_unsure() {
        for view in [View::Fine, View::Breach] {
            for outcome in [Outcome::Allow, Outcome::Block] {
                assert_eq!(apply(verdict(outcome), &opinion(view, 100), 0), verdict(outcome));
            }
        }
        assert_eq!(apply(verdict(Outcome::Review), &opinion(View::Fine, 90), 70).outcome, Outcome::Allow);
        assert_eq!(apply(verdict(Outcome::Review), &opinion(View::Breach, 90), 70).outcome, Outcome::Block);
    }

    #[test]
    fn an_opinion_that_is_not_sure_of_itself_changes_nothing() {
        assert_eq!(apply(verdict(Outcome::Review), &opinion(View::Breach, 69), 70), verdict(Outcome::Review));
    }
}
