//! Noticing that the policy folder, or the file of settings, was changed.
//!
//! Promises: a look costs one listing, bounded by `limits::POLICY_ENTRIES_MAX`; a change is told once, and only when the
//! listing has stood still for two looks, because editors and copies write in steps. Hidden files, editors' backups and
//! cases are no part of it.
//!
//! Never: a file's content, a timer. Whoever looks says when.

use crate::limits;
use sha2::{Digest, Sha256};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A folder's files as of one look: their names, sizes and times, in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing(u64);

impl Listing {
    /// Looks at a folder. One that cannot be read has a listing of its own, so that its loss is a change too.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        let Ok(entries) = std::fs::read_dir(dir) else { return Self(0) };
        let mut sum = 1_u64;
        for entry in entries.take(limits::POLICY_ENTRIES_MAX).filter_map(Result::ok) {
            let name = entry.file_name();
            if is_passed_over(&name.to_string_lossy()) {
                continue;
            }
            // A sum, since folders list their files in any order.
            sum = sum.wrapping_add(of_one(&name, &entry.path()));
        }
        Self(sum)
    }

    /// Looks at one file. One that is not there has a listing of its own too.
    #[must_use]
    pub fn of_file(file: &Path) -> Self {
        Self(of_one(file.as_os_str(), file))
    }
}

fn of_one(name: &std::ffi::OsStr, path: &Path) -> u64 {
    let mut hash = Sha256::new();
    hash.update(name.as_encoded_bytes());
    // Through links: what they lead to is what is read.
    if let Ok(found) = std::fs::metadata(path) {
        for number in [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()] {
            hash.update(number.to_be_bytes());
        }
        hash.update(found.size().to_be_bytes());
        hash.update(found.ino().to_be_bytes());
    }
    hash.finalize().iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte))
}

fn is_passed_over(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with('~') || name.ends_with(".tmp") || name.ends_with(".cases.toml")
}

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// As it was when the packs were last read.
    None,
    /// Something is different, and may still be being written.
    Settling,
    /// Something is different and has stood still: time to read.
    Settled,
}

/// The listing at which the packs were last read, and what was seen since.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    read: Listing,
    last: Listing,
}

impl Watch {
    /// Begins with the listing taken just before the packs are read.
    #[must_use]
    pub const fn new(read: Listing) -> Self {
        Self { read, last: read }
    }

    /// Takes in a look.
    pub fn look(&mut self, seen: Listing) -> Change {
        let stood_still = seen == self.last;
        self.last = seen;
        if seen == self.read {
            Change::None
        } else if stood_still {
            self.read = seen;
            Change::Settled
        } else {
            Change::Settling
        }
    }

    /// The packs are about to be read for another reason; `seen` is the listing just before.
    pub fn reading(&mut self, seen: Listing) {
        *self = Self::new(seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_only_after_it_stood_still() {
        let mut watch = Watch::new(Listing(1));
        let told: Vec<Change> = [1, 2, 3, 3, 3, 4, 3, 5, 5].map(|seen| watch.look(Listing(seen))).to_vec();
        use Change::{None, Settled, Settling};
        assert_eq!(told, [None, Settling, Settling, Settled, None, Settling, None, Settling, Settled]);
    }
}
