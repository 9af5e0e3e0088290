//! People: who may log in and what they may do, one's own password, and tokens for programs.
//!
//! Promises: a code or a token is shown once, right after it was made, and never again.
//!
//! Never: a password.

use super::form::{Field, confirm};
use super::shell::{Sheet, sheet};
use super::text::{chip, t, when};
use super::{Ask, Outcome, PeopleDesk, segment};
use crate::access::Role;
use crate::limits;
use crate::web::desk::{Desk, Told};
use crate::web::views::{TokenView, UserView};
use maud::{Markup, html};

/// The roles, with what they may.
const ROLES: [(&str, &str); 3] = [
    ("viewer", "Viewer: sees their tenants, without what people wrote"),
    ("admin", "Admin: looks after their tenants"),
    ("owner", "Owner: everything"),
];

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk, people: &dyn PeopleDesk) -> Told<String> {
    let is_owner = ask.is(Role::Owner);
    let users = if is_owner { people.users(ask.visitor.caller)? } else { Vec::new() };
    let tokens = people.tokens(ask.visitor.caller)?;
    let tenants: Vec<String> = desk.tenants().iter().map(|name| name.as_str().to_owned()).collect();
    let body = html! {
        (once(ask))
        @if is_owner { section aria-labelledby="users" { h2 id="users" { "Who may log in" } (list(ask, &users, &tenants)) } }
        section aria-labelledby="password" { h2 id="password" { "Your password" } (password(ask)) }
        section aria-labelledby="tokens" { h2 id="tokens" { "Tokens for programs" } (tokens_of(ask, &tokens)) }
    };
    Ok(sheet(ask, &Sheet { title: "People", lead: "", live: "" }, &body))
}

/// What is told once.
fn once(ask: &Ask<'_>) -> Markup {
    let (title, words, secret, until_s) = match ask.outcome {
        Some(Outcome::Code(code)) => (
            format!("One-time code for {}", code.name),
            "Give it to them in person or in a private message. They enter it under \"I have a one-time code\" and choose a password.",
            &code.code,
            code.until_s,
        ),
        Some(Outcome::Token(token)) => (
            format!("Token \"{}\"", token.token.name),
            "Programs send it as \"Authorization: Bearer\" and the token. Keep it like a password.",
            &token.secret,
            token.token.until_s,
        ),
        _ => return html! {},
    };
    html! {
        div class="note" data-kind="good" role="status" id="result" {
            h2 { (t(&title)) }
            p class="secret" { code id="secret" { (secret) } " " button type="button" class="quiet small" data-copy="secret" hidden { "Copy" } }
            p { (words) }
            p { strong { "It is shown this once." } " It expires " (when(until_s, ask.now_s())) "." }
        }
    }
}

