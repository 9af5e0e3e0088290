//! One chat's promised actions, in their order.
//!
//! Promises: removals before measures against senders before notices, and in turn where much waits; a notice waits while a duty of its chat is
//! ready. Measures about one sender keep their order, and none begins while another about the same sender is under way.
//! What a chat is called is asked for when nothing else is to be done. A lane knows when it may be looked at next.

use crate::clock::{Monotonic, Now};
use crate::limits;
use crate::message::{MessageId, Sender};
use crate::pacing::Bucket;
use crate::store::records::{OutboxKey, OutboxRow, OutboxState};
use crate::verdict::ActionKind;
use std::collections::{BTreeSet, VecDeque};

/// A promised action in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub row: OutboxRow,
    /// Not before this time.
    pub ready: Monotonic,
    /// Whether a removal must go in a call of its own, because a call for many was refused.
    pub company: Company,
}

/// Whether a removal may share a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    Any,
    Alone,
}

/// What is known of a chat's administrators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facts {
    /// Not asked, or not answered: to be asked at this time.
    Wanted { at: Monotonic, tries: u32 },
    /// A call is under way.
    Asking { tries: u32 },
    /// Known, or known not to be had.
    Settled,
}

/// One chat's actions.
#[derive(Debug)]
pub(super) struct Lane {
    pub removals: VecDeque<Item>,
    pub measures: VecDeque<Item>,
    pub notices: VecDeque<Item>,
    /// Calls under way in this chat.
    pub in_flight: usize,
    /// Removal calls under way: one at a time, so that what gathers meanwhile shares the next.
    pub removing: usize,
    /// Whether the last duty picked was a removal.
    removed_last: bool,
    /// Telegram asked for a pause until then.
    pub paused_until: Monotonic,
    pub notice_bucket: Bucket,
    /// Telegram wants a moment between two messages to one chat.
    next_word_at: Monotonic,
    word_gap_ms: u64,
    /// The copy under way, by the message of its key: its card waits.
    pub copying: Option<MessageId>,
    pub administrators: Facts,
    /// Whether duties must wait for the administrators: not when an earlier answer is on file.
    pub must_know: MustKnow,
    /// What the chat says of itself: its title, and the channel it is linked with.
    pub linked: Facts,
}

/// Whether duties of a chat wait until its administrators are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MustKnow {
    Yes,
    No,
}

/// What a lane would do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pick {
    Remove(Vec<Item>),
    RemoveAlone(Item),
    Measure(Item),
    Notice(Item),
    /// A notice that must be marked as sent, durably, before it is sent.
    Mark(OutboxRow),
    AskAdministrators {
        tries: u32,
    },
    AskLinked {
        tries: u32,
    },
    /// Nothing before this time; `None` when only an answer can change that.
    Nothing(Option<Monotonic>),
}

impl Lane {
    pub fn new(group_messages_per_minute: u32, must_know: MustKnow) -> Self {
        Self {
            removals: VecDeque::new(),
            measures: VecDeque::new(),
            notices: VecDeque::new(),
            in_flight: 0,
            removing: 0,
            removed_last: false,
            paused_until: Monotonic(0),
            notice_bucket: Bucket::new(group_messages_per_minute, 60_000),
            next_word_at: Monotonic(0),
            word_gap_ms: if group_messages_per_minute == 0 { 0 } else { limits::WORD_GAP_MS },
            copying: None,
            administrators: Facts::Wanted { at: Monotonic(0), tries: 0 },
            must_know,
            linked: Facts::Wanted { at: Monotonic(0), tries: 0 },
        }
    }

    fn queue(&mut self, kind: ActionKind) -> &mut VecDeque<Item> {
        match kind {
            kind if kind.is_removal() => &mut self.removals,
            // An edit is a message too, and comes after what it changes.
            kind if kind.is_courtesy() || kind == ActionKind::Edit => &mut self.notices,
            _ => &mut self.measures,
        }
    }

    pub fn push(&mut self, item: Item) {
        self.queue(item.row.key.action).push_back(item);
    }

    /// Puts back what was not done, in its place at the front.
    pub fn put_back(&mut self, items: Vec<Item>) {
        for item in items.into_iter().rev() {
            self.queue(item.row.key.action).push_front(item);
        }
    }

    pub fn len(&self) -> usize {
        self.removals.len() + self.measures.len() + self.notices.len()
    }

    /// Whether so much waits here that others go before it. What waits for its own time does not count.
    pub fn is_loud(&self, now: Now) -> bool {
        let all = self.removals.len() + self.measures.len();
        let mut due = self.removals.iter().chain(&self.measures).filter(|item| !item.row.is_scheduled(now.wall));
        all > limits::LOUD_ROWS && due.nth(limits::LOUD_ROWS).is_some()
    }

    /// Whether the lane has neither work nor questions nor calls, and so need not be kept.
    pub fn is_idle(&self, now: Monotonic) -> bool {
        self.len() == 0
            && self.in_flight == 0
            && self.administrators == Facts::Settled
            && self.linked == Facts::Settled
            && self.paused_until <= now
            && self.notice_bucket.ready_at().max(self.next_word_at) <= now
    }

    /// Takes an action out, if it waits here.
    pub fn take(&mut self, key: OutboxKey) -> Option<Item> {
        let queue = self.queue(key.action);
        let index = queue.iter().position(|item| item.row.key == key)?;
        queue.remove(index)
    }

