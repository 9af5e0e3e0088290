//! The tricks: each takes a keyword and gives the ways it would be written, none where the trick does nothing to it.

use super::glyphs::{LEET, enclosed, look_alikes, mathematical};
use super::words::{Keyword, pick};
use fastrand::Rng;
use unicode_normalization::char::is_combining_mark;

/// A trick, and how a message carries it.
pub struct Trick {
    pub name: &'static str,
    /// Whether the overall promise is about it; else it is only held to its ledger.
    pub is_promised: bool,
    pub dress: fn(&Keyword, &mut Rng) -> Vec<String>,
    pub ways: &'static [Way],
}

/// Where Telegram puts the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Text,
    /// The text with entities that cut it.
    Entities,
    Caption,
    ButtonLabel,
    PollOption,
    PollQuestion,
    /// Half of it on one button, half on the next.
    TwoButtons,
}

/// All tricks, in the ledger's order.
pub const TRICKS: [Trick; 18] = [
    promised("spacing", spacing),
    promised("zero-width", zero_width),
    promised("homoglyphs", homoglyphs),
    promised("full-width", full_width),
    promised("combining", combining),
    promised("bidi", bidi),
    promised("tags", tags),
    promised("leet", leet),
    promised("mathematical", mathematical_letters),
    promised("enclosed", enclosed_letters),
    Trick { name: "split", is_promised: true, dress: split, ways: &[Way::Entities] },
    Trick {
        name: "surfaces",
        is_promised: true,
        dress: |keyword, _| vec![keyword.plain.clone()],
        ways: &[Way::Caption, Way::ButtonLabel, Way::PollOption, Way::PollQuestion],
    },
    promised("repeated", repeated),
    beyond("reversed", reversed),
    beyond("glued", glued),
    beyond("cut in two", cut_in_two),
    beyond("two tricks", two_tricks),
    Trick { name: "two buttons", is_promised: false, dress: halves, ways: &[Way::TwoButtons] },
];

const fn promised(name: &'static str, dress: fn(&Keyword, &mut Rng) -> Vec<String>) -> Trick {
    Trick { name, is_promised: true, dress, ways: &[Way::Text] }
}

const fn beyond(name: &'static str, dress: fn(&Keyword, &mut Rng) -> Vec<String>) -> Trick {
    Trick { name, is_promised: false, dress, ways: &[Way::Text] }
}

/// What a reader takes for one letter: a character with the marks on it.
pub fn letters(text: &str) -> Vec<String> {
    let mut letters: Vec<String> = Vec::new();
    for ch in text.chars() {
        match letters.last_mut() {
            Some(last) if is_combining_mark(ch) => last.push(ch),
            _ => letters.push(ch.to_string()),
        }
    }
    letters
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').filter(|word| !word.is_empty()).collect()
}

/// The letters of each word with `gap` between them, and `between` words.
fn spread(text: &str, gap: &str, between: &str) -> String {
    words(text).iter().map(|word| letters(word).join(gap)).collect::<Vec<_>>().join(between)
}

fn each(text: &str, mut change: impl FnMut(char) -> Option<char>) -> String {
    text.chars().map(|ch| change(ch).unwrap_or(ch)).collect()
}

fn every_other(text: &str, mut change: impl FnMut(char) -> Option<char>) -> String {
    let mut is_turn = false;
    each(text, |ch| {
        let changed = change(ch)?;
        is_turn = !is_turn;
        is_turn.then_some(changed)
    })
}

fn spacing(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    let plain = &keyword.plain;
    vec![
        spread(plain, " ", " "),
        spread(plain, " ", "   "),
        spread(plain, "\u{a0}", "\u{a0}\u{a0}"),
        spread(plain, "\u{2009}", " "),
    ]
}

fn zero_width(keyword: &Keyword, rng: &mut Rng) -> Vec<String> {
    const NOTHING: [char; 9] =
        ['\u{200b}', '\u{200c}', '\u{200d}', '\u{feff}', '\u{2060}', '\u{ad}', '\u{180e}', '\u{2063}', '\u{fe0f}'];
    let one = |nothing: char| letters(&keyword.plain).join(&nothing.to_string());
    let mut several = String::new();
    for letter in letters(&keyword.plain) {
        several.push_str(&letter);
        (0..rng.usize(1..4)).for_each(|_| several.push(*pick(&NOTHING, rng)));
    }
    vec![one('\u{200b}'), one(*pick(&NOTHING, rng)), several]
}

