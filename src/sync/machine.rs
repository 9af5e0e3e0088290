//! What is said to a hub next, and what follows from its answer. Pure: time and chance are parameters.
//!
//! Promises: a push follows the one before, by sequence and chain; after one whose answer was lost the hub is asked how far it is,
//! and goes on from there, so that nothing counts twice. What went apart (a backup that was restored, here or there) is said, and
//! mended by telling all rows again, which are states and replace each other. A row that the hub refuses is looked for by halves and
//! set aside: it holds up no other. A hub that refuses row after row is at fault itself: what was set aside for it waits again, and
//! one row is tried after the longest pause, until it is taken. Pauses grow, up to a bound, with chance in them.
//!
//! Never: a clock, a network, a file. What is to be durable is handed back.

use crate::clock::Now;
use crate::cloud::Failure;
use crate::limits;
use crate::store::sync::{KeptWishes, OwnBudget, SyncMarks, SyncPlace, SyncStreak, SyncTick};
use crate::tenant::TenantName;
use aegis_contract::{BudgetRow, Chain, DecisionRow, Document, Health, Kind, Push, Receipt, State, UsageRow};

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing, for so many milliseconds.
    Rest(u64),
    /// Ask how far the hub is.
    State,
    /// Ask for its wishes.
    Wishes,
    /// Tell it what there is.
    Push,
}

/// What is told in one push.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Rows of usage.
    pub usage: Vec<UsageRow>,
    /// Decisions.
    pub decisions: Vec<DecisionRow>,
    /// How the board is.
    pub health: Health,
    /// Its own budgets.
    pub budgets: Vec<BudgetRow>,
    /// What the hub has when it has taken this.
    pub covers: Covers,
}

/// How far a push goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covers {
    /// All rows of usage up to this edition.
    pub edition: u64,
    /// All decisions up to this one.
    pub decisions: u64,
    /// These days, in the place of their hours.
    pub days: Vec<(TenantName, u32)>,
    /// Rows that became coarser, or were passed over.
    pub summarised: u64,
    /// The board's own budgets, as they were then.
    pub budgets: Vec<(String, u64)>,
    /// The last decision that was undone of which the hub knows then, and when that was.
    pub undone: (u64, u64),
    /// Whether more waits.
    pub more: bool,
}

/// A push that is under way, or whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    /// Sequence and chain once it is taken; `None` for a heartbeat.
    place: Option<(u64, Chain)>,
    covers: Covers,
    /// How many rows are in it, and what the first of them is, in words.
    rows: usize,
    first: String,
}

/// How much may be in the next push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Rows at most.
    pub rows: usize,
    /// Whether of the board's health only the version is told.
    pub is_bare: bool,
}

/// The search for what the hub refuses.
#[derive(Clone, Copy, Debug)]
struct Hunt {
    /// It is among so many rows.
    suspects: usize,
    /// Rows of the next push.
    rows: usize,
    /// Whether these are all of them, and only the health is left out.
    is_whole: bool,
}

/// What is to be known about how this board stands with its hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the hub last took something, seconds since 1970.
    pub pushed_s: Option<u64>,
    /// When its wishes were last read.
    pub pulled_s: Option<u64>,
    /// Failures in a row.
    pub failures: u32,
    /// Why the last call failed; `None` when it did not.
    pub trouble: Option<String>,
    /// The kind of refusal, where it was one.
    pub kind: Option<Kind>,
    /// How far the clock is ahead of the hub's, milliseconds.
    pub clock_off_ms: Option<i64>,
    /// How often both went apart since the start, and what was said of it last.
    pub forks: u64,
    /// See [`Standing::forks`].
    pub fork: Option<String>,
    /// Rows that the hub refused and that were set aside, and what was said of the last one since the start.
    pub aside: u64,
    /// See [`Standing::aside`].
    pub refused: Option<String>,
    /// Why the hub is taken to be at fault; `None` when it is not.
    pub at_fault: Option<String>,
    /// Whether it was, since the start, and is no more.
    pub was_at_fault: bool,
    /// Decisions and rows of usage that wait, at least, as of the last push.
    pub waits: u64,
    /// The last push that the hub took.
    pub sequence: u64,
}

