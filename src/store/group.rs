//! What groups themselves bring: what people ask for there, raids, what members may do, bans that groups share, cards,
//! reports.
//!
//! Promises: as [`super::records`]; each table has a named bound, and the oldest is forgotten. What is asked for in a group is
//! kept until it is carried out, and gone in the commit that says so.
//!
//! Never: a text longer than its bound.

use super::records::{MemberRecord, OutboxKey, decode, encode};
use super::tick::Tick;
use super::write::forget_below;
use super::{MemberChange, Next, Snapshots, Store, StoreError, tables};
use crate::clock::Wall;
use crate::limits;
use crate::message::{AlbumId, ChatId, MessageId, Sender, TraceId, UserId};
use crate::tenant::TenantName;
use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};
use serde::{Deserialize, Serialize};

type RedbResult<T> = Result<T, StoreError>;

/// Something a person asks for in a group, to be carried out once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// When it arrived.
    pub at: Wall,
    /// Its trace.
    pub trace: TraceId,
    /// The chat it was asked in.
    pub chat: ChatId,
    /// Who asked.
    pub by: Sender,
    /// What they are called; at most `limits::NAME_BYTES_MAX`.
    pub name: String,
    /// What they asked for.
    pub what: Asked,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// A command was typed.
    Command {
        /// The message with the command.
        message: MessageId,
        /// The topic of a forum it stands in.
        topic: Option<i32>,
        /// The text; at most `limits::COMMAND_BYTES_MAX`.
        text: String,
        /// The message it answers to.
        replied: Option<Replied>,
    },
    /// A button was pressed.
    Press {
        /// What to answer to.
        id: String,
        /// The message with the button.
        message: MessageId,
        /// What the button carries.
        words: String,
    },
}

/// A message that a command answers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replied {
    /// The message.
    pub message: MessageId,
    /// Who sent it.
    pub sender: Sender,
    /// What they are called; at most `limits::NAME_BYTES_MAX`.
    pub name: String,
    /// Its album.
    pub album: Option<AlbumId>,
    /// The start of its text; at most `limits::EXCERPT_BYTES_MAX`.
    pub excerpt: String,
}

/// A raid that is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaidRecord {
    /// Since when.
    pub since: Wall,
    /// Until when, unless it goes on.
    pub until: Wall,
    /// Who began it; empty when it was measured.
    pub by: String,
    /// The row that puts back what members may do.
    pub restore: Option<OutboxKey>,
}

/// A ban that groups of one owner share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedBan {
    /// The group it came from.
    pub chat: ChatId,
    /// When.
    pub at: Wall,
    /// Why; at most `limits::REASON_BYTES_MAX`.
    pub reason: String,
}

/// Reports about one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRecord {
    /// When the first came.
    pub at: Wall,
    /// Who reported it; at most `limits::REPORTERS_MAX`.
    pub by: Vec<UserId>,
    /// What came of it: right, wrong, or nothing yet.
    pub outcome: Option<Verity>,
    /// Traces of the decisions that were made of it.
    pub trace: TraceId,
}

/// Whether a report was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verity {
    /// It was.
    Right,
    /// It was not.
    Wrong,
}

/// Where a decision is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardRecord {
    /// The chat of administrators.
    pub chat: ChatId,
    /// The card.
    pub message: MessageId,
}

/// The changes of one tick to what groups bring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupTick {
    /// What people ask for.
    pub errands: Vec<Errand>,
    /// What was carried out, by its number.
    pub errands_done: Vec<u64>,
    /// Raids that are on, or over when `None`.
    pub raids: Vec<(ChatId, Option<RaidRecord>)>,
    /// What members of a chat may do, as learned outside of raids.
    pub rights: Vec<(ChatId, u16)>,
    /// Bans that groups share, or that they no longer share when `None`.
    pub bans: Vec<(TenantName, UserId, Option<SharedBan>)>,
    /// Reports, by the message they are about.
    pub reports: Vec<(ChatId, MessageId, ReportRecord)>,
    /// Where decisions are shown.
    pub cards: Vec<(u64, CardRecord)>,
    /// Members of whom only something of no consequence is new: it rides along.
    pub heard: Vec<MemberChange>,
}

impl GroupTick {
    /// Whether losing this would break a promise.
    pub(super) const fn matters(&self) -> bool {
        !(self.errands.is_empty()
            && self.errands_done.is_empty()
            && self.raids.is_empty()
            && self.bans.is_empty()
            && self.reports.is_empty()
            && self.cards.is_empty())
    }

