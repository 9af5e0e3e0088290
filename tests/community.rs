//! The invented community and the shipped packs belong together: every message that must go is blocked, alone or as a
//! part of its album, and every other one is left.

use aegis::demo::community::{ADMIN, Community};
use aegis::demo::script::{Expected, Source};
use aegis::message::{Sender, UserId};
use aegis::policy::{Scratch, compile, judge, shipped};
use aegis::telegram::{What, update};
use aegis::verdict::{Outcome, Thresholds};
use std::collections::BTreeSet;

#[test]
fn the_shipped_packs_find_what_must_go_in_the_invented_community_and_nothing_else() {
    let policy = compile(&shipped()).expect("the shipped packs are whole");
    let community = Community::new(2_000, 1_760_000_000);
    let mut scratch = Scratch::default();
    let mut blocked_albums = BTreeSet::new();
    let mut blocked = BTreeSet::new();
    let mut read = Vec::new();
    for n in 0..community.len() {
        let scripted = community.item(n).expect("an item for each number");
        let incoming = update::read(&scripted.update(u32::try_from(n).unwrap() + 1)).expect("an update with an id");
        let What::Message(message) = incoming.what else { continue };
        let verdict = judge(&policy, Thresholds::default(), &message, &mut scratch);
        if verdict.outcome == Outcome::Block {
            blocked.insert((message.chat, message.id));
            blocked_albums.extend(message.album.map(|album| (message.chat, album)));
        }
        read.push((message, scripted.expected));
    }
    // An edited message is as it was edited: the strictest expectation of its updates holds.
    let mut must_go = BTreeSet::new();
    for (message, expected) in &read {
        if matches!(expected, Expected::Remove | Expected::RemoveAndBan) {
            must_go.insert((message.chat, message.id));
        }
    }
    let mut failures = Vec::new();
    for (message, expected) in read {
        let goes = blocked.contains(&(message.chat, message.id))
            || message.album.is_some_and(|album| blocked_albums.contains(&(message.chat, album)));
        let exempt = message.sender.is_exempt() || message.sender == Sender::Member(UserId(ADMIN));
        let right = if must_go.contains(&(message.chat, message.id)) {
            goes && !exempt
        } else {
            expected != Expected::Stay || !goes || exempt
        };
        if !right {
            failures.push(format!("{:?}: {:?}", message.sender, message.surfaces));
        }
    }
    assert!(failures.is_empty(), "missed or wrong:\n{}", failures.join("\n"));
}
