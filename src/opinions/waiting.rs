//! Messages that are being asked about now, and those that wait for the answer to another.
//!
//! Promises: of messages with one key, or nearly one, a single one is asked about at a time (its *leader*); at most
//! `limits::WAITING_ROWS_MAX` rows in all; a row is answered or asked about once, never both. A friendly answer goes only
//! to those with the very same key; of the others one becomes the next leader.
//!
//! Never: a clock. Whoever waits too long is taken out by [`Waiting::leave`].

use super::Key;
use crate::limits;
use crate::opinion::View;

/// What to do with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Ask the model; tell [`Waiting::end`] how that ended.
    Ask,
    /// Wait: this row is being asked about, and its answer may be this one's as well.
    WaitFor(u64),
    /// As many as may wait do so already; begin again later.
    Full,
}

/// What follows from the end of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Rows that the same answer answers, in the order they came.
    pub answered: Vec<u64>,
    /// Rows to be asked about now; others wait for them.
    pub ask: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    id: u64,
    key: Key,
    /// Whom it waits for; itself when it is being asked about.
    leader: u64,
}

/// The rows, in the order they came.
#[derive(Debug, Default)]
pub struct Waiting {
    rows: Vec<Row>,
}

impl Waiting {
    /// Takes a row in. One that is in already gets the same answer again.
    pub fn begin(&mut self, key: Key, id: u64) -> Begun {
        if let Some(row) = self.rows.iter().find(|row| row.id == id) {
            return if row.leader == id { Begun::Ask } else { Begun::WaitFor(row.leader) };
        }
        if self.rows.len() >= limits::WAITING_ROWS_MAX {
            return Begun::Full;
        }
        let leader = self.leader_for(&key).unwrap_or(id);
        self.rows.push(Row { id, key, leader });
        if leader == id { Begun::Ask } else { Begun::WaitFor(leader) }
    }

    /// The call for `leader` ended with an answer, or with none. Nothing follows for a row that leads nobody.
    pub fn end(&mut self, leader: u64, view: Option<View>) -> Ended {
        let mut ended = Ended::default();
        let Some(led) = self.rows.iter().find(|row| row.id == leader && row.leader == leader).map(|row| row.key) else {
            return ended;
        };
        let (own, others): (Vec<Row>, Vec<Row>) = self.rows.drain(..).partition(|row| row.leader == leader);
        self.rows = others;
        for row in own.into_iter().filter(|row| row.id != leader) {
            let is_answered = match view {
                Some(View::Breach) => true,
                Some(View::Fine) => row.key.exact() == led.exact(),
                None => false,
            };
            if is_answered {
                ended.answered.push(row.id);
            } else if self.begin(row.key, row.id) == Begun::Ask {
                ended.ask.push(row.id);
            }
        }
        ended
    }

    /// Takes a row out that waits no longer. If it was being asked about, its call is given up: as [`Waiting::end`] with
    /// no answer.
    pub fn leave(&mut self, id: u64) -> Ended {
        let ended = self.end(id, None);
        self.rows.retain(|row| row.id != id);
        ended
    }

    /// Rows that are being asked about or wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn leader_for(&self, key: &Key) -> Option<u64> {
        let leaders = || self.rows.iter().filter(|row| row.leader == row.id);
        let same = leaders().find(|row| row.key.exact() == key.exact());
        let nearest = || {
            let alike = leaders().filter_map(|row| Some((row.key.likeness(key)?, row)));
            // Of two that are as near, the last.
            alike.max_by_key(|(shared, _)| *shared).map(|(_, row)| row)
        };
        same.or_else(nearest).map(|row| row.id)
    }
}
