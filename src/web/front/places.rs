//! Who makes room: connections that dawdle, and bodies that are long in coming.
//!
//! Promises: whoever sends a whole request at once, and takes its answer, is served, however many others send half of one.
//!
//! Never: room made by one that waits for the server.

use crate::limits;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// How far a conversation is.
#[derive(Debug, Default)]
pub(super) struct Stage(AtomicU8);

impl Stage {
    /// It waits for the server.
    pub fn is_served(&self) {
        self.0.store(1, Ordering::Release);
    }

    /// It has the answer, or a refusal, and takes its time.
    pub fn dawdles(&self) {
        self.0.store(0, Ordering::Release);
    }

    /// It has become a stream, which has a place of its own.
    pub fn streams(&self) {
        self.0.store(2, Ordering::Release);
    }
}

/// The conversations under way, oldest first.
#[derive(Debug, Default)]
pub(super) struct Conversations(VecDeque<(Arc<Stage>, AbortHandle)>);

impl Conversations {
    /// One more.
    pub fn add(&mut self, stage: Arc<Stage>, task: AbortHandle) {
        self.0.retain(|(stage, task)| stage.0.load(Ordering::Acquire) < 2 && !task.is_finished());
        self.0.push_back((stage, task));
    }

    /// Ends the one that has been dawdling for longest; false when none dawdles.
    pub fn end_slowest(&mut self) -> bool {
        let dawdles =
            |(stage, task): &(Arc<Stage>, AbortHandle)| stage.0.load(Ordering::Acquire) == 0 && !task.is_finished();
        let slowest = self.0.iter().position(dawdles).and_then(|at| self.0.remove(at));
        if let Some((_, task)) = &slowest {
            task.abort();
        }
        slowest.is_some()
    }
}

/// The large bodies under way, oldest first.
#[derive(Debug, Default)]
pub(super) struct Bodies(Mutex<VecDeque<Arc<Notify>>>);

/// The place of one large body.
#[derive(Debug)]
pub(super) struct Body<'a> {
    bodies: &'a Bodies,
    own: Arc<Notify>,
}

impl Bodies {
    /// A place, for which the oldest makes room if it must.
    pub fn take(&self) -> Body<'_> {
        let own = Arc::new(Notify::new());
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= limits::WEB_LARGE_BODIES_MAX
            && let Some(oldest) = places.pop_front()
        {
            oldest.notify_one();
        }
        places.push_back(Arc::clone(&own));
        Body { bodies: self, own }
    }
}

impl Body<'_> {
    /// Returns when another needs the place.
    pub async fn is_needed(&self) {
        self.own.notified().await;
    }
}

impl Drop for Body<'_> {
    fn drop(&mut self) {
        let mut places = self.bodies.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|place| !Arc::ptr_eq(place, &self.own));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_large_body_makes_room_and_no_other() {
        let bodies = Bodies::default();
        let mut held: Vec<Body<'_>> = (0..limits::WEB_LARGE_BODIES_MAX).map(|_| bodies.take()).collect();
        let further = bodies.take();
        held.remove(0).is_needed().await;
        // Its place went to the further one; when that is given back, nobody else has to go.
        drop(further);
        let _fits = bodies.take();
        for body in &held {
            let told = tokio::time::timeout(std::time::Duration::ZERO, body.is_needed()).await;
            assert!(told.is_err(), "nobody else was asked to go");
        }
    }
}
