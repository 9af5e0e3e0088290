//! `aegis policy`: work on packs without touching a group.
//!
//! Promises: no side effect but the file that `import` is told to write; exit code 65 when a case does not hold.

use super::diff::{self, DiffArgs};
use super::explain::{self, ExplainArgs};
use super::import::{self, ImportArgs};
use super::{cases, offline};
use crate::app::{self, Failure, FailureKind};
use crate::document::Mistakes;
use crate::policy::{self, Scratch, compile};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// What to do with policy.
#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Judge every case beside the packs; one line a case that does not hold.
    Test {
        /// A folder with packs and their `NAME.cases.toml`; without it, those that come with the program.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Show step by step how a message is judged, and why.
    Explain(ExplainArgs),
    /// Replay messages under two policies, and show which would be judged differently.
    Diff(DiffArgs),
    /// Make a pack of rules kept elsewhere.
    Import(ImportArgs),
}

/// Carries out.
pub(super) fn carry_out(verb: Policy) -> Result<(), Failure> {
    match verb {
        Policy::Test { dir } => test(dir.as_deref()),
        Policy::Explain(args) => explain::explain(&args),
        Policy::Diff(args) => diff::diff(&args),
        Policy::Import(args) => import::import(&args),
    }
}

fn test(dir: Option<&Path>) -> Result<(), Failure> {
    let set = compile(&app::pack_sources(dir)?)?;
    let files: Vec<(String, String)> = match dir {
        Some(dir) => crate::packs::cases(dir)?,
        None => policy::shipped_cases().into_iter().map(|(file, text)| (file.to_owned(), text)).collect(),
    };
    let mut mistakes = Mistakes::default();
    let read: Vec<_> = files.iter().map(|(file, text)| (file, cases::read(file, text, &mut mistakes))).collect();
    if !mistakes.is_empty() {
        return Err(mistakes.into());
    }
    let mut scratch = Scratch::default();
    let mut text = String::new();
    let (mut held, mut failed) = (0_usize, 0_usize);
    for (file, cases) in &read {
        let wrong = cases::run(&set, cases, &mut scratch);
        held = held.saturating_add(cases.len().saturating_sub(wrong.len()));
        failed = failed.saturating_add(wrong.len());
        for one in wrong {
            text.push_str(&format!("{file}:{}: {}\n", one.line, one.what));
        }
    }
    let of = held.saturating_add(failed);
    text.push_str(&format!("{held} of {of} cases hold; {} files, policy {:016x}\n", read.len(), set.version));
    offline::print(&text)?;
    if failed > 0 {
        return Err(Failure { kind: FailureKind::Data, why: format!("{failed} of {of} cases do not hold") });
    }
    Ok(())
}
