//! The skeleton of a folded text: what is left when everything is taken away that a disguise may add or change. Letters
//! only, each as the plainest letter drawn like it, digits and signs read as the letters they stand for, and of a run of
//! equal letters one. "F.r.e.e  m0n3y", "freeee money" and "free money" have one skeleton.
//!
//! Promises: linear; equal disguises of one phrase have equal skeletons, for messages and keywords alike; every letter
//! knows the first and the last place of the folded text it stands for; texts of two surfaces never run together.
//!
//! Never: a verdict. Different words may share a skeleton, so whoever finds one there looks at the folded text again.

use super::has_no_spaces;
use super::lookalike::shape;
use super::tables::{is_word, simple};

/// Where in the folded text the letters of a skeleton stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// First byte of the first letter of the run.
    pub first: u16,
    /// First byte of its last letter.
    pub last: u16,
}

/// A skeleton with the way back to the folded text.
#[derive(Clone, Debug, Default)]
pub struct Skeleton {
    text: String,
    /// One for each byte of `text`.
    places: Vec<Place>,
}

impl Skeleton {
    /// The letters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the letter that has the byte at `at` stands.
    #[must_use]
    pub fn place(&self, at: usize) -> Option<Place> {
        self.places.get(at).copied()
    }

    /// Heap bytes held by the buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.capacity() + self.places.capacity() * size_of::<Place>()
    }

    /// Makes the skeleton of a folded text, in the place of the one before.
    pub fn set(&mut self, folded: &str) {
        self.text.clear();
        self.places.clear();
        let mut last = '\n';
        walk(folded, |at, letter| {
            let at = super::canonical::small(at);
            if letter == last && letter != '\n' {
                let from = self.places.len() - letter.len_utf8();
                for place in self.places.iter_mut().skip(from) {
                    place.last = at;
                }
                return;
            }
            last = letter;
            self.text.push(letter);
            let place = Place { first: at, last: at };
            for _ in 0..letter.len_utf8() {
                self.places.push(place);
            }
        });
    }
}

/// The skeleton of a folded phrase, as for a keyword; empty when it has no letter and no digit.
#[must_use]
pub fn skeleton(folded: &str) -> String {
    let mut skeleton = Skeleton::default();
    skeleton.set(folded);
    skeleton.text
}

/// The letter that stands for all that a reader may take for each other: letters of several scripts, large and small, and
/// the digits and signs that stand for letters.
#[must_use]
pub const fn class_of(ch: char) -> char {
    match ch {
        '0' | '\u{3c3}' => 'o',
        '1' | '!' | '|' => 'l',
        '3' | '\u{20ac}' | '\u{437}' | '\u{454}' => 'e',
        '4' | '@' | '\u{447}' => 'a',
        '5' | '$' => 's',
        '6' | '8' | '\u{431}' => 'b',
        '7' => 't',
        '9' => 'g',
        'h' | 'v' | '\u{43d}' | '\u{43f}' | '\u{3b7}' | '\u{3bd}' | '\u{3c0}' | '\u{475}' => 'n',
        'y' | '\u{443}' | '\u{3b3}' | '\u{3c5}' => 'u',
        '\u{3bb}' => '\u{43b}',
        _ => match ch {
            'a'..='z' if ch != 'i' => ch,
            _ => shape(ch),
        },
    }
}

/// The class of a letter or digit as written, without a look at what stands around it; `None` for all that is no plain
/// letter. For comparing texts with each other, where the whole fold would cost more than it tells.
#[must_use]
pub fn plain_class(ch: char) -> Option<char> {
    simple(ch).filter(|folded| is_word(*folded)).map(class_of)
}

const fn is_sign_letter(ch: char) -> bool {
    matches!(ch, '@' | '$' | '\u{20ac}' | '!' | '|')
}

/// Calls `letter` with every letter of the skeleton, before runs are made one, and where it stands.
fn walk(folded: &str, mut letter: impl FnMut(usize, char)) {
    let mut before = '\n';
    // Whether the character before was read as a letter.
    let mut was_letter = false;
    let mut chars = folded.char_indices();
    while let Some((at, ch)) = chars.next() {
        if ch.is_ascii_alphanumeric() || (ch != ' ' && !is_sign_letter(ch) && is_word(ch)) {
            letter(at, class_of(ch));
            was_letter = is_letter(ch) || (was_letter && ch.is_ascii_digit());
        } else if is_sign_letter(ch) {
            let is_mark = matches!(ch, '!' | '|');
            // An exclamation mark ends words more often than it hides a letter.
            was_letter = leads_to_letter(chars.clone(), ch, before) || (was_letter && !is_mark && before != ' ');
            if was_letter {
                letter(at, class_of(ch));
            }
        } else {
            was_letter = false;
            if ch == '\n' {
                letter(at, ch);
            }
        }
        before = ch;
    }
}

fn is_letter(ch: char) -> bool {
    is_word(ch) && !ch.is_ascii_digit() && !has_no_spaces(ch)
}

/// Whether a sign is the beginning of a word: a letter follows, at most one other sign or digit before it.
fn leads_to_letter(mut after: std::str::CharIndices<'_>, sign: char, before: char) -> bool {
    let mut next = || after.next().map_or('\n', |(_, ch)| ch);
    let first = next();
    // A word of its own: "@ d@y"; and signs at a word's end: "th!$", "1@".
    if (sign == '@' && ((before == ' ' && first == ' ') || before.is_ascii_digit())) || matches!(first, '@' | '$') {
        return true;
    }
    let mut ch = first;
    for _ in 0..4 {
        if is_letter(ch) {
            return true;
        }
        if !ch.is_ascii_digit() && !is_sign_letter(ch) {
            return false;
        }
        ch = next();
    }
    is_letter(ch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_of_one_phrase_share_a_skeleton() {
        let plain = skeleton("free money");
        assert_eq!(plain, "fremoneu");
        for dressed in [
            "f r e e m o n e y",
            "f.r.e.e-m.o.n.e.y",
            "freeeee   mooney",
            "fr33 m0n3y",
            "fr\u{435}e m\u{43e}ney",
            "free, money!",
            "f r 3 e m 0 n 3 y",
        ] {
            assert_eq!(skeleton(dressed), plain, "{dressed}");
        }
    }

    #[test]
    fn digits_are_read_as_any_letter_they_stand_for() {
        assert_eq!(
            skeleton("\u{43a}\u{430}3\u{438}\u{43d}\u{43e}"),
            skeleton("\u{43a}\u{430}\u{437}\u{438}\u{43d}\u{43e}")
        );
        assert_eq!(skeleton("m0n3y"), skeleton("money"));
        assert_eq!(skeleton("1 8 +"), skeleton("18+"));
    }

    #[test]
    fn signs_are_letters_only_inside_words() {
        assert_eq!(skeleton("free! money"), "fremoneu");
        assert_eq!(skeleton("fr!ends"), skeleton("friends"));
        assert_eq!(skeleton("ca$h"), skeleton("cash"));
    }

    #[test]
    fn places_lead_to_the_first_and_the_last_of_a_run() {
        let mut skeleton = Skeleton::default();
        skeleton.set("free emails\nend");
        assert_eq!(skeleton.text(), "fremals\nend");
        assert_eq!(skeleton.place(2), Some(Place { first: 2, last: 5 }));
    }
}
