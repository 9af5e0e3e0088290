//! Copies of the file while it is in use.
//!
//! Promises: called by the one who commits, so that nothing is written meanwhile: what is copied is a file as after a power
//! cut that lost nothing. It gets its name when it is whole and on the medium.
//!
//! Never: the last free space. A copy is refused that would leave less than its own size.

use super::Store;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Bytes copied at once.
const PIECE_BYTES: usize = 64 * 1024;

impl Store {
    /// The file's size, bytes; `None` when it is no file.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        Some(std::fs::metadata(self.path.as_deref()?).ok()?.len())
    }

    /// Copies the file to `path`; returns the copy's size.
    ///
    /// # Errors
    /// Why there is no copy, in a sentence. Then nothing is left at `path`.
    pub fn copy_to(&self, path: &Path) -> Result<u64, String> {
        let from = self.path.as_deref().ok_or("this database is no file")?;
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        let new = PathBuf::from(new);
        // The file alone is copied: what waits in the log goes there first.
        let settled = self.wal.settle().map_err(|error| said(path, &error));
        let copied = settled.and_then(|()| copy(from, &new)).and_then(|bytes| {
            std::fs::rename(&new, path).map_err(|error| said(path, &error))?;
            let dir = path.parent().unwrap_or(path);
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| said(dir, &error))?;
            Ok(bytes)
        });
        if copied.is_err() {
            // What is half made is no copy; a later one takes its place if it cannot be removed.
            let _left = std::fs::remove_file(&new);
        }
        copied
    }
}

fn said(path: &Path, error: &std::io::Error) -> String {
    format!("the copy {} cannot be made: {error}", path.display())
}

fn copy(from: &Path, to: &Path) -> Result<u64, String> {
    let mut file = File::open(from).map_err(|error| said(to, &error))?;
    let bytes = file.metadata().map_err(|error| said(to, &error))?.len();
    let dir = to.parent().unwrap_or(to);
    let free = free_bytes(dir).ok_or_else(|| format!("the free space in {} cannot be told", dir.display()))?;
    if free < bytes.saturating_mul(2) {
        return Err(format!("a copy has {bytes} bytes and only {free} are free; remove older copies first"));
    }
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to)
        .map_err(|error| said(to, &error))?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut copied = 0_u64;
    loop {
        let read = file.read(&mut piece).map_err(|error| said(to, &error))?;
        let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else { break };
        out.write_all(part).map_err(|error| said(to, &error))?;
        copied = copied.saturating_add(u64::try_from(read).unwrap_or(0));
    }
    out.sync_all().map_err(|error| said(to, &error))?;
    Ok(copied)
}

/// Bytes that are free where a folder is, for whoever runs this program; `None` when that cannot be told.
#[must_use]
pub fn free_bytes(dir: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(dir).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Copies the file of an appliance that does not run; returns its schema.
///
/// # Errors
/// Why there is no copy: somebody has the file open, it is damaged, there is no room. Then nothing is left at `to`.
pub fn copy_idle(dir: &Path, to: &Path) -> Result<u64, String> {
    let path = dir.join(super::JOURNAL_FILE);
    let count = std::sync::Arc::new(super::io::IoCount::default());
    // Held open meanwhile, so that nobody else writes to it.
    let database = super::open_file(&path, crate::limits::STORE_CACHE_BYTES_MIN, &count);
    let database = database.map_err(|error| error.to_string())?;
    let schema = super::schema::found(&database).map_err(|error| error.to_string())?;
    if let Err(why) = copy(&path, to) {
        let _left = std::fs::remove_file(to);
        return Err(why);
    }
    Ok(schema)
}

/// The schema of the file of an appliance that does not run.
///
/// # Errors
/// Why it cannot be told, in a sentence.
pub fn idle_schema(dir: &Path) -> Result<u64, String> {
    let path = dir.join(super::JOURNAL_FILE);
    let count = std::sync::Arc::new(super::io::IoCount::default());
    let database = super::open_file(&path, crate::limits::STORE_CACHE_BYTES_MIN, &count);
    database.and_then(|database| super::schema::found(&database)).map_err(|error| error.to_string())
}
