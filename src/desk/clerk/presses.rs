//! Buttons that are pressed: under a card, and under the question whether somebody is human.
//!
//! Promises: a press counts when its words are ours and of that chat, and when whoever pressed looks after the group that the
//! decision is about. A second press changes nothing, and says so. The card says who did what.
//!
//! Never: a right that comes from being in the chat of administrators.

use super::commands::stands;
use super::{Clerk, Done, No, Then, called, order, refusal};
use crate::access::{Caller, Role};
use crate::cards;
use crate::clock::Wall;
use crate::decide::{Disposition, Standing, is_possible};
use crate::dispatch::task::{Word, lock};
use crate::limits;
use crate::message::{ChatId, MessageId, Sender, UserId, fnv1a};
use crate::press::Press;
use crate::store::desk::{Label, Mark};
use crate::store::endings::Ending;
use crate::store::group::{CardRecord, Errand, SharedBan, Verity};
use crate::store::records::{Decision, Detail, OutboxKey, OutboxRow};
use crate::store::{StoreError, Tick};
use crate::verdict::{ActionKind, Mode, PlannedAction};
use crate::words::{Language, Phrase};

/// The answer to a press, as the dispatcher is told.
fn answered(id: &str, text: &str) -> Word {
    Word::Pressed { id: id.to_owned(), text: text.to_owned() }
}

/// A press on the button of a card.
struct Pressing<'e> {
    errand: &'e Errand,
    number: u64,
    decision: Decision,
    mark: Mark,
    /// The group of the decision, where it is now.
    group: ChatId,
    language: Language,
    caller: Caller,
    /// What whoever pressed is called.
    who: String,
    card: CardRecord,
    now: Wall,
}

impl Pressing<'_> {
    fn say(&self, phrase: Phrase, with: &[&str]) -> String {
        self.language.say(phrase, with)
    }

    fn already(&self, what: &str) -> No {
        No::Said(self.say(Phrase::PressAlready, &[what]))
    }

    /// The member that the decision is about.
    const fn member(&self) -> Option<UserId> {
        match self.decision.sender {
            Sender::Member(user) | Sender::Bot(user) => Some(user),
            _ => None,
        }
    }

    /// Names what a press orders besides the decision's own actions.
    fn spare(&self) -> MessageId {
        MessageId::of_none(fnv1a(format!("pressed {}", self.number).as_bytes()))
    }

    fn undone_mark(&self) -> Mark {
        Mark { undone: Some((self.now, self.caller.told())), label: self.mark.label }
    }
}

impl Clerk {
    /// Carries a press out; returns what who pressed is told.
    pub(super) fn press(&self, number: u64, errand: &Errand, id: &str, message: MessageId, words: &str) -> String {
        let here = self.office.in_force.now().manners(self.office.current(errand.chat)).language;
        let carried = match self.signer.read(errand.chat, words) {
            None => Err(No::Said(here.say(Phrase::PressOld, &[]))),
            Some(Press::Human { user, kick }) => self.human(errand, here, message, (user, kick)),
            Some(press) => self.pressed(errand, here, message, press),
        };
        let said = match carried {
            Ok(mut done) => {
                done.tick.group.errands_done.push(number);
                match self.perform(done.then, done.tick) {
                    Ok(()) => done.said,
                    Err(refused) => {
                        self.only_done(number);
                        refusal(here, &refused)
                    }
                }
            }
            Err(no) => {
                self.only_done(number);
                match no {
                    No::LeftAlone => String::new(),
                    No::Said(said) => said,
                    No::Refused(refused) => refusal(here, &refused),
                }
            }
        };
        let said: String = said.chars().take(limits::PRESS_CHARS_MAX).collect();
        self.office.tell(answered(id, &said));
        said
    }

