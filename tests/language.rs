//! The language of packs: what each condition means, who is exempt, what only records, and how mistakes are told.

use aegis::limits;
use aegis::message::{ChatId, Media, Message, MessageId, Provenance, Sender, SurfaceKind, UserId};
use aegis::policy::{self, Ceilings, PackSource, PacksOff, PolicySet, Scratch};
use aegis::verdict::{Outcome, Thresholds, Verdict};

fn source(body: &str) -> PackSource {
    let text = format!("[pack]\nid = \"a\"\nversion = 1\n[[rule]]\nid = \"a-1\"\nreason = \"r\"\nscore = 80\n{body}\n");
    PackSource { file: "a.toml".to_owned(), text, lists: Vec::new() }
}

fn compile(body: &str) -> PolicySet {
    policy::compile(&[source(body)]).map_err(|mistakes| mistakes.to_string()).expect("the pack is good")
}

fn message(text: &str) -> Message {
    let mut message = Message::empty(ChatId(-100), MessageId(1), Sender::Member(UserId(7)));
    message.push(SurfaceKind::Text, text);
    message.message_count = Some(2);
    message.member_age_s = Some(100);
    message
}

fn judge(set: &PolicySet, message: &Message) -> Verdict {
    policy::judge(set, Thresholds::default(), message, &mut Scratch::default())
}

#[test]
fn each_condition_holds_for_what_it_says_and_for_nothing_else() {
    let mut other =
        message(&format!("{} https://example.org", "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} ".repeat(5)));
    other.sender = Sender::Channel(ChatId(-5));
    (other.message_count, other.member_age_s) = (Some(100), Some(90 * 24 * 60 * 60));
    (other.media, other.provenance) = (Media::Photo, Provenance::Forwarded);
    let first = message("HELLO DEAR PEOPLE \u{1f600}\u{1f600}\u{1f600}");
    // The condition, whether it holds for the first message, and for the other.
    for (condition, one, two) in [
        ("sender = [\"member\"]", true, false),
        ("sender = [\"channel\"]", false, true),
        ("sender = [\"bot\", \"channel\"]", false, true),
        ("sender = [\"new\"]", true, false),
        ("sender = [\"trusted\"]", false, true),
        ("sender = [\"admin\"]", false, false),
        ("media = [\"photo\"]", false, true),
        ("media = [\"none\"]", true, false),
        ("forwarded = true", false, true),
        ("forwarded = false", true, false),
        ("surfaces = [\"text\"]", true, true),
        ("surfaces = [\"caption\"]", false, false),
        ("new_member_s = 101", true, false),
        ("new_member_s = 100", false, false),
        ("max_message_count = 2", true, false),
        ("max_message_count = 1", false, false),
        ("min_links = 1", false, true),
        ("links = {}", false, true),
        ("links = { min = 2 }", false, false),
        ("script = [\"latin\"]", true, false),
        ("script = [\"cyrillic\", \"han\"]", false, true),
        ("signal = { emoji = { min = 3 } }", true, false),
        ("signal = { emoji = { min = 4 } }", false, false),
        ("signal = { emoji = { max = 2 } }", false, true),
        ("signal = { emoji = { min = 3, max = 3 }, capitals_percent = { min = 100 } }", true, false),
        ("signal = { emoji = { min = 3 }, capitals_percent = { max = 99 } }", false, false),
        ("all = [{ sender = [\"member\"] }, { sender = [\"new\"] }]", true, false),
        ("all = [{ sender = [\"member\"] }, { media = [\"photo\"] }]", false, false),
        ("any = [{ sender = [\"member\"] }, { media = [\"photo\"] }]", true, true),
        ("any = [{ sender = [\"bot\"] }, { media = [\"photo\"] }]", false, true),
        ("not = [{ sender = [\"member\"] }]", false, true),
        ("not = [{ sender = [\"bot\"] }, { media = [\"photo\"] }]", true, false),
        ("not = [{ any = [{ sender = [\"bot\"] }, { not = [{ media = [\"photo\"] }] }] }]", false, true),
        ("forwarded = true\nany = [{ script = [\"latin\"] }]", false, false),
        ("learned_min = 60", false, false),
        ("not = [{ learned_min = 60 }]", true, true),
        ("min_links = 1\nexempt = { chat = [-100] }", false, false),
        ("forwarded = false\nexempt = { sender = [7] }", false, false),
        ("forwarded = false\nexempt = { sender = [8], chat = [-101] }", true, false),
        ("forwarded = true\nexempt = { sender = [-5] }", false, false),
        ("min_links = 1\nexempt = { domain = [\"example.com\"] }", false, true),
    ] {
        let set = compile(condition);
        let told = [&first, &other].map(|message| judge(&set, message).outcome == Outcome::Block);
        assert_eq!(told, [one, two], "{condition}");
    }
}

