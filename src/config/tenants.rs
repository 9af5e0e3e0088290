//! Settings of tenants: whose the chats are, and what is different there.
//!
//! Promises: a chat in two tenants is a mistake; what a tenant does not set is as at the root; a chat's own settings are
//! stronger than its tenant's.
//!
//! Never: a tenant called `default` in a table of its own. The root's settings are its.

use super::ai::{self, Budget, Degrade};
use super::flags;
use super::layers;
use super::manners;
use super::retention;
use super::{ChatSettings, Config, Surroundings};
use crate::decide::ChatRules;
use crate::document::{Lined, Mistakes, Section};
use crate::flags::{Said, Scope};
use crate::limits;
use crate::manners::{Manners, MannersLayer};
use crate::message::ChatId;
use crate::tenant::{Retention, Tenant, TenantName, Tenants, Zone};
use crate::verdict::{Mode, ReviewFallback};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Settings of one tenant; what is `None` is as at the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSettings {
    /// Its chats.
    pub chats: Vec<ChatId>,
    /// Whether verdicts have effects there.
    pub mode: Option<Mode>,
    /// From which score on a message is shown.
    pub review: Option<u16>,
    /// From which score on a message is acted on.
    pub block: Option<u16>,
    /// What is done when the rules are unsure.
    pub fallback: Option<ReviewFallback>,
    /// What replaces the model; the root's where the tenant says nothing.
    pub degrade: Degrade,
    /// What it may spend; the root's where the tenant says nothing.
    pub budget: Budget,
    /// Where its days and months begin.
    pub zone: Option<Zone>,
    /// The community's rules.
    pub rules: Option<Arc<str>>,
    /// The ids of the packs that judge for it, with their lines.
    pub packs: Option<Vec<Lined<String>>>,
    /// How long things are kept for it; the root's where the tenant says nothing.
    pub retention: Retention,
    /// How its groups are kept.
    pub manners: MannersLayer,
    /// What is switched on and off for it.
    pub flags: Said,
    /// Whether decisions that a hub is told of carry what people wrote.
    pub decisions_text: bool,
}

impl TenantSettings {
    /// How its chats want to be moderated.
    fn chat_rules(&self, root: ChatRules) -> ChatRules {
        let rules = root.with(self.mode, self.review, self.block);
        ChatRules { fallback: self.fallback.unwrap_or(root.fallback), ..rules }
    }
}

impl Config {
    /// All tenants, with everything that is set for each.
    #[must_use]
    pub fn tenants(&self) -> Tenants {
        let root = self.rules();
        let default = Tenant {
            name: TenantName::default(),
            rules: root,
            zone: self.zone.clone(),
            caps: self.budget.caps(),
            warn_percent: self.budget.warn_percent,
            degrade: self.degrade.mode,
            strict: self.degrade.strict(root.thresholds),
            new_member_s: self.degrade.new_member_s,
            new_member_messages: self.degrade.new_member_messages,
            admin_chat: self.degrade.admin_chat,
            community_rules: Arc::clone(&self.ai.rules),
            packs: None,
            retention: self.retention,
            manners: self.manners.over(Manners::default()),
            flags: self.flags_in_force(),
            own_flags: Said::default(),
            tells_texts: self.cloud.as_ref().is_some_and(|cloud| cloud.decisions_text),
        };
        let mut tenants = Tenants::one(default.clone());
        for (name, own) in &self.tenants {
            let rules = own.chat_rules(root);
            let ids = |packs: &Vec<Lined<String>>| packs.iter().map(|pack| pack.value.clone()).collect();
            let tenant = Tenant {
                name: name.clone(),
                rules,
                zone: own.zone.clone().unwrap_or_else(|| default.zone.clone()),
                caps: own.budget.caps(),
                warn_percent: own.budget.warn_percent,
                degrade: own.degrade.mode,
                strict: own.degrade.strict(rules.thresholds),
                new_member_s: own.degrade.new_member_s,
                new_member_messages: own.degrade.new_member_messages,
                admin_chat: own.degrade.admin_chat,
                community_rules: own.rules.clone().unwrap_or_else(|| Arc::clone(&default.community_rules)),
                packs: own.packs.as_ref().map(ids),
                retention: own.retention,
                manners: own.manners.over(default.manners),
                flags: self.flags.with(&own.flags),
                own_flags: own.flags,
                tells_texts: own.decisions_text,
            };
            tenants.add(tenant, own.chats.iter().copied());
        }
        tenants
    }

    /// The rules of the chats with settings of their own: over their tenant's.
    #[must_use]
    pub fn chat_rules(&self) -> BTreeMap<ChatId, ChatRules> {
        let owners: BTreeMap<ChatId, &TenantSettings> =
            self.tenants.values().flat_map(|tenant| tenant.chats.iter().map(move |chat| (*chat, tenant))).collect();
        let root = self.rules();
        let of_chat = |(chat, own): (&ChatId, &ChatSettings)| {
            let usual = owners.get(chat).map_or(root, |tenant| tenant.chat_rules(root));
            (*chat, own.over(usual))
        };
        self.chats.iter().map(of_chat).collect()
    }

    /// What tenants name as their packs and is none of these, each with its line in the settings called `file`.
    #[must_use]
    pub fn unknown_packs(&self, file: &str, known: &[&str]) -> Mistakes {
        let mut mistakes = Mistakes::default();
        for (name, tenant) in &self.tenants {
            for pack in tenant.packs.iter().flatten().filter(|pack| !known.contains(&pack.value.as_str())) {
                layers::unknown(file, pack, &format!("pack of tenant `{name}`"), known, &mut mistakes);
            }
        }
        mistakes
    }
}

