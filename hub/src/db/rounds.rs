//! What the hub does for itself, every few seconds: parts for the months ahead, stages that have to stop, and what is
//! forgotten.
//!
//! Promises: of all processes one does a round at a time; a round that fails is undone, and the next one does it.
//!
//! Never: usage that is forgotten. Decisions and open codes that are too old are.

use super::{Database, Scope, Stop, packs};
use crate::clock::big;
use crate::limits;
use aegis_contract::Month;

/// What a round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Parts that were made.
    pub parts: u32,
    /// Packs that were stopped.
    pub stopped: Vec<String>,
    /// Decisions, and texts of some, that were forgotten.
    pub forgotten: u64,
}

/// Does a round; `None` when another process is at it.
///
/// # Errors
/// When the database fails.
pub async fn round(db: &Database, now_us: u64) -> Result<Option<Round>, Stop> {
    let mut tx = db.begin(Scope::All).await?;
    let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(4157002)").fetch_one(&mut *tx).await?;
    if !is_ours {
        return Ok(None);
    }
    let mut done = Round::default();
    let now_s = big(now_us / 1_000_000);
    let mut month = Month::of(now_s);
    for _ in 0..=limits::MONTHS_AHEAD {
        let is_made: bool =
            sqlx::query_scalar("SELECT make_usage_part($1)").bind(month.begin()).fetch_one(&mut *tx).await?;
        done.parts += u32::from(is_made);
        month = month.next();
    }
    done.stopped = packs::stop_stages(&mut tx).await?;
    let old = sqlx::query(
        "DELETE FROM decisions WHERE (board, number) IN (SELECT board, number FROM decisions WHERE at_s < $1 LIMIT $2)",
    )
    .bind(now_s.saturating_sub(limits::DECISIONS_DAYS * 86_400))
    .bind(limits::FORGET_ROWS)
    .execute(&mut *tx)
    .await?;
    // Texts of tenants that want none any more.
    let texts = sqlx::query(
        "UPDATE decisions SET text = NULL WHERE (board, number) IN (SELECT d.board, d.number FROM decisions d
            JOIN tenants t USING (tenant) WHERE d.text IS NOT NULL AND NOT t.text_on LIMIT $1)",
    )
    .bind(limits::FORGET_ROWS)
    .execute(&mut *tx)
    .await?;
    done.forgotten = old.rows_affected().saturating_add(texts.rows_affected());
    sqlx::query("DELETE FROM codes WHERE board IS NULL AND until_us < $1").bind(big(now_us)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Some(done))
}
