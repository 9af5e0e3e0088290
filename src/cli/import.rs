//! `aegis policy import`: a pack made of rules kept elsewhere.
//!
//! Promises: what is written is a pack that compiles; what has no counterpart is listed with the reason, never dropped
//! silently; a file that is there is overwritten only when told so, and then in one step.
//!
//! Never: a network. The caller brings an export.

mod discord;
mod lines;

use super::offline::print;
use crate::app::{Failure, FailureKind};
use crate::limits;
use crate::policy::{PackSource, compile};
use crate::text::fold_phrase;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// What is brought over, and where it goes.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// What FILE is: `discord` (its AutoMod rules as JSON) or `lines` (a phrase a line).
    #[arg(long, value_name = "KIND")]
    from: From,
    /// The file to read.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The pack to write, such as `packs/imported.toml`.
    #[arg(long, value_name = "PACK.toml")]
    out: PathBuf,
    /// Overwrite the pack if it is there.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug)]
enum From {
    Discord,
    Lines,
}

impl std::str::FromStr for From {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "discord" => Ok(Self::Discord),
            "lines" => Ok(Self::Lines),
            _ => Err("known: discord, lines".to_owned()),
        }
    }
}

/// A rule as it will be written.
#[derive(Debug, Default)]
pub(super) struct Rule {
    /// Made of the rule's name by [`Brought::add`].
    pub id: String,
    pub reason: String,
    pub score: u16,
    pub actions: Vec<&'static str>,
    pub mute_seconds: Option<u64>,
    /// Where keywords may stand, when it is not the usual: `substring` or `exact`.
    pub matching: Option<&'static str>,
    /// Conditions, as lines of a pack.
    pub conditions: Vec<String>,
    pub keywords: Vec<String>,
}

/// Rules brought over, and what was not.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub rules: Vec<Rule>,
    pub left_out: Vec<String>,
}

impl Brought {
    pub(super) fn leave_out(&mut self, what: &str, why: &str) {
        self.left_out.push(format!("{}: {why}", super::screen::line(what, 100)));
    }

    /// The phrases that can be keywords, each once, with `sign` before them. The rest are left out, with the reason.
    pub(super) fn keywords<'p>(&mut self, of: &str, sign: &str, phrases: impl Iterator<Item = &'p str>) -> Vec<String> {
        let mut known = HashSet::new();
        let mut kept = Vec::new();
        for phrase in phrases.map(str::trim) {
            let what = format!("{of}: \"{phrase}\"");
            let bare = phrase.strip_prefix('*').unwrap_or(phrase);
            let folded = fold_phrase(bare.strip_suffix('*').unwrap_or(bare));
            if phrase.is_empty() || folded.chars().all(|ch| ch == ' ' || ch == '*') {
                self.leave_out(&what, "it has nothing to look for");
            } else if phrase.len().saturating_add(sign.len()) > limits::KEYWORD_BYTES_MAX {
                self.leave_out(&what, &format!("it has more than {} bytes", limits::KEYWORD_BYTES_MAX));
            } else if phrase.starts_with('~') {
                self.leave_out(&what, "a keyword that begins with `~` is an exception here; write it by hand");
            } else if known.insert((phrase.starts_with('*'), folded, phrase.ends_with('*'))) {
                kept.push(format!("{sign}{phrase}"));
            }
        }
        kept
    }

    /// Adds a rule under an id of its own, made of its name.
    pub(super) fn add(&mut self, pack: &str, name: &str, mut rule: Rule) {
        let name = slug(name);
        let stem = if name.is_empty() { format!("{pack}-rule") } else { format!("{pack}-{name}") };
        let cut = |room: usize| stem.get(..stem.len().min(room)).unwrap_or(&stem).to_owned();
        rule.id = cut(limits::POLICY_ID_BYTES_MAX);
        let mut number = 2_u32;
        while self.rules.iter().any(|other| other.id == rule.id) {
            let tail = format!("-{number}");
            rule.id = cut(limits::POLICY_ID_BYTES_MAX.saturating_sub(tail.len())) + &tail;
            number = number.saturating_add(1);
        }
        self.rules.push(rule);
    }
}

