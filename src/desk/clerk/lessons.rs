//! What administrators say of messages: "this is spam", "this was fine".
//!
//! Promises: a message called spam gets a decision, which is seen, counted and undone like any other, and the learner is
//! taught; carried out again, the command finds the decision that it made. A message called fine gets back what can be
//! given back.
//!
//! Never: a decision about somebody who is never acted on.

use super::{ADMIN_RULE, Clerk, Done, No, Scene, Then, logged, order};
use crate::cards;
use crate::clock::Now;
use crate::command::Typed;
use crate::decide::{Disposition, Plan, plan};
use crate::dispatch::task::lock;
use crate::limits;
use crate::message::{MessageId, Revision};
use crate::store::desk::Label;
use crate::store::group::{Replied, ReportRecord, Verity};
use crate::store::records::{Decision, OutboxKey, OutboxRow, excerpt};
use crate::store::{Promise, StoreError, Tick};
use crate::text::one_line;
use crate::verdict::{ActionKind, Finding, Outcome, PlannedAction, Verdict};
use crate::words::Phrase;

impl Clerk {
    /// `/spam`: the message goes, its sender is banned, and the learner is taught.
    pub(super) fn spam(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let replied = scene.replied()?;
        let name = super::called(replied.sender, &replied.name);
        self.may_be_acted_on(scene, replied.sender, &name)?;
        self.is_able(scene, replied.sender, ActionKind::Delete)?;
        let (number, decision) = match self.made_before(scene, replied)? {
            Some(made) => made,
            None => self.call_spam(scene, replied, &typed.reason)?,
        };
        let mut done = Done::default();
        self.reports_were(&decision, Verity::Right, scene.now, &mut done.tick)?;
        done.said = if decision.disposition == Disposition::Promised {
            let ban = PlannedAction { kind: ActionKind::Ban, seconds: 0 };
            self.share(scene, replied.sender, ban, &decision.reason, &mut done.tick);
            scene.say(Phrase::SaidSpam, &[])
        } else {
            scene.say(Phrase::SaidRecorded, &[&cards::done(scene.language(), &decision.actions)])
        };
        done.then = self.taught(scene, number, Label::Spam)?;
        Ok(done)
    }

    /// Makes the decision, durably, with all that follows from it.
    fn call_spam(&self, scene: &Scene<'_>, replied: &Replied, reason: &str) -> Result<(u64, Decision), No> {
        let ask = |kind| PlannedAction { kind, seconds: 0 };
        let reason = if reason.is_empty() { "an administrator called it spam" } else { reason };
        let actions = vec![ask(ActionKind::Delete), ask(ActionKind::Ban)];
        let mut decision = self.decision(scene, replied, ADMIN_RULE, reason, Outcome::Block);
        let rules = scene.rulebook.rules(scene.chat);
        let verdict = Verdict { outcome: Outcome::Block, actions: actions.clone(), ..Verdict::default() };
        let standing = lock(&self.office.book).standing(scene.chat, replied.sender);
        let Plan { disposition, actions: planned } = plan(replied.sender, &verdict, rules, standing);
        (decision.disposition, decision.actions) = (disposition, actions);
        let rows = self.rows(scene, replied, &planned)?;
        let mut tick = Tick { promises: vec![Promise { decision: decision.clone(), rows }], ..Tick::default() };
        let what = format!("/spam: message {} of {}", replied.message.0, logged(replied.sender));
        self.note(scene, &mut tick, what, disposition.word());
        let committed = self.office.commit(tick)?;
        Ok((committed.decisions.first().copied().unwrap_or(0), decision))
    }

    fn rows(
        &self,
        scene: &Scene<'_>,
        replied: &Replied,
        planned: &[PlannedAction],
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let (received, trace) = (scene.errand.at, scene.errand.trace);
        let endings = self.office.snapshots.endings()?;
        let about = (scene.chat, replied.message, replied.sender);
        let mut rows = Vec::new();
        for action in planned {
            rows.push(order(&endings, about, *action, MessageId::of_none(trace.0), (received, trace))?);
        }
        if let Some(album) = replied.album.filter(|_| !planned.is_empty()) {
            let parts = self.office.snapshots.album(scene.chat, album)?.unwrap_or_default().parts;
            let others = parts.into_iter().filter(|part| *part != replied.message);
            rows.extend(others.take(limits::ALBUM_PARTS_MAX).map(|part| {
                let key = OutboxKey { chat: scene.chat, message: part, action: ActionKind::Delete };
                OutboxRow::new(key, replied.sender, received, trace)
            }));
        }
        Ok(rows)
    }

