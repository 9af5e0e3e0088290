//! Bounds of what keeps the appliance itself: backups, updates, and the board that stands by.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Bytes that a backup seals at once: the chunk of the age format. A file of any size is read through one of them.
pub const VAULT_CHUNK_BYTES: usize = 64 * 1024;

/// The head of an age file, bytes: about sixty recipients. A longer one is refused.
pub const VAULT_HEAD_BYTES_MAX: usize = 16 * 1024;

/// A file of keys, bytes, and keys in it. What is over is refused.
pub const VAULT_KEYS_BYTES_MAX: usize = 16 * 1024;
/// See [`VAULT_KEYS_BYTES_MAX`].
pub const VAULT_KEYS_MAX: usize = 16;

/// Files in a backup: the data folder, then some eighty packs with their lists, then their cases. Further ones are left out, and
/// named.
pub const BACKUP_PARTS_MAX: usize = 256;

/// A file beside the database that goes into a backup, bytes. Larger ones are lists that can be imported again: left out, and
/// named in the manifest.
pub const BACKUP_PART_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The manifest of a backup, bytes: every part and every file left out, with room. A larger one is refused.
pub const BACKUP_MANIFEST_BYTES_MAX: u64 = 512 * 1024;

/// What a backup holds in memory while it is made, bytes: a chunk, buffers before and behind it, and of each part its path, its name
/// and its line in the manifest.
pub const BACKUP_BYTES: usize = VAULT_CHUNK_BYTES + 32 * 1024 + 320 * BACKUP_PARTS_MAX;

/// The hour of the day, in the default tenant's zone, from which on the day's backup is made: the quietest in most groups.
pub const BACKUP_HOUR: u8 = 3;

/// How long the appliance runs before it makes up for a missed backup, milliseconds: whoever starts it has other worries.
pub const BACKUP_SETTLE_MS: u64 = 120_000;

/// How often it is looked whether the day's backup is due, milliseconds.
pub const BACKUP_LOOK_MS: u64 = 60_000;

/// After a backup that failed it is tried again after this, milliseconds.
pub const BACKUP_RETRY_MS: u64 = 30 * 60_000;

/// How long updates must wait at Telegram, untouched, until a board that stands by takes over, seconds, unless set otherwise.
/// A restart of the other board takes less; with the looks before and after it this stays under a minute.
pub const STANDBY_SILENCE_S: u64 = 20;

/// How often a board that stands by looks whether it still does, before it takes a measure whose time has come, milliseconds.
pub const REST_LOOK_MS: u64 = 500;

/// The least and the most that may be set for it, seconds.
pub const STANDBY_SILENCE_S_MIN: i64 = 1;
/// See [`STANDBY_SILENCE_S_MIN`].
pub const STANDBY_SILENCE_S_MAX: i64 = 3_600;

/// A program that is taken as an update, bytes: four times the size of this one. A larger one is refused.
pub const UPDATE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A signature, or a public key, as a file, bytes. A larger one is refused.
pub const SIGNATURE_BYTES_MAX: u64 = 4 * 1024;

/// What is noted of an update, bytes. More is no note of ours.
pub const UPDATE_NOTE_BYTES_MAX: u64 = 16 * 1024;

/// How long a new program may take to become ready, seconds, unless it is said otherwise: a slow card reads a large database
/// within it.
pub const UPDATE_READY_S: u64 = 60;

/// The most that may be said instead, seconds.
pub const UPDATE_READY_S_MAX: u64 = 3_600;

/// How much longer than that `aegis update` waits before it brings the old program back itself, milliseconds: the new one does so
/// first where it can.
pub const UPDATE_GRACE_MS: u64 = 5_000;

/// Starts of a new program that never became ready, after which the old one comes back.
pub const UPDATE_STARTS_MAX: u32 = 3;

/// How long a new program works before it counts as ready when Telegram answers nothing, milliseconds.
pub const UPDATE_STEADY_MS: u64 = 5_000;

/// How long a new program may take to bring the schema down again, milliseconds.
pub const UPDATE_TRY_MS: u64 = 60_000;

/// How often it is looked whether a program has ended, or what became of an update, milliseconds.
pub const UPDATE_LOOK_MS: u64 = 50;
