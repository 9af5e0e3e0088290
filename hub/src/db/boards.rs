//! Boards at the door: who signed, and how a board is enrolled.
//!
//! Promises: a signed request is taken once; who is unknown, revoked, repeated or badly signed costs the same work and
//! reads the same, and changes nothing. A code enrols one key; the same key with it again gets the same answer, so
//! that a lost answer loses no board.
//!
//! Never: a code or a secret key in the database.

use super::{Change, Database, Scope, Stop, Tx, audit, stop, tenants_setting, uuid};
use crate::clock::{big, count};
use aegis_contract::{BoardId, Chain, Enrol, Kind, Problem, limits};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::Row;
use subtle::ConstantTimeEq;

/// A key nobody holds, for boards that are not known: the work is the same. It is ed25519's base point.
const NOBODY: [u8; 32] = {
    let mut key = [0x66; 32];
    key[0] = 0x58;
    key
};

/// What a signed request says of itself.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Who says to have signed.
    pub board: BoardId,
    /// When.
    pub time_us: u64,
    /// The signature.
    pub signature: [u8; 64],
    /// What was signed.
    pub text: String,
}

/// A board that was let in.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its id.
    pub board: BoardId,
    /// Its tenants.
    pub tenants: Vec<String>,
    /// Those whose decisions carry text.
    pub texts: Vec<String>,
    /// The last sequence taken.
    pub sequence: u64,
    /// The chain after it.
    pub chain: Chain,
    /// Up to which of its editions, and which decision, it said that it had told; 0 where it did not.
    pub told: (u64, u64),
    /// What it reported of its packs.
    pub packs: Vec<(String, u64)>,
    /// Numbers that rise with what it is wished: its own, its tenants', the fleet's.
    pub editions: [i64; 3],
}

impl Known {
    /// The `ETag` of what it is wished.
    #[must_use]
    pub fn etag(&self) -> String {
        let [own, tenants, fleet] = self.editions;
        format!("\"w{own}-{tenants}-{fleet}\"")
    }

    /// Refuses a tenant of others.
    ///
    /// # Errors
    /// When it is not the board's.
    pub fn owns(&self, field: &str, tenant: &str) -> Result<(), Stop> {
        if self.tenants.iter().any(|own| own == tenant) {
            return Ok(());
        }
        let detail =
            format!("{field} names a tenant that is not this board's; leave its rows out, or bind it at the hub");
        let mut problem = Problem::new(Kind::Forbidden, detail);
        problem.field = Some(field.to_owned());
        Err(problem.into())
    }
}

fn unsigned() -> Stop {
    stop(
        Kind::Unsigned,
        "The request is not signed by a board of this hub, or came before; enrol the board, or sign anew.",
    )
}

/// Lets a signed request in. The transaction goes on in the name of the board.
///
/// # Errors
/// When it is not let in, or the database fails.
pub async fn admit(db: &Database, signed: &Signed, now_us: u64) -> Result<(Tx, Known), Stop> {
    let mut tx = db.begin(Scope::Board(signed.board)).await?;
    let row = sqlx::query(
        "SELECT b.key, b.revoked_us IS NOT NULL AS revoked,
            coalesce(array_agg(t.tenant ORDER BY t.tenant) FILTER (WHERE t.tenant IS NOT NULL), '{}') AS tenants,
            coalesce(array_agg(t.tenant) FILTER (WHERE t.text_on), '{}') AS texts,
            coalesce(sum(t.edition), 0)::bigint AS tenants_edition, (SELECT edition FROM fleet) AS fleet_edition
        FROM boards b LEFT JOIN board_tenants o ON o.board = b.board LEFT JOIN tenants t ON t.tenant = o.tenant
        WHERE b.board = $1 GROUP BY b.board",
    )
    .bind(uuid(signed.board))
    .fetch_optional(&mut *tx)
    .await?;
    let key: Vec<u8> = row.as_ref().map_or_else(|| NOBODY.to_vec(), |row| row.get("key"));
    let is_good = UnparsedPublicKey::new(&ED25519, &key).verify(signed.text.as_bytes(), &signed.signature).is_ok();
    let row = match row {
        Some(row) if is_good && !row.get::<bool, _>("revoked") => row,
        _ => return Err(unsigned()),
    };
    if now_us.abs_diff(signed.time_us) > limits::CLOCK_OFF_US_MAX {
        let mut problem = Problem::new(
            Kind::Clock,
            "The board's clock and the hub's are more than five minutes apart; set the board's clock.",
        );
        problem.hub_time_us = Some(now_us);
        return Err(problem.into());
    }
    let tenants: Vec<String> = row.get("tenants");
    // The replay guard, and the lock under which this board's pushes follow each other.
    let guard = sqlx::query(
        "UPDATE boards SET last_time_us = $2 WHERE board = $1 AND last_time_us < $2 AND revoked_us IS NULL
        RETURNING sequence, chain, edition, health -> 'packs' #>> '{}' AS packs,
            coalesce((health ->> 'edition')::bigint, 0) AS told_edition,
            coalesce((health ->> 'decision')::bigint, 0) AS told_decision, set_config('aegis.tenants', $3, true)",
    )
    .bind(uuid(signed.board))
    .bind(big(signed.time_us))
    .bind(tenants_setting(&tenants))
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(unsigned)?;
    let known = Known {
        board: signed.board,
        texts: row.get("texts"),
        tenants,
        sequence: count(guard.get("sequence")),
        chain: Chain(guard.get::<Vec<u8>, _>("chain").try_into().unwrap_or_default()),
        told: (count(guard.get("told_edition")), count(guard.get("told_decision"))),
        packs: packs_of(guard.get::<Option<String>, _>("packs").as_deref()),
        editions: [guard.get("edition"), row.get("tenants_edition"), row.get("fleet_edition")],
    };
    Ok((tx, known))
}

