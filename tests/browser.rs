//! The page in a real Chromium: set up from nothing, every page at two widths and in two colours, and what people do on it.
//!
//! Promises: the real binary against a stand-in for Telegram; the browser reaches nothing else; what it does is in
//! tests/browser, and what it asks of the other side is answered here.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;
#[path = "contract/client.rs"]
mod client;
#[path = "contract/house.rs"]
mod house;

use aegis::budget::{Micros, Prices};
use aegis::demo::faults::{Fault, Faults, WindowScope};
use aegis::demo::script::{Expected, Script, Scripted};
use aegis::demo::scripted_model::{Behaviour, ScriptedModel};
use aegis::demo::standin::StandIn;
use aegis::demo::town::Town;
use board::{Board, LONG, TOKEN, play};
use house::{CHESS, GARDEN, House, Person, says, spam, talk};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const UNSURE: &str = "[pack]\nid = \"unsure\"\nversion = 1\n\n[[rule]]\nid = \"unsure-offer\"\nreason = \"may be advertising\"\n\
                      score = 60\nkeywords = [\"perhaps an offer\"]\nactions = [\"delete\"]\n";

/// Where tests/run puts what the browser is driven with: a folder for this very list of packages.
fn modules() -> PathBuf {
    if let Some(given) = std::env::var_os("AEGIS_BROWSER_MODULES") {
        return given.into();
    }
    let digest = Sha256::digest(include_bytes!("browser/package-lock.json"));
    let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map_or_else(home, PathBuf::from);
    cache.join(format!("aegis-tests/browser-{hash}/node_modules"))
}

/// Plays one of the scripts; what it asks for is answered by `please`.
fn drive(name: &str, house: &House, scene: &Value, mut please: impl FnMut(&str, &Value) -> Value) {
    let modules = modules();
    assert!(modules.is_dir(), "{} is not there; tests/run makes it", modules.display());
    let script = format!("{}/tests/browser/{name}.mjs", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new("node")
        .arg(script)
        .env("AEGIS_BROWSER_MODULES", modules)
        .env("AEGIS_URL", house.url())
        .env("AEGIS_CODE", &house.code)
        .env("AEGIS_SCENE", scene.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("node cannot be run: {error}; tests/run installs it"));
    let mut answers = child.stdin.take().unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some(asked) = line.strip_prefix("please ") else {
            println!("{line}");
            continue;
        };
        let asked: Value = serde_json::from_str(asked).unwrap();
        let answer = please(asked["what"].as_str().unwrap(), &asked);
        writeln!(answers, "{answer}").unwrap();
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "{name}: {status}\n{}", house.board.log());
    board::assert_keeps_the_token(&house.board.log());
}

/// Waits until the stand-in has seen this.
#[track_caller]
fn seen(standin: &StandIn, reached: impl Fn(&Town) -> bool) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(standin.wait_until(LONG, reached))
}

/// A model that is asked about what is unsure.
fn model() -> ScriptedModel {
    let prices = Prices { input: Micros(150_000), output: Micros(600_000) };
    ScriptedModel::start(Behaviour::Honest, &["gold coins"], prices).unwrap()
}

fn settings(model: &ScriptedModel) -> String {
    format!(
        "[ai]\nbase_url = \"{}\"\nmodel = \"scripted\"\nprice_input = \"0.15\"\nprice_output = \"0.60\"\n\
         [budget]\nmoney = \"5.00\"\ncalls = 10_000\n{}",
        model.base_url(),
        house::settings()
    )
}

fn unsure(group: i64, message: i64) -> Scripted {
    says(group, message, 7_500_000 + message, "perhaps an offer: a bicycle", Expected::Unknown)
}

/// An appliance with two tenants and a model, and people of each role.
struct Scene {
    house: House,
    owner: Person,
    admin: Person,
    viewer: Person,
    _model: ScriptedModel,
}

impl Scene {
    fn new(standin: StandIn) -> Self {
        let model = model();
        let board = Board::new(&standin);
        board.write("packs/unsure.toml", UNSURE);
        let house = House::start(board, standin, &settings(&model));
        let owner = house.owner("olga");
        let admin = house.person(&owner, "ann", "admin", &[GARDEN.name]);
        let viewer = house.person(&owner, "vic", "viewer", &[GARDEN.name]);
        Self { house, owner, admin, viewer, _model: model }
    }

