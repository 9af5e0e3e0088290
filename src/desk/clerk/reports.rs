//! Reports of members.
//!
//! Promises: a member reports a message once, and not often; whose reports were wrong too often is thanked like everybody, and
//! nothing comes of it, so that nobody learns when a campaign stopped counting. The first report shows the message to the
//! administrators; when enough members report it, and the group wishes so, it goes.
//!
//! Never: a measure against somebody because members reported them. That is for people.

use super::{Clerk, Done, No, REPORT_RULE, Scene, called, logged};
use crate::cards::{self, Frame, InRaid, Showing};
use crate::clock::Wall;
use crate::command::Typed;
use crate::decide::Standing;
use crate::dispatch::task::lock;
use crate::limits;
use crate::message::{MessageId, Sender, UserId, fnv1a};
use crate::settle::House;
use crate::store::group::{Replied, ReportRecord};
use crate::store::records::{Decision, MemberRecord, OutboxKey, OutboxRow};
use crate::store::{Promise, StoreError, Tick};
use crate::verdict::{ActionKind, Mode, Outcome};
use crate::words::Phrase;

impl Clerk {
    /// `/report`.
    pub(super) fn report(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let reporter = match scene.errand.by {
            Sender::Member(user) => Some(user),
            Sender::AnonymousAdmin => None,
            Sender::Bot(_) | Sender::Channel(_) | Sender::LinkedChannel | Sender::Nobody => return Err(No::LeftAlone),
        };
        let said = |phrase| {
            let turn = scene.errand.at.0 / limits::REPORT_EVERY_MS;
            // The same is said to the same member once in a while.
            let key = fnv1a(format!("report {phrase:?} {reporter:?} {turn}").as_bytes());
            Done { key: Some(key), ..Done::said(scene.say(phrase, &[])) }
        };
        let mine = match reporter {
            Some(user) => self.office.settler.lock().members.get(scene.chat, user)?.cloned().unwrap_or_default(),
            None => MemberRecord::default(),
        };
        let known = match scene.replied {
            Some(replied) => self.office.snapshots.report(scene.chat, replied.message)?,
            None => None,
        };
        let is_mine = known.as_ref().is_some_and(|known| reporter.is_some_and(|user| known.by.contains(&user)));
        if is_mine && mine.reported_at == scene.errand.at {
            // This very report, carried out again.
            return Ok(said(Phrase::ReportThanks));
        }
        if is_recent(mine.reported_at, scene.errand.at) {
            return Ok(said(Phrase::ReportTooOften));
        }
        let replied = scene.replied()?;
        let name = called(replied.sender, &replied.name);
        self.may_be_acted_on(scene, replied.sender, &name)?;
        if is_mine {
            return Ok(said(Phrase::ReportAlready));
        }
        let mut done = said(Phrase::ReportThanks);
        let has_room = known.as_ref().is_none_or(|known| known.by.len() < limits::REPORTERS_MAX);
        let is_open = known.as_ref().is_none_or(|known| known.outcome.is_none());
        if counts(&mine) && has_room && is_open {
            self.take_report(scene, (reporter, &typed.reason), replied, known, &mut done.tick)?;
        }
        if let Some(user) = reporter {
            let (at, now) = (scene.errand.at, scene.now.wall);
            let reported = |record: &mut MemberRecord| record.reported_at = at;
            done.tick.members.push(self.office.settler.lock().members.change(scene.chat, user, now, reported)?);
        }
        Ok(done)
    }

