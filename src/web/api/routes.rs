//! The table of the API, and what each row asks of the desk.

use super::{Call, Content, Door, Reply, Route, Session};
use crate::access::Role;
use crate::limits;
use crate::packed::carried_text;
use crate::web::desk::{Refused, Told};
use crate::web::pages::Outcome;
use crate::web::views::{
    BudgetChange, DecisionQuery, Forget, MemberQuery, MembersChange, Pardon, PersonQuery, PolicyChange, TokenChange,
    Trial, UndoRule, UsageQuery, UserChange,
};
use serde::Deserialize;
use serde_json::json;

const VIEWER: Door = Door::From(Role::Viewer);
const ADMIN: Door = Door::From(Role::Admin);
const OWNER: Door = Door::From(Role::Owner);

const fn row(method: &'static str, path: &'static str, door: Door, run: fn(&Call<'_>) -> Told<Reply>) -> Route {
    Route { method, path, door, run }
}

/// Every route. What is fixed stands before what has braces in the same place.
pub static ROUTES: &[Route] = &[
    row("GET", "/openapi.json", Door::Open, openapi),
    row("POST", "/session", Door::Open, log_in),
    row("GET", "/session", VIEWER, session),
    row("DELETE", "/session", VIEWER, log_out),
    row("POST", "/session/code", Door::Open, use_code),
    row("PUT", "/session/password", VIEWER, change_password),
    row("GET", "/setup", Door::Open, setup),
    row("POST", "/setup/owner", Door::Open, first_owner),
    row("POST", "/setup/token", OWNER, give_token),
    row("GET", "/status", VIEWER, status),
    row("GET", "/live", VIEWER, live),
    row("PUT", "/banner", OWNER, banner),
    row("GET", "/decisions", VIEWER, decisions),
    row("POST", "/decisions/undo", ADMIN, undo_rule),
    row("GET", "/decisions/{number}", VIEWER, decision),
    row("POST", "/decisions/{number}/undo", ADMIN, undo),
    row("POST", "/decisions/{number}/label", ADMIN, label),
    row("POST", "/simulate", ADMIN, simulate),
    row("GET", "/policy", VIEWER, policy),
    row("POST", "/policy", ADMIN, change_policy),
    row("POST", "/policy/preview", ADMIN, preview),
    row("GET", "/policy/versions", ADMIN, versions),
    row("POST", "/policy/versions/{number}/restore", OWNER, restore),
    row("GET", "/usage", VIEWER, usage),
    row("GET", "/usage/hours", VIEWER, usage_hours),
    row("GET", "/budget", VIEWER, budget),
    row("PUT", "/budget/{tenant}", OWNER, set_budget),
    row("GET", "/dead-letters", VIEWER, dead_letters),
    row("POST", "/dead-letters/{number}/retry", ADMIN, retry),
    row("DELETE", "/dead-letters/{number}", ADMIN, drop_letter),
    row("GET", "/undecided", VIEWER, undecided),
    row("POST", "/undecided/{id}", ADMIN, decide),
    row("GET", "/members", VIEWER, members),
    row("POST", "/members/approve", ADMIN, approve_members),
    row("POST", "/members/unapprove", ADMIN, unapprove_members),
    row("POST", "/members/forgive", ADMIN, forgive_member),
    row("POST", "/hooks/call", Door::Signed, super::called::call),
    row("GET", "/members/export", ADMIN, export_member),
    row("POST", "/members/forget", ADMIN, forget_member),
    row("GET", "/system", OWNER, system),
    row("POST", "/backups", OWNER, make_backup),
    row("GET", "/backups/{name}", OWNER, backup),
    row("DELETE", "/backups/{name}", OWNER, drop_backup),
    row("GET", "/users", OWNER, users),
    row("POST", "/users", OWNER, add_user),
    row("PUT", "/users/{name}", OWNER, change_user),
    row("DELETE", "/users/{name}", OWNER, remove_user),
    row("POST", "/users/{name}/code", OWNER, new_code),
    row("GET", "/tokens", VIEWER, tokens),
    row("POST", "/tokens", VIEWER, add_token),
    row("DELETE", "/tokens/{id}", VIEWER, revoke),
    row("GET", "/audit", ADMIN, audit),
];

/// The document that describes all of this.
fn openapi(_: &Call<'_>) -> Told<Reply> {
    Ok(Reply::new(200, Content::Json(carried_text!("openapi.json"))))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Credentials {
    name: String,
    password: String,
    code: String,
}

fn log_in(call: &Call<'_>) -> Told<Reply> {
    let given: Credentials = call.body()?;
    let opened = call.people().log_in(call.desk(), &given.name, &given.password, call.question.client)?;
    Ok(Reply::opened(&opened))
}

fn use_code(call: &Call<'_>) -> Told<Reply> {
    let given: Credentials = call.body()?;
    let client = call.question.client;
    let opened = call.people().use_code(call.desk(), &given.name, &given.code, &given.password, client)?;
    Ok(Reply::opened(&opened).said("Your password is set."))
}

fn first_owner(call: &Call<'_>) -> Told<Reply> {
    let given: Credentials = call.body()?;
    let client = call.question.client;
    let opened = call.people().first_owner(call.desk(), &given.code, &given.name, &given.password, client)?;
    Ok(Reply::opened(&opened))
}

fn session(call: &Call<'_>) -> Told<Reply> {
    let visitor = call.visitor()?;
    let seen = call.desk().tenants().into_iter().filter(|tenant| visitor.caller.sees(tenant));
    let tenants: Vec<String> = seen.map(|tenant| tenant.to_string()).collect();
    let (name, role) = (&visitor.caller.name, visitor.caller.role.word());
    Ok(Reply::json(&json!({"name": name, "role": role, "tenants": tenants, "csrf": visitor.csrf})))
}

fn log_out(call: &Call<'_>) -> Told<Reply> {
    call.people().log_out(call.visitor()?);
    Ok(Reply { session: Session::Ended, ..Reply::done("You are logged out.") })
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Passwords {
    old: String,
    new: String,
}

fn change_password(call: &Call<'_>) -> Told<Reply> {
    let given: Passwords = call.body()?;
    let (visitor, client) = (call.visitor()?, call.question.client);
    call.people().change_password(call.desk(), visitor, &given.old, &given.new, client)?;
    Ok(Reply::done("Your password is changed; your other sessions are ended."))
}

fn setup(call: &Call<'_>) -> Told<Reply> {
    let setup = match call.visitor {
        Some(_) => call.desk().setup(),
        None => call.people().strangers_setup(call.desk()),
    };
    Ok(Reply::json(&setup))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GivenToken {
    token: String,
}

fn give_token(call: &Call<'_>) -> Told<Reply> {
    let given: GivenToken = call.body()?;
    let bot = call.desk().give_token(call.caller()?, given.token.trim())?;
    Ok(Reply::json(&bot).said(format!("Telegram knows the bot: @{}. It is at work now.", bot.username)))
}

fn status(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().overview(call.caller()?)?))
}

/// The same as the status, in one piece of bounded size: the busiest groups stand first, and those at the end are left out.
fn live(call: &Call<'_>) -> Told<Reply> {
    let mut overview = call.desk().overview(call.caller()?)?;
    loop {
        let reply = Reply::json(&overview);
        let is_small = matches!(&reply.content, Content::Json(text) if text.len() <= limits::WEB_LIVE_BYTES_MAX);
        if is_small || (overview.groups.pop().is_none() && overview.tenants.pop().is_none()) {
            return Ok(reply);
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GivenText {
    text: String,
}

fn banner(call: &Call<'_>) -> Told<Reply> {
    let given: GivenText = call.body()?;
    call.desk().set_banner(call.caller()?, &given.text)?;
    Ok(Reply::done(if given.text.trim().is_empty() {
        "The banner is taken down."
    } else {
        "Everybody sees the banner now."
    }))
}

fn decisions(call: &Call<'_>) -> Told<Reply> {
    let query: DecisionQuery = call.query()?;
    Ok(Reply::json(&call.desk().decisions(call.caller()?, &query)?))
}

fn decision(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().decision(call.caller()?, call.number()?)?))
}

fn undo(call: &Call<'_>) -> Told<Reply> {
    let undone = call.desk().undo(call.caller()?, call.number()?)?;
    Ok(Reply::json(&undone).said(undone.words.clone()))
}

fn undo_rule(call: &Call<'_>) -> Told<Reply> {
    let wanted: UndoRule = call.body()?;
    let undone = call.desk().undo_rule(call.caller()?, &wanted)?;
    let reply = Reply::json(&undone).said(undone.words.clone());
    Ok(if wanted.dry_run { reply.shown(Outcome::Undone(undone)) } else { reply })
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GivenLabel {
    label: String,
}

fn label(call: &Call<'_>) -> Told<Reply> {
    let given: GivenLabel = call.body()?;
    let taught = call.desk().label(call.caller()?, call.number()?, &given.label)?;
    Ok(Reply::json(&taught).said(taught.words.clone()))
}

fn simulate(call: &Call<'_>) -> Told<Reply> {
    let trial: Trial = call.body()?;
    let tried = call.desk().simulate(call.caller()?, &trial)?;
    Ok(Reply::json(&tried).shown(Outcome::Tried(Box::new(trial), Box::new(tried))))
}

fn policy(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().policy(call.caller()?)?))
}

fn change_policy(call: &Call<'_>) -> Told<Reply> {
    let change: PolicyChange = call.body()?;
    let version = call.desk().change_policy(call.caller()?, &change)?;
    let words = format!("In force as version {}: {}.", version.number, version.changes.join("; "));
    Ok(Reply { status: 201, ..Reply::json(&version).said(words) })
}

fn preview(call: &Call<'_>) -> Told<Reply> {
    let change: PolicyChange = call.body()?;
    let limit = call.asked("limit").map_or(Ok(limits::REPLAY_MESSAGES), str::parse);
    let limit = limit.map_err(|_| Refused::field("limit", "a whole number"))?;
    let preview = call.desk().preview(call.caller()?, &change, limit.min(limits::REPLAY_MESSAGES_MAX))?;
    Ok(Reply::json(&preview).shown(Outcome::Preview(Box::new(preview))))
}

fn versions(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().policy_versions(call.caller()?)?))
}

