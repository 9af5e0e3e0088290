//! The rules in force, and changing them: what is wanted is checked whole, compiled aside, made durable, and then put in
//! force, in this order and under one lock.
//!
//! Promises: a change is refused with all that is wrong with it, or is in force as a whole; what is durable and what is in
//! force do not part; two changes do not cross. A preview judges by what would be in force, and touches nothing.
//!
//! Never: the message path. It sees the rulebook before or the one after.

mod replay;
mod view;
mod wish;
mod words;

use super::Office;
use crate::access::{Caller, Role};
use crate::document::Mistakes;
use crate::limits;
use crate::message::ChatId;
use crate::overlay::Overlay;
use crate::policy::PackSource;
use crate::reload::{Reloader, hold};
use crate::shard::Rulebook;
use crate::store::desk::{DeskTick, PolicyVersion};
use crate::tenant::{DegradeMode, TenantName};
use crate::web::desk::{Refused, Told};
use crate::web::views::{PolicyChange, PolicyVersionView, Preview};
use std::collections::BTreeSet;
use std::sync::TryLockError;
use words::Difference;

/// How mistakes name a pack that has no file.
const CANDIDATE: &str = "the pack";

/// What a change is about: a tenant, or one of its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    tenant: TenantName,
    group: Option<ChatId>,
}

/// What somebody wants to be changed on the page from now on.
struct Wanted {
    overlay: Overlay,
    /// Why, as they say.
    note: String,
    /// Where it comes from, where that is not a change: "version 3 again".
    origin: Option<String>,
}

/// Mistakes in packs as the answer to a change, which made them.
fn wrong(mistakes: &Mistakes) -> Refused {
    let told = mistakes.list().iter().map(|mistake| match mistake.file.as_str() {
        "" => (String::new(), mistake.what.clone()),
        CANDIDATE => ("candidate".to_owned(), mistake.to_string()),
        _ => (String::new(), mistake.to_string()),
    });
    Refused::Wrong(told.collect())
}

/// The pack that somebody wants tried.
fn candidate_pack(change: &PolicyChange) -> Option<PackSource> {
    let text = change.candidate.clone();
    (!text.is_empty()).then(|| PackSource { file: CANDIDATE.to_owned(), text, lists: Vec::new() })
}

/// What a candidate pack stands in for, as a sentence.
fn instead(pack: &PackSource, now: &Rulebook) -> String {
    let id = pack.id().unwrap_or_default();
    let before = now.policy.packs().iter().find(|known| known.id == id);
    let before = before.map_or_else(|| "none".to_owned(), |known| format!("version {}", known.version));
    format!("pack {}: {before} -> as written here", id.escape_debug())
}

