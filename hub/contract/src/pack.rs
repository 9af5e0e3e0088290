//! What the trusted comment of a pack's signature says: which pack it is, and whether it is a step back.
//!
//! Promises: a signature is good for one name and one version, and a step back for one version left.
//!
//! Never: a comment that is believed before its signature holds. Who calls verifies first.

use crate::{Refusal, document, limits};
use std::fmt;

/// `aegis-pack name=NAME version=N`, and for a roll-back ` rollback-from=M`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackComment {
    /// The pack's name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// The version that is left, for a roll-back: this signature allows the step from it to `version`.
    pub rollback_from: Option<u64>,
}

impl PackComment {
    /// Reads a trusted comment.
    ///
    /// # Errors
    /// When it is of another form, or lacks name or version.
    pub fn read(comment: &str) -> Result<Self, Refusal> {
        let wrong = |what: &str| {
            let mend = "sign with the trusted comment `aegis-pack name=NAME version=N`";
            Refusal::new("trusted comment", what, mend)
        };
        let mut words = comment.trim().split(' ');
        if comment.len() > limits::SIGNATURE_BYTES_MAX || words.next() != Some("aegis-pack") {
            return Err(wrong("is not that of a pack"));
        }
        let (mut name, mut version, mut rollback_from) = (None, None, None);
        let number = |value: &str| value.parse::<u64>().ok().filter(|number| *number <= limits::COUNT_MAX);
        for word in words {
            match word.split_once('=') {
                Some(("name", value)) if name.is_none() => name = Some(value.to_owned()),
                Some(("version", value)) if version.is_none() => version = number(value),
                Some(("rollback-from", value)) if rollback_from.is_none() => {
                    rollback_from = Some(number(value).ok_or_else(|| wrong("has a step back from no version"))?);
                }
                Some(("name" | "version" | "rollback-from", _)) => return Err(wrong("says the same twice")),
                _ => {}
            }
        }
        let name = name.ok_or_else(|| wrong("names no pack"))?;
        document::pack("trusted comment", &name)?;
        let version = version.ok_or_else(|| wrong("has no version"))?;
        if rollback_from.is_some_and(|from| from <= version) {
            return Err(wrong("is a step back that does not go back"));
        }
        Ok(Self { name, version, rollback_from })
    }
}

impl fmt::Display for PackComment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "aegis-pack name={} version={}", self.name, self.version)?;
        self.rollback_from.map_or(Ok(()), |from| write!(f, " rollback-from={from}"))
    }
}
