//! How pushes hang together: each names the sum of all before it.
//!
//! Promises: two sides with the same chain took the same bodies, byte for byte, in the same order.
//!
//! Never: a secret. The signature of a request says who sent it; the chain says after what.

use crate::BoardId;
use crate::ids::{bytes_of_hex, hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The sum of all pushes of a board so far: 32 bytes, on the wire 64 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// Of a board that pushed nothing: SHA-256 of the 16 bytes of its id.
    #[must_use]
    pub fn first(board: BoardId) -> Self {
        Self(Sha256::digest(board.0).into())
    }

    /// After a further push: SHA-256 of this sum and the body's bytes as they were sent.
    #[must_use]
    pub fn after(self, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(body);
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({self})")
    }
}

impl FromStr for Chain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        bytes_of_hex(text).map(Self).ok_or_else(|| "is no chain of 64 hexadecimal digits".to_owned())
    }
}

impl Serialize for Chain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Chain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
