//! Settings as a stranger writes them.

use super::{Config, LogFormat, Surroundings};
use std::path::{Path, PathBuf};

fn load(file: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let read = |path: &Path| match path.to_str() {
        Some("aegis.toml") => Ok(file.unwrap_or_default().to_owned()),
        Some("token.txt") => Ok("123456:from-a-file\n".to_owned()),
        _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    let path = file.map(|_| PathBuf::from("aegis.toml"));
    Config::load(path.as_deref(), &Surroundings { environment: &environment, read: &read })
        .map_err(|mistakes| mistakes.to_string())
}

#[test]
fn the_example_shows_every_setting_with_its_default() {
    let example = include_str!("../../board/aegis.example.toml");
    assert_eq!(load(Some(example), &[]), Ok(Config::default()));
    let shown = example.replace("#= ", "");
    let config = load(Some(&shown), &[]).expect("the examples in it are whole too");
    assert_eq!(config.chats.len(), 1);
}

#[test]
fn the_environment_is_stronger_than_the_file() {
    let config = load(
        Some("mode = \"record\"\nshards = 3\n[telegram]\nrequests_per_second = 9\n"),
        &[("AEGIS_MODE", "enforce"), ("AEGIS_TELEGRAM_RPS", "0"), ("AEGIS_LOG", "debug,json"), ("HOME", "/")],
    )
    .expect("all of it is valid");
    assert_eq!((config.mode.word(), config.shards, config.telegram.requests_per_second), ("enforce", 3, 0));
    assert_eq!((config.log.filter.as_str(), config.log.format), ("debug", LogFormat::Json));
}

#[test]
fn one_refusal_lists_the_mistakes_of_the_file_and_of_the_environment() {
    let told = load(
        Some("moed = \"record\"\nshards = 65\n[web]\nlisten = \"here\"\n[chats.x]\nmode = \"on\"\n"),
        &[("AEGIS_SHARD", "2"), ("AEGIS_TELEGRAM_TOKEN", "hunter2"), ("AEGIS_MODE", "loud")],
    )
    .expect_err("nothing of it is valid");
    for expected in [
        "aegis.toml:1: unknown key `moed`; did you mean `mode`?",
        "aegis.toml:2: `shards` must be between 1 and 64, not 65",
        "aegis.toml:4: must be an address and a port",
        "aegis.toml:5: `chats` has chats by their number",
        "AEGIS_SHARD: unknown variable; did you mean AEGIS_SHARDS?",
        "AEGIS_TELEGRAM_TOKEN: is not a bot token",
        "AEGIS_MODE: unknown mode",
    ] {
        assert!(told.contains(expected), "missing: {expected}\nin: {told}");
    }
    assert!(!told.contains("hunter2"), "the token was shown");
}

#[test]
fn a_token_comes_from_the_environment_or_a_file_and_is_never_shown() {
    let token = |environment: &[(&str, &str)]| {
        let config = load(None, environment).expect("the settings are valid");
        assert!(!format!("{config:?}").contains("from"), "Debug shows the token");
        config.telegram.token.map(|token| token.expose().to_owned())
    };
    assert_eq!(token(&[]), None);
    assert_eq!(token(&[("AEGIS_TELEGRAM_TOKEN", "1:from_env")]).as_deref(), Some("1:from_env"));
    assert_eq!(token(&[("AEGIS_TELEGRAM_TOKEN_FILE", "token.txt")]).as_deref(), Some("123456:from-a-file"));
    assert!(load(None, &[("AEGIS_TELEGRAM_TOKEN_FILE", "none.txt")]).is_err());
}

#[test]
fn a_board_brings_its_sizes_and_a_setting_beats_them() {
    let config = load(Some("board = \"zero-2-w\"\nshards = 7\n"), &[]).expect("valid");
    assert_eq!((config.board.name.as_str(), config.telegram.poll_limit, config.shards), ("zero-2-w", 25, 7));
    let config = load(None, &[("AEGIS_BOARD", "pi-3")]).expect("valid");
    assert_eq!(config.board.name, "pi-3");
}
