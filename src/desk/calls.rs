//! Signed calls of programs: who comes with a signature, and whether they may be heard.
//!
//! Promises: a bad signature, an unknown key, one whose time is over, a call that is old or from the future, and one whose nonce was
//! used are refused in the same words after the same work, and nothing changes. The nonce of a call that is heard is on storage
//! before what it asks for is looked at, so that a restart forgets none. A key is bounded in calls a minute, the nonces in number.
//!
//! Never: more than the key's role in the key's tenants. What is asked goes through the API like any other question.

use super::Office;
use crate::access::{Caller, Reach, Role};
use crate::clock::{Now, Wall};
use crate::flags::Flag;
use crate::limits;
use crate::pacing::Bucket;
use crate::signed::Credentials;
use crate::store::Tick;
use crate::store::hooks::{HookKey, HooksTick};
use crate::web::desk::{Refused, Told};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What is known of calls besides the keys.
#[derive(Debug, Default)]
pub struct Calls(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The nonces that are used, and until when they are remembered; `None` before the file was asked.
    nonces: Option<BTreeMap<[u8; 16], Wall>>,
    /// The paces of keys, by their names.
    paces: BTreeMap<String, Bucket>,
}

/// What stands for the secret of a key that there is not: checking it takes as long.
const NO_SECRET: &[u8] = b"0000000000000000000000000000000000000000000000000000000000000000000";

impl Office {
    /// Who comes with these credentials for this body. See [`crate::web::desk::Desk::admit`].
    ///
    /// # Errors
    /// [`Refused::Denied`] for whatever is wrong with them; [`Refused::Busy`] when the key called too often, or too many nonces are
    /// remembered; [`Refused::Unable`] when storage is gone.
    pub fn admit(&self, authorization: &str, body: &[u8]) -> Told<Caller> {
        let admitted = self.admitted(authorization, body);
        match admitted {
            Ok(_) => self.counters.hook_calls.one(),
            Err(_) => self.counters.hook_calls_refused.one(),
        }
        admitted
    }

    fn admitted(&self, authorization: &str, body: &[u8]) -> Told<Caller> {
        let now = self.clock.now();
        let keys = self.snapshots.hook_keys()?;
        let read = Credentials::read(authorization);
        let credentials = read.clone().unwrap_or_else(Credentials::nobody);
        let key = keys.iter().find(|key| key.name == credentials.key);
        let (first, second) = key.map_or((NO_SECRET, NO_SECRET), |key| secrets(key, now.wall));
        let is_signed = credentials.is_of([first, second], body, now.wall.seconds());
        let is_on = self.in_force.now().tenants.default_one().flags.is_on(Flag::ManagementCalls);
        let Some(key) = key.filter(|_| read.is_some() && is_signed && is_on) else { return Err(Refused::Denied) };
        self.spend(key, credentials.nonce, now)?;
        Ok(caller(key))
    }

    /// Uses up a nonce, durably.
    fn spend(&self, key: &HookKey, nonce: [u8; 16], now: Now) -> Told<()> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        let mut state = self.calls.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { nonces, paces } = &mut *state;
        if nonces.is_none() {
            *nonces = Some(self.snapshots.nonces()?.into_iter().collect());
        }
        let nonces = nonces.get_or_insert_default();
        nonces.retain(|_, until| *until > now.wall);
        if nonces.contains_key(&nonce) {
            return Err(Refused::Denied);
        }
        if !paces.contains_key(&key.name) && paces.len() >= limits::HOOK_KEYS_MAX {
            // Keys that are gone have left theirs behind.
            paces.retain(|_, pace| pace.whole_at() > now.mono);
        }
        let fresh = || Bucket::with_minutes(limits::HOOK_CALLS_BURST, limits::HOOK_CALLS_PER_MINUTE);
        let pace = paces.entry(key.name.clone()).or_insert_with(fresh);
        let wait_ms = pace.ready_at().since_ms(now.mono);
        if wait_ms > 0 {
            return Err(Refused::Busy("this key calls too often".to_owned(), wait_ms.div_ceil(1_000)));
        }
        if nonces.len() >= limits::NONCES_MAX {
            let words = "too many calls of the last ten minutes are remembered; none is forgotten early".to_owned();
            let first = nonces.values().min().copied().unwrap_or(now.wall);
            let wait_s = first.0.saturating_sub(now.wall.0).div_ceil(1_000).max(1);
            return Err(Refused::Busy(words, wait_s));
        }
        pace.take(now.mono);
        let until = Wall(now.wall.0.saturating_add(limits::NONCE_MS));
        nonces.insert(nonce, until);
        // Nobody else waits for this lock but other signed calls.
        let hooks = HooksTick { nonces: vec![(nonce, until)], ..HooksTick::default() };
        self.commit(Tick { hooks, ..Tick::default() }).map(drop)
    }
}

fn secrets(key: &HookKey, now: Wall) -> (&[u8], &[u8]) {
    let previous = key.previous.as_ref().filter(|(_, until)| now < *until);
    (key.secret.as_bytes(), previous.map_or(NO_SECRET, |(secret, _)| secret.as_bytes()))
}

fn caller(key: &HookKey) -> Caller {
    let reach = match key.role {
        Role::Owner => Reach::All,
        Role::Admin | Role::Viewer => Reach::Only(key.tenants.iter().cloned().collect()),
    };
    let name = format!("key {}", key.name);
    Caller { door: name.clone(), name, role: key.role, reach }
}

#[cfg(test)]
mod tests;
