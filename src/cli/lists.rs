//! The commands about lists of domains, which live in `lists` in the data directory.
//!
//! Promises: a list that is refused changes nothing; every list that cannot be opened is told.

use crate::app::{self, Failure, FailureKind};
use crate::clock::Clock;
use crate::config::Config;
use crate::limits;
use crate::links::domains::entry;
use crate::lists::{self, Refused};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What to do with lists.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Take a list in: domains, a hosts file, or an Adblock list. Replaces the one of that name.
    Import {
        /// The list.
        file: PathBuf,
        /// The list's name: a-z, 0-9, `-` and `_`.
        #[arg(long)]
        name: String,
    },
    /// Show the lists there are.
    Show,
    /// Say which lists have a domain, or one above it.
    Look {
        /// The domain.
        domain: String,
    },
}

fn data(refused: Refused) -> Failure {
    Failure { kind: FailureKind::Data, why: refused.0 }
}

fn print(text: &str) -> Result<(), Failure> {
    let failed = |error| Failure { kind: FailureKind::Data, why: format!("standard output failed: {error}") };
    std::io::stdout().write_all(text.as_bytes()).map_err(failed)
}

/// Carries a command out.
pub(super) fn carry_out(config: &Config, verb: &Verb) -> Result<(), Failure> {
    let folder = lists::folder(&config.data_dir);
    match verb {
        Verb::Import { file, name } => import(&folder, file, name),
        Verb::Show => show(&folder),
        Verb::Look { domain } => look(&folder, domain),
    }
}

fn import(folder: &Path, file: &Path, name: &str) -> Result<(), Failure> {
    let Some(path) = lists::file(folder, name) else {
        let name = name.escape_debug();
        return Err(Failure::usage(format!("\"{name}\" is no name of a list; use a-z, 0-9, `-` and `_`")));
    };
    if !path.exists() && paths(folder).len() >= limits::DOMAIN_LISTS_MAX {
        return Err(Failure::usage(format!("there are {} lists already; remove one", limits::DOMAIN_LISTS_MAX)));
    }
    let source = std::fs::File::open(file)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", file.display())))?;
    app::prepare_data_dir(folder)?;
    let report = lists::import(source, &path, Clock::start().now().wall)
        .map_err(|refused| data(Refused(format!("{}: {refused}", file.display()))))?;
    let mut text = format!(
        "{name}: {} domains from {} lines; {} rules passed over, {} bad lines\n",
        report.domains, report.lines, report.passed_over, report.bad
    );
    for example in &report.examples {
        text.push_str(&format!("  {example}\n"));
    }
    print(&text)
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == lists::ENDING)).collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn show(folder: &Path) -> Result<(), Failure> {
    let paths = paths(folder);
    if paths.is_empty() {
        return print("no lists\n");
    }
    let mut refusals = Vec::new();
    for path in paths {
        match lists::open(&path) {
            Ok((set, head)) => {
                let source: String = head.source.iter().map(|byte| format!("{byte:02x}")).collect();
                let (name, made) = (name_of(&path), head.made.seconds());
                print(&format!(
                    "{name}: {} domains, {} bytes, imported at {made} s since 1970, source {source}\n",
                    set.len(),
                    set.bytes()
                ))?;
            }
            Err(refused) => refusals.push(refused.0),
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(data(Refused(refusals.join("\n")))) }
}

fn look(folder: &Path, domain: &str) -> Result<(), Failure> {
    let mut host = String::new();
    let read = entry(domain, &mut |name| {
        name.clone_into(&mut host);
        Ok(())
    });
    if read.is_err() || host.is_empty() {
        return Err(Failure::usage(format!("\"{domain}\" is no domain; write it as example.com")));
    }
    let mut listed = 0_u32;
    for path in paths(folder) {
        let (set, _) = lists::open(&path).map_err(data)?;
        if set.contains(&host) {
            listed = listed.saturating_add(1);
            print(&format!("{host} is in {}\n", name_of(&path)))?;
        }
    }
    if listed == 0 { print(&format!("{host} is in no list\n")) } else { Ok(()) }
}
