//! A desk for tests of the page: sample answers, a clock that a test moves, and a list of what was ordered.
//!
//! Promises: who may not is refused as at the real one; what people store is given back after a restart.

#![allow(clippy::unwrap_used)] // A test that cannot go on stops.

use aegis::access::{Caller, Role};
use aegis::counters::Counters;
use aegis::tenant::TenantName;
use aegis::web::desk::{AuditLine, Desk, Part, PeopleChange, Readiness, Refused, StoredToken, StoredUser, Told};
use aegis::web::views::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A group of each tenant.
pub const GROUPS: [(&str, i64); 2] = [("garden", -1), ("chess", -2)];

/// The desk.
#[derive(Default)]
pub struct Sample {
    counters: Counters,
    ms: AtomicU64,
    users: Mutex<BTreeMap<String, StoredUser>>,
    tokens: Mutex<BTreeMap<String, StoredToken>>,
    /// What was ordered, in order.
    pub orders: Mutex<Vec<String>>,
    /// The audit log.
    pub audit: Mutex<Vec<AuditLine>>,
}

impl Sample {
    /// Time goes on.
    pub fn pass_ms(&self, ms: u64) {
        self.ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// How many orders there were.
    pub fn ordered(&self) -> usize {
        self.orders.lock().unwrap().len()
    }

    fn order(&self, caller: &Caller, role: Role, tenant: Option<&str>, what: &str) -> Told<()> {
        let tenant = tenant.map(|name| TenantName::new(name).ok_or(Refused::Denied)).transpose()?;
        caller.may(role, tenant.as_ref())?;
        self.orders.lock().unwrap().push(format!("{what} by {}", caller.told()));
        Ok(())
    }

    fn groups(caller: &Caller) -> Vec<GroupView> {
        let seen = GROUPS.iter().filter(|(tenant, _)| caller.sees(&TenantName::new(tenant).unwrap()));
        seen.map(|(tenant, id)| GroupView {
            id: *id,
            title: format!("The {tenant}"),
            tenant: (*tenant).to_owned(),
            mode: "record".to_owned(),
            review: 50,
            block: 80,
            ..GroupView::default()
        })
        .collect()
    }
}

impl Desk for Sample {
    fn counters(&self) -> &Counters {
        &self.counters
    }

    fn in_turn(&self, work: &mut dyn FnMut()) {
        work();
    }

    fn readiness(&self) -> Readiness {
        Readiness { parts: vec![Part { name: "storage", failing: None }] }
    }

    fn budgets(&self) -> Vec<BudgetView> {
        Vec::new()
    }

    fn now_s(&self) -> u64 {
        1_760_000_000 + self.now_ms() / 1_000
    }

    fn now_ms(&self) -> u64 {
        self.ms.load(Ordering::Relaxed)
    }

    fn tenants(&self) -> Vec<TenantName> {
        GROUPS.iter().filter_map(|(tenant, _)| TenantName::new(tenant)).collect()
    }

    fn people(&self) -> Told<(Vec<StoredUser>, Vec<StoredToken>)> {
        let users = self.users.lock().unwrap().values().cloned().collect();
        Ok((users, self.tokens.lock().unwrap().values().cloned().collect()))
    }

    fn change_people(&self, changes: Vec<PeopleChange>, audit: AuditLine) -> Told<()> {
        let (mut users, mut tokens) = (self.users.lock().unwrap(), self.tokens.lock().unwrap());
        for change in changes {
            match change {
                PeopleChange::User(user) => drop(users.insert(user.name.clone(), user)),
                PeopleChange::UserGone(name) => {
                    users.remove(&name);
                    tokens.retain(|_, token| token.user != name);
                }
                PeopleChange::Token(token) => drop(tokens.insert(token.id.clone(), token)),
                PeopleChange::TokenGone(id) => drop(tokens.remove(&id)),
            }
        }
        self.audit.lock().unwrap().push(audit);
        Ok(())
    }

    fn admit(&self, _: &str, _: &[u8]) -> Told<Caller> {
        Err(Refused::Denied)
    }

    fn setup(&self) -> Setup {
        Setup { step: "done".to_owned(), ..Setup::default() }
    }

