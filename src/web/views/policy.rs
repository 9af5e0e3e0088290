//! The rules in force and changes to them, usage and budgets.
//!
//! As [`super`] promises.

use super::Replayed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The rules in force, as far as the caller may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PolicyView {
    /// The number of the version in force; 0 when nothing was ever changed here.
    pub version: u64,
    /// The compiled policy's version.
    pub compiled: String,
    /// The packs.
    pub packs: Vec<PackView>,
    /// Lists of domains that rules ask for: name, domains, and whether it is there.
    pub lists: Vec<ListView>,
    /// The caller's tenants.
    pub tenants: Vec<ScopeView>,
    /// Groups of the caller's tenants.
    pub groups: Vec<ScopeView>,
    /// Rules that only record, set here.
    pub recording: Vec<String>,
    /// Whether the last reload of packs or settings was refused, and why.
    pub refused: Option<String>,
}

/// A pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackView {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its keywords.
    pub keywords: u64,
    /// Its rules.
    pub rules: Vec<RuleView>,
}

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleView {
    /// Its id.
    pub id: String,
    /// Its reason.
    pub reason: String,
    /// What it adds.
    pub score: u16,
    /// What it asks for, in words.
    pub actions: Vec<String>,
    /// Whether it only records, set here.
    pub records: bool,
}

/// A list of domains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListView {
    /// Its name.
    pub name: String,
    /// Its domains; 0 while it is off or not there.
    pub domains: u64,
    /// Whether it is there. One that is off is not looked for.
    pub is_there: bool,
    /// Whether it is on, for everybody.
    pub is_on: bool,
}

/// How a tenant or a group is looked after, and what of that was changed here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScopeView {
    /// The tenant.
    pub tenant: String,
    /// The group; `None` when it is about the tenant as a whole.
    pub group: Option<i64>,
    /// Its title.
    pub title: String,
    /// In force.
    pub mode: String,
    /// In force.
    pub review: u16,
    /// In force.
    pub block: u16,
    /// By pack: whether it judges there.
    pub packs: BTreeMap<String, bool>,
    /// Which of the above were changed here: `mode`, `review`, `block`, `packs.ID`.
    pub changed: Vec<String>,
    /// What the settings say: mode, review, block.
    pub of_settings: (String, u16, u16),
    /// Own phrases and what they do; of tenants only.
    pub words: Vec<(String, String)>,
    /// Own domains and what they do; of tenants only.
    pub links: Vec<(String, String)>,
}

/// A change that somebody wants. It names one tenant, or one group, or neither when it is about rules that record
/// or lists of domains. A field that is left out changes nothing; `null` goes by the settings again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyChange {
    /// The tenant.
    pub tenant: Option<String>,
    /// The group.
    pub group: Option<i64>,
    /// `record` or `enforce`.
    #[serde(deserialize_with = "wish")]
    pub mode: Option<Option<String>>,
    /// From which score on a message is shown.
    #[serde(deserialize_with = "wish")]
    pub review: Option<Option<u16>>,
    /// From which score on a message is acted on.
    #[serde(deserialize_with = "wish")]
    pub block: Option<Option<u16>>,
    /// Packs on, off, or as in the settings.
    pub packs: BTreeMap<String, Option<bool>>,
    /// Phrases to add or change, and what they do: `review`, `delete` or `ban`; `null` removes one.
    pub words: BTreeMap<String, Option<String>>,
    /// Domains to add or change, in the same way.
    pub links: BTreeMap<String, Option<String>>,
    /// Rules that are only to record, or no longer.
    pub recording: BTreeMap<String, bool>,
    /// Lists of domains on, or off.
    pub lists: BTreeMap<String, bool>,
    /// A whole pack as its file would be, with the packs as they are, in place of the one of its id: for previews alone.
    pub candidate: String,
    /// The version that was seen when this was written; refused when another is in force by now. Left out: not asked.
    pub version: Option<u64>,
    /// Why, for the versions' list.
    pub note: String,
}

/// What was left out is `None`, `null` is `Some(None)`.
#[expect(clippy::option_option, reason = "left out, null and a value are three wishes")]
fn wish<'de, D, T>(value: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(value).map(Some)
}

