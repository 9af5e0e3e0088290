//! The pages: their elements do not depend on what strangers wrote, they hold nothing inline, and every form can be answered.
//! Hazard 19. With `AEGIS_PAGES_OUT` set, the pages are written there to be looked at.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

#[path = "pages/sample.rs"]
mod sample;

use aegis::access::{Caller, Reach, Role};
use aegis::tenant::TenantName;
use aegis::web::desk::Refused;
use aegis::web::pages::{self, Ask, ICON, Outcome, SCRIPT, STYLE, Typed, Visitor};
use proptest::prelude::*;
use sample::{NOW_S, Sample, Style};

/// Every page, with a name for its file.
const PAGES: [(&str, &str); 16] = [
    ("now", "/"),
    ("decisions", "/decisions"),
    ("decision", "/decisions/17"),
    ("simulator", "/simulator"),
    ("policy", "/policy"),
    ("policy-tenant", "/policy/tenant/default"),
    ("policy-group", "/policy/group/-1001"),
    ("policy-pack", "/policy/pack/crypto"),
    ("members", "/members/-1001"),
    ("usage", "/usage"),
    ("waiting", "/waiting"),
    ("system", "/system"),
    ("people", "/people"),
    ("audit", "/audit"),
    ("setup", "/setup"),
    ("setup-done", "/setup"),
];

fn caller(role: Role) -> Caller {
    let own = [TenantName::default()].into_iter().collect();
    let reach = if role == Role::Owner { Reach::All } else { Reach::Only(own) };
    Caller { name: "kim".to_owned(), role, reach, door: "page".to_owned() }
}

/// A page as one sees it.
fn seen(sample: &Sample, path: &str, role: Role, typed: &Typed, outcome: Option<&Outcome>) -> Result<String, Refused> {
    let caller = caller(role);
    let visitor = Visitor { caller: &caller, csrf: "c5rf", flash: None, now_s: NOW_S, can_log_out: true };
    let ask = Ask { path, query: &[], visitor: &visitor, typed, outcome };
    pages::page(&ask, sample, sample).unwrap_or_else(|| panic!("no page {path}"))
}

/// What a form that is answered at once had sent.
fn sent(path: &str, form: &str, values: &[(&str, &str)], errors: &[(&str, &str)]) -> Typed {
    let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    let mut values: Vec<(String, String)> = values.iter().map(own).collect();
    values.push(("_form".to_owned(), form.to_owned()));
    Typed { path: path.to_owned(), values, errors: errors.iter().map(own).collect() }
}

