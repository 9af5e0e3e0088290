//! The API and its document: the same routes; nothing that was released is broken; and questions that nobody thought of.
//!
//! Promises: a route, a field of an answer, or a value that was released is still there, and a request needs nothing more
//! than it did.

use super::world::*;
use aegis_hub::server::OPENAPI;
use aegis_hub::server::routes::{Door, ROUTES};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

const RELEASED: &str = include_str!("../../contract/released/v1.json");

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place}")),
        None => value,
    }
}

#[test]
fn the_document_describes_each_route_and_nothing_else() {
    let document = document();
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            let name = operation["operationId"].as_str().unwrap();
            let route =
                ROUTES.iter().find(|route| route.path == path && route.method == method.to_uppercase()).unwrap();
            assert_eq!(format!("{:?}", route.name).to_lowercase(), name.to_lowercase());
            let scheme = operation["security"].as_array().unwrap().first();
            let scheme = scheme.map(|one| one.as_object().unwrap().keys().next().unwrap().as_str());
            let expected = match route.door {
                Door::Open => None,
                Door::Board => Some("board"),
                _ => Some("person"),
            };
            assert_eq!(scheme, expected, "{path}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.contains_key(&route.status.to_string()), "{path}");
            assert!(answers.values().all(|answer| resolved(&document, answer)["description"].is_string()));
        }
    }
    let pages = ["/", "/login", "/logout", "/budgets", "/usage", "/packs", "/style.css"];
    let routes: BTreeSet<(String, String)> = ROUTES
        .iter()
        .filter(|route| !pages.contains(&route.path))
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(described, routes);
}

/// Which way a schema goes: what is sent may only need less, what is answered may only hold more.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Sent,
    Answered,
}

/// What a newer schema breaks of an older one.
fn broken(old: (&Value, &Value), new: (&Value, &Value), way: Way, place: &str, found: &mut Vec<String>) {
    let (old_document, old) = (old.0, resolved(old.0, old.1));
    let (new_document, new) = (new.0, resolved(new.0, new.1));
    let set = |value: &Value| -> BTreeSet<String> {
        let list = value.as_array().cloned().unwrap_or_default();
        list.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect()
    };
    let kinds = |schema: &Value| {
        if schema["type"].is_string() {
            BTreeSet::from([schema["type"].as_str().unwrap().to_owned()])
        } else {
            set(&schema["type"])
        }
    };
    let (was, is) = (kinds(old), kinds(new));
    let holds = if way == Way::Sent { was.is_subset(&is) } else { is.is_subset(&was) };
    if !holds {
        found.push(format!("{place}: its type was {was:?} and is {is:?}"));
    }
    let (was, is) = (set(&old["required"]), set(&new["required"]));
    let missing = if way == Way::Sent { is.difference(&was) } else { was.difference(&is) };
    for field in missing {
        found.push(format!("{place}.{field}: required"));
    }
    let empty = serde_json::Map::new();
    for (field, value) in old["properties"].as_object().unwrap_or(&empty) {
        match new["properties"].get(field) {
            None => found.push(format!("{place}.{field}: gone")),
            Some(now) => broken((old_document, value), (new_document, now), way, &format!("{place}.{field}"), found),
        }
    }
    if old["items"].is_object() {
        broken((old_document, &old["items"]), (new_document, &new["items"]), way, &format!("{place}[]"), found);
    }
    let (was, is) = (set(&old["enum"]), set(&new["enum"]));
    let holds = if way == Way::Sent { was.is_subset(&is) || is.is_empty() } else { is.is_subset(&was) };
    if !was.is_empty() && !holds {
        found.push(format!("{place}: its values were {was:?} and are {is:?}"));
    }
    for (bound, rises) in
        [("maxLength", true), ("maxItems", true), ("maximum", true), ("minLength", false), ("minimum", false)]
    {
        let (Some(was), Some(is)) = (old[bound].as_f64(), new[bound].as_f64()) else {
            if way == Way::Sent && old[bound].is_null() && !new[bound].is_null() {
                found.push(format!("{place}: {bound} is new"));
            }
            continue;
        };
        if way == Way::Sent && if rises { is < was } else { is > was } {
            found.push(format!("{place}: {bound} was {was} and is {is}"));
        }
    }
}

/// What a newer document breaks of an older one.
fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, operations) in old["paths"].as_object().unwrap() {
        for (method, was) in operations.as_object().unwrap() {
            let place = format!("{method} {path}");
            let Some(is) = new["paths"].get(path).and_then(|one| one.get(method)) else {
                found.push(format!("{place}: gone"));
                continue;
            };
            let list = |operation: &Value| operation["parameters"].as_array().cloned().unwrap_or_default();
            let same = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
            for one in &list(was) {
                match list(is).iter().find(|other| same(one, other)) {
                    None => found.push(format!("{place}: the parameter {} is gone", one["name"])),
                    Some(now) => broken((old, &one["schema"]), (new, &now["schema"]), Way::Sent, &place, &mut found),
                }
            }
            for one in list(is).iter().filter(|one| one["required"] == true) {
                if !list(was).iter().any(|other| same(one, other) && other["required"] == true) {
                    found.push(format!("{place}: the parameter {} is required", one["name"]));
                }
            }
            let body = |operation: &Value| operation["requestBody"]["content"]["application/json"]["schema"].clone();
            if body(was).is_null() && is["requestBody"]["required"] == true {
                found.push(format!("{place}: a body is required"));
            } else if !body(was).is_null() {
                broken((old, &body(was)), (new, &body(is)), Way::Sent, &place, &mut found);
            }
            for (status, answer) in was["responses"].as_object().unwrap() {
                let Some(now) = is["responses"].get(status) else {
                    if status.starts_with('2') {
                        found.push(format!("{place}: {status} is gone"));
                    }
                    continue;
                };
                let (answer, now) = (resolved(old, answer), resolved(new, now));
                for (kind, media) in answer["content"].as_object().into_iter().flatten() {
                    let schema = &now["content"][kind]["schema"];
                    let place = format!("{place} {status}");
                    broken((old, &media["schema"]), (new, schema), Way::Answered, &place, &mut found);
                }
            }
        }
    }
    found
}

