//! The real hub, over a PostgreSQL of its own and behind TLS by an authority of its own, and the real board in its fence: a board joins,
//! tells what it counted, is the same there row by row, takes a budget and flags, and is told when it is revoked; a signed pack is
//! recorded, acts, and is taken back.
//!
//!     cargo build -p aegis-hub --locked
//!     hub/tests/postgres cargo test --locked --test hub_and_board -- --ignored

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod signer;

use aegis::clock::Clock;
use aegis::demo::script::{Expected, Script, Scripted};
use aegis::demo::standin::StandIn;
use aegis::message::ChatId;
use aegis::store::desk::DeskTick;
use aegis::store::io::IoCount;
use aegis::store::usage::{Usage, UsageKey};
use aegis::store::{Keep, Store, Tick};
use aegis::tenant::Tenant;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use signer::{Form, Signer};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A child that ends with its test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _waited = self.0.wait();
    }
}

struct World {
    socket: PathBuf,
    database: &'static str,
    dir: tempfile::TempDir,
    port: u16,
    token: String,
    /// Ends with it.
    hub: Option<Ends>,
}

impl World {
    /// A hub with an owner and a tenant, over a database of this name.
    fn begin(database: &'static str) -> Self {
        let socket = PathBuf::from(std::env::var_os("AEGIS_HUB_TEST_SOCKET").expect("run hub/tests/postgres"));
        let dir = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut world = Self { socket, database, dir, port, token: String::new(), hub: None };
        let psql = format!("CREATE DATABASE {database} OWNER aegis_hub_owner");
        let mut command = Command::new("psql");
        done(command.args(["-q", "-U", "admin", "-d", "postgres", "-h"]).arg(&world.socket).args(["-c", &psql]));
        done(&mut world.hub(&["migrate"]));
        done(&mut world.hub(&["tenant", "default"]));
        world.token = done(&mut world.hub(&["token", "--name", "olga", "--role", "owner"]));
        let mut serve = world.hub(&["serve", "--plain"]);
        world.hub = Some(Ends(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()));
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the hub does not listen");
            std::thread::yield_now();
        }
        world
    }

    /// Settings of a board of that hub, with these lines in `[cloud]`.
    fn settings(&self, api_url: &str, url: &str, cloud: &str) {
        let text = format!(
            "data_dir = \"{}\"\nmode = \"enforce\"\n[web]\nlisten = \"off\"\n[telegram]\ntoken = \"4242:demo\"\napi_url = \
             \"{api_url}\"\n[cloud]\nurl = \"{url}\"\nname = \"attic\"\n{cloud}",
            self.data().display()
        );
        std::fs::write(self.dir.path().join("aegis.toml"), text).unwrap();
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Joins the hub; gives the board's id there.
    fn enrol(&self) -> String {
        let code = done(&mut self.hub(&["code", "--tenant", "default"]));
        let enrolled = self.board(&["sync", "enrol", "--code", &code]);
        assert!(enrolled.status.success(), "{}", said(&enrolled));
        let kept = std::fs::read(self.data().join("hub/enrolment.json")).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        kept["board"].as_str().unwrap().to_owned()
    }

    /// The appliance at work.
    fn run(&self) -> Ends {
        let mut run = Command::new(env!("CARGO_BIN_EXE_aegis"));
        run.arg("run").arg("--config").arg(self.dir.path().join("aegis.toml")).env_clear();
        Ends(run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn url(&self, role: &str) -> String {
        format!("postgres://{role}@localhost/{}?host={}", self.database, self.socket.display())
    }

    fn hub(&self, args: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_aegis")).with_file_name("aegis-hub"));
        command.args(args).env("AEGIS_HUB_DATABASE_URL", self.url("aegis_hub"));
        command.env("AEGIS_HUB_OWNER_URL", self.url("aegis_hub_owner"));
        command.env("AEGIS_HUB_LISTEN", format!("127.0.0.1:{}", self.port));
        command.env("AEGIS_HUB_PACK_KEY", Signer::new(7).public());
        command
    }

    fn board(&self, args: &[&str]) -> Output {
        let config = self.dir.path().join("aegis.toml");
        Command::new(env!("CARGO_BIN_EXE_aegis")).args(args).arg("--config").arg(config).env_clear().output().unwrap()
    }

    /// Asks the hub as its owner.
    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let token = &self.token;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Asks the board again and again until it says so.
    fn until(&self, args: &[&str], says: &str) -> String {
        let began = Instant::now();
        loop {
            let output = self.board(args);
            let text = said(&output);
            if text.contains(says) {
                return text;
            }
            assert!(began.elapsed() < Duration::from_secs(150), "it never says \"{says}\": {text}");
        }
    }
}

/// A door with TLS before the hub: returns its port and the certificate to trust.
fn door(hub: u16) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    // Ends with the test's process.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut outside) = acceptor.accept(stream).await else { return };
                    let Ok(mut inside) = tokio::net::TcpStream::connect(("127.0.0.1", hub)).await else { return };
                    let _ended = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
    });
    (port, made.cert.pem())
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A database with some hours of usage.
fn count(data: &Path) {
    std::fs::create_dir_all(data).unwrap();
    let keep = Keep { decisions: 9, done: 9, dedupe_batches: 9, dead_letters: 4, albums: 9, audit: 5 };
    let now = Clock::start().now().wall;
    let mut store = Store::open(data, 1 << 20, keep, &Arc::new(IoCount::default()), now).unwrap().0;
    let mut desk = DeskTick::default();
    for hour in 0..30 {
        let key = UsageKey::at(&Tenant::default(), ChatId(-7), now.seconds() - hour * 3_600);
        desk.count(key, Usage { messages: 3 + hour, ..Usage::default() });
    }
    store.commit(&[Tick { desk, ..Tick::default() }], now).unwrap();
}

