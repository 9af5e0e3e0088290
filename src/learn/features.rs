//! What the learner sees of a message: its folded text in pieces of one to four characters, the shape of its writing in
//! pieces of three to five, and its signals; each a number below [`limits::LEARN_WEIGHTS`].
//!
//! Promises: linear, over at most `limits::LEARN_CHARS_MAX` characters; each number once; the same on every machine; no
//! allocation once the buffers have grown.
//!
//! Never: a text kept. A number cannot be turned back into the piece it stands for.

use crate::limits;
use crate::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use crate::signals::{Script, Signal, Signals};
use crate::text;

/// The features of one message, and the buffers they are found with, used again for the next.
#[derive(Clone, Debug, Default)]
pub struct Features {
    list: Vec<u32>,
    /// A bit for each number: whether it is in the list.
    seen: Vec<u64>,
    script: Script,
}

/// Characters of one piece.
const PIECE_MAX: usize = 4;
const SHAPE_MIN: usize = 3;
const SHAPE_MAX: usize = 5;

impl Features {
    /// Finds the features of a message whose folded text and signals are known.
    pub fn set(&mut self, message: &Message, folded: &str, signals: &Signals) {
        self.clear();
        self.script = signals.script();
        let mut window = [0_u32; PIECE_MAX];
        let chars = folded.chars().take(limits::LEARN_CHARS_MAX).map(u32::from);
        for ch in std::iter::once(u32::from(' ')).chain(chars).chain(std::iter::once(u32::from(' '))) {
            window.rotate_left(1);
            if let Some(last) = window.last_mut() {
                *last = ch;
            }
            let mut hash = 0;
            for piece in window.iter().rev().take_while(|ch| **ch != 0) {
                hash = step(hash, *piece);
                self.add(hash);
            }
        }
        for surface in &message.surfaces {
            self.shape(&surface.text);
        }
        self.signals(message, signals);
    }

    /// Finds the features of a text alone.
    pub fn see(&mut self, text: &str, scratch: &mut text::Scratch) {
        let mut message = Message::empty(ChatId(0), MessageId(0), Sender::Member(UserId(0)));
        message.push(SurfaceKind::Text, text);
        text::fold(&message, scratch);
        let folded = scratch.canonical();
        self.set(&message, folded.text(), &Signals::of(&message, folded.tally()));
    }

    /// The features, each once.
    #[must_use]
    pub fn list(&self) -> &[u32] {
        &self.list
    }

    /// The script of the message.
    #[must_use]
    pub const fn script(&self) -> Script {
        self.script
    }

    /// Heap bytes held by the buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.list.capacity() * size_of::<u32>() + self.seen.capacity() * size_of::<u64>()
    }

    fn clear(&mut self) {
        self.seen.resize(limits::LEARN_WEIGHTS / 64, 0);
        for number in self.list.drain(..) {
            if let Some(word) = usize::try_from(number / 64).ok().and_then(|at| self.seen.get_mut(at)) {
                *word = 0;
            }
        }
    }

    fn add(&mut self, hash: u32) {
        let number = number_of(hash);
        let bit = 1_u64 << (number % 64);
        if let Some(word) = usize::try_from(number / 64).ok().and_then(|at| self.seen.get_mut(at))
            && *word & bit == 0
        {
            *word |= bit;
            self.list.push(number);
        }
    }

    /// Capitals, small letters, letters without case, digits and signs, of a run one.
    fn shape(&mut self, text: &str) {
        let mut window = [0_u32; SHAPE_MAX];
        let mut before = '\0';
        for ch in text.chars().take(limits::LEARN_CHARS_MAX) {
            let class = match ch {
                'a'..='z' | '\u{430}'..='\u{45f}' => 'x',
                'A'..='Z' | '\u{400}'..='\u{42f}' => 'X',
                '0'..='9' => '9',
                ' '..='~' => ch,
                '\u{e01}'..='\u{e4e}' | '\u{4e00}'..='\u{9fff}' => 'c',
                _ if ch.is_uppercase() => 'X',
                _ if ch.is_lowercase() => 'x',
                _ if ch.is_alphabetic() => 'c',
                _ => ch,
            };
            if class == before {
                continue;
            }
            before = class;
            window.rotate_left(1);
            if let Some(last) = window.last_mut() {
                *last = u32::from(class);
            }
            let mut hash = SHAPE_SEED;
            for (length, class) in (1..).zip(window.iter().rev().take_while(|class| **class != 0)) {
                hash = step(hash, *class);
                if length >= SHAPE_MIN {
                    self.add(hash);
                }
            }
        }
    }

    /// Signals in steps. Each counts as several features, or it would drown among the pieces.
    fn signals(&mut self, message: &Message, signals: &Signals) {
        let lines = message.surfaces.iter().map(|surface| surface.text.matches('\n').count()).sum::<usize>();
        let links = message
            .surfaces
            .iter()
            .map(|surface| surface.text.matches("://").count() + surface.text.matches("t.me").count())
            .sum::<usize>();
        let of = |signal| signals.get(signal);
        let steps = [
            (of(Signal::Length) / 10).min(20),
            of(Signal::Digits).min(9),
            of(Signal::CapitalsPercent) / 10,
            of(Signal::Emoji).min(6),
            u32::try_from(lines).unwrap_or(u32::MAX).min(9),
            u32::try_from(links).unwrap_or(u32::MAX).min(3),
            of(Signal::MixedWords).min(4),
        ];
        for (which, value) in (1_u32..).zip(steps) {
            for copy in 0..4 {
                self.add(step(step(step(SIGNAL_SEED, which), value), copy));
            }
        }
    }
}

