//! Disguises: how many of the keywords that a spammer dresses up are still found, trick by trick.
//!
//! Every keyword of the shipped packs and 300 generated ones have a rule of their own; each is dressed by every trick, put
//! alone and into a sentence, and judged. What is found is held to `evasion/ledger.txt`; `AEGIS_TEST_WRITE=1` writes it
//! anew, and `AEGIS_TEST_SHOW=20` shows so many of what was not found of each trick.
//!
//! The other side: ordinary sentences, among which nothing may be found that is not written there.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A test that cannot go on stops.

#[path = "evasion/dress.rs"]
mod dress;
#[path = "evasion/glyphs.rs"]
mod glyphs;
#[path = "evasion/words.rs"]
mod words;

use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, PolicySet, Scratch};
use aegis::telegram::{What, update};
use aegis::verdict::Thresholds;
use dress::{TRICKS, Trick, Way};
use fastrand::Rng;
use serde_json::json;
use std::path::PathBuf;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use words::{Keyword, Script};

/// Percent of all dressed keywords that are found at least, and of those of any one trick.
const REACH: (f64, f64) = (98.0, 95.0);

/// Whether [`REACH`] is promised. Until then only the ledger holds.
const IS_REACH_PROMISED: bool = true;

/// Percent of ordinary sentences in which a set of keywords finds something that is not there, at most.
const FALSE_FINDS_MAX: f64 = 0.5;

const GENERATED: usize = 300;
const SEED: u64 = 24;

/// How a trick fared.
#[derive(Clone, Debug, Default)]
struct Tally {
    tried: usize,
    found: usize,
    /// Keywords the trick does nothing to.
    untouched: usize,
    /// Tried and found by script, in the order of [`Script::ALL`].
    scripts: [(usize, usize); 4],
    missed: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.tried += other.tried;
        self.found += other.found;
        self.untouched += other.untouched;
        for (own, other) in self.scripts.iter_mut().zip(other.scripts) {
            *own = (own.0 + other.0, own.1 + other.1);
        }
        self.missed.extend(other.missed);
    }

    /// Hundredths of a percent, rounded down.
    fn hundredths(&self) -> usize {
        (self.found * 10_000).checked_div(self.tried).unwrap_or(10_000)
    }
}

fn percent(hundredths: usize) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A message with the text in one place of it. What Telegram's JSON has is read as the appliance reads it.
fn message(way: Way, text: &str) -> Message {
    let text = text.trim();
    let rest = match way {
        Way::Text => {
            let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
            message.push(SurfaceKind::Text, text);
            return message;
        }
        Way::Entities => {
            let units = text.encode_utf16().count();
            let entities: Vec<_> = (0..units.min(50))
                .map(|at| json!({ "type": if at % 2 == 0 { "bold" } else { "italic" }, "offset": at, "length": 1 }))
                .collect();
            json!({ "text": text, "entities": entities })
        }
        Way::Caption => json!({ "caption": text, "photo": [
            { "file_id": "f", "file_unique_id": "u", "width": 9, "height": 9, "file_size": 99 } ] }),
        Way::ButtonLabel => json!({ "text": "look", "reply_markup": { "inline_keyboard": [
            [ { "text": text, "url": "https://example.org/" } ] ] } }),
        Way::TwoButtons => {
            let (left, right) = text.split_once('\n').unwrap();
            json!({ "text": "look", "reply_markup": { "inline_keyboard": [
                [ { "text": left, "callback_data": "1" }, { "text": right, "callback_data": "2" } ] ] } })
        }
        Way::PollOption | Way::PollQuestion => {
            let (question, option) = if way == Way::PollOption { ("well?", text) } else { (text, "yes") };
            json!({ "poll": { "id": "1", "question": question, "total_voter_count": 0, "is_closed": false,
                "is_anonymous": true, "type": "regular", "allows_multiple_answers": false, "options": [
                    { "text": "no", "voter_count": 0 }, { "text": option, "voter_count": 0 } ] } })
        }
    };
    let mut body = json!({ "message_id": 1, "date": 1_760_000_000,
        "chat": { "id": -1_001_234_567_890_i64, "type": "supergroup", "title": "t" },
        "from": { "id": 7, "is_bot": false, "first_name": "A" } });
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    let update = json!({ "update_id": 1, "message": body }).to_string();
    match update::read(&update).map(|incoming| incoming.what) {
        Some(What::Message(message)) => *message,
        other => panic!("{other:?} from {update}"),
    }
}