#[test]
#[ignore = "needs PostgreSQL and the hub's program; see the file's first lines"]
fn a_board_joins_tells_all_takes_a_budget_and_is_revoked() {
    let world = World::begin("hub_and_board");
    count(&world.data());
    let (door, certificate) = door(world.port);
    let root = world.dir.path().join("hub-root.pem");
    std::fs::write(&root, certificate).unwrap();
    let url = format!("https://localhost:{door}");
    let settings = |root: &str| {
        let kinds = format!("{root}budgets = \"hub\"\nflags = \"hub\"\n");
        world.settings("http://127.0.0.1:1", &url, &kinds);
    };
    settings("");
    let stranger = world.board(&["sync", "enrol", "--code", "wrongwrongwrongwrong"]);
    assert!(!stranger.status.success() && said(&stranger).contains("ertificate"), "{}", said(&stranger));
    settings(&format!("root_certificate = \"{}\"\n", root.display()));
    let refused = world.board(&["sync", "enrol", "--code", "wrongwrongwrongwrong"]);
    assert!(!refused.status.success() && said(&refused).contains("(code)"), "{}", said(&refused));
    let board = world.enrol();
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(world.data().join("hub/board.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let _board = world.run();
    world.until(&["sync", "status"], ", 1 pushes in all");
    let compared = world.board(&["sync", "verify"]);
    assert!(compared.status.success() && said(&compared).contains(", 0 differ"), "{}", said(&compared));
    // All of it once more is one more push, and counts nothing twice.
    let again = world.board(&["sync", "again"]);
    assert!(again.status.success() && said(&again).contains("told again"), "{}", said(&again));
    world.until(&["sync", "status"], ", 2 pushes in all");
    let compared = world.board(&["sync", "verify"]);
    assert!(compared.status.success() && said(&compared).contains(", 0 differ"), "{}", said(&compared));
    // A budget, and whose word counts.
    let (status, told) =
        world.ask("PUT", &format!("/v1/boards/{board}/sources"), &json!({ "budgets": "hub", "flags": "hub" }));
    assert_eq!(status, 204, "{told}");
    let budget = json!({ "version": 0, "money_micros": 7_000_000, "calls": 77 });
    let (status, told) = world.ask("PUT", "/v1/tenants/default/budgets", &budget);
    assert_eq!(status, 200, "{told}");
    world.until(&["budget", "show"], "77");
    // A flag that the hub sets is on here by the hub's word, and when it is taken away as the board has it.
    let flag = |is: &str| {
        let path = "/system".to_owned();
        let command = aegis::control::Command::Api { method: "GET".to_owned(), path, body: String::new() };
        let began = Instant::now();
        loop {
            let told = aegis::control::ask_within(&world.data(), &command, Duration::from_secs(20)).unwrap();
            let Some(aegis::control::Answer::Api(200, told)) = told else { panic!("{told:?}") };
            let told: Value = serde_json::from_str(&told).unwrap();
            let flags = told["flags"].as_array().unwrap();
            let found = flags.iter().find(|flag| flag["name"] == "webhook_texts").unwrap();
            if format!("{} {}", found["from"].as_str().unwrap(), found["on"]) == is {
                return told;
            }
            assert!(began.elapsed() < Duration::from_secs(150), "never {is}: {found}");
        }
    };
    flag("default false");
    let (status, told) = world.ask("PUT", "/v1/flags/webhook_texts", &json!({ "on": true }));
    assert_eq!(status, 204, "{told}");
    let system = flag("hub true");
    let hub: Vec<&str> = system["hub"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(hub.iter().any(|line| line.contains("flags = hub")), "{hub:?}");
    let (status, told) = world.ask("DELETE", "/v1/flags/webhook_texts", &Value::Null);
    assert_eq!(status, 204, "{told}");
    flag("default false");
    // Revoked, it is told so and goes on by itself.
    let (status, told) = world.ask("POST", &format!("/v1/boards/{board}/revoke"), &json!({}));
    assert!(status < 300, "{status} {told}");
    world.until(&["sync", "status"], "the hub refuses (unsigned)");
    assert!(world.board(&["sync", "leave"]).status.success());
    world.until(&["sync", "status"], "not enrolled");
}

fn scam(version: u64) -> String {
    format!(
        "[pack]\nid = \"scam\"\nversion = {version}\n[[rule]]\nid = \"scam-rule\"\nscore = 100\nreason = \"no\"\nactions = [\"delete\", \
         \"ban\"]\nkeywords = [\"purple giraffe {version}\"]\n"
    )
}

impl World {
    fn stage(&self, body: &Value) {
        let (status, told) = self.ask("POST", "/v1/packs/scam/stage", body);
        assert_eq!(status, 204, "{told}");
    }

    /// Asks the hub what it knows of the pack, until it is so.
    fn until_hub(&self, field: &str, is: u64) {
        let began = Instant::now();
        loop {
            let told = self.ask("GET", "/v1/packs", &Value::Null).1;
            if told["packs"][0][field] == json!(is) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(150), "{field} never is {is}: {told}");
        }
    }
}

#[test]
#[ignore = "needs PostgreSQL and the hub's program; see the file's first lines"]
fn a_signed_pack_is_recorded_then_acts_and_is_taken_back() {
    let standin = StandIn::start(Script::new(Box::new(Vec::new())), ([127, 0, 0, 1], 0).into()).unwrap();
    let world = World::begin("hub_packs");
    world.settings(&standin.api_url(), &format!("http://127.0.0.1:{}", world.port), "packs = \"hub\"\n");
    let board = world.enrol();
    let (status, told) = world.ask("PUT", &format!("/v1/boards/{board}/sources"), &json!({ "packs": "hub" }));
    assert_eq!(status, 204, "{told}");
    let signed = |version: u64, more: &str| {
        let comment = format!("aegis-pack name=scam version={version}{more}");
        Signer::new(7).sign(scam(version).as_bytes(), &comment, Form::Hashed)
    };
    for version in [4, 5] {
        let body = json!({ "body": BASE64.encode(scam(version)), "signature": signed(version, "") });
        assert_eq!(world.ask("POST", "/v1/packs", &body).0, 201);
    }
    let says = |user: i64, version: u64, expected| {
        standin.offer(Scripted::text(-1001, user, user, &format!("a purple giraffe {version}"), expected));
    };
    // Recorded: it is seen and changes nothing.
    world.stage(&json!({ "version": 5, "stage": "record", "board": board }));
    let run = world.run();
    world.until(&["sync", "status"], "Pack scam 5: record");
    says(1, 5, Expected::Stay);
    world.until(&["sync", "status"], "Pack scam 5: record, 1 seen, 1 matched, 0 undone");
    drop(run);
    // In force from the next time on that this board hears of it: the message goes, and its author.
    world.stage(&json!({ "version": 5, "stage": "share", "percent": 100 }));
    let run = world.run();
    world.until(&["sync", "status"], "Pack scam 5: enforce");
    says(2, 5, Expected::RemoveAndBan);
    let began = Instant::now();
    while standin.ledger().message(-1001, 2).is_none_or(|message| message.deleted_us.is_none()) {
        assert!(began.elapsed() < Duration::from_secs(60), "the message is not deleted");
    }
    assert!(standin.ledger().message(-1001, 1).is_some_and(|message| message.deleted_us.is_none()));
    // What people take back of it is known to the hub.
    let undone = world.board(&["undo", "--rule", "scam-rule", "--since", "1h"]);
    assert!(undone.status.success(), "{}", said(&undone));
    world.until_hub("undone", 1);
    drop(run);
    // Back, by a signature for that step.
    let (status, told) =
        world.ask("POST", "/v1/packs/scam/back", &json!({ "signature": signed(4, " rollback-from=5") }));
    assert_eq!(status, 200, "{told}");
    let run = world.run();
    world.until(&["sync", "status"], "Pack scam 4: enforce");
    says(3, 5, Expected::Stay);
    says(4, 4, Expected::RemoveAndBan);
    let began = Instant::now();
    while standin.ledger().message(-1001, 4).is_none_or(|message| message.deleted_us.is_none()) {
        assert!(began.elapsed() < Duration::from_secs(60), "the message is not deleted");
    }
    assert!(standin.ledger().message(-1001, 3).is_some_and(|message| message.deleted_us.is_none()));
    drop(run);
    // It is there without asking the hub, and who leaves has none of it.
    let checked = world.board(&["check"]);
    assert!(said(&checked).contains("scam"), "{}", said(&checked));
    assert!(world.board(&["sync", "leave"]).status.success() && !world.data().join("hub-packs").exists());
    let checked = world.board(&["check"]);
    assert!(!said(&checked).contains("scam"), "{}", said(&checked));
}