    /// `/ham`: what can be undone is undone, and the learner is taught.
    pub(super) fn ham(&self, scene: &Scene<'_>) -> Result<Done, No> {
        if let Some((number, decision)) = self.subject(scene)? {
            return self.call_fine(scene, number, &decision);
        }
        let replied = scene.replied()?;
        self.office.gate(&scene.caller, crate::access::Role::Admin, scene.chat)?;
        let (number, _) = match self.made_before(scene, replied)? {
            Some(made) => made,
            None => {
                let reason = "an administrator called it fine";
                let decision = self.decision(scene, replied, ADMIN_RULE, reason, Outcome::Allow);
                let promise = Promise { decision: decision.clone(), rows: Vec::new() };
                let committed = self.office.commit(Tick { promises: vec![promise], ..Tick::default() })?;
                (committed.decisions.first().copied().unwrap_or(0), decision)
            }
        };
        let then = self.taught(scene, number, Label::Fine)?;
        Ok(Done { then, ..Done::said(scene.say(Phrase::SaidHam, &[])) })
    }

    fn call_fine(&self, scene: &Scene<'_>, number: u64, decision: &Decision) -> Result<Done, No> {
        let group = self.office.current(decision.chat);
        let caller = self.caller(scene.errand, group);
        self.office.gate(&caller, crate::access::Role::Admin, group)?;
        let mark = self.office.snapshots.mark(number)?.unwrap_or_default();
        let mut done = Done::said(scene.say(Phrase::SaidHam, &[]));
        if self.office.what_undoing_would_do(number, decision, &mark)?.is_some() {
            self.office.undo(&caller, number)?;
            let taken_back: Vec<PlannedAction> =
                decision.actions.iter().copied().filter(|action| action.kind != ActionKind::Delete).collect();
            let taken_back = cards::done(scene.language(), &taken_back);
            done.said = scene.say(Phrase::SaidHamUndone, &[&taken_back]);
        }
        self.reports_were(decision, Verity::Wrong, scene.now, &mut done.tick)?;
        if mark.label != Some(Label::Fine) {
            done.then = Then::Label(caller, number, "fine");
        }
        Ok(done)
    }

    /// Teaches what was said of a decision, unless it was said already.
    fn taught(&self, scene: &Scene<'_>, number: u64, label: Label) -> Result<Then, StoreError> {
        let known = self.office.snapshots.mark(number)?.and_then(|mark| mark.label);
        let word = match label {
            Label::Spam => "spam",
            Label::Fine => "fine",
        };
        Ok(if known == Some(label) { Then::Commit } else { Then::Label(scene.caller.clone(), number, word) })
    }

    /// The decision that this very command made before it was cut off.
    fn made_before(&self, scene: &Scene<'_>, replied: &Replied) -> Result<Option<(u64, Decision)>, StoreError> {
        self.newest(limits::ERRAND_DECISIONS_LOOKED_AT, |decision| {
            decision.trace == scene.errand.trace
                && decision.message == replied.message
                && decision.findings.iter().any(|finding| finding.rule == ADMIN_RULE)
        })
    }

    /// A decision that people make about the message that a command answers to.
    pub(super) fn decision(
        &self,
        scene: &Scene<'_>,
        replied: &Replied,
        rule: &str,
        reason: &str,
        outcome: Outcome,
    ) -> Decision {
        let reason = one_line(reason, limits::REASON_BYTES_MAX);
        let score = match outcome {
            Outcome::Allow => 0,
            Outcome::Review => scene.rulebook.rules(scene.chat).thresholds.review,
            Outcome::Block => scene.rulebook.rules(scene.chat).thresholds.block,
        };
        let finding = Finding { rule: rule.to_owned(), score, reason: reason.clone(), spans: Vec::new() };
        Decision {
            at: scene.now.wall,
            chat: scene.chat,
            message: replied.message,
            sender: replied.sender,
            revision: Revision::Original,
            outcome,
            score,
            reason,
            findings: vec![finding],
            actions: Vec::new(),
            mode: scene.rulebook.rules(scene.chat).mode,
            disposition: Disposition::Recorded,
            policy: scene.rulebook.policy.version,
            trace: scene.errand.trace,
            excerpt: excerpt(&replied.excerpt),
        }
    }

    /// The reports about a message turned out so: counted for its reporters, once.
    pub(super) fn reports_were(
        &self,
        decision: &Decision,
        verity: Verity,
        now: Now,
        tick: &mut Tick,
    ) -> Result<(), StoreError> {
        let (chat, message): (_, MessageId) = (self.office.current(decision.chat), decision.message);
        let Some(record) = self.office.snapshots.report(chat, message)?.filter(|record| record.outcome.is_none())
        else {
            return Ok(());
        };
        let mut settler = self.office.settler.lock();
        for user in &record.by {
            tick.members.push(settler.members.change(chat, *user, now.wall, |known| match verity {
                Verity::Right => known.reports_right = known.reports_right.saturating_add(1),
                Verity::Wrong => known.reports_wrong = known.reports_wrong.saturating_add(1),
            })?);
        }
        tick.group.reports.push((chat, message, ReportRecord { outcome: Some(verity), ..record }));
        Ok(())
    }
}
