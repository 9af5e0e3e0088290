//! The real hub, over a PostgreSQL of its own and behind TLS by an authority of its own, and the real board in its fence: a board joins,
//! tells what it counted, is the same there row by row, takes a budget and flags, and is told when it is revoked.
//!
//!     cargo build -p aegis-hub --locked
//!     hub/tests/postgres cargo test --locked --test hub_and_board -- --ignored

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::clock::Clock;
use aegis::message::ChatId;
use aegis::store::desk::DeskTick;
use aegis::store::io::IoCount;
use aegis::store::usage::{Usage, UsageKey};
use aegis::store::{Keep, Store, Tick};
use aegis::tenant::Tenant;
use serde_json::{Value, json};
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
    dir: PathBuf,
    port: u16,
}

impl World {
    fn url(&self, role: &str) -> String {
        format!("postgres://{role}@localhost/hub_and_board?host={}", self.socket.display())
    }

    fn hub(&self, args: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_aegis")).with_file_name("aegis-hub"));
        command.args(args).env("AEGIS_HUB_DATABASE_URL", self.url("aegis_hub"));
        command.env("AEGIS_HUB_OWNER_URL", self.url("aegis_hub_owner"));
        command.env("AEGIS_HUB_LISTEN", format!("127.0.0.1:{}", self.port));
        command
    }

    fn board(&self, args: &[&str]) -> Output {
        let config = self.dir.join("aegis.toml");
        Command::new(env!("CARGO_BIN_EXE_aegis")).args(args).arg("--config").arg(config).env_clear().output().unwrap()
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
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
    let socket = PathBuf::from(std::env::var_os("AEGIS_HUB_TEST_SOCKET").expect("run hub/tests/postgres"));
    let dir = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let world = World { socket, dir: dir.path().to_owned(), port };
    let psql = "CREATE DATABASE hub_and_board OWNER aegis_hub_owner";
    done(
        Command::new("psql").args(["-q", "-U", "admin", "-d", "postgres", "-h"]).arg(&world.socket).args(["-c", psql]),
    );
    done(&mut world.hub(&["migrate"]));
    done(&mut world.hub(&["tenant", "default"]));
    let token = done(&mut world.hub(&["token", "--name", "olga", "--role", "owner"]));
    let code = done(&mut world.hub(&["code", "--tenant", "default"]));
    let _hub = Ends(world.hub(&["serve", "--plain"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the hub does not listen");
        std::thread::yield_now();
    }
    let data = dir.path().join("data");
    count(&data);
    let (door, certificate) = door(port);
    let root = dir.path().join("hub-root.pem");
    std::fs::write(&root, certificate).unwrap();
    let settings = |root: &str| {
        let text = format!(
            "data_dir = \"{}\"\n[web]\nlisten = \"off\"\n[cloud]\nurl = \"https://localhost:{door}\"\nname = \"attic\"\n{root}\
             budgets = \"hub\"\nflags = \"hub\"\n[telegram]\ntoken = \"1:a\"\napi_url = \"http://127.0.0.1:1\"\n",
            data.display()
        );
        std::fs::write(dir.path().join("aegis.toml"), text).unwrap();
    };
    settings("");
    let stranger = world.board(&["sync", "enrol", "--code", &code]);
    assert!(!stranger.status.success() && said(&stranger).contains("ertificate"), "{}", said(&stranger));
    settings(&format!("root_certificate = \"{}\"\n", root.display()));
    let refused = world.board(&["sync", "enrol", "--code", "wrongwrongwrongwrong"]);
    assert!(!refused.status.success() && said(&refused).contains("(code)"), "{}", said(&refused));
    let enrolled = world.board(&["sync", "enrol", "--code", &code]);
    assert!(enrolled.status.success(), "{}", said(&enrolled));
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(data.join("hub/board.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut run = Command::new(env!("CARGO_BIN_EXE_aegis"));
    run.arg("run").arg("--config").arg(dir.path().join("aegis.toml")).env_clear();
    let _board = Ends(run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    world.until(&["sync", "status"], ", 1 pushes in all");
    let compared = world.board(&["sync", "verify"]);
    assert!(compared.status.success() && said(&compared).contains(", 0 differ"), "{}", said(&compared));
    let kept: Value = serde_json::from_slice(&std::fs::read(data.join("hub/enrolment.json")).unwrap()).unwrap();
    let board = kept["board"].as_str().unwrap().to_owned();
    // A budget, and whose word counts.
    let (status, told) =
        world.ask(&token, "PUT", &format!("/v1/boards/{board}/sources"), &json!({ "budgets": "hub", "flags": "hub" }));
    assert_eq!(status, 204, "{told}");
    let budget = json!({ "version": 0, "money_micros": 7_000_000, "calls": 77 });
    let (status, told) = world.ask(&token, "PUT", "/v1/tenants/default/budgets", &budget);
    assert_eq!(status, 200, "{told}");
    world.until(&["budget", "show"], "77");
    // A flag that the hub sets is on here by the hub's word, and when it is taken away as the board has it.
    let flag = |is: &str| {
        let path = "/system".to_owned();
        let command = aegis::control::Command::Api { method: "GET".to_owned(), path, body: String::new() };
        let began = Instant::now();
        loop {
            let told = aegis::control::ask_within(&data, &command, Duration::from_secs(20)).unwrap();
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
    let (status, told) = world.ask(&token, "PUT", "/v1/flags/webhook_texts", &json!({ "on": true }));
    assert_eq!(status, 204, "{told}");
    let system = flag("hub true");
    let hub: Vec<&str> = system["hub"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(hub.iter().any(|line| line.contains("flags = hub")), "{hub:?}");
    let (status, told) = world.ask(&token, "DELETE", "/v1/flags/webhook_texts", &Value::Null);
    assert_eq!(status, 204, "{told}");
    flag("default false");
    // Revoked, it is told so and goes on by itself.
    let (status, told) = world.ask(&token, "POST", &format!("/v1/boards/{board}/revoke"), &json!({}));
    assert!(status < 300, "{status} {told}");
    world.until(&["sync", "status"], "the hub refuses (unsigned)");
    assert!(world.board(&["sync", "leave"]).status.success());
    world.until(&["sync", "status"], "not enrolled");
}
