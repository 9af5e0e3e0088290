//! The binaries for boards, run as their boards would: every answer is the one this machine gives.
//!
//! Promises: each is static and small enough; it tells the same sums, judges 2,000 messages to the same bytes, plays the
//! demonstration, unwinds a panic, takes every old database up and down; what one architecture wrote the other goes on with.
//!
//! `board/build TARGET...` makes the binaries and Debian's `qemu-user-static` runs them; `tests/run` sees to both. A binary that
//! is missing fails the test. AEGIS_TEST_TARGETS names others than those below, with spaces between.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::config::Board as Profile;
use aegis::demo::community::Community;
use aegis::demo::script::Source;
use board::{Answer, Board, LONG, Signal};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What a board's flash and memory may be asked for, bytes.
const BINARY_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What is built and run in every run of the tests: the boards of today, in their two systems.
const TARGETS: &str = "aarch64-unknown-linux-musl armv7-unknown-linux-musleabihf";

/// A binary for a board, and what runs it here.
struct Foreign {
    target: String,
    binary: PathBuf,
    program: Vec<String>,
}

fn foreign() -> Vec<Foreign> {
    let named = std::env::var("AEGIS_TEST_TARGETS").unwrap_or_else(|_| TARGETS.to_owned());
    let built = Path::new(env!("CARGO_BIN_EXE_aegis")).parent().unwrap().parent().unwrap();
    let all = named.split_whitespace().map(|target| {
        let binary = built.join(target).join("board/aegis");
        assert!(binary.is_file(), "{} is missing; run: board/build {target}", binary.display());
        let runner: &[&str] = match target.split('-').next().unwrap() {
            "aarch64" => &["qemu-aarch64-static"],
            "armv7" => &["qemu-arm-static", "-cpu", "cortex-a7"],
            // The processor of the Zero W: what needs ARM v7 ends there.
            "arm" => &["qemu-arm-static", "-cpu", "arm1176"],
            "x86_64" => &[],
            other => panic!("nothing runs {other} here"),
        };
        let program = runner.iter().map(|word| (*word).to_owned()).chain([binary.display().to_string()]).collect();
        Foreign { target: target.to_owned(), binary, program }
    });
    all.collect()
}

/// A folder for commands that meet no server; with the program of a board, or of this machine.
fn alone(foreign: Option<&Foreign>) -> Board {
    let mut board = Board::at("http://127.0.0.1:9".to_owned(), board::TOKEN);
    if let Some(foreign) = foreign {
        board.take_program(&foreign.program);
    }
    board
}

fn good(answer: Answer) -> String {
    assert_eq!(answer.code, Some(0), "{answer:?}");
    answer.out
}

/// What a command says, with the folder's own name taken out.
fn told(board: &Board, words: &[&str]) -> String {
    good(board.ask(words)).replace(&board.path("").display().to_string(), "")
}

