//! The allocator of the C library, held to its bounds.
//!
//! glibc gives every thread an arena of its own and keeps what was freed: with everything full at once the generic profile took
//! 86 MiB of the 74 it promises, and Zero 2 W ended at its bound. With two arenas, and freed memory given back at once, Zero 2 W
//! goes on. It reads that from its environment, when it begins; so the program begins once more with it, as the same process.
//!
//! Promises: whoever set these variables keeps what they set. musl, which boards have, needs none of it.
//!
//! Never: a second time.

/// What glibc is told; the unit says the same.
#[cfg(target_env = "gnu")]
const TOLD: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_TRIM_THRESHOLD_", "131072"), ("MALLOC_MMAP_THRESHOLD_", "131072")];

/// Begins the program once more where its allocator knows no bounds; returns where it knows them, or that cannot be done.
#[cfg(target_env = "gnu")]
pub(super) fn bound() {
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    if std::env::var_os(TOLD[0].0).is_some() {
        return;
    }
    let words: Vec<_> = std::env::args_os().collect();
    let begin = |program: &Path| {
        let mut again = std::process::Command::new(program);
        again.args(words.iter().skip(1)).envs(TOLD);
        words.first().into_iter().fold(&mut again, |again, name| again.arg0(name)).exec()
    };
    // By its name, as which it is listed then; by itself where that name is gone.
    let _gone = std::env::current_exe().map(|program| begin(&program));
    let error = begin(Path::new("/proc/self/exe"));
    tracing::warn!(%error, "the allocator keeps its own bounds; set MALLOC_ARENA_MAX=2, or memory may pass the promise");
}

/// See above: here there is nothing to do.
#[cfg(not(target_env = "gnu"))]
pub(super) const fn bound() {}
