//! The fleet: boards as people see them, codes, and what an owner changes about a board.
//!
//! Promises: a revoked board is refused from the next request on and never comes back; its rows stay. A code is shown
//! once.
//!
//! Never: a board's key, or a code, in an answer to a question.

use super::{Change, Stop, Tx, audit, board_id, invalid, stop, uuid};
use crate::clock::{big, count};
use crate::db::people::secret;
use crate::limits;
use aegis_contract::{BoardId, Health, Kind, Sources};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

/// A board.
#[derive(Clone, Debug, Serialize)]
pub struct BoardView {
    /// Its id.
    pub board: String,
    /// What it was called at enrolment.
    pub name: String,
    /// Its program's version.
    pub version: String,
    /// Its profile.
    pub profile: String,
    /// Its tenants, those that are seen.
    pub tenants: Vec<String>,
    /// When it was enrolled.
    pub enrolled_us: u64,
    /// When it was revoked.
    pub revoked_us: Option<u64>,
    /// When it pushed last; 0: never.
    pub seen_us: u64,
    /// The last sequence taken.
    pub sequence: u64,
    /// How it was then.
    pub health: Option<Health>,
    /// Whose word counts.
    pub sources: Sources,
}

const BOARD: &str = "b.board, b.name, b.version, b.profile, b.enrolled_us, b.revoked_us, b.seen_us, b.sequence,
    b.health #>> '{}' AS health, b.sources #>> '{}' AS sources,
    array(SELECT o.tenant FROM board_tenants o WHERE o.board = b.board ORDER BY 1) AS tenants";

fn board_of(row: &PgRow) -> BoardView {
    BoardView {
        board: board_id(row.get("board")).to_string(),
        name: row.get("name"),
        version: row.get("version"),
        profile: row.get("profile"),
        tenants: row.get("tenants"),
        enrolled_us: count(row.get("enrolled_us")),
        revoked_us: row.get::<Option<i64>, _>("revoked_us").map(count),
        seen_us: count(row.get("seen_us")),
        sequence: count(row.get("sequence")),
        health: row.get::<Option<&str>, _>("health").and_then(|text| serde_json::from_str(text).ok()),
        sources: serde_json::from_str(row.get("sources")).unwrap_or_default(),
    }
}

/// The boards that are seen, after an id.
///
/// # Errors
/// When the database fails.
pub async fn boards(tx: &mut Tx, after: BoardId) -> Result<Vec<BoardView>, Stop> {
    let rows = sqlx::query(&format!("SELECT {BOARD} FROM boards b WHERE b.board > $1 ORDER BY b.board LIMIT $2"))
        .bind(uuid(after))
        .bind(limits::BOARDS_MAX)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.iter().map(board_of).collect())
}

/// How many boards are seen: all that are not revoked, those heard of in the last five minutes, those with something
/// degraded, and those with an incident.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FleetView {
    /// Not revoked.
    pub boards: i64,
    /// Heard of.
    pub heard: i64,
    /// With something degraded.
    pub degraded: i64,
    /// With an open incident.
    pub incidents: i64,
}

/// Counts the fleet.
///
/// # Errors
/// When the database fails.
pub async fn totals(tx: &mut Tx, now_us: u64) -> Result<FleetView, Stop> {
    let row = sqlx::query(
        "SELECT count(*) AS boards, count(*) FILTER (WHERE seen_us > $1) AS heard,
            count(*) FILTER (WHERE coalesce(jsonb_array_length(health -> 'degraded'), 0) > 0) AS degraded,
            count(*) FILTER (WHERE coalesce(jsonb_array_length(health -> 'incidents'), 0) > 0) AS incidents
        FROM boards WHERE revoked_us IS NULL",
    )
    .bind(big(now_us.saturating_sub(5 * 60 * 1_000_000)))
    .fetch_one(&mut **tx)
    .await?;
    Ok(FleetView {
        boards: row.get("boards"),
        heard: row.get("heard"),
        degraded: row.get("degraded"),
        incidents: row.get("incidents"),
    })
}

/// One board.
///
/// # Errors
/// When it is not there, or not seen.
pub async fn board(tx: &mut Tx, board: BoardId) -> Result<BoardView, Stop> {
    let row = sqlx::query(&format!("SELECT {BOARD} FROM boards b WHERE b.board = $1"))
        .bind(uuid(board))
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(board_of).ok_or_else(super::forbidden)
}