const SHAPE_SEED: u32 = 0x5bd1_e995;
const SIGNAL_SEED: u32 = 0x27d4_eb2f;

/// Takes one more character into a hash.
const fn step(hash: u32, ch: u32) -> u32 {
    let mixed = (hash ^ ch).wrapping_mul(0x9e37_79b1);
    mixed ^ (mixed >> 15)
}

/// The number of a piece: the upper bits are the best mixed.
const fn number_of(hash: u32) -> u32 {
    hash.wrapping_mul(0x85eb_ca6b) >> (32 - limits::LEARN_WEIGHTS.trailing_zeros())
}

/// The pieces of a folded text with the sum of what `weight` says of each number, heaviest first, at most `most`; for
/// showing. A piece inside a heavier one is left out.
#[must_use]
pub fn heaviest(folded: &str, most: usize, weight: impl Fn(u32) -> i32) -> Vec<(String, i32)> {
    let chars: Vec<char> = format!(" {folded} ").chars().take(limits::LEARN_CHARS_MAX + 2).collect();
    let mut found: Vec<(String, i32)> = Vec::new();
    for end in 0..chars.len() {
        let mut hash = 0;
        for length in 1..=PIECE_MAX.min(end + 1) {
            let Some(piece) = chars.get(end + 1 - length..=end) else { break };
            hash = step(hash, piece.first().map_or(0, |ch| u32::from(*ch)));
            found.push((piece.iter().collect(), weight(number_of(hash))));
        }
    }
    found.sort_by(|a, b| b.1.abs().cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
    found.dedup();
    let mut kept: Vec<(String, i32)> = Vec::new();
    for (piece, weight) in found {
        if kept.len() >= most {
            break;
        }
        if !kept.iter().any(|(known, _)| known.contains(&piece) || piece.contains(known)) {
            kept.push((piece, weight));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Tally;

    fn list(text: &str) -> Vec<u32> {
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        message.push(SurfaceKind::Text, text);
        let mut features = Features::default();
        for _ in 0..2 {
            features.set(&message, text, &Signals::of(&message, Tally::default()));
        }
        features.list().to_vec()
    }

    #[test]
    fn each_feature_is_there_once_and_below_the_bound() {
        let mut found = list("free money free money");
        let count = found.len();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), count);
        assert!(found.iter().all(|number| usize::try_from(*number).is_ok_and(|at| at < limits::LEARN_WEIGHTS)));
    }

    #[test]
    fn equal_texts_have_equal_features_and_others_have_others() {
        assert_eq!(list("free money"), list("free money"));
        let (one, other) = (list("free money for everybody who writes"), list("see you tomorrow at the bridge"));
        assert!(one.iter().filter(|number| other.contains(number)).count() * 2 < one.len());
    }

    #[test]
    fn the_pieces_shown_are_those_that_are_counted() {
        let found = list("abc");
        assert!(heaviest("abc", 9, |number| i32::from(found.contains(&number))).iter().all(|(_, weight)| *weight == 1));
    }
}
