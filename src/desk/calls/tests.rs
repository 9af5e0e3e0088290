//! Signed calls, at the desk.

use super::super::fixture::{Life, furnish};
use super::*;
use crate::clock::Clock;
use crate::control::hooks::{Wanted, answer};
use crate::control::{self, Answer};
use crate::tenant::TenantName;
use proptest::prelude::*;
use std::cell::Cell;
use std::path::Path;

const NOW_S: u64 = 1_795_642_800;
const ON: &str = "[flags]\nmanagement_calls = true\n";
const BODY: &[u8] = br#"{"method": "GET", "path": "/status"}"#;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(NOW_S * 1_000) };
}

fn at(now_s: u64) {
    NOW.set(now_s * 1_000);
}

/// A life in which the clock says what [`at`] says.
fn life(dir: &Path) -> Life {
    let mut life = Life::begin(dir);
    life.office.clock = Clock::with_wall(|| Wall(NOW.get()));
    life
}

fn furnished(more: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    furnish(dir.path(), more);
    dir
}

/// Carries out a wish of the terminal's; returns the secret, where one is told.
fn wish(life: &Life, wanted: Wanted) -> Option<String> {
    let (tick, told) = answer(&life.office.snapshots, wanted, Wall(NOW.get())).expect("it is read");
    if !tick.is_empty() {
        life.office.commit(tick).expect("it is written");
    }
    let Answer::Lines(lines) = told else { panic!("{told:?}") };
    lines.iter().find_map(|line| line.strip_prefix("secret: ").map(str::to_owned))
}

fn key(life: &Life, name: &str, role: Role, tenants: &[&str]) -> String {
    let tenants = tenants.iter().filter_map(|name| TenantName::new(name)).collect();
    wish(life, Wanted::Add { name: name.to_owned(), role, tenants }).expect("a secret")
}

fn signed(name: &str, secret: &str, time_s: u64, nonce: u8) -> String {
    Credentials::written(name, secret.as_bytes(), time_s, &[nonce; 16], BODY)
}

#[test]
fn a_call_that_is_repeated_is_refused_also_after_a_restart_and_its_nonce_is_free_when_it_is_too_old_anyway() {
    at(NOW_S);
    let dir = furnished(ON);
    let first = life(dir.path());
    let secret = key(&first, "ci", Role::Admin, &["garden"]);
    let call = signed("ci", &secret, NOW_S, 1);
    let caller = first.office.admit(&call, BODY).expect("it is good");
    assert_eq!((caller.told().as_str(), caller.role), ("key ci", Role::Admin));
    assert_eq!(first.office.admit(&call, BODY), Err(Refused::Denied));
    first.end();
    let second = life(dir.path());
    assert_eq!(second.office.admit(&call, BODY), Err(Refused::Denied), "a restart forgets none");
    assert!(second.office.admit(&signed("ci", &secret, NOW_S, 2), BODY).is_ok());
    at(NOW_S + 2 * limits::HOOK_CLOCK_S);
    assert_eq!(second.office.admit(&call, BODY), Err(Refused::Denied), "too old");
    assert!(second.office.admit(&signed("ci", &secret, NOW_S + 600, 1), BODY).is_ok(), "nobody remembers the nonce");
    assert_eq!(second.office.counters.hook_calls.get(), 2);
    assert_eq!(second.office.counters.hook_calls_refused.get(), 2);
    second.end();
}

#[test]
fn a_call_is_in_time_for_five_minutes_and_not_a_second_longer() {
    at(NOW_S);
    let dir = furnished(ON);
    let life = life(dir.path());
    let secret = key(&life, "ci", Role::Owner, &[]);
    let span = limits::HOOK_CLOCK_S;
    for (nonce, time_s, is_good) in
        [(1, NOW_S - span, true), (2, NOW_S + span, true), (3, NOW_S - span - 1, false), (4, NOW_S + span + 1, false)]
    {
        let told = life.office.admit(&signed("ci", &secret, time_s, nonce), BODY);
        assert_eq!(told.is_ok(), is_good, "{time_s}: {told:?}");
    }
    life.end();
}

#[test]
fn after_a_rotation_both_secrets_are_good_for_a_day_and_a_dropped_key_is_not() {
    at(NOW_S);
    let dir = furnished(ON);
    let life = life(dir.path());
    let old = key(&life, "ci", Role::Owner, &[]);
    let new = wish(&life, Wanted::Rotate("ci".to_owned())).expect("another secret");
    assert_ne!(old, new);
    let hear = |secret: &str, time_s, nonce| life.office.admit(&signed("ci", secret, time_s, nonce), BODY).is_ok();
    assert!(hear(&old, NOW_S, 1) && hear(&new, NOW_S, 2));
    let later = NOW_S + limits::HOOK_KEY_OVERLAP_MS / 1_000;
    at(later);
    assert!(!hear(&old, later, 3) && hear(&new, later, 4));
    wish(&life, Wanted::Drop("ci".to_owned()));
    assert!(!hear(&new, later, 5));
    life.end();
}

