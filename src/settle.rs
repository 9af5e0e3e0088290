//! From a verdict to what is promised: the decision, its actions, the parts of its album, its notices.
//!
//! Promises: an album is one unit; a member gets at most one notice in a window, and one ban for a row of messages. Who is
//! removed, banned or muted is no longer asked whether they are human. What is about no message deletes none.
//!
//! Never: a commit. What follows is written into a `Tick`, which is nothing until the journal has it.

pub mod of_late;

use crate::cards::{self, Frame, InRaid, Pace, Showing};
use crate::clock::{Now, Wall};
use crate::counters::Counters;
use crate::decide::{ChatRules, Disposition, Plan, Standing, plan};
use crate::ingest::door::SharedDoor;
use crate::limits;
use crate::manners::{Consequence, Manners};
use crate::members::{Members, warning_for};
use crate::message::{AlbumId, ChatId, Message, MessageId, Revision, Sender, TraceId, UserId, floor_char_boundary};
use crate::opinion;
use crate::shard::Rulebook;
use crate::store::group::SharedBan;
use crate::store::records::{AlbumRecord, Decision, OutboxKey, OutboxRow, Warned, excerpt};
use crate::store::{MemberChange, Promise, Snapshots, StoreError, Tick};
use crate::tenant::TenantName;
use crate::verdict::{ActionKind, Finding, Outcome, PlannedAction, Verdict};
use of_late::OfLate;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a decision is about: a message without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub message: MessageId,
    /// Who sent it.
    pub sender: Sender,
    /// Original or edited.
    pub revision: Revision,
    /// Its album.
    pub album: Option<AlbumId>,
    /// Its trace.
    pub trace: TraceId,
    /// When its update arrived.
    pub received: Wall,
    /// The start of its first text.
    pub excerpt: String,
    /// What its sender is called; empty when that is not known.
    pub name: String,
}

/// What a group wants of a decision.
#[derive(Clone, Copy, Debug)]
pub struct House<'h> {
    /// How it is moderated.
    pub rules: &'h ChatRules,
    /// How it is kept.
    pub manners: &'h Manners,
    /// Where its administrators are told.
    pub admin_chat: Option<ChatId>,
    /// What it is called.
    pub title: &'h str,
    /// Who owns it.
    pub tenant: &'h TenantName,
    /// Whether what people write there may be stored.
    pub keeps_texts: bool,
}

impl<'h> House<'h> {
    /// What a chat wants, by the rules in force.
    #[must_use]
    pub fn of(rulebook: &'h Rulebook, chat: ChatId, title: &'h str) -> Self {
        let tenant = rulebook.tenant(chat);
        let admin_chat = tenant.admin_chat.filter(|admin_chat| *admin_chat != chat);
        let (rules, manners) = (rulebook.rules(chat), rulebook.manners(chat));
        let keeps_texts = tenant.retention.keeps_texts();
        Self { rules, manners, admin_chat, title, tenant: &tenant.name, keeps_texts }
    }
}

impl Case {
    /// The case of a message.
    #[must_use]
    pub fn of(message: &Message, trace: TraceId, received: Wall) -> Self {
        Self {
            chat: message.chat,
            message: message.id,
            sender: message.sender,
            revision: message.revision,
            album: message.album,
            trace,
            received,
            excerpt: message.surfaces.first().map(|surface| excerpt(&surface.text)).unwrap_or_default(),
            name: message.sender_name.clone(),
        }
    }
}

/// The settler, shared by those who decide: ingest and the slow lane. Locked for moments only.
#[derive(Clone, Debug)]
pub struct SharedSettler(Arc<Mutex<Settler>>);

impl SharedSettler {
    /// Takes up where the durable file left off.
    #[must_use]
    pub fn new(snapshots: Snapshots, counters: Arc<Counters>) -> Self {
        Self(Arc::new(Mutex::new(Settler::new(snapshots, counters))))
    }

