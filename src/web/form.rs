//! What a form sends, as a question to the API: pages have no way to change anything of their own.
//!
//! Promises: a form names its order, its page and its fields; each field says by the end of its name what kind its value is
//! (see [`json`]); a way back is one of our own pages, or the first.
//!
//! Never: a field that is guessed at. What cannot be read as its kind is sent on as it is, and the API says what is wrong.

use serde_json::{Map, Value};

/// A form as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// POST, PUT or DELETE.
    pub method: String,
    /// The order's path.
    pub path: String,
    /// The page to return to.
    pub back: String,
    /// The proof of origin.
    pub csrf: String,
    /// Every field, in order, the ones above too.
    pub fields: Vec<(String, String)>,
}

impl Sent {
    /// The form in a body of the kind that browsers send.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        // Browsers send each end of a line as two characters; what somebody wrote, and what Telegram has, is one.
        let plain = |(name, value): (String, String)| (name, value.replace("\r\n", "\n"));
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().map(plain).collect();
        let named = |name: &str| {
            let found = fields.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let method = named("_method");
        let method = if matches!(method.as_str(), "PUT" | "DELETE") { method } else { "POST".to_owned() };
        Self { method, path: named("_path"), back: way_back(&named("_back")), csrf: named("csrf"), fields }
    }

    /// The API's path without its query, and the query.
    #[must_use]
    pub fn order(&self) -> (&str, Vec<(String, String)>) {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        (path, url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The body for the API.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let own = |name: &str| name.starts_with('_') || name == "csrf";
        json(self.fields.iter().filter(|(name, _)| !own(name))).to_string().into_bytes()
    }
}

/// A page of ours as a way back; anything else is the first page.
#[must_use]
pub fn way_back(wanted: &str) -> String {
    let is_ours = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && !wanted.starts_with("/api/")
        && !wanted.starts_with("/form")
        && wanted.len() <= crate::limits::WAY_BACK_BYTES_MAX
        && wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { wanted.to_owned() } else { "/".to_owned() }
}

/// Fields as an object. A name's end says the kind: `x:n` a whole number, left out when empty; `x:b` yes or no; `x:0` null;
/// `x[]` one text of a list; `x?` a text that is left out when empty; else a text. `map.key` lies in the object `map`; in
/// `map.@key` the key is typed, and `map.@value` is its value.
pub fn json<'f>(fields: impl Iterator<Item = &'f (String, String)> + Clone) -> Value {
    let mut object = Map::new();
    let typed = |map: &str, end: &str| {
        let wanted = format!("{map}{end}");
        fields.clone().find(|(name, _)| *name == wanted).map(|(_, value)| value.trim().to_owned())
    };
    for (name, text) in fields.clone() {
        if let Some(map) = name.strip_suffix(".@key") {
            let key = text.trim();
            if !key.is_empty() {
                let value = typed(map, ".@value").map_or(Value::Null, Value::from);
                inner(&mut object, map).insert(key.to_owned(), value);
            }
            continue;
        }
        if name.ends_with(".@value") {
            continue;
        }
        let (name, value) = valued(name, text);
        let Some(value) = value else { continue };
        match (name.strip_suffix("[]"), name.split_once('.')) {
            (Some(list), _) => {
                let list = object.entry(list.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
                if let Some(list) = list.as_array_mut() {
                    list.push(value);
                }
            }
            (None, Some((map, key))) => drop(inner(&mut object, map).insert(key.to_owned(), value)),
            (None, None) => drop(object.insert(name.to_owned(), value)),
        }
    }
    Value::Object(object)
}

fn inner<'o>(object: &'o mut Map<String, Value>, name: &str) -> &'o mut Map<String, Value> {
    let entry = object.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    entry.as_object_mut().expect("it was just made one")
}

/// A field's name without its kind, and its value; `None` when it is left out.
fn valued<'n>(name: &'n str, text: &str) -> (&'n str, Option<Value>) {
    if let Some(name) = name.strip_suffix(":n") {
        let text = text.trim();
        let number = text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from);
        return (name, (!text.is_empty()).then_some(number));
    }
    if let Some(name) = name.strip_suffix(":b") {
        return (name, Some(Value::from(matches!(text, "on" | "true" | "yes"))));
    }
    if let Some(name) = name.strip_suffix(":0") {
        return (name, Some(Value::Null));
    }
    if let Some(name) = name.strip_suffix('?') {
        return (name, (!text.trim().is_empty()).then(|| Value::from(text)));
    }
    (name, Some(Value::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as object;

    #[test]
    fn a_field_says_what_its_value_is() {
        let sent = Sent::read(
            b"csrf=x&_method=PUT&_path=%2Fapi%2Fv1%2Fpolicy%3Flimit%3D5&_back=%2Fpolicy&text=a+b&review:n=60&block:n=&mode:0=\
              &forwarded:b=on&tenants%5B%5D=garden&tenants%5B%5D=chess&packs.crypto:b=false&packs.jobs:0=&money%3F=&note%3F=why\
              &words.%40key=free+money&words.%40value=delete&odd:n=many",
        );
        assert_eq!((sent.method.as_str(), sent.back.as_str(), sent.csrf.as_str()), ("PUT", "/policy", "x"));
        assert_eq!(sent.order(), ("/api/v1/policy", vec![("limit".to_owned(), "5".to_owned())]));
        let body: Value = serde_json::from_slice(&sent.json()).unwrap();
        let wanted = object!({
            "text": "a b", "review": 60, "mode": null, "forwarded": true, "tenants": ["garden", "chess"],
            "packs": {"crypto": false, "jobs": null}, "note": "why", "words": {"free money": "delete"}, "odd": "many"
        });
        assert_eq!(body, wanted);
    }

    #[test]
    fn the_lines_of_a_text_end_as_they_were_written() {
        let sent = Sent::read(b"_path=%2Fx&text=one%0D%0Atwo%0D%0A");
        assert_eq!(sent.fields.last().unwrap().1, "one\ntwo\n");
    }

    #[test]
    fn a_way_back_is_a_page_of_ours() {
        for bad in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/api/v1/x", "/a\nb", "x", "/form"]
        {
            assert_eq!(way_back(bad), "/", "{bad:?}");
        }
        assert_eq!(way_back("/decisions?rule=a"), "/decisions?rule=a");
    }
}