    /// Whether there is nothing in it.
    pub(super) const fn is_empty(&self) -> bool {
        !self.matters() && self.heard.is_empty() && self.rights.is_empty()
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.errands.extend(other.errands);
        self.errands_done.extend(other.errands_done);
        self.raids.extend(other.raids);
        self.rights.extend(other.rights);
        self.bans.extend(other.bans);
        self.reports.extend(other.reports);
        self.cards.extend(other.cards);
        self.heard.extend(other.heard);
    }
}

impl Store {
    /// Applies it; returns what people ask for, with the numbers it got.
    pub(super) fn apply_group(
        &self,
        txn: &WriteTransaction,
        next: &mut Next,
        tick: &Tick,
    ) -> RedbResult<Vec<(u64, Errand)>> {
        let group = &tick.group;
        if group.is_empty() {
            return Ok(Vec::new());
        }
        let mut accepted = Vec::new();
        if !group.errands.is_empty() || !group.errands_done.is_empty() {
            let mut table = txn.open_table(tables::ERRANDS)?;
            for errand in &group.errands {
                table.insert(next.errand, encode(errand).as_slice())?;
                accepted.push((next.errand, errand.clone()));
                next.errand = next.errand.saturating_add(1);
            }
            for number in &group.errands_done {
                table.remove(number)?;
            }
        }
        if !group.raids.is_empty() {
            let mut table = txn.open_table(tables::RAIDS)?;
            for (chat, raid) in &group.raids {
                match raid {
                    Some(raid) => drop(table.insert(chat.0, encode(raid).as_slice())?),
                    None => drop(table.remove(chat.0)?),
                }
            }
        }
        if !group.rights.is_empty() {
            let mut table = txn.open_table(tables::RIGHTS)?;
            for (chat, rights) in &group.rights {
                table.insert(chat.0, u64::from(*rights))?;
            }
            while table.len()? > u64::try_from(limits::CHATS_MAX).unwrap_or(u64::MAX) {
                table.pop_first()?;
            }
        }
        share_bans(txn, &group.bans)?;
        keep_reports(txn, &group.reports)?;
        if !group.cards.is_empty() {
            let mut table = txn.open_table(tables::CARDS)?;
            for (decision, card) in &group.cards {
                table.insert(decision, encode(card).as_slice())?;
            }
            // A card is of no use without its decision.
            let oldest = txn.open_table(tables::DECISIONS)?.first()?.map_or(0, |(number, _)| number.value());
            forget_below(&mut table, oldest)?;
        }
        keep_members(txn, &group.heard)?;
        Ok(accepted)
    }
}

fn share_bans(txn: &WriteTransaction, bans: &[(TenantName, UserId, Option<SharedBan>)]) -> RedbResult<()> {
    if bans.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(tables::SHARED_BANS)?;
    for (tenant, user, ban) in bans {
        let key = (tenant.as_str(), user.0);
        match ban {
            Some(ban) => drop(table.insert(key, encode(ban).as_slice())?),
            None => drop(table.remove(key)?),
        }
    }
    let over = table.len()?.saturating_sub(limits::SHARED_BANS_KEPT);
    if over == 0 {
        return Ok(());
    }
    // Rare and bounded: the oldest are looked for among all.
    let mut all = Vec::new();
    for entry in table.iter()? {
        let (key, bytes) = entry?;
        let (tenant, user) = key.value();
        all.push((decode::<SharedBan>(bytes.value())?.at, tenant.to_owned(), user));
    }
    all.sort_unstable();
    // A tenth more than must go, so that not every ban looks through all.
    let spare = over.saturating_add(limits::SHARED_BANS_KEPT / 10);
    for (_, tenant, user) in all.into_iter().take(usize::try_from(spare).unwrap_or(usize::MAX)) {
        table.remove((tenant.as_str(), user))?;
    }
    Ok(())
}

fn keep_reports(txn: &WriteTransaction, reports: &[(ChatId, MessageId, ReportRecord)]) -> RedbResult<()> {
    if reports.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(tables::REPORTS)?;
    for (chat, message, record) in reports {
        table.insert((chat.0, message.0), encode(record).as_slice())?;
    }
    while table.len()? > limits::REPORTS_KEPT {
        let mut oldest: Option<(Wall, (i64, i32))> = None;
        for entry in table.iter()? {
            let (key, bytes) = entry?;
            let at = decode::<ReportRecord>(bytes.value())?.at;
            if oldest.is_none_or(|(known, _)| at < known) {
                oldest = Some((at, key.value()));
            }
        }
        let Some((_, key)) = oldest else { break };
        table.remove(key)?;
    }
    Ok(())
}

