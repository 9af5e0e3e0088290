//! The local page: who is let in, for how long, and what every answer has: hazards 18 to 22.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

#[path = "contract/client.rs"]
mod client;
#[path = "page/desk.rs"]
mod desk;

use aegis::limits;
use aegis::web::api::ROUTES;
use aegis::web::desk::Desk;
use aegis::web::site::{Answer, Asked, Body, Site};
use aegis::web::{Settings, front::Patience, start_with};
use client::{ask, raw};
use desk::Sample;
use serde_json::{Value, json};
use std::sync::Arc;

const PASSWORD: &str = "four quiet garden gnomes";
const OTHER: &str = "seven loud kitchen clocks";

/// A page over the sample desk, and who is asked for what.
struct Place {
    desk: Arc<Sample>,
    site: Arc<Site>,
}

/// Somebody who is in.
#[derive(Clone, Default)]
struct Someone {
    cookie: String,
    csrf: String,
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn text(answer: &Answer) -> &str {
    match &answer.body {
        Body::Text(_, text) => text,
        Body::Asset(..) | Body::File(..) => panic!("no text"),
    }
}

fn told(answer: &Answer) -> Value {
    serde_json::from_str(text(answer)).unwrap_or_else(|error| panic!("{error}: {}", text(answer)))
}

fn asked(method: &str, target: &str) -> Asked {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        client: "192.0.2.7".to_owned(),
        ..Asked::default()
    }
}

impl Place {
    fn new() -> Self {
        let desk = Arc::new(Sample::default());
        let shared: Arc<dyn Desk> = Arc::<Sample>::clone(&desk);
        Self { site: Arc::new(Site::new(shared).unwrap()), desk }
    }

    /// A page with an owner who is in.
    fn with_owner() -> (Self, Someone) {
        let place = Self::new();
        let code = place.site.people().first_code().unwrap();
        let body = json!({"code": code, "name": "olga", "password": PASSWORD});
        let owner = someone(&place.api(&Someone::default(), "POST", "/setup/owner", &body));
        (place, owner)
    }

    fn api(&self, who: &Someone, method: &str, path: &str, body: &Value) -> Answer {
        self.site.answer(&api(who, method, path, body))
    }

    fn log_in(&self, name: &str, password: &str) -> Answer {
        self.api(&Someone::default(), "POST", "/session", &json!({"name": name, "password": password}))
    }

    /// Somebody of a role, with the sample's tenant.
    fn add(&self, owner: &Someone, name: &str, role: &str) -> Someone {
        let added = self.api(owner, "POST", "/users", &json!({"name": name, "role": role, "tenants": ["garden"]}));
        assert_eq!(added.status, 201, "{}", text(&added));
        let body = json!({"name": name, "code": told(&added)["code"], "password": PASSWORD});
        someone(&self.api(&Someone::default(), "POST", "/session/code", &body))
    }

    fn token(&self, who: &Someone, role: &str, days: u64) -> Answer {
        self.api(who, "POST", "/tokens", &json!({"name": "for a test", "role": role, "days": days}))
    }

    fn by_token(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let question = api(&Someone::default(), method, path, body);
        self.site.answer(&Asked { authorization: format!("Bearer {token}"), ..question })
    }

    /// A form as a browser sends it.
    fn form(&self, who: &Someone, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.site.answer(&Asked {
            body: body.into_bytes(),
            cookie: who.cookie.clone(),
            content_type: "application/x-www-form-urlencoded".to_owned(),
            ..asked("POST", "/form")
        })
    }

    fn is_in(&self, who: &Someone) -> bool {
        self.api(who, "GET", "/session", &Value::Null).status == 200
    }
}

fn api(who: &Someone, method: &str, path: &str, body: &Value) -> Asked {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    Asked {
        body,
        cookie: who.cookie.clone(),
        csrf: who.csrf.clone(),
        content_type: "application/json".to_owned(),
        ..asked(method, &format!("/api/v1{path}"))
    }
}

/// Who came in with this answer.
fn someone(answer: &Answer) -> Someone {
    assert_eq!(answer.status, 200, "{}", text(answer));
    let set = header(answer, "Set-Cookie").unwrap();
    let cookie = set.split(';').next().unwrap().to_owned();
    Someone { cookie, csrf: told(answer)["csrf"].as_str().unwrap().to_owned() }
}

