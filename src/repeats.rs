//! Who writes how often, and what is written again and again: a bounded memory of the last messages.
//!
//! Promises: at most `limits::REPEATS_KEPT` messages, each as a few numbers and never as its text; a look is one pass
//! over them. Two texts are nearly the same when two of four samples of their pieces are, so that a changed word or number
//! does not hide a copy.
//!
//! Never: a judgement, a clock. The time is given.

use crate::clock::Monotonic;
use crate::limits;
use crate::message::{Behaviour, ChatId, Message, Revision, Sender};
use crate::text::plain_class;
use std::collections::VecDeque;

/// The memory.
#[derive(Debug, Default)]
pub struct Repeats {
    seen: VecDeque<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    chat: ChatId,
    sender: Sender,
    at: Monotonic,
    /// The smallest hash of all pieces, for each of four ways to hash; `None` for texts too short to tell.
    samples: Option<[u32; SAMPLES]>,
    is_short: bool,
}

const SAMPLES: usize = 4;
/// Characters of one piece.
const PIECE: usize = 5;
/// Samples that two texts must share.
const SHARED: usize = 2;
const WINDOW_MS: u64 = 600_000;
const RATE_MS: u64 = 60_000;
const SHORT_CHARS: usize = 3;

impl Repeats {
    /// What was seen before this message, which is remembered from now on. An edited message is compared and not counted.
    pub fn note(&mut self, message: &Message, now: Monotonic) -> Behaviour {
        while self.seen.front().is_some_and(|oldest| now.since_ms(oldest.at) > WINDOW_MS) {
            self.seen.pop_front();
        }
        let own = Seen {
            chat: message.chat,
            sender: message.sender,
            at: now,
            samples: samples(message),
            is_short: is_short(message),
        };
        let mut behaviour = Behaviour::default();
        for other in &self.seen {
            let is_here = other.chat == own.chat;
            if is_here && other.sender == own.sender && now.since_ms(other.at) <= RATE_MS {
                behaviour.sender_rate += 1;
                behaviour.short_rate += u32::from(other.is_short && own.is_short);
            }
            if let (Some(one), Some(two)) = (own.samples, other.samples)
                && one.iter().zip(two).filter(|(one, two)| **one == *two).count() >= SHARED
            {
                behaviour.repeats_fleet += 1;
                behaviour.repeats_chat += u32::from(is_here);
            }
        }
        if message.revision == Revision::Original {
            if self.seen.len() >= limits::REPEATS_KEPT {
                self.seen.pop_front();
            }
            self.seen.push_back(own);
        }
        behaviour
    }
}

fn is_short(message: &Message) -> bool {
    let mut chars = message.surfaces.iter().flat_map(|surface| surface.text.chars());
    chars.next().is_some() && chars.nth(SHORT_CHARS - 1).is_none()
}

fn samples(message: &Message) -> Option<[u32; SAMPLES]> {
    let mut smallest = [u32::MAX; SAMPLES];
    let mut window = [0_u32; PIECE];
    let mut length = 0;
    let mut before = ' ';
    let letters = message.surfaces.iter().flat_map(|surface| surface.text.chars()).filter_map(plain_class);
    for ch in letters.take(limits::REPEATS_CHARS_MAX) {
        // A run is one letter here, as everywhere.
        if ch == before {
            continue;
        }
        before = ch;
        window.rotate_left(1);
        if let Some(last) = window.last_mut() {
            *last = u32::from(ch);
        }
        length += 1;
        if length < PIECE {
            continue;
        }
        let piece = window.iter().fold(0x811c_9dc5_u32, |hash, ch| (hash ^ ch).wrapping_mul(0x0100_0193));
        for (slot, way) in smallest.iter_mut().zip([0x9e37_79b1_u32, 0x85eb_ca6b, 0xc2b2_ae35, 0x27d4_eb2f]) {
            let mixed = (piece ^ way).wrapping_mul(way | 1);
            *slot = (*slot).min(mixed ^ (mixed >> 15));
        }
    }
    (length >= limits::REPEATS_LETTERS_MIN).then_some(smallest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{MessageId, SurfaceKind, UserId};

    fn message(chat: i64, user: i64, text: &str) -> Message {
        let mut message = Message::empty(ChatId(chat), MessageId(1), Sender::Member(UserId(user)));
        message.push(SurfaceKind::Text, text);
        message
    }

    const AD: &str = "come to our new channel, every day prizes for everybody who joins, number";

    #[test]
    fn nearly_the_same_text_is_counted_here_and_everywhere() {
        let mut repeats = Repeats::default();
        for (at, chat) in [(1, -1), (2, -1), (3, -2)] {
            repeats.note(&message(chat, at, &format!("{AD} {at}{at}{at}")), Monotonic(u64::try_from(at).unwrap_or(0)));
        }
        let seen = repeats.note(&message(-1, 9, &format!("{AD} 777!")), Monotonic(4));
        assert_eq!((seen.repeats_chat, seen.repeats_fleet, seen.sender_rate), (2, 3, 0));
        let other =
            repeats.note(&message(-1, 8, "who has seen the blue umbrella that stood by the door?"), Monotonic(5));
        assert_eq!((other.repeats_chat, other.repeats_fleet), (0, 0));
        let later = repeats.note(&message(-1, 9, AD), Monotonic(WINDOW_MS + 10));
        assert_eq!(later.repeats_fleet, 0);
    }

    #[test]
    fn a_sender_who_writes_often_or_probes_is_counted() {
        let mut repeats = Repeats::default();
        for at in 0..5 {
            let seen = repeats.note(&message(-1, 7, "ab"), Monotonic(at));
            assert_eq!((u64::from(seen.sender_rate), u64::from(seen.short_rate)), (at, at));
            assert_eq!(seen.repeats_chat, 0, "short texts are alike by nature");
        }
        assert_eq!(repeats.note(&message(-2, 7, "ab"), Monotonic(5)).sender_rate, 0);
        assert_eq!(repeats.note(&message(-1, 7, "ab"), Monotonic(5 + RATE_MS)).sender_rate, 0);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut repeats = Repeats::default();
        for at in 0..u64::try_from(limits::REPEATS_KEPT).unwrap_or(0) + 100 {
            repeats.note(&message(-1, 1, AD), Monotonic(at));
        }
        assert_eq!(repeats.seen.len(), limits::REPEATS_KEPT);
    }
}
