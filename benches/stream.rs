//! The main figure of the README: a stream of messages of which a quarter must be deleted and its sender banned,
//! against the scripted Bot API on loopback.
//!
//! Two programs play in turn: a bare loop that keeps nothing, with eight calls in flight, which is the limit of the
//! set-up; and the release binary of Aegis as a process of its own. The stand-in's ledger gives all times.
//!
//!     cargo build --release && cargo bench --bench stream
//!     cargo bench --bench stream -- --rate 100        time from served to deleted at 100 messages/s
//!     cargo bench --bench stream -- --start           time from start to the first poll, on an empty folder
//!     cargo bench --bench stream -- --keywords 10000  a large list
//!     cargo bench --bench stream -- --latency-ms 1    a Bot API that takes a millisecond to answer a call
//!     cargo bench --bench stream -- --model-hangs     sure messages beside unsure ones, without a model and with one that
//!                                                     never answers, in turn
//!     cargo bench --bench stream -- --crowd           while 20 live pages are open and 40 hostile clients are at the
//!                                                     page, and while they are at a door behind which nobody is
//!
//! `AEGIS_BIN` names another binary than `target/release/aegis`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A bench that cannot go on stops.

#[path = "stream/crowd.rs"]
mod crowd;

use aegis::budget::Prices;
use aegis::demo::ledger::{Ledger, permille};
use aegis::demo::readings::{Readings, Resident, resident};
use aegis::demo::script::{Expected, Pace, Script, Scripted, Source, TOKEN};
use aegis::demo::scripted_model::{Behaviour, ScriptedModel};
use aegis::demo::standin::StandIn;
use crowd::Crowd;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CHATS: i64 = 10;
const IN_FLIGHT: usize = 8;
const GIVE_UP: Duration = Duration::from_secs(120);

/// The `n`-th phrase of the list: three invented words.
fn phrase(n: usize) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ko", "ri", "ten", "mu", "sol", "va", "chi", "dre", "lun", "po", "gra", "zi", "fen", "ha", "quo"];
    let word = |seed: usize| {
        (0..3).map(|place| SYLLABLES[(seed >> (place * 4)) & 15]).collect::<String>() // 4,096 words
    };
    format!("{} {} {}", word(n.wrapping_mul(7)), word(n / 7 + 11), word(n.wrapping_mul(31) + 5))
}

/// Messages made when they are asked for; every fourth holds a phrase of the list.
struct Stream {
    messages: usize,
    keywords: usize,
    /// Whether every tenth is one that the rules are unsure of.
    unsure: bool,
}

impl Source for Stream {
    fn len(&self) -> usize {
        self.messages
    }

    fn item(&self, n: usize) -> Option<Scripted> {
        if n >= self.messages {
            return None;
        }
        let place = i64::try_from(n).unwrap();
        let chat = -1_001_000_000_000 - place % CHATS;
        let user = 6_000_000_000 + place;
        let (text, expected) = if self.unsure && n % 10 == 2 {
            (
                format!("Perhaps an offer, number {n}: {} for {}", phrase(n + 100_000), phrase(n * 3 + 200_000)),
                Expected::Unknown,
            )
        } else if n % 4 == 3 {
            (format!("Hello all, {} and write to me, number {n}", phrase(n % self.keywords)), Expected::RemoveAndBan)
        } else {
            (format!("The meeting of the gardeners is on day {n}, bring a spade and something to eat"), Expected::Stay)
        };
        Some(Scripted::text(chat, place + 1, user, &text, expected))
    }
}

#[derive(Clone)]
struct Options {
    messages: usize,
    keywords: usize,
    rounds: usize,
    rate: Option<u32>,
    latency_ms: u64,
    unsure: bool,
}

fn script(options: &Options) -> Script {
    let mut script = Script::new(Box::new(Stream {
        messages: options.messages,
        keywords: options.keywords.max(1),
        unsure: options.unsure,
    }));
    script.latency_ms = options.latency_ms;
    script.pace = options.rate.map_or(Pace::AsPolled, Pace::PerSecond);
    script
}

/// What one program did in one round.
struct Round {
    ledger: Ledger,
    messages_s: f64,
    start_ms: f64,
    resident: Resident,
    readings: Readings,
}

