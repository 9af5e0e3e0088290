//! Who may do what: the one place that checks a role and a tenant, for the page, the API and the terminal alike.
//!
//! Promises: [`Caller::may`] is asked before every read and write; somebody else's tenant is refused in the same words
//! whether what was asked for exists or not.
//!
//! Never: a clock, chance, a disk. Times, random bytes and records are given.

pub mod pace;
pub mod password;
pub mod sessions;

use crate::message::UserId;
use crate::tenant::TenantName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What somebody is to the appliance. Each may do what the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees own tenants, with people's texts left out.
    Viewer,
    /// Looks after own tenants.
    Admin,
    /// All tenants, settings, people and tokens.
    Owner,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Admin, Self::Owner];

    /// The role in one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role that [`Role::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Which tenants somebody looks after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// Every tenant: owners, and whoever owns the data folder.
    All,
    /// These.
    Only(BTreeSet<TenantName>),
}

/// Somebody who asks, already known by a session, a token, or by owning the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's name, or "terminal".
    pub name: String,
    /// The role.
    pub role: Role,
    /// The tenants.
    pub reach: Reach,
    /// By which door: "page", "token NAME"; as the name, where the name says it already.
    pub door: String,
}

/// Refused. Said in the same words for what is foreign, what is above the role, and what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied;

impl Caller {
    /// Whoever may open the data folder on the machine itself.
    #[must_use]
    pub fn terminal() -> Self {
        Self { name: "terminal".to_owned(), role: Role::Owner, reach: Reach::All, door: "terminal".to_owned() }
    }

    /// Somebody who looks after a group in Telegram, in what belongs to that group's tenant. The name is one line; `None` is an
    /// administrator who posts as the group itself.
    #[must_use]
    pub fn in_telegram(name: &str, user: Option<UserId>, tenant: TenantName) -> Self {
        let name = match user {
            Some(user) if name.is_empty() => format!("{} in Telegram", user.0),
            Some(user) => format!("{name} ({}) in Telegram", user.0),
            None => "an anonymous administrator in Telegram".to_owned(),
        };
        Self { door: name.clone(), name, role: Role::Admin, reach: Reach::Only(BTreeSet::from([tenant])) }
    }

    /// How the audit log names them.
    #[must_use]
    pub fn told(&self) -> String {
        if self.door == self.name { self.name.clone() } else { format!("{} ({})", self.name, self.door) }
    }

    /// Whether they look after a tenant.
    #[must_use]
    pub fn sees(&self, tenant: &TenantName) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::Only(own) => self.role == Role::Owner || own.contains(tenant),
        }
    }

    /// The one check: whether they may do what takes `role`, to what belongs to `tenant`. `None` is what belongs to the
    /// appliance itself, or to nobody: then the role alone decides for an owner, and everybody else is refused.
    ///
    /// # Errors
    /// [`Denied`], without saying which of both it was.
    pub fn may(&self, role: Role, tenant: Option<&TenantName>) -> Result<(), Denied> {
        let reaches = tenant.map_or(self.role == Role::Owner, |tenant| self.sees(tenant));
        if self.role >= role && reaches { Ok(()) } else { Err(Denied) }
    }

    /// Whether they may have a role at all, whatever it is about: for lists that show only what is their own.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn is_at_least(&self, role: Role) -> Result<(), Denied> {
        if self.role >= role { Ok(()) } else { Err(Denied) }
    }

    /// Whether people's texts and numbers are shown to them.
    #[must_use]
    pub const fn reads_texts(&self) -> bool {
        !matches!(self.role, Role::Viewer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, own: &[&str]) -> Caller {
        let own = own.iter().filter_map(|name| TenantName::new(name)).collect();
        Caller { name: "kim".to_owned(), role, reach: Reach::Only(own), door: "page".to_owned() }
    }

    #[test]
    fn a_role_reaches_its_own_tenants_and_no_other() {
        let (garden, chess) = (TenantName::new("garden").expect("a name"), TenantName::new("chess").expect("a name"));
        for role in [Role::Viewer, Role::Admin] {
            let kim = caller(role, &["garden"]);
            assert_eq!(kim.may(Role::Viewer, Some(&garden)), Ok(()));
            assert_eq!(kim.may(Role::Viewer, Some(&chess)), Err(Denied));
            assert_eq!(kim.may(Role::Viewer, None), Err(Denied), "what belongs to the appliance is the owner's");
            assert_eq!(kim.may(Role::Admin, Some(&garden)).is_ok(), role == Role::Admin);
        }
        let robin = Caller::in_telegram("Robin", Some(UserId(7)), garden.clone());
        assert_eq!((robin.may(Role::Admin, Some(&garden)), robin.told()), (Ok(()), "Robin (7) in Telegram".to_owned()));
        assert_eq!(robin.may(Role::Viewer, Some(&chess)), Err(Denied));
        let owner = caller(Role::Owner, &[]);
        assert_eq!(owner.may(Role::Owner, Some(&chess)), Ok(()));
        assert_eq!(owner.may(Role::Owner, None), Ok(()));
    }
}