/// Puts records of members away. When there are too many, of those next to the new one the one that nothing was heard of for
/// longest goes, unless somebody vouches for them or they have warnings.
pub(super) fn keep_members(txn: &WriteTransaction, members: &[MemberChange]) -> RedbResult<()> {
    if members.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(tables::MEMBERS)?;
    for change in members {
        table.insert((change.chat.0, change.user.0), encode(&change.record).as_slice())?;
    }
    while table.len()? > limits::MEMBERS_KEPT {
        // A start that no member chooses, and that differs from one time to the next.
        let start = members.last().map_or((i64::MIN, i64::MIN), |change| (change.chat.0, change.user.0));
        let mut worst: Option<((u8, u32), (i64, i64))> = None;
        let near = table.range(start..)?.chain(table.range(..start)?).take(limits::MEMBERS_LOOKED_AT);
        for entry in near {
            let (key, bytes) = entry?;
            let key = key.value();
            if members.iter().any(|change| (change.chat.0, change.user.0) == key) {
                continue;
            }
            let record: MemberRecord = decode(bytes.value())?;
            let keeps = u8::from(record.approved_at.0 > 0) * 2 + u8::from(!record.warns.is_empty());
            let rank = (keeps, record.heard_day);
            if worst.is_none_or(|(known, _)| rank < known) {
                worst = Some((rank, key));
            }
        }
        let Some((_, key)) = worst else { break };
        table.remove(key)?;
    }
    Ok(())
}

/// Gives what groups brought its new id.
pub(super) fn move_chat(txn: &WriteTransaction, from: ChatId, to: ChatId) -> RedbResult<()> {
    let mut raids = txn.open_table(tables::RAIDS)?;
    let raid = raids.remove(from.0)?.map(|bytes| bytes.value().to_vec());
    if let Some(bytes) = raid {
        raids.insert(to.0, bytes.as_slice())?;
    }
    let mut rights = txn.open_table(tables::RIGHTS)?;
    let known = rights.remove(from.0)?.map(|bits| bits.value());
    if let Some(bits) = known {
        rights.insert(to.0, bits)?;
    }
    Ok(())
}

impl Snapshots {
    /// What people asked for and was not carried out yet, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read or a record is damaged.
    pub fn errands(&self) -> Result<Vec<(u64, Errand)>, StoreError> {
        self.each(tables::ERRANDS, |number, errand| (number, errand))
    }

    /// Raids that are on.
    ///
    /// # Errors
    /// As [`Snapshots::errands`].
    pub fn raids(&self) -> Result<Vec<(ChatId, RaidRecord)>, StoreError> {
        self.each(tables::RAIDS, |chat, raid| (ChatId(chat), raid))
    }

    /// What members of a chat may do outside of raids, when that is known.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rights(&self, chat: ChatId) -> Result<Option<u16>, StoreError> {
        self.rights_of(chat)
    }

    /// All bans that groups share, by tenant and member.
    ///
    /// # Errors
    /// As [`Snapshots::errands`].
    pub fn shared_bans(&self) -> Result<Vec<(TenantName, UserId)>, StoreError> {
        self.shared_bans_of_all()
    }

    /// A ban that groups of a tenant share.
    ///
    /// # Errors
    /// As [`Snapshots::errands`].
    pub fn shared_ban(&self, tenant: &TenantName, user: UserId) -> Result<Option<SharedBan>, StoreError> {
        self.get(tables::SHARED_BANS, (tenant.as_str(), user.0))
    }

    /// Reports about a message.
    ///
    /// # Errors
    /// As [`Snapshots::errands`].
    pub fn report(&self, chat: ChatId, message: MessageId) -> Result<Option<ReportRecord>, StoreError> {
        self.get(tables::REPORTS, (chat.0, message.0))
    }

    /// Where a decision is shown.
    ///
    /// # Errors
    /// As [`Snapshots::errands`].
    pub fn card(&self, decision: u64) -> Result<Option<CardRecord>, StoreError> {
        self.get(tables::CARDS, decision)
    }

    /// Every member of a chat of whom something is kept.
    ///
    /// # Errors
    /// As [`Snapshots::errands`].
    pub fn members(&self, chat: ChatId) -> Result<Vec<(UserId, MemberRecord)>, StoreError> {
        self.members_of(chat)
    }
}
