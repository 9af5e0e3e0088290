//! The server: takes connections, and hands each request to the gate of its route.
//!
//! Promises: connections and requests are bounded; a close stops taking, lets what runs end, and then ends the rest.
//!
//! Never: state of its own that another process would need. Any number of processes stand behind one address.

pub mod ask;
pub mod boards;
pub mod gate;
pub mod pages;
pub mod people;
pub mod routes;

use crate::clock;
use crate::db::{Database, Stop, rounds};
use crate::limits;
use aegis_contract::{Kind, Problem};
use ask::Reply;
use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::routing::{MethodFilter, on};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use minisign_verify::PublicKey;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The document of the API.
pub const OPENAPI: &str = include_str!("../../contract/openapi.json");

/// So many a minute, counted by minutes of the clock.
#[derive(Debug)]
pub struct Rate {
    /// The minute in the upper half, the count in the lower.
    minute_and_count: AtomicU64,
    max: u32,
}

impl Rate {
    /// So many a minute.
    #[must_use]
    pub const fn new(max: u32) -> Self {
        Self { minute_and_count: AtomicU64::new(0), max }
    }

    /// Takes one, if there is one left in this minute.
    pub fn take(&self, now_us: u64) -> bool {
        let minute = (now_us / 60_000_000) << 32;
        let next = |was: u64| {
            let count = if was & !0xffff_ffff == minute { was & 0xffff_ffff } else { 0 };
            (count < u64::from(self.max)).then_some(minute | (count + 1))
        };
        self.minute_and_count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

/// What all requests share.
pub struct Hub {
    /// The database.
    pub db: Database,
    /// The key that signs packs.
    pub pack_key: Option<PublicKey>,
    /// Its line; empty: there is none.
    pub pack_key_line: String,
    /// Requests at one time.
    pub seats: Arc<Semaphore>,
    /// Enrolments a minute.
    pub enrols: Rate,
    /// Log-ins a minute.
    pub logins: Rate,
    /// Whether the page is reached by TLS alone, so that its cookie is for that alone.
    pub is_secure: bool,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("pack_key", &self.pack_key_line).finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub over a database.
    ///
    /// # Errors
    /// When the key for packs is none.
    pub fn new(db: Database, pack_key: &str, is_secure: bool) -> Result<Self, String> {
        let line = pack_key.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("untrusted"));
        let line = line.unwrap_or_default().to_owned();
        let key = if line.is_empty() { Ok(None) } else { PublicKey::from_base64(&line).map(Some) };
        let pack_key = key.map_err(|_| {
            "AEGIS_HUB_PACK_KEY is no public key of minisign; one looks like RW and 54 letters".to_owned()
        })?;
        Ok(Self {
            db,
            pack_key,
            pack_key_line: line,
            seats: Arc::new(Semaphore::new(limits::REQUESTS_MAX)),
            enrols: Rate::new(limits::ENROLS_A_MINUTE),
            logins: Rate::new(limits::LOGINS_A_MINUTE),
            is_secure,
        })
    }
}

fn filter(method: &str) -> MethodFilter {
    match method {
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}

/// The router, made of the table of routes.
pub fn router(hub: Arc<Hub>) -> Router {
    let mut router: Router<Arc<Hub>> = Router::new();
    for route in &routes::ROUTES {
        let answer = move |State(hub): State<Arc<Hub>>, params: Option<RawParams>, request: Request| {
            gate::answer(hub, route, params.map(|RawParams(params)| params), request)
        };
        router = router.route(route.path, on(filter(route.method), answer));
    }
    let absent = || async {
        Reply::problem(&Problem::new(Kind::Absent, "There is no such route; see /v1/openapi.json.")).written()
    };
    let method = || async {
        Reply::problem(&Problem::new(Kind::Method, "The route has no such method; see /v1/openapi.json.")).written()
    };
    router.fallback(absent).method_not_allowed_fallback(method).with_state(hub)
}

/// What stood in the path's braces, where it was text.
struct RawParams(RawPathParams);

impl axum::extract::OptionalFromRequestParts<Arc<Hub>> for RawParams {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        hub: &Arc<Hub>,
    ) -> Result<Option<Self>, Self::Rejection> {
        use axum::extract::FromRequestParts;
        Ok(RawPathParams::from_request_parts(parts, hub).await.ok().map(Self))
    }
}

/// Serves until `closing` is done; then lets what runs end, at most [`limits::CLOSE_MS`].
pub async fn serve(listener: TcpListener, hub: Arc<Hub>, closing: impl Future<Output = ()>) {
    let router = router(Arc::clone(&hub));
    let graceful = GracefulShutdown::new();
    let seats = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    let rounds = tokio::spawn(rounds(Arc::clone(&hub)));
    tokio::pin!(closing);
    loop {
        let next = async {
            let seat = Arc::clone(&seats).acquire_owned().await;
            (seat, listener.accept().await)
        };
        let (seat, stream) = tokio::select! {
            () = &mut closing => break,
            (seat, stream) = next => (seat, stream),
        };
        let stream = match stream {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No file for a further connection, most likely: one that ends gives one back.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are small and written at once: waiting for more of them only delays.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(limits::HEAD_MS))
            .max_buf_size(limits::HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // How a connection ends is its client's affair.
            let _ = connection.await;
            drop(seat);
        });
    }
    drop(listener);
    rounds.abort();
    if tokio::time::timeout(Duration::from_millis(limits::CLOSE_MS), graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off; their transactions are undone");
    }
    hub.db.close().await;
}

/// What the hub does for itself, again and again.
async fn rounds(hub: Arc<Hub>) {
    loop {
        match rounds::round(&hub.db, clock::now_us()).await {
            Ok(Some(done)) if done != rounds::Round::default() => {
                tracing::info!(parts = done.parts, stopped = ?done.stopped, forgotten = done.forgotten, "a round");
            }
            Ok(_) => {}
            Err(Stop::Problem(problem)) => tracing::warn!(detail = problem.detail, "a round was refused"),
            Err(Stop::Database(error)) => tracing::warn!(%error, "a round failed; the next one does its work"),
        }
        tokio::time::sleep(Duration::from_millis(limits::ROUND_MS)).await;
    }
}
