//! The pages behind their log-in.
//!
//! Promises: the cookie is HttpOnly and SameSite=Strict, and good for reading pages alone: the API takes none. A form from
//! another site is refused.
//!
//! Never: a token in a page or an address.

use super::ask::{Ask, Reply, pairs};
use super::gate::COOKIE;
use super::routes::Name;
use crate::clock::big;
use crate::db::people::Caller;
use crate::db::{Stop, Tx, fleet, forbidden, packs, people, stop, tenants};
use crate::limits;
use crate::page;
use aegis_contract::{BoardId, Kind, Month, Problem};
use axum::http::header;

fn html(text: String) -> Reply {
    Reply::bytes("text/html; charset=utf-8", text.into_bytes())
}

/// The log-in.
#[must_use]
pub fn login_page(wrong: &str) -> Reply {
    html(page::door("Log in", wrong, true))
}

/// A problem, for who looks at a page.
#[must_use]
pub fn problem(problem: &Problem) -> Reply {
    html(page::door(&problem.title, &problem.detail, false)).status(problem.status)
}

/// Refuses what another site sent. Browsers say where a form stood.
fn own_site(ask: &Ask) -> Result<(), Stop> {
    match ask.header("sec-fetch-site") {
        "" | "same-origin" | "none" => Ok(()),
        _ => Err(stop(Kind::Forbidden, "The form came from another site; open this page itself.")),
    }
}

/// Logs in: the token becomes the cookie.
pub async fn login(ask: &Ask) -> Result<Reply, Stop> {
    own_site(ask)?;
    if !ask.hub.logins.take(ask.now_us) {
        return Err(stop(Kind::Busy, "Too many log-ins; try again in a minute."));
    }
    let sent = pairs(&String::from_utf8_lossy(&ask.body));
    let token = sent.get("token").map_or("", |token| token.trim());
    match people::admit(&ask.hub.db, token, ask.now_us).await {
        Ok(_) => Ok(Reply::to("/").with(header::SET_COOKIE, cookie(ask, token, limits::COOKIE_S))),
        Err(Stop::Problem(problem)) => Ok(login_page(&problem.detail).status(problem.status)),
        Err(other) => Err(other),
    }
}

/// Logs out.
///
/// # Errors
/// When another site sent it.
pub fn logout(ask: &Ask) -> Result<Reply, Stop> {
    own_site(ask)?;
    Ok(Reply::to("/login").with(header::SET_COOKIE, cookie(ask, "", 0)))
}

fn cookie(ask: &Ask, token: &str, seconds: u64) -> String {
    let secure = if ask.hub.is_secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// One page.
pub async fn page(name: Name, tx: &mut Tx, caller: &Caller, ask: &Ask) -> Result<Reply, Stop> {
    let newest = Month::of(big(ask.now_us / 1_000_000));
    let month = ask.query("month", newest)?;
    let (here, title, lead, body) = match name {
        Name::FleetPage => {
            let boards = fleet::boards(tx, ask.query("after", BoardId([0; 16]))?).await?;
            let is_full = i64::try_from(boards.len()).is_ok_and(|count| count >= limits::BOARDS_MAX);
            let next = boards.last().filter(|_| is_full).map(|board| board.board.clone());
            let totals = fleet::totals(tx, ask.now_us).await?;
            let body = page::fleet(&totals, &boards, next.as_deref(), ask.now_us);
            ("/", "Fleet", "How the boards are, by what they told last.", body)
        }
        Name::PacksPage => {
            let body = page::packs(&packs::list(tx).await?);
            ("/packs", "Packs", "How far each pack is out, and what boards report of it.", body)
        }
        Name::BudgetsPage | Name::UsagePage => {
            let seen = tenants::list(tx, "").await?;
            let first = seen.first().map(|view| view.tenant.clone()).unwrap_or_default();
            let chosen = ask.query.get("tenant").cloned().unwrap_or(first);
            if !chosen.is_empty() && !caller.may(people::Need::Read, Some(&chosen)) {
                return Err(forbidden());
            }
            let (sums, boards) = if chosen.is_empty() {
                (tenants::Sums::default(), Vec::new())
            } else {
                tenants::usage(tx, &chosen, month).await?
            };
            if name == Name::UsagePage {
                let body = page::usage((&seen, &chosen), (month, newest), &sums, &boards);
                ("/usage", "Usage", "What boards counted, month by month, in UTC.", body)
            } else {
                let versions = if chosen.is_empty() { Vec::new() } else { tenants::budgets(tx, &chosen).await?.0 };
                let body = page::budgets(&seen, &chosen, &versions, &boards);
                ("/budgets", "Budgets", "What each tenant may spend in a month on a board.", body)
            }
        }
        _ => return Err(forbidden()),
    };
    Ok(html(page::sheet(caller, here, title, lead, &body)))
}
