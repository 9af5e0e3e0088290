//! Decisions: what was decided, why, and what became of it.
//!
//! Promises: whoever may not read people's texts gets none of them, and cannot find out about them by searching; a search
//! looks at a bounded number of decisions and says where to go on.

use super::Office;
use super::listing::{Listing, cursor};
use super::pieces::{pieces, saw};
use crate::access::{Caller, Denied, Role};
use crate::decide::{Disposition, is_possible};
use crate::limits;
use crate::message::{ChatId, Message, MessageId, Revision, Sender, SurfaceKind};
use crate::opinion::{MODEL_RULE, NO_MODEL_RULE};
use crate::shard::Rulebook;
use crate::store::desk::{Label, Mark};
use crate::store::endings::{Ending, Endings};
use crate::store::records::{Decision, OutboxKey};
use crate::text;
use crate::verdict::{ActionKind, Finding, Outcome, PlannedAction};
use crate::web::desk::{Refused, Told};
use crate::web::views::{ActionView, DecisionQuery, DecisionRow, DecisionView, FindingView, Listed};
use std::collections::BTreeMap;

/// A query, understood.
struct Wanted {
    query: DecisionQuery,
    outcome: Option<Outcome>,
    text: Option<String>,
    limit: usize,
}

impl Wanted {
    fn of(caller: &Caller, query: &DecisionQuery) -> Told<Self> {
        if query.sender.is_some() && !caller.reads_texts() {
            return Err(Refused::Denied);
        }
        let mut wrong = Vec::new();
        let outcomes = [Outcome::Allow, Outcome::Review, Outcome::Block];
        let word = query.outcome.as_deref().filter(|word| !word.is_empty());
        let outcome = word.and_then(|word| outcomes.into_iter().find(|outcome| outcome.word() == word));
        if word.is_some() && outcome.is_none() {
            wrong.push(("outcome".to_owned(), "known: allow, review, block".to_owned()));
        }
        if query.limit.is_some_and(|limit| limit == 0 || limit > limits::PAGE_ROWS_MAX) {
            wrong.push(("limit".to_owned(), format!("1 to {}", limits::PAGE_ROWS_MAX)));
        }
        if !wrong.is_empty() {
            return Err(Refused::Wrong(wrong));
        }
        Ok(Self {
            outcome,
            text: query.text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase),
            limit: query.limit.unwrap_or(limits::PAGE_ROWS_MAX),
            query: query.clone(),
        })
    }

    /// Whether a decision is wanted, in a chat that is now `chat`.
    fn takes(&self, decision: &Decision, chat: ChatId, caller: &Caller) -> bool {
        let query = &self.query;
        let at_s = decision.at.seconds();
        let rule = query.rule.as_deref().filter(|rule| !rule.is_empty());
        query.group.is_none_or(|group| group == decision.chat.0 || group == chat.0)
            && self.outcome.is_none_or(|outcome| outcome == decision.outcome)
            && rule.is_none_or(|rule| decision.findings.iter().any(|finding| finding.rule == rule))
            && query.sender.is_none_or(|sender| number_of(decision.sender) == Some(sender))
            && query.since_s.is_none_or(|since_s| at_s >= since_s)
            && query.until_s.is_none_or(|until_s| at_s < until_s)
            && self.text.as_deref().is_none_or(|text| {
                decision.reason.to_lowercase().contains(text)
                    || (caller.reads_texts() && decision.excerpt.to_lowercase().contains(text))
            })
    }
}

