//! Who is let in: enrolment once only, signatures, repeats, clocks, revoked boards, tokens.

use super::world::*;
use aegis_contract::{Document, Enrol, Enrolled, Problem, limits, signing};
use serde_json::{Value, json};

fn enrol(world: &World, request: &Enrol) -> Answer {
    ask(world.at, "POST", "/v1/enrol", &[], &request.bytes())
}

#[test]
fn a_code_enrols_one_board_and_the_same_key_again_gets_the_same_answer() {
    let world = World::new();
    let (code, key) = (world.code(&["red"]), Key::new());
    let first = Enrolled::read(&enrol(&world, &key.enrol(&code)).is(201).body).unwrap();
    assert_eq!(first.pack_key, super::packs::key_line());
    let again = Enrolled::read(&enrol(&world, &key.enrol(&code)).is(201).body).unwrap();
    assert_eq!((first.board, &first.tenants), (again.board, &again.tenants));
    assert_eq!(enrol(&world, &Key::new().enrol(&code)).is(403).kind(), "code");
    assert_eq!(enrol(&world, &Key::new().enrol("enrol-nobody-made-this-code")).is(403).kind(), "code");
    assert_eq!(world.count("SELECT count(*) FROM boards"), 1);
    assert_eq!(world.count("SELECT count(*) FROM audit WHERE what = 'enrolled'"), 1);
    // A key is one board's, whatever codes there are.
    assert_eq!(enrol(&world, &key.enrol(&world.code(&["red"]))).is(422).json()["field"], "key");
}

#[test]
fn a_code_that_is_too_old_and_a_key_that_is_not_held_enrol_nobody() {
    let world = World::new();
    let code = world.code(&["red"]);
    let mut stolen = Key::new().enrol(&code);
    stolen.key = signing::letters(&Key::new().public());
    assert_eq!(enrol(&world, &stolen).is(422).json()["field"], "signature");
    let mut other = Key::new().enrol(&code);
    other.name = "another name than was signed".to_owned();
    enrol(&world, &other).is(422);
    world.order("UPDATE codes SET until_us = 5");
    assert_eq!(enrol(&world, &Key::new().enrol(&code)).is(403).kind(), "code");
    assert_eq!(world.count("SELECT count(*) FROM boards"), 0);
}

#[test]
fn a_signed_request_is_taken_once() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let body = board.next(vec![row("red", 5, aegis_contract::Span::Hour, MOMENT, 10)]).bytes();
    let time = board.next_time();
    let headers = board.headers("POST", "/v1/board/push", &body, time);
    ask(world.at, "POST", "/v1/board/push", &headers, &body).is(200);
    assert_eq!(ask(world.at, "POST", "/v1/board/push", &headers, &body).is(401).kind(), "unsigned");
    // An older time is a repeat too, also where nobody saw it before.
    let older = board.headers("GET", "/v1/board/state", b"", time - 1);
    assert_eq!(ask(world.at, "GET", "/v1/board/state", &older, b"").is(401).kind(), "unsigned");
    board.ask("GET", "/v1/board/state", b"").is(200);
    assert_eq!(world.count("SELECT sum(messages)::bigint FROM usage"), 10);
}

#[test]
fn whoever_is_unknown_revoked_or_badly_signed_reads_the_same_and_changes_nothing() {
    let world = World::new();
    let (mut board, mut other) = (world.board(&["red"]), world.board(&["red"]));
    let mut stranger = Board::new(world.at, aegis_contract::BoardId([9; 16]), Key::new());
    let path = "/v1/board/state";
    let unknown = stranger.ask("GET", path, b"").is(401);
    let time = board.next_time();
    let mut swapped = other.headers("GET", path, b"", time);
    swapped[0].1 = board.id.to_string();
    let mut answers = vec![unknown, ask(world.at, "GET", path, &swapped, b"").is(401)];
    for at in 0..4 {
        let mut without = board.headers("GET", path, b"", time);
        without[at].1 = "x".to_owned();
        if at != 2 {
            ask(world.at, "GET", path, &without, b"").is(401);
        }
    }
    // Another path, method or body than was signed.
    let signed = board.headers("GET", path, b"", time);
    answers.push(ask(world.at, "GET", "/v1/board/wishes", &signed, b"").is(401));
    answers.push(ask(world.at, "POST", "/v1/board/push", &signed, b"").is(401));
    world.own("POST", &format!("/v1/boards/{}/revoke", other.id), &Value::Null).is(204);
    answers.push(other.ask("GET", path, b"").is(401));
    let bodies: Vec<String> = answers.iter().map(Answer::text).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(world.count("SELECT max(last_time_us) FROM boards"), 0);
    world.own("POST", &format!("/v1/boards/{}/revoke", other.id), &Value::Null).is(403);
}