/// The machine.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    place: SyncPlace,
    /// Whether the hub said in this life how far it is.
    is_met: bool,
    sent: Option<Sent>,
    not_before_ms: u64,
    etag: String,
    wants_wishes: bool,
    in_a_row: usize,
    marks: SyncMarks,
    streak: SyncStreak,
    /// The newest edition and decision that were here when this life began, or that it told.
    known: (u64, u64),
    hunt: Option<Hunt>,
    is_bare: bool,
    /// Refusals, and forks, since the hub took something last.
    refusals: u32,
    standing: Standing,
}

/// The pause after so many failures in a row, milliseconds. `chance` is any random number: it takes up to half away.
#[must_use]
pub fn pause_ms(failures: u32, chance: u64) -> u64 {
    let doubled = limits::CLOUD_PAUSE_MS.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(u64::MAX);
    let whole = doubled.min(limits::CLOUD_PAUSE_MS_MAX);
    whole.saturating_sub(chance % (whole / 2).max(1))
}

impl Machine {
    /// As far as an earlier life came: `place` of another enrolment is none.
    #[must_use]
    pub fn new(board: &str, chain: Chain, place: Option<SyncPlace>, wishes: Option<&KeptWishes>) -> Self {
        let fresh = SyncPlace { board: board.to_owned(), chain: chain.0, ..SyncPlace::default() };
        let place = place.filter(|place| place.board == board).unwrap_or(fresh);
        let standing = Standing { sequence: place.sequence, ..Standing::default() };
        let etag = wishes.map(|wishes| wishes.etag.clone()).unwrap_or_default();
        Self { place, etag, wants_wishes: true, standing, ..Self::default() }
    }

    /// The same, with what is remembered besides, and the newest edition and decision that are here as it begins.
    #[must_use]
    pub fn knowing(mut self, marks: SyncMarks, newest: (u64, u64)) -> Self {
        (self.marks, self.known, self.standing.aside) = (marks, newest, marks.aside);
        self
    }

    /// The same, after so many rows that were set aside one after another.
    #[must_use]
    pub fn after(mut self, streak: SyncStreak) -> Self {
        self.streak = streak;
        self.standing.at_fault = streak.is_at_fault.then(|| at_fault("before the last start"));
        self
    }

    /// How this board stands with its hub.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// How far the hub is.
    #[must_use]
    pub const fn place(&self) -> &SyncPlace {
        &self.place
    }

    /// What is remembered besides.
    #[must_use]
    pub const fn marks(&self) -> &SyncMarks {
        &self.marks
    }

    /// How much may be in the next push.
    #[must_use]
    pub fn room(&self) -> Room {
        if self.streak.is_at_fault {
            return Room { rows: 1, is_bare: true };
        }
        let rows = self.hunt.map_or(limits::CLOUD_ROWS_AT_ONCE, |hunt| hunt.rows.max(1));
        Room { rows, is_bare: self.is_bare }
    }

    /// What names the wishes that are here.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// What is to be done now.
    #[must_use]
    pub const fn turn(&self, now: Now) -> Turn {
        if now.mono.0 < self.not_before_ms {
            return Turn::Rest(self.not_before_ms.saturating_sub(now.mono.0));
        }
        if !self.is_met {
            Turn::State
        } else if self.wants_wishes {
            Turn::Wishes
        } else {
            Turn::Push
        }
    }

    /// Begins a push; returns its body.
    pub fn push(&mut self, batch: Batch) -> Vec<u8> {
        let (first, rows) = (batch.first(), batch.rows());
        let Batch { usage, decisions, mut health, budgets, covers } = batch;
        let has_rows = !usage.is_empty() || !decisions.is_empty();
        let sequence = has_rows.then(|| self.place.sequence.saturating_add(1));
        let previous = Chain(self.place.chain);
        (health.edition, health.decision) = (covers.edition, covers.decisions);
        self.known = (self.known.0.max(covers.edition), self.known.1.max(covers.decisions));
        self.standing.waits = health.queue_rows;
        let body = Push { sequence, previous, usage, decisions, health, budgets }.bytes();
        self.sent =
            Some(Sent { place: sequence.map(|sequence| (sequence, previous.after(&body))), covers, rows, first });
        body
    }

    /// The hub said how far it is. Returns what is to be durable.
    pub fn state(&mut self, state: State, now: Now) -> SyncTick {
        self.answered(now, state.hub_time_us);
        self.is_met = true;
        self.go_on_from(&state)
    }

