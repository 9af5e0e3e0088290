//! Wishes: what people change reaches the boards it concerns, and no others.

use super::world::*;
use aegis_contract::{BudgetRow, Document, Push, Receipt, Source, Wishes, routes};
use serde_json::{Value, json};

fn ask_with(board: &mut Board, etag: &str) -> Answer {
    let time = board.next_time();
    let mut headers = board.headers("GET", routes::WISHES, b"", time);
    headers.push(("if-none-match".to_owned(), etag.to_owned()));
    ask(board.at, "GET", routes::WISHES, &headers, b"")
}

/// The wishes, and their tag.
fn wishes(board: &mut Board) -> (Wishes, String) {
    let answer = board.ask("GET", routes::WISHES, b"").is(200);
    let etag = answer.header("etag").unwrap().to_owned();
    (Wishes::read(&answer.body).unwrap(), etag)
}

#[test]
fn a_change_is_seen_by_the_boards_it_concerns_and_by_no_others() {
    let world = World::new();
    let (mut red, mut blue) = (world.board(&["red"]), world.board(&["blue"]));
    let mut tags = (wishes(&mut red).1, wishes(&mut blue).1);
    let of_sources = format!("/v1/boards/{}/sources", red.id);
    let mut changed = |method: &str, path: &str, body: &Value, (is_red, is_blue): (bool, bool)| {
        let answer = world.own(method, path, body);
        assert!(answer.status < 300, "{path}: {answer:?}");
        for (board, tag, is) in [(&mut red, &mut tags.0, is_red), (&mut blue, &mut tags.1, is_blue)] {
            let answer = ask_with(board, tag);
            assert_eq!(answer.status, if is { 200 } else { 304 }, "{path}");
            assert_eq!(answer.body.is_empty(), !is);
            let receipt = Receipt::read(&board.push(&Push::default()).is(200).body).unwrap();
            assert_eq!(Some(receipt.wishes_etag.as_str()), answer.header("etag"));
            *tag = receipt.wishes_etag;
        }
    };
    let budget = json!({ "version": 0, "money_micros": 5_000_000, "degrade": "strict_rules" });
    changed("PUT", "/v1/tenants/red/budgets", &budget, (true, false));
    changed("PUT", "/v1/tenants/blue/flags/quiet", &json!({ "on": true }), (false, true));
    changed("PUT", "/v1/flags/quiet", &json!({ "on": false }), (true, true));
    // What is taken away is not wished any more.
    changed("PUT", "/v1/flags/gone", &json!({ "on": true }), (true, true));
    changed("DELETE", "/v1/flags/gone", &Value::Null, (true, true));
    changed("PUT", "/v1/tenants/blue/flags/gone", &json!({ "on": true }), (false, true));
    changed("DELETE", "/v1/tenants/blue/flags/gone", &Value::Null, (false, true));
    changed("PUT", "/v1/tenants/red/text", &json!({ "on": true }), (true, false));
    changed("GET", "/v1/fleet", &Value::Null, (false, false));
    let sources = json!({ "budgets": "board", "packs": "hub" });
    changed("PUT", &of_sources, &sources, (true, false));
    let (of_red, _) = wishes(&mut red);
    assert_eq!(of_red.budgets.len(), 1);
    assert_eq!(of_red.budgets[0].money_micros, Some(5_000_000));
    assert_eq!((of_red.flags.len(), of_red.flags[0].on, of_red.text_of("red")), (1, false, true));
    assert_eq!(
        (of_red.sources.budgets, of_red.sources.packs, of_red.sources.flags),
        (Source::Board, Source::Hub, Source::Board)
    );
    let (of_blue, _) = wishes(&mut blue);
    let flags: Vec<(Option<&str>, bool)> = of_blue.flags.iter().map(|flag| (flag.tenant.as_deref(), flag.on)).collect();
    assert_eq!(flags, [(None, false), (Some("blue"), true)]);
    assert!(of_blue.budgets.is_empty() && !of_blue.text_of("blue"));
}

#[test]
fn a_budget_is_changed_from_the_version_one_looked_at() {
    let world = World::new();
    let set = |version: u64, calls: u64| {
        world.own("PUT", "/v1/tenants/red/budgets", &json!({ "version": version, "calls": calls }))
    };
    assert_eq!(set(0, 10).is(200).json(), json!({ "version": 1 }));
    assert_eq!(set(0, 20).is(409).kind(), "conflict");
    set(1, 20).is(200);
    let budgets = world.own("GET", "/v1/tenants/red/budgets", &Value::Null).is(200).json();
    let versions: Vec<&Value> = budgets["versions"].as_array().unwrap().iter().map(|one| &one["calls"]).collect();
    assert_eq!(versions, [&json!(20), &json!(10)]);
    world.own("PUT", "/v1/tenants/red/budgets", &json!({ "version": 2, "degrade": "never" })).is(422);
    world.own("PUT", "/v1/tenants/red/budgets", &json!({ "version": 2, "calls": -1 })).is(422);
    world.own("PUT", "/v1/tenants/green/budgets", &json!({ "version": 0 })).is(403);
    assert_eq!(world.count("SELECT count(*) FROM audit WHERE what = 'budget' AND tenant = 'red' AND who = 'olga'"), 2);
}

#[test]
fn a_boards_own_budget_is_told_back_with_its_edition() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    world.own("PUT", "/v1/tenants/red/budgets", &json!({ "version": 0, "calls": 10 })).is(200);
    let (before, tag) = wishes(&mut board);
    assert_eq!(before.budgets[0].confirmed, 0);
    let own = |edition| BudgetRow { tenant: "red".into(), calls: Some(3), edition, ..BudgetRow::default() };
    let receipt = board.pushed(&Push { budgets: vec![own(7)], ..Push::default() });
    assert_ne!(receipt.wishes_etag, tag);
    let (after, tag) = wishes(&mut board);
    assert_eq!((after.budgets[0].confirmed, after.budgets[0].calls, &tag), (7, Some(10), &receipt.wishes_etag));
    // The same edition again, or an older one, is no news.
    let receipt = board.pushed(&Push { budgets: vec![own(7)], ..Push::default() });
    assert_eq!(receipt.wishes_etag, tag);
    board.pushed(&Push { budgets: vec![own(6)], ..Push::default() });
    assert_eq!(wishes(&mut board).0.budgets[0].confirmed, 7);
    let seen = world.own("GET", "/v1/tenants/red/budgets", &Value::Null).is(200).json();
    assert_eq!((&seen["boards"][0]["calls"], &seen["boards"][0]["edition"]), (&json!(3), &json!(7)));
}

#[test]
fn a_board_that_is_bound_anew_loses_what_is_no_longer_its() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let tag = wishes(&mut board).1;
    let path = format!("/v1/boards/{}/tenants", board.id);
    world.own("PUT", &path, &json!({ "tenants": ["blue"] })).is(204);
    assert_eq!(ask_with(&mut board, &tag).is(200).json()["text"], json!({ "blue": false }));
    let push = board.next(vec![row("red", 5, aegis_contract::Span::Hour, MOMENT, 1)]);
    board.push(&push).is(403);
    world.own("PUT", &path, &json!({ "tenants": [] })).is(422);
    world.own("PUT", &path, &json!({ "tenants": ["green"] })).is(422);
}
