//! What a board is asked for: flash a message, memory when everything is full at once, memory over hours.
//!
//!     cargo build --release
//!     cargo bench --bench board -- --flash            one message a second, one in ten acted on, for 300 seconds
//!     cargo bench --bench board -- --floor            what the least commit there is writes, and one that touches more tables
//!     cargo bench --bench board -- --full             the profile Zero 2 W, every bound full: the peak against the promise
//!     cargo bench --bench board -- --soak             eight hours at ten times the expected rate, 288,000 messages, after as many
//!                                                     in which bounded tables fill; played in ten minutes, dated as sixteen hours
//!
//! `--seconds N` changes how long. `--full --without reload,ids,page,hub,hooks` leaves parts out, to tell whose memory it is. `AEGIS_BIN` names another binary than `target/release/aegis`; `board/build
//! x86_64-unknown-linux-musl` makes the one that is built as a board's is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A bench that cannot go on stops.

#[path = "stream/crowd.rs"]
#[allow(dead_code)] // Its other half is for `stream`.
mod crowd;

use aegis::budget::Prices;
use aegis::cloud::{Enrolment, Home};
use aegis::demo::readings::{Readings, Resident, resident};
use aegis::demo::script::{Expected, Pace, Script, Scripted, Source, TOKEN};
use aegis::demo::scripted_model::{Behaviour, ScriptedModel};
use aegis::demo::standin::StandIn;
use aegis::policy;
use aegis::store::io::{CountedFile, IoCount};
use crowd::Crowd;
use serde_json::json;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CHATS: usize = 10;
/// Members that write where the card is looked at: known to Aegis when the counting begins, as in a group that stands.
const REGULARS: usize = 40;
const MEMBERS: usize = 300;
/// One in so many is unwanted.
const UNWANTED: usize = 10;
const PHRASE: &str = "quick riches club";

/// Everyday messages, dated as if they came at a rate.
struct Talk {
    messages: usize,
    /// Messages of a second, by their dates.
    a_second: usize,
    begun_s: u64,
    /// How many members write; all are known after a while.
    members: usize,
    /// As long as Telegram allows, and three in ten unsure.
    heavy: bool,
}

impl Source for Talk {
    fn len(&self) -> usize {
        self.messages
    }

    fn item(&self, n: usize) -> Option<Scripted> {
        if n >= self.messages {
            return None;
        }
        let number = i64::try_from(n).unwrap();
        let chat = -1_001_000_000_000 - number % i64::try_from(CHATS).unwrap();
        let unwanted = n % UNWANTED == UNWANTED - 1;
        let user = if unwanted || self.heavy {
            7_000_000_000 + number
        } else {
            6_000_000_000 + (number * 7) % i64::try_from(self.members).unwrap()
        };
        let mut text = if unwanted {
            format!("Hello all, the {PHRASE} is open, write to me, number {n}")
        } else if self.heavy && n % 3 == 1 {
            format!("Perhaps an offer, number {n}, for whoever likes such a thing as {}", n * 31)
        } else {
            format!("The meeting of the gardeners is on day {n}, bring a spade and something to eat for {}", n % 17)
        };
        if self.heavy {
            let more = format!(" \u{436}\u{443}\u{440}\u{430}\u{432}\u{43b}\u{44c} {n}");
            text += &more.repeat(4_000 / more.chars().count());
        }
        let dated = self.begun_s + u64::try_from(n / self.a_second.max(1)).unwrap();
        let post = json!({"message": {
            "message_id": n + 1, "date": dated, "chat": {"id": chat, "type": "supergroup", "title": "Neighbours"},
            "from": {"id": user, "is_bot": false, "first_name": "Kim"}, "text": text,
        }});
        Scripted::from_update(&post, if unwanted { Expected::RemoveAndBan } else { Expected::Unknown })
    }
}

fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("AEGIS_BIN") {
        return named.into();
    }
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(Path::parent).unwrap().join("aegis")
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The appliance, in a folder of its own.
struct Appliance {
    folder: tempfile::TempDir,
    page: SocketAddr,
    child: Child,
}

impl Appliance {
    fn start(standin: &StandIn, profile: &str, folder: tempfile::TempDir) -> Self {
        let page = free_port();
        let log = std::fs::File::create(folder.path().join("aegis.log")).unwrap();
        let mut command = Self::command(folder.path(), profile);
        let child = command
            .arg("run")
            .args(folder.path().join("aegis.toml").exists().then_some(["--config", "aegis.toml"]).into_iter().flatten())
            .env("AEGIS_TELEGRAM_TOKEN", TOKEN)
            .env("AEGIS_TELEGRAM_API_URL", standin.api_url())
            .env("AEGIS_WEB_LISTEN", page.to_string())
            .env("AEGIS_MODE", "enforce")
            .env("AEGIS_TELEGRAM_RPS", "0")
            .env("AEGIS_TELEGRAM_GROUP_RPM", "0")
            .env("AEGIS_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        Self { folder, page, child }
    }

    /// The binary in this folder, without the caller's own settings.
    fn command(folder: &Path, profile: &str) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AEGIS_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(folder)
            .env("AEGIS_DATA_DIR", folder.join("data"))
            .env("AEGIS_POLICY_DIR", folder.join("packs"))
            .env("AEGIS_BOARD", profile);
        command
    }

