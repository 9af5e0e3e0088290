//! Asking a model: any server with OpenAI's chat completions, far away or in the same house.
//!
//! Promises: every call ends by its deadline; a request and an answer have a size they may not pass
//! (`limits::MODEL_REQUEST_BYTES_MAX`, `limits::MODEL_ANSWER_BYTES_MAX`); what a call can cost is known before it
//! ([`most_cost`]); an answer outside the schema is no opinion. The key appears in no error, log line or `Debug`
//! output, and neither does what somebody wrote.
//!
//! Never: a redirect followed, a proxy of the environment used, a call tried twice but in another form after a refusal
//! that costs nothing; a decision.

pub mod answer;
pub mod failure;
pub mod question;

pub use failure::{CallFailure, Fate, MayHaveCost};
pub use question::{Form, Question, request_body};

use crate::budget::{Micros, Prices};
use crate::limits;
use crate::message::fnv1a;
use crate::opinion::Opinion;
use crate::outward;
use crate::secret::Secret;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// Where a model is asked, and at what price.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The address before `/chat/completions`, `http` or `https`.
    pub base_url: String,
    /// The model's name there.
    pub model: String,
    /// The key, if the server wants one.
    pub key: Option<Secret>,
    /// The deadline of a whole call; at most `limits::MODEL_CALL_MS_MAX` counts.
    pub timeout: Duration,
    /// What tokens cost.
    pub prices: Prices,
    /// The most tokens of an answer; at most `limits::MODEL_OUTPUT_TOKENS_MAX` counts.
    pub max_output_tokens: u32,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a password, and then it is refused only later.
        f.debug_struct("Endpoint").field("model", &self.model).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The address that is called.
    ///
    /// # Errors
    /// When `base_url` is no address of a server, or holds a name and password; says how to mend it.
    pub fn url(&self) -> Result<Url, String> {
        let url = Url::parse(self.base_url.trim())
            .map_err(|error| format!("the base URL is no URL ({error}): write it like http://localhost:8080/v1"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err("the base URL must begin with http:// or https:// and a host".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the base URL holds a name or password: leave it out and give a key".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("the base URL goes on after `?` or `#`: leave that out".to_owned());
        }
        let mut url = url;
        url.set_path(&format!("{}/chat/completions", url.path().trim_end_matches('/')));
        Ok(url)
    }

    /// The most tokens of an answer, as asked for.
    #[must_use]
    pub fn output_tokens(&self) -> u32 {
        self.max_output_tokens.clamp(1, limits::MODEL_OUTPUT_TOKENS_MAX)
    }

    /// The deadline, as kept.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.timeout.min(Duration::from_millis(limits::MODEL_CALL_MS_MAX))
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        let Some(key) = &self.key else { return Ok(None) };
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| "the key holds characters that no key has: it is one line of plain letters".to_owned())?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Tells endpoints apart, for what is remembered of them.
    fn number(&self) -> u64 {
        fnv1a(format!("{}\n{}", self.base_url, self.model).as_bytes())
    }
}

/// What so many tokens cost, rounded up. `price` is for a million.
fn cost_of(tokens: u64, price: Micros) -> u64 {
    let micros = (u128::from(tokens) * u128::from(price.0)).div_ceil(1_000_000);
    u64::try_from(micros).unwrap_or(u64::MAX)
}

/// The most tokens that a body of so many bytes can be: a token is at least a byte of it.
fn most_tokens_in(body_bytes: usize) -> u64 {
    u64::try_from(body_bytes).unwrap_or(u64::MAX).saturating_add(limits::MODEL_TEMPLATE_TOKENS_MAX)
}

/// The most that a call with a body of so many bytes can cost, whatever the server says afterwards.
#[must_use]
pub fn most_cost(endpoint: &Endpoint, body_bytes: usize) -> Micros {
    let sent = cost_of(most_tokens_in(body_bytes), endpoint.prices.input);
    Micros(sent.saturating_add(cost_of(u64::from(endpoint.output_tokens()), endpoint.prices.output)))
}

