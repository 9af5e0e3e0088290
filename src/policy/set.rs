//! The compiled rules of all packs.
//!
//! Promises: immutable once made; [`PolicySet::version`] is a hash of the sources, the same on every platform;
//! [`PolicySet::bytes`] counts what it holds.
//!
//! Never: a way to change a rule in place. A new policy is a new set.

use super::ceiling::{Ceiling, Exempt, Stage};
use super::condition::Conditions;
use super::matching::Matcher;
use super::of_hub::HubPack;
use super::regexes::Regexes;
use crate::links::LinkLists;
use crate::links::domains::DomainSet;
use crate::message::SurfaceKind;
use crate::tenant::TenantName;
use crate::verdict::PlannedAction;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Every kind of surface, in the order of their bits.
pub(super) const SURFACES: [SurfaceKind; 17] = [
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
    SurfaceKind::SenderName,
    SurfaceKind::Bio,
];

/// The bit of one kind of surface.
pub(super) fn surface_bit(kind: SurfaceKind) -> u32 {
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
    pub exempt: Option<Box<Exempt>>,
    pub stage: Stage,
    pub ceiling: Option<Ceiling>,
    /// It waits for what other rules find.
    pub is_late: bool,
    /// It has keywords.
    pub is_asked: bool,
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
    /// Rules that wait for what other rules find.
    pub(super) late: Vec<u16>,
    pub(super) matcher: Matcher,
    pub(super) regexes: Regexes,
    /// What is known of links, when a folder extends what comes with the program.
    pub(super) link_lists: Option<LinkLists>,
    /// Lists of domains by name.
    pub(super) domains: Vec<(String, Arc<DomainSet>)>,
    pub(super) keywords: usize,
    /// Packs of a hub.
    pub(super) hub: Vec<HubPack>,
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
    /// Whose own words it has; `None` for a pack of a folder or of the program.
    pub own: Option<TenantName>,
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

/// The packs of a set that do not judge for somebody. Their rules neither score nor show, as if they were not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacksOff(u128);

// A bit a pack.
const _: () = assert!(crate::limits::PACKS_MAX <= 128);

impl PacksOff {
    pub(super) const fn has(self, pack: u16) -> bool {
        // Two steps, so that no number of a pack shifts by too much.
        pack < 128 && (self.0 >> pack) & 1 == 1
    }

    fn switched(self, number: usize, is_on: bool) -> Self {
        let bit = u32::try_from(number).ok().and_then(|number| 1_u128.checked_shl(number)).unwrap_or(0);
        Self(if is_on { self.0 & !bit } else { self.0 | bit })
    }
}

impl PolicySet {
    /// What is known of links: the folder's own lists, or those that come with the program.
    #[must_use]
    pub fn link_lists(&self) -> &LinkLists {
        self.link_lists.as_ref().unwrap_or_else(|| LinkLists::shipped())
    }

    /// All packs of this set but those with these ids. Own words are no pack that settings name.
    #[must_use]
    pub fn all_but(&self, ids: &[String]) -> PacksOff {
        let off = self.packs.iter().enumerate().filter(|(_, pack)| pack.own.is_none() && !ids.contains(&pack.id));
        off.fold(PacksOff::default(), |off, (number, _)| off.switched(number, false))
    }

    /// The same packs, but for one. An id that no pack has changes nothing.
    #[must_use]
    pub fn switch(&self, off: PacksOff, id: &str, is_on: bool) -> PacksOff {
        let found = self.packs.iter().position(|pack| pack.id == id);
        found.map_or(off, |number| off.switched(number, is_on))
    }

    /// The same packs, and without the own words of everybody but this tenant.
    #[must_use]
    pub fn without_others(&self, off: PacksOff, tenant: &TenantName) -> PacksOff {
        let foreign = |pack: &PackInfo| pack.own.as_ref().is_some_and(|own| own != tenant);
        let others = self.packs.iter().enumerate().filter(|(_, pack)| foreign(pack));
        others.fold(off, |off, (number, _)| off.switched(number, false))
    }

    /// Each pack, and whether it judges where these are off.
    pub fn judging(&self, off: PacksOff) -> impl Iterator<Item = (&PackInfo, bool)> {
        let is_on = move |number: usize| u16::try_from(number).is_ok_and(|number| !off.has(number));
        self.packs.iter().enumerate().map(move |(number, pack)| (pack, is_on(number)))
    }

    /// Has these rules only record, and is another version for it. An id that no rule has changes nothing.
    pub fn record_only(&mut self, ids: &BTreeSet<String>) {
        let mut found = Vec::new();
        for rule in self.rules.iter_mut().filter(|rule| ids.contains(&rule.id)) {
            rule.stage = Stage::Record;
            found.push(rule.id.clone());
        }
        self.is_another("", &found);
    }

    /// Takes these lists of domains away, and is another version for it. A name that no rule asks for changes nothing.
    pub fn without_lists(&mut self, names: &BTreeSet<String>) {
        let wanted = self.lists_wanted().into_iter().filter(|name| names.contains(*name));
        let found: Vec<String> = wanted.map(str::to_owned).collect();
        self.domains.retain(|(name, _)| !names.contains(name));
        self.is_another("list", &found);
    }

    /// Has the version tell that something of this kind was changed.
    pub(super) fn is_another(&mut self, kind: &str, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let mut hash = Sha256::new();
        hash.update(self.version.to_be_bytes());
        hash.update(kind.as_bytes());
        for name in names {
            hash.update(name.as_bytes());
            hash.update([0]);
        }
        self.version = hash.finalize().iter().take(8).fold(0, |version, byte| (version << 8) | u64::from(*byte));
    }

    /// The lists of domains that were given, with how many each has.
    pub fn lists_given(&self) -> impl Iterator<Item = (&str, usize)> {
        self.domains.iter().map(|(name, list)| (name.as_str(), list.len()))
    }

    /// A set without rules: it allows everything.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            version: 0,
            packs: Vec::new(),
            rules: Vec::new(),
            conditional: Vec::new(),
            late: Vec::new(),
            matcher: Matcher::default(),
            regexes: Regexes::default(),
            link_lists: None,
            domains: Vec::new(),
            keywords: 0,
            hub: Vec::new(),
        }
    }

    /// The names of the lists of domains that rules ask for, each once.
    #[must_use]
    pub fn lists_wanted(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.rules.iter().for_each(|rule| rule.conditions.lists(&mut |name| names.push(name)));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Gives the rules lists of domains, by the names they use for them. The lists before are given back.
    pub fn give_lists(&mut self, lists: Vec<(String, Arc<DomainSet>)>) {
        self.domains = lists;
    }

    /// Whether a list has a host or a domain above it. A list that is not there has none.
    pub(super) fn lists(&self, name: &str, host: &str) -> bool {
        self.domains.iter().any(|(known, list)| known == name && list.contains(host))
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

    /// The number and the ceiling of a rule that has one.
    pub(super) fn ceiling_of(&self, id: &str) -> Option<(usize, Ceiling)> {
        let rule = self.rules.iter().position(|rule| rule.ceiling.is_some() && rule.id == id)?;
        self.rules.get(rule).and_then(|found| found.ceiling).map(|ceiling| (rule, ceiling))
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
                size_of::<Rule>()
                    + rule.id.len()
                    + rule.reason.len()
                    + rule.actions.len() * size_of::<PlannedAction>()
                    + rule.conditions.bytes()
                    + rule.exempt.as_ref().map_or(0, |exempt| exempt.bytes())
            })
            .sum();
        self.matcher.bytes()
            + self.regexes.bytes()
            + rules
            + self.domains.iter().map(|(_, list)| list.bytes()).sum::<usize>()
    }
}
