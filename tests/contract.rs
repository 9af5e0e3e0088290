//! The API and its document: the same routes, the same fields, the same answers; and who may ask what.
//!
//! Promises: the document describes each route and nothing else; every view is described as it is written; each role is
//! refused what is not its own, in the same words whether it is there or not, and nothing is changed by asking.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;
#[path = "contract/client.rs"]
mod client;
#[path = "contract/document.rs"]
mod document;
#[path = "contract/house.rs"]
mod house;
#[path = "contract/matrix.rs"]
mod matrix;
#[path = "contract/outside.rs"]
mod outside;

use aegis::access::Role;
use aegis::web::api::{Door, ROUTES};
use aegis::web::views::*;
use document::Document;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_document_describes_each_route_and_nothing_else() {
    let document = Document::new();
    let described: BTreeSet<(String, String)> =
        document.operations().into_iter().map(|(method, path, _)| (method, path)).collect();
    let routes: BTreeSet<(String, String)> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    let missing: Vec<_> = routes.difference(&described).collect();
    let gone: Vec<_> = described.difference(&routes).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not described: {missing:?}; no longer there: {gone:?}");
}

#[test]
fn each_operation_says_what_it_takes_and_how_it_is_answered() {
    let document = Document::new();
    let mut names = BTreeSet::new();
    for route in ROUTES {
        let operation = document.operation(route.method, route.path);
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{route:?} has no name"));
        assert!(names.insert(name), "{name} stands twice");
        assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{route:?}");
        let responses = operation["responses"].as_object().unwrap();
        let good: Vec<&String> = responses.keys().filter(|status| status.starts_with('2')).collect();
        assert_eq!(good.len(), 1, "{route:?} has one good answer");
        let content = document.resolve(&responses[good[0]]).get("content");
        assert_eq!(content.is_none(), good[0] == "204", "{route:?}: {good:?}");
        for (kind, media) in content.and_then(Value::as_object).into_iter().flatten() {
            assert!(media["schema"].is_object(), "{route:?}: {kind} has no schema");
        }
        let is_open = matches!(route.door, Door::Open);
        assert_eq!(operation["security"] == Value::Array(Vec::new()), is_open, "{route:?}: who may ask");
        assert_eq!(responses.contains_key("401"), !is_open, "{route:?}: 401");
        let is_write = route.method != "GET";
        assert_eq!(responses.contains_key("415"), is_write, "{route:?}: 415");
        assert_eq!(responses.contains_key("403"), is_write || !is_open, "{route:?}: 403");
        assert!(responses.contains_key("422") || operation.get("requestBody").is_none(), "{route:?}: 422");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path: BTreeSet<String> = parameters
            .iter()
            .map(|parameter| document.resolve(parameter))
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
            .collect();
        let braces: BTreeSet<String> =
            route.path.split('/').filter(|part| part.starts_with('{')).map(str::to_owned).collect();
        assert_eq!(in_path, braces, "{route:?}");
        let has_key = parameters.iter().any(|parameter| document.resolve(parameter)["name"] == "Idempotency-Key");
        assert_eq!(has_key, is_write, "{route:?}: a key is for what changes things");
    }
}

/// Calls this with every value in a document, and where it stands.
fn each(value: &Value, see: &mut dyn FnMut(&Value)) {
    see(value);
    match value {
        Value::Object(object) => object.values().for_each(|value| each(value, see)),
        Value::Array(items) => items.iter().for_each(|value| each(value, see)),
        _ => {}
    }
}

#[test]
fn every_reference_names_something_and_everything_named_is_used() {
    let document = Document::new();
    let mut used = BTreeSet::new();
    each(&document.0, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            document.resolve(value);
            used.insert(reference.to_owned());
        }
    });
    for kind in ["schemas", "responses", "parameters"] {
        for name in document.0["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&reference), "{reference} is used by nobody");
        }
    }
    assert_eq!(document.0["info"]["version"], "1");
    let roles: Vec<Value> = Role::ALL.iter().map(|role| role.word().into()).collect();
    assert_eq!(document.schema("Role")["enum"], Value::Array(roles));
}

/// What is written of a view is what the schema says, all of it required.
fn is_written<T: Default + Serialize>(name: &str) {
    let document = Document::new();
    let written = serde_json::to_value(T::default()).unwrap();
    let keys: BTreeSet<String> = written.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, document.properties(name), "{name}");
    let required: BTreeSet<String> = document.schema(name)["required"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    assert_eq!(keys, required, "{name}: everything is written always");
    if let Some(wrong) = document.wrong(document.schema(name), &written, name) {
        panic!("{wrong}");
    }
}

