//! A backup: everything a new board needs, in one encrypted file.
//!
//! Promises: an age file around a tar archive: the database as one consistent copy, the settings file, the packs, the data
//! folder with its secrets, and at the end a manifest with the version, the schema, and the SHA-256 of each part. What is left
//! out is named in it. The file has its name when it is whole and on the medium.
//!
//! Never: the environment (a token that stands there must be set again), the message history, other backups, or a secret
//! key: the board keeps only the recipient.

use super::{TARGET, aside, sync_folder_of};
use crate::clock::Wall;
use crate::config::Config;
use crate::limits;
use crate::store::history::CACHE_FILE;
use crate::store::{JOURNAL_FILE, free_bytes};
use crate::vault::tar::{self, Entry};
use crate::vault::{Recipient, Sealer, recipients};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The folder of backups in the data folder.
pub const FOLDER: &str = "backups";

/// The file in the data folder that says for whom backups are sealed: a recipient a line.
pub const RECIPIENT_FILE: &str = "backup.recipient";

/// The names of parts in the archive.
pub const MANIFEST: &str = "manifest.json";
/// See [`MANIFEST`].
pub const SETTINGS: &str = "settings.toml";
/// What packs begin with in the archive.
pub const POLICY: &str = "policy/";
/// What files of the data folder begin with in the archive.
pub const DATA: &str = "data/";

/// The form of the archive.
pub const FORMAT: u32 = 1;

/// What is in a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// The machine that program was built for.
    pub target: String,
    /// The schema of the database.
    pub schema: u64,
    /// When it was made, milliseconds since 1970.
    pub at_ms: u64,
    /// The same for people.
    pub at: String,
    /// Every part but this one, in order.
    pub parts: Vec<Part>,
    /// Files of the data folder and packs that are not in it, each with the reason.
    pub left_out: Vec<String>,
}

/// A part of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name in the archive.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in small hexadecimal digits.
    pub sha256: String,
}

/// SHA-256 in small hexadecimal digits.
#[must_use]
pub fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// For whom the backups of a data folder are sealed; `None` when nobody has said so.
///
/// # Errors
/// When the file says nothing that is a recipient.
pub fn known_recipients(data_dir: &Path) -> Result<Option<Vec<Recipient>>, String> {
    let path = data_dir.join(RECIPIENT_FILE);
    let told = |why: String| format!("{}: {why}; make a key with `aegis backup key --force`", path.display());
    let file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| told(error.to_string()))?,
    };
    let mut text = String::new();
    let bound = u64::try_from(limits::VAULT_KEYS_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(bound).read_to_string(&mut text).map_err(|error| told(error.to_string()))?;
    recipients(&text).map(Some).map_err(|refused| told(refused.to_string()))
}

/// What a backup is made of.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The settings as of the start: where everything lies.
    pub config: &'a Config,
    /// A copy of the database that nobody writes to.
    pub database: &'a Path,
    /// Its schema.
    pub schema: u64,
    /// Now.
    pub at: Wall,
}

/// A file that goes into a backup.
struct Found {
    name: String,
    path: PathBuf,
}

/// Makes a backup at `out`; returns its size.
///
/// # Errors
/// Why there is none, in a sentence. Then nothing is left at `out`.
///
/// It is given up as soon as `is_wanted` says so.
pub fn make(
    sources: &Sources<'_>,
    recipients: &[Recipient],
    out: &Path,
    is_wanted: &dyn Fn() -> bool,
) -> Result<u64, String> {
    let said = |error: std::io::Error| format!("the backup {} cannot be made: {error}", out.display());
    let bytes = std::fs::metadata(sources.database).map_err(said)?.len();
    let dir = out.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Some(free) = free_bytes(dir).filter(|free| *free < bytes.saturating_mul(2)) {
        return Err(format!("a backup has about {bytes} bytes and only {free} are free; remove older ones first"));
    }
    let new = aside(out);
    let made = seal(sources, recipients, &new, is_wanted).and_then(|bytes| {
        std::fs::rename(&new, out)?;
        sync_folder_of(out)?;
        Ok(bytes)
    });
    if made.is_err() {
        // What is half made is no backup; the next one takes its place if it cannot be removed.
        let _left = std::fs::remove_file(&new);
    }
    made.map_err(said)
}

/// A file that is read as long as somebody wants it.
struct Wanted<'a> {
    file: File,
    is_wanted: &'a dyn Fn() -> bool,
}

impl std::io::Read for Wanted<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if (self.is_wanted)() { self.file.read(out) } else { Err(std::io::Error::other("the appliance is closing")) }
    }
}

