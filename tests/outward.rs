//! What calls to servers of others hold, whatever these answer, stays below the lines of the memory sum.
//!
//! One test in a file of its own: for its length the allocator gives no more than the lines say, so that one byte over ends the run. The
//! server is a process of its own.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

#[path = "outward/peer.rs"]
mod peer;

use aegis::budget::{Micros, Prices};
use aegis::hooks::{self, Call};
use aegis::limits;
use aegis::model::{self, Endpoint};
use aegis::outward::{self, Wants};
use aegis::secret::Secret;
use cap::Cap;
use hyper::Method;
use peer::Peer;
use std::alloc::System;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Long enough for the slowest machine.
const LONG: Duration = Duration::from_secs(60);

/// Calls to a model at one time, as on the smallest boards.
const CALLS: usize = 2;

/// A call; whether its answer has a head.
type Work = Pin<Box<dyn Future<Output = bool> + Send>>;

/// What was held at most, and how many answers had a head.
struct Held {
    bytes: u64,
    heard: usize,
}

/// What is held at most while these are done at once, above what is held before; more than `bound` is not given. What is made for them is
/// counted.
fn most(what: &str, bound: u64, works: impl FnOnce() -> Vec<Work>) -> Held {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The allocator remembers the most of all times: filled up to it, the most of now is what it rises by.
    let ballast: Vec<u8> = Vec::with_capacity(ALLOCATOR.max_allocated() - ALLOCATOR.allocated());
    let before = ALLOCATOR.allocated();
    ALLOCATOR.set_limit(before + bound as usize).expect("the limit is above what is held");
    let heard = runtime.block_on(async {
        let mut calls = tokio::task::JoinSet::new();
        for work in works() {
            calls.spawn(work);
        }
        let mut heard = 0;
        while let Some(ended) = calls.join_next().await {
            heard += usize::from(ended.unwrap());
        }
        heard
    });
    ALLOCATOR.set_limit(usize::MAX).expect("no limit");
    let bytes = (ALLOCATOR.max_allocated() - before) as u64;
    println!("{what}: {bytes} bytes at most");
    drop(ballast);
    Held { bytes, heard }
}

fn call(to: String) -> Call {
    let body = "x".repeat(limits::HOOK_BODY_BYTES_MAX);
    Call { url: to, event: "decision", id: "i".repeat(40), time_s: 1, signature: "s".repeat(200), body }
}

/// Calls as the adapters do, with a client that trusts the server: so much is sent, and at most so much kept of the answer.
async fn talk(client: outward::Client, to: String, sent: usize, kept: usize) -> bool {
    let question = outward::ask(Method::POST, &to).unwrap();
    let answer = tokio::time::timeout(LONG, client.send(question, vec![b'x'; sent])).await.expect("an end");
    let Ok(mut answer) = answer else { return false };
    let mut whole = Vec::with_capacity(kept);
    while let Ok(Some(piece)) = answer.piece().await {
        if whole.len() + piece.len() > kept {
            break;
        }
        whole.extend_from_slice(&piece);
    }
    true
}

fn trusting(root: &str) -> outward::Client {
    outward::Client::new(&Wants {
        connect: LONG,
        idle_max: 1,
        idle: LONG,
        root: Some(root),
        proxy: outward::Proxy::Never,
    })
    .unwrap()
}

fn endpoint(base_url: String) -> Endpoint {
    Endpoint {
        base_url,
        model: "m".repeat(limits::MODEL_NAME_BYTES_MAX),
        key: Some(Secret::new("k".repeat(100))),
        timeout: LONG,
        prices: Prices { input: Micros(1), output: Micros(1) },
        max_output_tokens: 200,
    }
}

/// So many at once.
fn talks(count: usize, peer: &Peer, to: &str, (sent, kept): (usize, usize)) -> Vec<Work> {
    let client = trusting(&peer.root);
    (0..count).map(|_| -> Work { Box::pin(talk(client.clone(), to.to_owned(), sent, kept)) }).collect()
}

/// An event for each receiver.
fn events(to: &str) -> Vec<Work> {
    let client = hooks::Client::new().unwrap();
    let told = |client: hooks::Client, to: String| async move { client.tell(call(to)).await.is_ok() };
    (0..limits::HOOK_RECEIVERS_MAX).map(|_| -> Work { Box::pin(told(client.clone(), to.to_owned())) }).collect()
}

/// The largest questions to a model.
fn questions(to: &str) -> Vec<Work> {
    let client = model::Client::new().unwrap();
    let asked = |client: model::Client, to: String| async move {
        let body = "x".repeat(limits::MODEL_REQUEST_BYTES_MAX);
        client.ask(&endpoint(to), &body).await.is_ok()
    };
    (0..CALLS).map(|_| -> Work { Box::pin(asked(client.clone(), to.to_owned())) }).collect()
}

#[test]
fn no_answer_of_a_hostile_server_takes_more_memory_than_a_call_may() {
    if std::env::var_os(peer::CHILD).is_some() {
        return peer::serve();
    }
    let peer = Peer::start("no_answer_of_a_hostile_server_takes_more_memory_than_a_call_may");
    let models = limits::MODEL_CLIENT_BYTES as u64 + CALLS as u64 * limits::MODEL_CALL_BYTES as u64;
    let event = (limits::HOOK_BODY_BYTES_MAX, 0);
    // What is sent is there twice.
    let question = (2 * limits::MODEL_REQUEST_BYTES_MAX, limits::MODEL_ANSWER_BYTES_MAX);
    // Everything once, so that statics are made.
    most("the first", limits::HOOKS_BYTES, || talks(1, &peer, &format!("https://{}/body", peer.tls), event));
    for way in peer::ways() {
        let plain = format!("http://{}{way}", peer.plain);
        most(&format!("webhooks{way}"), limits::HOOKS_BYTES, || events(&plain));
        most(&format!("models{way}"), models, || questions(&plain));
        let one = most(&format!("one call{way}"), models, || talks(1, &peer, &plain, question));
        for (door, address) in [("TLS", peer.tls), ("long TLS", peer.chain), ("endless TLS", peer.endless)] {
            let to = format!("https://{address}{way}");
            let hooks = most(&format!("webhooks by {door}{way}"), limits::HOOKS_BYTES, || {
                talks(limits::HOOK_RECEIVERS_MAX, &peer, &to, event)
            });
            most(&format!("models by {door}{way}"), models, || talks(CALLS, &peer, &to, question));
            let by_tls = most(&format!("one call by {door}{way}"), models, || talks(1, &peer, &to, question));
            let more = by_tls.bytes.saturating_sub(one.bytes);
            assert!(more <= limits::CLOUD_TLS_BYTES, "{door}{way}: TLS takes {more} of {}", limits::CLOUD_TLS_BYTES);
            let all = if door == "endless TLS" { 0 } else { limits::HOOK_RECEIVERS_MAX };
            assert!(way != "/body" || hooks.heard == all, "{door}: {} were heard", hooks.heard);
        }
    }
}
