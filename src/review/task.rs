//! The task that asks: it takes the lane's turns, makes what they decide durable, and calls the model.
//!
//! Promises: money is set aside durably before a call is made; what a call cost and what its answer decides become durable
//! together, and only then is anything done about a message. When told to stop it stops at once: a call under way is
//! given up, its money counts as spent, and its message is decided after the next start.
//!
//! Never: a lock held while it waits, or a wait of anybody for it.

use super::row::Used;
use super::{Decided, Depart, Event, Row, SharedLane, counted, dated_month, endpoint, used};
use crate::budget::Who;
use crate::clock::{Clock, Monotonic, Now, Wall};
use crate::dispatch::task::{SharedBook, Word, lock};
use crate::journal::history::Notes;
use crate::journal::{Gone, Journal};
use crate::message::{ChatId, MessageId, Sender, TraceId, UserId};
use crate::model::{Answer, CallFailure, Client, Endpoint, Fate, MayHaveCost, Question, most_cost, request_body};
use crate::opinion::{self, Heard};
use crate::settle::{Case, House, SharedSettler};
use crate::shard::{InForce, Rulebook};
use crate::store::records::{Audit, OutboxKey, OutboxRow};
use crate::store::usage::{Usage, UsageKey};
use crate::store::{ReviewRow, Reviewed, Snapshots, StoreError, Tick};
use crate::tracer::Tracer;
use crate::verdict::ActionKind;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

/// Why the task ended.
#[derive(Debug)]
pub enum Ended {
    /// It was told to, or others have ended and say why.
    Told,
    /// The durable file could not be read.
    Storage(StoreError),
}

/// The task and what it works with.
#[derive(Debug)]
pub struct Reviewer {
    /// The lane.
    pub lane: SharedLane,
    /// What turns verdicts into promises.
    pub settler: SharedSettler,
    /// Where the texts of those who wait are.
    pub snapshots: Snapshots,
    /// Where all of it becomes durable.
    pub journal: Journal,
    /// Who carries out what was decided.
    pub dispatch: mpsc::Sender<Word>,
    /// The book of chats.
    pub book: SharedBook,
    /// The rules in force, and who has no model now.
    pub in_force: InForce,
    /// The clock.
    pub clock: Clock,
    /// Where opinions are kept beside stored messages; `None` when none are.
    pub notes: Option<Notes>,
    /// Who is told of who waited.
    pub tracer: Tracer,
}

/// A call that may be made once its money is set aside.
struct Launch {
    id: u64,
    body: String,
}

type Back = (u64, Result<Answer, CallFailure>);

/// The calls under way, and which row each is about.
#[derive(Default)]
struct Calls {
    /// The way to the model, from the first call on: without a model there is none to set up.
    client: Option<Client>,
    tasks: JoinSet<Back>,
    rows: BTreeMap<tokio::task::Id, u64>,
}

impl Calls {
    fn start(&mut self, endpoint: &Endpoint, launch: Launch) {
        let Launch { id, body } = launch;
        let client = match &self.client {
            Some(client) => Ok(client.clone()),
            None => Client::new().inspect(|client| self.client = Some(client.clone())),
        };
        let endpoint = endpoint.clone();
        let task = self.tasks.spawn(async move {
            match client {
                Ok(client) => (id, client.ask(&endpoint, &body).await),
                Err(error) => (id, Err(CallFailure::not_made(&error))),
            }
        });
        self.rows.insert(task.id(), id);
    }

    /// How a call ended. One that broke the task it ran in has an end as well: nobody waits for it for ever.
    fn end(&mut self, joined: Result<(tokio::task::Id, Back), JoinError>) -> Option<Back> {
        match joined {
            Ok((task, back)) => {
                self.rows.remove(&task);
                Some(back)
            }
            Err(error) => {
                let why = "the call broke off inside this program".to_owned();
                let broken = CallFailure { fate: Fate::Broken, why, may_have_cost: MayHaveCost::Yes, status: None };
                Some((self.rows.remove(&error.id())?, Err(broken)))
            }
        }
    }

    /// Waits for one to end, and takes all that have.
    async fn ended(&mut self) -> Vec<Back> {
        let mut back = Vec::new();
        let Some(first) = self.tasks.join_next_with_id().await else { return std::future::pending().await };
        back.extend(self.end(first));
        while let Some(more) = self.tasks.try_join_next_with_id() {
            back.extend(self.end(more));
        }
        back
    }
}

enum Halt {
    Gone,
    Storage(StoreError),
}

