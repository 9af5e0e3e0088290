//! Answers to boards.
//!
//! Promises: as the contract says.
//!
//! Never: rows or wishes of another board.

use super::ask::{Ask, Reply};
use crate::db::boards::Known;
use crate::db::{Scope, Stop, Tx, push, stop, wishes};
use aegis_contract::{Document, Enrol, Enrolled, Kind, Month, State, VERSION};
use axum::http::header;
use serde_json::json;

/// Whether the hub can reach its database.
pub async fn alive(ask: &Ask) -> Result<Reply, Stop> {
    let mut tx = ask.hub.db.begin(Scope::Nothing).await?;
    sqlx::query("SELECT 1").execute(&mut *tx).await?;
    Ok(Reply::json(200, &json!({ "ready": true, "contract": VERSION, "version": env!("CARGO_PKG_VERSION") })))
}

/// Enrols a board.
pub async fn enrol(ask: &Ask) -> Result<Reply, Stop> {
    if !ask.hub.enrols.take(ask.now_us) {
        return Err(stop(Kind::Busy, "Too many boards ask to be enrolled at once; come back in a minute."));
    }
    let request = Enrol::read(&ask.body)?;
    let (board, tenants) = crate::db::boards::enrol(&ask.hub.db, &request, ask.now_us).await?;
    let pack_key = ask.hub.pack_key_line.clone();
    let enrolled = Enrolled { board, tenants, hub_time_us: ask.now_us, pack_key, contract: VERSION };
    tracing::info!(%board, "a board is enrolled");
    Ok(Reply::json(201, &enrolled))
}

/// What the board is wished.
pub async fn wishes(tx: &mut Tx, known: &Known, ask: &Ask) -> Result<Reply, Stop> {
    let etag = known.etag();
    let has = ask.header("if-none-match");
    if has.split(',').any(|one| one.trim().trim_start_matches("W/") == etag) {
        return Ok(Reply::empty(304).with(header::ETAG, etag));
    }
    let wishes = wishes::wishes(tx, known).await?;
    Ok(Reply::json(200, &wishes).with(header::ETAG, etag))
}

/// A pack that the board is offered, or its signature.
pub async fn pack(tx: &mut Tx, known: &Known, ask: &Ask, is_signature: bool) -> Result<Reply, Stop> {
    let absent = || stop(Kind::Absent, "This pack is not offered to this board; ask for the wishes anew.");
    let version: u64 = ask.param("version").parse().map_err(|_| absent())?;
    let (body, signature) = wishes::fetch(tx, known, ask.param("name"), version).await?.ok_or_else(absent)?;
    Ok(if is_signature {
        Reply::bytes("text/plain; charset=utf-8", signature.into_bytes())
    } else {
        Reply::bytes("application/octet-stream", body)
    })
}

/// Takes what the board tells.
pub async fn push(tx: &mut Tx, known: &Known, ask: &Ask) -> Result<Reply, Stop> {
    let receipt = push::take(tx, known, &ask.body, ask.now_us).await?;
    Ok(Reply::json(200, &receipt))
}

/// How far the hub is with the board.
#[must_use]
pub fn state(known: &Known, ask: &Ask) -> Reply {
    let (edition, decision) = known.told;
    Reply::json(
        200,
        &State { sequence: known.sequence, chain: known.chain, hub_time_us: ask.now_us, edition, decision },
    )
}

/// The usage that the hub has of the board.
pub async fn rows(tx: &mut Tx, known: &Known, ask: &Ask) -> Result<Reply, Stop> {
    let tenant = ask.query.get("tenant").map_or("", String::as_str);
    known.owns("tenant", tenant)?;
    let month: Month = ask.query("month", Month::of(crate::clock::big(ask.now_us / 1_000_000)))?;
    let after = ask.query.get("after").map(String::as_str);
    let most = aegis_contract::limits::PUSH_ROWS_MAX;
    let at_most = ask.query("rows", most)?;
    if !(1..=most).contains(&at_most) {
        return Err(crate::db::invalid("rows", format!("is {at_most}"), format!("use 1 to {most}")));
    }
    Ok(Reply::json(200, &push::rows(tx, known, (tenant, month), after, at_most).await?))
}
