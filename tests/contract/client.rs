//! A client that says exactly what a test wants, one request a connection.
//!
//! Promises: an answer is read to its end, and its length is what it said.

#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // Each test uses a part of it.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes.
const LONG: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Said {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The same without the time at which it was said.
    pub fn timeless(mut self) -> Self {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        self
    }

    /// The session's secret, when one is set.
    pub fn cookie(&self) -> Option<String> {
        let set = self.header("Set-Cookie")?;
        set.split(';').next().map(str::to_owned)
    }
}

/// Asks, with these headers besides those that every request has.
#[track_caller]
pub fn ask(addr: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&str>) -> Said {
    let mut request = format!("{method} {target} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request.push_str(&format!("Host: {addr}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    request.push_str(body.unwrap_or_default());
    raw(addr, request.as_bytes())
}

/// Sends these bytes, and reads the answer.
#[track_caller]
pub fn raw(addr: SocketAddr, request: &[u8]) -> Said {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    // A reset after the last byte is an end too.
    let _end = stream.read_to_end(&mut answer);
    let first = String::from_utf8_lossy(request).lines().next().unwrap_or_default().to_owned();
    let end =
        answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {first}"));
    let (head, body) = answer.split_at(end);
    let body = body.get(4..).unwrap_or_default().to_vec();
    let head = String::from_utf8(head.to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let said = Said { status: status.unwrap_or_else(|| panic!("{head}")), headers, body };
    if let Some(length) = said.header("Content-Length").and_then(|length| length.parse::<usize>().ok()) {
        assert!(said.body.len() == length || first.starts_with("HEAD"), "{first}: {length} were said: {head}");
    }
    said
}
