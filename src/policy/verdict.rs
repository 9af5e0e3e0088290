//! Asking the rules about a message.
//!
//! Promises: total and linear: one pass of the automaton over each view, at most `limits::MATCHES_MAX` matches looked
//! at; a rule's score counts once; findings are heaviest first and point into the original; no allocation for a message
//! about which no rule speaks.
//!
//! Never: an effect.

use super::ceiling::{Paused, Stage};
use super::condition::{self, Facts, LinkWish};
use super::matching::{Hit, Hits, Role};
use super::regexes::Caches;
use super::set::{PacksOff, PolicySet, surface_bit};
use crate::learn::{Features, Learned, Opinion};
use crate::limits;
use crate::links::{self, Links};
use crate::message::{Message, Truncation};
use crate::signals::{Script, Signal, Signals};
use crate::text::{self, Canonical};
use crate::verdict::{ActionKind, Finding, PlannedAction, Span, Thresholds, Verdict};

/// The id of the finding that says that not all of a message was judged.
pub const TRUNCATED_RULE: &str = "aegis-truncated";

/// What the reason of a finding begins with that changes nothing.
const RECORDED: &str = "(recorded only) ";

/// The id of the finding that holds what the learner says.
pub const LEARNED_RULE: &str = "aegis-learned";

/// Buffers of the judge, used again for every message. One a thread.
#[derive(Debug, Default)]
pub struct Scratch {
    text: text::Scratch,
    /// By rule: what is known of it in this message.
    standing: Vec<Standing>,
    /// The rules asked about in this message.
    asked: Vec<u16>,
    hits: Hits,
    spots: Vec<(u16, Span)>,
    links: Links,
    features: Features,
    caches: Caches,
}

/// What is known of one rule in the message at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    NotAsked,
    ConditionsFail,
    /// It spoke, with so many places.
    Speaks(u8),
}

impl Scratch {
    /// The folded text of the message judged last.
    #[must_use]
    pub fn canonical(&self) -> &str {
        self.text.canonical().text()
    }

    /// The folded views of the message judged last.
    #[must_use]
    pub const fn views(&self) -> &text::Scratch {
        &self.text
    }

    /// Heap bytes held by the buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.bytes()
            + self.standing.capacity() * size_of::<Standing>()
            + self.asked.capacity() * size_of::<u16>()
            + self.hits.bytes()
            + self.spots.capacity() * size_of::<(u16, Span)>()
            + self.links.bytes()
            + self.features.bytes()
            + self.caches.bytes()
    }
}

/// All that a message is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'t> {
    /// The rules.
    pub set: &'t PolicySet,
    /// Rules that only record at the moment.
    pub paused: &'t Paused,
    /// What was learned.
    pub learned: &'t Learned,
    /// The packs that do not judge here.
    pub off: PacksOff,
    /// The scores that decide.
    pub thresholds: Thresholds,
}

/// Judges a message by rules alone.
#[must_use]
pub fn judge(set: &PolicySet, thresholds: Thresholds, message: &Message, scratch: &mut Scratch) -> Verdict {
    let (paused, learned) = (&Paused::default(), &Learned::default());
    judge_on(&Terms { set, paused, learned, off: PacksOff::default(), thresholds }, message, scratch)
}

/// Judges a message.
#[must_use]
pub fn judge_on(terms: &Terms<'_>, message: &Message, scratch: &mut Scratch) -> Verdict {
    let Terms { set, paused, learned, off, thresholds } = *terms;
    let Scratch { text, standing, asked, hits, spots, links, features, caches } = scratch;
    text::fold(message, text);
    for rule in asked.drain(..) {
        if let Some(slot) = standing.get_mut(usize::from(rule)) {
            *slot = Standing::NotAsked;
        }
    }
    standing.resize(set.rules.len(), Standing::NotAsked);
    spots.clear();
    let text: &text::Scratch = text;
    let folded = text.canonical();
    let (signals, links_found, is_cut) = (None, false, false);
    let opinion = None;
    let mut bench = Bench {
        set,
        paused,
        off,
        message,
        folded,
        standing,
        asked,
        hits,
        spots,
        links,
        links_found,
        signals,
        learned,
        features,
        caches,
        opinion,
        is_cut,
    };
    bench.scan(text);
    bench.opinion();
    for rule in &set.conditional {
        bench.ask(*rule);
    }
    for rule in &set.late {
        bench.ask_late(*rule);
    }
    let truncated = bench.is_cut || folded.truncated() == Truncation::Cut;
    bench.answer(thresholds, if truncated { Truncation::Cut } else { Truncation::Whole })
}

