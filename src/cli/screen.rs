//! A stranger's text on a terminal: escaped where it could act, marked where a rule saw something.
//!
//! Promises: no control, invisible or direction-turning character of the text reaches the terminal: it is written as
//! `\n` or `\u{200b}`; marks stand under the characters they mean, by the columns a terminal gives them (two for East
//! Asian wide characters and emoji, none for combining marks).
//!
//! Never: a judgement, a file.

use unicode_normalization::char::is_combining_mark;

/// Whether words may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// As on a terminal.
    On,
    /// As into a file.
    Off,
}

impl Colour {
    /// Colour when standard output is a terminal and nobody asked for none (`NO_COLOR`).
    #[must_use]
    pub fn of_standard_output() -> Self {
        use std::io::IsTerminal;
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if !unwanted && std::io::stdout().is_terminal() { Self::On } else { Self::Off }
    }

    fn red(self, text: &str) -> String {
        match self {
            Self::On => format!("\u{1b}[1;31m{text}\u{1b}[0m"),
            Self::Off => text.to_owned(),
        }
    }
}

/// First and last of each range of characters that take two columns (Unicode's East Asian Width W and F).
const WIDE: &[(u32, u32)] = &[
    (0x1100, 0x115f),
    (0x231a, 0x231b),
    (0x2329, 0x232a),
    (0x23e9, 0x23ec),
    (0x23f0, 0x23f0),
    (0x23f3, 0x23f3),
    (0x25fd, 0x25fe),
    (0x2614, 0x2615),
    (0x2648, 0x2653),
    (0x267f, 0x267f),
    (0x2693, 0x2693),
    (0x26a1, 0x26a1),
    (0x26aa, 0x26ab),
    (0x26bd, 0x26be),
    (0x26c4, 0x26c5),
    (0x26ce, 0x26ce),
    (0x26d4, 0x26d4),
    (0x26ea, 0x26ea),
    (0x26f2, 0x26f3),
    (0x26f5, 0x26f5),
    (0x26fa, 0x26fa),
    (0x26fd, 0x26fd),
    (0x2705, 0x2705),
    (0x270a, 0x270b),
    (0x2728, 0x2728),
    (0x274c, 0x274c),
    (0x274e, 0x274e),
    (0x2753, 0x2755),
    (0x2757, 0x2757),
    (0x2795, 0x2797),
    (0x27b0, 0x27b0),
    (0x27bf, 0x27bf),
    (0x2b1b, 0x2b1c),
    (0x2b50, 0x2b50),
    (0x2b55, 0x2b55),
    (0x2e80, 0x303e),
    (0x3041, 0x4dbf),
    (0x4e00, 0xa4cf),
    (0xa960, 0xa97c),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe10, 0xfe19),
    (0xfe30, 0xfe6f),
    (0xff01, 0xff60),
    (0xffe0, 0xffe6),
    (0x16fe0, 0x18dff),
    (0x1aff0, 0x1b2ff),
    (0x1f004, 0x1f004),
    (0x1f0cf, 0x1f0cf),
    (0x1f18e, 0x1f18e),
    (0x1f191, 0x1f19a),
    (0x1f200, 0x1f320),
    (0x1f32d, 0x1f335),
    (0x1f337, 0x1f37c),
    (0x1f37e, 0x1f393),
    (0x1f3a0, 0x1f3ca),
    (0x1f3cf, 0x1f3d3),
    (0x1f3e0, 0x1f3f0),
    (0x1f3f4, 0x1f3f4),
    (0x1f3f8, 0x1f43e),
    (0x1f440, 0x1f440),
    (0x1f442, 0x1f4fc),
    (0x1f4ff, 0x1f53d),
    (0x1f54b, 0x1f54e),
    (0x1f550, 0x1f567),
    (0x1f57a, 0x1f57a),
    (0x1f595, 0x1f596),
    (0x1f5a4, 0x1f5a4),
    (0x1f5fb, 0x1f64f),
    (0x1f680, 0x1f6c5),
    (0x1f6cc, 0x1f6cc),
    (0x1f6d0, 0x1f6d2),
    (0x1f6d5, 0x1f6d7),
    (0x1f6dc, 0x1f6df),
    (0x1f6eb, 0x1f6ec),
    (0x1f6f4, 0x1f6fc),
    (0x1f7e0, 0x1f7eb),
    (0x1f7f0, 0x1f7f0),
    (0x1f90c, 0x1f93a),
    (0x1f93c, 0x1f945),
    (0x1f947, 0x1f9ff),
    (0x1fa70, 0x1faff),
    (0x20000, 0x3fffd),
];

