//! What people changed on the page or through the API, over the settings: mode, scores, packs, words and links of a tenant or a
//! group, rules that only record, and lists of domains that are off.
//!
//! Of two that speak about the same thing the one that is about less is stronger, and of two about the same, the page: a
//! group's layer here, the group's settings in the file, its tenant's layer here, the tenant's settings in the file, the
//! root's. A review score above the block score that comes of this is taken for the block score.
//!
//! Promises: what is not changed here is as in the settings; a change names its whole scope, so that nothing else moves
//! with it; its own words and links become a pack like any other, checked by the same compiler, which judges for their
//! tenant only. What is about a tenant, a group, a pack or a rule that is gone is kept and changes nothing.
//!
//! Never: a clock, a disk. A version of it is a value; the journal keeps the last ones.

mod hub;
mod own;

pub use hub::HubLayer;
pub use own::{OWN_FILE, own_pack, own_source, phrase_is_wrong};

use crate::decide::ChatRules;
use crate::limits;
use crate::message::ChatId;
use crate::policy::{OwnPacks, PacksOff, PolicySet};
use crate::tenant::{DegradeMode, Tenant, TenantName, Tenants};
use crate::verdict::{Mode, Thresholds};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is done with what an own word or link is found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It is shown for review.
    Review,
    /// The message is deleted.
    Delete,
    /// The message is deleted and its sender banned.
    Ban,
}

impl Effect {
    /// All effects, the mildest first.
    pub const ALL: [Self; 3] = [Self::Review, Self::Delete, Self::Ban];

    /// The effect in one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Delete => "delete",
            Self::Ban => "ban",
        }
    }

    /// The effect that [`Effect::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.word() == word)
    }
}

/// What is changed for one tenant, or for one group: `None`, or a pack that is not named, is as in the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Whether verdicts have effects.
    pub mode: Option<Mode>,
    /// From which score on a message is shown.
    pub review: Option<u16>,
    /// From which score on a message is acted on.
    pub block: Option<u16>,
    /// Packs, on or off.
    pub packs: BTreeMap<String, bool>,
    /// What replaces the model while there is none to ask; of tenants only.
    pub degrade: Option<DegradeMode>,
}

impl Layer {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These rules, with what is changed here.
    #[must_use]
    pub fn over(&self, usual: ChatRules) -> ChatRules {
        usual.with(self.mode, self.review, self.block)
    }

    /// The packs that do not judge, with what is changed here.
    #[must_use]
    pub fn packs_off(&self, usual: PacksOff, policy: &PolicySet) -> PacksOff {
        self.packs.iter().fold(usual, |off, (id, is_on)| policy.switch(off, id, *is_on))
    }

    fn bytes(&self) -> usize {
        let packs: usize = self.packs.keys().map(|id| id.len().saturating_add(limits::OVERLAY_ENTRY_BYTES)).sum();
        packs.saturating_add(limits::OVERLAY_LAYER_BYTES)
    }
}

/// Own words and links of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRules {
    /// Phrases, as keywords of a pack are written.
    pub words: BTreeMap<String, Effect>,
    /// Domains that links may not lead to, with all below them.
    pub links: BTreeMap<String, Effect>,
}

impl OwnRules {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.links.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len().saturating_add(self.links.len())
    }

    /// Bytes of them as written.
    #[must_use]
    pub fn written(&self) -> usize {
        self.words.keys().chain(self.links.keys()).map(String::len).sum()
    }
}

/// All that is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// By tenant.
    pub tenants: BTreeMap<TenantName, Layer>,
    /// By group; stronger than its tenant's.
    pub groups: BTreeMap<ChatId, Layer>,
    /// Own words and links, by tenant.
    pub own: BTreeMap<TenantName, OwnRules>,
    /// Rules that only record, for everybody.
    pub recording: BTreeSet<String>,
    /// Lists of domains that no link is on, for everybody.
    pub lists_off: BTreeSet<String>,
}

/// Rules whose review score is not above their block score.
#[must_use]
pub fn in_order(rules: ChatRules) -> ChatRules {
    let Thresholds { review, block } = rules.thresholds;
    ChatRules { thresholds: Thresholds { review: review.min(block), block }, ..rules }
}

