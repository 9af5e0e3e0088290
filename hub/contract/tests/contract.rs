//! The contract as it was recorded: documents of each version that boards in use may speak are still read, whole.
//!
//! Promises: a field that was ever sent is still known; one that is not known is passed over; sums and texts to sign are
//! those of version 1, byte for byte.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis_contract::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn example(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a document of a type, and writes it as it was read.
type Reading = fn(&[u8]) -> Result<Value, Refusal>;

fn reading<Type: Document>(body: &[u8]) -> Result<Value, Refusal> {
    Type::read(body).map(|read| serde_json::from_slice(&read.bytes()).unwrap())
}

/// Each recorded document, and its type of today.
const RECORDED: [(&str, Reading); 12] = [
    ("v1-enrol.json", reading::<Enrol>),
    ("v1-enrolled.json", reading::<Enrolled>),
    ("v1-wishes.json", reading::<Wishes>),
    ("v1-push.json", reading::<Push>),
    ("v1-heartbeat.json", reading::<Push>),
    ("v1-receipt.json", reading::<Receipt>),
    ("v1-state.json", reading::<State>),
    ("v1-rows.json", reading::<Rows>),
    ("v1-fork.json", reading::<Problem>),
    ("v1-clock.json", reading::<Problem>),
    ("v1-invalid.json", reading::<Problem>),
    ("v1-bare.json", reading::<Wishes>),
];

/// Whether all of `old` is in `new`, at the same places.
fn holds(old: &Value, new: &Value, place: &str) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                let found = new.get(key).unwrap_or_else(|| panic!("{place}.{key} is no longer known"));
                holds(value, found, &format!("{place}.{key}"));
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len(), "{place}");
            old.iter().zip(new).for_each(|(old, new)| holds(old, new, &format!("{place}[]")));
        }
        _ => assert_eq!(old, new, "{place}"),
    }
}

#[test]
fn every_recorded_document_is_still_read_whole() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let there: BTreeSet<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, RECORDED.iter().map(|(name, _)| (*name).to_owned()).collect());
    for (name, read) in RECORDED {
        let old: Value = serde_json::from_slice(&example(name)).unwrap();
        let new = read(&example(name)).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        holds(&old, &new, name);
    }
}

/// Puts a field that nobody knows into every object.
fn grown(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(grown);
            // A map of tenants has no fields; its values are switches.
            if !map.values().all(Value::is_boolean) || map.is_empty() {
                map.insert("of_a_newer_version".to_owned(), json!({ "some": ["thing"] }));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(grown),
        _ => {}
    }
}

#[test]
fn fields_of_newer_versions_are_passed_over() {
    for (name, read) in RECORDED {
        let old = read(&example(name)).unwrap();
        let mut new: Value = serde_json::from_slice(&example(name)).unwrap();
        grown(&mut new);
        assert_eq!(read(new.to_string().as_bytes()).unwrap(), old, "{name}");
    }
}

#[test]
fn words_of_newer_versions_are_read_as_the_harmless_one() {
    let mut wishes: Value = serde_json::from_slice(&example("v1-wishes.json")).unwrap();
    wishes["packs"][1]["mode"] = json!("of a newer version");
    wishes["sources"]["packs"] = json!("of a newer version");
    let read = Wishes::read(wishes.to_string().as_bytes()).unwrap();
    assert_eq!((read.packs[1].mode, read.sources.packs), (PackMode::Record, Source::Board));
    let problem = Problem { kind: "urn:aegis:of-a-newer-version".into(), ..Problem::new(Kind::Fork, "") };
    assert_eq!(problem.kind(), Kind::Other);
    assert!(Kind::ALL.iter().all(|kind| Problem::new(*kind, "").kind() == *kind));
    assert_eq!(Sources::default().budgets, Source::Board);
}