/// Names and versions of packs from a board's health.
#[must_use]
pub fn packs_of(health: Option<&str>) -> Vec<(String, u64)> {
    let packs: Vec<aegis_contract::PackHealth> =
        health.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    packs.into_iter().map(|pack| (pack.name, pack.version)).collect()
}

/// Enrols a board; gives its id and its tenants.
///
/// # Errors
/// When the key is not held by who asks, or the code is not good.
pub async fn enrol(db: &Database, enrol: &Enrol, now_us: u64) -> Result<(BoardId, Vec<String>), Stop> {
    let key: [u8; 32] = aegis_contract::signing::bytes(&enrol.key).unwrap_or_default();
    let signature: [u8; 64] = aegis_contract::signing::bytes(&enrol.signature).unwrap_or([0; 64]);
    if UnparsedPublicKey::new(&ED25519, &key).verify(enrol.text().as_bytes(), &signature).is_err() {
        return Err(super::invalid("signature", "is not made with the key", "sign the document's own fields with it"));
    }
    let no_code = || stop(Kind::Code, "The code is unknown, used, or too old; make a new one at the hub.");
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| stop(Kind::Failed, "The hub has no random numbers."))?;
    let board = BoardId(*uuid::Builder::from_random_bytes(id).as_uuid().as_bytes());
    let mut tx = db.begin(Scope::Board(board)).await?;
    let code: [u8; 32] = Sha256::digest(enrol.code.as_bytes()).into();
    let row = sqlx::query("SELECT sha256, tenants, until_us, made_by, board FROM codes WHERE sha256 = $1 FOR UPDATE")
        .bind(code.as_slice())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(no_code)?;
    let is_same: bool = row.get::<Vec<u8>, _>("sha256").as_slice().ct_eq(code.as_slice()).into();
    if !is_same || count(row.get("until_us")) <= now_us {
        return Err(no_code());
    }
    if let Some(used) = row.get::<Option<uuid::Uuid>, _>("board") {
        tx.rollback().await?;
        return again(db, super::board_id(used), key).await?.ok_or_else(no_code);
    }
    let tenants: Vec<String> = row.get("tenants");
    let made = sqlx::query(
        "INSERT INTO boards (board, name, key, version, profile, chain) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (key) DO NOTHING",
    )
    .bind(uuid(board))
    .bind(&enrol.name)
    .bind(key.as_slice())
    .bind(&enrol.version)
    .bind(&enrol.profile)
    .bind(Chain::first(board).0.as_slice())
    .execute(&mut *tx)
    .await?;
    if made.rows_affected() == 0 {
        return Err(super::invalid("key", "is another board's", "make a key of its own for each board"));
    }
    sqlx::query("INSERT INTO board_tenants (board, tenant) SELECT $1, unnest($2::text[])")
        .bind(uuid(board))
        .bind(&tenants)
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE codes SET board = $2 WHERE sha256 = $1")
        .bind(code.as_slice())
        .bind(uuid(board))
        .execute(&mut *tx)
        .await?;
    let detail = json!({ "name": enrol.name, "tenants": tenants, "profile": enrol.profile });
    let subject = board.to_string();
    let who = format!("a code of {}", row.get::<String, _>("made_by"));
    audit(&mut tx, Change { who: &who, what: "enrolled", tenant: None, subject: &subject, detail: &detail }).await?;
    tx.commit().await?;
    Ok((board, tenants))
}

/// The same board with the same code once more: its answer was lost.
async fn again(db: &Database, board: BoardId, key: [u8; 32]) -> Result<Option<(BoardId, Vec<String>)>, Stop> {
    let mut tx = db.begin(Scope::Board(board)).await?;
    let row = sqlx::query(
        "SELECT key, array(SELECT tenant FROM board_tenants o WHERE o.board = b.board ORDER BY 1) AS tenants
        FROM boards b WHERE board = $1 AND revoked_us IS NULL",
    )
    .bind(uuid(board))
    .fetch_optional(&mut *tx)
    .await?;
    let row = row.filter(|row| bool::from(row.get::<Vec<u8>, _>("key").as_slice().ct_eq(key.as_slice())));
    Ok(row.map(|row| (board, row.get("tenants"))))
}
