//! How a group is kept besides its rules: what newcomers are asked, what is tidied away, when warnings bite, what a raid
//! is, who may speak to whom in which language.
//!
//! Promises: plain values with a default for each; by default nothing is said in a group and nobody who joins is hindered.
//!
//! Never: a clock. Times and counts are given.

use crate::length;
use crate::verdict::{ActionKind, PlannedAction};
use crate::words::Language;

/// What is done about somebody, for something that lies in them and not in a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Nobody looks.
    Off,
    /// It is recorded and shown.
    #[default]
    Record,
    /// They may not write.
    Mute,
    /// They are removed, and may come back.
    Kick,
    /// They are banned.
    Ban,
}

impl Measure {
    /// All, the mildest first.
    pub const ALL: [Self; 5] = [Self::Off, Self::Record, Self::Mute, Self::Kick, Self::Ban];

    /// The measure as written in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Record => "record",
            Self::Mute => "mute",
            Self::Kick => "kick",
            Self::Ban => "ban",
        }
    }

    /// The measure that [`Measure::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.word() == word)
    }

    /// The action it asks for.
    #[must_use]
    pub const fn action(self) -> Option<PlannedAction> {
        let kind = match self {
            Self::Off | Self::Record => return None,
            Self::Mute => ActionKind::Mute,
            Self::Kick => ActionKind::Kick,
            Self::Ban => ActionKind::Ban,
        };
        Some(PlannedAction { kind, seconds: 0 })
    }
}

/// Whether something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switch {
    /// It is not.
    #[default]
    Off,
    /// It is.
    On,
}

impl Switch {
    /// Whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

/// What becomes of a wish to join, when nothing speaks against it. What speaks against it declines it in any case but the
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinPolicy {
    /// People decide.
    #[default]
    Leave,
    /// It is declined when something speaks against it; else people decide.
    Screen,
    /// It is approved.
    Approve,
}

impl JoinPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Leave, Self::Screen, Self::Approve];

    /// The policy as written in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Screen => "screen",
            Self::Approve => "approve",
        }
    }
}

/// What newcomers of a raid meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RaidPolicy {
    /// What the rules are unsure of counts as sure.
    #[default]
    Strict,
    /// They may not write.
    Mute,
    /// They are removed, and may come back.
    Kick,
    /// They are banned.
    Ban,
}

impl RaidPolicy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Strict, Self::Mute, Self::Kick, Self::Ban];

    /// The policy as written in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Mute => "mute",
            Self::Kick => "kick",
            Self::Ban => "ban",
        }
    }

    /// What is done about whoever joins meanwhile.
    #[must_use]
    pub const fn measure(self) -> Measure {
        match self {
            Self::Strict => Measure::Off,
            Self::Mute => Measure::Mute,
            Self::Kick => Measure::Kick,
            Self::Ban => Measure::Ban,
        }
    }
}

/// A value as it is written in settings.
trait Written {
    fn written(self) -> String;
}

impl Written for Switch {
    fn written(self) -> String {
        self.is_on().to_string()
    }
}

impl Written for u16 {
    fn written(self) -> String {
        self.to_string()
    }
}

/// Seconds.
impl Written for u32 {
    fn written(self) -> String {
        quoted(&length::in_words(self))
    }
}

macro_rules! written_as_its_word {
    ($($kind:ty),*) => {
        $(impl Written for $kind {
            fn written(self) -> String {
                quoted(self.word())
            }
        })*
    };
}

