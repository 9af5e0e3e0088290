//! One JSON line in, one JSON line out: the judge for scripts and tests.
//!
//! Promises: every line gets exactly one line back, in order; a line that cannot be read gets an error in its place.
//!
//! Never: a database, a network, a clock.

use crate::message::{ChatId, Media, Message, MessageId, Provenance, Sender, SurfaceKind, UserId};
use crate::policy::{PolicySet, Scratch, judge};
use crate::verdict::{Finding, Thresholds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Line {
    text: String,
    #[serde(default)]
    user_id: i64,
    #[serde(default)]
    chat_id: i64,
    member_age_s: Option<u64>,
    message_count: Option<u64>,
    #[serde(default)]
    is_forward: bool,
    media: Option<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    verdict: &'static str,
    score: u16,
    reason: &'a str,
    findings: Vec<Found<'a>>,
    canonical: &'a str,
}

#[derive(Serialize)]
struct Found<'a> {
    rule: &'a str,
    score: u16,
    spans: Vec<[u32; 2]>,
    spans_utf16: Vec<[u32; 2]>,
}

#[derive(Serialize)]
struct Refused {
    error: String,
}

/// Whether a line was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It was.
    Yes,
    /// It could not be read; the answer says why.
    Unreadable,
}

/// Judges line number `number`; writes the answer, without a line feed, into `out`.
pub fn line(
    policy: &PolicySet,
    thresholds: Thresholds,
    line: &str,
    number: u64,
    scratch: &mut Scratch,
    out: &mut String,
) -> Judged {
    out.clear();
    match message(line) {
        Ok(message) => {
            let verdict = judge(policy, thresholds, &message, scratch);
            let answer = Answer {
                verdict: verdict.outcome.word(),
                score: verdict.score,
                reason: &verdict.reason,
                findings: verdict.findings.iter().map(found).collect(),
                canonical: scratch.canonical(),
            };
            out.push_str(&serde_json::to_string(&answer).unwrap_or_default());
            Judged::Yes
        }
        Err(why) => {
            let refused = Refused { error: format!("line {number}: {why}") };
            out.push_str(&serde_json::to_string(&refused).unwrap_or_default());
            Judged::Unreadable
        }
    }
}

fn found(finding: &Finding) -> Found<'_> {
    Found {
        rule: &finding.rule,
        score: finding.score,
        spans: finding.spans.iter().map(|span| [span.from, span.to]).collect(),
        spans_utf16: finding.spans.iter().map(|span| [span.utf16_from, span.utf16_to]).collect(),
    }
}

/// The message that a line describes.
///
/// # Errors
/// What is wrong with the line.
pub fn message(line: &str) -> Result<Message, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let media = match line.media.as_deref() {
        None => Media::None,
        Some(word) => Media::from_word(word).ok_or_else(|| format!("unknown media \"{}\"", word.escape_debug()))?,
    };
    let mut message = Message::empty(ChatId(line.chat_id), MessageId(0), Sender::Member(UserId(line.user_id)));
    message.media = media;
    message.member_age_s = line.member_age_s;
    message.message_count = line.message_count;
    if line.is_forward {
        message.provenance = Provenance::Forwarded;
    }
    let kind = if media == Media::None { SurfaceKind::Text } else { SurfaceKind::Caption };
    message.push(kind, &line.text);
    Ok(message)
}
