//! The machine, the program and its storage.
//!
//! The machine is looked at every minute, and when somebody asks; [`crate::checks`] judges it.
//!
//! Promises: what is not well says how to mend it.
//!
//! Never: a change.

use super::Office;
use super::backups::backups;
use super::setup::token_path;
use crate::access::{Caller, Role};
use crate::checks::{Facts, Finding, State, judge};
use crate::clock::Wall;
use crate::config::{Cloud, Config};
use crate::events::Event;
use crate::fence::Fence;
use crate::flags::{Flag, Said};
use crate::herald::Standing;
use crate::limits;
use crate::machine::{self, Own};
use crate::store::{JOURNAL_FILE, free_bytes, schema};
use crate::sync::Seen;
use crate::web::PAGE_KEY_FILE;
use crate::web::desk::Told;
use crate::web::views::{Check, FlagView, MemoryNow, SystemView};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The machine as it was seen last, and the fence around the program.
#[derive(Debug, Default)]
pub struct Rounds {
    fence: Option<Fence>,
    seen: Mutex<Vec<Finding>>,
    /// What is to be told elsewhere of it, at the next turn.
    incidents: Mutex<Vec<Event>>,
    telegram: Mutex<Watched>,
}

/// Whether updates arrive, as it was seen on the last rounds.
#[derive(Debug, Default)]
struct Watched {
    bad_rounds: u32,
    is_told: bool,
}

impl Watched {
    /// What is to be told after another round, if something is: once when it was bad twice in a row, and once when it is well again.
    fn saw(&mut self, is_bad: bool) -> Option<bool> {
        self.bad_rounds = if is_bad { self.bad_rounds.saturating_add(1) } else { 0 };
        let is_trouble = self.bad_rounds >= 2 || (is_bad && self.is_told);
        (std::mem::replace(&mut self.is_told, is_trouble) != is_trouble).then_some(is_trouble)
    }
}

impl Rounds {
    /// Rounds of a process that stands behind this fence.
    #[must_use]
    pub fn behind(fence: Fence) -> Self {
        Self { fence: Some(fence), ..Self::default() }
    }

    /// Whether the process is the appliance's own, and no test's or demonstration's.
    #[must_use]
    pub fn is_own_process(&self) -> bool {
        self.fence.is_some()
    }