#[test]
fn what_is_signed_and_chained_is_as_it_always_was() {
    let body = br#"{"sequence":1}"#;
    let text = signing::request_text("POST", "/v1/board/push", 1_773_500_966_000_000, body);
    assert_eq!(
        text,
        "aegis-v1\nPOST\n/v1/board/push\n1773500966000000\n603ff4b70ceeeda2a87631465b1a7089df62b5d48e4426d1bbe9bd2c219f0bfd"
    );
    let board: BoardId = "01234567-89ab-cdef-0123-456789abcdef".parse().unwrap();
    let first = Chain::first(board);
    assert_eq!(first.to_string(), "223e0a160af9da0a03e6dd2c4719c56f5d66a633cbe84e78aaa9f3735865522a");
    assert_eq!(first.after(body).to_string(), "36e69f3d6997d31c9e0658345cdb75edf8abdba3e89418c09db827927f1d485e");
    let enrol = Enrol::read(&example("v1-enrol.json")).unwrap();
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let code = "enrol-abcdefghijkmnpqrstuvwxyz23456789";
    assert_eq!(enrol.text(), format!("aegis-enrol-v1\n{code}\n{key}\nattic\n0.1.0\nzero-w"));
    assert!(!format!("{enrol:?}").contains(code), "a code is a secret");
}

#[test]
fn a_refusal_says_what_and_where_and_how_to_mend_it() {
    let push: Value = serde_json::from_slice(&example("v1-push.json")).unwrap();
    let refused = |place: &str, value: Value| {
        let mut wrong = push.clone();
        *wrong.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
        Push::read(wrong.to_string().as_bytes()).expect_err(place).to_string()
    };
    let says = |place: &str, value: Value, words: &str| {
        let said = refused(place, value);
        assert!(said.contains(words) && said.contains("; "), "{place}: {said}");
    };
    says("/usage/0/tenant", json!("Chess Club"), "usage[0].tenant is `Chess Club`, no tenant's name");
    says("/usage/0/from", json!(1_773_500_401), "usage[0].from is 1773500401, where no hour begins");
    says("/usage/2/from", json!(1_772_409_600), "where no month begins");
    says("/usage/0/from", json!(-3_600), "not in the years");
    says("/usage/0/messages", json!(u64::MAX), "usage[0] is 18446744073709551615");
    says("/usage/0/span", json!("year"), "is no push");
    says("/usage/1", push["usage"][0].clone(), "usage[1] stands twice");
    says("/decisions/0/score", json!(1_001), "decisions[0].score is 1001, at most 1000");
    says("/decisions/0/reason", json!("x".repeat(513)), "decisions[0].reason has 513 bytes, at most 512");
    says("/decisions/0/reason", json!("a\0b"), "zero byte");
    says("/decisions/0/rules", json!(vec!["x"; 17]), "decisions[0].rules has 17 entries, at most 16");
    says("/decisions/0/verdict", json!(""), "decisions[0].verdict is empty");
    says("/sequence", json!(0), "sequence is 0; begin with 1");
    says("/sequence", json!(null), "sequence is missing");
    says("/previous", json!("abc"), "no chain");
    says("/health/packs/0/name", json!("../etc"), "no pack's name");
    says("/health/degraded", json!(vec!["x"; 17]), "at most 16");
    says("/budgets/0/tenant", json!(""), "budgets[0].tenant");
    let large = vec![b' '; limits::BODY_BYTES_MAX + 1];
    assert!(Push::read(&large).unwrap_err().to_string().contains("at most 1048576"));
    let mut enrol: Value = serde_json::from_slice(&example("v1-enrol.json")).unwrap();
    enrol["name"] = json!("two\nlines");
    assert!(Enrol::read(enrol.to_string().as_bytes()).unwrap_err().to_string().contains("name has control characters"));
}

#[test]
fn a_full_push_is_within_the_bytes_of_a_body() {
    let row = |at: i64| UsageRow {
        tenant: "t".repeat(limits::TENANT_NAME_BYTES_MAX),
        chat: -1_001_234_567_890 - at,
        from: 1_773_500_400,
        span: Span::Hour,
        messages: 123_456,
        blocked: 12_345,
        unsure: 1_234,
        actions: 12_345,
        calls: 12_345,
        tokens_in: 123_456_789,
        tokens_out: 1_234_567,
        money_micros: 123_456_789,
        cache_hits: 12_345,
        at_least: true,
    };
    let usage: Vec<UsageRow> = (0..).take(limits::PUSH_ROWS_MAX).map(row).collect();
    let push = Push { sequence: Some(1), usage, ..Push::default() };
    let bytes = push.bytes();
    assert!(bytes.len() <= limits::BODY_BYTES_MAX, "{} bytes", bytes.len());
    assert_eq!(Push::read(&bytes).unwrap(), push);
}

