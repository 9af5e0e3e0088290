//! A crowd at the page: somebody's open live pages, and hostile clients, as long as it is held.
//!
//! The same crowd can go to a door that only accepts and closes, so that what its own work takes of the machine is in both
//! sides of a comparison.

use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Open live pages.
pub const LIVE_PAGES: usize = 20;

/// Hostile clients.
pub const HOSTILE: usize = 40;

/// How long a hostile client waits after each try.
const BREATH: Duration = Duration::from_millis(50);

/// A crowd; it leaves when it is dropped.
pub struct Crowd {
    runtime: Option<tokio::runtime::Runtime>,
    events: Arc<AtomicU64>,
    tries: Arc<AtomicU64>,
}

impl Crowd {
    /// A crowd at the page of an appliance, whose log has the code of the first run.
    pub fn at(page: SocketAddr, log: &Path) -> Self {
        let crowd = Self::new();
        let runtime = crowd.runtime.as_ref().unwrap();
        let cookie = runtime.block_on(enter(page, log));
        for _ in 0..LIVE_PAGES {
            runtime.spawn(watch(page, cookie.clone(), Arc::clone(&crowd.events)));
        }
        crowd.hostile_to(page);
        crowd
    }

    /// The same crowd at a door behind which nobody is.
    pub fn at_nobody() -> Self {
        let crowd = Self::new();
        let runtime = crowd.runtime.as_ref().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut head = [0; 1024];
                    let _ = client.read(&mut head).await;
                });
            }
        });
        crowd.hostile_to(addr);
        crowd
    }

    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { runtime: Some(runtime), events: Arc::default(), tries: Arc::default() }
    }

    fn hostile_to(&self, addr: SocketAddr) {
        for number in 0..HOSTILE {
            self.runtime.as_ref().unwrap().spawn(attack(addr, number, Arc::clone(&self.tries)));
        }
    }

    /// Live events received, and tries of hostile clients.
    pub fn seen(&self) -> (u64, u64) {
        (self.events.load(Ordering::Relaxed), self.tries.load(Ordering::Relaxed))
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Becomes the first owner; returns the cookie.
async fn enter(page: SocketAddr, log: &Path) -> String {
    for _ in 0..200 {
        let told = std::fs::read_to_string(log).unwrap_or_default();
        let code = told.split("/setup?code=").nth(1).map(|rest| rest.chars().take(14).collect::<String>());
        if let Some(code) = code {
            let body = json!({"code": code, "name": "owner", "password": "four quiet garden gnomes"});
            let client = reqwest::Client::new();
            let owner =
                client.post(format!("http://{page}/api/v1/setup/owner")).header("content-type", "application/json");
            let answer = owner.body(body.to_string()).send().await.unwrap();
            let cookie =
                answer.headers().get("set-cookie").unwrap_or_else(|| panic!("not let in: {}", answer.status()));
            return cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the appliance did not say how its page is entered");
}

/// An open live page.
async fn watch(page: SocketAddr, cookie: String, events: Arc<AtomicU64>) {
    loop {
        let Ok(mut stream) = TcpStream::connect(page).await else { return };
        let head = format!(
            "GET /api/v1/live HTTP/1.1\r\nHost: {page}\r\nAccept: text/event-stream\r\nCookie: {cookie}\r\n\r\n"
        );
        if stream.write_all(head.as_bytes()).await.is_err() {
            return;
        }
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(read) = stream.read(&mut bytes).await {
            if read == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&bytes[..read]);
            events.fetch_add(u64::try_from(text.matches("event: now").count()).unwrap(), Ordering::Relaxed);
        }
        tokio::time::sleep(BREATH).await;
    }
}

/// A client that means harm, one way after another.
async fn attack(addr: SocketAddr, number: usize, tries: Arc<AtomicU64>) {
    let host = format!("Host: {addr}\r\n");
    let wrong = json!({"name": "owner", "password": "guess after guess"}).to_string();
    let attacks = [
        format!("GET / HTTP/1.1\r\n{host}Ho"),
        format!("GET / HTTP/1.1\r\n{host}A: {}\r\n\r\n", "x".repeat(20_000)),
        format!("GET / HTTP/1.1\r\n{host}{}\r\n", "A: b\r\n".repeat(500)),
        "GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n".to_owned(),
        format!("GET /decisions HTTP/1.1\r\n{host}Cookie: aegis=ABCD\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\n{host}\r\n"),
        format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
        format!(
            "POST /api/v1/session HTTP/1.1\r\n{host}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{wrong}",
            wrong.len()
        ),
    ];
    for turn in number.. {
        let attack = attacks[turn % attacks.len()].as_bytes();
        let round = async {
            let mut stream = TcpStream::connect(addr).await?;
            let _refused_early = stream.write_all(attack).await;
            let mut answer = vec![0; 4_096];
            while stream.read(&mut answer).await? > 0 {}
            std::io::Result::Ok(())
        };
        // Whoever gets no answer within a second tries elsewhere.
        let _ = tokio::time::timeout(Duration::from_secs(1), round).await;
        tries.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(BREATH).await;
    }
}
