//! The front alone, with a server of the test behind it that records what reaches it.
//!
//! Promises: every head that reached the server is in the record, up to a bound; what it answers to live questions is what
//! the test says at that moment.

#![allow(dead_code)] // Each test uses its part.

use aegis::web::front::tls::{Certificate, Tls};
use aegis::web::front::{Front, Patience};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Heads kept.
const HEADS_KEPT: usize = 64;

/// What the server behind has seen, and what it says.
#[derive(Debug)]
pub struct Behind {
    /// The heads, newest last.
    pub heads: Mutex<Vec<String>>,
    /// How many came.
    pub asked: AtomicU64,
    /// Status and body of a live answer.
    pub live: Mutex<(u16, String)>,
}

impl Behind {
    pub fn says(&self, status: u16, body: &str) {
        *self.live.lock().unwrap() = (status, body.to_owned());
    }

    pub fn heads(&self) -> Vec<String> {
        std::mem::take(&mut *self.heads.lock().unwrap())
    }
}

/// The front at work.
pub struct Stand {
    pub addr: SocketAddr,
    pub behind: Arc<Behind>,
    pub refused: Arc<AtomicU64>,
    pub streams: Arc<AtomicU64>,
    pub fingerprint: Option<String>,
    connector: Option<TlsConnector>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    _dir: tempfile::TempDir,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Plain HTTP, or TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Plain,
    Tls,
}

impl Stand {
    pub async fn new(speaks: Speaks, patience: Patience) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("page.sock");
        let live = Mutex::new((200, "{\"n\":0}".to_owned()));
        let behind = Arc::new(Behind { heads: Mutex::default(), asked: AtomicU64::new(0), live });
        let server = UnixListener::bind(&socket).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let refused = Arc::new(AtomicU64::new(0));
        let mut front = Front::new(addr, vec!["aegis.lan".to_owned()], socket, patience, Arc::clone(&refused));
        let (mut connector, mut fingerprint) = (None, None);
        if speaks == Speaks::Tls {
            let own = Certificate::Own { dir: dir.path().to_owned() };
            let tls = Tls::load(&own, addr.ip(), &["aegis.lan".to_owned()]).unwrap();
            fingerprint = Some(tls.fingerprint().to_owned());
            front = front.with_tls(tls);
            connector = Some(trusting(&dir.path().join("page.crt")));
        }
        let streams = front.live_streams();
        let serving = Arc::clone(&behind);
        let tasks = vec![
            tokio::spawn(front.accept(listener)),
            tokio::spawn(async move {
                while let Ok((connection, _)) = server.accept().await {
                    let behind = Arc::clone(&serving);
                    tokio::spawn(async move { serve(connection, &behind).await });
                }
            }),
        ];
        Self { addr, behind, refused, streams, fingerprint, connector, tasks, _dir: dir }
    }

    /// A connection by TLS.
    pub async fn encrypted(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.addr).await?;
        let name = ServerName::from(self.addr.ip());
        self.connector.as_ref().expect("it speaks TLS").connect(name, stream).await
    }

    /// A connection as the front speaks.
    pub async fn connect(&self) -> Box<dyn Wire> {
        if self.connector.is_some() {
            Box::new(self.encrypted().await.unwrap())
        } else {
            Box::new(TcpStream::connect(self.addr).await.unwrap())
        }
    }

    /// Sends a request and gives all that comes back.
    pub async fn ask(&self, request: &[u8]) -> String {
        tell(&mut self.connect().await, request).await
    }

    /// A request for this page.
    pub fn request(&self, start: &str, headers: &str, body: &str) -> Vec<u8> {
        format!("{start} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n{body}", self.addr).into_bytes()
    }

    /// A client as one should be: its answer has to come within three seconds.
    pub async fn good_client(&self, during: &str) {
        let asked = self.ask_well();
        let answer = tokio::time::timeout(Duration::from_secs(3), asked).await;
        let answer = answer.unwrap_or_else(|_| panic!("{during}: the good client was not answered within 3 s"));
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("alive\n"), "{during}: {answer}");
    }

    async fn ask_well(&self) -> String {
        self.ask(&self.request("GET /healthz", "", "")).await
    }

    /// A stream of live values.
    pub async fn stream(&self) -> Box<dyn Wire> {
        let mut stream = self.connect().await;
        stream.write_all(&self.request("GET /api/v1/live", "Accept: text/event-stream\r\n", "")).await.unwrap();
        stream
    }

    /// Waits until so many streams are open.
    pub async fn has_streams(&self, number: u64) {
        let there = async {
            while self.streams.load(Ordering::Relaxed) != number {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), there).await;
        waited.unwrap_or_else(|_| panic!("{} streams, not {number}", self.streams.load(Ordering::Relaxed)));
    }
}

/// A connection, however it is made.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Sends a request and gives all that comes back.
pub async fn tell(stream: &mut (impl Wire + ?Sized), request: &[u8]) -> String {
    // The front may answer and close before it has read everything.
    let _refused_early = stream.write_all(request).await;
    let _gone = stream.flush().await;
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads on until `text` has come, and gives what came; all of it when the stream ends before.
pub async fn until(stream: &mut (impl Wire + ?Sized), text: &str) -> String {
    let mut seen = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&seen).contains(text) {
            if stream.read_buf(&mut seen).await.unwrap_or(0) == 0 {
                break;
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), read).await;
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(waited.is_ok(), "{text:?} did not come: {seen}");
    seen
}

fn trusting(certificate: &Path) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Answers one request, and records it.
async fn serve(mut connection: UnixStream, behind: &Behind) {
    let mut bytes = Vec::with_capacity(1024);
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if connection.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap()).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    let length: usize = length.parse().unwrap();
    while bytes.len() < end + length {
        if connection.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    assert_eq!(bytes.len(), end + length, "nothing follows a request");
    let path = head.split(' ').nth(1).unwrap().to_owned();
    {
        let mut heads = behind.heads.lock().unwrap();
        if heads.len() == HEADS_KEPT {
            heads.remove(0);
        }
        heads.push(head);
    }
    behind.asked.fetch_add(1, Ordering::Relaxed);
    let (status, body) = match path.as_str() {
        "/healthz" => (200, "alive\n".to_owned()),
        "/big" => (200, "x".repeat(100 * 1024)),
        "/long" => (200, "x".repeat(300 * 1024)),
        "/api/v1/live" => behind.live.lock().unwrap().clone(),
        "/half" => {
            let _unread = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").await;
            return;
        }
        _ => (200, format!("{length} bytes\n")),
    };
    let answer = format!("HTTP/1.1 {status} Told\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let _unread = connection.write_all(answer.as_bytes()).await;
}
