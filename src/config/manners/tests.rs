//! How groups are kept, as strangers write it.

use super::super::tests::{load, refused};
use crate::config::Config;
use crate::decide::ChatRules;
use crate::manners::{JoinPolicy, Manners, MannersLayer, Measure, RaidPolicy, Switch};
use crate::message::ChatId;
use crate::policy::compile;
use crate::reload::rulebook;
use crate::words::Language;

/// Manners none of which are as usual.
const OTHER: Manners = Manners {
    language: Language::Ru,
    cards: Switch::Off,
    answer_s: 60,
    captcha: Switch::On,
    captcha_s: 20,
    join_requests: JoinPolicy::Screen,
    clean_joins: Switch::On,
    clean_leaves: Switch::On,
    names: Measure::Kick,
    impersonators: Measure::Mute,
    listed: Measure::Off,
    share_bans: Switch::On,
    warn_limit: 10,
    warn_window_s: 3_600,
    warn_mute_s: 366 * 86_400,
    trust_messages: 1_000,
    trust_letters: 500,
    report_limit: 16,
    raid_joins: 10_000,
    raid_senders: 0,
    raid: RaidPolicy::Ban,
    raid_lock: Switch::On,
    raid_s: 86_400,
};

fn table(manners: MannersLayer) -> String {
    manners.written().iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
}

fn manners(config: &Config, chat: i64) -> Manners {
    *rulebook(config, compile(&[]).expect("no packs are whole")).manners(ChatId(chat))
}

#[test]
fn every_key_is_read_at_the_root_in_a_tenant_and_in_a_chat() {
    let other = MannersLayer::from(OTHER);
    assert_eq!(other.written().len(), 23);
    for ((key, one), (_, usual)) in other.written().iter().zip(MannersLayer::from(Manners::default()).written()) {
        assert_ne!(*one, usual, "{key} is tried with another value than the usual one");
    }
    let keys = table(other);
    for table in ["[manners]", "[tenants.a]\nchats = [\"-1\"]\n[tenants.a.manners]", "[chats.\"-1\".manners]"] {
        let config = load(Some(&format!("{table}\n{keys}")), &[]).expect("all of it is valid");
        assert_eq!(manners(&config, -1), OTHER, "{table}");
        let is_root = table == "[manners]";
        assert_eq!(manners(&config, -9), if is_root { OTHER } else { Manners::default() }, "{table}");
    }
}

#[test]
fn what_is_not_written_is_as_usual() {
    for file in ["", "[manners]\n", "[tenants.a]\nchats = [\"-1\"]\n[tenants.a.manners]\n[chats.\"-1\".manners]\n"] {
        let config = load(Some(file), &[]).expect("valid");
        assert_eq!((config.manners, manners(&config, -1)), (MannersLayer::default(), Manners::default()), "{file}");
    }
    assert!(MannersLayer::default().written().is_empty());
}

#[test]
fn a_chat_is_stronger_than_its_tenant_and_a_tenant_than_the_root() {
    let file = "[manners]\nlanguage = \"de\"\nwarn_limit = 5\ncaptcha = true\n\
                [tenants.a]\nchats = [\"-1\", \"-2\"]\nmode = \"enforce\"\n\
                [tenants.a.manners]\nwarn_limit = 6\ncaptcha = false\n\
                [chats.\"-2\".manners]\nwarn_limit = 7\n[chats.\"-3\".manners]\ncards = false\n";
    let config = load(Some(file), &[]).expect("valid");
    let kept = |chat| {
        let Manners { language, warn_limit, captcha, cards, .. } = manners(&config, chat);
        (language.word(), warn_limit, captcha.is_on(), cards.is_on())
    };
    assert_eq!(kept(-9), ("de", 5, true, true));
    assert_eq!(kept(-1), ("de", 6, false, true));
    assert_eq!(kept(-2), ("de", 7, false, true));
    assert_eq!(kept(-3), ("de", 5, true, false));
    // A chat with manners alone is judged as its tenant says.
    let rules: Vec<ChatRules> = config.chat_rules().into_values().collect();
    assert_eq!(rules.iter().map(|rules| rules.mode.word()).collect::<Vec<_>>(), ["record", "enforce"]);
}

#[test]
fn a_length_of_time_has_its_bounds_and_zero_is_one_only_where_it_says_none() {
    let read = |key: &str, value: &str| load(Some(&format!("[manners]\n{key} = \"{value}\"\n")), &[]).ok();
    for (key, least, most) in [
        ("answer_s", "5s", "10m"),
        ("captcha_s", "20s", "30m"),
        ("warn_window_s", "1h", "366d"),
        ("warn_mute_s", "30s", "366d"),
        ("raid_s", "1m", "24h"),
    ] {
        for fine in [least, most] {
            assert!(read(key, fine).is_some(), "{key} = {fine}");
        }
        for wrong in ["4s", "367d", "", "5", "forever", "-2m", "2 months"] {
            assert!(read(key, wrong).is_none(), "{key} = {wrong}");
        }
        assert_eq!(read(key, "0").is_some(), key == "warn_mute_s", "{key}");
    }
    let none = read("warn_mute_s", "0").expect("valid");
    assert_eq!(none.manners.warn_mute_s, Some(0));
    let mixed = read("warn_window_s", " 1d12h ").expect("valid");
    assert_eq!(mixed.manners.warn_window_s, Some(129_600));
}

