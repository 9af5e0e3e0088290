//! Backups: made by hand and each night, listed, handed out, removed.
//!
//! Promises: a backup is whole when it has its name; only names of backups are ever removed; one is made at a time. With a
//! recipient it is one sealed file with all that a new board needs; without one it is a copy of the database, and the page says
//! how to have more.
//!
//! Never: more of one kind than `limits::BACKUPS_KEPT`; an order of somebody else that waits while a file is sealed.

use super::Office;
use crate::access::{Caller, Reach, Role};
use crate::clock::Wall;
use crate::config::Config;
use crate::events::Event;
use crate::jobs::backup::{self, FOLDER, RECIPIENT_FILE, Sources, known_recipients};
use crate::jobs::nightly::{self, Known};
use crate::limits;
use crate::store::desk::DeskTick;
use crate::store::schema;
use crate::vault::Recipient;
use crate::web::desk::{Refused, Told};
use crate::web::views::{BackupView, Check};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::UNIX_EPOCH;

/// Days after which the newest backup is called old.
const OLD_S: u64 = 2 * 86_400;

/// What is known of backups besides the files themselves.
#[derive(Clone, Debug, Default)]
pub struct Backups(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_busy: AtomicBool,
    said: Mutex<Said>,
}

#[derive(Clone, Debug, Default)]
struct Said {
    /// When one was last made by itself, or tried, milliseconds since the start.
    tried_ms: Option<u64>,
    /// Why the last one failed.
    failed: Option<String>,
}

/// Held while a backup is made.
#[derive(Debug)]
struct Turn(Arc<State>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.is_busy.store(false, Ordering::Release);
    }
}

impl Backups {
    fn turn(&self) -> Option<Turn> {
        let is_free = !self.0.is_busy.swap(true, Ordering::AcqRel);
        is_free.then(|| Turn(Arc::clone(&self.0)))
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        // Nothing panics while holding it.
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A backup whose copy of the database is made, and which is to be sealed. That takes long, and nobody waits for it.
#[derive(Debug)]
struct Planned {
    copy: PathBuf,
    out: PathBuf,
    name: String,
    at: Wall,
    recipients: Vec<Recipient>,
    config: Config,
    _turn: Turn,
}

impl Planned {
    fn seal(&self, is_wanted: &dyn Fn() -> bool) -> Result<u64, String> {
        let sources = Sources { config: &self.config, database: &self.copy, schema: schema::known(), at: self.at };
        let made = backup::make(&sources, &self.recipients, &self.out, is_wanted);
        if let Err(error) = std::fs::remove_file(&self.copy) {
            tracing::warn!(%error, "the copy that a backup was made of cannot be removed");
        }
        made
    }
}

impl Office {
    /// Makes a backup, while the database is in use. Owners.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn make_backup(&self, caller: &Caller) -> Told<BackupView> {
        caller.may(Role::Owner, None)?;
        let busy = || Refused::Busy("a backup is being made".to_owned(), 5);
        let turn = self.backups.turn().ok_or_else(busy)?;
        match known_recipients(&self.config.data_dir).map_err(Refused::Unable)? {
            Some(recipients) => {
                let planned = self.plan(turn, recipients)?;
                let made = planned.seal(&|| true);
                self.sealed(caller, &planned.name, made)
            }
            None => self.copy_database(caller),
        }
    }

    /// A copy of the database alone.
    fn copy_database(&self, caller: &Caller) -> Told<BackupView> {
        let name = name_at("journal", "redb", self.clock.now().wall);
        let path = self.fresh_path(&name)?;
        let bytes = self.copy_to(path)?;
        self.forget_old();
        let line = self.audit_line(caller, None, format!("copied the database: {name}"), "", format!("{bytes} bytes"));
        self.commit_desk(DeskTick { audit: vec![line], ..DeskTick::default() })?;
        Ok(BackupView { name, at_s: self.clock.now().wall.seconds(), bytes })
    }

    fn copy_to(&self, path: PathBuf) -> Told<u64> {
        self.runtime.block_on(self.journal.backup(path)).map_err(Refused::Unable)
    }

    /// The path of a backup that is not there yet, in a folder that is.
    fn fresh_path(&self, name: &str) -> Told<PathBuf> {
        let dir = self.config.data_dir.join(FOLDER);
        let failed = |error: std::io::Error| Refused::Unable(format!("{}: {error}", dir.display()));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(failed)?;
        remove_unfinished(&dir);
        let path = dir.join(name);
        if path.exists() {
            return Err(Refused::Busy("a backup was made in this very second".to_owned(), 1));
        }
        Ok(path)
    }

    fn plan(&self, turn: Turn, recipients: Vec<Recipient>) -> Told<Planned> {
        let at = self.clock.now().wall;
        let name = name_at("aegis", "age", at);
        let out = self.fresh_path(&name)?;
        let copy = out.with_extension("age.copy");
        self.copy_to(copy.clone())?;
        Ok(Planned { copy, out, name, at, recipients, config: self.config.clone(), _turn: turn })
    }

    fn sealed(&self, caller: &Caller, name: &str, made: Result<u64, String>) -> Told<BackupView> {
        let bytes = match made {
            Ok(bytes) => bytes,
            Err(why) => {
                self.counters.backup_failures.one();
                self.failed(why.clone());
                return Err(Refused::Unable(why));
            }
        };
        self.counters.backups.one();
        if self.backups.said().failed.take().is_some() {
            self.rounds.incident(Event::incident("Backups", true, "A backup is made again."));
        }
        self.forget_old();
        let line = self.audit_line(caller, None, format!("made a backup: {name}"), "", format!("{bytes} bytes"));
        self.commit_desk(DeskTick { audit: vec![line], ..DeskTick::default() })?;
        Ok(BackupView { name: name.to_owned(), at_s: self.clock.now().wall.seconds(), bytes })
    }

    /// Keeps why none was made; the first time it is told elsewhere too.
    fn failed(&self, why: String) {
        let words = format!("A backup was not made: {why}.");
        if self.backups.said().failed.replace(why).is_none() {
            self.rounds.incident(Event::incident("Backups", false, &words));
        }
    }

    fn forget_old(&self) {
        let all = backups(&self.config.data_dir);
        let (sealed, copies): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| is_sealed(&one.name));
        let old = |kind: Vec<BackupView>| kind.into_iter().skip(limits::BACKUPS_KEPT);
        for one in old(sealed).chain(old(copies)) {
            if let Err(error) = std::fs::remove_file(self.config.data_dir.join(FOLDER).join(&one.name)) {
                tracing::warn!(%error, "an old backup cannot be removed");
            }
        }
    }

