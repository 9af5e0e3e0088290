//! An embedded Bot API stand-in: HTTP/1.1 with keep-alive on loopback, in a thread of its own.
//!
//! Promises: a call is answered by [`Town`], in the order of arrival; a connection that asks for something malformed
//! or too large is closed and hurts nobody else; when the [`StandIn`] is dropped, its thread ends.
//!
//! Never: anything but loopback unless told so; TLS; files.

use super::http::{After, Parsed, parse, render};
use super::ledger::Ledger;
use super::script::{Script, Scripted};
use super::staff::StaffMember;
use super::town::{Call, Method, Polled, Said, Town, refuse};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// A running stand-in.
pub struct StandIn {
    shared: Arc<Shared>,
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    town: Mutex<Town>,
    start: Instant,
    // Rises with every offer and every call, so that waiting polls and waiting tests look again.
    changes: watch::Sender<u64>,
}

/// How far the play is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Updates in all.
    pub total: usize,
    /// Updates put on offer so far.
    pub released: usize,
    /// Messages deleted so far.
    pub deleted: usize,
    /// Calls that change something, so far.
    pub actions: u64,
    /// Whether every update was handed out and confirmed.
    pub drained: Drained,
}

/// Whether every update was handed out and confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drained {
    /// Some are left.
    #[default]
    NotYet,
    /// None are left.
    Drained,
}

