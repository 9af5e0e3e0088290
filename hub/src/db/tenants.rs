//! What belongs to one tenant: budgets, flags, usage, decisions, and whether decisions carry text.
//!
//! Promises: a budget is never overwritten, each change is a version on top of the one it was made from; a change that
//! boards have to learn of raises their editions in the same transaction.
//!
//! Never: a text for who may not read it.

use super::push::{COUNTS, counted};
use super::{Change, Stop, Tx, audit, board_id, invalid, stop};
use crate::clock::{big, count};
use crate::db::people;
use crate::limits;
use aegis_contract::{BoardId, Kind, Month};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

/// Refuses tenants that are not there.
///
/// # Errors
/// Names the first of them.
pub async fn known(tx: &mut Tx, tenants: &[String]) -> Result<(), Stop> {
    if tenants.len() > aegis_contract::limits::TENANTS_MAX {
        return Err(invalid(
            "tenants",
            "are too many",
            format!("name at most {}", aegis_contract::limits::TENANTS_MAX),
        ));
    }
    if let Some(name) = tenants.iter().find(|name| !aegis_contract::is_tenant_name(name)) {
        let shown: String = name.chars().take(32).filter(|c| !c.is_control()).collect();
        return Err(invalid(
            "tenants",
            format!("has `{shown}`, no tenant's name"),
            "use small letters, digits, `-` and `_`",
        ));
    }
    let missing: Option<String> = sqlx::query_scalar(
        "SELECT n FROM unnest($1::text[]) n WHERE NOT EXISTS (SELECT FROM tenants t WHERE t.tenant = n) LIMIT 1",
    )
    .bind(tenants)
    .fetch_optional(&mut **tx)
    .await?;
    match missing {
        Some(name) => Err(invalid("tenants", format!("has `{name}`, which is not there"), "make the tenant first")),
        None => Ok(()),
    }
}

/// A tenant in a list.
#[derive(Clone, Debug, Serialize)]
pub struct TenantView {
    /// Its name.
    pub tenant: String,
    /// Its boards.
    pub boards: i64,
    /// Whether decisions carry text.
    pub text: bool,
}

/// The tenants that are seen, after a name.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, after: &str) -> Result<Vec<TenantView>, Stop> {
    let rows = sqlx::query(
        "SELECT t.tenant, t.text_on, (SELECT count(*) FROM board_tenants o WHERE o.tenant = t.tenant) AS boards
        FROM tenants t WHERE t.tenant > $1 ORDER BY t.tenant LIMIT $2",
    )
    .bind(after)
    .bind(limits::LIST_MAX)
    .fetch_all(&mut **tx)
    .await?;
    let view =
        |row: &PgRow| TenantView { tenant: row.get("tenant"), boards: row.get("boards"), text: row.get("text_on") };
    Ok(rows.iter().map(view).collect())
}

/// Makes a tenant.
///
/// # Errors
/// When it is there already, or its name is none.
pub async fn make(tx: &mut Tx, who: &str, tenant: &str) -> Result<(), Stop> {
    if !aegis_contract::is_tenant_name(tenant) {
        return Err(invalid("tenant", "is no tenant's name", "use small letters, digits, `-` and `_`, at most 32"));
    }
    let all: i64 = sqlx::query_scalar("SELECT count(*) FROM tenants").fetch_one(&mut **tx).await?;
    if all >= limits::FLEET_TENANTS_MAX {
        return Err(stop(Kind::Conflict, format!("There are {all} tenants already; begin a hub of its own for more.")));
    }
    let made = sqlx::query("INSERT INTO tenants (tenant) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(tenant)
        .execute(&mut **tx)
        .await?;
    if made.rows_affected() == 0 {
        return Err(stop(Kind::Conflict, format!("The tenant {tenant} is there already.")));
    }
    let detail = json!({});
    audit(tx, Change { who, what: "tenant made", tenant: Some(tenant), subject: tenant, detail: &detail }).await
}

/// Tells the boards of a tenant that what they are wished changed. Refuses a tenant that is not there.
///
/// # Errors
/// When it is not there, or not seen.
pub async fn changed(tx: &mut Tx, tenant: &str) -> Result<(), Stop> {
    let done = sqlx::query("UPDATE tenants SET edition = edition + 1 WHERE tenant = $1")
        .bind(tenant)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 { Err(super::forbidden()) } else { Ok(()) }
}

/// Refuses a tenant that is not there.
///
/// # Errors
/// When it is not there, or not seen.
pub async fn is_there(tx: &mut Tx, tenant: &str) -> Result<(), Stop> {
    let is: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM tenants WHERE tenant = $1)")
        .bind(tenant)
        .fetch_one(&mut **tx)
        .await?;
    if is { Ok(()) } else { Err(super::forbidden()) }
}

