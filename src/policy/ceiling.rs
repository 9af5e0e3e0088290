//! How far a rule may go: its stage, its exemptions, and the number of hits after which it only records.
//!
//! Promises: a rule that hits too often is told once, as tripped; what is counted is bounded by the rules, a few words
//! each. A window is counted in sixteenths, so hits are forgotten at most a sixteenth of the window too late.
//!
//! Never: a clock. The caller brings the time.

use super::condition::{Facts, LinkWish, read_domains};
use super::pack::unknown;
use super::set::PolicySet;
use crate::document::{Mistakes, Section};
use crate::limits;
use crate::message::{Message, Sender};
use crate::verdict::Verdict;

/// What a rule's word is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Its findings are listed and change nothing.
    Record,
    /// Its score counts and its actions are asked for.
    #[default]
    Enforce,
}

/// Reads `stage` of a rule or of a pack.
pub(super) fn read_stage(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Option<Stage> {
    let word = section.text("stage", mistakes)?;
    match word.value.as_str() {
        "record" => Some(Stage::Record),
        "enforce" => Some(Stage::Enforce),
        other => {
            mistakes.add(section.file(), word.line, unknown("stage", other, &["record", "enforce"]));
            None
        }
    }
}

/// Hits within a window after which a rule only records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// The hit that trips it.
    pub hits: u32,
    /// The window, seconds.
    pub window_s: u32,
}

/// Whom a rule leaves alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exempt {
    pub chats: Vec<i64>,
    pub senders: Vec<i64>,
    /// A message is exempt whose links all lead there.
    pub links: Option<LinkWish>,
}

impl Exempt {
    pub(super) fn read(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Option<Box<Self>> {
        let mut table = section.section("exempt", mistakes)?;
        let (file, line) = (table.file(), table.line());
        let before = mistakes.list().len();
        let chats = table.integers("chat", mistakes).unwrap_or_default();
        let senders = table.integers("sender", mistakes).unwrap_or_default();
        let domains = read_domains(&mut table, mistakes);
        table.finish(mistakes);
        let count = chats.len() + senders.len() + domains.len();
        if count == 0 && mistakes.list().len() == before {
            mistakes.add(file, line, "`exempt` names nobody; give it `chat`, `sender` or `domain`, or remove it");
        }
        if count > limits::EXEMPT_MAX {
            let what = format!("{count} exemptions; the most is {}: make two rules", limits::EXEMPT_MAX);
            mistakes.add(file, line, what);
        }
        for chat in chats.iter().filter(|chat| chat.value >= 0) {
            let what = format!("{} is no chat; the numbers of groups and channels begin with -", chat.value);
            mistakes.add(file, chat.line, what);
        }
        let values = |list: Vec<crate::document::Lined<i64>>| list.into_iter().map(|one| one.value).collect();
        let links = (!domains.is_empty()).then(|| LinkWish { domains, ..LinkWish::default() });
        Some(Box::new(Self { chats: values(chats), senders: values(senders), links }))
    }

    /// Whether a message is left alone.
    pub(super) fn covers(&self, message: &Message, facts: &mut dyn Facts) -> bool {
        let sender = match message.sender {
            Sender::Member(user) | Sender::Bot(user) => Some(user.0),
            Sender::Channel(chat) => Some(chat.0),
            Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody => None,
        };
        self.chats.contains(&message.chat.0)
            || sender.is_some_and(|sender| self.senders.contains(&sender))
            || self.links.as_ref().is_some_and(|wish| {
                let links = facts.links();
                links > 0 && facts.links_that(wish) == links
            })
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + (self.chats.capacity() + self.senders.capacity()) * size_of::<i64>()
            + self.links.as_ref().map_or(0, |wish| {
                wish.domains.iter().map(|domain| size_of::<String>() + domain.capacity()).sum::<usize>()
            })
    }
}

/// Rules that only record until the policy is loaded again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paused(Vec<bool>);

impl Paused {
    /// Whether a rule only records.
    pub(super) fn has(&self, rule: u16) -> bool {
        self.0.get(usize::from(rule)).copied().unwrap_or(false)
    }

    fn add(&mut self, rule: usize) {
        if self.0.len() <= rule {
            self.0.resize(rule + 1, false);
        }
        if let Some(slot) = self.0.get_mut(rule) {
            *slot = true;
        }
    }
}

/// A rule that hit too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tripped {
    /// Its id.
    pub rule: String,
    /// Its hits within the window.
    pub hits: u32,
    /// The window, seconds.
    pub window_s: u32,
}

const SLICES: u64 = 16;

#[derive(Debug)]
struct Row {
    rule: usize,
    /// The sixteenth of the window, counted since time 0, in which the last hit fell.
    slice: u64,
    counts: [u32; 16],
}

/// Counts the hits of rules with a ceiling.
#[derive(Debug, Default)]
pub struct Ceilings {
    version: u64,
    rows: Vec<Row>,
    paused: Paused,
    ids: Vec<String>,
}

impl Ceilings {
    /// Counts the rules that spoke in a verdict, at a time in milliseconds that does not go back. Returns the rules
    /// that tripped by it. Another set than before begins anew.
    pub fn note(&mut self, set: &PolicySet, verdict: &Verdict, now_ms: u64) -> Vec<Tripped> {
        if self.version != set.version {
            self.reset();
            self.version = set.version;
        }
        let mut tripped = Vec::new();
        // What only records has the score 0 and needs no ceiling.
        for finding in verdict.findings.iter().filter(|finding| finding.score > 0) {
            let Some((rule, ceiling)) = set.ceiling_of(&finding.rule) else { continue };
            if self.is_tripped(&finding.rule) {
                continue;
            }
            let hits = self.hit(rule, ceiling, now_ms);
            if hits >= ceiling.hits {
                self.paused.add(rule);
                self.ids.push(finding.rule.clone());
                tripped.push(Tripped { rule: finding.rule.clone(), hits, window_s: ceiling.window_s });
            }
        }
        tripped
    }

    fn hit(&mut self, rule: usize, ceiling: Ceiling, now_ms: u64) -> u32 {
        let slice_ms = (u64::from(ceiling.window_s).saturating_mul(1_000) / SLICES).max(1);
        let now = now_ms / slice_ms;
        let at = match self.rows.iter().position(|row| row.rule == rule) {
            Some(at) => at,
            None => {
                self.rows.push(Row { rule, slice: now, counts: [0; 16] });
                self.rows.len() - 1
            }
        };
        let Some(row) = self.rows.get_mut(at) else { return 0 };
        let now = now.max(row.slice);
        for passed in (row.slice + 1..=now).take(row.counts.len()) {
            if let Some(count) = usize::try_from(passed % SLICES).ok().and_then(|slot| row.counts.get_mut(slot)) {
                *count = 0;
            }
        }
        row.slice = now;
        if let Some(count) = usize::try_from(now % SLICES).ok().and_then(|slot| row.counts.get_mut(slot)) {
            *count = count.saturating_add(1);
        }
        row.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Whether a rule tripped.
    #[must_use]
    pub fn is_tripped(&self, rule: &str) -> bool {
        self.ids.iter().any(|id| id == rule)
    }

    /// The rules that tripped, for [`super::judge_on`].
    #[must_use]
    pub const fn paused(&self) -> &Paused {
        &self.paused
    }

    /// Forgets all hits; no rule is tripped.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}
