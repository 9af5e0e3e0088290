//! Cards: how a decision is shown in the chat of administrators, and what may be pressed there.
//!
//! Promises: a card is plain text of at most `limits::NOTICE_BYTES_MAX` bytes; nothing a stranger wrote begins a line of its
//! own in it. A card is made anew from the decision and what people did with it, so that it says the same after a restart.
//! No chat of administrators gets more than a bounded number of cards a minute: further decisions are counted, and told in
//! one card a minute.
//!
//! Never: a call, a commit.

use crate::clock::{Monotonic, Now};
use crate::decide::Disposition;
use crate::limits;
use crate::message::{ChatId, MessageId, Sender, TraceId, floor_char_boundary};
use crate::press::{Button, Press};
use crate::store::desk::Mark;
use crate::store::records::{Decision, Detail, NUMBER_MARK, OutboxKey, OutboxRow};
use crate::text::one_line;
use crate::verdict::{ActionKind, Mode, Outcome, PlannedAction};
use crate::words::{Language, Phrase};
use std::collections::BTreeMap;

/// What a card is made of besides its decision.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'f> {
    /// The language of the card.
    pub language: Language,
    /// What the group is called.
    pub title: &'f str,
    /// What the sender is called; empty when that is not known.
    pub name: &'f str,
    /// What somebody just did with it, in a sentence; empty for nothing.
    pub outcome: &'f str,
    /// The decision's number; `None` while it has none: then [`NUMBER_MARK`] stands for it.
    pub number: Option<u64>,
}

/// The card of a decision, as of what people did with it.
#[must_use]
pub fn text(decision: &Decision, mark: &Mark, frame: &Frame<'_>) -> String {
    let say = |phrase, with: &[&str]| frame.language.say(phrase, with);
    let done = done(frame.language, &decision.actions);
    let mut lines = vec![match decision.disposition {
        Disposition::Promised => say(Phrase::CardDone, &[&done]),
        Disposition::Recorded if decision.mode == Mode::Record && decision.outcome == Outcome::Block => {
            say(Phrase::CardWould, &[&done])
        }
        Disposition::Recorded | Disposition::Quarantined => say(Phrase::CardUnsure, &[]),
        Disposition::Exempt => say(Phrase::CardExempt, &[]),
        Disposition::WatchOnly => say(Phrase::CardNoRights, &[]),
    }];
    if !frame.title.is_empty() {
        lines.push(say(Phrase::CardGroup, &[&line(frame.title)]));
    }
    lines.push(say(Phrase::CardSender, &[&sender(decision.sender, frame.name)]));
    lines.push(say(Phrase::CardReason, &[&line(&decision.reason)]));
    let seen: String =
        one_line(&decision.excerpt, limits::EXCERPT_BYTES_MAX).chars().take(limits::CARD_TEXT_CHARS_MAX).collect();
    if !seen.is_empty() {
        lines.push(say(Phrase::CardSaw, &[&seen]));
    }
    lines.extend(outcomes(mark, frame));
    let number = frame.number.map_or_else(|| NUMBER_MARK.to_string(), |number| number.to_string());
    let last = say(Phrase::CardNumber, &[&number]);
    // The number stands last, also when the rest is cut: a command that answers to the card finds it there.
    let room = limits::NOTICE_BYTES_MAX.saturating_sub(last.len() + 24);
    let body = lines.join("\n");
    let cut = floor_char_boundary(&body, room);
    format!("{}\n{last}", body.get(..cut).unwrap_or_default())
}

/// The number of the decision that a card shows, from the end of its text.
#[must_use]
pub fn number_in(text: &str) -> Option<u64> {
    let last = text.trim_end().lines().next_back()?;
    let digits: String = last.chars().rev().take_while(char::is_ascii_digit).collect();
    digits.chars().rev().collect::<String>().parse().ok()
}

/// What people did with it, a line each.
fn outcomes(mark: &Mark, frame: &Frame<'_>) -> Vec<String> {
    let undone = mark.undone.as_ref().map(|(_, who)| frame.language.say(Phrase::OutUndone, &[&line(who)]));
    let more = Some(frame.outcome).filter(|more| !more.is_empty() && undone.is_none());
    undone.into_iter().chain(more.map(line)).collect()
}

