//! The write-ahead log in front of the durable file: what was synced is there after any power cut, and what was under way is
//! there whole or not at all; hazards 1, 2 and 4.
//!
//! What writes here keeps to redb's rule: between two syncs only places are written that the last state has no use for, and
//! the first page, which says what is in force. `AEGIS_TEST_SCALE` makes it longer.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // A test that cannot go on stops.

mod world;

use aegis::clock::Wall;
use aegis::store::io::IoCount;
use aegis::store::records::Audit;
use aegis::store::wal::Wal;
use aegis::store::{Found, JOURNAL_FILE, Store, StoreError, Tick, open_file, wal_of};
use redb::StorageBackend;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use world::disk::{Disk, Failing, HowLong, LOG_BYTES, Op, after_power_cut};
use world::{KEEP, count};

const PAGE: usize = 4096;

/// The pages that are in force, with the first bytes of their digests.
type Live = BTreeMap<u64, u64>;

/// Somebody who writes as redb does.
struct Writer {
    wal: Wal,
    live: Live,
    pages: u64,
    number: u64,
}

fn short(page: &[u8]) -> u64 {
    u64::from_le_bytes(Sha256::digest(page)[..8].try_into().unwrap())
}

/// The first page: the number of the commit, how many pages, each with its digest. As redb's, it stands in one sector.
fn head(number: u64, live: &Live) -> Vec<u8> {
    let mut page = Vec::with_capacity(PAGE);
    page.extend(number.to_le_bytes());
    page.extend((live.len() as u64).to_le_bytes());
    for (place, digest) in live {
        page.extend(place.to_le_bytes());
        page.extend(digest.to_le_bytes());
    }
    assert!(page.len() <= 512);
    page.resize(PAGE, 0);
    page
}

/// What is in force on a storage, held against what it says of itself; the number of its last commit.
fn read(wal: &Wal) -> Result<(u64, Live), String> {
    let told = |error: std::io::Error| format!("cannot be read: {error}");
    if wal.len().map_err(told)? == 0 {
        return Ok((0, Live::new()));
    }
    let mut first = vec![0; PAGE];
    wal.read(0, &mut first).map_err(told)?;
    let word = |at: usize| u64::from_le_bytes(first[at * 8..at * 8 + 8].try_into().unwrap());
    let mut live = Live::new();
    for at in 0..word(1) as usize {
        let (place, digest) = (word(2 + 2 * at), word(3 + 2 * at));
        let mut page = vec![0; PAGE];
        wal.read(place * PAGE as u64, &mut page).map_err(|error| format!("page {place}: {error}"))?;
        if short(&page) != digest {
            return Err(format!("page {place} is not what commit {} wrote", word(0)));
        }
        live.insert(place, digest);
    }
    Ok((word(0), live))
}

impl Writer {
    fn on(disk: &Disk) -> Result<Self, String> {
        let wal = disk.wal();
        let (number, live) = read(&wal)?;
        let pages = wal.len().map_err(|error| error.to_string())? / PAGE as u64;
        Ok(Self { wal, live, pages, number })
    }

