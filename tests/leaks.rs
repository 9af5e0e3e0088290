//! What must not be said: no secret of anybody stands in a log line, a page or an answer to somebody else, and every line of
//! the log is one line: hazard 20.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;
#[path = "contract/client.rs"]
mod client;
#[path = "contract/house.rs"]
mod house;

use board::{Board, TOKEN};
use client::ask;
use house::{GARDEN, House, PASSWORD, settings, spam, standin};
use serde_json::json;

/// Text that would begin a line of its own, or colour one, where it is written as it is.
const HOSTILE: &str = "first\nWARN second\r\u{1b}[31mred\u{0}";

#[test]
fn no_secret_is_logged_or_shown_and_no_text_begins_a_line_of_its_own() {
    let standin = standin();
    let mut board = Board::new(&standin);
    board.set("AEGIS_LOG", "trace");
    let house = House::start(board, standin, &settings());
    let owner = house.owner("olga");
    let kim = house.person(&owner, "kim", "admin", &[GARDEN.name]);
    house.standin.offer(spam(GARDEN.group, 1));
    // Wrong passwords, codes and tokens, hostile names, and everything that has a secret in it.
    let wrong = json!({"name": HOSTILE, "password": "a wrong password of mine", "code": HOSTILE});
    for path in ["/session", "/session/code", "/setup/owner"] {
        assert!(house.say("POST", path, &[], Some(&wrong)).status >= 400);
    }
    assert_eq!(house.say("GET", "/status", &[("Authorization", "Bearer aegis_none_of_these")], None).status, 401);
    let code = house.by(&owner, "POST", "/users/kim/code", None).json();
    let code = code.get("code").unwrap().as_str().unwrap().to_owned();
    house.by(&owner, "PUT", "/banner", Some(&json!({"text": HOSTILE})));
    house.by(&kim, "POST", "/simulate", Some(&json!({"text": HOSTILE, "group": GARDEN.group})));
    let words = json!({"tenant": GARDEN.name, "words": {HOSTILE: "delete"}, "note": HOSTILE});
    house.by(&kim, "POST", "/policy", Some(&words));
    let mut shown = String::new();
    let members = format!("/members/{}", GARDEN.group);
    for page in
        ["/", "/decisions", "/simulator", "/policy", &members, "/usage", "/waiting", "/system", "/people", "/audit"]
    {
        let said = ask(house.addr, "GET", page, &[("Cookie", &owner.cookie)], None);
        assert_eq!(said.status, 200, "{page}");
        shown.push_str(&said.text());
    }
    for path in ["/users", "/tokens", "/audit", "/system", "/session", "/setup", "/status"] {
        shown.push_str(&house.by(&owner, "GET", path, None).text());
    }
    let log = house.board.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log says everything");
    let session = |person: &house::Person| person.cookie.split_once('=').unwrap().1.to_owned();
    let bot = TOKEN.split_once(':').unwrap().1;
    let secrets = [session(&owner), session(&kim), owner.token.clone(), kim.token.clone(), kim.csrf.clone(), code];
    for secret in secrets.iter().map(String::as_str).chain([bot, PASSWORD, "a wrong password of mine"]) {
        assert!(secret.len() > 8, "{secret}");
        assert!(!log.contains(secret), "a secret is logged: {secret}");
        assert!(!shown.contains(secret), "a secret is shown: {secret}");
    }
    for line in log.lines() {
        assert!(!line.starts_with("WARN second"), "{line}");
        assert!(!line.contains(['\r', '\u{0}']), "{line:?}");
        assert!(line.is_empty() || line.starts_with("20") || line.starts_with('\u{1b}'), "a line of its own: {line:?}");
    }
}
