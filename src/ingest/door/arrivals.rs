//! Those who come: how a join and a wish to join become something to be judged, what follows for them, and what is done about
//! strangers when they write.
//!
//! Promises: who comes is judged by the same shards as messages, by name and self-description alone. Who is known, and who
//! administers the group, is let be.
//!
//! Never: a deletion of what is no message.

use super::against::{Against, asks_for_action, verdict_of};
use super::raid::Acquaintance;
use super::{IMPERSONATOR_RULE, RAID_RULE, sender_of};
use crate::bursts::Sign;
use crate::cards::{self, InRaid};
use crate::chats::ChatBook;
use crate::clock::Now;
use crate::decide::{ChatRules, Standing};
use crate::ingest::{Admitted, Arrival, Arriving, Ingest};
use crate::limits;
use crate::manners::{JoinPolicy, Manners, Measure};
use crate::message::{ChatId, Message, MessageId, Revision, Sender, SurfaceKind, Trust, UpdateId};
use crate::review::dated_s;
use crate::settle::{Case, House, note_heard};
use crate::shard::Rulebook;
use crate::store::records::{OutboxKey, OutboxRow};
use crate::store::{Promise, StoreError, Tick};
use crate::telegram::update::{Person, PersonKind, Told};
use crate::verdict::{ActionKind, Finding, Mode, Outcome, PlannedAction, ReviewFallback, Verdict};
use std::sync::Arc;

/// A verdict about a message, with what stands against its sender.
pub(in crate::ingest) enum Looked {
    /// It goes on its way.
    Verdict(Verdict),
    /// Something about the sender is recorded; that alone has nothing done, and no model is asked.
    Recorded(Verdict),
}

impl Ingest {
    /// Somebody joined.
    pub(in crate::ingest) fn joins(
        &mut self,
        (chat, who, id): (ChatId, Person, UpdateId),
        book: &mut ChatBook,
        rulebook: &Rulebook,
        now: Now,
        admitted: &mut Admitted,
    ) -> Result<(), StoreError> {
        let chat = book.current(chat);
        if who.user == self.own {
            return Ok(());
        }
        self.newcomers.joined(chat, who.user, now.mono);
        self.settler.lock().came_back(chat, sender_of(&who));
        self.comes((chat, who, id), "", book, rulebook, now, admitted)
    }

    /// Somebody asks to join.
    pub(in crate::ingest) fn wishes(
        &mut self,
        (chat, who, id): (ChatId, Person, UpdateId),
        bio: &str,
        book: &mut ChatBook,
        rulebook: &Rulebook,
        now: Now,
        admitted: &mut Admitted,
    ) -> Result<(), StoreError> {
        let chat = book.current(chat);
        if rulebook.manners(chat).join_requests == JoinPolicy::Leave {
            return Ok(());
        }
        self.comes((chat, who, id), bio, book, rulebook, now, admitted)?;
        if let Some(Arrival { what, .. }) = admitted.arrivals.last_mut()
            && let Arriving::Join(who) = what
        {
            *what = Arriving::Wish(std::mem::take(who));
        }
        Ok(())
    }

    fn comes(
        &mut self,
        (chat, who, id): (ChatId, Person, UpdateId),
        bio: &str,
        book: &mut ChatBook,
        rulebook: &Rulebook,
        now: Now,
        admitted: &mut Admitted,
    ) -> Result<(), StoreError> {
        if book.saw(chat, now) {
            admitted.want_facts.push(chat);
        }
        let (sender, trace) = (sender_of(&who), self.trace_of(id));
        let mut message = Message::empty(chat, MessageId::of_none(trace.0), sender);
        message.trust = self.settler.lock().members.trust(chat, who.user, rulebook.manners(chat))?;
        message.sender_name.clone_from(&who.name);
        message.push(SurfaceKind::SenderName, &who.name);
        if !who.username.is_empty() {
            message.push(SurfaceKind::SenderName, &format!("@{}", who.username));
        }
        message.push(SurfaceKind::Bio, bio);
        admitted.arrivals.push(Arrival { message: Arc::new(message), trace, what: Arriving::Join(who) });
        Ok(())
    }

    /// A service message about who came or went, which some groups want tidied away.
    pub(in crate::ingest) fn tidies(
        &self,
        (chat, message, told, id): (ChatId, MessageId, Told, UpdateId),
        book: &ChatBook,
        rulebook: &Rulebook,
        now: Now,
        tick: &mut Tick,
    ) {
        let chat = book.current(chat);
        let manners = rulebook.manners(chat);
        let wanted = match told {
            Told::Joined => manners.clean_joins,
            Told::Left => manners.clean_leaves,
        };
        let may_act = rulebook.rules(chat).mode == Mode::Enforce
            && book.get(chat).is_none_or(|record| !record.is_watch_only())
            && message.is_real();
        if wanted.is_on() && may_act {
            let key = OutboxKey { chat, message, action: ActionKind::Clean };
            tick.orders.push(OutboxRow::new(key, Sender::Nobody, now.wall, self.trace_of(id)));
        }
    }

