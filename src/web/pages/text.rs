//! Words, numbers and times as people read them, and the one door that every page leaves through.
//!
//! Promises: [`clean`] is the last thing that happens to every page, so that no control character and no control of
//! direction reaches a browser, whoever wrote it and wherever it stands; markup is escaped by maud in text and attributes alike.
//!
//! Never: a clock. What time it is now is given.

use maud::{Markup, html};
use std::fmt::Write;

/// A text of ours or of a stranger, kept to its own direction.
#[must_use]
pub fn t(text: &str) -> Markup {
    html! { bdi { (text) } }
}

/// A text, cut to so many characters.
#[must_use]
pub fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((at, _)) => format!("{}\u{2026}", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// A whole page, without what could hide or turn what is read: our own markup has none of it, so nothing of ours is lost.
#[must_use]
pub fn clean(page: &str) -> String {
    page.chars()
        .map(|c| match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() && c != '\n' && c != '\t' => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// A number, in groups of three.
#[must_use]
pub fn n(number: u64) -> String {
    let digits = number.to_string();
    let mut told = String::with_capacity(digits.len() + digits.len());
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            told.push('\u{202f}');
        }
        told.push(digit);
    }
    told
}

/// A number with its word, which gets an `s` when it is not one.
#[must_use]
pub fn count(number: u64, word: &str) -> String {
    format!("{} {word}{}", n(number), if number == 1 { "" } else { "s" })
}

/// Bytes in the largest unit that leaves something before the point.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, size) in units {
        if bytes >= size {
            let tenths = bytes / (size / 10).max(1);
            return match tenths {
                0..100 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
                _ => format!("{} {unit}", n(bytes / size)),
            };
        }
    }
    format!("{bytes} bytes")
}

/// Milliseconds.
#[must_use]
pub fn ms(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => span(ms / 1_000),
    }
}

/// Milliseconds that may not be known yet.
#[must_use]
pub fn maybe_ms(known: Option<u64>) -> String {
    known.map_or_else(|| "none yet".to_owned(), ms)
}

/// A time span in its two largest units.
#[must_use]
pub fn span(seconds: u64) -> String {
    let mut text = String::new();
    let units = [("d", seconds / 86_400), ("h", seconds / 3_600 % 24), ("min", seconds / 60 % 60), ("s", seconds % 60)];
    let told = units.into_iter().skip_while(|(unit, count)| *count == 0 && *unit != "s").take(2);
    for (index, (unit, count)) in told.enumerate() {
        if index == 0 || count > 0 {
            // Writing into a String does not fail.
            let _infallible = write!(text, "{}{count} {unit}", if text.is_empty() { "" } else { " " });
        }
    }
    text
}

/// How long ago, in the largest unit alone; times to come as well.
fn ago(at_s: u64, now_s: u64) -> String {
    let apart = now_s.abs_diff(at_s);
    let told = match apart {
        0..60 => return if at_s > now_s { "in a moment" } else { "just now" }.to_owned(),
        60..3_600 => format!("{} min", apart / 60),
        3_600..86_400 => format!("{} h", apart / 3_600),
        _ => count(apart / 86_400, "day"),
    };
    if at_s > now_s { format!("in {told}") } else { format!("{told} ago") }
}

/// A time: relative to read, exact to point at.
#[must_use]
pub fn when(at_s: u64, now_s: u64) -> Markup {
    if at_s == 0 {
        return html! { span class="soft" { "not yet" } };
    }
    html! { time datetime=(utc(at_s, "%Y-%m-%dT%H:%M:%SZ")) title=(exact(at_s)) { (ago(at_s, now_s)) } }
}

/// A time, exact.
#[must_use]
pub fn exact(at_s: u64) -> String {
    utc(at_s, "%-d %b %Y, %H:%M:%S UTC")
}

fn utc(at_s: u64, form: &str) -> String {
    let time = i64::try_from(at_s).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    time.unwrap_or_default().strftime(form).to_string()
}

/// A verdict in plain words.
#[must_use]
pub fn outcome(word: &str) -> &str {
    match word {
        "allow" => "Fine",
        "review" => "Unsure",
        "block" => "Blocked",
        other => other,
    }
}

/// A mode in plain words.
#[must_use]
pub fn mode(word: &str) -> &str {
    match word {
        "record" => "Only recording",
        "enforce" => "Enforcing",
        other => other,
    }
}

/// What an own word or link does.
#[must_use]
pub fn effect(word: &str) -> &str {
    match word {
        "review" => "Mark as unsure",
        "delete" => "Delete the message",
        "ban" => "Delete and ban the sender",
        other => other,
    }
}

/// How a chip looks: `good`, `warn`, `bad`, or calm.
#[must_use]
pub const fn chip_of(outcome: &str) -> &'static str {
    match outcome.as_bytes() {
        b"block" | b"bad" | b"missing" | b"given_up" | b"spam" | b"ban" => "bad",
        b"review" | b"warn" | b"waiting" | b"delete" => "warn",
        b"allow" | b"good" | b"held" | b"done" | b"fine" | b"enforce" => "good",
        _ => "calm",
    }
}

/// A state in words, with a shape of its own.
#[must_use]
pub fn chip(kind: &str, words: &str) -> Markup {
    html! { span class="chip" data-kind=(kind) { (words) } }
}

/// A group by its title, or by its number while that is not known.
#[must_use]
pub fn group(title: &str, id: i64) -> Markup {
    html! { @if title.is_empty() { "Group " (id) } @else { bdi { (title) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units_and_times_are_read_at_a_glance() {
        assert_eq!(n(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(
            (bytes(512), bytes(1_536), bytes(20 << 20)),
            ("512 bytes".into(), "1.5 KiB".into(), "20 MiB".into())
        );
        assert_eq!((ms(320), ms(1_450), ms(90_000)), ("320 ms".into(), "1.4 s".into(), "1 min 30 s".into()));
        assert_eq!((span(0), span(3_600), span(90_061)), ("0 s".into(), "1 h".into(), "1 d 1 h".into()));
        assert_eq!(
            (ago(100, 130), ago(0, 7_200), ago(86_500, 100)),
            ("just now".into(), "2 h ago".into(), "in 1 day".into())
        );
        assert_eq!(exact(0), "1 Jan 1970, 00:00:00 UTC");
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(cut("\u{e9}\u{e9}\u{e9}", 2), "\u{e9}\u{e9}\u{2026}");
        assert_eq!(cut("ab", 2), "ab");
    }
}
