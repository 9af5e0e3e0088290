//! The simulator: what would come of a message, without anything coming of it.
//!
//! Promises: the same judgement as the appliance's; with a script the answer follows the typing, without one the button asks.
//!
//! Never: an effect.

use super::charts::scale;
use super::decision::{findings, readings, text};
use super::decisions::name_of;
use super::form::Field;
use super::shell::{Sheet, sheet};
use super::text::{chip, chip_of, n, outcome, t};
use super::{Ask, Outcome};
use crate::access::Role;
use crate::limits;
use crate::tenant::TenantName;
use crate::web::desk::{Desk, Told};
use crate::web::views::Tried;
use maud::{Markup, html};

/// Kinds of senders: the API's word, and in words.
const SENDERS: [(&str, &str); 7] = [
    ("member", "A member"),
    ("new", "Somebody who just joined"),
    ("trusted", "A trusted member"),
    ("bot", "A bot"),
    ("channel", "A channel"),
    ("anonymous_admin", "An administrator, anonymous"),
    ("linked_channel", "The group's own channel"),
];
/// What a message carries: the API's word, and in words.
const MEDIA: [(&str, &str); 9] = [
    ("", "Nothing but text"),
    ("photo", "A picture"),
    ("video", "A video"),
    ("audio", "A voice message or music"),
    ("document", "A file"),
    ("sticker", "A sticker"),
    ("poll", "A poll"),
    ("contact", "A contact"),
    ("other", "Something else"),
];

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    ask.visitor.caller.is_at_least(Role::Admin)?;
    let groups = desk.overview(ask.visitor.caller)?.groups;
    let form = ask.form("POST", "/api/v1/simulate", "/simulator", "try");
    // Not offered to whoever would be refused it.
    let is_theirs = ask.visitor.caller.sees(&TenantName::default());
    let any = is_theirs.then(|| ("0".to_owned(), "Any group of the default tenant".to_owned()));
    let mut where_to: Vec<(String, String)> = any.into_iter().collect();
    where_to.extend(groups.iter().take(limits::PAGE_ROWS_MAX).map(|one| (one.id.to_string(), name_of(one))));
    let pairs =
        |words: &[(&str, &str)]| words.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let tried = match ask.outcome {
        Some(Outcome::Tried(_, tried)) => Some(tried.as_ref()),
        _ => None,
    };
    let most = u64::from(limits::SCORE_MAX);
    // Left empty, since those in force differ from group to group.
    let score = |name, label| Field {
        name,
        label,
        hint: "Left empty: as in force there.",
        kind: "number",
        max: Some(most),
        optional: true,
        ..Field::default()
    };
    let body = html! {
        div class="split" {
            section aria-label="The message" { (form.show_as("live-form", "result", &html! {
                (form.input(&Field { name: "text", label: "Message", hint: "Paste what somebody wrote, or would.", kind: "area", ..Field::default() }))
                div class="grid" {
                    (form.choose("group:n", "In group", "", &where_to, ask.query("group").unwrap_or("0")))
                    (form.choose("sender", "From", "", &pairs(&SENDERS), "member"))
                    (form.choose("media", "With", "", &pairs(&MEDIA), ""))
                    (form.check("forwarded:b", "Forwarded from elsewhere"))
                }
                fieldset class="grid" {
                    legend { "Try other scores" }
                    output class="wide" id="at-these" { @if let Some(tried) = tried { "With these scores: " (outcome(&tried.outcome)) " (score " (tried.score) ")" } }
                    (form.input(&score("review:n", "Unsure from")))
                    (form.input(&score("block:n", "Blocked from")))
                }
                (form.button("Try it"))
            })) }
            div id="result" { (result(tried)) }
        }
    };
    let body = html! {
        (body)
        @if ask.is(Role::Owner) { p class="soft" { "To try a pack on messages of the past: " a href="/policy#packs" { "Policy, what the rules look for" } "." } }
    };
    let lead = "Try a message and see what the appliance would do. Nothing is sent, stored or learned.";
    Ok(sheet(ask, &Sheet { title: "Simulator", lead, live: "" }, &body))
}

fn result(tried: Option<&Tried>) -> Markup {
    let Some(tried) = tried else {
        return html! { div class="empty" { p { strong { "Nothing tried yet" } } p { "The verdict will stand here, with what the rules saw." } } };
    };
    html! {
        section aria-labelledby="verdict" data-score=(tried.score) data-review=(tried.review) data-block=(tried.block) {
            h2 id="verdict" { span id="verdict-chip" { (chip(chip_of(&tried.outcome), outcome(&tried.outcome))) } " " (t(&tried.reason)) }
            (text(Some(&tried.pieces)))
            (scale(tried.score, tried.review, tried.block))
            p { strong { "What would come of it: " } (t(&tried.outcome_words)) }
            @if tried.actions.is_empty() { p class="soft" { "Nothing would be done." } } @else {
                ul class="steps" { @for action in &tried.actions { li { (t(action)) } } }
            }
            p { strong { @if tried.would_ask { "AI would be asked: " } @else { "AI would not be asked: " } } (t(&tried.would_ask_words)) "."
                @if let Some(cost) = &tried.cost_most { " It would cost at most " (t(cost)) " " (t(&tried.currency)) "." } }
        }
        section aria-labelledby="saw" { h2 id="saw" { "What the rules saw" } (findings(&tried.findings)) }
        (readings(&tried.views))
        @if !tried.counted.is_empty() {
            details class="card" {
                summary { "What was counted" }
                dl class="list" { @for (name, count) in &tried.counted { div { dt { (t(name)) } dd { (n(*count)) } } } }
            }
        }
    }
}
