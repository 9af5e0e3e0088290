//! The bounded front under attack: hazard 18. A process of its own, so that its threads and memory can be counted.

#![allow(clippy::unwrap_used, clippy::panic, clippy::as_conversions)] // A test that cannot go on stops.

#[path = "hostile/attacks.rs"]
mod attacks;
#[path = "front/stand.rs"]
mod stand;

use aegis::limits;
use aegis::web::front::Patience;
use attacks::Attack;
use stand::{Speaks, Stand, Wire, tell, until};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Threads and resident KiB of this process.
fn cost() -> (usize, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let number = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    (number("Threads:") as usize, number("VmRSS:"))
}

/// The largest cost seen.
#[derive(Default)]
struct Peak(Vec<(String, usize, u64)>);

impl Peak {
    fn note(&mut self, what: &str) {
        let (threads, kib) = cost();
        self.0.push((what.to_owned(), threads, kib));
    }
}

/// A front whose clients have a moment, and one whose clients have as long as in truth.
struct Fronts {
    brisk: Stand,
    patient: Stand,
    tls: Stand,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_cost_no_thread_and_no_memory_and_a_good_client_is_answered() {
    let brisk = Patience {
        request: Duration::from_millis(100),
        answer: Duration::from_secs(3),
        live_tick: Duration::from_millis(2),
        ..Patience::default()
    };
    let fronts = Fronts {
        brisk: Stand::new(Speaks::Plain, brisk).await,
        patient: Stand::new(Speaks::Plain, Patience::default()).await,
        tls: Stand::new(Speaks::Tls, Patience::default()).await,
    };
    let scripted = attacks::all(fronts.brisk.addr);
    // A first round, so that what this test itself holds is counted before.
    round(&fronts, &scripted, &mut Peak::default()).await;
    let before = cost();
    let mut peak = Peak::default();
    let held = round(&fronts, &scripted, &mut peak).await;
    peak.note("after everything");
    assert!(held >= 40, "{held} attacks");
    for (what, threads, kib) in peak.0 {
        println!("{what}: {threads} threads, {kib} KiB; before: {}, {}", before.0, before.1);
        assert!(threads <= before.0, "{what}: {threads} threads, {} before", before.0);
        assert!(kib <= before.1 + 1_024, "{what}: {kib} KiB, {} before", before.1);
    }
}

/// Every attack once; gives their number.
async fn round(fronts: &Fronts, scripted: &[Attack], peak: &mut Peak) -> usize {
    for attack in scripted {
        one(&fronts.brisk, attack).await;
    }
    peak.note("scripted attacks");
    drops_by_drops(&fronts.patient, peak).await;
    slow_bodies(&fronts.patient, peak).await;
    slow_readers(&fronts.patient, peak).await;
    more_streams_than_places(&fronts.patient, peak).await;
    slow_readers_of_events(&fronts.brisk, peak).await;
    half_handshakes(&fronts.tls, peak).await;
    endless_handshake(&fronts.tls, peak).await;
    plain_on_tls(&fronts.tls, peak).await;
    scripted.len() + 8
}

async fn one(stand: &Stand, attack: &Attack) {
    let refused = stand.refused.load(Ordering::Relaxed);
    stand.behind.heads();
    let answer = stand.ask(&attack.sends).await;
    let name = attack.name;
    if attack.status == 200 {
        assert!(answer.starts_with("HTTP/1.1 200 "), "{name}: {answer}");
        for head in stand.behind.heads() {
            let forged = head.lines().filter(|line| line.to_ascii_lowercase().starts_with("x-aegis-"));
            assert_eq!(forged.count(), 3, "{name}: {head}");
            assert!(!head.contains("6.6.6.6") && !head.contains("X-Aegis-Role"), "{name}: {head}");
        }
    } else {
        assert!(answer.starts_with(&format!("HTTP/1.1 {} ", attack.status)), "{name}: {answer}");
        assert!(
            answer.contains("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'"),
            "{name}: {answer}"
        );
        assert!(!answer.contains("evil") && !answer.contains("xxxx"), "{name} is echoed: {answer}");
        assert!(stand.refused.load(Ordering::Relaxed) > refused, "{name} is counted");
        assert_eq!(stand.behind.heads(), Vec::<String>::new(), "{name} reached the server");
    }
}

/// 500 connections that send a byte at a time.
async fn drops_by_drops(stand: &Stand, peak: &mut Peak) {
    let mut slow = Vec::new();
    for _ in 0..500 {
        slow.push(TcpStream::connect(stand.addr).await.unwrap());
    }
    for byte in b"GET / HTTP/1.1\r\nHo" {
        for stream in &mut slow {
            // Most of them are closed by now.
            let _closed = stream.write_all(&[*byte]).await;
        }
    }
    peak.note("500 half requests");
    stand.good_client("500 half requests").await;
}

/// Large bodies of which all but the last byte come.
async fn slow_bodies(stand: &Stand, peak: &mut Peak) {
    let headers = format!("Content-Length: {}\r\n", limits::WEB_BODY_BYTES_MAX);
    let body = "b".repeat(limits::WEB_BODY_BYTES_MAX - 1);
    let request = stand.request("POST /x", &headers, &body);
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(stand.addr).await.unwrap();
        let _closed = stream.write_all(&request).await;
        slow.push(stream);
    }
    peak.note("100 bodies without their end");
    stand.good_client("100 bodies without their end").await;
    let whole = stand.request("POST /x", &headers, &format!("{body}b"));
    let whole =
        tokio::time::timeout(Duration::from_secs(3), stand.ask(&whole)).await.expect("a whole body finds a place");
    assert!(whole.ends_with("65536 bytes\n"), "{whole}");
}

