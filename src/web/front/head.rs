//! Heads of requests: which may go through, and how they are written anew.
//!
//! Promises: a head that could be read in two ways is refused; what goes through is one clean head in our own words, with
//! the values of a few headers, each once, bounded and printable; whatever begins with `X-Aegis-` is the front's own word.
//!
//! Never: a name the page does not go by; a change asked for by another site.

use super::refusal::Refusal;
use crate::limits;
use std::net::{IpAddr, SocketAddr};

/// The path of live values.
pub const LIVE_PATH: &str = "/api/v1/live";

/// The headers whose values go through.
const PASSED: [&str; 8] =
    ["Cookie", "Authorization", "Content-Type", "X-CSRF-Token", "Idempotency-Key", "Accept", "Prefer", "If-None-Match"];

/// Where [`PASSED`] has `Accept`.
const ACCEPT: usize = 5;

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The client's address.
    pub client: IpAddr,
    /// The address it reached.
    pub reached: SocketAddr,
}

/// A request that may go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clean {
    /// The head, written anew.
    pub head: String,
    /// Bytes of body that follow.
    pub body: usize,
    /// Bytes of the client's head.
    pub read: usize,
    /// Whether it asks for a stream of live values.
    pub is_live: bool,
    /// The name it was asked for under.
    pub(super) host: String,
    /// Path and query.
    pub(super) target: String,
}

/// The names the page goes by.
#[derive(Clone, Debug)]
pub(super) struct Names {
    listen: SocketAddr,
    known: Vec<String>,
    is_secure: bool,
}

/// Where a request comes from, as its browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whence {
    /// From a page of ours.
    Same,
    /// From no page: a program, an address typed in.
    None,
    /// From a page of others.
    Other,
}

impl Names {
    /// The names of the page at `listen`: its address, this machine's own names, and `hosts`.
    pub fn new(listen: SocketAddr, hosts: &[String], is_secure: bool) -> Self {
        let mut names = Self { listen, known: Vec::new(), is_secure };
        names.add(&listen.ip().to_string(), true);
        names.add("localhost", true);
        if listen.ip().is_loopback() {
            names.add("127.0.0.1", true);
            names.add("::1", true);
        }
        for host in hosts {
            names.add(host, false);
        }
        names
    }

