//! Passwords, and secrets that are told once: how they are hashed, and which are taken.
//!
//! Promises: argon2id with parameters that fit the memory sum; secrets of ours are kept and compared by their hash, in
//! constant time.
//!
//! Never: chance. Salts and secrets are given.

use crate::limits;
pub use argon2::Block;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The letters of what is told once: none that is taken for another, 32 of them.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A hash of what is as long as a password and known to nobody: its letters were drawn and thrown away.
pub const NOBODY: &str =
    "$argon2id$v=19$m=8192,t=3,p=1$XoTC6MahhVTiKQA1UZX/gg$sEToObWU9kZC46Ue2f5AZOAXstE14cBEwC4GhS5w4LM";

fn params() -> Params {
    Params::new(limits::PASSWORD_HASH_KIB, limits::PASSWORD_HASH_ROUNDS, 1, Some(HASH_BYTES))
        .expect("the parameters are constants, which a test uses")
}

/// How much room a hash is computed in, of [`Block::SIZE`] bytes each: as many as it takes KiB.
pub const ROOM_BLOCKS: usize = limits::PASSWORD_HASH_BYTES / Block::SIZE;

/// The length of a hash, bytes.
const HASH_BYTES: usize = 32;

/// The hash itself; `None` when there is no room for it.
fn derive(password: &str, salt: &[u8], params: Params, room: &mut [Block]) -> Option<[u8; HASH_BYTES]> {
    // A hash that asks for more than ours takes is not one of ours.
    if params.m_cost() > limits::PASSWORD_HASH_KIB {
        return None;
    }
    let memory = room.get_mut(..params.block_count())?;
    let mut hash = [0; HASH_BYTES];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, memory).ok()?;
    Some(hash)
}

/// The hash of a password as a PHC string, computed in `room`; `None` when that has less than [`ROOM_BLOCKS`].
#[must_use]
pub fn hash(password: &str, salt: &[u8; 16], room: &mut [Block]) -> Option<String> {
    let hash = derive(password, salt, params(), room)?;
    let told = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params()).ok()?,
        salt: Salt::new(salt).ok(),
        hash: Output::new(&hash).ok(),
    };
    Some(told.to_string())
}

/// Whether a password is the one that was hashed, computed in `room`. What is no hash of ours is nobody's.
#[must_use]
pub fn is(password: &str, hash: &str, room: &mut [Block]) -> bool {
    let Ok(told) = PasswordHash::new(hash) else { return false };
    let (Some(salt), Some(wanted), Ok(params)) = (told.salt, told.hash, Params::try_from(&told)) else { return false };
    told.algorithm == Algorithm::Argon2id.ident()
        && derive(password, salt.as_ref(), params, room).is_some_and(|given| is_same(&given, wanted.as_bytes()))
}

/// Why a password is not taken; `None` when it is.
#[must_use]
pub fn refusal(password: &str, name: &str) -> Option<String> {
    let letters = password.chars().count();
    if letters < limits::PASSWORD_LETTERS_MIN {
        return Some(format!("at least {} letters, such as four words of your own", limits::PASSWORD_LETTERS_MIN));
    }
    if password.len() > limits::PASSWORD_BYTES_MAX {
        return Some(format!("at most {} bytes", limits::PASSWORD_BYTES_MAX));
    }
    let folded = password.to_lowercase();
    let distinct: std::collections::BTreeSet<char> = folded.chars().collect();
    if distinct.len() < 5 {
        return Some("more than a few different letters".to_owned());
    }
    let common = ["password", "passwort", "1234567890", "0123456789", "qwertyuiop", "letmein", "adminadmin"];
    let is_common = common.iter().any(|common| folded.replace(*common, "").chars().count() < 4);
    if is_common || (name.len() > 2 && folded.replace(&name.to_lowercase(), "").chars().count() < 6) {
        return Some("something that nobody guesses first: it is a common password, or mostly the name".to_owned());
    }
    None
}

/// The hash by which a secret of ours is kept.
#[must_use]
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether two hashes are the same, in constant time.
#[must_use]
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// Random bytes as letters that can be read out and typed; with a hyphen after each four.
#[must_use]
pub fn letters(random: &[u8]) -> String {
    let mut text = String::with_capacity(random.len() * 5 / 4);
    for (at, byte) in random.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(LETTERS.get(usize::from(byte % 32)).copied().map_or('A', char::from));
    }
    text
}

/// A code as somebody typed it, as it was told: letters alone, in capitals.
#[must_use]
pub fn typed_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let mut room = vec![Block::new(); ROOM_BLOCKS];
        let hash = hash("correct horse battery", &[7; 16], &mut room).expect("there is room");
        let mut is = |password: &str, hash: &str| is(password, hash, &mut room);
        assert!(hash.starts_with("$argon2id$v=19$m=8192,t=3,p=1$"), "{hash}");
        assert!(is("correct horse battery", &hash));
        assert!(hash.len() == NOBODY.len() && !is("correct horse battery", NOBODY), "{NOBODY} takes as long");
        assert!(!is("correct horse batterz", &hash) && !is("", &hash) && !is("x", "no hash"));
    }

    #[test]
    fn without_room_there_is_no_hash() {
        assert_eq!(hash("correct horse battery", &[7; 16], &mut vec![Block::new(); ROOM_BLOCKS - 1]), None);
    }

    #[test]
    fn what_is_guessed_first_is_not_taken() {
        for bad in ["short", "aaaaaaaaaaaa", "password123", "PASSWORDpassword", "kimkimkim123", "1234567890"] {
            assert!(refusal(bad, "kim").is_some(), "{bad}");
        }
        assert_eq!(refusal("four quiet garden gnomes", "kim"), None);
        assert!(refusal(&"abcde".repeat(100), "kim").is_some());
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = letters(&[0, 1, 2, 3, 31, 63, 255, 4]);
        assert_eq!(code, "ABCD-999E");
        assert_eq!(typed_code(" abcd 999e "), typed_code(&code));
    }
}
