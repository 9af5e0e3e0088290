//! Reading a source of ids, whatever its form: an id a line, rows of CSV, a JSON object a line, or one JSON array of numbers
//! or objects.
//!
//! The first sign tells: what begins with `[` is an array, all else is lines. A line's first column has the id, unless the
//! first line names another one. Objects have it in `user_id` or in `id`.
//!
//! Promises: a source is read in pieces of any size, with one line or element in memory, of at most
//! `limits::LISTED_PIECE_BYTES_MAX` bytes; a longer one is bad. An array that ends too early is refused: its last number may
//! be half of one.
//!
//! Never: a guess. A first line of names without one for ids refuses the source, since its first column may be anything.

use crate::limits;
use serde::Deserialize;

/// What a line or an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An id.
    Id(u64),
    /// Blank, a comment, or the names of columns.
    Nothing,
    /// Nothing that can be read, and why.
    Bad(&'static str),
}

/// One line or element of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'p> {
    /// What it is called: a line, or an element.
    pub name: &'static str,
    /// Its number, from 1.
    pub number: u64,
    /// Its text, for people; cut when it is too long.
    pub text: &'p [u8],
    /// What it is.
    pub found: Found,
}

/// Why a whole source is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The source itself, in words.
    Source(&'static str),
    /// Whoever was handed the pieces wants no more.
    Enough,
}

/// Names of the column or key that has the id; the first is the strongest.
const NAMES: [&str; 4] = ["user_id", "userid", "telegram_id", "id"];

const NO_ID: &str = "no id; an id is a whole number from 1 to 2^53";
const NO_NAME: &str = "the first line names no column `id` or `user_id`; put a # before it, or name the column of ids";
const TOO_LONG: &str = "too long";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Before the first sign.
    Unknown,
    Lines,
    /// Inside an array: how deep, where 1 is the array itself.
    Array {
        depth: u32,
        place: InText,
    },
    /// After the array's end.
    Ended,
}

/// Where in an array's text the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InText {
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

/// Reads a source.
#[derive(Clone, Debug)]
pub struct Source {
    form: Form,
    piece: Vec<u8>,
    /// The piece is longer than it may be.
    is_long: bool,
    number: u64,
    columns: Columns,
}

/// Which column of a row has the id.
#[derive(Clone, Copy, Debug)]
struct Columns {
    /// Set by the first line that is no comment.
    is_known: bool,
    /// What parts columns; any of the three when nobody has said.
    delimiter: Option<u8>,
    of_id: usize,
}

impl Default for Source {
    fn default() -> Self {
        let columns = Columns { is_known: false, delimiter: None, of_id: 0 };
        Self { form: Form::Unknown, piece: Vec::new(), is_long: false, number: 0, columns }
    }
}

