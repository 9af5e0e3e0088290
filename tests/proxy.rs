//! Where Telegram cannot be reached straight it is called through the proxy of the environment, by a tunnel, and nobody else is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use board::{Board, LONG, TOKEN};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;

/// A proxy that refuses: where it is, and the head of each question.
fn proxy() -> (SocketAddr, mpsc::Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (told, heard) = mpsc::channel();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut lines = Vec::new();
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                lines.push(line.trim_end().to_owned());
                line.clear();
            }
            let _ = stream.get_mut().write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n");
            if told.send(lines).is_err() {
                return;
            }
        }
    });
    (at, heard)
}

#[test]
fn telegram_is_asked_for_through_the_proxy_of_the_environment_and_neither_its_password_nor_the_token_is_said() {
    let (at, heard) = proxy();
    let mut board = Board::at("https://telegram.invalid".to_owned(), TOKEN);
    board.set("HTTPS_PROXY", format!("http://me:hidden@{at}"));
    board.set("NO_PROXY", "elsewhere.invalid");
    let _life = board.run(&[]);
    let head = heard.recv_timeout(LONG).unwrap();
    assert_eq!(head[0], "CONNECT telegram.invalid:443 HTTP/1.1");
    // me:hidden
    assert!(head.iter().any(|line| line.eq_ignore_ascii_case("proxy-authorization: Basic bWU6aGlkZGVu")), "{head:?}");
    board.hear("Telegram cannot be reached", 1);
    let log = board.log();
    assert!(!log.contains("hidden") && !log.contains("bWU6"), "{log}");
    board::assert_keeps_the_token(&log);
}

#[tokio::test]
async fn a_bot_api_server_of_ones_own_by_http_is_called_straight() {
    let (at, heard) = proxy();
    let standin = board::play(board::script(4));
    let mut board = Board::new(&standin);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "http_proxy"] {
        board.set(name, format!("http://{at}"));
    }
    board.set("NO_PROXY", "elsewhere.invalid");
    let _life = board.run(&[]);
    board::settled(&board, &standin).await;
    assert!(heard.try_recv().is_err(), "the proxy was asked");
}
