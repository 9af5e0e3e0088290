//! Remembered opinions on bursts: how many calls the copies of one advertisement cost, and which harmless messages are
//! taken for copies.
//!
//! `tests/opinions/` has the texts: invented advertisements in five languages, and everyday chat in pairs that look alike
//! and mean different things. The variants are drawn from seeds, the same in every run.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A test that cannot go on stops.

use aegis::demo::community::look_alike;
use aegis::links::{self, LinkLists, Links};
use aegis::message::{ChatId, Media, Message, MessageId, Provenance, Sender, SurfaceKind, UserId};
use aegis::opinion::{Opinion, View};
use aegis::opinions::{Ground, Hit, Key, Opinions};
use aegis::tenant::TenantName;
use aegis::text;
use proptest::prelude::*;
use std::collections::BTreeSet;

const SPAM: &str = include_str!("opinions/spam.txt");
const CHAT: &str = include_str!("opinions/chat.txt");

/// Copies in one burst.
const COPIES: usize = 200;

fn ground() -> Ground {
    Ground::new(1, &TenantName::default(), "no advertising", "small")
}

fn message(words: &str) -> Message {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, words);
    message
}

fn key_on(message: &Message, ground: &Ground) -> Key {
    let (mut scratch, mut found) = (text::Scratch::default(), Links::default());
    text::fold(message, &mut scratch);
    links::find(message, LinkLists::shipped(), &mut found);
    Key::of(message, scratch.canonical(), &found, ground)
}

fn key(words: &str) -> Key {
    key_on(&message(words), &ground())
}

fn opinion(view: View) -> Opinion {
    Opinion { view, confidence: 90, reason: "it says so".to_owned() }
}

fn advertisements() -> Vec<(&'static str, Vec<&'static str>)> {
    let lines = SPAM.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = |line: &'static str| {
        let (language, text) = line.split_once(" | ").unwrap();
        (language, text.split(" / ").collect())
    };
    lines.map(parts).collect()
}

const NAMES: [&str; 8] = ["Anna", "Boris", "Clara", "Diego", "Elena", "Felix", "Greta", "Hugo"];
const NOISE: [&str; 8] = ["hello", "friends", "good day", "urgent", "hey", "everyone", "listen", "important"];
const EMOJI: [char; 6] = ['\u{1f525}', '\u{1f4b0}', '\u{2705}', '\u{1f680}', '\u{2b50}', '\u{1f449}'];

/// A copy as those who post it make it: new numbers and names, emoji, words before and after, sentences in another
/// order, letters that look alike, characters nobody sees, another page of the same place, somebody mentioned.
fn copy(sentences: &[&str], rng: &mut fastrand::Rng) -> String {
    let mut parts: Vec<String> = sentences.iter().map(|sentence| (*sentence).to_owned()).collect();
    if rng.u8(..4) == 0 {
        rng.shuffle(&mut parts);
    }
    if rng.u8(..3) == 0 {
        parts.insert(0, NOISE[rng.usize(..NOISE.len())].to_owned());
    }
    if rng.u8(..3) == 0 {
        parts.push(NOISE[rng.usize(..NOISE.len())].to_owned());
    }
    if rng.u8(..4) == 0 {
        parts.push(format!("@{}_{}", NAMES[rng.usize(..NAMES.len())].to_lowercase(), rng.u32(10..9_999)));
    }
    let mut text = parts.join(if rng.bool() { " " } else { "\n" });
    while let Some(at) = text.find("{n}") {
        text.replace_range(at..at + 3, &rng.u32(10..99_999).to_string());
    }
    text = text.replace("{name}", NAMES[rng.usize(..NAMES.len())]);
    let (disguised, sown, starred) = (rng.u8(..3) == 0, rng.u8(..3) == 0, rng.u8(..2) == 0);
    let in_link = |word: &str| word.contains("://") || word.contains("t.me/") || word.starts_with('@');
    let words: Vec<String> = text
        .split_inclusive(char::is_whitespace)
        .map(|word| {
            if in_link(word) {
                let end = word.trim_end();
                let cut = end.rfind('/').filter(|at| !end[..*at].ends_with('/') && !end[..*at].ends_with("t.me"));
                return cut.map_or_else(|| word.to_owned(), |at| format!("{}/{:x} ", &end[..at], rng.u32(..)));
            }
            let mut dressed = String::new();
            for letter in word.chars() {
                dressed.push(if disguised && rng.u8(..6) == 0 { look_alike(letter) } else { letter });
                if sown && rng.u8(..12) == 0 {
                    dressed.push('\u{200b}');
                }
            }
            if starred && rng.u8(..8) == 0 {
                dressed.push(EMOJI[rng.usize(..EMOJI.len())]);
            }
            dressed
        })
        .collect();
    words.concat()
}

#[test]
fn a_burst_of_copies_costs_one_call_in_twenty_at_most() {
    let mut rng = fastrand::Rng::with_seed(7);
    let (mut calls, mut worst, mut messages) = (0, 0, 0);
    let mut opinions = Opinions::new(512 * 1024, 3_600);
    for (number, (language, sentences)) in advertisements().into_iter().enumerate() {
        let mut asked = 0;
        let mut different = BTreeSet::new();
        for _ in 0..COPIES {
            let words = copy(&sentences, &mut rng);
            let key = key(&words);
            different.insert(words);
            if opinions.look(&key, 1_000).is_none() {
                asked += 1;
                opinions.put(key, opinion(View::Breach), 1_000);
            }
        }
        println!("{number:>2} {language}: {} different of {COPIES}, {asked} calls", different.len());
        assert!(different.len() > COPIES / 2, "these are no variants");
        assert!(asked * 5 <= COPIES, "{asked} calls for {COPIES} copies of {sentences:?}");
        calls += asked;
        messages += COPIES;
        worst = worst.max(asked);
    }
    println!("together {calls} calls for {messages} messages, {worst} at most in one burst");
    assert!(calls * 20 <= messages, "{calls} calls for {messages} messages");
}

