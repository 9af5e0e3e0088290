//! What is looked at before anything is begun.
//!
//! Promises: what does not fit is said in one sentence, with nothing begun.
//!
//! Never: a thread.

use super::{Failure, FailureKind};
use crate::clock::Wall;
use crate::config::{Board, Config};
use crate::desk::setup;
use crate::limits;
use crate::machine;
use crate::store::wal_of;
use std::path::Path;

/// What can be refused before anything is opened: the settings do not fit the board, or nobody could bring a token.
///
/// # Errors
/// Which of both, and how to mend it.
pub fn check_first(config: &Config) -> Result<(), Failure> {
    let has_token = || config.telegram.token.is_some() || setup::kept_token(&config.data_dir).is_some();
    if config.web.listen.is_none() && !has_token() {
        let why = "no bot token; put it into AEGIS_TELEGRAM_TOKEN, or its file into AEGIS_TELEGRAM_TOKEN_FILE, or let the \
                   page ask for it (AEGIS_WEB_LISTEN); `aegis demo` works without one";
        return Err(Failure { kind: FailureKind::Token, why: why.to_owned() });
    }
    let promise = limits::memory_bytes_max(&config.board.capacity);
    if promise > config.board.memory_bytes {
        return Err(Failure::usage(format!(
            "the settings need {promise} bytes of memory and the board profile \"{}\" allows {}",
            config.board.name, config.board.memory_bytes
        )));
    }
    fits(&config.board, machine::memory_total(Path::new("/")))
}

/// Refuses a profile that may take more than the machine has.
fn fits(board: &Board, machine: Option<u64>) -> Result<(), Failure> {
    match machine.filter(|has| *has < board.memory_bytes) {
        None => Ok(()),
        Some(has) => Err(Failure::usage(format!(
            "the board profile \"{}\" promises to stay under {} bytes and this machine has only {has}; name a smaller board with \
             AEGIS_BOARD or `board` in the settings",
            board.name, board.memory_bytes
        ))),
    }
}

/// Makes sure the data directory is there, and private.
///
/// # Errors
/// When it cannot be made.
pub fn prepare_data_dir(dir: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| Failure::storage(format!("the data directory {} cannot be made: {error}", dir.display())))
}

/// How long ago the database was written, milliseconds, itself or the log in front of it; a clock that jumped counts as long. 0 when
/// it is not there.
pub(super) fn idle_ms(database: &Path, now: Wall) -> u64 {
    let written = |path: &Path| {
        let at = std::fs::metadata(path).and_then(|about| about.modified()).ok()?;
        at.duration_since(std::time::UNIX_EPOCH).ok()
    };
    let at = written(database).max(written(&wal_of(database)));
    at.map_or(0, |at| now.0.abs_diff(u64::try_from(at.as_millis()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_database_is_as_fresh_as_the_log_in_front_of_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("journal.redb");
        assert_eq!(idle_ms(&file, Wall(99_000)), 0);
        for (path, at_s, idle) in [(file.clone(), 50, 49_000), (wal_of(&file), 90, 9_000), (file.clone(), 95, 4_000)] {
            let made = std::fs::File::create(&path).expect("a file");
            made.set_modified(UNIX_EPOCH + Duration::from_secs(at_s)).expect("its time");
            assert_eq!(idle_ms(&file, Wall(99_000)), idle, "{}", path.display());
        }
    }

    #[test]
    fn a_profile_that_is_larger_than_the_machine_is_refused_in_one_sentence() {
        let board = Board::named("pi-5").expect("the profile is there");
        assert!(fits(&board, None).is_ok() && fits(&board, Some(board.memory_bytes)).is_ok());
        let refused = fits(&board, Some(64 << 20)).expect_err("64 MiB are too few").to_string();
        assert!(refused.contains("\"pi-5\"") && refused.contains("AEGIS_BOARD"), "{refused}");
    }
}
