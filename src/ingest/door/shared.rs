//! Bans that groups of one owner share.
//!
//! Promises: eight bytes a ban in memory, at most `limits::SHARED_BANS_KEPT`; a ban counts only when storage has it, too.
//!
//! Never: another tenant's ban.

use super::Door;
use crate::clock::Now;
use crate::limits;
use crate::message::{ChatId, UserId, floor_char_boundary, fnv1a};
use crate::store::group::SharedBan;
use crate::store::{Snapshots, StoreError, Tick};
use crate::tenant::TenantName;
use std::collections::BTreeSet;

/// Hashes of tenant and member: nearly all who come are not among them, and storage is asked about the others.
#[derive(Debug, Default)]
pub(super) struct SharedBans(BTreeSet<u64>);

fn hash(tenant: &TenantName, user: UserId) -> u64 {
    fnv1a(&[user.0.to_le_bytes().as_slice(), tenant.as_str().as_bytes()].concat())
}

impl SharedBans {
    pub fn new(snapshots: &Snapshots) -> Result<Self, StoreError> {
        Ok(Self(snapshots.shared_bans()?.iter().map(|(tenant, user)| hash(tenant, *user)).collect()))
    }
}

impl Door {
    /// The ban that another group of the tenant shares.
    pub(super) fn shared_ban(
        &self,
        chat: ChatId,
        tenant: &TenantName,
        user: UserId,
    ) -> Result<Option<SharedBan>, StoreError> {
        if !self.bans.0.contains(&hash(tenant, user)) {
            return Ok(None);
        }
        Ok(self.snapshots.shared_ban(tenant, user)?.filter(|ban| ban.chat != chat))
    }

    /// Shares a ban, unless it is.
    pub fn share(&mut self, tenant: &TenantName, user: UserId, chat: ChatId, reason: &str, now: Now, tick: &mut Tick) {
        if !self.bans.0.insert(hash(tenant, user)) {
            return;
        }
        if self.bans.0.len() > usize::try_from(limits::SHARED_BANS_KEPT).unwrap_or(usize::MAX)
            && let Ok(stored) = SharedBans::new(&self.snapshots)
        {
            // Storage has forgotten the oldest tenth.
            self.bans = stored;
            self.bans.0.insert(hash(tenant, user));
        }
        let reason = reason.get(..floor_char_boundary(reason, limits::REASON_BYTES_MAX)).unwrap_or_default().to_owned();
        tick.group.bans.push((tenant.clone(), user, Some(SharedBan { chat, at: now.wall, reason })));
    }

    /// People shared bans, or took them back, through the desk: they are durable already.
    pub(crate) fn shared_by_hand(&mut self, bans: &[(TenantName, UserId, Option<SharedBan>)]) {
        for (tenant, user, ban) in bans {
            if ban.is_some() {
                self.bans.0.insert(hash(tenant, *user));
            } else {
                self.bans.0.remove(&hash(tenant, *user));
            }
        }
        if self.bans.0.len() > usize::try_from(limits::SHARED_BANS_KEPT).unwrap_or(usize::MAX)
            && let Ok(stored) = SharedBans::new(&self.snapshots)
        {
            self.bans = stored;
        }
    }

    /// Shares a ban no longer. Where it was carried out it stands.
    pub fn unshare(&mut self, tenant: &TenantName, user: UserId, tick: &mut Tick) {
        if self.bans.0.remove(&hash(tenant, user)) {
            tick.group.bans.push((tenant.clone(), user, None));
        }
    }
}