    /// The hub took the push.
    pub fn receipt(&mut self, receipt: &Receipt, budgets: &[OwnBudget], now: Now, chance: u64) -> SyncTick {
        self.answered(now, receipt.hub_time_us);
        self.standing.pushed_s = Some(now.wall.seconds());
        self.wants_wishes = receipt.wishes_etag != self.etag;
        let Some(sent) = self.sent.take() else { return SyncTick::default() };
        if sent.place.is_some_and(|place| place != (receipt.sequence, receipt.chain)) {
            // It says that it took something else: asked how far it is, and gone on from there.
            self.is_met = false;
            return SyncTick::default();
        }
        self.refusals = 0;
        let told = told(budgets, &sent.covers);
        let more = sent.covers.more;
        let mut tick = self.taken(sent);
        tick.budgets = told;
        self.in_a_row = if more { self.in_a_row.saturating_add(1) } else { 0 };
        if !more || self.in_a_row >= limits::CLOUD_PUSHES_AT_ONCE {
            self.in_a_row = 0;
            // A tenth of it is chance, so that a fleet does not come at one time.
            let turn = limits::CLOUD_TURN_MS.saturating_sub(chance % (limits::CLOUD_TURN_MS / 10));
            self.not_before_ms = now.mono.plus_ms(turn).0;
        }
        tick
    }

    /// The hub's wishes were read; `None` when they are as they were.
    pub fn wishes(&mut self, etag: Option<String>, now: Now) {
        self.standing.pulled_s = Some(now.wall.seconds());
        (self.standing.failures, self.standing.trouble) = (0, None);
        self.wants_wishes = false;
        if let Some(etag) = etag {
            self.etag = etag;
        }
    }

    /// A call failed. Returns what is to be durable.
    pub fn failed(&mut self, failure: &Failure, budgets: &[OwnBudget], now: Now, chance: u64) -> SyncTick {
        self.in_a_row = 0;
        self.standing.failures = self.standing.failures.saturating_add(1);
        self.standing.trouble = Some(failure.to_string());
        self.standing.kind = failure.kind();
        let mut pause = pause_ms(self.standing.failures, chance);
        let mut tick = SyncTick::default();
        let was_met = self.is_met;
        // Whether a push was taken is not known: it is asked before the next one.
        self.is_met = false;
        if let Failure::Refused(problem, asked_ms) = failure {
            match problem.kind() {
                Kind::Clock => self.clock(now, problem.hub_time_us.unwrap_or(0)),
                Kind::Fork => {
                    self.refusals = self.refusals.saturating_add(1);
                    pause = if self.refusals == 1 { 0 } else { pause_ms(self.refusals, chance) };
                }
                kind @ (Kind::Invalid | Kind::Large | Kind::Forbidden) if was_met => {
                    if let Some(sent) = self.sent.take() {
                        // Not taken, and nothing changed.
                        tick = self.refused(sent, kind == Kind::Forbidden, budgets);
                        let is_at_fault = self.streak.is_at_fault;
                        (self.is_met, self.wants_wishes) = (true, kind == Kind::Forbidden || is_at_fault);
                        let over = self.refusals.saturating_sub(limits::CLOUD_REFUSALS_AT_ONCE);
                        let over = if is_at_fault { u32::MAX } else { over };
                        pause = if over == 0 { 0 } else { pause_ms(over, chance) };
                    }
                }
                _ => {}
            }
            pause = pause.max(*asked_ms);
        }
        self.not_before_ms = now.mono.plus_ms(pause).0;
        tick
    }

    /// The push was read and refused: without the health, then by halves, until the row is alone that is to blame.
    fn refused(&mut self, sent: Sent, is_forbidden: bool, budgets: &[OwnBudget]) -> SyncTick {
        self.refusals = self.refusals.saturating_add(1);
        let rows = sent.rows;
        match self.hunt {
            // One row was tried, to see whether it is mended.
            _ if self.streak.is_at_fault => {}
            // It may take other tenants than before, which its wishes say.
            None if is_forbidden && self.refusals == 1 => {}
            None => {
                self.is_bare = true;
                self.hunt = Some(Hunt { suspects: rows, rows: rows.max(1), is_whole: true });
            }
            // Not even the bare health is taken: there is nothing that could be left out.
            Some(_) if rows == 0 => {}
            Some(_) if rows > 1 => self.hunt = Some(Hunt { suspects: rows, rows: rows / 2, is_whole: false }),
            Some(_) => return self.alone(sent, budgets),
        }
        SyncTick::default()
    }

