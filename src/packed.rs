//! Texts and tables that the program carries, packed by `board/build.rs` when it is built.
//!
//! Promises: what comes out is what went in, and takes memory only while somebody holds it.
//!
//! Never: bytes from outside of the program.

use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// The bytes of a file that the program carries.
macro_rules! carried {
    ($name:expr) => {
        $crate::packed::unpack(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".z")))
    };
}

/// The text of a file that the program carries.
macro_rules! carried_text {
    ($name:expr) => {
        $crate::packed::unpack_text(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".z")))
    };
}

pub(crate) use {carried, carried_text};

/// Unpacks what `board/build.rs` packed: four bytes of length, and a deflate stream.
pub(crate) fn unpack(packed: &[u8]) -> Vec<u8> {
    let (length, stream) = packed.split_first_chunk::<4>().expect("packed with its length");
    let bytes = usize::try_from(u32::from_le_bytes(*length)).expect("far below what fits");
    decompress_to_vec_with_limit(stream, bytes).expect("packed when the program was built")
}

/// The same, of a text.
pub(crate) fn unpack_text(packed: &[u8]) -> String {
    String::from_utf8(unpack(packed)).expect("a text of the project")
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_comes_out_is_what_went_in() {
        assert!(carried!("prior.model") == include_bytes!("../policies/prior.model"));
        assert!(carried_text!("suffixes.txt") == include_str!("links/suffixes.txt"));
        assert!(carried_text!("app.js") == include_str!("web/assets/app.js"));
    }
}
