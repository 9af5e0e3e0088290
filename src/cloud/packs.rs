//! The folder of a hub's packs in the data folder: a file a pack, with its signature and how it shall judge.
//!
//! Promises: a file gets its name when it is whole and on the medium, so that a cut of power leaves the old one or the new one;
//! no more is read of it than a pack may have. Which version of each was believed last is kept in a file beside them, so that a damaged
//! pack lets no older one in; a damaged line of it is as good as none.
//!
//! Never: a pack believed because it lies there. Whoever reads it checks the signature.

use super::home::{absent_is_fine, write_whole};
use crate::limits;
use crate::policy::Stage;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The folder's name in the data folder.
const FOLDER: &str = "hub-packs";
const ENDING: &str = ".pack";
/// A line a pack: its name, its version, and the first letters of a sum of both, so that damage is seen.
const VERSIONS_FILE: &str = "versions";

/// How a pack may judge, and the word for it in its file.
const STAGES: [(&str, Option<Stage>); 3] =
    [("off", None), ("record", Some(Stage::Record)), ("enforce", Some(Stage::Enforce))];

/// A pack as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptPack {
    /// Its name.
    pub name: String,
    /// How it shall judge; `None`: not at all.
    pub stage: Option<Stage>,
    /// When its version was put in, seconds since 1970.
    pub since_s: u64,
    /// Its signature: minisign's four lines, each with its end.
    pub signature: String,
    /// The pack, as it was signed.
    pub text: String,
}

/// The word for how a pack judges.
#[must_use]
pub fn stage_word(stage: Option<Stage>) -> &'static str {
    STAGES.iter().find(|(_, known)| *known == stage).map_or("", |(word, _)| *word)
}

impl KeptPack {
    fn of_file(name: &str, file: &str) -> Option<Self> {
        let (head, rest) = file.split_once('\n')?;
        let (word, since) = head.split_once(' ')?;
        let (end, _) = rest.match_indices('\n').nth(3)?;
        let (signature, text) = rest.split_at_checked(end.checked_add(1)?)?;
        let (_, stage) = STAGES.iter().find(|(known, _)| *known == word)?;
        let (signature, text) = (signature.to_owned(), text.to_owned());
        Some(Self { name: name.to_owned(), stage: *stage, since_s: since.parse().ok()?, signature, text })
    }
}

fn line_of(name: &str, version: u64) -> String {
    let said = format!("{name} {version}");
    let sum: [u8; 32] = Sha256::digest(&said).into();
    let letters: String = sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{said} {letters}")
}

/// The folder.
#[derive(Clone, Debug)]
pub struct PackFolder(PathBuf);

impl PackFolder {
    pub(super) fn beside(home: &Path) -> Self {
        Self(home.with_file_name(FOLDER))
    }

    /// The names of the packs there, in order; at most as many as a board has.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.0)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(ENDING).map(str::to_owned))
            .filter(|name| aegis_contract::is_pack_name(name))
            .take(limits::CLOUD_PACKS_MAX);
        // One whose file is gone is remembered by its version alone.
        let names: BTreeSet<String> = files.chain(self.versions_believed().into_keys()).collect();
        names.into_iter().take(limits::CLOUD_PACKS_MAX).collect()
    }

    /// A pack there; `None` where its file cannot be read, or is none.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<KeptPack> {
        let mut file = String::new();
        let most = limits::CLOUD_PACK_BYTES_MAX.saturating_add(limits::CLOUD_FILE_BYTES_MAX);
        let opened = std::fs::File::open(self.0.join(format!("{name}{ENDING}"))).ok()?;
        opened.take(most).read_to_string(&mut file).ok()?;
        KeptPack::of_file(name, &file)
    }

    /// The version of each pack that was believed last, as it is kept beside the pack itself.
    #[must_use]
    pub fn versions_believed(&self) -> BTreeMap<String, u64> {
        let mut file = Vec::new();
        if let Ok(opened) = std::fs::File::open(self.0.join(VERSIONS_FILE)) {
            // What can be read counts: each line has its own sum.
            let _cut = opened.take(limits::CLOUD_FILE_BYTES_MAX).read_to_end(&mut file);
        }
        let text = String::from_utf8_lossy(&file);
        let of_line = |line: &str| {
            let (name, version) = line.rsplit_once(' ')?.0.split_once(' ')?;
            let version = version.parse().ok().filter(|_| aegis_contract::is_pack_name(name))?;
            (line == line_of(name, version)).then(|| (name.to_owned(), version))
        };
        text.lines().filter_map(of_line).take(limits::CLOUD_PACKS_MAX).collect()
    }

    /// Keeps which version of each pack is believed. After the pack: what is whole speaks for itself.
    ///
    /// # Errors
    /// When it cannot be written. What was kept before still holds.
    pub fn keep_versions<'a>(&self, versions: impl Iterator<Item = (&'a str, u64)>) -> std::io::Result<()> {
        let text: String = versions.map(|(name, version)| line_of(name, version) + "\n").collect();
        write_whole(&self.0, VERSIONS_FILE, &[text.as_bytes()])
    }

    /// Keeps a pack, in the place of the one of its name.
    ///
    /// # Errors
    /// When it cannot be written. The one before is still there.
    pub fn keep(&self, pack: &KeptPack) -> std::io::Result<()> {
        if !self.0.is_dir() {
            std::fs::create_dir(&self.0)?;
            self.0.parent().map_or(Ok(()), |data| std::fs::File::open(data)?.sync_all())?;
        }
        let head = format!("{} {}\n", stage_word(pack.stage), pack.since_s);
        let parts = [head.as_bytes(), pack.signature.as_bytes(), pack.text.as_bytes()];
        write_whole(&self.0, &format!("{}{ENDING}", pack.name), &parts)
    }

    /// Forgets all packs.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn clear(&self) -> std::io::Result<()> {
        absent_is_fine(std::fs::remove_dir_all(&self.0))
    }
}
