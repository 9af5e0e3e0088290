//! What goes through the lane, and the words for why something did not.
//!
//! Promises: a row is of constant size; every row that leaves without an opinion has one reason with one sentence.
//!
//! Never: a text of a message.

use crate::budget::{Hold, Paid, Refused, Spent};
use crate::clock::{Monotonic, Wall};
use crate::events;
use crate::message::{ChatId, MessageId, TraceId};
use crate::opinion::{Heard, Opinion};
use crate::opinions::Key;
use crate::store::ReviewRow;
use crate::tenant::TenantName;
use std::collections::BTreeSet;

/// Why there is no opinion about an unsure message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoOpinion {
    /// The settings name no model.
    Off,
    /// The budget does not allow it.
    Budget(Refused),
    /// The model cannot be reached, or answers nothing of use; it is tried again later.
    Away,
    /// The model's server asked for a pause.
    Limited,
    /// What people write there is never stored, so no message can wait.
    NotStored,
    /// As many messages wait as may.
    Full,
    /// Its time was up before there was an answer.
    Late,
    /// The call about this message failed.
    Failed,
    /// What came back was no opinion.
    Unclear,
}

impl NoOpinion {
    /// Why, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Off => "no model is set up any more",
            Self::Budget(refused) => refused.words(),
            Self::Away => "the model does not answer",
            Self::Limited => "the model's server asked for a pause",
            Self::NotStored => {
                "no text of this group is stored (`retention.text_days = 0`), so none waits for the model"
            }
            Self::Full => "too many messages wait for the model",
            Self::Late => "the model did not answer in time",
            Self::Failed => "the call to the model failed",
            Self::Unclear => "the model's answer was no opinion",
        }
    }
}

/// A message in the lane, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub message: MessageId,
    /// The trace of its revision.
    pub trace: TraceId,
    /// Who owns the chat.
    pub tenant: TenantName,
    /// What its opinion is remembered under.
    pub key: Key,
    /// Telegram's date of it, seconds since 1970.
    pub dated_s: u64,
    /// When its update arrived, by our clock.
    pub at: Wall,
}

impl Row {
    /// The row of what is stored.
    #[must_use]
    pub fn of(stored: &ReviewRow) -> Self {
        Self {
            chat: stored.chat,
            message: stored.message,
            trace: stored.trace,
            tenant: stored.tenant.clone(),
            key: stored.key,
            dated_s: stored.dated_s,
            at: stored.at,
        }
    }
}

/// A row that leaves the lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// It.
    pub row: Row,
    /// The opinion and where it comes from, or why there is none.
    pub by: Result<(Opinion, Heard), NoOpinion>,
}

/// What is to be done now.
#[derive(Debug, Default)]
pub struct Turn {
    /// Rows that leave the lane.
    pub decided: Vec<Decided>,
    /// Rows that may be asked about, by number: each either departs or waits for another turn.
    pub ready: Vec<(u64, Row)>,
    /// When to take another turn, if nothing happens before.
    pub wake: Option<Monotonic>,
}

/// Whether a row's call may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Depart {
    /// Once this hold is durable.
    Held(Hold),
    /// Not now: its turn comes again.
    Later,
    /// Never: it leaves the lane.
    No(Decided),
}

/// What a tenant used with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Whose.
    pub tenant: TenantName,
    /// The chat it was about; 0 when many chats share an account.
    pub chat: ChatId,
    /// Telegram's date of the message, seconds since 1970.
    pub dated_s: u64,
    /// What.
    pub spent: Spent,
    /// Tokens that were sent and came back, as the model's server says; zero when it does not.
    pub tokens: (u64, u64),
}

/// What the end of a call means.
#[derive(Debug, Default)]
pub struct Ended {
    /// Rows that leave the lane.
    pub decided: Vec<Decided>,
    /// What the call cost, by the number of its hold.
    pub settled: Option<(u64, Paid)>,
    /// What its tenant used with it.
    pub used: Option<Used>,
    /// An opinion that is new.
    pub learned: Option<(Key, Opinion, u64)>,
}

/// What changed about who can ask a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Who cannot, from now on.
    pub degraded: BTreeSet<TenantName>,
    /// What to tell.
    pub events: Vec<Event>,
}

/// Something that its owner wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What, in a sentence.
    pub what: String,
    /// The chat that is told, if one is.
    pub chat: Option<ChatId>,
    /// What is told elsewhere of it.
    pub told: events::Event,
}
