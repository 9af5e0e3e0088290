//! `aegis sync`: this board and its hub.
//!
//! Promises: the key is made here and never leaves the data folder; a refusal says what was wrong, and a board that was enrolled
//! stays so until the new enrolment holds. `verify` ends with 65 where both sides differ.
//!
//! Never: a key or a code shown.

use super::offline::{open_store, print};
use super::{Failure, FailureKind};
use crate::clock::Clock;
use crate::cloud::{Ask, Client, Enrolment, Home, Key, document};
use crate::config::{Config, check_url};
use crate::control::{self, Answer};
use crate::limits;
use crate::sync::{Signing, verify};
use aegis_contract::{Document, Enrol, Enrolled, routes};
use std::time::Duration;

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Sync {
    /// Join a hub, with the one-time code that it gave.
    Enrol {
        /// The hub's address; without it, the one of the settings.
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// The code.
        #[arg(long, value_name = "CODE")]
        code: String,
    },
    /// How this board stands with its hub.
    Status,
    /// Compare what was counted here with what the hub has, row by row.
    Verify,
    /// Tell the hub all rows again that are here, those that were set aside too; nothing counts twice.
    Again,
    /// Forget the hub, and the key for it.
    Leave,
}

pub(super) fn carry_out(config: &Config, verb: Sync) -> Result<(), Failure> {
    match verb {
        Sync::Enrol { url, code } => enrol(config, url, &code),
        Sync::Status => lines(asked(config, &control::Command::SyncStatus)?.unwrap_or_else(|| {
            let told = match Home::of(&config.data_dir).read() {
                Ok(Some((enrolment, _))) => {
                    format!("enrolled at {} as {}; the appliance does not run", enrolment.url, enrolment.board)
                }
                Ok(None) => "not enrolled".to_owned(),
                Err(why) => why,
            };
            Answer::Lines(vec![told])
        })),
        Sync::Verify => lines(match asked(config, &control::Command::SyncVerify)? {
            Some(answer) => answer,
            None => {
                let clock = Clock::start();
                let store = open_store(config, clock.now().wall)?;
                let compared =
                    super::runtime()?.block_on(verify::all(config, &store.snapshots(), &clock, &Signing::default()));
                compared.map_or_else(Answer::Refused, |(is_same, lines)| answer(is_same, lines))
            }
        }),
        Sync::Again => lines(asked(config, &control::Command::SyncAgain)?.unwrap_or_else(|| {
            Answer::Refused("the appliance does not run; start it, and run this once more".to_owned())
        })),
        Sync::Leave => {
            let home = Home::of(&config.data_dir);
            home.leave().map_err(|error| Failure::storage(format!("{}: {error}", home.path().display())))?;
            print("this board is at no hub any more; a running appliance sees it within seconds\n")
        }
    }
}

/// The answer to a comparison: where both differ, the first line says so.
pub(super) fn answer(is_same: bool, lines: Vec<String>) -> Answer {
    if is_same { Answer::Lines(lines) } else { Answer::Api(0, lines.join("\n")) }
}

fn asked(config: &Config, command: &control::Command) -> Result<Option<Answer>, Failure> {
    let patience = Duration::from_millis(limits::HISTORY_WAIT_MS);
    control::ask_within(&config.data_dir, command, patience)
        .map_err(|error| Failure::storage(format!("the running appliance does not answer: {error}")))
}

fn lines(answer: Answer) -> Result<(), Failure> {
    match answer {
        Answer::Lines(lines) => print(&(lines.join("\n") + "\n")),
        Answer::Changed(_) => Ok(()),
        Answer::Api(_, differing) => {
            print(&format!("{differing}\n"))?;
            Err(Failure {
                kind: FailureKind::Data,
                why: "both sides differ; rows that still wait to be told are among them, and `aegis sync again` tells all once more".to_owned(),
            })
        }
        Answer::Refused(why) => Err(Failure::usage(why)),
    }
}

fn enrol(config: &Config, url: Option<String>, code: &str) -> Result<(), Failure> {
    let of_settings = config.cloud.as_ref().map(|cloud| cloud.url.clone());
    let url = url
        .or(of_settings)
        .ok_or_else(|| Failure::usage("name the hub with --url, or in the settings as [cloud] url"))?;
    let url = url.trim_end_matches('/').to_owned();
    check_url(&url).map_err(Failure::usage)?;
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::storage(format!("the system gives no chance: {error}")))?;
    let key = Key::of_seed(&seed).ok_or_else(|| Failure::storage("no key can be made"))?;
    let mut enrol = Enrol {
        code: code.to_owned(),
        key: key.public(),
        name: config.cloud.as_ref().map_or_else(|| "aegis".to_owned(), |cloud| cloud.name.clone()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        profile: config.board.name.clone(),
        signature: String::new(),
    };
    enrol.signature = key.sign(&enrol.text());
    enrol.check().map_err(|refusal| Failure::usage(refusal.to_string()))?;
    let root = config.cloud.as_ref().and_then(|cloud| cloud.root.as_deref());
    let client = Client::new(&url, root).map_err(Failure::usage)?;
    let told = super::runtime()?.block_on(client.ask_unsigned(Ask::post(routes::ENROL, enrol.bytes())));
    let told =
        told.and_then(|told| document::<Enrolled>(&told)).map_err(|failure| Failure::usage(failure.to_string()))?;
    let enrolment = Enrolment {
        url: url.clone(),
        board: told.board.to_string(),
        name: enrol.name,
        tenants: told.tenants.clone(),
        pack_key: told.pack_key,
        at: Clock::start().now().wall.seconds(),
    };
    crate::app::prepare_data_dir(&config.data_dir)?;
    let home = Home::of(&config.data_dir);
    home.keep(&seed, &enrolment).map_err(|error| Failure::storage(format!("{}: {error}", home.path().display())))?;
    print(&format!("enrolled as {} for {}\n", enrolment.board, told.tenants.join(", ")))?;
    if config.cloud.as_ref().is_none_or(|cloud| cloud.url != url) {
        print(&format!("write [cloud] with url = \"{url}\" into the settings, and restart: nothing is told before\n"))?;
    }
    Ok(())
}
