//! What the judge says of a message, and why.
//!
//! Promises: a [`Verdict`] names every rule that spoke ([`Finding`]) and where in the *original* text it saw what it
//! names ([`Span`], in UTF-8 bytes and in UTF-16 units, the unit of the Bot API). Scores are bounded.
//!
//! Never: an effect. What follows from a verdict is decided elsewhere, by mode and by the rights the bot has.

use serde::{Deserialize, Serialize};

/// The three answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Harmless as far as the rules can tell.
    #[default]
    Allow,
    /// The rules are unsure.
    Review,
    /// The rules are sure.
    Block,
}

impl Outcome {
    /// The outcome in lower-case words, as in JSON, metrics and on the page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Review => "review",
            Self::Block => "block",
        }
    }
}

/// The scores at which a message is shown to somebody, and at which it is acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// At this score and above: [`Outcome::Review`].
    pub review: u16,
    /// At this score and above: [`Outcome::Block`].
    pub block: u16,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { review: 50, block: 80 }
    }
}

impl Thresholds {
    /// The outcome of a score.
    #[must_use]
    pub const fn outcome(self, score: u16) -> Outcome {
        if score >= self.block {
            Outcome::Block
        } else if score >= self.review {
            Outcome::Review
        } else {
            Outcome::Allow
        }
    }
}

/// A piece of one surface of the original message. Half open: `from` is inside, `to` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Which of the message's surfaces.
    pub surface: u16,
    /// First UTF-8 byte.
    pub from: u32,
    /// One past the last UTF-8 byte.
    pub to: u32,
    /// First UTF-16 unit.
    pub utf16_from: u32,
    /// One past the last UTF-16 unit.
    pub utf16_to: u32,
}

/// What one rule saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id, unique over all packs.
    pub rule: String,
    /// What it adds to the score.
    pub score: u16,
    /// The reason the rule gives to people.
    pub reason: String,
    /// Where it saw it; at most `limits::SPANS_MAX`, and empty for a rule that is not about a place in the text.
    pub spans: Vec<Span>,
}

/// Something Aegis may do in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ActionKind {
    /// Remove the message.
    Delete,
    /// Take the sender's right to write, for [`PlannedAction::seconds`] or for ever.
    Mute,
    /// Remove the sender, who may come back.
    Kick,
    /// Remove the sender, who may not come back.
    Ban,
    /// Count a warning and say so in the chat.
    Warn,
    /// Let a banned sender come back.
    Unban,
    /// Say a sentence in the chat.
    Notify,
    /// Give a muted sender the right to write back.
    Unmute,
    /// Remove a message that is nobody's offence: one of the bot's own, a command, a service message.
    Clean,
    /// Show a decision in the chat of administrators.
    Card,
    /// Copy a message into the chat of administrators, before it is deleted.
    Copy,
    /// Change what a card says.
    Edit,
    /// Let somebody join who asked to.
    Admit,
    /// Refuse somebody who asked to join.
    Decline,
    /// Set what everybody in a chat may do.
    Permit,
}

impl ActionKind {
    /// Every kind, in the order in which they are carried out for one message.
    pub const ALL: [Self; 15] = [
        Self::Delete,
        Self::Mute,
        Self::Kick,
        Self::Ban,
        Self::Unban,
        Self::Unmute,
        Self::Warn,
        Self::Notify,
        Self::Clean,
        Self::Permit,
        Self::Admit,
        Self::Decline,
        Self::Copy,
        Self::Card,
        Self::Edit,
    ];

