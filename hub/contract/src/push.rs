//! What a board tells: usage, decisions, its health and its own budgets; and what it gets back.
//!
//! Promises: rows are states, not changes: a row that comes twice is one row. A coarser row takes the place of all finer
//! ones inside it, whichever comes first: a day's row of its hours, a month's of its days and hours, and one of chat 0
//! (all chats together) of those of every chat. What is covered already is left out, so that nothing counts twice.
//!
//! Never: two rows of one place in one push; a sender's id.

use crate::document::{budget, bytes, count, label, line, number, pack, tenant};
use crate::{Chain, Document, PackMode, Refusal, Span, limits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What was counted in one chat in one span of time. All counts are absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// The tenant.
    pub tenant: String,
    /// The chat; 0: all chats of the tenant together.
    #[serde(default)]
    pub chat: i64,
    /// Where the span begins, Unix seconds, UTC, at the beginning of an hour, day or month.
    pub from: i64,
    /// How long it is.
    pub span: Span,
    /// Messages judged.
    #[serde(default)]
    pub messages: u64,
    /// Of them, blocked.
    #[serde(default)]
    pub blocked: u64,
    /// Of them, unsure.
    #[serde(default)]
    pub unsure: u64,
    /// Actions carried out.
    #[serde(default)]
    pub actions: u64,
    /// Calls to a model.
    #[serde(default)]
    pub calls: u64,
    /// Tokens sent to it.
    #[serde(default)]
    pub tokens_in: u64,
    /// Tokens that came back.
    #[serde(default)]
    pub tokens_out: u64,
    /// What it cost, in millionths of the currency. Never behind.
    #[serde(default)]
    pub money_micros: u64,
    /// Opinions that were remembered, so that no call was made.
    #[serde(default)]
    pub cache_hits: u64,
    /// Up to ten seconds of counts may be missing after a power cut; money never.
    #[serde(default)]
    pub at_least: bool,
}

impl UsageRow {
    /// Its counts, in the order of its fields.
    #[must_use]
    pub const fn counts(&self) -> [u64; 9] {
        [
            self.messages,
            self.blocked,
            self.unsure,
            self.actions,
            self.calls,
            self.tokens_in,
            self.tokens_out,
            self.money_micros,
            self.cache_hits,
        ]
    }

    /// Whether this row takes the place of the other: it is coarser in time or chat, finer in neither, and holds it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let wider = self.span >= other.span && self.from <= other.from && other.from < self.span.end(self.from);
        let same = (self.span, self.from, self.chat) == (other.span, other.from, other.chat);
        self.tenant == other.tenant && wider && (self.chat == 0 || self.chat == other.chat) && !same
    }

    /// Whether it is within its bounds.
    ///
    /// # Errors
    /// The first field that is not, below `place`.
    pub fn check(&self, place: &str) -> Result<(), Refusal> {
        tenant(&format!("{place}.tenant"), &self.tenant)?;
        if self.span.begin(self.from) != self.from {
            let what = format!("is {}, where no {} begins", self.from, self.span.word());
            return Err(Refusal::new(format!("{place}.from"), what, "send Unix seconds of its first second in UTC"));
        }
        if !(0..=FROM_MAX).contains(&self.from) {
            let what = format!("is {}, not in the years from 1970 to 9999", self.from);
            return Err(Refusal::new(format!("{place}.from"), what, "send Unix seconds"));
        }
        self.counts().into_iter().try_for_each(|value| number(place, value))
    }
}

