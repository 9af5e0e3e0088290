//! The lane's mind: who waits, who may be asked about, and what an answer decides. Time and chance are parameters.
//!
//! Promises: first come, first asked, but nobody waits for a tenant that has to pause. At most as many rows as the settings
//! allow, each of constant size: texts stay on storage until they are sent. A row leaves the lane once: with an opinion,
//! or with the reason why there is none.
//!
//! Never: a clock, a disk, a network.

mod degrade;

use super::chat_of;
use super::row::{Decided, Depart, Ended, NoOpinion, Row, Turn, Used};
use crate::budget::{Hold, Ledger, Micros, Month, Paid, Spent, Who};
use crate::clock::{Monotonic, Wall};
use crate::config::Ai;
use crate::counters::Counters;
use crate::limits::{self, Capacity};
use crate::message::ChatId;
use crate::model::{Answer, CallFailure, Fate, MayHaveCost, most_cost};
use crate::opinion::{Heard, Opinion};
use crate::opinions::{Begun, Hit, Key, Opinions, Waiting};
use crate::pacing::{Admission, Breaker, Bucket};
use crate::tenant::{Tenant, TenantName};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not looked at yet.
    New,
    /// Another row's answer may be its own.
    Follows,
    /// To be asked about.
    Leads,
}

#[derive(Debug)]
struct Seat {
    row: Row,
    state: State,
    deadline: Monotonic,
    entered: Monotonic,
    /// How many opinions had been learned when it looked for one.
    looked: u64,
    tries: u32,
}

#[derive(Debug)]
struct Flight {
    hold: Hold,
    key: Key,
    dated_s: u64,
}

/// The lane.
#[derive(Debug)]
pub struct Lane {
    ai: Arc<Ai>,
    /// Calls that the board has room for.
    calls_max: usize,
    /// What the smallest call can cost.
    least: Micros,
    counters: Arc<Counters>,
    opinions: Opinions,
    learned: u64,
    waiting: Waiting,
    /// What was spent and is held.
    pub ledger: Ledger,
    seats: BTreeMap<u64, Seat>,
    last: u64,
    /// Seats of rows that are on their way to storage.
    promised: usize,
    flying: BTreeMap<u64, Flight>,
    buckets: BTreeMap<TenantName, Bucket>,
    breaker: Breaker,
    /// When the last call failed.
    failed_at: Monotonic,
    paused_until: Monotonic,
    trouble: Option<String>,
    sample: Option<String>,
    degraded: BTreeMap<TenantName, NoOpinion>,
    warned: BTreeMap<TenantName, Month>,
}

/// Which of two moments comes first; none is never.
fn sooner(wake: Option<Monotonic>, at: Monotonic) -> Option<Monotonic> {
    Some(wake.map_or(at, |wake| wake.min(at)))
}

impl Lane {
    /// An empty lane with this ledger, which remembers opinions in as many bytes, and makes as many calls at one time, as
    /// the board has room for.
    #[must_use]
    pub fn new(ledger: Ledger, board: &Capacity, counters: Arc<Counters>) -> Self {
        let opinion_bytes = usize::try_from(board.opinion_bytes).unwrap_or(usize::MAX);
        let ai = Arc::new(Ai::default());
        Self {
            opinions: Opinions::new(opinion_bytes, u64::from(ai.cache_ttl_s)),
            calls_max: usize::try_from(board.model_calls).unwrap_or(1),
            ai,
            least: Micros::default(),
            counters,
            learned: 0,
            waiting: Waiting::default(),
            ledger,
            seats: BTreeMap::new(),
            last: 0,
            promised: 0,
            flying: BTreeMap::new(),
            buckets: BTreeMap::new(),
            breaker: Breaker::default(),
            failed_at: Monotonic(0),
            paused_until: Monotonic(0),
            trouble: None,
            sample: None,
            degraded: BTreeMap::new(),
            warned: BTreeMap::new(),
        }
    }

