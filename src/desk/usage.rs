//! What was used, and what may be spent.
//!
//! Promises: caps are set under the same bounds as on the terminal, durably first, then in force.

use super::Office;
use super::listing::cursor;
use crate::access::{Caller, Role};
use crate::budget::Micros;
use crate::control::budget::{self, Wanted};
use crate::limits;
use crate::message::ChatId;
use crate::review::Lane;
use crate::shard::Rulebook;
use crate::store::Tick;
use crate::store::desk::DeskTick;
use crate::store::usage::{HourRow, Usage, hour_of};
use crate::tenant::{DegradeMode, Tenant, TenantName, Zone};
use crate::web::desk::{Refused, Told};
use crate::web::views::{BudgetChange, BudgetView, Listed, UsageHourView, UsageQuery, UsageRow, UsageView};
use std::collections::BTreeMap;

impl Office {
    /// Every tenant's budget, for the metrics; empty when no model is set up.
    #[must_use]
    pub fn budgets(&self) -> Vec<BudgetView> {
        let book = self.in_force.now();
        if !book.ai.is_on() {
            return Vec::new();
        }
        let lane = self.lane.lock();
        book.tenants.iter().map(|tenant| budget_view(&lane, &book, tenant)).collect()
    }

    /// The budgets of the caller's tenants. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn budget(&self, caller: &Caller) -> Told<Vec<BudgetView>> {
        caller.is_at_least(Role::Viewer)?;
        let book = self.in_force.now();
        let lane = self.lane.lock();
        let own = book.tenants.iter().filter(|tenant| caller.sees(&tenant.name));
        Ok(own.map(|tenant| budget_view(&lane, &book, tenant)).collect())
    }

    /// Sets a tenant's caps. Owners.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn set_budget(&self, caller: &Caller, tenant: &str, change: &BudgetChange) -> Told<BudgetView> {
        let name = self.tenant(caller, Role::Owner, tenant)?;
        let wanted = wanted(&name, change)?;
        let _one = self.one_at_a_time();
        // What replaces the model is a change like those of the policy; it is checked already, as the caps are.
        if change.as_settings {
            self.set_degrade(caller, &name, None)?;
        } else if let Some(degrade) = change.degrade.as_deref().and_then(DegradeMode::from_word) {
            self.set_degrade(caller, &name, Some(degrade))?;
        }
        let book = self.in_force.now();
        if change.money.is_none() && change.calls.is_none() && !change.as_settings {
            let tenant = book.tenants.named(&name).ok_or(Refused::Missing)?;
            return Ok(budget_view(&self.lane.lock(), &book, tenant));
        }
        let (name, caps, what) =
            budget::set(&self.lane.lock().ledger, &book.tenants, &wanted).map_err(|why| Refused::field("", why))?;
        let told = book.tenants.named(&name).ok_or(Refused::Missing)?;
        let before = {
            let caps = self.lane.lock().ledger.caps(&name, told.caps);
            format!("money {}, calls {}", caps.money, caps.calls)
        };
        let in_force = caps.unwrap_or(told.caps);
        let after = format!("money {}, calls {}", in_force.money, in_force.calls);
        let audit = vec![self.audit_line(caller, Some(name.clone()), what, before, after)];
        let desk = DeskTick { audit, ..DeskTick::default() };
        self.commit(Tick { caps: vec![(name.clone(), caps)], desk, ..Tick::default() })?;
        let mut lane = self.lane.lock();
        lane.ledger.set_caps(&name, caps);
        let view = budget_view(&lane, &book, told);
        drop(lane);
        self.lane.wake();
        Ok(view)
    }

    /// What was used by group and hour, oldest first. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn usage_hours(&self, caller: &Caller, query: &UsageQuery) -> Told<Listed<UsageHourView>> {
        caller.is_at_least(Role::Viewer)?;
        let only = query.tenant.as_deref().map(|name| self.tenant(caller, Role::Viewer, name)).transpose()?;
        let seconds = |given: Option<i64>| given.map(|given| u64::try_from(given).unwrap_or(0));
        let until = seconds(query.until_s).map_or_else(
            || hour_of(self.clock.now().wall.seconds()).saturating_add(1),
            |until| hour_of(until.saturating_add(3_599)),
        );
        let from = seconds(query.since_s).map_or_else(|| until.saturating_sub(24), hour_of);
        // Where to go on: the hour, and how many of its rows were told already.
        let at = cursor(query.cursor.as_deref())?.unwrap_or(0);
        let hour = u32::try_from(at >> CURSOR_ROWS_BITS).unwrap_or(u32::MAX);
        let skip = if hour >= from { usize::try_from(at & ((1 << CURSOR_ROWS_BITS) - 1)).unwrap_or(0) } else { 0 };
        let from = from.max(hour);
        let group = query.group.map(|group| self.current(ChatId(group)));
        let is_meant = |name: &str, chat: ChatId| {
            only.as_ref().is_none_or(|only| only.as_str() == name)
                && group.is_none_or(|group| self.current(chat) == group)
                && TenantName::new(name).is_some_and(|tenant| caller.sees(&tenant))
        };
        let most = limits::USAGE_HOURS_TOLD_MAX.saturating_add(skip);
        let (rows, more) = self.snapshots.usage_hours((from, until), is_meant, most)?;
        let last = rows.last().filter(|_| more).map(|row| row.hour);
        let next = last.map(|last| {
            let told = rows.iter().filter(|row| row.hour == last).count();
            let told = u64::try_from(told).unwrap_or(0).min((1 << CURSOR_ROWS_BITS) - 1);
            (u64::from(last) << CURSOR_ROWS_BITS | told).to_string()
        });
        let view = |row: HourRow| UsageHourView {
            tenant: row.tenant.to_string(),
            group: row.chat.0,
            title: self.title_of(row.chat),
            hour_s: u64::from(row.hour).saturating_mul(3_600),
            used: self::row(hour_words(row.hour), row.used),
        };
        Ok(Listed { items: rows.into_iter().skip(skip).map(view).collect(), next })
    }

    /// What each of the caller's tenants used. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn usage(&self, caller: &Caller) -> Told<Vec<UsageView>> {
        caller.is_at_least(Role::Viewer)?;
        let book = self.in_force.now();
        let mut told = Vec::new();
        for tenant in book.tenants.iter().filter(|tenant| caller.sees(&tenant.name)) {
            let days = self.snapshots.usage(&tenant.name)?;
            let mut months: BTreeMap<u32, Usage> = BTreeMap::new();
            for (day, usage) in &days {
                let month = months.entry(day / 100).or_default();
                *month = month.plus(*usage);
            }
            let day = |(day, usage): &(u32, Usage)| {
                row(format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100), *usage)
            };
            let month = |(month, usage): (u32, Usage)| row(format!("{:04}-{:02}", month / 100, month % 100), usage);
            let (old_days, old_months) = (
                days.len().saturating_sub(limits::USAGE_DAYS_SHOWN),
                months.len().saturating_sub(limits::USAGE_MONTHS_SHOWN),
            );
            told.push(UsageView {
                tenant: tenant.name.to_string(),
                currency: book.ai.currency.clone(),
                days: days.iter().skip(old_days).map(day).collect(),
                months: months.into_iter().skip(old_months).map(month).collect(),
            });
        }
        Ok(told)
    }
}