/// Revokes a board.
///
/// # Errors
/// When it is not there, or revoked already.
pub async fn revoke(tx: &mut Tx, who: &str, board: BoardId) -> Result<(), Stop> {
    let done = sqlx::query("UPDATE boards SET revoked_us = now_us() WHERE board = $1 AND revoked_us IS NULL")
        .bind(uuid(board))
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(super::forbidden());
    }
    told(tx, who, "board revoked", board, &json!({})).await
}

async fn told(tx: &mut Tx, who: &str, what: &str, board: BoardId, detail: &serde_json::Value) -> Result<(), Stop> {
    let subject = board.to_string();
    audit(tx, Change { who, what, tenant: None, subject: &subject, detail }).await
}

/// Says whose word counts for a board.
///
/// # Errors
/// When it is not there.
pub async fn set_sources(tx: &mut Tx, who: &str, board: BoardId, sources: Sources) -> Result<(), Stop> {
    let detail = json!(sources);
    let done = sqlx::query("UPDATE boards SET sources = $2::jsonb, edition = edition + 1 WHERE board = $1")
        .bind(uuid(board))
        .bind(detail.to_string())
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(super::forbidden());
    }
    told(tx, who, "sources", board, &detail).await
}

/// Says which tenants a board has. Rows of others stay, and no more are taken.
///
/// # Errors
/// When the board or a tenant is not there, or none is named.
pub async fn bind(tx: &mut Tx, who: &str, board: BoardId, tenants: &[String]) -> Result<(), Stop> {
    some(tenants)?;
    super::tenants::known(tx, tenants).await?;
    let done = sqlx::query("UPDATE boards SET edition = edition + 1 WHERE board = $1")
        .bind(uuid(board))
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(super::forbidden());
    }
    sqlx::query("DELETE FROM board_tenants WHERE board = $1 AND tenant <> ALL ($2)")
        .bind(uuid(board))
        .bind(tenants)
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO board_tenants SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING")
        .bind(uuid(board))
        .bind(tenants)
        .execute(&mut **tx)
        .await?;
    told(tx, who, "board bound", board, &json!({ "tenants": tenants })).await
}

fn some(tenants: &[String]) -> Result<(), Stop> {
    if tenants.is_empty() {
        return Err(invalid("tenants", "is empty", "name at least one tenant"));
    }
    Ok(())
}

/// A code to be made.
#[derive(Clone, Debug, Deserialize)]
pub struct NewCode {
    /// The tenants of the board that uses it.
    pub tenants: Vec<String>,
    /// For how many hours it is good.
    #[serde(default)]
    pub hours: Option<u32>,
}

/// Makes a code; gives its letters, which are shown once, and until when it is good.
///
/// # Errors
/// When a tenant is not there, or there are too many open codes.
pub async fn code(tx: &mut Tx, who: &str, new: &NewCode, now_us: u64) -> Result<(String, u64), Stop> {
    some(&new.tenants)?;
    super::tenants::known(tx, &new.tenants).await?;
    let hours = new.hours.unwrap_or(limits::CODE_HOURS);
    if hours == 0 || hours > limits::CODE_HOURS_MAX {
        return Err(invalid("hours", format!("is {hours}"), format!("use 1 to {}", limits::CODE_HOURS_MAX)));
    }
    let open: i64 = sqlx::query_scalar("SELECT count(*) FROM codes WHERE board IS NULL AND until_us > $1")
        .bind(big(now_us))
        .fetch_one(&mut **tx)
        .await?;
    if open >= limits::CODES_MAX {
        return Err(stop(Kind::Conflict, format!("There are {open} open codes; wait until some are used or too old.")));
    }
    let code = secret("enrol-")?;
    let until = now_us.saturating_add(u64::from(hours) * 3_600_000_000);
    sqlx::query("INSERT INTO codes (sha256, tenants, until_us, made_by) VALUES ($1, $2, $3, $4)")
        .bind(super::people::digest(&code).as_slice())
        .bind(&new.tenants)
        .bind(big(until))
        .bind(who)
        .execute(&mut **tx)
        .await?;
    let detail = json!({ "tenants": new.tenants, "until_us": until });
    audit(tx, Change { who, what: "code made", tenant: None, subject: "", detail: &detail }).await?;
    Ok((code, until))
}
