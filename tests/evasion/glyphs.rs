//! Tables of a spammer: letters that look alike, letters in costume.

use unicode_normalization::char::decompose_compatible;

/// Latin letters, and what looks like them in Cyrillic and Greek.
pub const LATIN_TO_OTHERS: [(char, &str); 38] = [
    ('a', "\u{430}\u{3b1}"),
    ('c', "\u{441}\u{3f2}"),
    ('d', "\u{501}"),
    ('e', "\u{435}\u{3b5}"),
    ('g', "\u{50d}"),
    ('h', "\u{4bb}"),
    ('i', "\u{456}\u{3b9}"),
    ('j', "\u{458}\u{3f3}"),
    ('k', "\u{43a}\u{3ba}"),
    ('l', "\u{4cf}"),
    ('m', "\u{43c}"),
    ('n', "\u{3b7}\u{43f}"),
    ('o', "\u{43e}\u{3bf}"),
    ('p', "\u{440}\u{3c1}"),
    ('q', "\u{51b}"),
    ('r', "\u{433}"),
    ('s', "\u{455}"),
    ('t', "\u{442}\u{3c4}"),
    ('u', "\u{3c5}"),
    ('v', "\u{475}\u{3bd}"),
    ('w', "\u{51d}\u{3c9}"),
    ('x', "\u{445}\u{3c7}"),
    ('y', "\u{443}\u{3b3}"),
    ('A', "\u{410}\u{391}"),
    ('B', "\u{412}\u{392}"),
    ('C', "\u{421}\u{3f9}"),
    ('E', "\u{415}\u{395}"),
    ('H', "\u{41d}\u{397}"),
    ('I', "\u{406}\u{399}"),
    ('K', "\u{41a}\u{39a}"),
    ('M', "\u{41c}\u{39c}"),
    ('N', "\u{39d}"),
    ('O', "\u{41e}\u{39f}"),
    ('P', "\u{420}\u{3a1}"),
    ('S', "\u{405}"),
    ('T', "\u{422}\u{3a4}"),
    ('X', "\u{425}\u{3a7}"),
    ('Y', "\u{423}\u{3a5}"),
];

/// Cyrillic letters, and what looks like them in Latin and Greek.
pub const CYRILLIC_TO_OTHERS: [(char, &str); 35] = [
    ('\u{430}', "a\u{3b1}"),
    ('\u{432}', "B\u{392}"),
    ('\u{433}', "r"),
    ('\u{435}', "e\u{3b5}"),
    ('\u{438}', "u"),
    ('\u{43a}', "k\u{3ba}"),
    ('\u{43b}', "\u{3bb}"),
    ('\u{43c}', "M\u{39c}"),
    ('\u{43d}', "H\u{397}"),
    ('\u{43e}', "o\u{3bf}"),
    ('\u{43f}', "n\u{3c0}"),
    ('\u{440}', "p\u{3c1}"),
    ('\u{441}', "c\u{3f2}"),
    ('\u{442}', "T\u{3c4}"),
    ('\u{443}', "y\u{3b3}"),
    ('\u{444}', "\u{3c6}"),
    ('\u{445}', "x\u{3c7}"),
    ('\u{448}', "w"),
    ('\u{44c}', "b"),
    ('\u{456}', "i\u{3b9}"),
    ('\u{410}', "A\u{391}"),
    ('\u{412}', "B\u{392}"),
    ('\u{413}', "\u{393}"),
    ('\u{415}', "E\u{395}"),
    ('\u{41a}', "K\u{39a}"),
    ('\u{41b}', "\u{39b}"),
    ('\u{41c}', "M\u{39c}"),
    ('\u{41d}', "H\u{397}"),
    ('\u{41e}', "O\u{39f}"),
    ('\u{41f}', "\u{3a0}"),
    ('\u{420}', "P\u{3a1}"),
    ('\u{421}', "C\u{3f9}"),
    ('\u{422}', "T\u{3a4}"),
    ('\u{424}', "\u{3a6}"),
    ('\u{425}', "X\u{3a7}"),
];