/// Lower-case ASCII letters, digits and single dashes.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for ch in name.chars() {
        if ch.is_ascii_alphanumeric() {
            slug.push(ch.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(limits::POLICY_ID_BYTES_MAX / 2);
    slug.trim_end_matches('-').to_owned()
}

/// The id of a pack in a file of that name. `option` is how the file was named.
pub(super) fn pack_id(out: &Path, option: &str) -> Result<String, Failure> {
    let name = out.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(stem) = name.strip_suffix(".toml").filter(|stem| !stem.ends_with(".cases") && !stem.starts_with('.'))
    else {
        let words = format!("{option} must name a pack such as imported.toml, not {}", out.display());
        return Err(Failure::usage(words));
    };
    Ok(match slug(stem) {
        slug if slug.is_empty() || slug.starts_with("aegis-") => "imported".to_owned(),
        slug => slug,
    })
}

pub(super) fn is_there_already(out: &Path) -> Failure {
    let out = out.display();
    Failure::usage(format!("{out} is there already; name another file, or overwrite it with --force"))
}

/// A pack that compiles, and is not written yet.
#[derive(Debug)]
pub(super) struct NewPack {
    out: PathBuf,
    text: String,
    rules: usize,
    keywords: usize,
}

impl NewPack {
    pub(super) fn new(out: &Path, pack: &str, rules: &[Rule]) -> Result<Self, Failure> {
        let text = written(pack, rules);
        let source = PackSource { file: out.display().to_string(), text: text.clone(), lists: Vec::new() };
        let set = compile(&[source])?;
        Ok(Self { out: out.to_owned(), text, rules: set.rules().len(), keywords: set.keywords_count() })
    }

    /// Whether its file is there as it would be written.
    pub(super) fn is_there(&self) -> bool {
        read(&self.out).is_ok_and(|text| text == self.text)
    }

    /// Writes it.
    pub(super) fn put(&self) -> Result<(), Failure> {
        put(&self.out, &self.text).map_err(|error| Failure {
            kind: FailureKind::Storage,
            why: format!("{} cannot be written: {error}", self.out.display()),
        })
    }

    pub(super) fn words(&self) -> String {
        format!("{}: {} rules, {} keywords", self.out.display(), self.rules, self.keywords)
    }
}

/// Imports.
pub(super) fn import(args: &ImportArgs) -> Result<(), Failure> {
    let pack = pack_id(&args.out, "--out")?;
    if args.out.exists() && !args.force {
        return Err(is_there_already(&args.out));
    }
    let given = read(&args.file)?;
    let brought = match args.from {
        From::Discord => discord::bring(&given, &pack).map_err(|why| wrong(&args.file, &why))?,
        From::Lines => lines::bring(&given, &pack),
    };
    let mut report = String::new();
    if !brought.left_out.is_empty() {
        report.push_str(&format!("left out, {} in all:\n", brought.left_out.len()));
        for line in &brought.left_out {
            report.push_str(&format!("  {line}\n"));
        }
    }
    if brought.rules.is_empty() {
        print(&report)?;
        return Err(wrong(&args.file, "nothing in it can become a rule; no pack was written"));
    }
    let made = NewPack::new(&args.out, &pack, &brought.rules)?;
    made.put()?;
    print(&format!("{report}{}\n", made.words()))
}

pub(super) fn wrong(file: &Path, why: &str) -> Failure {
    Failure { kind: FailureKind::Data, why: format!("{}: {why}", file.display()) }
}

pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(limits::IMPORT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(file).and_then(|opened| opened.take(bound).read_to_end(&mut bytes));
    read.map_err(|error| Failure::usage(format!("{} cannot be read: {error}", file.display())))?;
    if bytes.len() > limits::IMPORT_BYTES_MAX {
        return Err(wrong(file, &format!("is larger than {} bytes; split it", limits::IMPORT_BYTES_MAX)));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong(file, "is not UTF-8; save it as UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// The pack's text.
fn written(pack: &str, rules: &[Rule]) -> String {
    let mut text = format!("[pack]\nid = {}\nversion = 1\n", quoted(pack));
    for rule in rules {
        let actions: Vec<String> = rule.actions.iter().map(|action| quoted(action)).collect();
        text.push_str(&format!(
            "\n[[rule]]\nid = {}\nreason = {}\nscore = {}\nactions = [{}]\n",
            quoted(&rule.id),
            quoted(&rule.reason),
            rule.score,
            actions.join(", ")
        ));
        if let Some(seconds) = rule.mute_seconds {
            text.push_str(&format!("mute_seconds = \"{seconds}s\"\n"));
        }
        for condition in &rule.conditions {
            text.push_str(&format!("{condition}\n"));
        }
        if let Some(matching) = rule.matching {
            text.push_str(&format!("match = {}\n", quoted(matching)));
        }
        if rule.keywords.is_empty() {
            continue;
        }
        text.push_str("keywords = [\n");
        for keyword in &rule.keywords {
            text.push_str(&format!("    {},\n", quoted(keyword)));
        }
        text.push_str("]\n");
    }
    text
}

/// A TOML basic string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for ch in text.chars() {
        match ch {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ch if ch.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(ch))),
            ch => out.push(ch),
        }
    }
    out.push('"');
    out
}

/// Writes beside the name, then renames: nobody ever reads half a pack.
fn put(out: &Path, text: &str) -> std::io::Result<()> {
    let name = out.file_name().and_then(|name| name.to_str()).unwrap_or("pack");
    let beside = out.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| std::fs::rename(&beside, out));
    if renamed.is_err() {
        // The reason is told; what is left of the attempt is of no use to anybody.
        let _gone = std::fs::remove_file(&beside);
    }
    renamed
}
