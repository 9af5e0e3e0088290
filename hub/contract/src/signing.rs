//! What a board signs, and the headers that carry it. Keys and signatures are ed25519, in plain base64.
//!
//! Promises: both sides make the same text of the same request; a text of enrolment is never one of a request.
//!
//! Never: a key. Who calls signs and verifies.

use crate::ids::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The board's id.
pub const BOARD_HEADER: &str = "aegis-board";
/// When it was signed: microseconds since 1970. It rises with every request of a board, by one if need be.
pub const TIME_HEADER: &str = "aegis-time";
/// The contract's version as the board speaks it: [`crate::VERSION`].
pub const CONTRACT_HEADER: &str = "aegis-contract";
/// The signature, base64.
pub const SIGNATURE_HEADER: &str = "aegis-signature";

/// The text that is signed for one request. `path_and_query` as it stands in the request's first line, `body` as sent
/// (empty for `GET`).
#[must_use]
pub fn request_text(method: &str, path_and_query: &str, time_us: u64, body: &[u8]) -> String {
    let body: [u8; 32] = Sha256::digest(body).into();
    format!("aegis-v1\n{method}\n{path_and_query}\n{time_us}\n{}", hex(&body))
}

/// A key or signature in letters.
#[must_use]
pub fn letters(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A key (`N` = 32) or signature (`N` = 64) from its letters, if it is one.
#[must_use]
pub fn bytes<const N: usize>(letters: &str) -> Option<[u8; N]> {
    // Four letters are three bytes: what is longer than it may be is not decoded.
    if letters.len() > N.div_ceil(3) * 4 {
        return None;
    }
    STANDARD.decode(letters).ok()?.try_into().ok()
}
