//! The policy: how each tenant and group is looked after, with what rules, and what was changed when and by whom.
//!
//! Promises: each change is shown before it is made ([`super::preview`]); what was changed here is marked, with what the
//! settings say and the way back to that.
//!
//! Never: two changes by one button.

use super::form::{Field, Form};
use super::preview;
use super::shell::{Sheet, sheet};
use super::text::{chip, chip_of, count, cut, effect, group, mode, n, t, when};
use super::{Ask, segment};
use crate::access::Role;
use crate::limits;
use crate::web::desk::{Desk, Refused, Told};
use crate::web::views::{PackView, PolicyVersionView, PolicyView, ScopeView};
use maud::{Markup, html};

/// Tenants or groups that have a card; those after them have a link.
const CARDS: usize = 20;
/// Links at most.
const LINKS: usize = 100;
/// Where a change is tried.
const PREVIEW: &str = "/api/v1/policy/preview";

/// What the shipped packs find, in plain words.
const PACKS: [(&str, &str); 9] = [
    ("adult", "Adult offers and escorts"),
    ("crypto", "Coins, trading and investment schemes"),
    ("flood", "The same thing over and over"),
    ("impersonation", "People who pretend to be staff or support"),
    ("jobs", "Job offers that are too good"),
    ("newcomers", "What new members seldom write"),
    ("phishing", "Links and words that steal accounts"),
    ("profanity", "Insults and swearing"),
    ("promotions", "Advertising of shops, channels and bots"),
];

/// The page of all.
pub fn page(ask: &Ask<'_>, desk: &dyn Desk) -> Told<String> {
    let policy = desk.policy(ask.visitor.caller)?;
    let versions = if ask.is(Role::Admin) { desk.policy_versions(ask.visitor.caller)? } else { Vec::new() };
    let body = html! {
        (preview::shown(ask, "/policy"))
        @if let Some(why) = &policy.refused { div class="note" data-kind="bad" { p { strong { "The last change to the files was refused; the rules before it stay in force." } } p { (t(why)) } } }
        section class="plain" aria-labelledby="tenants" { h2 id="tenants" { "Tenants" } (scopes(&policy.tenants)) }
        section class="plain" aria-labelledby="groups" {
            h2 id="groups" { "Groups" }
            @if policy.groups.is_empty() { p class="soft" { "No group yet. A group goes by its tenant until you change something for it alone." } }
            (scopes(&policy.groups))
        }
        section aria-labelledby="packs" {
            h2 id="packs" { "What the rules look for" }
            (rules(&policy))
            @if ask.is(Role::Owner) { (candidate(ask, &policy)) }
        }
        @if !policy.lists.is_empty() { section aria-labelledby="lists" { h2 id="lists" { "Lists of domains" } (lists(ask, &policy)) } }
        @if ask.is(Role::Admin) { section aria-labelledby="versions" { h2 id="versions" { "What was changed" } (versions_of(ask, &versions)) } }
    };
    let lead = "How each group is looked after. Every change is shown before it is made, and can be brought back.";
    Ok(sheet(ask, &Sheet { title: "Policy", lead, live: "" }, &body))
}

fn address_of(scope: &ScopeView) -> String {
    match scope.group {
        Some(id) => format!("/policy/group/{id}"),
        None => format!("/policy/tenant/{}", segment(&scope.tenant)),
    }
}

fn name_of(scope: &ScopeView) -> Markup {
    match scope.group {
        Some(id) => group(&scope.title, id),
        None => t(&scope.tenant),
    }
}

