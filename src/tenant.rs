//! A tenant: who owns chats, and how they are looked after.
//!
//! Promises: a chat has one tenant; without any settings there is one, called `default`, and it owns every chat.
//!
//! Never: a clock, or a file of time zones. Moments are given, and a [`Zone`] has its rules in memory.

use crate::budget::Caps;
use crate::decide::ChatRules;
use crate::flags::{Flags, Said};
use crate::manners::Manners;
use crate::message::ChatId;
use crate::verdict::Thresholds;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tenant's name: small letters, digits, `-` and `_`, at most `limits::TENANT_NAME_BYTES_MAX`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantName(String);

impl TenantName {
    /// The name, if it is one.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_whole = !name.is_empty()
            && name.len() <= crate::limits::TENANT_NAME_BYTES_MAX
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        is_whole.then(|| Self(name.to_owned()))
    }

    /// The name in letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl std::fmt::Display for TenantName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What replaces the model while its budget is spent, or it cannot be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DegradeMode {
    /// The fallback decides.
    #[default]
    DisableAi,
    /// The thresholds are lower.
    StrictRules,
    /// Links of new members are blocked.
    LinkBlocks,
}

impl DegradeMode {
    /// The mode as written in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DisableAi => "disable_ai",
            Self::StrictRules => "strict_rules",
            Self::LinkBlocks => "link_blocks",
        }
    }

    /// What it does, for people.
    #[must_use]
    pub const fn effect(self) -> &'static str {
        match self {
            Self::DisableAi => "the fallback decides what the rules are unsure of",
            Self::StrictRules => "the strict scores hold",
            Self::LinkBlocks => "links of new members are blocked",
        }
    }

    /// The mode that [`DegradeMode::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::DisableAi, Self::StrictRules, Self::LinkBlocks].into_iter().find(|mode| mode.word() == word)
    }
}

/// A time zone with its rules loaded: when a tenant's day and month begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// The zone of this name with these rules, as in a compiled file of the time zone database; `None` when they are not.
    #[must_use]
    pub fn from_tzif(name: &str, rules: &[u8]) -> Option<Self> {
        TimeZone::tzif(name, rules).ok().map(Self)
    }

    /// Its name, such as `Europe/Berlin`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The month there at a moment, seconds since 1970 UTC: 202611 is November 2026. Moments beyond the years that
    /// calendars have are the nearest that they do have.
    #[must_use]
    pub fn month(&self, unix_s: i64) -> u32 {
        self.day(unix_s) / 100
    }

    /// The day there at a moment, seconds since 1970 UTC: 20261124 is 24 November 2026. As [`Zone::month`].
    #[must_use]
    pub fn day(&self, unix_s: i64) -> u32 {
        let bounded = unix_s.clamp(Timestamp::UNIX_EPOCH.as_second(), Timestamp::MAX.as_second());
        let there = self.0.to_datetime(Timestamp::from_second(bounded).unwrap_or(Timestamp::UNIX_EPOCH));
        let part = |value: i8| u32::try_from(value).unwrap_or(1);
        // Before the year 1970 there is no message; west of Greenwich its first hours are in 1969.
        let year = u32::try_from(there.year()).unwrap_or(1970);
        year * 10_000 + part(there.month()) * 100 + part(there.day())
    }

    /// The hour there at a moment, seconds since 1970 UTC: 0 to 23. As [`Zone::month`].
    #[must_use]
    pub fn hour(&self, unix_s: i64) -> u8 {
        let bounded = unix_s.clamp(Timestamp::UNIX_EPOCH.as_second(), Timestamp::MAX.as_second());
        let there = self.0.to_datetime(Timestamp::from_second(bounded).unwrap_or(Timestamp::UNIX_EPOCH));
        u8::try_from(there.hour()).unwrap_or(0)
    }
}

/// How long things are kept, days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What people wrote: the excerpts of decisions, the message history. 0: it is never stored.
    pub text_days: u8,
    /// Decisions without it, and actions that were given up.
    pub decisions_days: u16,
    /// The audit log.
    pub audit_days: u16,
}

impl Retention {
    /// Whether what people write may be stored.
    #[must_use]
    pub const fn keeps_texts(&self) -> bool {
        self.text_days > 0
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            text_days: crate::limits::RETENTION_DAYS_MAX,
            decisions_days: crate::limits::DECISIONS_DAYS,
            audit_days: crate::limits::AUDIT_DAYS,
        }
    }
}

