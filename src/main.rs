//! The program `aegis`: a heap that knows its bound, and the command line.

#![forbid(unsafe_code)]

#[cfg(target_env = "musl")]
use dlmalloc::GlobalDlmalloc as Below;
#[cfg(not(target_env = "musl"))]
use std::alloc::System as Below;
use std::process::ExitCode;

/// Counts every byte of heap, and refuses what is over the promise.
#[global_allocator]
static HEAP: cap::Cap<Below> = cap::Cap::new(Below, usize::MAX);

fn heap_bytes() -> u64 {
    u64::try_from(HEAP.allocated()).unwrap_or(u64::MAX)
}

fn bound_heap(bytes: u64) {
    if let Ok(bytes) = usize::try_from(bytes) {
        // Only fails when more than that is in use already, which start-up is far from.
        let _set = HEAP.set_limit(bytes);
    }
}

fn main() -> ExitCode {
    aegis::cli::main(heap_bytes, bound_heap)
}
