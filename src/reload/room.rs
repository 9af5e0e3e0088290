//! What a board has for compiled packs, and holding them to it.
//!
//! Promises: packs that cannot fit are refused before the attempt takes the memory.
//!
//! Never: packs in force. The caller puts them there.

use crate::cloud::Home;
use crate::config::{Config, Truth};
use crate::document::{self, Mistakes, Section};
use crate::limits;
use crate::lists;
use crate::overlay::Overlay;
use crate::policy::{self, PackSource, PolicySet};
use crate::tenant::Tenants;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The packs that the settings name: their folder, or those that come with the program.
///
/// # Errors
/// Every file that cannot be read.
pub fn pack_sources(policy_dir: Option<&Path>) -> Result<Vec<PackSource>, Mistakes> {
    policy_dir.map_or_else(|| Ok(policy::shipped()), crate::packs::read)
}

/// The packs, compiled, and held to the board's bound.
///
/// # Errors
/// Every mistake in them, or that they do not fit.
pub fn load_policy(config: &Config) -> Result<PolicySet, Mistakes> {
    let room = Room::of(config);
    let sources = match &config.policy_dir {
        None => policy::shipped(),
        Some(dir) => room.read(dir)?,
    };
    room.compile(sources, None, &[], &Overlay::default(), &config.tenants())
}

/// What a board has for the compiled packs.
#[derive(Clone, Debug)]
pub(super) struct Room {
    bytes: u64,
    board: String,
    /// The folder of imported lists of domains.
    lists: PathBuf,
    /// Where the packs of a hub are, if one may send any.
    pub(super) home: Option<Home>,
    /// Whether the packs are those that come with the program.
    pub(super) is_shipped: bool,
}

impl Room {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            bytes: config.board.capacity.keyword_bytes,
            board: config.board.name.clone(),
            lists: lists::folder(&config.data_dir),
            home: config.cloud.as_ref().filter(|cloud| cloud.packs == Truth::Hub).map(|_| Home::of(&config.data_dir)),
            is_shipped: config.policy_dir.is_none(),
        }
    }

    /// Opens the lists of domains that rules ask for, but for those that are off. One that is not there is told, and no
    /// link is on it.
    fn give_lists(&self, policy: &mut PolicySet, off: &BTreeSet<String>) {
        let mut given = Vec::new();
        for name in policy.lists_wanted().into_iter().filter(|name| !off.contains(*name)) {
            let opened = match lists::file(&self.lists, name) {
                Some(file) => lists::open(&file).map_err(|refused| refused.to_string()),
                None => Err("a name has small letters, digits, `-` and `_` only".to_owned()),
            };
            match opened {
                Ok((list, _)) => given.push((name.to_owned(), Arc::new(list))),
                Err(why) => tracing::warn!("rules ask for the list of domains `{name}`, and no link is on it: {why}"),
            }
        }
        policy.give_lists(given);
        policy.without_lists(off);
    }

    /// The sources, which are in memory next to what is made of them: half of the room, and far more than fits it.
    pub(super) fn read(&self, dir: &Path) -> Result<Vec<PackSource>, Mistakes> {
        crate::packs::read_within(dir, self.source_bytes())
    }

    pub(super) const fn source_bytes(&self) -> u64 {
        self.bytes / 2
    }

    /// Compiles packs with what was changed on the page: own words, rules that only record, and lists that are off.
    pub(super) fn compile_these(
        &self,
        sources: &[PackSource],
        overlay: &Overlay,
        tenants: &Tenants,
    ) -> Result<PolicySet, Mistakes> {
        let own = overlay.own_packs(tenants);
        let least = own.packs.iter().map(|(_, source)| at_least_bytes(std::slice::from_ref(source)));
        let least = least.fold(at_least_bytes(sources), u64::saturating_add);
        self.check(least, "would take at least")?;
        let most = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let mut policy = policy::compile_within(sources, &own, most)?;
        policy.record_only(&overlay.recording);
        self.give_lists(&mut policy, &overlay.lists_off);
        self.check(u64::try_from(policy.bytes()).unwrap_or(u64::MAX), "take")?;
        Ok(policy)
    }

    fn check(&self, bytes: u64, take: &str) -> Result<(), Mistakes> {
        let mut mistakes = Mistakes::default();
        if bytes > self.bytes {
            let what = format!(
                "the packs {take} {bytes} bytes compiled, and the board profile \"{}\" has {} for them; use fewer keywords or a larger profile",
                self.board, self.bytes
            );
            mistakes.add("all packs", 0, what);
        }
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }
}

/// What the keywords take when compiled, at least: phrases that begin alike share their beginnings, and what is beyond
/// `limits::BONES_LETTERS_MAX` letters is not in the automaton.
fn at_least_bytes(sources: &[PackSource]) -> u64 {
    let inline: Vec<String> = sources.iter().flat_map(|source| inline_keywords(&source.text)).collect();
    let lists = sources.iter().flat_map(|source| &source.lists).flat_map(|(_, list)| list.lines()).map(str::trim);
    let mut phrases: Vec<&str> =
        lists.filter(|phrase| !phrase.starts_with('#')).chain(inline.iter().map(String::as_str)).collect();
    phrases.sort_unstable();
    let mut before = "";
    let mut own = 0_usize;
    let mut count = 0_u64;
    for phrase in phrases {
        count = count.saturating_add(u64::from(phrase != before));
        let end = phrase.char_indices().nth(limits::BONES_LETTERS_MAX).map_or(phrase.len(), |(at, _)| at);
        let phrase = phrase.get(..end).unwrap_or(phrase);
        let shared = before.bytes().zip(phrase.bytes()).take_while(|(one, other)| one == other).count();
        own = own.saturating_add(phrase.len().saturating_sub(shared));
        before = phrase;
    }
    let own = u64::try_from(own).unwrap_or(u64::MAX).saturating_mul(limits::AUTOMATON_BYTES_PER_BYTE_MIN);
    own.saturating_add(count.saturating_mul(limits::AUTOMATON_BYTES_PER_KEYWORD_MIN))
}

/// The keywords in a pack's own text. Its mistakes are told when it is compiled.
fn inline_keywords(text: &str) -> Vec<String> {
    let mut untold = Mistakes::default();
    let mut root = document::read("", text, &mut untold);
    let rules = root.sections("rule", &mut untold);
    let of_rule = |mut rule: Section<'_>| rule.texts("keywords", &mut untold).unwrap_or_default();
    rules.into_iter().flat_map(of_rule).map(|keyword| keyword.value).collect()
}
