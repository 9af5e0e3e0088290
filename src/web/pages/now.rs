//! Now: how everything stands.
//!
//! Promises: the state comes first, in one sentence, with its cause and its cure; every group says what is the matter with it
//! and how to mend it.
//!
//! Never: a number without its unit.

use super::Ask;
use super::charts::{meter, percent};
use super::form::Field;
use super::shell::{Sheet, sheet};
use super::text::{bytes, chip, count, group, maybe_ms, mode, ms, n, span, t, when};
use crate::access::Role;
use crate::web::desk::{Desk, Told};
use crate::web::views::{BudgetView, GroupState, GroupView, Numbers, Overview, RightView};
use maud::{Markup, html};

/// Groups that have a card.
const CARDS: usize = 20;

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    let seen = desk.overview(ask.visitor.caller)?;
    let body = html! {
        div data-fragment="state" { (banner(ask, &seen)) (state(ask, &seen)) }
        p id="live" class="live soft" role="status" {}
        p id="spoken" class="unseen" role="status" {}
        section class="plain" aria-labelledby="groups" {
            h2 id="groups" { "Groups" span class="soft small-print" { ", numbers since the start" } }
            div data-fragment="groups" { (groups(ask, &seen.groups)) }
        }
        section aria-labelledby="numbers" { h2 id="numbers" { "Numbers" } (numbers(&seen)) }
        @if !seen.tenants.is_empty() {
            section aria-labelledby="ai" {
                h2 id="ai" { "AI budget" }
                div data-fragment="budgets" { @for tenant in &seen.tenants { (budget(tenant)) } }
            }
        }
        @if ask.is(Role::Owner) { (set_banner(ask, &seen)) }
        p class="soft" { "Aegis " (seen.version) " on " (t(&seen.board)) ", running for " (span(seen.uptime_s)) ". Policy: " (t(&seen.policy)) }
    };
    Ok(sheet(ask, &Sheet { title: "Now", lead: "", live: "numbers" }, &body))
}

fn banner(ask: &Ask<'_>, seen: &Overview) -> Markup {
    html! {
        @for alarm in &seen.alarms {
            div class="note banner" data-kind="bad" { p { strong { (t(alarm)) } } }
        }
        @if !seen.banner.is_empty() {
            div class="note banner" data-kind="warn" {
                p { strong { (t(&seen.banner)) } }
                p class="soft" { "Set by " (t(&seen.banner_by)) ", " (when(seen.banner_at_s, ask.now_s())) }
            }
        }
    }
}

/// The sentence for a rung of the ladder, and how to get off it.
fn rung(rung: &str) -> (&'static str, &'static str, &'static str) {
    match rung {
        "full" => ("good", "Everything works", ""),
        "no_ai" => (
            "warn",
            "Working, without AI",
            "Messages that the rules are unsure of are decided by your fallback. Nothing is lost.",
        ),
        "rules_only" => ("good", "Everything works", ""),
        "hindered" => (
            "warn",
            "Working, with difficulty",
            "Messages are judged; what follows from them may be late. Look at the groups below.",
        ),
        "standby" => (
            "calm",
            "Standing by",
            "It takes over by itself when updates wait at Telegram and nobody takes them. What it had decided before, it carries out.",
        ),
        "hold" => (
            "bad",
            "Holding",
            "Nothing is judged and nothing is lost: Telegram keeps new messages for up to 24 hours. Look at System for what to mend.",
        ),
        "setup" => ("calm", "Not set up yet", "A few steps are left."),
        _ => ("calm", "The state is not known", ""),
    }
}

fn state(ask: &Ask<'_>, seen: &Overview) -> Markup {
    let (kind, words, cure) = rung(&seen.rung);
    html! {
        div class="state" data-kind=(kind) {
            p class="big" { (words) }
            @if !seen.cause.is_empty() { p { (t(&seen.cause)) } }
            @if !cure.is_empty() { p class="soft" { (cure) } }
            @if !seen.failing.is_empty() { ul { @for failing in &seen.failing { li { (t(failing)) } } } }
            @if seen.rung == "setup" && ask.is(Role::Owner) { p { a class="button" href="/setup" { "Go on setting up" } } }
            @else if seen.mode == "record" {
                p { "Groups without their own setting are " strong { "only recorded" } ": verdicts are shown here, and nothing is done in the groups. "
                    a href="/policy" { "Change that in Policy" } }
            }
        }
    }
}

