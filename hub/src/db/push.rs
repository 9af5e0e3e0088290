//! Takes what a board tells: once, in order, in one transaction under the lock of the board's row.
//!
//! Promises: the same push twice is one push; what does not follow is refused and changes nothing; a coarser row of usage
//! takes the place of finer ones, whichever came first; a row lands in a tenant of the board's, which the database holds
//! to as well.
//!
//! Never: a text whose tenant does not want it.

use super::boards::Known;
use super::{Stop, Tx, uuid};
use crate::clock::{big, count};
use aegis_contract::{BudgetRow, DecisionRow, Document, Kind, Month, Problem, Push, Receipt, Rows, Span, UsageRow};
use serde_json::json;
use sqlx::Row;
use std::collections::HashSet;

/// The columns of what is counted, in the order of [`UsageRow::counts`].
pub const COUNTS: [&str; 9] =
    ["messages", "blocked", "unsure", "actions", "calls", "tokens_in", "tokens_out", "money_micros", "cache_hits"];

const fn span_number(span: Span) -> i16 {
    match span {
        Span::Hour => 0,
        Span::Day => 1,
        Span::Month => 2,
    }
}

const fn span_of(number: i16) -> Span {
    match number {
        0 => Span::Hour,
        1 => Span::Day,
        _ => Span::Month,
    }
}

/// Takes a push, whose body is `body`. The transaction is the one that [`super::boards::admit`] gave.
///
/// # Errors
/// When it does not follow the last one, or has rows of a tenant of others: nothing was changed then.
pub async fn take(tx: &mut Tx, known: &Known, body: &[u8], now_us: u64) -> Result<Receipt, Stop> {
    let push = Push::read(body)?;
    for (at, row) in push.usage.iter().enumerate() {
        known.owns(&format!("usage[{at}].tenant"), &row.tenant)?;
    }
    for (at, row) in push.decisions.iter().enumerate() {
        known.owns(&format!("decisions[{at}].tenant"), &row.tenant)?;
    }
    for (at, row) in push.budgets.iter().enumerate() {
        known.owns(&format!("budgets[{at}].tenant"), &row.tenant)?;
    }
    let texts_left_out = push.decisions.iter().filter(|row| row.text.is_some() && !has_text(known, row)).count();
    let mut receipt = Receipt {
        sequence: known.sequence,
        chain: known.chain,
        hub_time_us: now_us,
        wishes_etag: known.etag(),
        texts_left_out: u32::try_from(texts_left_out).unwrap_or(u32::MAX),
    };
    if let Some(sequence) = push.sequence {
        let chain = push.previous.after(body);
        if sequence == known.sequence && chain == known.chain {
            return Ok(receipt);
        }
        if known.sequence.checked_add(1) != Some(sequence) || push.previous != known.chain {
            return Err(fork(known));
        }
        usage(tx, known, &push.usage).await?;
        decisions(tx, known, &push.decisions).await?;
        (receipt.sequence, receipt.chain) = (sequence, chain);
    }
    let mut changes = 0;
    if !push.budgets.is_empty() {
        changes += budgets(tx, known, &push.budgets).await?;
    }
    let packs: Vec<(String, u64)> = push.health.packs.iter().map(|pack| (pack.name.clone(), pack.version)).collect();
    // What a board has decides what it is offered: a step back, or how a stopped version goes on.
    changes += i64::from(packs != known.packs);
    sqlx::query(
        "UPDATE boards SET sequence = $2, chain = $3, seen_us = $4, health = $5::jsonb, edition = edition + $6,
            version = CASE WHEN $7 = '' THEN version ELSE $7 END, profile = CASE WHEN $8 = '' THEN profile ELSE $8 END
        WHERE board = $1",
    )
    .bind(uuid(known.board))
    .bind(big(receipt.sequence))
    .bind(receipt.chain.0.as_slice())
    .bind(big(now_us))
    .bind(json!(push.health).to_string())
    .bind(changes)
    .bind(&push.health.version)
    .bind(&push.health.profile)
    .execute(&mut **tx)
    .await?;
    if changes > 0 {
        let [own, tenants, fleet] = known.editions;
        receipt.wishes_etag = Known { editions: [own.saturating_add(changes), tenants, fleet], ..known.clone() }.etag();
    }
    Ok(receipt)
}

fn fork(known: &Known) -> Stop {
    let mut problem = Problem::new(
        Kind::Fork,
        format!("The push does not follow number {}, the last one taken; go on from there.", known.sequence),
    );
    problem.sequence = Some(known.sequence);
    problem.chain = Some(known.chain);
    problem.into()
}

fn has_text(known: &Known, row: &DecisionRow) -> bool {
    known.texts.contains(&row.tenant)
}

