//! A text with nothing between the reader and its links.
//!
//! Characters that nobody sees are taken away, dots and slashes of other scripts become the plain ones, and ways of
//! writing a dot that machines overlook ("[.]", " dot ") become a dot.
//!
//! Promises: linear in the text, of which at most `limits::MESSAGE_TEXT_BYTES_MAX` bytes are read; every place in the
//! result points back into the original.
//!
//! Never: a change of letters. Which host they name is for `host`.

use crate::limits;
use crate::message::floor_char_boundary;

/// A stretch of the result that stands in the original as it is.
#[derive(Clone, Copy, Debug)]
struct Piece {
    at: usize,
    from: usize,
}

/// The text, and the way back.
#[derive(Clone, Debug, Default)]
pub(super) struct Clean {
    text: String,
    pieces: Vec<Piece>,
    /// Where the next character of the original must begin to go on with the last piece.
    expected: Option<usize>,
}

/// What becomes of the start of the rest.
#[derive(Clone, Copy)]
enum Step {
    Gone,
    Kept(char),
    Becomes(char, usize),
}

impl Clean {
    /// Reads a text.
    pub(super) fn read(&mut self, original: &str) {
        self.text.clear();
        self.pieces.clear();
        self.expected = None;
        let mut rest =
            original.get(..floor_char_boundary(original, limits::MESSAGE_TEXT_BYTES_MAX)).unwrap_or_default();
        let mut at = 0_usize;
        while let Some(ch) = rest.chars().next() {
            let taken = match self.step(ch, rest) {
                Step::Gone => ch.len_utf8(),
                Step::Kept(out) => {
                    self.push(out, at, ch.len_utf8());
                    ch.len_utf8()
                }
                Step::Becomes(out, taken) => {
                    self.push(out, at, taken);
                    taken
                }
            };
            at = at.saturating_add(taken);
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// The text without disguise.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Heap bytes held by the buffers.
    pub(super) const fn bytes(&self) -> usize {
        self.text.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }

    /// Where in the original the byte at `at` comes from.
    pub(super) fn origin(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.at <= at);
        let piece = index.checked_sub(1).and_then(|index| self.pieces.get(index));
        piece.map_or(at, |piece| piece.from.saturating_add(at.saturating_sub(piece.at)))
    }

    /// Where in the original the range `from..to` comes from, in bytes.
    pub(super) fn range(&self, original: &str, from: usize, to: usize) -> (usize, usize) {
        let last = self.text.get(..to).and_then(|text| text.char_indices().next_back()).map_or(from, |(at, _)| at);
        let last = self.origin(last);
        let wide = original.get(last..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        (self.origin(from), last.saturating_add(wide).min(original.len()))
    }

    fn push(&mut self, out: char, from: usize, taken: usize) {
        if self.expected != Some(from) {
            self.pieces.push(Piece { at: self.text.len(), from });
        }
        self.text.push(out);
        self.expected = (out.len_utf8() == taken).then(|| from.saturating_add(taken));
    }

    fn step(&self, ch: char, rest: &str) -> Step {
        let replaced = match ch {
            '[' | '(' | '{' | '<' => bracketed(rest).filter(|_| self.after_word()),
            ' ' | '\u{a0}' => self.spaced(rest),
            '.' => rest
                .strip_prefix(". ")
                .filter(|next| zone(next, ZONES_AFTER_DOT, "/") && self.after_name())
                .map(|_| ('.', 2)),
            _ if ch.is_ascii() => return Step::Kept(ch),
            _ if is_unseen(ch) => return Step::Gone,
            // Also the full stop of a sentence: only what follows a Latin name is taken for a dot.
            '\u{3002}' | '\u{ff61}' if !self.text.ends_with(|last: char| last.is_ascii_alphanumeric()) => None,
            _ => return Step::Kept(plain(ch).unwrap_or(ch)),
        };
        replaced.map_or(Step::Kept(ch), |(out, taken)| Step::Becomes(out, taken))
    }

    fn after_word(&self) -> bool {
        self.text.ends_with(char::is_alphanumeric)
    }

    /// Whether a host's name could end here, rather than a word of a sentence about domains.
    fn after_name(&self) -> bool {
        let is_part = |ch: char| ch.is_alphanumeric() || matches!(ch, '-' | '.');
        let from = self.text.char_indices().rev().take(64).take_while(|(_, ch)| is_part(*ch)).last();
        let word = from.and_then(|(at, _)| self.text.get(at..)).unwrap_or_default();
        word == "t" || (word.len() >= 3 && !NO_NAMES.iter().any(|no| no.eq_ignore_ascii_case(word)))
    }

    /// A dot with space around it.
    fn spaced(&self, rest: &str) -> Option<(char, usize)> {
        if !self.after_word() {
            return None;
        }
        let inner = unspaced(rest);
        if let Some((out, taken)) = bracketed(inner) {
            return Some((out, taken.saturating_add(rest.len().saturating_sub(inner.len()))));
        }
        if let Some(next) = inner.strip_prefix('.') {
            let apart = unspaced(next);
            let zones = if apart.len() < next.len() { ZONES_AFTER_DOT } else { ZONES };
            let fits = zone(apart, zones, "") && self.after_name();
            return fits.then(|| ('.', rest.len().saturating_sub(apart.len())));
        }
        let next = [TOCHKA, "dot"].iter().find_map(|word| strip_word(inner, word))?;
        let apart = unspaced(next);
        let fits = apart.len() < next.len() && zone(apart, ZONES_SPELLED, "") && self.after_name();
        fits.then(|| ('.', rest.len().saturating_sub(apart.len())))
    }
}

/// "dot" in Russian.
const TOCHKA: &str = "\u{442}\u{43e}\u{447}\u{43a}\u{430}";

/// Zones that are taken for one after " ." : common, and no words of a sentence.
const ZONES: &[&str] = &[
    "com",
    "ru",
    "org",
    "xyz",
    "top",
    "site",
    "online",
    "shop",
    "club",
    "info",
    "io",
    "biz",
    "vip",
    "cc",
    "su",
    "\u{440}\u{444}",
];

/// Zones that are taken for one after ". ", where a sentence could begin.
const ZONES_AFTER_DOT: &[&str] = &["com", "ru", "org", "xyz"];

/// Zones that are taken for one after a spelled dot.
const ZONES_SPELLED: &[&str] = &[
    "com",
    "net",
    "org",
    "info",
    "biz",
    "io",
    "ru",
    "su",
    "xyz",
    "top",
    "site",
    "online",
    "shop",
    "club",
    "app",
    "dev",
    "link",
    "vip",
    "cc",
    "co",
    "uk",
    "de",
    "pro",
    "store",
    "fun",
    "space",
    "website",
    "click",
    "me",
    "\u{440}\u{444}",
];

/// Words before "dot com" and " .com" that make it a sentence about domains.
const NO_NAMES: &[&str] = &[
    "the", "this", "that", "these", "those", "our", "your", "their", "new", "first", "old", "big", "and", "for",
    "every", "any", "one", "all", "use", "using", "buy", "own", "register", "domain", "domains", "with", "from",
    "like", "love", "some", "get", "about", "than", "not", "have", "has", "via", "only", "just", "sell", "cheap",
    "free", "good",
];

/// The rest without up to two spaces.
fn unspaced(rest: &str) -> &str {
    let once = rest.strip_prefix([' ', '\u{a0}']).unwrap_or(rest);
    once.strip_prefix([' ', '\u{a0}']).unwrap_or(once)
}

/// Whether the rest begins with one of these zones as a whole word, and with `then` after it.
fn zone(rest: &str, zones: &[&str], then: &str) -> bool {
    zones.iter().filter_map(|zone| strip_word(rest, zone)).any(|next| next.starts_with(then))
}

/// The rest after a word that ends there, in any case.
fn strip_word<'t>(rest: &'t str, word: &str) -> Option<&'t str> {
    let start = rest.get(..word.len())?;
    let same = start.eq_ignore_ascii_case(word) || (!word.is_ascii() && start.to_lowercase() == word);
    let next = rest.get(word.len()..)?;
    (same && !next.starts_with(|ch: char| ch.is_alphanumeric() || ch == '_')).then_some(next)
}