/// Characters a terminal shows as nothing, or that turn the direction of what follows: escaped, to be seen.
const UNSEEN: &[(u32, u32)] = &[
    (0xad, 0xad),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
];

fn is_in(ranges: &[(u32, u32)], ch: char) -> bool {
    let code = u32::from(ch);
    let index = ranges.partition_point(|(_, last)| *last < code);
    ranges.get(index).is_some_and(|(first, _)| *first <= code)
}

/// How many columns a terminal gives a character.
#[must_use]
pub fn columns(ch: char) -> usize {
    if ch.is_ascii() {
        1
    } else if is_combining_mark(ch) || matches!(u32::from(ch), 0x1160..=0x11ff) {
        0
    } else if is_in(WIDE, ch) {
        2
    } else {
        1
    }
}

/// Appends a character as it may be shown, and says how many columns that takes.
fn show(ch: char, out: &mut String) -> usize {
    if !ch.is_control() && !is_in(UNSEEN, ch) {
        out.push(ch);
        return columns(ch);
    }
    let escaped = match ch {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        other => format!("\\u{{{:x}}}", u32::from(other)),
    };
    out.push_str(&escaped);
    escaped.len()
}

/// A text in one line, cut to about `columns_max` columns.
#[must_use]
pub fn line(text: &str, columns_max: usize) -> String {
    let mut out = String::new();
    let mut used = 0_usize;
    for ch in text.chars() {
        if used >= columns_max {
            out.push_str("...");
            break;
        }
        used = used.saturating_add(show(ch, &mut out));
    }
    out
}

/// One row being filled: the text and the marks under it.
#[derive(Default)]
struct Row {
    text: String,
    marks: String,
    used: usize,
}

impl Row {
    fn put(&mut self, ch: char, marked: bool, colour: Colour) {
        let mut shown = String::new();
        let width = show(ch, &mut shown);
        self.text.push_str(&if marked { colour.red(&shown) } else { shown });
        self.marks.extend(std::iter::repeat_n(if marked { '^' } else { ' ' }, width));
        self.used = self.used.saturating_add(width);
    }

    fn end(&mut self, indent: &str, colour: Colour, out: &mut String) {
        let row = std::mem::take(self);
        out.push_str(&format!("{indent}{}\n", row.text));
        let marks = row.marks.trim_end();
        if !marks.is_empty() {
            let from = marks.len().saturating_sub(marks.trim_start().len());
            let (before, marks) = marks.split_at_checked(from).unwrap_or(("", marks));
            out.push_str(&format!("{indent}{before}{}\n", colour.red(marks)));
        }
    }
}

/// A text with `^` under the bytes of each span (half open), in rows of at most about `columns_max` columns, each row
/// after `indent`.
#[must_use]
pub fn marked(text: &str, spans: &[(usize, usize)], indent: &str, columns_max: usize, colour: Colour) -> String {
    let mut out = String::new();
    let mut row = Row::default();
    for (at, ch) in text.char_indices() {
        // A combining mark stays with its letter.
        if row.used >= columns_max && columns(ch) > 0 {
            row.end(indent, colour, &mut out);
        }
        let is_marked = spans.iter().any(|(from, to)| (*from..*to).contains(&at));
        row.put(ch, is_marked, colour);
        if ch == '\n' {
            row.end(indent, colour, &mut out);
        }
    }
    if !row.text.is_empty() {
        row.end(indent, colour, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_rise_so_that_they_can_be_searched() {
        for ranges in [WIDE, UNSEEN] {
            assert!(ranges.iter().all(|(first, last)| first <= last));
            assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }

    #[test]
    fn marks_stand_under_what_they_mean_whatever_its_width() {
        for (text, span, rows) in [
            ("ab cd", (3, 5), "ab cd\n   ^^\n"),
            ("\u{5927}\u{5bb6}x", (3, 6), "\u{5927}\u{5bb6}x\n  ^^\n"),
            ("\u{1f44d}a", (4, 5), "\u{1f44d}a\n  ^\n"),
            ("e\u{301}a", (3, 4), "e\u{301}a\n ^\n"),
            ("a\u{200b}b", (4, 5), "a\\u{200b}b\n         ^\n"),
            ("a\nb", (2, 3), "a\\n\nb\n^\n"),
        ] {
            assert_eq!(marked(text, &[span], "", 80, Colour::Off), rows, "{text:?}");
        }
    }

    #[test]
    fn nothing_that_could_act_on_a_terminal_is_shown() {
        let shown = line("\u{1b}[2J\u{202e}evil\u{7}\r\n", 80);
        assert!(shown.is_ascii() && !shown.chars().any(char::is_control), "{shown}");
        assert_eq!(line("abcdef", 3), "abc...");
    }
}
