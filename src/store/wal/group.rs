//! A group of the write-ahead log: the pages that one sync made durable, in bytes.
//!
//! In order: eight letters, a digest, the digest of the file's first page that the log began on, the storage's length, how many pages
//! (4 bytes), how many bytes they take packed (4 bytes), the pages' places (8 bytes each), the pages packed. Numbers are
//! little-endian. The digest is SHA-256 over the one of the group before (of the first page, where there is none) and all that
//! follows it, up to the end of a page of the medium.
//!
//! Promises: what was not written as a whole is not read.
//!
//! Never: more memory than a group may take, whatever the bytes say.

use crate::limits;
use redb::StorageBackend;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io;

/// Bytes of a page: of redb's, and of what a medium writes at once.
pub(super) const PAGE_BYTES: usize = 4096;
/// The same, as places in a file are counted.
pub(super) const PAGE: u64 = 4096;
/// How a group begins.
const MAGIC: [u8; 8] = *b"aegiswal";
/// A group's fixed part: the beginning, two digests, and three numbers.
const FIXED_BYTES: usize = 8 + 32 + 32 + 8 + 4 + 4;
/// Where begins what its digest is over.
const SUMMED_FROM: usize = 8 + 32;

pub(super) type Page = [u8; PAGE_BYTES];
pub(super) type Sum = [u8; 32];

/// A group, read.
pub(super) struct Group {
    /// The places of its pages.
    pub numbers: Vec<u64>,
    /// The pages, in a row.
    pub raw: Vec<u8>,
    /// The digest of the first page that the log began on.
    pub start: Sum,
    /// Its own digest.
    pub sum: Sum,
    /// How long the storage is.
    pub len: u64,
    /// Its bytes in the log.
    pub bytes: u64,
}

pub(super) fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

pub(super) fn sum(bytes: &[u8]) -> Sum {
    Sha256::digest(bytes).into()
}

/// What a group is packed against: as far back as the packing reaches.
fn tail_of(last: &[u8]) -> &[u8] {
    last.get(last.len().saturating_sub(limits::WAL_REACH_BYTES)..).unwrap_or_default()
}

/// The most that `count` pages take when they cannot be packed.
fn packed_max(count: usize) -> usize {
    lz4_flex::block::get_maximum_output_size(count.saturating_mul(PAGE_BYTES))
}

/// Bytes of a group whose body has so many, filled up to whole pages.
fn filled(body: usize) -> usize {
    FIXED_BYTES.saturating_add(body).div_ceil(PAGE_BYTES).saturating_mul(PAGE_BYTES)
}

/// What a group is known by: all of it behind the digest itself, and the group before.
fn digest(chain: &Sum, rest: &[u8]) -> Sum {
    let mut all = Sha256::new();
    all.update(chain);
    all.update(rest);
    all.finalize().into()
}

/// A group's bytes, filled up to whole pages, and its digest. `raw` is the pages in a row, `last` those of the group before.
pub(super) fn write(
    chain: &Sum,
    start: &Sum,
    last: &[u8],
    len: u64,
    numbers: &BTreeSet<u64>,
    raw: &[u8],
) -> (Vec<u8>, Sum) {
    let packed = lz4_flex::block::compress_with_dict(raw, tail_of(last));
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let bytes = filled(numbers.len().saturating_mul(8).saturating_add(packed.len()));
    let mut group = Vec::with_capacity(bytes);
    group.extend(MAGIC);
    group.extend([0; 32]);
    group.extend(start);
    group.extend(len.to_le_bytes());
    group.extend(number(numbers.len()));
    group.extend(number(packed.len()));
    group.extend(numbers.iter().flat_map(|page| page.to_le_bytes()));
    group.extend(packed);
    group.resize(bytes, 0);
    let told = digest(chain, group.get(SUMMED_FROM..).unwrap_or_default());
    if let Some(place) = group.get_mut(MAGIC.len()..SUMMED_FROM) {
        place.copy_from_slice(&told);
    }
    (group, told)
}

/// The group at a place, if a whole one is there that follows the one before, whose digest is `chain` and whose pages are `last`.
pub(super) fn read(log: &dyn StorageBackend, at: u64, chain: Option<Sum>, last: &[u8]) -> io::Result<Option<Group>> {
    let log_len = log.len()?;
    let mut first = [0; PAGE_BYTES];
    if at.saturating_add(PAGE) > log_len {
        return Ok(None);
    }
    log.read(at, &mut first)?;
    let Some((start, told, len, count, packed)) = fixed(&first) else { return Ok(None) };
    if count > limits::WAL_GROUP_PAGES_MAX || packed > packed_max(count) {
        return Ok(None);
    }
    let body = count.saturating_mul(8).saturating_add(packed);
    let bytes = filled(body);
    if at.saturating_add(wide(bytes)) > log_len {
        return Ok(None);
    }
    let mut all = vec![0; bytes];
    log.read(at, &mut all)?;
    if digest(&chain.unwrap_or(start), all.get(SUMMED_FROM..).unwrap_or_default()) != told {
        return Ok(None);
    }
    let body = all.get(FIXED_BYTES..FIXED_BYTES.saturating_add(body)).unwrap_or_default();
    let (places, packed) = body.split_at_checked(count.saturating_mul(8)).unwrap_or_default();
    let raw = lz4_flex::block::decompress_with_dict(packed, count.saturating_mul(PAGE_BYTES), tail_of(last));
    let raw = raw.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let numbers = places.as_chunks::<8>().0.iter().map(|place| u64::from_le_bytes(*place)).collect();
    Ok(Some(Group { numbers, raw, start, sum: told, len, bytes: wide(bytes) }))
}

/// The fixed part of a group: the first page it begins on, its digest, the length, how many pages, bytes packed.
fn fixed(first: &Page) -> Option<(Sum, Sum, u64, usize, usize)> {
    let (magic, rest) = first.split_first_chunk::<8>()?;
    let (told, rest) = rest.split_first_chunk::<32>()?;
    let (start, rest) = rest.split_first_chunk::<32>()?;
    let (len, rest) = rest.split_first_chunk::<8>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let (packed, _) = rest.split_first_chunk::<4>()?;
    let number = |bytes: &[u8; 4]| usize::try_from(u32::from_le_bytes(*bytes)).ok();
    (*magic == MAGIC).then_some(())?;
    Some((*start, *told, u64::from_le_bytes(*len), number(count)?, number(packed)?))
}