    fn pressed(&self, errand: &Errand, here: Language, message: MessageId, press: Press) -> Result<Done, No> {
        let old = || No::Said(here.say(Phrase::PressOld, &[]));
        let number = press.decision().ok_or_else(old)?;
        let decision = self.office.snapshots.decision(number)?.ok_or_else(old)?;
        let group = self.office.current(decision.chat);
        let language = self.office.in_force.now().manners(group).language;
        if !self.may_order(errand.by, errand.chat, group) {
            return Err(No::Said(here.say(Phrase::PressNotAdmin, &[])));
        }
        let caller = self.caller(errand, group);
        self.office.gate(&caller, Role::Admin, group)?;
        let pressing = Pressing {
            errand,
            number,
            mark: self.office.snapshots.mark(number)?.unwrap_or_default(),
            group,
            language,
            caller,
            who: called(errand.by, &errand.name),
            card: CardRecord { chat: errand.chat, message },
            now: self.office.clock.now().wall,
            decision,
        };
        match press {
            Press::Undo(_) => self.press_undo(&pressing),
            Press::Confirm(_) => self.press_confirm(&pressing),
            Press::Ban(_) => self.press_ban(&pressing),
            Press::Allow(_) => self.press_allow(&pressing),
            Press::NotSpam(_) => self.press_not_spam(&pressing),
            Press::Human { .. } => Err(old()),
        }
    }

    /// Whether undoing the decision would change anything now.
    fn can_undo(&self, of: &Pressing<'_>) -> Result<bool, No> {
        Ok(self.office.what_undoing_would_do(of.number, &of.decision, &of.mark)?.is_some())
    }

    fn press_undo(&self, of: &Pressing<'_>) -> Result<Done, No> {
        if let Some((_, who)) = &of.mark.undone {
            return Err(of.already(&of.say(Phrase::OutUndone, &[who])));
        }
        let mut done = Done::said(of.say(Phrase::PressDone, &[]));
        self.free(of, &mut done.tick)?;
        let (mark, undoes) = (of.undone_mark(), self.can_undo(of)?);
        if !undoes && done.tick.orders.is_empty() {
            // The desk says why nothing can be undone.
            self.office.undo(&of.caller, of.number)?;
        }
        if undoes {
            done.then = Then::Undo(of.caller.clone(), of.number);
        } else {
            self.note_press(of, &mut done.tick, "undone");
            done.tick.desk.marks.push((of.number, mark.clone()));
        }
        done.tick.orders.push(self.edited(of, &mark, ""));
        self.reports_were(&of.decision, Verity::Wrong, self.office.clock.now(), &mut done.tick)?;
        Ok(done)
    }

    fn press_confirm(&self, of: &Pressing<'_>) -> Result<Done, No> {
        if of.mark.label == Some(Label::Spam) {
            return Err(of.already(of.language.text(Phrase::ButtonConfirm)));
        }
        let mut done = Done::said(of.say(Phrase::PressDone, &[]));
        self.do_now(of, &mut done.tick)?;
        self.reports_were(&of.decision, Verity::Right, self.office.clock.now(), &mut done.tick)?;
        let mark = Mark { label: Some(Label::Spam), ..of.mark.clone() };
        done.tick.orders.push(self.edited(of, &mark, &of.say(Phrase::OutConfirmed, &[&of.who])));
        done.then = Then::Label(of.caller.clone(), of.number, "spam");
        Ok(done)
    }

    /// What a decision only recorded is done now that somebody says it was right, where decisions have effects.
    fn do_now(&self, of: &Pressing<'_>, tick: &mut Tick) -> Result<(), StoreError> {
        let rulebook = self.office.in_force.now();
        let is_open = matches!(of.decision.disposition, Disposition::Recorded | Disposition::Quarantined);
        let may = lock(&self.office.book).standing(of.group, of.decision.sender) == Standing::Ordinary;
        if !is_open || !may || of.mark.undone.is_some() || rulebook.rules(of.group).mode == Mode::Record {
            return Ok(());
        }
        let delete = PlannedAction { kind: ActionKind::Delete, seconds: 0 };
        let others = of.decision.actions.iter().copied().filter(|action| {
            matches!(action.kind, ActionKind::Mute | ActionKind::Kick | ActionKind::Ban)
                && is_possible(action.kind, of.decision.sender)
        });
        let endings = self.office.snapshots.endings()?;
        let about = (of.group, of.decision.message, of.decision.sender);
        let delete = Some(delete).filter(|_| of.decision.message.is_real());
        let mut told = Vec::new();
        for action in delete.into_iter().chain(others) {
            tick.orders.push(order(&endings, about, action, of.spare(), (of.now, of.errand.trace))?);
            told.push(action.words());
        }
        if !told.is_empty() {
            self.note_press(of, tick, &told.join(", "));
        }
        Ok(())
    }

