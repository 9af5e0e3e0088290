//! The herald: what receivers of webhooks are told, and the task that tells it.
//!
//! Promises: what is told of a commit is made durable with it (`store::hooks`), and told at least once to each receiver, in order;
//! with the same id each time, so that a receiver can drop what it has. A receiver that hangs holds nobody else up. What is given
//! up, or had to make room, is counted and shown.
//!
//! Never: anything in the path of a message, which waits for no receiver; a word that somebody wrote, unless the flag
//! `webhook_texts` is on for the tenant.

mod standing;
mod task;

pub use standing::{Receivers, Standing};
pub use task::{Sender, pause_ms};

use crate::config::Webhooks;
use crate::counters::Counters;
use crate::events::{Decided, Event, GivenUp, Kind, What, cut};
use crate::flags::Flag;
use crate::limits;
use crate::shard::InForce;
use crate::store::hooks::Teller;
use crate::store::records::{DeadLetter, Decision};
use std::sync::Arc;
use tokio::sync::Notify;

/// Bytes of the name of a rule that are told.
const RULE_BYTES: usize = 64;

/// Says what receivers want to hear, by the settings in force.
#[derive(Clone, Debug)]
pub struct Herald {
    in_force: InForce,
    counters: Arc<Counters>,
    waits: Arc<Notify>,
}

impl Herald {
    /// By these settings.
    #[must_use]
    pub fn new(in_force: InForce, counters: Arc<Counters>) -> Self {
        Self { in_force, counters, waits: Arc::default() }
    }

    /// Ready when something waits that is durable.
    #[must_use]
    pub fn woken(&self) -> Arc<Notify> {
        Arc::clone(&self.waits)
    }
}

fn is_told(hooks: &Webhooks, kind: Kind) -> bool {
    !hooks.receivers.is_empty() && hooks.kinds.has(kind)
}

impl Teller for Herald {
    fn receivers(&self) -> Vec<u64> {
        self.in_force.now().hooks.receivers.iter().map(|receiver| receiver.number).collect()
    }

    fn decision(&self, number: u64, decision: &Decision) -> Option<Event> {
        let book = self.in_force.now();
        if !is_told(&book.hooks, Kind::Decision) {
            return None;
        }
        let tenant = book.tenant(decision.chat);
        let has_texts = tenant.flags.is_on(Flag::WebhookTexts) && tenant.retention.keeps_texts();
        let mut rules: Vec<String> = Vec::new();
        for finding in &decision.findings {
            let rule = cut(&finding.rule, RULE_BYTES);
            if rules.len() < limits::HOOK_RULES_MAX && !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        let decided = Decided {
            number,
            group: decision.chat.0,
            message: decision.message.0,
            sender: decision.sender.number(),
            outcome: decision.outcome.word().to_owned(),
            score: decision.score,
            // A reason may repeat what somebody wrote: a model's does.
            reason: if has_texts { cut(&decision.reason, limits::REASON_BYTES_MAX) } else { String::new() },
            rules,
            actions: decision.actions.iter().take(8).map(|action| action.words()).collect(),
            mode: decision.mode.word().to_owned(),
            disposition: decision.disposition.word().to_owned(),
            trace: format!("{:016x}", decision.trace.0),
            excerpt: has_texts.then(|| cut(&decision.excerpt, limits::EXCERPT_BYTES_MAX)),
        };
        Some(Event { tenant: Some(tenant.name.clone()), what: What::Decision(decided) })
    }

    fn dead_letter(&self, number: u64, letter: &DeadLetter) -> Option<Event> {
        let book = self.in_force.now();
        if !is_told(&book.hooks, Kind::DeadLetter) {
            return None;
        }
        let given_up = GivenUp {
            number,
            group: letter.row.key.chat.0,
            message: letter.row.key.message.0,
            action: letter.row.key.action.word().to_owned(),
            attempts: letter.row.attempts,
            why: cut(&letter.why, limits::NOTICE_BYTES_MAX),
            trace: format!("{:016x}", letter.row.trace.0),
        };
        let tenant = book.tenant(letter.row.key.chat).name.clone();
        Some(Event { tenant: Some(tenant), what: What::DeadLetter(given_up) })
    }

    fn wants(&self, event: &Event) -> bool {
        is_told(&self.in_force.now().hooks, event.kind())
    }

    fn dropped(&self, count: u64) {
        self.counters.hooks_dropped.add(count);
    }

    fn waits(&self) {
        self.waits.notify_one();
    }
}
