//! What waits for somebody: actions given up, and messages nobody has decided.
//!
//! Promises: what is tried again or decided is durable before it is answered, with its line in the audit log.

use super::Office;
use super::listing::{Listing, cursor};
use crate::access::{Caller, Denied, Role};
use crate::limits;
use crate::message::{ChatId, MessageId, Sender};
use crate::store::Tick;
use crate::store::desk::DeskTick;
use crate::store::records::{DeadLetter, OutboxKey, OutboxRow, Undecided};
use crate::verdict::{ActionKind, PlannedAction};
use crate::web::desk::{Refused, Told};
use crate::web::views::{DeadLetterView, Listed, UndecidedView};

impl Office {
    /// Actions given up in the caller's tenants, newest first. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn dead_letters(&self, caller: &Caller, from: Option<&str>) -> Told<Listed<DeadLetterView>> {
        caller.is_at_least(Role::Viewer)?;
        let below = cursor(from)?;
        let mut listing = Listing::of(limits::PAGE_ROWS_MAX);
        self.snapshots.dead_letters_before(below, |number, letter| {
            let is_shown = self.gate(caller, Role::Viewer, letter.row.key.chat).is_ok();
            listing.saw(number, is_shown.then(|| self.dead_letter_view(number, letter)))
        })?;
        Ok(listing.done())
    }

    fn dead_letter_view(&self, number: u64, letter: DeadLetter) -> DeadLetterView {
        let row = letter.row;
        DeadLetterView {
            number,
            words: PlannedAction { kind: row.key.action, seconds: row.seconds }.words(),
            group: self.current(row.key.chat).0,
            group_title: self.title_of(row.key.chat),
            message: row.key.message.0,
            why: letter.why,
            at_s: letter.at.seconds(),
            trace: row.trace.to_string(),
        }
    }

    /// Tries one again. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn retry_dead_letter(&self, caller: &Caller, number: u64) -> Told<()> {
        let (letter, _one) = (self.found_dead_letter(caller, number)?, self.one_at_a_time());
        let tick =
            Tick { revived: vec![number], desk: self.told_of(caller, "retried", number, &letter), ..Tick::default() };
        let committed = self.commit(tick)?;
        if committed.revived.is_empty() { Err(gone(number)) } else { Ok(()) }
    }

    /// Removes one for good. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn drop_dead_letter(&self, caller: &Caller, number: u64) -> Told<()> {
        let (letter, _one) = (self.found_dead_letter(caller, number)?, self.one_at_a_time());
        if self.snapshots.dead_letter(number)?.is_none() {
            return Err(gone(number));
        }
        let desk = self.told_of(caller, "dropped", number, &letter);
        self.commit(Tick { discarded: vec![number], desk, ..Tick::default() }).map(drop)
    }

    fn found_dead_letter(&self, caller: &Caller, number: u64) -> Told<DeadLetter> {
        caller.is_at_least(Role::Admin).map_err(|Denied| Refused::Denied)?;
        self.gate_found(caller, Role::Admin, self.snapshots.dead_letter(number)?, |letter| letter.row.key.chat)
    }

    fn told_of(&self, caller: &Caller, verb: &str, number: u64, letter: &DeadLetter) -> DeskTick {
        let key = letter.row.key;
        let action = PlannedAction { kind: key.action, seconds: letter.row.seconds }.words();
        let before = format!("{action}, message {} of group {}: {}", key.message.0, key.chat.0, letter.why);
        let tenant = Some(self.tenant_of(key.chat));
        let line = self.audit_line(caller, tenant, format!("{verb}: dead letter {number}"), before, verb);
        DeskTick { audit: vec![line], ..DeskTick::default() }
    }

    /// Messages nobody has decided in the caller's tenants: in quarantine, or waiting for a model. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn undecided(&self, caller: &Caller) -> Told<Vec<UndecidedView>> {
        caller.is_at_least(Role::Viewer)?;
        let own = |chat| self.gate(caller, Role::Viewer, chat).is_ok();
        let view = |row: Undecided, kind: &str| {
            let chat = self.current(row.chat);
            UndecidedView {
                id: format!("{}.{}", row.chat.0, row.message.0),
                group: chat.0,
                group_title: self.title_of(chat),
                message: row.message.0,
                at_s: row.at.seconds(),
                why: row.why,
                excerpt: caller.reads_texts().then_some(row.excerpt),
                kind: kind.to_owned(),
            }
        };
        let quarantined = self.snapshots.undecided()?.into_iter().filter(|row| own(row.chat));
        let mut told: Vec<UndecidedView> = quarantined.map(|row| view(row, "quarantine")).collect();
        let waiting = self.snapshots.reviews(|row| {
            own(row.chat).then(|| Undecided {
                chat: row.chat,
                message: row.message,
                at: row.at,
                why: "the rules are unsure, and a model is asked".to_owned(),
                trace: row.trace,
                excerpt: row.excerpt(),
            })
        })?;
        told.extend(waiting.into_iter().flatten().map(|row| view(row, "model")));
        told.sort_by_key(|row| row.at_s);
        told.truncate(limits::UNDECIDED_SHOWN);
        Ok(told)
    }

    /// Decides one that is in quarantine: `remove` deletes the message, `leave` lets it be. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn decide(&self, caller: &Caller, id: &str, what: &str) -> Told<()> {
        caller.is_at_least(Role::Admin).map_err(|Denied| Refused::Denied)?;
        let key = key_of(id);
        let find = || match key {
            Some((chat, message)) => self.snapshots.undecided_one(chat, message),
            None => Ok(None),
        };
        let found = find()?;
        if let (None, Some((chat, message))) = (&found, key)
            && self.snapshots.review(chat, message)?.is_some()
        {
            self.gate(caller, Role::Admin, chat)?;
            return Err(Refused::Conflict("it waits for a model, which decides it, or the fallback does".to_owned()));
        }
        let row = self.gate_found(caller, Role::Admin, found, |row| row.chat)?;
        let removes = match what {
            "remove" => true,
            "leave" => false,
            _ => return Err(Refused::field("what", "known: remove, leave")),
        };
        let _one = self.one_at_a_time();
        if find()?.is_none() {
            return Err(Refused::Conflict("somebody else has just decided it".to_owned()));
        }
        let told = if removes { "removed" } else { "left" };
        let about = format!("decided: message {} of group {}", row.message.0, row.chat.0);
        let line = self.audit_line(caller, Some(self.tenant_of(row.chat)), about, row.why.clone(), told);
        let orders = if removes { vec![self.removal(&row)] } else { Vec::new() };
        let desk = DeskTick { decided: vec![(row.chat, row.message)], audit: vec![line], ..DeskTick::default() };
        self.commit(Tick { orders, desk, ..Tick::default() }).map(drop)
    }

    fn removal(&self, row: &Undecided) -> OutboxRow {
        let (chat, message) = (self.current(row.chat), row.message);
        let key = OutboxKey { chat, message, action: ActionKind::Delete };
        // Who sent it is not kept: a person has looked, and only the message goes.
        let target = Sender::Member(crate::message::UserId(0));
        OutboxRow::new(key, target, self.clock.now().wall, row.trace)
    }
}

fn gone(number: u64) -> Refused {
    Refused::Conflict(format!("dead letter {number} is gone by now"))
}

/// The group and the message that an id names.
fn key_of(id: &str) -> Option<(ChatId, MessageId)> {
    let (chat, message) = id.split_once('.')?;
    Some((ChatId(chat.parse().ok()?), MessageId(message.parse().ok()?)))
}
