//! What is known of links: shorteners, tracking parameters, wrappers, and names worth imitating.
//!
//! Promises: an owner's file extends what is shipped and takes nothing away; every mistake in it is told with its line.
//!
//! Never: more than `limits::LINK_LIST_ENTRIES_MAX` entries of one kind.

use super::host::{self, Nature};
use crate::document::{self, Lined, Mistakes, Section};
use crate::limits;
use crate::packed::carried_text;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The lists about links, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkLists {
    shorteners: BTreeSet<String>,
    /// Whole names, and beginnings of names.
    tracking: BTreeSet<String>,
    tracking_starts: Vec<String>,
    wrappers: BTreeMap<String, Vec<String>>,
    protected: BTreeSet<String>,
    /// The skeleton of a protected name, and the domains that have it.
    skeletons: BTreeMap<String, Vec<String>>,
}

impl LinkLists {
    /// The lists that come with the appliance.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<LinkLists> = LazyLock::new(LinkLists::read_shipped);
        &SHIPPED
    }

    fn read_shipped() -> Self {
        let mut lists = Self::default();
        let mut mistakes = Mistakes::default();
        lists.extend(super::LISTS_FILE, &carried_text!("links.list.toml"), &mut mistakes);
        debug_assert!(mistakes.is_empty(), "the shipped lists are right: {mistakes}");
        lists
    }

    /// The shipped lists and those of an owner's document. What is wrong in it goes into `mistakes`; the rest is used.
    #[must_use]
    pub fn read(file: &str, text: &str, mistakes: &mut Mistakes) -> Self {
        let mut lists = Self::shipped().clone();
        lists.extend(file, text, mistakes);
        lists
    }

    fn extend(&mut self, file: &str, text: &str, mistakes: &mut Mistakes) {
        let mut root = document::read(file, text, mistakes);
        for name in root.texts("shorteners", mistakes).unwrap_or_default() {
            if let Some(domain) = host_of("shorteners", file, &name, mistakes) {
                self.shorteners.insert(domain);
            }
        }
        for name in root.texts("tracking", mistakes).unwrap_or_default() {
            self.add_tracking(file, &name, mistakes);
        }
        for name in root.texts("protected", mistakes).unwrap_or_default() {
            if let Some(domain) = host_of("protected", file, &name, mistakes) {
                self.protect(&domain);
            }
        }
        for section in root.sections("wrapper", mistakes) {
            self.add_wrapper(section, mistakes);
        }
        root.finish(mistakes);
        let tracking = self.tracking.len().saturating_add(self.tracking_starts.len());
        for (key, count) in [
            ("shorteners", self.shorteners.len()),
            ("tracking", tracking),
            ("protected", self.protected.len()),
            ("wrapper", self.wrappers.len()),
        ] {
            if count > limits::LINK_LIST_ENTRIES_MAX {
                let most = limits::LINK_LIST_ENTRIES_MAX;
                mistakes.add(file, 0, format!("`{key}` has {count} entries with the shipped ones; at most {most}"));
            }
        }
    }

    fn add_tracking(&mut self, file: &str, name: &Lined<String>, mistakes: &mut Mistakes) {
        let start = name.value.strip_suffix('*').unwrap_or(&name.value);
        let is_name = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | '.');
        if start.is_empty() || !start.chars().all(is_name) {
            let what = format!(
                "`tracking` has \"{}\"; a name of a parameter is letters, digits, `_`, `-` and `.`, and may end in `*`",
                name.value
            );
            mistakes.add(file, name.line, what);
            return;
        }
        let start = start.to_ascii_lowercase();
        if !name.value.ends_with('*') {
            self.tracking.insert(start);
        } else if !self.tracking_starts.contains(&start) {
            self.tracking_starts.push(start);
        }
    }

    fn add_wrapper(&mut self, mut section: Section<'_>, mistakes: &mut Mistakes) {
        let file = section.file().to_owned();
        let host = section.text_required("host", mistakes);
        let parameter = section.text("parameter", mistakes).map(|found| found.value);
        section.finish(mistakes);
        let Some(domain) = host.and_then(|host| host_of("wrapper.host", &file, &host, mistakes)) else { return };
        let parameters = self.wrappers.entry(domain).or_default();
        // Without a parameter the whole query is the target.
        let parameter = parameter.unwrap_or_default();
        if !parameters.contains(&parameter) {
            parameters.push(parameter);
        }
    }

    fn protect(&mut self, domain: &str) {
        if !self.protected.insert(domain.to_owned()) {
            return;
        }
        let (name, _) = host::name_and_suffix(domain);
        let name = host::skeleton(&host::shown(name));
        let whole = host::skeleton(&host::shown(domain));
        for skeleton in [name, whole] {
            self.skeletons.entry(skeleton).or_default().push(domain.to_owned());
        }
    }

    /// Whether a host makes short names for others.
    pub(super) fn is_shortener(&self, host: &str) -> bool {
        self.shorteners.contains(host) || host.strip_prefix("www.").is_some_and(|host| self.shorteners.contains(host))
    }

    /// Whether a parameter only follows people around.
    pub(super) fn is_tracking(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.tracking.contains(&name) || self.tracking_starts.iter().any(|start| name.starts_with(start))
    }

    /// The parameters in which a wrapper of this host, or of a host above it, holds its target.
    pub(super) fn parameters<'s>(&'s self, host: &'s str) -> impl Iterator<Item = &'s str> {
        let above = host.match_indices('.').filter_map(|(at, _)| host.get(at.saturating_add(1)..));
        std::iter::once(host).chain(above).filter_map(|host| self.wrappers.get(host)).flatten().map(String::as_str)
    }

    /// The protected name that a host is made to be taken for.
    pub(super) fn resembled(&self, host: &str, domain: &str, shown: &str) -> Option<String> {
        if self.protected.contains(domain) {
            return None;
        }
        // The registrable domain as people see it: as many labels from the end.
        let labels = domain.split('.').count();
        let from = shown.rmatch_indices('.').nth(labels.saturating_sub(1)).map_or(0, |(at, _)| at.saturating_add(1));
        let seen = shown.get(from..).unwrap_or_default();
        let (name, _) = host::name_and_suffix(domain);
        let seen_name = seen.split('.').next().unwrap_or_default();
        let found = |skeleton: &str, same: &dyn Fn(&str) -> bool| {
            let domains = self.skeletons.get(skeleton)?;
            // The very same name under another suffix imitates nothing: firms have many.
            if domains.iter().any(|domain| same(domain)) {
                return None;
            }
            domains.first().cloned()
        };
        if name.chars().count() >= NAME_LETTERS_MIN {
            let like = found(&host::skeleton(seen_name), &|domain| host::name_and_suffix(domain).0 == name);
            if like.is_some() {
                return like;
            }
        }
        let like = found(&host::skeleton(seen), &|protected| protected == domain);
        like.or_else(|| self.in_front(host, domain))
    }

    /// A protected domain that stands in front of another: `paypal.com.example.org`, `paypal.com-login.example.org`.
    fn in_front(&self, host: &str, domain: &str) -> Option<String> {
        if host.len() <= domain.len() && !host.contains('-') {
            return None;
        }
        let shown = host::shown(host);
        let stands = |protected: &String| {
            shown.match_indices(protected.as_str()).any(|(at, _)| {
                let before = shown.get(..at).unwrap_or_default();
                let after = shown.get(at.saturating_add(protected.len())..).unwrap_or_default();
                (before.is_empty() || before.ends_with(['.', '-'])) && after.starts_with(['.', '-'])
            })
        };
        self.protected.iter().find(|protected| stands(protected)).cloned()
    }
}

/// Letters that a name needs to be imitated alone; shorter ones must be met together with their suffix.
const NAME_LETTERS_MIN: usize = 4;

fn host_of(key: &str, file: &str, name: &Lined<String>, mistakes: &mut Mistakes) -> Option<String> {
    let host = host::parse(name.value.trim()).filter(|host| host.nature == Nature::Public);
    if host.is_none() {
        let what = format!("`{key}` has \"{}\", which is no domain; write it as example.com", name.value);
        mistakes.add(file, name.line, what);
    }
    host.map(|host| host.ascii)
}
