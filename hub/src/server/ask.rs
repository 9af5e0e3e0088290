//! A request once it is whole, and an answer before it is written.
//!
//! Promises: a body was bounded in bytes and time before anybody reads it; what is said wrongly is a problem document.
//!
//! Never: a header of ours that a handler can forget: all answers are written here.

use super::Hub;
use crate::db::{Stop, invalid};
use aegis_contract::{Kind, Problem};
use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A request.
#[derive(Debug)]
pub struct Ask {
    /// The hub.
    pub hub: Arc<Hub>,
    /// What stood in the path's braces.
    pub params: BTreeMap<String, String>,
    /// What stood in the query; of a name that stands twice, the last.
    pub query: BTreeMap<String, String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Path and query as they were sent.
    pub target: String,
    /// When it came.
    pub now_us: u64,
}

impl Ask {
    /// What stood in the path's braces; empty where there are none of that name.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A header as text; empty where it is missing or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none, or of another form.
    pub fn json<Value: DeserializeOwned>(&self) -> Result<Value, Stop> {
        serde_json::from_slice(&self.body)
            .map_err(|error| invalid("body", format!("is not as it must be: {error}"), "see /v1/openapi.json"))
    }

    /// A value of the query, read; the other one where it is missing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn query<Value: std::str::FromStr>(&self, name: &str, or: Value) -> Result<Value, Stop> {
        match self.query.get(name) {
            None => Ok(or),
            Some(text) => text.parse().map_err(|_| invalid(name, "cannot be read", "see /v1/openapi.json")),
        }
    }

    /// A value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.header("cookie").split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
    }
}

/// Reads `a=b&c=d` with `%XX` and `+`.
#[must_use]
pub fn pairs(text: &str) -> BTreeMap<String, String> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (plain(key), plain(value))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| rest.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let coded = if *first == b'%' { digit(0).zip(digit(1)) } else { None };
        match (first, coded.and_then(|(high, low)| u8::try_from(high * 16 + low).ok())) {
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = rest.get(2..).unwrap_or_default();
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
    headers: Vec<(HeaderName, String)>,
}

impl Reply {
    /// JSON.
    #[must_use]
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("views have text keys and no failing parts");
        Self { status, kind: "application/json", body, headers: Vec::new() }
    }

    /// Bytes of a kind.
    #[must_use]
    pub fn bytes(kind: &'static str, body: Vec<u8>) -> Self {
        Self { status: 200, kind, body, headers: Vec::new() }
    }

    /// Nothing but a status.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, kind: "", body: Vec::new(), headers: Vec::new() }
    }

    /// The way to another page.
    #[must_use]
    pub fn to(place: &str) -> Self {
        Self::empty(303).with(header::LOCATION, place)
    }

    /// With a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With another status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A problem.
    #[must_use]
    pub fn problem(problem: &Problem) -> Self {
        let reply = Self { kind: "application/problem+json", ..Self::json(problem.status, problem) };
        match problem.kind() {
            Kind::Busy | Kind::Unready => reply.with(header::RETRY_AFTER, "5"),
            Kind::Unsigned => reply.with(header::WWW_AUTHENTICATE, "Bearer"),
            _ => reply,
        }
    }

    /// As it is written: every answer of the hub, with the headers that all have.
    #[must_use]
    pub fn written(self) -> Response {
        const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                              base-uri 'none'; frame-ancestors 'none'";
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let mut put = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        if !self.kind.is_empty() {
            put(header::CONTENT_TYPE, self.kind);
        }
        put(header::CACHE_CONTROL, "no-store");
        put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        put(header::REFERRER_POLICY, "no-referrer");
        put(header::CONTENT_SECURITY_POLICY, POLICY);
        for (name, value) in self.headers {
            put(name, &value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_browsers_write_it() {
        let read = pairs("a=1&b=x%20y+z&c&%zz=%4&a=2");
        let is = |key: &str, value: &str| assert_eq!(read.get(key).map(String::as_str), Some(value), "{key}");
        is("a", "2");
        is("b", "x y z");
        is("c", "");
        is("%zz", "%4");
    }
}
