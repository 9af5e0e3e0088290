//! The Public Suffix List as text: it answers as the crate whose rules it holds.
//!
//! Promises: every rule of the crate's list is there and none besides; every name made from a rule, above and below it, has the
//! same suffix, the same owner and the same registered name by both.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::links::suffixes::{self, Opened};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

const WRITTEN: &str = include_str!("../src/links/suffixes.txt");

/// The list that the crate `psl` was made from.
fn rules() -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--offline",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]);
    let out = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    let psl = packages.iter().find(|package| package["name"] == "psl").expect("psl is a dependency of the tests");
    let manifest = PathBuf::from(psl["manifest_path"].as_str().unwrap());
    std::fs::read_to_string(manifest.with_file_name("data").join("rules.txt")).unwrap()
}

/// The lines of `src/links/suffixes.txt`, as they follow from the crate.
fn lines() -> String {
    let mut lines = Vec::new();
    for rule in rules().lines().map(str::trim).filter(|rule| !rule.is_empty()) {
        let (name, excepted) = rule.strip_prefix('!').map_or((rule, ""), |name| (name, "!"));
        let ascii = idna::domain_to_ascii(&name.replace('*', "x--any")).unwrap().replace("x--any", "*");
        let host = ascii.replace('*', "anything");
        let owner = match psl::suffix(host.as_bytes()).unwrap().typ() {
            Some(psl::Type::Private) => "~",
            _ => "",
        };
        let key = ascii.rsplit('.').collect::<Vec<_>>().join(".");
        lines.push((key, format!("{owner}{excepted}")));
    }
    lines.sort();
    lines.iter().map(|(key, marks)| format!("{key}{marks}\n")).collect()
}

#[test]
fn the_text_holds_the_rules_of_the_crate() {
    assert!(WRITTEN == lines(), "write it anew: cargo test --test suffixes -- --ignored");
}

#[test]
#[ignore = "writes src/links/suffixes.txt anew, after an update of the crate"]
fn write_the_text_anew() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/links/suffixes.txt");
    std::fs::write(path, lines()).unwrap();
}

/// A suffix and who opened it, by the algorithm as it is published: the rule with the most labels, unless one is excepted.
fn published(rules: &BTreeMap<String, (bool, Opened)>, host: &str) -> (String, Option<Opened>) {
    let labels: Vec<&str> = host.split('.').collect();
    let mut best = (labels[labels.len() - 1].to_owned(), None);
    for from in (0..labels.len()).rev() {
        let name = labels[from..].join(".");
        let starred = std::iter::once("*").chain(labels[from + 1..].iter().copied()).collect::<Vec<_>>().join(".");
        if let Some((true, opened)) = rules.get(&name) {
            return (labels[from + 1..].join("."), Some(*opened));
        }
        if let Some((_, opened)) = rules.get(&name).or_else(|| rules.get(&starred)) {
            best = (name, Some(*opened));
        }
    }
    best
}

/// Asks all three; whether the crate answers as well.
fn same(rules: &BTreeMap<String, (bool, Opened)>, host: &str) -> bool {
    let ours = suffixes::suffix(host).map(|found| (found.text.to_owned(), found.opened)).unwrap();
    assert_eq!(ours, published(rules, host), "{host}");
    let theirs = psl::suffix(host.as_bytes()).unwrap();
    let opened = theirs.typ().map(|typ| if typ == psl::Type::Icann { Opened::ByRegistry } else { Opened::ByOwner });
    if (ours.0.as_bytes(), ours.1) != (theirs.as_bytes(), opened) {
        return false;
    }
    let theirs = psl::domain(host.as_bytes()).map(|domain| domain.as_bytes().to_vec());
    assert_eq!(suffixes::domain(host).map(|domain| domain.as_bytes().to_vec()), theirs, "{host}");
    true
}

#[test]
fn every_rule_gives_the_answers_of_the_crate() {
    let named = |line: &str| line.trim_end_matches(['~', '!']).rsplit('.').collect::<Vec<_>>().join(".");
    let opened = |line: &str| if line.contains('~') { Opened::ByOwner } else { Opened::ByRegistry };
    let rules = WRITTEN.lines().map(|line| (named(line), (line.ends_with('!'), opened(line)))).collect();
    let (mut asked, mut differ) = (0, BTreeSet::new());
    for line in WRITTEN.lines() {
        for label in ["shop", "www", "xn--p1ai", "com"] {
            let host = named(line).replace('*', label);
            let above = host.split_once('.').map_or("", |(_, above)| above);
            let asks = [host.clone(), format!("a.{host}"), format!("b.a.{host}"), format!("{host}x"), above.to_owned()];
            for host in asks.into_iter().filter(|host| !host.is_empty()) {
                asked += 1;
                if !same(&rules, &host) {
                    differ.insert(host);
                }
            }
        }
    }
    assert!(asked > 150_000, "{asked}");
    // Where a longer rule passes through a name that a rule with a star is about, the crate forgets the star.
    let passed_through = |host: &String| {
        let below = format!(".{host}");
        WRITTEN.lines().any(|line| named(line).ends_with(&below))
    };
    assert!(differ.iter().all(passed_through) && differ.len() < 40, "{differ:?}");
}

#[test]
fn what_is_no_name_has_no_answer() {
    assert_eq!(suffixes::suffix(""), None);
    assert_eq!(suffixes::domain("com"), None);
    for host in [".", "..", "a..com", ".com", "-", "localhost", "aegis.lan"] {
        let _ = (suffixes::suffix(host), suffixes::domain(host));
    }
    assert_eq!(suffixes::suffix("aegis.lan").map(|found| (found.text, found.opened)), Some(("lan", None)));
}
