//! What stands against somebody, whatever they write: a list, a ban of another group, a raid, a name.
//!
//! Promises: only strangers are looked at, and only for what their group asks for. Of several things the first that asks for
//! an action decides; all of them are among the findings.
//!
//! Never: an effect.

use super::Door;
use crate::cards::InRaid;
use crate::chats::ChatBook;
use crate::limits;
use crate::manners::Measure;
use crate::message::{ChatId, floor_char_boundary};
use crate::settle::House;
use crate::store::StoreError;
use crate::telegram::update::Person;
use crate::verdict::{ActionKind, Finding, Outcome, PlannedAction, Verdict};

/// The rule under whose name it stands that somebody is on a list.
pub const LISTED_RULE: &str = "aegis-listed";
/// The rule under whose name it stands that another group of the owner banned somebody.
pub const SHARED_RULE: &str = "aegis-shared-ban";
/// The rule under whose name it stands that the group is raided.
pub const RAID_RULE: &str = "aegis-raid";
/// The rule under whose name it stands that somebody may pass for an administrator.
pub const IMPERSONATOR_RULE: &str = "aegis-impersonator";
/// The rule under whose name it stands that a name or a self-description is blocked.
pub const NAME_RULE: &str = "aegis-name";

/// Something that stands against somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The rule under whose name it is shown.
    pub rule: &'static str,
    /// What it is, in a sentence.
    pub reason: String,
    /// What is done about it.
    pub measure: Measure,
}

impl Against {
    fn new(rule: &'static str, reason: &str, measure: Measure) -> Self {
        let cut = floor_char_boundary(reason, limits::REASON_BYTES_MAX);
        Self { rule, reason: reason.get(..cut).unwrap_or_default().to_owned(), measure }
    }

    fn finding(&self) -> Finding {
        Finding { rule: self.rule.to_owned(), score: 0, reason: self.reason.clone(), spans: Vec::new() }
    }

    /// The name or self-description of somebody who comes, when the rules block it.
    pub(super) fn of_name(judged: &Verdict, measure: Measure) -> Option<Self> {
        (judged.outcome == Outcome::Block && measure != Measure::Off)
            .then(|| Self::new(NAME_RULE, &judged.reason, measure))
    }
}

/// Which of several things decides: the first that asks for an action, or else the first.
fn deciding(against: &[Against]) -> Option<&Against> {
    against.iter().find(|one| one.measure.action().is_some()).or_else(|| against.first())
}

/// Whether any of it asks for an action.
pub(super) fn asks_for_action(against: &[Against]) -> bool {
    against.iter().any(|one| one.measure.action().is_some())
}

/// What is shown of it: block when something is to be done, review when it is only recorded. `also` is done besides.
pub(super) fn verdict_of(against: &[Against], also: Option<ActionKind>, judged: Verdict) -> Verdict {
    let Some(decides) = deciding(against) else { return judged };
    let mut verdict = judged;
    let mut findings: Vec<Finding> = against.iter().map(Against::finding).collect();
    findings.append(&mut verdict.findings);
    findings.truncate(limits::FINDINGS_MAX);
    verdict.findings = findings;
    if verdict.outcome == Outcome::Block {
        return verdict;
    }
    let measure = decides.measure.action();
    if measure.is_some() {
        let plain = also.map(|kind| PlannedAction { kind, seconds: 0 });
        verdict.actions = plain.into_iter().chain(measure).collect();
        verdict.outcome = Outcome::Block;
        verdict.reason.clone_from(&decides.reason);
    } else if verdict.outcome == Outcome::Allow {
        verdict.actions.clear();
        verdict.outcome = Outcome::Review;
        verdict.reason.clone_from(&decides.reason);
    }
    verdict
}

impl Door {
    /// What stands against a stranger in a chat.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn against(
        &self,
        chat: ChatId,
        who: &Person,
        house: &House<'_>,
        book: &ChatBook,
    ) -> Result<Vec<Against>, StoreError> {
        let (manners, mut found) = (house.manners, Vec::new());
        if manners.listed != Measure::Off
            && let Some(list) = self.listed.as_ref().and_then(|listed| listed(who.user))
        {
            found.push(Against::new(LISTED_RULE, &format!("on the list {list}"), manners.listed));
        }
        if manners.share_bans.is_on()
            && let Some(ban) = self.shared_ban(chat, house.tenant, who.user)?
        {
            let reason = format!("banned in another group of the same owner: {}", ban.reason);
            found.push(Against::new(SHARED_RULE, &reason, Measure::Ban));
        }
        if manners.impersonators != Measure::Off
            && let Some(admin) = self.names.resembled(chat, who, book)
        {
            let reason = format!("may pass for the administrator {admin}");
            found.push(Against::new(IMPERSONATOR_RULE, &reason, manners.impersonators));
        }
        Ok(found)
    }

    /// What a raid has against whoever joins meanwhile.
    pub(super) fn against_newcomer(&self, chat: ChatId, measure: Measure) -> Option<Against> {
        (self.in_raid(chat) == InRaid::Yes && measure != Measure::Off)
            .then(|| Against::new(RAID_RULE, "joined while the group was raided", measure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rule: &'static str, measure: Measure) -> Against {
        Against::new(rule, rule, measure)
    }

    #[test]
    fn the_first_that_asks_for_an_action_decides_and_all_are_found() {
        let both = [of(IMPERSONATOR_RULE, Measure::Record), of(LISTED_RULE, Measure::Ban)];
        let verdict = verdict_of(&both, Some(ActionKind::Delete), Verdict::default());
        let kinds: Vec<_> = verdict.actions.iter().map(|action| action.kind).collect();
        assert_eq!((verdict.outcome, verdict.reason.as_str()), (Outcome::Block, LISTED_RULE));
        assert_eq!((kinds, verdict.findings.len()), (vec![ActionKind::Delete, ActionKind::Ban], 2));
    }

    #[test]
    fn what_is_only_recorded_is_shown_and_does_nothing() {
        let verdict = verdict_of(&[of(NAME_RULE, Measure::Record)], Some(ActionKind::Delete), Verdict::default());
        assert_eq!((verdict.outcome, verdict.actions), (Outcome::Review, vec![]));
    }

    #[test]
    fn what_the_rules_are_sure_of_keeps_its_reason_and_actions() {
        let actions = vec![PlannedAction { kind: ActionKind::Mute, seconds: 60 }];
        let sure = Verdict { outcome: Outcome::Block, reason: "spam".into(), actions, ..Verdict::default() };
        let verdict = verdict_of(&[of(LISTED_RULE, Measure::Ban)], None, sure.clone());
        assert_eq!((verdict.reason, verdict.actions, verdict.findings.len()), (sure.reason, sure.actions, 1));
    }
}