    fn take_report(
        &self,
        scene: &Scene<'_>,
        (reporter, reason): (Option<UserId>, &str),
        replied: &Replied,
        known: Option<ReportRecord>,
        tick: &mut Tick,
    ) -> Result<(), StoreError> {
        let is_first = known.is_none();
        let new = || ReportRecord { at: scene.now.wall, trace: scene.errand.trace, ..ReportRecord::default() };
        let mut record = known.unwrap_or_else(new);
        record.by.extend(reporter);
        if is_first && !self.is_going(scene, replied.message)? {
            let by = scene.say(Phrase::CardReports, &[&called(scene.errand.by, &scene.errand.name)]);
            let told = if reason.is_empty() { by } else { format!("{by}: {reason}") };
            let decision = self.decision(scene, replied, REPORT_RULE, &told, Outcome::Review);
            let rows = self.card_rows(scene, &decision, replied);
            tick.promises.push(Promise { decision, rows });
        }
        if self.is_enough(scene, replied.sender, record.by.len()) {
            let key = OutboxKey { chat: scene.chat, message: replied.message, action: ActionKind::Delete };
            tick.orders.push(OutboxRow::new(key, replied.sender, scene.errand.at, scene.errand.trace));
            let what = format!("/report: message {} of {}", replied.message.0, logged(replied.sender));
            let tenant = Some(self.office.tenant_of(scene.chat));
            let what = format!("{what}, group {}", scene.chat.0);
            let mut line =
                self.office.audit_line(&scene.caller, tenant, what, "", "deleted: enough members reported it");
            line.0.who = format!("{} members in Telegram", record.by.len());
            tick.desk.audit.push(line);
        }
        tick.group.reports.push((scene.chat, replied.message, record));
        Ok(())
    }

    /// Whether a decision has the message deleted already.
    fn is_going(&self, scene: &Scene<'_>, message: MessageId) -> Result<bool, StoreError> {
        let key = OutboxKey { chat: scene.chat, message, action: ActionKind::Delete };
        Ok(super::commands::stands(&self.office.snapshots.endings()?.of(key)?))
    }

    /// Whether so many reports have the message deleted.
    fn is_enough(&self, scene: &Scene<'_>, sender: Sender, reports: usize) -> bool {
        let limit = usize::from(scene.manners().report_limit);
        limit > 0
            && reports >= limit
            && scene.rulebook.rules(scene.chat).mode == Mode::Enforce
            && lock(&self.office.book).standing(scene.chat, sender) == Standing::Ordinary
    }

    fn card_rows(&self, scene: &Scene<'_>, decision: &Decision, replied: &Replied) -> Vec<OutboxRow> {
        let title = self.office.title_of(scene.chat);
        let house = House::of(&scene.rulebook, scene.chat, &title);
        let Some(admin_chat) = house.admin_chat.filter(|_| house.manners.cards.is_on()) else { return Vec::new() };
        let Showing::Alone(copying) = self.pace().show(admin_chat, decision, InRaid::No, scene.now) else {
            return Vec::new();
        };
        let language = house.manners.language;
        let frame = Frame { language, title: &title, name: &replied.name, outcome: "", number: None };
        cards::rows(decision, &frame, copying, admin_chat, scene.now)
    }

    /// Tells administrators of reports that got no card of their own.
    pub(super) fn tell_untold(&self) {
        let rulebook = self.office.in_force.now();
        let frame = |group| (rulebook.manners(group).language, self.office.title_of(group));
        let orders = self.pace().summaries(frame, self.office.clock.now());
        if orders.is_empty() {
            return;
        }
        if let Err(gone) = self.office.commit(Tick { orders, ..Tick::default() }) {
            tracing::error!("a summary of reports could not be stored: {gone}");
        }
    }
}

/// Whether a report lies within the window. A time in the future is a clock that was set back, and does not count.
const fn is_recent(reported: Wall, now: Wall) -> bool {
    reported.0 > 0 && reported.0 <= now.0 && now.0 - reported.0 < limits::REPORT_EVERY_MS
}

/// Whether reports of a member count: those that turned out wrong are not too many more than the right ones.
const fn counts(record: &MemberRecord) -> bool {
    record.reports_wrong < record.reports_right.saturating_add(limits::REPORTS_WRONG_MAX)
}
