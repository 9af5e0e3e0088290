//! The bounded front: what stands between a network and the HTTP library.
//!
//! Promises: a connection is served only when a permit is held, so their number is bounded, and one that dawdles makes
//! room for the next; a head, a body and a
//! conversation have bounds in bytes and in time; a request that could be read in two ways is refused with a constant
//! answer. What goes through is one clean request on a connection of its own, which is then closed.
//!
//! Never: a thread, a buffer that grows with what a client sends, an echo of what it sent.

use super::serve::HEADERS;
use crate::limits;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

/// How long clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the head and the body, together.
    pub request: Duration,
    /// For taking the answer.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { request: limits::WEB_REQUEST_WAIT, answer: limits::WEB_ANSWER_WAIT }
    }
}

/// The front.
#[derive(Debug)]
pub struct Front {
    hosts: Vec<String>,
    socket: PathBuf,
    patience: Patience,
    /// Requests and connections refused so far.
    refused: Arc<AtomicU64>,
}

/// Why a request is refused: an HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub u16);

impl Refusal {
    const BAD: Self = Self(400);
    const HOST: Self = Self(421);
    const METHOD: Self = Self(405);
    const SLOW: Self = Self(408);
    const LENGTH: Self = Self(413);
    const HEAD: Self = Self(431);
    const UNAVAILABLE: Self = Self(503);

    fn answer(self) -> String {
        let words = match self.0 {
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            413 => "Content Too Large",
            421 => "Misdirected Request",
            431 => "Request Header Fields Too Large",
            503 => "Service Unavailable",
            _ => "Bad Request",
        };
        let mut answer = format!("HTTP/1.1 {} {words}\r\n", self.0);
        for (name, value) in HEADERS {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str("Content-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        answer
    }
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
}

impl Front {
    /// A front for the page at `addr`, which may also be asked for by `hosts`.
    #[must_use]
    pub fn new(
        addr: SocketAddr,
        mut hosts: Vec<String>,
        socket: PathBuf,
        patience: Patience,
        refused: Arc<AtomicU64>,
    ) -> Self {
        hosts.push(addr.to_string());
        hosts.push(format!("localhost:{}", addr.port()));
        if addr.ip().is_loopback() {
            hosts.push(format!("127.0.0.1:{}", addr.port()));
        }
        Self { hosts, socket, patience, refused }
    }

    /// Accepts for ever. When every permit is taken, the connection that has been dawdling over its request for longest
    /// makes room: whoever sends a whole request at once is answered, however many others send half of one.
    pub async fn accept(self, listener: TcpListener) {
        let permits = Arc::new(Semaphore::new(limits::WEB_CONNECTIONS_MAX));
        let front = Arc::new(self);
        let mut dawdlers: VecDeque<(Arc<AtomicBool>, AbortHandle)> = VecDeque::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of descriptors, most likely: those in use are given back within their deadlines.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            dawdlers.retain(|(asked, task)| !asked.load(Ordering::Acquire) && !task.is_finished());
            if permits.available_permits() == 0
                && let Some((_, slowest)) = dawdlers.pop_front()
            {
                slowest.abort();
                front.refused.fetch_add(1, Ordering::Relaxed);
            }
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let (front, asked) = (Arc::clone(&front), Arc::new(AtomicBool::new(false)));
            let has_asked = Arc::clone(&asked);
            let task = tokio::spawn(async move {
                front.converse(stream, &has_asked).await;
                drop(permit);
            });
            dawdlers.push_back((asked, task.abort_handle()));
        }
    }

    async fn converse(&self, mut client: TcpStream, has_asked: &AtomicBool) {
        let request = tokio::time::timeout(self.patience.request, self.read(&mut client)).await;
        has_asked.store(true, Ordering::Release);
        let answer = match request.unwrap_or(Err(Refusal::SLOW)) {
            Ok((head, body)) => match tokio::time::timeout(self.patience.answer, self.relay(&head, &body)).await {
                Ok(Some(answer)) => answer,
                _ => Refusal::UNAVAILABLE.answer().into_bytes(),
            },
            Err(refusal) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                refusal.answer().into_bytes()
            }
        };
        let give = async {
            client.write_all(&answer).await?;
            client.shutdown().await?;
            // What the client still sends is read and forgotten, up to a bound, so that it gets to read the answer.
            let mut rest = [0_u8; 1024];
            for _ in 0..limits::WEB_HEAD_BYTES_MAX / rest.len() {
                if client.read(&mut rest).await? == 0 {
                    break;
                }
            }
            std::io::Result::Ok(())
        };
        // A client that does not take its answer in time goes without.
        let _late = tokio::time::timeout(self.patience.request.min(self.patience.answer), give).await;
    }