/// The rows that no coarser row of the same push covers.
fn uncovered(rows: &[UsageRow]) -> Vec<&UsageRow> {
    let places: HashSet<(&str, i64, Span, i64)> =
        rows.iter().map(|row| (row.tenant.as_str(), row.chat, row.span, row.from)).collect();
    let is_covered = |row: &UsageRow| {
        let wider = [Span::Hour, Span::Day, Span::Month].into_iter().filter(|span| *span >= row.span);
        wider.flat_map(|span| [(span, 0), (span, row.chat)]).any(|(span, chat)| {
            (span, chat) != (row.span, row.chat)
                && places.contains(&(row.tenant.as_str(), chat, span, span.begin(row.from)))
        })
    };
    rows.iter().filter(|row| !is_covered(row)).collect()
}

async fn usage(tx: &mut Tx, known: &Known, rows: &[UsageRow]) -> Result<(), Stop> {
    let rows = uncovered(rows);
    let coarse: Vec<&UsageRow> = rows.iter().copied().filter(|row| row.span != Span::Hour || row.chat == 0).collect();
    if !coarse.is_empty() {
        sqlx::query(
            "DELETE FROM usage u USING unnest($2::text[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[])
                AS n(tenant, chat, span, begins, ends)
            WHERE u.board = $1 AND u.tenant = n.tenant AND (n.chat = 0 OR u.chat = n.chat) AND u.span <= n.span
                AND u.begins >= n.begins AND u.begins < n.ends AND NOT (u.span = n.span AND u.chat = n.chat)",
        )
        .bind(uuid(known.board))
        .bind(column(&coarse, |row| row.tenant.clone()))
        .bind(column(&coarse, |row| row.chat))
        .bind(column(&coarse, |row| span_number(row.span)))
        .bind(column(&coarse, |row| row.from))
        .bind(column(&coarse, |row| row.span.end(row.from)))
        .execute(&mut **tx)
        .await?;
    }
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(
        "INSERT INTO usage SELECT $1, n.tenant, n.chat, n.span, n.begins, n.messages, n.blocked, n.unsure, n.actions,
            n.calls, n.tokens_in, n.tokens_out, n.money_micros, n.cache_hits, n.at_least
        FROM unnest($2::text[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
            $16::bigint[], $17::boolean[])
            AS n(tenant, chat, span, begins, day, month, messages, blocked, unsure, actions, calls, tokens_in, tokens_out,
                money_micros, cache_hits, at_least)
        WHERE NOT EXISTS (SELECT FROM usage u WHERE u.board = $1 AND u.tenant = n.tenant AND u.chat IN (0, n.chat)
            AND u.span >= n.span AND u.begins IN (n.begins, n.day, n.month)
            AND u.begins = CASE u.span WHEN 0 THEN n.begins WHEN 1 THEN n.day ELSE n.month END
            AND NOT (u.span = n.span AND u.chat = n.chat))
        ON CONFLICT (board, tenant, chat, span, begins) DO UPDATE SET
            messages = excluded.messages, blocked = excluded.blocked, unsure = excluded.unsure,
            actions = excluded.actions, calls = excluded.calls, tokens_in = excluded.tokens_in,
            tokens_out = excluded.tokens_out, money_micros = excluded.money_micros,
            cache_hits = excluded.cache_hits, at_least = excluded.at_least",
    )
    .bind(uuid(known.board))
    .bind(column(&rows, |row| row.tenant.clone()))
    .bind(column(&rows, |row| row.chat))
    .bind(column(&rows, |row| span_number(row.span)))
    .bind(column(&rows, |row| row.from))
    .bind(column(&rows, |row| Span::Day.begin(row.from)))
    .bind(column(&rows, |row| Span::Month.begin(row.from)));
    let counts = |at: usize| column(&rows, move |row| big(row.counts().get(at).copied().unwrap_or(0)));
    let query = (0..COUNTS.len()).fold(query, |query, at| query.bind(counts(at)));
    query.bind(column(&rows, |row| row.at_least)).execute(&mut **tx).await?;
    Ok(())
}

fn column<Row, Value>(rows: &[&Row], value: impl Fn(&Row) -> Value) -> Vec<Value> {
    rows.iter().map(|row| value(row)).collect()
}

async fn decisions(tx: &mut Tx, known: &Known, rows: &[DecisionRow]) -> Result<(), Stop> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<&DecisionRow> = rows.iter().collect();
    // Lists travel as JSON: an array of arrays has no rows of different lengths.
    sqlx::query(
        "INSERT INTO decisions SELECT $1, n.number, n.tenant, n.chat, n.message, n.at_s, n.verdict, n.reason,
            array(SELECT jsonb_array_elements_text(n.rules::jsonb)), array(SELECT jsonb_array_elements_text(n.actions::jsonb)),
            n.score, n.text
        FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::smallint[], $12::text[])
            AS n(number, tenant, chat, message, at_s, verdict, reason, rules, actions, score, text)
        ON CONFLICT (board, number) DO UPDATE SET tenant = excluded.tenant, chat = excluded.chat,
            message = excluded.message, at_s = excluded.at_s, verdict = excluded.verdict, reason = excluded.reason,
            rules = excluded.rules, actions = excluded.actions, score = excluded.score, text = excluded.text",
    )
    .bind(uuid(known.board))
    .bind(column(&rows, |row| big(row.number)))
    .bind(column(&rows, |row| row.tenant.clone()))
    .bind(column(&rows, |row| row.chat))
    .bind(column(&rows, |row| row.message))
    .bind(column(&rows, |row| row.at))
    .bind(column(&rows, |row| row.verdict.clone()))
    .bind(column(&rows, |row| row.reason.clone()))
    .bind(column(&rows, |row| json!(row.rules).to_string()))
    .bind(column(&rows, |row| json!(row.actions).to_string()))
    .bind(column(&rows, |row| i16::try_from(row.score).unwrap_or(i16::MAX)))
    .bind(column(&rows, |row| row.text.clone().filter(|_| has_text(known, row))))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes the board's own budgets; gives how many were new.
