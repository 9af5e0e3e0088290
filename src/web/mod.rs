//! The local page: the only code that knows HTTP serving.
//!
//! Promises: nothing a client sends can take more than named bounds of memory, connections, threads or time
//! ([`front`]); every answer, refusals too, carries the same strict headers; text of strangers reaches a page only
//! through one escaping writer ([`page`]).
//!
//! Never: the HTTP library on a network socket. It listens on a private Unix socket behind the front.

pub mod desk;
pub mod front;
mod metrics;
pub mod page;
pub mod pages;
mod serve;
pub mod views;

use crate::counters::Counters;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What the page asks the appliance.
pub trait Source: Send + Sync + 'static {
    /// The counters.
    fn counters(&self) -> &Counters;
    /// Which parts work.
    fn readiness(&self) -> Readiness;
    /// What the page shows.
    fn status(&self) -> Status;
    /// The model and how each tenant stands with it; `None` when no model is set up.
    fn model(&self) -> Option<ModelLine>;
}

/// Which parts work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Every part.
    pub parts: Vec<Part>,
}

impl Readiness {
    /// Whether every part works.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.parts.iter().all(|part| part.failing.is_none())
    }
}

/// A part of the appliance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Why it does not work; `None` when it does.
    pub failing: Option<String>,
}

/// What the page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The program's version.
    pub version: &'static str,
    /// The board's profile.
    pub board: String,
    /// The mode in force.
    pub mode: &'static str,
    /// The rung of the ladder in force, and its cause.
    pub rung: String,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// The policy's version, and how its last reload ended.
    pub policy: String,
    /// Chats, by pseudonym.
    pub chats: Vec<ChatLine>,
    /// The last decisions, newest first.
    pub decisions: Vec<DecisionLine>,
}

/// The model that unsure messages are shown to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelLine {
    /// Its name.
    pub name: String,
    /// What prices and caps are in.
    pub currency: String,
    /// What the last call failed by; `None` when it did not.
    pub trouble: Option<String>,
    /// A redacted piece of the last answer that was no opinion.
    pub sample: Option<String>,
    /// How each tenant stands.
    pub tenants: Vec<TenantLine>,
}

/// A tenant, and how it stands with the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantLine {
    /// Its name.
    pub name: String,
    /// The month in force, such as 2026-11; empty before the first unsure message.
    pub month: String,
    /// Money spent in it, millionths.
    pub money: u64,
    /// The most it may be.
    pub money_cap: u64,
    /// Calls made in it.
    pub calls: u64,
    /// The most it may be.
    pub calls_cap: u64,
    /// The larger share of both, percent.
    pub percent: u64,
    /// Whether the owner is warned at that share.
    pub is_warned: bool,
    /// Why no model can be asked, and what is done instead; `None` when one can.
    pub degraded: Option<(&'static str, &'static str)>,
}

/// A chat on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLine {
    /// Its pseudonym.
    pub name: String,
    /// What is the matter with it.
    pub state: String,
}

/// A decision on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionLine {
    /// Its number.
    pub number: u64,
    /// How long ago, seconds.
    pub age_s: u64,
    /// The chat's pseudonym.
    pub chat: String,
    /// Allow, review or block.
    pub outcome: &'static str,
    /// The score.
    pub score: u16,
    /// The reason.
    pub reason: String,
    /// The rules that spoke.
    pub rules: Vec<String>,
    /// What came of it.
    pub came_of_it: &'static str,
    /// The trace.
    pub trace: String,
}

/// Where the page is, and by which names it may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address.
    pub listen: SocketAddr,
    /// Names besides the address.
    pub hosts: Vec<String>,
    /// A private directory for the socket between the front and the library.
    pub socket_dir: PathBuf,
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
}

/// Starts the page on the current runtime.
///
/// # Errors
/// When an address or the socket cannot be had.
pub fn start(settings: Settings, source: Arc<dyn Source>) -> Result<Web, WebError> {
    start_with(settings, source, front::Patience::default())
}

/// As [`start`], with other deadlines: for tests.
///
/// # Errors
/// As [`start`].
pub fn start_with(settings: Settings, source: Arc<dyn Source>, patience: front::Patience) -> Result<Web, WebError> {
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
    let socket = settings.socket_dir.join("page.sock");
    let refused = Arc::new(AtomicU64::new(0));
    let server = serve::Server::start(&socket, source, Arc::clone(&refused))
        .map_err(|why| WebError(format!("the local page's socket {} cannot be made: {why}", socket.display())))?;
    let front = front::Front::new(addr, settings.hosts, socket, patience, refused);
    Ok(Web { addr, front: tokio::spawn(front.accept(listener)), server })
}