    async fn read(&self, client: &mut TcpStream) -> Result<(String, Vec<u8>), Refusal> {
        let mut bytes = Vec::with_capacity(1024);
        loop {
            if let Some(clean) = self.check(&bytes)? {
                let mut body = bytes.split_off(clean.read);
                if body.len() > clean.body {
                    return Err(Refusal::BAD);
                }
                let left = clean.body.saturating_sub(body.len());
                let bound = u64::try_from(left).unwrap_or(0);
                client.take(bound).read_to_end(&mut body).await.map_err(|_| Refusal::BAD)?;
                return if body.len() == clean.body { Ok((clean.head, body)) } else { Err(Refusal::BAD) };
            }
            if bytes.len() >= limits::WEB_HEAD_BYTES_MAX {
                return Err(Refusal::HEAD);
            }
            let room = u64::try_from(limits::WEB_HEAD_BYTES_MAX.saturating_sub(bytes.len())).unwrap_or(0);
            let read = client.take(room).read_buf(&mut bytes).await.map_err(|_| Refusal::BAD)?;
            if read == 0 {
                return Err(Refusal::BAD);
            }
        }
    }

    /// Checks the start of a request; `None` when the head is not complete yet.
    ///
    /// # Errors
    /// The refusal it gets.
    pub fn check(&self, bytes: &[u8]) -> Result<Option<Clean>, Refusal> {
        let mut headers = [httparse::EMPTY_HEADER; limits::WEB_HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let read = match request.parse(bytes) {
            Ok(httparse::Status::Complete(read)) => read,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HEAD),
            Err(_) => return Err(Refusal::BAD),
        };
        let method = request.method.unwrap_or_default();
        if method != "GET" && method != "HEAD" {
            return Err(Refusal::METHOD);
        }
        if request.version != Some(1) {
            return Err(Refusal::BAD);
        }
        let path = request.path.unwrap_or_default();
        if !is_plain_path(path) {
            return Err(Refusal::BAD);
        }
        let mut hosts = 0_usize;
        let mut length = None;
        for header in request.headers.iter() {
            let value = std::str::from_utf8(header.value).map_err(|_| Refusal::BAD)?;
            match header.name.to_ascii_lowercase().as_str() {
                "host" => {
                    hosts += 1;
                    if !self.hosts.iter().any(|host| host.eq_ignore_ascii_case(value)) {
                        return Err(Refusal::HOST);
                    }
                }
                "transfer-encoding" | "upgrade" | "expect" | "te" | "trailer" => return Err(Refusal::BAD),
                "content-length" => {
                    let digits = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty();
                    let parsed = value.parse::<usize>().ok().filter(|_| digits && length.is_none());
                    length = Some(parsed.ok_or(Refusal::BAD)?);
                }
                _ => {}
            }
        }
        if hosts != 1 {
            return Err(Refusal::BAD);
        }
        let body = length.unwrap_or(0);
        if body > limits::WEB_BODY_BYTES_MAX {
            return Err(Refusal::LENGTH);
        }
        // Written anew: nothing of the client's headers goes through.
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: aegis\r\nContent-Length: {body}\r\nConnection: close\r\n\r\n");
        Ok(Some(Clean { head, body, read }))
    }

    async fn relay(&self, head: &str, body: &[u8]) -> Option<Vec<u8>> {
        let mut server = UnixStream::connect(&self.socket).await.ok()?;
        server.write_all(head.as_bytes()).await.ok()?;
        server.write_all(body).await.ok()?;
        let mut answer = Vec::new();
        let bound = u64::try_from(limits::WEB_ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
        server.take(bound).read_to_end(&mut answer).await.ok()?;
        (!answer.is_empty()).then_some(answer)
    }
}

/// A path that can mean one thing only: absolute, printable, without steps upwards, plain or escaped.
fn is_plain_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic())
        && !path.contains("..")
        && !path.contains(['%', '\\', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front() -> Front {
        let addr = SocketAddr::from(([127, 0, 0, 1], 8787));
        Front::new(addr, vec!["aegis.local:8787".to_owned()], PathBuf::new(), Patience::default(), Arc::default())
    }

    #[test]
    fn a_request_that_could_mean_two_things_is_refused() {
        for (request, status) in [
            ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nHost: 127.0.0.1:8787\r\n\r\n", 400),
            ("GET http://127.0.0.1:8787/ HTTP/1.1\r\nHost: 127.0.0.1:8787\r\n\r\n", 400),
            ("GET /../x HTTP/1.1\r\nHost: 127.0.0.1:8787\r\n\r\n", 400),
            ("GET /%2e%2e/x HTTP/1.1\r\nHost: 127.0.0.1:8787\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: 127.0.0.1:8787\r\n\r\n", 405),
            ("CONNECT x:1 HTTP/1.1\r\nHost: 127.0.0.1:8787\r\n\r\n", 405),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
            ("GET / HTTP/1.0\r\nHost: 127.0.0.1:8787\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nContent-Length: +3\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nContent-Length: 99999999\r\n\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nUpgrade: websocket\r\n\r\n", 400),
            ("GET /\u{0} HTTP/1.1\r\nHost: 127.0.0.1:8787\r\n\r\n", 400),
        ] {
            assert_eq!(front().check(request.as_bytes()), Err(Refusal(status)), "{request:?}");
        }
    }

    #[test]
    fn only_the_front_writes_the_head_that_goes_through() {
        let request = "GET /metrics?x=1 HTTP/1.1\r\nHost: aegis.local:8787\r\nX-Odd: y\r\n\r\n";
        let clean = front().check(request.as_bytes()).expect("it is clean").expect("it is complete");
        assert_eq!(
            clean.head,
            "GET /metrics?x=1 HTTP/1.1\r\nHost: aegis\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        assert_eq!((clean.body, clean.read), (0, request.len()));
    }
}
