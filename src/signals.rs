//! What can be counted in a message without knowing what it says: capitals, emoji, digits, phone numbers, wallets,
//! characters that nobody sees, the script it is written in, and how its sender behaves.
//!
//! Promises: one pass over each text, no allocation; every count saturates; a wrong guess (a long number that is no phone
//! number) costs a signal one point and nothing else.
//!
//! Never: a judgement. A rule or the learner says what a count means.

use crate::message::{Behaviour, Message, SurfaceKind};
use crate::text::{Tally, is_word};
use unicode_script::UnicodeScript;

macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// One countable thing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Signal { $($(#[$doc])* $name,)* }

        impl Signal {
            /// Every signal.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$name),*];

            /// The signal as written in a pack.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

signals! {
    /// Characters of all texts of the message, as written.
    Length = "length",
    /// Words, in scripts with spaces; else stretches of text.
    Words = "words",
    /// Digits.
    Digits = "digits",
    /// Capital letters in a hundred letters of scripts that have them; 0 when there are fewer than ten letters.
    CapitalsPercent = "capitals_percent",
    /// Emoji, a family or a flag counting once.
    Emoji = "emoji",
    /// Custom emoji, as Telegram marks them.
    CustomEmoji = "custom_emoji",
    /// Words that begin with `@`.
    Mentions = "mentions",
    /// Words that begin with `#`.
    Hashtags = "hashtags",
    /// Runs of ten to fifteen digits with the signs that phone numbers have between them.
    Phones = "phones",
    /// Words that have the form of a crypto wallet's address.
    Wallets = "wallets",
    /// Words of more than one script.
    MixedWords = "mixed_words",
    /// Characters nobody sees.
    Invisible = "invisible",
    /// Characters that turn the direction of writing.
    Bidi = "bidi",
    /// Tag characters, which hide letters.
    Tags = "tags",
    /// Combining marks taken away.
    Marks = "marks",
    /// How often nearly the same text was seen in this chat in the last ten minutes.
    RepeatsChat = "repeats_chat",
    /// How often nearly the same text was seen in all chats in the last ten minutes.
    RepeatsFleet = "repeats_fleet",
    /// Messages of this sender in this chat in the last minute.
    SenderRate = "sender_rate",
    /// Messages of at most three characters of this sender in this chat in the last minute: how filters are probed.
    ShortRate = "short_rate",
}

impl Signal {
    /// The signal that [`Signal::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.word() == word)
    }
}

macro_rules! scripts {
    ($($name:ident = $word:literal,)*) => {
        /// The script most letters of a message are of.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Script {
            /// No letters at all.
            #[default]
            None,
            $(#[doc = $word] $name,)*
            /// A script that has no word here.
            Other,
        }

        impl Script {
            /// Every script.
            pub const ALL: [Self; [$($word),*].len() + 2] = [Self::None, $(Self::$name,)* Self::Other];

            /// The script as written in a pack.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { Self::None => "none", $(Self::$name => $word,)* Self::Other => "other" }
            }
        }
    };
}

scripts! {
    Latin = "latin",
    Cyrillic = "cyrillic",
    Greek = "greek",
    Arabic = "arabic",
    Hebrew = "hebrew",
    Armenian = "armenian",
    Georgian = "georgian",
    Devanagari = "devanagari",
    Bengali = "bengali",
    Thai = "thai",
    Khmer = "khmer",
    Han = "han",
    Kana = "kana",
    Hangul = "hangul",
}

impl Script {
    /// The script that [`Script::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|script| script.word() == word)
    }

    /// A bit of its own for each script.
    #[must_use]
    pub fn bit(self) -> u32 {
        Self::ALL.iter().position(|script| *script == self).map_or(0, |at| 1 << at)
    }

    fn of(ch: char) -> Self {
        match ch {
            'a'..='z' | 'A'..='Z' => return Self::Latin,
            '\u{400}'..='\u{52f}' => return Self::Cyrillic,
            '\u{4e00}'..='\u{9fff}' => return Self::Han,
            '\u{e01}'..='\u{e5b}' => return Self::Thai,
            '\0'..='\u{bf}' => return Self::None,
            _ => {}
        }
        match ch.script() {
            unicode_script::Script::Latin => Self::Latin,
            unicode_script::Script::Cyrillic => Self::Cyrillic,
            unicode_script::Script::Greek => Self::Greek,
            unicode_script::Script::Arabic => Self::Arabic,
            unicode_script::Script::Hebrew => Self::Hebrew,
            unicode_script::Script::Armenian => Self::Armenian,
            unicode_script::Script::Georgian => Self::Georgian,
            unicode_script::Script::Devanagari => Self::Devanagari,
            unicode_script::Script::Bengali => Self::Bengali,
            unicode_script::Script::Thai => Self::Thai,
            unicode_script::Script::Khmer => Self::Khmer,
            unicode_script::Script::Han => Self::Han,
            unicode_script::Script::Hiragana | unicode_script::Script::Katakana => Self::Kana,
            unicode_script::Script::Hangul => Self::Hangul,
            unicode_script::Script::Common | unicode_script::Script::Inherited | unicode_script::Script::Unknown => {
                Self::None
            }
            _ => Self::Other,
        }
    }
}