fn restore(call: &Call<'_>) -> Told<Reply> {
    let version = call.desk().restore_policy(call.caller()?, call.number()?)?;
    let words = format!("Version {} is in force, as it was in version {}.", version.number, call.part(0));
    Ok(Reply { status: 201, ..Reply::json(&version).said(words) })
}

fn usage(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().usage(call.caller()?)?))
}

fn usage_hours(call: &Call<'_>) -> Told<Reply> {
    let query: UsageQuery = call.query()?;
    Ok(Reply::json(&call.desk().usage_hours(call.caller()?, &query)?))
}

fn budget(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().budget(call.caller()?)?))
}

fn set_budget(call: &Call<'_>) -> Told<Reply> {
    let change: BudgetChange = call.body()?;
    let budget = call.desk().set_budget(call.caller()?, call.part(0), &change)?;
    let words =
        format!("{}: {} {} and {} calls a month.", budget.tenant, budget.money_cap, budget.currency, budget.calls_cap);
    Ok(Reply::json(&budget).said(words))
}

fn dead_letters(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().dead_letters(call.caller()?, call.asked("cursor"))?))
}

fn retry(call: &Call<'_>) -> Told<Reply> {
    call.desk().retry_dead_letter(call.caller()?, call.number()?)?;
    Ok(Reply::done("It is tried again."))
}

