//! The ledger: what was spent, what is held for calls under way, and whether one more may be made.
//!
//! Promises: what is spent counts what is held, so no cap is passed, however many calls are under way. A hold is given
//! back at most once, and never more than it took. A tenant's month only moves forward: a message of an earlier month is
//! paid for in the month in force, and a hold of an earlier month gives nothing to a later one. Bounded: past
//! `limits::BUDGET_ACCOUNTS_MAX` accounts (of one tenant: `limits::BUDGET_ACCOUNTS_OF_TENANT_MAX`) further chats and
//! senders share one, with the share of one.
//!
//! Never: a clock or a disk. A hold is worth something only once it is durable; who reserves sees to that.

use super::{Caps, Micros};
use crate::limits;
use crate::message::ChatId;
use crate::tenant::TenantName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A calendar month: 202611 is November 2026.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month(pub u32);

impl Month {
    /// The month so many months earlier; never before the year 0.
    #[must_use]
    pub const fn back(self, months: u32) -> Self {
        let count = (self.0 / 100 * 12 + (self.0 % 100).saturating_sub(1)).saturating_sub(months);
        Self(count / 12 * 100 + count % 12 + 1)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Money and calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Money.
    pub money: Micros,
    /// Calls.
    pub calls: u64,
}

impl Spent {
    /// The sum.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            money: Micros(self.money.0.saturating_add(other.money.0)),
            calls: self.calls.saturating_add(other.calls),
        }
    }

    /// What is left after taking `other` away; never below nothing.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self {
            money: Micros(self.money.0.saturating_sub(other.money.0)),
            calls: self.calls.saturating_sub(other.calls),
        }
    }
}

/// Whose spending is counted together, in one month of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Account {
    /// All of it.
    Total,
    /// One chat's.
    Chat(ChatId),
    /// One sender's, by its number.
    Sender(i64),
    /// The chats that have no account of their own.
    OtherChats,
    /// The senders that have no account of their own.
    OtherSenders,
}

/// For whom a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// The chat.
    pub chat: ChatId,
    /// The sender's number.
    pub sender: i64,
}

/// What is set aside for one call: the most it can cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its number; no other open hold has it.
    pub id: u64,
    /// Who pays.
    pub tenant: TenantName,
    /// In which month.
    pub month: Month,
    /// From which account of a chat.
    pub chat: Account,
    /// From which account of a sender.
    pub sender: Account,
    /// How much.
    pub amount: Micros,
}

impl Hold {
    /// The accounts it was taken from.
    #[must_use]
    pub const fn accounts(&self) -> [Account; 3] {
        [Account::Total, self.chat, self.sender]
    }

    /// What each of its accounts was charged.
    #[must_use]
    pub const fn charge(&self) -> Spent {
        Spent { money: self.amount, calls: 1 }
    }

    /// What each of its accounts gets back once it is known what was paid.
    #[must_use]
    pub fn refund(&self, paid: Paid) -> Spent {
        match paid {
            Paid::Nothing => self.charge(),
            Paid::Money(money) => Spent { money: Micros(self.amount.0.saturating_sub(money.0)), calls: 0 },
        }
    }
}

/// What a call cost in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Paid {
    /// It never reached a model: it is no call at all.
    Nothing,
    /// So much; more than was held counts as all of it.
    Money(Micros),
}

/// Why a call may not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// The month's money does not suffice.
    Money,
    /// The month's calls are used up.
    Calls,
    /// The chat has had its share.
    ChatShare,
    /// The sender has had its share.
    UserShare,
}

impl Refused {
    /// Why, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Money => "the money of this month is spent",
            Self::Calls => "the calls of this month are used up",
            Self::ChatShare => "this chat has had its share of the month's budget",
            Self::UserShare => "this sender has had its share of the month's budget",
        }
    }
}

/// How a tenant stands in its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetStanding {
    /// The month in force; 0 before the first unsure message.
    pub month: Month,
    /// What is spent, with what is held.
    pub spent: Spent,
    /// Calls under way.
    pub held: u64,
    /// The larger share of both caps that is spent, percent, rounded down; over 100 when caps were lowered.
    pub percent: u64,
}

/// What a hub wishes of a tenant's budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wished {
    /// Money a month.
    pub money: Option<Micros>,
    /// Calls a month.
    pub calls: Option<u64>,
    /// Whether the hub knew this board's own caps when it wished this. Until then the lower of both holds.
    pub knows: bool,
}

impl Wished {
    /// These caps, with what is wished.
    #[must_use]
    pub fn over(self, own: Caps) -> Caps {
        let money = self.money.map_or(own.money, |money| if self.knows { money } else { money.min(own.money) });
        let calls = self.calls.map_or(own.calls, |calls| if self.knows { calls } else { calls.min(own.calls) });
        Caps { money, calls, ..own }
    }
}

