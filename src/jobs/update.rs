//! An update under way: the new program in place, the old one beside it, and a note of it in the data folder.
//!
//! Promises: at every moment there is a whole program under the program's name; the note is durable before the new program gets
//! that name. Whoever comes first decides, under a lock: the new program that became ready, or the clock. When the old program is
//! back, its next start brings the database back to its schema before it opens it: by the newer program's own steps down, else by
//! the copy from before the switch. The new program acknowledged nothing before it was ready, so nothing is lost by that.
//!
//! Never: a program that is not the noted one taken for it: it is known by its SHA-256.

use super::backup::hex;
use super::{aside, sync_folder_of, write_private};
use crate::limits;
use crate::release::hash_of;
use crate::store::{JOURNAL_FILE, idle_schema, schema, wal_of};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The note, in the data folder.
pub const NOTE: &str = "update.json";

/// What became of the last update.
pub const LAST: &str = "update.last.json";

/// The copy of the database from before the switch.
pub const COPY: &str = "update.redb";

/// Whoever decides holds this.
const LOCK: &str = "update.lock";

/// How far an update is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The new program is in place and has not been ready yet.
    Trial,
    /// The old program is back; the database may have to follow.
    Back,
    /// The new program was ready.
    Good,
    /// Neither program is in place: somebody put another one there.
    Left,
}

/// An update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Tells it from other updates.
    pub id: String,
    /// Where the program is.
    pub program: PathBuf,
    /// The version before.
    pub from: String,
    /// The new version.
    pub to: String,
    /// The SHA-256 of the new program.
    pub sha256: String,
    /// The schema that the old program knows.
    pub schema: u64,
    /// How long the new program may take to become ready, seconds.
    pub ready_s: u64,
    /// How often the new program was started.
    pub starts: u32,
    /// How far it is.
    pub state: State,
    /// Why the old program is back.
    pub why: String,
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Note {
    /// Where the old program is kept.
    #[must_use]
    pub fn previous(&self) -> PathBuf {
        with_ending(&self.program, ".previous")
    }

    /// Where the new program is kept when it failed: its steps take the database back.
    #[must_use]
    pub fn failed(&self) -> PathBuf {
        with_ending(&self.program, ".failed")
    }
}

