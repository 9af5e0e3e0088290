//! What is told of the promised actions and the calls under way.
//!
//! Never: a change.

use super::call::Ticket;
use super::lane::{Item, Lane};
use super::outbox::Outbox;
use crate::clock::{Monotonic, Now, Wall};
use crate::message::ChatId;
use crate::tracer::Act;

impl Outbox {
    /// How many actions are promised and not yet at their end.
    #[must_use]
    pub fn rows(&self) -> usize {
        let waiting: usize = self.lanes.values().map(Lane::len).sum();
        waiting + self.flights.values().map(|flight| flight.items.len()).sum::<usize>()
    }

    /// How many calls are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// The actions of a call that is under way.
    pub(super) fn acts(&self, ticket: &Ticket) -> Vec<Act> {
        let items = self.flights.get(ticket).map(|flight| flight.items.as_slice()).unwrap_or_default();
        let act = |item: &Item| Act { key: item.row.key, trace: item.row.trace, attempts: item.row.attempts };
        items.iter().map(act).collect()
    }

    /// How long Telegram asked all calls to wait, milliseconds from now.
    #[must_use]
    pub const fn paused_ms(&self, now: Now) -> u64 {
        self.paused_until.since_ms(now.mono)
    }

    /// When the oldest waiting action arrived.
    #[must_use]
    pub fn oldest(&self) -> Option<Wall> {
        let waiting = self.lanes.values().flat_map(|lane| lane.items().filter(|item| has_come_due(item)));
        waiting.map(|item| item.row.received).min()
    }

    /// Whether calls are stopped because Telegram cannot be reached.
    #[must_use]
    pub const fn is_tripped(&self) -> bool {
        self.breaker.is_tripped()
    }

    /// Why nothing can go on: the token was refused.
    #[must_use]
    pub fn halted(&self) -> Option<&str> {
        self.halted.as_deref()
    }

    /// How each chat stands for which anything waits: actions, the arrival of the oldest, the end of its pause.
    pub fn standings(&self) -> impl Iterator<Item = (ChatId, u64, Option<Wall>, Monotonic)> + '_ {
        self.lanes.iter().map(|(chat, lane)| {
            let flying = self.flights.values().filter(|flight| flight.chat == *chat).flat_map(|flight| &flight.items);
            let (mut rows, mut oldest) = (0_u64, None::<Wall>);
            for item in lane.items().filter(|item| has_come_due(item)).chain(flying) {
                rows = rows.saturating_add(1);
                oldest = Some(oldest.map_or(item.row.received, |known| known.min(item.row.received)));
            }
            (*chat, rows, oldest, lane.paused_until)
        })
    }
}

/// Whether something is waited for: not what was given a time of its own, and was not tried yet.
const fn has_come_due(item: &Item) -> bool {
    item.row.not_before.0 == 0 || item.row.attempts > 0
}
