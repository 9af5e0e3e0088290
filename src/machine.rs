//! The machine as it tells about itself: `/proc`, `/sys`, the clock's server, permissions; and the bound of memory that the
//! system holds a process to.
//!
//! Promises: what is read is bounded and read anew each time; what is not there is left out. Nothing is judged here: that is
//! [`crate::checks`].
//!
//! Never: a file written, a limit raised.

use crate::checks::{DataFolder, Facts, Heap, Private, Registers, Sensor, TimeServer};
use crate::clock::Wall;
use crate::limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where systemd-timesyncd keeps its state while it is at work, and what it touches when it has set the clock.
const TIMESYNC: (&str, &str) = ("run/systemd/timesync", "run/systemd/timesync/synchronized");

/// What of this installation is looked at besides the machine.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The data folder.
    pub data_dir: PathBuf,
    /// Files of secrets, with what they are. Those that are not there are left out.
    pub secrets: Vec<(&'static str, PathBuf)>,
    /// Where the system has put the unit's credentials: it looks after their permissions itself.
    pub credentials: Option<PathBuf>,
}

/// Reads all that [`Facts`] has of the machine below `root`, which is `/` but for tests. The clock, what the journal knows and
/// the heap are the caller's to add.
#[must_use]
pub fn look(root: &Path, own: &Own, wall: Wall) -> Facts {
    let read = |place: &str| text(&root.join(place));
    Facts {
        wall,
        server: time_server(root),
        data: data_folder(&own.data_dir),
        secrets: own
            .secrets
            .iter()
            .filter_map(|(what, path)| private(what, path, own.credentials.as_deref()))
            .collect(),
        mountinfo: read("proc/self/mountinfo"),
        cgroups: read("proc/cgroups"),
        controllers: read("sys/fs/cgroup/cgroup.controllers")
            .or_else(|| read("sys/fs/cgroup/unified/cgroup.controllers")),
        cards: cards(root),
        throttled: read("sys/devices/platform/soc/soc:firmware/get_throttled"),
        sensors: sensors(root),
        heap: Heap { limit: data_limit(), machine: memory_total(root), ..Heap::default() },
        walls: None,
    }
}

/// The memory of the machine, bytes; `None` where it does not tell.
#[must_use]
pub fn memory_total(root: &Path) -> Option<u64> {
    let told = text(&root.join("proc/meminfo"))?;
    let kib = told.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.split_whitespace().next()?;
    kib.parse::<u64>().ok()?.checked_mul(1024)
}

/// Whether a time server has set the clock.
#[must_use]
pub fn time_server(root: &Path) -> TimeServer {
    if root.join(TIMESYNC.1).exists() {
        TimeServer::Answered
    } else if root.join(TIMESYNC.0).exists() {
        TimeServer::Awaited
    } else {
        TimeServer::Unknown
    }
}

