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

pub use front::tls::KEY_FILE as PAGE_KEY_FILE;

use crate::limits;
use site::Site;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::oneshot;

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
    /// Ends the front when it is dropped.
    stop: Option<oneshot::Sender<()>>,
    front: Option<std::thread::JoinHandle<()>>,
    server: serve::Server,
}

impl Drop for Web {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(front) = self.front.take() {
            // It ends with the words above; a panic in it has been shown already.
            let _ended = front.join();
        }
        self.server.stop();
    }
}

/// Lets the thread that calls this stand back: whoever moderates goes first, whatever clients want of the page.
fn yields() {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), limits::PAGE_NICE) {
        tracing::debug!(%error, "a thread of the page works with the priority of all others");
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

/// Starts the page, on threads of its own.
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
    let (stop, stopped) = oneshot::channel();
    let front = std::thread::Builder::new()
        .name("front".to_owned())
        .stack_size(limits::STACK_BYTES)
        .spawn(move || meet_clients(front, listener, stopped))
        .map_err(busy)?;
    Ok(Web { addr, fingerprint, site, stop: Some(stop), front: Some(front), server })
}

/// Lets the front accept until told to stop. On a runtime of its own, so that no message waits behind a client.
fn meet_clients(front: front::Front, listener: std::net::TcpListener, stopped: oneshot::Receiver<()>) {
    yields();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    let met = runtime.map(|runtime| {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                () = front.accept(listener) => {}
                _ = stopped => {}
            }
            std::io::Result::Ok(())
        })
    });
    if let Err(error) = met.and_then(|met| met) {
        tracing::error!(%error, "the page's front cannot work");
    }
}
