//! Settings of the slow lane: the model, the money, and what happens without either.
//!
//! Promises: settings that would allow unlimited spending are refused, with what to write instead; money is read exactly,
//! to a millionth. The key is never shown.
//!
//! Never: a default that costs money.

use super::layers::{unknown, variable};
use super::{Config, Surroundings};
use crate::budget::{Caps, Micros, NoAmount, Prices};
use crate::document::{Lined, Mistakes, Section};
use crate::limits;
use crate::message::ChatId;
use crate::secret::Secret;
use crate::tenant::{DegradeMode, Zone};
use crate::verdict::Thresholds;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a model is asked about unsure messages. Without a server none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ai {
    /// The chat-completions server, without a slash at its end; empty for no model at all.
    pub base_url: String,
    /// The model's name there.
    pub model: String,
    /// What the server knows us by; a server of one's own may need none.
    pub key: Option<Secret>,
    /// The file that it was to be read from, if one is named.
    pub key_file: Option<PathBuf>,
    /// How long one call may take, milliseconds.
    pub timeout_ms: u32,
    /// Calls under way at once.
    pub calls_in_flight: u8,
    /// Calls a minute in the long run.
    pub calls_per_minute: u16,
    /// Calls that may be made at once after a quiet time.
    pub burst: u16,
    /// How long an unsure message may wait in all before the fallback decides, seconds.
    pub deadline_s: u32,
    /// Messages that wait at most.
    pub queue: u16,
    /// The longest answer, tokens.
    pub max_output_tokens: u32,
    /// The least confidence of an opinion that counts, percent.
    pub confidence: u8,
    /// How long an opinion may be used again, seconds.
    pub cache_ttl_s: u32,
    /// What a million tokens cost; `None` when the settings do not say.
    pub price_input: Option<Micros>,
    /// See [`Ai::price_input`].
    pub price_output: Option<Micros>,
    /// What prices and caps are in.
    pub currency: String,
    /// The community's rules in its owner's words.
    pub rules: Arc<str>,
}

impl Default for Ai {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            model: String::new(),
            key: None,
            key_file: None,
            timeout_ms: 8_000,
            calls_in_flight: 2,
            calls_per_minute: 30,
            burst: 10,
            deadline_s: 60,
            queue: 64,
            max_output_tokens: 200,
            confidence: 70,
            cache_ttl_s: 3_600,
            price_input: None,
            price_output: None,
            currency: "USD".to_owned(),
            rules: Arc::default(),
        }
    }
}

impl Ai {
    /// Whether there is a model to ask.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !self.base_url.is_empty()
    }

    /// Whether the key would travel where anybody on the way can read it.
    #[must_use]
    pub fn shows_its_key(&self) -> bool {
        let Some(rest) = self.base_url.strip_prefix("http://").filter(|_| self.key.is_some()) else { return false };
        !["localhost", "127.", "[::1]"].iter().any(|here| rest.starts_with(here))
    }

    /// What tokens cost; a price that is not said is none, which only settings without a model can leave.
    #[must_use]
    pub fn prices(&self) -> Prices {
        Prices { input: self.price_input.unwrap_or_default(), output: self.price_output.unwrap_or_default() }
    }
}

/// What may be spent in a calendar month, by each tenant that has no caps of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Money; `None` when the settings do not say, and then nothing may be spent.
    pub money: Option<Micros>,
    /// Calls; see [`Budget::money`].
    pub calls: Option<u64>,
    /// Of both, the share one chat may spend, percent.
    pub chat_percent: u8,
    /// Of both, the share one sender may spend, percent.
    pub user_percent: u8,
    /// Of both, the share from which on the owner is warned, percent.
    pub warn_percent: u8,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            money: None,
            calls: None,
            chat_percent: 100,
            user_percent: 20,
            warn_percent: limits::BUDGET_WARN_PERCENT,
        }
    }
}

impl Budget {
    /// The caps; what is not said is 0.
    #[must_use]
    pub fn caps(&self) -> Caps {
        Caps {
            money: self.money.unwrap_or_default(),
            calls: self.calls.unwrap_or_default(),
            chat_percent: self.chat_percent,
            user_percent: self.user_percent,
        }
    }
}

