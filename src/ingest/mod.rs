//! From updates to promises: recognise what was seen, have it judged, write down what follows.
//!
//! Promises: an update is acknowledged only after what follows from it is durable; one that was seen before, by its
//! id, is passed over, whatever the order of the ids.
//!
//! Never: a watermark. After a quiet week Telegram draws ids at random, and "larger than the last" would discard
//! everything.

pub mod errands;
pub mod poll;
pub mod sweep;
mod unsure;

use crate::chats::ChatBook;
use crate::clock::Now;
use crate::counters::Counters;
use crate::decide::Standing;
use crate::message::{ChatId, Message, Revision, Sender, TraceId, UpdateId, UserId};
use crate::newcomers::Newcomers;
use crate::policy::{Ceilings, Paused};
use crate::repeats::Repeats;
use crate::review::{Row, SharedLane, dated_s};
use crate::settle::{Case, House, SharedSettler};
use crate::shard::{Judged, Rulebook};
use crate::store::desk::Usage;
use crate::store::group::Errand;
use crate::store::records::{Undecided, excerpt};
use crate::store::{Snapshots, StoreError, Tick};
use crate::telegram::{Incoming, What, update};
use crate::tenant::TenantName;
use crate::verdict::{Outcome, Verdict};
use errands::OwnName;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use unsure::{Unsure, Views};

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
    /// Pressed buttons that only have to stop spinning.
    pub callbacks: Vec<String>,
    /// What people ask for; not durable yet.
    pub errands: Vec<Errand>,
}

