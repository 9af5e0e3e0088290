//! What every fold and every verdict promises, whatever the text: bounds, places of whole characters, no change by a second
//! fold. Used by the bombs and by the decoders' trials.

#![allow(dead_code)] // Each test uses a part of it.

use aegis::limits;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, Truncation, UserId};
use aegis::policy::Scratch;
use aegis::text;
use aegis::verdict::{Span, Verdict};
use unicode_normalization::UnicodeNormalization;

/// A message of a member with these texts.
pub fn message(texts: &[&str]) -> Message {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    for text in texts {
        message.push(SurfaceKind::Text, text);
    }
    message
}

/// Everything that a place promises about the original.
pub fn check_span(message: &Message, span: &Span) -> Result<(), String> {
    let surface = message.surfaces.get(usize::from(span.surface)).ok_or("no such surface")?;
    let (from, to) = (span.from as usize, span.to as usize);
    let found = surface.text.get(from..to).ok_or_else(|| format!("{from}..{to} is not whole characters"))?;
    if found.is_empty() {
        return Err(format!("{from}..{to} is empty"));
    }
    let units = |text: &str| text.encode_utf16().count() as u32;
    let utf16_from = units(&surface.text[..from]);
    if (span.utf16_from, span.utf16_to) != (utf16_from, utf16_from + units(found)) {
        return Err(format!("{span:?} has wrong UTF-16 units"));
    }
    Ok(())
}

/// Everything that a verdict promises about its message.
pub fn check(message: &Message, verdict: &Verdict, scratch: &Scratch) -> Result<(), String> {
    if scratch.canonical().len() > limits::CANONICAL_BYTES_MAX {
        return Err(format!("{} bytes of folded text", scratch.canonical().len()));
    }
    if verdict.findings.len() > limits::FINDINGS_MAX || verdict.score > limits::SCORE_MAX {
        return Err(format!("{} findings, score {}", verdict.findings.len(), verdict.score));
    }
    for finding in &verdict.findings {
        if finding.spans.len() > limits::SPANS_MAX {
            return Err(format!("{} places of {}", finding.spans.len(), finding.rule));
        }
        for span in &finding.spans {
            check_span(message, span).map_err(|what| format!("{}: {what}", finding.rule))?;
        }
    }
    Ok(())
}

/// Folding the folded text changes nothing. A folded text that was cut, or that is longer than a message can be, is not
/// a message's whole text: of it this is not promised.
pub fn check_folds_once(text: &str, scratch: &mut text::Scratch) -> Result<(), String> {
    text::fold(&message(&[text]), scratch);
    let once = scratch.canonical().text().to_owned();
    if scratch.canonical().truncated() == Truncation::Cut || once.len() > limits::MESSAGE_TEXT_BYTES_MAX {
        return Ok(());
    }
    text::fold(&message(&[&once]), scratch);
    let twice = scratch.canonical().text();
    if once == twice {
        return Ok(());
    }
    let at = once
        .chars()
        .zip(twice.chars())
        .position(|(a, b)| a != b)
        .unwrap_or(once.chars().count().min(twice.chars().count()));
    let near =
        |text: &str| text.chars().skip(at.saturating_sub(3)).take(8).collect::<String>().escape_unicode().to_string();
    Err(format!("folded again it differs at character {at}: {} became {}", near(&once), near(twice)))
}

/// The one kind of text known to fold otherwise the second time: an enclosed Hangul syllable, and after it the consonant
/// that would close it as a part of its own. The first fold opens the circle, the second puts the two together.
pub fn is_known(text: &str) -> bool {
    let is_enclosed = |ch| matches!(ch, '\u{320e}'..='\u{321e}' | '\u{326e}'..='\u{327e}');
    let closes = |ch: char| std::iter::once(ch).nfkd().any(|part| ('\u{11a8}'..='\u{11c2}').contains(&part));
    text.char_indices().any(|(at, ch)| is_enclosed(ch) && text[at..].chars().skip(1).any(closes))
}
