//! The way back: a backup becomes a data folder.
//!
//! Promises: everything is unpacked aside, every hash of the manifest is checked, and the database is opened and verified,
//! before the folder gets its name in one step; whatever is refused leaves the old folder as it was. A folder with something in
//! it is only replaced when that is asked for, and then kept under another name.
//!
//! What the backup's database had promised and not yet confirmed may have been done, and taken back by hand, since: those
//! measures become dead letters, which `aegis dead-letters retry` takes up. What gives rights back stays promised.
//!
//! Never: a link, a file outside the folder, or a database of a newer program.

use super::backup::{DATA, FORMAT, MANIFEST, Manifest, POLICY, SETTINGS, hex};
use crate::clock::Wall;
use crate::limits;
use crate::store::io::IoCount;
use crate::store::records::{Audit, DeadLetter, OutboxRow};
use crate::store::{Found, JOURNAL_FILE, Keep, Store, StoreError, Tick, schema};
use crate::vault::tar::{Entry, Reader};
use crate::vault::{Identity, Opener};
use crate::verdict::ActionKind;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The backup.
    pub file: &'a Path,
    /// The keys that may open it.
    pub identities: &'a [Identity],
    /// The folder that is to be made.
    pub data_dir: &'a Path,
    /// Whether a folder with something in it is set aside.
    pub replace: bool,
    /// How much the database keeps.
    pub keep: Keep,
    /// Now.
    pub now: Wall,
}

/// What was restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// The settings file, when there is one.
    pub settings: Option<PathBuf>,
    /// The folder of packs, when there is one.
    pub policy: Option<PathBuf>,
    /// Where the folder is now that was there before.
    pub set_aside: Option<PathBuf>,
    /// Measures that are dead letters now.
    pub given_up: usize,
}

/// Restores a backup.
///
/// # Errors
/// Why not, in a sentence. Then nothing was changed.
pub fn restore(order: &Order<'_>) -> Result<Restored, String> {
    let name = order.data_dir.file_name().ok_or("the data folder needs a name of its own")?.to_string_lossy();
    let staging = order.data_dir.with_file_name(format!(".{name}.restoring"));
    let there = occupied(order.data_dir)?;
    if there == There::Full && !order.replace {
        return Err(format!(
            "{} has something in it; name another folder with --data-dir, or add --force, which keeps it under another name",
            order.data_dir.display()
        ));
    }
    clear(&staging)?;
    let restored = unpack(order, &staging).and_then(|restored| put_in_place(order, &staging, &there, restored));
    if restored.is_err() {
        // What is half made has a name that nobody starts from; the next try removes it if this one cannot.
        let _left = std::fs::remove_dir_all(&staging);
    }
    restored
}

/// What is at the folder's place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum There {
    Nothing,
    /// An empty folder.
    Empty,
    Full,
}

fn occupied(dir: &Path) -> Result<There, String> {
    let told = |error: std::io::Error| format!("{} cannot be looked at: {error}", dir.display());
    match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(There::Nothing),
        read => Ok(if read.map_err(told)?.next().is_none() { There::Empty } else { There::Full }),
    }
}

fn clear(staging: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{} cannot be made: {error}", staging.display());
    match std::fs::remove_dir_all(staging) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(told(error)),
        _ => {}
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(staging).map_err(told)
}

fn unpack(order: &Order<'_>, staging: &Path) -> Result<Restored, String> {
    let told = |error: std::io::Error| format!("{} cannot be restored: {error}", order.file.display());
    let file = File::open(order.file).map_err(told)?;
    let mut archive = Reader::new(Opener::new(file, order.identities).map_err(told)?);
    let mut parts: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut manifest = None;
    while let Some(entry) = archive.advance().map_err(told)? {
        if entry.name == MANIFEST {
            if entry.bytes > limits::BACKUP_MANIFEST_BYTES_MAX {
                return Err(format!("{}: its manifest is too large", order.file.display()));
            }
            let mut text = Vec::new();
            archive.take(&entry, &mut text).map_err(told)?;
            manifest = Some(text);
            continue;
        }
        let path = place(staging, &entry).ok_or_else(|| format!("the backup has an unknown part {:?}", entry.name))?;
        if parts.len() > limits::BACKUP_PARTS_MAX + 2 {
            return Err(format!("{} has too many parts", order.file.display()));
        }
        let hash = write(&mut archive, &entry, &path).map_err(told)?;
        parts.insert(entry.name.clone(), (entry.bytes, hex(&hash)));
    }
    let manifest = manifest.ok_or_else(|| format!("{} has no manifest", order.file.display()))?;
    let manifest = check(&manifest, &parts)?;
    let given_up = settle(order, staging, &manifest)?;
    let within = |name: &str| parts.keys().any(|part| part.starts_with(name)).then(|| order.data_dir.join(name));
    let (settings, policy) = (within(SETTINGS), within(POLICY));
    Ok(Restored { manifest, settings, policy, set_aside: None, given_up })
}

/// Where a part goes; `None` for what no backup has.
fn place(staging: &Path, entry: &Entry) -> Option<PathBuf> {
    let name = entry.name.as_str();
    let inner = name.strip_prefix(DATA);
    let known = name == JOURNAL_FILE || name == SETTINGS || name.starts_with(POLICY);
    match inner {
        // The database has one way in.
        Some(inner) if inner != JOURNAL_FILE => Some(staging.join(inner)),
        None if known => Some(staging.join(name)),
        _ => None,
    }
}

