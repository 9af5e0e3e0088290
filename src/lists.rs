//! Imported lists on disk, in the folder `lists` of the data directory: domains, `NAME.domains`, and the ids of known
//! spammers, `NAME.ids`.
//!
//! Promises: an import goes into a file beside its name, is synced, and takes the name in one step, so that a kill at
//! any point leaves the old list or the new one; a list that is refused leaves the old one; a damaged file is refused.
//! Two imports into one folder at one time are refused, not mixed.
//!
//! Never: the whole source in memory. It is read piece by piece.

mod domains;
mod files;
pub mod ids;

pub use domains::{ENDING, Head, file, import, open};

use crate::limits;
use std::fmt;
use std::path::{Path, PathBuf};

/// The folder of lists in a data directory.
#[must_use]
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("lists")
}

/// The file of a list of some kind; `None` when the name is none: small letters, digits, `-` and `_` only, so that no name
/// leads out of the folder.
fn file_of_kind(folder: &Path, name: &str, ending: &str) -> Option<PathBuf> {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_name = (1..=limits::DOMAIN_LIST_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_part);
    is_name.then(|| folder.join(format!("{name}.{ending}")))
}

/// The lists of one kind in a folder, by their ending, in the order of their names. A folder that cannot be read has none.
#[must_use]
pub fn paths(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    paths.sort();
    paths
}

/// The name of the list in a file.
#[must_use]
pub fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What an import took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Domains or ids in the list, each counted once.
    pub count: u64,
    /// Lines read, or elements of an array.
    pub lines: u64,
    /// Rules that name no whole domain; passed over.
    pub passed_over: u64,
    /// Lines that could not be read; passed over.
    pub bad: u64,
    /// The first of them, with line numbers.
    pub examples: Vec<String>,
}

impl Report {
    /// Counts a bad line; the first ones are kept for people. `piece` is what it is called: a line, or an element.
    fn add_bad(&mut self, piece: &str, text: &[u8], why: &str) {
        self.bad = self.bad.saturating_add(1);
        if self.examples.len() < limits::DOMAIN_BAD_LINES_SHOWN {
            let text = text.get(..limits::DOMAIN_LINE_BYTES_MAX).unwrap_or(text);
            let shown: String = String::from_utf8_lossy(text).trim().chars().take(60).collect();
            self.examples.push(format!("{piece} {}: {shown:?}: {why}", self.lines));
        }
    }

    /// Whether the source may be what it was taken for.
    fn check(&self, piece: &str, what: &str) -> Result<(), Refused> {
        if self.bad.saturating_mul(limits::DOMAIN_BAD_LINES_ONE_IN) > self.lines {
            let examples = self.examples.join("\n");
            return Err(Refused(format!("{} of {} {piece}s are bad:\n{examples}", self.bad, self.lines)));
        }
        if self.count == 0 { Err(Refused(format!("the list has no {what}"))) } else { Ok(()) }
    }
}

/// Why a list was not taken; the old one stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