    fn press_ban(&self, of: &Pressing<'_>) -> Result<Done, No> {
        let sender = of.decision.sender;
        let ban = PlannedAction { kind: ActionKind::Ban, seconds: 0 };
        if !is_possible(ActionKind::Ban, sender) {
            return Err(No::Said(of.say(Phrase::WrongUnknown, &[])));
        }
        if self.is_own(sender) || lock(&self.office.book).is_protected(of.group, sender) {
            return Err(No::Said(of.say(Phrase::WrongAdmin, &[&called(sender, "")])));
        }
        if lock(&self.office.book).standing(of.group, sender) == Standing::WatchOnly {
            return Err(No::Said(of.say(Phrase::WrongRights, &[])));
        }
        if self.bans(of)? {
            return Err(of.already(&cards::done(of.language, &[ban])));
        }
        let rulebook = self.office.in_force.now();
        let mut done = Done::said(of.say(Phrase::PressDone, &[]));
        if rulebook.rules(of.group).mode == Mode::Record {
            self.note_press(of, &mut done.tick, &format!("recorded only: {}", ban.words()));
            done.said = of.say(Phrase::SaidRecorded, &[&cards::done(of.language, &[ban])]);
            return Ok(done);
        }
        let endings = self.office.snapshots.endings()?;
        let about = (of.group, of.decision.message, sender);
        done.tick.orders.push(order(&endings, about, ban, of.spare(), (of.now, of.errand.trace))?);
        self.note_press(of, &mut done.tick, &ban.words());
        if let Some(user) = of.member().filter(|_| rulebook.manners(of.group).share_bans.is_on()) {
            let reason = of.decision.reason.clone();
            let shared = SharedBan { chat: of.group, at: of.now, reason };
            done.tick.group.bans.push((self.office.tenant_of(of.group), user, Some(shared)));
        }
        self.reports_were(&of.decision, Verity::Right, self.office.clock.now(), &mut done.tick)?;
        let mut edit = self.edited(of, &of.mark, &of.say(Phrase::OutBanned, &[&of.who]));
        if let Detail::Edited { buttons, .. } = &mut edit.detail {
            buttons.retain(|button| !matches!(button.press, Press::Ban(_)));
        }
        done.tick.orders.push(edit);
        Ok(done)
    }

    fn press_allow(&self, of: &Pressing<'_>) -> Result<Done, No> {
        let mut done = Done::said(of.say(Phrase::PressDone, &[]));
        self.free(of, &mut done.tick)?;
        let undoes = self.can_undo(of)?;
        let frees = !done.tick.orders.is_empty();
        if let Some(user) = of.member() {
            let mut settler = self.office.settler.lock();
            let is_approved = settler.members.get(of.group, user)?.is_some_and(|record| record.approved_at.0 > 0);
            if is_approved && !undoes && !frees {
                return Err(of.already(of.language.text(Phrase::ButtonAllow)));
            }
            let approved = |record: &mut crate::store::records::MemberRecord| record.approved_at = of.now;
            done.tick.members.push(settler.members.change(of.group, user, of.now, approved)?);
            done.tick.group.bans.push((self.office.tenant_of(of.group), user, None));
        } else if !undoes && !frees {
            return Err(No::Said(of.say(Phrase::WrongUnknown, &[])));
        }
        self.reports_were(&of.decision, Verity::Wrong, self.office.clock.now(), &mut done.tick)?;
        self.note_press(of, &mut done.tick, "its sender is no longer judged");
        let mark = if undoes { of.undone_mark() } else { of.mark.clone() };
        let mut edit = self.edited(of, &mark, &of.say(Phrase::OutAllowed, &[&of.who]));
        if let Detail::Edited { buttons, .. } = &mut edit.detail {
            buttons.retain(|button| !matches!(button.press, Press::Allow(_)));
        }
        done.tick.orders.push(edit);
        if undoes {
            done.then = Then::Undo(of.caller.clone(), of.number);
        }
        Ok(done)
    }

