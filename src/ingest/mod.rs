//! From updates to promises: recognise what was seen, have it judged, write down what follows.
//!
//! Promises: an update is acknowledged only after what follows from it is durable; one that was seen before, by its
//! id, is passed over, whatever the order of the ids; an album is one unit; a member gets at most one notice in a
//! window.
//!
//! Never: a watermark. After a quiet week Telegram draws ids at random, and "larger than the last" would discard
//! everything.

pub mod poll;

use crate::chats::ChatBook;
use crate::clock::{Now, Wall};
use crate::counters::Counters;
use crate::decide::{Disposition, Plan, Standing, plan};
use crate::limits;
use crate::message::{
    AlbumId, ChatId, Message, MessageId, Revision, Sender, TraceId, UpdateId, UserId, floor_char_boundary, fnv1a,
};
use crate::newcomers::Newcomers;
use crate::policy::{Ceilings, Paused};
use crate::repeats::Repeats;
use crate::shard::{Judged, Rulebook};
use crate::store::records::{
    AlbumRecord, Decision, MemberRecord, OutboxKey, OutboxRow, OutboxState, Undecided, excerpt,
};
use crate::store::{MemberChange, Promise, Snapshots, StoreError, Tick};
use crate::telegram::{Incoming, What, update};
use crate::verdict::{ActionKind, Finding, Outcome, PlannedAction, Verdict};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

/// Remembers the ids of the last updates.
#[derive(Clone, Debug)]
pub struct Seen {
    order: VecDeque<UpdateId>,
    known: HashSet<UpdateId>,
    at_most: usize,
}

impl Seen {
    /// Remembers `ids`, and at most `at_most` from now on; the oldest are forgotten.
    #[must_use]
    pub fn new(ids: Vec<UpdateId>, at_most: usize) -> Self {
        let mut seen = Self { order: VecDeque::new(), known: HashSet::new(), at_most: at_most.max(1) };
        for id in ids {
            seen.is_new(id);
        }
        seen
    }

    /// Whether `id` was not seen before; from now on it was.
    pub fn is_new(&mut self, id: UpdateId) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        self.order.push_back(id);
        while self.order.len() > self.at_most {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }
}

/// A message that was let in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The message.
    pub message: Arc<Message>,
    /// Its trace.
    pub trace: TraceId,
}

/// What a batch of updates asks for.
#[derive(Debug, Default)]
pub struct Admitted {
    /// Messages to be judged, in order.
    pub arrivals: Vec<Arrival>,
    /// What is durable together with what follows from them.
    pub tick: Tick,
    /// Chats whose rights and administrators should be asked for.
    pub want_facts: Vec<ChatId>,
    /// Chats that moved: old, new.
    pub moved: Vec<(ChatId, ChatId)>,
    /// Pressed buttons to be answered.
    pub callbacks: Vec<String>,
}

/// The albums under judgement and the updates seen.
#[derive(Debug)]
pub struct Ingest {
    seen: Seen,
    albums: BTreeMap<(ChatId, AlbumId), AlbumRecord>,
    album_order: VecDeque<(ChatId, AlbumId)>,
    snapshots: Snapshots,
    counters: Arc<Counters>,
    own: UserId,
    ceilings: Ceilings,
    paused: Option<Paused>,
    repeats: Repeats,
    newcomers: Newcomers,
}

