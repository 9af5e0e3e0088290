//! From packs to one set: ids are unique, bounds hold, equal keywords become one pattern.
//!
//! Promises: a set only when no pack has a mistake; else all of them at once. The same sources in any order give the
//! same version.
//!
//! Never: a half-good set.

use super::keywords::{Bounds, Edge};
use super::pack::{self, Pack, PackSource};
use super::set::{PackInfo, PolicySet, Rule, Use};
use crate::document::Mistakes;
use crate::limits;
use crate::text;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Compiles packs into one set, or lists every mistake in them.
///
/// # Errors
///
/// All mistakes of all packs, each with file, line and cure.
pub fn compile(sources: &[PackSource]) -> Result<PolicySet, Mistakes> {
    let mut mistakes = Mistakes::default();
    if sources.len() > limits::PACKS_MAX {
        mistakes.add("", 0, format!("{} packs; the most is {}", sources.len(), limits::PACKS_MAX));
        return Err(mistakes);
    }
    let mut ordered: Vec<&PackSource> = sources.iter().collect();
    ordered.sort_by(|a, b| a.file.cmp(&b.file));
    let packs: Vec<(&str, Pack)> =
        ordered.iter().map(|source| (source.file.as_str(), pack::read(source, &mut mistakes))).collect();
    check_ids(&packs, &mut mistakes);
    check_bounds(&packs, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    assemble(version(&ordered), packs).map_err(|what| {
        mistakes.add("", 0, what);
        mistakes
    })
}

fn check_ids(packs: &[(&str, Pack)], mistakes: &mut Mistakes) {
    let mut pack_ids: HashMap<&str, (&str, usize)> = HashMap::new();
    let mut rule_ids: HashMap<&str, (&str, usize)> = HashMap::new();
    for (file, pack) in packs {
        if !pack.id.is_empty()
            && let Some((other, line)) = pack_ids.insert(&pack.id, (file, pack.id_line))
        {
            mistakes.add(file, pack.id_line, format!("the pack id `{}` is already used at {other}:{line}", pack.id));
        }
        for rule in pack.rules.iter().filter(|rule| !rule.id.is_empty()) {
            if let Some((other, line)) = rule_ids.insert(&rule.id, (file, rule.line)) {
                let what = format!("the rule id `{}` is already used at {other}:{line}; choose another", rule.id);
                mistakes.add(file, rule.line, what);
            }
        }
    }
}

fn check_bounds(packs: &[(&str, Pack)], mistakes: &mut Mistakes) {
    let rules = || packs.iter().flat_map(|(_, pack)| &pack.rules);
    let sums = [
        ("rules", rules().count(), limits::RULES_MAX),
        ("keywords", rules().map(|rule| rule.phrases.list().len()).sum(), limits::KEYWORDS_MAX),
        ("bytes of keywords", rules().map(|rule| rule.phrases.bytes()).sum(), limits::KEYWORDS_BYTES_MAX),
    ];
    for (what, sum, most) in sums {
        if sum > most {
            mistakes.add("all packs", 0, format!("{sum} {what} in all; the most is {most}: remove some"));
        }
    }
}

/// A hash of all sources with their names, each part with its length before it.
fn version(sources: &[&PackSource]) -> u64 {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    };
    for source in sources {
        // The name alone: the same packs in another folder are the same policy.
        part(source.file.rsplit('/').next().unwrap_or_default());
        part(&source.text);
        let mut lists: Vec<&(String, String)> = source.lists.iter().collect();
        lists.sort();
        for (name, content) in lists {
            part(name);
            part(content);
        }
    }
    hash.finalize().iter().take(8).fold(0, |version, byte| (version << 8) | u64::from(*byte))
}

/// Patterns and who uses them.
#[derive(Default)]
struct Patterns {
    numbers: HashMap<String, u32>,
    uses: Vec<(u32, Use)>,
}

impl Patterns {
    fn add(&mut self, phrase: String, rule: u16, bounds: Bounds) {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(phrase).or_insert(next);
        self.uses.push((number, Use { rule, bounds }));
    }
}

fn assemble(version: u64, packs: Vec<(&str, Pack)>) -> Result<PolicySet, String> {
    let mut set = PolicySet { version, ..PolicySet::empty() };
    let mut patterns = Patterns::default();
    for (_, pack) in packs {
        let pack_number = u16::try_from(set.packs.len()).unwrap_or(u16::MAX);
        let before = set.keywords;
        let rules = pack.rules.len();
        for rule in pack.rules {
            let number = u16::try_from(set.rules.len()).map_err(|_| "too many rules".to_owned())?;
            let keywords = rule.phrases.list().len();
            set.keywords += keywords;
            if !rule.phrases.is_asked() {
                set.conditional.push(number);
            }
            for (phrase, bounds) in rule.phrases.list() {
                for twin in text::twins(phrase).into_iter().flatten() {
                    patterns.add(twin, number, *bounds);
                }
                patterns.add(phrase.clone(), number, *bounds);
            }
            set.rules.push(Rule {
                id: rule.id,
                reason: rule.reason,
                score: rule.score,
                actions: rule.actions,
                conditions: rule.conditions,
                pack: pack_number,
                keywords,
            });
        }
        set.packs.push(PackInfo { id: pack.id, version: pack.version, rules, keywords: set.keywords - before });
    }
    build(&mut set, patterns)?;
    Ok(set)
}

fn build(set: &mut PolicySet, patterns: Patterns) -> Result<(), String> {
    let mut ordered: Vec<(String, u32)> = patterns.numbers.into_iter().collect();
    // In the order of their letters the automaton is built along memory and not across it.
    ordered.sort_unstable();
    let mut places = vec![0; ordered.len()];
    for (place, (_, number)) in (0_u32..).zip(&ordered) {
        if let Some(slot) = usize::try_from(*number).ok().and_then(|number| places.get_mut(number)) {
            *slot = place;
        }
    }
    if !ordered.is_empty() {
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(ordered.iter().map(|(phrase, _)| phrase))
            .map_err(|error| format!("the keywords do not fit one automaton: {error}"))?;
        set.automaton = Some(automaton);
    }
    let mut uses = patterns.uses;
    for (number, _) in &mut uses {
        *number = usize::try_from(*number).ok().and_then(|number| places.get(number)).copied().unwrap_or(*number);
    }
    uses.sort_unstable();
    uses.dedup();
    set.starts = vec![0; ordered.len() + 1];
    for (pattern, _) in &uses {
        if let Some(count) = usize::try_from(*pattern).ok().and_then(|index| set.starts.get_mut(index + 1)) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut set.starts {
        sum += *start;
        *start = sum;
    }
    set.uses = uses.into_iter().map(|(_, one)| one).collect();
    Ok(())
}

impl Bounds {
    /// Whether the keyword is looked for inside put-together letters too: there, words have no ends.
    pub(super) fn fits_joined(self) -> bool {
        self.begins != Edge::Surface && self.ends != Edge::Surface
    }
}