impl Office {
    /// A piece of the decisions of the caller's tenants, newest first. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn decisions(&self, caller: &Caller, query: &DecisionQuery) -> Told<Listed<DecisionRow>> {
        caller.is_at_least(Role::Viewer)?;
        let wanted = Wanted::of(caller, query)?;
        let below = cursor(query.cursor.as_deref())?;
        // By chat: where it is now, and whether it is the caller's.
        let mut chats: BTreeMap<ChatId, (ChatId, bool)> = BTreeMap::new();
        let mut listing = Listing::of(wanted.limit);
        self.snapshots.decisions_before(below, |number, decision| {
            let chat = decision.chat;
            let (now, is_own) = *chats
                .entry(chat)
                .or_insert_with(|| (self.current(chat), self.gate(caller, Role::Viewer, chat).is_ok()));
            let is_shown = is_own && wanted.takes(&decision, now, caller);
            listing.saw(number, is_shown.then_some((number, decision)))
        })?;
        let Listed { items: found, next } = listing.done();
        let endings = self.snapshots.endings()?;
        let mut items = Vec::with_capacity(found.len());
        for (number, decision) in found {
            let mark = self.snapshots.mark(number)?.unwrap_or_default();
            items.push(self.row(caller, number, &decision, &mark, &endings)?);
        }
        Ok(Listed { items, next })
    }

    /// One decision. Viewers.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn decision(&self, caller: &Caller, number: u64) -> Told<DecisionView> {
        let decision = self.found_decision(caller, Role::Viewer, number)?;
        let mark = self.snapshots.mark(number)?.unwrap_or_default();
        let endings = self.snapshots.endings()?;
        let row = self.row(caller, number, &decision, &mark, &endings)?;
        let book = self.in_force.now();
        let texts = caller.reads_texts();
        let opinion = decision.findings.iter().find(|finding| [MODEL_RULE, NO_MODEL_RULE].contains(&&*finding.rule));
        // A model's words may quote the message.
        let opinion = opinion.filter(|_| texts).map(|finding| finding.reason.clone());
        let undo = self.what_undoing_would_do(number, &decision, &mark)?;
        Ok(DecisionView {
            row,
            message: decision.message.0,
            sender_kind: kind_of(decision.sender).to_owned(),
            sender: number_of(decision.sender).filter(|_| texts),
            is_edit: matches!(decision.revision, Revision::Edited(_)),
            pieces: texts.then(|| pieces(&decision.excerpt, &decision.findings)),
            views: texts.then(|| views(&decision)),
            findings: decision.findings.iter().map(|finding| finding_view(&book, finding, &decision, texts)).collect(),
            opinion,
            actions: self.action_views(&decision, &mark, &endings)?,
            policy: format!("{:016x}", decision.policy),
            trace: decision.trace.to_string(),
            undo,
            undone_by: mark.undone.as_ref().map(|(_, who)| who.clone()),
            undone_at_s: mark.undone.as_ref().map(|(at, _)| at.seconds()),
            link: link(self.current(decision.chat), decision.message.0),
        })
    }

    /// A decision, for a caller who may do what takes `role` to its chat.
    pub(super) fn found_decision(&self, caller: &Caller, role: Role, number: u64) -> Told<Decision> {
        caller.is_at_least(role).map_err(|Denied| Refused::Denied)?;
        self.gate_found(caller, role, self.snapshots.decision(number)?, |decision| decision.chat)
    }

    fn row(
        &self,
        caller: &Caller,
        number: u64,
        decision: &Decision,
        mark: &Mark,
        endings: &Endings,
    ) -> Told<DecisionRow> {
        let chat = self.current(decision.chat);
        Ok(DecisionRow {
            number,
            at_s: decision.at.seconds(),
            group: chat.0,
            group_title: self.title_of(chat),
            outcome: decision.outcome.word().to_owned(),
            score: decision.score,
            reason: self.reason(caller, decision),
            rules: decision.findings.iter().map(|finding| finding.rule.clone()).collect(),
            excerpt: caller.reads_texts().then(|| decision.excerpt.clone()),
            mode: decision.mode.word().to_owned(),
            fate: self.fate(decision, mark, endings)?,
            label: mark.label.map(|label| label_word(label).to_owned()),
            is_undone: mark.undone.is_some(),
        })
    }

    /// The reason, but a model's own words only for who may read texts.
    fn reason(&self, caller: &Caller, decision: &Decision) -> String {
        let of_a_model =
            decision.findings.iter().any(|finding| finding.rule == MODEL_RULE && finding.reason == decision.reason);
        if of_a_model && !caller.reads_texts() { "a model's opinion".to_owned() } else { decision.reason.clone() }
    }

    /// What became of an action of a decision. Its chat may have got a new number meanwhile.
    pub(super) fn ending(&self, decision: &Decision, action: ActionKind, endings: &Endings) -> Told<Ending> {
        let key = OutboxKey { chat: decision.chat, message: decision.message, action };
        let ending = endings.of(key)?;
        let now = self.current(decision.chat);
        if matches!(ending, Ending::Done(_) | Ending::Dropped(_) | Ending::Dead(..)) {
            // Of an earlier decision about the same message: then this one's goes by a name of its own.
            let own = endings.of(OutboxKey { chat: now, message: named_by(decision), action })?;
            return Ok(if own == Ending::Unknown { ending } else { own });
        }
        if ending == Ending::Unknown && now != decision.chat {
            return Ok(endings.of(OutboxKey { chat: now, ..key })?);
        }
        Ok(ending)
    }

    /// What a decision promised, and what became of each. Of one that was made by the fallback only what there is a trace
    /// of is known.
    pub(super) fn promised(&self, decision: &Decision, endings: &Endings) -> Told<Vec<(PlannedAction, Ending)>> {
        if decision.disposition != Disposition::Promised {
            return Ok(Vec::new());
        }
        let mut actions = decision.actions.clone();
        if decision.outcome != Outcome::Block && !actions.iter().any(|action| action.kind == ActionKind::Delete) {
            actions.insert(0, PlannedAction { kind: ActionKind::Delete, seconds: 0 });
        }
        let mut promised = Vec::new();
        for action in actions.into_iter().filter(|action| is_possible(action.kind, decision.sender)) {
            let ending = self.ending(decision, action.kind, endings)?;
            if ending != Ending::Unknown || decision.outcome == Outcome::Block {
                promised.push((action, ending));
            }
        }
        Ok(promised)
    }

    /// What came of a decision, in a few words.
    fn fate(&self, decision: &Decision, mark: &Mark, endings: &Endings) -> Told<String> {
        if mark.undone.is_some() {
            return Ok("undone".to_owned());
        }
        if let Some(why) = why_nothing(decision) {
            return Ok(why.to_owned());
        }
        let mut told = Vec::new();
        for (action, ending) in self.promised(decision, endings)? {
            let noun = noun(action.kind);
            match ending {
                Ending::Waits(_) => told.push(format!("{noun} waits")),
                Ending::Done(_) => told.push(action.done_words()),
                Ending::Dropped(_) => told.push(format!("{noun} not needed")),
                Ending::Dead(..) => told.push(format!("{noun} given up")),
                Ending::Unknown if action.kind.is_courtesy() => {}
                Ending::Unknown => told.push(action.done_words()),
            }
        }
        Ok(if told.is_empty() { "nothing was left to do".to_owned() } else { told.join(", ") })
    }

    fn action_views(&self, decision: &Decision, mark: &Mark, endings: &Endings) -> Told<Vec<ActionView>> {
        let view = |action: PlannedAction, state: &str, why: Option<String>, at_s: Option<u64>| ActionView {
            action: action.kind.word().to_owned(),
            words: action.words(),
            state: state.to_owned(),
            why,
            at_s,
        };
        if let Some(why) = why_nothing(decision) {
            let asked = decision.actions.iter();
            return Ok(asked.map(|action| view(*action, "not_asked", Some(why.to_owned()), None)).collect());
        }
        let mut views = Vec::new();
        for (action, ending) in self.promised(decision, endings)? {
            views.push(match ending {
                Ending::Waits(row) if row.attempts > 0 => {
                    view(action, "waiting", Some(format!("tried {} times so far", row.attempts)), None)
                }
                Ending::Waits(_) => view(action, "waiting", None, None),
                Ending::Done(at) => {
                    let reverted = mark.undone.is_some() && action.kind != ActionKind::Delete;
                    view(action, if reverted { "undone" } else { "done" }, None, Some(at.seconds()))
                }
                Ending::Dropped(at) if mark.undone.is_some() => view(action, "undone", None, Some(at.seconds())),
                Ending::Dropped(_) => {
                    let why = "it turned out to be against an administrator, or the notice may have been said already";
                    view(action, "not_asked", Some(why.to_owned()), None)
                }
                Ending::Dead(_, letter) => view(action, "given_up", Some(letter.why), Some(letter.at.seconds())),
                Ending::Unknown if action.kind.is_courtesy() => {
                    view(action, "not_asked", Some("at most one notice about a member in ten minutes".to_owned()), None)
                }
                Ending::Unknown => view(action, "forgotten", None, None),
            });
        }
        Ok(views)
    }
}

