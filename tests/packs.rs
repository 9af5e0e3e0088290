//! Packs: what is refused and how it is said, and what a good one finds.

use aegis::limits;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, PackSource, PolicySet, Scratch};
use aegis::verdict::{ActionKind, Outcome, PlannedAction, Thresholds, Verdict};
use proptest::prelude::*;

fn source(file: &str, text: &str) -> PackSource {
    PackSource { file: file.to_owned(), text: text.to_owned(), lists: Vec::new() }
}

fn with_list(text: &str, name: &str, content: &str) -> PackSource {
    PackSource { lists: vec![(name.to_owned(), content.to_owned())], ..source("a.toml", text) }
}

fn rule(body: &str) -> String {
    format!("[pack]\nid = \"a\"\nversion = 1\n[[rule]]\nid = \"a-1\"\nreason = \"r\"\nscore = 80\n{body}\n")
}

fn compile(body: &str) -> PolicySet {
    policy::compile(&[source("a.toml", &rule(body))])
        .map_err(|mistakes| mistakes.to_string())
        .expect("the packs are good")
}

fn mistakes(source: PackSource) -> Vec<String> {
    let refused = policy::compile(&[source]).expect_err("refused");
    refused.list().iter().map(ToString::to_string).collect()
}

fn message(text: &str) -> Message {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, text);
    message
}

fn judge(set: &PolicySet, message: &Message) -> Verdict {
    policy::judge(set, Thresholds::default(), message, &mut Scratch::default())
}

fn blocks(set: &PolicySet, text: &str) -> bool {
    judge(set, &message(text)).outcome == Outcome::Block
}

#[test]
fn the_smallest_folder_works() {
    let pack = "[pack]\nid = \"promo\"\nversion = 1\n\n[[rule]]\nid = \"promo-phrases\"\nreason = \"advertising\"\n\
                keywords_file = \"phrases.txt\"\nscore = 100\nactions = [\"delete\", \"ban\"]\n";
    let list = "\u{feff}# comment\r\n\r\nBuy Now\r\n  cheap pills  \r\n";
    let set = policy::compile(&[with_list(pack, "phrases.txt", list)]).expect("good");
    assert_eq!((set.keywords_count(), set.packs().len(), set.rules().len()), (2, 1, 1));
    assert_eq!(policy::keyword_files(pack), ["phrases.txt"]);
    let verdict = judge(&set, &message("please buy  NOW!"));
    assert_eq!((verdict.outcome, verdict.score, verdict.reason.as_str()), (Outcome::Block, 100, "advertising"));
    let kinds: Vec<ActionKind> = verdict.actions.iter().map(|action| action.kind).collect();
    assert_eq!(kinds, [ActionKind::Delete, ActionKind::Ban]);
    assert_eq!(verdict.policy, set.version);
}

