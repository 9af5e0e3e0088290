//! The pipeline in process, durable, without HTTP: updates as Telegram sends them are read, judged, settled and
//! committed to a real file; what is promised is carried out by calls that succeed at once, and confirmed. A quarter of
//! the messages are acted on, by a deletion and a ban, under a pack with 10,000 keywords.
//!
//!     cargo bench --bench pipeline
//!
//! The second figure is the same with a sync that takes 10 ms.

#![allow(clippy::unwrap_used, clippy::panic, clippy::as_conversions)] // A bench that cannot go on stops.

use aegis::chats::ChatBook;
use aegis::clock::{Clock, Now};
use aegis::counters::Counters;
use aegis::decide::ChatRules;
use aegis::dispatch::outbox::{Next, Outbox, Pace};
use aegis::ingest::Ingest;
use aegis::message::UserId;
use aegis::policy::{PackSource, Scratch, compile};
use aegis::shard::{Rulebook, judge};
use aegis::store::io::{CountedFile, IoCount};
use aegis::store::wal::{Room, Wal};
use aegis::store::{Keep, Store, Tick};
use aegis::telegram::{Admin, Reply, Request, update};
use aegis::tenant::Tenants;
use aegis::verdict::{Mode, Thresholds};
use redb::StorageBackend;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

const OWN: UserId = UserId(4242);
const BATCH: usize = 100;
const KEYWORDS: usize = 10_000;

/// A file whose syncs take as long as told, at least.
#[derive(Debug)]
struct SlowFile {
    file: CountedFile,
    sync: Duration,
}

impl StorageBackend for SlowFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let started = Instant::now();
        self.file.sync_data()?;
        std::thread::sleep(self.sync.saturating_sub(started.elapsed()));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }
}

fn word(mut seed: usize) -> String {
    const PARTS: [&str; 16] =
        ["ba", "ko", "ri", "ten", "mu", "sol", "va", "chi", "dre", "lun", "po", "gra", "zi", "fen", "ha", "quo"];
    let mut word = String::new();
    for _ in 0..4 {
        word.push_str(PARTS.get(seed % 16).unwrap());
        seed /= 16;
    }
    word
}

fn rulebook() -> Rulebook {
    let list: String = (0..KEYWORDS).map(|n| format!("{} offer\n", word(n))).collect();
    let text = "[pack]\nid = \"promo\"\nversion = 1\n\n[[rule]]\nid = \"promo-phrases\"\nreason = \"advertising\"\n\
                keywords_file = \"phrases.txt\"\nscore = 100\nactions = [\"delete\", \"ban\"]\n";
    let source = PackSource { file: "promo.toml".into(), text: text.into(), lists: vec![("phrases.txt".into(), list)] };
    let rules = ChatRules { mode: Mode::Enforce, thresholds: Thresholds::default(), ..ChatRules::default() };
    Rulebook::new(compile(&[source]).unwrap(), Tenants::with_rules(rules))
}

fn updates(messages: usize) -> Vec<String> {
    (0..messages)
        .map(|n| {
            let text = if n % 4 == 3 {
                format!("Hello all, {} offer, write to me, number {n}", word(n % KEYWORDS))
            } else {
                format!("The meeting of the gardeners is on day {n}, bring a spade and something to eat")
            };
            let chat = -1_001_000_000_000_i64 - (n % 10) as i64;
            format!(
                "{{\"update_id\":{},\"message\":{{\"message_id\":{},\"date\":1760000000,\"chat\":{{\"id\":{chat},\"type\":\
                 \"supergroup\",\"title\":\"Garden\"}},\"from\":{{\"id\":{},\"is_bot\":false,\"first_name\":\"Kim\"}},\
                 \"text\":\"{text}\"}}}}",
                n + 1,
                n + 1,
                6_000_000_000_u64 + n as u64
            )
        })
        .collect()
}

