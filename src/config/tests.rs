//! Settings as a stranger writes them.

#![allow(clippy::indexing_slicing)] // A test that cannot go on stops.

use super::{Config, LogFormat, Surroundings};
use crate::budget::{Caps, Micros};
use crate::limits;
use crate::manners::{Manners, MannersLayer};
use crate::message::ChatId;
use crate::tenant::{DegradeMode, TenantName};
use crate::verdict::{Mode, ReviewFallback, Thresholds};
use std::path::{Path, PathBuf};

pub(super) fn load(file: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let read = |path: &Path| match path.to_str() {
        Some("aegis.toml") => Ok(file.unwrap_or_default().to_owned()),
        Some("token.txt") => Ok("123456:from-a-file\n".to_owned()),
        Some("key.txt") => Ok("key-from-a-file\n".to_owned()),
        Some("rules.txt") => Ok("Be kind.\n".to_owned()),
        Some("long.txt") => Ok("x".repeat(5_000)),
        _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    let path = file.map(|_| PathBuf::from("aegis.toml"));
    Config::load(path.as_deref(), &Surroundings { environment: &environment, read: &read, zone: &zone })
        .map_err(|mistakes| mistakes.to_string())
}

/// The rules of two zones, each one line after two tables with nothing but UTC.
fn zone(name: &str) -> std::io::Result<Vec<u8>> {
    let rule = match name {
        "Pacific/Kiritimati" => "<+14>-14",
        "America/St_Johns" => "NST3:30NDT,M3.2.0,M11.1.0",
        "Etc/Broken" => return Ok(b"not a zone".to_vec()),
        _ => return Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    let mut table = b"TZif2".to_vec();
    table.extend([0; 15]);
    // No leaps and no transitions; one type of time; four letters of its name.
    table.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4]);
    table.extend([0; 6]);
    table.extend(b"UTC\0");
    Ok([&table[..], &table[..], b"\n", rule.as_bytes(), b"\n"].concat())
}

#[test]
fn what_may_be_set_is_what_memory_is_counted_for() {
    assert_eq!(usize::from(limits::AI_QUEUE_MAX), limits::WAITING_ROWS_MAX);
    assert!(usize::from(limits::WARN_LIMIT_MAX) <= limits::WARNS_KEPT);
}

#[test]
fn the_example_shows_every_setting_with_its_default() {
    let example = include_str!("../../board/aegis.example.toml");
    let read = load(Some(example), &[]).map(|read| Config { file: None, ..read });
    assert_eq!(read, Ok(Config::default()));
    let shown = example.replace("#= ", "");
    let config = load(Some(&shown), &[]).expect("the examples in it are whole too");
    assert_eq!((config.chats.len(), config.tenants.len(), config.tenants().iter().count()), (1, 1, 2));
    // Every key of the manners is there, and with the value that holds without it.
    assert_eq!(config.manners, MannersLayer::from(Manners::default()));
    assert_eq!(config.degrade.admin_chat, Some(ChatId(-1_001_234_567_890)));
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
    assert_eq!((config.board.name.as_str(), config.telegram.poll_limit, config.shards), ("zero-2-w", 14, 7));
    let config = load(None, &[("AEGIS_BOARD", "pi-3")]).expect("valid");
    assert_eq!(config.board.name, "pi-3");
}

const PRICED: &str =
    "base_url = \"https://a.example/v1/\"\nmodel = \"m\"\nprice_input = \"0.15\"\nprice_output = \"0.6\"\n";

pub(super) fn refused(file: &str, expected: &[&str]) {
    let told = load(Some(file), &[]).expect_err("it is not valid");
    for expected in expected {
        assert!(told.contains(expected), "missing: {expected}\nin: {told}");
    }
    assert_eq!(told.lines().count(), expected.len(), "{told}");
}

#[test]
fn settings_that_would_spend_without_a_limit_are_refused_and_say_what_to_write() {
    let money = "spending would have no limit: the model costs money and `budget.money` is missing";
    let calls = "spending would have no limit: `budget.calls` is missing; write the most calls to make in a month";
    refused(&format!("[ai]\n{PRICED}"), &[money, calls]);
    refused(&format!("[ai]\n{PRICED}[budget]\ncalls = 5\n"), &[money]);
    refused(&format!("[ai]\n{PRICED}[budget]\nmoney = \"5.00\"\n"), &[calls]);
    // A tenant's own caps do not bound the others.
    let own = "[tenants.a]\nmoney = \"1\"\ncalls = 1\n";
    refused(&format!("[ai]\n{PRICED}{own}"), &[money, calls]);
    let free = "base_url = \"http://127.0.0.1:8080/v1\"\nmodel = \"m\"\nprice_input = \"0\"\nprice_output = \"0.0\"\n";
    refused(&format!("[ai]\n{free}"), &[calls]);
    assert!(load(Some(&format!("[ai]\n{free}[budget]\ncalls = 5\n")), &[]).is_ok());
    assert!(load(Some(&format!("[ai]\n{PRICED}[budget]\nmoney = \"0\"\ncalls = 5\n")), &[]).is_ok());
    let told = load(None, &[("AEGIS_AI_BASE_URL", "https://a.example/v1")]).expect_err("nothing else is said");
    for expected in ["`ai.model` is missing", "`ai.price_input` is missing", "`ai.price_output` is missing", calls] {
        assert!(told.contains("AEGIS_AI_BASE_URL: ") && told.contains(expected), "{expected}\nin: {told}");
    }
}

