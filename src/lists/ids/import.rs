//! Taking a list of ids in.
//!
//! So many ids are sorted in memory at one time; each time they are merged with those on disk into a new file beside the
//! name, and the one before is let go. The last of these files becomes the list.
//!
//! Promises: at most `limits::LISTED_IMPORT_BYTES_MAX` in memory, whatever the source; on disk at most two lists beside the
//! old one.
//!
//! Never: a list that passes `limits::LISTED_IDS_MAX` together with the others of its folder.

use super::{At, ENDING, Head, offset_of, words};
use crate::clock::Wall;
use crate::ids::source::{Found, Piece, Source, Wrong};
use crate::ids::{self, BLOCK_BYTES, Packed, Packer};
use crate::limits;
use crate::lists::files::{Beside, Hashed, source_mark};
use crate::lists::{Refused, Report, paths};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Reads a list of ids in any of the forms of [`Source`] and puts it in the place of `path`.
///
/// # Errors
/// When it cannot be read or written, has no id, too many, or more bad lines than one in
/// `limits::DOMAIN_BAD_LINES_ONE_IN`; when there are `limits::LISTED_LISTS_MAX` others; when another import is under way.
/// What was at `path` stays.
pub fn import(reader: impl Read, path: &Path, made: Wall) -> Result<Report, Refused> {
    import_sorting(reader, path, made, limits::LISTED_SORT_IDS)
}

/// The same, with so many ids sorted at one time.
pub(super) fn import_sorting(
    mut reader: impl Read,
    path: &Path,
    made: Wall,
    sorted_ids: usize,
) -> Result<Report, Refused> {
    let beside = Beside::of(path)?;
    let mut merge = Merge {
        room: Room::beside_others(path)?,
        beside: &beside,
        fresh: Vec::with_capacity(sorted_ids),
        sorted_ids,
        run: None,
    };
    let (mut source, mut hash, mut report) = (Source::default(), Sha256::new(), Report::default());
    let mut bytes = vec![0; limits::LISTED_READ_BYTES];
    loop {
        let read = match reader.read(&mut bytes) {
            Ok(read) => bytes.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(at(&source, &format!("cannot be read any further: {error}"))),
        };
        hash.update(read);
        let mut refused = None;
        let mut each = |piece: Piece<'_>| {
            report.lines = piece.number;
            match piece.found {
                Found::Nothing => {}
                Found::Bad(why) => report.add_bad(piece.name, piece.text, why),
                Found::Id(id) => {
                    if let Err(why) = merge.add(id) {
                        refused = Some(why.0);
                        return Err(Wrong::Enough);
                    }
                }
            }
            Ok(())
        };
        let is_end = read.is_empty();
        let told = if is_end { source.finish(&mut each) } else { source.read(read, &mut each) };
        match told {
            Ok(()) if is_end => break,
            Ok(()) => {}
            Err(Wrong::Source(why)) => return Err(at(&source, why)),
            Err(Wrong::Enough) => return Err(at(&source, &refused.unwrap_or_default())),
        }
    }
    merge.merge()?;
    let run = merge.run.take();
    report.count = run.as_ref().map_or(0, |run| run.count);
    report.check(source.piece_name(), "id")?;
    drop(merge);
    if let Some(run) = run {
        let file = run.end(source_mark(hash), made).map_err(|error| beside.unwritten(&error))?;
        beside.take_name(&file)?;
    }
    Ok(report)
}

fn at(source: &Source, why: &str) -> Refused {
    Refused(format!("{} {}: {why}", source.piece_name(), source.number()))
}

/// What there is room for.
#[derive(Clone, Copy, Debug)]
struct Room {
    ids: u64,
    blocks: usize,
}

impl Room {
    /// What the other lists of the folder leave. A damaged one takes nothing: it is not used.
    fn beside_others(path: &Path) -> Result<Self, Refused> {
        let mut room = Self { ids: limits::LISTED_IDS_MAX, blocks: limits::LISTED_BLOCKS_MAX };
        let others = path.parent().map(|folder| paths(folder, ENDING)).unwrap_or_default();
        let others: Vec<_> = others.into_iter().filter(|other| other != path).collect();
        if others.len() >= limits::LISTED_LISTS_MAX {
            return Err(Refused(format!("there are {} lists of ids already; remove one", others.len())));
        }
        for other in others {
            let Ok(file) = File::open(&other) else { continue };
            let Ok((head, _)) = Head::read(&file, words(&other)) else { continue };
            room.ids = room.ids.saturating_sub(head.count);
            room.blocks = room.blocks.saturating_sub(head.blocks);
        }
        Ok(room)
    }
}

/// Merges what is read with what is on disk.
struct Merge<'b> {
    beside: &'b Beside,
    room: Room,
    /// Not on disk yet, in any order.
    fresh: Vec<u64>,
    sorted_ids: usize,
    run: Option<Run>,
}

