//! A model that does what it is told to: a server with OpenAI's chat completions on loopback, in a thread of its own.
//!
//! Promises: every way in which a model's server may fail can be asked for by name ([`Behaviour`]) and changed while it
//! runs; calls, and what an honest provider would charge for them, are counted; what is remembered is bounded; when the
//! [`ScriptedModel`] is dropped, its thread ends.
//!
//! Never: a model; anything but loopback; TLS; files.

use super::http::{Parsed, Request, parse, reason};
use crate::budget::{Micros, Prices};
use crate::limits;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};

/// What the server does with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Says block when a text of the message has one of the words of [`ScriptedModel::start`], else allow.
    Honest,
    /// As [`Behaviour::Honest`], so many milliseconds later.
    Slow(u64),
    /// Takes the call and never answers.
    Hangs,
    /// Does not listen: connections are refused.
    Down,
    /// Answers every call with this status.
    Status(u16),
    /// Answers 429, to be tried again after so many seconds.
    RetryAfter(u64),
    /// Refuses what names any of these fields, as servers of different ages do; else honest.
    Refuses(Vec<&'static str>),
    /// Sends `limits::SCRIPTED_FLOOD_BYTES`.
    Huge,
    /// An answer that ends in the middle of its JSON.
    BrokenJson,
    /// A page for people.
    NotJson,
    /// Promises more bytes than it sends, and closes.
    CutOff,
    /// Says allow to everything, quite sure.
    ApprovesAll,
    /// Says block to everything, quite sure.
    BlocksAll,
    /// Well-formed JSON that says something else.
    WrongSchema,
    /// Says again what the message says, as a model does that obeys the message.
    Echoes,
    /// Says exactly this.
    Says(String),
    /// Honest but for its count of tokens, which is this, both ways.
    UsageLies(u64),
    /// Sends a byte a second for ever.
    DripsForever,
}

impl Behaviour {
    /// The behaviours that `aegis demo` and settings may name, with their words.
    pub const WORDS: [&str; 13] = [
        "honest", "slow", "hang", "down", "500", "429", "huge", "broken", "not-json", "approve", "block", "wrong",
        "drip",
    ];

    /// The behaviour that one of [`Behaviour::WORDS`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "honest" => Self::Honest,
            "slow" => Self::Slow(2_000),
            "hang" => Self::Hangs,
            "down" => Self::Down,
            "500" => Self::Status(500),
            "429" => Self::RetryAfter(5),
            "huge" => Self::Huge,
            "broken" => Self::BrokenJson,
            "not-json" => Self::NotJson,
            "approve" => Self::ApprovesAll,
            "block" => Self::BlocksAll,
            "wrong" => Self::WrongSchema,
            "drip" => Self::DripsForever,
            _ => return None,
        })
    }

    /// Whether an honest provider would charge for such a call: the model worked.
    const fn is_charged(&self) -> bool {
        !matches!(self, Self::Down | Self::Status(_) | Self::RetryAfter(_))
    }
}

/// What was seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Calls that arrived whole.
    pub calls: u64,
    /// Calls that are being answered now, and the most there ever were.
    pub in_flight: u64,
    /// See [`Seen::in_flight`].
    pub in_flight_peak: u64,
    /// What an honest provider would charge for them.
    pub cost: Micros,
    /// Bytes of answers that were handed to the network.
    pub bytes_sent: usize,
    /// The last bodies, oldest first; at most `limits::SCRIPTED_BODIES_KEPT`.
    pub bodies: VecDeque<String>,
    /// What the last call gave as authorization.
    pub authorization: Option<String>,
    /// The path of the last call.
    pub path: String,
}

/// A running server.
pub struct ScriptedModel {
    shared: Arc<Shared>,
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    words: Vec<String>,
    prices: Prices,
    seen: Mutex<Seen>,
    // Rises with every call and every answer, so that waiting tests look again.
    changes: watch::Sender<u64>,
    behaviour: watch::Sender<Behaviour>,
    door: Mutex<Door>,
    door_moved: Condvar,
}

