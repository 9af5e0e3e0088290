//! Names: a board's id, tenants, packs.
//!
//! Promises: a board's id is 16 bytes, written as a UUID in small letters; other spellings of a UUID are read as well.
//!
//! Never: a random number. The hub draws a board's id.

use crate::limits;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The id of a board at its hub: a UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoardId(pub [u8; 16]);

impl fmt::Display for BoardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for BoardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoardId({self})")
    }
}

impl FromStr for BoardId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is no UUID; one looks like 01234567-89ab-cdef-0123-456789abcdef".to_owned();
        let dashes: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'-').map(|(at, _)| at).collect();
        if text.len() > 36 || !(dashes.is_empty() || dashes == [8, 13, 18, 23]) {
            return Err(wrong());
        }
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        bytes_of_hex(&digits).map(Self).ok_or_else(wrong)
    }
}

impl Serialize for BoardId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BoardId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Exactly `N` bytes from their hexadecimal digits.
pub fn bytes_of_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(*high)? * 16 + value(*low)?;
    }
    Some(bytes)
}

/// Bytes as hexadecimal digits, small.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether it is a tenant's name: small letters, digits, `-` and `_`, at most [`limits::TENANT_NAME_BYTES_MAX`].
#[must_use]
pub fn is_tenant_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= limits::TENANT_NAME_BYTES_MAX
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// Whether it is a pack's name: a small letter, then those, digits, `-`, `_` and `.`, at most
/// [`limits::PACK_NAME_BYTES_MAX`].
#[must_use]
pub fn is_pack_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= limits::PACK_NAME_BYTES_MAX
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
}
