//! A new program on trial: it becomes ready in time, or the old one comes back.
//!
//! Promises: watched by a thread of its own, from before anything is opened; a start is counted durably before anything is tried,
//! so that a program that ends again and again is seen as well. Ready is who polls, or stands by, or has worked for a while when
//! Telegram answers nothing: an outage of Telegram's is no fault of the program.
//!
//! Never: an end of the process while the old program cannot be put back.

use super::{Failure, FailureKind};
use crate::config::Config;
use crate::counters::Counters;
use crate::jobs::update::{self, Note};
use crate::limits;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// A start on trial. Dropped before it is ready, the start was none.
#[derive(Debug)]
pub struct Trial {
    ready: SyncSender<()>,
}

/// Looks whether this start is on trial, and watches it then. Brings the database back when the old program is.
///
/// # Errors
/// When the old program was put back just now, so that this one must end; or the database cannot follow.
pub fn begin(config: &Config) -> Result<Option<Trial>, Failure> {
    let found = update::started(&config.data_dir, config.file.as_deref()).map_err(Failure::storage)?;
    let Some(note) = found else { return Ok(None) };
    if note.starts > limits::UPDATE_STARTS_MAX {
        let why = format!("it was started {} times and never became ready", limits::UPDATE_STARTS_MAX);
        if is_back(&config.data_dir, &note, &why) {
            let why = format!("Aegis {} was taken back, since {why}; start again: this is {} now", note.to, note.from);
            return Err(Failure { kind: FailureKind::Broken, why });
        }
    }
    let (ready, became) = sync_channel(1);
    let data_dir = config.data_dir.clone();
    tracing::info!(from = note.from, to = note.to, "updated; on trial for {} s", note.ready_s);
    let watched = std::thread::Builder::new().name("trial".to_owned()).stack_size(limits::STACK_BYTES);
    let watched = watched.spawn(move || watch(&data_dir, &note, &became));
    watched.map_err(|error| Failure::storage(format!("the watch over the update has no thread: {error}")))?;
    Ok(Some(Trial { ready }))
}

fn watch(data_dir: &Path, note: &Note, became: &Receiver<()>) {
    match became.recv_timeout(Duration::from_secs(note.ready_s)) {
        Ok(()) => match update::pass(data_dir) {
            Ok(()) => tracing::info!("the update to {} is good", note.to),
            Err(error) => tracing::error!(%error, "that the update is good cannot be written down"),
        },
        Err(RecvTimeoutError::Timeout) => {
            if is_back(data_dir, note, &format!("it was not ready within {} s", note.ready_s)) {
                // Whoever looks after the process starts the old one.
                std::process::exit(i32::from(FailureKind::Broken.code()));
            }
        }
        // It ends by itself, and says why.
        Err(RecvTimeoutError::Disconnected) => {}
    }
}

/// Puts the old program back; says whether it is.
fn is_back(data_dir: &Path, note: &Note, why: &str) -> bool {
    match update::take_back(data_dir, why) {
        Ok(Some(now)) if now.state == update::State::Back => {
            tracing::error!(why, "the update to {} is taken back; Aegis {} is in its place", note.to, note.from);
            true
        }
        Ok(_) => false,
        Err(error) => {
            tracing::error!(%error, why, "the old program cannot be put back from here; run `aegis update --back` as its owner");
            false
        }
    }
}

impl Trial {
    /// Waits until the appliance is ready, and says so.
    pub async fn pass(self, counters: Arc<Counters>) {
        let until = Instant::now() + Duration::from_millis(limits::UPDATE_STEADY_MS);
        let mut tick = tokio::time::interval(Duration::from_millis(limits::UPDATE_LOOK_MS));
        while counters.polls.get() == 0 && counters.standing_by.get() == 0 && Instant::now() < until {
            tick.tick().await;
        }
        // The watch is gone only when it has decided otherwise.
        let _late = self.ready.try_send(());
    }
}
