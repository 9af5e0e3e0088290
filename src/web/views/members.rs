//! Members: their warnings, who vouches for them, how their reports turned out.
//!
//! As [`super`] promises.

use serde::{Deserialize, Serialize};

/// Which members are wanted. What is `None` is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemberQuery {
    /// Of this group. It must be given.
    pub group: Option<i64>,
    /// Only this one.
    pub user: Option<i64>,
    /// Only those with warnings (`warned`), those somebody vouches for (`approved`), or those who reported (`reported`).
    pub only: Option<String>,
    /// As told by the piece before.
    pub cursor: Option<String>,
}

/// A member of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Their number; `None` for whoever may not see it.
    pub user: Option<i64>,
    /// Warnings that were not taken back, the newest first.
    pub warnings: Vec<WarningView>,
    /// How often warnings have led to a mute.
    pub mutes: u8,
    /// Different messages that count towards being known.
    pub messages: u16,
    /// Whether they are known by their messages.
    pub is_known: bool,
    /// Since when somebody vouches for them; `None` when nobody does.
    pub approved_at_s: Option<u64>,
    /// Reports of theirs that were right.
    pub reports_right: u16,
    /// And wrong.
    pub reports_wrong: u16,
    /// The day on which something was heard of them last: its start.
    pub heard_day_s: u64,
}

/// A warning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WarningView {
    /// When.
    pub at_s: u64,
    /// Why.
    pub reason: String,
    /// Whether it still counts towards a mute or a ban, or is too long ago.
    pub counts: bool,
}

/// Members to vouch for, or no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembersChange {
    /// The group.
    pub group: i64,
    /// Their numbers, at most [`crate::limits::MEMBERS_AT_ONCE`].
    pub users: Vec<i64>,
}

/// A member whose warnings are taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pardon {
    /// The group.
    pub group: i64,
    /// Their number.
    pub user: i64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MembersChanged {
    /// Members, or warnings, that are changed.
    pub changed: u64,
    /// Members for whom it was so before.
    pub unchanged: u64,
    /// In a sentence.
    pub words: String,
}
