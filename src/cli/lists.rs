//! The commands about lists of domains and of known spammers' ids, which live in `lists` in the data directory.
//!
//! Promises: a list that is refused changes nothing; every list that cannot be opened is told.

use crate::app::{self, Failure, FailureKind};
use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::limits;
use crate::links::domains::{DomainSet, entry};
use crate::lists::ids::{self, Age, IdList};
use crate::lists::{self, Refused, Report};
use crate::message::UserId;
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
    /// Take a list of known spammers' ids in: an id a line, CSV, or a JSON array. Replaces the one of that name.
    ImportIds {
        /// The list's name: a-z, 0-9, `-` and `_`.
        name: String,
        /// The list; `-` reads standard input.
        file: PathBuf,
    },
    /// Show the lists there are.
    Show,
    /// Say whether a list of ids has one.
    Has {
        /// The list's name.
        name: String,
        /// The user's id.
        #[arg(allow_negative_numbers = true)]
        id: i64,
    },
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
        Verb::ImportIds { name, file } => import_ids(&folder, name, file),
        Verb::Show => show(&folder),
        Verb::Has { name, id } => has(&folder, name, UserId(*id)),
        Verb::Look { domain } => look(&folder, domain),
    }
}

fn no_name(name: &str) -> Failure {
    Failure::usage(format!("\"{}\" is no name of a list; use a-z, 0-9, `-` and `_`", name.escape_debug()))
}

fn import(folder: &Path, file: &Path, name: &str) -> Result<(), Failure> {
    let path = lists::file(folder, name).ok_or_else(|| no_name(name))?;
    if !path.exists() && lists::paths(folder, lists::ENDING).len() >= limits::DOMAIN_LISTS_MAX {
        return Err(Failure::usage(format!("there are {} lists already; remove one", limits::DOMAIN_LISTS_MAX)));
    }
    let source = open_source(file)?;
    app::prepare_data_dir(folder)?;
    let report = lists::import(source, &path, now()).map_err(|refused| in_file(&refused, file))?;
    let passed_over = format!("; {} rules passed over", report.passed_over);
    print_report(name, "domains", "lines", &passed_over, &report)
}

fn import_ids(folder: &Path, name: &str, file: &Path) -> Result<(), Failure> {
    let path = ids::file(folder, name).ok_or_else(|| no_name(name))?;
    let report = if file == Path::new("-") {
        app::prepare_data_dir(folder)?;
        ids::import(std::io::stdin().lock(), &path, now())
    } else {
        let source = open_source(file)?;
        app::prepare_data_dir(folder)?;
        ids::import(source, &path, now())
    };
    let report = report.map_err(|refused| in_file(&refused, file))?;
    print_report(name, "ids", "lines or elements", "", &report)
}

fn now() -> Wall {
    Clock::start().now().wall
}

fn open_source(file: &Path) -> Result<std::fs::File, Failure> {
    std::fs::File::open(file).map_err(|error| Failure::usage(format!("{} cannot be read: {error}", file.display())))
}

fn in_file(refused: &Refused, file: &Path) -> Failure {
    data(Refused(format!("{}: {refused}", file.display())))
}

fn print_report(name: &str, what: &str, pieces: &str, passed_over: &str, report: &Report) -> Result<(), Failure> {
    let mut text =
        format!("{name}: {} {what} from {} {pieces}{passed_over}, {} bad\n", report.count, report.lines, report.bad);
    for example in &report.examples {
        text.push_str(&format!("  {example}\n"));
    }
    print(&text)
}

fn has(folder: &Path, name: &str, user: UserId) -> Result<(), Failure> {
    let path = ids::file(folder, name).ok_or_else(|| no_name(name))?;
    if !path.exists() {
        return Err(Failure::usage(format!(
            "there is no list of ids \"{name}\"; `aegis lists show` shows those there are"
        )));
    }
    let list = IdList::open(&path).map_err(data)?;
    let listed = list.has(user).map_err(|why| data(Refused(format!("{}: {why}", path.display()))))?;
    let id = user.0;
    print(&if listed { format!("yes: {id} is in {name}\n") } else { format!("no: {id} is not in {name}\n") })
}

fn show(folder: &Path) -> Result<(), Failure> {
    let (domains, of_ids) = (lists::paths(folder, lists::ENDING), lists::paths(folder, ids::ENDING));
    if domains.is_empty() && of_ids.is_empty() {
        return print("no lists\n");
    }
    let mut refusals = Vec::new();
    let mut tell = |line: Result<String, Refused>| match line {
        Ok(line) => print(&line),
        Err(refused) => {
            refusals.push(refused.0);
            Ok(())
        }
    };
    for path in domains {
        let line = |(set, head): (DomainSet, lists::Head)| {
            let sizes = format!("{} domains, {} bytes", set.len(), set.bytes());
            line_of(&path, &sizes, head.made, &head.source, "")
        };
        tell(lists::open(&path).map(line))?;
    }
    for path in of_ids {
        let line = |list: IdList| {
            let head = list.head();
            let sizes = format!("{} ids, {} bytes, of them {} in memory", head.count, list.file_bytes(), list.bytes());
            let days = limits::LISTED_IDS_STALE_S / 86_400;
            let stale = match head.age(now()) {
                Age::Fresh => String::new(),
                Age::Stale => format!("; stale: older than {days} days, import it again"),
            };
            line_of(&path, &sizes, head.made, &head.source, &stale)
        };
        tell(IdList::open(&path).map(line))?;
    }
    if refusals.is_empty() { Ok(()) } else { Err(data(Refused(refusals.join("\n")))) }
}

fn line_of(path: &Path, sizes: &str, made: Wall, source: &[u8], more: &str) -> String {
    let source: String = source.iter().map(|byte| format!("{byte:02x}")).collect();
    let (name, made) = (lists::name_of(path), made.utc());
    format!("{name}: {sizes}, imported at {made}, source {source}{more}\n")
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
    for path in lists::paths(folder, lists::ENDING) {
        let (set, _) = lists::open(&path).map_err(data)?;
        if set.contains(&host) {
            listed = listed.saturating_add(1);
            print(&format!("{host} is in {}\n", lists::name_of(&path)))?;
        }
    }
    if listed == 0 { print(&format!("{host} is in no list\n")) } else { Ok(()) }
}