/// What a change would do, before it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// What changes, a sentence each: "mode of group X: record -> enforce".
    pub changes: Vec<String>,
    /// Whether it can be made: a candidate pack is only tried.
    pub can_be_made: bool,
    /// What it would do to the stored messages.
    pub replay: Replayed,
}

/// A version of what was changed here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PolicyVersionView {
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub at_s: u64,
    /// By whom.
    pub who: String,
    /// What it changed, a sentence each.
    pub changes: Vec<String>,
    /// Why.
    pub note: String,
    /// Whether it is in force.
    pub is_in_force: bool,
}

/// What was used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsageView {
    /// The tenant.
    pub tenant: String,
    /// The currency of money.
    pub currency: String,
    /// The last days, oldest first.
    pub days: Vec<UsageRow>,
    /// The last months, oldest first.
    pub months: Vec<UsageRow>,
}

/// A day or a month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsageRow {
    /// `2026-11-25`, or `2026-11`.
    pub period: String,
    /// Messages judged.
    pub messages: u64,
    /// Of them blocked.
    pub blocked: u64,
    /// Of them unsure.
    pub unsure: u64,
    /// Actions promised.
    pub actions: u64,
    /// Calls to a model.
    pub calls: u64,
    /// Money spent on them.
    pub money: String,
    /// The same in millionths, for charts.
    pub money_micros: u64,
    /// Tokens sent to a model, as its server counts.
    pub tokens_in: u64,
    /// Tokens that came back.
    pub tokens_out: u64,
    /// Unsure messages that a remembered opinion was used for.
    pub cache_hits: u64,
    /// Whether a few more may have been counted and lost, because the power failed. Money is exact.
    pub at_least: bool,
}

/// Which hours are wanted. What is `None` is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsageQuery {
    /// Only of this tenant.
    pub tenant: Option<String>,
    /// Only in this group.
    pub group: Option<i64>,
    /// From this hour on, seconds since 1970; by default a day before `until_s`.
    pub since_s: Option<i64>,
    /// Before this hour; by default until now.
    pub until_s: Option<i64>,
    /// As told by the piece before.
    pub cursor: Option<String>,
}

/// What was used in one group in one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsageHourView {
    /// The tenant.
    pub tenant: String,
    /// The group; 0 when it was not known any more.
    pub group: i64,
    /// What it is called.
    pub title: String,
    /// When the hour began.
    pub hour_s: u64,
    /// What was used; its period is the hour, by UTC.
    pub used: UsageRow,
}

/// A tenant's budget, and how it stands with the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BudgetView {
    /// The tenant.
    pub tenant: String,
    /// The month in force, such as 2026-11; empty before the first unsure message.
    pub month: String,
    /// Money spent in it.
    pub money: String,
    /// The most it may be.
    pub money_cap: String,
    /// Both in millionths, for charts and metrics.
    pub money_micros: u64,
    /// As [`BudgetView::money_micros`].
    pub money_cap_micros: u64,
    /// The currency.
    pub currency: String,
    /// Calls made in it.
    pub calls: u64,
    /// The most it may be.
    pub calls_cap: u64,
    /// The larger share of both, percent.
    pub percent: u64,
    /// Whether the owner is warned at that share.
    pub is_warned: bool,
    /// Whether the caps were set by hand, or by the settings.
    pub by_hand: bool,
    /// What happens while no model can be asked: `disable_ai`, `strict_rules` or `link_blocks`.
    pub degrade: String,
    /// Whether a model is set up at all.
    pub has_model: bool,
    /// Why no model can be asked now; `None` when one can.
    pub degraded: Option<String>,
    /// What is done instead; `None` when one can be asked.
    pub instead: Option<String>,
    /// What the last call failed by.
    pub trouble: Option<String>,
}

/// Caps that somebody wants. What is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetChange {
    /// Money a month, such as "5.00".
    pub money: Option<String>,
    /// Calls a month.
    pub calls: Option<u64>,
    /// What happens while no model can be asked.
    pub degrade: Option<String>,
    /// To go by the settings again.
    pub as_settings: bool,
}
