//! The one thread that hashes passwords.
//!
//! Promises: one password at a time; whoever comes meanwhile is told so at once. It is always the same thread, since what an
//! allocator keeps of so large a piece it keeps for each thread that had one.
//!
//! Never: a password kept. It is dropped with its answer.

use crate::access::password;
use crate::limits;
use crate::web::desk::{Desk, Refused, Told};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, TryLockError};

/// What is to be done.
#[derive(Debug)]
pub(super) enum Work {
    /// Whether this is the password of this hash.
    Compare { given: String, hash: String },
    /// The hash of this password.
    Make { chosen: String, salt: [u8; 16] },
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Done {
    Is(bool),
    Hash(Option<String>),
}

struct Job {
    work: Work,
    reply: SyncSender<Done>,
}

/// The way to the thread, which is begun with the first password.
#[derive(Default)]
pub(super) struct Hasher(Mutex<Option<SyncSender<Job>>>);

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher")
    }
}

impl Hasher {
    /// Does it, in turn with what else is large.
    ///
    /// # Errors
    /// [`Refused::Busy`] while another password is hashed.
    pub fn does(&self, desk: &dyn Desk, work: Work) -> Told<Done> {
        let mut way = match self.0.try_lock() {
            Ok(way) => way,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(Refused::Busy("somebody else logs in at this moment; try again".to_owned(), 1));
            }
        };
        let (mut work, mut done) = (Some(work), None);
        desk.in_turn(&mut || {
            let Some(work) = work.take() else { return };
            if way.is_none() {
                *way = begin();
            }
            let (reply, answer) = sync_channel(1);
            let is_sent = way.as_ref().is_some_and(|way| way.send(Job { work, reply }).is_ok());
            done = if is_sent { answer.recv().ok() } else { None };
            if done.is_none() {
                // The thread is gone: the next password begins another.
                *way = None;
            }
        });
        done.ok_or_else(|| Refused::Unable("the password could not be looked at; try again".to_owned()))
    }
}

fn begin() -> Option<SyncSender<Job>> {
    let (way, jobs) = sync_channel::<Job>(1);
    let thread = std::thread::Builder::new().name("password".to_owned()).stack_size(limits::STACK_BYTES);
    let work = move || {
        crate::web::yields();
        while let Ok(Job { work, reply }) = jobs.recv() {
            let done = match work {
                Work::Compare { given, hash } => Done::Is(password::is(&given, &hash)),
                Work::Make { chosen, salt } => Done::Hash(password::hash(&chosen, &salt)),
            };
            // Whoever asked is waiting.
            let _unheard = reply.send(done);
        }
    };
    thread.spawn(work).ok().map(|_| way)
}