/// The counts of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    counts: [u32; Signal::ALL.len()],
    script: Script,
}

impl Signals {
    /// Counts a message. `tally` is what its fold took away.
    #[must_use]
    pub fn of(message: &Message, tally: Tally) -> Self {
        let mut count = Count::default();
        for surface in &message.surfaces {
            // Addresses and names are no writing of the sender's.
            if !matches!(
                surface.kind,
                SurfaceKind::ButtonUrl | SurfaceKind::TextLink | SurfaceKind::ViaBot | SurfaceKind::StickerSet
            ) {
                count.text(&surface.text);
            }
        }
        let letters = count.capitals.saturating_add(count.small);
        let capitals = if letters < 10 { 0 } else { count.capitals.saturating_mul(100) / letters };
        let Behaviour { repeats_chat, repeats_fleet, sender_rate, short_rate } = message.behaviour;
        let of = |signal: Signal| match signal {
            Signal::Length => count.length,
            Signal::Words => count.words,
            Signal::Digits => count.digits,
            Signal::CapitalsPercent => capitals,
            Signal::Emoji => count.emoji,
            Signal::CustomEmoji => u32::from(message.custom_emoji),
            Signal::Mentions => count.mentions,
            Signal::Hashtags => count.hashtags,
            Signal::Phones => count.phones,
            Signal::Wallets => count.wallets,
            Signal::MixedWords => tally.mixed_words,
            Signal::Invisible => tally.invisible,
            Signal::Bidi => tally.bidi,
            Signal::Tags => tally.tags,
            Signal::Marks => tally.marks,
            Signal::RepeatsChat => repeats_chat,
            Signal::RepeatsFleet => repeats_fleet,
            Signal::SenderRate => sender_rate,
            Signal::ShortRate => short_rate,
        };
        Self { counts: Signal::ALL.map(of), script: count.script() }
    }

    /// One count.
    #[must_use]
    pub fn get(&self, signal: Signal) -> u32 {
        Signal::ALL.iter().zip(&self.counts).find(|(known, _)| **known == signal).map_or(0, |(_, count)| *count)
    }

    /// The script most letters are of.
    #[must_use]
    pub const fn script(&self) -> Script {
        self.script
    }
}

/// Counting, as it goes along a text.
#[derive(Default)]
struct Count {
    length: u32,
    words: u32,
    digits: u32,
    capitals: u32,
    small: u32,
    emoji: u32,
    mentions: u32,
    hashtags: u32,
    phones: u32,
    wallets: u32,
    latin: u32,
    cyrillic: u32,
    others: [u32; Script::ALL.len()],
}

impl Count {
    fn text(&mut self, text: &str) {
        let mut before = ' ';
        let mut number = Number::default();
        let mut word = 0_u32;
        for (at, ch) in text.char_indices() {
            self.length = self.length.saturating_add(1);
            if ch.is_ascii() {
                self.ascii(ch, before);
            } else {
                self.wide(ch, before);
            }
            number.step(ch, &mut self.phones);
            if ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-') {
                word = word.saturating_add(1);
            } else {
                self.word_ended(text, at, word);
                word = 0;
            }
            before = ch;
        }
        number.end(&mut self.phones);
        self.word_ended(text, text.len(), word);
    }

    fn ascii(&mut self, ch: char, before: char) {
        match ch {
            'a'..='z' => self.small += 1,
            'A'..='Z' => self.capitals += 1,
            '0'..='9' => self.digits += 1,
            '@' if !is_word(before) => self.mentions += 1,
            '#' if !is_word(before) => self.hashtags += 1,
            _ => {}
        }
        if ch.is_ascii_alphanumeric() {
            self.words += u32::from(!is_word(before));
            self.latin += u32::from(ch.is_ascii_alphabetic());
        }
    }

    fn wide(&mut self, ch: char, before: char) {
        match ch {
            '\u{430}'..='\u{45f}' => {
                self.small += 1;
                self.cyrillic += 1;
            }
            '\u{400}'..='\u{42f}' => {
                self.capitals += 1;
                self.cyrillic += 1;
            }
            '\u{4e00}'..='\u{9fff}' | '\u{e01}'..='\u{e5b}' => self.note(ch),
            // A joined or coloured emoji counts once: what follows a joiner belongs to it, as does the second half of a
            // flag.
            '\u{1f3fb}'..='\u{1f3ff}' => return,
            '\u{1f1e6}'..='\u{1f1ff}' => {
                self.emoji += u32::from(!matches!(before, '\u{1f1e6}'..='\u{1f1ff}'));
                return;
            }
            '\u{2600}'..='\u{27bf}'
            | '\u{2b50}'
            | '\u{2b55}'
            | '\u{1f000}'..='\u{1f0ff}'
            | '\u{1f300}'..='\u{1faff}' => {
                self.emoji += u32::from(before != '\u{200d}');
                return;
            }
            _ => {
                self.small += u32::from(ch.is_lowercase());
                self.capitals += u32::from(ch.is_uppercase());
                self.note(ch);
            }
        }
        self.words += u32::from(is_word(ch) && !is_word(before));
    }

    fn note(&mut self, ch: char) {
        let script = Script::of(ch);
        if let Some(slot) = Script::ALL.iter().position(|known| *known == script).and_then(|at| self.others.get_mut(at))
        {
            *slot += 1;
        }
    }

    fn script(&self) -> Script {
        let counted = Script::ALL.iter().zip(self.others).map(|(script, count)| match script {
            Script::None => (0, *script),
            Script::Latin => (count.saturating_add(self.latin), *script),
            Script::Cyrillic => (count.saturating_add(self.cyrillic), *script),
            _ => (count, *script),
        });
        // Kana make a text Japanese, however much of it is Han.
        let most = counted.max_by_key(|(count, _)| *count);
        most.filter(|(count, _)| *count > 0).map_or(Script::None, |(_, script)| script)
    }

    /// A run of letters, digits, `_` and `-` of `length` bytes ended at `at`.
    fn word_ended(&mut self, text: &str, at: usize, length: u32) {
        if !(26..=64).contains(&length) {
            return;
        }
        let from = at.saturating_sub(usize::try_from(length).unwrap_or(0));
        self.wallets += u32::from(text.get(from..at).is_some_and(is_wallet));
    }
}

