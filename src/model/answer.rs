//! What a model's server answered, read strictly.
//!
//! Promises: every function is total and its work is linear in the bytes; an opinion comes only from one JSON object
//! with exactly the three fields asked for; what is shown of anything else is short, printable and redacted.
//!
//! Never: a guess at what a model may have meant.

use crate::limits;
use crate::opinion::{Opinion, View};
use crate::text::one_line;
use serde::Deserialize;

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The opinion, when there is one.
    pub opinion: Option<Opinion>,
    /// Tokens in and out, as the server counts them.
    pub usage: Option<(u64, u64)>,
    /// A piece of what was said instead of an opinion.
    pub sample: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Spoken,
}

#[derive(Deserialize)]
struct Spoken {
    content: String,
}

// Read apart from the rest, so that an odd count costs no opinion.
#[derive(Deserialize)]
struct Counted {
    usage: Usage,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    verdict: String,
    confidence: serde_json::Number,
    reason: String,
}

/// Reads the body of an answer. `secret` is never shown.
#[must_use]
pub fn read(body: &[u8], secret: Option<&str>) -> Said {
    let usage = serde_json::from_slice::<Counted>(body)
        .ok()
        .map(|counted| (counted.usage.prompt_tokens, counted.usage.completion_tokens));
    let spoken = serde_json::from_slice::<Envelope>(body)
        .ok()
        .and_then(|envelope| envelope.choices.into_iter().next())
        .map(|choice| choice.message.content);
    let opinion = spoken.as_deref().and_then(opinion);
    let sample = opinion.is_none().then(|| match &spoken {
        Some(text) => sample(text, secret),
        None => sample(&String::from_utf8_lossy(body), secret),
    });
    Said { opinion, usage, sample }
}

/// The opinion that a model's words are, if they are one.
#[must_use]
pub fn opinion(text: &str) -> Option<Opinion> {
    let written: Written = serde_json::from_str(unwrapped(text)?).ok()?;
    Some(Opinion {
        view: View::from_word(&written.verdict)?,
        confidence: percent(&written.confidence)?,
        reason: one_line(&written.reason, limits::OPINION_REASON_BYTES_MAX),
    })
}

/// Takes off the thoughts before an answer and the fence around it; small models write both unasked.
fn unwrapped(text: &str) -> Option<&str> {
    let mut rest = text.trim();
    if let Some(thoughts) = rest.strip_prefix("<think>") {
        // The first end: were a second one in the thoughts, what is left would be no object, and nothing is believed.
        rest = thoughts.split_once("</think>")?.1.trim_start();
    }
    if let Some(fenced) = rest.strip_prefix("```") {
        let inside = fenced.strip_suffix("```")?;
        rest = inside.strip_prefix("json").unwrap_or(inside).trim();
    }
    Some(rest)
}

/// A confidence in percent. A fraction is refused: whether 0.9 is 90 percent or less than one is not clear.
fn percent(number: &serde_json::Number) -> Option<u8> {
    if let Some(whole) = number.as_u64() {
        return u8::try_from(whole).ok().filter(|percent| *percent <= 100);
    }
    let value = number.as_f64()?;
    if value == 0.0 {
        return Some(0);
    }
    if !(value > 1.0 && value <= 100.0) {
        return None;
    }
    (0..=100_u8).rev().find(|percent| f64::from(*percent) <= value)
}

/// Letters, digits and signs of which a key, an address or a name may be made.
fn is_of_a_word(ch: char) -> bool {
    ch.is_alphanumeric() || "-_.+/=@:%?&#~".contains(ch)
}

/// Bytes of a word from which on it may be a key; no word of an answer of ours is so long.
const WORD_BYTES_MAX: usize = 24;

/// Digits of a word from which on it may be the number of somebody.
const WORD_DIGITS_MAX: usize = 5;