#[test]
fn each_view_is_described_as_it_is_written() {
    is_written::<ActionView>("ActionView");
    is_written::<AuditView>("AuditView");
    is_written::<BackupView>("BackupView");
    is_written::<BotView>("BotView");
    is_written::<BudgetView>("BudgetView");
    is_written::<Check>("Check");
    is_written::<DeadLetterView>("DeadLetterView");
    is_written::<DecisionRow>("DecisionRow");
    is_written::<DecisionView>("DecisionView");
    is_written::<FlagView>("FlagView");
    is_written::<FindingView>("FindingView");
    is_written::<GroupView>("GroupView");
    is_written::<ListView>("ListView");
    is_written::<MemberView>("MemberView");
    is_written::<MembersChanged>("MembersChanged");
    is_written::<NewCode>("NewCode");
    is_written::<NewToken>("NewToken");
    is_written::<Numbers>("Numbers");
    is_written::<Overview>("Overview");
    is_written::<PackView>("PackView");
    is_written::<Piece>("Piece");
    is_written::<PolicyVersionView>("PolicyVersionView");
    is_written::<PolicyView>("PolicyView");
    is_written::<Preview>("Preview");
    is_written::<Replayed>("Replayed");
    is_written::<ReplayedMessage>("ReplayedMessage");
    is_written::<RightView>("RightView");
    is_written::<RuleView>("RuleView");
    is_written::<ScopeView>("ScopeView");
    is_written::<Setup>("Setup");
    is_written::<SystemView>("SystemView");
    is_written::<Taught>("Taught");
    is_written::<TokenView>("TokenView");
    is_written::<Tried>("Tried");
    is_written::<UndecidedView>("UndecidedView");
    is_written::<Undone>("Undone");
    is_written::<UsageRow>("UsageRow");
    is_written::<UsageView>("UsageView");
    is_written::<UserView>("UserView");
    is_written::<PersonAction>("PersonAction");
    is_written::<PersonBan>("PersonBan");
    is_written::<PersonDecision>("PersonDecision");
    is_written::<PersonGroup>("PersonGroup");
    is_written::<PersonMessage>("PersonMessage");
    is_written::<PersonReport>("PersonReport");
    is_written::<PersonSpent>("PersonSpent");
    is_written::<PersonView>("PersonView");
    is_written::<UsageHourView>("UsageHourView");
    is_written::<Forgotten>("Forgotten");
    is_written::<WarningView>("WarningView");
}

/// What is taken is what the schema says: the words of whoever reads it name every field there is.
fn is_taken<T: DeserializeOwned>(schema: &BTreeSet<String>, name: &str) {
    let told = serde_json::from_str::<T>("{\"no such field\": 0}").err().map(|error| error.to_string());
    let told = told.unwrap_or_else(|| panic!("{name} takes what it does not know"));
    let expected = told.split_once("expected").unwrap_or_else(|| panic!("{name}: {told}")).1;
    let fields: BTreeSet<String> = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(&fields, schema, "{name}");
}

#[test]
fn each_request_is_described_as_it_is_taken() {
    let document = Document::new();
    is_taken::<BudgetChange>(&document.properties("BudgetChange"), "BudgetChange");
    is_taken::<MembersChange>(&document.properties("MembersChange"), "MembersChange");
    is_taken::<Forget>(&document.properties("Forget"), "Forget");
    is_taken::<Pardon>(&document.properties("Pardon"), "Pardon");
    is_taken::<PolicyChange>(&document.properties("PolicyChange"), "PolicyChange");
    is_taken::<TokenChange>(&document.properties("TokenChange"), "TokenChange");
    is_taken::<Trial>(&document.properties("Trial"), "Trial");
    is_taken::<UndoRule>(&document.properties("UndoRule"), "UndoRule");
    is_taken::<UserChange>(&document.properties("UserChange"), "UserChange");
    is_taken::<UserChange>(&document.properties("NewUser"), "NewUser");
    let asked = |path: &str| {
        let parameters = document.operation("GET", path)["parameters"].as_array().unwrap();
        parameters.iter().map(|parameter| document.resolve(parameter)["name"].as_str().unwrap().to_owned()).collect()
    };
    is_taken::<DecisionQuery>(&asked("/decisions"), "DecisionQuery");
    is_taken::<MemberQuery>(&asked("/members"), "MemberQuery");
    is_taken::<PersonQuery>(&asked("/members/export"), "PersonQuery");
    is_taken::<UsageQuery>(&asked("/usage/hours"), "UsageQuery");
    for (_, path, operation) in document.operations() {
        let Some(body) = operation.get("requestBody") else { continue };
        let schema = document.resolve(&body["content"]["application/json"]["schema"]);
        assert_eq!(schema["additionalProperties"], false, "{path}: what is not known is refused");
    }
}
