//! Packs as written to packs as meant.

use super::{Conditions, Edges, Keywords, PackInfo, PackSource, PolicySet, Rule, SenderKind, Use};
use crate::document::{Lined, Mistakes, Section, nearest, read};
use crate::limits;
use crate::message::{Media, SurfaceKind};
use crate::text::fold_phrase;
use crate::verdict::{ActionKind, PlannedAction};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The names of the keyword lists a pack asks for; empty for a text that is no pack.
#[must_use]
pub fn keyword_files(text: &str) -> Vec<String> {
    let mut ignored = Mistakes::default();
    let mut root = read("", text, &mut ignored);
    root.sections("rule", &mut ignored)
        .iter_mut()
        .filter_map(|rule| rule.text("keywords_file", &mut ignored))
        .map(|name| name.value)
        .filter(|name| is_plain_name(name))
        .collect()
}

/// A name of a file beside the pack: nothing that leads elsewhere.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Compiles packs.
///
/// # Errors
/// Every mistake of every pack.
pub fn compile(sources: &[PackSource]) -> Result<PolicySet, Mistakes> {
    let mut mistakes = Mistakes::default();
    let mut builder = Builder::default();
    for source in sources {
        builder.pack(source, &mut mistakes);
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let version = version(sources);
    builder.finish(version, &mut mistakes).filter(|_| mistakes.is_empty()).ok_or(mistakes)
}

fn version(sources: &[PackSource]) -> u64 {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(text.as_bytes());
    };
    for source in sources {
        add(&source.text);
        for (name, list) in &source.lists {
            add(name);
            add(list);
        }
    }
    hash.finalize().iter().take(8).fold(0, |version, byte| (version << 8) | u64::from(*byte))
}

#[derive(Default)]
struct Builder {
    packs: Vec<PackInfo>,
    rules: Vec<Rule>,
    rule_lines: BTreeMap<String, String>,
    patterns: BTreeMap<String, Vec<Use>>,
    pattern_bytes: usize,
}

impl Builder {
    fn pack(&mut self, source: &PackSource, mistakes: &mut Mistakes) {
        let mut root = read(&source.file, &source.text, mistakes);
        let (mut id, mut version) = (String::new(), 0);
        match root.section("pack", mistakes) {
            Some(mut pack) => {
                id = pack.text_required("id", mistakes).map(|id| id.value).unwrap_or_default();
                match pack.integer("version", 1..=i64::MAX, mistakes) {
                    Some(found) => version = found.value,
                    None => mistakes.add(&source.file, pack.line(), "`pack.version` is missing: a whole number from 1"),
                }
                pack.text("description", mistakes);
                pack.text("language", mistakes);
                pack.finish(mistakes);
            }
            None => mistakes.add(&source.file, 1, "a pack begins with [pack], with an `id` and a `version`"),
        }
        if self.packs.iter().any(|pack| pack.id == id) && !id.is_empty() {
            mistakes.add(&source.file, 1, format!("another pack already has the id \"{id}\""));
        }
        let rules = root.sections("rule", mistakes);
        if rules.is_empty() {
            mistakes.add(&source.file, 1, "a pack has at least one [[rule]]");
        }
        let mut info = PackInfo { id, version, rules: 0, keywords: 0 };
        for rule in rules {
            info.rules += 1;
            info.keywords += self.rule(rule, source, mistakes);
        }
        root.finish(mistakes);
        self.packs.push(info);
    }

    /// Reads a rule; returns how many keywords it has.
    fn rule(&mut self, mut section: Section<'_>, source: &PackSource, mistakes: &mut Mistakes) -> usize {
        let id = section.text_required("id", mistakes);
        let reason = section.text_required("reason", mistakes).map(|reason| reason.value).unwrap_or_default();
        let line = section.line();
        let score = section.integer("score", 1..=i64::from(limits::SCORE_MAX), mistakes);
        if score.is_none() && !section.keys().iter().any(|key| key == "score") {
            mistakes.add(&source.file, line, format!("`rule.score` is missing: 1 to {}", limits::SCORE_MAX));
        }
        let actions = actions(&mut section, mistakes);
        let keywords = keywords(&mut section, source, mistakes);
        let edges = match section.text("match", mistakes) {
            None => Edges::Word,
            Some(found) => {
                let known = [("word", Edges::Word), ("substring", Edges::Open), ("exact", Edges::Exact)];
                one_of(&found, &known, "match", section.file(), mistakes).unwrap_or(Edges::Word)
            }
        };
        let mut conditions = conditions(&mut section, mistakes);
        section.finish(mistakes);
        if !keywords.is_empty() {
            conditions.needs_keyword = Keywords::Some;
        } else if conditions == Conditions::default() {
            mistakes.add(&source.file, line, "a rule needs `keywords`, a `keywords_file`, or a condition");
        }
        if let Some(id) = &id {
            let place = format!("{}:{}", source.file, id.line);
            if let Some(first) = self.rule_lines.get(&id.value) {
                mistakes.add(&source.file, id.line, format!("the rule id \"{}\" is taken at {first}", id.value));
            } else {
                self.rule_lines.insert(id.value.clone(), place);
            }
        }
        if self.rules.len() >= limits::RULES_MAX {
            mistakes.add(&source.file, line, format!("more than {} rules in all packs", limits::RULES_MAX));
            return 0;
        }
        let rule = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        let count = keywords.len();
        for (file, keyword) in keywords {
            self.keyword(rule, edges, &file, &keyword, mistakes);
        }
        let score = score.and_then(|score| u16::try_from(score.value).ok()).unwrap_or(0);
        let id = id.map(|id| id.value).unwrap_or_default();
        self.rules.push(Rule { id, reason, score, actions, conditions });
        count
    }