    /// Messages of every kind in each group, judged and acted on.
    fn with_traffic(self) -> Self {
        for tenant in [&GARDEN, &CHESS] {
            for turn in 0..4 {
                self.house.standin.offer(spam(tenant.group, 100 + turn));
                self.house.standin.offer(talk(tenant.group, 200 + turn));
            }
            self.house.standin.offer(unsure(tenant.group, 300));
            self.house.standin.offer(spam(tenant.without_rights, 400));
        }
        let vouched = json!({"group": GARDEN.group, "users": [7_000_000_200_i64, 5_123_456_789_i64]});
        let done = self.house.by(&self.owner, "POST", "/members/approve", Some(&vouched));
        assert_eq!(done.status, 200, "{}", done.text());
        let decided = |told: &Value| told["items"].as_array().is_some_and(|items| items.len() >= 11);
        self.house.until(&self.owner, "/decisions?limit=50", "the decisions", decided);
        let banned = |town: &Town| {
            let people = &town.ledger().people;
            (100..104).all(|n| people.get(&(GARDEN.group, 7_000_000 + n)).is_some_and(|person| person.bans > 0))
        };
        assert!(seen(&self.house.standin, banned), "{}", self.house.board.log());
        self
    }

    /// Numbers of decisions of a group that blocked, the newest first.
    fn blocked(&self, group: i64) -> Vec<Value> {
        let told = self.house.told(&self.owner, &format!("/decisions?group={group}&outcome=block"));
        told["items"].as_array().unwrap().iter().map(|row| row["number"].clone()).collect()
    }

    fn told(&self) -> Value {
        let (own, foreign) = (self.blocked(GARDEN.group), self.blocked(CHESS.group));
        json!({
            "owner": {"cookie": self.owner.cookie}, "admin": {"cookie": self.admin.cookie},
            "viewer": {"cookie": self.viewer.cookie}, "decision": own[0], "second": own[1], "third": own[2],
            "foreign": foreign[0], "group": GARDEN.group, "foreignGroup": CHESS.group,
        })
    }

    /// Whether the sender of a decision's message may come back.
    fn is_freed(&self, decision: &Value) -> bool {
        let seen_one = self.house.told(&self.owner, &format!("/decisions/{decision}"));
        let key = (seen_one["row"]["group"].as_i64().unwrap(), seen_one["sender"].as_i64().unwrap());
        seen(&self.house.standin, |town| town.ledger().people.get(&key).is_some_and(|person| person.unbans > 0))
    }

    fn garden(&self, path: &str, list: &str) -> Value {
        let told = self.house.told(&self.owner, path);
        let all = told.as_array().or_else(|| told[list].as_array()).unwrap();
        all.iter().find(|one| one["tenant"] == GARDEN.name).unwrap().clone()
    }
}

#[test]
#[ignore = "needs Chromium; tests/run installs it"]
fn from_the_printed_address_to_enforcing_in_at_most_twelve_interactions() {
    let standin = play(Script { token: TOKEN.to_owned(), ..Script::new(Box::new(Vec::new())) });
    let mut board = Board::at(standin.api_url(), "");
    board.set("AEGIS_MODE", "record");
    let house = House::start(board, standin, "");
    let group = -1_001_000_000_077;
    let joined = json!({"my_chat_member": {
        "chat": {"id": group, "type": "supergroup", "title": "Neighbours"}, "date": 1_760_000_000,
        "from": {"id": 7, "is_bot": false, "first_name": "Kim"},
        "old_chat_member": {"status": "left", "user": {"id": 4242, "is_bot": true, "first_name": "Aegis"}},
        "new_chat_member": {"status": "administrator", "user": {"id": 4242, "is_bot": true, "first_name": "Aegis"},
            "can_be_edited": false, "is_anonymous": false, "can_manage_chat": true, "can_delete_messages": true,
            "can_manage_video_chats": false, "can_restrict_members": true, "can_promote_members": false,
            "can_change_info": false, "can_invite_users": false, "can_post_stories": false, "can_edit_stories": false,
            "can_delete_stories": false},
    }});
    drive("first_run", &house, &json!({"token": TOKEN}), |what, _| match what {
        "group" => {
            house.standin.offer(Scripted::from_update(&joined, Expected::Unknown).unwrap());
            house.standin.offer(talk(group, 1));
            json!({})
        }
        "talk" => {
            house.standin.offer(talk(group, 2));
            house.standin.offer(spam(group, 3));
            assert!(seen(&house.standin, Town::is_drained));
            json!({})
        }
        "touched" => json!({"touched": house.standin.ledger().actions()}),
        "spam" => {
            let message = spam(group, 9);
            let key = (message.chat, message.sender);
            house.standin.offer(message);
            let gone = |town: &Town| {
                let ledger = town.ledger();
                let is_deleted = ledger.message(group, 9).is_some_and(|record| record.deleted_us.is_some());
                is_deleted && ledger.people.get(&key).is_some_and(|person| person.bans > 0)
            };
            let is_gone = seen(&house.standin, gone);
            json!({"deleted": is_gone, "banned": is_gone})
        }
        other => panic!("{other}"),
    });
}

