//! `aegis import`: what another bot knows, brought over.
//!
//! Promises: everything is read and checked before anything is done; what has no place here is listed with the reason, never
//! dropped silently; the same command a second time changes nothing more.
//!
//! Never: another bot's network or database. The caller brings files.

mod people;
mod rose;
mod tg_spam;

use super::import::{Brought, NewPack, Rule, is_there_already, pack_id, read, wrong};
use super::offline::print;
use super::{Failure, learn};
use crate::app::FailureKind;
use crate::config::Config;
use crate::learn::{Example, Layer};
use crate::lessons;
use crate::limits;
use crate::message::ChatId;
use people::People;
use std::path::{Path, PathBuf};

/// Which bot, and what becomes of it.
#[derive(Debug, clap::Args)]
pub(super) struct MovingArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Read and count, say what would be done, and do nothing.
    #[arg(long, global = true)]
    dry_run: bool,
    /// Overwrite the pack if it is there.
    #[arg(long, global = true)]
    force: bool,
    #[command(subcommand)]
    from: From,
}

/// Where it comes from.
#[derive(Debug, clap::Subcommand)]
enum From {
    /// Files of tg-spam: samples, approved users, stop words.
    TgSpam {
        /// Its folder of data, or single files by the names they have there.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// The group whose members its approved users are.
        #[arg(long, value_name = "ID", allow_negative_numbers = true)]
        group: Option<i64>,
        /// The pack to write its stop words to, such as `packs/stop-words.toml`.
        #[arg(long, value_name = "PACK.toml")]
        pack: Option<PathBuf>,
        /// The name of the source that its samples become, to forget it by.
        #[arg(long, value_name = "NAME", default_value = "tg-spam")]
        source: String,
        /// Let what is learned count in that group only.
        #[arg(long, requires = "group")]
        only_here: bool,
    },
    /// The file that Rose's /export gives.
    Rose {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The pack to write its blocklists and locks to, such as `packs/rose.toml`.
        #[arg(long, value_name = "PACK.toml")]
        pack: Option<PathBuf>,
    },
    /// A list of words or of members' numbers, one a line.
    Plain {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What its lines are: `words` or `users`.
        #[arg(long = "as", value_name = "KIND")]
        kind: Kind,
        /// The group whose members they are.
        #[arg(long, value_name = "ID", allow_negative_numbers = true)]
        group: Option<i64>,
        /// The pack to write the words to.
        #[arg(long, value_name = "PACK.toml")]
        pack: Option<PathBuf>,
    },
}

/// What the lines of a plain list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Words,
    Users,
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "words" => Ok(Self::Words),
            "users" => Ok(Self::Users),
            _ => Err("known: words, users".to_owned()),
        }
    }
}

impl MovingArgs {
    /// The settings file.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

/// What is to be learned.
#[derive(Debug)]
struct Lesson {
    source: String,
    chat: Option<ChatId>,
    examples: Vec<Example>,
}

/// What is to be done, and what is not.
#[derive(Debug, Default)]
struct Plan {
    /// What is taken, a line each.
    taken: Vec<String>,
    /// Rules for a pack, and what has no place here.
    brought: Brought,
    /// The pack's file.
    pack: Option<PathBuf>,
    lesson: Option<Lesson>,
    people: Option<People>,
    /// Lines for the settings file, below `[manners]`.
    settings: Vec<String>,
}

impl Plan {
    fn take(&mut self, what: &str, words: &str) {
        self.taken.push(format!("{what}: {words}"));
    }

    fn leave_out(&mut self, what: &str, why: &str) {
        self.brought.leave_out(what, why);
    }

    /// The id that rules of the pack begin with; the pack's file is named, or rules are left out later.
    fn pack_id(&self) -> Result<String, Failure> {
        self.pack.as_deref().map_or_else(|| Ok("imported".to_owned()), |out| pack_id(out, "--pack"))
    }

    fn report(&self) -> String {
        let mut report = String::new();
        let lists = [("taken", &self.taken), ("passed over", &self.brought.left_out)];
        for (name, lines) in lists.into_iter().filter(|(_, lines)| !lines.is_empty()) {
            report.push_str(&format!("{name}, {} in all:\n", lines.len()));
            lines.iter().for_each(|line| report.push_str(&format!("  {line}\n")));
        }
        if !self.settings.is_empty() {
            report.push_str("for you to put into the settings file, for all groups or for one:\n  [manners]\n");
            self.settings.iter().for_each(|line| report.push_str(&format!("  {line}\n")));
        }
        report
    }

