//! How long judging one message takes, and what 10,000 keywords weigh.
//!
//! Run it with: `cargo bench --bench judge`
//!
//! The judgement is the whole one: folding, skeleton, 10,000 keywords beside the shipped packs, signals, links where
//! rules ask for them, and the learner with its shipped prior.
//!
//! Promises: prints the median and the 95th percentile of 20,000 judgements of each message, in microseconds, and the
//! bytes of the automaton with its tables. The keywords are generated, the same in every run.
//!
//! Never: a network, a file, a message of a real person.

use aegis::learn::{self, Learned};
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, PackSource, PacksOff, Paused, PolicySet, Scratch, Terms};
use aegis::verdict::Thresholds;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 20_000;
const CYRILLIC: &str = "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{432}\u{441}\u{435}\u{43c} \u{437}\u{430}\u{432}\u{442}\u{440}\u{430} \u{438}\u{434}\u{435}\u{43c} \u{433}\u{443}\u{43b}\u{44f}\u{442}\u{44c} \u{432} \u{41f}\u{430}\u{440}\u{43a} ";

fn main() {
    let phrases = list(10_000);
    let begin = Instant::now();
    let set = compile(phrases);
    let whole = whole(list(10_000));
    println!("10,000 keywords compiled in {} ms", begin.elapsed().as_millis());
    println!("{} keywords: {} bytes of automaton and tables", set.keywords_count(), set.bytes());
    println!("100,000 keywords: {} bytes", compile(list(100_000)).bytes());
    println!("{:<22} {:>10} {:>10}", "message", "median us", "p95 us");
    let cyrillic = cut(&CYRILLIC.repeat(6), 200);
    time("ASCII, 200", &whole, &cut(&"Hello all, tomorrow we meet at the Park near the old bridge. ".repeat(4), 200));
    time("Cyrillic, 200", &whole, &cyrillic);
    time("obfuscated, 200", &whole, &obfuscate(&cyrillic));
    time(
        "CJK, 200",
        &whole,
        &"\u{4f60}\u{597d}\u{5927}\u{5bb6}\u{660e}\u{5929}".chars().cycle().take(200).collect::<String>(),
    );
    time("worst: U+FDFA x 4096", &whole, &"\u{fdfa}".repeat(4_096));
    time("worst: marks x 4096", &whole, &"\u{301}".repeat(4_096));
    time("worst: mixed x 4096", &whole, &"\u{440}a".repeat(2_048));
    time("worst: math x 4096", &whole, &"\u{1d4d0}".repeat(4_096));
    time("worst: accents x 4096", &whole, &"\u{1ed9}".repeat(4_096));
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// Every other kind of disguise in turn, to 200 characters.
fn obfuscate(text: &str) -> String {
    let mut dressed = String::new();
    for (index, ch) in text.chars().enumerate() {
        match (index % 7, ch) {
            (1, _) => dressed.extend([ch, '\u{200b}']),
            (3, _) => dressed.extend([ch, '\u{336}']),
            (_, '\u{430}') => dressed.push('a'),
            (_, '\u{435}') => dressed.push('\u{1d5be}'),
            (_, '\u{440}') => dressed.push('\u{ff50}'),
            _ => dressed.push(ch),
        }
    }
    cut(&dressed, 200)
}

fn list(count: usize) -> String {
    let mut list = String::new();
    let mut seed = 1_u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for index in 0..count {
        let (first, letters) = if index % 2 == 0 { ('a', 26) } else { ('\u{430}', 32) };
        for word in 0..1 + draw(3) {
            if word > 0 {
                list.push(' ');
            }
            for _ in 0..4 + draw(6) {
                let code = u32::from(first) + u32::try_from(draw(letters)).unwrap_or(0);
                list.push(char::from_u32(code).unwrap_or(first));
            }
        }
        let _ = writeln!(list);
    }
    list
}

fn source(list: String) -> PackSource {
    let text = "[pack]\nid = \"bench\"\nversion = 1\n[[rule]]\nid = \"bench-list\"\nreason = \"bench\"\nscore = 80\n\
                keywords_file = \"list.txt\"\n";
    PackSource { file: "bench.toml".to_owned(), text: text.to_owned(), lists: vec![("list.txt".to_owned(), list)] }
}

fn compile(list: String) -> PolicySet {
    policy::compile(&[source(list)]).unwrap_or_else(|mistakes| {
        eprintln!("{mistakes}");
        PolicySet::empty()
    })
}

/// The shipped packs, and the list beside them.
fn whole(list: String) -> PolicySet {
    let mut sources = policy::shipped();
    sources.push(source(list));
    policy::compile(&sources).unwrap_or_else(|mistakes| {
        eprintln!("{mistakes}");
        PolicySet::empty()
    })
}

fn time(name: &str, set: &PolicySet, text: &str) {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, text);
    let mut scratch = Scratch::default();
    let learned = Learned::new(learn::prior().into_iter().collect());
    let paused = Paused::default();
    let terms =
        Terms { set, paused: &paused, learned: &learned, off: PacksOff::default(), thresholds: Thresholds::default() };
    let rounds = if text.len() > 2_000 { ROUNDS / 100 } else { ROUNDS };
    let mut taken: Vec<u128> = (0..rounds)
        .map(|_| {
            let begin = Instant::now();
            black_box(policy::judge_on(&terms, black_box(&message), &mut scratch));
            begin.elapsed().as_nanos()
        })
        .collect();
    taken.sort_unstable();
    let at = |permille: usize| taken.get(taken.len() * permille / 1_000).copied().unwrap_or(0);
    let shown = |ns: u128| format!("{}.{:02}", ns / 1_000, ns % 1_000 / 10);
    println!("{name:<22} {:>10} {:>10}", shown(at(500)), shown(at(950)));
}
