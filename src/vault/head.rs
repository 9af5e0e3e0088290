//! The head of an age file: for whom it is, and the key of what follows.
//!
//! Promises: read strictly, as the specification says: one way to write a head, and its seal covers every byte. What is for
//! others is passed over.
//!
//! Never: more than `limits::VAULT_HEAD_BYTES_MAX`.

use super::{Identity, Recipient, Refused, random, refused};
use crate::limits;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use curve25519_dalek::montgomery::MontgomeryPoint;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use std::io::{BufRead, Read as _, Write};

/// The key of a file, from which the others are derived.
pub(super) type FileKey = [u8; 16];

const VERSION: &str = "age-encryption.org/v1";
const X25519: &str = "X25519";
const WRAPS: &[u8] = b"age-encryption.org/v1/X25519";

/// Letters of one line of a body.
const LINE_LETTERS: usize = 64;

/// 32 bytes derived from `secret`.
pub(super) fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<[u8; 32], Refused> {
    let mut key = [0; 32];
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let filled = secret.expand(&[info], hkdf::HKDF_SHA256).and_then(|key_of| key_of.fill(&mut key));
    if filled.is_err() { refused("a key cannot be derived") } else { Ok(key) }
}

/// The cipher with this key.
pub(super) fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, Refused> {
    match UnboundKey::new(&CHACHA20_POLY1305, key) {
        Ok(key) => Ok(LessSafeKey::new(key)),
        Err(_) => refused("a key cannot be used"),
    }
}

fn no_nonce() -> Nonce {
    // Each such key is used once.
    Nonce::assume_unique_for_key([0; 12])
}

fn seal_of(file_key: &FileKey) -> Result<hmac::Key, Refused> {
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &derive(file_key, &[], b"header")?))
}

/// The key that wraps a file's key, from both public halves and what they share.
fn wrapping(shared: [u8; 32], share: &[u8; 32], recipient: &Recipient) -> Result<LessSafeKey, Refused> {
    if shared == [0; 32] {
        return refused("a key in the file's head is none");
    }
    let mut salt = [0; 64];
    let (first, second) = salt.split_at_mut(32);
    first.copy_from_slice(share);
    second.copy_from_slice(&recipient.0);
    cipher(&derive(&shared, &salt, WRAPS)?)
}

/// Writes the head of a file for `recipients`; returns the file's key.
///
/// # Errors
/// When it cannot be written, or there are no random numbers.
pub(super) fn write(out: &mut impl Write, recipients: &[Recipient]) -> std::io::Result<FileKey> {
    let file_key: FileKey = random()?;
    let mut head = format!("{VERSION}\n");
    for recipient in recipients {
        let once: [u8; 32] = random()?;
        let share = MontgomeryPoint::mul_base_clamped(once).to_bytes();
        let shared = MontgomeryPoint(recipient.0).mul_clamped(once).to_bytes();
        let mut body = file_key.to_vec();
        let sealed = wrapping(shared, &share, recipient)?.seal_in_place_append_tag(no_nonce(), Aad::empty(), &mut body);
        sealed.map_err(|_| Refused("a key cannot be wrapped".to_owned()))?;
        head.push_str(&format!("-> {X25519} {}\n{}\n", BASE64.encode(share), BASE64.encode(body)));
    }
    head.push_str("---");
    let mac = hmac::sign(&seal_of(&file_key)?, head.as_bytes());
    head.push_str(&format!(" {}\n", BASE64.encode(mac.as_ref())));
    out.write_all(head.as_bytes())?;
    Ok(file_key)
}

/// What a head says of one recipient.
struct Stanza {
    words: Vec<String>,
    body: Vec<u8>,
}

struct Lines<'a, R> {
    input: &'a mut R,
    /// What was read so far, the seal left out.
    sealed: Vec<u8>,
}

impl<R: BufRead> Lines<'_, R> {
    fn next(&mut self) -> std::io::Result<String> {
        let room = limits::VAULT_HEAD_BYTES_MAX.saturating_sub(self.sealed.len());
        let mut line = Vec::new();
        self.input.take(u64::try_from(room).unwrap_or(0)).read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') || !line.iter().all(|byte| (32..=126).contains(byte)) {
            return Err(none().into());
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn keep(&mut self, line: &str) {
        self.sealed.extend_from_slice(line.as_bytes());
        self.sealed.push(b'\n');
    }

    fn body(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.next()?;
            if line.len() > LINE_LETTERS {
                return Err(none().into());
            }
            body.extend(BASE64.decode(&line).map_err(|_| none())?);
            self.keep(&line);
            if line.len() < LINE_LETTERS {
                return Ok(body);
            }
        }
    }
}

fn none() -> Refused {
    Refused("this is no whole age file: its head cannot be read".to_owned())
}

/// Reads a head; returns the file's key.
///
/// # Errors
/// When it is no head, was changed, or is for none of `identities`.
pub(super) fn read(input: &mut impl BufRead, identities: &[Identity]) -> std::io::Result<FileKey> {
    let mut lines = Lines { input, sealed: Vec::new() };
    let first = lines.next()?;
    if first != VERSION {
        return Err(
            Refused("this is no age file of version 1, or it is armored; give the binary form".to_owned()).into()
        );
    }
    lines.keep(&first);
    let mut stanzas = Vec::new();
    let mac = loop {
        let line = lines.next()?;
        if let Some(mac) = line.strip_prefix("--- ") {
            lines.sealed.extend_from_slice(b"---");
            break BASE64.decode(mac).map_err(|_| none())?;
        }
        let words: Vec<String> = line.strip_prefix("-> ").ok_or_else(none)?.split(' ').map(str::to_owned).collect();
        if words.iter().any(String::is_empty) {
            return Err(none().into());
        }
        lines.keep(&line);
        stanzas.push(Stanza { words, body: lines.body()? });
    };
    if stanzas.is_empty() {
        return Err(none().into());
    }
    let file_key = unwrap(&stanzas, identities)?;
    if hmac::verify(&seal_of(&file_key)?, &lines.sealed, &mac).is_err() {
        return Err(Refused("the file's head was changed".to_owned()).into());
    }
    Ok(file_key)
}

fn unwrap(stanzas: &[Stanza], identities: &[Identity]) -> Result<FileKey, Refused> {
    for stanza in stanzas.iter().filter(|stanza| stanza.words.first().is_some_and(|kind| kind == X25519)) {
        let [_, share] = stanza.words.as_slice() else { return Err(none()) };
        let share = BASE64.decode(share).ok().and_then(|share| <[u8; 32]>::try_from(share).ok()).ok_or_else(none)?;
        if stanza.body.len() != 32 {
            return Err(none());
        }
        for identity in identities {
            let shared = MontgomeryPoint(share).mul_clamped(identity.0).to_bytes();
            let wraps = wrapping(shared, &share, &identity.recipient())?;
            let mut body = stanza.body.clone();
            let opened = wraps.open_in_place(no_nonce(), Aad::empty(), &mut body);
            if let Some(key) = opened.ok().and_then(|key| FileKey::try_from(&*key).ok()) {
                return Ok(key);
            }
        }
    }
    refused(
        "the file is not for this key; bring the identity that `aegis backup key` printed when the backup's key was made",
    )
}
