//! A release: a program with a signature in the format of minisign, and what the signature says of it.
//!
//! Promises: nothing is believed of a file before its signature holds, the trusted comment's own included; both forms are taken,
//! hashed before signing and not; a version is compared by its numbers.
//!
//! Never: a key that came with the file. Whoever calls brings the key.

use crate::limits;
use minisign_verify::{PublicKey, Signature};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The letters before a key in its file.
const REMARK: &str = "untrusted comment:";

/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// The key that signs releases.
#[derive(Clone, Debug)]
pub struct Key {
    inner: PublicKey,
    text: String,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Key {
    /// Reads a key: the line of letters, or the file that `minisign` wrote.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(REMARK));
        let line = line.unwrap_or_default();
        let inner = PublicKey::from_base64(line);
        let inner = inner.map_err(|_| "is no public key of minisign; one looks like RW and 54 letters".to_owned())?;
        Ok(Self { inner, text: line.to_owned() })
    }

    /// Its letters.
    #[must_use]
    pub fn letters(&self) -> &str {
        &self.text
    }

    /// Its fingerprint: the first half of its SHA-256, in pairs of digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash: [u8; 32] = Sha256::digest(self.text.as_bytes()).into();
        let pairs: Vec<String> = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        pairs.join(":")
    }
}

/// A version: three numbers, and what comes before the release of that number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    numbers: [u64; 3],
    before: Option<String>,
}

impl Version {
    /// Reads `1.2.3` or `1.2.3-rc1`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (numbers, before) = match text.split_once('-') {
            Some((numbers, before)) => (numbers, Some(before)),
            None => (text, None),
        };
        let is_word = |text: &str| {
            (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        };
        let parts: Vec<u64> = numbers.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let numbers = <[u64; 3]>::try_from(parts).ok()?;
        before.is_none_or(is_word).then(|| Self { numbers, before: before.map(str::to_owned) })
    }

    /// This program's.
    #[must_use]
    pub fn own() -> Self {
        Self::read(env!("CARGO_PKG_VERSION")).unwrap_or(Self { numbers: [0; 3], before: None })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        self.before.as_ref().map_or(Ok(()), |before| write!(f, "-{before}"))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // What comes before a release is older than it.
        let key = |version: &Self| (version.numbers, version.before.is_none(), version.before.clone());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What a signature says of a program, once it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// The machine it was built for.
    pub target: String,
}

/// Checks a program against its signature; returns what the signature says of it.
///
/// # Errors
/// Why it is not believed, in a sentence.
pub fn verify(program: &Path, signature: &str, key: &Key) -> Result<Release, String> {
    let signature = read_signature(signature)?;
    let said = |error: std::io::Error| format!("{} cannot be read: {error}", program.display());
    let mut file = File::open(program).map_err(said)?;
    let bytes = file.metadata().map_err(said)?.len();
    if bytes > limits::UPDATE_BYTES_MAX {
        return Err(format!("the file has {bytes} bytes; a program has at most {}", limits::UPDATE_BYTES_MAX));
    }
    match key.inner.verify_stream(&signature) {
        Ok(mut stream) => {
            let mut piece = vec![0; PIECE];
            loop {
                let read = file.read(&mut piece).map_err(said)?;
                if read == 0 {
                    break;
                }
                stream.update(piece.get(..read).unwrap_or_default());
            }
            stream.finalize().map_err(wrong)?;
        }
        // Signed whole, as older versions of minisign do it: it is read whole.
        Err(minisign_verify::Error::UnsupportedLegacyMode) => {
            let mut whole = Vec::new();
            file.take(limits::UPDATE_BYTES_MAX).read_to_end(&mut whole).map_err(said)?;
            key.inner.verify(&whole, &signature, true).map_err(wrong)?;
        }
        Err(error) => return Err(wrong(error)),
    }
    said_of(signature.trusted_comment())
}

fn read_signature(text: &str) -> Result<Signature, String> {
    Signature::decode(text).map_err(|_| "the signature cannot be read; is it whole?".to_owned())
}

fn wrong(error: minisign_verify::Error) -> String {
    match error {
        minisign_verify::Error::UnexpectedKeyId => "the file is signed with another key",
        _ => "the signature is not one of this file: it was changed, cut off or signed with another key",
    }
    .to_owned()
}

/// Checks what is in memory against its signature; returns the trusted comment.
///
/// # Errors
/// Why it is not believed, in a sentence.
pub fn verify_text(text: &str, signature: &str, key: &Key) -> Result<String, String> {
    let signature = read_signature(signature)?;
    key.inner.verify(text.as_bytes(), &signature, true).map_err(wrong)?;
    Ok(signature.trusted_comment().to_owned())
}

fn said_of(comment: &str) -> Result<Release, String> {
    let field = |name: &str| {
        comment.split_ascii_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let version = field("version").as_deref().and_then(Version::read);
    match (version, field("target")) {
        (Some(version), Some(target)) => Ok(Release { version, target }),
        _ => Err("the signature's trusted comment does not say version=... and target=...".to_owned()),
    }
}

/// The SHA-256 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn hash_of(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(piece.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let version = |text: &str| Version::read(text).expect(text);
        let rising = ["0.1.0", "0.2.0-rc1", "0.2.0-rc2", "0.2.0", "0.10.0", "1.0.0"];
        for pair in rising.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
            assert_eq!(version(pair[0]).to_string(), pair[0]);
        }
        for wrong in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.2.3-", "1.2.3-rc 1", "v1.2.3", "1.2.-3"] {
            assert_eq!(Version::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_trusted_comment_says_version_and_target() {
        let told = said_of("timestamp:1 file:aegis version=1.2.3 target=aarch64-unknown-linux-musl").unwrap();
        assert_eq!((told.version.to_string().as_str(), told.target.as_str()), ("1.2.3", "aarch64-unknown-linux-musl"));
        for short in ["", "version=1.2.3", "target=x", "version=new target=x", "versions=1.2.3 target=x"] {
            assert!(said_of(short).is_err(), "{short}");
        }
    }
}
