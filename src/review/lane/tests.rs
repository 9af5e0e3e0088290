//! The lane's promises, with invented time, chance and answers.

use super::*;
use crate::budget::{Caps, Refused};
use crate::config::Board;
use crate::links::Links;
use crate::message::{Message, MessageId, Sender, SurfaceKind, TraceId, UserId};
use crate::opinion::View;
use crate::opinions::Ground;
use crate::tenant::Tenants;
use crate::text;

const MONTH: Month = Month(202_611);
const NOW: Monotonic = Monotonic(1_000_000);

fn tenant() -> Tenant {
    let caps = Caps { money: Micros(1_000_000), calls: 1_000, chat_percent: 100, user_percent: 100 };
    Tenant { caps, ..Tenant::default() }
}

fn ai() -> Ai {
    Ai {
        base_url: "http://127.0.0.1:1/v1".to_owned(),
        model: "small".to_owned(),
        price_input: Some(Micros(0)),
        price_output: Some(Micros(0)),
        queue: 8,
        ..Ai::default()
    }
}

fn lane(ai: Ai) -> Lane {
    let board = Board::named("generic").unwrap();
    let mut lane = Lane::new(Ledger::default(), &board.capacity, Arc::default());
    lane.settings(&Arc::new(ai));
    lane
}

fn key(text: &str) -> Key {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, text);
    let mut scratch = text::Scratch::default();
    text::fold(&message, &mut scratch);
    let ground = Ground::new(1, &TenantName::default(), "", "small");
    Key::of(&message, scratch.canonical(), &Links::default(), &ground)
}

fn row(number: i32, text: &str) -> Row {
    Row {
        chat: ChatId(-1),
        message: MessageId(number),
        trace: TraceId(u64::try_from(number).unwrap()),
        tenant: TenantName::default(),
        key: key(text),
        dated_s: 1_000,
        at: Wall(5_000),
    }
}

fn enter(lane: &mut Lane, rows: Vec<Row>) {
    for _ in &rows {
        lane.seat(&tenant(), MONTH, NOW).unwrap();
    }
    lane.enter(rows, NOW);
}

/// Lets every row depart that may, and returns their numbers.
fn depart(lane: &mut Lane, now: Monotonic) -> Vec<u64> {
    let mut departed = Vec::new();
    for (id, row) in lane.turn(now).ready {
        let who = Who { chat: row.chat, sender: 1 };
        if let Depart::Held(_) = lane.depart(id, &tenant(), who, MONTH, Micros(10), now) {
            departed.push(id);
        }
    }
    departed
}

fn says(view: View) -> Result<Answer, CallFailure> {
    let opinion = Opinion { view, confidence: 90, reason: "so".to_owned() };
    Ok(Answer { opinion: Some(opinion), usage: None, cost: Micros(4), took_ms: 1, sample: None })
}

fn garbage() -> Result<Answer, CallFailure> {
    Ok(Answer { opinion: None, usage: None, cost: Micros(10), took_ms: 1, sample: Some("hm".to_owned()) })
}

fn fails(fate: Fate, may_have_cost: MayHaveCost) -> Result<Answer, CallFailure> {
    Err(CallFailure { fate, why: "it failed".to_owned(), may_have_cost, status: None })
}

fn who_was(decided: &[Decided]) -> Vec<(i32, bool)> {
    decided.iter().map(|decided| (decided.row.message.0, decided.by.is_ok())).collect()
}

#[test]
fn the_first_come_is_the_first_asked_and_few_calls_are_under_way() {
    let mut lane = lane(ai());
    enter(&mut lane, vec![row(1, "one apple"), row(2, "two pears"), row(3, "three plums")]);
    assert_eq!(depart(&mut lane, NOW), [1, 2], "two calls at one time");
    assert_eq!(depart(&mut lane, NOW), [0_u64; 0]);
    let ended = lane.ended(1, &says(View::Breach), NOW, 0);
    assert_eq!(who_was(&ended.decided), [(1, true)]);
    assert_eq!(ended.settled, Some((1, Paid::Money(Micros(4)))));
    assert_eq!(depart(&mut lane, NOW), [3]);
}