    fn readings(&self) -> Readings {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Readings::fetch(self.page)).unwrap_or_default()
    }

    fn resident(&self) -> Resident {
        resident(Some(self.child.id())).unwrap_or_else(|| panic!("it ended: {}", self.log()))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("aegis.log")).unwrap_or_default()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

fn folder_with(packs: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("packs")).unwrap();
    for (name, text) in packs {
        std::fs::write(folder.path().join("packs").join(name), text).unwrap();
    }
    folder
}

fn pack(id: &str, keyword: &str, score: u16) -> (&'static str, String) {
    let name = if score >= 80 { "promo.toml" } else { "unsure.toml" };
    (
        name,
        format!(
            "[pack]\nid = \"{id}\"\nversion = 1\n\n[[rule]]\nid = \"{id}-words\"\nreason = \"advertising\"\n\
             keywords = [\"{keyword}\"]\nscore = {score}\nactions = [\"delete\", \"ban\"]\n"
        ),
    )
}

fn stand_in(talk: Talk, pace: Pace, latency_ms: u64) -> StandIn {
    let mut script = Script::new(Box::new(talk));
    script.pace = pace;
    script.latency_ms = latency_ms;
    StandIn::start(script, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

fn float(count: u64) -> f64 {
    Duration::from_micros(count).as_secs_f64() * 1_000_000.0
}

fn mib(bytes: u64) -> f64 {
    float(bytes) / 1_048_576.0
}

/// Seconds in which all chats are heard of, and all regulars are known.
const WARM_S: u64 = 240;

/// Bytes and blocks a message, at one a second.
fn flash(profile: &str, seconds: u64) {
    let messages = usize::try_from(WARM_S + seconds).unwrap();
    let talk = Talk { messages, a_second: 1, begun_s: now_s(), members: REGULARS, heavy: false };
    let standin = stand_in(talk, Pace::PerSecond(1), 40);
    let appliance = Appliance::start(&standin, profile, folder_with(&[pack("promo", PHRASE, 100)]));
    // What a start costs, and what is asked about chats that were never heard of, is not a message's.
    std::thread::sleep(Duration::from_secs(WARM_S));
    let before = appliance.readings();
    std::thread::sleep(Duration::from_secs(seconds));
    let after = appliance.readings();
    let count = |name: &str| float(after.get(name) - before.get(name)) / float(seconds);
    let ledger = standin.ledger();
    println!(
        "flash, {profile}, {seconds} messages at one a second, one in ten acted on: {:.0} bytes, {:.3} blocks of 128 KiB, \
         {:.3} syncs, {:.3} commits a message; missed {}, wrong {}",
        count("bytes_written"),
        count("blocks_written"),
        count("syncs"),
        count("commits"),
        ledger.missed(),
        ledger.wrong()
    );
}

/// What redb writes for a commit that changes tables of `rows` rows, each at both ends: it copies pages of 4 KiB.
fn floor(tables: u64, rows: u64) {
    const COMMITS: u64 = 200;
    let file = tempfile::NamedTempFile::new().unwrap();
    let io = Arc::new(IoCount::default());
    let backend = CountedFile::new(file.reopen().unwrap(), Arc::clone(&io)).unwrap();
    let database = redb::Builder::new().set_cache_size(1 << 20).create_with_backend(backend).unwrap();
    let names: Vec<String> = (0..tables).map(|number| format!("table {number}")).collect();
    let mut before = io.read().1;
    for commit in 0..=COMMITS {
        if commit == 1 {
            before = io.read().1;
        }
        let mut txn = database.begin_write().unwrap();
        txn.set_two_phase_commit(true);
        for name in &names {
            let mut table = txn.open_table(redb::TableDefinition::<u64, &[u8]>::new(name)).unwrap();
            let fresh = if commit == 0 { 0..rows } else { rows + commit..rows + commit + 1 };
            for key in fresh {
                table.insert(key, [7; 200].as_slice()).unwrap();
            }
            if commit > 0 {
                table.pop_first().unwrap();
            }
        }
        txn.commit().unwrap();
    }
    println!(
        "{tables} tables of {rows} rows, one more and one less in each: {} bytes a commit",
        (io.read().1 - before) / COMMITS
    );
}

/// A server whose answers begin and never end: each a line of a head that goes on. Counts its calls.
fn endless() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (at, calls) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&calls);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            seen.fetch_add(1, Ordering::Relaxed);
            // As many as the board has connections.
            std::thread::spawn(move || {
                let mut stream = stream;
                let _asked = stream.read(&mut [0; 1024]);
                let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\nx-more: ");
                while sent.is_ok() {
                    sent = stream.write_all(&[b'a'; 4096]);
                }
            });
        }
    });
    (at, calls)
}

