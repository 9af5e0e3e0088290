//! Writes what a package has besides the program: the man page, and what bash, zsh and fish complete.
//!
//! `cargo run --locked --example pages -- FOLDER` writes `aegis.1`, `aegis.bash`, `_aegis` and `aegis.fish` into FOLDER.
//!
//! Promises: all of it is made from the very command line that the program reads, so that neither can forget a command;
//! the same sources give the same bytes.
//!
//! Never: a part of the program. An example may use crates that the program has not.

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use std::path::PathBuf;
use std::process::ExitCode;

/// What stands behind the commands: what the command line does not know of itself.
const MORE: &str = include_str!("aegis.more.1");

/// What the page begins with: what the program is, before its commands.
const DESCRIPTION: &str = "Aegis moderates Telegram groups: it reads them through the Bot API, judges every message with \
    rules and a small learner, deletes and bans durably, and can say of each decision why.";

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: pages FOLDER");
        return ExitCode::from(64);
    };
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| all()?.into_iter().try_for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes)));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::from(74)
        }
    }
}

/// Every file: its name, and its bytes.
///
/// # Errors
/// Those of writing into memory, which do not come.
pub fn all() -> std::io::Result<Vec<(&'static str, Vec<u8>)>> {
    let mut files = vec![("aegis.1", man(aegis::cli::command())?.into_bytes())];
    for (name, shell) in [("aegis.bash", Shell::Bash), ("_aegis", Shell::Zsh), ("aegis.fish", Shell::Fish)] {
        let mut bytes = Vec::new();
        clap_complete::generate(shell, &mut aegis::cli::command(), "aegis", &mut bytes);
        files.push((name, bytes));
    }
    Ok(files)
}

/// One page for all commands: on a board one looks for a word, not for a page.
///
/// # Errors
/// As [`all`].
pub fn man(command: Command) -> std::io::Result<String> {
    let mut command = bare(command);
    command.build();
    let page = Man::new(command.clone()).manual("Aegis");
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    let mut out = text(out);
    out.push_str(".SH SYNOPSIS\n\\fBaegis\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n");
    out.push_str(&format!("{DESCRIPTION}\n.SH COMMANDS\n"));
    out.push_str("Each command, and each of its verbs, tells its options with \\fB\\-\\-help\\fR.\n");
    for command in command.get_subcommands() {
        add(&mut out, command)?;
    }
    out.push_str(MORE);
    Ok(out)
}

/// Without what every command has: `--help`, and the command `help`.
fn bare(command: Command) -> Command {
    command.disable_help_flag(true).disable_help_subcommand(true).disable_version_flag(true).mut_subcommands(bare)
}

/// A command and everything below it.
fn add(out: &mut String, command: &Command) -> std::io::Result<()> {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    out.push_str(&format!(".SS \"{}\"\n", name.replace('-', "\\-")));
    let page = Man::new(command.clone());
    let mut parts = Vec::new();
    page.render_description_section(&mut parts)?;
    // A command that only has verbs has nothing of its own to type.
    if command.get_subcommands().next().is_none() {
        parts.extend_from_slice(b".PP\n");
        page.render_synopsis_section(&mut parts)?;
        if command.get_arguments().next().is_some() {
            page.render_options_section(&mut parts)?;
        }
    }
    // The parts come as pages of their own; here they are paragraphs of one.
    let paragraphs = text(parts);
    let own = |line: &&str| !line.starts_with(".SH") && !line.starts_with(".ie ") && !line.starts_with(".el ");
    paragraphs.lines().filter(own).for_each(|line| {
        out.push_str(line);
        out.push('\n');
    });
    command.get_subcommands().try_for_each(|verb| add(out, verb))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("roff is written from texts")
}
