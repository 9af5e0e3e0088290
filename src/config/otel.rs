//! Settings of what is told to an OpenTelemetry receiver.
//!
//! Promises: a program that cannot tell anything refuses the table with the way to get one that can. What the file of headers
//! holds is never shown.
//!
//! Never: a connection.

use super::Surroundings;
use crate::document::{Mistakes, Section};
use crate::limits;
use crate::secret::Secret;
use std::path::Path;

/// Where it is told, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otel {
    /// The receiver's address before `/v1/traces` and `/v1/metrics`, without a slash at its end.
    pub endpoint: String,
    /// What the receiver knows this appliance by.
    pub service_name: String,
    /// Headers of each call: names and values.
    pub headers: Vec<(String, Secret)>,
    /// How often metrics are told, seconds.
    pub metrics_s: u32,
}

impl Otel {
    /// Whether headers leave this machine unprotected.
    #[must_use]
    pub fn shows_its_headers(&self) -> bool {
        let rest = self.endpoint.strip_prefix("http://").filter(|_| !self.headers.is_empty());
        rest.is_some_and(|rest| !["localhost", "127.", "[::1]"].iter().any(|here| rest.starts_with(here)))
    }
}

/// What a build without the feature says to the table.
const NOT_BUILT: &str = "this program was built without OpenTelemetry: build one with `cargo build --release --features otel`, \
                         or take the table [otel] out";

/// Reads `[otel]`.
pub(super) fn read(mut section: Section<'_>, around: &Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Otel> {
    let (name, line) = (section.file().to_owned(), section.line());
    if !cfg!(feature = "otel") {
        mistakes.add(&name, line, NOT_BUILT);
        return None;
    }
    let endpoint = section.text("endpoint", mistakes);
    let service_name = section.text("service_name", mistakes);
    let headers_file = section.text("headers_file", mistakes).filter(|found| !found.value.is_empty());
    let most = i64::from(limits::OTEL_METRICS_S_MAX);
    let metrics_s = section.integer("metrics_s", 1..=most, mistakes).and_then(|found| u32::try_from(found.value).ok());
    section.finish(mistakes);
    let Some(endpoint) = endpoint else {
        mistakes.add(&name, line, "[otel] needs `endpoint`, such as \"http://127.0.0.1:4318\"");
        return None;
    };
    let url = endpoint.value.trim_end_matches('/');
    if !is_endpoint(url) {
        let what = "`endpoint` must be an address such as \"http://127.0.0.1:4318\", without name, password or what comes \
                    after `?`; a key belongs into `headers_file`";
        mistakes.add(&name, endpoint.line, what);
    }
    if let Some(wrong) = service_name.as_ref().filter(|found| !is_name(&found.value)) {
        let most = limits::OTEL_NAME_BYTES_MAX;
        mistakes.add(
            &name,
            wrong.line,
            format!("`service_name` is 1 to {most} letters, digits, dots, dashes, underscores"),
        );
    }
    let headers = headers_file.map(|file| match (around.read)(Path::new(&file.value)) {
        Ok(text) => headers(&text).unwrap_or_else(|what| {
            mistakes.add(&name, file.line, format!("{}, {what}", file.value.escape_debug()));
            Vec::new()
        }),
        Err(error) => {
            mistakes.add(&name, file.line, format!("{} cannot be read: {error}", file.value.escape_debug()));
            Vec::new()
        }
    });
    Some(Otel {
        endpoint: url.to_owned(),
        service_name: service_name.map_or_else(|| "aegis".to_owned(), |found| found.value),
        headers: headers.unwrap_or_default(),
        metrics_s: metrics_s.unwrap_or(limits::OTEL_METRICS_S),
    })
}

fn is_endpoint(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic() && !b"?#@".contains(&b)))
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !name.is_empty() && name.len() <= limits::OTEL_NAME_BYTES_MAX && name.bytes().all(is_plain)
}