fn stand_in(options: &Options) -> StandIn {
    StandIn::start(script(options), SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn aegis_binary() -> PathBuf {
    if let Some(named) = std::env::var_os("AEGIS_BIN") {
        return named.into();
    }
    // target/release/deps/stream-... -> target/release/aegis
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(Path::parent).unwrap().join("aegis")
}

fn write_policies(folder: &Path, keywords: usize) {
    let pack = "[pack]\nid = \"promo\"\nversion = 1\n\n[[rule]]\nid = \"promo-phrases\"\nreason = \"advertising\"\n\
                keywords_file = \"phrases.txt\"\nscore = 100\nactions = [\"delete\", \"ban\"]\n";
    let phrases: String = (0..keywords).map(|n| phrase(n) + "\n").collect();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("promo.toml"), pack).unwrap();
    std::fs::write(folder.join("phrases.txt"), phrases).unwrap();
    let unsure = "[pack]\nid = \"unsure\"\nversion = 1\n\n[[rule]]\nid = \"unsure-offer\"\nreason = \"may be advertising\"\n\
                  keywords = [\"perhaps an offer\"]\nscore = 60\nactions = [\"delete\"]\n";
    std::fs::write(folder.join("unsure.toml"), unsure).unwrap();
}

fn spawn_aegis(api_url: &str, folder: &Path, page: SocketAddr) -> Child {
    let binary = aegis_binary();
    let log = std::fs::File::create(folder.join("aegis.log")).unwrap();
    let mut command = Command::new(&binary);
    // The appliance refuses settings it does not know, and the caller's own must not change the figure.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AEGIS_") {
            command.env_remove(name);
        }
    }
    command
        .arg("run")
        .args(folder.join("aegis.toml").exists().then_some(["--config", "aegis.toml"]).into_iter().flatten())
        .current_dir(folder)
        .env("AEGIS_TELEGRAM_TOKEN", TOKEN)
        .env("AEGIS_TELEGRAM_API_URL", api_url)
        .env("AEGIS_DATA_DIR", folder.join("data"))
        .env("AEGIS_POLICY_DIR", folder.join("policies"))
        .env("AEGIS_WEB_LISTEN", page.to_string())
        .env("AEGIS_MODE", "enforce")
        .env("AEGIS_TELEGRAM_RPS", "0")
        .env("AEGIS_TELEGRAM_GROUP_RPM", "0")
        .env("AEGIS_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; build it with `cargo build --release`", binary.display()))
}

