//! How every document is read, checked and written, and what a refusal says.
//!
//! Promises: a document that was read was checked; a refusal names the field, what is wrong, and how to mend it.
//!
//! Never: a partly read document.

use crate::limits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// Why a document was not taken: what, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field, as `usage[3].tenant`; empty when it is the whole document.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

impl Refusal {
    /// A refusal of one field.
    #[must_use]
    pub fn new(field: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { field: field.into(), what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = if self.field.is_empty() { "the document" } else { &self.field };
        write!(f, "{field} {}; {}", self.what, self.mend)
    }
}

impl std::error::Error for Refusal {}

/// A document of the contract.
pub trait Document: DeserializeOwned + Serialize {
    /// What it is called in a refusal.
    const NAME: &'static str;

    /// Whether all of it is within its bounds.
    ///
    /// # Errors
    /// The first field that is not.
    fn check(&self) -> Result<(), Refusal>;

    /// Reads and checks it.
    ///
    /// # Errors
    /// When it is too large, no JSON, of another form, or [`Document::check`] refuses it.
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        if body.len() > limits::BODY_BYTES_MAX {
            let what = format!("has {} bytes, at most {}", body.len(), limits::BODY_BYTES_MAX);
            return Err(Refusal::new("", what, "send it in parts"));
        }
        let read: Self = serde_json::from_slice(body).map_err(|error| {
            Refusal::new("", format!("is no {}: {error}", Self::NAME), "write it as the contract says")
        })?;
        read.check()?;
        Ok(read)
    }

    /// Writes it. Only what these bytes are is signed and chained: keep them, rather than write them twice.
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("types of the contract have text keys and no failing parts")
    }
}

/// The start of what was sent, for a refusal.
pub fn shown(text: &str) -> String {
    text.chars().take(limits::SHOWN_CHARS).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// A text that is not empty, at most so long, and without control characters.
pub fn label(field: &str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::new(field, "is empty", "give it a value"));
    }
    line(field, text, bytes_max)
}

/// A text of one line, at most so long; it may be empty.
pub fn line(field: &str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.chars().any(char::is_control) {
        return Err(Refusal::new(field, "has control characters", "write it as one line"));
    }
    bytes(field, text, bytes_max)
}

/// A text at most so long. Zero bytes are refused: a database's text has none.
pub fn bytes(field: &str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.contains('\0') {
        return Err(Refusal::new(field, "has a zero byte", "leave it out"));
    }
    if text.len() > bytes_max {
        let what = format!("has {} bytes, at most {bytes_max}", text.len());
        return Err(Refusal::new(field, what, "cut it at a character"));
    }
    Ok(())
}

/// A list that is at most so long.
pub fn count(field: &str, len: usize, max: usize) -> Result<(), Refusal> {
    if len > max {
        return Err(Refusal::new(field, format!("has {len} entries, at most {max}"), "send fewer"));
    }
    Ok(())
}

/// A number that a database can hold.
pub fn number(field: &str, value: u64) -> Result<(), Refusal> {
    if value > limits::COUNT_MAX {
        return Err(Refusal::new(field, format!("is {value}, at most {}", limits::COUNT_MAX), "count it anew"));
    }
    Ok(())
}

/// A tenant's name.
pub fn tenant(field: &str, name: &str) -> Result<(), Refusal> {
    if crate::is_tenant_name(name) {
        return Ok(());
    }
    let mend = "use small letters, digits, `-` and `_`, at most 32 of them";
    Err(Refusal::new(field, format!("is `{}`, no tenant's name", shown(name)), mend))
}

/// A budget's tenant and numbers, below `place`.
pub fn budget(place: &str, name: &str, money_micros: Option<u64>, calls: Option<u64>) -> Result<(), Refusal> {
    tenant(&format!("{place}.tenant"), name)?;
    number(&format!("{place}.money_micros"), money_micros.unwrap_or(0))?;
    number(&format!("{place}.calls"), calls.unwrap_or(0))
}

/// A pack's name.
pub fn pack(field: &str, name: &str) -> Result<(), Refusal> {
    if crate::is_pack_name(name) {
        return Ok(());
    }
    let mend = "use small letters, digits, `-`, `_` and `.`, at most 64 of them, a letter first";
    Err(Refusal::new(field, format!("is `{}`, no pack's name", shown(name)), mend))
}