#[test]
fn the_same_message_is_asked_about_once() {
    let mut lane = lane(ai());
    let text = "the very same text";
    enter(&mut lane, (1..=5).map(|number| row(number, text)).collect());
    assert_eq!(depart(&mut lane, NOW), [1]);
    let ended = lane.ended(1, &says(View::Fine), NOW, 0);
    assert_eq!(who_was(&ended.decided), [(1, true), (2, true), (3, true), (4, true), (5, true)]);
    assert!(ended.decided.iter().skip(1).all(|decided| matches!(decided.by, Ok((_, Heard::Same)))));
    assert!(lane.is_empty() && lane.waiting.is_empty());
    assert!(matches!(lane.remembered(&key(text), 1_000), Some((_, Heard::Same))));
}

#[test]
fn when_the_one_that_was_asked_about_gets_no_answer_the_next_of_its_kind_is_asked_about() {
    let mut lane = lane(ai());
    enter(&mut lane, vec![row(1, "same"), row(2, "same"), row(3, "same")]);
    assert_eq!(depart(&mut lane, NOW), [1]);
    let ended = lane.ended(1, &garbage(), NOW, 0);
    assert_eq!(who_was(&ended.decided), [(1, false)]);
    assert_eq!(ended.decided[0].by, Err(NoOpinion::Unclear));
    assert_eq!(depart(&mut lane, NOW), [2]);
    assert_eq!(lane.sample(), Some("hm"));
}

#[test]
fn whoever_waits_too_long_is_decided_by_the_fallback() {
    let mut lane = lane(ai());
    enter(&mut lane, vec![row(1, "one"), row(2, "one"), row(3, "another")]);
    assert_eq!(depart(&mut lane, NOW), [1, 3]);
    let late = NOW.plus_ms(60_000);
    let turn = lane.turn(late);
    assert_eq!(who_was(&turn.decided), [(1, false), (2, false), (3, false)]);
    assert!(lane.is_empty());
    // An answer that comes after all is paid for and remembered, and decides nothing.
    let ended = lane.ended(1, &says(View::Breach), late, 0);
    assert_eq!((who_was(&ended.decided), ended.settled), (vec![], Some((1, Paid::Money(Micros(4))))));
    assert!(lane.remembered(&key("one"), 1_000).is_some());
    lane.ended(3, &garbage(), late, 0);
    assert!(lane.waiting.is_empty() && lane.ledger.open_holds().next().is_none());
}

#[test]
fn a_full_lane_turns_the_next_away_and_has_room_again() {
    let mut lane = lane(ai());
    let rows: Vec<Row> = (1..=8).map(|number| row(number, &format!("text {number}"))).collect();
    enter(&mut lane, rows);
    assert_eq!(lane.seat(&tenant(), MONTH, NOW), Err(NoOpinion::Full));
    lane.turn(NOW.plus_ms(60_000));
    assert_eq!(lane.seat(&tenant(), MONTH, NOW), Ok(()));
}

#[test]
fn a_seat_that_was_promised_counts_before_it_is_taken() {
    let mut lane = lane(ai());
    for _ in 0..8 {
        lane.seat(&tenant(), MONTH, NOW).unwrap();
    }
    assert_eq!(lane.seat(&tenant(), MONTH, NOW), Err(NoOpinion::Full));
}

#[test]
fn after_a_few_failures_the_model_is_left_alone_and_one_message_finds_out_when_it_is_back() {
    let mut lane = lane(ai());
    let mut now = NOW;
    for number in 1..=5 {
        enter(&mut lane, vec![row(number, &format!("text {number}"))]);
        let id = depart(&mut lane, now)[0];
        let ended = lane.ended(id, &fails(Fate::TooSlow, MayHaveCost::Yes), now, 77_777);
        assert_eq!(ended.decided[0].by, Err(NoOpinion::Failed));
        assert_eq!(ended.settled, Some((id, Paid::Money(Micros(10)))), "in doubt it is paid");
    }
    let tenants = Tenants::one(tenant());
    let change = lane.changes(&tenants, now).unwrap();
    assert!(change.degraded.contains(&TenantName::default()) && change.events.len() == 1);
    assert_eq!(lane.changes(&tenants, now), None, "said once");
    assert_eq!(lane.seat(&tenant(), MONTH, now), Err(NoOpinion::Away));
    now = now.plus_ms(limits::BACKOFF_MAX_MS);
    lane.seat(&tenant(), MONTH, now).unwrap();
    lane.enter(vec![row(6, "text 6")], now);
    let probe = depart(&mut lane, now);
    assert_eq!(probe.len(), 1);
    assert_eq!(lane.seat(&tenant(), MONTH, now), Err(NoOpinion::Away), "one finds out");
    lane.ended(probe[0], &says(View::Fine), now, 0);
    let change = lane.changes(&tenants, now).unwrap();
    assert!(change.degraded.is_empty() && change.events.len() == 1);
    assert_eq!(lane.seat(&tenant(), MONTH, now), Ok(()));
}

