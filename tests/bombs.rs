//! Texts made to hurt: whatever is sent, it is folded and judged within bounds.
//!
//! Each bomb, and very many generated texts: no panic; the folded text is at most its cap; folding it again changes
//! nothing; every place a finding names is whole characters of the original; buffers give back what they grew by. The
//! time of a bomb is held against an ordinary message of the same run, never against the clock.
//!
//! `AEGIS_TEST_BOMBS` asks for another number of generated texts.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A test that cannot go on stops.

#[path = "bombs/check.rs"]
mod check;
#[path = "bombs/table.rs"]
mod table;

use aegis::limits;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, PackSource, PolicySet, Scratch};
use aegis::text;
use aegis::verdict::Thresholds;
use check::{check, check_folds_once, is_known, message};
use fastrand::Rng;
use std::hint::black_box;
use std::time::Instant;
use table::{Bomb, bombs};

/// A bomb may take this many times as long as an ordinary message of as many bytes. Most take less than four.
const SLOWER_MAX: u128 = 40;

/// The shipped packs, and keywords that are found at every step of a flood.
fn policy() -> PolicySet {
    let text = "[pack]\nid = \"z\"\nversion = 1\n\
                [[rule]]\nid = \"z-short\"\nreason = \"r\"\nscore = 9\nmatch = \"substring\"\n\
                keywords = [\"a\", \"ab\", \"aba\", \"abab\", \"xa\", \"\u{4e00}\", \"\u{430}\", \"free money\"]\n\
                [[rule]]\nid = \"z-exact\"\nreason = \"r\"\nscore = 9\nmatch = \"exact\"\nkeywords = [\"a\", \"\u{1f468}\"]\n\
                [[rule]]\nid = \"z-links\"\nreason = \"r\"\nscore = 9\nmin_links = 3\n";
    let mut sources = policy::shipped();
    sources.push(PackSource { file: "z.toml".to_owned(), text: text.to_owned(), lists: Vec::new() });
    policy::compile(&sources).map_err(|mistakes| mistakes.to_string()).unwrap()
}

#[test]
fn sixty_bombs_and_more_are_there() {
    let bombs = bombs();
    let mut names: Vec<&str> = bombs.iter().map(|bomb| bomb.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), bombs.len(), "two bombs have one name");
    assert!(bombs.len() >= 60, "{} bombs", bombs.len());
    for Bomb { name, text } in &bombs {
        assert!(text.len() >= 1_000 && text.len() <= limits::MESSAGE_TEXT_BYTES_MAX, "{name}: {} bytes", text.len());
    }
}

