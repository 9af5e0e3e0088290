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
use super::tables::is_word;

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

/// What a character of a text is read as, when it is not read as itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    Latin,
    Cyrillic,
    /// No letters near, or letters that nobody writes in digits.
    None,
}

impl Context {
    const fn of(letter: char) -> Self {
        match letter {
            'a'..='z' | '\u{e0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' => Self::Latin,
            '\u{400}'..='\u{52f}' => Self::Cyrillic,
            _ => Self::None,
        }
    }
}

/// The letter a digit or sign stands for among letters of a script.
const fn stands_for(ch: char, context: Context) -> Option<char> {
    Some(match (ch, context) {
        (_, Context::None) => return None,
        ('0', _) => 'o',
        ('1' | '!' | '|', _) => 'l',
        ('3', Context::Cyrillic) => '\u{437}',
        ('3' | '\u{20ac}', _) => 'e',
        ('4', Context::Cyrillic) => '\u{447}',
        ('4' | '@', _) => 'a',
        ('5', _) => 's',
        ('$', Context::Cyrillic) => 'c',
        ('$', _) => 's',
        ('6', Context::Cyrillic) => '\u{431}',
        ('6' | '8', _) => 'b',
        ('7', _) => 't',
        ('9', _) => 'g',
        _ => return None,
    })
}

const fn is_sign_letter(ch: char) -> bool {
    matches!(ch, '@' | '$' | '\u{20ac}')
}

const fn is_inner_letter(ch: char) -> bool {
    matches!(ch, '!' | '|')
}

/// Calls `letter` with every letter of the skeleton, before runs are made one, and where it stands.
fn walk(folded: &str, mut letter: impl FnMut(usize, char)) {
    let mut before = '\n';
    let mut context = Context::None;
    // Of the token at hand, and of the one before: how many letters and digits it has.
    let (mut length, mut length_before) = (0_u32, 0_u32);
    let mut chars = folded.char_indices();
    while let Some((at, ch)) = chars.next() {
        if ch.is_ascii_lowercase() {
            if length == 0 || context == Context::None {
                context = Context::Latin;
            }
            length += 1;
            letter(at, if ch == 'i' { 'l' } else { ch });
            before = ch;
            continue;
        }
        if ch == ' ' || ch == '\n' {
            if length > 0 {
                length_before = length;
                length = 0;
            }
            if ch == '\n' {
                length_before = 0;
                letter(at, '\n');
            }
            before = ch;
            continue;
        }
        let after = || chars.clone().next().map_or('\n', |(_, next)| next);
        let is_digit = ch.is_ascii_digit();
        if is_digit || is_sign_letter(ch) || is_inner_letter(ch) {
            let beside = |near: char| near.is_ascii_digit() || (is_word(near) && !has_no_spaces(near));
            let read = if is_digit {
                Some(())
            } else if is_inner_letter(ch) {
                (beside(before) && beside(after())).then_some(())
            } else {
                (beside(before) || beside(after())).then_some(())
            };
            if read.is_some() {
                let spaced = length == 0 && length_before == 1;
                if length == 0 && !spaced {
                    context = ahead(folded.get(at..).unwrap_or_default());
                } else if context == Context::None {
                    context = ahead(folded.get(at..).unwrap_or_default());
                }
                let alone = spaced && is_word(after());
                let meant = if alone { None } else { stands_for(ch, context) };
                match meant {
                    Some(meant) => letter(at, meant),
                    None if is_digit => letter(at, ch),
                    None => {}
                }
                if is_digit || meant.is_some() {
                    length += 1;
                }
                before = ch;
                continue;
            }
        }
        if is_word(ch) {
            let shaped = shape(ch);
            context = Context::of(ch);
            length += 1;
            letter(at, shaped);
        } else if length > 0 {
            length_before = length;
            length = 0;
        }
        before = ch;
    }
}

/// The script of the first letter of a token that begins with digits or signs.
fn ahead(text: &str) -> Context {
    text.chars()
        .take_while(|ch| is_word(*ch) || is_sign_letter(*ch) || is_inner_letter(*ch))
        .find(|ch| !ch.is_ascii_digit() && is_word(*ch))
        .map_or(Context::None, Context::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_of_one_phrase_share_a_skeleton() {
        let plain = skeleton("free money");
        assert_eq!(plain, "fremoney");
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
    fn numbers_stay_numbers() {
        for (text, bones) in
            [("100 5", "105"), ("pay 100", "pay10"), ("room 4", "rom4"), ("$100", "10"), ("a4 paper", "apaper")]
        {
            assert_eq!(skeleton(text), bones, "{text}");
        }
    }

    #[test]
    fn digits_are_read_by_the_script_around_them() {
        assert_eq!(
            skeleton("\u{43a}\u{430}3\u{438}\u{43d}\u{43e}"),
            skeleton("\u{43a}\u{430}\u{437}\u{438}\u{43d}\u{43e}")
        );
        assert_eq!(skeleton("ca3ino"), "caelno");
        assert_eq!(skeleton("\u{52a0}1\u{5fae}"), "\u{52a0}1\u{5fae}");
    }

    #[test]
    fn signs_are_letters_only_inside_words() {
        assert_eq!(skeleton("free! money"), "fremoney");
        assert_eq!(skeleton("fr!ends"), skeleton("friends"));
        assert_eq!(skeleton("ca$h"), "cash");
    }

    #[test]
    fn places_lead_to_the_first_and_the_last_of_a_run() {
        let mut skeleton = Skeleton::default();
        skeleton.set("free emails\nend");
        assert_eq!(skeleton.text(), "fremals\nend");
        assert_eq!(skeleton.place(2), Some(Place { first: 2, last: 5 }));
    }
}
