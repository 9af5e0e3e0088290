//! Who is logged in on the page.
//!
//! Promises: a session is known by the hash of its secret only; it ends when it is not used, when it is old, and with its
//! user; when there are too many, the one unused for longest goes.
//!
//! Never: a role. What a user may is looked up at each request, so that a change holds at once.

use crate::limits;
use std::collections::BTreeMap;

/// The SHA-256 of a session's secret.
pub type SessionKey = [u8; 32];

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: String,
    /// What every write must bring along.
    pub csrf: String,
    /// From where it was opened.
    pub client: String,
    /// What is said on the next page, once.
    pub flash: Option<String>,
    since_ms: u64,
    used_ms: u64,
}

/// All sessions.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    open: BTreeMap<SessionKey, Session>,
}

impl Sessions {
    /// Opens one.
    pub fn open(&mut self, key: SessionKey, user: &str, csrf: String, client: &str, now_ms: u64) {
        self.end_old(now_ms);
        while self.open.len() >= limits::SESSIONS_MAX {
            let Some(idle) = self.open.iter().min_by_key(|(_, session)| session.used_ms).map(|(key, _)| *key) else {
                break;
            };
            self.open.remove(&idle);
        }
        let session = Session {
            user: user.to_owned(),
            csrf,
            client: client.to_owned(),
            flash: None,
            since_ms: now_ms,
            used_ms: now_ms,
        };
        self.open.insert(key, session);
    }

    /// The session, if it is open; from now on it was used.
    pub fn used(&mut self, key: &SessionKey, now_ms: u64) -> Option<&mut Session> {
        self.end_old(now_ms);
        let session = self.open.get_mut(key)?;
        session.used_ms = now_ms;
        Some(session)
    }

    /// Ends one.
    pub fn end(&mut self, key: &SessionKey) {
        self.open.remove(key);
    }

    /// Ends all of a user's, but the one given.
    pub fn end_of(&mut self, user: &str, but: Option<&SessionKey>) {
        self.open.retain(|key, session| session.user != user || but == Some(key));
    }

    /// How many a user has.
    #[must_use]
    pub fn count_of(&self, user: &str) -> u64 {
        u64::try_from(self.open.values().filter(|session| session.user == user).count()).unwrap_or(u64::MAX)
    }

    /// Whether a user is logged in from this address.
    #[must_use]
    pub fn is_known(&self, user: &str, client: &str) -> bool {
        self.open.values().any(|session| session.user == user && session.client == client)
    }

    fn end_old(&mut self, now_ms: u64) {
        self.open.retain(|_, session| {
            now_ms.saturating_sub(session.used_ms) < limits::SESSION_IDLE_MS
                && now_ms.saturating_sub(session.since_ms) < limits::SESSION_MS_MAX
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_unused_old_or_when_there_are_too_many() {
        let mut sessions = Sessions::default();
        sessions.open([1; 32], "kim", "x".to_owned(), "a", 0);
        assert!(sessions.used(&[1; 32], limits::SESSION_IDLE_MS - 1).is_some());
        assert!(sessions.used(&[1; 32], 2 * limits::SESSION_IDLE_MS).is_none(), "unused");
        sessions.open([1; 32], "kim", "x".to_owned(), "a", 0);
        let mut now = 0;
        while now < limits::SESSION_MS_MAX {
            assert!(sessions.used(&[1; 32], now).is_some());
            now += limits::SESSION_IDLE_MS / 2;
        }
        assert!(sessions.used(&[1; 32], now).is_none(), "old");
        for number in 0..=limits::SESSIONS_MAX {
            sessions.open([u8::try_from(number).unwrap(); 32], "kim", "x".to_owned(), "a", number as u64);
        }
        assert_eq!(sessions.count_of("kim"), limits::SESSIONS_MAX as u64);
        assert!(sessions.used(&[0; 32], 1).is_none(), "the one unused for longest is gone");
        sessions.end_of("kim", Some(&[5; 32]));
        assert_eq!(sessions.count_of("kim"), 1);
    }
}
