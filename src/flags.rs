//! Flags: parts of the appliance that may be switched on and off, each with what it does and what it is without anybody's word.
//!
//! Promises: one table, [`Flag::ALL`], which settings, environment, command line and page go by; the layers have one order, the
//! strongest last: [`Layer::ALL`]. A flag that nobody speaks of has its default.
//!
//! Never: a flag that does nothing.

use crate::document::nearest;
use std::fmt;

/// A flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// The learner has a say in verdicts.
    Learner,
    /// Opinions of a model are used again.
    RememberedOpinions,
    /// Webhooks carry what people wrote.
    WebhookTexts,
    /// Programs may ask with signed calls.
    ManagementCalls,
}

/// Whom a flag may be set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For everybody, and for a tenant by its own table.
    Tenant,
    /// For the whole appliance.
    Appliance,
}

/// What is known of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name in settings; in the environment in capitals behind [`PREFIX`].
    pub name: &'static str,
    /// What it does when it is on, a sentence.
    pub does: &'static str,
    /// What it is when nobody speaks of it.
    pub default: bool,
    /// Whether it is new, and may change or go.
    pub experimental: bool,
    /// The version that brought it.
    pub since: &'static str,
    /// Whom it may be set for.
    pub scope: Scope,
}

/// How variables of flags begin.
pub const PREFIX: &str = "AEGIS_FLAG_";

/// How many flags there are.
const COUNT: usize = 4;

impl Flag {
    /// All flags.
    pub const ALL: [Self; COUNT] = [Self::Learner, Self::RememberedOpinions, Self::WebhookTexts, Self::ManagementCalls];

    /// What is known of it.
    #[must_use]
    pub const fn about(self) -> About {
        match self {
            Self::Learner => About {
                name: "learner",
                does: "What was learned, and what comes learned with the program, has a say in verdicts; without it the rules alone do.",
                default: true,
                experimental: false,
                since: "0.1.0",
                scope: Scope::Tenant,
            },
            Self::RememberedOpinions => About {
                name: "remembered_opinions",
                does: "An opinion of the model answers later copies of a message too; without it each unsure message is asked about, and paid for.",
                default: true,
                experimental: false,
                since: "0.1.0",
                scope: Scope::Tenant,
            },
            Self::WebhookTexts => About {
                name: "webhook_texts",
                does: "Webhooks about decisions carry the start of the message; without it, never a word that somebody wrote.",
                default: false,
                experimental: false,
                since: "0.1.0",
                scope: Scope::Tenant,
            },
            Self::ManagementCalls => About {
                name: "management_calls",
                does: "Programs with a key may ask the API with signed calls (POST /api/v1/hooks/call).",
                default: false,
                experimental: true,
                since: "0.1.0",
                scope: Scope::Appliance,
            },
        }
    }

    /// The flag of a name in settings.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.about().name == name)
    }

    /// Its variable.
    #[must_use]
    pub fn variable(self) -> String {
        format!("{PREFIX}{}", self.about().name.to_ascii_uppercase())
    }

    const fn bit(self) -> u8 {
        1 << match self {
            Self::Learner => 0,
            Self::RememberedOpinions => 1,
            Self::WebhookTexts => 2,
            Self::ManagementCalls => 3,
        }
    }
}

/// What is wrong with the name of a flag, and which was meant.
#[must_use]
pub fn unknown(name: &str) -> String {
    let names = Flag::ALL.map(|flag| flag.about().name);
    let shown = name.escape_debug();
    match nearest(name, &names) {
        Some(near) => format!("unknown flag \"{shown}\"; did you mean \"{near}\"?"),
        None => format!("unknown flag \"{shown}\"; known: {}", names.join(", ")),
    }
}

/// Who says what a flag is, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Nobody: the table here.
    Default,
    /// A hub that looks after several appliances.
    Hub,
    /// `[flags]` in the settings.
    File,
    /// The environment.
    Environment,
    /// A tenant's own table.
    Tenant,
}

impl Layer {
    /// All of them, the strongest last.
    pub const ALL: [Self; 5] = [Self::Default, Self::Hub, Self::File, Self::Environment, Self::Tenant];