    const fn is_empty(&self) -> bool {
        self.brought.rules.is_empty() && self.lesson.is_none() && self.people.is_none() && self.settings.is_empty()
    }
}

/// A plan whose every part was checked.
struct Ready {
    pack: Option<NewPack>,
    layer: Option<Layer>,
    people: Option<People>,
}

/// Brings over.
pub(super) fn import(config: &Config, args: &MovingArgs) -> Result<(), Failure> {
    let plan = match &args.from {
        From::TgSpam { paths, group, pack, source, only_here } => {
            let chat = group.filter(|_| *only_here).map(ChatId);
            tg_spam::plan(paths, &tg_spam::Wanted { group: *group, pack: pack.clone(), source, chat })?
        }
        From::Rose { file, pack } => rose::plan(file, pack.clone())?,
        From::Plain { file, kind, group, pack } => plain(file, *kind, *group, pack.clone())?,
    };
    print(&plan.report())?;
    if plan.is_empty() {
        let why = "nothing in it has a place here; nothing was changed".to_owned();
        return Err(Failure { kind: FailureKind::Data, why });
    }
    let ready = check(config, args, plan)?;
    if args.dry_run {
        return print("nothing was changed; without --dry-run it is done\n");
    }
    act(config, &ready)
}

/// Checks whatever could be refused, before anything is done.
fn check(config: &Config, args: &MovingArgs, plan: Plan) -> Result<Ready, Failure> {
    let pack = match &plan.pack {
        Some(out) if !plan.brought.rules.is_empty() => {
            let made = NewPack::new(out, &plan.pack_id()?, &plan.brought.rules)?;
            if out.exists() && !args.force && !made.is_there() {
                return Err(is_there_already(out));
            }
            Some(made)
        }
        _ => None,
    };
    let layer = match &plan.lesson {
        None => None,
        Some(lesson) => {
            learn::may_be_taught(&lessons::folder(&config.data_dir), &lesson.source, lesson.chat)?;
            Some(learn::taught(&lesson.examples, &lesson.source, lesson.chat, "the samples")?)
        }
    };
    if let Some(people) = plan.people.as_ref().filter(|_| !args.dry_run) {
        people.are_expected(config)?;
    }
    Ok(Ready { pack, layer, people: plan.people })
}

/// Does it. Whom people vouch for comes last: it alone may be cut off in the middle, and goes on where it was.
fn act(config: &Config, ready: &Ready) -> Result<(), Failure> {
    if let Some(pack) = &ready.pack {
        if pack.is_there() {
            print(&format!("{}, as it was before\n", pack.words()))?;
        } else {
            pack.put()?;
            print(&format!("{}\n", pack.words()))?;
        }
    }
    if let Some(layer) = &ready.layer {
        let words = learn::keep(&lessons::folder(&config.data_dir), layer)?;
        print(&format!("{words}\n"))?;
    }
    match &ready.people {
        Some(people) => people.vouch(config),
        None => Ok(()),
    }
}

/// A list without any form of its own.
fn plain(file: &Path, kind: Kind, group: Option<i64>, pack: Option<PathBuf>) -> Result<Plan, Failure> {
    let mut plan = Plan { pack, ..Plan::default() };
    let text = read(file)?;
    match kind {
        Kind::Words => {
            let Some(_) = &plan.pack else {
                return Err(Failure::usage("name the pack to write the words to with --pack PACK.toml"));
            };
            let mut keywords = Vec::new();
            for (number, line) in (1_u32..).zip(text.lines()) {
                let of = format!("line {number}");
                match line.trim() {
                    "" => {}
                    phrase if phrase.starts_with("# ") || phrase == "#" => plan.leave_out(&of, "a comment"),
                    phrase => keywords.extend(plan.brought.keywords(&of, "", std::iter::once(phrase))),
                }
            }
            words(&mut plan, "words", None, keywords)?;
        }
        Kind::Users => {
            let Some(group) = group else {
                return Err(Failure::usage("name the group whose members they are with --group ID"));
            };
            plan.people = People::read(file, &text, group, &mut plan)?;
        }
    }
    Ok(plan)
}

/// Adds a rule that deletes what has one of these phrases.
fn words(plan: &mut Plan, name: &str, matching: Option<&'static str>, keywords: Vec<String>) -> Result<(), Failure> {
    let mut known = std::collections::HashSet::new();
    let keywords: Vec<String> =
        keywords.into_iter().filter(|keyword| known.insert(crate::text::fold_phrase(keyword))).collect();
    if keywords.is_empty() {
        return Ok(());
    }
    plan.take(name, &format!("{} phrases; messages with one of them are deleted", keywords.len()));
    let id = plan.pack_id()?;
    let reason = "on the list of unwanted phrases".to_owned();
    let rule = Rule { reason, score: 90, actions: vec!["delete"], matching, keywords, ..Rule::default() };
    plan.brought.add(&id, name, rule);
    Ok(())
}

const _: () =
    assert!(limits::MEMBERS_AT_ONCE * 21 < limits::CONTROL_BYTES_MAX, "an order about so many fits the terminal's");
