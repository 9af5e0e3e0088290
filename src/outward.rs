//! The one room for HTTP calls of ours: a client of hyper-util, and what bounds it. Adapters call through it.
//!
//! Promises: a connection stands by its deadline, TLS included, or is given up, and until it stands no more than
//! `limits::OUTWARD_HANDSHAKE_BYTES` are read; a head has at most `limits::OUTWARD_BUFFER_BYTES`, or is given up, and a body comes in
//! pieces of so much, to be counted by who reads it; a server leaves nothing behind that stays when its connection is closed. A redirect
//! is never followed, and no proxy of the environment used; names are looked up one at a time; a fault is told without the address,
//! which may hold a secret or name somebody.
//!
//! Never: a deadline of a whole call, or a bound of a whole body. Those are the caller's.

use crate::limits;
use http::request::Builder;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, HeaderMap};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tower::timeout::Timeout;
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt, service_fn};

type BoxError = Box<dyn Error + Send + Sync>;

/// A connection, and how it is made.
type Wire = MaybeHttpsStream<TokioIo<Sparing>>;
type Way = BoxCloneSyncService<Uri, Wire, BoxError>;

/// What one client has that others have not.
#[derive(Clone, Copy, Debug)]
pub struct Wants<'a> {
    /// Until a connection must stand, its TLS included.
    pub connect: Duration,
    /// Connections to one server that are kept while nobody uses them.
    pub idle_max: usize,
    /// For how long they are.
    pub idle: Duration,
    /// The certificate (PEM) of an authority that is trusted besides the usual ones.
    pub root: Option<&'a str>,
    /// Whether there may be another server between.
    pub proxy: Proxy,
}

/// Another server that is asked for a tunnel to where a call by `https` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// There is none, whatever the environment says.
    Never,
    /// As the environment says: `HTTPS_PROXY` or `ALL_PROXY`, and `NO_PROXY`. What goes by `http` goes straight.
    OfEnvironment,
}

/// The way to servers of others. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client(legacy::Client<Way, Full<Bytes>>);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// A client. Opens no connection yet.
    ///
    /// # Errors
    /// When the root certificate is none, or the TLS parts cannot be set up.
    pub fn new(wants: &Wants<'_>) -> Result<Self, String> {
        let way = way(tls(wants.root)?, wants.connect, wants.proxy);
        let mut client = legacy::Client::builder(TokioExecutor::new());
        client
            .http1_max_buf_size(limits::OUTWARD_BUFFER_BYTES)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(wants.idle_max)
            .pool_idle_timeout(wants.idle);
        Ok(Self(client.build(way)))
    }

    /// Sends a question of [`ask`], and waits for the head of the answer, for as long as it takes. Dropping the future ends the call.
    ///
    /// # Errors
    /// When the question is none, the server cannot be reached, or its answer has no head that may be read.
    pub async fn send(&self, question: Builder, body: impl Into<Bytes>) -> Result<Answer, Fault> {
        let question: Request<Full<Bytes>> =
            question.body(Full::new(body.into())).map_err(|error| Fault::unmade(&error))?;
        let answer = self.0.request(question).await;
        answer.map(Answer).map_err(|error| Fault::of("error sending request", error.is_connect(), &error))
    }
}

/// The beginning of a question: where to. Headers are added to it.
///
/// # Errors
/// When that is no address of a server.
pub fn ask(method: Method, to: &str) -> Result<Builder, Fault> {
    let url = url::Url::parse(to).map_err(|error| Fault::unmade(&error))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        let words = "builder error: URL scheme is not allowed".to_owned();
        return Err(Fault { words, is_unmade: true, is_late: false });
    }
    let to = Uri::try_from(url.as_str()).map_err(|error| Fault::unmade(&error))?;
    Ok(Request::builder().method(method).uri(to).header(ACCEPT, "*/*"))
}

/// An answer whose head was read.
#[derive(Debug)]
pub struct Answer(Response<Incoming>);

