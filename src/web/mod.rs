//! The local page: the only code that knows HTTP serving.
//!
//! [`front`] is what a network meets; [`serve`](self) has the HTTP library behind it; [`site`] says which address gives what;
//! [`api`] is everything that can be asked and ordered, and [`pages`] show it; [`people`] knows who may come in. What the
//! appliance itself is asked is [`desk`], and what it tells are [`views`].
//!
//! Promises: nothing a client sends can take more than named bounds of memory, connections, threads or time; every answer,
//! refusals too, carries the same strict headers; text of strangers reaches a page only through one escaping place.
//!
//! Never: the HTTP library on a network socket. It listens on a private Unix socket behind the front.

pub mod api;
pub mod desk;
pub mod form;
pub mod front;
mod metrics;
pub mod pages;
pub mod people;
mod serve;
pub mod site;
pub mod views;

use site::Site;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Where the page is, and by which names it may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address.
    pub listen: SocketAddr,
    /// Names besides the address.
    pub hosts: Vec<String>,
    /// A private directory for the socket between the front and the library.
    pub socket_dir: PathBuf,
    /// Where its certificate is from; `None` for a page that is not encrypted.
    pub tls: Option<front::tls::Certificate>,
}

/// Why there is no page.
#[derive(Debug)]
pub struct WebError(String);

impl fmt::Display for WebError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WebError {}

/// The page at work. Dropping it closes it.
#[derive(Debug)]
pub struct Web {
    addr: SocketAddr,
    fingerprint: Option<String>,
    site: Arc<Site>,
    front: tokio::task::JoinHandle<()>,
    server: serve::Server,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.front.abort();
        self.server.stop();
    }
}

impl Web {
    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// What an owner opens first: the address, with the code of the first run while there is nobody who may log in.
    #[must_use]
    pub fn welcome(&self) -> String {
        let scheme = if self.fingerprint.is_some() { "https" } else { "http" };
        match self.site.people().first_code() {
            Some(code) => format!("{scheme}://{}/setup?code={code}", self.addr),
            None => format!("{scheme}://{}/", self.addr),
        }
    }

    /// The SHA-256 of its certificate, as browsers show it; `None` when it is not encrypted.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }
}

/// Starts the page on the current runtime.
///
/// # Errors
/// When an address or the socket cannot be had.
pub fn start(settings: Settings, site: Arc<Site>) -> Result<Web, WebError> {
    start_with(settings, site, front::Patience::default())
}

/// As [`start`], with other deadlines: for tests.
///
/// # Errors
/// As [`start`].
pub fn start_with(settings: Settings, site: Arc<Site>, patience: front::Patience) -> Result<Web, WebError> {
    let listen = settings.listen;
    let busy = |error: std::io::Error| {
        WebError(format!(
            "the local page cannot listen on {listen}: {error}; choose another address with AEGIS_WEB_LISTEN, or \"off\""
        ))
    };
    let listener = std::net::TcpListener::bind(listen).map_err(busy)?;
    listener.set_nonblocking(true).map_err(busy)?;
    let addr = listener.local_addr().map_err(busy)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(busy)?;
    let tls = settings.tls.as_ref().map(|from| front::tls::Tls::load(from, addr.ip(), &settings.hosts));
    let tls = tls.transpose().map_err(|why| WebError(format!("the local page has no certificate: {why}")))?;
    let fingerprint = tls.as_ref().map(|tls| tls.fingerprint().to_owned());
    if let Some(fingerprint) = &fingerprint {
        tracing::info!(sha256 = %fingerprint, "the page's certificate");
    }
    let socket = settings.socket_dir.join("page.sock");
    let refused = Arc::new(AtomicU64::new(0));
    let front = front::Front::new(addr, settings.hosts, socket.clone(), patience, Arc::clone(&refused));
    let live = front.live_streams();
    let front = match tls {
        Some(tls) => front.with_tls(tls),
        None => front,
    };
    let told = serve::Gauges { refused, live };
    let server = serve::Server::start(&socket, &site, &told)
        .map_err(|why| WebError(format!("the local page's socket {} cannot be made: {why}", socket.display())))?;
    Ok(Web { addr, fingerprint, site, front: tokio::spawn(front.accept(listener)), server })
}
