//! The write-ahead log in front of the durable file: a commit is one short write and one sync, not ten scattered pages.
//!
//! redb copies whole pages: the least commit writes five of its own and one for each table and tree level it touches, in
//! two syncs. A card wears by that. Here the pages between two syncs are packed against those of the last commit, which
//! they resemble, and appended to `journal.redb-wal` as one group. The file itself is brought up to date when the log or
//! the room for pages is full, and at a clean end.
//!
//! Promises: a sync makes all that was written before it durable, as one: a group is found whole or not at all, since each
//! carries a digest over itself and the group before. A group never shares a page of the medium with an older one, so that a
//! torn write harms nothing older. Bringing the file up to date may be cut off anywhere and begun again. The file's first
//! page, which says what is in force, is written last and alone.
//!
//! Never: a log replayed over a file that it does not belong to. It names the file's first page as it was when the log
//! began; another one is a file that somebody put there, and opening it fails with [`is_stale`].

mod group;

use self::group::{Group, PAGE, PAGE_BYTES, Page, Sum, sum, wide};
use crate::limits;
use redb::{BackendError, StorageBackend};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How much may wait in front of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Pages that are newer than the file's, held in memory.
    pub pages: usize,
    /// Pages of one commit; a larger one goes to the file itself.
    pub group_pages: usize,
    /// Bytes of the log.
    pub log_bytes: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            pages: limits::WAL_PAGES_MAX,
            group_pages: limits::WAL_GROUP_PAGES_MAX,
            log_bytes: limits::WAL_BYTES_MAX,
        }
    }
}

/// A storage with a log in front. Clones are the same storage.
#[derive(Clone, Debug)]
pub struct Wal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: Box<dyn StorageBackend>,
    log: Box<dyn StorageBackend>,
    room: Room,
    /// Taken before `pages`.
    tail: Mutex<Tail>,
    pages: RwLock<Pages>,
    /// What the log held was brought into the file.
    is_ready: AtomicBool,
    replayed: AtomicU64,
}

/// Where the log ends.
#[derive(Debug, Default)]
struct Tail {
    /// The next group's place.
    end: u64,
    /// The digest of the last group, or of the file's first page when there is none.
    chain: Sum,
    /// The digest of the file's first page.
    start: Sum,
    /// The pages of the last group, in a row: the next one is packed against them.
    last: Vec<u8>,
    /// A call failed: what is on the medium is not known, and nothing more is written.
    has_failed: bool,
}

/// What is newer than the file.
#[derive(Debug)]
struct Pages {
    held: BTreeMap<u64, Box<Page>>,
    /// Those of them that were written since the last sync.
    fresh: BTreeSet<u64>,
    /// The first page as the last sync left it.
    head: Box<Page>,
    /// How long the storage is for its reader.
    len: u64,
    /// The shortest it was since the file got its length: behind that the file's bytes are void.
    floor: u64,
    /// The commit under way is too large: all but its first page goes to the file.
    is_straight: bool,
}

/// What a log holds.
struct Survey {
    /// The digest of the file's first page that it began on.
    start: Sum,
    /// The digest of the one it ends on.
    last: Option<Sum>,
    /// How long the file is at its end.
    len: u64,
    groups: u64,
}

/// The log belongs to another file, or another state of it.
#[derive(Debug)]
struct Stale;

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the write-ahead log belongs to another state of this file")
    }
}

impl std::error::Error for Stale {}

/// Whether opening failed because the log belongs to another file.
#[must_use]
pub fn is_stale(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Stale>())
}

impl Wal {
    /// Puts `log` in front of `file`. Nothing is read before redb holds its lock.
    #[must_use]
    pub fn new(file: impl StorageBackend, log: impl StorageBackend, room: Room) -> Self {
        Self(Arc::new(Inner {
            file: Box::new(file),
            log: Box::new(log),
            room,
            tail: Mutex::default(),
            pages: RwLock::new(Pages {
                held: BTreeMap::new(),
                fresh: BTreeSet::new(),
                head: Box::new([0; PAGE_BYTES]),
                len: 0,
                floor: u64::MAX,
                is_straight: false,
            }),
            is_ready: AtomicBool::new(false),
            replayed: AtomicU64::new(0),
        }))
    }

    /// How many commits were found in the log and not in the file when this was opened.
    #[must_use]
    pub fn replayed(&self) -> u64 {
        self.0.replayed.load(Ordering::Relaxed)
    }