async fn budgets(tx: &mut Tx, known: &Known, rows: &[BudgetRow]) -> Result<i64, Stop> {
    let rows: Vec<&BudgetRow> = rows.iter().collect();
    let made = sqlx::query(
        "INSERT INTO board_budgets (board, tenant, money_micros, calls, degrade, edition)
        SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])
        ON CONFLICT (board, tenant) DO UPDATE SET money_micros = excluded.money_micros, calls = excluded.calls,
            degrade = excluded.degrade, edition = excluded.edition
        WHERE excluded.edition > board_budgets.edition",
    )
    .bind(uuid(known.board))
    .bind(column(&rows, |row| row.tenant.clone()))
    .bind(column(&rows, |row| row.money_micros.map(big)))
    .bind(column(&rows, |row| row.calls.map(big)))
    .bind(column(&rows, |row| row.degrade.clone()))
    .bind(column(&rows, |row| big(row.edition)))
    .execute(&mut **tx)
    .await?;
    Ok(i64::try_from(made.rows_affected()).unwrap_or(i64::MAX))
}

/// The usage of a board, tenant and month, from a place on; at most so many rows.
///
/// # Errors
/// When the database fails, or `after` is no place.
pub async fn rows(
    tx: &mut Tx,
    known: &Known,
    (tenant, month): (&str, Month),
    after: Option<&str>,
    at_most: usize,
) -> Result<Rows, Stop> {
    let (from, span, chat) = match after {
        Some(text) => place(text).ok_or_else(|| super::invalid("after", "is no place in the rows", "leave it out"))?,
        None => (i64::MIN, 0, 0),
    };
    let read = sqlx::query(
        "SELECT * FROM usage WHERE board = $1 AND tenant = $2 AND begins >= $3 AND begins < $4
            AND (begins, span, chat) > ($5, $6, $7) ORDER BY begins, span, chat LIMIT $8",
    )
    .bind(uuid(known.board))
    .bind(tenant)
    .bind(month.begin())
    .bind(month.next().begin())
    .bind(from)
    .bind(span)
    .bind(chat)
    .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
    .fetch_all(&mut **tx)
    .await?;
    let rows: Vec<UsageRow> = read.iter().map(usage_row).collect();
    let last = rows.last().filter(|_| rows.len() == at_most);
    let after = last.map(|row| format!("{}.{}.{}", row.from, span_number(row.span), row.chat));
    Ok(Rows { tenant: tenant.to_owned(), month, rows, after })
}

fn place(text: &str) -> Option<(i64, i16, i64)> {
    let mut parts = text.split('.');
    let place = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(place)
}

/// A row of the table.
#[must_use]
pub fn usage_row(row: &sqlx::postgres::PgRow) -> UsageRow {
    let [messages, blocked, unsure, actions, calls, tokens_in, tokens_out, money_micros, cache_hits] = counted(row);
    UsageRow {
        tenant: row.get("tenant"),
        chat: row.get("chat"),
        from: row.get("begins"),
        span: span_of(row.get("span")),
        messages,
        blocked,
        unsure,
        actions,
        calls,
        tokens_in,
        tokens_out,
        money_micros,
        cache_hits,
        at_least: row.get("at_least"),
    }
}

/// What is counted in a row that has all the columns of [`COUNTS`], in their order.
#[must_use]
pub fn counted(row: &sqlx::postgres::PgRow) -> [u64; 9] {
    COUNTS.map(|column| count(row.get(column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_coarser_row_of_the_same_push_covers_is_left_out() {
        let row = |chat, span: Span, at: i64| {
            let text = json!({ "tenant": "red", "chat": chat, "from": span.begin(at), "span": span.word() });
            serde_json::from_value::<UsageRow>(text).unwrap()
        };
        let at = 1_790_000_000;
        let rows = [
            row(1, Span::Hour, at),
            row(1, Span::Day, at),
            row(2, Span::Hour, at),
            row(0, Span::Hour, at),
            row(3, Span::Hour, at + 86_400),
            row(0, Span::Month, at + 86_400 * 40),
            row(4, Span::Day, at + 86_400 * 40),
        ];
        let left = uncovered(&rows);
        let by_pairs: Vec<&UsageRow> = rows.iter().filter(|row| !rows.iter().any(|other| other.covers(row))).collect();
        assert_eq!(left, by_pairs);
        assert_eq!(left.len(), 4);
    }
}
