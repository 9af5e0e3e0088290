//! Updates as Telegram sends them, written out one by one: what each means, and what comes of it when the real
//! appliance gets it.
//!
//! Promises: every file of `tests/updates` is read whole; a case says what must come of it and nothing else may; all
//! cases run in one life of the appliance, so that none harms another.
//!
//! Never: a word of a real chat.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // Helpers of tests stand outside `#[test]`.

mod board;

use aegis::demo::ledger::Ledger;
use aegis::demo::readings::Readings;
use aegis::demo::script::{Expected, Script, Scripted};
use aegis::demo::standin::StandIn;
use aegis::message::{Media, Message, Provenance, Revision, Sender, Truncation};
use aegis::telegram::update::{Person, PersonKind, Standing, Told};
use aegis::telegram::{What, update};
use board::{Board, LONG, Signal, TOKEN};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The administrators of every chat in the cases.
const ADMINS: [i64; 2] = [5_000_000_001, 5_000_000_002];
/// The group that is linked with a channel, and the channel.
const LINKED: (i64, i64) = (-1_001_650_000_001, -1_001_650_000_009);

/// One or several updates, and what must come of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// A promise in words.
    name: String,
    /// The update, as the Bot API sends it.
    update: Option<Value>,
    /// The same, where it takes several.
    #[serde(default)]
    updates: Vec<Value>,
    /// What must come of it.
    expect: Expect,
    /// What comes of it today, where that is not what must: a known defect, to be taken away when it is mended.
    today: Option<Expect>,
}

/// What must come of a case. What is not said of messages and people is that nothing happens to them; what is not said
/// of a meaning is not looked at.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
struct Expect {
    /// What the update means, for each update; one for all when they mean the same.
    kind: Vec<String>,
    /// Who sent the message.
    sender: Option<String>,
    /// What it carries besides text.
    media: Option<String>,
    /// Where text was found in the message, in order.
    surfaces: Option<Vec<String>>,
    /// Things that hold of the message: `edited`, `forwarded`, `album`, `cut`.
    is: Option<BTreeSet<String>>,
    /// What is read of the last update, by name; see [`values`]. What is not named is not looked at.
    values: BTreeMap<String, String>,
    /// Messages that are deleted, by id.
    deleted: BTreeSet<i64>,
    /// Users that are banned.
    banned: BTreeSet<i64>,
    /// Channels that are banned, by the method for channels.
    banned_channel: BTreeSet<i64>,
    /// Users that are muted.
    muted: BTreeSet<i64>,
}

impl Case {
    fn updates(&self) -> Vec<Value> {
        self.update.iter().chain(&self.updates).map(unfold).collect()
    }

    /// What comes of it now.
    fn now(&self) -> &Expect {
        self.today.as_ref().unwrap_or(&self.expect)
    }
}

/// A text that is too long to be written out stands as `{"$repeat": "text", "$times": 9}`.
fn unfold(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            if let (Some(text), Some(times)) = (object.get("$repeat"), object.get("$times")) {
                return Value::from(text.as_str().unwrap().repeat(usize::try_from(times.as_u64().unwrap()).unwrap()));
            }
            object.iter().map(|(key, value)| (key.clone(), unfold(value))).collect()
        }
        Value::Array(values) => values.iter().map(unfold).collect(),
        other => other.clone(),
    }
}

fn cases() -> Vec<Case> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/updates");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let own: Vec<Case> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        cases.extend(own);
    }
    cases
}

/// What an update means, in a word. This is where a new meaning gets its word.
fn kind(json: &str) -> String {
    let Some(incoming) = update::read(json) else { return "no update".to_owned() };
    match incoming.what {
        What::Message(_) => "message",
        What::Command(..) => "command",
        What::Left { .. } => "left",
        What::Service { what: Told::Joined, .. } => "joined message",
        What::Service { what: Told::Left, .. } => "left message",
        What::Moved { .. } => "moved",
        What::OwnStanding { .. } => "own standing",
        What::Administrator { standing: Standing::Administrator, .. } => "administrator",
        What::Administrator { standing: Standing::Other, .. } => "no administrator",
        What::Joined { .. } => "joined",
        What::Callback { message: Some(_), .. } => "press",
        What::Callback { message: None, .. } => "press elsewhere",
        What::JoinRequest { .. } => "asks to join",
        What::Reaction { .. } => "reaction",
        What::Nothing => "nothing",
        What::Unreadable(_) => "unreadable",
    }
    .to_owned()
}