/// One line of what somebody wrote.
fn line(text: &str) -> String {
    one_line(text, limits::TITLE_BYTES_MAX)
}

/// The actions, as parts of a sentence.
#[must_use]
pub fn done(language: Language, actions: &[PlannedAction]) -> String {
    let said: Vec<String> = actions.iter().filter_map(|action| act(language, *action)).collect();
    if said.is_empty() { language.say(Phrase::ActNone, &[]) } else { said.join(", ") }
}

fn act(language: Language, action: PlannedAction) -> Option<String> {
    let lasting = language.lasting(action.seconds);
    Some(match action.kind {
        ActionKind::Delete => language.say(Phrase::ActDelete, &[]),
        ActionKind::Mute => language.say(Phrase::ActMute, &[&lasting]),
        ActionKind::Kick => language.say(Phrase::ActKick, &[]),
        ActionKind::Ban => language.say(Phrase::ActBan, &[&lasting]),
        ActionKind::Warn => language.say(Phrase::ActWarn, &[]),
        _ => return None,
    })
}

fn sender(sender: Sender, name: &str) -> String {
    let number = match sender {
        Sender::Member(user) | Sender::Bot(user) => user.0.to_string(),
        Sender::Channel(chat) => chat.0.to_string(),
        Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody => return line(name),
    };
    if name.is_empty() { number } else { format!("{} ({number})", line(name)) }
}

/// The buttons of a card, as of what people did with its decision.
#[must_use]
pub fn buttons(decision: &Decision, mark: &Mark, frame: &Frame<'_>) -> Vec<Button> {
    let number = frame.number.unwrap_or(0);
    let button = |phrase, press| Button { label: frame.language.say(phrase, &[]), press };
    let acts_on_somebody = matches!(decision.sender, Sender::Member(_) | Sender::Bot(_) | Sender::Channel(_));
    let has_acted = decision.disposition == Disposition::Promised;
    let is_open = mark.undone.is_none();
    let mut buttons = Vec::new();
    if has_acted && is_open {
        buttons.push(button(Phrase::ButtonUndo, Press::Undo(number)));
    }
    if mark.label.is_none() && is_open {
        buttons.push(button(Phrase::ButtonConfirm, Press::Confirm(number)));
        buttons.push(button(Phrase::ButtonNotSpam, Press::NotSpam(number)));
    }
    let bans = decision.actions.iter().any(|action| action.kind == ActionKind::Ban);
    if acts_on_somebody && is_open && !(has_acted && bans) {
        buttons.push(button(Phrase::ButtonBan, Press::Ban(number)));
    }
    if acts_on_somebody && is_open {
        buttons.push(button(Phrase::ButtonAllow, Press::Allow(number)));
    }
    buttons
}

/// A key for what is said once about something: another for another trace, the same when the same is said again.
#[must_use]
pub fn key(chat: ChatId, action: ActionKind, trace: TraceId) -> OutboxKey {
    OutboxKey { chat, message: MessageId::of_none(trace.0), action }
}

/// The rows that show a decision: a copy of its message, when there is one and it is to be copied, and the card.
#[must_use]
pub fn rows(decision: &Decision, frame: &Frame<'_>, copying: Copying, admin_chat: ChatId, now: Now) -> Vec<OutboxRow> {
    let mut rows = Vec::new();
    let (trace, mark) = (decision.trace, Mark::default());
    if decision.message.is_real() && copying == Copying::Yes {
        let detail = Detail::Copied { from: decision.chat, message: decision.message };
        let key = key(admin_chat, ActionKind::Copy, trace);
        rows.push(OutboxRow { detail, ..OutboxRow::new(key, Sender::Nobody, now.wall, trace) });
    }
    let detail = Detail::Card { buttons: buttons(decision, &mark, frame), copy: MessageId(0) };
    let text = text(decision, &mark, frame);
    let key = key(admin_chat, ActionKind::Card, trace);
    rows.push(OutboxRow { detail, text, ..OutboxRow::new(key, Sender::Nobody, now.wall, trace) });
    rows
}

/// How many cards chats of administrators got of late, and what was not shown by itself.
#[derive(Debug, Default)]
pub struct Pace {
    chats: BTreeMap<ChatId, Shown>,
}

