//! Packs of rules: compiled once, then asked about every message.
//!
//! Promises: one refusal lists every mistake of every pack, with file and line; a keyword matches what it names
//! however it is disguised, because it is folded as messages are; a message is judged in time linear in its length;
//! the verdict is the same for the same message and the same packs.
//!
//! Never: a file, a clock, a network. The caller brings the texts.

mod compile;
mod judge;
mod shipped;

pub use compile::{compile, keyword_files};
pub use judge::{Scratch, judge};
pub use shipped::shipped;

use crate::message::{Media, SurfaceKind};
use crate::verdict::PlannedAction;
use aho_corasick::AhoCorasick;

/// The text of one pack and of the lists it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackSource {
    /// The file's name as its author knows it.
    pub file: String,
    /// Its TOML.
    pub text: String,
    /// The keyword lists it names: the name as in `keywords_file`, and the content.
    pub lists: Vec<(String, String)>,
}

/// A pack, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackInfo {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i64,
    /// Rules in it.
    pub rules: usize,
    /// Keywords in it.
    pub keywords: usize,
}

/// A rule, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, unique over all packs.
    pub id: String,
    /// The reason shown to people.
    pub reason: String,
    /// What it adds to a message's score.
    pub score: u16,
    /// What it asks to be done when the message is blocked.
    pub actions: Vec<PlannedAction>,
    conditions: Conditions,
}

/// What must hold besides a keyword. Empty lists and `None` ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Conditions {
    surfaces: Vec<SurfaceKind>,
    senders: Vec<SenderKind>,
    media: Vec<Media>,
    member_age_below_s: Option<u64>,
    message_count_below: Option<u64>,
    min_links: Option<u64>,
    needs_keyword: Keywords,
}

/// Whether a rule has keywords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keywords {
    /// It is about its conditions alone.
    #[default]
    None,
    /// One of its keywords must be found.
    Some,
}

/// Kinds of senders a rule can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SenderKind {
    Member,
    Bot,
    Channel,
    Forwarded,
}

/// A use of a pattern by a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Use {
    rule: u32,
    edges: Edges,
}

/// What may stand beside a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edges {
    /// Word boundaries on both sides.
    Word,
    /// A boundary before; anything after (`word*`).
    OpenEnd,
    /// A boundary after; anything before (`*word`).
    OpenStart,
    /// Anything on both sides.
    Open,
    /// The keyword is a whole surface.
    Exact,
}

/// Packs, compiled.
#[derive(Clone, Debug)]
pub struct PolicySet {
    version: u64,
    packs: Vec<PackInfo>,
    rules: Vec<Rule>,
    automaton: Option<AhoCorasick>,
    /// `uses[first_use[p]..first_use[p + 1]]` are the uses of pattern `p`.
    first_use: Vec<u32>,
    uses: Vec<Use>,
    /// Rules without keywords.
    unkeyed: Vec<u32>,
}

impl PolicySet {
    /// Names the packs' content: the same on every machine, another after any change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The packs.
    #[must_use]
    pub fn packs(&self) -> &[PackInfo] {
        &self.packs
    }

    /// The rules of all packs.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Keywords of all packs; one that two rules share counts once.
    #[must_use]
    pub fn keywords(&self) -> usize {
        self.first_use.len().saturating_sub(1)
    }

    /// Bytes the automaton and its tables hold.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let automaton = self.automaton.as_ref().map_or(0, AhoCorasick::memory_usage);
        automaton + self.first_use.len() * size_of::<u32>() + self.uses.len() * size_of::<Use>()
    }

    fn uses(&self, pattern: usize) -> &[Use] {
        let bound = |index: usize| self.first_use.get(index).and_then(|at| usize::try_from(*at).ok());
        match (bound(pattern), bound(pattern.saturating_add(1))) {
            (Some(from), Some(to)) => self.uses.get(from..to).unwrap_or_default(),
            _ => &[],
        }
    }
}