fn scopes(scopes: &[ScopeView]) -> Markup {
    html! {
        ul class="cards" { @for scope in scopes.iter().take(CARDS) {
            @let on = scope.packs.values().filter(|on| **on).count();
            li class="card" {
                div class="between" { h3 { a href=(address_of(scope)) { (name_of(scope)) } } (chip(chip_of(&scope.mode), mode(&scope.mode))) }
                p { "Unsure from " strong { (scope.review) } ", blocked from " strong { (scope.block) } ". " (on) " of " (scope.packs.len()) " packs on." }
                p class="soft" { @if scope.changed.is_empty() { "As in the settings." } @else { "Changed here: " (scope.changed.len()) "." } @if scope.group.is_some() { " Tenant " (t(&scope.tenant)) "." } }
            }
        } }
        @if scopes.len() > CARDS { p class="more" { "More: " @for scope in scopes.iter().skip(CARDS).take(LINKS) { a href=(address_of(scope)) { (name_of(scope)) } " " } } }
    }
}

fn finds(pack: &str) -> &str {
    PACKS.iter().find(|(id, _)| *id == pack).map_or("Rules of your own", |(_, words)| words)
}

fn rules(policy: &PolicyView) -> Markup {
    html! {
        @if policy.packs.is_empty() { p class="soft" { "No rules are loaded. Put packs into the policy folder." } }
        ul class="rows" { @for pack in policy.packs.iter().take(limits::PAGE_ROWS_MAX) {
            li class="row" {
                div class="between" {
                    strong { a href=(format!("/policy/pack/{}", segment(&pack.id))) { (t(&pack.id)) } }
                    span class="soft" { (rules_of(pack)) }
                }
                p { (finds(&pack.id)) }
            }
        } }
        p class="soft" { "Version " (policy.version) " of what was changed here; rules " code { (policy.compiled) } }
    }
}

/// A pack to be tried on what is stored.
fn candidate(ask: &Ask<'_>, policy: &PolicyView) -> Markup {
    let form = ask.form("POST", PREVIEW, "/policy", "candidate");
    let hint = "A whole pack, as its file would be, with its keywords in it. It is tried with the packs as they are, in place of the one with its id. Nothing changes by it.";
    html! {
        details class="card" open[form.is_typed()] {
            summary { "Try a pack on stored messages" }
            (form.show(&html! {
                (form.hidden("version:n", &policy.version.to_string()))
                (form.input(&Field { name: "candidate", label: "Pack", hint, kind: "area", ..Field::default() }))
                (form.button("See what would change"))
            }))
        }
    }
}

/// The lists that rules ask for, and the switch of each.
fn lists(ask: &Ask<'_>, policy: &PolicyView) -> Markup {
    let form = ask.form("POST", PREVIEW, "/policy", "lists-switch");
    let version = policy.version.to_string();
    let rows = html! {
        ul class="rows" { @for list in policy.lists.iter().take(limits::PAGE_ROWS_MAX) {
            li class="row" {
                div class="between" {
                    span {
                        strong { (t(&list.name)) } " "
                        @if !list.is_on { (chip("calm", "off")) } @else if list.is_there { (chip("good", "on")) } @else { (chip("warn", "missing")) }
                    }
                    @if ask.is(Role::Owner) {
                        button class="quiet small" type="submit" name=(format!("lists.{}:b", list.name)) value=(if list.is_on { "false" } else { "true" }) {
                            @if list.is_on { "Off for everybody" } @else { "On for everybody" }
                            span class="unseen" { " " (list.name) }
                        }
                    }
                }
                p class="soft" {
                    @if !list.is_on { "No link is on it while it is off." }
                    @else if list.is_there { (count(list.domains, "domain")) }
                    @else { "It is not there, so rules that ask for it stay silent. Import it with " code { "aegis lists import" } "." }
                }
            }
        } }
    };
    html! {
        p class="hint" { "Rules ask whether a link leads to a domain on them." }
        @if ask.is(Role::Owner) { (form.show(&html! { (form.hidden("version:n", &version)) (rows) })) } @else { (rows) }
    }
}

fn rules_of(pack: &PackView) -> String {
    let records = u64::try_from(pack.rules.iter().filter(|rule| rule.records).count()).unwrap_or(0);
    let told =
        format!("{}, {}", count(u64::try_from(pack.rules.len()).unwrap_or(0), "rule"), count(pack.keywords, "phrase"));
    if records == 0 { told } else { format!("{told}, {} only recording", n(records)) }
}

