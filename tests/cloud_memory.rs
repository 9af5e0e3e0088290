//! What telling a hub and taking from it holds at its worst stays below its line of the memory sum.
//!
//! One test in a file of its own: for its length the allocator gives no more than the line says, so that one byte over ends the run.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod signer;

use aegis::clock::{Clock, Monotonic, Now, Wall};
use aegis::cloud::{Ask, Client, Key};
use aegis::config::{Cloud, Config, Surroundings, Truth};
use aegis::decide::Disposition;
use aegis::limits;
use aegis::message::{ChatId, MessageId, Revision, Sender, TraceId, UserId};
use aegis::policy::compile;
use aegis::reload::rulebook;
use aegis::store::desk::DeskTick;
use aegis::store::io::IoCount;
use aegis::store::records::Decision;
use aegis::store::sync::OwnBudget;
use aegis::store::usage::{Usage, UsageKey};
use aegis::store::{Keep, Promise, Store, Tick};
use aegis::sync::packs::fetched;
use aegis::sync::rows::Board;
use aegis::sync::{Line, Machine, Signing, Turn, step, verify, wished};
use aegis::tenant::{Tenant, TenantName};
use aegis::verdict::{Finding, Mode, Outcome, Span};
use aegis_contract::{
    BoardId, BudgetWish, Chain, Document, FlagWish, Health, Month, PackOffer, Receipt, Rows, Source, Sources, State,
    UsageRow, Wishes,
};
use cap::Cap;
use sha2::{Digest, Sha256};
use signer::{Form, Signer};
use std::alloc::System;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const KEEP: Keep = Keep { decisions: 999, done: 9, dedupe_batches: 9, dead_letters: 4, albums: 9, audit: 5 };
const HOUR: u64 = 490_000;
const BOARD: BoardId = BoardId([7; 16]);
/// What is asked for, in the order of the answers.
const ROUTES: [&str; 6] =
    ["/v1/board/state", "/v1/board/wishes", "/v1/board/push", "/v1/board/rows", "/signature", "/v1/board/packs"];

fn now() -> Wall {
    Wall(HOUR * 3_600_000 + 5)
}

/// Decisions with as much in them as there may be.
fn fill(store: &mut Store) {
    let finding = |at: usize| Finding {
        rule: format!("{at:02}{}", "r".repeat(110)),
        score: 60,
        reason: "\"".repeat(200),
        spans: vec![Span { surface: 0, from: 0, to: 3, utf16_from: 0, utf16_to: 3 }; limits::SPANS_MAX],
    };
    let decision = Decision {
        at: now(),
        chat: ChatId(-1_001_234_567_890),
        message: MessageId(7),
        sender: Sender::Member(UserId(5)),
        revision: Revision::Original,
        outcome: Outcome::Block,
        score: 1_000,
        reason: "\n\"".repeat(250),
        findings: (0..limits::FINDINGS_MAX).map(finding).collect(),
        actions: Vec::new(),
        mode: Mode::Enforce,
        disposition: Disposition::Promised,
        policy: 1,
        trace: TraceId(1),
        excerpt: "\u{1}\n".repeat(255),
    };
    let promises = (0..200).map(|_| Promise { decision: decision.clone(), rows: Vec::new() }).collect();
    store.commit(&[Tick { promises, ..Tick::default() }], now()).unwrap();
    for chat in 0..limits::CHATS_MAX as i64 {
        let mut desk = DeskTick::default();
        let key = UsageKey::at(&Tenant::default(), ChatId(-1_001_234_567_890 - chat), now().seconds());
        let used = u64::MAX / 4;
        desk.count(key, Usage { messages: used, tokens_in: used, tokens_out: used, ..Usage::default() });
        store.commit(&[Tick { desk, ..Tick::default() }], now()).unwrap();
    }
}