/// A tenant, with everything that is set for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub name: TenantName,
    /// How its chats want to be moderated; a chat's own settings are stronger.
    pub rules: ChatRules,
    /// Where its days and months begin.
    pub zone: Zone,
    /// The most it may spend on models in a month.
    pub caps: Caps,
    /// The share of the caps from which on it is warned, percent.
    pub warn_percent: u8,
    /// What replaces the model while there is none to ask.
    pub degrade: DegradeMode,
    /// The scores that matter under [`DegradeMode::StrictRules`]; never above those of [`Tenant::rules`].
    pub strict: Thresholds,
    /// Seconds of membership up to which a sender is new under [`DegradeMode::LinkBlocks`].
    pub new_member_s: u64,
    /// Messages up to which a sender is new under [`DegradeMode::LinkBlocks`].
    pub new_member_messages: u64,
    /// The chat that is told when the model is lost, is back, or is nearly paid out.
    pub admin_chat: Option<ChatId>,
    /// The community's rules in its owner's words, for the model.
    pub community_rules: Arc<str>,
    /// The ids of the packs that judge for it; `None` for all.
    pub packs: Option<Vec<String>>,
    /// How long things are kept for it.
    pub retention: Retention,
    /// How its groups are kept; a group's own settings are stronger.
    pub manners: Manners,
    /// What is switched on and off for it.
    pub flags: Flags,
    /// What its own table says of them.
    pub own_flags: Said,
    /// Whether decisions that a hub is told of carry what people wrote.
    pub tells_texts: bool,
}

impl Default for Tenant {
    fn default() -> Self {
        Self {
            name: TenantName::default(),
            rules: ChatRules::default(),
            zone: Zone::default(),
            caps: Caps::default(),
            warn_percent: crate::limits::BUDGET_WARN_PERCENT,
            degrade: DegradeMode::default(),
            strict: Thresholds::default(),
            new_member_s: crate::limits::LINK_BLOCKS_NEW_S,
            new_member_messages: crate::limits::LINK_BLOCKS_NEW_MESSAGES,
            admin_chat: None,
            community_rules: Arc::default(),
            packs: None,
            retention: Retention::default(),
            manners: Manners::default(),
            flags: Flags::default(),
            own_flags: Said::default(),
            tells_texts: false,
        }
    }
}

impl Tenant {
    /// The strict scores for a chat with rules of its own: never above them.
    #[must_use]
    pub fn strict_for(&self, rules: &ChatRules) -> Thresholds {
        Thresholds {
            review: self.strict.review.min(rules.thresholds.review),
            block: self.strict.block.min(rules.thresholds.block),
        }
    }
}

/// All tenants, and whose each chat is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenants {
    default: Tenant,
    others: Vec<Tenant>,
    /// The place in `others` of the owner of a chat.
    owner: BTreeMap<ChatId, usize>,
}

impl Tenants {
    /// One tenant that owns every chat.
    #[must_use]
    pub const fn one(default: Tenant) -> Self {
        Self { default, others: Vec::new(), owner: BTreeMap::new() }
    }

    /// One tenant that owns every chat, all as usual but for these rules.
    #[must_use]
    pub fn with_rules(rules: ChatRules) -> Self {
        Self::one(Tenant { rules, ..Tenant::default() })
    }

    /// Adds a tenant with its chats. A chat that has an owner keeps it.
    pub fn add(&mut self, tenant: Tenant, chats: impl IntoIterator<Item = ChatId>) {
        for chat in chats {
            self.owner.entry(chat).or_insert(self.others.len());
        }
        self.others.push(tenant);
    }

    /// The owner of a chat.
    #[must_use]
    pub fn of(&self, chat: ChatId) -> &Tenant {
        self.owner.get(&chat).and_then(|place| self.others.get(*place)).unwrap_or(&self.default)
    }

    /// The one that owns every chat without another owner.
    #[must_use]
    pub const fn default_one(&self) -> &Tenant {
        &self.default
    }

    /// The owner's place in [`Tenants::iter`].
    #[must_use]
    pub fn place_of(&self, chat: ChatId) -> usize {
        self.owner.get(&chat).map_or(0, |place| place + 1)
    }

    /// The tenant of a name.
    #[must_use]
    pub fn named(&self, name: &TenantName) -> Option<&Tenant> {
        self.iter().find(|tenant| tenant.name == *name)
    }

    /// The same chats, with each tenant as `with` makes it.
    #[must_use]
    pub fn each(&self, with: impl Fn(Tenant) -> Tenant) -> Self {
        Self {
            default: with(self.default.clone()),
            others: self.others.iter().cloned().map(with).collect(),
            owner: self.owner.clone(),
        }
    }

    /// The chats that settings give an owner.
    pub fn chats(&self) -> impl Iterator<Item = ChatId> {
        self.owner.keys().copied()
    }

    /// All tenants, the default one first.
    pub fn iter(&self) -> impl Iterator<Item = &Tenant> {
        std::iter::once(&self.default).chain(&self.others)
    }
}

#[cfg(test)]
mod tests;
