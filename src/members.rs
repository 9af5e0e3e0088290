//! What is known of members: warnings, how well they are known, who vouches for them, how their reports turned out.
//!
//! Promises: at most `limits::MEMBERS_IN_MEMORY` records are in memory; the rest are read again from storage. A change is
//! returned as a value and is durable only once somebody commits it; until then it is remembered here, so that two changes in
//! one batch add up.
//!
//! Never: a commit.

use crate::clock::Wall;
use crate::limits;
use crate::manners::{Consequence, Manners};
use crate::message::{ChatId, Message, MessageId, TraceId, Trust, UserId, floor_char_boundary, fnv1a};
use crate::store::records::{MemberRecord, Warned};
use crate::store::{MemberChange, Snapshots, StoreError};
use std::collections::{BTreeMap, VecDeque};

type Key = (ChatId, UserId);

/// The records of members.
#[derive(Debug)]
pub struct Members {
    snapshots: Snapshots,
    known: BTreeMap<Key, Option<MemberRecord>>,
    order: VecDeque<Key>,
}

impl Members {
    /// Those that are stored.
    #[must_use]
    pub const fn new(snapshots: Snapshots) -> Self {
        Self { snapshots, known: BTreeMap::new(), order: VecDeque::new() }
    }

    /// What is known of a member; `None` for nothing.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn get(&mut self, chat: ChatId, user: UserId) -> Result<Option<&MemberRecord>, StoreError> {
        let key = (chat, user);
        if !self.known.contains_key(&key) {
            let record = self.snapshots.member(chat, user)?;
            self.remember(key, record);
        }
        Ok(self.known.get(&key).and_then(Option::as_ref))
    }

    /// Changes what is known of a member.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn change(
        &mut self,
        chat: ChatId,
        user: UserId,
        now: Wall,
        with: impl FnOnce(&mut MemberRecord),
    ) -> Result<MemberChange, StoreError> {
        let mut record = self.get(chat, user)?.cloned().unwrap_or_default();
        with(&mut record);
        record.heard_day = day(now);
        self.remember((chat, user), Some(record.clone()));
        Ok(MemberChange { chat, user, record })
    }

    fn remember(&mut self, key: Key, record: Option<MemberRecord>) {
        if self.known.insert(key, record).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > limits::MEMBERS_IN_MEMORY {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Nothing is known of a member any more; on storage that is another's to do.
    pub fn forget(&mut self, chat: ChatId, user: UserId) {
        self.known.remove(&(chat, user));
        self.order.retain(|key| *key != (chat, user));
    }

    /// A group has a new id: its members are read again under it.
    pub fn moved(&mut self, from: ChatId) {
        self.known.retain(|(chat, _), _| *chat != from);
        self.order.retain(|(chat, _)| *chat != from);
    }

    /// How well a member is known.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn trust(&mut self, chat: ChatId, user: UserId, manners: &Manners) -> Result<Trust, StoreError> {
        Ok(self.get(chat, user)?.map_or(Trust::Stranger, |record| trust_of(record, manners)))
    }

    /// A message of a member was found harmless: it counts towards being known when it is long enough and is none of the last
    /// ones. `None` when that changes nothing.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn wrote(
        &mut self,
        message: &Message,
        user: UserId,
        manners: &Manners,
        now: Wall,
    ) -> Result<Option<MemberChange>, StoreError> {
        let (known, hash) = match self.get(message.chat, user)? {
            Some(record) if manners.is_known(record.messages) || manners.trust_messages == 0 => return Ok(None),
            None if manners.trust_messages == 0 => return Ok(None),
            record => (record.map(|record| record.last).unwrap_or_default(), hash_of(message)),
        };
        let letters =
            message.surfaces.iter().flat_map(|surface| surface.text.chars()).filter(|ch| ch.is_alphanumeric());
        if known.contains(&hash)
            || letters.take(usize::from(manners.trust_letters)).count() < usize::from(manners.trust_letters)
        {
            return Ok(None);
        }
        let change = self.change(message.chat, user, now, |record| {
            record.messages = record.messages.saturating_add(1);
            record.last.rotate_right(1);
            if let Some(first) = record.last.first_mut() {
                *first = hash;
            }
        })?;
        Ok(Some(change))
    }

    /// Counts a warning, and says what it leads to.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn warn(
        &mut self,
        (chat, user): Key,
        why: Warned,
        manners: &Manners,
        now: Wall,
    ) -> Result<(MemberChange, Consequence), StoreError> {
        let mut consequence = Consequence::Counted(0);
        let change = self.change(chat, user, now, |record| {
            // The same warning is counted once, whoever brings it again.
            if !record.warns.iter().any(|known| known.trace == why.trace && known.trace != TraceId::default()) {
                let cut = floor_char_boundary(&why.reason, limits::WARN_REASON_BYTES_MAX);
                let reason = why.reason.get(..cut).unwrap_or_default().to_owned();
                record.warns.push(Warned { reason, ..why });
            }
            while record.warns.len() > limits::WARNS_KEPT {
                record.warns.remove(0);
            }
            consequence = manners.consequence(counted(record, manners, now), record.mutes);
            match consequence {
                Consequence::Counted(_) => {}
                Consequence::Mute(_) => {
                    record.mutes = record.mutes.saturating_add(1);
                    record.warns.clear();
                }
                Consequence::Ban => {
                    record.mutes = 0;
                    record.warns.clear();
                }
            }
        })?;
        Ok((change, consequence))
    }

    /// Takes warnings back, by their traces. Nothing when there are none of these.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn forgive(
        &mut self,
        chat: ChatId,
        user: UserId,
        traces: &[TraceId],
        now: Wall,
    ) -> Result<Option<MemberChange>, StoreError> {
        let has =
            self.get(chat, user)?.is_some_and(|record| record.warns.iter().any(|warn| traces.contains(&warn.trace)));
        if !has {
            return Ok(None);
        }
        self.change(chat, user, now, |record| record.warns.retain(|warn| !traces.contains(&warn.trace))).map(Some)
    }
}

