//! What the flow tells of its stages: from the update that Telegram handed over to the call that was confirmed, one trace.
//!
//! Promises: only what leads to something has a trace: an action, a wait, an order. A harmless message makes no span, and neither
//! does anything while nobody listens. An update is told once it is durable what follows from it.
//!
//! Never: a text, a name, a number of a person or of a chat: a chat has a pseudonym, the same as in the log.

use crate::clock::Wall;
use crate::message::{ChatId, TraceId};
use crate::otel::{CallOutcome, Interval, Span, Stage, Traces, Watch};
use crate::settle::Case;
use crate::store::Tick;
use crate::store::records::OutboxKey;
use crate::telegram::{Fate, Request};
use crate::telemetry::pseudonym;
use crate::verdict::Outcome;

/// Tells of stages, to whoever listens. By default nobody does.
#[derive(Clone, Debug, Default)]
pub struct Tracer {
    traces: Traces,
    salt: u64,
}

/// What becomes durable, and what is told of it then.
#[derive(Debug)]
pub struct Story {
    parts: Vec<Part>,
    committing: Watch,
}

/// One trace's share of a commit.
#[derive(Debug)]
struct Part {
    trace: TraceId,
    chat: ChatId,
    /// When it was decided, and what; `None` when an earlier commit has told that.
    update: Option<(Interval, Stage)>,
    actions: usize,
}

/// A call that is made.
#[derive(Debug)]
pub struct Calling {
    method: &'static str,
    watch: Watch,
}

/// A call that ended.
#[derive(Clone, Copy, Debug)]
pub struct Called {
    method: &'static str,
    took: Interval,
}

impl Calling {
    /// It ends now.
    #[must_use]
    pub fn ended(&self) -> Called {
        Called { method: self.method, took: self.watch.lap() }
    }
}

/// One action of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// What is done about which message.
    pub key: OutboxKey,
    /// Its trace.
    pub trace: TraceId,
    /// Tries without success so far.
    pub attempts: u16,
}

impl Tracer {
    /// Tells these; `salt` makes pseudonyms.
    #[must_use]
    pub const fn new(traces: Traces, salt: u64) -> Self {
        Self { traces, salt }
    }

    /// Whether anybody listens.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.traces.is_on()
    }

    /// Begins to measure.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.traces.watch()
    }

    /// What a batch of updates led to, just before it becomes durable; `served` began when Telegram handed it over.
    #[must_use]
    pub fn decided(&self, tick: &Tick, served: &Watch) -> Story {
        let mut parts: Vec<Part> = Vec::new();
        if self.is_on() {
            let took = served.lap();
            let mut tell =
                |trace: TraceId, chat: ChatId, outcome: &'static str, score: Option<u16>, actions: usize| match parts
                    .iter_mut()
                    .find(|part| part.trace == trace)
                {
                    Some(part) => part.actions = part.actions.saturating_add(actions),
                    None => {
                        let update = Some((took, Stage::Update { outcome, score }));
                        parts.push(Part { trace, chat, update, actions });
                    }
                };
            for promise in tick.promises.iter().filter(|promise| !promise.rows.is_empty()) {
                let decision = &promise.decision;
                let word = decision.outcome.word();
                tell(decision.trace, decision.chat, word, Some(decision.score), promise.rows.len());
            }
            for row in &tick.reviews {
                tell(row.trace, row.chat, row.verdict.outcome.word(), Some(row.verdict.score), 0);
            }
            for message in &tick.undecided {
                tell(message.trace, message.chat, "undecided", None, 0);
            }
            for errand in &tick.group.errands {
                tell(errand.trace, errand.chat, "errand", None, 0);
            }
            for row in &tick.orders {
                tell(row.trace, row.key.chat, "order", None, 1);
            }
        }
        Story { parts, committing: self.watch() }
    }

    /// What those who waited led to, just before it becomes durable.
    #[must_use]
    pub fn reviewed(&self, tick: &Tick) -> Story {
        let mut parts = Vec::new();
        if self.is_on() {
            parts.extend(tick.reviewed.iter().filter_map(|reviewed| {
                let actions = reviewed.promise.as_ref().map(|promise| promise.rows.len()).filter(|rows| *rows > 0)?;
                Some(Part { trace: reviewed.trace, chat: reviewed.chat, update: None, actions })
            }));
        }
        Story { parts, committing: self.watch() }
    }

    /// It is durable.
    pub fn durable(&self, story: Story) {
        let committed = story.committing.lap();
        for Part { trace, chat, update, actions } in story.parts {
            if let Some((took, stage)) = update {
                self.tell(trace, chat, took, stage);
            }
            self.tell(trace, chat, committed, Stage::Commit { actions });
        }
    }

    /// A message no longer waits.
    pub fn waited(&self, case: &Case, outcome: Outcome, until: Wall) {
        let took = Interval::between(case.received, until);
        self.tell(case.trace, case.chat, took, Stage::Wait { outcome: outcome.word() });
    }

    /// A call begins.
    #[must_use]
    pub fn calls(&self, request: &Request) -> Calling {
        Calling { method: if self.is_on() { request.method() } else { "" }, watch: self.watch() }
    }

    /// A call ended so (`fate`, unless it was answered), which led to `tick`. Of many actions of one trace in one call one is told.
    pub fn called(&self, call: Called, acts: &[Act], fate: Option<&Fate>, tick: &Tick) {
        for (at, act) in acts.iter().enumerate() {
            if acts.iter().take(at).any(|earlier| earlier.trace == act.trace) {
                continue;
            }
            let (method, action) = (call.method, act.key.action.word());
            let attempt = u32::from(act.attempts).saturating_add(1);
            let outcome = outcome(act, fate, tick);
            self.tell(act.trace, act.key.chat, call.took, Stage::Call { method, action, attempt, outcome });
        }
    }

    fn tell(&self, trace: TraceId, chat: ChatId, took: Interval, stage: Stage) {
        if self.is_on() {
            self.traces.tell(Span { trace, chat: pseudonym(self.salt, chat.0), took, stage });
        }
    }
}