#[test]
fn an_exception_that_covers_a_keyword_silences_it_there_and_nowhere_else() {
    let set = compile("keywords = [\"coin\", \"~coin toss\"]");
    for (text, speaks) in [("a coin", true), ("a coin toss", false), ("coin toss, then a coin", true), ("toss", false)]
    {
        assert_eq!(judge(&set, &message(text)).outcome == Outcome::Block, speaks, "{text}");
    }
}

const LATE: &str = "keywords = [\"one\"]\n[[rule]]\nid = \"a-2\"\nreason = \"late\"\nscore = 9\nfinding = [\"a-1\"]\n\
    [[rule]]\nid = \"a-3\"\nreason = \"not\"\nscore = 8\nkeywords = [\"two\"]\nnot = [{ finding = [\"a-1\"] }]";

#[test]
fn a_rule_that_names_another_waits_for_it_wherever_it_stands() {
    let set = compile(LATE);
    let mut scratch = Scratch::default();
    for (text, wanted) in [
        ("one", ["a-1", "a-2"].as_slice()),
        ("two", &["a-3"]),
        ("two one", &["a-1", "a-2"]),
        ("none", &[]),
        ("two", &["a-3"]),
        ("one", &["a-1", "a-2"]),
    ] {
        let verdict = policy::judge(&set, Thresholds::default(), &message(text), &mut scratch);
        let rules: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, wanted, "{text}");
    }
}

#[test]
fn what_only_records_is_listed_last_and_changes_nothing() {
    let second = "[[rule]]\nid = \"a-2\"\nreason = \"s\"\nscore = 9\nkeywords = [\"one\"]\nactions = [\"warn\"]";
    let set = compile(&format!("keywords = [\"one\"]\nstage = \"record\"\nactions = [\"ban\"]\n{second}"));
    let verdict = judge(&set, &message("one"));
    assert_eq!((verdict.outcome, verdict.score, verdict.reason.as_str()), (Outcome::Allow, 9, "s"));
    assert_eq!(verdict.actions.len(), 1);
    let last = verdict.findings.last().expect("a finding");
    assert_eq!((last.rule.as_str(), last.score, last.reason.as_str()), ("a-1", 0, "(recorded only) r"));
    let mut whole = source("keywords = [\"one\"]");
    whole.text = whole.text.replace("version = 1", "version = 1\nstage = \"record\"");
    let set = policy::compile(&[whole]).expect("good");
    assert_eq!(judge(&set, &message("one")).score, 0);
}

#[test]
fn a_rule_that_hits_too_often_trips_once_and_only_records_then() {
    let set = compile("keywords = [\"one\"]\nhit_ceiling = 3\nhit_ceiling_window = \"1h\"");
    let mut ceilings = Ceilings::default();
    let verdict = judge(&set, &message("one"));
    let hour = 60 * 60 * 1_000;
    assert!(ceilings.note(&set, &verdict, 0).is_empty());
    assert!(ceilings.note(&set, &verdict, 1).is_empty());
    assert!(ceilings.note(&set, &verdict, 2 * hour).is_empty(), "what is old is forgotten");
    assert!(ceilings.note(&set, &verdict, 2 * hour + 1).is_empty());
    let tripped = ceilings.note(&set, &verdict, 2 * hour + 2);
    assert_eq!((tripped[0].rule.as_str(), tripped[0].hits, tripped[0].window_s), ("a-1", 3, 3_600));
    assert!(ceilings.is_tripped("a-1"));
    let message = message("one");
    let mut scratch = Scratch::default();
    let learned = aegis::learn::Learned::default();
    let terms = policy::Terms {
        set: &set,
        paused: ceilings.paused(),
        learned: &learned,
        off: PacksOff::default(),
        thresholds: Thresholds::default(),
    };
    let paused = policy::judge_on(&terms, &message, &mut scratch);
    assert_eq!((paused.outcome, paused.score, paused.actions.len()), (Outcome::Allow, 0, 0));
    assert!(ceilings.note(&set, &verdict, 2 * hour + 3).is_empty(), "told once");
    ceilings.reset();
    assert!(!ceilings.is_tripped("a-1"));
    assert!(ceilings.note(&compile("keywords = [\"two\"]"), &verdict, 0).is_empty());
}

