//! What the data folder lies on, from the text of `/proc/self/mountinfo`.

use super::{Finding, State};

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is.
    pub point: String,
    /// What kind of file system it has.
    pub kind: String,
    /// What is mounted.
    pub source: String,
    /// The options of the mount and of the file system, one list.
    pub options: Vec<String>,
}

impl Mount {
    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|known| known == option)
    }
}

/// The mount on which a path lies: the last of those with the longest name that is a part of it. The path must be whole.
#[must_use]
pub fn mount_of(mountinfo: &str, path: &str) -> Option<Mount> {
    let holds = |point: &str| {
        path.strip_prefix(point.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // Of equals `max_by_key` gives the last, which is the one that lies on top.
    mountinfo.lines().filter_map(read).filter(|mount| holds(&mount.point)).max_by_key(|mount| mount.point.len())
}

/// One line: `36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/root rw,data=ordered`.
fn read(line: &str) -> Option<Mount> {
    let (first, second) = line.split_once(" - ")?;
    let mut first = first.split(' ').skip(4);
    let (point, own) = (plain(first.next()?), first.next()?);
    let mut second = second.split(' ');
    let (kind, source) = (second.next()?.to_owned(), plain(second.next()?));
    let options = own.split(',').chain(second.next().unwrap_or("").split(',')).map(str::to_owned).collect();
    Some(Mount { point, kind, source, options })
}

/// A name as it is: the system writes spaces and a few more as `\040`.
fn plain(name: &str) -> String {
    let mut parts = name.split('\\');
    let mut bytes = parts.next().unwrap_or("").as_bytes().to_vec();
    for part in parts {
        match part.get(..3).and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(3));
            }
            None => {
                bytes.push(b'\\');
                bytes.extend(part.bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn judge(mountinfo: &str, data: &str) -> Option<Finding> {
    let mount = mount_of(mountinfo, data)?;
    let point = &mount.point;
    let found = |state, words: String| Some(Finding::new("File system", state, words));
    if mount.has("ro") {
        return found(
            State::Bad,
            format!(
                "{point}, where {data} lies, can only be read; the system makes it so after errors of a worn card, so look at \
                 `dmesg`, and replace the card or mount it for writing."
            ),
        );
    }
    if mount.has("data=writeback") {
        return found(
            State::Warn,
            format!(
                "{point}, where {data} lies, is mounted with data=writeback, so a power cut may leave old bytes in new files; \
                 take that option out of /etc/fstab and of the kernel's command line, and restart the machine."
            ),
        );
    }
    if mount.has("nobarrier") || mount.has("barrier=0") {
        return found(
            State::Warn,
            format!(
                "{point}, where {data} lies, is mounted without barriers, so what is written may be lost in a power cut; take \
                 nobarrier or barrier=0 out of /etc/fstab, and restart the machine."
            ),
        );
    }
    if matches!(mount.kind.as_str(), "tmpfs" | "ramfs") || mount.source == "overlayroot" {
        return found(
            State::Warn,
            format!(
                "{data} lies in memory ({}), so all of it is gone after a restart of the machine; put data_dir on a disk, or turn \
                 the overlay file system off.",
                mount.kind
            ),
        );
    }
    found(State::Good, format!("{data} lies on {} ({}).", mount.point, mount.kind))
}
