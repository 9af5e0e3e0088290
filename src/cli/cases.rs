//! Cases: what packs must and must not match, written beside them in `NAME.cases.toml`.
//!
//! Promises: reading lists every mistake with its line; a case is judged with all packs of its folder together.
//!
//! Never: a file read by itself.
//!
//! A case has a `text`, the `verdict` it must get (allow, review, block) and `why`. For rules with conditions it may
//! say `forwarded`, `media`, `member_age_s` and `message_count`.

use crate::document::{self, Mistakes, Section};
use crate::message::{ChatId, Media, Message, MessageId, Provenance, Sender, SurfaceKind, UserId};
use crate::policy::{self, PolicySet, Scratch};
use crate::verdict::{Outcome, Thresholds};

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The message to be judged.
    pub message: Message,
    /// The verdict it must get.
    pub wanted: Outcome,
    /// Why, in the author's words.
    pub why: String,
}

/// A case that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its line in the file, from 1.
    pub line: usize,
    /// What was wanted, what was got, and by which rules.
    pub what: String,
}

/// Reads a file of cases; `file` is the name it goes by. Cases with mistakes are left out.
#[must_use]
pub fn read(file: &str, text: &str, mistakes: &mut Mistakes) -> Vec<Case> {
    let mut root = document::read(file, text, mistakes);
    let sections = root.sections("case", mistakes);
    if sections.is_empty() {
        mistakes.add(file, 0, "the file has no case; add a [[case]] with text, verdict and why");
    }
    let cases = sections.into_iter().filter_map(|section| read_case(section, mistakes)).collect();
    root.finish(mistakes);
    cases
}

fn read_case(mut section: Section<'_>, mistakes: &mut Mistakes) -> Option<Case> {
    let (file, line) = (section.file(), section.line());
    let text = section.text("text", mistakes);
    let wanted = section.text_required("verdict", mistakes);
    let why = section.text_required("why", mistakes);
    let forwarded = section.boolean("forwarded", mistakes).is_some_and(|found| found.value);
    let media = section.text("media", mistakes);
    let age = section.integer("member_age_s", 0..=10_000_000_000, mistakes);
    let count = section.integer("message_count", 0..=1_000_000_000, mistakes);
    section.finish(mistakes);
    let outcome = wanted.and_then(|word| {
        let found = [Outcome::Allow, Outcome::Review, Outcome::Block].into_iter().find(|one| one.word() == word.value);
        if found.is_none() {
            let what = format!("`verdict` is allow, review or block, not \"{}\"", word.value.escape_debug());
            mistakes.add(file, word.line, what);
        }
        found
    });
    let media = match media {
        None => Media::None,
        Some(word) => Media::from_word(&word.value).unwrap_or_else(|| {
            mistakes.add(file, word.line, format!("unknown media \"{}\"", word.value.escape_debug()));
            Media::None
        }),
    };
    let Some(text) = text else {
        mistakes.add(file, line, "`case.text` is missing");
        return None;
    };
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    message.media = media;
    message.provenance = if forwarded { Provenance::Forwarded } else { Provenance::Own };
    message.member_age_s = age.and_then(|found| u64::try_from(found.value).ok());
    message.message_count = count.and_then(|found| u64::try_from(found.value).ok());
    message.push(if media == Media::None { SurfaceKind::Text } else { SurfaceKind::Caption }, &text.value);
    Some(Case { line, message, wanted: outcome?, why: why?.value })
}

/// Judges cases; what is returned did not hold.
#[must_use]
pub fn run(set: &PolicySet, cases: &[Case], scratch: &mut Scratch) -> Vec<Failed> {
    let mut failed = Vec::new();
    for case in cases {
        let verdict = policy::judge(set, Thresholds::default(), &case.message, scratch);
        if verdict.outcome != case.wanted {
            let rules: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule.as_str()).collect();
            let by = if rules.is_empty() { "no rule spoke".to_owned() } else { format!("by {}", rules.join(", ")) };
            let what = format!(
                "expected {}, got {} (score {}, {by}): {}",
                case.wanted.word(),
                verdict.outcome.word(),
                verdict.score,
                super::screen::line(&case.why, 120)
            );
            failed.push(Failed { line: case.line, what });
        }
    }
    failed
}
