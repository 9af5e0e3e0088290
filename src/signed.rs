//! Signatures: what goes out to receivers is signed, and so is what programs with a key ask for.
//!
//! Promises: HMAC-SHA256 over `time "." id "." body`, where the id is an event's or a call's nonce; comparing takes the same time
//! whatever is wrong. Reading what a stranger sends is total. During a rotation both secrets sign, and both are good.
//!
//! Never: a clock, chance, storage. Whether a nonce was used is the caller's to know.

use crate::limits;
use ring::hmac;
use std::fmt::Write;

/// How the credentials of a call begin.
pub const SCHEME: &str = "Aegis-HMAC-SHA256 ";

fn context(secret: &[u8], time: &str, id: &str) -> hmac::Context {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    for part in [time, ".", id, "."] {
        context.update(part.as_bytes());
    }
    context
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        // Writing into a text does not fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if text.len() != N.saturating_mul(2) || !is_hex {
        return None;
    }
    let mut bytes = [0; N];
    for (place, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *place = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// The signature of a body, 64 hex digits.
#[must_use]
pub fn signature(secret: &[u8], time_s: u64, id: &str, body: &[u8]) -> String {
    let mut context = context(secret, &time_s.to_string(), id);
    context.update(body);
    hex(context.sign().as_ref())
}

/// The value of the header `Aegis-Signature`: one for each secret.
#[must_use]
pub fn header(secrets: &[&[u8]], time_s: u64, id: &str, body: &[u8]) -> String {
    let all: Vec<String> = secrets.iter().map(|secret| format!("v1={}", signature(secret, time_s, id, body))).collect();
    all.join(",")
}

/// What a program brings along with a call: `Aegis-HMAC-SHA256 key=NAME;time=SECONDS;nonce=32 HEX;v1=64 HEX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The key's name.
    pub key: String,
    /// When it was signed, seconds since 1970, as written.
    pub time_s: u64,
    /// 16 bytes that the key was never used with before.
    pub nonce: [u8; 16],
    /// The signature.
    pub signature: [u8; 32],
}

impl Credentials {
    /// Reads the value of the header `Authorization`.
    #[must_use]
    pub fn read(value: &str) -> Option<Self> {
        let mut parts = value.strip_prefix(SCHEME)?.split(';');
        let mut next = |name: &str| parts.next()?.trim().strip_prefix(name)?.strip_prefix('=');
        let key = next("key")?.to_owned();
        let time = next("time")?;
        let time_s = time.parse::<u64>().ok().filter(|parsed| parsed.to_string() == time)?;
        let (nonce, signature) = (unhex(next("nonce")?)?, unhex(next("v1")?)?);
        let is_name = key.len() <= limits::USER_NAME_LETTERS_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
        (parts.next().is_none() && is_name).then_some(Self { key, time_s, nonce, signature })
    }

    /// Credentials that nobody has, to be checked where none could be read: that takes as long.
    #[must_use]
    pub const fn nobody() -> Self {
        Self { key: String::new(), time_s: 0, nonce: [0; 16], signature: [0; 32] }
    }

    /// How a program writes them.
    #[must_use]
    pub fn written(key: &str, secret: &[u8], time_s: u64, nonce: &[u8; 16], body: &[u8]) -> String {
        let nonce = hex(nonce);
        format!("{SCHEME}key={key};time={time_s};nonce={nonce};v1={}", signature(secret, time_s, &nonce, body))
    }

    /// Whether one of two secrets signed this for this body, and it is in time. All of it is looked at, whatever is wrong.
    #[must_use]
    pub fn is_of(&self, secrets: [&[u8]; 2], body: &[u8], now_s: u64) -> bool {
        let time = self.time_s.to_string();
        let nonce = hex(&self.nonce);
        let is_by = |secret: &[u8]| {
            let mut context = context(secret, &time, &nonce);
            context.update(body);
            subtle::ConstantTimeEq::ct_eq(context.sign().as_ref(), &self.signature[..])
        };
        let [first, second] = secrets.map(is_by);
        let is_in_time = u8::from(self.time_s.abs_diff(now_s) <= limits::HOOK_CLOCK_S);
        bool::from((first | second) & subtle::Choice::from(is_in_time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW_S: u64 = 1_795_642_800;
    const NONCE: [u8; 16] = [7; 16];

    #[test]
    fn a_signature_is_the_one_that_others_compute() {
        // printf '1795642800.a-1.{}' | openssl dgst -sha256 -hmac 'a secret of mine'
        let told = signature(b"a secret of mine", NOW_S, "a-1", b"{}");
        assert_eq!(told, "e91d177347c0765ab4853c64b328ca923502c526f3bfc951f8d42ab4bca1297b");
        let both = header(&[b"a secret of mine", b"the old one"], NOW_S, "a-1", b"{}");
        assert_eq!(both.split(',').count(), 2);
        assert!(both.starts_with(&format!("v1={told},v1=")));
    }

    #[test]
    fn a_call_is_good_to_the_second_and_no_longer() {
        let (own, other): (&[u8], &[u8]) = (b"own secret", b"other secret");
        let written = Credentials::written("ci", own, NOW_S, &NONCE, b"body");
        let read = Credentials::read(&written).expect("whole");
        assert_eq!((read.key.as_str(), read.time_s, read.nonce), ("ci", NOW_S, NONCE));
        for (now_s, is_good) in [
            (NOW_S, true),
            (NOW_S + limits::HOOK_CLOCK_S, true),
            (NOW_S - limits::HOOK_CLOCK_S, true),
            (NOW_S + limits::HOOK_CLOCK_S + 1, false),
            (NOW_S - limits::HOOK_CLOCK_S - 1, false),
            (0, false),
            (u64::MAX, false),
        ] {
            assert_eq!(read.is_of([own, own], b"body", now_s), is_good, "{now_s}");
        }
        assert!(read.is_of([other, own], b"body", NOW_S), "the one before is good during a rotation");
        assert!(!read.is_of([other, other], b"body", NOW_S));
        assert!(!read.is_of([own, own], b"Body", NOW_S));
        assert!(!Credentials { nonce: [8; 16], ..read.clone() }.is_of([own, own], b"body", NOW_S));
        assert!(!Credentials { time_s: NOW_S + 1, ..read }.is_of([own, own], b"body", NOW_S));
    }

    proptest! {
        #[test]
        fn whatever_a_stranger_sends_is_read_or_refused(value in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _refused = Credentials::read(&value);
            let _refused = Credentials::read(&format!("{SCHEME}{value}"));
            let text = String::from_utf8_lossy(&bytes);
            let _refused = Credentials::read(&format!("{SCHEME}key=a;time={text};nonce={text};v1={text}"));
        }

        #[test]
        fn a_flipped_bit_anywhere_is_no_signature(at in 0_usize..120, bit in 0_u32..7) {
            let written = Credentials::written("ci", b"own secret", NOW_S, &NONCE, b"body");
            let mut bytes = written.into_bytes();
            let at = SCHEME.len() + at % (bytes.len() - SCHEME.len());
            bytes[at] ^= 1 << bit;
            if let Some(read) = std::str::from_utf8(&bytes).ok().and_then(Credentials::read) {
                // The name of the key is not signed: another key has another secret.
                prop_assert!(read.key != "ci" || !read.is_of([b"own secret", b"own secret"], b"body", NOW_S));
            }
        }
    }
}
