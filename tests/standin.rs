//! The stand-in's own semantics: what every other test against it leans on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // Helpers of tests stand outside `#[test]`.

use aegis::demo::api::Permissions;
use aegis::demo::faults::{Fault, Faults, WindowScope};
use aegis::demo::ledger::JoinAnswer;
use aegis::demo::real_limits::RealLimits;
use aegis::demo::script::{Delivery, Expected, IdJump, Script, Scripted, TOKEN};
use aegis::demo::staff::{Account, Rank, StaffMember};
use aegis::demo::standin::StandIn;
use aegis::demo::town::{Call, Method, Polled, Said, Town};
use serde_json::{Value, json};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);
const CHAT: i64 = -1_001_234_567_890;

fn messages(count: i64) -> Vec<Scripted> {
    (1..=count).map(|n| Scripted::text(CHAT, n, 7_000_000_000 + n, "hello", Expected::Remove)).collect()
}

fn script(count: i64) -> Script {
    Script::new(Box::new(messages(count)))
}

fn start(script: Script) -> StandIn {
    StandIn::start(script, "127.0.0.1:0".parse().unwrap()).unwrap()
}

async fn call(standin: &StandIn, method: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/bot{TOKEN}/{method}", standin.api_url());
    let answer = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

fn ids(answer: &Value) -> Vec<i64> {
    answer["result"].as_array().unwrap().iter().map(|update| update["update_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn an_update_is_served_until_an_offset_above_it_confirms_it() {
    let standin = start(script(5));
    let (_, first) = call(&standin, "GetUpdates", json!({"limit": 2, "timeout": 0})).await;
    assert_eq!(ids(&first), [1000, 1001]);
    let (_, again) = call(&standin, "getUpdates", json!({"offset": 0, "limit": 2})).await;
    assert_eq!(ids(&again), [1000, 1001], "an offset of 0 confirms nothing");
    let (_, next) = call(&standin, "getupdates", json!({"offset": 1002, "limit": 100})).await;
    assert_eq!(ids(&next), [1002, 1003, 1004]);
    let (_, back) = call(&standin, "getUpdates", json!({"offset": 1000})).await;
    assert_eq!(ids(&back), [1002, 1003, 1004], "what is confirmed does not come back");
    let (_, end) = call(&standin, "getUpdates", json!({"offset": 1005, "timeout": 0})).await;
    assert!(ids(&end).is_empty());
    assert!(standin.with_town(Town::is_drained));
    let ledger = standin.ledger();
    assert_eq!(ledger.message(CHAT, 1).unwrap().deliveries, 2);
    assert_eq!(ledger.message(CHAT, 3).unwrap().deliveries, 2);
    assert_eq!(ledger.messages.len(), 5);
}

#[tokio::test]
async fn a_waiting_poll_is_answered_as_soon_as_there_is_something() {
    let standin = start(script(0));
    let poll = call(&standin, "getUpdates", json!({"timeout": 50}));
    let offer = async {
        assert!(standin.wait_until(LONG, |town| town.ledger().first_poll_us.is_some()).await);
        standin.offer(Scripted::text(CHAT, 9, 1, "late", Expected::Stay));
    };
    let ((_, answer), ()) = tokio::join!(poll, offer);
    assert_eq!(answer["result"][0]["message"]["message_id"], 9);
}

#[tokio::test]
async fn of_two_polls_at_a_time_the_older_gets_409() {
    let standin = start(script(0));
    let older = call(&standin, "getUpdates", json!({"timeout": 50}));
    let newer = async {
        assert!(standin.wait_until(LONG, |town| town.ledger().first_poll_us.is_some()).await);
        let newer = call(&standin, "getUpdates", json!({"timeout": 50}));
        let offer = async {
            assert!(standin.wait_until(LONG, |town| town.ledger().conflicts == 1).await);
            standin.offer(Scripted::text(CHAT, 9, 1, "late", Expected::Stay));
        };
        tokio::join!(newer, offer).0
    };
    let (older, newer) = tokio::join!(older, newer);
    assert_eq!(older.0, 409);
    assert!(older.1["description"].as_str().unwrap().starts_with("Conflict: terminated by other getUpdates request"));
    assert_eq!(ids(&newer.1), [1000]);
}

#[tokio::test]
async fn a_wrong_token_and_an_unknown_method_are_refused_in_telegrams_words() {
    let standin = start(script(0));
    let (status, answer) = call(&standin, "danceTheTango", json!({})).await;
    assert_eq!((status, answer), (404, json!({"ok": false, "error_code": 404, "description": "Not Found"})));
    let url = format!("{}/bot1:other/getMe", standin.api_url());
    let answer = reqwest::Client::new().post(url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(standin.ledger().unauthorized, 1);
}

#[tokio::test]
async fn the_ledger_tells_what_was_missed_and_what_was_wrong() {
    let mut source = messages(3);
    source.push(Scripted::text(CHAT, 4, 44, "good day", Expected::Stay));
    source.push(Scripted::text(CHAT, 5, 55, "spam", Expected::RemoveAndBan));
    let standin = start(Script::new(Box::new(source)));
    call(&standin, "getUpdates", json!({})).await;
    assert_eq!(standin.ledger().missed(), 4);
    let (_, done) = call(&standin, "DeleteMessages", json!({"chat_id": CHAT, "message_ids": [1, 2, 5]})).await;
    assert_eq!(done, json!({"ok": true, "result": true}));
    let (_, done) = call(&standin, "DeleteMessage", json!({"chat_id": CHAT, "message_id": 3})).await;
    assert_eq!(done["ok"], true);
    let (status, gone) = call(&standin, "DeleteMessage", json!({"chat_id": CHAT, "message_id": 3})).await;
    assert_eq!((status, gone["description"].as_str().unwrap()), (400, "Bad Request: message to delete not found"));
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (1, 0), "its sender is not banned yet");
    call(&standin, "BanChatMember", json!({"chat_id": CHAT, "user_id": 55})).await;
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0));
    call(&standin, "BanChatMember", json!({"chat_id": CHAT, "user_id": 44})).await;
    call(&standin, "DeleteMessage", json!({"chat_id": CHAT, "message_id": 4})).await;
    assert_eq!(standin.ledger().wrong(), 2);
    call(&standin, "BanChatMember", json!({"chat_id": CHAT, "user_id": 55, "until_date": 2_000_000_000})).await;
    assert_eq!(standin.ledger().two_ways(), 1);
    for _ in 0..2 {
        call(&standin, "SendMessage", json!({"chat_id": CHAT, "text": "please do not"})).await;
    }
    let ledger = standin.ledger();
    assert_eq!((ledger.notices.len(), ledger.repeated_notices()), (2, 1));
    assert_eq!(ledger.calls["banChatMember"], 3);
    assert_eq!(ledger.message(CHAT, 3).unwrap().delete_calls, 2);
}

fn delete(message_id: i64) -> Call {
    Call { chat_id: CHAT, message_id, ..Call::default() }
}

fn status(said: &Said) -> u16 {
    match said {
        Said::Whole(status, _) | Said::Half(status, _) => *status,
        other => panic!("{other:?}"),
    }
}

fn town_with(faults: Faults, count: i64) -> Town {
    let mut town = Town::new(Script { faults, ..script(count) });
    let ticket = town.begin_poll(&Call::default(), 0);
    assert!(matches!(town.poll(ticket, &Call::default(), 0), Polled::Updates(_)));
    town
}

#[test]
fn a_call_inside_an_announced_window_is_noted_and_refused() {
    let every_call = Faults { rate_permille: 1_000, retry_after_s: 3, ..Faults::of(&[Fault::TooMany], 1) };
    let mut town = town_with(every_call, 3);
    let said = town.act(Method::DeleteMessage, &delete(1), 1_000_000);
    assert!(matches!(&said, Said::Whole(429, text) if text.contains("\"parameters\":{\"retry_after\":3}")), "{said:?}");
    assert_eq!(status(&town.act(Method::DeleteMessage, &delete(2), 1_020_000)), 429);
    assert_eq!((town.ledger().crossed, town.ledger().early.len()), (1, 0), "it was on its way");
    let said = town.act(Method::DeleteMessage, &delete(2), 2_500_000);
    assert!(matches!(&said, Said::Whole(429, text) if text.contains("\"retry_after\":2")), "{said:?}");
    assert_eq!(town.ledger().early.len(), 1);
    assert_eq!(town.ledger().early[0].until_us, 4_000_000);
    town.act(Method::DeleteMessage, &delete(2), 4_000_000);
    assert_eq!(town.ledger().early.len(), 1, "the window is over");
    assert_eq!(town.ledger().deleted, 0);
    assert_eq!(status(&town.act(Method::GetChat, &delete(0), 4_000_001)), 200, "asking is never struck");
}

#[test]
fn a_window_may_be_about_one_chat_only() {
    let faults = Faults { rate_permille: 1_000, scope: WindowScope::Chat, ..Faults::of(&[Fault::TooMany], 1) };
    let mut town = town_with(faults, 1);
    town.act(Method::DeleteMessage, &delete(1), 0);
    town.act(Method::BanChatMember, &Call { chat_id: -5, user_id: 6, ..Call::default() }, 500_000);
    assert_eq!(town.ledger().early.len(), 0);
    town.act(Method::DeleteMessage, &delete(1), 500_000);
    assert_eq!(town.ledger().early.len(), 1);
}

#[test]
fn every_update_can_come_three_times() {
    let mut town = Town::new(Script { delivery: Delivery::Thrice, ..script(2) });
    let mut seen = Vec::new();
    let mut offset = 0;
    for _ in 0..8 {
        let call = Call { offset, ..Call::default() };
        let ticket = town.begin_poll(&call, 0);
        if let Polled::Updates(text) = town.poll(ticket, &call, 0) {
            let answer: Value = serde_json::from_str(&text).unwrap();
            offset = ids(&answer).last().unwrap() + 1;
            seen.push(ids(&answer));
        }
    }
    assert_eq!(seen, [vec![1000, 1001], vec![1000, 1001], vec![1002, 1003]]);
    assert!(town.is_drained());
    assert_eq!(town.ledger().message(CHAT, 1).unwrap().deliveries, 3);
}

#[test]
fn numbers_that_start_lower_are_served_under_the_old_offset() {
    let mut town = Town::new(Script { id_jump: Some(IdJump { after: 1, to: 17 }), ..script(2) });
    let one = |offset| Call { offset, limit: Some(1), ..Call::default() };
    let mut poll = |offset| {
        let ticket = town.begin_poll(&one(offset), 0);
        match town.poll(ticket, &one(offset), 0) {
            Polled::Updates(text) => ids(&serde_json::from_str(&text).unwrap()),
            _ => Vec::new(),
        }
    };
    assert_eq!(poll(0), [1000]);
    assert_eq!(poll(1001), [17]);
    assert!(poll(18).is_empty());
}

#[tokio::test]
async fn a_hung_call_hangs_and_the_others_go_on() {
    let faults = Faults { rate_permille: 0, ..Faults::of(&[Fault::Hang], 3) };
    let standin = start(Script { faults, ..script(40) });
    call(&standin, "getUpdates", json!({})).await;
    let client = reqwest::Client::new();
    let mut calls = Vec::new();
    for n in 1..=40 {
        let url = format!("{}/bot{TOKEN}/deleteMessage", standin.api_url());
        let body = json!({"chat_id": CHAT, "message_id": n}).to_string();
        calls.push(tokio::spawn(client.post(url).body(body).send()));
    }
    assert!(standin.wait_until(LONG, |town| town.ledger().deleted == 39).await);
    assert_eq!(standin.ledger().faults["hang"], 1);
    assert_eq!(standin.with_town(|town| town.ledger().missed()), 1);
    calls.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn cut_answers_are_no_answers() {
    for fault in [Fault::Drop, Fault::Reset, Fault::Truncate] {
        let faults = Faults { rate_permille: 1_000, ..Faults::of(&[fault], 3) };
        let standin = start(Script { faults, ..script(8) });
        call(&standin, "getUpdates", json!({})).await;
        for n in 1..=8 {
            let url = format!("{}/bot{TOKEN}/deleteMessage", standin.api_url());
            let body = json!({"chat_id": CHAT, "message_id": n}).to_string();
            let answer = async { reqwest::Client::new().post(url).body(body).send().await?.bytes().await };
            assert!(answer.await.is_err(), "{}", fault.word());
        }
        let deleted = standin.ledger().deleted;
        let all_or_some = if fault == Fault::Truncate { deleted == 8 } else { deleted > 0 && deleted < 8 };
        assert!(all_or_some, "{}: {deleted}", fault.word());
    }
}

#[tokio::test]
async fn teloxide_understands_what_it_is_told() {
    use teloxide::prelude::{Requester, UserId};
    use teloxide::types::{ChatId, MessageId};
    let standin = start(Script { admins: vec![77], without_rights: vec![-7], ..script(1) });
    let bot = teloxide::Bot::new(TOKEN).set_api_url(standin.api_url().parse().unwrap());
    assert_eq!(bot.get_me().await.unwrap().id, UserId(4_242));
    let updates = bot.get_updates().await.unwrap();
    assert!(matches!(updates[0].kind, teloxide::types::UpdateKind::Message(_)));
    let admins = bot.get_chat_administrators(ChatId(CHAT)).await.unwrap();
    assert_eq!(admins.len(), 2);
    assert!(admins[0].can_delete_messages() && admins[0].can_restrict_members());
    assert_eq!(bot.get_chat_administrators(ChatId(-7)).await.unwrap().len(), 1);
    assert!(!bot.get_chat_member(ChatId(CHAT), UserId(5)).await.unwrap().is_privileged());
    bot.get_chat(ChatId(CHAT)).await.unwrap();
    assert!(bot.get_webhook_info().await.unwrap().url.is_none());
    bot.delete_webhook().await.unwrap();
    bot.delete_messages(ChatId(CHAT), [MessageId(1)]).await.unwrap();
    let denied = bot.ban_chat_member(ChatId(-7), UserId(5)).await.unwrap_err().to_string();
    assert!(denied.contains("not enough rights"), "{denied}");
    assert_eq!(bot.send_message(ChatId(CHAT), "hello").await.unwrap().text(), Some("hello"));
    assert_eq!(standin.ledger().missed(), 0);
}

#[test]
fn every_update_of_the_invented_community_is_one_that_teloxide_reads() {
    use aegis::demo::community::{Community, ROUND};
    use aegis::demo::script::Source;
    let community = Community::new(ROUND * 3, 1_760_000_000);
    for n in 0..community.len() {
        let text = community.item(n).unwrap().update(5);
        let update: teloxide::types::Update = serde_json::from_str(&text).unwrap();
        let error = matches!(update.kind, teloxide::types::UpdateKind::Error(_));
        assert!(!error, "{n}: {text}");
        assert_eq!(update.chat().unwrap().id.0, community.item(n).unwrap().chat);
    }
}

/// A town in which everything the script has was handed out.
fn town_of(script: Script) -> Town {
    let mut town = Town::new(script);
    let ticket = town.begin_poll(&Call::default(), 0);
    town.poll(ticket, &Call::default(), 0);
    town
}

/// A call as it comes over the wire; its status and its answer.
fn act(town: &mut Town, method: Method, body: Value, now_us: u64) -> (u16, Value) {
    match town.act(method, &serde_json::from_value(body).unwrap(), now_us) {
        Said::Whole(status, text) => (status, serde_json::from_str(&text).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn words(answer: &(u16, Value)) -> &str {
    answer.1["description"].as_str().unwrap()
}

#[test]
fn what_was_said_is_known_with_its_topic_its_buttons_and_its_id() {
    let mut town = town_of(script(1));
    let buttons = json!({"inline_keyboard": [[{"text": "Ban", "callback_data": "b:1"}], [{"text": "Rules", "url": "https://a.example/"}]]});
    let body = json!({"chat_id": CHAT, "text": "look", "message_thread_id": 7, "reply_markup": buttons,
        "reply_parameters": {"message_id": 1}});
    let (_, answer) = act(&mut town, Method::SendMessage, body, 5);
    let id = answer["result"]["message_id"].as_i64().unwrap();
    assert_eq!((&answer["result"]["message_thread_id"], &answer["result"]["reply_markup"]), (&json!(7), &buttons));
    let ledger = town.ledger();
    let said = ledger.speech.get(CHAT, id).unwrap();
    assert_eq!((said.text.as_str(), said.thread, said.reply_to, said.at_us), ("look", Some(7), Some(1), 5));
    assert_eq!(said.button("Ban").unwrap().callback_data, "b:1");
    assert_eq!(said.button("Rules").unwrap().url, "https://a.example/");
    for body in [
        json!({"chat_id": CHAT, "text": "x".repeat(4_097)}),
        json!({"chat_id": CHAT, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "x".repeat(65)}]]}}),
    ] {
        assert_eq!(act(&mut town, Method::SendMessage, body, 6).0, 400);
    }
    assert_eq!(town.ledger().speech.iter().count(), 1, "what was refused was not said");
}

#[test]
fn only_so_many_of_the_latest_messages_are_kept_with_their_words() {
    let mut town = town_of(script(0));
    for n in 0..aegis::limits::DEMO_SPOKEN_MAX + 3 {
        act(&mut town, Method::SendMessage, json!({"chat_id": CHAT, "text": format!("number {n}")}), 0);
    }
    let speech = &town.ledger().speech;
    assert_eq!(speech.iter().count(), aegis::limits::DEMO_SPOKEN_MAX);
    assert_eq!(speech.iter().next().unwrap().text, "number 3");
    assert_eq!(town.ledger().notices.len(), aegis::limits::DEMO_SPOKEN_MAX + 3);
}

#[test]
fn the_bots_own_message_is_deleted_once_and_then_neither_edited_nor_copied() {
    let mut town = town_of(script(0));
    let (_, answer) = act(&mut town, Method::SendMessage, json!({"chat_id": CHAT, "text": "look"}), 0);
    let id = &answer["result"]["message_id"];
    let this = json!({"chat_id": CHAT, "from_chat_id": CHAT, "message_id": id, "text": "other"});
    assert_eq!(act(&mut town, Method::CopyMessage, this.clone(), 1).0, 200);
    assert_eq!(act(&mut town, Method::DeleteMessage, this.clone(), 2).0, 200);
    assert_eq!(act(&mut town, Method::DeleteMessage, this.clone(), 3).0, 400);
    let edited = act(&mut town, Method::EditMessageText, this.clone(), 4);
    assert_eq!(words(&edited), "Bad Request: message to edit not found");
    let copied = act(&mut town, Method::CopyMessage, this, 5);
    assert_eq!(words(&copied), "Bad Request: message to copy not found");
    let ledger = town.ledger();
    assert_eq!(ledger.speech.get(CHAT, id.as_i64().unwrap()).unwrap().deleted_us, Some(2));
    assert_eq!((ledger.speech.deleted, ledger.deleted), (1, 0), "the members' messages are counted apart");
    assert_eq!(ledger.speech.standing_in(CHAT).count(), 1, "the copy stands");
}

#[test]
fn a_message_is_copied_while_it_is_there_and_no_longer() {
    let mut town = town_of(script(2));
    let copy =
        |message: i64| json!({"chat_id": -9, "from_chat_id": CHAT, "message_id": message, "message_thread_id": 3});
    let (status, answer) = act(&mut town, Method::CopyMessage, copy(1), 1);
    assert_eq!(status, 200);
    let id = answer["result"]["message_id"].as_i64().unwrap();
    assert_eq!(answer, json!({"ok": true, "result": {"message_id": id}}));
    let said = town.ledger().speech.get(-9, id).unwrap().clone();
    assert_eq!((said.copy_of, said.thread), (Some((CHAT, 1)), Some(3)));
    act(&mut town, Method::DeleteMessages, json!({"chat_id": CHAT, "message_ids": [1]}), 2);
    for message in [1, 77] {
        let refused = act(&mut town, Method::CopyMessage, copy(message), 3);
        assert_eq!((refused.0, words(&refused)), (400, "Bad Request: message to copy not found"));
    }
}

#[test]
fn an_edit_changes_words_and_buttons_and_one_that_changes_nothing_is_refused() {
    let mut town = town_of(script(1));
    let keyboard = json!({"inline_keyboard": [[{"text": "Undo", "callback_data": "u:1"}]]});
    let (_, answer) =
        act(&mut town, Method::SendMessage, json!({"chat_id": CHAT, "text": "a", "reply_markup": keyboard}), 0);
    let id = answer["result"]["message_id"].as_i64().unwrap();
    let edit =
        |text: &str, markup: &Value| json!({"chat_id": CHAT, "message_id": id, "text": text, "reply_markup": markup});
    let same = act(&mut town, Method::EditMessageText, edit("a", &keyboard), 1);
    assert!(words(&same).starts_with("Bad Request: message is not modified"), "{same:?}");
    assert_eq!(act(&mut town, Method::EditMessageText, edit("b", &Value::Null), 2).0, 200);
    let said = town.ledger().speech.get(CHAT, id).unwrap().clone();
    assert_eq!((said.text.as_str(), said.buttons().count(), said.edits), ("b", 0, 1), "its buttons are gone");
    assert_eq!(act(&mut town, Method::EditMessageReplyMarkup, edit("", &keyboard), 3).0, 200);
    let said = town.ledger().speech.get(CHAT, id).unwrap().clone();
    assert_eq!((said.text.as_str(), said.buttons().count(), said.edits), ("b", 1, 2));
    let others = act(&mut town, Method::EditMessageText, json!({"chat_id": CHAT, "message_id": 1, "text": "x"}), 4);
    assert_eq!(words(&others), "Bad Request: message can't be edited");
}

#[tokio::test]
async fn the_answer_to_a_press_is_noted_and_one_longer_than_telegram_shows_is_refused() {
    let standin = start(script(0));
    let press = |text: &str| json!({"callback_query_id": "77", "text": text, "show_alert": true});
    assert_eq!(call(&standin, "AnswerCallbackQuery", press("done")).await.0, 200);
    assert_eq!(call(&standin, "answerCallbackQuery", json!({"callback_query_id": "78"})).await.0, 200);
    assert_eq!(call(&standin, "answerCallbackQuery", press(&"x".repeat(201))).await.0, 400);
    let noted: Vec<_> =
        standin.ledger().presses.into_iter().map(|press| (press.id, press.text, press.show_alert)).collect();
    assert_eq!(noted, [("77".into(), "done".into(), true), ("78".into(), String::new(), false)]);
}

#[test]
fn a_request_to_join_is_answered_once_and_only_if_it_was_made() {
    let request = |user: i64, date: i64| {
        let update = json!({"update_id": 1, "chat_join_request": {"chat": {"id": CHAT, "type": "supergroup"},
            "from": {"id": user, "is_bot": false, "first_name": "Ana"}, "user_chat_id": user, "date": date}});
        Scripted::from_update(&update, Expected::Unknown).unwrap()
    };
    let mut town = town_of(Script::new(Box::new(vec![request(1, 10), request(2, 10), request(1, 10)])));
    assert_eq!(town.ledger().joins.len(), 2, "the same request again is no other");
    let this = |user: i64| json!({"chat_id": CHAT, "user_id": user});
    assert_eq!(act(&mut town, Method::ApproveChatJoinRequest, this(1), 1).0, 200);
    let again = act(&mut town, Method::DeclineChatJoinRequest, this(1), 2);
    assert_eq!(words(&again), "Bad Request: USER_ALREADY_PARTICIPANT");
    assert_eq!(act(&mut town, Method::DeclineChatJoinRequest, this(2), 3).0, 200);
    for (method, user) in [(Method::ApproveChatJoinRequest, 2), (Method::DeclineChatJoinRequest, 3)] {
        assert_eq!(words(&act(&mut town, method, this(user), 4)), "Bad Request: HIDE_REQUESTER_MISSING");
    }
    let answers: Vec<_> = town.ledger().joins.iter().map(|join| join.answer).collect();
    assert_eq!(answers, [Some((JoinAnswer::Approved, 1)), Some((JoinAnswer::Declined, 3))]);
    town.offer(request(2, 11));
    let ticket = town.begin_poll(&Call::default(), 5);
    town.poll(ticket, &Call::default(), 5);
    assert_eq!(act(&mut town, Method::ApproveChatJoinRequest, this(2), 6).0, 200, "who asks again is answered again");
}

#[test]
fn a_chats_permissions_are_kept_and_told_one_by_one() {
    let mut town = town_of(script(0));
    let told = |town: &mut Town, chat: i64| {
        act(town, Method::GetChat, json!({"chat_id": chat}), 0).1["result"]["permissions"].clone()
    };
    assert_eq!(told(&mut town, CHAT), json!(Permissions::OPEN));
    assert_eq!(told(&mut town, CHAT).as_object().unwrap().len(), 14);
    let set = |permissions: Value| json!({"chat_id": CHAT, "permissions": permissions});
    assert_eq!(act(&mut town, Method::SetChatPermissions, set(json!({})), 1).0, 200);
    assert_eq!(told(&mut town, CHAT), json!(Permissions::default()));
    assert_eq!(told(&mut town, -9), json!(Permissions::OPEN), "another chat is as it was");
    let same = act(&mut town, Method::SetChatPermissions, set(json!({})), 2);
    assert_eq!(words(&same), "Bad Request: CHAT_NOT_MODIFIED");
    act(&mut town, Method::SetChatPermissions, set(json!({"can_send_polls": true})), 3);
    assert_eq!(told(&mut town, CHAT)["can_send_messages"], true, "who may ask may write");
    let mut alone = set(json!({"can_send_polls": true}));
    alone["use_independent_chat_permissions"] = json!(true);
    act(&mut town, Method::SetChatPermissions, alone, 4);
    assert_eq!(told(&mut town, CHAT)["can_send_messages"], false);
    assert_eq!(town.ledger().permissions.len(), 3);
}

#[test]
fn lists_of_commands_are_counted_by_scope_and_language() {
    let mut town = town_of(script(0));
    let commands = json!([{"command": "ban", "description": "bans"}, {"command": "help", "description": "helps"}]);
    let scope = json!({"type": "chat_member", "chat_id": CHAT, "user_id": 5});
    act(&mut town, Method::SetMyCommands, json!({"commands": commands, "scope": scope, "language_code": "ru"}), 1);
    act(&mut town, Method::SetMyCommands, json!({"commands": []}), 2);
    let [first, second] = &town.ledger().commands[..] else { panic!("{:?}", town.ledger().commands) };
    let scope = first.scope.as_ref().unwrap();
    assert_eq!((scope.kind.as_str(), scope.chat_id, scope.user_id), ("chat_member", CHAT, 5));
    assert_eq!((first.language_code.as_str(), first.count), ("ru", 2));
    assert_eq!((second.scope.as_ref(), second.language_code.as_str(), second.count), (None, "", 0));
}

#[test]
fn each_chat_has_administrators_of_its_own_with_their_names() {
    let ana = StaffMember { username: "ana_k".to_owned(), ..StaffMember::named(5, "Ana", "Kowalska") };
    let helper = StaffMember { account: Account::Bot, ..StaffMember::named(6, "Helper", "") };
    let staff = [(CHAT, vec![ana, helper])].into();
    let mut town = town_of(Script { admins: vec![77], staff, first_admin: Rank::Creator, ..script(1) });
    let told = |town: &mut Town, chat: i64| {
        let (_, answer) = act(town, Method::GetChatAdministrators, json!({"chat_id": chat}), 0);
        answer["result"].as_array().unwrap().clone()
    };
    let own = told(&mut town, CHAT);
    let ids =
        |members: &[Value]| members.iter().map(|member| member["user"]["id"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(&own), [5, 4_242, 6]);
    assert_eq!(own[0]["status"], "creator");
    let user = json!({"id": 5, "is_bot": false, "first_name": "Ana", "last_name": "Kowalska", "username": "ana_k"});
    assert_eq!(own[0]["user"], user);
    assert_eq!(own[2]["user"], json!({"id": 6, "is_bot": true, "first_name": "Helper"}));
    assert_eq!(ids(&told(&mut town, -9)), [77, 4_242], "elsewhere the script's administrators hold");
    let banned = |town: &mut Town, chat: i64, user: i64| {
        act(town, Method::BanChatMember, json!({"chat_id": chat, "user_id": user}), 1).0
    };
    assert_eq!((banned(&mut town, CHAT, 5), banned(&mut town, -9, 5)), (400, 200));
    assert_eq!((banned(&mut town, -9, 77), banned(&mut town, CHAT, 77)), (400, 200));
    town.appoint(CHAT, vec![StaffMember::new(8)]);
    assert_eq!(ids(&told(&mut town, CHAT)), [8, 4_242]);
}

fn say(chat: i64, text: &str) -> Value {
    json!({"chat_id": chat, "text": text})
}

#[test]
fn the_thirty_first_call_of_a_second_is_told_how_long_to_wait() {
    let mut town = town_of(Script { limits: Some(RealLimits::default()), ..script(40) });
    let one = |message: i64| json!({"chat_id": CHAT, "message_id": message});
    for n in 1..=30 {
        let at_us = 10_000 * u64::try_from(n).unwrap();
        assert_eq!(act(&mut town, Method::DeleteMessage, one(n), at_us).0, 200);
    }
    let refused = act(&mut town, Method::DeleteMessage, one(31), 400_000);
    assert_eq!((refused.0, &refused.1["parameters"]["retry_after"]), (429, &json!(1)));
    assert_eq!((town.ledger().over_limits, town.ledger().early.len()), (1, 0));
    let asked = act(&mut town, Method::GetChat, json!({"chat_id": CHAT}), 900_000);
    assert_eq!((asked.0, town.ledger().early.len()), (429, 1), "every call counts, and this one came too early");
    assert_eq!(act(&mut town, Method::DeleteMessage, one(31), 1_400_000).0, 200, "who waited as told is let in");
    assert_eq!((town.ledger().over_limits, town.ledger().deleted), (1, 31));
}

#[test]
fn the_twenty_first_message_of_a_minute_to_one_group_waits_and_other_calls_do_not() {
    let mut town = town_of(Script { limits: Some(RealLimits::default()), ..script(40) });
    for n in 0..20_u64 {
        assert_eq!(act(&mut town, Method::SendMessage, say(CHAT, "hello"), n * 1_000_000).0, 200, "{n}");
    }
    let refused = act(&mut town, Method::SendMessage, say(CHAT, "hello"), 20_500_000);
    assert_eq!((refused.0, &refused.1["parameters"]["retry_after"]), (429, &json!(40)), "the first is 60 s old then");
    let copy = json!({"chat_id": CHAT, "from_chat_id": CHAT, "message_id": 1});
    assert_eq!(act(&mut town, Method::CopyMessage, copy, 21_000_000).0, 429, "a copy is a message");
    assert_eq!(town.ledger().early.len(), 1);
    assert_eq!(act(&mut town, Method::SendMessage, say(-9, "hello"), 21_000_000).0, 200, "another group is not full");
    let delete = json!({"chat_id": CHAT, "message_id": 1});
    assert_eq!(act(&mut town, Method::DeleteMessage, delete, 21_000_000).0, 200, "a deletion is no message");
    assert_eq!(town.ledger().early.len(), 1);
    assert_eq!(act(&mut town, Method::SendMessage, say(CHAT, "hello"), 60_500_000).0, 200);
}

#[test]
fn one_chat_gets_one_message_a_second_and_a_private_one_no_limit_a_minute() {
    let mut town = town_of(Script { limits: Some(RealLimits::default()), ..script(0) });
    assert_eq!(act(&mut town, Method::SendMessage, say(77, "hello"), 0).0, 200);
    let refused = act(&mut town, Method::SendMessage, say(77, "hello"), 300_000);
    assert_eq!((refused.0, &refused.1["parameters"]["retry_after"]), (429, &json!(1)));
    for n in 2..40_u64 {
        assert_eq!(act(&mut town, Method::SendMessage, say(77, "hello"), n * 1_000_000).0, 200, "{n}");
    }
    assert_eq!((town.ledger().over_limits, town.ledger().early.len()), (1, 0));
}
