//! The desk: what people who look after groups are told, and what they may have done. The page, the API and the terminal ask
//! here and nowhere else.
//!
//! Promises: every question and order passes [`Office::gate`] before anything is read for it; an order is durable, through
//! the journal, before it is answered, and has its line in the audit log in the same commit.
//!
//! Never: the message path. The desk reads snapshots and tells the journal and the dispatcher what people want.

mod answers;
mod audit;
pub mod backups;
pub mod calls;
pub mod clerk;
mod decisions;
#[cfg(test)]
mod fixture;
mod listing;
mod members;
mod now;
mod people;
pub mod person;
mod pieces;
mod policy;
pub mod setup;
mod simulate;
pub mod system;
mod teach;
mod undo;
mod usage;
mod waiting;

pub use teach::Teacher;

use crate::access::{Caller, Denied, Role};
use crate::clock::Clock;
use crate::config::Config;
use crate::counters::Counters;
use crate::dispatch::task::{SharedBook, Word, lock};
use crate::herald::Receivers;
use crate::ingest::poll::Trouble;
use crate::journal::Journal;
use crate::journal::history::Notes;
use crate::message::ChatId;
use crate::reload::{SharedReloader, SharedStanding};
use crate::review::SharedLane;
use crate::settle::SharedSettler;
use crate::shard::InForce;
use crate::store::desk::{AuditDetail, DeskTick};
use crate::store::records::{Audit, OutboxRow};
use crate::store::{Committed, Snapshots, StoreError, Tick};
use crate::tenant::TenantName;
use crate::web::desk::{Refused, Told};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// The desk's inside.
#[derive(Debug)]
pub struct Office {
    /// The settings as of the start.
    pub config: Config,
    /// The counters.
    pub counters: Arc<Counters>,
    /// The clock.
    pub clock: Clock,
    /// Reads the file.
    pub snapshots: Snapshots,
    /// Writes it.
    pub journal: Journal,
    /// Carries out what people order.
    pub dispatch: mpsc::Sender<Word>,
    /// The book of chats.
    pub book: SharedBook,
    /// The slow lane, with what was spent.
    pub lane: SharedLane,
    /// The rules in force.
    pub in_force: InForce,
    /// What reads packs and settings, and compiles them: held by whoever changes the rules, and by nobody who only looks.
    pub reloader: SharedReloader,
    /// What was refused last.
    pub standing: SharedStanding,
    /// Held while somebody tries a change: one at a time.
    pub previewing: Arc<Mutex<()>>,
    /// Who teaches the learner.
    pub teacher: Teacher,
    /// The stored messages; `None` when none are stored.
    pub notes: Option<Notes>,
    /// The bot, and the way to begin with it.
    pub bot: setup::Bot,
    /// What hinders polling now.
    pub trouble: Trouble,
    /// How long a poll may be silent, milliseconds.
    pub poll_stale_ms: u64,
    /// Knows of warnings that are not durable yet.
    pub settler: SharedSettler,
    /// The machine as it was seen last.
    pub rounds: system::Rounds,
    /// One order at a time that looks before it changes.
    pub orders: Mutex<()>,
    /// What is known of backups.
    pub backups: backups::Backups,
    /// How receivers of webhooks stand.
    pub receivers: Receivers,
    /// How this board stands with its hub.
    pub sync: crate::sync::SharedSeen,
    /// Signed calls of programs.
    pub calls: calls::Calls,
    /// Where the desk waits for the journal: it is asked from threads of its own.
    pub runtime: tokio::runtime::Handle,
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Unable(error.to_string())
    }
}

impl Office {
    /// The one gate: whether a caller may do what takes `role`, to what belongs to a chat.
    ///
    /// # Errors
    /// [`Refused::Denied`].
    pub fn gate(&self, caller: &Caller, role: Role, chat: ChatId) -> Told<()> {
        Ok(caller.may(role, Some(&self.tenant_of(chat)))?)
    }

