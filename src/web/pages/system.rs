//! The system: whether the machine is well, what holds how much memory, backups, and updates.
//!
//! Promises: what is not well says how to mend it; how to restore a backup stands beside the backups.
//!
//! Never: a button that restarts or replaces the program.

use super::charts::{meter, percent};
use super::form::confirm;
use super::shell::{Sheet, sheet};
use super::text::{bytes, chip, t, when};
use super::{Ask, segment};
use crate::web::desk::{Desk, Told};
use crate::web::views::{BackupView, Check, FlagView, SystemView};
use maud::{Markup, html};

/// The page.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    let seen = desk.system(ask.visitor.caller)?;
    let body = html! {
        section aria-labelledby="checks" { h2 id="checks" { "Checks" } (checks(&seen.checks)) }
        section aria-labelledby="backups" { h2 id="backups" { "Backups" } (backups(ask, &seen.backups)) }
        @if !seen.hub.is_empty() { section aria-labelledby="hub" { h2 id="hub" { "Hub" } (hub(&seen.hub)) } }
        section aria-labelledby="version" { h2 id="version" { "Version and updates" } (version(&seen)) }
        section aria-labelledby="flags" { h2 id="flags" { "Flags" } (flags(&seen.flags)) }
        section aria-labelledby="memory" { h2 id="memory" { "Memory" } (memory(&seen)) }
    };
    Ok(sheet(ask, &Sheet { title: "System", lead: "The machine, the program and its storage.", live: "" }, &body))
}

/// What was looked at, and how to mend it.
pub fn checks(checks: &[Check]) -> Markup {
    html! {
        @if checks.is_empty() { p class="soft" { "Nothing to look at." } }
        ul class="rows" { @for check in checks {
            li class="row" {
                div class="between" { strong { (t(&check.name)) } (chip(&check.state, match check.state.as_str() {
                    "good" => "fine",
                    "warn" => "look at this",
                    "bad" => "mend this",
                    other => other,
                })) }
                p { (t(&check.words)) }
            }
        } }
    }
}

fn backups(ask: &Ask<'_>, backups: &[BackupView]) -> Markup {
    html! {
        p { "A backup is made each night once a key for it is set, and is one sealed file: database, settings, packs, token, certificate. Without a key it is a copy of the database alone. Keep one somewhere else." }
        (ask.form("POST", "/api/v1/backups", "/system", "backup").only("", "Make a backup now", &[]))
        @if backups.is_empty() { p class="soft" { "No backup on this machine yet." } }
        ul class="rows" { @for one in backups {
            @let path = format!("/api/v1/backups/{}", segment(&one.name));
            @let id = super::form::place("drop", &one.name);
            li class="row" {
                div class="between" { strong { (t(&one.name)) } span class="soft" { (bytes(one.bytes)) ", " (when(one.at_s, ask.now_s())) } }
                div class="buttons" {
                    a class="button quiet" href=(path) download { "Download" span class="unseen" { " " (one.name) } }
                    (confirm("Remove", "This copy is gone for good. The appliance itself is not touched.",
                        &ask.form("DELETE", &path, "/system", &id).only("danger", "Remove the copy", &[])))
                }
            }
        } }
        details {
            summary { "How to restore a backup" }
            ol class="steps" {
                li { "A file " code { "aegis-...age" } ": on any board, " code { "aegis restore FILE --identity KEY" } " makes a data folder of it and says how to start on it." }
                li { "A file " code { "journal-...redb" } ": stop the appliance, move " code { "journal.redb" } " in the data folder aside, put the backup in its place under that name, and start." }
            }
        }
    }
}

/// How this board stands with its hub.
fn hub(lines: &[String]) -> Markup {
    html! {
        dl class="list" { @for line in lines {
            @let (what, how) = line.split_once(": ").unwrap_or(("look at this", line));
            div { dt { (t(what)) } dd { (t(how)) } }
        } }
    }
}

/// What is switched on and off, and who says so.
fn flags(flags: &[FlagView]) -> Markup {
    html! {
        p class="soft" { "They are set in the settings or the environment, and hold at once when the settings change." }
        ul class="rows" { @for flag in flags {
            li class="row" {
                div class="between" {
                    strong { code { (flag.name) } }
                    span {
                        @if flag.experimental { (chip("warn", "experimental")) " " }
                        (chip(if flag.on { "good" } else { "calm" }, if flag.on { "on" } else { "off" }))
                    }
                }
                p { (flag.does) }
                p class="soft" {
                    "By: " (flag.from) ". Since version " (flag.since) "."
                    @if !flag.otherwise.is_empty() {
                        " The other way for: " (t(&flag.otherwise.join(", "))) "."
                    }
                }
            }
        } }
    }
}

fn version(seen: &SystemView) -> Markup {
    html! {
        dl class="list" {
            div { dt { "Version" } dd { (seen.version) } }
            div { dt { "Database" } dd { "schema " (seen.schema) ", " (bytes(seen.database_bytes)) @if let Some(free) = seen.free_bytes { ", " (bytes(free)) " free beside it" } } }
            div { dt { "Board" } dd { (t(&seen.board)) } }
            div { dt { "Data folder" } dd { code { (seen.data_dir) } } }
        }
        p class="soft" { "The appliance asks nobody for updates. The chapter on updating in the README that came with it says where new versions are and how to change to one: make a backup, stop, replace the program, start." }
    }
}

fn memory(seen: &SystemView) -> Markup {
    let (lines, now) = (&seen.memory, seen.memory_now);
    let whole = lines.iter().map(|(_, most, _)| *most).sum::<u64>();
    html! {
        p { "Everything together takes at most " strong { (bytes(whole)) } ", and each part says what happens when it is full." }
        dl class="list" {
            div { dt { "In use now" } dd { (bytes(now.resident)) } }
            div { dt { "The most so far" } dd { (bytes(now.resident_peak)) } }
            div { dt { "The promise" } dd { (bytes(now.promise)) ": all parts, and a tenth for what the allocator rounds up" } }
            div { dt { "As the system counts it" } dd { (bytes(now.data)) ", with the stacks of threads, of which most is only reserved" } }
            div { dt { "The most the system gives" } dd { @if now.data_max > 0 { (bytes(now.data_max)) ": the promise and those stacks" } @else { "no bound" } } }
        }
        details {
            summary { "Part by part" }
            table class="stack" {
                thead { tr { th scope="col" { "Part" } th scope="col" { "At most" } th scope="col" { "When it is full" } } }
                tbody { @for (who, most, full) in lines { tr {
                    td data-name="Part" { (t(who)) }
                    td data-name="At most" class="number" { (bytes(*most)) (meter(percent(*most, whole), None)) }
                    td data-name="When it is full" { (t(full)) }
                } } }
            }
        }
    }
}
