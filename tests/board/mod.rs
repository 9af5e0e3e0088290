//! The real binary as a child process, on a folder of its own, against a stand-in of this test.
//!
//! Promises: nothing of the caller's environment reaches the child; the child is ended when its test ends.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, dead_code)] // Each test uses a part of it.

use aegis::demo::script::{Expected, Script, Scripted};
use aegis::demo::standin::StandIn;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for the slowest machine; nothing waits so long unless it is broken.
pub const LONG: Duration = Duration::from_secs(60);

/// A token of which no part occurs in any other word, so that a search of it in logs means something.
pub const TOKEN: &str = "4242:Zq7xWvKp-unheard_of";

const PACK: &str = "[pack]\nid = \"promo\"\nversion = 1\n\n[[rule]]\nid = \"promo-phrases\"\nreason = \"advertising\"\n\
                    keywords_file = \"phrases.txt\"\nscore = 100\nactions = [\"delete\", \"ban\"]\n";

/// The phrases of the pack.
pub const PHRASES: [&str; 3] = ["quick riches club", "cheap followers here", "double your coins"];

/// A folder for one appliance: its packs, its settings, its data, its log.
pub struct Board {
    /// The program, and the words before those of a command.
    program: Vec<String>,
    folder: TempDir,
    api_url: String,
    token: &'static str,
    more: Vec<(&'static str, String)>,
    log: Arc<(Mutex<String>, Condvar)>,
}

impl Board {
    /// An appliance for this stand-in, with the one pack.
    pub fn new(standin: &StandIn) -> Self {
        Self::at(standin.api_url(), TOKEN)
    }

    /// An appliance with this address and this token; no token when it is empty.
    pub fn at(api_url: String, token: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("packs")).unwrap();
        std::fs::write(folder.path().join("packs/promo.toml"), PACK).unwrap();
        std::fs::write(folder.path().join("packs/phrases.txt"), PHRASES.join("\n")).unwrap();
        let program = vec![env!("CARGO_BIN_EXE_aegis").to_owned()];
        Self { program, folder, api_url, token, more: Vec::new(), log: Arc::default() }
    }

    /// Takes another program from now on, with the words before those of a command.
    pub fn take_program(&mut self, program: &[String]) {
        self.program = program.to_vec();
    }

    /// Sets a variable for every command from now on.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.more.push((name, value.into()));
    }

    /// A path inside the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    /// The binary with these words, in the environment of this appliance.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AEGIS_") {
                command.env_remove(name);
            }
        }
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("AEGIS_TELEGRAM_API_URL", &self.api_url)
            .env("AEGIS_DATA_DIR", self.path("data"))
            .env("AEGIS_POLICY_DIR", self.path("packs"))
            .env("AEGIS_MODE", "enforce")
            .env("AEGIS_TELEGRAM_RPS", "0")
            .env("AEGIS_TELEGRAM_GROUP_RPM", "0")
            .env("AEGIS_WEB_LISTEN", "off");
        if !self.token.is_empty() {
            command.env("AEGIS_TELEGRAM_TOKEN", self.token);
        }
        for (name, value) in &self.more {
            command.env(name, value);
        }
        command
    }

    /// Runs a command to its end.
    pub fn ask(&self, words: &[&str]) -> Answer {
        self.ask_with(words, "")
    }

    /// The same with something on standard input.
    pub fn ask_with(&self, words: &[&str], input: &str) -> Answer {
        let stdin = self.write("stdin", input);
        let output = self.command(words).stdin(std::fs::File::open(stdin).unwrap()).output().unwrap();
        Answer::of(&output)
    }

    /// Starts the appliance; its standard output and error are added to the log.
    pub fn run(&self, words: &[&str]) -> Life {
        let (reader, writer) = std::io::pipe().unwrap();
        let child = self
            .command(&[&["run"], words].concat())
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let log = Arc::clone(&self.log);
        let listener = std::thread::spawn(move || {
            let mut lines = BufReader::new(reader);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
                log.0.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                log.1.notify_all();
                line.clear();
            }
        });
        Life { child: Some(child), listener: Some(listener) }
    }

    /// All that its lives have said.
    pub fn log(&self) -> String {
        self.log.0.lock().unwrap().clone()
    }

    /// Waits until its lives have said this so often.
    #[track_caller]
    pub fn hear(&self, words: &str, times: usize) {
        let silent = |log: &mut String| log.matches(words).count() < times;
        let (log, _) = self.log.1.wait_timeout_while(self.log.0.lock().unwrap(), LONG, silent).unwrap();
        assert!(log.matches(words).count() >= times, "{words:?} was not said {times} times:\n{log}");
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Answer {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let answer = Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        assert_keeps_the_token(&answer.out);
        assert_keeps_the_token(&answer.err);
        assert!(!answer.err.contains("panicked"), "{answer:?}");
        answer
    }

    /// Asserts the exit code, and that the errors say each of these.
    #[track_caller]
    pub fn refused(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for part in says {
            assert!(self.err.contains(part), "{part:?} is not in {self:?}");
        }
    }

    /// Asserts success, and that the output says each of these.
    #[track_caller]
    pub fn says(&self, says: &[&str]) {
        assert_eq!(self.code, Some(0), "{self:?}");
        for part in says {
            assert!(self.out.contains(part), "{part:?} is not in {self:?}");
        }
    }
}