/// One message being judged.
struct Bench<'b> {
    set: &'b PolicySet,
    paused: &'b Paused,
    off: PacksOff,
    message: &'b Message,
    folded: &'b Canonical,
    standing: &'b mut Vec<Standing>,
    asked: &'b mut Vec<u16>,
    hits: &'b mut Hits,
    spots: &'b mut Vec<(u16, Span)>,
    links: &'b mut Links,
    links_found: bool,
    signals: Option<Signals>,
    learned: &'b Learned,
    features: &'b mut Features,
    caches: &'b mut Caches,
    opinion: Option<Opinion<'b>>,
    is_cut: bool,
}

impl<'b> Bench<'b> {
    fn signals(&mut self) -> &Signals {
        self.signals.get_or_insert_with(|| Signals::of(self.message, self.folded.tally()))
    }

    /// What the learner says, asked once.
    fn opinion(&mut self) -> Opinion<'b> {
        if let Some(opinion) = self.opinion {
            return opinion;
        }
        let mut opinion = Opinion::default();
        if !self.learned.is_empty() {
            let signals = *self.signals();
            self.features.set(self.message, self.folded.text(), &signals);
            opinion = self.learned.opinion(self.message.chat, self.features);
        }
        self.opinion = Some(opinion);
        opinion
    }

    /// The links of the message, found when first asked for.
    fn found(&mut self) -> &Links {
        if !self.links_found {
            let lists = self.set.link_lists();
            links::find(self.message, lists, self.links);
            self.links_found = true;
        }
        self.links
    }

    fn scan(&mut self, text: &text::Scratch) {
        let set = self.set;
        let folded = text.canonical();
        let mut hits = std::mem::take(self.hits);
        self.is_cut |= !set.matcher.scan(folded, text.skeleton(), &mut hits);
        set.regexes.scan(set.version, folded.text(), self.caches, &mut hits);
        let excepts = hits.all().iter().any(|hit| hit.role == Role::Exception);
        for hit in hits.all().iter().filter(|hit| hit.role == Role::Keyword) {
            let covers = |other: &Hit| {
                other.rule == hit.rule && other.role == Role::Exception && other.from <= hit.from && hit.to <= other.to
            };
            if self.is_done(hit.rule) || (excepts && hits.all().iter().any(covers)) {
                continue;
            }
            let allowed = set.rules.get(usize::from(hit.rule)).map_or(0, |rule| rule.conditions.surfaces);
            let here = folded.surface_kind(hit.from).map_or(0, surface_bit);
            if (allowed == 0 || allowed & here != 0) && self.ask(hit.rule) {
                self.point(hit.rule, folded.span(hit.from, hit.to));
            }
        }
        *self.hits = hits;
    }

    /// Whether nothing more about a rule is of interest.
    fn is_done(&self, rule: u16) -> bool {
        match self.standing.get(usize::from(rule)) {
            Some(Standing::NotAsked) => false,
            Some(Standing::Speaks(places)) => usize::from(*places) >= limits::SPANS_MAX,
            Some(Standing::ConditionsFail) | None => true,
        }
    }

    /// Whether a rule's conditions hold; asked once a message.
    fn ask(&mut self, rule: u16) -> bool {
        let index = usize::from(rule);
        match self.standing.get(index) {
            Some(Standing::Speaks(_)) => return true,
            Some(Standing::ConditionsFail) | None => return false,
            Some(Standing::NotAsked) => {}
        }
        let Some(asked) = self.set.rules.get(index) else { return false };
        let holds = !self.off.has(asked.pack) && (asked.is_late || self.holds(index));
        if let Some(slot) = self.standing.get_mut(index) {
            *slot = if holds { Standing::Speaks(0) } else { Standing::ConditionsFail };
        }
        self.asked.push(rule);
        holds
    }

    /// Asks a rule that waits for others, after all others. Its keywords have been looked for already.
    fn ask_late(&mut self, rule: u16) {
        let index = usize::from(rule);
        let has_keywords = self.set.rules.get(index).is_some_and(|rule| rule.is_asked);
        let stands = if has_keywords { self.spoke(rule) } else { self.ask(rule) };
        if stands
            && !self.holds(index)
            && let Some(slot) = self.standing.get_mut(index)
        {
            *slot = Standing::ConditionsFail;
        }
    }

    fn holds(&mut self, index: usize) -> bool {
        let (set, message) = (self.set, self.message);
        let Some(rule) = set.rules.get(index) else { return false };
        condition::holds(&rule.conditions, message, self)
            && !rule.exempt.as_ref().is_some_and(|exempt| exempt.covers(message, self))
    }

    fn point(&mut self, rule: u16, span: Option<Span>) {
        let Some(span) = span else { return };
        // Only neighbours can be equal: one phrase that a rule names twice, with other edges.
        if self.spots.iter().rev().take(limits::SPANS_MAX).any(|spot| *spot == (rule, span)) {
            return;
        }
        if let Some(Standing::Speaks(places)) = self.standing.get_mut(usize::from(rule))
            && usize::from(*places) < limits::SPANS_MAX
        {
            *places += 1;
            self.spots.push((rule, span));
        }
    }

    fn answer(self, thresholds: Thresholds, truncated: Truncation) -> Verdict {
        let mut verdict = Verdict { policy: self.set.version, ..Verdict::default() };
        let Self { set, paused, standing, asked, spots, opinion, .. } = self;
        let rule_of = |rule: &u16| set.rules.get(usize::from(*rule));
        let only_records =
            |rule: &u16| paused.has(*rule) || rule_of(rule).is_some_and(|spoken| spoken.stage == Stage::Record);
        asked.sort_unstable_by_key(|rule| {
            let recorded = only_records(rule);
            rule_of(rule).map(|spoken| (recorded, std::cmp::Reverse(spoken.score), spoken.id.as_str()))
        });
        for rule in asked.iter() {
            let (Some(spoken), Some(Standing::Speaks(_))) = (rule_of(rule), standing.get(usize::from(*rule))) else {
                continue;
            };
            let recorded = only_records(rule);
            let score = if recorded { 0 } else { spoken.score };
            verdict.score = verdict.score.saturating_add(score).min(limits::SCORE_MAX);
            for action in spoken.actions.iter().filter(|_| !recorded) {
                add_action(&mut verdict.actions, *action);
            }
            if verdict.findings.len() < limits::FINDINGS_MAX {
                verdict.findings.push(Finding {
                    rule: spoken.id.clone(),
                    score,
                    reason: if recorded { format!("{RECORDED}{}", spoken.reason) } else { spoken.reason.clone() },
                    spans: spots.iter().filter(|(of, _)| of == rule).map(|(_, span)| *span).collect(),
                });
            }
        }
        if let Some(Opinion { points, layer: Some(layer) }) = opinion {
            learned(points, &layer.name, &mut verdict);
        }
        if truncated == Truncation::Cut {
            verdict.findings.truncate(limits::FINDINGS_MAX - 1);
            verdict.findings.push(Finding {
                rule: TRUNCATED_RULE.to_owned(),
                score: 0,
                reason: "the message is too long or too dense to be judged whole".to_owned(),
                spans: Vec::new(),
            });
        }
        verdict.reason = verdict.findings.first().map_or_else(String::new, |finding| finding.reason.clone());
        verdict.actions.sort_by_key(|action| ActionKind::ALL.iter().position(|kind| *kind == action.kind));
        verdict.outcome = thresholds.outcome(verdict.score);
        verdict
    }
}