/// What names an action of a decision where one of the same name came to its end before.
pub(super) fn named_by(decision: &Decision) -> MessageId {
    MessageId::of_none(decision.trace.0)
}

/// Why nothing was done; `None` when something was promised.
pub(super) const fn why_nothing(decision: &Decision) -> Option<&'static str> {
    Some(match decision.disposition {
        Disposition::Promised => return None,
        Disposition::Recorded if matches!(decision.mode, crate::verdict::Mode::Record) => "recorded only",
        Disposition::Recorded => "shown for review",
        Disposition::Exempt => "left alone: never acted on",
        Disposition::WatchOnly => "nothing done: rights are missing",
        Disposition::Quarantined => "waits for somebody",
    })
}

const fn noun(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Delete => "deletion",
        ActionKind::Mute => "mute",
        ActionKind::Kick => "removal",
        ActionKind::Ban => "ban",
        ActionKind::Warn => "warning",
        ActionKind::Unban => "unban",
        ActionKind::Notify => "notice",
        ActionKind::Unmute => "unmute",
        other => other.word(),
    }
}

const fn label_word(label: Label) -> &'static str {
    match label {
        Label::Fine => "fine",
        Label::Spam => "spam",
    }
}

const fn kind_of(sender: Sender) -> &'static str {
    match sender {
        Sender::Member(_) => "member",
        Sender::Bot(_) => "bot",
        Sender::Channel(_) => "channel",
        Sender::AnonymousAdmin => "anonymous administrator",
        Sender::LinkedChannel => "linked channel",
        Sender::Nobody => "nobody",
    }
}

