//! `aegis update`: takes a signed program, tries it, puts it in place, and brings the old one back when it does not become ready.
//!
//! Promises: a file that is unsigned, wrongly signed, cut off, for another machine, or no newer, is refused in one sentence, and
//! what runs goes on; the very bytes that were checked are what is tried and put in place; the key is pinned with the first
//! update that it signed, and another key is refused.
//!
//! Never: a download. The file is brought by whoever runs this.

use super::Failure;
use super::offline::{ask, print};
use crate::app::FailureKind;
use crate::config::Config;
use crate::control::{Answer, Command};
use crate::jobs::backup::hex;
use crate::jobs::update::{self, COPY, Note, State, attempt, await_end};
use crate::jobs::{TARGET, aside, write_private};
use crate::limits;
use crate::release::{Key, Release, Version, hash_of, verify};
use crate::store::{self, JOURNAL_FILE, schema};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::time::{Duration, Instant};

/// The file in the data folder with the key that signed the first update.
const PINNED: &str = "release.pub";

/// An update.
#[derive(Debug, clap::Args)]
pub(super) struct UpdateArgs {
    /// The new program; its signature lies beside it, with `.minisig` at the end of the name.
    #[arg(long, value_name = "FILE", required_unless_present = "back")]
    from: Option<PathBuf>,
    /// The public key of whoever signs, or its file; needed once.
    #[arg(long, value_name = "KEY_OR_FILE")]
    public_key: Option<String>,
    /// Take an older version.
    #[arg(long)]
    allow_older: bool,
    /// How the running program is restarted, such as "systemctl restart aegis".
    #[arg(long, value_name = "COMMAND")]
    restart_command: Option<String>,
    /// Seconds in which the new program must become ready.
    #[arg(long, value_name = "SECONDS", default_value_t = limits::UPDATE_READY_S)]
    ready_within: u64,
    /// Put the program of before the last update back.
    #[arg(long, conflicts_with = "from")]
    back: bool,
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl UpdateArgs {
    /// The settings file.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

fn storage(why: impl Into<String>) -> Failure {
    Failure { kind: FailureKind::Storage, why: why.into() }
}

fn refused(why: impl Into<String>) -> Failure {
    Failure { kind: FailureKind::Data, why: format!("{}; nothing was changed", why.into()) }
}

/// A file that is removed again unless it is put in place.
struct Staged(PathBuf);

impl Drop for Staged {
    fn drop(&mut self) {
        // In its place by now, or of no use.
        let _gone = std::fs::remove_file(&self.0);
    }
}

/// Updates the program that this is.
pub(super) fn update(config: &Config, args: &UpdateArgs) -> Result<(), Failure> {
    let dir = &config.data_dir;
    if args.back {
        return back(config);
    }
    if !dir.is_dir() {
        return Err(storage(format!("there is no data folder at {}; name its settings with --config", dir.display())));
    }
    if let Some(found) = update::under_way(dir) {
        let way = match found.state {
            State::Trial => "start Aegis, which decides it, or take it back with `aegis update --back`",
            _ => "start Aegis once, which ends it",
        };
        return Err(refused(format!("the update to {} is not at its end; {way}", found.to)));
    }
    if !(1..=limits::UPDATE_READY_S_MAX).contains(&args.ready_within) {
        return Err(Failure::usage(format!("--ready-within must be 1 to {} seconds", limits::UPDATE_READY_S_MAX)));
    }
    let from = args.from.as_deref().ok_or_else(|| Failure::usage("name the new program with --from"))?;
    let program = std::env::current_exe().and_then(|path| path.canonicalize());
    let program = program.map_err(|error| storage(format!("this program does not find itself: {error}")))?;
    let key = key(config, args.public_key.as_deref())?;
    let staged = stage(from, &program)?;
    let release = believed(&staged.0, from, &key, args.allow_older)?;
    pin(dir, &key)?;
    tried(&staged.0, &program, &release, args)?;
    copy_database(config)?;
    let hash = hash_of(&staged.0).map_err(|error| storage(error.to_string()))?;
    let note = Note {
        id: format!("{:016x}", fastrand::u64(..)),
        program,
        from: Version::own().to_string(),
        to: release.version.to_string(),
        sha256: hex(&hash),
        schema: schema::known(),
        ready_s: args.ready_within,
        starts: 0,
        state: State::Trial,
        why: String::new(),
    };
    // The note first: a switch without one would be unwatched, a note without a switch is seen to be none at the next start.
    update::note(dir, &note).map_err(|error| storage(format!("{}: {error}", dir.display())))?;
    if let Err(error) = update::switch(&staged.0, &note) {
        let _ended = update::take_back(dir, "it could not be put in place");
        let _gone = std::fs::remove_file(dir.join(update::NOTE));
        return Err(storage(format!("{} cannot be replaced: {error}; nothing was changed", note.program.display())));
    }
    print(&format!(
        "{}: Aegis {} is in place of {}, which is kept beside it\n",
        note.program.display(),
        note.to,
        note.from
    ))?;
    match &args.restart_command {
        Some(command) => see_through(dir, &note, command),
        None => print(&format!(
            "restart Aegis now: the new program must be ready within {} s of its start, or the old one comes back\n",
            note.ready_s
        )),
    }
}

fn bounded(path: &Path, most: u64) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

/// The key that updates must be signed with: the pinned one, which what is named now must not contradict.
fn key(config: &Config, given: Option<&str>) -> Result<Key, Failure> {
    let path = config.data_dir.join(PINNED);
    let pinned = match bounded(&path, limits::SIGNATURE_BYTES_MAX) {
        Ok(text) => Some(Key::read(&text).map_err(|why| storage(format!("{} {why}", path.display())))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(storage(format!("{}: {error}", path.display()))),
    };
    let named = match given.or(config.update_key.as_deref()) {
        None => None,
        Some(text) => {
            let text = bounded(Path::new(text), limits::SIGNATURE_BYTES_MAX).unwrap_or_else(|_| text.to_owned());
            Some(Key::read(&text).map_err(|why| Failure::usage(format!("what is named as the key {why}")))?)
        }
    };
    match (pinned, named) {
        (Some(pinned), Some(named)) if pinned != named => Err(refused(format!(
            "updates here are signed with the key {}, and another was named ({}): if that is right, remove {} by hand",
            pinned.fingerprint(),
            named.fingerprint(),
            path.display()
        ))),
        (Some(key), _) | (None, Some(key)) => Ok(key),
        (None, None) => Err(Failure::usage(
            "nobody has said which key signs updates; name it with --public-key, or as `public_key` in [update]",
        )),
    }
}

fn pin(dir: &Path, key: &Key) -> Result<(), Failure> {
    let path = dir.join(PINNED);
    if path.exists() {
        return Ok(());
    }
    let told = |error: std::io::Error| storage(format!("{}: {error}", path.display()));
    write_private(&path, &format!("untrusted comment: signs updates of this board\n{}\n", key.letters()))
        .map_err(told)?;
    print(&format!("from now on updates here must be signed with the key {} ({})\n", key.letters(), key.fingerprint()))
}

/// Copies the file beside the program: what is checked from here on cannot be changed by whoever owns the file.
fn stage(from: &Path, program: &Path) -> Result<Staged, Failure> {
    let path = aside(program);
    let told = |error: std::io::Error| {
        storage(format!("{} cannot be written: {error}; run this as the program's owner", path.display()))
    };
    let source = File::open(from).map_err(|error| Failure::usage(format!("{}: {error}", from.display())))?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(told(error)),
        _ => {}
    }
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(told)?;
    let staged = Staged(path.clone());
    std::io::copy(&mut source.take(limits::UPDATE_BYTES_MAX.saturating_add(1)), &mut out).map_err(told)?;
    out.sync_all().map_err(told)?;
    Ok(staged)
}

/// Checks the signature, and that what it says fits this machine.
fn believed(staged: &Path, from: &Path, key: &Key, allow_older: bool) -> Result<Release, Failure> {
    let mut beside = from.as_os_str().to_owned();
    beside.push(".minisig");
    let beside = PathBuf::from(beside);
    let signature = bounded(&beside, limits::SIGNATURE_BYTES_MAX)
        .map_err(|error| refused(format!("there is no signature at {}: {error}", beside.display())))?;
    let release = verify(staged, &signature, key).map_err(|why| refused(format!("{}: {why}", from.display())))?;
    if release.target != TARGET {
        return Err(refused(format!("the program was built for {}, and this machine takes {TARGET}", release.target)));
    }
    let own = Version::own();
    if release.version == own {
        return Err(refused(format!("Aegis {own} is what is here already")));
    }
    if release.version < own && !allow_older {
        return Err(refused(format!(
            "Aegis {} is older than {own}, which is here; add --allow-older if that is meant",
            release.version
        )));
    }
    Ok(release)
}

/// Lets the new program say its version and check the settings, before anything depends on it.
fn tried(staged: &Path, program: &Path, release: &Release, args: &UpdateArgs) -> Result<(), Failure> {
    let told = |error: std::io::Error| storage(format!("{}: {error}", staged.display()));
    let mode = std::fs::metadata(program).map_err(told)?.permissions();
    std::fs::set_permissions(staged, mode).map_err(told)?;
    let within = Duration::from_secs(args.ready_within);
    let mut version = Program::new(staged);
    version.arg("--version");
    let said = attempt(version, within).map_err(|why| refused(format!("the new program does not work here: {why}")))?;
    if said.split_ascii_whitespace().last() != Some(release.version.to_string().as_str()) {
        return Err(refused(format!(
            "the new program says that it is {:?}, and its signature says {}",
            said.trim(),
            release.version
        )));
    }
    let mut check = Program::new(staged);
    check.arg("check");
    if let Some(config) = args.config() {
        check.arg("--config").arg(config);
    }
    attempt(check, within).map_err(|why| refused(format!("the new program refuses the settings: {why}")))?;
    Ok(())
}

/// Copies the database, through the running appliance where one runs.
fn copy_database(config: &Config) -> Result<(), Failure> {
    let dir = &config.data_dir;
    if !dir.join(JOURNAL_FILE).exists() {
        return Ok(());
    }
    match ask(config, &Command::CopyForUpdate)? {
        Some(Answer::Changed(_)) => Ok(()),
        Some(Answer::Refused(why)) => Err(refused(why)),
        Some(other) => Err(refused(format!("the running appliance's answer makes no sense: {other:?}"))),
        None => store::copy_idle(dir, &dir.join(COPY)).map(drop).map_err(refused),
    }
}

fn restart(command: &str, within: Duration) -> Result<(), String> {
    let child = Program::new("sh").arg("-c").arg(command).stdin(std::process::Stdio::null()).spawn();
    let mut child = child.map_err(|error| format!("`{command}` cannot be run: {error}"))?;
    match await_end(&mut child, within) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("`{command}` failed ({status})")),
        // It may start the program itself, and stay with it.
        None => Ok(()),
    }
}

