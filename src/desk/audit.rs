//! The audit log.
//!
//! Promises: an owner sees all of it, everybody else what is about their own tenants.

use super::Office;
use super::listing::{Listing, cursor};
use crate::access::{Caller, Role};
use crate::limits;
use crate::web::desk::Told;
use crate::web::views::{AuditView, Listed};

impl Office {
    /// A piece of the audit log, newest first. Admins.
    ///
    /// # Errors
    /// As [`crate::web::desk::Refused`] says.
    pub fn audit(&self, caller: &Caller, from: Option<&str>) -> Told<Listed<AuditView>> {
        caller.is_at_least(Role::Admin)?;
        let below = cursor(from)?;
        let mut listing = Listing::of(limits::PAGE_ROWS_MAX);
        self.snapshots.audit_before(below, |number, entry, detail| {
            let detail = detail.unwrap_or_default();
            let is_shown = caller.may(Role::Admin, detail.tenant.as_ref()).is_ok();
            let row = is_shown.then(|| AuditView {
                number,
                at_s: entry.at.seconds(),
                who: entry.who,
                tenant: detail.tenant.map(|tenant| tenant.to_string()),
                what: entry.what,
                before: detail.before,
                after: detail.after,
            });
            listing.saw(number, row)
        })?;
        Ok(listing.done())
    }
}