    /// The layer in one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Hub => "hub",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Tenant => "tenant",
        }
    }
}

/// What one layer says. Of most flags nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    spoken: u8,
    on: u8,
}

impl Said {
    /// Says that a flag is on or off.
    pub const fn set(&mut self, flag: Flag, on: bool) {
        self.spoken |= flag.bit();
        self.on = if on { self.on | flag.bit() } else { self.on & !flag.bit() };
    }

    /// What it says of a flag.
    #[must_use]
    pub const fn of(&self, flag: Flag) -> Option<bool> {
        if self.spoken & flag.bit() == 0 { None } else { Some(self.on & flag.bit() != 0) }
    }
}

/// What all layers say for the whole appliance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// A hub.
    pub hub: Said,
    /// The settings file.
    pub file: Said,
    /// The environment.
    pub environment: Said,
}

impl Layers {
    /// What a flag is, and who says so; `tenant` is what a tenant's own table says.
    #[must_use]
    pub fn find(&self, flag: Flag, tenant: &Said) -> (bool, Layer) {
        let said = [
            (tenant.of(flag), Layer::Tenant),
            (self.environment.of(flag), Layer::Environment),
            (self.file.of(flag), Layer::File),
            (self.hub.of(flag), Layer::Hub),
        ];
        let strongest = said.into_iter().find_map(|(on, layer)| Some((on?, layer)));
        strongest.unwrap_or((flag.about().default, Layer::Default))
    }

    /// All flags as they are where a tenant's table says this.
    #[must_use]
    pub fn with(&self, tenant: &Said) -> Flags {
        let on = Flag::ALL.into_iter().filter(|flag| self.find(*flag, tenant).0);
        Flags(on.fold(0, |bits, flag| bits | flag.bit()))
    }
}

/// Which flags are on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flags(u8);

impl Default for Flags {
    fn default() -> Self {
        Layers::default().with(&Said::default())
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = Flag::ALL.into_iter().filter(|flag| self.is_on(*flag));
        f.debug_set().entries(on.map(|flag| flag.about().name)).finish()
    }
}

impl Flags {
    /// Whether a flag is on.
    #[must_use]
    pub const fn is_on(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// The same with this flag on or off.
    #[must_use]
    pub const fn with(self, flag: Flag, on: bool) -> Self {
        Self(if on { self.0 | flag.bit() } else { self.0 & !flag.bit() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_beats_all_weaker_ones() {
        let flag = Flag::Learner;
        let mut layers = Layers::default();
        let mut tenant = Said::default();
        assert_eq!(layers.find(flag, &tenant), (true, Layer::Default));
        // Each says the opposite of the one before, the weakest first.
        layers.hub.set(flag, false);
        assert_eq!(layers.find(flag, &tenant), (false, Layer::Hub));
        layers.file.set(flag, true);
        assert_eq!(layers.find(flag, &tenant), (true, Layer::File));
        layers.environment.set(flag, false);
        assert_eq!(layers.find(flag, &tenant), (false, Layer::Environment));
        tenant.set(flag, true);
        assert_eq!(layers.find(flag, &tenant), (true, Layer::Tenant));
        assert!(layers.with(&tenant).is_on(flag) && !layers.with(&Said::default()).is_on(flag));
        assert!(Layer::ALL.windows(2).all(|pair| pair.first() < pair.last()));
    }

    #[test]
    fn each_flag_has_a_name_of_its_own_and_says_what_it_does() {
        for flag in Flag::ALL {
            let about = flag.about();
            assert_eq!(Flag::named(about.name), Some(flag));
            assert!(
                about.does.ends_with('.') && about.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            );
            assert_eq!(flag.variable(), format!("AEGIS_FLAG_{}", about.name.to_uppercase()));
            let one = Flags(0).with(flag, true);
            assert_eq!(Flag::ALL.into_iter().filter(|other| one.is_on(*other)).collect::<Vec<_>>(), [flag]);
        }
        assert_eq!(unknown("lerner"), "unknown flag \"lerner\"; did you mean \"learner\"?");
        assert!(unknown("zzzzzzzzzzzzzzzz").contains("known: learner, remembered_opinions"));
    }
}