/// No part of the token is in what strangers may read.
#[track_caller]
pub fn assert_keeps_the_token(text: &str) {
    assert!(!text.contains("Zq7xWvKp") && !text.contains("unheard_of"), "the token is shown in: {text}");
}

/// One life of the appliance; ended when dropped.
pub struct Life {
    child: Option<Child>,
    listener: Option<JoinHandle<()>>,
}

impl Life {
    /// Its number as a process.
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// SIGKILL: no word of warning.
    pub fn kill(mut self) {
        self.end();
    }

    /// SIGHUP: read the packs anew.
    pub fn hang_up(&self) {
        let pid = rustix::process::Pid::from_child(self.child.as_ref().unwrap());
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// SIGTERM, or no signal; then its exit status, if it ends in time.
    pub fn ended(mut self, within: Duration, signal: Signal) -> Option<ExitStatus> {
        let mut child = self.child.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        if signal == Signal::Term {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        }
        let (told, ended) = mpsc::channel();
        let waiting = std::thread::spawn(move || told.send(child.wait()));
        let status = ended.recv_timeout(within);
        if status.is_err() {
            // Not yet waited for, so the number is still its own.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _ = waiting.join();
        self.end();
        status.ok().map(Result::unwrap)
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        // Its last words are in the log before anybody reads it.
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a life is told before its end is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    None,
    Term,
}

/// The `n`-th message of a stream over five chats, each from a sender of its own; every fourth must go.
pub fn message(n: i64) -> Scripted {
    let chat = -1_001_000_000_000 - n % 5;
    if n % 4 == 3 {
        let text = format!("Hello all, {} number {n}", PHRASES[usize::try_from(n).unwrap() % PHRASES.len()]);
        Scripted::text(chat, n + 1, 7_000_000 + n, &text, Expected::RemoveAndBan)
    } else {
        Scripted::text(chat, n + 1, 7_000_000 + n, &format!("has anybody seen my cat, {n} days now?"), Expected::Stay)
    }
}

/// A script of so many of these messages.
pub fn script(count: i64) -> Script {
    let stream: Vec<Scripted> = (0..count).map(message).collect();
    Script { token: TOKEN.to_owned(), ..Script::new(Box::new(stream)) }
}

/// The same, written today: what is older than a month is not kept for long.
pub fn script_of_today(count: i64) -> Script {
    let today = |n: i64| {
        let old = message(n);
        let mut update: serde_json::Value = serde_json::from_str(&old.update(1)).unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        update["message"]["date"] = now.into();
        Scripted::from_update(&update, old.expected).unwrap()
    };
    let stream: Vec<Scripted> = (0..count).map(today).collect();
    Script { token: TOKEN.to_owned(), ..Script::new(Box::new(stream)) }
}

/// Starts a stand-in on a free port.
pub fn play(script: Script) -> StandIn {
    StandIn::start(script, "127.0.0.1:0".parse().unwrap()).unwrap()
}

/// Waits until all that must go has gone and everything on offer is confirmed; else shows the log.
#[track_caller]
pub fn settled(board: &Board, standin: &StandIn) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let reached = standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await;
        assert!(reached, "{place}: {} missed, {:?}\n{}", standin.ledger().missed(), standin.progress(), board.log());
    }
}