fn homoglyphs(keyword: &Keyword, rng: &mut Rng) -> Vec<String> {
    let mut another = |ch: char| {
        let others = look_alikes(ch);
        (!others.is_empty()).then(|| *pick(&others, rng))
    };
    let capitals = keyword.plain.to_uppercase();
    vec![each(&keyword.plain, &mut another), every_other(&keyword.plain, &mut another), each(&capitals, &mut another)]
}

fn wide(ch: char) -> Option<char> {
    match ch {
        ' ' => Some('\u{3000}'),
        '!'..='~' => char::from_u32(u32::from(ch) + 0xfee0),
        _ => None,
    }
}

fn full_width(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    if !keyword.plain.chars().any(|ch| ch.is_ascii_graphic()) {
        return Vec::new();
    }
    vec![each(&keyword.plain, wide), every_other(&keyword.plain, wide), each(&keyword.plain.to_uppercase(), wide)]
}

fn combining(keyword: &Keyword, rng: &mut Rng) -> Vec<String> {
    // Neither breve nor diaeresis: on some letters they are the letter.
    let mark = |rng: &mut Rng| loop {
        let mark = char::from_u32(rng.u32(0x300..0x370)).expect("a mark");
        if !matches!(mark, '\u{306}' | '\u{308}' | '\u{34f}') {
            return mark;
        }
    };
    let struck = letters(&keyword.plain).iter().map(|letter| format!("{letter}\u{336}")).collect();
    let mut stacked = String::new();
    for letter in letters(&keyword.plain) {
        stacked.push_str(&letter);
        if letter != " " {
            (0..rng.usize(1..9)).for_each(|_| stacked.push(mark(rng)));
        }
    }
    let boxed = letters(&keyword.plain).iter().map(|letter| format!("{letter}\u{20de}")).collect();
    vec![struck, stacked, boxed]
}

fn bidi(keyword: &Keyword, rng: &mut Rng) -> Vec<String> {
    const MARKS: [char; 12] = [
        '\u{200e}', '\u{200f}', '\u{61c}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
        '\u{2067}', '\u{2068}', '\u{2069}',
    ];
    let plain = &keyword.plain;
    let mut sown = String::new();
    for letter in letters(plain) {
        sown.push_str(&letter);
        sown.push(*pick(&MARKS, rng));
    }
    let isolated = words(plain).iter().map(|word| format!("\u{2067}{word}\u{2069}")).collect::<Vec<_>>().join(" ");
    vec![format!("\u{202e}{plain}\u{202c}"), sown, isolated]
}

fn tags(keyword: &Keyword, rng: &mut Rng) -> Vec<String> {
    let tag = |ch: char| char::from_u32(0xe0000 + u32::from(ch)).filter(|_| matches!(ch, ' '..='~'));
    let plain = &keyword.plain;
    let mut dressed = Vec::new();
    if plain.is_ascii() {
        dressed.push(each(plain, tag));
    }
    let ended = letters(plain).join("\u{e007f}");
    let mut sown = String::new();
    for letter in letters(plain) {
        sown.push_str(&letter);
        sown.extend(tag(rng.lowercase()));
    }
    dressed.extend([ended, sown]);
    dressed
}

fn leet(keyword: &Keyword, rng: &mut Rng) -> Vec<String> {
    let of = |ch: char| LEET.iter().find(|(own, _)| *own == ch).map(|(_, signs)| signs.chars());
    let first = |ch: char| of(ch).and_then(|mut signs| signs.next());
    let last = |ch: char| of(ch).and_then(|signs| signs.last());
    let mut any = |ch: char| of(ch).map(|signs| *pick(&signs.collect::<Vec<_>>(), rng));
    vec![each(&keyword.plain, first), each(&keyword.plain, last), every_other(&keyword.plain, &mut any)]
}

