//! How a call to a model can fail, and what follows.
//!
//! Promises: every failure has a fate; whether it may have cost money is said, and in doubt it may have.
//!
//! Never: a key, an address, a message's text or the server's own words, which may repeat them.

use crate::limits;
use crate::outward::Fault;

/// What becomes of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It may be tried again, after the pause if one was asked for.
    Retry {
        /// The pause the server asked for, milliseconds; at most `limits::MODEL_PAUSE_MS_MAX`.
        after_ms: Option<u64>,
    },
    /// The settings are wrong: it will fail again until somebody mends them.
    Refused,
    /// The deadline passed.
    TooSlow,
    /// The answer broke off, or was larger than may be read.
    Broken,
}

/// Whether a failed call may have to be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayHaveCost {
    /// It was refused before any work, or never arrived.
    No,
    /// The server may have worked on it.
    Yes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFailure {
    /// What follows.
    pub fate: Fate,
    /// What happened and, if somebody can mend it, how; for people.
    pub why: String,
    /// Whether it may have to be paid for.
    pub may_have_cost: MayHaveCost,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
}

impl std::fmt::Display for CallFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for CallFailure {}

impl CallFailure {
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self { fate: Fate::Refused, why: why.into(), may_have_cost: MayHaveCost::No, status: None }
    }

    /// A call that could not be made at all.
    #[must_use]
    pub fn not_made(error: &super::SetupError) -> Self {
        Self::refused(error.to_string())
    }

    pub(super) fn too_slow(deadline_ms: u128) -> Self {
        let why = format!("the model did not answer within {deadline_ms} ms");
        Self { fate: Fate::TooSlow, why, may_have_cost: MayHaveCost::Yes, status: None }
    }

    pub(super) fn too_large() -> Self {
        let why = format!("the model's answer is larger than {} bytes", limits::MODEL_ANSWER_BYTES_MAX);
        Self { fate: Fate::Broken, why, may_have_cost: MayHaveCost::Yes, status: None }
    }

    /// A fault of the network, in words without any address.
    pub(super) fn network(fault: &Fault) -> Self {
        if fault.is_unmade {
            let why = format!("the model's server cannot be reached: {fault}");
            let fate = if fault.is_late { Fate::TooSlow } else { Fate::Retry { after_ms: None } };
            return Self { fate, why, may_have_cost: MayHaveCost::No, status: None };
        }
        let why = format!("the model's answer broke off: {fault}");
        let fate = if fault.is_late { Fate::TooSlow } else { Fate::Broken };
        Self { fate, why, may_have_cost: MayHaveCost::Yes, status: None }
    }

    /// What an HTTP status other than 200 means. `pause_ms` is what the server asks for.
    pub(super) fn status(status: u16, pause_ms: Option<u64>) -> Self {
        let retry = Fate::Retry { after_ms: pause_ms.map(|pause| pause.min(limits::MODEL_PAUSE_MS_MAX)) };
        let (fate, why, may_have_cost) = match status {
            401 | 403 => (
                Fate::Refused,
                "the model's server does not accept the key: give it a valid one, which may use this model".to_owned(),
                MayHaveCost::No,
            ),
            402 => (
                Fate::Refused,
                "the model's server wants to be paid first: look at the account there".to_owned(),
                MayHaveCost::No,
            ),
            404 => (
                Fate::Refused,
                "the model's server knows no such address or model: the base URL often ends in /v1, and the model must \
                 be one the server has"
                    .to_owned(),
                MayHaveCost::No,
            ),
            300..400 => (
                Fate::Refused,
                "the model's server sends callers elsewhere, which is not followed: give the base URL it leads to"
                    .to_owned(),
                MayHaveCost::No,
            ),
            408 | 409 | 425 => (retry, "the model's server asks to try again".to_owned(), MayHaveCost::No),
            429 => (retry, "the model's server is asked too often".to_owned(), MayHaveCost::No),
            400..500 => (
                Fate::Refused,
                "the model's server refuses the request: see what it says with `aegis ai try`".to_owned(),
                MayHaveCost::No,
            ),
            500.. => (retry, "the model's server has a fault".to_owned(), MayHaveCost::Yes),
            _ => (Fate::Broken, "the model's server gives no answer".to_owned(), MayHaveCost::Yes),
        };
        Self { fate, why: format!("{why} (HTTP status {status})"), may_have_cost, status: Some(status) }
    }
}
