//! The pages: views in, markup out.
//!
//! Promises: a page shows what its visitor may see and nothing else, since all of it comes from a desk that checks; it has the
//! same elements whatever strangers wrote; everything on it can be read and every form used without a script; it holds no
//! style and no script of its own, and asks no other host for anything.
//!
//! Never: a write. What a form orders goes to the API.

mod audit;
mod charts;
mod decision;
mod decisions;
mod form;
mod members;
mod now;
mod people;
mod policy;
mod preview;
mod setup;
mod shell;
mod simulator;
mod system;
mod text;
mod usage;
mod waiting;

pub use form::base as field_name;
pub use setup::setup;
pub use shell::{login, refused};

use super::desk::{Desk, Told};
use super::views::*;
use crate::access::{Caller, Role};
use crate::packed::carried_text;
use form::Form;
use std::sync::LazyLock;

/// The style sheet, at `/style.css`; unpacked when it is first asked for.
pub static STYLE: LazyLock<String> = LazyLock::new(|| carried_text!("style.css"));
/// The script, at `/app.js`; as the style sheet.
pub static SCRIPT: LazyLock<String> = LazyLock::new(|| carried_text!("app.js"));
/// The icon, at `/icon.svg`.
pub const ICON: &str = include_str!("../assets/icon.svg");

/// The people who may log in, as far as a caller may see them.
pub trait PeopleDesk {
    /// Everybody. Owners.
    ///
    /// # Errors
    /// As [`super::desk::Refused`] says.
    fn users(&self, caller: &Caller) -> Told<Vec<UserView>>;
    /// The caller's own tokens; everybody's for owners.
    ///
    /// # Errors
    /// As above.
    fn tokens(&self, caller: &Caller) -> Told<Vec<TokenView>>;
}

/// Whoever looks at a page.
#[derive(Clone, Copy, Debug)]
pub struct Visitor<'v> {
    /// As the appliance knows them.
    pub caller: &'v Caller,
    /// The session's proof of origin.
    pub csrf: &'v str,
    /// What to tell them first.
    pub flash: Option<&'v str>,
    /// Seconds since 1970.
    pub now_s: u64,
    /// Whether there is a session to end.
    pub can_log_out: bool,
}

/// What was sent by the form before, and what is wrong with it; all empty when no form was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The API's path of the form.
    pub path: String,
    /// Every field as it came, the hidden ones too, in order.
    pub values: Vec<(String, String)>,
    /// What is wrong, by field as in the API; empty when nothing was refused.
    pub errors: Vec<(String, String)>,
}

impl Typed {
    /// What was typed into a field, the last one of that name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether one of the fields of that name has this value.
    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values.iter().any(|(own, other)| own == name && other == value)
    }
}

/// An answer to an order that is shown at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A message was tried.
    Tried(Box<Trial>, Box<Tried>),
    /// A change was tried.
    Preview(Box<Preview>),
    /// What undoing would do.
    Undone(Undone),
    /// Somebody taught.
    Taught(Taught),
    /// A code, told once.
    Code(NewCode),
    /// A token, told once.
    Token(NewToken),
}

/// A page that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its query, decoded.
    pub query: &'a [(String, String)],
    /// Who asks.
    pub visitor: &'a Visitor<'a>,
    /// What was sent before.
    pub typed: &'a Typed,
    /// What came of it.
    pub outcome: Option<&'a Outcome>,
}

impl<'a> Ask<'a> {
    fn is(&self, role: Role) -> bool {
        self.visitor.caller.role >= role
    }

    const fn now_s(&self) -> u64 {
        self.visitor.now_s
    }

    /// A value of the query; what is empty was not asked.
    fn query(&self, name: &str) -> Option<&'a str> {
        self.query.iter().find(|(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A form of this page.
    fn form(&'a self, method: &'static str, path: &'a str, back: &'a str, id: &'a str) -> Form<'a> {
        Form { csrf: self.visitor.csrf, typed: self.typed, method, path, back, id }
    }
}

/// A path with a query, as a browser wants it.
fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        pairs.append_pair(name, value);
    }
    let pairs = pairs.finish();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
}

/// One segment of a path, of whatever it is made.
fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The page at a path; `None` when there is no such page.
#[must_use]
pub fn page(ask: &Ask<'_>, desk: &dyn Desk, people: &dyn PeopleDesk) -> Option<Told<String>> {
    let told = match ask.path {
        "/" => now::page(ask, desk),
        "/decisions" => decisions::page(ask, desk),
        "/simulator" => simulator::page(ask, desk),
        "/policy" => policy::page(ask, desk),
        "/usage" => usage::page(ask, desk),
        "/waiting" => waiting::page(ask, desk),
        "/system" => system::page(ask, desk),
        "/people" => people::page(ask, desk, people),
        "/audit" => audit::page(ask, desk),
        "/setup" => setup::page(ask, desk),
        other => {
            let mut parts = other.trim_start_matches('/').splitn(3, '/');
            match (parts.next(), parts.next(), parts.next()) {
                (Some("decisions"), Some(number), None) => decision::page(ask, desk, number.parse().ok()?),
                (Some("members"), Some(id), None) => members::page(ask, desk, id.parse().ok()),
                (Some("policy"), Some("tenant"), Some(name)) => policy::scope(ask, desk, Some(name), None),
                (Some("policy"), Some("pack"), Some(id)) => policy::pack(ask, desk, id),
                (Some("policy"), Some("group"), Some(id)) => policy::scope(ask, desk, None, id.parse().ok()),
                _ => return None,
            }
        }
    };
    Some(told)
}
