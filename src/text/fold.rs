//! The folded view: compatibility forms, case, marks and look-alikes taken away.
//!
//! What is done to each cluster (a character and the marks on it), in this order: invisible characters dropped and
//! counted; tag characters turned into the ASCII they stand for; NFKC; lower case; marks removed from Latin, Greek and
//! Cyrillic letters; then, word by word, letters that look alike brought to one alphabet.
//!
//! A word is unified only if it mixes alphabets: then all its letters that have a twin go to the alphabet that the
//! letters without a twin belong to. A word of one alphabet is left as it is, so that an honest word never turns into
//! another.

use super::spans::{Origin, Spans};
use crate::limits;
use crate::message::{Message, Truncation};
use crate::verdict::Span;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};
use unicode_script::{Script, UnicodeScript};

/// The folded view of a message: all its surfaces, joined by line feeds.
#[derive(Clone, Debug, Default)]
pub struct Canonical {
    text: String,
    spans: Spans,
    /// Characters that cannot be seen, dropped.
    pub invisible: u32,
    /// Whether the view was cut at its bound.
    pub truncated: Truncation,
    word: Word,
    /// The alphabet of the message, for words that could be of either.
    lean: Option<Alphabet>,
    cluster: String,
    plain: String,
}

/// The word being written: where it starts, and which alphabets it has letters of that have no twin elsewhere.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    start: usize,
    latin: Letters,
    cyrillic: Letters,
    greek: Letters,
}

#[derive(Clone, Copy, Debug, Default)]
struct Letters {
    any: u32,
    own: u32,
}

impl Canonical {
    /// The view.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where bytes of the view came from.
    #[must_use]
    pub fn span(&self, from: usize, to: usize) -> Option<Span> {
        self.spans.back(from, to)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
        self.invisible = 0;
        self.truncated = Truncation::Whole;
        self.word = Word::default();
        self.lean = None;
    }

    fn here(&self) -> u32 {
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.text.len().saturating_add(bytes) <= limits::CANONICAL_BYTES_MAX
    }
}

/// Folds every surface of a message into `view`.
pub fn fold(message: &Message, view: &mut Canonical) {
    view.clear();
    view.truncated = message.truncated;
    view.lean = lean(message.surfaces.iter().map(|surface| surface.text.as_str()));
    for (index, surface) in message.surfaces.iter().enumerate() {
        if index > 0 && view.has_room(1) {
            view.end_word();
            view.text.push('\n');
        }
        view.surface(u16::try_from(index).unwrap_or(u16::MAX), &surface.text);
    }
    view.end_word();
}

/// Folds a keyword by the same rules as a message.
#[must_use]
pub fn fold_phrase(phrase: &str) -> String {
    let mut view = Canonical { lean: lean(std::iter::once(phrase)), ..Canonical::default() };
    view.surface(0, phrase);
    view.end_word();
    view.text.trim().to_owned()
}

impl Canonical {
    fn surface(&mut self, surface: u16, text: &str) {
        let mut at = Origin { surface, from: 0, to: 0, utf16_from: 0, utf16_to: 0 };
        let mut rest = text;
        // A line feed before, or nothing: a surface does not begin with a space.
        let mut blank = Blank::Yes;
        while let Some(first) = rest.chars().next() {
            let length = cluster_length(rest);
            let Some((cluster, after)) = rest.split_at_checked(length) else { return };
            rest = after;
            at.from = at.to;
            at.utf16_from = at.utf16_to;
            at.to = at.to.saturating_add(u32::try_from(cluster.len()).unwrap_or(0));
            at.utf16_to = at.utf16_to.saturating_add(utf16_length(cluster));
            if !self.has_room(limits::CLUSTER_BYTES_MAX) {
                self.truncated = Truncation::Cut;
                return;
            }
            if first.is_ascii() && length == 1 {
                blank = self.ascii(first, at, blank);
            } else {
                blank = self.cluster(cluster, at, blank);
            }
        }
    }