/// What looks like a letter in another script.
pub fn look_alikes(ch: char) -> Vec<char> {
    let tables = LATIN_TO_OTHERS.iter().chain(&CYRILLIC_TO_OTHERS);
    tables.filter(|(own, _)| *own == ch).flat_map(|(_, others)| others.chars()).collect()
}

/// Digits and signs that are read as a letter.
pub const LEET: [(char, &str); 13] = [
    ('a', "4@"),
    ('e', "3"),
    ('i', "1!"),
    ('o', "0"),
    ('s', "5$"),
    ('t', "7"),
    ('l', "1"),
    ('\u{43e}', "0"),
    ('\u{437}', "3"),
    ('\u{447}', "4"),
    ('\u{431}', "6"),
    ('\u{430}', "@"),
    ('\u{442}', "7"),
];

/// A costume: the letters and digits that wear it.
pub struct Costume {
    /// The character for each that has one.
    pairs: Vec<(char, char)>,
}

impl Costume {
    /// Everything of a range whose compatibility form is one letter or digit, or one in parentheses.
    fn of_range(from: u32, to: u32) -> Self {
        let dressed = (from..=to).filter_map(char::from_u32);
        let pairs = dressed.filter_map(|dressed| {
            let mut plain = Vec::new();
            decompose_compatible(dressed, |part| {
                if part != '(' && part != ')' {
                    plain.push(part);
                }
            });
            // A character without such a form decomposes to itself.
            (plain.len() == 1 && plain[0] != dressed && plain[0].is_alphanumeric()).then(|| (plain[0], dressed))
        });
        Self { pairs: pairs.collect() }
    }

    /// An alphabet in a row that has no compatibility form.
    fn of_row(first: u32) -> Self {
        let row = (first..first + 26).filter_map(char::from_u32);
        Self { pairs: ('a'..='z').zip(row).collect() }
    }

    /// The letter in costume.
    pub fn dress(&self, ch: char) -> Option<char> {
        let worn = |wanted: char| self.pairs.iter().find(|(plain, _)| *plain == wanted).map(|(_, dressed)| *dressed);
        let mut capitals = ch.to_uppercase();
        // The sharp s has two.
        worn(ch).or_else(|| capitals.next().filter(|_| capitals.next().is_none()).and_then(worn))
    }
}

/// Alphabets of mathematics, of the script one those with holes that were filled earlier, and letters raised above the line.
pub fn mathematical() -> Vec<Costume> {
    let mut script = Costume::of_range(0x1d49c, 0x1d4cf);
    script.pairs.extend([('e', '\u{212f}'), ('g', '\u{210a}'), ('o', '\u{2134}')]);
    let fraktur = Costume::of_range(0x1d51e, 0x1d537);
    let double_struck = Costume::of_range(0x1d552, 0x1d56b);
    let bold_sans = Costume::of_range(0x1d5d4, 0x1d607);
    let monospace = Costume::of_range(0x1d670, 0x1d6a3);
    let raised_cyrillic = Costume::of_range(0x1e030, 0x1e06d);
    vec![Costume::of_range(0x1d400, 0x1d433), script, fraktur, double_struck, bold_sans, monospace, raised_cyrillic]
}

/// Letters in circles, squares, parentheses and flags.
pub fn enclosed() -> Vec<Costume> {
    let mut circled = Costume::of_range(0x2460, 0x24ea);
    circled.pairs.retain(|(_, dressed)| !('\u{2474}'..='\u{24b5}').contains(dressed));
    let parenthesized = Costume::of_range(0x2474, 0x24b5);
    let squared = Costume::of_range(0x1f130, 0x1f149);
    let [dark_circles, dark_squares, flag_letters] = [0x1f150, 0x1f170, 0x1f1e6].map(Costume::of_row);
    let [circled_han, parenthesized_han, squared_han] =
        [(0x3280, 0x32b0), (0x3220, 0x3247), (0x1f210, 0x1f23b)].map(|(from, to)| Costume::of_range(from, to));
    vec![
        circled,
        parenthesized,
        squared,
        dark_circles,
        dark_squares,
        flag_letters,
        circled_han,
        parenthesized_han,
        squared_han,
    ]
}
