//! Setting up: what is done, what is next, and nothing else.
//!
//! Promises: one form a step; what Telegram has to be told is written out; groups and verdicts appear by themselves.
//!
//! Never: a default password. The code that begins it all is printed where the appliance was started.

use super::form::{Field, Form};
use super::now::rights;
use super::shell::{Sheet, door, sheet};
use super::text::{chip, group, t};
use super::{Ask, Typed};
use crate::access::Role;
use crate::web::desk::{Desk, Told};
use crate::web::views::{BotView, DecisionQuery, DecisionRow, GroupState, GroupView, Setup};
use maud::{Markup, html};

/// The steps, in order: the word, and in words.
const STEPS: [(&str, &str); 4] = [
    ("owner", "Choose a password"),
    ("token", "Connect your bot"),
    ("group", "Add it to a group"),
    ("rehearsal", "Watch, then enforce"),
];
/// Verdicts that the rehearsal shows.
const SHOWN: usize = 5;

/// The page before anybody can log in. `code` is what stood in the printed address; empty when nothing did.
#[must_use]
pub fn setup(typed: &Typed, setup: &Setup, code: &str) -> String {
    let form = Form { csrf: "", typed, method: "POST", path: "/api/v1/setup/owner", back: "/setup", id: "owner" };
    door(
        "Welcome to Aegis",
        typed,
        &html! {
            p class="lead" { "Three minutes, four steps. First, this appliance becomes yours." }
            (steps(setup))
            section { (form.show(&html! {
                (form.input(&Field { name: "code", label: "Code", hint: "It was printed where the appliance was started, and stands in its log.", value: code, kind: "text", complete: "one-time-code", ..Field::default() }))
                (form.input(&Field { name: "name", label: "Your name here", hint: "To log in with, such as kim.", kind: "text", complete: "username", ..Field::default() }))
                (form.input(&Field { name: "password", label: "Password", hint: "At least 10 characters. A few words in a row are good.", kind: "password", complete: "new-password", ..Field::default() }))
                (form.button("Begin"))
            })) }
        },
    )
}

fn steps(setup: &Setup) -> Markup {
    html! {
        ol class="walk" { @for (word, words) in STEPS {
            @let is_done = setup.step == "done" || setup.done.iter().any(|done| done == word);
            @let is_next = !is_done && setup.step == word;
            li data-kind=(if is_done { "done" } else if is_next { "next" } else { "later" }) aria-current=[is_next.then_some("step")] {
                (words) span class="unseen" { @if is_done { " (done)" } @else if is_next { " (now)" } @else { " (later)" } }
            }
        } }
    }
}

/// The page for an owner.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    ask.visitor.caller.is_at_least(Role::Owner)?;
    let setup = desk.setup();
    let (groups, last) = match setup.step.as_str() {
        "owner" | "token" => (Vec::new(), Vec::new()),
        _ => {
            let query = DecisionQuery { limit: Some(SHOWN), ..DecisionQuery::default() };
            (desk.overview(ask.visitor.caller)?.groups, desk.decisions(ask.visitor.caller, &query)?.items)
        }
    };
    let body = html! {
        div data-fragment="setup" {
            (steps(&setup))
            @match setup.step.as_str() {
                "owner" | "token" => (token(ask)),
                "group" => (add(setup.bot.as_ref(), &groups)),
                "rehearsal" => (rehearsal(ask, &groups, &last)),
                _ => (done(&groups)),
            }
            @if !setup.checks.is_empty() {
                section aria-labelledby="checks" { h2 id="checks" { "This machine" } (super::system::checks(&setup.checks)) }
            }
        }
        p id="live" class="live soft" role="status" {}
    };
    let live = if setup.step == "token" || setup.step == "owner" { "" } else { "setup" };
    Ok(sheet(ask, &Sheet { title: "Setting up", lead: "", live }, &body))
}

fn token(ask: &Ask<'_>) -> Markup {
    let form = ask.form("POST", "/api/v1/setup/token", "/setup", "token");
    html! {
        section aria-labelledby="token" {
            h2 id="token" { "Connect your bot" }
            ol class="steps" {
                li { "In Telegram, open " a href="https://t.me/BotFather" rel="noreferrer" { "@BotFather" } " and send " code { "/newbot" } "." }
                li { "Give your bot a name, and a user name that ends in " code { "bot" } "." }
                li { "BotFather answers with a token: a number, a colon and many letters. Copy it here." }
            }
            (form.show(&html! {
                (form.input(&Field { name: "token", label: "Token", hint: "It stays on this machine. Whoever has it can speak as your bot.", kind: "password", complete: "off", ..Field::default() }))
                (form.button("Connect"))
            }))
        }
    }
}