    fn ascii(&mut self, c: char, at: Origin, blank: Blank) -> Blank {
        if c.is_ascii_whitespace() || c.is_ascii_control() {
            return self.space(at, blank);
        }
        let c = c.to_ascii_lowercase();
        self.spans.plain(self.here(), at);
        self.letter(c);
        Blank::No
    }

    fn space(&mut self, at: Origin, blank: Blank) -> Blank {
        if blank == Blank::No {
            self.end_word();
            self.spans.whole(self.here(), at);
            self.text.push(' ');
            self.word.start = self.text.len();
        }
        Blank::Yes
    }

    fn cluster(&mut self, cluster: &str, at: Origin, blank: Blank) -> Blank {
        let mut plain = std::mem::take(&mut self.plain);
        let mut folded = std::mem::take(&mut self.cluster);
        plain.clear();
        folded.clear();
        for c in cluster.chars() {
            match visible(c) {
                Some(c) => plain.push(c),
                None => self.invisible = self.invisible.saturating_add(1),
            }
        }
        fold_cluster(&plain, &mut folded);
        let mut blank = blank;
        if folded.chars().any(|c| !c.is_whitespace()) {
            self.spans.whole(self.here(), at);
            for c in folded.chars() {
                if c.is_whitespace() {
                    self.end_word();
                    self.text.push(' ');
                    self.word.start = self.text.len();
                } else {
                    self.letter(c);
                }
            }
            blank = Blank::No;
        } else if !folded.is_empty() {
            blank = self.space(at, blank);
        }
        self.plain = plain;
        self.cluster = folded;
        blank
    }

    /// Writes one folded character, and keeps count of the word it belongs to.
    fn letter(&mut self, c: char) {
        if !c.is_alphanumeric() && c != '\'' {
            self.end_word();
            self.text.push(c);
            self.word.start = self.text.len();
            return;
        }
        let count = |letters: &mut Letters, own: bool| {
            letters.any = letters.any.saturating_add(1);
            letters.own = letters.own.saturating_add(u32::from(own));
        };
        match alphabet(c) {
            Some(Alphabet::Latin) => count(&mut self.word.latin, twin(c, Alphabet::Cyrillic).is_none()),
            Some(Alphabet::Cyrillic) => count(&mut self.word.cyrillic, twin(c, Alphabet::Latin).is_none()),
            Some(Alphabet::Greek) => count(&mut self.word.greek, twin(c, Alphabet::Latin).is_none()),
            None => {}
        }
        self.text.push(c);
    }

    /// Brings a word that mixes alphabets to one of them.
    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        self.word.start = self.text.len();
        let mixed = [word.latin.any, word.cyrillic.any, word.greek.any].iter().filter(|any| **any > 0).count() > 1;
        if !mixed {
            return;
        }
        let home = if word.cyrillic.own > word.latin.own.max(word.greek.own)
            || (word.cyrillic.own == word.latin.own && self.lean == Some(Alphabet::Cyrillic))
        {
            Alphabet::Cyrillic
        } else {
            Alphabet::Latin
        };
        // Twins are of the same length in bytes or not, so the word is written anew, character by character; its
        // pieces keep their order, and each keeps its place when the lengths are equal.
        let Some(tail) = self.text.get(word.start..).map(str::to_owned) else { return };
        self.text.truncate(word.start);
        let mut shift = Vec::with_capacity(tail.len());
        for (offset, c) in tail.char_indices() {
            let new = if alphabet(c).is_some_and(|own| own != home) { twin(c, home).unwrap_or(c) } else { c };
            shift.push((word.start + offset, self.text.len()));
            self.text.push(new);
        }
        self.spans.shift(word.start, &shift);
        self.word.start = self.text.len();
    }
}