#[derive(Debug, Default)]
struct Books {
    month: Month,
    spent: BTreeMap<Account, Spent>,
}

/// What every tenant spent in its month, and the holds.
#[derive(Debug, Default)]
pub struct Ledger {
    books: BTreeMap<TenantName, Books>,
    accounts: usize,
    holds: BTreeMap<u64, Hold>,
    last_hold: u64,
    /// Caps that an owner set in the place of those in the settings.
    overrides: BTreeMap<TenantName, Caps>,
    /// What a hub wishes.
    wished: BTreeMap<TenantName, Wished>,
}

impl Ledger {
    /// Takes over what was spent, of one tenant and account. A later month takes the place of an earlier one.
    pub fn restore(&mut self, tenant: &TenantName, month: Month, account: Account, spent: Spent) {
        self.advance(tenant, month);
        let books = self.books.entry(tenant.clone()).or_default();
        if books.month == month && books.spent.insert(account, spent).is_none() {
            self.accounts = self.accounts.saturating_add(1);
        }
    }

    /// Takes over a hold whose call may have been made: it is settled by [`Ledger::settle`] as any other.
    pub fn restore_hold(&mut self, hold: Hold) {
        self.last_hold = self.last_hold.max(hold.id);
        self.holds.insert(hold.id, hold);
    }

    /// A message of `month` was seen: an earlier month of this tenant is over.
    pub fn advance(&mut self, tenant: &TenantName, month: Month) {
        let books = self.books.entry(tenant.clone()).or_default();
        if month > books.month {
            self.accounts = self.accounts.saturating_sub(books.spent.len());
            *books = Books { month, spent: BTreeMap::new() };
        }
    }

    /// Sets aside `amount`, the most that a call can cost, if every cap allows it.
    ///
    /// # Errors
    /// The cap that does not.
    pub fn reserve(
        &mut self,
        tenant: &TenantName,
        who: Who,
        amount: Micros,
        month: Month,
        caps: &Caps,
    ) -> Result<Hold, Refused> {
        self.advance(tenant, month);
        let month = self.books.get(tenant).map_or(month, |books| books.month);
        let hold = Hold {
            id: self.last_hold.saturating_add(1),
            tenant: tenant.clone(),
            month,
            chat: self.account(tenant, Account::Chat(who.chat), Account::OtherChats),
            sender: self.account(tenant, Account::Sender(who.sender), Account::OtherSenders),
            amount,
        };
        self.refusal(&hold, caps).map_or(Ok(()), Err)?;
        let books = self.books.entry(tenant.clone()).or_default();
        for account in hold.accounts() {
            let spent = books.spent.entry(account).or_insert_with(|| {
                self.accounts = self.accounts.saturating_add(1);
                Spent::default()
            });
            *spent = spent.plus(hold.charge());
        }
        self.last_hold = hold.id;
        self.holds.insert(hold.id, hold.clone());
        Ok(hold)
    }

    /// The account to charge: its own, or the shared one when there is no room for another.
    fn account(&self, tenant: &TenantName, own: Account, shared: Account) -> Account {
        let books = self.books.get(tenant);
        if books.is_some_and(|books| books.spent.contains_key(&own)) {
            return own;
        }
        let of_tenant = books.map_or(0, |books| books.spent.len());
        // One less, so that a chat's account leaves room for its sender's and the total.
        let has_room = of_tenant.saturating_add(2) < limits::BUDGET_ACCOUNTS_OF_TENANT_MAX
            && self.accounts.saturating_add(2) < limits::BUDGET_ACCOUNTS_MAX;
        if has_room { own } else { shared }
    }

    fn refusal(&self, hold: &Hold, caps: &Caps) -> Option<Refused> {
        if let Some(refused) = self.would_refuse(&hold.tenant, hold.amount, caps) {
            return Some(refused);
        }
        let after = |account: Account| self.spent(&hold.tenant, account).plus(hold.charge());
        let shares =
            [(hold.chat, caps.chat_percent, Refused::ChatShare), (hold.sender, caps.user_percent, Refused::UserShare)];
        shares.into_iter().find_map(|(account, percent, refused)| {
            let (after, share) = (after(account), share(caps, percent));
            (after.money > share.money || after.calls > share.calls).then_some(refused)
        })
    }

    /// Whether the month's money or calls would refuse a call that can cost `amount`, whoever it is for.
    #[must_use]
    pub fn would_refuse(&self, tenant: &TenantName, amount: Micros, caps: &Caps) -> Option<Refused> {
        let total = self.spent(tenant, Account::Total);
        if total.money.0.saturating_add(amount.0) > caps.money.0 {
            return Some(Refused::Money);
        }
        (total.calls >= caps.calls).then_some(Refused::Calls)
    }

