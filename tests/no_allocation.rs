//! Judging a harmless message allocates nothing once the buffers have grown.
//!
//! One test in a file of its own: for its length the allocator refuses every byte, so that one allocation ends the run.

use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, Scratch};
use aegis::verdict::{Outcome, Thresholds};
use cap::Cap;
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

#[test]
fn a_harmless_message_is_judged_without_an_allocation() {
    let set = policy::compile(&policy::shipped()).expect("the shipped packs are good");
    let messages: Vec<Message> = [
        "See you tomorrow at the bridge, bring the blue umbrella please.".repeat(3),
        "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{437}\u{430}\u{432}\u{442}\u{440}\u{430} ".repeat(15),
        "\u{43f}p\u{438}\u{432}e\u{442}\u{200b} f\u{336}o\u{301}\u{302}o \u{1d5d9} \u{ff26} \u{1112}\u{1161}\u{11ab} "
            .repeat(2),
        "\u{4f60}\u{597d}\u{1f600}\u{fe0f}\u{fdfa}\u{e2a}\u{e27}\u{e31}\u{e2a} a b c d e".repeat(9),
    ]
    .iter()
    .map(|text| {
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        message.push(SurfaceKind::Text, text);
        message.push(SurfaceKind::ButtonLabel, "open");
        message
    })
    .collect();
    let mut scratch = Scratch::default();
    let mut judge_all = || {
        messages
            .iter()
            .all(|message| policy::judge(&set, Thresholds::default(), message, &mut scratch).outcome == Outcome::Allow)
    };
    assert!(judge_all());
    ALLOCATOR.set_limit(ALLOCATOR.allocated()).expect("the limit is what is held");
    let harmless = judge_all();
    ALLOCATOR.set_limit(usize::MAX).expect("no limit");
    assert!(harmless);
}
