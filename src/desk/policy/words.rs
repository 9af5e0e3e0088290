//! What a change changes, in sentences.
//!
//! Promises: the same for a preview, a version and the audit log; every difference has one.
//!
//! Never: more than a version may keep. What is over is counted.

use crate::desk::Office;
use crate::limits;
use crate::message::ChatId;
use crate::overlay::{Effect, Layer};
use crate::shard::Rulebook;
use crate::tenant::TenantName;
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a phrase in a sentence; the rest is left out.
const SHOWN_CHARS: usize = 80;

/// One thing that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Of what: "mode of Garden chat".
    pub what: String,
    /// What it is now.
    pub before: String,
    /// What it will be.
    pub after: String,
    /// The tenant it is about; `None` for all.
    pub tenant: Option<TenantName>,
}

impl Difference {
    /// As a sentence.
    pub(super) fn sentence(&self) -> String {
        format!("{}: {} -> {}", self.what, self.before, self.after)
    }
}

/// The sentences a version keeps.
pub(super) fn sentences(differences: &[Difference]) -> Vec<String> {
    let mut told: Vec<String> =
        differences.iter().take(limits::POLICY_SENTENCES_MAX).map(Difference::sentence).collect();
    let over = differences.len().saturating_sub(told.len());
    if over > 0 {
        told.push(format!("and {over} more"));
    }
    told
}

/// What was and what is, for the audit log.
pub(super) fn before_and_after(differences: &[Difference]) -> (String, String) {
    let of = |value: fn(&Difference) -> &str| {
        let shown = differences.iter().take(limits::POLICY_SENTENCES_MAX);
        let all: Vec<String> = shown.map(|one| format!("{}: {}", one.what, value(one))).collect();
        all.join("; ")
    };
    (of(|one| &one.before), of(|one| &one.after))
}

/// The tenants that differences are about; none when one of them is about all.
pub(super) fn tenants_of(differences: &[Difference]) -> BTreeSet<TenantName> {
    let all: Option<BTreeSet<TenantName>> = differences.iter().map(|one| one.tenant.clone()).collect();
    all.unwrap_or_default()
}

/// A value with where it comes from, where that is all that changes.
fn both<T: PartialEq>(was: (Option<T>, String), is: (Option<T>, String)) -> Option<(String, String)> {
    if was.0 == is.0 {
        return None;
    }
    let (before, after) = (was.1, is.1);
    let of_settings = |value: &Option<T>, shown: String| {
        if value.is_some() { shown } else { format!("{shown}, as in the settings") }
    };
    if before == after {
        return Some((of_settings(&was.0, before), of_settings(&is.0, after)));
    }
    Some((before, of_settings(&is.0, after)))
}

fn on(is_on: bool) -> String {
    if is_on { "on" } else { "off" }.to_owned()
}

impl Office {
    /// How people call a group.
    pub(super) fn group_words(&self, group: ChatId) -> String {
        let title: String = self.title_of(group).chars().filter(|ch| !ch.is_control()).collect();
        if title.trim().is_empty() { format!("group {}", group.0) } else { title }
    }

    /// Everything that was changed on the page in one and not in the other.
    pub(super) fn differences(&self, now: &Rulebook, then: &Rulebook) -> Vec<Difference> {
        let mut found = Vec::new();
        let names: BTreeSet<&TenantName> = now.overlay.tenants.keys().chain(then.overlay.tenants.keys()).collect();
        for name in names {
            layer(now, then, name, None, &format!("tenant {name}"), &mut found);
        }
        let groups: BTreeSet<ChatId> = now.overlay.groups.keys().chain(then.overlay.groups.keys()).copied().collect();
        for group in groups {
            let tenant = then.tenant(group).name.clone();
            layer(now, then, &tenant, Some(group), &self.group_words(group), &mut found);
        }
        let owners: BTreeSet<&TenantName> = now.overlay.own.keys().chain(then.overlay.own.keys()).collect();
        for name in owners {
            let (was, is) = (now.overlay.own.get(name), then.overlay.own.get(name));
            let (was, is) = (was.cloned().unwrap_or_default(), is.cloned().unwrap_or_default());
            own("word", name, &was.words, &is.words, &mut found);
            own("links to", name, &was.links, &is.links, &mut found);
        }
        for id in now.overlay.recording.symmetric_difference(&then.overlay.recording) {
            let [before, after] = [now, then].map(|book| match book.overlay.recording.contains(id) {
                true => "only records".to_owned(),
                false => "judges".to_owned(),
            });
            found.push(Difference { what: format!("rule {id}"), before, after, tenant: None });
        }
        for name in now.overlay.lists_off.symmetric_difference(&then.overlay.lists_off) {
            let [before, after] = [now, then].map(|book| on(!book.overlay.lists_off.contains(name)));
            found.push(Difference { what: format!("list of domains {name}"), before, after, tenant: None });
        }
        found
    }
}

