//! The commands that need no Telegram: judge, check, capacity, migrate, dead letters.

use super::{DeadLetters, Migrate};
use crate::app::{self, Failure, FailureKind};
use crate::checks::{State, judge as judge_machine};
use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::control::{self, Answer};
use crate::desk::system::facts;
use crate::document::Mistakes;
use crate::fence::Fence;
use crate::judge::{self, LineFate};
use crate::learn::{Layer, Learned, prior};
use crate::lessons;
use crate::limits;
use crate::manners::{Manners, MannersLayer};
use crate::policy::{PacksOff, Paused, Scratch, Terms, compile, contradictions};
use crate::store::io::IoCount;
use crate::store::{JOURNAL_FILE, Store, StoreError, open_file, schema};
use crate::verdict::Thresholds;
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn output(error: std::io::Error) -> Failure {
    Failure { kind: FailureKind::Data, why: format!("standard input or output failed: {error}") }
}

/// Judges standard input, line by line.
pub(super) fn judge_lines(policy: Option<&Path>, models: &[PathBuf], rules_only: bool) -> Result<(), Failure> {
    let policy = compile(&app::pack_sources(policy)?)?;
    let learned = learned(models, rules_only)?;
    let (paused, thresholds) = (Paused::default(), Thresholds::default());
    let terms = Terms { set: &policy, paused: &paused, learned: &learned, off: PacksOff::default(), thresholds };
    let mut input = std::io::BufReader::with_capacity(limits::JUDGE_BUFFER_BYTES, std::io::stdin().lock());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut scratch, mut answer, mut line) = (Scratch::default(), String::new(), Vec::new());
    let mut number = 0_u64;
    let mut unreadable = 0_u64;
    let bound = u64::try_from(limits::JUDGE_LINE_BYTES_MAX).unwrap_or(u64::MAX);
    loop {
        line.clear();
        let read = (&mut input).take(bound).read_until(b'\n', &mut line).map_err(output)?;
        if read == 0 {
            break;
        }
        number = number.saturating_add(1);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        answer.clear();
        if judge::line(&terms, &text, number, &mut scratch, &mut answer) == LineFate::Unreadable {
            unreadable = unreadable.saturating_add(1);
        }
        writeln!(out, "{answer}").map_err(output)?;
        // Streaming: whoever feeds line by line gets each answer before the next line is waited for.
        if input.buffer().is_empty() {
            out.flush().map_err(output)?;
        }
    }
    out.flush().map_err(output)?;
    if unreadable > 0 {
        let why = format!("{unreadable} of {number} lines could not be read; each has its error in its place");
        return Err(Failure { kind: FailureKind::Data, why });
    }
    Ok(())
}

/// The prior and the named models.
fn learned(models: &[PathBuf], rules_only: bool) -> Result<Learned, Failure> {
    let mut layers: Vec<Layer> = if rules_only { Vec::new() } else { prior().into_iter().collect() };
    for path in models {
        let layer = lessons::layer(path).map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
        layers.push(Layer { chat: None, ..layer });
    }
    if layers.len() > limits::LEARN_LAYERS_MAX {
        return Err(Failure::usage(format!("at most {} models", limits::LEARN_LAYERS_MAX)));
    }
    Ok(Learned::new(layers))
}

pub(super) fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout().write_all(text.as_bytes()).map_err(output)
}