/// What every answer says to browsers.
const STRICT: [(&str, &str); 6] = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "interest-cohort=()"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_strict_headers_refusals_and_assets_too() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        hosts: Vec::new(),
        socket_dir: dir.path().to_owned(),
        tls: None,
    };
    let (place, owner) = Place::with_owner();
    let web = start_with(settings, Arc::clone(&place.site), Patience::default()).unwrap();
    let addr = web.local_addr();
    let cookie = ("Cookie", owner.cookie.as_str());
    let asked = tokio::task::spawn_blocking({
        let cookie = cookie.1.to_owned();
        move || {
            let session = ("Cookie", cookie.as_str());
            let mut all = Vec::new();
            for (method, target, headers, status) in [
                ("GET", "/login", vec![], 200),
                ("GET", "/", vec![], 303),
                ("GET", "/", vec![session], 200),
                ("HEAD", "/", vec![session], 200),
                ("GET", "/no-such-page", vec![session], 404),
                ("GET", "/style.css", vec![], 200),
                ("GET", "/app.js?v=1", vec![], 200),
                ("GET", "/icon.svg", vec![], 200),
                ("GET", "/healthz", vec![], 200),
                ("GET", "/readyz", vec![], 200),
                ("GET", "/metrics", vec![], 200),
                ("GET", "/api/v1/status", vec![session], 200),
                ("GET", "/api/v1/status", vec![], 401),
                ("GET", "/api/v1/nothing", vec![], 404),
                ("DELETE", "/api/v1/status", vec![session], 403),
                ("DELETE", "/api/v1/status", vec![], 405),
                ("POST", "/login", vec![], 405),
                ("POST", "/form", vec![("Origin", "http://evil.example")], 403),
                ("PATCH", "/", vec![], 405),
                ("GET", "/../x", vec![], 400),
                ("GET", "/", vec![("Host", "evil.example")], 421),
            ] {
                all.push((format!("{method} {target}"), status, ask(addr, method, target, &headers, None)));
            }
            all.push(("nonsense".to_owned(), 400, raw(addr, b"nonsense\r\n\r\n")));
            all
        }
    });
    for (what, status, said) in asked.await.unwrap() {
        assert_eq!(said.status, status, "{what}: {}", said.text());
        for (name, value) in STRICT {
            let all: Vec<_> = said.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).collect();
            assert!(all.len() == 1 && all[0].1 == value, "{what}: {name}: {all:?}");
        }
        let policy = said.header("Content-Security-Policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split(';').any(|known| known.trim() == part), "{what}: {part} is not in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{what}: {policy}");
        let is_kept = matches!(what.as_str(), "GET /style.css" | "GET /app.js?v=1" | "GET /icon.svg");
        assert_eq!(said.header("Cache-Control") == Some("no-store"), !is_kept, "{what}");
    }
}

