//! What the program is built from: the number of crates may not grow unseen, and some may not come in at all.
//!
//! Promises: a crate that is added or dropped by a change of `Cargo.lock` is seen here, without any tool to install.
//!
//! Never: the network. Advisories and licences are the part of `cargo deny`, by `deny.toml`.

use std::collections::BTreeSet;

/// Crates in `Cargo.lock`, over all platforms, besides Aegis itself. What is new costs trust, build time and memory, so
/// raise this only together with the reason for the crate; when crates went away, lower it.
const CRATES_MAX: usize = 336;

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
}

fn locked(lock: &str) -> BTreeSet<Locked> {
    let field = |part: &str, key: &str| {
        let start = format!("{key} = \"");
        let line = part.lines().find_map(|line| line.strip_prefix(&start))?;
        line.strip_suffix('"').map(str::to_owned)
    };
    let parts = lock.split("[[package]]").skip(1);
    parts
        .filter_map(|part| {
            let (name, version) = (field(part, "name")?, field(part, "version")?);
            Some(Locked { name, version, source: field(part, "source") })
        })
        .collect()
}

/// What is wrong with a lock file.
fn refusals(lock: &str) -> Vec<String> {
    let crates = locked(lock);
    let others: Vec<&Locked> = crates.iter().filter(|locked| locked.name != "aegis").collect();
    let mut wrong = Vec::new();
    if others.len() > CRATES_MAX {
        wrong.push(format!("{} crates, at most {CRATES_MAX}: see what came in, and say why", others.len()));
    }
    for one in others {
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
    let count = locked(lock).len().saturating_sub(1);
    println!("crates in Cargo.lock: {count} of at most {CRATES_MAX}");
    assert!(count > 20, "only {count} crates were read: the lock file has another form");
    assert_eq!(refusals(lock), Vec::<String>::new());
}

#[test]
fn a_banned_a_foreign_and_one_crate_too_many_are_seen() {
    let one = |name: &str, source: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n\n")
    };
    assert_eq!(refusals(&one("serde", REGISTRY)), Vec::<String>::new());
    assert_eq!(refusals(&one("aws-lc-sys", REGISTRY)), ["aws-lc-sys 1.0.0 is banned"]);
    assert_eq!(refusals(&one("a", "git+https://example.org/a")), ["a 1.0.0 is not from the registry"]);
    let many: String = (0..=CRATES_MAX).map(|number| one(&format!("c{number}"), REGISTRY)).collect();
    assert_eq!(refusals(&many).len(), 1);
}

#[test]
fn the_bans_stand_in_the_file_of_cargo_deny_too() {
    let deny = include_str!("../deny.toml");
    for name in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(deny.contains(&format!("crate = \"{name}\"")), "{name} is not banned in deny.toml");
    }
}
