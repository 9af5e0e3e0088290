//! Pushes: once and in order, forks, coarser rows in the place of finer ones, texts, and rows of others.

use super::world::*;
use aegis_contract::{
    BudgetRow, Chain, DecisionRow, Document, Month, PackHealth, Problem, Push, Receipt, Rows, Span, State, limits,
};

const DAY: i64 = 86_400;

fn sum(world: &World) -> i64 {
    world.count("SELECT coalesce(sum(messages), 0)::bigint FROM usage")
}

#[test]
fn a_push_whose_answer_was_lost_is_the_same_push_and_counts_once() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let push = board.next(vec![row("red", 5, Span::Hour, MOMENT, 10), row("red", 6, Span::Hour, MOMENT, 7)]);
    let first = Receipt::read(&board.push(&push).is(200).body).unwrap();
    assert_eq!((first.sequence, first.chain), (1, Chain::first(board.id).after(&push.bytes())));
    let again = Receipt::read(&board.push(&push).is(200).body).unwrap();
    assert_eq!((again.sequence, again.chain), (first.sequence, first.chain));
    assert_eq!(sum(&world), 17);
    (board.sequence, board.chain) = (first.sequence, first.chain);
    // A row is a state: the hour goes on, and takes the place of what it was.
    board.pushed(&board.next(vec![row("red", 5, Span::Hour, MOMENT, 12)]));
    assert_eq!(sum(&world), 19);
    let state = State::read(&board.ask("GET", "/v1/board/state", b"").is(200).body).unwrap();
    assert_eq!((state.sequence, state.chain), (board.sequence, board.chain));
}

#[test]
fn what_does_not_follow_is_a_fork_with_the_hubs_place_and_changes_nothing() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    board.pushed(&board.next(vec![row("red", 5, Span::Hour, MOMENT, 10)]));
    let other = || vec![row("red", 5, Span::Hour, MOMENT, 99)];
    let good = board.next(other());
    let forks = [
        Push { sequence: Some(1), previous: Chain::first(board.id), ..good.clone() },
        Push { sequence: Some(3), ..good.clone() },
        Push { previous: Chain::first(board.id), ..good.clone() },
        Push { sequence: Some(i64::MAX.unsigned_abs()), ..good.clone() },
    ];
    for fork in forks {
        let problem = Problem::read(&board.push(&fork).is(409).body).unwrap();
        assert_eq!((problem.sequence, problem.chain), (Some(1), Some(board.chain)));
        assert_eq!(problem.kind(), aegis_contract::Kind::Fork);
    }
    assert_eq!(sum(&world), 10);
    board.pushed(&good);
    assert_eq!(sum(&world), 99);
}

#[test]
fn a_heartbeat_has_no_number_and_moves_no_chain() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let beat = |board: &Board, queue_rows| {
        let mut push = board.next(Vec::new());
        push.health.queue_rows = queue_rows;
        Push { sequence: None, ..push }
    };
    let first = beat(&board, 5);
    assert_eq!(board.pushed(&first).sequence, 0);
    board.pushed(&board.next(vec![row("red", 5, Span::Hour, MOMENT, 10)]));
    let second = beat(&board, 6);
    assert_eq!(board.pushed(&second).sequence, 1);
    assert_eq!(world.count("SELECT (health ->> 'queue_rows')::bigint FROM boards"), 6);
    let without = Push { sequence: None, ..board.next(vec![row("red", 5, Span::Hour, MOMENT, 10)]) };
    assert_eq!(board.push(&without).is(422).json()["field"], "sequence");
}

#[test]
fn a_coarser_row_takes_the_place_of_finer_ones_whichever_comes_first() {
    let world = World::new();
    let mut board = world.board(&["red", "blue"]);
    let hours = |chat| (0..3).map(move |hour| row("red", chat, Span::Hour, MOMENT + hour * 3_600, 10));
    let elsewhere = [row("blue", 5, Span::Hour, MOMENT, 100), row("red", 5, Span::Hour, MOMENT + DAY, 1_000)];
    board.pushed(&board.next(hours(5).chain(hours(6)).chain(elsewhere).collect()));
    assert_eq!(sum(&world), 1_160);
    // The day of one chat: its three hours go, those of the other chat, tenant and day stay.
    board.pushed(&board.next(vec![row("red", 5, Span::Day, MOMENT, 31)]));
    assert_eq!(sum(&world), 1_161);
    // An hour of that day once more is covered, and left out.
    board.pushed(&board.next(vec![row("red", 5, Span::Hour, MOMENT, 10)]));
    assert_eq!(sum(&world), 1_161);
    // The day of all chats: what any chat has of that day goes, the chat's day as well.
    board.pushed(&board.next(vec![row("red", 0, Span::Day, MOMENT, 70)]));
    assert_eq!(sum(&world), 1_170);
    board.pushed(&board.next(vec![row("red", 5, Span::Day, MOMENT, 31), row("red", 6, Span::Hour, MOMENT, 9)]));
    assert_eq!(sum(&world), 1_170);
    // The month of all chats: the day and the other day's hour go; the other tenant's hour stays.
    board.pushed(&board.next(vec![row("red", 0, Span::Month, MOMENT, 1_071)]));
    assert_eq!(sum(&world), 1_171);
    assert_eq!(world.count("SELECT count(*) FROM usage"), 2);
    board.pushed(&board.next(vec![row("red", 0, Span::Month, MOMENT, 1_072)]));
    assert_eq!(sum(&world), 1_172);
}