/// The trace under which a warning for a message is kept: the same when the message is delivered again under another number.
#[must_use]
pub fn warning_for(message: MessageId) -> TraceId {
    TraceId(fnv1a(&[b"warned".as_slice(), &message.0.to_le_bytes()].concat()))
}

/// How well somebody with this record is known.
#[must_use]
pub fn trust_of(record: &MemberRecord, manners: &Manners) -> Trust {
    if record.approved_at.0 > 0 {
        Trust::Approved
    } else if manners.is_known(record.messages) {
        Trust::Known
    } else {
        Trust::Stranger
    }
}

/// Warnings of the window. One in the future is of a clock that was set back, and counts.
#[must_use]
pub fn counted(record: &MemberRecord, manners: &Manners, now: Wall) -> u16 {
    let stands = record.warns.iter().filter(|warn| is_counted(warn, manners, now));
    u16::try_from(stands.count()).unwrap_or(u16::MAX)
}

/// Whether a warning is of the window.
#[must_use]
pub fn is_counted(warn: &Warned, manners: &Manners, now: Wall) -> bool {
    now.0.saturating_sub(warn.at.0) < u64::from(manners.warn_window_s).saturating_mul(1_000)
}

fn day(now: Wall) -> u32 {
    u32::try_from(now.seconds() / 86_400).unwrap_or(u32::MAX)
}

fn hash_of(message: &Message) -> u32 {
    let all = message.surfaces.iter().fold(0_u64, |hash, surface| hash.rotate_left(7) ^ fnv1a(surface.text.as_bytes()));
    let [a, b, c, d, e, f, g, h] = all.to_le_bytes();
    u32::from_le_bytes([a ^ e, b ^ f, c ^ g, d ^ h])
}
