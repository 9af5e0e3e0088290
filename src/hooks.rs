//! Calling receivers of webhooks.
//!
//! Promises: every call ends by its deadline, `limits::HOOK_CALL_MS`; of an answer only its status and the pause it asks for are
//! read. Neither the address nor a secret appears in an error.
//!
//! Never: a redirect followed, a proxy of the environment used, a call made twice.

use crate::limits;
use crate::outward;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use std::fmt;
use std::time::Duration;

/// The way to receivers. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Client(outward::Client);

/// One call.
#[derive(Clone)]
pub struct Call {
    /// Where to.
    pub url: String,
    /// The header `Aegis-Event`.
    pub event: &'static str,
    /// The header `Aegis-Id`.
    pub id: String,
    /// The header `Aegis-Timestamp`, seconds since 1970.
    pub time_s: u64,
    /// The header `Aegis-Signature`.
    pub signature: String,
    /// The body, JSON.
    pub body: String,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("event", &self.event).field("id", &self.id).finish_non_exhaustive()
    }
}

/// What follows when a receiver has not taken an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is told again, after a pause that is at least so long, milliseconds.
    Again {
        /// What the receiver asks for; 0 when it asks for nothing.
        after_ms: u64,
        /// Whether it may be this event alone that the receiver fails at.
        is_its_own: bool,
    },
    /// The receiver will never take this one.
    Never,
}

/// Why a receiver has not taken an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What follows.
    pub fate: Fate,
    /// In words, without the address.
    pub why: String,
}

impl Client {
    /// A client. Opens no connection yet.
    ///
    /// # Errors
    /// When the TLS parts cannot be set up.
    pub fn new() -> Result<Self, String> {
        let wants = outward::Wants {
            connect: Duration::from_millis(limits::HOOK_CALL_MS),
            idle_max: 1,
            idle: Duration::from_secs(30),
            root: None,
            proxy: outward::Proxy::Never,
        };
        let client = outward::Client::new(&wants);
        Ok(Self(client.map_err(|why| format!("the client for webhooks cannot be set up: {why}"))?))
    }

    /// Makes a call. Dropping the future ends it.
    ///
    /// # Errors
    /// When it is not answered with a status of 200 to 299 by the deadline.
    pub async fn tell(&self, call: Call) -> Result<(), Failure> {
        let again = |why: String| Failure { fate: Fate::Again { after_ms: 0, is_its_own: false }, why };
        let question = outward::ask(Method::POST, &call.url)
            .map_err(|fault| again(fault.to_string()))?
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("aegis/", env!("CARGO_PKG_VERSION")))
            .header("Aegis-Event", call.event)
            .header("Aegis-Id", call.id)
            .header("Aegis-Timestamp", call.time_s)
            .header("Aegis-Signature", call.signature);
        let deadline = Duration::from_millis(limits::HOOK_CALL_MS);
        let answer = match tokio::time::timeout(deadline, self.0.send(question, call.body)).await {
            Ok(answer) => answer.map_err(|fault| again(fault.to_string()))?,
            Err(_) => return Err(again(format!("no answer within {} s", deadline.as_secs()))),
        };
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        judge(answer.status(), asked.unwrap_or(0).saturating_mul(1_000))
    }
}

/// What a status means. Only what says that this very event is wrong ends it: an address or a key can be mended.
fn judge(status: u16, asked_ms: u64) -> Result<(), Failure> {
    let failure = |fate, words: &str| Err(Failure { fate, why: format!("{words} (HTTP status {status})") });
    // 502 to 504 are of what stands before it, and of all events.
    let is_its_own = status >= 500 && !matches!(status, 502..=504);
    let again = Fate::Again { after_ms: asked_ms.min(limits::HOOK_PAUSE_MS_MAX), is_its_own };
    match status {
        200..300 => Ok(()),
        300..400 => failure(again, "it sends callers elsewhere, which is not followed: write the address it leads to"),
        400 | 413 | 415 | 422 => failure(Fate::Never, "it refuses the event"),
        401 | 403 => failure(again, "it does not accept the signature: compare the secrets"),
        404 | 410 => failure(again, "it knows no such address"),
        429 => failure(again, "it is told too often"),
        _ => failure(again, "it has a fault"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_the_event_is_wrong_ends_it() {
        assert_eq!(judge(204, 0), Ok(()));
        for status in [400, 413, 415, 422] {
            assert_eq!(judge(status, 0).map_err(|failure| failure.fate), Err(Fate::Never), "{status}");
        }
        for status in [101, 301, 401, 403, 404, 408, 410, 429, 500, 503] {
            let fate = judge(status, 7_000).map_err(|failure| failure.fate);
            assert_eq!(fate, Err(Fate::Again { after_ms: 7_000, is_its_own: status == 500 }), "{status}");
        }
        let long = judge(503, u64::MAX).map_err(|failure| failure.fate);
        assert_eq!(
            long,
            Err(Fate::Again { after_ms: limits::HOOK_PAUSE_MS_MAX, is_its_own: false }),
            "a pause has a bound"
        );
    }
}
