//! Packs: taken in with their signature, brought out in stages, and taken back.
//!
//! Promises: nothing is stored whose signature does not hold for the hub's key; a pack's version rises; a stage follows
//! the one before it: one board records, then shares, then everybody. A step back takes a signature for that very step.
//!
//! Never: a secret key of packs. Who signs does so elsewhere.

use super::{Change, Stop, Tx, audit, board_id, invalid, stop, uuid};
use crate::clock::{big, count};
use crate::db::wishes::{STAGE, stage_of};
use crate::stages::{Stage, Step, Told};
use aegis_contract::{BoardId, Kind, PackComment, limits};
use minisign_verify::{PublicKey, Signature};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::Row;

/// What a signature says of bytes, once it holds.
///
/// # Errors
/// When the hub has no key, the signature is none or does not hold, or its comment is not that of a pack.
pub fn verified(key: Option<&PublicKey>, body: &[u8], signature: &str) -> Result<PackComment, Stop> {
    let key = key.ok_or_else(|| {
        stop(
            Kind::Conflict,
            "The hub has no key for packs; set AEGIS_HUB_PACK_KEY to the line of minisign's public key.",
        )
    })?;
    if signature.len() > limits::SIGNATURE_BYTES_MAX || signature.contains('\0') {
        return Err(invalid("signature", "is no text of a signature", "send the text of the .minisig file"));
    }
    let wrong = |what: &str| invalid("signature", what, "sign the pack's bytes with the hub's key for packs");
    let read = Signature::decode(signature).map_err(|_| wrong("is no signature of minisign"))?;
    key.verify(body, &read, true).map_err(|_| wrong("does not hold"))?;
    Ok(PackComment::read(read.trusted_comment())?)
}

/// Takes a pack in; gives its name and version.
///
/// # Errors
/// When its signature does not hold, it is too large, or its version does not rise.
pub async fn upload(
    tx: &mut Tx,
    who: &str,
    key: Option<&PublicKey>,
    body: &[u8],
    signature: &str,
) -> Result<(String, u64), Stop> {
    if body.is_empty() || body.len() > limits::PACK_BYTES_MAX {
        let mend = format!("make it 1 to {} bytes", limits::PACK_BYTES_MAX);
        return Err(invalid("body", format!("has {} bytes", body.len()), mend));
    }
    let comment = verified(key, body, signature)?;
    if comment.rollback_from.is_some() {
        return Err(invalid("signature", "is one for a step back", "bring it to /v1/packs/{name}/back"));
    }
    let PackComment { name, version, .. } = comment;
    sqlx::query("INSERT INTO stages (name) VALUES ($1) ON CONFLICT DO NOTHING").bind(&name).execute(&mut **tx).await?;
    // This row's lock orders those who bring the same pack.
    locked(tx, &name).await?;
    let names: i64 = sqlx::query_scalar("SELECT count(*) FROM stages").fetch_one(&mut **tx).await?;
    if names > i64::try_from(limits::PACKS_MAX).unwrap_or(i64::MAX) {
        return Err(stop(Kind::Conflict, format!("There are {} packs already; a board takes no more.", names - 1)));
    }
    let newest: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM policies WHERE name = $1")
        .bind(&name)
        .fetch_one(&mut **tx)
        .await?;
    if big(version) <= newest {
        return Err(stop(
            Kind::Conflict,
            format!("Version {newest} of {name} is here; sign a higher one than {version}."),
        ));
    }
    let sha256: [u8; 32] = Sha256::digest(body).into();
    sqlx::query(
        "INSERT INTO policies (name, version, sha256, body, signature, made_by) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&name)
    .bind(big(version))
    .bind(sha256.as_slice())
    .bind(body)
    .bind(signature)
    .bind(who)
    .execute(&mut **tx)
    .await?;
    told(tx, who, "pack taken in", &name, &json!({ "version": version, "bytes": body.len() })).await?;
    Ok((name, version))
}

async fn told(tx: &mut Tx, who: &str, what: &str, name: &str, detail: &serde_json::Value) -> Result<(), Stop> {
    audit(tx, Change { who, what, tenant: None, subject: name, detail }).await
}

async fn locked(tx: &mut Tx, name: &str) -> Result<Stage, Stop> {
    let row = sqlx::query(&format!("SELECT {STAGE} FROM stages s WHERE name = $1 FOR UPDATE"))
        .bind(name)
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(stage_of).ok_or_else(super::forbidden)
}

/// How far a version shall be.
#[derive(Clone, Debug, Deserialize)]
pub struct NewStage {
    /// The version.
    pub version: u64,
    /// `record`, `share` or `everywhere`.
    pub stage: Aim,
    /// The board of `record`.
    #[serde(default)]
    pub board: Option<BoardId>,
    /// The percent of `share`.
    #[serde(default)]
    pub percent: Option<u8>,
}

/// The next stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aim {
    /// One board records.
    Record,
    /// A share has it in force.
    Share,
    /// Everybody has it.
    Everywhere,
}