#[test]
fn one_refusal_tells_every_mistake_with_its_line() {
    let text = "[pack]\nid = \"a\"\n\n[[rule]]\nid = \"A b\"\nreason = \"\"\nscore = 0\nactions = [\"delte\", \"unban\"]\n\
                keywords = [\"ok\", \"\u{200b}\", \"**\"]\nmatch = \"words\"\nmute_seconds = \"5\"\n\n\
                [[rule]]\nid = \"b\"\nreason = \"r\"\nkeyword = [\"x\"]\nban_seconds = \"3d\"\n\n\
                [[rule]]\nid = \"b\"\nreason = \"r\"\nscore = 5\nkeywords_file = \"../x.txt\"\nmedia = [\"foto\"]\n\n\
                [[rule]]\nid = \"c\"\nreason = \"r\"\nscore = 5\nkeywords_file = \"gone.txt\"\nsender = [\"everyone\"]\n";
    let told = mistakes(source("a.toml", text));
    for wanted in [
        "a.toml:1: `pack.version` is missing; begin with version = 1",
        "a.toml:5: the id `A b` may have letters a to z, digits, `-`, `_` and `.` only",
        "a.toml:6: `rule.reason` must not be empty",
        "a.toml:7: `rule.score` must be between 1 and 1000, not 0",
        "a.toml:8: unknown action \"delte\"; did you mean \"delete\"?",
        "a.toml:8: a rule cannot ask for `unban`; people do that",
        "a.toml:9: the keyword \"\\u{200b}\" has nothing to look for; remove it",
        "a.toml:9: the keyword \"**\" has nothing to look for; remove it",
        "a.toml:10: unknown match \"words\"; did you mean \"word\"?",
        "a.toml:13: `rule.score` is missing; 80 and above blocks by default, 50 asks for review",
        "a.toml:13: the rule asks for nothing; give it `keywords`, `keywords_file`, `regex` or a condition",
        "a.toml:16: unknown key `rule.keyword`; did you mean `keywords`?",
        "a.toml:17: `rule.ban_seconds` is given, but \"ban\" is not in `rule.actions`",
        "a.toml:20: the rule id `b` is already used at a.toml:14; choose another",
        "a.toml:23: `rule.keywords_file` must be the plain name of a file beside the pack, not \"../x.txt\"",
        "a.toml:24: unknown media \"foto\"; did you mean \"photo\"?",
        "a.toml:30: the list \"gone.txt\" is not there; put it beside the pack",
    ] {
        assert!(told.iter().any(|line| line == wanted), "not told: {wanted}\ntold: {told:#?}");
    }
    assert!(told.iter().any(|line| line.starts_with("a.toml:11: `rule.mute_seconds` must be a duration")), "{told:#?}");
    assert!(told.iter().any(|line| line.starts_with("a.toml:31: unknown sender \"everyone\"; known: ")), "{told:#?}");
    assert_eq!(told.len(), 19, "{told:#?}");
}

#[test]
fn a_list_tells_its_own_lines() {
    let pack = rule("keywords_file = \"l.txt\"");
    let long = "x".repeat(limits::KEYWORD_BYTES_MAX + 1);
    let told = mistakes(with_list(&pack, "l.txt", &format!("good\n\u{200b}\u{200d}\n{long}\n")));
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("l.txt:2: the keyword"), "{told:?}");
    assert!(told[1].starts_with("l.txt:3: the keyword has 513 bytes"), "{told:?}");
    assert_eq!(mistakes(with_list(&pack, "l.txt", "# only\n")), ["l.txt: the list has no phrase; write one a line"]);
}

#[test]
fn packs_do_not_share_ids() {
    let one = source("a.toml", &rule("keywords = [\"x\"]"));
    let two = PackSource { file: "b.toml".to_owned(), ..one.clone() };
    let told = policy::compile(&[two, one]).expect_err("refused");
    let told: Vec<String> = told.list().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "b.toml:2: the pack id `a` is already used at a.toml:2",
            "b.toml:5: the rule id `a-1` is already used at a.toml:5; choose another",
        ]
    );
}

#[test]
fn too_much_is_refused() {
    let list = "word\n".repeat(limits::LIST_BYTES_MAX / 5 + 1);
    let told = mistakes(with_list(&rule("keywords_file = \"l.txt\""), "l.txt", &list));
    assert!(told[0].contains("split it"), "{told:?}");
    let told =
        mistakes(source("a.toml", &format!("{}#{}", rule("keywords = [\"x\"]"), "x".repeat(limits::PACK_BYTES_MAX))));
    assert!(told[0].contains("keywords_file"), "{told:?}");
}

#[test]
fn words_have_ends_and_stars_open_them() {
    let set = compile("keywords = [\"cat\", \"*fish\", \"bird*\", \"$$$\", \"\u{52a0}\u{5fae}\u{4fe1}\"]");
    for (text, expected) in [
        ("a cat.", true),
        ("CAT", true),
        ("concatenate", false),
        ("cat5", false),
        ("cat_food", true),
        ("catfish", true),
        ("fishing", false),
        ("birdhouse", true),
        ("blackbird", false),
        ("win$$$now", true),
        ("\u{8bf7}\u{52a0}\u{5fae}\u{4fe1}\u{8be6}\u{804a}", true),
        ("x\u{52a0}\u{5fae}\u{4fe1}1", true),
    ] {
        assert_eq!(blocks(&set, text), expected, "{text}");
    }
    assert!(blocks(&compile("keywords = [\"cat\"]\nmatch = \"substring\""), "concatenate"));
    let exact = compile("keywords = [\"hi there\"]\nmatch = \"exact\"");
    assert!(blocks(&exact, "  Hi   there "));
    assert!(!blocks(&exact, "hi there you"));
}

