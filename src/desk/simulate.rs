//! Trying a message: what the appliance would say of it and do about it, without doing it.
//!
//! Promises: judged by the very functions and the rulebook that judge arriving messages; the same decision, the same
//! question to a model and the same bound on its cost.
//!
//! Never: a side effect. Nothing is stored, sent, counted or asked.

use super::Office;
use crate::access::{Caller, Role};
use crate::budget::Micros;
use crate::decide::{ChatRules, Disposition, Plan, Standing, plan};
use crate::dispatch::task::lock;
use crate::limits;
use crate::links::{self, Links};
use crate::message::{ChatId, Media, Message, MessageId, Provenance, Sender, Surface, SurfaceKind, UserId};
use crate::model::{Question, most_cost, request_body};
use crate::policy::{self, PolicySet, Scratch, Terms};
use crate::review::endpoint;
use crate::shard::Rulebook;
use crate::signals::{Signal, Signals};
use crate::store::ReviewRow;
use crate::verdict::{Finding, Mode, Outcome, ReviewFallback, Span, Thresholds, Verdict};
use crate::web::desk::{Refused, Told};
use crate::web::views::{FindingView, Piece, Trial, Tried};

/// A year, seconds: how long somebody trusted has been here.
const TRUSTED_AGE_S: u64 = 365 * 24 * 60 * 60;

/// Messages of somebody trusted.
const TRUSTED_MESSAGES: u64 = 1_000;

/// Kinds of sender that may be tried.
const SENDERS: [&str; 7] = ["member", "new", "trusted", "bot", "channel", "anonymous_admin", "linked_channel"];

/// Kinds of media that may be tried.
const MEDIA: [&str; 9] = ["none", "photo", "video", "audio", "document", "sticker", "poll", "contact", "other"];

impl Office {
    /// See [`crate::web::desk::Desk::simulate`].
    ///
    /// # Errors
    /// As there.
    pub fn simulate(&self, caller: &Caller, trial: &Trial) -> Told<Tried> {
        caller.is_at_least(Role::Admin)?;
        let group = ChatId(trial.group);
        let found = (trial.group == 0 || self.known_groups().contains(&group)).then_some(group);
        let group = self.gate_found(caller, Role::Admin, found, |group| *group)?;
        let now = self.in_force.now();
        let (message, rules) = message(trial, group, *now.rules(group))?;
        let mut terms = now.terms(group);
        if trial.review.is_some() || trial.block.is_some() {
            terms = Terms { thresholds: rules.thresholds, ..terms };
        }
        let mut scratch = Scratch::default();
        let verdict = policy::judge_on(&terms, &message, &mut scratch);
        let standing = lock(&self.book).standing(group, message.sender);
        let planned = plan(message.sender, &verdict, &rules, standing);
        let asking = self.asking(&now, &message, &verdict, standing);
        let views = scratch.views();
        let signals = Signals::of(&message, views.canonical().tally());
        let counted = Signal::ALL.iter().map(|signal| (signal.word().to_owned(), u64::from(signals.get(*signal))));
        let mut counted: Vec<(String, u64)> = counted.filter(|(_, count)| *count > 0).collect();
        counted.push((format!("script {}", signals.script().word()), 1));
        Ok(Tried {
            outcome: verdict.outcome.word().to_owned(),
            score: verdict.score,
            review: terms.thresholds.review,
            block: terms.thresholds.block,
            reason: verdict.reason.clone(),
            pieces: pieces(message.surfaces.first(), &verdict.findings),
            views: vec![
                ("folded".to_owned(), views.canonical().text().to_owned()),
                ("skeleton".to_owned(), views.skeleton().text().to_owned()),
            ],
            counted,
            findings: verdict.findings.iter().map(|finding| shown(finding, &message, terms.set)).collect(),
            actions: planned.actions.iter().map(|action| action.words()).collect(),
            outcome_words: outcome_words(&verdict, &planned, &rules),
            would_ask: asking.would,
            would_ask_words: asking.words,
            cost_most: asking.most.map(|most| most.to_string()),
            currency: now.ai.currency.clone(),
        })
    }

