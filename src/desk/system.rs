//! The machine, the program and its storage; copies of the database.
//!
//! The machine is looked at every minute, and when somebody asks; [`crate::checks`] judges it.
//!
//! Promises: a copy is whole when it has its name; only names of copies are ever removed.
//!
//! Never: more copies than `limits::BACKUPS_KEPT`.

use super::Office;
use super::setup::token_path;
use crate::access::{Caller, Role};
use crate::checks::{Facts, Finding, State, judge};
use crate::clock::Wall;
use crate::config::Config;
use crate::fence::Fence;
use crate::limits;
use crate::machine::{self, Own};
use crate::store::desk::DeskTick;
use crate::store::{JOURNAL_FILE, free_bytes, schema};
use crate::web::PAGE_KEY_FILE;
use crate::web::desk::{Refused, Told};
use crate::web::views::{BackupView, Check, MemoryNow, SystemView};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

/// The folder of copies in the data folder.
const BACKUPS: &str = "backups";

/// The machine as it was seen last, and the fence around the program.
#[derive(Debug, Default)]
pub struct Rounds {
    fence: Option<Fence>,
    seen: Mutex<Vec<Finding>>,
}

impl Rounds {
    /// Rounds of a process that stands behind this fence.
    #[must_use]
    pub fn behind(fence: Fence) -> Self {
        Self { fence: Some(fence), ..Self::default() }
    }

    /// Whether the process is the appliance's own, and no test's or demonstration's.
    #[must_use]
    pub fn is_own_process(&self) -> bool {
        self.fence.is_some()
    }

    /// What was bad on the last round, a sentence each.
    #[must_use]
    pub fn alarms(&self) -> Vec<String> {
        let seen = self.seen();
        seen.iter().filter(|found| found.state == State::Bad).map(|found| found.words.clone()).collect()
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Finding>> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what is seen now, and says in the log what has become better or worse.
    fn note(&self, found: &[Finding]) {
        let mut seen = self.seen();
        let was =
            |finding: &Finding| seen.iter().any(|known| known.name == finding.name && known.state == finding.state);
        for finding in found.iter().filter(|finding| !was(finding)) {
            let what = finding.name;
            match finding.state {
                State::Bad => tracing::error!(what, "{}", finding.words),
                State::Warn => tracing::warn!(what, "{}", finding.words),
                // What was well from the start needs no line.
                State::Good if seen.iter().any(|known| known.name == what) => tracing::info!(what, "{}", finding.words),
                State::Good => {}
            }
        }
        *seen = found.to_vec();
    }
}

/// What of this installation is looked at besides the machine.
fn own(config: &Config) -> Own {
    let dir = &config.data_dir;
    let mut secrets = vec![("the bot's token", token_path(dir)), ("the page's key", dir.join(PAGE_KEY_FILE))];
    secrets.extend(config.telegram.token_file.iter().map(|path| ("the bot's token", path.clone())));
    secrets.extend(config.ai.key_file.iter().map(|path| ("the model's key", path.clone())));
    secrets.extend(config.web.certificate.iter().map(|(_, key)| ("the page's key", key.clone())));
    Own { data_dir: dir.clone(), secrets, credentials: config.credentials.clone() }
}

/// Looks at the machine for these settings; `fence` is what was put up, or tried out.
#[must_use]
pub fn facts(config: &Config, fence: Option<&Fence>, wall: Wall) -> Facts {
    let mut facts = machine::look(Path::new("/"), &own(config), wall);
    facts.heap.promise = limits::memory_bytes_max(&config.board.capacity);
    facts.heap.wanted = limits::data_bytes_max(&config.board.capacity);
    facts.walls = fence.map(Fence::finding);
    facts
}

impl Office {
    /// The machine, the program, its storage. Owners.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn system(&self, caller: &Caller) -> Told<SystemView> {
        caller.may(Role::Owner, None)?;
        let dir = &self.config.data_dir;
        let database_bytes = std::fs::metadata(dir.join(JOURNAL_FILE)).map_or(0, |found| found.len());
        let lines = limits::memory_lines(&self.config.board.capacity);
        Ok(SystemView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: schema::known(),
            board: self.config.board.name.clone(),
            data_dir: dir.display().to_string(),
            database_bytes,
            free_bytes: free_bytes(dir),
            checks: self.checks(),
            memory_now: MemoryNow {
                resident: self.counters.resident_bytes.get(),
                resident_peak: self.counters.resident_bytes_peak.get(),
                promise: self.counters.memory_bytes_max.get(),
                data: self.counters.data_bytes.get(),
                data_max: self.counters.data_bytes_max.get(),
            },
            memory: lines.iter().map(|line| (line.name.to_owned(), line.bytes, line.when_full.to_owned())).collect(),
            backups: backups(dir),
        })
    }

    /// What is looked at now: the machine, and whether Telegram answers.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        self.look_around().into_iter().chain([self.telegram()]).map(check).collect()
    }

    /// What of it everybody is told while the appliance is set up: what may hinder that. The machine is not looked at for
    /// strangers: what was seen last is told.
    #[must_use]
    pub fn checks_of_setup(&self) -> Vec<Check> {
        let seen = self.rounds.seen().clone();
        let seen = if seen.is_empty() { self.look_around() } else { seen };
        let concerns = |finding: &Finding| matches!(finding.name, "Clock" | "Storage" | "Data folder");
        seen.into_iter().filter(concerns).chain([self.telegram()]).map(check).collect()
    }

    fn telegram(&self) -> Finding {
        match self.polling() {
            Some(why) => Finding::new("Telegram", State::Bad, format!("Updates do not arrive: {why}.")),
            None => Finding::new("Telegram", State::Good, "Telegram answers."),
        }
    }

    /// Looks at the machine; what has become better or worse since the last time is said in the log.
    pub fn look_around(&self) -> Vec<Finding> {
        let mut facts = facts(&self.config, self.rounds.fence.as_ref(), self.clock.now().wall);
        facts.data.is_closed = self.journal.is_closed();
        facts.heap.used = self.counters.heap_bytes.get();
        facts.heap.is_at_work = self.rounds.is_own_process();
        let found = judge(&facts);
        self.rounds.note(&found);
        found
    }

    /// Copies the database, while it is in use. Owners.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn make_backup(&self, caller: &Caller) -> Told<BackupView> {
        caller.may(Role::Owner, None)?;
        let _one = self.one_at_a_time();
        let dir = self.config.data_dir.join(BACKUPS);
        let failed = |error: std::io::Error| Refused::Unable(format!("{}: {error}", dir.display()));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(failed)?;
        remove_unfinished(&dir);
        let name = name_at(self.clock.now().wall);
        let path = dir.join(&name);
        if path.exists() {
            return Err(Refused::Busy("a copy was made in this very second".to_owned(), 1));
        }
        let bytes = self.runtime.block_on(self.journal.backup(path)).map_err(Refused::Unable)?;
        for old in backups(&self.config.data_dir).iter().skip(limits::BACKUPS_KEPT) {
            if let Err(error) = std::fs::remove_file(dir.join(&old.name)) {
                tracing::warn!(%error, "an old copy of the database cannot be removed");
            }
        }
        let line = self.audit_line(caller, None, format!("copied the database: {name}"), "", format!("{bytes} bytes"));
        self.commit_desk(DeskTick { audit: vec![line], ..DeskTick::default() })?;
        Ok(BackupView { name, at_s: self.clock.now().wall.seconds(), bytes })
    }

    /// Removes a copy. Owners.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn drop_backup(&self, caller: &Caller, name: &str) -> Told<()> {
        caller.may(Role::Owner, None)?;
        let _one = self.one_at_a_time();
        let path = self.backup_path(name).ok_or(Refused::Missing)?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Refused::Missing),
            removed => removed.map_err(|error| Refused::Unable(format!("{}: {error}", path.display())))?,
        }
        let line = self.audit_line(caller, None, format!("removed a copy of the database: {name}"), "", "");
        self.commit_desk(DeskTick { audit: vec![line], ..DeskTick::default() })
    }

    /// Where a copy lies, and the name to save it by. Owners.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn backup_file(&self, caller: &Caller, name: &str) -> Told<(PathBuf, String)> {
        caller.may(Role::Owner, None)?;
        let path = self.backup_path(name).filter(|path| path.is_file()).ok_or(Refused::Missing)?;
        Ok((path, name.to_owned()))
    }

    /// Where a copy is; `None` when no copy can have that name.
    #[must_use]
    pub fn backup_path(&self, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.config.data_dir.join(BACKUPS).join(name))
    }
}