fn rules(set: &PolicySet, message: &Message, scratch: &mut Scratch) -> Vec<String> {
    let verdict = policy::judge(set, Thresholds::default(), message, scratch);
    verdict.findings.into_iter().map(|finding| finding.rule).collect()
}

/// Every dress of every `step`-th keyword.
fn attempt(sets: &[PolicySet], trick: &Trick, keywords: &[Keyword], from: usize, step: usize) -> Tally {
    let mut tally = Tally::default();
    let mut scratch = Scratch::default();
    for (number, keyword) in keywords.iter().enumerate().skip(from).step_by(step) {
        let mut rng = Rng::with_seed(SEED + number as u64);
        let mut dressed = (trick.dress)(keyword, &mut rng);
        let is_plain_wanted = trick.ways != [Way::Text];
        dressed.retain(|text| is_plain_wanted || *text != keyword.plain);
        dressed.sort_unstable();
        dressed.dedup();
        tally.untouched += usize::from(dressed.is_empty());
        let script = Script::ALL.iter().position(|script| *script == keyword.script).unwrap();
        let carriers = keyword.script.carriers();
        for text in &dressed {
            let carried = carriers[number % carriers.len()].replace("{}", text);
            // Two halves go on two buttons without a sentence around them.
            let placed = if trick.ways == [Way::TwoButtons] { vec![text] } else { vec![text, &carried] };
            for (way, placed) in trick.ways.iter().flat_map(|way| placed.iter().map(move |placed| (*way, *placed))) {
                let is_found =
                    rules(&sets[number % sets.len()], &message(way, placed), &mut scratch).contains(&keyword.rule);
                tally.tried += 1;
                tally.found += usize::from(is_found);
                tally.scripts[script].0 += 1;
                tally.scripts[script].1 += usize::from(is_found);
                if !is_found {
                    tally.missed.push(format!("{} | {way:?} {}", keyword.written, placed.escape_debug()));
                }
            }
        }
    }
    tally
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/evasion")
}

/// The ledger: the trick's name, how often it was tried and found, and the percentage.
fn written(tallies: &[(&str, Tally)]) -> String {
    let mut ledger =
        "# Disguised keywords: trick, tried, found, percent. Rewritten by AEGIS_TEST_WRITE=1.\n".to_owned();
    for (name, tally) in tallies {
        let percent = percent(tally.hundredths());
        ledger.push_str(&format!("{name:<14} {:>6} {:>6} {percent:>6}\n", tally.tried, tally.found));
    }
    ledger
}

/// What the ledger has for a trick, hundredths of a percent.
fn noted(ledger: &str, name: &str) -> Option<usize> {
    let line = ledger.lines().find(|line| line.get(..14).is_some_and(|start| start.trim() == name))?;
    let (whole, part) = line.split_whitespace().last()?.split_once('.')?;
    Some(whole.parse::<usize>().ok()? * 100 + part.parse::<usize>().ok()?)
}

fn show(name: &str, tally: &Tally) {
    let by_script = Script::ALL.iter().zip(tally.scripts).map(|(script, (tried, found))| {
        let share = (found * 10_000).checked_div(tried).map_or("-".to_owned(), percent);
        format!("{} {share}", script.word())
    });
    let by_script = by_script.collect::<Vec<_>>().join(", ");
    println!(
        "{name:<14} {:>6} tried {:>6} found {:>6} % ({by_script}; {} keywords untouched)",
        tally.tried,
        tally.found,
        percent(tally.hundredths()),
        tally.untouched
    );
    let wanted = std::env::var("AEGIS_TEST_SHOW").ok().and_then(|count| count.parse().ok()).unwrap_or(3_usize);
    let step = (tally.missed.len() / wanted.max(1)).max(1);
    tally.missed.iter().step_by(step).take(wanted).for_each(|missed| println!("    not found: {missed}"));
}

