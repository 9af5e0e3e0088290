//! Bounds of how the program meets the machine: its memory as the system counts it, its clock, and how it shows that it moves.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

use super::{
    BLOCKING_THREADS_MAX, Capacity, PAGE_THREADS, PASSWORD_HASH_BYTES, STACK_BYTES, WEB_CONNECTIONS_MAX,
    WEB_LIVE_ASKING_MAX, WORKER_THREADS, memory_bytes_max, wide,
};

/// Stack of a thread for which nobody says how large it is to be, bytes: what the standard library reserves. Of ours none is
/// so; the HTTP library's are.
pub const LIBRARY_STACK_BYTES: usize = 2 * 1024 * 1024;

/// Stack of a thread of the runtime, bytes.
pub const RUNTIME_STACK_BYTES: usize = 2 * STACK_BYTES;

/// Threads of ours with [`STACK_BYTES`]: journal, history, clerk, front, a password's hash, the watch over an update, and
/// those of the page.
pub const OWN_THREADS: usize = 6 + PAGE_THREADS;

/// Threads of the HTTP library: the one that accepts, one for each request that the front lets through, and one that the front
/// itself may need for a file.
pub const LIBRARY_THREADS_MAX: usize = 2 + WEB_CONNECTIONS_MAX + WEB_LIVE_ASKING_MAX;

/// Stacks that are reserved, bytes: the system counts them whole, although only the pages that are touched take memory. Those
/// are a line of the memory sum.
pub const STACKS_RESERVED_BYTES: u64 = wide((WORKER_THREADS + BLOCKING_THREADS_MAX) * RUNTIME_STACK_BYTES)
    + wide(OWN_THREADS * STACK_BYTES)
    + wide(PASSWORD_HASH_BYTES)
    + wide(LIBRARY_THREADS_MAX * LIBRARY_STACK_BYTES);

/// The private memory the system lets the program have, bytes (`RLIMIT_DATA`): the promise, and the stacks that are reserved.
/// It cannot be the promise alone: the stacks of all threads that there may be are more than the smallest board's promise,
/// although little of them is ever touched. When it is reached, an allocation fails, and the process ends with a sentence.
#[must_use]
pub const fn data_bytes_max(capacity: &Capacity) -> u64 {
    memory_bytes_max(capacity) + STACKS_RESERVED_BYTES
}

/// The part of the promise from which on its use is told, percent; and the part below which that is over.
pub const MEMORY_TOLD_PERCENT: u64 = 90;
/// See [`MEMORY_TOLD_PERCENT`].
pub const MEMORY_FINE_PERCENT: u64 = 80;

/// The clock's least plausible time, milliseconds since 1970: the beginning of 2026, when this program was written. A board
/// without a battery wakes up before it.
pub const CLOCK_MS_LEAST: u64 = 1_767_225_600_000;

/// How long a plausible clock is given to be confirmed by a time server before moderating begins, milliseconds. Then it begins
/// all the same, and says so: where no time server can be reached, nobody would ever confirm it.
pub const CLOCK_SYNC_WAIT_MS: u64 = 30_000;

/// How often the clock is looked at while it is not set, milliseconds.
pub const CLOCK_LOOK_MS: u64 = 1_000;

/// How often the machine is looked at, seconds.
pub const ROUNDS_S: u64 = 60;

/// How long a step of the poller, the journal or the dispatcher may take before it counts as stuck, milliseconds: a worn card
/// may hold a commit for many seconds.
pub const STEP_MS: u64 = 60_000;

/// How often the journal shows that it moves when it has nothing to do, milliseconds.
pub const JOURNAL_PULSE_MS: u64 = 10_000;

/// Bytes of the database that are copied in a millisecond at least: half a megabyte a second. A slower copy counts as stuck.
pub const COPY_BYTES_PER_MS: u64 = 512;

/// How often the system is told how the program stands, milliseconds, where no watchdog asks more often.
pub const STATUS_MS: u64 = 10_000;

/// How often it is looked whether the program is ready, milliseconds, until it is.
pub const READY_LOOK_MS: u64 = 500;

/// How long the start may still take after each word about it, milliseconds.
pub const START_STILL_MS: u64 = 60_000;

/// A text of `/proc` or `/sys`, bytes; the rest is not looked at. A machine with thousands of mounts has a longer one.
pub const MACHINE_TEXT_BYTES_MAX: usize = 64 * 1024;

/// Cards and sensors that are looked at. More are left out.
pub const MACHINE_PARTS_MAX: usize = 8;

/// Free space below which storage is no longer good, bytes: room for the database to grow and for a copy.
pub const FREE_BYTES_LEAST: u64 = 256 * 1024 * 1024;

const _: () = assert!(JOURNAL_PULSE_MS < STEP_MS && STEP_MS <= 90_000, "board/aegis.service waits longer than a step");
