//! A door for the terminal: a private Unix socket through which `aegis status`, `aegis undo`, `aegis dead-letters` and others
//! speak to a running appliance. What the page can do, the terminal can: it asks the same API, as an owner.
//!
//! Promises: the file has one writer. When the appliance runs, changes go through its journal; when it does not, the
//! terminal opens the file itself, and is refused if somebody else has it.
//!
//! Never: a network. The socket lies in the data directory, readable and writable by its owner alone.

pub mod budget;
pub mod history;
pub mod hooks;

use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::dispatch::task::Word;
use crate::journal::Journal;
use crate::journal::history::Notes;
use crate::limits;
use crate::review::SharedLane;
use crate::shard::InForce;
use crate::store::records::{Audit, DeadLetter};
use crate::store::{Snapshots, StoreError, Tick};
use crate::sync::{SharedSeen, Signing, verify};
use crate::web::api::{Content, Question};
use crate::web::site::Site;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The socket's name in the data directory.
pub const SOCKET_FILE: &str = "aegis.sock";

/// What the terminal asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// List the dead letters.
    List,
    /// Take them back into the outbox; empty: all.
    Retry(Vec<u64>),
    /// Remove them for good; empty: all.
    Drop(Vec<u64>),
    /// Tell the stored messages; answered with lines of [`history`].
    History,
    /// Tell how budgets stand: of the named tenant, or of all.
    BudgetShow(Option<String>),
    /// Set caps.
    BudgetSet(budget::Wanted),
    /// Tell how webhooks stand, or change keys of programs.
    Hooks(hooks::Wanted),
    /// Tell how this board stands with its hub.
    SyncStatus,
    /// Compare this board with its hub.
    SyncVerify,
    /// Tell the hub all rows again.
    SyncAgain,
    /// Copy the database beside itself, for an update that may have to be taken back.
    CopyForUpdate,
    /// Ask the API, as an owner.
    Api {
        /// The method.
        method: String,
        /// The path below `/api/v1`, with its query.
        path: String,
        /// The body, JSON; empty for none.
        body: String,
    },
}

/// What the terminal is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// What was asked for, a line each.
    Lines(Vec<String>),
    /// How many were taken back or removed.
    Changed(u64),
    /// What the API answered: its status and JSON.
    Api(u16, String),
    /// Why nothing was done.
    Refused(String),
}

/// A dead letter in one line.
#[must_use]
pub fn line(number: u64, letter: &DeadLetter) -> String {
    let key = letter.row.key;
    format!(
        "{number}\t{}\tchat {}\tmessage {}\ttrace {}\t{}",
        key.action.word(),
        key.chat.0,
        key.message.0,
        letter.row.trace,
        letter.why.escape_debug()
    )
}

/// What a command changes, and what is answered once that is durable.
///
/// # Errors
/// When the file cannot be read.
pub fn answer(snapshots: &Snapshots, command: Command, now: Wall) -> Result<(Tick, Answer), StoreError> {
    if let Command::Hooks(wanted) = command {
        return hooks::answer(snapshots, wanted, now);
    }
    let known = snapshots.dead_letters(limits::DEAD_LETTERS_MAX)?;
    let chosen = |wanted: Vec<u64>| -> Result<Vec<u64>, String> {
        let all: Vec<u64> = known.iter().map(|(number, _)| *number).collect();
        if wanted.is_empty() {
            return Ok(all);
        }
        match wanted.iter().find(|number| !all.contains(number)) {
            Some(unknown) => Err(format!("there is no dead letter {unknown}; `aegis dead-letters list` shows them")),
            None => Ok(wanted),
        }
    };
    let changed = |numbers: &[u64], verb: &str| {
        let what = format!("{verb} dead letters {numbers:?}");
        let audit = Audit { at: now, who: "terminal".to_owned(), what };
        (vec![audit], Answer::Changed(u64::try_from(numbers.len()).unwrap_or(u64::MAX)))
    };
    Ok(match command {
        Command::List => {
            let lines = known.iter().map(|(number, letter)| line(*number, letter)).collect();
            (Tick::default(), Answer::Lines(lines))
        }
        // Told by the door itself, which knows them.
        Command::History
        | Command::BudgetShow(_)
        | Command::BudgetSet(_)
        | Command::Hooks(_)
        | Command::SyncStatus
        | Command::SyncVerify
        | Command::SyncAgain
        | Command::CopyForUpdate
        | Command::Api { .. } => (Tick::default(), Answer::Refused("only a running appliance can tell".to_owned())),
        Command::Retry(wanted) => match chosen(wanted) {
            Ok(numbers) => {
                let (audit, answer) = changed(&numbers, "retried");
                (Tick { revived: numbers, audit, ..Tick::default() }, answer)
            }
            Err(why) => (Tick::default(), Answer::Refused(why)),
        },
        Command::Drop(wanted) => match chosen(wanted) {
            Ok(numbers) => {
                let (audit, answer) = changed(&numbers, "dropped");
                (Tick { discarded: numbers, audit, ..Tick::default() }, answer)
            }
            Err(why) => (Tick::default(), Answer::Refused(why)),
        },
    })
}

