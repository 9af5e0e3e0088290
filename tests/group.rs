//! In the group itself, with the real binary: a card with its copy, presses, commands, answers that go away, also after a kill.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::demo::script::{Expected, Script, Scripted};
use aegis::demo::spoken::Spoken;
use aegis::demo::staff::StaffMember;
use aegis::demo::standin::StandIn;
use aegis::demo::town::Town;
use board::{Board, LONG, PHRASES, TOKEN, play};
use serde_json::{Value, json};

const GROUP: i64 = -1_001;
const ADMINS: i64 = -1_009;
const KIM: i64 = 11;
const ROBIN: i64 = 70;

fn user(id: i64, name: &str) -> Value {
    json!({"id": id, "is_bot": false, "first_name": name})
}

fn group() -> Value {
    json!({"id": GROUP, "type": "supergroup", "title": "Neighbours"})
}

/// A message of a group, which may answer to another.
fn said(message: i64, from: &Value, text: &str, answers: Option<Value>) -> Scripted {
    let mut post = json!({"message_id": message, "date": 1_760_000_000, "chat": group(), "from": from, "text": text});
    if let Some(answers) = answers {
        post["reply_to_message"] = answers;
    }
    if text.starts_with('/') {
        let length = text.split(' ').next().unwrap().len();
        post["entities"] = json!([{"type": "bot_command", "offset": 0, "length": length}]);
    }
    Scripted::from_update(&json!({"message": post}), Expected::Unknown).unwrap()
}

fn pressed(id: &str, who: &Value, on: &Spoken, label: &str) -> Scripted {
    let key = on.button(label).unwrap_or_else(|| panic!("no button {label} on {on:?}"));
    let press = json!({"callback_query": {
        "id": id, "from": who, "chat_instance": "1", "data": key.callback_data,
        "message": {"message_id": on.message, "date": 1_760_000_000, "chat": {"id": on.chat, "type": "supergroup"}},
    }});
    Scripted::from_update(&press, Expected::Unknown).unwrap()
}

struct Stage {
    standin: StandIn,
    board: Board,
    settings: String,
}

impl Stage {
    fn new(settings: &str) -> Self {
        let script = Script {
            token: TOKEN.to_owned(),
            staff: [(GROUP, vec![StaffMember::named(KIM, "Kim", "Park")])].into(),
            ..Script::new(Box::new(Vec::new()))
        };
        let standin = play(script);
        let board = Board::new(&standin);
        let settings = format!("admin_chat = \"{ADMINS}\"\n{settings}");
        let settings = board.write("aegis.toml", &settings);
        Self { standin, board, settings }
    }

    fn live(&self) -> board::Life {
        self.board.run(&["--config", &self.settings])
    }

    #[track_caller]
    fn until(&self, what: &str, reached: impl Fn(&Town) -> bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let reached = runtime.block_on(self.standin.wait_until(LONG, reached));
        assert!(reached, "{what}\n{:#?}\n{}", self.standin.ledger().speech, self.board.log());
    }

    /// The last thing said in a chat that holds these words, once it is said.
    #[track_caller]
    fn hear(&self, chat: i64, words: &str) -> Spoken {
        let find =
            |town: &Town| town.ledger().speech.standing_in(chat).rfind(|spoken| spoken.text.contains(words)).cloned();
        self.until(words, |town| find(town).is_some());
        self.standin.with_town(find).unwrap()
    }

    /// The administrators of the group are known: what it takes for a command to count.
    fn warm(&self) {
        self.standin.offer(said(1, &user(72, "Lu"), "good morning", None));
        self.until("administrators", |town| town.ledger().calls.get("getChatAdministrators").copied() > Some(0));
        // What that call brought is known before what is polled after the answer to the next one.
        self.standin.offer(said(2, &user(72, "Lu"), "is anybody here?", None));
        self.until("the chat's facts", |town| town.ledger().calls.get("getChat").copied() > Some(0));
    }
}

fn is_banned(town: &Town, user: i64) -> bool {
    town.ledger().people.get(&(GROUP, user)).is_some_and(|person| person.is_banned)
}

#[test]
fn a_decision_is_shown_with_a_copy_and_undone_by_a_press_also_after_a_kill() {
    let stage = Stage::new("");
    let life = stage.live();
    stage.warm();
    stage.standin.offer(said(5, &user(ROBIN, "Robin"), PHRASES[0], None));
    let card = stage.hear(ADMINS, "Robin (70)");
    assert!(card.text.contains("advertising") && card.text.contains(PHRASES[0]), "{}", card.text);
    let ledger = stage.standin.ledger();
    let copy = ledger.speech.standing_in(ADMINS).find(|spoken| spoken.copy_of == Some((GROUP, 5))).unwrap().clone();
    assert_eq!(card.reply_to, Some(copy.message), "the card answers to the copy");
    stage.until("deletion and ban", |town| {
        let message = town.ledger().message(GROUP, 5).unwrap();
        message.deleted_us.is_some() && is_banned(town, ROBIN)
    });
    let deleted = stage.standin.ledger().message(GROUP, 5).unwrap().deleted_us.unwrap();
    assert!(copy.at_us <= deleted, "the copy was made before the deletion");
    life.kill();
    let _life = stage.live();
    // Somebody who is no administrator of that group.
    stage.standin.offer(pressed("a", &user(99, "Eve"), &card, "Undo"));
    stage.until("the answer", |town| town.ledger().presses.iter().any(|press| press.id == "a"));
    assert!(stage.standin.with_town(|town| is_banned(town, ROBIN)), "a stranger's press does nothing");
    stage.standin.offer(pressed("b", &user(KIM, "Kim"), &card, "Undo"));
    stage.until("the unban", |town| !is_banned(town, ROBIN));
    let shown = stage.hear(ADMINS, "Undone by Kim");
    assert_eq!(shown.message, card.message, "the card itself says so");
    stage.standin.offer(pressed("c", &user(KIM, "Kim"), &card, "Undo"));
    stage.until("the second answer", |town| town.ledger().presses.iter().any(|press| press.id == "c"));
    let ledger = stage.standin.ledger();
    assert_eq!(ledger.people[&(GROUP, ROBIN)].unbans, 1, "a second press is harmless");
    assert!(ledger.presses.iter().all(|press| !press.text.is_empty()), "{:?}", ledger.presses);
}

