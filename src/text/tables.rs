//! The small tables of the fold: what is invisible, what is simple, what looks like a plain letter.
//!
//! Promises: every function is total and looks at one character.
//!
//! Never: a table that a well-kept crate has; normal forms come from `unicode-normalization`.

use unicode_normalization::char::is_combining_mark;

/// Why a character is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stripped {
    Invisible,
    Bidi,
    Mark,
}

/// Whether a character is taken away: what nobody sees, and the combining marks that are put on any letter.
/// The ranges are Unicode's Default_Ignorable_Code_Point (tag characters apart) and its blocks of diacritical marks.
pub(super) const fn stripped(ch: char) -> Option<Stripped> {
    match ch {
        '\0'..='\u{7f}' => None,
        '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => {
            Some(Stripped::Invisible)
        }
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Stripped::Bidi),
        '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e001f}'
        | '\u{e007f}'..='\u{e0fff}' => Some(Stripped::Invisible),
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}' => Some(Stripped::Mark),
        _ => None,
    }
}

/// The letter a tag character hides.
pub(super) fn hidden_by_tag(ch: char) -> Option<char> {
    match ch {
        '\u{e0020}'..='\u{e007e}' => char::from_u32(u32::from(ch).saturating_sub(0xe0000)),
        _ => None,
    }
}

/// Pairs of regional indicators that are shown as a flag: the codes of countries and regions.
const FLAGS: &str = "acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjblbmbnbobqbrbsbtbvbwbybzcacccdcfcgchcickclcmcncocpcrcucvcwcxcyczdedgdjdkdmdodzeaeceeegeheseteufifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuicidieiliminioiqirisitjejmjojpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemfmgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlnonpnrnunzompapepfpgphpkplpmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsisjskslsmsnsosrssstsvsxsysztatctdtftgthtjtktltmtntotrtttvtwtzuaugumunusuyuzvavcvevgvivnvuwfwsxkyeytzazmzw";

/// The letter of a regional indicator.
pub(super) fn indicated(ch: char) -> Option<char> {
    match ch {
        '\u{1f1e6}'..='\u{1f1ff}' => {
            char::from_u32(u32::from(ch).saturating_sub(0x1f1e6).saturating_add(u32::from('a')))
        }
        _ => None,
    }
}

/// Whether the regional indicators of a text are flags, and none of them makes a word.
pub(super) fn only_flags(text: &str) -> bool {
    let mut first = None;
    for letter in text.chars().map(indicated) {
        first = match (first, letter) {
            (Some(first), Some(second)) => {
                let is_flag = |pair: &[u8]| pair.iter().map(|byte| char::from(*byte)).eq([first, second]);
                if !FLAGS.as_bytes().chunks(2).any(is_flag) {
                    return false;
                }
                None
            }
            (Some(_), None) => return false,
            (None, letter) => letter,
        };
    }
    first.is_none()
}

/// A character whose fold is one character, whatever stands around it except a combining mark after it.
pub(super) fn simple(ch: char) -> Option<char> {
    match ch {
        '\0'..='\u{7f}' => Some(ch.to_ascii_lowercase()),
        '\u{430}'..='\u{44f}' => Some(ch),
        '\u{410}'..='\u{42f}' => char::from_u32(u32::from(ch).saturating_add(0x20)),
        '\u{401}' | '\u{451}' => Some('\u{435}'),
        '\u{454}' | '\u{456}' => Some(ch),
        '\u{404}' | '\u{406}' => char::from_u32(u32::from(ch).saturating_add(0x50)),
        // CJK ideographs, kana, Hangul syllables, Thai and Arabic letters, pictographs: no case, nothing to compose.
        '\u{4e00}'..='\u{9fff}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{e01}'..='\u{e30}'
        | '\u{e40}'..='\u{e45}'
        | '\u{627}'..='\u{64a}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}' => Some(ch),
        // Lunate sigma is drawn as `c`; letters and digits in parentheses stand for themselves.
        '\u{3f2}' | '\u{3f9}' => Some('c'),
        '\u{2474}'..='\u{247c}' => char::from_u32(u32::from(ch).saturating_sub(0x2474).saturating_add(u32::from('1'))),
        '\u{249c}'..='\u{24b5}' => char::from_u32(u32::from(ch).saturating_sub(0x249c).saturating_add(u32::from('a'))),
        // Full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(ch).saturating_sub(0xfee0)).map(|plain| plain.to_ascii_lowercase())
        }
        _ => None,
    }
}

