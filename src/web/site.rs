//! Which address gives what: pages, forms, the API, and what machines ask.
//!
//! Promises: nothing but logging in, setting up and the state of health is told to whoever is not logged in; a write needs a
//! session with its proof of origin, or a token; a refusal on a form keeps what was typed.
//!
//! Never: HTTP itself. A request is a value, and so is its answer.

use super::api::{self, Content, House, Question, Reply, Session};
use super::desk::{Desk, Refused, Told};
use super::form::{Sent, way_back};
use super::pages::{self, Ask, Outcome, PeopleDesk, Typed};
use super::people::{People, Visitor};
use super::views::{TokenView, UserView};
use super::{api::Repeats, metrics};
use crate::access::{Caller, password};
use std::path::PathBuf;
use std::sync::Arc;

/// A request, as the front lets it through.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query as it came.
    pub query: String,
    /// The body.
    pub body: Vec<u8>,
    /// The `Cookie` header.
    pub cookie: String,
    /// The `Authorization` header.
    pub authorization: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The `X-CSRF-Token` header.
    pub csrf: String,
    /// The `Idempotency-Key` header.
    pub key: Option<String>,
    /// The client's address.
    pub client: String,
    /// Whether it came through TLS.
    pub is_secure: bool,
}

/// What an answer holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Text of a kind.
    Text(&'static str, String),
    /// What comes with the program, and may be kept by the browser.
    Asset(&'static str, &'static [u8]),
    /// A file of the data folder, and the name to save it by.
    File(PathBuf, String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What it holds.
    pub body: Body,
    /// Headers besides those of every answer.
    pub headers: Vec<(&'static str, String)>,
}

/// The kind of a problem document.
pub(super) const PROBLEM: &str = "application/problem+json";
const HTML: &str = "text/html; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

impl Answer {
    const fn new(status: u16, body: Body) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    fn html(status: u16, html: String) -> Self {
        Self::new(status, Body::Text(HTML, html))
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// To another of our pages.
    fn to(path: &str) -> Self {
        Self::new(303, Body::Text(PLAIN, String::new())).with("Location", path)
    }
}

/// The page: the desk, who may come in, and what was answered of late.
#[derive(Debug)]
pub struct Site {
    desk: Arc<dyn Desk>,
    people: People,
    repeats: Repeats,
}

impl std::fmt::Debug for dyn Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl PeopleDesk for People {
    fn users(&self, caller: &Caller) -> Told<Vec<UserView>> {
        Self::users(self, caller)
    }

    fn tokens(&self, caller: &Caller) -> Told<Vec<TokenView>> {
        Self::tokens(self, caller)
    }
}

impl Site {
    /// The page over a desk.
    ///
    /// # Errors
    /// When those who may log in cannot be read.
    pub fn new(desk: Arc<dyn Desk>) -> Told<Self> {
        let people = People::new(desk.as_ref())?;
        Ok(Self { desk, people, repeats: Repeats::default() })
    }

    /// Who may come in.
    #[must_use]
    pub const fn people(&self) -> &People {
        &self.people
    }

    /// The desk.
    #[must_use]
    pub fn desk(&self) -> &dyn Desk {
        self.desk.as_ref()
    }

    fn house(&self) -> House<'_> {
        House { desk: self.desk.as_ref(), people: &self.people, repeats: &self.repeats }
    }

    /// Answers a question of the terminal, whose caller owns the data folder.
    #[must_use]
    pub fn terminal(&self, question: &Question<'_>) -> Reply {
        let visitor = Visitor { caller: Caller::terminal(), session: None, csrf: String::new() };
        api::answer(self.house(), question, Some(&visitor))
    }

    /// Answers a request.
    #[must_use]
    pub fn answer(&self, asked: &Asked) -> Answer {
        self.desk.counters().http_requests.one();
        let reads = matches!(asked.method.as_str(), "GET" | "HEAD");
        if reads && let Some(answer) = self.machine(asked) {
            return answer;
        }
        let visitor = self.visitor(asked);
        if asked.path.starts_with("/api/") {
            return self.api(asked, visitor.as_ref());
        }
        match (asked.path.as_str(), reads) {
            ("/form", false) => self.form(asked, visitor.as_ref()),
            (_, true) => {
                let query: Vec<(String, String)> =
                    url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect();
                self.page(&asked.path, &query, visitor.as_ref(), &Typed::default(), None, 200)
            }
            _ => self.refused(405, &Refused::Unable("this address is only for reading".to_owned()), visitor.as_ref()),
        }
    }

    /// Assets, and what programs ask: no session is looked for.
    fn machine(&self, asked: &Asked) -> Option<Answer> {
        let asset = |kind, text: &'static str| {
            let answer = Answer::new(200, Body::Asset(kind, text.as_bytes()));
            // The address changes with the content.
            let kept = if asked.query.is_empty() { "no-cache" } else { "public, max-age=31536000, immutable" };
            answer.with("Cache-Control", kept)
        };
        Some(match asked.path.as_str() {
            "/style.css" => asset("text/css; charset=utf-8", pages::STYLE.as_str()),
            "/app.js" => asset("text/javascript; charset=utf-8", pages::SCRIPT.as_str()),
            "/icon.svg" => asset("image/svg+xml", pages::ICON),
            "/healthz" => Answer::new(200, Body::Text(PLAIN, "alive\n".to_owned())),
            "/readyz" => {
                let readiness = self.desk.readiness();
                let mut text = String::new();
                for part in &readiness.parts {
                    let state = part.failing.as_deref().unwrap_or("ok");
                    text.push_str(&format!("{}: {}\n", part.name, state.escape_debug()));
                }
                Answer::new(if readiness.is_ready() { 200 } else { 503 }, Body::Text(PLAIN, text))
            }
            "/metrics" => {
                let is_near = asked.client.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
                if !is_near && self.visitor(asked).is_none() {
                    let refused = api::problem(&Refused::Denied, false);
                    return Some(self.reply(asked, refused));
                }
                let text = metrics::text(self.desk.counters(), &self.desk.budgets());
                Answer::new(200, Body::Text(metrics::CONTENT_TYPE, text))
            }
            _ => return None,
        })
    }

    fn visitor(&self, asked: &Asked) -> Option<Visitor> {
        if let Some(secret) = asked.authorization.strip_prefix("Bearer ") {
            return self.people.by_token(self.desk.as_ref(), secret.trim());
        }
        let name = cookie_name(asked.is_secure);
        let mut cookies = asked.cookie.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        let secret = cookies.find(|(known, _)| *known == name)?.1;
        self.people.by_cookie(self.desk.as_ref(), secret)
    }

    fn question<'a>(&self, asked: &'a Asked, path: &'a str, method: &'a str, body: &'a [u8]) -> Question<'a> {
        Question {
            method,
            path,
            query: Vec::new(),
            body,
            client: &asked.client,
            authorization: &asked.authorization,
            key: None,
        }
    }

    fn api(&self, asked: &Asked, visitor: Option<&Visitor>) -> Answer {
        let reads = matches!(asked.method.as_str(), "GET" | "HEAD");
        if !reads {
            let is_json = asked.content_type.split(';').next().is_some_and(|kind| kind.trim() == "application/json");
            if !asked.body.is_empty() && !is_json {
                let mut refused = api::problem(&Refused::field("Content-Type", "application/json"), true);
                refused.status = 415;
                return self.reply(asked, refused);
            }
            if visitor.is_some_and(|visitor| visitor.session.is_some() && !is_proof(&visitor.csrf, &asked.csrf)) {
                return self.reply(asked, api::problem(&Refused::Denied, true));
            }
        }
        let mut question = self.question(asked, &asked.path, &asked.method, &asked.body);
        question.query = url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect();
        question.key = asked.key.as_deref();
        let reply = api::answer(self.house(), &question, visitor);
        self.reply(asked, reply)
    }

    fn reply(&self, asked: &Asked, reply: Reply) -> Answer {
        let kind = if reply.status >= 400 { PROBLEM } else { "application/json" };
        let body = match reply.content {
            Content::Nothing => Body::Text(kind, String::new()),
            Content::Json(text) => Body::Text(kind, text),
            Content::File(path, name) => Body::File(path, name),
        };
        let mut answer = cookie(Answer::new(reply.status, body), &reply.session, asked.is_secure);
        if let Some(seconds) = reply.retry_s {
            answer = answer.with("Retry-After", seconds.to_string());
        }
        if reply.status == 401 {
            answer = answer.with("WWW-Authenticate", "Bearer");
        }
        answer
    }

    /// A form: a question to the API, and a page as its answer.
    fn form(&self, asked: &Asked, visitor: Option<&Visitor>) -> Answer {
        let sent = Sent::read(&asked.body);
        if let Some(visitor) = visitor
            && !(visitor.session.is_some() && is_proof(&visitor.csrf, &sent.csrf))
        {
            let words = "this page was open for too long, or came from elsewhere; go back, load it again and repeat";
            return self.refused(403, &Refused::Conflict(words.to_owned()), Some(visitor));
        }
        let (path, query) = sent.order();
        let body = sent.json();
        let mut question = self.question(asked, path, &sent.method, &body);
        question.query = query;
        let reply = api::answer(self.house(), &question, visitor);
        if reply.status >= 400 {
            return self.form_refused(asked, visitor, &sent, &reply);
        }
        let (back_path, back_query) = split(&sent.back);
        if let Some(outcome) = &reply.outcome {
            let typed = Typed { path: path.to_owned(), values: sent.fields.clone(), errors: Vec::new() };
            return self.page(&back_path, &back_query, visitor, &typed, Some(outcome), 200);
        }
        if let (Some(visitor), Session::Same) = (visitor, &reply.session)
            && !reply.words.is_empty()
        {
            self.people.flash(self.desk.as_ref(), visitor, &reply.words);
        }
        let back = if reply.session == Session::Ended { "/login" } else { &sent.back };
        cookie(Answer::to(back), &reply.session, asked.is_secure)
    }

    /// The form's page again, with what was typed and what is wrong with it.
    fn form_refused(&self, asked: &Asked, visitor: Option<&Visitor>, sent: &Sent, reply: &Reply) -> Answer {
        let told: serde_json::Value = match &reply.content {
            Content::Json(text) => serde_json::from_str(text).unwrap_or_default(),
            Content::Nothing | Content::File(..) => serde_json::Value::Null,
        };
        let text =
            |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let fields = told.get("errors").and_then(|errors| errors.as_array()).cloned().unwrap_or_default();
        let mut errors: Vec<(String, String)> =
            fields.iter().map(|error| (text(error.get("field")), text(error.get("detail")))).collect();
        if errors.is_empty() {
            errors.push((String::new(), text(told.get("detail"))));
        }
        // Whoever is not in yet stays at the door, with the page that was wanted.
        let is_entering = matches!(sent.order().0, "/api/v1/session" | "/api/v1/session/code");
        let (path, query) = if visitor.is_none() && is_entering {
            ("/login".to_owned(), vec![("back".to_owned(), sent.back.clone())])
        } else {
            split(&sent.back)
        };
        let typed = Typed { path: sent.order().0.to_owned(), values: sent.fields.clone(), errors };
        if reply.status == 401 && !matches!(path.as_str(), "/login" | "/setup") {
            return Answer::to(&login_address(&sent.back));
        }
        let mut answer = self.page(&path, &query, visitor, &typed, None, reply.status);
        if let Some(seconds) = reply.retry_s {
            answer = answer.with("Retry-After", seconds.to_string());
        }
        cookie(answer, &Session::Same, asked.is_secure)
    }

    fn page(
        &self,
        path: &str,
        query: &[(String, String)],
        visitor: Option<&Visitor>,
        typed: &Typed,
        outcome: Option<&Outcome>,
        status: u16,
    ) -> Answer {
        let named = |name: &str| query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
        let Some(visitor) = visitor else {
            let is_new = self.people.first_code().is_some();
            return match path {
                "/setup" if is_new => {
                    let setup = pages::setup(typed, &self.people.strangers_setup(self.desk.as_ref()), named("code"));
                    Answer::html(status, setup)
                }
                "/login" if !is_new => {
                    let html =
                        pages::login(typed, &self.people.strangers_setup(self.desk.as_ref()), &way_back(named("back")));
                    Answer::html(status, html)
                }
                _ if is_new => Answer::to("/setup"),
                _ => Answer::to(&login_address(&with_query(path, query))),
            };
        };
        if path == "/login" {
            return Answer::to(&way_back(named("back")));
        }
        let flash = self.people.take_flash(self.desk.as_ref(), visitor);
        let shown = pages::Visitor {
            caller: &visitor.caller,
            csrf: &visitor.csrf,
            flash: flash.as_deref(),
            now_s: self.desk.now_s(),
            can_log_out: visitor.session.is_some(),
        };
        let ask = Ask { path, query, visitor: &shown, typed, outcome };
        match pages::page(&ask, self.desk.as_ref(), &self.people) {
            Some(Ok(html)) => Answer::html(status, html),
            Some(Err(refused)) => self.refused(status_of(&refused), &refused, Some(visitor)),
            None => self.refused(404, &Refused::Missing, Some(visitor)),
        }
    }

    fn refused(&self, status: u16, refused: &Refused, visitor: Option<&Visitor>) -> Answer {
        let shown = visitor.map(|visitor| pages::Visitor {
            caller: &visitor.caller,
            csrf: &visitor.csrf,
            flash: None,
            now_s: self.desk.now_s(),
            can_log_out: visitor.session.is_some(),
        });
        Answer::html(status, pages::refused(status, refused, shown.as_ref()))
    }
}

const fn status_of(refused: &Refused) -> u16 {
    match refused {
        Refused::Denied => 403,
        Refused::Missing => 404,
        Refused::Wrong(_) => 422,
        Refused::Conflict(_) => 409,
        Refused::Busy(..) => 429,
        Refused::Unable(_) => 503,
    }
}

/// Whether what came along is the session's own proof. An empty one is none.
fn is_proof(own: &str, given: &str) -> bool {
    !own.is_empty() && password::is_same(own.as_bytes(), given.as_bytes())
}

const fn cookie_name(is_secure: bool) -> &'static str {
    // The prefix makes browsers hold the cookie to this host and to TLS.
    if is_secure { "__Host-aegis" } else { "aegis" }
}

fn cookie(answer: Answer, session: &Session, is_secure: bool) -> Answer {
    let name = cookie_name(is_secure);
    let secure = if is_secure { "; Secure" } else { "" };
    let (value, age_s) = match session {
        Session::Same => return answer,
        Session::Open(secret) => (secret.as_str(), crate::limits::SESSION_MS_MAX / 1_000),
        Session::Ended => ("", 0),
    };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}");
    answer.with("Set-Cookie", cookie)
}

fn split(address: &str) -> (String, Vec<(String, String)>) {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    (path.to_owned(), url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

fn with_query(path: &str, query: &[(String, String)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{query}")
}

fn login_address(back: &str) -> String {
    match way_back(back).as_str() {
        "/" | "/login" => "/login".to_owned(),
        back => {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("back", back).finish();
            format!("/login?{query}")
        }
    }
}
