//! Keeping the last messages seen: a bounded queue, and a thread of its own that writes it down now and then.
//!
//! Promises: whoever adds a message never waits for storage; when the queue is full the oldest is dropped and counted.
//! There is at most one commit in `limits::HISTORY_RIDE_S`, and one at the end, so that harmless messages do not wear
//! the card. Whatever happens to the file, the appliance goes on.
//!
//! Never: a promise that a message is kept.

use crate::counters::Counters;
use crate::limits;
use crate::message::Message;
use crate::opinion::Opinion;
use crate::opinions::Key;
use crate::store::StoreError;
use crate::store::history::{History, HistoryReader, Kept, KeptOpinion};
use crate::store::io::IoCount;
use crate::verdict::Verdict;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Messages that wait to be written.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Kept>,
    bytes: usize,
}

impl Queue {
    /// Adds a message; returns how many of the oldest had to go.
    pub fn push(&mut self, kept: Kept) -> u64 {
        self.bytes = self.bytes.saturating_add(kept.bytes());
        self.waiting.push_back(kept);
        let mut dropped = 0;
        while self.bytes > limits::HISTORY_QUEUE_BYTES_MAX {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
            dropped += 1;
        }
        dropped
    }

    /// Takes out what is to be forgotten.
    fn forget(&mut self, goes: &Goes) {
        let bytes = &mut self.bytes;
        self.waiting.retain(|kept| {
            let goes = goes(kept);
            if goes {
                *bytes = bytes.saturating_sub(kept.bytes());
            }
            !goes
        });
    }

    /// Takes everything out, oldest first.
    pub fn take(&mut self) -> Vec<Kept> {
        self.bytes = 0;
        self.waiting.drain(..).collect()
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct State {
    queue: Queue,
    opinions: VecDeque<KeptOpinion>,
    reader: Option<HistoryReader>,
    closing: bool,
    /// What is to be forgotten, and who is told how many messages that were.
    goes: Vec<(Goes, SyncSender<u64>)>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("waiting", &self.queue.waiting.len()).finish_non_exhaustive()
    }
}

/// The way to the thread that keeps messages.
#[derive(Clone, Debug)]
pub struct Notes {
    shared: Arc<Shared>,
}

/// The thread; joined when the appliance closes.
#[derive(Debug)]
pub struct Keeper {
    notes: Notes,
    thread: std::thread::JoinHandle<()>,
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    // Nothing panics while holding it; a poisoned one still holds whole values.
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a message is to be forgotten.
pub type Goes = Box<dyn Fn(&Kept) -> bool + Send>;

/// What is done with the opinions of an earlier life, once the file is open.
pub type Remember = Box<dyn FnOnce(Vec<KeptOpinion>) + Send>;

/// Starts to keep at most `messages_max` messages in the file in `dir`, and opinions with them. `remember` gets those of an
/// earlier life.
///
/// # Errors
/// When the thread cannot be started.
pub fn start(
    dir: PathBuf,
    messages_max: u64,
    counters: Arc<Counters>,
    io: Arc<IoCount>,
    remember: Remember,
) -> std::io::Result<(Notes, Keeper)> {
    let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new(), counters });
    let notes = Notes { shared: Arc::clone(&shared) };
    let thread = std::thread::Builder::new()
        .name("history".to_owned())
        .stack_size(limits::STACK_BYTES)
        .spawn(move || write_down(&shared, &Place { dir, messages_max, io }, remember))?;
    Ok((notes.clone(), Keeper { notes, thread }))
}

impl Notes {
    /// Adds a message and its verdict.
    pub fn note(&self, message: &Message, verdict: &Verdict) {
        let kept = Kept::of(message, verdict);
        let dropped = lock(&self.shared).queue.push(kept);
        self.shared.counters.history_dropped.add(dropped);
        self.shared.wake.notify_one();
    }

    /// Adds an opinion, for a message of the date `dated_s`.
    pub fn opinion(&self, key: Key, opinion: Opinion, dated_s: u64) {
        let mut state = lock(&self.shared);
        state.opinions.push_back((key, opinion, dated_s));
        while state.opinions.len() > limits::OPINIONS_WAITING_MAX {
            state.opinions.pop_front();
        }
        drop(state);
        self.shared.wake.notify_one();
    }

    /// Forgets messages: those that wait at once, and those that are written down by the thread. What is given back tells how
    /// many those were; it tells nothing when the file cannot be written. Further orders than `limits::FORGET_WAITING_MAX` are
    /// refused in the same way.
    #[must_use]
    pub fn forget(&self, goes: Goes) -> Receiver<u64> {
        let (told, answer) = sync_channel(1);
        let mut state = lock(&self.shared);
        state.queue.forget(&goes);
        if state.goes.len() < limits::FORGET_WAITING_MAX {
            state.goes.push((goes, told));
        }
        drop(state);
        self.shared.wake.notify_one();
        answer
    }

    /// Those that are written down, once the file is open, and those that still wait.
    #[must_use]
    pub fn all(&self) -> (Option<HistoryReader>, Vec<Kept>) {
        let state = lock(&self.shared);
        (state.reader.clone(), state.queue.waiting.iter().cloned().collect())
    }
}

impl Keeper {
    /// Writes down what waits, and ends the thread.
    pub fn close(self) {
        lock(&self.notes.shared).closing = true;
        self.notes.shared.wake.notify_one();
        if self.thread.join().is_err() {
            tracing::warn!("the message history ended early; it is replaced at the next start if it is damaged");
        }
    }
}

