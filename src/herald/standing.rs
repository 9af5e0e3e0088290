//! How receivers stand, for the page.
//!
//! Promises: a receiver is named by its host alone.
//!
//! Never: a change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How one receiver stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its host.
    pub host: String,
    /// Why it took nothing the last time; `None` when it did, or was not told anything yet.
    pub trouble: Option<String>,
}

/// How all stand, by their numbers, as several tasks share it.
#[derive(Clone, Debug, Default)]
pub struct Receivers(Arc<Mutex<BTreeMap<u64, Standing>>>);

impl Receivers {
    /// How all stand.
    #[must_use]
    pub fn all(&self) -> BTreeMap<u64, Standing> {
        self.hold().clone()
    }

    pub(super) fn hold(&self) -> MutexGuard<'_, BTreeMap<u64, Standing>> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
