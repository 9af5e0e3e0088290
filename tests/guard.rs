//! How the program meets the system it runs on: bounds of memory, the fence around it, credentials, the unit. What it tells
//! systemd is in `vigil.rs`.
//!
//! What can be done to a whole process is done to a child: this very program, started anew for one of its tests.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::config::Board as Profile;
use aegis::fence::{self, Fence, Ground, Half};
use aegis::{limits, machine};
use board::Board;
use std::alloc::System;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// As in the program itself.
#[global_allocator]
static HEAP: cap::Cap<System> = cap::Cap::new(System, usize::MAX);

/// Names the folder of a child, and makes it one.
const CHILD: &str = "GUARD_CHILD";

/// The folder of this process, if it is a child.
fn folder_of_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Runs one test of this program in a process of its own.
fn child(test: &str, folder: &Path) -> Output {
    let program = std::env::current_exe().unwrap();
    let words = ["--exact", test, "--nocapture", "--test-threads=1"];
    Command::new(program).args(words).env(CHILD, folder).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Ended by `abort`, after one sentence that says what could not be had.
#[track_caller]
fn ended_with_a_sentence(output: &Output) {
    let said = said(output);
    assert_eq!(output.status.signal(), Some(6), "{said}");
    assert_eq!(said.matches("memory allocation of 268435456 bytes failed").count(), 1, "{said}");
    assert!(!said.contains("it was had"), "{said}");
}

const QUARTER_GIB: usize = 256 * 1024 * 1024;

#[test]
fn an_allocation_over_the_promise_ends_the_process_with_a_sentence() {
    if folder_of_child().is_some() {
        HEAP.set_limit(HEAP.allocated() + 16 * 1024 * 1024).unwrap();
        let _fits = vec![1_u8; 8 * 1024 * 1024];
        println!("it was had: {}", vec![1_u8; QUARTER_GIB].len());
        return;
    }
    ended_with_a_sentence(&child("an_allocation_over_the_promise_ends_the_process_with_a_sentence", Path::new("/")));
}

#[test]
fn an_allocation_over_what_the_system_gives_ends_the_process_with_a_sentence() {
    if folder_of_child().is_some() {
        machine::bound_data(limits::data_bytes_max(&Profile::named("zero-w").unwrap().capacity)).unwrap();
        let _fits = vec![1_u8; 8 * 1024 * 1024];
        println!("it was had: {}", vec![1_u8; QUARTER_GIB].len());
        return;
    }
    let test = "an_allocation_over_what_the_system_gives_ends_the_process_with_a_sentence";
    ended_with_a_sentence(&child(test, Path::new("/")));
}

#[test]
fn a_bound_is_taken_and_never_raised() {
    if folder_of_child().is_some() {
        assert_eq!(machine::bound_data(1 << 30), Ok(()));
        assert_eq!(machine::data_limit(), Some(1 << 30));
        assert!(machine::bound_data((1 << 30) + 1).unwrap_err().contains("raise LimitDATA= or `ulimit -d`"));
        assert_eq!(machine::data_limit(), Some(1 << 30));
        assert_eq!(machine::bound_data(1 << 29), Ok(()));
        assert_eq!(machine::data_limit(), Some(1 << 29));
        return;
    }
    let output = child("a_bound_is_taken_and_never_raised", Path::new("/"));
    assert!(output.status.success(), "{}", said(&output));
}

/// A board without Telegram, whose page waits for a token.
fn first_run() -> Board {
    let mut board = Board::at("http://127.0.0.1:9".to_owned(), "");
    board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
    board
}

#[test]
fn every_board_has_room_for_its_promise_and_its_stacks() {
    for name in Profile::names() {
        let capacity = Profile::named(name).unwrap().capacity;
        let (promise, whole) = (limits::memory_bytes_max(&capacity), limits::data_bytes_max(&capacity));
        assert_eq!(whole - promise, limits::STACKS_RESERVED_BYTES, "{name}");
        // The smallest board that is made has 512 MB, of which the system takes a third.
        assert!(whole <= 256 * 1024 * 1024, "{name}: {whole}");
    }
}

#[test]
fn the_running_program_is_bounded_and_shows_by_how_much() {
    let mut board = first_run();
    board.set("AEGIS_BOARD", "zero-w");
    let _life = board.run(&[]);
    board.hear("moderating", 1);
    let seen = board.ask(&["api", "GET", "/system"]);
    seen.says(&["memory_now"]);
    let seen: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
    let now = &seen["memory_now"];
    let capacity = Profile::named("zero-w").unwrap().capacity;
    assert_eq!(now["promise"], limits::memory_bytes_max(&capacity), "{now}");
    let bound = limits::data_bytes_max(&capacity);
    let shown = seen["checks"].as_array().unwrap().iter().find(|check| check["name"] == "Memory").unwrap();
    assert_eq!(shown["state"], "good", "{shown}");
    let tenths = (bound * 10).div_ceil(1024 * 1024);
    let told = format!("{}.{} MiB with reserved stacks", tenths / 10, tenths % 10);
    assert!(shown["words"].as_str().unwrap().contains(&told), "{shown} {bound}");
}

#[test]
fn a_system_that_gives_too_little_memory_is_refused_at_the_start() {
    let board = first_run();
    let run = board.command(&["run"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -d 40000 && exec \"$0\" run"]).arg(run.get_program()).current_dir(board.path(""));
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = shell.output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains("gives this program 40960000 bytes") && said.contains("smaller board profile"), "{said}");
}