/// What replaces the model while there is none to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Degrade {
    /// What is done.
    pub mode: DegradeMode,
    /// The scores of strict rules, where the settings name them.
    pub strict_review: Option<u16>,
    /// See [`Degrade::strict_review`].
    pub strict_block: Option<u16>,
    /// Seconds of membership up to which a sender is new.
    pub new_member_s: u64,
    /// Messages up to which a sender is new.
    pub new_member_messages: u64,
    /// The chat of administrators, where cards go, and which is told when the model is lost, is back, or is nearly paid
    /// out; `None` for none.
    pub admin_chat: Option<ChatId>,
}

impl Default for Degrade {
    fn default() -> Self {
        Self {
            mode: DegradeMode::DisableAi,
            strict_review: None,
            strict_block: None,
            new_member_s: limits::LINK_BLOCKS_NEW_S,
            new_member_messages: limits::LINK_BLOCKS_NEW_MESSAGES,
            admin_chat: None,
        }
    }
}

/// The strict scores where the settings name none.
const STRICT: Thresholds = Thresholds { review: 30, block: 60 };

impl Degrade {
    /// The strict scores beside these usual ones. What is not named is never above the usual score.
    #[must_use]
    pub fn strict(&self, usual: Thresholds) -> Thresholds {
        let block = self.strict_block.unwrap_or_else(|| STRICT.block.min(usual.block));
        let review = self.strict_review.unwrap_or_else(|| STRICT.review.min(usual.review).min(block));
        Thresholds { review, block }
    }

    /// Adds what is wrong with the strict scores beside the usual ones. `named` is where they were written.
    pub(super) fn check(&self, file: &str, named: &str, usual: Thresholds, mistakes: &mut Mistakes) {
        let strict = self.strict(usual);
        if strict.review > usual.review || strict.block > usual.block {
            let what = format!(
                "`{named}`: `strict_review` {} and `strict_block` {} must not be above the usual `review` {} and `block` {}",
                strict.review, strict.block, usual.review, usual.block
            );
            mistakes.add(file, 0, what);
        }
        if strict.review > strict.block {
            mistakes.add(file, 0, format!("`{named}`: `strict_review` must not be above `strict_block`"));
        }
    }
}

/// A number of the type that the setting has. The range is within that type.
pub(super) fn number<T: TryFrom<i64>>(
    section: &mut Section<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<i64>,
    mistakes: &mut Mistakes,
) -> Option<T> {
    section.integer(key, range, mistakes).and_then(|found| T::try_from(found.value).ok())
}

/// A score.
pub(super) fn score(section: &mut Section<'_>, key: &'static str, mistakes: &mut Mistakes) -> Option<u16> {
    number(section, key, 1..=i64::from(limits::SCORE_MAX), mistakes)
}

/// An amount of money, such as "5.00".
pub(super) fn money(section: &mut Section<'_>, key: &'static str, mistakes: &mut Mistakes) -> Option<Micros> {
    let found = section.text(key, mistakes)?;
    match found.value.trim().parse() {
        Ok(amount) => Some(amount),
        Err(wanted) => {
            let wanted: NoAmount = wanted;
            let what = format!("`{key}` must be {wanted}, not \"{}\"", found.value.escape_debug());
            mistakes.add(section.file(), found.line, what);
            None
        }
    }
}