#[test]
fn a_session_is_a_cookie_that_no_script_and_no_other_site_gets() {
    let (place, owner) = Place::with_owner();
    let answer = place.log_in("olga", PASSWORD);
    let parts = |answer: &Answer| {
        let set = header(answer, "Set-Cookie").unwrap().to_owned();
        set.split("; ").map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = parts(&answer);
    assert!(plain[0].starts_with("aegis=") && plain[0].len() > 40, "{plain:?}");
    assert_eq!(plain[1..], ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=604800"]);
    let question = api(&Someone::default(), "POST", "/session", &json!({"name": "olga", "password": PASSWORD}));
    let secure = place.site.answer(&Asked { is_secure: true, ..question });
    let secure = parts(&secure);
    assert!(secure[0].starts_with("__Host-aegis="), "{secure:?}");
    assert_eq!(secure[1..], ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=604800", "Secure"]);
    // A cookie that was set without TLS, by whoever was on the way, opens nothing with it.
    let question = api(&owner, "GET", "/session", &Value::Null);
    assert_eq!(place.site.answer(&Asked { is_secure: true, ..question }).status, 401);
    let ended = place.api(&owner, "DELETE", "/session", &Value::Null);
    assert_eq!(ended.status, 204);
    assert!(
        header(&ended, "Set-Cookie").unwrap().starts_with("aegis=; ")
            && parts(&ended).contains(&"Max-Age=0".to_owned())
    );
    assert!(!place.is_in(&owner));
}

#[test]
fn nobody_is_let_in_by_being_first() {
    let place = Place::new();
    let body = |code: &str| json!({"code": code, "name": "eve", "password": PASSWORD});
    for path in ["/", "/decisions", "/login", "/people"] {
        let answer = place.site.answer(&asked("GET", path));
        assert_eq!((answer.status, header(&answer, "Location")), (303, Some("/setup")), "{path}");
    }
    for code in ["", "ABCD-EFGH-JKLM"] {
        assert_eq!(place.api(&Someone::default(), "POST", "/setup/owner", &body(code)).status, 422);
    }
    let code = place.site.people().first_code().unwrap();
    let weak = json!({"code": code, "name": "eve", "password": "password123"});
    assert_eq!(place.api(&Someone::default(), "POST", "/setup/owner", &weak).status, 422);
    assert_eq!(place.api(&Someone::default(), "POST", "/setup/owner", &body(&code.to_lowercase())).status, 200);
    assert_eq!(place.site.people().first_code(), None);
    assert_eq!(place.api(&Someone::default(), "POST", "/setup/owner", &body(&code)).status, 409, "the code works once");
    let answer = place.site.answer(&asked("GET", "/setup?code=x"));
    assert_eq!(answer.status, 303, "the first run is over");
}

#[test]
fn after_wrong_passwords_nothing_is_looked_at_for_a_while() {
    let (place, owner) = Place::with_owner();
    place.api(&owner, "DELETE", "/session", &Value::Null);
    for name in ["olga", "nobody-of-that-name"] {
        let place = if name == "olga" { &place } else { &Place::with_owner().0 };
        let (mut waits, mut words) = (Vec::new(), Vec::new());
        for _ in 0..9 {
            let answer = place.log_in(name, "not this one at all");
            match answer.status {
                422 => words.push(text(&answer).to_owned()),
                429 => {
                    let wait_s: u64 = header(&answer, "Retry-After").unwrap().parse().unwrap();
                    waits.push(wait_s);
                    // Not even the right one is looked at now, so no hash is computed for it.
                    assert_eq!(place.log_in("olga", PASSWORD).status, 429, "{name}");
                    place.desk.pass_ms(wait_s * 1_000);
                }
                other => panic!("{other}: {}", text(&answer)),
            }
        }
        assert!(waits.len() >= 3 && waits.windows(2).all(|pair| pair[1] >= pair[0] * 2), "{name}: {waits:?}");
        words.dedup();
        assert_eq!(words.len(), 1, "{words:?}");
        assert!(words[0].contains("do not belong together"), "{words:?}");
        place.desk.pass_ms(limits::LOGIN_WAIT_MS_MAX);
        assert_eq!(place.log_in("olga", PASSWORD).status, 200, "whoever waited is let in");
    }
}

#[test]
fn a_session_ends_with_its_password_its_user_and_its_time() {
    let (place, owner) = Place::with_owner();
    let ann = place.add(&owner, "ann", "admin");
    let elsewhere = someone(&place.log_in("ann", PASSWORD));
    let wrong = place.api(&ann, "PUT", "/session/password", &json!({"old": OTHER, "new": OTHER}));
    assert_eq!(wrong.status, 422);
    assert!(place.is_in(&elsewhere), "a wrong old password ends nothing");
    let changed = place.api(&ann, "PUT", "/session/password", &json!({"old": PASSWORD, "new": OTHER}));
    assert_eq!(changed.status, 204, "{}", text(&changed));
    assert!(place.is_in(&ann) && !place.is_in(&elsewhere), "the others end, this one stays");
    assert_eq!(place.log_in("ann", PASSWORD).status, 422, "the old one opens nothing");
    let demoted = place.api(&owner, "PUT", "/users/ann", &json!({"role": "viewer", "tenants": ["garden"]}));
    assert_eq!(demoted.status, 204);
    assert_eq!(place.api(&ann, "GET", "/audit", &Value::Null).status, 403, "a role holds at once");
    assert_eq!(place.api(&owner, "DELETE", "/users/ann", &Value::Null).status, 204);
    assert!(!place.is_in(&ann), "who is removed is out at once");
    let last = place.api(&owner, "DELETE", "/users/olga", &Value::Null);
    assert_eq!(last.status, 409, "the last owner stays");
    place.desk.pass_ms(limits::SESSION_IDLE_MS - 1);
    assert!(place.is_in(&owner));
    place.desk.pass_ms(limits::SESSION_IDLE_MS + 1);
    assert!(!place.is_in(&owner), "what is not used ends");
    let owner = someone(&place.log_in("olga", PASSWORD));
    for _ in 0..=limits::SESSION_MS_MAX / (limits::SESSION_IDLE_MS / 2) {
        place.is_in(&owner);
        place.desk.pass_ms(limits::SESSION_IDLE_MS / 2);
    }
    assert!(!place.is_in(&owner), "and what is used, after a week");
}

#[test]
fn a_token_may_what_it_is_for_until_it_expires_or_is_revoked() {
    let (place, owner) = Place::with_owner();
    let ann = place.add(&owner, "ann", "admin");
    assert_eq!(place.token(&ann, "owner", 1).status, 422, "not above one's own role");
    assert_eq!(place.token(&ann, "admin", 366).status, 422);
    assert_eq!(place.token(&ann, "admin", 0).status, 422);
    let made = |who: &Someone, role: &str| {
        let made = place.token(who, role, 2);
        assert_eq!(made.status, 201, "{}", text(&made));
        let made = told(&made);
        (made["secret"].as_str().unwrap().to_owned(), made["token"]["id"].as_str().unwrap().to_owned())
    };
    let ((admin, admin_id), (viewer, _)) = (made(&ann, "admin"), made(&ann, "viewer"));
    let undo = |token: &str| place.by_token(token, "POST", "/decisions/1/undo", &Value::Null).status;
    assert_eq!((undo(&admin), undo(&viewer)), (200, 403));
    let again = place.by_token(&admin, "POST", "/tokens", &json!({"name": "x", "role": "viewer", "days": 1}));
    assert_eq!(again.status, 403, "a token makes no token");
    for wrong in ["", "aegis_", &admin[..admin.len() - 1], &format!("{admin}A"), &admin.to_lowercase()] {
        assert_eq!(place.by_token(wrong, "GET", "/session", &Value::Null).status, 401, "{wrong}");
    }
    let listed = text(&place.api(&ann, "GET", "/tokens", &Value::Null)).to_owned();
    assert!(listed.contains(&admin_id) && !listed.contains(&admin), "a token is told once");
    let tried = place.form(&Someone::default(), &[("_path", "/api/v1/backups"), ("csrf", "")]);
    assert_ne!(tried.status, 200);
    assert_eq!(place.api(&owner, "PUT", "/users/ann", &json!({"role": "viewer", "tenants": ["garden"]})).status, 204);
    assert_eq!(undo(&admin), 403, "a token may never do more than its user");
    assert_eq!(place.api(&owner, "PUT", "/users/ann", &json!({"role": "admin", "tenants": ["garden"]})).status, 204);
    assert_eq!(undo(&admin), 200);
    assert_eq!(place.api(&owner, "DELETE", &format!("/tokens/{admin_id}"), &Value::Null).status, 204);
    assert_eq!(undo(&admin), 401, "revoked");
    place.desk.pass_ms(2 * 24 * 3_600_000 - 1_000);
    assert_eq!(place.by_token(&viewer, "GET", "/session", &Value::Null).status, 200);
    place.desk.pass_ms(1_000);
    assert_eq!(place.by_token(&viewer, "GET", "/session", &Value::Null).status, 401, "expired");
}

#[test]
fn the_same_order_with_the_same_key_is_done_once() {
    let (place, owner) = Place::with_owner();
    let order = |key: &str, body: &Value| {
        let question = api(&owner, "POST", "/policy", body);
        place.site.answer(&Asked { key: Some(key.to_owned()), ..question })
    };
    let (one, other) = (json!({"tenant": "garden", "review": 40}), json!({"tenant": "garden", "review": 41}));
    let first = order("a", &one);
    assert_eq!(first.status, 201, "{}", text(&first));
    assert_eq!(order("a", &one), first);
    assert_eq!(place.desk.ordered(), 1, "done once");
    assert_eq!(order("a", &other).status, 422, "another order needs another key");
    assert_eq!(order("b", &one).status, 201);
    assert_eq!(place.desk.ordered(), 2);
    assert_eq!(order("", &one).status, 422);
    assert_eq!(order(&"x".repeat(limits::IDEMPOTENCY_KEY_BYTES_MAX + 1), &one).status, 422);
    let wrong = json!({"tenant": "garden", "block": 999});
    assert_eq!(order("c", &wrong).status, 422);
    assert_eq!(order("c", &wrong).status, 422, "a refusal is the same again");
    assert_eq!(place.desk.ordered(), 2);
}

#[test]
fn no_refusal_repeats_what_was_sent() {
    let (place, owner) = Place::with_owner();
    let ann = place.add(&owner, "ann", "admin");
    let word = "zebrafish";
    let bodies = [
        format!("{{\"{word}\": \"{word}\"}}"),
        format!("{{\"name\": \"{word} {word}\", \"role\": \"{word}\", \"tenants\": [\"{word}\"]}}"),
        format!("{{\"tenant\": \"{word}\", \"mode\": \"{word}\", \"text\": {{\"{word}\": 1}}}}"),
        format!("{{\"token\": \"{word}\", \"label\": \"{word}\", \"what\": \"{word}\", \"rule\": 7}}"),
        format!("{word} is no JSON"),
    ];
    let mut refusals = 0;
    for who in [&owner, &ann, &Someone::default()] {
        for route in ROUTES {
            for body in &bodies {
                let path: Vec<&str> =
                    route.path.split('/').map(|part| if part.starts_with('{') { word } else { part }).collect();
                let target = format!("/api/v1{}?group={word}&{word}={word}", path.join("/"));
                let question = Asked {
                    body: if route.method == "GET" { Vec::new() } else { body.clone().into_bytes() },
                    cookie: who.cookie.clone(),
                    csrf: who.csrf.clone(),
                    content_type: "application/json".to_owned(),
                    key: Some(format!("{word} {}", word.repeat(9))),
                    ..asked(route.method, &target)
                };
                let answer = place.site.answer(&question);
                if answer.status < 400 {
                    continue;
                }
                refusals += 1;
                let told = told(&answer);
                assert!(!text(&answer).contains(word), "{route:?}: {told}");
                assert_eq!(told["status"], answer.status, "{route:?}");
                assert!(told["title"].is_string() && told["detail"].is_string(), "{route:?}: {told}");
                assert!(!text(&answer).contains("panicked") && !text(&answer).contains(".rs:"), "{route:?}: {told}");
                let Body::Text(kind, _) = answer.body else { panic!("{route:?}") };
                assert_eq!(kind, "application/problem+json", "{route:?}");
            }
        }
    }
    assert!(refusals > 300, "only {refusals}");
    // What is no object names no field, so nothing of it is taken.
    for body in ["[]", "[\"x\"]", " [1]", "null", "\"x\"", "7", "{\"text\":1}"] {
        let question = Asked { body: body.as_bytes().to_vec(), ..api(&owner, "PUT", "/banner", &json!({})) };
        assert_eq!(place.site.answer(&question).status, 422, "{body}");
    }
    let question = Asked { content_type: format!("text/{word}"), ..api(&owner, "POST", "/policy", &json!({})) };
    let answer = place.site.answer(&question);
    assert!(answer.status == 415 && !text(&answer).contains(word), "{}", text(&answer));
}

#[test]
fn a_refused_form_keeps_what_was_typed_but_no_password() {
    let place = Place::new();
    let secret = "hunter-2-hunter-2-hunter";
    let fields = |name, code| {
        vec![
            ("_method", "POST"),
            ("_path", "/api/v1/setup/owner"),
            ("_back", "/setup"),
            ("_form", "owner"),
            ("csrf", ""),
            ("code", code),
            ("name", name),
            ("password", secret),
        ]
    };
    let answer = place.form(&Someone::default(), &fields("kim-of-the-garden", "ABCD-EFGH-JKLM"));
    assert_eq!(answer.status, 422);
    let html = text(&answer);
    assert!(html.contains("value=\"kim-of-the-garden\"") && html.contains("value=\"ABCD-EFGH-JKLM\""), "{html}");
    assert!(html.contains("this is not the code") && html.contains("aria-invalid=\"true\""), "{html}");
    assert!(!html.contains(secret), "{html}");
    let (place, owner) = Place::with_owner();
    let login = [
        ("_path", "/api/v1/session"),
        ("_back", "/decisions?rule=a"),
        ("_form", "login"),
        ("name", "<b>kim</b>"),
        ("password", secret),
    ];
    let answer = place.form(&Someone::default(), &login);
    let html = text(&answer);
    assert!(answer.status == 422 && html.contains("&lt;b&gt;kim&lt;/b&gt;") && !html.contains("<b>kim"), "{html}");
    assert!(!html.contains(secret), "{html}");
    assert!(html.contains("name=\"_back\" value=\"/decisions?rule=a\""), "the page that was wanted is kept: {html}");
    assert!(html.contains("do not belong together"), "{html}");
    let budget = [
        ("csrf", owner.csrf.as_str()),
        ("_method", "PUT"),
        ("_path", "/api/v1/budget/garden"),
        ("_back", "/usage"),
        ("_form", "budget"),
        ("money?", "a lot"),
        ("calls:n", "12"),
    ];
    let answer = place.form(&owner, &budget);
    let html = text(&answer);
    assert!(answer.status == 422 && html.contains("value=\"a lot\"") && html.contains("value=\"12\""), "{html}");
    assert!(html.contains("an amount such as 5.00"), "{html}");
    assert_eq!(place.desk.ordered(), 0);
}

#[test]
fn a_form_needs_the_proof_of_its_session() {
    let (place, owner) = Place::with_owner();
    let ann = place.add(&owner, "ann", "admin");
    let order = |who: &Someone, csrf: &str| {
        place.form(who, &[("csrf", csrf), ("_path", "/api/v1/backups"), ("_back", "/system")])
    };
    for csrf in ["", "x", &ann.csrf] {
        assert_eq!(order(&owner, csrf).status, 403);
    }
    assert_eq!(place.desk.ordered(), 0, "nothing was done");
    let done = order(&owner, &owner.csrf);
    assert_eq!((done.status, header(&done, "Location")), (303, Some("/system")));
    assert_eq!(place.desk.ordered(), 1);
    let stranger = order(&Someone::default(), "");
    assert_eq!((stranger.status, header(&stranger, "Location")), (303, Some("/login?back=%2Fsystem")));
    assert_eq!(place.desk.ordered(), 1);
}

#[test]
fn the_button_of_a_member_names_whom_it_is_about() {
    let (place, owner) = Place::with_owner();
    let page = Asked { cookie: owner.cookie.clone(), ..asked("GET", "/members/-1") };
    let answer = place.site.answer(&page);
    let form = text(&answer).split("id=\"form-vouch7\"").nth(1).unwrap().split("</form>").next().unwrap();
    let hidden: Vec<(&str, &str)> = form
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|field| {
            let (name, rest) = field.split_once("\" value=\"").unwrap();
            (name, rest.split('"').next().unwrap())
        })
        .collect();
    let done = place.form(&owner, &hidden);
    assert_eq!((done.status, header(&done, "Location")), (303, Some("/members/-1")));
    assert_eq!(*place.desk.orders.lock().unwrap(), ["vouch for [7] by olga (page)"]);
}

#[test]
fn a_way_back_never_leads_away() {
    let (place, owner) = Place::with_owner();
    let bad = [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/api/v1/backups",
        "\\\\evil.example",
        "/a\r\nSet-Cookie: x=y",
        "",
    ];
    for back in bad {
        let answer = place.form(&owner, &[("csrf", &owner.csrf), ("_path", "/api/v1/backups"), ("_back", back)]);
        assert_eq!((answer.status, header(&answer, "Location")), (303, Some("/")), "{back:?}");
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("back", back).finish();
        let is_in = Asked { cookie: owner.cookie.clone(), ..asked("GET", &format!("/login?{query}")) };
        let answer = place.site.answer(&is_in);
        assert_eq!((answer.status, header(&answer, "Location")), (303, Some("/")), "{back:?}");
        let html = place.site.answer(&asked("GET", &format!("/login?{query}")));
        assert!(!text(&html).contains("evil.example"), "{back:?}");
    }
    let answer = place.site.answer(&asked("GET", "/decisions?rule=a"));
    assert_eq!(header(&answer, "Location"), Some("/login?back=%2Fdecisions%3Frule%3Da"));
}

#[test]
fn numbers_for_machines_are_for_this_machine_or_whoever_is_in() {
    let (place, owner) = Place::with_owner();
    let metrics = |client: &str, cookie: &str| {
        let question = Asked { client: client.to_owned(), cookie: cookie.to_owned(), ..asked("GET", "/metrics") };
        place.site.answer(&question).status
    };
    for near in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(metrics(near, ""), 200, "{near}");
    }
    for far in ["192.0.2.1", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "", "localhost"] {
        assert_eq!(metrics(far, ""), 401, "{far:?}");
        assert_eq!(metrics(far, &owner.cookie), 200, "{far:?}");
    }
    let health = place.site.answer(&asked("GET", "/healthz"));
    assert_eq!((health.status, text(&health)), (200, "alive\n"));
}