fn kind_of(state: GroupState) -> &'static str {
    match state {
        GroupState::Connected => "good",
        GroupState::RateLimited | GroupState::Degraded | GroupState::BacklogHigh => "warn",
        GroupState::WatchOnly | GroupState::Holding => "bad",
        GroupState::Unknown => "calm",
    }
}

fn groups(ask: &Ask<'_>, groups: &[GroupView]) -> Markup {
    let mut first: Vec<&GroupView> = groups.iter().collect();
    first.sort_by_key(|one| one.state == GroupState::Connected);
    html! {
        @if groups.is_empty() {
            div class="empty" {
                p { strong { "No group yet" } }
                p { "Add the bot to a group, make it an administrator that may delete messages and ban users, and write something. The group then appears here by itself." }
                @if ask.is(Role::Owner) { p { a href="/setup" { "Show me how, step by step" } } }
            }
        } @else {
            ul class="cards" { @for one in first.iter().take(CARDS) { (card(ask, one)) } }
            @if groups.len() > CARDS { p class="soft" { "Shown are " (CARDS) " of " (groups.len()) " groups: first those with something the matter, then the busiest. " a href="/policy" { "All groups" } } }
        }
    }
}

fn card(ask: &Ask<'_>, one: &GroupView) -> Markup {
    let live = |what: &str| format!("groups.{}.{what}", one.id);
    html! {
        li class="card" data-group=(one.id) {
            div class="between" {
                h3 { a href=(format!("/policy/group/{}", one.id)) { (group(&one.title, one.id)) } }
                span class="chip" data-kind=(kind_of(one.state)) data-live=(live("state")) { (one.state.label()) }
            }
            p class="why" data-live=(live("why")) { (one.why) }
            dl class="facts" {
                div { dt { "messages" } dd data-live=(live("messages")) { (n(one.messages)) } }
                div { dt { "blocked" } dd data-live=(live("blocked")) { (n(one.blocked)) } }
                div { dt { "unsure" } dd data-live=(live("unsure")) { (n(one.unsure)) } }
                div { dt { "waiting" } dd data-live=(live("outbox")) { (n(one.outbox)) } }
            }
            p class="soft" { (mode(&one.mode)) ", tenant " (t(&one.tenant)) ". Last message: " (when(one.last_message_s, ask.now_s())) ". " a href=(super::members::place(one.id)) { "Members" } }
            (rights(&one.rights))
        }
    }
}

/// Rights that are missing, and how to give them.
pub fn rights(rights: &[RightView]) -> Markup {
    let missing: Vec<&RightView> = rights.iter().filter(|right| right.state != "held").collect();
    html! {
        @if !missing.is_empty() {
            ul class="rights" { @for right in rights {
                li { (chip(super::text::chip_of(&right.state), match right.state.as_str() {
                    "held" => "has",
                    "missing" => "missing",
                    _ => "not known yet",
                })) " " (t(&right.name)) }
            } }
            @if missing.iter().any(|right| right.state == "missing") {
                p class="hint" { "To give it: open the group in Telegram, tap its name, Edit, Administrators, choose the bot, and turn on what is missing. This page notices by itself." }
            }
        }
    }
}

