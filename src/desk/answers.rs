//! The office as the page's desk: one line each.
//!
//! Promises: as [`super`].

use super::Office;
use super::members::Vouching;
use crate::access::Caller;
use crate::counters::Counters;
use crate::reload::hold;
use crate::tenant::TenantName;
use crate::web::desk::{AuditLine, Desk, PeopleChange, Readiness, StoredToken, StoredUser, Told};
use crate::web::views::{
    AuditView, BackupView, BotView, BudgetChange, BudgetView, DeadLetterView, DecisionQuery, DecisionRow, DecisionView,
    Forget, Forgotten, Listed, MemberQuery, MemberView, MembersChange, MembersChanged, Overview, Pardon, PersonQuery,
    PersonView, PolicyChange, PolicyVersionView, PolicyView, Preview, Setup, SystemView, Taught, Trial, Tried,
    UndecidedView, UndoRule, Undone, UsageHourView, UsageQuery, UsageView,
};
use std::path::PathBuf;

impl Desk for Office {
    fn counters(&self) -> &Counters {
        &self.counters
    }

    fn readiness(&self) -> Readiness {
        Self::readiness(self)
    }

    fn budgets(&self) -> Vec<BudgetView> {
        Self::budgets(self)
    }

    fn now_s(&self) -> u64 {
        self.clock.now().wall.seconds()
    }

    fn now_ms(&self) -> u64 {
        self.clock.now().mono.0
    }

    fn tenants(&self) -> Vec<TenantName> {
        self.in_force.now().tenants.iter().map(|tenant| tenant.name.clone()).collect()
    }

    fn people(&self) -> Told<(Vec<StoredUser>, Vec<StoredToken>)> {
        self.stored_people()
    }

    fn change_people(&self, changes: Vec<PeopleChange>, audit: AuditLine) -> Told<()> {
        self.keep_people(changes, audit)
    }

    fn in_turn(&self, work: &mut dyn FnMut()) {
        // Whoever builds packs or teaches holds the reloader too: there is room for one of them.
        let _held = hold(&self.reloader);
        work();
    }

    fn setup(&self) -> Setup {
        Self::setup(self)
    }

    fn admit(&self, authorization: &str, body: &[u8]) -> Told<Caller> {
        Self::admit(self, authorization, body)
    }

    fn give_token(&self, caller: &Caller, token: &str) -> Told<BotView> {
        Self::give_token(self, caller, token)
    }

    fn overview(&self, caller: &Caller) -> Told<Overview> {
        Self::overview(self, caller)
    }

    fn set_banner(&self, caller: &Caller, text: &str) -> Told<()> {
        Self::set_banner(self, caller, text)
    }

    fn decisions(&self, caller: &Caller, query: &DecisionQuery) -> Told<Listed<DecisionRow>> {
        Self::decisions(self, caller, query)
    }

    fn decision(&self, caller: &Caller, number: u64) -> Told<DecisionView> {
        Self::decision(self, caller, number)
    }

    fn undo(&self, caller: &Caller, number: u64) -> Told<Undone> {
        Self::undo(self, caller, number)
    }

    fn undo_rule(&self, caller: &Caller, wanted: &UndoRule) -> Told<Undone> {
        Self::undo_rule(self, caller, wanted)
    }

    fn label(&self, caller: &Caller, number: u64, label: &str) -> Told<Taught> {
        Self::label(self, caller, number, label)
    }

    fn simulate(&self, caller: &Caller, trial: &Trial) -> Told<Tried> {
        Self::simulate(self, caller, trial)
    }

    fn policy(&self, caller: &Caller) -> Told<PolicyView> {
        Self::policy(self, caller)
    }

    fn preview(&self, caller: &Caller, change: &PolicyChange, limit: usize) -> Told<Preview> {
        Self::preview(self, caller, change, limit)
    }

    fn change_policy(&self, caller: &Caller, change: &PolicyChange) -> Told<PolicyVersionView> {
        Self::change_policy(self, caller, change)
    }

    fn policy_versions(&self, caller: &Caller) -> Told<Vec<PolicyVersionView>> {
        Self::policy_versions(self, caller)
    }

    fn restore_policy(&self, caller: &Caller, number: u64) -> Told<PolicyVersionView> {
        Self::restore_policy(self, caller, number)
    }

    fn usage(&self, caller: &Caller) -> Told<Vec<UsageView>> {
        Self::usage(self, caller)
    }

    fn usage_hours(&self, caller: &Caller, query: &UsageQuery) -> Told<Listed<UsageHourView>> {
        Self::usage_hours(self, caller, query)
    }

    fn budget(&self, caller: &Caller) -> Told<Vec<BudgetView>> {
        Self::budget(self, caller)
    }

    fn set_budget(&self, caller: &Caller, tenant: &str, change: &BudgetChange) -> Told<BudgetView> {
        Self::set_budget(self, caller, tenant, change)
    }

    fn dead_letters(&self, caller: &Caller, cursor: Option<&str>) -> Told<Listed<DeadLetterView>> {
        Self::dead_letters(self, caller, cursor)
    }

    fn retry_dead_letter(&self, caller: &Caller, number: u64) -> Told<()> {
        Self::retry_dead_letter(self, caller, number)
    }

    fn drop_dead_letter(&self, caller: &Caller, number: u64) -> Told<()> {
        Self::drop_dead_letter(self, caller, number)
    }

    fn undecided(&self, caller: &Caller) -> Told<Vec<UndecidedView>> {
        Self::undecided(self, caller)
    }

    fn decide(&self, caller: &Caller, id: &str, what: &str) -> Told<()> {
        Self::decide(self, caller, id, what)
    }

    fn members(&self, caller: &Caller, query: &MemberQuery) -> Told<Listed<MemberView>> {
        Self::members(self, caller, query)
    }

    fn approve_members(&self, caller: &Caller, change: &MembersChange) -> Told<MembersChanged> {
        self.vouch(caller, change, Vouching::Begins)
    }

    fn unapprove_members(&self, caller: &Caller, change: &MembersChange) -> Told<MembersChanged> {
        self.vouch(caller, change, Vouching::Ends)
    }

    fn forgive_member(&self, caller: &Caller, pardon: &Pardon) -> Told<MembersChanged> {
        Self::forgive_member(self, caller, pardon)
    }

    fn export_member(&self, caller: &Caller, query: &PersonQuery) -> Told<PersonView> {
        Self::export_member(self, caller, query)
    }

    fn forget_member(&self, caller: &Caller, wanted: &Forget) -> Told<Forgotten> {
        Self::forget_member(self, caller, wanted)
    }

    fn system(&self, caller: &Caller) -> Told<SystemView> {
        Self::system(self, caller)
    }

    fn make_backup(&self, caller: &Caller) -> Told<BackupView> {
        Self::make_backup(self, caller)
    }

    fn backup_file(&self, caller: &Caller, name: &str) -> Told<(PathBuf, String)> {
        Self::backup_file(self, caller, name)
    }

    fn drop_backup(&self, caller: &Caller, name: &str) -> Told<()> {
        Self::drop_backup(self, caller, name)
    }

    fn audit(&self, caller: &Caller, cursor: Option<&str>) -> Told<Listed<AuditView>> {
        Self::audit(self, caller, cursor)
    }
}
