//! What the appliance does for itself: backups, by itself each night and by hand, their way back, and updates.
//!
//! Promises: a file has its name when it is whole and on the medium; what is done once a day is done once, also over a restart.
//!
//! Never: the message path. A backup is made by threads that may wait; only the copy of the database is made between two
//! commits.

pub mod backup;
pub mod nightly;
pub mod restore;
pub mod retention;
pub mod rollup;
pub mod update;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The machine this program was built for, such as `aarch64-unknown-linux-musl`.
pub const TARGET: &str = env!("AEGIS_TARGET");

/// The name beside a path under which it is made.
#[must_use]
pub fn aside(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Makes what stands in a folder durable: names, not contents.
///
/// # Errors
/// When it cannot be synced.
pub fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(dir)?.sync_all()
}

/// Gives a file to whom its folder belongs: an administrator may work on what the appliance must read.
fn give_to_owner_of_folder(path: &Path, file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (folder, own) = (std::fs::metadata(dir)?, file.metadata()?);
    if folder.uid() == own.uid() {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(folder.uid()), Some(folder.gid()))
}

/// Writes a small file that only its owner may read, whole or not at all.
///
/// # Errors
/// When it cannot be written; then the old one stays.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let new = aside(path);
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    give_to_owner_of_folder(path, &file)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    sync_folder_of(path)
}
