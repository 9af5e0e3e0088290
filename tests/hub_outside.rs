//! Packs of a hub, from outside: over a connection whose other end falls silent in the middle of a pack, and with signatures of minisign's
//! own program.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod signer;

use aegis::app::{Reloader, load_policy, rulebook};
use aegis::clock::{Clock, Monotonic, Now, Wall};
use aegis::cloud::{Client, Enrolment, Home, Key};
use aegis::config::{Config, Surroundings};
use aegis::limits;
use aegis::reload::hold;
use aegis::shard::InForce;
use aegis::store::io::IoCount;
use aegis::store::{Keep, Store};
use aegis::sync::packs::{Has, Packs, checked};
use aegis::sync::rows::Board;
use aegis::sync::{Line, Machine, Signing, Turn, step};
use aegis_contract::{BoardId, Chain, Document, Health, PackMode, PackOffer, Receipt, Sources, State, Wishes, routes};
use sha2::{Digest, Sha256};
use signer::{Form, Signer};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BOARD: BoardId = BoardId([7; 16]);
const KEEP: Keep = Keep { decisions: 9, done: 9, dedupe_batches: 9, dead_letters: 4, albums: 9, audit: 5 };
/// Patience with what has to come at once.
const LONG: Duration = Duration::from_secs(60);

fn pack(name: &str) -> Vec<u8> {
    format!(
        "[pack]\nid = \"{name}\"\nversion = 1\n[[rule]]\nid = \"{name}-rule\"\nscore = 90\nreason = \"no\"\nkeywords = [\"{name}\"]\n"
    )
    .into_bytes()
}

fn offer(name: &str) -> PackOffer {
    let text = pack(name);
    let sha256 = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes = u64::try_from(text.len()).unwrap();
    PackOffer { name: name.to_owned(), version: 1, sha256, bytes, mode: PackMode::Enforce, rollback: false }
}

fn config(dir: &Path) -> Config {
    let read = |_: &Path| Ok("[cloud]\nurl = \"https://hub.example\"\npacks = \"hub\"\n".to_owned());
    let zone = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let around = Surroundings { environment: &[], read: &read, zone: &zone };
    let config = Config::load(Some(Path::new("aegis.toml")), &around).unwrap();
    Config { data_dir: dir.to_owned(), ..config }
}

/// A hub that answers by target; of one it says the half and then nothing, as long as it is told to.
struct Hub {
    answers: BTreeMap<String, Vec<u8>>,
    silent_at: String,
    is_silent: AtomicBool,
    /// Told when whoever hung on the half hangs up.
    left: Mutex<Sender<()>>,
}

impl Hub {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let mut asked = Vec::new();
            let mut byte = [0];
            while !asked.ends_with(b"\r\n\r\n") {
                if stream.read(&mut byte)? == 0 {
                    return Ok(());
                }
                asked.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&asked).to_ascii_lowercase();
            let body =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            stream.read_exact(&mut vec![0; body])?;
            let target = head.split(' ').nth(1).unwrap().to_owned();
            let answer = self.answers.get(&target).unwrap_or_else(|| panic!("nobody asks for {target}"));
            write!(stream, "HTTP/1.1 200 OK\r\netag: \"e\"\r\ncontent-length: {}\r\n\r\n", answer.len())?;
            if target == self.silent_at && self.is_silent.load(Ordering::SeqCst) {
                stream.write_all(&answer[..answer.len() / 2])?;
                let _closed = stream.read(&mut byte);
                self.left.lock().unwrap().send(()).unwrap();
                return Ok(());
            }
            stream.write_all(answer)?;
        }
    }

    /// Its address, and what tells that somebody hung up.
    fn begin(answers: BTreeMap<String, Vec<u8>>, silent_at: String) -> (Arc<Self>, String, Receiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, left) = channel();
        let hub = Arc::new(Self { answers, silent_at, is_silent: AtomicBool::new(true), left: Mutex::new(sender) });
        let serving = Arc::clone(&hub);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        (hub, url, left)
    }
}

