//! `aegis hooks`: keys of programs that may call, and how receivers of webhooks stand.
//!
//! Promises: through the running appliance when there is one, else in the file; a secret is shown once, when it is made.
//!
//! Never: a secret as an argument, where others on the machine can read it.

use super::Failure;
use super::offline::{ask, open_store, print};
use crate::access::Role;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::hooks::{self, Wanted};
use crate::control::{self, Answer};
use crate::tenant::TenantName;

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Hooks {
    /// The keys of programs, and how much waits for receivers.
    List,
    /// Keys of programs that ask with signed calls.
    Key {
        #[command(subcommand)]
        verb: Key,
    },
}

/// What to do with a key.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Key {
    /// Make one, and show its secret once.
    Add {
        /// Its name, by which the audit log knows it.
        name: String,
        /// What it may at most: viewer, admin or owner.
        #[arg(long, value_name = "ROLE", value_parser = role)]
        role: Role,
        /// A tenant it may reach; an owner's reaches all.
        #[arg(long = "tenant", value_name = "NAME")]
        tenants: Vec<String>,
    },
    /// Make another secret for one; the secret before is good for a day.
    Rotate {
        /// Its name.
        name: String,
    },
    /// End one.
    Drop {
        /// Its name.
        name: String,
    },
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).ok_or_else(|| "write viewer, admin or owner".to_owned())
}

pub(super) fn carry_out(config: &Config, verb: Hooks) -> Result<(), Failure> {
    let wanted = match verb {
        Hooks::List => Wanted::List,
        Hooks::Key { verb: Key::Add { name, role, tenants } } => {
            let tenants = tenants.iter().map(|name| tenant(config, name)).collect::<Result<_, _>>()?;
            Wanted::Add { name, role, tenants }
        }
        Hooks::Key { verb: Key::Rotate { name } } => Wanted::Rotate(name),
        Hooks::Key { verb: Key::Drop { name } } => Wanted::Drop(name),
    };
    let answer = match ask(config, &control::Command::Hooks(wanted.clone()))? {
        Some(answer) => answer,
        None => {
            let now = Clock::start().now().wall;
            let mut store = open_store(config, now)?;
            let (tick, answer) = hooks::answer(&store.snapshots(), wanted, now)?;
            if !tick.is_empty() {
                store.commit(&[tick], now)?;
            }
            answer
        }
    };
    match answer {
        Answer::Lines(lines) => print(&(lines.join("\n") + "\n")),
        Answer::Changed(_) => print("changed\n"),
        Answer::Refused(why) | Answer::Api(_, why) => Err(Failure::usage(why)),
    }
}

/// A tenant that the settings have.
fn tenant(config: &Config, name: &str) -> Result<TenantName, Failure> {
    let known =
        TenantName::new(name).filter(|known| *known == TenantName::default() || config.tenants.contains_key(known));
    known.ok_or_else(|| Failure::usage(format!("the settings have no tenant \"{}\"", name.escape_debug())))
}