fn seal(
    sources: &Sources<'_>,
    recipients: &[Recipient],
    new: &Path,
    is_wanted: &dyn Fn() -> bool,
) -> std::io::Result<u64> {
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)?;
    let mut archive = tar::Writer::new(Sealer::new(BufWriter::new(file), recipients)?);
    let mut manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: TARGET.to_owned(),
        schema: sources.schema,
        at_ms: sources.at.0,
        at: sources.at.utc(),
        ..Manifest::default()
    };
    let database = Found { name: JOURNAL_FILE.to_owned(), path: sources.database.to_owned() };
    add(&mut archive, &database, u64::MAX, &mut manifest, is_wanted)?;
    for found in gather(sources.config, &mut manifest.left_out) {
        add(&mut archive, &found, limits::BACKUP_PART_BYTES_MAX, &mut manifest, is_wanted)?;
    }
    for left in &manifest.left_out {
        tracing::info!("not in the backup: {left}");
    }
    let text = serde_json::to_vec(&manifest)?;
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let entry = Entry { name: MANIFEST.to_owned(), bytes, mode: 0o600, changed_s: sources.at.seconds() };
    archive.add(&entry, &mut text.as_slice())?;
    let file = archive.finish()?.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn add<W: std::io::Write>(
    archive: &mut tar::Writer<W>,
    found: &Found,
    most: u64,
    manifest: &mut Manifest,
    is_wanted: &dyn Fn() -> bool,
) -> std::io::Result<()> {
    let file = match File::open(&found.path) {
        // It went while the backup was made.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let about = file.metadata()?;
    let bytes = about.len();
    if bytes > most {
        manifest.left_out.push(format!("{}: {bytes} bytes are too many; import it again", found.name));
        return Ok(());
    }
    let changed_s = u64::try_from(about.mtime()).unwrap_or(0);
    let mode = if about.permissions().mode() & 0o077 == 0 { 0o600 } else { 0o644 };
    let entry = Entry { name: found.name.clone(), bytes, mode, changed_s };
    let hash = archive.add(&entry, &mut Wanted { file, is_wanted })?;
    manifest.parts.push(Part { name: found.name.clone(), bytes, sha256: hex(&hash) });
    Ok(())
}

/// Every file beside the database: settings, data folder, packs and lists, and last the cases, which nothing works by.
fn gather(config: &Config, left_out: &mut Vec<String>) -> Vec<Found> {
    let mut found = Vec::new();
    found.extend(config.file.iter().map(|path| Found { name: SETTINGS.to_owned(), path: path.clone() }));
    let (mut data, mut packs) = (Vec::new(), Vec::new());
    if let Some(dir) = &config.policy_dir {
        walk(dir, POLICY, 0, &mut packs);
    }
    packs.sort_by_key(|one| one.name.ends_with(".cases.toml"));
    walk(&config.data_dir, DATA, 1, &mut data);
    // A folder that a backup was restored into has settings and packs of its own in it; those in force stand for them.
    let is_there = |name: &str| found.iter().chain(&packs).any(|one: &Found| one.name == name);
    data.retain(|one| one.name.strip_prefix(DATA).is_some_and(|name| is_kept(name) && !is_there(name)));
    found.extend(data);
    found.extend(packs);
    found.retain(|one| {
        let fits = tar::is_inside(&one.name);
        if !fits {
            left_out.push(format!("{}: its name is too long or has odd letters", one.name.escape_debug()));
        }
        fits
    });
    for one in found.split_off(found.len().min(limits::BACKUP_PARTS_MAX)) {
        left_out.push(format!("{}: there are too many files", one.name));
    }
    left_out.truncate(limits::BACKUP_PARTS_MAX);
    found
}

/// Whether a file of the data folder is worth keeping: not what is made anew, is a copy, or belongs to this machine's update.
fn is_kept(name: &str) -> bool {
    let passes = [JOURNAL_FILE, CACHE_FILE, "update."].iter().any(|start| name.starts_with(start));
    !passes && !name.starts_with(&format!("{FOLDER}/")) && !name.ends_with(".new")
}

/// The plain files of a folder, down to so many folders below it. Links and what begins with a dot are passed over.
fn walk(dir: &Path, prefix: &str, deeper: u8, found: &mut Vec<Found>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        let Ok(about) = std::fs::symlink_metadata(&path) else { continue };
        if name.starts_with('.') || found.len() > 2 * limits::BACKUP_PARTS_MAX {
            continue;
        }
        let name = format!("{prefix}{name}");
        if about.is_file() {
            found.push(Found { name, path });
        } else if about.is_dir() && deeper > 0 {
            walk(&path, &format!("{name}/"), deeper.saturating_sub(1), found);
        }
    }
}

/// Copies a finished backup to where its owner wants it.
///
/// # Errors
/// When it cannot be written; then nothing is left there.
pub fn copy_out(from: &Path, to: &Path) -> std::io::Result<u64> {
    let new = aside(to);
    let mut out = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    let copied = std::io::copy(&mut File::open(from)?, &mut out).and_then(|bytes| {
        out.flush()?;
        out.sync_all()?;
        std::fs::rename(&new, to)?;
        sync_folder_of(to)?;
        Ok(bytes)
    });
    if copied.is_err() {
        let _left = std::fs::remove_file(&new);
    }
    copied
}