    /// One commit: some pages of the state get another place and content, some are given up.
    fn commit(&mut self, rng: &mut fastrand::Rng) -> std::io::Result<()> {
        let changes = match rng.u8(..12) {
            0 => rng.usize(17..30),
            1..3 => 0,
            _ => rng.usize(1..14),
        };
        let mut next = self.live.clone();
        for _ in 0..rng.usize(..=changes) {
            if let Some(place) = next.keys().nth(rng.usize(..next.len().max(1))).copied() {
                next.remove(&place);
            }
        }
        for _ in 0..changes.min(30_usize.saturating_sub(next.len())) {
            let free =
                (1..self.pages.max(1)).filter(|place| !self.live.contains_key(place) && !next.contains_key(place));
            let free: Vec<u64> = free.collect();
            let place = match free.get(rng.usize(..free.len().max(1))) {
                Some(place) => *place,
                None => {
                    self.pages = self.pages.max(1) + rng.u64(1..20);
                    self.wal.set_len(self.pages * PAGE as u64)?;
                    let mut new = vec![1; PAGE];
                    if self.wal.read((self.pages - 1) * PAGE as u64, &mut new).is_ok() {
                        assert_eq!(new, [0; PAGE], "what is new is zeros, also where something was cut off");
                    }
                    (1..self.pages).find(|place| !self.live.contains_key(place) && !next.contains_key(place)).unwrap()
                }
            };
            // Alike, as pages of one tree are, or like nothing.
            let mut page = vec![rng.u8(..4); PAGE];
            if rng.bool() {
                rng.fill(&mut page[..rng.clone().usize(..PAGE)]);
            }
            page[8..16].copy_from_slice(&self.number.to_le_bytes());
            self.wal.write(place * PAGE as u64, &page)?;
            let mut back = vec![0; PAGE];
            // A read may fail as well, and ends nothing.
            if self.wal.read(place * PAGE as u64, &mut back).is_ok() {
                assert_eq!(back, page, "what was written is read back, synced or not");
            }
            next.insert(place, short(&page));
        }
        if self.pages == 0 {
            self.pages = 1;
            self.wal.set_len(PAGE as u64)?;
        }
        self.wal.write(0, &head(self.number + 1, &next))?;
        self.wal.sync_data()?;
        (self.live, self.number) = (next, self.number + 1);
        let used = self.live.keys().last().map_or(1, |last| last + 1);
        if used + 8 < self.pages && rng.u8(..4) == 0 {
            self.pages = used;
            self.wal.set_len(used * PAGE as u64)?;
        }
        Ok(())
    }
}

/// What a medium holds after each operation of a recording: all that was synced, and the rest.
fn replayed(from: Vec<u8>, log: &[Op]) -> (Vec<u8>, Vec<Op>) {
    let (mut synced, mut pending) = (from, Vec::new());
    for op in log {
        match op {
            Op::Sync => {
                let disk = Disk::holding(std::mem::take(&mut synced));
                for op in pending.drain(..) {
                    match op {
                        Op::Write(offset, data) => disk.write(offset, &data).unwrap(),
                        Op::SetLen(len) => disk.set_len(len).unwrap(),
                        Op::Sync | Op::Mark(_) => {}
                    }
                }
                synced = disk.image();
            }
            Op::Mark(_) => {}
            op => pending.push(op.clone()),
        }
    }
    (synced, pending)
}

#[test]
fn after_a_power_cut_anywhere_the_last_sync_is_there_and_the_next_one_whole_or_not_at_all() {
    let (lives, cuts) = (count("AEGIS_TEST_WAL_LIVES", 60), 25);
    let mut images = 0;
    for life in 0..lives {
        let mut rng = fastrand::Rng::with_seed(life);
        let disk = Disk::default();
        drop(Writer::on(&disk).unwrap());
        let before = disk.image();
        disk.record();
        let mut writer = Writer::on(&disk).unwrap();
        for _ in 0..rng.u64(1..50) {
            writer.commit(&mut rng).unwrap();
            disk.mark(writer.number);
        }
        if rng.bool() {
            writer.wal.close().unwrap();
        }
        let log = disk.recorded();
        for _ in 0..cuts {
            let at = rng.usize(..=log.len());
            let acknowledged =
                log[..at].iter().rev().find_map(|op| if let Op::Mark(mark) = op { Some(*mark) } else { None });
            let acknowledged = acknowledged.unwrap_or(0);
            let (synced, pending) = replayed(before.clone(), &log[..at]);
            let mut image = after_power_cut(&synced, &pending, &mut rng);
            // Now and then the power fails again while the first loss is mended.
            for _ in 0..rng.u8(..3) {
                let disk = Disk::holding(image.clone());
                disk.record();
                let again = Writer::on(&disk).unwrap_or_else(|why| panic!("life {life}, operation {at}: {why}"));
                drop(again);
                let recovery = disk.recorded();
                let (synced, pending) = replayed(image, &recovery[..rng.usize(..=recovery.len())]);
                image = after_power_cut(&synced, &pending, &mut rng);
            }
            images += 1;
            let found =
                Writer::on(&Disk::holding(image)).unwrap_or_else(|why| panic!("life {life}, operation {at}: {why}"));
            assert!(
                found.number == acknowledged || found.number == acknowledged + 1,
                "life {life}, operation {at}: commit {} is there, {acknowledged} was acknowledged",
                found.number
            );
        }
    }
    println!("{images} images of {lives} lives: each has its last commit, or the next one");
}

