//! What is due by itself, without an update: summaries of cards, raids that are over.
//!
//! Promises: it looks every `limits::SWEEP_MS`; what follows is durable through the journal before anybody hears of it.
//!
//! Never: a wait for a network.

use crate::clock::Clock;
use crate::dispatch::task::{SharedBook, Word, lock};
use crate::journal::{Gone, Journal};
use crate::limits;
use crate::settle::SharedSettler;
use crate::shard::InForce;
use crate::store::Tick;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Who looks.
#[derive(Debug)]
pub struct Sweeper {
    /// What turns verdicts into promises, and counts cards.
    pub settler: SharedSettler,
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
        }
    }

    async fn sweep(&self) -> Result<(), Gone> {
        let tick = self.due();
        if !tick.matters() {
            return Ok(());
        }
        let committed = self.journal.commit(tick).await?;
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
        Tick { orders, ..Tick::default() }
    }
}
