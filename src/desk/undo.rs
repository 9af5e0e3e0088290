//! Undoing: what was done about a message is taken back, as far as it can be.
//!
//! Promises: one commit takes back what waits, promises what frees the sender, and says who undid it; after a crash at any
//! moment the sender ends free. What was only recorded, or undone before, is refused.
//!
//! Never: a deleted message brought back. Telegram has no way to.

use super::Office;
use super::decisions::{named_by, why_nothing};
use crate::access::{Caller, Role};
use crate::cards::{self, Frame};
use crate::limits;
use crate::members::warning_for;
use crate::message::{ChatId, Sender, TraceId, UserId, fnv1a};
use crate::store::Tick;
use crate::store::desk::Mark;
use crate::store::endings::{Ending, Endings};
use crate::store::group::{CardRecord, SharedBan};
use crate::store::records::{Decision, Detail, OutboxKey, OutboxRow};
use crate::tenant::TenantName;
use crate::verdict::{ActionKind, Outcome};
use crate::web::desk::{Refused, Told};
use crate::web::views::{UndoRule, Undone};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// What undoing one decision means.
#[derive(Debug, Default)]
struct Undoing {
    /// Waiting actions, to be taken back.
    cancelled: Vec<OutboxKey>,
    /// What frees the sender.
    orders: Vec<OutboxRow>,
    /// Dead letters that nobody is to try again.
    discarded: Vec<u64>,
    /// A warning that was counted, and whose.
    warned: Option<UserId>,
    /// Whether the message is deleted.
    is_deleted: bool,
}

impl Undoing {
    /// Whether it would change anything.
    fn changes(&self) -> bool {
        !(self.cancelled.is_empty() && self.orders.is_empty() && self.discarded.is_empty() && self.warned.is_none())
    }
}

/// Rows that wait, by the number of their decision.
type Waiting = BTreeMap<u64, Vec<OutboxRow>>;

impl Office {
    /// What undoing a decision would change now, in a sentence; `None` for nothing.
    pub(super) fn what_undoing_would_do(&self, number: u64, decision: &Decision, mark: &Mark) -> Told<Option<String>> {
        if mark.undone.is_some() || why_nothing(decision).is_some() {
            return Ok(None);
        }
        let waiting = self.waiting(|row| row.decision == number)?;
        let undoing = self.undoing(number, decision, &waiting, &self.snapshots.endings()?)?;
        Ok(undoing.changes().then(|| words(&tally(&[&undoing]), Tense::WillBe)))
    }

    /// Undoes one. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says; [`Refused::Conflict`] when there is nothing to undo.
    pub fn undo(&self, caller: &Caller, number: u64) -> Told<Undone> {
        self.undo_with(caller, number, Tick::default())
    }

    /// As [`Office::undo`], with more that becomes durable in the same commit.
    pub(super) fn undo_with(&self, caller: &Caller, number: u64, more: Tick) -> Told<Undone> {
        let decision = self.found_decision(caller, Role::Admin, number)?;
        let _one = self.one_at_a_time();
        let mark = self.snapshots.mark(number)?.unwrap_or_default();
        if let Some((at, who)) = mark.undone {
            return Err(Refused::Conflict(format!("already undone by {who}, {}", at.utc())));
        }
        if let Some(why) = why_nothing(&decision) {
            return Err(Refused::Conflict(format!(
                "nothing was done in the group ({why}), so there is nothing to undo"
            )));
        }
        let waiting = self.waiting(|row| row.decision == number)?;
        let undoing = self.undoing(number, &decision, &waiting, &self.snapshots.endings()?)?;
        if !undoing.changes() {
            let why = if undoing.is_deleted {
                "nothing can be undone: the message is deleted, and Telegram brings none back"
            } else {
                "nothing can be undone: nobody is banned or muted by it, and nothing waits"
            };
            return Err(Refused::Conflict(why.to_owned()));
        }
        let mut undone = tally(&[&undoing]);
        undone.words = words(&undone, Tense::Is);
        let what = format!("undone: decision {number}");
        self.carry_out(caller, &[(number, decision, undoing)], |_| what.clone(), more)?;
        Ok(undone)
    }

