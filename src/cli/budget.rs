//! `aegis budget`: what was spent on a model, and caps set by hand.
//!
//! Promises: through the running appliance when there is one, so that a change is in force at once; else in the file.
//!
//! Never: caps without a number.

use super::offline::{ask, open_store, print};
use crate::app::Failure;
use crate::budget::Micros;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::budget::{self, Wanted};
use crate::control::{self, Answer};
use crate::review;
use crate::store::Tick;
use crate::store::records::Audit;

/// What to do with budgets.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Budget {
    /// What was spent this month, under which caps, and by whom.
    Show {
        /// This tenant only.
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
    },
    /// Set caps in the place of those in the settings, or go by the settings again.
    Set {
        /// Whose.
        #[arg(long, value_name = "NAME", default_value = "default")]
        tenant: String,
        /// The most that may be spent in a calendar month, such as 5.00.
        #[arg(long, value_name = "AMOUNT")]
        money: Option<Micros>,
        /// The most calls in a calendar month.
        #[arg(long, value_name = "N")]
        calls: Option<u64>,
        /// Go by the settings again.
        #[arg(long)]
        as_settings: bool,
    },
}

pub(super) fn carry_out(config: &Config, verb: Budget) -> Result<(), Failure> {
    let command = match verb {
        Budget::Show { tenant } => control::Command::BudgetShow(tenant),
        Budget::Set { tenant, money, calls, as_settings } => {
            control::Command::BudgetSet(Wanted { tenant, money, calls, as_settings })
        }
    };
    let answer = match ask(config, &command)? {
        Some(answer) => answer,
        None => in_file(config, command)?,
    };
    match answer {
        Answer::Lines(lines) => print(&(lines.join("\n") + "\n")),
        Answer::Changed(_) => print("changed\n"),
        Answer::Refused(why) | Answer::Api(_, why) => Err(Failure::usage(why)),
    }
}

fn in_file(config: &Config, command: control::Command) -> Result<Answer, Failure> {
    let now = Clock::start().now().wall;
    let mut store = open_store(config, now)?;
    let ledger = review::ledger(&store.snapshots())?;
    let tenants = config.tenants();
    let (tick, told) = match command {
        control::Command::BudgetShow(wanted) => {
            (None, budget::show(&ledger, &tenants, &config.ai.currency, wanted.as_deref()))
        }
        control::Command::BudgetSet(wanted) => match budget::set(&ledger, &tenants, &wanted) {
            Ok((name, caps, what)) => {
                let audit = vec![Audit { at: now, who: "terminal".to_owned(), what: what.clone() }];
                (Some(Tick { caps: vec![(name, caps)], audit, ..Tick::default() }), Ok(vec![what]))
            }
            Err(why) => (None, Err(why)),
        },
        _ => (None, Err("not a command about budgets".to_owned())),
    };
    if let Some(tick) = tick {
        store.commit(&[tick], now)?;
    }
    Ok(told.map_or_else(Answer::Refused, Answer::Lines))
}