    /// The kind as written in a pack.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Mute => "mute",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Warn => "warn",
            Self::Unban => "unban",
            Self::Notify => "notify",
            Self::Unmute => "unmute",
            Self::Clean => "clean",
            Self::Card => "card",
            Self::Copy => "copy",
            Self::Edit => "edit",
            Self::Admit => "admit",
            Self::Decline => "decline",
            Self::Permit => "permit",
        }
    }

    /// The kind that [`ActionKind::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// A stable number for keys of stored rows. Never renumber.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Delete => 1,
            Self::Mute => 2,
            Self::Kick => 3,
            Self::Ban => 4,
            Self::Warn => 5,
            Self::Unban => 6,
            Self::Notify => 7,
            Self::Unmute => 8,
            Self::Clean => 9,
            Self::Card => 10,
            Self::Copy => 11,
            Self::Edit => 12,
            Self::Admit => 13,
            Self::Decline => 14,
            Self::Permit => 15,
        }
    }

    /// Whether a rule of a pack may ask for it. All else is for people and for the appliance itself.
    #[must_use]
    pub const fn is_for_rules(self) -> bool {
        matches!(self, Self::Delete | Self::Mute | Self::Kick | Self::Ban | Self::Warn | Self::Notify)
    }

    /// Whether it removes a message: many of one chat go in one call.
    #[must_use]
    pub const fn is_removal(self) -> bool {
        matches!(self, Self::Delete | Self::Clean)
    }

    /// Whether it must not reach those who are never acted on: all that is about somebody but what only speaks of them, or
    /// lets them in.
    #[must_use]
    pub const fn is_against_somebody(self) -> bool {
        matches!(
            self,
            Self::Delete
                | Self::Mute
                | Self::Kick
                | Self::Ban
                | Self::Unban
                | Self::Unmute
                | Self::Warn
                | Self::Decline
        )
    }

    /// Whether nobody need know that it was given up: it speaks, or tidies up after what spoke.
    #[must_use]
    pub const fn is_forgettable(self) -> bool {
        self.is_courtesy() || matches!(self, Self::Clean | Self::Edit)
    }

    /// A courtesy speaks; a duty changes who or what is in the chat. Only a duty is repeated after an answer was lost.
    #[must_use]
    pub const fn is_courtesy(self) -> bool {
        matches!(self, Self::Warn | Self::Notify | Self::Card | Self::Copy)
    }

    /// Whether it is about a sender's place in the chat: then the order of two such actions matters.
    #[must_use]
    pub const fn is_measure(self) -> bool {
        matches!(
            self,
            Self::Mute
                | Self::Kick
                | Self::Ban
                | Self::Unban
                | Self::Unmute
                | Self::Admit
                | Self::Decline
                | Self::Permit
        )
    }
}

/// An action as a rule asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlannedAction {
    /// What to do.
    pub kind: ActionKind,
    /// For how long, for mutes and bans; 0 means for ever.
    pub seconds: u32,
}

impl PlannedAction {
    /// What is to be done, in words.
    #[must_use]
    pub fn words(self) -> String {
        let what = match self.kind {
            ActionKind::Delete => "delete the message",
            ActionKind::Mute => "mute the sender",
            ActionKind::Kick => "remove the sender, who may come back",
            ActionKind::Ban => "ban the sender",
            ActionKind::Warn => "warn the sender",
            ActionKind::Unban => "let the sender come back",
            ActionKind::Notify => "say so in the chat",
            ActionKind::Unmute => "let the sender write again",
            ActionKind::Clean => "tidy the message away",
            ActionKind::Card => "show it to the administrators",
            ActionKind::Copy => "copy the message for the administrators",
            ActionKind::Edit => "change what the administrators were shown",
            ActionKind::Admit => "let the sender join",
            ActionKind::Decline => "refuse the sender's wish to join",
            ActionKind::Permit => "set what members may do",
        };
        match self.kind {
            ActionKind::Mute | ActionKind::Ban => format!("{what} {}", how_long(self.seconds)),
            _ => what.to_owned(),
        }
    }

