//! `aegis judge`: one line in, one line out.

use aegis::judge::{self, LineFate};
use aegis::learn::Learned;
use aegis::limits;
use aegis::policy::{self, PackSource, PacksOff, Paused, PolicySet, Scratch, Terms};
use aegis::verdict::Thresholds;
use serde_json::{Value, json};

fn set() -> PolicySet {
    let text = "[pack]\nid = \"p\"\nversion = 1\n\n[[rule]]\nid = \"p-free\"\nreason = \"advertising\"\nscore = 60\n\
                keywords = [\"free money\", \"\u{440}\u{430}\u{431}\u{43e}\u{442}\u{430}\"]\n\n\
                [[rule]]\nid = \"p-new\"\nreason = \"newcomer with a link\"\nscore = 30\nnew_member_s = 3600\nmin_links = 1\n\n\
                [[rule]]\nid = \"p-forward\"\nreason = \"forward\"\nscore = 10\nforwarded = true\nmedia = [\"photo\"]\n";
    let source = PackSource { file: "p.toml".to_owned(), text: text.to_owned(), lists: Vec::new() };
    policy::compile(&[source]).expect("the pack is good")
}

fn ask(line: &str) -> (LineFate, Value) {
    let mut out = String::new();
    let fate = {
        let (set, paused, learned) = (set(), Paused::default(), Learned::default());
        let terms = Terms {
            set: &set,
            paused: &paused,
            learned: &learned,
            off: PacksOff::default(),
            thresholds: Thresholds::default(),
        };
        judge::line(&terms, line, 3, &mut Scratch::default(), &mut out)
    };
    assert!(!out.contains('\n'), "one line out");
    (fate, serde_json::from_str(&out).expect("the answer is JSON"))
}

#[test]
fn a_verdict_says_what_where_and_why() {
    let (fate, answer) = ask(r#"{"text": "\u00fc get FREE  money"}"#);
    assert_eq!(fate, LineFate::Judged);
    assert_eq!(
        answer,
        json!({
            "verdict": "review", "score": 60, "reason": "advertising", "canonical": "u get free money",
            "findings": [{"rule": "p-free", "score": 60, "spans": [[7, 18]], "spans_utf16": [[6, 17]]}],
        })
    );
}

#[test]
fn a_harmless_text_is_allowed_without_findings() {
    let (_, answer) = ask(r#"{"text": ""}"#);
    assert_eq!(answer, json!({"verdict": "allow", "score": 0, "reason": "", "canonical": "", "findings": []}));
}

#[test]
fn the_sender_and_the_media_are_heard() {
    let (_, answer) =
        ask(r#"{"text": "see https://a.example", "user_id": 9007199254740993, "chat_id": -1009007199254740993,
            "member_age_s": 5, "message_count": 0, "is_forward": true, "media": "photo", "extra": {"x": [1]}}"#);
    assert_eq!(answer["score"], 40);
    assert_eq!(answer["findings"][0]["rule"], "p-new");
    assert_eq!(answer["findings"][1]["rule"], "p-forward");
    let (_, unknown_age) = ask(r#"{"text": "see https://a.example", "member_age_s": null}"#);
    assert_eq!(unknown_age["score"], 0);
}

#[test]
fn a_line_that_cannot_be_read_gets_an_error_in_its_place() {
    for bad in [
        "",
        "not json",
        "[]",
        "{}",
        "3",
        r#"{"text": 3}"#,
        r#"{"text": null}"#,
        r#"{"text": "a", "user_id": "7"}"#,
        r#"{"text": "a", "user_id": 99999999999999999999}"#,
        r#"{"text": "a", "member_age_s": -1}"#,
        r#"{"text": "a", "is_forward": "yes"}"#,
        r#"{"text": "a""#,
        r#"{"text": "\ud800"}"#,
        "{\"text\": \"a\"} x",
    ] {
        let (fate, answer) = ask(bad);
        assert_eq!(fate, LineFate::Unreadable, "{bad}");
        let error = answer["error"].as_str().expect("an error");
        assert!(error.starts_with("line 3: ") && !error.contains(" at line "), "{error}");
        assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1));
    }
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    let (fate, _) = ask(&format!("{{\"text\": \"a\", \"x\": {}", "[".repeat(100_000)));
    assert_eq!(fate, LineFate::Unreadable);
}

#[test]
fn an_oversized_text_is_judged_on_its_bounded_part() {
    let text = format!("free money {}", "x".repeat(limits::MESSAGE_TEXT_BYTES_MAX));
    let (fate, answer) = ask(&json!({ "text": text }).to_string());
    assert_eq!(fate, LineFate::Judged);
    let rules: Vec<&str> = answer["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
    assert_eq!(rules, ["p-free", policy::TRUNCATED_RULE]);
}

#[test]
fn places_are_in_the_given_text_behind_wide_characters() {
    let text = "\u{1f600}\u{200b} \u{440}a\u{431}o\u{442}a!";
    let (_, answer) = ask(&json!({ "text": text }).to_string());
    let span = &answer["findings"][0]["spans"][0];
    let place = |end: usize| usize::try_from(span[end].as_u64().unwrap()).unwrap();
    let (from, to) = (place(0), place(1));
    assert_eq!(&text[from..to], "\u{440}a\u{431}o\u{442}a");
    assert_eq!(answer["findings"][0]["spans_utf16"][0], json!([4, 10]));
}
