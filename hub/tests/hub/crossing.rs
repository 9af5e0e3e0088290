//! Every route with every role, with what is its own and what is foreign: the table is the router's own, so that no route
//! can be forgotten.
//!
//! Promises: what is foreign, what is above the role, and what is not there is refused in the same words, and nothing is
//! changed by asking.

use super::world::*;
use aegis_hub::db::people::{Caller, Need, Role};
use aegis_hub::server::routes::{Door, Name, ROUTES, Route};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A body that a route takes, so that what is refused is refused for who asks and not for how.
fn body(name: Name, world: &World, board: &str) -> Value {
    match name {
        Name::SetSources => json!({ "budgets": "board" }),
        Name::BindBoard | Name::MakeCode => json!({ "tenants": ["red"] }),
        Name::MakeTenant => json!({ "tenant": format!("made{}", world.count("SELECT count(*) FROM tenants")) }),
        Name::SetText | Name::SetFlag | Name::SetTenantFlag => json!({ "on": true }),
        Name::SetBudget => {
            let version = world.count("SELECT coalesce(max(version), 0) FROM budgets WHERE tenant = 'red'");
            json!({ "version": version, "calls": 5 })
        }
        Name::GiveToken => json!({ "name": "x", "role": "viewer", "tenants": ["red"] }),
        Name::StagePack => json!({ "version": 2, "stage": "record", "board": board }),
        Name::UploadPack | Name::BackPack => json!({ "body": "", "signature": "none" }),
        _ => Value::Null,
    }
}

/// All that is in the database and may be changed by asking, as one number.
fn whole(world: &World) -> i64 {
    let tables = [
        "tenants",
        "boards",
        "board_tenants",
        "codes",
        "tokens",
        "audit",
        "fleet",
        "usage",
        "decisions",
        "board_budgets",
        "budgets",
        "flags",
        "policies",
        "rollbacks",
        "stages",
    ];
    tables.iter().fold(0_i64, |sum, table| {
        let hash = format!("SELECT coalesce(sum(hashtext(t::text)::bigint), 0)::bigint FROM {table} t");
        sum.wrapping_mul(31).wrapping_add(world.count(&hash))
    })
}

fn ask_as(world: &World, route: &Route, path: &str, body: &Value, token: Option<&str>) -> Answer {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let Some(token) = token {
        match route.door {
            Door::Page(_) => headers.push(("cookie".to_owned(), format!("aegis_hub={token}"))),
            _ => headers.push(("authorization".to_owned(), format!("Bearer {token}"))),
        }
    }
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    ask(world.at, route.method, path, &headers, &bytes)
}

fn may(need: Need, role: Role) -> bool {
    let tenants = if role.is_bound() { vec!["red".to_owned()] } else { Vec::new() };
    Caller { name: String::new(), role, tenants }.may(need, None)
}

