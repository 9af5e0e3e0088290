//! A raid on one group beside the ordinary life of others: 5,000 joins and 20,000 messages in a minute, against the scripted
//! Bot API with Telegram's own limits (30 calls a second, 20 messages a minute to a group, `retry_after`).
//!
//! The same life of the other groups is played once without the raid and once with it, by the release binary as a process of
//! its own; the stand-in's ledger gives all times.
//!
//!     cargo build --release && cargo bench --bench raid
//!     cargo bench --bench raid -- --seconds 10        a shorter one, of the same density
//!
//! `AEGIS_BIN` names another binary than `target/release/aegis`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A bench that cannot go on stops.

use aegis::demo::ledger::{Ledger, permille};
use aegis::demo::readings::{Readings, Resident, resident};
use aegis::demo::real_limits::RealLimits;
use aegis::demo::script::{Expected, Pace, Script, Scripted, TOKEN};
use aegis::demo::standin::StandIn;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RAIDED: i64 = -1_001_000_000_000;
const ADMINS: i64 = -1_009_000_000_000;
const FIRST_RAIDER: i64 = 7_000_000_000;
const OTHER_GROUPS: i64 = 20;
/// Of a second of the raid.
const JOINS: i64 = 84;
const MESSAGES: i64 = 334;
/// Of a second in all other groups together: every third is unwanted, so that what they need is a fifth of what Telegram allows.
const OTHERS: i64 = 9;
/// Of a second in the raided group: its own members go on talking.
const MEMBERS: i64 = 3;
const LATENCY_MS: u64 = 40;

/// Seconds since 1970 by this machine's clock: what is dated long ago waited through an outage, and is no raid.
fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A text message of now.
fn said(chat: i64, message: i64, user: i64, text: &str, now_s: u64, expected: Expected) -> Scripted {
    let post = json!({"message": {
        "message_id": message, "date": now_s, "chat": {"id": chat, "type": "supergroup", "title": "Market"},
        "from": {"id": user, "is_bot": false, "first_name": "Kim"}, "text": text,
    }});
    Scripted::from_update(&post, expected).unwrap()
}

fn joined(user: i64) -> Scripted {
    let person = json!({"id": user, "is_bot": false, "first_name": format!("Guest {user}")});
    let change = json!({"chat_member": {
        "chat": {"id": RAIDED, "type": "supergroup", "title": "Market"}, "from": person, "date": 1_760_000_000,
        "old_chat_member": {"status": "left", "user": person}, "new_chat_member": {"status": "member", "user": person},
    }});
    Scripted::from_update(&change, Expected::Stay).unwrap()
}

/// Seconds of quiet words in every group before anything happens, so that all groups are known.
const WARM_S: i64 = 6;

/// What happens, second by second.
fn play(seconds: i64, with_raid: bool) -> Vec<Scripted> {
    let dated_s = now_s();
    let a_second = OTHERS + if with_raid { JOINS + MESSAGES + MEMBERS } else { 0 };
    let greeting = |n: i64| {
        let group = RAIDED - n % (OTHER_GROUPS + 1);
        said(group, 10_000_000 + n, 4_000_000_000 + n, "good morning to all of you", dated_s, Expected::Stay)
    };
    let mut all: Vec<Scripted> = (0..WARM_S * a_second).map(greeting).collect();
    let (mut message, mut raider, mut words) = (10, 0, 0);
    for second in 0..seconds {
        let mut now = Vec::new();
        if with_raid {
            for _ in 0..JOINS {
                now.push(joined(FIRST_RAIDER + raider));
                raider += 1;
            }
            for _ in 0..MESSAGES {
                // Each account writes a few times, each time something else.
                let user = FIRST_RAIDER + words % raider;
                words += 1;
                message += 1;
                let text = format!("Quick riches club is open, guest {words}: join the quick riches club today");
                now.push(said(
                    RAIDED,
                    message,
                    user,
                    &text,
                    dated_s + u64::try_from(second).unwrap(),
                    Expected::RemoveAndBan,
                ));
            }
            for member in 0..MEMBERS {
                message += 1;
                let text =
                    format!("What is going on here today, number {second} of the neighbours, does somebody know?");
                now.push(said(RAIDED, message, 6_000_000_000 + member, &text, dated_s, Expected::Stay));
            }
        }
        for n in 0..OTHERS {
            let number = second * OTHERS + n;
            let chat = -1_001_000_000_001 - number % OTHER_GROUPS;
            let user = 5_000_000_000 + number;
            let (text, expected) = if number % 3 == 0 {
                (format!("Quick riches club number {number}, write to me"), Expected::RemoveAndBan)
            } else {
                (format!("The meeting of the gardeners is on day {number}, bring a spade"), Expected::Stay)
            };
            // Spread over the second, as they come.
            let place = now.len() * usize::try_from(n).unwrap() / usize::try_from(OTHERS).unwrap();
            now.insert(place.min(now.len()), said(chat, number + 1, user, &text, dated_s, expected));
        }
        all.extend(now);
    }
    all
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn aegis_binary() -> PathBuf {
    if let Some(named) = std::env::var_os("AEGIS_BIN") {
        return named.into();
    }
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(Path::parent).unwrap().join("aegis")
}

const PACK: &str = "[pack]\nid = \"promo\"\nversion = 1\n\n[[rule]]\nid = \"promo-phrases\"\nreason = \"advertising\"\n\
                    keywords = [\"quick riches club\"]\nscore = 100\nactions = [\"delete\", \"ban\"]\n";

fn spawn(api_url: &str, folder: &Path, page: SocketAddr) -> Child {
    std::fs::create_dir_all(folder.join("policies")).unwrap();
    std::fs::write(folder.join("policies/promo.toml"), PACK).unwrap();
    std::fs::write(folder.join("aegis.toml"), format!("[review]\nadmin_chat = \"{ADMINS}\"\n")).unwrap();
    let log = std::fs::File::create(folder.join("aegis.log")).unwrap();
    let mut command = Command::new(aegis_binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AEGIS_") {
            command.env_remove(name);
        }
    }
    command
        .args(["run", "--config", "aegis.toml"])
        .current_dir(folder)
        .env("AEGIS_TELEGRAM_TOKEN", TOKEN)
        .env("AEGIS_TELEGRAM_API_URL", api_url)
        .env("AEGIS_DATA_DIR", folder.join("data"))
        .env("AEGIS_POLICY_DIR", folder.join("policies"))
        .env("AEGIS_WEB_LISTEN", page.to_string())
        .env("AEGIS_MODE", "enforce")
        .env("AEGIS_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{error}; build it with `cargo build --release`"))
}

