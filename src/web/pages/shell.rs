//! What stands around every page: its head, the menu, and what happened to the order before. And the pages of those who
//! are not in yet or may not see what they asked for.
//!
//! Promises: every page leaves through [`finish`], which cleans it; the menu shows only what the role may use.
//!
//! Never: a reason why somebody is not let in.

use super::form::{self, Field, Form};
use super::text::{clean, t};
use super::{Ask, Typed, Visitor};
use crate::access::Role;
use crate::web::desk::Refused;
use crate::web::views::Setup;
use maud::{DOCTYPE, Markup, html};

/// The menu: where, what, and for whom.
const MENU: [(&str, &str, Role); 9] = [
    ("/", "Now", Role::Viewer),
    ("/decisions", "Decisions", Role::Viewer),
    ("/simulator", "Simulator", Role::Admin),
    ("/policy", "Policy", Role::Viewer),
    ("/usage", "Usage", Role::Viewer),
    ("/waiting", "Waiting", Role::Viewer),
    ("/system", "System", Role::Owner),
    ("/people", "People", Role::Viewer),
    ("/audit", "Audit log", Role::Admin),
];

/// A page before it has its shell.
pub struct Sheet<'s> {
    /// Its title and headline.
    pub title: &'s str,
    /// What it is for, in a sentence; empty for none.
    pub lead: &'s str,
    /// What the script keeps live: `numbers` or `rehearsal`; empty for nothing.
    pub live: &'s str,
}

/// A page whole.
pub fn finish(title: &str, typed: Option<&Typed>, body: &Markup) -> String {
    let is_wrong = typed.is_some_and(|typed| !typed.errors.is_empty());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { @if is_wrong { "Not done yet: " } (title) " - Aegis" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
                script src="/app.js" defer {}
            }
            (body)
        }
    };
    clean(&page.into_string())
}

/// A page for somebody who is in.
pub fn sheet(ask: &Ask<'_>, sheet: &Sheet<'_>, body: &Markup) -> String {
    let live = Some(sheet.live).filter(|live| !live.is_empty());
    let body = html! {
        body data-live-page=[live] {
            (top(Some(ask.visitor), ask.path))
            main id="main" tabindex="-1" {
                h1 { (sheet.title) }
                @if !sheet.lead.is_empty() { p class="lead" { (sheet.lead) } }
                @if let Some(flash) = ask.visitor.flash { p class="note" data-kind="good" role="status" { (flash) } }
                (form::summary(ask.typed))
                (body)
            }
        }
    };
    finish(sheet.title, Some(ask.typed), &body)
}

/// The bar above, and the menu.
fn top(visitor: Option<&Visitor<'_>>, path: &str) -> Markup {
    let nothing = Typed::default();
    html! {
        a class="skip" href="#main" { "Skip to the page" }
        header class="top" {
            a class="brand" href="/" { img src="/icon.svg" alt="" width="28" height="28"; "Aegis" }
            @if let Some(visitor) = visitor {
                div class="who" {
                    span { (t(&visitor.caller.name)) " " span class="soft" { "(" (visitor.caller.role.word()) ")" } }
                    @if visitor.can_log_out {
                        (Form { csrf: visitor.csrf, typed: &nothing, method: "DELETE", path: "/api/v1/session", back: "/", id: "out" }
                            .only("quiet", "Log out", &[]))
                    }
                }
            }
        }
        @if let Some(visitor) = visitor {
            nav aria-label="Pages" { ul {
                @for (at, label, role) in MENU {
                    @if visitor.caller.role >= role {
                        @let is_here = path == at || (at != "/" && path.starts_with(at));
                        li { a href=(at) aria-current=[is_here.then_some("page")] { (label) } }
                    }
                }
            } }
        }
    }
}

/// A page for somebody who is not in yet: one column, nothing around it.
pub fn door(title: &str, typed: &Typed, body: &Markup) -> String {
    finish(
        title,
        Some(typed),
        &html! {
            body class="door" {
                (top(None, ""))
                main id="main" tabindex="-1" { h1 { (title) } (form::summary(typed)) (body) }
            }
        },
    )
}

/// The page to log in, and to choose a password with a one-time code. `back` is where to go then.
#[must_use]
pub fn login(typed: &Typed, setup: &Setup, back: &str) -> String {
    let enter = Form { csrf: "", typed, method: "POST", path: "/api/v1/session", back, id: "login" };
    let code = Form { csrf: "", typed, method: "POST", path: "/api/v1/session/code", back, id: "code" };
    let name = Field { name: "name", label: "Name", kind: "text", complete: "username", ..Field::default() };
    door(
        "Log in",
        typed,
        &html! {
            @if setup.step != "done" && setup.step != "owner" {
                p class="lead" { "Setting up is not finished: log in to go on where you left off." }
            }
            section { (enter.show(&html! {
                (enter.input(&name))
                (enter.input(&Field { name: "password", label: "Password", kind: "password", complete: "current-password", ..Field::default() }))
                (enter.button("Log in"))
            })) }
            details class="card" open[code.is_typed()] {
                summary { "I have a one-time code" }
                p { "An owner gives you one when you are new, or when you forgot your password. It works once." }
                (code.show(&html! {
                    (code.input(&name))
                    (code.input(&Field { name: "code", label: "One-time code", kind: "text", complete: "one-time-code", ..Field::default() }))
                    (code.input(&Field { name: "password", label: "New password", hint: "At least 10 characters. A few words in a row are good.", kind: "password", complete: "new-password", ..Field::default() }))
                    (code.button("Set the password and log in"))
                }))
            }
            p class="soft" { "Forgot everything? Whoever can open the data folder on the machine itself can make a new code there, with " code { "aegis api POST /users/NAME/code" } "." }
        },
    )
}

/// The page for what is refused, with a way back.
#[must_use]
pub fn refused(status: u16, refused: &Refused, visitor: Option<&Visitor<'_>>) -> String {
    let (title, words) = match status {
        403 => ("This is not yours", "You may not see or change this. If you think you should, ask an owner."),
        404 => ("There is no such page", "What you look for is not here, or no longer."),
        409 => ("It does not fit any more", "Something changed in the meantime. Go back and look again."),
        422 => ("Something is wrong with that", "Nothing was changed. Go back and mend it."),
        429 => ("Too fast", "Nothing was changed. Wait a little and try again."),
        503 => ("Not now", "The appliance cannot do that at the moment. Nothing was changed."),
        _ => ("That did not work", "Nothing was changed."),
    };
    let more = match refused {
        Refused::Denied | Refused::Missing => Vec::new(),
        Refused::Wrong(fields) => fields.iter().map(|(_, words)| words.clone()).collect(),
        Refused::Conflict(words) | Refused::Unable(words) => vec![words.clone()],
        Refused::Busy(words, seconds) => vec![words.clone(), format!("Try again in {}.", super::text::span(*seconds))],
    };
    finish(
        title,
        None,
        &html! {
            body class=[visitor.is_none().then_some("door")] {
                (top(visitor, ""))
                main id="main" tabindex="-1" {
                    h1 { (title) }
                    section {
                        p { (words) }
                        @for more in &more { p { (t(more)) } }
                        p { a href="/" { "To the start page" } }
                    }
                }
            }
        },
    )
}
