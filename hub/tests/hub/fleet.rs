//! A fleet of simulated boards that push every minute, some of them through a bad network; its figures are printed.
//!
//! Promises: at the end each board's sums are the hub's, to the last unit, whatever was lost, repeated, cut or out of
//! order; a board here does what a board has to do: it keeps a push until it has its receipt.
//!
//! Never: a figure that was typed.
//!
//! `AEGIS_HUB_TEST_DURABLE=1 hub/tests/postgres cargo test --release --locked -p aegis-hub --test hub fleet:: -- --ignored
//! --nocapture`; `AEGIS_HUB_FLEET_BOARDS` (5000) and `AEGIS_HUB_FLEET_SECONDS` (150) change it.

use super::world::*;
use aegis_contract::{BoardId, Chain, DecisionRow, Document, Health, Push, Receipt, Span, UsageRow};
use aegis_hub::db::migrate;
use sqlx::{Connection, Executor, PgConnection, Row};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A number from the environment.
pub fn given(name: &str, or: u64) -> u64 {
    std::env::var(name).ok().map_or(or, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// A hub of its own process; it ends with this value.
pub struct Process {
    pub child: Child,
    pub at: SocketAddr,
}

impl Process {
    /// Starts one on a port; `core` pins it.
    pub fn start(database: &str, at: SocketAddr, core: Option<&str>) -> Self {
        let program = env!("CARGO_BIN_EXE_aegis-hub");
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", core, program]);
                command
            }
            None => Command::new(program),
        };
        command
            .args(["serve", "--plain"])
            .env("AEGIS_HUB_DATABASE_URL", url("aegis_hub", database))
            .env("AEGIS_HUB_LISTEN", at.to_string())
            .stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), at }
    }

    /// Waits until it answers.
    pub async fn ready(&self) {
        let health = request("GET", "/v1/health", &[], b"");
        for _ in 0..600 {
            if matches!(send(self.at, &health).await, Ok(answer) if answer.status == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the hub at {} does not answer", self.at);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address nobody listens at just now.
pub fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Sends a request over a connection of its own, and reads the answer to its end.
pub async fn send(at: SocketAddr, bytes: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    stream.write_all(bytes).await?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await?;
    let none = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(none)?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(none)?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let body = all[end + 4..].to_vec();
    if length.is_some_and(|length| length != body.len()) {
        return Err(none());
    }
    Ok(Answer { status, headers: Vec::new(), body })
}

/// A schema with `boards` boards in one tenant, written straight into the database; the boards, with their keys.
pub async fn populated(boards: u64) -> (String, Vec<Simulated>) {
    let database = database().await;
    migrate::to(&url("aegis_hub_owner", &database), migrate::newest()).await.unwrap();
    let mut admin = PgConnection::connect(&url("admin", &database)).await.unwrap();
    admin.execute("INSERT INTO tenants (tenant) VALUES ('red')").await.unwrap();
    let made: Vec<Simulated> = (0..boards).map(Simulated::new).collect();
    let ids: Vec<uuid::Uuid> = made.iter().map(|one| uuid::Uuid::from_bytes(one.board.id.0)).collect();
    let keys: Vec<Vec<u8>> = made.iter().map(|one| one.board.key.public()).collect();
    let chains: Vec<Vec<u8>> = made.iter().map(|one| one.board.chain.0.to_vec()).collect();
    sqlx::query(
        "INSERT INTO boards (board, name, key, version, profile, chain)
        SELECT b, 'board', k, '0.1.0', 'zero-w', c FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n(b, k, c)",
    )
    .bind(&ids)
    .bind(&keys)
    .bind(&chains)
    .execute(&mut admin)
    .await
    .unwrap();
    admin.execute("INSERT INTO board_tenants SELECT board, 'red' FROM boards").await.unwrap();
    (database, made)
}

/// A board that counts, and pushes what it counted.
pub struct Simulated {
    pub board: Board,
    chance: fastrand::Rng,
    /// What it counted: the newest state of each hour of each chat.
    rows: BTreeMap<(i64, i64), u64>,
    decisions: u64,
    /// The push without a receipt, as it is kept on the board's card.
    waiting: Option<Vec<u8>>,
    minutes: i64,
    /// The hour in which it began.
    hour: i64,
}

/// What came of a round.
#[derive(Default)]
pub struct Told {
    pub took: Vec<Duration>,
    pub lost: u64,
    pub repeated: u64,
    pub cut: u64,
    pub disordered: u64,
    pub again: u64,
}

impl Told {
    pub fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.cut += other.cut;
        self.disordered += other.disordered;
        self.again += other.again;
    }
}

impl Simulated {
    pub fn new(number: u64) -> Self {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&fastrand::Rng::with_seed(number).u64(..).to_be_bytes());
        id[8..].copy_from_slice(&number.to_be_bytes());
        let id = BoardId(id);
        let board = Board { at: free_of_use(), id, key: Key::new(), time_us: 0, sequence: 0, chain: Chain::first(id) };
        let chance = fastrand::Rng::with_seed(number ^ 0x5eed);
        Self {
            board,
            chance,
            rows: BTreeMap::new(),
            decisions: 0,
            waiting: None,
            minutes: 0,
            hour: Span::Hour.begin(now_s()),
        }
    }

    /// What the hub has to have at the end: messages, and decisions.
    pub fn sums(&self) -> (u64, u64) {
        (self.rows.values().sum(), self.decisions)
    }

    /// Counts a minute, and makes the push of it. Ten minutes here are an hour, so that there are several.
    fn count(&mut self) -> Vec<u8> {
        let hour = self.hour + self.minutes / 10 * 3_600;
        self.minutes += 1;
        let mut usage: Vec<UsageRow> = Vec::new();
        for chat in 1..=3 {
            let count = self.rows.entry((chat, hour)).or_default();
            *count += self.chance.u64(0..200);
            usage.push(row("red", chat, Span::Hour, hour, *count));
        }
        let mut push = self.board.next(usage);
        if self.chance.u8(0..5) == 0 {
            self.decisions += 1;
            push.decisions.push(decision(self.decisions, hour));
        }
        push.health = Health { uptime_s: self.minutes.unsigned_abs() * 60, queue_rows: 3, ..push.health };
        push.bytes()
    }

    fn signed(&mut self, body: &[u8]) -> Vec<u8> {
        let time = self.board.next_time();
        request("POST", "/v1/board/push", &self.board.headers("POST", "/v1/board/push", body, time), body)
    }

    /// Pushes what waits until it has a receipt; each time to the next of the addresses.
    pub async fn deliver(&mut self, at: &[SocketAddr], told: &mut Told) {
        let body = self.waiting.clone().unwrap();
        for tried in self.chance.usize(..at.len()).. {
            let bytes = self.signed(&body);
            let began = Instant::now();
            match send(at[tried % at.len()], &bytes).await {
                Ok(answer) if answer.status == 200 => {
                    told.took.push(began.elapsed());
                    let receipt = Receipt::read(&answer.body).unwrap();
                    assert_eq!(receipt.chain, self.board.chain.after(&body), "the hub took another push");
                    (self.board.sequence, self.board.chain) = (receipt.sequence, receipt.chain);
                    self.waiting = None;
                    return;
                }
                Ok(answer) if answer.status != 503 => panic!("{} {}", answer.status, answer.text()),
                _ => {
                    told.again += 1;
                    tokio::time::sleep(Duration::from_millis(self.chance.u64(5..100))).await;
                }
            }
        }
    }

    /// A minute: counts, meets a fault in one of a hundred cases, and pushes.
    pub async fn minute(&mut self, at: &[SocketAddr]) -> Told {
        let mut told = Told::default();
        let body = self.count();
        self.waiting = Some(body.clone());
        if self.chance.u8(0..100) == 0 {
            let first = at[self.chance.usize(..at.len())];
            match self.chance.u8(0..4) {
                0 => {
                    // The answer is lost: the request goes out whole, and nobody waits.
                    let bytes = self.signed(&body);
                    if let Ok(mut stream) = TcpStream::connect(first).await {
                        let _ = stream.write_all(&bytes).await;
                        let _ = stream.read(&mut [0; 1]).await;
                    }
                    told.lost += 1;
                }
                1 => {
                    // The same signed bytes twice: the first is taken, the second is a repeat.
                    let bytes = self.signed(&body);
                    let _ = send(first, &bytes).await;
                    if let Ok(answer) = send(first, &bytes).await {
                        assert_ne!(answer.status, 200, "a repeat was taken");
                    }
                    told.repeated += 1;
                }
                2 => {
                    let bytes = self.signed(&body);
                    if let Ok(mut stream) = TcpStream::connect(first).await {
                        let _ = stream.write_all(&bytes[..bytes.len() - self.chance.usize(1..body.len())]).await;
                    }
                    told.cut += 1;
                }
                _ => {
                    // A push of the future comes first.
                    let ahead = Push { sequence: Some(self.board.sequence + 2), ..Push::read(&body).unwrap() }.bytes();
                    let bytes = self.signed(&ahead);
                    if let Ok(answer) = send(first, &bytes).await {
                        assert!(matches!(answer.status, 409 | 503), "{} {}", answer.status, answer.text());
                    }
                    told.disordered += 1;
                }
            }
        }
        self.deliver(at, &mut told).await;
        told
    }
}

/// The simulated boards name their hub with each push.
fn free_of_use() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9))
}

