//! Lists of known spammers' ids on disk: `NAME.ids`.
//!
//! A file is a header of one block (magic, version, how many blocks and ids, the start of the source's SHA-256, when it was
//! made), the blocks of [`crate::ids`], their first ids, and the SHA-256 of the blocks, the first ids and the header in this
//! order, which is that of writing; numbers are little-endian.
//!
//! An open list keeps the first ids in memory and reads one block for an answer, mostly from the page cache. The file is not
//! mapped into memory: where a card fails, a read gives an error, and a mapping ends the process.
//!
//! Promises: as [`super`]. A file is checked whole when it is opened, and a block again at each read, so that a damaged card
//! gives an error and never a wrong answer. A list that is replaced while it is open goes on answering as it was.
//!
//! Never: the blocks in memory.

mod import;
mod set;

pub use import::import;
pub use set::{Age, IdLists, Listed, Loaded, Unanswered};

use super::files::{CHECKSUM_BYTES, Hashed, Words};
use super::{Refused, file_of_kind};
use crate::clock::Wall;
use crate::ids::{self, BLOCK_BYTES, Block, Index};
use crate::limits;
use crate::message::UserId;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The ending of a list's file name.
pub const ENDING: &str = "ids";

/// The file of a list; `None` when the name is none.
#[must_use]
pub fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    file_of_kind(folder, name, ENDING)
}

const MAGIC: [u8; 8] = *b"AEGISIDS";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = BLOCK_BYTES;
const FIRST_BYTES: usize = size_of::<u64>();

/// What the head of a list's file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Ids in the list.
    pub count: u64,
    /// The first 16 bytes of the SHA-256 of what was imported.
    pub source: [u8; 16],
    /// When it was imported.
    pub made: Wall,
    /// Blocks in the file.
    blocks: usize,
}

impl Head {
    /// Whether the list is older than `limits::LISTED_IDS_STALE_S`. A clock that went back makes no list old.
    #[must_use]
    pub const fn age(&self, now: Wall) -> Age {
        let age_s = now.0.saturating_sub(self.made.0) / 1_000;
        if age_s > limits::LISTED_IDS_STALE_S { Age::Stale } else { Age::Fresh }
    }

    fn bytes(&self) -> std::io::Result<[u8; HEADER_BYTES]> {
        let mut header = [0; HEADER_BYTES];
        let mut place = header.as_mut_slice();
        place.write_all(&MAGIC)?;
        place.write_all(&VERSION.to_le_bytes())?;
        place.write_all(&u32::try_from(self.blocks).unwrap_or(u32::MAX).to_le_bytes())?;
        place.write_all(&self.count.to_le_bytes())?;
        place.write_all(&self.source)?;
        place.write_all(&self.made.0.to_le_bytes())?;
        Ok(header)
    }

    /// Reads a header, and holds it to the file's length and to the bounds.
    fn of(header: &[u8; HEADER_BYTES], length: u64, words: Words<'_>) -> Result<Self, Refused> {
        let mut rest = header.as_slice();
        let mut next = |bytes: &mut [u8]| rest.read_exact(bytes).map_err(|_| words.damaged());
        let (mut magic, mut four, mut source, mut eight) = ([0; 8], [0; 4], [0; 16], [0; 8]);
        next(&mut magic)?;
        if magic != MAGIC {
            return Err(words.other());
        }
        next(&mut four)?;
        if u32::from_le_bytes(four) != VERSION {
            return Err(words.other_version());
        }
        next(&mut four)?;
        let blocks = usize::try_from(u32::from_le_bytes(four)).unwrap_or(usize::MAX);
        next(&mut eight)?;
        let count = u64::from_le_bytes(eight);
        next(&mut source)?;
        next(&mut eight)?;
        let whole = blocks.saturating_mul(BLOCK_BYTES + FIRST_BYTES).saturating_add(HEADER_BYTES + CHECKSUM_BYTES);
        if blocks > limits::LISTED_BLOCKS_MAX || count > limits::LISTED_IDS_MAX || u64::try_from(whole) != Ok(length) {
            return Err(words.damaged());
        }
        Ok(Self { count, source, made: Wall(u64::from_le_bytes(eight)), blocks })
    }

