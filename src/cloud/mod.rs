//! The way to a hub: one bounded client, requests signed with the board's own key, and the folder where the key is.
//!
//! Promises: every call ends by `limits::CLOUD_CALL_MS`, its body included; of an answer no more is read than who asks allows; the
//! time that is signed rises with every request. The secret key is in no error and no log.
//!
//! Never: a redirect followed, a document believed that the contract refuses, a call made twice.

mod home;
mod packs;

pub use home::{Enrolment, Home, Key};
pub use packs::{KeptPack, PackFolder, stage_word};

use crate::limits;
use crate::outward;
use aegis_contract::{Document, Kind, Problem, VERSION, signing};
use hyper::Method;
use hyper::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER, USER_AGENT};
use std::fmt;
use std::time::Duration;

/// One question to a hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Path and query.
    pub target: String,
    /// The body of a `POST`; `None` for a `GET`.
    pub body: Option<Vec<u8>>,
    /// The `ETag` of what is there already.
    pub etag: Option<String>,
    /// Bytes of the answer that are read at most.
    pub at_most: usize,
}

impl Ask {
    /// A `GET`, of whose answer so many bytes are read at most.
    #[must_use]
    pub fn get(target: impl Into<String>, at_most: usize) -> Self {
        Self { target: target.into(), at_most, ..Self::default() }
    }

    /// A `POST`.
    #[must_use]
    pub fn post(target: impl Into<String>, body: Vec<u8>) -> Self {
        Self { body: Some(body), ..Self::get(target, limits::CLOUD_ANSWER_BYTES_MAX) }
    }
}

/// What a hub answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// The `ETag`.
    pub etag: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer to go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There was none, or none that can be read: in words.
    Away(String),
    /// The hub refused, and said why; with the pause it asks for, milliseconds.
    Refused(Box<Problem>, u64),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => write!(f, "the hub cannot be reached: {why}"),
            Self::Refused(problem, _) => {
                let detail: String = problem.detail.chars().filter(|c| !c.is_control()).take(300).collect();
                write!(f, "the hub refuses ({}): {detail}", problem.kind().word())
            }
        }
    }
}

impl Failure {
    /// The kind of refusal, where it is one.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Away(_) => None,
            Self::Refused(problem, _) => Some(problem.kind()),
        }
    }
}

/// Reads a document that was answered with success.
///
/// # Errors
/// When it is none.
pub fn document<D: Document>(told: &Told) -> Result<D, Failure> {
    D::read(&told.body).map_err(|refusal| Failure::Away(format!("its answer cannot be read: {refusal}")))
}

/// The client, for one hub.
#[derive(Clone)]
pub struct Client {
    inner: outward::Client,
    url: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for a hub at an address; `root` is the certificate (PEM) of an authority that is trusted besides the usual ones.
    ///
    /// # Errors
    /// When the certificate is none, or the TLS parts cannot be set up.
    pub fn new(url: &str, root: Option<&str>) -> Result<Self, String> {
        let wants = outward::Wants {
            connect: Duration::from_millis(limits::CLOUD_CALL_MS),
            idle_max: 1,
            idle: Duration::from_secs(90),
            root,
            proxy: outward::Proxy::Never,
        };
        let inner = outward::Client::new(&wants);
        let inner = inner.map_err(|why| format!("the client for the hub cannot be set up: {why}"))?;
        Ok(Self { inner, url: url.trim_end_matches('/').to_owned() })
    }

    /// Asks, signed by a board. `now_us` is the clock in microseconds since 1970.
    ///
    /// # Errors
    /// When there is no answer of success, or "not modified", by the deadline.
    pub async fn ask(&self, by: &mut Signer<'_>, now_us: u64, ask: Ask) -> Result<Told, Failure> {
        *by.last_us = now_us.max(by.last_us.saturating_add(1));
        let method = if ask.body.is_some() { "POST" } else { "GET" };
        let text = signing::request_text(method, &ask.target, *by.last_us, ask.body.as_deref().unwrap_or_default());
        let headers = [
            (signing::BOARD_HEADER, by.board.to_owned()),
            (signing::TIME_HEADER, by.last_us.to_string()),
            (signing::CONTRACT_HEADER, VERSION.to_string()),
            (signing::SIGNATURE_HEADER, by.key.sign(&text)),
        ];
        self.send(ask, &headers).await
    }

    /// Asks without a signature in the headers: the enrolment.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn ask_unsigned(&self, ask: Ask) -> Result<Told, Failure> {
        self.send(ask, &[]).await
    }

    async fn send(&self, ask: Ask, headers: &[(&'static str, String)]) -> Result<Told, Failure> {
        let deadline = Duration::from_millis(limits::CLOUD_CALL_MS);
        let late = || Failure::Away(format!("no whole answer within {} s", deadline.as_secs()));
        tokio::time::timeout(deadline, self.call(ask, headers)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn call(&self, ask: Ask, headers: &[(&'static str, String)]) -> Result<Told, Failure> {
        let away = |fault: outward::Fault| Failure::Away(fault.to_string());
        let method = if ask.body.is_some() { Method::POST } else { Method::GET };
        let mut question = outward::ask(method, &format!("{}{}", self.url, ask.target)).map_err(away)?;
        question = question.header(USER_AGENT, concat!("aegis/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            question = question.header(*name, value);
        }
        if let Some(etag) = &ask.etag {
            question = question.header(IF_NONE_MATCH, etag);
        }
        if ask.body.is_some() {
            question = question.header(CONTENT_TYPE, "application/json");
        }
        let mut answer = self.inner.send(question, ask.body.unwrap_or_default()).await.map_err(away)?;
        let status = answer.status();
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let etag = header(ETAG).filter(|etag| etag.len() <= aegis_contract::limits::LABEL_BYTES_MAX * 2);
        let pause = header(RETRY_AFTER).and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or(0);
        // As much as may come: it is never in memory twice because it grows.
        let mut body = Vec::with_capacity(ask.at_most);
        while let Some(piece) = answer.piece().await.map_err(away)? {
            if body.len().saturating_add(piece.len()) > ask.at_most {
                return Err(Failure::Away(format!("its answer has more than {} bytes", ask.at_most)));
            }
            body.extend_from_slice(&piece);
        }
        if matches!(status, 200..300 | 304) {
            return Ok(Told { status, etag, body });
        }
        match Problem::read(&body) {
            Ok(problem) if !problem.kind.is_empty() => {
                let pause = pause.saturating_mul(1_000).min(limits::CLOUD_PAUSE_MS_MAX);
                Err(Failure::Refused(Box::new(problem), pause))
            }
            _ => Err(Failure::Away(format!("it answers with status {status} and no reason: is this a hub?"))),
        }
    }
}

/// Who signs.
#[derive(Debug)]
pub struct Signer<'a> {
    /// The board's id at the hub.
    pub board: &'a str,
    /// Its key.
    pub key: &'a Key,
    /// The time of the last request, microseconds since 1970.
    pub last_us: &'a mut u64,
}