fn write<R: std::io::Read>(archive: &mut Reader<R>, entry: &Entry, path: &Path) -> std::io::Result<[u8; 32]> {
    if let Some(dir) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let mode = entry.mode & 0o700 | 0o600;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    let hash = archive.take(entry, &mut file)?;
    file.sync_all()?;
    super::sync_folder_of(path)?;
    Ok(hash)
}

/// Compares what came with what the manifest says.
fn check(text: &[u8], parts: &BTreeMap<String, (u64, String)>) -> Result<Manifest, String> {
    let manifest: Manifest =
        serde_json::from_slice(text).map_err(|error| format!("the backup's manifest cannot be read: {error}"))?;
    if manifest.format != FORMAT {
        return Err(format!("the backup has form {}, and this program knows {FORMAT}", manifest.format));
    }
    if manifest.schema > schema::known() {
        let newer = StoreError::Newer { found: manifest.schema, known: schema::known() };
        return Err(format!("the backup was made by Aegis {}: {newer}", manifest.version));
    }
    for part in &manifest.parts {
        let came = parts.get(&part.name);
        if !came.is_some_and(|(bytes, hash)| *bytes == part.bytes && *hash == part.sha256) {
            return Err(format!("the backup's part {:?} is not what its manifest says", part.name));
        }
    }
    if manifest.parts.len() != parts.len() || !parts.contains_key(JOURNAL_FILE) {
        return Err("the backup has other parts than its manifest says".to_owned());
    }
    Ok(manifest)
}

/// Whether a promised action gives back what was taken: those stay promised.
const fn gives_back(action: ActionKind) -> bool {
    matches!(action, ActionKind::Unban | ActionKind::Unmute | ActionKind::Permit)
}

/// Whether a promised action is a duty, which is never dropped silently.
const fn is_duty(action: ActionKind) -> bool {
    matches!(
        action,
        ActionKind::Delete
            | ActionKind::Mute
            | ActionKind::Kick
            | ActionKind::Ban
            | ActionKind::Admit
            | ActionKind::Decline
    )
}

/// Opens the database, which verifies it and takes its schema up, and settles what it had promised.
fn settle(order: &Order<'_>, staging: &Path, manifest: &Manifest) -> Result<usize, String> {
    let io = Arc::new(IoCount::default());
    let opened = Store::open(staging, limits::STORE_CACHE_BYTES_MIN, order.keep, &io, order.now);
    let (mut store, found) = opened.map_err(|error| format!("the backup's database cannot be used: {error}"))?;
    if let Found::SetAside { why, .. } = found {
        return Err(format!("the backup's database is damaged: {why}"));
    }
    let told = |error: StoreError| format!("the backup's database cannot be used: {error}");
    let rows: Vec<OutboxRow> = store.snapshots().outbox().map_err(told)?;
    let why = format!("promised before the backup of {}: it may have been done since", manifest.at);
    let letter = |row: &OutboxRow| DeadLetter { row: row.clone(), why: why.clone(), at: order.now };
    let (duties, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_duty(row.key.action));
    let dead: Vec<DeadLetter> = duties.into_iter().map(letter).collect();
    let dropped = others.into_iter().filter(|row| !gives_back(row.key.action)).map(|row| row.key).collect();
    let given_up = dead.len();
    let what = format!("restored the backup of {}; {given_up} promised measures became dead letters", manifest.at);
    let audit = vec![Audit { at: order.now, who: "terminal".to_owned(), what }];
    store.commit(&[Tick { dead, dropped, audit, ..Tick::default() }], order.now).map_err(told)?;
    Ok(given_up)
}

/// Gives the folder its name.
fn put_in_place(order: &Order<'_>, staging: &Path, there: &There, restored: Restored) -> Result<Restored, String> {
    let dir = order.data_dir;
    let told = |error: std::io::Error| {
        format!("the folder cannot be put at {}: {error}; name a folder beside it with --data-dir", dir.display())
    };
    if let Ok(about) = std::fs::metadata(dir) {
        own(staging, &about).map_err(told)?;
    }
    let set_aside = (*there == There::Full).then(|| {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        dir.with_file_name(format!("{name}.before-{}", order.now.0))
    });
    if let Some(to) = &set_aside {
        std::fs::rename(dir, to).map_err(told)?;
    }
    // An empty folder gives way in the same step.
    if let Err(error) = std::fs::rename(staging, dir) {
        if let Some(to) = &set_aside {
            std::fs::rename(to, dir).map_err(told)?;
        }
        return Err(told(error));
    }
    super::sync_folder_of(dir).map_err(told)?;
    Ok(Restored { set_aside, ..restored })
}

/// Gives everything in a folder, and itself, the owner and mode of the one that was there.
fn own(staging: &Path, about: &std::fs::Metadata) -> std::io::Result<()> {
    let (user, group) = (about.uid(), about.gid());
    std::fs::set_permissions(staging, std::fs::Permissions::from_mode(about.permissions().mode() & 0o777))?;
    let mut paths = vec![staging.to_owned()];
    while let Some(path) = paths.pop() {
        let own = std::fs::symlink_metadata(&path)?;
        if (own.uid(), own.gid()) != (user, group) {
            std::os::unix::fs::chown(&path, Some(user), Some(group))?;
        }
        if own.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                paths.push(entry?.path());
            }
        }
    }
    Ok(())
}