    /// The settings in force. Another server begins with a clean slate.
    pub fn settings(&mut self, ai: &Arc<Ai>) {
        if Arc::ptr_eq(ai, &self.ai) {
            return;
        }
        let old = std::mem::replace(&mut self.ai, Arc::clone(ai));
        self.opinions.set_ttl(u64::from(ai.cache_ttl_s));
        self.least = most_cost(&super::endpoint(ai), limits::REVIEW_REQUEST_BYTES_LEAST);
        if (old.calls_per_minute, old.burst) != (ai.calls_per_minute, ai.burst) {
            self.buckets.clear();
        }
        if (&old.base_url, &old.model, &old.key) != (&ai.base_url, &ai.model, &ai.key) {
            self.breaker = Breaker::default();
            self.paused_until = Monotonic(0);
            self.trouble = None;
            self.sample = None;
        }
    }

    /// Remembers an opinion of an earlier life.
    pub fn remember(&mut self, key: Key, opinion: Opinion, dated_s: u64) {
        self.opinions.put(key, opinion, dated_s);
        self.learned = self.learned.saturating_add(1);
    }

    /// An opinion that was given before and answers this message.
    pub fn remembered(&mut self, key: &Key, dated_s: u64) -> Option<(Opinion, Heard)> {
        let found = self.look(key, dated_s);
        if found.is_none() {
            self.counters.opinions_missed.one();
        }
        found
    }

    fn look(&mut self, key: &Key, dated_s: u64) -> Option<(Opinion, Heard)> {
        let (opinion, hit) = self.opinions.look(key, dated_s)?;
        let heard = match hit {
            Hit::Exact => Heard::Same,
            Hit::Near => Heard::NearlySame,
        };
        let found = (opinion.clone(), heard);
        self.count_hit(heard);
        Some(found)
    }

    fn count_hit(&self, heard: Heard) {
        match heard {
            Heard::Asked => {}
            Heard::Same => self.counters.opinions_same.one(),
            Heard::NearlySame => self.counters.opinions_nearly.one(),
        }
    }

    /// Keeps a seat for an unsure message of `month`, until [`Lane::enter`] takes it.
    ///
    /// # Errors
    /// Why there is none: the fallback decides now.
    pub fn seat(&mut self, tenant: &Tenant, month: Month, now: Monotonic) -> Result<(), NoOpinion> {
        self.ledger.advance(&tenant.name, month);
        let probe = matches!(self.breaker.admission(now), Admission::Open);
        match self.away(tenant, now) {
            // The first after the pause finds out whether the model is back.
            Some(NoOpinion::Away) if probe => {}
            Some(why) => {
                self.counters.review_refused.one();
                return Err(why);
            }
            None => {}
        }
        if self.seats.len().saturating_add(self.promised) >= usize::from(self.ai.queue) {
            self.counters.review_refused.one();
            return Err(NoOpinion::Full);
        }
        self.promised = self.promised.saturating_add(1);
        Ok(())
    }

    /// Takes in rows that are durable by now, onto the seats that were kept for them.
    pub fn enter(&mut self, rows: Vec<Row>, now: Monotonic) {
        self.promised = self.promised.saturating_sub(rows.len());
        let deadline = now.plus_ms(self.deadline_ms());
        for row in rows {
            self.sit(row, now, deadline);
        }
    }

    /// Takes in rows of an earlier life: as much of their time has passed as the clock says, and never more than all.
    pub fn resume(&mut self, rows: Vec<Row>, now: Monotonic, wall: Wall) {
        for row in rows {
            let passed = wall.0.saturating_sub(row.at.0);
            let deadline = now.plus_ms(self.deadline_ms().saturating_sub(passed));
            self.sit(row, now, deadline);
        }
    }

    fn deadline_ms(&self) -> u64 {
        u64::from(self.ai.deadline_s).saturating_mul(1_000)
    }

    fn sit(&mut self, row: Row, entered: Monotonic, deadline: Monotonic) {
        // Another revision takes the place of the one before.
        let place = (row.chat, row.message);
        let before = self.seats.iter().find(|(_, seat)| (seat.row.chat, seat.row.message) == place).map(|(id, _)| *id);
        if let Some(id) = before {
            self.rise(id);
        }
        self.last = self.last.saturating_add(1);
        let seat = Seat { row, state: State::New, deadline, entered, looked: 0, tries: 0 };
        self.seats.insert(self.last, seat);
    }