written_as_its_word!(Language, Measure, JoinPolicy, RaidPolicy);

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Makes [`Manners`], and the same with each field left open.
macro_rules! manners {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        /// How a group is kept.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Manners {
            $($(#[$doc])* pub $name: $kind,)*
        }

        /// What is set of it in one place: `None` is as usual.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct MannersLayer {
            $($(#[$doc])* pub $name: Option<$kind>,)*
        }

        impl From<Manners> for MannersLayer {
            /// All of them, set.
            fn from(manners: Manners) -> Self {
                Self { $($name: Some(manners.$name),)* }
            }
        }

        impl MannersLayer {
            /// What is set here, as it is written in settings: each key with its value.
            #[must_use]
            pub fn written(&self) -> Vec<(&'static str, String)> {
                let all = [$((stringify!($name), self.$name.map(Written::written)),)*];
                all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
            }

            /// These manners, with what is set here.
            #[must_use]
            pub fn over(&self, usual: Manners) -> Manners {
                Manners { $($name: self.$name.unwrap_or(usual.$name),)* }
            }
        }
    };
}

manners! {
    /// The language the bot speaks there.
    language: Language,
    /// Whether decisions are shown in the chat of administrators.
    cards: Switch,
    /// Seconds after which answers of the bot are tidied away.
    answer_s: u32,
    /// Whether strangers who join must press a button.
    captcha: Switch,
    /// Seconds they have for it.
    captcha_s: u32,
    /// What becomes of wishes to join.
    join_requests: JoinPolicy,
    /// Whether "joined" messages are tidied away.
    clean_joins: Switch,
    /// Whether "left" messages are tidied away.
    clean_leaves: Switch,
    /// What is done about whoever joins under a name, or asks to with a self-description, that the rules block.
    names: Measure,
    /// What is done about whoever may pass for an administrator by name.
    impersonators: Measure,
    /// What is done about strangers who are on a list of known spammers.
    listed: Measure,
    /// Whether bans are shared with the owner's other groups.
    share_bans: Switch,
    /// Warnings that lead to a mute, and when they were before, to a ban; 0 for never.
    warn_limit: u16,
    /// Seconds for which a warning counts.
    warn_window_s: u32,
    /// Seconds of that mute.
    warn_mute_s: u32,
    /// Different, long enough messages after which a member is known; 0 for never.
    trust_messages: u16,
    /// Letters a message needs to count for that.
    trust_letters: u16,
    /// Members whose reports together have a message deleted; 0 for never: then people decide.
    report_limit: u16,
    /// Joins a minute that are a raid; 0 for never.
    raid_joins: u16,
    /// Different senders of unwanted messages a minute that are a raid; 0 for never.
    raid_senders: u16,
    /// What newcomers of a raid meet.
    raid: RaidPolicy,
    /// Whether nobody but administrators may write in a raid.
    raid_lock: Switch,
    /// Seconds of quiet after which a raid is over.
    raid_s: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            language: Language::En,
            cards: Switch::On,
            answer_s: 20,
            captcha: Switch::Off,
            captcha_s: 120,
            join_requests: JoinPolicy::Leave,
            clean_joins: Switch::Off,
            clean_leaves: Switch::Off,
            names: Measure::Record,
            impersonators: Measure::Record,
            listed: Measure::Ban,
            share_bans: Switch::Off,
            warn_limit: 3,
            warn_window_s: 30 * 86_400,
            warn_mute_s: 86_400,
            trust_messages: 5,
            trust_letters: 20,
            report_limit: 0,
            raid_joins: 30,
            raid_senders: 10,
            raid: RaidPolicy::Strict,
            raid_lock: Switch::Off,
            raid_s: 900,
        }
    }
}

/// What a warning leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// It is the so-manieth.
    Counted(u16),
    /// A mute of so many seconds.
    Mute(u32),
    /// A ban.
    Ban,
}

impl Manners {
    /// What follows when `counted` warnings of the window stand against somebody who was muted for warnings `mutes` times.
    #[must_use]
    pub const fn consequence(&self, counted: u16, mutes: u8) -> Consequence {
        if self.warn_limit == 0 || counted < self.warn_limit {
            Consequence::Counted(counted)
        } else if mutes == 0 && self.warn_mute_s > 0 {
            Consequence::Mute(self.warn_mute_s)
        } else {
            Consequence::Ban
        }
    }

    /// Whether somebody with so many messages is known.
    #[must_use]
    pub const fn is_known(&self, messages: u16) -> bool {
        self.trust_messages > 0 && messages >= self.trust_messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_lead_to_a_mute_and_then_to_a_ban() {
        let manners = Manners::default();
        assert_eq!(manners.consequence(2, 0), Consequence::Counted(2));
        assert_eq!(manners.consequence(3, 0), Consequence::Mute(86_400));
        assert_eq!(manners.consequence(3, 1), Consequence::Ban);
        assert_eq!(Manners { warn_limit: 0, ..manners }.consequence(9, 0), Consequence::Counted(9));
        assert_eq!(Manners { warn_mute_s: 0, ..manners }.consequence(3, 0), Consequence::Ban);
    }

    #[test]
    fn by_default_nobody_who_joins_is_hindered_and_nothing_is_said() {
        let manners = Manners::default();
        assert!(!manners.captcha.is_on() && !manners.clean_joins.is_on() && manners.names.action().is_none());
        assert_eq!((manners.join_requests, manners.raid), (JoinPolicy::Leave, RaidPolicy::Strict));
    }

    #[test]
    fn a_member_is_known_after_enough_messages_unless_nobody_is() {
        let manners = Manners::default();
        assert!(!manners.is_known(4) && manners.is_known(5));
        assert!(!Manners { trust_messages: 0, ..manners }.is_known(u16::MAX));
    }
}