/// A text, as far as its bound; `None` when it cannot be read.
fn text(path: &Path) -> Option<String> {
    let bound = u64::try_from(limits::MACHINE_TEXT_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(bound).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn data_folder(dir: &Path) -> DataFolder {
    // The names of mounts are whole.
    let whole = dir.canonicalize().or_else(|_| std::path::absolute(dir)).unwrap_or_else(|_| dir.to_owned());
    let mode = match std::fs::metadata(dir) {
        Ok(about) => Some(Ok(about.permissions().mode() & 0o777)),
        // It is made at the first start.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(error.to_string())),
    };
    let there = whole.ancestors().find(|path| path.exists()).unwrap_or(&whole);
    let unwritable = rustix::fs::access(there, rustix::fs::Access::WRITE_OK).err();
    let free = rustix::fs::statvfs(there).ok().map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    DataFolder {
        path: whole.display().to_string(),
        mode,
        free_bytes: free,
        unwritable: unwritable.map(|error| std::io::Error::from(error).to_string()),
        is_closed: false,
    }
}

fn private(what: &'static str, path: &Path, credentials: Option<&Path>) -> Option<Private> {
    if credentials.is_some_and(|folder| path.starts_with(folder)) {
        return None;
    }
    let about = std::fs::metadata(path).ok()?;
    let is_own = about.uid() == rustix::process::geteuid().as_raw();
    Some(Private { what, path: path.display().to_string(), mode: about.permissions().mode() & 0o777, is_own })
}

/// The entries of a folder whose names begin so, in order, and no more than are looked at.
fn entries(folder: &Path, beginning: &str) -> Vec<(String, PathBuf)> {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = found
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .filter(|(name, _)| name.starts_with(beginning))
        .collect();
    found.sort();
    found.truncate(limits::MACHINE_PARTS_MAX);
    found
}

fn cards(root: &Path) -> Vec<Registers> {
    let found = entries(&root.join("sys/block"), "mmcblk");
    let read = |(name, path): (String, PathBuf)| Registers {
        life_time: text(&path.join("device/life_time")),
        pre_eol_info: text(&path.join("device/pre_eol_info")),
        name,
    };
    found.into_iter().map(read).collect()
}

fn sensors(root: &Path) -> Vec<Sensor> {
    let found = entries(&root.join("sys/class/hwmon"), "hwmon");
    let read = |(_, path): (String, PathBuf)| {
        let name = text(&path.join("name"))?.trim().to_owned();
        Some(Sensor { name, alarm: text(&path.join("in0_lcrit_alarm"))? })
    };
    found.into_iter().filter_map(read).collect()
}

/// The private memory that the system gives this process at most, bytes; `None` for no bound.
#[must_use]
pub fn data_limit() -> Option<u64> {
    getrlimit(Resource::Data).current
}

/// Has the system give this process no more private memory than `most` bytes. It never raises what is lower already.
///
/// # Errors
/// What is lower already, and how to mend it. A bound that cannot be set is told in the log.
pub fn bound_data(most: u64) -> Result<(), String> {
    let now = getrlimit(Resource::Data);
    if let Some(lower) = now.current.filter(|current| *current < most) {
        return Err(format!(
            "the system gives this program {lower} bytes of private memory and it may need {most}; raise LimitDATA= or `ulimit -d`, \
             or choose a smaller board profile"
        ));
    }
    let bound = Rlimit { current: Some(most), maximum: Some(now.maximum.map_or(most, |known| known.min(most))) };
    if let Err(error) = setrlimit(Resource::Data, bound) {
        // The bounds of the program itself hold all the same.
        tracing::warn!(%error, most, "the bound of private memory (RLIMIT_DATA) cannot be set; let the unit set it, with LimitDATA=");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{State, judge};

    fn write(root: &Path, place: &str, text: &str) {
        let path = root.join(place);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("folder");
        std::fs::write(path, text).expect("file");
    }

    fn findings(root: &Path, own: &Own) -> Vec<(&'static str, State)> {
        judge(&look(root, own, Wall(1_795_642_800_000))).into_iter().map(|found| (found.name, found.state)).collect()
    }

    #[test]
    fn what_a_machine_tells_is_read_from_its_places() {
        let folder = tempfile::tempdir().expect("folder");
        let (root, data) = (folder.path(), folder.path().join("var/lib/aegis"));
        std::fs::create_dir_all(&data).expect("folder");
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).expect("mode");
        let own = Own { data_dir: data.clone(), ..Own::default() };
        assert!(
            !findings(root, &own)
                .iter()
                .any(|(name, _)| matches!(*name, "Card" | "Power" | "Memory control" | "File system"))
        );
        write(root, "proc/self/mountinfo", "24 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw,data=writeback\n");
        write(root, "proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t60\t1\nmemory\t0\t60\t0\n");
        write(root, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n");
        write(root, "sys/block/mmcblk0/device/life_time", "0x0b 0x01\n");
        write(root, "sys/block/mmcblk0/device/pre_eol_info", "0x01\n");
        write(root, "sys/block/sda/device/life_time", "0x0b 0x0b\n");
        write(root, "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n");
        write(root, "sys/class/hwmon/hwmon1/name", "rpi_volt\n");
        write(root, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n");
        write(root, "run/systemd/timesync/clock", "");
        let found = findings(root, &own);
        for expected in [
            ("Clock", State::Warn),
            ("File system", State::Warn),
            ("Memory control", State::Warn),
            ("Card", State::Bad),
            ("Power", State::Bad),
            ("Data folder", State::Good),
        ] {
            assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
        }
        write(root, "run/systemd/timesync/synchronized", "");
        assert!(findings(root, &own).contains(&("Clock", State::Good)));
    }

    #[test]
    fn secrets_and_the_data_folder_are_looked_at_by_their_modes() {
        let folder = tempfile::tempdir().expect("folder");
        let token = folder.path().join("token");
        std::fs::write(&token, "x").expect("file");
        let own = Own {
            data_dir: folder.path().to_owned(),
            secrets: vec![("the bot's token", token.clone()), ("the page's key", folder.path().join("none"))],
            credentials: None,
        };
        let state = |mode: u32, folder_mode: u32, own: &Own| {
            std::fs::set_permissions(&token, std::fs::Permissions::from_mode(mode)).expect("mode");
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(folder_mode)).expect("mode");
            let found = findings(Path::new("/none"), own);
            let of = |name: &str| found.iter().find(|(known, _)| *known == name).map(|(_, state)| *state);
            (of("Secrets"), of("Data folder"))
        };
        assert_eq!(state(0o600, 0o700, &own), (None, Some(State::Good)));
        assert_eq!(state(0o640, 0o750, &own), (Some(State::Warn), Some(State::Warn)));
        let by_the_system = Own { credentials: Some(folder.path().to_owned()), ..own };
        assert_eq!(state(0o440, 0o700, &by_the_system), (None, Some(State::Good)), "systemd looks after credentials");
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_judged_by_where_it_will_be() {
        let folder = tempfile::tempdir().expect("folder");
        let facts = look(Path::new("/none"), &Own { data_dir: folder.path().join("a/b"), ..Own::default() }, Wall(0));
        assert_eq!(facts.data.mode, None);
        assert!(facts.data.free_bytes.is_some() && facts.data.unwritable.is_none(), "{facts:?}");
    }
}