fn answered(body: Vec<u8>) -> Vec<u8> {
    let mut whole = format!("HTTP/1.1 200 OK\r\netag: \"e\"\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    whole.extend(body);
    whole
}

/// The largest of each document, in the order of the routes.
fn answers() -> Vec<Vec<u8>> {
    let name = |at: usize| format!("{at:032}");
    let wishes = Wishes {
        budgets: (0..=limits::TENANTS_MAX)
            .map(|at| BudgetWish {
                tenant: name(at),
                money_micros: Some(9_000_000_000_000_000_000),
                calls: Some(9_000_000_000_000_000_000),
                degrade: Some("strict_rules".to_owned()),
                confirmed: 9_000_000_000_000_000_000,
            })
            .collect(),
        flags: (0..128).map(|at| FlagWish { name: name(at), tenant: Some(name(at)), on: true }).collect(),
        packs: (0..limits::CLOUD_PACKS_MAX)
            .map(|at| PackOffer { name: format!("p{at}"), sha256: "a".repeat(64), ..PackOffer::default() })
            .collect(),
        sources: Sources::default(),
        text: (0..=limits::TENANTS_MAX).map(|at| (name(at), true)).chain([("default".to_owned(), true)]).collect(),
    };
    let chain = Chain::first(BOARD);
    let state = State { sequence: 0, chain, hub_time_us: 0, edition: 0, decision: 0 };
    let receipt = Receipt { sequence: 9, chain, hub_time_us: 0, wishes_etag: "\"e\"".to_owned(), texts_left_out: 0 };
    let row = |at: usize| UsageRow {
        tenant: "default".to_owned(),
        chat: -1_001_234_567_890 - limits::CHATS_MAX as i64 + 1 + at as i64,
        from: (HOUR * 3_600) as i64,
        span: aegis_contract::Span::Hour,
        messages: u64::MAX / 4,
        blocked: u64::MAX / 4,
        unsure: u64::MAX / 4,
        actions: u64::MAX / 4,
        calls: u64::MAX / 4,
        tokens_in: u64::MAX / 4,
        tokens_out: u64::MAX / 4,
        money_micros: u64::MAX / 4,
        cache_hits: u64::MAX / 4,
        at_least: false,
    };
    let rows = (0..limits::CLOUD_PAGE_ROWS).map(row).collect();
    let rows = Rows { tenant: "default".to_owned(), month: Month::of((HOUR * 3_600) as i64), rows, after: None };
    let all = vec![state.bytes(), wishes.bytes(), receipt.bytes(), rows.bytes()];
    println!("a document of wishes has {} bytes, a page {}", all[1].len(), all[3].len());
    let pack = pack();
    let signature = Signer::new(7).sign(&pack, "aegis-pack name=scam version=1", Form::Hashed);
    all.into_iter().chain([signature.into_bytes(), pack]).map(answered).collect()
}

/// A pack of as many bytes as there may be, in as many keywords as there may be.
fn pack() -> Vec<u8> {
    let mut pack = String::from(
        "[pack]\nid = \"scam\"\nversion = 1\n[[rule]]\nid = \"r\"\nscore = 90\nreason = \"no\"\nkeywords = [\n",
    );
    let most = limits::CLOUD_PACK_BYTES_MAX as usize;
    let mut number = 0_u32;
    loop {
        let word = format!("\"{number:x}\",");
        if number as usize >= limits::CLOUD_PACK_VALUES_MAX {
            break;
        }
        pack.push_str(&word);
        number += 1;
    }
    pack.push_str("]\n#");
    pack.extend(std::iter::repeat_n('x', most - pack.len()));
    pack.into_bytes()
}

/// A hub that allocates nothing: it answers each route with what stands for it, or goes on writing without an end, or says the half and
/// then nothing.
fn serve(mut stream: TcpStream, answers: &[Vec<u8>], endless: &AtomicUsize) {
    let mut asked = [0_u8; 16 * 1_024];
    loop {
        let mut len = 0;
        let head = loop {
            match stream.read(&mut asked[len..]) {
                Ok(0) | Err(_) => return,
                Ok(read) => len += read,
            }
            if let Some(at) = asked[..len].windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = std::str::from_utf8(&asked[..head]).unwrap();
        let route = ROUTES.iter().position(|route| text.contains(route)).unwrap();
        let body: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |digits| digits.trim().parse().unwrap());
        let mut left = body.saturating_sub(len - head);
        let mut sink = [0_u8; 4_096];
        while left > 0 {
            let most = left.min(sink.len());
            match stream.read(&mut sink[..most]) {
                Ok(0) | Err(_) => return,
                Ok(read) => left -= read,
            }
        }
        let (first, then): (&[u8], &[u8]) = match endless.load(Ordering::SeqCst) {
            0 => (&answers[route], b""),
            1 => (b"HTTP/1.1 200 OK\r\n\r\n", &[b' '; 16_384]),
            3 if route + 1 == ROUTES.len() => (&answers[route][..answers[route].len() / 2], b""),
            3 => (&answers[route], b""),
            _ => (b"HTTP/1.1 200 OK\r\nx: ", &[b'x'; 16_384]),
        };
        let mut is_heard = stream.write_all(first).is_ok();
        while is_heard && !then.is_empty() {
            is_heard = stream.write_all(then).is_ok();
        }
        if !is_heard {
            return;
        }
    }
}

fn settings() -> Config {
    let read = |_: &Path| Ok("[cloud]\nurl = \"https://hub.example\"\ndecisions_text = true\n".to_owned());
    let zone = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let around = Surroundings { environment: &[], read: &read, zone: &zone };
    Config::load(Some(Path::new("aegis.toml")), &around).unwrap()
}

/// The most that is held while this is done, above what is held before.
fn most(what: &str, work: impl FnOnce()) -> usize {
    // The allocator remembers the most of all times: filled up to it, the most of now is what it rises by.
    let ballast: Vec<u8> = Vec::with_capacity(ALLOCATOR.max_allocated() - ALLOCATOR.allocated());
    let before = ALLOCATOR.allocated();
    ALLOCATOR.set_limit(before + limits::CLOUD_CALL_BYTES as usize).expect("the limit is above what is held");
    work();
    ALLOCATOR.set_limit(usize::MAX).expect("no limit");
    let most = ALLOCATOR.max_allocated() - before;
    println!("{what}: {most} bytes at most");
    drop(ballast);
    most
}

/// What is held between calls besides the client: the largest wishes, what of them is in force in both places, and budgets of as many
/// tenants.
fn kept(answer: &[u8], cloud: &Cloud, mut machine: Machine, mut turn: impl FnMut(&mut Machine)) -> u64 {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let before = ALLOCATOR.allocated();
    turn(&mut machine);
    let mut wishes = Wishes::read(&answer[head..]).unwrap();
    wishes.sources = Sources { budgets: Source::Hub, flags: Source::Hub, ..Sources::default() };
    let cloud = Cloud { budgets: Truth::Hub, flags: Truth::Hub, ..cloud.clone() };
    let own = |wish: &BudgetWish| OwnBudget {
        tenant: wish.tenant.clone(),
        degrade: "strict_rules".to_owned(),
        ..OwnBudget::default()
    };
    let own: Vec<OwnBudget> = wishes.budgets.iter().map(own).collect();
    let (caps, layer) = wished::in_force(&cloud, &wishes, &own);
    assert!(caps.len() > limits::TENANTS_MAX, "{}", caps.len());
    let held = (machine, wishes, own, caps, layer.clone(), layer);
    let bytes = (ALLOCATOR.allocated() - before) as u64;
    drop(held);
    println!("between calls: {bytes} bytes");
    bytes
}

#[test]
fn a_hub_takes_no_more_memory_than_its_line_says() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), 1 << 16, KEEP, &Arc::new(IoCount::default()), now()).unwrap().0;
    fill(&mut store);
    let snapshots = store.snapshots();
    let config = settings();
    let book = rulebook(&config, compile(&aegis::policy::shipped()).unwrap());
    let answers: &'static [Vec<u8>] = answers().leak();
    let endless: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::Builder::new()
        .spawn(move || {
            // One after the other: whoever comes next closes the one before.
            while let Ok((stream, _)) = listener.accept() {
                serve(stream, answers, endless);
            }
        })
        .unwrap();
    let tenants = ["default".to_owned()].into();
    let key = Key::of_seed(&[1; 32]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (clock, signing) = (Clock::start(), Signing::default());
    let turns = |machine: &mut Machine, wanted: Turn| {
        let board = Board {
            snapshots: &snapshots,
            book: &book,
            cloud: config.cloud.as_ref().unwrap(),
            tenants: &tenants,
            health: Health::default(),
            budgets: &[],
        };
        let client = Client::new(&url, None).unwrap();
        let mut line = Line { client: &client, board: "b", key: &key, signing: &signing, clock: &clock };
        let at = Now { mono: Monotonic(u64::MAX / 2), wall: now() };
        loop {
            let turn = machine.turn(at);
            let done = runtime.block_on(step(machine, &mut line, &board, at, 0)).unwrap();
            let is_failed = done.failure.is_some();
            drop(done);
            if turn == wanted || is_failed {
                return;
            }
        }
    };
    let machine = || Machine::new(&BOARD.to_string(), Chain::first(BOARD), None, None);
    // Everything once, so that pages are in their cache and statics are made.
    turns(&mut machine(), Turn::Push);
    turns(&mut machine(), Turn::Push);
    let state = most("asking how far it is", || turns(&mut machine(), Turn::State));
    let wishes = most("the largest wishes", || turns(&mut machine(), Turn::Wishes));
    let push = most("the largest push", || turns(&mut machine(), Turn::Push));
    let page = most("comparing, with the largest page", || {
        let client = Client::new(&url, None).unwrap();
        let mut line = Line { client: &client, board: "b", key: &key, signing: &signing, clock: &clock };
        let month = Month::of((HOUR * 3_600) as i64);
        let compared =
            runtime.block_on(verify::month(&mut line, &snapshots, &TenantName::default(), month, 0)).unwrap();
        assert!(compared.differ > 800, "{compared:?}");
    });
    let kept = kept(&answers[1], config.cloud.as_ref().unwrap(), machine(), |machine| turns(machine, Turn::Wishes));
    assert!(kept <= limits::CLOUD_KEPT_BYTES, "{kept} of {}", limits::CLOUD_KEPT_BYTES);
    endless.store(1, Ordering::SeqCst);
    let body = most("a body without an end", || turns(&mut machine(), Turn::State));
    endless.store(2, Ordering::SeqCst);
    let head = most("a head without an end", || turns(&mut machine(), Turn::State));
    endless.store(1, Ordering::SeqCst);
    let endless_pack = most("a pack without an end", || {
        let client = Client::new(&url, None).unwrap();
        let ask = Ask::get(ROUTES[0], limits::CLOUD_PACK_BYTES_MAX as usize);
        assert!(runtime.block_on(client.ask_unsigned(ask)).is_err());
    });
    endless.store(0, Ordering::SeqCst);
    let text = pack();
    let sha256 = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes = text.len() as u64;
    let offer = PackOffer { name: "scam".to_owned(), version: 1, sha256, bytes, ..PackOffer::default() };
    let pinned = Signer::new(7).public();
    let fetch = |is_taken: bool| {
        let client = Client::new(&url, None).unwrap();
        let mut line = Line { client: &client, board: "b", key: &key, signing: &signing, clock: &clock };
        let taken = runtime.block_on(fetched(&mut line, &offer, &[], &pinned, 5));
        assert_eq!(taken.is_ok(), is_taken, "{taken:?}");
    };
    let fetching = most("fetching the largest pack", || fetch(true));
    // A hub that says the half of it and then nothing: what was read is given back.
    endless.store(3, Ordering::SeqCst);
    let before = ALLOCATOR.allocated();
    let silent = most("the half of the largest pack", || fetch(false));
    let kept = ALLOCATOR.allocated().saturating_sub(before);
    println!("kept after the half of a pack: {kept} bytes");
    assert!(kept < limits::CLOUD_PACK_BYTES_MAX as usize / 16, "{kept}");
    for bytes in [state, wishes, push, page, body, head, endless_pack, fetching, silent] {
        assert!(bytes <= limits::CLOUD_CALL_BYTES as usize, "{bytes} of {}", limits::CLOUD_CALL_BYTES);
    }
}
