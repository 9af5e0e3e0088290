//! Texts and tables that the program carries, packed by `board/build.rs` when it is built.
//!
//! A text is a deflate stream. The prior is mostly numbers that repeat nowhere: its bytes are coded by how often each came before,
//! which is 40 KB less.
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

/// Unpacks what `board/build.rs` packed: four bytes of length, one of its kind, and the stream.
pub(crate) fn unpack(packed: &[u8]) -> Vec<u8> {
    let (length, rest) = packed.split_first_chunk::<4>().expect("packed with its length");
    let bytes = usize::try_from(u32::from_le_bytes(*length)).expect("far below what fits");
    let (kind, stream) = rest.split_first().expect("packed with its kind");
    if *kind == 0 {
        decompress_to_vec_with_limit(stream, bytes).expect("packed when the program was built")
    } else {
        decode(stream, bytes)
    }
}

/// Reads bytes bit by bit, each by how often it was one at this place: after a byte that goes on in the next, as those of a long
/// number do, or after any other.
fn decode(stream: &[u8], bytes: usize) -> Vec<u8> {
    let mut stream = stream.iter().copied();
    let (mut low, mut high, mut at) = (0_u32, u32::MAX, 0_u32);
    for _ in 0..4 {
        at = at << 8 | u32::from(stream.next().unwrap_or(0));
    }
    let mut places = [[1_u16 << 15; 256]; 2];
    let mut plain = Vec::with_capacity(bytes);
    let mut before = 0_u8;
    for _ in 0..bytes {
        let [last, more] = &mut places;
        let place = if before < 128 { last } else { more };
        // A one in front of the bits that are read says how many they are.
        let mut node = 1_u16;
        while node < 256 {
            let chance = place.get_mut(usize::from(node)).expect("fewer than eight bits are read");
            let span = high - low;
            let middle = low + (span >> 16) * u32::from(*chance) + (((span & 0xffff) * u32::from(*chance)) >> 16);
            if at <= middle {
                high = middle;
                *chance += (u16::MAX - *chance) >> 7;
                node = node << 1 | 1;
            } else {
                low = middle + 1;
                *chance -= *chance >> 7;
                node <<= 1;
            }
            while (low ^ high) >> 24 == 0 {
                (low, high) = (low << 8, high << 8 | 255);
                at = at << 8 | u32::from(stream.next().unwrap_or(0));
            }
        }
        let [_, byte] = node.to_be_bytes();
        plain.push(byte);
        before = byte;
    }
    plain
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
