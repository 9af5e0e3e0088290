//! Bounds of the lists of known spammers' ids: how many, how large, and what an import may take.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Ids in all such lists of one data directory: more than the largest public ones have together. More are refused.
pub const LISTED_IDS_MAX: u64 = 8_000_000;

/// Lists of ids in one data directory. A further one is refused; a file that is there all the same is left out, and told.
pub const LISTED_LISTS_MAX: usize = 4;

/// The largest id that is read: Telegram promises at most 52 bits, and programs that count in floating point end at 53.
/// A larger number is no id.
pub const LISTED_ID_MAX: u64 = 1 << 53;

/// What all open lists hold in memory to find their blocks, bytes. Eight million ids as Telegram gives them, up to 8.6e9,
/// fill it. Ids that are spread wider take more blocks; a list with which it would be full is refused.
pub const LISTED_INDEX_BYTES: usize = 512 * 1024;

/// Blocks of all lists: one number of the index each.
pub const LISTED_BLOCKS_MAX: usize = LISTED_INDEX_BYTES / size_of::<u64>();

/// How old a list may be before it is called stale, seconds: seven days. Public lists change every hour.
pub const LISTED_IDS_STALE_S: u64 = 7 * 24 * 3_600;

/// A line or an element of a list that is imported, bytes: longer than a row with the text it was listed for. A longer one
/// is bad.
pub const LISTED_PIECE_BYTES_MAX: usize = 16 * 1024;

/// Ids that an import sorts at one time. When full, they are merged with those on disk.
pub const LISTED_SORT_IDS: usize = 1 << 20;

/// What an import reads or writes at one time, bytes.
pub const LISTED_READ_BYTES: usize = 64 * 1024;

/// What an import takes in memory, bytes, however long its source is: what it sorts, the index of what is on disk, and
/// that of what takes its place, which doubles as it grows.
pub const LISTED_IMPORT_BYTES_MAX: usize = 16 * 1024 * 1024;

const _: () = assert!(
    LISTED_SORT_IDS * size_of::<u64>() + 3 * LISTED_INDEX_BYTES + 8 * LISTED_READ_BYTES + 2 * LISTED_PIECE_BYTES_MAX
        <= LISTED_IMPORT_BYTES_MAX,
    "an import keeps to its memory"
);