#[test]
fn every_mistake_is_told_with_its_line_and_its_cure() {
    for (body, wanted) in [
        ("sender = [\"membr\"]", "8: unknown sender \"membr\"; did you mean \"member\"?"),
        ("script = [\"arabc\"]", "8: unknown script \"arabc\"; did you mean \"arabic\"?"),
        ("signal = { emojy = { min = 1 } }", "8: unknown signal \"emojy\"; did you mean \"emoji\"?"),
        ("signal = { emoji = {} }", "8: the signal `emoji` has neither `min` nor `max`; give it one"),
        ("signal = { emoji = { min = 4, max = 2 } }", "8: the signal `emoji` has min 4 above max 2; swap them"),
        ("signal = { emoji = { mim = 4 } }", "8: unknown key `rule.signal.emoji.mim`; did you mean `min`?"),
        ("signal = { emoji = 4 }", "8: `rule.signal.emoji` must be a table, not integer"),
        ("signal = 3", "8: `rule.signal` must be a table, not integer"),
        ("signal = { emoji = { min = -1 } }", "8: `rule.signal.emoji.min` must be between 0 and 4294967295, not -1"),
        ("links = { kind = [\"invit\"] }", "8: unknown kind of link \"invit\"; did you mean \"invite\"?"),
        ("links = { trait = [\"shortner\"] }", "8: unknown trait of links \"shortner\"; did you mean \"shortener\"?"),
        (
            "links = { domain = [\"https://a.b/c\"] }",
            "8: \"https://a.b/c\" is no domain; write it as \"example.com\", without scheme or path",
        ),
        (
            "links = { domain = [\"localhost\"] }",
            "8: \"localhost\" is no domain; write it as \"example.com\", without scheme or path",
        ),
        ("links = { min = 0 }", "8: `rule.links.min` must be between 1 and 1000, not 0"),
        ("links = { list = \"\" }", "8: `rule.links.list` must not be empty"),
        ("links = { kinds = [] }", "8: unknown key `rule.links.kinds`; did you mean `kind`?"),
        ("links = []", "8: `rule.links` must be a table, not array"),
        ("learned_min = 101", "8: `rule.learned_min` must be between 1 and 100, not 101"),
        ("learned_min = 0", "8: `rule.learned_min` must be between 1 and 100, not 0"),
        ("learned_min = \"60\"", "8: `rule.learned_min` must be a whole number, not string"),
        ("finding = [\"a-1\"]", "8: the rule `a-1` waits for itself; name another in `finding`"),
        ("finding = [\"zzzzzz\"]", "8: no rule has the id \"zzzzzz\"; name one of another rule in `finding`"),
        (
            "min_links = 1\n[[rule]]\nid = \"a-2\"\nreason = \"r\"\nscore = 1\nfinding = [\"a-11\"]",
            "13: no rule has the id \"a-11\"; did you mean \"a-1\"?",
        ),
        (
            "finding = [\"a-2\"]\n[[rule]]\nid = \"a-2\"\nreason = \"r\"\nscore = 1\nfinding = [\"a-3\"]\n\
             [[rule]]\nid = \"a-3\"\nreason = \"r\"\nscore = 1\nmin_links = 1",
            "8: the rule `a-2` waits for a finding itself; `finding` goes one level only",
        ),
        ("all = []", "4: `all` is empty; give it a condition or leave it out"),
        ("any = []", "4: `any` is empty; give it a condition or leave it out"),
        ("not = []", "4: `not` is empty; give it a condition or leave it out"),
        ("all = [\n{}]", "9: a condition in `all` asks for nothing; remove it"),
        ("not = [{ forwarded = 1 }]", "8: `rule.not.forwarded` must be true or false, not integer"),
        ("any = [3]", "8: `rule.any` must be a list of tables only, not integer"),
        ("any = { forwarded = true }", "8: `rule.any` must be a list of tables, not table"),
        ("any = [{ forward = true }]", "8: unknown key `rule.any.forward`; did you mean `forwarded`?"),
        ("min_links = 1\nstage = \"recrd\"", "9: unknown stage \"recrd\"; did you mean \"record\"?"),
        ("min_links = 1\nstage = 1", "9: `rule.stage` must be a text in quotes, not integer"),
        ("min_links = 1\nhit_ceiling = 0", "9: `rule.hit_ceiling` must be between 1 and 10000, not 0"),
        ("min_links = 1\nhit_ceiling = 10001", "9: `rule.hit_ceiling` must be between 1 and 10000, not 10001"),
        (
            "min_links = 1\nhit_ceiling_window = \"1h\"",
            "9: `rule.hit_ceiling_window` is given, but no `rule.hit_ceiling`; add it or remove the window",
        ),
        (
            "min_links = 1\nhit_ceiling = 3\nhit_ceiling_window = \"forever\"",
            "10: `rule.hit_ceiling_window` must end; write it as \"1h\"",
        ),
        ("min_links = 1\nexempt = {}", "9: `exempt` names nobody; give it `chat`, `sender` or `domain`, or remove it"),
        ("min_links = 1\nexempt = { chat = [5] }", "9: 5 is no chat; the numbers of groups and channels begin with -"),
        (
            "min_links = 1\nexempt = { chat = [\"x\"] }",
            "9: `rule.exempt.chat` must be a list of whole numbers only, not string",
        ),
        (
            "min_links = 1\nexempt = { sender = 5 }",
            "9: `rule.exempt.sender` must be a list of whole numbers, not integer",
        ),
        (
            "min_links = 1\nexempt = { sender = [99999999999999999999] }",
            "9: a number in `rule.exempt.sender` is too large",
        ),
        (
            "min_links = 1\nexempt = { users = [5] }",
            "9: unknown key `rule.exempt.users`; known here: chat, sender, domain",
        ),
        (
            "keywords = [\"~x\"]",
            "4: the rule has exceptions (`~`) and no keyword they could except; add one or remove them",
        ),
        ("keywords = [\"x\", \"~\"]", "8: the keyword \"~\" has nothing to look for; remove it"),
    ] {
        let refused = policy::compile(&[source(body)]).expect_err(body);
        let told: Vec<String> = refused.list().iter().map(ToString::to_string).collect();
        let wanted = format!("a.toml:{wanted}");
        assert!(told.contains(&wanted), "{body}\nnot told: {wanted}\ntold: {told:#?}");
    }
}

