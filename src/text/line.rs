//! What somebody else wrote, as one line that can be shown.
//!
//! Promises: one line of bounded length, without what turns the direction of writing and without what nobody sees.
//!
//! Never: an escape for markup; what is shown in markup is escaped where the markup is written.

use crate::message::floor_char_boundary;

/// What turns the direction of writing, or is there and not seen.
const fn is_unseen(ch: char) -> bool {
    matches!(
        ch,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A text in one line of at most `bytes_max` bytes, without what is not seen. Spaces are single.
#[must_use]
pub fn one_line(text: &str, bytes_max: usize) -> String {
    let mut line = String::new();
    for ch in text.chars() {
        if line.len() > bytes_max {
            break;
        }
        if ch.is_whitespace() || ch.is_control() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_unseen(ch) {
            line.push(ch);
        }
    }
    line.truncate(floor_char_boundary(&line, bytes_max));
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_bounded_and_seen() {
        assert_eq!(one_line(" a\u{202e}b\u{0}c\n\n d\u{200b} ", 64), "ab c d");
        assert_eq!(one_line("\u{448}\u{448}\u{448}", 5), "\u{448}\u{448}");
        assert_eq!(one_line("\n\u{feff}", 8), "");
    }
}