#[derive(Debug)]
struct Shown {
    /// Cards that may be sent at once.
    left: u32,
    /// How many of them may have a copy of their message: as many as can be made before anybody would have to wait.
    copies: u32,
    since: Monotonic,
    /// Decisions that got no card, by group: blocked, unsure.
    untold: BTreeMap<ChatId, (u64, u64)>,
    /// When the first of them was made.
    untold_since: Monotonic,
}

/// Whether a decision gets a card of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// It does.
    Alone(Copying),
    /// It is counted.
    Counted,
}

/// Whether a card has a copy of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copying {
    /// It has, and the deletion waits for it.
    Yes,
    /// It has none: too many came at once, and the deletion does not wait.
    No,
}

impl Pace {
    /// Whether a decision gets a card of its own, or is counted. In a raid all are counted.
    pub fn show(&mut self, admin_chat: ChatId, decision: &Decision, in_raid: InRaid, now: Now) -> Showing {
        if self.chats.len() >= limits::TENANTS_MAX && !self.chats.contains_key(&admin_chat) {
            // As many as tenants: one that has nothing untold makes room.
            self.chats.retain(|_, shown| !shown.untold.is_empty());
        }
        let new = || Shown {
            left: limits::CARDS_AT_ONCE,
            copies: limits::COPIES_AT_ONCE,
            since: now.mono,
            untold: BTreeMap::new(),
            untold_since: now.mono,
        };
        let shown = self.chats.entry(admin_chat).or_insert_with(new);
        let more = u32::try_from(now.mono.since_ms(shown.since) / limits::CARD_EVERY_MS).unwrap_or(u32::MAX);
        if more > 0 {
            shown.left = shown.left.saturating_add(more).min(limits::CARDS_AT_ONCE);
            shown.copies = shown.copies.saturating_add(more).min(limits::COPIES_AT_ONCE);
            shown.since = now.mono;
        }
        if in_raid == InRaid::No && shown.left > 0 {
            shown.left -= 1;
            if shown.copies == 0 {
                return Showing::Alone(Copying::No);
            }
            shown.copies -= 1;
            return Showing::Alone(Copying::Yes);
        }
        if shown.untold.is_empty() {
            shown.untold_since = now.mono;
        }
        let (blocked, unsure) = shown.untold.entry(decision.chat).or_default();
        if decision.outcome == Outcome::Block {
            *blocked = blocked.saturating_add(1);
        } else {
            *unsure = unsure.saturating_add(1);
        }
        Showing::Counted
    }

    /// Cards about what was not shown by itself, once it has waited for a while.
    pub fn summaries(&mut self, frame: impl Fn(ChatId) -> (Language, String), now: Now) -> Vec<OutboxRow> {
        let mut rows = Vec::new();
        for (admin_chat, shown) in &mut self.chats {
            if shown.untold.is_empty() || now.mono.since_ms(shown.untold_since) < limits::CARD_SUMMARY_MS {
                continue;
            }
            let lines: Vec<String> = std::mem::take(&mut shown.untold)
                .into_iter()
                .map(|(group, (blocked, unsure))| {
                    let (language, title) = frame(group);
                    let all = blocked.saturating_add(unsure);
                    let numbers = [all, blocked, unsure].map(|count| count.to_string());
                    let [all, blocked, unsure] = &numbers;
                    language.say(Phrase::CardSummary, &[all, &line(&title), blocked, unsure])
                })
                .collect();
            let trace = TraceId(now.wall.0 ^ admin_chat.0.unsigned_abs());
            rows.push(announcement(*admin_chat, &lines.join("\n"), trace, now));
        }
        rows
    }
}

/// Whether a group is raided now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InRaid {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Something the administrators are told that is about no decision.
#[must_use]
pub fn announcement(admin_chat: ChatId, text: &str, trace: TraceId, now: Now) -> OutboxRow {
    let cut = floor_char_boundary(text, limits::NOTICE_BYTES_MAX);
    let text = text.get(..cut).unwrap_or_default().to_owned();
    let key = key(admin_chat, ActionKind::Notify, trace);
    OutboxRow { text, ..OutboxRow::new(key, Sender::Nobody, now.wall, trace) }
}

#[cfg(test)]
mod tests;
