//! Schemathesis against the real binary: questions that nobody thought of, by the document.
//!
//! Promises: two runs, as an owner and as a viewer, each with a fixed seed and bounded in time; what is asked cannot end the
//! user or the token that asks.

use super::board::Board;
use super::house::{self, CHESS, GARDEN, House, Person};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::process::Command;

/// What a run holds answers to.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection";

/// Operations that would end the asking itself: its users and tokens, and the log-in's delay for this address.
const LEFT_OUT: [&str; 9] = [
    "logOut",
    "removeUser",
    "changeUser",
    "revokeToken",
    "logIn",
    "useCode",
    "firstOwner",
    "changePassword",
    "giveToken",
];

/// Where tests/run puts it: an environment for this very list of packages.
fn program() -> PathBuf {
    if let Some(given) = std::env::var_os("AEGIS_SCHEMATHESIS") {
        return given.into();
    }
    let digest = Sha256::digest(include_bytes!("requirements.txt"));
    let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map_or_else(home, PathBuf::from);
    cache.join(format!("aegis-tests/schemathesis-{hash}/bin/schemathesis"))
}

/// Runs it as somebody.
fn run(house: &House, person: &Person, seconds: u64) {
    let mut command = Command::new(program());
    command
        .current_dir(house.board.path("outside"))
        .args(["--config-file", "schemathesis.toml", "run"])
        .arg(format!("{}/api/v1/openapi.json", house.url()))
        .args(["--url", &house.url(), "--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "30", "--seed", "5", "--workers", "1", "--generation-database", "none"])
        .args(["--max-time", &seconds.to_string(), "--request-timeout", "20", "--suppress-health-check", "all"])
        .args(["--header", &format!("Authorization: Bearer {}", person.token)])
        .args(["--no-color", "--warnings", "off", "--continue-on-failure", "--max-failures", "20"]);
    for operation in LEFT_OUT {
        command.args(["--exclude-operation-id", operation]);
    }
    let output = command.output().unwrap_or_else(|error| {
        panic!(
            "{} cannot be run: {error}; tests/run installs it, or name it in AEGIS_SCHEMATHESIS",
            program().display()
        )
    });
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    // The address and the token are this run's own; what was found stands in the rest.
    assert!(output.status.success(), "{}\n{told}\n{}", person.name, String::from_utf8_lossy(&output.stderr));
    println!("{}: {}", person.name, told.lines().rev().take(12).collect::<Vec<_>>().join("\n"));
}

#[test]
#[ignore = "needs schemathesis; tests/run installs it"]
fn questions_that_nobody_thought_of_are_answered_as_the_document_says() {
    let standin = house::standin();
    let house = House::start(Board::new(&standin), standin, &house::settings());
    std::fs::create_dir(house.board.path("outside")).unwrap();
    // The usual ones, and those for an address or a head that is too long: the front refuses them before anybody reads them.
    house.board.write(
        "outside/schemathesis.toml",
        "[checks.negative_data_rejection]\nexpected-statuses = [\"400\", \"401\", \"403\", \"404\", \"405\", \"406\", \
         \"409\", \"414\", \"415\", \"422\", \"428\", \"429\", \"431\", \"5xx\"]\n",
    );
    let owner = house.owner("olga");
    let viewer = house.person(&owner, "vic", "viewer", &[GARDEN.name, CHESS.name]);
    for (number, tenant) in [&GARDEN, &CHESS].into_iter().enumerate() {
        for turn in 0..3 {
            let number = i64::try_from(number).unwrap() * 10 + turn;
            house.standin.offer(house::spam(tenant.group, 100 + number));
            house.standin.offer(house::talk(tenant.group, 200 + number));
        }
    }
    house.until(&owner, "/decisions", "the decisions", |told| {
        told["items"].as_array().is_some_and(|all| all.len() >= 6)
    });
    let backup = house.by(&owner, "POST", "/backups", Some(&json!({})));
    assert_eq!(backup.status, 201, "{}", backup.text());
    run(&house, &owner, 45);
    run(&house, &viewer, 30);
    assert_eq!(house.told(&owner, "/session")["name"], "olga", "the page still answers");
}
