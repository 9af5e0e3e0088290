//! What the page, the API and the terminal ask of the appliance, and what they may tell it to do.
//!
//! Promises: each question and each order names its caller, and is refused before anything is read for it when the caller may
//! not; an order that returns is durable; what is refused changed nothing.
//!
//! Never: an answer that waits for a network, but [`Desk::give_token`], which asks Telegram whose token it is.

use super::views::*;
use crate::access::{Caller, Denied};
use crate::counters::Counters;
use std::fmt;

/// Why a question or an order is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not for this caller; also said of what is not there, to whoever may not know.
    Denied,
    /// There is no such thing. Said to those who may know.
    Missing,
    /// What was sent is wrong: each field with what is wrong with it and how to mend it. A field's name is as in the API;
    /// empty for the whole.
    Wrong(Vec<(String, String)>),
    /// It does not fit what is in force by now, in a sentence.
    Conflict(String),
    /// Somebody else is at it, or it is too soon: try again in so many seconds.
    Busy(String, u64),
    /// The appliance cannot now, in a sentence.
    Unable(String),
}

impl From<Denied> for Refused {
    fn from(_: Denied) -> Self {
        Self::Denied
    }
}

impl Refused {
    /// One field is wrong.
    #[must_use]
    pub fn field(name: &str, words: impl Into<String>) -> Self {
        Self::Wrong(vec![(name.to_owned(), words.into())])
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("this is not yours to see or to change"),
            Self::Missing => f.write_str("there is no such thing"),
            Self::Wrong(fields) => {
                let told: Vec<String> = fields
                    .iter()
                    .map(|(field, words)| if field.is_empty() { words.clone() } else { format!("{field}: {words}") })
                    .collect();
                f.write_str(&told.join("; "))
            }
            Self::Conflict(words) | Self::Busy(words, _) | Self::Unable(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for Refused {}

/// An answer, or why there is none.
pub type Told<T> = Result<T, Refused>;

/// Which parts work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Every part.
    pub parts: Vec<Part>,
}

impl Readiness {
    /// Whether every part works.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.parts.iter().all(|part| part.failing.is_none())
    }
}

/// A part of the appliance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Why it does not work; `None` when it does.
    pub failing: Option<String>,
}

/// A user as stored. The password is a PHC string of argon2id, the code the SHA-256 of what was told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    /// The name.
    pub name: String,
    /// The role.
    pub role: crate::access::Role,
    /// The tenants.
    pub tenants: Vec<crate::tenant::TenantName>,
    /// Since when, seconds.
    pub since_s: u64,
    /// The hash of the password; `None` until one was chosen.
    pub password: Option<String>,
    /// The hash of the one-time code, and until when it may be used, seconds.
    pub code: Option<([u8; 32], u64)>,
}

/// A token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// What it may at most.
    pub role: crate::access::Role,
    /// Since when, seconds.
    pub since_s: u64,
    /// Until when, seconds.
    pub until_s: u64,
    /// The SHA-256 of what was told once.
    pub hash: [u8; 32],
}

/// A line for the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditLine {
    /// Who.
    pub who: String,
    /// The tenant it is about.
    pub tenant: Option<crate::tenant::TenantName>,
    /// What.
    pub what: String,
    /// What it was before.
    pub before: String,
    /// What it is now.
    pub after: String,
}

/// A change to the people who may log in. Each is durable when the desk returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeopleChange {
    /// Add a user, or put this one in the place of the one of that name.
    User(StoredUser),
    /// Remove a user, with all tokens of theirs.
    UserGone(String),
    /// Add a token.
    Token(StoredToken),
    /// Revoke a token, by its id.
    TokenGone(String),
}

