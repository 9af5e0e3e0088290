//! What the terminal is told about webhooks, and how it changes the keys of programs that may call.
//!
//! Promises: a secret is told once, when it is made; a key that is changed or dropped is so for the next call; every change has its
//! line in the audit log, without a secret.
//!
//! Never: an event's content.

use super::Answer;
use crate::access::{Role, password};
use crate::clock::Wall;
use crate::limits;
use crate::store::hooks::{HookKey, HooksTick};
use crate::store::records::Audit;
use crate::store::{Snapshots, StoreError, Tick};
use crate::tenant::TenantName;
use serde::{Deserialize, Serialize};

/// What the terminal wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// The keys, and how much waits.
    List,
    /// A key.
    Add {
        /// Its name.
        name: String,
        /// What it may at most.
        role: Role,
        /// The tenants it may reach.
        tenants: Vec<TenantName>,
    },
    /// Another secret for a key; the one before is good for a day.
    Rotate(String),
    /// A key is to be no more.
    Drop(String),
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    (1..=limits::USER_NAME_LETTERS_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}

fn secret() -> Result<String, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("this machine gives no random numbers: {error}"))?;
    Ok(format!("hook_{}", password::letters(&bytes).replace('-', "")))
}

/// What a wish changes, and what is answered once that is durable.
///
/// # Errors
/// When the file cannot be read.
pub fn answer(snapshots: &Snapshots, wanted: Wanted, now: Wall) -> Result<(Tick, Answer), StoreError> {
    let keys = snapshots.hook_keys()?;
    if wanted == Wanted::List {
        let waiting: u64 = snapshots.hooks_waiting()?.values().sum();
        let mut lines: Vec<String> = keys.iter().map(|key| line(key, now)).collect();
        lines.push(format!("{} keys; {waiting} events wait for receivers", keys.len()));
        return Ok((Tick::default(), Answer::Lines(lines)));
    }
    Ok(match change(keys, wanted, now) {
        Ok((keys, what, lines)) => {
            let audit = vec![Audit { at: now, who: "terminal".to_owned(), what }];
            let hooks = HooksTick { keys: Some(keys), ..HooksTick::default() };
            (Tick { audit, hooks, ..Tick::default() }, Answer::Lines(lines))
        }
        Err(why) => (Tick::default(), Answer::Refused(why)),
    })
}

fn line(key: &HookKey, now: Wall) -> String {
    let tenants: Vec<&str> = key.tenants.iter().map(TenantName::as_str).collect();
    let reach = if key.role == Role::Owner { "all tenants".to_owned() } else { tenants.join(", ") };
    let rotated = key.previous.as_ref().filter(|(_, until)| now < *until);
    let also = rotated.map(|(_, until)| format!("; the secret before is good until {}", until.utc()));
    format!("{}\t{}\t{reach}\tsince {}{}", key.name, key.role.word(), key.since.utc(), also.unwrap_or_default())
}

type Changed = (Vec<HookKey>, String, Vec<String>);

fn change(mut keys: Vec<HookKey>, wanted: Wanted, now: Wall) -> Result<Changed, String> {
    let unknown = |name: &str| format!("there is no key \"{}\"; `aegis hooks list` shows them", name.escape_debug());
    let told = |secret: &str| {
        vec![format!("secret: {secret}"), "It is shown this once. Keep it where the program has it.".to_owned()]
    };
    match wanted {
        Wanted::List => Err("nothing was asked for".to_owned()),
        Wanted::Add { name, role, tenants } => {
            if !is_name(&name) {
                let most = limits::USER_NAME_LETTERS_MAX;
                return Err(format!("a key's name has small letters, digits, dots, `-` and `_`, 1 to {most}"));
            }
            if keys.iter().any(|key| key.name == name) {
                return Err(format!("there is a key \"{name}\" already; rotate it, or drop it first"));
            }
            if keys.len() >= limits::HOOK_KEYS_MAX {
                return Err(format!("there are {} keys; drop one first", limits::HOOK_KEYS_MAX));
            }
            if role != Role::Owner && tenants.is_empty() {
                return Err("say with --tenant which tenants the key may reach; an owner's key reaches all".to_owned());
            }
            let secret = secret()?;
            let lines = told(&secret);
            let what = format!("added the key {name}: {}", role.word());
            keys.push(HookKey { name, role, tenants, since: now, secret, previous: None });
            Ok((keys, what, lines))
        }
        Wanted::Rotate(name) => {
            let key = keys.iter_mut().find(|key| key.name == name).ok_or_else(|| unknown(&name))?;
            let new = secret()?;
            let lines = told(&new);
            let until = Wall(now.0.saturating_add(limits::HOOK_KEY_OVERLAP_MS));
            key.previous = Some((std::mem::replace(&mut key.secret, new), until));
            Ok((keys, format!("rotated the key {name}"), lines))
        }
        Wanted::Drop(name) => {
            let before = keys.len();
            keys.retain(|key| key.name != name);
            if keys.len() == before {
                return Err(unknown(&name));
            }
            Ok((keys, format!("dropped the key {name}"), vec!["dropped; its next call is refused".to_owned()]))
        }
    }
}