    /// The settler.
    pub fn lock(&self) -> MutexGuard<'_, Settler> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The albums under judgement, and who was told something of late.
#[derive(Debug)]
pub struct Settler {
    snapshots: Snapshots,
    counters: Arc<Counters>,
    albums: BTreeMap<(ChatId, AlbumId), AlbumRecord>,
    album_order: VecDeque<(ChatId, AlbumId)>,
    /// What is known of members.
    pub members: Members,
    /// How many cards chats of administrators got of late.
    pub cards: Pace,
    /// Who was banned of late.
    banned: OfLate,
    /// Where those wait who are asked whether they are human, and where bans are shared.
    door: Option<SharedDoor>,
}

impl Settler {
    fn new(snapshots: Snapshots, counters: Arc<Counters>) -> Self {
        Self {
            members: Members::new(snapshots.clone()),
            cards: Pace::default(),
            snapshots,
            counters,
            albums: BTreeMap::new(),
            album_order: VecDeque::new(),
            banned: OfLate::new(limits::BANNED_OF_LATE_MAX),
            door: None,
        }
    }

    /// Tells this door of what is promised, from now on.
    pub fn attend(&mut self, door: SharedDoor) {
        self.door = Some(door);
    }

    /// What people order is about to be made durable: whoever they ban is asked nothing any more, since a removal that comes
    /// after a ban would lift it.
    pub fn ordered(&mut self, tick: &mut Tick) {
        let Some(door) = &self.door else { return };
        let mut door = door.lock();
        for row in &tick.orders {
            if let (ActionKind::Ban | ActionKind::Kick, Sender::Member(user) | Sender::Bot(user)) =
                (row.key.action, row.target)
            {
                tick.dropped.extend(door.cancel_for(row.key.chat, user));
            }
        }
        for key in tick.dropped.iter().filter(|key| key.action == ActionKind::Kick) {
            door.taken_back(*key);
        }
    }

    /// It is durable: what is shared by now.
    pub fn has_ordered(&self, bans: &[(TenantName, UserId, Option<SharedBan>)]) {
        if let Some(door) = self.door.as_ref().filter(|_| !bans.is_empty()) {
            door.lock().shared_by_hand(bans);
        }
    }

    /// A sender is free again, in a group of this tenant: the next ban is promised anew, and no other group bans them for this
    /// one.
    pub fn freed(&mut self, chat: ChatId, sender: Sender, tenant: &TenantName, tick: &mut Tick) {
        self.came_back(chat, sender);
        if let (Some(door), Sender::Member(user) | Sender::Bot(user)) = (&self.door, sender) {
            door.lock().unshare(tenant, user, tick);
        }
    }

    /// A sender was let in, so that no ban of an earlier time stands.
    pub fn came_back(&mut self, chat: ChatId, sender: Sender) {
        self.banned.forget(chat, sender);
    }

    /// The verdict of a part, judged together with its album. A part of an album that was blocked goes with it.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn with_album(&mut self, case: &Case, verdict: Verdict) -> Result<Verdict, StoreError> {
        let Some(key) = case.album.map(|album| (case.chat, album)) else { return Ok(verdict) };
        self.load_album(key)?;
        let blocked = self.albums.get(&key).and_then(|album| Some((album.blocked_for.clone()?, album.score)));
        Ok(match blocked {
            Some((reason, score)) if verdict.outcome != Outcome::Block => with_its_album(verdict, reason, score),
            _ => verdict,
        })
    }