/// A short, printable piece of a text. Addresses, names, long numbers and long words are hidden, and `secret` first.
#[must_use]
pub fn sample(text: &str, secret: Option<&str>) -> String {
    let hidden = match secret {
        Some(secret) if !secret.is_empty() => text.replace(secret, "[hidden]"),
        _ => text.to_owned(),
    };
    let mut shown = String::new();
    let mut word = String::new();
    for ch in hidden.chars().chain([' ']) {
        if shown.len() > limits::MODEL_SAMPLE_BYTES_MAX {
            break;
        }
        if is_of_a_word(ch) {
            // A longer one is hidden whatever follows.
            if word.len() <= WORD_BYTES_MAX {
                word.push(ch);
            }
            continue;
        }
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let named = word.contains('@') || word.contains("://");
        if word.len() > WORD_BYTES_MAX || digits >= WORD_DIGITS_MAX || named {
            shown.push_str("[hidden]");
        } else {
            shown.push_str(&word);
        }
        word.clear();
        // Of signs only those of ASCII are shown: none of the others is needed to see what went wrong.
        shown.push(if ch.is_ascii() && !ch.is_ascii_control() { ch } else { ' ' });
    }
    one_line(&shown, limits::MODEL_SAMPLE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "{\"verdict\":\"block\",\"confidence\":90,\"reason\":\"an advertisement\"}";

    fn block() -> Opinion {
        Opinion { view: View::Breach, confidence: 90, reason: "an advertisement".to_owned() }
    }

    #[test]
    fn an_object_is_an_opinion_bare_fenced_or_after_thoughts() {
        let shapes = [
            PLAIN.to_owned(),
            format!("  {PLAIN}\n"),
            format!("```json\n{PLAIN}\n```"),
            format!("```\n{PLAIN}\n```\n"),
            format!("<think>\nit sells things {{\"verdict\":\"allow\"}}\n</think>\n\n{PLAIN}"),
            format!("<think></think>```json\n{PLAIN}\n```"),
        ];
        for shape in shapes {
            assert_eq!(opinion(&shape), Some(block()), "{shape}");
        }
    }

    #[test]
    fn anything_else_is_no_opinion() {
        let others = [
            String::new(),
            "block".to_owned(),
            "null".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            format!("Sure! {PLAIN}"),
            format!("{PLAIN} I hope this helps"),
            format!("{PLAIN}{PLAIN}"),
            format!("[{PLAIN}]"),
            format!("<think>never ends {PLAIN}"),
            format!("<think>a</think>{PLAIN}</think>{PLAIN}"),
            format!("```json\n{PLAIN}"),
            PLAIN.replace("block", "BLOCK"),
            PLAIN.replace("block", "review"),
            PLAIN.replace("90", "101"),
            PLAIN.replace("90", "-1"),
            PLAIN.replace("90", "100.5"),
            PLAIN.replace("90", "0.9"),
            PLAIN.replace("90", "1.0"),
            PLAIN.replace("90", "\"90\""),
            PLAIN.replace("90", "null"),
            PLAIN.replace("90", "1e999"),
            PLAIN.replace("\"an advertisement\"", "null"),
            PLAIN.replace("\"an advertisement\"", "7"),
            "{\"verdict\":\"block\",\"confidence\":90}".to_owned(),
            "{\"verdict\":\"allow\",\"verdict\":\"block\",\"confidence\":90,\"reason\":\"x\"}".to_owned(),
            "{\"verdict\":\"block\",\"confidence\":90,\"reason\":\"x\",\"ban\":true}".to_owned(),
            "[".repeat(60_000),
            "{\"verdict\":".repeat(5_000),
        ];
        for other in others {
            assert_eq!(opinion(&other), None, "{other}");
        }
    }

    #[test]
    fn a_confidence_is_whole_percent_and_never_rounded_up() {
        let read = |written: &str| opinion(&PLAIN.replace("90", written)).map(|found| found.confidence);
        for (written, percent) in [("0", 0), ("0.0", 0), ("1", 1), ("69.99", 69), ("95.0", 95), ("1e2", 100)] {
            assert_eq!(read(written), Some(percent), "{written}");
        }
    }

    #[test]
    fn a_reason_is_one_short_line_of_what_can_be_seen() {
        let written = "{\"verdict\":\"allow\",\"confidence\":5,\"reason\":\" a\\u202eb\\u0000c\\n\\n d\\u200b \"}";
        assert_eq!(opinion(written).map(|found| found.reason).as_deref(), Some("ab c d"));
        let long = PLAIN.replace("an advertisement", &"\u{e9}".repeat(5_000));
        let reason = opinion(&long).map(|found| found.reason).unwrap_or_default();
        assert_eq!(reason.len(), limits::OPINION_REASON_BYTES_MAX);
    }

    #[test]
    fn a_sample_is_short_printable_and_hides_keys_names_and_addresses() {
        let text = "{\"error\":\"bad key sk-1 of @robin at https://a.example/x?y=1, +4915112345678\",\
                    \"id\":\"AbCdEfGhIjKlMnOpQrStUvWxYz\"}\u{202e}\u{7}";
        let shown = sample(text, Some("sk-1"));
        assert_eq!(shown, "{\"error\":\"bad key [hidden] of [hidden] at [hidden], [hidden]\",\"id\":\"[hidden]\"}");
        let long = sample(&"so it goes \u{1f600} ".repeat(500), None);
        assert!(long.len() <= limits::MODEL_SAMPLE_BYTES_MAX && long.is_ascii(), "{long}");
    }
}
