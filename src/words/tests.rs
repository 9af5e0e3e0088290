//! Tests of the texts, over all languages.
//!
//! Promises: a text that lacks a place, is too long or has markup fails here. `cargo test --lib words -- --nocapture` prints
//! the texts as people read them.
//!
//! Never: a judgement of style.

use super::*;
use crate::limits;

/// The places of a text, sorted.
fn places(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
    found.sort_unstable();
    found
}

fn named(phrase: Phrase) -> String {
    format!("{phrase:?}")
}

#[test]
fn every_text_has_the_places_of_the_english_one_and_no_markup() {
    for phrase in Phrase::ALL.iter().copied() {
        let english = Language::En.text(phrase);
        for language in Language::ALL {
            let text = language.text(phrase);
            println!("{} {phrase:?}: {text}", language.word());
            assert!(!text.trim().is_empty() && text.trim() == text && !text.contains("  "), "{phrase:?}: {text:?}");
            assert_eq!(places(text), places(english), "{phrase:?}: {text}");
            assert!(!text.contains(['*', '_', '`', '[', ']', '<', '>', '&', '~', '|', '\n']), "{phrase:?}: {text}");
            assert!(text.chars().count() <= limits::PHRASE_CHARS_MAX, "{phrase:?}: {text}");
            assert_eq!(crate::text::one_line(text, 4 * limits::PHRASE_CHARS_MAX), text, "{phrase:?}");
        }
    }
}

#[test]
fn the_places_of_a_text_are_counted_from_zero() {
    for phrase in Phrase::ALL.iter().copied() {
        let mut places = places(Language::En.text(phrase));
        places.dedup();
        let counted: Vec<String> = (0..places.len()).map(|place| place.to_string()).collect();
        assert_eq!(places, counted, "{phrase:?}");
    }
}

#[test]
fn what_telegram_bounds_is_bounded() {
    for phrase in Phrase::ALL.iter().copied() {
        for language in Language::ALL {
            let characters = language.text(phrase).chars().count();
            let most = match named(phrase).as_str() {
                name if name.starts_with("Button") => limits::BUTTON_CHARS_MAX,
                name if name.starts_with("Desc") => limits::COMMAND_DESCRIPTION_CHARS_MAX,
                // What is put in has room as well.
                name if name.starts_with("Press") => limits::PRESS_CHARS_MAX / 2,
                _ => limits::PHRASE_CHARS_MAX,
            };
            assert!(characters <= most, "{phrase:?}: {characters} of {most} in {}", language.word());
            if named(phrase).starts_with("Desc") {
                assert!(characters >= limits::COMMAND_DESCRIPTION_CHARS_MIN, "{phrase:?} in {}", language.word());
            }
        }
    }
}

#[test]
fn what_is_put_in_is_put_in_once_and_as_it_is() {
    let said = Language::En.say(Phrase::OutFailed, &["{1}{0}", "no right"]);
    assert_eq!(said, "{1}{0}: no right");
    assert_eq!(Language::En.say(Phrase::OutFailed, &["Undo"]), "Undo: ");
    assert_eq!(Language::En.say(Phrase::PressDone, &["more"]), "Done.");
    assert_eq!(filled("{0} {x} { {1", &["a"]), "a  { {1");
}

#[test]
fn a_length_of_time_is_told_in_its_largest_whole_unit() {
    assert_eq!(Language::En.length(0), "for ever");
    assert_eq!(Language::En.lasting(0), "for ever");
    assert_eq!(Language::En.length(14 * 86_400), "2 weeks");
    assert_eq!(Language::En.lasting(86_400), "for 1 day");
    assert_eq!(Language::En.length(1_800), "30 minutes");
    assert_eq!(Language::En.length(90), "90 seconds");
    assert_eq!(Language::En.length(u32::MAX), "4294967295 seconds");
}

