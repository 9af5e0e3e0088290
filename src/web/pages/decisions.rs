//! Decisions: the list, what to look for in it, and undoing all that one rule did.
//!
//! Promises: the address holds the whole question, so that it can be kept and shared; undoing many begins with what it would do.
//!
//! Never: a text for whoever may not read it.

use super::form::Field;
use super::shell::{Sheet, sheet};
use super::text::{chip, chip_of, count, cut, group, n, outcome, t, when};
use super::{Ask, Outcome, address};
use crate::access::Role;
use crate::limits;
use crate::web::desk::{Desk, Told};
use crate::web::views::{DecisionQuery, DecisionRow, GroupView, Undone};
use maud::{Markup, html};

/// Rows of one piece of the list.
const ROWS: usize = 25;
/// Characters of a text that stand in a list.
const SHOWN: usize = 160;
/// Times to go back by: the word in the address, in words, and seconds.
const SINCE: [(&str, &str, u64); 5] = [
    ("1h", "the last hour", 3_600),
    ("6h", "the last 6 hours", 21_600),
    ("24h", "the last 24 hours", 86_400),
    ("7d", "the last 7 days", 604_800),
    ("30d", "the last 30 days", 2_592_000),
];

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    let since = ask.query("since").and_then(|word| SINCE.iter().find(|(own, ..)| *own == word));
    let query = DecisionQuery {
        group: ask.query("group").and_then(|id| id.parse().ok()),
        outcome: ask.query("outcome").map(str::to_owned),
        rule: ask.query("rule").map(str::to_owned),
        sender: ask.query("sender").and_then(|id| id.parse().ok()),
        text: ask.query("text").map(str::to_owned),
        since_s: since.map(|(_, _, seconds)| ask.now_s().saturating_sub(*seconds)),
        cursor: ask.query("cursor").map(str::to_owned),
        limit: Some(ROWS.min(limits::PAGE_ROWS_MAX)),
        ..DecisionQuery::default()
    };
    let found = desk.decisions(ask.visitor.caller, &query)?;
    let seen = desk.overview(ask.visitor.caller)?;
    let asked: Vec<(&str, &str)> = ["group", "outcome", "rule", "sender", "text", "since"]
        .into_iter()
        .filter_map(|name| Some((name, ask.query(name)?)))
        .collect();
    let body = html! {
        @if let Some(Outcome::Undone(undone)) = ask.outcome { (would_undo(ask, undone)) }
        (filters(ask, &seen.groups, !asked.is_empty()))
        section aria-label="Decisions" {
            @if found.items.is_empty() { (nothing(!asked.is_empty())) } @else {
                ul class="rows" { @for row in &found.items { (line(row, ask.now_s())) } }
            }
            p class="pager" {
                @if query.cursor.is_some() { a href=(address("/decisions", &asked)) { "\u{2190} Newest" } }
                @if let Some(next) = &found.next {
                    @let older: Vec<(&str, &str)> = asked.iter().copied().chain([("cursor", next.as_str())]).collect();
                    a href=(address("/decisions", &older)) rel="next" { "Older \u{2192}" }
                }
            }
        }
        @if ask.is(Role::Admin) { (undo_rule(ask)) }
    };
    let lead = "Every message that was blocked or doubted, and what came of it. Harmless ones are only counted.";
    Ok(sheet(ask, &Sheet { title: "Decisions", lead, live: "" }, &body))
}

fn nothing(is_filtered: bool) -> Markup {
    html! {
        div class="empty" {
            @if is_filtered {
                p { strong { "Nothing fits" } }
                p { "No decision that is still kept is like that. " a href="/decisions" { "Show all" } }
            } @else {
                p { strong { "All quiet" } }
                p { "Nothing was blocked or doubted yet. As soon as something is, it stands here, with the reason." }
            }
        }
    }
}

fn filters(ask: &Ask<'_>, groups: &[GroupView], is_filtered: bool) -> Markup {
    let chosen = |name: &str, value: &str| ask.query(name) == Some(value);
    html! {
        details class="card" open[is_filtered] {
            summary { "Search" @if is_filtered { span class="soft" { " (in use)" } } }
            form method="get" action="/decisions" class="filters" {
                div class="field" { label for="q-text" { "Words in text or reason" } input type="search" id="q-text" name="text" value=(ask.query("text").unwrap_or_default()); }
                div class="field" { label for="q-group" { "Group" } select id="q-group" name="group" {
                    option value="" { "All groups" }
                    @for one in groups.iter().take(limits::PAGE_ROWS_MAX) { option value=(one.id) selected[chosen("group", &one.id.to_string())] { (name_of(one)) } }
                } }
                div class="field" { label for="q-outcome" { "Verdict" } select id="q-outcome" name="outcome" {
                    option value="" { "All" }
                    @for word in ["block", "review", "allow"] { option value=(word) selected[chosen("outcome", word)] { (outcome(word)) } }
                } }
                div class="field" { label for="q-since" { "When" } select id="q-since" name="since" {
                    option value="" { "Any time" }
                    @for (word, words, _) in SINCE { option value=(word) selected[chosen("since", word)] { (words) } }
                } }
                div class="field" { label for="q-rule" { "Rule" } input type="text" id="q-rule" name="rule" autocapitalize="none" value=(ask.query("rule").unwrap_or_default()); }
                div class="field" { button type="submit" { "Search" } @if is_filtered { " " a href="/decisions" { "Show all" } } }
            }
        }
    }
}

