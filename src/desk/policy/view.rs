//! The rules in force, as they are told.
//!
//! Promises: what is told is what judges, with what of it was changed here; a caller sees own tenants only.
//!
//! Never: a lock that who changes the rules holds.

use crate::access::{Caller, Role};
use crate::desk::Office;
use crate::message::ChatId;
use crate::overlay::{Effect, Layer, OwnRules};
use crate::policy::{PackInfo, PacksOff};
use crate::reload;
use crate::shard::Rulebook;
use crate::store::desk::PolicyVersion;
use crate::tenant::Tenant;
use crate::web::desk::Told;
use crate::web::views::{ListView, PackView, PolicyVersionView, PolicyView, RuleView, ScopeView};
use std::collections::BTreeMap;

/// A version, without what it holds.
pub(super) fn version(number: u64, version: PolicyVersion, is_in_force: bool) -> PolicyVersionView {
    PolicyVersionView {
        number,
        at_s: version.at.0 / 1_000,
        who: version.who,
        changes: version.changes,
        note: version.note,
        is_in_force,
    }
}

impl Office {
    /// See [`crate::web::desk::Desk::policy`].
    ///
    /// # Errors
    /// As there.
    pub fn policy(&self, caller: &Caller) -> Told<PolicyView> {
        caller.is_at_least(Role::Viewer)?;
        let now = self.in_force.now();
        let sees = |pack: &PackInfo| pack.own.as_ref().is_none_or(|tenant| caller.sees(tenant));
        let packs: Vec<PackView> =
            now.policy.packs().iter().filter(|pack| sees(pack)).map(|info| pack(info, &now)).collect();
        let given: BTreeMap<&str, usize> = now.policy.lists_given().collect();
        let list = |name: &str| ListView {
            name: name.to_owned(),
            domains: given.get(name).map_or(0, |count| u64::try_from(*count).unwrap_or(u64::MAX)),
            is_there: given.contains_key(name),
            is_on: !now.overlay.lists_off.contains(name),
        };
        let foreign: Vec<&str> = now
            .policy
            .rules()
            .filter(|rule| now.policy.packs().iter().any(|pack| pack.id == rule.pack && !sees(pack)))
            .map(|rule| rule.id)
            .collect();
        let groups = self.known_groups().into_iter().filter(|group| caller.sees(&now.tenant(*group).name));
        Ok(PolicyView {
            version: self.version_in_force()?,
            compiled: format!("{:016x}", now.policy.version),
            packs,
            lists: now.policy.lists_wanted().into_iter().map(list).collect(),
            tenants: now
                .tenants
                .iter()
                .enumerate()
                .filter(|(_, tenant)| caller.sees(&tenant.name))
                .map(|(place, tenant)| of_tenant(&now, place, tenant))
                .collect(),
            groups: groups.map(|group| self.of_group(&now, group)).collect(),
            recording: now.overlay.recording.iter().filter(|id| !foreign.contains(&id.as_str())).cloned().collect(),
            refused: reload::refused_in_words(&self.standing),
        })
    }

    fn of_group(&self, now: &Rulebook, group: ChatId) -> ScopeView {
        let (rules, settings) = (now.rules(group), now.rules_of_settings(group));
        let tenant = now.tenant(group);
        ScopeView {
            tenant: tenant.name.to_string(),
            group: Some(group.0),
            title: self.title_of(group),
            mode: rules.mode.word().to_owned(),
            review: rules.thresholds.review,
            block: rules.thresholds.block,
            packs: judging(now, now.packs_off_in(group), tenant),
            changed: now.overlay.layer(&tenant.name, Some(group)).map(changed).unwrap_or_default(),
            of_settings: (settings.mode.word().to_owned(), settings.thresholds.review, settings.thresholds.block),
            words: Vec::new(),
            links: Vec::new(),
        }
    }
}

fn of_tenant(now: &Rulebook, place: usize, tenant: &Tenant) -> ScopeView {
    let settings = now.tenants_of_settings().named(&tenant.name).map_or(tenant.rules, |tenant| tenant.rules);
    let OwnRules { words, links } = now.overlay.own.get(&tenant.name).cloned().unwrap_or_default();
    let list = |all: BTreeMap<String, Effect>| {
        all.into_iter().map(|(one, effect)| (one, effect.word().to_owned())).collect::<Vec<_>>()
    };
    ScopeView {
        tenant: tenant.name.to_string(),
        group: None,
        title: tenant.name.to_string(),
        mode: tenant.rules.mode.word().to_owned(),
        review: tenant.rules.thresholds.review,
        block: tenant.rules.thresholds.block,
        packs: judging(now, now.packs_off(place), tenant),
        changed: now.overlay.layer(&tenant.name, None).map(changed).unwrap_or_default(),
        of_settings: (settings.mode.word().to_owned(), settings.thresholds.review, settings.thresholds.block),
        words: list(words),
        links: list(links),
    }
}

/// By pack: whether it judges. Other tenants' own words are nobody else's business.
fn judging(now: &Rulebook, off: PacksOff, tenant: &Tenant) -> BTreeMap<String, bool> {
    let own = |pack: &PackInfo| pack.own.as_ref().is_none_or(|own| *own == tenant.name);
    let all = now.policy.judging(off).filter(|(pack, _)| own(pack));
    all.map(|(pack, is_on)| (pack.id.clone(), is_on)).collect()
}

/// What a layer changes.
fn changed(layer: &Layer) -> Vec<String> {
    let named = [("mode", layer.mode.is_some()), ("review", layer.review.is_some()), ("block", layer.block.is_some())];
    let named = named.iter().filter(|(_, is_changed)| *is_changed).map(|(field, _)| (*field).to_owned());
    named.chain(layer.packs.keys().map(|id| format!("packs.{id}"))).collect()
}

fn pack(info: &PackInfo, now: &Rulebook) -> PackView {
    let rules = now.policy.rules().filter(|rule| rule.pack == info.id);
    PackView {
        id: info.id.clone(),
        version: info.version,
        keywords: u64::try_from(info.keywords).unwrap_or(u64::MAX),
        rules: rules
            .map(|rule| RuleView {
                id: rule.id.to_owned(),
                reason: rule.reason.to_owned(),
                score: rule.score,
                actions: rule.actions.iter().map(|action| action.words()).collect(),
                records: now.overlay.recording.contains(rule.id),
            })
            .collect(),
    }
}
