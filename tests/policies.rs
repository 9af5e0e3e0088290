//! The shipped packs: they compile, their cases hold, and they keep within what a small board can hold.

use aegis::cli::cases;
use aegis::config::Board;
use aegis::document::Mistakes;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, PolicySet, Scratch};
use aegis::verdict::{ActionKind, Outcome, Thresholds, Verdict};

fn shipped() -> PolicySet {
    policy::compile(&policy::shipped()).map_err(|mistakes| mistakes.to_string()).expect("the packs are good")
}

fn message(text: &str) -> Message {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, text);
    message
}

fn judge(set: &PolicySet, message: &Message) -> Verdict {
    policy::judge(set, Thresholds::default(), message, &mut Scratch::default())
}

#[test]
fn every_case_of_every_pack_holds() {
    let set = shipped();
    let mut wrong = Vec::new();
    for (file, text) in policy::shipped_cases() {
        let mut mistakes = Mistakes::default();
        let cases = cases::read(file, &text, &mut mistakes);
        assert!(mistakes.is_empty(), "{mistakes}");
        for failed in cases::run(&set, &cases, &mut Scratch::default()) {
            wrong.push(format!("{file}:{}: {}", failed.line, failed.what));
        }
        for outcome in [Outcome::Allow, Outcome::Block] {
            assert!(cases.iter().any(|case| case.wanted == outcome), "{file} has no case for {}", outcome.word());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_pack_is_named_as_its_file_and_asks_for_deletion() {
    let set = shipped();
    for (source, pack) in policy::shipped().iter().zip(set.packs()) {
        assert_eq!(source.file, format!("{}.toml", pack.id));
        assert!(pack.rules > 0 && pack.keywords > 0);
    }
    for rule in set.rules() {
        assert!(rule.actions.iter().any(|action| action.kind == ActionKind::Delete), "{}", rule.id);
        assert!(rule.id.starts_with(rule.pack), "{} is not named after its pack", rule.id);
        assert!(policy::shipped_cases().len() == set.packs().len());
    }
}

#[test]
fn ordinary_greetings_are_allowed() {
    let set = shipped();
    for text in [
        "hi",
        "Good morning everyone!",
        "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{432}\u{441}\u{435}\u{43c}",
        "\u{5927}\u{5bb6}\u{597d}",
        "Hola a todos",
        "Guten Morgen",
        "\u{1f44d}",
        "",
    ] {
        assert_eq!(judge(&set, &message(text)).outcome, Outcome::Allow, "{text}");
    }
}

#[test]
fn the_shipped_packs_fit_every_profile_also_with_a_hub() {
    let bytes = u64::try_from(shipped().bytes()).unwrap();
    for name in Board::names() {
        let mut board = Board::named(name).unwrap();
        board.take_in_hub();
        let room = board.capacity.keyword_bytes;
        assert!(bytes <= room, "{name}: the shipped packs take {bytes} bytes, and it has {room}");
    }
}

#[test]
fn the_shipped_packs_fit_a_small_board() {
    let set = shipped();
    assert!(set.bytes() < 5 * 1024 * 1024, "{} bytes, {} keywords", set.bytes(), set.keywords_count());
}
