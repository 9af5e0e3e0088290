//! Conditions: what must hold for a rule to speak, besides its keywords, as a tree.
//!
//! Promises: a tree has at most `limits::CONDITIONS_MAX` tables and is at most `limits::CONDITION_DEPTH_MAX` deep; what
//! costs time is computed only when a condition asks for it.
//!
//! Never: a guess. What is not known of a message fails the condition that asks for it.

use super::pack::unknown;
use super::set::{SURFACES, surface_bit};
use crate::document::{Lined, Mistakes, Section};
use crate::limits;
use crate::links::Link;
use crate::message::{Media, Message, Provenance, Sender, Trust};
use crate::signals::{Script, Signal};
use std::collections::HashMap;

/// One table of conditions; all of it must hold. The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    /// Bits of surfaces in `set::surface_bit`; 0 means any.
    pub surfaces: u32,
    /// Kinds of sender, of which one must fit; empty means any.
    pub senders: Vec<SenderKind>,
    /// Kinds of media; empty means any.
    pub media: Vec<Media>,
    pub forwarded: Option<bool>,
    pub new_member_s: Option<u64>,
    pub max_message_count: Option<u64>,
    pub min_links: Option<usize>,
    /// What few rules have.
    pub tree: Option<Box<Tree>>,
}

impl Conditions {
    /// Tells the name of every list of domains that is asked for.
    pub(super) fn lists<'c>(&'c self, tell: &mut impl FnMut(&'c str)) {
        let Some(tree) = &self.tree else { return };
        if let Some(list) = tree.links.as_ref().and_then(|wish| wish.list.as_deref()) {
            tell(list);
        }
        tree.all.iter().chain(&tree.any).chain(&tree.not).for_each(|inner| inner.lists(tell));
    }
}

/// The rarer conditions, and conditions on conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// A signal, its least and its most.
    pub signals: Vec<(Signal, u32, u32)>,
    pub scripts: Vec<Script>,
    pub links: Option<LinkWish>,
    pub learned_min: Option<u32>,
    /// Rules of which one must have spoken, as written.
    pub findings: Vec<Lined<String>>,
    /// The same rules by their numbers.
    pub spoken: Vec<u16>,
    pub all: Vec<Conditions>,
    /// Of these one must hold, if there are any.
    pub any: Vec<Conditions>,
    /// Of these none may hold.
    pub not: Vec<Conditions>,
}

/// Kinds of sender a rule may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SenderKind {
    Member,
    Bot,
    Channel,
    /// Known to have written little, or to have come within a day.
    New,
    /// Known to be here for long and to have written much.
    Trusted,
    /// An administrator who posts as the group.
    Admin,
}

const SENDERS: [(&str, SenderKind); 6] = [
    ("member", SenderKind::Member),
    ("bot", SenderKind::Bot),
    ("channel", SenderKind::Channel),
    ("new", SenderKind::New),
    ("trusted", SenderKind::Trusted),
    ("admin", SenderKind::Admin),
];

/// Kinds of link a rule may ask for.
pub(super) const LINK_KINDS: [&str; 8] = ["web", "username", "invite", "bot", "post", "app", "mail", "other"];

/// Traits of links a rule may ask for.
pub(super) const LINK_TRAITS: [&str; 9] =
    ["shortener", "ip", "user_info", "punycode", "homograph", "wrapped", "tracked", "masked", "split"];

/// Links a rule asks for: at least `min` that fit each list that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LinkWish {
    /// Words of [`LINK_KINDS`].
    pub kinds: Vec<&'static str>,
    /// Words of [`LINK_TRAITS`]; a link needs one of them.
    pub traits: Vec<&'static str>,
    /// Domains in small letters; their subdomains fit too.
    pub domains: Vec<String>,
    /// The name of a list of domains.
    pub list: Option<String>,
    pub min: usize,
}

