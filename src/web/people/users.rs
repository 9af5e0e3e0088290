//! Users: added with a one-time code, changed, removed, by owners.
//!
//! Promises: as [`super`]. A password is never set by somebody else.

use super::{People, is_name, name_words, random};
use crate::access::{Caller, Role, password};
use crate::limits;
use crate::tenant::TenantName;
use crate::web::desk::{AuditLine, Desk, PeopleChange, Refused, StoredUser, Told};
use crate::web::views::{NewCode, UserChange, UserView};

impl People {
    /// Everybody who may log in. Owners.
    ///
    /// # Errors
    /// [`Refused::Denied`].
    pub fn users(&self, caller: &Caller) -> Told<Vec<UserView>> {
        caller.may(Role::Owner, None)?;
        let state = self.lock();
        Ok(state.users.values().map(|user| view(user, state.sessions.count_of(&user.name))).collect())
    }

    /// What a wish for a user means.
    fn meant(&self, desk: &dyn Desk, change: &UserChange) -> Told<(Role, Vec<TenantName>)> {
        let mut wrong = Vec::new();
        let role = Role::from_word(&change.role);
        if role.is_none() {
            wrong.push(("role".to_owned(), "one of viewer, admin, owner".to_owned()));
        }
        let known = desk.tenants();
        let mut tenants = Vec::new();
        for name in &change.tenants {
            match TenantName::new(name).filter(|name| known.contains(name)) {
                Some(name) if !tenants.contains(&name) => tenants.push(name),
                Some(_) => {}
                None => {
                    let all: Vec<&str> = known.iter().map(TenantName::as_str).collect();
                    wrong.push(("tenants".to_owned(), format!("there are these: {}", all.join(", "))));
                }
            }
        }
        if role.is_some_and(|role| role != Role::Owner) && change.tenants.is_empty() {
            wrong.push(("tenants".to_owned(), "name at least one; only an owner sees all".to_owned()));
        }
        match role.filter(|_| wrong.is_empty()) {
            Some(Role::Owner) => Ok((Role::Owner, Vec::new())),
            Some(role) => Ok((role, tenants)),
            None => Err(Refused::Wrong(wrong)),
        }
    }

    /// Adds a user, who chooses a password with the one-time code that is told here. Owners.
    ///
    /// # Errors
    /// [`Refused::Wrong`], [`Refused::Conflict`] when the name is taken.
    pub fn add_user(&self, desk: &dyn Desk, caller: &Caller, change: &UserChange) -> Told<NewCode> {
        caller.may(Role::Owner, None)?;
        if !is_name(&change.name) {
            return Err(Refused::field("name", name_words()));
        }
        let (role, tenants) = self.meant(desk, change)?;
        {
            let state = self.lock();
            if state.users.contains_key(&change.name) {
                return Err(Refused::Conflict(format!("there is a user {} already", change.name)));
            }
            if state.users.len() >= limits::USERS_MAX {
                return Err(Refused::Conflict(format!("there are {} users, the most there may be", limits::USERS_MAX)));
            }
        }
        let user =
            StoredUser { name: change.name.clone(), role, tenants, since_s: desk.now_s(), password: None, code: None };
        self.give_code(desk, caller, user, "nobody")
    }

    fn give_code(&self, desk: &dyn Desk, caller: &Caller, user: StoredUser, before: &str) -> Told<NewCode> {
        let code = password::letters(&random::<12>()?);
        let until_s = desk.now_s().saturating_add(limits::CODE_S);
        let told = NewCode { name: user.name.clone(), code: code.clone(), until_s };
        let audit = AuditLine {
            who: caller.told(),
            what: format!("user {}", user.name),
            before: before.to_owned(),
            after: format!("{}, with a new one-time code", in_words(&user)),
            ..AuditLine::default()
        };
        let digest = password::digest(&password::typed_code(&code));
        self.keep(desk, vec![PeopleChange::User(StoredUser { code: Some((digest, until_s)), ..user })], audit)?;
        Ok(told)
    }

    /// A user for whom something is to be changed.
    fn user(&self, caller: &Caller, name: &str) -> Told<StoredUser> {
        caller.may(Role::Owner, None)?;
        self.lock().users.get(name).cloned().ok_or(Refused::Missing)
    }

    /// Whether this user is the only owner who can log in.
    fn is_last_owner(&self, name: &str) -> bool {
        let state = self.lock();
        let is_owner = |user: &&StoredUser| user.role == Role::Owner && user.password.is_some();
        state.users.values().filter(is_owner).all(|user| user.name == name) && state.users.contains_key(name)
    }

    /// Changes a user's role and tenants. Owners.
    ///
    /// # Errors
    /// [`Refused::Conflict`] when nobody would be left who is an owner.
    pub fn change_user(&self, desk: &dyn Desk, caller: &Caller, name: &str, change: &UserChange) -> Told<()> {
        let user = self.user(caller, name)?;
        let (role, tenants) = self.meant(desk, change)?;
        if role != Role::Owner && self.is_last_owner(name) {
            return Err(Refused::Conflict(format!("{name} is the last owner; make another one first")));
        }
        let after = StoredUser { role, tenants, ..user.clone() };
        let audit = AuditLine {
            who: caller.told(),
            what: format!("user {name}"),
            before: in_words(&user),
            after: in_words(&after),
            ..AuditLine::default()
        };
        self.keep(desk, vec![PeopleChange::User(after)], audit)
    }

    /// Removes a user, with all sessions and tokens of theirs. Owners.
    ///
    /// # Errors
    /// As [`People::change_user`].
    pub fn remove_user(&self, desk: &dyn Desk, caller: &Caller, name: &str) -> Told<()> {
        let user = self.user(caller, name)?;
        if self.is_last_owner(name) {
            return Err(Refused::Conflict(format!("{name} is the last owner; make another one first")));
        }
        let audit = AuditLine {
            who: caller.told(),
            what: format!("user {name}"),
            before: in_words(&user),
            after: "removed".to_owned(),
            ..AuditLine::default()
        };
        self.keep(desk, vec![PeopleChange::UserGone(name.to_owned())], audit)
    }

    /// A new one-time code for a user who forgot the password; the old password holds until it is used. Owners.
    ///
    /// # Errors
    /// [`Refused::Missing`].
    pub fn new_code(&self, desk: &dyn Desk, caller: &Caller, name: &str) -> Told<NewCode> {
        let user = self.user(caller, name)?;
        let before = in_words(&user);
        self.give_code(desk, caller, user, &before)
    }
}

fn in_words(user: &StoredUser) -> String {
    let tenants: Vec<&str> = user.tenants.iter().map(TenantName::as_str).collect();
    if tenants.is_empty() {
        user.role.word().to_owned()
    } else {
        format!("{} of {}", user.role.word(), tenants.join(", "))
    }
}

fn view(user: &StoredUser, sessions: u64) -> UserView {
    UserView {
        name: user.name.clone(),
        role: user.role.word().to_owned(),
        tenants: user.tenants.iter().map(ToString::to_string).collect(),
        since_s: user.since_s,
        has_password: user.password.is_some(),
        sessions,
    }
}
