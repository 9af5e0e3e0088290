//! Watching over the appliance for the one who watches over the machine: ready, alive, closing; and waiting for the clock.
//!
//! Promises: `READY=1` is said when polling has begun, or the first run waits for its token; `WATCHDOG=1` only while the poller,
//! the journal and the dispatcher move, as [`crate::progress`] judges. Nothing that is dated is done before the clock is set.

use crate::checks::{TimeServer, may_date};
use crate::clock::Monotonic;
use crate::desk::Office;
use crate::limits;
use crate::machine;
use crate::progress::{self, Vigil};
use crate::systemd::Notify;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Tells the manager, for ever.
pub(super) async fn keep(manager: Notify, office: Arc<Office>) {
    let every = manager.watchdog().map_or(Duration::from_millis(limits::STATUS_MS), |patience| patience / 3);
    let most = Duration::from_millis(limits::STATUS_MS);
    let mut ready = tokio::time::interval(Duration::from_millis(limits::READY_LOOK_MS));
    let mut tick = tokio::time::interval(every.clamp(Duration::from_millis(1), most));
    let mut vigil = Vigil::default();
    loop {
        if vigil.is_ready() {
            tick.tick().await;
        } else {
            ready.tick().await;
        }
        let parts = progress::parts(&office.counters);
        let lines = vigil.turn(&parts, !office.bot.is_at_work(), office.clock.now().mono, &office.standing_in_words());
        if let Some(stuck) = vigil.newly_stuck() {
            tracing::error!("{stuck}: the watchdog is not fed any more, and the system restarts the program");
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        if let Err(error) = manager.tell(&lines) {
            tracing::debug!(%error, "the system's manager does not listen");
        }
    }
}

/// Whether what is dated now is dated rightly, after so long a wait.
pub(super) fn has_time(office: &Office, waited: Monotonic) -> bool {
    // In a process of others nobody waits for a server.
    let server =
        if office.rounds.is_own_process() { machine::time_server(Path::new("/")) } else { TimeServer::Unknown };
    may_date(office.clock.now().wall, server, waited.0)
}

/// Ready when the clock is set.
pub(super) async fn time(office: &Office) {
    let since = office.clock.now().mono;
    let mut look = tokio::time::interval(Duration::from_millis(limits::CLOCK_LOOK_MS));
    while !has_time(office, Monotonic(office.clock.now().mono.since_ms(since))) {
        look.tick().await;
    }
}
