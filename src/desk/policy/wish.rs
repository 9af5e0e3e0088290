//! From a change as somebody wrote it to what is to be changed on the page from now on.
//!
//! Promises: who may not is refused before anything is looked at; whatever else is wrong is told at once, each with the
//! field it is in.
//!
//! Never: a change made.

use super::{Scope, Wanted};
use crate::access::{Caller, Role};
use crate::desk::Office;
use crate::document::nearest;
use crate::limits;
use crate::links::domains::domain_of;
use crate::message::ChatId;
use crate::overlay::{Effect, Layer, Overlay, OwnRules, phrase_is_wrong};
use crate::shard::Rulebook;
use crate::text;
use crate::verdict::Mode;
use crate::web::desk::{Refused, Told};
use crate::web::views::PolicyChange;
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong, by field.
type Wrong = Vec<(String, String)>;

fn told(wrong: &mut Wrong, field: impl Into<String>, words: impl Into<String>) {
    if wrong.len() < limits::MISTAKES_MAX {
        wrong.push((field.into(), words.into()));
    }
}

/// A word that is none of those known, with the one that was meant where it is near.
fn unknown(what: &str, written: &str, known: &[&str]) -> String {
    let shown = written.escape_debug();
    match nearest(written, known) {
        Some(near) => format!("no {what} is called \"{shown}\"; did you mean \"{near}\"?"),
        None if known.len() <= 8 => format!("no {what} is called \"{shown}\"; there are: {}", known.join(", ")),
        None => format!("no {what} is called \"{shown}\""),
    }
}

impl Office {
    /// What a change is about, if the caller may make one there; `None` for what is everybody's: rules that only record, and lists of
    /// domains.
    pub(super) fn scope(&self, caller: &Caller, change: &PolicyChange) -> Told<Option<Scope>> {
        caller.is_at_least(Role::Admin)?;
        // Packs are everybody's, and what is wrong with one may name another's.
        if !change.candidate.is_empty() {
            caller.may(Role::Owner, None)?;
        }
        match (&change.tenant, change.group) {
            (Some(_), Some(_)) => Err(Refused::field("group", "name a tenant or a group, not both")),
            (Some(name), None) => {
                let tenant = self.tenant(caller, Role::Admin, name)?;
                Ok(Some(Scope { tenant, group: None }))
            }
            (None, Some(group)) => {
                let group = ChatId(group);
                let found = self.known_groups().contains(&group).then_some(group);
                let group = self.gate_found(caller, Role::Admin, found, |group| *group)?;
                Ok(Some(Scope { tenant: self.tenant_of(group), group: Some(group) }))
            }
            (None, None) if change.recording.is_empty() && change.lists.is_empty() && change.candidate.is_empty() => {
                Err(Refused::field("", "name a tenant or a group, rules that are only to record, or lists of domains"))
            }
            (None, None) => {
                caller.may(Role::Owner, None)?;
                Ok(None)
            }
        }
    }

    /// What is to be changed on the page from now on, when the change is made.
    pub(super) fn wished(&self, scope: Option<&Scope>, change: &PolicyChange, now: &Rulebook) -> Told<Wanted> {
        let mut wrong = Wrong::new();
        let mut overlay = Overlay::clone(&now.overlay);
        match scope {
            Some(scope) => {
                if !change.recording.is_empty() {
                    let what = "a rule records only for everybody: leave tenant and group out";
                    told(&mut wrong, "recording", what);
                }
                if !change.lists.is_empty() {
                    told(&mut wrong, "lists", "a list is on or off for everybody: leave tenant and group out");
                }
                layer(&mut overlay, scope, change, now, &mut wrong);
                own(&mut overlay, scope, change, &mut wrong);
            }
            None => {
                if !(change.words.is_empty() && change.links.is_empty() && change.packs.is_empty())
                    || change.mode.is_some()
                    || change.review.is_some()
                    || change.block.is_some()
                {
                    told(&mut wrong, "tenant", "name the tenant or the group that this is for");
                }
                recording(&mut overlay, change, now, &mut wrong);
                lists(&mut overlay, change, now, &mut wrong);
            }
        }
        let note = change.note.trim();
        if note.len() > limits::POLICY_NOTE_BYTES_MAX {
            let most = limits::POLICY_NOTE_BYTES_MAX;
            told(&mut wrong, "note", format!("the note has {} bytes; the most is {most}", note.len()));
        }
        if overlay.bytes() > limits::OVERLAY_BYTES_MAX {
            let most = limits::OVERLAY_BYTES_MAX;
            told(
                &mut wrong,
                "",
                format!("all that is changed here would take more than {most} bytes; undo some of it"),
            );
        }
        if let Some(scope) = scope.filter(|_| wrong.is_empty()) {
            in_order(&overlay, scope, change, now, &mut wrong);
        }
        if !wrong.is_empty() {
            return Err(Refused::Wrong(wrong));
        }
        if overlay == *now.overlay && change.candidate.is_empty() {
            return Err(Refused::field("", "this changes nothing: all of it is so already"));
        }
        Ok(Wanted { overlay, note: note.to_owned(), origin: None })
    }
}