    /// The head of a file, which is not checked any further.
    fn read(file: &File, words: Words<'_>) -> Result<(Self, [u8; HEADER_BYTES]), Refused> {
        let unread = |error| words.unread(&error);
        let length = file.metadata().map_err(unread)?.len();
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => words.damaged(),
            _ => words.unread(&error),
        })?;
        Ok((Self::of(&header, length, words)?, header))
    }
}

const fn words(path: &Path) -> Words<'_> {
    Words { path, what: "list of ids", mend: "import it again with `aegis lists import-ids`" }
}

/// Where a block is in its file.
fn offset_of(number: usize) -> u64 {
    u64::try_from(number.saturating_mul(BLOCK_BYTES).saturating_add(HEADER_BYTES)).unwrap_or(u64::MAX)
}

/// An open list.
#[derive(Debug)]
pub struct IdList {
    file: File,
    index: Index,
    head: Head,
}

impl IdList {
    /// Opens a list and checks all of it, a piece at a time.
    ///
    /// # Errors
    /// When it cannot be read, is no list, of another version, or damaged; the words say how to mend it.
    pub fn open(path: &Path) -> Result<Self, Refused> {
        let words = words(path);
        let unread = |error| words.unread(&error);
        let file = File::open(path).map_err(unread)?;
        let (head, header) = Head::read(&file, words)?;
        let mut firsts = Vec::with_capacity(head.blocks);
        let tail = file.try_clone().map_err(unread)?;
        let mut tail =
            BufReader::with_capacity(limits::LISTED_READ_BYTES, At { file: &tail, at: offset_of(head.blocks) });
        for _ in 0..head.blocks {
            let mut first = [0; FIRST_BYTES];
            tail.read_exact(&mut first).map_err(unread)?;
            firsts.push(u64::from_le_bytes(first));
        }
        let index = Index::new(firsts).ok_or_else(|| words.damaged())?;
        let body = BufReader::with_capacity(limits::LISTED_READ_BYTES, At { file: &file, at: offset_of(0) });
        let mut body = Hashed::new(body);
        let mut count = 0_u64;
        let mut last = 0;
        for first in index.firsts() {
            let mut block: Block = [0; BLOCK_BYTES];
            body.take(&mut block).map_err(unread)?;
            let is_after = *first > last;
            for id in ids::ids_of(*first, &block).map_err(|_| words.damaged())? {
                count = count.saturating_add(1);
                last = id;
            }
            if !is_after {
                return Err(words.damaged());
            }
        }
        for _ in index.firsts() {
            body.take(&mut [0; FIRST_BYTES]).map_err(unread)?;
        }
        body.hash_also(&header);
        if count != head.count || last > limits::LISTED_ID_MAX || !body.ends_whole() {
            return Err(words.damaged());
        }
        Ok(Self { file, index, head })
    }

    /// Whether somebody is on the list. Reads one block at most.
    ///
    /// # Errors
    /// What went wrong, in words: the block cannot be read, or is damaged.
    pub fn has(&self, user: UserId) -> Result<bool, String> {
        let Some((id, place)) = u64::try_from(user.0).ok().and_then(|id| Some((id, self.index.place(id)?))) else {
            return Ok(false);
        };
        let mut block: Block = [0; BLOCK_BYTES];
        let read = self.file.read_exact_at(&mut block, offset_of(place.number));
        read.map_err(|error| format!("block {} cannot be read: {error}", place.number))?;
        ids::block_has(place.first, &block, id).map_err(|_| {
            format!("block {} is damaged; import the list again with `aegis lists import-ids`", place.number)
        })
    }

    /// What its file's head says.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Heap bytes held.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.index.bytes()
    }

    /// Bytes of the file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        let indexed = self.head.blocks.saturating_mul(FIRST_BYTES).saturating_add(CHECKSUM_BYTES);
        offset_of(self.head.blocks).saturating_add(u64::try_from(indexed).unwrap_or(u64::MAX))
    }
}

/// A file, read from a place on without moving anybody else's.
struct At<'f> {
    file: &'f File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(bytes, self.at)?;
        self.at = self.at.saturating_add(u64::try_from(read).unwrap_or(0));
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
