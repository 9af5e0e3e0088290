//! Whether the machine is one on which the promise holds: judged from texts, as the system tells them.
//!
//! Promises: each finding is one sentence that says what is wrong, where, and how to mend it; what cannot be told is not
//! guessed at. The same texts give the same findings, for `aegis check`, for the page and for the log.
//!
//! Never: a file that is read, a clock that is asked. [`Facts`] is all there is.

mod card;
mod memory;
mod mounts;
mod power;

pub use card::{Registers, cure};
pub use memory::{Heap, has_memory_controller};
pub use mounts::{Mount, mount_of};
pub use power::Sensor;

use crate::clock::Wall;
use crate::limits;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Good,
    /// To be looked at.
    Warn,
    /// To be mended: something that is promised does not hold.
    Bad,
}

impl State {
    /// As the page and the API say it: `good`, `warn` or `bad`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What, such as "Clock".
    pub name: &'static str,
    /// How bad it is.
    pub state: State,
    /// One sentence: what was found, and how to mend it.
    pub words: String,
}

impl Finding {
    /// A finding.
    #[must_use]
    pub fn new(name: &'static str, state: State, words: impl Into<String>) -> Self {
        Self { name, state, words: words.into() }
    }
}

/// What a time server has to do with the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeServer {
    /// systemd-timesyncd is not at work here: nobody can be asked.
    #[default]
    Unknown,
    /// It is at work, and has not set the clock yet.
    Awaited,
    /// It has set the clock.
    Answered,
}

/// A folder or a file that not everybody may open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Private {
    /// What it is, such as "the bot's token".
    pub what: &'static str,
    /// Where it is.
    pub path: String,
    /// Its permissions: the lower nine bits of its mode.
    pub mode: u32,
    /// Whether it belongs to who runs this program; else its group is how that one may read it.
    pub is_own: bool,
}

/// The data folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataFolder {
    /// Where it is.
    pub path: String,
    /// Its permissions; an error's words when it cannot be looked at.
    pub mode: Option<Result<u32, String>>,
    /// Bytes that are free there.
    pub free_bytes: Option<u64>,
    /// Why nothing can be written there, in the system's words.
    pub unwritable: Option<String>,
    /// Whether the journal has ended because storage failed.
    pub is_closed: bool,
}

/// What is known of the machine. What could not be read is `None`, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What the clock says.
    pub wall: Wall,
    /// Whether a time server set it.
    pub server: TimeServer,
    /// The data folder.
    pub data: DataFolder,
    /// Files of secrets.
    pub secrets: Vec<Private>,
    /// `/proc/self/mountinfo`.
    pub mountinfo: Option<String>,
    /// `/proc/cgroups`.
    pub cgroups: Option<String>,
    /// `/sys/fs/cgroup/cgroup.controllers`.
    pub controllers: Option<String>,
    /// What cards say of their age.
    pub cards: Vec<Registers>,
    /// `get_throttled` of the board's firmware: a hexadecimal number.
    pub throttled: Option<String>,
    /// What voltage sensors say.
    pub sensors: Vec<Sensor>,
    /// The memory bounds.
    pub heap: Heap,
    /// What walls off the program, if that was tried.
    pub walls: Option<Finding>,
}

/// Judges all of it, in the order in which people should read it.
#[must_use]
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = vec![clock(facts.wall, facts.server), storage(&facts.data)];
    found.extend(facts.mountinfo.as_deref().and_then(|mounts| mounts::judge(mounts, &facts.data.path)));
    found.extend(card::judge(&facts.cards));
    found.extend(power::judge(facts.throttled.as_deref(), &facts.sensors));
    found.extend(folder(&facts.data));
    found.extend(facts.secrets.iter().filter_map(secret));
    found.push(memory::bounds(&facts.heap));
    found.extend(memory::controller(facts.cgroups.as_deref(), facts.controllers.as_deref()));
    found.extend(facts.walls.clone());
    found
}

