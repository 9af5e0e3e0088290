//! The program: `aegis-hub serve`, `aegis-hub migrate`, `aegis-hub token`, `aegis-hub tenant`, `aegis-hub code`.
//!
//! Promises: what is wrong with the settings is one sentence, and the exit status is 2; a close by SIGTERM or Ctrl-C lets
//! what runs end.
//!
//! Never: a secret in the log, or in the list of processes unless somebody puts it there: all settings may come from the
//! environment.

use aegis_hub::db::people::{NewToken, Role};
use aegis_hub::db::{Database, Scope, Stop, fleet, migrate, people, tenants};
use aegis_hub::server::{Hub, serve};
use aegis_hub::{clock, limits};
use clap::{Args, Parser, Subcommand};
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(name = "aegis-hub", version, about = "The hub of a fleet of Aegis boards")]
struct Line {
    #[command(subcommand)]
    order: Order,
}

/// The program's own database role, under which row-level security holds.
#[derive(Args)]
struct At {
    /// The database, as the role aegis_hub: postgres://aegis_hub:PASSWORD@HOST/DATABASE
    #[arg(long, env = "AEGIS_HUB_DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

#[derive(Subcommand)]
enum Order {
    /// Serves boards and people.
    Serve {
        #[command(flatten)]
        at: At,
        /// Where to listen.
        #[arg(long, env = "AEGIS_HUB_LISTEN", default_value = "127.0.0.1:8480")]
        listen: String,
        /// The line of minisign's public key that signs packs.
        #[arg(long, env = "AEGIS_HUB_PACK_KEY", default_value = "")]
        pack_key: String,
        /// The page is reached without TLS: for trying it out on one machine.
        #[arg(long, env = "AEGIS_HUB_PLAIN")]
        plain: bool,
        /// Log lines in JSON.
        #[arg(long, env = "AEGIS_HUB_LOG_JSON")]
        log_json: bool,
    },
    /// Takes the database's schema to the newest step, or to a given one.
    Migrate {
        /// The database, as its owner: postgres://aegis_hub_owner:PASSWORD@HOST/DATABASE
        #[arg(long, env = "AEGIS_HUB_OWNER_URL", hide_env_values = true)]
        owner_url: String,
        /// The step to go to, up or down.
        #[arg(long)]
        to: Option<i64>,
    },
    /// Makes a tenant.
    Tenant {
        #[command(flatten)]
        at: At,
        /// Small letters, digits, - and _.
        name: String,
    },
    /// Makes a token for a person and shows it once.
    Token {
        #[command(flatten)]
        at: At,
        /// Whose it is, for the audit.
        #[arg(long)]
        name: String,
        /// owner, auditor, admin or viewer.
        #[arg(long)]
        role: String,
        /// A tenant of an admin or a viewer; may stand more than once.
        #[arg(long = "tenant")]
        tenants: Vec<String>,
        /// For how many days it is good.
        #[arg(long)]
        days: Option<u32>,
    },
    /// Makes a one-time code for a board and shows it once.
    Code {
        #[command(flatten)]
        at: At,
        /// A tenant of the board; may stand more than once.
        #[arg(long = "tenant", required = true)]
        tenants: Vec<String>,
        /// For how many hours it is good.
        #[arg(long, default_value_t = limits::CODE_HOURS)]
        hours: u32,
    },
}

fn main() -> ExitCode {
    let line = Line::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(line.order)),
        Err(error) => Err(format!("the system gives no threads: {error}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("aegis-hub: {sentence}");
            ExitCode::from(2)
        }
    }
}

async fn run(order: Order) -> Result<(), String> {
    match order {
        Order::Migrate { owner_url, to } => {
            let made = migrate::to(&owner_url, to.unwrap_or_else(migrate::newest)).await?;
            made.iter().for_each(|step| println!("{step}"));
            println!("the schema is at step {}", to.unwrap_or_else(migrate::newest));
            Ok(())
        }
        Order::Serve { at, listen, pack_key, plain, log_json } => {
            log(log_json);
            let hub = Hub::new(Database::new(&at.database_url)?, &pack_key, !plain)?;
            hub.db.checked().await?;
            let listener = TcpListener::bind(&listen).await;
            let listener =
                listener.map_err(|error| format!("cannot listen at {listen}: {error}; set AEGIS_HUB_LISTEN"))?;
            let address = listener.local_addr().map_err(|error| format!("cannot listen at {listen}: {error}"))?;
            tracing::info!(%address, packs = !hub.pack_key_line.is_empty(), "listening");
            serve(listener, Arc::new(hub), closing()?).await;
            tracing::info!("closed");
            Ok(())
        }
        Order::Tenant { at, name } => {
            at_terminal(&at, async |tx| tenants::make(tx, "terminal", &name).await).await?;
            println!("the tenant {name} is there");
            Ok(())
        }
        Order::Token { at, name, role, tenants, days } => {
            let role = Role::from_word(&role)
                .ok_or_else(|| format!("{role} is no role; use owner, auditor, admin or viewer"))?;
            let new = NewToken { name, role, tenants, days };
            let now_us = clock::now_us();
            let (token, _) = at_terminal(&at, async |tx| people::give(tx, "terminal", &new, now_us).await).await?;
            println!("{token}");
            Ok(())
        }
        Order::Code { at, tenants, hours } => {
            let new = fleet::NewCode { tenants, hours: Some(hours) };
            let now_us = clock::now_us();
            let (code, _) = at_terminal(&at, async |tx| fleet::code(tx, "terminal", &new, now_us).await).await?;
            println!("{code}");
            Ok(())
        }
    }
}

/// One transaction of whoever holds the database's password.
async fn at_terminal<Value>(
    at: &At,
    order: impl AsyncFnOnce(&mut aegis_hub::db::Tx) -> Result<Value, Stop>,
) -> Result<Value, String> {
    let told = |stop: Stop| match stop {
        Stop::Problem(problem) => problem.detail,
        Stop::Database(error) => {
            format!("the database did not do it: {error}; is AEGIS_HUB_DATABASE_URL right, and aegis-hub migrate done?")
        }
    };
    let db = Database::new(&at.database_url)?;
    let mut tx = db.begin(Scope::All).await.map_err(told)?;
    let value = order(&mut tx).await.map_err(told)?;
    tx.commit().await.map_err(|error| told(error.into()))?;
    db.close().await;
    Ok(value)
}

fn log(is_json: bool) {
    let to = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
    if is_json { to.json().init() } else { to.with_ansi(false).init() }
}

/// Ends when the process is asked to end.
fn closing() -> Result<impl Future<Output = ()>, String> {
    let none = |error: std::io::Error| format!("the system tells no signals: {error}");
    let mut term = signal(SignalKind::terminate()).map_err(none)?;
    let mut int = signal(SignalKind::interrupt()).map_err(none)?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}
