//! All lists of ids of a folder, open, to ask whether somebody is on one.
//!
//! Promises: cheap to clone, and to swap for a newer one; a list that cannot be used is left out and told, and the others
//! answer. What one list cannot answer is an error, unless another one has the id.
//!
//! Never: more than `limits::LISTED_INDEX_BYTES` of indexes. A look-up may wait for the card, where the page cache has
//! forgotten the block.

use super::{ENDING, IdList};
use crate::clock::Wall;
use crate::limits;
use crate::lists::{name_of, paths};
use crate::message::UserId;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether a list is as new as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// At most `limits::LISTED_IDS_STALE_S` old.
    Fresh,
    /// Older.
    Stale,
}

/// Somebody is on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The list's name.
    pub list: Arc<str>,
    /// Whether the list is stale.
    pub age: Age,
}

/// A list could not be asked, and no other one has the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The list's name.
    pub list: Arc<str>,
    /// What went wrong, in words.
    pub why: String,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the list of ids `{}` cannot be asked: {}", self.list, self.why)
    }
}

/// The open lists of a folder.
#[derive(Clone, Debug, Default)]
pub struct IdLists {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    folder: PathBuf,
    /// What the folder had when its lists were opened.
    stamps: Vec<Stamp>,
    lists: Vec<(Arc<str>, IdList)>,
}

/// What [`IdLists::load`] came to.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The lists that can be used.
    pub lists: IdLists,
    /// A line for each list that is left out, and for each that is stale.
    pub told: Vec<String>,
}

/// A file as of one look: what changes when it is replaced or written to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    /// Device, inode, length, and the times of its last changes.
    numbers: Option<(u64, u64, u64, [i64; 4])>,
}

/// The files there are, one more than may be used at most.
fn stamps(folder: &Path) -> Vec<Stamp> {
    let stamp = |path: PathBuf| {
        let found = std::fs::metadata(&path).ok();
        let numbers = found.map(|found| {
            let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
            (found.dev(), found.ino(), found.len(), times)
        });
        Stamp { path, numbers }
    };
    paths(folder, ENDING).into_iter().take(limits::LISTED_LISTS_MAX + 1).map(stamp).collect()
}

impl IdLists {
    /// Opens all lists of a folder, in the order of their names. Reads each file once, whole.
    #[must_use]
    pub fn load(folder: &Path, now: Wall) -> Loaded {
        // Before the files are read: what changes meanwhile is seen at the next look.
        let stamps = stamps(folder);
        let (mut lists, mut told) = (Vec::new(), Vec::new());
        let (mut ids, mut bytes) = (0_u64, 0_usize);
        for path in stamps.iter().map(|stamp| &stamp.path) {
            let name = name_of(path);
            let list = match IdList::open(path) {
                Ok(list) => list,
                Err(refused) => {
                    told.push(format!("the list of ids `{name}` is left out: {refused}"));
                    continue;
                }
            };
            let more_ids = ids.saturating_add(list.head().count);
            let more_bytes = bytes.saturating_add(list.bytes());
            let is_full = lists.len() >= limits::LISTED_LISTS_MAX;
            if is_full || more_ids > limits::LISTED_IDS_MAX || more_bytes > limits::LISTED_INDEX_BYTES {
                let (most, most_ids) = (limits::LISTED_LISTS_MAX, limits::LISTED_IDS_MAX);
                told.push(format!(
                    "the list of ids `{name}` is left out: there may be {most} of {most_ids} ids together; remove one"
                ));
                continue;
            }
            (ids, bytes) = (more_ids, more_bytes);
            if list.head().age(now) == Age::Stale {
                let days = limits::LISTED_IDS_STALE_S / 86_400;
                told.push(format!("the list of ids `{name}` is older than {days} days; import it again"));
            }
            lists.push((Arc::from(name), list));
        }
        Loaded { lists: Self { shared: Arc::new(Shared { folder: folder.to_owned(), stamps, lists }) }, told }
    }

    /// Whether the folder still has what it had when these lists were loaded. Costs a listing and a look at each file.
    #[must_use]
    pub fn same_as_on_disk(&self) -> bool {
        stamps(&self.shared.folder) == self.shared.stamps
    }

    /// The first list, by its name, that somebody is on.
    ///
    /// # Errors
    /// [`Unanswered`] when a list could not be asked and no other one has the id.
    pub fn listed(&self, user: UserId, now: Wall) -> Result<Option<Listed>, Unanswered> {
        let mut unanswered = None;
        for (name, list) in &self.shared.lists {
            match list.has(user) {
                Ok(true) => return Ok(Some(Listed { list: Arc::clone(name), age: list.head().age(now) })),
                Ok(false) => (),
                Err(why) => unanswered = unanswered.or_else(|| Some(Unanswered { list: Arc::clone(name), why })),
            }
        }
        unanswered.map_or(Ok(None), Err)
    }

    /// The lists, by their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &IdList)> {
        self.shared.lists.iter().map(|(name, list)| (&**name, list))
    }

    /// Heap bytes of all indexes: at most `limits::LISTED_INDEX_BYTES`.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.iter().map(|(_, list)| list.bytes()).fold(0, usize::saturating_add)
    }
}
