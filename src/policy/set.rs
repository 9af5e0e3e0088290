//! The compiled rules of all packs.
//!
//! Promises: immutable once made; [`PolicySet::version`] is a hash of the sources, the same on every platform;
//! [`PolicySet::bytes`] counts what it holds.
//!
//! Never: a way to change a rule in place. A new policy is a new set.

use super::matching::Matcher;
use super::pack::Conditions;
use crate::message::SurfaceKind;
use crate::verdict::PlannedAction;

/// Every kind of surface, in the order of their bits.
pub(super) const SURFACES: [SurfaceKind; 15] = [
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
];

/// The bit of one kind of surface.
pub(super) fn surface_bit(kind: SurfaceKind) -> u16 {
    SURFACES.iter().position(|known| *known == kind).map_or(0, |index| 1 << index)
}

/// A rule as the judge uses it.
#[derive(Debug)]
pub(super) struct Rule {
    pub id: String,
    pub reason: String,
    pub score: u16,
    pub actions: Vec<PlannedAction>,
    pub conditions: Conditions,
    pub pack: u16,
    pub keywords: usize,
}

/// The compiled rules of all packs.
#[derive(Debug)]
pub struct PolicySet {
    /// Names these very rules: a hash of all sources, the same on every platform.
    pub version: u64,
    pub(super) packs: Vec<PackInfo>,
    pub(super) rules: Vec<Rule>,
    /// Rules that speak by their conditions alone.
    pub(super) conditional: Vec<u16>,
    pub(super) matcher: Matcher,
    pub(super) keywords: usize,
}

/// What `aegis check` shows of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackInfo {
    /// The pack's id.
    pub id: String,
    /// The pack's version.
    pub version: u32,
    /// Its rules.
    pub rules: usize,
    /// Its keywords, as written.
    pub keywords: usize,
}

/// What is shown of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleInfo<'p> {
    /// The rule's id.
    pub id: &'p str,
    /// The pack it is in.
    pub pack: &'p str,
    /// The reason it gives to people.
    pub reason: &'p str,
    /// What it adds to the score.
    pub score: u16,
    /// What it asks to be done.
    pub actions: &'p [PlannedAction],
    /// Its keywords, as written.
    pub keywords: usize,
}

impl PolicySet {
    /// A set without rules: it allows everything.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            version: 0,
            packs: Vec::new(),
            rules: Vec::new(),
            conditional: Vec::new(),
            matcher: Matcher::default(),
            keywords: 0,
        }
    }

    /// The packs, in the order of their files.
    #[must_use]
    pub fn packs(&self) -> &[PackInfo] {
        &self.packs
    }

    /// The rules, pack by pack.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = RuleInfo<'_>> {
        self.rules.iter().map(|rule| RuleInfo {
            id: &rule.id,
            pack: self.packs.get(usize::from(rule.pack)).map_or("", |pack| pack.id.as_str()),
            reason: &rule.reason,
            score: rule.score,
            actions: &rule.actions,
            keywords: rule.keywords,
        })
    }

    /// Keywords of all rules, as written.
    #[must_use]
    pub const fn keywords_count(&self) -> usize {
        self.keywords
    }

    /// Heap bytes of the automaton and the tables.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let rules: usize = self
            .rules
            .iter()
            .map(|rule| {
                size_of::<Rule>() + rule.id.len() + rule.reason.len() + rule.actions.len() * size_of::<PlannedAction>()
            })
            .sum();
        self.matcher.bytes() + rules
    }
}