#[test]
fn where_nobody_finds_out_a_failure_tells_nothing_after_a_while_and_the_next_one_tells_at_once() {
    let mut lane = lane(ai());
    let tenants = Tenants::one(tenant());
    enter(&mut lane, vec![row(1, "one")]);
    depart(&mut lane, NOW);
    lane.ended(1, &fails(Fate::Refused, MayHaveCost::No), NOW, 0);
    assert!(!lane.changes(&tenants, NOW).unwrap().degraded.is_empty());
    let later = NOW.plus_ms(limits::REVIEW_AWAY_MS);
    assert_eq!(lane.turn(NOW).wake, Some(later));
    assert!(lane.changes(&tenants, later).unwrap().degraded.is_empty());
    lane.seat(&tenant(), MONTH, later).unwrap();
    lane.enter(vec![row(2, "two")], later);
    let id = depart(&mut lane, later)[0];
    lane.ended(id, &fails(Fate::TooSlow, MayHaveCost::Yes), later, 0);
    assert!(!lane.changes(&tenants, later).unwrap().degraded.is_empty(), "one failure is enough");
}

#[test]
fn a_refused_key_stops_calls_at_once_and_new_settings_begin_anew() {
    let mut lane = lane(ai());
    enter(&mut lane, vec![row(1, "one")]);
    depart(&mut lane, NOW);
    let ended = lane.ended(1, &fails(Fate::Refused, MayHaveCost::No), NOW, 0);
    assert_eq!(ended.decided[0].by, Err(NoOpinion::Away));
    assert_eq!(ended.settled, Some((1, Paid::Nothing)));
    assert_eq!((lane.seat(&tenant(), MONTH, NOW), lane.trouble()), (Err(NoOpinion::Away), Some("it failed")));
    lane.settings(&Arc::new(Ai { model: "other".to_owned(), ..ai() }));
    assert_eq!((lane.seat(&tenant(), MONTH, NOW), lane.trouble()), (Ok(()), None));
}

#[test]
fn what_cost_nothing_is_tried_again_a_few_times() {
    let mut lane = lane(ai());
    enter(&mut lane, vec![row(1, "one")]);
    let retry = fails(Fate::Retry { after_ms: Some(2_000) }, MayHaveCost::No);
    let mut now = NOW;
    for _ in 1..limits::REVIEW_TRIES_MAX {
        let id = depart(&mut lane, now)[0];
        assert_eq!(lane.ended(id, &retry, now, 0).decided, []);
        assert_eq!(depart(&mut lane, now), [0_u64; 0], "the pause is kept");
        now = now.plus_ms(2_000);
    }
    let id = depart(&mut lane, now)[0];
    assert_eq!(lane.ended(id, &retry, now, 0).decided[0].by, Err(NoOpinion::Failed));
    assert_eq!(lane.ledger.spent(&TenantName::default(), crate::budget::Account::Total).calls, 0);
}

#[test]
fn a_long_pause_leaves_tenants_without_a_model_until_it_is_nearly_over() {
    let mut lane = lane(Ai { deadline_s: 600, ..ai() });
    enter(&mut lane, vec![row(1, "one")]);
    depart(&mut lane, NOW);
    lane.ended(1, &fails(Fate::Retry { after_ms: Some(100_000) }, MayHaveCost::No), NOW, 0);
    assert_eq!(lane.seat(&tenant(), MONTH, NOW), Err(NoOpinion::Limited));
    let wake = lane.turn(NOW).wake;
    assert_eq!(wake, Some(NOW.plus_ms(100_000 - limits::REVIEW_PAUSE_WAITED_MS)), "to say that it is over");
    assert_eq!(lane.seat(&tenant(), MONTH, wake.unwrap()), Ok(()));
    assert_eq!(depart(&mut lane, wake.unwrap()), [0_u64; 0], "and still no call");
}

