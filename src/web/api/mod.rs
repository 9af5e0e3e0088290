//! The API: everything that the page does, as JSON under `/api/v1`.
//!
//! Promises: one table of routes ([`ROUTES`]), which the document at `/api/v1/openapi.json` describes and a test holds it to; a
//! route is refused before its body is read to whoever may not have it; refusals are problem documents (RFC 9457) that
//! repeat nothing of what was sent; a write with an idempotency key is done once.
//!
//! Never: HTTP. A question is a value, and so is its reply; the page and the terminal ask the same ones.

mod called;
mod repeats;
mod routes;

pub use repeats::Repeats;
pub use routes::ROUTES;

use super::desk::{Desk, Refused, Told};
use super::pages::Outcome;
use super::people::{Opened, People, Visitor};
use crate::access::{Caller, Role};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Who may ask at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Everybody: logging in, and what is told before.
    Open,
    /// Whoever signs what is asked, with a key: see [`crate::signed`].
    Signed,
    /// Whoever has at least this role. Which tenants they reach is asked at the desk.
    From(Role),
}

/// One row of the API.
pub struct Route {
    /// GET, POST, PUT or DELETE.
    pub method: &'static str,
    /// The path below `/api/v1`; a part in braces is any one part.
    pub path: &'static str,
    /// Who may ask.
    pub door: Door,
    run: fn(&Call<'_>) -> Told<Reply>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What the routes work with.
#[derive(Clone, Copy)]
pub struct House<'h> {
    /// The desk.
    pub desk: &'h dyn Desk,
    /// Who may come in.
    pub people: &'h People,
    /// Answers that are remembered by key.
    pub repeats: &'h Repeats,
}

/// A question, as it came.
#[derive(Clone, Debug, Default)]
pub struct Question<'q> {
    /// The method.
    pub method: &'q str,
    /// The whole path, without the query.
    pub path: &'q str,
    /// The query, read.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: &'q [u8],
    /// The client's address, for the delay after wrong passwords.
    pub client: &'q str,
    /// The `Authorization` header: for calls that are signed.
    pub authorization: &'q str,
    /// The idempotency key.
    pub key: Option<&'q str>,
}

/// What a route is given.
struct Call<'c> {
    house: House<'c>,
    question: &'c Question<'c>,
    visitor: Option<&'c Visitor>,
    /// The parts of the path that stand for braces.
    parts: Vec<&'c str>,
}

/// What is sent back.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(String),
    /// A file of the data folder, and the name to save it by.
    File(PathBuf, String),
}

/// What the browser's session becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Session {
    /// As it was.
    Same,
    /// This secret from now on.
    Open(String),
    /// None from now on.
    Ended,
}

/// A reply.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// What is sent.
    pub content: Content,
    /// What the page says of it, a sentence; empty for nothing.
    pub words: String,
    /// What the page shows at once.
    pub outcome: Option<Outcome>,
    /// The session.
    pub session: Session,
    /// Seconds after which to try again.
    pub retry_s: Option<u64>,
}

impl Reply {
    fn new(status: u16, content: Content) -> Self {
        Self { status, content, words: String::new(), outcome: None, session: Session::Same, retry_s: None }
    }

    /// 200 with this.
    fn json<T: Serialize>(told: &T) -> Self {
        Self::new(200, Content::Json(text(told)))
    }

    /// 204, and what the page says.
    fn done(words: impl Into<String>) -> Self {
        Self { words: words.into(), ..Self::new(204, Content::Nothing) }
    }

    fn said(self, words: impl Into<String>) -> Self {
        Self { words: words.into(), ..self }
    }

    fn shown(self, outcome: Outcome) -> Self {
        Self { outcome: Some(outcome), ..self }
    }

    fn opened(opened: &Opened) -> Self {
        let told = json!({"name": opened.visitor.caller.name, "role": opened.visitor.caller.role.word(), "csrf": opened.visitor.csrf});
        Self { session: Session::Open(opened.secret.clone()), ..Self::json(&told) }
    }
}

fn text<T: Serialize>(told: &T) -> String {
    serde_json::to_string(told).expect("views are plain data")
}

/// The problem document of a refusal.
#[must_use]
pub fn problem(refused: &Refused, is_known: bool) -> Reply {
    let (status, title) = match refused {
        Refused::Denied if !is_known => (401, "Log in, or bring a token"),
        Refused::Denied => (403, "Not yours"),
        Refused::Missing => (404, "Not found"),
        Refused::Wrong(_) => (422, "Something sent is wrong"),
        Refused::Conflict(_) => (409, "It does not fit"),
        Refused::Busy(..) => (429, "Too soon"),
        Refused::Unable(_) => (503, "Not now"),
    };
    let mut told = json!({"type": "about:blank", "title": title, "status": status, "detail": refused.to_string()});
    if let Refused::Wrong(fields) = refused
        && let Some(told) = told.as_object_mut()
    {
        let errors = fields.iter().map(|(field, words)| json!({"field": field, "detail": words}));
        told.insert("errors".to_owned(), Value::Array(errors.collect()));
    }
    let retry_s = if let Refused::Busy(_, seconds) = refused { Some(*seconds) } else { None };
    Reply { retry_s, ..Reply::new(status, Content::Json(told.to_string())) }
}

/// The route of a method and a path below `/api/v1`, with the parts that stand for braces.
///
/// # Errors
/// The methods that the path has, when it has not this one; none when there is no such path.
pub fn route<'p>(method: &str, path: &'p str) -> Result<(&'static Route, Vec<&'p str>), Vec<&'static str>> {
    let mut methods = Vec::new();
    for route in ROUTES {
        let (mut wanted, mut given) = (route.path.split('/'), path.split('/'));
        let mut parts = Vec::new();
        let fits = loop {
            match (wanted.next(), given.next()) {
                (None, None) => break true,
                (Some(want), Some(part)) if want.starts_with('{') && !part.is_empty() => parts.push(part),
                (Some(want), Some(part)) if want == part => {}
                _ => break false,
            }
        };
        if fits && (route.method == method || (route.method == "GET" && method == "HEAD")) {
            return Ok((route, parts));
        }
        if fits {
            methods.push(route.method);
        }
    }
    Err(methods)
}

