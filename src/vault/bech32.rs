//! Bech32 (BIP 173), the letters in which age keys are written.
//!
//! Promises: one typing error, or four, is always seen; capitals and small letters are not mixed.
//!
//! Never: the length bound of the standard, which age does not keep either.

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    values.fold(1_u32, |sum, value| {
        let top = sum >> 25;
        let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        let mut bit = 0;
        GENERATOR.iter().fold(next, |next, generator| {
            let on = (top >> bit) & 1 == 1;
            bit += 1;
            if on { next ^ generator } else { next }
        })
    })
}

fn expanded(kind: &str) -> impl Iterator<Item = u8> {
    kind.bytes().map(|byte| byte >> 5).chain(std::iter::once(0)).chain(kind.bytes().map(|byte| byte & 31))
}

/// Bits regrouped from `from` to `to` a value; what is left over is padded with zeroes.
fn regroup(values: &[u8], from: u32, to: u32) -> (Vec<u8>, u32, u32) {
    let (mut held, mut bits, mut out) = (0_u32, 0_u32, Vec::with_capacity(values.len() * 2));
    let mask = (1_u32 << to) - 1;
    for value in values {
        held = (held << from) | u32::from(*value);
        bits += from;
        while bits >= to {
            bits -= to;
            out.push(u8::try_from((held >> bits) & mask).unwrap_or(0));
        }
        held &= (1 << bits) - 1;
    }
    (out, held, bits)
}

/// `data` with its kind, in small letters. `kind` is in small letters.
#[must_use]
pub fn encode(kind: &str, data: &[u8]) -> String {
    let (mut values, held, bits) = regroup(data, 8, 5);
    if bits > 0 {
        values.push(u8::try_from(held << (5 - bits)).unwrap_or(0));
    }
    let sum = polymod(expanded(kind).chain(values.iter().copied()).chain([0; 6])) ^ 1;
    let check = (0..6).rev().map(|place| u8::try_from((sum >> (5 * place)) & 31).unwrap_or(0));
    let letter = |value: u8| char::from(LETTERS.get(usize::from(value)).copied().unwrap_or(b'q'));
    let letters: String = values.iter().copied().chain(check).map(letter).collect();
    format!("{kind}1{letters}")
}

/// The kind, in small letters, and the bytes; `None` when a letter is wrong.
#[must_use]
pub fn decode(text: &str) -> Option<(String, Vec<u8>)> {
    let lower = text.to_ascii_lowercase();
    if text != lower && text != text.to_ascii_uppercase() {
        return None;
    }
    let (kind, letters) = lower.rsplit_once('1')?;
    if kind.is_empty() || kind.bytes().any(|byte| !(33..=126).contains(&byte)) {
        return None;
    }
    let value = |byte: u8| LETTERS.iter().position(|letter| *letter == byte).and_then(|at| u8::try_from(at).ok());
    let values: Vec<u8> = letters.bytes().map(value).collect::<Option<_>>()?;
    let (data, _) = values.split_at_checked(values.len().checked_sub(6)?)?;
    if polymod(expanded(kind).chain(values.iter().copied())) != 1 {
        return None;
    }
    let (bytes, held, bits) = regroup(data, 5, 8);
    // What is left over is padding: less than a letter, and zero.
    (bits < 5 && held == 0).then(|| (kind.to_owned(), bytes))
}
