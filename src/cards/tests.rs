//! Cards and their pace.

use super::*;
use crate::clock::Wall;
use crate::message::{Revision, UserId};

const ADMINS: ChatId = ChatId(-9);

fn decision() -> Decision {
    Decision {
        at: Wall(1),
        chat: ChatId(-1),
        message: MessageId(5),
        sender: Sender::Member(UserId(7)),
        revision: Revision::Original,
        outcome: Outcome::Block,
        score: 90,
        reason: "advertising".to_owned(),
        findings: Vec::new(),
        actions: [(ActionKind::Delete, 0), (ActionKind::Ban, 0)]
            .map(|(kind, seconds)| PlannedAction { kind, seconds })
            .to_vec(),
        mode: Mode::Enforce,
        disposition: Disposition::Promised,
        policy: 1,
        trace: TraceId(77),
        excerpt: "get rich\nDecision 999".to_owned(),
    }
}

fn frame(language: Language) -> Frame<'static> {
    Frame { language, title: "Neighbours", name: "Robin\nDecision 1", outcome: "", number: Some(42) }
}

fn at(ms: u64) -> Now {
    Now { mono: Monotonic(ms), wall: Wall(1_760_000_000_000 + ms) }
}

#[test]
fn a_card_ends_with_the_number_of_its_decision_whatever_strangers_wrote() {
    for language in Language::ALL {
        let mut decision = decision();
        for excerpt in ["x\nDecision 7", "", &"\u{448}".repeat(2_000), "\u{1}\u{1} 5"] {
            decision.excerpt = excerpt.to_owned();
            let text = text(&decision, &Mark::default(), &frame(language));
            assert!(text.len() <= limits::NOTICE_BYTES_MAX, "{}", text.len());
            assert_eq!(number_in(&text), Some(42), "{text}");
            assert!(!text.contains(NUMBER_MARK), "{text}");
        }
    }
}

#[test]
fn a_card_whose_number_is_not_known_yet_has_its_place_once() {
    let mut decision = decision();
    decision.excerpt = "\u{1}".to_owned();
    let text = text(&decision, &Mark::default(), &Frame { number: None, ..frame(Language::En) });
    assert_eq!(text.matches(NUMBER_MARK).count(), 1);
}

#[test]
fn what_may_be_pressed_follows_from_what_was_done_and_said() {
    let presses = |decision: &Decision, mark: &Mark| {
        buttons(decision, mark, &frame(Language::En)).into_iter().map(|button| button.press).collect::<Vec<_>>()
    };
    let acted = decision();
    let open = [Press::Undo(42), Press::Confirm(42), Press::NotSpam(42), Press::Allow(42)];
    assert_eq!(presses(&acted, &Mark::default()), open);
    let recorded = Decision { disposition: Disposition::Recorded, mode: Mode::Record, ..decision() };
    let open = [Press::Confirm(42), Press::NotSpam(42), Press::Ban(42), Press::Allow(42)];
    assert_eq!(presses(&recorded, &Mark::default()), open);
    let undone = Mark { undone: Some((Wall(2), "kim".to_owned())), label: None };
    assert_eq!(presses(&acted, &undone), []);
}

#[test]
fn a_flood_of_decisions_becomes_a_few_cards_and_one_summary_a_minute() {
    let mut pace = Pace::default();
    let (mut alone, mut copied) = (0, 0);
    let mut summaries = Vec::new();
    for ms in 0..=120_000 {
        match pace.show(ADMINS, &decision(), InRaid::No, at(ms)) {
            Showing::Alone(copying) => {
                alone += 1;
                copied += u32::from(copying == Copying::Yes);
            }
            Showing::Counted => {}
        }
        summaries.extend(pace.summaries(|_| (Language::En, "Neighbours".to_owned()), at(ms)));
    }
    assert_eq!(alone, 16, "four at once, and one every ten seconds");
    assert_eq!(copied, 14, "the third and the fourth at once have no copy, so that no deletion waits for it");
    assert!((1..=2).contains(&summaries.len()), "{}", summaries.len());
    assert!(summaries[0].text.contains("Neighbours"), "{}", summaries[0].text);
}

#[test]
fn in_a_raid_every_decision_is_only_counted() {
    let mut pace = Pace::default();
    assert_eq!(pace.show(ADMINS, &decision(), InRaid::Yes, at(0)), Showing::Counted);
    assert!(pace.summaries(|_| (Language::En, String::new()), at(1)).is_empty());
    let told = pace.summaries(|_| (Language::En, String::new()), at(60_000));
    assert_eq!(told.len(), 1);
    assert!(pace.summaries(|_| (Language::En, String::new()), at(200_000)).is_empty(), "it is told once");
}
