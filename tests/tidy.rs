//! The house rules, read from the sources and enforced.
//!
//! Promises: floors import downward only; sources are ASCII; nothing is unsafe, unfinished or unbounded by name; files
//! and functions stay small; the pure floors touch no clock, disk, network, lock or task. Each rule has a planted bad
//! text that must be caught, so that this test can fail.
//!
//! Never: a list of exceptions. What does not fit is made to fit.

#![allow(clippy::panic)] // A test that cannot go on stops.

#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/source.rs"]
mod source;

use floors::{FLOORS, floor_of};
use source::Source;
use std::path::{Path, PathBuf};

/// Lines of one file.
const FILE_LINES_MAX: usize = 600;

/// Lines of one function, from its `fn` to its last brace.
const FUNCTION_LINES_MAX: usize = 100;

/// What is wrong with a source.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file and line.
    pub at: String,
    /// The rule's name.
    pub rule: &'static str,
    /// What was found.
    pub what: String,
}

/// One rule: a name, and what it finds.
type Rule = fn(&Source) -> Vec<(usize, String)>;

const RULES: [(&str, Rule); 11] = [
    ("floor", floors::upward_imports),
    ("known module", floors::unknown_module),
    ("ascii", ascii),
    ("unfinished or unsafe", unfinished),
    ("opening", opening),
    ("file length", file_length),
    ("function length", function_length),
    ("pure floors", impure),
    ("unbounded", unbounded),
    ("machine path", machine_path),
    ("names", vague_names),
];

fn complaints(source: &Source) -> Vec<Complaint> {
    let found = |(rule, check): &(&'static str, Rule)| {
        let rule = *rule;
        let at = |line: usize| format!("{}:{line}", source.path);
        check(source).into_iter().map(move |(line, what)| Complaint { at: at(line), rule, what }).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(found).collect()
}

fn ascii(source: &Source) -> Vec<(usize, String)> {
    let lines = source.text.lines().enumerate();
    lines.filter(|(_, line)| !line.is_ascii()).map(|(at, _)| (at + 1, "write it as \\u{...}".to_owned())).collect()
}

fn unfinished(source: &Source) -> Vec<(usize, String)> {
    let words = ["unsafe", "todo!", "unimplemented!", "dbg!"];
    source.find_words(&source.code, &words)
}

fn opening(source: &Source) -> Vec<(usize, String)> {
    let first = source.text.lines().next().unwrap_or_default();
    // The crate's front page is a document of its own.
    let opens = first.starts_with("//!") || (source.path == "src/lib.rs" && first.starts_with("#![doc ="));
    if opens { Vec::new() } else { vec![(1, "begin with `//!`: what it is, promises, never does".to_owned())] }
}

fn file_length(source: &Source) -> Vec<(usize, String)> {
    let lines = source.text.lines().count();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![(lines, format!("{lines} lines, at most {FILE_LINES_MAX}"))]
}

fn function_length(source: &Source) -> Vec<(usize, String)> {
    let over = |(line, lines): &(usize, usize)| (*line, format!("{lines} lines, at most {FUNCTION_LINES_MAX}"));
    source.functions().iter().filter(|(_, lines)| *lines > FUNCTION_LINES_MAX).map(over).collect()
}

/// Calls that reach outside, for floors 0 and 1; locks and tasks too on floor 1.
fn impure(source: &Source) -> Vec<(usize, String)> {
    let Some(floor) = floor_of(&source.module).filter(|floor| *floor <= 1) else { return Vec::new() };
    let mut found = source.find_words(&source.program, &["tokio", "println!", "eprintln!", "print!", "eprint!"]);
    let outside = ["fs", "net", "env", "process", "thread", "io"];
    let named = source.paths_after("std").into_iter().filter(|(_, name)| outside.contains(&name.as_str()));
    found.extend(named.map(|(line, name)| (line, format!("std::{name}"))));
    if source.module != "clock" {
        found.extend(source.find_words(&source.program, &["SystemTime", "Instant"]));
    }
    if floor == 1 {
        found.extend(source.find_words(&source.program, &["Mutex", "RwLock", "async", "await"]));
    }
    found
}

fn unbounded(source: &Source) -> Vec<(usize, String)> {
    source.find_words(&source.code, &["unbounded_channel", "unbounded", "mpsc::channel()"])
}

fn machine_path(source: &Source) -> Vec<(usize, String)> {
    source.find_text(&source.shipped, &["/work/", "/root/", "/tmp/"])
}

/// Names that say nothing of what a type is for.
fn vague_names(source: &Source) -> Vec<(usize, String)> {
    let vague = ["Manager", "Util", "Utils", "Helper", "Handler", "Service"];
    let types = ["struct ", "enum ", "trait ", "type "];
    let named = |line: &str| {
        types.iter().find_map(|word| {
            let (_, rest) = line.split_once(word)?;
            let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            vague.iter().any(|end| name.ends_with(end)).then_some(name)
        })
    };
    let lines = source.code.lines().enumerate();
    lines.filter_map(|(at, line)| named(line).map(|name| (at + 1, format!("`{name}` says nothing")))).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder, in order.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    files(&root().join(folder), &mut found);
    let rust = found.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        Source::new(&name, &text)
    })
    .collect()
}