/// The page of one pack: its rules, and which of them only record.
pub fn pack(ask: &Ask<'_>, desk: &dyn Desk, id: &str) -> Told<String> {
    let policy = desk.policy(ask.visitor.caller)?;
    let pack = policy.packs.iter().find(|pack| pack.id == id).ok_or(Refused::Missing)?;
    let back = format!("/policy/pack/{}", segment(id));
    let form = ask.form("POST", PREVIEW, &back, "recording");
    let version = policy.version.to_string();
    let body = html! {
        p { a href="/policy" { "\u{2190} All of the policy" } }
        (preview::shown(ask, &back))
        section aria-labelledby="rules" {
            h2 id="rules" { (rules_of(pack)) }
            @if ask.is(Role::Owner) {
                p class="hint" { "A rule that only records is shown in decisions and adds nothing to a score, in every group." }
                (form.show(&html! { (form.hidden("version:n", &version)) (table(ask, pack)) }))
            } @else { (table(ask, pack)) }
        }
    };
    Ok(sheet(ask, &Sheet { title: &format!("Pack {id}"), lead: finds(id), live: "" }, &body))
}

fn table(ask: &Ask<'_>, pack: &PackView) -> Markup {
    html! {
        table class="stack" {
            thead { tr { th scope="col" { "Rule" } th scope="col" { "Finds" } th scope="col" { "Adds" } @if ask.is(Role::Owner) { th scope="col" { "Counts" } } } }
            tbody { @for rule in &pack.rules { tr {
                td data-name="Rule" { code { (rule.id) } }
                td data-name="Finds" { (t(&rule.reason)) }
                td data-name="Adds" class="number" { (rule.score) }
                @if ask.is(Role::Owner) { td data-name="Counts" {
                    button class="quiet small" type="submit" name=(format!("recording.{}:b", rule.id)) value=(if rule.records { "false" } else { "true" }) {
                        @if rule.records { "Let it count" } @else { "Only record" }
                        span class="unseen" { " " (rule.id) }
                    }
                    @if rule.records { " " (chip("warn", "only records")) }
                } }
            } } }
        }
    }
}

fn versions_of(ask: &Ask<'_>, versions: &[PolicyVersionView]) -> Markup {
    html! {
        @if versions.is_empty() { p class="soft" { "Nothing was changed here yet: all is as in the settings." } }
        ol class="rows" reversed { @for version in versions.iter().take(20) {
            @let path = format!("/api/v1/policy/versions/{}/restore", version.number);
            @let id = format!("restore{}", version.number);
            li class="row" {
                div class="between" {
                    span { strong { "Version " (version.number) } " by " (t(&version.who)) " " @if version.is_in_force { (chip("good", "in force")) } }
                    span class="soft" { (when(version.at_s, ask.now_s())) }
                }
                @if !version.note.is_empty() { p { "\u{201c}" (t(&version.note)) "\u{201d}" } }
                ul { @for change in version.changes.iter().take(8) { li { (t(change)) } } }
                @if ask.is(Role::Owner) && !version.is_in_force {
                    (super::form::confirm("Bring it back", "Everything that was changed here goes back to how it was in this version, as a new version.",
                        &ask.form("POST", &path, "/policy", &id).only("", &format!("Bring back version {}", version.number), &[])))
                }
            }
        } }
    }
}

