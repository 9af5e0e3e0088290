//! Bounds of remembered opinions: how many bytes, for how long, and how alike two texts must be.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Remembered opinions, bytes, every byte of a record counted: about 1,500 of them. When full, the one that was not used
/// for longest is forgotten, and asked for again.
pub const OPINIONS_BYTES_MAX: usize = 512 * 1024;

/// The same on boards with half a gigabyte of memory or less.
pub const OPINIONS_BYTES_SMALL: usize = 256 * 1024;

/// What the allocator adds to one allocation, bytes, at most: a word for its size, and rounding up.
pub const ALLOCATION_EXTRA_BYTES: usize = 24;

/// How long an opinion is good for, seconds of Telegram's time, unless the settings say otherwise: bursts last minutes.
pub const OPINION_TTL_S: u64 = 60 * 60;

/// The longest that settings may ask for, seconds: a day. What a community thinks of a text changes.
pub const OPINION_TTL_S_MAX: u64 = 24 * 60 * 60;

/// Letters of one piece of a text's sketch: long enough that few texts share one by chance.
pub const SKETCH_PIECE: usize = 4;

/// Words of eight samples in a sketch: 64 samples, so that a share of pieces is told to about six percent.
pub const SKETCH_WORDS: usize = 8;

/// Letters below which a text has no sketch: short texts that look alike mean different things. A syllable of Chinese,
/// Japanese or Korean counts as [`SKETCH_SYLLABLE_LETTERS`].
pub const SKETCH_LETTERS_MIN: u32 = 40;

/// Letters that one written syllable stands for.
pub const SKETCH_SYLLABLE_LETTERS: u32 = 3;

/// Samples of 64 that two texts must share to be nearly the same; see `tests/opinions.rs` for what it was measured on.
pub const SKETCH_SHARED_MIN: u32 = 32;

/// Rows that are being asked for or wait for another's answer. When full, a further row stays where it is stored, and
/// begins later.
pub const WAITING_ROWS_MAX: usize = 512;

/// Opinions kept in the file that may be lost: as many as the memory holds. When full, the oldest is forgotten.
pub const OPINIONS_STORED_MAX: u64 = 2_048;

/// Opinions that wait to be written there. When full, the oldest is dropped: it is asked for again after a restart.
pub const OPINIONS_QUEUE_MAX: usize = 128;