/// Headers, one a line; empty lines and those that begin with `#` are passed over.
fn headers(text: &str) -> Result<Vec<(String, Secret)>, String> {
    let lines = text.lines().enumerate().map(|(at, line)| (at.saturating_add(1), line.trim()));
    let mut found = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let whole = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let whole = whole.filter(|(name, value)| {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let is_shown = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            !name.is_empty() && name.bytes().all(is_token) && !value.is_empty() && value.bytes().all(is_shown)
        });
        let Some((name, value)) = whole.filter(|_| line.len() <= limits::OTEL_HEADER_BYTES_MAX) else {
            return Err(format!("line {at}: write a header as `Name: value`, in plain letters and on one line"));
        };
        if found.len() >= limits::OTEL_HEADERS_MAX {
            return Err(format!("line {at}: at most {} headers", limits::OTEL_HEADERS_MAX));
        }
        found.push((name.to_owned(), Secret::new(value.to_owned())));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn load(file: &str, headers: &str) -> Result<Option<Otel>, String> {
        let read = |path: &Path| Ok(if path.ends_with("headers") { headers } else { file }.to_owned());
        let zone = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        let surroundings = Surroundings { environment: &[], read: &read, zone: &zone };
        let config = Config::load(Some(Path::new("aegis.toml")), &surroundings);
        config.map(|config| config.otel).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_program_that_cannot_tell_says_how_to_get_one_that_can() {
        let told = load("\n[otel]\nendpoint = \"http://127.0.0.1:4318\"\nanything = 1\n", "");
        match told {
            Err(told) if !cfg!(feature = "otel") => {
                assert!(told.starts_with("aegis.toml:2: ") && told.contains("--features otel"), "{told}");
                assert_eq!(told.lines().count(), 1, "{told}");
            }
            other => assert!(cfg!(feature = "otel") && other.is_err_and(|told| told.contains("anything"))),
        }
        assert_eq!(load("", ""), Ok(None));
    }

    #[test]
    fn headers_come_from_a_file_and_are_never_shown() {
        let found = headers("# a key\nAuthorization: Basic aGlkZGVu\n\nX-Scope-OrgID: 1\n").expect("both are whole");
        assert_eq!(found.len(), 2);
        assert_eq!(
            found.first().map(|(name, value)| (name.as_str(), value.expose())),
            Some(("Authorization", "Basic aGlkZGVu"))
        );
        assert!(!format!("{found:?}").contains("aGlkZGVu"));
        for wrong in ["hidden", "a b: hidden", ": hidden", "A:", "A: hidden\u{e9}"] {
            let told = headers(&format!("\n{wrong}\n")).expect_err(wrong);
            assert!(told.contains("line 2") && !told.contains("hidden"), "{told}");
        }
        assert!(headers(&"A: b\n".repeat(limits::OTEL_HEADERS_MAX + 1)).is_err());
    }

    #[test]
    fn headers_that_leave_the_machine_in_the_clear_are_seen() {
        let told = |endpoint: &str, headers: &str| Otel {
            endpoint: endpoint.to_owned(),
            service_name: "aegis".to_owned(),
            headers: super::headers(headers).expect("whole"),
            metrics_s: 60,
        };
        assert!(told("http://far.example:4318", "A: b").shows_its_headers());
        for (endpoint, headers) in
            [("https://far.example", "A: b"), ("http://127.0.0.1:4318", "A: b"), ("http://a", "")]
        {
            assert!(!told(endpoint, headers).shows_its_headers(), "{endpoint}");
        }
    }

    #[cfg(feature = "otel")]
    #[test]
    fn what_is_set_is_read_and_what_is_wrong_is_told_by_its_line() {
        let whole = "[otel]\nendpoint = \"https://otlp.example/tenant/\"\nservice_name = \"shelf\"\nmetrics_s = 5\n\
                     headers_file = \"headers\"\n";
        let otel = load(whole, "A: b\n").expect("it is whole").expect("it is set");
        assert_eq!((otel.endpoint.as_str(), otel.service_name.as_str()), ("https://otlp.example/tenant", "shelf"));
        assert_eq!((otel.metrics_s, otel.headers.len()), (5, 1));
        let otel = load("[otel]\nendpoint = \"http://a\"\n", "").expect("the rest has defaults").expect("it is set");
        assert_eq!((otel.service_name.as_str(), otel.metrics_s), ("aegis", limits::OTEL_METRICS_S));
        for (wrong, says) in [
            ("[otel]\n", "aegis.toml:1: [otel] needs `endpoint`"),
            ("[otel]\nendpoint = \"a:4318\"\n", "aegis.toml:2: `endpoint` must be"),
            ("[otel]\nendpoint = \"http://u:p@a\"\n", "`headers_file`"),
            ("[otel]\nendpoint = \"http://a\"\nservice_name = \"a b\"\n", "aegis.toml:3: `service_name`"),
            ("[otel]\nendpoint = \"http://a\"\nmetrics_s = 0\n", "aegis.toml:3: `otel.metrics_s`"),
            ("[otel]\nendpoint = \"http://a\"\nheaders_file = \"headers\"\n", "aegis.toml:3: headers, line 1"),
        ] {
            let told = load(wrong, "nothing").expect_err(wrong);
            assert!(told.contains(says), "{told}");
        }
    }

    #[cfg(feature = "otel")]
    #[test]
    fn the_example_shows_the_table_with_its_defaults() {
        let example = include_str!("../../board/aegis.example.toml").replace("#otel= ", "");
        let otel = load(&example, "").expect("it is whole").expect("it is set");
        assert_eq!((otel.endpoint.as_str(), otel.service_name.as_str()), ("http://127.0.0.1:4318", "aegis"));
        assert_eq!((otel.metrics_s, otel.headers.len()), (limits::OTEL_METRICS_S, 0));
    }
}