#[test]
fn lives_end_and_begin_and_what_one_wrote_the_next_one_reads() {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut disk = Disk::default();
    let mut number = 0;
    for life in 0..count("AEGIS_TEST_WAL_LIVES", 60) {
        let mut writer = Writer::on(&disk).unwrap_or_else(|why| panic!("life {life}: {why}"));
        assert_eq!(writer.number, number);
        for _ in 0..rng.u64(1..60) {
            writer.commit(&mut rng).unwrap();
        }
        number = writer.number;
        if rng.bool() {
            writer.wal.close().unwrap();
            let image = disk.image();
            assert!(image[..PAGE].iter().all(|byte| *byte == 0), "after a clean end the log is empty");
        } else {
            disk = disk.cut_power(&mut rng);
        }
    }
}

#[test]
fn after_a_call_that_failed_nothing_more_is_written() {
    for at_call in 1..400 {
        let disk = Disk::default();
        let mut rng = fastrand::Rng::with_seed(3);
        let Ok(mut writer) = Writer::on(&disk) else { panic!("this disk works") };
        disk.fail(Failing { at_call: disk.calls() + at_call, how_long: HowLong::Once });
        let mut acknowledged = 0;
        while acknowledged < 30 && writer.commit(&mut rng).is_ok() {
            acknowledged = writer.number;
        }
        if acknowledged == 30 {
            continue;
        }
        let calls = disk.calls();
        assert!(writer.wal.write(0, &[1; PAGE]).is_err() && writer.wal.sync_data().is_err());
        writer.wal.close().unwrap();
        assert_eq!(disk.calls(), calls, "the storage is left alone");
        let found = Writer::on(&Disk::holding(disk.image())).unwrap_or_else(|why| panic!("call {at_call}: {why}"));
        assert!([acknowledged, acknowledged + 1].contains(&found.number), "call {at_call}");
    }
}

fn said(what: &str) -> Tick {
    let audit = vec![Audit { at: Wall(1), who: "x".to_owned(), what: what.to_owned() }];
    Tick { audit, ..Tick::default() }
}

fn open(dir: &Path) -> Result<(Store, Found), StoreError> {
    Store::open(dir, 1 << 20, KEEP, &Arc::new(IoCount::default()), Wall(7))
}

fn entries(store: &Store) -> usize {
    store.snapshots().audit(1_000).unwrap().len()
}

/// Copies what is on the medium while an appliance runs: what a power cut leaves.
fn cut(from: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in [from.join(JOURNAL_FILE), wal_of(&from.join(JOURNAL_FILE))] {
        std::fs::copy(&file, dir.path().join(file.file_name().unwrap())).unwrap();
    }
    dir
}

#[test]
fn after_a_power_cut_the_commits_in_the_log_are_there_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    for n in 0..5 {
        store.commit(&[said(&n.to_string())], Wall(1)).unwrap();
    }
    let cut = cut(dir.path());
    let (found, how) = open(cut.path()).unwrap();
    assert_eq!((entries(&found), how), (5, Found::Sound));
    assert!(found.replayed() >= 5, "{}", found.replayed());
    drop(found);
    let (again, _) = open(cut.path()).unwrap();
    assert_eq!((entries(&again), again.replayed()), (5, 0), "after a clean end nothing waits in the log");
}

#[test]
fn a_clean_end_leaves_a_file_that_is_whole_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    store.commit(&[said("one")], Wall(1)).unwrap();
    drop(store);
    std::fs::remove_file(wal_of(&dir.path().join(JOURNAL_FILE))).unwrap();
    assert_eq!(entries(&open(dir.path()).unwrap().0), 1);
}