/// Everything full at once: the outbox, since Telegram answers slowly; the lane, since the model hangs; the page, which is
/// attacked; packs, settings and lists of ids that are read anew all the while; a hub and four receivers of webhooks whose answers
/// do not end.
fn full(profile: &str, seconds: u64, without: &str) {
    let is_on = |part: &str| !without.split(',').any(|named| named == part);
    let model = ScriptedModel::start(Behaviour::Hangs, &[], Prices::default()).unwrap();
    let shipped = policy::shipped();
    let mut packs: Vec<(&str, String)> =
        shipped.iter().map(|source| (source.file.as_str(), source.text.clone())).collect();
    packs.retain(|(name, _)| *name != "flood.toml");
    packs.extend([pack("promo", PHRASE, 100), pack("unsure", "perhaps an offer", 60)]);
    let folder = folder_with(&packs);
    let mut settings = format!(
        "[ai]\nbase_url = \"{}\"\nmodel = \"scripted\"\nprice_input = \"0\"\nprice_output = \"0\"\n\n[budget]\n\
         calls = 100000\n",
        model.base_url()
    );
    let ends: Vec<_> = (0..5).map(|_| endless()).collect();
    if is_on("hooks") {
        let urls: Vec<_> = ends.iter().skip(1).map(|(at, _)| format!("\"http://{at}/\"")).collect();
        writeln!(settings, "\n[webhooks]\nurls = [{}]\nsecret = \"only-of-this-bench\"", urls.join(", ")).unwrap();
    }
    if is_on("hub") {
        let url = format!("http://{}", ends[0].0);
        writeln!(settings, "\n[cloud]\nurl = \"{url}\"\nbudgets = \"hub\"\npacks = \"hub\"").unwrap();
        let enrolment = Enrolment { url, board: "07".repeat(16), name: "bench".to_owned(), ..Enrolment::default() };
        Home::of(&folder.path().join("data")).keep(&[7; 32], &enrolment).unwrap();
    }
    std::fs::write(folder.path().join("aegis.toml"), settings).unwrap();
    let ids = folder.path().join("ids.txt");
    {
        let mut file = std::io::BufWriter::new(std::fs::File::create(&ids).unwrap());
        for n in 0..5_000_000_u64 {
            writeln!(file, "{}", 5_000_000_000 + n * 3).unwrap();
        }
    }
    let import = || {
        let mut command = Appliance::command(folder.path(), profile);
        let out = command.args(["lists", "import-ids", "many"]).arg(&ids).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    if is_on("ids") {
        import();
    }
    let talk = Talk { messages: 1_000_000, a_second: 100, begun_s: now_s(), members: MEMBERS, heavy: true };
    let standin = stand_in(talk, Pace::AsPolled, 4_000);
    let path = folder.path().to_owned();
    let appliance = Appliance::start(&standin, profile, folder);
    let crowd = is_on("page").then(|| Crowd::at(appliance.page, &path.join("aegis.log")));
    let began = Instant::now();
    let (mut fullest, mut heap, mut turns) = (0, 0, 0_u32);
    // It hears of packs when it is ready, and not before.
    while appliance.readings().get("updates") == 0 && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(100));
    }
    while began.elapsed() < Duration::from_secs(seconds) {
        turns += 1;
        if is_on("reload") {
            let (name, text) = pack("unsure", &format!("perhaps an offer\", \"turn {turns}"), 60);
            std::fs::write(path.join("packs").join(name), text).unwrap();
            appliance.signal(rustix::process::Signal::HUP);
        }
        if turns.is_multiple_of(4) && is_on("ids") {
            let mut command = Appliance::command(&path, profile);
            let _ = command.args(["lists", "import-ids", "many"]).arg(&ids).output();
        }
        std::thread::sleep(Duration::from_secs(1));
        let now = appliance.readings();
        fullest = now.get("outbox_rows").max(fullest);
        heap = now.get("heap_bytes_peak").max(heap);
    }
    let last = appliance.readings();
    let tries = crowd.map_or(0, |crowd| crowd.seen().1);
    let resident = appliance.resident();
    let calls: Vec<_> = ends.iter().map(|(_, calls)| calls.load(Ordering::Relaxed)).collect();
    println!(
        "full, {profile}: resident now {:.1}, at most {:.1} MiB; heap at most {:.1} MiB; promise {:.1} MiB; heap now {:.1}; {fullest} rows in the \
         outbox, {} messages in the lane, {} updates, {} packs put in force, {tries} hostile tries, {} calls of the hub and {} of receivers",
        mib(resident.now),
        mib(resident.peak),
        mib(heap),
        mib(last.get("memory_bytes_max")),
        mib(last.get("heap_bytes")),
        last.get("review_rows"),
        last.get("updates"),
        last.get("policy_reloads"),
        calls[0],
        calls[1..].iter().sum::<usize>(),
    );
    let promise = last.get("memory_bytes_max");
    assert!(promise > 0 && resident.peak <= promise, "{} bytes over the promise of {promise}", resident.peak);
    assert!(!appliance.log().contains("panicked"), "{}", appliance.log());
}

