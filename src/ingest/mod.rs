//! From updates to promises: recognise what was seen, have it judged, write down what follows.
//!
//! Promises: an update is acknowledged only after what follows from it is durable; one that was seen before, by its
//! id, is passed over, whatever the order of the ids.
//!
//! Never: a watermark. After a quiet week Telegram draws ids at random, and "larger than the last" would discard
//! everything.

pub mod door;
pub mod errands;
pub mod poll;
pub mod standby;
pub mod sweep;
pub mod switch;
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
use crate::store::group::Errand;
use crate::store::records::{Undecided, excerpt};
use crate::store::usage::{Usage, UsageKey};
use crate::store::{Snapshots, StoreError, Tick};
use crate::telegram::update::Person;
use crate::telegram::{Incoming, What, update};
use crate::verdict::{Outcome, Verdict};
use door::{Looked, SharedDoor, only_recorded};
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

/// Something that was let in to be judged.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The message, or what stands for one: somebody who comes has a name and perhaps a self-description.
    pub message: Arc<Message>,
    /// Its trace.
    pub trace: TraceId,
    /// What it is.
    pub what: Arriving,
}

impl Arrival {
    fn is_join_of(&self, chat: ChatId, user: UserId) -> bool {
        self.message.chat == chat && matches!(&self.what, Arriving::Join(who) if who.user == user)
    }
}