/// One round: messages a second, syncs and bytes a message.
fn round(rulebook: &Rulebook, updates: &[String], sync: Duration) -> (f64, f64, f64) {
    let dir = tempfile::tempdir().unwrap();
    let count = Arc::new(IoCount::default());
    let options = || std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
    let part = |name: &str| {
        let file = options().open(dir.path().join(name)).unwrap();
        SlowFile { file: CountedFile::new(file, Arc::clone(&count)).unwrap(), sync }
    };
    let file = Wal::new(part("journal.redb"), part("journal.redb-wal"), Room::default());
    let keep =
        Keep { decisions: 50_000, done: 20_000, dedupe_batches: 4_096, dead_letters: 100, albums: 256, audit: 100 };
    let mut store = Store::on_backend(file, 4 << 20, keep).unwrap();
    let counters = Arc::new(Counters::default());
    let mut ingest = Ingest::new(store.snapshots(), OWN, 25_600, Arc::clone(&counters)).unwrap();
    let mut book = ChatBook::default();
    let pace = Pace { requests_per_second: 0, group_messages_per_minute: 0, calls_in_flight: 8 };
    let mut outbox = Outbox::new(pace, OWN, counters);
    let (clock, mut scratch, mut riders) = (Clock::start(), Scratch::default(), Tick::default());
    let before = count.read();
    let started = Instant::now();
    for batch in updates.chunks(BATCH) {
        let now = clock.now();
        let incoming = batch.iter().filter_map(|json| update::read(json)).collect();
        let mut admitted = ingest.admit(incoming, &mut book, rulebook, now).unwrap();
        let judged = admitted.arrivals.iter().map(|arrival| judge(rulebook, &arrival.message, &mut scratch)).collect();
        let mut tick = ingest.settle(&admitted.arrivals, judged, rulebook, &mut book, now).unwrap();
        tick.absorb(std::mem::take(&mut admitted.tick));
        let ticks = [tick, std::mem::take(&mut riders)];
        for committed in store.commit(&ticks, now.wall).unwrap() {
            riders.absorb(outbox.push(committed.accepted, &book, now));
        }
        carry_out(&mut outbox, &mut book, now, &mut riders);
    }
    assert_eq!(outbox.rows(), 0);
    store.commit(&[riders], clock.now().wall).unwrap();
    let took = started.elapsed().as_secs_f64();
    assert_eq!(store.snapshots().outbox().unwrap(), Vec::new(), "everything is confirmed");
    let after = count.read();
    let messages = updates.len() as f64;
    (messages / took, (after.0 - before.0) as f64 / messages, (after.1 - before.1) as f64 / messages)
}

fn carry_out(outbox: &mut Outbox, book: &mut ChatBook, now: Now, riders: &mut Tick) {
    loop {
        match outbox.next(now, book) {
            Next::Call(ticket, request) => {
                let reply = match request {
                    Request::Administrators { .. } => Reply::Administrators(vec![Admin {
                        user: OWN,
                        may_delete: true,
                        may_restrict: true,
                        ..Admin::default()
                    }]),
                    _ => Reply::Done,
                };
                riders.absorb(outbox.answered(ticket, Ok(reply), now, 1, book));
            }
            Next::Commit(tick) => riders.absorb(*tick),
            Next::Wait(_) => return,
        }
    }
}

fn report(name: &str, rulebook: &Rulebook, updates: &[String], sync: Duration, rounds: usize) {
    let mut results: Vec<_> = (0..rounds).map(|_| round(rulebook, updates, sync)).collect();
    results.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (messages_s, syncs, bytes) = *results.get(rounds / 2).unwrap();
    println!("{name:<22} {messages_s:>8.0} messages/s  {syncs:.3} syncs and {bytes:.0} bytes a message");
}

fn main() {
    let rulebook = rulebook();
    let updates = updates(20_000);
    println!(
        "{KEYWORDS} keywords, {} bytes compiled; batches of {BATCH}; median of the rounds",
        rulebook.policy.bytes()
    );
    report("this machine's storage", &rulebook, &updates, Duration::ZERO, 5);
    report("10 ms a sync", &rulebook, updates.get(..2_000).unwrap(), Duration::from_millis(10), 3);
}