    fn give_token(&self, caller: &Caller, _: &str) -> Told<BotView> {
        caller.may(Role::Owner, None)?;
        Err(Refused::Conflict("there is a bot already".to_owned()))
    }

    fn overview(&self, caller: &Caller) -> Told<Overview> {
        caller.is_at_least(Role::Viewer)?;
        Ok(Overview { rung: "full".to_owned(), groups: Self::groups(caller), ..Overview::default() })
    }

    fn set_banner(&self, caller: &Caller, _: &str) -> Told<()> {
        self.order(caller, Role::Owner, None, "banner")
    }

    fn decisions(&self, caller: &Caller, _: &DecisionQuery) -> Told<Listed<DecisionRow>> {
        caller.is_at_least(Role::Viewer)?;
        Ok(Listed { items: Vec::new(), next: None })
    }

    fn decision(&self, caller: &Caller, _: u64) -> Told<DecisionView> {
        caller.may(Role::Viewer, None)?;
        Err(Refused::Missing)
    }

    fn undo(&self, caller: &Caller, _: u64) -> Told<Undone> {
        self.order(caller, Role::Admin, Some("garden"), "undo")?;
        Ok(Undone { decisions: 1, ..Undone::default() })
    }

    fn undo_rule(&self, caller: &Caller, _: &UndoRule) -> Told<Undone> {
        caller.is_at_least(Role::Admin)?;
        Ok(Undone::default())
    }

    fn label(&self, caller: &Caller, _: u64, label: &str) -> Told<Taught> {
        caller.may(Role::Admin, Some(&TenantName::new("garden").unwrap()))?;
        match label {
            "fine" | "spam" => Ok(Taught::default()),
            _ => Err(Refused::field("label", "fine or spam")),
        }
    }

    fn simulate(&self, caller: &Caller, _: &Trial) -> Told<Tried> {
        caller.is_at_least(Role::Admin)?;
        Ok(Tried { outcome: "allow".to_owned(), ..Tried::default() })
    }

    fn policy(&self, caller: &Caller) -> Told<PolicyView> {
        caller.is_at_least(Role::Viewer)?;
        let scope =
            |group: GroupView| ScopeView { tenant: group.tenant, group: Some(group.id), ..ScopeView::default() };
        Ok(PolicyView { groups: Self::groups(caller).into_iter().map(scope).collect(), ..PolicyView::default() })
    }

    fn preview(&self, caller: &Caller, _: &PolicyChange, _: usize) -> Told<Preview> {
        caller.is_at_least(Role::Admin)?;
        Ok(Preview::default())
    }

    fn change_policy(&self, caller: &Caller, change: &PolicyChange) -> Told<PolicyVersionView> {
        if change.block.flatten().is_some_and(|block| block > 200) {
            return Err(Refused::field("block", "0 to 200"));
        }
        self.order(caller, Role::Admin, change.tenant.as_deref(), "policy")?;
        Ok(PolicyVersionView { number: 1, ..PolicyVersionView::default() })
    }

    fn policy_versions(&self, caller: &Caller) -> Told<Vec<PolicyVersionView>> {
        caller.is_at_least(Role::Admin)?;
        Ok(Vec::new())
    }

    fn restore_policy(&self, caller: &Caller, _: u64) -> Told<PolicyVersionView> {
        caller.may(Role::Owner, None)?;
        Err(Refused::Missing)
    }

    fn usage(&self, caller: &Caller) -> Told<Vec<UsageView>> {
        caller.is_at_least(Role::Viewer)?;
        Ok(Vec::new())
    }

    fn budget(&self, caller: &Caller) -> Told<Vec<BudgetView>> {
        caller.is_at_least(Role::Viewer)?;
        let view = |(tenant, _): &(&str, i64)| BudgetView {
            tenant: (*tenant).to_owned(),
            money_cap: "5.00".to_owned(),
            currency: "EUR".to_owned(),
            calls_cap: 100,
            ..BudgetView::default()
        };
        Ok(GROUPS.iter().filter(|(tenant, _)| caller.sees(&TenantName::new(tenant).unwrap())).map(view).collect())
    }