fn numbers(seen: &Overview) -> Markup {
    let it: &Numbers = &seen.numbers;
    let fact = |name: &str, live: &str, form: &str, value: String| {
        html! { div { dt { (name) } dd data-live=(format!("numbers.{live}")) data-form=(form) { (value) } } }
    };
    let share = percent(it.memory_bytes, it.memory_bytes_max);
    html! {
        dl class="numbers" {
            (fact("messages judged", "messages", "n", n(it.messages)))
            (fact("blocked", "blocked", "n", n(it.blocked)))
            (fact("unsure", "unsure", "n", n(it.unsure)))
            (fact("actions confirmed", "actions_confirmed", "n", n(it.actions_confirmed)))
            (fact("usual time to action", "time_to_action_p50_ms", "ms", maybe_ms(it.time_to_action_p50_ms)))
            (fact("99 of 100 within", "time_to_action_p99_ms", "ms", maybe_ms(it.time_to_action_p99_ms)))
            (fact("actions waiting", "outbox", "n", n(it.outbox)))
            (fact("the oldest for", "outbox_oldest_ms", "ms", ms(it.outbox_oldest_ms)))
            (fact("waiting for AI", "waiting_for_model", "n", n(it.waiting_for_model)))
            (fact("pause by Telegram", "paused_ms", "ms", ms(it.paused_ms)))
            (fact("given up", "dead_letters", "n", n(it.dead_letters)))
            (fact("undecided", "undecided", "n", n(it.undecided)))
        }
        @if it.dead_letters.saturating_add(it.undecided) > 0 { p { a href="/waiting" { "See what waits for you" } } }
        div class="pair" {
            div {
                p { "Memory: " strong data-live="numbers.memory_bytes" data-form="bytes" { (bytes(it.memory_bytes)) }
                    " of the " (bytes(it.memory_bytes_max)) " promised at most" }
                (meter(share, Some("numbers.memory_bytes/numbers.memory_bytes_max")))
                p class="soft" { "The most so far: " span data-live="numbers.memory_bytes_peak" data-form="bytes" { (bytes(it.memory_bytes_peak)) } }
            }
            div {
                p { "Written to storage: " strong data-live="numbers.flash_bytes_per_day" data-form="bytes" { (bytes(it.flash_bytes_per_day)) } " a day" }
                p class="soft" { @match it.card_life_years {
                    Some(0) => "At this pace a memory card of 8 GB wears out within a year.",
                    Some(years) => { "At this pace a memory card of 8 GB lasts about " (count(years, "year")) "." },
                    None => "At this pace a memory card of 8 GB lasts more than a hundred years.",
                } }
            }
        }
    }
}

/// A tenant's month with the model.
pub fn budget(view: &BudgetView) -> Markup {
    html! {
        div class="budget" {
            div class="between" {
                h3 { (t(&view.tenant)) }
                (ai_chip(view))
            }
            p { strong { (t(&view.money)) } " of " (t(&view.money_cap)) " " (t(&view.currency)) ", "
                strong { (n(view.calls)) } " of " (count(view.calls_cap, "call"))
                @if !view.month.is_empty() { " in " (t(&view.month)) } " (" (view.percent) " %)" }
            (meter(view.percent, None))
            (ai_trouble(view))
        }
    }
}

/// Whether a tenant may ask the model.
pub fn ai_chip(view: &BudgetView) -> Markup {
    match &view.degraded {
        _ if !view.has_model => chip("calm", "no AI set up"),
        Some(_) => chip("warn", "without AI"),
        None if view.is_warned => chip("warn", "nearly spent"),
        None => chip("good", "AI may be asked"),
    }
}

/// Why it may not, and what failed last.
pub fn ai_trouble(view: &BudgetView) -> Markup {
    html! {
        @if let Some(why) = &view.degraded { p { (t(why)) @if let Some(instead) = &view.instead { "; " (t(instead)) } } }
        @if let Some(trouble) = &view.trouble { p class="soft" { "Last trouble: " (t(trouble)) } }
    }
}

fn set_banner(ask: &Ask<'_>, seen: &Overview) -> Markup {
    let form = ask.form("PUT", "/api/v1/banner", "/", "banner");
    let hint = "For an incident, such as \"We are being raided, please be patient\". Empty removes it.";
    let field = Field {
        name: "text",
        label: "Message",
        hint,
        value: &seen.banner,
        kind: "text",
        optional: true,
        ..Field::default()
    };
    html! {
        details class="card" open[form.is_typed()] {
            summary { "Show everybody a message on top of this page" }
            (form.show(&html! { (form.input(&field)) (form.button("Show it")) }))
        }
    }
}