/// The last second of the year 9999: what is later is no time a database's calendar should be asked about.
const FROM_MAX: i64 = 253_402_300_799;

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// Its number on the board; the same number is the same decision, newer.
    pub number: u64,
    /// The tenant.
    pub tenant: String,
    /// The chat.
    pub chat: i64,
    /// The message.
    pub message: i64,
    /// When, Unix seconds.
    pub at: i64,
    /// `block`, `unsure`, `allow`, and what newer boards say.
    pub verdict: String,
    /// The reason shown to people.
    #[serde(default)]
    pub reason: String,
    /// Names of the rules that spoke.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Actions, and an undone one as `undone`.
    #[serde(default)]
    pub actions: Vec<String>,
    /// The score, 0 to 1,000.
    #[serde(default)]
    pub score: u16,
    /// The start of the text, where the tenant's switch says so (`Wishes::text`); else the hub leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl DecisionRow {
    fn check(&self, at: usize) -> Result<(), Refusal> {
        let place = |field: &str| format!("decisions[{at}].{field}");
        number(&place("number"), self.number)?;
        tenant(&place("tenant"), &self.tenant)?;
        if !(0..=FROM_MAX).contains(&self.at) {
            return Err(Refusal::new(place("at"), format!("is {}, no time", self.at), "send Unix seconds"));
        }
        label(&place("verdict"), &self.verdict, limits::LABEL_BYTES_MAX)?;
        bytes(&place("reason"), &self.reason, limits::REASON_BYTES_MAX)?;
        for (field, list) in [("rules", &self.rules), ("actions", &self.actions)] {
            count(&place(field), list.len(), limits::RULES_MAX)?;
            list.iter().try_for_each(|name| line(&place(field), name, limits::RULE_BYTES_MAX))?;
        }
        if self.score > limits::SCORE_MAX {
            let what = format!("is {}, at most {}", self.score, limits::SCORE_MAX);
            return Err(Refusal::new(place("score"), what, "send the score as judged"));
        }
        bytes(&place("text"), self.text.as_deref().unwrap_or_default(), limits::TEXT_BYTES_MAX)
    }
}

/// How a pack does on a board. Counts are since the version was put in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackHealth {
    /// Its name.
    pub name: String,
    /// The version in force.
    #[serde(default)]
    pub version: u64,
    /// Whether it acts.
    #[serde(default)]
    pub mode: PackMode,
    /// Messages its rules saw.
    #[serde(default)]
    pub seen: u64,
    /// Messages its rules spoke about.
    #[serde(default)]
    pub matched: u64,
    /// Of them, undone by people.
    #[serde(default)]
    pub undone: u64,
}

/// How a board is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Its program's version.
    pub version: String,
    /// The contract's version as it speaks it.
    pub contract: u32,
    /// Its profile.
    pub profile: String,
    /// Seconds since its program began.
    pub uptime_s: u64,
    /// How far its clock is from the hub's, in milliseconds, as it last saw; positive: it is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_off_ms: Option<i64>,
    /// Rows that wait to be pushed.
    pub queue_rows: u64,
    /// Up to which of its own editions the board has told its usage with this push, and up to which decision. They come back in
    /// [`crate::State`]: a board that knows of no such edition has lost what it had, as when a backup was restored.
    pub edition: u64,
    /// See [`Health::edition`].
    pub decision: u64,
    /// Rows that became coarser because they waited too long.
    pub summarised_rows: u64,
    /// Calls to Telegram that wait.
    pub outbox_rows: u64,
    /// Calls that were given up and not looked at.
    pub dead_letters: u64,
    /// Bytes of memory in use.
    pub memory_now: u64,
    /// Bytes it promises never to pass.
    pub memory_promise: u64,
    /// What works less than it should, a sentence each.
    pub degraded: Vec<String>,
    /// Its packs from this hub.
    pub packs: Vec<PackHealth>,
    /// Incidents that are open, a sentence each.
    pub incidents: Vec<String>,
}

impl Health {
    fn check(&self) -> Result<(), Refusal> {
        line("health.version", &self.version, limits::LABEL_BYTES_MAX)?;
        line("health.profile", &self.profile, limits::LABEL_BYTES_MAX)?;
        [self.edition, self.decision].into_iter().try_for_each(|n| number("health", n))?;
        count("health.packs", self.packs.len(), limits::PACKS_MAX)?;
        let mut names = BTreeSet::new();
        for (at, one) in self.packs.iter().enumerate() {
            let place = format!("health.packs[{at}]");
            pack(&format!("{place}.name"), &one.name)?;
            [one.version, one.seen, one.matched, one.undone].into_iter().try_for_each(|n| number(&place, n))?;
            once(&place, names.insert(one.name.as_str()))?;
        }
        for (field, list) in [("health.degraded", &self.degraded), ("health.incidents", &self.incidents)] {
            count(field, list.len(), limits::REMARKS_MAX)?;
            list.iter().try_for_each(|text| bytes(field, text, limits::REMARK_BYTES_MAX))?;
        }
        Ok(())
    }
}