/// Pairs of lines that look alike and mean different things, each said of two things.
fn twins() -> Vec<(String, String)> {
    let lines: Vec<&str> = CHAT.lines().filter(|line| !line.starts_with('#')).collect();
    let pairs = lines.split(|line| line.is_empty()).filter(|pair| pair.len() == 2);
    let of = |pair: &[&str], thing: &str| (pair[0].replace("{thing}", thing), pair[1].replace("{thing}", thing));
    pairs.flat_map(|pair| [of(pair, "bicycle"), of(pair, "washing machine")]).collect()
}

#[test]
fn everyday_messages_of_another_meaning_are_not_taken_for_copies_of_a_blocked_one() {
    let twins = twins();
    let is_taken = |blocked: &str, other: &str| {
        let mut opinions = Opinions::new(64 * 1024, 3_600);
        opinions.put(key(blocked), opinion(View::Breach), 1_000);
        opinions.look(&key(other), 1_000).is_some()
    };
    let taken: Vec<&(String, String)> =
        twins.iter().filter(|(first, second)| is_taken(first, second) || is_taken(second, first)).collect();
    println!("{} pairs that look alike, {} taken for copies:", twins.len(), taken.len());
    taken.iter().for_each(|(first, second)| println!("  {first}\n  {second}"));
    assert!(twins.len() > 80);
    assert_eq!(taken.len(), 0, "of {}", twins.len());
    // Whatever belongs to no pair is never taken for another.
    for (number, (first, _)) in twins.iter().enumerate() {
        let others = twins.iter().enumerate().filter(|(other, _)| other / 2 != number / 2);
        let strangers: Vec<&String> =
            others.map(|(_, (other, _))| other).filter(|other| is_taken(first, other)).collect();
        assert_eq!(strangers, Vec::<&String>::new(), "{first}");
    }
}

#[test]
fn one_text_in_disguise_has_one_key_and_any_other_part_makes_another() {
    let plain = "Perhaps you want to earn a little at home, write to our manager";
    for disguised in [
        "Perhaps you want to earn a little at home, write to our manager",
        "PERHAPS you want to EARN a little at home, write to our manager",
        "Per\u{200b}haps you wa\u{200d}nt to earn a little at home, write to our manager",
        "P\u{435}rh\u{430}ps y\u{43e}u want to earn a little at home, write to our manager",
    ] {
        assert_eq!(key(plain).exact(), key(disguised).exact(), "{disguised}");
    }
    let mut others = vec![key("Perhaps you want to earn a little at home, write to our managers")];
    let tenant = TenantName::new("garden").unwrap();
    let default = TenantName::default();
    for ground in [
        Ground::new(2, &default, "no advertising", "small"),
        Ground::new(1, &tenant, "no advertising", "small"),
        Ground::new(1, &default, "advertising is welcome", "small"),
        Ground::new(1, &default, "no advertising", "large"),
    ] {
        others.push(key_on(&message(plain), &ground));
    }
    let mut changed = message(plain);
    changed.provenance = Provenance::Forwarded;
    others.push(key_on(&changed, &ground()));
    let mut changed = message(plain);
    changed.media = Media::Photo;
    others.push(key_on(&changed, &ground()));
    let mut split = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    split.push(SurfaceKind::Text, "Perhaps you want to earn a little at home,");
    split.push(SurfaceKind::Quote, " write to our manager");
    others.push(key_on(&split, &ground()));
    others.push(key(plain));
    let different: BTreeSet<[u8; 32]> = others.iter().map(|key| *key.exact()).collect();
    assert_eq!(different.len(), others.len());
}

fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec("[a-e]{3,8}", 1..14).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_friendly_opinion_never_answers_another_text(first in words(), second in words()) {
        let mut opinions = Opinions::new(64 * 1024, 60);
        opinions.put(key(&first), opinion(View::Fine), 100);
        let found = opinions.look(&key(&second), 100).map(|(_, hit)| hit);
        prop_assert_eq!(found, (key(&first).exact() == key(&second).exact()).then_some(Hit::Exact));
    }

    #[test]
    fn whatever_comes_in_whatever_order_of_time_the_bytes_are_kept_and_the_time_is(
        puts in proptest::collection::vec((words(), 0..500_u64), 1..60),
        bytes in 0..6_000_usize,
    ) {
        let mut opinions = Opinions::new(bytes, 60);
        for (text, at_s) in &puts {
            opinions.put(key(text), opinion(View::Breach), *at_s);
            prop_assert!(opinions.bytes() <= bytes.max(64), "{} of {bytes}", opinions.bytes());
        }
        let (_, last_s) = puts.last().unwrap();
        let now_s = last_s + 61;
        for (text, at_s) in &puts {
            if at_s + 60 < now_s && opinions.look(&key(text), now_s).is_some() {
                let newer = puts.iter().any(|(_, at_s)| at_s + 60 >= now_s);
                prop_assert!(newer, "an opinion outlived its time");
            }
        }
    }
}
