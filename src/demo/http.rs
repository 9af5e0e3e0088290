//! HTTP/1.1 as far as the servers of the demonstration speak it.
//!
//! Promises: a request that is malformed or larger than `limits::DEMO_HEAD_BYTES_MAX` and `limits::DEMO_BODY_BYTES_MAX`
//! is broken, not believed.
//!
//! Never: a socket; chunked requests.

use crate::limits;

/// One request, as far as it matters.
pub(super) struct Request {
    /// The path, with what follows it.
    pub path: String,
    /// What was given as authorization.
    pub authorization: Option<String>,
    /// Where the body begins in the bytes.
    pub body_from: usize,
    /// Where it ends.
    pub body_to: usize,
    /// What becomes of the connection.
    pub after: After,
}

/// What becomes of the connection after the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Keep,
    Close,
}

/// What the bytes of a connection are so far.
pub(super) enum Parsed {
    Whole(Request),
    NeedMore,
    Broken,
}

/// Reads the first request in `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) if bytes.len() < limits::DEMO_HEAD_BYTES_MAX => return Parsed::NeedMore,
        _ => return Parsed::Broken,
    };
    let path = request.path.unwrap_or_default().to_owned();
    let mut length = 0_usize;
    let mut authorization = None;
    let mut after = if request.version == Some(1) { After::Keep } else { After::Close };
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            match std::str::from_utf8(header.value).ok().and_then(|value| value.trim().parse().ok()) {
                Some(bytes) if bytes <= limits::DEMO_BODY_BYTES_MAX => length = bytes,
                _ => return Parsed::Broken,
            }
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Parsed::Broken;
        } else if header.name.eq_ignore_ascii_case("connection") && header.value.eq_ignore_ascii_case(b"close") {
            after = After::Close;
        } else if header.name.eq_ignore_ascii_case("authorization") {
            authorization = Some(String::from_utf8_lossy(header.value).into_owned());
        }
    }
    let body_to = head + length;
    if bytes.len() < body_to {
        return Parsed::NeedMore;
    }
    Parsed::Whole(Request { path, authorization, body_from: head, body_to, after })
}

/// The words for a status.
pub(super) const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        409 => "Conflict",
        429 => "Too Many Requests",
        _ => "Internal Server Error",
    }
}

/// An answer of JSON, head and body.
pub(super) fn render(status: u16, text: &str) -> Vec<u8> {
    let mut out = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        reason(status),
        text.len()
    )
    .into_bytes();
    out.extend_from_slice(text.as_bytes());
    out
}
