//! How many calls Telegram takes, kept as exact windows, so that whoever calls too often is told how long to wait.
//!
//! Promises: in no window more calls pass than its limit; a wait that was named and kept is enough; the same calls at the
//! same times give the same answers.
//!
//! Never: a clock. Time is a parameter, in microseconds.

use super::api::Method;
use std::collections::{HashMap, VecDeque};

/// What Telegram documents of its limits. A limit of 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealLimits {
    /// Calls in any second, polls not included.
    pub calls_per_second: usize,
    /// Messages to one group in any minute.
    pub group_messages_per_minute: usize,
    /// Messages to one chat in any second.
    pub chat_messages_per_second: usize,
}

impl Default for RealLimits {
    /// As the Bot API's questions and answers name them.
    fn default() -> Self {
        Self { calls_per_second: 30, group_messages_per_minute: 20, chat_messages_per_second: 1 }
    }
}

const SECOND_US: u64 = 1_000_000;
const MINUTE_US: u64 = 60 * SECOND_US;

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Window {
    /// Every call that changes something, by order of the script's faults.
    Actions,
    /// The same, of one chat.
    ActionsOf(i64),
    /// Every call, by Telegram's limits.
    Calls,
    /// Every new message to one chat, by Telegram's limits.
    MessagesTo(i64),
}

impl Window {
    /// The windows that a call can fall into.
    pub fn of(method: Method, chat: i64) -> [Option<Self>; 4] {
        [
            method.is_action().then_some(Self::Actions),
            method.is_action().then_some(Self::ActionsOf(chat)),
            Some(Self::Calls),
            method.speaks().then_some(Self::MessagesTo(chat)),
        ]
    }
}

/// A call that is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooOften {
    /// What has to wait.
    pub window: Window,
    /// Whole seconds, rounded up.
    pub seconds: u64,
}

/// The calls that passed of late.
#[derive(Debug, Default)]
pub(super) struct Recent {
    calls: VecDeque<u64>,
    chats: HashMap<i64, VecDeque<u64>>,
}

impl Recent {
    /// Lets a call pass, or says what it must wait for.
    pub fn pass(&mut self, limits: RealLimits, method: Method, chat: i64, now_us: u64) -> Result<(), TooOften> {
        let too_often = |window, wait_us: u64| TooOften { window, seconds: wait_us.div_ceil(SECOND_US) };
        forget(&mut self.calls, now_us, SECOND_US);
        if let Some(wait_us) = wait_us(&self.calls, limits.calls_per_second, SECOND_US, now_us) {
            return Err(too_often(Window::Calls, wait_us));
        }
        if method.speaks() {
            let said = self.chats.entry(chat).or_default();
            forget(said, now_us, MINUTE_US);
            // Ids of groups and channels are negative.
            let a_minute = if chat < 0 { limits.group_messages_per_minute } else { 0 };
            let waits = [
                wait_us(said, limits.chat_messages_per_second, SECOND_US, now_us),
                wait_us(said, a_minute, MINUTE_US, now_us),
            ];
            if let Some(wait_us) = waits.into_iter().flatten().max() {
                return Err(too_often(Window::MessagesTo(chat), wait_us));
            }
            said.push_back(now_us);
        }
        self.calls.push_back(now_us);
        Ok(())
    }
}

fn forget(times: &mut VecDeque<u64>, now_us: u64, period_us: u64) {
    while times.front().is_some_and(|time| time.saturating_add(period_us) <= now_us) {
        times.pop_front();
    }
}

/// How long until one more fits into a period; `None` when it does now.
fn wait_us(times: &VecDeque<u64>, limit: usize, period_us: u64, now_us: u64) -> Option<u64> {
    let nth_last = times.len().checked_sub(limit).filter(|_| limit > 0).and_then(|at| times.get(at))?;
    let free_us = nth_last.saturating_add(period_us);
    (free_us > now_us).then(|| free_us - now_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_no_window_pass_more_than_the_limit_and_a_kept_wait_is_enough() {
        let (limits, mut recent) = (RealLimits::default(), Recent::default());
        let (mut now_us, mut passed) = (0, Vec::new());
        for n in 0..2_000_u64 {
            now_us += n * 7_919 % 40_000;
            let chat = -1 - i64::try_from(n % 3).expect("small");
            match recent.pass(limits, Method::SendMessage, chat, now_us) {
                Ok(()) => passed.push((now_us, chat)),
                Err(TooOften { seconds, .. }) => {
                    now_us += seconds * SECOND_US;
                    assert_eq!(recent.pass(limits, Method::SendMessage, chat, now_us), Ok(()));
                    passed.push((now_us, chat));
                }
            }
        }
        for (at, (from_us, chat)) in passed.iter().enumerate() {
            let within = |period_us| passed[at..].iter().filter(move |(time, _)| time - from_us < period_us);
            assert!(within(SECOND_US).count() <= 30);
            assert!(within(MINUTE_US).filter(|(_, other)| other == chat).count() <= 20);
            assert!(within(SECOND_US).filter(|(_, other)| other == chat).count() <= 1);
        }
    }
}