    /// Takes in one name. Of ours, only with the port; of the settings, also as it is written there.
    fn add(&mut self, name: &str, is_bare: bool) {
        let name = name.to_ascii_lowercase();
        let name = if name.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{name}]") } else { name };
        let port = format!(":{}", self.listen.port());
        let has_port = name.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_bare {
            self.known.push(name.clone());
        }
        if !has_port {
            self.known.push(format!("{name}{port}"));
        }
        if self.listen.port() == self.default_port() {
            self.known.push(name.strip_suffix(&port).unwrap_or(&name).to_owned());
        }
    }

    const fn default_port(&self) -> u16 {
        if self.is_secure { 443 } else { 80 }
    }

    const fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// Our own spelling of a name, when it is ours. Behind "every address" the one that was reached is ours: a number
    /// cannot be pointed elsewhere, as a name can.
    fn ours(&self, name: &str, link: &Link) -> Option<String> {
        if let Some(known) = self.known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            return Some(known.clone());
        }
        if !self.listen.ip().is_unspecified() {
            return None;
        }
        let reached = SocketAddr::new(link.reached.ip().to_canonical(), link.reached.port());
        let bare = match reached.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let is_default = reached.port() == self.default_port();
        [Some(reached.to_string()), is_default.then_some(bare)].into_iter().flatten().find(|known| known == name)
    }

    fn origin(&self, origin: Option<&str>, site: Option<&str>, link: &Link) -> Whence {
        match (origin, site) {
            (None, None | Some("none")) => Whence::None,
            (None, Some("same-origin")) => Whence::Same,
            (Some(origin), None | Some("same-origin")) => {
                let name = origin.strip_prefix(self.scheme()).and_then(|rest| rest.strip_prefix("://"));
                if name.is_some_and(|name| self.ours(name, link).is_some()) { Whence::Same } else { Whence::Other }
            }
            _ => Whence::Other,
        }
    }

    /// Checks the start of a request; `None` when the head is not complete yet.
    pub fn check(&self, bytes: &[u8], link: &Link) -> Result<Option<Clean>, Refusal> {
        let mut headers = [httparse::EMPTY_HEADER; limits::WEB_HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let read = match request.parse(bytes) {
            Ok(httparse::Status::Complete(read)) => read,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HEAD),
            Err(_) => return Err(Refusal::BAD),
        };
        let method = request.method.unwrap_or_default();
        let is_change = match method {
            "GET" | "HEAD" => false,
            "POST" | "PUT" | "DELETE" => true,
            _ => return Err(Refusal::METHOD),
        };
        if request.version != Some(1) {
            return Err(Refusal::BAD);
        }
        let target = request.path.unwrap_or_default();
        if target.len() > limits::WEB_TARGET_BYTES_MAX {
            return Err(Refusal::TARGET);
        }
        if !is_plain(target) {
            return Err(Refusal::BAD);
        }
        let said = Said::read(request.headers)?;
        let host = said.host.ok_or(Refusal::BAD)?;
        let host = self.ours(host, link).ok_or(Refusal::HOST)?;
        let body = said.length.unwrap_or(0);
        if body > limits::WEB_BODY_BYTES_MAX {
            return Err(Refusal::LENGTH);
        }
        let from = self.origin(said.origin, said.site, link);
        if is_change && from == Whence::Other {
            return Err(Refusal::FORBIDDEN);
        }
        let accepts_events = said.passed.get(ACCEPT).is_some_and(|value| *value == Some("text/event-stream"));
        Ok(Some(Clean {
            head: self.write(method, target, &said, from, link, body),
            body,
            read,
            is_live: method == "GET" && target == LIVE_PATH && accepts_events && body == 0,
            host,
            target: target.to_owned(),
        }))
    }

    /// The head in our own words.
    fn write(&self, method: &str, target: &str, said: &Said<'_>, from: Whence, link: &Link, body: usize) -> String {
        let from = match from {
            Whence::Same => "same",
            Whence::None => "none",
            Whence::Other => "other",
        };
        let client = link.client.to_canonical();
        let secure = if self.is_secure { "yes" } else { "no" };
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: aegis\r\nContent-Length: {body}\r\nConnection: close\r\n\
             X-Aegis-Client: {client}\r\nX-Aegis-Secure: {secure}\r\nX-Aegis-From: {from}\r\n"
        );
        for (name, value) in PASSED.iter().zip(said.passed) {
            if let Some(value) = value {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str("\r\n");
        head
    }
}

/// What the headers of a request say, as far as it matters.
#[derive(Default)]
struct Said<'a> {
    host: Option<&'a str>,
    length: Option<usize>,
    origin: Option<&'a str>,
    site: Option<&'a str>,
    passed: [Option<&'a str>; PASSED.len()],
}

impl<'a> Said<'a> {
    fn read(headers: &[httparse::Header<'a>]) -> Result<Self, Refusal> {
        let mut said = Self::default();
        for header in headers {
            let value = std::str::from_utf8(header.value).map_err(|_| Refusal::BAD)?;
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if ["Transfer-Encoding", "Upgrade", "Expect", "TE", "Trailer"].into_iter().any(is) {
                return Err(Refusal::BAD);
            }
            if let Some(place) = PASSED.iter().position(|name| is(name)) {
                let is_plain = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
                if !is_plain || value.len() > limits::WEB_VALUE_BYTES_MAX {
                    return Err(Refusal::BAD);
                }
                if let Some(place) = said.passed.get_mut(place) {
                    once(place, value)?;
                }
            } else if is("Host") {
                once(&mut said.host, value)?;
            } else if is("Origin") {
                once(&mut said.origin, value)?;
            } else if is("Sec-Fetch-Site") {
                once(&mut said.site, value)?;
            } else if is("Content-Length") {
                let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                let length = value.parse().ok().filter(|_| is_number);
                once(&mut said.length, length.ok_or(Refusal::BAD)?)?;
            }
        }
        Ok(said)
    }
}

/// Fills a place that may be filled once.
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Refusal> {
    if place.replace(value).is_some() { Err(Refusal::BAD) } else { Ok(()) }
}

/// A target that can mean one thing only: an absolute path, printable, without steps upwards and without escapes; in the
/// query, escapes of what can be shown.
fn is_plain(target: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains("..")
        && !path.contains('%')
        && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#')
        && query.split('%').skip(1).all(is_plain_escape)
}

/// Whether what follows a `%` is two digits of something but a control.
fn is_plain_escape(rest: &str) -> bool {
    let digits = rest.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).is_some_and(|byte| !byte.is_ascii_control())
}

#[cfg(test)]
mod tests;