fn drop_letter(call: &Call<'_>) -> Told<Reply> {
    call.desk().drop_dead_letter(call.caller()?, call.number()?)?;
    Ok(Reply::done("It is removed for good."))
}

fn undecided(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().undecided(call.caller()?)?))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GivenChoice {
    what: String,
}

fn decide(call: &Call<'_>) -> Told<Reply> {
    let given: GivenChoice = call.body()?;
    call.desk().decide(call.caller()?, call.part(0), &given.what)?;
    Ok(Reply::done(if given.what == "remove" { "The message is to be deleted." } else { "The message stays." }))
}

fn members(call: &Call<'_>) -> Told<Reply> {
    let query: MemberQuery = call.query()?;
    Ok(Reply::json(&call.desk().members(call.caller()?, &query)?))
}

fn approve_members(call: &Call<'_>) -> Told<Reply> {
    let change: MembersChange = call.body()?;
    let changed = call.desk().approve_members(call.caller()?, &change)?;
    Ok(Reply::json(&changed).said(changed.words.clone()))
}

fn unapprove_members(call: &Call<'_>) -> Told<Reply> {
    let change: MembersChange = call.body()?;
    let changed = call.desk().unapprove_members(call.caller()?, &change)?;
    Ok(Reply::json(&changed).said(changed.words.clone()))
}