/// The page of one tenant or one group.
pub fn scope(ask: &Ask<'_>, desk: &dyn Desk, tenant: Option<&str>, id: Option<i64>) -> Told<String> {
    let policy = desk.policy(ask.visitor.caller)?;
    let found = match tenant {
        Some(name) => policy.tenants.iter().find(|scope| scope.tenant == name),
        None => policy.groups.iter().find(|scope| scope.group == id && id.is_some()),
    };
    let Some(scope) = found else {
        return Err(if ask.is(Role::Owner) { Refused::Missing } else { Refused::Denied });
    };
    let back = address_of(scope);
    let edit = Edit { ask, scope, policy: &policy, back: &back };
    let is_admin = ask.is(Role::Admin);
    let body = html! {
        p { a href="/policy" { "\u{2190} All of the policy" } }
        @if let Some(id) = scope.group { p { a href=(super::members::place(id)) { "Its members: warnings, and who is vouched for" } } }
        (preview::shown(ask, &back))
        section aria-labelledby="mode" { h2 id="mode" { "Record or enforce" } (edit.mode(is_admin)) }
        section aria-labelledby="scores" { h2 id="scores" { "Scores" } (edit.scores(is_admin)) }
        section aria-labelledby="packs" { h2 id="packs" { "Packs" } (edit.packs(is_admin)) }
        @if scope.group.is_none() {
            section aria-labelledby="words" { h2 id="words" { "Own words" } (edit.own("words", &scope.words, is_admin)) }
            section aria-labelledby="links" { h2 id="links" { "Own links" } (edit.own("links", &scope.links, is_admin)) }
        }
    };
    let title = match scope.group {
        Some(id) if scope.title.is_empty() => format!("Group {id}"),
        Some(_) => cut(&scope.title, 80),
        None => format!("Tenant {}", scope.tenant),
    };
    Ok(sheet(ask, &Sheet { title: &title, lead: "", live: "" }, &body))
}

/// One scope being edited.
struct Edit<'e> {
    ask: &'e Ask<'e>,
    scope: &'e ScopeView,
    policy: &'e PolicyView,
    back: &'e str,
}

