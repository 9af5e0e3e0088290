//! The Bot API: the only code that knows it.
//!
//! Promises: every call has a deadline, and every answer a size it may not pass; every error has a fate
//! ([`fate::CallError::fate`]); an update that cannot be read keeps its id, so that it can be acknowledged.
//! The token appears in no error, log line or `Debug` output.
//!
//! Of teloxide it has the types of requests and errors; it calls as all others do, by [`crate::outward`], and as the only one through the
//! proxy that the environment names, since there are places where Telegram cannot be reached without.
//!
//! Never: the library's own polling, which acknowledges updates before they are dealt with; its built-in sleep after
//! a fault of the server; a decision.

pub mod fate;
mod payload;
mod post;
pub mod request;
pub mod update;
mod wire;

pub use fate::{CallError, ChatTrouble, Fate};
pub use request::{Admin, ChatFacts, Myself, Reply, Request};
pub use update::{Incoming, What};

use crate::limits;
use crate::message::{UpdateId, UserId};
use crate::outward::{self, Fault, Proxy, Wants};
use crate::press::Signer;
use crate::secret::Secret;
use hyper::Method;
use hyper::header::CONTENT_TYPE;
use serde::Serialize;
use std::fmt;
use std::time::Duration;
use teloxide::payloads::{GetUpdates, GetWebhookInfo};
use teloxide::requests::Payload;
use teloxide::types::AllowedUpdate;

/// The updates Aegis asks for. Always sent: left out, Telegram keeps an earlier setting.
const ALLOWED_UPDATES: [AllowedUpdate; 10] = [
    AllowedUpdate::Message,
    AllowedUpdate::EditedMessage,
    AllowedUpdate::ChannelPost,
    AllowedUpdate::EditedChannelPost,
    AllowedUpdate::MyChatMember,
    AllowedUpdate::ChatMember,
    AllowedUpdate::ChatJoinRequest,
    AllowedUpdate::CallbackQuery,
    AllowedUpdate::MessageReaction,
    AllowedUpdate::MessageReactionCount,
];

/// Why there is no connection to speak of.
#[derive(Debug)]
pub struct SetupError(String);

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SetupError {}

/// The way to Telegram: one client for polling, one for everything else.
#[derive(Clone)]
pub struct Telegram {
    polls: outward::Client,
    calls: outward::Client,
    /// Where requests go, with the token at its end: their names follow.
    base: Secret,
    token: Secret,
    call_timeout: Duration,
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telegram").field("call_timeout", &self.call_timeout).finish_non_exhaustive()
    }
}

impl Telegram {
    /// A way to the Bot API at `api_url` for the bot with `token`. Opens no connection yet.
    ///
    /// # Errors
    /// When `api_url` is not a URL, or the TLS parts cannot be set up.
    pub fn new(token: &str, api_url: &str, call_timeout: Duration, calls_in_flight: usize) -> Result<Self, SetupError> {
        let url = url::Url::parse(api_url).map_err(|error| SetupError(format!("{api_url}: {error}")))?;
        let client = |idle_max: usize| {
            let wants = Wants {
                connect: Duration::from_secs(5),
                idle_max,
                idle: Duration::from_secs(50),
                root: None,
                proxy: Proxy::OfEnvironment,
            };
            outward::Client::new(&wants).map_err(|why| SetupError(format!("the HTTP client cannot be set up: {why}")))
        };
        Ok(Self {
            polls: client(1)?,
            calls: client(calls_in_flight)?,
            base: Secret::new(format!("{}/bot{token}", url.as_str().trim_end_matches('/'))),
            token: Secret::new(token.to_owned()),
            call_timeout,
        })
    }

    /// This bot's own id: the first part of its token.
    #[must_use]
    pub fn own_id(&self) -> UserId {
        UserId(self.token.expose().split(':').next().and_then(|id| id.parse().ok()).unwrap_or(0))
    }

    /// Signs the words of this bot's buttons.
    #[must_use]
    pub fn signer(&self) -> Signer {
        Signer::of_token(self.token.expose())
    }

