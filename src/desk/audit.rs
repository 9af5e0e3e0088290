//! The audit log.
//!
//! Promises: an owner sees all of it, everybody else what is about their own tenants.

use super::Office;
use crate::access::{Caller, Role};
use crate::limits;
use crate::web::desk::{Refused, Told};
use crate::web::views::{AuditView, Listed};
use std::ops::ControlFlow;

/// Where a list goes on: below this number.
pub(super) fn cursor(cursor: Option<&str>) -> Told<Option<u64>> {
    let read =
        |word: &str| word.parse().map_err(|_| Refused::field("cursor", "give what the piece before told as `next`"));
    cursor.filter(|word| !word.is_empty()).map(read).transpose()
}

impl Office {
    /// A piece of the audit log, newest first. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn audit(&self, caller: &Caller, from: Option<&str>) -> Told<Listed<AuditView>> {
        caller.is_at_least(Role::Admin)?;
        let below = cursor(from)?;
        let (mut items, mut scanned, mut next) = (Vec::new(), 0_usize, None);
        self.snapshots.audit_before(below, |number, entry, detail| {
            scanned = scanned.saturating_add(1);
            let detail = detail.unwrap_or_default();
            if caller.may(Role::Admin, detail.tenant.as_ref()).is_ok() {
                items.push(AuditView {
                    number,
                    at_s: entry.at.seconds(),
                    who: entry.who,
                    tenant: detail.tenant.map(|tenant| tenant.to_string()),
                    what: entry.what,
                    before: detail.before,
                    after: detail.after,
                });
            }
            if items.len() >= limits::PAGE_ROWS_MAX || scanned >= limits::DECISIONS_SCANNED_MAX {
                next = Some(number.to_string());
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(Listed { items, next })
    }
}
