//! The fence around the process: what a message that breaks the program could do with it, at most. It holds without systemd.
//!
//! Promises: it is put up before the first thread, so that every thread stands behind it. Then nothing outside the data folder
//! is written, nothing but [`Ground::read`] and a few places of the system is read, no program is started, and no port but the
//! page's is opened. What the kernel lacks is said and is no failure.
//!
//! Never: a gate in it. A fence can be made narrower, and not wider.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod calls;
mod files;

use crate::checks::{Finding, State};
use std::path::{Path, PathBuf};

/// What the program needs of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Written and read: the data folder, which must be there.
    pub data_dir: PathBuf,
    /// Read: folders, and files with the folders they lie in, since editors put a new file in the place of the old.
    pub read: Vec<PathBuf>,
    /// The port that the page listens on; `None` for none.
    pub port: Option<u16>,
}

impl Ground {
    /// The folders of these that may be read: of a file its folder, and the one where it really lies, if it is a link.
    fn folders(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for path in &self.read {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            for one in [path, &real] {
                let folder = if one.is_dir() { Some(one.as_path()) } else { one.parent() };
                // What is named without a folder lies in the one where the program was started.
                let folder = folder.map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
                // A file that lies at the very top opens nothing but itself.
                found.extend(folder.filter(|folder| **folder != *"/").map(Path::to_owned));
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

/// How much of one half of the fence stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Half {
    /// All of it, as it is called.
    Up(&'static str),
    /// What this kernel knows of it, and what is missing.
    Partly(&'static str),
    /// Nothing, and why.
    Down(String),
}

/// How much of the fence stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fence {
    /// The settings say that there is to be none.
    Off,
    /// It was put up, as far as the kernel goes.
    Stands {
        /// What may be read and written (Landlock).
        files: Half,
        /// Which calls the kernel answers (seccomp).
        calls: Half,
    },
}

/// Puts the fence up around the calling thread and every thread it starts.
#[must_use]
pub fn put_up(ground: &Ground) -> Fence {
    let files = files::put_up(ground);
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    let calls = calls::put_up();
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let calls = Half::Down("on this processor only the unit's SystemCallFilter= does it".to_owned());
    Fence::Stands { files, calls }
}

/// How much of a fence this machine can have: one is put up around a thread that ends at once.
#[must_use]
pub fn try_out(ground: &Ground) -> Fence {
    std::thread::scope(|scope| {
        let tried = scope.spawn(|| put_up(ground)).join();
        let none = || Half::Down("the thread that tried it ended early".to_owned());
        tried.unwrap_or_else(|_| Fence::Stands { files: none(), calls: none() })
    })
}

impl Fence {
    /// What people are told of it.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let found = |state, words: String| Finding::new("Sandbox", state, words);
        let Self::Stands { files, calls } = self else {
            let words = "The sandbox is off, so an error in this program could reach all that its user can; take \
                         sandbox = \"off\" out of the settings.";
            return found(State::Warn, words.to_owned());
        };
        let state = match (files, calls) {
            (Half::Down(_), _) => State::Warn,
            // 32-bit ARM has no other: that is no fault of the machine.
            _ => State::Good,
        };
        let told = |half: &Half| match half {
            Half::Up(name) => (*name).to_owned(),
            Half::Partly(what) => (*what).to_owned(),
            Half::Down(why) => format!("none, since {why}"),
        };
        let (files, calls) = (told(files), told(calls));
        found(
            state,
            format!(
                "Outside the data folder nothing is written and no program is started, as far as the kernel holds it: files {files}; calls {calls}."
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_its_folder_may_be_read_and_where_it_really_lies() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("archive")).expect("folder");
        std::fs::create_dir_all(at("live")).expect("folder");
        std::fs::write(at("archive/cert1.pem"), "").expect("file");
        std::os::unix::fs::symlink("../archive/cert1.pem", at("live/cert.pem")).expect("link");
        let ground = Ground { read: vec![at("live/cert.pem")], ..Ground::default() };
        let real = folder.path().canonicalize().expect("it is there");
        let mut expected = vec![at("live"), real.join("archive")];
        expected.sort();
        assert_eq!(ground.folders(), expected);
        let odd = Ground { read: vec!["aegis.toml".into(), "/vmlinuz".into()], ..Ground::default() };
        assert_eq!(odd.folders(), [PathBuf::from(".")], "never the whole machine");
    }

    #[test]
    fn what_stands_is_told_in_one_sentence() {
        let told = |files, calls| Fence::Stands { files, calls }.finding();
        assert_eq!(told(Half::Up("Landlock"), Half::Up("seccomp")).state, State::Good);
        let down = told(Half::Down("this kernel has no Landlock".to_owned()), Half::Up("seccomp"));
        assert!(down.state == State::Warn && down.words.contains("this kernel has no Landlock"), "{down:?}");
        assert_eq!(Fence::Off.finding().state, State::Warn);
    }
}