/// Where the history lies, how much of it, and where its cost is counted.
struct Place {
    dir: PathBuf,
    messages_max: u64,
    io: Arc<IoCount>,
}

fn open(shared: &Shared, place: &Place) -> Result<History, StoreError> {
    let (history, why) = History::open(&place.dir, place.messages_max, limits::HISTORY_BYTES_MAX, &place.io)?;
    if let Some(why) = why {
        tracing::warn!(why, "the message history was damaged; an empty one was begun");
    }
    lock(shared).reader = Some(history.reader());
    Ok(history)
}

/// The thread: waits for messages and for its time, and writes them down together.
fn write_down(shared: &Shared, place: &Place, remember: Remember) {
    let ride = Duration::from_secs(limits::HISTORY_RIDE_S);
    let mut history: Option<History> = None;
    let mut remember = Some(remember);
    let mut due = Instant::now() + ride;
    loop {
        if history.is_none() {
            match open(shared, place) {
                Ok(opened) => {
                    match (opened.opinions(), remember.take()) {
                        (Ok(opinions), Some(remember)) => remember(opinions),
                        (Err(error), _) => tracing::warn!(%error, "remembered opinions cannot be read"),
                        (Ok(_), None) => {}
                    }
                    history = Some(opened);
                }
                Err(error) => tracing::warn!(%error, "the message history cannot be opened; it is tried again"),
            }
        }
        let (batch, opinions, closing) = wait(shared, due);
        if let Some(open) = &mut history
            && !(batch.is_empty() && opinions.is_empty())
            && let Err(error) = open.append(&batch, &opinions)
        {
            tracing::warn!(%error, "the message history cannot be written; it is opened anew");
            lock(shared).reader = None;
            history = None;
            shared.counters.history_dropped.add(u64::try_from(batch.len()).unwrap_or(u64::MAX));
        }
        if let Some(open) = &mut history {
            forget(shared, open);
        }
        if closing {
            return;
        }
        if due.saturating_duration_since(Instant::now()).is_zero() {
            due = Instant::now() + ride;
        }
    }
}

/// Forgets what is to be forgotten.
fn forget(shared: &Shared, history: &mut History) {
    let asked = std::mem::take(&mut lock(shared).goes);
    for (goes, told) in asked {
        match history.forget(&goes) {
            // Whoever asked may be gone.
            Ok(count) => drop(told.send(count)),
            Err(error) => {
                tracing::warn!(%error, "stored messages cannot be forgotten; it is tried again at the next look")
            }
        }
    }
}

/// Waits until it is time and there is something to write, or until closing. Takes what there is.
fn wait(shared: &Shared, due: Instant) -> (Vec<Kept>, Vec<KeptOpinion>, bool) {
    let mut state = lock(shared);
    loop {
        let left = due.saturating_duration_since(Instant::now());
        // With no file open the time alone is enough: it is tried again.
        let has_some = !state.queue.waiting.is_empty() || !state.opinions.is_empty();
        let ready = left.is_zero() && (has_some || state.reader.is_none());
        if !state.goes.is_empty() && state.reader.is_some() && !state.closing {
            return (Vec::new(), Vec::new(), false);
        }
        if state.closing || ready {
            if state.reader.is_none() {
                return (Vec::new(), Vec::new(), state.closing);
            }
            return (state.queue.take(), state.opinions.drain(..).collect(), state.closing);
        }
        let patience = if left.is_zero() { Duration::from_secs(limits::HISTORY_RIDE_S) } else { left };
        let waited = shared.wake.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
        state = waited.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChatId, MessageId, Sender, SurfaceKind, UserId};

    fn message(number: u64, text: &str) -> Message {
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        message.sent_s = number;
        message.push(SurfaceKind::Text, text);
        message
    }

    #[test]
    fn a_full_queue_drops_the_oldest_and_says_how_many() {
        let mut queue = Queue::default();
        let text = "x".repeat(4_000);
        let dropped: u64 =
            (0..1_000).map(|number| queue.push(Kept::of(&message(number, &text), &Verdict::default()))).sum();
        assert!(queue.bytes <= limits::HISTORY_QUEUE_BYTES_MAX);
        let left = queue.take();
        assert_eq!(left.first().map(|kept| kept.sent_s), Some(dropped));
        assert_eq!(left.last().map(|kept| kept.sent_s), Some(999));
        assert_eq!(left.len(), 1_000 - usize::try_from(dropped).unwrap());
    }

    #[test]
    fn what_waits_when_the_appliance_closes_is_written_down() {
        let dir = tempfile::tempdir().unwrap();
        let counters = Arc::new(Counters::default());
        let (notes, keeper) =
            start(dir.path().to_owned(), 5, Arc::clone(&counters), Arc::default(), Box::new(drop)).unwrap();
        for number in 0..8 {
            notes.note(&message(number, "hello"), &Verdict::default());
        }
        drop(notes);
        keeper.close();
        let reader = HistoryReader::open(dir.path()).unwrap().unwrap();
        let found: Vec<u64> = reader.from(0, 100).unwrap().into_iter().map(|(_, kept)| kept.sent_s).collect();
        assert_eq!((found, counters.history_dropped.get()), ((3..8).collect(), 0));
    }

    #[test]
    fn a_folder_that_cannot_be_written_stops_nobody() {
        let (notes, keeper) =
            start(PathBuf::from("/proc/nowhere"), 5, Arc::default(), Arc::default(), Box::new(drop)).unwrap();
        notes.note(&message(1, "hello"), &Verdict::default());
        keeper.close();
    }
}