    /// What was done, in words, to the message or its sender.
    #[must_use]
    pub fn done_words(self) -> String {
        let what = match self.kind {
            ActionKind::Delete => "deleted",
            ActionKind::Mute => "muted",
            ActionKind::Kick => "removed",
            ActionKind::Ban => "banned",
            ActionKind::Warn => "warned",
            ActionKind::Unban => "allowed back",
            ActionKind::Notify => "said in the chat",
            ActionKind::Unmute => "allowed to write",
            ActionKind::Clean => "tidied away",
            ActionKind::Card => "shown to the administrators",
            ActionKind::Copy => "copied for the administrators",
            ActionKind::Edit => "changed for the administrators",
            ActionKind::Admit => "let in",
            ActionKind::Decline => "not let in",
            ActionKind::Permit => "rights of members set",
        };
        match (self.kind, self.seconds) {
            (ActionKind::Mute | ActionKind::Ban, seconds) if seconds > 0 => format!("{what} {}", how_long(seconds)),
            _ => what.to_owned(),
        }
    }
}

/// A length of time in its largest whole unit.
fn how_long(seconds: u32) -> String {
    const UNITS: [(u32, &str); 5] =
        [(7 * 86_400, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    if seconds == 0 {
        return "for ever".to_owned();
    }
    let whole = UNITS.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "second"));
    let count = seconds / unit;
    format!("for {count} {name}{}", if count == 1 { "" } else { "s" })
}

/// The judge's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Allow, review or block.
    pub outcome: Outcome,
    /// Sum of the findings' scores, at most `limits::SCORE_MAX`.
    pub score: u16,
    /// The reason of the heaviest finding; empty when nothing was found.
    pub reason: String,
    /// What the rules saw, heaviest first; at most `limits::FINDINGS_MAX`.
    pub findings: Vec<Finding>,
    /// What the rules ask to be done if the outcome is block: in [`ActionKind::ALL`] order, each kind once.
    pub actions: Vec<PlannedAction>,
    /// The version of the policy that spoke.
    pub policy: u64,
}

/// Whether verdicts have effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Decide and show; do nothing in the chat.
    #[default]
    Record,
    /// Decide and act.
    Enforce,
}

impl Mode {
    /// The mode as written in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Enforce => "enforce",
        }
    }

    /// The mode that [`Mode::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Record, Self::Enforce].into_iter().find(|mode| mode.word() == word)
    }
}

/// What is done with a message that the rules leave at review and nobody else decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReviewFallback {
    /// Record it and show it; do nothing in the chat.
    #[default]
    Record,
    /// Remove the message; do nothing to its sender.
    Delete,
    /// Do what the rules ask, as if they had been sure.
    Block,
}

impl ReviewFallback {
    /// The fallback as written in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Delete => "delete",
            Self::Block => "block",
        }
    }

    /// The fallback that [`ReviewFallback::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Record, Self::Delete, Self::Block].into_iter().find(|fallback| fallback.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_told_with_its_time_in_whole_units() {
        let told = |kind, seconds| PlannedAction { kind, seconds }.words();
        assert_eq!(told(ActionKind::Ban, 0), "ban the sender for ever");
        assert_eq!(told(ActionKind::Ban, 14 * 86_400), "ban the sender for 2 weeks");
        assert_eq!(told(ActionKind::Mute, 3_600), "mute the sender for 1 hour");
        assert_eq!(told(ActionKind::Mute, 90), "mute the sender for 90 seconds");
        assert_eq!(told(ActionKind::Delete, 0), "delete the message");
        assert_eq!(PlannedAction { kind: ActionKind::Ban, seconds: 86_400 }.done_words(), "banned for 1 day");
    }

    #[test]
    fn every_kind_has_a_word_and_a_number_of_its_own() {
        let words: std::collections::BTreeSet<_> = ActionKind::ALL.iter().map(|kind| kind.word()).collect();
        let numbers: std::collections::BTreeSet<_> = ActionKind::ALL.iter().map(|kind| kind.number()).collect();
        assert_eq!((words.len(), numbers.len()), (ActionKind::ALL.len(), ActionKind::ALL.len()));
        assert_eq!((ActionKind::Unmute.number(), ActionKind::Permit.number()), (8, 15));
    }
}
