//! What changed here, as the rows that a hub takes.
//!
//! Promises: hours are told by chat, in UTC, as they are now; a day is told in the place of its hours only when they left before
//! the hub had them ([`crate::store::sync`]). A row belongs to a tenant that the hub takes from this board. What people wrote is
//! told where the tenant says so and stores it, and never else.
//!
//! Never: a day in a tenant's own zone, which is not one of UTC; a sender's id.

use super::machine::{Batch, Covers, Room};
use crate::budget::Caps;
use crate::config::{Cloud, Truth};
use crate::events::cut;
use crate::limits;
use crate::shard::Rulebook;
use crate::store::records::Decision;
use crate::store::sync::{DayToTell, OwnBudget, SyncMarks, SyncPlace};
use crate::store::usage::{HourRow, Span, Usage};
use crate::store::{Snapshots, StoreError};
use crate::tenant::{DegradeMode, Tenant};
use aegis_contract::{BudgetRow, DecisionRow, Health, UsageRow, limits as wire};
use std::collections::BTreeSet;

/// The chat that stands for those that were not known any more: to the hub, 0 is all chats together.
pub const NO_CHAT: i64 = 1;

/// What a push is made from.
#[derive(Debug)]
pub struct Board<'a> {
    /// Reads the file.
    pub snapshots: &'a Snapshots,
    /// Whose each chat is.
    pub book: &'a Rulebook,
    /// What the settings say of the hub.
    pub cloud: &'a Cloud,
    /// The tenants whose rows the hub takes.
    pub tenants: &'a BTreeSet<String>,
    /// How the board is.
    pub health: Health,
    /// Its own budgets.
    pub budgets: &'a [OwnBudget],
}

/// A row of usage as the hub takes it; `from` in seconds.
#[must_use]
pub fn usage_row(tenant: &str, chat: i64, span: aegis_contract::Span, from: i64, used: &Usage) -> UsageRow {
    UsageRow {
        tenant: tenant.to_owned(),
        chat,
        from,
        span,
        messages: used.messages,
        blocked: used.blocked,
        unsure: used.unsure,
        actions: used.actions,
        calls: used.calls,
        tokens_in: used.tokens_in,
        tokens_out: used.tokens_out,
        money_micros: used.money_micros,
        cache_hits: used.cache_hits,
        at_least: used.at_least,
    }
}

/// An hour as the hub takes it.
#[must_use]
pub fn hour(row: &HourRow) -> UsageRow {
    let chat = if row.chat.0 == 0 { NO_CHAT } else { row.chat.0 };
    usage_row(
        row.tenant.as_str(),
        chat,
        aegis_contract::Span::Hour,
        i64::from(row.hour).saturating_mul(3_600),
        &row.used,
    )
}

fn day(row: &DayToTell) -> UsageRow {
    let from = i64::from(row.day).saturating_mul(86_400);
    usage_row(row.tenant.as_str(), 0, aegis_contract::Span::Day, from, &row.used)
}