impl Shared {
    fn town(&self) -> MutexGuard<'_, Town> {
        self.town.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl StandIn {
    /// Listens at `listen` (port 0 picks a free one) and plays `script`.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened at, or no thread can be started.
    pub fn start(script: Script, listen: SocketAddr) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let shared = Arc::new(Shared {
            town: Mutex::new(Town::new(script)),
            start: Instant::now(),
            changes: watch::Sender::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("stand-in".to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, for_thread) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { shared, addr, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address to give as the API's.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// A copy of all that was seen so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.shared.town().ledger().clone()
    }

    /// Reads the town, without a copy.
    pub fn with_town<T>(&self, read: impl FnOnce(&Town) -> T) -> T {
        read(&self.shared.town())
    }

    /// How far the play is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let town = self.shared.town();
        Progress {
            total: town.total(),
            released: town.released(),
            deleted: town.ledger().deleted,
            actions: town.ledger().actions(),
            drained: if town.is_drained() { Drained::Drained } else { Drained::NotYet },
        }
    }

    /// Microseconds since its start: the time of the ledger.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.shared.now_us()
    }

    /// Adds an update after all others; a waiting poll gets it at once.
    pub fn offer(&self, scripted: Scripted) {
        self.shared.town().offer(scripted);
        self.shared.changes.send_modify(|n| *n += 1);
    }

    /// The administrators of a chat from now on.
    pub fn appoint(&self, chat: i64, staff: Vec<StaffMember>) {
        self.shared.town().appoint(chat, staff);
    }

    /// Waits until `reached` holds of the town, or `deadline` has passed; says whether it holds. Wakes with every
    /// call, so nobody needs to sleep.
    pub async fn wait_until(&self, deadline: Duration, reached: impl Fn(&Town) -> bool) -> bool {
        let mut changes = self.shared.changes.subscribe();
        let wait = async {
            loop {
                changes.borrow_and_update();
                if reached(&self.shared.town()) {
                    return;
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(deadline, wait).await;
        reached(&self.shared.town())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, Arc::clone(&shared)));
            }
            // Out of descriptors, most likely: others may close theirs.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut inbox: Vec<u8> = Vec::with_capacity(2_048);
    loop {
        match parse(&inbox) {
            Parsed::Broken => return,
            Parsed::NeedMore => match stream.read_buf(&mut inbox).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            },
            Parsed::Whole(request) => {
                let body = inbox.get(request.body_from..request.body_to).unwrap_or_default();
                let said = answer(&shared, &request.path, body).await;
                inbox.drain(..request.body_to);
                let (status, text, end) = match said {
                    Said::Whole(status, text) => (status, text, None),
                    Said::Half(status, text) => {
                        let half = text.len() / 2;
                        (status, text, Some(half))
                    }
                    Said::Closed => return,
                    Said::Reset => {
                        let _ = stream.set_zero_linger();
                        return;
                    }
                    // Held until the other side gives up.
                    Said::Nothing => {
                        while !matches!(stream.read_buf(&mut inbox).await, Ok(0) | Err(_)) {
                            inbox.clear();
                        }
                        return;
                    }
                };
                let mut out = render(status, &text);
                if let Some(half) = end {
                    out.truncate(out.len() - text.len() + half);
                }
                let written = stream.write_all(&out).await;
                if written.is_err() || end.is_some() || request.after == After::Close {
                    return;
                }
            }
        }
    }
}

/// What a request turned out to be.
enum Asked {
    /// Answered already.
    Answered(Said),
    /// A call that was carried out and is to be answered after so many milliseconds.
    Acted(Said, u64),
    /// A poll, which may have to wait.
    Poll(Box<Call>),
}

fn ask(shared: &Shared, path: &str, body: &[u8]) -> Asked {
    let path = path.split('?').next().unwrap_or_default();
    let Some((token, name)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return Asked::Answered(refuse(404, "Not Found"));
    };
    let mut town = shared.town();
    if token != town.token() {
        town.ledger_mut().unauthorized += 1;
        return Asked::Answered(refuse(401, "Unauthorized"));
    }
    let Some(method) = Method::named(name) else {
        return Asked::Answered(refuse(404, "Not Found"));
    };
    let parsed = if body.is_empty() { Ok(Call::default()) } else { serde_json::from_slice(body) };
    let Ok(call) = parsed else {
        return Asked::Answered(refuse(400, "Bad Request: can't parse the call"));
    };
    *town.ledger_mut().calls.entry(method.name()).or_default() += 1;
    if method == Method::GetUpdates {
        return Asked::Poll(Box::new(call));
    }
    let said = town.act(method, &call, shared.now_us());
    let latency_ms = town.latency_ms();
    let ledger = town.ledger_mut();
    ledger.in_flight += 1;
    ledger.in_flight_peak = ledger.in_flight_peak.max(ledger.in_flight);
    Asked::Acted(said, latency_ms)
}

async fn answer(shared: &Shared, path: &str, body: &[u8]) -> Said {
    match ask(shared, path, body) {
        Asked::Answered(said) => said,
        Asked::Poll(call) => poll(shared, &call).await,
        Asked::Acted(said, latency_ms) => {
            if latency_ms > 0 {
                tokio::time::sleep(Duration::from_millis(latency_ms)).await;
            }
            shared.town().ledger_mut().in_flight -= 1;
            shared.changes.send_modify(|n| *n += 1);
            said
        }
    }
}

/// Holds a poll until there is something, its time is over, or another poll comes.
async fn poll(shared: &Shared, call: &Call) -> Said {
    let mut changes = shared.changes.subscribe();
    let ticket = shared.town().begin_poll(call, shared.now_us());
    shared.changes.send_modify(|n| *n += 1);
    let deadline_us = shared.now_us().saturating_add(call.timeout.min(3_600).saturating_mul(1_000_000));
    loop {
        changes.borrow_and_update();
        let now_us = shared.now_us();
        let polled = shared.town().poll(ticket, call, now_us);
        match polled {
            Polled::Updates(text) => return Said::Whole(200, text),
            Polled::Conflict => {
                return refuse(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                );
            }
            Polled::WaitUntil(due_us) => {
                if now_us >= deadline_us {
                    return Said::Whole(200, "{\"ok\":true,\"result\":[]}".to_owned());
                }
                let wake_us = due_us.unwrap_or(deadline_us).min(deadline_us);
                let wait = Duration::from_micros(wake_us.saturating_sub(now_us));
                let _ = tokio::time::timeout(wait, changes.changed()).await;
            }
        }
    }
}
