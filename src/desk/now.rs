//! How everything stands now: the ladder, the groups, the numbers, the banner.
//!
//! Promises: whoever looks after some tenants sees their groups and no others; the numbers of the whole appliance are
//! everybody's.
//!
//! Never: a text of a message.

use super::Office;
use crate::access::{Caller, Role};
use crate::chats::{ChatBook, Live};
use crate::clock::Now;
use crate::dispatch::task::lock;
use crate::limits;
use crate::message::ChatId;
use crate::shard::Rulebook;
use crate::store::desk::{Banner, DeskTick};
use crate::store::records::{ChatRecord, Right};
use crate::tenant::{Tenant, TenantName};
use crate::web::desk::{Part, Readiness, Refused, Told};
use crate::web::views::{GroupState, GroupView, Numbers, Overview, RightView};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// The time that the pace of writing is taken over at least, milliseconds: an hour.
const FLASH_PACE_MS_MIN: u64 = 3_600_000;

/// Bytes that a small card takes before it is worn: 8 GB, rewritten 3,000 times.
const CARD_BYTES: u64 = 8_000_000_000 * 3_000;

/// A rung of the ladder: its word, and its cause in a sentence.
type Rung = (&'static str, String);

impl Office {
    /// Which parts work.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let storage = self.journal.is_closed().then(|| "the journal is closed".to_owned());
        Readiness {
            parts: vec![
                Part { name: "storage", failing: storage },
                Part { name: "polling", failing: self.polling() },
                Part { name: "dispatcher", failing: self.dispatching() },
            ],
        }
    }

    /// Why Telegram does not answer polls; `None` when it does.
    pub(super) fn polling(&self) -> Option<String> {
        if !self.bot.is_at_work() {
            return Some("there is no bot token yet; the page asks for it".to_owned());
        }
        if self.counters.poll_due_ms.get() == 0 && self.clock.now().wall.0 < limits::CLOCK_MS_LEAST {
            return Some("the clock is not set, and nothing is moderated until it is".to_owned());
        }
        let now = self.clock.now().mono;
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if trouble.is_some() {
            return trouble;
        }
        let silent_ms = now.0.saturating_sub(self.counters.poll_answered_ms.get());
        if self.counters.polls.get() == 0 && silent_ms > limits::POLL_FIRST_MS {
            return Some("Telegram has not answered a poll yet".to_owned());
        }
        (silent_ms > self.poll_stale_ms).then(|| format!("Telegram has not answered a poll for {} s", silent_ms / 1000))
    }

    fn dispatching(&self) -> Option<String> {
        let silent_ms = self.clock.now().mono.0.saturating_sub(self.counters.dispatch_turn_ms.get());
        (silent_ms > limits::DISPATCH_STALE_MS && self.bot.is_at_work())
            .then(|| format!("the dispatcher has not moved for {} s", silent_ms / 1000))
    }

    /// The rung in force, as far as the caller's tenants are concerned.
    fn rung(&self, caller: &Caller, book: &Rulebook) -> Rung {
        if !self.bot.is_at_work() {
            return ("setup", "There is no bot token yet.".to_owned());
        }
        if self.journal.is_closed() {
            return ("hold", "Storage cannot be written, so nothing is acknowledged.".to_owned());
        }
        if self.counters.standing_by.get() > 0 {
            let words = "This board stands by: another one moderates with its token.";
            return ("standby", words.to_owned());
        }
        if let Some(why) = self.polling() {
            return ("hindered", format!("Updates do not arrive: {why}."));
        }
        if self.counters.breaker_open.get() > 0 {
            return ("hindered", "Calls to Telegram fail; actions wait in the outbox.".to_owned());
        }
        if let Some(why) = self.dispatching() {
            return ("hindered", format!("Actions are not carried out: {why}."));
        }
        if !book.ai.is_on() {
            return ("rules_only", "The rules decide. No AI is set up, and none is needed.".to_owned());
        }
        let lane = self.lane.lock();
        let without = |tenant: &Tenant| Some((tenant.name.clone(), lane.degraded(&tenant.name)?, tenant.degrade));
        let mut away = book.tenants.iter().filter(|tenant| caller.sees(&tenant.name)).filter_map(without);
        match away.next() {
            None => ("full", "Rules and a model: what the rules are unsure of is shown to it.".to_owned()),
            Some((name, why, mode)) => {
                let others = match away.count() {
                    0 => String::new(),
                    others => format!(", and {others} more"),
                };
                ("no_ai", format!("No AI for tenant {name}{others}: {}, so {}.", why.words(), mode.effect()))
            }
        }
    }

    /// How it stands, in one sentence for whoever looks after the machine: mode, rung, queue.
    #[must_use]
    pub fn standing_in_words(&self) -> String {
        let book = self.in_force.now();
        let (rung, cause) = self.rung(&Caller::terminal(), &book);
        let mode = book.tenants.default_one().rules.mode.word();
        format!("{mode}, {rung}, {} actions wait. {cause}", self.counters.outbox_rows.get())
    }

    /// How everything stands that the caller may see. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn overview(&self, caller: &Caller) -> Told<Overview> {
        caller.is_at_least(Role::Viewer)?;
        let now = self.clock.now();
        let book = self.in_force.now();
        let (rung, cause) = self.rung(caller, &book);
        let banner = self.snapshots.banner()?.filter(|banner| !banner.text.is_empty()).unwrap_or_default();
        let failing = self.readiness().parts.into_iter().filter_map(|part| part.failing).collect();
        let tenants = if book.ai.is_on() { self.budget(caller)? } else { Vec::new() };
        Ok(Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            board: self.config.board.name.clone(),
            mode: book.tenants.default_one().rules.mode.word().to_owned(),
            rung: rung.to_owned(),
            cause,
            uptime_s: now.mono.0 / 1000,
            banner: banner.text,
            banner_by: banner.who,
            banner_at_s: banner.at.seconds(),
            failing,
            alarms: self.rounds.alarms(),
            numbers: self.numbers(now)?,
            groups: self.groups(caller, &book, now),
            tenants,
            policy: crate::reload::in_words(&book, &self.standing),
        })
    }

    /// Sets what everybody sees first; empty removes it. Owners.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn set_banner(&self, caller: &Caller, text: &str) -> Told<()> {
        caller.may(Role::Owner, None)?;
        let text = text.trim();
        if text.len() > limits::BANNER_BYTES_MAX {
            let words = format!("{} bytes; at most {} are shown", text.len(), limits::BANNER_BYTES_MAX);
            return Err(Refused::field("text", words));
        }
        let _one = self.one_at_a_time();
        let before = self.snapshots.banner()?.map(|banner| banner.text).unwrap_or_default();
        let banner = Banner { text: text.to_owned(), who: caller.told(), at: self.clock.now().wall };
        let audit = vec![self.audit_line(caller, None, "banner", before, text)];
        self.commit_desk(DeskTick { banner: Some(banner), audit, ..DeskTick::default() })
    }

    fn numbers(&self, now: Now) -> Told<Numbers> {
        let counters = &self.counters;
        let ms = |permille| counters.time_to_action.permille_us(permille).map(|us| us / 1_000);
        // What the first minutes write says little of a day.
        let up_ms = now.mono.0.max(FLASH_PACE_MS_MIN);
        let per_day = u128::from(counters.bytes_written.get()) * 86_400_000 / u128::from(up_ms);
        let flash_bytes_per_day = u64::try_from(per_day).unwrap_or(u64::MAX);
        let years = CARD_BYTES.checked_div(flash_bytes_per_day).map_or(u64::MAX, |days| days / 365);
        Ok(Numbers {
            messages: counters.messages.get(),
            blocked: counters.verdicts_block.get(),
            unsure: counters.verdicts_review.get(),
            actions_confirmed: counters.actions_confirmed.get(),
            time_to_action_p50_ms: ms(500),
            time_to_action_p99_ms: ms(990),
            outbox: counters.outbox_rows.get(),
            outbox_oldest_ms: counters.outbox_waiting_ms.get(),
            waiting_for_model: counters.review_rows.get(),
            paused_ms: counters.paused_ms.get(),
            dead_letters: self.snapshots.dead_letter_count()?,
            undecided: self.snapshots.undecided_count()?,
            memory_bytes: counters.resident_bytes.get(),
            memory_bytes_peak: counters.resident_bytes_peak.get(),
            memory_bytes_max: counters.memory_bytes_max.get(),
            data_bytes_max: counters.data_bytes_max.get(),
            flash_bytes_per_day,
            card_life_years: (years <= 100).then_some(years),
            live_pages: counters.live_pages.get(),
        })
    }

    /// The groups the caller looks after, the busiest first.
    fn groups(&self, caller: &Caller, rulebook: &Rulebook, now: Now) -> Vec<GroupView> {
        // Locked one after the other, never both.
        let away: BTreeMap<TenantName, String> = if rulebook.ai.is_on() {
            let lane = self.lane.lock();
            let why = |tenant: &Tenant| Some((tenant.name.clone(), lane.degraded(&tenant.name)?.words().to_owned()));
            rulebook.tenants.iter().filter_map(why).collect()
        } else {
            BTreeMap::new()
        };
        let is_closed = self.journal.is_closed();
        let paused_ms = self.counters.paused_ms.get();
        let book = lock(&self.book);
        let own = book.iter().filter(|(chat, _)| chat.0 < 0 && caller.sees(&rulebook.tenant(*chat).name));
        let mut groups: Vec<GroupView> = own
            .map(|(chat, record)| {
                let live = book.live(chat);
                let why_no_ai = away.get(&rulebook.tenant(chat).name).map(String::as_str);
                let (state, why) = state_of(record, &live, is_closed, paused_ms, why_no_ai, now);
                group(&book, rulebook, chat, record, &live, now, state, why)
            })
            .collect();
        drop(book);
        groups.sort_by_key(|group| (std::cmp::Reverse(group.messages), group.id));
        groups
    }
}

