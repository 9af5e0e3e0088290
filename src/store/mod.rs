//! The durable file: the only code that knows redb.
//!
//! Promises: a commit is all or nothing, on the medium when [`Store::commit`] returns. A file that is damaged is set
//! aside under a name that says so, never guessed at. A file of a newer program is refused in one sentence. The
//! settings are those that tore no state under simulated power cuts: a bounded cache, a write-ahead log that makes a commit
//! one ([`wal`]), the integrity check on open, and never quick repair.
//!
//! Never: a second writer. Readers take snapshots ([`Snapshots`]). After a failed commit the store must not be used
//! again: the process ends, and the next one opens what is really there.

mod copy;
pub mod desk;
pub mod endings;
pub mod group;
pub mod history;
pub mod hooks;
pub mod io;
pub mod lists;
#[path = "../../migrations/mod.rs"]
pub mod migrations;
pub mod read;
pub mod records;
pub mod retention;
pub mod schema;
pub mod slow_lane;
pub mod sync;
pub mod tables;
pub mod tick;
pub mod usage;
pub mod wal;
mod write;

pub use copy::{copy_idle, free_bytes, idle_schema};
pub use read::Snapshots;
pub use records::ReviewRow;
pub use tick::{MemberChange, Promise, Reviewed, Tick};
pub use write::Committed;

use crate::clock::Wall;
use redb::{Builder, Database};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the durable file could not be opened, read or written.
#[derive(Debug)]
pub enum StoreError {
    /// Another process has it open.
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer program.
    Newer {
        /// The schema found.
        found: u64,
        /// The newest schema this program knows.
        known: u64,
    },
    /// It is an older schema, and the caller did not ask for an upgrade.
    Older {
        /// The schema found.
        found: u64,
        /// The schema this program needs.
        known: u64,
    },
    /// The write-ahead log beside it was begun on another state of it: the file was put there by hand.
    Stale {
        /// The file.
        path: PathBuf,
    },
    /// Its content is not what was written.
    Damaged(String),
    /// The medium failed or is full, or the file cannot be reached.
    Medium(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { path } => {
                write!(f, "{} is in use by another aegis; stop that one first, or use another data_dir", path.display())
            }
            Self::Newer { found, known } => write!(
                f,
                "the database has schema {found} and this program knows up to {known}; use the newer program, or let it run `aegis migrate down {known}` first"
            ),
            Self::Older { found, known } => {
                write!(f, "the database has schema {found} and this program needs {known}; run `aegis migrate up`")
            }
            Self::Stale { path } => write!(
                f,
                "{} was put there by hand: the log beside it, {}, belongs to another one; move the log away, or start aegis, which does so",
                path.display(),
                wal_of(path).display()
            ),
            Self::Damaged(why) => write!(f, "the database is damaged: {why}"),
            Self::Medium(why) => write!(f, "storage failed: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<redb::StorageError> for StoreError {
    fn from(error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::Corrupted(why) => Self::Damaged(why),
            other => Self::Medium(other.to_string()),
        }
    }
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Corrupted(why) => Self::Damaged(why),
            redb::Error::UpgradeRequired(version) => Self::Damaged(format!("file format {version}")),
            other @ (redb::Error::TableTypeMismatch { .. } | redb::Error::TableDoesNotExist(_)) => {
                Self::Damaged(other.to_string())
            }
            redb::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Self::Damaged(error.to_string())
            }
            other => Self::Medium(other.to_string()),
        }
    }
}

impl From<records::BadRecord> for StoreError {
    fn from(error: records::BadRecord) -> Self {
        Self::Damaged(error.why)
    }
}

macro_rules! through_redb_error {
    ($($kind:ty),*) => {
        $(impl From<$kind> for StoreError {
            fn from(error: $kind) -> Self {
                Self::from(redb::Error::from(error))
            }
        })*
    };
}
through_redb_error!(redb::DatabaseError, redb::TransactionError, redb::TableError, redb::CommitError);

/// How many rows the rings of the file keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Decisions; older ones are forgotten.
    pub decisions: u64,
    /// Finished actions remembered so that they are not repeated.
    pub done: u64,
    /// Batches whose update ids are remembered.
    pub dedupe_batches: u64,
    /// Dead letters; older ones are forgotten, and counted.
    pub dead_letters: u64,
    /// Albums under judgement.
    pub albums: u64,
    /// Changes by hand.
    pub audit: u64,
}

/// Numbers that rise with each row; read once on open.
#[derive(Clone, Copy, Debug, Default)]
struct Next {
    decision: u64,
    done: u64,
    batch: u64,
    dead: u64,
    album: u64,
    audit: u64,
    errand: u64,
    hook: u64,
    /// Whether this life has counted usage.
    counts: bool,
    /// Whether the next commit is the last one, of a clean end.
    is_last: bool,
}

/// The durable file, open for writing.
#[derive(Debug)]
pub struct Store {
    db: Arc<Database>,
    keep: Keep,
    next: Next,
    /// What stands in front of the file.
    wal: wal::Wal,
    /// Where the file is; `None` on a storage that is no file.
    path: Option<PathBuf>,
    /// Who knows what is told elsewhere; `None` where nobody is.
    teller: Option<Arc<dyn hooks::Teller>>,
}

/// How a file was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Whole, or new.
    Sound,
    /// Damaged: set aside here, and a new one was begun.
    SetAside {
        /// Where the damaged file is now.
        to: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// Whole, but put there by hand: the write-ahead log of another one stood beside it, and was set aside.
    Exchanged {
        /// Where that log is now.
        to: PathBuf,
    },
}

/// The page cache while a new file is made.
const CREATE_CACHE_BYTES: usize = 256 * 1024;

