//! Usage and budgets: what each tenant used, by day and month, and what it may spend.
//!
//! Promises: every picture has its table; a cap is edited where it stands, and stays as it was when it is refused.
//!
//! Never: a sum of different currencies.

use super::charts::{Bar, bars, meter, percent};
use super::form::Field;
use super::now::{ai_chip, ai_trouble};
use super::shell::{Sheet, sheet};
use super::text::{count, group, n, t};
use super::{Ask, address, segment};
use crate::access::Role;
use crate::budget::Micros;
use crate::limits;
use crate::web::desk::{Desk, Told};
use crate::web::views::{BudgetView, UsageQuery, UsageRow, UsageView};
use maud::{Markup, html};

/// What happens while no model can be asked: the word, and in words.
const DEGRADE: [(&str, &str); 3] = [
    ("disable_ai", "Decide unsure messages by your fallback"),
    ("strict_rules", "Let the rules be stricter"),
    ("link_blocks", "Block unsure links of new members"),
];

/// The page, about one tenant at a time.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    let (used, budgets) = (desk.usage(ask.visitor.caller)?, desk.budget(ask.visitor.caller)?);
    let mut names: Vec<&str> = budgets.iter().map(|view| view.tenant.as_str()).collect();
    names.extend(
        used.iter().map(|view| view.tenant.as_str()).filter(|name| budgets.iter().all(|view| view.tenant != *name)),
    );
    let chosen = ask.query("tenant").filter(|name| names.contains(name)).or(names.first().copied()).unwrap_or_default();
    let messages = used
        .iter()
        .find(|view| view.tenant == chosen)
        .and_then(|view| view.months.last())
        .map_or(0, |month| month.messages);
    let back = address("/usage", &[("tenant", chosen)]);
    let body = html! {
        @if names.is_empty() {
            div class="empty" { p { strong { "Nothing used yet" } } p { "As soon as messages are judged, they are counted here, by day and by month." } }
        }
        @if names.len() > 1 {
            ul class="tabs" aria-label="Tenants" { @for name in names.iter().take(limits::PAGE_ROWS_MAX) {
                li { a href=(address("/usage", &[("tenant", name)])) aria-current=[(*name == chosen).then_some("true")] { (t(name)) } }
            } }
        }
        @for view in budgets.iter().filter(|view| view.tenant == chosen).take(1) { (caps(ask, view, messages, &back)) }
        @for view in used.iter().filter(|view| view.tenant == chosen).take(1) { (tenant(view)) }
        @if !chosen.is_empty() { (by_hour(ask, desk, chosen)?) }
    };
    let lead = "What was judged, what AI was asked, and what it cost.";
    Ok(sheet(ask, &Sheet { title: "Usage and budget", lead, live: "" }, &body))
}

fn caps(ask: &Ask<'_>, view: &BudgetView, messages: u64, back: &str) -> Markup {
    let path = format!("/api/v1/budget/{}", segment(&view.tenant));
    let form = ask.form("PUT", &path, back, "budget");
    let options: Vec<(String, String)> = DEGRADE.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let calls = view.calls_cap.to_string();
    let money = format!("Money a month, {}", view.currency);
    html! {
        section id="caps" aria-label=(format!("Budget of {}", view.tenant)) {
            div class="between" { h2 { @if view.month.is_empty() { "This month" } @else { "This month, " (t(&view.month)) } } (ai_chip(view)) }
            (meters(view, messages))
            (ai_trouble(view))
            @if ask.is(Role::Owner) {
                details open[form.is_typed() && !ask.typed.errors.is_empty()] {
                    summary { "Change the budget" }
                    (form.show_as("", "caps", &html! {
                        div class="grid" {
                            (form.input(&Field { name: "money?", label: &money, hint: "Such as 5.00. 0 asks no AI that costs money.", value: &view.money_cap, kind: "text", ..Field::default() }))
                            (form.input(&Field { name: "calls:n", label: "Calls a month", hint: "The most questions to AI.", value: &calls, kind: "number", ..Field::default() }))
                            (form.choose("degrade", "While AI cannot be asked", "Also when the budget is spent.", &options, &view.degrade))
                        }
                        (form.button("Save"))
                    }))
                    @if view.by_hand {
                        p class="soft" { "These were set here, over the settings file." }
                        (ask.form("PUT", &path, back, "settings").only("quiet", "As in the settings file", &[("as_settings:b", "true")]))
                    }
                }
            }
        }
    }
}

fn meters(view: &BudgetView, messages: u64) -> Markup {
    let micros = |text: &str| text.parse::<Micros>().map_or(0, |money| money.0);
    html! {
        div class="pair" {
            div { p { "Messages judged: " strong { (n(messages)) } } p class="soft" { "They have no cap." } }
            div {
                p { "Questions to AI: " strong { (n(view.calls)) } " of " span data-shows="calls:n" { (n(view.calls_cap)) } }
                (meter(percent(view.calls, view.calls_cap), None))
            }
            div {
                p { "Money: " strong { (t(&view.money)) } " of " span data-shows="money?" { (t(&view.money_cap)) } " " (t(&view.currency)) }
                (meter(percent(micros(&view.money), micros(&view.money_cap)), None))
            }
        }
    }
}

