//! What lies beside the program: the man page, what shells complete, runbooks, alerts, the dashboard, the package's table of
//! schemas. None of it may speak of what is not there, or be silent about what is.
//!
//! Promises: every command of the program is in the man page, and every command of a runbook is one that the program reads;
//! every metric that an alert or a panel asks for is there, and every alert is tried; every field of the log has its line.
//!
//! Never: a tool. What promtool, Grafana's types and shellcheck say is asked by tests/run.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

#[allow(dead_code)]
#[path = "../board/pages.rs"]
mod pages;

use aegis::counters::Counters;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the files of a folder with this ending, in order.
fn names(folder: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(path(folder)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(ending));
    names.sort();
    names
}

/// Every command with all its verbs, as it is typed.
fn typed(command: &clap::Command, before: &str, found: &mut Vec<(String, clap::Command)>) {
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let words = format!("{before} {}", verb.get_name());
        typed(verb, &words, found);
        found.push((words, verb.clone()));
    }
}

#[test]
fn the_man_page_has_every_command_with_every_option() {
    let page = pages::man(aegis::cli::command()).unwrap().replace("\\-", "-");
    let mut commands = Vec::new();
    typed(&aegis::cli::command(), "aegis", &mut commands);
    assert!(commands.len() > 30, "only {} commands were found", commands.len());
    for (words, command) in commands {
        let from =
            page.find(&format!(".SS \"{words}\"\n")).unwrap_or_else(|| panic!("`{words}` is not in the man page"));
        let part = &page[from + 1..];
        let part = &part[..part.find(".SS ").unwrap_or(part.len())];
        for long in command.get_arguments().filter_map(clap::Arg::get_long) {
            // What a command hands down to its verbs stands with the verbs.
            let own = command.get_subcommands().next().is_none() && long != "help";
            assert!(!own || part.contains(&format!("--{long}")), "`{words}`: --{long} is not in the man page");
        }
    }
}

#[test]
fn a_command_that_is_not_in_the_page_would_be_missed() {
    let page = pages::man(aegis::cli::command()).unwrap();
    assert!(!page.contains(".SS \"aegis levitate\""));
}

#[test]
fn every_shell_completes_every_command() {
    let files = pages::all().unwrap();
    for (name, bytes) in files.iter().filter(|(name, _)| *name != "aegis.1") {
        let text = String::from_utf8(bytes.clone()).unwrap();
        for command in aegis::cli::command().get_subcommands() {
            assert!(text.contains(command.get_name()), "{name} does not know `{}`", command.get_name());
        }
    }
    assert_eq!(files.len(), 4);
}

#[test]
fn the_same_sources_give_the_same_pages() {
    assert_eq!(pages::all().unwrap(), pages::all().unwrap());
}

#[test]
fn the_table_of_schemas_ends_with_what_this_version_knows_and_ascends() {
    let table = read("board/debian/schemas");
    let rows = table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(' ').unwrap());
    let rows: Vec<(&str, u64)> = rows.map(|(version, schema)| (version, schema.parse().unwrap())).collect();
    let known = aegis::store::schema::known();
    assert_eq!(rows.last().unwrap().1, known, "board/debian/schemas: the last line is that of the schema of today");
    assert!(rows.windows(2).all(|pair| pair[0].1 < pair[1].1), "{rows:?}");
    let number = |version: &str| version.split('.').map(|part| part.parse::<u64>().unwrap()).collect::<Vec<_>>();
    assert!(rows.windows(2).all(|pair| number(pair[0].0) < number(pair[1].0)), "{rows:?}");
    assert!(number(rows.last().unwrap().0) <= number(env!("CARGO_PKG_VERSION")), "{rows:?}");
}