impl Merge<'_> {
    fn add(&mut self, id: u64) -> Result<(), Refused> {
        if self.fresh.len() >= self.sorted_ids {
            self.fresh.sort_unstable();
            self.fresh.dedup();
            // Lists repeat themselves; a merge is worth its writing when half of it is new.
            if self.fresh.len() > self.sorted_ids / 2 {
                self.merge()?;
            }
        }
        self.fresh.push(id);
        Ok(())
    }

    fn merge(&mut self) -> Result<(), Refused> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        self.fresh.sort_unstable();
        let mut out = Out::new(self.beside, self.room)?;
        let mut fresh = self.fresh.iter().copied().peekable();
        if let Some(old) = self.run.take() {
            let at = At { file: &old.file, at: offset_of(0) };
            let mut reader = BufReader::with_capacity(limits::LISTED_READ_BYTES, at);
            for first in &old.firsts {
                let mut block = [0; BLOCK_BYTES];
                let read = reader.read_exact(&mut block);
                read.map_err(|error| self.beside.unwritten(&error))?;
                let damaged = |_| Refused("what was just written reads otherwise; is the card failing?".to_owned());
                for id in ids::ids_of(*first, &block).map_err(damaged)? {
                    while let Some(less) = fresh.next_if(|one| *one < id) {
                        out.push(less)?;
                    }
                    out.push(id)?;
                }
            }
        }
        fresh.try_for_each(|id| out.push(id))?;
        self.run = Some(out.finish()?);
        self.fresh.clear();
        Ok(())
    }
}

/// Rising ids on their way into a file.
struct Out<'b> {
    beside: &'b Beside,
    room: Room,
    file: Hashed<BufWriter<File>>,
    packer: Packer,
    firsts: Vec<u64>,
    last: u64,
    count: u64,
}

impl<'b> Out<'b> {
    fn new(beside: &'b Beside, room: Room) -> Result<Self, Refused> {
        let mut file = BufWriter::with_capacity(limits::LISTED_READ_BYTES, beside.create()?);
        // The header is known last.
        file.seek(SeekFrom::Start(offset_of(0))).map_err(|error| beside.unwritten(&error))?;
        let file = Hashed::new(file);
        Ok(Self { beside, room, file, packer: Packer::default(), firsts: Vec::new(), last: 0, count: 0 })
    }

    fn push(&mut self, id: u64) -> Result<(), Refused> {
        if id <= self.last {
            return Ok(());
        }
        if self.count >= self.room.ids {
            let (most, room) = (limits::LISTED_IDS_MAX, self.room.ids);
            return Err(Refused(format!(
                "more than {room} ids; all lists of ids together may have {most}; shorten this one or remove another"
            )));
        }
        (self.last, self.count) = (id, self.count.saturating_add(1));
        self.packer.push(id).map_or(Ok(()), |packed| self.put(&packed))
    }

    fn put(&mut self, packed: &Packed) -> Result<(), Refused> {
        if self.firsts.len() >= self.room.blocks {
            return Err(Refused(
                "the ids are spread wider than those of Telegram; is this a list of users?".to_owned(),
            ));
        }
        self.firsts.push(packed.first);
        self.file.put(&packed.block).map_err(|error| self.beside.unwritten(&error))
    }

    fn finish(mut self) -> Result<Run, Refused> {
        if let Some(packed) = std::mem::take(&mut self.packer).finish() {
            self.put(&packed)?;
        }
        let file = self.file.inner.into_inner().map_err(|error| self.beside.unwritten(error.error()))?;
        Ok(Run { file, hash: self.file.hash, firsts: self.firsts, count: self.count })
    }
}

/// A file with all its blocks, and nothing else yet.
struct Run {
    file: File,
    hash: Sha256,
    firsts: Vec<u64>,
    count: u64,
}

impl Run {
    fn end(self, source: [u8; 16], made: Wall) -> std::io::Result<File> {
        let head = Head { count: self.count, source, made, blocks: self.firsts.len() };
        let mut out = Hashed { inner: BufWriter::new(self.file), hash: self.hash };
        for first in &self.firsts {
            out.put(&first.to_le_bytes())?;
        }
        let header = head.bytes()?;
        out.hash_also(&header);
        let sum = out.hash.finalize();
        out.inner.write_all(&sum)?;
        let file = out.inner.into_inner()?;
        file.write_all_at(&header, 0)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_ids_than_there_is_room_for_are_refused_and_so_are_ids_that_fill_the_index() {
        let folder = tempfile::tempdir().unwrap();
        let beside = Beside::of(&folder.path().join("a.ids")).unwrap();
        let fill = |ids, blocks, what: &mut dyn Iterator<Item = u64>| -> Result<(), String> {
            let mut out = Out::new(&beside, Room { ids, blocks }).unwrap();
            for id in what {
                out.push(id).map_err(|refused| refused.0)?;
            }
            Ok(())
        };
        assert_eq!(fill(100, 3, &mut (1..=100)), Ok(()));
        assert!(fill(100, 3, &mut (1..=101)).unwrap_err().contains("more than 100 ids"));
        // 2^40 apart takes six bytes, so that a block holds 43.
        assert_eq!(fill(1_000, 3, &mut (1..=129).map(|step| step << 40)), Ok(()));
        assert!(fill(1_000, 3, &mut (1..=173).map(|step| step << 40)).unwrap_err().contains("spread wider"));
    }
}
