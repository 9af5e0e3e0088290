//! Hosts: how browsers read them, to whom they belong, and what they look like.
//!
//! Promises: a host is what the WHATWG URL standard says it is, so that an address written as one number is seen as an
//! address; its domain is what the Public Suffix List calls registrable.
//!
//! Never: a look-up in the network.

use super::suffixes::{self, Opened};
use crate::limits;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Host {
    /// ASCII, lower case, international labels in punycode.
    pub ascii: String,
    /// The registrable domain; the host itself when it has none.
    pub domain: String,
    /// What is told of it.
    pub nature: Nature,
}

/// What sort of host it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Nature {
    /// A name under a suffix that the Public Suffix List knows.
    Public,
    /// A name that nobody outside of a network can resolve, or a bare suffix.
    #[default]
    Private,
    /// An address.
    Address,
}

/// Reads a host as a browser would.
pub(super) fn parse(text: &str) -> Option<Host> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() || text.len() > limits::HOST_BYTES_MAX {
        return None;
    }
    let ascii = match url::Host::parse(text).ok()? {
        url::Host::Domain(name) => name,
        address => {
            let ascii = address.to_string();
            return Some(Host { domain: ascii.clone(), ascii, nature: Nature::Address });
        }
    };
    if ascii.len() > 253 || ascii.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return None;
    }
    let known = suffixes::suffix(&ascii).is_some_and(|suffix| suffix.opened.is_some());
    let domain = suffixes::domain(&ascii);
    let nature = if known && domain.is_some() { Nature::Public } else { Nature::Private };
    let domain = domain.unwrap_or(&ascii).to_owned();
    Some(Host { ascii, domain, nature })
}

/// The host as people read it: international labels in their own script.
pub(super) fn shown(ascii: &str) -> String {
    if is_international(ascii) { idna::domain_to_unicode(ascii).0 } else { ascii.to_owned() }
}

/// Whether a label is in punycode.
pub(super) fn is_international(ascii: &str) -> bool {
    ascii.split('.').any(|label| label.starts_with("xn--"))
}

/// The labels of a host before its public suffix, and the suffix.
pub(super) fn name_and_suffix(ascii: &str) -> (&str, &str) {
    let suffix = suffixes::suffix(ascii).map_or(0, |suffix| suffix.text.len());
    let name = ascii.get(..ascii.len().saturating_sub(suffix).saturating_sub(1)).unwrap_or_default();
    (name, ascii.get(ascii.len().saturating_sub(suffix)..).unwrap_or_default())
}

/// Whether a name is one of the suffixes under which everybody may register, such as `com` and `co.uk`.
pub(super) fn is_registry(ascii: &str) -> bool {
    suffixes::suffix(ascii).is_some_and(|suffix| suffix.text == ascii && suffix.opened == Some(Opened::ByRegistry))
}

/// What a label looks like from a distance: marks gone, look-alikes of other scripts and signs brought to one.
///
/// In long labels `i` and `l` are one, since a capital `I` is drawn like `l`; in short ones that would make words meet
/// that nobody confuses.
pub(super) fn skeleton(label: &str) -> String {
    let mut plain = String::with_capacity(label.len());
    for ch in label.nfkd().filter(|ch| !is_combining_mark(*ch)).flat_map(char::to_lowercase) {
        plain.push(latin(ch));
    }
    let plain = plain.replace("rn", "m").replace("vv", "w");
    if plain.chars().count() < LETTERS_OF_LONG { plain } else { plain.replace('i', "l") }
}

/// Letters of a label that counts as long.
const LETTERS_OF_LONG: usize = 6;

/// The Latin letter that a character is drawn like.
const fn latin(ch: char) -> char {
    match ch {
        '0' | '\u{43e}' | '\u{3bf}' | '\u{585}' | '\u{f8}' | '\u{4e9}' => 'o',
        '1' | '\u{4cf}' | '\u{142}' | '\u{26b}' => 'l',
        '\u{430}' | '\u{3b1}' | '\u{251}' => 'a',
        '\u{432}' | '\u{3b2}' | '\u{df}' | '\u{44c}' => 'b',
        '\u{441}' | '\u{3f2}' => 'c',
        '\u{501}' | '\u{111}' => 'd',
        '\u{435}' | '\u{454}' | '\u{3b5}' => 'e',
        '\u{261}' => 'g',
        '\u{43d}' | '\u{4bb}' | '\u{570}' => 'h',
        '\u{131}' | '\u{3b9}' | '\u{456}' => 'i',
        '\u{458}' => 'j',
        '\u{43a}' | '\u{3ba}' => 'k',
        '\u{43c}' => 'm',
        '\u{43f}' | '\u{3b7}' | '\u{578}' => 'n',
        '\u{440}' | '\u{3c1}' => 'p',
        '\u{51b}' => 'q',
        '\u{433}' => 'r',
        '\u{455}' => 's',
        '\u{442}' | '\u{3c4}' => 't',
        '\u{438}' | '\u{3c5}' | '\u{57d}' => 'u',
        '\u{475}' | '\u{3bd}' => 'v',
        '\u{51d}' | '\u{448}' | '\u{3c9}' => 'w',
        '\u{445}' | '\u{3c7}' => 'x',
        '\u{443}' | '\u{3b3}' => 'y',
        _ => ch,
    }
}
