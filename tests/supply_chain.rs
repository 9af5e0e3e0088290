//! What the program is built from: the number of crates may not grow unseen, and some may not come in at all.
//!
//! Promises: a crate that is added or dropped by a change of `Cargo.lock` is seen here, without any tool to install.
//!
//! Never: the network. Advisories and licences are the part of `cargo deny`, by `deny.toml`.

#![allow(clippy::indexing_slicing)] // A test that cannot go on stops.

use std::collections::{BTreeMap, BTreeSet};

/// Crates that the board's program is built from, over all platforms, besides our own. What is new costs trust, build time
/// and memory, so raise this only together with the reason for the crate; when crates went away, lower it.
const CRATES_MAX: usize = 314;

/// Crates in `Cargo.lock` that only the hub is built from: axum for its routes, sqlx for PostgreSQL, and what they need.
const HUB_CRATES_MAX: usize = 56;

/// Our own, which have no source.
const OWN: [&str; 3] = ["aegis", "aegis-contract", "aegis-hub"];

/// Other TLS and crypto libraries: with two providers rustls refuses to choose, and all need more than a C compiler.
const BANNED: [&str; 6] = ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "hyper-tls"];

/// Where crates may come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// One crate of the lock file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    /// What it needs: `name`, or `name version` where there are several.
    needs: Vec<String>,
}

fn locked(lock: &str) -> BTreeSet<Locked> {
    let field = |part: &str, key: &str| {
        let start = format!("{key} = \"");
        let line = part.lines().find_map(|line| line.strip_prefix(&start))?;
        line.strip_suffix('"').map(str::to_owned)
    };
    let needs = |part: &str| {
        let list = part.split_once("dependencies = [").and_then(|(_, rest)| rest.split_once(']'));
        let lines = list.map(|(list, _)| list).unwrap_or_default().lines();
        let quoted = lines.filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
        quoted.map(str::to_owned).collect()
    };
    let parts = lock.split("[[package]]").skip(1);
    parts
        .filter_map(|part| {
            let (name, version) = (field(part, "name")?, field(part, "version")?);
            Some(Locked { name, version, source: field(part, "source"), needs: needs(part) })
        })
        .collect()
}

/// All that a crate needs, itself included.
fn closure<'c>(crates: &'c BTreeSet<Locked>, root: &str) -> BTreeSet<&'c Locked> {
    let mut by_name: BTreeMap<&str, Vec<&Locked>> = BTreeMap::new();
    for one in crates {
        by_name.entry(&one.name).or_default().push(one);
    }
    let mut found = BTreeSet::new();
    let mut next = vec![root.to_owned()];
    while let Some(need) = next.pop() {
        let mut words = need.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        let named = by_name.get(name).into_iter().flatten();
        for one in named.filter(|one| version.is_none_or(|version| one.version == version)) {
            if found.insert(*one) {
                next.extend(one.needs.iter().cloned());
            }
        }
    }
    found
}

/// The others' crates of the board, and those that come with the hub alone.
fn counts(crates: &BTreeSet<Locked>) -> (usize, usize) {
    let is_others = |one: &Locked| !OWN.contains(&one.name.as_str());
    let board = closure(crates, "aegis").into_iter().filter(|one| is_others(one)).count();
    let all = crates.iter().filter(|one| is_others(one)).count();
    (board, all.saturating_sub(board))
}

/// What is wrong with a lock file.
fn refusals(lock: &str) -> Vec<String> {
    let crates = locked(lock);
    let (board, hub) = counts(&crates);
    let mut wrong = Vec::new();
    for (whose, count, max) in [("the board has", board, CRATES_MAX), ("the hub adds", hub, HUB_CRATES_MAX)] {
        if count > max {
            wrong.push(format!("{whose} {count} crates, at most {max}: see what came in, and say why"));
        }
    }
    for one in crates.iter().filter(|one| !OWN.contains(&one.name.as_str())) {
        if BANNED.contains(&one.name.as_str()) {
            wrong.push(format!("{} {} is banned", one.name, one.version));
        }
        if one.source.as_deref() != Some(REGISTRY) {
            wrong.push(format!("{} {} is not from the registry", one.name, one.version));
        }
    }
    wrong
}

#[test]
fn the_number_of_crates_does_not_grow_unseen_and_none_is_banned() {
    let lock = include_str!("../Cargo.lock");
    let (board, hub) = counts(&locked(lock));
    println!("crates of the board: {board} of at most {CRATES_MAX}; the hub adds {hub} of at most {HUB_CRATES_MAX}");
    assert!(board > 20 && hub > 5, "only {board} and {hub} crates were read: the lock file has another form");
    assert_eq!(refusals(lock), Vec::<String>::new());
}

#[test]
fn a_banned_a_foreign_and_one_crate_too_many_are_seen() {
    let one = |name: &str, source: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n\n")
    };
    let needing = |name: &str, needs: &[String]| {
        let list: String = needs.iter().map(|need| format!(" \"{need}\",\n")).collect();
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\ndependencies = [\n{list}]\n\n")
    };
    assert_eq!(refusals(&one("serde", REGISTRY)), Vec::<String>::new());
    assert_eq!(refusals(&one("aws-lc-sys", REGISTRY)), ["aws-lc-sys 1.0.0 is banned"]);
    assert_eq!(refusals(&one("a", "git+https://example.org/a")), ["a 1.0.0 is not from the registry"]);
    let names = |max: usize| (0..=max).map(|number| format!("c{number}")).collect::<Vec<_>>();
    let many = |max: usize| names(max).iter().map(|name| one(name, REGISTRY)).collect::<String>();
    assert_eq!(refusals(&many(HUB_CRATES_MAX)).len(), 1);
    // Of the board are those that it needs, and those that these need.
    let (first, rest) = (needing("aegis", &["c0 1.0.0".to_owned()]), names(CRATES_MAX).split_off(1));
    let chained =
        many(CRATES_MAX).replacen("\n\n", &format!("\ndependencies = [\n \"{}\",\n]\n\n", rest.join("\",\n \"")), 1);
    let found = refusals(&(first + &chained));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("the board has"), "{found:?}");
}

#[test]
fn the_bans_stand_in_the_file_of_cargo_deny_too() {
    let deny = include_str!("../deny.toml");
    for name in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(deny.contains(&format!("crate = \"{name}\"")), "{name} is not banned in deny.toml");
    }
}
