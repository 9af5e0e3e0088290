//! The audit log: who changed what, when, from what to what.
//!
//! Promises: every line names somebody and a time.
//!
//! Never: a way to change it.

use super::shell::{Sheet, sheet};
use super::text::{cut, t, when};
use super::{Ask, address};
use crate::web::desk::{Desk, Told};
use crate::web::views::AuditView;
use maud::{Markup, html};

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    let found = desk.audit(ask.visitor.caller, ask.query("cursor"))?;
    let body = html! {
        section aria-label="Changes" {
            @if found.items.is_empty() {
                div class="empty" { p { strong { "Nothing was changed yet" } } p { "Every change by a person is written down here, with what it was before." } }
            } @else {
                table class="stack" {
                    thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "Before" } th scope="col" { "Now" } } }
                    tbody { @for one in &found.items { (line(one, ask.now_s())) } }
                }
            }
            p class="pager" {
                @if ask.query("cursor").is_some() { a href="/audit" { "\u{2190} Newest" } }
                @if let Some(next) = &found.next { a href=(address("/audit", &[("cursor", next)])) rel="next" { "Older \u{2192}" } }
            }
        }
    };
    let lead = "Who changed what. The appliance writes it, and nobody can edit it.";
    Ok(sheet(ask, &Sheet { title: "Audit log", lead, live: "" }, &body))
}

fn line(one: &AuditView, now_s: u64) -> Markup {
    let value = |words: &str| html! { @if words.is_empty() { span class="soft" { "\u{2013}" } } @else { (t(&cut(words, 300))) } };
    html! {
        tr {
            td data-name="When" { (when(one.at_s, now_s)) }
            td data-name="Who" { (t(&one.who)) }
            td data-name="What" { (t(&one.what)) @if let Some(tenant) = &one.tenant { span class="soft" { " (tenant " (t(tenant)) ")" } } }
            td data-name="Before" { (value(&one.before)) }
            td data-name="Now" { (value(&one.after)) }
        }
    }
}
