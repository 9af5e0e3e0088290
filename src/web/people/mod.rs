//! Who may come in, and who is in: users, their passwords and one-time codes, tokens for programs, sessions.
//!
//! Promises: there is no default password, and nobody is let in by being first: the first owner needs the code that the
//! console shows. One password is hashed at a time; failures are slowed down before any hash. Who is changed or removed
//! is out at once. The last owner stays.
//!
//! Never: a password, code or token kept, logged or told twice.

mod hasher;
mod tokens;
mod users;

use super::desk::{AuditLine, Desk, PeopleChange, Refused, StoredToken, StoredUser, Told};
use super::views::Setup;
use crate::access::pace::{Pace, Who};
use crate::access::sessions::{SessionKey, Sessions};
use crate::access::{Caller, Reach, Role, password};
use crate::limits;
use hasher::{Done, Hasher, Work};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Somebody who is in, for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Who.
    pub caller: Caller,
    /// The session; `None` for a token.
    pub session: Option<SessionKey>,
    /// What every write of the session must bring along.
    pub csrf: String,
}

/// A session that was just opened: what the browser is to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Who.
    pub visitor: Visitor,
    /// The secret for the cookie.
    pub secret: String,
}

#[derive(Debug, Default)]
struct State {
    users: BTreeMap<String, StoredUser>,
    tokens: BTreeMap<String, StoredToken>,
    sessions: Sessions,
    pace: Pace,
    /// The code of the first run, as typed; gone once there is an owner.
    first_code: Option<String>,
}

/// Everybody, in memory; what must last is the desk's to keep.
#[derive(Debug)]
pub struct People {
    state: Mutex<State>,
    hasher: Hasher,
    /// A hash for names that nobody has: they take as long as others.
    nobody: &'static str,
}

fn random<const N: usize>() -> Told<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Refused::Unable(format!("this machine gives no random numbers: {error}")))?;
    Ok(bytes)
}