fn mathematical_letters(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    mathematical().iter().map(|costume| each(&keyword.plain, |ch| costume.dress(ch))).collect()
}

fn enclosed_letters(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    enclosed().iter().map(|costume| each(&keyword.plain, |ch| costume.dress(ch))).collect()
}

fn split(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    let plain = &keyword.plain;
    let mut dressed = vec![spread(plain, "\n", "\n"), plain.clone()];
    for sign in [".", "-", "_"] {
        dressed.push(spread(plain, sign, " "));
        dressed.push(spread(plain, sign, sign));
        dressed.push(words(plain).join(sign));
    }
    dressed.push(words(plain).join("\n"));
    dressed.push(words(plain).join(" \r\n "));
    if keyword.script.runs_on() {
        let all = letters(plain);
        let (left, right) = all.split_at(all.len() / 2);
        dressed.push(format!("{}\n{}", left.concat(), right.concat()));
    }
    dressed
}

fn repeated(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    if keyword.script.runs_on() {
        return Vec::new();
    }
    let times = |count: &dyn Fn(usize, char) -> usize| {
        let repeat =
            |(at, ch): (usize, char)| std::iter::repeat_n(ch, if ch.is_alphabetic() { count(at, ch) } else { 1 });
        keyword.plain.chars().enumerate().flat_map(repeat).collect::<String>()
    };
    let vowels = "aeiouy\u{430}\u{435}\u{438}\u{43e}\u{443}\u{44b}\u{44d}\u{44e}\u{44f}";
    vec![
        times(&|at, ch| if vowels.contains(ch) { 3 + at % 3 } else { 1 }),
        times(&|_, _| 2),
        times(&|at, _| if at + 1 == keyword.plain.chars().count() { 6 } else { 1 }),
    ]
}

/// Written backwards under an override that shows it forwards.
fn reversed(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    let backwards: String = letters(&keyword.plain).into_iter().rev().collect();
    vec![format!("\u{202e}{backwards}\u{202c}")]
}

fn glued(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    let capitalized = words(&keyword.plain).into_iter().map(|word| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    });
    if words(&keyword.plain).len() < 2 {
        return Vec::new();
    }
    vec![words(&keyword.plain).concat(), capitalized.collect()]
}

fn cut_in_two(keyword: &Keyword, rng: &mut Rng) -> Vec<String> {
    let mut cut = |gap: &str| {
        let parts = words(&keyword.plain).into_iter().map(|word| {
            let all = letters(word);
            if all.len() < 4 {
                return word.to_owned();
            }
            let (left, right) = all.split_at(rng.usize(2..=all.len() - 2));
            format!("{}{gap}{}", left.concat(), right.concat())
        });
        parts.collect::<Vec<_>>().join(" ")
    };
    vec![cut(" "), cut("\n"), cut("-"), cut(".")]
}

fn two_tricks(keyword: &Keyword, rng: &mut Rng) -> Vec<String> {
    let others = homoglyphs(keyword, rng);
    let again = |dressed: &str| Keyword { plain: dressed.to_owned(), ..keyword.clone() };
    let mut dressed = Vec::new();
    if let Some(first) = others.first().filter(|dressed| **dressed != keyword.plain) {
        dressed.push(spread(first, " ", " "));
        dressed.extend(combining(&again(first), rng).into_iter().take(1));
    }
    if let Some(leet) = leet(keyword, rng).first().filter(|dressed| **dressed != keyword.plain) {
        dressed.push(spread(leet, ".", " "));
        dressed.extend(zero_width(&again(leet), rng).into_iter().take(1));
    }
    dressed.extend(bidi(&again(&spread(&keyword.plain, " ", " ")), rng).into_iter().skip(1).take(1));
    dressed
}

/// The two halves of a keyword of several words, with a line break between them.
fn halves(keyword: &Keyword, _: &mut Rng) -> Vec<String> {
    let words = words(&keyword.plain);
    if words.len() < 2 {
        return Vec::new();
    }
    let (left, right) = words.split_at(words.len() / 2);
    vec![format!("{}\n{}", left.join(" "), right.join(" "))]
}