#[test]
fn a_language_is_stored_and_found_by_its_word() {
    for language in Language::ALL {
        assert_eq!(Language::from_word(language.word()), Some(language));
        assert_eq!(serde_json::to_string(&language).unwrap(), format!("\"{}\"", language.word()));
    }
    assert_eq!(Language::from_word("EN"), None);
    assert_eq!(Language::default(), Language::En);
}

#[test]
fn russian_numbers_have_the_forms_of_russian() {
    let lengths = [
        (60, "1 \u{43c}\u{438}\u{43d}\u{443}\u{442}\u{430}"),
        (120, "2 \u{43c}\u{438}\u{43d}\u{443}\u{442}\u{44b}"),
        (300, "5 \u{43c}\u{438}\u{43d}\u{443}\u{442}"),
        (660, "11 \u{43c}\u{438}\u{43d}\u{443}\u{442}"),
        (1260, "21 \u{43c}\u{438}\u{43d}\u{443}\u{442}\u{430}"),
        (1320, "22 \u{43c}\u{438}\u{43d}\u{443}\u{442}\u{44b}"),
        (6720, "112 \u{43c}\u{438}\u{43d}\u{443}\u{442}"),
        (86400, "1 \u{434}\u{435}\u{43d}\u{44c}"),
        (259200, "3 \u{434}\u{43d}\u{44f}"),
        (432000, "5 \u{434}\u{43d}\u{435}\u{439}"),
        (0, "\u{43d}\u{430}\u{432}\u{441}\u{435}\u{433}\u{434}\u{430}"),
    ];
    for (seconds, told) in lengths {
        assert_eq!(Language::Ru.length(seconds), told, "{seconds}");
    }
    let lasting = [
        (60, "\u{43d}\u{430} 1 \u{43c}\u{438}\u{43d}\u{443}\u{442}\u{443}"),
        (1260, "\u{43d}\u{430} 21 \u{43c}\u{438}\u{43d}\u{443}\u{442}\u{443}"),
        (1209600, "\u{43d}\u{430} 2 \u{43d}\u{435}\u{434}\u{435}\u{43b}\u{438}"),
        (604800, "\u{43d}\u{430} 1 \u{43d}\u{435}\u{434}\u{435}\u{43b}\u{44e}"),
        (0, "\u{43d}\u{430}\u{432}\u{441}\u{435}\u{433}\u{434}\u{430}"),
    ];
    for (seconds, told) in lasting {
        assert_eq!(Language::Ru.lasting(seconds), told, "{seconds}");
    }
}

#[test]
fn the_other_languages_tell_how_long_something_lasts() {
    assert_eq!(Language::De.lasting(86_400), "f\u{fc}r 1 Tag");
    assert_eq!(Language::De.length(2 * 86_400), "2 Tage");
    assert_eq!(Language::Es.lasting(14 * 86_400), "durante 2 semanas");
    assert_eq!(Language::Es.lasting(0), "para siempre");
    assert_eq!(Language::Zh.lasting(14 * 86_400), "2 \u{5468}");
    for language in Language::ALL {
        for seconds in [0, 1, 45, 60, 3_600, 86_400, 604_800, 5 * 604_800] {
            println!("{}: {} / {}", language.word(), language.length(seconds), language.lasting(seconds));
        }
    }
}

#[test]
fn a_sentence_is_whole_with_what_is_put_in() {
    for language in Language::ALL {
        println!("{}", language.say(Phrase::SaidBanned, &["Ann", &language.lasting(14 * 86_400)]));
        println!("{}", language.say(Phrase::CardDone, &[&language.say(Phrase::ActMute, &[&language.lasting(3_600)])]));
        println!("{}", language.say(Phrase::CaptchaAsk, &["Ann", &language.length(120)]));
    }
    assert_eq!(Language::En.say(Phrase::SaidBanned, &["Ann", "for 2 weeks"]), "Ann is banned for 2 weeks.");
}