#[test]
fn a_command_acts_is_tidied_away_and_its_answer_too() {
    let stage = Stage::new("[manners]\nanswer_s = \"5s\"\n");
    let _life = stage.live();
    stage.warm();
    stage.standin.offer(said(5, &user(ROBIN, "Robin"), "buy my car", None));
    let answers =
        json!({"message_id": 5, "date": 1, "chat": group(), "from": user(ROBIN, "Robin"), "text": "buy my car"});
    // A member's command is nothing but a message.
    stage.standin.offer(said(6, &user(71, "Mo"), "/ban", Some(answers.clone())));
    stage.standin.offer(said(7, &user(KIM, "Kim"), "/ban 2w off topic", Some(answers.clone())));
    let answer = stage.hear(GROUP, "Robin");
    assert!(answer.text.contains("2 weeks"), "{}", answer.text);
    stage.until("the ban", |town| is_banned(town, ROBIN));
    let until = stage.standin.ledger().people[&(GROUP, ROBIN)].ban_untils.clone();
    assert!(until.len() == 1 && until[0] > 0, "{until:?}");
    stage.until("the command is tidied away", |town| town.ledger().message(GROUP, 7).unwrap().deleted_us.is_some());
    assert_eq!(stage.standin.ledger().message(GROUP, 6).unwrap().deleted_us, None);
    stage.until("the answer is tidied away", |town| {
        town.ledger().speech.get(GROUP, answer.message).is_none_or(|spoken| spoken.deleted_us.is_some())
    });
    // Bad input: one sentence, and nothing done.
    stage.standin.offer(said(8, &user(KIM, "Kim"), "/mute 30", Some(answers)));
    let answer = stage.hear(GROUP, "30");
    assert!(answer.text.contains("length of time"), "{}", answer.text);
    assert_eq!(stage.standin.ledger().people[&(GROUP, ROBIN)].mutes, 0);
}

#[test]
fn who_may_pass_for_an_administrator_is_flagged_by_the_names_that_telegram_lists() {
    let stage = Stage::new("");
    let _life = stage.live();
    stage.warm();
    let newcomer = user(99, "K\u{456}m  Park");
    let change = json!({"chat_member": {
        "chat": group(), "from": newcomer, "date": 1_760_000_000,
        "old_chat_member": {"status": "left", "user": newcomer}, "new_chat_member": {"status": "member", "user": newcomer},
    }});
    stage.standin.offer(Scripted::from_update(&change, Expected::Unknown).unwrap());
    let card = stage.hear(ADMINS, "(99)");
    assert!(card.text.contains("Kim Park"), "{}", card.text);
    assert!(!stage.standin.with_town(|town| is_banned(town, 99)), "flagged, and nothing else");
}

#[test]
fn what_administrators_say_among_themselves_is_not_judged() {
    let stage = Stage::new("");
    let _life = stage.live();
    stage.warm();
    let place = json!({"id": ADMINS, "type": "supergroup", "title": "Administrators"});
    let post = json!({"message": {
        "message_id": 9, "date": 1_760_000_000, "chat": place, "from": user(ROBIN, "Robin"), "text": PHRASES[0],
    }});
    stage.standin.offer(Scripted::from_update(&post, Expected::Stay).unwrap());
    // The same in the group, after it: when that is gone, the other was decided.
    stage.standin.offer(said(10, &user(71, "Mo"), PHRASES[0], None));
    stage
        .until("deletion", |town| town.ledger().message(GROUP, 10).is_some_and(|message| message.deleted_us.is_some()));
    stage.until("ban", |town| is_banned(town, 71));
    let ledger = stage.standin.ledger();
    assert_eq!((ledger.message(ADMINS, 9).unwrap().deleted_us, ledger.banned), (None, 1));
}

#[test]
fn in_record_mode_a_card_says_what_would_have_happened_and_nothing_happens() {
    let mut stage = Stage::new("");
    stage.board.set("AEGIS_MODE", "record");
    let _life = stage.live();
    stage.warm();
    stage.standin.offer(said(5, &user(ROBIN, "Robin"), PHRASES[0], None));
    let card = stage.hear(ADMINS, "Robin (70)");
    assert!(card.text.starts_with("Only recorded"), "{}", card.text);
    let ledger = stage.standin.ledger();
    assert_eq!((ledger.deleted, ledger.banned), (0, 0));
}

#[test]
fn which_commands_there_are_is_told_by_audience_and_language() {
    let stage = Stage::new("");
    let _life = stage.live();
    stage.until("commands", |town| town.ledger().commands.len() >= 12);
    let ledger = stage.standin.ledger();
    assert!(ledger.commands.iter().any(|told| told.language_code.is_empty() && told.count == 2));
    for language in ["en", "ru", "de", "es", "zh"] {
        let counts: Vec<usize> =
            ledger.commands.iter().filter(|told| told.language_code == language).map(|told| told.count).collect();
        assert_eq!(counts, [2, 19], "{language}");
    }
}
