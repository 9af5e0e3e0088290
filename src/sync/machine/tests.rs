//! The machine alone: what it asks next, and what it makes of answers.

use super::*;
use crate::clock::{Monotonic, Wall};
use aegis_contract::{BoardId, Problem};

fn at(ms: u64) -> Now {
    Now { mono: Monotonic(ms), wall: Wall(1_800_000_000_000 + ms) }
}

fn machine() -> Machine {
    let mut machine = Machine::new("b", Chain::first(BoardId([7; 16])), None, None);
    let state = State { sequence: 0, chain: Chain::first(BoardId([7; 16])), hub_time_us: 0, edition: 0, decision: 0 };
    assert_eq!(machine.state(state, at(0)), SyncTick::default(), "a new board and a hub that never heard of it agree");
    machine.wishes(Some("e".to_owned()), at(0));
    machine
}

fn batch(edition: u64) -> Batch {
    let row = serde_json::from_str(r#"{"tenant":"default","from":0,"span":"hour"}"#).expect("a row");
    Batch { usage: vec![row], covers: Covers { edition, ..Covers::default() }, ..Batch::default() }
}

fn receipt(machine: &Machine, body: &[u8]) -> Receipt {
    let chain = Chain(machine.place().chain).after(body);
    let sequence = machine.place().sequence + 1;
    Receipt { sequence, chain, hub_time_us: 0, wishes_etag: "e".to_owned(), texts_left_out: 0 }
}

#[test]
fn a_push_whose_answer_was_lost_is_known_to_be_taken_and_not_told_again() {
    let mut machine = machine();
    let body = machine.push(batch(5));
    let receipt = receipt(&machine, &body);
    machine.failed(&Failure::Away("x".to_owned()), &[], at(0), 0);
    assert!(matches!(machine.turn(at(1)), Turn::Rest(_)));
    assert_eq!(machine.turn(at(limits::CLOUD_PAUSE_MS)), Turn::State);
    let state = State { sequence: 1, chain: receipt.chain, hub_time_us: 0, edition: 5, decision: 0 };
    let tick = machine.state(state, at(limits::CLOUD_PAUSE_MS));
    assert_eq!(tick.place.map(|place| (place.sequence, place.edition)), Some((1, 5)));
    assert_eq!(machine.standing().forks, 0);
}

#[test]
fn a_fork_takes_over_the_hubs_place_and_tells_all_again_and_says_so() {
    let mut machine = machine();
    let body = machine.push(batch(5));
    let first = receipt(&machine, &body);
    machine.receipt(&first, &[], at(0), 0);
    machine.push(batch(9));
    let mut problem = Problem::new(Kind::Fork, "no");
    (problem.sequence, problem.chain) = (Some(40), Some(Chain([3; 32])));
    let tick = machine.failed(&Failure::Refused(Box::new(problem), 0), &[], at(1), 0);
    assert_eq!((tick, machine.turn(at(1))), (SyncTick::default(), Turn::State), "asked at once");
    let state = State { sequence: 40, chain: Chain([3; 32]), hub_time_us: 0, edition: 0, decision: 0 };
    let tick = machine.state(state, at(1));
    let place = tick.place.expect("it is durable");
    assert_eq!((place.sequence, place.chain, place.edition), (40, [3; 32], 0));
    assert_eq!((machine.standing().forks, machine.turn(at(1))), (1, Turn::Push), "at once");
    assert!(machine.standing().fork.as_deref().is_some_and(|why| why.contains("40 pushes")));
}

#[test]
fn a_push_with_a_tenant_of_others_has_the_wishes_read_before_anything_is_looked_for() {
    let mut machine = machine();
    let forbidden = Failure::Refused(Box::new(Problem::new(Kind::Forbidden, "no")), 0);
    machine.push(batch(5));
    machine.failed(&forbidden, &[], at(0), 0);
    let whole = Room { rows: limits::CLOUD_ROWS_AT_ONCE, is_bare: false };
    assert_eq!((machine.turn(at(0)), machine.room()), (Turn::Wishes, whole));
    machine.wishes(None, at(0));
    machine.push(batch(5));
    machine.failed(&forbidden, &[], at(0), 0);
    assert_eq!(machine.room(), Room { rows: 1, is_bare: true });
}

#[test]
fn a_heartbeat_leaves_nothing_durable_and_comes_once_a_turn() {
    let mut machine = machine();
    machine.push(Batch::default());
    let first = Chain::first(BoardId([7; 16]));
    let same = Receipt { sequence: 0, chain: first, hub_time_us: 0, wishes_etag: "e".to_owned(), texts_left_out: 0 };
    assert!(machine.receipt(&same, &[], at(0), 0).is_empty());
    assert_eq!(machine.turn(at(1)), Turn::Rest(limits::CLOUD_TURN_MS - 1));
    assert_eq!(machine.turn(at(limits::CLOUD_TURN_MS)), Turn::Push);
}

#[test]
fn other_wishes_are_asked_for_once_the_receipt_tells_of_them() {
    let mut machine = machine();
    let body = machine.push(batch(1));
    let receipt = Receipt { wishes_etag: "f".to_owned(), ..receipt(&machine, &body) };
    machine.receipt(&receipt, &[], at(0), 0);
    assert_eq!(machine.turn(at(limits::CLOUD_TURN_MS)), Turn::Wishes);
}

#[test]
fn a_wrong_clock_is_known_with_its_distance() {
    let mut machine = machine();
    let mut problem = Problem::new(Kind::Clock, "no");
    problem.hub_time_us = Some((at(0).wall.0 + 600_000) * 1_000);
    machine.failed(&Failure::Refused(Box::new(problem), 0), &[], at(0), 0);
    assert_eq!(machine.standing().clock_off_ms, Some(-600_000));
}

#[test]
fn a_pause_grows_and_has_a_bound_and_chance_takes_at_most_half() {
    for failures in 1..40 {
        let whole = pause_ms(failures, 0);
        assert!(whole <= limits::CLOUD_PAUSE_MS_MAX);
        for chance in [1, 999, u64::MAX / 3, u64::MAX] {
            let pause = pause_ms(failures, chance);
            assert!(pause <= whole && pause >= whole / 2, "{failures}: {pause} of {whole}");
        }
    }
    assert_eq!(pause_ms(40, 0), limits::CLOUD_PAUSE_MS_MAX);
}