impl From<Gone> for Halt {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

impl Reviewer {
    /// Works until told to stop. `settled` is made durable first: calls that an earlier life left open.
    pub async fn run(self, settled: Tick, mut stop: watch::Receiver<bool>) -> Ended {
        if self.make_durable(settled).await.is_err() {
            return Ended::Told;
        }
        let mut calls = Calls::default();
        let mut back = Vec::new();
        while !*stop.borrow() {
            let wake = match self.turn(std::mem::take(&mut back), &mut calls).await {
                Ok(wake) => wake,
                Err(Halt::Gone) => return Ended::Told,
                Err(Halt::Storage(error)) => return Ended::Storage(error),
            };
            tokio::select! {
                ended = calls.ended() => back = ended,
                () = self.lane.woken() => {}
                () = self.in_force.changed() => {}
                () = sleep_until(&self.clock, wake) => {}
                _ = stop.changed() => {}
            }
        }
        Ended::Told
    }

    /// One turn: what came back, what is due, and one commit for all of it. Returns when the next is due.
    async fn turn(&self, back: Vec<Back>, calls: &mut Calls) -> Result<Option<Monotonic>, Halt> {
        let now = self.clock.now();
        let rulebook = self.in_force.now();
        let endpoint = endpoint(&rulebook.ai);
        let mut tick = Tick::default();
        let (mut decided, ready, mut wake) = {
            let mut lane = self.lane.lock();
            lane.settings(&rulebook.ai);
            let mut decided = Vec::new();
            for (id, heard) in back {
                let ended = lane.ended(id, &heard, now.mono, fastrand::u64(..));
                decided.extend(ended.decided);
                tick.settled.extend(ended.settled);
                if let Some(Used { tenant, chat, dated_s, spent, tokens }) = ended.used {
                    tick.desk.count(counted(&rulebook.tenants, &tenant, chat, dated_s), used(spent, tokens));
                }
                if let (Some((key, opinion, dated_s)), Some(notes)) = (ended.learned, &self.notes) {
                    notes.opinion(key, opinion, dated_s);
                }
            }
            let turn = lane.turn(now.mono);
            decided.extend(turn.decided);
            (decided, turn.ready, turn.wake)
        };
        let mut launches = Vec::new();
        for (id, row) in ready {
            match self.depart(id, &row, &rulebook, &endpoint, now, &mut tick)? {
                Departed::Launch(launch) => {
                    launches.push(launch);
                    // When others may follow is another question now.
                    wake = Some(now.mono);
                }
                Departed::Left(left) => {
                    decided.extend(left);
                    // There is room for another.
                    wake = Some(now.mono);
                }
                Departed::Waits => {}
            }
        }
        for decided in decided {
            self.write_down(decided, &rulebook, now, &mut tick)?;
        }
        self.announce(&rulebook, now, &mut tick);
        self.make_durable(tick).await?;
        for launch in launches {
            calls.start(&endpoint, launch);
        }
        Ok(wake)
    }

    /// Makes the request about a row, and sets aside what it can cost.
    fn depart(
        &self,
        id: u64,
        row: &Row,
        rulebook: &Rulebook,
        endpoint: &Endpoint,
        now: Now,
        tick: &mut Tick,
    ) -> Result<Departed, StoreError> {
        let Some(stored) = self.stored(row)? else {
            self.lane.lock().gone(id);
            return Ok(Departed::Left(None));
        };
        let tenant = rulebook.tenant(stored.chat);
        let body = body(endpoint, &tenant.community_rules, &stored);
        let who = Who { chat: stored.chat, sender: stored.sender.number() };
        let (month, amount) = (dated_month(tenant, stored.dated_s), most_cost(endpoint, body.len()));
        Ok(match self.lane.lock().depart(id, tenant, who, month, amount, now.mono) {
            Depart::Held(hold) => {
                tick.reserved.push(hold);
                Departed::Launch(Launch { id, body })
            }
            Depart::Later => Departed::Waits,
            Depart::No(decided) => Departed::Left(Some(decided)),
        })
    }

    /// What is stored under a row, if it still is what waits. Its chat may have got a new id just now.
    fn stored(&self, row: &Row) -> Result<Option<ReviewRow>, StoreError> {
        let found = match self.snapshots.review(row.chat, row.message)? {
            Some(found) => Some(found),
            None => {
                let current = lock(&self.book).current(row.chat);
                self.snapshots.review(current, row.message)?
            }
        };
        Ok(found.filter(|found| found.trace == row.trace))
    }