    /// What was bad on the last round, a sentence each.
    #[must_use]
    pub fn alarms(&self) -> Vec<String> {
        let seen = self.seen();
        seen.iter().filter(|found| found.state == State::Bad).map(|found| found.words.clone()).collect()
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Finding>> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something told elsewhere at the next turn. There are few: what does not fit was told often enough.
    pub fn incident(&self, event: Event) {
        // Nothing panics while holding it.
        let mut incidents = self.incidents.lock().unwrap_or_else(PoisonError::into_inner);
        if incidents.len() < limits::INCIDENTS_WAITING_MAX {
            incidents.push(event);
        }
    }

    /// Takes what is to be told elsewhere.
    #[must_use]
    pub fn take_incidents(&self) -> Vec<Event> {
        std::mem::take(&mut *self.incidents.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what is seen now, and says in the log what has become better or worse.
    fn note(&self, found: &[Finding]) {
        let mut seen = self.seen();
        let was =
            |finding: &Finding| seen.iter().any(|known| known.name == finding.name && known.state == finding.state);
        for finding in found.iter().filter(|finding| !was(finding)) {
            let what = finding.name;
            let was_bad = seen.iter().any(|known| known.name == what && known.state == State::Bad);
            if was_bad || finding.state == State::Bad {
                self.incident(Event::incident(what, was_bad, &finding.words));
            }
            match finding.state {
                State::Bad => tracing::error!(what, "{}", finding.words),
                State::Warn => tracing::warn!(what, "{}", finding.words),
                // What was well from the start needs no line.
                State::Good if seen.iter().any(|known| known.name == what) => tracing::info!(what, "{}", finding.words),
                State::Good => {}
            }
        }
        *seen = found.to_vec();
    }
}

/// What of this installation is looked at besides the machine.
fn own(config: &Config) -> Own {
    let dir = &config.data_dir;
    let mut secrets = vec![("the bot's token", token_path(dir)), ("the page's key", dir.join(PAGE_KEY_FILE))];
    secrets.extend(config.telegram.token_file.iter().map(|path| ("the bot's token", path.clone())));
    secrets.extend(config.ai.key_file.iter().map(|path| ("the model's key", path.clone())));
    secrets.extend(config.webhooks.secret_file.iter().map(|path| ("the secret of webhooks", path.clone())));
    secrets.extend(config.web.certificate.iter().map(|(_, key)| ("the page's key", key.clone())));
    Own { data_dir: dir.clone(), secrets, credentials: config.credentials.clone() }
}

/// Looks at the machine for these settings; `fence` is what was put up, or tried out.
#[must_use]
pub fn facts(config: &Config, fence: Option<&Fence>, wall: Wall) -> Facts {
    let mut facts = machine::look(Path::new("/"), &own(config), wall);
    facts.heap.promise = limits::memory_bytes_max(&config.board.capacity);
    facts.heap.ram = config.board.ram_bytes;
    facts.heap.wanted = limits::data_bytes_max(&config.board.capacity);
    facts.walls = fence.map(Fence::finding);
    facts
}

impl Office {
    /// The machine, the program, its storage. Owners.
    ///
    /// # Errors
    /// As [`crate::web::desk::Refused`] says.
    pub fn system(&self, caller: &Caller) -> Told<SystemView> {
        caller.may(Role::Owner, None)?;
        let dir = &self.config.data_dir;
        let database_bytes = std::fs::metadata(dir.join(JOURNAL_FILE)).map_or(0, |found| found.len());
        let lines = limits::memory_lines(&self.config.board.capacity);
        Ok(SystemView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: schema::known(),
            board: self.config.board.name.clone(),
            data_dir: dir.display().to_string(),
            database_bytes,
            free_bytes: free_bytes(dir),
            checks: self.checks(),
            memory_now: MemoryNow {
                resident: self.counters.resident_bytes.get(),
                resident_peak: self.counters.resident_bytes_peak.get(),
                promise: self.counters.memory_bytes_max.get(),
                data: self.counters.data_bytes.get(),
                data_max: self.counters.data_bytes_max.get(),
            },
            memory: lines.iter().map(|line| (line.name.to_owned(), line.bytes, line.when_full.to_owned())).collect(),
            backups: backups(dir),
            flags: self.flags(),
            hub: self.hub(|seen, cloud| seen.lines(Some(cloud))).unwrap_or_default(),
        })
    }

    /// What is looked at now: the machine, whether Telegram answers, backups.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        self.look_around()
            .into_iter()
            .chain([self.telegram()].into_iter().chain(self.receivers()).chain(self.hub(Seen::finding)))
            .map(check)
            .chain([self.backup_check()])
            .collect()
    }

    /// What of it everybody is told while the appliance is set up: what may hinder that. The machine is not looked at for
    /// strangers: what was seen last is told.
    #[must_use]
    pub fn checks_of_setup(&self) -> Vec<Check> {
        let seen = self.rounds.seen().clone();
        let seen = if seen.is_empty() { self.look_around() } else { seen };
        let concerns = |finding: &Finding| matches!(finding.name, "Clock" | "Storage" | "Data folder");
        seen.into_iter().filter(concerns).chain([self.telegram()]).map(check).collect()
    }

    /// How this board stands with its hub; nothing where the settings name none.
    fn hub<T>(&self, tell: impl FnOnce(&Seen, &Cloud) -> T) -> Option<T> {
        let cloud = self.config.cloud.as_ref()?;
        // Nothing panics while holding it; a poisoned one still holds whole values.
        Some(tell(&self.sync.lock().unwrap_or_else(PoisonError::into_inner), cloud))
    }

    /// How receivers of webhooks stand; nothing where there are none.
    fn receivers(&self) -> Option<Finding> {
        let all = self.receivers.all();
        let told = |(_, standing): (&u64, &Standing)| {
            let why = standing.trouble.as_ref()?;
            Some(format!("{} does not take what it is told: {why}.", standing.host))
        };
        let troubled: Vec<String> = all.iter().filter_map(told).collect();
        if all.is_empty() {
            return None;
        }
        let waiting: u64 = self.snapshots.hooks_waiting().unwrap_or_default().values().sum();
        let (given_up, dropped) = (self.counters.hooks_given_up.get(), self.counters.hooks_dropped.get());
        let lost = match (given_up, dropped) {
            (0, 0) => String::new(),
            _ => format!(" Since the start {given_up} events were given up, and {dropped} had to make room."),
        };
        let (state, words) = if troubled.is_empty() {
            let state = if lost.is_empty() { State::Good } else { State::Warn };
            (state, format!("{} receivers; {waiting} events wait.{lost}", all.len()))
        } else {
            (State::Warn, format!("{} {waiting} events wait and are told again for a day.{lost}", troubled.join(" ")))
        };
        Some(Finding::new("Webhooks", state, words))
    }

    /// The flags in force.
    fn flags(&self) -> Vec<FlagView> {
        let book = self.in_force.now();
        let view = |flag: Flag| {
            let about = flag.about();
            let (on, layer) = book.flags.find(flag, &Said::default());
            let otherwise = book.tenants.iter().filter(|tenant| tenant.flags.is_on(flag) != on);
            FlagView {
                name: about.name.to_owned(),
                does: about.does.to_owned(),
                on,
                from: layer.word().to_owned(),
                experimental: about.experimental,
                since: about.since.to_owned(),
                otherwise: otherwise.map(|tenant| tenant.name.to_string()).collect(),
            }
        };
        Flag::ALL.into_iter().map(view).collect()
    }

    fn telegram(&self) -> Finding {
        match self.polling() {
            Some(why) => Finding::new("Telegram", State::Bad, format!("Updates do not arrive: {why}.")),
            None => Finding::new("Telegram", State::Good, "Telegram answers."),
        }
    }

    /// Looks whether updates arrive, once a round: what lasts longer than one is told elsewhere.
    pub fn watch_telegram(&self) {
        let finding = self.telegram();
        // Nothing panics while holding it.
        let mut watched = self.rounds.telegram.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(is_trouble) = watched.saw(finding.state == State::Bad) {
            self.rounds.incident(Event::incident(finding.name, !is_trouble, &finding.words));
        }
    }

    /// Looks at the machine; what has become better or worse since the last time is said in the log.
    pub fn look_around(&self) -> Vec<Finding> {
        let mut facts = facts(&self.config, self.rounds.fence.as_ref(), self.clock.now().wall);
        facts.data.is_closed = self.journal.is_closed();
        facts.heap.used = self.counters.heap_bytes.get();
        facts.heap.is_at_work = self.rounds.is_own_process();
        let found = judge(&facts);
        self.rounds.note(&found);
        found
    }
}

fn check(finding: Finding) -> Check {
    Check { name: finding.name.to_owned(), state: finding.state.word().to_owned(), words: finding.words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_that_fails_once_is_no_incident_and_what_lasts_is_told_once() {
        let mut watched = Watched::default();
        let told: Vec<_> = [true, false, true, true, true, false, true].map(|is_bad| watched.saw(is_bad)).into();
        assert_eq!(told, [None, None, None, Some(true), None, Some(false), None]);
    }

    #[test]
    fn what_is_bad_is_an_alarm_until_it_is_mended() {
        let rounds = Rounds::default();
        let found = |state| [Finding::new("Power", state, "words")];
        rounds.note(&found(State::Warn));
        assert!(rounds.alarms().is_empty());
        rounds.note(&found(State::Bad));
        assert_eq!(rounds.alarms(), ["words"]);
        rounds.note(&found(State::Good));
        assert!(rounds.alarms().is_empty());
        let told: Vec<String> = rounds.take_incidents().iter().map(|event| event.body("x", Wall(0))).collect();
        let states = told.iter().map(|body| (body.contains("\"bad\""), body.contains("\"good\"")));
        assert_eq!(states.collect::<Vec<_>>(), [(true, false), (false, true)], "{told:?}");
        assert!(rounds.take_incidents().is_empty());
    }
}
