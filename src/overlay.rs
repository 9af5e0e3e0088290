//! What people changed on the page or through the API, over the settings: mode, scores, packs, words and links of a tenant or a
//! group, and rules that only record.
//!
//! Promises: what is not changed here is as in the settings; a change names its whole scope, so that nothing else moves
//! with it; its own words and links become a pack like any other, checked by the same compiler.
//!
//! Never: a clock, a disk. A version of it is a value; the journal keeps the last ones.

use crate::message::ChatId;
use crate::tenant::TenantName;
use crate::verdict::Mode;
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
}

/// Own words and links of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRules {
    /// Phrases, as keywords of a pack are written.
    pub words: BTreeMap<String, Effect>,
    /// Domains that links may not lead to, with all below them.
    pub links: BTreeMap<String, Effect>,
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
}