fn decision(number: u64, at: i64) -> DecisionRow {
    DecisionRow {
        number,
        tenant: "red".into(),
        chat: 1,
        message: number as i64,
        at,
        verdict: "block".into(),
        reason: "an offer sent to many chats".into(),
        rules: vec!["scam/offer".into()],
        actions: vec!["delete".into()],
        score: 900,
        text: None,
    }
}

/// Compares what each board counted with what the hub has; gives how much is lost and how much counted twice.
pub async fn compared(database: &str, boards: &[Simulated]) -> (u64, u64) {
    let mut admin = PgConnection::connect(&url("admin", database)).await.unwrap();
    let query = "SELECT b.board, (SELECT coalesce(sum(messages), 0)::bigint FROM usage u WHERE u.board = b.board) AS m,
        (SELECT count(*) FROM decisions d WHERE d.board = b.board) AS d, b.sequence FROM boards b";
    let rows = admin.fetch_all(query).await.unwrap();
    let of: BTreeMap<[u8; 16], (u64, u64, u64)> = rows
        .iter()
        .map(|row| {
            let count = |name: &str| row.get::<i64, _>(name).unsigned_abs();
            (row.get::<uuid::Uuid, _>("board").into_bytes(), (count("m"), count("d"), count("sequence")))
        })
        .collect();
    let (mut lost, mut twice) = (0, 0);
    for one in boards {
        let (messages, decisions, sequence) = of[&one.board.id.0];
        assert_eq!(sequence, one.board.sequence);
        for (has, told) in [(messages, one.sums().0), (decisions, one.sums().1)] {
            lost += told.saturating_sub(has);
            twice += has.saturating_sub(told);
        }
    }
    (lost, twice)
}

