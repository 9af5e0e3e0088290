//! The folder of a hub's packs in the data folder: a file a pack, with its signature and how it shall judge.
//!
//! Promises: a file gets its name when it is whole and on the medium, so that a cut of power leaves the old one or the new one;
//! no more is read of it than a pack may have.
//!
//! Never: a pack believed because it lies there. Whoever reads it checks the signature.

use super::home::{absent_is_fine, write_whole};
use crate::limits;
use crate::policy::Stage;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The folder's name in the data folder.
const FOLDER: &str = "hub-packs";
const ENDING: &str = ".pack";

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
        let mut names: Vec<String> = std::fs::read_dir(&self.0)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(ENDING).map(str::to_owned))
            .filter(|name| aegis_contract::is_pack_name(name))
            .take(limits::CLOUD_PACKS_MAX)
            .collect();
        names.sort();
        names
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