    /// One row alone was refused: it is set aside; after so many, the hub is at fault.
    fn alone(&mut self, sent: Sent, budgets: &[OwnBudget]) -> SyncTick {
        let why = self.standing.trouble.clone().unwrap_or_default();
        if self.streak.rows == 0 {
            let (SyncPlace { edition, decisions, .. }, undone) = (&self.place, self.marks.undone);
            self.streak = SyncStreak { edition: *edition, decisions: *decisions, undone, ..SyncStreak::default() };
        }
        if self.streak.rows.saturating_add(1) >= limits::CLOUD_ASIDE_IN_A_ROW_MAX {
            let why = at_fault(&format!("at last {}: {why}", sent.first));
            tracing::warn!("{why}");
            (self.standing.at_fault, self.standing.refused) = (Some(why), None);
            self.streak.is_at_fault = true;
            return self.back(self.streak, budgets);
        }
        self.standing.trouble = None;
        self.streak.rows = self.streak.rows.saturating_add(1);
        // The next one may be another: it is tried alone as well.
        self.hunt = Some(Hunt { suspects: 1, rows: 1, is_whole: false });
        self.marks.aside = self.marks.aside.saturating_add(1);
        self.standing.aside = self.marks.aside;
        let why = format!("{}: {why}; it stays here, and the rest goes on", sent.first);
        tracing::warn!("set aside: {why}");
        self.standing.refused = Some(why);
        let budgets = told(budgets, &sent.covers);
        // As if it had been told, but for sequence and chain, which are the hub's.
        let place = Some((self.place.sequence, Chain(self.place.chain)));
        let tick = self.confirm(Sent { place, ..sent });
        let (place, marks, streak) = (Some(self.place.clone()), Some(self.marks), Some(self.streak));
        SyncTick { place, marks, streak, budgets, days_aside: tick.days_done, ..SyncTick::default() }
    }

    /// All rows that are here are told again, those that were set aside too. Returns what is to be durable.
    pub fn again(&mut self, budgets: &[OwnBudget]) -> SyncTick {
        self.streak = SyncStreak { rows: self.marks.aside, ..SyncStreak::default() };
        let tick = self.back(self.streak, budgets);
        // What is under way may be taken yet, which the hub says; it is told again all the same.
        (self.sent, self.is_met, self.not_before_ms, self.refusals) = (None, false, 0, 0);
        (self.streak, self.standing.at_fault, self.standing.refused) = (SyncStreak::default(), None, None);
        SyncTick { streak: Some(self.streak), ..tick }
    }

    /// What was told and set aside since then waits again.
    fn back(&mut self, then: SyncStreak, budgets: &[OwnBudget]) -> SyncTick {
        (self.hunt, self.is_bare) = (None, false);
        self.place.edition = self.place.edition.min(then.edition);
        self.place.decisions = self.place.decisions.min(then.decisions);
        self.marks.undone = self.marks.undone.min(then.undone);
        self.marks.aside = self.marks.aside.saturating_sub(then.rows);
        self.standing.aside = self.marks.aside;
        let budgets = budgets.iter().map(|own| OwnBudget { told: 0, ..own.clone() }).collect();
        let (place, marks) = (Some(self.place.clone()), Some(self.marks));
        SyncTick { place, marks, streak: Some(then), budgets: Some(budgets), days_again: true, ..SyncTick::default() }
    }

    /// The hub has what was sent.
    fn taken(&mut self, sent: Sent) -> SyncTick {
        self.found_good(&sent);
        let is_mended = sent.rows > 0 && self.streak != SyncStreak::default();
        if is_mended && self.streak.is_at_fault {
            tracing::info!("the hub takes rows again; what waited is told");
            (self.standing.at_fault, self.standing.was_at_fault) = (None, true);
        }
        let tick = self.confirm(sent);
        if !is_mended {
            return tick;
        }
        self.streak = SyncStreak::default();
        SyncTick { streak: Some(self.streak), ..tick }
    }

    /// What was taken is not what is looked for.
    fn found_good(&mut self, sent: &Sent) {
        let Some(mut hunt) = self.hunt.take() else { return };
        hunt.suspects = hunt.suspects.saturating_sub(sent.rows);
        let is_nothing_left = sent.rows == 0 && !sent.covers.more;
        if hunt.suspects > 0 && !is_nothing_left {
            self.hunt = Some(hunt);
        } else if hunt.is_whole {
            let why =
                "the hub refuses what is said of this board's health: only the version is told until the next start";
            tracing::warn!("{why}");
            self.standing.refused = Some(why.to_owned());
        } else {
            // It takes all of them after all, or the next one.
            self.is_bare = false;
        }
    }

