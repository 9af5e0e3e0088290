//! From a verdict to what is done about it.
//!
//! Promises: nobody that must never be acted on is acted on, whatever the rules say; in `record` mode nothing is done;
//! what is left undone says why ([`Disposition`]).
//!
//! Never: a clock, a disk, a network, a chat's state other than what the caller brings.

use crate::message::Sender;
use crate::verdict::{ActionKind, Mode, Outcome, PlannedAction, ReviewFallback, Thresholds, Verdict};
use serde::{Deserialize, Serialize};

/// How a chat wants to be moderated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatRules {
    /// Whether verdicts have effects.
    pub mode: Mode,
    /// The scores that matter.
    pub thresholds: Thresholds,
    /// What is done when the rules are unsure.
    pub fallback: ReviewFallback,
}

impl ChatRules {
    /// The same but for what is given.
    #[must_use]
    pub fn with(self, mode: Option<Mode>, review: Option<u16>, block: Option<u16>) -> Self {
        let thresholds = Thresholds {
            review: review.unwrap_or(self.thresholds.review),
            block: block.unwrap_or(self.thresholds.block),
        };
        Self { mode: mode.unwrap_or(self.mode), thresholds, ..self }
    }
}

/// What is known about the sender's place in the chat, and the bot's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Somebody who may be acted on, as far as is known.
    Ordinary,
    /// An administrator, or the channel the chat is linked with.
    Protected,
    /// The bot lacks rights in this chat.
    WatchOnly,
}

/// What came of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disposition {
    /// Shown only: the mode is `record`, or the verdict asks for no action.
    Recorded,
    /// Its actions were put into the outbox.
    Promised,
    /// The sender is never acted on.
    Exempt,
    /// The bot lacks the rights in this chat; nothing was promised.
    WatchOnly,
    /// Judging failed; a person must look.
    Quarantined,
}

impl Disposition {
    /// The disposition in words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Promised => "promised",
            Self::Exempt => "exempt",
            Self::WatchOnly => "watch-only",
            Self::Quarantined => "quarantined",
        }
    }
}

/// What is to be done about a message, and why not more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What came of the decision.
    pub disposition: Disposition,
    /// The actions, in the order in which they are carried out.
    pub actions: Vec<PlannedAction>,
}

/// What is to be done about a message of this sender with this verdict.
#[must_use]
pub fn plan(sender: Sender, verdict: &Verdict, rules: &ChatRules, standing: Standing) -> Plan {
    let nothing = |disposition| Plan { disposition, actions: Vec::new() };
    let wanted = match (verdict.outcome, rules.fallback) {
        (Outcome::Block, _) | (Outcome::Review, ReviewFallback::Block) => verdict.actions.clone(),
        (Outcome::Review, ReviewFallback::Delete) => vec![PlannedAction { kind: ActionKind::Delete, seconds: 0 }],
        (Outcome::Allow, _) | (Outcome::Review, ReviewFallback::Record) => Vec::new(),
    };
    if sender.is_exempt() || standing == Standing::Protected {
        return nothing(Disposition::Exempt);
    }
    if wanted.is_empty() || rules.mode == Mode::Record {
        return nothing(Disposition::Recorded);
    }
    if standing == Standing::WatchOnly {
        return nothing(Disposition::WatchOnly);
    }
    let actions: Vec<_> = wanted.into_iter().filter(|action| is_possible(action.kind, sender)).collect();
    let disposition = if actions.is_empty() { Disposition::Recorded } else { Disposition::Promised };
    Plan { disposition, actions }
}

/// Whether an action against a sender is possible. A channel has no rights of its own to take: it can be banned, and nothing
/// between.
#[must_use]
pub const fn is_possible(kind: ActionKind, sender: Sender) -> bool {
    match sender {
        Sender::Member(_) | Sender::Bot(_) => true,
        Sender::Channel(_) => {
            matches!(kind, ActionKind::Delete | ActionKind::Ban | ActionKind::Unban | ActionKind::Notify)
        }
        Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChatId, UserId};

    fn blocked() -> Verdict {
        let actions = [ActionKind::Delete, ActionKind::Mute, ActionKind::Ban]
            .map(|kind| PlannedAction { kind, seconds: 0 })
            .to_vec();
        Verdict { outcome: Outcome::Block, score: 100, actions, ..Verdict::default() }
    }

    const ENFORCE: ChatRules = ChatRules {
        mode: Mode::Enforce,
        thresholds: Thresholds { review: 50, block: 80 },
        fallback: ReviewFallback::Record,
    };

    #[test]
    fn those_who_are_never_acted_on_are_not() {
        for sender in [Sender::AnonymousAdmin, Sender::LinkedChannel, Sender::Nobody] {
            let plan = plan(sender, &blocked(), &ENFORCE, Standing::Ordinary);
            assert_eq!((plan.disposition, plan.actions), (Disposition::Exempt, vec![]), "{sender:?}");
        }
        let admin = plan(Sender::Member(UserId(1)), &blocked(), &ENFORCE, Standing::Protected);
        assert_eq!(admin.disposition, Disposition::Exempt);
    }

    #[test]
    fn record_mode_does_nothing() {
        let rules = ChatRules { mode: Mode::Record, ..ENFORCE };
        let plan = plan(Sender::Member(UserId(1)), &blocked(), &rules, Standing::Ordinary);
        assert_eq!((plan.disposition, plan.actions), (Disposition::Recorded, vec![]));
    }

    #[test]
    fn a_channel_is_banned_and_not_muted() {
        let plan = plan(Sender::Channel(ChatId(-9)), &blocked(), &ENFORCE, Standing::Ordinary);
        let kinds: Vec<_> = plan.actions.iter().map(|action| action.kind).collect();
        assert_eq!(kinds, [ActionKind::Delete, ActionKind::Ban]);
    }

    #[test]
    fn an_unsure_verdict_follows_the_fallback() {
        let unsure = Verdict { outcome: Outcome::Review, ..blocked() };
        let sender = Sender::Member(UserId(1));
        for (fallback, count) in [(ReviewFallback::Record, 0), (ReviewFallback::Delete, 1), (ReviewFallback::Block, 3)]
        {
            let plan = plan(sender, &unsure, &ChatRules { fallback, ..ENFORCE }, Standing::Ordinary);
            assert_eq!(plan.actions.len(), count, "{fallback:?}");
        }
    }

    #[test]
    fn without_rights_nothing_is_promised() {
        let plan = plan(Sender::Member(UserId(1)), &blocked(), &ENFORCE, Standing::WatchOnly);
        assert_eq!(plan.disposition, Disposition::WatchOnly);
    }
}