    /// Writes down what follows from a verdict of [`Settler::with_album`], and returns it: the decision and its actions,
    /// or nothing, when the message may stay and nobody but the rules was asked.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn settle(
        &mut self,
        case: &Case,
        verdict: Verdict,
        house: &House<'_>,
        standing: Standing,
        now: Now,
        tick: &mut Tick,
    ) -> Result<Option<Promise>, StoreError> {
        let also_removed = self.note_part(case, &verdict, tick)?;
        if verdict.outcome == Outcome::Allow && !opinion::is_part_of(&verdict) {
            return Ok(None);
        }
        let Plan { disposition, mut actions } = plan(case.sender, &verdict, house.rules, standing);
        if disposition == Disposition::Exempt {
            self.counters.exempt.one();
        }
        if actions.iter().any(|action| action.kind == ActionKind::Warn) {
            let more = self.warn(case, &verdict.reason, house.manners, now, tick)?;
            actions.extend(more.filter(|more| actions.iter().all(|action| action.kind != more.kind)));
        }
        let mut rows = Vec::with_capacity(actions.len() + also_removed.len());
        for action in &actions {
            if action.kind.is_courtesy() && !self.may_notice(case, now, tick)? {
                continue;
            }
            let deletes_nothing = action.kind.is_removal() && !case.message.is_real();
            if deletes_nothing || self.is_banned_already(case, *action, now) {
                continue;
            }
            rows.push(row(case, case.message, *action, &verdict));
            if action.kind == ActionKind::Delete {
                rows.extend(also_removed.iter().map(|part| row(case, *part, *action, &verdict)));
            }
        }
        if let Some(door) = self.door.as_ref().filter(|_| !rows.is_empty()) {
            door.lock().promised(case, &verdict, house, &rows, now, tick);
        }
        let decision = Decision {
            at: now.wall,
            chat: case.chat,
            message: case.message,
            sender: case.sender,
            revision: case.revision,
            outcome: verdict.outcome,
            score: verdict.score,
            reason: verdict.reason,
            findings: verdict.findings,
            actions: with_more(verdict.actions, &actions),
            mode: house.rules.mode,
            disposition,
            policy: verdict.policy,
            trace: case.trace,
            excerpt: if house.keeps_texts { case.excerpt.clone() } else { String::new() },
        };
        rows.extend(self.card(case, &decision, house, now));
        Ok(Some(Promise { decision, rows }))
    }

    fn in_raid(&self, chat: ChatId) -> InRaid {
        self.door.as_ref().map_or(InRaid::No, |door| door.lock().in_raid(chat))
    }

    /// The rows that show a decision to its administrators, if it is shown by itself.
    fn card(&mut self, case: &Case, decision: &Decision, house: &House<'_>, now: Now) -> Vec<OutboxRow> {
        let is_shown = decision.disposition != Disposition::Exempt && decision.outcome != Outcome::Allow;
        let Some(admin_chat) = house.admin_chat.filter(|_| is_shown && house.manners.cards.is_on()) else {
            return Vec::new();
        };
        let Showing::Alone(copying) = self.cards.show(admin_chat, decision, self.in_raid(decision.chat), now) else {
            return Vec::new();
        };
        let frame =
            Frame { language: house.manners.language, title: house.title, name: &case.name, outcome: "", number: None };
        cards::rows(decision, &frame, copying, admin_chat, now)
    }

    /// Remembers a part with its album while the decision about it waits for an opinion. Its verdict is unsure.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn await_decision(&mut self, case: &Case, verdict: &Verdict, tick: &mut Tick) -> Result<(), StoreError> {
        // An unsure part takes no other along.
        self.note_part(case, verdict, tick).map(drop)
    }

    fn load_album(&mut self, key: (ChatId, AlbumId)) -> Result<(), StoreError> {
        if !self.albums.contains_key(&key) {
            let record = self.snapshots.album(key.0, key.1)?.unwrap_or_default();
            self.albums.insert(key, record);
            self.album_order.push_back(key);
            while self.album_order.len() > limits::ALBUMS_MAX {
                if let Some(oldest) = self.album_order.pop_front() {
                    self.albums.remove(&oldest);
                }
            }
        }
        Ok(())
    }

    /// Remembers a part with its album. The first blocked part takes the earlier ones along, which are returned; the
    /// sender is dealt with by the part that was blocked.
    fn note_part(&mut self, case: &Case, verdict: &Verdict, tick: &mut Tick) -> Result<Vec<MessageId>, StoreError> {
        let Some(key) = case.album.map(|album| (case.chat, album)) else { return Ok(Vec::new()) };
        self.load_album(key)?;
        let Some(album) = self.albums.get_mut(&key) else { return Ok(Vec::new()) };
        let mut also_removed = Vec::new();
        if album.blocked_for.is_none() {
            if verdict.outcome == Outcome::Block {
                also_removed.extend(album.parts.iter().filter(|earlier| **earlier != case.message));
                album.blocked_for = Some(verdict.reason.clone());
                album.score = verdict.score;
            } else if album.parts.len() < limits::ALBUM_PARTS_MAX && !album.parts.contains(&case.message) {
                album.parts.push(case.message);
            }
        }
        tick.albums.push((key.0, key.1, album.clone()));
        Ok(also_removed)
    }

    /// Whether the sender was banned for ever of late: once is enough. If not, they are from now on.
    fn is_banned_already(&mut self, case: &Case, action: PlannedAction, now: Now) -> bool {
        if action.kind != ActionKind::Ban || action.seconds > 0 {
            return false;
        }
        let was = self.banned.has(case.chat, case.sender, now.mono);
        if !was {
            self.banned.add(case.chat, case.sender, now.mono);
        }
        was
    }

    /// Whether a courtesy about the sender may be promised now: one in a window.
    fn may_notice(&mut self, case: &Case, now: Now, tick: &mut Tick) -> Result<bool, StoreError> {
        let (Sender::Member(user) | Sender::Bot(user)) = case.sender else { return Ok(true) };
        let noticed = self.members.get(case.chat, user)?.map_or(Wall(0), |record| record.notice_at);
        if is_recent(noticed, now.wall) {
            return Ok(false);
        }
        let change = self.members.change(case.chat, user, now.wall, |record| record.notice_at = now.wall)?;
        note(tick, change);
        Ok(true)
    }

    /// Counts a warning, and returns what it leads to besides.
    fn warn(
        &mut self,
        case: &Case,
        reason: &str,
        manners: &Manners,
        now: Now,
        tick: &mut Tick,
    ) -> Result<Option<PlannedAction>, StoreError> {
        let (Sender::Member(user) | Sender::Bot(user)) = case.sender else { return Ok(None) };
        let why = Warned { at: now.wall, trace: warning_for(case.message), reason: reason.to_owned() };
        let (change, consequence) = self.members.warn((case.chat, user), why, manners, now.wall)?;
        note(tick, change);
        Ok(match consequence {
            Consequence::Counted(_) => None,
            Consequence::Mute(seconds) => Some(PlannedAction { kind: ActionKind::Mute, seconds }),
            Consequence::Ban => Some(PlannedAction { kind: ActionKind::Ban, seconds: 0 }),
        })
    }
}

