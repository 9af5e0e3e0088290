//! Settings of a hub: where it is, what it is told, and whose word counts for what.
//!
//! Promises: without `[cloud]` nothing is told and nothing taken; a hub is reached by `https`, or by `http` on this machine.
//!
//! Never: a connection.

use super::webhooks::is_this_machine;
use super::{Surroundings, layers};
use crate::document::{Mistakes, Section};
use std::path::{Path, PathBuf};

/// Whose word counts for a kind of thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truth {
    /// This board's. What is counted here is told to the hub.
    #[default]
    Board,
    /// The hub's. What is counted here is told to the hub all the same.
    Hub,
    /// The hub hears nothing of it, and says nothing.
    Off,
}

impl Truth {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Board, Self::Hub, Self::Off];

    /// As it is written in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Hub => "hub",
            Self::Off => "off",
        }
    }
}

/// A hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Its address, without a slash at the end.
    pub url: String,
    /// What this board is called there.
    pub name: String,
    /// The file of an authority's certificate (PEM) that is trusted besides the usual ones.
    pub root_file: Option<PathBuf>,
    /// What it holds.
    pub root: Option<String>,
    /// Counts by hour and chat.
    pub usage: Truth,
    /// Decisions.
    pub decisions: Truth,
    /// Budgets, and what replaces a model that is not asked.
    pub budgets: Truth,
    /// Flags.
    pub flags: Truth,
    /// Packs.
    pub packs: Truth,
    /// Whether decisions of the default tenant carry what people wrote.
    pub decisions_text: bool,
}

impl Cloud {
    /// Each kind of thing, and whose word counts.
    #[must_use]
    pub const fn truths(&self) -> [(&'static str, Truth); 5] {
        [
            ("usage", self.usage),
            ("decisions", self.decisions),
            ("budgets", self.budgets),
            ("flags", self.flags),
            ("packs", self.packs),
        ]
    }
}

/// Reads `[cloud]`.
pub(super) fn read(mut section: Section<'_>, around: &Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Cloud> {
    let (file, line) = (section.file(), section.line());
    let url = section.text("url", mistakes);
    let name = section.text("name", mistakes);
    let root_file = section.text("root_certificate", mistakes).filter(|found| !found.value.is_empty());
    let mut truth = |key, mistakes: &mut Mistakes| {
        let Some(found) = section.text(key, mistakes) else { return Truth::default() };
        let known = Truth::ALL.into_iter().find(|truth| truth.word() == found.value);
        known.unwrap_or_else(|| {
            layers::unknown(file, &found, "side", &Truth::ALL.map(Truth::word), mistakes);
            Truth::default()
        })
    };
    let [usage, decisions, budgets, flags, packs] =
        ["usage", "decisions", "budgets", "flags", "packs"].map(|key| truth(key, mistakes));
    let decisions_text = section.boolean("decisions_text", mistakes).is_some_and(|found| found.value);
    section.finish(mistakes);
    let Some(url) = url else {
        mistakes.add(file, line, "[cloud] needs `url`, such as \"https://hub.example\"");
        return None;
    };
    if let Err(why) = check_url(&url.value) {
        mistakes.add(file, url.line, why);
    }
    let most = aegis_contract::limits::LABEL_BYTES_MAX;
    if let Some(wrong) = name
        .as_ref()
        .filter(|found| found.value.is_empty() || found.value.len() > most || found.value.contains(char::is_control))
    {
        mistakes.add(file, wrong.line, format!("`name` is 1 to {most} bytes on one line"));
    }
    let root = root_file.as_ref().and_then(|found| match (around.read)(Path::new(&found.value)) {
        Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => Some(text),
        Ok(_) => {
            mistakes.add(file, found.line, "`root_certificate` names a file without a certificate in PEM");
            None
        }
        Err(error) => {
            mistakes.add(file, found.line, format!("{} cannot be read: {error}", found.value.escape_debug()));
            None
        }
    });
    Some(Cloud {
        url: url.value.trim_end_matches('/').to_owned(),
        name: name.map_or_else(|| "aegis".to_owned(), |found| found.value),
        root_file: root_file.map(|found| PathBuf::from(found.value)),
        root,
        usage,
        decisions,
        budgets,
        flags,
        packs,
        decisions_text,
    })
}

/// Whether this is the address of a hub.
///
/// # Errors
/// What is wrong with it, and how to mend it.
pub fn check_url(written: &str) -> Result<(), String> {
    let wrong = "a hub is an address such as \"https://hub.example\", without name, password and what comes after `?`";
    let url = url::Url::parse(written).map_err(|_| wrong.to_owned())?;
    let host = url.host_str().unwrap_or_default();
    let is_plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || host.is_empty() || !is_plain || written.len() > 512 {
        return Err(wrong.to_owned());
    }
    if url.scheme() == "http" && !is_this_machine(host) {
        return Err(format!("write https:// for {host}: by http:// a hub is reached on this machine only"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    #[test]
    fn a_hub_is_reached_safely_and_what_is_wrong_is_told() {
        let config = load(Some("[cloud]\nurl = \"https://hub.example/\"\nbudgets = \"hub\"\nflags = \"off\"\n"), &[]);
        let cloud = config.expect("valid").cloud.expect("there is one");
        assert_eq!((cloud.url.as_str(), cloud.name.as_str()), ("https://hub.example", "aegis"));
        assert_eq!((cloud.usage, cloud.budgets, cloud.flags), (Truth::Board, Truth::Hub, Truth::Off));
        assert!(!cloud.decisions_text);
        for (file, says) in [
            ("[cloud]\nname = \"a\"\n", "[cloud] needs `url`"),
            ("[cloud]\nurl = \"http://hub.example\"\n", "aegis.toml:2: write https://"),
            ("[cloud]\nurl = \"https://a:b@hub.example\"\n", "an address such as"),
            ("[cloud]\nurl = \"https://hub.example\"\nbudgets = \"hubb\"\n", "did you mean \"hub\"?"),
            ("[cloud]\nurl = \"https://hub.example\"\nroot_certificate = \"none.pem\"\n", "cannot be read"),
            ("[cloud]\nurl = \"https://hub.example\"\nurls = \"x\"\n", "aegis.toml:3"),
        ] {
            let told = load(Some(file), &[]).expect_err(file);
            assert!(told.contains(says), "{told}");
        }
        assert!(load(None, &[]).expect("valid").cloud.is_none());
        assert!(check_url("http://127.0.0.1:8480").is_ok() && check_url("http://[::1]:8480").is_ok());
    }
}
