//! Lengths of time as people write them: `20s`, `30m`, `2h`, `3d`, `2w`, and `1d12h`.
//!
//! Promises: the one grammar of settings, packs, commands and the terminal; total. What [`in_words`] writes, [`seconds`] reads
//! back.
//!
//! Never: a bound of its own. What a length may be, whoever asks for it knows.

use crate::limits;

/// The units, the largest first, with their seconds.
const UNITS: [(char, u32); 5] = [('w', 7 * 86_400), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Seconds of a length of time: a number and a unit, or several with the larger unit first (`1d12h`), without regard to
/// case; `0` needs no unit. `None` for anything else, and for more than a `u32` holds.
#[must_use]
pub fn seconds(text: &str) -> Option<u32> {
    if text == "0" {
        return Some(0);
    }
    if text.is_empty() {
        return None;
    }
    // The search goes on where it found the last unit, so that units fall and none comes twice.
    let mut units = UNITS.into_iter();
    let mut rest = text;
    let mut sum = 0_u32;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let count = rest.strip_suffix(after)?.parse::<u32>().ok()?;
        let mut letters = after.chars();
        let letter = letters.next()?.to_ascii_lowercase();
        let (_, unit) = units.find(|(unit, _)| *unit == letter)?;
        sum = sum.checked_add(count.checked_mul(unit)?)?;
        rest = letters.as_str();
    }
    Some(sum)
}

/// Seconds of a mute or a ban: as [`seconds`], or `forever`, which is 0. `None` for anything else, and for less than
/// `limits::ACTION_SECONDS_MIN` or more than `limits::ACTION_SECONDS_MAX`: Telegram would take either for ever, which is
/// not what was written.
#[must_use]
pub fn of_action(text: &str) -> Option<u32> {
    if text.eq_ignore_ascii_case("forever") {
        return Some(0);
    }
    let bounds = limits::ACTION_SECONDS_MIN..=limits::ACTION_SECONDS_MAX;
    seconds(text).filter(|seconds| bounds.contains(seconds))
}

/// A length of time in its largest whole unit: `2m`, `30d`, `90s`; `0` for none.
#[must_use]
pub fn in_words(seconds: u32) -> String {
    let whole = UNITS.into_iter().find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit));
    whole.map_or_else(|| "0".to_owned(), |(letter, unit)| format!("{}{letter}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_is_numbers_with_units_that_fall_or_nothing() {
        for (text, read) in [
            ("20s", Some(20)),
            ("2m", Some(120)),
            ("24h", Some(86_400)),
            ("30d", Some(2_592_000)),
            (" 30d", None),
            ("30d ", None),
            ("2W", Some(1_209_600)),
            ("1d12h", Some(129_600)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("4294967295s", Some(u32::MAX)),
            ("4294967296s", None),
            ("7102w", None),
            ("12h1d", None),
            ("1m1m", None),
            ("5", None),
            ("d", None),
            ("", None),
            ("-3d", None),
            ("+3d", None),
            ("1.5h", None),
            ("1 d", None),
            ("1y", None),
            ("3\u{434}", None),
            ("forever", None),
        ] {
            assert_eq!(seconds(text), read, "{text}");
        }
    }

    #[test]
    fn the_length_of_an_action_is_what_telegram_takes_or_for_ever() {
        for (text, read) in [
            ("30s", Some(30)),
            ("366d", Some(31_622_400)),
            ("forever", Some(0)),
            ("Forever", Some(0)),
            ("0", None),
            ("29s", None),
            ("367d", None),
            ("366d1s", None),
            ("99999999999w", None),
            ("for ever", None),
        ] {
            assert_eq!(of_action(text), read, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(length in any::<u32>()) {
            prop_assert_eq!(seconds(&in_words(length)), Some(length));
        }

        #[test]
        fn any_text_is_a_length_or_none(text in "[0-9]{0,12}[wdhms]?[0-9]{0,12}\\PC{0,4}") {
            let read = seconds(&text);
            prop_assert!(read.is_none() || text == "0" || text.to_ascii_lowercase().contains(['w', 'd', 'h', 'm', 's']));
        }
    }
}
