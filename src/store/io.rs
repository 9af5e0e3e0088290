//! The file under the journal, with what it costs counted.
//!
//! Promises: every write and every sync that redb asks of the storage is counted before it is done. This is also the
//! seam at which tests put a storage that fails, forgets or tears.

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What was asked of the storage so far.
#[derive(Debug, Default)]
pub struct IoCount {
    /// Syncs.
    pub syncs: AtomicU64,
    /// Bytes written.
    pub bytes: AtomicU64,
}

impl IoCount {
    /// Syncs and bytes so far.
    #[must_use]
    pub fn read(&self) -> (u64, u64) {
        (self.syncs.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// A file that counts.
#[derive(Debug)]
pub struct CountedFile {
    file: FileBackend,
    count: Arc<IoCount>,
}

impl CountedFile {
    /// Counts what is done to `file` in `count`.
    ///
    /// # Errors
    /// When the file cannot serve as storage.
    pub fn new(file: std::fs::File, count: Arc<IoCount>) -> Result<Self, redb::DatabaseError> {
        Ok(Self { file: FileBackend::new(file)?, count })
    }
}

impl StorageBackend for CountedFile {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.count.syncs.fetch_add(1, Ordering::Relaxed);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.count.bytes.fetch_add(u64::try_from(data.len()).unwrap_or(0), Ordering::Relaxed);
        self.file.write(offset, data)
    }

    fn close(&self) -> Result<(), std::io::Error> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