/// The calls of the program in a text: those that stand in a block, and those in backquotes.
fn calls(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        if line.starts_with("    ") && !trimmed.is_empty() {
            found.extend(trimmed.split(" | ").map(str::to_owned));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    let ours = |call: String| {
        let call = call.strip_prefix("sudo ").unwrap_or(&call);
        let call = call.strip_prefix("-u aegis ").unwrap_or(call);
        let call = call.strip_prefix("./").unwrap_or(call);
        call.starts_with("aegis ").then(|| call.trim().to_owned())
    };
    found.into_iter().filter_map(ours).collect()
}

/// Whether the program would read this call. A call that ends with a verb's command, such as `aegis budget`, names it only.
fn is_read(call: &str) -> bool {
    let words: Vec<&str> = call.split_whitespace().collect();
    let Some(name) = words.get(1) else { return false };
    let command = aegis::cli::command();
    if command.find_subcommand(name).is_none() && !name.starts_with('-') {
        return false;
    }
    match command.try_get_matches_from(&words) {
        Ok(_) => true,
        Err(error) => {
            use clap::error::ErrorKind::{
                DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion, MissingRequiredArgument, MissingSubcommand,
            };
            // A sentence may name a command without all that it needs.
            let names_only = [MissingSubcommand, DisplayHelpOnMissingArgumentOrSubcommand, MissingRequiredArgument];
            error.kind() == DisplayVersion || (words.len() <= 3 && names_only.contains(&error.kind()))
        }
    }
}

#[test]
fn every_command_of_a_runbook_is_one_that_the_program_reads() {
    let mut count = 0;
    for name in names("board/runbooks", ".md") {
        for call in calls(&read(&format!("board/runbooks/{name}"))) {
            assert!(is_read(&call), "board/runbooks/{name}: `{call}` is no command of the program");
            count += 1;
        }
    }
    assert!(count > 30, "only {count} commands were found");
    for wrong in ["aegis levitate", "aegis migrate down", "aegis dead-letters retry x", "aegis undo --since-ever 2h"] {
        assert!(!is_read(wrong) || wrong == "aegis migrate down", "{wrong}");
    }
}

#[test]
fn every_file_that_a_runbook_names_is_there() {
    let all = names("board/runbooks", ".md");
    for name in &all {
        let text = read(&format!("board/runbooks/{name}"));
        for word in text.split(|c: char| c.is_whitespace() || "()[]*`,;:".contains(c)) {
            if word.ends_with(".md") && !word.contains('/') && word != "CHANGELOG.md" {
                assert!(all.iter().any(|other| other == word), "{name} names {word}, which is not there");
            }
            if (word.starts_with("board/") || word.starts_with("tests/")) && !word.ends_with('/') {
                assert!(path(word.trim_end_matches('.')).exists(), "{name} names {word}, which is not there");
            }
        }
    }
    let index = read("board/runbooks/README.md");
    for name in all.iter().filter(|name| *name != "README.md") {
        assert!(index.contains(&format!("({name})")), "README.md does not name {name}");
    }
}

/// The names that a metric may be asked for under.
fn metrics() -> BTreeSet<String> {
    let counters = Counters::default();
    let mut names = BTreeSet::new();
    counters.each(|name, _, _, _| {
        names.insert(format!("aegis_{name}"));
    });
    counters.each_spread(|name, _, _| {
        names.extend(["bucket", "sum", "count"].map(|part| format!("aegis_{name}_seconds_{part}")));
    });
    // Those with a label are told by the page only; web::metrics holds the runbook to them.
    let runbook = read("board/runbooks/telemetry.md");
    let tenants = runbook.lines().filter_map(|line| line.strip_prefix("| `aegis_tenant_")?.split_once('`'));
    names.extend(tenants.map(|(name, _)| format!("aegis_tenant_{name}")));
    names
}

/// Words of a text that begin so: letters, digits, underscores and colons.
fn words<'a>(text: &'a str, begin: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').filter(move |word| word.starts_with(begin))
}

#[test]
fn alerts_panels_and_runbooks_ask_for_what_is_measured_only() {
    let metrics = metrics();
    let rules = read("board/prometheus/aegis.rules.yml");
    let recorded: BTreeSet<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    let mut papers = vec![
        "board/prometheus/aegis.rules.yml".to_owned(),
        "board/prometheus/aegis.test.yml".to_owned(),
        "board/grafana/aegis.json".to_owned(),
    ];
    papers.extend(names("board/runbooks", ".md").into_iter().map(|name| format!("board/runbooks/{name}")));
    for name in papers {
        let text = read(&name);
        // Names of packages begin alike, and go on with a number.
        for word in words(&text, "aegis_").filter(|word| word[6..].starts_with(|c: char| c.is_ascii_lowercase())) {
            let spread = metrics.contains(&format!("{word}_bucket"));
            assert!(metrics.contains(word) || spread, "{name} asks for {word}, which is not measured");
        }
        for word in words(&text, "aegis:").filter(|word| *word != "aegis:aegis") {
            assert!(recorded.contains(word), "{name} asks for {word}, which no rule records");
        }
    }
}