#[test]
fn money_is_read_exactly_or_refused() {
    let money = |text: &str| {
        let config = load(Some(&format!("[budget]\nmoney = \"{text}\"\n")), &[]);
        config.ok().and_then(|config| config.budget.money).map(|Micros(micros)| micros)
    };
    for (text, micros) in [
        ("0", 0),
        ("5", 5_000_000),
        ("5.00", 5_000_000),
        ("0.15", 150_000),
        ("0.000001", 1),
        ("12.345678", 12_345_678),
        ("1000000", 1_000_000_000_000),
    ] {
        assert_eq!(money(text), Some(micros), "{text}");
    }
    for text in ["", ".", "5.", ".5", "-1", "+1", "1,50", "1e3", "0.0000001", "1000000.000001", "9999999999", "5 USD"] {
        assert_eq!(money(text), None, "{text}");
    }
    refused("[budget]\nmoney = \"1,50\"\n", &["aegis.toml:2: `money` must be an amount such as \"0\" or \"5.00\""]);
}

#[test]
fn a_models_key_comes_from_the_environment_or_a_file_and_is_never_shown() {
    let key = |file: &str, environment: &[(&str, &str)]| {
        let config = load(Some(file), environment).expect("the settings are valid");
        assert!(!format!("{config:?}").contains("key-"), "Debug shows the key");
        config.ai.key.map(|key| key.expose().to_owned())
    };
    assert_eq!(key("", &[]), None);
    assert_eq!(key("[ai]\nkey = \"key-1\"\n", &[]).as_deref(), Some("key-1"));
    assert_eq!(key("[ai]\nkey_file = \"key.txt\"\n", &[]).as_deref(), Some("key-from-a-file"));
    assert_eq!(key("[ai]\nkey = \"key-1\"\n", &[("AEGIS_AI_KEY", "key-2")]).as_deref(), Some("key-2"));
    assert_eq!(key("", &[("AEGIS_AI_KEY_FILE", "key.txt")]).as_deref(), Some("key-from-a-file"));
    let told = load(
        Some("[ai]\nkey = \"hunter two\"\nbase_url = \"https://me:hunter@a.example\"\n"),
        &[("AEGIS_AI_KEY", "hunter 3"), ("AEGIS_AI_KEYS", "hunter4")],
    )
    .expect_err("nothing of it is valid");
    for expected in [
        "aegis.toml:2: is not a key",
        "aegis.toml:3: must be a URL",
        "AEGIS_AI_KEY: is not a key",
        "AEGIS_AI_KEYS: unknown variable",
    ] {
        assert!(told.contains(expected), "missing: {expected}\nin: {told}");
    }
    assert!(!told.contains("hunter"), "the key was shown: {told}");
}