    fn keyword(&mut self, rule: u32, edges: Edges, file: &str, keyword: &Lined<String>, mistakes: &mut Mistakes) {
        let text = keyword.value.trim();
        let (text, open_start) = text.strip_prefix('*').map_or((text, false), |rest| (rest, true));
        let (text, open_end) = text.strip_suffix('*').map_or((text, false), |rest| (rest, true));
        let edges = match (edges, open_start, open_end) {
            (Edges::Word, true, true) => Edges::Open,
            (Edges::Word, true, false) => Edges::OpenStart,
            (Edges::Word, false, true) => Edges::OpenEnd,
            (edges, _, _) => edges,
        };
        let folded = fold_phrase(text);
        if folded.chars().all(|c| !c.is_alphanumeric()) && folded.chars().count() < 2 {
            let what =
                format!("the keyword \"{}\" has nothing in it that can be looked for", keyword.value.escape_debug());
            mistakes.add(file, keyword.line, what);
            return;
        }
        if folded.len() > limits::KEYWORD_BYTES_MAX {
            let what = format!("a keyword is at most {} bytes", limits::KEYWORD_BYTES_MAX);
            mistakes.add(file, keyword.line, what);
            return;
        }
        if !self.patterns.contains_key(&folded) {
            self.pattern_bytes = self.pattern_bytes.saturating_add(folded.len());
            if self.patterns.len() >= limits::KEYWORDS_MAX || self.pattern_bytes > limits::KEYWORDS_BYTES_MAX {
                let what = format!(
                    "more than {} keywords or {} bytes of them in all packs",
                    limits::KEYWORDS_MAX,
                    limits::KEYWORDS_BYTES_MAX
                );
                mistakes.add(file, keyword.line, what);
                return;
            }
        }
        let uses = self.patterns.entry(folded).or_default();
        let used = Use { rule, edges };
        if !uses.contains(&used) {
            uses.push(used);
        }
    }

    fn finish(self, version: u64, mistakes: &mut Mistakes) -> Option<PolicySet> {
        let mut first_use = Vec::with_capacity(self.patterns.len() + 1);
        let mut uses = Vec::new();
        for of_pattern in self.patterns.values() {
            first_use.push(u32::try_from(uses.len()).unwrap_or(u32::MAX));
            uses.extend_from_slice(of_pattern);
        }
        first_use.push(u32::try_from(uses.len()).unwrap_or(u32::MAX));
        // Chosen by hand: left to itself the crate builds a DFA for few patterns, which costs ten times the memory.
        let automaton = if self.patterns.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .match_kind(MatchKind::Standard)
                .build(self.patterns.keys());
            match built {
                Ok(automaton) => Some(automaton),
                Err(error) => {
                    mistakes.add("the packs", 0, format!("the keywords do not fit into one automaton: {error}"));
                    return None;
                }
            }
        };
        let unkeyed = (0_u32..)
            .zip(&self.rules)
            .filter(|(_, rule)| rule.conditions.needs_keyword == Keywords::None)
            .map(|(index, _)| index)
            .collect();
        Some(PolicySet { version, packs: self.packs, rules: self.rules, automaton, first_use, uses, unkeyed })
    }
}

/// The value that a word names, or a mistake that lists the known ones.
fn one_of<T: Copy>(
    found: &Lined<String>,
    known: &[(&str, T)],
    key: &str,
    file: &str,
    mistakes: &mut Mistakes,
) -> Option<T> {
    let value = known.iter().find(|(word, _)| *word == found.value).map(|(_, value)| *value);
    if value.is_none() {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let what = match nearest(&found.value, &words) {
            Some(word) => format!("unknown {key} \"{}\"; did you mean \"{word}\"?", found.value.escape_debug()),
            None => format!("unknown {key} \"{}\"; known: {}", found.value.escape_debug(), words.join(", ")),
        };
        mistakes.add(file, found.line, what);
    }
    value
}

