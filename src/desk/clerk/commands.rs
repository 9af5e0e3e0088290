//! Commands about a group as a whole: its mode, raids, numbers, rules; many messages at once; why a message was judged as it
//! was.
//!
//! Promises: asked for without a word, a setting is told and not changed. A change of the mode is a change like those of the
//! page, with its version and its note.
//!
//! Never: more messages deleted at once than one call takes.

use super::{Clerk, Done, No, Scene};
use crate::cards;
use crate::clock::Wall;
use crate::command::{Switch, Typed};
use crate::dispatch::task::lock;
use crate::limits;
use crate::message::{MessageId, Sender, fnv1a};
use crate::store::StoreError;
use crate::store::endings::Ending;
use crate::store::group::{CardRecord, Replied};
use crate::store::records::{ChatRecord, Decision, OutboxKey, OutboxRow};
use crate::store::usage::Usage;
use crate::text::one_line;
use crate::verdict::{ActionKind, Mode};
use crate::web::views::PolicyChange;
use crate::words::{Language, Phrase};

impl Clerk {
    /// `/purge`: from the answered message on, or the last few.
    pub(super) fn purge(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let most = i32::from(limits::PURGE_MESSAGES_MAX);
        let end = scene.message.0;
        let (from, count) = match (scene.replied, typed.count) {
            (None, Some(count)) => (end.saturating_sub(i32::from(count)), i32::from(count)),
            (_, count) => {
                let from = scene.replied()?.message.0;
                (from, count.map_or(end.saturating_sub(from), i32::from))
            }
        };
        if count > most {
            return Err(scene.no(Phrase::WrongTooMany, &[&most.to_string()]));
        }
        if scene.errand.chat != scene.chat {
            return Err(scene.no(Phrase::WrongUnknown, &[]));
        }
        if lock(&self.office.book).get(scene.chat).is_some_and(ChatRecord::is_watch_only) {
            return Err(scene.no(Phrase::WrongRights, &[]));
        }
        let ids: Vec<i32> = (from..end).take(usize::try_from(count).unwrap_or(0)).filter(|id| *id > 0).collect();
        let told = scene.say(Phrase::SaidPurged, &[&ids.len().to_string()]);
        let mut done = Done::default();
        let mut after = format!("{} messages from {from} on", ids.len());
        if scene.is_record() {
            done.said = scene.say(Phrase::SaidRecorded, &[&told]);
            after = format!("recorded only: {after}");
        } else {
            done.said = told;
            done.tick.orders.extend(ids.into_iter().map(|id| {
                let key = OutboxKey { chat: scene.chat, message: MessageId(id), action: ActionKind::Clean };
                OutboxRow::new(key, Sender::Nobody, scene.errand.at, scene.errand.trace)
            }));
        }
        self.note(scene, &mut done.tick, "/purge".to_owned(), &after);
        Ok(done)
    }

    /// `/raid`.
    pub(super) fn raid(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let Some(raids) = &self.raids else { return Err(scene.no(Phrase::WrongUnknown, &[])) };
        let mut done = Done::default();
        match typed.switch {
            None => {
                done.said = match raids.is_on(scene.chat) {
                    None => scene.say(Phrase::RaidIsOff, &[]),
                    Some(Wall(0 | u64::MAX)) => scene.say(Phrase::RaidIsOnOpen, &[]),
                    Some(until) => scene.say(Phrase::RaidIsOn, &[&until.utc()]),
                };
            }
            Some(Switch::On) => {
                let seconds = match typed.length_s {
                    None => scene.manners().raid_s,
                    Some(0) => limits::RAID_S_MAX,
                    Some(seconds) => seconds,
                };
                let seconds = seconds.min(limits::RAID_S_MAX);
                let lasting = scene.language().lasting(seconds);
                let told = scene.say(Phrase::RaidOn, &[&lasting]);
                if scene.is_record() {
                    done.said = scene.say(Phrase::SaidRecorded, &[&told]);
                    self.note(scene, &mut done.tick, "/raid".to_owned(), "recorded only: on");
                } else {
                    done.tick = raids.begin(scene.chat, seconds, &scene.caller.told());
                    done.said = told;
                    self.note(scene, &mut done.tick, "/raid".to_owned(), &format!("on for {seconds} s"));
                }
            }
            Some(Switch::Off) => {
                done.tick = raids.end(scene.chat);
                done.said = scene.say(Phrase::RaidOff, &[]);
                self.note(scene, &mut done.tick, "/raid".to_owned(), "off");
            }
        }
        Ok(done)
    }

    /// `/mode`.
    pub(super) fn mode(&self, scene: &Scene<'_>, typed: &Typed) -> Result<Done, No> {
        let now = scene.rulebook.rules(scene.chat).mode;
        let Some(wanted) = typed.mode.filter(|wanted| *wanted != now) else {
            return Ok(Done::said(scene.say(Phrase::ModeIs, &[mode_words(scene.language(), now)])));
        };
        let change = PolicyChange {
            group: Some(scene.chat.0),
            mode: Some(Some(wanted.word().to_owned())),
            note: "/mode in the group".to_owned(),
            ..PolicyChange::default()
        };
        self.office.change_policy(&scene.caller, &change)?;
        Ok(Done::said(scene.say(Phrase::ModeSet, &[mode_words(scene.language(), wanted)])))
    }

