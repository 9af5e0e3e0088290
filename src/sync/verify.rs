//! Comparing what was counted here with what the hub has, row by row.
//!
//! Promises: hours that are kept here are compared one by one, with all their counts; a row that only one side has is a
//! difference. Days whose hours are gone here are left out, and counted. A row that still waits to be told differs, which is said.
//!
//! Never: a change on either side.

use crate::clock::{Clock, Wall};
use crate::cloud::{Ask, Client, Home, document};
use crate::config::Config;
use crate::limits;
use crate::store::{Snapshots, StoreError};
use crate::sync::{Line, Way, rows};
use crate::tenant::TenantName;
use aegis_contract::{Month, Rows, UsageRow, routes};
use std::collections::BTreeMap;

/// A row in which both sides differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// The chat, and where the hour begins, Unix seconds.
    pub place: (i64, i64),
    /// What was counted here.
    pub here: Option<[u64; 9]>,
    /// What the hub has.
    pub hub: Option<[u64; 9]>,
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Rows that are the same.
    pub same: u64,
    /// Rows in which both differ.
    pub differs: Vec<Differs>,
    /// Rows of the hub that are of a time whose hours are not kept here any more.
    pub left_out: u64,
}

/// The hub's rows of a tenant and month.
///
/// # Errors
/// Why it does not tell them.
pub async fn of_hub<W: Way>(way: &mut W, tenant: &TenantName, month: Month) -> Result<Vec<UsageRow>, String> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..limits::CLOUD_PAGES_MAX {
        let mut target = routes::rows_query(tenant.as_str(), month);
        if let Some(after) = &after {
            // A place has digits, dots and minus signs.
            let plain: String = after.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
            target.push_str(&format!("&after={plain}"));
        }
        let told = way.ask(Ask::get(target)).await.map_err(|failure| failure.to_string())?;
        let page: Rows = document(&told).map_err(|failure| failure.to_string())?;
        all.extend(page.rows);
        after = page.after;
        if after.is_none() {
            return Ok(all);
        }
    }
    Err(format!("the hub tells more than {} pages of one month", limits::CLOUD_PAGES_MAX))
}

/// This board's hours of a tenant and month.
///
/// # Errors
/// When storage fails.
pub fn of_board(snapshots: &Snapshots, tenant: &TenantName, month: Month) -> Result<Vec<UsageRow>, StoreError> {
    let hour = |at: i64| u32::try_from(at / 3_600).unwrap_or(0);
    let span = (hour(month.begin()), hour(month.next().begin()));
    let (hours, _) = snapshots.usage_hours(span, |name, _| name == tenant.as_str(), usize::MAX)?;
    Ok(hours.iter().map(rows::hour).collect())
}

/// Compares both; `kept_from` is the first hour that is kept here.
#[must_use]
pub fn compare(here: &[UsageRow], hub: &[UsageRow], kept_from: u32) -> Compared {
    let mut compared = Compared::default();
    let mut of_hub: BTreeMap<(i64, i64), [u64; 9]> = BTreeMap::new();
    for row in hub {
        if row.span == aegis_contract::Span::Hour && row.from >= i64::from(kept_from).saturating_mul(3_600) {
            of_hub.insert((row.chat, row.from), row.counts());
        } else {
            compared.left_out = compared.left_out.saturating_add(1);
        }
    }
    for row in here {
        let place = (row.chat, row.from);
        match of_hub.remove(&place) {
            Some(counts) if counts == row.counts() => compared.same = compared.same.saturating_add(1),
            hub => compared.differs.push(Differs { place, here: Some(row.counts()), hub }),
        }
    }
    let only = of_hub.into_iter().map(|(place, hub)| Differs { place, here: None, hub: Some(hub) });
    compared.differs.extend(only);
    compared.differs.sort_by_key(|differs| (differs.place.1, differs.place.0));
    compared
}