    /// What follows for somebody who came, or wants to.
    pub(in crate::ingest) fn at_the_door(
        &mut self,
        arrival: &Arrival,
        judged: Verdict,
        rulebook: &Rulebook,
        book: &ChatBook,
        now: Now,
        tick: &mut Tick,
    ) -> Result<(), StoreError> {
        let message = &arrival.message;
        let house = House::of(rulebook, message.chat, book.title(message.chat));
        let standing = book.standing(message.chat, message.sender);
        if standing == Standing::Protected || rulebook.is_admin_chat(message.chat) {
            return Ok(());
        }
        match &arrival.what {
            Arriving::Message => Ok(()),
            Arriving::Join(_) if message.trust != Trust::Stranger => Ok(()),
            Arriving::Join(who) => self.joined(&Coming { arrival, who, house, standing, book, now }, &judged, tick),
            Arriving::Wish(who) => self.wished(&Coming { arrival, who, house, standing, book, now }, &judged, tick),
        }
    }

    fn joined(&mut self, coming: &Coming<'_>, judged: &Verdict, tick: &mut Tick) -> Result<(), StoreError> {
        let Coming { arrival, who, house, standing, book, now } = coming;
        let (standing, now) = (*standing, *now);
        let (chat, sender) = (arrival.message.chat, arrival.message.sender);
        let against = {
            let mut door = self.door.lock();
            if who.kind != PersonKind::Bot {
                tick.absorb(door.sign((chat, Sign::Join, who.user.0), house, now)?);
            }
            let mut against = door.against(chat, who, house, book)?;
            against.extend(door.against_newcomer(chat, house.manners.raid.measure()));
            against.extend(Against::of_name(judged, house.manners.names));
            let is_let_in = !asks_for_action(&against);
            let may_ask = house.manners.captcha.is_on()
                && house.rules.mode == Mode::Enforce
                && standing == Standing::Ordinary
                && who.kind == PersonKind::Human
                && door.in_raid(chat) == InRaid::No;
            if is_let_in && may_ask {
                door.ask(chat, who, house, arrival.trace, now, tick);
            }
            let is_noted = is_let_in && door.noted.has(chat, sender, now.mono);
            if against.is_empty() || is_noted {
                return Ok(());
            }
            door.noted.add(chat, sender, now.mono);
            against
        };
        let verdict = verdict_of(&against, None, Verdict { policy: judged.policy, ..Verdict::default() });
        self.promise(coming, verdict, &only_recorded(house.rules), tick)
    }

    fn wished(&mut self, coming: &Coming<'_>, judged: &Verdict, tick: &mut Tick) -> Result<(), StoreError> {
        let Coming { arrival, who, house, standing, book, now } = coming;
        let (standing, now) = (*standing, *now);
        let chat = arrival.message.chat;
        let mut against = Vec::new();
        if arrival.message.trust == Trust::Stranger {
            let door = self.door.lock();
            against = door.against(chat, who, house, book)?;
            // A name alone declines nobody, unless it would have something done about a member.
            against.retain(|one| one.rule != IMPERSONATOR_RULE || one.measure.action().is_some());
            against.extend(Against::of_name(judged, house.manners.names));
            against.extend(door.against_newcomer(chat, Measure::Kick));
        }
        if against.is_empty() {
            let admits = house.manners.join_requests == JoinPolicy::Approve
                && house.rules.mode == Mode::Enforce
                && standing == Standing::Ordinary;
            if admits {
                let key = cards::key(chat, ActionKind::Admit, arrival.trace);
                tick.orders.push(OutboxRow::new(key, arrival.message.sender, now.wall, arrival.trace));
            }
            return Ok(());
        }
        let verdict = verdict_of(&against, None, Verdict { policy: judged.policy, ..Verdict::default() });
        let actions = vec![PlannedAction { kind: ActionKind::Decline, seconds: 0 }];
        let verdict = Verdict { outcome: Outcome::Block, actions, ..verdict };
        self.promise(coming, verdict, house.rules, tick)
    }

    fn promise(
        &self,
        coming: &Coming<'_>,
        verdict: Verdict,
        rules: &ChatRules,
        tick: &mut Tick,
    ) -> Result<(), StoreError> {
        let Coming { arrival, standing, now, .. } = coming;
        let case = Case::of(&arrival.message, arrival.trace, now.wall);
        let house = House { rules, ..coming.house };
        let promise: Option<Promise> = self.settler.lock().settle(&case, verdict, &house, *standing, *now, tick)?;
        tick.promises.extend(promise);
        Ok(())
    }

