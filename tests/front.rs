//! The bounded front at its work: what goes through, live values, TLS. Its attackers are in `hostile_http.rs`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

#[path = "front/stand.rs"]
mod stand;

use aegis::limits;
use aegis::web::front::Patience;
use stand::{Speaks, Stand, tell, until};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

fn quick() -> Patience {
    Patience {
        request: Duration::from_secs(5),
        answer: Duration::from_secs(5),
        live_tick: Duration::from_millis(5),
        live_still: Duration::from_millis(100),
        live_life: Duration::from_secs(600),
    }
}

#[tokio::test]
async fn a_request_goes_through_clean_and_its_answer_comes_back_whole() {
    let stand = Stand::new(Speaks::Plain, quick()).await;
    let body = "b".repeat(limits::WEB_BODY_BYTES_MAX);
    let headers = format!(
        "Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: text/plain\r\nX-Aegis-Client: 6.6.6.6\r\nX-Odd: 1\r\n\
         Content-Length: {}\r\n",
        stand.addr,
        body.len()
    );
    let answer = stand.ask(&stand.request("PUT /x?a=%20", &headers, &body)).await;
    assert!(answer.ends_with("\r\n\r\n65536 bytes\n"), "{answer}");
    let head = stand.behind.heads().pop().unwrap();
    assert_eq!(
        head,
        "PUT /x?a=%20 HTTP/1.1\r\nHost: aegis\r\nContent-Length: 65536\r\nConnection: close\r\n\
         X-Aegis-Client: 127.0.0.1\r\nX-Aegis-Secure: no\r\nX-Aegis-From: same\r\nContent-Type: text/plain\r\n\r\n"
    );
    let answer = stand.ask(&stand.request("GET /big", "", "")).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.len(), 100 * 1024);
    assert_eq!(stand.refused.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_answer_without_a_whole_head_is_none_and_one_too_long_is_cut() {
    let stand = Stand::new(Speaks::Plain, quick()).await;
    let answer = stand.ask(&stand.request("GET /half", "", "")).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && !answer.contains("Content-Le\r"), "{answer}");
    assert!(answer.contains("Retry-After: 5\r\n") && answer.contains("frame-ancestors 'none'"), "{answer}");
    let answer = stand.ask(&stand.request("GET /long", "", "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.len() <= limits::WEB_ANSWER_BYTES_MAX, "{}", answer.len());
}

#[tokio::test]
async fn a_stream_tells_what_is_there_and_what_has_changed_and_ends_when_the_server_refuses() {
    for speaks in [Speaks::Plain, Speaks::Tls] {
        let stand = Stand::new(speaks, quick()).await;
        let mut stream = stand.stream().await;
        let begun = until(&mut stream, "data: {\"n\":0}\n\n").await;
        let (head, events) = begun.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("\r\nContent-Type: text/event-stream"), "{head}");
        assert!(head.contains("\r\nCache-Control: no-store") && head.contains("\r\nConnection: close"), "{head}");
        assert_eq!(events, "retry: 3000\n\nevent: now\ndata: {\"n\":0}\n\n");
        assert_eq!(stand.streams.load(Ordering::Relaxed), 1);
        // As long as nothing changes there is silence, and now and then a comment.
        assert_eq!(until(&mut stream, "here\n\n").await.replace(": still here\n\n", ""), "");
        stand.behind.says(200, "{\"n\":1}\n");
        let told = until(&mut stream, "data: {\"n\":1}\n\n").await.replace(": still here\n\n", "");
        assert_eq!(told, "event: now\ndata: {\"n\":1}\n\n");
        // Busy is not gone.
        stand.behind.says(503, "");
        assert_eq!(until(&mut stream, "here\n\n").await.replace(": still here\n\n", ""), "");
        stand.behind.says(401, "no");
        let told = until(&mut stream, "no such text").await.replace(": still here\n\n", "");
        assert_eq!(told, "event: gone\ndata: {}\n\n");
        stand.has_streams(0).await;
        // Each question was the same clean one.
        let heads = stand.behind.heads();
        assert!(heads.len() > 3 && heads.iter().all(|head| *head == heads[0]), "{heads:?}");
        assert!(heads[0].starts_with("GET /api/v1/live HTTP/1.1\r\nHost: aegis\r\n"), "{}", heads[0]);
    }
}

#[tokio::test]
async fn a_refusal_at_the_beginning_of_a_stream_is_given_as_it_is() {
    let stand = Stand::new(Speaks::Plain, quick()).await;
    stand.behind.says(401, "{\"status\":401}");
    let told = until(&mut stand.stream().await, "no such text").await;
    assert_eq!(told, "HTTP/1.1 401 Told\r\nContent-Length: 14\r\n\r\n{\"status\":401}");
    for useless in ["two\nlines", &"x".repeat(limits::WEB_LIVE_BYTES_MAX + 1)] {
        stand.behind.says(200, useless);
        let told = until(&mut stand.stream().await, "no such text").await;
        assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("application/problem+json"), "{told}");
    }
    assert_eq!(stand.streams.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn streams_take_no_place_of_a_request_and_a_further_one_is_asked_to_come_back() {
    let stand = Stand::new(Speaks::Plain, quick()).await;
    let mut streams = Vec::new();
    for _ in 0..limits::WEB_LIVE_MAX {
        let mut stream = stand.stream().await;
        until(&mut stream, "data: ").await;
        streams.push(stream);
    }
    let told = until(&mut stand.stream().await, "no such text").await;
    assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("\r\nRetry-After: 5\r\n"), "{told}");
    stand.good_client("all streams are taken").await;
    // A client that is gone gives its place back.
    streams.pop();
    stand.has_streams(u64::try_from(limits::WEB_LIVE_MAX).unwrap() - 1).await;
    until(&mut stand.stream().await, "data: ").await;
    drop(streams);
    stand.has_streams(0).await;
}

#[tokio::test]
async fn a_stream_ends_after_a_while_in_any_case() {
    let patience = Patience { live_life: Duration::from_millis(30), ..quick() };
    let stand = Stand::new(Speaks::Plain, patience).await;
    let told = until(&mut stand.stream().await, "no such text").await;
    assert!(told.ends_with("event: now\ndata: {\"n\":0}\n\n"), "{told}");
    stand.has_streams(0).await;
}

#[tokio::test]
async fn by_tls_the_same_goes_through_and_the_server_is_told() {
    let stand = Stand::new(Speaks::Tls, quick()).await;
    stand.good_client("nothing").await;
    let headers = format!("Origin: https://{}\r\nContent-Length: 5\r\n", stand.addr);
    let answer = stand.ask(&stand.request("POST /x", &headers, "hello")).await;
    assert!(answer.ends_with("5 bytes\n"), "{answer}");
    let head = stand.behind.heads().pop().unwrap();
    assert!(head.contains("\r\nX-Aegis-Secure: yes\r\nX-Aegis-From: same\r\n"), "{head}");
    // The same page without TLS is another site.
    let headers = format!("Origin: http://{}\r\n", stand.addr);
    assert!(stand.ask(&stand.request("POST /x", &headers, "")).await.starts_with("HTTP/1.1 403 "));
    let answer = stand.ask(&stand.request("GET /big", "", "")).await;
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), 100 * 1024);
    assert_eq!(stand.fingerprint.as_ref().unwrap().split(':').count(), 32);
    // Bodies as large as may be, and a larger one, whose refusal is still read.
    for (more, status) in [(0, "200"), (20_000, "413")] {
        let body = "b".repeat(limits::WEB_BODY_BYTES_MAX + more);
        let headers = format!("Content-Length: {}\r\n", body.len());
        let answer = stand.ask(&stand.request("POST /x", &headers, &body)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
}

#[tokio::test]
async fn plain_http_where_tls_is_spoken_is_shown_the_way_and_nothing_else() {
    let stand = Stand::new(Speaks::Tls, quick()).await;
    for (request, status, location) in [
        (
            stand.request("GET /x?a=%20b", "Cookie: s=1\r\n", ""),
            "308",
            Some(format!("https://{}/x?a=%20b", stand.addr)),
        ),
        (b"GET / HTTP/1.1\r\nHost: aegis.lan\r\n\r\n".to_vec(), "308", Some("https://aegis.lan/".to_owned())),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_vec(), "421", None),
        (b"GET /\r\n\r\n".to_vec(), "421", None),
        (stand.request("PATCH /", "", ""), "421", None),
    ] {
        let mut plain = TcpStream::connect(stand.addr).await.unwrap();
        let answer = tell(&mut plain, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let said = answer.lines().find_map(|line| line.strip_prefix("Location: ").map(str::to_owned));
        assert_eq!(said, location, "{answer}");
        assert!(answer.contains("frame-ancestors 'none'"), "{answer}");
    }
    assert_eq!(stand.behind.heads(), Vec::<String>::new(), "nothing of it went through");
}

#[tokio::test]
async fn closing_the_page_ends_its_streams() {
    let stand = Stand::new(Speaks::Plain, quick()).await;
    let mut stream = stand.stream().await;
    until(&mut stream, "data: ").await;
    drop(stand);
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the stream is still open");
}
