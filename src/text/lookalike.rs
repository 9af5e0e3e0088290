//! Letters of one script that are drawn like those of another, brought to one script a word.
//!
//! Promises: a word of one script is left as it is; a word that mixes Latin, Cyrillic and Greek is written in the script
//! that its telling letters belong to; doing it twice changes nothing more. [`shape`] is the
//! same for letters drawn alike, whatever their script.
//!
//! Never: a guess about a word's language. Only letters count.

/// Letters of a word, by what they tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scripts {
    latin: u16,
    latin_only: u16,
    cyrillic: u16,
    cyrillic_only: u16,
    greek: u16,
    greek_only: u16,
}

/// The script a word is brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Latin,
    Cyrillic,
}

const fn latin_of_cyrillic(ch: char) -> Option<char> {
    Some(match ch {
        '\u{430}' => 'a',
        '\u{432}' => 'b',
        '\u{441}' => 'c',
        '\u{435}' => 'e',
        '\u{43d}' => 'h',
        '\u{456}' => 'i',
        '\u{458}' => 'j',
        '\u{43a}' => 'k',
        '\u{43c}' => 'm',
        '\u{43e}' => 'o',
        '\u{440}' => 'p',
        '\u{455}' => 's',
        '\u{442}' => 't',
        '\u{445}' => 'x',
        '\u{443}' => 'y',
        _ => return None,
    })
}

const fn cyrillic_of_latin(ch: char) -> Option<char> {
    Some(match ch {
        'a' => '\u{430}',
        'b' => '\u{432}',
        'c' => '\u{441}',
        'e' => '\u{435}',
        'h' => '\u{43d}',
        'i' => '\u{456}',
        'j' => '\u{458}',
        'k' => '\u{43a}',
        'm' => '\u{43c}',
        'o' => '\u{43e}',
        'p' => '\u{440}',
        's' => '\u{455}',
        't' => '\u{442}',
        'x' => '\u{445}',
        'y' => '\u{443}',
        _ => return None,
    })
}

/// Latin letters that stand for a Cyrillic one in hand-made disguise and still tell that a word is Latin.
const fn disguise_of_cyrillic(ch: char) -> Option<char> {
    Some(match ch {
        'n' => '\u{43f}',
        'r' => '\u{433}',
        'u' => '\u{438}',
        'w' => '\u{448}',
        _ => return None,
    })
}

const fn latin_of_greek(ch: char) -> Option<char> {
    Some(match ch {
        '\u{3b1}' => 'a',
        '\u{3b2}' => 'b',
        '\u{3b5}' => 'e',
        '\u{3b6}' => 'z',
        '\u{3b7}' => 'h',
        '\u{3b9}' => 'i',
        '\u{3ba}' => 'k',
        '\u{3bc}' => 'm',
        '\u{3bd}' => 'v',
        '\u{3bf}' => 'o',
        '\u{3c1}' => 'p',
        '\u{3c3}' => 'o',
        '\u{3c4}' => 't',
        '\u{3c5}' => 'u',
        '\u{3c7}' => 'x',
        '\u{3c9}' => 'w',
        _ => return None,
    })
}

/// Which scripts with look-alikes the letters of a word have been of, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(u8);

impl Seen {
    /// Notes a folded letter.
    pub(super) const fn note(&mut self, ch: char) {
        self.0 |= match ch {
            'a'..='z' => 1,
            '\u{400}'..='\u{52f}' => 2,
            '\u{370}'..='\u{3ff}' => 4,
            _ => 0,
        };
    }

    /// Whether more than one was seen: only then is counting worth it.
    pub(super) const fn is_mixed(self) -> bool {
        self.0.count_ones() > 1
    }
}

impl Scripts {
    /// Counts all letters of a folded word.
    pub(super) fn of(word: &str) -> Self {
        let mut scripts = Self::default();
        word.chars().for_each(|ch| scripts.count(ch));
        scripts
    }

    /// Counts a folded letter.
    fn count(&mut self, ch: char) {
        match ch {
            'a'..='z' => {
                self.latin = self.latin.saturating_add(1);
                if cyrillic_of_latin(ch).is_none() {
                    self.latin_only = self.latin_only.saturating_add(1);
                }
            }
            '\u{400}'..='\u{52f}' => {
                self.cyrillic = self.cyrillic.saturating_add(1);
                if latin_of_cyrillic(ch).is_none() {
                    self.cyrillic_only = self.cyrillic_only.saturating_add(1);
                }
            }
            '\u{370}'..='\u{3ff}' => {
                self.greek = self.greek.saturating_add(1);
                if latin_of_greek(ch).is_none() {
                    self.greek_only = self.greek_only.saturating_add(1);
                }
            }
            _ => {}
        }
    }

    /// The script the word is brought to; `None` when it has one script only, or is Greek.
    pub(super) const fn target(self) -> Option<Target> {
        match (self.latin > 0, self.cyrillic > 0, self.greek > 0) {
            (true, false, true) => {
                if self.greek_only > 0 && self.greek > self.latin {
                    None
                } else {
                    Some(Target::Latin)
                }
            }
            (false, true, true) => Some(Target::Cyrillic),
            (true, true, _) => match (self.latin_only > 0, self.cyrillic_only > 0) {
                (true, false) => Some(Target::Latin),
                (false, true) => Some(Target::Cyrillic),
                _ if self.cyrillic > self.latin => Some(Target::Cyrillic),
                _ => Some(Target::Latin),
            },
            _ => None,
        }
    }
}

/// A letter, in the script its word is brought to.
pub(super) fn bring(ch: char, target: Target) -> char {
    let brought = match target {
        Target::Latin => latin_of_cyrillic(ch).or_else(|| latin_of_greek(ch)),
        Target::Cyrillic => cyrillic_of_latin(ch)
            .or_else(|| disguise_of_cyrillic(ch))
            .or_else(|| latin_of_greek(ch).and_then(cyrillic_of_latin)),
    };
    brought.unwrap_or(ch)
}

/// The plainest letter drawn like a folded one: Latin where there is such a letter, and `l` for all that is a stroke.
#[must_use]
pub const fn shape(ch: char) -> char {
    let latin = match ch {
        '\u{43f}' => 'n',
        '\u{433}' => 'r',
        '\u{438}' => 'u',
        '\u{448}' => 'w',
        '\u{454}' => 'e',
        '\u{44c}' => 'b',
        '\u{475}' => 'v',
        '\u{50d}' => 'g',
        '\u{51b}' => 'q',
        '\u{3c6}' => '\u{444}',
        '\u{3f3}' => 'j',
        '\u{4c0}' | '\u{4cf}' | '\u{3b9}' | '\u{456}' | '\u{457}' => 'l',
        _ => match latin_of_cyrillic(ch) {
            Some(latin) => latin,
            None => match latin_of_greek(ch) {
                Some(latin) => latin,
                None => ch,
            },
        },
    };
    if latin == 'i' { 'l' } else { latin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_letters_go_both_ways() {
        for ch in 'a'..='z' {
            if let Some(cyrillic) = cyrillic_of_latin(ch) {
                assert_eq!(latin_of_cyrillic(cyrillic), Some(ch));
            }
        }
        for code in 0x400..0x530 {
            let ch = char::from_u32(code).expect("a Cyrillic letter");
            if let Some(latin) = latin_of_cyrillic(ch) {
                assert_eq!(cyrillic_of_latin(latin), Some(ch));
            }
        }
    }
}
