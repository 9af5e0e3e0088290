//! What is kind to a card, and how that is counted.
//!
//! Promises: as all of `limits`.
//!
//! Never: a value read from a card.

/// What a card erases at once, bytes: makers do not tell, and 128 KiB is the least that was ever measured on cheap ones.
pub const CARD_BLOCK_BYTES: u64 = 128 * 1024;

/// Blocks remembered between two syncs, to count each once. When full, further writes count anew: too many rather than too few.
pub const CARD_BLOCKS_SEEN: usize = 256;
