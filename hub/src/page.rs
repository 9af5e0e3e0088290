//! The owner's page: how the fleet is, budgets, usage, and packs by stage.
//!
//! Promises: what boards and people wrote is escaped, and can change no element; a page has no script and no style of its
//! own, and asks no other host for anything.
//!
//! Never: a write, but the log-in. What changes something goes through the API, with a token.

use crate::db::fleet::{BoardView, FleetView};
use crate::db::packs::PackView;
use crate::db::people::{Caller, Need};
use crate::db::tenants::{BudgetView, SumView, Sums, TenantView};
use aegis_contract::Month;
use maud::{DOCTYPE, Markup, html};

/// The board's own style sheet: one look.
pub const STYLE: &str = include_str!("../../src/web/assets/style.css");

/// The icon, as an address that holds it.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath \
    fill='%230b6e66' d='M16 2 4 6.5v8.7c0 7 4.9 12.4 12 14.8 7.1-2.4 12-7.8 12-14.8V6.5z'/%3E%3C/svg%3E";

/// The menu.
const MENU: [(&str, &str, Need); 4] = [
    ("/", "Fleet", Need::Read),
    ("/budgets", "Budgets", Need::Read),
    ("/usage", "Usage", Need::Read),
    ("/packs", "Packs", Need::Fleet),
];

fn whole(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " - Aegis hub" }
                link rel="icon" href=(ICON);
                link rel="stylesheet" href="/style.css";
            }
            (body)
        }
    };
    page.into_string()
}

/// A page for somebody who is in.
#[must_use]
pub fn sheet(caller: &Caller, here: &str, title: &str, lead: &str, body: &Markup) -> String {
    whole(
        title,
        &html! {
            body {
                a class="skip" href="#main" { "Skip to the page" }
                header class="top" {
                    a class="brand" href="/" { img src=(ICON) alt="" width="28" height="28"; "Aegis hub" }
                    div class="who" {
                        span { (caller.name) " " span class="soft" { "(" (caller.role.word()) ")" } }
                        form class="inline" method="post" action="/logout" { button class="quiet" { "Log out" } }
                    }
                }
                nav aria-label="Pages" { ul {
                    @for (at, label, need) in MENU {
                        @if caller.may(need, None) {
                            li { a href=(at) aria-current=[(at == here).then_some("page")] { (label) } }
                        }
                    }
                } }
                main id="main" tabindex="-1" {
                    h1 { (title) }
                    p class="lead" { (lead) }
                    (body)
                }
            }
        },
    )
}

/// A page for somebody who is not in.
#[must_use]
pub fn door(title: &str, wrong: &str, has_form: bool) -> String {
    whole(
        title,
        &html! {
            body class="door" {
                header class="top" {
                    a class="brand" href="/" { img src=(ICON) alt="" width="28" height="28"; "Aegis hub" }
                }
                main id="main" tabindex="-1" {
                    h1 { (title) }
                    @if !wrong.is_empty() { p class="note" data-kind="bad" role="alert" { (wrong) } }
                    @if has_form {
                        section {
                            form method="post" action="/login" {
                                div class="field" {
                                    label for="token" { "Token" }
                                    p class="hint" id="what" { "Made with " code { "aegis-hub token" } "." }
                                    input id="token" name="token" type="password" autocomplete="current-password"
                                        required aria-describedby="what";
                                }
                                button { "Log in" }
                            }
                        }
                    } @else {
                        p { a href="/" { "To the fleet" } }
                    }
                }
            }
        },
    )
}

fn number(label: &str, value: &impl std::fmt::Display) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

/// A count with a narrow space between thousands.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// Millionths, with two places.
fn money(micros: u64) -> String {
    let cents = micros / 10_000;
    format!("{}.{:02}", grouped(cents / 100), cents % 100)
}

fn ago(at_us: u64, now_us: u64) -> String {
    if at_us == 0 {
        return "never".to_owned();
    }
    let seconds = now_us.saturating_sub(at_us) / 1_000_000;
    match seconds {
        0..=119 => format!("{seconds}\u{a0}s ago"),
        120..=7_199 => format!("{}\u{a0}min ago", seconds / 60),
        7_200..=172_799 => format!("{}\u{a0}h ago", seconds / 3_600),
        _ => format!("{}\u{a0}days ago", seconds / 86_400),
    }
}

/// A board's state in a word, with its kind.
fn state(board: &BoardView, now_us: u64) -> (&'static str, &'static str) {
    let health = board.health.as_ref();
    let is_heard = now_us.saturating_sub(board.seen_us) < 5 * 60 * 1_000_000;
    match health {
        _ if board.revoked_us.is_some() => ("calm", "revoked"),
        None => ("calm", "enrolled"),
        Some(_) if !is_heard => ("bad", "not heard of"),
        Some(health) if !health.incidents.is_empty() => ("bad", "incident"),
        Some(health) if !health.degraded.is_empty() => ("warn", "degraded"),
        Some(_) => ("good", "well"),
    }
}

