//! What waits for somebody: actions that were given up, and messages that nobody has decided.
//!
//! Promises: each says why it is here, and what can be done about it.
//!
//! Never: a removal that cannot be thought over.

use super::form::confirm;
use super::shell::{Sheet, sheet};
use super::text::{chip, cut, group, t, when};
use super::{Ask, address};
use crate::access::Role;
use crate::limits;
use crate::web::desk::{Desk, Told};
use crate::web::views::{DeadLetterView, UndecidedView};
use maud::{Markup, html};

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    let letters = desk.dead_letters(ask.visitor.caller, ask.query("cursor"))?;
    let undecided = desk.undecided(ask.visitor.caller)?;
    let (held, waiting): (Vec<&UndecidedView>, Vec<&UndecidedView>) =
        undecided.iter().partition(|one| one.kind.contains("quarantine"));
    let body = html! {
        section aria-labelledby="quarantine" {
            h2 id="quarantine" { "Quarantine" }
            @if held.is_empty() { p class="soft" { "Empty. A message comes here when judging it failed, and stays in its group until you decide." } }
            ul class="rows" { @for one in held.iter().take(limits::PAGE_ROWS_MAX) { (message(ask, one, true)) } }
        }
        section aria-labelledby="undecided" {
            h2 id="undecided" { "Waiting for AI" }
            @if waiting.is_empty() { p class="soft" { "Nothing waits. Messages the rules are unsure of stand here while AI is asked, seldom for more than a few seconds." } }
            ul class="rows" { @for one in waiting.iter().take(limits::PAGE_ROWS_MAX) { (message(ask, one, false)) } }
        }
        section aria-labelledby="letters" {
            h2 id="letters" { "Given up" }
            @if letters.items.is_empty() { p class="soft" { "Nothing was given up. When Telegram refuses an action for good, it stands here with the reason, so that you can do it by hand or try again." } }
            ul class="rows" { @for one in &letters.items { (letter(ask, one)) } }
            @if let Some(next) = &letters.next { p class="pager" { a href=(address("/waiting", &[("cursor", next)])) rel="next" { "Older \u{2192}" } } }
        }
    };
    let lead = "What the appliance could not finish by itself. Nothing here is lost, and nothing here is urgent unless you think so.";
    Ok(sheet(ask, &Sheet { title: "Waiting", lead, live: "" }, &body))
}

fn message(ask: &Ask<'_>, one: &UndecidedView, is_held: bool) -> Markup {
    let path = format!("/api/v1/undecided/{}", super::segment(&one.id));
    let (stay, gone) = (super::form::place("leave", &one.id), super::form::place("remove", &one.id));
    html! {
        li class="row" {
            div class="between" { span { (chip("warn", if is_held { "in quarantine" } else { "waiting" })) " " (group(&one.group_title, one.group)) } span class="soft" { (when(one.at_s, ask.now_s())) } }
            p class="said" dir="auto" { @match &one.excerpt {
                Some(text) => (cut(text, 300)),
                None => span class="soft" { "(hidden from viewers)" },
            } }
            p { (t(&one.why)) }
            @if is_held && ask.is(Role::Admin) {
                div class="buttons" {
                    (ask.form("POST", &path, "/waiting", &stay).only("quiet", "Leave it in the group", &[("what", "leave")]))
                    (confirm("Remove it", "The message is deleted from the group. Telegram brings no message back.", &ask.form("POST", &path, "/waiting", &gone).only("danger", "Remove the message", &[("what", "remove")])))
                }
            }
        }
    }
}

fn letter(ask: &Ask<'_>, one: &DeadLetterView) -> Markup {
    let path = format!("/api/v1/dead-letters/{}", one.number);
    let (retry, again, gone) = (format!("{path}/retry"), format!("retry{}", one.number), format!("drop{}", one.number));
    html! {
        li class="row" {
            div class="between" { span { (chip("bad", "given up")) " " strong { (t(&one.words)) } } span class="soft" { (when(one.at_s, ask.now_s())) } }
            p { (t(&one.why)) }
            p class="soft" { (group(&one.group_title, one.group)) ", message " (one.message) ", in the log as " code { (one.trace) } }
            @if ask.is(Role::Admin) {
                div class="buttons" {
                    (ask.form("POST", &retry, "/waiting", &again).only("quiet", "Try again", &[]))
                    (confirm("Drop it", "It is taken off this list and never tried again. The decision behind it stays.",
                        &ask.form("DELETE", &path, "/waiting", &gone).only("danger", "Drop it for good", &[])))
                }
            }
        }
    }
}
