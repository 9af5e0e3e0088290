//! An update is signed, fits the machine, is tried, and becomes ready; or the program of before is back, with its database, and
//! what runs goes on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;
mod signer;

use aegis::jobs::TARGET;
use aegis::jobs::update::{self, Note, State};
use aegis::release::{Key, verify};
use aegis::store::io::IoCount;
use aegis::store::{open_file, schema, tables};
use board::{Answer, Board, LONG};
use signer::{Form, Signer};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Long enough for a program that works to be ready, short enough to wait for one that does not.
const READY_S: &str = "6";

/// A program in a folder of its own, and a board that it works on.
struct Home {
    board: Board,
    signer: Signer,
    program: PathBuf,
}

impl Home {
    fn new(standin: &aegis::demo::standin::StandIn) -> Self {
        let board = Board::new(standin);
        for folder in ["bin", "data", "watch"] {
            std::fs::create_dir(board.path(folder)).unwrap();
        }
        let program = board.path("bin/aegis");
        std::fs::copy(env!("CARGO_BIN_EXE_aegis"), &program).unwrap();
        // What a new program is made of.
        std::fs::copy(env!("CARGO_BIN_EXE_aegis"), board.path("real")).unwrap();
        Self { board, signer: Signer::new(7), program }
    }

    /// The installed program with these words.
    fn command(&self, words: &[&str]) -> Command {
        let of_board = self.board.command(words);
        let mut command = Command::new(&self.program);
        command.args(of_board.get_args()).current_dir(of_board.get_current_dir().unwrap());
        for (name, value) in of_board.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn ask(&self, words: &[&str]) -> Answer {
        let output = self.command(words).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Answer { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// A program that says it is `version`, and runs as `run` says; everything else it does as the real one.
    fn script(&self, version: &str, run: &str) -> String {
        let real = self.board.path("real");
        format!(
            "#!/bin/sh\ncase \"$1\" in\n--version) echo aegis {version}; exit 0;;\nrun) {run};;\nesac\nexec {} \"$@\"\n",
            real.display()
        )
    }

    /// A signed program in a file.
    fn offer(&self, content: &[u8], comment: &str) -> String {
        let file = self.board.path("offered");
        std::fs::write(&file, content).unwrap();
        let signature = self.signer.sign(content, comment, Form::Hashed);
        std::fs::write(self.board.path("offered.minisig"), signature).unwrap();
        file.display().to_string()
    }

    /// The whole of an update to a program of this kind.
    fn update(&self, version: &str, run: &str, more: &[&str]) -> Answer {
        let comment = format!("version={version} target={TARGET}");
        let from = self.offer(self.script(version, run).as_bytes(), &comment);
        let key = self.signer.public();
        let words = ["update", "--from", &from, "--public-key", &key, "--ready-within", READY_S];
        self.ask(&[&words[..], more].concat())
    }

    fn data(&self) -> PathBuf {
        self.board.path("data")
    }

    fn version(&self) -> String {
        self.ask(&["--version"]).out.trim().to_owned()
    }

    /// Nothing of an update is left in either folder.
    fn assert_untouched(&self, before: &[u8]) {
        assert_eq!(std::fs::read(&self.program).unwrap(), before);
        assert!(!self.board.path("bin/aegis.new").exists() && update::under_way(&self.data()).is_none());
    }
}

/// Starts the program again whenever it ends, as a service manager does.
struct Watcher {
    child: Child,
    folder: PathBuf,
}

const WATCHER: &str = "while [ -e watch/go ]; do \"$0\" run >>watch/log 2>&1 & echo $! >watch/pid.new; \
                       mv watch/pid.new watch/pid; wait $!; echo $? >>watch/codes; done";

/// How the watched program is restarted. One that has ended by itself is started again anyway.
const RESTART: &str = "kill -TERM $(cat watch/pid) 2>/dev/null || true";

/// Waits until the program that is back has seen that it is: it looks at that before anything else. Messages may be dealt with by the
/// one before, while it closes.
#[track_caller]
fn await_the_old_program(home: &Home) {
    let until = Instant::now() + LONG;
    while update::under_way(&home.data()).is_some() {
        assert!(Instant::now() < until, "the old program has not ended the update");
        std::thread::yield_now();
    }
}

impl Watcher {
    fn start(home: &Home) -> Self {
        let folder = home.board.path("watch");
        std::fs::write(folder.join("go"), "").unwrap();
        let of_home = home.command(&[]);
        let mut command = Command::new("sh");
        command.args(["-c", WATCHER]).arg(&home.program).current_dir(home.board.path("."));
        for (name, value) in of_home.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Self { child: command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(), folder }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.folder.join("go"));
        let until = Instant::now() + LONG;
        // The one it watches is ended by its number, which is its own as long as the watcher waits for it.
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < until {
            let pid = std::fs::read_to_string(self.folder.join("pid")).ok().and_then(|pid| pid.trim().parse().ok());
            if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            let _ = update::await_end(&mut self.child, Duration::from_millis(200));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn offer_messages(standin: &aegis::demo::standin::StandIn, numbers: std::ops::Range<i64>) {
    numbers.for_each(|n| standin.offer(board::message(n)));
}

/// Waits until all that must go has gone.
async fn settled(standin: &aegis::demo::standin::StandIn, watcher: &Watcher) {
    let reached = standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await;
    assert!(reached, "{:?}\n{}", standin.progress(), watcher.log());
    let ledger = standin.ledger();
    assert_eq!((ledger.wrong(), ledger.two_ways()), (0, 0));
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/release").join(name)
}

#[test]
fn signatures_of_the_real_tool_hold_in_both_forms() {
    let read = |name: &str| std::fs::read_to_string(fixture(name)).unwrap();
    let key = Key::read(&read("key.pub")).unwrap();
    for name in ["hashed.minisig", "whole.minisig"] {
        let release = verify(&fixture("program.txt"), &read(name), &key).unwrap();
        assert_eq!(release.version.to_string(), "0.2.0", "{name}");
        assert_eq!(release.target, "aarch64-unknown-linux-musl");
        let changed = read(name).replace("version=0.2.0", "version=0.3.0");
        assert!(verify(&fixture("program.txt"), &changed, &key).is_err(), "the trusted comment is signed too");
        assert!(verify(&fixture("key.pub"), &read(name), &key).unwrap_err().contains("not one of this file"));
        let other = Key::read(&Signer::new(9).public()).unwrap();
        assert!(verify(&fixture("program.txt"), &read(name), &other).unwrap_err().contains("another key"));
    }
    // What these tests sign with, signs as the tool does.
    let dir = tempfile::tempdir().unwrap();
    let (file, signer) = (dir.path().join("f"), Signer::new(3));
    std::fs::write(&file, "content").unwrap();
    let key = Key::read(&signer.public()).unwrap();
    for form in [Form::Hashed, Form::Whole] {
        let signature = signer.sign(b"content", "version=1.0.0 target=x", form);
        verify(&file, &signature, &key).unwrap();
        std::fs::write(dir.path().join("f.minisig"), signature).unwrap();
        let said = Command::new("minisign").args(["-V", "-P", &signer.public(), "-m"]).arg(&file).output();
        match said {
            Ok(said) => assert!(said.status.success(), "{said:?}"),
            Err(_) => println!("minisign is not here: its part of this test is left out"),
        }
    }
}

#[tokio::test]
async fn what_is_not_signed_for_this_machine_or_no_newer_is_refused_and_what_runs_goes_on() {
    let standin = board::play(board::script(8));
    let home = Home::new(&standin);
    let watcher = Watcher::start(&home);
    settled(&standin, &watcher).await;
    let before = std::fs::read(&home.program).unwrap();
    let good = home.script("0.2.0", "exit 1").into_bytes();
    let fits = format!("version=0.2.0 target={TARGET}");
    let key = home.signer.public();
    let refused = |from: &str, says: &str, more: &[&str]| {
        let words = ["update", "--from", from, "--public-key", &key];
        let answer = home.ask(&[&words[..], more].concat());
        answer.refused(65, &[says, "nothing was changed"]);
        assert_eq!(answer.err.lines().count(), 1, "{answer:?}");
        home.assert_untouched(&before);
    };
    let from = home.offer(&good, &fits);
    std::fs::remove_file(home.board.path("offered.minisig")).unwrap();
    refused(&from, "there is no signature", &[]);
    home.board.write("offered.minisig", "untrusted comment: none\n");
    refused(&from, "the signature cannot be read", &[]);
    let strange = Signer { id: home.signer.id, ..Signer::new(9) };
    home.board.write("offered.minisig", &strange.sign(&good, &fits, Form::Hashed));
    refused(&from, "not one of this file", &[]);
    home.board.write("offered.minisig", &Signer::new(9).sign(&good, &fits, Form::Hashed));
    refused(&from, "signed with another key", &[]);
    for content in [&good[..good.len() - 1], &good[..0], &[&good[..], b"x"].concat()] {
        home.offer(&good, &fits);
        std::fs::write(home.board.path("offered"), content).unwrap();
        refused(&from, "changed, cut off or signed with another key", &[]);
    }
    for (comment, says) in [
        ("version=0.2.0".to_owned(), "does not say version=... and target=..."),
        ("version=0.2.0 target=sparc-unknown-none".to_owned(), "was built for sparc-unknown-none"),
        (format!("version=0.1.0 target={TARGET}"), "is what is here already"),
        (format!("version=0.0.9 target={TARGET}"), "add --allow-older"),
    ] {
        home.offer(&good, &comment);
        refused(&from, says, &[]);
    }
    // Signed, and no program that works here.
    for (content, says) in [
        ("#!/bin/sh\nexit 1\n", "does not work here"),
        ("#!/bin/sh\nexec sleep 1000\n", "did not end within 1 s"),
        ("#!/bin/sh\necho aegis 0.3.0\n", "its signature says 0.2.0"),
        ("no program at all", "does not work here"),
        (
            "#!/bin/sh\n[ \"$1\" = check ] && { echo no such setting >&2; exit 64; }\necho aegis 0.2.0\n",
            "no such setting",
        ),
    ] {
        home.offer(content.as_bytes(), &fits);
        refused(&from, says, &["--ready-within", "1"]);
    }
    // Without a key nobody is believed; with another one than the first neither.
    home.ask(&["update", "--from", &from, "--public-key", "what"]).refused(64, &["no public key of minisign"]);
    let pinned = std::fs::read_to_string(home.data().join("release.pub")).unwrap();
    assert!(pinned.contains(&key), "the first signature that held has pinned its key");
    let other = Signer::new(9).public();
    home.ask(&["update", "--from", &from, "--public-key", &other]).refused(65, &["remove", "release.pub by hand"]);
    std::fs::remove_file(home.data().join("release.pub")).unwrap();
    home.ask(&["update", "--from", &from]).refused(64, &["nobody has said which key signs updates"]);
    offer_messages(&standin, 8..16);
    settled(&standin, &watcher).await;
    assert!(!watcher.folder.join("codes").exists(), "the program never ended: {}", watcher.log());
}

#[tokio::test]
async fn a_good_update_is_in_place_and_can_be_taken_back_by_hand() {
    let standin = board::play(board::script(8));
    let home = Home::new(&standin);
    let watcher = Watcher::start(&home);
    settled(&standin, &watcher).await;
    let real = format!("exec {} run", home.board.path("real").display());
    let done = home.update("0.2.0", &real, &["--restart-command", RESTART]);
    done.says(&["must be signed with the key", "Aegis 0.2.0 is in place of 0.1.0", "Aegis 0.2.0 is ready"]);
    assert_eq!(home.version(), "aegis 0.2.0");
    assert!(update::under_way(&home.data()).is_none() && !home.data().join(update::COPY).exists());
    assert_eq!(std::fs::metadata(&home.program).unwrap().permissions().mode() & 0o111, 0o111);
    offer_messages(&standin, 8..16);
    settled(&standin, &watcher).await;
    // The key is pinned: it need not be named again.
    let from = home.offer(home.script("0.3.0", "exit 1").as_bytes(), &format!("version=0.2.9 target={TARGET}"));
    home.ask(&["update", "--from", &from]).refused(65, &["its signature says 0.2.9"]);
    home.ask(&["update", "--back"]).says(&["Aegis 0.1.0 is in its place again"]);
    assert_eq!(home.version(), "aegis 0.1.0");
    assert!(Command::new("sh").args(["-c", RESTART]).current_dir(home.board.path(".")).status().unwrap().success());
    await_the_old_program(&home);
    offer_messages(&standin, 16..24);
    settled(&standin, &watcher).await;
    home.ask(&["update", "--back"]).refused(64, &["no update that could be taken back"]);
}

#[tokio::test]
async fn a_program_that_ends_hangs_or_never_becomes_ready_gives_way_to_the_old_one() {
    let standin = board::play(board::script(8));
    let home = Home::new(&standin);
    let watcher = Watcher::start(&home);
    settled(&standin, &watcher).await;
    let fifo = home.board.path("stuck");
    std::fs::create_dir(&fifo).unwrap();
    assert!(Command::new("mkfifo").arg(fifo.join("a.toml")).status().unwrap().success());
    let (stuck, real) = (fifo.display(), home.board.path("real"));
    // Packs that never come to their end: the real program, and it does not become ready.
    let never = format!("AEGIS_POLICY_DIR={stuck} exec {} run", real.display());
    let mut offered = 8;
    for (run, why) in
        [("exit 1", "was not ready within"), ("exec sleep 1000", "was not ready"), (&never, "was not ready")]
    {
        let before = std::fs::read(&home.program).unwrap();
        let began = Instant::now();
        let failed = home.update("0.2.0", run, &["--restart-command", RESTART]);
        println!("{run:.20}: the old program was back after {:.1?}", began.elapsed());
        failed.refused(1, &["Aegis 0.2.0 was taken back", why, "0.1.0 is in its place again"]);
        assert_eq!(failed.err.lines().filter(|line| line.contains("Aegis")).count(), 1, "{failed:?}");
        assert_eq!(std::fs::read(&home.program).unwrap(), before);
        offer_messages(&standin, offered..offered + 8);
        offered += 8;
        settled(&standin, &watcher).await;
        await_the_old_program(&home);
    }
}

#[tokio::test]
async fn a_program_that_ends_again_and_again_takes_itself_back() {
    let standin = board::play(board::script(8));
    let home = Home::new(&standin);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let real = home.board.path("real");
    let run = format!("AEGIS_WEB_LISTEN={} exec {} run", taken.local_addr().unwrap(), real.display());
    home.update("0.2.0", &run, &[]).says(&["restart Aegis now"]);
    let again = home.update("0.3.0", "exit 1", &[]);
    again.refused(65, &["the update to 0.2.0 is not at its end"]);
    for start in 1..=aegis::limits::UPDATE_STARTS_MAX {
        assert_eq!(home.ask(&["run"]).code, Some(64), "start {start}");
        assert_eq!(home.version(), "aegis 0.2.0");
    }
    let last = home.ask(&["run"]);
    last.refused(1, &["Aegis 0.2.0 was taken back", "start again: this is 0.1.0 now"]);
    assert_eq!(home.version(), "aegis 0.1.0");
    let watcher = Watcher::start(&home);
    settled(&standin, &watcher).await;
}

fn bump(path: &Path) {
    let database = open_file(path, 1 << 20, &Arc::new(IoCount::default())).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(tables::META).unwrap().insert("schema", schema::known() + 1).unwrap();
    txn.commit().unwrap();
}

#[tokio::test]
async fn a_database_that_the_new_program_took_up_comes_back_with_the_old_one() {
    for steps in ["cp older.redb data/journal.redb", "exit 1"] {
        let standin = board::play(board::script(8));
        let home = Home::new(&standin);
        let watcher = Watcher::start(&home);
        settled(&standin, &watcher).await;
        drop(watcher);
        let journal = home.data().join("journal.redb");
        for name in ["older.redb", "newer.redb"] {
            std::fs::copy(&journal, home.board.path(name)).unwrap();
        }
        bump(&home.board.path("newer.redb"));
        let watcher = Watcher::start(&home);
        assert!(standin.wait_until(LONG, |town| town.ledger().calls["getMe"] >= 2).await, "{}", watcher.log());
        // Takes the schema up as a newer program would, and ends; its steps down are played too.
        let run = format!("cp newer.redb data/journal.redb; exit 1;;\nmigrate) {steps}; exit 0");
        let failed = home.update("0.2.0", &run, &["--restart-command", RESTART]);
        failed.refused(1, &["Aegis 0.2.0 was taken back"]);
        offer_messages(&standin, 8..16);
        settled(&standin, &watcher).await;
        let ended = update::last(&home.data()).unwrap();
        assert_eq!((ended.state, ended.to.as_str()), (State::Back, "0.2.0"));
        let kept = home.data().join("journal.redb.of-0.2.0").exists();
        assert_eq!(kept, steps == "exit 1", "the copy takes its place only where the steps fail");
        drop(watcher);
        assert_eq!(aegis::store::idle_schema(&home.data()), Ok(schema::known()));
    }
}

#[test]
fn a_note_without_a_switch_is_seen_to_be_none() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("aegis");
    std::fs::write(&program, "old").unwrap();
    let note = Note {
        id: "1".to_owned(),
        program: program.clone(),
        from: "0.1.0".to_owned(),
        to: "0.2.0".to_owned(),
        sha256: "00".repeat(32),
        schema: schema::known(),
        ready_s: 1,
        starts: 0,
        state: State::Trial,
        why: String::new(),
    };
    update::note(dir.path(), &note).unwrap();
    assert_eq!(update::started(dir.path(), None), Ok(None));
    assert!(update::under_way(dir.path()).is_none());
    assert_eq!(update::last(dir.path()).unwrap().state, State::Left);
    // Ready and late: whoever is first has decided.
    update::note(dir.path(), &note).unwrap();
    update::pass(dir.path()).unwrap();
    assert!(update::take_back(dir.path(), "late").unwrap().is_none());
    assert_eq!(std::fs::read_to_string(&program).unwrap(), "old");
}