#[test]
fn every_mistake_is_told_with_its_line_and_its_cure() {
    refused(
        "[manners]\ncaptha = true\ncaptcha = \"yes\"\ncaptcha_s = \"19s\"\nwarn_mute_s = \"soon\"\nraid_s = 900\n\
         language = \"fr\"\nnames = \"bann\"\njoin_requests = \"aprove\"\nraid = \"strikt\"\n",
        &[
            "aegis.toml:2: unknown key `manners.captha`; did you mean `captcha`?",
            "aegis.toml:3: `manners.captcha` must be true or false, not string",
            "aegis.toml:4: `captcha_s` must be a length of time from \"20s\" to \"30m\", with the units s, m, h, d and w, \
             not \"19s\"",
            "aegis.toml:5: `warn_mute_s` must be a length of time from \"30s\" to \"366d\", or \"0\" for none, with the \
             units s, m, h, d and w, not \"soon\"",
            "aegis.toml:6: `manners.raid_s` must be a length of time in quotes such as \"5m\", not integer",
            "aegis.toml:7: unknown language \"fr\"",
            "aegis.toml:8: unknown measure \"bann\"; did you mean \"ban\"?",
            "aegis.toml:9: unknown answer to wishes \"aprove\"; did you mean \"approve\"?",
            "aegis.toml:10: unknown answer to raids \"strikt\"; did you mean \"strict\"?",
        ],
    );
    refused(
        "[manners]\nwarn_limit = 11\ntrust_messages = 1001\ntrust_letters = 0\nreport_limit = 17\nraid_joins = 10001\n\
         raid_senders = -1\nlisted = \"banned for good\"\n",
        &[
            "aegis.toml:2: `manners.warn_limit` must be between 0 and 10, not 11",
            "aegis.toml:3: `manners.trust_messages` must be between 0 and 1000",
            "aegis.toml:4: `manners.trust_letters` must be between 1 and 500",
            "aegis.toml:5: `manners.report_limit` must be between 0 and 16",
            "aegis.toml:6: `manners.raid_joins` must be between 0 and 10000",
            "aegis.toml:7: `manners.raid_senders` must be between 0 and 10000",
            "aegis.toml:8: unknown measure \"banned for good\"; known: off, record, mute, kick, ban",
        ],
    );
    refused(
        "manners = true\n[tenants.a.manners]\nraid_lok = true\n[chats.\"-1\".manners]\nwarn_limit = 99\n[chats.\"-2\"]\n\
         maners = 1\n",
        &[
            "aegis.toml:1: `manners` must be a table, not boolean",
            "aegis.toml:3: unknown key `tenants.a.manners.raid_lok`; did you mean `raid_lock`?",
            "aegis.toml:5: `chats.-1.manners.warn_limit` must be between 0 and 10",
            "aegis.toml:7: unknown key `chats.-2.maners`; did you mean `manners`?",
        ],
    );
}

#[test]
fn the_chat_of_administrators_is_named_at_the_top_or_in_review() {
    let chat = |file: &str| load(Some(file), &[]).expect("valid").degrade.admin_chat;
    assert_eq!(chat("admin_chat = \"-5\"\n"), Some(ChatId(-5)));
    assert_eq!(chat("[review]\nadmin_chat = \"-5\"\n"), Some(ChatId(-5)));
    assert_eq!(chat("admin_chat = \"-5\"\n[review]\nadmin_chat = \"-5\"\n"), Some(ChatId(-5)));
    assert_eq!(chat("admin_chat = \"\"\n[review]\nadmin_chat = \"-5\"\n"), Some(ChatId(-5)));
    assert_eq!(chat("admin_chat = \"\"\n"), None);
    let file = "admin_chat = \"-5\"\n[tenants.a]\nchats = [\"-1\"]\n[tenants.b]\nchats = [\"-2\"]\nadmin_chat = \"-6\"\n\
                [tenants.c]\nchats = [\"-3\"]\nadmin_chat = \"\"\n";
    let tenants = load(Some(file), &[]).expect("valid").tenants();
    let of = |chat| tenants.of(ChatId(chat)).admin_chat.map(|chat| chat.0);
    assert_eq!([of(-9), of(-1), of(-2), of(-3)], [Some(-5), Some(-5), Some(-6), None]);
    refused(
        "admin_chat = \"-5\"\n[review]\nadmin_chat = \"-6\"\n",
        &["aegis.toml:1: `admin_chat` is written here, and differently in [review]; keep one of them"],
    );
    refused("admin_chat = \"@mods\"\n", &["aegis.toml:1: `admin_chat` is a chat's number such as"]);
}

#[test]
fn the_readme_shows_every_key_with_its_default() {
    let readme = include_str!("../../../README.md");
    for (key, value) in MannersLayer::from(Manners::default()).written() {
        let is_text = value.parse::<u16>().is_err();
        let value = if is_text { format!("`{value}`") } else { value };
        assert!(readme.contains(&format!("| `{key}` | {value} | ")), "{key} with the default {value}");
    }
}