    /// Writes down what follows for a row that leaves the lane.
    fn write_down(&self, decided: Decided, rulebook: &Rulebook, now: Now, tick: &mut Tick) -> Result<(), StoreError> {
        let Some(stored) = self.stored(&decided.row)? else { return Ok(()) };
        let case = Case {
            chat: stored.chat,
            message: stored.message,
            sender: stored.sender,
            revision: stored.revision,
            album: stored.album,
            trace: stored.trace,
            received: stored.at,
            excerpt: stored.excerpt(),
            // Not kept beside a message that waits.
            name: String::new(),
        };
        let mut more = Usage::default();
        let verdict = match decided.by {
            Ok((opinion, heard)) => {
                more.cache_hits = u64::from(heard != Heard::Asked);
                opinion::apply(stored.verdict, &opinion, heard, rulebook.ai.confidence)
            }
            Err(why) => opinion::without(stored.verdict, why.words()),
        };
        let (standing, title) = {
            let book = lock(&self.book);
            (book.standing(case.chat, case.sender), book.title(case.chat).to_owned())
        };
        let house = House::of(rulebook, case.chat, &title);
        let mut settler = self.settler.lock();
        let verdict = settler.with_album(&case, verdict)?;
        self.tracer.waited(&case, verdict.outcome, now.wall);
        let promise = settler.settle(&case, verdict, &house, standing, now, tick)?;
        drop(settler);
        if let Some(promise) = promise.as_ref().filter(|promise| !promise.rows.is_empty()) {
            more.actions = promise.actions();
        }
        if more != Usage::default() {
            tick.desk.count(UsageKey::at(rulebook.tenant(case.chat), case.chat, stored.dated_s), more);
        }
        tick.reviewed.push(Reviewed { chat: case.chat, message: case.message, trace: case.trace, promise });
        Ok(())
    }

    /// Tells who lost the model or got it back, and whose budget is nearly spent.
    fn announce(&self, rulebook: &Rulebook, now: Now, tick: &mut Tick) {
        let change = {
            let mut lane = self.lane.lock();
            let change = lane.changes(&rulebook.tenants, now.mono);
            lane.publish();
            change
        };
        let Some(change) = change else { return };
        self.in_force.change(|book| book.with_degraded(change.degraded));
        for (number, Event { what, chat, told }) in (0..).zip(change.events) {
            tracing::warn!("{what}");
            tick.hooks.events.push(told);
            tick.orders.extend(chat.map(|chat| notice(chat, number, &what, now.wall)));
            tick.audit.push(Audit { at: now.wall, who: "slow lane".to_owned(), what });
        }
    }

    async fn make_durable(&self, tick: Tick) -> Result<(), Gone> {
        if tick.is_empty() {
            return Ok(());
        }
        let cancelled = tick.dropped.clone();
        let story = self.tracer.reviewed(&tick);
        let committed = self.journal.commit(tick).await?;
        self.tracer.durable(story);
        // A dispatcher that is gone has already said why; the rows are durable.
        if !committed.accepted.is_empty() {
            self.dispatch.send(Word::Rows(committed.accepted)).await.map_err(|_| Gone)?;
        }
        if !cancelled.is_empty() {
            self.dispatch.send(Word::Cancel(cancelled)).await.map_err(|_| Gone)?;
        }
        Ok(())
    }
}

/// A sentence for a chat of administrators. It is about no message: its number is below zero, where no message's is, and
/// another each millisecond for twelve days, so that it is said once and the next one is another.
fn notice(chat: ChatId, number: u64, what: &str, at: Wall) -> OutboxRow {
    let moment = i32::try_from(at.0.saturating_add(number) % (1 << 30)).unwrap_or(0);
    let message = MessageId(-1 - moment);
    let key = OutboxKey { chat, message, action: ActionKind::Notify };
    let target = Sender::Member(UserId(0));
    OutboxRow { text: format!("Aegis: {what}"), ..OutboxRow::new(key, target, at, TraceId::default()) }
}

enum Departed {
    Launch(Launch),
    /// It left the lane, to be decided or without a word.
    Left(Option<Decided>),
    Waits,
}

/// The request about a message that waits.
fn body(endpoint: &Endpoint, rules: &str, stored: &ReviewRow) -> String {
    let findings: Vec<(String, String)> =
        stored.verdict.findings.iter().map(|finding| (finding.rule.clone(), finding.reason.clone())).collect();
    request_body(
        endpoint,
        &Question {
            rules,
            chat: stored.chat_kind,
            sender: stored.sender,
            member_age_s: stored.member_age_s,
            message_count: stored.message_count,
            surfaces: &stored.surfaces,
            links: &stored.links,
            findings: &findings,
        },
    )
}

async fn sleep_until(clock: &Clock, until: Option<Monotonic>) {
    match until {
        Some(until) => tokio::time::sleep(Duration::from_millis(until.since_ms(clock.now().mono))).await,
        None => std::future::pending().await,
    }
}