#[test]
fn the_rows_a_board_asks_for_are_what_it_pushed() {
    let world = World::new();
    let mut board = world.board(&["red", "blue"]);
    let mut all = Vec::new();
    for chat in 1..=50 {
        all.extend((0..30).map(|hour| row("red", chat, Span::Hour, MOMENT + hour * 3_600, 7 + hour.unsigned_abs())));
    }
    board.pushed(&board.next(all.clone()));
    let more: Vec<_> = (51..=100)
        .flat_map(|chat| (0..30).map(move |hour| row("red", chat, Span::Hour, MOMENT + hour * 3_600, 3)))
        .collect();
    board.pushed(&board.next(more.clone()));
    board.pushed(
        &board.next(vec![row("blue", 5, Span::Hour, MOMENT, 1), row("red", 5, Span::Hour, MOMENT + 40 * DAY, 1)]),
    );
    all.extend(more);
    let month = Month::of(MOMENT);
    let mut path = aegis_contract::routes::rows_query("red", month, 700);
    let mut read = Vec::new();
    loop {
        let page = Rows::read(&board.ask("GET", &path, b"").is(200).body).unwrap();
        read.extend(page.rows);
        let Some(after) = page.after else { break };
        path = format!("{}&after={after}", aegis_contract::routes::rows_query("red", month, 700));
    }
    all.sort_by_key(|row| (row.from, row.chat));
    assert_eq!(read.len(), 3_000);
    assert_eq!(read, all);
    board.ask("GET", "/v1/board/rows?tenant=red&month=2026-13", b"").is(422);
    board.ask("GET", "/v1/board/rows?tenant=red&month=2026-03&after=x", b"").is(422);
    board.ask("GET", "/v1/board/rows?tenant=red&month=2026-03&rows=0", b"").is(422);
    board.ask("GET", "/v1/board/rows?tenant=red&month=2026-03&rows=2001", b"").is(422);
}

#[test]
fn a_board_is_told_how_far_it_said_that_it_had_told() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let state = |board: &mut Board| State::read(&board.ask("GET", "/v1/board/state", b"").is(200).body).unwrap();
    let before = state(&mut board);
    assert_eq!((before.edition, before.decision), (0, 0));
    let mut push = board.next(vec![row("red", 1, Span::Hour, MOMENT, 7)]);
    (push.health.edition, push.health.decision) = (41, 9);
    board.pushed(&push);
    let after = state(&mut board);
    assert_eq!((after.sequence, after.edition, after.decision), (1, 41, 9));
}

fn decision(number: u64, text: Option<&str>) -> DecisionRow {
    DecisionRow {
        number,
        tenant: "red".into(),
        chat: -100,
        message: 7,
        at: now_s(),
        verdict: "block".into(),
        reason: "crypto \"offers\", {sent} to many".into(),
        rules: vec!["scam/offer".into(), "a,b\"c".into()],
        actions: Vec::new(),
        score: 900,
        text: text.map(str::to_owned),
    }
}

#[test]
fn decisions_are_kept_once_with_text_only_where_the_tenant_wants_it() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let decisions = |push: Push, rows| Push { decisions: rows, ..push };
    let receipt =
        board.pushed(&decisions(board.next(Vec::new()), vec![decision(1, Some("secret")), decision(2, None)]));
    assert_eq!(receipt.texts_left_out, 1);
    let mut undone = decision(1, None);
    undone.actions = vec!["delete".into(), "undone".into()];
    board.pushed(&decisions(board.next(Vec::new()), vec![undone]));
    assert_eq!(world.count("SELECT count(*) FROM decisions"), 2);
    assert_eq!(world.count("SELECT count(*) FROM decisions WHERE text IS NOT NULL"), 0);
    world.own("PUT", "/v1/tenants/red/text", &serde_json::json!({ "on": true })).is(204);
    let receipt = board.pushed(&decisions(board.next(Vec::new()), vec![decision(3, Some("hello"))]));
    assert_eq!(receipt.texts_left_out, 0);
    let list = world.own("GET", "/v1/tenants/red/decisions", &serde_json::Value::Null).is(200).json();
    let list = list["decisions"].as_array().unwrap().clone();
    assert_eq!(list.len(), 3);
    let of = |number: u64| list.iter().find(|one| one["number"] == number).unwrap();
    assert_eq!((&of(3)["text"], &of(1)["text"]), (&"hello".into(), &serde_json::Value::Null));
    assert_eq!(of(1)["actions"], serde_json::json!(["delete", "undone"]));
    assert_eq!(of(2)["rules"], serde_json::json!(["scam/offer", "a,b\"c"]));
    let viewer = world.token("viewer", &["red"]);
    let seen = world.person(&viewer, "GET", "/v1/tenants/red/decisions", &serde_json::Value::Null).is(200).json();
    assert!(seen["decisions"].as_array().unwrap().iter().all(|one| one["text"].is_null()));
    world.own("PUT", "/v1/tenants/red/text", &serde_json::json!({ "on": false })).is(204);
    let list = world.own("GET", "/v1/tenants/red/decisions", &serde_json::Value::Null).is(200).json();
    assert!(list["decisions"].as_array().unwrap().iter().all(|one| one["text"].is_null()));
    world.round();
    assert_eq!(world.count("SELECT count(*) FROM decisions WHERE text IS NOT NULL"), 0);
}