/// The alphabet that more letters belong to for certain: those that have no twin in the other.
fn lean<'t>(texts: impl Iterator<Item = &'t str>) -> Option<Alphabet> {
    let (mut latin, mut cyrillic) = (0_u32, 0_u32);
    for text in texts.filter(|text| !text.is_ascii()) {
        let seen = text.chars().filter_map(visible);
        for c in seen.nfkd().flat_map(char::to_lowercase).map(squared).filter(|c| canonical_combining_class(*c) == 0) {
            match alphabet(c) {
                Some(Alphabet::Latin) if twin(c, Alphabet::Cyrillic).is_none() => latin = latin.saturating_add(1),
                Some(Alphabet::Cyrillic) if twin(c, Alphabet::Latin).is_none() => cyrillic = cyrillic.saturating_add(1),
                _ => {}
            }
        }
    }
    (cyrillic > latin).then_some(Alphabet::Cyrillic)
}

/// Whether the view so far ends where a space would add nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    Yes,
    No,
}

fn utf16_length(text: &str) -> u32 {
    text.chars().map(|c| if u32::from(c) > 0xFFFF { 2 } else { 1 }).sum()
}

/// Bytes of the first cluster: a character, and the marks and invisible characters that follow it.
fn cluster_length(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, first)) = chars.next() else { return 0 };
    let mut previous = first;
    for (at, c) in chars {
        let joins = !c.is_ascii() && (combines(c) || is_mark(c) || visible(c).is_none() || composes(previous, c));
        if !joins {
            return at;
        }
        previous = c;
    }
    text.len()
}

/// Whether a character is a mark, or falls apart into marks.
fn combines(c: char) -> bool {
    let mut first = None;
    decompose_compatible(c, |part| first = first.or(Some(part)));
    canonical_combining_class(first.unwrap_or(c)) != 0
}

/// Parts of Hangul syllables, in all their forms, which compose with each other.
fn composes(previous: char, c: char) -> bool {
    let is_part = |c| matches!(u32::from(c), 0x1100..=0x11FF | 0x3131..=0x318E | 0xFFA0..=0xFFDC);
    is_part(c) && (is_part(previous) || matches!(u32::from(previous), 0xAC00..=0xD7A3))
}

/// Marks whose class is zero all the same: enclosing ones, and variation selectors.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{20DD}'..='\u{20E0}' | '\u{20E2}'..='\u{20E4}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// The character, or what it stands for, or `None` if nobody can see it.
fn visible(c: char) -> Option<char> {
    match c {
        '\u{E0020}'..='\u{E007E}' => char::from_u32(u32::from(c).saturating_sub(0xE0000)),
        '\u{00AD}'
        | '\u{034F}'
        | '\u{061C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}'
        | '\u{2800}' => None,
        c => Some(c),
    }
}

/// NFKC, lower case, marks: twice, since each can make work for the others.
fn fold_cluster(plain: &str, out: &mut String) {
    let mut marks = 0_usize;
    let mut base_drops_marks = false;
    for c in plain.nfkd().take(limits::CLUSTER_CHARS_MAX) {
        for c in c.to_lowercase().nfkd() {
            let class = canonical_combining_class(c);
            if class == 0 && !is_mark(c) {
                let c = if c == '\u{3c2}' { '\u{3c3}' } else { squared(c) };
                base_drops_marks = matches!(alphabet(c), Some(Alphabet::Latin | Alphabet::Greek | Alphabet::Cyrillic))
                    || !c.is_alphabetic();
                marks = 0;
                out.push(c);
                continue;
            }
            marks = marks.saturating_add(1);
            // A short i is a letter of its own, and not an i with a mark.
            let is_short_i = c == '\u{306}' && out.ends_with('\u{438}');
            if (!base_drops_marks || is_short_i) && marks <= limits::MARKS_MAX && !is_mark(c) {
                out.push(c);
            }
        }
    }
    // Letters with marks that stayed are brought to their short form again.
    if !out.is_ascii() {
        let composed: String = out.nfkc().collect();
        out.clear();
        out.push_str(&composed);
    }
}

