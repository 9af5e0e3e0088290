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

/// The rule under whose name it stands among the findings that there is no opinion.
pub const NO_MODEL_RULE: &str = "aegis-no-opinion";

/// Where an opinion comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heard {
    /// The model was asked about this message.
    Asked,
    /// It was given for the same message before.
    Same,
    /// It was given for nearly the same message before.
    NearlySame,
}

impl Heard {
    /// Where from, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Asked => "asked now",
            Self::Same => "remembered from the same message",
            Self::NearlySame => "remembered from nearly the same message",
        }
    }
}

/// The verdict after an opinion. One that is sure already stays as it is; an opinion below `least` percent is noted and
/// moves nothing. The verdict's reason stays that of the rules: the model's may repeat what a stranger wrote, and is for
/// moderators only.
#[must_use]
pub fn apply(verdict: Verdict, opinion: &Opinion, heard: Heard, least: u8) -> Verdict {
    if verdict.outcome != Outcome::Review {
        return verdict;
    }
    let mut verdict = verdict;
    let counts = opinion.confidence >= least;
    if counts {
        verdict.outcome = match opinion.view {
            View::Fine => Outcome::Allow,
            View::Breach => Outcome::Block,
        };
    }
    let (view, from) = (opinion.view.word(), heard.words());
    let doubt = if counts { String::new() } else { format!(", and {least} % are wanted") };
    note(&mut verdict, MODEL_RULE, format!("{view}, {} % sure{doubt}, {from}: {}", opinion.confidence, opinion.reason));
    verdict
}

/// The verdict when nobody could be asked, and why: it stays unsure, and the fallback decides.
#[must_use]
pub fn without(verdict: Verdict, why: &str) -> Verdict {
    let mut verdict = verdict;
    note(&mut verdict, NO_MODEL_RULE, format!("no opinion: {why}"));
    verdict
}

/// Whether an opinion is a part of what was found.
#[must_use]
pub fn is_part_of(verdict: &Verdict) -> bool {
    verdict.findings.iter().any(|finding| finding.rule == MODEL_RULE)
}

fn note(verdict: &mut Verdict, rule: &str, reason: String) {
    verdict.findings.truncate(limits::FINDINGS_MAX.saturating_sub(1));
    verdict.findings.push(Finding { rule: rule.to_owned(), score: 0, reason, spans: Vec::new() });
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
                assert_eq!(apply(verdict(outcome), &opinion(view, 100), Heard::Asked, 0), verdict(outcome));
            }
        }
        assert_eq!(apply(verdict(Outcome::Review), &opinion(View::Fine, 90), Heard::Asked, 70).outcome, Outcome::Allow);
        assert_eq!(
            apply(verdict(Outcome::Review), &opinion(View::Breach, 90), Heard::Asked, 70).outcome,
            Outcome::Block
        );
    }

    #[test]
    fn an_opinion_that_is_not_sure_of_itself_changes_nothing() {
        let unmoved = apply(verdict(Outcome::Review), &opinion(View::Breach, 69), Heard::Asked, 70);
        assert_eq!(unmoved.outcome, Outcome::Review);
        assert!(is_part_of(&unmoved), "it is noted all the same");
    }

    #[test]
    fn what_a_model_says_is_never_the_reason_that_members_read() {
        let verdict = Verdict { reason: "advertising".to_owned(), ..verdict(Outcome::Review) };
        for heard in [Heard::Asked, Heard::Same, Heard::NearlySame] {
            let moved = apply(verdict.clone(), &opinion(View::Breach, 90), heard, 70);
            assert_eq!(moved.reason, "advertising");
            assert!(moved.findings.iter().any(|finding| finding.reason.ends_with(": it says so")));
        }
    }
}