/// Hours in minutes: the slope of what is resident over eight hours, after eight in which bounded tables fill.
fn soak(profile: &str, seconds: u64) {
    const FILLING: usize = 8;
    const HOURS: usize = 16;
    const A_SECOND: usize = 10;
    let an_hour = 3_600 * A_SECOND;
    let messages = HOURS * an_hour;
    let rate = u32::try_from(messages).unwrap() / u32::try_from(seconds).unwrap();
    let talk = Talk { messages, a_second: A_SECOND, begun_s: now_s(), members: MEMBERS, heavy: false };
    let standin = stand_in(talk, Pace::PerSecond(rate), 0);
    let appliance = Appliance::start(&standin, profile, folder_with(&[pack("promo", PHRASE, 100)]));
    let mut points = Vec::new();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let progress = standin.progress();
        let readings = appliance.readings();
        let hours = float(readings.get("updates")) / float(u64::try_from(an_hour).unwrap());
        points.push((hours, float(appliance.resident().now), float(readings.get("heap_bytes"))));
        if progress.released >= messages || points.len() > 10_000 {
            break;
        }
    }
    std::thread::sleep(Duration::from_secs(3));
    let ledger = standin.ledger();
    println!(
        "soak, {profile}: {} messages, missed {}, wrong {}",
        ledger.messages.len(),
        ledger.missed(),
        ledger.wrong()
    );
    for hour in 0..HOURS {
        let within: Vec<_> =
            points.iter().filter(|(at, ..)| *at >= float(hour as u64) && *at < float(hour as u64 + 1)).collect();
        let mean = |pick: fn(&(f64, f64, f64)) -> f64| {
            within.iter().map(|point| pick(point)).sum::<f64>() / within.len() as f64
        };
        println!(
            "  hour {}: resident {:.2} MiB, heap {:.2} MiB",
            hour + 1,
            mean(|p| p.1) / 1_048_576.0,
            mean(|p| p.2) / 1_048_576.0
        );
    }
    let settled: Vec<_> = points.iter().filter(|(at, ..)| *at >= float(FILLING as u64)).collect();
    for (name, pick) in [("resident", (|p| p.1) as fn(&(f64, f64, f64)) -> f64), ("heap", |p| p.2)] {
        let (slope, mean) = line(&settled.iter().map(|point| (point.0, pick(point))).collect::<Vec<_>>());
        println!("  {name}: {:+.3} % an hour over hours {} to {HOURS}", slope / mean * 100.0, FILLING + 1);
    }
}

/// The slope and the mean of points, by least squares.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = float(points.len() as u64);
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (over, under) = points.iter().fold((0.0, 0.0), |(over, under), point| {
        (over + (point.0 - x) * (point.1 - y), under + (point.0 - x) * (point.0 - x))
    });
    (over / under, y)
}

fn main() {
    let (mut mode, mut seconds, mut profile, mut without) = (String::new(), None, None, String::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--flash" | "--floor" | "--full" | "--soak" => mode = argument,
            "--seconds" => seconds = arguments.next().and_then(|given| given.parse().ok()),
            "--without" => without = arguments.next().unwrap_or_default(),
            "--board" => profile = arguments.next(),
            _ => {} // What `cargo bench` itself passes.
        }
    }
    let on = |default: &str| profile.clone().unwrap_or_else(|| default.to_owned());
    match mode.as_str() {
        "--flash" => flash(&on("zero-2-w"), seconds.unwrap_or(300)),
        "--floor" => [(1, 10), (1, 10_000), (2, 10_000), (8, 10_000)]
            .map(|(tables, rows)| floor(tables, rows))
            .into_iter()
            .collect(),
        "--full" => full(&on("zero-2-w"), seconds.unwrap_or(90), &without),
        "--soak" => soak(&on("generic"), seconds.unwrap_or(576)),
        _ => println!("say which: --flash, --floor, --full or --soak"),
    }
}