/// Letters in squares, that NFKC leaves as they are, and flags' letters.
fn squared(c: char) -> char {
    let from = match u32::from(c) {
        code @ 0x1F170..=0x1F189 => code.saturating_sub(0x1F170),
        code @ 0x1F150..=0x1F169 => code.saturating_sub(0x1F150),
        code @ 0x1F1E6..=0x1F1FF => code.saturating_sub(0x1F1E6),
        _ => return c,
    };
    char::from_u32(from.saturating_add(0x61)).unwrap_or(c)
}

/// The alphabets whose letters are confused with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alphabet {
    Latin,
    Cyrillic,
    Greek,
}

fn alphabet(c: char) -> Option<Alphabet> {
    if c.is_ascii() {
        return c.is_ascii_alphabetic().then_some(Alphabet::Latin);
    }
    match c.script() {
        Script::Latin => Some(Alphabet::Latin),
        Script::Cyrillic => Some(Alphabet::Cyrillic),
        Script::Greek => Some(Alphabet::Greek),
        _ => None,
    }
}

/// Latin letters and the Cyrillic ones that look like them, lower case.
const CYRILLIC_TWINS: [(char, char); 24] = [
    ('a', '\u{430}'),
    ('b', '\u{432}'),
    ('c', '\u{441}'),
    ('d', '\u{501}'),
    ('e', '\u{435}'),
    ('g', '\u{50D}'),
    ('h', '\u{43D}'),
    ('i', '\u{456}'),
    ('j', '\u{458}'),
    ('k', '\u{43A}'),
    ('l', '\u{4CF}'),
    ('m', '\u{43C}'),
    ('n', '\u{43F}'),
    ('o', '\u{43E}'),
    ('p', '\u{440}'),
    ('q', '\u{51B}'),
    ('r', '\u{433}'),
    ('s', '\u{455}'),
    ('t', '\u{442}'),
    ('u', '\u{446}'),
    ('v', '\u{475}'),
    ('w', '\u{51D}'),
    ('x', '\u{445}'),
    ('y', '\u{443}'),
];

/// Greek letters and the Latin ones that look like them, lower case.
const GREEK_TWINS: [(char, char); 15] = [
    ('\u{3b1}', 'a'),
    ('\u{3b2}', 'b'),
    ('\u{3b5}', 'e'),
    ('\u{3b7}', 'n'),
    ('\u{3b9}', 'i'),
    ('\u{3ba}', 'k'),
    ('\u{3bc}', 'm'),
    ('\u{3bd}', 'v'),
    ('\u{3bf}', 'o'),
    ('\u{3c1}', 'p'),
    ('\u{3c4}', 't'),
    ('\u{3c5}', 'u'),
    ('\u{3c7}', 'x'),
    ('\u{3c9}', 'w'),
    ('\u{3b3}', 'y'),
];

/// The letter of alphabet `home` that looks like `c`.
fn twin(c: char, home: Alphabet) -> Option<char> {
    let latin = match alphabet(c)? {
        Alphabet::Latin => c,
        Alphabet::Cyrillic => CYRILLIC_TWINS.iter().find(|(_, cyrillic)| *cyrillic == c)?.0,
        Alphabet::Greek => GREEK_TWINS.iter().find(|(greek, _)| *greek == c)?.1,
    };
    match home {
        Alphabet::Latin => Some(latin),
        Alphabet::Cyrillic => CYRILLIC_TWINS.iter().find(|(twin, _)| *twin == latin).map(|(_, cyrillic)| *cyrillic),
        Alphabet::Greek => None,
    }
}

