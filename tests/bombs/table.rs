//! Texts made to hurt: each has a name and is as long as a message can be, or as long as it takes.

use aegis::limits;

/// A text with a name.
pub struct Bomb {
    pub name: &'static str,
    pub text: String,
}

/// Bytes a message holds.
const FULL: usize = limits::MESSAGE_TEXT_BYTES_MAX;

/// Characters Telegram lets a text have, in UTF-16 units.
const UNITS: usize = 4_096;

fn chars(from: u32, to: u32) -> impl DoubleEndedIterator<Item = char> + Clone {
    (from..=to).filter_map(char::from_u32)
}

/// A range over and over, to the length of a text.
fn range(from: u32, to: u32) -> String {
    chars(from, to).cycle().take(UNITS).collect()
}

/// A part as often as it fits a message.
fn full(part: &str) -> String {
    part.repeat(FULL / part.len())
}

fn one(base: &str, then: &str) -> String {
    format!("{base}{}", then.repeat((FULL - base.len()) / then.len()))
}

/// Every bomb.
pub fn bombs() -> Vec<Bomb> {
    let tables = [forms(), marks(), unseen(), scripts(), cases(), enclosures(), floods()];
    tables.into_iter().flatten().map(|(name, text)| Bomb { name, text }).collect()
}