/// Sets whether decisions of a tenant carry text. When they no longer do, nobody is shown a text from then on, and the next
/// rounds forget those that are here.
///
/// # Errors
/// When the tenant is not there.
pub async fn set_text(tx: &mut Tx, who: &str, tenant: &str, is_on: bool) -> Result<(), Stop> {
    changed(tx, tenant).await?;
    sqlx::query("UPDATE tenants SET text_on = $2 WHERE tenant = $1")
        .bind(tenant)
        .bind(is_on)
        .execute(&mut **tx)
        .await?;
    let detail = json!({ "on": is_on });
    audit(tx, Change { who, what: "texts switched", tenant: Some(tenant), subject: tenant, detail: &detail }).await
}

/// A version of a budget.
#[derive(Clone, Debug, Serialize)]
pub struct BudgetView {
    /// Its number, from 1.
    pub version: i64,
    /// Money a month, in millionths; none: no bound.
    pub money_micros: Option<i64>,
    /// Calls a month; none: no bound.
    pub calls: Option<i64>,
    /// What replaces the model when it is spent.
    pub degrade: Option<String>,
    /// When it was made.
    pub made_us: i64,
    /// By whom.
    pub made_by: String,
}

/// A board's own budget.
#[derive(Clone, Debug, Serialize)]
pub struct OwnBudgetView {
    /// The board.
    pub board: String,
    /// Money a month.
    pub money_micros: Option<i64>,
    /// Calls a month.
    pub calls: Option<i64>,
    /// What replaces the model.
    pub degrade: Option<String>,
    /// The board's count of its changes.
    pub edition: i64,
}

/// The versions of a tenant's budget, the newest first, and what its boards have.
///
/// # Errors
/// When the tenant is not there.
pub async fn budgets(tx: &mut Tx, tenant: &str) -> Result<(Vec<BudgetView>, Vec<OwnBudgetView>), Stop> {
    is_there(tx, tenant).await?;
    let rows = sqlx::query("SELECT * FROM budgets WHERE tenant = $1 ORDER BY version DESC LIMIT $2")
        .bind(tenant)
        .bind(limits::BUDGET_VERSIONS)
        .fetch_all(&mut **tx)
        .await?;
    let view = |row: &PgRow| BudgetView {
        version: row.get("version"),
        money_micros: row.get("money_micros"),
        calls: row.get("calls"),
        degrade: row.get("degrade"),
        made_us: row.get("made_us"),
        made_by: row.get("made_by"),
    };
    let own = sqlx::query("SELECT * FROM board_budgets WHERE tenant = $1 ORDER BY board LIMIT $2")
        .bind(tenant)
        .bind(limits::LIST_MAX)
        .fetch_all(&mut **tx)
        .await?;
    let own_view = |row: &PgRow| OwnBudgetView {
        board: board_id(row.get("board")).to_string(),
        money_micros: row.get("money_micros"),
        calls: row.get("calls"),
        degrade: row.get("degrade"),
        edition: row.get("edition"),
    };
    Ok((rows.iter().map(view).collect(), own.iter().map(own_view).collect()))
}

