//! The stand-in's own semantics: what every other test against it leans on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // Helpers of tests stand outside `#[test]`.

use aegis::demo::faults::{Fault, Faults, WindowScope};
use aegis::demo::script::{Delivery, Expected, IdJump, Script, Scripted, TOKEN};
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
