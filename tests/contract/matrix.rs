//! Every route, every role, every tenant.
//!
//! Promises: a route without a row fails; what somebody may not have is refused in the same bytes whether it is there or not;
//! what is refused changed nothing; what is allowed is answered as the document says.

use super::board::Board;
use super::client::Said;
use super::document::Document;
use super::house::{self, CHESS, GARDEN, House, Person, spam, talk};
use aegis::access::Role;
use aegis::web::api::{Door, ROUTES, Route};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Whether what a row asks for belongs to a tenant or a person, so that there is somebody else's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Nobody's: the role alone decides, and lists show what is one's own.
    Nobody,
    /// A tenant's or a person's.
    Somebody,
    /// The same, but there is none of one's own here: it is refused as what is not there.
    Absent,
    /// Oneself, by a session: a token is refused.
    Session,
}

use About::{Absent, Nobody, Session, Somebody};

/// One row: the route, what it is about, and its body with the names in capitals filled in.
type Row = (&'static str, About, &'static str);

const ROWS: [Row; 52] = [
    ("GET /openapi.json", Nobody, ""),
    ("POST /session", Nobody, r#"{"name": "olga", "password": "four quiet garden gnomes"}"#),
    ("GET /session", Nobody, ""),
    ("DELETE /session", Nobody, ""),
    ("POST /session/code", Nobody, r#"{"name": "olga", "code": "ABCD-EFGH-JKLM", "password": "a few other words"}"#),
    ("PUT /session/password", Session, r#"{"old": "x", "new": "a few other words"}"#),
    ("GET /setup", Nobody, ""),
    ("POST /setup/owner", Nobody, r#"{"code": "x", "name": "eve", "password": "a few other words"}"#),
    ("POST /setup/token", Nobody, r#"{"token": "1:x"}"#),
    ("GET /status", Nobody, ""),
    ("GET /live", Nobody, ""),
    ("PUT /banner", Nobody, r#"{"text": "we are being raided"}"#),
    ("GET /decisions", Nobody, ""),
    ("POST /decisions/undo", Nobody, r#"{"rule": "promo-phrases", "since_s": 0, "dry_run": true}"#),
    ("GET /decisions/{number}", Somebody, ""),
    ("POST /decisions/{number}/undo", Somebody, ""),
    ("POST /decisions/{number}/label", Somebody, r#"{"label": "spam"}"#),
    ("POST /simulate", Somebody, r#"{"text": "quick riches club", "group": GROUP}"#),
    ("GET /policy", Nobody, ""),
    ("POST /policy", Somebody, r#"{"tenant": "TENANT", "review": 41}"#),
    ("POST /policy/preview", Somebody, r#"{"group": GROUP, "block": 97}"#),
    ("GET /policy/versions", Nobody, ""),
    ("POST /policy/versions/{number}/restore", Nobody, ""),
    ("GET /usage", Nobody, ""),
    ("GET /usage/hours", Nobody, ""),
    ("GET /budget", Nobody, ""),
    ("PUT /budget/{tenant}", Somebody, r#"{"calls": 10}"#),
    ("GET /dead-letters", Nobody, ""),
    ("POST /dead-letters/{number}/retry", Somebody, ""),
    ("DELETE /dead-letters/{number}", Somebody, ""),
    ("GET /undecided", Nobody, ""),
    ("POST /undecided/{id}", Absent, r#"{"what": "leave"}"#),
    ("GET /members", Somebody, ""),
    ("POST /members/approve", Somebody, r#"{"group": GROUP, "users": [7000051, 7000052]}"#),
    ("POST /members/unapprove", Somebody, r#"{"group": GROUP, "users": [7000051]}"#),
    ("POST /members/forgive", Somebody, r#"{"group": GROUP, "user": 7000051}"#),
    ("POST /hooks/call", Nobody, r#"{"method": "GET", "path": "/status"}"#),
    ("GET /members/export", Nobody, ""),
    ("POST /members/forget", Nobody, r#"{"user": 7000099}"#),
    ("GET /system", Nobody, ""),
    ("POST /backups", Nobody, ""),
    ("GET /backups/{name}", Nobody, ""),
    ("DELETE /backups/{name}", Nobody, ""),
    ("GET /users", Nobody, ""),
    ("POST /users", Nobody, r#"{"name": "newbie", "role": "viewer", "tenants": ["garden"]}"#),
    ("PUT /users/{name}", Nobody, r#"{"role": "viewer", "tenants": ["chess"]}"#),
    ("DELETE /users/{name}", Nobody, ""),
    ("POST /users/{name}/code", Nobody, ""),
    ("GET /tokens", Nobody, ""),
    ("POST /tokens", Session, r#"{"name": "another", "role": "viewer", "days": 1}"#),
    ("DELETE /tokens/{id}", Somebody, ""),
    ("GET /audit", Nobody, ""),
];

/// Names of things that are somebody's.
struct Names {
    decision: String,
    letters: [String; 2],
    group: String,
    tenant: String,
    undecided: String,
    token: String,
    user: String,
    backup: String,
}

impl Names {
    fn missing() -> Self {
        let text = str::to_owned;
        Self {
            decision: text("987654"),
            letters: [text("987654"), text("987655")],
            group: text("-1009999999999"),
            tenant: text("nowhere"),
            undecided: text("-1009999999999.5"),
            token: text("zzzzzzzz"),
            user: text("nobody"),
            backup: text("nothing.redb"),
        }
    }

    fn path(&self, path: &str) -> String {
        // Whatever is tried again is no longer there to be dropped.
        let number = if path.starts_with("/dead-letters") {
            &self.letters[usize::from(path.ends_with("{number}"))]
        } else if path.starts_with("/policy") {
            "1"
        } else {
            &self.decision
        };
        let id = if path.starts_with("/tokens") { &self.token } else { &self.undecided };
        let name = if path.starts_with("/backups") { &self.backup } else { &self.user };
        // A list of members is a group's.
        let path = if path == "/members" { format!("{path}?group={}", self.group) } else { path.to_owned() };
        let path = if path == "/members/export" { format!("{path}?user=7000099") } else { path };
        path.replace("{number}", number).replace("{id}", id).replace("{name}", name).replace("{tenant}", &self.tenant)
    }

    fn body(&self, body: &str) -> Option<Value> {
        let text = body.replace("GROUP", &self.group).replace("TENANT", &self.tenant);
        (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }
}

/// Everybody and everything of the matrix.
struct Scene {
    house: House,
    document: Document,
    owner: Person,
    admin: Person,
    viewer: Person,
    garden: Names,
    chess: Names,
}

fn row(route: &Route) -> Row {
    let name = format!("{} {}", route.method, route.path);
    *ROWS.iter().find(|(known, ..)| *known == name).unwrap_or_else(|| panic!("{name} has no row in the matrix"))
}

impl Scene {
    fn new() -> Self {
        let standin = house::standin();
        let house = House::start(Board::new(&standin), standin, &house::settings());
        let owner = house.owner("olga");
        let admin = house.person(&owner, "ann", "admin", &[GARDEN.name]);
        let viewer = house.person(&owner, "vic", "viewer", &[GARDEN.name]);
        let stranger = house.person(&owner, "charlie", "admin", &[CHESS.name]);
        house.person(&owner, "spare", "viewer", &[CHESS.name]);
        for tenant in [&GARDEN, &CHESS] {
            for group in [tenant.group, tenant.without_rights] {
                house.standin.offer(spam(group, 50));
                house.standin.offer(talk(group, 51));
            }
        }
        let number = |path: &str| {
            let is_there = |told: &Value| told.pointer("/items/0/number").is_some();
            house.until(&owner, path, "its first row", is_there).pointer("/items/0/number").unwrap().to_string()
        };
        let letters = house.until(&owner, "/dead-letters", "dead letters of each tenant", |told| {
            let of = |group: i64| told["items"].as_array().unwrap().iter().filter(move |one| one["group"] == group);
            [GARDEN.without_rights, CHESS.without_rights].iter().all(|group| of(*group).count() >= 2)
        });
        let letters = |tenant: &house::Tenant| {
            let items = letters["items"].as_array().unwrap().iter();
            let mut own = items.filter(|one| one["group"] == tenant.without_rights);
            [(); 2].map(|()| own.next().unwrap()["number"].to_string())
        };
        let backup = house.by(&owner, "POST", "/backups", None).json()["name"].as_str().unwrap().to_owned();
        let changed = house.by(&owner, "POST", "/policy", Some(&json!({"tenant": CHESS.name, "review": 43})));
        assert_eq!(changed.status, 201, "{}", changed.text());
        let names = |tenant: &house::Tenant, token: &Person, user: &str| Names {
            decision: number(&format!("/decisions?group={}", tenant.group)),
            letters: letters(tenant),
            group: tenant.group.to_string(),
            tenant: tenant.name.to_owned(),
            undecided: format!("{}.77", tenant.group),
            token: token.token_id.clone(),
            user: user.to_owned(),
            backup: backup.clone(),
        };
        let (garden, chess) = (names(&GARDEN, &admin, "spare"), names(&CHESS, &stranger, "charlie"));
        Self { document: Document::new(), house, owner, admin, viewer, garden, chess }
    }

    /// Asks, and holds the answer to the document.
    #[track_caller]
    fn ask(&self, route: &Route, who: Option<&Person>, names: &Names) -> Said {
        let (_, _, body) = row(route);
        let (path, body) = (names.path(route.path), names.body(body));
        let said = match who {
            Some(person) => self.house.by(person, route.method, &path, body.as_ref()),
            None => self.house.say(route.method, &path, &[], body.as_ref()),
        };
        let complaint = self.document.complaint(route.method, route.path, &said);
        assert!(complaint.is_none(), "{}", complaint.unwrap_or_default());
        said.timeless()
    }

    /// All that a refused order could have changed.
    fn state(&self) -> [Value; 7] {
        let members = format!("/members?group={}", self.chess.group);
        ["/audit", "/policy", "/users", "/tokens", "/budget", "/dead-letters", &members].map(|path| {
            let mut told = self.house.told(&self.owner, path);
            // Sessions come and go with the questions themselves.
            if let Some(users) = told.as_array_mut() {
                users.iter_mut().filter_map(Value::as_object_mut).for_each(|user| drop(user.remove("sessions")));
            }
            told
        })
    }
}

const fn least(door: Door) -> Option<Role> {
    match door {
        Door::Open | Door::Signed => None,
        Door::From(role) => Some(role),
    }
}

fn refuse_strangers(scene: &Scene) {
    for route in ROUTES {
        let said = scene.ask(route, None, &scene.garden);
        let is_open = matches!(route.door, Door::Open);
        assert_eq!(said.status == 401, !is_open, "{route:?}: {}", said.status);
        if !is_open {
            assert_eq!(said.header("WWW-Authenticate"), Some("Bearer"), "{route:?}");
            assert_eq!(said, scene.ask(route, None, &Names::missing()), "{route:?}: strangers learn nothing");
        }
    }
}

fn refuse_what_is_above_or_foreign(scene: &Scene) {
    for route in ROUTES {
        let Some(least) = least(route.door) else { continue };
        let (_, about, _) = row(route);
        for (person, role) in [(&scene.viewer, Role::Viewer), (&scene.admin, Role::Admin)] {
            let is_above = role < least;
            let refused: &[&Names] = match (is_above, about) {
                (true, _) => &[&scene.garden, &scene.chess, &Names::missing()],
                (false, Somebody) => &[&scene.chess, &Names::missing()],
                (false, Absent) => &[&scene.garden, &scene.chess, &Names::missing()],
                (false, Session) => &[&scene.garden],
                (false, Nobody) => &[],
            };
            let said: Vec<Said> = refused.iter().map(|names| scene.ask(route, Some(person), names)).collect();
            for one in &said {
                assert_eq!(one.status, 403, "{route:?} as {}: {}", role.word(), one.text());
                assert_eq!(one, &said[0], "{route:?} as {}: what is foreign and what is not there differ", role.word());
            }
        }
    }
    for (person, path) in [(&scene.viewer, "/decisions"), (&scene.admin, "/decisions")] {
        let asked = |group: &str| scene.house.by(person, "GET", &format!("{path}?group={group}"), None).timeless();
        let (foreign, missing) = (asked(&scene.chess.group), asked(&Names::missing().group));
        assert_eq!(foreign, missing, "{path} as {}", person.name);
        assert!(foreign.status == 403 || foreign.json()["items"] == json!([]), "{}", foreign.text());
    }
}

fn refuse_without_proof_of_origin(scene: &Scene) {
    for route in ROUTES.iter().filter(|route| route.method != "GET") {
        let (_, _, body) = row(route);
        let (path, body) = (scene.chess.path(route.path), scene.chess.body(body));
        let cookie = ("Cookie", scene.owner.cookie.as_str());
        let csrf = ("X-CSRF-Token", scene.owner.csrf.as_str());
        for (what, headers) in [
            ("no proof", vec![cookie]),
            ("an empty proof", vec![cookie, ("X-CSRF-Token", "")]),
            ("another proof", vec![cookie, ("X-CSRF-Token", scene.admin.csrf.as_str())]),
            ("another site", vec![cookie, csrf, ("Origin", "http://evil.example")]),
            ("another site without a name", vec![cookie, csrf, ("Origin", "null")]),
            ("another port", vec![cookie, csrf, ("Origin", "http://127.0.0.1:1")]),
            ("another site's page", vec![cookie, csrf, ("Sec-Fetch-Site", "cross-site")]),
        ] {
            let said = scene.house.say(route.method, &path, &headers, body.as_ref());
            assert_eq!(said.status, 403, "{route:?} with {what}: {}", said.text());
            let complaint = scene.document.complaint(route.method, route.path, &said);
            assert!(complaint.is_none(), "{}", complaint.unwrap_or_default());
        }
    }
}

fn allow_the_rest(scene: &Scene) {
    for (person, role) in [(&scene.viewer, Role::Viewer), (&scene.admin, Role::Admin), (&scene.owner, Role::Owner)] {
        for route in ROUTES {
            let (_, about, _) = row(route);
            let is_allowed = least(route.door).is_some_and(|least| role >= least) && about != Session;
            // A token that revokes itself ends the asking; that is tried elsewhere.
            if !is_allowed || (about == Absent && role != Role::Owner) || route.path.starts_with("/tokens/") {
                continue;
            }
            let said = scene.ask(route, Some(person), &scene.garden);
            assert!(!matches!(said.status, 401 | 403), "{route:?} as {}: {}", role.word(), said.text());
            if role == Role::Owner && about == Somebody {
                let said = scene.ask(route, Some(person), &Names::missing());
                assert_ne!(said.status, 403, "{route:?}: an owner is told what is not there");
            }
        }
    }
}

#[test]
fn each_role_gets_what_is_its_own_and_nothing_changes_by_asking_for_more() {
    let scene = Scene::new();
    let routes: BTreeSet<String> = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(routes, rows, "a row for each route");
    let served = scene.house.say("GET", "/openapi.json", &[], None);
    assert_eq!(served.json(), Document::new().0, "the document that is served is the one beside the routes");
    let before = scene.state();
    refuse_strangers(&scene);
    refuse_what_is_above_or_foreign(&scene);
    refuse_without_proof_of_origin(&scene);
    assert_eq!(scene.state(), before, "asking for what is not one's own changed something");
    allow_the_rest(&scene);
    let undone = json!({"rule": "promo-phrases", "since_s": 0});
    let said = scene.house.by(&scene.admin, "POST", "/decisions/undo", Some(&undone));
    assert_eq!(said.status, 200, "{}", said.text());
    let foreign = scene.house.told(&scene.owner, &format!("/decisions/{}", scene.chess.decision));
    assert_eq!(foreign["row"]["is_undone"], false, "an admin undid what another tenant's rule did");
    super::board::assert_keeps_the_token(&scene.house.board.log());
}
