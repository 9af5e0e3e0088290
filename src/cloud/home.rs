//! The folder of a hub in the data folder: the board's key, and what the enrolment said.
//!
//! Promises: files are private to their owner, and get their names when they are whole; the key that signs packs is the one that
//! the enrolment brought, until somebody enrols again.
//!
//! Never: a file outside of the data folder; a secret shown.

use super::packs::PackFolder;
use crate::limits;
use aegis_contract::signing;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The folder's name in the data folder.
const FOLDER: &str = "hub";
const KEY_FILE: &str = "board.key";
const ENROLMENT_FILE: &str = "enrolment.json";

/// The board's key: ed25519.
pub struct Key(Ed25519KeyPair);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key of a seed.
    #[must_use]
    pub fn of_seed(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// The public key, in letters.
    #[must_use]
    pub fn public(&self) -> String {
        signing::letters(self.0.public_key().as_ref())
    }

    /// The signature of a text, in letters.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        signing::letters(self.0.sign(text.as_bytes()).as_ref())
    }
}

/// What an enrolment said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Where the hub is.
    pub url: String,
    /// The board's id there.
    pub board: String,
    /// What it is called there.
    pub name: String,
    /// The tenants whose rows the hub takes.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// The line of the key that signs packs; empty: none are taken.
    #[serde(default)]
    pub pack_key: String,
    /// When, seconds since 1970.
    #[serde(default)]
    pub at: u64,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

impl Home {
    /// In a data folder. Nothing is made yet.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self(data_dir.join(FOLDER))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What the enrolment said, and the key; `None` when this board is at no hub.
    ///
    /// # Errors
    /// When a file cannot be read, in a sentence.
    pub fn read(&self) -> Result<Option<(Enrolment, Key)>, String> {
        let mend = "enrol again with `aegis sync enrol`";
        let path = self.0.join(ENROLMENT_FILE);
        let text = match read_bounded(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| format!("{} cannot be read: {error}; {mend}", path.display()))?,
        };
        let enrolment: Enrolment =
            serde_json::from_slice(&text).map_err(|_| format!("{} is no enrolment; {mend}", path.display()))?;
        let path = self.0.join(KEY_FILE);
        let letters =
            read_bounded(&path).map_err(|error| format!("{} cannot be read: {error}; {mend}", path.display()))?;
        let seed = signing::bytes::<32>(String::from_utf8_lossy(&letters).trim());
        let key = seed.as_ref().and_then(Key::of_seed);
        Ok(Some((enrolment, key.ok_or_else(|| format!("{} is no key; {mend}", path.display()))?)))
    }

    /// Keeps a new key, and what the enrolment said, the key first.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&self, seed: &[u8; 32], enrolment: &Enrolment) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.0)?;
        let text = serde_json::to_vec_pretty(enrolment).map_err(std::io::Error::other)?;
        // They are signed with the key of another enrolment.
        self.packs().clear()?;
        // Between the two there is no enrolment, rather than one with another's key.
        absent_is_fine(std::fs::remove_file(self.0.join(ENROLMENT_FILE)))?;
        write_whole(&self.0, KEY_FILE, &[signing::letters(seed).as_bytes()])?;
        write_whole(&self.0, ENROLMENT_FILE, &[&text])
    }

    /// Forgets the hub: key, enrolment and packs.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn leave(&self) -> std::io::Result<()> {
        absent_is_fine(std::fs::remove_dir_all(&self.0))?;
        self.packs().clear()
    }

    /// Where the packs of the hub are kept.
    #[must_use]
    pub fn packs(&self) -> PackFolder {
        PackFolder::beside(&self.0)
    }
}

/// What was to be removed may not be there.
pub(super) fn absent_is_fine(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file beside its name, and gives it the name when it is whole and on the medium.
pub(super) fn write_whole(dir: &Path, name: &str, parts: &[&[u8]]) -> std::io::Result<()> {
    let new = dir.join(format!("{name}.new"));
    absent_is_fine(std::fs::remove_file(&new))?;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.sync_all()?;
    std::fs::rename(&new, dir.join(name))?;
    std::fs::File::open(dir)?.sync_all()
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limits::CLOUD_FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
