//! The machine, the program and its storage.
//!
//! Promises: what is not well says how to mend it.
//!
//! Never: a change.

use super::Office;
use super::backups::backups;
use crate::access::{Caller, Role};
use crate::clock::Wall;
use crate::limits;
use crate::store::{JOURNAL_FILE, free_bytes, schema};
use crate::web::desk::Told;
use crate::web::views::{Check, SystemView};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The first year in which this program can run: an earlier clock is wrong.
const YEAR_LEAST: u32 = 2026;

/// Free space below which storage is no longer good, bytes: room for the database to grow and for a copy.
const FREE_BYTES_LEAST: u64 = 256 * 1024 * 1024;

impl Office {
    /// The machine, the program, its storage. Owners.
    ///
    /// # Errors
    /// As [`crate::web::desk::Refused`] says.
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

    /// What is looked at now: clock, storage, the data folder, Telegram, backups.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let dir = &self.config.data_dir;
        let telegram = match self.polling() {
            Some(why) => check("Telegram", "bad", format!("Updates do not arrive: {why}.")),
            None => check("Telegram", "good", "Telegram answers.".to_owned()),
        };
        let storage = storage(self.journal.is_closed(), free_bytes(dir));
        vec![clock(self.clock.now().wall), storage, folder(dir), telegram, self.backup_check()]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_the_past_and_a_full_disk_are_said() {
        assert_eq!(clock(Wall(0)).state, "bad");
        assert_eq!(clock(Wall(1_795_642_800_000)).state, "good");
        assert_eq!(storage(true, Some(u64::MAX)).state, "bad");
        assert_eq!(storage(false, Some(1)).state, "warn");
        assert_eq!(storage(false, Some(u64::MAX)).state, "good");
    }
}
