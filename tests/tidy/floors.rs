//! The floors, and who may import whom.
//!
//! Promises: a module that stands on no floor is an error, so that a new one gets its place on purpose.
//!
//! Never: a look inside a folder; files of one folder may know each other.

use super::source::Source;

/// The modules of each floor, from the ground up.
pub const FLOORS: [&[&str]; 5] = [
    &["limits", "clock", "counters", "secret", "packed"],
    &[
        "access",
        "document",
        "events",
        "flags",
        "signed",
        "ids",
        "message",
        "text",
        "signals",
        "links",
        "learn",
        "repeats",
        "newcomers",
        "bursts",
        "likeness",
        "policy",
        "verdict",
        "decide",
        "judge",
        "budget",
        "opinion",
        "opinions",
        "overlay",
        "tenant",
        "pacing",
        "length",
        "manners",
        "words",
        "command",
        "press",
        "progress",
        "checks",
    ],
    &[
        "telegram",
        "store",
        "model",
        "web",
        "cloud",
        "config",
        "telemetry",
        "packs",
        "lists",
        "lessons",
        "machine",
        "fence",
        "systemd",
        "vault",
        "release",
        "hooks",
        "otel",
        "outward",
    ],
    &[
        "cards", "chats", "members", "ingest", "settle", "shard", "review", "dispatch", "journal", "control", "desk",
        "reload", "jobs", "tracer", "herald", "sync",
    ],
    &["main", "app", "cli", "demo"],
];

/// The hub's floors; below them all is the contract.
pub const HUB_FLOORS: [&[&str]; 5] = [&["limits", "clock", "stages"], &["db"], &["page"], &["server"], &["main"]];

/// Floors on which nobody knows a neighbour: the ground, and the adapters.
const APART: [usize; 2] = [0, 2];

/// Rooms that all adapters share: each knows none of them, and nobody else needs it.
const SHARED: [&str; 1] = ["outward"];

/// The floor of a top-level module.
pub fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Top-level modules that stand on no floor.
pub fn unknown_module(source: &Source) -> Vec<(usize, String)> {
    // lib.rs only lists the others.
    if source.module == "lib" || floor_of(&source.module).is_some() {
        return Vec::new();
    }
    vec![(1, format!("`{}` stands on no floor; give it one in tests/tidy/floors.rs", source.module))]
}

/// Imports that do not go downward. Test code may know everybody.
pub fn upward_imports(source: &Source) -> Vec<(usize, String)> {
    let Some(own) = floor_of(&source.module) else { return Vec::new() };
    let mut found = Vec::new();
    let mut named = source.paths_after("crate");
    if source.module != "main" {
        named.extend(source.paths_after("aegis"));
        found.extend(source.supers_to_the_crate());
    }
    for (line, name) in named {
        // What begins with a capital is an item of the crate's root, of which there is none.
        let allowed = match floor_of(&name) {
            _ if name == source.module || name == "self" => true,
            Some(floor) if floor == own => !APART.contains(&own) || SHARED.contains(&name.as_str()),
            Some(floor) => floor < own,
            None => false,
        };
        if !allowed {
            let floor = floor_of(&name).map_or("no floor".to_owned(), |floor| format!("floor {floor}"));
            found.push((line, format!("`{}` (floor {own}) must not know `{name}` ({floor})", source.module)));
        }
    }
    found
}

/// Imports of the hub that do not go downward; and what is outside of the contract, which is pure.
pub fn hub_imports(source: &Source) -> Vec<(usize, String)> {
    let Some(inside) = source.path.strip_prefix("hub/src/") else {
        let outside = ["tokio", "std::fs", "std::net", "std::env", "std::thread", "SystemTime", "Instant", "async"];
        return source.find_words(&source.program, &outside);
    };
    let module = inside.split(['/', '.']).next().unwrap_or_default();
    if module == "lib" {
        return Vec::new();
    }
    let floor = |module: &str| HUB_FLOORS.iter().position(|floor| floor.contains(&module));
    let Some(own) = floor(module) else {
        return vec![(1, format!("`{module}` stands on no floor; give it one in tests/tidy/floors.rs"))];
    };
    let mut named = source.paths_after("crate");
    if module != "main" {
        named.extend(source.paths_after("aegis_hub"));
    }
    let upward = |name: &str| name != module && floor(name).is_none_or(|floor| floor > own);
    let wrong = named.into_iter().filter(|(_, name)| upward(name));
    wrong.map(|(line, name)| (line, format!("`{module}` must not know `{name}`"))).collect()
}