/// One record a member and tick: the last one holds all changes.
pub(crate) fn note(tick: &mut Tick, change: MemberChange) {
    let is_other = |known: &MemberChange| (known.chat, known.user) != (change.chat, change.user);
    tick.members.retain(is_other);
    tick.group.heard.retain(is_other);
    tick.members.push(change);
}

/// The same for what is of no consequence and rides along, unless something of the member is made durable anyway.
pub(crate) fn note_heard(tick: &mut Tick, change: MemberChange) {
    let is_same = |known: &MemberChange| (known.chat, known.user) == (change.chat, change.user);
    if tick.members.iter().any(is_same) {
        note(tick, change);
        return;
    }
    tick.group.heard.retain(|known| !is_same(known));
    tick.group.heard.push(change);
}

fn with_its_album(verdict: Verdict, reason: String, score: u16) -> Verdict {
    let actions = vec![PlannedAction { kind: ActionKind::Delete, seconds: 0 }];
    let mut findings = verdict.findings;
    let finding = Finding { rule: "aegis-album".to_owned(), score, reason: reason.clone(), spans: Vec::new() };
    findings.insert(0, finding);
    findings.truncate(limits::FINDINGS_MAX);
    Verdict { outcome: Outcome::Block, score, reason, findings, actions, policy: verdict.policy }
}

/// Whether a notice lies within the window. A time in the future is a clock that was set back, and does not count.
const fn is_recent(noticed: Wall, now: Wall) -> bool {
    noticed.0 > 0 && noticed.0 <= now.0 && now.0 - noticed.0 < limits::NOTICE_WINDOW_MS
}

/// What the verdict asks for, and what its warnings led to.
fn with_more(mut asked: Vec<PlannedAction>, promised: &[PlannedAction]) -> Vec<PlannedAction> {
    let more = promised.iter().filter(|more| asked.iter().all(|known| known.kind != more.kind));
    let more: Vec<PlannedAction> = more.copied().collect();
    asked.extend(more);
    asked
}

fn row(case: &Case, part: MessageId, action: PlannedAction, verdict: &Verdict) -> OutboxRow {
    let key = OutboxKey { chat: case.chat, message: part, action: action.kind };
    let text = if action.kind.is_courtesy() { notice(&verdict.reason) } else { String::new() };
    OutboxRow { seconds: action.seconds, text, ..OutboxRow::new(key, case.sender, case.received, case.trace) }
}

fn notice(reason: &str) -> String {
    let cut = floor_char_boundary(reason, limits::NOTICE_BYTES_MAX.saturating_sub(32));
    format!("A message was removed: {}", reason.get(..cut).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_in_the_future_is_a_clock_that_was_set_back() {
        assert!(is_recent(Wall(1_000), Wall(1_500)));
        assert!(!is_recent(Wall(2_000), Wall(1_500)));
        assert!(!is_recent(Wall(0), Wall(1)));
        assert!(!is_recent(Wall(1), Wall(1 + limits::NOTICE_WINDOW_MS)));
    }
}
