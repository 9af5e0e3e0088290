//! A database of its own, a hub over it, boards with keys, and people with tokens.
//!
//! Promises: what is asked goes over a socket to the hub's own router; the database ends with the server it is in.
//!
//! Never: a network beyond loopback.

use aegis_contract::{BoardId, Chain, Document, Enrol, Enrolled, Health, Push, Receipt, UsageRow, signing};
use aegis_hub::db::{Database, migrate, rounds};
use aegis_hub::server::{Hub, serve};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use tokio::runtime::Runtime;

/// Where the script's PostgreSQL is.
pub fn socket() -> PathBuf {
    let place = std::env::var_os("AEGIS_HUB_TEST_SOCKET");
    place.expect("these tests need a database: run hub/tests/postgres cargo test --locked -p aegis-hub").into()
}

/// The address of a database for a role.
pub fn url(role: &str, database: &str) -> String {
    format!("postgres://{role}@localhost/{database}?host={}", socket().display())
}

/// A new database, without the schema; its name.
pub async fn database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("t_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&url("admin", "postgres")).await.unwrap();
    admin.execute(format!("CREATE DATABASE {name} OWNER aegis_hub_owner").as_str()).await.unwrap();
    name
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The word of its problem.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().trim_start_matches("urn:aegis:").to_owned()
    }

    /// Itself, when it has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?} {}", self.headers, String::from_utf8_lossy(&self.body));
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Writes a request.
pub fn request(method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n");
    if !body.is_empty() || method != "GET" {
        bytes += &format!("content-length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        bytes += &format!("{name}: {value}\r\n");
    }
    let mut bytes = (bytes + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Asks once, over a connection of its own.
pub fn ask(at: SocketAddr, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(&request(method, path, headers, body)).unwrap();
    read(stream)
}

/// Reads an answer to its end.
pub fn read(stream: TcpStream) -> Answer {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {line:?}")).parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body).unwrap();
    Answer { status, headers, body }
}

/// A hub over a database of its own.
pub struct World {
    pub at: SocketAddr,
    pub database: String,
    pub owner: String,
    pub runtime: Runtime,
}

/// The seed of the key that signs packs.
pub const PACK_SEED: [u8; 32] = [42; 32];

impl World {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (at, database) = runtime.block_on(async {
            let database = database().await;
            migrate::to(&url("aegis_hub_owner", &database), migrate::newest()).await.unwrap();
            let db = Database::new(&url("aegis_hub", &database)).unwrap();
            let hub = Hub::new(db, &super::packs::key_line(), false).unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let at = listener.local_addr().unwrap();
            tokio::spawn(serve(listener, Arc::new(hub), std::future::pending()));
            (at, database)
        });
        let mut world = Self { at, database, owner: String::new(), runtime };
        world.owner = world.terminal(&["token", "--name", "olga", "--role", "owner"]);
        for tenant in ["red", "blue"] {
            world.terminal(&["tenant", tenant]);
        }
        world
    }

    /// The program itself, at the terminal.
    pub fn terminal(&self, args: &[&str]) -> String {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_aegis-hub"))
            .args(args)
            .env("AEGIS_HUB_DATABASE_URL", url("aegis_hub", &self.database))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A person asks.
    pub fn person(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let bearer = ("authorization".to_owned(), format!("Bearer {token}"));
        ask(self.at, method, path, &[bearer, ("content-type".to_owned(), "application/json".to_owned())], &body)
    }

    /// The owner asks.
    pub fn own(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.person(&self.owner, method, path, body)
    }

    /// A token for a role.
    pub fn token(&self, role: &str, tenants: &[&str]) -> String {
        let made = self.own("POST", "/v1/tokens", &json!({ "name": role, "role": role, "tenants": tenants })).is(201);
        made.json()["token"].as_str().unwrap().to_owned()
    }

    pub fn code(&self, tenants: &[&str]) -> String {
        let made = self.own("POST", "/v1/codes", &json!({ "tenants": tenants })).is(201);
        made.json()["code"].as_str().unwrap().to_owned()
    }

    /// An enrolled board.
    pub fn board(&self, tenants: &[&str]) -> Board {
        let key = Key::new();
        let body = key.enrol(&self.code(tenants)).bytes();
        let answer = ask(self.at, "POST", "/v1/enrol", &[], &body).is(201);
        let enrolled = Enrolled::read(&answer.body).unwrap();
        assert_eq!(enrolled.tenants, tenants);
        Board::new(self.at, enrolled.board, key)
    }

    /// One of the hub's own rounds, done now; the packs it stopped.
    pub fn round(&self) -> Vec<String> {
        self.runtime.block_on(async {
            let db = Database::new(&url("aegis_hub", &self.database)).unwrap();
            loop {
                // The hub's own first round may be at it.
                if let Some(done) = rounds::round(&db, aegis_hub::clock::now_us()).await.unwrap() {
                    return done.stopped;
                }
            }
        })
    }

    /// One value from the database, as its administrator, for whom no policy holds.
    pub fn count(&self, query: &str) -> i64 {
        self.runtime.block_on(async {
            let mut admin = PgConnection::connect(&url("admin", &self.database)).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut admin).await.unwrap()
        })
    }

    /// Runs something as the database's administrator.
    pub fn order(&self, query: &str) {
        self.runtime.block_on(async {
            let mut admin = PgConnection::connect(&url("admin", &self.database)).await.unwrap();
            admin.execute(query).await.unwrap();
        });
    }
}

/// A board's key.
pub struct Key {
    pair: Ed25519KeyPair,
}

impl Key {
    pub fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&NUMBER.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        Self { pair: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap() }
    }

    pub fn public(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    pub fn sign(&self, text: &str) -> String {
        signing::letters(self.pair.sign(text.as_bytes()).as_ref())
    }

    /// A request to be enrolled.
    pub fn enrol(&self, code: &str) -> Enrol {
        let mut enrol = Enrol {
            code: code.to_owned(),
            key: signing::letters(&self.public()),
            name: "attic".to_owned(),
            version: "0.1.0".to_owned(),
            profile: "zero-w".to_owned(),
            signature: String::new(),
        };
        enrol.signature = self.sign(&enrol.text());
        enrol
    }
}

/// A board, as its hub sees it.
pub struct Board {
    pub at: SocketAddr,
    pub id: BoardId,
    pub key: Key,
    /// The time of the last request.
    pub time_us: u64,
    pub sequence: u64,
    pub chain: Chain,
}

impl Board {
    pub fn new(at: SocketAddr, id: BoardId, key: Key) -> Self {
        Self { at, id, key, time_us: 0, sequence: 0, chain: Chain::first(id) }
    }

    /// Headers of a request at a time.
    pub fn headers(&self, method: &str, path: &str, body: &[u8], time_us: u64) -> Vec<(String, String)> {
        let text = signing::request_text(method, path, time_us, body);
        [
            (signing::BOARD_HEADER, self.id.to_string()),
            (signing::TIME_HEADER, time_us.to_string()),
            (signing::CONTRACT_HEADER, aegis_contract::VERSION.to_string()),
            (signing::SIGNATURE_HEADER, self.key.sign(&text)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// The time of the next request.
    pub fn next_time(&mut self) -> u64 {
        self.time_us = aegis_hub::clock::now_us().max(self.time_us + 1);
        self.time_us
    }

    /// Asks, signed.
    pub fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Answer {
        let time_us = self.next_time();
        ask(self.at, method, path, &self.headers(method, path, body, time_us), body)
    }

    /// A push that follows the last one.
    pub fn next(&self, usage: Vec<UsageRow>) -> Push {
        let health = Health { version: "0.1.0".into(), contract: 1, profile: "zero-w".into(), ..Health::default() };
        Push { sequence: Some(self.sequence + 1), previous: self.chain, usage, health, ..Push::default() }
    }

    pub fn push(&mut self, push: &Push) -> Answer {
        self.ask("POST", "/v1/board/push", &push.bytes())
    }

    /// Pushes, and goes on from the receipt.
    #[track_caller]
    pub fn pushed(&mut self, push: &Push) -> Receipt {
        let receipt = Receipt::read(&self.push(push).is(200).body).unwrap();
        (self.sequence, self.chain) = (receipt.sequence, receipt.chain);
        receipt
    }
}

/// A row of usage, with as many messages as `count`, and other numbers that follow from it.
pub fn row(tenant: &str, chat: i64, span: aegis_contract::Span, at: i64, count: u64) -> UsageRow {
    UsageRow {
        tenant: tenant.to_owned(),
        chat,
        from: span.begin(at),
        span,
        messages: count,
        blocked: count / 10,
        unsure: count / 20,
        actions: count / 10,
        calls: count / 20,
        tokens_in: count * 30,
        tokens_out: count,
        money_micros: count * 17,
        cache_hits: count / 40,
        at_least: false,
    }
}

/// A moment in an hour that has passed: 2026-03-14 15:09:26 UTC.
pub const MOMENT: i64 = 1_773_500_966;

/// Now, in seconds: for what the hub forgets when it is too old.
pub fn now_s() -> i64 {
    i64::try_from(aegis_hub::clock::now_us() / 1_000_000).unwrap()
}