fn sender(sender: Sender) -> String {
    match sender {
        Sender::Member(_) => "member",
        Sender::Bot(_) => "bot",
        Sender::Channel(_) => "channel",
        Sender::AnonymousAdmin => "anonymous admin",
        Sender::LinkedChannel => "linked channel",
        Sender::Nobody => "nobody",
    }
    .to_owned()
}

fn media(media: Media) -> String {
    media.word().to_owned()
}

fn facts(message: &Message) -> BTreeSet<String> {
    let holds = [
        ("edited", message.revision != Revision::Original),
        ("forwarded", message.provenance == Provenance::Forwarded),
        ("album", message.album.is_some()),
        ("cut", message.truncated != Truncation::Whole),
    ];
    holds.into_iter().filter(|(_, holds)| *holds).map(|(word, _)| word.to_owned()).collect()
}

/// Somebody, by name.
fn person(who: &Person) -> Vec<(&'static str, String)> {
    let kind = match who.kind {
        PersonKind::Human => "human",
        PersonKind::Bot => "bot",
        PersonKind::Restricted => "restricted",
    };
    let number = who.user.0.to_string();
    vec![("user", number), ("name", who.name.clone()), ("username", who.username.clone()), ("who", kind.to_owned())]
}

/// What is read of an update besides the texts of its message, by name.
fn values(what: &What) -> BTreeMap<&'static str, String> {
    let mut found = Vec::new();
    match what {
        What::Command(message, line) => {
            found.extend([("by", message.sender_name.clone()), ("command", line.text.clone())]);
            found.extend(message.topic.map(|topic| ("topic", topic.to_string())));
            if let Some(replied) = &line.replied {
                found.push(("answers", replied.message.0.to_string()));
                found.push(("answers whom", sender(replied.sender)));
                found.push(("answers name", replied.name.clone()));
                found.push(("answers excerpt", replied.excerpt.clone()));
            }
        }
        What::Joined { who, .. } => found = person(who),
        What::Left { user, .. } => found.push(("user", user.0.to_string())),
        What::JoinRequest { who, bio, .. } => {
            found = person(who);
            found.push(("bio", bio.clone()));
        }
        What::Callback { who, words, message, .. } => {
            found = person(who);
            found.push(("words", words.clone()));
            found.extend(message.map(|(_, message)| ("message", message.0.to_string())));
        }
        What::OwnStanding { title, .. } => found.extend(title.clone().map(|title| ("title", title))),
        What::Service { message, .. } => found.push(("message", message.0.to_string())),
        _ => {}
    }
    found.into_iter().collect()
}

/// Complaints about what the updates of a case mean, measured by one expectation.
fn misread(case: &Case, expect: &Expect) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut differs = |what: &str, found: String, expected: String| {
        if found != expected {
            complaints.push(format!("{what} is {found}, not {expected}"));
        }
    };
    let updates = case.updates();
    for (place, update) in updates.iter().enumerate() {
        let json = update.to_string();
        let expected = expect.kind.get(place).or(expect.kind.last()).cloned().unwrap_or_default();
        differs("kind", kind(&json), expected);
        // The last one shows how it stands in the end.
        let Some(incoming) = update::read(&json).filter(|_| place + 1 == updates.len()) else { continue };
        let found = values(&incoming.what);
        for (name, expected) in &expect.values {
            let found = found.get(name.as_str()).map_or("not there", String::as_str);
            differs(name, found.to_owned(), expected.clone());
        }
        let (What::Message(message) | What::Command(message, _)) = incoming.what else { continue };
        if let Some(expected) = &expect.sender {
            differs("sender", sender(message.sender), expected.clone());
        }
        if let Some(expected) = &expect.media {
            differs("media", media(message.media), expected.clone());
        }
        if let Some(expected) = &expect.surfaces {
            let found: Vec<_> = message.surfaces.iter().map(|surface| surface.kind.word()).collect();
            differs("surfaces", format!("{found:?}"), format!("{expected:?}"));
        }
        if let Some(expected) = &expect.is {
            differs("the message", format!("{:?}", facts(&message)), format!("{expected:?}"));
        }
    }
    complaints
}