    /// Undoes all that a rule did in the caller's tenants, a bounded number a turn. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn undo_rule(&self, caller: &Caller, wanted: &UndoRule) -> Told<Undone> {
        caller.is_at_least(Role::Admin)?;
        if wanted.rule.is_empty() {
            return Err(Refused::field("rule", "name the rule whose decisions are to be undone"));
        }
        let _one = self.one_at_a_time();
        let found = self.decisions_of_rule(caller, wanted)?;
        let waiting = self.waiting(|row| found.contains_key(&row.decision))?;
        let endings = self.snapshots.endings()?;
        let mut these = Vec::new();
        let (mut total, mut only_deleted) = (0_u64, 0_u64);
        for (number, decision) in found.into_iter().rev() {
            let undoing = self.undoing(number, &decision, &waiting, &endings)?;
            if undoing.changes() {
                total = total.saturating_add(1);
                if wanted.dry_run || these.len() < limits::UNDO_AT_ONCE {
                    these.push((number, decision, undoing));
                }
            } else {
                only_deleted = only_deleted.saturating_add(u64::from(undoing.is_deleted));
            }
        }
        let mut undone = tally(&these.iter().map(|(_, _, undoing)| undoing).collect::<Vec<_>>());
        undone.more = total > undone.decisions;
        undone.deleted = undone.deleted.saturating_add(only_deleted);
        undone.words = if undone.decisions == 0 {
            format!("Nothing that rule {} did since then can be undone. {}", wanted.rule, stays(undone.deleted))
        } else {
            words(&undone, if wanted.dry_run { Tense::WillBe } else { Tense::Is })
        };
        undone.words.truncate(undone.words.trim_end().len());
        if !wanted.dry_run && !these.is_empty() {
            let what = |count| format!("undone: {count} decisions of rule {}", wanted.rule);
            self.carry_out(caller, &these, what, Tick::default())?;
        }
        Ok(undone)
    }

    /// The decisions of a rule that may be undone, by number.
    fn decisions_of_rule(&self, caller: &Caller, wanted: &UndoRule) -> Told<BTreeMap<u64, Decision>> {
        let mut found = BTreeMap::new();
        // Times may jump, numbers do not: all are looked at.
        self.snapshots.decisions_before(None, |number, decision| {
            let is_of_rule = decision.findings.iter().any(|finding| finding.rule == wanted.rule);
            if is_of_rule
                && decision.at.seconds() >= wanted.since_s
                && why_nothing(&decision).is_none()
                && self.gate(caller, Role::Admin, decision.chat).is_ok()
            {
                found.insert(number, decision);
            }
            ControlFlow::Continue(())
        })?;
        let undone = self.snapshots.undone()?;
        found.retain(|number, _| !undone.contains(number));
        Ok(found)
    }

    /// The rows that wait and follow from some decisions.
    fn waiting(&self, is_wanted: impl Fn(&OutboxRow) -> bool) -> Told<Waiting> {
        let mut waiting = Waiting::new();
        self.snapshots.each_promised(|row| {
            if is_wanted(&row) {
                waiting.entry(row.decision).or_default().push(row);
            }
        })?;
        Ok(waiting)
    }

    /// What undoing a decision means now.
    fn undoing(&self, number: u64, decision: &Decision, waiting: &Waiting, endings: &Endings) -> Told<Undoing> {
        let mut undoing = Undoing::default();
        // Parts of an album go with the decision that took them along; what people ordered has another trace or kind.
        let rows = waiting.get(&number).into_iter().flatten().filter(|row| row.trace == decision.trace);
        let freeing = [ActionKind::Unban, ActionKind::Unmute];
        undoing.cancelled.extend(rows.map(|row| row.key).filter(|key| !freeing.contains(&key.action)));
        for (action, ending) in self.promised(decision, endings)? {
            match &ending {
                Ending::Waits(row) if !undoing.cancelled.contains(&row.key) => undoing.cancelled.push(row.key),
                Ending::Dead(number, _) => undoing.discarded.push(*number),
                _ => {}
            }
            let may_have_effect = match ending {
                Ending::Waits(_) | Ending::Done(_) => true,
                // Too long ago to be known: what was promised is taken to be done.
                Ending::Unknown => decision.outcome == Outcome::Block,
                Ending::Dropped(_) | Ending::Dead(..) => false,
            };
            match action.kind {
                ActionKind::Delete => undoing.is_deleted = may_have_effect && !matches!(ending, Ending::Waits(_)),
                ActionKind::Ban if may_have_effect => {
                    undoing.orders.push(self.order(decision, ActionKind::Unban, endings)?)
                }
                ActionKind::Mute if may_have_effect => {
                    undoing.orders.push(self.order(decision, ActionKind::Unmute, endings)?)
                }
                ActionKind::Warn => {
                    if let Sender::Member(user) | Sender::Bot(user) = decision.sender {
                        undoing.warned = Some(user);
                    }
                }
                _ => {}
            }
        }
        Ok(undoing)
    }

    fn order(&self, decision: &Decision, action: ActionKind, endings: &Endings) -> Told<OutboxRow> {
        let mut key = OutboxKey { chat: self.current(decision.chat), message: decision.message, action };
        if !matches!(endings.of(key)?, Ending::Unknown | Ending::Waits(_)) {
            // The sender was freed from an earlier decision about the same message.
            key.message = named_by(decision);
        }
        Ok(OutboxRow::new(key, decision.sender, self.clock.now().wall, decision.trace))
    }

    /// Makes it durable, in one commit, and has it done. `what` names so many decisions for the audit log.
    fn carry_out(
        &self,
        caller: &Caller,
        undone: &[(u64, Decision, Undoing)],
        what: impl Fn(usize) -> String,
        mut tick: Tick,
    ) -> Told<()> {
        let now = self.clock.now().wall;
        let mut warns: BTreeMap<(ChatId, UserId), Vec<TraceId>> = BTreeMap::new();
        let mut by_tenant: BTreeMap<TenantName, Vec<&Undoing>> = BTreeMap::new();
        for (number, decision, undoing) in undone {
            tick.dropped.extend(&undoing.cancelled);
            tick.orders.extend(undoing.orders.iter().cloned());
            tick.discarded.extend(&undoing.discarded);
            if let Some(user) = undoing.warned {
                warns.entry((self.current(decision.chat), user)).or_default().push(warning_for(decision.message));
            }
            let mark = Mark { undone: Some((now, caller.told())), label: None };
            tick.orders.extend(self.told_on_its_card(*number, decision, &mark, &tick)?);
            tick.desk.marks.push((*number, mark));
            tick.group.bans.extend(self.unshared(decision, undoing));
            by_tenant.entry(self.tenant_of(decision.chat)).or_default().push(undoing);
        }
        for (tenant, undoings) in by_tenant {
            let after = words(&tally(&undoings), Tense::Is);
            let line = self.audit_line(caller, Some(tenant), what(undoings.len()), "", after);
            tick.desk.audit.push(line);
        }
        {
            let mut settler = self.settler.lock();
            for (_, decision, _) in undone.iter().filter(|(_, _, undoing)| !undoing.orders.is_empty()) {
                let (chat, tenant) = (self.current(decision.chat), self.tenant_of(decision.chat));
                settler.freed(chat, decision.sender, &tenant, &mut tick);
            }
            for ((chat, user), traces) in warns {
                tick.members.extend(settler.members.forgive(chat, user, &traces, now)?);
            }
        }
        self.commit(tick).map(drop)
    }
}