/// A decision as the hub takes it.
#[must_use]
pub fn decision(number: u64, decision: &Decision, tenant: &Tenant, is_undone: bool) -> DecisionRow {
    let mut rules: Vec<String> = Vec::new();
    for finding in &decision.findings {
        let rule = line(&finding.rule, wire::RULE_BYTES_MAX);
        if rules.len() < wire::RULES_MAX && !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    let mut actions: Vec<String> = decision
        .actions
        .iter()
        .take(wire::RULES_MAX - 1)
        .map(|action| line(&action.words(), wire::RULE_BYTES_MAX))
        .collect();
    if is_undone {
        actions.push("undone".to_owned());
    }
    // A reason may repeat what somebody wrote: a model's does.
    let has_text = tenant.tells_texts && tenant.retention.keeps_texts();
    DecisionRow {
        number,
        tenant: tenant.name.as_str().to_owned(),
        chat: decision.chat.0,
        message: i64::from(decision.message.0),
        at: i64::try_from(decision.at.seconds()).unwrap_or(i64::MAX),
        verdict: decision.outcome.word().to_owned(),
        reason: if has_text { cut(&decision.reason.replace('\0', ""), wire::REASON_BYTES_MAX) } else { String::new() },
        rules,
        actions,
        score: decision.score.min(wire::SCORE_MAX),
        text: has_text.then(|| cut(&decision.excerpt.replace('\0', ""), wire::TEXT_BYTES_MAX)),
    }
}

fn line(text: &str, bytes_max: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(&plain, bytes_max)
}

/// This board's own budgets as they are now, with an edition that rose where one changed since `known`.
#[must_use]
pub fn own_budgets(
    known: &[OwnBudget],
    now: impl Iterator<Item = (String, Caps, DegradeMode)>,
    now_s: u64,
) -> Vec<OwnBudget> {
    now.map(|(tenant, caps, degrade)| {
        let old = known.iter().find(|old| old.tenant == tenant);
        let budget = OwnBudget {
            tenant,
            money_micros: caps.money.0,
            calls: caps.calls,
            degrade: degrade.word().to_owned(),
            edition: old.map_or(0, |old| old.edition),
            told: old.map_or(0, |old| old.told),
        };
        match old {
            Some(old) if *old == budget => budget,
            // By the clock as well, so that a board whose backup was restored has no edition twice.
            _ => OwnBudget { edition: budget.edition.saturating_add(1).max(now_s), ..budget },
        }
    })
    .collect()
}

impl Board<'_> {
    fn takes(&self, tenant: &str) -> bool {
        self.tenants.contains(tenant)
    }

    /// What is to be told after this place, in so much room.
    ///
    /// # Errors
    /// When storage fails.
    pub fn batch(&self, place: &SyncPlace, marks: &SyncMarks, room: Room) -> Result<Batch, StoreError> {
        let health = &self.health;
        let mut batch = if room.is_bare {
            let health = Health { version: health.version.clone(), contract: health.contract, ..Health::default() };
            Batch { health, ..Batch::default() }
        } else {
            Batch { health: health.clone(), ..Batch::default() }
        };
        let (edition, decisions, undone) = (place.edition, place.decisions, marks.undone);
        batch.covers = Covers { edition, decisions, undone, ..Covers::default() };
        if self.cloud.usage != Truth::Off {
            self.usage(place, room.rows, &mut batch)?;
        }
        if self.cloud.decisions != Truth::Off {
            self.decisions(place, marks, room.rows, &mut batch)?;
        }
        if self.cloud.budgets != Truth::Off {
            let changed = self.budgets.iter().filter(|own| own.edition > own.told && self.takes(&own.tenant));
            for own in changed {
                if batch.rows() >= room.rows {
                    batch.covers.more = true;
                    break;
                }
                batch.covers.budgets.push((own.tenant.clone(), own.edition));
                batch.budgets.push(BudgetRow {
                    tenant: own.tenant.clone(),
                    money_micros: Some(own.money_micros),
                    calls: Some(own.calls),
                    degrade: Some(own.degrade.clone()),
                    edition: own.edition,
                });
            }
        }
        if !room.is_bare {
            batch.health.summarised_rows = place.summarised;
        }
        Ok(batch)
    }

    fn usage(&self, place: &SyncPlace, room: usize, batch: &mut Batch) -> Result<(), StoreError> {
        let days = self.snapshots.days_to_tell(|tenant| self.takes(tenant), room)?;
        batch.covers.more |= days.len() >= room;
        for one in days {
            batch.covers.summarised = batch.covers.summarised.saturating_add(one.rows);
            batch.usage.push(day(&one));
            batch.covers.days.push((one.tenant, one.day));
        }
        let room = room.saturating_sub(batch.usage.len());
        if room == 0 {
            return Ok(());
        }
        let changes = self.snapshots.usage_changes(place.edition, room)?;
        batch.covers.edition = changes.upto;
        batch.covers.more |= changes.more;
        for change in changes.rows {
            // Days in a tenant's zone are made of hours that are told by themselves.
            let Span::Hour(chat, at) = change.span else { continue };
            if self.takes(change.tenant.as_str()) {
                batch.usage.push(hour(&HourRow { hour: at, tenant: change.tenant, chat, used: change.used }));
            }
        }
        Ok(())
    }

    fn decisions(
        &self,
        place: &SyncPlace,
        marks: &SyncMarks,
        room: usize,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let newest = self.snapshots.newest_decision()?;
        // A file that was set aside counts anew.
        let after = if place.decisions > newest { 0 } else { place.decisions };
        let from = after.max(newest.saturating_sub(limits::CLOUD_DECISIONS_WAITING_MAX));
        let passed_over = from.saturating_sub(after.max(marks.highest));
        batch.covers.summarised = batch.covers.summarised.saturating_add(passed_over);
        batch.covers.decisions = from;
        let mut bytes = batch.usage.len().saturating_mul(limits::CLOUD_ROW_BYTES);
        let mut tell = |number: u64, one: &Decision, batch: &mut Batch| -> Result<bool, StoreError> {
            let tenant = self.book.tenant(one.chat);
            if !self.takes(tenant.name.as_str()) {
                return Ok(true);
            }
            let is_undone = self.snapshots.mark(number)?.is_some_and(|mark| mark.undone.is_some());
            let row = decision(number, one, tenant, is_undone);
            bytes = bytes.saturating_add(weight(&row));
            // One alone always fits.
            let fits = batch.rows() == 0 || (batch.rows() < room && bytes <= limits::CLOUD_PUSH_BYTES);
            if fits {
                batch.decisions.push(row);
            }
            Ok(fits)
        };
        // What was undone after it was told. What is told yet is told as undone.
        for undone in self.snapshots.undone_after(marks.undone, limits::CLOUD_DECISIONS_AT_ONCE)? {
            let known = if undone.1 <= from { self.snapshots.decision(undone.1)? } else { None };
            let is_told = known.map_or(Ok(true), |known| tell(undone.1, &known, batch))?;
            if !is_told {
                batch.covers.more = true;
                batch.health.queue_rows = newest.saturating_sub(from);
                return Ok(());
            }
            batch.covers.undone = undone;
        }
        for (number, one) in self.snapshots.decisions_after(from, limits::CLOUD_DECISIONS_AT_ONCE)? {
            if !tell(number, &one, batch)? {
                break;
            }
            batch.covers.decisions = number;
        }
        let waits = newest.saturating_sub(batch.covers.decisions);
        batch.covers.more |= waits > 0;
        batch.health.queue_rows = waits;
        Ok(())
    }
}

/// About how many bytes a decision has as it is told: its texts as they are escaped, and the names of its fields.
fn weight(row: &DecisionRow) -> usize {
    let escaped = |text: &str| -> usize {
        text.bytes().map(|byte| if byte < b' ' { 6 } else { usize::from(matches!(byte, b'"' | b'\\')) + 1 }).sum()
    };
    let names = row.rules.iter().chain(&row.actions).map(|name| escaped(name) + 3);
    names.sum::<usize>() + escaped(&row.reason) + row.text.as_deref().map_or(0, escaped) + 320
}