#[test]
#[ignore = "needs the binaries for boards, and qemu; tests/run has them"]
fn a_board_binary_is_static_stripped_and_small() {
    for foreign in foreign() {
        let bytes = std::fs::read(&foreign.binary).unwrap();
        let held = u64::try_from(bytes.len()).unwrap();
        println!("{}: {held} bytes, at most {BINARY_BYTES_MAX}", foreign.target);
        assert!(held <= BINARY_BYTES_MAX, "{}: {held} bytes", foreign.target);
        let elf = Elf(&bytes);
        assert!(elf.is_elf() && !elf.has_interpreter(), "{} asks for a loader", foreign.target);
        assert!(!elf.sections().iter().any(|name| name == ".symtab"), "{} is not stripped", foreign.target);
        let here = env!("CARGO_MANIFEST_DIR").as_bytes();
        assert!(
            !bytes.windows(here.len()).any(|part| part == here),
            "{} names the folder it was built in",
            foreign.target
        );
        let version = good(alone(Some(&foreign)).ask(&["--version"]));
        assert_eq!(version.trim(), format!("aegis {}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
#[ignore = "needs the binaries for boards, and qemu; tests/run has them"]
fn checks_and_sums_are_those_of_this_machine() {
    for foreign in foreign() {
        for profile in Profile::names() {
            let told = [None, Some(&foreign)].map(|which| {
                let mut board = alone(which);
                board.set("AEGIS_BOARD", profile);
                (good(board.ask(&["capacity"])), board.ask(&["check"]).code)
            });
            assert_eq!(told[0], told[1], "{} as {profile}", foreign.target);
        }
    }
}

#[test]
#[ignore = "needs the binaries for boards, and qemu; tests/run has them"]
fn two_thousand_messages_are_judged_to_the_same_bytes() {
    let community = Community::new(2_000, 1_790_000_000);
    let mut lines = String::new();
    for n in 0..community.len() {
        let update: Value = serde_json::from_str(&community.item(n).unwrap().update(1)).unwrap();
        let found = ["text", "caption"].iter().find_map(|key| found(&update, key));
        let line = json!({ "text": found.unwrap_or_default(), "user_id": n, "chat_id": -1_001 - i64::try_from(n % 8).unwrap() });
        lines += &format!("{line}\n");
    }
    let judged = |which: Option<&Foreign>| {
        let mut board = alone(which);
        // The shipped packs, all of them.
        board.set("AEGIS_POLICY_DIR", "");
        good(board.ask_with(&["judge"], &lines))
    };
    let here = judged(None);
    assert_eq!(here.lines().count(), 2_000);
    assert!(here.matches("\"verdict\":\"block\"").count() > 300, "too few are blocked for this to mean something");
    for foreign in foreign() {
        let there = judged(Some(&foreign));
        let differ = here.lines().zip(there.lines()).find(|(here, there)| here != there);
        assert!(here == there, "{}: {differ:?}", foreign.target);
    }
}

/// The first text below this key, anywhere.
fn found(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::Object(fields) => fields
            .get(key)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| fields.values().find_map(|value| found(value, key))),
        Value::Array(items) => items.iter().find_map(|value| found(value, key)),
        _ => None,
    }
}

#[test]
#[ignore = "needs the binaries for boards, and qemu; tests/run has them"]
fn the_demonstration_plays() {
    for foreign in foreign() {
        let told = good(alone(Some(&foreign)).ask(&["demo", "--once", "--messages", "400"]));
        let figures: Vec<&str> =
            told.lines().filter(|line| line.contains("missed") || line.contains("wrong")).collect();
        assert!(!figures.is_empty(), "{told}");
        println!("{}: {}", foreign.target, figures.join("; "));
    }
}

/// The demonstration prints as it goes, which panics where nothing can be written. A program whose tables of unwinding do not fit
/// its code ends by a signal there, and one message that breaks the judge would end it as well.
#[test]
#[ignore = "needs the binaries for boards, and qemu; tests/run has them"]
fn a_panic_unwinds_to_where_it_is_caught() {
    for foreign in foreign() {
        let board = alone(Some(&foreign));
        let mut demo = board.command(&["demo", "--once", "--messages", "100"]);
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = demo.stdin(Stdio::null()).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{}: {said}", foreign.target);
        assert!(said.contains("No space left on device"), "{}: {said}", foreign.target);
    }
}

#[test]
#[ignore = "needs the binaries for boards, and qemu; tests/run has them"]
fn every_old_database_is_taken_up_and_down() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/fixtures");
    let mut seen = 0;
    for foreign in foreign() {
        for entry in std::fs::read_dir(&fixtures).unwrap() {
            let (there, here) = (alone(Some(&foreign)), alone(None));
            let step: u32 = entry.as_ref().unwrap().path().file_stem().unwrap().to_str().unwrap().parse().unwrap();
            for board in [&there, &here] {
                std::fs::create_dir(board.path("data")).unwrap();
                std::fs::copy(entry.as_ref().unwrap().path(), board.path("data/journal.redb")).unwrap();
            }
            for words in [&["migrate", "up"][..], &["migrate", "status"], &["dead-letters", "list"]] {
                assert_eq!(told(&there, words), told(&here, words), "{}, step {step}", foreign.target);
            }
            // What one wrote, the other takes back: the files change places.
            std::fs::rename(there.path("data/journal.redb"), there.path("swap")).unwrap();
            std::fs::rename(here.path("data/journal.redb"), there.path("data/journal.redb")).unwrap();
            std::fs::rename(there.path("swap"), here.path("data/journal.redb")).unwrap();
            let down = ["migrate", "down", &step.to_string()];
            assert_eq!(told(&there, &down), told(&here, &down), "{}, step {step}", foreign.target);
            assert_eq!(told(&there, &["migrate", "status"]), told(&here, &["migrate", "status"]));
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the binaries for boards, and qemu; tests/run has them"]
async fn what_one_architecture_began_the_other_goes_on_with() {
    for foreign in foreign() {
        let standin = board::play(board::script(40));
        let mut board = Board::new(&standin);
        let here = vec![env!("CARGO_BIN_EXE_aegis").to_owned()];
        for (life, program) in [&here, &foreign.program, &here, &foreign.program].into_iter().enumerate() {
            board.take_program(program);
            let running = board.run(&[]);
            board::settled(&board, &standin).await;
            assert!(running.ended(LONG, Signal::Term).unwrap().success(), "{}", board.log());
            let from = 40 + 20 * i64::try_from(life).unwrap();
            (from..from + 20).for_each(|n| standin.offer(board::message(n)));
        }
        let running = board.run(&[]);
        board::settled(&board, &standin).await;
        running.kill();
        let ledger = standin.ledger();
        assert_eq!((ledger.missed(), ledger.wrong()), (0, 0), "{}: {}", foreign.target, board.log());
        assert!(!board.log().contains("damaged"), "{}", board.log());
    }
}

/// As much of an ELF file as is asked here.
struct Elf<'b>(&'b [u8]);

impl Elf<'_> {
    fn is_elf(&self) -> bool {
        self.0.starts_with(b"\x7fELF")
    }

    fn wide(&self) -> bool {
        self.0[4] == 2
    }

    fn number(&self, at: usize, bytes: usize) -> usize {
        self.0[at..at + bytes].iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))
    }

    /// The program headers' kinds: 3 is the interpreter.
    fn has_interpreter(&self) -> bool {
        let (table, size, count) = if self.wide() { (32, 54, 56) } else { (28, 42, 44) };
        let from = self.number(table, if self.wide() { 8 } else { 4 });
        (0..self.number(count, 2)).any(|n| self.number(from + n * self.number(size, 2), 4) == 3)
    }

    fn sections(&self) -> Vec<String> {
        let (table, size, count, names) = if self.wide() { (40, 58, 60, 62) } else { (32, 46, 48, 50) };
        let (word, offset) = if self.wide() { (8, 24) } else { (4, 16) };
        let header = |n: usize| self.number(table, word) + n * self.number(size, 2);
        let strings = self.number(header(self.number(names, 2)) + offset, word);
        let text = |from: usize| {
            let rest = &self.0[from..];
            String::from_utf8_lossy(&rest[..rest.iter().position(|byte| *byte == 0).unwrap()]).into_owned()
        };
        (0..self.number(count, 2)).map(|n| text(strings + self.number(header(n), 4))).collect()
    }
}
