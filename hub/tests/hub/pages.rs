//! The pages: the log-in, what they show, and that nothing written by others changes an element.

use super::world::*;
use aegis_contract::{Document, Enrolled, Health, Push, Span};
use serde_json::json;

fn page(world: &World, path: &str, cookie: &str) -> Answer {
    ask(world.at, "GET", path, &[("cookie".to_owned(), cookie.to_owned())], b"")
}

fn log_in(world: &World, token: &str, site: &str) -> Answer {
    let site = ("sec-fetch-site".to_owned(), site.to_owned());
    ask(world.at, "POST", "/login", &[site], format!("token={token}").as_bytes())
}

#[test]
fn a_token_becomes_a_cookie_that_no_script_and_no_other_site_can_use() {
    let world = World::new();
    let entered = log_in(&world, &world.owner, "same-origin").is(303);
    let cookie = entered.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let shown = page(&world, "/", pair).is(200);
    assert!(shown.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(!shown.text().contains(&world.owner) && !shown.text().contains("<script"));
    assert_eq!(page(&world, "/", "").is(303).header("location"), Some("/login"));
    assert_eq!(page(&world, "/", "aegis_hub=x").is(303).header("location"), Some("/login"));
    log_in(&world, &world.owner, "cross-site").is(403);
    let wrong = log_in(&world, "nobody", "same-origin").is(401);
    assert!(wrong.header("set-cookie").is_none() && wrong.text().contains("role=\"alert\""));
    // The cookie is for pages alone.
    ask(world.at, "GET", "/v1/me", &[("cookie".to_owned(), pair.to_owned())], b"").is(401);
    assert!(ask(world.at, "POST", "/logout", &[], b"").is(303).header("set-cookie").unwrap().contains("Max-Age=0"));
}

#[test]
fn what_boards_write_is_shown_as_text() {
    let world = World::new();
    let key = Key::new();
    let mut enrol = key.enrol(&world.code(&["red"]));
    enrol.name = "<b>\"'&attic".to_owned();
    enrol.signature = key.sign(&enrol.text());
    let answer = ask(world.at, "POST", "/v1/enrol", &[], &enrol.bytes()).is(201);
    let mut board = Board::new(world.at, Enrolled::read(&answer.body).unwrap().board, key);
    let health = Health { incidents: vec!["<script>alert(1)</script>".into()], ..Health::default() };
    let usage = vec![row("red", 5, Span::Hour, MOMENT, 12_345)];
    board.pushed(&Push { health, ..board.next(usage) });
    world
        .own("PUT", "/v1/tenants/red/budgets", &json!({ "version": 0, "calls": 700, "money_micros": 9_000_000 }))
        .is(200);
    let cookie = format!("aegis_hub={}", world.owner);
    let fleet = page(&world, "/", &cookie).is(200).text();
    assert!(fleet.contains("&lt;b&gt;") && fleet.contains("&lt;script&gt;") && !fleet.contains("<script"), "{fleet}");
    let usage = page(&world, "/usage?tenant=red&month=2026-03", &cookie).is(200).text();
    assert!(usage.contains("12\u{202f}345"), "{usage}");
    let budgets = page(&world, "/budgets?tenant=red", &cookie).is(200).text();
    assert!(budgets.contains("9.00") && budgets.contains("700"), "{budgets}");
    assert!(page(&world, "/packs", &cookie).is(200).text().contains("No packs yet"));
    page(&world, "/usage?month=x", &cookie).is(422);
}
