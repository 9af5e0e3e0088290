//! Bounds of remembered opinions: how many bytes, for how long, and how alike two texts must be.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// What the allocator adds to one allocation, bytes, at most: a word for its size, and rounding up.
pub const ALLOCATION_EXTRA_BYTES: usize = 24;

/// The longest that settings may ask for, seconds: a day. What a community thinks of a text changes.
pub const OPINION_TTL_S_MAX: u64 = 24 * 60 * 60;

/// Opinions on storage, beside stored messages; the oldest are forgotten.
pub const OPINIONS_STORED_MAX: u64 = 1_024;

/// Opinions that wait to be stored; the oldest is dropped: it can be asked for again.
pub const OPINIONS_WAITING_MAX: usize = 256;

/// Letters of one piece of a text's sketch: long enough that few texts share one by chance.
pub const SKETCH_PIECE: usize = 4;

/// Words of eight samples in a sketch: 64 samples, so that a share of pieces is told to about six percent.
pub const SKETCH_WORDS: usize = 8;

/// Letters below which a text has no sketch: short texts that look alike mean different things. A syllable of Chinese,
/// Japanese or Korean counts as [`SKETCH_SYLLABLE_LETTERS`].
pub const SKETCH_LETTERS_MIN: u32 = 40;

/// Letters that one written syllable stands for.
pub const SKETCH_SYLLABLE_LETTERS: u32 = 3;

/// Samples of 64 that two texts must share to be nearly the same. As `tests/opinions.rs` measures it: at 32 a burst of 200
/// costs one call, and 24 of 124 twins of another meaning are taken for each other; at 38, 6; at 42 none, and a burst costs
/// five calls at most; at 50, eighteen.
pub const SKETCH_SHARED_MIN: u32 = 42;

/// Rows that are being asked for or wait for another's answer. When full, a further row stays where it is stored, and
/// begins later.
pub const WAITING_ROWS_MAX: usize = 512;