/// A connection that takes little at a time.
async fn narrow(stand: &Stand, request: &[u8]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut stream = socket.connect(stand.addr).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream
}

/// Clients that ask for much and read nothing.
async fn slow_readers(stand: &Stand, peak: &mut Peak) {
    let mut slow = Vec::new();
    for _ in 0..40 {
        slow.push(narrow(stand, &stand.request("GET /big", "", "")).await);
    }
    peak.note("40 readers that do not read");
    stand.good_client("40 readers that do not read").await;
}

/// Streams until there is no place, and more.
async fn more_streams_than_places(stand: &Stand, peak: &mut Peak) {
    let mut streams: Vec<Box<dyn Wire>> = Vec::new();
    for _ in 0..limits::WEB_LIVE_MAX {
        let mut stream = stand.stream().await;
        until(&mut stream, "data: ").await;
        streams.push(stream);
    }
    for _ in 0..20 {
        let told = until(&mut stand.stream().await, "no such text").await;
        assert!(told.starts_with("HTTP/1.1 503 "), "{told}");
    }
    peak.note("all streams taken");
    stand.good_client("all streams taken").await;
    drop(streams);
    stand.has_streams(0).await;
}

/// Streams of large values that change all the time, to clients that read nothing.
async fn slow_readers_of_events(stand: &Stand, peak: &mut Peak) {
    let mut slow = Vec::new();
    let asks = stand.request("GET /api/v1/live", "Accept: text/event-stream\r\n", "");
    for _ in 0..limits::WEB_LIVE_MAX {
        slow.push(narrow(stand, &asks).await);
    }
    // Each has begun before the first may have been closed.
    let ended = async {
        let mut turn = 0_u64;
        while stand.behind.asked.load(Ordering::Relaxed) < 100 || stand.streams.load(Ordering::Relaxed) > 0 {
            turn += 1;
            stand.behind.says(200, &format!("{{\"n\":{turn},\"x\":\"{}\"}}", "x".repeat(15_000)));
            tokio::task::yield_now().await;
        }
    };
    stand.good_client("streams that are not read").await;
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
    assert!(ended.is_ok(), "{} streams are still open", stand.streams.load(Ordering::Relaxed));
    peak.note("streams that are not read");
    stand.behind.says(200, "{\"n\":0}");
    stand.good_client("after them").await;
}

/// Handshakes that stop after the first few bytes.
async fn half_handshakes(stand: &Stand, peak: &mut Peak) {
    let mut slow = Vec::new();
    for round in 0..200 {
        let mut stream = TcpStream::connect(stand.addr).await.unwrap();
        let hello: &[u8] = if round % 2 == 0 { &[0x16] } else { attacks::HALF_HELLO };
        let _closed = stream.write_all(hello).await;
        slow.push(stream);
    }
    peak.note("200 half handshakes");
    stand.good_client("200 half handshakes").await;
}

/// First words that never end.
async fn endless_handshake(stand: &Stand, peak: &mut Peak) {
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut stream = TcpStream::connect(stand.addr).await.unwrap();
        // A message of 64 KiB, in records of 16 KiB.
        let mut record = vec![0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff];
        record.resize(5 + 0x4000, 0);
        let _closed = stream.write_all(&record).await;
        record.splice(5..9, [0; 4]);
        let _closed = stream.write_all(&record).await;
        slow.push(stream);
    }
    peak.note("40 endless handshakes");
    stand.good_client("40 endless handshakes").await;
    for mut stream in slow {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "a handshake that is too long is ended at once");
    }
}

/// Plain requests where TLS is spoken, whole, half and forged.
async fn plain_on_tls(stand: &Stand, peak: &mut Peak) {
    stand.behind.heads();
    for (request, status) in [
        (stand.request("GET /", "", ""), "308"),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_vec(), "421"),
        (format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(2_000)).into_bytes(), "421"),
    ] {
        let answer = tell(&mut TcpStream::connect(stand.addr).await.unwrap(), &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && !answer.contains("evil"), "{answer}");
    }
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(stand.addr).await.unwrap();
        let _closed = stream.write_all(b"GET / HTT").await;
        slow.push(stream);
    }
    peak.note("100 half plain requests by the encrypted port");
    assert_eq!(stand.behind.heads(), Vec::<String>::new(), "plain requests reached the server");
    stand.good_client("100 half plain requests by the encrypted port").await;
}
