//! Answers to people, in JSON.
//!
//! Promises: the gate has passed the caller; what is changed is in the audit in the same transaction.
//!
//! Never: a check of a role here. What differs by role is what is read: texts.

use super::ask::{Ask, Reply};
use super::routes::{Name, Route};
use crate::clock::big;
use crate::db::people::{Caller, Need};
use crate::db::{Stop, Tx, fleet, forbidden, invalid, packs, people, tenants};
use aegis_contract::{BoardId, Month, Sources};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Switch {
    on: bool,
}

#[derive(Deserialize)]
struct Tenants {
    tenants: Vec<String>,
}

#[derive(Deserialize)]
struct Named {
    tenant: String,
}

#[derive(Deserialize)]
struct Signed {
    #[serde(default)]
    body: String,
    signature: String,
}

fn board(ask: &Ask) -> Result<BoardId, Stop> {
    ask.param("board").parse().map_err(|_| forbidden())
}

fn month(ask: &Ask) -> Result<Month, Stop> {
    ask.query("month", Month::of(big(ask.now_us / 1_000_000)))
}

/// Answers.
pub async fn answer(route: &Route, tx: &mut Tx, caller: &Caller, ask: &Ask) -> Result<Reply, Stop> {
    match route.method {
        "GET" => read(route, tx, caller, ask).await,
        _ => change(route, tx, &caller.name, ask).await,
    }
}

async fn read(route: &Route, tx: &mut Tx, caller: &Caller, ask: &Ask) -> Result<Reply, Stop> {
    let tenant = ask.param("tenant");
    let value = match route.name {
        Name::Me => json!({ "name": caller.name, "role": caller.role, "tenants": caller.tenants }),
        Name::Fleet => {
            let after = ask.query("after", BoardId([0; 16]))?;
            let totals = fleet::totals(tx, ask.now_us).await?;
            json!({ "totals": totals, "boards": fleet::boards(tx, after).await? })
        }
        Name::Board => json!(fleet::board(tx, board(ask)?).await?),
        Name::Tenants => {
            json!({ "tenants": tenants::list(tx, ask.query.get("after").map_or("", String::as_str)).await? })
        }
        Name::Budgets => {
            let (versions, boards) = tenants::budgets(tx, tenant).await?;
            json!({ "versions": versions, "boards": boards })
        }
        Name::Usage => {
            let month = month(ask)?;
            let (sums, boards) = tenants::usage(tx, tenant, month).await?;
            json!({ "month": month, "sums": sums, "boards": boards })
        }
        Name::Decisions => {
            let after = match ask.query.get("after") {
                None => None,
                Some(text) => {
                    Some(text.parse().map_err(|()| invalid("after", "is no place in the list", "leave it out"))?)
                }
            };
            let with_text = caller.may(Need::Audit, Some(tenant));
            let (decisions, after) = tenants::decisions(tx, tenant, after, with_text).await?;
            json!({ "decisions": decisions, "after": after.map(|place| place.to_string()) })
        }
        Name::Flags => json!({ "flags": tenants::flags(tx).await? }),
        Name::Packs => json!({ "packs": packs::list(tx).await? }),
        Name::Audit => json!({ "changes": people::changes(tx, ask.query("before", i64::MAX)?).await? }),
        Name::Tokens => json!({ "tokens": people::tokens(tx).await? }),
        _ => return Err(forbidden()),
    };
    Ok(Reply::json(route.status, &value))
}

async fn change(route: &Route, tx: &mut Tx, who: &str, ask: &Ask) -> Result<Reply, Stop> {
    let (tenant, pack) = (ask.param("tenant"), ask.param("pack"));
    let value = match route.name {
        Name::RevokeBoard => {
            fleet::revoke(tx, who, board(ask)?).await?;
            None
        }
        Name::SetSources => {
            fleet::set_sources(tx, who, board(ask)?, ask.json::<Sources>()?).await?;
            None
        }
        Name::BindBoard => {
            fleet::bind(tx, who, board(ask)?, &ask.json::<Tenants>()?.tenants).await?;
            None
        }
        Name::MakeCode => {
            let (code, until_us) = fleet::code(tx, who, &ask.json()?, ask.now_us).await?;
            Some(json!({ "code": code, "until_us": until_us }))
        }
        Name::MakeTenant => {
            let Named { tenant } = ask.json()?;
            tenants::make(tx, who, &tenant).await?;
            Some(json!({ "tenant": tenant }))
        }
        Name::SetText => {
            tenants::set_text(tx, who, tenant, ask.json::<Switch>()?.on).await?;
            None
        }
        Name::SetBudget => {
            let version = tenants::set_budget(tx, who, tenant, &ask.json()?).await?;
            Some(json!({ "version": version }))
        }
        Name::SetFlag => {
            tenants::set_flag(tx, who, None, ask.param("flag"), ask.json::<Switch>()?.on).await?;
            None
        }
        Name::SetTenantFlag => {
            tenants::set_flag(tx, who, Some(tenant), ask.param("flag"), ask.json::<Switch>()?.on).await?;
            None
        }
        Name::DropFlag => {
            tenants::drop_flag(tx, who, None, ask.param("flag")).await?;
            None
        }
        Name::DropTenantFlag => {
            tenants::drop_flag(tx, who, Some(tenant), ask.param("flag")).await?;
            None
        }
        Name::UploadPack => {
            let Signed { body, signature } = ask.json()?;
            let mend = "send the pack's bytes in base64";
            let body = STANDARD.decode(body).map_err(|_| invalid("body", "is no base64", mend))?;
            let (name, version) = packs::upload(tx, who, ask.hub.pack_key.as_ref(), &body, &signature).await?;
            Some(json!({ "name": name, "version": version }))
        }
        Name::StagePack => {
            packs::stage(tx, who, pack, &ask.json()?).await?;
            None
        }
        Name::BackPack => {
            let Signed { signature, .. } = ask.json()?;
            let (version, from) = packs::back(tx, who, ask.hub.pack_key.as_ref(), pack, &signature).await?;
            Some(json!({ "version": version, "from": from }))
        }
        Name::GiveToken => {
            let (letters, number) = people::give(tx, who, &ask.json()?, ask.now_us).await?;
            Some(json!({ "token": letters, "number": number }))
        }
        Name::RevokeToken => {
            people::revoke(tx, who, ask.param("token").parse().map_err(|_| forbidden())?).await?;
            None
        }
        _ => return Err(forbidden()),
    };
    Ok(value.map_or_else(|| Reply::empty(route.status), |value| Reply::json(route.status, &value)))
}