/// Seconds of processor time of a process.
fn cpu(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Seconds of processor time of PostgreSQL: its first process, all that are there, and those that have ended.
fn database_cpu() -> f64 {
    let text = std::fs::read_to_string(socket().join("data/postmaster.pid")).unwrap_or_default();
    let Some(first) = text.lines().next().and_then(|line| line.parse::<u32>().ok()) else { return f64::NAN };
    let parent = |pid: u32| -> Option<u32> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let all = std::fs::read_dir("/proc").unwrap();
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let stat = std::fs::read_to_string(format!("/proc/{first}/stat")).unwrap_or_default();
    let ended: f64 = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    cpu(first) + ended / 100.0 + pids.filter(|pid| parent(*pid) == Some(first)).map(cpu).sum::<f64>()
}

/// Bytes that PostgreSQL wrote ahead so far.
async fn wal(database: &str) -> i64 {
    let mut admin = PgConnection::connect(&url("admin", database)).await.unwrap();
    let query = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
    sqlx::query_scalar(query).fetch_one(&mut admin).await.unwrap()
}

fn resident_mib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

#[test]
#[ignore = "takes minutes, and a machine that does nothing else"]
fn a_fleet_pushes_every_minute_through_a_bad_network() {
    let (boards, seconds) = (given("AEGIS_HUB_FLEET_BOARDS", 5_000), given("AEGIS_HUB_FLEET_SECONDS", 150));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (database, made) = populated(boards).await;
        let hub = Process::start(&database, free(), Some("0"));
        hub.ready().await;
        let at: Arc<[SocketAddr]> = Arc::new([hub.at]);
        let (hub_before, database_before) = (cpu(hub.child.id()), database_cpu());
        let wal_before = wal(&database).await;
        let began = Instant::now();
        let end = began + Duration::from_secs(seconds);
        let tasks: Vec<_> = made
            .into_iter()
            .enumerate()
            .map(|(number, mut one)| {
                let at = Arc::clone(&at);
                // Each board has its own second of the minute.
                let offset = Duration::from_micros(number as u64 * 60_000_000 / boards);
                tokio::spawn(async move {
                    let mut told = Told::default();
                    let mut next = began + offset;
                    while next < end {
                        tokio::time::sleep_until(next.into()).await;
                        told.add(one.minute(&at).await);
                        next += Duration::from_secs(60);
                    }
                    (one, told)
                })
            })
            .collect();
        let mut told = Told::default();
        let mut ended = Vec::new();
        for task in tasks {
            let (one, of_it) = task.await.unwrap();
            told.add(of_it);
            ended.push(one);
        }
        let took = began.elapsed().as_secs_f64();
        let hub_cpu = cpu(hub.child.id()) - hub_before;
        let database_cpu = database_cpu() - database_before;
        let wal = wal(&database).await - wal_before;
        let (lost, twice) = compared(&database, &ended).await;
        told.took.sort_unstable();
        let at = |share: f64| told.took[((told.took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
        let pushes = told.took.len();
        println!("{boards} boards, {took:.0} s, {pushes} pushes taken, {:.1} a second", pushes as f64 / took);
        println!(
            "faults: {} answers lost, {} repeats, {} bodies cut, {} out of order; {} tried again",
            told.lost, told.repeated, told.cut, told.disordered, told.again
        );
        println!(
            "ms from connect to receipt: p50 {:.1}, p90 {:.1}, p99 {:.1}, max {:.1}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0)
        );
        println!(
            "processor: hub {:.2} ms a push, PostgreSQL {:.2} ms a push; hub at most {:.1} MiB resident",
            hub_cpu * 1_000.0 / pushes as f64,
            database_cpu * 1_000.0 / pushes as f64,
            resident_mib(hub.child.id())
        );
        println!("written ahead (WAL): {:.0} bytes a push", wal as f64 / pushes as f64);
        let mut admin = PgConnection::connect(&url("admin", &database)).await.unwrap();
        let sizes = "SELECT (SELECT count(*) FROM usage), (SELECT sum(pg_total_relation_size(relid))::bigint
            FROM pg_partition_tree('usage')), (SELECT count(*) FROM decisions), pg_total_relation_size('decisions'),
            pg_total_relation_size('boards')";
        let row = admin.fetch_one(sizes).await.unwrap();
        let size = |at: usize| row.get::<i64, _>(at);
        println!(
            "usage: {} rows, {} bytes; decisions: {} rows, {} bytes; boards: {} bytes",
            size(0),
            size(1),
            size(2),
            size(3),
            size(4)
        );
        println!("messages and decisions lost: {lost}, counted twice: {twice}");
        assert_eq!((lost, twice), (0, 0));
        assert!(at(0.99) <= 100.0, "p99 is {:.1} ms", at(0.99));
    });
}