/// Mode, scores and packs.
fn layer(overlay: &mut Overlay, scope: &Scope, change: &PolicyChange, now: &Rulebook, wrong: &mut Wrong) {
    let mode = change.mode.as_ref().map(|wish| {
        wish.as_ref().and_then(|word| {
            let mode = Mode::from_word(word);
            if mode.is_none() {
                told(wrong, "mode", unknown("mode", word, &["record", "enforce"]));
            }
            mode
        })
    });
    for (field, wish) in [("review", change.review), ("block", change.block)] {
        if let Some(Some(score)) = wish
            && !(1..=limits::SCORE_MAX).contains(&score)
        {
            told(wrong, field, format!("a score is 1 to {}, not {score}", limits::SCORE_MAX));
        }
    }
    let packs = now.policy.packs().iter();
    let known: Vec<&str> = packs
        .filter(|pack| pack.own.as_ref().is_none_or(|own| *own == scope.tenant))
        .map(|pack| pack.id.as_str())
        .collect();
    let changed = overlay.layer(&scope.tenant, scope.group).map(|layer| layer.packs.clone()).unwrap_or_default();
    for (id, wish) in &change.packs {
        // One that is gone can be gone by the settings again.
        let may = known.contains(&id.as_str()) || (wish.is_none() && changed.contains_key(id));
        if !may {
            told(wrong, format!("packs.{id}"), unknown("pack", id, &known));
        }
    }
    overlay.change_layer(&scope.tenant, scope.group, |layer: &mut Layer| {
        layer.mode = mode.unwrap_or(layer.mode);
        layer.review = change.review.unwrap_or(layer.review);
        layer.block = change.block.unwrap_or(layer.block);
        for (id, wish) in &change.packs {
            match wish {
                Some(is_on) => drop(layer.packs.insert(id.clone(), *is_on)),
                None => drop(layer.packs.remove(id)),
            }
        }
    });
}

/// Own words and links.
fn own(overlay: &mut Overlay, scope: &Scope, change: &PolicyChange, wrong: &mut Wrong) {
    if change.words.is_empty() && change.links.is_empty() {
        return;
    }
    if scope.group.is_some() {
        for (field, list) in [("words", &change.words), ("links", &change.links)] {
            if !list.is_empty() {
                let what = format!("own {field} are a tenant's: name tenant {} instead of the group", scope.tenant);
                told(wrong, field, what);
            }
        }
        return;
    }
    let own = overlay.own.entry(scope.tenant.clone()).or_default();
    let OwnRules { words, links } = own;
    for (phrase, wish) in &change.words {
        let field = format!("words.{phrase}");
        let phrase = phrase.trim();
        if let Some(effect) = effect(&field, wish.as_deref(), words.contains_key(phrase), wrong) {
            match effect {
                None => drop(words.remove(phrase)),
                Some(effect) => word(words, phrase, effect, &field, wrong),
            }
        }
    }
    for (written, wish) in &change.links {
        let field = format!("links.{written}");
        let domain = domain(written);
        // What was taken before the rules for domains were others can still be removed.
        let known = domain.as_deref().ok().filter(|domain| links.contains_key(*domain)).unwrap_or(written).to_owned();
        match (effect(&field, wish.as_deref(), links.contains_key(&known), wrong), domain) {
            (Some(None), _) => drop(links.remove(&known)),
            (Some(Some(effect)), Ok(domain)) => drop(links.insert(domain, effect)),
            (Some(Some(_)), Err(why)) => told(wrong, field, why),
            (None, _) => {}
        }
    }
    if own.len() > limits::OWN_WORDS_MAX {
        let (count, most) = (own.len(), limits::OWN_WORDS_MAX);
        told(wrong, "words", format!("{count} own words and links; the most is {most}: write a pack for them"));
    }
    overlay.own.retain(|_, own| !own.is_empty());
    let written: usize = overlay.own.values().map(OwnRules::written).sum();
    if written > limits::OWN_WORDS_BYTES_MAX {
        let most = limits::OWN_WORDS_BYTES_MAX;
        told(wrong, "words", format!("own words of all tenants have {written} bytes; the most is {most}"));
    }
}