/// Reads `[ai]`. The place of a file with the key is returned: it is read later, when nothing stronger gave one.
pub(super) fn read_ai(
    ai: &mut Ai,
    mut section: Section<'_>,
    surroundings: &Surroundings<'_>,
    mistakes: &mut Mistakes,
) -> Option<PathBuf> {
    let file = section.file();
    if let Some(found) = section.text("base_url", mistakes) {
        set_base_url(ai, file, &found, mistakes);
    }
    if let Some(found) = section.text("model", mistakes) {
        set_model(ai, file, &found, mistakes);
    }
    if let Some(found) = section.text("key", mistakes).filter(|found| !found.value.is_empty()) {
        set_key(ai, file, found.line, found.value.trim(), mistakes);
    }
    let key_file = section.text("key_file", mistakes).filter(|found| !found.value.is_empty());
    let timeout = i64::from(limits::AI_TIMEOUT_MS_MIN)..=i64::try_from(limits::MODEL_CALL_MS_MAX).unwrap_or(i64::MAX);
    let section_ref = &mut section;
    ai.timeout_ms = number(section_ref, "timeout_ms", timeout, mistakes).unwrap_or(ai.timeout_ms);
    let calls = i64::from(limits::AI_CALLS_IN_FLIGHT_MAX);
    ai.calls_in_flight = number(section_ref, "calls_in_flight", 1..=calls, mistakes).unwrap_or(ai.calls_in_flight);
    let pace = i64::from(limits::AI_CALLS_PER_MINUTE_MAX);
    ai.calls_per_minute = number(section_ref, "calls_per_minute", 1..=pace, mistakes).unwrap_or(ai.calls_per_minute);
    ai.burst = number(section_ref, "burst", 1..=pace, mistakes).unwrap_or(ai.burst);
    let deadline = i64::from(limits::AI_DEADLINE_S_MAX);
    ai.deadline_s = number(section_ref, "deadline_s", 1..=deadline, mistakes).unwrap_or(ai.deadline_s);
    let queue = i64::from(limits::AI_QUEUE_MAX);
    ai.queue = number(section_ref, "queue", 1..=queue, mistakes).unwrap_or(ai.queue);
    let tokens = i64::from(limits::MODEL_OUTPUT_TOKENS_MAX);
    ai.max_output_tokens =
        number(section_ref, "max_output_tokens", 16..=tokens, mistakes).unwrap_or(ai.max_output_tokens);
    ai.confidence = number(section_ref, "confidence", 0..=100, mistakes).unwrap_or(ai.confidence);
    let ttl = i64::try_from(limits::OPINION_TTL_S_MAX).unwrap_or(i64::MAX);
    ai.cache_ttl_s = number(section_ref, "cache_ttl_s", 0..=ttl, mistakes).unwrap_or(ai.cache_ttl_s);
    ai.price_input = money(section_ref, "price_input", mistakes).or(ai.price_input);
    ai.price_output = money(section_ref, "price_output", mistakes).or(ai.price_output);
    if let Some(found) = section.text("currency", mistakes) {
        let label = &found.value;
        if !label.is_empty()
            && label.len() <= limits::CURRENCY_LETTERS_MAX
            && label.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            ai.currency = found.value;
        } else {
            let what =
                format!("`ai.currency` is a label such as \"USD\", 1 to {} letters", limits::CURRENCY_LETTERS_MAX);
            mistakes.add(file, found.line, what);
        }
    }
    if let Some(rules) = community_rules(&mut section, surroundings, mistakes) {
        ai.rules = rules;
    }
    section.finish(mistakes);
    key_file.map(|found| PathBuf::from(found.value))
}

/// Reads `rules_text` or `rules_file`.
pub(super) fn community_rules(
    section: &mut Section<'_>,
    surroundings: &Surroundings<'_>,
    mistakes: &mut Mistakes,
) -> Option<Arc<str>> {
    let file = section.file();
    let text = section.text("rules_text", mistakes);
    let place = section.text("rules_file", mistakes).filter(|found| !found.value.is_empty());
    let found = match (text, place) {
        (Some(text), Some(place)) if !text.value.is_empty() => {
            mistakes.add(file, place.line, "write `rules_text` or `rules_file`, not both");
            return None;
        }
        (_, Some(place)) => match (surroundings.read)(Path::new(&place.value)) {
            Ok(read) => Lined { value: read, line: place.line },
            Err(error) => {
                mistakes.add(file, place.line, format!("{} cannot be read: {error}", place.value.escape_debug()));
                return None;
            }
        },
        (text, None) => text?,
    };
    let rules = found.value.trim();
    if rules.len() > limits::COMMUNITY_RULES_BYTES_MAX {
        let what = format!(
            "the community's rules have {} bytes and may have {}; they go with every question",
            rules.len(),
            limits::COMMUNITY_RULES_BYTES_MAX
        );
        mistakes.add(file, found.line, what);
        return None;
    }
    Some(Arc::from(rules))
}