impl Source {
    /// Takes the next bytes of the source and hands what they complete to `each`, which says whether it wants more.
    ///
    /// # Errors
    /// As [`Wrong`] says.
    pub fn read(
        &mut self,
        mut bytes: &[u8],
        each: &mut dyn FnMut(Piece<'_>) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        while let Some(first) = bytes.first().copied() {
            match self.form {
                // A byte order mark is three bytes, and may come in parts.
                Form::Unknown if first.is_ascii_whitespace() || matches!(first, 0xef | 0xbb | 0xbf) => {
                    self.number = self.number.saturating_add(u64::from(first == b'\n'));
                    bytes = bytes.get(1..).unwrap_or_default();
                }
                Form::Unknown if first == b'[' => {
                    (self.form, self.number) = (Form::Array { depth: 1, place: InText::Outside }, 0);
                    bytes = bytes.get(1..).unwrap_or_default();
                }
                Form::Unknown => self.form = Form::Lines,
                Form::Lines => {
                    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                        self.keep(bytes);
                        return Ok(());
                    };
                    let (line, rest) = bytes.split_at_checked(end).unwrap_or_default();
                    self.keep(line);
                    self.end_piece(each)?;
                    bytes = rest.get(1..).unwrap_or_default();
                }
                Form::Array { depth, place } => {
                    self.array_byte(first, depth, place, each)?;
                    bytes = bytes.get(1..).unwrap_or_default();
                }
                Form::Ended if bytes.iter().all(u8::is_ascii_whitespace) => return Ok(()),
                Form::Ended => return Err(Wrong::Source("something stands after the end of the array")),
            }
        }
        Ok(())
    }

    /// The source has ended.
    ///
    /// # Errors
    /// As [`Wrong`] says.
    pub fn finish(&mut self, each: &mut dyn FnMut(Piece<'_>) -> Result<(), Wrong>) -> Result<(), Wrong> {
        match self.form {
            Form::Lines if !self.piece.is_empty() => self.end_piece(each),
            Form::Array { .. } => Err(Wrong::Source("the array has no end; the file is cut off")),
            Form::Unknown | Form::Lines | Form::Ended => Ok(()),
        }
    }

    /// What a piece is called in this source.
    #[must_use]
    pub const fn piece_name(&self) -> &'static str {
        if matches!(self.form, Form::Unknown | Form::Lines) { "line" } else { "element" }
    }

    /// The number of the last piece, from 1; 0 before the first.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = limits::LISTED_PIECE_BYTES_MAX.saturating_sub(self.piece.len());
        self.is_long |= bytes.len() > room;
        self.piece.extend(bytes.iter().take(room));
    }

    fn array_byte(
        &mut self,
        byte: u8,
        depth: u32,
        place: InText,
        each: &mut dyn FnMut(Piece<'_>) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        let (mut depth, mut next) = (depth, InText::Outside);
        match (place, byte) {
            (InText::Escaped, _) => next = InText::Inside,
            (InText::Inside, b'\\') => next = InText::Escaped,
            (InText::Inside, b'"') => (),
            (InText::Inside, _) | (InText::Outside, b'"') => next = InText::Inside,
            (InText::Outside, b',') if depth == 1 => return self.end_piece(each),
            (InText::Outside, b']') if depth == 1 => {
                self.form = Form::Ended;
                let is_empty = self.number == 0 && self.piece.iter().all(u8::is_ascii_whitespace);
                return if is_empty { Ok(()) } else { self.end_piece(each) };
            }
            (InText::Outside, b'[' | b'{') => depth = depth.saturating_add(1),
            (InText::Outside, b']' | b'}') => depth = depth.saturating_sub(1),
            (InText::Outside, _) => (),
        }
        if depth == 0 {
            return Err(Wrong::Source("not JSON: a bracket is closed that was not opened"));
        }
        self.form = Form::Array { depth, place: next };
        self.keep(&[byte]);
        Ok(())
    }

    fn end_piece(&mut self, each: &mut dyn FnMut(Piece<'_>) -> Result<(), Wrong>) -> Result<(), Wrong> {
        self.number = self.number.saturating_add(1);
        let found = if self.is_long {
            Found::Bad(TOO_LONG)
        } else if self.form == Form::Lines {
            self.columns.of_line(&self.piece)?
        } else {
            of_json(self.piece.trim_ascii())
        };
        let told = each(Piece { name: self.piece_name(), number: self.number, text: &self.piece, found });
        self.piece.clear();
        self.is_long = false;
        told
    }
}

impl Columns {
    fn of_line(&mut self, line: &[u8]) -> Result<Found, Wrong> {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(Found::Nothing);
        }
        if line.starts_with(b"{") {
            return Ok(of_json(line));
        }
        let cell = self.cells(line).nth(self.of_id).unwrap_or_default();
        let before_comment = cell.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
        let found = id_of(before_comment);
        if !std::mem::replace(&mut self.is_known, true) && !matches!(found, Found::Id(_)) {
            return self.take_names(line, found);
        }
        Ok(found)
    }

    /// The first line is no row: it may have the names of the columns.
    fn take_names(&mut self, line: &[u8], found: Found) -> Result<Found, Wrong> {
        let delimiter = line.iter().copied().find(|byte| is_delimiter(*byte));
        self.delimiter = delimiter;
        let named = |name: &&str| self.cells(line).position(|cell| cell.eq_ignore_ascii_case(name.as_bytes()));
        if let Some(of_id) = NAMES.iter().find_map(named) {
            self.of_id = of_id;
            return Ok(Found::Nothing);
        }
        self.delimiter = None;
        let has_letter = line.iter().any(u8::is_ascii_alphabetic);
        if has_letter && delimiter.is_some() { Err(Wrong::Source(NO_NAME)) } else { Ok(found) }
    }

    /// The cells of a row, without spaces and quotes around.
    fn cells<'l>(&self, line: &'l [u8]) -> impl Iterator<Item = &'l [u8]> + use<'l> {
        let delimiter = self.delimiter;
        let mut is_quoted = false;
        let parts = line.split(move |byte| {
            is_quoted ^= *byte == b'"';
            !is_quoted && delimiter.map_or(is_delimiter(*byte), |delimiter| *byte == delimiter)
        });
        parts.map(|cell| unquoted(cell.trim_ascii()))
    }
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b',' | b';' | b'\t')
}

fn unquoted(cell: &[u8]) -> &[u8] {
    cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).map_or(cell, <[u8]>::trim_ascii)
}

fn id_of(digits: &[u8]) -> Found {
    let add = |number: u64, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit & 0x0f))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    match digits.iter().try_fold(0_u64, add) {
        Some(id) if (1..=limits::LISTED_ID_MAX).contains(&id) => Found::Id(id),
        _ => Found::Bad(NO_ID),
    }
}

/// An object that has an id, among others.
#[derive(Deserialize)]
struct Row<'j> {
    #[serde(borrow)]
    user_id: Option<&'j serde_json::value::RawValue>,
    #[serde(borrow)]
    id: Option<&'j serde_json::value::RawValue>,
}

/// A number, a text of digits, or an object.
fn of_json(value: &[u8]) -> Found {
    if !value.starts_with(b"{") {
        return id_of(unquoted(value));
    }
    let Ok(row) = serde_json::from_slice::<Row<'_>>(value) else {
        return Found::Bad("not JSON");
    };
    match row.user_id.or(row.id) {
        Some(value) => id_of(unquoted(value.get().as_bytes())),
        None => Found::Bad("an object without `user_id` or `id`"),
    }
}

#[cfg(test)]
mod tests;
