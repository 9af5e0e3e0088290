//! What is kept about one member, for whoever asks for it on their behalf; and what became of an order to forget them.
//!
//! As [`super`] promises.

use super::MemberView;
use serde::{Deserialize, Serialize};

/// Whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonQuery {
    /// Their number at Telegram. It must be given.
    pub user: Option<i64>,
    /// As told by the piece before.
    pub cursor: Option<String>,
}

/// Who is to be forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forget {
    /// Their number at Telegram.
    pub user: i64,
}

/// Everything that is kept about a member in the groups that the caller looks after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonView {
    /// Their number at Telegram.
    pub user: i64,
    /// What is known of them, by group.
    pub groups: Vec<PersonGroup>,
    /// Decisions about what they wrote, newest first.
    pub decisions: Vec<PersonDecision>,
    /// Actions against them that wait, or were given up.
    pub actions: Vec<PersonAction>,
    /// Messages they reported.
    pub reports: Vec<PersonReport>,
    /// Bans that groups share.
    pub bans: Vec<PersonBan>,
    /// What questions to a model about their messages cost.
    pub spent: Vec<PersonSpent>,
    /// Stored messages that decisions above quote. No sender is stored with messages, so others cannot be told to be theirs.
    pub messages: Vec<PersonMessage>,
    /// What to give as `cursor` for older decisions; `None` at the end.
    pub next: Option<String>,
}

/// A member in one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonGroup {
    /// The group.
    pub group: i64,
    /// What it is called.
    pub title: String,
    /// What is known of them there.
    pub member: MemberView,
}

/// A decision about what they wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonDecision {
    /// Its number.
    pub number: u64,
    /// When.
    pub at_s: u64,
    /// The group.
    pub group: i64,
    /// The message.
    pub message: i32,
    /// `review` or `block`.
    pub outcome: String,
    /// The score.
    pub score: u16,
    /// Why.
    pub reason: String,
    /// What was to be done.
    pub actions: Vec<String>,
    /// Whether it was undone.
    pub undone: bool,
    /// The start of what they wrote; empty when it is not kept any more.
    pub excerpt: String,
}

/// An action against them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonAction {
    /// The group.
    pub group: i64,
    /// The message that caused it.
    pub message: i32,
    /// What.
    pub action: String,
    /// When it was promised, or given up.
    pub at_s: u64,
    /// Why it was given up; empty while it waits.
    pub why: String,
}

/// A message they reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonReport {
    /// The group.
    pub group: i64,
    /// The message.
    pub message: i32,
    /// When the first report about it came.
    pub at_s: u64,
}

/// A ban that groups share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonBan {
    /// Whose groups share it.
    pub tenant: String,
    /// The group it came from.
    pub group: i64,
    /// When.
    pub at_s: u64,
    /// Why.
    pub reason: String,
}

/// What questions to a model about their messages cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonSpent {
    /// Who paid.
    pub tenant: String,
    /// The month, such as 2026-11.
    pub month: String,
    /// How much.
    pub money: String,
    /// How many questions.
    pub calls: u64,
}

/// A stored message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonMessage {
    /// The group.
    pub group: i64,
    /// When it was sent.
    pub sent_s: u64,
    /// Its texts.
    pub texts: Vec<String>,
}

/// What became of an order to forget a member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// What was removed, or lost what says who it was: so many rows.
    pub changed: u64,
    /// What was done, a sentence each.
    pub done: Vec<String>,
    /// What is kept, and why, a sentence each.
    pub kept: Vec<String>,
    /// In a sentence.
    pub words: String,
}
