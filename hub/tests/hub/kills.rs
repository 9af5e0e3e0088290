//! Two hubs over one database, of which one is killed at random again and again; and a hub that is asked to close.
//!
//! Promises: nothing that a board pushed is lost, and nothing is counted twice, whichever hub died at whichever moment. A
//! close lets what runs end.
//!
//! Never: a process that this test did not start.
//!
//! `hub/tests/postgres cargo test --release --locked -p aegis-hub --test hub kills:: -- --nocapture` with
//! `AEGIS_HUB_KILLS_SECONDS=300 AEGIS_HUB_KILLS_EVERY_MS=10000` is the long one.

use super::fleet::{Process, Told, compared, free, given, populated, send};
use super::world::*;
use aegis_contract::{Document, Span};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[test]
fn nothing_is_lost_or_counted_twice_when_hubs_are_killed() {
    let seconds = given("AEGIS_HUB_KILLS_SECONDS", 6);
    let every = Duration::from_millis(given("AEGIS_HUB_KILLS_EVERY_MS", 700));
    let boards = given("AEGIS_HUB_KILLS_BOARDS", 60);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (database, made) = populated(boards).await;
        let mut hubs = [free(), free()].map(|at| Process::start(&database, at, None));
        for hub in &hubs {
            hub.ready().await;
        }
        let at: Arc<[SocketAddr]> = hubs.iter().map(|hub| hub.at).collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = made
            .into_iter()
            .map(|mut one| {
                let (at, is_over) = (Arc::clone(&at), Arc::clone(&is_over));
                tokio::spawn(async move {
                    let mut told = Told::default();
                    while !is_over.load(Ordering::Relaxed) {
                        told.add(one.minute(&at).await);
                        // As many as two hubs and a database on two cores take, and no more.
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    (one, told)
                })
            })
            .collect();
        let mut chance = fastrand::Rng::with_seed(given("AEGIS_HUB_KILLS_SEED", 7));
        let (began, mut kills) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs(seconds) {
            tokio::time::sleep(every / 2 + every.mul_f64(chance.f64())).await;
            let one = &mut hubs[chance.usize(..2)];
            one.child.kill().unwrap();
            one.child.wait().unwrap();
            kills += 1;
            *one = Process::start(&database, one.at, None);
        }
        is_over.store(true, Ordering::Relaxed);
        let (mut told, mut ended) = (Told::default(), Vec::new());
        for task in tasks {
            let (one, of_it) = task.await.unwrap();
            told.add(of_it);
            ended.push(one);
        }
        let (lost, twice) = compared(&database, &ended).await;
        println!(
            "{boards} boards, {:.0} s, {kills} kills, {} pushes taken, {} tried again; lost {lost}, counted twice {twice}",
            began.elapsed().as_secs_f64(),
            told.took.len(),
            told.again
        );
        assert!(kills > 1 && told.took.len() > 50 && told.again > 0, "{kills} kills, {} again", told.again);
        assert_eq!((lost, twice), (0, 0));
    });
}

#[test]
fn a_close_lets_what_runs_end() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    let mut hub = Process::start(&world.database, free(), None);
    let body = board.next(vec![row("red", 5, Span::Hour, MOMENT, 10)]).bytes();
    let time = board.next_time();
    let bytes = request("POST", "/v1/board/push", &board.headers("POST", "/v1/board/push", &body, time), &body);
    world.runtime.block_on(async {
        hub.ready().await;
        let mut stream = TcpStream::connect(hub.at).await.unwrap();
        let (first, rest) = bytes.split_at(bytes.len() - 20);
        stream.write_all(first).await.unwrap();
        // A further request, answered after the first began: the hub has read the first one's head by then.
        send(hub.at, &request("GET", "/v1/health", &[], b"")).await.unwrap();
        let pid = rustix::process::Pid::from_raw(hub.child.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        while TcpStream::connect(hub.at).await.is_ok() {
            tokio::task::yield_now().await;
        }
        stream.write_all(rest).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
    assert!(hub.child.wait().unwrap().success());
    assert_eq!(world.count("SELECT sum(messages)::bigint FROM usage"), 10);
}