#[test]
fn each_case_has_a_promise_and_messages_of_its_own() {
    let cases = cases();
    assert!(cases.len() >= 90, "only {} cases", cases.len());
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    let mut owners: BTreeMap<(i64, i64), &str> = BTreeMap::new();
    for case in &cases {
        assert!(!case.expect.kind.is_empty() && !case.updates().is_empty(), "{}: says too little", case.name);
        for update in case.updates() {
            let Some(scripted) = Scripted::from_update(&update, Expected::Unknown) else { continue };
            let key = (scripted.chat, scripted.message);
            let owner = owners.entry(key).or_insert(&case.name);
            assert!(key == (0, 0) || *owner == case.name, "{} and {owner} share a message", case.name);
        }
    }
}

#[test]
fn every_update_is_read_for_what_it_means() {
    let mut failures = Vec::new();
    for case in cases() {
        failures.extend(misread(&case, case.now()).into_iter().map(|what| format!("{}: {what}", case.name)));
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_defect_that_was_mended_is_not_called_one_any_more() {
    for case in cases() {
        let Some(today) = &case.today else { continue };
        assert_ne!(*today, case.expect, "{}: nothing is wrong", case.name);
        let speaks = today.kind != case.expect.kind
            || (case.expect.surfaces.is_some() && today.surfaces != case.expect.surfaces)
            || (case.expect.is.is_some() && today.is != case.expect.is);
        assert!(!speaks || !misread(&case, &case.expect).is_empty(), "{}: mended; take `today` away", case.name);
    }
}

/// Where its page is, once it has said so.
fn page_of(board: &Board) -> Option<String> {
    board.log().split("http://").nth(1).and_then(|rest| rest.split('/').next()).map(str::to_owned)
}

/// Waits until everything that was promised is confirmed, so that nothing can come later.
async fn carried_out(board: &Board, cases: &[Case]) {
    let deadline = Instant::now() + LONG;
    loop {
        let log = board.log();
        if let Some(page) = page_of(board) {
            let readings = Readings::fetch(page.parse().unwrap()).await.unwrap();
            let of = |name: &str| readings.get(name);
            let ended = ["actions_confirmed", "actions_spared", "actions_dead"].map(of).iter().sum::<u64>();
            if ended > 0 && of("actions_planned") == ended {
                let unreadable = cases.iter().flat_map(|case| &case.now().kind).filter(|kind| *kind == "unreadable");
                assert_eq!(of("updates_unreadable"), u64::try_from(unreadable.count()).unwrap(), "{log}");
                return;
            }
        }
        assert!(Instant::now() < deadline, "not all was carried out: {log}");
        tokio::task::yield_now().await;
    }
}

/// What the ledger has about the chat and the messages of a case.
fn came_of(case: &Case, ledger: &Ledger) -> Expect {
    let mut found = Expect::default();
    let mut people = BTreeSet::new();
    for update in case.updates() {
        let Some(scripted) = Scripted::from_update(&update, Expected::Unknown) else { continue };
        if ledger.message(scripted.chat, scripted.message).is_some_and(|record| record.deleted_us.is_some()) {
            found.deleted.insert(scripted.message);
        }
        let Some(body) = update.as_object().and_then(|fields| fields.iter().find(|(key, _)| *key != "update_id"))
        else {
            continue;
        };
        let chat = body.1.pointer("/chat/id").or(body.1.pointer("/message/chat/id")).and_then(Value::as_i64);
        let mut ids = Vec::new();
        all_ids(body.1, &mut ids);
        people.extend(ids.into_iter().map(|id| (chat.unwrap_or(0), id)));
    }
    for (chat, id) in people {
        let Some(person) = ledger.people.get(&(chat, id)) else { continue };
        if person.bans > 0 {
            let bans = if person.channel_bans > 0 { &mut found.banned_channel } else { &mut found.banned };
            bans.insert(id);
        }
        if person.mutes > 0 {
            found.muted.insert(id);
        }
    }
    found
}

/// Every number called `id` in an update: all who could have been acted on for it.
fn all_ids(value: &Value, ids: &mut Vec<i64>) {
    match value {
        Value::Object(object) => {
            ids.extend(object.get("id").and_then(Value::as_i64));
            object.values().for_each(|value| all_ids(value, ids));
        }
        Value::Array(values) => values.iter().for_each(|value| all_ids(value, ids)),
        _ => {}
    }
}

/// The presses of a case.
fn press_ids(case: &Case) -> Vec<String> {
    let id = |update: &Value| update.pointer("/callback_query/id").and_then(Value::as_str).map(str::to_owned);
    case.updates().iter().filter_map(id).collect()
}

fn effects(expect: &Expect) -> [&BTreeSet<i64>; 4] {
    [&expect.deleted, &expect.banned, &expect.banned_channel, &expect.muted]
}

fn all_of(cases: &[Case]) -> StandIn {
    let mut script = Script { token: TOKEN.to_owned(), ..Script::new(Box::new(Vec::new())) };
    script.admins = ADMINS.to_vec();
    script.linked = [LINKED].into();
    let standin = board::play(script);
    for case in cases {
        for update in case.updates() {
            if let Some(scripted) = Scripted::from_update(&update, Expected::Unknown) {
                standin.offer(scripted);
            }
        }
    }
    standin
}

#[tokio::test]
async fn through_the_front_door_what_must_go_goes_and_nobody_else_is_touched() {
    let cases = cases();
    let standin = all_of(&cases);
    let mut board = Board::new(&standin);
    board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
    let life = board.run(&[]);
    let presses: BTreeSet<String> = cases.iter().flat_map(press_ids).collect();
    let answered = |ledger: &Ledger| ledger.presses.iter().map(|press| press.id.clone()).collect::<BTreeSet<_>>();
    let done = |ledger: &Ledger| {
        let all_answered = presses.is_subset(&answered(ledger));
        let mut cases = cases.iter();
        all_answered
            && cases.all(|case| {
                let found = came_of(case, ledger);
                effects(case.now()).iter().zip(effects(&found)).all(|(expected, found)| expected.is_subset(found))
            })
    };
    let reached = standin.wait_until(LONG / 4, |town| town.is_drained() && done(town.ledger())).await;
    if reached {
        carried_out(&board, &cases).await;
    }
    let ended = life.ended(Duration::from_secs(10), Signal::Term);
    let ledger = standin.ledger();
    let mut failures = Vec::new();
    let (mut deleted, mut people) = (0, BTreeSet::new());
    for case in &cases {
        let found = came_of(case, &ledger);
        let words = ["deleted", "banned", "banned_channel", "muted"];
        for ((word, expected), found) in words.iter().zip(effects(case.now())).zip(effects(&found)) {
            if expected != found {
                failures.push(format!("{}: {word} {found:?}, not {expected:?}", case.name));
            }
        }
        if case.today.is_some() && effects(&case.expect) == effects(&found) && effects(case.now()) != effects(&found) {
            failures.push(format!("{}: mended; take `today` away", case.name));
        }
        deleted += found.deleted.len();
        people.extend(found.banned.into_iter().chain(found.banned_channel).chain(found.muted));
    }
    assert!(failures.is_empty(), "\n{}\n{:?}\n{}", failures.join("\n"), standin.progress(), board.log());
    assert!(reached, "{:?}\n{}", standin.progress(), board.log());
    assert_eq!(answered(&ledger), presses, "a press was left spinning, or one was answered that never was");
    assert_eq!(ledger.deleted, deleted, "something was deleted that no case speaks of");
    let acted_on: BTreeSet<i64> = ledger.people.keys().map(|(_, id)| *id).collect();
    assert_eq!(acted_on, people, "somebody was acted on of whom no case speaks");
    let exempt = ADMINS.into_iter().chain([LINKED.1, 777_000, 1_087_968_824, 136_817_688, 4_242]);
    assert!(exempt.into_iter().all(|id| !acted_on.contains(&id)), "an exempt sender was acted on: {acted_on:?}");
    assert_eq!(ended.unwrap().code(), Some(0), "{}", board.log());
}

#[tokio::test]
async fn an_update_larger_than_an_answer_may_be_is_counted_and_the_next_is_judged() {
    let large = format!("\"message\":{{\"aura\":\"{}\"}}", "x".repeat(aegis::limits::poll_body_bytes_max(1)));
    let large = Scripted { fields: large, chat: 0, message: 0, sender: 0, expected: Expected::Unknown };
    let mut stream: Vec<Scripted> = (0..8).map(board::message).collect();
    stream.insert(3, large);
    let standin = board::play(Script { token: TOKEN.to_owned(), ..Script::new(Box::new(stream)) });
    let mut board = Board::new(&standin);
    board.set("AEGIS_WEB_LISTEN", "127.0.0.1:0");
    let life = board.run(&[]);
    board::settled(&board, &standin).await;
    let page = page_of(&board).unwrap();
    let readings = Readings::fetch(page.parse().unwrap()).await.unwrap();
    assert_eq!(readings.get("updates_unreadable"), 1, "{}", board.log());
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0));
    assert_eq!(life.ended(Duration::from_secs(10), Signal::Term).unwrap().code(), Some(0), "{}", board.log());
}