/// A budget as it shall be.
#[derive(Clone, Debug, Deserialize)]
pub struct NewBudget {
    /// The version this was made from; 0: there was none.
    pub version: u64,
    /// Money a month, in millionths; none: no bound.
    #[serde(default)]
    pub money_micros: Option<u64>,
    /// Calls a month; none: no bound.
    #[serde(default)]
    pub calls: Option<u64>,
    /// What replaces the model; none: as the board has it.
    #[serde(default)]
    pub degrade: Option<String>,
}

/// The words a budget's `degrade` may be.
pub const DEGRADES: [&str; 3] = ["disable_ai", "strict_rules", "link_blocks"];

/// Makes the next version of a budget; gives its number.
///
/// # Errors
/// When somebody made one in between, the tenant is not there, or a number is too large.
pub async fn set_budget(tx: &mut Tx, who: &str, tenant: &str, new: &NewBudget) -> Result<i64, Stop> {
    let NewBudget { version, money_micros, calls, degrade } = new;
    for (field, value) in [("money_micros", money_micros), ("calls", calls), ("version", &Some(*version))] {
        if value.is_some_and(|value| value >= aegis_contract::limits::COUNT_MAX) {
            return Err(invalid(field, "is too large", "leave it out for no bound"));
        }
    }
    if degrade.as_deref().is_some_and(|word| !DEGRADES.contains(&word)) {
        return Err(invalid("degrade", "is no mode", format!("use one of {}", DEGRADES.join(", "))));
    }
    // This row's lock orders those who change the same budget.
    changed(tx, tenant).await?;
    let at: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM budgets WHERE tenant = $1")
        .bind(tenant)
        .fetch_one(&mut **tx)
        .await?;
    if at != big(*version) {
        let detail = format!("The budget is at version {at} by now, not {version}; look at it and decide again.");
        return Err(stop(Kind::Conflict, detail));
    }
    let next = at.saturating_add(1);
    sqlx::query(
        "INSERT INTO budgets (tenant, version, money_micros, calls, degrade, made_by) VALUES ($1,$2,$3,$4,$5,$6)",
    )
    .bind(tenant)
    .bind(next)
    .bind(money_micros.map(big))
    .bind(calls.map(big))
    .bind(degrade)
    .bind(who)
    .execute(&mut **tx)
    .await?;
    let detail = json!({ "version": next, "money_micros": money_micros, "calls": calls, "degrade": degrade });
    audit(tx, Change { who, what: "budget", tenant: Some(tenant), subject: tenant, detail: &detail }).await?;
    Ok(next)
}

/// A switch.
#[derive(Clone, Debug, Serialize)]
pub struct FlagView {
    /// Its name.
    pub name: String,
    /// For this tenant; none: for whole boards.
    pub tenant: Option<String>,
    /// Whether it is on.
    pub on: bool,
}

/// The switches that are seen.
///
/// # Errors
/// When the database fails.
pub async fn flags(tx: &mut Tx) -> Result<Vec<FlagView>, Stop> {
    let rows = sqlx::query("SELECT name, tenant, is_on FROM flags ORDER BY name, tenant LIMIT $1")
        .bind(limits::FLAGS_SHOWN)
        .fetch_all(&mut **tx)
        .await?;
    let view = |row: &PgRow| FlagView {
        name: row.get("name"),
        tenant: Some(row.get::<String, _>("tenant")).filter(|tenant| !tenant.is_empty()),
        on: row.get("is_on"),
    };
    Ok(rows.iter().map(view).collect())
}

/// Where a switch stands that is about to change, which those are told whom it concerns.
async fn flag_place<'a>(tx: &mut Tx, tenant: Option<&'a str>, flag: &str) -> Result<&'a str, Stop> {
    people::name("name", flag)?;
    match tenant {
        Some(tenant) => changed(tx, tenant).await?,
        None => fleet_changed(tx).await?,
    }
    Ok(tenant.unwrap_or_default())
}