fn check(finding: Finding) -> Check {
    Check { name: finding.name.to_owned(), state: finding.state.word().to_owned(), words: finding.words }
}

/// The name of a copy made now.
fn name_at(now: Wall) -> String {
    let digits: String = now.utc().chars().filter(char::is_ascii_digit).collect();
    let (day, time) = digits.split_at_checked(8).unwrap_or((&digits, ""));
    format!("journal-{day}-{time}.redb")
}

/// Whether this is the name of a copy, and nothing else: no path, no other file.
fn is_name(name: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    name.strip_prefix("journal-")
        .and_then(|rest| rest.strip_suffix(".redb"))
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(day, time)| digits(day, 8) && digits(time, 6))
}

/// The copies in a data folder, newest first.
fn backups(data_dir: &Path) -> Vec<BackupView> {
    let entries = std::fs::read_dir(data_dir.join(BACKUPS)).into_iter().flatten().flatten();
    let mut found: Vec<BackupView> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| is_name(name))?;
            let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            let made = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            Some(BackupView { name, at_s: made.map_or(0, |since| since.as_secs()), bytes: about.len() })
        })
        .collect();
    found.sort_by(|a, b| b.name.cmp(&a.name));
    found
}

/// Removes what a copy that was cut off has left.
fn remove_unfinished(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let is_unfinished = entry.file_name().to_str().and_then(|name| name.strip_suffix(".new")).is_some_and(is_name);
        if is_unfinished {
            // What cannot be removed is in nobody's way but for its space.
            let _left = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_copies_are_names() {
        let name = name_at(Wall(1_795_642_800_000));
        assert!(is_name(&name), "{name}");
        for name in [
            "",
            "journal.redb",
            "journal-20261125-21400.redb",
            "journal-20261125-2140000.redb",
            "journal-20261125-214000.redb.new",
            "../journal-20261125-214000.redb",
            "journal-2026112/-214000.redb",
            "journal-20261125-214000.redb/",
            "journal-2026112\u{665}-214000.redb",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_bad_is_an_alarm_until_it_is_mended() {
        let rounds = Rounds::default();
        let found = |state| [Finding::new("Power", state, "words")];
        rounds.note(&found(State::Warn));
        assert!(rounds.alarms().is_empty());
        rounds.note(&found(State::Bad));
        assert_eq!(rounds.alarms(), ["words"]);
        rounds.note(&found(State::Good));
        assert!(rounds.alarms().is_empty());
    }
}
