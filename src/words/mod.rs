//! What the bot says in groups, in five languages.
//!
//! A caller names a [`Phrase`] and hands in what belongs in its places; a [`Language`] has the text. The files beside this
//! one hold the texts and nothing else, one language each.
//!
//! Promises: every language has every text, or it does not compile; the places `{0}`, `{1}`.. of a text are those of the
//! English one; a text is plain, of bounded length, and meant to be sent without a parse mode. What is put in is put in
//! as it is, once: a name that looks like a place stays a name.
//!
//! Never: a cut, and no cleaning of what is put in. Who hands in what a stranger wrote makes it one line first
//! ([`crate::text::one_line`]).

/// Makes the function of one language that has its texts. A phrase that is missing does not compile.
macro_rules! texts {
    ($($name:ident => $text:literal,)*) => {
        /// The text of a phrase.
        pub(super) const fn text(phrase: $crate::words::Phrase) -> &'static str {
            match phrase {
                $($crate::words::Phrase::$name => $text,)*
            }
        }
    };
}

mod de;
mod en;
mod es;
mod phrase;
mod ru;
#[cfg(test)]
mod tests;
mod zh;

pub use phrase::Phrase;

use serde::{Deserialize, Serialize};

/// A language the bot speaks. As written in settings and stored: [`Language::word`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
    /// German.
    De,
    /// Spanish.
    Es,
    /// Chinese, in simplified characters.
    Zh,
}

/// Seconds of each unit of time, the largest first: week, day, hour, minute, second.
const UNIT_SECONDS: [u32; 5] = [7 * 86_400, 86_400, 3_600, 60, 1];

/// How a language writes a length of time.
struct Units {
    /// A row a unit of [`UNIT_SECONDS`]: for one; for a few; for many; and for one, in [`Units::lasting`].
    names: [[&'static str; 4]; 5],
    /// How long something lasts: `{0}` is the count, `{1}` the unit.
    lasting: &'static str,
    /// It has no end.
    for_ever: &'static str,
}

impl Units {
    fn one_lasting(&self, row: usize) -> &'static str {
        let [.., lasting] = self.names.get(row).copied().unwrap_or_default();
        lasting
    }
}

impl Language {
    /// All languages, the default first.
    pub const ALL: [Self; 5] = [Self::En, Self::Ru, Self::De, Self::Es, Self::Zh];

    /// The language's code of two letters (ISO 639-1), which is also what the Bot API's `language_code` takes.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::De => "de",
            Self::Es => "es",
            Self::Zh => "zh",
        }
    }

    /// The language that [`Language::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.word() == word)
    }

    /// The text of a phrase, with its places as they are: what buttons and descriptions of commands need.
    #[must_use]
    pub const fn text(self, phrase: Phrase) -> &'static str {
        match self {
            Self::En => en::text(phrase),
            Self::Ru => ru::text(phrase),
            Self::De => de::text(phrase),
            Self::Es => es::text(phrase),
            Self::Zh => zh::text(phrase),
        }
    }

    const fn units(self) -> &'static Units {
        match self {
            Self::En => &en::UNITS,
            Self::Ru => &ru::UNITS,
            Self::De => &de::UNITS,
            Self::Es => &es::UNITS,
            Self::Zh => &zh::UNITS,
        }
    }

    /// A phrase with `{0}`, `{1}`.. replaced by what is handed in, in one pass. A place that nothing is handed in for
    /// becomes empty; what no place asks for is left out.
    #[must_use]
    pub fn say(self, phrase: Phrase, with: &[&str]) -> String {
        filled(self.text(phrase), with)
    }

    /// A length of time in its largest whole unit: "2 weeks", "90 seconds"; "for ever" for 0.
    #[must_use]
    pub fn length(self, seconds: u32) -> String {
        let units = self.units();
        match counted(seconds) {
            None => units.for_ever.to_owned(),
            Some((count, row)) => format!("{count} {}", self.unit(count, row)),
        }
    }

    /// How long something lasts, as a part of a sentence: "for 2 weeks"; "for ever" for 0.
    #[must_use]
    pub fn lasting(self, seconds: u32) -> String {
        let units = self.units();
        let Some((count, row)) = counted(seconds) else { return units.for_ever.to_owned() };
        let name = match self.plural(count) {
            Plural::One => units.one_lasting(row),
            Plural::Few | Plural::Many => self.unit(count, row),
        };
        filled(units.lasting, &[&count.to_string(), name])
    }

    fn unit(self, count: u32, row: usize) -> &'static str {
        let [one, few, many, _] = self.units().names.get(row).copied().unwrap_or_default();
        match self.plural(count) {
            Plural::One => one,
            Plural::Few => few,
            Plural::Many => many,
        }
    }

    /// Unicode CLDR, plural rules of whole numbers.
    const fn plural(self, count: u32) -> Plural {
        match (self, count % 10, count % 100) {
            (Self::Ru, _, 11..=14) => Plural::Many,
            (Self::Ru, 1, _) => Plural::One,
            (Self::Ru, 2..=4, _) => Plural::Few,
            (Self::Ru, ..) => Plural::Many,
            _ if count == 1 => Plural::One,
            _ => Plural::Many,
        }
    }
}

/// Which form of a noun a number asks for.
#[derive(Clone, Copy)]
enum Plural {
    One,
    Few,
    Many,
}

/// How many of which row of [`UNIT_SECONDS`]; `None` for no time at all, which stands for ever.
fn counted(seconds: u32) -> Option<(u32, usize)> {
    let whole = |unit: &u32| seconds.is_multiple_of(*unit);
    let row = UNIT_SECONDS.iter().position(whole).filter(|_| seconds > 0)?;
    UNIT_SECONDS.get(row).map(|unit| (seconds / unit, row))
}

/// A text with its places filled, from left to right: what was put in is not looked at again.
fn filled(text: &str, with: &[&str]) -> String {
    let mut said = String::with_capacity(text.len() + with.iter().map(|value| value.len()).sum::<usize>());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        said.push_str(before);
        let Some((place, after)) = after.split_once('}') else {
            said.push('{');
            rest = after;
            continue;
        };
        said.push_str(place.parse::<usize>().ok().and_then(|place| with.get(place)).copied().unwrap_or_default());
        rest = after;
    }
    said.push_str(rest);
    said
}