/// What happens at each try of the fenced child, a line each.
const TRIES: [(&str, &str); 15] = [
    ("write into the data folder", "done"),
    ("move a file between its folders", "done"),
    ("listen in it", "done"),
    ("read the settings", "done"),
    ("read settings that were replaced", "done"),
    ("read about itself", "done"),
    ("look up a name", "done"),
    ("write outside", "refused"),
    ("write outside from another thread", "refused"),
    ("read a stranger's file", "refused"),
    ("cut the settings short", "refused"),
    ("remove the settings", "refused"),
    ("read about another process", "refused"),
    ("start a program", "refused"),
    ("change the root", "refused"),
];

fn tries(folder: &Path) {
    use std::net::ToSocketAddrs as _;
    let at = |name: &str| folder.join(name);
    let outside = at("outside");
    let told = |what: &str, done: std::io::Result<()>| {
        println!("TRY {what}: {}", if done.is_ok() { "done" } else { "refused" });
    };
    told(
        "write into the data folder",
        std::fs::create_dir(at("data/a")).and_then(|()| std::fs::write(at("data/a/x"), "x")),
    );
    told("move a file between its folders", std::fs::rename(at("data/a/x"), at("data/x")));
    told("listen in it", std::os::unix::net::UnixListener::bind(at("data/s")).map(drop));
    told("read the settings", std::fs::read(at("etc/aegis.toml")).map(drop));
    told("write outside", std::fs::write(&outside, "x"));
    let thread = std::thread::spawn(move || std::fs::write(outside, "x")).join().unwrap();
    told("write outside from another thread", thread);
    told("read a stranger's file", std::fs::read(at("home/secret")).map(drop));
    told(
        "cut the settings short",
        std::fs::OpenOptions::new().write(true).truncate(true).open(at("etc/aegis.toml")).map(drop),
    );
    told("remove the settings", std::fs::remove_file(at("etc/aegis.toml")));
    told("read about itself", std::fs::read("/proc/self/status").map(drop));
    told("read about another process", std::fs::read("/proc/1/status").map(drop));
    told("start a program", Command::new("/bin/true").status().map(drop));
    told("change the root", rustix::process::chroot("/").map_err(std::io::Error::from));
    told("look up a name", ("localhost", 80).to_socket_addrs().map(drop));
    println!("REPLACE");
    // The parent, who stands outside, puts a new file in the place of the old, as editors do.
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    told(
        "read settings that were replaced",
        std::fs::read_to_string(at("etc/aegis.toml")).map(|text| assert_eq!(text, "new")),
    );
}