    /// The next updates: waits up to `timeout` for the first one. `offset` acknowledges everything below it.
    ///
    /// # Errors
    /// When the call fails; nothing is acknowledged that was not before.
    pub async fn poll(&self, offset: Option<i32>, limit: u8, timeout: Duration) -> Result<Vec<Incoming>, CallError> {
        let payload = GetUpdates {
            offset,
            limit: Some(limit),
            timeout: Some(u32::try_from(timeout.as_secs()).unwrap_or(50)),
            allowed_updates: Some(ALLOWED_UPDATES.to_vec()),
        };
        let deadline = timeout.saturating_add(limits::POLL_GRACE);
        match self.post(&self.polls, &payload, deadline, limits::poll_body_bytes_max(usize::from(limit))).await? {
            Body::Whole(body) => wire::updates(&body),
            Body::TooLarge(start) if limit == 1 => {
                // One update alone passes the bound: it is acknowledged by the id that its first bytes name.
                wire::first_update_id(&start)
                    .map(|id| vec![Incoming { id, what: What::Unreadable("larger than the bound".to_owned()) }])
                    .ok_or_else(|| CallError::Lost("an update larger than the bound, without an id".to_owned()))
            }
            Body::TooLarge(_) => Err(CallError::Refused {
                code: limits::CODE_ANSWER_TOO_LARGE,
                description: "the answer is larger than the bound".to_owned(),
                retry_after_s: None,
                moved_to: None,
            }),
        }
    }

    /// How many updates wait. Asking interrupts nobody's poll and acknowledges nothing.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn waiting(&self) -> Result<u64, CallError> {
        wire::waiting(&self.answer(&GetWebhookInfo {}).await?)
    }

    /// The id of the first update that waits; `None` when none does. Acknowledges nothing; a poll of somebody else's that is
    /// waiting is interrupted by it, once.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn first_waiting(&self) -> Result<Option<UpdateId>, CallError> {
        let batch = self.poll(None, 1, Duration::ZERO).await?;
        Ok(batch.first().map(|incoming| incoming.id))
    }

    /// Carries a request out.
    ///
    /// # Errors
    /// When the call fails; [`CallError::fate`] says what to do.
    pub async fn call(&self, request: &Request) -> Result<Reply, CallError> {
        request::carry_out(self, request).await
    }

    async fn answer<P>(&self, payload: &P) -> Result<Vec<u8>, CallError>
    where
        P: Payload + Serialize + Sync,
    {
        match self.post(&self.calls, payload, self.call_timeout, limits::CALL_BODY_BYTES_MAX).await? {
            Body::Whole(body) => wire::result(&body),
            Body::TooLarge(_) => Err(CallError::Lost("the answer is larger than the bound".to_owned())),
        }
    }

    /// One POST, under one deadline that covers connecting, sending and reading. Dropping the future ends the call.
    async fn post<P>(
        &self,
        client: &outward::Client,
        payload: &P,
        deadline: Duration,
        bytes_max: usize,
    ) -> Result<Body, CallError>
    where
        P: Payload + Serialize + Sync,
    {
        let call = async {
            let body = serde_json::to_vec(payload).map_err(|error| CallError::Unreached(error.to_string()))?;
            let question = outward::ask(Method::POST, &format!("{}/{}", self.base.expose(), P::NAME));
            let question = question.map_err(network)?.header(CONTENT_TYPE, "application/json");
            let mut answer = client.send(question, body).await.map_err(network)?;
            let status = answer.status();
            let mut bytes = Vec::new();
            while let Some(piece) = answer.piece().await.map_err(network)? {
                if bytes.len().saturating_add(piece.len()) > bytes_max {
                    return Ok(Body::TooLarge(bytes));
                }
                bytes.extend_from_slice(&piece);
            }
            // The body says what happened; a body that does not is judged by its status.
            if status >= 400 && !wire::is_envelope(&bytes) {
                return Err(CallError::Refused {
                    code: status,
                    description: format!("HTTP status {status}"),
                    retry_after_s: None,
                    moved_to: None,
                });
            }
            Ok(Body::Whole(bytes))
        };
        match tokio::time::timeout(deadline, call).await {
            Ok(answer) => answer,
            Err(_) => Err(CallError::Lost(format!("no answer within {} s", deadline.as_secs_f32()))),
        }
    }
}

enum Body {
    Whole(Vec<u8>),
    TooLarge(Vec<u8>),
}

/// A fault of the network, in words without its address, which holds the token.
fn network(fault: Fault) -> CallError {
    if fault.is_unmade { CallError::Unreached(fault.to_string()) } else { CallError::Lost(fault.to_string()) }
}