/// Every page of a sample, with all that may be answered on it, by the name of its file.
fn all(sample: &Sample) -> Vec<(String, String)> {
    let calm = Typed::default();
    let mut found = Vec::new();
    for (name, path) in PAGES {
        let sample = if name == "setup" { sample.at_step("token") } else { sample.clone() };
        found.push((name.to_owned(), seen(&sample, path, Role::Owner, &calm, None).unwrap()));
    }
    for step in ["group", "rehearsal"] {
        found.push((format!("setup-{step}"), seen(&sample.at_step(step), "/setup", Role::Owner, &calm, None).unwrap()));
    }
    for (name, path) in PAGES.iter().filter(|(name, _)| {
        ["now", "decision", "policy-tenant", "members", "usage", "people", "waiting"].contains(name)
    }) {
        found.push((format!("{name}-viewer"), seen(sample, path, Role::Viewer, &calm, None).unwrap()));
    }
    let w = |text: &str| sample.word(text);
    let change =
        sent("/api/v1/policy/preview", "mode", &[("tenant", "default"), ("mode", "enforce"), ("version:n", "3")], &[]);
    let rule = sent(
        "/api/v1/decisions/undo",
        "undo-rule",
        &[("rule", &w("crypto-sure")), ("since_s:n", "5"), ("dry_run:b", "true")],
        &[],
    );
    let message = sent(
        "/api/v1/simulate",
        "try",
        &[("text", &w("Earn 100% daily, write me in private")), ("group:n", "-1001")],
        &[],
    );
    let answered = [
        ("simulator-tried", "/simulator", message, sample.tried()),
        ("policy-preview", "/policy/tenant/default", change, sample.preview()),
        ("decisions-undo", "/decisions", rule, sample.undone()),
        ("people-code", "/people", calm.clone(), sample.code()),
        ("people-token", "/people", calm.clone(), sample.token()),
    ];
    for (name, path, typed, outcome) in answered {
        found.push((name.to_owned(), seen(sample, path, Role::Owner, &typed, Some(&outcome)).unwrap()));
    }
    let wrong = w("there is a pack with that name already; choose another");
    let refused = [
        (
            "refused-words",
            "/policy/tenant/default",
            sent("/api/v1/policy/preview", "words-add", &[("words.@key", &w("casino"))], &[("words.casino", &wrong)]),
        ),
        (
            "refused-scores",
            "/policy/group/-1001",
            sent(
                "/api/v1/policy/preview",
                "scores",
                &[("review:n", "90"), ("block:n", "80")],
                &[("review", &wrong), ("block", &wrong)],
            ),
        ),
        (
            "refused-budget",
            "/usage",
            sent("/api/v1/budget/default", "budget", &[("money?", &w("many"))], &[("money", &wrong)]),
        ),
        (
            "refused-password",
            "/people",
            sent(
                "/api/v1/session/password",
                "password",
                &[("old", "hunter2hunter2")],
                &[("old", &wrong), ("", &wrong)],
            ),
        ),
    ];
    for (name, path, typed) in refused {
        found.push((name.to_owned(), seen(sample, path, Role::Owner, &typed, None).unwrap()));
    }
    let setup = sample.at_step("owner").setup();
    let late =
        sent("/api/v1/session", "login", &[("name", &w("kim")), ("password", "hunter2hunter2")], &[("", &wrong)]);
    found.push(("login".to_owned(), pages::login(&calm, &setup, "/")));
    found.push(("login-refused".to_owned(), pages::login(&late, &setup, &w("/usage"))));
    found.push(("setup-owner".to_owned(), pages::setup(&calm, &setup, &w("7K3P-9QXM"))));
    let (own, kinds) = (
        caller(Role::Viewer),
        [
            (403, Refused::Denied),
            (404, Refused::Missing),
            (409, Refused::Conflict(w("version 4 is in force by now"))),
            (429, Refused::Busy(w("somebody else is at it"), 5)),
            (503, Refused::Unable(w("storage is gone"))),
        ],
    );
    let visitor = Visitor { caller: &own, csrf: "c5rf", flash: None, now_s: NOW_S, can_log_out: true };
    for (status, refused) in kinds {
        found.push((format!("refused-{status}"), pages::refused(status, &refused, Some(&visitor))));
    }
    found
}

/// The tags of a page, in order, each with the names of its attributes.
fn tags(html: &str) -> Vec<(String, Vec<String>)> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((tag, after)) = after.split_once('>') else { panic!("a tag without an end: {after}") };
        rest = after;
        let (name, mut inside) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
        let mut names = Vec::new();
        while let Some((attribute, after)) = inside.split_once("=\"") {
            let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("a value without an end in <{tag}>"));
            assert!(!value.contains('<'), "{tag}");
            names.extend(attribute.split_whitespace().map(str::to_owned));
            inside = after;
        }
        names.extend(inside.split_whitespace().map(str::to_owned));
        tags.push((name.to_owned(), names));
    }
    tags
}

/// The attributes of the first tag in a piece of markup, by name.
fn attribute<'h>(tag: &'h str, name: &str) -> Option<&'h str> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    after.split_once('"').map(|(value, _)| value)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_stranger_wrote_the_page_has_the_same_elements(
        text in any::<String>(), markup in "[<>\"'&/a-z =!\u{202e}\u{2066}\u{0}-]{0,40}", words_too in any::<bool>()
    ) {
        let style = if words_too { Style::All } else { Style::Strangers };
        let plain = all(&Sample::of(style, "x"));
        for text in [text, markup] {
            // Empty and not empty are different pages on purpose; every text here has something in it.
            let shown = all(&Sample::of(style, &format!("x{text}")));
            for ((name, plain), (_, shown)) in plain.iter().zip(&shown) {
                prop_assert_eq!(tags(shown), tags(plain), "{}", name);
                let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                let hides = |c: char| c.is_control() && c != '\n' && c != '\t';
                prop_assert!(!shown.chars().any(|c| turns(c) || hides(c)), "{}", name);
            }
        }
    }
}