    /// Whether a model would be asked about a message, why or why not, and the most that could cost.
    fn asking(&self, now: &Rulebook, message: &Message, verdict: &Verdict, standing: Standing) -> Asking {
        let no = |words: String| Asking { words, ..Asking::default() };
        match verdict.outcome {
            Outcome::Allow => return no("no model is asked: the rules are sure that it may stay".to_owned()),
            Outcome::Block => return no("no model is asked: the rules are sure".to_owned()),
            Outcome::Review => {}
        }
        if !now.ai.is_on() {
            return no("no model is set up; the fallback decides what the rules are unsure of".to_owned());
        }
        if standing != Standing::Ordinary || message.sender.is_exempt() {
            return no("no model is asked: nothing would be done about this sender in this group anyway".to_owned());
        }
        let tenant = now.tenant(message.chat);
        let mut found = Links::default();
        links::find(message, now.policy.link_lists(), &mut found);
        let links: Vec<String> =
            found.iter().take(limits::MODEL_LINKS_MAX).map(|link| link.canonical.clone()).collect();
        let findings: Vec<(String, String)> =
            verdict.findings.iter().map(|finding| (finding.rule.clone(), finding.reason.clone())).collect();
        let endpoint = endpoint(&now.ai);
        let body = request_body(
            &endpoint,
            &Question {
                rules: &tenant.community_rules,
                chat: message.chat_kind,
                sender: message.sender,
                member_age_s: message.member_age_s,
                message_count: message.message_count,
                surfaces: &ReviewRow::texts(message),
                links: &links,
                findings: &findings,
            },
        );
        let most = most_cost(&endpoint, body.len());
        let (why, refused) = {
            let lane = self.lane.lock();
            let caps = lane.ledger.caps(&tenant.name, tenant.caps);
            (lane.degraded(&tenant.name), lane.ledger.would_refuse(&tenant.name, most, &caps))
        };
        let words = match (why, refused) {
            (Some(why), _) => format!("no model is asked now: {}, so {}", why.words(), tenant.degrade.effect()),
            (None, Some(refused)) => format!("no model is asked now: {}; the fallback decides", refused.words()),
            (None, None) => "the rules are unsure, and the budget allows it".to_owned(),
        };
        Asking { would: why.is_none() && refused.is_none(), words, most: Some(most) }
    }
}

/// Whether a model would be asked.
#[derive(Default)]
struct Asking {
    would: bool,
    words: String,
    most: Option<Micros>,
}

/// The message that is tried, and the rules for it.
fn message(trial: &Trial, group: ChatId, rules: ChatRules) -> Told<(Message, ChatRules)> {
    let mut wrong: Vec<(String, String)> = Vec::new();
    let mut add = |field: &str, what: String| wrong.push((field.to_owned(), what));
    if trial.text.len() > limits::MESSAGE_TEXT_BYTES_MAX {
        let (bytes, most) = (trial.text.len(), limits::MESSAGE_TEXT_BYTES_MAX);
        add("text", format!("the text has {bytes} bytes; a message has at most {most}"));
    }
    let nobody = UserId(0);
    let (sender, age_s, count) = match trial.sender.as_str() {
        "" | "member" => (Sender::Member(nobody), None, None),
        "new" => (Sender::Member(nobody), Some(0), Some(0)),
        "trusted" => (Sender::Member(nobody), Some(TRUSTED_AGE_S), Some(TRUSTED_MESSAGES)),
        "bot" => (Sender::Bot(nobody), None, None),
        "channel" => (Sender::Channel(ChatId(0)), None, None),
        "anonymous_admin" => (Sender::AnonymousAdmin, None, None),
        "linked_channel" => (Sender::LinkedChannel, None, None),
        other => {
            let shown = other.escape_debug();
            add("sender", format!("no kind of sender is called \"{shown}\"; there are: {}", SENDERS.join(", ")));
            (Sender::Nobody, None, None)
        }
    };
    let media = if trial.media.is_empty() { Some(Media::None) } else { Media::from_word(&trial.media) };
    if media.is_none() {
        let shown = trial.media.escape_debug();
        add("media", format!("no kind of media is called \"{shown}\"; there are: {}", MEDIA.join(", ")));
    }
    let thresholds = Thresholds {
        review: trial.review.unwrap_or(rules.thresholds.review),
        block: trial.block.unwrap_or(rules.thresholds.block),
    };
    if thresholds.review > thresholds.block {
        let field = if trial.review.is_some() { "review" } else { "block" };
        let Thresholds { review, block } = thresholds;
        add(field, format!("the review score is not above the block score, and {review} is above {block}"));
    }
    if !wrong.is_empty() {
        return Err(Refused::Wrong(wrong));
    }
    let mut message = Message::empty(group, MessageId(0), sender);
    (message.member_age_s, message.message_count) = (age_s, count);
    message.media = media.unwrap_or_default();
    message.provenance = if trial.forwarded { Provenance::Forwarded } else { Provenance::Own };
    let kind = if message.media == Media::None { SurfaceKind::Text } else { SurfaceKind::Caption };
    message.push(kind, &trial.text);
    Ok((message, ChatRules { thresholds, ..rules }))
}

