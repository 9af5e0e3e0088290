//! Usage and budgets: what each tenant used, by day and month, and what it may spend.
//!
//! Promises: every picture has its table; a cap is edited where it stands, and stays as it was when it is refused.
//!
//! Never: a sum of different currencies.

use super::Ask;
use super::charts::{Bar, bars};
use super::form::Field;
use super::now::budget;
use super::shell::{Sheet, sheet};
use super::text::{count, n, t};
use super::segment;
use crate::access::Role;
use crate::web::desk::{Desk, Told};
use crate::web::views::{BudgetView, UsageRow, UsageView};
use maud::{Markup, html};

/// What happens while no model can be asked: the word, and in words.
const DEGRADE: [(&str, &str); 3] = [
    ("disable_ai", "Decide unsure messages by your fallback"),
    ("strict_rules", "Let the rules be stricter"),
    ("link_blocks", "Block unsure links of new members"),
];

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    let (used, budgets) = (desk.usage(ask.visitor.caller)?, desk.budget(ask.visitor.caller)?);
    let body = html! {
        @if used.is_empty() && budgets.is_empty() {
            div class="empty" { p { strong { "Nothing used yet" } } p { "As soon as messages are judged, they are counted here, by day and by month." } }
        }
        @for (at, view) in budgets.iter().enumerate() { (caps(ask, view, at)) }
        @for view in &used { (tenant(view)) }
    };
    let lead = "What was judged, what AI was asked, and what it cost.";
    Ok(sheet(ask, &Sheet { title: "Usage and budget", lead, live: "" }, &body))
}

fn caps(ask: &Ask<'_>, view: &BudgetView, at: usize) -> Markup {
    let (path, id, place) = (format!("/api/v1/budget/{}", segment(&view.tenant)), format!("budget{at}"), format!("caps{at}"));
    let form = ask.form("PUT", &path, "/usage", &id);
    let again = format!("settings{at}");
    let options: Vec<(String, String)> = DEGRADE.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let calls = view.calls_cap.to_string();
    let money = format!("Money a month, {}", view.currency);
    html! {
        section id=(place) aria-label=(format!("Budget of {}", view.tenant)) {
            (budget(view))
            @if ask.is(Role::Owner) {
                details open[form.is_typed() && !ask.typed.errors.is_empty()] {
                    summary { "Change the budget" }
                    (form.show_as("", &place, &html! {
                        div class="grid" {
                            (form.input(&Field { name: "money?", label: &money, hint: "Such as 5.00. 0 asks no AI that costs money.", value: &view.money_cap, kind: "text", ..Field::default() }))
                            (form.input(&Field { name: "calls:n", label: "Calls a month", hint: "The most questions to AI.", value: &calls, kind: "number", ..Field::default() }))
                            (form.choose("degrade", "While AI cannot be asked", "Also when the budget is spent.", &options, &view.degrade))
                        }
                        (form.button("Save"))
                    }))
                    @if view.by_hand {
                        p class="soft" { "These were set here, over the settings file." }
                        (ask.form("PUT", &path, "/usage", &again).only("quiet", "As in the settings file", &[("as_settings:b", "true")]))
                    }
                }
            }
        }
    }
}

fn tenant(view: &UsageView) -> Markup {
    let last = |rows: &[UsageRow], of: fn(&UsageRow) -> u64| rows.iter().map(of).max().unwrap_or(0);
    let judged = |row: &UsageRow| Bar {
        period: row.period.clone(),
        whole: row.messages,
        part: row.blocked,
        words: format!("{}, {} blocked, {} unsure", count(row.messages, "message"), n(row.blocked), n(row.unsure)),
    };
    let spent = |row: &UsageRow| Bar {
        period: row.period.clone(),
        whole: row.money_micros,
        part: 0,
        words: format!("{} {}, {}", row.money, view.currency, count(row.calls, "call")),
    };
    let most_money = |rows: &[UsageRow]| {
        let most = rows.iter().max_by_key(|row| row.money_micros);
        most.map_or_else(|| "nothing".to_owned(), |row| format!("{} {}", row.money, view.currency))
    };
    html! {
        section aria-label=(format!("Usage of {}", view.tenant)) {
            h2 { (t(&view.tenant)) }
            @if view.days.is_empty() { p class="soft" { "Nothing was judged yet." } } @else {
                div class="pair" {
                    (bars("Messages by day", &view.days.iter().map(judged).collect::<Vec<_>>(), &count(last(&view.days, |row| row.messages), "message")))
                    (bars("Money by day", &view.days.iter().map(spent).collect::<Vec<_>>(), &most_money(&view.days)))
                    (bars("Messages by month", &view.months.iter().map(judged).collect::<Vec<_>>(), &count(last(&view.months, |row| row.messages), "message")))
                    (bars("Money by month", &view.months.iter().map(spent).collect::<Vec<_>>(), &most_money(&view.months)))
                }
                p class="soft" { "The darker part of a bar is what was blocked. Days and months begin at midnight in the tenant's time zone." }
                details { summary { "The numbers by day" } (table(&view.days, &view.currency, "Day")) }
                details { summary { "The numbers by month" } (table(&view.months, &view.currency, "Month")) }
            }
        }
    }
}

fn table(rows: &[UsageRow], currency: &str, period: &str) -> Markup {
    html! {
        table class="stack" {
            thead { tr { th scope="col" { (period) } @for name in ["Messages", "Blocked", "Unsure", "Actions", "AI calls", "Money"] { th scope="col" { (name) } } } }
            tbody { @for row in rows.iter().rev() { tr {
                td data-name=(period) { (row.period) }
                td data-name="Messages" class="number" { (n(row.messages)) }
                td data-name="Blocked" class="number" { (n(row.blocked)) }
                td data-name="Unsure" class="number" { (n(row.unsure)) }
                td data-name="Actions" class="number" { (n(row.actions)) }
                td data-name="AI calls" class="number" { (n(row.calls)) }
                td data-name="Money" class="number" { (row.money) " " (currency) }
            } } }
        }
    }
}