#[test]
fn rows_of_a_tenant_of_others_are_refused_whole_and_the_place_is_told() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let mixed = board.next(vec![row("red", 5, Span::Hour, MOMENT, 10), row("blue", 5, Span::Hour, MOMENT, 10)]);
    let problem = Problem::read(&board.push(&mixed).is(403).body).unwrap();
    assert_eq!(problem.field.as_deref(), Some("usage[1].tenant"));
    let foreign = DecisionRow { tenant: "blue".into(), ..decision(1, None) };
    let push = Push { decisions: vec![foreign], ..board.next(Vec::new()) };
    assert_eq!(board.push(&push).is(403).json()["field"], "decisions[0].tenant");
    let budgets = vec![BudgetRow { tenant: "blue".into(), edition: 1, ..BudgetRow::default() }];
    let push = Push { budgets, ..board.next(Vec::new()) };
    assert_eq!(board.push(&push).is(403).json()["field"], "budgets[0].tenant");
    board.ask("GET", "/v1/board/rows?tenant=blue&month=2026-03", b"").is(403);
    assert_eq!(sum(&world), 0);
    // The number is still free: the board leaves the rows out, and goes on.
    board.pushed(&board.next(vec![row("red", 5, Span::Hour, MOMENT, 10)]));
    assert_eq!(sum(&world), 10);
}

#[test]
fn what_is_over_a_bound_is_refused_and_nothing_of_it_is_kept() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let rows = (0..=limits::PUSH_ROWS_MAX).map(|at| row("red", 1 + at as i64, Span::Hour, MOMENT, 1)).collect();
    board.push(&board.next(rows)).is(422);
    let mut crooked = row("red", 5, Span::Day, MOMENT, 1);
    crooked.from += 3_600;
    assert_eq!(board.push(&board.next(vec![crooked])).is(422).json()["field"], "usage[0].from");
    let twice = vec![row("red", 5, Span::Hour, MOMENT, 1), row("red", 5, Span::Hour, MOMENT + 5, 2)];
    assert_eq!(board.push(&board.next(twice)).is(422).json()["field"], "usage[1]");
    let mut health = board.next(Vec::new());
    health.health.packs = vec![PackHealth { name: "No Name".into(), ..PackHealth::default() }];
    board.push(&health).is(422);
    board.ask("POST", "/v1/board/push", b"{\"sequence\": \"x\"}").is(422);
    board.ask("POST", "/v1/board/push", b"").is(422);
    assert_eq!(sum(&world), 0);
    assert_eq!(world.count("SELECT sequence FROM boards"), 0);
}

#[test]
fn a_moment_far_off_has_a_place_and_a_month_ahead_a_part_of_its_own() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let now = now_s();
    world.round();
    board.pushed(&board.next(vec![
        row("red", 5, Span::Hour, 0, 1),
        row("red", 5, Span::Hour, now, 2),
        row("red", 5, Span::Month, now + 70 * DAY, 4),
        row("red", 5, Span::Hour, 250_000_000_000, 8),
    ]));
    assert_eq!(sum(&world), 15);
    assert_eq!(world.count("SELECT sum(messages)::bigint FROM usage_rest"), 9);
    assert_eq!(world.count("SELECT count(*) FROM pg_class WHERE relname ~ '^usage_[0-9]{6}$'"), 4);
}

#[test]
fn a_list_of_decisions_goes_on_where_it_ended_also_within_a_second() {
    let world = World::new();
    let (mut one, mut other) = (world.board(&["red"]), world.board(&["red"]));
    for board in [&mut one, &mut other] {
        let push =
            Push { decisions: (1..=330).map(|number| decision(number, None)).collect(), ..board.next(Vec::new()) };
        board.pushed(&push);
    }
    let (mut path, mut seen) = ("/v1/tenants/red/decisions".to_owned(), std::collections::BTreeSet::new());
    let mut pages = 0;
    loop {
        let page = world.own("GET", &path, &serde_json::Value::Null).is(200).json();
        for row in page["decisions"].as_array().unwrap() {
            assert!(seen.insert((row["board"].to_string(), row["number"].as_u64())));
        }
        pages += 1;
        let Some(after) = page["after"].as_str() else { break };
        path = format!("/v1/tenants/red/decisions?after={after}");
    }
    assert_eq!((seen.len(), pages), (660, 4));
    world.own("GET", "/v1/tenants/red/decisions?after=x", &serde_json::Value::Null).is(422);
}
