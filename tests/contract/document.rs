//! The API's document, and whether an answer is one that it allows.
//!
//! Promises: what is read of a schema is all that the document uses; a word that is not known here fails the test.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, dead_code)] // Each test uses a part of it.

use super::client::Said;
use serde_json::Value;
use std::collections::BTreeSet;

/// The document as it lies beside the routes.
pub const TEXT: &str = include_str!("../../src/web/api/openapi.json");

/// Words of schemas that say nothing about values, or are read elsewhere.
const SILENT: [&str; 3] = ["description", "format", "properties"];

/// The document, read.
pub struct Document(pub Value);

impl Document {
    pub fn new() -> Self {
        Self(serde_json::from_str(TEXT).expect("the document is JSON"))
    }

    /// Every operation: method, path below `/api/v1`, and what is said of it.
    pub fn operations(&self) -> Vec<(String, String, &Value)> {
        let mut all = Vec::new();
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            let below = path.strip_prefix("/api/v1").unwrap_or_else(|| panic!("{path} is not below /api/v1"));
            for (method, operation) in methods.as_object().unwrap() {
                all.push((method.to_uppercase(), below.to_owned(), operation));
            }
        }
        all
    }

    pub fn operation(&self, method: &str, path: &str) -> &Value {
        let found = &self.0["paths"][format!("/api/v1{path}")][method.to_lowercase()];
        assert!(found.is_object(), "{method} {path} is not in the document");
        found
    }

    /// What a reference names.
    #[track_caller]
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value.get("$ref") else { return value };
        let pointer = reference.as_str().unwrap().strip_prefix('#').expect("references stay in the document");
        self.resolve(self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} names nothing")))
    }

    pub fn schema(&self, name: &str) -> &Value {
        let schema = &self.0["components"]["schemas"][name];
        assert!(schema.is_object(), "{name} is not in the document");
        schema
    }

    /// Names of a schema's properties.
    pub fn properties(&self, name: &str) -> BTreeSet<String> {
        let properties = self.schema(name)["properties"].as_object();
        properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
    }

    /// What is wrong with an answer, by what the document says of the operation.
    pub fn complaint(&self, method: &str, path: &str, said: &Said) -> Option<String> {
        let operation = self.operation(method, path);
        let response = &operation["responses"][said.status.to_string()];
        if !response.is_object() {
            return Some(format!("{method} {path}: {} is not in the document: {}", said.status, said.text()));
        }
        let response = self.resolve(response);
        let kind = said.header("Content-Type").unwrap_or_default().split(';').next().unwrap_or_default();
        let Some(content) = response["content"].as_object() else {
            return (!said.body.is_empty()).then(|| format!("{method} {path}: a body with {}", said.status));
        };
        let Some(media) = content.get(kind) else {
            return Some(format!("{method} {path}: {} as {kind:?}", said.status));
        };
        if !kind.ends_with("json") {
            return None;
        }
        let wrong = self.wrong(&media["schema"], &said.json(), "")?;
        Some(format!("{method} {path}: {}: {wrong}: {}", said.status, said.text()))
    }

    /// What is wrong with a value, by a schema.
    pub fn wrong(&self, schema: &Value, value: &Value, at: &str) -> Option<String> {
        let schema = self.resolve(schema);
        if schema == &Value::Bool(true) {
            return None;
        }
        let Some(words) = schema.as_object() else { return Some(format!("{at}: nothing may stand here")) };
        for (word, said) in words {
            let wrong = match word.as_str() {
                "type" => {
                    let allowed: Vec<&str> = match said {
                        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
                        one => one.as_str().into_iter().collect(),
                    };
                    let is = allowed.iter().any(|kind| is_kind(kind, value));
                    (!is).then(|| format!("{at}: {value} is none of {allowed:?}"))
                }
                "enum" => {
                    let is = said.as_array().unwrap().contains(value);
                    (!is).then(|| format!("{at}: {value} is none of {said}"))
                }
                "anyOf" => {
                    let is = said.as_array().unwrap().iter().any(|one| self.wrong(one, value, at).is_none());
                    (!is).then(|| format!("{at}: {value} fits nothing of {said}"))
                }
                "required" => value.as_object().and_then(|object| {
                    let missing = said.as_array()?.iter().find(|name| !object.contains_key(name.as_str().unwrap()))?;
                    Some(format!("{at}: {missing} is missing"))
                }),
                "additionalProperties" => self.wrong_members(words, said, value, at),
                "items" | "prefixItems" => self.wrong_items(words, value, at),
                "minItems" => value.as_array().and_then(|items| {
                    (items.len() < usize::try_from(said.as_u64()?).ok()?).then(|| format!("{at}: too few"))
                }),
                "maxItems" => value.as_array().and_then(|items| {
                    (items.len() > usize::try_from(said.as_u64()?).ok()?).then(|| format!("{at}: too many"))
                }),
                "minimum" => (value.is_number() && value.as_f64() < said.as_f64()).then(|| format!("{at}: {value}")),
                "maximum" => (value.is_number() && value.as_f64() > said.as_f64()).then(|| format!("{at}: {value}")),
                "minLength" | "maxLength" | "pattern" => None,
                silent if SILENT.contains(&silent) => None,
                other => panic!("{other:?} in a schema is not known here"),
            };
            if wrong.is_some() {
                return wrong;
            }
        }
        None
    }

    fn wrong_members(
        &self,
        words: &serde_json::Map<String, Value>,
        more: &Value,
        value: &Value,
        at: &str,
    ) -> Option<String> {
        let object = value.as_object()?;
        let known = words.get("properties").and_then(Value::as_object);
        object.iter().find_map(|(name, member)| {
            let at = format!("{at}/{name}");
            let schema = known.and_then(|known| known.get(name)).unwrap_or(more);
            self.wrong(schema, member, &at)
        })
    }

    fn wrong_items(&self, words: &serde_json::Map<String, Value>, value: &Value, at: &str) -> Option<String> {
        let items = value.as_array()?;
        let first = words.get("prefixItems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rest = words.get("items")?;
        items.iter().enumerate().find_map(|(place, item)| {
            let at = format!("{at}/{place}");
            self.wrong(first.get(place).unwrap_or(rest), item, &at)
        })
    }
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        other => panic!("{other:?} is no kind of value that the document uses"),
    }
}
