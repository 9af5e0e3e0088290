//! What the files of both kinds of lists share: how one takes its name, how its bytes are hashed, and the words for one
//! that is not as it should be.
//!
//! Promises: as [`super`]. Nothing is left beside a name but by a kill, and the next import removes that.
//!
//! Never: what is in a list.

use super::Refused;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of the SHA-256 that a file ends with.
pub(super) const CHECKSUM_BYTES: usize = 32;

/// The first half of a source's hash, by which people tell one source from another.
pub(super) fn source_mark(hash: Sha256) -> [u8; 16] {
    let mut mark = [0_u8; 16];
    for (to, from) in mark.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    mark
}

/// A list that is being made. Its folder is held by a lock that ends with the process.
#[derive(Debug)]
pub(super) struct Beside {
    path: PathBuf,
    beside: PathBuf,
    folder: File,
}

impl Beside {
    /// Begins a list that will have this path.
    ///
    /// # Errors
    /// When its folder cannot be opened, or another import is under way in it.
    pub(super) fn of(path: &Path) -> Result<Self, Refused> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let shown = parent.display();
        let folder = File::open(parent).map_err(|error| Refused(format!("{shown} cannot be opened: {error}")))?;
        folder.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                Refused(format!("another import into {shown} is under way; try again when it has ended"))
            }
            TryLockError::Error(error) => Refused(format!("{shown} cannot be locked: {error}")),
        })?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        Ok(Self { path: path.to_owned(), beside: PathBuf::from(beside), folder })
    }

    /// An empty file beside the name. The one before it, if any, lives as long as it is held open.
    pub(super) fn create(&self) -> Result<File, Refused> {
        let _ = std::fs::remove_file(&self.beside);
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&self.beside)
            .map_err(|error| self.unwritten(&error))
    }

    /// Gives the name to the file made last, durably.
    pub(super) fn take_name(self, file: &File) -> Result<(), Refused> {
        let taken = file.sync_all().and_then(|()| std::fs::rename(&self.beside, &self.path));
        // The new name is durable when its folder is.
        taken.and_then(|()| self.folder.sync_all()).map_err(|error| self.unwritten(&error))
    }

    pub(super) fn unwritten(&self, error: &std::io::Error) -> Refused {
        Refused(format!("{} cannot be written: {error}; the old list stays", self.path.display()))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After the name was taken nothing is there.
        let _ = std::fs::remove_file(&self.beside);
    }
}

/// A reader or writer that hashes what passes.
#[derive(Debug)]
pub(super) struct Hashed<T> {
    pub(super) inner: T,
    pub(super) hash: Sha256,
}

impl<T> Hashed<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    /// Hashes what did not pass.
    pub(super) fn hash_also(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }
}

impl<W: Write> Hashed<W> {
    pub(super) fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.inner.write_all(bytes)
    }
}

impl<R: Read> Hashed<R> {
    pub(super) fn take(&mut self, bytes: &mut [u8]) -> std::io::Result<()> {
        self.inner.read_exact(bytes)?;
        self.hash.update(&*bytes);
        Ok(())
    }

    /// Whether the checksum that comes next is that of all that passed.
    pub(super) fn ends_whole(mut self) -> bool {
        let mut told = [0; CHECKSUM_BYTES];
        self.inner.read_exact(&mut told).is_ok() && self.hash.finalize().as_slice() == told
    }
}

/// The words for a file that is not as it should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'p> {
    pub(super) path: &'p Path,
    /// What it should be.
    pub(super) what: &'static str,
    /// How to mend it.
    pub(super) mend: &'static str,
}

impl Words<'_> {
    pub(super) fn unread(self, error: &std::io::Error) -> Refused {
        Refused(format!("{}: cannot be read: {error}", self.path.display()))
    }

    pub(super) fn damaged(self) -> Refused {
        self.is("damaged")
    }

    pub(super) fn other(self) -> Refused {
        self.is(&format!("no {}", self.what))
    }

    pub(super) fn other_version(self) -> Refused {
        self.is("of another version")
    }

    fn is(self, what: &str) -> Refused {
        Refused(format!("{}: is {what}; {}", self.path.display(), self.mend))
    }
}
