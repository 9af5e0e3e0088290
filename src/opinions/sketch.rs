//! The sketch of a text: 64 samples of its pieces, by which two texts are compared without keeping either.
//!
//! What spammers change from copy to copy is left out before: case, look-alikes and what nobody sees (folded already),
//! spaces, signs, emoji, numbers, names with `@`, links, and runs of one letter. The samples are a MinHash: two texts
//! share about as many of 64 as they share of their pieces. Reordered sentences keep nearly all pieces.
//!
//! Promises: linear in the text; the same text has the same sketch on every machine and in every version.
//!
//! Never: a judgement. Texts may look alike and mean different things; see [`super`] for what a likeness is good for.

use crate::limits;
use crate::links::{Link, Links};
use crate::text::{Canonical, class_of, has_no_spaces, is_word};
use serde::{Deserialize, Serialize};

/// A text's sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sketch {
    /// Eight samples of a byte in each word.
    samples: [u64; limits::SKETCH_WORDS],
    /// Letters of the text; a syllable counts for several.
    letters: u32,
}

const SAMPLES: usize = limits::SKETCH_WORDS * 8;

impl Sketch {
    /// The sketch of a folded text without its links; `None` when it is too short to tell.
    #[must_use]
    pub fn of(folded: &Canonical, links: &Links) -> Option<Self> {
        let mut pieces = Pieces::new();
        letters(folded, links, |letter| pieces.add(letter));
        (pieces.letters >= limits::SKETCH_LETTERS_MIN).then(|| pieces.sketch())
    }

    /// Letters of the text; a syllable of Chinese, Japanese or Korean counts for several.
    #[must_use]
    pub const fn letters(&self) -> u32 {
        self.letters
    }

    /// Samples that two texts share, of 64; `None` when their lengths are more than a quarter apart.
    #[must_use]
    pub fn shared(&self, other: &Self) -> Option<u32> {
        let (short, long) = (self.letters.min(other.letters), self.letters.max(other.letters));
        if long.saturating_sub(short) > long / 4 {
            return None;
        }
        let words = self.samples.iter().zip(other.samples);
        let equal = words.flat_map(|(one, two)| (one ^ two).to_le_bytes()).filter(|differs| *differs == 0);
        u32::try_from(equal.count()).ok()
    }
}

/// Pieces of letters as they come, and the smallest hash of each kind.
struct Pieces {
    window: [u32; limits::SKETCH_PIECE],
    filled: usize,
    before: char,
    letters: u32,
    least: [u64; SAMPLES],
}

impl Pieces {
    const fn new() -> Self {
        Self { window: [0; limits::SKETCH_PIECE], filled: 0, before: '\n', letters: 0, least: [u64::MAX; SAMPLES] }
    }

    fn add(&mut self, letter: char) {
        // A run is one letter, as everywhere.
        if letter == self.before {
            return;
        }
        self.before = letter;
        if letter == '\n' {
            self.filled = 0;
            return;
        }
        self.window.rotate_left(1);
        if let Some(last) = self.window.last_mut() {
            *last = u32::from(letter);
        }
        self.filled = self.filled.saturating_add(1);
        let syllable = is_syllable(letter);
        self.letters = self.letters.saturating_add(if syllable { limits::SKETCH_SYLLABLE_LETTERS } else { 1 });
        // Two syllables say what four letters say.
        let length = if syllable { limits::SKETCH_PIECE / 2 } else { limits::SKETCH_PIECE };
        if self.filled >= length {
            let piece = self.window.iter().skip(limits::SKETCH_PIECE - length);
            let hash = piece.fold(0xcbf2_9ce4_8422_2325_u64, |hash, letter| {
                (hash ^ u64::from(*letter)).wrapping_mul(0x0100_0000_01b3)
            });
            self.sample(hash);
        }
    }

    fn sample(&mut self, piece: u64) {
        let mut way = 0_u64;
        for least in &mut self.least {
            way = way.wrapping_add(0x9e37_79b9_7f4a_7c15);
            *least = (*least).min(mixed(piece ^ way));
        }
    }

    fn sketch(&self) -> Sketch {
        let mut samples = [0; limits::SKETCH_WORDS];
        for (word, eight) in samples.iter_mut().zip(self.least.chunks(8)) {
            // The upper bits of the smallest are all zero; the lower tell hashes apart.
            *word = eight.iter().fold(0, |word, least| (word << 8) | (least & 0xff));
        }
        Sketch { samples, letters: self.letters }
    }
}

/// The finishing step of `SplitMix64`: every bit of the answer hangs on every bit given.
const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Whether a letter is a syllable or a word by itself: Han, kana, Hangul.
const fn is_syllable(ch: char) -> bool {
    matches!(ch, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

fn is_digit(ch: char) -> bool {
    ch.is_numeric()
}

/// Whether a character is a letter of a script in which digits are put in the places of letters.
fn is_disguised_by_digits(ch: char) -> bool {
    is_word(ch) && !is_digit(ch) && !has_no_spaces(ch)
}

/// Calls `letter` with every letter that counts, as its class, and with `\n` between surfaces.
fn letters(folded: &Canonical, links: &Links, mut letter: impl FnMut(char)) {
    let is_link = |at: usize, ch: char| {
        let Some(span) = folded.span(at, at.saturating_add(ch.len_utf8())) else { return false };
        let covers =
            |link: &Link| link.span.surface == span.surface && link.span.from <= span.from && span.from < link.span.to;
        links.iter().any(covers)
    };
    let mut before = '\n';
    let mut in_name = false;
    let mut chars = folded.text().char_indices().peekable();
    while let Some((at, ch)) = chars.next() {
        let next = chars.peek().map_or('\n', |(_, next)| *next);
        in_name = if in_name {
            ch == '_' || ch.is_ascii_alphanumeric()
        } else {
            ch == '@' && !is_word(before) && (next == '_' || next.is_ascii_alphanumeric())
        };
        if ch == '\n' {
            letter(ch);
        } else if !in_name && is_word(ch) && (links.is_empty() || !is_link(at, ch)) {
            // A number is anybody's; a digit between two letters stands for a third.
            if !is_digit(ch) || (is_disguised_by_digits(before) && is_disguised_by_digits(next)) {
                letter(class_of(ch));
            }
        }
        before = ch;
    }
}
