//! What a hub wishes, below what settings and people here say of flags, and beside their budgets.
//!
//! Promises: a flag that settings or environment speak of stays as they say; what replaces a model is the hub's only where the
//! hub knows this board's own word.
//!
//! Never: a wish read here. Whoever read it brings it.

use crate::flags::{Flag, Layers, Said};
use crate::tenant::{DegradeMode, Tenant, TenantName};
use std::collections::BTreeMap;

/// What a hub wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubLayer {
    /// What replaces the model, by tenant.
    pub degrade: BTreeMap<TenantName, DegradeMode>,
    /// Flags for everybody.
    pub flags: Said,
    /// Flags of a tenant; stronger than those for everybody.
    pub flags_of: BTreeMap<TenantName, Said>,
}

impl HubLayer {
    /// Whether it wishes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A tenant with what is wished for it, below these layers.
    #[must_use]
    pub fn over(&self, tenant: Tenant, layers: &Layers) -> Tenant {
        let mut hub = self.flags;
        let own = self.flags_of.get(&tenant.name);
        for (flag, on) in Flag::ALL.into_iter().filter_map(|flag| Some((flag, own?.of(flag)?))) {
            hub.set(flag, on);
        }
        let flags = Layers { hub, ..*layers }.with(&tenant.own_flags);
        let degrade = self.degrade.get(&tenant.name).copied().unwrap_or(tenant.degrade);
        Tenant { flags, degrade, ..tenant }
    }
}
