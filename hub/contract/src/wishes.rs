//! What a hub wishes of a board: budgets, flags and packs, and whose word counts for each.
//!
//! Promises: wishes are a state, not a list of orders: a board that reads the newest knows all. Where `sources` says
//! `board`, or says nothing, the board's own settings stand whatever the wishes say.
//!
//! Never: an order that acts on a message.

use crate::document::{budget, count, label, number, pack, tenant};
use crate::ids::bytes_of_hex;
use crate::{Document, Refusal, limits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A month's budget of one tenant on this board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetWish {
    /// The tenant.
    pub tenant: String,
    /// Money a month, in millionths of the currency the board counts in; none: no bound of the hub's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money_micros: Option<u64>,
    /// Calls a month; none: no bound of the hub's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// What replaces the model when it is spent: `disable_ai`, `strict_rules`, `link_blocks`; none or unknown: as the
    /// board has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degrade: Option<String>,
    /// The newest edition of the board's own budget (`Push::budgets`) that the hub had seen when it made this wish. A
    /// board whose own edition is higher has a change the hub did not know of: its own stands until this reaches it.
    #[serde(default)]
    pub confirmed: u64,
}

/// A switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagWish {
    /// Its name; one that the board does not know is passed over.
    pub name: String,
    /// For this tenant alone; none: for the board. A tenant's is the stronger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Whether it is on.
    #[serde(default)]
    pub on: bool,
}

/// Whether a pack's rules act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackMode {
    /// They act.
    Enforce,
    /// They are recorded only. A mode that is not known is read as this one.
    #[default]
    #[serde(other)]
    Record,
}

/// A pack that the board shall have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackOffer {
    /// Its name.
    pub name: String,
    /// Its version; rises, but for a roll-back.
    pub version: u64,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// How many bytes.
    pub bytes: u64,
    /// Whether its rules act.
    #[serde(default)]
    pub mode: PackMode,
    /// Whether this is a step back, which the signature's comment has to say as well ([`crate::PackComment`]).
    #[serde(default)]
    pub rollback: bool,
}

/// Whose word counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The hub's.
    Hub,
    /// The board's. What is not known is read as this one.
    #[default]
    #[serde(other)]
    Board,
}

/// Whose word counts, for each kind of thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sources {
    /// Budgets.
    pub budgets: Source,
    /// Flags.
    pub flags: Source,
    /// Packs.
    pub packs: Source,
    /// Usage: what was counted.
    pub usage: Source,
    /// Decisions.
    pub decisions: Source,
}

/// All that a hub wishes of one board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// Budgets, one a tenant at most.
    pub budgets: Vec<BudgetWish>,
    /// Switches.
    pub flags: Vec<FlagWish>,
    /// Packs, one a name at most.
    pub packs: Vec<PackOffer>,
    /// Whose word counts.
    pub sources: Sources,
    /// Whether decisions carry the message's text, a tenant; one that is missing: no.
    pub text: BTreeMap<String, bool>,
}

impl Wishes {
    /// Whether decisions of this tenant carry text.
    #[must_use]
    pub fn text_of(&self, tenant: &str) -> bool {
        self.text.get(tenant).copied().unwrap_or(false)
    }
}

impl Document for Wishes {
    const NAME: &'static str = "wishes";

    fn check(&self) -> Result<(), Refusal> {
        count("budgets", self.budgets.len(), limits::TENANTS_MAX)?;
        count("flags", self.flags.len(), limits::FLAGS_MAX)?;
        count("packs", self.packs.len(), limits::PACKS_MAX)?;
        count("text", self.text.len(), limits::TENANTS_MAX)?;
        for (at, wish) in self.budgets.iter().enumerate() {
            let place = format!("budgets[{at}]");
            budget(&place, &wish.tenant, wish.money_micros, wish.calls)?;
            if let Some(degrade) = &wish.degrade {
                label(&format!("{place}.degrade"), degrade, limits::LABEL_BYTES_MAX)?;
            }
        }
        for (at, flag) in self.flags.iter().enumerate() {
            label(&format!("flags[{at}].name"), &flag.name, limits::LABEL_BYTES_MAX)?;
            if let Some(name) = &flag.tenant {
                tenant(&format!("flags[{at}].tenant"), name)?;
            }
        }
        self.packs.iter().enumerate().try_for_each(|(at, offer)| offer.check(at))?;
        self.text.keys().try_for_each(|name| tenant("text", name))
    }
}

impl PackOffer {
    fn check(&self, at: usize) -> Result<(), Refusal> {
        pack(&format!("packs[{at}].name"), &self.name)?;
        number(&format!("packs[{at}].version"), self.version)?;
        let bytes = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        if bytes > limits::PACK_BYTES_MAX {
            let what = format!("is {bytes}, at most {}", limits::PACK_BYTES_MAX);
            return Err(Refusal::new(format!("packs[{at}].bytes"), what, "make the pack smaller"));
        }
        if bytes_of_hex::<32>(&self.sha256).is_none() {
            let mend = "write 64 hexadecimal digits";
            return Err(Refusal::new(format!("packs[{at}].sha256"), "is no SHA-256", mend));
        }
        Ok(())
    }
}
