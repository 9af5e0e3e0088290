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
