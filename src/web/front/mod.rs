//! The bounded front: what stands between a network and the HTTP library.
//!
//! Promises: a connection is served only when a permit is held, so their number is bounded, and one that dawdles makes room
//! for the next; a handshake, a head, a body, a conversation and a stream have bounds in bytes and in time; a request that
//! could be read in two ways is refused with a constant answer. What goes through is one clean request on a connection of
//! its own, which is then closed.
//!
//! Never: a thread, a buffer that grows with what a client sends, an echo of what it sent.

mod head;
mod live;
mod places;
mod refusal;
mod relay;
pub mod tls;

pub use head::{Clean, LIVE_PATH, Link};
pub use refusal::Refusal;

use crate::limits;
use places::{Bodies, Conversations, Stage};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tls::Tls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

/// How long clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the handshake, the head and the body, together.
    pub request: Duration,
    /// For the server's answer, and for taking it.
    pub answer: Duration,
    /// How often a stream asks what is new.
    pub live_tick: Duration,
    /// The longest silence of a stream.
    pub live_still: Duration,
    /// How long a stream lives.
    pub live_life: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: limits::WEB_REQUEST_WAIT,
            answer: limits::WEB_ANSWER_WAIT,
            live_tick: limits::WEB_LIVE_TICK,
            live_still: limits::WEB_LIVE_STILL,
            live_life: Duration::from_secs(limits::WEB_LIVE_S),
        }
    }
}

/// Where files are fetched, which are larger than any page.
const DOWNLOADS: &str = "/api/v1/backups/";

/// A way to a client, encrypted or not.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {
    /// From here on the client may send what makes this many bytes; more ends the connection where it would be held.
    fn may_send(&mut self, bytes: usize);
    /// The connection itself, for when all is said.
    fn raw(&mut self) -> &mut TcpStream;
}

impl Wire for TcpStream {
    // What comes this way is held by its reader, who has a bound of his own.
    fn may_send(&mut self, _: usize) {}

    fn raw(&mut self) -> &mut TcpStream {
        self
    }
}

/// A client, however it is reached.
type Client = Box<dyn Wire>;

/// The front.
#[derive(Debug)]
pub struct Front {
    listen: SocketAddr,
    hosts: Vec<String>,
    names: head::Names,
    tls: Option<Tls>,
    socket: PathBuf,
    patience: Patience,
    /// Requests and connections refused so far.
    refused: Arc<AtomicU64>,
    live: live::Places,
    bodies: Bodies,
}

/// A request as it was read, or why it is refused, and whether a program asked.
type Request = Result<(Clean, Vec<u8>), (Refusal, bool)>;

impl Front {
    /// A front for the page at `addr`, which may also be asked for by `hosts`. It speaks plain HTTP.
    #[must_use]
    pub fn new(
        addr: SocketAddr,
        hosts: Vec<String>,
        socket: PathBuf,
        patience: Patience,
        refused: Arc<AtomicU64>,
    ) -> Self {
        Self {
            listen: addr,
            names: head::Names::new(addr, &hosts, false),
            hosts,
            tls: None,
            socket,
            patience,
            refused,
            live: live::Places::default(),
            bodies: Bodies::default(),
        }
    }

