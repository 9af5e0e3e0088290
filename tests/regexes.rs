//! Regular expressions of rules: what they find, what is refused, and that none takes long.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, PackSource, PolicySet, Scratch};
use aegis::verdict::{Outcome, Thresholds, Verdict};

fn pack(rules: &str) -> Result<PolicySet, String> {
    let text = format!("[pack]\nid = \"p\"\nversion = 1\n{rules}");
    policy::compile(&[PackSource { file: "p.toml".into(), text, lists: Vec::new() }]).map_err(|all| all.to_string())
}

fn rule(regex: &str) -> Result<PolicySet, String> {
    pack(&format!("[[rule]]\nid = \"r\"\nreason = \"x\"\nscore = 90\nregex = [{regex}]\n"))
}

fn judge(set: &PolicySet, text: &str) -> Verdict {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, text);
    policy::judge(set, Thresholds::default(), &message, &mut Scratch::default())
}

#[test]
fn a_shape_is_found_in_the_folded_text_and_pointed_at_in_the_original() {
    let set = rule(r#"'[0-9]+ *(usd|\u{435}) a DAY'"#).unwrap();
    let text = "now \u{ff15}00 USD a day, and 70 usd a day";
    let verdict = judge(&set, text);
    assert_eq!(verdict.outcome, Outcome::Block);
    let spans: Vec<&str> = verdict.findings[0]
        .spans
        .iter()
        .map(|span| &text[usize::try_from(span.from).unwrap()..usize::try_from(span.to).unwrap()])
        .collect();
    assert_eq!(spans, ["\u{ff15}00 USD a day", "70 usd a day"]);
    assert_eq!(judge(&set, "500 pounds a day").outcome, Outcome::Allow);
}

#[test]
fn keywords_and_shapes_of_one_rule_count_once_and_its_conditions_hold_for_both() {
    let set = pack(
        "[[rule]]\nid = \"r\"\nreason = \"x\"\nscore = 50\nkeywords = [\"moon\"]\nregex = [\"su+n\"]\nmin_links = 1\n",
    )
    .unwrap();
    assert_eq!(judge(&set, "moon and suuun at https://example.org").score, 50);
    assert_eq!(judge(&set, "suun at https://example.org").score, 50);
    assert_eq!(judge(&set, "moon and suuun").score, 0);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (regex, what) in [
        ("'('", "p.toml:8: the regex \"(\" is none: "),
        ("'a*'", "p.toml:8: the regex \"a*\" fits the empty text"),
        ("'(?=a)b'", "p.toml:8: the regex \"(?=a)b\" is none: "),
        (r"'(\w{200}){200}'", "p.toml:8: the regex "),
    ] {
        let told = rule(regex).unwrap_err();
        assert!(told.contains(what), "{told}");
    }
    let long = format!("'{}'", "a".repeat(1_025));
    assert!(rule(&long).unwrap_err().contains("p.toml:8: the regex has 1025 bytes; the most is 1024"));
    let many = format!("[{}]", vec!["'ab'"; 65].join(", "));
    let told = pack(&format!("[[rule]]\nid = \"r\"\nreason = \"x\"\nscore = 9\nregex = {many}\n")).unwrap_err();
    assert!(told.contains("65 regexes in all; the most is 64"), "{told}");
}

#[test]
fn a_text_made_for_a_shape_that_backtracks_is_judged_all_the_same() {
    let set = rule("'(a+)+b', '(a|aa)+c', '([a-z]+)*d1'").unwrap();
    assert_eq!(judge(&set, &"a".repeat(12_000)).outcome, Outcome::Allow);
}