/// What is wished of a word or a link: `None` when it is wrong, `Some(None)` to remove it.
#[expect(clippy::option_option, reason = "wrong, remove and an effect are three answers")]
fn effect(field: &str, wish: Option<&str>, is_there: bool, wrong: &mut Wrong) -> Option<Option<Effect>> {
    let Some(word) = wish else {
        if !is_there {
            told(wrong, field, "it is not there, so it cannot be removed");
            return None;
        }
        return Some(None);
    };
    let effect = Effect::from_word(word);
    if effect.is_none() {
        told(wrong, field, unknown("effect", word, &Effect::ALL.map(Effect::word)));
    }
    effect.map(Some)
}

/// Adds a phrase, or changes what it does.
fn word(words: &mut BTreeMap<String, Effect>, phrase: &str, effect: Effect, field: &str, wrong: &mut Wrong) {
    if let Some(known) = words.get_mut(phrase) {
        *known = effect;
        return;
    }
    if let Some(why) = phrase_is_wrong(phrase) {
        told(wrong, field, why);
        return;
    }
    let folded = text::fold_phrase(phrase);
    match words.keys().find(|known| text::fold_phrase(known) == folded) {
        Some(known) => {
            let what = format!("it is there already, written \"{}\"; change or remove that", known.escape_debug());
            told(wrong, field, what);
        }
        None => drop(words.insert(phrase.to_owned(), effect)),
    }
}

/// A domain as links to it are found.
fn domain(written: &str) -> Result<String, String> {
    let shown = written.escape_debug();
    let domain = domain_of(written.trim()).map_err(|why| {
        format!("\"{shown}\" is no domain ({why}); write it as \"example.com\", without scheme or path")
    })?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if domain.len() > 253 || !domain.bytes().all(is_plain) || domain.split('.').any(str::is_empty) {
        return Err(format!("\"{shown}\" is no domain; write it as \"example.com\", without scheme or path"));
    }
    Ok(domain)
}

/// Rules that only record.
fn recording(overlay: &mut Overlay, change: &PolicyChange, now: &Rulebook, wrong: &mut Wrong) {
    let known: BTreeSet<&str> = now.policy.rules().map(|rule| rule.id).collect();
    for (id, records) in &change.recording {
        let is_there = overlay.recording.contains(id);
        if !known.contains(id.as_str()) && !is_there {
            let all: Vec<&str> = known.iter().copied().collect();
            told(wrong, format!("recording.{id}"), unknown("rule", id, &all));
        } else if *records {
            overlay.recording.insert(id.clone());
        } else {
            overlay.recording.remove(id);
        }
    }
}

/// Lists of domains, on or off.
fn lists(overlay: &mut Overlay, change: &PolicyChange, now: &Rulebook, wrong: &mut Wrong) {
    let known = now.policy.lists_wanted();
    for (name, is_on) in &change.lists {
        if !known.contains(&name.as_str()) && !overlay.lists_off.contains(name) {
            told(wrong, format!("lists.{name}"), unknown("list that rules ask for", name, &known));
        } else if *is_on {
            overlay.lists_off.remove(name);
        } else {
            overlay.lists_off.insert(name.clone());
        }
    }
}

/// The review score that comes of a change is not above the block score.
fn in_order(overlay: &Overlay, scope: &Scope, change: &PolicyChange, now: &Rulebook, wrong: &mut Wrong) {
    if change.review.is_none() && change.block.is_none() {
        return;
    }
    let rules = match scope.group {
        Some(group) => now.with_overlay(overlay.clone()).rules_as_written(group),
        None => {
            let usual = now.tenants_of_settings().named(&scope.tenant).map(|tenant| tenant.rules).unwrap_or_default();
            overlay.layer(&scope.tenant, None).map_or(usual, |layer| layer.over(usual))
        }
    };
    let (review, block) = (rules.thresholds.review, rules.thresholds.block);
    if review > block {
        let field = if change.review.is_some() { "review" } else { "block" };
        let what = format!(
            "messages would be shown from {review} on and acted on from {block} on already; the first is not above the second"
        );
        told(wrong, field, what);
    }
}