#[test]
fn every_alert_is_tried_with_and_without_its_trouble() {
    let rules = read("board/prometheus/aegis.rules.yml");
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10, "{alerts:?}");
    let tests = read("board/prometheus/aegis.test.yml");
    let runbooks: String =
        names("board/runbooks", ".md").iter().map(|name| read(&format!("board/runbooks/{name}"))).collect();
    for alert in alerts {
        let quiet = format!("alertname: {alert}, exp_alerts: [] }}");
        let loud = format!("alertname: {alert}\n        exp_alerts:\n          - exp_labels");
        assert!(tests.contains(&quiet), "{alert} is never seen quiet");
        assert!(tests.contains(&loud), "{alert} is never seen loud");
    }
    for name in words(&runbooks, "Aegis").filter(|word| word.len() > 5 && word[5..].starts_with(char::is_uppercase)) {
        assert!(rules.contains(&format!("alert: {name}\n")), "the runbooks name {name}, which is no alert");
    }
    for name in words(&rules, "").filter(|word| rules.contains(&format!("See {word}.md"))) {
        assert!(path(&format!("board/runbooks/{name}.md")).exists(), "the rules name {name}.md, which is not there");
    }
}

#[test]
fn the_alerts_and_the_appliance_have_one_objective() {
    let seconds = format!("{:?}", std::time::Duration::from_micros(aegis::counters::OBJECTIVE_US).as_secs_f64());
    let rules = read("board/prometheus/aegis.rules.yml");
    assert!(rules.contains(&format!("aegis_time_to_action_seconds_bucket{{le=\"{seconds}\"}}")), "{seconds}");
}

/// The fields that a source logs: what stands before the message in each call.
fn fields(source: &str) -> BTreeSet<String> {
    let shipped = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut found = BTreeSet::new();
    for level in ["error", "warn", "info", "debug", "trace"] {
        for call in shipped.split(&format!("tracing::{level}!(")).skip(1) {
            for part in arguments(call) {
                if part.starts_with('"') || part.starts_with("target:") {
                    break;
                }
                let name = part.trim_start_matches(['%', '?']);
                let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
                found.insert(name[..end].to_owned());
            }
        }
    }
    found
}

/// The arguments of a call, from behind its bracket.
fn arguments(call: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut quoted, mut escaped) = (Vec::new(), String::new(), 0, false, false);
    for c in call.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part).trim().to_owned());
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part.trim().to_owned());
    parts
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_runbook_tells_every_field_of_the_log_and_no_other() {
    let mut all = Vec::new();
    sources(&path("src"), &mut all);
    let logged: BTreeSet<String> =
        all.iter().flat_map(|path| fields(&std::fs::read_to_string(path).unwrap())).collect();
    let runbook = read("board/runbooks/telemetry.md");
    let table = runbook.split("| field | what it is |").nth(1).unwrap();
    let told = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let told: BTreeSet<String> = told.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(told, logged, "board/runbooks/telemetry.md");
    assert!(!logged.contains("message"), "a field of this name takes the place of the message in JSON");
    let planted = fields("tracing::warn!(why = f(a, \"b, c\"), %error, list = &*x, \"a {word}, b\", word);");
    assert_eq!(planted, ["error", "list", "why"].map(str::to_owned).into());
}

#[test]
fn the_settings_of_the_package_are_the_example_with_the_packages_folder() {
    let script = read("board/package");
    assert!(script.contains("data_dir = \"/var/lib/aegis\""));
    let example = read("board/aegis.example.toml");
    assert_eq!(example.lines().filter(|line| line.starts_with("data_dir = ")).count(), 1);
}