#[test]
fn conditions_are_bounded_in_number_and_depth() {
    let nested =
        |depth: usize| (1..depth).fold("forwarded = true".to_owned(), |inner, _| format!("all = [{{ {inner} }}]"));
    assert!(policy::compile(&[source(&nested(limits::CONDITION_DEPTH_MAX))]).is_ok());
    let told = policy::compile(&[source(&nested(limits::CONDITION_DEPTH_MAX + 1))]).expect_err("too deep").to_string();
    assert!(told.contains("a.toml:8: conditions go more than 8 deep"), "{told}");
    let wide = |count: usize| format!("all = [{}]", vec!["{ forwarded = true }"; count].join(","));
    assert!(policy::compile(&[source(&wide(limits::CONDITIONS_MAX))]).is_ok());
    let told = policy::compile(&[source(&wide(limits::CONDITIONS_MAX + 1))]).expect_err("too many").to_string();
    assert!(told.contains("a.toml:8: the rule has more than 64 conditions"), "{told}");
}

const EVERY_KEY: &str = "keywords = [\"one\", \"~one two\"]\nmatch = \"word\"\nactions = [\"ban\", \"mute\"]\nban_seconds = \"3d\"\n\
    mute_seconds = \"1h\"\nmedia = [\"photo\"]\nsurfaces = [\"text\"]\nsender = [\"new\"]\nforwarded = true\nmin_links = 1\n\
    new_member_s = 9\nmax_message_count = 3\nscript = [\"han\"]\nlearned_min = 60\nstage = \"record\"\nhit_ceiling = 5\n\
    hit_ceiling_window = \"2h\"\nsignal = { emoji = { min = 1, max = 2 } }\nlinks = { kind = [\"web\"], trait = [\"ip\"], \
    domain = [\"a.b\"], list = \"l\", min = 2 }\nexempt = { chat = [-1], sender = [2], domain = [\"c.d\"] }\n\
    all = [{ forwarded = true }]\nany = [{ not = [{ min_links = 2 }] }]\nnot = [{ finding = [\"a-2\"] }]\n\
    [[rule]]\nid = \"a-2\"\nreason = \"r\"\nscore = 1\nmin_links = 1\n";

#[test]
fn a_damaged_pack_that_uses_every_key_is_refused_or_understood() {
    let whole = source(EVERY_KEY);
    assert!(policy::compile(std::slice::from_ref(&whole)).is_ok());
    let probe = message("one two three https://example.org");
    for at in 0..whole.text.len() {
        let mut versions = Vec::new();
        for flip in [1_u8, 0x20, 0x80, 0xff] {
            let mut bytes = whole.text.clone().into_bytes();
            bytes[at] ^= flip;
            versions.push(bytes);
        }
        versions.push(whole.text.as_bytes()[..at].to_vec());
        for bytes in versions {
            let damaged = PackSource { text: String::from_utf8_lossy(&bytes).into_owned(), ..whole.clone() };
            match policy::compile(&[damaged]) {
                Ok(set) => assert!(judge(&set, &probe).score <= limits::SCORE_MAX),
                Err(mistakes) => assert!(!mistakes.is_empty()),
            }
        }
    }
}
