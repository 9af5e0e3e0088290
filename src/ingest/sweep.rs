//! What is due by itself, without an update: summaries of cards, raids that are over, lists of known spammers that changed.
//!
//! Promises: it looks every `limits::SWEEP_MS`; what follows is durable through the journal before anybody hears of it. A list
//! is read beside the one in use, on a thread that may wait.
//!
//! Never: a wait for a network.

use super::door::{Listed, SharedDoor};
use crate::clock::Clock;
use crate::clock::Wall;
use crate::dispatch::task::{SharedBook, Word, lock};
use crate::journal::{Gone, Journal};
use crate::limits;
use crate::lists::ids::{Age, IdLists};
use crate::settle::SharedSettler;
use crate::shard::InForce;
use crate::store::Tick;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Who looks.
#[derive(Debug)]
pub struct Sweeper {
    /// What turns verdicts into promises, and counts cards.
    pub settler: SharedSettler,
    /// The door of all groups.
    pub door: SharedDoor,
    /// The lists of known spammers.
    pub lists: SharedLists,
    /// Where they lie.
    pub folder: PathBuf,
    /// The rules in force.
    pub in_force: InForce,
    /// The book of chats.
    pub book: SharedBook,
    /// Where promises become durable.
    pub journal: Journal,
    /// The dispatcher.
    pub dispatch: mpsc::Sender<Word>,
    /// The clock.
    pub clock: Clock,
}

impl Sweeper {
    /// Looks until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pulse = tokio::time::interval(Duration::from_millis(limits::SWEEP_MS));
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*stop.borrow() {
            tokio::select! {
                _ = pulse.tick() => {}
                _ = stop.changed() => return,
            }
            if self.sweep().await.is_err() {
                return;
            }
            self.read_lists().await;
        }
    }

    async fn sweep(&self) -> Result<(), Gone> {
        let tick = self.due();
        if !tick.matters() {
            return Ok(());
        }
        let dropped = tick.dropped.clone();
        let committed = self.journal.commit(tick).await?;
        if !dropped.is_empty() {
            self.dispatch.send(Word::Cancel(dropped)).await.map_err(|_| Gone)?;
        }
        if committed.accepted.is_empty() {
            return Ok(());
        }
        // A dispatcher that is gone has already said why; the rows are durable.
        self.dispatch.send(Word::Rows(committed.accepted)).await.map_err(|_| Gone)
    }

    /// What is due now.
    fn due(&self) -> Tick {
        let (rulebook, now) = (self.in_force.now(), self.clock.now());
        let book = lock(&self.book);
        let frame = |group| (rulebook.manners(group).language, book.title(group).to_owned());
        let orders = self.settler.lock().cards.summaries(frame, now);
        let mut tick = Tick { orders, ..Tick::default() };
        tick.absorb(self.door.lock().tick(&rulebook, &book, now));
        tick
    }

    /// Reads the lists anew when their files changed.
    async fn read_lists(&self) {
        if self.lists.now().same_as_on_disk() {
            return;
        }
        let (lists, folder, now) = (self.lists.clone(), self.folder.clone(), self.clock.now().wall);
        if tokio::task::spawn_blocking(move || lists.read(&folder, now)).await.is_err() {
            tracing::error!("the lists of known spammers could not be read; the old ones stay");
        }
    }
}

/// The lists of known spammers, whole, as of their last reading.
#[derive(Clone, Debug, Default)]
pub struct SharedLists(Arc<Mutex<IdLists>>);

impl SharedLists {
    fn lock(&self) -> MutexGuard<'_, IdLists> {
        // Nothing panics while holding it; a poisoned one still holds a whole value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lists as of now.
    #[must_use]
    pub fn now(&self) -> IdLists {
        self.lock().clone()
    }

    /// Reads the lists of a folder, and says what is wrong with them. Waits for the disk.
    pub fn read(&self, folder: &Path, now: Wall) {
        let loaded = IdLists::load(folder, now);
        loaded.told.iter().for_each(|line| tracing::warn!("{line}"));
        let lists = loaded.lists.iter().count();
        if lists > 0 {
            tracing::info!(lists, "lists of known spammers are in force");
        }
        *self.lock() = loaded.lists;
    }

    /// What the door asks: the list somebody is on. A list that cannot be read has nobody, and that is said.
    #[must_use]
    pub fn asked(&self, clock: Clock) -> Listed {
        let lists = self.clone();
        Arc::new(move |user| match lists.now().listed(user, clock.now().wall) {
            Ok(listed) => listed.map(|listed| match listed.age {
                Age::Fresh => listed.list.to_string(),
                Age::Stale => format!("{} (stale)", listed.list),
            }),
            Err(unanswered) => {
                tracing::warn!(list = &*unanswered.list, "a list of known spammers cannot be read: {}", unanswered.why);
                None
            }
        })
    }
}