#[test]
fn every_bomb_is_judged_within_bounds() {
    let set = policy();
    let mut scratch = Scratch::default();
    let mut wrong = Vec::new();
    for Bomb { name, text } in bombs() {
        let message = message(&[&text]);
        let verdict = policy::judge(&set, Thresholds::default(), &message, &mut scratch);
        if let Err(what) = check(&message, &verdict, &scratch) {
            wrong.push(format!("{name}: {what}"));
        }
        let again = policy::judge(&set, Thresholds::default(), &message, &mut Scratch::default());
        if again != verdict {
            wrong.push(format!("{name}: the verdict depends on what was judged before"));
        }
        if scratch.bytes() > 2 * 1024 * 1024 {
            wrong.push(format!("{name}: {} bytes of buffers", scratch.bytes()));
        }
        for _ in 0..2 {
            let _ = policy::judge(&set, Thresholds::default(), &check::message(&["ordinary"]), &mut scratch);
        }
        if scratch.bytes() > 2 * limits::SCRATCH_KEEP_BYTES {
            wrong.push(format!("{name}: {} bytes of buffers are kept", scratch.bytes()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_bomb_folds_once_and_for_all() {
    let mut scratch = text::Scratch::default();
    let folds =
        |bomb: Bomb| check_folds_once(&bomb.text, &mut scratch).err().map(|what| format!("{}: {what}", bomb.name));
    let wrong: Vec<String> = bombs().into_iter().filter_map(folds).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_bomb_beside_another_and_in_every_surface_is_judged_within_bounds() {
    let set = policy();
    let bombs = bombs();
    let mut scratch = Scratch::default();
    for (index, bomb) in bombs.iter().enumerate() {
        let other = &bombs[(index * 7 + 3) % bombs.len()];
        let part = |bomb: &Bomb| bomb.text.chars().take(100).collect::<String>();
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        let kinds = [SurfaceKind::Caption, SurfaceKind::ButtonLabel, SurfaceKind::ButtonUrl, SurfaceKind::PollOption];
        for (at, kind) in kinds.into_iter().cycle().take(limits::SURFACES_MAX + 2).enumerate() {
            message.push(kind, &part(if at % 2 == 0 { bomb } else { other }));
        }
        let verdict = policy::judge(&set, Thresholds::default(), &message, &mut scratch);
        check(&message, &verdict, &scratch).unwrap_or_else(|what| panic!("{} with {}: {what}", bomb.name, other.name));
    }
}

/// The median time of several judgements, nanoseconds.
fn median(set: &PolicySet, text: &str, rounds: usize, scratch: &mut Scratch) -> u128 {
    let message = message(&[text]);
    let mut taken: Vec<u128> = (0..rounds)
        .map(|_| {
            let begin = Instant::now();
            black_box(policy::judge(set, Thresholds::default(), black_box(&message), scratch));
            begin.elapsed().as_nanos()
        })
        .collect();
    taken.sort_unstable();
    taken[taken.len() / 2]
}

#[test]
fn no_bomb_takes_out_of_proportion_longer_than_an_ordinary_message() {
    let set = policy();
    let mut scratch = Scratch::default();
    // As many bytes as a bomb has, in words of two scripts that need no more than the ordinary care.
    let ordinary = "\u{417}\u{430}\u{432}\u{442}\u{440}\u{430} we meet at the old bridge, \u{43f}\u{440}\u{438}\u{445}\u{43e}\u{434}\u{438}\u{442}\u{435}. ";
    let ordinary = ordinary.repeat(limits::MESSAGE_TEXT_BYTES_MAX / ordinary.len());
    let mut measured = Vec::new();
    for Bomb { name, text } in bombs() {
        // Beside the bomb, so that a busy machine slows both.
        let usual = median(&set, &ordinary, 15, &mut scratch);
        measured.push((median(&set, &text, 15, &mut scratch), usual, name));
    }
    measured.sort_unstable();
    measured.reverse();
    for (taken, usual, name) in &measured {
        println!("{:>8} us, {:>3} x an ordinary one: {name}", taken / 1_000, taken / usual.max(&1));
    }
    let slow = measured.iter().filter(|(taken, usual, _)| *taken > usual * SLOWER_MAX);
    let slow: Vec<&str> = slow.map(|(_, _, name)| *name).collect();
    assert!(slow.is_empty(), "out of proportion: {slow:?}");
}

/// A character out of a hostile alphabet.
fn hostile(rng: &mut Rng) -> char {
    const RANGES: [(u32, u32); 26] = [
        (0x20, 0x7e),
        (0x61, 0x7a),
        (0x0, 0x1f),
        (0x80, 0x24f),
        (0x300, 0x36f),
        (0x370, 0x3ff),
        (0x400, 0x52f),
        (0x590, 0x6ff),
        (0x900, 0x97f),
        (0xe00, 0xe7f),
        (0xf00, 0xfff),
        (0x1000, 0x109f),
        (0x1100, 0x11ff),
        (0x1c80, 0x1cbf),
        (0x1e00, 0x20ff),
        (0x2100, 0x24ff),
        (0x2e80, 0x33ff),
        (0x4e00, 0x4eff),
        (0xac00, 0xac7f),
        (0xf900, 0xfaff),
        (0xfb00, 0xfdff),
        (0xfe00, 0xffff),
        (0x1d100, 0x1d7ff),
        (0x1e000, 0x1e08f),
        (0x1f100, 0x1f6ff),
        (0xe0000, 0xe01ff),
    ];
    const FAVOURITES: [char; 24] = [
        '\u{200b}',
        '\u{200d}',
        '\u{202e}',
        '\u{fdfa}',
        '\u{130}',
        '\u{df}',
        '\u{306}',
        '\u{308}',
        '\u{438}',
        '\u{439}',
        '\u{435}',
        '\u{451}',
        '\u{115f}',
        '\u{3164}',
        '\u{ff9e}',
        '\u{345}',
        '\u{1160}',
        '\u{344}',
        'a',
        'o',
        ' ',
        '\n',
        '.',
        '\u{e0061}',
    ];
    if rng.u8(..3) == 0 {
        return FAVOURITES[rng.usize(..FAVOURITES.len())];
    }
    if rng.u8(..20) == 0 {
        return rng.char(..);
    }
    let (from, to) = RANGES[rng.usize(..RANGES.len())];
    char::from_u32(rng.u32(from..=to)).unwrap_or('\u{fffd}')
}

/// The shortest text that still fails: characters are taken away one by one.
fn smallest(text: &str, fails: &mut dyn FnMut(&str) -> bool) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let mut fewer = chars.clone();
        fewer.remove(at);
        if fails(&fewer.iter().collect::<String>()) {
            chars = fewer;
            at = 0;
        } else {
            at += 1;
        }
    }
    chars.into_iter().collect()
}

fn try_texts(set: &PolicySet, seed: u64, count: usize) -> Vec<String> {
    let mut rng = Rng::with_seed(seed);
    let mut scratch = Scratch::default();
    let mut folds = text::Scratch::default();
    let mut wrong = Vec::new();
    for _ in 0..count {
        let length = rng.usize(1..48);
        let text: String = (0..length).map(|_| hostile(&mut rng)).collect();
        let message = message(&[&text, "a"]);
        let verdict = policy::judge(set, Thresholds::default(), &message, &mut scratch);
        if let Err(what) = check(&message, &verdict, &scratch) {
            wrong.push(format!("{}: {what}", text.escape_unicode()));
        }
        if check_folds_once(&text, &mut folds).is_err() {
            let text = smallest(&text, &mut |text| !is_known(text) && check_folds_once(text, &mut folds).is_err());
            if !is_known(&text) {
                let what = check_folds_once(&text, &mut folds).unwrap_err();
                wrong.push(format!("{}: {what}", text.escape_unicode()));
            }
        }
        if wrong.len() >= 10 {
            break;
        }
    }
    wrong
}

#[test]
fn generated_texts_are_folded_and_judged_within_bounds() {
    let count = std::env::var("AEGIS_TEST_BOMBS").ok().map_or(200_000, |count| count.parse().unwrap());
    let set = policy();
    let (mut wrong, more) = std::thread::scope(|scope| {
        let other = scope.spawn(|| try_texts(&set, 2, count / 2));
        (try_texts(&set, 1, count / 2), other.join().unwrap())
    });
    wrong.extend(more);
    wrong.sort_unstable();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