/// The name of the durable file in the data directory.
pub const JOURNAL_FILE: &str = "journal.redb";

impl Store {
    /// Opens the durable file in `dir`, brings its schema up to date, and sets a damaged one aside.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Newer`], [`StoreError::Medium`].
    pub fn open(
        dir: &Path,
        cache_bytes: usize,
        keep: Keep,
        count: &Arc<io::IoCount>,
        now: Wall,
    ) -> Result<(Self, Found), StoreError> {
        let path = dir.join(JOURNAL_FILE);
        let open = || {
            if !path.exists() {
                Self::create(dir, &path)?;
            }
            let (database, wal) = open_logged(&path, cache_bytes, count)?;
            let store = Self::with_database(database, wal, keep)?;
            Ok(Self { path: Some(path.clone()), ..store })
        };
        let aside = |what: &Path, why: &str| {
            let mut to = what.as_os_str().to_owned();
            to.push(format!(".{why}-{}", now.0));
            match std::fs::rename(what, &to) {
                Err(error) if what.exists() => {
                    Err(StoreError::Medium(format!("cannot set {} aside: {error}", what.display())))
                }
                _ => Ok(PathBuf::from(to)),
            }
        };
        match open() {
            Ok(store) => Ok((store, Found::Sound)),
            Err(StoreError::Damaged(why)) => {
                let to = aside(&path, "damaged")?;
                // It is of use with its file alone.
                aside(&wal_of(&path), "damaged")?;
                Ok((open()?, Found::SetAside { to, why }))
            }
            Err(StoreError::Stale { .. }) => {
                let to = aside(&wal_of(&path), "stale")?;
                Ok((open()?, Found::Exchanged { to }))
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a new file beside its name and renames it when it is whole: a power cut leaves no half-made one under the
    /// name, which the next start would have to take for damage.
    fn create(dir: &Path, path: &Path) -> Result<(), StoreError> {
        let medium = |error: std::io::Error| StoreError::Medium(format!("{}: {error}", path.display()));
        let new = dir.join(format!("{JOURNAL_FILE}.new"));
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(medium(error)),
            _ => {}
        }
        let uncounted = Arc::new(io::IoCount::default());
        let database = open_plain(&new, CREATE_CACHE_BYTES, &uncounted)?;
        schema::upgrade(&database)?;
        drop(database);
        std::fs::rename(&new, path).map_err(medium)?;
        std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(medium)
    }

    /// Opens a store on any storage, and brings its schema up to date. This is where tests put a faulty one.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::Damaged`].
    pub fn on_backend(wal: wal::Wal, cache_bytes: usize, keep: Keep) -> Result<Self, StoreError> {
        Self::with_database(builder(cache_bytes).create_with_backend(wal.clone())?, wal, keep)
    }

    fn with_database(mut database: Database, wal: wal::Wal, keep: Keep) -> Result<Self, StoreError> {
        schema::upgrade(&database)?;
        if retention::give_room_back(&mut database)? {
            wal.settle().map_err(|error| StoreError::Medium(error.to_string()))?;
        }
        let next = write::next_numbers(&database)?;
        Ok(Self { db: Arc::new(database), keep, next, wal, path: None, teller: None })
    }

    /// How many commits were in the write-ahead log and not yet in the file when this was opened: some after a power cut,
    /// none after a clean end.
    #[must_use]
    pub fn replayed(&self) -> u64 {
        self.wal.replayed()
    }

    /// The same, which asks this one what is told elsewhere.
    #[must_use]
    pub fn with_teller(self, teller: Arc<dyn hooks::Teller>) -> Self {
        Self { teller: Some(teller), ..self }
    }

    /// A handle for reading snapshots.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::new(Arc::clone(&self.db))
    }
}

fn builder(cache_bytes: usize) -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(cache_bytes).set_check_integrity_on_open(true);
    builder
}

/// The write-ahead log of a database.
#[must_use]
pub fn wal_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// Opens or creates the durable file and the log in front of it, private to their owner.
///
/// # Errors
/// As [`Store::open`], and [`StoreError::Stale`].
pub fn open_file(path: &Path, cache_bytes: usize, count: &Arc<io::IoCount>) -> Result<Database, StoreError> {
    open_logged(path, cache_bytes, count).map(|(database, _)| database)
}

fn open_logged(path: &Path, cache_bytes: usize, count: &Arc<io::IoCount>) -> Result<(Database, wal::Wal), StoreError> {
    let wal = wal::Wal::new(counted(path, count)?, counted(&wal_of(path), count)?, wal::Room::default());
    let opened = builder(cache_bytes).create_with_backend(wal.clone());
    Ok((opened.map_err(|error| said(path, error))?, wal))
}

/// Opens or creates a file without a log in front of it.
fn open_plain(path: &Path, cache_bytes: usize, count: &Arc<io::IoCount>) -> Result<Database, StoreError> {
    builder(cache_bytes).create_with_backend(counted(path, count)?).map_err(|error| said(path, error))
}

fn counted(path: &Path, count: &Arc<io::IoCount>) -> Result<io::CountedFile, StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = file.map_err(|error| StoreError::Medium(format!("{}: {error}", path.display())))?;
    io::CountedFile::new(file, Arc::clone(count)).map_err(|error| said(path, error))
}

fn said(path: &Path, error: redb::DatabaseError) -> StoreError {
    match error {
        redb::DatabaseError::DatabaseAlreadyOpen => StoreError::Busy { path: path.to_owned() },
        redb::DatabaseError::Storage(redb::StorageError::Io(error)) if wal::is_stale(&error) => {
            StoreError::Stale { path: path.to_owned() }
        }
        other => StoreError::from(other),
    }
}