impl Office {
    /// What changes the card of a decision that is undone, where it has one that is not changed already.
    fn told_on_its_card(&self, number: u64, decision: &Decision, mark: &Mark, tick: &Tick) -> Told<Option<OutboxRow>> {
        let Some(card) = self.snapshots.card(number)? else { return Ok(None) };
        let is_it = |row: &OutboxRow| matches!(row.detail, Detail::Edited { card: known, .. } if known == card.message);
        if tick.orders.iter().any(is_it) {
            return Ok(None);
        }
        let label = self.snapshots.mark(number)?.and_then(|mark| mark.label);
        let mark = Mark { label, ..mark.clone() };
        // A decision is undone once.
        let trace = TraceId(fnv1a(format!("undone {number}").as_bytes()));
        Ok(Some(self.edit(number, decision, &mark, card, "", trace)))
    }

    /// What makes a card say what people did with its decision.
    pub(super) fn edit(
        &self,
        number: u64,
        decision: &Decision,
        mark: &Mark,
        card: CardRecord,
        outcome: &str,
        trace: TraceId,
    ) -> OutboxRow {
        let group = self.current(decision.chat);
        let (title, language) = (self.title_of(group), self.in_force.now().manners(group).language);
        let frame = Frame { language, title: &title, name: "", outcome, number: Some(number) };
        let detail = Detail::Edited { card: card.message, buttons: cards::buttons(decision, mark, &frame) };
        let text = cards::text(decision, mark, &frame);
        let key = cards::key(card.chat, ActionKind::Edit, trace);
        OutboxRow { detail, text, ..OutboxRow::new(key, Sender::Nobody, self.clock.now().wall, trace) }
    }