    /// The gate for what may not be there: to whoever does not see everything, what is not there is as foreign as the rest.
    ///
    /// # Errors
    /// [`Refused::Denied`] or [`Refused::Missing`].
    pub fn gate_found<T>(&self, caller: &Caller, role: Role, found: Option<T>, chat: impl Fn(&T) -> ChatId) -> Told<T> {
        match found {
            Some(found) => {
                self.gate(caller, role, chat(&found))?;
                Ok(found)
            }
            None => {
                caller.may(role, None).map_err(|Denied| Refused::Denied)?;
                Err(Refused::Missing)
            }
        }
    }

    /// The tenant of that name, for a caller who may do what takes `role` to it.
    ///
    /// # Errors
    /// [`Refused::Denied`] or [`Refused::Missing`], as [`Office::gate_found`].
    pub fn tenant(&self, caller: &Caller, role: Role, name: &str) -> Told<TenantName> {
        let known = TenantName::new(name).filter(|name| self.in_force.now().tenants.named(name).is_some());
        match known {
            Some(name) => {
                caller.may(role, Some(&name))?;
                Ok(name)
            }
            None => {
                caller.may(role, None)?;
                Err(Refused::Missing)
            }
        }
    }

    /// Who owns a chat.
    #[must_use]
    pub fn tenant_of(&self, chat: ChatId) -> TenantName {
        self.in_force.now().tenants.of(self.current(chat)).name.clone()
    }

    /// Where a chat is now: a group that became a supergroup has a new number.
    #[must_use]
    pub fn current(&self, chat: ChatId) -> ChatId {
        lock(&self.book).current(chat)
    }

    /// What a group is called; empty when that is not known.
    #[must_use]
    pub fn title_of(&self, chat: ChatId) -> String {
        let book = lock(&self.book);
        book.title(book.current(chat)).to_owned()
    }

    /// Waits until no other order looks and changes.
    fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line for the audit log, dated now.
    #[must_use]
    pub fn audit_line(
        &self,
        caller: &Caller,
        tenant: Option<TenantName>,
        what: impl Into<String>,
        before: impl Into<String>,
        after: impl Into<String>,
    ) -> (Audit, AuditDetail) {
        let entry = Audit { at: self.clock.now().wall, who: caller.told(), what: what.into() };
        (entry, AuditDetail { tenant, before: before.into(), after: after.into() })
    }

    /// Makes what people ordered durable, and hands new rows to the dispatcher. Called from threads that may wait.
    ///
    /// # Errors
    /// [`Refused::Unable`] when storage is gone; then nothing was changed.
    pub fn commit(&self, mut tick: Tick) -> Told<Committed> {
        self.settler.lock().ordered(&mut tick);
        let (cancelled, bans) = (tick.dropped.clone(), tick.group.bans.clone());
        let committed = self
            .runtime
            .block_on(self.journal.commit(tick))
            .map_err(|gone| Refused::Unable(format!("nothing was changed: {gone}")))?;
        self.settler.lock().has_ordered(&bans);
        // The dispatcher hears first what is taken back, and then of new rows.
        if !cancelled.is_empty() {
            self.tell(Word::Cancel(cancelled));
        }
        let rows: Vec<OutboxRow> = committed.accepted.iter().chain(&committed.revived).cloned().collect();
        if !rows.is_empty() {
            self.tell(Word::Rows(rows));
        }
        Ok(committed)
    }

    /// As [`Office::commit`], for what has no rows.
    ///
    /// # Errors
    /// As [`Office::commit`].
    pub fn commit_desk(&self, desk: DeskTick) -> Told<()> {
        self.commit(Tick { desk, ..Tick::default() }).map(drop)
    }

    /// Tells the dispatcher, and waits until it has room to hear. What it is told is durable already: when it is not there, it reads it at its next start.
    pub fn tell(&self, word: Word) {
        if self.runtime.block_on(self.dispatch.send(word)).is_err() {
            tracing::debug!("the dispatcher did not hear what the desk told it; it is on storage");
        }
    }
}
