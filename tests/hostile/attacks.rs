//! The scripted attacks: what is sent in one go, and the status it gets.

use aegis::limits;
use std::net::SocketAddr;

/// One attack.
pub struct Attack {
    pub name: &'static str,
    pub sends: Vec<u8>,
    pub status: u16,
}

/// The beginning of a TLS client's first words.
pub const HALF_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

/// All of them, against the page at `addr`.
pub fn all(addr: SocketAddr) -> Vec<Attack> {
    let long = |n: usize| "x".repeat(n);
    let host = format!("Host: {addr}\r\n");
    let get = |headers: &str| format!("GET / HTTP/1.1\r\n{host}{headers}\r\n");
    let target = |target: &str| format!("GET {target} HTTP/1.1\r\n{host}\r\n");
    let change = |method: &str, headers: &str| format!("{method} /x HTTP/1.1\r\n{host}{headers}\r\n");
    let post = |headers: &str, body: &str| format!("POST /x HTTP/1.1\r\n{host}{headers}\r\n{body}");
    let over = limits::WEB_BODY_BYTES_MAX + 1;
    let scripted = [
        ("an endless header", get(&format!("A: {}\r\n", long(200_000))), 431),
        ("an endless path", target(&format!("/{}", long(200_000))), 431),
        ("an endless method", long(200_000), 431),
        ("100,000 headers", get(&"A: b\r\n".repeat(100_000)), 431),
        ("a long query", target(&format!("/?{}", long(3_000))), 414),
        ("two hosts", get(&host), 400),
        ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("a rebound name", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), 421),
        ("another port's name", "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n".to_owned(), 421),
        ("a whole address as path", target(&format!("http://{addr}/")), 400),
        ("another's address as path", target("//evil/"), 400),
        ("steps upwards", target("/../etc/passwd"), 400),
        ("escaped steps upwards", target("/%2e%2e/etc/passwd"), 400),
        ("steps the other way", target("/..\\evil"), 400),
        ("a zero in the path", target("/\0"), 400),
        ("a zero in a header", get("A: \0\r\n"), 400),
        ("an escaped line end", target("/?q=%0d%0aevil:1"), 400),
        ("an escaped zero", target("/?q=%00"), 400),
        ("half an escape", target("/?q=%f"), 400),
        ("chunks and a length", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"), 400),
        ("chunks", post("Transfer-Encoding: chunked\r\n", "5\r\nevil!\r\n0\r\n\r\n"), 400),
        ("chunks in disguise", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400),
        ("two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400),
        ("a signed length", post("Content-Length: +3\r\n", "abc"), 400),
        ("a length beyond numbers", post("Content-Length: 99999999999999999999\r\n", ""), 400),
        ("a body too large", post(&format!("Content-Length: {over}\r\n"), &long(over)), 413),
        ("a body longer than said", post("Content-Length: 3\r\n", "abcevil"), 400),
        ("a body shorter than said", post("Content-Length: 10\r\n", "abc"), 408),
        ("another protocol", get("Upgrade: websocket\r\nConnection: Upgrade\r\n"), 400),
        ("an expectation", post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""), 400),
        ("trailers", get("TE: trailers\r\n"), 400),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
        ("HTTP/1.0", format!("GET / HTTP/1.0\r\n{host}\r\n"), 400),
        ("a second request behind the first", format!("{}{}", get(""), get("")), 400),
        ("a bent header", get("A: b\r\n bent\r\n"), 400),
        ("a header without a name", get(": evil\r\n"), 400),
        ("nothing but line ends", "\n\n\n\n".to_owned(), 408),
        ("half a word", "GET".to_owned(), 408),
        ("a way through", format!("CONNECT {addr} HTTP/1.1\r\n{host}\r\n"), 405),
        ("a trace", change("TRACE", ""), 405),
        ("a patch", change("PATCH", ""), 405),
        ("a change from another site", change("POST", "Origin: http://evil.example\r\n"), 403),
        ("a change from nowhere to be named", change("PUT", "Origin: null\r\n"), 403),
        ("a change told as of another site", change("DELETE", "Sec-Fetch-Site: cross-site\r\n"), 403),
        ("a change from a neighbour", change("POST", "Sec-Fetch-Site: same-site\r\n"), 403),
        ("two origins", change("POST", &format!("Origin: http://{addr}\r\nOrigin: http://evil\r\n")), 400),
        (
            "the front's own words",
            post(
                &format!(
                    "X-Aegis-Client: 6.6.6.6\r\nx-aegis-secure: yes\r\nX-AEGIS-From: same\r\nX-Aegis-Role: owner\r\n{}",
                    "Content-Length: 3\r\n"
                ),
                "abc",
            ),
            200,
        ),
        ("the front's own words in a value", get("Cookie: a=1\rX-Aegis-Role: owner\r\n"), 400),
        ("a bomb of cookies", get(&format!("Cookie: {}\r\n", long(5_000))), 400),
        ("many cookies", get(&"Cookie: a=b\r\n".repeat(40)), 400),
        ("a control in a credential", get("Authorization: Bearer \x07\r\n"), 400),
        ("letters of others in a cookie", get("Cookie: a=\u{e9}\r\n"), 400),
    ];
    let mut all: Vec<Attack> =
        scripted.into_iter().map(|(name, sends, status)| Attack { name, sends: sends.into_bytes(), status }).collect();
    all.push(Attack { name: "TLS where HTTP is spoken", sends: HALF_HELLO.to_vec(), status: 400 });
    all
}
