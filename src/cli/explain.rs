//! `aegis policy explain`: one message, step by step, for somebody who has never seen a rule.
//!
//! Promises: what is shown is what the judge saw: the same fold, the same views, the same places; the JSON says the
//! same as the sentences.
//!
//! Never: an effect. Nothing is sent, kept or learned.

use super::load;
use super::offline::{output, print};
use super::screen::{self, Colour};
use crate::app::{self, Failure};
use crate::learn::{Learned, prior};
use crate::limits;
use crate::message::{ChatId, Media, Message, MessageId, Provenance, Sender, Surface, SurfaceKind, Truncation, UserId};
use crate::policy::{self, PolicySet, Scratch, compile};
use crate::signals::{Signal, Signals};
use crate::text::Tally;
use crate::verdict::{Finding, Outcome, Thresholds, Verdict};
use serde_json::{Value, json};
use std::io::Read;
use std::path::PathBuf;

/// The message to be explained.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// The message's text; `-` reads it from standard input.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
    /// A folder with packs; without it, those that come with the program.
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// The file of settings, for the chat's own scores and its tenant's packs; without it, everything is as usual.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The chat's number.
    #[arg(long, value_name = "N", default_value_t = -1, allow_hyphen_values = true)]
    chat: i64,
    /// The sender's number.
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    user: i64,
    /// The message was forwarded.
    #[arg(long)]
    forwarded: bool,
    /// What the message carries: photo, video, audio, document, sticker, poll, contact, other.
    #[arg(long, value_name = "KIND", value_parser = media)]
    media: Option<Media>,
    /// The sender has just joined, and this is their first message.
    #[arg(long)]
    new: bool,
    /// One JSON object instead of sentences.
    #[arg(long)]
    json: bool,
}

fn media(word: &str) -> Result<Media, String> {
    Media::from_word(word)
        .ok_or_else(|| "known: none, photo, video, audio, document, sticker, poll, contact, other".to_owned())
}

/// Columns of a row of quoted text.
const ROW_COLUMNS: usize = 96;

impl ExplainArgs {
    fn message(&self) -> Result<Message, Failure> {
        let text = if self.text == "-" { standard_input()? } else { self.text.clone() };
        let mut message = Message::empty(ChatId(self.chat), MessageId(1), Sender::Member(UserId(self.user)));
        message.media = self.media.unwrap_or_default();
        message.provenance = if self.forwarded { Provenance::Forwarded } else { Provenance::Own };
        if self.new {
            (message.member_age_s, message.message_count) = (Some(0), Some(0));
        }
        let kind = if message.media == Media::None { SurfaceKind::Text } else { SurfaceKind::Caption };
        message.push(kind, &text);
        Ok(message)
    }
}

pub(super) fn standard_input() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(limits::JUDGE_LINE_BYTES_MAX).unwrap_or(u64::MAX);
    std::io::stdin().lock().take(bound).read_to_end(&mut bytes).map_err(output)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// The views the judge looks at besides the original: name and text. An empty one had nothing to look at.
fn views(scratch: &Scratch) -> [(&'static str, &str); 2] {
    let views = scratch.views();
    [("folded", views.canonical().text()), ("skeleton", views.skeleton().text())]
}

/// Explains.
pub(super) fn explain(args: &ExplainArgs) -> Result<(), Failure> {
    let config = args.config.as_deref().map(|file| load(Some(file))).transpose()?.unwrap_or_default();
    let set = compile(&app::pack_sources(args.policy.as_deref().or(config.policy_dir.as_deref()))?)?;
    let message = args.message()?;
    let mut scratch = Scratch::default();
    let book = app::rulebook(&config, set).with_learned(Learned::new(prior().into_iter().collect()));
    let terms = book.terms(message.chat);
    let verdict = policy::judge_on(&terms, &message, &mut scratch);
    let (set, thresholds) = (terms.set, terms.thresholds);
    let told = Told { set, message: &message, thresholds, verdict: &verdict, scratch: &scratch };
    if args.json {
        return print(&format!("{}\n", told.json()));
    }
    print(&told.sentences(Colour::of_standard_output()))
}

struct Told<'t> {
    set: &'t PolicySet,
    message: &'t Message,
    thresholds: Thresholds,
    verdict: &'t Verdict,
    scratch: &'t Scratch,
}