fn read_note(path: &Path) -> Option<Note> {
    let mut text = String::new();
    File::open(path).ok()?.take(limits::UPDATE_NOTE_BYTES_MAX).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The update under way, if there is one.
#[must_use]
pub fn under_way(data_dir: &Path) -> Option<Note> {
    read_note(&data_dir.join(NOTE))
}

/// What became of the last update, if there was one.
#[must_use]
pub fn last(data_dir: &Path) -> Option<Note> {
    read_note(&data_dir.join(LAST))
}

fn write(data_dir: &Path, name: &str, note: &Note) -> std::io::Result<()> {
    write_private(&data_dir.join(name), &(serde_json::to_string_pretty(note)? + "\n"))
}

/// Writes down that an update is under way.
///
/// # Errors
/// When it cannot be made durable.
pub fn note(data_dir: &Path, note: &Note) -> std::io::Result<()> {
    write(data_dir, NOTE, note)
}

/// Ends the update: what became of it is kept.
fn end(data_dir: &Path, note: &Note) -> std::io::Result<()> {
    write(data_dir, LAST, note)?;
    for name in [NOTE, COPY] {
        match std::fs::remove_file(data_dir.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_folder_of(&data_dir.join(NOTE))
}

/// Links a program to another name, in the place of what is there: each name is always whole.
fn put(from: &Path, to: &Path) -> std::io::Result<()> {
    let new = with_ending(to, &format!(".{}", std::process::id()));
    // Left behind by a process of the same number.
    let _gone = std::fs::remove_file(&new);
    if std::fs::hard_link(from, &new).is_err() {
        // No links here: a copy does as well.
        std::fs::copy(from, &new)?;
        File::open(&new)?.sync_all()?;
    }
    std::fs::rename(&new, to)?;
    sync_folder_of(to)
}

/// Puts the new program, which lies at `new`, in the place of the old one, which is kept beside it.
///
/// # Errors
/// When it cannot be done; then the old program is in its place.
pub fn switch(new: &Path, note: &Note) -> std::io::Result<()> {
    put(&note.program, &note.previous())?;
    std::fs::rename(new, &note.program)?;
    sync_folder_of(&note.program)
}

/// Whether the new program is in place.
fn is_in_place(note: &Note) -> bool {
    hash_of(&note.program).is_ok_and(|hash| hex(&hash) == note.sha256)
}

/// Lets one of those who may decide an update do so; returns the update as it is then, if one was under way.
fn decide(data_dir: &Path, decision: impl FnOnce(&mut Note) -> std::io::Result<()>) -> std::io::Result<Option<Note>> {
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(data_dir.join(LOCK))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
    let Some(mut found) = under_way(data_dir) else { return Ok(None) };
    if found.state == State::Trial {
        decision(&mut found)?;
    }
    Ok(Some(found))
}

/// The new program is ready: the update is good.
///
/// # Errors
/// When that cannot be written down.
pub fn pass(data_dir: &Path) -> std::io::Result<()> {
    decide(data_dir, |note| {
        note.state = State::Good;
        end(data_dir, note)
    })
    .map(drop)
}

/// Puts the old program back, unless the new one was ready meanwhile; returns the update as it is then.
///
/// # Errors
/// When it cannot be done, such as when this process may not write where the program is.
pub fn take_back(data_dir: &Path, why: &str) -> std::io::Result<Option<Note>> {
    decide(data_dir, |note| {
        if is_in_place(note) {
            put(&note.program, &note.failed())?;
            put(&note.previous(), &note.program)?;
        }
        (note.state, note.why) = (State::Back, why.to_owned());
        write(data_dir, NOTE, note)
    })
}

/// Counts a start of the program on this data folder; returns the update when the one that starts is on trial.
///
/// # Errors
/// When the database has to follow the program back and cannot; or what hinders the note.
pub fn started(data_dir: &Path, config: Option<&Path>) -> Result<Option<Note>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", data_dir.join(NOTE).display());
    let Some(found) = under_way(data_dir) else { return Ok(None) };
    if found.state == State::Back {
        follow_back(data_dir, &found, config)?;
        end(data_dir, &found).map_err(told)?;
        tracing::warn!(why = found.why, "the update to {} was taken back; this is {} again", found.to, found.from);
        return Ok(None);
    }
    let mut is_ours = false;
    let found = decide(data_dir, |note| {
        if is_in_place(note) {
            is_ours = true;
            note.starts = note.starts.saturating_add(1);
            return write(data_dir, NOTE, note);
        }
        note.state = State::Left;
        end(data_dir, note)
    });
    Ok(found.map_err(told)?.filter(|_| is_ours))
}

/// Brings the database back to the schema of the program that is back.
fn follow_back(data_dir: &Path, note: &Note, config: Option<&Path>) -> Result<(), String> {
    let path = data_dir.join(JOURNAL_FILE);
    if !path.exists() || idle_schema(data_dir)? <= schema::known() {
        return Ok(());
    }
    let mut down = Command::new(note.failed());
    down.args(["migrate", "down", &schema::known().to_string()]).env("AEGIS_DATA_DIR", data_dir);
    if let Some(config) = config {
        down.arg("--config").arg(config);
    }
    let by_steps = attempt(down, Duration::from_millis(limits::UPDATE_TRY_MS));
    if by_steps.is_ok() && idle_schema(data_dir)? <= schema::known() {
        return Ok(());
    }
    let copy = data_dir.join(COPY);
    let told = |error: std::io::Error| {
        format!(
            "the database has a newer schema, and its copy {} cannot take its place: {error}; restore a backup",
            copy.display()
        )
    };
    File::open(&copy).map_err(told)?;
    let kept = data_dir.join(format!("{JOURNAL_FILE}.of-{}", note.to));
    std::fs::rename(&path, &kept).map_err(told)?;
    // What is missing was empty.
    let _with_it = std::fs::rename(wal_of(&path), wal_of(&kept));
    let new = aside(&path);
    std::fs::copy(&copy, &new).map_err(told)?;
    File::open(&new).and_then(|file| file.sync_all()).map_err(told)?;
    std::fs::rename(&new, &path).map_err(told)?;
    sync_folder_of(&path).map_err(told)?;
    tracing::warn!("the database of before the update is back; the newer one is kept as {}", kept.display());
    Ok(())
}

/// Runs a program to its end; returns what it said.
///
/// # Errors
/// That it cannot be run, did not end in time (then it is ended), or failed, with its last line.
pub fn attempt(mut command: Command, within: Duration) -> Result<String, String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("it cannot be run: {error}"))?;
    let outputs =
        [child.stdout.take().map(|out| listen(Box::new(out))), child.stderr.take().map(|out| listen(Box::new(out)))];
    let status = await_end(&mut child, within);
    let Some(status) = status else {
        // Nobody else knows it; what it has begun to say is of no use.
        let _ended = child.kill().and_then(|()| child.wait());
        return Err(format!("it did not end within {} s", within.as_secs()));
    };
    let [out, err] = outputs.map(|listener| listener.and_then(|thread| thread.join().ok()).unwrap_or_default());
    if status.success() {
        return Ok(out);
    }
    let last = err.lines().chain(out.lines()).rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(format!("it failed ({status}): {}", last.escape_debug()))
}

/// The first words of an output, read to its end.
fn listen(mut out: Box<dyn std::io::Read + Send>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = Vec::new();
        // What is over is read and forgotten, so that whoever writes it is not held up.
        let _short = (&mut out).take(limits::UPDATE_NOTE_BYTES_MAX).read_to_end(&mut said);
        let _rest = std::io::copy(&mut out, &mut std::io::sink());
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// How a child ended; `None` when it did not in time.
pub fn await_end(child: &mut Child, within: Duration) -> Option<std::process::ExitStatus> {
    let until = Instant::now() + within;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(limits::UPDATE_LOOK_MS));
    }
}