/// A letter or sign that is drawn like a plain one and that no normal form brings to it.
pub(super) const fn plain(ch: char) -> char {
    match ch {
        // Letters in dark circles and squares are three runs of the alphabet; see `dark`.
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{2032}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{3c2}' => '\u{3c3}',
        '\u{131}' | '\u{26a}' => 'i',
        '\u{142}' | '\u{29f}' => 'l',
        '\u{f8}' | '\u{1d0f}' => 'o',
        '\u{111}' | '\u{1d05}' | '\u{501}' => 'd',
        '\u{127}' | '\u{29c}' | '\u{4bb}' => 'h',
        '\u{251}' | '\u{1d00}' => 'a',
        '\u{261}' | '\u{262}' => 'g',
        '\u{299}' => 'b',
        '\u{1d04}' => 'c',
        '\u{1d07}' => 'e',
        '\u{a730}' => 'f',
        '\u{1d0a}' => 'j',
        '\u{1d0b}' => 'k',
        '\u{1d0d}' => 'm',
        '\u{274}' => 'n',
        '\u{1d18}' => 'p',
        '\u{280}' => 'r',
        '\u{a731}' => 's',
        '\u{167}' | '\u{1d1b}' => 't',
        '\u{1d1c}' => 'u',
        '\u{1d20}' => 'v',
        '\u{1d21}' | '\u{51d}' => 'w',
        '\u{28f}' => 'y',
        '\u{1d22}' => 'z',
        '\u{4cf}' => 'l',
        _ => ch,
    }
}

/// The letter in a dark circle or square.
pub(super) fn dark(ch: char) -> Option<char> {
    let first = match ch {
        '\u{1f150}'..='\u{1f169}' => 0x1f150,
        '\u{1f170}'..='\u{1f189}' => 0x1f170,
        _ => return None,
    };
    char::from_u32(u32::from(ch).saturating_sub(first).saturating_add(u32::from('a')))
}

/// Whether a letter keeps its own script's marks: any letter but those of Latin, Greek and Cyrillic.
pub(super) fn keeps_marks(ch: char) -> bool {
    !matches!(ch, '\0'..='\u{24f}' | '\u{370}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}') && ch.is_alphabetic()
}

/// What a folded character is to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Letter,
    Mark,
    Other,
}

/// The class of a character; the commonest letters are known without a look into Unicode's tables.
pub(super) fn class(ch: char) -> Class {
    match ch {
        '\0'..='\u{7f}' => {
            if ch.is_ascii_alphanumeric() {
                Class::Letter
            } else {
                Class::Other
            }
        }
        '\u{400}'..='\u{481}'
        | '\u{48a}'..='\u{52f}'
        | '\u{621}'..='\u{64a}'
        | '\u{e01}'..='\u{e30}'
        | '\u{e40}'..='\u{e46}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' => Class::Letter,
        '\u{2000}'..='\u{206f}' | '\u{3001}'..='\u{3003}' | '\u{1f300}'..='\u{1faff}' => Class::Other,
        _ if is_combining_mark(ch) => Class::Mark,
        _ if ch.is_alphanumeric() => Class::Letter,
        _ => Class::Other,
    }
}

/// Whether a character is a part of a word: a letter, a digit, or a mark on one.
#[must_use]
pub fn is_word(ch: char) -> bool {
    class(ch) != Class::Other
}

/// Whether a character belongs to a script that is written without spaces between words, so that a word may begin
/// and end anywhere: Han, kana, Thai, Lao, Khmer, Myanmar.
#[must_use]
pub const fn has_no_spaces(ch: char) -> bool {
    if matches!(ch, '\0'..='\u{dff}') {
        return false;
    }
    matches!(ch,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{19e0}'..='\u{19ff}'
        | '\u{2e80}'..='\u{2fdf}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a9e0}'..='\u{a9ff}'
        | '\u{aa60}'..='\u{aa7f}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}