/// Whether the server listens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    Shut,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn move_door(&self, to: Door) {
        *self.door.lock().unwrap_or_else(PoisonError::into_inner) = to;
        self.door_moved.notify_all();
    }

    fn tell(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }
}

const fn door_of(behaviour: &Behaviour) -> Door {
    match behaviour {
        Behaviour::Down => Door::Shut,
        _ => Door::Open,
    }
}

impl ScriptedModel {
    /// Listens on a free port of loopback. `words` are what an honest model blocks, in any case; `prices` are what the
    /// calls are charged with.
    ///
    /// # Errors
    /// When no port can be had, or no thread can be started.
    pub fn start(behaviour: Behaviour, words: &[&str], prices: Prices) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = {
            // A socket belongs to the runtime in which it is made, which need not be the caller's.
            let _inside = runtime.enter();
            listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?
        };
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            words: words.iter().map(|word| word.to_lowercase()).collect(),
            prices,
            seen: Mutex::default(),
            changes: watch::Sender::new(0),
            behaviour: watch::Sender::new(behaviour.clone()),
            door: Mutex::new(Door::Open),
            door_moved: Condvar::new(),
        });
        let (stop, stopped) = oneshot::channel();
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("scripted-model".to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, addr, for_thread) => {}
                    _ = stopped => {}
                }
            });
        })?;
        let model = Self { shared, addr, stop: Some(stop), thread: Some(thread) };
        model.set(behaviour);
        Ok(model)
    }

    /// The address to give as the base URL.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// Behaves like this for every call from now on. Returns when the door is as it should be.
    pub fn set(&self, behaviour: Behaviour) {
        let wanted = door_of(&behaviour);
        self.shared.behaviour.send_replace(behaviour);
        let door = self.shared.door.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = Duration::from_millis(limits::SCRIPTED_CHANGE_MS);
        let _moved = self.shared.door_moved.wait_timeout_while(door, wait, |door| *door != wanted);
    }

    /// A copy of what was seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.shared.seen().clone()
    }

    /// Waits until `reached` holds of what was seen, or `deadline` has passed; says whether it holds. Wakes with every
    /// call, so nobody needs to sleep.
    pub async fn wait_until(&self, deadline: Duration, reached: impl Fn(&Seen) -> bool) -> bool {
        let mut changes = self.shared.changes.subscribe();
        let wait = async {
            loop {
                changes.borrow_and_update();
                if reached(&self.shared.seen()) || changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let _in_time = tokio::time::timeout(deadline, wait).await;
        reached(&self.shared.seen())
    }
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // The same port again after it was down.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(limits::SCRIPTED_SOCKET_BYTES)?;
    socket.bind(addr)?;
    socket.listen(128)
}

async fn accept(listener: TcpListener, addr: SocketAddr, shared: Arc<Shared>) {
    let mut behaviour = shared.behaviour.subscribe();
    let mut open = Some(listener);
    loop {
        let wanted = door_of(&behaviour.borrow_and_update());
        match (wanted, &open) {
            (Door::Shut, Some(_)) => {
                open = None;
                shared.move_door(Door::Shut);
            }
            (Door::Open, None) => match listen(addr) {
                Ok(listener) => {
                    open = Some(listener);
                    shared.move_door(Door::Open);
                }
                // Somebody else has the port for the moment.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
            _ => {}
        }
        let Some(listener) = &open else {
            if behaviour.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            changed = behaviour.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(converse(stream, Arc::clone(&shared)));
                }
                // Out of descriptors, most likely: others may close theirs.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
}

/// Counts a call as being answered for as long as it lives.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn of(shared: &'a Shared, request: &Request, body: &[u8]) -> Self {
        let mut seen = shared.seen();
        seen.calls += 1;
        seen.in_flight += 1;
        seen.in_flight_peak = seen.in_flight_peak.max(seen.in_flight);
        seen.authorization.clone_from(&request.authorization);
        seen.path.clone_from(&request.path);
        if seen.bodies.len() >= limits::SCRIPTED_BODIES_KEPT {
            seen.bodies.pop_front();
        }
        seen.bodies.push_back(String::from_utf8_lossy(body).into_owned());
        drop(seen);
        shared.tell();
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.seen().in_flight -= 1;
        self.0.tell();
    }
}

/// One connection, one call.
async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut inbox: Vec<u8> = Vec::with_capacity(4_096);
    let request = loop {
        match parse(&inbox) {
            Parsed::Broken => return,
            Parsed::Whole(request) => break request,
            Parsed::NeedMore => match stream.read_buf(&mut inbox).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            },
        }
    };
    let body = inbox.get(request.body_from..request.body_to).unwrap_or_default();
    let behaviour = shared.behaviour.borrow().clone();
    if behaviour == Behaviour::Down {
        return;
    }
    let _in_flight = InFlight::of(&shared, &request, body);
    if request.path != "/v1/chat/completions" {
        send(&mut stream, &shared, &head(404, "", Some(2)), b"{}").await;
        return;
    }
    let call: Value = serde_json::from_slice(body).unwrap_or_default();
    answer(&mut stream, &shared, &behaviour, &call, body.len()).await;
}