/// A board's own budget of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRow {
    /// The tenant.
    pub tenant: String,
    /// Money a month, in millionths; none: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money_micros: Option<u64>,
    /// Calls a month; none: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// What replaces the model when it is spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degrade: Option<String>,
    /// Counts the board's own changes of it; comes back as `confirmed` in the hub's wish.
    #[serde(default)]
    pub edition: u64,
}

impl BudgetRow {
    fn check(&self, at: usize) -> Result<(), Refusal> {
        let place = format!("budgets[{at}]");
        budget(&place, &self.tenant, self.money_micros, self.calls)?;
        number(&format!("{place}.edition"), self.edition)?;
        line(&format!("{place}.degrade"), self.degrade.as_deref().unwrap_or_default(), limits::LABEL_BYTES_MAX)
    }
}

/// What a board tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Push {
    /// One more than the last; none for a push without rows (a heartbeat), which leaves nothing to be repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The chain before this push. Of a heartbeat it is not looked at.
    pub previous: Chain,
    /// Usage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<UsageRow>,
    /// Decisions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<DecisionRow>,
    /// How the board is.
    pub health: Health,
    /// Its own budgets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetRow>,
}

/// Refuses what stands twice.
fn once(place: &str, is_new: bool) -> Result<(), Refusal> {
    if is_new { Ok(()) } else { Err(Refusal::new(place, "stands twice", "send each row once, as it is now")) }
}

impl Document for Push {
    const NAME: &'static str = "push";

    fn check(&self) -> Result<(), Refusal> {
        let rows = self.usage.len() + self.decisions.len();
        count("usage and decisions", rows, limits::PUSH_ROWS_MAX)?;
        count("budgets", self.budgets.len(), limits::TENANTS_MAX)?;
        match self.sequence {
            None if rows > 0 => {
                return Err(Refusal::new("sequence", "is missing", "number a push that has rows"));
            }
            Some(0) => return Err(Refusal::new("sequence", "is 0", "begin with 1")),
            Some(sequence) => number("sequence", sequence)?,
            None => {}
        }
        let mut places = BTreeSet::new();
        for (at, row) in self.usage.iter().enumerate() {
            let place = format!("usage[{at}]");
            row.check(&place)?;
            once(&place, places.insert((row.tenant.as_str(), row.chat, row.span, row.from)))?;
        }
        let mut numbers = BTreeSet::new();
        for (at, row) in self.decisions.iter().enumerate() {
            row.check(at)?;
            once(&format!("decisions[{at}]"), numbers.insert(row.number))?;
        }
        let mut tenants = BTreeSet::new();
        for (at, row) in self.budgets.iter().enumerate() {
            row.check(at)?;
            once(&format!("budgets[{at}]"), tenants.insert(row.tenant.as_str()))?;
        }
        self.health.check()
    }
}

/// What a board gets for a push. The same push again gets the same sequence and chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The last sequence the hub took: this push's, or of a heartbeat the last one before it.
    pub sequence: u64,
    /// The chain after it.
    pub chain: Chain,
    /// The hub's clock, microseconds since 1970.
    #[serde(default)]
    pub hub_time_us: u64,
    /// The `ETag` of the wishes as they are now, quotes included: another than the board's says that it should ask for them.
    #[serde(default)]
    pub wishes_etag: String,
    /// Texts that the hub left out, since the tenant's switch is off.
    #[serde(default)]
    pub texts_left_out: u32,
}

impl Document for Receipt {
    const NAME: &'static str = "receipt";

    fn check(&self) -> Result<(), Refusal> {
        line("wishes_etag", &self.wishes_etag, limits::LABEL_BYTES_MAX * 2)
    }
}