#[test]
fn each_mistake_about_the_model_and_the_tenants_is_told_where_it_stands() {
    refused(
        "time_zone = \"Europe/Nowhere\"\n",
        &["aegis.toml:1: time zone \"Europe/Nowhere\" is not known on this machine"],
    );
    for name in ["../passwd", "/etc/passwd", "Etc/Broken", "", "a..b", "utc\\n"] {
        refused(&format!("time_zone = \"{name}\"\n"), &["install tzdata, or write \"UTC\""]);
    }
    refused(
        "[review]\ndegrade = \"strict_rule\"\n",
        &["aegis.toml:2: unknown degrade mode \"strict_rule\"; did you mean \"strict_rules\"?"],
    );
    refused(
        "[review]\nstrict_review = 60\n",
        &["`review`: `strict_review` 60 and `strict_block` 60 must not be above"],
    );
    refused("[review]\nstrict_review = 40\nstrict_block = 35\n", &["`strict_review` must not be above `strict_block`"]);
    refused(
        "[ai]\nrules_text = \"a\"\nrules_file = \"rules.txt\"\n",
        &["aegis.toml:3: write `rules_text` or `rules_file`, not both"],
    );
    refused(
        "[ai]\nrules_file = \"long.txt\"\n",
        &["aegis.toml:2: the community's rules have 5000 bytes and may have 4096"],
    );
    refused("[ai]\nrules_file = \"none.txt\"\n", &["aegis.toml:2: none.txt cannot be read"]);
    refused(
        "[ai]\ncurrency = \"U$\"\nqueue = 0\n",
        &["aegis.toml:3: `ai.queue` must be between 1 and 512", "aegis.toml:2: `ai.currency`"],
    );
    refused(
        "[tenants.a]\nchats = [\"-1\", \"x\"]\n[tenants.b]\nchats = [\n\"-2\",\n\"-1\"]\n",
        &[
            "aegis.toml:2: a tenant's chats are numbers",
            "aegis.toml:6: chat -1 is in tenant `a` and in `b`; a chat has one tenant",
        ],
    );
    refused(
        "[tenants.A]\n[tenants.default]\n",
        &["aegis.toml:1: a tenant's name has small letters", "aegis.toml:2: `tenants.default` is not written"],
    );
    refused(
        "[tenants.a]\nretention_days = 3\nuser_percent = 0\n",
        &["`tenants.a.user_percent` must be between 1 and 100", "aegis.toml:2: `retention_days` is 7 to 30, or 0"],
    );
    refused("[retention]\ntext_days = 3\n", &["aegis.toml:2: `text_days` is 7 to 30, or 0 for never stored"]);
    refused(
        "[tenants.a.retention]\ndecisions_days = 14\n",
        &["aegis.toml:1: texts are kept for 30 days, decisions for 14, the audit log for 730: each must be at least"],
    );
    refused("[tenants.a]\nreview = 90\n", &["`tenants.a`: `review` must not be above `block`"]);
    refused("[tenants.a]\nmood = \"x\"\n", &["aegis.toml:2: unknown key `tenants.a.mood`; did you mean `mode`?"]);
    let many: String = (0..70).map(|n| format!("[tenants.t{n:02}]\n")).collect();
    refused(&many, &["aegis.toml:65: there are at most 64 tenants"]);
    let packs = load(Some("[tenants.a]\npacks = [\"scam\",\n\"invite\"]\n"), &[]).expect("valid");
    let told = packs.unknown_packs("aegis.toml", &["scam", "invites"]).to_string();
    assert_eq!(told, "aegis.toml:3: unknown pack of tenant `a` \"invite\"; did you mean \"invites\"?\n");
}

#[test]
fn a_tenant_has_what_it_sets_and_else_what_is_set_for_all_and_a_chat_is_stronger_than_both() {
    let file = "mode = \"enforce\"\ntime_zone = \"America/St_Johns\"\n[review]\nfallback = \"delete\"\n\
                [ai]\nrules_text = \"All.\"\n[budget]\nmoney = \"5\"\ncalls = 9\n\
                [tenants.a]\nchats = [\"-1\", \"-2\"]\nmode = \"record\"\nblock = 55\nmoney = \"0.5\"\n\
                degrade = \"link_blocks\"\ntime_zone = \"Pacific/Kiritimati\"\nrules_file = \"rules.txt\"\n\
                packs = [\"scam\"]\nretention_days = 0\n[tenants.b]\n[chats.\"-2\"]\nreview = 10\n";
    let config = load(Some(file), &[]).expect("valid");
    let tenants = config.tenants();
    let (a, root) = (tenants.of(ChatId(-1)), tenants.of(ChatId(-9)));
    assert_eq!((a.name.as_str(), root.name.as_str(), tenants.iter().count()), ("a", "default", 3));
    assert_eq!(
        (a.rules.mode, a.rules.fallback, root.rules.mode),
        (Mode::Record, ReviewFallback::Delete, Mode::Enforce)
    );
    assert_eq!(
        (a.rules.thresholds, a.strict),
        (Thresholds { review: 50, block: 55 }, Thresholds { review: 30, block: 55 })
    );
    assert_eq!(a.caps, Caps { money: Micros(500_000), calls: 9, chat_percent: 100, user_percent: 20 });
    assert_eq!((a.degrade, root.degrade), (DegradeMode::LinkBlocks, DegradeMode::DisableAi));
    assert_eq!((&*a.community_rules, &*root.community_rules), ("Be kind.", "All."));
    assert_eq!(
        (a.packs.as_deref(), a.retention.text_days, root.retention.text_days),
        (Some(&["scam".to_owned()][..]), 0, 30)
    );
    let file = "[retention]\ntext_days = 14\naudit_days = 400\n[tenants.a]\nretention_days = 7\n\
                [tenants.a.retention]\ndecisions_days = 30\n";
    let tenants = load(Some(file), &[]).expect("valid").tenants();
    let (own, all) = (
        tenants.named(&TenantName::new("a").expect("a name")).expect("it is set").retention,
        tenants.default_one().retention,
    );
    assert_eq!((own.text_days, own.decisions_days, own.audit_days), (7, 30, 400));
    assert_eq!((all.text_days, all.decisions_days, all.audit_days), (14, limits::DECISIONS_DAYS, 400));
    // Midnight of 1 December in UTC is December there, and still November here.
    assert_eq!(
        (a.zone.name(), a.zone.month(1_796_083_200), root.zone.month(1_796_083_200)),
        ("Pacific/Kiritimati", 202_612, 202_611)
    );
    let own = config.chat_rules();
    let own = own.get(&ChatId(-2)).expect("it has settings of its own");
    assert_eq!((own.mode, own.thresholds), (Mode::Record, Thresholds { review: 10, block: 55 }));
}