#[test]
fn disguised_words_meet_their_keyword() {
    // "free", "xxx", and Russian "rabota" and "sto", which shares all its letters with Latin.
    let set = compile(
        "keywords = [\"free\", \"xxx\", \"\u{440}\u{430}\u{431}\u{43e}\u{442}\u{430}\", \"\u{445}\u{430}\u{43e}\u{441}\"]",
    );
    for text in [
        "f\u{200b}r\u{200b}e\u{200b}e",
        "\u{ff46}\u{ff52}\u{ff45}\u{ff45}",
        "\u{1d4fb} f\u{336}r\u{336}e\u{336}e\u{336}",
        "\u{1d5bf}\u{1d5cb}\u{1d5be}\u{1d5be}",
        "fr\u{435}\u{435}",
        "f r e e",
        "f.r.e.e now",
        "\u{445}\u{445}\u{445}",
        "\u{445}x\u{445}",
        "p\u{430}\u{431}\u{43e}\u{442}a",
        "\u{420}\u{410}\u{411}\u{41e}\u{422}\u{410}",
        "p a \u{431} \u{43e} \u{442} \u{430}",
        "xaoc",
        "x\u{430}o\u{441}",
    ] {
        assert!(blocks(&set, text), "{text}");
    }
    assert!(!blocks(&set, "f r\u{e9} freed"));
}

#[test]
fn overlapping_keywords_do_not_hide_each_other_and_count_once() {
    let text = "[pack]\nid = \"a\"\nversion = 1\n\
        [[rule]]\nid = \"long\"\nreason = \"l\"\nscore = 20\nkeywords = [\"get rich quick now\"]\nactions = [\"mute\"]\nmute_seconds = \"2h\"\n\
        [[rule]]\nid = \"mid\"\nreason = \"m\"\nscore = 30\nkeywords = [\"rich quick\", \"quick\"]\nactions = [\"warn\", \"mute\"]\nmute_seconds = \"30m\"\n\
        [[rule]]\nid = \"end\"\nreason = \"e\"\nscore = 25\nkeywords = [\"now\"]\nactions = [\"delete\"]\n";
    let set = policy::compile(&[source("a.toml", text)]).expect("good");
    let verdict = judge(&set, &message("get rich quick now now"));
    let rules: Vec<(&str, usize)> = verdict.findings.iter().map(|f| (f.rule.as_str(), f.spans.len())).collect();
    assert_eq!(rules, [("mid", 2), ("end", 2), ("long", 1)]);
    assert_eq!((verdict.score, verdict.reason.as_str(), verdict.outcome), (75, "m", Outcome::Review));
    assert_eq!(
        verdict.actions,
        [(ActionKind::Delete, 0), (ActionKind::Mute, 7_200), (ActionKind::Warn, 0)]
            .map(|(kind, seconds)| PlannedAction { kind, seconds })
    );
}

#[test]
fn conditions_are_all_asked() {
    let set = compile(
        "keywords = [\"hello\"]\nnew_member_s = 60\nmax_message_count = 2\nsender = [\"member\"]\nsurfaces = [\"caption\"]",
    );
    let mut good = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    good.push(SurfaceKind::Caption, "hello");
    good.member_age_s = Some(59);
    good.message_count = Some(2);
    assert_eq!(judge(&set, &good).outcome, Outcome::Block);
    let mut others = vec![good.clone(); 6];
    others[0].member_age_s = Some(60);
    others[1].member_age_s = None;
    others[2].message_count = Some(3);
    others[3].sender = Sender::Channel(ChatId(-5));
    others[4].surfaces[0].kind = SurfaceKind::Text;
    others[5].surfaces[0].text = "bye".to_owned();
    for (index, other) in others.iter().enumerate() {
        assert_eq!(judge(&set, other).outcome, Outcome::Allow, "{index}");
    }
}

