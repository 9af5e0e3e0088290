//! What the program tells systemd: ready when it polls or waits for its token, alive while its parts move, closing; and that
//! nothing is moderated before the clock is set.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::app::{self, Process};
use aegis::clock::{Clock, Wall};
use aegis::config::Config;
use aegis::counters::Counters;
use aegis::fence::Fence;
use aegis::journal::{self, CommitPace};
use aegis::progress::{Vigil, moving, parts};
use aegis::secret::Secret;
use aegis::store::io::IoCount;
use aegis::store::wal::{Room, Wal};
use aegis::store::{Keep, Store, Tick};
use aegis::systemd::Notify;
use board::{Board, LONG, Signal, TOKEN, play, script};
use redb::StorageBackend;
use redb::backends::InMemoryBackend;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// Who listens, in the place of systemd.
struct Ear(UnixDatagram);

impl Ear {
    fn new(socket: UnixDatagram) -> Self {
        socket.set_read_timeout(Some(LONG)).unwrap();
        Self(socket)
    }

    /// Waits for a word that holds this; returns all that was heard until then.
    #[track_caller]
    fn hear(&self, words: &str) -> Vec<String> {
        let mut all = Vec::new();
        while !all.iter().any(|heard: &String| heard.contains(words)) {
            let mut text = [0; 1_024];
            let bytes = self.0.recv(&mut text).unwrap_or_else(|error| panic!("{words:?}: {error}; heard {all:?}"));
            all.push(String::from_utf8(text[..bytes].to_vec()).unwrap());
        }
        all
    }
}

/// A board whose manager wants to hear of it every third of a second.
fn watched(board: &mut Board, address: &str) {
    board.set("NOTIFY_SOCKET", address);
    board.set("WATCHDOG_USEC", "300000");
}

#[test]
fn the_manager_hears_ready_alive_and_closing() {
    let standin = play(script(4));
    let mut board = Board::new(&standin);
    let ear = Ear::new(UnixDatagram::bind(board.path("notify")).unwrap());
    let address = board.path("notify").display().to_string();
    watched(&mut board, &address);
    let life = board.run(&[]);
    let before = ear.hear("READY=1");
    assert!(before.iter().all(|heard| !heard.contains("STOPPING")), "{before:?}");
    ear.hear("WATCHDOG=1");
    ear.hear("WATCHDOG=1");
    assert!(life.ended(LONG, Signal::Term).is_some_and(|status| status.success()), "{}", board.log());
    let last = ear.hear("STOPPING=1");
    assert!(last.iter().all(|heard| !heard.contains("READY=1")), "ready is said once: {last:?}");
}

#[test]
fn the_first_run_is_ready_when_its_page_waits_and_an_abstract_name_is_heard_from_behind_the_fence() {
    let mut board = Board::at("http://127.0.0.1:9".to_owned(), "");
    board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
    let name = format!("aegis-vigil-{}", std::process::id());
    let ear = Ear::new(UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap());
    watched(&mut board, &format!("@{name}"));
    let _life = board.run(&[]);
    let heard = ear.hear("READY=1");
    assert!(
        heard.iter().any(|line| line.contains("STATUS=enforce, setup, 0 actions wait. There is no bot token yet.")),
        "{heard:?}"
    );
}

/// The time that the wall clock of the test below shows, milliseconds.
static WALL_MS: AtomicU64 = AtomicU64::new(0);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_polled_before_the_clock_is_set() {
    let standin = play(script(4));
    let folder = tempfile::tempdir().unwrap();
    let ear = Ear::new(UnixDatagram::bind(folder.path().join("notify")).unwrap());
    let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
    config.telegram.token = Some(Secret::new(TOKEN.to_owned()));
    config.telegram.api_url = standin.api_url();
    config.web.listen = None;
    let address = folder.path().join("notify");
    let manager = Notify::named(Some(address.as_os_str()), Some("300000".as_ref()), None, 1);
    let process = Process { heap: || 0, fence: Some(Fence::Off), manager };
    let counters: Arc<Counters> = Arc::default();
    let clock = Clock::with_wall(|| Wall(WALL_MS.load(Ordering::Relaxed)));
    let running = app::start_as(process, config, None, clock, Arc::clone(&counters)).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let life = tokio::spawn(running.until(async move { drop(stopped.await) }));
    let heard = tokio::task::spawn_blocking(move || {
        let waits = ear.hear("EXTEND_TIMEOUT_USEC");
        let again = ear.hear("EXTEND_TIMEOUT_USEC");
        (waits.into_iter().chain(again).collect::<Vec<_>>(), ear)
    });
    let (heard, ear) = heard.await.unwrap();
    assert!(heard.iter().all(|line| !line.contains("READY=1")), "{heard:?}");
    assert!(heard.iter().any(|line| line.contains("the clock is not set")), "{heard:?}");
    assert_eq!((counters.polls.get(), standin.ledger().calls.len()), (0, 0), "nobody was asked for anything");
    WALL_MS.store(1_795_642_800_000, Ordering::Relaxed);
    tokio::task::spawn_blocking(move || drop(ear.hear("READY=1"))).await.unwrap();
    assert!(standin.wait_until(LONG, |town| town.is_drained()).await, "{:?}", standin.progress());
    drop(stop);
    life.await.unwrap().unwrap();
}

