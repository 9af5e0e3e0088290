//! The layers of settings: defaults, the board's profile, the file, the environment.

use super::{
    Board, ChatSettings, Config, LogFormat, Surroundings, ai, cloud, flags, manners, otel, retention, tenants, web,
    webhooks,
};
use crate::document::{Lined, Mistakes, Section, nearest, read};
use crate::flags::Scope;
use crate::limits;
use crate::message::ChatId;
use crate::secret::Secret;
use crate::verdict::{Mode, ReviewFallback};
use std::path::{Path, PathBuf};

/// Every variable Aegis reads.
pub const VARIABLES: [&str; 20] = [
    "AEGIS_TELEGRAM_TOKEN",
    "AEGIS_TELEGRAM_TOKEN_FILE",
    "AEGIS_TELEGRAM_API_URL",
    "AEGIS_TELEGRAM_RPS",
    "AEGIS_TELEGRAM_GROUP_RPM",
    "AEGIS_DATA_DIR",
    "AEGIS_POLICY_DIR",
    "AEGIS_WEB_LISTEN",
    "AEGIS_WEB_TLS",
    "AEGIS_MODE",
    "AEGIS_SHARDS",
    "AEGIS_LOG",
    "AEGIS_BOARD",
    "AEGIS_SANDBOX",
    "AEGIS_AI_BASE_URL",
    "AEGIS_AI_MODEL",
    "AEGIS_AI_KEY",
    "AEGIS_AI_KEY_FILE",
    "AEGIS_WEBHOOK_SECRET",
    "AEGIS_WEBHOOK_SECRET_FILE",
];

/// The unit's credential with the bot's token, and the one with the model's key.
const TOKEN_CREDENTIAL: &str = "telegram-token";
/// See [`TOKEN_CREDENTIAL`].
const KEY_CREDENTIAL: &str = "model-key";

