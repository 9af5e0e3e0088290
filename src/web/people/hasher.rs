//! Hashing passwords, each on a thread whose stack is the room that the hash takes.
//!
//! Promises: one password at a time; whoever comes meanwhile is told so at once. When it is hashed, the room is the system's again.
//!
//! Never: a password kept. It is dropped with its answer.

use crate::access::password;
use crate::limits;
use crate::web::desk::{Desk, Refused, Told};
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

/// Whoever hashes a password holds it.
#[derive(Debug, Default)]
pub(super) struct Hasher(Mutex<()>);

impl Hasher {
    /// Does it, in turn with what else is large.
    ///
    /// # Errors
    /// [`Refused::Busy`] while another password is hashed.
    pub fn does(&self, desk: &dyn Desk, work: Work) -> Told<Done> {
        let _one = match self.0.try_lock() {
            Ok(one) => one,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(Refused::Busy("somebody else logs in at this moment; try again".to_owned(), 1));
            }
        };
        let (mut work, mut done) = (Some(work), None);
        desk.in_turn(&mut || done = work.take().and_then(hashed));
        done.ok_or_else(|| Refused::Unable("the password could not be looked at; try again".to_owned()))
    }
}

/// On a thread of its own, whose stack is the room; `None` when there can be none.
fn hashed(work: Work) -> Option<Done> {
    let thread = std::thread::Builder::new().name("password".to_owned()).stack_size(limits::PASSWORD_STACK_BYTES);
    let work = move || {
        crate::web::yields();
        // No part of the heap: what an allocator is given back of that size it keeps, or fills with what is small and stays.
        #[allow(clippy::large_stack_arrays)]
        let mut room = [password::Block::new(); password::ROOM_BLOCKS];
        match work {
            Work::Compare { given, hash } => Done::Is(password::is(&given, &hash, &mut room)),
            Work::Make { chosen, salt } => Done::Hash(password::hash(&chosen, &salt, &mut room)),
        }
    };
    thread.spawn(work).ok()?.join().ok()
}
