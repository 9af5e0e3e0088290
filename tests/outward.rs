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

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The most that is held while these are done at once, above what is held before; more than `bound` is not given. What is made for them
/// is counted.
fn most(what: &str, bound: u64, works: impl FnOnce() -> Vec<Work>) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The allocator remembers the most of all times: filled up to it, the most of now is what it rises by.
    let ballast: Vec<u8> = Vec::with_capacity(ALLOCATOR.max_allocated() - ALLOCATOR.allocated());
    let before = ALLOCATOR.allocated();
    ALLOCATOR.set_limit(before + bound as usize).expect("the limit is above what is held");
    runtime.block_on(async {
        let mut calls = tokio::task::JoinSet::new();
        for work in works() {
            calls.spawn(work);
        }
        while let Some(ended) = calls.join_next().await {
            ended.unwrap();
        }
    });
    ALLOCATOR.set_limit(usize::MAX).expect("no limit");
    let most = ALLOCATOR.max_allocated() - before;
    println!("{what}: {most} bytes at most");
    drop(ballast);
    most as u64
}

fn call(to: String) -> Call {
    let body = "x".repeat(limits::HOOK_BODY_BYTES_MAX);
    Call { url: to, event: "decision", id: "i".repeat(40), time_s: 1, signature: "s".repeat(200), body }
}

/// Calls as the adapters do, with a client that trusts the server: so much is sent, and at most so much kept of the answer.
async fn talk(client: outward::Client, to: String, sent: usize, kept: usize) {
    let body = vec![b'x'; sent];
    let question = outward::ask(Method::POST, &to).unwrap();
    let Ok(Ok(mut answer)) = tokio::time::timeout(LONG, client.send(question, body)).await else { return };
    let mut whole = Vec::with_capacity(kept);
    while let Ok(Some(piece)) = answer.piece().await {
        if whole.len() + piece.len() > kept {
            return;
        }
        whole.extend_from_slice(&piece);
    }
}

fn trusting(root: &str) -> outward::Client {
    outward::Client::new(&Wants { connect: LONG, idle_max: 1, idle: LONG, root: Some(root) }).unwrap()
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

#[test]
fn no_answer_of_a_hostile_server_takes_more_memory_than_a_call_may() {
    if std::env::var_os(peer::CHILD).is_some() {
        return peer::serve();
    }
    let peer = Peer::start("no_answer_of_a_hostile_server_takes_more_memory_than_a_call_may");
    let doors = [("tls", peer.tls), ("chain", peer.chain), ("endless", peer.endless)];
    let free = u64::from(u32::MAX);
    // Everything once, so that statics are made.
    most("the first", free, || vec![Box::pin(talk(trusting(&peer.root), format!("https://{}/body", peer.tls), 1, 1))]);
    for way in peer::ways() {
        most(&format!("webhooks {way}"), free, || {
            let client = hooks::Client::new().unwrap();
            let told = |client: hooks::Client| async move {
                let _told = client.tell(call(format!("http://{}{way}", peer.plain))).await;
            };
            (0..limits::HOOK_RECEIVERS_MAX).map(|_| -> Work { Box::pin(told(client.clone())) }).collect()
        });
        most(&format!("models {way}"), free, || {
            let client = model::Client::new().unwrap();
            let asked = |client: model::Client| async move {
                let body = "x".repeat(limits::MODEL_REQUEST_BYTES_MAX);
                let _answer = client.ask(&endpoint(format!("http://{}{way}", peer.plain)), &body).await;
            };
            (0..2).map(|_| -> Work { Box::pin(asked(client.clone())) }).collect()
        });
        for (door, address) in doors {
            let talk = |count: usize, sent: usize, kept: usize| {
                let client = trusting(&peer.root);
                let to = format!("https://{address}{way}");
                (0..count).map(|_| -> Work { Box::pin(talk(client.clone(), to.clone(), sent, kept)) }).collect()
            };
            most(&format!("4 {door} {way}"), free, || talk(limits::HOOK_RECEIVERS_MAX, limits::HOOK_BODY_BYTES_MAX, 0));
            most(&format!("1 {door} {way}"), free, || talk(1, limits::HOOK_BODY_BYTES_MAX, 0));
            most(&format!("1 large {door} {way}"), free, || talk(1, 64 * 1024, 64 * 1024));
        }
        most(&format!("1 large plain {way}"), free, || {
            vec![Box::pin(talk(trusting(&peer.root), format!("http://{}{way}", peer.plain), 64 * 1024, 64 * 1024))]
        });
    }
}