/// The piece of a surface that a span means, with where it begins and ends.
fn place(span: Span) -> Option<(usize, usize)> {
    Some((usize::try_from(span.from).ok()?, usize::try_from(span.to).ok()?))
}

/// The first text in pieces: those that a rule saw name it.
fn pieces(surface: Option<&Surface>, findings: &[Finding]) -> Vec<Piece> {
    let Some(surface) = surface else { return Vec::new() };
    let spans: Vec<(usize, usize, &str)> = findings
        .iter()
        .flat_map(|finding| finding.spans.iter().map(move |span| (finding, *span)))
        .filter(|(_, span)| span.surface == 0)
        .filter_map(|(finding, span)| place(span).map(|(from, to)| (from, to, finding.rule.as_str())))
        .collect();
    let mut edges: Vec<usize> = spans.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
    edges.extend([0, surface.text.len()]);
    edges.sort_unstable();
    edges.dedup();
    let mut pieces = Vec::new();
    for (from, to) in edges.iter().zip(edges.iter().skip(1)) {
        let Some(text) = surface.text.get(*from..*to) else { continue };
        let saw = spans.iter().filter(|(first, last, _)| first <= from && to <= last);
        let mut rules: Vec<String> = saw.map(|(_, _, rule)| (*rule).to_owned()).collect();
        rules.dedup();
        pieces.push(Piece { text: text.to_owned(), rules });
    }
    pieces
}

/// A finding, with its pack and the words it saw.
fn shown(finding: &Finding, message: &Message, set: &PolicySet) -> FindingView {
    let seen = |span: &Span| {
        let (from, to) = place(*span)?;
        Some(message.surfaces.get(usize::from(span.surface))?.text.get(from..to)?.to_owned())
    };
    FindingView {
        rule: finding.rule.clone(),
        pack: set.rules().find(|rule| rule.id == finding.rule).map(|rule| rule.pack.to_owned()),
        score: finding.score,
        reason: finding.reason.clone(),
        saw: Some(finding.spans.iter().filter_map(seen).collect()),
    }
}

/// What would come of a verdict.
fn outcome_words(verdict: &Verdict, planned: &Plan, rules: &ChatRules) -> String {
    let words = match (planned.disposition, verdict.outcome) {
        (Disposition::Exempt, _) => "nothing is done: this sender is never acted on",
        (Disposition::WatchOnly, _) => "recorded only, since the bot lacks rights in this group",
        (Disposition::Quarantined, _) => "a person must look",
        (Disposition::Promised, _) => {
            let actions: Vec<String> = planned.actions.iter().map(|action| action.words()).collect();
            return format!("acted on: {}", actions.join(", "));
        }
        (Disposition::Recorded, Outcome::Allow) => "nothing is done: it may stay",
        (Disposition::Recorded, _) if rules.mode == Mode::Record => "recorded only, since the mode here is record",
        (Disposition::Recorded, Outcome::Review) if rules.fallback == ReviewFallback::Record => {
            "recorded only: the rules are unsure, and unsure messages are shown and stay"
        }
        (Disposition::Recorded, _) => "recorded only: the rules ask for nothing that can be done about this sender",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests;