/// A name is what stands in the audit log and in addresses.
fn is_name(name: &str) -> bool {
    (1..=limits::USER_NAME_LETTERS_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.'))
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && name != "terminal"
}

fn name_words() -> String {
    format!(
        "small letters a to z, digits, dots, hyphens and underscores, at most {}, beginning with a letter or digit",
        limits::USER_NAME_LETTERS_MAX
    )
}

impl People {
    /// Everybody whom the desk knows. When there is no owner, a code is made for the first one.
    ///
    /// # Errors
    /// When they cannot be read, or this machine gives no random numbers.
    pub fn new(desk: &dyn Desk) -> Told<Self> {
        let (users, tokens) = desk.people()?;
        let mut state = State {
            users: users.into_iter().map(|user| (user.name.clone(), user)).collect(),
            tokens: tokens.into_iter().map(|token| (token.id.clone(), token)).collect(),
            ..State::default()
        };
        if !has_owner(&state.users) {
            state.first_code = Some(password::letters(&random::<12>()?));
        }
        Ok(Self { state: Mutex::new(state), hasher: Hasher::default(), nobody: password::NOBODY })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The code that the first owner needs; `None` when there is an owner.
    #[must_use]
    pub fn first_code(&self) -> Option<String> {
        self.lock().first_code.clone()
    }

    /// How far setting up is, as far as strangers are told: the step, and nothing of the bot or the machine. While there is
    /// no owner, becoming one is the step.
    #[must_use]
    pub fn strangers_setup(&self, desk: &dyn Desk) -> Setup {
        let mut setup = Setup { bot: None, checks: Vec::new(), ..desk.setup() };
        if self.first_code().is_some() {
            "owner".clone_into(&mut setup.step);
            setup.done.retain(|step| step != "owner");
        }
        setup
    }

    /// Who comes with this cookie.
    #[must_use]
    pub fn by_cookie(&self, desk: &dyn Desk, secret: &str) -> Option<Visitor> {
        let key = password::digest(secret);
        let mut state = self.lock();
        let session = state.sessions.used(&key, desk.now_ms())?;
        let (user, csrf) = (session.user.clone(), session.csrf.clone());
        let user = state.users.get(&user)?;
        Some(Visitor { caller: caller(user, user.role, "page".to_owned()), session: Some(key), csrf })
    }

    /// Who comes with this token.
    #[must_use]
    pub fn by_token(&self, desk: &dyn Desk, secret: &str) -> Option<Visitor> {
        let id = secret.strip_prefix("aegis_")?.split_once('_')?.0;
        let state = self.lock();
        let token = state.tokens.get(id)?;
        let is_it = password::is_same(&password::digest(secret), &token.hash) && desk.now_s() < token.until_s;
        let user = state.users.get(&token.user).filter(|_| is_it)?;
        let caller = caller(user, token.role.min(user.role), format!("token {}", token.name));
        Some(Visitor { caller, session: None, csrf: String::new() })
    }

    /// What is to be said on the next page of a session.
    pub fn flash(&self, desk: &dyn Desk, visitor: &Visitor, words: &str) {
        if let Some(key) = &visitor.session
            && let Some(session) = self.lock().sessions.used(key, desk.now_ms())
        {
            session.flash = Some(words.to_owned());
        }
    }

    /// What was to be said, once.
    #[must_use]
    pub fn take_flash(&self, desk: &dyn Desk, visitor: &Visitor) -> Option<String> {
        let key = visitor.session.as_ref()?;
        self.lock().sessions.used(key, desk.now_ms())?.flash.take()
    }

    /// Whether a try is looked at now; else how long to wait.
    fn pace(&self, desk: &dyn Desk, name: &str, client: &str) -> Told<[Who; 2]> {
        let state = self.lock();
        let account = state.users.contains_key(name).then(|| name.to_owned());
        let who = [Who::Address(client.to_owned()), Who::Account(account)];
        let now_ms = desk.now_ms();
        let is_known = state.sessions.is_known(name, client);
        let waits = who.iter().filter(|who| !(is_known && matches!(who, Who::Account(_))));
        let wait_ms = waits.map(|who| state.pace.wait_ms(who, now_ms)).max().unwrap_or(0);
        if wait_ms > 0 {
            let wait_s = wait_ms.div_ceil(1_000);
            return Err(Refused::Busy(format!("too many wrong tries; wait {wait_s} s"), wait_s));
        }
        Ok(who)
    }

    fn failed(&self, desk: &dyn Desk, who: [Who; 2]) {
        let mut state = self.lock();
        who.into_iter().for_each(|who| state.pace.failed(who, desk.now_ms()));
    }

    fn succeeded(&self, who: &[Who; 2]) {
        let mut state = self.lock();
        who.iter().for_each(|who| state.pace.succeeded(who));
    }

    fn is(&self, desk: &dyn Desk, given: &str, hash: &str) -> Told<bool> {
        let work = Work::Compare { given: given.to_owned(), hash: hash.to_owned() };
        Ok(matches!(self.hasher.does(desk, work)?, Done::Is(true)))
    }

    fn hash(&self, desk: &dyn Desk, chosen: &str) -> Told<String> {
        match self.hasher.does(desk, Work::Make { chosen: chosen.to_owned(), salt: random()? })? {
            Done::Hash(Some(hash)) => Ok(hash),
            Done::Hash(None) | Done::Is(_) => {
                Err(Refused::Unable("the password could not be hashed; try again".to_owned()))
            }
        }
    }

    fn open(&self, desk: &dyn Desk, name: &str, client: &str) -> Told<Opened> {
        let (secret, csrf) = (password::letters(&random::<32>()?), password::letters(&random::<24>()?));
        let key = password::digest(&secret);
        let mut state = self.lock();
        let user = state.users.get(name).ok_or(Refused::Denied)?;
        let caller = caller(user, user.role, "page".to_owned());
        state.sessions.open(key, name, csrf.clone(), client, desk.now_ms());
        Ok(Opened { visitor: Visitor { caller, session: Some(key), csrf }, secret })
    }

    /// Opens a session for who knows the password.
    ///
    /// # Errors
    /// [`Refused::Wrong`] in the same words for a wrong name and a wrong password; [`Refused::Busy`] after too many.
    pub fn log_in(&self, desk: &dyn Desk, name: &str, given: &str, client: &str) -> Told<Opened> {
        let who = self.pace(desk, name, client)?;
        let hash = self.lock().users.get(name).and_then(|user| user.password.clone());
        // Also for names that nobody has, so that time does not tell who there is.
        let known = hash.as_deref().unwrap_or(self.nobody);
        let is_it = self.is(desk, given, known)? && hash.is_some();
        if !is_it {
            self.failed(desk, who);
            return Err(Refused::field("password", "this name and this password do not belong together"));
        }
        self.succeeded(&who);
        self.open(desk, name, client)
    }

    /// The first owner comes, with the code that the console shows.
    ///
    /// # Errors
    /// [`Refused::Wrong`] for the code, the name or the password; [`Refused::Conflict`] when there is an owner.
    pub fn first_owner(&self, desk: &dyn Desk, code: &str, name: &str, chosen: &str, client: &str) -> Told<Opened> {
        let Some(wanted) = self.first_code() else {
            return Err(Refused::Conflict("there is an owner already; log in".to_owned()));
        };
        let who = self.pace(desk, "", client)?;
        let mut wrong = Vec::new();
        let digests = [&wanted, code].map(|code| password::digest(&password::typed_code(code)));
        let [wanted, given] = digests;
        if !password::is_same(&wanted, &given) {
            self.failed(desk, who);
            let words = "this is not the code; it stands where Aegis was started, and in its log".to_owned();
            return Err(Refused::field("code", words));
        }
        if !is_name(name) {
            wrong.push(("name".to_owned(), name_words()));
        }
        if let Some(words) = password::refusal(chosen, name) {
            wrong.push(("password".to_owned(), words));
        }
        if !wrong.is_empty() {
            return Err(Refused::Wrong(wrong));
        }
        let hash = self.hash(desk, chosen)?;
        let user = StoredUser {
            name: name.to_owned(),
            role: Role::Owner,
            tenants: Vec::new(),
            since_s: desk.now_s(),
            password: Some(hash),
            code: None,
        };
        let audit = AuditLine {
            who: format!("{name} (first run)"),
            what: format!("user {name}"),
            before: "nobody".to_owned(),
            after: "owner".to_owned(),
            ..AuditLine::default()
        };
        self.keep(desk, vec![PeopleChange::User(user)], audit)?;
        self.lock().first_code = None;
        self.succeeded(&who);
        self.open(desk, name, client)
    }

    /// Somebody uses the one-time code an owner gave them, and chooses a password.
    ///
    /// # Errors
    /// [`Refused::Wrong`] for the code or the password.
    pub fn use_code(&self, desk: &dyn Desk, name: &str, code: &str, chosen: &str, client: &str) -> Told<Opened> {
        let who = self.pace(desk, name, client)?;
        let user = self.lock().users.get(name).cloned();
        let given = password::digest(&password::typed_code(code));
        let known = user.filter(|user| {
            user.code.is_some_and(|(hash, until_s)| password::is_same(&hash, &given) && desk.now_s() < until_s)
        });
        let Some(user) = known else {
            self.failed(desk, who);
            let words = "this name and this code do not belong together, or the code is used up or over a day old";
            return Err(Refused::field("code", words));
        };
        if let Some(words) = password::refusal(chosen, name) {
            return Err(Refused::field("password", words));
        }
        let hash = self.hash(desk, chosen)?;
        let audit = AuditLine {
            who: format!("{name} (page)"),
            what: format!("password of {name}"),
            before: "one-time code".to_owned(),
            after: "chosen".to_owned(),
            ..AuditLine::default()
        };
        self.keep(desk, vec![PeopleChange::User(StoredUser { password: Some(hash), code: None, ..user })], audit)?;
        self.succeeded(&who);
        self.lock().sessions.end_of(name, None);
        self.open(desk, name, client)
    }

    /// Changes one's own password. Other sessions of theirs end.
    ///
    /// # Errors
    /// [`Refused::Wrong`] for the old or the new one.
    pub fn change_password(&self, desk: &dyn Desk, visitor: &Visitor, old: &str, new: &str, client: &str) -> Told<()> {
        let name = visitor.caller.name.as_str();
        let user = self.lock().users.get(name).cloned().ok_or(Refused::Denied)?;
        if visitor.session.is_none() {
            return Err(Refused::Denied);
        }
        let who = self.pace(desk, name, client)?;
        let is_it = self.is(desk, old, user.password.as_deref().unwrap_or(self.nobody))?;
        if !is_it {
            self.failed(desk, who);
            return Err(Refused::field("old", "this is not your password"));
        }
        if let Some(words) = password::refusal(new, name) {
            return Err(Refused::field("new", words));
        }
        let hash = self.hash(desk, new)?;
        let audit = AuditLine {
            who: visitor.caller.told(),
            what: format!("password of {name}"),
            before: "old".to_owned(),
            after: "new".to_owned(),
            ..AuditLine::default()
        };
        self.keep(desk, vec![PeopleChange::User(StoredUser { password: Some(hash), ..user })], audit)?;
        self.lock().sessions.end_of(name, visitor.session.as_ref());
        Ok(())
    }

    /// Ends a session.
    pub fn log_out(&self, visitor: &Visitor) {
        if let Some(key) = &visitor.session {
            self.lock().sessions.end(key);
        }
    }

    /// Durably first, then in memory.
    fn keep(&self, desk: &dyn Desk, changes: Vec<PeopleChange>, audit: AuditLine) -> Told<()> {
        desk.change_people(changes.clone(), audit)?;
        let mut state = self.lock();
        for change in changes {
            match change {
                PeopleChange::User(user) => drop(state.users.insert(user.name.clone(), user)),
                PeopleChange::UserGone(name) => {
                    state.users.remove(&name);
                    state.tokens.retain(|_, token| token.user != name);
                    state.sessions.end_of(&name, None);
                }
                PeopleChange::Token(token) => drop(state.tokens.insert(token.id.clone(), token)),
                PeopleChange::TokenGone(id) => drop(state.tokens.remove(&id)),
            }
        }
        Ok(())
    }
}

fn has_owner(users: &BTreeMap<String, StoredUser>) -> bool {
    users.values().any(|user| user.role == Role::Owner && (user.password.is_some() || user.code.is_some()))
}

fn caller(user: &StoredUser, role: Role, door: String) -> Caller {
    let reach = match user.role {
        Role::Owner => Reach::All,
        Role::Admin | Role::Viewer => Reach::Only(user.tenants.iter().cloned().collect()),
    };
    Caller { name: user.name.clone(), role, reach, door }
}