#[test]
fn a_key_reaches_its_own_tenants_in_its_own_role() {
    at(NOW_S);
    let dir = furnished(ON);
    let life = life(dir.path());
    let secret = key(&life, "garden", Role::Viewer, &["garden"]);
    let caller = life.office.admit(&signed("garden", &secret, NOW_S, 1), BODY).expect("good");
    let tenant = |name: &str| TenantName::new(name);
    assert!(caller.may(Role::Viewer, tenant("garden").as_ref()).is_ok());
    assert!(caller.may(Role::Viewer, tenant("chess").as_ref()).is_err());
    assert!(caller.may(Role::Admin, tenant("garden").as_ref()).is_err());
    let refused = answer(
        &life.office.snapshots,
        Wanted::Add { name: "none".to_owned(), role: Role::Admin, tenants: Vec::new() },
        Wall(0),
    );
    assert!(matches!(refused, Ok((_, Answer::Refused(why))) if why.contains("--tenant")));
    life.end();
}

#[test]
fn without_the_flag_the_best_signature_is_refused_and_nothing_changes() {
    at(NOW_S);
    let dir = furnished("");
    let life = life(dir.path());
    let secret = key(&life, "ci", Role::Owner, &[]);
    assert_eq!(life.office.admit(&signed("ci", &secret, NOW_S, 1), BODY), Err(Refused::Denied));
    assert_eq!(life.office.snapshots.nonces().expect("read"), []);
    life.end();
}

#[test]
fn a_key_that_calls_too_often_is_told_to_come_back_and_others_are_heard() {
    at(NOW_S);
    let dir = furnished(ON);
    let life = life(dir.path());
    let (loud, quiet) = (key(&life, "loud", Role::Owner, &[]), key(&life, "quiet", Role::Owner, &[]));
    let told: Vec<_> = (0..=u8::try_from(limits::HOOK_CALLS_BURST).expect("few"))
        .map(|nonce| life.office.admit(&signed("loud", &loud, NOW_S, nonce), BODY))
        .collect();
    // However slow this machine is, one is too many before the first minute is over, or time has made room for it.
    assert!(told.iter().filter(|told| told.is_ok()).count() >= usize::from(limits::HOOK_CALLS_BURST));
    assert!(told.iter().all(|told| matches!(told, Ok(_) | Err(Refused::Busy(..)))));
    assert!(life.office.admit(&signed("quiet", &quiet, NOW_S, 200), BODY).is_ok());
    life.end();
}

#[test]
fn no_secret_is_listed_logged_or_audited() {
    at(NOW_S);
    let dir = furnished(ON);
    let life = life(dir.path());
    let secret = key(&life, "ci", Role::Owner, &[]);
    let listed = answer(&life.office.snapshots, Wanted::List, Wall(NOW_S * 1_000)).expect("read").1;
    let command = control::Command::Hooks(Wanted::Rotate("ci".to_owned()));
    let audit = life.office.audit(&super::super::fixture::owner(), None).expect("read");
    let all = format!("{listed:?} {command:?} {audit:?}");
    assert!(all.contains("ci") && all.contains("added the key ci: owner") && !all.contains(&secret), "{all}");
    life.end();
}

#[test]
fn whatever_a_stranger_sends_is_refused_in_the_same_words() {
    at(NOW_S);
    let dir = furnished(ON);
    let life = life(dir.path());
    let secret = key(&life, "ci", Role::Owner, &[]);
    let good = signed("ci", &secret, NOW_S, 1);
    let mut runner = proptest::test_runner::TestRunner::default();
    let sent = (".{0,160}", proptest::collection::vec(any::<u8>(), 0..64), 0_usize..good.len(), any::<char>());
    let tried = runner.run(&sent, |(text, body, place, other)| {
        let changed: String = good.chars().enumerate().map(|(at, c)| if at == place { other } else { c }).collect();
        for authorization in [text.clone(), format!("{}{text}", crate::signed::SCHEME), changed.clone()] {
            if authorization != good || body != BODY {
                prop_assert_eq!(life.office.admit(&authorization, &body), Err(Refused::Denied));
            }
        }
        Ok(())
    });
    assert_eq!(tried, Ok(()));
    assert_eq!(life.office.snapshots.nonces().expect("read"), [], "nothing changed");
    assert!(life.office.admit(&good, BODY).is_ok());
    life.end();
}