/// Answers a question under `/api/v1`.
#[must_use]
pub fn answer(house: House<'_>, question: &Question<'_>, visitor: Option<&Visitor>) -> Reply {
    let below = question.path.strip_prefix("/api/v1").unwrap_or_default();
    let (route, parts) = match route(question.method, below) {
        Ok(found) => found,
        Err(methods) if methods.is_empty() => return problem(&Refused::Missing, true),
        Err(methods) => {
            let detail = format!("this address takes {}", methods.join(", "));
            let told = json!({"type": "about:blank", "title": "Not that way", "status": 405, "detail": detail});
            return Reply::new(405, Content::Json(told.to_string()));
        }
    };
    if let Door::From(role) = route.door {
        match visitor {
            None => return problem(&Refused::Denied, false),
            Some(visitor) if visitor.caller.is_at_least(role).is_err() => return problem(&Refused::Denied, true),
            Some(_) => {}
        }
    }
    let call = Call { house, question, visitor, parts };
    // Of who signs nothing is known until the signature is good.
    let is_known = visitor.is_some() && route.door != Door::Signed;
    let run = || (route.run)(&call).unwrap_or_else(|refused| problem(&refused, is_known));
    // Whoever is not known yet has no answers to be remembered.
    match (question.key.filter(|_| route.method != "GET"), visitor) {
        (Some(key), Some(visitor)) => house.repeats.once(&visitor.caller.name, key, question, run),
        _ => run(),
    }
}

impl<'c> Call<'c> {
    fn desk(&self) -> &'c dyn Desk {
        self.house.desk
    }

    fn people(&self) -> &'c People {
        self.house.people
    }

    /// Who asks. A route that is not open has somebody.
    fn visitor(&self) -> Told<&'c Visitor> {
        self.visitor.ok_or(Refused::Denied)
    }

    fn caller(&self) -> Told<&'c Caller> {
        Ok(&self.visitor()?.caller)
    }

    fn part(&self, index: usize) -> &'c str {
        self.parts.get(index).copied().unwrap_or_default()
    }

    /// A part that is a number. What is none names nothing: foreign to whoever does not see all.
    fn number(&self) -> Told<u64> {
        match self.part(0).parse() {
            Ok(number) => Ok(number),
            Err(_) => {
                self.caller()?.may(Role::Owner, None)?;
                Err(Refused::Missing)
            }
        }
    }

    fn asked(&self, name: &str) -> Option<&'c str> {
        let found = self.question.query.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// The body as what the route takes; an empty one is an empty object.
    fn body<T: DeserializeOwned>(&self) -> Told<T> {
        let body = if self.question.body.is_empty() { b"{}" } else { self.question.body };
        // A list would be read as the fields in their order.
        if body.trim_ascii_start().first() == Some(&b'[') {
            return Err(Refused::field("", "this is a list; /api/v1/openapi.json says what is taken"));
        }
        serde_json::from_slice(body).map_err(|error| {
            let what =
                if error.is_data() { "a field is unknown, missing or of another kind" } else { "this is not JSON" };
            let (line, column) = (error.line(), error.column());
            Refused::field(
                "",
                format!("{what}, at line {line}, column {column}; /api/v1/openapi.json says what is taken"),
            )
        })
    }

    /// The query as a struct of texts and numbers.
    fn query<T: DeserializeOwned>(&self) -> Told<T> {
        let mut object = serde_json::Map::new();
        for (name, value) in self.question.query.iter().filter(|(_, value)| !value.is_empty()) {
            let number = value.parse::<i64>().ok().filter(|_| NUMBERS.contains(&name.as_str()));
            if number.is_none() && NUMBERS.contains(&name.as_str()) {
                return Err(Refused::field(name, "a whole number"));
            }
            object.insert(name.clone(), number.map_or_else(|| Value::from(value.as_str()), Value::from));
        }
        serde_json::from_value(Value::Object(object)).map_err(|_| {
            Refused::field("", "the query has a name that is not taken here, or a number out of its bounds")
        })
    }
}

/// Names in queries that are numbers.
const NUMBERS: [&str; 6] = ["group", "sender", "user", "since_s", "until_s", "limit"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_its_route_and_its_parts() {
        let (found, parts) = route("POST", "/decisions/17/undo").expect("it is there");
        assert_eq!((found.path, parts), ("/decisions/{number}/undo", vec!["17"]));
        assert_eq!(route("GET", "/decisions/undo").expect("a number").1, vec!["undo"]);
        assert_eq!(route("POST", "/decisions/undo").expect("by rule").0.path, "/decisions/undo");
        assert_eq!(route("DELETE", "/decisions").unwrap_err(), vec!["GET"]);
        assert!(route("GET", "/nothing").unwrap_err().is_empty());
        assert!(route("GET", "/decisions/").unwrap_err().is_empty());
    }

    #[test]
    fn no_route_stands_twice_and_what_is_fixed_stands_before_braces() {
        for (at, one) in ROUTES.iter().enumerate() {
            for other in &ROUTES[at + 1..] {
                assert!((one.method, one.path) != (other.method, other.path), "{one:?} stands twice");
            }
            let (found, _) = route(one.method, one.path).expect("its own path fits");
            assert_eq!(found.path, one.path, "hidden by {found:?}");
        }
    }
}
