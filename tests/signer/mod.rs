//! Signatures in minisign's format, for tests.

#![allow(dead_code)] // Each test uses a part of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use blake2::{Blake2b512, Digest as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// Signs as minisign does.
pub struct Signer {
    pub pair: Ed25519KeyPair,
    pub id: [u8; 8],
}

/// How it is signed: hashed before, or whole, as older versions do it.
#[derive(Clone, Copy, PartialEq)]
pub enum Form {
    Hashed,
    Whole,
}

impl Signer {
    pub fn new(seed: u8) -> Self {
        Self { pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(), id: [seed; 8] }
    }

    pub fn public(&self) -> String {
        BASE64.encode([b"Ed", &self.id[..], self.pair.public_key().as_ref()].concat())
    }

    pub fn sign(&self, content: &[u8], comment: &str, form: Form) -> String {
        let (kind, signed) = match form {
            Form::Hashed => (b"ED", Blake2b512::digest(content).to_vec()),
            Form::Whole => (b"Ed", content.to_vec()),
        };
        let signature = self.pair.sign(&signed);
        let all = self.pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        let first = BASE64.encode([&kind[..], &self.id, signature.as_ref()].concat());
        format!("untrusted comment: a test\n{first}\ntrusted comment: {comment}\n{}\n", BASE64.encode(all.as_ref()))
    }
}
