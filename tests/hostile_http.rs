//! The bounded front under attack: hazard 18. A process of its own, so that its threads and memory can be counted.

#![allow(clippy::unwrap_used, clippy::panic, clippy::as_conversions)] // A test that cannot go on stops.

use aegis::counters::Counters;
use aegis::web::front::Patience;
use aegis::web::{ModelLine, Readiness, Settings, Source, Status, Web, start_with};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Default)]
struct Calm(Counters);

impl Source for Calm {
    fn counters(&self) -> &Counters {
        &self.0
    }

    fn readiness(&self) -> Readiness {
        Readiness::default()
    }

    fn model(&self) -> Option<ModelLine> {
        None
    }

    fn status(&self) -> Status {
        Status::default()
    }
}

fn page(dir: &tempfile::TempDir) -> Web {
    let patience = Patience { request: Duration::from_millis(100), answer: Duration::from_secs(3) };
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        hosts: Vec::new(),
        socket_dir: dir.path().to_owned(),
    };
    start_with(settings, Arc::new(Calm::default()), patience).expect("a free port of loopback")
}

async fn ask(addr: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // The front may answer and close before it has read everything.
    let _refused_early = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str, addr: SocketAddr) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\n\r\n").into_bytes()
}

/// Threads and resident KiB of this process.
fn cost() -> (usize, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let number = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    (number("Threads:") as usize, number("VmRSS:"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_cost_no_thread_and_no_memory_and_a_good_client_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let web = page(&dir);
    let addr = web.local_addr();
    let long = |n: usize| "x".repeat(n);
    let host = format!("Host: {addr}\r\n");
    let attacks: Vec<Vec<u8>> = vec![
        format!("GET / HTTP/1.1\r\n{host}A: {}\r\n\r\n", long(200_000)).into_bytes(),
        format!("GET /{} HTTP/1.1\r\n{host}\r\n", long(200_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}{}\r\n", "A: b\r\n".repeat(20_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}{host}\r\n").into_bytes(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n".to_vec(),
        format!("GET http://{addr}/ HTTP/1.1\r\n{host}\r\n").into_bytes(),
        format!("GET /../etc/passwd HTTP/1.1\r\n{host}\r\n").into_bytes(),
        format!("GET /%2e%2e/etc/passwd HTTP/1.1\r\n{host}\r\n").into_bytes(),
        format!("GET //evil HTTP/1.1\r\n{host}\r\n").into_bytes(),
        format!("GET /\0 HTTP/1.1\r\n{host}\r\n").into_bytes(),
        format!("POST / HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nhello").into_bytes(),
        format!("DELETE / HTTP/1.1\r\n{host}\r\n").into_bytes(),
        format!("CONNECT {addr} HTTP/1.1\r\n{host}\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n")
            .into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab").into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}Content-Length: 99999999999999999999\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}Content-Length: 8000\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}Expect: 100-continue\r\n\r\n").into_bytes(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        format!("GET / HTTP/1.1\r\n{host}\r\nGET /metrics HTTP/1.1\r\n{host}\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\n{host}X: \u{e9}\r\n bent\r\n\r\n").into_bytes(),
        b"\n\n\n\n".to_vec(),
        b"GET".to_vec(),
    ];
    // A first round, so that what this test itself holds is counted before.
    attack_all(addr, &attacks).await;
    let before = cost();
    attack_all(addr, &attacks).await;
    // Half-open requests on more connections than the front lets in, all at once.
    let mut half_open = Vec::new();
    for _ in 0..500 {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
        half_open.push(stream);
    }
    let during = cost();
    let good = tokio::time::timeout(Duration::from_secs(3), ask(addr, &get("/healthz", addr))).await;
    assert!(good.expect("the good client is answered").starts_with("HTTP/1.1 200 "));
    drop(half_open);
    let after = cost();
    for (what, now) in [("during", during), ("after", after)] {
        assert!(now.0 <= before.0, "{what}: {} threads, {} before", now.0, before.0);
        assert!(now.1 <= before.1 + 1_024, "{what}: {} KiB, {} before", now.1, before.1);
    }
}

async fn attack_all(addr: SocketAddr, attacks: &[Vec<u8>]) {
    for attack in attacks {
        let answer = ask(addr, attack).await;
        let shown = String::from_utf8_lossy(attack.get(..attack.len().min(60)).unwrap()).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{shown:?} got {answer}");
    }
}
