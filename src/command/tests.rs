//! Tests of the grammar of commands.
//!
//! Promises: named cases for what people type, and properties for what nobody would.
//!
//! Never: a group; what a command does is tested where it is done.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const BOT: &str = "AegisBot";

fn typed(text: &str) -> Typed {
    read(text, BOT).expect("a command").unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
}

fn wrong(text: &str) -> Wrong {
    read(text, BOT).expect("a command").expect_err("something wrong")
}

#[test]
fn whom_how_long_and_why_are_read_in_this_order() {
    let ban = typed("/ban 123456789 2w sells\tcoins\n\nagain");
    assert_eq!((ban.name, ban.whom), (CommandName::Ban, Whom::User(UserId(123_456_789))));
    assert_eq!((ban.length_s, ban.reason.as_str()), (Some(14 * 86_400), "sells coins again"));
    let mute = typed("/mute 30m");
    assert_eq!((mute.whom, mute.length_s, mute.reason.as_str()), (Whom::Replied, Some(1_800), ""));
    let forever = typed("/ban FOREVER");
    assert_eq!((forever.length_s, forever.reason.as_str()), (Some(0), ""));
    let unsaid = typed("/ban 18+ and 1xbet");
    assert_eq!((unsaid.length_s, unsaid.reason.as_str()), (None, "18+ and 1xbet"));
    assert_eq!(typed("/kick 2h of nonsense").reason, "2h of nonsense");
    assert_eq!(typed("/ban spam 2w").length_s, None);
}

#[test]
fn a_command_is_ours_when_it_is_one_and_not_aimed_at_another_bot() {
    assert_eq!(named("/ban@aegisbot 2w", BOT), Some(CommandName::Ban));
    assert_eq!(named("/Rules", BOT), Some(CommandName::Rules));
    assert_eq!(named("/status\nplease", ""), Some(CommandName::Status));
    for text in ["ban", " /ban", "/", "/banana", "/ban!", "//ban", "/ban@OtherBot", "/ban@", "/ban@@AegisBot", ""] {
        assert_eq!((named(text, BOT), read(text, BOT)), (None, None), "{text}");
    }
    for text in ["/ban@AegisBot", "/ban@"] {
        assert_eq!(named(text, ""), None, "{text}");
    }
}

#[test]
fn raid_mode_and_purge_have_arguments_of_their_own() {
    let raid = typed("/raid on 30m");
    assert_eq!((raid.switch, raid.length_s), (Some(Switch::On), Some(1_800)));
    assert_eq!(typed("/raid On please").switch, Some(Switch::On));
    let off = typed("/raid off 30m");
    assert_eq!((off.switch, off.length_s), (Some(Switch::Off), None));
    assert_eq!(typed("/raid").switch, None);
    assert_eq!(wrong("/raid 30m"), Wrong::Switch);
    assert_eq!(wrong("/raid on 30"), Wrong::Length("30".to_owned()));
    assert_eq!(typed("/mode Record").mode, Some(Mode::Record));
    assert_eq!(typed("/mode enforce now").mode, Some(Mode::Enforce));
    assert_eq!(typed("/mode").mode, None);
    assert_eq!(wrong("/mode on"), Wrong::Mode);
    assert_eq!(typed("/purge 20").count, Some(20));
    assert_eq!(typed("/purge 100 now").count, Some(100));
    assert_eq!(typed("/purge").count, None);
    assert_eq!(wrong("/purge 0"), Wrong::Count("0".to_owned()));
    assert_eq!(wrong("/purge -3"), Wrong::Count("-3".to_owned()));
    for many in ["/purge 101", "/purge 99999", "/purge 99999999999999999999999"] {
        assert_eq!(wrong(many), Wrong::TooMany, "{many}");
    }
}

#[test]
fn a_member_is_a_positive_number_and_never_a_name() {
    assert_eq!(typed("/unban 12345").whom, Whom::User(UserId(12_345)));
    assert_eq!(typed("/unban 9223372036854775807").whom, Whom::User(UserId(i64::MAX)));
    assert_eq!(typed("/unban \u{2068}12345\u{2069}").whom, Whom::User(UserId(12_345)));
    let numbers = ["1234", "0", "00000", "012345", "-1001234567890", "9223372036854775808", "12345678901234567890123"];
    for number in numbers {
        assert_eq!(wrong(&format!("/warn {number} for this")), Wrong::Number(number.to_owned()));
    }
    assert_eq!(wrong("/ban -1001234567890"), Wrong::Number("-1001234567890".to_owned()));
    assert_eq!(wrong("/ban @somebody 2w"), Wrong::Name("somebody".to_owned()));
    assert_eq!(typed("/ban @ everybody").reason, "@ everybody");
    // These are about a message.
    assert_eq!(typed("/report @somebody again").reason, "@somebody again");
    assert_eq!(typed("/spam 123456789").whom, Whom::Replied);
}

#[test]
fn a_slip_in_a_length_of_time_does_not_act_for_ever() {
    let slips =
        ["30", "0m", "5s", "29s", "367d", "53w", "1.5h", "2weeks", "-1h", "+2h", "1h1d", "1d1d", "1d12", "2\u{447}"];
    for slip in slips {
        assert_eq!(wrong(&format!("/mute {slip}")), Wrong::Length(slip.to_owned()));
        assert_eq!(wrong(&format!("/ban 123456789 {slip} spam")), Wrong::Length(slip.to_owned()));
    }
    for fine in [("30s", 30), ("1D12H", 129_600), ("366d", 366 * 86_400), ("52w2d", 366 * 86_400), ("090s", 90)] {
        assert_eq!(length::of_action(fine.0), Some(fine.1), "{}", fine.0);
    }
    for none in ["", "m", "99999999999w", "4294967295w", "366d1s", "for ever", "\u{661}h", "1h ", "soon"] {
        assert_eq!(length::of_action(none), None, "{none}");
    }
}