/// Answers as the behaviour says, and closes.
async fn answer(stream: &mut TcpStream, shared: &Shared, behaviour: &Behaviour, call: &Value, body_bytes: usize) {
    let refused = match behaviour {
        Behaviour::Refuses(fields) => fields.iter().find(|field| call.get(**field).is_some()),
        _ => None,
    };
    if let Some(field) = refused {
        let wanted = if *field == "max_tokens" { ", use 'max_completion_tokens'" } else { "" };
        let text = json!({"error": {"message": format!("Unsupported parameter: '{field}'{wanted}")}}).to_string();
        return send_all(stream, shared, 400, "", &text).await;
    }
    let honest = honest(shared, call);
    let content = match behaviour {
        Behaviour::ApprovesAll => opinion("allow", "nothing is wrong with it"),
        Behaviour::BlocksAll => opinion("block", "it is forbidden"),
        Behaviour::WrongSchema => json!({"verdict": "maybe", "confidence": "high"}).to_string(),
        Behaviour::Echoes => texts(call).concat(),
        Behaviour::Says(words) => words.clone(),
        _ => honest,
    };
    let usage = usage(call, body_bytes, &content, behaviour);
    if behaviour.is_charged() {
        let charge = charge(usage, shared.prices);
        let mut seen = shared.seen();
        seen.cost = Micros(seen.cost.0.saturating_add(charge.0));
    }
    let told = match behaviour {
        Behaviour::UsageLies(count) => (*count, *count),
        _ => usage,
    };
    let text = completion(&content, told);
    match behaviour {
        Behaviour::Slow(ms) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            send_all(stream, shared, 200, "", &text).await;
        }
        Behaviour::Hangs => hold(stream).await,
        Behaviour::Status(status) => {
            // A redirect leads back here, where whoever follows it is counted.
            let header = if (300..400).contains(status) { "Location: /v1/elsewhere\r\n" } else { "" };
            send_all(stream, shared, *status, header, "{\"error\":{\"message\":\"as told\"}}").await;
        }
        Behaviour::RetryAfter(seconds) => {
            let header = format!("Retry-After: {seconds}\r\n");
            send_all(stream, shared, 429, &header, "{\"error\":{\"message\":\"too many\"}}").await;
        }
        Behaviour::Huge => flood(stream, shared).await,
        Behaviour::BrokenJson => {
            send_all(stream, shared, 200, "", text.get(..text.len() / 2).unwrap_or_default()).await;
        }
        Behaviour::NotJson => send_all(stream, shared, 200, "", "<html><body>It works!</body></html>").await,
        Behaviour::CutOff => {
            let half = text.get(..text.len() / 2).unwrap_or_default();
            send(stream, shared, &head(200, "", Some(text.len())), half.as_bytes()).await;
        }
        Behaviour::DripsForever => drip(stream, shared).await,
        _ => send_all(stream, shared, 200, "", &text).await,
    }
}

fn opinion(verdict: &str, reason: &str) -> String {
    json!({"verdict": verdict, "confidence": 97, "reason": reason}).to_string()
}