/// Whether a word has the form of a wallet's address: Bitcoin, Ethereum, Tron, TON, Solana's length of base 58.
fn is_wallet(word: &str) -> bool {
    let base58 = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l'))
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    if let Some(hex) = word.strip_prefix("0x") {
        return hex.len() == 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if word.starts_with("bc1") {
        return (42..=62).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    }
    if word.starts_with("EQ") || word.starts_with("UQ") {
        return word.len() == 48;
    }
    match word.as_bytes().first() {
        Some(b'T') => word.len() == 34 && base58(word),
        Some(b'1' | b'3') => (26..=35).contains(&word.len()) && base58(word),
        _ => (43..=44).contains(&word.len()) && base58(word),
    }
}

/// A number with the signs that phone numbers have.
#[derive(Default)]
struct Number {
    digits: u32,
    signs: u32,
}

impl Number {
    fn step(&mut self, ch: char, phones: &mut u32) {
        match ch {
            '0'..='9' => {
                self.digits += 1;
                self.signs = 0;
            }
            ' ' | '-' | '(' | ')' | '.' | '\u{a0}' if self.digits > 0 && self.signs < 2 => self.signs += 1,
            _ if self.digits > 0 => self.end(phones),
            _ => {}
        }
    }

    fn end(&mut self, phones: &mut u32) {
        *phones += u32::from((10..=15).contains(&self.digits));
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChatId, MessageId, Sender, UserId};

    fn of(text: &str) -> Signals {
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        message.push(SurfaceKind::Text, text);
        Signals::of(&message, Tally::default())
    }

    #[test]
    fn each_signal_counts_its_thing() {
        for (text, signal, count) in [
            ("two words", Signal::Words, 2),
            ("two words", Signal::Length, 9),
            ("a1b22", Signal::Digits, 3),
            ("SHOUTING and not", Signal::CapitalsPercent, 57),
            ("SHORT", Signal::CapitalsPercent, 0),
            (
                "\u{1f600}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f466}\u{1f1e9}\u{1f1ea}\u{1f44d}\u{1f3fd}",
                Signal::Emoji,
                4,
            ),
            ("@one and a@b.example", Signal::Mentions, 1),
            ("#one #two no#three", Signal::Hashtags, 2),
            ("call +49 (30) 1234-5678 now", Signal::Phones, 1),
            ("call 12345", Signal::Phones, 0),
            ("0x52908400098527886E0F7030069857D2E4169EE7", Signal::Wallets, 1),
            ("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", Signal::Wallets, 1),
            ("averylongwordthatisnowalletofanybodyatall", Signal::Wallets, 0),
        ] {
            assert_eq!(of(text).get(signal), count, "{text} {}", signal.word());
        }
    }

    #[test]
    fn the_script_is_that_of_most_letters() {
        for (text, script) in [
            ("1234 !", Script::None),
            ("hello \u{43f}\u{440}", Script::Latin),
            ("\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} ok", Script::Cyrillic),
            ("\u{4f60}\u{597d}", Script::Han),
            ("\u{e2a}\u{e27}\u{e31}\u{e2a}", Script::Thai),
            ("\u{645}\u{631}\u{62d}\u{628}\u{627}", Script::Arabic),
            ("\u{16a0}\u{16a1}", Script::Other),
        ] {
            assert_eq!(of(text).script(), script, "{text}");
        }
    }

    #[test]
    fn every_word_names_its_signal_and_script() {
        assert!(Signal::ALL.iter().all(|signal| Signal::from_word(signal.word()) == Some(*signal)));
        assert!(Script::ALL.iter().all(|script| Script::from_word(script.word()) == Some(*script)));
    }
}