/// What became of an update, when that is decided.
fn outcome(dir: &Path, id: &str) -> Option<Note> {
    let ended = update::last(dir).filter(|note| note.id == id);
    ended.or_else(|| update::under_way(dir).filter(|note| note.id == id && note.state == State::Back))
}

/// Restarts, waits until the new program is ready, and brings the old one back when it does not become so.
fn see_through(dir: &Path, note: &Note, command: &str) -> Result<(), Failure> {
    let ready = Duration::from_secs(note.ready_s);
    let until = Instant::now() + ready + Duration::from_millis(limits::UPDATE_GRACE_MS);
    let restarted = restart(command, ready);
    let mut decided = outcome(dir, &note.id);
    while restarted.is_ok() && decided.is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(limits::UPDATE_LOOK_MS));
        decided = outcome(dir, &note.id);
    }
    let mut again = false;
    if decided.is_none() {
        let why = restarted.err().unwrap_or_else(|| format!("it was not ready within {} s", note.ready_s));
        let taken = update::take_back(dir, &why)
            .map_err(|error| storage(format!("the old program cannot be put back: {error}")))?;
        decided = taken.or_else(|| outcome(dir, &note.id));
        again = decided.as_ref().is_some_and(|note| note.state == State::Back);
    }
    match decided {
        Some(decided) if decided.state == State::Good => print(&format!("Aegis {} is ready\n", note.to)),
        Some(decided) if decided.state == State::Back => {
            if again && let Err(why) = restart(command, ready) {
                eprintln!("{why}; start Aegis by hand");
            }
            Err(Failure {
                kind: FailureKind::Broken,
                why: format!(
                    "Aegis {} was taken back, since {}; {} is in its place again",
                    note.to, decided.why, note.from
                ),
            })
        }
        _ => Err(storage("somebody else changed the program meanwhile; look at what is there")),
    }
}

/// Puts the program of before the last update back, by hand.
fn back(config: &Config) -> Result<(), Failure> {
    let dir = &config.data_dir;
    let told = |error: std::io::Error| storage(format!("the old program cannot be put back: {error}"));
    if update::under_way(dir).is_none() {
        let last = update::last(dir).filter(|note| note.state == State::Good && note.previous().exists());
        let last = last.ok_or_else(|| Failure::usage("there is no update that could be taken back"))?;
        update::note(dir, &Note { state: State::Trial, starts: 0, ..last }).map_err(told)?;
    }
    let Some(note) = update::take_back(dir, "it was taken back by hand").map_err(told)? else {
        return Err(Failure::usage("there is no update that could be taken back"));
    };
    print(&format!("{}: Aegis {} is in its place again; restart it now\n", note.program.display(), note.from))
}
