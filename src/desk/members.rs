//! Members of groups: what is known of them, whom people vouch for, whose warnings they take back.
//!
//! Promises: what is changed is durable before it is answered, with its line in the audit log, and is what those who judge
//! messages know from then on; whoever may not see people's numbers learns none, also not from where a list goes on.
//!
//! Never: a member found by guessing. Whose group it is is asked first.

use super::Office;
use super::listing::{Listing, cursor};
use crate::access::{Caller, Role};
use crate::clock::Wall;
use crate::limits;
use crate::manners::Manners;
use crate::members::is_counted;
use crate::message::{ChatId, UserId};
use crate::store::desk::DeskTick;
use crate::store::records::MemberRecord;
use crate::store::{MemberChange, Tick};
use crate::web::desk::{Refused, Told};
use crate::web::views::{Listed, MemberQuery, MemberView, MembersChange, MembersChanged, Pardon, WarningView};
use std::collections::BTreeSet;

/// Whether somebody vouches from now on, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vouching {
    /// From now on.
    Begins,
    /// No longer.
    Ends,
}

/// Which members a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    All,
    Warned,
    Approved,
    Reported,
}

impl Only {
    fn of(word: Option<&str>) -> Told<Self> {
        match word.unwrap_or_default() {
            "" => Ok(Self::All),
            "warned" => Ok(Self::Warned),
            "approved" => Ok(Self::Approved),
            "reported" => Ok(Self::Reported),
            _ => Err(Refused::field("only", "known: warned, approved, reported")),
        }
    }

    const fn takes(self, record: &MemberRecord) -> bool {
        match self {
            Self::All => true,
            Self::Warned => !record.warns.is_empty(),
            Self::Approved => record.approved_at.0 > 0,
            Self::Reported => record.reports_right > 0 || record.reports_wrong > 0,
        }
    }
}

impl Office {
    /// The group of that number as it is now, for a caller who may do what takes `role` there.
    fn group(&self, caller: &Caller, role: Role, group: i64) -> Told<ChatId> {
        caller.is_at_least(role)?;
        let found = Some(ChatId(group)).filter(|chat| chat.0 < 0 && self.known_groups().contains(chat));
        Ok(self.current(self.gate_found(caller, role, found, |chat| *chat)?))
    }

