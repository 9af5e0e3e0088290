//! Two boards and one token: who moderates, and when the other takes over.
//!
//! Telegram gives updates to whoever asked last, and answers 409 to the one who was waiting. From that alone each board decides
//! for itself, by these rules:
//!
//! * **The one at work stays.** Whoever has polled without a gap for [`Times::settled_ms`] is settled, and asks again at once when
//!   it is interrupted. Who has not (it just started, or was cut off for longer than [`Times::lapse_ms`]) is a newcomer: after a
//!   few interruptions it steps back and stands by. So a board that comes back after its power was gone finds the other at work,
//!   and leaves it there. Of two newcomers the one that was interrupted more often steps back, and chance tells them apart.
//!   A settled one steps back as well when the interruptions do not end: what interrupts it is no board of ours.
//! * **Who stands by disturbs nobody.** It asks how many updates wait at Telegram, which interrupts no poll. Only when some have
//!   waited for [`Times::silence_ms`] it looks at the first of them, twice, without acknowledging it: the same one still there
//!   means that nobody takes them. Then it takes over.
//! * **Who stands by takes on nothing new.** What it had decided itself it carries out: nobody else knows of it, and what was
//!   acknowledged is promised. What it had promised for a time of its own (the removal of somebody who presses no button) rests,
//!   since the press may have come to the other. So it does in a board that starts after a longer pause, until that has polled
//!   undisturbed for [`Times::confirm_ms`]. What gives rights back does not rest.
//!
//! Promises: an update is acknowledged only by a board that made it durable, so none is lost between two; with the usual times a
//! board that stands by acts within a minute of the first message after the other's end. Time and chance are given.
//!
//! Not promised: that two boards never judge the same update. One that was handed out and not yet acknowledged when the other took
//! over is judged by both; with the same rules both ask for the same, which has one effect. What a board knows besides (members,
//! budgets, cards, decisions) is not carried over while both run: that is what backups are for.

use crate::clock::Monotonic;
use crate::message::UpdateId;
use std::collections::VecDeque;

/// Interruptions within [`Times::settled_ms`] after which a newcomer steps back. Two looks of a board that stands by are not
/// enough.
const NEWCOMER_CONFLICTS: usize = 3;

/// The same for one that is settled.
const SETTLED_CONFLICTS: usize = 12;

/// Every time in these rules, from the one that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long updates must have waited until the other board counts as gone, milliseconds.
    pub silence_ms: u64,
}

impl Times {
    /// The times that follow from a silence of so many seconds.
    #[must_use]
    pub const fn of(silence_s: u64) -> Self {
        Self { silence_ms: if silence_s == 0 { 1_000 } else { silence_s.saturating_mul(1_000) } }
    }

    /// How often it is asked how many updates wait, milliseconds.
    #[must_use]
    pub const fn look_ms(self) -> u64 {
        self.silence_ms / 4
    }

    /// How long lies between the two looks at the first update, milliseconds.
    #[must_use]
    pub const fn confirm_ms(self) -> u64 {
        self.silence_ms / 5
    }

    /// Polling so long without a gap makes a board settled, milliseconds.
    #[must_use]
    pub const fn settled_ms(self) -> u64 {
        self.silence_ms.saturating_mul(3)
    }

    /// A gap of so long makes a newcomer again, milliseconds. Less than the silence: nobody takes over from one who is settled.
    #[must_use]
    pub const fn lapse_ms(self) -> u64 {
        self.silence_ms / 4 * 3
    }

    /// From the first update that nobody takes to the poll that takes it, at most, when Telegram answers at once: milliseconds.
    #[must_use]
    pub const fn takeover_ms_max(self) -> u64 {
        // The first look, the silence, the look that passes it, and the second of the two at the first update.
        self.silence_ms + 2 * self.look_ms() + self.confirm_ms()
    }
}

/// What to do about an interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Poll again after so many milliseconds.
    Again(u64),
    /// Step back.
    StandBy,
}

/// A board's claim to be the one that polls.
#[derive(Clone, Debug)]
pub struct Claim {
    times: Times,
    /// Since when it has polled without a gap.
    since: Option<Monotonic>,
    /// When Telegram last answered a poll, also by interrupting it.
    heard: Option<Monotonic>,
    /// When it was interrupted; at most [`SETTLED_CONFLICTS`].
    conflicts: VecDeque<Monotonic>,
}

impl Claim {
    /// A newcomer's.
    #[must_use]
    pub const fn new(times: Times) -> Self {
        Self { times, since: None, heard: None, conflicts: VecDeque::new() }
    }

    fn hear(&mut self, asked: Monotonic, now: Monotonic) {
        let gap_ms = self.heard.map_or(u64::MAX, |heard| asked.since_ms(heard));
        if gap_ms > self.times.lapse_ms() {
            self.since = Some(asked);
        }
        self.heard = Some(now);
    }

    /// A poll that was sent at `asked` was answered.
    pub fn answered(&mut self, asked: Monotonic, now: Monotonic) {
        self.hear(asked, now);
    }