/// Takes a switch away: boards have it as their own settings say. One that is not there is no fault.
///
/// # Errors
/// When the tenant is not there.
pub async fn drop_flag(tx: &mut Tx, who: &str, tenant: Option<&str>, flag: &str) -> Result<(), Stop> {
    let place = flag_place(tx, tenant, flag).await?;
    sqlx::query("DELETE FROM flags WHERE name = $1 AND tenant = $2").bind(flag).bind(place).execute(&mut **tx).await?;
    audit(tx, Change { who, what: "flag", tenant, subject: flag, detail: &json!({ "on": null }) }).await
}

/// Sets a switch, of a tenant or of all.
///
/// # Errors
/// When the tenant is not there, or there are too many switches.
pub async fn set_flag(tx: &mut Tx, who: &str, tenant: Option<&str>, flag: &str, is_on: bool) -> Result<(), Stop> {
    let place = flag_place(tx, tenant, flag).await?;
    let others: i64 = sqlx::query_scalar("SELECT count(*) FROM flags WHERE tenant = $1 AND name <> $2")
        .bind(place)
        .bind(flag)
        .fetch_one(&mut **tx)
        .await?;
    // A board's wishes hold those of all and of its tenants: half for the one, half for the others.
    if others >= i64::try_from(aegis_contract::limits::FLAGS_MAX / 2).unwrap_or(i64::MAX) {
        return Err(stop(Kind::Conflict, format!("There are {others} flags already; use one of them.")));
    }
    sqlx::query(
        "INSERT INTO flags (name, tenant, is_on) VALUES ($1, $2, $3)
        ON CONFLICT (name, tenant) DO UPDATE SET is_on = excluded.is_on",
    )
    .bind(flag)
    .bind(place)
    .bind(is_on)
    .execute(&mut **tx)
    .await?;
    let detail = json!({ "on": is_on });
    audit(tx, Change { who, what: "flag", tenant, subject: flag, detail: &detail }).await
}

/// Tells all boards that what they are wished changed.
///
/// # Errors
/// When the database fails.
pub async fn fleet_changed(tx: &mut Tx) -> Result<(), Stop> {
    sqlx::query("UPDATE fleet SET edition = edition + 1").execute(&mut **tx).await?;
    Ok(())
}

/// Sums of usage, of one board or of all.
#[derive(Clone, Debug, Serialize)]
pub struct SumView {
    /// The board.
    pub board: String,
    /// What it was called at enrolment.
    pub name: String,
    /// The sums, with their names.
    #[serde(flatten)]
    pub sums: Sums,
}

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Messages judged.
    pub messages: u64,
    /// Of them, blocked.
    pub blocked: u64,
    /// Of them, unsure.
    pub unsure: u64,
    /// Actions.
    pub actions: u64,
    /// Calls to a model.
    pub calls: u64,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens that came back.
    pub tokens_out: u64,
    /// Money, in millionths.
    pub money_micros: u64,
    /// Opinions remembered.
    pub cache_hits: u64,
    /// Whether some counts may be missing after a power cut.
    pub at_least: bool,
}

/// The sums, as columns of the names that are summed up.
fn sums() -> String {
    let sum = |column: &str| format!("coalesce(sum({column}), 0)::bigint AS {column}, ");
    COUNTS.map(sum).concat() + "coalesce(bool_or(at_least), false) AS at_least"
}

fn sums_of(row: &PgRow) -> Sums {
    let [messages, blocked, unsure, actions, calls, tokens_in, tokens_out, money_micros, cache_hits] = counted(row);
    let at_least = row.get("at_least");
    Sums { messages, blocked, unsure, actions, calls, tokens_in, tokens_out, money_micros, cache_hits, at_least }
}