/// The rights a record lacks, in words.
fn lacks(record: &ChatRecord) -> Vec<&'static str> {
    let rights = [(record.delete, "delete messages"), (record.restrict, "ban users")];
    rights.into_iter().filter(|(right, _)| *right == Right::Missing).map(|(_, name)| name).collect()
}

/// How a group stands, by the first that applies, and why.
fn state_of(
    record: &ChatRecord,
    live: &Live,
    is_closed: bool,
    paused_ms: u64,
    why_no_ai: Option<&str>,
    now: Now,
) -> (GroupState, String) {
    let oldest_ms = oldest_ms(live, now);
    let lacks = lacks(record);
    let own_pause_ms = live.paused_until.since_ms(now.mono);
    if is_closed {
        let why = "Storage cannot be written, so nothing is acknowledged; look at the disk, and restart.";
        (GroupState::Holding, why.to_owned())
    } else if !lacks.is_empty() {
        let why = format!(
            "The bot lacks the right to {}; give it in the group's list of administrators.",
            lacks.join(" and the right to ")
        );
        (GroupState::WatchOnly, why)
    } else if record.is_watch_only() {
        let why = "Actions were refused again and again; make the bot an administrator who may delete and ban.";
        (GroupState::WatchOnly, why.to_owned())
    } else if own_pause_ms.max(paused_ms) > 0 {
        let seconds = own_pause_ms.max(paused_ms).div_ceil(1_000);
        let whose = if own_pause_ms >= paused_ms { "in this group" } else { "of all calls" };
        (GroupState::RateLimited, format!("Telegram asked for a pause {whose}; {seconds} s are left."))
    } else if oldest_ms > limits::BACKLOG_HIGH_MS || live.waiting > limits::BACKLOG_HIGH_ROWS {
        let why =
            format!("{} actions wait, the oldest for {} s; they are worked off.", live.waiting, oldest_ms / 1_000);
        (GroupState::BacklogHigh, why)
    } else if let Some(why) = why_no_ai {
        (GroupState::Degraded, format!("No AI is asked: {why}."))
    } else if record.facts_at.0 == 0 {
        (GroupState::Unknown, "Its administrators and the bot's rights are being asked for.".to_owned())
    } else {
        (GroupState::Connected, String::new())
    }
}

