//! Members of a group: their warnings, and who vouches for whom.
//!
//! Promises: each warning says when and why, and whether it still counts; a button says what it does to whom.
//!
//! Never: a number of somebody for whoever may not see it.

use super::shell::{Sheet, sheet};
use super::text::{chip, count, cut, group, n, t, when};
use super::{Ask, address};
use crate::access::Role;
use crate::web::desk::{Desk, Refused, Told};
use crate::web::views::{MemberQuery, MemberView, WarningView};
use maud::{Markup, html};

/// Warnings of one member that are shown; the rest are counted.
const WARNINGS: usize = 4;
/// What a list may be narrowed to, and how it is called.
const ONLY: [(&str, &str); 4] =
    [("", "All"), ("warned", "With warnings"), ("approved", "Vouched for"), ("reported", "Who reported")];

/// Where the members of a group are shown.
pub fn place(id: i64) -> String {
    format!("/members/{id}")
}

/// The page of one group.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk, id: Option<i64>) -> Told<String> {
    let Some(id) = id else {
        return Err(if ask.is(Role::Owner) { Refused::Missing } else { Refused::Denied });
    };
    let query = MemberQuery {
        group: Some(id),
        user: ask.query("user").and_then(|user| user.parse().ok()),
        only: ask.query("only").map(str::to_owned),
        cursor: ask.query("cursor").map(str::to_owned),
    };
    let found = desk.members(ask.visitor.caller, &query)?;
    let seen = desk.overview(ask.visitor.caller)?;
    let title = seen.groups.iter().find(|one| one.id == id).map(|one| one.title.clone()).unwrap_or_default();
    let here = place(id);
    let asked: Vec<(&str, &str)> =
        ["only", "user"].into_iter().filter_map(|name| Some((name, ask.query(name)?))).collect();
    let back = address(&here, &asked);
    let body = html! {
        p { a href=(format!("/policy/group/{id}")) { "\u{2190} How " (group(&title, id)) " is looked after" } }
        (filters(ask, &here))
        section aria-label="Members" {
            @if found.items.is_empty() { (nothing(!asked.is_empty(), &here)) } @else {
                ul class="rows" { @for one in &found.items { (member(ask, one, id, &back)) } }
            }
            p class="pager" {
                @if query.cursor.is_some() { a href=(back) { "\u{2190} First" } }
                @if let Some(next) = &found.next {
                    @let more: Vec<(&str, &str)> = asked.iter().copied().chain([("cursor", next.as_str())]).collect();
                    a href=(address(&here, &more)) rel="next" { "More \u{2192}" }
                }
            }
        }
    };
    let lead = "Whoever wrote of late, was warned, reported something, or is vouched for. Whoever is vouched for passes as known from the first message on.";
    let title =
        if title.is_empty() { format!("Members of group {id}") } else { format!("Members of {}", cut(&title, 80)) };
    Ok(sheet(ask, &Sheet { title: &title, lead, live: "" }, &body))
}

fn filters(ask: &Ask<'_>, here: &str) -> Markup {
    let chosen = ask.query("only").unwrap_or_default();
    html! {
        ul class="tabs" aria-label="Which members" { @for (word, words) in ONLY {
            li { a href=(address(here, &[("only", word)])) aria-current=[(chosen == word).then_some("true")] { (words) } }
        } }
        @if ask.is(Role::Admin) {
            form method="get" action=(here) class="filters" {
                div class="field" {
                    label for="q-user" { "Number of a member" }
                    input type="number" id="q-user" name="user" min="1" required value=(ask.query("user").unwrap_or_default());
                }
                div class="field" { button type="submit" { "Find" } }
            }
        }
    }
}

fn nothing(is_filtered: bool, here: &str) -> Markup {
    html! {
        div class="empty" {
            @if is_filtered {
                p { strong { "Nobody fits" } }
                p { a href=(here) { "Show all" } }
            } @else {
                p { strong { "Nobody yet" } }
                p { "As soon as somebody writes in this group, is warned, or is vouched for, they stand here." }
            }
        }
    }
}

fn member(ask: &Ask<'_>, one: &MemberView, id: i64, back: &str) -> Markup {
    html! {
        li class="row" {
            div class="between" {
                span {
                    strong { @match one.user {
                        Some(user) => { "Member " (user) },
                        None => "A member",
                    } } " "
                    @if one.approved_at_s.is_some() { (chip("good", "vouched for")) }
                    @else if one.is_known { (chip("good", "known")) }
                    @else { (chip("calm", "stranger")) }
                }
                span class="soft" { "heard of " (heard(one.heard_day_s, ask.now_s())) }
            }
            p class="soft" {
                (count(u64::from(one.messages), "message")) " towards being known. Reports: "
                (n(u64::from(one.reports_right))) " right, " (n(u64::from(one.reports_wrong))) " wrong."
                @if one.mutes > 0 { " Muted for warnings " (count(u64::from(one.mutes), "time")) "." }
                @if let Some(since) = one.approved_at_s { " Vouched for since " (when(since, ask.now_s())) "." }
            }
            @if !one.warnings.is_empty() {
                ul { @for warning in one.warnings.iter().take(WARNINGS) { (warned(ask, warning)) } }
                @if one.warnings.len() > WARNINGS { p class="soft" { "and " (one.warnings.len().saturating_sub(WARNINGS)) " older" } }
            }
            @if let Some(user) = one.user && ask.is(Role::Admin) { (buttons(ask, one, id, user, back)) }
        }
    }
}

/// The day somebody was heard of. The hour is not kept.
fn heard(day_s: u64, now_s: u64) -> String {
    let days = |seconds: u64| seconds / 86_400;
    match days(now_s).saturating_sub(days(day_s)) {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        ago => format!("{} ago", count(ago, "day")),
    }
}

fn warned(ask: &Ask<'_>, warning: &WarningView) -> Markup {
    html! {
        li {
            (when(warning.at_s, ask.now_s())) ": "
            @if warning.reason.is_empty() { "no reason was given" } @else { (t(&warning.reason)) }
            @if !warning.counts { " " span class="soft" { "(too long ago to count)" } }
        }
    }
}

fn buttons(ask: &Ask<'_>, one: &MemberView, id: i64, user: i64, back: &str) -> Markup {
    let (group, user) = (id.to_string(), user.to_string());
    let (vouch, pardon) = (format!("vouch{user}"), format!("pardon{user}"));
    let (path, label) = match one.approved_at_s {
        None => ("/api/v1/members/approve", "Vouch for"),
        Some(_) => ("/api/v1/members/unapprove", "No longer vouch for"),
    };
    html! {
        div class="buttons" {
            (ask.form("POST", path, back, &vouch).only("quiet", &format!("{label} {user}"), &[("group:n", &group), ("users[]:n", &user)]))
            @if !one.warnings.is_empty() || one.mutes > 0 {
                (ask.form("POST", "/api/v1/members/forgive", back, &pardon)
                    .only("quiet", &format!("Take back the warnings of {user}"), &[("group:n", &group), ("user:n", &user)]))
            }
            a href=(format!("/api/v1/members/export?user={user}")) { "All that is kept about " (user) }
        }
        details {
            summary { "Forget " (user) }
            p class="soft" { "What they wrote, their warnings and who vouches for them is removed in all groups that you look after. A ban in force stays, and so does the audit log." }
            (ask.form("POST", "/api/v1/members/forget", back, &format!("forget{user}")).only("quiet", &format!("Forget member {user}"), &[("user:n", &user)]))
        }
    }
}
