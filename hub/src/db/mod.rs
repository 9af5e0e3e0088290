//! The database: PostgreSQL, and the transactions in which everything happens.
//!
//! Promises: a transaction sees what its [`Scope`] names and nothing else, which the database itself holds to; whoever
//! waits for a connection or a statement waits at most what `limits` says.
//!
//! Never: a statement that is put together from what was sent. Scopes are made of checked names and numbers alone.

pub mod boards;
pub mod fleet;
pub mod migrate;
pub mod packs;
pub mod people;
pub mod push;
pub mod rounds;
pub mod tenants;
pub mod wishes;

use crate::limits;
use aegis_contract::{BoardId, Kind, Problem, Refusal};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};
use std::fmt::Write;
use std::str::FromStr;
use std::time::Duration;
use uuid::Uuid;

/// A transaction.
pub type Tx = Transaction<'static, Postgres>;

/// Why something was not done.
#[derive(Debug)]
pub enum Stop {
    /// It was refused.
    Problem(Box<Problem>),
    /// The database failed, or took too long.
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}

/// A refusal of a kind.
#[must_use]
pub fn stop(kind: Kind, detail: impl Into<String>) -> Stop {
    Problem::new(kind, detail).into()
}

/// A refusal of one field.
#[must_use]
pub fn invalid(field: &str, what: impl Into<String>, mend: impl Into<String>) -> Stop {
    Refusal::new(field, what, mend).into()
}

/// What belongs to others and what is not there: one sentence for both.
#[must_use]
pub fn forbidden() -> Stop {
    stop(Kind::Forbidden, "This is not yours, or not there; ask an owner of the hub for it.")
}

/// What a transaction sees.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// No tenant and no board.
    Nothing,
    /// What belongs to one board.
    Board(BoardId),
    /// Everything.
    All,
}

/// The value of `aegis.tenants` for some tenants.
#[must_use]
pub fn tenants_setting(tenants: &[String]) -> String {
    let names: Vec<&str> = tenants.iter().map(String::as_str).filter(|n| aegis_contract::is_tenant_name(n)).collect();
    names.join(",")
}

/// The pool of connections.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
}

impl Database {
    /// Makes the pool; no connection is made before one is needed.
    ///
    /// # Errors
    /// When the address is none of a PostgreSQL database.
    pub fn new(url: &str) -> Result<Self, String> {
        let options = options(url)?.options([("statement_timeout", limits::STATEMENT_MS.to_string())]);
        let pool = PgPoolOptions::new()
            .max_connections(limits::POOL_MAX)
            .acquire_timeout(Duration::from_millis(limits::ACQUIRE_MS))
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Self { pool })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn begin(&self, scope: Scope) -> Result<Tx, Stop> {
        let mut begin = String::from("BEGIN");
        let set = |begin: &mut String, name: &str, value: &str| {
            write!(begin, "; SET LOCAL {name} = '{value}'").expect("a string takes what is written to it");
        };
        match scope {
            Scope::Nothing => {}
            Scope::Board(board) => set(&mut begin, "aegis.board", &board.to_string()),
            Scope::All => set(&mut begin, "aegis.tenants", "*"),
        }
        // A connection that broke while it lay idle is seen here, before anything was done: then another one is tried.
        match self.pool.begin_with(begin.clone()).await {
            Err(sqlx::Error::Io(_)) => Ok(self.pool.begin_with(begin).await?),
            other => Ok(other?),
        }
    }

    /// Widens a transaction to these tenants (`*`: all).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn widen(tx: &mut Tx, tenants: &str) -> Result<(), Stop> {
        sqlx::query("SELECT set_config('aegis.tenants', $1, true)").bind(tenants).execute(&mut **tx).await?;
        Ok(())
    }

    /// Whether the schema is one this program works on.
    ///
    /// # Errors
    /// A sentence, when the database cannot be reached, or has not been taken to the program's newest step.
    pub async fn checked(&self) -> Result<(), String> {
        let at: Result<i64, sqlx::Error> =
            sqlx::query_scalar("SELECT coalesce(max(number), 0) FROM steps").fetch_one(&self.pool).await;
        let needs = migrate::newest();
        match at {
            Ok(at) if at >= needs => Ok(()),
            Ok(at) => {
                Err(format!("the database is at step {at} and this program needs {needs}; run aegis-hub migrate"))
            }
            Err(error) if error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("42P01")) => {
                Err("the database has no schema yet; run aegis-hub migrate".to_owned())
            }
            Err(error) => Err(format!("the database cannot be asked: {error}; is AEGIS_HUB_DATABASE_URL right?")),
        }
    }

    /// Closes all connections that are not in use, and the others when they are given back.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Reads the address of a database.
///
/// # Errors
/// When it is none.
pub fn options(url: &str) -> Result<PgConnectOptions, String> {
    PgConnectOptions::from_str(url).map_err(|error| {
        format!("the database's address cannot be read: {error}; write postgres://USER:PASSWORD@HOST/DATABASE")
    })
}

/// A board's id as the database has it.
#[must_use]
pub fn uuid(board: BoardId) -> Uuid {
    Uuid::from_bytes(board.0)
}

/// A board's id from the database.
#[must_use]
pub fn board_id(uuid: Uuid) -> BoardId {
    BoardId(uuid.into_bytes())
}

/// What was changed, for [`audit`].
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Who changed it.
    pub who: &'a str,
    /// What was done, in one word or two.
    pub what: &'a str,
    /// Whose it is; none: the fleet's.
    pub tenant: Option<&'a str>,
    /// What was changed.
    pub subject: &'a str,
    /// More of it; never a secret or a text.
    pub detail: &'a serde_json::Value,
}

/// Writes down what this transaction changes.
///
/// # Errors
/// When the database fails.
pub async fn audit(tx: &mut Tx, change: Change<'_>) -> Result<(), Stop> {
    sqlx::query("INSERT INTO audit (who, what, tenant, subject, detail) VALUES ($1, $2, $3, $4, $5::jsonb)")
        .bind(change.who)
        .bind(change.what)
        .bind(change.tenant)
        .bind(change.subject)
        .bind(change.detail.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