/// What one play came to.
struct Outcome {
    ledger: Ledger,
    resident: Resident,
    readings: Readings,
    took: Duration,
}

fn run(seconds: i64, with_raid: bool) -> Outcome {
    let updates = play(seconds, with_raid);
    let unwanted = updates.iter().filter(|update| update.expected == Expected::RemoveAndBan).count();
    let a_second = u32::try_from(updates.len()).unwrap() / u32::try_from(seconds + WARM_S).unwrap();
    let mut script = Script::new(Box::new(updates));
    script.latency_ms = LATENCY_MS;
    script.pace = Pace::PerSecond(a_second);
    script.limits = Some(RealLimits::default());
    let standin = StandIn::start(script, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let page = free_port();
    let mut child = spawn(&standin.api_url(), folder.path(), page);
    let began = Instant::now();
    let patience = Duration::from_secs(u64::try_from(seconds).unwrap() * 8 + 60);
    let is_done = || {
        standin.with_town(|town| {
            let ledger = town.ledger();
            ledger.deleted >= unwanted && ledger.drained_us.is_some() && ledger.missed() == 0
        })
    };
    while !is_done() && began.elapsed() < patience && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(200));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let readings = runtime.block_on(Readings::fetch(page)).unwrap_or_default();
    let resident = resident(Some(child.id())).unwrap_or_default();
    let took = began.elapsed();
    let _ = child.kill();
    let _ = child.wait();
    print!("{}", std::fs::read_to_string(folder.path().join("aegis.log")).unwrap_or_default());
    Outcome { ledger: standin.ledger(), resident, readings, took }
}

/// From served to deleted, in the groups that nobody raids, microseconds in order.
fn waits(ledger: &Ledger) -> Vec<u64> {
    let others = ledger.messages.iter().filter(|message| message.chat != RAIDED);
    let mut waits: Vec<u64> =
        others.filter_map(|message| Some(message.deleted_us?.saturating_sub(message.served_us))).collect();
    waits.sort_unstable();
    waits
}

fn ms(us: Option<u64>) -> f64 {
    us.map_or(f64::NAN, |us| Duration::from_micros(us).as_secs_f64() * 1_000.0)
}

fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

fn tell(name: &str, outcome: &Outcome) -> f64 {
    let ledger = &outcome.ledger;
    let waits = waits(ledger);
    let p99 = ms(permille(&waits, 990));
    println!(
        "{name:<12} took {:>5.0} s  deleted {} banned {}  missed {} wrong {}  other groups: {} actions, p50 {:.1} ms \
         p99 {p99:.1} ms  notices {}  calls over limits {}  early {}  resident peak {} MiB of {} promised  calls {:?}",
        outcome.took.as_secs_f64(),
        ledger.deleted,
        ledger.banned,
        ledger.missed(),
        ledger.wrong(),
        waits.len(),
        ms(permille(&waits, 500)),
        ledger.notices.iter().filter(|notice| notice.chat == ADMINS).count(),
        ledger.over_limits,
        ledger.early.len(),
        mib(outcome.resident.peak),
        mib(outcome.readings.get("memory_bytes_max")),
        ledger.calls,
    );
    p99
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let seconds = words.iter().position(|word| word == "--seconds").and_then(|at| words.get(at + 1));
    let seconds = seconds.map_or(60, |word| word.parse().expect("a number of seconds"));
    if words.iter().any(|word| word == "--test") {
        return;
    }
    println!(
        "{} joins and {} messages in {seconds} s, beside {OTHER_GROUPS} groups; a call takes {LATENCY_MS} ms",
        JOINS * seconds,
        MESSAGES * seconds
    );
    let quiet = tell("no raid", &run(seconds, false));
    let raid = run(seconds, true);
    let beside = tell("raid", &raid);
    println!("p99 of the other groups beside the raid: {:.2} of the same without it", beside / quiet);
    let notices = raid.ledger.notices.iter().filter(|notice| notice.chat == ADMINS).count();
    assert_eq!((raid.ledger.missed(), raid.ledger.wrong()), (0, 0), "missed, wrong");
    assert!(notices <= 20, "{notices} notices");
    assert_eq!((raid.ledger.over_limits, raid.ledger.early.len()), (0, 0), "calls over a limit, or in a pause");
    assert!(raid.resident.peak <= raid.readings.get("memory_bytes_max"), "more memory than was promised");
    assert!(beside <= quiet * 1.2, "other groups wait longer");
}