/// The fleet. `next` is the id after which the next page begins.
#[must_use]
pub fn fleet(totals: &FleetView, boards: &[BoardView], next: Option<&str>, now_us: u64) -> Markup {
    html! {
        section { dl class="numbers" {
            (number("boards", &totals.boards))
            (number("heard of in five minutes", &totals.heard))
            (number("degraded", &totals.degraded))
            (number("with an incident", &totals.incidents))
        } }
        @if boards.is_empty() {
            div class="empty" {
                strong { "No boards yet" }
                p { "Make a code with " code { "POST /v1/codes" } " and hand it to a board." }
            }
        } @else {
            section { ul class="rows" { @for board in boards { (fleet_row(board, now_us)) } } }
            div class="pager" { @if let Some(next) = next { a rel="next" href=(format!("/?after={next}")) { "More boards" } } }
        }
    }
}

fn fleet_row(board: &BoardView, now_us: u64) -> Markup {
    let (kind, word) = state(board, now_us);
    html! {
        li class="row" {
            div class="between" {
                h3 { (board.name) }
                span class="chip" data-kind=(kind) { (word) }
            }
            p class="soft" {
                (board.tenants.join(", ")) " \u{b7} " (board.version) " \u{b7} " (board.profile)
                " \u{b7} heard of " (ago(board.seen_us, now_us))
            }
            @if let Some(health) = &board.health {
                @for text in health.incidents.iter().chain(&health.degraded) { p { (text) } }
                dl class="facts" {
                    (number("rows to push", &grouped(health.queue_rows)))
                    (number("calls that wait", &grouped(health.outbox_rows)))
                    (number("dead letters", &grouped(health.dead_letters)))
                    @if health.memory_promise > 0 {
                        (number("of its memory", &format!("{} %", health.memory_now.saturating_mul(100) / health.memory_promise)))
                    }
                }
            }
            p class="hint" { code { (board.board) } }
        }
    }
}

/// A way between months; none into the future.
fn months(path: &str, tenant: &str, month: Month, newest: Month) -> Markup {
    let to = |month: Month| format!("{path}?tenant={tenant}&month={month}");
    html! {
        div class="pager" {
            a rel="prev" href=(to(month.before())) { (month.before()) }
            @if month < newest { a rel="next" href=(to(month.next())) { (month.next()) } }
        }
    }
}

/// The tenants, to choose one.
fn choice(path: &str, tenants: &[TenantView], chosen: &str) -> Markup {
    html! {
        ul class="tabs" aria-label="Tenants" {
            @for view in tenants {
                li {
                    a href=(format!("{path}?tenant={}", view.tenant))
                        aria-current=[(view.tenant == chosen).then_some("page")] { (view.tenant) }
                }
            }
        }
    }
}

fn no_tenants() -> Markup {
    html! { div class="empty" { strong { "No tenants yet" } p { "Make one with " code { "POST /v1/tenants" } "." } } }
}

/// The budget of one tenant, and what its boards used this month. The bound is each board's, so that the meters show the
/// board that used most.
#[must_use]
pub fn budgets(tenants: &[TenantView], chosen: &str, versions: &[BudgetView], boards: &[SumView]) -> Markup {
    let most = |bound: Option<i64>| bound.and_then(|bound| u64::try_from(bound).ok());
    let newest = versions.first();
    if tenants.is_empty() {
        return no_tenants();
    }
    html! {
        (choice("/budgets", tenants, chosen))
        section {
            h2 { "This month, on the board that used most" }
            (meter("money", used(boards, |sums| sums.money_micros), newest.and_then(|one| most(one.money_micros)), money))
            (meter("calls", used(boards, |sums| sums.calls), newest.and_then(|one| most(one.calls)), grouped))
            p class="hint" {
                "The bound holds on each board by itself. When it is spent: "
                (newest.and_then(|one| one.degrade.as_deref()).unwrap_or("as the board has it")) "."
            }
        }
        section {
            h2 { "Versions" }
            @if versions.is_empty() { p class="soft" { "None: boards have their own budget." } } @else {
                div class="scroll" { table {
                    thead { tr { th { "Version" } th { "Money" } th { "Calls" } th { "When spent" } th { "By" } } }
                    tbody { @for one in versions { tr {
                        td class="number" { (one.version) }
                        td class="number" { (most(one.money_micros).map_or("no bound".to_owned(), money)) }
                        td class="number" { (most(one.calls).map_or("no bound".to_owned(), grouped)) }
                        td { (one.degrade.as_deref().unwrap_or("-")) }
                        td { (one.made_by) }
                    } } }
                } }
            }
        }
    }
}

