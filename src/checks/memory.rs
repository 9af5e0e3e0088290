//! The bounds of memory: ours, the system's for this process, and the control groups that a second one would need.

use super::{Finding, State};
use crate::limits;

/// The memory bounds, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// Heap in use.
    pub used: u64,
    /// The promise.
    pub promise: u64,
    /// The private memory that the system gives at most (`RLIMIT_DATA`); `None` for no bound.
    pub limit: Option<u64>,
    /// What that is to be: the promise, and the stacks that are reserved.
    pub wanted: u64,
    /// Whether the process is one that moderates, and so has set it.
    pub is_at_work: bool,
    /// The machine's memory; `None` where it does not tell.
    pub machine: Option<u64>,
    /// The memory of the smallest machine that the board profile is for.
    pub ram: u64,
}

fn mib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

pub(super) fn bounds(heap: &Heap) -> Finding {
    let found = |state, words: String| Finding::new("Memory", state, words);
    let (promise, wanted) = (mib(heap.promise), mib(heap.wanted));
    if let Some(limit) = heap.limit.filter(|limit| *limit < heap.wanted) {
        return found(
            State::Bad,
            format!(
                "The system gives this program {} of private memory, and it may need {wanted}; raise LimitDATA= or `ulimit -d`, or \
                 choose a smaller board profile.",
                mib(limit)
            ),
        );
    }
    if heap.promise > 0 && heap.used.saturating_mul(100) / heap.promise >= limits::MEMORY_TOLD_PERCENT {
        return found(
            State::Warn,
            format!(
                "{} of the {promise} that are promised are in use, and with more the program ends and starts again; choose a larger \
                 board profile if the machine has the memory.",
                mib(heap.used)
            ),
        );
    }
    // What the graphics and the kernel keep for themselves is no reason to speak: up to a quarter.
    if let Some(machine) = heap.machine.filter(|machine| machine.saturating_mul(4) < heap.ram.saturating_mul(3)) {
        let words = format!(
            "This machine has {} of memory, and the board profile is for one of {}; choose the profile of a smaller board.",
            mib(machine),
            mib(heap.ram)
        );
        return found(State::Warn, words);
    }
    let bound = match heap.limit {
        Some(limit) => format!("the system gives {} with reserved stacks (RLIMIT_DATA)", mib(limit)),
        None if heap.is_at_work => {
            let words = format!(
                "At most {promise} are promised, and the system has set no bound of its own; look in the log why RLIMIT_DATA could \
                 not be set."
            );
            return found(State::Warn, words);
        }
        None => format!("when it runs, the system gives {wanted} with reserved stacks (RLIMIT_DATA)"),
    };
    found(State::Good, format!("At most {promise} are promised, and {bound}."))
}

/// Whether the memory controller is on; `None` when that cannot be told.
#[must_use]
pub fn has_memory_controller(cgroups: Option<&str>, controllers: Option<&str>) -> Option<bool> {
    let unified = controllers.map(|text| text.split_whitespace().any(|name| name == "memory"));
    // `memory  4  71  1`: the last says whether it is on. A kernel for version 2 alone does not list it.
    let listed = cgroups.and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("memory")?.split_whitespace().next_back());
        line.map(|enabled| enabled == "1")
    });
    match (unified, listed) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (None, None) => None,
        _ => Some(false),
    }
}

pub(super) fn controller(cgroups: Option<&str>, controllers: Option<&str>) -> Option<Finding> {
    Some(match has_memory_controller(cgroups, controllers)? {
        true => Finding::new("Memory control", State::Good, "The kernel can bound the memory of units (MemoryMax=)."),
        false => Finding::new(
            "Memory control",
            State::Warn,
            "The kernel's memory control is off, so MemoryMax= in the unit does nothing and only the bounds of Aegis itself hold; \
             add cgroup_enable=memory to the one line in /boot/firmware/cmdline.txt, and restart the board.",
        ),
    })
}
