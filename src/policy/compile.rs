//! From packs to one set: ids are unique, bounds hold, equal keywords become one pattern.
//!
//! Promises: a set only when no pack has a mistake; else all of them at once. The same sources in any order give the
//! same version.
//!
//! Never: a half-good set.

use super::keywords::Bounds;
use super::matching::{Matcher, Role, Use};
use super::pack::{self, Pack, PackSource};
use super::set::{PackInfo, PolicySet, Rule};
use crate::document::{Mistakes, nearest};
use crate::limits;
use crate::links::{self, LinkLists};
use crate::tenant::TenantName;
use crate::text;
use aho_corasick::MatchKind;
use aho_corasick::nfa::{contiguous, noncontiguous};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// Compiles packs into one set, or lists every mistake in them.
///
/// # Errors
///
/// All mistakes of all packs, each with file, line and cure.
pub fn compile(sources: &[PackSource]) -> Result<PolicySet, Mistakes> {
    compile_with(sources, &OwnPacks::default())
}

/// Packs of own words, beside those of a folder.
#[derive(Clone, Debug, Default)]
pub struct OwnPacks {
    /// Each with whose words it has.
    pub packs: Vec<(TenantName, PackSource)>,
    /// The ids that packs of a folder may not have: those of such packs, of all tenants there are.
    pub reserved: Vec<String>,
}

/// The same, with packs of own words.
///
/// # Errors
///
/// As [`compile`]; also when a pack of the folder has an id that is kept for own words.
pub fn compile_with(sources: &[PackSource], own: &OwnPacks) -> Result<PolicySet, Mistakes> {
    compile_within(sources, own, usize::MAX)
}