/// Reads `[tenants]`, when the root's settings are known.
pub(super) fn read(
    config: &mut Config,
    section: Section<'_>,
    surroundings: &Surroundings<'_>,
    mistakes: &mut Mistakes,
) {
    let mut section = section;
    let file = section.file();
    let mut owners: BTreeMap<ChatId, TenantName> = BTreeMap::new();
    let mut too_many = false;
    for key in section.keys() {
        let Some(own) = section.section_named(&key, mistakes) else { continue };
        let line = own.line();
        let name = TenantName::new(&key).filter(|name| *name != TenantName::default());
        let Some(name) = name else {
            let what = if key == "default" {
                "`tenants.default` is not written: the settings outside [tenants] are its settings".to_owned()
            } else {
                format!(
                    "a tenant's name has small letters, digits, `-` and `_`, at most {}, and is not \"{}\"",
                    limits::TENANT_NAME_BYTES_MAX,
                    key.escape_debug()
                )
            };
            mistakes.add(file, line, what);
            continue;
        };
        if config.tenants.len() >= limits::TENANTS_MAX {
            if !std::mem::replace(&mut too_many, true) {
                mistakes.add(file, line, format!("there are at most {} tenants", limits::TENANTS_MAX));
            }
            continue;
        }
        let tenant = tenant(config, &name, own, &mut owners, surroundings, mistakes);
        config.tenants.insert(name, tenant);
    }
    section.finish(mistakes);
}

fn tenant(
    config: &Config,
    name: &TenantName,
    mut section: Section<'_>,
    owners: &mut BTreeMap<ChatId, TenantName>,
    surroundings: &Surroundings<'_>,
    mistakes: &mut Mistakes,
) -> TenantSettings {
    let file = section.file();
    let mut chats = Vec::new();
    for found in section.texts("chats", mistakes).unwrap_or_default() {
        let Ok(chat) = found.value.parse::<i64>().map(ChatId) else {
            let shown = found.value.escape_debug();
            let what = format!("a tenant's chats are numbers such as \"-1001234567890\", not \"{shown}\"");
            mistakes.add(file, found.line, what);
            continue;
        };
        match owners.get(&chat) {
            Some(other) => {
                let what = format!("chat {} is in tenant `{other}` and in `{name}`; a chat has one tenant", chat.0);
                mistakes.add(file, found.line, what);
            }
            None if owners.len() >= limits::CHATS_MAX => {
                mistakes.add(file, found.line, format!("tenants have at most {} chats together", limits::CHATS_MAX));
                break;
            }
            None => {
                owners.insert(chat, name.clone());
                chats.push(chat);
            }
        }
    }
    let mode = section.text("mode", mistakes).and_then(|found| layers::mode(file, &found, mistakes));
    let review = ai::score(&mut section, "review", mistakes);
    let block = ai::score(&mut section, "block", mistakes);
    let fallback = section.text("fallback", mistakes).and_then(|found| layers::fallback(file, &found, mistakes));
    let (mut degrade, mut budget) = (config.degrade, config.budget);
    ai::read_degrade(&mut degrade, &mut section, mistakes);
    ai::read_caps(&mut budget, &mut section, mistakes);
    let zone = ai::read_zone(&mut section, surroundings, mistakes);
    let rules = ai::community_rules(&mut section, surroundings, mistakes);
    let packs = section.texts("packs", mistakes);
    if let Some(many) = packs.as_ref().and_then(|packs| packs.get(limits::PACKS_MAX)) {
        mistakes.add(file, many.line, format!("there are at most {} packs", limits::PACKS_MAX));
    }
    let kept = section.integer("retention_days", 0..=i64::from(limits::RETENTION_DAYS_MAX), mistakes);
    if let Some(found) = &kept
        && (1..i64::from(limits::RETENTION_DAYS_MIN)).contains(&found.value)
    {
        let (least, most) = (limits::RETENTION_DAYS_MIN, limits::RETENTION_DAYS_MAX);
        mistakes.add(file, found.line, format!("`retention_days` is {least} to {most}, or 0 for never stored"));
    }
    // The same said in short.
    let short = kept.and_then(|found| u8::try_from(found.value).ok());
    let below = Retention { text_days: short.unwrap_or(config.retention.text_days), ..config.retention };
    let retention = retention::read(&mut section, below, mistakes);
    let manners = manners::read(&mut section, mistakes);
    let own = section.section("flags", mistakes);
    let flags = own.map(|own| flags::read(own, Scope::Tenant, mistakes)).unwrap_or_default();
    let decisions_text = section.boolean("decisions_text", mistakes).is_some_and(|found| found.value);
    section.finish(mistakes);
    TenantSettings {
        chats,
        mode,
        review,
        block,
        fallback,
        degrade,
        budget,
        zone,
        rules,
        packs,
        retention,
        manners,
        flags,
        decisions_text,
    }
}

/// What the parts must be to each other.
pub(super) fn check(config: &Config, name: &str, mistakes: &mut Mistakes) {
    config.degrade.check(name, "review", config.thresholds, mistakes);
    let root = config.rules();
    for (tenant, own) in &config.tenants {
        let usual = own.chat_rules(root).thresholds;
        if usual.review > usual.block {
            mistakes.add(name, 0, format!("`tenants.{tenant}`: `review` must not be above `block`"));
        }
        // What is wrong at the root was told there.
        if own.degrade != config.degrade || usual != config.thresholds {
            own.degrade.check(name, &format!("tenants.{tenant}"), usual, mistakes);
        }
    }
}