/// The most that any board used.
fn used(boards: &[SumView], count: fn(&Sums) -> u64) -> u64 {
    boards.iter().map(|board| count(&board.sums)).max().unwrap_or(0)
}

fn meter(label: &str, used: u64, bound: Option<u64>, say: fn(u64) -> String) -> Markup {
    let percent = bound.map(|bound| u128::from(used) * 100 / u128::from(bound.max(1)));
    let kind = match percent {
        Some(100..) => "bad",
        Some(80..) => "warn",
        _ => "good",
    };
    html! {
        div class="budget" {
            div class="between" {
                span { (label) }
                strong class="number" { (say(used)) @if let Some(bound) = bound { " of " (say(bound)) } }
            }
            @if let Some(percent) = percent {
                svg class="meter" data-kind=(kind) aria-hidden="true" width="100%" height="8" {
                    rect class="trough" width="100%" height="8" rx="4" {}
                    rect class="fill" width=(format!("{}%", percent.min(100))) height="8" rx="4" {}
                }
            }
        }
    }
}

/// The usage of one tenant in a month. `newest` is the month that it is now.
#[must_use]
pub fn usage(
    (tenants, chosen): (&[TenantView], &str),
    (month, newest): (Month, Month),
    sums: &Sums,
    boards: &[SumView],
) -> Markup {
    if tenants.is_empty() {
        return no_tenants();
    }
    html! {
        (choice("/usage", tenants, chosen))
        (months("/usage", chosen, month, newest))
        section {
            h2 { (month) }
            dl class="numbers" {
                (number("messages", &grouped(sums.messages)))
                (number("blocked", &grouped(sums.blocked)))
                (number("unsure", &grouped(sums.unsure)))
                (number("actions", &grouped(sums.actions)))
                (number("calls", &grouped(sums.calls)))
                (number("remembered", &grouped(sums.cache_hits)))
                (number("tokens in", &grouped(sums.tokens_in)))
                (number("tokens out", &grouped(sums.tokens_out)))
                (number("money", &money(sums.money_micros)))
            }
            @if sums.at_least { p class="hint" { "At least: a power cut may have lost up to ten seconds of counts; money never." } }
        }
        section {
            h2 { "By board" }
            @if boards.is_empty() { p class="soft" { "Nothing in this month." } } @else {
                div class="scroll" { table {
                    thead { tr { th { "Board" } th { "Messages" } th { "Blocked" } th { "Calls" } th { "Money" } } }
                    tbody { @for one in boards { tr {
                        td { (if one.name.is_empty() { &one.board } else { &one.name }) }
                        td class="number" { (grouped(one.sums.messages)) }
                        td class="number" { (grouped(one.sums.blocked)) }
                        td class="number" { (grouped(one.sums.calls)) }
                        td class="number" { (money(one.sums.money_micros)) }
                    } } }
                } }
            }
        }
    }
}

/// The packs, by stage.
#[must_use]
pub fn packs(packs: &[PackView]) -> Markup {
    let stages =
        [("stopped", "Stopped"), ("record", "One board records"), ("share", "In a share"), ("none", "Everywhere")];
    html! {
        @if packs.is_empty() {
            div class="empty" { strong { "No packs yet" } p { "Upload a signed one with " code { "POST /v1/packs" } "." } }
        }
        @for (word, title) in stages {
            @let here: Vec<&PackView> = packs.iter().filter(|pack| pack.stage == word).collect();
            @if !here.is_empty() {
                section { h2 { (title) } ul class="rows" { @for pack in here { (pack_row(pack)) } } }
            }
        }
    }
}

fn pack_row(pack: &PackView) -> Markup {
    let (kind, word) = match pack.stage.as_str() {
        "stopped" => ("bad", "stopped".to_owned()),
        "record" => ("warn", "records".to_owned()),
        "share" => ("warn", format!("{} %", pack.percent)),
        _ if pack.current.is_some() => ("good", "everywhere".to_owned()),
        _ => ("calm", "not out".to_owned()),
    };
    html! {
        li class="row" {
            div class="between" { h3 { (pack.name) } span class="chip" data-kind=(kind) { (word) } }
            @if !pack.reason.is_empty() { p { (pack.reason) } }
            dl class="facts" {
                (number("everywhere", &pack.current.map_or("-".to_owned(), |version| version.to_string())))
                (number("on its way", &pack.staged.map_or("-".to_owned(), |version| version.to_string())))
                (number("boards report it", &pack.boards))
                (number("with an incident", &pack.incidents))
                (number("matched", &grouped(pack.matched)))
                (number("undone", &grouped(pack.undone)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(money(12_345_678), "12.34");
        assert_eq!(ago(0, 9), "never");
        assert_eq!(ago(1, 200_000_001), "3\u{a0}min ago");
    }
}