/// The same, of packs that take so many bytes at most when they are compiled. Many more are seen before they are taken.
///
/// # Errors
///
/// As [`compile_with`]; also when they take more, which may also be found only by [`PolicySet::bytes`].
pub fn compile_within(sources: &[PackSource], own: &OwnPacks, most: usize) -> Result<PolicySet, Mistakes> {
    let mut mistakes = Mistakes::default();
    let count = sources.len().saturating_add(own.packs.len());
    if count > limits::PACKS_MAX {
        let of_them = match own.packs.len() {
            0 => String::new(),
            own => format!(", of which {own} have own words of tenants"),
        };
        mistakes.add("", 0, format!("{count} packs{of_them}; the most is {}", limits::PACKS_MAX));
        return Err(mistakes);
    }
    let mut ordered: Vec<&PackSource> = sources.iter().chain(own.packs.iter().map(|(_, source)| source)).collect();
    ordered.sort_by(|a, b| a.file.cmp(&b.file));
    let is_links = |source: &PackSource| source.file.rsplit('/').next() == Some(links::LISTS_FILE);
    let link_lists = ordered
        .iter()
        .find(|source| is_links(source))
        .map(|source| LinkLists::read(&source.file, &source.text, &mut mistakes));
    let packs: Vec<(&str, Pack)> = ordered
        .iter()
        .filter(|source| !is_links(source))
        .map(|source| (source.file.as_str(), pack::read(source, &mut mistakes)))
        .collect();
    check_ids(&packs, &mut mistakes);
    check_reserved(&packs, own, &mut mistakes);
    check_bounds(&packs, &mut mistakes);
    check_findings(&packs, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut set = assemble(version(&ordered), link_lists, packs, most).map_err(|what| {
        mistakes.add("", 0, what);
        mistakes
    })?;
    // Each pack stands where its source stands among those that are packs.
    for (pack, source) in set.packs.iter_mut().zip(ordered.iter().filter(|source| !is_links(source))) {
        pack.own = own.packs.iter().find(|(_, own)| std::ptr::eq(own, *source)).map(|(tenant, _)| tenant.clone());
    }
    Ok(set)
}

/// Ids that are kept for own words.
fn check_reserved(packs: &[(&str, Pack)], own: &OwnPacks, mistakes: &mut Mistakes) {
    let is_own = |file: &str| own.packs.iter().any(|(_, source)| source.file == file);
    for (file, pack) in packs.iter().filter(|(file, pack)| !is_own(file) && own.reserved.contains(&pack.id)) {
        let what = format!("the pack id `{}` is kept for what a tenant adds on the page; choose another", pack.id);
        mistakes.add(file, pack.id_line, what);
    }
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

/// Rules that conditions name must be there, and must not wait for others themselves.
fn check_findings(packs: &[(&str, Pack)], mistakes: &mut Mistakes) {
    let rules = || packs.iter().flat_map(|(file, pack)| pack.rules.iter().map(move |rule| (*file, rule)));
    let known: Vec<&str> = rules().map(|(_, rule)| rule.id.as_str()).filter(|id| !id.is_empty()).collect();
    let late: HashSet<&str> =
        rules().filter(|(_, rule)| !rule.conditions.named().is_empty()).map(|(_, rule)| rule.id.as_str()).collect();
    for (file, rule) in rules() {
        for named in rule.conditions.named() {
            let (id, shown) = (named.value.as_str(), named.value.escape_debug());
            let what = if id == rule.id {
                format!("the rule `{shown}` waits for itself; name another in `finding`")
            } else if late.contains(id) {
                format!("the rule `{shown}` waits for a finding itself; `finding` goes one level only")
            } else if known.contains(&id) {
                continue;
            } else {
                match nearest(id, &known) {
                    Some(near) => format!("no rule has the id \"{shown}\"; did you mean \"{near}\"?"),
                    None => format!("no rule has the id \"{shown}\"; name one of another rule in `finding`"),
                }
            };
            mistakes.add(file, named.line, what);
        }
    }
}

fn check_bounds(packs: &[(&str, Pack)], mistakes: &mut Mistakes) {
    let rules = || packs.iter().flat_map(|(_, pack)| &pack.rules);
    let sums = [
        ("rules", rules().count(), limits::RULES_MAX),
        ("regexes", rules().map(|rule| rule.regexes.len()).sum(), limits::REGEXES_MAX),
        (
            "keywords",
            rules().map(|rule| rule.phrases.list().len() + rule.phrases.exceptions().len()).sum(),
            limits::KEYWORDS_MAX,
        ),
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

/// Phrases and who uses them.
#[derive(Default)]
struct Patterns {
    /// By pattern: its number.
    bones: HashMap<String, u32>,
    signs: HashMap<String, u32>,
    /// By folded phrase: where it stands among all phrases.
    known: HashMap<String, u32>,
    phrases: String,
    of_bones: Vec<(u32, Use)>,
    of_signs: Vec<(u32, Use)>,
}

impl Patterns {
    fn add(&mut self, phrase: &str, rule: u16, bounds: Bounds, role: Role) {
        let at = match self.known.get(phrase) {
            Some(at) => *at,
            None => {
                let at = u32::try_from(self.phrases.len()).unwrap_or(u32::MAX);
                self.phrases.push_str(phrase);
                self.known.insert(phrase.to_owned(), at);
                at
            }
        };
        let length = u16::try_from(phrase.len()).unwrap_or(u16::MAX);
        let mut skeleton = text::Skeleton::default();
        skeleton.set(phrase);
        // Where the beginning stands the whole is looked at; see `limits::BONES_LETTERS_MAX`.
        let bones: String = skeleton.text().chars().take(limits::BONES_LETTERS_MAX).collect();
        let lead = skeleton.place(0).map_or(0, |place| place.first);
        let (numbers, uses, pattern) = if bones.is_empty() {
            (&mut self.signs, &mut self.of_signs, phrase.to_owned())
        } else {
            (&mut self.bones, &mut self.of_bones, bones)
        };
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry(pattern).or_insert(next);
        uses.push((number, Use { rule, bounds, at, length, lead, role }));
    }

    fn build(mut self, most: usize) -> Result<Matcher, String> {
        // Of no use any more, and as large as what is made now.
        self.known = HashMap::new();
        let bones_count = self.bones.len();
        let (bones, of_bones) = automaton(self.bones, self.of_bones, 0, most)?;
        let (signs, of_signs) = automaton(self.signs, self.of_signs, bones_count, most)?;
        let mut uses = of_bones;
        uses.reserve_exact(of_signs.len());
        uses.extend(of_signs);
        uses.sort_unstable();
        uses.dedup();
        let patterns = uses.last().and_then(|(pattern, _)| usize::try_from(*pattern).ok()).map_or(0, |last| last + 1);
        let mut starts = vec![0; patterns + 1];
        for (pattern, _) in &uses {
            if let Some(count) = usize::try_from(*pattern).ok().and_then(|index| starts.get_mut(index + 1)) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut uses: Vec<Use> = uses.into_iter().map(|(_, one)| one).collect();
        uses.shrink_to_fit();
        self.phrases.shrink_to_fit();
        Ok(Matcher::new(bones, signs, bones_count, starts, uses, self.phrases))
    }
}

fn assemble(
    version: u64,
    link_lists: Option<LinkLists>,
    packs: Vec<(&str, Pack)>,
    most: usize,
) -> Result<PolicySet, String> {
    let mut set = PolicySet { version, link_lists, ..PolicySet::empty() };
    let mut patterns = Patterns::default();
    let numbers: HashMap<String, u16> =
        packs.iter().flat_map(|(_, pack)| &pack.rules).map(|rule| rule.id.clone()).zip(0..).collect();
    for (_, pack) in packs {
        let pack_number = u16::try_from(set.packs.len()).unwrap_or(u16::MAX);
        let before = set.keywords;
        let rules = pack.rules.len();
        for mut rule in pack.rules {
            let number = u16::try_from(set.rules.len()).map_err(|_| "too many rules".to_owned())?;
            let keywords = rule.phrases.list().len();
            set.keywords += keywords;
            let is_late = !rule.conditions.named().is_empty();
            rule.conditions.number(&numbers);
            if is_late {
                set.late.push(number);
            } else if !rule.phrases.is_asked() && rule.regexes.is_empty() {
                set.conditional.push(number);
            }
            let has_regex = !rule.regexes.is_empty();
            for regex in rule.regexes {
                set.regexes.add(number, regex);
            }
            for (phrase, bounds) in rule.phrases.list() {
                patterns.add(phrase, number, *bounds, Role::Keyword);
            }
            for (phrase, bounds) in rule.phrases.exceptions() {
                patterns.add(phrase, number, *bounds, Role::Exception);
            }
            set.rules.push(Rule {
                id: rule.id,
                reason: rule.reason,
                score: rule.score,
                actions: rule.actions,
                conditions: rule.conditions,
                exempt: rule.exempt,
                stage: rule.stage,
                ceiling: rule.ceiling,
                is_late,
                is_asked: rule.phrases.is_asked() || has_regex,
                pack: pack_number,
                keywords,
            });
        }
        set.packs.push(PackInfo {
            id: pack.id,
            version: pack.version,
            rules,
            keywords: set.keywords - before,
            own: None,
        });
    }
    set.matcher = patterns.build(most)?;
    Ok(set)
}

/// How deep the automaton that is only made to be packed has tables instead of lists: each more is a megabyte with the shipped packs, and
/// saves nothing that can be measured.
const LOOSE_DENSE_DEPTH: usize = 1;

type Packed = (Option<contiguous::NFA>, Vec<(u32, Use)>);

/// An automaton of all patterns, and their uses by its own numbers, counted from `first`.
fn automaton(
    numbers: HashMap<String, u32>,
    mut uses: Vec<(u32, Use)>,
    first: usize,
    most: usize,
) -> Result<Packed, String> {
    if numbers.is_empty() {
        return Ok((None, uses));
    }
    let mut ordered: Vec<(String, u32)> = numbers.into_iter().collect();
    // In the order of their letters the automaton is built along memory and not across it.
    ordered.sort_unstable();
    let mut places = vec![0; ordered.len()];
    for (place, (_, number)) in (u32::try_from(first).unwrap_or(u32::MAX)..).zip(&ordered) {
        if let Some(slot) = usize::try_from(*number).ok().and_then(|number| places.get_mut(number)) {
            *slot = place;
        }
    }
    let least = states(&ordered) * limits::AUTOMATON_BYTES_PER_STATE_MIN + uses.len() * size_of::<Use>();
    if least > most {
        return Err(format!(
            "the packs would take at least {least} bytes compiled, and this board has {most} for them; use fewer keywords or a \
             larger profile"
        ));
    }
    let unfit = |error| format!("the keywords do not fit one automaton: {error}");
    // In two steps, so that the patterns and what leads to them are gone before the second.
    let loose = noncontiguous::Builder::new()
        .match_kind(MatchKind::Standard)
        .dense_depth(LOOSE_DENSE_DEPTH)
        .build(ordered.iter().map(|(phrase, _)| phrase))
        .map_err(unfit)?;
    drop(ordered);
    let automaton = contiguous::Builder::new().build_from_noncontiguous(&loose).map_err(unfit)?;
    drop(loose);
    for (number, _) in &mut uses {
        *number = usize::try_from(*number).ok().and_then(|number| places.get(number)).copied().unwrap_or(*number);
    }
    Ok((Some(automaton), uses))
}

/// How many states the automaton of sorted patterns has: one for each beginning.
fn states(ordered: &[(String, u32)]) -> usize {
    let shared = |one: &str, other: &str| one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let befores = std::iter::once("").chain(ordered.iter().map(|(pattern, _)| pattern.as_str()));
    befores.zip(ordered).map(|(before, (pattern, _))| pattern.len() - shared(before, pattern)).sum()
}