#[test]
#[ignore = "needs Chromium; tests/run installs it"]
fn every_page_is_whole_for_everybody_on_a_phone_and_on_a_desk() {
    let scene = Scene::new(house::standin()).with_traffic();
    let (house, owner) = (&scene.house, &scene.owner);
    for (method, path, body) in [
        ("POST", "/backups", Value::Null),
        ("PUT", "/banner", json!({"text": "We are being raided, please be patient"})),
        (
            "POST",
            "/policy",
            json!({"tenant": "garden", "block": 90, "words": {"free gold": "delete"}, "note": "a test"}),
        ),
        ("PUT", "/budget/garden", json!({"calls": 500})),
    ] {
        let body = Some(&body).filter(|body| !body.is_null());
        let said = house.by(owner, method, path, body);
        assert!(said.status < 300, "{method} {path}: {}", said.text());
    }
    drive("pages", house, &scene.told(), |what, _| panic!("{what}"));
}

#[test]
#[ignore = "needs Chromium; tests/run installs it"]
fn what_people_do_on_the_page_is_done_and_shown_with_a_script_and_without() {
    let scene = Scene::new(house::standin()).with_traffic();
    drive("use", &scene.house, &scene.told(), |what, asked| match what {
        "orders" => {
            let told = scene.house.told(&scene.owner, "/decisions?limit=50");
            json!({"decisions": told["items"].as_array().unwrap().len()})
        }
        "budget" => scene.garden("/budget", ""),
        "block" => scene.garden("/policy", "tenants"),
        "freed" => json!({"freed": scene.is_freed(&asked["decision"])}),
        other => panic!("{other}"),
    });
}

/// A scene with one group, whose first page stands open when things begin to go wrong.
fn goes_wrong(standin: StandIn, state: &str) {
    let scene = Scene::new(standin);
    let (house, owner) = (&scene.house, &scene.owner);
    house.standin.offer(talk(GARDEN.group, 1));
    house.until(owner, "/status", "the group", |told| told["groups"].as_array().is_some_and(|all| !all.is_empty()));
    let told = json!({"owner": {"cookie": owner.cookie}, "group": GARDEN.group, "state": state});
    drive("live", house, &told, |what, _| match what {
        "backlog" => {
            (10..310).for_each(|message| house.standin.offer(spam(GARDEN.group, message)));
            json!({})
        }
        "spent" => {
            let said = house.by(owner, "PUT", "/budget/garden", Some(&json!({"calls": 0})));
            assert_eq!(said.status, 200, "{}", said.text());
            house.standin.offer(unsure(GARDEN.group, 999));
            json!({})
        }
        other => panic!("{other}"),
    });
}

#[test]
#[ignore = "needs Chromium; tests/run installs it"]
fn a_pause_of_telegrams_a_spent_budget_and_the_end_of_a_session_show_by_themselves_in_time() {
    let faults = Faults {
        kinds: vec![Fault::TooMany],
        rate_permille: 1_000,
        retry_after_s: 600,
        scope: WindowScope::Chat,
        ..Faults::default()
    };
    let script = Script { token: TOKEN.to_owned(), faults, ..Script::new(Box::new(Vec::new())) };
    goes_wrong(play(script), "Rate-limited");
}

#[test]
#[ignore = "needs Chromium; tests/run installs it"]
fn a_backlog_shows_by_itself_in_time() {
    let script = Script { token: TOKEN.to_owned(), latency_ms: 500, ..Script::new(Box::new(Vec::new())) };
    goes_wrong(play(script), "Backlog high");
}

#[test]
#[ignore = "needs Chromium; tests/run installs it"]
fn the_first_page_takes_few_requests_few_bytes_and_little_time() {
    let scene = Scene::new(house::standin()).with_traffic();
    drive("figures", &scene.house, &scene.told(), |what, _| panic!("{what}"));
}
