//! Packs that contradict each other: what one rule looks for, another of a different pack excepts, or treats as another
//! kind of thing.
//!
//! Promises: total, on packs that compile or not; each contradiction names both places.
//!
//! Never: a refusal. An owner may mean it.

use super::pack::{self, PackSource, Rule};
use crate::document::Mistakes;
use crate::limits;
use crate::verdict::ActionKind;
use std::collections::HashMap;

/// One keyword that two packs treat differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// What is contradictory, with both places, in one sentence.
    pub what: String,
}

/// Finds them, at most `limits::MISTAKES_MAX`.
#[must_use]
pub fn contradictions(sources: &[PackSource]) -> Vec<Contradiction> {
    let mut ignored = Mistakes::default();
    let packs: Vec<(&str, Vec<Rule>)> = sources
        .iter()
        .filter(|source| !source.file.ends_with(crate::links::LISTS_FILE))
        .map(|source| (source.file.as_str(), pack::read(source, &mut ignored).rules))
        .collect();
    let mut known: HashMap<&str, (usize, &Rule)> = HashMap::new();
    let mut found = Vec::new();
    for (number, (file, rules)) in packs.iter().enumerate() {
        for rule in rules {
            for (phrase, _) in rule.phrases.list() {
                let Some(&(other, first)) = known.get(phrase.as_str()) else {
                    known.insert(phrase, (number, rule));
                    continue;
                };
                let Some((other_file, _)) = packs.get(other) else { continue };
                if other != number && removes(first) != removes(rule) {
                    let (yes, no) = if removes(first) { (first, rule) } else { (rule, first) };
                    found.push(format!(
                        "\"{phrase}\" makes `{}` remove its sender and `{}` not ({other_file}:{} and {file}:{})",
                        yes.id, no.id, first.line, rule.line
                    ));
                }
            }
        }
    }
    for (number, (file, rules)) in packs.iter().enumerate() {
        for rule in rules {
            for (phrase, _) in rule.phrases.exceptions() {
                if let Some((other, first)) = known.get(phrase.as_str())
                    && let Some((other_file, _)) = packs.get(*other)
                    && *other != number
                {
                    found.push(format!(
                        "\"{phrase}\" is an exception of `{}` and a keyword of `{}` ({file}:{} and {other_file}:{})",
                        rule.id, first.id, rule.line, first.line
                    ));
                }
            }
        }
    }
    found.truncate(limits::MISTAKES_MAX);
    found.into_iter().map(|what| Contradiction { what }).collect()
}

/// Whether a rule asks for its sender to be removed.
fn removes(rule: &Rule) -> bool {
    rule.actions.iter().any(|action| matches!(action.kind, ActionKind::Ban | ActionKind::Kick))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(file: &str, rule: &str) -> PackSource {
        let text = format!(
            "[pack]\nid = \"{file}\"\nversion = 1\n[[rule]]\nid = \"r-{file}\"\nreason = \"x\"\nscore = 90\n{rule}\n"
        );
        PackSource { file: file.to_owned(), text, lists: Vec::new() }
    }

    fn told(one: &str, two: &str) -> Vec<String> {
        contradictions(&[source("a.toml", one), source("b.toml", two)]).into_iter().map(|one| one.what).collect()
    }

    #[test]
    fn what_one_pack_looks_for_and_another_excepts_is_told_with_both_places() {
        assert_eq!(
            told("keywords = [\"Blue Moon\"]", "keywords = [\"moon\", \"~blue moon\"]"),
            ["\"blue moon\" is an exception of `r-b.toml` and a keyword of `r-a.toml` (b.toml:5 and a.toml:5)"]
        );
    }

    #[test]
    fn one_keyword_with_two_ends_is_told() {
        let ban = "keywords = [\"moon\"]\nactions = [\"delete\", \"ban\"]";
        assert_eq!(
            told("keywords = [\"moon\"]", ban),
            ["\"moon\" makes `r-b.toml` remove its sender and `r-a.toml` not (a.toml:5 and b.toml:5)"]
        );
        assert!(told(ban, ban).is_empty() && told("keywords = [\"sun\"]", ban).is_empty());
    }

    #[test]
    fn the_shipped_packs_agree() {
        assert_eq!(contradictions(&super::super::shipped()), []);
    }
}