/// The bits of a cursor that say how many rows of its hour were told.
const CURSOR_ROWS_BITS: u32 = 20;

/// An hour by UTC, in digits.
fn hour_words(hour: u32) -> String {
    let (utc, at) = (Zone::default(), i64::from(hour).saturating_mul(3_600));
    let day = utc.day(at);
    format!("{:04}-{:02}-{:02} {:02}:00", day / 10_000, day / 100 % 100, day % 100, utc.hour(at))
}

fn row(period: String, usage: Usage) -> UsageRow {
    UsageRow {
        period,
        messages: usage.messages,
        blocked: usage.blocked,
        unsure: usage.unsure,
        actions: usage.actions,
        calls: usage.calls,
        money: Micros(usage.money_micros).to_string(),
        money_micros: usage.money_micros,
        tokens_in: usage.tokens_in,
        tokens_out: usage.tokens_out,
        cache_hits: usage.cache_hits,
        at_least: usage.at_least,
    }
}

/// A wish, with what is wrong about it by field.
fn wanted(tenant: &TenantName, change: &BudgetChange) -> Told<Wanted> {
    let mut wrong = Vec::new();
    let mut say = |field: &str, words: String| wrong.push((field.to_owned(), words));
    let money = change.money.as_deref().map(str::parse::<Micros>);
    if let Some(Err(error)) = &money {
        say("money", format!("write {error}"));
    }
    if let Some(calls) = change.calls.filter(|calls| *calls > limits::CALLS_A_MONTH_MAX) {
        say("calls", format!("{calls} is too many; at most {}", limits::CALLS_A_MONTH_MAX));
    }
    if change.degrade.as_deref().is_some_and(|word| DegradeMode::from_word(word).is_none()) {
        say("degrade", "one of disable_ai, strict_rules, link_blocks".to_owned());
    }
    let names_caps = change.money.is_some() || change.calls.is_some();
    if names_caps && change.as_settings {
        say("as_settings", "say either new caps or as_settings".to_owned());
    }
    if !names_caps && !change.as_settings && change.degrade.is_none() {
        say("", "say money, calls, degrade or as_settings".to_owned());
    }
    if !wrong.is_empty() {
        return Err(Refused::Wrong(wrong));
    }
    let (money, calls, as_settings) = (money.and_then(Result::ok), change.calls, change.as_settings);
    Ok(Wanted { tenant: tenant.to_string(), money, calls, as_settings })
}

/// How a tenant's budget stands.
fn budget_view(lane: &Lane, book: &Rulebook, tenant: &Tenant) -> BudgetView {
    let name = &tenant.name;
    let caps = lane.ledger.caps(name, tenant.caps);
    let standing = lane.ledger.standing(name, &caps);
    let why = lane.degraded(name).filter(|_| book.ai.is_on());
    BudgetView {
        tenant: name.to_string(),
        month: if standing.month.0 == 0 { String::new() } else { standing.month.to_string() },
        money: standing.spent.money.to_string(),
        money_cap: caps.money.to_string(),
        money_micros: standing.spent.money.0,
        money_cap_micros: caps.money.0,
        currency: book.ai.currency.clone(),
        calls: standing.spent.calls,
        calls_cap: caps.calls,
        percent: standing.percent,
        is_warned: standing.percent >= u64::from(tenant.warn_percent),
        by_hand: lane.ledger.is_overridden(name),
        degrade: tenant.degrade.word().to_owned(),
        has_model: book.ai.is_on(),
        degraded: why.map(|why| why.words().to_owned()),
        instead: why.map(|_| tenant.degrade.effect().to_owned()),
        trouble: lane.trouble().filter(|_| book.ai.is_on()).map(str::to_owned),
    }
}