#[test]
fn hours_lie_in_days_and_days_in_months_for_four_hundred_years() {
    let mut month: Month = "1970-01".parse().unwrap();
    assert_eq!(month.begin(), 0);
    let mut days = 0;
    for _ in 0..12 * 400 {
        let (begin, end) = (month.begin(), month.next().begin());
        let length = (end - begin) / 86_400;
        assert!((28..=31).contains(&length) && begin % 86_400 == 0, "{month}");
        for at in [begin, begin + 1, end - 1] {
            assert_eq!((Month::of(at), Span::Month.begin(at), Span::Month.end(at)), (month, begin, end));
        }
        assert_eq!(month.to_string().parse(), Ok(month));
        assert_eq!(month.next().before(), month);
        days += length;
        month = month.next();
    }
    assert_eq!((days, month.to_string().as_str()), (146_097, "2370-01"));
    assert_eq!(Month::of(1_773_500_966).to_string(), "2026-03");
    assert_eq!(Month::of(951_782_400).to_string(), "2000-02");
    assert_eq!("2024-02".parse::<Month>().map(|month| (month.next().begin() - month.begin()) / 86_400), Ok(29));
    for wrong in ["", "2026", "2026-00", "2026-13", "26-01", "2026-1", "+026-01", "2026-01-01"] {
        wrong.parse::<Month>().unwrap_err();
    }
    assert_eq!((Span::Hour.begin(-1), Span::Day.begin(-1)), (-3_600, -86_400));
}

#[test]
fn a_row_covers_what_is_finer_and_inside_it() {
    let row = |chat, span: Span, at| UsageRow {
        chat,
        from: span.begin(at),
        span,
        ..serde_json::from_value(json!({ "tenant": "chess", "from": 0, "span": "hour" })).unwrap()
    };
    let at = 1_773_500_966;
    let hour = row(5, Span::Hour, at);
    for (wide, is) in [
        (row(5, Span::Day, at), true),
        (row(0, Span::Hour, at), true),
        (row(0, Span::Month, at), true),
        (row(5, Span::Hour, at), false),
        (row(6, Span::Day, at), false),
        (row(5, Span::Day, at + 86_400), false),
        (row(0, Span::Hour, at + 3_600), false),
        (UsageRow { tenant: "garden".into(), ..row(5, Span::Day, at) }, false),
    ] {
        assert_eq!(wide.covers(&hour), is, "{wide:?}");
        assert!(!hour.covers(&wide));
    }
    // Neither holds the other: coarser in time, finer in chats.
    let (day_of_one, hour_of_all) = (row(5, Span::Day, at), row(0, Span::Hour, at));
    assert!(!day_of_one.covers(&hour_of_all) && !hour_of_all.covers(&day_of_one));
}

#[test]
fn ids_and_names_are_read_strictly() {
    let id: BoardId = "01234567-89AB-cdef-0123-456789abcdef".parse().unwrap();
    assert_eq!(id.to_string(), "01234567-89ab-cdef-0123-456789abcdef");
    assert_eq!("0123456789abcdef0123456789abcdef".parse(), Ok(id));
    for wrong in ["", "0123", "01234567-89ab-cdef-0123456789abcdef", "g1234567-89ab-cdef-0123-456789abcdef"] {
        wrong.parse::<BoardId>().unwrap_err();
    }
    assert!(
        is_tenant_name("chess-club_2") && !is_tenant_name("Chess") && !is_tenant_name("") && !is_tenant_name("a,b")
    );
    assert!(is_pack_name("spam.en") && !is_pack_name(".") && !is_pack_name("a/b") && !is_pack_name("2x"));
    let comment = PackComment::read("aegis-pack name=scam version=4 rollback-from=5 of=later").unwrap();
    assert_eq!(comment.to_string(), "aegis-pack name=scam version=4 rollback-from=5");
    for wrong in [
        "",
        "aegis-pack",
        "aegis-pack name=scam",
        "aegis-pack version=4",
        "aegis name=scam version=4",
        "aegis-pack name=scam version=4 version=5",
        "aegis-pack name=scam version=5 rollback-from=5",
        "aegis-pack name=../x version=5",
        "aegis-pack name=scam version=-1",
    ] {
        PackComment::read(wrong).unwrap_err();
    }
    assert_eq!(signing::bytes::<32>(&signing::letters(&[7; 32])), Some([7; 32]));
    assert_eq!(signing::bytes::<32>(&signing::letters(&[7; 33])), None);
}
