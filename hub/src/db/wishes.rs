//! What a board is wished, put together from budgets, flags, packs and switches.
//!
//! Promises: what is wished belongs to the board's tenants or to all; a pack is offered as its stage says.
//!
//! Never: a change. Reading wishes leaves them as they were.

use super::boards::Known;
use super::{Stop, Tx, board_id, uuid};
use crate::clock::{big, count};
use crate::stages::{Offer, Stage, Step};
use aegis_contract::{BudgetWish, FlagWish, PackOffer, Sources, Wishes};
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;

/// The columns of a stage, for [`stage_of`].
pub const STAGE: &str = "s.name, s.current, s.staged, s.stage, s.board, s.percent";

/// A stage as it was read.
#[must_use]
pub fn stage_of(row: &PgRow) -> Stage {
    Stage {
        name: row.get("name"),
        current: row.get::<Option<i64>, _>("current").map(count),
        staged: row.get::<Option<i64>, _>("staged").map(count),
        step: Step::from_word(row.get("stage")).unwrap_or(Step::None),
        board: row.get::<Option<uuid::Uuid>, _>("board").map(board_id),
        percent: u8::try_from(row.get::<i16, _>("percent")).unwrap_or(0),
    }
}

/// What a board is offered of each pack.
async fn offers(tx: &mut Tx, known: &Known) -> Result<Vec<(String, Offer)>, Stop> {
    let stages = sqlx::query(&format!("SELECT {STAGE} FROM stages s ORDER BY name")).fetch_all(&mut **tx).await?;
    let mut offers = Vec::new();
    for row in &stages {
        let stage = stage_of(row);
        let has = known.packs.iter().find(|(name, _)| *name == stage.name).map_or(0, |(_, version)| *version);
        let back: Vec<i64> = sqlx::query_scalar("SELECT version FROM rollbacks WHERE name = $1 AND rollback_from = $2")
            .bind(&stage.name)
            .bind(big(has))
            .fetch_all(&mut **tx)
            .await?;
        let offer = stage.offer(known.board, has, |version| back.iter().any(|to| count(*to) == version));
        offers.extend(offer.map(|offer| (stage.name, offer)));
    }
    Ok(offers)
}

/// All that the board is wished.
///
/// # Errors
/// When the database fails.
pub async fn wishes(tx: &mut Tx, known: &Known) -> Result<Wishes, Stop> {
    let mut wishes = Wishes { sources: sources(tx, known).await?, ..Wishes::default() };
    wishes.text = known.tenants.iter().map(|tenant| (tenant.clone(), known.texts.contains(tenant))).collect();
    let budgets = sqlx::query(
        "SELECT DISTINCT ON (b.tenant) b.*, coalesce(o.edition, 0) AS confirmed
        FROM budgets b LEFT JOIN board_budgets o ON o.board = $1 AND o.tenant = b.tenant
        WHERE b.tenant = ANY ($2) ORDER BY b.tenant, b.version DESC",
    )
    .bind(uuid(known.board))
    .bind(&known.tenants)
    .fetch_all(&mut **tx)
    .await?;
    wishes.budgets = budgets
        .iter()
        .map(|row| BudgetWish {
            tenant: row.get("tenant"),
            money_micros: row.get::<Option<i64>, _>("money_micros").map(count),
            calls: row.get::<Option<i64>, _>("calls").map(count),
            degrade: row.get("degrade"),
            confirmed: count(row.get("confirmed")),
        })
        .collect();
    let flags =
        sqlx::query("SELECT name, tenant, is_on FROM flags WHERE tenant = '' OR tenant = ANY ($1) ORDER BY 1, 2")
            .bind(&known.tenants)
            .fetch_all(&mut **tx)
            .await?;
    wishes.flags = flags
        .iter()
        .take(aegis_contract::limits::FLAGS_MAX)
        .map(|row| FlagWish {
            name: row.get("name"),
            tenant: Some(row.get::<String, _>("tenant")).filter(|tenant| !tenant.is_empty()),
            on: row.get("is_on"),
        })
        .collect();
    for (name, offer) in offers(tx, known).await? {
        wishes.packs.extend(pack(tx, name, offer).await?);
    }
    Ok(wishes)
}

async fn sources(tx: &mut Tx, known: &Known) -> Result<Sources, Stop> {
    let text: String = sqlx::query_scalar("SELECT sources #>> '{}' FROM boards WHERE board = $1")
        .bind(uuid(known.board))
        .fetch_one(&mut **tx)
        .await?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// A version as it is offered; none when it is not here (a board has what this hub never had).
async fn pack(tx: &mut Tx, name: String, offer: Offer) -> Result<Option<PackOffer>, Stop> {
    let row = sqlx::query(
        "SELECT encode(sha256, 'hex') AS sha256, octet_length(body)::bigint AS bytes FROM policies
        WHERE name = $1 AND version = $2",
    )
    .bind(&name)
    .bind(big(offer.version))
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| PackOffer {
        name,
        version: offer.version,
        sha256: row.get("sha256"),
        bytes: count(row.get("bytes")),
        mode: offer.mode,
        rollback: offer.rollback,
    }))
}

/// A pack's bytes, and its signature: the one for a step back where that is what this board is offered. `None` when the
/// board is not offered it.
///
/// # Errors
/// When the database fails.
pub async fn fetch(tx: &mut Tx, known: &Known, name: &str, version: u64) -> Result<Option<(Vec<u8>, String)>, Stop> {
    let offered: BTreeMap<String, Offer> = offers(tx, known).await?.into_iter().collect();
    let Some(offer) = offered.get(name).filter(|offer| offer.version == version) else { return Ok(None) };
    let has = known.packs.iter().find(|(known, _)| known == name).map_or(0, |(_, version)| *version);
    let row = sqlx::query(
        "SELECT p.body, p.signature, r.signature AS back FROM policies p
        LEFT JOIN rollbacks r ON r.name = p.name AND r.version = p.version AND r.rollback_from = $3
        WHERE p.name = $1 AND p.version = $2",
    )
    .bind(name)
    .bind(big(version))
    .bind(big(has))
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| {
        let back = row.get::<Option<String>, _>("back").filter(|_| offer.rollback);
        (row.get("body"), back.unwrap_or_else(|| row.get("signature")))
    }))
}