/// The desk. Every method but the first few checks its caller through [`crate::access::Caller::may`] before it reads.
pub trait Desk: Send + Sync + 'static {
    // --- For the house itself: no caller ---

    /// The counters.
    fn counters(&self) -> &Counters;
    /// Which parts work.
    fn readiness(&self) -> Readiness;
    /// Every tenant's budget, for the metrics.
    fn budgets(&self) -> Vec<BudgetView>;
    /// Seconds since 1970, as the appliance believes.
    fn now_s(&self) -> u64;
    /// Milliseconds since the start: never goes back.
    fn now_ms(&self) -> u64;
    /// The names of all tenants, the default one first.
    fn tenants(&self) -> Vec<crate::tenant::TenantName>;
    /// Everybody who may log in, as stored.
    ///
    /// # Errors
    /// When storage cannot be read.
    fn people(&self) -> Told<(Vec<StoredUser>, Vec<StoredToken>)>;
    /// Changes the people, durably, with a line in the audit log.
    ///
    /// # Errors
    /// When storage cannot be written.
    fn change_people(&self, changes: Vec<PeopleChange>, audit: AuditLine) -> Told<()>;
    /// Runs what takes `limits::PASSWORD_HASH_BYTES`, while no packs are built: there is room for one of both.
    fn in_turn(&self, work: &mut dyn FnMut());
    /// How far setting up is, whoever asks.
    fn setup(&self) -> Setup;
    /// Who comes with a signed call: with the value of its `Authorization` header, and this body. What it was signed with is used up.
    ///
    /// # Errors
    /// [`Refused::Denied`] for whatever is wrong with it, after the same work; [`Refused::Busy`] when there are too many.
    fn admit(&self, authorization: &str, body: &[u8]) -> Told<Caller>;

    // --- Setting up ---

    /// Takes the bot's token: asks Telegram whose it is, keeps it, and begins to moderate. Owners.
    ///
    /// # Errors
    /// [`Refused::Wrong`] for `token` when Telegram does not know it; [`Refused::Unable`] when Telegram cannot be asked;
    /// [`Refused::Conflict`] when there is one already.
    fn give_token(&self, caller: &Caller, token: &str) -> Told<BotView>;

    // --- Now ---

    /// How everything stands that the caller may see. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says; so for all that follow.
    fn overview(&self, caller: &Caller) -> Told<Overview>;
    /// Sets what everybody sees first; empty removes it. Owners.
    ///
    /// # Errors
    /// As above.
    fn set_banner(&self, caller: &Caller, text: &str) -> Told<()>;

    // --- Decisions ---

    /// A piece of the decisions of the caller's tenants, newest first. Viewers.
    ///
    /// # Errors
    /// As above.
    fn decisions(&self, caller: &Caller, query: &DecisionQuery) -> Told<Listed<DecisionRow>>;
    /// One decision. Viewers.
    ///
    /// # Errors
    /// As above.
    fn decision(&self, caller: &Caller, number: u64) -> Told<DecisionView>;
    /// Undoes one. Admins.
    ///
    /// # Errors
    /// As above; [`Refused::Conflict`] when there is nothing to undo.
    fn undo(&self, caller: &Caller, number: u64) -> Told<Undone>;
    /// Undoes all that a rule did in the caller's tenants, a bounded number a turn. Admins.
    ///
    /// # Errors
    /// As above.
    fn undo_rule(&self, caller: &Caller, wanted: &UndoRule) -> Told<Undone>;
    /// Says what a decision should have been: `fine` or `spam`. Teaches the learner. Admins.
    ///
    /// # Errors
    /// As above.
    fn label(&self, caller: &Caller, number: u64, label: &str) -> Told<Taught>;

    // --- Simulator ---

    /// Tries a message. Admins.
    ///
    /// # Errors
    /// As above.
    fn simulate(&self, caller: &Caller, trial: &Trial) -> Told<Tried>;

    // --- Policy ---

    /// The rules in force. Viewers.
    ///
    /// # Errors
    /// As above.
    fn policy(&self, caller: &Caller) -> Told<PolicyView>;
    /// What a change would do, and to the stored messages: `limit` of them at most. Admins; owners for rules
    /// that record, lists of domains and a pack that is tried.
    ///
    /// # Errors
    /// As above.
    fn preview(&self, caller: &Caller, change: &PolicyChange, limit: usize) -> Told<Preview>;
    /// Makes a change: checked whole, compiled aside, durable, then in force. Returns the new version. As [`Desk::preview`].
    ///
    /// # Errors
    /// As above.
    fn change_policy(&self, caller: &Caller, change: &PolicyChange) -> Told<PolicyVersionView>;
    /// The versions, newest first. Owners see all; admins those about their tenants.
    ///
    /// # Errors
    /// As above.
    fn policy_versions(&self, caller: &Caller) -> Told<Vec<PolicyVersionView>>;
    /// Brings an older version back, as a new one. Owners.
    ///
    /// # Errors
    /// As above.
    fn restore_policy(&self, caller: &Caller, number: u64) -> Told<PolicyVersionView>;

    // --- Usage and budget ---

    /// What each of the caller's tenants used. Viewers.
    ///
    /// # Errors
    /// As above.
    fn usage(&self, caller: &Caller) -> Told<Vec<UsageView>>;
    /// What they used by group and hour, oldest first. Viewers.
    ///
    /// # Errors
    /// As above.
    fn usage_hours(&self, caller: &Caller, query: &UsageQuery) -> Told<Listed<UsageHourView>>;
    /// The budgets of the caller's tenants. Viewers.
    ///
    /// # Errors
    /// As above.
    fn budget(&self, caller: &Caller) -> Told<Vec<BudgetView>>;
    /// Sets a tenant's caps. Owners.
    ///
    /// # Errors
    /// As above.
    fn set_budget(&self, caller: &Caller, tenant: &str, change: &BudgetChange) -> Told<BudgetView>;

    // --- What waits for somebody ---

    /// Actions given up in the caller's tenants, newest first. Viewers.
    ///
    /// # Errors
    /// As above.
    fn dead_letters(&self, caller: &Caller, cursor: Option<&str>) -> Told<Listed<DeadLetterView>>;
    /// Tries one again. Admins.
    ///
    /// # Errors
    /// As above.
    fn retry_dead_letter(&self, caller: &Caller, number: u64) -> Told<()>;
    /// Removes one for good. Admins.
    ///
    /// # Errors
    /// As above.
    fn drop_dead_letter(&self, caller: &Caller, number: u64) -> Told<()>;
    /// Messages nobody has decided in the caller's tenants: in quarantine, or waiting for a model. Viewers.
    ///
    /// # Errors
    /// As above.
    fn undecided(&self, caller: &Caller) -> Told<Vec<UndecidedView>>;
    /// Decides one that is in quarantine: `remove` deletes the message, `leave` lets it be. Admins.
    ///
    /// # Errors
    /// As above.
    fn decide(&self, caller: &Caller, id: &str, what: &str) -> Told<()>;

    // --- Members ---

    /// A piece of the members of a group that something is known of, the highest number first. Viewers, without numbers.
    ///
    /// # Errors
    /// As above.
    fn members(&self, caller: &Caller, query: &MemberQuery) -> Told<Listed<MemberView>>;
    /// Vouches for members: they pass as known, whatever they wrote so far. Admins.
    ///
    /// # Errors
    /// As above.
    fn approve_members(&self, caller: &Caller, change: &MembersChange) -> Told<MembersChanged>;
    /// No longer vouches for members. Admins.
    ///
    /// # Errors
    /// As above.
    fn unapprove_members(&self, caller: &Caller, change: &MembersChange) -> Told<MembersChanged>;
    /// Takes all warnings of a member back. Admins.
    ///
    /// # Errors
    /// As above; [`Refused::Conflict`] when there is none.
    fn forgive_member(&self, caller: &Caller, pardon: &Pardon) -> Told<MembersChanged>;

    /// Everything that is kept about a member in the groups that the caller looks after. Admins.
    ///
    /// # Errors
    /// As above.
    fn export_member(&self, caller: &Caller, query: &PersonQuery) -> Told<PersonView>;
    /// Forgets a member in those groups. Twice is as good as once. Admins.
    ///
    /// # Errors
    /// As above.
    fn forget_member(&self, caller: &Caller, wanted: &Forget) -> Told<Forgotten>;

    // --- The appliance itself ---

    /// The machine, the program, its storage. Owners.
    ///
    /// # Errors
    /// As above.
    fn system(&self, caller: &Caller) -> Told<SystemView>;
    /// Copies the database, while it is in use. Owners.
    ///
    /// # Errors
    /// As above.
    fn make_backup(&self, caller: &Caller) -> Told<BackupView>;
    /// Where a copy lies, and the name to save it by. Owners.
    ///
    /// # Errors
    /// As above.
    fn backup_file(&self, caller: &Caller, name: &str) -> Told<(std::path::PathBuf, String)>;
    /// Removes a copy. Owners.
    ///
    /// # Errors
    /// As above.
    fn drop_backup(&self, caller: &Caller, name: &str) -> Told<()>;
    /// A piece of the audit log, newest first: all of it for owners, for others what is about their tenants. Admins.
    ///
    /// # Errors
    /// As above.
    fn audit(&self, caller: &Caller, cursor: Option<&str>) -> Told<Listed<AuditView>>;
}