impl Ingest {
    /// Takes up where the durable file left off.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn new(
        snapshots: Snapshots,
        own: UserId,
        updates_remembered: usize,
        counters: Arc<Counters>,
    ) -> Result<Self, StoreError> {
        let seen = Seen::new(snapshots.updates()?, updates_remembered);
        Ok(Self {
            seen,
            albums: BTreeMap::new(),
            album_order: VecDeque::new(),
            snapshots,
            counters,
            own,
            ceilings: Ceilings::default(),
            paused: None,
            repeats: Repeats::default(),
            newcomers: Newcomers::default(),
        })
    }

    /// Sorts a batch: what is new, what it means, what must be judged.
    pub fn admit(&mut self, batch: Vec<Incoming>, book: &mut ChatBook, now: Now) -> Admitted {
        let mut admitted = Admitted::default();
        for incoming in batch {
            self.counters.updates.one();
            if !self.seen.is_new(incoming.id) {
                self.counters.updates_repeated.one();
                continue;
            }
            admitted.tick.updates.push(incoming.id);
            match incoming.what {
                What::Message(message) => self.arrive(*message, incoming.id, book, now, &mut admitted),
                What::Joined { chat, user } => self.newcomers.joined(book.current(chat), user, now.mono),
                other => self.note(other, book, &mut admitted),
            }
        }
        admitted
    }

    fn arrive(&mut self, mut message: Message, id: UpdateId, book: &mut ChatBook, now: Now, admitted: &mut Admitted) {
        if message.sender == Sender::Bot(self.own) || message.sender == Sender::Member(self.own) {
            return;
        }
        message.chat = book.current(message.chat);
        if book.saw(message.chat, now) {
            admitted.want_facts.push(message.chat);
        }
        message.behaviour = self.repeats.note(&message, now.mono);
        if let Sender::Member(user) | Sender::Bot(user) = message.sender
            && message.revision == Revision::Original
            && let Some(newcomer) = self.newcomers.wrote(message.chat, user, now.mono)
        {
            message.member_age_s = Some(newcomer.age_s);
            message.message_count = Some(newcomer.messages);
        }
        // The same update has the same trace when it is delivered again.
        let trace = TraceId(fnv1a(&[self.own.0.to_le_bytes().as_slice(), &id.0.to_le_bytes()].concat()));
        admitted.arrivals.push(Arrival { message: Arc::new(message), trace });
    }

    fn note(&self, what: What, book: &mut ChatBook, admitted: &mut Admitted) {
        match what {
            What::Moved { from, to } => {
                if book.moved(from, to) {
                    admitted.tick.moved.push((from, to));
                    admitted.moved.push((from, to));
                    admitted.want_facts.push(to);
                }
            }
            What::OwnStanding { chat } => {
                admitted.tick.chats.push((chat, book.own_standing_changed(chat).clone()));
                admitted.want_facts.push(chat);
            }
            What::Administrator { chat, user, standing } => {
                let standing = match standing {
                    update::Standing::Administrator => Standing::Protected,
                    update::Standing::Other => Standing::Ordinary,
                };
                if book.administrator(chat, user, standing)
                    && let Some(record) = book.get(chat)
                {
                    admitted.tick.chats.push((chat, record.clone()));
                }
            }
            What::Callback { id, .. } => admitted.callbacks.push(id),
            What::Unreadable(why) => {
                self.counters.updates_unreadable.one();
                tracing::warn!(why, "an update could not be read; it is acknowledged and passed over");
            }
            What::JoinRequest { .. }
            | What::Reaction { .. }
            | What::Nothing
            | What::Joined { .. }
            | What::Message(_) => {}
        }
    }

    /// Writes down what follows from the verdicts. `judged` is in the order of `arrivals`.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn settle(
        &mut self,
        arrivals: &[Arrival],
        judged: Vec<Judged>,
        rulebook: &Rulebook,
        book: &ChatBook,
        now: Now,
    ) -> Result<Tick, StoreError> {
        let mut tick = Tick::default();
        let mut noticed = BTreeMap::new();
        if self.paused.is_none() && rulebook.paused != *self.ceilings.paused() {
            // The policy was loaded again.
            self.ceilings.reset();
        }
        for (arrival, judged) in arrivals.iter().zip(judged) {
            self.counters.messages.one();
            let verdict = match judged {
                Judged::Verdict(verdict) => verdict,
                Judged::Poison => {
                    tick.undecided.push(self.quarantine(arrival, now));
                    continue;
                }
            };
            self.note_hits(&verdict, rulebook, now);
            match verdict.outcome {
                Outcome::Allow => self.counters.verdicts_allow.one(),
                Outcome::Review => self.counters.verdicts_review.one(),
                Outcome::Block => self.counters.verdicts_block.one(),
            }
            self.settle_one(arrival, verdict, rulebook, book, now, &mut tick, &mut noticed)?;
        }
        Ok(tick)
    }

    fn note_hits(&mut self, verdict: &Verdict, rulebook: &Rulebook, now: Now) {
        for tripped in self.ceilings.note(&rulebook.policy, verdict, now.mono.0) {
            self.counters.rules_tripped.one();
            tracing::warn!(
                rule = tripped.rule,
                hits = tripped.hits,
                window_s = tripped.window_s,
                "a rule hit its ceiling; it only records until the policy is loaded again"
            );
            self.paused = Some(self.ceilings.paused().clone());
        }
    }

    /// The rules that only record from the next batch on, if that changed since it was asked last.
    pub fn take_paused(&mut self) -> Option<Paused> {
        self.paused.take()
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `settle`, with the state of its batch")]
    fn settle_one(
        &mut self,
        arrival: &Arrival,
        verdict: Verdict,
        rulebook: &Rulebook,
        book: &ChatBook,
        now: Now,
        tick: &mut Tick,
        noticed: &mut BTreeMap<(ChatId, UserId), MemberRecord>,
    ) -> Result<(), StoreError> {
        let message = &arrival.message;
        let rules = rulebook.rules(message.chat);
        let mut also_removed = Vec::new();
        let mut verdict = verdict;
        if let Some(album) = message.album {
            let key = (message.chat, album);
            self.load_album(key)?;
            verdict = self.judge_as_album(key, message.id, verdict, &mut also_removed);
            if let Some(record) = self.albums.get(&key) {
                tick.albums.push((key.0, key.1, record.clone()));
            }
        }
        if verdict.outcome == Outcome::Allow {
            return Ok(());
        }
        let Plan { disposition, actions } = plan(message, &verdict, rules, book.standing(message.chat, message.sender));
        if disposition == Disposition::Exempt {
            self.counters.exempt.one();
        }
        let mut rows = Vec::with_capacity(actions.len() + also_removed.len());
        for action in &actions {
            if action.kind.is_courtesy() && !self.may_notice(message, action.kind, now, noticed, tick)? {
                continue;
            }
            rows.push(row(arrival, message.id, *action, &verdict, now));
            if action.kind == ActionKind::Delete {
                rows.extend(also_removed.iter().map(|part| row(arrival, *part, *action, &verdict, now)));
            }
        }
        let decision = Decision {
            at: now.wall,
            chat: message.chat,
            message: message.id,
            sender: message.sender,
            revision: message.revision,
            outcome: verdict.outcome,
            score: verdict.score,
            reason: verdict.reason,
            findings: verdict.findings,
            actions: verdict.actions,
            mode: rules.mode,
            disposition,
            policy: verdict.policy,
            trace: arrival.trace,
            excerpt: message.surfaces.first().map(|surface| excerpt(&surface.text)).unwrap_or_default(),
        };
        tick.promises.push(Promise { decision, rows });
        Ok(())
    }

    fn quarantine(&self, arrival: &Arrival, now: Now) -> Undecided {
        self.counters.quarantined.one();
        let message = &arrival.message;
        Undecided {
            chat: message.chat,
            message: message.id,
            at: now.wall,
            why: "judging this message failed; it is kept for a person to look at".to_owned(),
            trace: arrival.trace,
            excerpt: message.surfaces.first().map(|surface| excerpt(&surface.text)).unwrap_or_default(),
        }
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

    /// A part of an album that was blocked is removed with it; the first blocked part takes the earlier ones along.
    /// The sender was dealt with by the part that was blocked.
    fn judge_as_album(
        &mut self,
        key: (ChatId, AlbumId),
        part: MessageId,
        verdict: Verdict,
        also_removed: &mut Vec<MessageId>,
    ) -> Verdict {
        let Some(album) = self.albums.get_mut(&key) else { return verdict };
        if let Some(reason) = album.blocked_for.clone() {
            if verdict.outcome == Outcome::Block {
                return verdict;
            }
            let actions = vec![PlannedAction { kind: ActionKind::Delete, seconds: 0 }];
            let mut findings = verdict.findings;
            let finding = Finding {
                rule: "aegis-album".to_owned(),
                score: album.score,
                reason: reason.clone(),
                spans: Vec::new(),
            };
            findings.insert(0, finding);
            findings.truncate(limits::FINDINGS_MAX);
            return Verdict {
                outcome: Outcome::Block,
                score: album.score,
                reason,
                findings,
                actions,
                policy: verdict.policy,
            };
        }
        if verdict.outcome == Outcome::Block {
            also_removed.extend(album.parts.iter().filter(|earlier| **earlier != part));
            album.blocked_for = Some(verdict.reason.clone());
            album.score = verdict.score;
        } else if album.parts.len() < limits::ALBUM_PARTS_MAX && !album.parts.contains(&part) {
            album.parts.push(part);
        }
        verdict
    }

    /// Whether a courtesy about the sender may be promised; counts a warning.
    fn may_notice(
        &self,
        message: &Message,
        kind: ActionKind,
        now: Now,
        noticed: &mut BTreeMap<(ChatId, UserId), MemberRecord>,
        tick: &mut Tick,
    ) -> Result<bool, StoreError> {
        let (Sender::Member(user) | Sender::Bot(user)) = message.sender else { return Ok(true) };
        let key = (message.chat, user);
        let known = match noticed.get(&key) {
            Some(record) => record.clone(),
            None => self.snapshots.member(message.chat, user)?.unwrap_or_default(),
        };
        let mut record = known.clone();
        if kind == ActionKind::Warn {
            record.warns = record.warns.saturating_add(1);
        }
        let may = !is_recent(known.notice_at, now.wall);
        if may {
            record.notice_at = now.wall;
        }
        noticed.insert(key, record.clone());
        tick.members.retain(|change| (change.chat, change.user) != key);
        tick.members.push(MemberChange { chat: message.chat, user, record });
        Ok(may)
    }
}

/// Whether a notice lies within the window. A time in the future is a clock that was set back, and does not count.
const fn is_recent(noticed: Wall, now: Wall) -> bool {
    noticed.0 > 0 && noticed.0 <= now.0 && now.0 - noticed.0 < limits::NOTICE_WINDOW_MS
}

fn row(arrival: &Arrival, part: MessageId, action: PlannedAction, verdict: &Verdict, now: Now) -> OutboxRow {
    let text = if action.kind.is_courtesy() { notice(&verdict.reason) } else { String::new() };
    OutboxRow {
        key: OutboxKey { chat: arrival.message.chat, message: part, action: action.kind },
        decision: 0,
        target: arrival.message.sender,
        seconds: action.seconds,
        state: OutboxState::Pending,
        attempts: 0,
        not_before: Wall(0),
        received: now.wall,
        trace: arrival.trace,
        text,
    }
}

fn notice(reason: &str) -> String {
    let cut = floor_char_boundary(reason, limits::NOTICE_BYTES_MAX.saturating_sub(32));
    format!("A message was removed: {}", reason.get(..cut).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_recognised_in_any_order_and_the_oldest_are_forgotten() {
        let mut seen = Seen::new(vec![UpdateId(9)], 3);
        assert!(!seen.is_new(UpdateId(9)));
        assert!(seen.is_new(UpdateId(2)));
        assert!(seen.is_new(UpdateId(u32::MAX)));
        assert!(!seen.is_new(UpdateId(2)));
        assert!(seen.is_new(UpdateId(1)));
        assert!(seen.is_new(UpdateId(9)), "the oldest is forgotten");
    }

    #[test]
    fn a_notice_in_the_future_is_a_clock_that_was_set_back() {
        assert!(is_recent(Wall(1_000), Wall(1_500)));
        assert!(!is_recent(Wall(2_000), Wall(1_500)));
        assert!(!is_recent(Wall(0), Wall(1)));
        assert!(!is_recent(Wall(1), Wall(1 + limits::NOTICE_WINDOW_MS)));
    }
}
