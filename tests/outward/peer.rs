//! A server that is hostile: it says without an end what an answer may begin with. It is a process of its own, so that what it holds is
//! not counted.

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ProducesTickets;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Says to this program that it is the server.
pub const CHILD: &str = "OUTWARD_PEER";

/// What is told at a path: first, and then again and again.
const WAYS: [(&str, &str, &str, usize); 11] = [
    ("/status", "HTTP/1.1 200 ", "x", 16_384),
    ("/line", "HTTP/1.1 200 OK\r\nx: ", "x", 16_384),
    ("/name", "HTTP/1.1 200 OK\r\n", "x", 16_384),
    ("/lines", "HTTP/1.1 200 OK\r\n", "x: y\r\n", 4_096),
    ("/long-lines", "HTTP/1.1 200 OK\r\n", LINE, 128),
    ("/body", "HTTP/1.1 200 OK\r\n\r\n", " ", 16_384),
    ("/chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7fffffff\r\n", " ", 65_536),
    ("/chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n", 4_096),
    ("/trailers", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x: y\r\n", 4_096),
    ("/drip-head", "HTTP/1.1 200 OK\r\nx: ", "x", 1),
    ("/drip-body", "HTTP/1.1 200 OK\r\n\r\n", " ", 1),
];

/// 80 such lines are a head that may be just as long as it is.
const LINE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
                    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
                    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
                    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: x\r\n";

/// The paths.
pub fn ways() -> impl Iterator<Item = &'static str> {
    WAYS.iter().map(|way| way.0)
}

/// The server as its parent sees it; it ends with it.
pub struct Peer {
    child: Child,
    /// Address without TLS.
    pub plain: SocketAddr,
    /// Address with TLS: a ticket as large as it may be comes with each answer.
    pub tls: SocketAddr,
    /// Address with TLS, and with certificates as many as there may be.
    pub chain: SocketAddr,
    /// Address with TLS that goes on with its certificates.
    pub endless: SocketAddr,
    /// The certificate that they have in common.
    pub root: String,
}

impl Peer {
    /// Begins it, by this program once more, which calls [`serve`] in the test of that name.
    pub fn start(test: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        lines.find(|line| line.ends_with("PEER")).unwrap();
        let mut address = || lines.next().unwrap().parse().unwrap();
        let (plain, tls, chain, endless) = (address(), address(), address(), address());
        let root = lines.take_while(|line| line != "END").map(|line| line + "\n").collect();
        Self { child, plain, tls, chain, endless, root }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}

/// Serves until the parent has ended.
pub fn serve() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = || PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = |more: usize| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let empty = std::iter::repeat_n(CertificateDer::from(Vec::new()), more);
        let chain = std::iter::once(made.cert.der().clone()).chain(empty).collect();
        let mut config = config.with_no_client_auth().with_single_cert(chain, key()).unwrap();
        config.ticketer = Arc::new(Large);
        config.send_tls13_tickets = 1;
        Arc::new(config)
    };
    let addresses = [None, Some(config(0)), Some(config(2_500)), Some(config(12_800))].map(listen);
    println!("PEER");
    for address in addresses {
        println!("{address}");
    }
    println!("{}END", made.cert.pem().replace('\r', ""));
    let _until_it_ends = std::io::stdin().read(&mut [0]);
    std::process::exit(0);
}

/// Makes tickets as large as they may be.
#[derive(Debug)]
struct Large;

impl ProducesTickets for Large {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        3_600
    }

    fn encrypt(&self, _: &[u8]) -> Option<Vec<u8>> {
        Some(vec![7; 65_000])
    }

    fn decrypt(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

fn listen(tls: Option<Arc<ServerConfig>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tls = tls.clone();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || match tls {
                None => answer(stream),
                Some(tls) => answer(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)),
            });
        }
    });
    address
}

/// Reads one question, and answers until nobody hears.
fn answer<S: Read + Write>(mut stream: S) {
    let (mut asked, mut piece) = (Vec::new(), [0; 4_096]);
    let wanted = loop {
        if let Some(at) = asked.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&asked[..at]).to_ascii_lowercase();
            let body = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let body = body.map_or(0, |digits| digits.parse().unwrap());
            if asked.len() >= at + 4 + body {
                break format!("/{}", head.split(['/', ' ']).nth(2).unwrap());
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(read) => asked.extend(&piece[..read]),
        }
    };
    let (_, first, again, times) = WAYS.iter().find(|way| way.0 == wanted).unwrap();
    let again = again.repeat(*times);
    let mut is_heard = stream.write_all(first.as_bytes()).is_ok();
    while is_heard {
        is_heard = stream.write_all(again.as_bytes()).and_then(|()| stream.flush()).is_ok();
    }
}