impl<'e> Edit<'e> {
    fn form(&'e self, id: &'e str) -> Form<'e> {
        self.ask.form("POST", PREVIEW, self.back, id)
    }

    /// What the change is about, and what was seen when it was made.
    fn scoped(&self, form: &Form<'_>) -> Markup {
        html! {
            @match self.scope.group {
                Some(id) => (form.hidden("group:n", &id.to_string())),
                None => (form.hidden("tenant", &self.scope.tenant)),
            }
            (form.hidden("version:n", &self.policy.version.to_string()))
        }
    }

    fn is_changed(&self, what: &str) -> bool {
        self.scope.changed.iter().any(|changed| changed == what)
    }

    /// That it was changed here, and the way back.
    fn way_back(&'e self, id: &'e str, names: &[&str], words: &str, is_admin: bool) -> Markup {
        let form = self.form(id);
        html! {
            p { (chip("calm", "changed here")) " " (words) }
            @if is_admin {
                (form.show_as("inline", "", &html! {
                    (self.scoped(&form)) @for name in names { (form.hidden(name, "")) }
                    button type="submit" class="quiet" { "As in the settings" }
                }))
            }
        }
    }

    fn mode(&'e self, is_admin: bool) -> Markup {
        let form = self.form("mode");
        let options = [
            (
                "record",
                "Only record",
                "Verdicts are shown on this page. Nothing is done in the group. Good for getting to know the appliance.",
            ),
            (
                "enforce",
                "Enforce",
                "Messages are deleted and people muted or banned, as the rules say. Everything can be undone but a deletion.",
            ),
        ];
        html! {
            p { "Now: " (chip(chip_of(&self.scope.mode), mode(&self.scope.mode))) }
            @if is_admin {
                (form.show(&html! { (self.scoped(&form)) (form.radios("mode", "From now on", &options, &self.scope.mode)) (form.button("See what would change")) }))
            }
            @if self.is_changed("mode") { (self.way_back("mode-back", &["mode:0"], &format!("The settings say: {}.", mode(&self.scope.of_settings.0)), is_admin)) }
        }
    }

    fn scores(&'e self, is_admin: bool) -> Markup {
        let form = self.form("scores");
        let (review, block) = (self.scope.review.to_string(), self.scope.block.to_string());
        let most = Some(u64::from(limits::SCORE_MAX));
        html! {
            p { "Every rule that sees something adds to a message's score. Now unsure from " strong { (review) } ", blocked from " strong { (block) } "." }
            @if is_admin {
                (form.show(&html! {
                    (self.scoped(&form))
                    div class="grid" {
                        (form.input(&Field { name: "review:n", label: "Unsure from", hint: "Lower shows more.", value: &review, kind: "number", max: most, ..Field::default() }))
                        (form.input(&Field { name: "block:n", label: "Blocked from", hint: "Lower acts more often. Not below the other.", value: &block, kind: "number", max: most, ..Field::default() }))
                    }
                    (form.button("See what would change"))
                }))
            }
            @if self.is_changed("review") || self.is_changed("block") {
                @let words = format!("The settings say: unsure from {}, blocked from {}.", self.scope.of_settings.1, self.scope.of_settings.2);
                (self.way_back("scores-back", &["review:0", "block:0"], &words, is_admin))
            }
        }
    }

    fn packs(&'e self, is_admin: bool) -> Markup {
        let form = self.form("packs");
        let list = html! {
            ul class="rows" { @for (id, on) in &self.scope.packs {
                li class="row" {
                    div class="between" {
                        span { strong { (t(id)) } " " @if *on { (chip("good", "on")) } @else { (chip("calm", "off")) }
                            @if self.is_changed(&format!("packs.{id}")) { " " (chip("calm", "changed here")) } }
                        @if is_admin { span class="buttons" {
                            button type="submit" class="quiet small" name=(format!("packs.{id}:b")) value=(if *on { "false" } else { "true" }) { @if *on { "Turn off" } @else { "Turn on" } span class="unseen" { " " (id) } }
                            @if self.is_changed(&format!("packs.{id}")) { button type="submit" class="quiet small" name=(format!("packs.{id}:0")) value="" { "As in the settings" span class="unseen" { ": " (id) } } }
                        } }
                    }
                    p class="soft" { (finds(id)) }
                }
            } }
        };
        html! { @if is_admin { (form.show(&html! { (self.scoped(&form)) (list) })) } @else { (list) } }
    }

    fn own(&'e self, map: &str, own: &[(String, String)], is_admin: bool) -> Markup {
        let (remove_id, add_id) = (format!("{map}-remove"), format!("{map}-add"));
        let (remove, add) =
            (self.ask.form("POST", PREVIEW, self.back, &remove_id), self.ask.form("POST", PREVIEW, self.back, &add_id));
        let (label, hint, none) = match map {
            "words" => (
                "Word or phrase",
                "As people write it; disguises such as look-alike letters are found too.",
                "No own words yet.",
            ),
            _ => ("Domain", "Such as example.com; links to it and to all below it are found.", "No own links yet."),
        };
        let options: Vec<(String, String)> =
            ["review", "delete", "ban"].iter().map(|word| ((*word).to_owned(), effect(word).to_owned())).collect();
        let list = html! {
            ul class="rows" { @for (phrase, does) in own.iter().take(limits::PAGE_ROWS_MAX) {
                li class="row between" {
                    span { strong { (t(phrase)) } " " (chip(chip_of(does), effect(does))) }
                    @if is_admin { button type="submit" class="quiet small" name=(format!("{map}.{phrase}:0")) value="" { "Remove" span class="unseen" { " " (phrase) } } }
                }
            } }
        };
        html! {
            @if own.is_empty() { p class="soft" { (none) } } @else if is_admin { (remove.show(&html! { (self.scoped(&remove)) (list) })) } @else { (list) }
            @if is_admin {
                (add.show(&html! {
                    (self.scoped(&add))
                    div class="grid" {
                        (add.input(&Field { name: &format!("{map}.@key"), label, hint, kind: "text", ..Field::default() }))
                        (add.choose(&format!("{map}.@value"), "What to do", "Writing one again changes what it does.", &options, "delete"))
                    }
                    (add.button("See what would change"))
                }))
            }
        }
    }
}
