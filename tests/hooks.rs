//! Webhooks and signed calls, with the real binary, receivers on loopback, and the runbook's own scripts.
//!
//! Promises: an event is told at least once, signed, and without a text; a receiver that hangs holds nobody up; a key asks what its
//! role may ask, and leaves its name in the audit log.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;
#[path = "contract/client.rs"]
mod client;
#[path = "contract/house.rs"]
mod house;

use aegis::signed::{Credentials, SCHEME};
use board::{Board, LONG};
use house::{CHESS, GARDEN, House, spam};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, mpsc};

const SECRET: &str = "a-secret-for-this-test-alone";
const OLD: &str = "the-one-before-it-of-this-test";

/// A call as a receiver got it.
#[derive(Clone, Debug)]
struct Got {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("no {name}: {self:?}")).1
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A receiver that answers each call with the status it is set to; 0 for never.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    got: mpsc::Receiver<Got>,
}

impl Receiver {
    fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(status));
        let (sender, got) = mpsc::sync_channel(4_096);
        let told = Arc::clone(&status);
        // Ends with the test's process.
        std::thread::spawn(move || {
            let held = Arc::new(Mutex::new(Vec::new()));
            for stream in listener.incoming().flatten() {
                let (sender, status, held) = (sender.clone(), Arc::clone(&told), Arc::clone(&held));
                std::thread::spawn(move || serve(stream, &sender, &status, &held));
            }
        });
        Self { url, status, got }
    }

    #[track_caller]
    fn next(&self) -> Got {
        self.got.recv_timeout(LONG).expect("nothing was told")
    }

    /// The next of a kind.
    #[track_caller]
    fn next_of(&self, kind: &str) -> Got {
        loop {
            let got = self.next();
            if got.header("Aegis-Event") == kind {
                return got;
            }
        }
    }
}

fn serve(stream: TcpStream, sender: &mpsc::SyncSender<Got>, status: &AtomicU16, held: &Mutex<Vec<TcpStream>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut headers = Vec::new();
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 0) && !line.trim().is_empty() {
            if let Some((name, value)) = line.trim().split_once(": ") {
                headers.push((name.to_owned(), value.to_owned()));
            }
            line.clear();
        }
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let Some(length) = length.and_then(|(_, length)| length.parse::<usize>().ok()) else { return };
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() || sender.send(Got { headers, body }).is_err() {
            return;
        }
        match status.load(Ordering::Acquire) {
            0 => {
                held.lock().unwrap().push(stream);
                return;
            }
            status => {
                let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
                if stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        }
    }
}

fn settings(receivers: &[&Receiver], more: &str) -> String {
    let urls: Vec<String> = receivers.iter().map(|receiver| format!("\"{}\"", receiver.url)).collect();
    format!("[webhooks]\nurls = [{}]\nsecret_file = \"secret\"\n{more}{}", urls.join(", "), house::settings())
}

fn begin(receivers: &[&Receiver], more: &str) -> House {
    let standin = house::standin();
    let board = Board::new(&standin);
    board.write("secret", &format!("{SECRET}\n{OLD}\n"));
    House::start(board, standin, &settings(receivers, more))
}