impl LinkWish {
    /// Whether a link fits. `listed` says whether a list has a host.
    pub(super) fn fits(&self, link: &Link, listed: impl Fn(&str, &str) -> bool) -> bool {
        let ends_with = |domain: &String| {
            let rest = link.host.strip_suffix(domain.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        (self.kinds.is_empty() || self.kinds.contains(&link.kind.word()))
            && (self.traits.is_empty() || link.traits.iter().any(|one| self.traits.contains(&one.word())))
            && (self.domains.is_empty() || self.domains.iter().any(ends_with))
            && self.list.as_ref().is_none_or(|name| listed(name, &link.host))
    }
}

/// What conditions ask of a message besides what it says of itself. Each is computed when first asked for.
pub(super) trait Facts {
    /// One count of the message.
    fn signal(&mut self, signal: Signal) -> u32;
    /// The script most letters are of.
    fn script(&mut self) -> Script;
    /// Links in the message.
    fn links(&mut self) -> usize;
    /// Links that fit a wish.
    fn links_that(&mut self, wish: &LinkWish) -> usize;
    /// How likely the learner holds the message to be unwanted, percent.
    fn learned_percent(&mut self) -> u32;
    /// Whether a rule spoke.
    fn spoke(&self, rule: u16) -> bool;
}

/// Whether conditions hold for a message.
pub(super) fn holds(conditions: &Conditions, message: &Message, facts: &mut dyn Facts) -> bool {
    let surfaces =
        || message.surfaces.iter().fold(0, |bits, surface| bits | surface_bit(surface.kind)) & conditions.surfaces;
    let forwarded = message.provenance == Provenance::Forwarded;
    // A rule about first messages does not speak of those who are known here.
    let is_new = message.trust == Trust::Stranger;
    (conditions.surfaces == 0 || surfaces() != 0)
        && (conditions.senders.is_empty() || conditions.senders.iter().any(|kind| kind.fits(message)))
        && (conditions.media.is_empty() || conditions.media.contains(&message.media))
        && conditions.forwarded.is_none_or(|wanted| wanted == forwarded)
        && conditions.new_member_s.is_none_or(|below| is_new && message.member_age_s.is_some_and(|age| age < below))
        && conditions
            .max_message_count
            .is_none_or(|most| is_new && message.message_count.is_some_and(|count| count <= most))
        && conditions.min_links.is_none_or(|least| facts.links() >= least)
        && conditions.tree.as_ref().is_none_or(|tree| tree.holds(message, facts))
}

impl SenderKind {
    fn fits(self, message: &Message) -> bool {
        match self {
            Self::Member => matches!(message.sender, Sender::Member(_)),
            Self::Bot => matches!(message.sender, Sender::Bot(_)),
            Self::Channel => matches!(message.sender, Sender::Channel(_)),
            Self::Admin => message.sender == Sender::AnonymousAdmin,
            // Who is known here is not new, however they are counted.
            Self::New => {
                message.trust == Trust::Stranger
                    && (message.message_count.is_some_and(|count| count <= limits::NEW_SENDER_MESSAGES)
                        || message.member_age_s.is_some_and(|age| age < limits::NEW_SENDER_S))
            }
            Self::Trusted => {
                message.trust > Trust::Stranger
                    || message.message_count.is_some_and(|count| count >= limits::TRUSTED_SENDER_MESSAGES)
                        && message.member_age_s.is_some_and(|age| age >= limits::TRUSTED_SENDER_S)
            }
        }
    }
}

impl Tree {
    fn holds(&self, message: &Message, facts: &mut dyn Facts) -> bool {
        (self.spoken.is_empty() || self.spoken.iter().any(|rule| facts.spoke(*rule)))
            && self.signals.iter().all(|(signal, min, max)| (*min..=*max).contains(&facts.signal(*signal)))
            && (self.scripts.is_empty() || self.scripts.contains(&facts.script()))
            && self.links.as_ref().is_none_or(|wish| facts.links_that(wish) >= wish.min)
            && self.learned_min.is_none_or(|least| facts.learned_percent() >= least)
            && self.all.iter().all(|one| holds(one, message, facts))
            && (self.any.is_empty() || self.any.iter().any(|one| holds(one, message, facts)))
            && !self.not.iter().any(|one| holds(one, message, facts))
    }
}

impl Conditions {
    /// The rules these conditions name.
    pub(super) fn named(&self) -> Vec<&Lined<String>> {
        let Some(tree) = &self.tree else { return Vec::new() };
        let below = tree.all.iter().chain(&tree.any).chain(&tree.not).flat_map(Self::named);
        tree.findings.iter().chain(below).collect()
    }

    /// Puts numbers in the place of the ids of rules.
    pub(super) fn number(&mut self, numbers: &HashMap<String, u16>) {
        let Some(tree) = &mut self.tree else { return };
        tree.spoken = tree.findings.drain(..).filter_map(|id| numbers.get(&id.value).copied()).collect();
        tree.findings = Vec::new();
        for below in tree.all.iter_mut().chain(&mut tree.any).chain(&mut tree.not) {
            below.number(numbers);
        }
    }

    /// Heap bytes.
    pub(super) fn bytes(&self) -> usize {
        let own = self.senders.capacity() * size_of::<SenderKind>() + self.media.capacity() * size_of::<Media>();
        let Some(tree) = &self.tree else { return own };
        let below: usize = [&tree.all, &tree.any, &tree.not]
            .into_iter()
            .map(|list| list.capacity() * size_of::<Self>() + list.iter().map(Self::bytes).sum::<usize>())
            .sum();
        let links = tree.links.as_ref().map_or(0, |wish| {
            (wish.kinds.capacity() + wish.traits.capacity()) * size_of::<&str>()
                + wish.domains.iter().map(|domain| size_of::<String>() + domain.capacity()).sum::<usize>()
                + wish.list.as_ref().map_or(0, String::capacity)
        });
        own + size_of::<Tree>()
            + tree.signals.capacity() * size_of::<(Signal, u32, u32)>()
            + tree.scripts.capacity() * size_of::<Script>()
            + tree.spoken.capacity() * size_of::<u16>()
            + links
            + below
    }
}

/// Reads the conditions of a rule.
pub(super) fn read(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Conditions {
    let mut left = limits::CONDITIONS_MAX;
    read_table(section, 1, &mut left, mistakes)
}

fn read_table(section: &mut Section<'_>, depth: usize, left: &mut usize, mistakes: &mut Mistakes) -> Conditions {
    let mut conditions = read_flat(section, mistakes);
    let mut tree = Tree {
        signals: read_signals(section, mistakes),
        links: read_links(section, mistakes),
        learned_min: section
            .integer("learned_min", 1..=100, mistakes)
            .and_then(|found| u32::try_from(found.value).ok()),
        findings: section.texts("finding", mistakes).unwrap_or_default(),
        ..Tree::default()
    };
    let known: Vec<&str> = Script::ALL.iter().map(|script| script.word()).collect();
    for word in section.texts("script", mistakes).unwrap_or_default() {
        match Script::from_word(&word.value) {
            Some(script) => tree.scripts.push(script),
            None => mistakes.add(section.file(), word.line, unknown("script", &word.value, &known)),
        }
    }
    tree.all = read_list(section, "all", depth, left, mistakes);
    tree.any = read_list(section, "any", depth, left, mistakes);
    tree.not = read_list(section, "not", depth, left, mistakes);
    if tree != Tree::default() {
        conditions.tree = Some(Box::new(tree));
    }
    conditions
}

fn read_list(
    section: &mut Section<'_>,
    key: &'static str,
    depth: usize,
    left: &mut usize,
    mistakes: &mut Mistakes,
) -> Vec<Conditions> {
    let file = section.file();
    let is_written = section.keys().iter().any(|written| written == key);
    let before = mistakes.list().len();
    let sections = section.sections(key, mistakes);
    if is_written && sections.is_empty() && mistakes.list().len() == before {
        mistakes.add(file, section.line(), format!("`{key}` is empty; give it a condition or leave it out"));
    }
    let mut list = Vec::new();
    for mut below in sections {
        let line = below.line();
        if depth >= limits::CONDITION_DEPTH_MAX {
            let what = format!("conditions go more than {} deep; make a rule of the inner ones", depth);
            mistakes.add(file, line, what);
            return list;
        }
        let Some(less) = left.checked_sub(1) else {
            let what = format!("the rule has more than {} conditions; make two of it", limits::CONDITIONS_MAX);
            mistakes.add(file, line, what);
            return list;
        };
        *left = less;
        let before = mistakes.list().len();
        let conditions = read_table(&mut below, depth + 1, left, mistakes);
        below.finish(mistakes);
        if conditions == Conditions::default() && mistakes.list().len() == before {
            mistakes.add(file, line, format!("a condition in `{key}` asks for nothing; remove it"));
        }
        list.push(conditions);
    }
    list
}

fn read_flat(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Conditions {
    let file = section.file();
    let mut conditions = Conditions::default();
    for word in section.texts("surfaces", mistakes).unwrap_or_default() {
        match SURFACES.iter().find(|kind| kind.word() == word.value) {
            Some(kind) => conditions.surfaces |= surface_bit(*kind),
            None => {
                let known: Vec<&str> = SURFACES.iter().map(|kind| kind.word()).collect();
                mistakes.add(file, word.line, unknown("surface", &word.value, &known));
            }
        }
    }
    for word in section.texts("sender", mistakes).unwrap_or_default() {
        match SENDERS.iter().find(|(known, _)| *known == word.value) {
            Some((_, kind)) => conditions.senders.push(*kind),
            None => mistakes.add(file, word.line, unknown("sender", &word.value, &SENDERS.map(|(known, _)| known))),
        }
    }
    for word in section.texts("media", mistakes).unwrap_or_default() {
        match Media::from_word(&word.value) {
            Some(media) => conditions.media.push(media),
            None => {
                let known = ["none", "photo", "video", "audio", "document", "sticker", "poll", "contact", "other"];
                mistakes.add(file, word.line, unknown("media", &word.value, &known));
            }
        }
    }
    conditions.forwarded = section.boolean("forwarded", mistakes).map(|found| found.value);
    let number = |found: Option<Lined<i64>>| found.and_then(|found| u64::try_from(found.value).ok());
    conditions.new_member_s = number(section.integer("new_member_s", 1..=10_000_000_000, mistakes));
    conditions.max_message_count = number(section.integer("max_message_count", 0..=1_000_000_000, mistakes));
    conditions.min_links =
        section.integer("min_links", 1..=1_000, mistakes).and_then(|found| usize::try_from(found.value).ok());
    conditions
}

fn read_signals(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Vec<(Signal, u32, u32)> {
    let Some(mut table) = section.section("signal", mistakes) else { return Vec::new() };
    let file = table.file();
    let known: Vec<&str> = Signal::ALL.iter().map(|signal| signal.word()).collect();
    let mut signals = Vec::new();
    for word in table.keys() {
        let found = table.section_named(&word, mistakes);
        let Some(signal) = Signal::from_word(&word) else {
            let line = found.map_or_else(|| table.line(), |found| found.line());
            mistakes.add(file, line, unknown("signal", &word, &known));
            continue;
        };
        let Some(mut range) = found else { continue };
        let line = range.line();
        let before = mistakes.list().len();
        let min = range.integer("min", 0..=i64::from(u32::MAX), mistakes);
        let max = range.integer("max", 0..=i64::from(u32::MAX), mistakes);
        range.finish(mistakes);
        if mistakes.list().len() > before {
            continue;
        }
        match (&min, &max) {
            (None, None) => {
                mistakes.add(file, line, format!("the signal `{word}` has neither `min` nor `max`; give it one"));
            }
            (Some(min), Some(max)) if min.value > max.value => {
                let what = format!("the signal `{word}` has min {} above max {}; swap them", min.value, max.value);
                mistakes.add(file, line, what);
            }
            _ => {}
        }
        let bound =
            |found: Option<Lined<i64>>, none| found.map_or(none, |found| u32::try_from(found.value).unwrap_or(none));
        signals.push((signal, bound(min, 0), bound(max, u32::MAX)));
    }
    signals
}

fn read_links(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Option<LinkWish> {
    let mut table = section.section("links", mistakes)?;
    let file = table.file();
    let mut wish = LinkWish::default();
    for (key, what, known, list) in [
        ("kind", "kind of link", LINK_KINDS.as_slice(), &mut wish.kinds),
        ("trait", "trait of links", LINK_TRAITS.as_slice(), &mut wish.traits),
    ] {
        for word in table.texts(key, mistakes).unwrap_or_default() {
            match known.iter().find(|kind| **kind == word.value) {
                Some(kind) => list.push(*kind),
                None => mistakes.add(file, word.line, unknown(what, &word.value, known)),
            }
        }
    }
    wish.domains = read_domains(&mut table, mistakes);
    wish.list = table.text_required_if_present("list", mistakes).map(|name| name.value);
    let min = table.integer("min", 1..=1_000, mistakes);
    wish.min = min.and_then(|found| usize::try_from(found.value).ok()).unwrap_or(1);
    table.finish(mistakes);
    Some(wish)
}

/// Domains as written under `domain`, in small letters.
pub(super) fn read_domains(table: &mut Section<'_>, mistakes: &mut Mistakes) -> Vec<String> {
    let file = table.file();
    let mut domains = Vec::new();
    for word in table.texts("domain", mistakes).unwrap_or_default() {
        let domain = word.value.to_lowercase();
        let plain = |ch: char| ch.is_alphanumeric() || matches!(ch, '-' | '.' | '_');
        let labels = domain.split('.').all(|label| !label.is_empty());
        if domain.len() > 253 || !domain.contains('.') || !labels || !domain.chars().all(plain) {
            let shown = word.value.escape_debug();
            let what = format!("\"{shown}\" is no domain; write it as \"example.com\", without scheme or path");
            mistakes.add(file, word.line, what);
            continue;
        }
        domains.push(domain);
    }
    domains
}
