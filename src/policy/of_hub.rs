//! Packs of a hub among all packs: which there are, whether they judge, and what came of it.
//!
//! Promises: counts of a version go on through every new set that has it.
//!
//! Never: a count that a judgement depends on.

use super::ceiling::Stage;
use super::set::{PacksOff, PolicySet};
use crate::counters::{Counter, Gauge};
use crate::verdict::Verdict;
use std::sync::Arc;

/// What came of a version since it was put in.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages its rules saw.
    pub seen: Counter,
    /// Of them, those its rules spoke about.
    pub matched: Counter,
    /// Of them, those that people took back.
    pub undone: Gauge,
}

/// A pack of a hub, as this board has it.
#[derive(Clone, Debug, Default)]
pub struct HubPack {
    /// Its name, which is the pack's id.
    pub name: String,
    /// Its version; 0 where its file cannot be read.
    pub version: u64,
    /// The version that was believed last, where the file cannot be read: nothing older may take its place. Else as [`Self::version`].
    pub at_least: u64,
    /// How it shall judge; `None`: not at all.
    pub stage: Option<Stage>,
    /// When the version was put in, seconds since 1970.
    pub since_s: u64,
    /// Why it does not judge, though it shall.
    pub trouble: Option<String>,
    /// Whether it stands in for a pack that comes with the program.
    pub stands_in: bool,
    /// What came of it.
    pub counts: Arc<Counts>,
    /// Its place in the set.
    number: Option<u16>,
}

impl HubPack {
    /// One of which nothing but its name is known.
    #[must_use]
    pub fn named(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// Whether it is among the packs that judge, be it to record.
    #[must_use]
    pub const fn judges(&self) -> bool {
        self.stage.is_some() && self.trouble.is_none()
    }
}

impl PolicySet {
    /// Tells which packs are of a hub. Those that shall record do from now on, and the set is another version for it.
    pub fn tell_of_hub(&mut self, mut packs: Vec<HubPack>) {
        let mut recording = Vec::new();
        for pack in packs.iter_mut().filter(|pack| pack.judges()) {
            let place = self.packs.iter().position(|known| known.id == pack.name);
            pack.number = place.and_then(|place| u16::try_from(place).ok());
            if pack.stage == Some(Stage::Record) {
                for rule in self.rules.iter_mut().filter(|rule| Some(rule.pack) == pack.number) {
                    rule.stage = Stage::Record;
                    recording.push(rule.id.clone());
                }
            }
        }
        self.is_another("hub", &recording);
        self.hub = packs;
    }

    /// The packs of a hub, also those that do not judge.
    #[must_use]
    pub fn hub_packs(&self) -> &[HubPack] {
        &self.hub
    }

    /// Whether a rule is of this pack of a hub.
    #[must_use]
    pub fn is_of(&self, rule: &str, pack: &HubPack) -> bool {
        pack.number.is_some() && self.rules.iter().any(|one| Some(one.pack) == pack.number && one.id == rule)
    }

    /// Counts a verdict for the packs of a hub that were asked; `off` did not judge.
    pub fn note(&self, verdict: &Verdict, off: PacksOff) {
        for pack in self.hub.iter().filter(|pack| pack.number.is_some_and(|number| !off.has(number))) {
            pack.counts.seen.one();
            if verdict.findings.iter().any(|finding| self.is_of(&finding.rule, pack)) {
                pack.counts.matched.one();
            }
        }
    }
}
