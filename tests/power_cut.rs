//! The power fails at any operation on the disk, also during recovery; the disk fails at any call: hazards 1, 2 and 4.
//!
//! One run of the flow is recorded, operation by operation. Then for every operation the medium is rebuilt as a power
//! cut at that point may have left it, and opened.
//!
//! `AEGIS_TEST_IMAGES` and `AEGIS_TEST_DOUBLE_IMAGES` make it longer.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // A test that cannot go on stops.

mod world;

use aegis::store::Store;
use aegis::verdict::ActionKind;
use std::collections::{BTreeMap, BTreeSet};
use world::disk::{Disk, Failing, HowLong, Op, after_power_cut};
use world::town::{Manners, Town};
use world::{Board, KEEP, UNPACED, at, call_of, count, rulebook};

/// Chat, message and number of an action.
type Key = (i64, i32, u8);

/// What is known at a mark of the recording.
#[derive(Clone, Default)]
struct Known {
    /// Actions of updates that were acknowledged.
    promised: BTreeSet<Key>,
    /// Actions that were carried out.
    done: BTreeSet<Key>,
}

/// What a message of [`Town::new`] asks for: every fourth is spam, and of the others every tenth is rude.
fn promised_for(chat: i64, message: i32) -> Vec<Key> {
    let n = message - 1;
    let kinds: &[ActionKind] = if n % 4 == 3 {
        &[ActionKind::Delete, ActionKind::Ban]
    } else if n % 10 == 1 {
        &[ActionKind::Delete]
    } else {
        &[]
    };
    kinds.iter().map(|kind| (chat, message, kind.number())).collect()
}

/// Runs the flow over `messages` in batches of `limit`, from start to the last confirmation; marks every
/// acknowledgement and every effect. `None` when the disk failed, which in the real program ends the process.
fn run(disk: &Disk, messages: u32, limit: usize, known: &mut Vec<Known>) -> Option<Town> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut town = Town::new(messages, 3, Manners::default());
    let mut now_ms = 1;
    let mut board = Board::start(disk.clone(), &rulebook(), UNPACED, at(now_ms)).ok()?;
    let mut offset = None;
    let mut state = Known::default();
    let mut in_hand: Vec<Key> = Vec::new();
    loop {
        now_ms += 1;
        // This call acknowledges what the last one brought.
        let batch = town.poll(offset, limit, &mut rng);
        state.promised.extend(in_hand.drain(..));
        known.push(state.clone());
        disk.mark(known.len() as u64 - 1);
        if let Some(last) = batch.iter().map(|incoming| incoming.id.0).max() {
            for incoming in &batch {
                if let aegis::telegram::What::Message(message) = &incoming.what {
                    in_hand.extend(promised_for(message.chat.0, message.id.0));
                }
            }
            board.take(batch, at(now_ms)).ok()?;
            offset = Some(last + 1);
        }
        while let Some((ticket, request)) = call_of(board.turn(at(now_ms)).ok()?) {
            now_ms += 1;
            let answer = town.call(&request, now_ms, &mut rng);
            state.done.extend(town.deleted.iter().map(|(chat, id)| (chat.0, id.0, ActionKind::Delete.number())));
            state.done.extend(bans_done(&town, &state.promised, &in_hand));
            known.push(state.clone());
            disk.mark(known.len() as u64 - 1);
            board.answered(ticket, answer, at(now_ms), 1).ok()?;
        }
        board.flush(at(now_ms)).ok()?;
        if town.is_drained() && board.outbox.rows() == 0 {
            return Some(town);
        }
    }
}

/// Senders of spam have one message each, so a ban belongs to a message.
fn bans_done(town: &Town, promised: &BTreeSet<Key>, in_hand: &[Key]) -> Vec<Key> {
    let bans = promised.iter().chain(in_hand).filter(|key| key.2 == ActionKind::Ban.number());
    bans.filter(|key| {
        let sender = aegis::message::UserId(i64::from(key.1) - 1 + 10_000);
        town.banned.contains(&(aegis::message::ChatId(key.0), sender))
    })
    .copied()
    .collect()
}

/// Opens a medium and holds it against what is known: nothing acknowledged is lost, no batch is half there.
fn verify(disk: Disk, known: &Known, limit: usize) -> Result<(), String> {
    let store = Store::on_backend(disk.wal(), 1 << 20, KEEP).map_err(|error| format!("does not open: {error}"))?;
    let snapshots = store.snapshots();
    let read = |error: aegis::store::StoreError| format!("cannot be read: {error}");
    let outbox: BTreeSet<Key> = snapshots.outbox().map_err(read)?.iter().map(|row| row.key.raw()).collect();
    let dead: BTreeSet<Key> =
        snapshots.dead_letters(1_000).map_err(read)?.iter().map(|(_, letter)| letter.row.key.raw()).collect();
    snapshots.chats().map_err(read)?;
    snapshots.pauses().map_err(read)?;
    snapshots.undecided().map_err(read)?;
    snapshots.totals().map_err(read)?;
    if let Some(lost) =
        known.promised.iter().find(|key| !known.done.contains(key) && !outbox.contains(key) && !dead.contains(key))
    {
        return Err(format!("acknowledged and lost: {lost:?}"));
    }
    let mut of_batch: BTreeMap<i32, usize> = BTreeMap::new();
    for (_, decision) in snapshots.decisions(10_000).map_err(read)? {
        *of_batch.entry((decision.message.0 - 1) / limit as i32).or_default() += 1;
    }
    let whole = |batch: i32| {
        let first = batch * limit as i32;
        (first..first + limit as i32).filter(|n| n % 4 == 3 || n % 10 == 1).count()
    };
    match of_batch.iter().find(|(batch, found)| **found != whole(**batch)) {
        Some((batch, found)) => Err(format!("torn: {found} of {} decisions of batch {batch}", whole(*batch))),
        None => Ok(()),
    }
}

