//! What the dispatcher asks of chats: who administers them, what the bot may do there, what they are called.
//!
//! Promises: a chat's name is asked for when nothing else is to be done, one at a time.

use super::call::Next;
use super::lane::{Facts, Lane, Pick, sooner};
use super::outbox::{FlightKind, Outbox};
use crate::chats::ChatBook;
use crate::clock::{Monotonic, Now};
use crate::message::ChatId;
use crate::store::Tick;
use crate::store::records::ChatRecord;
use crate::verdict::ActionKind;

impl Outbox {
    /// Asks for a chat's administrators and the bot's own rights, soon, and for its title, when there is time.
    pub fn want_facts(&mut self, chat: ChatId, book: &ChatBook) {
        let lane = self.lane(chat, book);
        for facts in [&mut lane.administrators, &mut lane.linked] {
            if *facts == Facts::Settled {
                *facts = Facts::Wanted { at: Monotonic(0), tries: 0 };
            }
        }
    }

    /// Nothing is to be done: a chat is asked what it is called, one at a time.
    pub(super) fn ask_of_itself(&mut self, soonest: &mut Option<Monotonic>, now: Now, book: &ChatBook) -> Option<Next> {
        if self.flights.values().any(|flight| matches!(flight.kind, FlightKind::Linked { .. })) {
            return None;
        }
        if let Some(chore) = self.chores.pop_front() {
            let ticket = self.fly(ChatId(0), Vec::new(), FlightKind::Callback, now);
            return Some(Next::Call(ticket, chore));
        }
        let mut found = None;
        for (chat, lane) in &self.lanes {
            match lane.asks_of_itself_at() {
                Some(at) if at <= now.mono => {
                    found = Some((*chat, lane.linked));
                    break;
                }
                Some(at) => sooner(soonest, at),
                None => {}
            }
        }
        let (chat, Facts::Wanted { tries, .. }) = found? else { return None };
        self.start(chat, Pick::AskLinked { tries }, now, book)
    }

    /// What members may do, as the chat says: not while somebody has just changed it and will put it back.
    pub(super) fn learn_rights(&self, chat: ChatId, rights: Option<u16>, tick: &mut Tick) {
        let is_changed = |lane: &Lane| lane.measures.iter().any(|item| item.row.key.action == ActionKind::Permit);
        if !self.lanes.get(&chat).is_some_and(is_changed) {
            tick.group.rights.extend(rights.map(|rights| (chat, rights)));
        }
    }

    pub(super) fn settle_facts(&mut self, chat: ChatId, kind: FlightKind) {
        if let Some(lane) = self.lanes.get_mut(&chat) {
            match kind {
                FlightKind::Linked { .. } => lane.linked = Facts::Settled,
                _ => lane.administrators = Facts::Settled,
            }
        }
    }
}

/// Telegram would not say what was asked of a chat: its administrators count as asked for.
pub(super) fn no_facts(kind: FlightKind, chat: ChatId, now: Now, book: &mut ChatBook) -> Vec<(ChatId, ChatRecord)> {
    match kind {
        FlightKind::Administrators { .. } => vec![(chat, book.no_administrators(chat, now.wall).clone())],
        _ => {
            book.tells_nothing_of_itself(chat);
            Vec::new()
        }
    }
}