fn tenant(view: &UsageView) -> Markup {
    let last = |rows: &[UsageRow], of: fn(&UsageRow) -> u64| rows.iter().map(of).max().unwrap_or(0);
    let judged = |row: &UsageRow| Bar { period: row.period.clone(), whole: row.messages, part: row.blocked };
    let spent = |row: &UsageRow| Bar { period: row.period.clone(), whole: row.money_micros, part: 0 };
    let most_money = |rows: &[UsageRow]| {
        let most = rows.iter().max_by_key(|row| row.money_micros);
        most.map_or_else(|| "nothing".to_owned(), |row| format!("{} {}", row.money, view.currency))
    };
    html! {
        section aria-label=(format!("Usage of {}", view.tenant)) {
            h2 { "What was used" }
            @if view.days.is_empty() { p class="soft" { "Nothing was judged yet." } } @else {
                div class="pair" {
                    (bars("Messages by day", &view.days.iter().map(judged).collect::<Vec<_>>(), &count(last(&view.days, |row| row.messages), "message")))
                    (bars("Money by day", &view.days.iter().map(spent).collect::<Vec<_>>(), &most_money(&view.days)))
                    (bars("Messages by month", &view.months.iter().map(judged).collect::<Vec<_>>(), &count(last(&view.months, |row| row.messages), "message")))
                    (bars("Money by month", &view.months.iter().map(spent).collect::<Vec<_>>(), &most_money(&view.months)))
                }
                p class="soft" { "The lower part of a bar, in red, is what was blocked. Days and months begin at midnight in the tenant's time zone." }
                details { summary { "The numbers by day" } (table(&view.days, &view.currency, "Day")) }
                details { summary { "The numbers by month" } (table(&view.months, &view.currency, "Month")) }
            }
        }
    }
}

/// The last day by group and hour, when it is asked for: it may be long.
fn by_hour(ask: &Ask<'_>, desk: &dyn Desk, chosen: &str) -> Told<Markup> {
    if ask.query("by") != Some("hour") {
        return Ok(html! {
            p { a href=(address("/usage", &[("tenant", chosen), ("by", "hour")])) { "The last day by group and hour" } }
        });
    }
    let query = UsageQuery { tenant: Some(chosen.to_owned()), ..UsageQuery::default() };
    let rows = desk.usage_hours(ask.visitor.caller, &query)?.items;
    let more = rows.len().saturating_sub(limits::PAGE_ROWS_MAX);
    Ok(html! {
        section aria-label="By group and hour" {
            h2 { "The last day by group and hour" }
            @if rows.is_empty() { p class="soft" { "Nothing was judged in the last day." } } @else {
                div class="scroll" tabindex="0" role="region" aria-label="The numbers by group and hour" { table {
                    thead { tr { @for name in ["Hour, UTC", "Group", "Messages", "Blocked", "Unsure", "Actions", "AI calls", "Money"] { th scope="col" { (name) } } } }
                    tbody { @for row in rows.iter().rev().take(limits::PAGE_ROWS_MAX) { tr {
                        td { (t(&row.used.period)) } td { (group(&row.title, row.group)) } td { (n(row.used.messages)) (at_least(&row.used)) }
                        td { (n(row.used.blocked)) } td { (n(row.used.unsure)) } td { (n(row.used.actions)) } td { (n(row.used.calls)) } td { (t(&row.used.money)) }
                    } } }
                } }
                @if more > 0 { p class="soft" { "And " (count(wide(more), "row")) " of earlier hours: the API has them all, at " code { "/api/v1/usage/hours" } "." } }
            }
        }
    })
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// That a few more may have been lost, in words.
fn at_least(row: &UsageRow) -> Markup {
    html! { @if row.at_least { " " span class="soft" title="The power failed: up to ten seconds of messages may not be counted. Money is exact." { "at least" } } }
}

fn table(rows: &[UsageRow], currency: &str, period: &str) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(format!("The numbers by {}", period.to_lowercase())) { table {
            thead { tr { @for name in [period, "Messages", "Blocked", "Unsure", "Actions", "AI calls", "Remembered", "Tokens", "Money"] { th scope="col" { (name) @if name == "Money" { ", " (currency) } } } } }
            tbody { @for row in rows.iter().rev() { tr {
                td { (row.period) } td { (n(row.messages)) (at_least(row)) } td { (n(row.blocked)) } td { (n(row.unsure)) } td { (n(row.actions)) } td { (n(row.calls)) } td { (n(row.cache_hits)) } td { (n(row.tokens_in.saturating_add(row.tokens_out))) } td { (row.money) }
            } } }
        } }
    }
}