/// Waits for the end of the play, looking every millisecond at numbers that cost nothing to read.
fn await_end(standin: &StandIn, options: &Options, child: &mut Child) -> Ledger {
    let bad = options.messages / 4;
    let began = Instant::now();
    let patience = GIVE_UP
        + Duration::from_secs(
            options.rate.map_or(0, |rate| u64::try_from(options.messages).unwrap() / u64::from(rate.max(1))),
        );
    loop {
        let done = standin.with_town(|town| {
            let ledger = town.ledger();
            ledger.deleted >= bad && ledger.banned >= bad && ledger.drained_us.is_some()
        });
        if done {
            return standin.ledger();
        }
        let gone = child.try_wait().unwrap();
        if gone.is_some() || began.elapsed() > patience {
            let ledger = standin.ledger();
            println!(
                "  not done: {} deleted and {} banned of {bad}, drained {:?}, process ended {gone:?}",
                ledger.deleted, ledger.banned, ledger.drained_us
            );
            return ledger;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn play(options: &Options, spawn: impl FnOnce(&StandIn) -> Child, page: Option<SocketAddr>) -> Round {
    let standin = stand_in(options);
    let spawned_us = standin.now_us();
    let mut child = spawn(&standin);
    let ledger = await_end(&standin, options, &mut child);
    let readings = page.map(read_metrics).unwrap_or_default();
    let resident = resident(Some(child.id())).unwrap_or_default();
    end(&mut child);
    let play_s = ledger.play_us().map_or(f64::INFINITY, seconds);
    Round {
        messages_s: f64::from(u32::try_from(ledger.messages.len()).unwrap()) / play_s,
        start_ms: seconds(ledger.first_poll_us.unwrap_or(0).saturating_sub(spawned_us)) * 1_000.0,
        resident,
        readings,
        ledger,
    }
}

fn read_metrics(page: SocketAddr) -> Readings {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Readings::fetch(page)).unwrap_or_else(|error| {
        println!("  no metrics: {error}");
        Readings::default()
    })
}

fn end(child: &mut Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

fn mib(bytes: u64) -> f64 {
    Duration::from_micros(bytes).as_secs_f64() * 1_000_000.0 / 1_048_576.0
}

fn per(count: u64, messages: usize) -> f64 {
    seconds(count.saturating_mul(1_000_000)) / f64::from(u32::try_from(messages).unwrap().max(1))
}

fn show(name: &str, round: &Round) {
    let times = round.ledger.times_to_delete_us();
    let ms = |thousandths| permille(&times, thousandths).map_or(f64::NAN, |us| seconds(us) * 1_000.0);
    print!(
        "{name:<6} {:>8.0} messages/s  served to deleted p50 {:>7.2} ms p99 {:>7.2} ms  first poll {:>6.1} ms  \
         resident {:>5.1} MiB peak {:>5.1} MiB  missed {} wrong {}",
        round.messages_s,
        ms(500),
        ms(990),
        round.start_ms,
        mib(round.resident.now),
        mib(round.resident.peak),
        round.ledger.missed(),
        round.ledger.wrong(),
    );
    if round.readings != Readings::default() {
        print!(
            "  syncs {:.3} bytes {:.0} a message, commits {}",
            per(round.readings.get("syncs"), round.ledger.messages.len()),
            per(round.readings.get("bytes_written"), round.ledger.messages.len()),
            round.readings.get("commits"),
        );
    }
    println!("  calls {:?}", round.ledger.calls);
}

fn play_bare(options: &Options) -> Round {
    play(
        options,
        |standin| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--bare", &standin.api_url(), "--keywords", &options.keywords.to_string()])
                .stdin(Stdio::null())
                .spawn()
                .unwrap()
        },
        None,
    )
}

fn play_aegis(options: &Options, model: Option<&ScriptedModel>) -> Round {
    let folder = tempfile::tempdir().unwrap();
    write_policies(&folder.path().join("policies"), options.keywords);
    let page = free_port();
    if let Some(model) = model {
        let settings = format!(
            "[ai]\nbase_url = \"{}\"\nmodel = \"scripted\"\nprice_input = \"0\"\nprice_output = \"0\"\n\n[budget]\n\
             calls = 100000\n",
            model.base_url()
        );
        std::fs::write(folder.path().join("aegis.toml"), settings).unwrap();
    }
    let round = play(options, |standin| spawn_aegis(&standin.api_url(), folder.path(), page), Some(page));
    if round.ledger.missed() > 0 || round.ledger.first_poll_us.is_none() {
        println!("{}", std::fs::read_to_string(folder.path().join("aegis.log")).unwrap_or_default());
    }
    round
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn in_turn(options: &Options) {
    println!(
        "{} messages, a quarter to be deleted and banned, {CHATS} chats, {} keywords{}",
        options.messages,
        options.keywords,
        options.rate.map_or(String::new(), |rate| format!(", {rate} messages/s offered")),
    );
    let (mut bare, mut aegis) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let round = play_bare(options);
        show("bare", &round);
        bare.push(round.messages_s);
        let round = play_aegis(options, None);
        show("aegis", &round);
        aegis.push(round.messages_s);
    }
    let (bare, aegis) = (median(bare), median(aegis));
    println!("median: bare {bare:.0} messages/s, aegis {aegis:.0} messages/s, ratio {:.2}", aegis / bare);
}

/// Sure messages while a model hangs for ever, and without one: the same stream, pair by pair.
fn beside_a_model(options: &Options) {
    let options = Options { unsure: true, rate: options.rate.or(Some(200)), ..options.clone() };
    let (mut without, mut hanging) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let model = ScriptedModel::start(Behaviour::Hangs, &[], Prices::default()).unwrap();
        for (name, model, kept) in [("alone", None, &mut without), ("hangs", Some(&model), &mut hanging)] {
            let round = play_aegis(&options, model);
            show(name, &round);
            kept.extend(round.ledger.times_to_delete_us());
        }
        println!("       the model saw {} calls and answered none", model.seen().calls);
    }
    // The rare delays of a shared machine fall on either side: all rounds together tell more than one.
    without.sort_unstable();
    hanging.sort_unstable();
    for (name, thousandths) in [("p50", 500), ("p90", 900), ("p99", 990)] {
        let ms = |times: &[u64]| permille(times, thousandths).map_or(f64::NAN, |us| seconds(us) * 1_000.0);
        let (alone, hangs) = (ms(&without), ms(&hanging));
        println!(
            "{name} of all rounds: {alone:.2} ms alone, {hangs:.2} ms while the model hangs, ratio {:.2}",
            hangs / alone
        );
    }
}

/// A crowd at the page, and the same crowd elsewhere: the same stream, pair by pair.
fn beside_a_crowd(options: &Options) {
    let options = Options { rate: options.rate.or(Some(200)), ..options.clone() };
    let (mut elsewhere, mut at_page) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        for (name, is_here, kept) in [("away", false, &mut elsewhere), ("here", true, &mut at_page)] {
            let folder = tempfile::tempdir().unwrap();
            write_policies(&folder.path().join("policies"), options.keywords);
            let page = free_port();
            let mut crowd = None;
            let spawn = |standin: &StandIn| {
                let child = spawn_aegis(&standin.api_url(), folder.path(), page);
                let log = folder.path().join("aegis.log");
                crowd = Some(if is_here { Crowd::at(page, &log) } else { Crowd::at_nobody() });
                child
            };
            let round = play(&options, spawn, Some(page));
            let (events, tries) = crowd.as_ref().map(Crowd::seen).unwrap_or_default();
            drop(crowd);
            show(name, &round);
            println!("       {events} live events, {tries} tries of hostile clients");
            kept.extend(round.ledger.times_to_delete_us());
        }
    }
    elsewhere.sort_unstable();
    at_page.sort_unstable();
    for (name, thousandths) in [("p50", 500), ("p90", 900), ("p99", 990)] {
        let ms = |times: &[u64]| permille(times, thousandths).map_or(f64::NAN, |us| seconds(us) * 1_000.0);
        let (away, here) = (ms(&elsewhere), ms(&at_page));
        println!(
            "{name} of all rounds: {away:.2} ms with the crowd elsewhere, {here:.2} ms with it at the page, ratio {:.2}",
            here / away
        );
    }
}

