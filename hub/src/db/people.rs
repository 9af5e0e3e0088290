//! People: who asks, what they may, and what was changed.
//!
//! Promises: a caller sees what the token's tenants name; an owner and an auditor see all. One check for all routes.
//!
//! Never: a token in letters in the database, or a role that a request brings along.

use super::{Change, Database, Scope, Stop, Tx, audit, invalid, stop, tenants_setting};
use crate::clock::{big, count};
use crate::limits;
use aegis_contract::Kind;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::Row;

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Owner,
    /// Reads everything, and changes nothing.
    Auditor,
    /// Looks after the token's tenants.
    Admin,
    /// Reads of the token's tenants, texts left out.
    Viewer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Auditor, Self::Admin, Self::Viewer];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::Viewer => "viewer",
        }
    }

    /// The role that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether it is bound to tenants.
    #[must_use]
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::Admin | Self::Viewer)
    }
}

/// What a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To read of own tenants: every role.
    Read,
    /// To change of own tenants: owner and admin.
    Change,
    /// To read what was changed, texts among it: owner, auditor, admin.
    Audit,
    /// To read of the whole fleet: owner and auditor.
    Fleet,
    /// To change of the fleet: owner.
    Own,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The tenants, where the role is bound.
    pub tenants: Vec<String>,
}

impl Caller {
    /// The one check: whether they may do what takes `need`, to what belongs to `tenant`.
    #[must_use]
    pub fn may(&self, need: Need, tenant: Option<&str>) -> bool {
        let role = match need {
            Need::Read => true,
            Need::Change => matches!(self.role, Role::Owner | Role::Admin),
            Need::Audit => !matches!(self.role, Role::Viewer),
            Need::Fleet => !self.role.is_bound(),
            Need::Own => self.role == Role::Owner,
        };
        role && tenant.is_none_or(|tenant| !self.role.is_bound() || self.tenants.iter().any(|own| own == tenant))
    }

    /// What the database is told that they see.
    #[must_use]
    pub fn seen(&self) -> String {
        if self.role.is_bound() { tenants_setting(&self.tenants) } else { "*".to_owned() }
    }
}

/// The SHA-256 of a token.
#[must_use]
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whose token it is. The transaction goes on in their name.
///
/// # Errors
/// When it is nobody's, or the database fails.
pub async fn admit(db: &Database, token: &str, now_us: u64) -> Result<(Tx, Caller), Stop> {
    let nobody = || stop(Kind::Unsigned, "The token is unknown, revoked or too old; ask an owner of the hub for one.");
    let mut tx = db.begin(Scope::Nothing).await?;
    // Looked up by the hash of a random text of 160 bits: what the time of a look-up tells is no help to guess one.
    let row = sqlx::query(
        "SELECT name, role, tenants FROM tokens
        WHERE sha256 = $1 AND revoked_us IS NULL AND coalesce(until_us, 9223372036854775807) > $2",
    )
    .bind(digest(token).as_slice())
    .bind(big(now_us))
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(nobody)?;
    let role = Role::from_word(row.get("role")).ok_or_else(nobody)?;
    let caller = Caller { name: row.get("name"), role, tenants: row.get("tenants") };
    Database::widen(&mut tx, &caller.seen()).await?;
    Ok((tx, caller))
}

/// A secret of 160 bits in small letters and digits, with what it is before it.
///
/// # Errors
/// When there are no random numbers.
pub fn secret(prefix: &str) -> Result<String, Stop> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| stop(Kind::Failed, "The hub has no random numbers."))?;
    let letter = |byte: &u8| char::from(LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'a'));
    Ok(prefix.chars().chain(bytes.iter().map(letter)).collect())
}

/// A token to be made.
#[derive(Clone, Debug, Deserialize)]
pub struct NewToken {
    /// Its name, for the audit.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The tenants, where the role is bound.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// For how many days; none: for ever.
    #[serde(default)]
    pub days: Option<u32>,
}