impl Facts for Bench<'_> {
    fn signal(&mut self, signal: Signal) -> u32 {
        self.signals().get(signal)
    }

    fn script(&mut self) -> Script {
        self.signals().script()
    }

    fn links(&mut self) -> usize {
        self.found().len()
    }

    fn links_that(&mut self, wish: &LinkWish) -> usize {
        let set = self.set;
        self.found().iter().filter(|link| wish.fits(link, |name, host| set.lists(name, host))).count()
    }

    fn learned_percent(&mut self) -> u32 {
        u32::from(self.opinion().points)
    }

    fn spoke(&self, rule: u16) -> bool {
        matches!(self.standing.get(usize::from(rule)), Some(Standing::Speaks(_)))
    }
}

/// Adds what the learner says, in its place among the findings.
fn learned(points: u16, layer: &str, verdict: &mut Verdict) {
    verdict.score = verdict.score.saturating_add(points).min(limits::SCORE_MAX);
    add_action(&mut verdict.actions, PlannedAction { kind: ActionKind::Delete, seconds: 0 });
    let finding = Finding {
        rule: LEARNED_RULE.to_owned(),
        score: points,
        reason: format!("reads like messages that were taught as unwanted ({layer})"),
        spans: Vec::new(),
    };
    verdict.findings.truncate(limits::FINDINGS_MAX - 1);
    let at = verdict.findings.partition_point(|known| known.score >= points);
    verdict.findings.insert(at, finding);
}

/// Adds an action; of two of a kind the longer stays, and 0 is for ever.
fn add_action(actions: &mut Vec<PlannedAction>, action: PlannedAction) {
    match actions.iter_mut().find(|known| known.kind == action.kind) {
        Some(known) if known.seconds == 0 || action.seconds == 0 => known.seconds = 0,
        Some(known) => known.seconds = known.seconds.max(action.seconds),
        None => actions.push(action),
    }
}