/// Brings a version to its next stage.
///
/// # Errors
/// When it does not follow the stage before, or what it takes is missing.
pub async fn stage(tx: &mut Tx, who: &str, name: &str, new: &NewStage) -> Result<(), Stop> {
    let was = locked(tx, name).await?;
    let is_here: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM policies WHERE name = $1 AND version = $2)")
        .bind(name)
        .bind(big(new.version))
        .fetch_one(&mut **tx)
        .await?;
    if !is_here {
        return Err(invalid("version", "is not here", "upload it first"));
    }
    let is_on_its_way = was.staged == Some(new.version);
    let refused = |detail: &str| Err(stop(Kind::Conflict, detail));
    let next = match new.stage {
        Aim::Record => {
            let board = new.board.ok_or_else(|| invalid("board", "is missing", "name the board that records first"))?;
            super::fleet::board(tx, board)
                .await
                .map_err(|_| invalid("board", "is not here", "name one of the fleet"))?;
            if new.version <= was.current.unwrap_or(0) || was.staged.is_some_and(|staged| new.version < staged) {
                return refused(
                    "A version that is not newer is no step forward; to go back, bring a signature for it.",
                );
            }
            if is_on_its_way && was.step == Step::Stopped {
                return refused("This version was stopped; take it back, or upload a newer one.");
            }
            Stage { staged: Some(new.version), step: Step::Record, board: Some(board), percent: 0, ..was }
        }
        Aim::Share => {
            let percent = new.percent.filter(|percent| (1..=100).contains(percent));
            let percent = percent.ok_or_else(|| invalid("percent", "is missing", "say 1 to 100 percent"))?;
            if !is_on_its_way || !matches!(was.step, Step::Record | Step::Share) || percent < was.percent {
                return refused("A share follows the record on one board, and grows; begin there.");
            }
            Stage { step: Step::Share, percent, ..was }
        }
        Aim::Everywhere => {
            if !is_on_its_way || was.step != Step::Share {
                return refused("Everywhere follows a share; begin there.");
            }
            Stage { current: was.staged, staged: None, step: Step::None, board: None, percent: 0, ..was }
        }
    };
    write(tx, &next, "").await?;
    let detail = json!({ "version": new.version, "stage": format!("{:?}", new.stage).to_lowercase(),
        "board": new.board, "percent": new.percent });
    told(tx, who, "pack staged", name, &detail).await
}

async fn write(tx: &mut Tx, stage: &Stage, reason: &str) -> Result<(), Stop> {
    sqlx::query(
        "UPDATE stages SET current = $2, staged = $3, stage = $4, board = $5, percent = $6, reason = $7,
            changed_us = now_us() WHERE name = $1",
    )
    .bind(&stage.name)
    .bind(stage.current.map(big))
    .bind(stage.staged.map(big))
    .bind(stage.step.word())
    .bind(stage.board.map(uuid))
    .bind(i16::from(stage.percent))
    .bind(reason)
    .execute(&mut **tx)
    .await?;
    super::tenants::fleet_changed(tx).await
}

/// Takes a pack back to an older version, by a signature for that step over the older version's bytes. What is on its
/// way is dropped.
///
/// # Errors
/// When the signature does not hold for the step from what is out to a version that is here.
pub async fn back(
    tx: &mut Tx,
    who: &str,
    key: Option<&PublicKey>,
    name: &str,
    signature: &str,
) -> Result<(u64, u64), Stop> {
    let was = locked(tx, name).await?;
    // Which version it is for stands in what is not believed yet; the bytes it names decide whether it holds.
    let read = Signature::decode(signature.get(..limits::SIGNATURE_BYTES_MAX).unwrap_or(signature));
    let read =
        read.map_err(|_| invalid("signature", "is no signature of minisign", "send the .minisig file's text"))?;
    let asked = PackComment::read(read.trusted_comment())?;
    let body: Option<Vec<u8>> = sqlx::query_scalar("SELECT body FROM policies WHERE name = $1 AND version = $2")
        .bind(name)
        .bind(big(asked.version))
        .fetch_optional(&mut **tx)
        .await?;
    let body = body.ok_or_else(|| invalid("signature", "is for a version that is not here", "sign one that is"))?;
    let comment = verified(key, &body, signature)?;
    let from = comment.rollback_from.filter(|_| comment.name == name);
    let from = from.filter(|from| was.staged == Some(*from) || was.current == Some(*from)).ok_or_else(|| {
        let mend = "sign with rollback-from= the version that is out or on its way";
        invalid("signature", "is for another step", mend)
    })?;
    sqlx::query(
        "INSERT INTO rollbacks (name, version, rollback_from, signature, made_by) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING",
    )
    .bind(name)
    .bind(big(comment.version))
    .bind(big(from))
    .bind(signature)
    .bind(who)
    .execute(&mut **tx)
    .await?;
    let current = Some(comment.version);
    let next = Stage { current, staged: None, step: Step::None, board: None, percent: 0, ..was };
    write(tx, &next, &format!("back from version {from}")).await?;
    told(tx, who, "pack taken back", name, &json!({ "version": comment.version, "from": from })).await?;
    Ok((comment.version, from))
}

