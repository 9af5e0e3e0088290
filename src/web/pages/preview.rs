//! What a change to the policy would do, and the button that makes it.
//!
//! Promises: what is applied is what was tried, field for field.
//!
//! Never: a change without its consequence in words.

use super::form::Field;
use super::text::{chip, chip_of, cut, group, n, outcome, t, when};
use super::{Ask, Outcome};
use crate::web::views::{Preview, Replayed, ReplayedMessage};
use maud::{Markup, html};

/// The preview, when one was asked for.
pub fn shown(ask: &Ask<'_>, back: &str) -> Markup {
    let Some(Outcome::Preview(preview)) = ask.outcome else { return html! {} };
    let Preview { changes, can_be_made, replay } = preview.as_ref();
    let form = ask.form("POST", "/api/v1/policy", back, "apply");
    html! {
        section class="note" data-kind="warn" aria-labelledby="preview" id="result" {
            h2 id="preview" { "What would change" }
            @if changes.is_empty() {
                p { "Nothing: that is how it is already." }
            } @else {
                ul { @for change in changes { li { (t(change)) } } }
                (replayed(replay, ask.now_s()))
                @if !can_be_made {
                    p { "A pack is only tried here. To have it judge, put its file into the policy folder: it is read within seconds." }
                    p { a href=(back) { "Leave it" } }
                } @else { (form.show(&html! {
                    @for (name, value) in &ask.typed.values {
                        @if !name.starts_with('_') && name != "csrf" && name != "note" { (form.hidden(name, value)) }
                    }
                    (form.input(&Field { name: "note", label: "Why", hint: "For whoever looks at the list of changes later.", kind: "text", optional: true, ..Field::default() }))
                    (form.button("Apply"))
                    " " a href=(back) { "Leave it as it is" }
                })) }
            }
        }
    }
}

fn replayed(replay: &Replayed, now_s: u64) -> Markup {
    const WORDS: [&str; 3] = ["Fine", "Unsure", "Blocked"];
    html! {
        h3 { "On messages of the past" }
        @if !replay.words.is_empty() { p { (t(&replay.words)) } }
        @if replay.messages == 0 { p class="soft" { "No message is stored to try it on." } } @else {
            table {
                thead { tr { th scope="col" { "Now" } @for word in WORDS { th scope="col" { "then " (word) } } } }
                tbody { @for (word, row) in WORDS.iter().zip(&replay.counts) { tr { th scope="row" { (word) } @for count in row { td class="number" { (n(*count)) } } } } }
            }
            @if replay.changed > 0 {
                details open {
                    summary { (super::text::count(replay.changed, "message")) " would be judged differently" }
                    ul class="rows" { @for one in replay.examples.iter().take(10) { (example(one, now_s)) } }
                }
            }
        }
    }
}

fn example(one: &ReplayedMessage, now_s: u64) -> Markup {
    let told = |(word, score): &(String, u16)| html! { (chip(chip_of(word), outcome(word))) " " span class="soft" { "score " (score) } };
    html! {
        li class="row" {
            p { (told(&one.now)) " \u{2192} " (told(&one.then)) }
            p class="said" dir="auto" { (cut(&one.text, 200)) }
            p class="soft" { (group(&one.group_title, one.group)) ", " (when(one.sent_s, now_s))
                @for rule in &one.new_rules { " \u{b7} now also " code { (rule) } }
                @for rule in &one.gone_rules { " \u{b7} no longer " code { (rule) } } }
        }
    }
}
