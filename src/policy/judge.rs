//! A message, the packs, a verdict.

use super::{Conditions, Edges, Keywords, PolicySet, Rule, SenderKind};
use crate::limits;
use crate::message::{Message, Provenance, Sender, SurfaceKind, Truncation};
use crate::text::{Canonical, fold, is_unspaced};
use crate::verdict::{Finding, Outcome, PlannedAction, Span, Thresholds, Verdict};

/// Buffers that are used again for the next message.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    view: Canonical,
    hits: Vec<Hit>,
}

impl Scratch {
    /// The folded view of the message judged last.
    #[must_use]
    pub fn canonical(&self) -> &str {
        self.view.as_str()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hit {
    rule: u32,
    /// `None`: the rule is about no place.
    span: Option<Span>,
}

/// Judges one message.
#[must_use]
pub fn judge(policy: &PolicySet, thresholds: Thresholds, message: &Message, scratch: &mut Scratch) -> Verdict {
    fold(message, &mut scratch.view);
    scratch.hits.clear();
    let links = count_links(message, scratch.view.as_str());
    find_keywords(policy, message, links, scratch);
    for rule in &policy.unkeyed {
        let holds = rule_at(policy, *rule).is_some_and(|rule| holds(&rule.conditions, message, links, None));
        if holds {
            scratch.hits.push(Hit { rule: *rule, span: None });
        }
    }
    let truncated = scratch.view.truncated == Truncation::Cut;
    if scratch.hits.is_empty() && !truncated {
        return Verdict { policy: policy.version, ..Verdict::default() };
    }
    verdict(policy, thresholds, &mut scratch.hits, truncated)
}

fn rule_at(policy: &PolicySet, rule: u32) -> Option<&Rule> {
    policy.rules.get(usize::try_from(rule).ok()?)
}

fn find_keywords(policy: &PolicySet, message: &Message, links: u64, scratch: &mut Scratch) {
    let Some(automaton) = &policy.automaton else { return };
    let text = scratch.view.as_str();
    for found in automaton.find_overlapping_iter(text).take(limits::MATCHES_MAX) {
        for used in policy.uses(found.pattern().as_usize()) {
            if !edges_hold(text, found.start(), found.end(), used.edges) {
                continue;
            }
            let Some(rule) = rule_at(policy, used.rule) else { continue };
            let Some(span) = scratch.view.span(found.start(), found.end()) else { continue };
            let surface = message.surfaces.get(usize::from(span.surface)).map(|surface| surface.kind);
            let of_rule = scratch.hits.iter().filter(|hit| hit.rule == used.rule).count();
            if of_rule < limits::SPANS_MAX
                && scratch.hits.len() < limits::HITS_MAX
                && holds(&rule.conditions, message, links, surface)
            {
                scratch.hits.push(Hit { rule: used.rule, span: Some(span) });
            }
        }
    }
}

/// Whether what stands beside a match lets it count.
fn edges_hold(text: &str, from: usize, to: usize, edges: Edges) -> bool {
    let (before, rest) = text.split_at_checked(from).unwrap_or_default();
    let (found, after) = rest.split_at_checked(to.saturating_sub(from)).unwrap_or_default();
    let starts = || is_boundary(before.chars().next_back(), found.chars().next());
    let ends = || is_boundary(after.chars().next(), found.chars().next_back());
    match edges {
        Edges::Open => true,
        Edges::Word => starts() && ends(),
        Edges::OpenEnd => starts(),
        Edges::OpenStart => ends(),
        Edges::Exact => {
            let alone = |beside: &str, near: Option<char>| beside.is_empty() || near == Some('\n');
            alone(before, before.chars().next_back())
                && alone(after.trim_start_matches(' '), after.trim_start_matches(' ').chars().next())
        }
    }
}

/// Whether a word may end between `inside` and `outside`.
fn is_boundary(outside: Option<char>, inside: Option<char>) -> bool {
    let (Some(outside), Some(inside)) = (outside, inside) else { return true };
    !outside.is_alphanumeric() || !inside.is_alphanumeric() || is_unspaced(outside) || is_unspaced(inside)
}

fn count_links(message: &Message, view: &str) -> u64 {
    let hidden = message
        .surfaces
        .iter()
        .filter(|surface| matches!(surface.kind, SurfaceKind::TextLink | SurfaceKind::ButtonUrl))
        .count();
    let shown = view.matches("://").count().saturating_add(view.matches("t.me/").count());
    u64::try_from(hidden.max(shown)).unwrap_or(u64::MAX)
}

fn holds(conditions: &Conditions, message: &Message, links: u64, surface: Option<SurfaceKind>) -> bool {
    let sender_is = |kind: &SenderKind| match kind {
        SenderKind::Member => matches!(message.sender, Sender::Member(_)),
        SenderKind::Bot => matches!(message.sender, Sender::Bot(_)),
        SenderKind::Channel => matches!(message.sender, Sender::Channel(_)),
        SenderKind::Forwarded => message.provenance == Provenance::Forwarded,
    };
    let below =
        |bound: Option<u64>, value: Option<u64>| bound.is_none_or(|bound| value.is_some_and(|value| value < bound));
    (conditions.surfaces.is_empty() || surface.is_some_and(|surface| conditions.surfaces.contains(&surface)))
        && (conditions.senders.is_empty() || conditions.senders.iter().any(sender_is))
        && (conditions.media.is_empty() || conditions.media.contains(&message.media))
        && below(conditions.member_age_below_s, message.member_age_s)
        && below(conditions.message_count_below, message.message_count)
        && conditions.min_links.is_none_or(|least| links >= least)
        && (conditions.needs_keyword == Keywords::None || surface.is_some())
}

fn verdict(policy: &PolicySet, thresholds: Thresholds, hits: &mut [Hit], truncated: bool) -> Verdict {
    // Stable, so that the spans of a rule keep the order in which they were found.
    hits.sort_by_key(|hit| (std::cmp::Reverse(rule_at(policy, hit.rule).map_or(0, |rule| rule.score)), hit.rule));
    let mut score = 0_u16;
    let mut actions: Vec<PlannedAction> = Vec::new();
    let mut findings = Vec::new();
    for of_rule in hits.chunk_by(|a, b| a.rule == b.rule) {
        let Some(rule) = of_rule.first().and_then(|hit| rule_at(policy, hit.rule)) else { continue };
        score = score.saturating_add(rule.score).min(limits::SCORE_MAX);
        for action in &rule.actions {
            match actions.iter_mut().find(|known| known.kind == action.kind) {
                Some(known) => known.seconds = longer(known.seconds, action.seconds),
                None => actions.push(*action),
            }
        }
        if findings.len() < limits::FINDINGS_MAX {
            let spans = of_rule.iter().filter_map(|hit| hit.span).collect();
            findings.push(Finding { rule: rule.id.clone(), score: rule.score, reason: rule.reason.clone(), spans });
        }
    }
    if truncated && findings.len() < limits::FINDINGS_MAX {
        let reason = "longer than is read".to_owned();
        findings.push(Finding { rule: "aegis-truncated".to_owned(), score: 0, reason, spans: Vec::new() });
    }
    let outcome = thresholds.outcome(score);
    let reason = findings.first().filter(|finding| finding.score > 0).map(|finding| finding.reason.clone());
    actions.sort();
    if outcome == Outcome::Allow {
        actions.clear();
    }
    Verdict { outcome, score, reason: reason.unwrap_or_default(), findings, actions, policy: policy.version }
}

/// The longer of two times, of which 0 is for ever.
const fn longer(a: u32, b: u32) -> u32 {
    if a == 0 || b == 0 {
        0
    } else if a > b {
        a
    } else {
        b
    }
}
