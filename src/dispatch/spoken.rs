//! What was said and copied: what follows once Telegram has given it a number, and what waits for it meanwhile.
//!
//! Promises: a deletion waits for the copy of its message, but no longer than `limits::COPY_WAIT_MS`; a card answers to the
//! copy, when there is one; what is to be tidied away has its removal promised in the commit that confirms it.
//!
//! Never: a call.

use super::lane::Item;
use super::outbox::Outbox;
use crate::clock::{Monotonic, Now};
use crate::limits;
use crate::message::{ChatId, MessageId, Sender};
use crate::store::Tick;
use crate::store::group::CardRecord;
use crate::store::records::{Detail, OutboxKey, OutboxRow};
use crate::verdict::ActionKind;
use std::collections::BTreeMap;

/// Messages that are being copied, and until when their deletion waits for that.
#[derive(Debug, Default)]
pub(super) struct Copies {
    held: BTreeMap<(ChatId, MessageId), Monotonic>,
}

impl Copies {
    /// A copy was promised.
    pub fn promised(&mut self, row: &OutboxRow, now: Monotonic) {
        if let Detail::Copied { from, message } = row.detail {
            self.held.retain(|_, until| *until > now);
            self.held.insert((from, message), now.plus_ms(limits::COPY_WAIT_MS));
        }
    }

    /// It is made, or will not be.
    pub fn ended(&mut self, row: &OutboxRow) {
        if let Detail::Copied { from, message } = row.detail {
            self.held.remove(&(from, message));
        }
    }

    /// Until when a duty about a message waits.
    pub fn held(&self, chat: ChatId, message: MessageId) -> Option<Monotonic> {
        // Nearly always nothing is.
        if self.held.is_empty() {
            return None;
        }
        self.held.get(&(chat, message)).copied()
    }
}

impl Outbox {
    /// Something has a number now.
    pub(super) fn sent(&mut self, chat: ChatId, items: &[Item], message: MessageId, now: Now, tick: &mut Tick) {
        for Item { row, .. } in items {
            match (row.key.action, &row.detail) {
                (ActionKind::Copy, _) => self.answer_to(chat, row.key.message, message, tick),
                (ActionKind::Card, _) => tick.group.cards.push((row.decision, CardRecord { chat, message })),
                (_, Detail::Said { expires_s, .. }) if *expires_s > 0 => {
                    let key = OutboxKey { chat, message, action: ActionKind::Clean };
                    let not_before = now.wall.plus_ms(u64::from(*expires_s).saturating_mul(1_000));
                    let removal = OutboxRow::new(key, Sender::Nobody, now.wall, row.trace);
                    tick.orders.push(OutboxRow { not_before, ..removal });
                }
                _ => {}
            }
        }
    }

    /// The card of a decision answers to the copy of its message.
    fn answer_to(&mut self, chat: ChatId, of: MessageId, copy: MessageId, tick: &mut Tick) {
        let Some(lane) = self.lanes.get_mut(&chat) else { return };
        let is_card = |item: &&mut Item| item.row.key.action == ActionKind::Card && item.row.key.message == of;
        let Some(card) = lane.notices.iter_mut().find(is_card) else { return };
        if let Detail::Card { copy: answered, .. } = &mut card.row.detail {
            *answered = copy;
            tick.changed.push(card.row.clone());
        }
    }
}
