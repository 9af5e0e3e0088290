//! The gate: every request passes it, is let in by the door its route names, and is answered in one transaction.
//!
//! Promises: nothing is read for who may not have it; an answer of success means the transaction is committed, any other
//! that nothing was changed but a board's replay guard; requests are bounded in number, bytes and seconds.
//!
//! Never: a secret, a body or a token in a log.

use super::ask::{Ask, Reply, pairs};
use super::routes::{Door, Name, Route};
use super::{Hub, boards, pages, people};
use crate::clock::now_us;
use crate::db::boards::Signed;
use crate::db::people::Need;
use crate::db::{Stop, forbidden, stop};
use crate::limits;
use aegis_contract::{Kind, OLDEST, signing};
use axum::body::Bytes;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The page's cookie.
pub const COOKIE: &str = "aegis_hub";

/// Answers a request.
pub async fn answer(hub: Arc<Hub>, route: &'static Route, params: Option<RawPathParams>, request: Request) -> Response {
    let Ok(_seat) = hub.seats.clone().try_acquire_owned() else {
        return refused(route, stop(Kind::Unready, "The hub has as many requests as it takes; come back.")).written();
    };
    let params: BTreeMap<String, String> =
        params.iter().flatten().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (parts, body) = request.into_parts();
    let read = axum::body::to_bytes(body, aegis_contract::limits::BODY_BYTES_MAX);
    let body: Bytes = match timeout(Duration::from_millis(limits::BODY_MS), read).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refused(route, too_large()).written(),
        Err(_) => return refused(route, stop(Kind::Large, "The body took too long; send it at once.")).written(),
    };
    let target = parts.uri.path_and_query().map_or_else(|| parts.uri.path(), |whole| whole.as_str()).to_owned();
    let query = pairs(parts.uri.query().unwrap_or_default());
    // A database's text has no zero bytes, so that nothing here is called so.
    if params_have_zero(&params) || params_have_zero(&query) {
        return refused(route, forbidden()).written();
    }
    let ask = Ask { hub, params, query, headers: parts.headers, body, target, now_us: now_us() };
    let done = timeout(Duration::from_millis(limits::REQUEST_MS), through(route, &ask)).await;
    let done = done.unwrap_or_else(|_| Err(stop(Kind::Unready, "It took too long, and was undone; come back.")));
    done.unwrap_or_else(|stop| refused(route, stop)).written()
}

fn params_have_zero(params: &BTreeMap<String, String>) -> bool {
    params.values().any(|value| value.contains('\0'))
}

fn too_large() -> Stop {
    let max = aegis_contract::limits::BODY_BYTES_MAX;
    stop(Kind::Large, format!("The body could not be read whole, or has more than {max} bytes; send it in parts."))
}

/// What is said instead of a good answer.
fn refused(route: &Route, stop: Stop) -> Reply {
    let is_page = matches!(route.door, Door::Page(_)) || matches!(route.name, Name::Login | Name::LoginPage);
    let problem = match stop {
        Stop::Problem(problem) => *problem,
        Stop::Database(error) => failed(route, &error),
    };
    if is_page { pages::problem(&problem) } else { Reply::problem(&problem) }
}

/// What is said of a database that failed. The log has the cause; whoever asked needs to know whether to come back.
fn failed(route: &Route, error: &sqlx::Error) -> aegis_contract::Problem {
    let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    // Ended by its time, by a lock that could not be had, by a close, or not reached at all: it may go well later.
    let is_passing = match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        _ => matches!(code.as_deref(), Some("57014" | "40001" | "40P01" | "57P01" | "57P03" | "53300")),
    };
    tracing::error!(route = route.path, code = code.as_deref().unwrap_or(""), %error, "the database failed");
    let kind = if is_passing { Kind::Unready } else { Kind::Failed };
    aegis_contract::Problem::new(kind, "The hub's database did not do it, and nothing changed; come back.")
}

async fn through(route: &'static Route, ask: &Ask) -> Result<Reply, Stop> {
    match route.door {
        Door::Open => open(route, ask).await,
        Door::Board => board(route, ask).await,
        Door::Person(need) => {
            let token = ask.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
            person(route, need, token, ask).await
        }
        Door::Page(need) => match ask.cookie(COOKIE) {
            None => Ok(Reply::to("/login")),
            Some(token) => match person(route, need, token, ask).await {
                Err(Stop::Problem(problem)) if problem.kind() == Kind::Unsigned => Ok(Reply::to("/login")),
                other => other,
            },
        },
    }
}

async fn open(route: &Route, ask: &Ask) -> Result<Reply, Stop> {
    match route.name {
        Name::Enrol => boards::enrol(ask).await,
        Name::Alive => boards::alive(ask).await,
        Name::Document => Ok(Reply::bytes("application/json", super::OPENAPI.as_bytes().to_vec())),
        Name::Style => Ok(Reply::bytes("text/css; charset=utf-8", crate::page::STYLE.as_bytes().to_vec())),
        Name::LoginPage => Ok(pages::login_page("")),
        Name::Login => pages::login(ask).await,
        Name::Logout => pages::logout(ask),
        _ => Err(forbidden()),
    }
}

fn signed(route: &Route, ask: &Ask) -> Option<Signed> {
    let board = ask.header(signing::BOARD_HEADER).parse().ok()?;
    let time_us: u64 = ask.header(signing::TIME_HEADER).parse().ok()?;
    let signature = signing::bytes(ask.header(signing::SIGNATURE_HEADER))?;
    let text = signing::request_text(route.method, &ask.target, time_us, &ask.body);
    Some(Signed { board, time_us, signature, text })
}

async fn board(route: &Route, ask: &Ask) -> Result<Reply, Stop> {
    let version: u32 = ask.header(signing::CONTRACT_HEADER).parse().unwrap_or(OLDEST);
    if version < OLDEST {
        return Err(stop(Kind::Old, format!("The hub speaks contract {OLDEST} and newer; update the board.")));
    }
    let unsigned = || stop(Kind::Unsigned, "The headers that say who signed are missing; sign the request.");
    let signed = signed(route, ask).ok_or_else(unsigned)?;
    let (mut tx, known) = crate::db::boards::admit(&ask.hub.db, &signed, ask.now_us).await?;
    let done = match route.name {
        Name::Wishes => boards::wishes(&mut tx, &known, ask).await,
        Name::Pack => boards::pack(&mut tx, &known, ask, false).await,
        Name::PackSignature => boards::pack(&mut tx, &known, ask, true).await,
        Name::Push => boards::push(&mut tx, &known, ask).await,
        Name::State => Ok(boards::state(&known, ask)),
        Name::Rows => boards::rows(&mut tx, &known, ask).await,
        _ => Err(forbidden()),
    };
    match done {
        // What was refused changed nothing; that it was asked stands, so that nobody asks it again in the board's name.
        Ok(_) | Err(Stop::Problem(_)) => tx.commit().await?,
        Err(Stop::Database(_)) => tx.rollback().await?,
    }
    done
}

async fn person(route: &Route, need: Need, token: &str, ask: &Ask) -> Result<Reply, Stop> {
    let (mut tx, caller) = crate::db::people::admit(&ask.hub.db, token, ask.now_us).await?;
    let tenant = ask.params.get("tenant").map(String::as_str);
    if !caller.may(need, tenant) {
        return Err(forbidden());
    }
    let done = match route.door {
        Door::Page(_) => pages::page(route.name, &mut tx, &caller, ask).await,
        _ => people::answer(route, &mut tx, &caller, ask).await,
    };
    match done {
        Ok(_) => tx.commit().await?,
        Err(_) => tx.rollback().await?,
    }
    done
}