/// The age of the oldest action that waits, milliseconds.
fn oldest_ms(live: &Live, now: Now) -> u64 {
    live.oldest.map_or(0, |oldest| now.wall.0.saturating_sub(oldest.0))
}

#[expect(clippy::too_many_arguments, reason = "each is a part of the one view")]
fn group(
    book: &ChatBook,
    rulebook: &Rulebook,
    chat: ChatId,
    record: &ChatRecord,
    live: &Live,
    now: Now,
    state: GroupState,
    why: String,
) -> GroupView {
    let thresholds = rulebook.terms(chat).thresholds;
    let right = |name: &str, right: Right| RightView {
        name: name.to_owned(),
        state: match right {
            Right::Held => "held",
            Right::Missing => "missing",
            Right::Unknown => "unknown",
        }
        .to_owned(),
    };
    GroupView {
        id: chat.0,
        title: book.title(chat).to_owned(),
        tenant: rulebook.tenant(chat).name.to_string(),
        state,
        why,
        mode: rulebook.rules(chat).mode.word().to_owned(),
        review: thresholds.review,
        block: thresholds.block,
        messages: live.messages,
        blocked: live.blocked,
        unsure: live.unsure,
        outbox: live.waiting,
        outbox_oldest_ms: oldest_ms(live, now),
        rights: vec![right("delete messages", record.delete), right("ban users", record.restrict)],
        last_message_s: live.last_message.seconds(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Monotonic, Wall};

    const NOW: Now = Now { mono: Monotonic(50_000), wall: Wall(1_760_000_050_000) };

    fn known() -> ChatRecord {
        ChatRecord { delete: Right::Held, restrict: Right::Held, facts_at: Wall(1), ..ChatRecord::default() }
    }

    #[test]
    fn the_state_of_a_group_is_the_first_that_applies() {
        let live = Live { waiting: 3, oldest: Some(Wall(NOW.wall.0 - 6_000)), ..Live::default() };
        let paused = Live { paused_until: Monotonic(60_000), ..live };
        let missing = ChatRecord { restrict: Right::Missing, ..known() };
        let refused = ChatRecord { refusals: 9, ..known() };
        let none = Live::default();
        let state = |record: &ChatRecord, live: &Live, closed, paused_ms, no_ai| {
            state_of(record, live, closed, paused_ms, no_ai, NOW).0
        };
        assert_eq!(state(&missing, &paused, true, 5, Some("x")), GroupState::Holding);
        assert_eq!(state(&missing, &paused, false, 5, Some("x")), GroupState::WatchOnly);
        assert_eq!(state(&refused, &paused, false, 5, Some("x")), GroupState::WatchOnly);
        assert_eq!(state(&known(), &paused, false, 0, Some("x")), GroupState::RateLimited);
        assert_eq!(state(&known(), &live, false, 5, Some("x")), GroupState::RateLimited);
        assert_eq!(state(&known(), &live, false, 0, Some("x")), GroupState::BacklogHigh);
        let many = Live { waiting: 101, ..none };
        assert_eq!(state(&known(), &many, false, 0, Some("x")), GroupState::BacklogHigh);
        assert_eq!(state(&known(), &none, false, 0, Some("x")), GroupState::Degraded);
        assert_eq!(state(&ChatRecord::default(), &none, false, 0, None), GroupState::Unknown);
        assert_eq!(state_of(&known(), &none, false, 0, None, NOW), (GroupState::Connected, String::new()));
        let (_, why) = state_of(&missing, &none, false, 0, None, NOW);
        assert!(why.contains("ban users") && why.contains("give it"), "{why}");
    }
}
