//! What waits for somebody, the appliance itself, and the people who may log in.
//!
//! As [`super`] promises.

use super::Check;
use serde::{Deserialize, Serialize};

/// An action that was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeadLetterView {
    /// Its number.
    pub number: u64,
    /// What, in words.
    pub words: String,
    /// The group.
    pub group: i64,
    /// Its title.
    pub group_title: String,
    /// The message.
    pub message: i32,
    /// Why it was given up.
    pub why: String,
    /// When.
    pub at_s: u64,
    /// The trace.
    pub trace: String,
}

/// A message that nobody has decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UndecidedView {
    /// The group and the message, as one word for addresses: `-100123.45`.
    pub id: String,
    /// The group.
    pub group: i64,
    /// Its title.
    pub group_title: String,
    /// The message.
    pub message: i32,
    /// Since when.
    pub at_s: u64,
    /// Why nobody has decided.
    pub why: String,
    /// The start of its text.
    pub excerpt: Option<String>,
    /// Whether it is in quarantine (judging it failed), or waits for a model.
    pub kind: String,
}

/// The machine, the program and its storage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SystemView {
    /// The program's version.
    pub version: String,
    /// The schema of the database.
    pub schema: u64,
    /// The board's profile.
    pub board: String,
    /// The data folder.
    pub data_dir: String,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes free where it lies; `None` when that cannot be told.
    pub free_bytes: Option<u64>,
    /// Looked at now: the machine, storage, Telegram, modes of files.
    pub checks: Vec<Check>,
    /// Memory now, at its most, and as promised.
    pub memory_now: MemoryNow,
    /// The memory sum: who, how many bytes at most, and what happens when it is full.
    pub memory: Vec<(String, u64, String)>,
    /// Backups on this machine, newest first.
    pub backups: Vec<BackupView>,
    /// What is switched on and off.
    pub flags: Vec<FlagView>,
    /// How this board stands with its hub, in lines; empty where the settings name none.
    pub hub: Vec<String>,
}

/// A flag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FlagView {
    /// Its name in the settings.
    pub name: String,
    /// What it does when it is on.
    pub does: String,
    /// Whether it is on, where no tenant has it otherwise.
    pub on: bool,
    /// Who says so: `default`, `hub`, `file` or `environment`.
    pub from: String,
    /// Whether it is new, and may change or go.
    pub experimental: bool,
    /// The version that brought it.
    pub since: String,
    /// Tenants that have it otherwise.
    pub otherwise: Vec<String>,
}

/// Memory as the system counts it, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MemoryNow {
    /// Resident now.
    pub resident: u64,
    /// The most that was resident.
    pub resident_peak: u64,
    /// The promise.
    pub promise: u64,
    /// Private memory now, stacks that are only reserved among it.
    pub data: u64,
    /// The most of it that the system gives (`RLIMIT_DATA`); 0 for no bound.
    pub data_max: u64,
}

/// A backup: a sealed file, or a copy of the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackupView {
    /// Its file's name.
    pub name: String,
    /// When it was made.
    pub at_s: u64,
    /// Its size.
    pub bytes: u64,
}

/// Somebody who may log in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UserView {
    /// The name.
    pub name: String,
    /// The role.
    pub role: String,
    /// The tenants; empty for owners, who see all.
    pub tenants: Vec<String>,
    /// Since when.
    pub since_s: u64,
    /// Whether a password was chosen; else the one-time code waits to be used.
    pub has_password: bool,
    /// Sessions open now.
    pub sessions: u64,
}

/// A user that an owner wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserChange {
    /// The name.
    pub name: String,
    /// The role.
    pub role: String,
    /// The tenants.
    pub tenants: Vec<String>,
}

/// A one-time code, told once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NewCode {
    /// For whom.
    pub name: String,
    /// The code.
    pub code: String,
    /// Until when it may be used.
    pub until_s: u64,
}

/// A token for programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenView {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// What it may at most: a role.
    pub role: String,
    /// Since when.
    pub since_s: u64,
    /// Until when.
    pub until_s: u64,
}

/// A token that somebody wants for themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenChange {
    /// What it is for.
    pub name: String,
    /// What it may at most: a role, not above one's own.
    pub role: String,
    /// Days until it expires, 1 to 365.
    pub days: u64,
}

/// A token, told once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NewToken {
    /// What lists say of it.
    pub token: TokenView,
    /// The token itself, to be sent as `Authorization: Bearer ...`.
    pub secret: String,
}

/// A line of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditView {
    /// Its number.
    pub number: u64,
    /// When.
    pub at_s: u64,
    /// Who.
    pub who: String,
    /// The tenant it is about; `None` for the appliance.
    pub tenant: Option<String>,
    /// What.
    pub what: String,
    /// What it was before; empty where that means nothing.
    pub before: String,
    /// What it is now.
    pub after: String,
}