    /// A row leaves its seat. A call about it goes on: it is paid for, and others may use its answer.
    fn rise(&mut self, id: u64) -> Option<Seat> {
        let seat = self.seats.remove(&id)?;
        if !self.flying.contains_key(&id) {
            let ended = self.waiting.leave(id);
            self.promote(&ended.ask);
        }
        Some(seat)
    }

    fn promote(&mut self, leaders: &[u64]) {
        for id in leaders {
            if let Some(seat) = self.seats.get_mut(id) {
                seat.state = State::Leads;
            }
        }
    }

    fn decide(&mut self, id: u64, by: Result<(Opinion, Heard), NoOpinion>, now: Monotonic) -> Option<Decided> {
        let seat = self.rise(id)?;
        self.counters.review_wait.record_us(now.since_ms(seat.entered).saturating_mul(1_000));
        match &by {
            Ok(_) => self.counters.review_answered.one(),
            Err(_) => self.counters.review_unanswered.one(),
        }
        Some(Decided { row: seat.row, by })
    }

    /// What is to be done now.
    pub fn turn(&mut self, now: Monotonic) -> Turn {
        let mut turn = Turn::default();
        let most = usize::from(self.ai.calls_in_flight).min(self.calls_max);
        let mut room = most.saturating_sub(self.flying.len());
        let pause = self.pause(now);
        let ids: Vec<u64> = self.seats.keys().copied().collect();
        for id in ids {
            if let Some(by) = self.ripe(id, now) {
                turn.decided.extend(self.decide(id, by, now));
                continue;
            }
            let Some(seat) = self.seats.get_mut(&id) else { continue };
            turn.wake = sooner(turn.wake, seat.deadline);
            if seat.state == State::New {
                seat.state = match self.waiting.begin(seat.row.key, id) {
                    Begun::Ask => State::Leads,
                    Begun::WaitFor(_) => State::Follows,
                    Begun::Full => State::New,
                };
            }
            if seat.state != State::Leads || self.flying.contains_key(&id) || room == 0 {
                continue;
            }
            match pause {
                Pause::None => {}
                Pause::Until(at) => {
                    turn.wake = sooner(turn.wake, at);
                    continue;
                }
                Pause::ForAnother => continue,
            }
            let row = seat.row.clone();
            let ready_at = self.bucket(&row.tenant).ready_at();
            if ready_at > now {
                turn.wake = sooner(turn.wake, ready_at);
                continue;
            }
            // Of a model that was away, one call finds out whether it is back.
            room = if self.breaker.is_tripped() { 0 } else { room - 1 };
            turn.ready.push((id, row));
        }
        if self.is_limited(now) {
            turn.wake = sooner(turn.wake, self.limited_until());
        }
        if self.breaker.is_tripped() && self.away_until() > now {
            turn.wake = sooner(turn.wake, self.away_until());
        }
        if !turn.decided.is_empty() {
            // Others may lead now.
            turn.wake = Some(now);
        }
        turn
    }

    /// How a row leaves without a call, if it does.
    fn ripe(&mut self, id: u64, now: Monotonic) -> Option<Result<(Opinion, Heard), NoOpinion>> {
        let seat = self.seats.get_mut(&id)?;
        if !self.ai.is_on() {
            return Some(Err(NoOpinion::Off));
        }
        if seat.deadline <= now {
            self.counters.review_late.one();
            return Some(Err(if self.breaker.is_tripped() { NoOpinion::Away } else { NoOpinion::Late }));
        }
        if seat.looked == self.learned || self.flying.contains_key(&id) {
            return None;
        }
        seat.looked = self.learned;
        let (key, dated_s) = (seat.row.key, seat.row.dated_s);
        self.look(&key, dated_s).map(Ok)
    }

    fn bucket(&mut self, tenant: &TenantName) -> &mut Bucket {
        let ai = &self.ai;
        self.buckets.entry(tenant.clone()).or_insert_with(|| Bucket::with_minutes(ai.burst, ai.calls_per_minute))
    }

    /// A short pause is waited out; a longer one leaves tenants without a model until it is short.
    const fn limited_until(&self) -> Monotonic {
        Monotonic(self.paused_until.0.saturating_sub(limits::REVIEW_PAUSE_WAITED_MS))
    }

