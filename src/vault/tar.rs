//! A tar archive (ustar) of plain files, as far as backups need it.
//!
//! Promises: what is written, every `tar` can unpack; what is read has names that stay inside one folder, sizes that are
//! those of the heads, and nothing behind its end.
//!
//! Never: a link, a device, a folder, an owner, or a file in memory.

use super::{Refused, refused};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

/// Everything comes in blocks of so many bytes.
const BLOCK: usize = 512;

/// Bytes copied at once.
const PIECE: usize = 16 * 1024;

/// Bytes of a name.
pub const NAME_BYTES_MAX: usize = 100;

/// One file, by its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path, parts separated by `/`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Who may do what with it, such as `0o600`.
    pub mode: u32,
    /// When it was changed, seconds since 1970.
    pub changed_s: u64,
}

/// Whether a name stays inside the folder it is unpacked in.
#[must_use]
pub fn is_inside(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.chars().any(char::is_control)
        && !name.contains('\\')
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

fn put(head: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    for (to, from) in head.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}

/// The sum of a head, its own place counted as spaces.
fn sum(head: &[u8; BLOCK]) -> u32 {
    head.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum()
}

/// Writes an archive.
pub struct Writer<W: Write> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    pub const fn new(out: W) -> Self {
        Self { out }
    }

    /// Adds a file with the content of `from`; returns its SHA-256.
    ///
    /// # Errors
    /// When it has another size than the entry says, a name that leads out, or cannot be read or written.
    pub fn add(&mut self, entry: &Entry, from: &mut dyn Read) -> io::Result<[u8; 32]> {
        if !is_inside(&entry.name) {
            return Err(Refused(format!("{:?} is no name for a part of a backup", entry.name)).into());
        }
        let mut head = [0; BLOCK];
        put(&mut head, 0, entry.name.as_bytes());
        put(&mut head, 100, format!("{:07o}\0", entry.mode & 0o777).as_bytes());
        put(&mut head, 108, b"0000000\x000000000\0");
        put(&mut head, 124, format!("{:011o}\0", entry.bytes).as_bytes());
        put(&mut head, 136, format!("{:011o}\0", entry.changed_s & 0o77_777_777_777).as_bytes());
        put(&mut head, 156, b"0");
        put(&mut head, 257, b"ustar\x0000");
        let check = format!("{:06o}\0 ", sum(&head));
        put(&mut head, 148, check.as_bytes());
        if entry.bytes > 0o77_777_777_777 {
            return Err(Refused(format!("{} is too large for an archive", entry.name)).into());
        }
        self.out.write_all(&head)?;
        let hash = copy(from, entry.bytes, &mut self.out)?;
        self.out.write_all(padding(entry.bytes))?;
        Ok(hash)
    }

    /// Ends it; returns what was written into.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }
}

fn padding(bytes: u64) -> &'static [u8] {
    const ZEROES: [u8; BLOCK] = [0; BLOCK];
    let over = usize::try_from(bytes % 512).unwrap_or(0);
    let pad = if over == 0 { 0 } else { BLOCK - over };
    ZEROES.get(..pad).unwrap_or_default()
}

/// Copies exactly so many bytes; returns their SHA-256.
fn copy(from: &mut dyn Read, bytes: u64, to: &mut dyn Write) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut left = bytes;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let read = from.read(piece.get_mut(..wanted).unwrap_or_default())?;
        let part = piece.get(..read).unwrap_or_default();
        if part.is_empty() {
            return Err(Refused("a file became shorter while it was read".to_owned()).into());
        }
        hash.update(part);
        to.write_all(part)?;
        left = left.saturating_sub(u64::try_from(read).unwrap_or(left));
    }
    Ok(hash.finalize().into())
}

/// Reads an archive.
pub struct Reader<R: Read> {
    input: R,
}

impl<R: Read> Reader<R> {
    /// Begins to read one.
    pub const fn new(input: R) -> Self {
        Self { input }
    }

    /// The next file, whose content must be taken with [`Reader::take`]; `None` at the end, when nothing follows it.
    ///
    /// # Errors
    /// When it is no archive of this kind, or cannot be read.
    pub fn advance(&mut self) -> io::Result<Option<Entry>> {
        let mut head = [0; BLOCK];
        self.input.read_exact(&mut head).map_err(cut)?;
        if head.iter().all(|byte| *byte == 0) {
            self.end()?;
            return Ok(None);
        }
        Ok(Some(read_head(&head)?))
    }

    /// Reads the end to the end: only then is what it came through known to be whole.
    fn end(&mut self) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            let read = self.input.read(&mut piece)?;
            if read == 0 {
                return Ok(());
            }
            if piece.iter().take(read).any(|byte| *byte != 0) {
                return Err(Refused("something stands behind the end of the archive".to_owned()).into());
            }
        }
    }

    /// Copies the content of `entry`, the one that [`Reader::advance`] gave last; returns its SHA-256.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn take(&mut self, entry: &Entry, to: &mut dyn Write) -> io::Result<[u8; 32]> {
        let hash = copy(&mut self.input, entry.bytes, to)?;
        let mut rest = padding(entry.bytes).to_vec();
        self.input.read_exact(&mut rest).map_err(cut)?;
        Ok(hash)
    }
}

fn cut(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Refused("the archive is cut off".to_owned()).into();
    }
    error
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    u64::from_str_radix(text, 8).ok()
}

fn read_head(head: &[u8; BLOCK]) -> Result<Entry, Refused> {
    let odd = || Refused("the archive has a head that cannot be read".to_owned());
    let field = |from: usize, to: usize| head.get(from..to).unwrap_or_default();
    if octal(field(148, 156)) != Some(u64::from(sum(head))) || field(257, 262) != b"ustar" {
        return Err(odd());
    }
    let name = field(0, NAME_BYTES_MAX).split(|byte| *byte == 0).next().unwrap_or_default();
    let name = std::str::from_utf8(name).map_err(|_| odd())?.to_owned();
    let is_file = matches!(field(156, 157), b"0" | b"\0") && field(345, 346) == b"\0";
    if !is_file || !is_inside(&name) {
        return refused(format!("the archive holds {name:?}, which is no plain file inside it"));
    }
    let bytes = octal(field(124, 136)).ok_or_else(odd)?;
    let mode = octal(field(100, 108)).and_then(|mode| u32::try_from(mode).ok()).ok_or_else(odd)?;
    Ok(Entry { name, bytes, mode, changed_s: octal(field(136, 148)).ok_or_else(odd)? })
}