/// Everything that is asked for, with the packs `slow` and `well`.
fn answers() -> BTreeMap<String, Vec<u8>> {
    let chain = Chain::first(BOARD);
    let state = State { sequence: 0, chain, hub_time_us: 0, edition: 0, decision: 0 };
    let etag = "\"e\"".to_owned();
    let receipt = Receipt { sequence: 0, chain, hub_time_us: 0, wishes_etag: etag, texts_left_out: 0 };
    let text = [("default".to_owned(), false)].into();
    let wishes =
        Wishes { packs: ["slow", "well"].map(offer).to_vec(), sources: Sources::default(), text, ..Wishes::default() };
    let mut answers: BTreeMap<String, Vec<u8>> = [
        (routes::STATE.to_owned(), state.bytes()),
        (routes::WISHES.to_owned(), wishes.bytes()),
        (routes::PUSH.to_owned(), receipt.bytes()),
    ]
    .into();
    for name in ["slow", "well"] {
        let comment = format!("aegis-pack name={name} version=1");
        let signature = Signer::new(7).sign(&pack(name), &comment, Form::Hashed);
        answers.insert(routes::pack_signature(name, 1), signature.into_bytes());
        answers.insert(routes::pack(name, 1), pack(name));
    }
    answers
}

#[test]
fn a_hub_that_falls_silent_within_a_pack_is_left_after_its_time_and_all_else_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let enrolment = Enrolment { pack_key: Signer::new(7).public(), ..Enrolment::default() };
    Home::of(dir.path()).keep(&[1; 32], &enrolment).unwrap();
    let config = config(dir.path());
    let in_force = InForce::new(Arc::new(rulebook(&config, load_policy(&config).unwrap())));
    let reloader = Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0));
    let reloader = Arc::new(Mutex::new(reloader));
    let (hub, url, left) = Hub::begin(answers(), routes::pack("slow", 1));
    let store = Store::open(dir.path(), 1 << 20, KEEP, &Arc::new(IoCount::default()), Wall(1)).unwrap().0;
    let (snapshots, tenants, book) = (store.snapshots(), ["default".to_owned()].into(), in_force.now());
    let board = Board {
        snapshots: &snapshots,
        book: &book,
        cloud: config.cloud.as_ref().unwrap(),
        tenants: &tenants,
        health: Health::default(),
        budgets: &[],
    };
    let (client, key) = (Client::new(&url, None).unwrap(), Key::of_seed(&[1; 32]).unwrap());
    let (signing, clock) = (Signing::default(), Clock::start());
    let mut line = Line { client: &client, board: "b", key: &key, signing: &signing, clock: &clock };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut machine = Machine::new(&BOARD.to_string(), Chain::first(BOARD), None, None);
    let at = |ms: u64| Now { mono: Monotonic(ms), wall: Wall(1_800_000_000_000 + ms) };
    // A round, until it rests: how far the hub is, its wishes, a push.
    let round = |machine: &mut Machine, line: &mut Line<'_>, now: Now| {
        let mut offers = Vec::new();
        while !matches!(machine.turn(now), Turn::Rest(_)) {
            let done = runtime.block_on(step(machine, line, &board, now, 0)).unwrap();
            assert_eq!(done.failure, None);
            offers.extend(done.wishes.into_iter().flat_map(|wishes| wishes.packs));
        }
        offers
    };
    let offers = round(&mut machine, &mut line, at(1));
    assert_eq!(offers.len(), 2);
    let (mut packs, pinned) = (Packs::default(), Signer::new(7).public());
    let version = in_force.now().policy.version;
    let turn = |packs: &mut Packs, line: &mut Line<'_>, now: Now| {
        let place = (&reloader, &in_force, pinned.as_str());
        runtime.block_on(packs.turn(line, &offers, place, now, 0));
        let has = in_force.now().policy.hub_packs().iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        (has, packs.troubles(in_force.now().policy.hub_packs()).join("\n"))
    };
    let (has, troubles) = turn(&mut packs, &mut line, at(2));
    assert_eq!((has.len(), in_force.now().policy.version), (0, version), "nothing is believed");
    let says =
        format!("Pack slow: the hub cannot be reached: no whole answer within {} s", limits::CLOUD_CALL_MS / 1_000);
    assert_eq!(troubles, says);
    assert!(!dir.path().join("hub-packs").exists());
    // The turn to ask is free again, the next round is as ever, and with it the connection is given up.
    assert!(signing.try_lock().is_ok());
    assert_eq!(round(&mut machine, &mut line, at(limits::CLOUD_TURN_MS + 1)), []);
    assert_eq!((machine.standing().failures, machine.standing().trouble.clone()), (0, None));
    left.recv_timeout(LONG).expect("who fell silent is hung up on");
    // The other one does not wait behind it; nor does it itself, once the hub is well.
    let later = limits::CLOUD_TURN_MS + limits::CLOUD_PAUSE_MS;
    let (has, troubles) = turn(&mut packs, &mut line, at(later));
    assert_eq!((has, troubles), (vec!["well".to_owned()], says));
    hub.is_silent.store(false, Ordering::SeqCst);
    let (has, troubles) = turn(&mut packs, &mut line, at(later + limits::CLOUD_PAUSE_MS_MAX));
    assert_eq!((has, troubles), (vec!["slow".to_owned(), "well".to_owned()], String::new()));
}