const fn number_of(sender: Sender) -> Option<i64> {
    match sender {
        Sender::Member(user) | Sender::Bot(user) => Some(user.0),
        Sender::Channel(chat) => Some(chat.0),
        Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody => None,
    }
}

fn finding_view(book: &Rulebook, finding: &Finding, decision: &Decision, texts: bool) -> FindingView {
    let pack = book.policy.rules().find(|rule| rule.id == finding.rule).map(|rule| rule.pack.to_owned());
    let of_a_model = [MODEL_RULE, NO_MODEL_RULE].contains(&&*finding.rule);
    FindingView {
        rule: finding.rule.clone(),
        pack,
        score: finding.score,
        reason: if of_a_model && !texts { "a model's opinion".to_owned() } else { finding.reason.clone() },
        saw: texts.then(|| saw(&decision.excerpt, finding)),
    }
}

/// The kept start of the text as the rules read it.
fn views(decision: &Decision) -> Vec<(String, String)> {
    let mut message = Message::empty(decision.chat, decision.message, decision.sender);
    message.push(SurfaceKind::Text, &decision.excerpt);
    let mut scratch = text::Scratch::default();
    text::fold(&message, &mut scratch);
    let folded = scratch.canonical().text().to_owned();
    let skeleton = text::skeleton(&folded);
    vec![("folded".to_owned(), folded), ("skeleton".to_owned(), skeleton)]
}

/// Where a message is, for those who are in its group; supergroups only.
pub(super) fn link(chat: ChatId, message: i32) -> Option<String> {
    const SUPERGROUPS_BELOW: i64 = -1_000_000_000_000;
    let number = SUPERGROUPS_BELOW.checked_sub(chat.0).filter(|number| *number > 0)?;
    (message > 0).then(|| format!("https://t.me/c/{number}/{message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_of_supergroups_have_an_address() {
        assert_eq!(link(ChatId(-1_001_234_567_890), 45).as_deref(), Some("https://t.me/c/1234567890/45"));
        assert_eq!(link(ChatId(-4_321), 45), None);
        assert_eq!(link(ChatId(-1_001_234_567_890), -1), None);
        assert_eq!(link(ChatId(i64::MIN), 1).map(|link| link.len() > 20), Some(true));
    }
}