    /// A call ended: what it did not cost is given back. A hold that is not open gives nothing.
    pub fn settle(&mut self, id: u64, paid: Paid) {
        let Some(hold) = self.holds.remove(&id) else { return };
        let Some(books) = self.books.get_mut(&hold.tenant).filter(|books| books.month == hold.month) else { return };
        for account in hold.accounts() {
            if let Some(spent) = books.spent.get_mut(&account) {
                *spent = spent.less(hold.refund(paid));
            }
        }
    }

    /// Nobody will ever say what became of the calls under way: each counts as its whole hold. Returns how they end.
    pub fn abandon_all(&mut self) -> Vec<(u64, Paid)> {
        let ends: Vec<_> = self.holds.values().map(|hold| (hold.id, Paid::Money(hold.amount))).collect();
        for (id, paid) in &ends {
            self.settle(*id, *paid);
        }
        ends
    }

    /// What was spent from an account in the month in force, with what is held.
    #[must_use]
    pub fn spent(&self, tenant: &TenantName, account: Account) -> Spent {
        self.books.get(tenant).and_then(|books| books.spent.get(&account)).copied().unwrap_or_default()
    }

    /// Every account of a tenant in its month, and what was spent from it.
    pub fn accounts(&self, tenant: &TenantName) -> impl Iterator<Item = (Account, Spent)> {
        self.books
            .get(tenant)
            .into_iter()
            .flat_map(|books| books.spent.iter().map(|(account, spent)| (*account, *spent)))
    }

    /// The holds of calls whose end is not known.
    pub fn open_holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values()
    }

    /// How a tenant stands under these caps.
    #[must_use]
    pub fn standing(&self, tenant: &TenantName, caps: &Caps) -> BudgetStanding {
        let spent = self.spent(tenant, Account::Total);
        let share = |part: u64, whole: u64| {
            let percent = (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(0);
            u64::try_from(percent).unwrap_or(u64::MAX)
        };
        BudgetStanding {
            month: self.books.get(tenant).map_or(Month::default(), |books| books.month),
            spent,
            held: self.held(tenant),
            percent: share(spent.money.0, caps.money.0).max(share(spent.calls, caps.calls)),
        }
    }

    /// How many holds of a tenant are open.
    #[must_use]
    pub fn held(&self, tenant: &TenantName) -> u64 {
        u64::try_from(self.holds.values().filter(|hold| hold.tenant == *tenant).count()).unwrap_or(u64::MAX)
    }

    /// Sets caps in the place of those in the settings; `None` takes them back.
    pub fn set_caps(&mut self, tenant: &TenantName, caps: Option<Caps>) {
        match caps {
            Some(caps) => self.overrides.insert(tenant.clone(), caps),
            None => self.overrides.remove(tenant),
        };
    }

    /// What a hub wishes, of all tenants it speaks of.
    pub fn set_wished(&mut self, wished: BTreeMap<TenantName, Wished>) {
        self.wished = wished;
    }

    /// The caps in force: what an owner set, else those of the settings; and what a hub wishes, where there is one.
    #[must_use]
    pub fn caps(&self, tenant: &TenantName, of_settings: Caps) -> Caps {
        let own = self.own_caps(tenant, of_settings);
        self.wished.get(tenant).map_or(own, |wished| wished.over(own))
    }

    /// The same without the hub.
    #[must_use]
    pub fn own_caps(&self, tenant: &TenantName, of_settings: Caps) -> Caps {
        self.overrides.get(tenant).copied().unwrap_or(of_settings)
    }

    /// Whether an owner set caps in the place of those in the settings.
    #[must_use]
    pub fn is_overridden(&self, tenant: &TenantName) -> bool {
        self.overrides.contains_key(tenant)
    }

    /// A chat has a new id: what it spent goes with it.
    pub fn moved(&mut self, from: ChatId, to: ChatId) {
        for books in self.books.values_mut() {
            if let Some(spent) = books.spent.remove(&Account::Chat(from)) {
                let target = books.spent.entry(Account::Chat(to)).or_insert_with(|| {
                    self.accounts = self.accounts.saturating_add(1);
                    Spent::default()
                });
                *target = target.plus(spent);
                self.accounts = self.accounts.saturating_sub(1);
            }
        }
        for hold in self.holds.values_mut().filter(|hold| hold.chat == Account::Chat(from)) {
            hold.chat = Account::Chat(to);
        }
    }
}

/// The share of both caps. A share of some calls is at least one.
fn share(caps: &Caps, percent: u8) -> Spent {
    let of = |whole: u64| u64::try_from(u128::from(whole) * u128::from(percent) / 100).unwrap_or(u64::MAX);
    Spent { money: Micros(of(caps.money.0)), calls: of(caps.calls).max(1) }
}

#[cfg(test)]
mod tests;
