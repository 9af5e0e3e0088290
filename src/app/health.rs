//! What the page shows: the appliance as it is now, without text or names of people.

use super::Parts;
use crate::chats::ChatBook;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::dispatch::task::{SharedBook, lock};
use crate::ingest::poll::Trouble;
use crate::journal::Journal;
use crate::limits;
use crate::reload::{self, Reloader, SharedStanding};
use crate::review::SharedLane;
use crate::shard::InForce;
use crate::store::Snapshots;
use crate::store::records::Right;
use crate::telemetry::pseudonym;
use crate::tenant::Tenant;
use crate::web::{ChatLine, DecisionLine, ModelLine, Part, Readiness, Source, Status, TenantLine};
use std::sync::{Arc, PoisonError};

/// Reads the appliance for the page.
#[derive(Debug)]
pub struct Health {
    counters: Arc<Counters>,
    clock: Clock,
    snapshots: Snapshots,
    book: SharedBook,
    trouble: Trouble,
    in_force: InForce,
    standing: SharedStanding,
    journal: Journal,
    lane: SharedLane,
    poll_stale_ms: u64,
    board: String,
    salt: u64,
}

impl Health {
    pub(super) fn new(parts: &Parts, reloader: &Reloader, trouble: Trouble) -> Self {
        let poll_ms = parts.config.telegram.poll_timeout_s.saturating_mul(1000);
        Self {
            counters: Arc::clone(&parts.counters),
            clock: parts.clock.clone(),
            snapshots: parts.snapshots.clone(),
            book: Arc::clone(&parts.book),
            trouble,
            in_force: reloader.in_force(),
            standing: reloader.standing(),
            journal: parts.journal.clone(),
            lane: parts.lane.clone(),
            poll_stale_ms: poll_ms.saturating_add(limits::POLL_STALE_MS),
            board: parts.config.board.name.clone(),
            salt: parts.salt(),
        }
    }

    fn polling(&self) -> Option<String> {
        let now = self.clock.now().mono;
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if trouble.is_some() {
            return trouble;
        }
        let silent_ms = now.0.saturating_sub(self.counters.poll_answered_ms.get());
        if self.counters.polls.get() == 0 && silent_ms > limits::POLL_FIRST_MS {
            return Some("Telegram has not answered a poll yet".to_owned());
        }
        (silent_ms > self.poll_stale_ms).then(|| format!("Telegram has not answered a poll for {} s", silent_ms / 1000))
    }

    fn dispatching(&self) -> Option<String> {
        let silent_ms = self.clock.now().mono.0.saturating_sub(self.counters.dispatch_turn_ms.get());
        (silent_ms > limits::DISPATCH_STALE_MS)
            .then(|| format!("the dispatcher has not moved for {} s", silent_ms / 1000))
    }

    fn rung(&self) -> String {
        if self.journal.is_closed() {
            return "Hold: storage cannot be written, so nothing is acknowledged".to_owned();
        }
        if let Some(why) = self.polling() {
            return format!("Hindered: {why}");
        }
        if self.counters.breaker_open.get() > 0 {
            return "Hindered: calls to Telegram fail; actions wait in the outbox".to_owned();
        }
        let book = self.in_force.now();
        if !book.ai.is_on() {
            return "Rules only: no AI and no cloud are set up, and none are needed".to_owned();
        }
        let lane = self.lane.lock();
        let without = |tenant: &Tenant| Some((tenant.name.clone(), lane.degraded(&tenant.name)?, tenant.degrade));
        let mut away = book.tenants.iter().filter_map(without);
        match away.next() {
            None => "Rules and a model: what the rules are unsure of is shown to it".to_owned(),
            Some((name, why, mode)) => {
                let others = match away.count() {
                    0 => String::new(),
                    others => format!(", and {others} more"),
                };
                format!("Rules only for tenant {name}{others}: {}, so {}", why.words(), mode.effect())
            }
        }
    }
}

fn missing_rights(book: &ChatBook, salt: u64) -> Vec<ChatLine> {
    let chats = book.iter().take(limits::PAGE_ROWS_MAX);
    chats
        .map(|(chat, record)| {
            let mut lacks = Vec::new();
            if record.delete == Right::Missing {
                lacks.push("delete messages");
            }
            if record.restrict == Right::Missing {
                lacks.push("restrict members");
            }
            let state = if record.is_watch_only() {
                "watch-only: actions were refused".to_owned()
            } else if !lacks.is_empty() {
                format!("lacks the right to {}", lacks.join(" and to "))
            } else if record.facts_at.0 == 0 {
                "rights not known yet".to_owned()
            } else {
                "connected".to_owned()
            };
            ChatLine { name: pseudonym(salt, chat.0), state }
        })
        .collect()
}

impl Source for Health {
    fn counters(&self) -> &Counters {
        &self.counters
    }

    fn readiness(&self) -> Readiness {
        let storage = self.journal.is_closed().then(|| "the journal is closed".to_owned());
        Readiness {
            parts: vec![
                Part { name: "storage", failing: storage },
                Part { name: "polling", failing: self.polling() },
                Part { name: "dispatcher", failing: self.dispatching() },
            ],
        }
    }

    fn model(&self) -> Option<ModelLine> {
        let book = self.in_force.now();
        if !book.ai.is_on() {
            return None;
        }
        let lane = self.lane.lock();
        let line = |tenant: &Tenant| {
            let caps = lane.ledger.caps(&tenant.name, tenant.caps);
            let standing = lane.ledger.standing(&tenant.name, &caps);
            TenantLine {
                name: tenant.name.to_string(),
                month: if standing.month.0 == 0 { String::new() } else { standing.month.to_string() },
                money: standing.spent.money.0,
                money_cap: caps.money.0,
                calls: standing.spent.calls,
                calls_cap: caps.calls,
                percent: standing.percent,
                is_warned: standing.percent >= u64::from(tenant.warn_percent),
                degraded: lane.degraded(&tenant.name).map(|why| (why.words(), tenant.degrade.effect())),
            }
        };
        Some(ModelLine {
            name: book.ai.model.clone(),
            currency: book.ai.currency.clone(),
            trouble: lane.trouble().map(str::to_owned),
            sample: lane.sample().map(str::to_owned),
            tenants: book.tenants.iter().map(line).collect(),
        })
    }

    fn status(&self) -> Status {
        let now = self.clock.now();
        let decisions = self.snapshots.decisions(limits::PAGE_ROWS_MAX).unwrap_or_default();
        let rulebook = self.in_force.now();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            board: self.board.clone(),
            mode: rulebook.tenants.default_one().rules.mode.word(),
            rung: self.rung(),
            uptime_s: now.mono.0 / 1000,
            policy: reload::in_words(&rulebook, &self.standing),
            chats: missing_rights(&lock(&self.book), self.salt),
            decisions: decisions
                .into_iter()
                .map(|(number, decision)| DecisionLine {
                    number,
                    age_s: now.wall.0.saturating_sub(decision.at.0) / 1000,
                    chat: pseudonym(self.salt, decision.chat.0),
                    outcome: decision.outcome.word(),
                    score: decision.score,
                    reason: decision.reason,
                    rules: decision.findings.into_iter().map(|finding| finding.rule).collect(),
                    came_of_it: decision.disposition.word(),
                    trace: decision.trace.to_string(),
                })
                .collect(),
        }
    }
}
