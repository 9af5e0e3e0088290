//! What five million listed ids take, and how long it takes to ask for one.
//!
//! Run it with: `cargo bench --bench ids`
//!
//! The ids are spread over 1 to 2^33, as Telegram's are, in no order, and generated as they are read, the same in every run.
//!
//! Promises: prints bytes on disk and in memory, what the import took at its peak, and the median and the 95th percentile of
//! 100,000 look-ups, half of them of listed ids, from the page cache. Ends with an error where a figure is worse than
//! 12 MB, `limits::LISTED_IMPORT_BYTES_MAX`, 700 KiB or 1 us.
//!
//! Never: a network, an id of a real person.

use aegis::clock::Wall;
use aegis::limits;
use aegis::lists::ids::{IdList, IdLists, import};
use aegis::message::UserId;
use cap::Cap;
use std::alloc::System;
use std::hint::black_box;
use std::io::{Read, Write};
use std::time::Instant;

/// Counts what is held, and ends the run where the import takes more than it may.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

const IDS: u64 = 5_000_000;
const LOOK_UPS: u64 = 100_000;
const FILE_BYTES_MAX: u64 = 12_000_000;
const INDEX_BYTES_MAX: usize = 700 * 1024;
const LOOK_UP_NS_MAX: u128 = 1_000;

/// The id of a number: each number below 2^33 has one of its own, and neighbours are far apart.
const fn id(number: u64) -> u64 {
    const MASK: u64 = (1 << 33) - 1;
    let mut id = number;
    id = (id ^ (id >> 15)).wrapping_mul(0x9e37_79b9_7f4a_7c15) & MASK;
    id = (id ^ (id >> 17)).wrapping_mul(0xbf58_476d_1ce4_e5b9) & MASK;
    (id ^ (id >> 16)) + 1
}

/// The ids, a line each.
struct Lines {
    next: u64,
    line: Vec<u8>,
    at: usize,
}

impl Read for Lines {
    fn read(&mut self, mut bytes: &mut [u8]) -> std::io::Result<usize> {
        let mut read = 0;
        while !bytes.is_empty() {
            if self.at == self.line.len() {
                if self.next == IDS {
                    break;
                }
                self.line.clear();
                writeln!(self.line, "{}", id(self.next))?;
                (self.next, self.at) = (self.next + 1, 0);
            }
            let copied = self.line.get(self.at..).unwrap_or_default().read(bytes)?;
            (read, self.at) = (read + copied, self.at + copied);
            bytes = bytes.get_mut(copied..).unwrap_or_default();
        }
        Ok(read)
    }
}

fn resident_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    aegis::telemetry::resident(&status).map_or(0, |(_, peak)| peak)
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder for the list");
    let path = folder.path().join("bench.ids");
    let before = resident_peak();
    let most = HEAP.allocated() + limits::LISTED_IMPORT_BYTES_MAX;
    HEAP.set_limit(most).expect("room for the import");
    let begin = Instant::now();
    let report = import(Lines { next: 0, line: Vec::new(), at: 0 }, &path, Wall(0)).expect("the list is good");
    let took = begin.elapsed();
    HEAP.set_limit(usize::MAX).expect("no limit");
    let peak = resident_peak();
    assert_eq!((report.count, report.bad), (IDS, 0));
    println!("import of {IDS} ids: {} ms; {} bytes of process at its peak, {before} before", took.as_millis(), peak);

    let begin = Instant::now();
    let list = IdList::open(&path).expect("the list opens");
    println!("opening and checking all of it: {} ms", begin.elapsed().as_millis());
    println!("on disk {} bytes; in memory {} bytes", list.file_bytes(), list.bytes());
    assert!(list.file_bytes() <= FILE_BYTES_MAX && list.bytes() <= INDEX_BYTES_MAX);
    drop(list);

    let lists = IdLists::load(folder.path(), Wall(0)).lists;
    let mut rng = fastrand::Rng::with_seed(7);
    let (mut taken, mut wrong) = (Vec::new(), 0);
    for _ in 0..LOOK_UPS {
        let number = rng.u64(0..2 * IDS);
        let user = UserId(i64::try_from(id(number)).unwrap_or(0));
        let begin = Instant::now();
        let listed = black_box(lists.listed(black_box(user), Wall(0)));
        taken.push(begin.elapsed().as_nanos());
        wrong += usize::from(listed.map(|found| found.is_some()) != Ok(number < IDS));
    }
    taken.sort_unstable();
    let at = |percent: usize| taken.get(taken.len() * percent / 100).copied().unwrap_or(0);
    println!("look-up: median {} ns, p95 {} ns, p99 {} ns; {wrong} wrong of {LOOK_UPS}", at(50), at(95), at(99));
    assert!(wrong == 0 && at(50) <= LOOK_UP_NS_MAX);
}
