//! Lists of domains on disk: `NAME.domains`.
//!
//! A file is a header (magic, version, count, the start of the source's SHA-256, when it was made), how many domains
//! each bucket holds, their stored hashes, and the SHA-256 of all that; numbers are little-endian.
//!
//! Promises and never: as [`super`].

use super::files::{Beside, CHECKSUM_BYTES, Hashed, Words, source_mark};
use super::{Refused, Report, file_of_kind};
use crate::clock::Wall;
use crate::limits;
use crate::links::domains::{BUCKETS, Builder, DomainSet, EntryKind, entry};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};

/// The ending of a list's file name.
pub const ENDING: &str = "domains";

/// The file of a list; `None` when the name is none.
#[must_use]
pub fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    file_of_kind(folder, name, ENDING)
}

const MAGIC: [u8; 8] = *b"AEGISDOM";
const VERSION: u32 = 1;
/// Magic, version, count, start of the source's hash, time.
const HEADER_BYTES: usize = 8 + 4 + 4 + 16 + 8;

/// What the head of a list's file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Domains in the list.
    pub count: u32,
    /// The first 16 bytes of the SHA-256 of what was imported.
    pub source: [u8; 16],
    /// When it was imported.
    pub made: Wall,
}

/// Reads a list and puts it in the place of `path`.
///
/// # Errors
/// When it cannot be read or written, has no domain, too many, or more bad lines than one in
/// `limits::DOMAIN_BAD_LINES_ONE_IN`; when another import is under way. What was at `path` stays.
pub fn import(reader: impl Read, path: &Path, made: Wall) -> Result<Report, Refused> {
    let beside = Beside::of(path)?;
    let mut hash = Sha256::new();
    let (set, report) = gather(reader, &mut hash)?;
    let count = u32::try_from(set.len()).unwrap_or(u32::MAX);
    let head = Head { count, source: source_mark(hash), made };
    let file = write(&set, head, beside.create()?).map_err(|error| beside.unwritten(&error))?;
    beside.take_name(&file)?;
    Ok(report)
}

fn gather(reader: impl Read, hash: &mut Sha256) -> Result<(DomainSet, Report), Refused> {
    let mut reader = BufReader::new(reader);
    let mut builder = Builder::default();
    let mut report = Report::default();
    let mut line = Vec::new();
    let bound = u64::try_from(limits::DOMAIN_LINE_BYTES_MAX).unwrap_or(u64::MAX);
    loop {
        line.clear();
        let number = report.lines.saturating_add(1);
        let unread = |error| Refused(format!("line {number}: cannot be read: {error}"));
        if (&mut reader).take(bound).read_until(b'\n', &mut line).map_err(unread)? == 0 {
            break;
        }
        report.lines = number;
        hash.update(&line);
        let long = line.len() >= limits::DOMAIN_LINE_BYTES_MAX && !line.ends_with(b"\n");
        let mut told = if long { Err("the line is too long") } else { Err("not UTF-8") };
        if let (false, Ok(text)) = (long, std::str::from_utf8(&line)) {
            told = entry(text, &mut |domain| builder.add(domain));
        }
        if long {
            reader.skip_until(b'\n').map_err(unread)?;
        }
        match told {
            Ok(read) if read.full.is_err() => {
                let most = limits::DOMAINS_MAX;
                return Err(Refused(format!("line {}: more than {most} domains; split the list", report.lines)));
            }
            Ok(read) => report.passed_over += u64::from(read.kind == EntryKind::OtherRule),
            Err(why) => report.add_bad("line", &line, why),
        }
    }
    let set = builder.finish();
    report.count = u64::try_from(set.len()).unwrap_or(u64::MAX);
    report.check("line", "domain")?;
    Ok((set, report))
}

fn write(set: &DomainSet, head: Head, file: File) -> std::io::Result<File> {
    let mut out = Hashed::new(BufWriter::new(file));
    out.put(&MAGIC)?;
    out.put(&VERSION.to_le_bytes())?;
    out.put(&head.count.to_le_bytes())?;
    out.put(&head.source)?;
    out.put(&head.made.0.to_le_bytes())?;
    let (counts, remainders) = set.parts();
    for count in counts {
        out.put(&count.to_le_bytes())?;
    }
    for remainder in remainders {
        out.put(&remainder.to_le_bytes())?;
    }
    let sum = out.hash.finalize();
    std::io::Write::write_all(&mut out.inner, &sum)?;
    Ok(out.inner.into_inner()?)
}

/// Opens a list.
///
/// # Errors
/// When it cannot be read, is no list, of another version, or damaged; the words say how to mend it.
pub fn open(path: &Path) -> Result<(DomainSet, Head), Refused> {
    let words = Words { path, what: "list of domains", mend: "import it again with `aegis lists import`" };
    let file = File::open(path).map_err(|error| words.unread(&error))?;
    let length = file.metadata().map_err(|error| words.unread(&error))?.len();
    let mut reader = Hashed::new(BufReader::new(file));
    let mut next = |bytes: &mut [u8]| reader.take(bytes).map_err(|_| words.damaged());
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
    let count = u32::from_le_bytes(four);
    next(&mut source)?;
    next(&mut eight)?;
    let head = Head { count, source, made: Wall(u64::from_le_bytes(eight)) };
    let domains = usize::try_from(count).unwrap_or(usize::MAX);
    let whole = domains.saturating_add(BUCKETS).saturating_mul(4).saturating_add(HEADER_BYTES + CHECKSUM_BYTES);
    if domains > limits::DOMAINS_MAX || u64::try_from(whole) != Ok(length) {
        return Err(words.damaged());
    }
    let mut numbers = |many: usize| {
        let mut read = Vec::with_capacity(many);
        for _ in 0..many {
            next(&mut four)?;
            read.push(u32::from_le_bytes(four));
        }
        Ok::<Vec<u32>, Refused>(read)
    };
    let counts = numbers(BUCKETS)?;
    let remainders = numbers(domains)?;
    if !reader.ends_whole() {
        return Err(words.damaged());
    }
    let set = DomainSet::from_parts(counts.into_iter(), remainders).ok_or_else(|| words.damaged())?;
    Ok((set, head))
}