/// The texts of the message that a call asks about.
fn texts(call: &Value) -> Vec<String> {
    let asked = call.pointer("/messages/1/content").and_then(Value::as_str).unwrap_or_default();
    let asked: Value = serde_json::from_str(asked).unwrap_or_default();
    let parts = asked.pointer("/message/parts").and_then(Value::as_array).cloned().unwrap_or_default();
    parts.iter().filter_map(|part| part.get("text")?.as_str().map(str::to_owned)).collect()
}

fn honest(shared: &Shared, call: &Value) -> String {
    let text = texts(call).join("\n").to_lowercase();
    match shared.words.iter().find(|word| text.contains(word.as_str())) {
        Some(_) => opinion("block", "it advertises"),
        None => opinion("allow", "ordinary talk"),
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Tokens in and out: about four bytes each, and no more out than asked for. Who floods or drips writes all of it.
fn usage(call: &Value, body_bytes: usize, content: &str, behaviour: &Behaviour) -> (u64, u64) {
    let most = ["max_tokens", "max_completion_tokens"].iter().find_map(|name| call.get(*name)?.as_u64()).unwrap_or(1);
    let out = match behaviour {
        Behaviour::Huge | Behaviour::DripsForever => most,
        Behaviour::Hangs => 0,
        _ => (wide(content.len()) / 4).clamp(1, most.max(1)),
    };
    (wide(body_bytes) / 4 + 1, out)
}

/// What a provider charges: each kind of token rounded up on its own.
fn charge(usage: (u64, u64), prices: Prices) -> Micros {
    let part = |tokens: u64, price: Micros| tokens.saturating_mul(price.0).div_ceil(1_000_000);
    Micros(part(usage.0, prices.input).saturating_add(part(usage.1, prices.output)))
}

fn completion(content: &str, usage: (u64, u64)) -> String {
    json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "model": "scripted",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": usage.0,
            "completion_tokens": usage.1,
            "total_tokens": usage.0.saturating_add(usage.1),
        },
    })
    .to_string()
}

/// A head; without a length the answer goes on until the connection ends.
fn head(status: u16, more: &str, length: Option<usize>) -> String {
    let length = length.map_or_else(String::new, |bytes| format!("Content-Length: {bytes}\r\n"));
    let reason = reason(status);
    format!("HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nConnection: close\r\n{length}{more}\r\n")
}

async fn send_all(stream: &mut TcpStream, shared: &Shared, status: u16, more: &str, text: &str) {
    send(stream, shared, &head(status, more, Some(text.len())), text.as_bytes()).await;
}

async fn send(stream: &mut TcpStream, shared: &Shared, head: &str, body: &[u8]) {
    let _sent = put(stream, shared, head.as_bytes()).await && put(stream, shared, body).await;
    // The other side reads to the end before the connection is gone.
    let _ = stream.shutdown().await;
}

/// Hands bytes to the network as it takes them, and counts them. Says whether all were taken.
async fn put(stream: &mut TcpStream, shared: &Shared, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match stream.write(bytes).await {
            Ok(0) | Err(_) => return false,
            Ok(taken) => {
                shared.seen().bytes_sent += taken;
                bytes = bytes.get(taken..).unwrap_or_default();
            }
        }
    }
    true
}

async fn flood(stream: &mut TcpStream, shared: &Shared) {
    let start = "{\"choices\":[{\"message\":{\"content\":\"";
    if !put(stream, shared, head(200, "", None).as_bytes()).await || !put(stream, shared, start.as_bytes()).await {
        return;
    }
    let piece = [b'a'; 4_096];
    for _ in 0..limits::SCRIPTED_FLOOD_BYTES / piece.len() {
        if !put(stream, shared, &piece).await {
            return;
        }
    }
    let _ended = put(stream, shared, b"\"}}]}").await;
}

async fn drip(stream: &mut TcpStream, shared: &Shared) {
    if !put(stream, shared, head(200, "", None).as_bytes()).await {
        return;
    }
    while put(stream, shared, b" ").await {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Holds a connection until the other side gives up.
async fn hold(stream: &mut TcpStream) {
    let mut rest = [0_u8; 512];
    while !matches!(stream.read(&mut rest).await, Ok(0) | Err(_)) {}
}