#[test]
fn every_surface_is_judged_and_pointed_at() {
    let set = compile("keywords = [\"hello there\"]");
    let mut message = message("nothing");
    message.push(SurfaceKind::ButtonLabel, "hello");
    message.push(SurfaceKind::ButtonLabel, "there");
    assert_eq!(judge(&set, &message).outcome, Outcome::Allow, "a phrase does not reach over surfaces");
    message.push(SurfaceKind::PollOption, "well, HELLO there");
    let verdict = judge(&set, &message);
    let span = verdict.findings[0].spans[0];
    assert_eq!((span.surface, span.from, span.to), (3, 6, 17));
}

#[test]
fn a_flood_of_matches_is_bounded_and_said() {
    let one = compile("keywords = [\"a\", \"ab\", \"aba\", \"abab\"]\nmatch = \"substring\"");
    let text = message(&"ab".repeat(limits::MESSAGE_TEXT_BYTES_MAX / 2));
    assert_eq!(judge(&one, &text).findings[0].spans.len(), limits::SPANS_MAX);
    let mut pack = "[pack]\nid = \"p\"\nversion = 1\n".to_owned();
    for rule in 0..400 {
        pack += &format!("[[rule]]\nid = \"r{rule}\"\nreason = \"r\"\nscore = 1\nkeywords = [\"*ab*\"]\n");
    }
    let source = PackSource { file: "p.toml".to_owned(), text: pack, lists: Vec::new() };
    let many = policy::compile(&[source]).expect("a good pack");
    assert_eq!(judge(&many, &text).findings.last().unwrap().rule, policy::TRUNCATED_RULE);
}

#[test]
fn a_version_names_the_sources_and_not_their_order() {
    let one = source("a.toml", &rule("keywords = [\"x\"]"));
    let two = source("b.toml", &rule("keywords = [\"y\"]").replace("\"a\"", "\"b\"").replace("a-1", "b-1"));
    let there = policy::compile(&[one.clone(), two.clone()]).unwrap().version;
    assert_eq!(there, policy::compile(&[two, one.clone()]).unwrap().version);
    assert_ne!(there, policy::compile(&[one]).unwrap().version);
    assert_eq!(policy::compile(&[source("v.toml", &rule("keywords = [\"x\"]"))]).unwrap().version, VERSION);
}

/// The version of one small pack, the same for ever and everywhere.
const VERSION: u64 = 18_011_443_912_834_637_696;

#[test]
fn no_packs_allow_everything() {
    let set = policy::compile(&[]).expect("nothing is wrong");
    assert_eq!(judge(&set, &message("buy now")).outcome, Outcome::Allow);
    assert_eq!(judge(&PolicySet::empty(), &message("buy now")).outcome, Outcome::Allow);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_pack_is_refused_or_understood_and_never_a_panic(at in 0_usize..400, byte in any::<u8>()) {
        let mut bytes = rule("keywords = [\"one\", \"two\"]\nactions = [\"ban\"]\nban_seconds = \"3d\"\nmedia = [\"photo\"]").into_bytes();
        let index = at % bytes.len();
        bytes[index] = byte;
        let _ = policy::compile(&[source("a.toml", &String::from_utf8_lossy(&bytes))]);
        bytes.truncate(index);
        let _ = policy::compile(&[source("a.toml", &String::from_utf8_lossy(&bytes))]);
    }

    #[test]
    fn any_keyword_is_found_in_its_own_text(keyword in "\\PC{1,20}") {
        let pack = "[pack]\nid=\"a\"\nversion=1\n[[rule]]\nid=\"a-1\"\nreason=\"r\"\nscore=80\nkeywords_file=\"l.txt\"\n";
        let written = keyword.trim();
        prop_assume!(!written.starts_with('#') && !written.starts_with('*') && !written.ends_with('*'));
        if let Ok(set) = policy::compile(&[with_list(pack, "l.txt", &keyword)]) {
            prop_assert!(blocks(&set, written), "{}", written.escape_unicode());
        }
    }
}