#[test]
fn what_is_dressed_up_is_found_as_often_as_the_ledger_says() {
    let mut keywords = words::shipped();
    keywords.extend(words::generated(SEED, GENERATED));
    let set = words::compile(&keywords);
    let mut tallies: Vec<(&str, Tally)> = Vec::new();
    let mut overall = Tally::default();
    for trick in &TRICKS {
        let (first, second) = std::thread::scope(|scope| {
            let other = scope.spawn(|| attempt(&set, trick, &keywords, 1, 2));
            (attempt(&set, trick, &keywords, 0, 2), other.join().unwrap())
        });
        let mut tally = first;
        tally.add(second);
        show(trick.name, &tally);
        if trick.is_promised {
            overall.add(Tally { missed: Vec::new(), ..tally.clone() });
        }
        tallies.push((trick.name, tally));
    }
    tallies.push(("overall", overall));
    let all = tallies.last().map(|(_, tally)| tally.hundredths()).unwrap();
    println!("overall {} % of {} tries", percent(all), tallies.last().unwrap().1.tried);
    let path = folder().join("ledger.txt");
    if std::env::var("AEGIS_TEST_WRITE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, written(&tallies)).unwrap();
    }
    let ledger = std::fs::read_to_string(&path).expect("the ledger is there; AEGIS_TEST_WRITE=1 writes it");
    let mut worse = Vec::new();
    for (name, tally) in &tallies {
        let now = tally.hundredths();
        match noted(&ledger, name) {
            None => worse.push(format!("{name} is not in the ledger; AEGIS_TEST_WRITE=1 writes it")),
            Some(noted) if now < noted => worse.push(format!("{name}: {} %, was {} %", percent(now), percent(noted))),
            Some(_) => {}
        }
        let is_promised = TRICKS.iter().any(|trick| trick.name == *name && trick.is_promised);
        let least = if *name == "overall" { REACH.0 } else { REACH.1 };
        if IS_REACH_PROMISED && (is_promised || *name == "overall") && (now as f64) < least * 100.0 {
            worse.push(format!("{name}: {} %, promised are {least} %", percent(now)));
        }
    }
    assert!(worse.is_empty(), "{}", worse.join("\n"));
}

#[test]
fn every_keyword_is_found_as_it_is_written() {
    let mut keywords = words::shipped();
    keywords.extend(words::generated(SEED, GENERATED));
    let set = words::compile(&keywords);
    let mut scratch = Scratch::default();
    let mut missed = Vec::new();
    for (number, keyword) in keywords.iter().enumerate() {
        // Neighbours that begin and end as the keyword does: what takes runs of a letter as one must still see it.
        let letters = dress::letters(&keyword.plain);
        let (first, last) = (&letters[0], &letters[letters.len() - 1]);
        let gap = |letter: &str| if Script::of(letter).runs_on() { "" } else { " " };
        let among_its_like = format!("{first}{first}{}{{}}{}{last}{last}", gap(first), gap(last));
        let after_a_stroke = "hi, all! {} isle".to_owned();
        let carriers = keyword.script.carriers().into_iter().chain(["{}", "{} {}", &among_its_like, &after_a_stroke]);
        for carrier in carriers {
            let text = carrier.replace("{}", &keyword.plain);
            if !rules(&set[number % set.len()], &message(Way::Text, &text), &mut scratch).contains(&keyword.rule) {
                missed.push(text);
            }
        }
    }
    assert!(missed.is_empty(), "{} were not found: {:#?}", missed.len(), &missed[..missed.len().min(10)]);
}

/// Small letters without accents, one space between words, other signs taken as spaces, and three of a letter for more:
/// what a reader would compare.
fn bare(text: &str) -> String {
    let kept = text.nfd().filter(|ch| !('\u{300}'..'\u{370}').contains(ch));
    let plain = kept.map(|ch| if ch.is_alphanumeric() || is_combining_mark(ch) { ch } else { ' ' }).collect::<String>();
    let mut short = String::new();
    for ch in plain.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if !short.chars().rev().take(3).eq([ch; 3]) {
            short.push(ch);
        }
    }
    short
}

