//! Settings of flags: `[flags]`, the variables that begin with `AEGIS_FLAG_`, and a tenant's own table.
//!
//! Promises: an unknown flag is a mistake that names the nearest one; a flag for the whole appliance in a tenant's table is a
//! mistake.
//!
//! Never: what a flag is. [`crate::flags`] says that.

use super::TenantSettings;
use crate::document::{Mistakes, Section};
use crate::flags::{Flag, Flags, Layer, PREFIX, Said, Scope, unknown};
use crate::tenant::TenantName;

impl super::Config {
    /// The flags of the default tenant, and of the appliance itself.
    #[must_use]
    pub fn flags_in_force(&self) -> Flags {
        self.flags.with(&Said::default())
    }

    /// What a flag is for a tenant (`None` for the default one and the appliance), and who says so.
    #[must_use]
    pub fn flag(&self, flag: Flag, tenant: Option<&TenantName>) -> (bool, Layer) {
        let own = tenant.and_then(|name| self.tenants.get(name)).map(|tenant: &TenantSettings| tenant.flags);
        self.flags.find(flag, &own.unwrap_or_default())
    }
}

/// Reads a table of flags.
pub(super) fn read(mut section: Section<'_>, scope: Scope, mistakes: &mut Mistakes) -> Said {
    let mut said = Said::default();
    let (file, line) = (section.file(), section.line());
    let keys = section.keys();
    for flag in Flag::ALL {
        let about = flag.about();
        let Some(found) = section.boolean(about.name, mistakes) else { continue };
        if scope == Scope::Tenant && about.scope == Scope::Appliance {
            let what = format!("the flag `{}` is for the whole appliance: write it into [flags]", about.name);
            mistakes.add(file, found.line, what);
            continue;
        }
        said.set(flag, found.value);
    }
    // In the words for flags, which name the nearest.
    for key in keys.iter().filter(|key| Flag::named(key).is_none()) {
        let at = section.line_of(key).unwrap_or(line);
        mistakes.add(file, at, unknown(key));
    }
    said
}

/// Takes a variable, if it is one of a flag.
pub(super) fn from_variable(said: &mut Said, name: &str, value: &str, mistakes: &mut Mistakes) -> bool {
    let Some(flag) = name.strip_prefix(PREFIX) else { return false };
    let flag = flag.to_ascii_lowercase();
    match (Flag::named(&flag), value.trim()) {
        (None, _) => mistakes.add(name, 0, unknown(&flag)),
        (Some(flag), "on" | "true" | "1") => said.set(flag, true),
        (Some(flag), "off" | "false" | "0") => said.set(flag, false),
        (Some(_), _) => mistakes.add(name, 0, "must be on or off"),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    #[test]
    fn a_tenant_beats_the_environment_which_beats_the_file() {
        let file = "[flags]\nlearner = false\nwebhook_texts = true\n[tenants.garden]\nchats = [\"-1\"]\n\
                    [tenants.garden.flags]\nlearner = false\nremembered_opinions = false\n";
        let config = load(Some(file), &[("AEGIS_FLAG_LEARNER", "on"), ("AEGIS_FLAG_MANAGEMENT_CALLS", "on")]);
        let config = config.expect("all of it is valid");
        let garden = TenantName::new("garden");
        let garden = garden.as_ref();
        assert_eq!(config.flag(Flag::Learner, None), (true, Layer::Environment));
        assert_eq!(config.flag(Flag::Learner, garden), (false, Layer::Tenant));
        assert_eq!(config.flag(Flag::WebhookTexts, garden), (true, Layer::File));
        assert_eq!(config.flag(Flag::RememberedOpinions, None), (true, Layer::Default));
        let tenants = config.tenants();
        let of = |chat| tenants.of(crate::message::ChatId(chat)).flags;
        assert!(of(-7).is_on(Flag::Learner) && !of(-1).is_on(Flag::Learner));
        assert!(config.flags_in_force().is_on(Flag::ManagementCalls));
    }

    #[test]
    fn an_unknown_flag_is_told_with_the_one_that_was_meant() {
        let file = "[flags]\nlerner = true\nlearner = \"yes\"\n[tenants.garden.flags]\nmanagement_calls = true\n";
        let told = load(Some(file), &[("AEGIS_FLAG_WEBHOK_TEXTS", "on"), ("AEGIS_FLAG_LEARNER", "maybe")]);
        let told = told.expect_err("nothing of it is valid");
        for expected in [
            "aegis.toml:2: unknown flag \"lerner\"; did you mean \"learner\"?",
            "aegis.toml:3: `flags.learner` must be true or false",
            "aegis.toml:5: the flag `management_calls` is for the whole appliance",
            "AEGIS_FLAG_WEBHOK_TEXTS: unknown flag \"webhok_texts\"; did you mean \"webhook_texts\"?",
            "AEGIS_FLAG_LEARNER: must be on or off",
        ] {
            assert!(told.contains(expected), "missing: {expected}\nin: {told}");
        }
    }
}