impl Answer {
    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The next piece of the body, at most `limits::OUTWARD_BUFFER_BYTES`; `None` at its end.
    ///
    /// # Errors
    /// When the body breaks off.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Fault> {
        while let Some(frame) = self.0.body_mut().frame().await {
            let frame = frame.map_err(|error| Fault::of("error decoding response body", false, &error))?;
            // What is no data is a header that comes behind the body; nobody asks for one.
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

/// Why there is no answer, or not all of it. Its words are those of the fault and of what it comes from, without the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    words: String,
    /// No connection stood, or there was nothing to send: the server has not seen the question.
    pub is_unmade: bool,
    /// A deadline passed.
    pub is_late: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Fault {
    fn unmade(error: &(dyn Error + 'static)) -> Self {
        Self::of("builder error", true, error)
    }

    fn of(begins: &str, is_unmade: bool, error: &(dyn Error + 'static)) -> Self {
        let mut fault = Self { words: begins.to_owned(), is_unmade, is_late: false };
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(one) = cause {
            let is_timed_out = |io: &io::Error| io.kind() == io::ErrorKind::TimedOut;
            fault.is_late |= one.is::<Elapsed>() || one.downcast_ref().is_some_and(is_timed_out);
            fault.words.push_str(": ");
            fault.words.push_str(&if one.is::<Elapsed>() { "operation timed out".to_owned() } else { one.to_string() });
            cause = one.source();
        }
        fault
    }
}

/// Whom TLS trusts. No session is remembered: a server says how large its tickets are, up to 64 KiB each, and eight of them would stay.
fn tls(root: Option<&str>) -> Result<ClientConfig, String> {
    let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let usual = trusted.len();
    for one in root.into_iter().flat_map(|pem| CertificateDer::pem_slice_iter(pem.as_bytes())) {
        let one = one.map_err(|_| "the root certificate is none".to_owned())?;
        trusted.add(one).map_err(|error| format!("the root certificate cannot be used: {error}"))?;
    }
    if root.is_some() && trusted.len() == usual {
        return Err("the root certificate is none".to_owned());
    }
    // One provider, named: were a second one ever linked in, rustls would refuse to choose.
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = config.with_root_certificates(trusted).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Looks up one name at a time: a lookup cannot be ended, and one that hangs must not take all threads for such work.
async fn look_up(turn: Arc<Semaphore>, name: Name) -> Result<std::vec::IntoIter<SocketAddr>, BoxError> {
    let turn = turn.acquire_owned().await?;
    let look = tokio::task::spawn_blocking(move || {
        let _until_the_end = turn;
        (name.as_str(), 0).to_socket_addrs()
    });
    Ok(look.await??)
}

/// Name, TCP, and TLS where the address says so, in the time there is.
fn way(tls: ClientConfig, connect: Duration, proxy: Proxy) -> Way {
    let turns = Arc::new(Semaphore::new(1));
    let mut tcp = HttpConnector::new_with_resolver(service_fn(move |name| look_up(Arc::clone(&turns), name)));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Shared by all addresses of a name, so that one that is silent leaves time for the next.
    tcp.set_connect_timeout(Some(connect));
    tcp.set_keepalive(Some(Duration::from_secs(limits::OUTWARD_ALIVE_S)));
    tcp.set_keepalive_interval(Some(Duration::from_secs(limits::OUTWARD_ALIVE_S)));
    tcp.set_keepalive_retries(Some(limits::OUTWARD_ALIVE_TRIES));
    tcp.set_tcp_user_timeout(Some(Duration::from_secs(limits::OUTWARD_UNHEARD_S)));
    let tcp = tcp.map_response(|tcp| {
        TokioIo::new(Sparing { tcp: tcp.into_inner(), left: Some(limits::OUTWARD_HANDSHAKE_BYTES) })
    });
    let proxies = (proxy == Proxy::OfEnvironment).then(|| Arc::new(Matcher::from_env()));
    let straight_or_not = service_fn(move |to: Uri| {
        let by_tls = to.scheme_str() == Some("https");
        let proxy = proxies.as_ref().filter(|_| by_tls).and_then(|proxies| proxies.intercept(&to));
        reach(tcp.clone(), proxy, to)
    });
    let tcp_or_tls = HttpsConnector::from((straight_or_not, tls)).map_response(|mut wire| {
        let end = match &mut wire {
            Wire::Http(tcp) => tcp,
            Wire::Https(tls) => tls.inner_mut().get_mut().0.inner_mut(),
        };
        end.inner_mut().left = None;
        wire
    });
    Way::new(Timeout::new(tcp_or_tls, connect))
}

/// TCP to where a call goes, or a tunnel there.
async fn reach<T>(tcp: T, proxy: Option<Intercept>, to: Uri) -> Result<TokioIo<Sparing>, BoxError>
where
    T: Service<Uri, Response = TokioIo<Sparing>, Error: Into<BoxError>, Future: Send + 'static>,
{
    let Some(proxy) = proxy else { return tcp.oneshot(to).await.map_err(Into::into) };
    let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
    if let Some(basic) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(basic.clone());
    }
    Ok(tunnel.oneshot(to).await?)
}

/// TCP, of which no more is read than is left.
struct Sparing {
    tcp: TcpStream,
    /// Bytes that may still be read until TLS stands; `None` from then on.
    left: Option<usize>,
}

impl AsyncRead for Sparing {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(left) = self.left else { return Pin::new(&mut self.tcp).poll_read(cx, buf) };
        if left == 0 {
            return Poll::Ready(Err(io::Error::other("it says too much before TLS stands")));
        }
        let most = left.min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut part))?;
        let came = part.filled().len();
        buf.advance(came);
        self.left = Some(left.saturating_sub(came));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sparing {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl Connection for Sparing {
    fn connected(&self) -> Connected {
        self.tcp.connected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(connect: Duration) -> Client {
        Client::new(&Wants { connect, idle_max: 1, idle: connect, root: None, proxy: Proxy::Never }).unwrap()
    }

    #[tokio::test]
    async fn a_server_that_is_silent_before_tls_stands_is_left_by_the_deadline_and_named_nowhere() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let question = ask(Method::POST, &format!("https://127.0.0.1:{port}/secret")).unwrap();
        let fault = client(Duration::from_millis(50)).send(question, "x").await.unwrap_err();
        assert!(fault.is_unmade && fault.is_late, "{fault:?}");
        let words = fault.to_string();
        assert_eq!(words, "error sending request: client error (Connect): operation timed out");
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_was_sent() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let question = ask(Method::GET, &format!("http://127.0.0.1:{port}/")).unwrap();
        let fault = client(Duration::from_secs(60)).send(question, "").await.unwrap_err();
        assert!(fault.is_unmade && !fault.is_late, "{fault:?}");
        assert!(!fault.to_string().contains("127.0.0.1"), "{fault}");
    }

    #[tokio::test]
    async fn what_is_no_question_is_not_sent() {
        for to in ["", "localhost", "http://", "https://[", "mailto:a@b.example"] {
            let fault = match ask(Method::GET, to) {
                Ok(question) => client(Duration::from_secs(60)).send(question, "").await.unwrap_err(),
                Err(fault) => fault,
            };
            assert!(fault.is_unmade, "{to}: {fault:?}");
        }
        let question = ask(Method::GET, "http://127.0.0.1:9/").unwrap().header("x", "a\nb");
        assert!(client(Duration::from_secs(60)).send(question, "").await.is_err_and(|fault| fault.is_unmade));
        for root in ["", "-----BEGIN CERTIFICATE-----\n!\n"] {
            let wants = Wants {
                connect: Duration::ZERO,
                idle_max: 1,
                idle: Duration::ZERO,
                root: Some(root),
                proxy: Proxy::Never,
            };
            assert!(Client::new(&wants).is_err());
        }
    }
}