/// A medium whose syncs hang for as long as somebody holds its door.
#[derive(Clone, Debug)]
struct Hanging {
    inner: Arc<InMemoryBackend>,
    door: Arc<(Mutex<Door>, Condvar)>,
}

#[derive(Debug, Default)]
struct Door {
    is_shut: bool,
    hangs: bool,
}

impl StorageBackend for Hanging {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        let (door, moved) = &*self.door;
        let mut door = door.lock().unwrap();
        door.hangs = door.is_shut;
        moved.notify_all();
        let mut door = moved.wait_while(door, |door| door.is_shut).unwrap();
        door.hangs = false;
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.inner.write(offset, data)
    }
}

#[tokio::test]
async fn a_journal_whose_medium_hangs_is_not_fed_for_although_all_else_turns() {
    let door: Arc<(Mutex<Door>, Condvar)> = Arc::default();
    let part = || Hanging { inner: Arc::new(InMemoryBackend::new()), door: Arc::clone(&door) };
    let medium = Wal::new(part(), part(), Room::default());
    let keep = Keep { decisions: 10, done: 10, dedupe_batches: 10, dead_letters: 10, albums: 10, audit: 10 };
    let store = Store::on_backend(medium, 1 << 20, keep).unwrap();
    let (counters, clock): (Arc<Counters>, _) = (Arc::default(), Clock::start());
    let pace = CommitPace { burst: 100, per_second: 0, settled_ms: 250 };
    let (gone, _gone) = tokio::sync::oneshot::channel();
    let (journal, writer) =
        journal::start(store, pace, clock.clone(), Arc::new(IoCount::default()), Arc::clone(&counters), gone).unwrap();
    let tick = || Tick {
        audit: vec![aegis::store::records::Audit { at: Wall(1), who: "x".to_owned(), what: "y".to_owned() }],
        ..Tick::default()
    };
    journal.commit(tick()).await.unwrap();
    let mut vigil = Vigil::default();
    let now = clock.now().mono;
    // Poller and dispatcher move, now and for ever.
    counters.poll_due_ms.set(u64::MAX);
    counters.dispatch_due_ms.set(u64::MAX);
    assert!(vigil.turn(&parts(&counters), false, now, "well").contains(&"WATCHDOG=1".to_owned()));

    door.0.lock().unwrap().is_shut = true;
    let hanging = tokio::spawn({
        let journal = journal.clone();
        async move { journal.commit(tick()).await }
    });
    tokio::task::spawn_blocking({
        let door = Arc::clone(&door);
        move || drop(door.1.wait_while(door.0.lock().unwrap(), |door| !door.hangs).unwrap())
    })
    .await
    .unwrap();
    let due = parts(&counters)[1].due;
    assert!(
        vigil.turn(&parts(&counters), false, due, "well").contains(&"WATCHDOG=1".to_owned()),
        "it may take so long"
    );
    let late = due.plus_ms(1);
    let told = vigil.turn(&parts(&counters), false, late, "well");
    assert_eq!(told, ["STATUS=the journal has not moved for 1 s longer than it may take"]);
    assert_eq!(vigil.newly_stuck().map(|stuck| stuck.name), Some("journal"));

    {
        let mut shut = door.0.lock().unwrap();
        shut.is_shut = false;
        door.1.notify_all();
    }
    hanging.await.unwrap().unwrap();
    assert!(moving(&parts(&counters), clock.now().mono).is_ok(), "it moves again");
    drop(journal);
    writer.join().unwrap();
}
