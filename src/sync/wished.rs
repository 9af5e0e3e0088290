//! What of a hub's wishes is in force here.
//!
//! Promises: only what the settings and the hub both say is the hub's to say. Of a budget that was changed here after the hub
//! heard of it last, the lower cap holds until the hub knows the change.
//!
//! Never: an unknown flag or mode obeyed; it is passed over.

use crate::budget::{Micros, Wished};
use crate::config::{Cloud, Truth};
use crate::flags::{Flag, Scope};
use crate::overlay::HubLayer;
use crate::store::sync::OwnBudget;
use crate::tenant::{DegradeMode, TenantName};
use aegis_contract::{Source, Wishes};
use std::collections::BTreeMap;

/// Caps by tenant, and the layer of flags and modes.
#[must_use]
pub fn in_force(cloud: &Cloud, wishes: &Wishes, own: &[OwnBudget]) -> (BTreeMap<TenantName, Wished>, HubLayer) {
    let (mut caps, mut layer) = (BTreeMap::new(), HubLayer::default());
    if cloud.budgets == Truth::Hub && wishes.sources.budgets == Source::Hub {
        for wish in &wishes.budgets {
            let Some(tenant) = TenantName::new(&wish.tenant) else { continue };
            let edition = own.iter().find(|own| own.tenant == wish.tenant).map_or(u64::MAX, |own| own.edition);
            let knows = wish.confirmed >= edition;
            if let Some(mode) = wish.degrade.as_deref().and_then(DegradeMode::from_word).filter(|_| knows) {
                layer.degrade.insert(tenant.clone(), mode);
            }
            caps.insert(tenant, Wished { money: wish.money_micros.map(Micros), calls: wish.calls, knows });
        }
    }
    if cloud.flags == Truth::Hub && wishes.sources.flags == Source::Hub {
        for wish in &wishes.flags {
            let Some(flag) = Flag::named(&wish.name) else { continue };
            match wish.tenant.as_deref().map(TenantName::new) {
                None => layer.flags.set(flag, wish.on),
                Some(Some(tenant)) if flag.about().scope == Scope::Tenant => {
                    layer.flags_of.entry(tenant).or_default().set(flag, wish.on);
                }
                Some(_) => {}
            }
        }
    }
    (caps, layer)
}