#[test]
fn every_route_refuses_every_role_what_is_foreign() {
    let world = World::new();
    let (red, mut blue) = (world.board(&["red"]), world.board(&["blue"]));
    let extra = world.board(&["red"]);
    super::packs::upload(&world, 2).is(201);
    blue.pushed(&blue.next(vec![row("blue", 5, aegis_contract::Span::Hour, MOMENT, 10)]));
    let tokens = Role::ALL.map(|role| {
        let tenants: &[&str] = if role.is_bound() { &["red"] } else { &[] };
        (role, world.token(role.word(), tenants))
    });
    let (own, foreign, nobody) =
        (red.id.to_string(), blue.id.to_string(), aegis_contract::BoardId([1; 16]).to_string());
    let (mut crossed, mut refused, mut names) = (0, 0, BTreeSet::new());
    for route in &ROUTES {
        assert!(names.insert(route.name), "{route:?} stands twice");
        let (need, is_page) = match route.door {
            Door::Person(need) => (need, false),
            Door::Page(need) => (need, true),
            Door::Open | Door::Board => continue,
        };
        let fill = |tenant: &str, board: &str| {
            let path = route.path.replace("{tenant}", tenant).replace("{board}", board);
            let path = path.replace("{pack}", "scam").replace("{flag}", "quiet").replace("{token}", "999");
            if is_page && matches!(route.name, Name::BudgetsPage | Name::UsagePage) {
                format!("{path}?tenant={tenant}")
            } else {
                path
            }
        };
        // Nobody, and somebody with a token of no one.
        for token in [None, Some("aegis-hub-nobody")] {
            let answer = ask_as(&world, route, &fill("red", &own), &Value::Null, token);
            assert_eq!(answer.status, if is_page { 303 } else { 401 }, "{route:?}: {answer:?}");
        }
        for (role, token) in &tokens {
            crossed += 1;
            let is_allowed = may(need, *role);
            // The board that is revoked by who may is one of its own.
            let board = if route.name == Name::RevokeBoard { extra.id.to_string() } else { own.clone() };
            let before = whole(&world);
            let answer = ask_as(&world, route, &fill("red", &board), &body(route.name, &world, &own), Some(token));
            if is_allowed {
                let is_good = answer.status == route.status
                    // What these two take is looked at in tests of their own; a token 999 is not there.
                    || matches!((route.name, answer.status), (Name::UploadPack | Name::BackPack, 422))
                    || matches!((route.name, answer.status), (Name::RevokeToken, 403));
                assert!(is_good, "{role:?} {route:?}: {answer:?}");
            } else {
                refused += 1;
                assert_eq!(answer.status, 403, "{role:?} {route:?}");
                assert_eq!(whole(&world), before, "{role:?} changed something: {route:?}");
            }
            let is_tenants = fill("red", "") != fill("blue", "");
            let is_boards = fill("", &own) != fill("", &foreign);
            if !(is_tenants || is_boards) || !role.is_bound() {
                continue;
            }
            let before = whole(&world);
            let foreign = ask_as(&world, route, &fill("blue", &foreign), &body(route.name, &world, &own), Some(token));
            let absent = ask_as(&world, route, &fill("green", &nobody), &body(route.name, &world, &own), Some(token));
            let crooked = ask_as(&world, route, &fill("N%20o", "x"), &body(route.name, &world, &own), Some(token));
            refused += 3;
            for answer in [&foreign, &absent, &crooked] {
                assert_eq!(answer.status, 403, "{role:?} {route:?}: {answer:?}");
                assert_eq!(answer.body, foreign.body, "{role:?} {route:?} tells what is there");
            }
            assert_eq!(whole(&world), before, "{role:?} changed what is foreign: {route:?}");
        }
    }
    println!("{crossed} crossings of route and role, {refused} refusals");
    assert!(crossed > 100 && refused > 100);
}

#[test]
fn what_a_bound_role_is_shown_has_nothing_of_others() {
    let world = World::new();
    let (red, blue) = (world.board(&["red"]), world.board(&["blue"]));
    world.own("PUT", "/v1/tenants/blue/flags/blueflag", &json!({ "on": true })).is(204);
    world.own("PUT", "/v1/tenants/blue/budgets", &json!({ "version": 0, "calls": 5 })).is(200);
    for role in ["admin", "viewer"] {
        let token = world.token(role, &["red"]);
        for route in ROUTES.iter().filter(|route| route.method == "GET") {
            if !matches!(route.door, Door::Person(_) | Door::Page(_)) {
                continue;
            }
            let path = route.path.replace("{tenant}", "red").replace("{board}", &red.id.to_string());
            let text = ask_as(&world, route, &path, &Value::Null, Some(&token)).text();
            assert!(!text.contains("blue") && !text.contains(&blue.id.to_string()), "{role} {route:?}: {text}");
        }
    }
}

#[test]
fn every_board_route_refuses_who_has_not_signed_it() {
    let world = World::new();
    for route in ROUTES.iter().filter(|route| route.door == Door::Board) {
        let path = route.path.replace("{name}", "scam").replace("{version}", "1");
        for token in [None, Some(world.owner.as_str())] {
            assert_eq!(ask_as(&world, route, &path, &Value::Null, token).is(401).kind(), "unsigned", "{route:?}");
        }
    }
}