/// Whether the keyword stands in the sentence, as words where it must.
fn is_there(keyword: &Keyword, sentence: &str) -> bool {
    let is_open = keyword.script.runs_on() || keyword.written != keyword.plain;
    let (sentence, plain) = (format!(" {} ", bare(sentence)), bare(&keyword.plain));
    sentence.contains(&if is_open { plain } else { format!(" {plain} ") })
}

fn sentences() -> Vec<&'static str> {
    include_str!("evasion/decent.txt").lines().filter(|line| !line.starts_with('#')).collect()
}

/// Sentences in which one of the keywords is found that is not in them.
fn false_finds(keywords: &[Keyword], sentences: &[&str]) -> Vec<String> {
    let set = words::compile(keywords);
    let mut scratch = Scratch::default();
    let mut found = Vec::new();
    for sentence in sentences {
        let message = message(Way::Text, sentence);
        let spoken: Vec<String> = set.iter().flat_map(|set| rules(set, &message, &mut scratch)).collect();
        let wrong = spoken.iter().filter_map(|rule| {
            let keyword = keywords.iter().find(|keyword| keyword.rule == *rule)?;
            (!is_there(keyword, sentence)).then_some(keyword.written.as_str())
        });
        let wrong: Vec<&str> = wrong.collect();
        if !wrong.is_empty() {
            found.push(format!("{sentence} | {}", wrong.join(", ")));
        }
    }
    found
}

#[test]
fn in_ordinary_sentences_nothing_is_found_that_is_not_there() {
    let all = sentences();
    assert_eq!(all.len(), 400);
    let mut trials = vec![("shipped".to_owned(), words::shipped(), all.clone())];
    for (seed, count) in [(SEED, GENERATED), (25, GENERATED), (26, GENERATED), (27, 3_000)] {
        trials.push((format!("{count} generated from {seed}"), words::generated(seed, count), all.clone()));
    }
    // Everyday words as keywords: the words of one half of the sentences, looked for in the other half.
    let (even, odd): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let texts = |half: &[(usize, &&'static str)]| half.iter().map(|(_, text)| **text).collect::<Vec<_>>();
    trials.push(("words of the other half".to_owned(), words::of_sentences(&texts(&even)), texts(&odd)));
    trials.push(("words of the one half".to_owned(), words::of_sentences(&texts(&odd)), texts(&even)));
    let mut too_many = Vec::new();
    for (name, keywords, sentences) in trials {
        let found = false_finds(&keywords, &sentences);
        println!("{name}, {} keywords: {} of {} sentences", keywords.len(), found.len(), sentences.len());
        found.iter().for_each(|line| println!("    {line}"));
        if found.len() as f64 * 100.0 > FALSE_FINDS_MAX * sentences.len() as f64 {
            too_many.push(format!("{name}: {} of {} sentences", found.len(), sentences.len()));
        }
    }
    assert!(too_many.is_empty(), "{}", too_many.join("\n"));
}

#[test]
fn no_ordinary_sentence_is_blocked_by_the_shipped_packs() {
    let set = policy::compile(&policy::shipped()).map_err(|mistakes| mistakes.to_string()).unwrap();
    let mut scratch = Scratch::default();
    for sentence in sentences() {
        let verdict = policy::judge(&set, Thresholds::default(), &message(Way::Text, sentence), &mut scratch);
        assert!(verdict.outcome != aegis::verdict::Outcome::Block, "{sentence}: {:?}", verdict.findings);
    }
}

#[test]
fn a_false_find_would_be_noticed() {
    let keyword = |written: &str| words::of_sentences(&[written]).pop().unwrap();
    for (written, sentence, is_so) in [
        ("over", "It is over.", true),
        ("over", "Overall it was fine.", false),
        ("over", "o v e r there", false),
        ("good", "goood morning", false),
        ("caf\u{e9}", "the old cafe, again", true),
        ("\u{5927}\u{5bb6}", "\u{5927} \u{5bb6}", false),
    ] {
        assert_eq!(is_there(&keyword(written), sentence), is_so, "{written} in {sentence}");
    }
}