    /// Whether it has polled without a gap for long enough.
    #[must_use]
    pub fn is_settled(&self, now: Monotonic) -> bool {
        self.since.is_some_and(|since| now.since_ms(since) >= self.times.settled_ms())
    }

    /// A poll that was sent at `asked` was interrupted by another.
    pub fn interrupted(&mut self, asked: Monotonic, now: Monotonic, chance: u64) -> Answer {
        self.hear(asked, now);
        while self.conflicts.front().is_some_and(|at| now.since_ms(*at) > self.times.settled_ms()) {
            self.conflicts.pop_front();
        }
        self.conflicts.push_back(now);
        let silence_ms = self.times.silence_ms;
        let (most, pause_ms) = if self.is_settled(now) {
            (SETTLED_CONFLICTS, silence_ms / 40)
        } else {
            // By chance, so that of two newcomers not both come back at one time.
            (NEWCOMER_CONFLICTS, silence_ms / 10 + chance % (silence_ms / 5).max(1))
        };
        if self.conflicts.len() >= most {
            *self = Self::new(self.times);
            return Answer::StandBy;
        }
        Answer::Again(pause_ms)
    }
}

/// What a board that stands by does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask how many updates wait, after so many milliseconds.
    Look(u64),
    /// Look at the first update that waits, after so many milliseconds, and leave it there.
    Peek(u64),
    /// Poll.
    TakeOver,
}

/// What a board that stands by has seen of the updates that wait.
#[derive(Clone, Debug)]
pub struct Watch {
    times: Times,
    /// Since when some have waited at every look.
    since: Option<Monotonic>,
    /// The first of them, and when it was looked at.
    first: Option<(UpdateId, Monotonic)>,
}

impl Watch {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new(times: Times) -> Self {
        Self { times, since: None, first: None }
    }

    /// How long to wait for the next look, milliseconds: by chance a little shorter, so that of two that stand by not both take
    /// over at one time.
    fn pause_ms(&self, chance: u64) -> u64 {
        let look_ms = self.times.look_ms();
        look_ms - chance % (look_ms / 4).max(1)
    }

    fn again(&mut self, chance: u64) -> Step {
        (self.since, self.first) = (None, None);
        Step::Look(self.pause_ms(chance))
    }

    /// So many updates wait; `None` when Telegram did not say.
    pub fn looked(&mut self, waiting: Option<u64>, now: Monotonic, chance: u64) -> Step {
        match waiting {
            None | Some(0) => self.again(chance),
            Some(_) => {
                let since = *self.since.get_or_insert(now);
                let is_silent = now.since_ms(since) >= self.times.silence_ms;
                if is_silent { Step::Peek(0) } else { Step::Look(self.pause_ms(chance)) }
            }
        }
    }