    fn set_budget(&self, caller: &Caller, tenant: &str, change: &BudgetChange) -> Told<BudgetView> {
        if change.money.as_deref().is_some_and(|money| money.parse::<f64>().is_err()) {
            return Err(Refused::field("money", "an amount such as 5.00"));
        }
        self.order(caller, Role::Owner, Some(tenant), "budget")?;
        Ok(BudgetView { tenant: tenant.to_owned(), ..BudgetView::default() })
    }

    fn dead_letters(&self, caller: &Caller, _: Option<&str>) -> Told<Listed<DeadLetterView>> {
        caller.is_at_least(Role::Viewer)?;
        Ok(Listed { items: Vec::new(), next: None })
    }

    fn retry_dead_letter(&self, caller: &Caller, _: u64) -> Told<()> {
        caller.may(Role::Admin, None)?;
        Err(Refused::Missing)
    }

    fn drop_dead_letter(&self, caller: &Caller, _: u64) -> Told<()> {
        caller.may(Role::Admin, None)?;
        Err(Refused::Missing)
    }

    fn undecided(&self, caller: &Caller) -> Told<Vec<UndecidedView>> {
        caller.is_at_least(Role::Viewer)?;
        Ok(Vec::new())
    }

    fn decide(&self, caller: &Caller, _: &str, _: &str) -> Told<()> {
        caller.may(Role::Admin, None)?;
        Err(Refused::Missing)
    }

    fn members(&self, caller: &Caller, query: &MemberQuery) -> Told<Listed<MemberView>> {
        let group = Self::groups(caller).into_iter().find(|group| Some(group.id) == query.group);
        caller.may(Role::Viewer, group.and_then(|group| TenantName::new(&group.tenant)).as_ref())?;
        Ok(Listed { items: vec![MemberView { user: Some(7), ..MemberView::default() }], next: None })
    }

    fn approve_members(&self, caller: &Caller, change: &MembersChange) -> Told<MembersChanged> {
        let tenant = GROUPS.iter().find(|(_, id)| *id == change.group).map(|(tenant, _)| *tenant);
        self.order(caller, Role::Admin, tenant, &format!("vouch for {:?}", change.users))?;
        Ok(MembersChanged { words: "They are vouched for.".to_owned(), ..MembersChanged::default() })
    }

    fn unapprove_members(&self, caller: &Caller, _: &MembersChange) -> Told<MembersChanged> {
        caller.may(Role::Admin, None)?;
        Err(Refused::Missing)
    }

    fn usage_hours(&self, caller: &Caller, _: &UsageQuery) -> Told<Listed<UsageHourView>> {
        caller.is_at_least(Role::Viewer)?;
        Ok(Listed { items: Vec::new(), next: None })
    }

    fn export_member(&self, caller: &Caller, _: &PersonQuery) -> Told<PersonView> {
        caller.may(Role::Admin, None)?;
        Ok(PersonView::default())
    }

    fn forget_member(&self, caller: &Caller, _: &Forget) -> Told<Forgotten> {
        caller.may(Role::Admin, None)?;
        Ok(Forgotten::default())
    }

    fn forgive_member(&self, caller: &Caller, _: &Pardon) -> Told<MembersChanged> {
        caller.may(Role::Admin, None)?;
        Err(Refused::Missing)
    }

    fn system(&self, caller: &Caller) -> Told<SystemView> {
        caller.may(Role::Owner, None)?;
        Ok(SystemView::default())
    }

    fn make_backup(&self, caller: &Caller) -> Told<BackupView> {
        self.order(caller, Role::Owner, None, "backup")?;
        Ok(BackupView { name: "backup-1.redb".to_owned(), ..BackupView::default() })
    }

    fn backup_file(&self, caller: &Caller, _: &str) -> Told<(PathBuf, String)> {
        caller.may(Role::Owner, None)?;
        Err(Refused::Missing)
    }

    fn drop_backup(&self, caller: &Caller, _: &str) -> Told<()> {
        caller.may(Role::Owner, None)?;
        Err(Refused::Missing)
    }

    fn audit(&self, caller: &Caller, _: Option<&str>) -> Told<Listed<AuditView>> {
        caller.is_at_least(Role::Admin)?;
        Ok(Listed { items: Vec::new(), next: None })
    }
}
