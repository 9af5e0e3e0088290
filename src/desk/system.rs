//! The machine, the program and its storage; copies of the database.
//!
//! Promises: a copy is whole when it has its name; only names of copies are ever removed.
//!
//! Never: more copies than `limits::BACKUPS_KEPT`.

use super::Office;
use crate::access::{Caller, Role};
use crate::clock::Wall;
use crate::limits;
use crate::store::desk::DeskTick;
use crate::store::{JOURNAL_FILE, free_bytes, schema};
use crate::web::desk::{Refused, Told};
use crate::web::views::{BackupView, Check, SystemView};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The folder of copies in the data folder.
const BACKUPS: &str = "backups";

/// The first year in which this program can run: an earlier clock is wrong.
const YEAR_LEAST: u32 = 2026;

/// Free space below which storage is no longer good, bytes: room for the database to grow and for a copy.
const FREE_BYTES_LEAST: u64 = 256 * 1024 * 1024;

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
            memory: lines.iter().map(|line| (line.name.to_owned(), line.bytes, line.when_full.to_owned())).collect(),
            backups: backups(dir),
        })
    }

    /// What is looked at now: clock, storage, the data folder, Telegram.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let dir = &self.config.data_dir;
        let telegram = match self.polling() {
            Some(why) => check("Telegram", "bad", format!("Updates do not arrive: {why}.")),
            None => check("Telegram", "good", "Telegram answers.".to_owned()),
        };
        vec![clock(self.clock.now().wall), storage(self.journal.is_closed(), free_bytes(dir)), folder(dir), telegram]
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

/// Bytes as people say them.
fn room(bytes: u64) -> String {
    let (gigabytes, megabytes) = (bytes / 1_000_000_000, bytes / 1_000_000);
    if gigabytes >= 10 { format!("{gigabytes} GB") } else { format!("{megabytes} MB") }
}

fn check(name: &str, state: &str, words: String) -> Check {
    Check { name: name.to_owned(), state: state.to_owned(), words }
}

fn clock(now: Wall) -> Check {
    let told = now.utc();
    let year: u32 = told.split('-').next().and_then(|year| year.parse().ok()).unwrap_or(0);
    if year < YEAR_LEAST {
        let words = format!("The clock says {told}, which is past; set it, or let the machine ask a time server.");
        return check("Clock", "bad", words);
    }
    check("Clock", "good", format!("The clock says {told}."))
}

fn storage(is_closed: bool, free: Option<u64>) -> Check {
    if is_closed {
        let words = "The database cannot be written; look at the disk and its free space, then restart.";
        return check("Storage", "bad", words.to_owned());
    }
    match free {
        Some(free) if free < FREE_BYTES_LEAST => {
            check("Storage", "warn", format!("Only {} are free; make room.", room(free)))
        }
        Some(free) => check("Storage", "good", format!("Written without fault; {} are free.", room(free))),
        None => check("Storage", "warn", "Written without fault; the free space cannot be told.".to_owned()),
    }
}

fn folder(dir: &Path) -> Check {
    let shown = dir.display();
    match std::fs::metadata(dir).map(|found| found.permissions().mode() & 0o777) {
        Ok(mode) if mode & 0o077 != 0 => check(
            "Data folder",
            "warn",
            format!("{shown} may be read by others (mode {mode:03o}); mend with: chmod 700"),
        ),
        Ok(mode) => check("Data folder", "good", format!("Only its owner may open {shown} (mode {mode:03o}).")),
        Err(error) => check("Data folder", "bad", format!("{shown} cannot be looked at: {error}.")),
    }
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
    fn a_clock_of_the_past_and_a_full_disk_are_said() {
        assert_eq!(clock(Wall(0)).state, "bad");
        assert_eq!(clock(Wall(1_795_642_800_000)).state, "good");
        assert_eq!(storage(true, Some(u64::MAX)).state, "bad");
        assert_eq!(storage(false, Some(1)).state, "warn");
        assert_eq!(storage(false, Some(u64::MAX)).state, "good");
    }
}