    /// This is the first update that waits; `None` when none does, or Telegram did not say.
    pub fn peeked(&mut self, first: Option<UpdateId>, now: Monotonic, chance: u64) -> Step {
        match (first, self.first) {
            (Some(id), None) => {
                self.first = Some((id, now));
                Step::Peek(self.times.confirm_ms())
            }
            (Some(id), Some((known, at))) if id == known => match now.since_ms(at) {
                waited if waited >= self.times.confirm_ms() => Step::TakeOver,
                waited => Step::Peek(self.times.confirm_ms().saturating_sub(waited)),
            },
            _ => self.again(chance),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times::of(crate::limits::STANDBY_SILENCE_S);

    fn at(s: u64) -> Monotonic {
        Monotonic(s * 1_000)
    }

    /// Polls of 50 s from `from` to `to`, seconds.
    fn settled(from: u64, to: u64) -> Claim {
        let mut claim = Claim::new(TIMES);
        for s in (from..to).step_by(50) {
            claim.answered(at(s), at(s + 50));
        }
        claim
    }

    #[test]
    fn with_the_usual_times_it_takes_less_than_a_minute() {
        assert!(TIMES.takeover_ms_max() <= 40_000, "{}", TIMES.takeover_ms_max());
        assert!(TIMES.lapse_ms() < TIMES.silence_ms);
    }

    #[test]
    fn the_one_at_work_stays_and_the_newcomer_steps_back() {
        let (mut old, mut new) = (settled(0, 600), Claim::new(TIMES));
        // Each poll ends the other's: the old one comes back at once, the new one after a while.
        let mut now = at(620);
        let mut rounds = 0;
        loop {
            let Answer::Again(pause_ms) = old.interrupted(at(600), now, 7) else {
                panic!("the one at work stepped back")
            };
            assert_eq!(pause_ms, 500);
            let asked = now;
            now = now.plus_ms(pause_ms);
            rounds += 1;
            match new.interrupted(asked, now, rounds * 999) {
                Answer::Again(pause_ms) => now = now.plus_ms(pause_ms),
                Answer::StandBy => break,
            }
        }
        assert!(rounds == 3 && old.is_settled(now), "{rounds} rounds");
    }

    #[test]
    fn a_long_quiet_poll_is_no_gap_and_an_outage_is() {
        let mut claim = settled(0, 600);
        assert!(claim.is_settled(at(600)));
        assert_eq!(claim.interrupted(at(600), at(645), 0), Answer::Again(500), "held for 45 s");
        assert_eq!(claim.interrupted(at(646), at(647), 0), Answer::Again(500));
        // No answer for an hour, and the other has taken over meanwhile.
        assert!(matches!(claim.interrupted(at(4_000), at(4_001), 0), Answer::Again(2_000..)));
        assert!(matches!(claim.interrupted(at(4_003), at(4_004), 0), Answer::Again(2_000..)));
        assert_eq!(claim.interrupted(at(4_006), at(4_007), 0), Answer::StandBy);
    }

    #[test]
    fn whoever_is_interrupted_again_and_again_by_a_stranger_steps_back() {
        let mut claim = settled(0, 600);
        let mut now = at(600);
        let mut count = 1;
        while claim.interrupted(now, now.plus_ms(1_000), 0) != Answer::StandBy {
            now = now.plus_ms(1_500);
            count += 1;
        }
        assert_eq!(count, SETTLED_CONFLICTS);
        // Now and then is no reason.
        let mut claim = settled(0, 600);
        for n in 0..100 {
            claim.answered(at(600 + n * 10), at(605 + n * 10));
            assert!(matches!(claim.interrupted(at(605 + n * 10), at(610 + n * 10), 0), Answer::Again(_)));
        }
    }

    #[test]
    fn of_two_newcomers_one_stays() {
        for seed in 0..500_u64 {
            let mut claims = [Claim::new(TIMES), Claim::new(TIMES)];
            // Who polls now, and when each comes back.
            let (mut asked, mut back, mut polling) = ([at(0), at(0)], [None, Some(at(1))], 0_usize);
            let mut left = None;
            for round in 0..40_u64 {
                let other = 1 - polling;
                let Some(comes) = back[other].take() else { break };
                let chance = crate::demo::faults::mix(seed, round, 3);
                match claims[polling].interrupted(asked[polling], comes, chance) {
                    Answer::Again(pause_ms) => back[polling] = Some(comes.plus_ms(pause_ms)),
                    Answer::StandBy => left = Some(polling),
                }
                (asked[other], polling) = (comes, other);
                if left.is_some() {
                    break;
                }
            }
            assert!(left.is_some_and(|left| left != polling), "seed {seed}");
        }
    }

    /// Plays a watch over updates: `first_at` says which is first at a second, `None` when none waits. Returns when it took over.
    fn play(first_at: impl Fn(u64) -> Option<u32>, until_s: u64) -> (Option<u64>, usize) {
        let (mut watch, mut now, mut step, mut peeks) = (Watch::new(TIMES), at(0), Step::Look(0), 0);
        while now < at(until_s) {
            step = match step {
                Step::Look(ms) => {
                    now = now.plus_ms(ms);
                    watch.looked(Some(u64::from(first_at(now.0 / 1_000).is_some())), now, now.0)
                }
                Step::Peek(ms) => {
                    now = now.plus_ms(ms);
                    peeks += 1;
                    watch.peeked(first_at(now.0 / 1_000).map(UpdateId), now, now.0)
                }
                Step::TakeOver => return (Some(now.0 / 1_000), peeks),
            };
        }
        (None, peeks)
    }

    #[test]
    fn who_stands_by_takes_over_when_nobody_takes_the_first_update_and_disturbs_nobody_else() {
        let died_s = 1_000;
        let (took, peeks) = play(|s| (s >= died_s).then_some(7), 2_000);
        let after_s = took.unwrap() - died_s;
        assert!(after_s * 1_000 <= TIMES.takeover_ms_max() && peeks == 2, "{after_s} s, {peeks} looks");
        assert_eq!(play(|_| None, 90_000), (None, 0), "nothing waits");
        assert_eq!(play(|s| (s % 15 == 0).then_some(u32::try_from(s).unwrap()), 9_000).0, None, "the other takes them");
        // Always some, always others: a busy group, and somebody who takes them.
        let (took, peeks) = play(|s| Some(u32::try_from(s).unwrap()), 9_000);
        assert!(took.is_none() && peeks < 9_000 / 10, "{peeks} looks");
    }

    #[test]
    fn what_telegram_does_not_say_is_no_reason_to_take_over() {
        let mut watch = Watch::new(TIMES);
        for s in 0..500 {
            let waiting = if s % 15 == 0 { None } else { Some(9) };
            assert!(matches!(watch.looked(waiting, at(s), s), Step::Look(_)));
        }
        let mut watch = Watch::new(TIMES);
        assert!(matches!(watch.looked(Some(1), at(0), 0), Step::Look(_)));
        assert_eq!(watch.looked(Some(1), at(30), 0), Step::Peek(0));
        assert!(matches!(watch.peeked(Some(UpdateId(5)), at(30), 0), Step::Peek(4_000)));
        assert!(matches!(watch.peeked(None, at(34), 0), Step::Look(_)));
    }
}
