//! Phrases, one a line.
//!
//! Promises: every line becomes a keyword or is left out with its number.

use super::{Brought, Rule};

/// One rule of all phrases.
pub(super) fn bring(text: &str, pack: &str) -> Brought {
    let mut brought = Brought::default();
    let mut keywords = Vec::new();
    let mut known = std::collections::HashSet::new();
    for (index, line) in text.lines().enumerate() {
        let of = format!("line {}", index.saturating_add(1));
        match line.trim() {
            "" => {}
            phrase if phrase.starts_with("# ") || phrase == "#" => brought.leave_out(&of, "a comment"),
            phrase => {
                let kept = brought.keywords(&of, "", std::iter::once(phrase));
                keywords.extend(kept.into_iter().filter(|keyword| known.insert(crate::text::fold_phrase(keyword))));
            }
        }
    }
    if !keywords.is_empty() {
        let reason = "on the list of unwanted phrases".to_owned();
        let rule = Rule { reason, score: 90, actions: vec!["delete"], keywords, ..Rule::default() };
        brought.add(pack, "phrases", rule);
    }
    brought
}
