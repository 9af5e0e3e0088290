//! `aegis judge`: one JSON line in, one JSON line out.
//!
//! Promises: every line has its answer, in order; a line that cannot be read has an `error` with its number in its
//! place. Places are told in UTF-8 bytes and in UTF-16 units of the given text. Total.
//!
//! Never: a file, a database, a network.

use crate::limits;
use crate::message::{ChatId, Media, Message, MessageId, Provenance, Sender, SurfaceKind, UserId};
use crate::policy::{self, Scratch, Terms};
use crate::verdict::Finding;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Whether a line could be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFate {
    /// The answer is a verdict.
    Judged,
    /// The answer is an error.
    Unreadable,
}

#[derive(Deserialize)]
struct Given<'l> {
    #[serde(borrow)]
    text: Cow<'l, str>,
    #[serde(default)]
    user_id: Option<i64>,
    #[serde(default)]
    chat_id: Option<i64>,
    #[serde(default)]
    member_age_s: Option<u64>,
    #[serde(default)]
    message_count: Option<u64>,
    #[serde(default)]
    is_forward: Option<bool>,
    #[serde(borrow, default)]
    media: Option<Cow<'l, str>>,
}

#[derive(Serialize)]
struct Answer<'v> {
    verdict: &'static str,
    score: u16,
    reason: &'v str,
    findings: Vec<Found<'v>>,
    canonical: &'v str,
}

#[derive(Serialize)]
struct Found<'v> {
    rule: &'v str,
    score: u16,
    spans: Vec<[u32; 2]>,
    spans_utf16: Vec<[u32; 2]>,
}

#[derive(Serialize)]
struct Refusal {
    error: String,
}

/// Judges one line and appends the answer to `out`, without a line break at its end. `number` counts lines from 1.
pub fn line(terms: &Terms<'_>, line: &str, number: u64, scratch: &mut Scratch, out: &mut String) -> LineFate {
    let message = match message(line, number) {
        Ok(message) => message,
        Err(error) => {
            write(&Refusal { error }, out);
            return LineFate::Unreadable;
        }
    };
    let verdict = policy::judge_on(terms, &message, scratch);
    let answer = Answer {
        verdict: verdict.outcome.word(),
        score: verdict.score,
        reason: &verdict.reason,
        findings: verdict.findings.iter().map(found).collect(),
        canonical: scratch.canonical(),
    };
    write(&answer, out);
    LineFate::Judged
}

/// Reads one line as a message. `number` counts lines from 1.
///
/// # Errors
/// What is wrong with the line, with its number.
pub fn message(line: &str, number: u64) -> Result<Message, String> {
    let line = if number <= 1 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
    if line.len() > limits::JUDGE_LINE_BYTES_MAX {
        let most = limits::JUDGE_LINE_BYTES_MAX;
        return Err(format!("line {number}: {} bytes; the most is {most}", line.len()));
    }
    let given: Given<'_> = serde_json::from_str(line).map_err(|error| format!("line {number}: {}", told(&error)))?;
    let user = UserId(given.user_id.unwrap_or(0));
    let mut message = Message::empty(ChatId(given.chat_id.unwrap_or(0)), MessageId(0), Sender::Member(user));
    message.member_age_s = given.member_age_s;
    message.message_count = given.message_count;
    if given.is_forward == Some(true) {
        message.provenance = Provenance::Forwarded;
    }
    message.media = match given.media.as_deref() {
        None | Some("") => Media::None,
        // Telegram has more words than we have kinds.
        Some(word) => Media::from_word(word).unwrap_or(Media::Other),
    };
    let kind = if message.media == Media::None { SurfaceKind::Text } else { SurfaceKind::Caption };
    message.push(kind, &given.text);
    Ok(message)
}

fn found(finding: &Finding) -> Found<'_> {
    Found {
        rule: &finding.rule,
        score: finding.score,
        spans: finding.spans.iter().map(|span| [span.from, span.to]).collect(),
        spans_utf16: finding.spans.iter().map(|span| [span.utf16_from, span.utf16_to]).collect(),
    }
}

/// What the reader says, with its place told by column only: the line is ours to count.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("{what} (column {}); wanted an object like {{\"text\": \"...\"}}", error.column())
}

fn write<T: Serialize>(answer: &T, out: &mut String) {
    out.push_str(&serde_json::to_string(answer).expect("a struct of texts and numbers is always JSON"));
}