    fn is_limited(&self, now: Monotonic) -> bool {
        self.limited_until() > now
    }

    fn outage(&mut self, now: Monotonic, chance: u64) {
        self.failed_at = now;
        self.breaker.outage(now, chance);
    }

    /// Until when a failure tells that the model is away: what is older says nothing about now, and where few messages are
    /// unsure nobody may have looked since.
    const fn away_until(&self) -> Monotonic {
        self.failed_at.plus_ms(limits::REVIEW_AWAY_MS)
    }

    fn pause(&self, now: Monotonic) -> Pause {
        if self.paused_until > now {
            return Pause::Until(self.paused_until);
        }
        match self.breaker.admission(now) {
            Admission::Open => Pause::None,
            Admission::NotBefore(at) => Pause::Until(at),
            Admission::Probing => Pause::ForAnother,
        }
    }

    /// Sets aside what the call about a row of [`Turn::ready`] can cost, and lets it depart.
    pub fn depart(
        &mut self,
        id: u64,
        tenant: &Tenant,
        who: Who,
        month: Month,
        amount: Micros,
        now: Monotonic,
    ) -> Depart {
        let Some(row) = self.seats.get(&id).map(|seat| seat.row.clone()) else { return Depart::Later };
        if self.bucket(&tenant.name).ready_at() > now || self.pause(now) != Pause::None {
            return Depart::Later;
        }
        let caps = self.ledger.caps(&tenant.name, tenant.caps);
        match self.ledger.reserve(&tenant.name, who, amount, month, &caps) {
            Ok(hold) => {
                self.bucket(&tenant.name).take(now);
                self.breaker.made();
                self.flying.insert(id, Flight { hold: hold.clone(), key: row.key, dated_s: row.dated_s });
                Depart::Held(hold)
            }
            // What other calls turn out not to cost may suffice.
            Err(_) if self.ledger.held(&tenant.name) > 0 => Depart::Later,
            Err(refused) => {
                self.counters.budget_refusals.one();
                match self.decide(id, Err(NoOpinion::Budget(refused)), now) {
                    Some(decided) => Depart::No(decided),
                    None => Depart::Later,
                }
            }
        }
    }

    /// What is stored under a row is not what it was, or cannot be asked about: it leaves without a word.
    pub fn gone(&mut self, id: u64) {
        self.rise(id);
    }

    /// The call about a row ended.
    pub fn ended(&mut self, id: u64, heard: &Result<Answer, CallFailure>, now: Monotonic, chance: u64) -> Ended {
        let Some(flight) = self.flying.remove(&id) else { return Ended::default() };
        let mut ended = Ended::default();
        let (by, paid) = match heard {
            Ok(answer) => {
                let by = self.answered(answer, &flight, now, chance, &mut ended);
                (Some(by), Paid::Money(answer.cost))
            }
            Err(failure) => {
                let paid = match failure.may_have_cost {
                    MayHaveCost::No => Paid::Nothing,
                    MayHaveCost::Yes => Paid::Money(flight.hold.amount),
                };
                (self.failed(id, failure, now, chance).map(Err), paid)
            }
        };
        self.ledger.settle(flight.hold.id, paid);
        let spent = self.count_paid(&flight.hold, paid);
        let chat = chat_of(&flight.hold);
        let tokens = heard.as_ref().ok().and_then(|answer| answer.usage).unwrap_or_default();
        let used = Used { tenant: flight.hold.tenant.clone(), chat, dated_s: flight.dated_s, spent, tokens };
        ended.used = (spent != Spent::default()).then_some(used);
        ended.settled = Some((flight.hold.id, paid));
        // Without a decision it stays where it is and is asked about again.
        let Some(by) = by else { return ended };
        let follow = self.waiting.end(id, by.as_ref().ok().map(|(opinion, _)| opinion.view));
        self.promote(&follow.ask);
        if let Ok((opinion, _)) = &by {
            for follower in follow.answered {
                let Some(seat) = self.seats.get(&follower) else { continue };
                let heard = if seat.row.key.exact() == flight.key.exact() { Heard::Same } else { Heard::NearlySame };
                self.count_hit(heard);
                ended.decided.extend(self.decide(follower, Ok((opinion.clone(), heard)), now));
            }
        }
        // The one that was asked about stands first.
        if let Some(decided) = self.decide(id, by, now) {
            ended.decided.insert(0, decided);
        }
        ended
    }

