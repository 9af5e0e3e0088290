//! What the system's manager is told: that the program is ready, how it stands, that it moves, that it closes.
//!
//! Promises: a word is one datagram, and is never waited for: a manager that does not listen holds nothing up.
//!
//! Never: a word to anybody where `NOTIFY_SOCKET` is not set.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The way to the manager.
#[derive(Clone, Debug, Default)]
pub struct Notify {
    address: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// The manager of this process, as its environment names it.
    #[must_use]
    pub fn of_process() -> Self {
        let variable = |name| std::env::var_os(name);
        let (usec, pid) = (variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"));
        Self::named(variable("NOTIFY_SOCKET").as_deref(), usec.as_deref(), pid.as_deref(), std::process::id())
    }

    /// The manager behind `NOTIFY_SOCKET`, which wants to hear of this process every `WATCHDOG_USEC` microseconds. A name that
    /// begins with `@` is an abstract one. What makes no sense is as if it were not set.
    #[must_use]
    pub fn named(
        socket: Option<&OsStr>,
        watchdog_usec: Option<&OsStr>,
        watchdog_pid: Option<&OsStr>,
        own_pid: u32,
    ) -> Self {
        let number = |text: Option<&OsStr>| text.and_then(OsStr::to_str)?.parse::<u64>().ok();
        let is_for_us = watchdog_pid.is_none() || number(watchdog_pid) == Some(u64::from(own_pid));
        let address = socket.and_then(|name| match name.as_bytes() {
            [b'@', rest @ ..] if !rest.is_empty() => SocketAddr::from_abstract_name(rest).ok(),
            [b'/', ..] => SocketAddr::from_pathname(name).ok(),
            _ => None,
        });
        let watchdog = number(watchdog_usec).filter(|usec| *usec > 0 && is_for_us && address.is_some());
        Self { address, watchdog: watchdog.map(Duration::from_micros) }
    }

    /// Whether there is one.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.address.is_some()
    }

    /// How long it waits for a `WATCHDOG=1` before it ends the process; `None` when it does not.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells it lines such as `READY=1`, in one datagram. A line feed inside a line is written as a space.
    ///
    /// # Errors
    /// When it does not take the datagram at once.
    pub fn tell(&self, lines: &[&str]) -> io::Result<()> {
        let Some(address) = &self.address else { return Ok(()) };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        let text: Vec<String> = lines.iter().map(|line| line.replace('\n', " ")).collect();
        socket.send_to_addr(text.join("\n").as_bytes(), address).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(socket: &str, usec: Option<&str>, pid: Option<&str>) -> Notify {
        Notify::named(Some(OsStr::new(socket)), usec.map(OsStr::new), pid.map(OsStr::new), 7)
    }

    #[test]
    fn a_manager_is_told_by_path_and_by_an_abstract_name() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("notify");
        let name = format!("aegis-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).expect("a name");
        for (socket, address) in [
            (UnixDatagram::bind(&path), path.display().to_string()),
            (UnixDatagram::bind_addr(&abstract_name), format!("@{name}")),
        ] {
            let socket = socket.expect("socket");
            named(&address, None, None).tell(&["READY=1", "STATUS=a\nb"]).expect("it was told");
            let mut heard = [0; 64];
            let bytes = socket.recv(&mut heard).expect("a datagram");
            assert_eq!(heard.get(..bytes), Some("READY=1\nSTATUS=a b".as_bytes()), "{address}");
        }
    }

    #[test]
    fn without_a_manager_nobody_is_told_and_one_who_is_gone_is_an_error() {
        assert!(Notify::default().tell(&["READY=1"]).is_ok());
        for odd in ["", "@", "relative", "vsock:2:1"] {
            assert!(!named(odd, Some("1000"), None).listens(), "{odd}");
        }
        assert!(named("/nowhere/notify", None, None).tell(&["READY=1"]).is_err());
    }

    #[test]
    fn the_watchdog_is_meant_for_this_process_alone() {
        let second = Some(Duration::from_secs(1));
        for (usec, pid, expected) in [
            (Some("1000000"), None, second),
            (Some("1000000"), Some("7"), second),
            (Some("1000000"), Some("8"), None),
            (Some("0"), None, None),
            (Some("soon"), None, None),
            (None, Some("7"), None),
        ] {
            assert_eq!(named("/run/notify", usec, pid).watchdog(), expected, "{usec:?} {pid:?}");
        }
    }
}