    /// When the chat may be asked what it is called; `None` while that is known, or being asked.
    pub fn asks_of_itself_at(&self) -> Option<Monotonic> {
        match self.linked {
            Facts::Wanted { at, .. } => Some(at.max(self.paused_until)),
            Facts::Asking { .. } | Facts::Settled => None,
        }
    }

    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.removals.iter().chain(&self.measures).chain(&self.notices)
    }

    /// What to do now. `at_once` is how many calls the chat may have under way, `busy` says about whom a measure is, `held`
    /// until when a duty waits for the copy of its message.
    pub fn pick(
        &mut self,
        now: Now,
        at_once: usize,
        busy: impl Fn(Sender) -> bool,
        held: impl Fn(MessageId) -> Option<Monotonic>,
    ) -> Pick {
        if self.paused_until > now.mono {
            return Pick::Nothing(Some(self.paused_until));
        }
        if self.in_flight >= at_once {
            return Pick::Nothing(None);
        }
        let mut soonest = None;
        if let Some(pick) = self.pick_question(now, &mut soonest) {
            return pick;
        }
        if self.must_know == MustKnow::No || self.administrators == Facts::Settled {
            if let Some(pick) = self.pick_duty(now, busy, &held, &mut soonest) {
                return pick;
            }
            if let Some(pick) = self.pick_notice(now, &mut soonest) {
                return pick;
            }
        }
        Pick::Nothing(soonest)
    }

    fn pick_question(&mut self, now: Now, soonest: &mut Option<Monotonic>) -> Option<Pick> {
        if let Facts::Wanted { at, tries } = self.administrators {
            if at <= now.mono {
                return Some(Pick::AskAdministrators { tries });
            }
            sooner(soonest, at);
        }
        let about_a_channel = self.items().any(|item| matches!(item.row.target, Sender::Channel(_)));
        if let Facts::Wanted { at, tries } = self.linked
            && about_a_channel
        {
            if at <= now.mono {
                return Some(Pick::AskLinked { tries });
            }
            sooner(soonest, at);
        }
        None
    }

    /// An action against a channel waits until it is known whether the chat is linked with it.
    fn may_go(&self, item: &Item) -> bool {
        !matches!(item.row.target, Sender::Channel(_)) || self.linked == Facts::Settled
    }

    fn pick_duty(
        &mut self,
        now: Now,
        busy: impl Fn(Sender) -> bool,
        held: &impl Fn(MessageId) -> Option<Monotonic>,
        soonest: &mut Option<Monotonic>,
    ) -> Option<Pick> {
        // Where much waits, removals and measures take turns: else a flood of messages to remove would keep every sender.
        let measures_first = self.removed_last && self.is_loud(now);
        if self.removing == 0
            && !measures_first
            && let Some(pick) = self.pick_removal(now, held, soonest)
        {
            return Some(pick);
        }
        // One that waits holds back those behind it that are about the same sender, unless it waits for its time only.
        let mut held_back: BTreeSet<Sender> = BTreeSet::new();
        let mut found = None;
        for (index, item) in self.measures.iter().enumerate() {
            let target = item.row.target;
            if busy(target) || held_back.contains(&target) {
                continue;
            }
            let at = held(item.row.key.message).map_or(item.ready, |until| until.max(item.ready));
            if at <= now.mono && self.may_go(item) {
                found = Some(index);
                break;
            }
            if self.may_go(item) {
                sooner(soonest, at);
            }
            if !item.row.is_scheduled(now.wall) {
                held_back.insert(target);
            }
        }
        if let Some(item) = found.and_then(|index| self.measures.remove(index)) {
            self.removed_last = false;
            return Some(Pick::Measure(item));
        }
        if self.removing == 0 && measures_first { self.pick_removal(now, held, soonest) } else { None }
    }

    fn pick_removal(
        &mut self,
        now: Now,
        held: &impl Fn(MessageId) -> Option<Monotonic>,
        soonest: &mut Option<Monotonic>,
    ) -> Option<Pick> {
        let mut batch = Vec::new();
        let mut index = 0;
        while let Some(item) = self.removals.get(index) {
            let at = held(item.row.key.message).map_or(item.ready, |until| until.max(item.ready));
            if !self.may_go(item) {
                index += 1;
            } else if at > now.mono {
                sooner(soonest, at);
                index += 1;
            } else if item.company == Company::Alone {
                if batch.is_empty() {
                    return self.removals.remove(index).map(Pick::RemoveAlone);
                }
                index += 1;
            } else {
                batch.extend(self.removals.remove(index));
                if batch.len() >= limits::DELETE_BATCH_MAX {
                    break;
                }
            }
        }
        self.removed_last |= !batch.is_empty();
        (!batch.is_empty()).then_some(Pick::Remove(batch))
    }

    fn pick_notice(&mut self, now: Now, soonest: &mut Option<Monotonic>) -> Option<Pick> {
        // Copies first: deletions wait for them. A card waits until the copy it answers to is made, or is known not to be had.
        let place = self.notices.iter().position(|item| item.row.key.action == ActionKind::Copy).unwrap_or(0);
        let item = self.notices.get(place)?;
        if item.row.key.action == ActionKind::Card && self.copying == Some(item.row.key.message) {
            return None;
        }
        let at = item.ready.max(self.notice_bucket.ready_at()).max(self.next_word_at);
        if at > now.mono {
            sooner(soonest, at);
            return None;
        }
        if item.row.state == OutboxState::Pending && item.row.key.action.is_courtesy() {
            return Some(Pick::Mark(item.row.clone()));
        }
        self.notice_bucket.take(now.mono);
        let item = self.notices.remove(place)?;
        self.next_word_at = now.mono.plus_ms(self.word_gap_ms);
        if item.row.key.action == ActionKind::Copy {
            self.copying = Some(item.row.key.message);
        }
        Some(Pick::Notice(item))
    }
}

pub(super) fn sooner(soonest: &mut Option<Monotonic>, at: Monotonic) {
    *soonest = Some(soonest.map_or(at, |known| known.min(at)));
}
