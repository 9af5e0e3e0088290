//! The local page: what it says, to whom, and with which headers: hazards 19 and 21.

#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on stops.

use aegis::counters::Counters;
use aegis::web::front::Patience;
use aegis::web::page::{Page, status};
use aegis::web::{
    ChatLine, DecisionLine, ModelLine, Part, Readiness, Settings, Source, Status, TenantLine, Web, start_with,
};
use proptest::prelude::*;
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
        Readiness { parts: vec![Part { name: "storage", failing: None }] }
    }

    fn model(&self) -> Option<ModelLine> {
        Some(hostile_model("garden"))
    }

    fn status(&self) -> Status {
        hostile("<script>alert(1)</script>")
    }
}

fn hostile_model(text: &str) -> ModelLine {
    ModelLine {
        name: text.to_owned(),
        currency: text.to_owned(),
        trouble: Some(text.to_owned()),
        sample: Some(text.to_owned()),
        tenants: vec![TenantLine {
            name: text.to_owned(),
            month: text.to_owned(),
            degraded: Some(("the model does not answer", "the strict scores hold")),
            ..TenantLine::default()
        }],
    }
}

fn hostile(text: &str) -> Status {
    let decision = DecisionLine {
        number: 1,
        age_s: 5,
        chat: text.to_owned(),
        outcome: "block",
        score: 100,
        reason: text.to_owned(),
        rules: vec![text.to_owned(), text.to_owned()],
        came_of_it: "promised",
        trace: text.to_owned(),
    };
    Status {
        version: "0",
        board: text.to_owned(),
        mode: "record",
        rung: text.to_owned(),
        uptime_s: 1,
        policy: text.to_owned(),
        chats: vec![ChatLine { name: text.to_owned(), state: text.to_owned() }],
        decisions: vec![decision],
    }
}

fn page(dir: &tempfile::TempDir) -> Web {
    let patience =
        Patience { request: Duration::from_millis(300), answer: Duration::from_secs(3), ..Patience::default() };
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        hosts: Vec::new(),
        socket_dir: dir.path().to_owned(),
        tls: None,
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_strict_headers_refusals_too() {
    let dir = tempfile::tempdir().unwrap();
    let web = page(&dir);
    let addr = web.local_addr();
    for (path, status) in
        [("/", 200), ("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/style.css", 200), ("/no", 404)]
    {
        let answer = ask(addr, &get(path, addr)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert!(answer.contains("Content-Security-Policy: default-src 'none'"), "{path}: {answer}");
        assert!(!answer.contains("<script>"), "{path}");
    }
    let refused = ask(addr, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 421 ") && refused.contains("Content-Security-Policy"), "{refused}");
}

/// The tags of a page, in order.
fn tags(html: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((tag, after)) = after.split_once('>') else { break };
        tags.push(tag);
        rest = after;
    }
    tags
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_stranger_wrote_the_page_has_the_same_elements(text in any::<String>(), markup in "[<>\"'&/a-z =!-]{0,40}") {
        let readiness = |text: &str| Readiness { parts: vec![Part { name: "polling", failing: Some(text.to_owned()) }] };
        let counters = Counters::default();
        let plain = status(&hostile("x"), &readiness("x"), &counters, Some(&hostile_model("x")));
        for text in [text, markup] {
            let shown = status(&hostile(&text), &readiness(&text), &counters, Some(&hostile_model(&text)));
            prop_assert_eq!(tags(&shown), tags(&plain));
        }
    }
}

#[test]
fn text_is_escaped_and_keeps_its_direction() {
    let mut page = Page::default();
    page.text("<b a='1' c=\"2\">&\u{202e}\u{0}");
    assert_eq!(page.finish(), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;\u{fffd}\u{fffd}");
}