fn actions(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Vec<PlannedAction> {
    let known = ActionKind::ALL.map(|kind| (kind.word(), kind));
    let mute = seconds(section, "mute_for", mistakes);
    let ban = seconds(section, "ban_for", mistakes);
    let mut actions: Vec<PlannedAction> = Vec::new();
    for word in section.texts("actions", mistakes).unwrap_or_default() {
        let Some(kind) = one_of(&word, &known, "action", section.file(), mistakes) else { continue };
        let seconds = match kind {
            ActionKind::Mute => mute,
            ActionKind::Ban => ban,
            _ => 0,
        };
        if actions.iter().all(|action| action.kind != kind) {
            actions.push(PlannedAction { kind, seconds });
        }
    }
    actions.sort();
    actions
}

/// A time such as `30m`, `2h`, `3d`, `2w`, or `forever`, in seconds; 0 is for ever.
fn seconds(section: &mut Section<'_>, key: &'static str, mistakes: &mut Mistakes) -> u32 {
    let Some(found) = section.text(key, mistakes) else { return 0 };
    if found.value == "forever" {
        return 0;
    }
    let unit = |c: char| match c {
        'm' => Some(60_u32),
        'h' => Some(3_600),
        'd' => Some(86_400),
        'w' => Some(604_800),
        _ => None,
    };
    let parsed = found
        .value
        .chars()
        .next_back()
        .and_then(unit)
        .zip(found.value.get(..found.value.len().saturating_sub(1)).and_then(|number| number.parse::<u32>().ok()))
        .and_then(|(unit, number)| unit.checked_mul(number))
        .filter(|seconds| (limits::UNTIL_MIN_S..=limits::UNTIL_MAX_S).contains(seconds));
    if parsed.is_none() {
        let what = format!("`{key}` is a time such as \"30m\", \"2h\", \"3d\", \"2w\" (at most a year) or \"forever\"");
        mistakes.add(section.file(), found.line, what);
    }
    parsed.unwrap_or(0)
}

fn conditions(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Conditions {
    let count = |section: &mut Section<'_>, key, mistakes: &mut Mistakes| {
        section.integer(key, 0..=i64::from(u32::MAX), mistakes).and_then(|found| u64::try_from(found.value).ok())
    };
    let kinds = [
        ("member", SenderKind::Member),
        ("bot", SenderKind::Bot),
        ("channel", SenderKind::Channel),
        ("forwarded", SenderKind::Forwarded),
    ];
    let surfaces = [
        SurfaceKind::Text,
        SurfaceKind::Caption,
        SurfaceKind::Quote,
        SurfaceKind::ExternalReply,
        SurfaceKind::PollQuestion,
        SurfaceKind::PollOption,
        SurfaceKind::ButtonLabel,
        SurfaceKind::ButtonUrl,
        SurfaceKind::TextLink,
        SurfaceKind::ContactName,
        SurfaceKind::ForwardOrigin,
        SurfaceKind::ViaBot,
        SurfaceKind::StickerSet,
        SurfaceKind::FileName,
        SurfaceKind::Title,
    ]
    .map(|kind| (kind.word(), kind));
    let media = [
        Media::None,
        Media::Photo,
        Media::Video,
        Media::Audio,
        Media::Document,
        Media::Sticker,
        Media::Poll,
        Media::Contact,
        Media::Other,
    ]
    .map(|media| (media.word(), media));
    Conditions {
        surfaces: each_of(section, "surfaces", &surfaces, mistakes),
        senders: each_of(section, "senders", &kinds, mistakes),
        media: each_of(section, "media", &media, mistakes),
        member_age_below_s: count(section, "member_age_below_s", mistakes),
        message_count_below: count(section, "message_count_below", mistakes),
        min_links: count(section, "min_links", mistakes),
        needs_keyword: Keywords::None,
    }
}

fn each_of<T: Copy>(
    section: &mut Section<'_>,
    key: &'static str,
    known: &[(&str, T)],
    mistakes: &mut Mistakes,
) -> Vec<T> {
    let words = section.texts(key, mistakes).unwrap_or_default();
    words.iter().filter_map(|word| one_of(word, known, key, section.file(), mistakes)).collect()
}

/// The keywords of a rule, each with the file it stands in.
fn keywords(section: &mut Section<'_>, source: &PackSource, mistakes: &mut Mistakes) -> Vec<(String, Lined<String>)> {
    let own = section.texts("keywords", mistakes).unwrap_or_default();
    let mut all: Vec<_> = own.into_iter().map(|keyword| (source.file.clone(), keyword)).collect();
    let Some(name) = section.text("keywords_file", mistakes) else { return all };
    if !is_plain_name(&name.value) {
        let what = "`keywords_file` is the name of a file beside the pack, without a path";
        mistakes.add(&source.file, name.line, what);
        return all;
    }
    let Some((_, list)) = source.lists.iter().find(|(file, _)| *file == name.value) else {
        mistakes.add(
            &source.file,
            name.line,
            format!("the keyword list \"{}\" cannot be read", name.value.escape_debug()),
        );
        return all;
    };
    let before = all.len();
    for (index, line) in list.trim_start_matches('\u{feff}').lines().enumerate() {
        let phrase = line.trim();
        if !phrase.is_empty() && !phrase.starts_with('#') {
            let line = index.saturating_add(1);
            all.push((name.value.clone(), Lined { value: phrase.to_owned(), line }));
        }
    }
    if all.len() == before {
        mistakes.add(&source.file, name.line, format!("the keyword list \"{}\" is empty", name.value.escape_debug()));
    }
    all
}