/// The piece of the original a span means.
fn piece(message: &Message, span: crate::verdict::Span) -> Option<(&Surface, &str)> {
    let surface = message.surfaces.get(usize::from(span.surface))?;
    let (from, to) = (usize::try_from(span.from).ok()?, usize::try_from(span.to).ok()?);
    Some((surface, surface.text.get(from..to)?))
}

impl Told<'_> {
    fn pack_of(&self, finding: &Finding) -> &str {
        self.set.rules().find(|rule| rule.id == finding.rule).map_or("the appliance itself", |rule| rule.pack)
    }

    fn sentences(&self, colour: Colour) -> String {
        let mut out = self.original(colour);
        self.say_views(&mut out);
        out.push_str(&format!("\nCounted in it: {}.\n", self.counted()));
        out.push_str("\nTaken away or brought to one form before the rules look:\n");
        let taken = taken_away(self.scratch.views().canonical().tally());
        if taken.is_empty() {
            out.push_str("  nothing\n");
        }
        for (count, what) in taken {
            out.push_str(&format!("  {count} {what}\n"));
        }
        if self.scratch.views().canonical().truncated() == Truncation::Cut {
            out.push_str("  the end: the text is longer than what is judged\n");
        }
        self.say_findings(&mut out);
        self.say_verdict(&mut out);
        out
    }

    /// The message as it was sent, with marks under what rules saw.
    fn original(&self, colour: Colour) -> String {
        let mut out = String::from("The message as it was sent");
        let marked = self.verdict.findings.iter().any(|finding| !finding.spans.is_empty());
        out.push_str(if marked { "; ^ marks what a rule saw:\n" } else { ":\n" });
        for (index, surface) in self.message.surfaces.iter().enumerate() {
            let spans: Vec<(usize, usize)> = self
                .verdict
                .findings
                .iter()
                .flat_map(|finding| &finding.spans)
                .filter(|span| usize::from(span.surface) == index)
                .filter_map(|span| Some((usize::try_from(span.from).ok()?, usize::try_from(span.to).ok()?)))
                .collect();
            if self.message.surfaces.len() > 1 || surface.kind != SurfaceKind::Text {
                out.push_str(&format!("  {}:\n", surface.kind.word()));
            }
            out.push_str(&screen::marked(&surface.text, &spans, "  ", ROW_COLUMNS, colour));
        }
        if self.message.surfaces.is_empty() {
            out.push_str("  (no text)\n");
        }
        let circumstances = self.circumstances();
        if !circumstances.is_empty() {
            out.push_str(&format!("  It {}.\n", circumstances.join(", ")));
        }
        out
    }

    fn circumstances(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.message.provenance == Provenance::Forwarded {
            said.push("was forwarded".to_owned());
        }
        if self.message.media != Media::None {
            said.push(format!("carries: {}", self.message.media.word()));
        }
        if self.message.member_age_s == Some(0) {
            said.push("is the first message of somebody who has just joined".to_owned());
        }
        said
    }

    fn signals(&self) -> Signals {
        Signals::of(self.message, self.scratch.views().canonical().tally())
    }

    fn counted(&self) -> String {
        let signals = self.signals();
        let counts = Signal::ALL.iter().map(|signal| (signal.word(), signals.get(*signal)));
        let mut said: Vec<String> =
            counts.filter(|(_, count)| *count > 0).map(|(word, count)| format!("{word} {count}")).collect();
        said.push(format!("script {}", signals.script().word()));
        said.join(", ")
    }

    fn say_views(&self, out: &mut String) {
        out.push_str("\nWhat the rules look at:\n");
        for (name, text) in views(self.scratch) {
            let shown = if text.is_empty() {
                "(nothing)".to_owned()
            } else {
                screen::line(text, limits::MESSAGE_TEXT_BYTES_MAX)
            };
            out.push_str(&format!("  {name}: {shown}\n"));
        }
        out.push_str("  (the skeleton is what is left when all that a disguise may add or change is taken away)\n");
    }

    fn say_findings(&self, out: &mut String) {
        if self.verdict.findings.is_empty() {
            out.push_str("\nNo rule has anything to say about it.\n");
            return;
        }
        out.push_str("\nRules that spoke:\n");
        for finding in &self.verdict.findings {
            let (rule, score, reason) = (&finding.rule, finding.score, screen::line(&finding.reason, 400));
            out.push_str(&format!("  {rule} (pack {}) adds {score}: {reason}\n", self.pack_of(finding)));
            for (surface, seen) in finding.spans.iter().filter_map(|span| piece(self.message, *span)) {
                out.push_str(&format!("    saw \"{}\" in the {}\n", screen::line(seen, 80), surface.kind.word()));
            }
        }
    }

    fn say_verdict(&self, out: &mut String) {
        let (score, Thresholds { review, block }) = (self.verdict.score, self.thresholds);
        out.push_str(&format!(
            "\nScore {score}. From {review} on a message goes to review, from {block} on it is blocked.\n"
        ));
        let sentence = match self.verdict.outcome {
            Outcome::Allow => "Verdict: allow. Nothing is done.".to_owned(),
            Outcome::Review => "Verdict: review. The rules are unsure; the setting review_fallback says what is done \
                                (record: it is shown to you and nothing is done)."
                .to_owned(),
            Outcome::Block => {
                let actions: Vec<String> = self.verdict.actions.iter().map(|action| action.words()).collect();
                let actions = if actions.is_empty() { "nothing is asked for".to_owned() } else { actions.join(", ") };
                format!("Verdict: block. In mode enforce: {actions}. In mode record: it is shown to you, no more.")
            }
        };
        out.push_str(&format!("{sentence}\nPolicy version {:016x}.\n", self.set.version));
    }

    fn json(&self) -> Value {
        let mut shown = serde_json::Map::new();
        for (name, text) in views(self.scratch) {
            shown.insert(name.to_owned(), json!(text));
        }
        let tally = self.scratch.views().canonical().tally();
        let signals = self.signals();
        let counted: serde_json::Map<String, Value> =
            Signal::ALL.iter().map(|signal| (signal.word().to_owned(), json!(signals.get(*signal)))).collect();
        let surface = |surface: &Surface| json!({"kind": surface.kind.word(), "text": surface.text});
        json!({
            "surfaces": self.message.surfaces.iter().map(surface).collect::<Vec<_>>(),
            "forwarded": self.message.provenance == Provenance::Forwarded,
            "media": self.message.media.word(),
            "member_age_s": self.message.member_age_s,
            "message_count": self.message.message_count,
            "views": shown,
            "signals": counted,
            "script": signals.script().word(),
            "taken_away": {
                "invisible": tally.invisible,
                "bidi": tally.bidi,
                "tags": tally.tags,
                "marks": tally.marks,
                "mixed_words": tally.mixed_words,
            },
            "truncated": self.scratch.views().canonical().truncated() == Truncation::Cut,
            "findings": self.verdict.findings.iter().map(|finding| self.finding(finding)).collect::<Vec<_>>(),
            "score": self.verdict.score,
            "review_at": self.thresholds.review,
            "block_at": self.thresholds.block,
            "verdict": self.verdict.outcome.word(),
            "reason": self.verdict.reason,
            "actions": self.verdict.actions.iter().map(|action| json!({
                "action": action.kind.word(),
                "seconds": action.seconds,
            })).collect::<Vec<_>>(),
            "policy": format!("{:016x}", self.set.version),
        })
    }

    fn finding(&self, finding: &Finding) -> Value {
        let span = |span: &crate::verdict::Span| {
            json!({
                "surface": span.surface,
                "bytes": [span.from, span.to],
                "utf16": [span.utf16_from, span.utf16_to],
                "text": piece(self.message, *span).map(|(_, text)| text),
            })
        };
        json!({
            "rule": finding.rule,
            "pack": self.set.rules().find(|rule| rule.id == finding.rule).map(|rule| rule.pack),
            "score": finding.score,
            "reason": finding.reason,
            "spans": finding.spans.iter().map(span).collect::<Vec<_>>(),
        })
    }
}

fn taken_away(tally: Tally) -> Vec<(u32, &'static str)> {
    let mut taken = vec![
        (tally.invisible, "characters that nobody sees, removed"),
        (tally.bidi, "characters that turn the direction of writing, removed"),
        (tally.tags, "hidden tag characters, read as the letters they hide"),
        (tally.marks, "combining marks, removed"),
        (tally.mixed_words, "words that mix letters of two scripts, read in one"),
    ];
    taken.retain(|(count, _)| *count > 0);
    taken
}
