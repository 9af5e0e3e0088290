//! Actions that people took back.
//!
//! Promises: at most `limits::CANCELLED_KEPT` are remembered; the one taken back first is forgotten.
//!
//! Never: a word about what is durable. That an action need not be done is on storage before it comes here.

use crate::limits;
use crate::store::records::OutboxKey;
use std::collections::{BTreeSet, VecDeque};

/// The actions taken back of late: one of them may be under way, or on its way to the dispatcher.
#[derive(Debug, Default)]
pub(super) struct Cancelled {
    known: BTreeSet<OutboxKey>,
    order: VecDeque<OutboxKey>,
}

impl Cancelled {
    /// Remembers one.
    pub fn add(&mut self, key: OutboxKey) {
        if self.known.insert(key) {
            self.order.push_back(key);
        }
        while self.order.len() > limits::CANCELLED_KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Whether it was taken back.
    pub fn has(&self, key: &OutboxKey) -> bool {
        self.known.contains(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChatId, MessageId};
    use crate::verdict::ActionKind;

    #[test]
    fn the_one_taken_back_first_is_forgotten() {
        let key = |number| OutboxKey { chat: ChatId(-1), message: MessageId(number), action: ActionKind::Ban };
        let mut cancelled = Cancelled::default();
        let kept = i32::try_from(limits::CANCELLED_KEPT).expect("a small number");
        (0..=kept).for_each(|number| cancelled.add(key(number)));
        assert!(!cancelled.has(&key(0)) && cancelled.has(&key(1)) && cancelled.has(&key(kept)));
    }
}