/// Only the time from start to the first poll.
fn start_only(options: &Options) {
    let options = Options { messages: 0, ..options.clone() };
    let mut starts = Vec::new();
    for _ in 0..options.rounds {
        let round = play_aegis(&options, None);
        println!(
            "aegis  first poll after {:.1} ms  resident {:.1} MiB  {} keywords",
            round.start_ms,
            mib(round.resident.now),
            options.keywords
        );
        starts.push(round.start_ms);
    }
    println!("median: first poll after {:.1} ms", median(starts));
}

/// The bare loop: poll, look, at most eight calls in flight, nothing kept.
async fn bare(api_url: String, keywords: usize) {
    let phrases: Vec<String> = (0..keywords).map(phrase).collect();
    let automaton = aho_corasick::AhoCorasick::new(&phrases).unwrap();
    let client = reqwest::Client::builder().tcp_nodelay(true).build().unwrap();
    let permits = Arc::new(tokio::sync::Semaphore::new(IN_FLIGHT));
    let base = Arc::new(format!("{api_url}/bot{TOKEN}/"));
    let mut offset = 0_i64;
    loop {
        let ask = json!({"offset": offset, "limit": 100, "timeout": 50}).to_string();
        let Ok(answer) = post(&client, &base, "getUpdates", ask).await else { return };
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        for update in answer.get("result").and_then(Value::as_array).into_iter().flatten() {
            offset = update.get("update_id").and_then(Value::as_i64).unwrap() + 1;
            let text = update.pointer("/message/text").and_then(Value::as_str).unwrap_or_default();
            if !automaton.is_match(text) {
                continue;
            }
            let id = |pointer| update.pointer(pointer).and_then(Value::as_i64).unwrap();
            let chat = id("/message/chat/id");
            let calls = [
                ("deleteMessage", json!({"chat_id": chat, "message_id": id("/message/message_id")})),
                ("banChatMember", json!({"chat_id": chat, "user_id": id("/message/from/id")})),
            ];
            for (method, body) in calls {
                let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
                let (client, base) = (client.clone(), Arc::clone(&base));
                tokio::spawn(async move {
                    let _ = post(&client, &base, method, body.to_string()).await;
                    drop(permit);
                });
            }
        }
    }
}

async fn post(client: &reqwest::Client, base: &str, method: &str, body: String) -> reqwest::Result<Vec<u8>> {
    let call = client.post(format!("{base}{method}")).header("content-type", "application/json").body(body);
    Ok(call.send().await?.bytes().await?.to_vec())
}

fn main() {
    let mut options = Options { messages: 2_000, keywords: 500, rounds: 5, rate: None, latency_ms: 0, unsure: false };
    let mut arguments = std::env::args().skip(1);
    let (mut mode, mut crowded) = (None, false);
    while let Some(argument) = arguments.next() {
        let mut number = |what: &str| -> usize {
            let given = arguments.next().unwrap_or_default();
            given.parse().unwrap_or_else(|_| panic!("{what} needs a number, not {given:?}"))
        };
        match argument.as_str() {
            "--messages" => options.messages = number("--messages"),
            "--keywords" => options.keywords = number("--keywords"),
            "--rounds" => options.rounds = number("--rounds"),
            "--rate" => options.rate = Some(u32::try_from(number("--rate")).unwrap()),
            "--latency-ms" => options.latency_ms = u64::try_from(number("--latency-ms")).unwrap(),
            "--model-hangs" => options.unsure = true,
            "--crowd" => crowded = true,
            "--start" => mode = Some(String::new()),
            "--bare" => mode = arguments.next(),
            _ => {} // What `cargo bench` itself passes.
        }
    }
    match mode {
        None if options.unsure => beside_a_model(&options),
        None if crowded => beside_a_crowd(&options),
        None => in_turn(&options),
        Some(empty) if empty.is_empty() => start_only(&options),
        Some(api_url) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(bare(api_url, options.keywords));
        }
    }
}
