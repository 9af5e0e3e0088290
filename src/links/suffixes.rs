//! Under which names anybody may register: the Public Suffix List, as a sorted text that is searched by halves.
//!
//! Promises: answers as the crate `psl` does, which `tests/suffixes.rs` asks about every rule; no memory besides the text, 150 KB
//! from the first question on, and a few hundred bytes read for each.
//!
//! Never: a list of ours. The rules are those of the crate, of one version; the test writes them anew.
//!
//! The crate is 780 KB of code on a board, one function for each label; the same rules are 150 KB as text, and 45 KB packed. A line is a rule with
//! its labels from the right, in punycode: `uk.co`; `ck.*` for everything directly below; `!` at the end for what is excepted from
//! that; `~` for names that their owner, and not a registry, opened to others. Rules: MPL-2.0, publicsuffix.org.

use crate::packed::carried_text;
use std::cmp::Ordering;
use std::sync::LazyLock;

/// The rules, in the order of their bytes; unpacked with the first question.
static RULES: LazyLock<String> = LazyLock::new(|| carried_text!("suffixes.txt"));

/// Who opened a suffix to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// A registry, as for `com` and `co.uk`.
    ByRegistry,
    /// The owner of a name, as for `github.io`.
    ByOwner,
}

/// The public suffix of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suffix<'a> {
    /// The suffix itself; the last label where no rule speaks of the host.
    pub text: &'a str,
    /// Who opened it; `None` where no rule speaks of it.
    pub opened: Option<Opened>,
}

/// The public suffix of a host in lower case and punycode, without a dot at its end; `None` of an empty one.
#[must_use]
pub fn suffix(host: &str) -> Option<Suffix<'_>> {
    if host.is_empty() {
        return None;
    }
    let mut best = (1, None);
    for labels in 1..=host.split('.').count() {
        if let Some(rule) = find(key(host, labels)) {
            if rule.excepted {
                best = (labels.saturating_sub(1), Some(rule.opened));
                break;
            }
            best = (labels, Some(rule.opened));
        } else if let Some(rule) = find(below(host, labels)) {
            best = (labels, Some(rule.opened));
        }
    }
    Some(Suffix { text: last(host, best.0), opened: best.1 })
}

/// The name somebody registered: the suffix and one label more; `None` where the host is a suffix.
#[must_use]
pub fn domain(host: &str) -> Option<&str> {
    let suffix = suffix(host)?;
    let before = host.strip_suffix(suffix.text)?.strip_suffix('.')?;
    let label = before.rsplit('.').next().filter(|label| !label.is_empty())?;
    host.get(before.len() - label.len()..)
}

/// What a line says.
struct Rule {
    opened: Opened,
    excepted: bool,
}

/// The last labels of a host, from the right, as in a line.
fn key(host: &str, labels: usize) -> impl Iterator<Item = u8> + Clone {
    host.rsplit('.')
        .take(labels)
        .enumerate()
        .flat_map(|(at, label)| (at > 0).then_some(b'.').into_iter().chain(label.bytes()))
}

/// The same with anything in the place of the last one.
fn below(host: &str, labels: usize) -> impl Iterator<Item = u8> + Clone {
    let star: &[u8] = if labels > 1 { b".*" } else { b"*" };
    key(host, labels.saturating_sub(1)).chain(star.iter().copied())
}

fn last(host: &str, labels: usize) -> &str {
    let from = host.rmatch_indices('.').nth(labels.saturating_sub(1)).map_or(0, |(at, _)| at + 1);
    host.get(from..).unwrap_or_default()
}

/// Looks a key up by halving the text.
fn find(key: impl Iterator<Item = u8> + Clone) -> Option<Rule> {
    let mut rest = RULES.as_str();
    while !rest.is_empty() {
        let (before, after) = rest.as_bytes().split_at(rest.len() / 2);
        let from = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let to = after.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| before.len() + at);
        let line = rest.get(from..to)?;
        let name = line.trim_end_matches(['~', '!']);
        match key.clone().cmp(name.bytes()) {
            Ordering::Less => rest = rest.get(..from.saturating_sub(1))?,
            Ordering::Greater => rest = rest.get(to + 1..).unwrap_or_default(),
            Ordering::Equal => {
                let opened = if line.contains('~') { Opened::ByOwner } else { Opened::ByRegistry };
                return Some(Rule { opened, excepted: line.ends_with('!') });
            }
        }
    }
    None
}
