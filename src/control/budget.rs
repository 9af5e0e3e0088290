//! What the terminal is told about budgets, and how it changes them.
//!
//! Promises: caps that are set are in the same currency and under the same bounds as those in settings; every change says
//! what it was before.
//!
//! Never: a name of a person or a chat but its number, which the owner of the terminal may see.

use crate::budget::{Account, Caps, Ledger, Micros, Spent};
use crate::limits;
use crate::tenant::{Tenant, TenantName, Tenants};
use serde::{Deserialize, Serialize};

/// Caps that an owner wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Whose.
    pub tenant: String,
    /// Money a month.
    pub money: Option<Micros>,
    /// Calls a month.
    pub calls: Option<u64>,
    /// To go by the settings again.
    pub as_settings: bool,
}

/// How budgets stand: a few lines for each tenant, or for the named one.
///
/// # Errors
/// When there is no such tenant; says which there are.
pub fn show(ledger: &Ledger, tenants: &Tenants, currency: &str, wanted: Option<&str>) -> Result<Vec<String>, String> {
    let chosen: Vec<&Tenant> = match wanted {
        Some(name) => vec![named(tenants, name)?],
        None => tenants.iter().collect(),
    };
    Ok(chosen.into_iter().flat_map(|tenant| lines(ledger, tenant, currency)).collect())
}

fn named<'t>(tenants: &'t Tenants, name: &str) -> Result<&'t Tenant, String> {
    let found = tenants.iter().find(|tenant| tenant.name.as_str() == name);
    found.ok_or_else(|| {
        let known: Vec<&str> = tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        format!("there is no tenant \"{}\"; the settings have: {}", name.escape_debug(), known.join(", "))
    })
}

fn lines(ledger: &Ledger, tenant: &Tenant, currency: &str) -> Vec<String> {
    let name = &tenant.name;
    let caps = ledger.caps(name, tenant.caps);
    let standing = ledger.standing(name, &caps);
    let from = if ledger.is_overridden(name) { "set by hand" } else { "from the settings" };
    let month =
        if standing.month.0 == 0 { "no unsure message yet".to_owned() } else { format!("month {}", standing.month) };
    let mut told = vec![
        format!("tenant {name}: {month}, {} % spent, caps {from}", standing.percent),
        format!("  money  {} of {} {currency}", standing.spent.money, caps.money),
        format!("  calls  {} of {}", standing.spent.calls, caps.calls),
        format!("  a chat may spend {} %, a sender {} %", caps.chat_percent, caps.user_percent),
    ];
    if standing.held > 0 {
        told.push(format!("  of that held for calls under way: {}", standing.held));
    }
    let mut most: Vec<(String, Spent)> = ledger
        .accounts(name)
        .filter_map(|(account, spent)| {
            let whose = match account {
                Account::Total => return None,
                Account::Chat(chat) => format!("chat {}", chat.0),
                Account::Sender(number) => format!("sender {number}"),
                Account::OtherChats => "further chats".to_owned(),
                Account::OtherSenders => "further senders".to_owned(),
            };
            Some((whose, spent))
        })
        .collect();
    most.sort_by_key(|(_, spent)| std::cmp::Reverse((spent.money, spent.calls)));
    for (whose, spent) in most.into_iter().take(limits::BUDGET_ACCOUNTS_SHOWN) {
        told.push(format!("  {whose}: {} {currency}, {} calls", spent.money, spent.calls));
    }
    told
}

/// The caps that follow from a wish: whose, what (nothing to go by the settings), and the change in words.
///
/// # Errors
/// When there is no such tenant, or nothing was asked for.
pub fn set(ledger: &Ledger, tenants: &Tenants, wanted: &Wanted) -> Result<(TenantName, Option<Caps>, String), String> {
    let tenant = named(tenants, &wanted.tenant)?;
    let name = tenant.name.clone();
    let before = ledger.caps(&name, tenant.caps);
    let was = format!("; before: money {}, calls {}", before.money, before.calls);
    if wanted.as_settings {
        return if wanted.money.is_some() || wanted.calls.is_some() {
            Err("say either new caps or --as-settings".to_owned())
        } else {
            Ok((name.clone(), None, format!("caps of tenant \"{name}\" go by the settings again{was}")))
        };
    }
    if wanted.money.is_none() && wanted.calls.is_none() {
        return Err("say --money, --calls, or --as-settings".to_owned());
    }
    if let Some(calls) = wanted.calls.filter(|calls| *calls > limits::CALLS_A_MONTH_MAX) {
        return Err(format!("--calls must be 0 to {}, not {calls}", limits::CALLS_A_MONTH_MAX));
    }
    let caps =
        Caps { money: wanted.money.unwrap_or(before.money), calls: wanted.calls.unwrap_or(before.calls), ..before };
    let what = format!("caps of tenant \"{name}\" set to money {}, calls {}{was}", caps.money, caps.calls);
    Ok((name, Some(caps), what))
}