#[test]
fn a_refusal_says_how_to_mend_it() {
    let say = |text| wrong(text).say(Language::En, named(text, BOT).unwrap());
    assert_eq!(say("/raid maybe"), "Write /raid on or /raid off.");
    assert_eq!(say("/mode maybe"), "Write /mode record or /mode enforce.");
    assert_eq!(say("/purge 1000"), "At most 100 messages at once.");
    assert!(say("/ban @somebody").contains("@somebody"));
    assert!(say("/ban 30").starts_with("30 is no length of time."));
}

#[test]
fn every_command_has_a_word_that_telegram_takes_and_a_description_of_its_own() {
    let words: BTreeSet<_> = CommandName::ALL.iter().map(|name| name.word()).collect();
    let descriptions: BTreeSet<_> = CommandName::ALL.iter().map(|name| name.description()).collect();
    assert_eq!((words.len(), descriptions.len()), (CommandName::ALL.len(), CommandName::ALL.len()));
    // Bot API, BotCommand: 1 to 32 small letters, digits and underscores.
    for word in words {
        assert!((1..=32).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
        assert_eq!(named(&format!("/{word}@{BOT}"), BOT).map(CommandName::word), Some(word));
    }
    let for_members: Vec<_> = CommandName::ALL.iter().filter(|name| name.for_members()).collect();
    assert_eq!(for_members, [&CommandName::Rules, &CommandName::Report]);
}

/// A length of time, written out with the units it has.
fn written(seconds: u32) -> String {
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, of) in [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if rest >= of {
            text.push_str(&format!("{}{unit}", rest / of));
            rest %= of;
        }
    }
    text
}

fn is_one_line(text: &str, bytes_max: usize) -> bool {
    text.len() <= bytes_max && one_line(text, bytes_max) == text
}

/// Any text, most of them behind a command.
fn anything() -> impl Strategy<Value = String> {
    let name = prop::sample::select(CommandName::ALL.to_vec());
    let word = prop_oneof![
        "[0-9]{1,22}",
        "[-+]?[0-9]{1,4}[smhdwSMHDWx.,]{0,3}",
        "@?[a-zA-Z_]{0,40}",
        "(on|off|record|enforce|forever)",
        "\\PC{0,60}",
        any::<String>()
    ];
    let words = prop::collection::vec(word, 0..5);
    let behind = (name, words, "[ \\t\\n\\u{a0}\\u{2003}]{1,3}");
    prop_oneof![
        1 => any::<String>(),
        6 => behind.prop_map(|(name, words, space)| format!("/{}{space}{}", name.word(), words.join(&space))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_typed_what_is_read_is_bounded(text in anything(), own in "[a-zA-Z]{0,6}") {
        let Some(read) = read(&text, &own) else {
            prop_assert_eq!(named(&text, &own), None);
            return Ok(());
        };
        let name = named(&text, &own).unwrap();
        match read {
            Ok(typed) => {
                prop_assert_eq!(typed.name, name);
                prop_assert!(is_one_line(&typed.reason, limits::REASON_BYTES_MAX), "{:?}", typed.reason);
                let seconds = typed.length_s.unwrap_or(0);
                prop_assert!(seconds == 0 || (limits::ACTION_SECONDS_MIN..=limits::ACTION_SECONDS_MAX).contains(&seconds));
                prop_assert!(typed.count.is_none_or(|count| (1..=limits::PURGE_MESSAGES_MAX).contains(&count)));
                prop_assert!(typed.whom == Whom::Replied || matches!(typed.whom, Whom::User(UserId(10_000..))));
            }
            Err(wrong) => {
                prop_assert!(!name.for_members());
                for language in Language::ALL {
                    let said = wrong.say(language, name);
                    let most = 4 * limits::PHRASE_CHARS_MAX + limits::TYPED_WORD_BYTES_MAX;
                    prop_assert!(!said.is_empty() && is_one_line(&said, most), "{:?}", said);
                }
            }
        }
    }

    #[test]
    fn every_written_out_length_reads_back(
        seconds in limits::ACTION_SECONDS_MIN..=limits::ACTION_SECONDS_MAX,
        coarse in 1_u32..=366,
    ) {
        prop_assert_eq!(length::of_action(&written(seconds)), Some(seconds));
        prop_assert_eq!(length::of_action(&written(seconds).to_uppercase()), Some(seconds));
        prop_assert_eq!(length::of_action(&format!("{coarse}d")), Some(coarse * 86_400));
        prop_assert_eq!(typed(&format!("/ban {}", written(seconds))).length_s, Some(seconds));
    }

    #[test]
    fn no_word_is_a_length_out_of_bounds(word in "[0-9]{0,12}[wdhms]?[0-9]{0,12}[wdhms]?") {
        let read = length::of_action(&word);
        prop_assert!(read.is_none_or(|s| (limits::ACTION_SECONDS_MIN..=limits::ACTION_SECONDS_MAX).contains(&s)), "{}", word);
    }
}