fn roles() -> Vec<(String, String)> {
    ROLES.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn list(ask: &Ask<'_>, users: &[UserView], tenants: &[String]) -> Markup {
    let add = ask.form("POST", "/api/v1/users", "/people", "add");
    html! {
        ul class="rows" { @for (at, user) in users.iter().take(limits::PAGE_ROWS_MAX).enumerate() { (one(ask, user, tenants, at)) } }
        details class="card" open[add.is_typed() && !ask.typed.errors.is_empty()] {
            summary { "Add somebody" }
            (add.show(&html! {
                (add.input(&Field { name: "name", label: "Name", hint: "Letters, digits, dots and dashes.", kind: "text", ..Field::default() }))
                (add.choose("role", "May be", "", &roles(), "admin"))
                (add.checks("tenants[]", "Tenants (owners see all)", tenants, &[]))
                (add.button("Add, and make a one-time code"))
            }))
        }
    }
}

fn one(ask: &Ask<'_>, user: &UserView, tenants: &[String], at: usize) -> Markup {
    let path = format!("/api/v1/users/{}", segment(&user.name));
    let (code_path, edit, code, gone) =
        (format!("{path}/code"), format!("user{at}"), format!("code{at}"), format!("gone{at}"));
    let change = ask.form("PUT", &path, "/people", &edit);
    let is_self = user.name == ask.visitor.caller.name;
    html! {
        li class="row" {
            div class="between" {
                span { strong { (t(&user.name)) } @if is_self { " (you)" } " " (chip("calm", &user.role)) @if !user.has_password { " " (chip("warn", "has not logged in yet")) } }
                span class="soft" { "since " (when(user.since_s, ask.now_s())) @if user.sessions > 0 { ", logged in now" } }
            }
            p class="soft" { @if user.role == "owner" { "All tenants" } @else if user.tenants.is_empty() { "No tenant, so nothing to see yet" } @else { "Tenants: " (t(&user.tenants.join(", "))) } }
            div class="buttons" {
                details open[change.is_typed() && !ask.typed.errors.is_empty()] {
                    summary { "Change" span class="unseen" { " " (user.name) } }
                    (change.show(&html! {
                        (change.choose("role", "May be", "", &roles(), &user.role))
                        (change.checks("tenants[]", "Tenants (owners see all)", tenants, &user.tenants))
                        (change.button("Save"))
                    }))
                }
                (ask.form("POST", &code_path, "/people", &code).only("quiet", "New one-time code", &[]))
                @if !is_self {
                    (confirm("Remove", "They are logged out at once, and their tokens stop working.", &ask.form("DELETE", &path, "/people", &gone).only("danger", "Remove them", &[])))
                }
            }
        }
    }
}

fn password(ask: &Ask<'_>) -> Markup {
    let form = ask.form("PUT", "/api/v1/session/password", "/people", "password");
    html! {
        details open[form.is_typed() && !ask.typed.errors.is_empty()] {
            summary { "Change your password" }
            (form.show(&html! {
                (form.input(&Field { name: "old", label: "Password until now", kind: "password", complete: "current-password", ..Field::default() }))
                (form.input(&Field { name: "new", label: "New password", hint: "At least 10 characters. A few words in a row are good.", kind: "password", complete: "new-password", ..Field::default() }))
                (form.button("Change it"))
            }))
        }
    }
}

fn tokens_of(ask: &Ask<'_>, tokens: &[TokenView]) -> Markup {
    let form = ask.form("POST", "/api/v1/tokens", "/people", "token");
    let own: Vec<(String, String)> = ROLES
        .iter()
        .zip(Role::ALL)
        .filter(|(_, role)| ask.is(*role))
        .map(|((a, b), _)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    html! {
        @if tokens.is_empty() { p class="soft" { "None. You need one only for a program that is to ask the appliance something." } }
        ul class="rows" { @for (at, token) in tokens.iter().take(limits::PAGE_ROWS_MAX).enumerate() {
            @let path = format!("/api/v1/tokens/{}", segment(&token.id));
            @let id = format!("revoke{at}");
            li class="row" {
                div class="between" {
                    span { strong { (t(&token.name)) } " of " (t(&token.user)) " " (chip("calm", &token.role)) @if token.until_s <= ask.now_s() { " " (chip("bad", "expired")) } }
                    span class="soft" { (if token.until_s <= ask.now_s() { "expired " } else { "expires " }) (when(token.until_s, ask.now_s())) }
                }
                (confirm("Revoke", "Programs that use it are refused from now on.", &ask.form("DELETE", &path, "/people", &id).only("danger", "Revoke it", &[])))
            }
        } }
        details open[form.is_typed() && !ask.typed.errors.is_empty()] {
            summary { "Make a token" }
            (form.show(&html! {
                div class="grid" {
                    (form.input(&Field { name: "name", label: "What for", kind: "text", ..Field::default() }))
                    (form.choose("role", "May at most be", "", &own, "viewer"))
                    (form.input(&Field { name: "days:n", label: "Days until it expires", hint: "1 to 365.", value: "90", kind: "number", max: Some(365), ..Field::default() }))
                }
                (form.button("Make it"))
            }))
        }
    }
}
