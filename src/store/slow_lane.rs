//! The slow lane's rows: messages that wait for an opinion, and what was spent on opinions.
//!
//! Promises: a message that waits is decided at most once: what is decided counts only while the very row waits that it
//! is about. What is set aside for a call is charged once, by the number of its hold, and given back at most once.
//!
//! Never: more of a message than a model may be shown, and that only until it is decided.

use super::records::{ReviewRow, decode, encode};
use super::tick::{Promise, Tick};
use super::{StoreError, tables};
use crate::budget::{Account, Caps, Hold, Month, Spent};
use crate::limits;
use crate::message::ChatId;
use crate::tenant::TenantName;
use redb::{ReadableTable, WriteTransaction};

type RedbResult<T> = Result<T, StoreError>;

/// An account as stored: its kind, never renumbered, and its number.
const fn raw(account: Account) -> (u8, i64) {
    match account {
        Account::Total => (0, 0),
        Account::Chat(chat) => (1, chat.0),
        Account::Sender(number) => (2, number),
        Account::OtherChats => (3, 0),
        Account::OtherSenders => (4, 0),
    }
}

pub(super) const fn account(raw: (u8, i64)) -> Option<Account> {
    Some(match raw {
        (0, _) => Account::Total,
        (1, chat) => Account::Chat(ChatId(chat)),
        (2, number) => Account::Sender(number),
        (3, _) => Account::OtherChats,
        (4, _) => Account::OtherSenders,
        _ => return None,
    })
}

/// Takes in the messages that begin to wait, and takes out those that are decided: returns what follows from these.
pub(super) fn review<'t>(txn: &WriteTransaction, tick: &'t Tick) -> RedbResult<Vec<&'t Promise>> {
    if tick.reviews.is_empty() && tick.reviewed.is_empty() {
        return Ok(Vec::new());
    }
    let mut table = txn.open_table(tables::REVIEWS)?;
    for row in &tick.reviews {
        table.insert((row.chat.0, row.message.0), encode(row).as_slice())?;
    }
    let mut follows = Vec::new();
    for reviewed in &tick.reviewed {
        let key = (reviewed.chat.0, reviewed.message.0);
        let waiting = table.get(key)?.map(|bytes| decode::<ReviewRow>(bytes.value())).transpose()?;
        if waiting.is_some_and(|row| row.trace == reviewed.trace) {
            table.remove(key)?;
            follows.extend(&reviewed.promise);
        }
    }
    Ok(follows)
}

/// Charges what is set aside and gives back what a call did not cost.
pub(super) fn spend(txn: &WriteTransaction, tick: &Tick) -> RedbResult<()> {
    if !tick.reserved.is_empty() || !tick.settled.is_empty() {
        let mut holds = txn.open_table(tables::HOLDS)?;
        let mut budget = txn.open_table(tables::BUDGET)?;
        for hold in &tick.reserved {
            if holds.insert(hold.id, encode(hold).as_slice())?.is_none() {
                change(&mut budget, hold, |spent| spent.plus(hold.charge()))?;
                prune(&mut budget, hold)?;
            }
        }
        for (id, paid) in &tick.settled {
            let hold = holds.remove(id)?.map(|bytes| decode::<Hold>(bytes.value())).transpose()?;
            if let Some(hold) = hold {
                change(&mut budget, &hold, |spent| spent.less(hold.refund(*paid)))?;
            }
        }
    }
    if !tick.caps.is_empty() {
        let mut table = txn.open_table(tables::CAPS)?;
        for (tenant, caps) in &tick.caps {
            match caps {
                Some(caps) => drop(table.insert(tenant.as_str(), encode(caps).as_slice())?),
                None => drop(table.remove(tenant.as_str())?),
            }
        }
    }
    Ok(())
}

type Budget<'txn> = redb::Table<'txn, (&'static str, u32, u8, i64), &'static [u8]>;

fn change(budget: &mut Budget<'_>, hold: &Hold, with: impl Fn(Spent) -> Spent) -> RedbResult<()> {
    for account in hold.accounts() {
        let (kind, number) = raw(account);
        let key = (hold.tenant.as_str(), hold.month.0, kind, number);
        let spent = budget.get(key)?.map(|bytes| decode::<Spent>(bytes.value())).transpose()?.unwrap_or_default();
        budget.insert(key, encode(&with(spent)).as_slice())?;
    }
    Ok(())
}

/// Forgets accounts of months that are over, and the totals of months long ago.
fn prune(budget: &mut Budget<'_>, hold: &Hold) -> RedbResult<()> {
    let tenant = hold.tenant.as_str();
    let oldest = hold.month.back(limits::BUDGET_MONTHS_KEPT);
    let mut old = Vec::new();
    for entry in budget.range((tenant, 0, u8::MIN, i64::MIN)..(tenant, hold.month.0, u8::MIN, i64::MIN))? {
        let (_, month, kind, number) = entry?.0.value();
        if kind != raw(Account::Total).0 || Month(month) < oldest {
            old.push((month, kind, number));
        }
        if old.len() >= limits::BUDGET_PRUNED_AT_ONCE {
            break;
        }
    }
    for (month, kind, number) in old {
        budget.remove((tenant, month, kind, number))?;
    }
    Ok(())
}

/// Gives the rows and accounts of a chat its new id.
pub(super) fn move_chat(txn: &WriteTransaction, from: ChatId, to: ChatId) -> RedbResult<()> {
    let mut reviews = txn.open_table(tables::REVIEWS)?;
    let mut rows = Vec::new();
    for entry in reviews.range((from.0, i32::MIN)..=(from.0, i32::MAX))? {
        rows.push(decode::<ReviewRow>(entry?.1.value())?);
    }
    for mut row in rows {
        reviews.remove((from.0, row.message.0))?;
        row.chat = to;
        reviews.insert((to.0, row.message.0), encode(&row).as_slice())?;
    }
    let mut holds = txn.open_table(tables::HOLDS)?;
    let mut held = Vec::new();
    for entry in holds.iter()? {
        let hold = decode::<Hold>(entry?.1.value())?;
        if hold.chat == Account::Chat(from) {
            held.push(Hold { chat: Account::Chat(to), ..hold });
        }
    }
    for hold in held {
        holds.insert(hold.id, encode(&hold).as_slice())?;
    }
    let mut budget = txn.open_table(tables::BUDGET)?;
    let (kind, old) = raw(Account::Chat(from));
    let (_, new) = raw(Account::Chat(to));
    let mut spent = Vec::new();
    for entry in budget.iter()? {
        let (key, value) = entry?;
        let (tenant, month, its_kind, number) = key.value();
        if (its_kind, number) == (kind, old) {
            spent.push((tenant.to_owned(), month, decode::<Spent>(value.value())?));
        }
    }
    for (tenant, month, spent) in spent {
        budget.remove((tenant.as_str(), month, kind, old))?;
        let key = (tenant.as_str(), month, kind, new);
        let there = budget.get(key)?.map(|bytes| decode::<Spent>(bytes.value())).transpose()?.unwrap_or_default();
        budget.insert(key, encode(&there.plus(spent)).as_slice())?;
    }
    Ok(())
}

/// What is stored of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSpending {
    /// Whose.
    pub tenant: TenantName,
    /// In which month.
    pub month: Month,
    /// From which account.
    pub account: Account,
    /// How much.
    pub spent: Spent,
}

/// Caps set by hand.
pub type SetCaps = (TenantName, Caps);
