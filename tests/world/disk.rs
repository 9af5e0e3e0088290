//! A disk in memory that knows what was synced, and can lose, reorder and tear the rest.

use aegis::store::wal::{Room, Wal};
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex};

/// One thing that was asked of the disk.
#[derive(Clone, Debug)]
pub enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    /// Not the disk's: something the test wants to remember at this point.
    Mark(u64),
}

#[derive(Debug, Default)]
struct State {
    /// What a reader sees.
    now: Vec<u8>,
    /// What is on the medium for certain.
    synced: Vec<u8>,
    /// Since the last sync.
    pending: Vec<Op>,
    log: Option<Vec<Op>>,
    calls: u64,
    fail: Option<Failing>,
}

/// At which call the disk fails, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Failing {
    pub at_call: u64,
    pub how_long: HowLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowLong {
    Once,
    ForEver,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

/// So much of the disk is the write-ahead log; the file stands behind it.
pub const LOG_BYTES: u64 = 64 * 1024;

/// Little room, so that the file is brought up to date again and again, and some commits are too large for the log.
pub const NARROW: Room = Room { pages: 24, group_pages: 16, log_bytes: LOG_BYTES };

/// The log or the file on a disk.
#[derive(Debug)]
struct Part {
    disk: Disk,
    is_log: bool,
}

impl Part {
    const fn at(&self, offset: u64) -> u64 {
        if self.is_log { offset } else { LOG_BYTES + offset }
    }
}

impl StorageBackend for Part {
    fn len(&self) -> io::Result<u64> {
        let len = self.disk.len()?;
        Ok(if self.is_log { len.min(LOG_BYTES) } else { len.saturating_sub(LOG_BYTES) })
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(self.at(offset), out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.set_len(self.at(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.write(self.at(offset), data)
    }
}

/// Sectors are written whole or not at all.
const SECTOR: usize = 512;

fn apply(image: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(offset, data) => {
            let from = *offset as usize;
            let to = from + data.len();
            if image.len() < to {
                image.resize(to, 0);
            }
            image[from..to].copy_from_slice(data);
        }
        Op::SetLen(len) => image.resize(*len as usize, 0),
        Op::Sync | Op::Mark(_) => {}
    }
}

/// What the medium may hold after a power cut: everything synced, and of the rest any part, in sectors.
pub fn after_power_cut(synced: &[u8], pending: &[Op], rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut image = synced.to_vec();
    // Most cuts leave all or nothing of the rest; the others any mixture.
    let style = rng.u8(..4);
    for op in pending {
        let keep = match style {
            0 => false,
            1 => true,
            _ => rng.bool(),
        };
        match op {
            Op::Write(offset, data) if style == 3 && rng.bool() => {
                for (index, sector) in data.chunks(SECTOR).enumerate() {
                    if rng.bool() {
                        apply(&mut image, &Op::Write(offset + (index * SECTOR) as u64, sector.to_vec()));
                    }
                }
            }
            op if keep => apply(&mut image, op),
            _ => {}
        }
    }
    image
}

impl Disk {
    /// A disk that holds `image`, all of it synced.
    pub fn holding(image: Vec<u8>) -> Self {
        let state = State { now: image.clone(), synced: image, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The storage that a store is opened on: a file on this disk, and the log in front of it.
    pub fn wal(&self) -> Wal {
        let part = |is_log| Part { disk: self.clone(), is_log };
        Wal::new(part(false), part(true), NARROW)
    }

    /// Remembers every operation from now on.
    pub fn record(&self) {
        self.0.lock().unwrap().log = Some(Vec::new());
    }

    /// What was recorded.
    pub fn recorded(&self) -> Vec<Op> {
        self.0.lock().unwrap().log.take().unwrap_or_default()
    }

    /// Puts a mark into the record.
    pub fn mark(&self, mark: u64) {
        if let Some(log) = &mut self.0.lock().unwrap().log {
            log.push(Op::Mark(mark));
        }
    }

    /// Fails from now on as told.
    pub fn fail(&self, failing: Failing) {
        self.0.lock().unwrap().fail = Some(failing);
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.0.lock().unwrap().calls
    }

    /// What a reader sees.
    pub fn image(&self) -> Vec<u8> {
        self.0.lock().unwrap().now.clone()
    }

    /// Cuts the power: a disk with what the medium may hold.
    pub fn cut_power(&self, rng: &mut fastrand::Rng) -> Self {
        let state = self.0.lock().unwrap();
        Self::holding(after_power_cut(&state.synced, &state.pending, rng))
    }

    fn call(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        let fails = state.fail.is_some_and(|fail| match fail.how_long {
            HowLong::Once => state.calls == fail.at_call,
            HowLong::ForEver => state.calls >= fail.at_call,
        });
        if fails { Err(io::Error::other("the medium failed")) } else { Ok(state) }
    }

    fn change(&self, op: Op) -> io::Result<()> {
        let mut state = self.call()?;
        apply(&mut state.now, &op);
        if let Some(log) = &mut state.log {
            log.push(op.clone());
        }
        state.pending.push(op);
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.call()?.now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.call()?;
        let from = offset as usize;
        match state.now.get(from..from + out.len()) {
            Some(bytes) => {
                out.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Op::SetLen(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut guard = self.call()?;
        let state = &mut *guard;
        for op in state.pending.drain(..) {
            apply(&mut state.synced, &op);
        }
        if let Some(log) = &mut state.log {
            log.push(Op::Sync);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Op::Write(offset, data.to_vec()))
    }
}