/// What a call cost: by the server's own count when that can be true, else the most it can be.
fn cost(endpoint: &Endpoint, body_bytes: usize, usage: Option<(u64, u64)>) -> Micros {
    let possible = usage.filter(|(sent, back)| {
        (1..=most_tokens_in(body_bytes)).contains(sent) && (1..=u64::from(endpoint.output_tokens())).contains(back)
    });
    match possible {
        Some((sent, back)) => {
            Micros(cost_of(sent, endpoint.prices.input).saturating_add(cost_of(back, endpoint.prices.output)))
        }
        None => most_cost(endpoint, body_bytes),
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The opinion; `None` when the answer is outside the schema.
    pub opinion: Option<Opinion>,
    /// Tokens in and out as the server counts them, believable or not.
    pub usage: Option<(u64, u64)>,
    /// What to pay for it, at most [`most_cost`].
    pub cost: Micros,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// Of an answer outside the schema: a redacted piece, at most `limits::MODEL_SAMPLE_BYTES_MAX` printable bytes.
    pub sample: Option<String>,
}

/// A step of a call, for somebody who watches.
#[derive(Clone, Copy)]
pub enum Step<'a> {
    /// This body is sent.
    Sent(&'a str),
    /// This came back.
    Heard {
        /// The HTTP status.
        status: u16,
        /// The body as it came.
        body: &'a [u8],
    },
}

/// Why no client could be made.
#[derive(Debug)]
pub struct SetupError(String);

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SetupError {}

/// The way to models. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    http: outward::Client,
    forms: Arc<Mutex<VecDeque<(u64, Form)>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// One answer, whatever its status.
struct Heard {
    status: u16,
    pause_ms: Option<u64>,
    body: Vec<u8>,
}

impl Client {
    /// A client. Opens no connection yet.
    ///
    /// # Errors
    /// When the TLS parts cannot be set up.
    pub fn new() -> Result<Self, SetupError> {
        let wants = outward::Wants {
            connect: Duration::from_millis(limits::MODEL_CONNECT_MS),
            idle_max: limits::MODEL_IDLE_CONNECTIONS_MAX,
            idle: Duration::from_secs(30),
            root: None,
            proxy: outward::Proxy::Never,
        };
        let http = outward::Client::new(&wants);
        let http = http.map_err(|why| SetupError(format!("the HTTP client cannot be set up: {why}")))?;
        Ok(Self { http, forms: Arc::default() })
    }

    /// Asks. `body` is one of [`request_body`]. Dropping the future ends the call.
    ///
    /// # Errors
    /// When there is no answer with status 200 of a size that may be read by the deadline.
    pub async fn ask(&self, endpoint: &Endpoint, body: &str) -> Result<Answer, CallFailure> {
        self.ask_watched(endpoint, body, &mut |_| {}).await
    }

    /// As [`Client::ask`], and tells `watch` what is sent and what comes back. Keys are no part of that.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn ask_watched(
        &self,
        endpoint: &Endpoint,
        body: &str,
        watch: &mut (dyn FnMut(Step<'_>) + Send),
    ) -> Result<Answer, CallFailure> {
        let url = endpoint.url().map_err(CallFailure::refused)?;
        let authorization = endpoint.authorization().map_err(CallFailure::refused)?;
        if body.len() > limits::MODEL_REQUEST_BYTES_MAX {
            return Err(CallFailure::refused("the request is larger than any that may be sent"));
        }
        let start = tokio::time::Instant::now();
        let call = async {
            let mut form = self.form(endpoint);
            // Each form is tried once at most, so this ends.
            loop {
                let sent = form.write(body);
                watch(Step::Sent(&sent));
                let heard = self.exchange(&url, authorization.clone(), sent).await?;
                watch(Step::Heard { status: heard.status, body: &heard.body });
                if matches!(heard.status, 400 | 422)
                    && let Some(next) = form.after(&heard.body)
                {
                    form = next;
                    continue;
                }
                if heard.status == 200 {
                    self.remember(endpoint, form);
                    return Ok(heard);
                }
                return Err(CallFailure::status(heard.status, heard.pause_ms));
            }
        };
        let deadline = endpoint.deadline();
        let heard = match tokio::time::timeout(deadline, call).await {
            Ok(heard) => heard?,
            Err(_) => return Err(CallFailure::too_slow(deadline.as_millis())),
        };
        let took_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let said = answer::read(&heard.body, endpoint.key.as_ref().map(Secret::expose));
        let cost = cost(endpoint, body.len(), said.usage);
        Ok(Answer { opinion: said.opinion, usage: said.usage, cost, took_ms, sample: said.sample })
    }

    async fn exchange(
        &self,
        url: &Url,
        authorization: Option<HeaderValue>,
        body: String,
    ) -> Result<Heard, CallFailure> {
        let unsent = |fault| CallFailure::network(&fault);
        let mut question =
            outward::ask(Method::POST, url.as_str()).map_err(unsent)?.header(CONTENT_TYPE, "application/json");
        if let Some(value) = authorization {
            question = question.header(AUTHORIZATION, value);
        }
        let mut answer = self.http.send(question, body).await.map_err(unsent)?;
        let status = answer.status();
        let pause_ms = pause_ms(answer.headers());
        // As much as may come: it is never in memory twice because it grows.
        let mut body = Vec::with_capacity(limits::MODEL_ANSWER_BYTES_MAX);
        loop {
            let piece = match answer.piece().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                // The status has said all; the words to it are a courtesy.
                Err(_) if status != 200 => break,
                Err(fault) => return Err(CallFailure::network(&fault)),
            };
            if body.len().saturating_add(piece.len()) > limits::MODEL_ANSWER_BYTES_MAX {
                if status == 200 {
                    return Err(CallFailure::too_large());
                }
                break;
            }
            body.extend_from_slice(&piece);
        }
        Ok(Heard { status, pause_ms, body })
    }

    fn form(&self, endpoint: &Endpoint) -> Form {
        let forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let number = endpoint.number();
        forms.iter().find(|(known, _)| *known == number).map_or_else(Form::default, |(_, form)| *form)
    }

    fn remember(&self, endpoint: &Endpoint, form: Form) {
        if form == Form::default() {
            return;
        }
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let number = endpoint.number();
        forms.retain(|(known, _)| *known != number);
        if forms.len() >= limits::MODEL_FORMS_KEPT {
            forms.pop_front();
        }
        forms.push_back((number, form));
    }
}

/// The pause that an answer asks for. A date is no pause: this clock and the server's need not agree.
fn pause_ms(headers: &HeaderMap) -> Option<u64> {
    let number = |value: &HeaderValue| value.to_str().ok()?.trim().parse::<u64>().ok();
    let in_ms = headers.get("retry-after-ms").and_then(number);
    in_ms.or_else(|| headers.get(RETRY_AFTER).and_then(number).map(|seconds| seconds.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> Endpoint {
        Endpoint {
            base_url: base_url.to_owned(),
            model: "small".to_owned(),
            key: None,
            timeout: Duration::from_secs(1),
            prices: Prices { input: Micros(150_000), output: Micros(600_000) },
            max_output_tokens: 100,
        }
    }

    #[test]
    fn an_address_is_taken_as_it_was_written() {
        for (written, called) in [
            ("http://localhost:8080", "http://localhost:8080/chat/completions"),
            ("http://localhost:8080/", "http://localhost:8080/chat/completions"),
            ("https://api.example/v1", "https://api.example/v1/chat/completions"),
            (" https://api.example/v1/ ", "https://api.example/v1/chat/completions"),
        ] {
            assert_eq!(endpoint(written).url().map(String::from).as_deref(), Ok(called));
        }
        for wrong in
            ["", "localhost:8080", "ftp://a.example", "https://", "https://u:hidden@a.example", "http://a/?k=hidden"]
        {
            let refusal = endpoint(wrong).url();
            assert!(refusal.as_ref().is_err_and(|why| !why.contains("hidden")), "{wrong}: {refusal:?}");
        }
    }

    #[test]
    fn a_count_that_cannot_be_true_costs_the_most_a_call_can_cost() {
        let endpoint = endpoint("http://a");
        let most = most_cost(&endpoint, 1_000);
        // 1,512 tokens at 0.15 and 100 at 0.60 a million, each rounded up.
        assert_eq!(most, Micros(227 + 60));
        assert_eq!(cost(&endpoint, 1_000, Some((300, 20))), Micros(45 + 12));
        assert_eq!(cost(&endpoint, 1_000, Some((1_512, 100))), most);
        for lie in [(0, 20), (300, 0), (1_513, 20), (300, 101), (u64::MAX, u64::MAX)] {
            assert_eq!(cost(&endpoint, 1_000, Some(lie)), most, "{lie:?}");
        }
        assert_eq!(cost(&endpoint, 1_000, None), most);
    }
}