/// Whether a character belongs to a script that puts no spaces between words: there every place is a boundary.
#[must_use]
pub fn is_unspaced(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            c.script(),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChatId, MessageId, Sender, SurfaceKind};
    use proptest::prelude::*;

    fn message(text: &str) -> Message {
        let mut message = Message::empty(ChatId(1), MessageId(1), Sender::Nobody);
        message.push(SurfaceKind::Text, text);
        message
    }

    fn folded(text: &str) -> Canonical {
        let mut view = Canonical::default();
        fold(&message(text), &mut view);
        view
    }

    #[test]
    fn disguises_fall_off() {
        for (disguised, plain) in [
            ("FREE  Money", "free money"),
            ("fr\u{200b}ee", "free"),
            ("\u{ff46}\u{ff52}\u{ff45}\u{ff45}", "free"),
            ("\u{1d41f}\u{1d42b}\u{1d41e}\u{1d41e}", "free"),
            ("f\u{301}r\u{302}e\u{303}e\u{304}\u{305}\u{306}\u{307}\u{308}", "free"),
            ("\u{24d5}\u{24e1}\u{24d4}\u{24d4}", "free"),
            ("\u{e0066}\u{e0072}\u{e0065}\u{e0065}", "free"),
            ("fr\u{435}\u{435} m\u{43e}ney", "free money"),
            ("\u{440}\u{430}\u{431}ot\u{430}", "\u{440}\u{430}\u{431}\u{43e}\u{442}\u{430}"),
            ("\u{401}\u{436}", "\u{435}\u{436}"),
            ("\u{419}\u{43e}\u{434}", "\u{439}\u{43e}\u{434}"),
            ("\u{1f155}\u{1f161}\u{1f154}\u{1f154}", "free"),
            ("\u{3c5}\u{3bf}te", "uote"),
        ] {
            assert_eq!(folded(disguised).as_str(), plain, "{disguised:?}");
        }
    }

    #[test]
    fn a_word_of_one_alphabet_is_left_alone() {
        for word in ["\u{440}\u{43e}\u{442}", "cope", "\u{3bf}\u{3bd}"] {
            assert_eq!(folded(word).as_str(), word);
        }
    }

    #[test]
    fn a_place_in_the_view_leads_back_to_the_original() {
        let text = "\u{1f600} FR\u{200b}\u{415}\u{415} x";
        let view = folded(text);
        let at = view.as_str().find("free").expect("the word is found");
        let span = view.span(at, at + 4).expect("it has an origin");
        let original = &text[span.from as usize..span.to as usize];
        assert_eq!(original, "FR\u{200b}\u{415}\u{415}");
        let units: Vec<u16> = text.encode_utf16().collect();
        let by_units = String::from_utf16(&units[span.utf16_from as usize..span.utf16_to as usize]);
        assert_eq!(by_units.expect("whole characters"), original);
    }

    #[test]
    fn text_that_explodes_is_cut_at_the_bound() {
        for c in ['\u{fdfa}', '\u{301}', '\u{1f9d1}', '\u{0e33}', '\u{a66f}', '\u{33c2}'] {
            let view = folded(&c.to_string().repeat(4_096));
            assert!(view.as_str().len() <= limits::CANONICAL_BYTES_MAX, "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,60}") {
            let once = folded(&text);
            let twice = folded(once.as_str());
            prop_assert_eq!(once.as_str().trim(), twice.as_str().trim());
        }

        #[test]
        fn every_span_is_whole_characters_of_the_original(text in any::<String>(), from in 0_usize..80, length in 1_usize..9) {
            let view = folded(&text);
            let (from, to) = (from.min(view.as_str().len()), (from + length).min(view.as_str().len()));
            if from < to && let Some(span) = view.span(from, to) {
                prop_assert!(text.get(span.from as usize..span.to as usize).is_some());
                let before = text[..span.from as usize].encode_utf16().count();
                prop_assert_eq!(before, span.utf16_from as usize);
                let until = text[..span.to as usize].encode_utf16().count();
                prop_assert_eq!(until, span.utf16_to as usize);
            }
        }

        #[test]
        fn plain_ascii_differs_by_case_and_spaces_alone(text in "[ -~]{0,80}") {
            let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
            let view = folded(&text);
            prop_assert_eq!(view.as_str().trim(), words.join(" "));
        }
    }
}
