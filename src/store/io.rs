//! The file under the journal, with what it costs counted.
//!
//! Promises: every write and every sync that redb asks of the storage is counted before it is done. This is also the
//! seam at which tests put a storage that fails, forgets or tears.

use crate::limits;
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What was asked of the storage so far.
#[derive(Debug, Default)]
pub struct IoCount {
    /// Syncs.
    pub syncs: AtomicU64,
    /// Bytes written.
    pub bytes: AtomicU64,
    /// Blocks of [`limits::CARD_BLOCK_BYTES`] that something was written into, each counted once between two syncs.
    pub blocks: AtomicU64,
}

impl IoCount {
    /// Syncs, bytes and blocks so far.
    #[must_use]
    pub fn read(&self) -> (u64, u64, u64) {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (now(&self.syncs), now(&self.bytes), now(&self.blocks))
    }
}

/// A file that counts.
#[derive(Debug)]
pub struct CountedFile {
    file: FileBackend,
    count: Arc<IoCount>,
    /// The blocks written into since the last sync.
    touched: Mutex<Vec<u64>>,
}

impl CountedFile {
    /// Counts what is done to `file` in `count`.
    ///
    /// # Errors
    /// When the file cannot serve as storage.
    pub fn new(file: std::fs::File, count: Arc<IoCount>) -> Result<Self, redb::DatabaseError> {
        Ok(Self { file: FileBackend::new(file)?, count, touched: Mutex::default() })
    }

    /// Counts the blocks of a write: a card erases whole ones, so what is written twice into one before a sync costs once.
    fn touch(&self, offset: u64, bytes: u64) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        for block in offset / limits::CARD_BLOCK_BYTES..offset.saturating_add(bytes).div_ceil(limits::CARD_BLOCK_BYTES)
        {
            if touched.contains(&block) {
                continue;
            }
            self.count.blocks.fetch_add(1, Ordering::Relaxed);
            if touched.len() < limits::CARD_BLOCKS_SEEN {
                touched.push(block);
            }
        }
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
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        let bytes = u64::try_from(data.len()).unwrap_or(0);
        self.count.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.touch(offset, bytes);
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