    /// Whether the day's backup is to be made now.
    #[must_use]
    pub fn is_backup_due(&self) -> bool {
        let newest_s = self.newest_sealed().map(|one| one.at_s);
        let known = Known { newest_s, tried_ms: self.backups.said().tried_ms };
        let zone = self.in_force.now().tenants.default_one().zone.clone();
        self.config.data_dir.join(RECIPIENT_FILE).exists() && nightly::is_due(&zone, self.clock.now(), known)
    }

    fn newest_sealed(&self) -> Option<BackupView> {
        backups(&self.config.data_dir).into_iter().find(|one| is_sealed(&one.name))
    }

    /// Makes the day's backup. The office is held only for the copy of the database and for the line in the audit log, and the
    /// sealing ends when it is gone, so that closing the appliance does not wait for it.
    pub fn nightly(office: &Weak<Self>) {
        let caller =
            Caller { name: "nightly".to_owned(), role: Role::Owner, reach: Reach::All, door: "nightly".to_owned() };
        let planned = {
            let Some(office) = office.upgrade() else { return };
            office.backups.said().tried_ms = Some(office.clock.now().mono.0);
            let Some(turn) = office.backups.turn() else { return };
            let recipients = known_recipients(&office.config.data_dir).map(Option::unwrap_or_default);
            let planned = recipients.map_err(Refused::Unable).and_then(|recipients| office.plan(turn, recipients));
            match planned {
                Ok(planned) => planned,
                Err(refused) => {
                    office.counters.backup_failures.one();
                    tracing::warn!(why = %refused, "the night's backup was not made");
                    office.failed(refused.to_string());
                    return;
                }
            }
        };
        let made = planned.seal(&|| office.strong_count() > 0);
        let Some(office) = office.upgrade() else { return };
        match office.sealed(&caller, &planned.name, made) {
            Ok(made) => tracing::info!(name = made.name, bytes = made.bytes, "the night's backup is made"),
            Err(refused) => tracing::warn!(why = %refused, "the night's backup was not made"),
        }
    }

    /// How backups stand.
    pub(super) fn backup_check(&self) -> Check {
        let check = |state: &str, words: String| Check { name: "Backups".to_owned(), state: state.to_owned(), words };
        if !self.config.data_dir.join(RECIPIENT_FILE).exists() {
            let words = "None is made at night, since nobody has said for whom: run `aegis backup key` on this machine, and \
                         keep what it prints somewhere else.";
            return check("warn", words.to_owned());
        }
        if let Some(why) = self.backups.said().failed.clone() {
            return check("bad", format!("The last one was not made: {why}."));
        }
        let now_s = self.clock.now().wall.seconds();
        match self.newest_sealed() {
            None => check("good", "The first is made tonight.".to_owned()),
            Some(newest) if now_s.saturating_sub(newest.at_s) > OLD_S => {
                check("warn", format!("The newest, {}, is more than two days old.", newest.name))
            }
            Some(newest) => check("good", format!("The newest is {}; keep one somewhere else.", newest.name)),
        }
    }