#[test]
fn nothing_that_was_released_is_broken() {
    let released: Value = serde_json::from_str(RELEASED).unwrap();
    assert_eq!(breaks(&released, &document()), Vec::<String>::new());
}

/// Something that breaks a document.
type Planted = (&'static str, fn(&mut Value));

#[test]
fn a_broken_document_is_seen() {
    let released: Value = serde_json::from_str(RELEASED).unwrap();
    let planted: [Planted; 9] = [
        ("get /v1/flags: gone", |new| drop(new["paths"].as_object_mut().unwrap().remove("/v1/flags"))),
        ("put /v1/flags/{flag}: gone", |new| {
            drop(new["paths"]["/v1/flags/{flag}"].as_object_mut().unwrap().remove("put"))
        }),
        ("chain: gone", |new| {
            drop(new["components"]["schemas"]["Receipt"]["properties"].as_object_mut().unwrap().remove("chain"))
        }),
        ("zone: required", |new| {
            let row = &mut new["components"]["schemas"]["UsageRow"];
            row["properties"]["zone"] = json!({ "type": "string" });
            row["required"].as_array_mut().unwrap().push(json!("zone"));
        }),
        ("sequence: required", |new| {
            let required = new["components"]["schemas"]["State"]["required"].as_array_mut().unwrap();
            required.retain(|one| one != "sequence");
        }),
        ("its type was", |new| {
            new["components"]["schemas"]["DecisionRow"]["properties"]["number"]["type"] = json!("string")
        }),
        ("its values were", |new| {
            new["components"]["schemas"]["UsageRow"]["properties"]["span"]["enum"] = json!(["hour", "day"])
        }),
        ("maxItems was 2000 and is 1000", |new| {
            new["components"]["schemas"]["Push"]["properties"]["usage"]["maxItems"] = json!(1000)
        }),
        ("parameter \"month\" is required", |new| {
            new["paths"]["/v1/board/rows"]["get"]["parameters"][1]["required"] = json!(true);
        }),
    ];
    for (said, plant) in planted {
        let mut new = released.clone();
        plant(&mut new);
        let found = breaks(&released, &new);
        assert!(found.iter().any(|one| one.contains(said)), "{said}: {found:?}");
    }
    // More than before is no harm.
    let mut more = released.clone();
    more["paths"]["/v2/x"] = json!({ "get": { "responses": {} } });
    more["components"]["schemas"]["Receipt"]["properties"]["later"] = json!({ "type": "string" });
    more["components"]["schemas"]["Push"]["properties"]["later"] = json!({ "type": "string" });
    assert_eq!(breaks(&released, &more), Vec::<String>::new());
}

/// What a run holds answers to.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection";

/// Where tests/run puts it: an environment for the list of packages of the board's own API.
fn program() -> PathBuf {
    if let Some(given) = std::env::var_os("AEGIS_SCHEMATHESIS") {
        return given.into();
    }
    let digest = Sha256::digest(include_bytes!("../../../tests/contract/requirements.txt"));
    let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map_or_else(home, PathBuf::from);
    cache.join(format!("aegis-tests/schemathesis-{hash}/bin/schemathesis"))
}

#[test]
#[ignore = "needs schemathesis; tests/run installs it"]
fn questions_that_nobody_thought_of_are_answered_as_the_document_says() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    super::packs::everywhere(&world, 1, &board);
    board.pushed(&board.next(vec![row("red", 5, aegis_contract::Span::Hour, MOMENT, 10)]));
    let folder = std::env::temp_dir().join(format!("aegis-hub-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("schemathesis.toml"),
        "[checks.negative_data_rejection]\nexpected-statuses = [\"400\", \"401\", \"403\", \"404\", \"405\", \"409\", \
         \"413\", \"414\", \"422\", \"426\", \"429\", \"431\", \"5xx\"]\n",
    )
    .unwrap();
    for (role, tenants) in [("owner", &[][..]), ("viewer", &["red"][..])] {
        let token = world.token(role, tenants);
        let output = Command::new(program())
            .current_dir(&folder)
            .args(["--config-file", "schemathesis.toml", "run"])
            .arg(format!("http://{}/v1/openapi.json", world.at))
            .args(["--url", &format!("http://{}", world.at), "--checks", CHECKS])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "30", "--seed", "5", "--workers", "1"])
            .args(["--generation-database", "none", "--max-time", "60", "--request-timeout", "20"])
            .args(["--suppress-health-check", "all", "--exclude-operation-id", "revokeToken"])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            .args(["--no-color", "--warnings", "off", "--continue-on-failure", "--max-failures", "20"])
            .output()
            .unwrap_or_else(|error| panic!("{} cannot be run: {error}; tests/run installs it", program().display()));
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{role}\n{told}\n{}", String::from_utf8_lossy(&output.stderr));
        println!("{role}: {}", told.lines().rev().take(12).collect::<Vec<_>>().join("\n"));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