/// What differs of the layer of a tenant or a group, called `place`.
fn layer(
    now: &Rulebook,
    then: &Rulebook,
    tenant: &TenantName,
    group: Option<ChatId>,
    place: &str,
    found: &mut Vec<Difference>,
) {
    let mut add = |what: String, both: Option<(String, String)>| {
        let both = both.map(|(before, after)| Difference { what, before, after, tenant: Some(tenant.clone()) });
        found.extend(both);
    };
    let of = |book: &Rulebook| book.overlay.layer(tenant, group).cloned().unwrap_or_default();
    let rules = |book: &Rulebook| match group {
        Some(group) => *book.rules(group),
        None => book.tenants.named(tenant).map(|tenant| tenant.rules).unwrap_or_default(),
    };
    let (was, is): (Layer, Layer) = (of(now), of(then));
    let (old, new) = (rules(now), rules(then));
    let mode = both((was.mode, old.mode.word().to_owned()), (is.mode, new.mode.word().to_owned()));
    add(format!("mode of {place}"), mode);
    let (old, new) = (old.thresholds, new.thresholds);
    let review = both((was.review, old.review.to_string()), (is.review, new.review.to_string()));
    add(format!("review score of {place}"), review);
    add(format!("block score of {place}"), both((was.block, old.block.to_string()), (is.block, new.block.to_string())));
    let degrade =
        |book: &Rulebook| book.tenants.named(tenant).map(|tenant| tenant.degrade).unwrap_or_default().word().to_owned();
    let degraded = both((was.degrade, degrade(now)), (is.degrade, degrade(then)));
    add(format!("what replaces the model for {place}"), degraded);
    let packs: BTreeSet<&String> = was.packs.keys().chain(is.packs.keys()).collect();
    for id in packs {
        let (before, after) = (was.packs.get(id).copied(), is.packs.get(id).copied());
        let [old, new] = [now, then].map(|book| judges(book, tenant, group, id));
        add(format!("pack {id} for {place}"), both((before, on(old)), (after, on(new))));
    }
}

/// Whether a pack judges for a tenant, or in a group.
fn judges(book: &Rulebook, tenant: &TenantName, group: Option<ChatId>, id: &str) -> bool {
    let off = match group {
        Some(group) => book.packs_off_in(group),
        None => {
            let place = book.tenants.iter().position(|known| known.name == *tenant);
            place.map(|place| book.packs_off(place)).unwrap_or_default()
        }
    };
    book.policy.judging(off).any(|(pack, is_on)| is_on && pack.id == id)
}

/// What differs of own words, or of own links.
fn own(
    kind: &str,
    tenant: &TenantName,
    was: &BTreeMap<String, Effect>,
    is: &BTreeMap<String, Effect>,
    found: &mut Vec<Difference>,
) {
    let all: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    for one in all {
        let (before, after) = (was.get(one), is.get(one));
        if before != after {
            let word = |effect: Option<&Effect>| effect.map_or("none", |effect| effect.word()).to_owned();
            let shown: String = one.chars().take(SHOWN_CHARS).collect();
            let rest = if shown.len() < one.len() { "..." } else { "" };
            found.push(Difference {
                what: format!("{kind} \"{}{rest}\" for tenant {tenant}", shown.escape_debug()),
                before: word(before),
                after: word(after),
                tenant: Some(tenant.clone()),
            });
        }
    }
}