#[test]
fn a_spent_budget_turns_everybody_away_until_the_next_month() {
    let mut lane = lane(Ai { price_output: Some(Micros(1_000_000)), max_output_tokens: 100, ..ai() });
    let mut poor = tenant();
    poor.caps.calls = 1;
    lane.seat(&poor, MONTH, NOW).unwrap();
    lane.seat(&poor, MONTH, NOW).unwrap();
    lane.enter(vec![row(1, "one"), row(2, "two")], NOW);
    let ready = lane.turn(NOW).ready;
    let who = Who { chat: ChatId(-1), sender: 1 };
    assert!(matches!(lane.depart(ready[0].0, &poor, who, MONTH, Micros(10), NOW), Depart::Held(_)));
    assert_eq!(lane.depart(ready[1].0, &poor, who, MONTH, Micros(10), NOW), Depart::Later, "some may come back");
    lane.ended(1, &says(View::Fine), NOW, 0);
    let Depart::No(decided) = lane.depart(2, &poor, who, MONTH, Micros(10), NOW) else { panic!("nothing is left") };
    assert_eq!(decided.by, Err(NoOpinion::Budget(Refused::Calls)));
    assert_eq!(lane.seat(&poor, MONTH, NOW), Err(NoOpinion::Budget(Refused::Calls)));
    let tenants = Tenants::one(poor.clone());
    let events = lane.changes(&tenants, NOW).unwrap().events;
    assert!(events.iter().any(|event| event.what.contains("100 % of the budget of 2026-11")), "{events:?}");
    assert_eq!(lane.seat(&poor, Month(202_612), NOW), Ok(()));
    assert!(lane.changes(&tenants, NOW).unwrap().degraded.is_empty());
}

#[test]
fn an_edited_message_takes_the_place_of_what_it_was() {
    let mut lane = lane(ai());
    enter(&mut lane, vec![row(1, "one")]);
    depart(&mut lane, NOW);
    enter(&mut lane, vec![Row { trace: TraceId(99), ..row(1, "one, edited") }]);
    assert_eq!(lane.len(), 1);
    assert_eq!(lane.ended(1, &says(View::Breach), NOW, 0).decided, [], "the answer was about what it was");
    assert_eq!(depart(&mut lane, NOW), [2]);
    let ended = lane.ended(2, &says(View::Fine), NOW, 0);
    assert_eq!(ended.decided[0].row.trace, TraceId(99));
}

#[test]
fn a_row_of_an_earlier_life_has_the_time_that_is_left() {
    let fresh = || lane(ai());
    let deadline = |lane: &mut Lane| lane.turn(NOW).wake.unwrap();
    for (passed_ms, left_ms) in [(0, 60_000), (20_000, 40_000)] {
        let mut lane = fresh();
        lane.resume(vec![row(1, "one")], NOW, Wall(5_000 + passed_ms));
        assert_eq!(deadline(&mut lane), NOW.plus_ms(left_ms));
    }
    let mut set_back = fresh();
    set_back.resume(vec![row(1, "one")], NOW, Wall(0));
    assert_eq!(deadline(&mut set_back), NOW.plus_ms(60_000), "a clock that was set back gives no more than all");
    let mut long_off = fresh();
    long_off.resume(vec![row(1, "one")], NOW, Wall(u64::MAX));
    assert_eq!(who_was(&long_off.turn(NOW).decided), [(1, false)]);
}