/// Settings and packs, checked.
pub(super) fn check(config: &Config, file: &str, fence: &Fence) -> Result<(), Failure> {
    let policy = app::load_policy(config)?;
    app::check_packs(config, file, &policy)?;
    let mut text = String::from("settings: valid\n");
    let listen = config.web.listen.map_or_else(|| "off".to_owned(), |listen| listen.to_string());
    let token = if config.telegram.token.is_some() { "present" } else { "missing: set AEGIS_TELEGRAM_TOKEN" };
    let from = config.policy_dir.as_ref().map_or_else(|| "shipped".to_owned(), |dir| dir.display().to_string());
    let admin_chat = config.degrade.admin_chat.map_or_else(|| "none".to_owned(), |chat| chat.0.to_string());
    let usual = MannersLayer::from(Manners::default()).written();
    let other = config.manners.written().into_iter().filter(|written| !usual.contains(written));
    let set: Vec<String> = other.map(|(key, value)| format!("{key} = {value}")).collect();
    let manners = if set.is_empty() { "as usual".to_owned() } else { format!("as usual, but {}", set.join(", ")) };
    for (name, value) in [
        ("token", token.to_owned()),
        ("mode", config.mode.word().to_owned()),
        ("board", config.board.name.clone()),
        ("shards", config.shards.to_string()),
        ("data directory", config.data_dir.display().to_string()),
        ("page", listen),
        ("thresholds", format!("review at {}, block at {}", config.thresholds.review, config.thresholds.block)),
        ("unsure messages", config.review_fallback.word().to_owned()),
        ("chats with their own settings", config.chats.len().to_string()),
        ("tenants with their own settings", config.tenants.len().to_string()),
        ("administrators' chat", admin_chat),
        ("how groups are kept", manners),
        ("time zone", config.zone.name().to_owned()),
        ("webhooks", format!("{} receivers", config.webhooks.receivers.len())),
        ("model", if config.ai.is_on() { config.ai.model.clone() } else { "none: rules only".to_owned() }),
    ] {
        text.push_str(&format!("  {name}: {value}\n"));
    }
    text.push_str(&format!("packs: {from}, version {:016x}\n", policy.version));
    for pack in policy.packs() {
        text.push_str(&format!(
            "  {} version {}: {} rules, {} keywords\n",
            pack.id, pack.version, pack.rules, pack.keywords
        ));
    }
    text.push_str(&format!(
        "  together {} keywords, {} bytes compiled, of {} allowed\n",
        policy.keywords_count(),
        policy.bytes(),
        config.board.capacity.keyword_bytes
    ));
    if config.ai.shows_its_key() {
        text.push_str(&format!("warning: {}\n", app::KEY_IN_CLEAR));
    }
    for one in contradictions(&app::pack_sources(config.policy_dir.as_deref())?) {
        text.push_str(&format!("warning: {}\n", one.what));
    }
    let sum = limits::memory_bytes_max(&config.board.capacity);
    text.push_str(&format!("memory: at most {} of {}\n", mib(sum), mib(config.board.memory_bytes)));
    text.push_str("machine:\n");
    for found in judge_machine(&facts(config, Some(fence), Clock::start().now().wall)) {
        let mark = if found.state == State::Good { "" } else { "warning: " };
        text.push_str(&format!("  {mark}{}: {}\n", found.name, found.words));
    }
    print(&text)?;
    if sum > config.board.memory_bytes {
        return Err(Failure::usage(format!(
            "the memory sum is over the promise of board profile \"{}\"",
            config.board.name
        )));
    }
    Ok(())
}

