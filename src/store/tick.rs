//! One commit's worth of changes, as values.
//!
//! Promises: what stands in one [`Tick`] becomes durable together or not at all. Several ticks may share a commit.

use super::desk::DeskTick;
use super::group::GroupTick;
use super::hooks::HooksTick;
use super::records::{
    AlbumRecord, Audit, ChatRecord, DeadLetter, Decision, MemberRecord, OutboxKey, OutboxRow, Pause, ReviewRow,
    Undecided,
};
use super::sync::SyncTick;
use crate::budget::{Caps, Hold, Paid};
use crate::message::{AlbumId, ChatId, MessageId, TraceId, UpdateId, UserId};
use crate::tenant::TenantName;

/// A decision and the actions it promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The decision.
    pub decision: Decision,
    /// Its actions. A row whose key is in the outbox, or came to an end lately, is not promised again.
    pub rows: Vec<OutboxRow>,
}

impl Promise {
    /// How many of its rows do something in the group: a card is none.
    #[must_use]
    pub fn actions(&self) -> u64 {
        let count = self.rows.iter().filter(|row| row.key.action.is_for_rules()).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

/// What is known of a member from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberChange {
    /// The chat.
    pub chat: ChatId,
    /// The member.
    pub user: UserId,
    /// The record from now on.
    pub record: MemberRecord,
}

/// A message that waited and is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub message: MessageId,
    /// The trace of the revision that was decided: if another waits by now, this changes nothing.
    pub trace: TraceId,
    /// What follows.
    pub promise: Option<Promise>,
}

/// Changes that become durable together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Updates that are dealt with once this is durable.
    pub updates: Vec<UpdateId>,
    /// Decisions and what they promise.
    pub promises: Vec<Promise>,
    /// Rows whose state, attempts or time changed. Rows that are not in the outbox are left out.
    pub changed: Vec<OutboxRow>,
    /// Actions that are done.
    pub confirmed: Vec<OutboxKey>,
    /// Actions that need not be done any more, and why.
    pub dropped: Vec<OutboxKey>,
    /// Actions that are given up.
    pub dead: Vec<DeadLetter>,
    /// Dead letters taken back into the outbox, by number.
    pub revived: Vec<u64>,
    /// Dead letters removed for good, by number.
    pub discarded: Vec<u64>,
    /// Messages nobody has decided.
    pub undecided: Vec<Undecided>,
    /// Chats whose record changed.
    pub chats: Vec<(ChatId, ChatRecord)>,
    /// Members whose record changed.
    pub members: Vec<MemberChange>,
    /// Pauses that were asked for; chat 0 for all calls.
    pub pauses: Vec<(ChatId, Pause)>,
    /// Albums whose record changed.
    pub albums: Vec<(ChatId, AlbumId, AlbumRecord)>,
    /// Chats that have a new id: old, new.
    pub moved: Vec<(ChatId, ChatId)>,
    /// Changes by hand.
    pub audit: Vec<Audit>,
    /// Messages that begin to wait for an opinion.
    pub reviews: Vec<ReviewRow>,
    /// Messages that waited and are decided.
    pub reviewed: Vec<Reviewed>,
    /// What is set aside for calls that are made once this is durable.
    pub reserved: Vec<Hold>,
    /// Calls that ended, by the number of their hold.
    pub settled: Vec<(u64, Paid)>,
    /// Caps set by hand; `None` to go by the settings again.
    pub caps: Vec<(TenantName, Option<Caps>)>,
    /// Rows that follow from no decision: notices, and what people ordered, which comes after all that was promised before.
    /// As with [`Promise::rows`], what is known is not promised again.
    pub orders: Vec<OutboxRow>,
    /// What people made by hand, and what is counted for them.
    pub desk: DeskTick,
    /// What groups themselves bring.
    pub group: GroupTick,
    /// What is told elsewhere, and what programs with a key ask.
    pub hooks: HooksTick,
    /// How this appliance stands with its hub.
    pub sync: SyncTick,
    /// Totals of counters as of now.
    pub totals: Vec<(&'static str, u64)>,
}

impl Tick {
    /// Whether losing this would break a promise. What does not matter rides in the next commit that does.
    #[must_use]
    pub const fn matters(&self) -> bool {
        !(self.promises.is_empty()
            && self.changed.is_empty()
            && self.dead.is_empty()
            && self.revived.is_empty()
            && self.discarded.is_empty()
            && self.undecided.is_empty()
            && self.chats.is_empty()
            && self.members.is_empty()
            && self.pauses.is_empty()
            && self.albums.is_empty()
            && self.moved.is_empty()
            && self.audit.is_empty()
            && self.reviews.is_empty()
            && self.reviewed.is_empty()
            && self.reserved.is_empty()
            && self.settled.is_empty()
            && self.caps.is_empty()
            && self.orders.is_empty()
            && !self.desk.matters()
            && !self.hooks.matters()
            && !self.sync.matters()
            && !self.group.matters())
    }

    /// Whether there is nothing in it at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.matters()
            && self.updates.is_empty()
            && self.confirmed.is_empty()
            && self.dropped.is_empty()
            && self.totals.is_empty()
            && self.desk.is_empty()
            && self.hooks.is_empty()
            && self.sync.is_empty()
            && self.group.is_empty()
    }

    /// Adds what another tick holds.
    pub fn absorb(&mut self, other: Self) {
        self.updates.extend(other.updates);
        self.promises.extend(other.promises);
        self.changed.extend(other.changed);
        self.confirmed.extend(other.confirmed);
        self.dropped.extend(other.dropped);
        self.dead.extend(other.dead);
        self.revived.extend(other.revived);
        self.discarded.extend(other.discarded);
        self.undecided.extend(other.undecided);
        self.chats.extend(other.chats);
        self.members.extend(other.members);
        self.pauses.extend(other.pauses);
        self.albums.extend(other.albums);
        self.moved.extend(other.moved);
        self.audit.extend(other.audit);
        self.reviews.extend(other.reviews);
        self.reviewed.extend(other.reviewed);
        self.reserved.extend(other.reserved);
        self.settled.extend(other.settled);
        self.caps.extend(other.caps);
        self.orders.extend(other.orders);
        self.totals.extend(other.totals);
        self.desk.absorb(other.desk);
        self.hooks.absorb(other.hooks);
        self.sync.absorb(other.sync);
        self.group.absorb(other.group);
    }
}