    fn answered(&mut self, now: Now, hub_time_us: u64) {
        (self.standing.failures, self.standing.trouble) = (0, None);
        self.clock(now, hub_time_us);
    }

    fn clock(&mut self, now: Now, hub_time_us: u64) {
        if hub_time_us > 0 {
            let (own, hubs) = (i64::try_from(now.wall.0), i64::try_from(hub_time_us / 1_000));
            self.standing.clock_off_ms = own.ok().zip(hubs.ok()).map(|(own, hubs)| own.saturating_sub(hubs));
        }
    }

    fn confirm(&mut self, sent: Sent) -> SyncTick {
        let before = (self.place.clone(), self.marks);
        let Covers { edition, decisions, days, summarised, undone, .. } = sent.covers;
        if let Some((sequence, chain)) = sent.place {
            (self.place.sequence, self.place.chain) = (sequence, chain.0);
        }
        self.place.edition = self.place.edition.max(edition);
        self.place.decisions = decisions;
        self.place.summarised = self.place.summarised.saturating_add(summarised);
        self.marks.undone = self.marks.undone.max(undone);
        self.marks.highest = self.marks.highest.max(decisions);
        self.standing.sequence = self.place.sequence;
        // Of a heartbeat nothing was to be told: passed over in this life, and not worth a commit.
        if sent.place.is_none() || before == (self.place.clone(), self.marks) {
            return SyncTick { days_done: days, ..SyncTick::default() };
        }
        let (place, marks) = (Some(self.place.clone()), (before.1 != self.marks).then_some(self.marks));
        SyncTick { place, marks, days_done: days, ..SyncTick::default() }
    }

    /// Takes over where the hub is.
    fn go_on_from(&mut self, state: &State) -> SyncTick {
        let State { sequence, chain, edition, decision, .. } = *state;
        let sent = self.sent.take();
        if (sequence, chain.0) == (self.place.sequence, self.place.chain) {
            return SyncTick::default();
        }
        if let Some(sent) = sent.filter(|sent| sent.place == Some((sequence, chain))) {
            // It was taken, and the answer was lost.
            return self.taken(sent);
        }
        let own = self.place.sequence;
        (self.place.sequence, self.place.chain) = (sequence, chain.0);
        self.standing.sequence = sequence;
        // One more is an answer that was lost with the power: then this board still has what it told. Anything else: one of both
        // lost what it had.
        let is_older = edition > self.known.0 || decision > self.known.1;
        if sequence != own.saturating_add(1) || is_older {
            (self.place.edition, self.place.decisions) = (0, 0);
            self.standing.forks = self.standing.forks.saturating_add(1);
            let why = format!(
                "the hub has {sequence} pushes of this board, which remembers {own}: a backup was restored, here or there, or \
                 another board has its key; all rows are told again"
            );
            tracing::warn!("{why}");
            self.standing.fork = Some(why);
        }
        SyncTick { place: Some(self.place.clone()), ..SyncTick::default() }
    }
}

impl Batch {
    /// How many rows there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.usage.len().saturating_add(self.decisions.len()).saturating_add(self.budgets.len())
    }

    /// The first row, in words.
    fn first(&self) -> String {
        let usage = self.usage.first().map(|row| format!("usage of {}, chat {}, {}", row.tenant, row.chat, row.from));
        let decision = || self.decisions.first().map(|row| format!("decision {} of {}", row.number, row.tenant));
        let budget = || self.budgets.first().map(|row| format!("the budget of {}", row.tenant));
        usage.or_else(decision).or_else(budget).unwrap_or_default()
    }
}

fn at_fault(what: &str) -> String {
    format!(
        "the hub refuses row after row, {} of them one after another, {what}; nothing is set aside for it, all waits here and is told \
         once it takes a row",
        limits::CLOUD_ASIDE_IN_A_ROW_MAX
    )
}

/// The board's own budgets with what was told of them, where that changed.
fn told(budgets: &[OwnBudget], covers: &Covers) -> Option<Vec<OwnBudget>> {
    let mut after = budgets.to_vec();
    for budget in &mut after {
        if let Some((_, edition)) = covers.budgets.iter().find(|(tenant, _)| *tenant == budget.tenant) {
            budget.told = budget.told.max(*edition);
        }
    }
    (after != budgets).then_some(after)
}

#[cfg(test)]
mod tests;