#[test]
fn a_file_that_somebody_put_there_is_taken_as_it_is_and_the_log_of_the_other_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    store.commit(&[said("one")], Wall(1)).unwrap();
    drop(store);
    let older = dir.path().join("older");
    std::fs::copy(dir.path().join(JOURNAL_FILE), &older).unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    for n in 0..3 {
        store.commit(&[said(&n.to_string())], Wall(1)).unwrap();
    }
    let copy = dir.path().join("copy");
    store.copy_to(&copy).unwrap();
    store.commit(&[said("after the copy")], Wall(1)).unwrap();
    let cut_off = cut(dir.path());
    let file = cut_off.path().join(JOURNAL_FILE);
    std::fs::copy(&older, &file).unwrap();
    let refused = open_file(&file, 1 << 20, &Arc::new(IoCount::default())).map(drop).unwrap_err();
    assert!(matches!(refused, StoreError::Stale { .. }), "{refused}");
    assert!(refused.to_string().contains("was put there by hand"), "{refused}");
    let (found, how) = open(cut_off.path()).unwrap();
    let Found::Exchanged { to } = how else { panic!("it was taken for its own: {how:?}") };
    assert!(to.exists() && entries(&found) == 1, "{}", to.display());
    // A copy empties the log, so that what was logged since goes on from it.
    let cut_off = cut(dir.path());
    std::fs::copy(&copy, cut_off.path().join(JOURNAL_FILE)).unwrap();
    let (found, how) = open(cut_off.path()).unwrap();
    assert_eq!((entries(&found), how), (5, Found::Sound));
}

#[test]
fn a_damaged_file_takes_its_log_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    store.commit(&[said("one")], Wall(1)).unwrap();
    drop(store);
    let file = dir.path().join(JOURNAL_FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let len = bytes.len();
    bytes[..PAGE].fill(7);
    bytes[len / 2..].fill(9);
    std::fs::write(&file, bytes).unwrap();
    let (store, how) = open(dir.path()).unwrap();
    let Found::SetAside { to, .. } = how else { panic!("it was believed: {how:?}") };
    assert!(to.exists() && dir.path().join(format!("{JOURNAL_FILE}-wal.damaged-7")).exists());
    assert_eq!(entries(&store), 0);
}

#[test]
fn a_log_of_zeros_of_noise_or_cut_short_is_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    store.commit(&[said("one")], Wall(1)).unwrap();
    drop(store);
    let log = wal_of(&dir.path().join(JOURNAL_FILE));
    let mut rng = fastrand::Rng::with_seed(1);
    let mut noise = vec![0; 20_000];
    rng.fill(&mut noise);
    let mut bold = noise.clone();
    bold[..8].copy_from_slice(b"aegiswal");
    for bytes in [Vec::new(), vec![0; 10], vec![0; 5_000], noise, bold] {
        std::fs::write(&log, bytes).unwrap();
        let (store, how) = open(dir.path()).unwrap();
        assert_eq!((entries(&store), how, store.replayed()), (1, Found::Sound, 0));
    }
}

#[test]
fn an_everyday_commit_is_one_sync_and_a_page_or_two_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let io = Arc::new(IoCount::default());
    let (mut store, _) = Store::open(dir.path(), 1 << 20, KEEP, &io, Wall(7)).unwrap();
    store.commit(&[said("a first one, which begins the log")], Wall(1)).unwrap();
    let before = io.read();
    for n in 0..50 {
        store.commit(&[said(&n.to_string())], Wall(1)).unwrap();
    }
    let after = io.read();
    assert_eq!(after.0 - before.0, 50, "syncs");
    assert!(after.1 - before.1 <= 50 * 2 * 4096, "{} bytes", after.1 - before.1);
}

#[test]
fn a_new_database_is_larger_than_a_narrow_log_and_whole() {
    let disk = Disk::default();
    let store = Store::on_backend(disk.wal(), 1 << 20, KEEP).unwrap();
    drop(store);
    let image = disk.image();
    assert!(image.len() as u64 > LOG_BYTES);
    let store = Store::on_backend(Disk::holding(image).wal(), 1 << 20, KEEP).unwrap();
    assert_eq!(entries(&store), 0);
}