/// Files of secrets, with what named them. They are read last, when nothing stronger gave the secret.
#[derive(Default)]
struct Later {
    token: Option<(PathBuf, &'static str)>,
    key: Option<(PathBuf, &'static str)>,
    hooks: webhooks::SecretFile,
}

pub(super) fn load(file: Option<&Path>, surroundings: &Surroundings<'_>) -> Result<Config, Mistakes> {
    let mut mistakes = Mistakes::default();
    let mut config = Config::default();
    let mut later = Later::default();
    config.file = file.map(Path::to_owned);
    if let Some(path) = file {
        let name = path.display().to_string();
        match (surroundings.read)(path) {
            Ok(text) if text.len() > limits::SETTINGS_FILE_BYTES_MAX => {
                mistakes.add(&name, 0, format!("a settings file is at most {} bytes", limits::SETTINGS_FILE_BYTES_MAX));
            }
            Ok(text) => from_file(&mut config, &name, &text, surroundings, &mut later, &mut mistakes),
            Err(error) => mistakes.add(&name, 0, format!("cannot be read: {error}")),
        }
    } else if let Some(board) = variable(surroundings, "AEGIS_BOARD") {
        set_board(&mut config, "AEGIS_BOARD", &Lined { value: board.to_owned(), line: 0 }, &mut mistakes);
    }
    from_environment(&mut config, surroundings, &mut later, &mut mistakes);
    config.telegram.token_file = later.token.as_ref().map(|(path, _)| path.clone());
    config.ai.key_file = later.key.as_ref().map(|(path, _)| path.clone());
    if let Some((path, source)) = later.token
        && config.telegram.token.is_none()
    {
        match (surroundings.read)(&path) {
            Ok(text) => set_token(&mut config, source, 0, text.trim(), &mut mistakes),
            Err(error) => mistakes.add(source, 0, format!("{} cannot be read: {error}", path.display())),
        }
    }
    if let Some((path, source)) = later.key
        && config.ai.key.is_none()
    {
        match (surroundings.read)(&path) {
            Ok(text) => ai::set_key(&mut config.ai, source, 0, text.trim(), &mut mistakes),
            Err(error) => mistakes.add(source, 0, format!("{} cannot be read: {error}", path.display())),
        }
    }
    webhooks::read_file(&mut config.webhooks, later.hooks.take(), surroundings, &mut mistakes);
    credentials(&mut config, surroundings, &mut mistakes);
    check_together(&config, file, surroundings, &mut mistakes);
    if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
}

/// What systemd's `LoadCredential=` and `SetCredential=` bring: weaker than everything that names the secret itself. One that
/// is missing or empty is none, so that a unit can name both and bring neither.
fn credentials(config: &mut Config, surroundings: &Surroundings<'_>, mistakes: &mut Mistakes) {
    let Some(folder) = variable(surroundings, "CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty()) else {
        return;
    };
    config.credentials = Some(PathBuf::from(folder));
    let mut read = |name: &str| {
        let path = Path::new(folder).join(name);
        match (surroundings.read)(&path) {
            Ok(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                mistakes.add("CREDENTIALS_DIRECTORY", 0, format!("{} cannot be read: {error}", path.display()));
                None
            }
        }
    };
    let token = if config.telegram.token.is_none() { read(TOKEN_CREDENTIAL) } else { None };
    let key = if config.ai.key.is_none() && config.ai.is_on() { read(KEY_CREDENTIAL) } else { None };
    let hooks = if webhooks::wants_credential(&config.webhooks) { read(webhooks::CREDENTIAL) } else { None };
    if let Some(value) = hooks {
        webhooks::set_secrets(&mut config.webhooks, webhooks::CREDENTIAL, &Lined { value, line: 0 }, mistakes);
    }
    if let Some(token) = token {
        set_token(config, TOKEN_CREDENTIAL, 0, &token, mistakes);
    }
    if let Some(key) = key {
        ai::set_key(&mut config.ai, KEY_CREDENTIAL, 0, &key, mistakes);
    }
}

pub(super) fn variable<'a>(surroundings: &'a Surroundings<'_>, name: &str) -> Option<&'a str> {
    surroundings.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn check_together(config: &Config, file: Option<&Path>, surroundings: &Surroundings<'_>, mistakes: &mut Mistakes) {
    let name = file.map_or_else(|| "settings".to_owned(), |path| path.display().to_string());
    if config.thresholds.review > config.thresholds.block {
        mistakes.add(&name, 0, "`thresholds.review` must not be above `thresholds.block`");
    }
    for (chat, rules) in config.chat_rules() {
        if rules.thresholds.review > rules.thresholds.block {
            mistakes.add(&name, 0, format!("`chats.\"{}\"`: `review` must not be above `block`", chat.0));
        }
    }
    web::check(&config.web, &name, surroundings, mistakes);
    tenants::check(config, &name, mistakes);
    ai::check(config, &name, surroundings, mistakes);
    webhooks::check(&config.webhooks, &name, mistakes);
}

fn set_board(config: &mut Config, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    match Board::named(&found.value) {
        Some(board) => {
            config.shards = board.shards;
            config.telegram.poll_limit = board.poll_limit;
            config.board = board;
        }
        None => unknown(file, found, "board", &Board::names(), mistakes),
    }
}

pub(super) fn unknown(file: &str, found: &Lined<String>, what: &str, known: &[&str], mistakes: &mut Mistakes) {
    let shown = found.value.escape_debug();
    let told = match nearest(&found.value, known) {
        Some(word) => format!("unknown {what} \"{shown}\"; did you mean \"{word}\"?"),
        None => format!("unknown {what} \"{shown}\"; known: {}", known.join(", ")),
    };
    mistakes.add(file, found.line, told);
}

pub(super) fn mode(file: &str, found: &Lined<String>, mistakes: &mut Mistakes) -> Option<Mode> {
    let mode = Mode::from_word(&found.value);
    if mode.is_none() {
        unknown(file, found, "mode", &["record", "enforce"], mistakes);
    }
    mode
}

pub(super) fn fallback(file: &str, found: &Lined<String>, mistakes: &mut Mistakes) -> Option<ReviewFallback> {
    let fallback = ReviewFallback::from_word(&found.value);
    if fallback.is_none() {
        unknown(file, found, "fallback", &["record", "delete", "block"], mistakes);
    }
    fallback
}

/// The shape of a token, checked without showing it.
fn set_token(config: &mut Config, file: &str, line: usize, token: &str, mistakes: &mut Mistakes) {
    let whole = token.split_once(':').is_some_and(|(id, rest)| {
        !id.is_empty()
            && id.len() <= 20
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    });
    if whole {
        config.telegram.token = Some(Secret::new(token.to_owned()));
    } else {
        mistakes.add(
            file,
            line,
            "is not a bot token; one looks like 123456:letters-and-digits, as @BotFather gives it",
        );
    }
}

fn set_api_url(config: &mut Config, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    let url = found.value.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.contains([' ', '?', '#', '@'])) {
        config.telegram.api_url = url.to_owned();
    } else {
        mistakes.add(file, found.line, "must be a URL such as https://api.telegram.org, without a name and a password");
    }
}

fn set_sandbox(config: &mut Config, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    match found.value.as_str() {
        "on" => config.sandbox = true,
        "off" => config.sandbox = false,
        _ => unknown(file, found, "choice", &["on", "off"], mistakes),
    }
}

fn set_log(config: &mut Config, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    let (filter, format) = match found.value.strip_suffix(",json") {
        Some(filter) => (filter, Some(LogFormat::Json)),
        None if found.value == "json" => ("info", Some(LogFormat::Json)),
        None => (found.value.as_str(), None),
    };
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| LEVELS.contains(&word);
    let whole = !filter.is_empty()
        && filter
            .split(',')
            .all(|part| part.split_once('=').map_or_else(|| is_level(part), |(_, level)| is_level(level)));
    if whole {
        config.log.filter = filter.to_owned();
        config.log.format = format.unwrap_or(config.log.format);
    } else {
        mistakes.add(file, found.line, "must be a level (error, warn, info, debug, trace), `target=level`, or several with commas; `,json` at the end for JSON lines");
    }
}

/// Reads the file; the files of secrets are for later.
fn from_file(
    config: &mut Config,
    name: &str,
    text: &str,
    surroundings: &Surroundings<'_>,
    later: &mut Later,
    mistakes: &mut Mistakes,
) {
    let mut root = read(name, text, mistakes);
    let board = root.text("board", mistakes);
    match variable(surroundings, "AEGIS_BOARD") {
        Some(value) => set_board(config, "AEGIS_BOARD", &Lined { value: value.to_owned(), line: 0 }, mistakes),
        None => {
            if let Some(board) = board {
                set_board(config, name, &board, mistakes);
            }
        }
    }
    if let Some(found) = root.text("mode", mistakes) {
        config.mode = mode(name, &found, mistakes).unwrap_or(config.mode);
    }
    if let Some(found) = root.integer("shards", 1..=64, mistakes) {
        config.shards = usize::try_from(found.value).unwrap_or(1);
    }
    if let Some(found) = root.text("sandbox", mistakes) {
        set_sandbox(config, name, &found, mistakes);
    }
    if let Some(found) = root.text_required_if_present("data_dir", mistakes) {
        config.data_dir = PathBuf::from(found.value);
    }
    if let Some(found) = root.text("policy_dir", mistakes).filter(|found| !found.value.is_empty()) {
        config.policy_dir = Some(PathBuf::from(found.value));
    }
    if let Some(mut journal) = root.section("journal", mistakes) {
        let mut number = |key, mistakes: &mut Mistakes| {
            journal.integer(key, 0..=100_000, mistakes).and_then(|found| u32::try_from(found.value).ok())
        };
        config.board.commit_burst = number("burst", mistakes).unwrap_or(config.board.commit_burst);
        config.board.commits_per_second = number("per_second", mistakes).unwrap_or(config.board.commits_per_second);
        journal.finish(mistakes);
    }
    if let Some(mut history) = root.section("history", mistakes) {
        let keep = history.boolean("keep", mistakes).is_none_or(|found| found.value);
        let most = i64::try_from(limits::HISTORY_MESSAGES_MAX).unwrap_or(i64::MAX);
        let messages = history.integer("messages", 0..=most, mistakes);
        let messages = messages.and_then(|found| u64::try_from(found.value).ok());
        let capacity = &mut config.board.capacity;
        capacity.history_messages = if keep { messages.unwrap_or(capacity.history_messages) } else { 0 };
        history.finish(mistakes);
    }
    if let Some(section) = root.section("telegram", mistakes) {
        let token_file = telegram(config, name, section, mistakes);
        later.token = token_file.map(|file| (file.value, "telegram.token_file"));
    }
    if let Some(section) = root.section("web", mistakes) {
        web::read(&mut config.web, name, section, mistakes);
    }
    telling(config, name, &mut root, surroundings, mistakes);
    judging(config, name, &mut root, mistakes);
    if let Some(zone) = ai::read_zone(&mut root, surroundings, mistakes) {
        config.zone = zone;
    }
    if let Some(section) = root.section("ai", mistakes) {
        let key_file = ai::read_ai(&mut config.ai, section, surroundings, mistakes);
        later.key = key_file.map(|file| (file, "ai.key_file"));
    }
    if let Some(mut section) = root.section("budget", mistakes) {
        ai::read_caps(&mut config.budget, &mut section, mistakes);
        let warn = ai::number(&mut section, "warn_percent", 1..=100, mistakes);
        config.budget.warn_percent = warn.unwrap_or(config.budget.warn_percent);
        section.finish(mistakes);
    }
    if let Some(found) = root.boolean("standby", mistakes) {
        config.standby.begins = found.value;
    }
    let silence = limits::STANDBY_SILENCE_S_MIN..=limits::STANDBY_SILENCE_S_MAX;
    if let Some(found) = root.integer("standby_silence_s", silence, mistakes) {
        config.standby.silence_s = u64::try_from(found.value).unwrap_or(limits::STANDBY_SILENCE_S);
    }
    if let Some(mut update) = root.section("update", mistakes) {
        config.update_key = update.text("public_key", mistakes).map(|found| found.value).filter(|key| !key.is_empty());
        update.finish(mistakes);
    }
    if let Some(section) = root.section("webhooks", mistakes) {
        later.hooks = webhooks::read(&mut config.webhooks, section, mistakes);
    }
    if let Some(section) = root.section("flags", mistakes) {
        config.flags.file = flags::read(section, Scope::Appliance, mistakes);
    }
    if let Some(section) = root.section("tenants", mistakes) {
        tenants::read(config, section, surroundings, mistakes);
    }
    root.finish(mistakes);
}

/// What is logged, and what is told elsewhere.
fn telling(
    config: &mut Config,
    name: &str,
    root: &mut Section<'_>,
    around: &Surroundings<'_>,
    mistakes: &mut Mistakes,
) {
    if let Some(mut log) = root.section("log", mistakes) {
        if let Some(found) = log.text("filter", mistakes) {
            set_log(config, name, &found, mistakes);
        }
        if let Some(found) = log.text("format", mistakes) {
            match found.value.as_str() {
                "human" => config.log.format = LogFormat::Human,
                "json" => config.log.format = LogFormat::Json,
                _ => unknown(name, &found, "format", &["human", "json"], mistakes),
            }
        }
        log.finish(mistakes);
    }
    if let Some(section) = root.section("otel", mistakes) {
        config.otel = otel::read(section, around, mistakes);
        config.board.capacity.otel_bytes = if config.otel.is_some() { limits::OTEL_BYTES } else { 0 };
    }
    if let Some(section) = root.section("cloud", mistakes) {
        config.cloud = cloud::read(section, around, mistakes);
        if config.cloud.is_some() {
            config.board.take_in_hub();
        }
    }
}

fn judging(config: &mut Config, name: &str, root: &mut Section<'_>, mistakes: &mut Mistakes) {
    let score = ai::score;
    if let Some(mut thresholds) = root.section("thresholds", mistakes) {
        config.thresholds.review = score(&mut thresholds, "review", mistakes).unwrap_or(config.thresholds.review);
        config.thresholds.block = score(&mut thresholds, "block", mistakes).unwrap_or(config.thresholds.block);
        thresholds.finish(mistakes);
    }
    if let Some(mut review) = root.section("review", mistakes) {
        if let Some(found) = review.text("fallback", mistakes) {
            config.review_fallback = fallback(name, &found, mistakes).unwrap_or(config.review_fallback);
        }
        ai::read_degrade(&mut config.degrade, &mut review, mistakes);
        review.finish(mistakes);
    }
    if let Some(Lined { value: Some(chat), line }) = ai::admin_chat(root, mistakes)
        && config.degrade.admin_chat.replace(chat).is_some_and(|other| other != chat)
    {
        mistakes.add(name, line, "`admin_chat` is written here, and differently in [review]; keep one of them");
    }
    config.manners = manners::read(root, mistakes);
    config.retention = retention::read(root, config.retention, mistakes);
    let Some(mut chats) = root.section("chats", mistakes) else { return };
    for key in chats.keys() {
        let Some(mut section) = chats.section_named(&key, mistakes) else { continue };
        let Ok(id) = key.parse::<i64>() else {
            let what = format!(
                "`chats` has chats by their number, such as [chats.\"-1001234567890\"], not \"{}\"",
                key.escape_debug()
            );
            mistakes.add(name, section.line(), what);
            continue;
        };
        let own = ChatSettings {
            mode: section.text("mode", mistakes).and_then(|found| mode(name, &found, mistakes)),
            review: score(&mut section, "review", mistakes),
            block: score(&mut section, "block", mistakes),
            manners: manners::read(&mut section, mistakes),
        };
        if config.chats.len() >= limits::CHATS_MAX {
            mistakes.add(
                name,
                section.line(),
                format!("at most {} chats have settings of their own", limits::CHATS_MAX),
            );
        }
        section.finish(mistakes);
        config.chats.insert(ChatId(id), own);
    }
    chats.finish(mistakes);
}

fn telegram(
    config: &mut Config,
    name: &str,
    mut section: Section<'_>,
    mistakes: &mut Mistakes,
) -> Option<Lined<PathBuf>> {
    if let Some(found) = section.text("token", mistakes).filter(|found| !found.value.is_empty()) {
        set_token(config, name, found.line, found.value.trim(), mistakes);
    }
    if let Some(found) = section.text("api_url", mistakes) {
        set_api_url(config, name, &found, mistakes);
    }
    let mut number =
        |key, range, mistakes: &mut Mistakes| section.integer(key, range, mistakes).map(|found| found.value);
    let telegram = &mut config.telegram;
    if let Some(value) = number("poll_limit", 1..=100, mistakes) {
        telegram.poll_limit = u8::try_from(value).unwrap_or(100);
    }
    if let Some(value) = number("poll_timeout_s", 1..=50, mistakes) {
        telegram.poll_timeout_s = u64::try_from(value).unwrap_or(50);
    }
    if let Some(value) = number("requests_per_second", 0..=1_000, mistakes) {
        telegram.requests_per_second = u32::try_from(value).unwrap_or(30);
    }
    if let Some(value) = number("group_messages_per_minute", 0..=1_000, mistakes) {
        telegram.group_messages_per_minute = u32::try_from(value).unwrap_or(20);
    }
    if let Some(value) = number("calls_in_flight", 1..=64, mistakes) {
        telegram.calls_in_flight = usize::try_from(value).unwrap_or(8);
    }
    if let Some(value) = number("call_timeout_ms", 500..=60_000, mistakes) {
        telegram.call_timeout_ms = u64::try_from(value).unwrap_or(10_000);
    }
    let token_file = section.text("token_file", mistakes);
    section.finish(mistakes);
    let token_file = token_file.filter(|found| !found.value.is_empty());
    token_file.map(|found| Lined { value: PathBuf::from(found.value), line: found.line })
}

fn from_environment(config: &mut Config, surroundings: &Surroundings<'_>, later: &mut Later, mistakes: &mut Mistakes) {
    for (name, value) in surroundings.environment {
        if !name.starts_with("AEGIS_") {
            continue;
        }
        let found = Lined { value: value.clone(), line: 0 };
        let mut number = |range: std::ops::RangeInclusive<u32>| {
            let parsed = value.trim().parse::<u32>().ok().filter(|value| range.contains(value));
            if parsed.is_none() {
                let what = format!("must be a whole number between {} and {}", range.start(), range.end());
                mistakes.add(name, 0, what);
            }
            parsed
        };
        match name.as_str() {
            "AEGIS_TELEGRAM_TOKEN" => set_token(config, name, 0, value.trim(), mistakes),
            "AEGIS_TELEGRAM_TOKEN_FILE" => later.token = Some((PathBuf::from(value), "AEGIS_TELEGRAM_TOKEN_FILE")),
            "AEGIS_TELEGRAM_API_URL" => set_api_url(config, name, &found, mistakes),
            "AEGIS_TELEGRAM_RPS" => {
                config.telegram.requests_per_second = number(0..=1_000).unwrap_or_default();
            }
            "AEGIS_TELEGRAM_GROUP_RPM" => {
                config.telegram.group_messages_per_minute = number(0..=1_000).unwrap_or_default();
            }
            "AEGIS_SHARDS" => config.shards = usize::try_from(number(1..=64).unwrap_or(1)).unwrap_or(1),
            "AEGIS_DATA_DIR" | "AEGIS_POLICY_DIR" if value.trim().is_empty() => {
                mistakes.add(name, 0, "must name a folder; leave the variable out for the default");
            }
            "AEGIS_DATA_DIR" => config.data_dir = PathBuf::from(value),
            "AEGIS_POLICY_DIR" => config.policy_dir = Some(PathBuf::from(value)),
            "AEGIS_WEB_LISTEN" => web::set_listen(&mut config.web, name, &found, mistakes),
            "AEGIS_WEB_TLS" => web::set_tls(&mut config.web, name, &found, mistakes),
            "AEGIS_MODE" => config.mode = mode(name, &found, mistakes).unwrap_or(config.mode),
            "AEGIS_SANDBOX" => set_sandbox(config, name, &found, mistakes),
            "AEGIS_LOG" => set_log(config, name, &found, mistakes),
            "AEGIS_BOARD" => {}
            name if webhooks::from_variable(&mut config.webhooks, &mut later.hooks, name, value, mistakes) => {}
            name if flags::from_variable(&mut config.flags.environment, name, value, mistakes) => {}
            name if ai::from_variable(&mut config.ai, &mut later.key, name, value, mistakes) => {}
            _ => {
                let what = match nearest(name, &VARIABLES) {
                    Some(known) => format!("unknown variable; did you mean {known}?"),
                    None => format!("unknown variable; known: {}", VARIABLES.join(", ")),
                };
                mistakes.add(name, 0, what);
            }
        }
    }
}