/// A pack in a list.
#[derive(Clone, Debug, Serialize)]
pub struct PackView {
    /// Its name.
    pub name: String,
    /// What everybody has.
    pub current: Option<u64>,
    /// What is on its way.
    pub staged: Option<u64>,
    /// How far: `none`, `record`, `share`, `stopped`.
    pub stage: String,
    /// The board that records first.
    pub board: Option<String>,
    /// The share in percent.
    pub percent: u8,
    /// Why it was stopped, or where it came back from.
    pub reason: String,
    /// The versions here, the newest first.
    pub versions: Vec<u64>,
    /// Boards that report the version on its way.
    pub boards: u64,
    /// Of them, with an incident.
    pub incidents: u64,
    /// Decisions its rules spoke about there.
    pub matched: u64,
    /// Of them, undone.
    pub undone: u64,
}

/// All packs.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx) -> Result<Vec<PackView>, Stop> {
    let rows = sqlx::query(&format!(
        "SELECT {STAGE}, s.reason, array(SELECT version FROM policies p WHERE p.name = s.name ORDER BY 1 DESC LIMIT $1)
            AS versions FROM stages s ORDER BY name"
    ))
    .bind(crate::limits::VERSIONS_SHOWN)
    .fetch_all(&mut **tx)
    .await?;
    let mut views = Vec::new();
    for row in &rows {
        let stage = stage_of(row);
        let told = match stage.staged.or(stage.current) {
            Some(version) => reported(tx, &stage.name, version).await?,
            None => Told::default(),
        };
        views.push(PackView {
            name: stage.name,
            current: stage.current,
            staged: stage.staged,
            stage: stage.step.word().to_owned(),
            board: row.get::<Option<uuid::Uuid>, _>("board").map(|board| board_id(board).to_string()),
            percent: stage.percent,
            reason: row.get("reason"),
            versions: row.get::<Vec<i64>, _>("versions").into_iter().map(count).collect(),
            boards: told.boards,
            incidents: told.incidents,
            matched: told.matched,
            undone: told.undone,
        });
    }
    Ok(views)
}

/// What boards report of a version.
///
/// # Errors
/// When the database fails.
pub async fn reported(tx: &mut Tx, name: &str, version: u64) -> Result<Told, Stop> {
    let row = sqlx::query(
        "SELECT count(*) AS boards,
            count(*) FILTER (WHERE jsonb_array_length(b.health -> 'incidents') > 0) AS incidents,
            coalesce(sum(least((p ->> 'matched')::numeric, 1e15)), 0)::bigint AS matched,
            coalesce(sum(least((p ->> 'undone')::numeric, 1e15)), 0)::bigint AS undone
        FROM boards b CROSS JOIN LATERAL jsonb_array_elements(b.health -> 'packs') p
        WHERE b.revoked_us IS NULL AND p ->> 'name' = $1 AND (p ->> 'version')::bigint = $2",
    )
    .bind(name)
    .bind(big(version))
    .fetch_one(&mut **tx)
    .await?;
    Ok(Told {
        boards: count(row.get("boards")),
        incidents: count(row.get("incidents")),
        matched: count(row.get("matched")),
        undone: count(row.get("undone")),
    })
}

/// Looks at all that is on its way, and stops what has to; gives the names.
///
/// # Errors
/// When the database fails.
pub async fn stop_stages(tx: &mut Tx) -> Result<Vec<String>, Stop> {
    let rows = sqlx::query(&format!("SELECT {STAGE} FROM stages s WHERE stage IN ('record', 'share') FOR UPDATE"))
        .fetch_all(&mut **tx)
        .await?;
    let mut stopped = Vec::new();
    for row in &rows {
        let stage = stage_of(row);
        let Some(version) = stage.staged else { continue };
        let told_by_boards = reported(tx, &stage.name, version).await?;
        let Some(reason) = told_by_boards.stop() else { continue };
        let name = stage.name.clone();
        write(tx, &Stage { step: Step::Stopped, ..stage }, &reason).await?;
        told(tx, "the hub", "pack stopped", &name, &json!({ "version": version, "reason": reason })).await?;
        stopped.push(name);
    }
    Ok(stopped)
}