impl Office {
    /// See [`crate::web::desk::Desk::preview`].
    ///
    /// # Errors
    /// As there.
    pub fn preview(&self, caller: &Caller, change: &PolicyChange, limit: usize) -> Told<Preview> {
        let scope = self.scope(caller, change)?;
        let begun_ms = self.clock.now().mono.0;
        let _alone = match self.previewing.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(left)) => left.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let words = "somebody else tries a change right now; one is tried at a time".to_owned();
                return Err(Refused::Busy(words, limits::PREVIEW_AGAIN_S));
            }
        };
        // Held to the end: what is compiled here takes the room in memory that a reload would need.
        let reloader = hold(&self.reloader);
        self.check_version(change.version)?;
        let now = self.in_force.now();
        let wanted = self.wished(scope.as_ref(), change, &now)?;
        let pack = candidate_pack(change);
        let in_words = pack.as_ref().map(|pack| instead(pack, &now));
        let candidate = reloader.candidate_with(wanted.overlay, pack).map_err(|mistakes| wrong(&mistakes))?;
        let then = candidate.on(&now);
        let can_be_made = in_words.is_none();
        let differences = self.differences(&now, &then);
        let changes = in_words.into_iter().chain(differences.iter().map(Difference::sentence)).collect();
        let until_ms = begun_ms.saturating_add(limits::REPLAY_MS_MAX);
        let until_ms = until_ms.max(self.clock.now().mono.0.saturating_add(limits::REPLAY_MS_MIN));
        let replay = self.replay(&now, &then, scope.as_ref(), limit, until_ms)?;
        drop(reloader);
        Ok(Preview { changes, can_be_made, replay })
    }

    /// See [`crate::web::desk::Desk::change_policy`].
    ///
    /// # Errors
    /// As there.
    pub fn change_policy(&self, caller: &Caller, change: &PolicyChange) -> Told<PolicyVersionView> {
        let scope = self.scope(caller, change)?;
        if !change.candidate.is_empty() {
            let what = "a pack is only tried here; to have it judge, put its file into the policy folder";
            return Err(Refused::field("candidate", what));
        }
        let reloader = hold(&self.reloader);
        self.check_version(change.version)?;
        let wanted = self.wished(scope.as_ref(), change, &self.in_force.now())?;
        self.make(&reloader, caller, wanted)
    }

    /// See [`crate::web::desk::Desk::policy_versions`].
    ///
    /// # Errors
    /// As there.
    pub fn policy_versions(&self, caller: &Caller) -> Told<Vec<PolicyVersionView>> {
        caller.is_at_least(Role::Admin)?;
        let is_owner = caller.may(Role::Owner, None).is_ok();
        let versions = self.snapshots.policies()?;
        let last = versions.first().map_or(0, |(number, _)| *number);
        // What is about several tenants names all of them: it is for who looks after them all.
        let shows = |version: &PolicyVersion| {
            is_owner || (!version.tenants.is_empty() && version.tenants.iter().all(|tenant| caller.sees(tenant)))
        };
        let shown = versions.into_iter().filter(|(_, version)| shows(version));
        Ok(shown.map(|(number, version)| view::version(number, version, number == last)).collect())
    }

    /// See [`crate::web::desk::Desk::restore_policy`].
    ///
    /// # Errors
    /// As there.
    pub fn restore_policy(&self, caller: &Caller, number: u64) -> Told<PolicyVersionView> {
        caller.may(Role::Owner, None)?;
        let reloader = hold(&self.reloader);
        let found = self.snapshots.policy_version(number)?;
        let overlay = found.map(|version| version.overlay).ok_or(Refused::Missing)?;
        if overlay == *self.in_force.now().overlay {
            return Err(Refused::Conflict(format!("what version {number} says is in force already")));
        }
        let origin = Some(format!("version {number} again"));
        let wanted = Wanted { overlay, note: String::new(), origin };
        self.make(&reloader, caller, wanted).map_err(|refused| match refused {
            Refused::Wrong(_) => Refused::Conflict(format!(
                "version {number} no longer fits the packs as they are: {refused}; what is in force stays"
            )),
            other => other,
        })
    }

    /// Sets what replaces a tenant's model while there is none to ask; `None` goes by the settings. Owners, as for
    /// budgets. What is so already is no change.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn set_degrade(&self, caller: &Caller, tenant: &TenantName, degrade: Option<DegradeMode>) -> Told<()> {
        caller.may(Role::Owner, Some(tenant))?;
        let reloader = hold(&self.reloader);
        let now = self.in_force.now();
        let mut overlay = Overlay::clone(&now.overlay);
        overlay.change_layer(tenant, None, |layer| layer.degrade = degrade);
        if overlay == *now.overlay {
            return Ok(());
        }
        self.make(&reloader, caller, Wanted { overlay, note: String::new(), origin: None }).map(drop)
    }

    /// Compiles, makes durable, and puts in force what is wanted.
    fn make(&self, reloader: &Reloader, caller: &Caller, wanted: Wanted) -> Told<PolicyVersionView> {
        let now = self.in_force.now();
        let candidate = reloader.candidate(wanted.overlay.clone()).map_err(|mistakes| wrong(&mistakes))?;
        let differences = self.differences(&now, &candidate.on(&now));
        let tenants = words::tenants_of(&differences);
        let number = self.version_in_force()?.saturating_add(1);
        let mut changes = words::sentences(&differences);
        changes.splice(0..0, wanted.origin.clone());
        let version = PolicyVersion {
            at: self.clock.now().wall,
            who: caller.told(),
            note: wanted.note,
            changes,
            tenants: tenants.iter().cloned().collect(),
            overlay: wanted.overlay,
        };
        let about = if tenants.len() == 1 { tenants.first().cloned() } else { None };
        let origin = wanted.origin.map(|origin| format!(" ({origin})")).unwrap_or_default();
        let what = match differences.as_slice() {
            [one] => format!("changed {}: rules version {number}{origin}", one.what),
            many => format!("changed {} things: rules version {number}{origin}", many.len()),
        };
        let (before, after) = words::before_and_after(&differences);
        let shown = view::version(number, version.clone(), true);
        self.commit_desk(DeskTick {
            policies: vec![version],
            audit: vec![self.audit_line(caller, about, what, before, after)],
            ..DeskTick::default()
        })?;
        reloader.put_in_force(&candidate);
        Ok(shown)
    }

    /// The number of the version in force; 0 when nothing was ever changed on the page.
    fn version_in_force(&self) -> Told<u64> {
        Ok(self.snapshots.policy()?.map_or(0, |(number, _)| number))
    }

    /// Whether what somebody saw when they wrote a change is in force still.
    fn check_version(&self, seen: Option<u64>) -> Told<()> {
        let Some(seen) = seen else { return Ok(()) };
        match self.snapshots.policy()? {
            Some((number, version)) if number != seen => {
                let what = version.changes.first().cloned().unwrap_or_else(|| "the rules".to_owned());
                let by = version.who;
                Err(Refused::Conflict(format!(
                    "{by} changed the rules since you looked ({what}; version {number}, and you saw {seen}); look at \
                     them as they are now, and change them then"
                )))
            }
            None if seen != 0 => Err(Refused::Conflict(format!("there is no version {seen}; look again"))),
            _ => Ok(()),
        }
    }

    /// The groups that are known: by what was heard of them, by settings, by what was changed for them.
    pub(super) fn known_groups(&self) -> BTreeSet<ChatId> {
        let now = self.in_force.now();
        let mut known = now.chats_of_settings();
        known.extend(now.overlay.groups.keys());
        let book = crate::dispatch::task::lock(&self.book);
        known.extend(book.iter().map(|(chat, _)| chat));
        known
    }
}

#[cfg(test)]
mod tests;