#[test]
fn a_clock_that_is_off_is_told_the_hubs_and_only_to_who_signed() {
    let world = World::new();
    let board = world.board(&["red"]);
    let now = aegis_hub::clock::now_us();
    for time in [now - limits::CLOCK_OFF_US_MAX - 2_000_000, now + limits::CLOCK_OFF_US_MAX + 60_000_000, 5] {
        let headers = board.headers("GET", "/v1/board/state", b"", time);
        let problem = Problem::read(&ask(world.at, "GET", "/v1/board/state", &headers, b"").is(401).body).unwrap();
        assert_eq!(problem.kind(), aegis_contract::Kind::Clock);
        assert!(problem.hub_time_us.unwrap().abs_diff(now) < 60_000_000);
        let mut bad = headers;
        bad[3].1 = signing::letters(&[7; 64]);
        assert_eq!(ask(world.at, "GET", "/v1/board/state", &bad, b"").is(401).kind(), "unsigned");
    }
    assert_eq!(world.count("SELECT last_time_us FROM boards"), 0);
}

#[test]
fn tokens_end_when_they_are_revoked_or_too_old_and_are_not_in_the_database() {
    let world = World::new();
    let token = world.token("viewer", &["red"]);
    let me = world.person(&token, "GET", "/v1/me", &Value::Null).is(200).json();
    assert_eq!(me, json!({ "name": "viewer", "role": "viewer", "tenants": ["red"] }));
    world.person("aegis-hub-nobody", "GET", "/v1/me", &Value::Null).is(401);
    ask(world.at, "GET", "/v1/me", &[], b"").is(401);
    world.own("POST", "/v1/tokens/2/revoke", &Value::Null).is(204);
    world.person(&token, "GET", "/v1/me", &Value::Null).is(401);
    let old = world.token("viewer", &["red"]);
    world.order("UPDATE tokens SET until_us = 5 WHERE token = 3");
    world.person(&old, "GET", "/v1/me", &Value::Null).is(401);
    let secret = |token: &str| {
        let kept = format!("SELECT count(*) FROM tokens t WHERE t::text LIKE '%{token}%'");
        let told = format!("SELECT count(*) FROM audit a WHERE a::text LIKE '%{token}%'");
        world.count(&kept) + world.count(&told)
    };
    assert_eq!(secret(&token) + secret(&world.owner) + secret(&world.code(&["red"])), 0);
    for wrong in [
        json!({ "name": "x", "role": "owner", "tenants": ["red"] }),
        json!({ "name": "x", "role": "viewer" }),
        json!({ "name": "x", "role": "king" }),
        json!({ "name": "", "role": "owner" }),
        json!({ "name": "x", "role": "viewer", "tenants": ["green"] }),
    ] {
        world.own("POST", "/v1/tokens", &wrong).is(422);
    }
}

#[test]
fn what_is_too_large_or_no_route_is_a_problem_document() {
    let world = World::new();
    let large = ask(world.at, "POST", "/v1/enrol", &[], &vec![b' '; limits::BODY_BYTES_MAX + 1]).is(413);
    assert_eq!(large.kind(), "large");
    assert_eq!(ask(world.at, "GET", "/v2/x", &[], b"").is(404).kind(), "absent");
    let method = ask(world.at, "PUT", "/v1/enrol", &[], b"").is(405);
    assert_eq!((method.kind().as_str(), method.header("allow")), ("method", Some("POST")));
    assert_eq!(method.header("content-type"), Some("application/problem+json"));
    assert_eq!(ask(world.at, "GET", "/v1/health", &[], b"").is(200).json()["ready"], true);
}
