//! A large set of users' ids in few bytes, without a wrong answer.
//!
//! The ids are sorted and cut into blocks of 256 bytes. A block is a checksum and the differences from each id to the next,
//! seven bits a byte with the lowest first; a zero ends it. The first id of each block is in an [`Index`], which is small
//! enough for memory, so that one block has to be read for an answer.
//! Five million ids as Telegram gives them take 9.7 MB in blocks and 304 KB of index.
//!
//! Differences of whole bytes take a quarter more than the best code of bits would, and are read in a few lines.
//!
//! Promises: what was put in is found, and nothing else is; a block that is not as it was written is told, never answered
//! from, wherever it was read. The checksum begins with the block's first id, so that a block in the place of another is
//! told too.
//!
//! Never: a file. Who asks brings the block.

pub mod source;

use crate::limits;
use crate::message::mixed;

/// Bytes of a block: a sixteenth of a page, so that no block lies on two.
pub const BLOCK_BYTES: usize = 256;

/// A block as it is stored.
pub type Block = [u8; BLOCK_BYTES];

/// Bytes of its checksum, which it begins with.
const CHECKSUM_BYTES: usize = 4;

/// A block is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// What a block's first bytes must be: FNV-1a over words of eight bytes, which is as many steps fewer, then mixed.
fn checksum(first: u64, body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let start = (0xcbf2_9ce4_8422_2325 ^ first).wrapping_mul(0x0100_0000_01b3);
    let (words, rest) = body.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let hash = words.chain(rest.iter().map(|byte| u64::from(*byte)));
    let hash = mixed(hash.fold(start, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3)));
    u32::try_from(hash >> 32).unwrap_or(0).to_le_bytes()
}

/// The ids of a block whose first is `first`, rising.
///
/// # Errors
/// [`Damaged`] when it is not the block that was written with this first id.
pub fn ids_of(first: u64, block: &Block) -> Result<impl Iterator<Item = u64> + use<'_>, Damaged> {
    let (sum, body) = block.split_first_chunk::<CHECKSUM_BYTES>().ok_or(Damaged)?;
    if *sum != checksum(first, body) {
        return Err(Damaged);
    }
    Ok(std::iter::once(first).chain(Later { bytes: body.iter(), last: first }))
}

/// Whether a block whose first id is `first` has an id.
///
/// # Errors
/// As [`ids_of`].
pub fn block_has(first: u64, block: &Block, id: u64) -> Result<bool, Damaged> {
    Ok(ids_of(first, block)?.find(|listed| *listed >= id) == Some(id))
}

/// The ids after a block's first.
struct Later<'b> {
    bytes: std::slice::Iter<'b, u8>,
    last: u64,
}

impl Iterator for Later<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let (mut difference, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = *self.bytes.next()?;
            difference |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                break;
            }
            shift = shift.saturating_add(7);
        }
        if difference == 0 {
            self.bytes = [].iter();
            return None;
        }
        self.last = self.last.checked_add(difference)?;
        Some(self.last)
    }
}

/// A block, and its first id, which the block itself does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The first id.
    pub first: u64,
    /// The block.
    pub block: Block,
}

/// Cuts rising ids into blocks, one block in memory.
#[derive(Clone, Debug)]
pub struct Packer {
    /// The first id of the block under way; none before the first of all.
    first: Option<u64>,
    last: u64,
    block: Block,
    used: usize,
}

impl Default for Packer {
    fn default() -> Self {
        Self { first: None, last: 0, block: [0; BLOCK_BYTES], used: CHECKSUM_BYTES }
    }
}

impl Packer {
    /// Takes the next id. Ids come rising; one that is not larger than the one before is passed over. Gives the block that
    /// had no room for it.
    pub fn push(&mut self, id: u64) -> Option<Packed> {
        if self.first.is_none() {
            self.begin(id);
            return None;
        }
        let difference = id.checked_sub(self.last).filter(|difference| *difference > 0)?;
        let needed = usize::try_from(difference.ilog2() / 7).unwrap_or(0).saturating_add(1);
        let end = self.used.saturating_add(needed);
        let Some(place) = self.block.get_mut(self.used..end) else {
            let full = self.sealed();
            self.begin(id);
            return full;
        };
        let mut rest = difference;
        for byte in place {
            let more = if rest >= 0x80 { 0x80 } else { 0 };
            *byte = u8::try_from(rest & 0x7f).unwrap_or(0) | more;
            rest >>= 7;
        }
        (self.used, self.last) = (end, id);
        None
    }

    /// The last block; none when there was no id.
    #[must_use]
    pub fn finish(self) -> Option<Packed> {
        self.sealed()
    }

    fn begin(&mut self, id: u64) {
        *self = Self { first: Some(id), last: id, ..Self::default() };
    }

    fn sealed(&self) -> Option<Packed> {
        let first = self.first?;
        let mut block = self.block;
        let (sum, body) = block.split_first_chunk_mut::<CHECKSUM_BYTES>()?;
        *sum = checksum(first, body);
        Some(Packed { first, block })
    }
}

/// Where each block begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    firsts: Box<[u64]>,
}

/// A block in which an id is, if it is listed at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The block's number, from 0.
    pub number: usize,
    /// Its first id.
    pub first: u64,
}

impl Index {
    /// An index of the first ids of all blocks, in order; none when they do not rise, or are more than
    /// `limits::LISTED_BLOCKS_MAX`.
    #[must_use]
    pub fn new(firsts: Vec<u64>) -> Option<Self> {
        let rises = firsts.is_sorted_by(|one, other| one < other);
        (rises && firsts.len() <= limits::LISTED_BLOCKS_MAX).then(|| Self { firsts: firsts.into_boxed_slice() })
    }

    /// The block to look for an id in; none when it is below all that are listed.
    #[must_use]
    pub fn place(&self, id: u64) -> Option<Place> {
        let number = self.firsts.partition_point(|first| *first <= id).checked_sub(1)?;
        Some(Place { number, first: *self.firsts.get(number)? })
    }

    /// The first ids of all blocks.
    #[must_use]
    pub const fn firsts(&self) -> &[u64] {
        &self.firsts
    }

    /// Heap bytes held.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        size_of_val::<[u64]>(&self.firsts)
    }
}

/// A whole set in memory, blocks and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdSet {
    index: Index,
    blocks: Vec<Block>,
}

impl IdSet {
    /// A set of rising ids; what does not rise is passed over. None when they are spread over more than
    /// `limits::LISTED_BLOCKS_MAX` blocks.
    #[must_use]
    pub fn from_rising(ids: impl IntoIterator<Item = u64>) -> Option<Self> {
        let (mut packer, mut firsts, mut blocks) = (Packer::default(), Vec::new(), Vec::new());
        let mut keep = |packed: Packed| {
            firsts.push(packed.first);
            blocks.push(packed.block);
        };
        ids.into_iter().filter_map(|id| packer.push(id)).for_each(&mut keep);
        packer.finish().into_iter().for_each(keep);
        Some(Self { index: Index::new(firsts)?, blocks })
    }

    /// Whether an id is in the set.
    ///
    /// # Errors
    /// [`Damaged`] when its block is.
    pub fn contains(&self, id: u64) -> Result<bool, Damaged> {
        let Some(place) = self.index.place(id) else { return Ok(false) };
        block_has(place.first, self.blocks.get(place.number).ok_or(Damaged)?, id)
    }

    /// Heap bytes held.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.index.bytes() + self.blocks.capacity() * BLOCK_BYTES
    }
}

#[cfg(test)]
mod tests;