/// Compares this month and the one before, of each tenant that the hub takes; returns whether all is the same, and lines that say so.
///
/// # Errors
/// Why nothing can be compared.
pub async fn all(config: &Config, snapshots: &Snapshots, clock: &Clock) -> Result<(bool, Vec<String>), String> {
    let Some(cloud) = &config.cloud else { return Err("the settings name no hub; add [cloud] with `url`".to_owned()) };
    let Some((enrolment, key)) = Home::of(&config.data_dir).read()? else {
        return Err("this board is not enrolled; run `aegis sync enrol --code CODE`".to_owned());
    };
    let client = Client::new(&cloud.url, cloud.root.as_deref())?;
    let mut last_us = 0;
    let mut line = Line { client: &client, board: &enrolment.board, key: &key, last_us: &mut last_us, clock };
    let storage = |error: StoreError| error.to_string();
    let kept_from = snapshots.first_hour_kept().map_err(storage)?;
    let now = Month::of(i64::try_from(clock.now().wall.seconds()).unwrap_or(0));
    let (mut lines, mut is_same) = (Vec::new(), true);
    for tenant in enrolment.tenants.iter().filter_map(|name| TenantName::new(name)) {
        for month in [now.before(), now] {
            // Here first: what is told meanwhile is then newer at the hub, and a difference, rather than unseen.
            let here = of_board(snapshots, &tenant, month).map_err(storage)?;
            let hub = match of_hub(&mut line, &tenant, month).await {
                Ok(rows) => rows,
                // The appliance may have asked in the same moment, which looks like a repeat.
                Err(_) => of_hub(&mut line, &tenant, month).await?,
            };
            let compared = compare(&here, &hub, kept_from);
            let (same, differ, left_out) = (compared.same, compared.differs.len(), compared.left_out);
            lines.push(format!(
                "{tenant} {month}: {same} rows are the same, {differ} differ, {left_out} are of hours not kept here any more"
            ));
            is_same &= compared.differs.is_empty();
            let room = limits::CLOUD_DIFFERING_SHOWN.saturating_sub(lines.len());
            lines.extend(compared.differs.iter().take(room).map(in_words));
        }
    }
    Ok((is_same, lines))
}

fn in_words(differs: &Differs) -> String {
    const NAMES: [&str; 9] =
        ["messages", "blocked", "unsure", "actions", "calls", "tokens_in", "tokens_out", "money_micros", "cache_hits"];
    let (chat, from) = differs.place;
    let at = Wall(u64::try_from(from).unwrap_or(0).saturating_mul(1_000)).utc();
    let which = match (differs.here, differs.hub) {
        (Some(here), Some(hub)) => {
            let pairs = NAMES.iter().zip(here.iter().zip(hub)).filter(|(_, (here, hub))| **here != *hub);
            pairs
                .map(|(name, (here, hub))| format!("{name} {here} here, {hub} at the hub"))
                .collect::<Vec<_>>()
                .join("; ")
        }
        (Some([messages, ..]), None) => format!("{messages} messages here, and no such row at the hub"),
        (None, Some([messages, ..])) => format!("no such row here, and {messages} messages at the hub"),
        (None, None) => String::new(),
    };
    format!("  chat {chat} at {at}: {which}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::usage::Usage;
    use aegis_contract::Span;

    #[test]
    fn rows_are_compared_one_by_one_and_what_is_not_kept_here_is_left_out() {
        let row = |chat, hour: i64, messages| {
            let used = Usage { messages, ..Usage::default() };
            rows::usage_row("default", chat, Span::Hour, hour * 3_600, &used)
        };
        let here = [row(-1, 100, 5), row(-2, 100, 7), row(-3, 101, 1)];
        let hub = [row(-1, 100, 5), row(-2, 100, 6), row(-4, 101, 2), row(-1, 99, 9)];
        let compared = compare(&here, &hub, 100);
        assert_eq!((compared.same, compared.left_out), (1, 1));
        let places: Vec<_> = compared.differs.iter().map(|differs| differs.place.0).collect();
        assert_eq!(places, [-2, -4, -3]);
        let words = compared.differs.first().map(in_words).unwrap_or_default();
        assert!(words.contains("messages 7 here, 6 at the hub"), "{words}");
    }
}