/// A medium with a new database on it. `Store::open` makes one beside the real name and renames it, so that a half-made
/// one is never found under that name.
fn new_medium() -> Vec<u8> {
    let disk = Disk::default();
    drop(Store::on_backend(disk.wal(), 1 << 20, KEEP).expect("a new disk opens"));
    disk.image()
}

/// Calls `f` with the medium before each operation of a recording, and the mark it stands under.
fn each_point(log: &[Op], mut f: impl FnMut(usize, &[u8], &[Op], u64)) {
    let (mut synced, mut pending, mut mark) = (new_medium(), Vec::new(), 0);
    for (index, op) in log.iter().enumerate() {
        f(index, &synced, &pending, mark);
        match op {
            Op::Mark(new) => mark = *new,
            Op::Sync => {
                let all = Disk::holding(std::mem::take(&mut synced));
                for op in pending.drain(..) {
                    redo(&all, &op);
                }
                synced = all.image();
            }
            op => pending.push(op.clone()),
        }
    }
    f(log.len(), &synced, &pending, mark);
}

fn redo(disk: &Disk, op: &Op) {
    use redb::StorageBackend;
    match op {
        Op::Write(offset, data) => disk.write(*offset, data).expect("this disk works"),
        Op::SetLen(len) => disk.set_len(*len).expect("this disk works"),
        Op::Sync | Op::Mark(_) => {}
    }
}

const MESSAGES: u32 = 120;
const LIMIT: usize = 20;

fn recording() -> (Vec<Op>, Vec<Known>) {
    let disk = Disk::holding(new_medium());
    disk.record();
    let mut known = Vec::new();
    let town = run(&disk, MESSAGES, LIMIT, &mut known).expect("this disk works");
    town.check().expect("without a fault everything is done");
    (disk.recorded(), known)
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_that_was_acknowledged() {
    let images = count("AEGIS_TEST_IMAGES", 20_000);
    let (log, known) = recording();
    let points = log.iter().filter(|op| !matches!(op, Op::Mark(_))).count() as u64 + 1;
    let per_point = images.div_ceil(points).max(1);
    let mut made = 0;
    each_point(&log, |index, synced, pending, mark| {
        if matches!(log.get(index), Some(Op::Mark(_))) {
            return;
        }
        for variant in 0..per_point {
            let mut rng = fastrand::Rng::with_seed((index as u64) << 20 | variant);
            let image = after_power_cut(synced, pending, &mut rng);
            made += 1;
            if let Err(why) = verify(Disk::holding(image), &known[mark as usize], LIMIT) {
                panic!("operation {index}, variant {variant}: {why}");
            }
        }
    });
    println!("{made} images over {points} operations: 0 lost, 0 torn, 0 unopenable");
    assert!(made >= images);
}

#[test]
fn a_power_cut_during_recovery_loses_nothing_either() {
    let images = count("AEGIS_TEST_DOUBLE_IMAGES", 5_000);
    let (log, known) = recording();
    let points = log.len() as u64 + 1;
    let per_point = images.div_ceil(points).max(1);
    let mut made = 0;
    each_point(&log, |index, synced, pending, mark| {
        for variant in 0..per_point {
            let mut rng = fastrand::Rng::with_seed((index as u64) << 21 | variant);
            let first = after_power_cut(synced, pending, &mut rng);
            // Recover, and remember what recovery does to the medium.
            let disk = Disk::holding(first.clone());
            disk.record();
            drop(Store::on_backend(disk.wal(), 1 << 20, KEEP));
            let recovery = disk.recorded();
            let cut_at = rng.usize(..=recovery.len());
            let (mut synced, mut pending) = (first, Vec::new());
            for op in &recovery[..cut_at] {
                if matches!(op, Op::Sync) {
                    let all = Disk::holding(std::mem::take(&mut synced));
                    for op in pending.drain(..) {
                        redo(&all, &op);
                    }
                    synced = all.image();
                } else {
                    pending.push(op.clone());
                }
            }
            let second = after_power_cut(&synced, &pending, &mut rng);
            made += 1;
            if let Err(why) = verify(Disk::holding(second), &known[mark as usize], LIMIT) {
                panic!("operation {index}, variant {variant}, recovery cut at {cut_at}: {why}");
            }
        }
    });
    println!("{made} double images: 0 lost, 0 torn, 0 unopenable");
    assert!(made >= images);
}

#[test]
fn a_disk_that_fails_at_any_call_ends_the_run_and_loses_nothing() {
    let calls = {
        let disk = Disk::holding(new_medium());
        run(&disk, 200, 100, &mut Vec::new()).expect("this disk works");
        disk.calls()
    };
    let (mut ended, mut finished) = (0, 0);
    for how_long in [HowLong::Once, HowLong::ForEver] {
        for at_call in 1..=calls {
            let disk = Disk::holding(new_medium());
            disk.fail(Failing { at_call, how_long });
            let mut known = Vec::new();
            match run(&disk, 200, 100, &mut known) {
                None => ended += 1,
                Some(town) => {
                    finished += 1;
                    town.check().unwrap_or_else(|why| panic!("call {at_call} {how_long:?}: {why}"));
                }
            }
            // The process ended; the file is what was written. The next start finds a medium that works.
            let state = known.last().cloned().unwrap_or_default();
            verify(Disk::holding(disk.image()), &state, 100)
                .unwrap_or_else(|why| panic!("call {at_call} {how_long:?}: {why}"));
        }
    }
    println!("{calls} calls, each failing once and for ever: {ended} runs ended, {finished} finished, 0 lost");
    assert!(ended > 0);
}
