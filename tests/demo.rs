//! The demonstration around an appliance: what it starts, what it refuses, what its table says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // Helpers of tests stand outside `#[test]`.

use aegis::demo::community::Community;
use aegis::demo::report::{Kept, Settled};
use aegis::demo::script::{Expected, Source};
use aegis::demo::{DemoError, DemoOptions, Ending, Order, run};
use serde_json::{Value, json};
use std::cell::Cell;

async fn post(order: &Order, method: &str, body: Value) -> Value {
    let url = format!("{}/bot{}/{method}", order.api_url, order.token);
    let answer = reqwest::Client::new().post(url).body(body.to_string()).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// Stands in for the appliance: knows beforehand what must go.
async fn clairvoyant(order: Order, messages: usize) -> Result<(), String> {
    let community = Community::new(messages, 0);
    let mut offset = 0;
    for (n, item) in (0..messages).map(|n| (n, community.item(n).unwrap())) {
        let answer = post(&order, "getUpdates", json!({"offset": offset, "limit": 1})).await;
        offset = answer["result"][0]["update_id"].as_i64().unwrap_or_else(|| panic!("{n}: {answer}")) + 1;
        order.counters.messages.one();
        if item.expected == Expected::Remove {
            post(&order, "deleteMessage", json!({"chat_id": item.chat, "message_id": item.message})).await;
        }
    }
    post(&order, "getUpdates", json!({"offset": offset})).await;
    let _ = order.stop.await;
    Ok(())
}

#[tokio::test]
async fn a_perfect_appliance_gets_a_perfect_table_and_leaves_nothing_behind() {
    let options = DemoOptions { messages: Some(80), ending: Ending::Once, ..DemoOptions::default() };
    let folder = Cell::new(None);
    let figures = run(options, |order| {
        assert!(order.data_dir.is_dir());
        folder.set(Some(order.data_dir.clone()));
        clairvoyant(order, 80)
    })
    .await
    .unwrap();
    assert_eq!((figures.settled, figures.missed, figures.wrong), (Settled::Settled, 0, 0), "{figures}");
    assert_eq!((figures.messages, figures.had_to_go, figures.verdict()), (78, Some(20), Kept::Kept), "{figures}");
    assert!(!folder.take().unwrap().exists());
}

#[tokio::test]
async fn a_broken_line_is_named_and_nothing_is_started() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"text\":\"fine\"}\n{\"tekst\":\"not fine\"}\n").unwrap();
    let options = DemoOptions { input: Some(file.path().to_owned()), ..DemoOptions::default() };
    let started = Cell::new(0);
    let refused = run(options, |_| {
        started.set(1);
        std::future::ready(Ok(()))
    })
    .await
    .unwrap_err();
    assert_eq!((started.get(), refused.exit_code()), (0, 64));
    assert!(refused.to_string().contains(":2: "), "{refused}");
}

#[tokio::test]
async fn an_appliance_that_ends_by_itself_is_an_error_that_says_why() {
    let options = DemoOptions { messages: Some(4), ending: Ending::Once, ..DemoOptions::default() };
    let refused = run(options, |_| std::future::ready(Err("the folder is locked".to_owned()))).await.unwrap_err();
    assert!(matches!(&refused, DemoError::Appliance(why) if why.contains("locked")), "{refused}");
}
