//! A refusal on the wire: a problem document as in RFC 9457 (`application/problem+json`).
//!
//! Promises: a kind has one status; a kind that a side does not know is read as [`Kind::Other`].
//!
//! Never: a secret, or whether a board is known: who is unknown, revoked, repeated or badly signed reads the same.

use crate::{Chain, Document, Refusal};
use serde::{Deserialize, Serialize};

/// What kind of refusal; on the wire `urn:aegis:` and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// 401: unknown, revoked, badly signed, or a repeat.
    Unsigned,
    /// 401: well signed, but the clocks are more than five minutes apart; `hub_time_us` says the hub's.
    Clock,
    /// 403: not for this caller; also what belongs to a tenant of others, and what is not there for a person.
    Forbidden,
    /// 403: the code for enrolment is unknown, used or too old.
    Code,
    /// 404: no such route or thing.
    Absent,
    /// 405: the route has no such method.
    Method,
    /// 409: the push does not follow the last one; `sequence` and `chain` say the hub's.
    Fork,
    /// 409: it would undo what came in between, or is there already.
    Conflict,
    /// 413: larger than its bound.
    Large,
    /// 422: read, and refused; `field` says where.
    Invalid,
    /// 429: too many of this kind; `Retry-After` says when.
    Busy,
    /// 503: not now; `Retry-After` says when.
    Unready,
    /// 426: the board's contract is too old for this hub.
    Old,
    /// 500: the hub failed; nothing changed.
    Failed,
    /// A kind of a newer version.
    Other,
}

impl Kind {
    /// All that are written.
    pub const ALL: [Self; 14] = [
        Self::Unsigned,
        Self::Clock,
        Self::Forbidden,
        Self::Code,
        Self::Absent,
        Self::Method,
        Self::Fork,
        Self::Conflict,
        Self::Large,
        Self::Invalid,
        Self::Busy,
        Self::Unready,
        Self::Old,
        Self::Failed,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Clock => "clock",
            Self::Forbidden => "forbidden",
            Self::Code => "code",
            Self::Absent => "absent",
            Self::Method => "method",
            Self::Fork => "fork",
            Self::Conflict => "conflict",
            Self::Large => "large",
            Self::Invalid => "invalid",
            Self::Busy => "busy",
            Self::Unready => "unready",
            Self::Old => "old",
            Self::Failed => "failed",
            Self::Other => "other",
        }
    }

    /// Its status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Unsigned | Self::Clock => 401,
            Self::Forbidden | Self::Code => 403,
            Self::Absent => 404,
            Self::Method => 405,
            Self::Fork | Self::Conflict => 409,
            Self::Large => 413,
            Self::Invalid => 422,
            Self::Old => 426,
            Self::Busy => 429,
            Self::Failed | Self::Other => 500,
            Self::Unready => 503,
        }
    }

    /// Its title, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Unsigned => "Not signed by a board of this hub",
            Self::Clock => "The clocks differ",
            Self::Forbidden => "Not for you",
            Self::Code => "No such code",
            Self::Absent => "Not here",
            Self::Method => "Not in this way",
            Self::Fork => "Does not follow",
            Self::Conflict => "Something came in between",
            Self::Large => "Too large",
            Self::Invalid => "Not as it must be",
            Self::Busy => "Too many",
            Self::Unready => "Not now",
            Self::Old => "Too old",
            Self::Failed => "The hub failed",
            Self::Other => "Another refusal",
        }
    }
}

/// A problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:aegis:` and the kind's word.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The kind's title.
    #[serde(default)]
    pub title: String,
    /// The status, as in the answer.
    #[serde(default)]
    pub status: u16,
    /// One sentence: what, where, how to mend.
    #[serde(default)]
    pub detail: String,
    /// The field it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The hub's clock, with kind `clock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub_time_us: Option<u64>,
    /// The last sequence the hub took, with kind `fork`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Its chain, with kind `fork`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
}

impl Problem {
    /// A problem of a kind.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:aegis:{}", kind.word()),
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            field: None,
            hub_time_us: None,
            sequence: None,
            chain: None,
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let word = self.kind.strip_prefix("urn:aegis:").unwrap_or_default();
        Kind::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(Kind::Other)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        Self { field: (!refusal.field.is_empty()).then_some(refusal.field), ..Self::new(Kind::Invalid, detail) }
    }
}

impl Document for Problem {
    const NAME: &'static str = "problem";

    fn check(&self) -> Result<(), Refusal> {
        Ok(())
    }
}