impl Overlay {
    /// The same with what was changed for a group under the id that it has now; `None` when nothing was changed for it, or
    /// something is already changed under the new one.
    #[must_use]
    pub fn moved(&self, from: ChatId, to: ChatId) -> Option<Self> {
        if !self.groups.contains_key(&from) || self.groups.contains_key(&to) {
            return None;
        }
        let mut moved = self.clone();
        let layer = moved.groups.remove(&from)?;
        moved.groups.insert(to, layer);
        Some(moved)
    }

    /// The tenants of the settings, with what is changed for each.
    #[must_use]
    pub fn tenants(&self, of_settings: &Tenants) -> Tenants {
        of_settings.each(|tenant| {
            let Some(layer) = self.tenants.get(&tenant.name) else { return tenant };
            let rules = in_order(layer.over(tenant.rules));
            let strict = Tenant { rules, ..tenant.clone() }.strict_for(&rules);
            Tenant { rules, strict, degrade: layer.degrade.unwrap_or(tenant.degrade), ..tenant }
        })
    }

    /// The packs that do not judge for a tenant: those its settings leave out, with what is changed, and the own words of
    /// all others.
    #[must_use]
    pub fn packs_off(&self, tenant: &Tenant, policy: &PolicySet) -> PacksOff {
        let usual = tenant.packs.as_ref().map_or_else(PacksOff::default, |ids| policy.all_but(ids));
        let off = self.tenants.get(&tenant.name).map_or(usual, |layer| layer.packs_off(usual, policy));
        policy.without_others(off, &tenant.name)
    }

    /// The same for a group of that tenant; `None` when it is as for the tenant.
    #[must_use]
    pub fn packs_off_in(&self, chat: ChatId, tenant: &Tenant, policy: &PolicySet) -> Option<PacksOff> {
        let layer = self.groups.get(&chat).filter(|layer| !layer.packs.is_empty())?;
        Some(policy.without_others(layer.packs_off(self.packs_off(tenant, policy), policy), &tenant.name))
    }

    /// The layer of a tenant, or of a group.
    #[must_use]
    pub fn layer(&self, tenant: &TenantName, group: Option<ChatId>) -> Option<&Layer> {
        match group {
            Some(group) => self.groups.get(&group),
            None => self.tenants.get(tenant),
        }
    }

    /// Changes the layer of a tenant or a group; one that changes nothing any more is taken away.
    pub fn change_layer(&mut self, tenant: &TenantName, group: Option<ChatId>, with: impl FnOnce(&mut Layer)) {
        match group {
            Some(group) => {
                with(self.groups.entry(group).or_default());
                self.groups.retain(|_, layer| !layer.is_empty());
            }
            None => {
                with(self.tenants.entry(tenant.clone()).or_default());
                self.tenants.retain(|_, layer| !layer.is_empty());
            }
        }
    }

    /// The packs of own words, also of tenants that are gone: those judge for nobody. The ids of such packs are kept for
    /// them, for every tenant there is.
    #[must_use]
    pub fn own_packs(&self, tenants: &Tenants) -> OwnPacks {
        let source = |(tenant, own)| Some((TenantName::clone(tenant), own_source(tenant, own)?));
        OwnPacks {
            packs: self.own.iter().filter_map(source).collect(),
            reserved: tenants.iter().map(|tenant| own_pack(&tenant.name)).collect(),
        }
    }

    /// Whether the same packs are to be compiled as for `other`.
    #[must_use]
    pub fn compiles_as(&self, other: &Self) -> bool {
        self.own == other.own && self.recording == other.recording && self.lists_off == other.lists_off
    }

    /// What it takes in memory, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let layers: usize = self.tenants.values().chain(self.groups.values()).map(Layer::bytes).sum();
        let entry = limits::OVERLAY_ENTRY_BYTES;
        let own: usize =
            self.own.values().map(|own| own.written().saturating_add(own.len().saturating_mul(entry))).sum();
        let named = self.recording.iter().chain(&self.lists_off);
        let named: usize = named.map(|id| id.len().saturating_add(entry)).sum();
        layers.saturating_add(own).saturating_add(named)
    }
}
