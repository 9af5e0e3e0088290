//! The steps of the schema, up and down, carried in the program.
//!
//! Promises: one transaction a step; two processes that migrate at once do it one after the other; a database of a newer
//! program is left alone.
//!
//! Never: a step that is edited after it was published.

use super::options;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

/// A step: its number, its name, and what takes the schema up and down.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// From 1.
    pub number: i64,
    /// For people.
    pub name: &'static str,
    up: &'static str,
    down: &'static str,
}

macro_rules! step {
    ($number:literal, $name:literal) => {
        Step {
            number: $number,
            name: $name,
            up: include_str!(concat!("../../../migrations/hub/", $name, ".up.sql")),
            down: include_str!(concat!("../../../migrations/hub/", $name, ".down.sql")),
        }
    };
}

/// All steps, in order.
pub const STEPS: [Step; 3] = [step!(1, "0001_fleet"), step!(2, "0002_usage"), step!(3, "0003_wishes")];

/// The number of the newest step.
#[must_use]
pub fn newest() -> i64 {
    STEPS.last().map_or(0, |step| step.number)
}

/// Takes the schema to a step: up, or down. `url` is that of `aegis_hub_owner`. Gives the steps that were made.
///
/// # Errors
/// A sentence, when the database cannot be reached, refuses a step, or has steps this program does not know.
pub async fn to(url: &str, target: i64) -> Result<Vec<String>, String> {
    let told = |error: sqlx::Error| format!("the database refused: {error}; nothing of that step was kept");
    if !(0..=newest()).contains(&target) {
        return Err(format!("there is no step {target}; the steps are 0 to {}", newest()));
    }
    let mut link =
        options(url)?.connect().await.map_err(|error| format!("no database: {error}; is its address right?"))?;
    // One at a time: whoever comes second finds the work done.
    link.execute("SELECT pg_advisory_lock(4157001)").await.map_err(told)?;
    link.execute("CREATE TABLE IF NOT EXISTS steps (number bigint PRIMARY KEY, name text NOT NULL)")
        .await
        .map_err(told)?;
    link.execute("GRANT SELECT ON steps TO aegis_hub").await.map_err(told)?;
    let at: i64 =
        sqlx::query_scalar("SELECT coalesce(max(number), 0) FROM steps").fetch_one(&mut link).await.map_err(told)?;
    if at > newest() {
        return Err(format!("the database is at step {at}, and this program knows {}; take a newer program", newest()));
    }
    let mut made = Vec::new();
    for step in STEPS.iter().filter(|step| step.number > at && step.number <= target) {
        one(&mut link, step.up, *step, true).await.map_err(told)?;
        made.push(format!("up {}", step.name));
    }
    for step in STEPS.iter().rev().filter(|step| step.number <= at && step.number > target) {
        one(&mut link, step.down, *step, false).await.map_err(told)?;
        made.push(format!("down {}", step.name));
    }
    link.close().await.map_err(told)?;
    Ok(made)
}

async fn one(link: &mut PgConnection, text: &str, step: Step, is_up: bool) -> Result<(), sqlx::Error> {
    let mut tx = link.begin().await?;
    tx.execute(text).await?;
    let note = if is_up {
        sqlx::query("INSERT INTO steps (number, name) VALUES ($1, $2)").bind(step.number).bind(step.name)
    } else {
        sqlx::query("DELETE FROM steps WHERE number = $1").bind(step.number)
    };
    note.execute(&mut *tx).await?;
    tx.commit().await
}