/// The blocks of Python in the runbook.
fn scripts() -> Vec<String> {
    let runbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("board/runbooks/webhooks.md");
    let text = std::fs::read_to_string(runbook).unwrap();
    text.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// What a script of the runbook says, with these lines behind it; the arguments are JSON.
#[track_caller]
fn python(script: &str, lines: &str, arguments: &Value) -> String {
    let mut child = Command::new("python3")
        .args(["-c", &format!("import json, sys\n{script}\ngiven = json.load(sys.stdin)\n{lines}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3");
    child.stdin.take().unwrap().write_all(arguments.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_decision_is_told_signed_as_the_runbook_verifies_it_and_without_a_word_of_the_message() {
    let receiver = Receiver::start(204);
    let house = begin(&[&receiver], "");
    house.standin.offer(spam(GARDEN.group, 50));
    let got = receiver.next_of("decision");
    let told = got.json();
    assert_eq!((told["id"].as_str(), told["tenant"].as_str()), (Some(got.header("Aegis-Id")), Some(GARDEN.name)));
    let decision = &told["decision"];
    assert_eq!((decision["outcome"].as_str(), decision["group"].as_i64()), (Some("block"), Some(GARDEN.group)));
    assert_eq!(decision["rules"], serde_json::json!(["promo-phrases"]));
    let body = String::from_utf8(got.body.clone()).unwrap();
    assert!(!body.contains("Hello all") && !body.contains("excerpt") && !body.contains("advertising"), "{body}");
    let lines = "h = given['headers']\nb = given['body'].encode()\nat = int(h['Aegis-Timestamp'])\n\
                 print(is_ours(given['secret'], h, b, at), is_ours(given['old'], h, b, at), is_ours('wrong', h, b, at),\
                 is_ours(given['secret'], h, b + b' ', at), is_ours(given['secret'], h, b, at + 300),\
                 is_ours(given['secret'], h, b, at + 301), is_ours(given['secret'], {**h, 'Aegis-Id': 'x'}, b, at))";
    let headers: serde_json::Map<String, Value> = ["Aegis-Event", "Aegis-Id", "Aegis-Timestamp", "Aegis-Signature"]
        .map(|name| (name.to_owned(), got.header(name).into()))
        .into_iter()
        .collect();
    let given = serde_json::json!({"headers": headers, "body": body, "secret": SECRET, "old": OLD});
    assert_eq!(python(&scripts()[0], lines, &given), "True True False False True False False");
    // An action that Telegram refuses for lack of rights is given up.
    house.standin.offer(spam(GARDEN.without_rights, 50));
    let letter = receiver.next_of("dead_letter").json();
    assert_eq!(letter["dead_letter"]["group"].as_i64(), Some(GARDEN.without_rights), "{letter}");
    assert!(!house.board.log().contains(SECRET) && !house.board.log().contains(OLD));
}

#[test]
fn an_event_that_is_not_taken_is_told_again_with_the_same_id_also_after_a_kill_and_a_receiver_that_hangs_holds_nobody_up()
 {
    let (failing, hanging, good) = (Receiver::start(503), Receiver::start(0), Receiver::start(200));
    let standin = house::standin();
    let board = Board::new(&standin);
    board.write("secret", SECRET);
    let config = board.write("aegis.toml", &settings(&[&failing, &hanging, &good], "events = [\"decision\"]\n"));
    let life = board.run(&["--config", &config]);
    for message in 50..60 {
        standin.offer(spam(GARDEN.group, message));
    }
    // The good one gets all, while the others have their first.
    let all: Vec<String> = (0..10).map(|_| good.next().header("Aegis-Id").to_owned()).collect();
    let first = failing.next();
    assert_eq!(first.header("Aegis-Id"), all[0], "in order");
    assert_eq!(hanging.next().header("Aegis-Id"), all[0]);
    board.hear("a webhook's receiver does not take what it is told", 1);
    life.kill();
    failing.status.store(200, Ordering::Release);
    let life = board.run(&["--config", &config]);
    let mut told: Vec<Got> = Vec::new();
    while told.len() < all.len() {
        let got = failing.next();
        // Before it was killed it may have told the first one again.
        told.retain(|known| known.header("Aegis-Id") != got.header("Aegis-Id"));
        told.push(got);
    }
    let ids: Vec<&str> = told.iter().map(|got| got.header("Aegis-Id")).collect();
    assert_eq!(ids, all, "each once more, in order, with the id it had");
    assert_eq!(told[0].body, first.body, "the same event is the same bytes");
    assert_eq!(hanging.next().header("Aegis-Id"), all[0], "the one that hangs is asked again");
    let listed = board.ask(&["hooks", "list", "--config", &config]);
    listed.says(&["events wait for receivers"]);
    drop(life);
}

#[test]
fn a_key_asks_what_its_role_may_by_the_runbooks_script_and_its_name_is_in_the_audit_log() {
    let standin = house::standin();
    let house = House::start(
        Board::new(&standin),
        standin,
        &format!("[flags]\nmanagement_calls = true\n{}", house::settings()),
    );
    let owner = house.owner("olga");
    let config = house.board.path("aegis.toml").display().to_string();
    let secret_of = |words: &[&str]| {
        let told = house.board.ask(&[&["hooks", "--config", &config, "key"], words].concat());
        told.says(&["secret: "]);
        told.out.lines().find_map(|line| line.strip_prefix("secret: ")).unwrap().to_owned()
    };
    let ann = secret_of(&["add", "ann", "--role", "admin", "--tenant", GARDEN.name]);
    let script = &scripts()[1];
    let ask = |method: &str, path: &str, body: Value| -> (u64, Value) {
        let given = serde_json::json!({
            "base": house.url(), "key": "ann", "secret": ann, "method": method, "path": path, "body": body,
        });
        let told: Value = serde_json::from_str(&python(script, "print(json.dumps(call(**given)))", &given)).unwrap();
        (told[0].as_u64().unwrap(), told[1].clone())
    };
    let (status, overview) = ask("GET", "/status", Value::Null);
    assert_eq!((status, overview["tenants"].is_array()), (200, true), "{overview}");
    assert_eq!(ask("GET", "/system", Value::Null).0, 403, "an admin's key is no owner's");
    let policy = |tenant: &str| serde_json::json!({"tenant": tenant, "review": 41});
    assert_eq!(ask("POST", "/policy", policy(GARDEN.name)).0, 201);
    assert_eq!(ask("POST", "/policy", policy(CHESS.name)).0, 403, "another tenant is not its own");
    let audit = house.told(&owner, "/audit").to_string();
    assert!(audit.contains("key ann") && !audit.contains(&ann), "{audit}");
    refuse_what_is_not_good(&house, &ann);
    // Flags hold at once: without it the best signature is refused.
    house.board.write("aegis.toml", &house::settings());
    let begun = std::time::Instant::now();
    let body = br#"{"method": "GET", "path": "/status"}"#;
    for nonce in 1_000_u128.. {
        let sent = Credentials::written("ann", ann.as_bytes(), now_s(), &nonce.to_le_bytes(), body);
        if post(&house, &sent, body).status == 401 {
            break;
        }
        assert!(begun.elapsed() < LONG, "{}", house.board.log());
        // What stands still for two looks is read.
        house.board.ask(&["hooks", "list", "--config", &config]);
    }
}

fn now_s() -> u64 {
    aegis::clock::Clock::start().now().wall.seconds()
}

fn post(house: &House, authorization: &str, body: &[u8]) -> client::Said {
    let text = std::str::from_utf8(body).unwrap();
    let headers = [("Authorization", authorization), ("Content-Type", "application/json")];
    client::ask(house.addr, "POST", "/api/v1/hooks/call", &headers, Some(text))
}

fn refuse_what_is_not_good(house: &House, secret: &str) {
    let body = br#"{"method": "GET", "path": "/status"}"#;
    let signed = |time_s, nonce: u8| Credentials::written("ann", secret.as_bytes(), time_s, &[nonce; 16], body);
    let good = signed(now_s(), 1);
    assert_eq!(post(house, &good, body).status, 200);
    let refused = [
        (good.clone(), &body[..]),
        (signed(now_s() - 400, 2), body),
        (signed(now_s() + 400, 3), body),
        (signed(now_s(), 4), br#"{"method": "GET", "path": "/policy"}"#),
        (good.replace("key=ann", "key=bob"), body),
        (format!("{SCHEME}nothing"), body),
        ("Bearer aegis_x_y".to_owned(), body),
    ];
    let said: Vec<client::Said> = refused.iter().map(|(sent, body)| post(house, sent, body).timeless()).collect();
    for one in &said {
        assert_eq!(one.status, 401, "{}", one.text());
        assert_eq!(one, &said[0], "all in the same words");
    }
    for (nonce, path) in [(10, "/hooks/call"), (11, "/session"), (12, "/setup/owner"), (13, "/nothing"), (14, "status")]
    {
        let body = format!("{{\"method\": \"POST\", \"path\": \"{path}\"}}");
        let sent = Credentials::written("ann", secret.as_bytes(), now_s(), &[nonce; 16], body.as_bytes());
        assert_eq!(post(house, &sent, body.as_bytes()).status, 422, "{path}");
    }
}

/// Messages in the measurement.
const MEASURED: u64 = 100;

/// What a message costs that is deleted and its sender banned: bytes and commits, thousandths of both.
fn cost_of_a_message(receivers: &[&Receiver]) -> [u64; 2] {
    let standin = house::standin();
    let mut board = Board::new(&standin);
    board.set("AEGIS_BOARD", "zero-2-w");
    board.write("secret", SECRET);
    let house = House::start(board, standin, &settings(receivers, "events = [\"decision\"]\n"));
    let metric = |name: &str| {
        let text = client::ask(house.addr, "GET", "/metrics", &[], None).text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned);
        value.unwrap_or_else(|| panic!("{name}: {text}")).parse::<u64>().unwrap()
    };
    let until = |name: &str, least: u64| {
        let begun = std::time::Instant::now();
        while metric(name) < least {
            assert!(begun.elapsed() < LONG, "{name}\n{}", house.board.log());
            std::thread::yield_now();
        }
    };
    let names = ["aegis_bytes_written", "aegis_commits"];
    let mut before = names.map(metric);
    for number in 0..=MEASURED {
        house.standin.offer(spam(GARDEN.group, i64::try_from(number).unwrap() + 50));
        until("aegis_actions_confirmed", 2 * (number + 1));
        if !receivers.is_empty() {
            until("aegis_hooks_told", number + 1);
        }
        if number == 0 {
            // The group is known now.
            before = names.map(metric);
        }
    }
    let after = names.map(metric);
    [0, 1].map(|at| (after[at] - before[at]) * 1_000 / MEASURED)
}

#[test]
#[ignore = "a measurement; prints"]
fn what_a_receiver_costs_a_card() {
    let receiver = Receiver::start(200);
    let (without, with) = (cost_of_a_message(&[]), cost_of_a_message(&[&receiver]));
    for (what, [bytes, commits]) in [("without a receiver", without), ("with one", with)] {
        println!("{what}: {} bytes and {}.{:03} commits a message", bytes / 1_000, commits / 1_000, commits % 1_000);
    }
}
