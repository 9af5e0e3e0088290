//! What is known of members, changed by hand: warnings, and who is vouched for.
//!
//! Promises: a warning is counted once, however often its command is carried out; what it leads to is ordered in the same
//! commit. Where decisions are only recorded no warning counts.
//!
//! Never: a list longer than the warnings that are kept.

use super::{Clerk, Done, No, Scene, logged};
use crate::clock::Wall;
use crate::command::Typed;
use crate::limits;
use crate::manners::Consequence;
use crate::members::counted;
use crate::message::{Sender, TraceId, UserId};
use crate::store::records::{MemberRecord, Warned};
use crate::text::one_line;
use crate::verdict::{ActionKind, PlannedAction};
use crate::words::Phrase;

impl Clerk {
    /// `/warn`.
    pub(super) fn warn(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let (sender, name) = self.whom(scene, typed)?;
        self.may_be_acted_on(scene, sender, &name)?;
        let user = member(scene, sender)?;
        self.is_able(scene, sender, ActionKind::Warn)?;
        let mut done = Done::default();
        let warning = PlannedAction { kind: ActionKind::Warn, seconds: 0 };
        if self.only_records(scene, sender, warning, &typed.reason, &mut done) {
            return Ok(done);
        }
        let (manners, now) = (scene.manners(), scene.now.wall);
        let why = Warned { at: now, trace: scene.errand.trace, reason: typed.reason.clone() };
        let (consequence, count) = {
            let mut settler = self.office.settler.lock();
            let before = settler.members.get(scene.chat, user)?.map_or(0, |record| counted(record, manners, now));
            let (change, consequence) = settler.members.warn((scene.chat, user), why, manners, now)?;
            done.tick.members.push(change);
            (consequence, before.saturating_add(1).to_string())
        };
        let mut ordered = |kind, seconds| {
            let action = PlannedAction { kind, seconds };
            done.tick.orders.push(self.against(scene, sender, action));
            scene.language().lasting(seconds)
        };
        done.said = match consequence {
            Consequence::Counted(which) => {
                let (which, limit) = (which.to_string(), limit(scene));
                scene.say(Phrase::WarnSaid, &[&name, &which, &limit, &typed.reason]).trim_end().to_owned()
            }
            Consequence::Mute(seconds) => {
                let lasting = ordered(ActionKind::Mute, seconds);
                scene.say(Phrase::WarnMuted, &[&name, &count, &lasting])
            }
            Consequence::Ban => {
                let lasting = ordered(ActionKind::Ban, 0);
                scene.say(Phrase::WarnBanned, &[&name, &count, &lasting])
            }
        };
        Ok(done)
    }

    /// `/unwarn`: the last warning is taken back.
    pub(super) fn unwarn(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let (sender, name) = self.whom(scene, typed)?;
        let user = member(scene, sender)?;
        let mut done = Done::default();
        let change = {
            let mut settler = self.office.settler.lock();
            let record = settler.members.get(scene.chat, user)?;
            let last = record.and_then(|record| record.warns.last()).map_or(TraceId(0), |warn| warn.trace);
            settler.members.forgive(scene.chat, user, &[last], scene.now.wall)?
        };
        let Some(change) = change else { return Err(scene.no(Phrase::WarnNone, &[&name])) };
        done.tick.members.push(change);
        self.note(scene, &mut done.tick, format!("/unwarn: {}", logged(sender)), "one warning less");
        done.said = scene.say(Phrase::WarnTaken, &[&name]);
        Ok(done)
    }

    /// `/warns`.
    pub(super) fn warns(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let (sender, name) = self.whom(scene, typed)?;
        let user = member(scene, sender)?;
        let record = self.office.settler.lock().members.get(scene.chat, user)?.cloned().unwrap_or_default();
        if record.warns.is_empty() {
            return Ok(Done::said(scene.say(Phrase::WarnNone, &[&name])));
        }
        let count = counted(&record, scene.manners(), scene.now.wall).to_string();
        let mut lines = vec![scene.say(Phrase::WarnList, &[&name, &count, &limit(scene)])];
        // The newest first: what does not fit is the oldest.
        lines.extend(record.warns.iter().rev().map(|warn| {
            let reason = one_line(&warn.reason, limits::WARN_REASON_BYTES_MAX);
            scene.say(Phrase::WarnRow, &[&warn.at.utc(), &reason])
        }));
        Ok(Done::said(lines.join("\n")))
    }

    /// `/approve`: messages of theirs are no longer judged, and a ban that groups share is taken back.
    pub(super) fn approve(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let (sender, name) = self.whom(scene, typed)?;
        let user = member(scene, sender)?;
        let mut done = self.vouch(scene, (sender, user), scene.now.wall)?;
        done.tick.group.bans.push((self.office.tenant_of(scene.chat), user, None));
        done.said = scene.say(Phrase::SaidApproved, &[&name]);
        Ok(done)
    }

    /// `/unapprove`.
    pub(super) fn unapprove(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let (sender, name) = self.whom(scene, typed)?;
        let user = member(scene, sender)?;
        let mut done = self.vouch(scene, (sender, user), Wall(0))?;
        done.said = scene.say(Phrase::SaidUnapproved, &[&name]);
        Ok(done)
    }

    fn vouch(&self, scene: &Scene<'_>, (sender, user): (Sender, UserId), since: Wall) -> Result<Done, No> {
        let vouched = |record: &mut MemberRecord| record.approved_at = since;
        let mut done = Done::default();
        let change = self.office.settler.lock().members.change(scene.chat, user, scene.now.wall, vouched)?;
        done.tick.members.push(change);
        let after = if since == Wall(0) { "judged" } else { "not judged" };
        self.note(scene, &mut done.tick, format!("/{}: {}", scene.name.word(), logged(sender)), after);
        Ok(done)
    }
}

/// Somebody of whom something can be kept.
fn member(scene: &Scene<'_>, sender: Sender) -> Result<UserId, No> {
    match sender {
        Sender::Member(user) | Sender::Bot(user) => Ok(user),
        _ => Err(scene.no(Phrase::WrongUnknown, &[])),
    }
}

/// How many warnings bite.
fn limit(scene: &Scene<'_>) -> String {
    match scene.manners().warn_limit {
        0 => "\u{221e}".to_owned(),
        limit => limit.to_string(),
    }
}