/// Reads `[budget]`, and the same keys of a tenant but the warning.
pub(super) fn read_caps(budget: &mut Budget, section: &mut Section<'_>, mistakes: &mut Mistakes) {
    budget.money = money(section, "money", mistakes).or(budget.money);
    let calls = i64::try_from(limits::CALLS_A_MONTH_MAX).unwrap_or(i64::MAX);
    budget.calls = number(section, "calls", 0..=calls, mistakes).or(budget.calls);
    budget.chat_percent = number(section, "chat_percent", 1..=100, mistakes).unwrap_or(budget.chat_percent);
    budget.user_percent = number(section, "user_percent", 1..=100, mistakes).unwrap_or(budget.user_percent);
}

/// Reads what replaces the model: in `[review]`, and in a tenant.
pub(super) fn read_degrade(degrade: &mut Degrade, section: &mut Section<'_>, mistakes: &mut Mistakes) {
    if let Some(found) = section.text("degrade", mistakes) {
        match DegradeMode::from_word(&found.value) {
            Some(mode) => degrade.mode = mode,
            None => {
                let known = ["disable_ai", "strict_rules", "link_blocks"];
                unknown(section.file(), &found, "degrade mode", &known, mistakes);
            }
        }
    }
    degrade.strict_review = score(section, "strict_review", mistakes).or(degrade.strict_review);
    degrade.strict_block = score(section, "strict_block", mistakes).or(degrade.strict_block);
    let year = 366 * 24 * 60 * 60;
    degrade.new_member_s = number(section, "new_member_s", 0..=year, mistakes).unwrap_or(degrade.new_member_s);
    let messages = number(section, "new_member_messages", 0..=100_000, mistakes);
    degrade.new_member_messages = messages.unwrap_or(degrade.new_member_messages);
    if let Some(found) = admin_chat(section, mistakes) {
        degrade.admin_chat = found.value;
    }
}

/// Reads the chat of administrators; an empty text is none.
pub(super) fn admin_chat(section: &mut Section<'_>, mistakes: &mut Mistakes) -> Option<Lined<Option<ChatId>>> {
    let found = section.text("admin_chat", mistakes)?;
    let chat = match found.value.parse::<i64>() {
        Ok(chat) if chat != 0 => Some(ChatId(chat)),
        _ if found.value.is_empty() => None,
        _ => {
            let shown = found.value.escape_debug();
            let what = format!("`admin_chat` is a chat's number such as \"-1001234567890\", not \"{shown}\"");
            mistakes.add(section.file(), found.line, what);
            return None;
        }
    };
    Some(Lined { value: chat, line: found.line })
}

/// Reads a time zone by its name.
pub(super) fn read_zone(
    section: &mut Section<'_>,
    surroundings: &Surroundings<'_>,
    mistakes: &mut Mistakes,
) -> Option<Zone> {
    let found = section.text("time_zone", mistakes)?;
    if found.value == "UTC" {
        return Some(Zone::default());
    }
    let name = &found.value;
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+');
    // Such a name leads nowhere but into the folder of zones.
    let whole = name.len() <= limits::ZONE_NAME_BYTES_MAX
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && name.bytes().all(sign);
    let rules = if whole { (surroundings.zone)(name).ok() } else { None };
    let zone = rules.and_then(|rules| Zone::from_tzif(name, &rules));
    if zone.is_none() {
        let shown = name.escape_debug();
        let what = format!(
            "time zone \"{shown}\" is not known on this machine; write a name such as \"Europe/Berlin\", install tzdata, \
             or write \"UTC\""
        );
        mistakes.add(section.file(), found.line, what);
    }
    zone
}