/// Runs the fenced child, and replaces the settings when it says so.
fn fenced(test: &str, folder: &Path) -> String {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::Stdio;
    let program = std::env::current_exe().unwrap();
    let words = ["--exact", test, "--nocapture", "--test-threads=1"];
    let mut command = Command::new(program);
    command.args(words).env(CHILD, folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut all = String::new();
    while !all.contains("REPLACE") && lines.read_line(&mut all).unwrap() > 0 {}
    std::fs::write(folder.join("etc/new"), "new").unwrap();
    std::fs::rename(folder.join("etc/new"), folder.join("etc/aegis.toml")).unwrap();
    child.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    lines.read_to_string(&mut all).unwrap();
    assert!(child.wait().unwrap().success(), "{all}");
    all
}

#[test]
fn behind_the_fence_nothing_outside_is_written_and_no_program_started() {
    if let Some(folder) = folder_of_child() {
        let ground = Ground { data_dir: folder.join("data"), read: vec![folder.join("etc/aegis.toml")], port: None };
        let fence = fence::put_up(&ground);
        println!("{fence:?}");
        tries(&folder);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["data", "etc", "home"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("home/secret"), "x").unwrap();
    std::fs::write(folder.path().join("etc/aegis.toml"), "old").unwrap();
    let fence = fence::try_out(&Ground { data_dir: folder.path().join("data"), ..Ground::default() });
    let all = fenced("behind_the_fence_nothing_outside_is_written_and_no_program_started", folder.path());
    let Fence::Stands { files, calls } = &fence else { panic!("{fence:?}") };
    let (by_files, by_calls) = (!matches!(files, Half::Down(_)), !matches!(calls, Half::Down(_)));
    if !by_files || !by_calls {
        println!("skipped in part, since this machine has no whole fence: {fence:?}");
    }
    for (what, expected) in TRIES {
        let is_kept = match what {
            "start a program" => by_files || by_calls,
            "change the root" => by_calls,
            _ => expected == "done" || by_files,
        };
        if is_kept {
            assert!(all.contains(&format!("TRY {what}: {expected}\n")), "{what} was not {expected}:\n{all}");
        }
    }
    assert!(!by_files || !folder.path().join("outside").exists());
}

#[test]
fn behind_the_fence_no_port_but_the_pages_is_opened() {
    if folder_of_child().is_some() {
        let (page, other) = (port(), port());
        let ground = Ground { data_dir: std::env::temp_dir(), read: Vec::new(), port: Some(page) };
        let _fence = fence::put_up(&ground);
        let bound = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        println!("page {} other {}", bound(page), bound(other));
        return;
    }
    let output = child("behind_the_fence_no_port_but_the_pages_is_opened", Path::new("/"));
    let said = said(&output);
    match fence::try_out(&Ground::default()) {
        Fence::Stands { files: Half::Up(_), .. } => assert!(said.contains("page true other false"), "{said}"),
        other => println!("skipped: {other:?}"),
    }
}

/// A port that was free a moment ago.
fn port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn the_running_program_stands_behind_its_fence_and_still_reads_what_is_changed() {
    let board = first_run();
    let settings = board.write("aegis.toml", "[thresholds]\nreview = 40\n");
    let life = board.run(&["--config", &settings]);
    board.hear("moderating", 1);
    let seen = board.ask(&["api", "GET", "/system", "--config", &settings]);
    seen.says(&["\"name\":\"Sandbox\""]);
    // Replaced whole, as editors do.
    board.write("aegis.toml.new", "[thresholds]\nreview = 41\n");
    std::fs::rename(board.path("aegis.toml.new"), &settings).unwrap();
    life.hang_up();
    board.hear("settings", 1);
    board.ask(&["api", "POST", "/backups", "--config", &settings]).says(&["journal-"]);
    // A pack that is a link to a place it may not read is refused, and the old ones stay.
    if matches!(fence::try_out(&Ground::default()), Fence::Stands { files: Half::Up(_) | Half::Partly(_), .. }) {
        let stranger = tempfile::tempdir().unwrap();
        std::fs::copy(board.path("packs/promo.toml"), stranger.path().join("other.toml")).unwrap();
        std::os::unix::fs::symlink(stranger.path().join("other.toml"), board.path("packs/other.toml")).unwrap();
        life.hang_up();
        board.hear("refused", 1);
    }
    assert!(!board.log().contains("panicked"), "{}", board.log());
}

#[test]
fn the_fence_can_be_left_out_and_that_is_told() {
    let mut board = first_run();
    board.set("AEGIS_SANDBOX", "off");
    let _life = board.run(&[]);
    board.hear("The sandbox is off", 1);
    board.ask(&["check"]).says(&["warning: Sandbox: The sandbox is off"]);
    board.set("AEGIS_SANDBOX", "offf");
    board.ask(&["check"]).refused(64, &["AEGIS_SANDBOX", "did you mean \"off\"?"]);
}

#[test]
fn what_is_wrong_with_the_machine_is_told_by_check_and_in_the_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut board = first_run();
    let token = board.write("token", "4242:Zq7xWvKp-unheard_of");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::create_dir(board.path("data")).unwrap();
    std::fs::set_permissions(board.path("data"), std::fs::Permissions::from_mode(0o755)).unwrap();
    board.set("AEGIS_TELEGRAM_TOKEN_FILE", &token);
    let folder = board.path("data").canonicalize().unwrap();
    let folder = format!("{0} may be opened by others (mode 755); mend that with `chmod 700 {0}`.", folder.display());
    let secret = format!("{token}, the bot's token, is open to others (mode 644); mend that with `chmod 600 {token}`.");
    board.ask(&["check"]).says(&[&folder, &secret, "machine:\n  Clock: The clock says 20"]);
    let _life = board.run(&[]);
    board.hear(&folder, 1);
    board.hear(&secret, 1);
}

#[test]
fn credentials_of_the_unit_bring_the_token_and_an_empty_one_brings_none() {
    let mut board = first_run();
    std::fs::create_dir(board.path("credentials")).unwrap();
    board.set("CREDENTIALS_DIRECTORY", board.path("credentials").display().to_string());
    board.ask(&["check"]).says(&["token: missing"]);
    board.write("credentials/telegram-token", "\n");
    board.ask(&["check"]).says(&["token: missing"]);
    board.write("credentials/telegram-token", "4242:Zq7xWvKp-unheard_of\n");
    board.ask(&["check"]).says(&["token: present"]);
    board.write("credentials/telegram-token", "no token");
    board.ask(&["check"]).refused(64, &["telegram-token", "is not a bot token"]);
    board.set("AEGIS_TELEGRAM_TOKEN", "1:a");
    board.ask(&["check"]).says(&["token: present"]);
}

#[test]
fn an_error_of_storage_says_what_it_means() {
    for (error, cure) in [(5, "replace it"), (28, "make room"), (30, "look at `dmesg`")] {
        let why =
            aegis::app::Failure::storage(format!("storage failed: {}", std::io::Error::from_raw_os_error(error))).why;
        assert!(why.starts_with("storage failed: ") && why.contains("; the ") && why.contains(cure), "{why}");
    }
    assert_eq!(aegis::app::Failure::storage("storage failed: odd").why, "storage failed: odd");
}

const UNIT: &str = include_str!("../board/aegis.service");

fn unit(key: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_waits_as_long_as_the_program_may_take_and_gives_what_it_promises() {
    let number = |key: &str| unit(key)[0].trim_end_matches('M').parse::<u64>().unwrap();
    assert!(number("WatchdogSec") * 1_000 > limits::STEP_MS, "a slow card is no stuck program");
    let most = Profile::names().into_iter().map(|name| Profile::named(name).unwrap().memory_bytes).max().unwrap();
    assert!(number("MemoryMax") * 1024 * 1024 > most, "the second wall stands outside the first");
    let threads = 8 + limits::WORKER_THREADS + limits::BLOCKING_THREADS_MAX + limits::OWN_THREADS;
    assert!(number("TasksMax") > u64::try_from(threads + limits::LIBRARY_THREADS_MAX).unwrap());
    assert_eq!(unit("Type"), ["notify"]);
    assert_eq!((unit("Restart"), unit("StartLimitIntervalSec")), (vec!["always"], vec!["0"]));
    for name in ["telegram-token", "model-key", "webhook-secret"] {
        assert!(unit("LoadCredential").iter().any(|value| value.starts_with(&format!("{name}:"))), "{name}");
        assert!(unit("SetCredential").contains(&format!("{name}:\\n").as_str()), "{name} may be missing");
    }
}

#[test]
fn the_unit_is_fenced_in_as_systemd_measures_it() {
    let at = concat!(env!("CARGO_MANIFEST_DIR"), "/board/aegis.service");
    let asked = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--threshold=15", "--no-pager", at])
        .output();
    let Ok(output) = asked else {
        println!("skipped: there is no systemd-analyze");
        return;
    };
    let said = said(&output);
    if !said.contains("Overall exposure") {
        println!("skipped: this systemd-analyze cannot do it offline: {said}");
        return;
    }
    assert!(output.status.success(), "at most 1.5 is allowed: {said}");
    assert!(!said.contains("ignoring"), "{said}");
}

#[test]
#[cfg(target_env = "gnu")]
fn the_c_librarys_allocator_is_bounded_whoever_starts_the_program() {
    for (told, kept) in [(None, "2"), (Some("7"), "7")] {
        let mut board = first_run();
        match told {
            Some(arenas) => board.set("MALLOC_ARENA_MAX", arenas),
            None => board.set("AEGIS_BOARD", "zero-w"),
        }
        let life = board.run(&[]);
        board.hear("moderating", 1);
        let environment = std::fs::read(format!("/proc/{}/environ", life.id())).unwrap();
        let wanted = format!("MALLOC_ARENA_MAX={kept}");
        assert!(environment.split(|byte| *byte == 0).any(|line| line == wanted.as_bytes()), "{told:?}");
    }
}