fn forgive_member(call: &Call<'_>) -> Told<Reply> {
    let pardon: Pardon = call.body()?;
    let changed = call.desk().forgive_member(call.caller()?, &pardon)?;
    Ok(Reply::json(&changed).said(changed.words.clone()))
}

fn export_member(call: &Call<'_>) -> Told<Reply> {
    let query: PersonQuery = call.query()?;
    Ok(Reply::json(&call.desk().export_member(call.caller()?, &query)?))
}

fn forget_member(call: &Call<'_>) -> Told<Reply> {
    let wanted: Forget = call.body()?;
    let forgotten = call.desk().forget_member(call.caller()?, &wanted)?;
    let words = format!("{} Kept: {}", forgotten.words, forgotten.kept.join(" "));
    Ok(Reply::json(&forgotten).said(words))
}

fn system(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().system(call.caller()?)?))
}

fn make_backup(call: &Call<'_>) -> Told<Reply> {
    let made = call.desk().make_backup(call.caller()?)?;
    Ok(Reply { status: 201, ..Reply::json(&made).said(format!("{} is made.", made.name)) })
}

fn backup(call: &Call<'_>) -> Told<Reply> {
    let (file, name) = call.desk().backup_file(call.caller()?, call.part(0))?;
    Ok(Reply::new(200, Content::File(file, name)))
}

fn drop_backup(call: &Call<'_>) -> Told<Reply> {
    call.desk().drop_backup(call.caller()?, call.part(0))?;
    Ok(Reply::done("The backup is removed."))
}

fn users(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.people().users(call.caller()?)?))
}

fn add_user(call: &Call<'_>) -> Told<Reply> {
    let change: UserChange = call.body()?;
    let code = call.people().add_user(call.desk(), call.caller()?, &change)?;
    Ok(Reply { status: 201, ..Reply::json(&code).shown(Outcome::Code(code)) })
}

fn change_user(call: &Call<'_>) -> Told<Reply> {
    let change: UserChange = call.body()?;
    if !change.name.is_empty() && change.name != call.part(0) {
        return Err(Refused::field("name", "a name stays; add a user with the other one, and remove this"));
    }
    call.people().change_user(call.desk(), call.caller()?, call.part(0), &change)?;
    Ok(Reply::done(format!("{} is {} now.", call.part(0), change.role)))
}

fn remove_user(call: &Call<'_>) -> Told<Reply> {
    call.people().remove_user(call.desk(), call.caller()?, call.part(0))?;
    Ok(Reply::done(format!("{} is removed.", call.part(0))))
}

fn new_code(call: &Call<'_>) -> Told<Reply> {
    let code = call.people().new_code(call.desk(), call.caller()?, call.part(0))?;
    Ok(Reply { status: 201, ..Reply::json(&code).shown(Outcome::Code(code)) })
}

fn tokens(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.people().tokens(call.caller()?)?))
}

fn add_token(call: &Call<'_>) -> Told<Reply> {
    let change: TokenChange = call.body()?;
    let made = call.people().add_token(call.desk(), call.visitor()?, &change)?;
    Ok(Reply { status: 201, ..Reply::json(&made).shown(Outcome::Token(made)) })
}

fn revoke(call: &Call<'_>) -> Told<Reply> {
    call.people().revoke_token(call.desk(), call.caller()?, call.part(0))?;
    Ok(Reply::done("The token is revoked."))
}

fn audit(call: &Call<'_>) -> Told<Reply> {
    Ok(Reply::json(&call.desk().audit(call.caller()?, call.asked("cursor"))?))
}
