//! The real binary with its page, a stand-in for Telegram, and people who may log in.
//!
//! Promises: two tenants, each with a group that may be moderated and one where the bot has no rights; everybody's password,
//! session and token are known.

#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // Each test uses a part of it.

use super::board::{Board, Life, PHRASES, play};
use super::client::{Said, ask};
use aegis::demo::script::{Expected, Script, Scripted};
use aegis::demo::standin::StandIn;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// A password that is taken.
pub const PASSWORD: &str = "four quiet garden gnomes";

/// A tenant: its name, the group that is moderated, and the one where the bot may do nothing.
pub struct Tenant {
    pub name: &'static str,
    pub group: i64,
    pub without_rights: i64,
}

pub const GARDEN: Tenant = Tenant { name: "garden", group: -1_001_000_000_001, without_rights: -1_001_000_000_003 };
pub const CHESS: Tenant = Tenant { name: "chess", group: -1_001_000_000_002, without_rights: -1_001_000_000_004 };

/// Settings with both.
pub fn settings() -> String {
    let tenant = |tenant: &Tenant| {
        format!("[tenants.{}]\nchats = [\"{}\", \"{}\"]\n", tenant.name, tenant.group, tenant.without_rights)
    };
    format!("{}{}", tenant(&GARDEN), tenant(&CHESS))
}

/// A stand-in in which the bot may do nothing where it should not.
pub fn standin() -> StandIn {
    let script = Script {
        token: super::board::TOKEN.to_owned(),
        without_rights: vec![GARDEN.without_rights, CHESS.without_rights],
        ..Script::new(Box::new(Vec::new()))
    };
    play(script)
}

/// A message of somebody's own, in a group by its title.
pub fn says(group: i64, message: i64, sender: i64, text: &str, expected: Expected) -> Scripted {
    let titles = [
        (GARDEN.group, "Garden friends"),
        (GARDEN.without_rights, "Garden market"),
        (CHESS.group, "Chess club"),
        (CHESS.without_rights, "Chess beginners"),
    ];
    let title = titles.iter().find(|(known, _)| *known == group).map_or("Neighbours", |(_, title)| title);
    let scripted = Scripted::text(group, message, sender, text, expected);
    Scripted { fields: scripted.fields.replace("Neighbours", title), ..scripted }
}

/// A message that is blocked, from a sender of its own.
pub fn spam(group: i64, message: i64) -> Scripted {
    let text = format!("Hello all, {} today", PHRASES.first().unwrap());
    says(group, message, 7_000_000 + message, &text, Expected::Unknown)
}

/// One that nobody minds.
pub fn talk(group: i64, message: i64) -> Scripted {
    let text = format!("has anybody seen my cat, {message} days now?");
    says(group, message, 7_000_000 + message, &text, Expected::Stay)
}

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub cookie: String,
    pub csrf: String,
    pub token: String,
    pub token_id: String,
}

/// The appliance at work.
pub struct House {
    pub board: Board,
    pub standin: StandIn,
    pub addr: SocketAddr,
    pub code: String,
    _life: Life,
}

impl House {
    /// Starts the binary with these settings, and reads where its page is and with which code it begins.
    #[track_caller]
    pub fn start(mut board: Board, standin: StandIn, settings: &str) -> Self {
        board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
        let config = board.write("aegis.toml", settings);
        let life = board.run(&["--config", &config]);
        board.hear("/setup?code=", 1);
        let log = board.log();
        let (before, after) = log.split_once("/setup?code=").unwrap();
        let addr = before.rsplit_once("http://").unwrap().1.parse().unwrap_or_else(|_| panic!("no address: {log}"));
        let code: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        Self { board, standin, addr, code, _life: life }
    }

    /// The address as browsers have it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// A question with these headers; a body is JSON.
    #[track_caller]
    pub fn say(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Said {
        let text = body.map(Value::to_string);
        let mut all = headers.to_vec();
        if text.is_some() {
            all.push(("Content-Type", "application/json"));
        }
        ask(self.addr, method, &format!("/api/v1{path}"), &all, text.as_deref())
    }

    /// The same by somebody's token.
    #[track_caller]
    pub fn by(&self, person: &Person, method: &str, path: &str, body: Option<&Value>) -> Said {
        self.say(method, path, &[("Authorization", &format!("Bearer {}", person.token))], body)
    }

    /// What somebody is told, which must be told.
    #[track_caller]
    pub fn told(&self, person: &Person, path: &str) -> Value {
        let said = self.by(person, "GET", path, None);
        assert_eq!(said.status, 200, "{path}: {}", said.text());
        said.json()
    }

    /// The same by somebody's session.
    #[track_caller]
    pub fn by_session(&self, person: &Person, method: &str, path: &str, body: Option<&Value>) -> Said {
        self.say(method, path, &[("Cookie", &person.cookie), ("X-CSRF-Token", &person.csrf)], body)
    }

    /// The first owner comes.
    #[track_caller]
    pub fn owner(&self, name: &str) -> Person {
        let body = json!({"code": self.code, "name": name, "password": PASSWORD});
        self.entered(name, "owner", &self.say("POST", "/setup/owner", &[], Some(&body)))
    }

    /// Somebody whom an owner adds.
    #[track_caller]
    pub fn person(&self, owner: &Person, name: &str, role: &str, tenants: &[&str]) -> Person {
        let wanted = json!({"name": name, "role": role, "tenants": tenants});
        let added = self.by(owner, "POST", "/users", Some(&wanted));
        assert_eq!(added.status, 201, "{}", added.text());
        let body = json!({"name": name, "code": added.json()["code"], "password": PASSWORD});
        self.entered(name, role, &self.say("POST", "/session/code", &[], Some(&body)))
    }

    fn entered(&self, name: &str, role: &str, said: &Said) -> Person {
        assert_eq!(said.status, 200, "{}", said.text());
        let csrf = said.json()["csrf"].as_str().unwrap().to_owned();
        let nobody = Person {
            name: name.to_owned(),
            cookie: said.cookie().unwrap(),
            csrf,
            token: String::new(),
            token_id: String::new(),
        };
        self.with_token(&nobody, role)
    }

    /// The same person with a token of their own role.
    #[track_caller]
    pub fn with_token(&self, person: &Person, role: &str) -> Person {
        let wanted = json!({"name": "test", "role": role, "days": 1});
        let made = self.by_session(person, "POST", "/tokens", Some(&wanted));
        assert_eq!(made.status, 201, "{}", made.text());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let made = made.json();
        let (secret, id) = (made.get("secret").unwrap(), made.pointer("/token/id").unwrap());
        Person { token: text(secret), token_id: text(id), ..person.clone() }
    }

    /// Waits until somebody is told this, asking again and again; a page has no other way to know.
    #[track_caller]
    pub fn until(&self, person: &Person, path: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let told = self.told(person, path);
            if is_so(&told) {
                return told;
            }
            assert!(begun.elapsed() < super::board::LONG, "{what} never came: {told}\n{}", self.board.log());
            std::thread::yield_now();
        }
    }
}