/// A tenant's usage in a month: together, and by board.
///
/// # Errors
/// When the tenant is not there.
pub async fn usage(tx: &mut Tx, tenant: &str, month: Month) -> Result<(Sums, Vec<SumView>), Stop> {
    is_there(tx, tenant).await?;
    let sums = sums();
    let all = sqlx::query(&format!("SELECT {sums} FROM usage WHERE tenant = $1 AND begins >= $2 AND begins < $3"))
        .bind(tenant)
        .bind(month.begin())
        .bind(month.next().begin())
        .fetch_one(&mut **tx)
        .await?;
    let by_board = sqlx::query(&format!(
        "SELECT u.*, coalesce(b.name, '') AS name FROM (SELECT board, {sums} FROM usage
        WHERE tenant = $1 AND begins >= $2 AND begins < $3 GROUP BY board ORDER BY board LIMIT $4) u
        LEFT JOIN boards b USING (board) ORDER BY board"
    ))
    .bind(tenant)
    .bind(month.begin())
    .bind(month.next().begin())
    .bind(limits::LIST_MAX)
    .fetch_all(&mut **tx)
    .await?;
    let view = |row: &PgRow| SumView {
        board: board_id(row.get("board")).to_string(),
        name: row.get("name"),
        sums: sums_of(row),
    };
    Ok((sums_of(&all), by_board.iter().map(view).collect()))
}

/// A decision in a list.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionView {
    /// The board.
    pub board: String,
    /// Its number there.
    pub number: u64,
    /// The chat.
    pub chat: i64,
    /// The message.
    pub message: i64,
    /// When, Unix seconds.
    pub at: i64,
    /// The verdict.
    pub verdict: String,
    /// The reason.
    pub reason: String,
    /// The rules that spoke.
    pub rules: Vec<String>,
    /// What was done.
    pub actions: Vec<String>,
    /// The score.
    pub score: i16,
    /// The text, for who may read it.
    pub text: Option<String>,
}

/// A place in the list of decisions: its moment (Unix seconds), its board, its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub i64, pub BoardId, pub u64);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next().ok_or(());
        let (at, board, number) = (next()?, next()?, next()?);
        Ok(Self(at.parse().map_err(|_| ())?, board.parse().map_err(|_| ())?, number.parse().map_err(|_| ())?))
    }
}

/// A tenant's decisions, the newest first, after a place; and the place where to go on, if there may be more.
///
/// # Errors
/// When the tenant is not there.
pub async fn decisions(
    tx: &mut Tx,
    tenant: &str,
    after: Option<Place>,
    with_text: bool,
) -> Result<(Vec<DecisionView>, Option<Place>), Stop> {
    is_there(tx, tenant).await?;
    let Place(at, board, number) = after.unwrap_or(Place(i64::MAX, BoardId([0; 16]), 0));
    let rows = sqlx::query(
        "SELECT board, number, chat, message, at_s, verdict, reason, rules, actions, score,
            CASE WHEN $5 AND (SELECT text_on FROM tenants t WHERE t.tenant = $1) THEN text END AS text
        FROM decisions WHERE tenant = $1 AND at_s <= $2 AND (at_s < $2 OR (board, number) > ($3, $4))
        ORDER BY at_s DESC, board, number LIMIT $6",
    )
    .bind(tenant)
    .bind(at)
    .bind(super::uuid(board))
    .bind(big(number))
    .bind(with_text)
    .bind(limits::LIST_MAX)
    .fetch_all(&mut **tx)
    .await?;
    let view = |row: &PgRow| DecisionView {
        board: board_id(row.get("board")).to_string(),
        number: count(row.get("number")),
        chat: row.get("chat"),
        message: row.get("message"),
        at: row.get("at_s"),
        verdict: row.get("verdict"),
        reason: row.get("reason"),
        rules: row.get("rules"),
        actions: row.get("actions"),
        score: row.get("score"),
        text: row.get("text"),
    };
    let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limits::LIST_MAX);
    let last = rows.last().filter(|_| is_full);
    let next = last.map(|row| Place(row.get("at_s"), board_id(row.get("board")), count(row.get("number"))));
    Ok((rows.iter().map(view).collect(), next))
}