fn add(bot: Option<&BotView>, groups: &[GroupView]) -> Markup {
    // Telegram's names are letters, digits and underscores; whatever else is told does not get into an address.
    let name: String =
        bot.map_or("", |bot| &bot.username).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let link = format!("https://t.me/{name}?startgroup&admin=delete_messages+restrict_members");
    html! {
        section aria-labelledby="add" {
            h2 id="add" { "Add your bot to a group" }
            @if let Some(bot) = bot { p { (chip("good", "connected")) " " (t(&bot.name)) " (@" (t(&bot.username)) ")" } }
            p { a class="button" href=(link) rel="noreferrer" { "Open Telegram and choose a group" } }
            p { "Telegram then asks you to make the bot an administrator. Leave " strong { "Delete messages" } " and " strong { "Ban users" } " on; it needs nothing else." }
            details {
                summary { "By hand instead" }
                ol class="steps" {
                    li { "Open the group in Telegram, tap its name, then Add, and choose your bot." }
                    li { "Tap Edit, Administrators, Add administrator, and choose your bot." }
                    li { "Turn on Delete messages and Ban users, and save." }
                }
            }
            @if let Some(bot) = bot {
                @if bot.joins_groups == Some(false) { p { (chip("bad", "cannot join groups")) " Send BotFather " code { "/setjoingroups" } ", choose the bot, and Enable." } }
                @if bot.reads_all == Some(false) { p class="hint" { "The bot's privacy mode is on: it reads everything only as an administrator. That is what the step above makes it." } }
            }
            @if groups.is_empty() { p class="wait" { "Waiting for the first message in a group. Write something there: it appears here by itself." } }
            (seen(groups))
        }
    }
}

fn seen(groups: &[GroupView]) -> Markup {
    let more = groups.len().saturating_sub(SHOWN);
    html! { ul class="cards" { @for one in groups.iter().take(SHOWN) {
        li class="card" {
            div class="between" { h3 { (group(&one.title, one.id)) } (chip(if one.state == GroupState::Connected { "good" } else { "warn" }, one.state.label())) }
            @if !one.why.is_empty() { p { (t(&one.why)) } }
            (rights(&one.rights))
        }
    } }
    @if more > 0 { p class="soft" { "And " (more) " more, on " a href="/" { "Now" } "." } }
    }
}

fn rehearsal(ask: &Ask<'_>, groups: &[GroupView], last: &[DecisionRow]) -> Markup {
    let form = ask.form("POST", "/api/v1/policy", "/setup", "enforce");
    let messages = groups.iter().map(|one| one.messages).sum::<u64>();
    html! {
        section aria-labelledby="rehearsal" {
            h2 id="rehearsal" { "A rehearsal on your own group" }
            p { "The appliance now judges every message and does " strong { "nothing" } " in the group. Here you see what it would have done. Watch as long as you like." }
            (seen(groups))
            p { strong { (super::text::count(messages, "message")) } " judged so far." }
            @if last.is_empty() { p class="wait" { "Nothing was blocked or doubted yet. That is how it should be in a quiet group." } }
            ul class="rows" { @for row in last { (super::decisions::line(row, ask.now_s())) } }
        }
        section aria-labelledby="enforce" {
            h2 id="enforce" { "Ready?" }
            p { "From then on, messages that are blocked are deleted, and their senders muted or banned as the rules say. You can go back to recording at any time, in Policy." }
            (form.show(&html! { (form.hidden("tenant", "default")) (form.hidden("mode", "enforce")) (form.hidden("note", "set up")) (form.button("Enforce")) }))
            p { a href="/" { "Not yet: go on watching" } }
        }
    }
}

fn done(groups: &[GroupView]) -> Markup {
    html! {
        div class="state" data-kind="good" { p class="big" { "All set" } p { "The appliance looks after your groups. It needs nothing from you until something waits for you." } p { a class="button" href="/" { "See how it goes" } } }
        section aria-labelledby="groups" { h2 id="groups" { "Your groups" } (seen(groups)) }
    }
}
