//! The body of an age file: chunks of 64 KiB, each sealed under its number, the last one marked.
//!
//! Promises: a chunk is given out only when its seal holds; an end that is not the marked one is refused, and so is
//! anything behind it.
//!
//! Never: more than two chunks in memory, one sealed and one open.

use super::head::{self, cipher, derive};
use super::{Identity, Recipient, Refused, random};
use crate::limits::VAULT_CHUNK_BYTES;
use ring::aead::{Aad, LessSafeKey, Nonce};
use std::io::{self, BufReader, Read, Write};

/// Bytes of a seal.
const TAG_BYTES: usize = 16;

/// A chunk with its seal.
const SEALED_BYTES: usize = VAULT_CHUNK_BYTES + TAG_BYTES;

/// Whether a chunk is the last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Last,
}

/// The number of a chunk, eleven bytes, and whether it is the last.
fn nonce(number: u64, place: Place) -> Nonce {
    let mut bytes = [0; 12];
    if let Some(low) = bytes.get_mut(3..11) {
        low.copy_from_slice(&number.to_be_bytes());
    }
    if let Some(last) = bytes.last_mut() {
        *last = u8::from(place == Place::Last);
    }
    Nonce::assume_unique_for_key(bytes)
}

/// Encrypts what is written into it. [`Sealer::finish`] must be called, or the file has no end.
pub struct Sealer<W: Write> {
    out: W,
    key: LessSafeKey,
    chunk: Vec<u8>,
    number: u64,
}

impl<W: Write> Sealer<W> {
    /// Begins a file for `recipients`.
    ///
    /// # Errors
    /// When the head cannot be written.
    pub fn new(mut out: W, recipients: &[Recipient]) -> io::Result<Self> {
        let file_key = head::write(&mut out, recipients)?;
        let salt: [u8; 16] = random()?;
        out.write_all(&salt)?;
        let key = cipher(&derive(&file_key, &salt, b"payload")?)?;
        Ok(Self { out, key, chunk: Vec::with_capacity(SEALED_BYTES), number: 0 })
    }

    fn seal(&mut self, place: Place) -> io::Result<()> {
        let sealed = self.key.seal_in_place_append_tag(nonce(self.number, place), Aad::empty(), &mut self.chunk);
        sealed.map_err(|_| Refused("a chunk cannot be sealed".to_owned()))?;
        self.number = self.number.saturating_add(1);
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    /// Seals the last chunk; returns what was written into.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(Place::Last)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        // Only when more comes: the last chunk is never empty, but in a file that is.
        if self.chunk.len() >= VAULT_CHUNK_BYTES {
            self.seal(Place::Before)?;
        }
        let taken = bytes.len().min(VAULT_CHUNK_BYTES - self.chunk.len());
        self.chunk.extend(bytes.iter().take(taken));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Decrypts what is read through it. Only when it says that there is no more was the whole file sound.
pub struct Opener<R: Read> {
    input: BufReader<R>,
    key: LessSafeKey,
    /// Sealed bytes read ahead: a chunk, and one byte that tells whether there is another.
    ahead: Vec<u8>,
    plain: Vec<u8>,
    given: usize,
    number: u64,
    ended: bool,
}

impl<R: Read> Opener<R> {
    /// Reads the head of a file.
    ///
    /// # Errors
    /// When it is none, was changed, or is for none of `identities`.
    pub fn new(input: R, identities: &[Identity]) -> io::Result<Self> {
        let mut input = BufReader::new(input);
        let file_key = head::read(&mut input, identities)?;
        let mut salt = [0; 16];
        input.read_exact(&mut salt).map_err(|_| changed())?;
        let key = cipher(&derive(&file_key, &salt, b"payload")?)?;
        let (ahead, plain) = (Vec::with_capacity(SEALED_BYTES + 1), Vec::new());
        Ok(Self { input, key, ahead, plain, given: 0, number: 0, ended: false })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let room = u64::try_from(SEALED_BYTES + 1 - self.ahead.len()).unwrap_or(0);
        (&mut self.input).take(room).read_to_end(&mut self.ahead)?;
        let place = if self.ahead.len() > SEALED_BYTES { Place::Before } else { Place::Last };
        let beyond = if place == Place::Before { self.ahead.pop() } else { None };
        let opened = self.key.open_in_place(nonce(self.number, place), Aad::empty(), &mut self.ahead);
        let opened = opened.map_err(|_| changed())?;
        if opened.is_empty() && self.number > 0 {
            return Err(changed().into());
        }
        self.plain.clear();
        self.plain.extend_from_slice(opened);
        self.given = 0;
        self.ahead.clear();
        self.ahead.extend(beyond);
        self.number = self.number.saturating_add(1);
        self.ended = place == Place::Last;
        Ok(())
    }
}

fn changed() -> Refused {
    Refused("the file was cut off or changed".to_owned())
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given >= self.plain.len() && !self.ended {
            self.next_chunk()?;
        }
        let left = self.plain.get(self.given..).unwrap_or_default();
        let taken = left.len().min(out.len());
        for (to, from) in out.iter_mut().zip(left) {
            *to = *from;
        }
        self.given = self.given.saturating_add(taken);
        Ok(taken)
    }
}
