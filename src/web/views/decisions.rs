//! Decisions, undoing and teaching, and messages that are only tried.
//!
//! As [`super`] promises.

use serde::{Deserialize, Serialize};

/// Which decisions are wanted. What is `None` is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionQuery {
    /// In this group.
    pub group: Option<i64>,
    /// With this outcome: `allow`, `review` or `block`.
    pub outcome: Option<String>,
    /// To which this rule spoke.
    pub rule: Option<String>,
    /// About this sender.
    pub sender: Option<i64>,
    /// With these words in text or reason, whatever their case.
    pub text: Option<String>,
    /// Made at or after this time.
    pub since_s: Option<u64>,
    /// Made before this time.
    pub until_s: Option<u64>,
    /// As told by the piece before.
    pub cursor: Option<String>,
    /// How many, at most [`crate::limits::PAGE_ROWS_MAX`].
    pub limit: Option<usize>,
}

/// A decision in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DecisionRow {
    /// Its number.
    pub number: u64,
    /// When.
    pub at_s: u64,
    /// The group.
    pub group: i64,
    /// Its title.
    pub group_title: String,
    /// `allow`, `review` or `block`.
    pub outcome: String,
    /// The score.
    pub score: u16,
    /// The reason.
    pub reason: String,
    /// The rules that spoke, heaviest first.
    pub rules: Vec<String>,
    /// The start of the text.
    pub excerpt: Option<String>,
    /// `record` or `enforce`, when it was made.
    pub mode: String,
    /// What came of it, a few words: "recorded only", "deleted, banned", "deletion waits", "given up", "undone", ...
    pub fate: String,
    /// What somebody said of it: `fine` or `spam`.
    pub label: Option<String>,
    /// Whether it was undone.
    pub is_undone: bool,
}

/// A decision, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DecisionView {
    /// What stands in lists.
    pub row: DecisionRow,
    /// The message's number in its group.
    pub message: i32,
    /// Who sent it: a kind, such as "member", and the number where there is one.
    pub sender_kind: String,
    /// As [`DecisionView::sender_kind`].
    pub sender: Option<i64>,
    /// Whether it is about an edited message.
    pub is_edit: bool,
    /// The text in pieces, in order; those that a rule saw are marked.
    pub pieces: Option<Vec<Piece>>,
    /// The text as the rules read it: name of the view, and the text.
    pub views: Option<Vec<(String, String)>>,
    /// What the rules saw, heaviest first.
    pub findings: Vec<FindingView>,
    /// What the model said, when one was asked.
    pub opinion: Option<String>,
    /// What was to be done, and how far each is.
    pub actions: Vec<ActionView>,
    /// The policy's version.
    pub policy: String,
    /// The trace.
    pub trace: String,
    /// Whether undoing would change anything now, and what, a sentence.
    pub undo: Option<String>,
    /// Who undid it, and when.
    pub undone_by: Option<String>,
    /// As [`DecisionView::undone_by`].
    pub undone_at_s: Option<u64>,
    /// Where the message is or was, for who is in the group.
    pub link: Option<String>,
}

/// A piece of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// The rules that saw it; empty for what none saw.
    pub rules: Vec<String>,
}

/// What one rule saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// The rule.
    pub rule: String,
    /// Its pack; `None` for the appliance's own rules, and rules that are gone.
    pub pack: Option<String>,
    /// What it adds.
    pub score: u16,
    /// Its reason.
    pub reason: String,
    /// The places it saw, as text.
    pub saw: Option<Vec<String>>,
}

/// An action of a decision, and its fate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ActionView {
    /// `delete`, `ban`, ...
    pub action: String,
    /// In words: "delete the message", "ban the sender for ever".
    pub words: String,
    /// `not_asked` (record mode and the like), `waiting`, `done`, `given_up`, `undone`, or `forgotten` (too long ago).
    pub state: String,
    /// Why it was given up, or not asked.
    pub why: Option<String>,
    /// When it was done.
    pub at_s: Option<u64>,
}

/// What came of undoing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The decisions that were undone, or would be.
    pub decisions: u64,
    /// Members who may write or come back.
    pub freed: u64,
    /// Waiting actions that were taken back.
    pub cancelled: u64,
    /// Messages that stay deleted, since Telegram brings none back.
    pub deleted: u64,
    /// Whether more decisions fit than one turn undoes: ask again.
    pub more: bool,
    /// In a sentence.
    pub words: String,
}

/// Undo everything that a rule did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoRule {
    /// The rule.
    pub rule: String,
    /// Since when.
    pub since_s: u64,
    /// Only say what would be undone.
    #[serde(default)]
    pub dry_run: bool,
}

/// What teaching came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Taught {
    /// Answers "this was spam" so far, where this one counts.
    pub spam: u64,
    /// Answers "this was fine" so far.
    pub fine: u64,
    /// How many of each kind are needed before the learner speaks.
    pub needed: u64,
    /// In a sentence.
    pub words: String,
}

/// A message to try.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trial {
    /// Its text.
    pub text: String,
    /// The group; 0 for one of the default tenant.
    pub group: i64,
    /// `member`, `new`, `trusted`, `bot`, `channel`, `anonymous_admin` or `linked_channel`; empty for a member.
    pub sender: String,
    /// Whether it was forwarded.
    pub forwarded: bool,
    /// What it carries: as in `media`; empty for none.
    pub media: String,
    /// Other scores than those in force.
    pub review: Option<u16>,
    /// As [`Trial::review`].
    pub block: Option<u16>,
}

/// What would come of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// `allow`, `review` or `block`.
    pub outcome: String,
    /// The score.
    pub score: u16,
    /// The scores that mattered.
    pub review: u16,
    /// As [`Tried::review`].
    pub block: u16,
    /// The reason.
    pub reason: String,
    /// The text in pieces, those that a rule saw marked.
    pub pieces: Vec<Piece>,
    /// The text as the rules read it.
    pub views: Vec<(String, String)>,
    /// What was counted in it: signal and number.
    pub counted: Vec<(String, u64)>,
    /// What the rules saw.
    pub findings: Vec<FindingView>,
    /// What would be done, a sentence each; empty for nothing.
    pub actions: Vec<String>,
    /// What would come of the verdict there: "recorded only, since ...", "deleted and banned", ...
    pub outcome_words: String,
    /// Whether a model would be asked, and why or why not.
    pub would_ask: bool,
    /// As [`Tried::would_ask`].
    pub would_ask_words: String,
    /// The most that call could cost.
    pub cost_most: Option<String>,
    /// Its currency.
    pub currency: String,
}

/// What other rules would say of the stored messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Messages judged.
    pub messages: u64,
    /// By outcome now and outcome then: `counts[now][then]`, in the order allow, review, block.
    pub counts: [[u64; 3]; 3],
    /// Messages judged differently.
    pub changed: u64,
    /// The first of them.
    pub examples: Vec<ReplayedMessage>,
    /// In a sentence.
    pub words: String,
}

/// One message that would be judged differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplayedMessage {
    /// When it was sent.
    pub sent_s: u64,
    /// The group.
    pub group: i64,
    /// Its title.
    pub group_title: String,
    /// The start of its text.
    pub text: String,
    /// Outcome and score now.
    pub now: (String, u16),
    /// Outcome and score then.
    pub then: (String, u16),
    /// Rules that speak then and not now.
    pub new_rules: Vec<String>,
    /// Rules that speak now and not then.
    pub gone_rules: Vec<String>,
}