#[test]
fn nothing_on_a_page_is_inline_or_elsewhere() {
    let hostile = "x\" onload=\"x\" style=\"x\"><script>alert(1)</script><a href=\"https://evil.example/\">";
    for sample in [Sample::rich(), Sample::empty(), Sample::of(Style::All, hostile)] {
        for (name, html) in all(&sample) {
            assert!(html.starts_with("<!DOCTYPE html>"), "{name}");
            for (tag, attributes) in tags(&html) {
                for attribute in attributes {
                    assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: <{tag} {attribute}>");
                }
                assert!(!["style", "iframe", "object", "embed", "base"].contains(&tag.as_str()), "{name}: <{tag}>");
            }
            for (_, after) in html.match_indices("<script").map(|(at, _)| html.split_at(at)) {
                assert!(after.starts_with("<script src=\"/app.js\" defer></script>"), "{name}: a script inside");
            }
            for piece in html.split('<').skip(1) {
                let tag = piece.split('>').next().unwrap();
                for target in ["href", "src", "action"].iter().filter_map(|name| attribute(tag, name)) {
                    let is_telegram =
                        target.starts_with("https://t.me/") && attribute(tag, "rel") == Some("noreferrer");
                    assert!(
                        is_telegram
                            || (target.starts_with('/') && !target.starts_with("//"))
                            || target.starts_with('#'),
                        "{name}: {tag}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_form_says_what_it_orders_and_where_it_leads_back_to() {
    for sample in [Sample::rich(), Sample::empty()] {
        for (name, html) in all(&sample) {
            let mut ids = Vec::new();
            for form in html.split("<form ").skip(1) {
                let form = form.split("</form>").next().unwrap();
                assert!(!form.contains("<form"), "{name}: a form in a form");
                if !form.starts_with("method=\"post\"") {
                    continue;
                }
                for field in ["csrf", "_method", "_path", "_back", "_form"] {
                    assert_eq!(
                        form.matches(&format!("type=\"hidden\" name=\"{field}\"")).count(),
                        1,
                        "{name}: {field}"
                    );
                }
                assert!(form.contains("name=\"_path\" value=\"/api/v1/"), "{name}: {form}");
                assert!(form.contains("name=\"_back\" value=\"/"), "{name}: {form}");
                assert!(
                    form.contains("<button type=\"submit\"") || form.contains("<button class"),
                    "{name}: no button: {form}"
                );
            }
            for piece in html.split('<').skip(1) {
                let tag = piece.split('>').next().unwrap();
                ids.extend(attribute(tag, "id").map(str::to_owned));
            }
            let count = ids.len();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), count, "{name}: an id twice");
            for label in html.split("<label for=\"").skip(1) {
                let id = label.split('"').next().unwrap();
                assert!(ids.binary_search(&id.to_owned()).is_ok(), "{name}: a label for nothing: {id}");
            }
        }
    }
}

#[test]
fn what_was_refused_is_kept_and_said_beside_its_field() {
    let sample = Sample::rich();
    let values = [("review:n", "90"), ("block:n", "80")];
    let typed = sent("/api/v1/policy/preview", "scores", &values, &[("review", "must not be above the other")]);
    let html = seen(&sample, "/policy/group/-1001", Role::Owner, &typed, None).unwrap();
    assert!(
        html.contains("<a href=\"#f-scores-review\">must not be above the other</a>"),
        "the summary leads to the field"
    );
    let field = html.split("id=\"f-scores-review\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(
        field.contains("value=\"90\"") && field.contains("aria-invalid=\"true\"") && field.contains("autofocus"),
        "{field}"
    );
    assert!(field.contains("aria-describedby=\"f-scores-review-hint f-scores-review-wrong\""), "{field}");
    assert!(html.contains("<title>Not done yet: "), "the title says it too");

    let secret =
        sent("/api/v1/session", "login", &[("name", "kim"), ("password", "hunter2hunter2")], &[("", "not these")]);
    let html = pages::login(&secret, &sample.setup(), "/");
    assert!(html.contains("value=\"kim\"") && !html.contains("hunter2"), "a password is never written back");
}

#[test]
fn a_preview_is_applied_field_for_field() {
    let typed = sent(
        "/api/v1/policy/preview",
        "words-add",
        &[("csrf", "old"), ("tenant", "default"), ("words.@key", "a \"b\""), ("words.@value", "ban")],
        &[],
    );
    let sample = Sample::rich();
    let html = seen(&sample, "/policy/tenant/default", Role::Admin, &typed, Some(&sample.preview())).unwrap();
    let form = html.split("id=\"form-apply\"").nth(1).unwrap().split("</form>").next().unwrap();
    for (name, value) in [
        ("csrf", "c5rf"),
        ("_path", "/api/v1/policy"),
        ("tenant", "default"),
        ("words.@key", "a &quot;b&quot;"),
        ("words.@value", "ban"),
    ] {
        assert!(form.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{name}: {form}");
    }
    assert_eq!(form.matches("name=\"csrf\"").count(), 1);
}

#[test]
fn a_pack_that_is_only_tried_has_no_button_to_make_it_and_keeps_what_was_written() {
    let sample = Sample::rich();
    let Outcome::Preview(mut preview) = sample.preview() else { panic!("another outcome") };
    preview.can_be_made = false;
    let typed = sent("/api/v1/policy/preview", "candidate", &[("candidate", "[pack]\nid = \"<b>\"")], &[]);
    let html = seen(&sample, "/policy", Role::Owner, &typed, Some(&Outcome::Preview(preview))).unwrap();
    assert!(!html.contains("id=\"form-apply\"") && html.contains("only tried here"));
    assert!(html.contains("[pack]\nid = &quot;&lt;b&gt;&quot;</textarea>"), "{html}");
}

#[test]
fn a_page_shows_only_what_its_visitor_may_use() {
    let (sample, calm) = (Sample::rich(), Typed::default());
    let viewer = seen(&sample, "/", Role::Viewer, &calm, None).unwrap();
    for path in ["/simulator", "/system", "/audit"] {
        assert!(!viewer.contains(&format!("href=\"{path}\"")), "{path}");
    }
    assert!(viewer.contains("aria-current=\"page\""));
    for (name, path) in PAGES
        .iter()
        .filter(|(name, _)| ["now", "decisions", "decision", "policy-tenant", "usage", "waiting"].contains(name))
    {
        let html = seen(&sample, path, Role::Viewer, &calm, None).unwrap();
        assert_eq!(html.matches("action=\"/form\"").count(), 1, "{name}: only the one to log out");
    }
    assert_eq!(seen(&sample, "/simulator", Role::Viewer, &calm, None), Err(Refused::Denied));
    assert_eq!(seen(&sample, "/setup", Role::Admin, &calm, None), Err(Refused::Denied));
    let hidden = seen(&sample.for_viewers(), "/decisions/17", Role::Viewer, &calm, None).unwrap();
    assert!(hidden.contains("hidden from viewers") && !hidden.contains("Earn"), "no text for viewers");
}

#[test]
fn older_rows_keep_what_was_asked_for() {
    let (caller, calm) = (caller(Role::Owner), Typed::default());
    let visitor = Visitor { caller: &caller, csrf: "c5rf", flash: Some("Done."), now_s: NOW_S, can_log_out: true };
    let query = [("rule", "a&b"), ("since", "7d"), ("cursor", "b:99"), ("group", "")]
        .map(|(a, b)| (a.to_owned(), b.to_owned()));
    let ask = Ask { path: "/decisions", query: &query, visitor: &visitor, typed: &calm, outcome: None };
    let sample = Sample::rich();
    let html = pages::page(&ask, &sample, &sample).unwrap().unwrap();
    assert!(html.contains("href=\"/decisions?rule=a%26b&amp;since=7d&amp;cursor=b%3A17\""), "the next piece");
    assert!(html.contains("href=\"/decisions?rule=a%26b&amp;since=7d\""), "the newest");
    assert!(html.contains("role=\"status\">Done.</p>"), "what happened before is said");
    let nowhere = Ask { path: "/decisions/x", ..ask };
    assert!(pages::page(&nowhere, &sample, &sample).is_none());
}

#[test]
fn a_page_is_small() {
    let shared = STYLE.len() + SCRIPT.len() + ICON.len();
    assert!(shared <= 29 * 1024, "{shared} bytes that all pages share");
    for (name, html) in all(&Sample::rich()) {
        assert!(html.len() + shared <= 60 * 1024, "{name}: {} bytes with what all pages share", html.len() + shared);
    }
}

#[test]
fn the_pages_are_written_down_to_be_looked_at() {
    let Some(folder) = std::env::var_os("AEGIS_PAGES_OUT") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (file, text) in [("style.css", STYLE.as_str()), ("app.js", SCRIPT.as_str()), ("icon.svg", ICON)] {
        std::fs::write(folder.join(file), text).unwrap();
    }
    let hostile = "x\u{202e}<script>alert('1')</script>&quot; \u{5e9}\u{5dc}\u{5d5}\u{5dd} aVeryLongWordThatNobodyBroke"
        .to_owned() + &"a".repeat(120);
    for (kind, sample) in
        [("rich", Sample::rich()), ("empty", Sample::empty()), ("hostile", Sample::of(Style::Strangers, &hostile))]
    {
        for (name, html) in all(&sample) {
            std::fs::write(folder.join(format!("{kind}-{name}.html")), html).unwrap();
        }
    }
}