fn listed(complaints: &[Complaint]) -> String {
    complaints.iter().map(|c| format!("{}: {}: {}\n", c.at, c.rule, c.what)).collect()
}

#[test]
fn the_sources_keep_the_house_rules() {
    let sources = sources("src");
    assert!(sources.len() > 10, "only {} sources were found", sources.len());
    let found: Vec<Complaint> = sources.iter().flat_map(complaints).collect();
    assert!(found.is_empty(), "\n{}", listed(&found));
}

/// The rules that hold for the hub and the contract as well; their floors are [`floors::hub_imports`].
const HUB_RULES: [(&str, Rule); 9] = [
    ("floor", floors::hub_imports),
    ("ascii", ascii),
    ("unfinished or unsafe", unfinished),
    ("opening", opening),
    ("file length", file_length),
    ("function length", function_length),
    ("unbounded", unbounded),
    ("machine path", machine_path),
    ("names", vague_names),
];

fn hub_complaints(source: &Source) -> Vec<(&'static str, usize, String)> {
    let found = |(rule, check): &(&'static str, Rule)| {
        let rule = *rule;
        check(source).into_iter().map(move |(line, what)| (rule, line, what)).collect::<Vec<_>>()
    };
    HUB_RULES.iter().flat_map(found).collect()
}

#[test]
fn the_hub_and_the_contract_keep_the_house_rules() {
    let sources: Vec<Source> = ["hub/src", "hub/contract/src"].into_iter().flat_map(sources).collect();
    assert!(sources.len() > 20, "only {} sources were found", sources.len());
    let found: Vec<_> =
        sources.iter().flat_map(|one| hub_complaints(one).into_iter().map(|c| (&one.path, c))).collect();
    assert!(found.is_empty(), "{found:#?}");
    let planted = [
        ("hub/src/db/push.rs", "use crate::server::Hub;", "floor"),
        ("hub/src/page.rs", "use crate::{limits, server::Hub};", "floor"),
        ("hub/src/stages.rs", "use crate::db;", "floor"),
        ("hub/src/nobody.rs", "", "floor"),
        ("hub/contract/src/push.rs", "use std::time::SystemTime;", "floor"),
        ("hub/contract/src/push.rs", "use tokio::time;", "floor"),
        ("hub/src/db/push.rs", "fn f() { unsafe { g() } }", "unfinished or unsafe"),
        ("hub/src/server/mod.rs", "let (a, b) = mpsc::unbounded_channel();", "unbounded"),
    ];
    for (path, text, rule) in planted {
        let found = hub_complaints(&Source::new(path, &format!("//! A planted text.\n{text}\n")));
        assert!(!found.is_empty() && found.iter().all(|(name, ..)| *name == rule), "{path}: {text}: {found:?}");
    }
}

