//! People as they are stored: between the page's records and the store's.
//!
//! Promises: a change is durable, with its line in the audit log, before the page knows of it.

use super::Office;
use crate::clock::Wall;
use crate::store::desk::{AuditDetail, DeskTick, PersonChange, TokenRecord, UserRecord};
use crate::store::records::Audit;
use crate::web::desk::{AuditLine, PeopleChange, StoredToken, StoredUser, Told};

const fn wall(seconds: u64) -> Wall {
    Wall(seconds.saturating_mul(1_000))
}

impl Office {
    /// As [`crate::web::desk::Desk::people`].
    pub(super) fn stored_people(&self) -> Told<(Vec<StoredUser>, Vec<StoredToken>)> {
        let users = self.snapshots.users()?.into_iter().map(|(name, user)| StoredUser {
            name,
            role: user.role,
            tenants: user.tenants,
            since_s: user.since.seconds(),
            password: user.password,
            code: user.code.map(|(hash, until)| (hash, until.seconds())),
        });
        let tokens = self.snapshots.tokens()?.into_iter().map(|(id, token)| StoredToken {
            id,
            name: token.name,
            user: token.user,
            role: token.role,
            since_s: token.since.seconds(),
            until_s: token.until.seconds(),
            hash: token.hash,
        });
        Ok((users.collect(), tokens.collect()))
    }

    /// As [`crate::web::desk::Desk::change_people`].
    pub(super) fn keep_people(&self, changes: Vec<PeopleChange>, audit: AuditLine) -> Told<()> {
        let entry = Audit { at: self.clock.now().wall, who: audit.who, what: audit.what };
        let detail = AuditDetail { tenant: audit.tenant, before: audit.before, after: audit.after };
        let people = changes.into_iter().map(|change| match change {
            PeopleChange::User(user) => {
                let record = UserRecord {
                    role: user.role,
                    tenants: user.tenants,
                    since: wall(user.since_s),
                    password: user.password,
                    code: user.code.map(|(hash, until_s)| (hash, wall(until_s))),
                };
                PersonChange::User(user.name, record)
            }
            PeopleChange::UserGone(name) => PersonChange::UserGone(name),
            PeopleChange::Token(token) => {
                let record = TokenRecord {
                    name: token.name,
                    user: token.user,
                    role: token.role,
                    since: wall(token.since_s),
                    until: wall(token.until_s),
                    hash: token.hash,
                };
                PersonChange::Token(token.id, record)
            }
            PeopleChange::TokenGone(id) => PersonChange::TokenGone(id),
        });
        self.commit_desk(DeskTick { audit: vec![(entry, detail)], people: people.collect(), ..DeskTick::default() })
    }
}