#[test]
fn through_an_hour_of_a_model_that_hangs_nobody_waits_past_the_deadline_and_nothing_is_left_over() {
    let mut lane = lane(Ai { deadline_s: 30, timeout_ms: 8_000, ..ai() });
    let tenants = Tenants::one(tenant());
    let (mut now, hour) = (NOW, NOW.plus_ms(3_600_000));
    let mut flights: Vec<(u64, Monotonic)> = Vec::new();
    let mut since: BTreeMap<i32, Monotonic> = BTreeMap::new();
    let (mut number, mut decided, mut refused, mut calls) = (0, 0, 0, 0);
    while now < hour || !lane.is_empty() || !flights.is_empty() {
        if now < hour {
            number += 1;
            match lane.seat(&tenant(), MONTH, now) {
                Ok(()) => {
                    since.insert(number, now);
                    lane.enter(vec![row(number, &format!("message {}", number % 50))], now);
                }
                Err(_) => refused += 1,
            }
        }
        let over: Vec<u64> = flights.iter().filter(|(_, until)| *until <= now).map(|(id, _)| *id).collect();
        flights.retain(|(_, until)| *until > now);
        let mut gone = Vec::new();
        for id in over {
            let ended = lane.ended(id, &fails(Fate::TooSlow, MayHaveCost::Yes), now, u64::from(number.unsigned_abs()));
            gone.extend(ended.decided);
        }
        gone.extend(lane.turn(now).decided);
        for id in depart(&mut lane, now) {
            flights.push((id, now.plus_ms(8_000)));
            calls += 1;
        }
        for one in gone {
            let begun = since.remove(&one.row.message.0).expect("decided once");
            assert!(now.since_ms(begun) <= 30_000 + 500, "{} ms", now.since_ms(begun));
            assert!(one.by.is_err());
            decided += 1;
        }
        lane.changes(&tenants, now);
        assert!(lane.len() <= 8 && flights.len() <= 2 && lane.waiting.len() <= 8 + 2);
        now = now.plus_ms(500);
    }
    assert_eq!(decided + refused, number, "everybody was decided, or told at once that nobody could be asked");
    assert!(lane.waiting.is_empty() && lane.flying.is_empty() && since.is_empty());
    assert!(lane.ledger.open_holds().next().is_none());
    // Five failures, and then a probe now and then.
    assert!(calls < 5 + 3_600 / 8, "{calls} calls in an hour");
    assert!(decided > 50 && refused > 1_000, "{decided} waited, {refused} did not");
}

#[test]
fn without_a_model_nobody_waits() {
    let mut lane = lane(ai());
    enter(&mut lane, vec![row(1, "one")]);
    lane.settings(&Arc::new(Ai::default()));
    let turn = lane.turn(NOW);
    assert_eq!(turn.decided[0].by, Err(NoOpinion::Off));
    assert_eq!(lane.changes(&Tenants::one(tenant()), NOW), None, "rules alone are no trouble");
}

#[test]
fn one_tenant_that_has_to_pause_holds_nobody_else_back() {
    let mut lane = lane(Ai { burst: 1, calls_per_minute: 1, calls_in_flight: 8, ..ai() });
    let other = TenantName::new("garden").unwrap();
    let of_other = Row { tenant: other.clone(), ..row(3, "three") };
    enter(&mut lane, vec![row(1, "one"), row(2, "two"), of_other]);
    let who = Who { chat: ChatId(-1), sender: 1 };
    let mut departed = Vec::new();
    for (id, row) in lane.turn(NOW).ready {
        let payer = Tenant { name: row.tenant, ..tenant() };
        if let Depart::Held(_) = lane.depart(id, &payer, who, MONTH, Micros(1), NOW) {
            departed.push(id);
        }
    }
    assert_eq!(departed, [1, 3]);
    assert_eq!(lane.turn(NOW).wake, Some(NOW.plus_ms(60_000)), "one a minute");
}

#[test]
fn a_seat_and_an_account_take_no_more_than_memory_is_counted_for() {
    // A tree keeps a key and a value for each, at worst in nodes half full, and a name stands beside.
    let name = limits::TENANT_NAME_BYTES_MAX + limits::ALLOCATION_EXTRA_BYTES;
    let waiting = size_of::<Key>() + 3 * size_of::<u64>();
    assert!(2 * (size_of::<u64>() + size_of::<Seat>()) + name + waiting <= limits::REVIEW_ROW_BYTES);
    let account = size_of::<crate::budget::Account>() + size_of::<Spent>();
    assert!(2 * account <= limits::BUDGET_ACCOUNT_BYTES);
}
