//! One decision, whole: what was said, what the rules saw, what came of it, and what can be done about it.
//!
//! Promises: every button says what it will do before it is pressed.
//!
//! Never: a link to anywhere but Telegram.

use super::charts::scale;
use super::shell::{Sheet, sheet};
use super::text::{chip, chip_of, group, mode, outcome, t, when};
use super::{Ask, Outcome};
use super::{address, form};
use crate::access::Role;
use crate::web::desk::{Desk, Told};
use crate::web::views::{ActionView, DecisionView, FindingView, Piece};
use maud::{Markup, html};

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk, number: u64) -> Told<String> {
    let seen = desk.decision(ask.visitor.caller, number)?;
    let groups = desk.overview(ask.visitor.caller)?.groups;
    let scores = groups.iter().find(|group| group.id == seen.row.group).map(|group| (group.review, group.block));
    let row = &seen.row;
    let body = html! {
        p { a href="/decisions" { "\u{2190} All decisions" } }
        @if let Some(Outcome::Taught(taught)) = ask.outcome { p class="note" data-kind="good" role="status" { (t(&taught.words)) } }
        section aria-labelledby="what" {
            div class="between" {
                h2 id="what" { (chip(chip_of(&row.outcome), outcome(&row.outcome))) " " (t(&row.reason)) }
                span class="soft" { (when(row.at_s, ask.now_s())) }
            }
            (text(seen.pieces.as_deref()))
            @match scores {
                Some((review, block)) => (scale(row.score, review, block)),
                None => p { "Score " strong { (row.score) } },
            }
            (facts(&seen))
        }
        section aria-labelledby="came" { h2 id="came" { "What came of it" } p { (t(&row.fate)) } (actions(&seen.actions, ask.now_s())) }
        @if ask.is(Role::Admin) { (choices(ask, &seen)) }
        section aria-labelledby="saw" { h2 id="saw" { "What the rules saw" } (findings(&seen.findings)) }
        @if let Some(opinion) = &seen.opinion { section aria-labelledby="ai" { h2 id="ai" { "What the AI said" } p dir="auto" { (t(opinion)) } } }
        @if let Some(views) = &seen.views { (readings(views)) }
    };
    let title = format!("Decision {number}");
    Ok(sheet(ask, &Sheet { title: &title, lead: "", live: "" }, &body))
}

/// A text, with what rules saw marked.
pub fn text(pieces: Option<&[Piece]>) -> Markup {
    html! {
        @match pieces {
            None => p class="quote soft" { "The text is hidden from viewers." },
            Some([]) => p class="quote soft" { "(no text)" },
            Some(pieces) => blockquote class="quote" dir="auto" {
                @for piece in pieces {
                    @if piece.rules.is_empty() { (piece.text) } @else { mark title=(piece.rules.join(", ")) { (piece.text) } }
                }
            },
        }
    }
}

fn facts(seen: &DecisionView) -> Markup {
    let row = &seen.row;
    html! {
        dl class="list" {
            div { dt { "Group" } dd { (group(&row.group_title, row.group)) } }
            div { dt { "Sender" } dd { (t(&seen.sender_kind)) @if let Some(sender) = seen.sender {
                " " a href=(address("/decisions", &[("sender", &sender.to_string())])) { (sender) } } } }
            div { dt { "Message" } dd { (seen.message) @if seen.is_edit { ", after an edit" }
                @if let Some(link) = &seen.link { " " @if link.starts_with("https://t.me/") { a href=(link) rel="noreferrer" { "Open in Telegram" } } @else { (t(link)) } } } }
            div { dt { "Mode then" } dd { (mode(&row.mode)) } }
            div { dt { "Rules" } dd { code { (seen.policy) } } }
            div { dt { "In the log" } dd { code { (seen.trace) } } }
            @if let Some(who) = &seen.undone_by { div { dt { "Undone" } dd { "by " (t(who)) @if let Some(at) = seen.undone_at_s { ", " time { (super::text::exact(at)) } } } } }
        }
    }
}

fn actions(actions: &[ActionView], now_s: u64) -> Markup {
    html! {
        @if actions.is_empty() { p class="soft" { "No action was asked for." } } @else {
            ul class="steps" { @for action in actions {
                li {
                    (chip(chip_of(&action.state), match action.state.as_str() {
                        "not_asked" => "not asked for",
                        "waiting" => "waiting",
                        "done" => "done",
                        "given_up" => "given up",
                        "undone" => "undone",
                        "forgotten" => "too long ago to tell",
                        other => other,
                    }))
                    " " (t(&action.words))
                    @if let Some(at) = action.at_s { ", " (when(at, now_s)) }
                    @if let Some(why) = &action.why { span class="soft" { ": " (t(why)) } }
                }
            } }
        }
    }
}

fn choices(ask: &Ask<'_>, seen: &DecisionView) -> Markup {
    let here = format!("/decisions/{}", seen.row.number);
    let (undo, label) = (format!("/api/v1{here}/undo"), format!("/api/v1{here}/label"));
    let said = seen.row.label.as_deref();
    html! {
        section aria-labelledby="choices" {
            h2 id="choices" { "Was that right?" }
            div class="buttons" {
                (ask.form("POST", &label, &here, "fine").only("quiet", if said == Some("fine") { "You said: this was fine" } else { "This was fine" }, &[("label", "fine")]))
                (ask.form("POST", &label, &here, "spam").only("quiet", if said == Some("spam") { "You said: this was spam" } else { "This was spam" }, &[("label", "spam")]))
            }
            p class="hint" { "Your answer teaches the appliance for this group. It changes nothing about this message. You may change your mind." }
            @match &seen.undo {
                Some(words) => (form::confirm("Undo this decision", words, &ask.form("POST", &undo, &here, "undo").only("danger", "Undo it", &[]))),
                None => p class="soft" { "There is nothing to undo." },
            }
        }
    }
}

/// What the rules saw, as a table that becomes cards on a phone.
pub fn findings(findings: &[FindingView]) -> Markup {
    html! {
        @if findings.is_empty() { p class="soft" { "No rule saw anything." } } @else {
            table class="stack" {
                thead { tr { th scope="col" { "Rule" } th scope="col" { "Adds" } th scope="col" { "Why" } th scope="col" { "Saw" } } }
                tbody { @for finding in findings {
                    tr {
                        td data-name="Rule" { a href=(address("/decisions", &[("rule", &finding.rule)])) { code { (finding.rule) } } @if let Some(pack) = &finding.pack { br; span class="soft" { "pack " (t(pack)) } } }
                        td data-name="Adds" class="number" { (finding.score) }
                        td data-name="Why" { (t(&finding.reason)) }
                        td data-name="Saw" { @match &finding.saw {
                            None => span class="soft" { "hidden from viewers" },
                            Some(saw) if saw.is_empty() => span class="soft" { "the whole message" },
                            Some(saw) => @for (at, one) in saw.iter().enumerate() { @if at > 0 { ", " } mark { (t(one)) } },
                        } }
                    }
                } }
            }
        }
    }
}

/// The text as rules read it.
pub fn readings(views: &[(String, String)]) -> Markup {
    html! {
        details class="card" {
            summary { "The text as the rules read it" }
            p class="soft" { "Disguises such as look-alike letters are taken off before the rules look." }
            dl class="list" { @for (name, text) in views { div { dt { (t(name)) } dd dir="auto" class="plain" { (text) } } } }
        }
    }
}
