//! What a head may say, case by case.

use super::*;

const OURS: &str = "Host: 127.0.0.1:8787\r\n";

fn link() -> Link {
    Link { client: IpAddr::from([127, 0, 0, 9]), reached: SocketAddr::from(([127, 0, 0, 1], 8787)) }
}

fn names(listen: &str, hosts: &[&str], is_secure: bool) -> Names {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    Names::new(listen.parse().expect("an address"), &hosts, is_secure)
}

fn check(request: &str) -> Result<Option<Clean>, Refusal> {
    names("127.0.0.1:8787", &["aegis.local:8787"], false).check(request.as_bytes(), &link())
}

fn clean(request: &str) -> Clean {
    check(request).expect("it is clean").expect("it is complete")
}

#[test]
fn a_request_that_could_mean_two_things_is_refused() {
    let long = "x".repeat(limits::WEB_TARGET_BYTES_MAX);
    for (start, headers, status) in [
        ("GET /", "Host: evil.example\r\n", 421),
        ("GET /", "Host: 127.0.0.1:8788\r\n", 421),
        ("GET /", "Host: 127.0.0.1\r\n", 421),
        ("GET /", "", 400),
        ("GET /", "Host: 127.0.0.1:8787\r\nHost: 127.0.0.1:8787\r\n", 400),
        ("GET http://127.0.0.1:8787/", OURS, 400),
        ("GET //evil", OURS, 400),
        ("GET *", OURS, 400),
        ("GET /../x", OURS, 400),
        ("GET /%2e%2e/x", OURS, 400),
        ("GET /a%62", OURS, 400),
        ("GET /a\\b", OURS, 400),
        ("GET /a#b", OURS, 400),
        ("GET /?q=%00", OURS, 400),
        ("GET /?q=%0d%0aX", OURS, 400),
        ("GET /?q=%7F", OURS, 400),
        ("GET /?q=%", OURS, 400),
        ("GET /?q=%4", OURS, 400),
        ("GET /?q=%+4", OURS, 400),
        ("GET /?q=%zz", OURS, 400),
        (&format!("GET /{long}"), OURS, 414),
        ("PATCH /", OURS, 405),
        ("OPTIONS /", OURS, 405),
        ("TRACE /", OURS, 405),
        ("CONNECT x:1", OURS, 405),
        ("get /", OURS, 405),
        ("POST /", "Host: 127.0.0.1:8787\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", 400),
        ("POST /", "Host: 127.0.0.1:8787\r\nTransfer-Encoding: chunked\r\n", 400),
        ("POST /", "Host: 127.0.0.1:8787\r\nContent-Length: 3\r\nContent-Length: 3\r\n", 400),
        ("POST /", "Host: 127.0.0.1:8787\r\nContent-Length: +3\r\n", 400),
        ("POST /", "Host: 127.0.0.1:8787\r\nContent-Length: 3, 3\r\n", 400),
        ("POST /", "Host: 127.0.0.1:8787\r\nContent-Length: \r\n", 400),
        ("POST /", "Host: 127.0.0.1:8787\r\nContent-Length: 65537\r\n", 413),
        ("POST /", "Host: 127.0.0.1:8787\r\nContent-Length: 99999999999999999999999\r\n", 400),
        ("POST /", "Host: 127.0.0.1:8787\r\nExpect: 100-continue\r\n", 400),
        ("GET /", "Host: 127.0.0.1:8787\r\nUpgrade: websocket\r\n", 400),
        ("GET /", "Host: 127.0.0.1:8787\r\nTE: trailers\r\n", 400),
        ("GET /", "Host: 127.0.0.1:8787\r\nCookie: a=1\r\nCookie: a=2\r\n", 400),
        ("GET /", "Host: 127.0.0.1:8787\r\nCookie: a=\u{e9}\r\n", 400),
        ("GET /", "Host: 127.0.0.1:8787\r\nAuthorization: Bearer\tx\r\n", 400),
        ("GET /", "Host: 127.0.0.1:8787\r\nOrigin: null\r\nOrigin: null\r\n", 400),
        ("GET /", "Host: 127.0.0.1:8787\r\nX: y\r\n bent\r\n", 400),
    ] {
        let request = format!("{start} HTTP/1.1\r\n{headers}\r\n");
        assert_eq!(check(&request), Err(Refusal(status)), "{request:?}");
    }
    for (request, status) in [
        (format!("GET / HTTP/1.0\r\n{OURS}\r\n"), 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
        (format!("GET /\u{0} HTTP/1.1\r\n{OURS}\r\n"), 400),
        (format!("GET / HTTP/1.1\r\n{OURS}{}\r\n", "A: b\r\n".repeat(60)), 431),
        (format!("GET / HTTP/1.1\r\n{OURS}Cookie: {}\r\n\r\n", "x".repeat(limits::WEB_VALUE_BYTES_MAX + 1)), 400),
    ] {
        assert_eq!(check(&request), Err(Refusal(status)), "{request:?}");
    }
}

#[test]
fn only_the_front_writes_the_head_that_goes_through() {
    let request = "POST /x?q=%C3%A9+..&r=1 HTTP/1.1\r\nhost: AEGIS.local:8787\r\nX-Odd: y\r\nx-aegis-client: 1.2.3.4\r\n\
                   X-Aegis-From: same\r\nX-AEGIS-SECURE: yes\r\ncookie: s=1; t=2\r\nX-CSRF-token: k\r\nContent-Length: 3\r\n\r\nabc";
    let clean = clean(request);
    assert_eq!(
        clean.head,
        "POST /x?q=%C3%A9+..&r=1 HTTP/1.1\r\nHost: aegis\r\nContent-Length: 3\r\nConnection: close\r\n\
         X-Aegis-Client: 127.0.0.9\r\nX-Aegis-Secure: no\r\nX-Aegis-From: none\r\n\
         Cookie: s=1; t=2\r\nX-CSRF-Token: k\r\n\r\n"
    );
    assert_eq!((clean.body, clean.read, clean.is_live), (3, request.len() - 3, false));
}

#[test]
fn a_change_asked_for_by_another_site_is_refused_and_a_look_is_told_apart() {
    for (headers, from) in [
        ("", "none"),
        ("Sec-Fetch-Site: none\r\n", "none"),
        ("Sec-Fetch-Site: same-origin\r\n", "same"),
        ("Origin: http://127.0.0.1:8787\r\n", "same"),
        ("Origin: http://aegis.local:8787\r\nSec-Fetch-Site: same-origin\r\n", "same"),
        ("Origin: http://127.0.0.1:8787\r\nSec-Fetch-Site: cross-site\r\n", "other"),
        ("Origin: http://127.0.0.1:8787\r\nSec-Fetch-Site: none\r\n", "other"),
        ("Sec-Fetch-Site: same-site\r\n", "other"),
        ("Sec-Fetch-Site: cross-site\r\n", "other"),
        ("Sec-Fetch-Site: \r\n", "other"),
        ("Origin: null\r\n", "other"),
        ("Origin: https://127.0.0.1:8787\r\n", "other"),
        ("Origin: http://127.0.0.1:8788\r\n", "other"),
        ("Origin: http://127.0.0.1:8787/\r\n", "other"),
        ("Origin: http://127.0.0.1:8787.evil.example\r\n", "other"),
        ("Origin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n", "other"),
    ] {
        let seen = clean(&format!("GET / HTTP/1.1\r\n{OURS}{headers}\r\n"));
        assert!(seen.head.contains(&format!("\r\nX-Aegis-From: {from}\r\n")), "{headers:?}: {}", seen.head);
        for method in ["POST", "PUT", "DELETE"] {
            let change = check(&format!("{method} / HTTP/1.1\r\n{OURS}{headers}\r\n"));
            assert_eq!(change.is_ok(), from != "other", "{method} {headers:?}: {change:?}");
            assert!(change.is_ok() || change == Err(Refusal::FORBIDDEN), "{change:?}");
        }
    }
}

#[test]
fn the_page_goes_by_its_address_and_the_names_of_the_settings_and_by_no_other() {
    let goes = |names: &Names, reached: &str, name: &str| {
        let link = Link { client: IpAddr::from([10, 0, 0, 9]), reached: reached.parse().expect("an address") };
        names.ours(name, &link).is_some()
    };
    let own = names("127.0.0.1:8787", &["aegis.lan", "x.example:99"], false);
    for name in [
        "127.0.0.1:8787",
        "localhost:8787",
        "LOCALHOST:8787",
        "[::1]:8787",
        "aegis.lan",
        "aegis.lan:8787",
        "x.example:99",
    ] {
        assert!(goes(&own, "127.0.0.1:8787", name), "{name}");
    }
    for name in ["127.0.0.1", "localhost", "x.example", "x.example:8787", "10.0.0.1:8787", "", ":8787", "aegis.lan:99"]
    {
        assert!(!goes(&own, "127.0.0.1:8787", name), "{name}");
    }
    let secure = names("10.0.0.1:443", &["aegis.lan:443"], true);
    for name in ["10.0.0.1", "10.0.0.1:443", "localhost", "aegis.lan", "aegis.lan:443"] {
        assert!(goes(&secure, "10.0.0.1:443", name), "{name}");
    }
    assert!(!goes(&secure, "10.0.0.1:443", "127.0.0.1") && !goes(&secure, "10.0.0.1:443", "10.0.0.1:80"));
    // Behind every address, the one that was reached.
    let every = names("0.0.0.0:8787", &[], true);
    assert!(goes(&every, "192.168.1.5:8787", "192.168.1.5:8787"));
    assert!(!goes(&every, "192.168.1.5:8787", "192.168.1.6:8787") && !goes(&every, "192.168.1.5:8787", "192.168.1.5"));
    let every = names("[::]:8787", &[], true);
    assert!(
        goes(&every, "[::ffff:10.0.0.2]:8787", "10.0.0.2:8787") && goes(&every, "[fd00::1]:8787", "[fd00::1]:8787")
    );
}

#[test]
fn a_stream_is_asked_for_in_one_way_only() {
    let live = |start: &str, more: &str| {
        let asked = check(&format!("{start} HTTP/1.1\r\n{OURS}{more}\r\n"));
        asked.is_ok_and(|clean| clean.is_some_and(|clean| clean.is_live))
    };
    assert!(live("GET /api/v1/live", "Accept: text/event-stream\r\n"));
    assert!(!live("GET /api/v1/live", "") && !live("GET /api/v1/live", "Accept: text/html\r\n"));
    assert!(!live("HEAD /api/v1/live", "Accept: text/event-stream\r\n"));
    assert!(!live("GET /api/v1/live?x", "Accept: text/event-stream\r\n"));
    assert!(!live("POST /api/v1/live", "Accept: text/event-stream\r\n"));
}