    /// The verdict of a message, with what stands against its sender, and as it is in a raid.
    pub(in crate::ingest) fn look_at_sender(
        &mut self,
        message: &Message,
        verdict: Verdict,
        house: &House<'_>,
        book: &ChatBook,
        now: Now,
    ) -> Result<Looked, StoreError> {
        let (Sender::Member(user) | Sender::Bot(user)) = message.sender else { return Ok(Looked::Verdict(verdict)) };
        if message.trust != Trust::Stranger || book.is_protected(message.chat, message.sender) {
            return Ok(Looked::Verdict(verdict));
        }
        let unsure = verdict.outcome == Outcome::Review;
        let sender = if unsure && self.settler.lock().members.get(message.chat, user)?.is_some() {
            Acquaintance::SeenBefore
        } else {
            Acquaintance::Unseen
        };
        let kind = if matches!(message.sender, Sender::Bot(_)) { PersonKind::Bot } else { PersonKind::Human };
        let who = Person { user, name: message.sender_name.clone(), username: String::new(), kind };
        let mut door = self.door.lock();
        let strict = unsure && door.is_strict_for(message.chat, message, house.manners.raid, sender, now);
        let verdict = if strict { sure(verdict) } else { verdict };
        let mut against = door.against(message.chat, &who, house, book)?;
        if !asks_for_action(&against) {
            if door.noted.has(message.chat, message.sender, now.mono) {
                against.clear();
            } else if !against.is_empty() {
                door.noted.add(message.chat, message.sender, now.mono);
            }
        }
        drop(door);
        let was = verdict.outcome;
        let verdict = verdict_of(&against, Some(ActionKind::Delete), verdict);
        let is_new = was == Outcome::Allow && verdict.outcome == Outcome::Review;
        Ok(if is_new { Looked::Recorded(verdict) } else { Looked::Verdict(verdict) })
    }

    /// What a message tells of its sender: a harmless one counts towards being known, an unwanted one takes that back and may
    /// be a sign of a raid.
    pub(in crate::ingest) fn learn_from(
        &mut self,
        message: &Message,
        outcome: Outcome,
        house: &House<'_>,
        book: &ChatBook,
        now: Now,
        tick: &mut Tick,
    ) -> Result<(), StoreError> {
        let (Sender::Member(user) | Sender::Bot(user)) = message.sender else { return Ok(()) };
        if book.is_protected(message.chat, message.sender) {
            return Ok(());
        }
        match outcome {
            Outcome::Allow => self.counts(message, house.manners, now, tick),
            Outcome::Review => Ok(()),
            Outcome::Block => {
                {
                    let mut settler = self.settler.lock();
                    let members = &mut settler.members;
                    if members.get(message.chat, user)?.is_some_and(|record| record.messages > 0) {
                        let change = members.change(message.chat, user, now.wall, |record| record.messages = 0)?;
                        note_heard(tick, change);
                    }
                }
                if is_fresh(message, now) {
                    let raid = self.door.lock().sign((message.chat, Sign::Unwanted, user.0), house, now)?;
                    tick.absorb(raid);
                }
                Ok(())
            }
        }
    }

    /// A harmless message counts.
    fn counts(&self, message: &Message, manners: &Manners, now: Now, tick: &mut Tick) -> Result<(), StoreError> {
        let (Sender::Member(user) | Sender::Bot(user)) = message.sender else { return Ok(()) };
        if message.revision == Revision::Original
            && let Some(change) = self.settler.lock().members.wrote(message, user, manners, now.wall)?
        {
            note_heard(tick, change);
        }
        Ok(())
    }
}

/// Somebody who came, or wants to, and what is known as they do.
struct Coming<'c> {
    arrival: &'c Arrival,
    who: &'c Person,
    house: House<'c>,
    standing: Standing,
    book: &'c ChatBook,
    now: Now,
}

/// Whether a message is of the last minute. What waited at Telegram through an outage comes at once, and is no raid.
fn is_fresh(message: &Message, now: Now) -> bool {
    let dated_s = dated_s(message);
    dated_s == 0 || now.wall.seconds().saturating_sub(dated_s) <= limits::RAID_WINDOW_MS / 1_000
}

/// The rules of a chat, but that what is only recorded has nothing done.
pub(in crate::ingest) const fn only_recorded(rules: &ChatRules) -> ChatRules {
    ChatRules { fallback: ReviewFallback::Record, ..*rules }
}

/// A verdict that was unsure, in a raid.
fn sure(mut verdict: Verdict) -> Verdict {
    let reason = "the group is raided: what is unsure of newcomers counts as sure".to_owned();
    verdict.findings.truncate(limits::FINDINGS_MAX.saturating_sub(1));
    verdict.findings.push(Finding { rule: RAID_RULE.to_owned(), score: 0, reason, spans: Vec::new() });
    if verdict.actions.is_empty() {
        verdict.actions.push(PlannedAction { kind: ActionKind::Delete, seconds: 0 });
    }
    Verdict { outcome: Outcome::Block, ..verdict }
}