/// Runs minisign in a folder; what it says.
fn minisign(dir: &Path, words: &[&str]) -> Result<String, String> {
    let ran = Command::new("minisign").current_dir(dir).args(words).output();
    let ran = ran.expect("minisign is here: Debian's package minisign has it");
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    if ran.status.success() { Ok(said) } else { Err(said) }
}

#[test]
#[ignore = "needs minisign; tests/run has it"]
fn a_pack_that_minisign_signed_judges_and_minisign_believes_what_these_tests_sign() {
    let (dir, signing) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = signing.path();
    minisign(place, &["-G", "-W", "-p", "key.pub", "-s", "key.sec"]).unwrap();
    let text = pack("scam");
    std::fs::write(place.join("scam.toml"), &text).unwrap();
    let pinned = std::fs::read_to_string(place.join("key.pub")).unwrap().lines().nth(1).unwrap().to_owned();
    let comment = "aegis-pack name=scam version=1";
    // Hashed before, which it does by itself, and whole.
    for form in [&["-S"][..], &["-S", "-l"]] {
        minisign(place, &[form, &["-s", "key.sec", "-m", "scam.toml", "-t", comment]].concat()).unwrap();
        let signature = std::fs::read(place.join("scam.toml.minisig")).unwrap();
        let kept = checked(&offer("scam"), Has::None, text.clone(), &signature, &pinned, 5).unwrap();
        let other = checked(&offer("scam"), Has::None, text.clone(), &signature, &Signer::new(7).public(), 5);
        assert!(other.is_err_and(|why| why.contains("another key")));
        // In a board of its own it is in force, and at the next start.
        let data = dir.path().join(form.len().to_string());
        std::fs::create_dir(&data).unwrap();
        Home::of(&data).keep(&[1; 32], &Enrolment { pack_key: pinned.clone(), ..Enrolment::default() }).unwrap();
        let config = config(&data);
        let in_force = InForce::new(Arc::new(rulebook(&config, load_policy(&config).unwrap())));
        let reloader = Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0));
        hold(&Arc::new(Mutex::new(reloader))).take_of_hub(Some(kept)).unwrap();
        for policy in [&in_force.now().policy, &load_policy(&config).unwrap()] {
            assert!(policy.hub_packs().len() == 1 && policy.hub_packs()[0].judges(), "{:?}", policy.hub_packs());
        }
    }
    // The other way, and neither believes a byte that turned or another comment.
    let ours = Signer::new(7);
    let mut turned = text.clone();
    turned[30] ^= 1;
    for form in [Form::Hashed, Form::Whole] {
        let signature = ours.sign(&text, comment, form);
        let renamed = signature.replace("version=1", "version=2");
        for (text, signature, holds) in
            [(&text, &signature, true), (&turned, &signature, false), (&text, &renamed, false)]
        {
            std::fs::write(place.join("scam.toml"), text).unwrap();
            std::fs::write(place.join("scam.toml.minisig"), signature).unwrap();
            let said = minisign(place, &["-V", "-P", &ours.public(), "-m", "scam.toml"]);
            assert_eq!(said.is_ok(), holds, "{said:?}");
            assert!(!holds || said.unwrap().contains(comment));
            let here = checked(&offer("scam"), Has::None, text.clone(), signature.as_bytes(), &ours.public(), 5);
            assert_eq!(here.is_ok(), holds, "{here:?}");
        }
    }
}