/// The updates seen, and what is known of those who send.
#[derive(Debug)]
pub struct Ingest {
    seen: Seen,
    settler: SharedSettler,
    lane: Option<SharedLane>,
    views: Views,
    counters: Arc<Counters>,
    own: UserId,
    ceilings: Ceilings,
    paused: Option<Paused>,
    repeats: Repeats,
    newcomers: Newcomers,
    own_name: OwnName,
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
            settler: SharedSettler::new(snapshots, Arc::clone(&counters)),
            lane: None,
            views: Views::default(),
            counters,
            own,
            ceilings: Ceilings::default(),
            paused: None,
            repeats: Repeats::default(),
            newcomers: Newcomers::default(),
            own_name: OwnName::default(),
        })
    }

    /// Brings unsure messages into this lane from now on.
    #[must_use]
    pub fn with_lane(self, lane: SharedLane) -> Self {
        Self { lane: Some(lane), ..self }
    }

    /// Turns verdicts into promises with this settler, which others have too.
    #[must_use]
    pub fn with_settler(self, settler: SharedSettler) -> Self {
        Self { settler, ..self }
    }

    /// What turns verdicts into promises.
    #[must_use]
    pub fn settler(&self) -> SharedSettler {
        self.settler.clone()
    }

    /// Those of a tick that begin to wait, once it is durable.
    pub fn wait(&self, rows: Vec<Row>, now: Now) {
        if let Some(lane) = self.lane.as_ref().filter(|_| !rows.is_empty()) {
            lane.lock().enter(rows, now.mono);
            lane.wake();
        }
    }

    /// A chat has a new id.
    pub fn moved(&self, from: ChatId, to: ChatId) {
        if let Some(lane) = &self.lane {
            lane.lock().moved(from, to);
        }
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
                What::Message(message) => {
                    self.arrive(*message, incoming.id, book, now, &mut admitted);
                }
                What::Joined { chat, who } => self.newcomers.joined(book.current(chat), who.user, now.mono),
                What::Command(message, line) => {
                    admitted.errands.extend(self.command(&message, *line, incoming.id, book, now));
                    self.arrive(*message, incoming.id, book, now, &mut admitted);
                }
                What::Callback { id, who, message, words } => {
                    match self.press((id, who, message, words), incoming.id, book, now) {
                        Ok(errand) => admitted.errands.push(errand),
                        Err(idle) => admitted.callbacks.push(idle),
                    }
                }
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
        admitted.arrivals.push(Arrival { message: Arc::new(message), trace: self.trace_of(id) });
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
            What::OwnStanding { chat, title } => {
                let news = title.and_then(|title| book.is_called(chat, title));
                admitted.tick.desk.titles.extend(news.map(|title| (chat, title)));
                admitted.tick.chats.push((chat, book.own_standing_changed(chat).clone()));
                admitted.want_facts.push(chat);
            }
            What::Administrator { chat, user, standing } => {
                let standing = match standing {
                    update::Standing::Administrator => Standing::Protected,
                    update::Standing::Other => Standing::Ordinary,
                };
                Self::is_now(standing, chat, user, book, admitted);
            }
            // Who left administers nothing any more.
            What::Left { chat, user } => Self::is_now(Standing::Ordinary, chat, user, book, admitted),
            What::Unreadable(why) => {
                self.counters.updates_unreadable.one();
                tracing::warn!(why, "an update could not be read; it is acknowledged and passed over");
            }
            What::JoinRequest { .. }
            | What::Reaction { .. }
            | What::Nothing
            | What::Command(..)
            | What::Callback { .. }
            | What::Service { .. }
            | What::Joined { .. }
            | What::Message(_) => {}
        }
    }

    fn is_now(standing: Standing, chat: ChatId, user: UserId, book: &mut ChatBook, admitted: &mut Admitted) {
        if book.administrator(chat, user, standing)
            && let Some(record) = book.get(chat)
        {
            admitted.tick.chats.push((chat, record.clone()));
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
        book: &mut ChatBook,
        now: Now,
    ) -> Result<Tick, StoreError> {
        let mut tick = Tick::default();
        if self.paused.is_none() && rulebook.paused != *self.ceilings.paused() {
            // The policy was loaded again.
            self.ceilings.reset();
        }
        for (arrival, judged) in arrivals.iter().zip(judged) {
            self.counters.messages.one();
            let (tenant, day) = day_of(&arrival.message, rulebook, now);
            let mut used = Usage { messages: 1, ..Usage::default() };
            let verdict = match judged {
                Judged::Verdict(verdict) => verdict,
                Judged::Poison => {
                    tick.desk.count(tenant, day, used);
                    book.judged(arrival.message.chat, Outcome::Allow, now);
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
            let message = &arrival.message;
            let verdict = self.block_link(message, verdict, rulebook);
            used.unsure = u64::from(verdict.outcome == Outcome::Review);
            used.blocked = u64::from(verdict.outcome == Outcome::Block);
            tick.desk.count(tenant, day, used);
            book.judged(message.chat, verdict.outcome, now);
            if verdict.outcome == Outcome::Allow && message.album.is_none() {
                continue;
            }
            let case = Case::of(message, arrival.trace, now.wall);
            let standing = book.standing(message.chat, message.sender);
            if rulebook.is_admin_chat(message.chat) {
                // What administrators say among themselves is theirs.
                continue;
            }
            let house = House::of(rulebook, message.chat, book.title(message.chat));
            let verdict = self.settler.lock().with_album(&case, verdict)?;
            let verdict = match self.unsure(arrival, verdict, standing, rulebook, now) {
                Unsure::Decided(verdict) => verdict,
                Unsure::Waits(row) => {
                    self.settler.lock().await_decision(&case, &row.verdict, &mut tick)?;
                    tick.reviews.push(*row);
                    continue;
                }
            };
            let promise = self.settler.lock().settle(&case, verdict, &house, standing, now, &mut tick)?;
            if let Some(promise) = promise {
                let actions = promise.actions();
                tick.desk.count(tenant, day, Usage { actions, ..Usage::default() });
                tick.promises.push(promise);
            }
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
}

/// Who owns a message's chat, and the day there that it counts for: that of its own date, since the board's clock may be
/// wrong, or today when it has none.
fn day_of<'r>(message: &Message, rulebook: &'r Rulebook, now: Now) -> (&'r TenantName, u32) {
    let tenant = rulebook.tenant(message.chat);
    let dated_s = match dated_s(message) {
        0 => now.wall.seconds(),
        dated_s => dated_s,
    };
    (&tenant.name, tenant.zone.day(i64::try_from(dated_s).unwrap_or(i64::MAX)))
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
}