#[test]
fn tests_and_benches_are_ascii_finished_and_safe() {
    let mut found = Vec::new();
    for source in ["tests", "benches", "hub/tests", "hub/contract/tests"].into_iter().flat_map(sources) {
        let rules: [(&'static str, Rule); 3] = [("ascii", ascii), ("unsafe", unfinished), ("opening", opening)];
        for (rule, check) in rules {
            let at = |line: usize| format!("{}:{line}", source.path);
            found.extend(check(&source).into_iter().map(|(line, what)| Complaint { at: at(line), rule, what }));
        }
    }
    assert!(found.is_empty(), "\n{}", listed(&found));
}

#[test]
fn what_ships_beside_the_sources_names_no_path_of_one_machine() {
    let mut found = Vec::new();
    for folder in ["board", "policies", "migrations", "hub", ".ci"] {
        files(&root().join(folder), &mut found);
    }
    for file in ["README.md", "CHANGELOG.md", "Cargo.toml", "Cross.toml", "deny.toml", "tests/run", "tests/long"] {
        found.push(root().join(file));
    }
    for path in found {
        // A fixture may be binary; a path in it would be a path in what wrote it.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for place in ["/work/", "/root/"] {
            assert!(!text.contains(place), "{} names {place}", path.display());
        }
    }
}

/// Texts that must be refused, with the rule that must refuse them; `//!` lines are put before each.
const PLANTED: [(&str, &str, &str); 34] = [
    ("src/document.rs", "use crate::telegram::Bot;", "floor"),
    ("src/document.rs", "fn f() { crate::app::run() }", "floor"),
    ("src/text/fold.rs", "use crate::{limits, store::Row};", "floor"),
    ("src/text/fold.rs", "use crate::{limits::{A, B}, message,\n    config};", "floor"),
    ("src/config/board.rs", "use crate::store;", "floor"),
    ("src/store/mod.rs", "use crate::telegram::{self, Call};", "floor"),
    ("src/clock.rs", "use crate::limits;", "floor"),
    ("src/outward.rs", "use crate::model;", "floor"),
    ("src/shard.rs", "use crate::app;", "floor"),
    ("src/document.rs", "use super::store;", "floor"),
    ("src/config/board.rs", "use super::super::store;", "floor"),
    ("src/document.rs", "use aegis::store;", "floor"),
    ("src/manager.rs", "", "known module"),
    ("src/bin/other.rs", "", "known module"),
    ("src/document.rs", "use crate::nobody::Knows;", "floor"),
    ("src/verdict.rs", "// caf\u{e9}", "ascii"),
    ("src/verdict.rs", "fn f() { unsafe { g() } }", "unfinished or unsafe"),
    ("src/verdict.rs", "fn f() { todo!() }", "unfinished or unsafe"),
    ("src/verdict.rs", "fn f() { unimplemented!() }", "unfinished or unsafe"),
    ("src/verdict.rs", "fn f() { dbg!(1); }", "unfinished or unsafe"),
    ("src/judge.rs", "use std::fs;", "pure floors"),
    ("src/judge.rs", "use std::{fmt, net::TcpStream};", "pure floors"),
    ("src/judge.rs", "fn f() { std::fs::read(p); }", "pure floors"),
    ("src/judge.rs", "fn f() { std::time::Instant::now(); }", "pure floors"),
    ("src/counters.rs", "use std::time::SystemTime;", "pure floors"),
    ("src/judge.rs", "fn f() { tokio::spawn(x); }", "pure floors"),
    ("src/judge.rs", "fn f() { println!(\"x\"); }", "pure floors"),
    ("src/judge.rs", "struct S(std::sync::Mutex<u8>);", "pure floors"),
    ("src/judge.rs", "async fn f() {}", "pure floors"),
    ("src/shard.rs", "let (a, b) = tokio::sync::mpsc::unbounded_channel();", "unbounded"),
    ("src/shard.rs", "let (a, b) = std::sync::mpsc::channel();", "unbounded"),
    ("src/shard.rs", "const P: &str = \"/tmp/x\";", "machine path"),
    ("src/shard.rs", "// see /work/x", "machine path"),
    ("src/shard.rs", "pub struct ShardManager;", "names"),
];

#[test]
fn each_rule_catches_what_is_planted() {
    for (path, text, rule) in PLANTED {
        let found = complaints(&Source::new(path, &format!("//! A planted text.\n{text}\n")));
        assert!(found.iter().any(|complaint| complaint.rule == rule), "{path}: {text}: {rule} saw nothing");
        assert!(found.iter().all(|complaint| complaint.rule == rule), "{path}: {text}: {}", listed(&found));
    }
    let long_function = format!("//! x\nfn f() {{\n{}}}\n", "    g();\n".repeat(FUNCTION_LINES_MAX));
    let long_file = format!("//! x\n{}", "// x\n".repeat(FILE_LINES_MAX));
    let no_opening = "fn f() {}\n".to_owned();
    for (text, rule) in [(long_function, "function length"), (long_file, "file length"), (no_opening, "opening")] {
        let found = complaints(&Source::new("src/verdict.rs", &text));
        assert_eq!(found.len(), 1, "{rule}: {}", listed(&found));
        assert!(found.iter().all(|complaint| complaint.rule == rule), "{}", listed(&found));
    }
}

#[test]
fn what_only_looks_wrong_is_left_alone() {
    let fine = [
        ("src/document.rs", "/* unsafe /* todo!() */ dbg!() */ // tokio, crate::store, std::fs"),
        ("src/document.rs", "const A: &str = \"unsafe \\\" println!() crate::store\";"),
        ("src/document.rs", "const A: &str = r#\"a \" unsafe { tokio }\"#; const B: &[u8] = br\"unsafe\";"),
        ("src/document.rs", "fn f<'a>(x: &'a str) -> char { '\"' } // \" unsafe\nfn g() -> char { '\\'' }"),
        ("src/document.rs", "fn unsafely() { retokio(my_println!()) }"),
        ("src/document.rs", "#[cfg(test)]\nmod tests {\n    use crate::telegram;\n    const P: &str = \"/tmp/\";\n}"),
        ("src/config/tests.rs", "use crate::store;\nconst P: &str = \"/tmp/\";"),
        ("src/config/board.rs", "use super::reading;\nuse crate::limits::{self, Capacity};"),
        ("src/shard.rs", "use crate::{store, telegram::{Bot, Call}};\nuse crate::journal;"),
        ("src/clock.rs", "use std::time::{Instant, SystemTime};"),
        ("src/main.rs", "use aegis::app;\nfn main() { aegis::store::open(); }"),
        ("src/telegram/mod.rs", "const A: u8 = 1;\nfn f() { std::fs::read(p); tokio::spawn(x); }"),
    ];
    for (path, text) in fine {
        let found = complaints(&Source::new(path, &format!("//! Fine.\n{text}\n")));
        assert!(found.is_empty(), "{path}: {text}:\n{}", listed(&found));
    }
}

#[test]
fn every_floor_names_each_module_once() {
    let mut names: Vec<&str> = FLOORS.iter().flat_map(|floor| floor.iter().copied()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