    /// `/status`.
    pub(super) fn status(&self, scene: &Scene<'_>) -> Result<Done, No> {
        let tenant = scene.rulebook.tenant(scene.chat);
        let today = tenant.zone.day(i64::try_from(scene.now.wall.seconds()).unwrap_or(i64::MAX));
        let days = self.office.snapshots.usage(&tenant.name)?;
        let used = days.into_iter().find(|(day, _)| *day == today).map_or(Usage::default(), |(_, used)| used);
        let waiting = lock(&self.office.book).live(scene.chat).waiting;
        let [messages, blocked, unsure, waiting] =
            [used.messages, used.blocked, used.unsure, waiting].map(|count| count.to_string());
        let mode = mode_words(scene.language(), scene.rulebook.rules(scene.chat).mode);
        Ok(Done::said(scene.say(Phrase::StatusLine, &[&messages, &blocked, &unsure, &waiting, mode])))
    }

    /// `/rules`. They are told once in a while, however many ask.
    pub(super) fn rules(scene: &Scene<'_>) -> Done {
        let rules = &scene.rulebook.tenant(scene.chat).community_rules;
        let said = if rules.trim().is_empty() { scene.say(Phrase::RulesNone, &[]) } else { rules.trim().to_owned() };
        let turn = scene.errand.at.seconds() / u64::from(limits::RULES_SHOWN_S);
        let key = fnv1a(format!("rules {turn}").as_bytes());
        Done { said, shown_s: limits::RULES_SHOWN_S, key: Some(key), ..Done::default() }
    }

    /// `/why`.
    pub(super) fn why(&self, scene: &Scene<'_>) -> Result<Done, No> {
        let Some((number, decision)) = self.subject(scene)? else {
            return Ok(Done::said(scene.say(Phrase::WhyNone, &[])));
        };
        let rules: Vec<&str> = decision.findings.iter().map(|finding| finding.rule.as_str()).collect();
        let (rules, reason) = (rules.join(", "), one_line(&decision.reason, limits::REASON_BYTES_MAX));
        Ok(Done::said(scene.say(Phrase::WhyFound, &[&number.to_string(), &reason, &rules])))
    }

    /// The decision that a command is about: the one that a card shows, or the newest about the answered message. Whoever does
    /// not look after its group is left alone.
    pub(super) fn subject(&self, scene: &Scene<'_>) -> Result<Option<(u64, Decision)>, No> {
        let may_here = self.may_order(scene.errand.by, scene.errand.chat, scene.chat);
        let replied = match scene.replied() {
            Ok(replied) => replied,
            Err(no) => return Err(if may_here { no } else { No::LeftAlone }),
        };
        let is_card = self.is_own(replied.sender) || replied.sender == Sender::Nobody;
        let found = if is_card {
            self.shown_on(scene, replied)?
        } else {
            let is_it = |decision: &Decision| {
                decision.message == replied.message && self.office.current(decision.chat) == scene.chat
            };
            self.newest(limits::WHY_DECISIONS_LOOKED_AT, is_it)?
        };
        let group = found.as_ref().map_or(scene.chat, |(_, decision)| self.office.current(decision.chat));
        if !self.may_order(scene.errand.by, scene.errand.chat, group) {
            return Err(No::LeftAlone);
        }
        if found.is_none() && is_card {
            return Err(scene.no(Phrase::WrongUnknown, &[]));
        }
        Ok(found)
    }

    /// The decision that a card shows. The number at the end of its text counts only where the card is known, or the whole of
    /// its last line says so: what else the bot says may end in a number too.
    fn shown_on(&self, scene: &Scene<'_>, card: &Replied) -> Result<Option<(u64, Decision)>, StoreError> {
        let here = CardRecord { chat: scene.chat, message: card.message };
        let read = cards::number_in(&card.excerpt);
        if let Some(number) = read
            && let Some(decision) = self.office.snapshots.decision(number)?
        {
            let is_known = self.office.snapshots.card(number)? == Some(here);
            let line = card.excerpt.trim_end().lines().next_back().unwrap_or_default();
            let digits = number.to_string();
            let says_so = Language::ALL.iter().any(|language| language.say(Phrase::CardNumber, &[&digits]) == line);
            // A text that was cut may have lost a digit.
            let is_whole = card.excerpt.len() + 4 < limits::EXCERPT_BYTES_MAX;
            let is_told_here = scene.rulebook.tenant(self.office.current(decision.chat)).admin_chat == Some(scene.chat);
            if is_known || (says_so && is_whole && is_told_here) {
                return Ok(Some((number, decision)));
            }
        }
        // Cut off: looked for among the newest that have a card.
        for (number, decision) in self.office.snapshots.decisions(limits::ERRAND_DECISIONS_LOOKED_AT)? {
            if self.office.snapshots.card(number)? == Some(here) {
                return Ok(Some((number, decision)));
            }
        }
        Ok(None)
    }
}

/// Whether an action has, or will have, its effect.
pub(super) const fn stands(ending: &Ending) -> bool {
    matches!(ending, Ending::Waits(_) | Ending::Done(_))
}

const fn mode_words(language: Language, mode: Mode) -> &'static str {
    match mode {
        Mode::Record => language.text(Phrase::ModeRecord),
        Mode::Enforce => language.text(Phrase::ModeEnforce),
    }
}