type Table = Vec<(&'static str, String)>;

/// Characters that become many.
fn forms() -> Table {
    vec![
        ("the longest ligature, U+FDFA", full("\u{fdfa}")),
        ("the longest ligature between letters", full("a\u{fdfa}\u{430}")),
        ("Arabic ligatures", range(0xfbea, 0xfdf1)),
        ("Latin ligatures", range(0xfb00, 0xfb06)),
        ("Armenian ligatures", range(0xfb13, 0xfb17)),
        ("Hebrew presentation forms", range(0xfb1d, 0xfb4f)),
        ("square words of katakana", range(0x3300, 0x3357)),
        ("square units", range(0x3371, 0x33df)),
        ("Kangxi radicals", range(0x2f00, 0x2fd5)),
        ("compatibility ideographs", range(0xf900, 0xfad9)),
        ("compatibility ideographs of the second kind", range(0x2f800, 0x2fa1d)),
        ("fractions and Roman numerals", range(0x2150, 0x218b)),
        ("raised and lowered signs", range(0x2070, 0x209c)),
        ("musical notes that decompose", full("\u{1d160}\u{1d161}\u{1d1bb}")),
        ("half-width katakana with voicing marks", full("\u{ff76}\u{ff9e}\u{ff8a}\u{ff9f}")),
        ("voicing marks alone", full("\u{ff9e}\u{ff9f}\u{3099}")),
        ("accents in one character", range(0x1e00, 0x1eff)),
        ("Greek with every accent", range(0x1f00, 0x1fff)),
    ]
}

/// Marks upon marks.
fn marks() -> Table {
    let zalgo: String =
        "zalgo comes ".chars().flat_map(|ch| [ch].into_iter().chain(chars(0x300, 0x36f).step_by(7))).collect();
    let sorted_badly: String = chars(0x300, 0x36f).chain(chars(0x591, 0x5c7)).rev().cycle().take(UNITS).collect();
    vec![
        ("zalgo", full(&zalgo)),
        ("one letter under all marks", one("a", "\u{301}")),
        ("marks alone", full("\u{301}")),
        ("marks in the wrong order", sorted_badly),
        ("one Devanagari letter under all nuktas", one("\u{915}", "\u{93c}")),
        ("one Thai letter under all tones", one("\u{e01}", "\u{e48}\u{e49}\u{e31}")),
        ("Myanmar stacks", full("\u{1000}\u{1039}\u{1001}\u{1039}")),
        ("Tibetan stacks", full("\u{f40}\u{f90}\u{fb2}\u{f71}\u{f72}\u{f80}")),
        ("Arabic points", full("\u{628}\u{64b}\u{651}\u{670}\u{6d6}")),
        ("enclosing marks", full("a\u{20dd}\u{20de}\u{20e3}\u{488}")),
        ("short i under all breves", one("\u{438}", "\u{306}")),
        ("yo in parts", full("\u{435}\u{308}\u{415}\u{308}")),
    ]
}

/// What nobody sees.
fn unseen() -> Table {
    let nested: String =
        ["\u{202e}", "\u{2067}", "\u{202b}", "\u{2068}"].concat().repeat(300) + &"\u{2069}".repeat(600) + "x";
    vec![
        ("tag characters", range(0xe0020, 0xe007e)),
        ("tag characters between letters", full("a\u{e0062}\u{430}\u{e0001}\u{e007f}")),
        ("nested directions", nested),
        ("directions alone", full("\u{202e}\u{202d}\u{202c}\u{200f}\u{61c}")),
        ("zero-width alone", full("\u{200b}")),
        ("zero-width between letters", full("f\u{200b}\u{200c}\u{200d}\u{feff}")),
        ("one letter, then nothing to be seen", one("a", "\u{200d}")),
        ("soft hyphens", full("a\u{ad}\u{ad}")),
        ("invisible operators", full("x\u{2061}\u{2062}\u{2063}\u{2064}")),
        ("variation selectors alone", full("\u{fe0f}\u{fe00}")),
        ("all variation selectors", range(0xe0100, 0xe01ef)),
        ("Mongolian selectors", full("\u{1820}\u{180b}\u{180e}\u{180f}")),
        ("Braille blanks", full("\u{2800}a")),
        ("Hangul fillers", full("\u{3164}\u{115f}\u{1160}\u{ffa0}")),
        ("control characters", chars(0, 0x1f).chain(chars(0x7f, 0x9f)).cycle().take(UNITS).collect()),
        (
            "every white space",
            full("a \u{a0}\u{1680}\u{2003}\u{202f}\u{205f}\u{3000}\u{2028}\u{2029}\u{85}\t\n\u{b}\u{c}\r"),
        ),
        ("spaces alone", " ".repeat(FULL)),
        ("line breaks alone", "\n".repeat(FULL)),
        ("unassigned", range(0xe0080, 0xe00ff)),
        ("private use", range(0xe000, 0xf8ff)),
        ("private planes", full("\u{f0000}\u{ffffd}\u{100000}\u{10fffd}")),
        ("noncharacters", full("\u{fffe}\u{ffff}\u{fdd0}\u{1fffe}\u{10ffff}\u{fffd}")),
    ]
}

/// Letters of many scripts in one word.
fn scripts() -> Table {
    let every_script = (0x21..0x30000).step_by(37).filter_map(char::from_u32).take(UNITS).collect();
    vec![
        ("two scripts by turns", full("\u{440}a")),
        ("three scripts by turns", full("\u{440}a\u{3b1}")),
        ("words of look-alikes", full("cop \u{441}\u{43e}\u{440} ")),
        ("one word of look-alikes", full("\u{430}\u{435}\u{43e}\u{440}\u{441}aeopc")),
        ("a letter of every script", every_script),
        ("parts of Hangul", full("\u{1100}\u{1161}\u{11a8}")),
        ("Hangul that never closes", one("\u{1100}", "\u{1161}")),
        ("compatibility Hangul", range(0x3131, 0x318e)),
        ("ideographs without an end", range(0x4e00, 0x9fff)),
        ("Thai without an end", range(0xe01, 0xe3a)),
    ]
}

/// Letters whose case is a question.
fn cases() -> Table {
    vec![
        ("dotted capital i", full("\u{130}")),
        ("dotless and dotted i with marks", full("\u{130}\u{307}i\u{307}\u{131}\u{307}I\u{307}")),
        ("sharp s", full("\u{1e9e}\u{df}")),
        ("final sigmas", full("\u{3a3}\u{3c3}\u{3c2} ")),
        ("digraphs with a case of their own", range(0x1c4, 0x1cc)),
        ("Georgian capitals", range(0x1c90, 0x1cbf)),
        ("Cherokee", range(0x13a0, 0x13ff)),
        ("Deseret", range(0x10400, 0x1044f)),
        ("Latin beyond the alphabet", range(0x180, 0x24f)),
        ("iota below", full("\u{1fb7}\u{1fbc}\u{345}")),
    ]
}

/// Letters in costume.
fn enclosures() -> Table {
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
    vec![
        ("mathematical letters", range(0x1d400, 0x1d7ff)),
        ("enclosed letters and numbers", range(0x2460, 0x24ff)),
        ("enclosed letters of the second kind", range(0x1f100, 0x1f1ac)),
        ("enclosed ideographs", range(0x3200, 0x32ff)),
        ("regional indicators", full("\u{1f1fa}\u{1f1f8}\u{1f1e6}")),
        ("families", full(family)),
        ("families without an end", full("\u{1f468}\u{200d}")),
        ("skin and hair", full("\u{1f44d}\u{1f3fd}\u{200d}\u{1f9b0}")),
        ("keycaps", full("1\u{fe0f}\u{20e3}")),
        ("every pictograph", range(0x1f300, 0x1faff)),
        ("full-width signs", range(0xff01, 0xffee)),
    ]
}

/// Ordinary letters in numbers.
fn floods() -> Table {
    vec![
        ("single letters with spaces", full("a ")),
        ("single letters of an alphabet with spaces", full("f r e e m o n e y ")),
        ("single letters with every sign", full("f.r-e_e m/o*n|e+y ")),
        ("one letter", "a".repeat(FULL)),
        ("one letter of two bytes", full("\u{430}")),
        ("one letter of four bytes", full("\u{20000}")),
        ("the shortest keyword", full("xa ")),
        ("the shortest keyword without spaces", full("xa")),
        ("keywords in each other", full("abababab ")),
        ("a keyword of an ideograph", full("\u{4e00}\u{4e8c}")),
        ("keywords in single letters", full("a b a b ")),
        ("digits that may be letters", full("4 0 1 3 5 7 ")),
        ("signs that may be letters", full("@$!|(+")),
        ("letters drawn long", full("freeeee mooooney ")),
        ("one digit", "1".repeat(FULL)),
        ("digits that are no letter", full("12")),
        ("digits and signs that may be letters", full("1@")),
        ("digits and strokes", full("1|!")),
        ("one digit, then a letter at last", format!("{}a", "0".repeat(FULL - 1))),
        ("single digits with spaces", full("1 ")),
        ("single digits and letters with spaces", full("1 a ")),
        ("strokes that are one letter or another", full("liIl|1")),
        ("the start of a keyword", full("free mon")),
        ("a keyword with another end", full("free moneyx ")),
        ("a keyword through a long gap", full("free . . . . . . . . . . money ")),
        ("an address without an end", one("https://", "a.b/")),
        ("addresses", full("t.me/+aB1 http://a.b www.c ")),
        ("escapes", full("xn--80ak6aa92e.%D1%80@")),
        ("one space and all letters", range(0x20, 0x24f)),
    ]
}
