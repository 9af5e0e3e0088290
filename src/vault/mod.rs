//! Encrypted files in the age format (age-encryption.org/v1), with X25519 keys: what `age` and `rage` read and write.
//!
//! Promises: a file that was changed, cut off or added to in any byte is refused before its last chunk is given out; memory
//! is two chunks, whatever the size of the file; whoever has the identity needs nothing of ours to read a backup:
//! `age -d -i KEY FILE | tar x`.
//!
//! Never: a passphrase, a plugin, or a curve of our own. The curve is `curve25519-dalek`'s, the rest `ring`'s.

pub mod bech32;
pub mod head;
pub mod stream;
pub mod tar;

pub use stream::{Opener, Sealer};

use crate::limits;
use crate::secret::Secret;
use curve25519_dalek::montgomery::MontgomeryPoint;
use std::fmt;

/// Why a key or a file is refused, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for std::io::Error {
    fn from(refused: Refused) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, refused.0)
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

/// What a recipient begins with.
const RECIPIENT: &str = "age";

/// What an identity begins with.
const IDENTITY: &str = "AGE-SECRET-KEY-";

/// Whom a file is for: the public half of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32::encode(RECIPIENT, &self.0))
    }
}

impl Recipient {
    /// Reads `age1...`.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, Refused> {
        match bech32::decode(text) {
            Some((kind, bytes)) if kind == RECIPIENT => match <[u8; 32]>::try_from(bytes.as_slice()) {
                Ok(bytes) => Ok(Self(bytes)),
                Err(_) => refused("this recipient has another length than an X25519 key"),
            },
            _ => refused("a recipient looks like age1 and 58 letters and digits, as `age-keygen -y` prints it"),
        }
    }
}

/// The secret half of a key: opens what was sealed for its recipient.
#[derive(Clone)]
pub struct Identity([u8; 32]);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity([secret])")
    }
}

impl Identity {
    /// A new one.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn make() -> Result<Self, Refused> {
        Ok(Self(random()?))
    }

    /// Reads `AGE-SECRET-KEY-1...`.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, Refused> {
        match bech32::decode(text) {
            Some((kind, bytes)) if kind.eq_ignore_ascii_case(IDENTITY) => {
                match <[u8; 32]>::try_from(bytes.as_slice()) {
                    Ok(bytes) => Ok(Self(bytes)),
                    Err(_) => refused("this key has another length than an X25519 key"),
                }
            }
            _ => refused("a key looks like AGE-SECRET-KEY-1 and 58 letters and digits; is it whole?"),
        }
    }

    /// In letters, to be kept by its owner.
    #[must_use]
    pub fn written(&self) -> Secret {
        Secret::new(bech32::encode(&IDENTITY.to_ascii_lowercase(), &self.0).to_ascii_uppercase())
    }

    /// Whom to seal for.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(MontgomeryPoint::mul_base_clamped(self.0).to_bytes())
    }
}

/// The lines of a file of keys that are neither empty nor remarks.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Every identity in a file of them, as `age-keygen` writes it.
///
/// # Errors
/// A line that is none, or that there are none, or too many.
pub fn identities(text: &str) -> Result<Vec<Identity>, Refused> {
    let found: Vec<Identity> = lines(text).map(Identity::read).collect::<Result<_, _>>()?;
    counted(found, "key")
}

/// Every recipient in a file of them, a line each.
///
/// # Errors
/// As [`identities`].
pub fn recipients(text: &str) -> Result<Vec<Recipient>, Refused> {
    let found: Vec<Recipient> = lines(text).map(Recipient::read).collect::<Result<_, _>>()?;
    counted(found, "recipient")
}

fn counted<T>(found: Vec<T>, what: &str) -> Result<Vec<T>, Refused> {
    match found.len() {
        0 => refused(format!("there is no {what} in it")),
        count if count > limits::VAULT_KEYS_MAX => {
            refused(format!("{count} {what}s are in it; at most {} are taken", limits::VAULT_KEYS_MAX))
        }
        _ => Ok(found),
    }
}

/// Fresh random bytes.
fn random<const N: usize>() -> Result<[u8; N], Refused> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => refused(format!("the machine has no random numbers: {error}")),
    }
}

#[cfg(test)]
mod tests;