    /// Brings the file up to date, so that it may be copied alone.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn settle(&self) -> io::Result<()> {
        let mut tail = self.0.ready()?;
        guarded(&mut tail, |tail| self.0.settle(tail))
    }
}

impl Inner {
    fn pages(&self) -> RwLockReadGuard<'_, Pages> {
        self.pages.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn pages_mut(&self) -> RwLockWriteGuard<'_, Pages> {
        self.pages.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log's end, when what it held is in the file.
    fn ready(&self) -> io::Result<MutexGuard<'_, Tail>> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.has_failed {
            return Err(io::Error::other("the storage failed before"));
        }
        if !self.is_ready.load(Ordering::Acquire) {
            self.open(&mut tail)?;
            self.is_ready.store(true, Ordering::Release);
        }
        Ok(tail)
    }

    /// The file's first page; zeros where there is none yet.
    fn first_page(&self) -> io::Result<Box<Page>> {
        let mut page = Box::new([0; PAGE_BYTES]);
        let there = usize::try_from(self.file.len()?.min(PAGE)).unwrap_or(PAGE_BYTES);
        if there > 0 {
            self.file.read(0, page.get_mut(..there).unwrap_or_default())?;
        }
        Ok(page)
    }

    fn open(&self, tail: &mut Tail) -> io::Result<()> {
        let mut head = self.first_page()?;
        if let Some(found) = self.survey()? {
            let is = sum(&head[..]);
            if is == found.start {
                head = self.replay(head, found.len)?;
                self.replayed.store(found.groups, Ordering::Relaxed);
            } else if found.last != Some(is) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, Stale));
            }
            // The file is up to date; only the log did not learn it.
            self.forget_log()?;
        }
        let begin_at = self.log.len()?.min(self.room.log_bytes);
        if begin_at < self.room.log_bytes {
            // Written once, so that later writes change no length and no map of the file.
            self.log.set_len(self.room.log_bytes)?;
            for page in begin_at / PAGE..self.room.log_bytes / PAGE {
                self.log.write(page.saturating_mul(PAGE), &[0; PAGE_BYTES])?;
            }
            self.log.sync_data()?;
        }
        let mut pages = self.pages_mut();
        pages.len = self.file.len()?;
        begin(tail, &head);
        pages.head = head;
        Ok(())
    }

    /// Reads the log; `None` when nothing is in it.
    fn survey(&self) -> io::Result<Option<Survey>> {
        let mut found: Option<Survey> = None;
        self.each_group(|group| {
            let known = found.get_or_insert(Survey { start: group.start, last: None, len: 0, groups: 0 });
            known.groups = known.groups.saturating_add(1);
            known.len = group.len;
            // The first page is always the first of a group.
            if group.numbers.first() == Some(&0) {
                known.last = group.raw.get(..PAGE_BYTES).map(sum);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Brings the log into the file, which has `len` bytes then; returns its first page.
    fn replay(&self, mut head: Box<Page>, len: u64) -> io::Result<Box<Page>> {
        self.file.set_len(self.file.len()?.max(len))?;
        self.each_group(|group| {
            for (number, page) in group.numbers.iter().zip(group.raw.chunks(PAGE_BYTES)) {
                let at = number.saturating_mul(PAGE);
                if at == 0 {
                    head.copy_from_slice(page);
                } else if at < len {
                    // What is behind the end was cut off later.
                    self.file.write(at, page)?;
                }
            }
            Ok(())
        })?;
        self.file.set_len(len)?;
        self.put_first(&head)?;
        Ok(head)
    }

    /// Writes the file's first page, when all the others are on the medium.
    fn put_first(&self, head: &Page) -> io::Result<()> {
        self.file.sync_data()?;
        self.file.write(0, head)?;
        self.file.sync_data()
    }

    /// Calls `f` with each whole group, in order.
    fn each_group(&self, mut f: impl FnMut(&Group) -> io::Result<()>) -> io::Result<()> {
        let mut at = 0;
        let mut before: Option<Group> = None;
        loop {
            let chain = before.as_ref().map(|group| group.sum);
            let last = before.as_ref().map(|group| group.raw.as_slice()).unwrap_or_default();
            let Some(group) = group::read(self.log.as_ref(), at, chain, last)? else { return Ok(()) };
            f(&group)?;
            at = at.saturating_add(group.bytes);
            before = Some(group);
        }
    }

    /// Makes the log empty: what it held is in the file.
    fn forget_log(&self) -> io::Result<()> {
        self.log.write(0, &[0; PAGE_BYTES])?;
        self.log.sync_data()
    }

    /// Writes what is durable in the log alone into the file, and empties the log. What was written since the last sync
    /// goes with it, since its places are free in the durable state; its first page stays.
    fn settle(&self, tail: &mut Tail) -> io::Result<()> {
        if tail.end == 0 {
            return Ok(());
        }
        let pages = self.pages();
        self.write_held(&pages)?;
        self.put_first(&pages.head)?;
        self.forget_log()?;
        begin(tail, &pages.head);
        drop(pages);
        let mut pages = self.pages_mut();
        let Pages { held, fresh, floor, .. } = &mut *pages;
        held.retain(|number, _| fresh.contains(number));
        *floor = u64::MAX;
        Ok(())
    }

    /// Gives the file its length, and writes all pages that are held, but the first.
    fn write_held(&self, pages: &Pages) -> io::Result<()> {
        let file_len = self.file.len()?;
        if file_len > pages.floor {
            self.file.set_len(pages.floor)?;
        }
        if file_len.min(pages.floor) != pages.len {
            self.file.set_len(pages.len)?;
        }
        for (number, page) in pages.held.iter().filter(|(number, _)| **number != 0) {
            self.file.write(number.saturating_mul(PAGE), &page[..])?;
        }
        Ok(())
    }

    /// Makes room in the middle of a commit: it goes to the file itself.
    fn go_straight(&self, tail: &mut Tail) -> io::Result<()> {
        self.settle(tail)?;
        let mut pages = self.pages_mut();
        self.write_held(&pages)?;
        pages.held.retain(|number, _| *number == 0);
        pages.floor = u64::MAX;
        pages.is_straight = true;
        Ok(())
    }

    /// Ends a commit that went to the file itself.
    fn sync_straight(&self, tail: &mut Tail) -> io::Result<()> {
        let mut pages = self.pages_mut();
        let head = pages.held.remove(&0).unwrap_or_else(|| pages.head.clone());
        self.put_first(&head)?;
        begin(tail, &head);
        let len = pages.len;
        *pages =
            Pages { held: BTreeMap::new(), fresh: BTreeSet::new(), head, len, floor: u64::MAX, is_straight: false };
        Ok(())
    }

    fn put(&self, tail: &mut Tail, offset: u64, data: &[u8]) -> io::Result<()> {
        let (mut at, mut rest) = (offset, data);
        while !rest.is_empty() {
            let (number, within) = (at / PAGE, usize::try_from(at % PAGE).unwrap_or(0));
            let (part, next) = rest.split_at(rest.len().min(PAGE_BYTES.saturating_sub(within)));
            self.put_page(tail, number, within, part)?;
            at = at.saturating_add(wide(part.len()));
            rest = next;
        }
        let mut pages = self.pages_mut();
        pages.len = pages.len.max(at);
        Ok(())
    }

    /// What is cut off is forgotten here at once, and in the file with the next time it is brought up to date: until then
    /// the log alone says so.
    fn resize(&self, len: u64) -> io::Result<()> {
        let mut pages = self.pages_mut();
        pages.len = len;
        if pages.is_straight {
            return self.file.set_len(len);
        }
        pages.floor = pages.floor.min(len);
        pages.held.retain(|number, _| number.saturating_mul(PAGE) < len);
        pages.fresh.retain(|number| number.saturating_mul(PAGE) < len);
        Ok(())
    }

    fn put_page(&self, tail: &mut Tail, number: u64, within: usize, part: &[u8]) -> io::Result<()> {
        let pages = self.pages();
        let is_known = pages.held.contains_key(&number);
        let is_full = !is_known && number != 0 && !pages.is_straight && pages.held.len() >= self.room.pages;
        drop(pages);
        if is_full {
            self.go_straight(tail)?;
        }
        if number != 0 && self.pages().is_straight {
            return self.file.write(number.saturating_mul(PAGE).saturating_add(wide(within)), part);
        }
        let mut page = Box::new([0; PAGE_BYTES]);
        // A part of a page changes what is there.
        if !is_known && part.len() < PAGE_BYTES {
            let file_len = self.file.len()?.min(self.pages().floor);
            let begin = number.saturating_mul(PAGE);
            let there = usize::try_from(file_len.saturating_sub(begin).min(PAGE)).unwrap_or(PAGE_BYTES);
            self.file.read(begin, page.get_mut(..there).unwrap_or_default())?;
        }
        let mut pages = self.pages_mut();
        let held = pages.held.entry(number).or_insert(page);
        if let Some(place) = held.get_mut(within..within.saturating_add(part.len())) {
            place.copy_from_slice(part);
        }
        pages.fresh.insert(number);
        Ok(())
    }

    fn get(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let pages = self.pages();
        let end = offset.saturating_add(wide(out.len()));
        if end > pages.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (first, last) = (offset / PAGE, end.div_ceil(PAGE));
        let file_len = self.file.len()?.min(pages.floor);
        if pages.held.range(first..last).next().is_none() && end <= file_len {
            return self.file.read(offset, out);
        }
        let (mut at, mut rest) = (offset, out);
        while !rest.is_empty() {
            let (number, within) = (at / PAGE, usize::try_from(at % PAGE).unwrap_or(0));
            let piece = rest.len().min(PAGE_BYTES.saturating_sub(within));
            let (part, next) = rest.split_at_mut(piece);
            if let Some(page) = pages.held.get(&number) {
                part.copy_from_slice(page.get(within..within.saturating_add(piece)).unwrap_or_default());
            } else {
                // Behind the file's end is what was never written.
                let there = usize::try_from(file_len.saturating_sub(at).min(wide(piece))).unwrap_or(piece);
                let (written, behind) = part.split_at_mut(there);
                if !written.is_empty() {
                    self.file.read(at, written)?;
                }
                behind.fill(0);
            }
            at = at.saturating_add(wide(piece));
            rest = next;
        }
        Ok(())
    }

    fn sync(&self, tail: &mut Tail) -> io::Result<()> {
        let pages = self.pages();
        if !pages.fresh.contains(&0) {
            // Without its first page nothing of it is in force: it goes with the sync that brings it.
            return Ok(());
        }
        if pages.is_straight {
            drop(pages);
            return self.sync_straight(tail);
        }
        let count = pages.fresh.len();
        if count > self.room.group_pages {
            drop(pages);
            self.go_straight(tail)?;
            return self.sync_straight(tail);
        }
        let mut raw = Vec::with_capacity(count.saturating_mul(PAGE_BYTES));
        for number in &pages.fresh {
            raw.extend(pages.held.get(number).map(|page| &page[..]).unwrap_or_default());
        }
        let (group, told) = group::write(&tail.chain, &tail.start, &tail.last, pages.len, &pages.fresh, &raw);
        drop(pages);
        if tail.end.saturating_add(wide(group.len())) > self.room.log_bytes {
            self.go_straight(tail)?;
            return self.sync_straight(tail);
        }
        self.log.write(tail.end, &group)?;
        self.log.sync_data()?;
        tail.end = tail.end.saturating_add(wide(group.len()));
        tail.chain = told;
        tail.last = raw;
        let mut pages = self.pages_mut();
        if let Some(head) = pages.held.get(&0).cloned() {
            pages.head = head;
        }
        pages.fresh.clear();
        Ok(())
    }

    /// A clean end: the file is whole without the log. What was never synced is left out.
    fn close(&self) -> io::Result<()> {
        let is_ready = self.is_ready.load(Ordering::Acquire);
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = if is_ready && !tail.has_failed { self.settle(&mut tail) } else { Ok(()) };
        tail.has_failed = true;
        let (log, file) = (self.log.close(), self.file.close());
        settled.and(log).and(file)
    }
}

/// Does `what`; when it fails nothing more is written.
fn guarded(tail: &mut Tail, what: impl FnOnce(&mut Tail) -> io::Result<()>) -> io::Result<()> {
    let done = what(tail);
    tail.has_failed |= done.is_err();
    done
}

/// An empty log begins on a first page.
fn begin(tail: &mut Tail, head: &Page) {
    let start = sum(head);
    *tail = Tail { end: 0, chain: start, start, last: Vec::new(), has_failed: tail.has_failed };
}

impl StorageBackend for Wal {
    fn len(&self) -> io::Result<u64> {
        drop(self.0.ready()?);
        Ok(self.0.pages().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if !self.0.is_ready.load(Ordering::Acquire) {
            drop(self.0.ready()?);
        }
        self.0.get(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut tail = self.0.ready()?;
        guarded(&mut tail, |_| self.0.resize(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut tail = self.0.ready()?;
        guarded(&mut tail, |tail| self.0.sync(tail))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut tail = self.0.ready()?;
        guarded(&mut tail, |tail| self.0.put(tail, offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.query_lock_range(start, end)
    }
}