/// Whether what is dated now is dated rightly, as far as can be told. A plausible clock that waits for a time server is
/// believed after `limits::CLOCK_SYNC_WAIT_MS`.
#[must_use]
pub const fn may_date(wall: Wall, server: TimeServer, waited_ms: u64) -> bool {
    wall.0 >= limits::CLOCK_MS_LEAST
        && (!matches!(server, TimeServer::Awaited) || waited_ms >= limits::CLOCK_SYNC_WAIT_MS)
}

fn clock(wall: Wall, server: TimeServer) -> Finding {
    let told = wall.utc();
    if wall.0 < limits::CLOCK_MS_LEAST {
        let words = format!(
            "The clock says {told}, which is past, so nothing is moderated until it is set: let the machine reach a time \
             server, or set it with `timedatectl set-time`."
        );
        return Finding::new("Clock", State::Bad, words);
    }
    match server {
        TimeServer::Awaited => {
            let words = format!(
                "The clock says {told}, and no time server has confirmed it since the machine started; `timedatectl \
                 timesync-status` shows which one it asks, and whether that can be reached."
            );
            Finding::new("Clock", State::Warn, words)
        }
        TimeServer::Answered => {
            Finding::new("Clock", State::Good, format!("The clock says {told}, as a time server does."))
        }
        TimeServer::Unknown => Finding::new("Clock", State::Good, format!("The clock says {told}.")),
    }
}

fn storage(data: &DataFolder) -> Finding {
    let bad = |words: String| Finding::new("Storage", State::Bad, words);
    if data.is_closed {
        return bad("The database cannot be written; look at the disk and its free space, then restart.".to_owned());
    }
    if let Some(why) = &data.unwritable {
        let cure = cure(why)
            .unwrap_or("give the folder to the user that runs Aegis, with chown, and its owner the right to write");
        return bad(format!("Nothing can be written in {}: {why}; {cure}.", data.path));
    }
    match data.free_bytes {
        Some(free) if free < limits::FREE_BYTES_LEAST => {
            let words = format!(
                "Only {} are free in {}; make room: the database grows, and a copy of it needs its size again.",
                room(free),
                data.path
            );
            Finding::new("Storage", State::Warn, words)
        }
        Some(free) => Finding::new("Storage", State::Good, format!("{} are free.", room(free))),
        None => Finding::new(
            "Storage",
            State::Warn,
            format!("The free space in {} cannot be told; look whether the folder is there.", data.path),
        ),
    }
}

fn folder(data: &DataFolder) -> Option<Finding> {
    let shown = &data.path;
    Some(match data.mode.as_ref()? {
        Ok(mode) if mode & 0o077 != 0 => {
            let words =
                format!("{shown} may be opened by others (mode {mode:03o}); mend that with `chmod 700 {shown}`.");
            Finding::new("Data folder", State::Warn, words)
        }
        Ok(mode) => {
            Finding::new("Data folder", State::Good, format!("Only its owner may open {shown} (mode {mode:03o})."))
        }
        Err(why) => Finding::new(
            "Data folder",
            State::Bad,
            format!("{shown} cannot be looked at: {why}; look whether it is there, and whose it is."),
        ),
    })
}

/// A file of secrets that others may read, or change.
fn secret(file: &Private) -> Option<Finding> {
    // The group of a file that belongs to another is how we may read it at all; it must not write.
    let wrong = if file.is_own { 0o077 } else { 0o027 };
    let (what, path, mode) = (file.what, &file.path, file.mode);
    (mode & wrong != 0).then(|| {
        let right = if file.is_own { "600" } else { "640" };
        let words =
            format!("{path}, {what}, is open to others (mode {mode:03o}); mend that with `chmod {right} {path}`.");
        Finding::new("Secrets", State::Warn, words)
    })
}

/// Bytes as people say them.
fn room(bytes: u64) -> String {
    let (gigabytes, megabytes) = (bytes / 1_000_000_000, bytes / 1_000_000);
    if gigabytes >= 10 { format!("{gigabytes} GB") } else { format!("{megabytes} MB") }
}

#[cfg(test)]
mod tests;