fn outcome(act: &Act, fate: Option<&Fate>, tick: &Tick) -> CallOutcome {
    if tick.dead.iter().any(|letter| letter.row.key == act.key) {
        return CallOutcome::GivenUp;
    }
    if tick.dropped.contains(&act.key) {
        return CallOutcome::Dropped;
    }
    match fate {
        None | Some(Fate::Done) => CallOutcome::Confirmed,
        Some(Fate::Retry { pause_ms: Some(_) }) => CallOutcome::Paused,
        Some(Fate::Moved { .. }) => CallOutcome::Moved,
        Some(Fate::Halt { .. }) => CallOutcome::Halted,
        // What was refused in company is tried alone.
        Some(Fate::Retry { pause_ms: None } | Fate::GiveUp { .. }) => CallOutcome::Retried,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{MessageId, Sender};
    use crate::store::records::{DeadLetter, OutboxRow};
    use crate::telegram::ChatTrouble;
    use crate::verdict::ActionKind;

    #[test]
    fn what_came_of_an_action_is_told_by_what_becomes_of_it() {
        let key = OutboxKey { chat: ChatId(-1), message: MessageId(1), action: ActionKind::Delete };
        let act = Act { key, trace: TraceId(1), attempts: 0 };
        let row = OutboxRow::new(key, Sender::Nobody, Wall(1), TraceId(1));
        let dead = Tick { dead: vec![DeadLetter { row, why: String::new(), at: Wall(1) }], ..Tick::default() };
        let dropped = Tick { dropped: vec![key], ..Tick::default() };
        let give_up = Fate::GiveUp { why: String::new(), chat: ChatTrouble::None };
        let retry = |pause_ms| Fate::Retry { pause_ms };
        for (fate, tick, expected) in [
            (None, Tick::default(), CallOutcome::Confirmed),
            (Some(Fate::Done), Tick::default(), CallOutcome::Confirmed),
            (Some(give_up.clone()), dead, CallOutcome::GivenUp),
            (Some(give_up), Tick::default(), CallOutcome::Retried),
            (Some(retry(None)), dropped, CallOutcome::Dropped),
            (Some(retry(None)), Tick::default(), CallOutcome::Retried),
            (Some(retry(Some(1))), Tick::default(), CallOutcome::Paused),
        ] {
            assert_eq!(outcome(&act, fate.as_ref(), &tick), expected, "{fate:?}");
        }
    }

    #[test]
    fn while_nobody_listens_nothing_is_gathered() {
        let row = OutboxRow::new(
            OutboxKey { chat: ChatId(-1), message: MessageId(1), action: ActionKind::Ban },
            Sender::Nobody,
            Wall(1),
            TraceId(1),
        );
        let tracer = Tracer::default();
        let story = tracer.decided(&Tick { orders: vec![row], ..Tick::default() }, &tracer.watch());
        assert!(story.parts.is_empty());
    }
}