/// What arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arriving {
    /// A message.
    Message,
    /// Somebody joined.
    Join(Person),
    /// Somebody asks to join.
    Wish(Person),
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
    door: SharedDoor,
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
        let door = SharedDoor::new(snapshots.clone())?;
        let settler = SharedSettler::new(snapshots, Arc::clone(&counters));
        settler.lock().attend(door.clone());
        Ok(Self {
            seen,
            settler,
            door,
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
        settler.lock().attend(self.door.clone());
        Self { settler, ..self }
    }

    /// The door of all groups.
    #[must_use]
    pub fn door(&self) -> SharedDoor {
        self.door.clone()
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
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn admit(
        &mut self,
        batch: Vec<Incoming>,
        book: &mut ChatBook,
        rulebook: &Rulebook,
        now: Now,
    ) -> Result<Admitted, StoreError> {
        let mut admitted = Admitted::default();
        for (chat, user, name) in book.take_names() {
            self.door.lock().learn_admin(chat, &Person { user, name, ..Person::default() });
        }
        for incoming in batch {
            self.counters.updates.one();
            if !self.seen.is_new(incoming.id) {
                self.counters.updates_repeated.one();
                continue;
            }
            admitted.tick.updates.push(incoming.id);
            let id = incoming.id;
            match incoming.what {
                What::Message(message) => self.arrive(*message, id, book, rulebook, now, &mut admitted)?,
                What::Command(message, line) => {
                    admitted.errands.extend(self.command(&message, *line, id, (book, rulebook), now));
                    self.arrive(*message, id, book, rulebook, now, &mut admitted)?;
                }
                What::Callback { id: press, who, message, words } => {
                    match self.press((press, who, message, words), id, book, now) {
                        Ok(errand) => admitted.errands.push(errand),
                        Err(idle) => admitted.callbacks.push(idle),
                    }
                }
                What::Joined { chat, who } => self.joins((chat, who, id), book, rulebook, now, &mut admitted)?,
                What::JoinRequest { chat, who, bio } => {
                    self.wishes((chat, who, id), &bio, book, rulebook, now, &mut admitted)?;
                }
                What::Left { chat, user } => {
                    let chat = book.current(chat);
                    // Who left administers nothing any more.
                    Self::is_now(Standing::Ordinary, chat, user, book, &mut admitted);
                    // Who came and went in one batch is asked nothing.
                    admitted.arrivals.retain(|arrival| !arrival.is_join_of(chat, user));
                    self.door.lock().left(chat, user, now, &mut admitted.tick);
                }
                What::Service { chat, message, what } => {
                    self.tidies((chat, message, what, id), book, rulebook, now, &mut admitted.tick);
                }
                other => self.note(other, book, &mut admitted),
            }
        }
        Ok(admitted)
    }

    fn arrive(
        &mut self,
        mut message: Message,
        id: UpdateId,
        book: &mut ChatBook,
        rulebook: &Rulebook,
        now: Now,
        admitted: &mut Admitted,
    ) -> Result<(), StoreError> {
        if message.sender == Sender::Bot(self.own) || message.sender == Sender::Member(self.own) {
            return Ok(());
        }
        message.chat = book.current(message.chat);
        if book.saw(message.chat, now) {
            admitted.want_facts.push(message.chat);
        }
        message.behaviour = self.repeats.note(&message, now.mono);
        if let Sender::Member(user) | Sender::Bot(user) = message.sender {
            if message.revision == Revision::Original
                && let Some(newcomer) = self.newcomers.wrote(message.chat, user, now.mono)
            {
                message.member_age_s = Some(newcomer.age_s);
                message.message_count = Some(newcomer.messages);
            }
            let manners = rulebook.manners(message.chat);
            message.trust = self.settler.lock().members.trust(message.chat, user, manners)?;
            if !message.sender_name.is_empty() && book.is_protected(message.chat, message.sender) {
                let who = Person { user, name: message.sender_name.clone(), ..Person::default() };
                self.door.lock().learn_admin(message.chat, &who);
            }
        }
        let trace = self.trace_of(id);
        admitted.arrivals.push(Arrival { message: Arc::new(message), trace, what: Arriving::Message });
        Ok(())
    }

    fn note(&self, what: What, book: &mut ChatBook, admitted: &mut Admitted) {
        match what {
            What::Moved { from, to } => {
                if book.moved(from, to) {
                    self.door.lock().moved(from, to);
                    self.settler.lock().members.moved(from);
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
            What::Unreadable(why) => {
                self.counters.updates_unreadable.one();
                tracing::warn!(why, "an update could not be read; it is acknowledged and passed over");
            }
            // Dealt with before.
            What::JoinRequest { .. }
            | What::Reaction { .. }
            | What::Nothing
            | What::Command(..)
            | What::Callback { .. }
            | What::Left { .. }
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
            match judged {
                Judged::Verdict(verdict) if arrival.what != Arriving::Message => {
                    self.note_hits(&verdict, arrival.message.chat, rulebook, now);
                    self.at_the_door(arrival, verdict, rulebook, book, now, &mut tick)?;
                }
                Judged::Poison if arrival.what != Arriving::Message => {
                    self.counters.quarantined.one();
                    self.at_the_door(arrival, Verdict::default(), rulebook, book, now, &mut tick)?;
                }
                judged => self.settle_message(arrival, judged, rulebook, book, now, &mut tick)?,
            }
        }
        Ok(tick)
    }

    fn settle_message(
        &mut self,
        arrival: &Arrival,
        judged: Judged,
        rulebook: &Rulebook,
        book: &mut ChatBook,
        now: Now,
        tick: &mut Tick,
    ) -> Result<(), StoreError> {
        self.counters.messages.one();
        let message = &arrival.message;
        let counted = counted(message, rulebook, now);
        let mut used = Usage { messages: 1, ..Usage::default() };
        let verdict = match judged {
            Judged::Verdict(verdict) => verdict,
            Judged::Poison => {
                tick.desk.count(counted, used);
                book.judged(message.chat, Outcome::Allow, now);
                let undecided = self.quarantine(arrival, rulebook, now);
                tick.undecided.push(undecided);
                return Ok(());
            }
        };
        self.note_hits(&verdict, message.chat, rulebook, now);
        match verdict.outcome {
            Outcome::Allow => self.counters.verdicts_allow.one(),
            Outcome::Review => self.counters.verdicts_review.one(),
            Outcome::Block => self.counters.verdicts_block.one(),
        }
        let verdict = self.block_link(message, verdict, rulebook);
        if rulebook.is_admin_chat(message.chat) {
            // What administrators say among themselves is theirs.
            tick.desk.count(counted, used);
            book.judged(message.chat, Outcome::Allow, now);
            return Ok(());
        }
        let title = book.title(message.chat).to_owned();
        let house = House::of(rulebook, message.chat, &title);
        // Something about the sender that is only recorded has nothing done, and does not hinder them from being known.
        let (verdict, quiet) = match self.look_at_sender(message, verdict, &house, book, now)? {
            Looked::Verdict(verdict) => (verdict, None),
            Looked::Recorded(verdict) => (verdict, Some(only_recorded(house.rules))),
        };
        let house = quiet.as_ref().map_or(house, |rules| House { rules, ..house });
        used.unsure = u64::from(verdict.outcome == Outcome::Review);
        used.blocked = u64::from(verdict.outcome == Outcome::Block);
        tick.desk.count(counted.clone(), used);
        book.judged(message.chat, verdict.outcome, now);
        if verdict.outcome == Outcome::Allow && message.album.is_none() {
            return self.learn_from(message, Outcome::Allow, &house, book, now, tick);
        }
        let case = Case::of(message, arrival.trace, now.wall);
        let standing = book.standing(message.chat, message.sender);
        let verdict = self.settler.lock().with_album(&case, verdict)?;
        let asked = if quiet.is_some() {
            Unsure::Decided(verdict)
        } else {
            self.unsure(arrival, verdict, standing, rulebook, now)
        };
        let verdict = match asked {
            Unsure::Decided(verdict) => verdict,
            Unsure::Remembered(verdict) => {
                tick.desk.count(counted.clone(), Usage { cache_hits: 1, ..Usage::default() });
                verdict
            }
            Unsure::Waits(row) => {
                self.settler.lock().await_decision(&case, &row.verdict, tick)?;
                tick.reviews.push(*row);
                return Ok(());
            }
        };
        let outcome = match verdict.outcome {
            Outcome::Review if quiet.is_some() => Outcome::Allow,
            outcome => outcome,
        };
        let promise = self.settler.lock().settle(&case, verdict, &house, standing, now, tick)?;
        if let Some(promise) = promise {
            let actions = promise.actions();
            tick.desk.count(counted, Usage { actions, ..Usage::default() });
            tick.promises.push(promise);
        }
        self.learn_from(message, outcome, &house, book, now, tick)
    }

    fn note_hits(&mut self, verdict: &Verdict, chat: ChatId, rulebook: &Rulebook, now: Now) {
        rulebook.policy.note(verdict, rulebook.packs_off_in(chat));
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

    fn quarantine(&self, arrival: &Arrival, rulebook: &Rulebook, now: Now) -> Undecided {
        self.counters.quarantined.one();
        let message = &arrival.message;
        let first = message.surfaces.first().filter(|_| rulebook.may_store(message.chat));
        Undecided {
            chat: message.chat,
            message: message.id,
            at: now.wall,
            why: "judging this message failed; it is kept for a person to look at".to_owned(),
            trace: arrival.trace,
            excerpt: first.map(|surface| excerpt(&surface.text)).unwrap_or_default(),
        }
    }
}

/// What a message counts for: its chat and its owner, at its own date, since the board's clock may be wrong, or now when it has
/// none.
fn counted(message: &Message, rulebook: &Rulebook, now: Now) -> UsageKey {
    let dated_s = match dated_s(message) {
        0 => now.wall.seconds(),
        dated_s => dated_s,
    };
    UsageKey::at(rulebook.tenant(message.chat), message.chat, dated_s)
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
