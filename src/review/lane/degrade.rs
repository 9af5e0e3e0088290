//! Who can ask a model and who cannot, and when to say so.
//!
//! Promises: losing the model and getting it back is said once each, and so is a budget that is nearly spent, once a month.
//!
//! Never: a degrade mode of its own. What is done without a model is the tenant's choice, and others carry it out.

use super::{Lane, Month};
use crate::clock::Monotonic;
use crate::events::{self, Incident, What};
use crate::review::row::{Change, Event, NoOpinion};
use crate::tenant::{Tenant, TenantName, Tenants};
use std::collections::BTreeMap;

/// What a tenant is told, here and elsewhere.
fn event(tenant: &Tenant, what: String, told: What) -> Event {
    let told = events::Event { tenant: Some(tenant.name.clone()), what: told };
    Event { what, chat: tenant.admin_chat, told }
}

fn incident(words: &str, is_over: bool) -> Incident {
    Incident { about: "Model".to_owned(), is_over, words: words.to_owned() }
}

impl Lane {
    /// Why a tenant's unsure messages cannot be shown to a model now; nothing when they can, or when none is set up.
    pub(super) fn away(&self, tenant: &Tenant, now: Monotonic) -> Option<NoOpinion> {
        if !self.ai.is_on() {
            return None;
        }
        if self.breaker.is_tripped() && self.away_until() > now {
            return Some(NoOpinion::Away);
        }
        if self.is_limited(now) {
            return Some(NoOpinion::Limited);
        }
        if self.ledger.held(&tenant.name) > 0 {
            return None;
        }
        let caps = self.ledger.caps(&tenant.name, tenant.caps);
        self.ledger.would_refuse(&tenant.name, self.least, &caps).map(NoOpinion::Budget)
    }

    /// What changed since this was asked last about who can ask a model, and about budgets.
    pub fn changes(&mut self, tenants: &Tenants, now: Monotonic) -> Option<Change> {
        let mut events = Vec::new();
        let mut degraded = BTreeMap::new();
        for tenant in tenants.iter() {
            let name = &tenant.name;
            if let Some(why) = self.away(tenant, now) {
                if !self.degraded.contains_key(name) {
                    let what = format!(
                        "tenant \"{name}\": no model can be asked ({}); until one can, {}",
                        why.words(),
                        tenant.degrade.effect()
                    );
                    let told = if matches!(why, NoOpinion::Budget(_)) {
                        What::Budget(what.clone())
                    } else {
                        What::Incident(incident(&what, false))
                    };
                    events.push(event(tenant, what, told));
                }
                degraded.insert(name.clone(), why);
            } else if self.degraded.contains_key(name) {
                let how = if self.ai.is_on() { "a model can be asked again" } else { "no model is set up any more" };
                let what = format!("tenant \"{name}\": {how}");
                let told = What::Incident(incident(&what, true));
                events.push(event(tenant, what, told));
            }
            events.extend(self.warning(tenant));
        }
        let moved = degraded.keys().filter(|name| !self.degraded.contains_key(*name)).count()
            + self.degraded.keys().filter(|name| !degraded.contains_key(*name)).count();
        self.counters.degradations.add(u64::try_from(moved).unwrap_or(u64::MAX));
        let is_same = self.degraded.keys().eq(degraded.keys());
        self.degraded = degraded;
        if is_same && events.is_empty() {
            return None;
        }
        Some(Change { degraded: self.degraded.keys().cloned().collect(), events })
    }

    /// The word of warning when a budget is nearly spent: once a month.
    fn warning(&mut self, tenant: &Tenant) -> Option<Event> {
        if !self.ai.is_on() {
            return None;
        }
        let caps = self.ledger.caps(&tenant.name, tenant.caps);
        let standing = self.ledger.standing(&tenant.name, &caps);
        let is_known = self.warned.get(&tenant.name) == Some(&standing.month);
        if is_known || standing.month == Month::default() || standing.percent < u64::from(tenant.warn_percent) {
            return None;
        }
        self.warned.insert(tenant.name.clone(), standing.month);
        let what =
            format!("tenant \"{}\": {} % of the budget of {} is spent", tenant.name, standing.percent, standing.month);
        Some(event(tenant, what.clone(), What::Budget(what)))
    }

    /// Warnings that an earlier life has given are not given again.
    pub fn has_warned(&mut self, tenants: &Tenants) {
        for tenant in tenants.iter() {
            self.warning(tenant);
        }
    }

    /// Why a tenant's unsure messages cannot be shown to a model, as of the last turn.
    #[must_use]
    pub fn degraded(&self, tenant: &TenantName) -> Option<NoOpinion> {
        self.degraded.get(tenant).copied()
    }
}