/// Takes a variable, if it is one of the model's.
pub(super) fn from_variable(
    ai: &mut Ai,
    key_from: &mut Option<(PathBuf, &'static str)>,
    name: &str,
    value: &str,
    mistakes: &mut Mistakes,
) -> bool {
    let found = Lined { value: value.trim().to_owned(), line: 0 };
    match name {
        "AEGIS_AI_BASE_URL" => set_base_url(ai, name, &found, mistakes),
        "AEGIS_AI_MODEL" => set_model(ai, name, &found, mistakes),
        "AEGIS_AI_KEY" => set_key(ai, name, 0, &found.value, mistakes),
        "AEGIS_AI_KEY_FILE" => *key_from = Some((PathBuf::from(value), "AEGIS_AI_KEY_FILE")),
        _ => return false,
    }
    true
}

fn set_base_url(ai: &mut Ai, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    let url = found.value.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let whole = rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()) && !rest.contains(['?', '#', '@', '\\'])
    });
    if found.value.is_empty() || (whole && url.len() <= limits::AI_URL_BYTES_MAX) {
        ai.base_url = url.to_owned();
    } else {
        let what = "must be a URL such as https://api.example.com/v1 or http://127.0.0.1:8080/v1, without a key in it; \
                    or \"\" for no model";
        mistakes.add(file, found.line, what);
    }
}

fn set_model(ai: &mut Ai, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    if found.value.len() <= limits::MODEL_NAME_BYTES_MAX && !found.value.contains(char::is_control) {
        ai.model.clone_from(&found.value);
    } else {
        let what = format!("a model's name has at most {} bytes, all printable", limits::MODEL_NAME_BYTES_MAX);
        mistakes.add(file, found.line, what);
    }
}

/// The shape of a key, checked without showing it.
pub(super) fn set_key(ai: &mut Ai, file: &str, line: usize, key: &str, mistakes: &mut Mistakes) {
    if !key.is_empty() && key.len() <= limits::AI_KEY_BYTES_MAX && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        ai.key = Some(Secret::new(key.to_owned()));
    } else {
        let what = format!(
            "is not a key for a model's server; one is a single word of at most {} letters, digits and signs",
            limits::AI_KEY_BYTES_MAX
        );
        mistakes.add(file, line, what);
    }
}

/// What the parts must be to each other: above all, no model without caps.
pub(super) fn check(config: &Config, name: &str, surroundings: &Surroundings<'_>, mistakes: &mut Mistakes) {
    let Config { ai, budget, .. } = config;
    if !ai.is_on() {
        return;
    }
    // Where the model was named: what is missing stands beside it.
    let place = if variable(surroundings, "AEGIS_AI_BASE_URL").is_some() { "AEGIS_AI_BASE_URL" } else { name };
    let mut add = |what: &str| mistakes.add(place, 0, what);
    if ai.model.trim().is_empty() {
        add("`ai.base_url` names a server and `ai.model` is missing; write the model's name as that server knows it");
    }
    for (key, price) in [("price_input", ai.price_input), ("price_output", ai.price_output)] {
        if price.is_none() {
            add(&format!(
                "`ai.{key}` is missing; write what a million tokens cost, such as \"0.15\", or \"0\" for a model of your own"
            ));
        }
    }
    if u64::from(ai.calls_in_flight) > config.board.capacity.model_calls {
        let (asked, most) = (ai.calls_in_flight, config.board.capacity.model_calls);
        add(&format!(
            "`ai.calls_in_flight` is {asked}, and board profile \"{}\" has room for {most}",
            config.board.name
        ));
    }
    let prices = ai.prices();
    if (prices.input > Micros(0) || prices.output > Micros(0)) && budget.money.is_none() {
        add(
            "spending would have no limit: the model costs money and `budget.money` is missing; write the most it may \
             cost in a month, such as money = \"5.00\" in [budget], or \"0\" for nothing",
        );
    }
    if budget.calls.is_none() {
        add(
            "spending would have no limit: `budget.calls` is missing; write the most calls to make in a month, such as \
             calls = 10000 in [budget]",
        );
    }
}
