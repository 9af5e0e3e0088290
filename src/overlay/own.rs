//! Own words and links of a tenant, as a pack.
//!
//! Promises: whatever a phrase is made of, the text is a pack that compiles, or [`phrase_is_wrong`] says why not: what it
//! lets through is found where it is written.
//!
//! Never: a phrase that reaches out of its quotes.

use super::{Effect, OwnRules};
use crate::limits;
use crate::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use crate::policy::{self, PackSource, Scratch};
use crate::tenant::TenantName;
use crate::verdict::Thresholds;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the packs of own words go by, before the tenant's name, where packs of a folder have their file.
pub const OWN_FILE: &str = "own words of ";

/// The id of the pack of a tenant's own words.
#[must_use]
pub fn own_pack(tenant: &TenantName) -> String {
    format!("own-{tenant}")
}

/// The pack of a tenant's own words and links; `None` when there is none of either.
#[must_use]
pub fn own_source(tenant: &TenantName, own: &OwnRules) -> Option<PackSource> {
    if own.is_empty() {
        return None;
    }
    let id = own_pack(tenant);
    let mut text = format!("[pack]\nid = \"{id}\"\nversion = 1\n");
    for effect in Effect::ALL {
        let list = |all: &BTreeMap<String, Effect>| {
            let quoted: Vec<String> =
                all.iter().filter(|(_, own)| **own == effect).map(|(one, _)| quoted(one)).collect();
            (!quoted.is_empty()).then(|| quoted.join(", "))
        };
        let word = effect.word();
        let (score, actions) = match effect {
            Effect::Review => (60, "\"delete\""),
            Effect::Delete => (100, "\"delete\""),
            Effect::Ban => (100, "\"delete\", \"ban\""),
        };
        let kinds = [
            ("words", list(&own.words).map(|all| format!("match = \"word\"\nkeywords = [{all}]\n"))),
            ("links", list(&own.links).map(|all| format!("links = {{ domain = [{all}] }}\n"))),
        ];
        for (kind, condition) in kinds {
            let Some(condition) = condition else { continue };
            // Writing to a text cannot fail.
            let _ = write!(
                text,
                "[[rule]]\nid = \"{id}-{kind}-{word}\"\nscore = {score}\nactions = [{actions}]\n\
                 reason = \"one of this community's own {kind}\"\n{condition}"
            );
        }
    }
    Some(PackSource { file: format!("{OWN_FILE}{tenant}"), text, lists: Vec::new() })
}

/// A text in quotes, as TOML has it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for ch in text.chars() {
        match ch {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            _ if ch.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(ch));
            }
            _ => out.push(ch),
        }
    }
    out.push('"');
    out
}

/// What is wrong with a phrase as an own word, and how to mend it; `None` when nothing is.
#[must_use]
pub fn phrase_is_wrong(phrase: &str) -> Option<String> {
    if phrase.trim() != phrase || phrase.is_empty() {
        return Some("a phrase is not empty, and neither begins nor ends with a space".to_owned());
    }
    if phrase.len() > limits::KEYWORD_BYTES_MAX {
        return Some(format!("the phrase has {} bytes; the most is {}", phrase.len(), limits::KEYWORD_BYTES_MAX));
    }
    if phrase.starts_with('~') {
        return Some("a phrase that begins with `~` would be an exception; write it without".to_owned());
    }
    let tenant = TenantName::default();
    let own = OwnRules { words: BTreeMap::from([(phrase.to_owned(), Effect::Ban)]), ..OwnRules::default() };
    let compiled = own_source(&tenant, &own).map(|source| policy::compile(&[source]));
    let Some(Ok(set)) = compiled else {
        return Some(
            "the phrase has nothing to look for; it needs a letter, a digit or a sign that is written".to_owned(),
        );
    };
    let mut message = Message::empty(ChatId(0), MessageId(0), Sender::Member(UserId(0)));
    message.push(SurfaceKind::Text, phrase);
    let verdict = policy::judge(&set, Thresholds::default(), &message, &mut Scratch::default());
    let is_found = verdict.findings.iter().any(|finding| finding.score > 0);
    (!is_found).then(|| {
        "the phrase would never be found, not even where it is written like this; write it in plain \
                         letters"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(phrases: &[&str]) -> OwnRules {
        OwnRules {
            words: phrases.iter().map(|phrase| ((*phrase).to_owned(), Effect::Delete)).collect(),
            ..OwnRules::default()
        }
    }

    fn is_found(own: &OwnRules, text: &str) -> bool {
        let source = own_source(&TenantName::default(), own).expect("there are words");
        let set = policy::compile(&[source]).expect("own words compile");
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        message.push(SurfaceKind::Text, text);
        let verdict = policy::judge(&set, Thresholds::default(), &message, &mut Scratch::default());
        verdict.findings.iter().any(|finding| finding.rule == "own-default-words-delete")
    }

    #[test]
    fn phrases_that_would_break_a_document_are_found_as_they_are_written() {
        for phrase in [
            "\"]\n[[rule]]\nid = \"x",
            "back\\slash",
            "line\nbreak",
            "it's \"quoted\"",
            "free*",
            "*free",
            "a # b",
            "$$$",
            "\u{7f}x",
        ] {
            match phrase_is_wrong(phrase) {
                None => assert!(is_found(&words(&[phrase, "other"]), &format!("well {phrase} indeed")), "{phrase:?}"),
                Some(why) => assert_eq!(phrase, "*free", "{why}"),
            }
        }
        for phrase in ["", " x", "~free", "*", "\u{200b}", &"x".repeat(limits::KEYWORD_BYTES_MAX + 1)] {
            assert!(phrase_is_wrong(phrase).is_some(), "{phrase:?} was accepted");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_phrase_is_refused_or_found(phrase in "\\PC{1,20}|[\"\\\\~*\\[\\]#=\n\t a-z]{1,12}|.{1,8}") {
            let phrase = phrase.trim();
            if phrase_is_wrong(phrase).is_none() {
                prop_assert!(is_found(&words(&[phrase]), phrase), "{phrase:?}");
            }
        }
    }
}