    /// Removes a backup. Owners.
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
        let line = self.audit_line(caller, None, format!("removed a backup: {name}"), "", "");
        self.commit_desk(DeskTick { audit: vec![line], ..DeskTick::default() })
    }

    /// Where a backup lies, and the name to save it by. Owners.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn backup_file(&self, caller: &Caller, name: &str) -> Told<(PathBuf, String)> {
        caller.may(Role::Owner, None)?;
        let path = self.backup_path(name).filter(|path| path.is_file()).ok_or(Refused::Missing)?;
        Ok((path, name.to_owned()))
    }

    /// Where a backup is; `None` when none can have that name.
    #[must_use]
    pub fn backup_path(&self, name: &str) -> Option<PathBuf> {
        is_name(name).then(|| self.config.data_dir.join(FOLDER).join(name))
    }
}

/// The name of a backup made now.
#[must_use]
pub fn name_at(kind: &str, ending: &str, now: Wall) -> String {
    let digits: String = now.utc().chars().filter(char::is_ascii_digit).collect();
    let (day, time) = digits.split_at_checked(8).unwrap_or((&digits, ""));
    format!("{kind}-{day}-{time}.{ending}")
}

/// Whether this is the name of a backup, and nothing else: no path, no other file.
fn is_name(name: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let within = |kind: &str, ending: &str| {
        let inner = name.strip_prefix(kind).and_then(|rest| rest.strip_suffix(ending));
        inner.and_then(|inner| inner.split_once('-')).is_some_and(|(day, time)| digits(day, 8) && digits(time, 6))
    };
    within("journal-", ".redb") || within("aegis-", ".age")
}

fn is_sealed(name: &str) -> bool {
    name.starts_with("aegis-")
}

/// The backups in a data folder, newest first.
pub(super) fn backups(data_dir: &Path) -> Vec<BackupView> {
    let entries = std::fs::read_dir(data_dir.join(FOLDER)).into_iter().flatten().flatten();
    let mut found: Vec<BackupView> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| is_name(name))?;
            let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            let made = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            Some(BackupView { name, at_s: made.map_or(0, |since| since.as_secs()), bytes: about.len() })
        })
        .collect();
    let when = |name: &str| name.split_once('-').map(|(_, when)| when.to_owned()).unwrap_or_default();
    found.sort_by(|a, b| when(&b.name).cmp(&when(&a.name)).then_with(|| a.name.cmp(&b.name)));
    found
}

/// Removes what a backup that was cut off has left.
fn remove_unfinished(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_str().map(str::to_owned).unwrap_or_default();
        let name = name.strip_suffix(".new").unwrap_or(&name);
        let unfinished = [name.strip_suffix(".copy"), Some(name).filter(|_| entry.file_name() != name)];
        if unfinished.into_iter().flatten().any(is_name) {
            // What cannot be removed is in nobody's way but for its space.
            let _left = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_backups_are_names() {
        for (kind, ending) in [("journal", "redb"), ("aegis", "age")] {
            let name = name_at(kind, ending, Wall(1_795_642_800_000));
            assert!(is_name(&name), "{name}");
        }
        for name in [
            "",
            "journal.redb",
            "journal-20261125-21400.redb",
            "journal-20261125-2140000.redb",
            "journal-20261125-214000.redb.new",
            "aegis-20261125-214000.age.copy",
            "aegis-20261125-214000.redb",
            "../journal-20261125-214000.redb",
            "journal-2026112/-214000.redb",
            "journal-20261125-214000.redb/",
            "journal-2026112\u{665}-214000.redb",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn what_was_cut_off_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let kept = ["aegis-20261125-214000.age", "journal-20261125-214000.redb", "notes.new", "x.copy"];
        let gone = [
            "aegis-20261125-214000.age.new",
            "aegis-20261125-214000.age.copy",
            "aegis-20261125-214000.age.copy.new",
            "journal-20261125-214000.redb.new",
        ];
        for name in kept.iter().chain(&gone) {
            std::fs::write(dir.path().join(name), "x").expect("it is written");
        }
        remove_unfinished(dir.path());
        assert!(kept.iter().all(|name| dir.path().join(name).exists()));
        assert!(!gone.iter().any(|name| dir.path().join(name).exists()));
    }
}