/// The door's inside.
#[derive(Debug)]
pub struct Door {
    /// Reads the file.
    pub snapshots: Snapshots,
    /// Writes it.
    pub journal: Journal,
    /// Carries out what was taken back.
    pub dispatch: mpsc::Sender<Word>,
    /// The clock.
    pub clock: Clock,
    /// The stored messages; `None` when none are stored.
    pub notes: Option<Notes>,
    /// The slow lane, with what was spent.
    pub lane: SharedLane,
    /// The settings in force.
    pub in_force: InForce,
    /// The settings as of the start.
    pub config: Config,
    /// How this board stands with its hub.
    pub sync: SharedSeen,
    /// The turn to ask the hub.
    pub signing: Signing,
    /// The API.
    pub site: Arc<Site>,
    /// Where a copy of the database goes that an update asks for.
    pub copy: PathBuf,
}

/// Opens the socket in `dir`.
///
/// # Errors
/// When it cannot be created.
pub fn open(dir: &Path) -> std::io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join(SOCKET_FILE);
    // A socket that an earlier run left behind; the file's lock has shown that nobody uses it.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

impl Door {
    /// Serves one caller after another.
    pub async fn serve(self, listener: UnixListener) {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever is too slow or hangs up is not answered; the next one is.
            let _failed = self.converse(stream).await;
        }
    }

    async fn converse(&self, mut stream: UnixStream) -> std::io::Result<()> {
        let (wait, long_wait) =
            (Duration::from_millis(limits::CONTROL_WAIT_MS), Duration::from_millis(limits::HISTORY_WAIT_MS));
        let mut asked = Vec::new();
        let bound = u64::try_from(limits::CONTROL_BYTES_MAX).unwrap_or(u64::MAX);
        let mut head = (&mut stream).take(bound);
        timeout(wait, head.read_to_end(&mut asked)).await??;
        match serde_json::from_slice::<Command>(&asked) {
            Ok(Command::History) => {
                let sent = history::send(self.notes.as_ref(), &mut stream);
                timeout(long_wait, sent).await??;
            }
            asked => {
                // A database is copied and sealed at the card's speed.
                let wait = match &asked {
                    Ok(Command::Api { path, .. }) if path.starts_with("/backups") => long_wait,
                    Ok(Command::CopyForUpdate | Command::SyncVerify) => long_wait,
                    _ => wait,
                };
                let answered = async {
                    let answer = match asked {
                        Ok(command) => self.carry_out(command).await,
                        Err(error) => Answer::Refused(format!("not a command: {error}")),
                    };
                    stream.write_all(&serde_json::to_vec(&answer)?).await
                };
                timeout(wait, answered).await??;
            }
        }
        stream.shutdown().await
    }

    fn sync_status(&self) -> Vec<String> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        let seen = self.sync.lock().unwrap_or_else(PoisonError::into_inner).clone();
        seen.lines(self.config.cloud.as_ref())
    }

    fn budget_show(&self, wanted: Option<&str>) -> Answer {
        let book = self.in_force.now();
        let told = budget::show(&self.lane.lock().ledger, &book.tenants, &book.ai.currency, wanted);
        told.map_or_else(Answer::Refused, Answer::Lines)
    }

    /// Sets caps: durably first, then in force.
    async fn budget_set(&self, wanted: &budget::Wanted) -> Answer {
        let planned = budget::set(&self.lane.lock().ledger, &self.in_force.now().tenants, wanted);
        let (name, caps, what) = match planned {
            Ok(planned) => planned,
            Err(why) => return Answer::Refused(why),
        };
        let audit = Audit { at: self.clock.now().wall, who: "terminal".to_owned(), what: what.clone() };
        let tick = Tick { caps: vec![(name.clone(), caps)], audit: vec![audit], ..Tick::default() };
        if let Err(gone) = self.journal.commit(tick).await {
            return Answer::Refused(gone.to_string());
        }
        self.lane.lock().ledger.set_caps(&name, caps);
        self.lane.wake();
        Answer::Lines(vec![what])
    }

    /// Asks the API. It may wait for storage, so it is asked from a thread that may.
    async fn api(&self, method: String, path: String, body: String) -> Answer {
        let site = Arc::clone(&self.site);
        let asked = tokio::task::spawn_blocking(move || {
            let whole = format!("/api/v1{path}");
            let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
            let question = Question {
                method: &method,
                path,
                query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
                body: body.as_bytes(),
                client: "terminal",
                authorization: "",
                key: None,
            };
            let reply = site.terminal(&question);
            match reply.content {
                Content::Json(text) => Answer::Api(reply.status, text),
                Content::Nothing => Answer::Api(reply.status, String::new()),
                Content::File(file, _) => Answer::Lines(vec![file.display().to_string()]),
            }
        });
        asked.await.unwrap_or_else(|error| Answer::Refused(error.to_string()))
    }

    async fn carry_out(&self, command: Command) -> Answer {
        let command = match command {
            Command::BudgetShow(wanted) => return self.budget_show(wanted.as_deref()),
            Command::BudgetSet(wanted) => return self.budget_set(&wanted).await,
            Command::SyncStatus => return Answer::Lines(self.sync_status()),
            Command::SyncAgain => {
                // As in `sync_status`.
                let told = self.sync.lock().unwrap_or_else(PoisonError::into_inner).tell_again();
                return told.map_or_else(Answer::Refused, |line| Answer::Lines(vec![line]));
            }
            Command::SyncVerify => {
                return match verify::all(&self.config, &self.snapshots, &self.clock, &self.signing).await {
                    Ok((true, lines)) => Answer::Lines(lines),
                    Ok((false, lines)) => Answer::Api(0, lines.join("\n")),
                    Err(why) => Answer::Refused(why),
                };
            }
            Command::Api { method, path, body } => return self.api(method, path, body).await,
            Command::CopyForUpdate => {
                let copied = self.journal.backup(self.copy.clone()).await;
                return copied.map_or_else(Answer::Refused, Answer::Changed);
            }
            other => other,
        };
        let (tick, told) = match answer(&self.snapshots, command, self.clock.now().wall) {
            Ok(planned) => planned,
            Err(error) => return Answer::Refused(error.to_string()),
        };
        if tick.is_empty() {
            return told;
        }
        match self.journal.commit(tick).await {
            Ok(committed) => {
                if !committed.revived.is_empty() && self.dispatch.send(Word::Rows(committed.revived)).await.is_err() {
                    tracing::debug!("the dispatcher is closing; what was taken back is tried at the next start");
                }
                told
            }
            Err(gone) => Answer::Refused(gone.to_string()),
        }
    }
}

/// Asks a running appliance; `None` when none is running there.
///
/// # Errors
/// When the appliance is there and does not answer.
pub fn ask(dir: &Path, command: &Command) -> std::io::Result<Option<Answer>> {
    ask_within(dir, command, Duration::from_millis(limits::CONTROL_WAIT_MS))
}

/// As [`ask`], with patience for what takes long.
///
/// # Errors
/// As [`ask`].
pub fn ask_within(dir: &Path, command: &Command, patience: Duration) -> std::io::Result<Option<Answer>> {
    use std::io::{Read, Write};
    let path: PathBuf = dir.join(SOCKET_FILE);
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(&path) else { return Ok(None) };
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(&serde_json::to_vec(command)?)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(Some(serde_json::from_slice(&answer)?))
}