    fn answered(
        &mut self,
        answer: &Answer,
        flight: &Flight,
        now: Monotonic,
        chance: u64,
        ended: &mut Ended,
    ) -> Result<(Opinion, Heard), NoOpinion> {
        self.counters.model_call.record_us(answer.took_ms.saturating_mul(1_000));
        if let Some((sent, back)) = answer.usage {
            self.counters.model_tokens_in.add(sent);
            self.counters.model_tokens_out.add(back);
        }
        let Some(opinion) = &answer.opinion else {
            self.counters.model_unclear.one();
            self.sample.clone_from(&answer.sample);
            self.trouble = Some(NoOpinion::Unclear.words().to_owned());
            self.outage(now, chance);
            return Err(NoOpinion::Unclear);
        };
        self.breaker.answered();
        self.trouble = None;
        self.remember(flight.key, opinion.clone(), flight.dated_s);
        ended.learned = Some((flight.key, opinion.clone(), flight.dated_s));
        Ok((opinion.clone(), Heard::Asked))
    }

    /// Why the row leaves after a failed call; nothing when it is asked about again.
    fn failed(&mut self, id: u64, failure: &CallFailure, now: Monotonic, chance: u64) -> Option<NoOpinion> {
        self.counters.model_failures.one();
        self.trouble = Some(failure.why.clone());
        match failure.fate {
            Fate::Retry { after_ms: Some(pause) } => {
                // It answered, if only to ask for a pause.
                self.breaker.answered();
                self.paused_until = self.paused_until.max(now.plus_ms(pause));
            }
            Fate::Retry { after_ms: None } | Fate::TooSlow | Fate::Broken => self.outage(now, chance),
            Fate::Refused => {
                // It would be refused again: as many failures as it takes.
                for _ in 0..limits::BREAKER_FAILURES {
                    self.outage(now, chance);
                }
                return Some(NoOpinion::Away);
            }
        }
        let cost_nothing = failure.may_have_cost == MayHaveCost::No;
        let seat = self.seats.get_mut(&id).filter(|_| cost_nothing && matches!(failure.fate, Fate::Retry { .. }));
        match seat {
            Some(seat) if seat.tries.saturating_add(1) < limits::REVIEW_TRIES_MAX => {
                seat.tries = seat.tries.saturating_add(1);
                None
            }
            _ => Some(NoOpinion::Failed),
        }
    }

    fn count_paid(&self, hold: &Hold, paid: Paid) -> Spent {
        let charged = hold.charge().less(hold.refund(paid));
        self.counters.model_calls.add(charged.calls);
        self.counters.model_spent_micros.add(charged.money.0);
        charged
    }

    /// What the last call failed by, in words; `None` when it did not.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// A redacted piece of the last answer that was no opinion.
    #[must_use]
    pub fn sample(&self) -> Option<&str> {
        self.sample.as_deref()
    }

    /// Sets the gauges to what is so now.
    pub fn publish(&self) {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.counters.review_rows.set(wide(self.seats.len()));
        self.counters.model_in_flight.set(wide(self.flying.len()));
        self.counters.model_breaker_open.set(u64::from(self.breaker.is_tripped()));
        self.counters.opinions_entries.set(wide(self.opinions.entries()));
        self.counters.opinions_bytes.set(wide(self.opinions.bytes()));
        self.counters.degraded_tenants.set(wide(self.degraded.len()));
    }

    /// A chat has a new id.
    pub fn moved(&mut self, from: ChatId, to: ChatId) {
        for seat in self.seats.values_mut().filter(|seat| seat.row.chat == from) {
            seat.row.chat = to;
        }
        self.ledger.moved(from, to);
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether nobody does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }
}

/// Whether all calls have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    None,
    Until(Monotonic),
    /// For the call that finds out.
    ForAnother,
}

#[cfg(test)]
mod tests;
