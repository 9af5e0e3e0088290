//! The door of a group: who comes in, what stands against them, who must show that they are human, raids, and bans that groups
//! of one owner share.
//!
//! Promises: what is decided here is a value in a `Tick` and durable only with it. What waits is read again from storage after a
//! restart: captchas, raids, shared bans. Each table in memory has a named bound.
//!
//! Never: a commit, a call, a judgement of texts. In `record` mode nothing is done in the group.

mod against;
mod arrivals;
mod captcha;
mod names;
mod raid;
mod shared;

pub use against::{Against, IMPERSONATOR_RULE, LISTED_RULE, NAME_RULE, RAID_RULE, SHARED_RULE};
pub(in crate::ingest) use arrivals::{Looked, only_recorded};
pub use raid::Acquaintance;

use crate::bursts::Bursts;
use crate::clock::Now;
use crate::limits;
use crate::message::{ChatId, Sender, UserId};
use crate::settle::of_late::OfLate;
use crate::settle::{Case, House};
use crate::store::records::OutboxRow;
use crate::store::{Snapshots, StoreError, Tick};
use crate::telegram::update::{Person, PersonKind};
use crate::verdict::{ActionKind, Mode, Verdict};
use captcha::Waiting;
use names::AdminNames;
use raid::Raid;
use shared::SharedBans;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The list of known spammers that somebody is on.
pub type Listed = Arc<dyn Fn(UserId) -> Option<String> + Send + Sync>;

/// The door, shared by those who decide and those who carry out what people ask for. Locked for moments only, and never while
/// the settler is asked for: the settler may be held when the door is locked, and not the other way round.
#[derive(Clone, Debug)]
pub struct SharedDoor(Arc<Mutex<Door>>);

impl SharedDoor {
    /// Takes up where the durable file left off.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn new(snapshots: Snapshots) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Mutex::new(Door::new(snapshots)?))))
    }

    /// The door.
    pub fn lock(&self) -> MutexGuard<'_, Door> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of the doors of all groups.
pub struct Door {
    snapshots: Snapshots,
    waiting: BTreeMap<(ChatId, UserId), Waiting>,
    raids: BTreeMap<ChatId, Raid>,
    bursts: Bursts,
    bans: SharedBans,
    names: AdminNames,
    /// About whom something was recorded of late.
    noted: OfLate,
    listed: Option<Listed>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("waiting", &self.waiting.len()).field("raids", &self.raids).finish_non_exhaustive()
    }
}

impl Door {
    /// Takes up where the durable file left off.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn new(snapshots: Snapshots) -> Result<Self, StoreError> {
        let (mut waiting, mut rights) = (BTreeMap::new(), BTreeMap::new());
        snapshots.each_promised(|row| {
            captcha::take_up(&mut waiting, &row);
            raid::take_up(&mut rights, &row);
        })?;
        Ok(Self {
            waiting,
            raids: raid::stored(snapshots.raids()?, &rights),
            bursts: Bursts::default(),
            bans: SharedBans::new(&snapshots)?,
            names: AdminNames::default(),
            noted: OfLate::new(limits::NOTED_OF_LATE_MAX),
            listed: None,
            snapshots,
        })
    }

    /// Asks this about strangers from now on: which list of known spammers somebody is on.
    pub fn ask_lists(&mut self, listed: Listed) {
        self.listed = Some(listed);
    }

    /// A group has a new id.
    pub fn moved(&mut self, from: ChatId, to: ChatId) {
        for (chat, user) in self.waiting.keys().copied().filter(|(chat, _)| *chat == from).collect::<Vec<_>>() {
            if let Some(waiting) = self.waiting.remove(&(chat, user)) {
                self.waiting.insert((to, user), waiting);
            }
        }
        if let Some(raid) = self.raids.remove(&from) {
            self.raids.insert(to, raid.in_chat(to));
        }
        self.names.moved(from, to);
    }

    /// Rows about a sender are about to be promised: who is dealt with is no longer asked whether they are human, since a removal
    /// that came later would lift a ban; and a ban for ever is shared, where that is wanted.
    pub(crate) fn promised(
        &mut self,
        case: &Case,
        verdict: &Verdict,
        house: &House<'_>,
        rows: &[OutboxRow],
        now: Now,
        tick: &mut Tick,
    ) {
        let (Sender::Member(user) | Sender::Bot(user)) = case.sender else { return };
        let is = |row: &OutboxRow, kinds: &[ActionKind]| kinds.contains(&row.key.action);
        if rows.iter().any(|row| is(row, &[ActionKind::Mute, ActionKind::Kick, ActionKind::Ban])) {
            tick.dropped.extend(self.cancel_for(case.chat, user));
        }
        let bans = rows.iter().any(|row| is(row, &[ActionKind::Ban]) && row.seconds == 0);
        // Who is banned because another group did is not banned in that one for this.
        let is_copy = verdict.findings.iter().any(|finding| finding.rule == SHARED_RULE);
        if bans && !is_copy && house.manners.share_bans.is_on() && house.rules.mode == Mode::Enforce {
            self.share(house.tenant, user, case.chat, &verdict.reason, now, tick);
        }
    }
}

/// How somebody appears as the sender of something.
pub(super) const fn sender_of(who: &Person) -> Sender {
    match who.kind {
        PersonKind::Human | PersonKind::Restricted => Sender::Member(who.user),
        PersonKind::Bot => Sender::Bot(who.user),
    }
}