    /// Whoever is free is free in the owner's other groups as well.
    fn unshared(&self, decision: &Decision, undoing: &Undoing) -> Option<(TenantName, UserId, Option<SharedBan>)> {
        let frees = undoing.orders.iter().any(|row| row.key.action == ActionKind::Unban);
        let (Sender::Member(user) | Sender::Bot(user)) = decision.sender else { return None };
        frees.then(|| (self.tenant_of(decision.chat), user, None))
    }
}

/// What came of it, in numbers.
fn tally(undoings: &[&Undoing]) -> Undone {
    let count = |of: &dyn Fn(&Undoing) -> usize| {
        undoings.iter().map(|undoing| u64::try_from(of(undoing)).unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
    };
    Undone {
        decisions: u64::try_from(undoings.len()).unwrap_or(u64::MAX),
        freed: count(&|undoing| usize::from(!undoing.orders.is_empty())),
        cancelled: count(&|undoing| undoing.cancelled.len()),
        deleted: count(&|undoing| usize::from(undoing.is_deleted)),
        more: false,
        words: String::new(),
    }
}

/// Whether it is told of what is done or of what would be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tense {
    Is,
    WillBe,
}

/// "1 message", "2 messages".
fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn stays(deleted: u64) -> String {
    match deleted {
        0 => String::new(),
        1 => "1 message stays deleted: Telegram brings none back. ".to_owned(),
        more => format!("{more} messages stay deleted: Telegram brings none back. "),
    }
}

/// What came of it, in sentences.
fn words(undone: &Undone, tense: Tense) -> String {
    let be = |one: bool| match (tense, one) {
        (Tense::Is, true) => "is",
        (Tense::Is, false) => "are",
        (Tense::WillBe, _) => "would be",
    };
    let mut told = String::new();
    if undone.decisions != 1 {
        told.push_str(&format!("{} {} undone. ", many(undone.decisions, "decision"), be(false)));
    }
    if undone.freed > 0 {
        let frees = if tense == Tense::Is { "may" } else { "could" };
        told.push_str(&format!("{} {frees} come back and write. ", many(undone.freed, "sender")));
    }
    if undone.cancelled > 0 {
        let (count, one) = (many(undone.cancelled, "waiting action"), undone.cancelled == 1);
        told.push_str(&format!("{count} {} taken back. ", be(one)));
    }
    if undone.freed == 0 && undone.cancelled == 0 {
        told.push_str(&format!("What was counted against the sender {} taken back. ", be(true)));
    }
    told.push_str(&stays(undone.deleted));
    if undone.more {
        told.push_str("There are more: ask again. ");
    }
    told.truncate(told.trim_end().len());
    told
}