    /// The same, by TLS alone.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        let names = head::Names::new(self.listen, &self.hosts, true);
        Self { names, tls: Some(tls), ..self }
    }

    /// How many streams of live values are open, for the metrics.
    #[must_use]
    pub fn live_streams(&self) -> Arc<AtomicU64> {
        self.live.open()
    }

    /// Accepts for ever. When every permit is taken, the connection that has been dawdling over its request or its answer for
    /// longest makes room: whoever sends a whole request at once is answered, however many others send half of one.
    pub async fn accept(self, listener: TcpListener) {
        let permits = Arc::new(Semaphore::new(limits::WEB_CONNECTIONS_MAX));
        let front = Arc::new(self);
        let mut conversations = Conversations::default();
        // Dropped with this future, which ends what is under way.
        let mut tasks = JoinSet::new();
        loop {
            let accepted = listener.accept().await;
            while tasks.try_join_next().is_some() {}
            let Some((stream, link)) = accepted.ok().and_then(|(stream, client)| {
                let reached = stream.local_addr().ok()?;
                Some((stream, Link { client: client.ip(), reached }))
            }) else {
                // Out of descriptors, most likely: those in use are given back within their deadlines.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let permit = loop {
                if permits.available_permits() == 0 && conversations.end_slowest() {
                    front.refused.fetch_add(1, Ordering::Relaxed);
                }
                // One that waited for the server a moment ago may dawdle now: the next look finds it.
                match timeout(limits::WEB_ROOM_LOOK, Arc::clone(&permits).acquire_owned()).await {
                    Ok(Ok(permit)) => break permit,
                    Ok(Err(_closed)) => return,
                    Err(_none) => {}
                }
            };
            let (front, stage) = (Arc::clone(&front), Arc::new(Stage::default()));
            let own_stage = Arc::clone(&stage);
            let task = tasks.spawn(async move { front.converse(stream, &link, permit, &own_stage).await });
            conversations.add(stage, task);
        }
    }

    async fn converse(&self, stream: TcpStream, link: &Link, permit: OwnedSemaphorePermit, stage: &Stage) {
        let until = Instant::now() + self.patience.request;
        let Ok(Ok((mut client, is_astray))) = timeout_at(until, self.open(stream)).await else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let answer = match self.read(&mut client, link, until).await {
            Ok((clean, _)) if is_astray => Some(refusal::redirect(&clean.host, &clean.target).into_bytes()),
            Ok((clean, _)) if clean.is_live => {
                stage.is_served();
                self.stream(clean, &mut client, permit, stage).await
            }
            Ok((clean, body)) => {
                stage.is_served();
                self.relay(clean, body, &mut client, stage).await
            }
            Err((refusal, is_api)) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                let refusal = if is_astray { Refusal::HOST } else { refusal };
                Some(refusal.answer(is_api).into_bytes())
            }
        };
        let Some(answer) = answer else { return };
        stage.dawdles();
        let give = async {
            client.write_all(&answer).await?;
            client.shutdown().await?;
            // What the client still sends is read and forgotten, up to a bound, so that it gets to read the answer.
            let mut rest = [0_u8; 1024];
            let raw = client.raw();
            for _ in 0..limits::WEB_FORGOTTEN_BYTES_MAX / rest.len() {
                if raw.read(&mut rest).await? == 0 {
                    break;
                }
            }
            std::io::Result::Ok(())
        };
        // A client that does not take its answer in time goes without.
        let _late = timeout(self.patience.request.min(self.patience.answer), give).await;
    }

    /// The client, and whether it speaks plain HTTP where TLS is spoken. Every handshake begins with the byte 0x16, and no
    /// request does.
    async fn open(&self, stream: TcpStream) -> std::io::Result<(Client, bool)> {
        let Some(tls) = &self.tls else { return Ok((Box::new(stream), false)) };
        let mut first = [0_u8; 1];
        stream.peek(&mut first).await?;
        if first == [0x16] { Ok((Box::new(tls.open(stream).await?), false)) } else { Ok((Box::new(stream), true)) }
    }

    /// Reads a request until then.
    async fn read(&self, client: &mut Client, link: &Link, until: Instant) -> Request {
        let mut bytes = Vec::with_capacity(1024);
        // The first record may have the beginning of the body in it.
        client.may_send(limits::WEB_HEAD_BYTES_MAX + limits::WEB_RECORD_BYTES_MAX);
        let head = timeout_at(until, self.read_head(client, link, &mut bytes)).await;
        let is_api = refusal::asks_the_api(&bytes);
        let clean = head.unwrap_or(Err(Refusal::SLOW)).map_err(|refusal| (refusal, is_api))?;
        let body = timeout_at(until, self.read_body(client, &clean, bytes)).await;
        let body = body.unwrap_or(Err(Refusal::SLOW)).map_err(|refusal| (refusal, is_api))?;
        Ok((clean, body))
    }

    async fn read_head(&self, client: &mut Client, link: &Link, bytes: &mut Vec<u8>) -> Result<Clean, Refusal> {
        loop {
            if let Some(clean) = self.check(bytes, link)? {
                return Ok(clean);
            }
            if bytes.len() >= limits::WEB_HEAD_BYTES_MAX {
                return Err(Refusal::HEAD);
            }
            let room = u64::try_from(limits::WEB_HEAD_BYTES_MAX.saturating_sub(bytes.len())).unwrap_or(0);
            let read = client.take(room).read_buf(bytes).await.map_err(|_| Refusal::BAD)?;
            if read == 0 {
                return Err(Refusal::BAD);
            }
        }
    }

    /// The body; `bytes` is what came so far.
    async fn read_body(&self, client: &mut Client, clean: &Clean, bytes: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let begun = bytes.get(clean.read..).unwrap_or_default();
        if begun.len() > clean.body {
            return Err(Refusal::BAD);
        }
        let place = (clean.body > limits::WEB_SMALL_BODY_BYTES).then(|| self.bodies.take());
        let left = clean.body.saturating_sub(begun.len());
        client.may_send(left);
        let left = u64::try_from(left).unwrap_or(0);
        let mut body = Vec::with_capacity(clean.body);
        body.extend_from_slice(begun);
        drop(bytes);
        let read = async {
            client.take(left).read_to_end(&mut body).await.map_err(|_| Refusal::BAD)?;
            if body.len() == clean.body { Ok(body) } else { Err(Refusal::BAD) }
        };
        let Some(place) = place else { return read.await };
        tokio::select! {
            body = read => body,
            () = place.is_needed() => Err(Refusal::UNAVAILABLE),
        }
    }

    /// Checks the start of a request; `None` when the head is not complete yet.
    ///
    /// # Errors
    /// The refusal it gets.
    pub fn check(&self, bytes: &[u8], link: &Link) -> Result<Option<Clean>, Refusal> {
        self.names.check(bytes, link)
    }

    /// Lets the server answer. Gives what is still to be said: nothing after a cut, and after a whole answer only the end.
    async fn relay(&self, clean: Clean, body: Vec<u8>, client: &mut Client, stage: &Stage) -> Option<Vec<u8>> {
        let missing = || Some(Refusal::UNAVAILABLE.answer(clean.target.starts_with("/api/")).into_bytes());
        let patience = self.patience.answer;
        let asked = timeout(patience, relay::ask(&self.socket, &clean.head, &body)).await;
        drop(body);
        let Ok(Some(mut server)) = asked else { return missing() };
        let Some(piece) = relay::begin(&mut server, patience).await else { return missing() };
        stage.dawdles();
        let is_file = clean.target.starts_with(DOWNLOADS);
        let (bytes, whole) = if is_file {
            (limits::WEB_DOWNLOAD_BYTES_MAX, limits::WEB_DOWNLOAD_WAIT)
        } else {
            (u64::try_from(limits::WEB_ANSWER_BYTES_MAX).unwrap_or(u64::MAX), patience)
        };
        let bound = relay::Bound { bytes, whole, piece: patience };
        relay::give(piece, server, client, bound).await.map(|()| Vec::new())
    }

    /// Lets the client have live values. Gives what is still to be said.
    async fn stream(
        &self,
        clean: Clean,
        client: &mut Client,
        permit: OwnedSemaphorePermit,
        stage: &Stage,
    ) -> Option<Vec<u8>> {
        let busy = || Some(Refusal::UNAVAILABLE.answer(true).into_bytes());
        let Some(place) = self.live.take() else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return busy();
        };
        match self.live.ask(&self.socket, &clean.head, &self.patience).await {
            live::Told::Refused(answer) => Some(answer),
            live::Told::Nothing => busy(),
            live::Told::Now(values) => {
                stage.streams();
                drop(permit);
                client.may_send(0);
                live::speak(&self.live, client, &self.socket, &clean.head, values, &self.patience).await;
                drop(place);
                None
            }
        }
    }
}