/// A sign in brackets, as in "[.]" and "(dot)": the sign, and how many bytes it takes with its spaces.
fn bracketed(rest: &str) -> Option<(char, usize)> {
    let mut chars = rest.chars();
    let close = match chars.next()? {
        '[' => ']',
        '(' => ')',
        '{' => '}',
        '<' => '>',
        _ => return None,
    };
    let inside = rest.get(1..floor_char_boundary(rest, 20))?;
    let (word, _) = inside.split_once(close)?;
    let sign = match word.trim() {
        "." => '.',
        ":" => ':',
        "/" => '/',
        "@" => '@',
        word if word.eq_ignore_ascii_case("dot") || word.to_lowercase() == TOCHKA => '.',
        word if word.eq_ignore_ascii_case("at") => '@',
        _ => return None,
    };
    let next = rest.get(word.len().saturating_add(2)..)?;
    let apart = unspaced(next);
    apart
        .starts_with(|ch: char| ch.is_alphanumeric() || ch == '/')
        .then(|| (sign, rest.len().saturating_sub(apart.len())))
}

/// Characters that leave no trace on a screen, and strokes that are put over letters.
pub(super) const fn is_unseen(ch: char) -> bool {
    matches!(ch,
        '\u{80}'..='\u{84}'
        | '\u{86}'..='\u{9f}'
        | '\u{ad}'
        | '\u{332}'
        | '\u{333}'
        | '\u{335}'..='\u{338}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The plain sign that a character is drawn like.
fn plain(ch: char) -> Option<char> {
    match ch {
        '\u{2024}' | '\u{3002}' | '\u{ff61}' | '\u{fe52}' | '\u{a4f8}' | '\u{701}' | '\u{702}' => Some('.'),
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => Some('/'),
        '\u{a789}' | '\u{2236}' | '\u{fe55}' => Some(':'),
        '\u{fe6b}' => Some('@'),
        '\u{2010}'..='\u{2012}' | '\u{2212}' => Some('-'),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(ch).saturating_sub(0xfee0)),
        _ => None,
    }
}

/// The signs without which there is no link, in the scripts' own forms.
const SIGNS: [[u8; 3]; 12] = [
    [0xe2, 0x80, 0xa4],
    [0xe3, 0x80, 0x82],
    [0xef, 0xbd, 0xa1],
    [0xef, 0xb9, 0x92],
    [0xea, 0x93, 0xb8],
    [0xef, 0xbc, 0x8e],
    [0xef, 0xbc, 0x8f],
    [0xef, 0xbc, 0x9a],
    [0xef, 0xbc, 0xa0],
    [0xe2, 0x81, 0x84],
    [0xe2, 0x88, 0x95],
    [0xea, 0x9e, 0x89],
];

/// Whether a text could hold a link at all: one pass that compilers turn into vector code.
pub(super) fn may_hold_links(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |block: &[u8]| block.iter().fold(false, |any, byte| any | matches!(byte, b'.' | b':' | b'/' | b'@'));
    if bytes.chunks(256).any(plain) {
        return true;
    }
    let next = bytes.get(1..).unwrap_or_default();
    let after = bytes.get(2..).unwrap_or_default();
    let mut dot = false;
    for ((first, second), third) in bytes.iter().zip(next).zip(after) {
        dot |= (first | 0x20 == b'd') & (second | 0x20 == b'o') & (third | 0x20 == b't');
    }
    if dot || text.is_ascii() {
        return dot;
    }
    let mut sign = false;
    for ((first, second), third) in bytes.iter().zip(next).zip(after) {
        // The inner letters of the Russian word, in either case.
        sign |= (*first == 0xd1) & (*second == 0x87) & (*third == 0xd0);
        sign |= SIGNS.iter().fold(false, |any, [a, b, c]| any | ((first == a) & (second == b) & (third == c)));
    }
    sign
}