/// Makes a token; gives its letters, which are shown once, and its number.
///
/// # Errors
/// When a tenant is not there, or the role and the tenants do not go together.
pub async fn give(tx: &mut Tx, who: &str, new: &NewToken, now_us: u64) -> Result<(String, i64), Stop> {
    name("name", &new.name)?;
    if new.role.is_bound() == new.tenants.is_empty() {
        let mend = "name tenants for an admin or a viewer, and none for an owner or an auditor";
        return Err(invalid("tenants", "do not go with the role", mend));
    }
    super::tenants::known(tx, &new.tenants).await?;
    let alive: i64 =
        sqlx::query_scalar("SELECT count(*) FROM tokens WHERE revoked_us IS NULL").fetch_one(&mut **tx).await?;
    if alive >= limits::TOKENS_MAX {
        return Err(stop(Kind::Conflict, format!("There are {alive} tokens already; revoke some.")));
    }
    let token = secret("aegis-hub-")?;
    let day = 86_400_000_000_u64;
    let until = new.days.map(|days| big(now_us.saturating_add(day.saturating_mul(days.into()))));
    let number: i64 = sqlx::query_scalar(
        "INSERT INTO tokens (sha256, name, role, tenants, until_us) VALUES ($1, $2, $3, $4, $5) RETURNING token",
    )
    .bind(digest(&token).as_slice())
    .bind(&new.name)
    .bind(new.role.word())
    .bind(&new.tenants)
    .bind(until)
    .fetch_one(&mut **tx)
    .await?;
    let detail = json!({ "name": new.name, "role": new.role, "tenants": new.tenants, "days": new.days });
    let subject = number.to_string();
    audit(tx, Change { who, what: "token given", tenant: None, subject: &subject, detail: &detail }).await?;
    Ok((token, number))
}

/// A name of one line.
///
/// # Errors
/// When it is empty, too long or has control characters.
pub fn name(field: &str, text: &str) -> Result<(), Stop> {
    if text.trim().is_empty() || text.len() > limits::NAME_BYTES_MAX || text.chars().any(char::is_control) {
        let mend = format!("give it one line of at most {} bytes", limits::NAME_BYTES_MAX);
        return Err(invalid(field, "is no name", mend));
    }
    Ok(())
}

/// A token in a list.
#[derive(Clone, Debug, Serialize)]
pub struct TokenView {
    /// Its number.
    pub token: i64,
    /// Its name.
    pub name: String,
    /// The role's word.
    pub role: String,
    /// The tenants.
    pub tenants: Vec<String>,
    /// When it was made.
    pub made_us: i64,
    /// Until when it is good.
    pub until_us: Option<i64>,
    /// When it was revoked.
    pub revoked_us: Option<i64>,
}

/// The newest tokens.
///
/// # Errors
/// When the database fails.
pub async fn tokens(tx: &mut Tx) -> Result<Vec<TokenView>, Stop> {
    let rows = sqlx::query("SELECT * FROM tokens ORDER BY token DESC LIMIT $1")
        .bind(limits::TOKENS_MAX)
        .fetch_all(&mut **tx)
        .await?;
    let view = |row: &sqlx::postgres::PgRow| TokenView {
        token: row.get("token"),
        name: row.get("name"),
        role: row.get("role"),
        tenants: row.get("tenants"),
        made_us: row.get("made_us"),
        until_us: row.get("until_us"),
        revoked_us: row.get("revoked_us"),
    };
    Ok(rows.iter().map(view).collect())
}

/// Revokes a token.
///
/// # Errors
/// When it is not there, or revoked already.
pub async fn revoke(tx: &mut Tx, who: &str, token: i64) -> Result<(), Stop> {
    let done = sqlx::query("UPDATE tokens SET revoked_us = now_us() WHERE token = $1 AND revoked_us IS NULL")
        .bind(token)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(super::forbidden());
    }
    let (subject, detail) = (token.to_string(), json!({}));
    audit(tx, Change { who, what: "token revoked", tenant: None, subject: &subject, detail: &detail }).await
}

/// One change in the audit.
#[derive(Clone, Debug, Serialize)]
pub struct AuditView {
    /// Its number.
    pub number: i64,
    /// When.
    pub at_us: u64,
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
    /// Whose; none: the fleet's.
    pub tenant: Option<String>,
    /// What was changed.
    pub subject: String,
    /// More of it.
    pub detail: serde_json::Value,
}

/// Changes, the newest first, before a number.
///
/// # Errors
/// When the database fails.
pub async fn changes(tx: &mut Tx, before: i64) -> Result<Vec<AuditView>, Stop> {
    let rows =
        sqlx::query("SELECT *, detail #>> '{}' AS told FROM audit WHERE number < $1 ORDER BY number DESC LIMIT $2")
            .bind(before)
            .bind(limits::LIST_MAX)
            .fetch_all(&mut **tx)
            .await?;
    let view = |row: &sqlx::postgres::PgRow| AuditView {
        number: row.get("number"),
        at_us: count(row.get("at_us")),
        who: row.get("who"),
        what: row.get("what"),
        tenant: row.get("tenant"),
        subject: row.get("subject"),
        detail: serde_json::from_str(row.get("told")).unwrap_or_default(),
    };
    Ok(rows.iter().map(view).collect())
}
