//! Refusals: constant answers, as strict as every other.
//!
//! Promises: an answer depends on the status alone, and on whether a program asked; programs get a problem document
//! (RFC 9457), people a sentence.
//!
//! Never: an echo of what was sent.

use crate::web::serve::HEADERS;

/// Why a request is refused: an HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub u16);

impl Refusal {
    pub(super) const BAD: Self = Self(400);
    pub(super) const FORBIDDEN: Self = Self(403);
    pub(super) const METHOD: Self = Self(405);
    pub(super) const SLOW: Self = Self(408);
    pub(super) const LENGTH: Self = Self(413);
    pub(super) const TARGET: Self = Self(414);
    pub(super) const HOST: Self = Self(421);
    pub(super) const HEAD: Self = Self(431);
    pub(super) const UNAVAILABLE: Self = Self(503);

    /// The title, and a sentence for people.
    const fn words(self) -> (&'static str, &'static str) {
        match self.0 {
            403 => ("Forbidden", "This came from a page of another site, so nothing was done."),
            405 => ("Method Not Allowed", "This is not something the page can be asked to do."),
            408 => ("Request Timeout", "The request did not arrive in time. Please try again."),
            413 => ("Content Too Large", "This is more than the page takes at once. Please send less."),
            414 => ("URI Too Long", "This address is too long."),
            421 => (
                "Misdirected Request",
                "The page is not known by this name. Ask for its address, or add the name to web.hosts in the settings.",
            ),
            431 => (
                "Request Header Fields Too Large",
                "The request says too much about itself. Clearing the cookies may help.",
            ),
            503 => ("Service Unavailable", "The page is busy. Please try again in a few seconds."),
            _ => ("Bad Request", "The request was not whole, or could be read in two ways."),
        }
    }

    /// The whole answer; for the API when `is_api`.
    #[must_use]
    pub fn answer(self, is_api: bool) -> String {
        let (title, sentence) = self.words();
        let (kind, body) = if is_api {
            let body = format!("{{\"type\":\"about:blank\",\"title\":\"{title}\",\"status\":{}}}\n", self.0);
            ("application/problem+json", body)
        } else {
            ("text/plain; charset=utf-8", format!("{sentence}\n"))
        };
        let more = match self.0 {
            405 => "Allow: GET, HEAD, POST, PUT, DELETE\r\n",
            503 => "Retry-After: 5\r\n",
            _ => "",
        };
        let mut answer = head(self.0, title);
        answer.push_str(&format!("Content-Type: {kind}\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len()));
        answer
    }
}

/// The beginning of an answer of the front's own: the status, the strict headers, and that the connection ends with it.
pub(super) fn head(status: u16, title: &str) -> String {
    let mut head = format!("HTTP/1.1 {status} {title}\r\n");
    for (name, value) in HEADERS {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("Connection: close\r\n");
    head
}

/// The way from plain HTTP to the same page by TLS. `host` and `target` have been checked: they are ours, and plain.
pub(super) fn redirect(host: &str, target: &str) -> String {
    format!("{}Location: https://{host}{target}\r\nContent-Length: 0\r\n\r\n", head(308, "Permanent Redirect"))
}

/// Whether the request that begins with `bytes` asks the API, as far as one can tell.
pub(super) fn asks_the_api(bytes: &[u8]) -> bool {
    let mut words = bytes.splitn(3, |byte| *byte == b' ');
    words.nth(1).is_some_and(|target| target.starts_with(b"/api/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_a_problem_document_and_a_person_a_sentence() {
        for status in [400, 403, 405, 408, 413, 414, 421, 431, 503] {
            let (head, body) = Refusal(status)
                .answer(true)
                .split_once("\r\n\r\n")
                .map(|(head, body)| (head.to_owned(), body.to_owned()))
                .expect("a head ends");
            let document: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
            assert_eq!(document.get("status").and_then(serde_json::Value::as_u64), Some(u64::from(status)));
            assert!(head.contains("application/problem+json") && head.contains("frame-ancestors 'none'"), "{head}");
            let answer = Refusal(status).answer(false);
            assert!(answer.contains("text/plain") && answer.ends_with(".\n"), "{answer}");
        }
        assert!(asks_the_api(b"GET /api/v1/x HTTP/1.1\r\n") && asks_the_api(b"POST /api/"));
        assert!(!asks_the_api(b"GET /apis HTTP/1.1") && !asks_the_api(b"GET") && !asks_the_api(b"\x16\x03"));
    }
}
