//! Measures against one member that are ordered by hand: ban, mute, removal, and what frees from them.
//!
//! Promises: nobody is acted on who is never acted on; where decisions are only recorded nothing is done, and what would have
//! been is told. Whoever is to be freed is freed in any mode.
//!
//! Never: a decision. What is done to a member is ordered, and stands in the audit log.

use super::{Clerk, Done, No, Scene, logged};
use crate::cards;
use crate::command::Typed;
use crate::decide::{Standing, is_possible};
use crate::dispatch::task::lock;
use crate::message::Sender;
use crate::store::Tick;
use crate::store::group::SharedBan;
use crate::store::records::{OutboxKey, OutboxRow};
use crate::verdict::{ActionKind, PlannedAction};
use crate::words::Phrase;

impl Clerk {
    /// `/ban`, `/mute`, `/kick`, `/unban`, `/unmute`.
    pub(super) fn measure(&self, scene: &Scene<'_>, typed: &Typed, kind: ActionKind) -> Result<Done, No> {
        let (sender, name) = self.whom(scene, typed)?;
        self.may_be_acted_on(scene, sender, &name)?;
        let action = PlannedAction { kind, seconds: typed.length_s.unwrap_or(0) };
        self.is_able(scene, sender, kind)?;
        let mut done = Done::default();
        if self.only_records(scene, sender, action, &typed.reason, &mut done) {
            return Ok(done);
        }
        done.tick.orders.push(self.against(scene, sender, action));
        self.share(scene, sender, action, &typed.reason, &mut done.tick);
        let lasting = scene.language().lasting(action.seconds);
        done.said = match kind {
            ActionKind::Ban => scene.say(Phrase::SaidBanned, &[&name, &lasting]),
            ActionKind::Mute => scene.say(Phrase::SaidMuted, &[&name, &lasting]),
            ActionKind::Unban => scene.say(Phrase::SaidUnbanned, &[&name]),
            ActionKind::Unmute => scene.say(Phrase::SaidUnmuted, &[&name]),
            _ => scene.say(Phrase::SaidKicked, &[&name]),
        };
        Ok(done)
    }

    /// Refuses what Telegram would refuse.
    pub(super) fn is_able(&self, scene: &Scene<'_>, sender: Sender, kind: ActionKind) -> Result<(), No> {
        let standing = lock(&self.office.book).standing(scene.chat, sender);
        if !is_possible(kind, sender) || standing == Standing::WatchOnly {
            return Err(scene.no(Phrase::WrongRights, &[]));
        }
        Ok(())
    }

    /// Notes a measure for the audit log. Whether it is not carried out, because the group only records: then that is told.
    pub(super) fn only_records(
        &self,
        scene: &Scene<'_>,
        sender: Sender,
        action: PlannedAction,
        reason: &str,
        done: &mut Done,
    ) -> bool {
        let is_freeing = matches!(action.kind, ActionKind::Unban | ActionKind::Unmute);
        let only_recorded = scene.is_record() && !is_freeing;
        let mut after = action.words();
        if !reason.is_empty() {
            after = format!("{after}: {reason}");
        }
        if only_recorded {
            after = format!("recorded only: {after}");
            done.said = scene.say(Phrase::SaidRecorded, &[&cards::done(scene.language(), &[action])]);
        }
        self.note(scene, &mut done.tick, format!("/{}: {}", scene.name.word(), logged(sender)), &after);
        only_recorded
    }

    /// The row of a measure that a command orders: named by the command's message.
    pub(super) fn against(&self, scene: &Scene<'_>, sender: Sender, action: PlannedAction) -> OutboxRow {
        let key = OutboxKey { chat: scene.chat, message: scene.message, action: action.kind };
        let row = OutboxRow::new(key, sender, scene.errand.at, scene.errand.trace);
        OutboxRow { seconds: action.seconds, ..row }
    }

    /// A ban for ever counts in the owner's other groups, where that is wished; whoever is let back is let back there.
    pub(super) fn share(
        &self,
        scene: &Scene<'_>,
        sender: Sender,
        action: PlannedAction,
        reason: &str,
        tick: &mut Tick,
    ) {
        let (Sender::Member(user) | Sender::Bot(user)) = sender else { return };
        let ban = match action {
            PlannedAction { kind: ActionKind::Unban, .. } => None,
            PlannedAction { kind: ActionKind::Ban, seconds: 0 } if scene.manners().share_bans.is_on() => {
                Some(SharedBan { chat: scene.chat, at: scene.now.wall, reason: reason.to_owned() })
            }
            _ => return,
        };
        tick.group.bans.push((self.office.tenant_of(scene.chat), user, ban));
    }
}