/// A group as lists to choose from name it.
pub fn name_of(one: &GroupView) -> String {
    if one.title.is_empty() { format!("Group {}", one.id) } else { cut(&one.title, 60) }
}

/// A decision in a list.
pub fn line(row: &DecisionRow, now_s: u64) -> Markup {
    html! {
        li class="row told" {
            div class="between" {
                span { (chip(chip_of(&row.outcome), outcome(&row.outcome))) " " span class="score" { "score " (row.score) } }
                span class="soft" { (when(row.at_s, now_s)) }
            }
            p class="said" dir="auto" { @match &row.excerpt {
                Some(text) if text.is_empty() => span class="soft" { "(no text)" },
                Some(text) => (cut(text, SHOWN)),
                None => span class="soft" { "(hidden from viewers)" },
            } }
            div {
                p { a href=(format!("/decisions/{}", row.number)) { @if row.reason.is_empty() { "Decision " (row.number) } @else { (t(&row.reason)) } }
                    ": " (t(&row.fate))
                    @if let Some(label) = &row.label { " " (chip(chip_of(label), match label.as_str() {
                        "fine" => "marked as fine",
                        "spam" => "marked as spam",
                        other => other,
                    })) }
                }
                p class="soft" { (group(&row.group_title, row.group)) @for rule in row.rules.iter().take(4) { " \u{b7} " code { (rule) } } }
            }
        }
    }
}

/// What undoing would do, and the form that does it.
fn would_undo(ask: &Ask<'_>, undone: &Undone) -> Markup {
    let form = ask.form("POST", "/api/v1/decisions/undo", "/decisions", "undo-rule-now");
    let typed = |name: &str| ask.typed.value(name).unwrap_or_default();
    html! {
        div class="note" data-kind="warn" role="status" id="result" {
            h2 { "What undoing would do" }
            p { (t(&undone.words)) }
            dl class="facts" {
                div { dt { "decisions" } dd { (n(undone.decisions)) } }
                div { dt { "members free again" } dd { (n(undone.freed)) } }
                div { dt { "waiting actions taken back" } dd { (n(undone.cancelled)) } }
                div { dt { "messages that stay deleted" } dd { (n(undone.deleted)) } }
            }
            @if undone.more { p { "There are more than one turn undoes. Ask again afterwards for the rest." } }
            @if undone.decisions == 0 { p { "So there is nothing to undo." } } @else {
                (form.only("danger", &format!("Undo {}", count(undone.decisions, "decision")), &[("rule", typed("rule")), ("since_s:n", typed("since_s:n")), ("dry_run:b", "false")]))
                " " a href="/decisions" { "Leave all as it is" }
            }
        }
    }
}

fn undo_rule(ask: &Ask<'_>) -> Markup {
    let form = ask.form("POST", "/api/v1/decisions/undo", "/decisions", "undo-rule");
    let times: Vec<(String, String)> = SINCE
        .into_iter()
        .map(|(_, words, seconds)| (ask.now_s().saturating_sub(seconds).to_string(), words.to_owned()))
        .collect();
    // What was chosen a moment ago is now the time nearest to it.
    let typed = ask.typed.value("since_s:n").and_then(|at| at.parse::<u64>().ok());
    let apart = |at: &str| at.parse::<u64>().unwrap_or(0).abs_diff(typed.unwrap_or(ask.now_s().saturating_sub(86_400)));
    let chosen = times.iter().min_by_key(|(at, _)| apart(at)).map_or("", |(at, _)| at.as_str());
    let hint = "As it is named in the decisions, such as crypto-sure.";
    let rule = ask.query("rule").unwrap_or_default();
    html! {
        details class="card" open[form.is_typed()] {
            summary { "Undo everything a rule did" }
            p { "For when a rule went wrong: people it banned may come back, people it muted may write, and what still waits is taken back. Deleted messages stay deleted. First you see what it would do." }
            (form.show(&html! {
                (form.input(&Field { name: "rule", label: "Rule", hint, value: rule, kind: "text", ..Field::default() }))
                (form.choose("since_s:n", "In", "", &times, chosen))
                (form.hidden("dry_run:b", "true"))
                (form.button("See what it would do"))
            }))
        }
    }
}
