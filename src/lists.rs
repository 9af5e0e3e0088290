//! Lists of domains on disk: `NAME.domains`.
//!
//! A file is a header (magic, version, count, the start of the source's SHA-256, when it was made), how many domains
//! each bucket holds, their stored hashes, and the SHA-256 of all that; numbers are little-endian.
//!
//! Promises: an import goes into a file beside its name, is synced, and takes the name in one step, so that a kill at
//! any point leaves the old list or the new one; a list that is refused leaves the old one; a damaged file is refused.
//!
//! Never: the whole source in memory. It is read line by line.

use crate::clock::Wall;
use crate::limits;
use crate::links::domains::{BUCKETS, Builder, DomainSet, EntryKind, entry};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// The ending of a list's file name.
pub const ENDING: &str = "domains";

/// The folder of lists in a data directory.
#[must_use]
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("lists")
}

/// The file of a list; `None` when the name is none: small letters, digits, `-` and `_` only, so that no name leads out of
/// the folder.
#[must_use]
pub fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_name = (1..=limits::DOMAIN_LIST_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_part);
    is_name.then(|| folder.join(format!("{name}.{ENDING}")))
}

const MAGIC: [u8; 8] = *b"AEGISDOM";
const VERSION: u32 = 1;
/// Magic, version, count, start of the source's hash, time.
const HEADER_BYTES: usize = 8 + 4 + 4 + 16 + 8;
const CHECKSUM_BYTES: usize = 32;

/// What an import took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Domains in the list, each counted once.
    pub domains: usize,
    /// Lines read.
    pub lines: u64,
    /// Rules that name no whole domain; passed over.
    pub passed_over: u64,
    /// Lines that could not be read; passed over.
    pub bad: u64,
    /// The first of them, with line numbers.
    pub examples: Vec<String>,
}

/// Why a list was not taken; the old one stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
/// `limits::DOMAIN_BAD_LINES_ONE_IN`. What was at `path` stays.
pub fn import(reader: impl Read, path: &Path, made: Wall) -> Result<Report, Refused> {
    let mut hash = Sha256::new();
    let (set, report) = gather(reader, &mut hash)?;
    let mut source = [0_u8; 16];
    for (to, from) in source.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    let count = u32::try_from(set.len()).unwrap_or(u32::MAX);
    write(&set, Head { count, source, made }, path)
        .map_err(|error| Refused(format!("{} cannot be written: {error}; the old list stays", path.display())))?;
    Ok(report)
}

fn gather(reader: impl Read, hash: &mut Sha256) -> Result<(DomainSet, Report), Refused> {
    let mut reader = BufReader::new(reader);
    let mut builder = Builder::default();
    let mut report = Report { domains: 0, lines: 0, passed_over: 0, bad: 0, examples: Vec::new() };
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
            Err(why) => {
                report.bad = report.bad.saturating_add(1);
                if report.examples.len() < limits::DOMAIN_BAD_LINES_SHOWN {
                    let shown: String = String::from_utf8_lossy(&line).trim().chars().take(60).collect();
                    report.examples.push(format!("line {}: {shown:?}: {why}", report.lines));
                }
            }
        }
    }
    let set = builder.finish();
    report.domains = set.len();
    let examples = report.examples.join("\n");
    if report.bad.saturating_mul(limits::DOMAIN_BAD_LINES_ONE_IN) > report.lines {
        return Err(Refused(format!("{} of {} lines are bad:\n{examples}", report.bad, report.lines)));
    }
    if set.is_empty() {
        return Err(Refused("the list has no domain".to_owned()));
    }
    Ok((set, report))
}

/// A writer that hashes what passes.
struct Hashed<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Hashed<W> {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.inner.write_all(bytes)
    }
}

fn write(set: &DomainSet, head: Head, path: &Path) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let file = File::create(&beside)?;
    let mut out = Hashed { inner: std::io::BufWriter::new(file), hash: Sha256::new() };
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
    out.inner.write_all(&sum)?;
    out.inner.into_inner()?.sync_all()?;
    std::fs::rename(&beside, path)?;
    // The new name is durable when its folder is.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

/// Opens a list.
///
/// # Errors
/// When it cannot be read, is no list, of another version, or damaged; the words say how to mend it.
pub fn open(path: &Path) -> Result<(DomainSet, Head), Refused> {
    let shown = path.display();
    let mend = "import it again with `aegis lists import`";
    let unread = |error: std::io::Error| Refused(format!("{shown}: cannot be read: {error}"));
    let damaged = || Refused(format!("{shown}: is damaged; {mend}"));
    let file = File::open(path).map_err(unread)?;
    let length = file.metadata().map_err(unread)?.len();
    let mut reader = BufReader::new(file);
    let mut hash = Sha256::new();
    let mut next = |bytes: &mut [u8]| {
        reader.read_exact(bytes).map_err(|_| damaged())?;
        hash.update(&*bytes);
        Ok::<(), Refused>(())
    };
    let (mut magic, mut four, mut source, mut eight) = ([0; 8], [0; 4], [0; 16], [0; 8]);
    next(&mut magic)?;
    if magic != MAGIC {
        return Err(Refused(format!("{shown}: is no list of domains; {mend}")));
    }
    next(&mut four)?;
    if u32::from_le_bytes(four) != VERSION {
        return Err(Refused(format!("{shown}: is of another version; {mend}")));
    }
    next(&mut four)?;
    let count = u32::from_le_bytes(four);
    next(&mut source)?;
    next(&mut eight)?;
    let head = Head { count, source, made: Wall(u64::from_le_bytes(eight)) };
    let domains = usize::try_from(count).unwrap_or(usize::MAX);
    let whole = domains.saturating_add(BUCKETS).saturating_mul(4).saturating_add(HEADER_BYTES + CHECKSUM_BYTES);
    if domains > limits::DOMAINS_MAX || u64::try_from(whole) != Ok(length) {
        return Err(damaged());
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
    let found = hash.finalize();
    let mut told = [0; CHECKSUM_BYTES];
    reader.read_exact(&mut told).map_err(|_| damaged())?;
    if found.as_slice() != told {
        return Err(damaged());
    }
    let set = DomainSet::from_parts(counts.into_iter(), remainders).ok_or_else(damaged)?;
    Ok((set, head))
}