fn mib(bytes: u64) -> String {
    let tenths = (bytes.saturating_mul(10)).div_ceil(1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// The memory sum.
pub(super) fn capacity(config: &Config) -> Result<(), Failure> {
    let capacity = &config.board.capacity;
    let mut text = format!("board profile \"{}\"\n\n", config.board.name);
    text.push_str(&format!("{:>10}  {:<46}  when full\n", "bytes", "holder"));
    for line in limits::memory_lines(capacity) {
        text.push_str(&format!("{:>10}  {:<46}  {}\n", line.bytes, line.name, line.when_full));
    }
    let sum = limits::memory_bytes_max(capacity);
    text.push_str(&format!("{sum:>10}  {:<46}\n", "memory_bytes_max: the sum, and a tenth for rounding"));
    text.push_str(&format!("{:>10}  {:<46}\n", config.board.memory_bytes, "the profile's promise"));
    print(&text)
}

/// Steps of the schema.
pub(super) fn migrate(config: &Config, verb: &Migrate) -> Result<(), Failure> {
    let path = config.data_dir.join(JOURNAL_FILE);
    if !path.exists() {
        return print(&format!(
            "there is no database at {} yet; the first start makes one with schema {}\n",
            path.display(),
            schema::known()
        ));
    }
    let database = open_file(&path, limits::STORE_CACHE_BYTES_MIN, &Arc::new(IoCount::default()))?;
    let found = schema::found(&database)?;
    let (target, dry_run) = match verb {
        Migrate::Status => {
            let mut text = format!("{}: schema {found}, this program knows {}\n", path.display(), schema::known());
            for step in schema::STEPS {
                let state = if step.number <= found { "taken" } else { "missing" };
                text.push_str(&format!("  {} {state}: {}\n", step.number, step.what));
            }
            print(&text)?;
            if found > schema::known() {
                return Err(StoreError::Newer { found, known: schema::known() }.into());
            }
            return Ok(());
        }
        Migrate::Up { dry_run } => (schema::known(), *dry_run),
        Migrate::Down { to, .. } if *to > found => {
            return Err(Failure::usage(format!("the database has schema {found}; `down {to}` would be a step up")));
        }
        Migrate::Down { to, dry_run } => (*to, *dry_run),
    };
    if found > schema::known() {
        return Err(StoreError::Newer { found, known: schema::known() }.into());
    }
    let mut text = String::new();
    for step in schema::STEPS {
        if step.number > found && step.number <= target {
            text.push_str(&format!("up {}: {}\n", step.number, step.what));
        }
    }
    for step in schema::STEPS.iter().rev() {
        if step.number <= found && step.number > target {
            text.push_str(&format!("down {}: loses {}\n", step.number, step.down_loses));
        }
    }
    if text.is_empty() {
        text.push_str(&format!("nothing to do: the database has schema {found}\n"));
    }
    if dry_run {
        text.push_str("dry run: nothing was changed\n");
    } else {
        schema::to(&database, target)?;
        text.push_str(&format!("the database has schema {}\n", schema::found(&database)?));
    }
    print(&text)
}

/// Asks the appliance that runs on this data; `None` when none does.
pub(super) fn ask(config: &Config, command: &control::Command) -> Result<Option<Answer>, Failure> {
    let patience = match command {
        control::Command::CopyForUpdate => limits::HISTORY_WAIT_MS,
        _ => limits::CONTROL_WAIT_MS,
    };
    let patience = std::time::Duration::from_millis(patience);
    control::ask_within(&config.data_dir, command, patience).map_err(|error| Failure {
        kind: FailureKind::Storage,
        why: format!("the running appliance does not answer: {error}"),
    })
}

/// Dead letters: through the running appliance, or in the file when none runs.
pub(super) fn dead_letters(config: &Config, verb: DeadLetters) -> Result<(), Failure> {
    let command = match verb {
        DeadLetters::List => control::Command::List,
        DeadLetters::Retry { numbers } => control::Command::Retry(numbers),
        DeadLetters::Drop { numbers } => control::Command::Drop(numbers),
    };
    let answer = match ask(config, &command)? {
        Some(answer) => answer,
        None => in_file(config, command)?,
    };
    match answer {
        Answer::Lines(lines) if lines.is_empty() => print("no dead letters\n"),
        Answer::Lines(lines) => print(&(lines.join("\n") + "\n")),
        Answer::Changed(count) => print(&format!("{count} changed\n")),
        Answer::Refused(why) | Answer::Api(_, why) => Err(Failure::usage(why)),
    }
}

/// The durable file, when no appliance runs on it.
pub(super) fn open_store(config: &Config, now: Wall) -> Result<Store, Failure> {
    if !config.data_dir.join(JOURNAL_FILE).exists() {
        let mut mistakes = Mistakes::default();
        let shown = config.data_dir.display().to_string();
        mistakes.add(&shown, 0, "there is no database here; name another folder with AEGIS_DATA_DIR");
        return Err(mistakes.into());
    }
    let io = Arc::new(IoCount::default());
    let (store, _) = Store::open(&config.data_dir, limits::STORE_CACHE_BYTES_MIN, app::keep(config), &io, now)?;
    Ok(store)
}

fn in_file(config: &Config, command: control::Command) -> Result<Answer, Failure> {
    let now = Clock::start().now().wall;
    let mut store = open_store(config, now)?;
    let (tick, answer) = control::answer(&store.snapshots(), command, now)?;
    if !tick.is_empty() {
        store.commit(&[tick], now)?;
    }
    Ok(answer)
}