    fn press_not_spam(&self, of: &Pressing<'_>) -> Result<Done, No> {
        if of.mark.label == Some(Label::Fine) {
            return Err(of.already(of.language.text(Phrase::ButtonNotSpam)));
        }
        let mut done = Done::said(of.say(Phrase::PressDone, &[]));
        let undoes = self.can_undo(of)?;
        let mark = if undoes { of.undone_mark() } else { of.mark.clone() };
        let mark = Mark { label: Some(Label::Fine), ..mark };
        let edit = self.edited(of, &mark, &of.say(Phrase::OutNotSpam, &[&of.who]));
        self.free(of, &mut done.tick)?;
        if undoes {
            let orders = vec![edit.clone()];
            self.office.undo_with(&of.caller, of.number, Tick { orders, ..Tick::default() })?;
        }
        self.reports_were(&of.decision, Verity::Wrong, self.office.clock.now(), &mut done.tick)?;
        done.tick.orders.push(edit);
        done.then = Then::Label(of.caller.clone(), of.number, "fine");
        Ok(done)
    }

    /// Measures against the sender that a press ordered, or the decision, and that were not taken back: each with what frees
    /// from it.
    fn standing_measures(&self, of: &Pressing<'_>) -> Result<Vec<(OutboxKey, Ending, ActionKind)>, StoreError> {
        let endings = self.office.snapshots.endings()?;
        let mut found = Vec::new();
        for message in [of.decision.message, of.spare()] {
            for (measure, frees) in [(ActionKind::Ban, ActionKind::Unban), (ActionKind::Mute, ActionKind::Unmute)] {
                let key = OutboxKey { chat: of.group, message, action: measure };
                let ending = endings.of(key)?;
                if stands(&ending) && !stands(&endings.of(OutboxKey { action: frees, ..key })?) {
                    found.push((key, ending, frees));
                }
            }
        }
        Ok(found)
    }

    fn bans(&self, of: &Pressing<'_>) -> Result<bool, StoreError> {
        Ok(self.standing_measures(of)?.iter().any(|(key, ..)| key.action == ActionKind::Ban))
    }

    /// Takes back the measures that stand.
    fn free(&self, of: &Pressing<'_>, tick: &mut Tick) -> Result<(), StoreError> {
        for (key, ending, action) in self.standing_measures(of)? {
            if matches!(ending, Ending::Waits(_)) {
                tick.dropped.push(key);
            }
            let key = OutboxKey { action, ..key };
            tick.orders.push(OutboxRow::new(key, of.decision.sender, of.now, of.errand.trace));
            if let Some(user) = of.member().filter(|_| action == ActionKind::Unban) {
                tick.group.bans.push((self.office.tenant_of(of.group), user, None));
            }
        }
        Ok(())
    }

    fn edited(&self, of: &Pressing<'_>, mark: &Mark, outcome: &str) -> OutboxRow {
        self.office.edit(of.number, &of.decision, mark, of.card, outcome, of.errand.trace)
    }

    fn note_press(&self, of: &Pressing<'_>, tick: &mut Tick, after: &str) {
        let tenant = Some(self.office.tenant_of(of.group));
        let what = format!("pressed under decision {}, group {}", of.number, of.group.0);
        tick.desk.audit.push(self.office.audit_line(&of.caller, tenant, what, "", after));
    }

    /// Somebody who joined shows that they are human.
    fn human(
        &self,
        errand: &Errand,
        here: Language,
        message: MessageId,
        (user, kick): (UserId, MessageId),
    ) -> Result<Done, No> {
        let no = |phrase| Err(No::Said(here.say(phrase, &[])));
        if errand.by != Sender::Member(user) {
            return no(Phrase::PressNotYours);
        }
        let chat = self.office.current(errand.chat);
        let key = OutboxKey { chat, message: kick, action: ActionKind::Kick };
        match self.office.snapshots.endings()?.of(key)? {
            Ending::Waits(_) => {}
            // Pressed twice.
            Ending::Dropped(_) => return no(Phrase::PressHuman),
            Ending::Done(_) | Ending::Dead(..) | Ending::Unknown => return no(Phrase::PressLate),
        }
        let row = |message, action, target| {
            OutboxRow::new(OutboxKey { chat, message, action }, target, errand.at, errand.trace)
        };
        let unmute = row(kick, ActionKind::Unmute, Sender::Member(user));
        let clean = row(message, ActionKind::Clean, Sender::Nobody);
        let tick = Tick { dropped: vec![key], orders: vec![unmute, clean], ..Tick::default() };
        Ok(Done { tick, ..Done::said(here.say(Phrase::PressHuman, &[])) })
    }
}