    /// A piece of the members of a group that something is known of. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn members(&self, caller: &Caller, query: &MemberQuery) -> Told<Listed<MemberView>> {
        caller.is_at_least(Role::Viewer)?;
        let Some(group) = query.group else {
            return Err(Refused::field("group", "the number of the group whose members are wanted"));
        };
        let chat = self.group(caller, Role::Viewer, group)?;
        let reads = caller.reads_texts();
        if query.user.is_some() && !reads {
            return Err(Refused::Denied);
        }
        let (only, from) = (Only::of(query.only.as_deref())?, cursor(query.cursor.as_deref())?);
        let now = self.clock.now().wall;
        let manners = *self.in_force.now().manners(chat);
        if let Some(user) = query.user {
            let found = self.snapshots.member(chat, UserId(user))?.filter(|record| only.takes(record));
            let items = found.map(|record| view(Some(user), &record, &manners, now)).into_iter().collect();
            return Ok(Listed { items, next: None });
        }
        // Who sees numbers goes on below one; who does not goes on after so many.
        let (below, skip) = match from {
            Some(from) if reads => (Some(UserId(i64::try_from(from).unwrap_or(i64::MAX))), 0),
            from => (None, usize::try_from(from.unwrap_or(0)).unwrap_or(usize::MAX)),
        };
        let mut passed = from.filter(|_| !reads).unwrap_or(0);
        let mut listing = Listing::of(limits::MEMBER_ROWS_MAX);
        self.snapshots.members_before(chat, below, skip, |user, record| {
            passed = passed.saturating_add(1);
            let place = if reads { u64::try_from(user.0).unwrap_or(0) } else { passed };
            let row = only.takes(&record).then(|| view(reads.then_some(user.0), &record, &manners, now));
            listing.saw(place, row)
        })?;
        Ok(listing.done())
    }

    /// Vouches for members, or no longer. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub(super) fn vouch(&self, caller: &Caller, change: &MembersChange, vouching: Vouching) -> Told<MembersChanged> {
        let chat = self.group(caller, Role::Admin, change.group)?;
        let users = wanted(&change.users)?;
        let _one = self.one_at_a_time();
        let now = self.clock.now().wall;
        let mut members = Vec::new();
        let turns: Vec<UserId> = users.iter().copied().collect();
        for turn in turns.chunks(limits::MEMBERS_IN_A_TURN) {
            let mut settler = self.settler.lock();
            for user in turn {
                let is_approved = settler.members.get(chat, *user)?.is_some_and(|record| record.approved_at.0 > 0);
                if is_approved != (vouching == Vouching::Begins) {
                    let at = if is_approved { Wall(0) } else { now };
                    members.push(settler.members.change(chat, *user, now, |record| record.approved_at = at)?);
                }
            }
        }
        let changed = u64::try_from(members.len()).unwrap_or(u64::MAX);
        let unchanged = u64::try_from(users.len()).unwrap_or(u64::MAX).saturating_sub(changed);
        if !members.is_empty() {
            let named = named(&members);
            let what = match vouching {
                Vouching::Begins => format!("vouched for {} of group {}", many(changed, "member"), chat.0),
                Vouching::Ends => format!("no longer vouched for {} of group {}", many(changed, "member"), chat.0),
            };
            let (before, after) = match vouching {
                Vouching::Begins => (String::new(), named),
                Vouching::Ends => (named, String::new()),
            };
            self.keep(caller, chat, members, what, before, after)?;
        }
        let (now_so, was_so) = match vouching {
            Vouching::Begins => ("are vouched for now", "were before"),
            Vouching::Ends => ("are no longer vouched for", "were not before"),
        };
        let mut words = format!("{} {now_so}", many(changed, "member"));
        if unchanged > 0 {
            words.push_str(&format!(", {unchanged} {was_so}"));
        }
        Ok(MembersChanged { changed, unchanged, words })
    }

    /// Takes all warnings of a member back. Admins.
    ///
    /// # Errors
    /// As [`Refused`] says; [`Refused::Conflict`] when there is none.
    pub fn forgive_member(&self, caller: &Caller, pardon: &Pardon) -> Told<MembersChanged> {
        let chat = self.group(caller, Role::Admin, pardon.group)?;
        let users = wanted(&[pardon.user]).map_err(|_| Refused::field("user", "the number of a member"))?;
        let _one = self.one_at_a_time();
        let now = self.clock.now().wall;
        let (mut members, mut reasons) = (Vec::new(), Vec::new());
        {
            let mut settler = self.settler.lock();
            for user in users {
                let known = settler.members.get(chat, user)?;
                if let Some(record) = known.filter(|record| !record.warns.is_empty() || record.mutes > 0) {
                    reasons.extend(record.warns.iter().map(|warn| warn.reason.clone()));
                    members.push(settler.members.change(chat, user, now, |record| {
                        record.warns.clear();
                        record.mutes = 0;
                    })?);
                }
            }
        }
        if members.is_empty() {
            return Err(Refused::Conflict("nothing is taken back: this member has no warning".to_owned()));
        }
        let changed = u64::try_from(reasons.len()).unwrap_or(u64::MAX);
        let what = format!("took {} of member {} of group {} back", many(changed, "warning"), pardon.user, chat.0);
        self.keep(caller, chat, members, what, reasons.join("; "), String::new())?;
        let words = if changed == 1 {
            "One warning is taken back.".to_owned()
        } else {
            format!("{changed} warnings are taken back.")
        };
        Ok(MembersChanged { changed, unchanged: 0, words })
    }

    fn keep(
        &self,
        caller: &Caller,
        chat: ChatId,
        members: Vec<MemberChange>,
        what: String,
        before: String,
        after: String,
    ) -> Told<()> {
        let line = self.audit_line(caller, Some(self.tenant_of(chat)), what, before, after);
        let desk = DeskTick { audit: vec![line], ..DeskTick::default() };
        self.commit(Tick { members, desk, ..Tick::default() }).map(drop)
    }
}

/// The members that an order names, each once.
fn wanted(users: &[i64]) -> Told<BTreeSet<UserId>> {
    if users.is_empty() || users.len() > limits::MEMBERS_AT_ONCE {
        let words = format!("{} numbers; an order names 1 to {} members", users.len(), limits::MEMBERS_AT_ONCE);
        return Err(Refused::field("users", words));
    }
    if let Some(wrong) = users.iter().find(|user| **user <= 0) {
        return Err(Refused::field("users", format!("{wrong} is no member's number; those are above 0")));
    }
    Ok(users.iter().copied().map(UserId).collect())
}

/// "1 member", "2 members".
fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The numbers of the first of them.
fn named(members: &[MemberChange]) -> String {
    let first: Vec<String> =
        members.iter().take(limits::MEMBERS_NAMED_MAX).map(|change| change.user.0.to_string()).collect();
    let rest = members.len().saturating_sub(first.len());
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    format!("{}{more}", first.join(", "))
}

pub(super) fn view(user: Option<i64>, record: &MemberRecord, manners: &Manners, now: Wall) -> MemberView {
    let warnings = record.warns.iter().rev().map(|warn| WarningView {
        at_s: warn.at.seconds(),
        // Told as one line: an answer with many of them stays within its bound.
        reason: warn.reason.chars().map(|ch| if ch.is_control() { ' ' } else { ch }).collect(),
        counts: is_counted(warn, manners, now),
    });
    MemberView {
        user,
        warnings: warnings.collect(),
        mutes: record.mutes,
        messages: record.messages,
        is_known: manners.is_known(record.messages),
        approved_at_s: (record.approved_at.0 > 0).then(|| record.approved_at.seconds()),
        reports_right: record.reports_right,
        reports_wrong: record.reports_wrong,
        heard_day_s: u64::from(record.heard_day).saturating_mul(86_400),
    }
}
